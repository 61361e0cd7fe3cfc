//! Records that are loaded and not yet permitted.

use super::{Denial, Permit, Target};
use chrono::NaiveDate;

/// A record that has been loaded but not yet permitted.
#[derive(Clone, Debug)]
pub struct Sealed<T>(T);

/// A record the policy guards.
pub trait Protected {
    /// What the policy must know to decide on a day, relations left empty.
    fn target(&self, today: NaiveDate) -> Target;
}

impl<T: Protected> Sealed<T> {
    /// Seals a loaded record.
    pub fn new(record: T) -> Self {
        Self(record)
    }

    /// What the policy must know to decide on a day, relations left empty.
    pub fn target(&self, today: NaiveDate) -> Target {
        self.0.target(today)
    }

    /// Opens the record with a permit made for it; a permit for another record opens nothing.
    pub fn open(self, permit: &Permit) -> Result<T, Denial> {
        let id = self.0.target(NaiveDate::MIN).id;
        if permit.target == id { Ok(self.0) } else { Err(Denial::Hidden) }
    }
}
