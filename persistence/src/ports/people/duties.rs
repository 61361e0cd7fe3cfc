//! Open duties of people who leave.

use crate::page::Page;
use crate::ports::Result;
use chrono::NaiveDate;
use domain::core::id::{CycleId, EmployeeId};
use domain::core::time::Timestamp;
use domain::people::duty::{Leaver, OpenDuty};
use std::collections::HashMap;

/// Computes open duties from the present state of the records.
pub trait Duties {
    /// A page of a person's open duties on `day`, ordered by kind and record. Keys count only if
    /// they have not expired at `now`. One statement.
    fn open_duties(
        &mut self,
        person: EmployeeId,
        day: NaiveDate,
        now: Timestamp,
        page: &Page,
    ) -> Result<Vec<OpenDuty>>;
    /// People who have left or will leave and still have duties that must be handed over, earliest
    /// leaver first, at most `limit`. One statement.
    fn leavers_with_duties(
        &mut self,
        day: NaiveDate,
        now: Timestamp,
        limit: i64,
    ) -> Result<Vec<Leaver>>;
    /// The manager who answers for a person's review, in each cycle that is not over.
    fn answerable(&mut self, person: EmployeeId) -> Result<HashMap<CycleId, EmployeeId>>;
}
