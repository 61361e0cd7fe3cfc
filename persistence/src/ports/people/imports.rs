//! Many people or units at once.

use crate::ports::Result;
use chrono::NaiveDate;
use domain::core::change::Record;
use domain::core::id::{EmployeeId, OrgUnitId, PositionId};
use domain::people::employment::Employments;
use domain::people::import::{Line, Planned, Tree};
use domain::people::org::{Employee, ExternalId};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// What imports read and write: whole sets with a statement for many rows, never row by row.
pub trait Imports {
    /// Does what [`ReportingLines::lock_lines`] does and keeps other imports out too. Comes first
    /// in an import.
    fn begin_import(&mut self) -> Result<()>;
    /// The number of everyone.
    fn employee_numbers(&mut self) -> Result<HashMap<String, EmployeeId>>;
    /// The ids of those who have one of these numbers, which ascend. There may be others among
    /// them.
    fn employees_numbered(&mut self, numbers: &[&str]) -> Result<HashMap<String, EmployeeId>>;
    /// How many people work here on a day.
    fn active_employees(&mut self, day: NaiveDate) -> Result<usize>;
    /// The named people, each with the assignment that holds on `day` or the first one after it.
    fn people(
        &mut self,
        ids: &[EmployeeId],
        day: NaiveDate,
    ) -> Result<HashMap<EmployeeId, Arc<Employee>>>;
    /// When these people work here.
    fn employments_by(&mut self, people: &[EmployeeId])
    -> Result<HashMap<EmployeeId, Employments>>;
    /// Who reports on a day to one of these managers, of those who work here then or later; person
    /// and manager.
    fn reports_of(
        &mut self,
        managers: &[EmployeeId],
        day: NaiveDate,
    ) -> Result<Vec<(EmployeeId, EmployeeId)>>;
    /// Who holds any of these ids in other systems.
    fn external_id_holders(
        &mut self,
        ids: &[ExternalId],
    ) -> Result<BTreeMap<ExternalId, EmployeeId>>;
    /// Everyone's lines to their managers that hold on `day` or later.
    fn manager_lines(&mut self, day: NaiveDate) -> Result<Vec<Line>>;
    /// Units by code.
    fn org_unit_codes(&mut self) -> Result<HashMap<String, OrgUnitId>>;
    /// Positions by code.
    fn position_codes(&mut self) -> Result<HashMap<String, PositionId>>;
    /// All units and their lines upward that hold on `day` or later.
    fn org_tree(&mut self, day: NaiveDate) -> Result<Tree>;
    /// Saves people; `progress` is told how many rows are written.
    fn save_people(
        &mut self,
        changes: &[Planned<Employee>],
        records: Vec<Record>,
        progress: &dyn Fn(usize),
    ) -> Result<()>;
    /// Saves units.
    fn save_units(
        &mut self,
        changes: &[Planned<domain::people::import::Unit>],
        records: Vec<Record>,
    ) -> Result<()>;
}
