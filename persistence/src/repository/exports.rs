//! Exports: people one after the other, with external keys in place of ids.

use super::engine::Unit;
use super::{Conn, Db, dialect};
use crate::column::{Id, Key, push};
use crate::ports::{ExportRow, Exports, Result};
use crate::schema::{employee_external_id, org_unit_placement};
use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Date, Nullable, Text};
use domain::id::OrgUnitId;
use domain::policy::Visibility;
use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;

/// People with the assignment that holds on a day, or the first one after it: a row for each id in
/// another system, or one without.
struct Export {
    tenant: Key,
    day: NaiveDate,
    today: NaiveDate,
    hidden: Option<Key>,
    units: Option<Vec<Key>>,
    myself: Option<Key>,
}

impl QueryId for Export {
    type QueryId = Export;
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Db> for Export {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Db>) -> QueryResult<()> {
        out.push_sql(
            "SELECT e.id, e.employee_number, e.name, e.email, u.code, p.code, a.job_title,
                    m.employee_number, e.hire_date, e.termination_date, x.system, x.value
               FROM employee e
               LEFT JOIN assignment a ON a.tenant_id = e.tenant_id AND a.employee_id = e.id
                AND (a.effective_to IS NULL OR a.effective_to >= ",
        );
        push(&mut out, &self.day)?;
        // The first of those that have not ended; as an anti-join PostgreSQL can hash it.
        out.push_sql(
            ") AND NOT EXISTS (SELECT 1 FROM assignment f
                     WHERE f.tenant_id = a.tenant_id AND f.employee_id = a.employee_id
                       AND f.effective_from < a.effective_from
                       AND (f.effective_to IS NULL OR f.effective_to >= ",
        );
        push(&mut out, &self.day)?;
        out.push_sql(
            "))
               LEFT JOIN org_unit u ON u.tenant_id = e.tenant_id AND u.id = a.org_unit_id
               LEFT JOIN position p ON p.tenant_id = e.tenant_id AND p.id = a.position_id
               LEFT JOIN employee m ON m.tenant_id = e.tenant_id AND m.id = a.manager_id
               LEFT JOIN employee_external_id x
                 ON x.tenant_id = e.tenant_id AND x.employee_id = e.id
              WHERE e.tenant_id = ",
        );
        push(&mut out, &self.tenant)?;
        if let Some(hidden) = &self.hidden {
            out.push_sql(" AND e.id <> ");
            push(&mut out, hidden)?;
        }
        if let Some(units) = &self.units {
            out.push_sql(" AND (e.id = ");
            push(&mut out, &self.myself)?;
            out.push_sql(
                " OR e.id IN (SELECT v.employee_id FROM assignment v WHERE v.tenant_id = ",
            );
            push(&mut out, &self.tenant)?;
            out.push_sql(" AND v.effective_from <= ");
            push(&mut out, &self.today)?;
            out.push_sql(" AND (v.effective_to IS NULL OR v.effective_to >= ");
            push(&mut out, &self.today)?;
            out.push_sql(") AND v.org_unit_id IN (NULL");
            for unit in units {
                out.push_sql(", ");
                push(&mut out, unit)?;
            }
            out.push_sql(")))");
        }
        out.push_sql(" ORDER BY e.employee_number");
        Ok(())
    }
}

impl Query for Export {
    type SqlType = (
        Id,
        Text,
        Text,
        Nullable<Text>,
        Nullable<Text>,
        Nullable<Text>,
        Nullable<Text>,
        Nullable<Text>,
        Date,
        Nullable<Date>,
        Nullable<Text>,
        Nullable<Text>,
    );
}

impl RunQueryDsl<Conn> for Export {}

type Row = (
    Key,
    String,
    String,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    NaiveDate,
    Option<NaiveDate>,
    Option<String>,
    Option<String>,
);

/// The person of a row, and the id in another system that the row brings.
fn person(row: Row) -> (ExportRow, Option<(String, String)>) {
    let (id, number, name, email, unit, position, title, manager, hired, last, system, value) = row;
    let person = ExportRow {
        id: id.0,
        employee_number: number,
        name,
        email,
        org_unit_code: unit,
        position_code: position,
        job_title: title,
        manager_employee_number: manager,
        hire_date: hired,
        termination_date: last,
        external_ids: BTreeMap::new(),
    };
    (person, system.zip(value))
}

impl Exports for Unit<'_> {
    fn external_systems(&mut self) -> Result<Vec<String>> {
        Ok(employee_external_id::table
            .filter(employee_external_id::tenant_id.eq(self.scope()))
            .select(employee_external_id::system)
            .distinct()
            .order(employee_external_id::system)
            .load(self.conn)?)
    }

    fn visible_units(&mut self, visibility: &Visibility) -> Result<Option<Vec<OrgUnitId>>> {
        if visibility.everyone().is_some() {
            return Ok(None);
        }
        let day = visibility.as_of();
        let placements: Vec<(Key, Option<Key>)> = org_unit_placement::table
            .filter(org_unit_placement::tenant_id.eq(self.scope()))
            .filter(org_unit_placement::effective_from.le(day))
            .filter(
                org_unit_placement::effective_to
                    .is_null()
                    .or(org_unit_placement::effective_to.ge(day)),
            )
            .select((org_unit_placement::org_unit_id, org_unit_placement::parent_id))
            .load(self.conn)?;
        let mut below = HashMap::<Key, Vec<OrgUnitId>>::new();
        for (unit, parent) in placements {
            if let Some(parent) = parent {
                below.entry(parent).or_default().push(unit.0.into());
            }
        }
        let mut shown = Vec::new();
        let mut waiting = visibility.units().to_vec();
        while let Some(unit) = waiting.pop() {
            waiting.extend(below.remove(&Key(unit.uuid())).unwrap_or_default());
            shown.push(unit);
        }
        Ok(Some(shown))
    }

    fn export(
        &mut self,
        visibility: &Visibility,
        units: Option<&[OrgUnitId]>,
        day: NaiveDate,
        each: &mut dyn FnMut(ExportRow) -> ControlFlow<()>,
    ) -> Result<()> {
        let export = Export {
            tenant: self.scope(),
            day,
            today: visibility.as_of(),
            hidden: visibility.hidden().map(|id| Key(id.uuid())),
            units: units.map(|units| units.iter().map(|unit| Key(unit.uuid())).collect()),
            myself: visibility.myself().map(|id| Key(id.uuid())),
        };
        let mut current: Option<ExportRow> = None;
        for row in export.load_iter::<Row, dialect::Streaming>(self.conn)? {
            let (next, external_id) = person(row?);
            if current.as_ref().is_none_or(|person| person.id != next.id)
                && let Some(whole) = current.replace(next)
                && each(whole).is_break()
            {
                return Ok(());
            }
            if let Some(person) = &mut current {
                person.external_ids.extend(external_id);
            }
        }
        // Whether it is the last one wanted makes no difference any more.
        let _ = current.map(each);
        Ok(())
    }
}
