//! Reviews, their results, and the traces that explain how results were computed.

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

/// Conditions on reviews; all of them must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReviewFilter {
    /// Only those of this cycle.
    pub cycle_id: Option<CycleId>,
    /// Only those about this person.
    pub employee_id: Option<EmployeeId>,
    /// Only those for which this manager answers.
    pub manager_id: Option<EmployeeId>,
    /// Only those of people of this department, as it was at the launch.
    pub department_id: Option<OrgUnitId>,
    /// Only those in this state.
    pub state: Option<State>,
}

/// Selects reviews of one cycle for an operation on all of them at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewSet {
    /// The cycle.
    pub cycle_id: CycleId,
    /// Only people of these departments; empty means everybody.
    pub department_ids: Vec<OrgUnitId>,
    /// Only reviews that this session compares.
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
    /// Id of the review.
    pub id: ReviewId,
    /// The reviewee 被考核人.
    pub employee_id: EmployeeId,
    /// The manager who answers for the review.
    pub manager_id: Option<EmployeeId>,
    /// The department in whose distribution the grade counts.
    pub department_id: Option<OrgUnitId>,
    /// Whether the reviewee counts towards the quotas.
    pub counts_for_quota: bool,
    /// State of the review.
    pub state: State,
    /// The session that compares its grade.
    pub session_id: Option<CalibrationSessionId>,
    /// Scores and grades so far.
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

/// One revision of how a result was computed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultTrace {
    /// Number of the revision, from 1; the last one counts.
    pub revision: i32,
    /// The policy version that was applied.
    pub policy_id: PolicyId,
    /// Inputs, settings, steps and result.
    pub trace: Trace,
    /// SHA-256 of the canonical text of the trace.
    pub digest: Vec<u8>,
    /// When the result was computed.
    pub computed_at: Timestamp,
}

/// Reviews. [`Cycles`](super::Cycles) opens them when the evaluation of their cycle begins.
///
/// The version and the instant of the last change move only with the state of a review. The
/// reviewee sees both and must not learn from them that somebody has drafted a rating, computed a
/// result or moved a grade.
pub trait Reviews {
    /// One review.
    fn review(&mut self, id: ReviewId) -> Result<Option<Sealed<Review>>>;
    /// One review, locked until the unit of work ends; its participant and its cycle cannot change
    /// meanwhile either. One statement.
    fn lock_review(&mut self, id: ReviewId) -> Result<Option<Sealed<Review>>>;
    /// One review locked in the same way, together with the review of the manager who answers for
    /// it, if the manager has one in the cycle. One statement.
    fn lock_review_and_managers(
        &mut self,
        id: ReviewId,
    ) -> Result<Option<(Sealed<Review>, Option<Review>)>>;
    /// A page of the reviews that may be seen, each with how the subject of `visible` relates to
    /// the reviewee on the day of `visible`. One statement.
    fn reviews(
        &mut self,
        filter: &ReviewFilter,
        visible: &Visibility,
        page: &Page,
    ) -> Result<Vec<(Sealed<Review>, Relations)>>;
    /// Saves a review, guarded by its version.
    fn update_review(&mut self, change: Change<Review>) -> Result<()>;
    /// Saves the drafts of both sides in a locked review, without raising its version.
    fn save_drafts(&mut self, change: Change<Review>) -> Result<()>;
}

/// Many reviews at once, as computing and comparing results needs them; one statement for many
/// rows. The caller has already asked the policy about all of them.
pub trait ReviewSets {
    /// At most `limit` reviews of a cycle after `after`, ordered by participant.
    fn reviews_of(
        &mut self,
        cycle: CycleId,
        after: Option<ParticipantId>,
        limit: i64,
    ) -> Result<Vec<Review>>;
    /// The review of a person in a cycle, locked until the unit of work ends; none before
    /// evaluation opens. One statement.
    fn hold_review(&mut self, cycle: CycleId, person: EmployeeId) -> Result<Option<Review>>;
    /// The reviews of these people in a cycle, ordered by participant.
    fn reviews_about(&mut self, cycle: CycleId, people: &[EmployeeId]) -> Result<Vec<Review>>;
    /// All selected reviews without what was written in them, ordered by id.
    fn results_of(&mut self, set: &ReviewSet) -> Result<Vec<ReviewResults>>;
    /// Saves state, session and results of many reviews. Each is guarded by its former version: the
    /// version it has if the state stays, else one less.
    fn save_results(&mut self, changes: Vec<Change<ReviewResults>>) -> Result<()>;
    /// Everybody who answers for a review in a cycle.
    fn team_leaders(&mut self, cycle: CycleId) -> Result<HashSet<EmployeeId>>;
    /// The performance totals of the people for whose reviews these managers answer, where
    /// computed; by manager, ordered by review.
    fn team_totals(
        &mut self,
        cycle: CycleId,
        managers: &[EmployeeId],
    ) -> Result<HashMap<EmployeeId, Vec<Decimal>>>;
    /// The last revision of how a result was computed.
    fn result_trace(&mut self, id: ReviewId) -> Result<Option<ResultTrace>>;
    /// Adds a revision for each of these results whose last revision differs.
    fn add_traces(&mut self, policy: PolicyId, traces: &[(ReviewId, &Trace)]) -> Result<()>;
}
