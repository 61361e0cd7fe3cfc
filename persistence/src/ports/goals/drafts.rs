//! Drafts of goals for many people at once.

use crate::ports::Result;
use domain::core::change::Record;
use domain::core::id::{CycleId, EmployeeId, GoalId};
use domain::core::import::Planned;
use domain::goals::goal::Goal;
use domain::policy::{Relations, Visibility};
use std::collections::{HashMap, HashSet};

/// The form of a person in a cycle: the manager who answers for the review, and how the subject of a
/// list stands to the person.
pub type HeldForm = (EmployeeId, Option<EmployeeId>, Relations);

/// What an import of goals reads and writes. One statement handles many rows.
pub trait GoalDrafts {
    /// The cycles with these codes.
    fn cycles_coded(&mut self, codes: &[&str]) -> Result<HashMap<String, CycleId>>;
    /// Locks the goals of these people in a cycle, as [`Goals::lock_form`](super::Goals::lock_form)
    /// does, and tells how the subject of `visible` stands to each of them. Who does not take part is
    /// left out.
    fn hold_forms(
        &mut self,
        cycle: CycleId,
        owners: &[EmployeeId],
        visible: &Visibility,
    ) -> Result<Vec<HeldForm>>;
    /// The goals of these people in a cycle that are neither cancelled nor deleted.
    fn goals_on_forms(&mut self, cycle: CycleId, owners: &[EmployeeId]) -> Result<Vec<Goal>>;
    /// Which of these goals have others aligned under them.
    fn goals_with_others_under(&mut self, goals: &[GoalId]) -> Result<HashSet<GoalId>>;
    /// Saves drafts, new or changed ones.
    fn save_goal_drafts(&mut self, changes: &[Planned<Goal>], records: Vec<Record>) -> Result<()>;
}
