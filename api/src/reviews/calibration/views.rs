//! What clients see and send of calibration sessions and moves.

use super::sessions::{judges, seating};
use crate::platform::caller::Actor;
use crate::platform::page::page_of;
use crate::platform::schema::{word_list, word_or_null, words};
use crate::reviews::distribution::views::DistributionSummary;
use crate::reviews::views::EvidenceView;
use chrono::{DateTime, NaiveDate, Utc};
use domain::core::id::EmployeeId;
use domain::policy::{Action, Mask, Protected, Shown, decide};
use domain::reviews::calibration::{Picture, Reason};
use domain::reviews::calibration_session::{
    CalibrationSession, MoveAction, MoveState, SessionAction, SessionMember, SessionMove,
    SessionSeat,
};
use domain::scoring::scale::Grade;
use domain::state::Moving;
use domain::state::calibration_session::State;
use domain::state::review;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Somebody in a session.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = SessionMember)]
pub struct SessionMemberView {
    /// Who.
    pub employee_id: Uuid,
    /// As what.
    #[schema(schema_with = words::<SessionSeat>)]
    pub seat: SessionSeat,
    /// Whether the person was there when the session was opened.
    #[schema(example = true)]
    pub present: bool,
}

/// A calibration session.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = CalibrationSession)]
pub struct CalibrationSessionView {
    /// Its id.
    pub id: Uuid,
    /// The cycle.
    pub cycle_id: Uuid,
    /// Name shown to people.
    #[schema(example = "Sales and service")]
    pub name: String,
    /// Where it is.
    #[schema(schema_with = words::<State>)]
    pub state: State,
    /// The departments whose grades it compares. With neither departments nor participants it compares
    /// everybody; never those who have a seat in it.
    pub department_ids: Vec<Uuid>,
    /// Participants whose grades it compares, whatever their department.
    pub participant_ids: Vec<Uuid>,
    /// When it takes place.
    #[schema(example = "2027-01-26")]
    pub scheduled_on: Option<NaiveDate>,
    /// Who takes part.
    pub members: Vec<SessionMemberView>,
    /// Why senior management accepts the distribution as it is; not for auditors.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "Two teams of specialists")]
    pub override_reason: Option<String>,
    /// Who accepted it.
    pub overridden_by: Option<Uuid>,
    /// When: it holds for the grades of then. Once one that counts is moved, the session cannot be
    /// finalised by it any more.
    pub overridden_at: Option<DateTime<Utc>>,
    /// What the caller may do to it now. More may be needed: a refusal names all of it.
    #[schema(schema_with = word_list::<SessionAction>)]
    pub allowed_actions: Vec<SessionAction>,
    /// Counts changes, from 1.
    #[schema(example = 1)]
    pub version: i32,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// What the caller may do to a session in its state; of a session that compares the caller's own
/// review, nothing that looks at its grades.
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

impl CalibrationSessionView {
    /// The session as far as `actor` sees it; `compared` says whether it compares the review of
    /// `actor`.
    pub(super) fn new(actor: &Actor, shown: &Shown<CalibrationSession>, compared: bool) -> Self {
        let session = shown.outline();
        let member = |member: &SessionMember| SessionMemberView {
            employee_id: member.employee_id.uuid(),
            seat: member.seat,
            present: member.present,
        };
        Self {
            allowed_actions: allowed_actions(actor, session, compared),
            id: session.id.uuid(),
            cycle_id: session.cycle_id.uuid(),
            name: session.name.clone(),
            state: session.state,
            department_ids: session.department_ids.iter().map(|id| id.uuid()).collect(),
            participant_ids: session.participant_ids.iter().map(|id| id.uuid()).collect(),
            scheduled_on: session.scheduled_on,
            members: session.members.iter().map(member).collect(),
            override_reason: shown.at(Mask::Full).and_then(|it| it.override_reason.clone()),
            overridden_by: session.overridden_by.map(Uuid::from),
            overridden_at: session.overridden_at,
            version: session.version,
            created_at: session.created_at,
            updated_at: session.updated_at,
        }
    }
}

page_of! {
    /// A page of sessions.
    pub struct CalibrationSessionPage
    /// The sessions, in the order of creation; with `updated_since`, in the order of change.
    of CalibrationSessionView
}

/// Somebody who is to take part in a session.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSessionMember {
    /// Who: for a member, somebody who answers for a review of the cycle; for a facilitator,
    /// somebody who holds a role of HR.
    pub employee_id: Uuid,
    /// As what.
    #[schema(schema_with = words::<SessionSeat>)]
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
    /// The cycle, from its launch until its grades are confirmed.
    pub cycle_id: Uuid,
    /// Name shown to people.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^\S(.*\S)?$",
        example = "Sales and service"
    )]
    pub name: String,
    /// The departments whose grades it compares.
    #[serde(default)]
    #[schema(max_items = 500)]
    pub department_ids: Vec<Uuid>,
    /// Participants whose grades it compares, whatever their department. With neither departments nor
    /// participants it compares everybody.
    #[serde(default)]
    #[schema(max_items = 500)]
    pub participant_ids: Vec<Uuid>,
    /// Who takes part.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub members: Vec<NewSessionMember>,
}

/// A merge patch of a session that is not open yet: absent is unchanged.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CalibrationSessionPatch {
    /// Name shown to people.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^\S(.*\S)?$",
        nullable = false,
        example = "Sales and service"
    )]
    pub name: Option<String>,
    /// The departments whose grades it compares; replaced as a whole.
    #[schema(max_items = 500, nullable = false)]
    pub department_ids: Option<Vec<Uuid>>,
    /// Participants whose grades it compares beside; replaced as a whole.
    #[schema(max_items = 500, nullable = false)]
    pub participant_ids: Option<Vec<Uuid>>,
    /// Who takes part; replaced as a whole.
    #[schema(max_items = 100, nullable = false)]
    pub members: Option<Vec<NewSessionMember>>,
}

/// When a session takes place.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionSchedule {
    /// The day.
    #[schema(example = "2027-01-26")]
    pub scheduled_on: NaiveDate,
}

/// Who is there when a session is opened.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionOpening {
    /// Those of its members who are present.
    #[schema(max_items = 100)]
    pub present: Vec<Uuid>,
}

/// Why a session ends with a distribution that deviates.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionFinalisation {
    /// Needed where the distribution warns.
    #[schema(min_length = 1, max_length = 2000, pattern = r"\S", example = "A strong year")]
    pub reason: Option<String>,
}

/// Why something is done.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionReason {
    /// Why.
    #[schema(
        min_length = 1,
        max_length = 2000,
        pattern = r"\S",
        example = "Two teams of specialists"
    )]
    pub reason: String,
}

/// A review as its session compares it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ComparedReview {
    /// The review.
    pub review_id: Uuid,
    /// Who is reviewed.
    pub employee_id: Uuid,
    /// Number given by the company.
    #[schema(example = "E-0043")]
    pub employee_number: String,
    /// Name.
    #[schema(example = "Li Na")]
    pub name: String,
    /// The department in which the grade is distributed.
    pub department_id: Option<Uuid>,
    /// Who answers for the review.
    pub manager_id: Option<Uuid>,
    /// Whether the person counts towards the quotas.
    #[schema(example = true)]
    pub counts_for_quota: bool,
    /// Where the review is.
    #[schema(schema_with = words::<review::State>)]
    pub state: review::State,
    /// Whether a move of its grade waits for approval; left out for those who may not read moves.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = false)]
    pub move_pending: Option<bool>,
    /// Its result; left out for those who may not see it yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub result: Option<ComparedResult>,
}

/// A result as it is compared.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ComparedResult {
    /// Performance total.
    #[schema(example = "104.50")]
    pub performance: Option<String>,
    /// Composite score.
    #[schema(example = "101.20")]
    pub composite: Option<String>,
    /// Collaboration score, which breaks ties.
    #[schema(example = "98.00")]
    pub collaboration: Option<String>,
    /// The grade of the composite.
    #[schema(schema_with = word_or_null::<Grade>)]
    pub computed_grade: Option<Grade>,
    /// The grade after calibration, where the session moved it.
    #[schema(schema_with = word_or_null::<Grade>)]
    pub calibrated_grade: Option<Grade>,
    /// What counts in the end; set when the session is finalised.
    #[schema(schema_with = word_or_null::<Grade>)]
    pub final_grade: Option<Grade>,
    /// The best grade a confirmed veto leaves.
    #[schema(schema_with = word_or_null::<Grade>)]
    pub veto_grade: Option<Grade>,
    /// The grade that rank and quotas lead to, or `TIE:` with the best and the worst of those
    /// between which equals stand; null without quotas.
    #[schema(example = "TIE:AB")]
    pub placement: Option<String>,
}

page_of! {
    /// A page of what a session compares.
    pub struct ComparedReviewPage
    /// The reviews, in the order of creation.
    of ComparedReview
}

/// What a session sees of its distribution.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SessionPicture {
    /// All people of the session who count towards the quotas.
    pub overall: DistributionSummary,
    /// Each department.
    pub departments: Vec<DepartmentPicture>,
}

/// One department of a session.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DepartmentPicture {
    /// The department; the nil id for people who work in none.
    pub department_id: Uuid,
    /// Its people who count towards the quotas.
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

/// What a move does to the distribution of its session.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MoveEffect {
    /// Without it.
    pub before: SessionPicture,
    /// With it.
    pub after: SessionPicture,
}

/// What a move says.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MoveContent {
    /// The grade before.
    #[schema(schema_with = words::<Grade>)]
    pub from: Grade,
    /// The grade after.
    #[schema(schema_with = words::<Grade>)]
    pub to: Grade,
    /// Why, in codes.
    #[schema(schema_with = word_list::<Reason>)]
    pub reasons: Vec<Reason>,
    /// Why, in words.
    #[schema(example = "The tender was won after the rating had been written")]
    pub text: String,
    /// What shows it.
    pub evidence: Vec<EvidenceView>,
}

/// A move of one grade in a session.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Move)]
pub struct MoveView {
    /// Its id.
    pub id: Uuid,
    /// The session.
    pub session_id: Uuid,
    /// The review.
    pub review_id: Uuid,
    /// What became of it.
    #[schema(schema_with = words::<MoveState>)]
    pub state: MoveState,
    /// What it says; not for auditors.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub content: Option<MoveContent>,
    /// Who proposed it.
    pub proposed_by: Uuid,
    /// Who approved it so far.
    pub approved_by: Vec<Uuid>,
    /// What the caller may do to it now.
    #[schema(schema_with = word_list::<MoveAction>)]
    pub allowed_actions: Vec<MoveAction>,
    /// What it does to the distribution of its session, in the answers that propose and approve it.
    /// The reader's own review is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub effect: Option<MoveEffect>,
    /// Counts changes, from 1.
    #[schema(example = 1)]
    pub version: i32,
    /// When it was proposed.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

impl MoveView {
    /// The move as far as `me`, who has the seat `seat`, sees it.
    pub(super) fn new(
        shown: &Shown<SessionMove>,
        me: Option<EmployeeId>,
        seat: Option<SessionSeat>,
    ) -> Self {
        let moved = shown.outline();
        let content = |moved: &SessionMove| MoveContent {
            from: moved.from,
            to: moved.to,
            reasons: moved.reasons.iter().copied().collect(),
            text: moved.text.clone(),
            evidence: moved.evidence.iter().cloned().map(EvidenceView::from).collect(),
        };
        Self {
            id: moved.id.uuid(),
            session_id: moved.session_id.uuid(),
            review_id: moved.review_id.uuid(),
            state: moved.state,
            content: shown.at(Mask::Full).map(content),
            proposed_by: moved.proposed_by.uuid(),
            approved_by: moved.approved_by.iter().map(|id| id.uuid()).collect(),
            allowed_actions: me.map(|me| moved.offered(me, seat)).unwrap_or_default(),
            effect: None,
            version: moved.version,
            created_at: moved.created_at,
            updated_at: moved.updated_at,
        }
    }
}

page_of! {
    /// A page of moves.
    pub struct MovePage
    /// The moves, in the order of creation; with `updated_since`, in the order of change.
    of MoveView
}

/// A move somebody proposes.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMove {
    /// The review, one of those the session compares.
    pub review_id: Uuid,
    /// The calibrated or else computed grade as the proposer has seen it; refused as stale when it
    /// is another one by now.
    #[schema(schema_with = words::<Grade>)]
    pub from: Grade,
    /// The grade after.
    #[schema(schema_with = words::<Grade>)]
    pub to: Grade,
    /// Why, in codes. `distribution` alone is no reason where quotas are a guideline.
    #[schema(schema_with = word_list::<Reason>)]
    pub reasons: Vec<Reason>,
    /// Why, in words: at least 10 characters, 20 where evidence is needed.
    #[schema(max_length = 4000, example = "The tender was won after the rating had been written")]
    pub text: String,
    /// What shows it: at least one item dated inside the period, unless the grade goes back to the
    /// computed one and that is neither S nor D.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub evidence: Vec<EvidenceView>,
}
