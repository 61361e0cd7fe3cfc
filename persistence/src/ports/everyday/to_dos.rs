//! What a person has to do next.

use crate::ports::Result;
use chrono::NaiveDate;
use domain::core::id::{CycleId, EmployeeId};
use domain::core::time::Timestamp;
use domain::cycles::cycle::Schedule;
use domain::everyday::to_do::ToDoKind;
use domain::scoring::settings::Settings;
use domain::state::cycle::State;
use uuid::Uuid;

/// A cycle that is not over, with the dates from which the due days of its work follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenCycle {
    /// Id of the cycle.
    pub id: CycleId,
    /// Name shown to people.
    pub name: String,
    /// State of the cycle.
    pub state: State,
    /// First day of the evaluated period.
    pub period_start: NaiveDate,
    /// Last day of the evaluated period.
    pub period_end: NaiveDate,
    /// The days of its stages.
    pub schedule: Schedule,
    /// The settings of its policy.
    pub settings: Settings,
    /// When the results were published.
    pub published_at: Option<Timestamp>,
    /// Whether the account has approved the publication.
    pub approved: bool,
}

/// A record that waits for an act of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// What the person has to do.
    pub kind: ToDoKind,
    /// The cycle it belongs to.
    pub cycle_id: CycleId,
    /// The record.
    pub resource_id: Uuid,
    /// Title of the goal that it is about, if it is about one.
    pub title: Option<String>,
    /// The person the record is about, with name, if that is somebody else.
    pub about: Option<(EmployeeId, String)>,
    /// The due day if the record itself sets one.
    pub due_on: Option<NaiveDate>,
}

/// Computes to-dos from the present state of the records.
pub trait ToDos {
    /// The cycles that are not closed, archived or cancelled, ordered by the last day of their
    /// period.
    fn open_cycles(&mut self, account: Uuid) -> Result<Vec<OpenCycle>>;
    /// The records of open cycles that wait for a person, except check-ins and the steps of the
    /// cycles themselves. One statement, using indexes by person.
    fn waiting(&mut self, person: EmployeeId, day: NaiveDate) -> Result<Vec<Waiting>>;
}
