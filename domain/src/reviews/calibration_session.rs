//! A calibration session (校准会): who compares which grades, and the moves they make.
//!
//! How it moves is told by [`crate::state::calibration_session`], what a move needs by
//! [`crate::reviews::calibration`].

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
    /// What somebody does in a session.
    pub enum SessionSeat {
        /// A manager who proposes and approves moves.
        Member = "member",
        /// An HR person who leads the meeting.
        Facilitator = "facilitator",
    }
}

/// Somebody in a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionMember {
    /// Who.
    pub employee_id: EmployeeId,
    /// As what.
    pub seat: SessionSeat,
    /// Whether the person was there when the session was opened.
    pub present: bool,
}

/// A calibration session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalibrationSession {
    /// Its id.
    pub id: CalibrationSessionId,
    /// The cycle.
    pub cycle_id: CycleId,
    /// Name shown to people.
    pub name: String,
    /// Where it is.
    pub state: State,
    /// The departments whose grades it compares.
    pub department_ids: Vec<OrgUnitId>,
    /// Participants whose grades it compares, whatever their department. With neither departments nor
    /// participants it compares everybody. Who has a seat in it is never compared in it.
    pub participant_ids: Vec<ParticipantId>,
    /// When it takes place.
    pub scheduled_on: Option<NaiveDate>,
    /// Who takes part.
    pub members: Vec<SessionMember>,
    /// Why senior management accepts a distribution that the check does not.
    pub override_reason: Option<String>,
    /// Who accepted it.
    pub overridden_by: Option<AccountId>,
    /// When it was accepted: the grades of then, not those moved since.
    pub overridden_at: Option<Timestamp>,
    /// Counts changes, from 1.
    pub version: i32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

text_enum! {
    /// What can be done to a session.
    pub enum SessionAction {
        /// Change name, departments and members.
        Update = "update",
        /// Set the day.
        Schedule = "schedule",
        /// Begin the meeting.
        Opening = "opening",
        /// Propose a move.
        Proposal = "proposal",
        /// End the meeting: its grades stand.
        Finalisation = "finalisation",
        /// Accept the distribution as it is.
        Override = "override",
        /// Take the session up again.
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
    /// Whether it compares the grades of everybody in the cycle.
    pub fn compares_everybody(&self) -> bool {
        self.department_ids.is_empty() && self.participant_ids.is_empty()
    }

    /// Whether it is meant to compare the grade of a participant of a department: not that of
    /// somebody with a seat in it.
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

    /// The seat somebody has in it.
    pub fn seat_of(&self, person: EmployeeId) -> Option<SessionSeat> {
        self.members.iter().find(|member| member.employee_id == person).map(|member| member.seat)
    }
}

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
    /// What became of a move.
    pub enum MoveState {
        /// Waits for approval.
        Pending = "pending",
        /// Has changed the grade.
        Approved = "approved",
        /// Has not changed the grade.
        Rejected = "rejected",
    }
}

text_enum! {
    /// What can be done to a move.
    pub enum MoveAction {
        /// Approve it.
        Approval = "approval",
        /// Reject it, or take it back.
        Rejection = "rejection",
    }
}

/// A move of one grade in a session (E.5). Never changed once decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionMove {
    /// Its id.
    pub id: MoveId,
    /// The session.
    pub session_id: CalibrationSessionId,
    /// The review.
    pub review_id: ReviewId,
    /// Who is reviewed.
    pub employee_id: EmployeeId,
    /// The grade before.
    pub from: Grade,
    /// The grade after.
    pub to: Grade,
    /// Why, in codes.
    pub reasons: BTreeSet<Reason>,
    /// Why, in words.
    pub text: String,
    /// What shows it.
    pub evidence: Vec<EvidenceItem>,
    /// What became of it.
    pub state: MoveState,
    /// Who proposed it.
    pub proposed_by: EmployeeId,
    /// Who approved it so far.
    pub approved_by: BTreeSet<EmployeeId>,
    /// Counts changes, from 1.
    pub version: i32,
    /// When it was proposed.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl SessionMove {
    /// Whether somebody may approve it: another person than who proposed it, and none who has
    /// approved it already.
    pub fn may_be_approved_by(&self, person: EmployeeId) -> bool {
        self.proposed_by != person && !self.approved_by.contains(&person)
    }

    /// What somebody may do to it from a seat in its session.
    pub fn offered(&self, person: EmployeeId, seat: Option<SessionSeat>) -> Vec<MoveAction> {
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
