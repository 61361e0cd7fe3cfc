//! Adjusts a person's roles and sessions when an employment begins or ends.

use crate::access::role_assignments::somebody_remains;
use crate::platform::caller::Actor;
use crate::platform::refusal::Refusal;
use chrono::NaiveDate;
use domain::access::account::RoleAssignment;
use domain::core::change::{Change, Record};
use domain::core::id::EmployeeId;
use domain::people::employment::EmploymentStatus;
use domain::people::org::Employee;
use domain::policy::Role;
use persistence::Store;
use std::collections::HashMap;

/// Adjusts roles and sessions after employments were changed and saved. The roles of a leaver end
/// with the last working day, the sessions of a person who has left end at once, and a person who
/// comes back must sign in again, without the earlier roles. The number of statements does not grow
/// with the number of people, except for roles that end.
///
/// # Errors
/// 422 if no HR administrator would remain.
pub fn follow_employment<'e>(
    store: &mut dyn Store,
    actor: &Actor,
    rule: &'static str,
    changes: impl Iterator<Item = (&'e Employee, &'e Employee)>,
) -> Result<(), Refusal> {
    let (mut leaving, mut cut_off) = (HashMap::new(), Vec::<EmployeeId>::new());
    let mut gone = HashMap::new();
    for (before, after) in changes {
        let last = |person: &Employee| person.employments.at_hand(actor.today).last_day();
        let works_here = |person: &Employee| person.status(actor.today) == EmploymentStatus::Active;
        if last(before) == last(after) && works_here(before) == works_here(after) {
            continue;
        }
        if let Some(last) = last(after) {
            leaving.insert(after.id, last);
        }
        if works_here(before) && !works_here(after) {
            gone.insert(after.id, NaiveDate::MIN);
        }
        if last(after).is_none() || !works_here(after) || !works_here(before) {
            cut_off.push(after.id);
        }
    }
    let held = if gone.is_empty() { Vec::new() } else { store.roles_beyond(&gone)? };
    let administers = |(role, _): &&(RoleAssignment, NaiveDate)| {
        role.role == Role::HrAdmin && role.valid_to.is_none_or(|until| actor.today <= until)
    };
    let mut administrators = held.iter().filter(administers).count();
    for (role, last) in store.roles_beyond(&leaving)? {
        administrators += usize::from(role.role == Role::HrAdmin);
        end_role(store, actor, rule, role, last)?;
    }
    for account in store.end_sessions_of(&cut_off, actor.now)? {
        let record = Record::new("account.sessions_revoked", account, rule);
        store.note(record.because("The employment has begun or ended"))?;
    }
    if administrators > 0 { somebody_remains(store, actor) } else { Ok(()) }
}

/// Ends a role with the last day of its holder; a role that would begin later is revoked.
fn end_role(
    store: &mut dyn Store,
    actor: &Actor,
    rule: &'static str,
    before: RoleAssignment,
    last: NaiveDate,
) -> Result<(), Refusal> {
    let mut after = RoleAssignment { version: before.version + 1, updated_at: actor.now, ..before };
    let record = if before.valid_from <= last {
        after.valid_to = Some(last);
        let day = |day: Option<NaiveDate>| day.map(|day| day.to_string());
        Record::new("role_assignment.ended", before.id, rule).field(
            "valid_to",
            day(before.valid_to),
            day(after.valid_to),
        )
    } else {
        after.deleted_at = Some(actor.now);
        Record::new("role_assignment.deleted", before.id, rule)
    };
    Ok(store.update(Change::new(after, record))?)
}
