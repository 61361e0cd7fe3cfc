//! Versions of the performance policy.

use crate::page::Page;
use crate::ports::Result;
use domain::core::change::Change;
use domain::core::id::PolicyId;
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
    /// One version.
    fn policy(&mut self, id: PolicyId) -> Result<Option<Sealed<PerformancePolicy>>>;
    /// A page of versions, ordered by id, or by last change.
    fn policies(&mut self, filter: &PolicyFilter, page: &Page) -> Result<Vec<PerformancePolicy>>;
    /// The number that the next version with this code gets.
    fn next_policy_number(&mut self, code: &str) -> Result<i32>;
    /// Adds a version. If another one took its number meanwhile, the unit of work runs again.
    fn create_policy(&mut self, change: Change<PerformancePolicy>) -> Result<()>;
    /// Saves a policy version, guarded by its change counter.
    fn update_policy(&mut self, change: Change<PerformancePolicy>) -> Result<()>;
}
