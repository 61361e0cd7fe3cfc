//! Exports: people page by page, with external keys in place of ids.

use super::engine::Unit;
use super::imports::external_ids;
use super::{Conn, Db};
use crate::column::{Id, Key, push};
use crate::ports::{ExportRow, Exports, Result};
use crate::schema::{employee_external_id, org_unit_placement};
use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Date, Nullable, Text};
use domain::id::OrgUnitId;
use domain::policy::Visibility;
use std::collections::HashMap;

/// People behind a number with the assignment that holds on a day, or the first one after it.
struct ExportPage {
    tenant: Key,
    day: NaiveDate,
    after: String,
    hidden: Option<Key>,
    units: Option<Vec<Key>>,
    myself: Option<Key>,
    limit: i64,
}

impl QueryId for ExportPage {
    type QueryId = ExportPage;
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Db> for ExportPage {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Db>) -> QueryResult<()> {
        out.push_sql(
            "SELECT e.id, e.employee_number, e.name, e.email, u.code, p.code, a.job_title,
                    m.employee_number, e.hire_date, e.termination_date
               FROM employee e
               LEFT JOIN assignment a ON a.tenant_id = e.tenant_id AND a.employee_id = e.id
                AND a.effective_from = (SELECT min(f.effective_from) FROM assignment f
                     WHERE f.tenant_id = e.tenant_id AND f.employee_id = e.id
                       AND (f.effective_to IS NULL OR f.effective_to >= ",
        );
        push(&mut out, &self.day)?;
        out.push_sql(
            "))
               LEFT JOIN org_unit u ON u.tenant_id = e.tenant_id AND u.id = a.org_unit_id
               LEFT JOIN position p ON p.tenant_id = e.tenant_id AND p.id = a.position_id
               LEFT JOIN employee m ON m.tenant_id = e.tenant_id AND m.id = a.manager_id
              WHERE e.tenant_id = ",
        );
        push(&mut out, &self.tenant)?;
        out.push_sql(" AND e.employee_number > ");
        push(&mut out, &self.after)?;
        if let Some(hidden) = &self.hidden {
            out.push_sql(" AND e.id <> ");
            push(&mut out, hidden)?;
        }
        if let Some(units) = &self.units {
            out.push_sql(" AND (e.id = ");
            push(&mut out, &self.myself)?;
            out.push_sql(" OR a.org_unit_id IN (NULL");
            for unit in units {
                out.push_sql(", ");
                push(&mut out, unit)?;
            }
            out.push_sql("))");
        }
        out.push_sql(" ORDER BY e.employee_number LIMIT ");
        push(&mut out, &self.limit)
    }
}

impl Query for ExportPage {
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
    );
}

impl RunQueryDsl<Conn> for ExportPage {}

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
);

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

    fn export_page(
        &mut self,
        visibility: &Visibility,
        units: Option<&[OrgUnitId]>,
        after: &str,
        limit: i64,
    ) -> Result<Vec<ExportRow>> {
        let page = ExportPage {
            tenant: self.scope(),
            day: visibility.as_of(),
            after: after.to_owned(),
            hidden: visibility.hidden().map(|id| Key(id.uuid())),
            units: units.map(|units| units.iter().map(|unit| Key(unit.uuid())).collect()),
            myself: visibility.myself().map(|id| Key(id.uuid())),
            limit,
        };
        let rows: Vec<Row> = page.load(self.conn)?;
        let keys: Vec<Key> = rows.iter().map(|row| row.0).collect();
        let mut external = external_ids(self, &keys)?;
        let shown = |(
            id,
            employee_number,
            name,
            email,
            unit,
            position,
            title,
            manager,
            hired,
            last,
        ): Row| {
            let ids = external.remove(&id).unwrap_or_default();
            ExportRow {
                id: id.0,
                employee_number,
                name,
                email,
                org_unit_code: unit,
                position_code: position,
                job_title: title,
                manager_employee_number: manager,
                hire_date: hired,
                termination_date: last,
                external_ids: ids.into_iter().map(|id| (id.system, id.value)).collect(),
            }
        };
        Ok(rows.into_iter().map(shown).collect())
    }
}
