//! Role assignments.

use crate::page::Page;
use crate::ports::Result;
use chrono::NaiveDate;
use domain::access::account::RoleAssignment;
use domain::core::id::{AccountId, EmployeeId};
use domain::policy::Role;
use std::collections::HashMap;

/// Which role assignments are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoleFilter {
    /// Held by this account.
    pub account_id: Option<AccountId>,
    /// Of this role.
    pub role: Option<Role>,
}

/// Who holds which role.
pub trait RoleAssignments {
    /// A page of role assignments, in the order of ids, or of change with tombstones.
    fn role_assignments(&mut self, filter: RoleFilter, page: &Page) -> Result<Vec<RoleAssignment>>;
    /// Whether somebody is HR administrator on a day without an end in sight: an active account, a
    /// role without a last day, an employee who is not to leave. Asked after a change, by everybody
    /// who might take the last one away; until the unit of work ends nobody else is answered.
    fn hr_admin_remains(&mut self, day: NaiveDate) -> Result<bool>;
    /// The roles that these people hold beyond the day given with each, with that day.
    fn roles_beyond(
        &mut self,
        last_days: &HashMap<EmployeeId, NaiveDate>,
    ) -> Result<Vec<(RoleAssignment, NaiveDate)>>;
}
