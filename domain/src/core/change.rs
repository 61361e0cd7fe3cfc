//! A change and its trace: what is saved together or not at all.

use serde_json::{Map, Value};
use uuid::Uuid;

/// What happened to one resource. Saving it adds an audit entry and an event.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Noun and past participle, such as `employee.created`: action of the audit entry and
    /// type of the event.
    pub action: &'static str,
    /// The noun, such as `employee`.
    pub resource: &'static str,
    /// Which one.
    pub resource_id: Uuid,
    /// State before, for stateful resources.
    pub from: Option<&'static str>,
    /// State after, for stateful resources.
    pub to: Option<&'static str>,
    /// Why, in the words of the person who did it.
    pub reason: Option<String>,
    /// The rule of the access policy that allowed it.
    pub rule: &'static str,
    /// Values before and after, by field. Kept apart from the chain, so that it can be erased.
    pub details: Map<String, Value>,
    /// What the events feed shows: ids and names of changed fields, never values.
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

    /// The state before and after.
    pub fn transition(mut self, from: &'static str, to: &'static str) -> Self {
        (self.from, self.to) = (Some(from), Some(to));
        self
    }

    /// The reason given.
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// A field with its value before and after; the event names the field only.
    pub fn field(mut self, name: &str, before: impl Into<Value>, after: impl Into<Value>) -> Self {
        let (before, after) = (before.into(), after.into());
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

/// An entity as it shall be kept, with the record of what was done to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Change<T> {
    /// The entity after the change; its `version` is already the new one.
    pub entity: T,
    /// What was done.
    pub record: Record,
}

impl<T> Change<T> {
    /// A change that leaves `entity`.
    pub fn new(entity: T, record: Record) -> Self {
        Self { entity, record }
    }
}
