//! Role assignments: which account holds which role.

use crate::page::Page;
use crate::ports::Result;
use chrono::NaiveDate;
use domain::access::account::RoleAssignment;
use domain::core::id::{AccountId, EmployeeId};
use domain::policy::Role;
use std::collections::HashMap;

/// Conditions on role assignments; all of them must hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoleFilter {
    /// Only those of this account.
    pub account_id: Option<AccountId>,
    /// Only this role.
    pub role: Option<Role>,
}

/// Role assignments of accounts.
pub trait RoleAssignments {
    /// A page of role assignments, in the order of ids, or of change with tombstones.
    fn role_assignments(&mut self, filter: RoleFilter, page: &Page) -> Result<Vec<RoleAssignment>>;
    /// Whether on `day` at least one account is HR administrator without an end date: the account
    /// is active, the role has no last day, and its employee, if it has one, is employed without a
    /// last day. Every change that might remove the last administrator asks this after it was made.
    /// Takes [`lock_lines`](crate::ports::ReportingLines::lock_lines), so that two such changes
    /// cannot both pass.
    fn hr_admin_remains(&mut self, day: NaiveDate) -> Result<bool>;
    /// The roles that these people hold longer than the day given for each, with that day.
    fn roles_beyond(
        &mut self,
        last_days: &HashMap<EmployeeId, NaiveDate>,
    ) -> Result<Vec<(RoleAssignment, NaiveDate)>>;
}
