//! What an import of many rows does with each of them, before anything is saved.

use crate::text_enum;
use std::sync::Arc;

text_enum! {
    /// Result of a row.
    pub enum RowOutcome {
        /// The row created a record.
        Created = "created",
        /// The row changed a record.
        Updated = "updated",
        /// The row changed nothing.
        Unchanged = "unchanged",
        /// The row has faults, or depends on a row that has.
        Failed = "failed",
        /// The row has no faults, but the import failed and saved nothing.
        Skipped = "skipped",
    }
}

/// An error in one row, or a warning about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Position of the row in the request, from 0.
    pub row: usize,
    /// Name of the property, as a path without the leading slash.
    pub field: String,
    /// Stable code of the error or warning.
    pub code: &'static str,
    /// Name and value of the placeholder in the text of the code.
    pub value: Option<(&'static str, String)>,
}

impl Fault {
    /// A fault of a property.
    pub fn new(row: usize, field: impl Into<String>, code: &'static str) -> Self {
        Self { row, field: field.into(), code, value: None }
    }

    /// The fault with what its text says.
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.value = Some((name, value.to_string()));
        self
    }
}

/// What an import does with one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned<T> {
    /// Position of the row in the request, from 0.
    pub row: usize,
    /// The record before; `None` if the row creates it.
    pub before: Option<Arc<T>>,
    /// The record after; equal to `before` where nothing changes.
    pub after: Arc<T>,
    /// Names of the fields that change; empty if the row creates a record or changes nothing.
    pub fields: Vec<&'static str>,
}

impl<T> Planned<T> {
    /// Whether there is anything to save.
    pub fn is_change(&self) -> bool {
        self.before.is_none() || !self.fields.is_empty()
    }

    /// What comes of the row.
    pub fn outcome(&self) -> RowOutcome {
        match (&self.before, self.is_change()) {
            (None, _) => RowOutcome::Created,
            (Some(_), true) => RowOutcome::Updated,
            (Some(_), false) => RowOutcome::Unchanged,
        }
    }
}

/// The result of planning an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan<T> {
    /// Every row without faults, including those that change nothing.
    pub rows: Vec<Planned<T>>,
    /// Every fault, in the order of the rows.
    pub faults: Vec<Fault>,
    /// Warnings about the rows in `rows`, in the order of the rows.
    pub warnings: Vec<Fault>,
}
