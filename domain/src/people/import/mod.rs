//! Many people or units at once: what an import would change, worked out before anything is kept.
//!
//! A plan is made from what exists and what the rows say. Rows may refer to each other in any
//! order. In an atomic import one round finds every fault; row by row, whatever depends on a
//! failed row fails with it, round after round until nothing changes.

mod draft;
mod people;
mod units;

pub use people::{PersonRow, Staff, is_mass_deactivation, plan_people};
pub use units::{Tree, Unit, UnitRow, plan_units};

use crate::core::id::EmployeeId;
use crate::core::time::Timestamp;
use chrono::NaiveDate;
use serde::{Deserialize, Deserializer};
use std::sync::Arc;
use uuid::Uuid;

/// A value that a row may leave out: absent is unchanged, none is cleared.
pub type Given<T> = Option<Option<T>>;

fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Given<T>, D::Error> {
    Option::deserialize(from).map(Some)
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

/// Something that stands in a line.
trait Node {
    const KEY: &'static str;
    const PARENT: &'static str;
    fn id(&self) -> Uuid;
    fn key(&self) -> &str;
    fn parent(&self) -> Option<Uuid>;
    fn since(&self) -> NaiveDate;
}

#[cfg(test)]
mod tests {
    use super::*;

    pub fn day(number: u64) -> NaiveDate {
        NaiveDate::default() + chrono::Days::new(number)
    }

    pub fn terms(atomic: bool) -> Terms {
        Terms { from: day(100), now: Timestamp::UNIX_EPOCH, atomic, closed: Vec::new() }
    }

    pub fn codes<T>(plan: &Plan<T>) -> Vec<(usize, &'static str)> {
        plan.faults.iter().map(|fault| (fault.row, fault.code)).collect()
    }
}
