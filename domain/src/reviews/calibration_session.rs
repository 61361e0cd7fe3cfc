//! A calibration session (校准会): whose grades are compared, by whom, and the moves of grades.
//!
//! [`crate::state::calibration_session`] says how a session moves from state to state,
//! [`crate::reviews::calibration`] what a move of a grade requires.

use crate::core::change::versioned;
use crate::core::id::{
    AccountId, CalibrationSessionId, CycleId, EmployeeId, MoveId, OrgUnitId, ParticipantId,
    ReviewId,
};
use crate::core::text::TextEnum;
use crate::core::time::Timestamp;
use crate::policy::{Protected, Stage, Target};
use crate::reviews::calibration::Reason;
use crate::reviews::form::EvidenceItem;
use crate::scoring::scale::Grade;
use crate::state::Moving;
use crate::state::calibration_session::{Event, State};
use crate::text_enum;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

text_enum! {
    /// The part that a person plays in a session.
    pub enum SessionSeat {
        /// A manager who proposes and approves moves.
        Member = "member",
        /// An HR person who runs the meeting.
        Facilitator = "facilitator",
    }
}

/// A person who takes part in a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionMember {
    /// Id of the employee.
    pub employee_id: EmployeeId,
    /// The part that the person plays.
    pub seat: SessionSeat,
    /// Whether the person was present when the session was opened.
    pub present: bool,
}

/// A calibration session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalibrationSession {
    /// Id of the session.
    pub id: CalibrationSessionId,
    /// Id of the cycle.
    pub cycle_id: CycleId,
    /// Name shown to people.
    pub name: String,
    /// State of the session.
    pub state: State,
    /// Departments whose grades the session compares.
    pub department_ids: Vec<OrgUnitId>,
    /// Participants whose grades the session compares, whatever their department. If both lists are
    /// empty, it compares everybody. A person with a seat in the session is never compared in it.
    pub participant_ids: Vec<ParticipantId>,
    /// The day of the meeting; `None` until it is scheduled.
    pub scheduled_on: Option<NaiveDate>,
    /// Who takes part.
    pub members: Vec<SessionMember>,
    /// Why senior management accepts a distribution that fails the check.
    pub override_reason: Option<String>,
    /// The account that accepted it.
    pub overridden_by: Option<AccountId>,
    /// When it was accepted; the acceptance covers the grades at that moment, not later moves.
    pub overridden_at: Option<Timestamp>,
    /// Version of the record, from 1: counts its changes.
    pub version: i32,
    /// When the record was created.
    pub created_at: Timestamp,
    /// When the record was last changed.
    pub updated_at: Timestamp,
}

text_enum! {
    /// What can be done to a session.
    pub enum SessionAction {
        /// Change name, departments, participants or members.
        Update = "update",
        /// Set the day of the meeting.
        Schedule = "schedule",
        /// Begin the meeting.
        Opening = "opening",
        /// Propose a move.
        Proposal = "proposal",
        /// End the meeting and make its grades final.
        Finalisation = "finalisation",
        /// Accept a distribution that fails the check.
        Override = "override",
        /// Reopen the session.
        Reopening = "reopening",
    }
}

impl Moving for CalibrationSession {
    type State = State;
    type Verb = SessionAction;

    fn state(&self) -> State {
        self.state
    }

    fn events(action: SessionAction) -> &'static [Event] {
        match action {
            SessionAction::Update | SessionAction::Override => &[],
            SessionAction::Schedule => &[Event::Schedule],
            SessionAction::Opening => &[Event::Open],
            SessionAction::Proposal => &[Event::ProposeMove],
            SessionAction::Finalisation => &[Event::Finalise],
            SessionAction::Reopening => &[Event::Reopen],
        }
    }

    fn lets(&self, action: SessionAction) -> bool {
        match action {
            SessionAction::Update => matches!(self.state, State::Draft | State::Scheduled),
            SessionAction::Override => self.state == State::Opened,
            step => self.is_in_table(step),
        }
    }
}

impl CalibrationSession {
    /// Whether the session compares the grades of everybody in the cycle.
    pub fn compares_everybody(&self) -> bool {
        self.department_ids.is_empty() && self.participant_ids.is_empty()
    }

    /// Whether the session compares the grade of a participant of a department; never if `person`
    /// has a seat in it.
    pub fn compares(
        &self,
        participant: ParticipantId,
        department: Option<OrgUnitId>,
        person: EmployeeId,
    ) -> bool {
        let named = self.participant_ids.contains(&participant);
        let inside = department.is_some_and(|unit| self.department_ids.contains(&unit));
        (self.compares_everybody() || named || inside) && self.seat_of(person).is_none()
    }

    /// The seat that a person has in the session, if any.
    pub fn seat_of(&self, person: EmployeeId) -> Option<SessionSeat> {
        self.members.iter().find(|member| member.employee_id == person).map(|member| member.seat)
    }
}

versioned!(CalibrationSession);

impl Protected for CalibrationSession {
    fn target(&self, _: NaiveDate) -> Target {
        Target {
            id: self.id.uuid(),
            session: Some(self.id),
            stage: Some(Stage::Calibration),
            ..Target::default()
        }
    }
}

text_enum! {
    /// State of a move.
    pub enum MoveState {
        /// Waits for approval.
        Pending = "pending",
        /// Approved: the grade was changed.
        Approved = "approved",
        /// Rejected or taken back: the grade was not changed.
        Rejected = "rejected",
    }
}

text_enum! {
    /// What can be done to a move.
    pub enum MoveAction {
        /// Approve it.
        Approval = "approval",
        /// Reject it, or take it back as its proposer.
        Rejection = "rejection",
    }
}

/// A move of one grade in a session (E.5). It never changes after the decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionMove {
    /// Id of the move.
    pub id: MoveId,
    /// Id of the session.
    pub session_id: CalibrationSessionId,
    /// Id of the review.
    pub review_id: ReviewId,
    /// The reviewee.
    pub employee_id: EmployeeId,
    /// The grade before.
    pub from: Grade,
    /// The grade after.
    pub to: Grade,
    /// Why, as codes.
    pub reasons: BTreeSet<Reason>,
    /// Why, in words.
    pub text: String,
    /// Evidence for the move.
    pub evidence: Vec<EvidenceItem>,
    /// What the reviewee reads about it after release; empty for moves of before this was asked for.
    pub sentence: String,
    /// The best grade that a confirmed veto allowed when it was proposed; `None` without a veto.
    pub veto_cap: Option<Grade>,
    /// State of the move.
    pub state: MoveState,
    /// Who proposed it.
    pub proposer: EmployeeId,
    /// Who has approved it so far.
    pub approvers: BTreeSet<EmployeeId>,
    /// Version of the record, from 1: counts its changes.
    pub version: i32,
    /// When it was proposed.
    pub created_at: Timestamp,
    /// When the record was last changed.
    pub updated_at: Timestamp,
}

impl SessionMove {
    /// Whether a person may approve the move: not its proposer, and nobody who has approved it
    /// already.
    pub fn may_be_approved_by(&self, person: EmployeeId) -> bool {
        self.proposer != person && !self.approvers.contains(&person)
    }

    /// What a person may do to the move from their seat in its session.
    pub fn offered(&self, person: EmployeeId, session: &CalibrationSession) -> Vec<MoveAction> {
        let seat = session.seat_of(person);
        let decides = seat == Some(SessionSeat::Member) && self.state == MoveState::Pending;
        let may = |action: &MoveAction| match action {
            MoveAction::Approval => self.may_be_approved_by(person),
            MoveAction::Rejection => true,
        };
        MoveAction::ALL.iter().copied().filter(|_| decides).filter(may).collect()
    }
}

impl Protected for SessionMove {
    fn target(&self, _: NaiveDate) -> Target {
        Target {
            id: self.id.uuid(),
            about: Some(self.employee_id),
            session: Some(self.session_id),
            stage: Some(Stage::Calibration),
            ..Target::default()
        }
    }
}
