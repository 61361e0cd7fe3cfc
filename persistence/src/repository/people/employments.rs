//! Employments: when people work for the company. No other table decides whether somebody is
//! employed.

use super::among::condition;
use super::engine::Unit;
use super::keys::{KEYS, all_saved};
use super::{Conn, Db, dialect};
use crate::column::{Key, push, rows_statement};
use crate::error::DbError;
use crate::ports::Result;
use crate::schema::employment;
use chrono::NaiveDate;
use diesel::expression::{
    AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate,
};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::Bool;
use domain::core::time::Period;
use domain::people::employment::{Employment, EmploymentStatus, Employments};
use domain::people::org::Employee;

#[derive(Queryable, Selectable)]
#[diesel(table_name = employment)]
pub struct Row {
    pub employee_id: Key,
    hire_date: NaiveDate,
    last_day: Option<NaiveDate>,
    reason: Option<String>,
}

impl From<Row> for Employment {
    fn from(row: Row) -> Self {
        let period = Period { start: row.hire_date, end: row.last_day };
        Self { period, reason: row.reason }
    }
}

/// The employments of one person, from at least one row.
pub fn employments<R: Into<Employment>>(rows: impl IntoIterator<Item = R>) -> Result<Employments> {
    let rows: Vec<Employment> = rows.into_iter().map(Into::into).collect();
    Employments::try_from(rows).map_err(|fault| DbError::Corrupt(fault.to_string()))
}

rows_statement! {
    /// New employments.
    struct Rows {
        tenant: Key,
        employee_id: Key,
        hire_date: NaiveDate,
        last_day: Option<NaiveDate>,
        reason: Option<String>,
    }
    "INSERT INTO employment (tenant_id, employee_id, hire_date, last_day, reason) " rows ""
}

impl Rows {
    fn write(&mut self, conn: &mut Conn) -> Result<()> {
        let rows = std::mem::take(self);
        let count = rows.tenant.len();
        if count > 0 { all_saved(rows.execute(conn), count) } else { Ok(()) }
    }
}

impl Unit<'_> {
    /// Adds the employments of people who have none stored.
    pub fn add_employments<'e>(
        &mut self,
        people: impl Iterator<Item = &'e Employee>,
    ) -> Result<()> {
        let mut rows = Rows::default();
        for person in people {
            for Employment { period, reason } in person.employments.iter() {
                rows.tenant.push(self.scope());
                rows.employee_id.push(Key(person.id.uuid()));
                rows.hire_date.push(period.start);
                rows.last_day.push(period.end);
                rows.reason.push(reason.clone());
            }
            if rows.tenant.len() >= dialect::BATCH / 2 {
                rows.write(self.conn)?;
            }
        }
        rows.write(self.conn)
    }

    /// Replaces the stored employments of people.
    pub fn replace_employments(&mut self, people: &[&Employee]) -> Result<()> {
        for chunk in people.chunks(KEYS) {
            let keys: Vec<Key> = chunk.iter().map(|person| Key(person.id.uuid())).collect();
            diesel::delete(employment::table)
                .filter(employment::tenant_id.eq(self.scope()))
                .filter(employment::employee_id.eq_any(keys))
                .execute(self.conn)?;
        }
        self.add_employments(people.iter().copied())
    }

    /// Whether the person in the column `person` has this employment status on a day.
    pub fn employed(
        &self,
        person: &'static str,
        status: EmploymentStatus,
        day: NaiveDate,
    ) -> Employed {
        Employed { person, tenant: self.scope(), status, day }
    }
}

/// Whether a person has an employment status on a day, as a condition for any query.
pub struct Employed {
    /// The column of the person, such as `employee.id`.
    person: &'static str,
    tenant: Key,
    status: EmploymentStatus,
    day: NaiveDate,
}

impl Employed {
    /// Whether an employment of the person has begun and, if `goes_on`, has not ended before the
    /// day.
    fn has<'b>(&'b self, out: &mut AstPass<'_, 'b, Db>, goes_on: bool) -> QueryResult<()> {
        out.push_sql("EXISTS (SELECT 1 FROM employment w WHERE w.tenant_id = ");
        push(out, &self.tenant)?;
        out.push_sql(" AND w.employee_id = ");
        out.push_sql(self.person);
        out.push_sql(" AND w.hire_date <= ");
        push(out, &self.day)?;
        if goes_on {
            out.push_sql(" AND (w.last_day IS NULL OR w.last_day >= ");
            push(out, &self.day)?;
            out.push_sql(")");
        }
        out.push_sql(")");
        Ok(())
    }
}

impl QueryFragment<Db> for Employed {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Db>) -> QueryResult<()> {
        match self.status {
            EmploymentStatus::Active => self.has(&mut out, true),
            EmploymentStatus::Pending => {
                out.push_sql("NOT ");
                self.has(&mut out, false)
            }
            EmploymentStatus::Terminated => {
                out.push_sql("(");
                self.has(&mut out, false)?;
                out.push_sql(" AND NOT ");
                self.has(&mut out, true)?;
                out.push_sql(")");
                Ok(())
            }
        }
    }
}

condition!(Employed);
