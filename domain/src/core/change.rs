//! A change of an entity together with its record: both are saved, or neither.

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

    /// Adds a field with its values before and after, if they differ; the event gets only its name.
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
