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
        /// By id, which is the order of creation.
        Id = "id",
        /// By employee number.
        EmployeeNumber = "employee_number",
        /// By name, compared by code points.
        Name = "name",
    }
}

/// Conditions on employees, and their order. With `updated_since` the order is that of last change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmployeeFilter {
    /// The day whose units, job titles and managers are shown and filtered by.
    pub as_of: NaiveDate,
    /// Only people of this unit itself.
    pub org_unit_id: Option<OrgUnitId>,
    /// Only people of this unit or of one below it.
    pub within_org_unit_id: Option<OrgUnitId>,
    /// Only direct reports of this person.
    pub manager_id: Option<EmployeeId>,
    /// Only people with this status.
    pub status: Option<EmploymentStatus>,
    /// Only the person with this employee number.
    pub employee_number: Option<String>,
    /// Only the person with this id in another system.
    pub external_id: Option<ExternalId>,
    /// The order.
    pub order: EmployeeOrder,
}

/// Which of the records that an assignment names exist and are not deleted.
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
/// After every unit of work this holds: each employee has at least one assignment; each assignment
/// ends on the day before the next begins, and the last one has no end; on no day do managers form
/// a loop or a chain longer than [`domain::core::tree::MAX_DEPTH`]. Every change of an assignment
/// or an external id raises the employee's version.
pub trait Employees {
    /// One employee, with the assignment of `day`. Two reads by key.
    fn employee(&mut self, id: EmployeeId, day: NaiveDate) -> Result<Option<Sealed<Employee>>>;
    /// A page of the people that may be seen, each with how the subject of `visible` relates to
    /// them on the day of `visible`. Two statements.
    fn employees(
        &mut self,
        filter: &EmployeeFilter,
        visible: &Visibility,
        page: &Page,
    ) -> Result<Vec<(Sealed<Employee>, Relations)>>;
    /// Which of the records that an assignment names exist.
    fn known(&mut self, assignment: &Assignment) -> Result<Known>;
    /// Adds an employee with the employments, assignment and external ids it holds.
    fn create_employee(&mut self, change: Change<Employee>) -> Result<()>;
    /// Saves an employee, guarded by the version, without employments, assignment and external ids.
    fn update_employee(&mut self, change: Change<Employee>) -> Result<()>;
    /// Replaces the stored employments by those the employee holds.
    fn save_employments(&mut self, employee: &Employee) -> Result<()>;
    /// Those of these people who are not employed on `day`; unknown ids count as not employed.
    fn not_employed(
        &mut self,
        people: &[EmployeeId],
        day: NaiveDate,
    ) -> Result<HashSet<EmployeeId>>;
    /// A page of an employee's employments, ordered by first day.
    fn employments(&mut self, id: EmployeeId, page: &Page) -> Result<Vec<Employment>>;
    /// Replaces all external ids of an employee.
    fn replace_external_ids(&mut self, id: EmployeeId, ids: &[ExternalId]) -> Result<()>;
    /// Inserts an assignment into the employee's history; replaces one with the same first day.
    fn assign(&mut self, assignment: &Assignment, insertion: &Insertion) -> Result<()>;
    /// A page of an employee's assignments, ordered by first day.
    fn assignments(&mut self, id: EmployeeId, page: &Page) -> Result<Vec<Assignment>>;
}
