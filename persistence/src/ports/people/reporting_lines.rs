//! Reporting lines and the trees they form.

use crate::ports::Result;
use chrono::NaiveDate;
use domain::core::id::{CalibrationSessionId, EmployeeId, OrgUnitId};
use domain::core::time::Period;
use domain::core::tree::{Height, Reach};
use domain::policy::Relations;

/// Who stands how to whom.
pub trait ReportingLines {
    /// How `subject` stands to the person `about` as of a date, and whether that person belongs to
    /// one of `units` or a unit below. One statement, chains of at most
    /// [`domain::core::tree::MAX_DEPTH`].
    fn relations(
        &mut self,
        subject: Option<EmployeeId>,
        about: EmployeeId,
        units: &[OrgUnitId],
        as_of: NaiveDate,
    ) -> Result<Relations>;
    /// Whether a person takes part in a calibration session.
    fn is_calibrator(&mut self, session: CalibrationSessionId, person: EmployeeId) -> Result<bool>;
    /// Lets nobody else change assignments or the tree of units until this unit of work ends, so
    /// that no two changes, each harmless, close a loop together, and nothing is deleted while it
    /// is being assigned. Every unit of work that adds a line, or deletes what an assignment may
    /// name, takes this before it checks.
    fn lock_lines(&mut self) -> Result<()>;
    /// The line up from `manager`, itself first, on the days of a period, as far as `until` and at
    /// most one step beyond [`domain::core::tree::MAX_DEPTH`]; for [`domain::core::tree::check_line`].
    fn managers_above(
        &mut self,
        manager: EmployeeId,
        until: Option<EmployeeId>,
        days: Period,
    ) -> Result<Vec<Reach<EmployeeId>>>;
    /// How many levels of people there are from `manager` down.
    fn levels_of_people(&mut self, manager: EmployeeId, days: Period) -> Result<Vec<Height>>;
    /// The units from `unit` up, as [`ReportingLines::managers_above`].
    fn units_above(
        &mut self,
        unit: OrgUnitId,
        until: Option<OrgUnitId>,
        days: Period,
    ) -> Result<Vec<Reach<OrgUnitId>>>;
    /// How many levels of units there are from `unit` down.
    fn levels_of_units(&mut self, unit: OrgUnitId, days: Period) -> Result<Vec<Height>>;
}
