//! What keeps a cycle from its next stage.

use super::Result;
use crate::page::Page;
use domain::calibration_session::CalibrationSession;
use domain::id::CycleId;
use domain::policy::Visibility;
use domain::readiness::Laggard;
use domain::state::cycle::State;

/// Reading who is late, off the state of goals and reviews.
pub trait Readiness {
    /// A page of those because of whom a cycle in a state is not ready for the next one, of the
    /// participants that may be seen, in the order of ids, and in calibration of those whom none of
    /// the cycle's `sessions` compares. One statement.
    fn laggards(
        &mut self,
        cycle: CycleId,
        state: State,
        sessions: &[CalibrationSession],
        visible: &Visibility,
        page: &Page,
    ) -> Result<Vec<Laggard>>;
}
