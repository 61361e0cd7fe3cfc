//! Performance cycles and what moves with them.

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

/// Which cycles are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CycleFilter {
    /// In one of these states.
    pub states: Vec<cycle::State>,
    /// Of this policy version.
    pub policy_id: Option<PolicyId>,
}

/// How many people are in a cycle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Headcount {
    /// Everybody.
    pub participants: i64,
    /// Those of them who are not evaluated.
    pub excluded: i64,
}

/// A cycle with its policy.
pub type Framed = (Sealed<Cycle>, Sealed<PerformancePolicy>);

/// Cycles. What belongs to many people at once is moved with a constant number of statements, or
/// one for many rows.
pub trait Cycles {
    /// One cycle.
    fn cycle(&mut self, id: CycleId) -> Result<Option<Sealed<Cycle>>>;
    /// One cycle with the policy version it applies. One statement.
    fn cycle_with_policy(&mut self, id: CycleId) -> Result<Option<Framed>>;
    /// One cycle that stays in its state until the unit of work ends: for whoever changes goals,
    /// reviews, participants or sessions in it. Others may hold it too.
    fn hold_cycle(&mut self, id: CycleId) -> Result<Option<Sealed<Cycle>>>;
    /// One cycle that nobody else holds or moves until the unit of work ends: for whoever moves it.
    fn lock_cycle(&mut self, id: CycleId) -> Result<Option<Sealed<Cycle>>>;
    /// A page of cycles, in the order of ids, or of change.
    fn cycles(&mut self, filter: &CycleFilter, page: &Page) -> Result<Vec<Sealed<Cycle>>>;
    /// The states of cycles.
    fn cycle_states(&mut self, ids: &[CycleId]) -> Result<HashMap<CycleId, cycle::State>>;
    /// Adds a cycle.
    fn create_cycle(&mut self, change: Change<Cycle>) -> Result<()>;
    /// Saves a cycle, guarded by its version.
    fn update_cycle(&mut self, change: Change<Cycle>) -> Result<()>;
    /// Approvals given so far, by cycle, in the order in which they were given. What was approved of
    /// results that have changed since counts no more.
    fn cycle_approvals(&mut self, ids: &[CycleId]) -> Result<HashMap<CycleId, Vec<CycleApproval>>>;
    /// Keeps an approval; the cycle itself is saved with [`Cycles::update_cycle`].
    fn approve_cycle(&mut self, id: CycleId, approval: &CycleApproval) -> Result<()>;
    /// Forgets the approvals of what has not come about.
    fn forget_approvals(&mut self, id: CycleId) -> Result<()>;
    /// How many people are in a cycle.
    fn headcount(&mut self, id: CycleId) -> Result<Headcount>;
    /// Goals in force of all goals that were not given up.
    fn goals_in_force(&mut self, id: CycleId) -> Result<Share>;
    /// Goes on without the ratings of these participants, as far as they are missing.
    fn except_reviews(&mut self, exceptions: &[ParticipantId]) -> Result<()>;
    /// Reviews that are not in calibration yet, nor [excepted](Self::except_reviews).
    fn reviews_underway(&mut self, id: CycleId) -> Result<u64>;
    /// Reviews the manager has not handed in, but for those of `exceptions`.
    fn manager_reviews_missing(&mut self, id: CycleId, exceptions: &[ParticipantId])
    -> Result<u64>;
    /// Calibration sessions that are not finalised.
    fn sessions_unfinished(&mut self, id: CycleId) -> Result<u64>;
    /// Reviews in calibration for which no grade has been computed.
    fn reviews_ungraded(&mut self, id: CycleId) -> Result<u64>;
    /// Reviews, of one session or of all the cycle, that would get a final S or D without evidence;
    /// those about people `apart` are not among them.
    fn grades_unfounded(
        &mut self,
        id: CycleId,
        session: Option<CalibrationSessionId>,
        apart: &HashSet<EmployeeId>,
    ) -> Result<u64>;
    /// Those of `ids` that are no org units, or deleted ones.
    fn unknown_org_units(&mut self, ids: &[OrgUnitId]) -> Result<Vec<OrgUnitId>>;
}
