//! What keeps a cycle from its next stage.

use crate::page::Page;
use crate::ports::Result;
use domain::core::id::{CycleId, EmployeeId};
use domain::cycles::readiness::Laggard;
use domain::policy::Visibility;
use domain::reviews::calibration_session::CalibrationSession;
use domain::state::cycle::State;

/// What a person needs to be rated at all, by the policy and the drops of a cycle.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Demands {
    /// Populations whose performance is computed from goals.
    pub scored: Vec<String>,
    /// Whether objectives are scored as well as indicators.
    pub objectives_count: bool,
    /// Whether an indicator without an actual keeps a person from being rated.
    pub actuals_needed: bool,
    /// Populations in which nobody can be rated, since a dimension is out of its raters' reach.
    pub stuck: Vec<String>,
    /// Those of whom it is not told whether their grade lacks evidence, which tells of an S or a D: the
    /// reader, and who leads the reader.
    pub unjudged: Vec<EmployeeId>,
    /// The manager of whose people alone it is told; none for those who read every grade.
    pub judged_by: Option<EmployeeId>,
}

/// Reading who is late, off the state of goals and reviews.
pub trait Readiness {
    /// A page of those because of whom a cycle in a state is not ready for the next one, of the
    /// participants that may be seen, in the order of ids: who is late, who cannot be rated by the
    /// `demands` of the cycle, and in calibration those whom none of its `sessions` compares. One
    /// statement.
    fn laggards(
        &mut self,
        cycle: CycleId,
        state: State,
        demands: &Demands,
        sessions: &[CalibrationSession],
        visible: &Visibility,
        page: &Page,
    ) -> Result<Vec<Laggard>>;
}
