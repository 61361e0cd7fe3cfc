//! What goals need from each other.

use crate::page::Page;
use crate::ports::Result;
use chrono::NaiveDate;
use domain::core::id::{CycleId, EmployeeId, GoalId};
use domain::goals::dependency::Dependency;
use domain::policy::{Sealed, Visibility};
use domain::state::dependency::State;
use domain::state::goal;
use std::collections::HashMap;

/// A filter for dependencies; a field that is `None` does not filter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DependencyFilter {
    /// Of this cycle.
    pub cycle_id: Option<CycleId>,
    /// With this goal on either side.
    pub goal_id: Option<GoalId>,
    /// In this state.
    pub state: Option<State>,
}

/// What a dependency must know of a goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GoalEnd {
    /// The cycle of the goal.
    pub cycle_id: CycleId,
    /// The owner of the goal.
    pub owner_id: EmployeeId,
    /// State of the goal.
    pub state: goal::State,
    /// The last day of the goal.
    pub last_day: NaiveDate,
}

/// Dependencies between goals; they are never deleted.
pub trait Dependencies {
    /// A page of the dependencies that `visible` shows by who waits, and of those that ask something
    /// of `me`, sorted by id or by change.
    fn dependencies(
        &mut self,
        filter: &DependencyFilter,
        visible: &Visibility,
        me: Option<EmployeeId>,
        page: &Page,
    ) -> Result<Vec<Sealed<Dependency>>>;
    /// All dependencies of a cycle that are neither declined nor delivered, sorted by id. Until the
    /// unit of work ends nobody else changes them.
    fn lock_dependencies(&mut self, cycle: CycleId) -> Result<Vec<Dependency>>;
    /// Ends of goals, by id; ids of unknown and deleted goals are left out.
    fn goal_ends(&mut self, goals: &[GoalId]) -> Result<HashMap<GoalId, GoalEnd>>;
}
