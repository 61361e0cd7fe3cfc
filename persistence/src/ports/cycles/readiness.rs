//! Who keeps a cycle from moving to its next stage.

use crate::page::Page;
use crate::ports::Result;
use domain::core::id::{CycleId, EmployeeId};
use domain::cycles::readiness::Laggard;
use domain::policy::Visibility;
use domain::reviews::calibration_session::CalibrationSession;
use domain::state::cycle::State;

/// What a participant needs before a rating is possible, from the policy and the dimension drops of
/// a cycle.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Demands {
    /// Populations whose performance score is computed from goals.
    pub scored: Vec<String>,
    /// Whether objectives are scored as well as indicators.
    pub objectives_count: bool,
    /// Whether an indicator without an actual value makes a rating impossible.
    pub actuals_needed: bool,
    /// Populations in which nobody can be rated, because too few raters can be asked about a
    /// dimension.
    pub stuck: Vec<String>,
    /// People for whom the list does not say whether their grade lacks evidence, because only an S
    /// or a D can lack it: the reader and the reader's own managers.
    pub unjudged: Vec<EmployeeId>,
    /// If set, the list says so only for people of this manager; none for readers of every grade.
    pub judged_by: Option<EmployeeId>,
}

/// Reads who is late from the states of goals and reviews.
pub trait Readiness {
    /// A page of the visible participants because of whom the cycle cannot move on from `state`,
    /// ordered by id: people who are late, people who cannot be rated by the `demands` of the cycle
    /// and, during calibration, people whom none of its `sessions` compares. One statement.
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
