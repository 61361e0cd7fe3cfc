//! Imports of many people or units at once.

use crate::ports::Result;
use chrono::NaiveDate;
use domain::core::change::Record;
use domain::core::id::{EmployeeId, OrgUnitId, PositionId};
use domain::core::import::Planned;
use domain::people::employment::Employments;
use domain::people::import::{Acquaintance, Line, Namesake, Tree};
use domain::people::org::{Employee, ExternalId};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// What imports read and write. One statement handles many rows; nothing works row by row.
pub trait Imports {
    /// Takes [`ReportingLines::lock_lines`] and also keeps other imports out. Every import calls
    /// this first.
    fn begin_import(&mut self) -> Result<()>;
    /// All people, by number and address.
    fn everyone(&mut self) -> Result<Vec<Acquaintance>>;
    /// The names of all people, with their numbers.
    fn names_of_people(&mut self) -> Result<Vec<Namesake>>;
    /// The ids of all people in another system, with their numbers.
    fn ids_of_people(&mut self, system: &str) -> Result<Vec<Namesake>>;
    /// The names of all units, with their codes.
    fn names_of_units(&mut self) -> Result<Vec<Namesake>>;
    /// The ids of the people with these numbers, which must be in ascending order. The answer may
    /// also contain people with other numbers.
    fn employees_numbered(&mut self, numbers: &[&str]) -> Result<HashMap<String, EmployeeId>>;
    /// How many people are employed on a day.
    fn active_employees(&mut self, day: NaiveDate) -> Result<usize>;
    /// These people, each with the assignment that holds on `day` or the first later one.
    fn people(
        &mut self,
        ids: &[EmployeeId],
        day: NaiveDate,
    ) -> Result<HashMap<EmployeeId, Arc<Employee>>>;
    /// The employments of these people.
    fn employments_by(&mut self, people: &[EmployeeId])
    -> Result<HashMap<EmployeeId, Employments>>;
    /// Pairs of person and manager: everybody employed on `day` or later who reports to one of
    /// `managers` on `day`.
    fn reports_of(
        &mut self,
        managers: &[EmployeeId],
        day: NaiveDate,
    ) -> Result<Vec<(EmployeeId, EmployeeId)>>;
    /// Who holds each of these ids in other systems.
    fn external_id_holders(
        &mut self,
        ids: &[ExternalId],
    ) -> Result<BTreeMap<ExternalId, EmployeeId>>;
    /// All lines from people to managers that hold on `day` or later.
    fn manager_lines(&mut self, day: NaiveDate) -> Result<Vec<Line>>;
    /// All units, by code.
    fn org_unit_codes(&mut self) -> Result<HashMap<String, OrgUnitId>>;
    /// All positions, by code.
    fn position_codes(&mut self) -> Result<HashMap<String, PositionId>>;
    /// All units and their placements that hold on `day` or later.
    fn org_tree(&mut self, day: NaiveDate) -> Result<Tree>;
    /// Saves people; `progress` is called with the number of rows written so far.
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
