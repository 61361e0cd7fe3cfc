//! What becomes of a person's powers when the employment begins or ends.

use crate::caller::Actor;
use crate::refusal::Refusal;
use crate::role_assignments::somebody_remains;
use chrono::NaiveDate;
use domain::account::{Role, RoleAssignment};
use domain::change::{Change, Record};
use domain::id::EmployeeId;
use domain::org::{Employee, EmploymentStatus};
use persistence::Store;

/// Lets powers follow employments that were changed and saved: the roles of who leaves end with the
/// last day, the sessions of who has left end at once, and who comes back signs in anew, without
/// the roles of before. With no more statements for many people than for one, but for roles that
/// end.
///
/// # Errors
/// 422 when the last HR administrator would go.
pub fn follow_employment<'e>(
    store: &mut dyn Store,
    actor: &Actor,
    rule: &'static str,
    changes: impl Iterator<Item = (&'e Employee, &'e Employee)>,
) -> Result<(), Refusal> {
    let (mut leaving, mut cut_off) = (Vec::<EmployeeId>::new(), Vec::<EmployeeId>::new());
    for (before, after) in changes {
        let last = after.termination_date;
        if before.termination_date == last {
            continue;
        }
        let has_left =
            |person: &Employee| person.status(actor.today) == EmploymentStatus::Terminated;
        if last.is_some() {
            leaving.push(after.id);
        }
        if last.is_none() || has_left(after) || has_left(before) {
            cut_off.push(after.id);
        }
    }
    let mut administrators = 0;
    for (role, last) in store.roles_beyond_employment(&leaving)? {
        administrators += usize::from(role.role == Role::HrAdmin);
        end_role(store, actor, rule, role, last)?;
    }
    for account in store.end_sessions_of(&cut_off, actor.now)? {
        let record = Record::new("account.sessions_revoked", account, rule);
        store.note(record.because("The employment has begun or ended"))?;
    }
    if administrators > 0 { somebody_remains(store, actor) } else { Ok(()) }
}

/// Ends a role with the last day of its holder; one that would begin later is revoked.
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
    Ok(store.update_role_assignment(Change::new(after, record))?)
}
