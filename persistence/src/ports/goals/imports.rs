//! Imports of many measurements at once.

use crate::ports::Result;
use domain::core::change::Change;
use domain::core::id::{CycleId, EmployeeId, GoalId};
use domain::core::import::Planned;
use domain::goals::goal::{Goal, Measurement};
use domain::policy::Visibility;
use std::collections::HashMap;

/// Where a goal belongs, and what it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoalPlace {
    /// Id of the goal.
    pub id: GoalId,
    /// Id of its cycle.
    pub cycle_id: CycleId,
    /// Id of its owner.
    pub owner_id: EmployeeId,
    /// Its title.
    pub title: String,
}

/// What imports of measurements read and write. One statement handles many goals or rows.
pub trait MeasurementImports {
    /// The ids of the cycles with these codes.
    fn cycles_coded(&mut self, codes: &[&str]) -> Result<HashMap<String, CycleId>>;
    /// Those of these goals that may be seen.
    fn goal_places(&mut self, goals: &[GoalId], visible: &Visibility) -> Result<Vec<GoalPlace>>;
    /// The goals of people in a cycle that may be seen.
    fn places_in(
        &mut self,
        cycle: CycleId,
        owners: &[EmployeeId],
        visible: &Visibility,
    ) -> Result<Vec<GoalPlace>>;
    /// Locks the goals of people in a cycle, as [`Goals::lock_form`](super::Goals::lock_form) does for
    /// one person. Always in the same order, so that two imports do not wait for each other.
    fn lock_forms(&mut self, cycle: CycleId, owners: &[EmployeeId]) -> Result<()>;
    /// Adds measurements, and revisions of known ones; `progress` is called with the number of rows
    /// written so far.
    fn add_measurements(
        &mut self,
        changes: &[Planned<Measurement>],
        progress: &dyn Fn(usize),
    ) -> Result<()>;
    /// Saves the progress of goals, each guarded by its version. Goals whose version is that before
    /// are only recorded.
    fn measure_goals(&mut self, changes: Vec<(i32, Change<Goal>)>) -> Result<()>;
}
