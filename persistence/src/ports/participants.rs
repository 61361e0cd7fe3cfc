//! Who takes part in a cycle.

use super::Result;
use chrono::NaiveDate;
use domain::calendar::Period;
use domain::id::{CycleId, ParticipantId};
use domain::participant::{Candidate, Participant};
use domain::policy::Sealed;

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
    /// One participant.
    fn participant(&mut self, id: ParticipantId) -> Result<Option<Sealed<Participant>>>;
    /// Those of `ids` that do not take part in a cycle.
    fn unknown_participants(
        &mut self,
        cycle: CycleId,
        ids: &[ParticipantId],
    ) -> Result<Vec<ParticipantId>>;
}
