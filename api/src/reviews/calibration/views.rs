//! What clients see and send about calibration sessions and moves.

use super::sessions::{judges, seating};
use crate::platform::caller::Actor;
use crate::platform::page::page_of;
use crate::platform::resource::view;
use crate::reviews::distribution::views::DistributionSummary;
use crate::reviews::views::EvidenceView;
use crate::reviews::words;
use chrono::{DateTime, NaiveDate, Utc};
use domain::policy::{Action, Mask, Protected, Shown, decide};
use domain::reviews::calibration::Reason;
use domain::reviews::calibration_session::{
    CalibrationSession, MoveAction, MoveState, SessionAction, SessionMember, SessionMove,
    SessionSeat,
};
use domain::reviews::distribution::Picture;
use domain::scoring::scale::Grade;
use domain::state::Moving;
use domain::state::calibration_session::State;
use domain::state::review;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

view! {
    /// A member of a session.
    pub struct SessionMemberView as SessionMember of (member: &SessionMember);
    /// Employee id of the member.
    employee_id: Uuid = member.employee_id.uuid();
    /// Seat: `member` (a manager) or `facilitator` (from HR).
    #[schema(value_type = words::SessionSeat)]
    seat: SessionSeat = member.seat;
    /// Whether the person was present when the session was opened; false before that.
    #[schema(example = true)]
    present: bool = member.present;
}

view! {
    /// A calibration session.
    // `compared` says whether it compares the review of `actor`.
    pub struct CalibrationSessionView as CalibrationSession of (
        actor: &Actor,
        shown: &Shown<CalibrationSession>,
        compared: bool,
    );
    let session = shown.outline();
    /// When the record was created.
    created_at;
    /// Id of the session.
    id: Uuid = session.id.uuid();
    /// Id of the cycle.
    cycle_id: Uuid = session.cycle_id.uuid();
    /// Name of the session, as shown to people.
    #[schema(example = "Sales and service")]
    name: String = session.name.clone();
    /// State of the session.
    #[schema(value_type = words::CalibrationSessionState)]
    state: State = session.state;
    /// Departments whose grades it compares. If there are neither departments nor participants, it
    /// compares everybody. It never compares its own members.
    department_ids: Vec<Uuid> = session.department_ids.iter().map(|id| id.uuid()).collect();
    /// Participants whose grades it compares, in addition to the departments.
    participant_ids: Vec<Uuid> = session.participant_ids.iter().map(|id| id.uuid()).collect();
    /// Day of the meeting; null until it is scheduled.
    #[schema(example = "2027-01-26")]
    scheduled_on: Option<NaiveDate> = session.scheduled_on;
    /// Members of the session.
    members: Vec<SessionMemberView> = session.members.iter().map(SessionMemberView::new).collect();
    /// Reason why senior management accepted the distribution as it is; absent for auditors.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "Two teams of specialists")]
    override_reason: Option<String> =
        shown.at(Mask::Full).and_then(|it| it.override_reason.clone());
    /// Account that accepted the distribution; null if none has.
    overridden_by: Option<Uuid> = session.overridden_by.map(Uuid::from);
    /// When the distribution was accepted; null if it was not. If a counted grade is moved later,
    /// the acceptance no longer allows the session to be finalised.
    overridden_at: Option<DateTime<Utc>> = session.overridden_at;
    /// Actions that the state and the caller's rights allow now; unmet conditions can still refuse
    /// them.
    #[schema(value_type = HashSet<words::CalibrationSessionAction>)]
    allowed_actions: Vec<SessionAction> = allowed_actions(actor, session, compared);
}

/// Actions that the caller may take on a session in its current state. If it compares the caller's
/// own review, actions that depend on grades are left out.
pub(super) fn allowed_actions(
    actor: &Actor,
    session: &CalibrationSession,
    compared: bool,
) -> Vec<SessionAction> {
    let target = session.target(actor.today);
    let may = |action| decide(&actor.subject, action, &target).permit.is_some();
    let mut offered = session.offered(&seating(actor, session), |action| match action {
        SessionAction::Override => may(Action::CalibrationSessionOverride),
        _ => may(Action::CalibrationSessionWrite),
    });
    offered.retain(|action| !compared || !judges(*action));
    offered
}

page_of! {
    /// A page of sessions.
    pub struct CalibrationSessionPage
    /// The sessions, in the order of creation; with `updated_since`, in the order of change.
    of CalibrationSessionView, created by Action::CalibrationSessionWrite
}

/// A person to take part in a session.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSessionMember {
    /// Employee id. A member must be responsible for a review of the cycle; a facilitator must hold
    /// an HR role.
    pub employee_id: Uuid,
    /// Seat: `member` (a manager) or `facilitator` (from HR).
    #[schema(value_type = words::SessionSeat)]
    pub seat: SessionSeat,
}

impl From<NewSessionMember> for SessionMember {
    fn from(NewSessionMember { employee_id, seat }: NewSessionMember) -> Self {
        Self { employee_id: employee_id.into(), seat, present: false }
    }
}

/// A new session.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCalibrationSession {
    /// Id of the cycle: from its launch until its grades are confirmed.
    pub cycle_id: Uuid,
    /// Name of the session, as shown to people.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^\S(.*\S)?$",
        example = "Sales and service"
    )]
    pub name: String,
    /// Departments whose grades it compares.
    #[serde(default)]
    #[schema(max_items = 500)]
    pub department_ids: Vec<Uuid>,
    /// Participants whose grades it compares, in addition to the departments. If there are neither,
    /// it compares everybody.
    #[serde(default)]
    #[schema(max_items = 500)]
    pub participant_ids: Vec<Uuid>,
    /// Members of the session.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub members: Vec<NewSessionMember>,
}

/// A merge patch of a session that is not open yet: an absent property stays as it is.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CalibrationSessionPatch {
    /// Name of the session, as shown to people.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^\S(.*\S)?$",
        nullable = false,
        example = "Sales and service"
    )]
    pub name: Option<String>,
    /// Departments whose grades it compares; replaced as a whole.
    #[schema(max_items = 500, nullable = false)]
    pub department_ids: Option<Vec<Uuid>>,
    /// Participants whose grades it compares, in addition to the departments; replaced as a whole.
    #[schema(max_items = 500, nullable = false)]
    pub participant_ids: Option<Vec<Uuid>>,
    /// Members of the session; replaced as a whole.
    #[schema(max_items = 100, nullable = false)]
    pub members: Option<Vec<NewSessionMember>>,
}

/// The day of a session.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionSchedule {
    /// Day of the meeting.
    #[schema(example = "2027-01-26")]
    pub scheduled_on: NaiveDate,
}

/// The members present when a session is opened.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionOpening {
    /// Employee ids of the members who are present.
    #[schema(max_items = 100)]
    pub present: Vec<Uuid>,
}

/// Reason for finalising a session although the distribution deviates.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionFinalisation {
    /// Reason; required if the check of the distribution warns.
    #[schema(min_length = 1, max_length = 2000, pattern = r"\S", example = "A strong year")]
    pub reason: Option<String>,
}

/// Reason for an action on a session.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionReason {
    /// Reason.
    #[schema(
        min_length = 1,
        max_length = 2000,
        pattern = r"\S",
        example = "Two teams of specialists"
    )]
    pub reason: String,
}

/// A review in a session, as it is compared.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ComparedReview {
    /// Id of the review.
    pub review_id: Uuid,
    /// Id of the reviewed person.
    pub employee_id: Uuid,
    /// Employee number of the reviewed person.
    #[schema(example = "E-0043")]
    pub employee_number: String,
    /// Name of the reviewed person.
    #[schema(example = "Li Na")]
    pub name: String,
    /// Department in which the grade is distributed; null for people without one.
    pub department_id: Option<Uuid>,
    /// Manager responsible for the review; null if there is none.
    pub manager_id: Option<Uuid>,
    /// Whether the person counts towards the quotas.
    #[schema(example = true)]
    pub counts_for_quota: bool,
    /// State of the review.
    #[schema(value_type = words::ReviewState)]
    pub state: review::State,
    /// Whether a move of its grade is pending; absent for callers who may not read moves.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = false)]
    pub move_pending: Option<bool>,
    /// Result of the review; absent for callers who may not see it yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub result: Option<ComparedResult>,
}

/// A result, as it is compared.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ComparedResult {
    /// Performance score from goals, in points; null until computed.
    #[schema(example = "104.50")]
    pub performance: Option<String>,
    /// Composite score of all dimensions, in points; null until computed.
    #[schema(example = "101.20")]
    pub composite: Option<String>,
    /// Collaboration score, in points, which breaks ties; null until computed.
    #[schema(example = "98.00")]
    pub collaboration: Option<String>,
    /// Grade that follows from the composite; null until computed.
    #[schema(value_type = Option<words::Grade>)]
    pub computed_grade: Option<Grade>,
    /// Grade after calibration; null if no move changed it.
    #[schema(value_type = Option<words::Grade>)]
    pub calibrated_grade: Option<Grade>,
    /// Final grade; null until the session is finalised.
    #[schema(value_type = Option<words::Grade>)]
    pub final_grade: Option<Grade>,
    /// Best grade that a confirmed veto allows; null without a veto.
    #[schema(value_type = Option<words::Grade>)]
    pub veto_grade: Option<Grade>,
    /// Grade that ranking and quotas lead to, or `TIE:` with the best and the worst grade of a
    /// group of people with equal scores; null without quotas.
    #[schema(example = "TIE:AB")]
    pub placement: Option<String>,
}

page_of! {
    /// A page of reviews in a session.
    pub struct ComparedReviewPage
    /// The reviews, in the order of creation.
    of ComparedReview
}

/// Distribution of the grades in a session.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SessionPicture {
    /// All people of the session who count towards the quotas.
    pub overall: DistributionSummary,
    /// One entry per department.
    pub departments: Vec<DepartmentPicture>,
}

/// Distribution of one department in a session.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DepartmentPicture {
    /// Id of the department; the nil UUID for people without one.
    pub department_id: Uuid,
    /// People of the department who count towards the quotas.
    pub summary: DistributionSummary,
}

impl From<&Picture> for SessionPicture {
    fn from(picture: &Picture) -> Self {
        let departments = picture.departments.iter();
        Self {
            overall: (&picture.overall).into(),
            departments: departments
                .map(|(id, summary)| DepartmentPicture {
                    department_id: *id,
                    summary: summary.into(),
                })
                .collect(),
        }
    }
}

/// Effect of a move on the distribution of its session.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MoveEffect {
    /// Distribution without the move.
    pub before: SessionPicture,
    /// Distribution with the move.
    pub after: SessionPicture,
}

view! {
    /// Content of a move.
    pub struct MoveContent as MoveContent of (moved: &SessionMove);
    /// Grade before the move.
    #[schema(value_type = words::Grade)]
    from: Grade = moved.from;
    /// Grade after the move.
    #[schema(value_type = words::Grade)]
    to: Grade = moved.to;
    /// Reason codes.
    #[schema(value_type = HashSet<words::MoveReason>)]
    reasons: Vec<Reason> = moved.reasons.iter().copied().collect();
    /// Explanation.
    #[schema(example = "The tender was won after the rating had been written")]
    text: String = moved.text.clone();
    /// Evidence for the move.
    evidence: Vec<EvidenceView> = moved.evidence.iter().cloned().map(EvidenceView::from).collect();
    /// What the person reads about it after release; empty for moves made before this was asked for.
    #[schema(example = "Your tender counts")]
    sentence: String = moved.sentence.clone();
    /// Best grade that a confirmed veto allowed when the move was proposed; null without a veto.
    #[schema(value_type = Option<words::Grade>)]
    veto_cap: Option<Grade> = moved.veto_cap;
}

view! {
    /// A move of a grade in a session.
    pub struct MoveView as Move of (
        shown: &Shown<SessionMove>,
        actor: &Actor,
        session: &CalibrationSession,
        moves: Option<MoveEffect>,
    );
    let moved = shown.outline();
    /// When the move was proposed.
    created_at;
    /// Id of the move.
    id: Uuid = moved.id.uuid();
    /// Id of the session.
    session_id: Uuid = moved.session_id.uuid();
    /// Id of the review.
    review_id: Uuid = moved.review_id.uuid();
    /// State of the move.
    #[schema(value_type = words::MoveState)]
    state: MoveState = moved.state;
    /// Content; absent for auditors.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    content: Option<MoveContent> = shown.at(Mask::Full).map(MoveContent::new);
    /// Employee who proposed it.
    proposed_by: Uuid = moved.proposer.uuid();
    /// Employees who have approved it so far.
    approved_by: Vec<Uuid> = moved.approvers.iter().map(|id| id.uuid()).collect();
    /// Actions the caller may take on the record now.
    #[schema(value_type = HashSet<words::MoveAction>)]
    allowed_actions: Vec<MoveAction> =
        actor.subject.employee_id.map(|me| moved.offered(me, session)).unwrap_or_default();
    /// Effect on the distribution of its session; only in answers to proposing and approving. The
    /// caller's own review is not counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    effect: Option<MoveEffect> = moves;
}

page_of! {
    /// A page of moves.
    pub struct MovePage
    /// The moves, in the order of creation; with `updated_since`, in the order of change.
    of MoveView
}

/// A move to propose.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMove {
    /// Id of the review, one that the session compares.
    pub review_id: Uuid,
    /// The grade that the proposer has seen: the calibrated one, otherwise the computed one. If it
    /// has changed meanwhile, the request is refused as stale.
    #[schema(value_type = words::Grade)]
    pub from: Grade,
    /// Grade after the move; none better than a confirmed veto allows.
    #[schema(value_type = words::Grade)]
    pub to: Grade,
    /// Reason codes. `distribution` alone is not enough where quotas are a guideline.
    #[schema(value_type = HashSet<words::MoveReason>)]
    pub reasons: Vec<Reason>,
    /// Explanation: at least 10 characters, 20 where evidence is needed.
    #[schema(max_length = 4000, example = "The tender was won after the rating had been written")]
    pub text: String,
    /// Evidence: at least one item dated inside the period. None is needed for a move back to the
    /// computed grade, unless that is S or D.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub evidence: Vec<EvidenceView>,
    /// What the person reads about the move after release, with the result.
    #[schema(min_length = 1, max_length = 1000, pattern = r"\S", example = "Your tender counts")]
    pub sentence: String,
}
