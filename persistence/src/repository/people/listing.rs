//! Lists of employees: filtered, searched, in order, and counted.

use super::Db;
use super::among::{Group, one_of};
use super::employees::{AssignmentRow, Row, assigned};
use super::engine::Unit;
use crate::column::{At, Key, on_day};
use crate::page::{Page, behind, since};
use crate::ports::{EmployeeFilter, EmployeeOrder, Result};
use crate::schema::{assignment, employee, employee_external_id as external_id, employee_search};
use diesel::dsl::count_star;
use diesel::prelude::*;
use domain::core::time::Timestamp;
use domain::people::org::ExternalId;
use domain::people::search::Search;
use domain::policy::Visibility;

/// The column of the person, for [`Unit::among`].
const PERSON: &str = "employee.id";
/// The same in a query that begins with the keys of people. It keeps SQLite from beginning elsewhere.
const KEYED: &str = "employee_search.employee_id";
/// Of at most so many people, each is read and compared with a search. Where a filter leaves more, a page of
/// those found is soon full.
const FEW: i64 = 1000;

/// A person with the assignment of a day, and how the subject of the list relates to the person: as direct
/// manager, as manager at any level, and by unit.
pub type Found = (Row, Option<AssignmentRow>, bool, bool, bool);

/// Limits a query of employees, joined with their assignments on the day of the filter, to those who
/// fit the filter and may be seen. `$person` is the column of the person that leads the query.
macro_rules! narrowed {
    ($unit:expr, $query:expr, $person:expr, $filter:expr, $visible:expr) => {{
        let (unit, person): (&Unit<'_>, &'static str) = ($unit, $person);
        let (filter, visible): (&EmployeeFilter, &Visibility) = ($filter, $visible);
        let (day, today) = (filter.as_of, visible.as_of());
        let mut query = $query.filter(employee::tenant_id.eq(unit.scope())).into_boxed::<Db>();
        for hidden in visible.hidden() {
            query = query.filter(employee::id.ne(Key(hidden.uuid())));
        }
        if visible.everyone().is_none() {
            let shown = unit
                .among(person, today, Group::under(visible.subtree_of()))
                .or(unit.among(person, today, Group::within(visible.units())));
            query = match visible.myself() {
                Some(me) => query.filter(shown.or(employee::id.eq(Key(me.uuid())))),
                None => query.filter(shown),
            };
        }
        if let Some(ids) = &filter.ids {
            query = query.filter(one_of(person, ids.iter().map(|id| id.uuid())));
        }
        if let Some(unit) = filter.org_unit_id {
            query = query.filter(assignment::org_unit_id.eq(Key(unit.uuid())));
        }
        if let Some(top) = filter.within_org_unit_id {
            query = query.filter(unit.among(person, day, Group::within(&[top])));
        }
        if let Some(manager) = filter.manager_id {
            query = query.filter(assignment::manager_id.eq(Key(manager.uuid())));
        }
        if let Some(position) = filter.position_id {
            query = query.filter(assignment::position_id.eq(Key(position.uuid())));
        }
        if let Some(status) = filter.status {
            query = query.filter(unit.employed(person, status, day));
        }
        if let Some(number) = &filter.employee_number {
            query = query.filter(employee::employee_number.eq(number.clone()));
        }
        if let Some(ExternalId { system, value }) = &filter.external_id {
            let holders = external_id::table
                .filter(external_id::tenant_id.eq(unit.scope()))
                .filter(external_id::system.eq(system.clone()))
                .filter(external_id::value.eq(value.clone()))
                .select(external_id::employee_id);
            query = query.filter(employee::id.eq_any(holders));
        }
        query
    }};
}

/// The keys of people in a range that a search is for, joined like [`assigned!`].
macro_rules! keyed {
    ($unit:expr, $day:expr, $search:expr, $range:expr) => {{
        let (from, before): &(String, String) = $range;
        employee_search::table
            .inner_join(
                employee::table.on(employee::tenant_id
                    .eq(employee_search::tenant_id)
                    .and(employee::id.eq(employee_search::employee_id))),
            )
            .left_join(
                assignment::table.on(assignment::tenant_id
                    .eq(employee::tenant_id)
                    .and(assignment::employee_id.eq(employee::id))
                    .and(on_day!(assignment, $day))),
            )
            .filter(employee_search::tenant_id.eq($unit.scope()))
            .filter(employee_search::term.ge(from.clone()))
            .filter(employee_search::term.lt(before.clone()))
            .filter(employee_search::shared.lt($search.length()))
    }};
}

/// The key and the id by which somebody found has a place in the list.
type Place = (String, Key);

/// The columns of [`Found`].
macro_rules! shown {
    ($unit:expr, $person:expr, $visible:expr) => {{
        let (unit, visible): (&Unit<'_>, &Visibility) = ($unit, $visible);
        let (today, manager) = (visible.as_of(), visible.subtree_of());
        let direct = unit.among($person, today, Group::direct(manager));
        let under = unit.among($person, today, Group::under(manager));
        let within = unit.among($person, today, Group::within(visible.units()));
        (Row::as_select(), Option::<AssignmentRow>::as_select(), direct, under, within)
    }};
}

impl Unit<'_> {
    /// A page of a list.
    pub fn rows_of(
        &mut self,
        filter: &EmployeeFilter,
        visible: &Visibility,
        page: &Page,
    ) -> Result<Vec<Found>> {
        if let Some(search) = &filter.search {
            return self.found(search, filter, visible, page);
        }
        let people = assigned!(filter.as_of).select(shown!(self, PERSON, visible));
        let mut query = narrowed!(self, people.limit(page.limit), PERSON, filter, visible);
        if page.updated_since.is_some() {
            query = query.order((employee::updated_at, employee::id));
            if let Some((at, id)) = page.after_update() {
                let columns = (employee::updated_at, employee::id);
                query = behind!(query, columns, (At(at), Key(id)));
            }
            return Ok(since!(query, employee, page.updated_since).load(self.conn)?);
        }
        match filter.order {
            EmployeeOrder::Id => {
                query = query.order(employee::id);
                if let Some(id) = page.after_id() {
                    query = query.filter(employee::id.gt(Key(id)));
                }
            }
            EmployeeOrder::EmployeeNumber => {
                query = query.order((employee::employee_number, employee::id));
                if let Some((number, id)) = page.after_text() {
                    let columns = (employee::employee_number, employee::id);
                    query = behind!(query, columns, (number.to_owned(), Key(id)));
                }
            }
            EmployeeOrder::Name => {
                query = query.order((employee::name, employee::id));
                if let Some((name, id)) = page.after_text() {
                    let columns = (employee::name, employee::id);
                    query = behind!(query, columns, (name.to_owned(), Key(id)));
                }
            }
        }
        Ok(query.load(self.conn)?)
    }

    /// How many people the whole list has.
    pub fn count_of(
        &mut self,
        filter: &EmployeeFilter,
        visible: &Visibility,
        updated_since: Option<Timestamp>,
    ) -> Result<i64> {
        let Some(search) = &filter.search else {
            let everybody = assigned!(filter.as_of).select(count_star());
            let query = narrowed!(self, everybody, PERSON, filter, visible);
            return Ok(since!(query, employee, updated_since).get_result(self.conn)?);
        };
        if let Some(few) = self.few_found(search, filter, visible)? {
            return Ok(few.len() as i64);
        }
        let mut count = 0;
        for range in search.ranges() {
            let keys = keyed!(self, filter.as_of, search, &range).select(count_star());
            let query = narrowed!(self, keys, KEYED, filter, visible);
            count += query.get_result::<i64>(self.conn)?;
        }
        Ok(count)
    }

    /// A page of those whom a search finds. Reads no more keys than it has to, unless a filter leaves out
    /// most of those found.
    fn found(
        &mut self,
        search: &Search,
        filter: &EmployeeFilter,
        visible: &Visibility,
        page: &Page,
    ) -> Result<Vec<Found>> {
        let after = page.after_text().map(|(place, id)| (place.to_owned(), Key(id)));
        let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
        if let Some(few) = self.few_found(search, filter, visible)? {
            let behind = few.into_iter().filter(|(key, _)| Some(key) > after.as_ref());
            return Ok(behind.take(limit).map(|(_, row)| row).collect());
        }
        let mut found = Vec::new();
        for range in search.ranges() {
            let is_passed = after.as_ref().is_some_and(|(place, _)| *place >= range.1);
            if is_passed || found.len() >= limit {
                continue;
            }
            let keys = keyed!(self, filter.as_of, search, &range)
                .select(shown!(self, KEYED, visible))
                .order((employee_search::term, employee_search::employee_id))
                .limit((limit - found.len()) as i64);
            let mut query = narrowed!(self, keys, KEYED, filter, visible);
            if let Some(after) = after.clone().filter(|(place, _)| *place >= range.0) {
                let columns = (employee_search::term, employee_search::employee_id);
                query = behind!(query, columns, after);
            }
            found.extend(query.load::<Found>(self.conn)?);
        }
        Ok(found)
    }

    /// Those whom a search finds, in their order; none if other filters leave more than [`FEW`] people.
    fn few_found(
        &mut self,
        search: &Search,
        filter: &EmployeeFilter,
        visible: &Visibility,
    ) -> Result<Option<Vec<(Place, Found)>>> {
        if !filter.selects() && visible.everyone().is_some() {
            return Ok(None);
        }
        let people = assigned!(filter.as_of).select(shown!(self, PERSON, visible)).limit(FEW + 1);
        let rows: Vec<Found> = narrowed!(self, people, PERSON, filter, visible).load(self.conn)?;
        if rows.len() > FEW as usize {
            return Ok(None);
        }
        let mut found: Vec<_> = rows
            .into_iter()
            .filter_map(|row| Some(((search.place(&row.0)?, row.0.id), row)))
            .collect();
        found.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        Ok(Some(found))
    }
}
