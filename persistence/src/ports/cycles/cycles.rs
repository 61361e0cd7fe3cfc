//! Performance cycles and the counts that decide whether a cycle may move on.

use crate::page::Page;
use crate::ports::Result;
use domain::core::change::Change;
use domain::core::id::{
    CalibrationSessionId, CycleId, EmployeeId, OrgUnitId, ParticipantId, PolicyId,
};
use domain::cycles::cycle::{Cycle, CycleApproval};
use domain::cycles::performance_policy::PerformancePolicy;
use domain::policy::Sealed;
use domain::state::{Share, cycle};
use std::collections::{HashMap, HashSet};

/// Conditions on cycles; all of them must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CycleFilter {
    /// Only cycles in one of these states; an empty list matches none.
    pub states: Vec<cycle::State>,
    /// Only cycles that apply this policy version.
    pub policy_id: Option<PolicyId>,
}

/// How many people take part in a cycle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Headcount {
    /// All participants, excluded ones included.
    pub participants: i64,
    /// Participants who are excluded, so not evaluated.
    pub excluded: i64,
}

/// What the result of a person is computed and placed by.
pub struct Framed {
    /// The cycle.
    pub cycle: Sealed<Cycle>,
    /// The policy version that the cycle applies.
    pub policy: Sealed<PerformancePolicy>,
    /// Whether the person answers for a review of the cycle.
    pub leads: bool,
    /// Whether a calibration session of the cycle is open.
    pub in_session: bool,
}

/// Cycles. An operation on many people takes a constant number of statements, or one statement for
/// many rows.
pub trait Cycles {
    /// One cycle.
    fn cycle(&mut self, id: CycleId) -> Result<Option<Sealed<Cycle>>>;
    /// One cycle with all that the result of a person is computed and placed by. One statement.
    fn frame_of(&mut self, id: CycleId, person: EmployeeId) -> Result<Option<Framed>>;
    /// One cycle whose state nobody can change until the unit of work ends. Units that change
    /// goals, reviews, participants or sessions of a cycle take this shared lock; several may hold
    /// it at once.
    fn hold_cycle(&mut self, id: CycleId) -> Result<Option<Sealed<Cycle>>>;
    /// One cycle, locked exclusively until the unit of work ends. Units that change the state of a
    /// cycle take this lock.
    fn lock_cycle(&mut self, id: CycleId) -> Result<Option<Sealed<Cycle>>>;
    /// A page of cycles, in the order of ids, or of change.
    fn cycles(&mut self, filter: &CycleFilter, page: &Page) -> Result<Vec<Sealed<Cycle>>>;
    /// The states of cycles.
    fn cycle_states(&mut self, ids: &[CycleId]) -> Result<HashMap<CycleId, cycle::State>>;
    /// Adds a cycle.
    fn create_cycle(&mut self, change: Change<Cycle>) -> Result<()>;
    /// Saves a cycle, guarded by its version.
    fn update_cycle(&mut self, change: Change<Cycle>) -> Result<()>;
    /// The approvals that still count, by cycle, oldest first. An approval no longer counts once
    /// the results it approved have changed.
    fn cycle_approvals(&mut self, ids: &[CycleId]) -> Result<HashMap<CycleId, Vec<CycleApproval>>>;
    /// Keeps an approval; the cycle itself is saved with [`Cycles::update_cycle`].
    fn approve_cycle(&mut self, id: CycleId, approval: &CycleApproval) -> Result<()>;
    /// Deletes the approvals of a step that did not take place.
    fn forget_approvals(&mut self, id: CycleId) -> Result<()>;
    /// How many people are in a cycle.
    fn headcount(&mut self, id: CycleId) -> Result<Headcount>;
    /// The goals in force, as a share of all goals that were not cancelled.
    fn goals_in_force(&mut self, id: CycleId) -> Result<Share>;
    /// Lets the cycle go on without the ratings of those of these participants who are not rated
    /// yet.
    fn except_reviews(&mut self, exceptions: &[ParticipantId]) -> Result<()>;
    /// Number of reviews that have not reached calibration and are not
    /// [excepted](Self::except_reviews).
    fn reviews_underway(&mut self, id: CycleId) -> Result<u64>;
    /// Number of reviews without a submitted manager review, leaving out those of `exceptions`.
    fn manager_reviews_missing(&mut self, id: CycleId, exceptions: &[ParticipantId])
    -> Result<u64>;
    /// Number of calibration sessions that are not finalised.
    fn sessions_unfinished(&mut self, id: CycleId) -> Result<u64>;
    /// Number of reviews in calibration for which no grade has been computed.
    fn reviews_ungraded(&mut self, id: CycleId) -> Result<u64>;
    /// Reviews, of one session or of the whole cycle, that would get a final S or D without
    /// evidence. Reviews of the people in `apart` are left out.
    fn grades_unfounded(
        &mut self,
        id: CycleId,
        session: Option<CalibrationSessionId>,
        apart: &HashSet<EmployeeId>,
    ) -> Result<u64>;
    /// Those of `ids` that name no org unit or a deleted one.
    fn unknown_org_units(&mut self, ids: &[OrgUnitId]) -> Result<Vec<OrgUnitId>>;
}
