//! Reviews, their results, and why these are what they are.

use crate::page::Page;
use crate::ports::Result;
use domain::core::change::Change;
use domain::core::id::{
    CalibrationSessionId, CycleId, EmployeeId, OrgUnitId, ParticipantId, PolicyId, ReviewId,
};
use domain::core::time::Timestamp;
use domain::policy::{Relations, Sealed, Visibility};
use domain::reviews::form::{Results, Review};
use domain::scoring::trace::Trace;
use domain::state::review::State;
use rust_decimal::Decimal;
use std::collections::{HashMap, HashSet};

/// Which reviews are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReviewFilter {
    /// Of this cycle.
    pub cycle_id: Option<CycleId>,
    /// About this person.
    pub employee_id: Option<EmployeeId>,
    /// For which this manager answers.
    pub manager_id: Option<EmployeeId>,
    /// Of people of this department, as frozen at the launch.
    pub department_id: Option<OrgUnitId>,
    /// In this state.
    pub state: Option<State>,
}

/// A part of the reviews of one cycle, for whoever works on all of them at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewSet {
    /// The cycle.
    pub cycle_id: CycleId,
    /// Of people of these departments; empty is everybody.
    pub department_ids: Vec<OrgUnitId>,
    /// Compared by this session.
    pub session_id: Option<CalibrationSessionId>,
}

impl ReviewSet {
    /// All reviews of a cycle.
    pub fn of(cycle_id: CycleId) -> Self {
        Self { cycle_id, department_ids: Vec::new(), session_id: None }
    }
}

/// A review without what was written in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewResults {
    /// Its id.
    pub id: ReviewId,
    /// Who is reviewed.
    pub employee_id: EmployeeId,
    /// Who answers for it.
    pub manager_id: Option<EmployeeId>,
    /// The group in which grades are distributed.
    pub department_id: Option<OrgUnitId>,
    /// Whether the person counts towards the quotas.
    pub counts_for_quota: bool,
    /// Where it is.
    pub state: State,
    /// The session that compares its grade.
    pub session_id: Option<CalibrationSessionId>,
    /// What came of it.
    pub results: Results,
    /// Counts changes of the state, from 1.
    pub version: i32,
    /// When the state last changed.
    pub updated_at: Timestamp,
}

impl From<&Review> for ReviewResults {
    fn from(review: &Review) -> Self {
        Self {
            id: review.id,
            employee_id: review.employee_id,
            manager_id: review.manager_id,
            department_id: review.department_id,
            counts_for_quota: review.counts_for_quota,
            state: review.state,
            session_id: review.session_id,
            results: review.results.clone(),
            version: review.version,
            updated_at: review.updated_at,
        }
    }
}

/// How a result was computed, one revision of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultTrace {
    /// Number of the revision, from 1; the last one counts.
    pub revision: i32,
    /// The policy version it was computed by.
    pub policy_id: PolicyId,
    /// Inputs, settings, steps and result.
    pub trace: Trace,
    /// SHA-256 of the canonical text of the trace.
    pub digest: Vec<u8>,
    /// When.
    pub computed_at: Timestamp,
}

/// Reviews. They are opened with their cycle's evaluation by [`Cycles`](super::Cycles).
///
/// Version and instant of the last change move with the state of a review and with nothing else:
/// the person concerned sees both, and must not learn from them that somebody has drafted a rating,
/// computed a result or moved a grade.
pub trait Reviews {
    /// One review.
    fn review(&mut self, id: ReviewId) -> Result<Option<Sealed<Review>>>;
    /// One review that nobody else changes, of a participant and in a cycle that stay as they are,
    /// until the unit of work ends. One statement.
    fn lock_review(&mut self, id: ReviewId) -> Result<Option<Sealed<Review>>>;
    /// A page of the reviews that may be seen, each with how the subject stands to the person on
    /// the day of `visible`. One statement.
    fn reviews(
        &mut self,
        filter: &ReviewFilter,
        visible: &Visibility,
        page: &Page,
    ) -> Result<Vec<(Sealed<Review>, Relations)>>;
    /// Saves a review, guarded by its version.
    fn update_review(&mut self, change: Change<Review>) -> Result<()>;
    /// Saves what both sides have written so far in a review locked before, in the version it has.
    fn save_drafts(&mut self, change: Change<Review>) -> Result<()>;
}

/// Whole sets of reviews: what computing and comparing results reads and writes, with a statement
/// for many rows. Who asks has settled before that the caller may do it to all of them.
pub trait ReviewSets {
    /// The reviews of a cycle behind `after`, at most `limit`, in the order of participants.
    fn reviews_of(
        &mut self,
        cycle: CycleId,
        after: Option<ParticipantId>,
        limit: i64,
    ) -> Result<Vec<Review>>;
    /// The review of somebody in a cycle, in which nobody else does anything until the unit of work
    /// ends; none before evaluation. One statement.
    fn hold_review(&mut self, cycle: CycleId, person: EmployeeId) -> Result<Option<Review>>;
    /// The reviews of these people in a cycle, in the order of participants.
    fn reviews_about(&mut self, cycle: CycleId, people: &[EmployeeId]) -> Result<Vec<Review>>;
    /// All reviews of a set without what was written, in the order of ids.
    fn results_of(&mut self, set: &ReviewSet) -> Result<Vec<ReviewResults>>;
    /// Saves state, session and results of many reviews. Each is guarded by the version before: the
    /// one it has where the state stays, else one less.
    fn save_results(&mut self, changes: Vec<Change<ReviewResults>>) -> Result<()>;
    /// Who answers for the review of anybody in a cycle.
    fn team_leaders(&mut self, cycle: CycleId) -> Result<HashSet<EmployeeId>>;
    /// The performance totals of the people whose reviews these managers answer for, as far as they
    /// are computed; by manager, in the order of the reviews.
    fn team_totals(
        &mut self,
        cycle: CycleId,
        managers: &[EmployeeId],
    ) -> Result<HashMap<EmployeeId, Vec<Decimal>>>;
    /// The last revision of how a result was computed.
    fn result_trace(&mut self, id: ReviewId) -> Result<Option<ResultTrace>>;
    /// Adds a revision to each of these results whose last one is not the very same.
    fn add_traces(&mut self, policy: PolicyId, traces: &[(ReviewId, &Trace)]) -> Result<()>;
}
