//! Employees and their assignments.

use super::among::one_of;
use super::employments::{Row as EmploymentRow, employments};
use super::engine::Unit;
use super::keys::KEYS;
use super::search::renamed;
use super::{Conn, Db};
use crate::column::{At, Key, guarded_update, on_day, statement};
use crate::page::Page;
use crate::ports::{EmployeeFilter, Employees, Known, Result};
use crate::schema::{assignment, employee, employee_external_id as external_id, employment};
use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use domain::core::change::Change;
use domain::core::history::{Insertion, insert_stretch};
use domain::core::id::EmployeeId;
use domain::core::time::{Period, Timestamp};
use domain::people::employment::{Employment, Employments};
use domain::people::org::{Assignment, Employee, ExternalId};
use domain::people::search::Named;
use domain::policy::{Relations, Sealed, Visibility};
use std::collections::{HashMap, HashSet};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = employee, treat_none_as_default_value = false)]
pub struct Row {
    tenant_id: Key,
    pub id: Key,
    employee_number: String,
    name: String,
    email: Option<String>,
    version: i32,
    created_at: At,
    updated_at: At,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = assignment)]
pub struct AssignmentRow {
    id: Key,
    pub employee_id: Key,
    effective_from: NaiveDate,
    effective_to: Option<NaiveDate>,
    org_unit_id: Option<Key>,
    position_id: Option<Key>,
    job_title: Option<String>,
    manager_id: Option<Key>,
}

impl From<AssignmentRow> for Assignment {
    fn from(row: AssignmentRow) -> Self {
        Self {
            id: row.id.0.into(),
            employee_id: row.employee_id.0.into(),
            period: Period { start: row.effective_from, end: row.effective_to },
            org_unit_id: row.org_unit_id.map(|id| id.0.into()),
            position_id: row.position_id.map(|id| id.0.into()),
            job_title: row.job_title,
            manager_id: row.manager_id.map(|id| id.0.into()),
        }
    }
}

pub fn entity(
    row: Row,
    employments: Employments,
    assignment: Option<AssignmentRow>,
    external_ids: Vec<ExternalId>,
) -> Employee {
    Employee {
        id: row.id.0.into(),
        employee_number: row.employee_number,
        name: row.name,
        email: row.email,
        employments,
        assignment: assignment.map(Assignment::from),
        external_ids,
        version: row.version,
        created_at: row.created_at.0,
        updated_at: row.updated_at.0,
    }
}

impl<'a> From<&'a Row> for Named<'a> {
    fn from(row: &'a Row) -> Self {
        Self { number: &row.employee_number, name: &row.name, email: row.email.as_deref() }
    }
}

impl Row {
    fn of(tenant: Key, employee: &Employee) -> Self {
        Self {
            tenant_id: tenant,
            id: Key(employee.id.uuid()),
            employee_number: employee.employee_number.clone(),
            name: employee.name.clone(),
            email: employee.email.clone(),
            version: employee.version,
            created_at: At(employee.created_at),
            updated_at: At(employee.updated_at),
        }
    }
}

guarded_update! {
    /// Saves an employee, guarded by its version.
    struct Update of employee { employee_number, name, email }
}

statement! {
    /// Inserts an assignment into a history; one with the same first day is replaced and keeps its
    /// id.
    struct Assign {
        tenant: Key,
        id: Key,
        employee: Key,
        first: NaiveDate,
        last: Option<NaiveDate>,
        org_unit: Option<Key>,
        position: Option<Key>,
        job_title: Option<String>,
        manager: Option<Key>,
    }
    "INSERT INTO assignment (tenant_id, id, employee_id, effective_from, effective_to, \
     org_unit_id, position_id, job_title, manager_id) VALUES ("
    tenant ", " id ", " employee ", " first ", " last ", " org_unit ", " position ", " job_title
    ", " manager ") ON CONFLICT (tenant_id, employee_id, effective_from) DO UPDATE SET \
     org_unit_id = excluded.org_unit_id, position_id = excluded.position_id, \
     job_title = excluded.job_title, manager_id = excluded.manager_id"
}

statement! {
    /// Makes an assignment end on an earlier day.
    struct Shorten { last: NaiveDate, tenant: Key, employee: Key, first: NaiveDate }
    "UPDATE assignment SET effective_to = " last
    " WHERE tenant_id = " tenant " AND employee_id = " employee " AND effective_from = " first
}

statement! {
    /// Which of the records that an assignment names exist.
    struct Lookup {
        tenant: Key,
        org_unit: Option<Key>,
        position: Option<Key>,
        manager: Option<Key>,
    }
    -> (Bool, Bool, Bool);
    "SELECT EXISTS (SELECT 1 FROM org_unit WHERE tenant_id = " tenant " AND id = " org_unit
    " AND deleted_at IS NULL), EXISTS (SELECT 1 FROM position WHERE tenant_id = " tenant
    " AND id = " position " AND deleted_at IS NULL), \
     EXISTS (SELECT 1 FROM employee WHERE tenant_id = " tenant " AND id = " manager ")"
}

/// Employees, joined with their assignments on a day.
macro_rules! assigned {
    ($day:expr) => {
        employee::table.left_join(
            assignment::table.on(assignment::tenant_id
                .eq(employee::tenant_id)
                .and(assignment::employee_id.eq(employee::id))
                .and(on_day!(assignment, $day))),
        )
    };
}

pub(super) use assigned;

impl Unit<'_> {
    fn insert_external_ids(&mut self, id: EmployeeId, ids: &[ExternalId]) -> Result<()> {
        let rows: Vec<_> = ids
            .iter()
            .map(|ExternalId { system, value }| {
                (
                    external_id::tenant_id.eq(self.scope()),
                    external_id::system.eq(system.clone()),
                    external_id::value.eq(value.clone()),
                    external_id::employee_id.eq(Key(id.uuid())),
                )
            })
            .collect();
        diesel::insert_into(external_id::table).values(rows).execute(self.conn)?;
        Ok(())
    }
}

impl Unit<'_> {
    /// The employments of some people, by person.
    pub fn employments_of(
        &mut self,
        people: impl Iterator<Item = Key>,
    ) -> Result<HashMap<Key, Vec<EmploymentRow>>> {
        let rows: Vec<EmploymentRow> = employment::table
            .filter(employment::tenant_id.eq(self.scope()))
            .filter(one_of("employment.employee_id", people.map(|key| key.0)))
            .select(EmploymentRow::as_select())
            .load(self.conn)?;
        let mut found = HashMap::<Key, Vec<EmploymentRow>>::with_capacity(rows.len());
        for row in rows {
            found.entry(row.employee_id).or_default().push(row);
        }
        Ok(found)
    }
}

impl Employees for Unit<'_> {
    fn employee(&mut self, id: EmployeeId, day: NaiveDate) -> Result<Option<Sealed<Employee>>> {
        let key = Key(id.uuid());
        type Found = (Row, EmploymentRow, Option<AssignmentRow>);
        // One row for each employment.
        let rows: Vec<Found> = assigned!(day)
            .inner_join(
                employment::table.on(employment::tenant_id
                    .eq(employee::tenant_id)
                    .and(employment::employee_id.eq(employee::id))),
            )
            .filter(employee::tenant_id.eq(self.scope()))
            .filter(employee::id.eq(key))
            .select((
                Row::as_select(),
                EmploymentRow::as_select(),
                Option::<AssignmentRow>::as_select(),
            ))
            .load(self.conn)?;
        let (mut person, mut employed) = (None, Vec::with_capacity(rows.len()));
        for (row, employment, assignment) in rows {
            person = Some((row, assignment));
            employed.push(employment);
        }
        let Some((row, assignment)) = person else { return Ok(None) };
        let employments = employments(employed)?;
        let external_ids = external_id::table
            .filter(external_id::tenant_id.eq(self.scope()))
            .filter(external_id::employee_id.eq(key))
            .order(external_id::system)
            .select((external_id::system, external_id::value))
            .load::<(String, String)>(self.conn)?;
        let external_ids =
            external_ids.into_iter().map(|(system, value)| ExternalId { system, value }).collect();
        Ok(Some(Sealed::new(entity(row, employments, assignment, external_ids))))
    }

    fn employees(
        &mut self,
        filter: &EmployeeFilter,
        visible: &Visibility,
        page: &Page,
    ) -> Result<Vec<(Sealed<Employee>, Relations)>> {
        let rows = self.rows_of(filter, visible, page)?;
        let mut external_ids: HashMap<Key, Vec<ExternalId>> = HashMap::with_capacity(rows.len());
        let pairs = external_id::table
            .filter(external_id::tenant_id.eq(self.scope()))
            .filter(external_id::employee_id.eq_any(rows.iter().map(|row| row.0.id)))
            .order(external_id::system)
            .select((external_id::employee_id, external_id::system, external_id::value))
            .load::<(Key, String, String)>(self.conn)?;
        for (employee, system, value) in pairs {
            external_ids.entry(employee).or_default().push(ExternalId { system, value });
        }
        let mut employed = self.employments_of(rows.iter().map(|row| row.0.id))?;
        let found =
            rows.into_iter().map(|(row, assignment, direct_manager, chain_manager, in_units)| {
                let external_ids = external_ids.remove(&row.id).unwrap_or_default();
                let employments = employments(employed.remove(&row.id).unwrap_or_default())?;
                let relations =
                    Relations { direct_manager, chain_manager, in_units, ..Relations::default() };
                Ok((Sealed::new(entity(row, employments, assignment, external_ids)), relations))
            });
        found.collect()
    }

    fn count_employees(
        &mut self,
        filter: &EmployeeFilter,
        visible: &Visibility,
        updated_since: Option<Timestamp>,
    ) -> Result<i64> {
        self.count_of(filter, visible, updated_since)
    }

    fn known(&mut self, assignment: &Assignment) -> Result<Known> {
        let lookup = Lookup {
            tenant: self.scope(),
            org_unit: assignment.org_unit_id.map(|id| Key(id.uuid())),
            position: assignment.position_id.map(|id| Key(id.uuid())),
            manager: assignment.manager_id.map(|id| Key(id.uuid())),
        };
        let (org_unit, position, manager) = lookup.get_result(self.conn)?;
        Ok(Known { org_unit, position, manager })
    }

    fn create_employee(&mut self, change: Change<Employee>) -> Result<()> {
        let employee = change.entity;
        diesel::insert_into(employee::table)
            .values(Row::of(self.scope(), &employee))
            .execute(self.conn)?;
        self.add_employments(std::iter::once(&employee))?;
        if let Some(first) = &employee.assignment {
            self.assign(first, &insert_stretch([], first.period.start))?;
        }
        self.insert_external_ids(employee.id, &employee.external_ids)?;
        self.rename(renamed(None, &employee).into_iter())?;
        self.record(change.record);
        Ok(())
    }

    fn update_employee(&mut self, before: &Employee, change: Change<Employee>) -> Result<()> {
        let saved = Update(Row::of(self.scope(), &change.entity)).execute(self.conn)?;
        self.guard(saved)?;
        self.rename(renamed(Some(before), &change.entity).into_iter())?;
        self.record(change.record);
        Ok(())
    }

    fn save_employments(&mut self, employee: &Employee) -> Result<()> {
        self.replace_employments(&[employee])
    }

    fn not_employed(
        &mut self,
        people: &[EmployeeId],
        day: NaiveDate,
    ) -> Result<HashSet<EmployeeId>> {
        let mut left: HashSet<EmployeeId> = people.iter().copied().collect();
        for people in people.chunks(KEYS) {
            let employed: Vec<Key> = employment::table
                .filter(employment::tenant_id.eq(self.scope()))
                .filter(one_of("employment.employee_id", people.iter().map(|id| id.uuid())))
                .filter(employment::hire_date.le(day))
                .filter(employment::last_day.is_null().or(employment::last_day.ge(day)))
                .select(employment::employee_id)
                .load(self.conn)?;
            for person in employed {
                left.remove(&person.0.into());
            }
        }
        Ok(left)
    }

    fn employments(&mut self, id: EmployeeId, page: &Page) -> Result<Vec<Employment>> {
        let mut query = employment::table
            .filter(employment::tenant_id.eq(self.scope()))
            .filter(employment::employee_id.eq(Key(id.uuid())))
            .order(employment::hire_date)
            .select(EmploymentRow::as_select())
            .limit(page.limit)
            .into_boxed::<Db>();
        if let Some(day) = page.after_day() {
            query = query.filter(employment::hire_date.gt(day));
        }
        Ok(query.load(self.conn)?.into_iter().map(Employment::from).collect())
    }

    fn replace_external_ids(&mut self, id: EmployeeId, ids: &[ExternalId]) -> Result<()> {
        diesel::delete(external_id::table)
            .filter(external_id::tenant_id.eq(self.scope()))
            .filter(external_id::employee_id.eq(Key(id.uuid())))
            .execute(self.conn)?;
        self.insert_external_ids(id, ids)
    }

    fn assign(&mut self, assignment: &Assignment, insertion: &Insertion) -> Result<()> {
        let (tenant, employee) = (self.scope(), Key(assignment.employee_id.uuid()));
        if let Some(first) = insertion.shortened {
            Shorten { last: insertion.day_before(), tenant, employee, first }.execute(self.conn)?;
        }
        let assign = Assign {
            tenant,
            id: Key(assignment.id.uuid()),
            employee,
            first: insertion.period.start,
            last: insertion.period.end,
            org_unit: assignment.org_unit_id.map(|id| Key(id.uuid())),
            position: assignment.position_id.map(|id| Key(id.uuid())),
            job_title: assignment.job_title.clone(),
            manager: assignment.manager_id.map(|id| Key(id.uuid())),
        };
        assign.execute(self.conn)?;
        Ok(())
    }

    fn assignments(&mut self, id: EmployeeId, page: &Page) -> Result<Vec<Assignment>> {
        let mut query = assignment::table
            .filter(assignment::tenant_id.eq(self.scope()))
            .filter(assignment::employee_id.eq(Key(id.uuid())))
            .order(assignment::effective_from)
            .select(AssignmentRow::as_select())
            .limit(page.limit)
            .into_boxed::<Db>();
        if let Some(day) = page.after_day() {
            query = query.filter(assignment::effective_from.gt(day));
        }
        Ok(query.load(self.conn)?.into_iter().map(Assignment::from).collect())
    }
}
