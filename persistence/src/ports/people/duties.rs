//! What hangs on somebody's being here.

use crate::page::Page;
use crate::ports::Result;
use chrono::NaiveDate;
use domain::core::id::{CycleId, EmployeeId};
use domain::core::time::Timestamp;
use domain::people::duty::{Leaver, OpenDuty};
use std::collections::HashMap;

/// Reading open duties, off the state of everything.
pub trait Duties {
    /// A page of a person's open duties as of a day, by kind and record; keys are those that still
    /// open something. One statement.
    fn open_duties(
        &mut self,
        person: EmployeeId,
        day: NaiveDate,
        now: Timestamp,
        page: &Page,
    ) -> Result<Vec<OpenDuty>>;
    /// Those who have left or will leave and have duties that can be handed over, the first to leave
    /// first, at most so many. One statement.
    fn leavers_with_duties(
        &mut self,
        day: NaiveDate,
        now: Timestamp,
        limit: i64,
    ) -> Result<Vec<Leaver>>;
    /// Who answers for a person in each cycle that is not over.
    fn answerable(&mut self, person: EmployeeId) -> Result<HashMap<CycleId, EmployeeId>>;
}
