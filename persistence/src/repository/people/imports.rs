//! Imports of many people or units at once.

use super::among::{OneOf, between, one_of};
use super::employees::{self, AssignmentRow};
use super::employments::{Row as EmploymentRow, employments};
use super::engine::Unit;
use super::keys::{KEYS, all_saved, of_key};
use super::search::renamed;
use super::{Conn, Db, dialect};
use crate::column::{At, Key, on_day, rows_statement, word};
use crate::error::DbError;
use crate::ports::{Imports, ReportingLines, Result};
use crate::schema::{
    assignment, employee, employee_external_id, employment, org_unit, org_unit_placement, position,
};
use chrono::NaiveDate;
use diesel::prelude::*;
use domain::core::change::Record;
use domain::core::id::{EmployeeId, OrgUnitId, PositionId};
use domain::core::import::Planned;
use domain::people::employment::Employments;
use domain::people::import::{self, Acquaintance, Line, Namesake, Tree};
use domain::people::org::{Assignment, Employee, ExternalId, OrgUnit};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// From this number of changes on, an import updates the statistics of its tables.
const LARGE: usize = 1000;
/// If there are at least this many rows between the first and the last of some keys, the keys lie
/// too far apart to read all rows between them.
const APART: usize = 2 * KEYS;

rows_statement! {
    /// People, new ones or changed ones guarded by their version.
    struct Employees {
        tenant: Key,
        id: Key,
        number: String,
        name: String,
        email: Option<String>,
        version: i32,
        created_at: At,
        updated_at: At,
    }
    "INSERT INTO employee (tenant_id, id, employee_number, name, email, version, created_at, \
     updated_at) "
    rows
    " ON CONFLICT (tenant_id, id) DO UPDATE SET name = excluded.name, email = excluded.email, \
     version = excluded.version, updated_at = excluded.updated_at \
     WHERE employee.version = excluded.version - 1"
}

rows_statement! {
    /// Assignments, new or changed.
    struct Assignments {
        tenant: Key,
        id: Key,
        employee_id: Key,
        effective_from: NaiveDate,
        effective_to: Option<NaiveDate>,
        org_unit_id: Option<Key>,
        position_id: Option<Key>,
        job_title: Option<String>,
        manager_id: Option<Key>,
    }
    "INSERT INTO assignment (tenant_id, id, employee_id, effective_from, effective_to, \
     org_unit_id, position_id, job_title, manager_id) "
    rows
    " ON CONFLICT (tenant_id, id) DO UPDATE SET effective_to = excluded.effective_to, \
     org_unit_id = excluded.org_unit_id, position_id = excluded.position_id, \
     job_title = excluded.job_title, manager_id = excluded.manager_id"
}

rows_statement! {
    /// Ids in other systems.
    struct ExternalIds { tenant: Key, system: String, value: String, employee_id: Key }
    "INSERT INTO employee_external_id (tenant_id, system, value, employee_id) " rows ""
}

rows_statement! {
    /// Units, new ones or changed ones guarded by their version.
    struct OrgUnits {
        tenant: Key,
        id: Key,
        code: String,
        name: String,
        kind: String,
        version: i32,
        created_at: At,
        updated_at: At,
    }
    "INSERT INTO org_unit (tenant_id, id, code, name, kind, version, created_at, updated_at) "
    rows
    " ON CONFLICT (tenant_id, id) DO UPDATE SET name = excluded.name, kind = excluded.kind, \
     version = excluded.version, updated_at = excluded.updated_at \
     WHERE org_unit.version = excluded.version - 1"
}

rows_statement! {
    /// Placements, new or changed.
    struct Placements {
        tenant: Key,
        org_unit_id: Key,
        effective_from: NaiveDate,
        effective_to: Option<NaiveDate>,
        parent_id: Option<Key>,
    }
    "INSERT INTO org_unit_placement (tenant_id, org_unit_id, effective_from, effective_to, \
     parent_id) "
    rows
    " ON CONFLICT (tenant_id, org_unit_id, effective_from) DO UPDATE SET \
     effective_to = excluded.effective_to, parent_id = excluded.parent_id"
}

impl Employees {
    fn push(&mut self, tenant: Key, employee: &Employee) {
        self.tenant.push(tenant);
        self.id.push(Key(employee.id.uuid()));
        self.number.push(employee.employee_number.clone());
        self.name.push(employee.name.clone());
        self.email.push(employee.email.clone());
        self.version.push(employee.version);
        self.created_at.push(At(employee.created_at));
        self.updated_at.push(At(employee.updated_at));
    }
}

impl Assignments {
    fn push(&mut self, tenant: Key, place: &Assignment, last: Option<NaiveDate>) {
        self.tenant.push(tenant);
        self.id.push(Key(place.id.uuid()));
        self.employee_id.push(Key(place.employee_id.uuid()));
        self.effective_from.push(place.period.start);
        self.effective_to.push(last);
        self.org_unit_id.push(place.org_unit_id.map(|id| Key(id.uuid())));
        self.position_id.push(place.position_id.map(|id| Key(id.uuid())));
        self.job_title.push(place.job_title.clone());
        self.manager_id.push(place.manager_id.map(|id| Key(id.uuid())));
    }
}

impl OrgUnits {
    fn push(&mut self, tenant: Key, unit: &OrgUnit) {
        self.tenant.push(tenant);
        self.id.push(Key(unit.id.uuid()));
        self.code.push(unit.code.clone());
        self.name.push(unit.name.clone());
        self.kind.push(unit.kind.to_string());
        self.version.push(unit.version);
        self.created_at.push(At(unit.created_at));
        self.updated_at.push(At(unit.updated_at));
    }
}

impl Placements {
    fn push(&mut self, tenant: Key, unit: &OrgUnit, until: Option<NaiveDate>) {
        self.tenant.push(tenant);
        self.org_unit_id.push(Key(unit.id.uuid()));
        self.effective_from.push(unit.effective_from.unwrap_or_default());
        self.effective_to.push(until);
        self.parent_id.push(unit.parent_id.map(|id| Key(id.uuid())));
    }
}

impl Imports for Unit<'_> {
    fn begin_import(&mut self) -> Result<()> {
        self.lock_lines()?;
        dialect::lock_statistics(self.conn)
    }

    fn everyone(&mut self) -> Result<Vec<Acquaintance>> {
        let rows: Vec<(Key, String, Option<String>)> = employee::table
            .filter(employee::tenant_id.eq(self.scope()))
            .select((employee::id, employee::employee_number, employee::email))
            .load(self.conn)?;
        let known =
            |(id, number, email): (Key, _, _)| Acquaintance { id: id.0.into(), number, email };
        Ok(rows.into_iter().map(known).collect())
    }

    fn names_of_people(&mut self) -> Result<Vec<Namesake>> {
        let rows: Vec<(String, String)> = employee::table
            .filter(employee::tenant_id.eq(self.scope()))
            .select((employee::name, employee::employee_number))
            .load(self.conn)?;
        Ok(rows.into_iter().map(|(name, key)| Namesake { name, key }).collect())
    }

    fn ids_of_people(&mut self, system: &str) -> Result<Vec<Namesake>> {
        let rows: Vec<(String, String)> = employee_external_id::table
            .inner_join(
                employee::table.on(employee::tenant_id
                    .eq(employee_external_id::tenant_id)
                    .and(employee::id.eq(employee_external_id::employee_id))),
            )
            .filter(employee_external_id::tenant_id.eq(self.scope()))
            .filter(employee_external_id::system.eq(system))
            .select((employee_external_id::value, employee::employee_number))
            .load(self.conn)?;
        Ok(rows.into_iter().map(|(name, key)| Namesake { name, key }).collect())
    }

    fn names_of_units(&mut self) -> Result<Vec<Namesake>> {
        let rows: Vec<(String, String)> = org_unit::table
            .filter(org_unit::tenant_id.eq(self.scope()))
            .filter(org_unit::deleted_at.is_null())
            .select((org_unit::name, org_unit::code))
            .load(self.conn)?;
        Ok(rows.into_iter().map(|(name, key)| Namesake { name, key }).collect())
    }

    fn employees_numbered(&mut self, numbers: &[&str]) -> Result<HashMap<String, EmployeeId>> {
        let mut found = HashMap::with_capacity(numbers.len());
        let mut close = true;
        for numbers in numbers.chunks(KEYS) {
            let everyone = employee::table
                .filter(employee::tenant_id.eq(self.scope()))
                .select((employee::employee_number, employee::id));
            let mut near: Option<Vec<(String, Key)>> = None;
            if let (true, [first, .., last]) = (close, numbers) {
                let between = employee::employee_number.between(first, last);
                near = Some(everyone.filter(between).limit(APART as i64).load(self.conn)?);
            }
            let near = near.filter(|rows| rows.len() < APART);
            close = near.is_some();
            let rows = match near {
                Some(rows) => rows,
                None => {
                    let named = employee::employee_number.eq_any(numbers.to_vec());
                    everyone.filter(named).load(self.conn)?
                }
            };
            found.extend(rows.into_iter().map(|(number, id)| (number, id.0.into())));
        }
        Ok(found)
    }

    fn active_employees(&mut self, day: NaiveDate) -> Result<usize> {
        // No day lies in two employments of one person.
        let count: i64 = employment::table
            .filter(employment::tenant_id.eq(self.scope()))
            .filter(employment::hire_date.le(day))
            .filter(employment::last_day.is_null().or(employment::last_day.ge(day)))
            .count()
            .get_result(self.conn)?;
        Ok(usize::try_from(count).unwrap_or_default())
    }

    fn people(
        &mut self,
        ids: &[EmployeeId],
        day: NaiveDate,
    ) -> Result<HashMap<EmployeeId, Arc<Employee>>> {
        let mut ids: Vec<_> = ids.iter().map(|id| Key(id.uuid())).collect();
        ids.sort_unstable();
        let mut people = HashMap::with_capacity(ids.len());
        let mut close = true;
        for ids in ids.chunks(KEYS) {
            let (rows, among) = employees_among(self, ids, &mut close)?;
            let mut employed = employments_among(self, &among)?.into_iter().peekable();
            let mut places = standing_assignments(self, &among, day)?.into_iter().peekable();
            let mut external = external_ids(self, &among)?.into_iter().peekable();
            let mut wanted = ids.iter().peekable();
            for row in rows {
                let key = row.id;
                if of_key(&mut wanted, key, |id| **id).next().is_none() {
                    continue;
                }
                let own = employments(of_key(&mut employed, key, |row| row.employee_id))?;
                let place = of_key(&mut places, key, |place| place.employee_id).next();
                let ids = of_key(&mut external, key, |(holder, _)| *holder);
                let person = employees::entity(row, own, place, ids.map(|(_, id)| id).collect());
                people.insert(person.id, Arc::new(person));
            }
        }
        Ok(people)
    }

    fn employments_by(
        &mut self,
        people: &[EmployeeId],
    ) -> Result<HashMap<EmployeeId, Employments>> {
        let mut found = HashMap::with_capacity(people.len());
        for people in people.chunks(KEYS) {
            let rows = self.employments_of(people.iter().map(|id| Key(id.uuid())))?;
            for (person, rows) in rows {
                found.insert(person.0.into(), employments(rows)?);
            }
        }
        Ok(found)
    }

    fn reports_of(
        &mut self,
        managers: &[EmployeeId],
        day: NaiveDate,
    ) -> Result<Vec<(EmployeeId, EmployeeId)>> {
        let mut found = Vec::new();
        for managers in managers.chunks(KEYS) {
            let rows: Vec<(Key, Option<Key>)> = assignment::table
                .inner_join(
                    employment::table.on(employment::tenant_id
                        .eq(assignment::tenant_id)
                        .and(employment::employee_id.eq(assignment::employee_id))),
                )
                .filter(assignment::tenant_id.eq(self.scope()))
                .filter(one_of("assignment.manager_id", managers.iter().map(|id| id.uuid())))
                .filter(on_day!(assignment, day))
                .filter(employment::last_day.is_null().or(employment::last_day.ge(day)))
                .select((assignment::employee_id, assignment::manager_id))
                .distinct()
                .load(self.conn)?;
            found.extend(
                rows.into_iter()
                    .filter_map(|(person, manager)| Some((person.0.into(), manager?.0.into()))),
            );
        }
        Ok(found)
    }

    fn external_id_holders(
        &mut self,
        ids: &[ExternalId],
    ) -> Result<BTreeMap<ExternalId, EmployeeId>> {
        let mut values = BTreeMap::<&str, Vec<&str>>::new();
        for id in ids {
            values.entry(&id.system).or_default().push(&id.value);
        }
        let mut holders = BTreeMap::new();
        for (system, values) in values {
            for values in values.chunks(KEYS) {
                let rows: Vec<(String, Key)> = employee_external_id::table
                    .filter(employee_external_id::tenant_id.eq(self.scope()))
                    .filter(employee_external_id::system.eq(system))
                    .filter(employee_external_id::value.eq_any(values.to_vec()))
                    .select((employee_external_id::value, employee_external_id::employee_id))
                    .load(self.conn)?;
                holders.extend(rows.into_iter().map(|(value, holder)| {
                    (ExternalId { system: system.to_owned(), value }, holder.0.into())
                }));
            }
        }
        Ok(holders)
    }

    fn manager_lines(&mut self, day: NaiveDate) -> Result<Vec<Line>> {
        let rows: Vec<(Key, NaiveDate, Option<NaiveDate>, Option<Key>)> = assignment::table
            .filter(assignment::tenant_id.eq(self.scope()))
            .filter(assignment::effective_to.is_null().or(assignment::effective_to.ge(day)))
            .select((
                assignment::employee_id,
                assignment::effective_from,
                assignment::effective_to,
                assignment::manager_id,
            ))
            .load(self.conn)?;
        Ok(rows.into_iter().map(line).collect())
    }

    fn org_unit_codes(&mut self) -> Result<HashMap<String, OrgUnitId>> {
        let rows: Vec<(String, Key)> = org_unit::table
            .filter(org_unit::tenant_id.eq(self.scope()))
            .filter(org_unit::deleted_at.is_null())
            .select((org_unit::code, org_unit::id))
            .load(self.conn)?;
        Ok(rows.into_iter().map(|(code, id)| (code, id.0.into())).collect())
    }

    fn position_codes(&mut self) -> Result<HashMap<String, PositionId>> {
        let rows: Vec<(String, Key)> = position::table
            .filter(position::tenant_id.eq(self.scope()))
            .filter(position::deleted_at.is_null())
            .select((position::code, position::id))
            .load(self.conn)?;
        Ok(rows.into_iter().map(|(code, id)| (code, id.0.into())).collect())
    }

    fn org_tree(&mut self, day: NaiveDate) -> Result<Tree> {
        let rows: Vec<(Key, NaiveDate, Option<NaiveDate>, Option<Key>)> = org_unit_placement::table
            .filter(org_unit_placement::tenant_id.eq(self.scope()))
            .filter(
                org_unit_placement::effective_to
                    .is_null()
                    .or(org_unit_placement::effective_to.ge(day)),
            )
            .order((org_unit_placement::org_unit_id, org_unit_placement::effective_from))
            .select((
                org_unit_placement::org_unit_id,
                org_unit_placement::effective_from,
                org_unit_placement::effective_to,
                org_unit_placement::parent_id,
            ))
            .load(self.conn)?;
        let lines: Vec<Line> = rows.into_iter().map(line).collect();
        let mut places = HashMap::new();
        for line in &lines {
            places.entry(line.child).or_insert(*line);
        }
        let rows: Vec<(Key, String, String, String, i32, At, At)> = org_unit::table
            .filter(org_unit::tenant_id.eq(self.scope()))
            .filter(org_unit::deleted_at.is_null())
            .select((
                org_unit::id,
                org_unit::code,
                org_unit::name,
                org_unit::kind,
                org_unit::version,
                org_unit::created_at,
                org_unit::updated_at,
            ))
            .load(self.conn)?;
        let mut units = HashMap::with_capacity(rows.len());
        for (key, code, name, kind, version, created_at, updated_at) in rows {
            let place = places
                .get(&key.0)
                .ok_or_else(|| DbError::Corrupt(format!("org unit {} has no placement", key.0)))?;
            let unit = OrgUnit {
                id: key.0.into(),
                code: code.clone(),
                name,
                kind: word(&kind)?,
                parent_id: place.parent.map(OrgUnitId::from),
                effective_from: Some(place.from),
                version,
                created_at: created_at.0,
                updated_at: updated_at.0,
                deleted_at: None,
            };
            units.insert(code, import::Unit { unit, until: place.until });
        }
        Ok(Tree { units, lines })
    }

    fn save_people(
        &mut self,
        changes: &[Planned<Employee>],
        records: Vec<Record>,
        progress: &dyn Fn(usize),
    ) -> Result<()> {
        let tenant = self.scope();
        // All people first, because assignments refer to managers anywhere in the import.
        for (number, chunk) in changes.chunks(dialect::BATCH).enumerate() {
            let mut rows = Employees::default();
            chunk.iter().for_each(|change| rows.push(tenant, &change.after));
            all_saved(rows.execute(self.conn), chunk.len())?;
            progress(number * dialect::BATCH / 2);
        }
        let new = changes.iter().filter(|change| change.before.is_none());
        self.add_employments(new.map(|change| &*change.after))?;
        let employed_otherwise = |change: &&Planned<Employee>| {
            let before = change.before.as_ref();
            before.is_some_and(|before| before.employments != change.after.employments)
        };
        let known: Vec<&Employee> =
            changes.iter().filter(employed_otherwise).map(|change| &*change.after).collect();
        self.replace_employments(&known)?;
        for (number, chunk) in changes.chunks(dialect::BATCH / 2).enumerate() {
            let mut rows = Assignments::default();
            chunk.iter().for_each(|change| push_assignments(&mut rows, tenant, change));
            if !rows.id.is_empty() {
                rows.execute(self.conn)?;
            }
            progress(changes.len() / 2 + number * dialect::BATCH / 4);
        }
        save_external_ids(self, changes)?;
        self.rename(changes.iter().filter_map(|it| renamed(it.before.as_deref(), &it.after)))?;
        if changes.len() >= LARGE {
            dialect::refresh_statistics(self.conn)?;
        }
        records.into_iter().for_each(|record| self.record(record));
        progress(changes.len());
        Ok(())
    }

    fn save_units(
        &mut self,
        changes: &[Planned<import::Unit>],
        records: Vec<Record>,
    ) -> Result<()> {
        let tenant = self.scope();
        for chunk in changes.chunks(dialect::BATCH) {
            let mut rows = OrgUnits::default();
            chunk.iter().for_each(|change| rows.push(tenant, &change.after.unit));
            all_saved(rows.execute(self.conn), chunk.len())?;
        }
        for chunk in changes.chunks(dialect::BATCH / 2) {
            let mut rows = Placements::default();
            for change in chunk {
                let after = &change.after;
                match &change.before {
                    Some(before) if before.unit.parent_id == after.unit.parent_id => continue,
                    Some(before) if before.unit.effective_from < after.unit.effective_from => {
                        let first = after.unit.effective_from;
                        rows.push(tenant, &before.unit, first.and_then(|day| day.pred_opt()));
                    }
                    _ => {}
                }
                rows.push(tenant, &after.unit, after.until);
            }
            if !rows.tenant.is_empty() {
                rows.execute(self.conn)?;
            }
        }
        records.into_iter().for_each(|record| self.record(record));
        Ok(())
    }
}

fn line((child, from, until, parent): (Key, NaiveDate, Option<NaiveDate>, Option<Key>)) -> Line {
    Line { child: child.0, from, until, parent: parent.map(|parent| parent.0) }
}

/// The assignments that the change of a person leads to: the one before ends where the new one
/// begins, and the new one ends where the one before was to end.
fn push_assignments(rows: &mut Assignments, tenant: Key, change: &Planned<Employee>) {
    let before = change.before.as_ref().and_then(|before| before.assignment.as_ref());
    let Some(after) = change.after.assignment.as_ref().filter(|after| Some(*after) != before)
    else {
        return;
    };
    if let Some(cut) = before.filter(|before| before.id != after.id) {
        rows.push(tenant, cut, after.period.start.pred_opt());
    }
    rows.push(tenant, after, after.period.end);
}

/// Removes all changed ids before it adds any, so that people may swap ids.
fn save_external_ids(unit: &mut Unit<'_>, changes: &[Planned<Employee>]) -> Result<()> {
    let held = |change: &Planned<Employee>| {
        change.before.as_ref().map(|before| before.external_ids.clone())
    };
    let changed: Vec<&Employee> = changes
        .iter()
        .filter(|change| held(change).unwrap_or_default() != change.after.external_ids)
        .map(|change| &*change.after)
        .collect();
    for chunk in changed.chunks(KEYS) {
        let keys: Vec<Key> = chunk.iter().map(|employee| Key(employee.id.uuid())).collect();
        diesel::delete(employee_external_id::table)
            .filter(employee_external_id::tenant_id.eq(unit.scope()))
            .filter(employee_external_id::employee_id.eq_any(keys))
            .execute(unit.conn)?;
    }
    let ids: Vec<(&ExternalId, Key)> = changed
        .iter()
        .flat_map(|employee| employee.external_ids.iter().map(|id| (id, Key(employee.id.uuid()))))
        .collect();
    for chunk in ids.chunks(dialect::BATCH) {
        let mut rows = ExternalIds::default();
        for (id, employee) in chunk {
            rows.tenant.push(unit.scope());
            rows.system.push(id.system.clone());
            rows.value.push(id.value.clone());
            rows.employee_id.push(*employee);
        }
        all_saved(rows.execute(unit.conn), chunk.len())?;
    }
    Ok(())
}

/// A condition that selects some people, for any column that holds a person.
type Among<'a> = dyn Fn(&'static str) -> OneOf + 'a;

/// People by their ids, which must be in ascending order. As long as the ids lie close together,
/// this reads all rows from the first id to the last, other people included, which is faster than
/// looking up each id.
fn employees_among<'a>(
    unit: &mut Unit<'_>,
    ids: &'a [Key],
    close: &mut bool,
) -> Result<(Vec<employees::Row>, Box<Among<'a>>)> {
    let everyone = |unit: &Unit<'_>, some: OneOf| {
        employee::table
            .filter(employee::tenant_id.eq(unit.scope()))
            .filter(some)
            .order(employee::id)
            .select(employees::Row::as_select())
    };
    if let (true, [first, .., last]) = (*close, ids) {
        let among = |column| between(column, *first, *last);
        let some = everyone(unit, among("employee.id")).limit(APART as i64);
        let rows = some.load(unit.conn)?;
        *close = rows.len() < APART;
        if *close {
            return Ok((rows, Box::new(among)));
        }
    }
    let among = |column| one_of(column, ids.iter().map(|id| id.0));
    Ok((everyone(unit, among("employee.id")).load(unit.conn)?, Box::new(among)))
}

/// The employments of people, ordered by person.
fn employments_among(unit: &mut Unit<'_>, among: &Among<'_>) -> Result<Vec<EmploymentRow>> {
    Ok(employment::table
        .filter(employment::tenant_id.eq(unit.scope()))
        .filter(among("employment.employee_id"))
        .order((employment::employee_id, employment::hire_date))
        .select(EmploymentRow::as_select())
        .load(unit.conn)?)
}

/// The assignments of people that hold on a day or later, ordered by person and day.
fn standing_assignments(
    unit: &mut Unit<'_>,
    among: &Among<'_>,
    day: NaiveDate,
) -> Result<Vec<AssignmentRow>> {
    Ok(assignment::table
        .filter(assignment::tenant_id.eq(unit.scope()))
        .filter(among("assignment.employee_id"))
        .filter(assignment::effective_to.is_null().or(assignment::effective_to.ge(day)))
        .order((assignment::employee_id, assignment::effective_from))
        .select(AssignmentRow::as_select())
        .load(unit.conn)?)
}

/// Ids of people in other systems, ordered by person and system.
fn external_ids(unit: &mut Unit<'_>, among: &Among<'_>) -> Result<Vec<(Key, ExternalId)>> {
    let rows: Vec<(Key, String, String)> = employee_external_id::table
        .filter(employee_external_id::tenant_id.eq(unit.scope()))
        .filter(among("employee_external_id.employee_id"))
        .order((employee_external_id::employee_id, employee_external_id::system))
        .select((
            employee_external_id::employee_id,
            employee_external_id::system,
            employee_external_id::value,
        ))
        .load(unit.conn)?;
    let ids =
        rows.into_iter().map(|(holder, system, value)| (holder, ExternalId { system, value }));
    Ok(ids.collect())
}
