//! The participants of a cycle.

use crate::page::Page;
use crate::ports::Result;
use chrono::NaiveDate;
use domain::core::calendar::Period;
use domain::core::id::{CycleId, EmployeeId, OrgUnitId, ParticipantId, ReviewId};
use domain::core::time::Timestamp;
use domain::cycles::participant::{Candidate, Participant};
use domain::policy::{Sealed, Visibility};

/// Conditions on participants; all of them must hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ParticipantFilter {
    /// Only those of this cycle.
    pub cycle_id: Option<CycleId>,
    /// Only this person.
    pub employee_id: Option<EmployeeId>,
    /// Only people for whose review this manager answers.
    pub manager_id: Option<EmployeeId>,
    /// Only people of this department, as it was at the launch.
    pub department_id: Option<OrgUnitId>,
    /// True for excluded people only, false for evaluated people only.
    pub excluded: Option<bool>,
}

/// Participants; they are created when their cycle is launched.
pub trait Participants {
    /// Everybody who is employed on `day` or whose employment begins later in the period, ordered
    /// by id. Unit, manager and position are those of `day`, or of the first later day of
    /// employment.
    fn candidates(&mut self, period: Period, day: NaiveDate) -> Result<Vec<Candidate>>;
    /// Adds the participants of a cycle; the record of the cycle's change covers them. `progress`
    /// is called with the number written so far.
    fn create_participants(
        &mut self,
        participants: &[Participant],
        progress: &dyn Fn(usize),
    ) -> Result<()>;
    /// A page of the participants that may be seen, in the order of ids, or of change.
    fn participants(
        &mut self,
        filter: &ParticipantFilter,
        visible: &Visibility,
        page: &Page,
    ) -> Result<Vec<Sealed<Participant>>>;
    /// How many participants the whole list has.
    fn count_participants(
        &mut self,
        filter: &ParticipantFilter,
        visible: &Visibility,
        updated_since: Option<Timestamp>,
    ) -> Result<i64>;
    /// Whether somebody answers for the review of another person in a cycle that is not over.
    fn answers_for(&mut self, manager: EmployeeId, person: EmployeeId) -> Result<bool>;
    /// Whether `manager` answers for the review of `person` in this cycle.
    fn answers_in(
        &mut self,
        cycle: CycleId,
        manager: EmployeeId,
        person: EmployeeId,
    ) -> Result<bool>;
    /// Stores a former manager of a participant. The result of that manager is still blended from
    /// the former team, and the participant cannot read it before its release.
    fn remember_leader(&mut self, participant: ParticipantId, leader: EmployeeId) -> Result<()>;
    /// Opens a review for a participant who has none; the record names `rule` as what allowed it.
    fn open_review(
        &mut self,
        participant: ParticipantId,
        id: ReviewId,
        rule: &'static str,
    ) -> Result<()>;
    /// Those of `ids` that are no participants of the cycle.
    fn unknown_participants(
        &mut self,
        cycle: CycleId,
        ids: &[ParticipantId],
    ) -> Result<Vec<ParticipantId>>;
}
