//! Departments' requests for their own dimension weights.

use crate::page::Page;
use crate::ports::Result;
use domain::core::id::{CycleId, EmployeeId, OrgUnitId};
use domain::cycles::weight_adjustment::{DepartmentWeights, WeightAdjustment};
use domain::policy::{Sealed, Visibility};
use domain::state::weight_adjustment::State;

/// A filter for weight adjustments; a field that is `None` does not filter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WeightAdjustmentFilter {
    /// Of this cycle.
    pub cycle_id: Option<CycleId>,
    /// Of this department.
    pub department_id: Option<OrgUnitId>,
    /// In this state.
    pub state: Option<State>,
}

/// Departments' requests for their own dimension weights; they are never deleted.
pub trait WeightAdjustments {
    /// A page of the requests that `visible` shows, sorted by id or by change.
    fn weight_adjustments(
        &mut self,
        filter: &WeightAdjustmentFilter,
        visible: &Visibility,
        page: &Page,
    ) -> Result<Vec<Sealed<WeightAdjustment>>>;
    /// Whether a person leads a department in a cycle: works in it, is responsible for somebody in
    /// it, and has no responsible manager in it.
    fn leads_department(
        &mut self,
        cycle: CycleId,
        department: OrgUnitId,
        person: EmployeeId,
    ) -> Result<bool>;
    /// Stores the weights of departments that are in effect in a cycle, which the unit of work has
    /// locked. The version of the cycle stays as it is.
    fn set_department_weights(
        &mut self,
        cycle: CycleId,
        weights: &[DepartmentWeights],
    ) -> Result<()>;
}
