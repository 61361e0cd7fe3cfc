//! Versions of the performance policy.

use crate::page::Page;
use crate::ports::Result;
use domain::core::change::Change;
use domain::cycles::performance_policy::{PerformancePolicy, PolicyState};
use domain::policy::Sealed;

/// Which versions are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyFilter {
    /// In one of these states.
    pub states: Vec<PolicyState>,
    /// With this code.
    pub code: Option<String>,
}

/// Versions of performance policies, which are never deleted.
pub trait Policies {
    /// A page of versions, in the order of ids, or of change.
    fn policies(
        &mut self,
        filter: &PolicyFilter,
        page: &Page,
    ) -> Result<Vec<Sealed<PerformancePolicy>>>;
    /// The number of the next version with a code.
    fn next_policy_number(&mut self, code: &str) -> Result<i32>;
    /// Adds a version. When its number has been taken in between, the unit of work is run again.
    fn create_policy(&mut self, change: Change<PerformancePolicy>) -> Result<()>;
}
