//! A change of an entity together with its record: both are saved, or neither.

use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

/// What happened to one resource. Saving a record adds an audit entry and an event.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Noun and past participle, such as `employee.created`: action of the audit entry and
    /// type of the event.
    pub action: &'static str,
    /// The noun, such as `employee`.
    pub resource: &'static str,
    /// Id of the resource.
    pub resource_id: Uuid,
    /// State before the change; `None` for a resource without states.
    pub from: Option<&'static str>,
    /// State after the change; `None` for a resource without states.
    pub to: Option<&'static str>,
    /// Why it was done, in the words of the person who did it.
    pub reason: Option<String>,
    /// Name of the access-policy rule that allowed it.
    pub rule: &'static str,
    /// Values before and after the change, by field. They are stored outside the hash chain, so
    /// that they can be erased.
    pub details: Map<String, Value>,
    /// Content of the event: ids and names of changed fields, never values.
    pub event: Map<String, Value>,
}

impl Record {
    /// A record of `action` (`noun.participle`) on one resource, allowed by `rule`.
    pub fn new(action: &'static str, resource_id: impl Into<Uuid>, rule: &'static str) -> Self {
        let resource = action.split_once('.').map_or(action, |(noun, _)| noun);
        Self {
            action,
            resource,
            resource_id: resource_id.into(),
            from: None,
            to: None,
            reason: None,
            rule,
            details: Map::new(),
            event: Map::new(),
        }
    }

    /// Sets the states before and after the change.
    pub fn transition(mut self, from: &'static str, to: &'static str) -> Self {
        (self.from, self.to) = (Some(from), Some(to));
        self
    }

    /// Sets the reason.
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// Sets the reason, where one was given.
    pub fn because_of(mut self, reason: Option<String>) -> Self {
        self.reason = reason;
        self
    }

    /// Adds every field of a new record that the audit log shows.
    pub fn created(self, record: &impl Serialize) -> Self {
        self.compared(Map::new(), fields(record))
    }

    /// Adds every field that the audit log shows and in which a record differs from what it was.
    pub fn changed<T: Serialize>(self, before: &T, after: &T) -> Self {
        self.compared(fields(before), fields(after))
    }

    fn compared(self, mut before: Map<String, Value>, after: Map<String, Value>) -> Self {
        after.into_iter().fold(self, |record, (name, value)| {
            let earlier = before.remove(&name).unwrap_or_default();
            record.field(&name, earlier, value)
        })
    }

    /// Adds a field with its values before and after, if they differ; the event gets only its name.
    pub fn field(mut self, name: &str, before: impl Serialize, after: impl Serialize) -> Self {
        let value = |value: Result<Value, _>| value.unwrap_or_default();
        let before = value(serde_json::to_value(before));
        let after = value(serde_json::to_value(after));
        if before != after {
            self.details.insert(name.to_owned(), serde_json::json!([before, after]));
            if let Value::Array(fields) =
                self.event.entry("fields").or_insert_with(|| Value::Array(Vec::new()))
            {
                fields.push(name.into());
            }
        }
        self
    }
}

/// What every record has and the entry says itself: which one it is, its state, and when it was
/// changed.
const ASIDE: [&str; 6] = ["id", "state", "version", "created_at", "updated_at", "deleted_at"];

/// The fields of a record that the audit log shows. A record leaves out of its serialized form what
/// is secret.
fn fields(record: &impl Serialize) -> Map<String, Value> {
    let mut fields = match serde_json::to_value(record) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    fields.retain(|name, _| !ASIDE.contains(&&**name));
    fields
}

/// A record that counts its changes.
pub trait Versioned {
    /// The number of the present version, from 1.
    fn version(&self) -> i32;
}

/// Declares records that count their changes in `version`.
macro_rules! versioned {
    ($($record:ty),* $(,)?) => {$(
        impl $crate::core::change::Versioned for $record {
            fn version(&self) -> i32 {
                self.version
            }
        }
    )*};
}
pub(crate) use versioned;

/// An entity to save, with the record of what was done to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Change<T> {
    /// The entity after the change, with its `version` already raised.
    pub entity: T,
    /// Record of what was done.
    pub record: Record,
}

impl<T> Change<T> {
    /// A change whose result is `entity`.
    pub fn new(entity: T, record: Record) -> Self {
        Self { entity, record }
    }
}
