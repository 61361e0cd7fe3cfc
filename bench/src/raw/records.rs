//! The records that the raw side stores about what happens, as large as the product's.

use super::{Renamed, Submitted};
use crate::people::Person;
use uuid::Uuid;

/// Something that happened. Its audit entry and event are as long as the product's.
pub struct Act {
    pub action: &'static str,
    pub resource: &'static str,
    pub id: Uuid,
    pub details: String,
    pub data: &'static str,
}

pub const ACTOR_KIND: &str = "account";
pub const RULE: &str = "hr_admin_manages_people";

impl Act {
    pub fn hired(person: &Person, unit: Uuid) -> Self {
        let Person { id, assignment_id, number, name, email, hire_date, job_title, .. } = person;
        let manager = person.manager_id().unwrap_or_default();
        Self {
            action: "employee.created",
            resource: "employee",
            id: *id,
            details: format!(
                r#"{{"assignment_id":"{assignment_id}","effective_from":"{hire_date}","email":{{"from":null,"to":"{email}"}},"employee_number":{{"from":null,"to":"{number}"}},"hire_date":{{"from":null,"to":"{hire_date}"}},"import_id":"{id}","job_title":{{"from":null,"to":"{job_title}"}},"manager_id":{{"from":null,"to":"{manager}"}},"name":{{"from":null,"to":"{name}"}},"org_unit_id":{{"from":null,"to":"{unit}"}},"status":{{"from":null,"to":"active"}}}}"#
            ),
            data: r#"{"import_id":"01a0c1e3-6c00-7000-8000-000000000000","to":"active"}"#,
        }
    }

    pub fn renamed(employee: &Renamed) -> Self {
        let name = &employee.name;
        Self {
            action: "employee.updated",
            resource: "employee",
            id: employee.id,
            details: format!(r#"{{"name":{{"from":"{name}","to":"{name}"}}}}"#),
            data: r#"{"changed":["name"]}"#,
        }
    }

    pub fn submitted(review: &Submitted) -> [Self; 2] {
        let moved = |action, resource, id| Self {
            action,
            resource,
            id,
            details: "{}".to_owned(),
            data: r#"{"changed":["state"]}"#,
        };
        // A participant's only goal has the participant's id.
        [
            moved("review.rating_submitted", "review", review.id),
            moved("goal.scored", "goal", review.participant_id),
        ]
    }
}

/// The acts that record new people.
pub fn hired(people: &[Person], units: &[Uuid]) -> Vec<Act> {
    people.iter().map(|person| Act::hired(person, units[person.unit])).collect()
}

/// An act with its positions in the audit log and in the events feed.
pub struct Entry<'a> {
    pub act: &'a Act,
    pub audit: i64,
    pub event: i64,
    pub mark: Mark,
    pub previous: Vec<u8>,
}

/// Heads of the audit log and the events feed: audit position, audit hash, event position.
pub type Heads = (i64, Vec<u8>, i64);

/// The entries of acts after the heads, and the new heads.
pub fn entries(acts: &[Act], heads: Heads) -> (Vec<Entry<'_>>, Heads) {
    let (mut audit, mut previous, mut event) = heads;
    let follow = |act| {
        (audit, event) = (audit + 1, event + 1);
        let mark = Mark::new(audit);
        let previous = std::mem::replace(&mut previous, mark.hash.to_vec());
        Entry { act, audit, event, mark, previous }
    };
    let entries = acts.iter().map(follow).collect();
    (entries, (audit, previous, event))
}

/// Ids and hash of an entry. They are as random as the product's where an index would notice.
pub struct Mark {
    pub id: Uuid,
    pub event_id: Uuid,
    pub hash: [u8; 32],
}

impl Mark {
    pub fn new(position: i64) -> Self {
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&position.to_be_bytes());
        Self {
            id: crate::people::id(position.unsigned_abs(), 3),
            event_id: crate::people::id(position.unsigned_abs(), 4),
            hash,
        }
    }
}
