//! Goals, what is reported of them, how they are changed and what they bring to an evaluation.

use crate::page::Page;
use crate::ports::Result;
use domain::core::change::Change;
use domain::core::id::{CheckInId, CycleId, EmployeeId, GoalChangeId, GoalId, MeasurementId};
use domain::goals::goal::{
    CheckIn, FormItem, Goal, GoalChange, GoalFrame, GoalLevel, GoalRevision, KeyResultReport,
    Measurement, Reported, ReportedSoFar, RequestedChange,
};
use domain::policy::{Relations, Sealed, Visibility};
use domain::state::goal::State;
use std::collections::HashMap;

/// Which goals are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GoalFilter {
    /// Of this cycle.
    pub cycle_id: Option<CycleId>,
    /// Of this person.
    pub owner_id: Option<EmployeeId>,
    /// In this state.
    pub state: Option<State>,
    /// On this level.
    pub level: Option<GoalLevel>,
    /// Directly under this goal.
    pub parent_id: Option<GoalId>,
}

/// Goals and the tree they form.
pub trait Goals {
    /// One goal that is not deleted.
    fn goal(&mut self, id: GoalId) -> Result<Option<Sealed<Goal>>>;
    /// A page of the goals that may be seen, each with how the subject stands to its owner on the
    /// day of `visible`; in the order of ids, or of change with tombstones. One statement.
    fn goals(
        &mut self,
        filter: &GoalFilter,
        visible: &Visibility,
        page: &Page,
    ) -> Result<Vec<(Sealed<Goal>, Relations)>>;
    /// Lets nobody else change the goals of one person in a cycle, or hang others under them, until
    /// this unit of work ends. Whoever changes a goal takes this before it checks, for the owner
    /// and for the owner of the goal above.
    fn lock_form(&mut self, cycle: CycleId, owner: EmployeeId) -> Result<()>;
    /// What a cycle says about the goals of one person; none without the cycle.
    fn goal_frame(&mut self, cycle: CycleId, owner: EmployeeId) -> Result<Option<GoalFrame>>;
    /// The goals on a person's form in a cycle, in the order of ids.
    fn goal_form(&mut self, cycle: CycleId, owner: EmployeeId) -> Result<Vec<FormItem>>;
    /// A goal and the goals above it, from below, at most one step beyond
    /// [`domain::scoring::okr::alignment::MAX_DEPTH`]. Two statements.
    fn goals_above(&mut self, id: GoalId) -> Result<Vec<Goal>>;
    /// The edges under a goal, as child and parent, as deep as [`Goals::goals_above`] is high.
    fn edges_below(&mut self, id: GoalId) -> Result<Vec<(GoalId, GoalId)>>;
    /// The goals directly under a goal, in the order of ids.
    fn goals_under(&mut self, id: GoalId) -> Result<Vec<Goal>>;
    /// Adds a goal.
    fn create_goal(&mut self, change: Change<Goal>) -> Result<()>;
    /// Saves a goal, guarded by its version; deletion is a change like any other.
    fn update_goal(&mut self, change: Change<Goal>) -> Result<()>;
    /// Keeps a revision of a goal; the goal itself is saved with [`Goals::update_goal`].
    fn revise_goal(&mut self, revision: &GoalRevision) -> Result<()>;
    /// A page of the revisions of a goal, oldest first.
    fn goal_revisions(&mut self, id: GoalId, page: &Page) -> Result<Vec<GoalRevision>>;
}

/// Requests to change an active goal.
pub trait GoalChanges {
    /// One request with its goal.
    fn goal_change(&mut self, id: GoalChangeId) -> Result<Option<Sealed<RequestedChange>>>;
    /// The requests that wait for a decision about the goals of people in a cycle, by owner and in
    /// the order of ids; people without any are left out, and so are goals that a list may not show.
    fn open_goal_changes(
        &mut self,
        cycle: CycleId,
        owners: &[EmployeeId],
        visible: Option<&Visibility>,
    ) -> Result<HashMap<EmployeeId, Vec<GoalChangeId>>>;
    /// A page of the requests about a goal, in the order of ids.
    fn goal_changes(&mut self, goal: GoalId, page: &Page) -> Result<Vec<GoalChange>>;
    /// Adds a request.
    fn create_goal_change(&mut self, change: Change<GoalChange>) -> Result<()>;
    /// Saves the decision on a request that was pending.
    fn decide_goal_change(&mut self, change: Change<GoalChange>) -> Result<()>;
}

/// What the next check-in on a goal must know of those before it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LastCheckIns {
    /// The last one; none before the first.
    pub last: Option<CheckInId>,
    /// The confidence stated by the last two, oldest first.
    pub confidence: Vec<i32>,
    /// What had been reported up to the last one, where it is known.
    pub so_far: Option<ReportedSoFar>,
}

/// What is reported of a goal. Nothing reported is ever changed, but that it may be withdrawn.
pub trait GoalReports {
    /// A page of the check-ins on a goal, oldest first.
    fn check_ins(&mut self, goal: GoalId, page: &Page) -> Result<Vec<CheckIn>>;
    /// One check-in with its goal.
    fn check_in(&mut self, id: CheckInId) -> Result<Option<Sealed<Reported<CheckIn>>>>;
    /// Saves that a check-in, which was not, is withdrawn.
    fn withdraw_check_in(&mut self, change: Change<CheckIn>) -> Result<()>;
    /// What all check-ins on a goal that were not withdrawn reported of its key results, oldest first, with the confidence.
    fn reports(&mut self, goal: GoalId) -> Result<Vec<(Vec<KeyResultReport>, i32)>>;
    /// The last check-ins on a goal that were not withdrawn.
    fn last_check_ins(&mut self, goal: GoalId) -> Result<LastCheckIns>;
    /// Adds a check-in, with what has been reported up to it.
    fn create_check_in(
        &mut self,
        change: Change<CheckIn>,
        so_far: Option<&ReportedSoFar>,
    ) -> Result<()>;
    /// Forgets what had been reported up to each check-in behind one: something has changed before them.
    fn forget_reported(&mut self, goal: GoalId, behind: CheckInId) -> Result<()>;
    /// A page of the measurements of an indicator with all their revisions, in the order of ids.
    fn measurements(&mut self, goal: GoalId, page: &Page) -> Result<Vec<Measurement>>;
    /// One measurement with its goal.
    fn measurement(&mut self, id: MeasurementId) -> Result<Option<Sealed<Reported<Measurement>>>>;
    /// Saves that a measurement, which was not, is withdrawn.
    fn withdraw_measurement(&mut self, change: Change<Measurement>) -> Result<()>;
    /// Adds a measurement, or a revision of one.
    fn create_measurement(&mut self, change: Change<Measurement>) -> Result<()>;
}

/// A goal with everything its score is computed from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoalFile {
    /// The goal.
    pub goal: Goal,
    /// Its revisions, oldest first.
    pub revisions: Vec<GoalRevision>,
    /// Its measurements with all their revisions; see [`domain::goals::goal::Indicator::actual`].
    pub measurements: Vec<Measurement>,
    /// Its check-ins that were not withdrawn, oldest first.
    pub check_ins: Vec<CheckIn>,
}

/// Goals as an evaluation reads and scores them: for whole sets of people, once the evaluation
/// itself is permitted.
pub trait GoalEvaluation {
    /// The goals of people in a cycle, given up ones included, by owner and then in the order of
    /// ids. Four statements for one person as for some hundreds.
    fn goals_of(&mut self, cycle: CycleId, owners: &[EmployeeId]) -> Result<Vec<GoalFile>>;
    /// Saves state, score and version of goals, each guarded by its version; one statement for
    /// many.
    fn score_goals(&mut self, changes: Vec<Change<Goal>>) -> Result<()>;
}
