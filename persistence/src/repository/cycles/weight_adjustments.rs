//! Departments' requests for their own dimension weights.

use super::engine::Unit;
use super::{Conn, Db};
use crate::column::{Key, Word, statement, to_json};
use crate::page::{Page, keyset};
use crate::ports::{Result, WeightAdjustmentFilter, WeightAdjustments};
use crate::record::{creates, finds, updates};
use crate::schema::{WeightAdjustmentRow, weight_adjustment};
use diesel::prelude::*;
use diesel::sql_types::Bool;
use domain::core::change::Change;
use domain::core::id::{CycleId, EmployeeId, OrgUnitId, WeightAdjustmentId};
use domain::cycles::weight_adjustment::{DepartmentWeights, WeightAdjustment};
use domain::policy::{Sealed, Visibility};

/// The column of the requester, for [`Unit::shown`].
const REQUESTER: &str = "weight_adjustment.requested_by";

statement! {
    /// Whether a person leads a department in a cycle.
    struct Leads { tenant: Key, cycle: Key, department: Key, person: Key }
    -> (Bool,);
    "SELECT EXISTS (SELECT 1 FROM participant p WHERE p.tenant_id = " tenant " AND p.cycle_id = " cycle
    " AND p.department_id = " department " AND p.employee_id = " person
    " AND EXISTS (SELECT 1 FROM participant t WHERE t.tenant_id = p.tenant_id
                   AND t.cycle_id = p.cycle_id AND t.manager_id = p.employee_id
                   AND t.department_id = p.department_id)
      AND NOT EXISTS (SELECT 1 FROM participant b WHERE b.tenant_id = p.tenant_id
                       AND b.cycle_id = p.cycle_id AND b.employee_id = p.manager_id
                       AND b.department_id = p.department_id))"
}

statement! {
    /// Stores the weights of departments that are in effect.
    struct SetWeights { weights: String, tenant: Key, cycle: Key }
    "UPDATE cycle SET department_weights = " weights
    " WHERE tenant_id = " tenant " AND id = " cycle
}

finds!(WeightAdjustmentRow of weight_adjustment by WeightAdjustmentId, WeightAdjustment);
creates!(WeightAdjustmentRow of weight_adjustment, WeightAdjustment);
updates!(WeightAdjustmentRow of weight_adjustment, WeightAdjustment);

impl WeightAdjustments for Unit<'_> {
    fn weight_adjustments(
        &mut self,
        filter: &WeightAdjustmentFilter,
        visible: &Visibility,
        page: &Page,
    ) -> Result<Vec<Sealed<WeightAdjustment>>> {
        let mut query = weight_adjustment::table
            .filter(weight_adjustment::tenant_id.eq(self.scope()))
            .filter(self.shown(REQUESTER, REQUESTER, visible))
            .select(WeightAdjustmentRow::as_select())
            .limit(page.limit)
            .into_boxed::<Db>();
        if let Some(cycle) = filter.cycle_id {
            query = query.filter(weight_adjustment::cycle_id.eq(Key(cycle.uuid())));
        }
        if let Some(department) = filter.department_id {
            query = query.filter(weight_adjustment::department_id.eq(Key(department.uuid())));
        }
        if let Some(state) = filter.state {
            query = query.filter(weight_adjustment::state.eq(Word(state)));
        }
        let rows = keyset!(query, weight_adjustment, page).load(self.conn)?;
        rows.into_iter().map(|row: WeightAdjustmentRow| row.record().map(Sealed::new)).collect()
    }

    fn leads_department(
        &mut self,
        cycle: CycleId,
        department: OrgUnitId,
        person: EmployeeId,
    ) -> Result<bool> {
        let leads = Leads {
            tenant: self.scope(),
            cycle: Key(cycle.uuid()),
            department: Key(department.uuid()),
            person: Key(person.uuid()),
        };
        let (leads,) = leads.get_result::<(bool,)>(self.conn)?;
        Ok(leads)
    }

    fn set_department_weights(
        &mut self,
        cycle: CycleId,
        weights: &[DepartmentWeights],
    ) -> Result<()> {
        let (weights, tenant) = (to_json(&weights)?, self.scope());
        SetWeights { weights, tenant, cycle: Key(cycle.uuid()) }.execute(self.conn)?;
        Ok(())
    }
}
