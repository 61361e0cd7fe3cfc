//! Transitions of all reviews or goals of a cycle, or of a session, at once.

use crate::ports::Result;
use domain::core::id::{CalibrationSessionId, CycleId, ReviewId};
use domain::state::review;

/// How many reviews got a final grade.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// All reviews that got one.
    pub reviews: usize,
    /// Those of them that no session compared.
    pub uncompared: usize,
}

/// Transitions of many reviews or goals at once. Each review and goal gets its own record, allowed
/// by `rule`, so that its owner finds the step in the audit log. The number of statements does not
/// depend on the number of people.
pub trait Passages {
    /// Opens a review for every evaluated participant who has none; returns how many. `progress` is
    /// called with the number opened so far.
    fn open_reviews(
        &mut self,
        id: CycleId,
        new_id: &mut dyn FnMut() -> ReviewId,
        rule: &'static str,
        progress: &dyn Fn(usize),
    ) -> Result<usize>;
    /// Moves the reviews of evaluated participants that are in one of the states `from` to another
    /// state, recorded as `action`; returns how many.
    fn move_reviews(
        &mut self,
        id: CycleId,
        from: &[review::State],
        to: review::State,
        action: &'static str,
        rule: &'static str,
    ) -> Result<usize>;
    /// Gives reviews in calibration, of one session or of the whole cycle, their final grade: the
    /// calibrated grade or, without one, the computed grade, but no better than a veto allows.
    fn settle_grades(
        &mut self,
        id: CycleId,
        session: Option<CalibrationSessionId>,
        rule: &'static str,
    ) -> Result<Settled>;
    /// Removes the final grades of a session's reviews; returns how many.
    fn unsettle_grades(
        &mut self,
        session: CalibrationSessionId,
        rule: &'static str,
    ) -> Result<usize>;
    /// Lets every pending request to change a goal lapse; returns how many. The goals go back to
    /// the state they had before: scored if the agreed version was scored, else active.
    fn lapse_goal_changes(&mut self, id: CycleId, rule: &'static str) -> Result<usize>;
    /// Locks the scored goals of a cycle; returns how many.
    fn lock_goals(&mut self, id: CycleId, rule: &'static str) -> Result<usize>;
}
