//! Imports of many people or units: works out what an import would change before anything is saved.
//!
//! A plan is made from the existing records and the rows. Rows may refer to each other in any
//! order. An atomic import finds every fault in one round. An import row by row drops each row that
//! depends on a dropped row, round after round until nothing changes. A row that could not be read
//! completely is dropped as well, but takes part until then, so that all its faults are found and the
//! rows that refer to it are not at fault for that.

mod draft;
mod guards;
mod people;
mod references;
mod units;

pub use guards::{Clearing, is_mass_clearing, is_mass_creation, is_mass_deactivation};
pub use people::{Acquaintance, PersonRow, Staff, plan_people};
pub use references::{ManagerBy, Namesake, OrgUnitBy, managers_by_number, units_by_code};
pub use units::{Tree, Unit, UnitRow, plan_units};

use crate::core::id::EmployeeId;
use crate::core::time::Timestamp;
use chrono::NaiveDate;
use serde::{Deserialize, Deserializer};
use uuid::Uuid;

/// A value that a row may leave out: `None` leaves it unchanged, `Some(None)` clears it.
pub type Given<T> = Option<Option<T>>;

fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Given<T>, D::Error> {
    Option::deserialize(from).map(Some)
}

/// Whether a property that a row does not have is absent from it, and not only unread.
fn is_absent(unread: &[String], property: &str) -> bool {
    !unread.iter().any(|unread| unread == property)
}

/// One stretch of a link from child to parent: from employee to manager, or from unit to unit
/// above.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// The employee or unit below.
    pub child: Uuid,
    /// First day.
    pub from: NaiveDate,
    /// Last day; `None` while it is open.
    pub until: Option<NaiveDate>,
    /// The employee or unit above.
    pub parent: Option<Uuid>,
}

impl Line {
    fn holds(&self, day: NaiveDate) -> bool {
        self.from <= day && self.until.is_none_or(|until| day <= until)
    }
}

/// The conditions of an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// First day on which the given units, jobs and reporting lines are valid.
    pub from: NaiveDate,
    /// The present instant.
    pub now: Timestamp,
    /// Whether the import saves either all rows or none.
    pub atomic: bool,
    /// Employees whose records the author may not change because of a conflict of interest.
    pub closed: Vec<EmployeeId>,
}

/// A record that has a place in a tree: an employee or a unit.
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
    use crate::core::import::Plan;

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
