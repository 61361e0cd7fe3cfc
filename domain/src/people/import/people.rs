//! Imports of many people.

use super::draft::{Draft, Look};
use super::{Fault, Given, Line, Node, Plan, Planned, Terms, given};
use crate::core::id::{AssignmentId, EmployeeId, OrgUnitId, PositionId};
use crate::core::time::Period;
use crate::people::employment::{Employment, EmploymentFault, Employments};
use crate::people::org::{Assignment, Employee, ExternalId};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use uuid::Uuid;

/// What a row says about a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonRow {
    /// Position of the row in the request, from 0.
    pub row: usize,
    /// Employee number given by the company; the key of the row.
    pub employee_number: String,
    /// Name shown to people.
    pub name: String,
    /// E-mail address at work.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub email: Given<String>,
    /// Code of the unit.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub org_unit_code: Given<String>,
    /// Code of the position.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub position_code: Given<String>,
    /// Job title, free text.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub job_title: Given<String>,
    /// Employee number of the line manager, whose row may come later in the request.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub manager_employee_number: Given<String>,
    /// First working day.
    pub hire_date: NaiveDate,
    /// Last working day.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub termination_date: Given<NaiveDate>,
    /// Ids in other systems, by system name; `None` removes the id of that system.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub external_ids: BTreeMap<String, Option<String>>,
}

/// The existing records that an import of people must know.
#[derive(Clone, Debug, Default)]
pub struct Staff {
    /// Ids of the employees whom the rows name, including managers, by employee number; of all
    /// employees if the rows change any reporting line.
    pub numbers: HashMap<String, EmployeeId>,
    /// The employees whom the rows name, each with the assignment on the day of the import or,
    /// failing that, the first one after it.
    pub people: HashMap<EmployeeId, Arc<Employee>>,
    /// Units by code.
    pub units: HashMap<String, OrgUnitId>,
    /// Positions by code.
    pub positions: HashMap<String, PositionId>,
    /// Who holds the external ids that the rows give.
    pub external_ids: BTreeMap<ExternalId, EmployeeId>,
    /// All reporting lines from the day of the import on, if the rows change any.
    pub lines: Vec<Line>,
    /// Employments of the managers whom the rows name, as far as they are known.
    pub managers: HashMap<EmployeeId, Employments>,
}

impl Staff {
    /// The known managers whom the rows name, each once.
    pub fn managers_in(&self, rows: &[PersonRow]) -> Vec<EmployeeId> {
        let named = rows.iter().filter_map(|row| row.manager_employee_number.as_ref()?.as_ref());
        let named: BTreeSet<_> = named.filter_map(|number| self.numbers.get(number)).collect();
        named.into_iter().copied().collect()
    }

    /// Whether the rows give anybody a manager other than the present one. Whether that is allowed
    /// then depends on all reporting lines.
    pub fn moves(&self, rows: &[PersonRow]) -> bool {
        rows.iter().any(|row| {
            let Some(given) = &row.manager_employee_number else { return false };
            let person = self.numbers.get(&row.employee_number).and_then(|id| self.people.get(id));
            let held = person.map(|person| person.parent());
            match given.as_ref().map(|number| self.numbers.get(number)) {
                None => held != Some(None),
                Some(None) => true,
                Some(Some(manager)) => held != Some(Some(manager.uuid())),
            }
        })
    }
}

/// Whether so many terminations at once suggest a broken file: more than 10 people and more than 5
/// % of the active ones.
pub fn is_mass_deactivation(terminated: usize, active: usize) -> bool {
    terminated > 10 && terminated * 20 > active
}

impl Plan<Employee> {
    /// How many people who work here today would leave, or leave earlier than known so far.
    pub fn terminations(&self, today: NaiveDate) -> usize {
        let leaves_sooner = |row: &&Planned<Employee>| {
            let employed = |person: &Employee| person.employments.on(today).cloned();
            let Some(was) = row.before.as_deref().and_then(employed) else { return false };
            employed(&row.after).is_none_or(|will| {
                will.last_day().is_some_and(|last| was.last_day().is_none_or(|known| last < known))
            })
        };
        self.rows.iter().filter(leaves_sooner).count()
    }

    /// People who get a new last working day from the import, each with the position of the row.
    pub fn leavers(&self, from: NaiveDate) -> HashMap<EmployeeId, usize> {
        let last_day = |person: &Employee| person.employments.at_hand(from).last_day();
        let leaves = |row: &&Planned<Employee>| {
            let before = row.before.as_deref();
            before.is_some_and(|before| last_day(before) != last_day(&row.after))
                && last_day(&row.after).is_some()
        };
        self.rows.iter().filter(leaves).map(|row| (row.after.id, row.row)).collect()
    }

    /// Adds a warning to the row of each leaver who would still manage people, with their number.
    /// It counts the pairs (employee, manager) in `reports` and the people whom the rows place
    /// under the leaver.
    pub fn warn_of_leavers(
        &mut self,
        leavers: &HashMap<EmployeeId, usize>,
        reports: &[(EmployeeId, EmployeeId)],
        from: NaiveDate,
    ) {
        let manager = |person: &Employee| person.assignment.as_ref().and_then(|it| it.manager_id);
        let planned: HashMap<EmployeeId, &Employee> =
            self.rows.iter().map(|row| (row.after.id, &*row.after)).collect();
        let others = reports.iter().filter(|(person, _)| !planned.contains_key(person));
        let of_plan = planned
            .values()
            .filter(|person| !person.employments.at_hand(from).is_over(from))
            .filter_map(|person| manager(person));
        let mut left_behind = BTreeMap::<usize, usize>::new();
        for boss in others.map(|(_, boss)| *boss).chain(of_plan) {
            if let Some(row) = leavers.get(&boss) {
                *left_behind.entry(*row).or_default() += 1;
            }
        }
        self.warnings.extend(left_behind.into_iter().map(|(row, count)| {
            Fault::new(row, "termination_date", "still_manages").with("count", count)
        }));
        self.warnings.sort_by_key(|warning| warning.row);
    }

    /// Adds a warning to each row whose manager does not work here when the reporting line begins.
    fn warn_of_managers(
        &mut self,
        rows: &[PersonRow],
        managers: &HashMap<EmployeeId, Employments>,
        from: NaiveDate,
    ) {
        let naming: HashSet<usize> = rows
            .iter()
            .filter(|row| matches!(row.manager_employee_number, Some(Some(_))))
            .map(|row| row.row)
            .collect();
        let planned: HashMap<EmployeeId, &Employments> =
            self.rows.iter().map(|row| (row.after.id, &row.after.employments)).collect();
        let mut found = Vec::new();
        for row in self.rows.iter().filter(|row| naming.contains(&row.row)) {
            let Some(place) = &row.after.assignment else { continue };
            let Some(manager) = place.manager_id else { continue };
            let day = from.max(place.period.start);
            let of_manager = planned.get(&manager).copied().or_else(|| managers.get(&manager));
            let is_left = of_manager.is_some_and(|employed| employed.on(day).is_none());
            if is_left && !row.after.employments.at_hand(from).is_over(from) {
                let warning = Fault::new(row.row, Employee::PARENT, "manager_not_employed");
                found.push(warning.with("day", day));
            }
        }
        self.warnings.extend(found);
        self.warnings.sort_by_key(|warning| warning.row);
    }
}

impl Node for Employee {
    const KEY: &'static str = "employee_number";
    const PARENT: &'static str = "manager_employee_number";
    fn id(&self) -> Uuid {
        self.id.uuid()
    }
    fn key(&self) -> &str {
        &self.employee_number
    }
    fn parent(&self) -> Option<Uuid> {
        Some(self.assignment.as_ref()?.manager_id?.uuid())
    }
    fn since(&self) -> NaiveDate {
        self.assignment.as_ref().map_or(self.employments.latest().hire_date(), |it| it.period.start)
    }
}

/// Plans an import of people. `new_id` makes ids for new records.
pub fn plan_people(
    mut staff: Staff,
    rows: &[PersonRow],
    terms: &Terms,
    new_id: &mut dyn FnMut() -> Uuid,
) -> Plan<Employee> {
    let mut numbers = std::mem::take(&mut staff.numbers);
    for row in rows {
        if !numbers.contains_key(&row.employee_number) {
            numbers.insert(row.employee_number.clone(), new_id().into());
        }
    }
    let mut people = std::mem::take(&mut staff.people);
    let planner = Planner { staff: &staff, numbers: &numbers, terms };
    let mut draft = Draft::new(rows.len());
    for row in rows {
        let id = numbers[&row.employee_number];
        let before = people.remove(&id);
        let mut found = Found::default();
        let planned = planner.plan(id, before, row, new_id, &mut found);
        draft.warnings.extend(found.warnings);
        draft.add(planned, found.faults);
    }
    draft.refuse_doubles();
    let names = || numbers.iter().map(|(number, id)| (id.uuid(), number.as_str())).collect();
    draft.settle(&staff.lines, terms, &names, &|draft| external_id_faults(draft, &staff));
    let mut plan = draft.finish();
    plan.warn_of_managers(rows, &staff.managers, terms.from);
    plan
}

/// What the planning of every row needs.
struct Planner<'a> {
    staff: &'a Staff,
    numbers: &'a HashMap<String, EmployeeId>,
    terms: &'a Terms,
}

impl Planner<'_> {
    /// Plans the row about the person `id`. It copies no data of a person who stays unchanged,
    /// since that is nearly everybody in a nightly import.
    fn plan(
        &self,
        id: EmployeeId,
        before: Option<Arc<Employee>>,
        row: &PersonRow,
        new_id: &mut dyn FnMut() -> Uuid,
        found: &mut Found,
    ) -> Planned<Employee> {
        let wanted = Wanted::of(row, before.as_deref(), self, found);
        if wanted.manager_id == Some(id) {
            found.faults.push(Fault::new(row.row, Employee::PARENT, "self_reference"));
        }
        let Some(known) = &before else {
            let after = Arc::new(wanted.person(id, self.terms, new_id));
            return Planned { row: row.row, before: None, after, fields: Vec::new() };
        };
        let fields = wanted.changes(known);
        if fields.is_empty() {
            let after = Arc::clone(known);
            return Planned { row: row.row, before, after, fields };
        }
        if self.terms.closed.contains(&id) {
            found.warnings.push(Fault::new(row.row, Employee::KEY, "own_record_kept"));
            let after = Arc::clone(known);
            return Planned { row: row.row, before, after, fields: Vec::new() };
        }
        let after = Arc::new(wanted.changed(known, self.terms, new_id));
        Planned { row: row.row, before, after, fields }
    }
}

/// Faults and warnings found in one row.
#[derive(Default)]
struct Found {
    faults: Vec<Fault>,
    warnings: Vec<Fault>,
}

/// The wanted state of a person: what the row says, and the known value where the row says nothing.
struct Wanted<'r> {
    row: &'r PersonRow,
    email: Option<&'r str>,
    employments: Cow<'r, Employments>,
    org_unit_id: Option<OrgUnitId>,
    position_id: Option<PositionId>,
    manager_id: Option<EmployeeId>,
    job_title: Option<&'r str>,
    external_ids: Cow<'r, [ExternalId]>,
}

impl<'r> Wanted<'r> {
    fn of(
        row: &'r PersonRow,
        known: Option<&'r Employee>,
        planner: &Planner<'_>,
        found: &mut Found,
    ) -> Self {
        let place = known.and_then(|known| known.assignment.as_ref());
        let mut org_unit_id = place.and_then(|place| place.org_unit_id);
        let mut position_id = place.and_then(|place| place.position_id);
        let mut manager_id = place.and_then(|place| place.manager_id);
        let Planner { staff, numbers, .. } = planner;
        let mut look = Look { row: row.row, faults: &mut found.faults };
        look.up(&row.org_unit_code, "org_unit_code", &staff.units, &mut org_unit_id);
        look.up(&row.position_code, "position_code", &staff.positions, &mut position_id);
        look.up(&row.manager_employee_number, Employee::PARENT, numbers, &mut manager_id);
        let text = |given: &'r Given<String>, held: Option<&'r String>| {
            given.as_ref().map_or(held, Option::as_ref).map(String::as_str)
        };
        let held = known.map_or(&[][..], |known| &known.external_ids);
        let mut wanted = Self {
            row,
            email: text(&row.email, known.and_then(|known| known.email.as_ref())),
            employments: employments(row, known, &mut found.faults),
            org_unit_id,
            position_id,
            manager_id,
            job_title: text(&row.job_title, place.and_then(|place| place.job_title.as_ref())),
            external_ids: with_external_ids(held, &row.external_ids),
        };
        if let Some(held) = place
            && wanted.employments.at_hand(planner.terms.from).is_over(planner.terms.from)
        {
            wanted.stay(held, &mut found.warnings);
        }
        wanted
    }

    /// For a person who no longer works here: keeps the last assignment and warns of each field in
    /// which the row says otherwise.
    fn stay(&mut self, held: &'r Assignment, warnings: &mut Vec<Fault>) {
        for field in self.moves(Some(held)) {
            warnings.push(Fault::new(self.row.row, sent_as(field), "not_employed"));
        }
        self.org_unit_id = held.org_unit_id;
        self.position_id = held.position_id;
        self.manager_id = held.manager_id;
        self.job_title = held.job_title.as_deref();
    }

    /// Names of the fields in which the wanted assignment differs from the present one.
    fn moves(&self, held: Option<&Assignment>) -> impl Iterator<Item = &'static str> + use<> {
        let title = held.and_then(|held| held.job_title.as_deref());
        let changed = [
            ("org_unit_id", held.and_then(|held| held.org_unit_id) != self.org_unit_id),
            ("position_id", held.and_then(|held| held.position_id) != self.position_id),
            ("manager_id", held.and_then(|held| held.manager_id) != self.manager_id),
            ("job_title", title != self.job_title),
        ];
        changed.into_iter().filter_map(|(name, differs)| differs.then_some(name))
    }

    /// Names of the fields in which the wanted state differs from the known employee.
    fn changes(&self, known: &Employee) -> Vec<&'static str> {
        let (was, will) = (known.employments.iter(), self.employments.iter());
        let employed = known.employments != *self.employments;
        let first_days = was.map(Employment::hire_date).ne(will.map(Employment::hire_date));
        let (was, will) = (known.employments.latest(), self.employments.latest());
        let own = [
            ("name", known.name != self.row.name),
            ("email", known.email.as_deref() != self.email),
            ("hire_date", first_days),
            ("termination_date", employed && (!first_days || was.last_day() != will.last_day())),
        ];
        let own = own.into_iter().filter_map(|(name, differs)| differs.then_some(name));
        let external = (known.external_ids != *self.external_ids).then_some("external_ids");
        let place = self.moves(known.assignment.as_ref());
        own.chain(place).chain(external).collect()
    }

    /// Builds a new employee.
    fn person(self, id: EmployeeId, terms: &Terms, new_id: &mut dyn FnMut() -> Uuid) -> Employee {
        Employee {
            id,
            employee_number: self.row.employee_number.clone(),
            name: self.row.name.clone(),
            email: self.email.map(str::to_owned),
            assignment: Some(self.first_place(id, new_id().into())),
            employments: self.employments.into_owned(),
            external_ids: self.external_ids.into_owned(),
            version: 1,
            created_at: terms.now,
            updated_at: terms.now,
        }
    }

    /// Builds the changed state of a known employee. A changed assignment is valid from the day of
    /// the import, or from the first day of an employment that is new or still to come.
    fn changed(
        self,
        known: &Employee,
        terms: &Terms,
        new_id: &mut dyn FnMut() -> Uuid,
    ) -> Employee {
        let employment = self.employments.at_hand(terms.from);
        let is_new = self.employments.iter().len() > known.employments.iter().len();
        let first = if is_new { employment.hire_date() } else { terms.from };
        let first = first.max(employment.hire_date());
        let place = match &known.assignment {
            None => self.first_place(known.id, new_id().into()),
            Some(held) => {
                let mut place = self.place(known.id, held.id, held.period);
                if place != *held && place.period.start < first {
                    place.id = new_id().into();
                    place.period.start = first;
                }
                place
            }
        };
        Employee {
            id: known.id,
            employee_number: known.employee_number.clone(),
            name: self.row.name.clone(),
            email: self.email.map(str::to_owned),
            assignment: Some(place),
            employments: self.employments.into_owned(),
            external_ids: self.external_ids.into_owned(),
            version: known.version + 1,
            created_at: known.created_at,
            updated_at: terms.now,
        }
    }

    /// An assignment that begins on the first working day, as for a person who is hired
    /// individually.
    fn first_place(&self, employee_id: EmployeeId, id: AssignmentId) -> Assignment {
        self.place(employee_id, id, Period { start: self.row.hire_date, end: None })
    }

    fn place(&self, employee_id: EmployeeId, id: AssignmentId, period: Period) -> Assignment {
        Assignment {
            id,
            employee_id,
            period,
            org_unit_id: self.org_unit_id,
            position_id: self.position_id,
            job_title: self.job_title.map(str::to_owned),
            manager_id: self.manager_id,
        }
    }
}

/// The name that a field of an assignment has in a row.
fn sent_as(field: &'static str) -> &'static str {
    match field {
        "org_unit_id" => "org_unit_code",
        "position_id" => "position_code",
        "manager_id" => Employee::PARENT,
        other => other,
    }
}

/// The employments of the person that the row describes.
fn employments<'r>(
    row: &PersonRow,
    known: Option<&'r Employee>,
    faults: &mut Vec<Fault>,
) -> Cow<'r, Employments> {
    let told = match known {
        Some(known) => known.employments.as_told(row.hire_date, row.termination_date),
        None => {
            let only = Employment::lasting(row.hire_date, row.termination_date.flatten());
            vec![only].try_into().map(Cow::Owned)
        }
    };
    told.unwrap_or_else(|fault| {
        faults.push(match fault {
            EmploymentFault::Overlap(other) => {
                Fault::new(row.row, "hire_date", "employment_overlap").with("period", other)
            }
            EmploymentFault::Reversed | EmploymentFault::None => {
                Fault::new(row.row, "termination_date", "period_invalid")
            }
        });
        known.map_or_else(
            || Cow::Owned(Employments::since(row.hire_date)),
            |known| Cow::Borrowed(&known.employments),
        )
    })
}

/// The external ids that a person holds, sorted by system, with those that a row adds or removes.
fn with_external_ids<'r>(
    held: &'r [ExternalId],
    given: &BTreeMap<String, Option<String>>,
) -> Cow<'r, [ExternalId]> {
    if given.is_empty() {
        return held.into();
    }
    let kept = held.iter().filter(|id| !given.contains_key(&id.system)).cloned();
    let new = given.iter().filter_map(|(system, value)| {
        Some(ExternalId { system: system.clone(), value: value.clone()? })
    });
    let mut ids: Vec<_> = kept.chain(new).collect();
    ids.sort_unstable();
    ids.into()
}

/// Faults of rows that claim an external id which somebody else holds or also claims.
fn external_id_faults(draft: &Draft<Employee>, staff: &Staff) -> Vec<(usize, Fault)> {
    let mut claims = BTreeMap::<&ExternalId, Vec<usize>>::new();
    for (index, planned) in draft.standing() {
        let held = planned.before.as_ref().map_or(&[][..], |b| &b.external_ids[..]);
        for id in planned.after.external_ids.iter().filter(|id| !held.contains(id)) {
            claims.entry(id).or_default().push(index);
        }
    }
    let gives_up = |holder: &EmployeeId, id: &ExternalId| {
        draft.by_id.get(&holder.uuid()).is_some_and(|&index| {
            draft.rows[index].as_ref().is_some_and(|p| !p.after.external_ids.contains(id))
        })
    };
    let mut faults = Vec::new();
    for (id, claimants) in claims {
        let code = match staff.external_ids.get(id) {
            _ if claimants.len() > 1 => "duplicate_in_request",
            Some(holder) if !gives_up(holder, id) => "duplicate",
            _ => continue,
        };
        faults.extend(claimants.into_iter().map(|index| {
            let field = format!("external_ids/{}", id.system);
            (index, Fault::new(draft.places[index], field, code).with("value", &id.value))
        }));
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::super::tests::{codes, day, terms};
    use super::*;

    fn row(place: usize, number: &str, manager: Option<&str>) -> PersonRow {
        PersonRow {
            row: place,
            employee_number: number.to_owned(),
            name: number.to_owned(),
            email: None,
            org_unit_code: None,
            position_code: None,
            job_title: None,
            manager_employee_number: Some(manager.map(str::to_owned)),
            hire_date: day(0),
            termination_date: None,
            external_ids: BTreeMap::new(),
        }
    }

    fn plan(staff: Staff, rows: &[PersonRow], terms: &Terms) -> Plan<Employee> {
        let mut number = 1_000 * (1 + staff.numbers.len() as u128);
        plan_people(staff, rows, terms, &mut || {
            number += 1;
            Uuid::from_u128(number)
        })
    }

    /// The existing records after a plan is saved, for rows that name everybody.
    fn kept(plan: Plan<Employee>) -> Staff {
        assert_eq!(plan.faults, []);
        let people: HashMap<_, _> =
            plan.rows.into_iter().map(|row| (row.after.id, row.after)).collect();
        let lines = people.values().filter_map(|person| {
            let place = person.assignment.as_ref()?;
            Some(Line {
                child: person.id.uuid(),
                from: place.period.start,
                until: place.period.end,
                parent: place.manager_id.map(EmployeeId::uuid),
            })
        });
        Staff {
            numbers: people.values().map(|p| (p.employee_number.clone(), p.id)).collect(),
            lines: lines.collect(),
            external_ids: people
                .values()
                .flat_map(|p| p.external_ids.iter().map(|id| (id.clone(), p.id)))
                .collect(),
            people,
            ..Staff::default()
        }
    }

    #[test]
    fn a_manager_may_come_later_and_a_second_time_changes_nothing() {
        let rows = [row(0, "E1", Some("E2")), row(1, "E2", None)];
        let first = plan(Staff::default(), &rows, &terms(true));
        assert!(first.rows.iter().all(Planned::is_change));
        let second = plan(kept(first), &rows, &terms(true));
        assert_eq!(second.rows.len(), 2);
        assert!(!second.rows.iter().any(Planned::is_change));
    }

    #[test]
    fn only_another_manager_than_the_known_one_moves_anybody() {
        let rows = [row(0, "E1", Some("E2")), row(1, "E2", None)];
        let staff = kept(plan(Staff::default(), &rows, &terms(true)));
        assert!(!staff.moves(&rows));
        assert!(!staff.moves(&[PersonRow { manager_employee_number: None, ..row(0, "E9", None) }]));
        for (number, manager) in
            [("E1", None), ("E1", Some("E9")), ("E2", Some("E1")), ("E9", None), ("E9", Some("E1"))]
        {
            assert!(staff.moves(&[row(0, number, manager)]), "{number} to {manager:?}");
        }
    }

    #[test]
    fn a_change_of_line_begins_on_the_day_of_the_import_and_raises_the_version() {
        let rows = [row(0, "E1", None), row(1, "E2", None)];
        let staff = kept(plan(Staff::default(), &rows, &terms(true)));
        let moved = plan(staff, &[row(0, "E1", Some("E2")), row(1, "E2", None)], &terms(true));
        let [first, second] = &moved.rows[..] else { panic!("two rows stand") };
        assert_eq!(first.fields, ["manager_id"]);
        assert_eq!(first.after.version, 2);
        let place = |person: &Employee| person.assignment.clone().map(|a| (a.id, a.period.start));
        assert_eq!(place(&first.after).map(|(_, start)| start), Some(day(100)));
        let before = first.before.as_deref().and_then(place);
        assert_ne!(place(&first.after).map(|(id, _)| id), before.map(|(id, _)| id));
        assert!(!second.is_change());
    }

    #[test]
    fn a_loop_is_named_on_every_row_that_closes_it() {
        let chain = [row(0, "E1", None), row(1, "E2", Some("E1")), row(2, "E3", Some("E2"))];
        let staff = kept(plan(Staff::default(), &chain, &terms(true)));
        let closed = plan(staff, &[row(7, "E1", Some("E3"))], &terms(true));
        assert_eq!(codes(&closed), [(7, "reporting_loop")]);
        let named = closed.faults[0].value.as_ref().map(|(_, text)| text.split(" → ").count());
        assert_eq!(named, Some(4), "three people, the first again at the end");
    }

    #[test]
    fn a_line_that_becomes_too_deep_is_blamed_on_the_row_that_moved_it() {
        let chain = |from: usize, len: usize| -> Vec<PersonRow> {
            (from..from + len)
                .map(|n| {
                    let above = (n > from).then(|| format!("E{}", n - 1));
                    row(n, &format!("E{n}"), above.as_deref())
                })
                .collect()
        };
        let rows = [chain(0, 20), chain(100, 20)].concat();
        let staff = kept(plan(Staff::default(), &rows, &terms(true)));
        let joined = plan(staff, &[row(3, "E100", Some("E19"))], &terms(true));
        assert_eq!(codes(&joined), [(3, "depth_exceeded")]);
    }

    #[test]
    fn rows_of_one_key_both_fail_and_take_their_reports_with_them() {
        let rows = [
            row(0, "E1", None),
            row(1, "E1", None),
            row(2, "E2", Some("E1")),
            row(3, "E3", Some("E2")),
            row(4, "E4", None),
        ];
        let by_row = plan(Staff::default(), &rows, &terms(false));
        let expected = [
            (0, "duplicate_in_request"),
            (1, "duplicate_in_request"),
            (2, "unknown_reference"),
            (3, "unknown_reference"),
        ];
        assert_eq!(codes(&by_row), expected);
        assert_eq!(by_row.rows.iter().map(|row| row.row).collect::<Vec<_>>(), [4]);
        let atomic = plan(Staff::default(), &rows, &terms(true));
        assert_eq!(codes(&atomic), expected[..2], "all or nothing: only the causes are told");
    }

    #[test]
    fn people_may_swap_external_ids_but_not_take_one_that_is_kept() {
        let with = |place, number, id: &str| PersonRow {
            external_ids: [("hris".to_owned(), Some(id.to_owned()))].into(),
            ..row(place, number, None)
        };
        let first = [with(0, "E1", "a"), with(1, "E2", "b")];
        let staff = kept(plan(Staff::default(), &first, &terms(true)));
        let swapped = plan(staff.clone(), &[with(0, "E1", "b"), with(1, "E2", "a")], &terms(true));
        assert_eq!(codes(&swapped), []);
        let taken = plan(staff.clone(), &[with(0, "E1", "b")], &terms(true));
        assert_eq!(codes(&taken), [(0, "duplicate")]);
        let twice = plan(staff, &[with(0, "E1", "c"), with(1, "E2", "c")], &terms(true));
        assert_eq!(codes(&twice), [(0, "duplicate_in_request"), (1, "duplicate_in_request")]);
    }

    #[test]
    fn nobody_changes_their_own_record_and_all_others_are_changed() {
        let rows = [row(0, "E1", None)];
        let staff = kept(plan(Staff::default(), &rows, &terms(true)));
        let own = Terms { closed: vec![staff.numbers["E1"]], ..terms(true) };
        assert_eq!(codes(&plan(staff.clone(), &rows, &own)), []);
        let raised = PersonRow { job_title: Some(Some("CEO".into())), ..row(0, "E1", None) };
        let other = row(1, "E2", None);
        let plan = plan(staff, &[raised, other], &own);
        assert_eq!(codes(&plan), []);
        let warned: Vec<_> = plan.warnings.iter().map(|it| (it.row, it.code)).collect();
        assert_eq!(warned, [(0, "own_record_kept")]);
        assert!(plan.rows[0].fields.is_empty());
        assert!(plan.rows[1].before.is_none());
    }

    #[test]
    fn only_those_who_would_leave_sooner_are_counted() {
        let leaving = |place, number: &str, last| PersonRow {
            termination_date: Some(last),
            ..row(place, number, None)
        };
        let rows = [
            leaving(0, "E1", None),
            leaving(1, "E2", Some(day(50))),
            leaving(2, "E3", Some(day(200))),
        ];
        let staff = kept(plan(Staff::default(), &rows, &terms(true)));
        let gone: Vec<_> =
            (0..3).map(|n| leaving(n, &format!("E{}", n + 1), Some(day(20)))).collect();
        assert_eq!(plan(staff, &gone, &terms(true)).terminations(day(100)), 2);
        assert!(!is_mass_deactivation(10, 10));
        assert!(!is_mass_deactivation(11, 220));
        assert!(is_mass_deactivation(11, 219));
    }
}
