//! Employees.

use crate::page::Page;
use crate::ports::Result;
use chrono::NaiveDate;
use domain::core::change::Change;
use domain::core::history::Insertion;
use domain::core::id::{EmployeeId, OrgUnitId};
use domain::people::employment::{Employment, EmploymentStatus};
use domain::people::org::{Assignment, Employee, ExternalId};
use domain::policy::{Relations, Sealed, Visibility};
use domain::text_enum;
use std::collections::HashSet;

text_enum! {
    /// The order of a list of employees.
    pub enum EmployeeOrder {
        /// In the order of creation.
        Id = "id",
        /// By the number given by the company.
        EmployeeNumber = "employee_number",
        /// By name, in the order of code points.
        Name = "name",
    }
}

/// Which employees are wanted, in which order; with `updated_since` the order is that of change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmployeeFilter {
    /// The day whose units, jobs and managers are shown and asked for.
    pub as_of: NaiveDate,
    /// Who work in this very unit.
    pub org_unit_id: Option<OrgUnitId>,
    /// Who work in this unit or in one below.
    pub within_org_unit_id: Option<OrgUnitId>,
    /// Who report directly to this person.
    pub manager_id: Option<EmployeeId>,
    /// In this state.
    pub status: Option<EmploymentStatus>,
    /// With this number.
    pub employee_number: Option<String>,
    /// With this id in another system.
    pub external_id: Option<ExternalId>,
    /// The order.
    pub order: EmployeeOrder,
}

/// Which of the things an assignment names exist and are not deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// The unit.
    pub org_unit: bool,
    /// The position.
    pub position: bool,
    /// The manager.
    pub manager: bool,
}

/// Employees and their assignments.
///
/// What holds whenever a unit of work ends: each employee has one assignment or more, each ends on
/// the day before the next begins and the last one is open; on no day is there a loop of managers
/// or a chain longer than [`domain::core::tree::MAX_DEPTH`]. Whatever changes an assignment or an
/// external id raises the employee's version.
pub trait Employees {
    /// One employee, with the assignment of `day`. Two reads by key.
    fn employee(&mut self, id: EmployeeId, day: NaiveDate) -> Result<Option<Sealed<Employee>>>;
    /// A page of the people that may be seen, each with how the subject stands to them on the day
    /// of `visible`. Two statements.
    fn employees(
        &mut self,
        filter: &EmployeeFilter,
        visible: &Visibility,
        page: &Page,
    ) -> Result<Vec<(Sealed<Employee>, Relations)>>;
    /// Which of the things an assignment names exist.
    fn known(&mut self, assignment: &Assignment) -> Result<Known>;
    /// Adds an employee with the employments, assignment and external ids it holds.
    fn create_employee(&mut self, change: Change<Employee>) -> Result<()>;
    /// Saves an employee but for employments, assignment and external ids, guarded by its version.
    fn update_employee(&mut self, change: Change<Employee>) -> Result<()>;
    /// Puts the employments that an employee holds in place of those kept.
    fn save_employments(&mut self, employee: &Employee) -> Result<()>;
    /// Who of these people does not work here on a day. Who is not known does not.
    fn not_employed(
        &mut self,
        people: &[EmployeeId],
        day: NaiveDate,
    ) -> Result<HashSet<EmployeeId>>;
    /// A page of an employee's employments, in the order of their first days.
    fn employments(&mut self, id: EmployeeId, page: &Page) -> Result<Vec<Employment>>;
    /// Replaces all external ids of an employee.
    fn replace_external_ids(&mut self, id: EmployeeId, ids: &[ExternalId]) -> Result<()>;
    /// Puts an assignment into its employee's history; one of the same first day is replaced.
    fn assign(&mut self, assignment: &Assignment, insertion: &Insertion) -> Result<()>;
    /// A page of an employee's assignments, in the order of their first days.
    fn assignments(&mut self, id: EmployeeId, page: &Page) -> Result<Vec<Assignment>>;
}
