//! Who stands how to whom, by the reporting lines and the tree of units.

use super::engine::Unit;
use super::{Conn, Db};
use crate::column::{Id, Key, statement};
use crate::ports::{ReportingLines, Result};
use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Integer};
use domain::id::{EmployeeId, OrgUnitId};
use domain::policy::Relations;

statement! {
    /// The managers above a person (`manager` true) and the units the person belongs to, from the
    /// nearest up.
    struct Upward { tenant: Key, about: Key, day: NaiveDate }
    -> (Bool, Integer, Id);
    "WITH RECURSIVE line (depth, manager_id) AS (
       SELECT 1, a.manager_id FROM assignment a
        WHERE a.tenant_id = " tenant " AND a.employee_id = " about "
          AND a.effective_from <= " day " AND (a.effective_to IS NULL OR a.effective_to >= " day ")
       UNION ALL
       SELECT line.depth + 1, a.manager_id FROM line
         JOIN assignment a ON a.tenant_id = " tenant " AND a.employee_id = line.manager_id
          AND a.effective_from <= " day " AND (a.effective_to IS NULL OR a.effective_to >= " day ")
        WHERE line.depth < 32
     ), unit (depth, unit_id) AS (
       SELECT 1, a.org_unit_id FROM assignment a
        WHERE a.tenant_id = " tenant " AND a.employee_id = " about "
          AND a.effective_from <= " day " AND (a.effective_to IS NULL OR a.effective_to >= " day ")
       UNION ALL
       SELECT unit.depth + 1, p.parent_id FROM unit
         JOIN org_unit_placement p ON p.tenant_id = " tenant " AND p.org_unit_id = unit.unit_id
          AND p.effective_from <= " day " AND (p.effective_to IS NULL OR p.effective_to >= " day ")
        WHERE unit.depth < 32
     )
     SELECT TRUE, depth, manager_id FROM line WHERE manager_id IS NOT NULL
     UNION ALL
     SELECT FALSE, depth, unit_id FROM unit WHERE unit_id IS NOT NULL"
}

impl ReportingLines for Unit<'_> {
    fn relations(
        &mut self,
        subject: Option<EmployeeId>,
        about: EmployeeId,
        units: &[OrgUnitId],
        as_of: NaiveDate,
    ) -> Result<Relations> {
        let upward = Upward { tenant: self.scope(), about: Key(about.uuid()), day: as_of };
        let rows: Vec<(bool, i32, Key)> = upward.load(self.conn)?;
        let mut relations = Relations::default();
        for (is_manager, depth, id) in rows {
            if is_manager && subject.is_some_and(|subject| subject.uuid() == id.0) {
                relations.chain_manager = true;
                relations.direct_manager |= depth == 1;
            }
            relations.in_units |= !is_manager && units.iter().any(|unit| unit.uuid() == id.0);
        }
        Ok(relations)
    }
}
