//! What clients see and send of cycles.

use super::moves::seating;
use crate::platform::caller::Actor;
use crate::platform::page::page_of;
use crate::platform::period::PeriodView;
use crate::platform::schema::{word_list, word_or_null, words};
use chrono::{DateTime, NaiveDate, Utc};
use domain::core::id::AccountId;
use domain::core::text::TextEnum;
use domain::cycles::cycle::{
    Cycle, CycleAction, CycleApproval, CycleKind, CycleStage, Duty, Schedule, StageDuties,
};
use domain::cycles::dropped_dimension::DroppedDimension;
use domain::cycles::performance_policy::PolicyWarning;
use domain::policy::{Action, Mask, Protected, Shown, Stage, decide};
use domain::state::{Moving, Seat, cycle};
use persistence::Headcount;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// The days on which the stages begin and their work is due, in their order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = CycleSchedule)]
#[serde(deny_unknown_fields)]
pub struct ScheduleView {
    /// Goals are written from this day on.
    #[schema(example = "2026-01-01")]
    pub goal_setting: NaiveDate,
    /// Goals are to be active by this day.
    #[schema(example = "2026-02-01")]
    pub execution: NaiveDate,
    /// Evaluation may begin on this day.
    #[schema(example = "2026-12-15")]
    pub evaluation: NaiveDate,
    /// Self-reviews are due on this day.
    #[schema(example = "2026-12-31")]
    pub self_review_due: NaiveDate,
    /// Raters other than the manager answer until this day.
    #[schema(example = "2027-01-10")]
    pub rater_due: NaiveDate,
    /// Managers' reviews are due on this day.
    #[schema(example = "2027-01-20")]
    pub manager_review_due: NaiveDate,
    /// Calibration begins on this day.
    #[schema(example = "2027-01-25")]
    pub calibration: NaiveDate,
    /// Results are to be published on this day.
    #[schema(example = "2027-02-10")]
    pub publication: NaiveDate,
    /// The cycle may be archived from this day on.
    #[schema(example = "2029-12-31")]
    pub retention: NaiveDate,
}

/// Converts a struct into another one with the same fields.
macro_rules! same_fields {
    ($from:ident, $to:ident { $($field:ident),* $(,)? }) => {
        impl From<$from> for $to {
            fn from(value: $from) -> Self {
                let $from { $($field),* } = value;
                Self { $($field),* }
            }
        }
        impl From<$to> for $from {
            fn from(value: $to) -> Self {
                let $to { $($field),* } = value;
                Self { $($field),* }
            }
        }
    };
}

same_fields!(
    Schedule,
    ScheduleView {
        goal_setting,
        execution,
        evaluation,
        self_review_due,
        rater_due,
        manager_review_due,
        calibration,
        publication,
        retention,
    }
);

/// Who answers for a stage, who does the work, who is asked and who is told (RACI).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = StageDuties)]
#[serde(deny_unknown_fields)]
pub struct StageDutiesView {
    /// The stage.
    #[schema(schema_with = words::<CycleStage>)]
    pub stage: CycleStage,
    /// Who answers for it. A launch needs one for each stage.
    #[serde(default)]
    #[schema(schema_with = word_or_null::<Duty>)]
    pub accountable: Option<Duty>,
    /// Who does the work. A launch needs at least one for each stage.
    #[serde(default)]
    #[schema(schema_with = word_list::<Duty>)]
    pub responsible: Vec<Duty>,
    /// Who is asked.
    #[serde(default)]
    #[schema(schema_with = word_list::<Duty>)]
    pub consulted: Vec<Duty>,
    /// Who is told.
    #[serde(default)]
    #[schema(schema_with = word_list::<Duty>)]
    pub informed: Vec<Duty>,
}

same_fields!(StageDuties, StageDutiesView { stage, accountable, responsible, consulted, informed });

/// An approval of what takes two people.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = CycleApproval)]
pub struct CycleApprovalView {
    /// What is approved.
    #[schema(schema_with = words::<CycleAction>)]
    pub action: CycleAction,
    /// Who approved.
    pub account_id: Uuid,
    /// From which seat: `HR` or `EXEC`.
    #[schema(value_type = String, example = "HR")]
    pub seat: Seat,
    /// When.
    pub at: DateTime<Utc>,
}

/// A dimension that is left out of the results of a population where too few raters are there.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = DroppedDimension)]
pub struct DroppedDimensionView {
    /// Its id, by which explanations name the approval.
    pub id: Uuid,
    /// The population of the policy.
    #[schema(example = "everyone")]
    pub population: String,
    /// The dimension.
    #[schema(example = "collaboration")]
    pub dimension: String,
    /// Why.
    #[schema(example = "Nobody asks partners of other departments this year")]
    pub reason: String,
    /// Who proposed it; only for those who may approve.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub proposed_by: Option<Uuid>,
    /// When it was proposed.
    pub proposed_at: DateTime<Utc>,
    /// Who approved it; only for those who may approve.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub approved_by: Option<Uuid>,
    /// When it was approved; null while it has no effect.
    #[schema(required = true)]
    pub approved_at: Option<DateTime<Utc>>,
}

impl DroppedDimensionView {
    /// What was proposed is for those who may approve, what was approved for everybody.
    fn new(dropped: DroppedDimension, sees_approvals: bool) -> Option<Self> {
        let shown = sees_approvals || dropped.approved_at.is_some();
        shown.then(|| Self {
            id: dropped.id.uuid(),
            population: dropped.population,
            dimension: dropped.dimension,
            reason: dropped.reason,
            proposed_by: sees_approvals.then(|| dropped.proposed_by.uuid()),
            proposed_at: dropped.proposed_at,
            approved_by: dropped.approved_by.filter(|_| sees_approvals).map(AccountId::uuid),
            approved_at: dropped.approved_at,
        })
    }
}

/// How many people are in a cycle.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = CycleHeadcount)]
pub struct HeadcountView {
    /// Everybody.
    #[schema(example = 288)]
    pub participants: i64,
    /// Those of them who are not evaluated.
    #[schema(example = 7)]
    pub excluded: i64,
}

/// A performance cycle.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Cycle)]
pub struct CycleView {
    /// Its id.
    pub id: Uuid,
    /// External key, unique in the tenant.
    #[schema(example = "2026")]
    pub code: String,
    /// Name shown to people.
    #[schema(example = "Year 2026")]
    pub name: String,
    /// How long it is meant to be.
    #[schema(schema_with = words::<CycleKind>)]
    pub kind: CycleKind,
    /// The policy version it applies.
    pub policy_id: Uuid,
    /// Where it is.
    #[schema(schema_with = words::<cycle::State>)]
    pub state: cycle::State,
    /// The days that are evaluated.
    pub period: PeriodView,
    /// When its stages begin and their work is due; of a draft only for those who design cycles,
    /// absent for auditors.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub schedule: Option<ScheduleView>,
    /// Who answers for its stages; of a draft only for those who design cycles, absent for auditors.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub raci: Option<Vec<StageDutiesView>>,
    /// The units whose people take part, with all units below; empty is everybody. Only for HR,
    /// senior management and programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub org_unit_ids: Option<Vec<Uuid>>,
    /// Dimensions that are left out of results where too few raters are there; absent for auditors.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub dropped_dimensions: Option<Vec<DroppedDimensionView>>,
    /// What the cycle will have to live with under its policy; not in lists, and only for HR, senior
    /// management and programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = word_list::<PolicyWarning>)]
    pub warnings: Option<Vec<PolicyWarning>>,
    /// When it was launched.
    pub launched_at: Option<DateTime<Utc>>,
    /// When its results were published: the time for appeals began.
    pub published_at: Option<DateTime<Utc>>,
    /// Approvals given so far for what takes two people; only for those who may give them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub approvals: Option<Vec<CycleApprovalView>>,
    /// How many people are in it; not in lists, and only for HR, senior management and programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub headcount: Option<HeadcountView>,
    /// What the caller may do to it now. More may be needed: a refusal names all of it.
    #[schema(schema_with = word_list::<CycleAction>)]
    pub allowed_actions: Vec<CycleAction>,
    /// Counts changes, from 1.
    #[schema(example = 1)]
    pub version: i32,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// What the caller may do to a cycle in its state.
pub(super) fn allowed_actions(
    actor: &Actor,
    cycle: &Cycle,
    approvals: &[CycleApproval],
) -> Vec<CycleAction> {
    let target = cycle.target(actor.today);
    let may = |action| decide(&actor.subject, action, &target).permit.is_some();
    cycle.offered(&seating(actor, approvals), |_| may(Action::CycleWrite))
}

impl CycleView {
    /// The cycle as far as `actor` sees it.
    pub(super) fn new(
        actor: &Actor,
        shown: &Shown<Cycle>,
        approvals: &[CycleApproval],
        headcount: Option<Headcount>,
        warnings: Option<Vec<PolicyWarning>>,
    ) -> Self {
        let (cycle, whole) = (shown.outline(), shown.at(Mask::Full));
        let target = cycle.target(actor.today);
        let may = |action| decide(&actor.subject, action, &target).permit.is_some();
        let sees_approvals = may(Action::CycleApprove) || may(Action::CyclePropose);
        // Standards are open to all from the launch on.
        let standards = whole.or((target.stage != Some(Stage::Draft)).then_some(cycle));
        let dropped = |it: &DroppedDimension| DroppedDimensionView::new(it.clone(), sees_approvals);
        Self {
            allowed_actions: allowed_actions(actor, cycle, approvals),
            approvals: sees_approvals.then(|| approvals.iter().filter_map(approval).collect()),
            headcount: headcount.filter(|_| whole.is_some()).map(
                |Headcount { participants, excluded }| HeadcountView { participants, excluded },
            ),
            id: cycle.id.uuid(),
            code: cycle.code.clone(),
            name: cycle.name.clone(),
            kind: cycle.kind,
            policy_id: cycle.policy_id.uuid(),
            state: cycle.state,
            period: cycle.period.into(),
            schedule: standards.map(|cycle| cycle.schedule.clone().into()),
            raci: standards
                .map(|cycle| cycle.raci.iter().cloned().map(StageDutiesView::from).collect()),
            org_unit_ids: whole.map(|it| it.org_unit_ids.iter().map(|unit| unit.uuid()).collect()),
            dropped_dimensions: standards
                .map(|cycle| cycle.dropped.iter().filter_map(dropped).collect()),
            warnings: warnings.filter(|_| whole.is_some()),
            launched_at: cycle.launched_at,
            published_at: cycle.published_at,
            version: cycle.version,
            created_at: cycle.created_at,
            updated_at: cycle.updated_at,
        }
    }
}

fn approval(given: &CycleApproval) -> Option<CycleApprovalView> {
    let action =
        CycleAction::ALL.iter().find(|action| Cycle::events(**action).contains(&given.event))?;
    Some(CycleApprovalView {
        action: *action,
        account_id: given.account_id.uuid(),
        seat: given.seat,
        at: given.at,
    })
}

page_of! {
    /// A page of cycles.
    pub struct CyclePage
    /// The cycles, in the order of creation; with `updated_since`, in the order of change.
    of CycleView
}

/// A new cycle.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCycle {
    /// External key, unique in the tenant.
    #[schema(min_length = 1, max_length = 64, pattern = r"^\S(.*\S)?$", example = "2026")]
    pub code: String,
    /// Name shown to people.
    #[schema(min_length = 1, max_length = 200, pattern = r"^\S(.*\S)?$", example = "Year 2026")]
    pub name: String,
    /// How long it is meant to be.
    #[schema(schema_with = words::<CycleKind>)]
    pub kind: CycleKind,
    /// The policy version it applies; published before the launch.
    pub policy_id: Uuid,
    /// The days that are evaluated.
    pub period: PeriodView,
    /// When its stages begin and their work is due.
    pub schedule: ScheduleView,
    /// Who answers for its stages; complete before the launch.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub raci: Vec<StageDutiesView>,
    /// The units whose people take part, with all units below; empty is everybody.
    #[serde(default)]
    #[schema(max_items = 500)]
    pub org_unit_ids: Vec<Uuid>,
}

/// A merge patch of a cycle in draft: absent is unchanged.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CyclePatch {
    /// Name shown to people.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^\S(.*\S)?$",
        nullable = false,
        example = "Year 2026"
    )]
    pub name: Option<String>,
    /// How long it is meant to be.
    #[serde(default)]
    #[schema(schema_with = words::<CycleKind>, required = false)]
    pub kind: Option<CycleKind>,
    /// The policy version it applies.
    #[schema(nullable = false)]
    pub policy_id: Option<Uuid>,
    /// The days that are evaluated.
    #[schema(nullable = false)]
    pub period: Option<PeriodView>,
    /// When its stages begin and their work is due; replaced as a whole.
    #[schema(nullable = false)]
    pub schedule: Option<ScheduleView>,
    /// Who answers for its stages; replaced as a whole.
    #[schema(max_items = 20, nullable = false)]
    pub raci: Option<Vec<StageDutiesView>>,
    /// The units whose people take part; replaced as a whole.
    #[schema(max_items = 500, nullable = false)]
    pub org_unit_ids: Option<Vec<Uuid>>,
}

/// A dimension to leave out of the results of a population where too few raters are there.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDimensionDrop {
    /// The population of the policy.
    #[schema(min_length = 1, max_length = 40, example = "everyone")]
    pub population: String,
    /// One of its dimensions that people rate.
    #[schema(min_length = 1, max_length = 40, example = "collaboration")]
    pub dimension: String,
    /// Why.
    #[schema(
        min_length = 1,
        max_length = 2000,
        pattern = r"\S",
        example = "Nobody asks partners of other departments this year"
    )]
    pub reason: String,
}

/// Which proposal is approved.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DimensionDropApproval {
    /// Its id.
    pub drop_id: Uuid,
}

/// Why a step is taken.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CycleReason {
    /// Why; needed where what is usually demanded is not so, and to give a cycle up.
    #[schema(
        min_length = 1,
        max_length = 2000,
        pattern = r"\S",
        example = "The market has changed"
    )]
    pub reason: Option<String>,
}

/// Whose review may be missing when calibration begins, and why.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CalibrationStart {
    /// Participants whose manager's review is missing and who go without a grade.
    #[serde(default)]
    #[schema(max_items = 1000)]
    pub exceptions: Vec<Uuid>,
    /// Why; needed with exceptions.
    #[schema(
        min_length = 1,
        max_length = 2000,
        pattern = r"\S",
        nullable = false,
        example = "On long leave"
    )]
    pub reason: Option<String>,
}
