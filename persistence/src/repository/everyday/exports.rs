//! Exports people and ratings row by row, with external keys in place of ids.

use super::super::people::employments::employments;
use super::super::reviews::reviews::{Outcome, Person, results};
use super::engine::Unit;
use super::{Conn, Db, dialect};
use crate::column::{At, Id, Instant, Key, push};
use crate::ports::{ExportRow, Exports, RatingFilter, RatingRow, Result};
use crate::schema::{employee_external_id, org_unit_placement};
use chrono::NaiveDate;
use diesel::dsl::{AsSelect, SqlTypeOf};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Bool, Date, Integer, Nullable, Text};
use domain::core::id::OrgUnitId;
use domain::core::time::Period;
use domain::people::employment::Employment;
use domain::policy::{Sealed, Visibility};
use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;

/// Which people `e` a list shows, including those whom a conflict of interest hides.
struct Shown {
    tenant: Key,
    today: NaiveDate,
    units: Option<Vec<Key>>,
    myself: Option<Key>,
}

impl Shown {
    fn new(tenant: Key, visibility: &Visibility, units: &[OrgUnitId]) -> Self {
        let all = visibility.everyone().is_some();
        Self {
            tenant,
            today: visibility.as_of(),
            units: (!all).then(|| units.iter().map(|unit| Key(unit.uuid())).collect()),
            myself: visibility.myself().map(|id| Key(id.uuid())),
        }
    }

    /// Adds ` AND`: the person is one of these.
    fn narrow<'b>(&'b self, out: &mut AstPass<'_, 'b, Db>) -> QueryResult<()> {
        if let Some(units) = &self.units {
            out.push_sql(" AND (e.id = ");
            push(out, &self.myself)?;
            out.push_sql(
                " OR e.id IN (SELECT v.employee_id FROM assignment v WHERE v.tenant_id = ",
            );
            push(out, &self.tenant)?;
            out.push_sql(" AND v.effective_from <= ");
            push(out, &self.today)?;
            out.push_sql(" AND (v.effective_to IS NULL OR v.effective_to >= ");
            push(out, &self.today)?;
            out.push_sql(") AND v.org_unit_id IN (NULL");
            for unit in units {
                out.push_sql(", ");
                push(out, unit)?;
            }
            out.push_sql(")))");
        }
        Ok(())
    }
}

/// People with the assignment that holds on a day, or the first later one. A person has one row for
/// each employment and each id in another system; without such an id, one row for each employment.
struct Export {
    day: NaiveDate,
    shown: Shown,
}

impl QueryId for Export {
    type QueryId = Export;
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Db> for Export {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Db>) -> QueryResult<()> {
        out.push_sql(
            "SELECT e.id, e.employee_number, e.name, e.email, u.code, p.code, a.job_title,
                    m.employee_number, w.hire_date, w.last_day, x.system, x.value
               FROM employee e
               JOIN employment w ON w.tenant_id = e.tenant_id AND w.employee_id = e.id
               LEFT JOIN assignment a ON a.tenant_id = e.tenant_id AND a.employee_id = e.id
                AND (a.effective_to IS NULL OR a.effective_to >= ",
        );
        push(&mut out, &self.day)?;
        // The first assignment that has not ended. PostgreSQL can hash this form, an anti-join.
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
        push(&mut out, &self.shown.tenant)?;
        self.shown.narrow(&mut out)?;
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

/// The person of a row, with the row's employment and its id in another system.
fn person(row: Row) -> (ExportRow, Employment, Option<(String, String)>) {
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
        external_ids: BTreeMap::new(),
        ..ExportRow::default()
    };
    (person, Employment::lasting(hired, last), system.zip(value))
}

/// A person whose rows are being read.
struct Reading {
    person: ExportRow,
    employments: Vec<Employment>,
}

impl Reading {
    /// The complete person, with the employment to be shown on `day`.
    fn whole(self, day: NaiveDate) -> Result<ExportRow> {
        let employments = employments(self.employments)?;
        let Period { start, end } = employments.shown(day).period;
        Ok(ExportRow { hire_date: start, termination_date: end, ..self.person })
    }
}

/// Reviews with what was frozen when their cycle was launched, and whether each person works in one
/// of some units today. The last columns are those of [`Outcome`] and [`Person`].
struct RatingExport {
    cycle: Option<Key>,
    department: Option<Key>,
    units: Vec<Key>,
    shown: Shown,
}

impl RatingExport {
    /// Whether the export holds nearly everybody.
    fn is_whole(&self) -> bool {
        self.department.is_none() && self.shown.units.is_none()
    }
}

impl QueryId for RatingExport {
    type QueryId = RatingExport;
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Db> for RatingExport {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Db>) -> QueryResult<()> {
        out.push_sql(
            "SELECT e.employee_number, e.name, d.code, m.employee_number, c.code, p.code, p.number,
                    t.population, r.acknowledged_at, ",
        );
        // Without units the reader sees everybody, so no assignment is needed.
        out.push_sql(match self.units.is_empty() {
            true => "FALSE",
            false => "a.employee_id IS NOT NULL",
        });
        out.push_sql(
            ",
                    r.id, r.state, r.performance, r.composite, r.collaboration, r.computed_grade,
                    r.calibrated_grade, r.final_grade, r.veto_grade, r.session_id, r.version,
                    r.updated_at, t.cycle_id, t.employee_id, t.manager_id, t.department_id,
                    t.population, t.counts_for_quota
               FROM employee e ",
        );
        // Reads people in the order of their numbers, so that nothing has to be sorted. SQLite
        // keeps the order of a cross join; otherwise it would start with the cycle.
        out.push_sql(match self.is_whole() {
            true => "CROSS JOIN participant t",
            false => "JOIN participant t ON TRUE",
        });
        out.push_sql(
            "
               JOIN review r ON r.tenant_id = t.tenant_id AND r.participant_id = t.id
               JOIN cycle c ON c.tenant_id = t.tenant_id AND c.id = t.cycle_id
               JOIN policy p ON p.tenant_id = c.tenant_id AND p.id = c.policy_id
               LEFT JOIN org_unit d ON d.tenant_id = t.tenant_id AND d.id = t.department_id
               LEFT JOIN employee m ON m.tenant_id = t.tenant_id AND m.id = t.manager_id",
        );
        if !self.units.is_empty() {
            out.push_sql(
                " LEFT JOIN assignment a ON a.tenant_id = e.tenant_id AND a.employee_id = e.id
                   AND a.effective_from <= ",
            );
            push(&mut out, &self.shown.today)?;
            out.push_sql(" AND (a.effective_to IS NULL OR a.effective_to >= ");
            push(&mut out, &self.shown.today)?;
            out.push_sql(") AND a.org_unit_id");
            dialect::push_list(&mut out, &self.units)?;
        }
        out.push_sql(" WHERE e.tenant_id = ");
        push(&mut out, &self.shown.tenant)?;
        out.push_sql(" AND t.tenant_id = e.tenant_id AND t.employee_id = e.id");
        if let Some(cycle) = &self.cycle {
            out.push_sql(" AND t.cycle_id = ");
            push(&mut out, cycle)?;
        }
        if let Some(department) = &self.department {
            out.push_sql(" AND t.department_id = ");
            push(&mut out, department)?;
        }
        self.shown.narrow(&mut out)?;
        out.push_sql(" ORDER BY e.employee_number, c.code");
        Ok(())
    }
}

impl Query for RatingExport {
    type SqlType = (
        (Text, Text, Nullable<Text>, Nullable<Text>, Text, Text, Integer, Nullable<Text>),
        (Nullable<Instant>, Bool),
        SqlTypeOf<AsSelect<Outcome, Db>>,
        SqlTypeOf<AsSelect<Person, Db>>,
    );
}

impl RunQueryDsl<Conn> for RatingExport {}

type RatingColumns = (
    (String, String, Option<String>, Option<String>, String, String, i32, Option<String>),
    (Option<At>, bool),
    Outcome,
    Person,
);

/// A rating, and whether the person works in one of the units today.
fn rating(columns: RatingColumns) -> Result<(RatingRow, bool)> {
    let (
        (employee_number, name, department, manager, cycle, policy, number, population),
        (acknowledged, inside),
        outcome,
        person,
    ) = columns;
    let rating = RatingRow {
        review: results((outcome, person))?,
        employee_number,
        name,
        department_code: department,
        manager_employee_number: manager,
        cycle_code: cycle,
        policy_code: policy,
        policy_version: number,
        population,
        acknowledged_at: acknowledged.map(|at| at.0),
    };
    Ok((rating, inside))
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

    fn visible_units(&mut self, visibility: &Visibility) -> Result<Vec<OrgUnitId>> {
        if visibility.units().is_empty() {
            return Ok(Vec::new());
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
        Ok(shown)
    }

    fn export(
        &mut self,
        visibility: &Visibility,
        units: &[OrgUnitId],
        day: NaiveDate,
        each: &mut dyn FnMut(ExportRow) -> ControlFlow<()>,
    ) -> Result<usize> {
        let mut left_out = 0;
        let mut each = |person: ExportRow| {
            if visibility.hidden().contains(&person.id.into()) {
                left_out += 1;
                return ControlFlow::Continue(());
            }
            each(person)
        };
        let export = Export { day, shown: Shown::new(self.scope(), visibility, units) };
        let mut current: Option<Reading> = None;
        for row in export.load_iter::<Row, dialect::Streaming>(self.conn)? {
            let (next, employment, external_id) = person(row?);
            if current.as_ref().is_none_or(|read| read.person.id != next.id) {
                let next = Reading { person: next, employments: Vec::with_capacity(1) };
                if let Some(read) = current.replace(next)
                    && each(read.whole(day)?).is_break()
                {
                    return Ok(left_out);
                }
            }
            if let Some(read) = &mut current {
                read.person.external_ids.extend(external_id);
                if !read.employments.contains(&employment) {
                    read.employments.push(employment);
                }
            }
        }
        if let Some(read) = current {
            // This is the last person, so whether `each` breaks no longer matters.
            let _ = each(read.whole(day)?);
        }
        Ok(left_out)
    }

    fn export_ratings(
        &mut self,
        filter: &RatingFilter,
        visibility: &Visibility,
        units: &[OrgUnitId],
        each: &mut dyn FnMut(Sealed<RatingRow>, bool) -> ControlFlow<()>,
    ) -> Result<()> {
        let export = RatingExport {
            cycle: filter.cycle_id.map(|id| Key(id.uuid())),
            department: filter.department_id.map(|id| Key(id.uuid())),
            units: dialect::list_of(units.iter().map(|unit| Key(unit.uuid())).collect()),
            shown: Shown::new(self.scope(), visibility, units),
        };
        for row in export.load_iter::<RatingColumns, dialect::Streaming>(self.conn)? {
            let (rating, inside) = rating(row?)?;
            if each(Sealed::new(rating), inside).is_break() {
                break;
            }
        }
        Ok(())
    }
}
