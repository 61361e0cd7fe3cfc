//! Imports of many people.

use super::draft::{Draft, Look};
use super::{Given, Line, Node, Terms, given, is_absent};
use crate::core::id::{AssignmentId, EmployeeId, OrgUnitId, PositionId};
use crate::core::import::{Fault, Plan, Planned};
use crate::core::text::fold;
use crate::core::time::Period;
use crate::people::employment::{Employment, EmploymentFault, Employments};
use crate::people::org::{Assignment, Employee, ExternalId};
use chrono::{Datelike, Days, NaiveDate};
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
    /// Name shown to people; needed for a new person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
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
    /// First working day; needed for a new person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hire_date: Option<NaiveDate>,
    /// Last working day.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub termination_date: Given<NaiveDate>,
    /// Ids in other systems, by system name; `None` removes the id of that system.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub external_ids: BTreeMap<String, Option<String>>,
    /// Properties that could not be read. The row fails, but is planned without them, so that
    /// everything else that is wrong with it is found as well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<String>,
}

impl PersonRow {
    /// A row that says nothing of the person with this number.
    pub fn new(row: usize, employee_number: impl Into<String>) -> Self {
        Self {
            row,
            employee_number: employee_number.into(),
            name: None,
            email: None,
            org_unit_code: None,
            position_code: None,
            job_title: None,
            manager_employee_number: None,
            hire_date: None,
            termination_date: None,
            external_ids: BTreeMap::new(),
            unread: Vec::new(),
        }
    }

    /// The key of the row, if it could be read.
    pub fn key(&self) -> Option<&str> {
        Some(self.employee_number.as_str()).filter(|key| !key.is_empty())
    }

    /// Last working day. Systems that know no open end write the last day that they can.
    fn last_day(&self) -> Given<NaiveDate> {
        self.termination_date.map(|last| last.filter(|last| last.year() < OPEN_END))
    }
}

/// Year in which an employment ends that does not end.
const OPEN_END: i32 = 9999;
/// The first year in which anybody who works today may have been hired.
const EARLIEST: i32 = 1900;
/// How many days ahead somebody is hired at most.
const HIRED_AHEAD: Days = Days::new(100 * 365);
/// How many days ahead somebody is usually hired at most.
const USUALLY_AHEAD: Days = Days::new(2 * 365);

/// Somebody who is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acquaintance {
    /// Id of the employee.
    pub id: EmployeeId,
    /// Number given by the company.
    pub number: String,
    /// E-mail address at work.
    pub email: Option<String>,
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
    /// Number of the person who holds an e-mail address that a row gives to a new person, by the
    /// folded address.
    pub emails: HashMap<String, String>,
    /// Number of the person that differs only in case from that of a new person, by the folded number.
    pub alike: HashMap<String, String>,
    /// Who holds the external ids that the rows give.
    pub external_ids: BTreeMap<ExternalId, EmployeeId>,
    /// All reporting lines from the day of the import on, if the rows change any.
    pub lines: Vec<Line>,
    /// Employments of the managers whom the rows name, as far as they are known.
    pub managers: HashMap<EmployeeId, Employments>,
}

impl Staff {
    /// Whether the rows name anybody who is not known.
    pub fn has_new(&self, rows: &[PersonRow]) -> bool {
        rows.iter().filter_map(PersonRow::key).any(|key| !self.numbers.contains_key(key))
    }

    /// Takes the numbers of all people, and notes which of them hold the number or the e-mail address of
    /// a person who is new.
    pub fn take_everyone(&mut self, rows: &[PersonRow], everyone: Vec<Acquaintance>) {
        let new =
            rows.iter().filter(|row| row.key().is_some_and(|key| !self.numbers.contains_key(key)));
        let (mut numbers, mut emails) = (HashSet::new(), HashSet::new());
        for row in new {
            numbers.insert(fold(&row.employee_number));
            emails.extend(row.email.iter().flatten().map(|email| fold(email)));
        }
        for Acquaintance { id, number, email } in everyone {
            let folded = fold(&number);
            if numbers.contains(&folded) {
                self.alike.insert(folded.into_owned(), number.clone());
            }
            if let Some(email) = email.as_deref().map(fold).filter(|email| emails.contains(email)) {
                self.emails.insert(email.into_owned(), number.clone());
            }
            self.numbers.insert(number, id);
        }
    }

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

    /// Adds a warning to each row of a new person who may be a known one: somebody else has the e-mail
    /// address, or the number but for its case.
    fn warn_of_doubles(&mut self, staff: &Staff) {
        if staff.emails.is_empty() && staff.alike.is_empty() {
            return;
        }
        for row in self.rows.iter().filter(|row| row.before.is_none()) {
            let holder = row.after.email.as_deref().and_then(|it| staff.emails.get(&*fold(it)));
            let alike = staff.alike.get(&*fold(&row.after.employee_number));
            let found = [
                ("email", "email_of_another", holder),
                (Employee::KEY, "key_differs_in_case", alike),
            ];
            for (field, code, known) in found {
                let warning = |known| Fault::new(row.row, field, code).with("value", known);
                self.warnings.extend(known.map(warning));
            }
        }
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
        if let Some(key) = row.key()
            && !numbers.contains_key(key)
        {
            numbers.insert(key.to_owned(), new_id().into());
        }
    }
    let mut people = std::mem::take(&mut staff.people);
    let planner = Planner { staff: &staff, numbers: &numbers, terms };
    let mut draft = Draft::new(rows.len());
    for row in rows {
        let mut found = Found::default();
        let Some(key) = row.key() else {
            planner.place_of(row, None, &mut found.faults);
            draft.add_keyless(found.faults);
            continue;
        };
        let id = numbers[key];
        let before = people.remove(&id);
        let planned = planner.plan(id, before, row, new_id, &mut found);
        draft.warnings.extend(found.warnings);
        draft.add(planned, row.unread.is_empty(), found.faults);
    }
    draft.refuse_doubles();
    let names = || numbers.iter().map(|(number, id)| (id.uuid(), number.as_str())).collect();
    draft.settle(&staff.lines, terms, &names, &|draft| external_id_faults(draft, &staff));
    let mut plan = draft.finish();
    plan.warn_of_managers(rows, &staff.managers, terms.from);
    plan.warn_of_doubles(&staff);
    plan
}

/// What the planning of every row needs.
struct Planner<'a> {
    staff: &'a Staff,
    numbers: &'a HashMap<String, EmployeeId>,
    terms: &'a Terms,
}

impl Planner<'_> {
    /// Unit, position and manager that the row names; those that are held where it names none.
    fn place_of(
        &self,
        row: &PersonRow,
        held: Option<&Assignment>,
        faults: &mut Vec<Fault>,
    ) -> (Option<OrgUnitId>, Option<PositionId>, Option<EmployeeId>) {
        let mut org_unit_id = held.and_then(|held| held.org_unit_id);
        let mut position_id = held.and_then(|held| held.position_id);
        let mut manager_id = held.and_then(|held| held.manager_id);
        let Self { staff, numbers, .. } = self;
        let mut look = Look { row: row.row, faults };
        look.up(&row.org_unit_code, "org_unit_code", &staff.units, &mut org_unit_id);
        look.up(&row.position_code, "position_code", &staff.positions, &mut position_id);
        look.up(&row.manager_employee_number, Employee::PARENT, numbers, &mut manager_id);
        (org_unit_id, position_id, manager_id)
    }

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
    name: &'r str,
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
        let (org_unit_id, position_id, manager_id) =
            planner.place_of(row, place, &mut found.faults);
        let text = |given: &'r Given<String>, held: Option<&'r String>| {
            given.as_ref().map_or(held, Option::as_ref).map(String::as_str)
        };
        let held = known.map_or(&[][..], |known| &known.external_ids);
        let name = row.name.as_ref().or(known.map(|known| &known.name));
        let faults = &mut found.faults;
        if name.is_none() && is_absent(&row.unread, "name") {
            faults.push(Fault::new(row.row, "name", "required"));
        }
        let mut wanted = Self {
            row,
            name: name.map(String::as_str).unwrap_or_default(),
            email: text(&row.email, known.and_then(|known| known.email.as_ref())),
            employments: employments(row, known, planner.terms, found),
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
            ("name", known.name != self.name),
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
            name: self.name.to_owned(),
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
            name: self.name.to_owned(),
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
        let start = self.row.hire_date.unwrap_or(self.employments.latest().hire_date());
        self.place(employee_id, id, Period { start, end: None })
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
    terms: &Terms,
    found: &mut Found,
) -> Cow<'r, Employments> {
    let last_day = row.last_day();
    if last_day != row.termination_date {
        found.warnings.push(Fault::new(row.row, "termination_date", "open_end"));
    }
    let hire_date = match (row.hire_date, known) {
        (Some(day), known) => {
            let is_known =
                |known: &Employee| known.employments.iter().any(|it| it.hire_date() == day);
            if !known.is_some_and(is_known) {
                look_at_hire_date(row.row, day, terms, found);
            }
            day
        }
        (None, Some(known)) => known.employments.latest().hire_date(),
        (None, None) => {
            if is_absent(&row.unread, "hire_date") {
                found.faults.push(Fault::new(row.row, "hire_date", "required"));
            }
            return Cow::Owned(Employments::since(terms.from));
        }
    };
    let told = match known {
        Some(known) => known.employments.as_told(hire_date, last_day),
        None => {
            let only = Employment::lasting(hire_date, last_day.flatten());
            vec![only].try_into().map(Cow::Owned)
        }
    };
    told.unwrap_or_else(|fault| {
        found.faults.push(match fault {
            EmploymentFault::Overlap(other) => {
                Fault::new(row.row, "hire_date", "employment_overlap").with("period", other)
            }
            EmploymentFault::Reversed | EmploymentFault::None => {
                Fault::new(row.row, "termination_date", "period_invalid")
            }
        });
        known.map_or_else(
            || Cow::Owned(Employments::since(hire_date)),
            |known| Cow::Borrowed(&known.employments),
        )
    })
}

/// Looks at a new first working day. One on which nobody can have been hired is a fault: a year with a
/// digit too few, or the last day that a system knows. One that is far ahead is a warning.
fn look_at_hire_date(row: usize, day: NaiveDate, terms: &Terms, found: &mut Found) {
    let from = terms.now.date_naive().max(terms.from);
    let latest = from + HIRED_AHEAD;
    if day.year() < EARLIEST || day > latest {
        let range = format!("{EARLIEST}-01-01 … {latest}");
        found.faults.push(Fault::new(row, "hire_date", "date_unlikely").with("range", range));
    } else if day > from + USUALLY_AHEAD {
        let warning = Fault::new(row, "hire_date", "hired_far_ahead");
        found.warnings.push(warning.with("value", day));
    }
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
            name: Some(number.to_owned()),
            manager_employee_number: Some(manager.map(str::to_owned)),
            hire_date: Some(day(0)),
            ..PersonRow::new(place, number)
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
            (2, "row_failed"),
            (3, "row_failed"),
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
    }

    #[test]
    fn what_a_row_does_not_say_stays_and_a_new_person_needs_it() {
        let rows = [row(0, "E1", Some("E2")), row(1, "E2", None)];
        let staff = kept(plan(Staff::default(), &rows, &terms(true)));
        let mail = |number: &str| PersonRow {
            email: Some(Some("na@acme.example".to_owned())),
            ..PersonRow::new(0, number)
        };
        let told = plan(staff.clone(), &[mail("E1")], &terms(true));
        assert_eq!((codes(&told), told.rows[0].fields.clone()), (vec![], vec!["email"]));
        let before = told.rows[0].before.as_deref().map(|it| (it.name.clone(), it.parent()));
        assert_eq!(before, Some((told.rows[0].after.name.clone(), told.rows[0].after.parent())));
        let ended = PersonRow { termination_date: Some(Some(day(9))), ..PersonRow::new(0, "E1") };
        assert_eq!(
            plan(staff.clone(), &[ended], &terms(true)).rows[0].fields,
            ["termination_date"]
        );
        let new = plan(staff, &[mail("E9")], &terms(true));
        assert_eq!(codes(&new), [(0, "required"), (0, "required")]);
    }

    #[test]
    fn a_row_that_could_not_be_read_fails_without_blaming_others() {
        let unread = |row: PersonRow, names: &[&str]| PersonRow {
            unread: names.iter().map(|name| (*name).to_owned()).collect(),
            ..row
        };
        let rows = [
            unread(
                PersonRow { name: None, hire_date: None, ..row(0, "E1", Some("GONE")) },
                &["name"],
            ),
            row(1, "E2", Some("E1")),
            unread(row(2, "", Some("GONE")), &["employee_number"]),
            row(3, "E3", None),
        ];
        let whole = plan(Staff::default(), &rows, &terms(true));
        let own = [(0, "unknown_reference"), (0, "required"), (2, "unknown_reference")];
        assert_eq!(codes(&whole), own);
        let by_row = plan(Staff::default(), &rows, &terms(false));
        assert_eq!(codes(&by_row), [own[0], own[1], (1, "row_failed"), own[2]]);
        assert_eq!(by_row.rows.iter().map(|row| row.row).collect::<Vec<_>>(), [3]);
    }

    #[test]
    fn nobody_is_hired_in_the_year_204_or_9999() {
        let hired = |day: &str| PersonRow { hire_date: day.parse().ok(), ..row(0, "E1", None) };
        for day in ["0204-03-01", "1899-12-31", "9999-12-31", "2099-01-01"] {
            let plan = plan(Staff::default(), &[hired(day)], &terms(true));
            assert_eq!(codes(&plan), [(0, "date_unlikely")], "{day}");
        }
        let ahead = plan(Staff::default(), &[hired("1999-01-01")], &terms(true));
        assert_eq!(codes(&ahead), []);
        assert_eq!(
            ahead.warnings.iter().map(|it| it.code).collect::<Vec<_>>(),
            ["hired_far_ahead"]
        );
        let open =
            PersonRow { termination_date: Some("9999-12-31".parse().ok()), ..hired("1970-01-01") };
        let plan = plan(Staff::default(), &[open], &terms(true));
        assert_eq!(codes(&plan), []);
        assert_eq!(plan.warnings.iter().map(|it| it.code).collect::<Vec<_>>(), ["open_end"]);
        assert_eq!(plan.rows[0].after.employments.latest().last_day(), None);
    }

    #[test]
    fn a_new_person_who_may_be_a_known_one_is_told() {
        let known = |id: u128, number: &str, email: Option<&str>| Acquaintance {
            id: Uuid::from_u128(id).into(),
            number: number.to_owned(),
            email: email.map(str::to_owned),
        };
        let mail = |text: &str| Some(Some(text.to_owned()));
        let rows = [
            PersonRow { email: mail("na@acme.example"), ..row(0, "125", None) },
            row(1, "e1", None),
            PersonRow { email: mail("new@acme.example"), ..row(2, "E2", None) },
        ];
        let mut staff = Staff::default();
        assert!(staff.has_new(&rows));
        let everyone = vec![known(1, "00125", Some("Na@Acme.example")), known(2, "E1", None)];
        staff.take_everyone(&rows, everyone);
        let plan = plan(staff, &rows, &terms(true));
        let told: Vec<_> = plan.warnings.iter().map(|it| (it.row, it.code)).collect();
        assert_eq!(told, [(0, "email_of_another"), (1, "key_differs_in_case")]);
        assert_eq!(plan.warnings[0].value, Some(("value", "00125".to_owned())));
    }

    #[test]
    fn a_new_person_twice_in_other_case_is_a_double() {
        let rows = [row(0, "e1", None), row(1, "E1", None), row(2, "Ｅ１", None)];
        let doubles = plan(Staff::default(), &rows, &terms(true));
        assert_eq!(codes(&doubles), [0, 1, 2].map(|row| (row, "duplicate_in_request")));
        let one = kept(plan(Staff::default(), &rows[..1], &terms(true)));
        let mixed = plan(one, &rows[..2], &terms(true));
        assert_eq!(codes(&mixed), [(1, "duplicate_in_request")], "who is known stays as known");
    }

    #[test]
    fn a_column_that_came_empty_is_noticed() {
        let with = |email: bool| -> Vec<PersonRow> {
            let row = |place: usize| PersonRow {
                email: Some(email.then(|| format!("{place}@acme.example"))),
                ..row(place, &format!("E{place}"), None)
            };
            (0..12).map(row).collect()
        };
        let first = plan(Staff::default(), &with(true), &terms(true));
        assert_eq!((first.creations(), first.mass_clearings().len()), (12, 0));
        let staff = kept(first);
        let cleared = plan(staff.clone(), &with(false), &terms(true)).mass_clearings();
        let of: Vec<_> = cleared.iter().map(|it| (it.property, it.cleared, it.held)).collect();
        assert_eq!(of, [("email", 12, 12)]);
        let few = [with(false)[..10].to_vec(), with(true)[10..].to_vec()].concat();
        assert_eq!(plan(staff, &few, &terms(true)).mass_clearings(), []);
    }
}
