//! Goals, check-ins and measurements, changes of goals, and goals as an evaluation reads them.

use crate::page::Page;
use crate::ports::Result;
use domain::core::change::Change;
use domain::core::id::{CheckInId, CycleId, EmployeeId, GoalChangeId, GoalId, MeasurementId};
use domain::core::time::Timestamp;
use domain::goals::goal::{
    CheckIn, FormItem, Goal, GoalChange, GoalFrame, GoalLevel, GoalRevision, KeyResultReport,
    Measurement, Reported, ReportedSoFar,
};
use domain::policy::{Relations, Sealed, Visibility};
use domain::scoring::settings::Settings;
use domain::state::goal::State;
use std::collections::HashMap;

/// Conditions on goals; all of them must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GoalFilter {
    /// Only those of this cycle.
    pub cycle_id: Option<CycleId>,
    /// Only those of this owner.
    pub owner_id: Option<EmployeeId>,
    /// Only those in this state.
    pub state: Option<State>,
    /// Only those on this level.
    pub level: Option<GoalLevel>,
    /// Only those directly under this goal.
    pub parent_id: Option<GoalId>,
    /// Only these, if any are named.
    pub ids: Vec<GoalId>,
}

/// Goals and the tree they form by alignment.
pub trait Goals {
    /// One goal that is not deleted.
    fn goal(&mut self, id: GoalId) -> Result<Option<Sealed<Goal>>>;
    /// A page of the goals that may be seen, each with how the subject of `visible` relates to the
    /// goal's owner on the day of `visible`. Ordered by id, or by last change with tombstones. One
    /// statement.
    fn goals(
        &mut self,
        filter: &GoalFilter,
        visible: &Visibility,
        page: &Page,
    ) -> Result<Vec<(Sealed<Goal>, Relations)>>;
    /// How many goals the whole list has.
    fn count_goals(
        &mut self,
        filter: &GoalFilter,
        visible: &Visibility,
        updated_since: Option<Timestamp>,
    ) -> Result<i64>;
    /// Locks the goals of one person in a cycle until this unit of work ends: nobody else can
    /// change them or align other goals under them. Every unit that changes a goal takes this lock
    /// before it checks, for the owner and for the owner of the parent goal.
    fn lock_form(&mut self, cycle: CycleId, owner: EmployeeId) -> Result<()>;
    /// What the cycle sets for the goals of one person; none if there is no such cycle.
    fn goal_frame(&mut self, cycle: CycleId, owner: EmployeeId) -> Result<Option<GoalFrame>>;
    /// The goals on a person's form in a cycle, ordered by id.
    fn goal_form(&mut self, cycle: CycleId, owner: EmployeeId) -> Result<Vec<FormItem>>;
    /// A goal and the goals above it, starting with the goal itself, at most one level more than
    /// [`domain::scoring::okr::alignment::MAX_DEPTH`]. Two statements.
    fn goals_above(&mut self, id: GoalId) -> Result<Vec<Goal>>;
    /// The edges below a goal, as pairs of child and parent, as many levels as
    /// [`Goals::goals_above`].
    fn edges_below(&mut self, id: GoalId) -> Result<Vec<(GoalId, GoalId)>>;
    /// The goals directly under a goal, ordered by id.
    fn goals_under(&mut self, id: GoalId) -> Result<Vec<Goal>>;
    /// Adds a goal.
    fn create_goal(&mut self, change: Change<Goal>) -> Result<()>;
    /// Saves a goal, guarded by its version; deletion is a change like any other.
    fn update_goal(&mut self, change: Change<Goal>) -> Result<()>;
    /// Stores a revision of a goal; [`Goals::update_goal`] saves the goal itself.
    fn revise_goal(&mut self, revision: &GoalRevision) -> Result<()>;
    /// A page of the revisions of a goal, oldest first.
    fn goal_revisions(&mut self, id: GoalId, page: &Page) -> Result<Vec<GoalRevision>>;
}

/// Requests to change an active goal.
pub trait GoalChanges {
    /// The pending requests about people's goals that may be shown, with the owners, ordered by id.
    fn open_goal_changes(
        &mut self,
        cycle: CycleId,
        owners: &[EmployeeId],
        visible: Option<&Visibility>,
    ) -> Result<Vec<(EmployeeId, GoalChangeId)>>;
    /// A page of the requests about a goal, ordered by id.
    fn goal_changes(&mut self, goal: &Goal, page: &Page) -> Result<Vec<GoalChange>>;
}

/// What the next check-in on a goal needs to know about the earlier ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LastCheckIns {
    /// The last check-in; none before the first.
    pub last: Option<CheckInId>,
    /// The confidence, 1 to 10, of the last two, oldest first.
    pub confidence: Vec<i32>,
    /// Everything reported up to the last one; none if it has to be computed again.
    pub so_far: Option<ReportedSoFar>,
}

/// Check-ins and measurements of goals. A report never changes, but it can be withdrawn.
pub trait GoalReports {
    /// A page of the check-ins on a goal, oldest first.
    fn check_ins(&mut self, goal: GoalId, page: &Page) -> Result<Vec<CheckIn>>;
    /// One check-in with its goal.
    fn check_in(&mut self, id: CheckInId) -> Result<Option<Sealed<Reported<CheckIn>>>>;
    /// Saves the withdrawal of a check-in that was not withdrawn before.
    fn withdraw_check_in(&mut self, change: Change<CheckIn>) -> Result<()>;
    /// For each check-in on a goal that is not withdrawn, oldest first: what it reported about key
    /// results, and the confidence.
    fn reports(&mut self, goal: GoalId) -> Result<Vec<(Vec<KeyResultReport>, i32)>>;
    /// The last check-ins on a goal that are not withdrawn.
    fn last_check_ins(&mut self, goal: GoalId) -> Result<LastCheckIns>;
    /// Adds a check-in together with everything reported up to it.
    fn create_check_in(
        &mut self,
        change: Change<CheckIn>,
        so_far: Option<&ReportedSoFar>,
    ) -> Result<()>;
    /// Deletes the stored totals of all check-ins after `behind`, because an earlier report has
    /// changed.
    fn forget_reported(&mut self, goal: GoalId, behind: CheckInId) -> Result<()>;
    /// Of each of these goals everything reported up to its last check-in that is not withdrawn; goals
    /// are left out for which it has to be computed again, and those without check-ins. One statement
    /// for some hundreds.
    fn reported_so_far(&mut self, goals: &[GoalId]) -> Result<HashMap<GoalId, ReportedSoFar>>;
    /// What each check-in on these goals that is not withdrawn reported, oldest first. One statement
    /// for some hundreds.
    fn reports_on(
        &mut self,
        goals: &[GoalId],
    ) -> Result<HashMap<GoalId, Vec<Vec<KeyResultReport>>>>;
    /// The measurements of these indicators with all their revisions, ordered by id. One statement for
    /// some hundreds.
    fn measurements_of(&mut self, goals: &[GoalId]) -> Result<HashMap<GoalId, Vec<Measurement>>>;
    /// The settings by which goals of these cycles are measured. One statement.
    fn goal_settings(&mut self, cycles: &[CycleId]) -> Result<HashMap<CycleId, Settings>>;
    /// A page of the measurements of an indicator with all their revisions, ordered by id.
    fn measurements(&mut self, goal: GoalId, page: &Page) -> Result<Vec<Measurement>>;
    /// One measurement with its goal.
    fn measurement(&mut self, id: MeasurementId) -> Result<Option<Sealed<Reported<Measurement>>>>;
    /// Saves the withdrawal of a measurement that was not withdrawn before.
    fn withdraw_measurement(&mut self, change: Change<Measurement>) -> Result<()>;
    /// Adds a measurement or a revision of one.
    fn create_measurement(&mut self, change: Change<Measurement>) -> Result<()>;
}

/// A goal with everything from which its score is computed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoalFile {
    /// The goal.
    pub goal: Goal,
    /// Its revisions, oldest first.
    pub revisions: Vec<GoalRevision>,
    /// Its measurements with all their revisions; see [`domain::goals::goal::Indicator::actual`].
    pub measurements: Vec<Measurement>,
    /// Its check-ins that are not withdrawn, oldest first.
    pub check_ins: Vec<CheckIn>,
}

/// Goals as an evaluation reads and scores them, for many people at once. The caller has already
/// asked the policy whether the evaluation is allowed.
pub trait GoalEvaluation {
    /// The goals of people in a cycle, including cancelled ones, ordered by owner and then by id.
    /// Four statements, for one person or for some hundreds.
    fn goals_of(&mut self, cycle: CycleId, owners: &[EmployeeId]) -> Result<Vec<GoalFile>>;
    /// Saves state, score and version of goals, each guarded by its version. One statement for many
    /// goals.
    fn score_goals(&mut self, changes: Vec<Change<Goal>>) -> Result<()>;
}
