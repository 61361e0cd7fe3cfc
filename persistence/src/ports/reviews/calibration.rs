//! Calibration sessions, the moves made in them, and the distribution they look at.

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

/// Which sessions are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionFilter {
    /// Of this cycle.
    pub cycle_id: Option<CycleId>,
    /// In this state.
    pub state: Option<State>,
    /// In which this person has a seat.
    pub member: Option<EmployeeId>,
}

/// Who of some people may take which seat.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seats {
    /// Who answer for somebody's review in the cycle.
    pub managers: HashSet<EmployeeId>,
    /// Who hold a role of HR.
    pub hr: HashSet<EmployeeId>,
}

impl Seats {
    /// Whether the seat is for whoever takes it.
    pub fn fit(&self, member: &SessionMember) -> bool {
        match member.seat {
            SessionSeat::Member => self.managers.contains(&member.employee_id),
            SessionSeat::Facilitator => self.hr.contains(&member.employee_id),
        }
    }
}

/// Calibration sessions. What happens to all reviews of a session is one statement.
pub trait CalibrationSessions {
    /// One session.
    fn calibration_session(
        &mut self,
        id: CalibrationSessionId,
    ) -> Result<Option<Sealed<CalibrationSession>>>;
    /// One session in which nobody else does anything until the unit of work ends.
    fn lock_calibration_session(
        &mut self,
        id: CalibrationSessionId,
    ) -> Result<Option<Sealed<CalibrationSession>>>;
    /// A page of sessions, in the order of ids, or of change.
    fn calibration_sessions(
        &mut self,
        filter: &SessionFilter,
        page: &Page,
    ) -> Result<Vec<Sealed<CalibrationSession>>>;
    /// Adds a session with its members.
    fn create_calibration_session(&mut self, change: Change<CalibrationSession>) -> Result<()>;
    /// Saves a session with its members, guarded by its version.
    fn update_calibration_session(&mut self, change: Change<CalibrationSession>) -> Result<()>;
    /// Who of these people may take which seat on a day.
    fn seats(&mut self, cycle: CycleId, people: &[EmployeeId], day: NaiveDate) -> Result<Seats>;
    /// The departments in which the grades of a cycle are distributed.
    fn cycle_departments(&mut self, cycle: CycleId) -> Result<HashSet<OrgUnitId>>;
    /// Has a session compare the graded reviews of its departments and of the participants it names
    /// that no other session compares any more, but not those of who has a seat in it; how many.
    fn assign_reviews(&mut self, session: &CalibrationSession) -> Result<usize>;
    /// Numbers and names of people.
    fn names(&mut self, people: &[EmployeeId]) -> Result<HashMap<EmployeeId, (String, String)>>;
    /// The sessions that compare the reviews of these people.
    fn sessions_about(&mut self, people: &[EmployeeId]) -> Result<HashSet<CalibrationSessionId>>;
    /// Every session of a cycle.
    fn sessions_of(&mut self, cycle: CycleId) -> Result<Vec<CalibrationSession>>;
}

/// Which moves of a session are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoveFilter {
    /// Made in this session.
    pub session_id: CalibrationSessionId,
    /// Of this review.
    pub review_id: Option<ReviewId>,
    /// In this state.
    pub state: Option<MoveState>,
    /// But not those about these people.
    pub hidden: Vec<EmployeeId>,
}

/// Moves, which are never deleted. Who changes one has locked its session before.
pub trait Moves {
    /// One move.
    fn session_move(&mut self, id: MoveId) -> Result<Option<Sealed<SessionMove>>>;
    /// A page of moves, in the order of ids, or of change.
    fn session_moves(
        &mut self,
        filter: &MoveFilter,
        page: &Page,
    ) -> Result<Vec<Sealed<SessionMove>>>;
    /// The moves of one review in a session, for what follows from a new result without anybody
    /// being shown them.
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
