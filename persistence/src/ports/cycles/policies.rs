//! Versions of the performance policy.

use crate::page::Page;
use crate::ports::Result;
use domain::core::change::Change;
use domain::cycles::performance_policy::{PerformancePolicy, PolicyState};
use domain::policy::Sealed;

/// Conditions on policy versions; all of them must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyFilter {
    /// Only versions in one of these states; an empty list matches none.
    pub states: Vec<PolicyState>,
    /// Only versions with this policy code.
    pub code: Option<String>,
}

/// Versions of performance policies. They are never deleted.
pub trait Policies {
    /// A page of versions, in the order of ids, or of change.
    fn policies(
        &mut self,
        filter: &PolicyFilter,
        page: &Page,
    ) -> Result<Vec<Sealed<PerformancePolicy>>>;
    /// The number of the next version with a code.
    fn next_policy_number(&mut self, code: &str) -> Result<i32>;
    /// Adds a version. If another one took its number meanwhile, the unit of work runs again.
    fn create_policy(&mut self, change: Change<PerformancePolicy>) -> Result<()>;
}
