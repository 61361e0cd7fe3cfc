//! How people relate to each other, by reporting lines and by the tree of units.

use super::engine::Unit;
use super::{Conn, Db, dialect};
use crate::column::{Id, Key, statement};
use crate::ports::{ReportingLines, Result};
use crate::schema::{calibration_member, tenant};
use chrono::NaiveDate;
use diesel::dsl::{exists, select};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Date, Integer, Nullable, Text};
use domain::core::id::{CalibrationSessionId, EmployeeId, OrgUnitId};
use domain::core::time::Period;
use domain::core::tree::{Height, Reach};
use domain::policy::Relations;
use uuid::Uuid;

statement! {
    /// The managers above a person (first column true) and the units the person belongs to (false),
    /// nearest first.
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

/// Declares the walks up and down a tree that is stored as dated lines from `$node` to `$parent`.
/// Each path carries the days on which all its lines hold; each further line can shorten them.
macro_rules! walks {
    ($up:ident, $down:ident, $lines:literal, $node:literal, $parent:literal, $nodes:literal, $key:literal) => {
        statement! {
            #[doc = "From a node up to the top, or to `until`."]
            struct $up { tenant: Key, node: Key, until: Key, first: NaiveDate, last: Option<NaiveDate> }
            -> (Integer, Id, Text, Text, Date, Nullable<Date>);
            "WITH RECURSIVE way (steps, id, first, last) AS (
               SELECT 1, " node ", " first ", " last "
               UNION
               SELECT way.steps + 1, l." $parent ",
                      CASE WHEN l.effective_from > way.first THEN l.effective_from ELSE way.first END,
                      CASE WHEN l.effective_to < way.last OR way.last IS NULL
                           THEN l.effective_to ELSE way.last END
                 FROM way JOIN " $lines " l ON l.tenant_id = " tenant " AND l." $node " = way.id
                  AND (way.last IS NULL OR l.effective_from <= way.last)
                  AND (l.effective_to IS NULL OR l.effective_to >= way.first)
                WHERE way.steps <= 32 AND way.id <> " until " AND l." $parent " IS NOT NULL
             )
             SELECT way.steps, way.id, n." $key ", n.name, way.first, way.last
               FROM way JOIN " $nodes " n ON n.tenant_id = " tenant " AND n.id = way.id
              ORDER BY way.steps, way.first"
        }

        statement! {
            #[doc = "The levels from a node down."]
            struct $down { tenant: Key, node: Key, first: NaiveDate, last: Option<NaiveDate> }
            -> (Integer, Date, Nullable<Date>);
            "WITH RECURSIVE way (steps, id, first, last) AS (
               SELECT 1, " node ", " first ", " last "
               UNION
               SELECT way.steps + 1, l." $node ",
                      CASE WHEN l.effective_from > way.first THEN l.effective_from ELSE way.first END,
                      CASE WHEN l.effective_to < way.last OR way.last IS NULL
                           THEN l.effective_to ELSE way.last END
                 FROM way JOIN " $lines " l ON l.tenant_id = " tenant " AND l." $parent " = way.id
                  AND (way.last IS NULL OR l.effective_from <= way.last)
                  AND (l.effective_to IS NULL OR l.effective_to >= way.first)
                WHERE way.steps <= 32
             )
             SELECT DISTINCT steps, first, last FROM way"
        }
    };
}

walks!(LineUp, LineDown, "assignment", "employee_id", "manager_id", "employee", "employee_number");
walks!(TreeUp, TreeDown, "org_unit_placement", "org_unit_id", "parent_id", "org_unit", "code");

type Step = (i32, Key, String, String, NaiveDate, Option<NaiveDate>);

fn reach<K: From<Uuid>>((steps, id, key, name, start, end): Step) -> Reach<K> {
    let days = Period { start, end };
    Reach { steps: steps as usize, node: id.0.into(), key, name, days }
}

fn height((levels, start, end): (i32, NaiveDate, Option<NaiveDate>)) -> Height {
    Height { levels: levels as usize, days: Period { start, end } }
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

    fn is_calibrator(&mut self, session: CalibrationSessionId, person: EmployeeId) -> Result<bool> {
        let seat =
            calibration_member::table.find((self.scope(), Key(session.uuid()), Key(person.uuid())));
        Ok(select(exists(seat)).get_result(self.conn)?)
    }

    fn lock_lines(&mut self) -> Result<()> {
        let lock = tenant::table.find(self.scope()).select(tenant::id);
        dialect::for_update!(lock).get_result::<Key>(self.conn)?;
        Ok(())
    }

    fn managers_above(
        &mut self,
        manager: EmployeeId,
        until: Option<EmployeeId>,
        days: Period,
    ) -> Result<Vec<Reach<EmployeeId>>> {
        let walk = LineUp {
            tenant: self.scope(),
            node: Key(manager.uuid()),
            until: Key(until.map_or(Uuid::nil(), Uuid::from)),
            first: days.start,
            last: days.end,
        };
        Ok(walk.load(self.conn)?.into_iter().map(reach).collect())
    }

    fn levels_of_people(&mut self, manager: EmployeeId, days: Period) -> Result<Vec<Height>> {
        let (first, last) = (days.start, days.end);
        let walk = LineDown { tenant: self.scope(), node: Key(manager.uuid()), first, last };
        Ok(walk.load(self.conn)?.into_iter().map(height).collect())
    }

    fn units_above(
        &mut self,
        unit: OrgUnitId,
        until: Option<OrgUnitId>,
        days: Period,
    ) -> Result<Vec<Reach<OrgUnitId>>> {
        let walk = TreeUp {
            tenant: self.scope(),
            node: Key(unit.uuid()),
            until: Key(until.map_or(Uuid::nil(), Uuid::from)),
            first: days.start,
            last: days.end,
        };
        Ok(walk.load(self.conn)?.into_iter().map(reach).collect())
    }

    fn levels_of_units(&mut self, unit: OrgUnitId, days: Period) -> Result<Vec<Height>> {
        let (first, last) = (days.start, days.end);
        let walk = TreeDown { tenant: self.scope(), node: Key(unit.uuid()), first, last };
        Ok(walk.load(self.conn)?.into_iter().map(height).collect())
    }
}
