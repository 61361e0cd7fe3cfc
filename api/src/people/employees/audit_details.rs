//! Audit details of a changed person: every changed field, with its value before and after.

use domain::core::change::Record;
use domain::people::employment::{Employment, Employments};
use domain::people::org::{Assignment, Employee, ExternalId};

/// Adds number, name, e-mail, external ids and the days of the last employment to a record. If
/// another employment changed, adds the days of all employments.
pub fn person(record: Record, before: Option<&Employee>, after: &Employee) -> Record {
    let text = |of: &dyn Fn(&Employee) -> Option<String>| (before.and_then(of), of(after));
    let number = text(&|person| Some(person.employee_number.clone()));
    let name = text(&|person| Some(person.name.clone()));
    let email = text(&|person| person.email.clone());
    let first = text(&|person| Some(person.employments.latest().hire_date().to_string()));
    let last = text(&|person| person.employments.latest().last_day().map(|day| day.to_string()));
    let external_ids = before.map_or_else(Vec::new, |before| texts(&before.external_ids));
    let record = record
        .field("employee_number", number.0, number.1)
        .field("name", name.0, name.1)
        .field("email", email.0, email.1)
        .field("hire_date", first.0, first.1)
        .field("termination_date", last.0, last.1)
        .field("external_ids", external_ids, texts(&after.external_ids));
    match before.map(|before| &before.employments) {
        Some(known) if is_about_more(known, &after.employments) => {
            record.field("employments", days(known), days(&after.employments))
        }
        _ => record,
    }
}

/// Adds the changes of an assignment, compared with the one in force before.
pub fn assigned(record: Record, was: Option<&Assignment>, now: &Assignment) -> Record {
    let unit = |a: &Assignment| a.org_unit_id.map(|id| id.to_string());
    let position = |a: &Assignment| a.position_id.map(|id| id.to_string());
    let title = |a: &Assignment| a.job_title.clone();
    let manager = |a: &Assignment| a.manager_id.map(|id| id.to_string());
    record
        .field("effective_from", None::<String>, now.period.start.to_string())
        .field("org_unit_id", was.and_then(unit), unit(now))
        .field("position_id", was.and_then(position), position(now))
        .field("job_title", was.and_then(title), title(now))
        .field("manager_id", was.and_then(manager), manager(now))
}

/// External ids as the audit log shows them.
pub fn texts(ids: &[ExternalId]) -> Vec<String> {
    ids.iter().map(|ExternalId { system, value }| format!("{system}:{value}")).collect()
}

/// Whether employments other than the last one have changed.
fn is_about_more(before: &Employments, after: &Employments) -> bool {
    let others = |all: &Employments| all.iter().rev().skip(1).cloned().collect::<Vec<Employment>>();
    others(before) != others(after)
}

fn days(employments: &Employments) -> Vec<String> {
    employments.iter().map(|employment| employment.period.to_string()).collect()
}
