//! Reporting lines and the trees they form.

use crate::ports::Result;
use chrono::NaiveDate;
use domain::core::id::{CalibrationSessionId, EmployeeId, OrgUnitId};
use domain::core::time::Period;
use domain::core::tree::{Height, Reach};
use domain::policy::Relations;

/// How people relate to each other.
pub trait ReportingLines {
    /// How `subject` relates to the person `about` on `as_of`, and whether that person belongs to
    /// one of `units` or to a unit below. One statement; follows chains of at most
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
    /// Locks assignments and the tree of units until this unit of work ends. This prevents two
    /// changes that are each harmless from closing a loop together, and a record from being deleted
    /// while somebody assigns it. Every unit of work that adds a line, or deletes what an
    /// assignment may name, takes this lock before it checks.
    fn lock_lines(&mut self) -> Result<()>;
    /// The reporting line from `manager` upward, `manager` included, on the days of a period. It
    /// ends at `until` or at most one step beyond [`domain::core::tree::MAX_DEPTH`]. Input of
    /// [`domain::core::tree::check_line`].
    fn managers_above(
        &mut self,
        manager: EmployeeId,
        until: Option<EmployeeId>,
        days: Period,
    ) -> Result<Vec<Reach<EmployeeId>>>;
    /// How many levels of people there are below `manager`, `manager` included, on the days of a
    /// period.
    fn levels_of_people(&mut self, manager: EmployeeId, days: Period) -> Result<Vec<Height>>;
    /// The units from `unit` upward, as [`ReportingLines::managers_above`] does for people.
    fn units_above(
        &mut self,
        unit: OrgUnitId,
        until: Option<OrgUnitId>,
        days: Period,
    ) -> Result<Vec<Reach<OrgUnitId>>>;
    /// How many levels of units there are below `unit`, `unit` included, on the days of a period.
    fn levels_of_units(&mut self, unit: OrgUnitId, days: Period) -> Result<Vec<Height>>;
}
