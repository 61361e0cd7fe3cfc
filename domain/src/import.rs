//! Many people or units at once: what an import would change, worked out before anything is kept.
//!
//! A plan is made from what exists and what the rows say. Rows may refer to each other in any
//! order. In an atomic import one round finds every fault; row by row, whatever depends on a
//! failed row fails with it, round after round until nothing changes.

use crate::employment::{Employment, EmploymentFault, Employments};
use crate::id::{AssignmentId, EmployeeId, OrgUnitId, PositionId};
use crate::org::{
    Assignment, Employee, ExternalId, MAX_DEPTH, OrgUnit, OrgUnitKind, TreeFault, check_tree,
};
use crate::time::{Period, Timestamp};
use chrono::NaiveDate;
use serde::{Deserialize, Deserializer, Serialize};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use uuid::Uuid;

/// A value that a row may leave out: absent is unchanged, none is cleared.
pub type Given<T> = Option<Option<T>>;

fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Given<T>, D::Error> {
    Option::deserialize(from).map(Some)
}

/// What a row says of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonRow {
    /// Place of the row in the request, from 0.
    pub row: usize,
    /// Key: number given by the company.
    pub employee_number: String,
    /// Name shown to people.
    pub name: String,
    /// Work address.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub email: Given<String>,
    /// Code of the unit.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub org_unit_code: Given<String>,
    /// Code of the position.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub position_code: Given<String>,
    /// Title on the door.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub job_title: Given<String>,
    /// Number of the line manager, who may come later in the request.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub manager_employee_number: Given<String>,
    /// First working day.
    pub hire_date: NaiveDate,
    /// Last working day.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub termination_date: Given<NaiveDate>,
    /// Ids in other systems by system; none takes that system's id away.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub external_ids: BTreeMap<String, Option<String>>,
}

/// What a row says of an org unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitRow {
    /// Place of the row in the request, from 0.
    pub row: usize,
    /// Key.
    pub code: String,
    /// Name shown to people.
    pub name: String,
    /// Kind.
    pub kind: OrgUnitKind,
    /// Code of the unit above, which may come later in the request.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub parent_code: Given<String>,
}

/// An org unit with the placement that holds on a day, or the first one after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// The unit.
    pub unit: OrgUnit,
    /// Last day of the placement; the next one begins the day after.
    pub until: Option<NaiveDate>,
}

/// One stretch of a line upward: to a manager, or to the unit above.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Who or what is below.
    pub child: Uuid,
    /// First day.
    pub from: NaiveDate,
    /// Last day, or open.
    pub until: Option<NaiveDate>,
    /// Who or what is above.
    pub parent: Option<Uuid>,
}

impl Line {
    fn holds(&self, day: NaiveDate) -> bool {
        self.from <= day && self.until.is_none_or(|until| day <= until)
    }
}

/// What exists, as far as an import of people must know it.
#[derive(Clone, Debug, Default)]
pub struct Staff {
    /// Those whom the rows name, managers included, by number; everyone, if the rows move anyone.
    pub numbers: HashMap<String, EmployeeId>,
    /// Those whom the rows name, each with the assignment that holds on the day of the import, or
    /// the first one after it.
    pub people: HashMap<EmployeeId, Arc<Employee>>,
    /// Units by code.
    pub units: HashMap<String, OrgUnitId>,
    /// Positions by code.
    pub positions: HashMap<String, PositionId>,
    /// Holders of the external ids that the rows give.
    pub external_ids: BTreeMap<ExternalId, EmployeeId>,
    /// Everyone's lines from the day of the import on, if the rows move anyone.
    pub lines: Vec<Line>,
    /// When the managers whom the rows name work here, if they are known.
    pub managers: HashMap<EmployeeId, Employments>,
}

impl Staff {
    /// The managers whom the rows name, as far as they are known, each once.
    pub fn managers_in(&self, rows: &[PersonRow]) -> Vec<EmployeeId> {
        let named = rows.iter().filter_map(|row| row.manager_employee_number.as_ref()?.as_ref());
        let named: BTreeSet<_> = named.filter_map(|number| self.numbers.get(number)).collect();
        named.into_iter().copied().collect()
    }

    /// Whether the rows give anyone a manager whom that person does not have already: then it
    /// depends on everyone's lines whether they can.
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

/// What exists, as far as an import of units must know it.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    /// Every unit, by code.
    pub units: HashMap<String, Unit>,
    /// Every unit's lines from the day of the import on.
    pub lines: Vec<Line>,
}

/// The terms of an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// First day on which units, jobs and lines hold as given.
    pub from: NaiveDate,
    /// The present instant.
    pub now: Timestamp,
    /// All or nothing.
    pub atomic: bool,
    /// The people whose records the author may not change: a conflict of interest.
    pub closed: Vec<EmployeeId>,
}

/// A fault of one row, or what somebody should look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Place of the row in the request.
    pub row: usize,
    /// The property, as a path without the leading slash.
    pub field: String,
    /// Stable code.
    pub code: &'static str,
    /// Name and value of the placeholder in the code's text.
    pub value: Option<(&'static str, String)>,
}

impl Fault {
    fn new(row: usize, field: impl Into<String>, code: &'static str) -> Self {
        Self { row, field: field.into(), code, value: None }
    }

    fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.value = Some((name, value.to_string()));
        self
    }
}

/// What becomes of one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned<T> {
    /// Place of the row in the request.
    pub row: usize,
    /// The state before; none if the row creates.
    pub before: Option<Arc<T>>,
    /// The state after; where nothing changes, the one before.
    pub after: Arc<T>,
    /// Names of the fields that change; empty if the row creates or changes nothing.
    pub fields: Vec<&'static str>,
}

impl<T> Planned<T> {
    /// Whether there is anything to keep.
    pub fn is_change(&self) -> bool {
        self.before.is_none() || !self.fields.is_empty()
    }
}

/// What an import comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan<T> {
    /// Every row that stands, also those that change nothing.
    pub rows: Vec<Planned<T>>,
    /// Every fault, in the order of the rows.
    pub faults: Vec<Fault>,
    /// What somebody should look at in the rows that stand, in their order.
    pub warnings: Vec<Fault>,
}

/// Whether so many terminations at once look like a broken file: more than ten people and more
/// than one in twenty.
pub fn is_mass_deactivation(terminated: usize, active: usize) -> bool {
    terminated > 10 && terminated * 20 > active
}

impl Plan<Employee> {
    /// How many people who work here today would leave, or leave sooner than known.
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

    /// Those known before who will have a last day that nobody knew, each with the place of the row.
    pub fn leavers(&self, from: NaiveDate) -> HashMap<EmployeeId, usize> {
        let last_day = |person: &Employee| person.employments.at_hand(from).last_day();
        let leaves = |row: &&Planned<Employee>| {
            let before = row.before.as_deref();
            before.is_some_and(|before| last_day(before) != last_day(&row.after))
                && last_day(&row.after).is_some()
        };
        self.rows.iter().filter(leaves).map(|row| (row.after.id, row.row)).collect()
    }

    /// Warns on the rows of leavers of how many people they would still manage, of those who report
    /// to them in `reports` and those whom the rows themselves place under them.
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

    /// Warns on the rows that name a manager who does not work here when the line begins.
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

/// Something that stands in a line.
trait Node {
    const KEY: &'static str;
    const PARENT: &'static str;
    fn id(&self) -> Uuid;
    fn key(&self) -> &str;
    fn parent(&self) -> Option<Uuid>;
    fn since(&self) -> NaiveDate;
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

impl Node for Unit {
    const KEY: &'static str = "code";
    const PARENT: &'static str = "parent_code";
    fn id(&self) -> Uuid {
        self.unit.id.uuid()
    }
    fn key(&self) -> &str {
        &self.unit.code
    }
    fn parent(&self) -> Option<Uuid> {
        self.unit.parent_id.map(OrgUnitId::uuid)
    }
    fn since(&self) -> NaiveDate {
        self.unit.effective_from.unwrap_or_default()
    }
}

/// Plans an import of people. `new_id` makes ids for whoever and whatever is new.
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

/// What everybody is planned with.
struct Planner<'a> {
    staff: &'a Staff,
    numbers: &'a HashMap<String, EmployeeId>,
    terms: &'a Terms,
}

impl Planner<'_> {
    /// Plans one row about the person `id`. Nothing is copied of whoever stays as they are: that is
    /// nearly everybody, each night.
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
            found.faults.push(Fault::new(row.row, Employee::KEY, "conflict_of_interest"));
        }
        let after = Arc::new(wanted.changed(known, self.terms, new_id));
        Planned { row: row.row, before, after, fields }
    }
}

/// What is found in one row.
#[derive(Default)]
struct Found {
    faults: Vec<Fault>,
    warnings: Vec<Fault>,
}

/// A person as a row wants them: what it says, and what is known where it says nothing.
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

    /// Leaves somebody who works here no more in the place held last, and tells of a row that says
    /// otherwise.
    fn stay(&mut self, held: &'r Assignment, warnings: &mut Vec<Fault>) {
        for field in self.moves(Some(held)) {
            warnings.push(Fault::new(self.row.row, sent_as(field), "not_employed"));
        }
        self.org_unit_id = held.org_unit_id;
        self.position_id = held.position_id;
        self.manager_id = held.manager_id;
        self.job_title = held.job_title.as_deref();
    }

    /// Names of the fields in which the place is another than the one held.
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

    /// Names of the fields in which somebody known is different.
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

    /// Someone new.
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

    /// Somebody known, changed. What changes of the assignment holds from the day of the import on,
    /// or from the first day of an employment that is new or still to come.
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

    /// An assignment that begins on the first working day, as with anyone hired one by one.
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

/// The name under which a row gives a field of an assignment.
fn sent_as(field: &'static str) -> &'static str {
    match field {
        "org_unit_id" => "org_unit_code",
        "position_id" => "position_code",
        "manager_id" => Employee::PARENT,
        other => other,
    }
}

/// The employments of a row's person, as it tells them.
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

/// The ids that somebody holds, in the order of systems, with those a row gives or takes away.
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

/// Follows the references of one row.
struct Look<'f> {
    row: usize,
    faults: &'f mut Vec<Fault>,
}

impl Look<'_> {
    fn up<T: Copy>(
        &mut self,
        code: &Given<String>,
        field: &str,
        known: &HashMap<String, T>,
        found: &mut Option<T>,
    ) {
        match code {
            None => {}
            Some(None) => *found = None,
            Some(Some(code)) => match known.get(code) {
                Some(&target) => *found = Some(target),
                None => self
                    .faults
                    .push(Fault::new(self.row, field, "unknown_reference").with("value", code)),
            },
        }
    }
}

/// Claims to ids in other systems that somebody else holds or claims as well.
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

/// Plans an import of org units. `new_id` makes ids for new ones.
pub fn plan_units(
    tree: Tree,
    rows: &[UnitRow],
    terms: &Terms,
    new_id: &mut dyn FnMut() -> Uuid,
) -> Plan<Unit> {
    let Tree { mut units, lines } = tree;
    let mut codes: HashMap<String, OrgUnitId> =
        units.iter().map(|(code, unit)| (code.clone(), unit.unit.id)).collect();
    let mut kinds: HashMap<Uuid, OrgUnitKind> =
        units.values().map(|unit| (unit.id(), unit.unit.kind)).collect();
    for row in rows {
        let id = *codes.entry(row.code.clone()).or_insert_with(|| new_id().into());
        kinds.insert(id.uuid(), row.kind);
    }
    let children: Vec<(Uuid, Uuid)> =
        units.values().filter_map(|unit| Some((unit.id(), unit.parent()?))).collect();
    let mut draft = Draft::new(rows.len());
    for row in rows {
        let before = units.remove(&row.code).map(Arc::new);
        let mut faults = Vec::new();
        let planned = plan_unit(&codes, codes[&row.code], before, row, terms, &mut faults);
        let kind = planned.after.unit.kind;
        // On a day in the past a unit may sit under one that has been deleted since.
        let fits = match planned.after.parent() {
            None => kind == OrgUnitKind::Company,
            Some(parent) => kinds.get(&parent).is_none_or(|&above| kind.may_sit_under(above)),
        };
        if faults.is_empty() && !fits {
            faults.push(Fault::new(row.row, Unit::PARENT, "not_allowed"));
        }
        draft.add(planned, faults);
    }
    draft.refuse_doubles();
    let names = || codes.iter().map(|(code, id)| (id.uuid(), code.as_str())).collect();
    draft.settle(&lines, terms, &names, &|draft| kind_faults(draft, &children, &kinds));
    draft.finish()
}

fn plan_unit(
    codes: &HashMap<String, OrgUnitId>,
    id: OrgUnitId,
    before: Option<Arc<Unit>>,
    row: &UnitRow,
    terms: &Terms,
    faults: &mut Vec<Fault>,
) -> Planned<Unit> {
    let known = before.as_deref().cloned();
    let mut after = known.unwrap_or_else(|| Unit {
        unit: OrgUnit {
            id,
            code: row.code.clone(),
            name: String::new(),
            kind: row.kind,
            parent_id: None,
            effective_from: Some(terms.from),
            version: 1,
            created_at: terms.now,
            updated_at: terms.now,
            deleted_at: None,
        },
        until: None,
    });
    let unit = &mut after.unit;
    unit.name.clone_from(&row.name);
    unit.kind = row.kind;
    let mut look = Look { row: row.row, faults };
    look.up(&row.parent_code, Unit::PARENT, codes, &mut unit.parent_id);
    if unit.parent_id == Some(id) {
        faults.push(Fault::new(row.row, Unit::PARENT, "self_reference"));
    }
    let mut fields = Vec::new();
    if let Some(Unit { unit: before, .. }) = before.as_deref() {
        let changed = [
            ("name", before.name != unit.name),
            ("kind", before.kind != unit.kind),
            ("parent_id", before.parent_id != unit.parent_id),
        ];
        fields.extend(changed.into_iter().filter_map(|(name, differs)| differs.then_some(name)));
        if before.parent_id != unit.parent_id {
            unit.effective_from = unit.effective_from.max(Some(terms.from));
        }
        if !fields.is_empty() {
            unit.version += 1;
            unit.updated_at = terms.now;
        }
    }
    Planned { row: row.row, before, after: Arc::new(after), fields }
}

/// Units that change their kind over the heads of units which the rows do not name, and companies
/// beyond the one there may be.
fn kind_faults(
    draft: &Draft<Unit>,
    children: &[(Uuid, Uuid)],
    kinds: &HashMap<Uuid, OrgUnitKind>,
) -> Vec<(usize, Fault)> {
    let misplaced = children.iter().filter(|(child, parent)| {
        !draft.by_id.contains_key(child)
            && kinds.get(parent).is_some_and(|&above| !kinds[child].may_sit_under(above))
    });
    let parents: BTreeSet<usize> =
        misplaced.filter_map(|(_, parent)| draft.by_id.get(parent).copied()).collect();
    let companies = kinds.values().filter(|&&kind| kind == OrgUnitKind::Company).count();
    let new_company = |row: &Planned<Unit>| {
        let was = row.before.as_ref().map(|before| before.unit.kind);
        row.after.unit.kind == OrgUnitKind::Company && was != Some(OrgUnitKind::Company)
    };
    draft
        .standing()
        .filter(|(index, row)| parents.contains(index) || (companies > 1 && new_company(row)))
        .map(|(index, row)| (index, Fault::new(row.row, "kind", "not_allowed")))
        .collect()
}

/// A plan in the making: rows stand until a fault takes them out.
struct Draft<T> {
    rows: Vec<Option<Planned<T>>>,
    places: Vec<usize>,
    keys: Vec<String>,
    by_id: HashMap<Uuid, usize>,
    created: HashSet<Uuid>,
    parents: Vec<Option<Uuid>>,
    faults: Vec<Fault>,
    warnings: Vec<Fault>,
}

impl<T: Node> Draft<T> {
    fn new(capacity: usize) -> Self {
        Self {
            rows: Vec::with_capacity(capacity),
            places: Vec::with_capacity(capacity),
            keys: Vec::with_capacity(capacity),
            by_id: HashMap::with_capacity(capacity),
            created: HashSet::new(),
            parents: Vec::with_capacity(capacity),
            faults: Vec::new(),
            warnings: Vec::new(),
        }
    }

    fn add(&mut self, planned: Planned<T>, faults: Vec<Fault>) {
        let (index, after) = (self.rows.len(), &planned.after);
        self.places.push(planned.row);
        self.keys.push(after.key().to_owned());
        self.parents.push(after.parent());
        let first = *self.by_id.entry(after.id()).or_insert(index) == index;
        if first && planned.before.is_none() {
            self.created.insert(after.id());
        }
        self.rows.push(faults.is_empty().then_some(planned));
        self.faults.extend(faults);
    }

    fn standing(&self) -> impl Iterator<Item = (usize, &Planned<T>)> {
        self.rows.iter().enumerate().filter_map(|(index, row)| Some((index, row.as_ref()?)))
    }

    fn fail(&mut self, faults: Vec<(usize, Fault)>) -> bool {
        let found = !faults.is_empty();
        for (index, fault) in faults {
            self.rows[index] = None;
            self.faults.push(fault);
        }
        found
    }

    /// Rows with one key contradict each other, whichever comes first.
    fn refuse_doubles(&mut self) {
        let mut indices = HashMap::<&str, Vec<usize>>::with_capacity(self.keys.len());
        for (index, key) in self.keys.iter().enumerate() {
            indices.entry(key).or_default().push(index);
        }
        let doubles = indices.into_values().filter(|indices| indices.len() > 1).flatten();
        let faults = doubles
            .map(|index| {
                let fault = Fault::new(self.places[index], T::KEY, "duplicate_in_request");
                (index, fault.with("value", &self.keys[index]))
            })
            .collect();
        self.fail(faults);
    }

    /// Takes out what cannot stand, once or until everything left stands together.
    fn settle<'n>(
        &mut self,
        lines: &[Line],
        terms: &Terms,
        names: &dyn Fn() -> HashMap<Uuid, &'n str>,
        further: &dyn Fn(&Self) -> Vec<(usize, Fault)>,
    ) {
        loop {
            if !terms.atomic {
                self.cascade();
            }
            let faults = further(self);
            let mut failed = self.fail(faults);
            let faults = self.tree_faults(lines, terms.from, names);
            failed |= self.fail(faults);
            if terms.atomic || !failed {
                return;
            }
        }
    }

    /// Fails whatever refers to someone new whose own row has failed.
    fn cascade(&mut self) {
        let lost = |draft: &Self, id: &Uuid| {
            draft.created.contains(id) && draft.rows[draft.by_id[id]].is_none()
        };
        let mut lost_ids: Vec<Uuid> =
            self.created.iter().filter(|id| lost(self, id)).copied().collect();
        let mut dependents = HashMap::<Uuid, Vec<usize>>::new();
        for (index, parent) in self.parents.iter().enumerate() {
            if let Some(parent) = parent.filter(|parent| self.created.contains(parent)) {
                dependents.entry(parent).or_default().push(index);
            }
        }
        while let Some(id) = lost_ids.pop() {
            let key = self.keys[self.by_id[&id]].clone();
            for index in dependents.remove(&id).unwrap_or_default() {
                let Some(planned) = self.rows[index].take() else { continue };
                if planned.before.is_none() {
                    lost_ids.push(planned.after.id());
                }
                let fault = Fault::new(planned.row, T::PARENT, "unknown_reference");
                self.faults.push(fault.with("value", &key));
            }
        }
    }

    fn tree_faults<'n>(
        &self,
        lines: &[Line],
        from: NaiveDate,
        names: &dyn Fn() -> HashMap<Uuid, &'n str>,
    ) -> Vec<(usize, Fault)> {
        let moved: HashMap<Uuid, (usize, &T)> = self
            .standing()
            .filter(|(_, row)| row.before.as_ref().is_none_or(|b| b.parent() != row.after.parent()))
            .map(|(index, row)| (row.after.id(), (index, &*row.after)))
            .collect();
        if moved.is_empty() {
            return Vec::new();
        }
        let created = moved.values().filter(|(_, node)| self.created.contains(&node.id()));
        let created = created.map(|(_, node)| Line {
            child: node.id(),
            from: node.since(),
            until: None,
            parent: None,
        });
        let lines: Vec<Line> = lines.iter().copied().chain(created).collect();
        let days: BTreeSet<NaiveDate> =
            lines.iter().map(|line| line.from.max(from)).chain([from]).collect();
        for day in days {
            let parent_of = tree_on(day, &lines, &moved);
            let found = check_tree(&parent_of);
            if !found.is_empty() {
                let names = names();
                return found
                    .iter()
                    .flat_map(|fault| self.blame(fault, &parent_of, &moved, &names))
                    .collect();
            }
        }
        Vec::new()
    }

    /// The rows that cause a fault of the tree.
    fn blame(
        &self,
        fault: &TreeFault<Uuid>,
        parent_of: &HashMap<Uuid, Uuid>,
        moved: &HashMap<Uuid, (usize, &T)>,
        names: &HashMap<Uuid, &str>,
    ) -> Vec<(usize, Fault)> {
        let at = |index: usize, code| Fault::new(self.places[index], T::PARENT, code);
        match fault {
            TreeFault::Loop(members) => {
                let ring = members.iter().chain(members.first());
                let ring: Vec<&str> =
                    ring.map(|id| names.get(id).copied().unwrap_or("?")).collect();
                let ring = ring.join(" → ");
                let rows = members.iter().filter_map(|id| moved.get(id));
                rows.map(|&(index, _)| (index, at(index, "reporting_loop").with("loop", &ring)))
                    .collect()
            }
            TreeFault::TooDeep(deepest) => {
                let mut upward = std::iter::successors(Some(deepest), |id| parent_of.get(id));
                let nearest = upward.find_map(|id| moved.get(id));
                nearest
                    .map(|&(index, _)| (index, at(index, "depth_exceeded").with("max", MAX_DEPTH)))
                    .into_iter()
                    .collect()
            }
        }
    }

    fn finish(mut self) -> Plan<T> {
        self.faults.sort_by_key(|fault| fault.row);
        let rows: Vec<Planned<T>> = self.rows.into_iter().flatten().collect();
        let mut warnings = self.warnings;
        if !warnings.is_empty() {
            let standing: HashSet<usize> = rows.iter().map(|planned| planned.row).collect();
            warnings.retain(|warning| standing.contains(&warning.row));
        }
        Plan { rows, faults: self.faults, warnings }
    }
}

/// Who stands under whom on a day, once everything has moved.
fn tree_on<T: Node>(
    day: NaiveDate,
    lines: &[Line],
    moved: &HashMap<Uuid, (usize, &T)>,
) -> HashMap<Uuid, Uuid> {
    let parent = |line: &Line| match moved.get(&line.child) {
        Some((_, node)) if line.holds(node.since()) && node.since() <= day => node.parent(),
        _ => line.parent,
    };
    lines
        .iter()
        .filter(|line| line.holds(day))
        .filter_map(|line| Some((line.child, parent(line)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    fn day(number: u64) -> NaiveDate {
        NaiveDate::default() + chrono::Days::new(number)
    }

    fn terms(atomic: bool) -> Terms {
        Terms { from: day(100), now: Timestamp::UNIX_EPOCH, atomic, closed: Vec::new() }
    }

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

    /// What exists after a plan is kept, for rows that name everyone.
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

    fn codes<T>(plan: &Plan<T>) -> Vec<(usize, &'static str)> {
        plan.faults.iter().map(|fault| (fault.row, fault.code)).collect()
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
    fn nobody_changes_their_own_record_but_may_send_it_as_it_is() {
        let rows = [row(0, "E1", None)];
        let staff = kept(plan(Staff::default(), &rows, &terms(true)));
        let own = Terms { closed: vec![staff.numbers["E1"]], ..terms(true) };
        assert_eq!(codes(&plan(staff.clone(), &rows, &own)), []);
        let raised = PersonRow { job_title: Some(Some("CEO".into())), ..row(0, "E1", None) };
        assert_eq!(codes(&plan(staff, &[raised], &own)), [(0, "conflict_of_interest")]);
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

    fn unit(place: usize, code: &str, kind: OrgUnitKind, parent: Option<&str>) -> UnitRow {
        UnitRow {
            row: place,
            code: code.to_owned(),
            name: code.to_owned(),
            kind,
            parent_code: Some(parent.map(str::to_owned)),
        }
    }

    #[test]
    fn units_must_sit_where_their_kind_belongs_under_one_company() {
        use OrgUnitKind::{Company, Department, Division, Team};
        let mut number = 0;
        let mut new_id = || {
            number += 1;
            Uuid::from_u128(number)
        };
        let good = [
            unit(0, "T", Team, Some("D")),
            unit(1, "D", Department, Some("CO")),
            unit(2, "CO", Company, None),
        ];
        assert_eq!(codes(&plan_units(Tree::default(), &good, &terms(true), &mut new_id)), []);
        let bad = [
            unit(0, "CO", Company, None),
            unit(1, "C2", Company, None),
            unit(2, "V", Division, Some("CO")),
            unit(3, "W", Division, Some("V")),
            unit(4, "X", Department, None),
        ];
        assert_eq!(
            codes(&plan_units(Tree::default(), &bad, &terms(true), &mut new_id)),
            [(0, "not_allowed"), (1, "not_allowed"), (3, "not_allowed"), (4, "not_allowed")]
        );
    }
}
