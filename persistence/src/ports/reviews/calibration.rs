//! Calibration sessions and the moves of grades made in them.

use crate::page::Page;
use crate::ports::Result;
use chrono::NaiveDate;
use domain::core::change::Change;
use domain::core::id::{CalibrationSessionId, CycleId, EmployeeId, MoveId, OrgUnitId, ReviewId};
use domain::core::time::Timestamp;
use domain::policy::Sealed;
use domain::reviews::calibration_session::{
    CalibrationSession, MoveState, SessionMember, SessionMove, SessionSeat,
};
use domain::state::calibration_session::State;
use std::collections::{HashMap, HashSet};

/// Conditions on calibration sessions; all of them must hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionFilter {
    /// Only those of this cycle.
    pub cycle_id: Option<CycleId>,
    /// Only those in this state.
    pub state: Option<State>,
    /// Only those in which this person has a seat.
    pub member: Option<EmployeeId>,
}

/// Who of the people asked about qualifies for which seat of a session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seats {
    /// People who answer for somebody's review in the cycle.
    pub managers: HashSet<EmployeeId>,
    /// People who hold the role of HR administrator or HR business partner.
    pub hr: HashSet<EmployeeId>,
}

impl Seats {
    /// Whether the member qualifies for the seat: a member must answer for a review in the cycle, a
    /// facilitator must hold a role of HR.
    pub fn fit(&self, member: &SessionMember) -> bool {
        match member.seat {
            SessionSeat::Member => self.managers.contains(&member.employee_id),
            SessionSeat::Facilitator => self.hr.contains(&member.employee_id),
        }
    }
}

/// Calibration sessions. An operation on all reviews of a session takes one statement.
pub trait CalibrationSessions {
    /// One session.
    fn calibration_session(
        &mut self,
        id: CalibrationSessionId,
    ) -> Result<Option<Sealed<CalibrationSession>>>;
    /// One session, locked until the unit of work ends.
    fn lock_calibration_session(
        &mut self,
        id: CalibrationSessionId,
    ) -> Result<Option<Sealed<CalibrationSession>>>;
    /// A page of sessions, ordered by id, or by last change.
    fn calibration_sessions(
        &mut self,
        filter: &SessionFilter,
        page: &Page,
    ) -> Result<Vec<Sealed<CalibrationSession>>>;
    /// Adds a session with its members.
    fn create_calibration_session(&mut self, change: Change<CalibrationSession>) -> Result<()>;
    /// Saves a session with its members, guarded by its version.
    fn update_calibration_session(&mut self, change: Change<CalibrationSession>) -> Result<()>;
    /// Who of these people qualifies for which seat on `day`.
    fn seats(&mut self, cycle: CycleId, people: &[EmployeeId], day: NaiveDate) -> Result<Seats>;
    /// The departments of a cycle in which grades are distributed.
    fn cycle_departments(&mut self, cycle: CycleId) -> Result<HashSet<OrgUnitId>>;
    /// Assigns reviews in calibration to the session: those of its departments and of the
    /// participants it names. Leaves out reviews that another unfinished session compares and
    /// reviews of people who have a seat in this session. Returns how many.
    fn assign_reviews(&mut self, session: &CalibrationSession) -> Result<usize>;
    /// Employee number and name of each of these people.
    fn names(&mut self, people: &[EmployeeId]) -> Result<HashMap<EmployeeId, (String, String)>>;
    /// The sessions that compare the reviews of these people.
    fn sessions_about(&mut self, people: &[EmployeeId]) -> Result<HashSet<CalibrationSessionId>>;
    /// All sessions of a cycle.
    fn sessions_of(&mut self, cycle: CycleId) -> Result<Vec<CalibrationSession>>;
}

/// Conditions on moves; all of them must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoveFilter {
    /// Only those made in this session.
    pub session_id: CalibrationSessionId,
    /// Only those of this review.
    pub review_id: Option<ReviewId>,
    /// Only those in this state.
    pub state: Option<MoveState>,
    /// Leave out moves about these people.
    pub hidden: Vec<EmployeeId>,
}

/// Moves of grades. They are never deleted. Callers lock the session before they change a move.
pub trait Moves {
    /// One move.
    fn session_move(&mut self, id: MoveId) -> Result<Option<Sealed<SessionMove>>>;
    /// A page of moves, in the order of ids, or of change.
    fn moves(&mut self, filter: &MoveFilter, page: &Page) -> Result<Vec<Sealed<SessionMove>>>;
    /// The moves of one review in a session, oldest first: for what follows from a new result without
    /// anybody being shown them, and for what the reviewee is told of them after release.
    fn moves_of(
        &mut self,
        session: CalibrationSessionId,
        review: ReviewId,
    ) -> Result<Vec<SessionMove>>;
    /// The reviews of a session with a move that waits for approval.
    fn pending_moves(&mut self, session: CalibrationSessionId) -> Result<HashSet<ReviewId>>;
    /// The reviews of a session whose grades were moved after an instant.
    fn moved_since(&mut self, id: CalibrationSessionId, at: Timestamp) -> Result<Vec<ReviewId>>;
}
