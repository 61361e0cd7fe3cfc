//! What happens to all reviews and goals of a cycle, or of a session, at once.

use crate::ports::Result;
use domain::core::id::{CalibrationSessionId, CycleId, ReviewId};
use domain::state::review;

/// Reviews that were settled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// All of them.
    pub reviews: usize,
    /// Those of them whose grade no session has compared.
    pub uncompared: usize,
}

/// Transitions of many at once, of which each review and each goal has a record of its own, allowed by
/// `rule`: its person finds it in the log like any other step. So many statements, however many people.
pub trait Passages {
    /// Opens a review for everybody who is evaluated and has none; how many. `progress` is told how
    /// far it is.
    fn open_reviews(
        &mut self,
        id: CycleId,
        new_id: &mut dyn FnMut() -> ReviewId,
        rule: &'static str,
        progress: &dyn Fn(usize),
    ) -> Result<usize>;
    /// Moves the reviews of who is evaluated that are in one of the states `from` on to another,
    /// recorded as `action`; how many.
    fn move_reviews(
        &mut self,
        id: CycleId,
        from: &[review::State],
        to: review::State,
        action: &'static str,
        rule: &'static str,
    ) -> Result<usize>;
    /// Gives the reviews in calibration, of one session or of all the cycle, their calibrated or else
    /// their computed grade as the final one, no better than a veto leaves it.
    fn settle_grades(
        &mut self,
        id: CycleId,
        session: Option<CalibrationSessionId>,
        rule: &'static str,
    ) -> Result<Settled>;
    /// Takes the final grades of a session's reviews back; how many.
    fn unsettle_grades(
        &mut self,
        session: CalibrationSessionId,
        rule: &'static str,
    ) -> Result<usize>;
    /// Has every request for a change of a goal lapse that waits for a decision, and puts the goals
    /// back where they were: scored, where what was agreed before has been; how many.
    fn lapse_goal_changes(&mut self, id: CycleId, rule: &'static str) -> Result<usize>;
    /// Locks the scored goals; how many.
    fn lock_goals(&mut self, id: CycleId, rule: &'static str) -> Result<usize>;
}
