//! Drafts of goals for many people at once.

use crate::ports::Result;
use domain::core::change::Record;
use domain::core::id::{CycleId, EmployeeId, GoalId};
use domain::core::import::Planned;
use domain::goals::goal::Goal;
use domain::policy::{Relations, Visibility};
use std::collections::HashSet;

/// The form of a person in a cycle: the manager who answers for the review, and how the subject of a
/// list stands to the person.
pub type FormOf = (EmployeeId, Option<EmployeeId>, Relations);

/// What an import of goals reads and writes. One statement handles many rows.
pub trait GoalDrafts {
    /// The forms of these people in a cycle, with how the subject of `visible` stands to each of them.
    /// Who does not take part is left out.
    fn forms_of(
        &mut self,
        cycle: CycleId,
        owners: &[EmployeeId],
        visible: &Visibility,
    ) -> Result<Vec<FormOf>>;
    /// The goals of these people in a cycle that are neither cancelled nor deleted.
    fn goals_on_forms(&mut self, cycle: CycleId, owners: &[EmployeeId]) -> Result<Vec<Goal>>;
    /// Which of these goals have others aligned under them.
    fn goals_with_others_under(&mut self, goals: &[GoalId]) -> Result<HashSet<GoalId>>;
    /// Saves drafts, new or changed ones.
    fn save_goal_drafts(&mut self, changes: &[Planned<Goal>], records: Vec<Record>) -> Result<()>;
}
