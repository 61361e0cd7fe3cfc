//! What clients see and send about cycles.

use super::moves::seating;
use crate::cycles::words;
use crate::platform::caller::Actor;
use crate::platform::page::page_of;
use crate::platform::period::PeriodView;
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
use validator::Validate;

/// Days on which stages begin and work is due, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = CycleSchedule)]
#[serde(deny_unknown_fields)]
pub struct ScheduleView {
    /// First day of goal setting.
    #[schema(example = "2026-01-01")]
    pub goal_setting: NaiveDate,
    /// First day of execution; goals should be active by then.
    #[schema(example = "2026-02-01")]
    pub execution: NaiveDate,
    /// First day on which evaluation may begin.
    #[schema(example = "2026-12-15")]
    pub evaluation: NaiveDate,
    /// Day on which self-reviews are due.
    #[schema(example = "2026-12-31")]
    pub self_review_due: NaiveDate,
    /// Last day for raters other than the manager.
    #[schema(example = "2027-01-10")]
    pub rater_due: NaiveDate,
    /// Day on which managers' reviews are due.
    #[schema(example = "2027-01-20")]
    pub manager_review_due: NaiveDate,
    /// First day of calibration.
    #[schema(example = "2027-01-25")]
    pub calibration: NaiveDate,
    /// Day on which results are to be published.
    #[schema(example = "2027-02-10")]
    pub publication: NaiveDate,
    /// First day on which the cycle may be archived.
    #[schema(example = "2029-12-31")]
    pub retention: NaiveDate,
}

/// Implements both conversions between two structs with the same fields.
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

/// Duties in a stage (RACI): who is accountable, responsible, consulted and informed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = StageDuties)]
#[serde(deny_unknown_fields)]
pub struct StageDutiesView {
    /// Stage of the cycle.
    #[schema(value_type = words::CycleStage)]
    pub stage: CycleStage,
    /// Role that is accountable. A launch requires exactly one for each stage.
    #[serde(default)]
    #[schema(value_type = Option<words::Party>)]
    pub accountable: Option<Duty>,
    /// Roles that do the work. A launch requires at least one for each stage.
    #[serde(default)]
    #[schema(value_type = HashSet<words::Party>)]
    pub responsible: Vec<Duty>,
    /// Roles that are consulted.
    #[serde(default)]
    #[schema(value_type = HashSet<words::Party>)]
    pub consulted: Vec<Duty>,
    /// Roles that are informed.
    #[serde(default)]
    #[schema(value_type = HashSet<words::Party>)]
    pub informed: Vec<Duty>,
}

same_fields!(StageDuties, StageDutiesView { stage, accountable, responsible, consulted, informed });

/// One approval of an action that takes two people.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = CycleApproval)]
pub struct CycleApprovalView {
    /// The approved action.
    #[schema(value_type = words::CycleAction)]
    pub action: CycleAction,
    /// Account that approved.
    pub account_id: Uuid,
    /// Seat of the approver: `HR` or `EXEC`.
    #[schema(value_type = crate::platform::words::Seat)]
    pub seat: Seat,
    /// When the approval was given.
    pub at: DateTime<Utc>,
}

/// A dimension left out of results that lack enough raters, in one population.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = DroppedDimension)]
pub struct DroppedDimensionView {
    /// Id of the proposal; explanations of results refer to the approval by it.
    pub id: Uuid,
    /// Name of the population in the policy.
    #[schema(example = "everyone")]
    pub population: String,
    /// Code of the dimension.
    #[schema(example = "collaboration")]
    pub dimension: String,
    /// Reason for leaving it out.
    #[schema(example = "Nobody asks partners of other departments this year")]
    pub reason: String,
    /// Account that proposed it; absent for callers who may not approve it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub proposed_by: Option<Uuid>,
    /// When it was proposed.
    pub proposed_at: DateTime<Utc>,
    /// Account that approved it; absent for callers who may not approve it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub approved_by: Option<Uuid>,
    /// When it was approved; null before that, while it has no effect.
    #[schema(required = true)]
    pub approved_at: Option<DateTime<Utc>>,
}

impl DroppedDimensionView {
    /// Everybody sees approved drops; only people who may approve see proposals.
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

/// Number of people in a cycle.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = CycleHeadcount)]
pub struct HeadcountView {
    /// All participants.
    #[schema(example = 288)]
    pub participants: i64,
    /// Participants who are not evaluated.
    #[schema(example = 7)]
    pub excluded: i64,
}

/// A performance cycle.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Cycle)]
pub struct CycleView {
    /// Id of the cycle.
    pub id: Uuid,
    /// External key, unique in the tenant.
    #[schema(example = "2026")]
    pub code: String,
    /// Name of the cycle, as shown to people.
    #[schema(example = "Year 2026")]
    pub name: String,
    /// Kind of the cycle: how long its period is.
    #[schema(value_type = words::CycleKind)]
    pub kind: CycleKind,
    /// Id of the policy version that applies.
    pub policy_id: Uuid,
    /// State of the cycle.
    #[schema(value_type = words::CycleState)]
    pub state: cycle::State,
    /// The evaluated period, first and last day.
    pub period: PeriodView,
    /// Dates of the stages; absent for auditors. In a draft, shown only to people who design
    /// cycles.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub schedule: Option<ScheduleView>,
    /// Duties in each stage; absent for auditors. In a draft, shown only to people who design
    /// cycles.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub raci: Option<Vec<StageDutiesView>>,
    /// Units whose people take part, including all units below; empty means everybody. Absent
    /// unless the caller is HR, senior management or a program.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub org_unit_ids: Option<Vec<Uuid>>,
    /// Dimensions left out of results that lack enough raters; absent for auditors.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub dropped_dimensions: Option<Vec<DroppedDimensionView>>,
    /// Known limits of the policy in this cycle. Absent in lists and unless the caller is HR,
    /// senior management or a program.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = HashSet<words::CycleWarning>, required = false)]
    pub warnings: Option<Vec<PolicyWarning>>,
    /// When the cycle was launched; null before that.
    pub launched_at: Option<DateTime<Utc>>,
    /// When results were published and the time for appeals began; null before that.
    pub published_at: Option<DateTime<Utc>>,
    /// Approvals given so far for an action that takes two people; absent for callers who may not
    /// approve.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub approvals: Option<Vec<CycleApprovalView>>,
    /// Number of participants. Absent in lists and unless the caller is HR, senior management or a
    /// program.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub headcount: Option<HeadcountView>,
    /// Actions that the state and the caller's rights allow now; unmet conditions can still refuse
    /// them.
    #[schema(value_type = HashSet<words::CycleAction>)]
    pub allowed_actions: Vec<CycleAction>,
    /// Version of the record: starts at 1 and grows by 1 with each change.
    #[schema(example = 1)]
    pub version: i32,
    /// When the record was created.
    pub created_at: DateTime<Utc>,
    /// When the record was last changed.
    pub updated_at: DateTime<Utc>,
}

/// Actions that the caller may take on a cycle in its current state.
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
    of CycleView, created by Action::CycleWrite
}

/// A new cycle.
#[derive(Clone, Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct NewCycle {
    /// External key, unique in the tenant.
    #[schema(min_length = 1, max_length = 64, pattern = r"^\S(.*\S)?$", example = "2026")]
    pub code: String,
    /// Name of the cycle, as shown to people.
    #[schema(min_length = 1, max_length = 200, pattern = r"^\S(.*\S)?$", example = "Year 2026")]
    pub name: String,
    /// Kind of the cycle: how long its period is.
    #[schema(value_type = words::CycleKind)]
    pub kind: CycleKind,
    /// Id of the policy version to apply; it must be published before the launch.
    pub policy_id: Uuid,
    /// The evaluated period, first and last day.
    #[validate(nested)]
    pub period: PeriodView,
    /// Dates of the stages.
    pub schedule: ScheduleView,
    /// Duties in each stage; must be complete before the launch.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub raci: Vec<StageDutiesView>,
    /// Units whose people take part, including all units below; empty means everybody.
    #[serde(default)]
    #[schema(max_items = 500)]
    pub org_unit_ids: Vec<Uuid>,
}

/// A merge patch of a cycle in draft: an absent property stays as it is.
#[derive(Clone, Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct CyclePatch {
    /// Name of the cycle, as shown to people.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^\S(.*\S)?$",
        nullable = false,
        example = "Year 2026"
    )]
    pub name: Option<String>,
    /// Kind of the cycle: how long its period is.
    #[serde(default)]
    #[schema(value_type = words::CycleKind, required = false)]
    pub kind: Option<CycleKind>,
    /// Id of the policy version to apply.
    #[schema(nullable = false)]
    pub policy_id: Option<Uuid>,
    /// The evaluated period, first and last day.
    #[schema(nullable = false)]
    #[validate(nested)]
    pub period: Option<PeriodView>,
    /// Dates of the stages; replaced as a whole.
    #[schema(nullable = false)]
    pub schedule: Option<ScheduleView>,
    /// Duties in each stage; replaced as a whole.
    #[schema(max_items = 20, nullable = false)]
    pub raci: Option<Vec<StageDutiesView>>,
    /// Units whose people take part, including all units below; replaced as a whole.
    #[schema(max_items = 500, nullable = false)]
    pub org_unit_ids: Option<Vec<Uuid>>,
}

/// Proposal to leave a dimension out of results that lack enough raters.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDimensionDrop {
    /// Name of the population in the policy.
    #[schema(min_length = 1, max_length = 40, example = "everyone")]
    pub population: String,
    /// Code of the dimension; not `performance`.
    #[schema(min_length = 1, max_length = 40, example = "collaboration")]
    pub dimension: String,
    /// Reason for leaving it out.
    #[schema(
        min_length = 1,
        max_length = 2000,
        pattern = r"\S",
        example = "Nobody asks partners of other departments this year"
    )]
    pub reason: String,
}

/// The proposal to approve.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DimensionDropApproval {
    /// Id of the proposal, from `dropped_dimensions`.
    pub drop_id: Uuid,
}

/// Reason for an action on a cycle.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CycleReason {
    /// Reason. Required to cancel a cycle, and to proceed although a usual condition is not met.
    #[schema(
        min_length = 1,
        max_length = 2000,
        pattern = r"\S",
        example = "The market has changed"
    )]
    pub reason: Option<String>,
}

/// Participants who may lack a manager review when calibration begins.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CalibrationStart {
    /// Participants whose manager's review is missing; they get no grade.
    #[serde(default)]
    #[schema(max_items = 1000)]
    pub exceptions: Vec<Uuid>,
    /// Reason; required if there are exceptions.
    #[schema(
        min_length = 1,
        max_length = 2000,
        pattern = r"\S",
        nullable = false,
        example = "On long leave"
    )]
    pub reason: Option<String>,
}
