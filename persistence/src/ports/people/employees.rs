//! Employees.

use crate::page::Page;
use crate::ports::Result;
use chrono::NaiveDate;
use domain::core::change::Change;
use domain::core::history::Insertion;
use domain::core::id::{EmployeeId, OrgUnitId, PositionId};
use domain::core::time::Timestamp;
use domain::people::employment::{Employment, EmploymentStatus};
use domain::people::org::{Assignment, Employee, ExternalId};
use domain::people::search::Search;
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

/// Conditions on employees, and their order. With `updated_since` the order is that of last change; with a
/// search, that of the keys under which people are listed, then of ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmployeeFilter {
    /// The day whose units, job titles and managers are shown and filtered by.
    pub as_of: NaiveDate,
    /// Only people who are found by this.
    pub search: Option<Search>,
    /// Only these people.
    pub ids: Option<Vec<EmployeeId>>,
    /// Only people of this unit itself.
    pub org_unit_id: Option<OrgUnitId>,
    /// Only people of this unit or of one below it.
    pub within_org_unit_id: Option<OrgUnitId>,
    /// Only direct reports of this person.
    pub manager_id: Option<EmployeeId>,
    /// Only people in this position.
    pub position_id: Option<PositionId>,
    /// Only people with this status.
    pub status: Option<EmploymentStatus>,
    /// Only the person with this employee number.
    pub employee_number: Option<String>,
    /// Only the person with this id in another system.
    pub external_id: Option<ExternalId>,
    /// The order.
    pub order: EmployeeOrder,
}

impl EmployeeFilter {
    /// Whether the filter, apart from its search, usually leaves few people.
    pub fn selects(&self) -> bool {
        self.ids.is_some()
            || self.org_unit_id.is_some()
            || self.within_org_unit_id.is_some()
            || self.manager_id.is_some()
            || self.position_id.is_some()
            || self.employee_number.is_some()
            || self.external_id.is_some()
    }
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
    /// them on the day of `visible`. Three statements, at most four more for a search.
    fn employees(
        &mut self,
        filter: &EmployeeFilter,
        visible: &Visibility,
        page: &Page,
    ) -> Result<Vec<(Sealed<Employee>, Relations)>>;
    /// How many people the whole list has. One statement, at most five for a search.
    fn count_employees(
        &mut self,
        filter: &EmployeeFilter,
        visible: &Visibility,
        updated_since: Option<Timestamp>,
    ) -> Result<i64>;
    /// Which of the records that an assignment names exist.
    fn known(&mut self, assignment: &Assignment) -> Result<Known>;
    /// Adds an employee with the employments, assignment and external ids it holds.
    fn create_employee(&mut self, change: Change<Employee>) -> Result<()>;
    /// Saves an employee, guarded by the version, without employments, assignment and external ids.
    /// `before` is the employee as stored.
    fn update_employee(&mut self, before: &Employee, change: Change<Employee>) -> Result<()>;
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
