//! Who takes part in a cycle.

use crate::page::Page;
use crate::ports::Result;
use chrono::NaiveDate;
use domain::core::calendar::Period;
use domain::core::id::{CycleId, EmployeeId, OrgUnitId, ParticipantId, ReviewId};
use domain::cycles::participant::{Candidate, Participant};
use domain::policy::{Sealed, Visibility};

/// Which participants are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ParticipantFilter {
    /// In this cycle.
    pub cycle_id: Option<CycleId>,
    /// This person.
    pub employee_id: Option<EmployeeId>,
    /// For whom this manager answers.
    pub manager_id: Option<EmployeeId>,
    /// In this department, as frozen at the launch.
    pub department_id: Option<OrgUnitId>,
    /// Only who is excluded, or only who is evaluated.
    pub excluded: Option<bool>,
}

/// Participants, written when their cycle is launched.
pub trait Participants {
    /// Everybody who works here on `day` or from a later day of the period on, with unit, manager
    /// and position of `day`, or of the first day after it. In the order of ids.
    fn candidates(&mut self, period: Period, day: NaiveDate) -> Result<Vec<Candidate>>;
    /// Adds the participants of a cycle; the change of the cycle records it. `progress` is told how
    /// many are written.
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
    /// Whether somebody answers for the review of another person in a cycle that is not over.
    fn answers_for(&mut self, manager: EmployeeId, person: EmployeeId) -> Result<bool>;
    /// Whether somebody answers for a person in a cycle.
    fn answers_in(
        &mut self,
        cycle: CycleId,
        manager: EmployeeId,
        person: EmployeeId,
    ) -> Result<bool>;
    /// Keeps who answered for a participant before: the leader's result is blended from the team as it
    /// was, and stays closed to it until it is released.
    fn remember_leader(&mut self, participant: ParticipantId, leader: EmployeeId) -> Result<()>;
    /// Opens a review for a participant who has none, recorded as allowed by `rule`.
    fn open_review(
        &mut self,
        participant: ParticipantId,
        id: ReviewId,
        rule: &'static str,
    ) -> Result<()>;
    /// Those of `ids` that do not take part in a cycle.
    fn unknown_participants(
        &mut self,
        cycle: CycleId,
        ids: &[ParticipantId],
    ) -> Result<Vec<ParticipantId>>;
}
