//! What waits for somebody.

use crate::ports::Result;
use chrono::NaiveDate;
use domain::core::id::{CycleId, EmployeeId};
use domain::core::time::Timestamp;
use domain::cycles::cycle::Schedule;
use domain::everyday::to_do::ToDoKind;
use domain::scoring::settings::Settings;
use domain::state::cycle::State;
use uuid::Uuid;

/// A cycle that is not over, with what sets the days of its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenCycle {
    /// Its id.
    pub id: CycleId,
    /// Name shown to people.
    pub name: String,
    /// Where it is.
    pub state: State,
    /// First day that is evaluated.
    pub period_start: NaiveDate,
    /// Last day that is evaluated.
    pub period_end: NaiveDate,
    /// The days of its stages.
    pub schedule: Schedule,
    /// The settings of its policy.
    pub settings: Settings,
    /// When its results were published.
    pub published_at: Option<Timestamp>,
    /// Whether the account asked for has approved its publication.
    pub approved: bool,
}

/// A record that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// What is to be done.
    pub kind: ToDoKind,
    /// The cycle it belongs to.
    pub cycle_id: CycleId,
    /// The record.
    pub resource_id: Uuid,
    /// Whom it is about, where that is somebody else.
    pub about: Option<(EmployeeId, String)>,
    /// The day the record itself sets.
    pub due_on: Option<NaiveDate>,
}

/// Reading what waits, off the state of everything.
pub trait ToDos {
    /// The cycles that are not closed, archived or cancelled, in the order of their last days.
    fn open_cycles(&mut self, account: Uuid) -> Result<Vec<OpenCycle>>;
    /// What waits for a person in open cycles, but for check-ins and the steps of cycles. One
    /// statement, by keys of the person.
    fn waiting(&mut self, person: EmployeeId, day: NaiveDate) -> Result<Vec<Waiting>>;
}
