//! Use cases of employees: reading, hiring, changes, assignments, termination and reinstatement.

use super::audit_details;
use super::duties::DutyCounts;
use super::powers::follow_employment;
use super::views::{
    EmployeePatch, EmployeeView, ExternalIdView, NewAssignment, NewEmployee, NewEmployment,
    NewReinstatement, NewTermination,
};
use crate::platform::caller::Actor;
use crate::platform::problem::Violation;
use crate::platform::refusal::{Refusal, line_fault};
use crate::platform::reply::Reply;
use crate::platform::seen::Seen;
use crate::platform::words::Told;
use chrono::{DateTime, NaiveDate, Utc};
use domain::core::change::{Change, Record};
use domain::core::history::{Insertion, insert_stretch};
use domain::core::id::{AssignmentId, EmployeeId, OrgUnitId, PositionId};
use domain::core::text::TextEnum;
use domain::core::time::Period;
use domain::core::tree::{Height, TreeFault, check_line};
use domain::people::employment::{Employment, EmploymentFault, EmploymentStatus, Employments};
use domain::people::org::{Assignment, Employee, EmployeeAction, ExternalId};
use domain::policy::{
    Action, FIELD_MASKED, Mask, Permit, Relations, Sealed, Target, Visibility, authorise, decide,
    relations_matter, visibility,
};
use persistence::{DbError, EmployeeFilter, Page, Store};
use uuid::Uuid;

/// The action of reading a person on a day. Any other day than today belongs to the history.
pub(super) fn reading(actor: &Actor, day: NaiveDate) -> Action {
    if day == actor.today { Action::EmployeeRead } else { Action::EmployeeHistory }
}

/// Opens a person like [`Actor::open`], and returns the caller's relation to the person as well.
pub(super) fn open(
    store: &mut dyn Store,
    actor: &Actor,
    action: Action,
    sealed: Option<Sealed<Employee>>,
) -> Result<(Employee, Permit, Target), Refusal> {
    actor.open_related(store, action, sealed, actor.today)
}

/// Opens a person as of today, if the caller may change it and has read its current version.
fn open_to_write(
    store: &mut dyn Store,
    actor: &Actor,
    id: EmployeeId,
    seen: &Seen,
) -> Result<(Employee, Permit, Target), Refusal> {
    let sealed = store.employee(id, actor.today)?;
    let opened = open(store, actor, Action::EmployeeWrite, sealed)?;
    seen.check(opened.0.version)?;
    Ok(opened)
}

/// A person with the time of the last change.
pub type Changed = (EmployeeView, DateTime<Utc>);

/// One page of people as the caller may see them, each with the time of its last change; and, if that is
/// asked for, how many the whole list has.
pub fn list_employees(
    store: &mut dyn Store,
    actor: &Actor,
    mut filter: EmployeeFilter,
    page: &Page,
    is_counted: bool,
) -> Result<(Vec<Changed>, Option<i64>), Refusal> {
    let action = reading(actor, filter.as_of);
    let visible = visibility(&actor.subject, action, actor.today)?;
    narrow(&mut filter, &visible, page)?;
    let day = filter.as_of;
    let rows = store.employees(&filter, &visible, page)?;
    let view = |(sealed, relations): (Sealed<Employee>, Relations)| {
        let target = Target { relations, ..sealed.target(actor.today) };
        let permit = authorise(&actor.subject, action, &target)?;
        let employee = sealed.show(&permit)?;
        let changed = employee.outline().updated_at;
        Ok((EmployeeView::new(actor, &employee, &target, day), changed))
    };
    let rows = rows.into_iter().map(view).collect::<Result<_, Refusal>>()?;
    let count =
        |store: &mut dyn Store| store.count_employees(&filter, &visible, page.updated_since);
    Ok((rows, is_counted.then(|| count(store)).transpose()?))
}

/// Limits filter and order to the fields the caller may see of everyone in the list. Otherwise a
/// filter would disclose a masked field.
fn narrow(filter: &mut EmployeeFilter, visible: &Visibility, page: &Page) -> Result<(), Refusal> {
    if visible.everyone() != Some(Mask::Directory) {
        return Ok(());
    }
    let asks_for_state = filter.status.is_some_and(|status| status != EmploymentStatus::Active);
    if asks_for_state || filter.external_id.is_some() || page.updated_since.is_some() {
        return Err(Refusal::Forbidden(FIELD_MASKED));
    }
    filter.status = Some(EmploymentStatus::Active);
    Ok(())
}

/// Adds a person with the first assignment.
pub fn create_employee(
    store: &mut dyn Store,
    actor: &Actor,
    id: EmployeeId,
    assignment_id: AssignmentId,
    new: NewEmployee,
) -> Result<Reply<EmployeeView>, Refusal> {
    let start = new.effective_from.unwrap_or(new.hire_date);
    let assignment = Assignment {
        id: assignment_id,
        employee_id: id,
        period: Period { start, end: None },
        org_unit_id: new.org_unit_id.map(OrgUnitId::from),
        position_id: new.position_id.map(PositionId::from),
        job_title: new.job_title,
        manager_id: new.manager_id.map(EmployeeId::from),
    };
    let (permit, target) = may_place(store, actor, &assignment)?;
    let employee = Employee {
        id,
        employee_number: new.employee_number,
        name: new.name,
        email: new.email,
        employments: Employments::since(new.hire_date),
        assignment: Some(assignment.clone()),
        external_ids: sorted(new.external_ids),
        version: 1,
        created_at: actor.now,
        updated_at: actor.now,
    };
    must_be_employed(&employee, &assignment)?;
    store.lock_lines()?;
    check_references(store, actor, &assignment)?;
    let alone = [Height { levels: 1, days: assignment.period }];
    check_manager(store, &employee, &assignment, &alone)?;
    let record =
        audit_details::person(Record::new("employee.created", id, permit.rule()), None, &employee);
    let record = audit_details::assigned(record, None, &assignment);
    store
        .create_employee(Change::new(employee.clone(), record))
        .map_err(|error| taken(error, &employee))?;
    let shown = Employee {
        assignment: Some(assignment).filter(|first| first.period.contains(actor.today)),
        ..employee
    };
    let shown = Sealed::new(shown).show(&permit)?;
    let view = EmployeeView::new(actor, &shown, &target, actor.today);
    Ok(Reply::created(view, 1, format!("/v1/employees/{id}")))
}

/// Changes a person if the caller has read its current version.
pub fn update_employee(
    store: &mut dyn Store,
    actor: &Actor,
    id: EmployeeId,
    seen: &Seen,
    patch: EmployeePatch,
) -> Result<Reply<EmployeeView>, Refusal> {
    if patch.hire_date.is_some() {
        store.lock_lines()?;
    }
    let (before, permit, target) = open_to_write(store, actor, id, seen)?;
    let address = before.email.clone();
    let external_ids = patch.external_ids.map(sorted);
    let after = Employee {
        employee_number: patch.employee_number.unwrap_or_else(|| before.employee_number.clone()),
        name: patch.name.unwrap_or_else(|| before.name.clone()),
        email: patch.email.unwrap_or_else(|| before.email.clone()),
        employments: match patch.hire_date {
            Some(first) => hired_on(&before.employments, first, actor)?,
            None => before.employments.clone(),
        },
        external_ids: external_ids.unwrap_or_else(|| before.external_ids.clone()),
        ..changed(&before, actor)
    };
    let record = Record::new("employee.updated", id, permit.rule());
    if before.employments == after.employments {
        let record = audit_details::person(record, Some(&before), &after);
        store
            .update_employee(&before, Change::new(after.clone(), record))
            .map_err(|error| taken(error, &after))?;
    } else {
        employ(store, actor, record, &before, &after)?;
    }
    if address != after.email {
        store.note_email_change(&[id], actor.subject.principal.id())?;
    }
    if before.external_ids != after.external_ids {
        store
            .replace_external_ids(id, &after.external_ids)
            .map_err(|error| taken(error, &after))?;
    }
    reply(actor, after, &permit, &target)
}

/// Gives a person another unit, job or manager from a day on.
pub fn assign_employee(
    store: &mut dyn Store,
    actor: &Actor,
    id: EmployeeId,
    seen: &Seen,
    assignment_id: AssignmentId,
    new: NewAssignment,
) -> Result<Reply<EmployeeView>, Refusal> {
    let (before, permit, target) = open_to_write(store, actor, id, seen)?;
    store.lock_lines()?;
    let history = store.assignments(id, &Page::ALL)?;
    let insertion = insert_stretch(
        history.iter().map(|assignment| assignment.period.start),
        new.effective_from,
    );
    let was = history.iter().find(|other| other.period.contains(new.effective_from));
    let was_replaced = was.filter(|_| insertion.replaced);
    let assignment = Assignment {
        id: was_replaced.map_or(assignment_id, |replaced| replaced.id),
        employee_id: id,
        period: insertion.period,
        org_unit_id: match new.org_unit_id {
            Some(unit) => unit.map(OrgUnitId::from),
            None => was.and_then(|was| was.org_unit_id),
        },
        position_id: match new.position_id {
            Some(position) => position.map(PositionId::from),
            None => was.and_then(|was| was.position_id),
        },
        job_title: match new.job_title {
            Some(title) => title,
            None => was.and_then(|was| was.job_title.clone()),
        },
        manager_id: match new.manager_id {
            Some(manager) => manager.map(EmployeeId::from),
            None => was.and_then(|was| was.manager_id),
        },
    };
    may_place(store, actor, &assignment)?;
    must_be_employed(&before, &assignment)?;
    check_references(store, actor, &assignment)?;
    reassign(store, &before, &assignment, &insertion)?;
    let record = Record::new("employee.assigned", id, permit.rule());
    let record = audit_details::assigned(record, was, &assignment);
    let mut after = changed(&before, actor);
    if assignment.period.contains(actor.today) {
        after.assignment = Some(assignment);
    }
    store.update_employee(&before, Change::new(after.clone(), record))?;
    reply(actor, after, &permit, &target)
}

/// Sets the last working day of an employment that is not over.
pub fn terminate_employee(
    store: &mut dyn Store,
    actor: &Actor,
    id: EmployeeId,
    seen: &Seen,
    termination: &NewTermination,
) -> Result<Reply<EmployeeView>, Refusal> {
    store.lock_lines()?;
    let (before, permit, target) = open_to_write(store, actor, id, seen)?;
    require(&before, EmployeeAction::Termination, actor)?;
    let NewTermination { last_day, reason } = termination;
    let held = before.employments.at_hand(actor.today);
    let mut ended = Employment::lasting(held.hire_date(), Some(*last_day));
    ended.reason = Some(reason.clone());
    let employments = before.employments.changed(held.hire_date(), ended);
    let employments = employments.map_err(|fault| employment_fault("/last_day", fault))?;
    let after = Employee { employments, ..changed(&before, actor) };
    let record = Record::new("employee.terminated", id, permit.rule()).because(reason);
    employ(store, actor, record, &before, &after)?;
    let version = after.version;
    let after = Sealed::new(after).show(&permit)?;
    let mut view = EmployeeView::new(actor, &after, &target, actor.today);
    if decide(&actor.subject, Action::EmployeeDuties, &target).permit.is_some() {
        view.open_duties = DutyCounts::open(store, actor, id)?;
    }
    Ok(Reply::changed(view, version))
}

/// Removes the last working day of a person.
pub fn reinstate_employee(
    store: &mut dyn Store,
    actor: &Actor,
    id: EmployeeId,
    seen: &Seen,
    reinstatement: &NewReinstatement,
) -> Result<Reply<EmployeeView>, Refusal> {
    store.lock_lines()?;
    let (before, permit, target) = open_to_write(store, actor, id, seen)?;
    require(&before, EmployeeAction::Reinstatement, actor)?;
    let first = before.employments.at_hand(actor.today).hire_date();
    let employments = before.employments.changed(first, Employment::since(first));
    let employments = employments.map_err(|fault| employment_fault("", fault))?;
    let after = Employee { employments, ..changed(&before, actor) };
    let record = Record::new("employee.reinstated", id, permit.rule());
    employ(store, actor, record.because(&reinstatement.reason), &before, &after)?;
    reply(actor, after, &permit, &target)
}

/// Adds an employment for a person whose last working day is known, under the same employee number
/// or a new one.
pub fn rehire_employee(
    store: &mut dyn Store,
    actor: &Actor,
    id: EmployeeId,
    seen: &Seen,
    new: NewEmployment,
) -> Result<Reply<EmployeeView>, Refusal> {
    store.lock_lines()?;
    let (before, permit, target) = open_to_write(store, actor, id, seen)?;
    require(&before, EmployeeAction::Employment, actor)?;
    if new.last_day.is_some_and(|last| last < new.hire_date) {
        return Err(Refusal::invalid("/last_day", "period_invalid"));
    }
    let employments = before.employments.with(Employment::lasting(new.hire_date, new.last_day));
    let employments = employments.map_err(|fault| employment_fault("/hire_date", fault))?;
    let number = new.employee_number.unwrap_or_else(|| before.employee_number.clone());
    let after = Employee { employee_number: number, employments, ..changed(&before, actor) };
    let mut record = Record::new("employee.rehired", id, permit.rule());
    record.reason = new.reason;
    employ(store, actor, record, &before, &after)?;
    reply(actor, after, &permit, &target)
}

/// Saves a person whose employments have changed, and adjusts roles and sessions.
fn employ(
    store: &mut dyn Store,
    actor: &Actor,
    record: Record,
    before: &Employee,
    after: &Employee,
) -> Result<(), Refusal> {
    let state = |employee: &Employee| employee.status(actor.today).as_str();
    let record =
        audit_details::person(record, Some(before), after).transition(state(before), state(after));
    let rule = record.rule;
    store
        .update_employee(before, Change::new(after.clone(), record))
        .map_err(|error| taken(error, after))?;
    store.save_employments(after)?;
    follow_employment(store, actor, rule, [(before, after)].into_iter())
}

/// The employments with another first working day for the one shown today.
fn hired_on(
    employments: &Employments,
    first: NaiveDate,
    actor: &Actor,
) -> Result<Employments, Refusal> {
    let held = employments.shown(actor.today);
    let period = Period { start: first, ..held.period };
    let corrected = Employment { period, reason: held.reason.clone() };
    employments
        .changed(held.hire_date(), corrected)
        .map_err(|fault| employment_fault("/hire_date", fault))
}

/// The refusal of invalid employments, at a property of the request.
fn employment_fault(pointer: &'static str, fault: EmploymentFault) -> Refusal {
    match fault {
        EmploymentFault::Overlap(other) => Refusal::Invalid(vec![
            Violation::new(pointer, "employment_overlap").with("period", other),
        ]),
        EmploymentFault::Reversed | EmploymentFault::None => {
            Refusal::invalid(pointer, "period_invalid")
        }
    }
}

/// Refuses an assignment that begins on a day on which the person is not employed.
fn must_be_employed(employee: &Employee, assignment: &Assignment) -> Result<(), Refusal> {
    match employee.employments.on(assignment.period.start) {
        Some(_) => Ok(()),
        None => Err(Refusal::invalid("/effective_from", "not_employed")),
    }
}

/// The refusal when the state of a person does not allow an action.
fn require(employee: &Employee, action: EmployeeAction, actor: &Actor) -> Result<(), Refusal> {
    let possible = employee.possible_actions(actor.today);
    if possible.contains(&action) {
        return Ok(());
    }
    Err(Refusal::StateConflict {
        current_state: Told::new(employee.status(actor.today)),
        allowed_actions: Told::all(possible),
    })
}

fn changed(employee: &Employee, actor: &Actor) -> Employee {
    Employee { version: employee.version + 1, updated_at: actor.now, ..employee.clone() }
}

fn reply(
    actor: &Actor,
    after: Employee,
    permit: &Permit,
    target: &Target,
) -> Result<Reply<EmployeeView>, Refusal> {
    let version = after.version;
    let after = Sealed::new(after).show(permit)?;
    Ok(Reply::changed(EmployeeView::new(actor, &after, target, actor.today), version))
}

/// Whether the caller may write a person with this assignment. A caller limited to some units may
/// neither hire into other units nor move people to them.
fn may_place(
    store: &mut dyn Store,
    actor: &Actor,
    assignment: &Assignment,
) -> Result<(Permit, Target), Refusal> {
    let about = assignment.employee_id;
    let mut target = Target { id: about.uuid(), about: Some(about), ..Target::default() };
    if let (true, Some(unit)) =
        (relations_matter(&actor.subject, Action::EmployeeWrite, &target), assignment.org_unit_id)
    {
        let first = assignment.period.start;
        let line = store.units_above(unit, None, Period { start: first, end: Some(first) })?;
        let own = actor.subject.units_of_interest();
        target.relations.in_units = line.iter().any(|reach| own.contains(&reach.node));
    }
    let decision = decide(&actor.subject, Action::EmployeeWrite, &target);
    match decision.permit {
        Some(permit) => Ok((permit, target)),
        None => Err(Refusal::Forbidden(decision.rule)),
    }
}

/// Saves an assignment, unless the reporting line would form a loop or be too deep.
pub fn reassign(
    store: &mut dyn Store,
    person: &Employee,
    assignment: &Assignment,
    insertion: &Insertion,
) -> Result<(), Refusal> {
    let below = store.levels_of_people(person.id, assignment.period)?;
    check_manager(store, person, assignment, &below)?;
    Ok(store.assign(assignment, insertion)?)
}

/// Refuses a manager who is not employed when the assignment begins, or today if it has begun:
/// nobody may report to a person who has left.
pub fn check_leader(
    store: &mut dyn Store,
    actor: &Actor,
    assignment: &Assignment,
) -> Result<(), Refusal> {
    let Some(manager) = assignment.manager_id else { return Ok(()) };
    let Period { start, end } = assignment.period;
    let day = end.map_or(actor.today, |end| end.min(actor.today)).max(start);
    must_work_here(store, manager, day)
}

/// Refuses a manager who is not employed on a day.
pub fn must_work_here(
    store: &mut dyn Store,
    manager: EmployeeId,
    day: NaiveDate,
) -> Result<(), Refusal> {
    if store.not_employed(&[manager], day)?.is_empty() {
        return Ok(());
    }
    let fault = Violation::new("/manager_id", "manager_not_employed").with("day", day);
    Err(Refusal::Invalid(vec![fault]))
}

/// Refuses an assignment that refers to missing records, listing all of them; then whatever
/// [`check_leader`] refuses.
fn check_references(
    store: &mut dyn Store,
    actor: &Actor,
    assignment: &Assignment,
) -> Result<(), Refusal> {
    let known = store.known(assignment)?;
    let named = [
        ("/org_unit_id", assignment.org_unit_id.map(Uuid::from), known.org_unit),
        ("/position_id", assignment.position_id.map(Uuid::from), known.position),
        ("/manager_id", assignment.manager_id.map(Uuid::from), known.manager),
    ];
    let unknown: Vec<_> = named
        .into_iter()
        .filter(|(_, _, known)| !known)
        .filter_map(|(pointer, id, _)| {
            Some(Violation::new(pointer, "unknown_reference").with("value", id?))
        })
        .collect();
    if !unknown.is_empty() {
        return Err(Refusal::Invalid(unknown));
    }
    check_leader(store, actor, assignment)
}

/// Refuses a manager who would make the reporting line a loop or too deep on any day.
fn check_manager(
    store: &mut dyn Store,
    employee: &Employee,
    assignment: &Assignment,
    below: &[Height],
) -> Result<(), Refusal> {
    let pointer = "/manager_id";
    let Some(manager) = assignment.manager_id else { return Ok(()) };
    if manager == employee.id {
        return Err(Refusal::ReportingLoop(vec![Violation::new(pointer, "self_reference")]));
    }
    let above = store.managers_above(manager, Some(employee.id), assignment.period)?;
    check_line(employee.id, &employee.employee_number, &above, below).map_err(|fault| {
        let violation = line_fault(pointer, &fault);
        match fault {
            TreeFault::Loop(_) => Refusal::ReportingLoop(vec![violation]),
            TreeFault::TooDeep(_) => Refusal::Invalid(vec![violation]),
        }
    })
}

/// External ids, sorted.
fn sorted(ids: Vec<ExternalIdView>) -> Vec<ExternalId> {
    let mut ids: Vec<_> = ids.into_iter().map(ExternalId::from).collect();
    ids.sort_unstable();
    ids
}

/// The refusal that names the key another employee already uses.
fn taken(error: DbError, employee: &Employee) -> Refusal {
    match &error {
        DbError::Duplicate { table, .. } if table == "employee" => {
            Refusal::taken(error, "/employee_number", &employee.employee_number)
        }
        _ => Refusal::taken(
            error,
            "/external_ids",
            &audit_details::texts(&employee.external_ids).join(", "),
        ),
    }
}
