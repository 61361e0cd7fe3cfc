//! What clients see and send about goals.

use super::cases::allowed_actions;
use super::present::PresentValues;
use super::schemas::{GoalDefinition, NewGoalDefinition};
use crate::goals::words;
use crate::platform::caller::Actor;
use crate::platform::page::page_of;
use crate::platform::patch::nullable;
use crate::platform::period::PeriodView;
use crate::platform::problem::Violation;
use crate::platform::resource::view;
use chrono::{DateTime, NaiveDate, Utc};
use domain::core::calendar::Period;
use domain::cycles::cycle;
use domain::goals::goal::{Goal, GoalAction, GoalContent, GoalLevel, GoalRevision, GoalWarning};
use domain::policy::{Action, Mask, Shown, Target, decide};
use domain::scoring::okr::smart::Failure;
use domain::state::{Seat, goal};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

/// The content of a goal, which both sides sign.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = GoalContent)]
pub struct GoalContentView {
    /// Title: what the owner is to achieve.
    #[schema(example = "Win the north")]
    pub title: String,
    /// Further description; null if there is none.
    #[schema(example = "Ten key accounts north of the river")]
    pub description: Option<String>,
    /// Weight among the owner's goals in percent.
    #[schema(value_type = String, example = "40.00")]
    pub weight: Decimal,
    /// First and last day of work on the goal.
    pub period: PeriodView,
    /// Strategic theme that the goal serves; null if it names none.
    #[schema(example = "Growth")]
    pub theme: Option<String>,
    /// True for an exploratory goal, where failure is acceptable: scored on the aspirational curve.
    #[schema(example = false)]
    pub exploratory: bool,
    /// Objective or indicator, with how it is measured.
    pub definition: GoalDefinition,
}

impl From<GoalContent> for GoalContentView {
    fn from(content: GoalContent) -> Self {
        let GoalContent { title, description, weight, period, theme, exploratory, kind } = content;
        Self {
            title,
            description,
            weight,
            period: period.into(),
            theme,
            exploratory,
            definition: GoalDefinition(kind),
        }
    }
}

/// Content of a goal to be written.
#[derive(Clone, Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct NewGoalContent {
    /// Title: what the owner is to achieve.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^\S(.*\S)?$",
        example = "Win the north"
    )]
    pub title: String,
    /// Further description.
    #[schema(min_length = 1, max_length = 4000, pattern = r"\S", example = "Ten key accounts")]
    pub description: Option<String>,
    /// Weight in percent. The weights of the owner's goals must sum to 100.00 when one is
    /// submitted.
    #[schema(
        value_type = String,
        pattern = r"^(100(\.0{1,2})?|\d{1,2}(\.\d{1,2})?)$",
        example = "40"
    )]
    pub weight: Decimal,
    /// First and last day of work on the goal.
    #[validate(nested)]
    pub period: PeriodView,
    /// Strategic theme that the goal serves.
    #[schema(min_length = 1, max_length = 200, pattern = r"^\S(.*\S)?$", example = "Growth")]
    pub theme: Option<String>,
    /// True for an exploratory goal, where failure is acceptable: scored on the aspirational curve.
    #[serde(default)]
    #[schema(default = false)]
    pub exploratory: bool,
    /// Objective or indicator, with how it is measured.
    pub definition: NewGoalDefinition,
}

impl NewGoalContent {
    /// The content, or what is wrong with its period.
    pub(super) fn read(self) -> Result<GoalContent, Violation> {
        let Self { title, description, weight, period, theme, exploratory, definition } = self;
        Ok(GoalContent {
            title,
            description,
            weight: hundredths(weight),
            period: read_period(period)?,
            theme,
            exploratory,
            kind: definition.0,
        })
    }
}

/// A weight with 2 decimal places, as it is stored and shown.
pub(super) fn hundredths(mut weight: Decimal) -> Decimal {
    weight.rescale(2);
    weight
}

fn read_period(period: PeriodView) -> Result<Period, Violation> {
    Period::new(period.start, period.end)
        .map_err(|_| Violation::new("/content/period/end", "period_invalid"))
}

/// A merge patch of a draft's content: an absent property stays as it is, null clears it. Period
/// and definition are replaced as a whole; key results with an id replace the existing ones.
#[derive(Clone, Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct GoalContentPatch {
    /// Title: what the owner is to achieve.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^\S(.*\S)?$",
        nullable = false,
        example = "Win the north"
    )]
    pub title: Option<String>,
    /// Further description; null removes it.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(
        value_type = Option<String>,
        min_length = 1,
        max_length = 4000,
        pattern = r"\S",
        example = "Ten key accounts"
    )]
    pub description: Option<Option<String>>,
    /// Weight among the owner's goals in percent.
    #[schema(
        value_type = Option<String>,
        nullable = false,
        pattern = r"^(100(\.0{1,2})?|\d{1,2}(\.\d{1,2})?)$",
        example = "35"
    )]
    pub weight: Option<Decimal>,
    /// First and last day of work on the goal.
    #[schema(nullable = false)]
    #[validate(nested)]
    pub period: Option<PeriodView>,
    /// Strategic theme that the goal serves; null removes it.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(
        value_type = Option<String>,
        min_length = 1,
        max_length = 200,
        pattern = r"^\S(.*\S)?$",
        example = "Growth"
    )]
    pub theme: Option<Option<String>>,
    /// True for an exploratory goal, where failure is acceptable.
    #[schema(nullable = false)]
    pub exploratory: Option<bool>,
    /// Objective or indicator, with how it is measured.
    #[schema(nullable = false)]
    pub definition: Option<NewGoalDefinition>,
}

impl GoalContentPatch {
    /// The content as patched, or what is wrong with its period.
    pub(super) fn apply(self, before: &GoalContent) -> Result<GoalContent, Violation> {
        let before = before.clone();
        Ok(GoalContent {
            title: self.title.unwrap_or(before.title),
            description: self.description.unwrap_or(before.description),
            weight: self.weight.map_or(before.weight, hundredths),
            period: self.period.map_or(Ok(before.period), read_period)?,
            theme: self.theme.unwrap_or(before.theme),
            exploratory: self.exploratory.unwrap_or(before.exploratory),
            kind: self.definition.map_or(before.kind, |definition| definition.0),
        })
    }
}

/// The first of the two signatures that an action needs.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FirstSignature)]
pub struct FirstSignatureView {
    /// Action that is signed: `completion` or `cancellation`.
    #[schema(value_type = words::GoalAction)]
    pub action: GoalAction,
    /// Seat of the person who signed: `owner`, `MGR` or `HR`.
    #[schema(value_type = crate::platform::words::Seat)]
    pub seat: Seat,
    /// Account that signed.
    pub account_id: Uuid,
    /// When the signature was given.
    pub at: DateTime<Utc>,
}

/// A goal. Content, progress, confidence and score are absent if the caller may see only metadata.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Goal)]
pub struct GoalView {
    /// Id of the goal.
    pub id: Uuid,
    /// Id of the goal's cycle.
    pub cycle_id: Uuid,
    /// Employee who owns the goal.
    pub owner_id: Uuid,
    /// Manager responsible for the owner's review; null if there is none.
    pub manager_id: Option<Uuid>,
    /// Organisational level of the goal.
    #[schema(value_type = words::GoalLevel)]
    pub level: GoalLevel,
    /// Parent goal, on a higher level, that this goal contributes to; null if there is none.
    pub parent_id: Option<Uuid>,
    /// State of the goal.
    #[schema(value_type = words::GoalState)]
    pub state: goal::State,
    /// Number of the revision in force, from 1.
    #[schema(example = 1)]
    pub revision: i32,
    /// Content; absent if the caller may see only metadata.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub content: Option<GoalContentView>,
    /// Progress from 0 to 1; null until a value is reported, absent with metadata only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, required = false, example = "0.6750")]
    pub progress: Option<Option<Decimal>>,
    /// Present values of the key results, or of the indicator; absent with metadata only, and in
    /// answers to changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub present: Option<PresentValues>,
    /// Confidence at the last check-in, 1 to 10; null before the first, absent with metadata only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<i32>, required = false, minimum = 1, maximum = 10, example = 8)]
    pub confidence: Option<Option<i32>>,
    /// Time of the last check-in; null before the first.
    pub checked_in_at: Option<DateTime<Utc>>,
    /// Score; null until the goal is scored. Absent for callers who may not read the owner's
    /// rating; the owner may not read it before the results are released.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, required = false, example = "96.40")]
    pub score: Option<Option<Decimal>>,
    /// Reason the manager returned the goal; null after it is submitted again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, required = false, example = "Which accounts?")]
    pub return_reason: Option<Option<String>>,
    /// Signature that waits for the second one; null if none does.
    pub first_signature: Option<FirstSignatureView>,
    /// SMART criteria the goal fails, with the reason; only in answers to creating, changing,
    /// submitting.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = HashSet<words::SmartFault>, required = false)]
    pub smart: Option<Vec<Failure>>,
    /// Warnings about the goal; only in answers to creating, changing and submitting.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = HashSet<words::GoalWarning>, required = false)]
    pub warnings: Option<Vec<GoalWarning>>,
    /// Actions that the state and the caller's rights allow now; unmet conditions can still refuse
    /// them.
    #[schema(value_type = HashSet<words::GoalAction>)]
    pub allowed_actions: Vec<GoalAction>,
    /// Version of the record: starts at 1 and grows by 1 with each change.
    #[schema(example = 1)]
    pub version: i32,
    /// When the record was created.
    pub created_at: DateTime<Utc>,
    /// When the record was last changed.
    pub updated_at: DateTime<Utc>,
    /// When the draft was deleted; shown only in lists with `updated_since`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<DateTime<Utc>>,
}

impl GoalView {
    /// The goal as far as `actor`, who stands to it as `target` says, sees it.
    pub(super) fn new(actor: &Actor, shown: &Shown<Goal>, target: &Target) -> Self {
        let (goal, whole) = (shown.outline(), shown.at(Mask::Full));
        // The weighted mean of the scores is the performance: a score is as secret as the rating.
        let rated = Target { stage: Some(cycle::stage(goal.cycle_state)), ..*target };
        let sees_score = decide(&actor.subject, Action::RatingRead, &rated).permit.is_some();
        let first_signature = goal.first_signature.as_ref().map(|signature| FirstSignatureView {
            action: match signature.event {
                goal::Event::Cancel => GoalAction::Cancellation,
                _ => GoalAction::Completion,
            },
            seat: signature.seat,
            account_id: signature.account_id.uuid(),
            at: signature.at,
        });
        Self {
            id: goal.id.uuid(),
            cycle_id: goal.cycle_id.uuid(),
            owner_id: goal.owner_id.uuid(),
            manager_id: goal.manager_id.map(Uuid::from),
            level: goal.level,
            parent_id: goal.parent_id.map(Uuid::from),
            state: goal.state,
            revision: goal.revision,
            content: whole.map(|goal| goal.content.clone().into()),
            progress: whole.map(|goal| goal.progress),
            present: None,
            confidence: whole.map(|goal| goal.confidence),
            checked_in_at: goal.checked_in_at,
            score: sees_score.then_some(goal.score),
            return_reason: whole.map(|goal| goal.return_reason.clone()),
            first_signature,
            smart: None,
            warnings: None,
            allowed_actions: allowed_actions(actor, goal, target),
            version: goal.version,
            created_at: goal.created_at,
            updated_at: goal.updated_at,
            deleted_at: goal.deleted_at,
        }
    }
}

page_of! {
    /// A page of goals.
    pub struct GoalPage
    /// The goals, in the order of creation; with `updated_since`, in the order of change.
    of GoalView, counted, created by Action::GoalWrite
}

view! {
    /// Content of a goal as signed, with the day from which it applies.
    pub struct GoalRevisionView as GoalRevision of (revision: GoalRevision);
    /// Revision number, from 1.
    #[schema(example = 1)]
    revision: i32;
    /// The signed content.
    content: GoalContentView;
    /// First day on which this revision applies.
    effective_from: NaiveDate;
    /// Account that signed for the manager.
    approved_by: Uuid;
    /// When the manager's signature was given.
    approved_at: DateTime<Utc>;
}

page_of! {
    /// A page of revisions.
    pub struct GoalRevisionPage
    /// The revisions, oldest first.
    of GoalRevisionView
}

/// A new goal.
#[derive(Clone, Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct NewGoal {
    /// Id of the cycle, which must be in goal setting.
    pub cycle_id: Uuid,
    /// Employee who will own the goal; the caller if absent.
    #[schema(nullable = false)]
    pub owner_id: Option<Uuid>,
    /// Organisational level of the goal.
    #[schema(value_type = words::GoalLevel)]
    pub level: GoalLevel,
    /// Parent goal, on a higher level, that this goal contributes to.
    pub parent_id: Option<Uuid>,
    /// Content of the goal.
    #[validate(nested)]
    pub content: NewGoalContent,
}

/// A merge patch of a draft: an absent property stays as it is, null clears it.
#[derive(Clone, Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct GoalPatch {
    /// Organisational level of the goal.
    #[serde(default)]
    #[schema(value_type = words::GoalLevel, required = false)]
    pub level: Option<GoalLevel>,
    /// Parent goal, on a higher level, that this goal contributes to; null detaches it.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Uuid>)]
    pub parent_id: Option<Option<Uuid>>,
    /// Changes of the content.
    #[schema(nullable = false)]
    #[validate(nested)]
    pub content: Option<GoalContentPatch>,
}

/// Reason for an action on a goal.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GoalReason {
    /// Reason, which the other side can read.
    #[serde(default)]
    #[schema(max_length = 2000, example = "Which accounts?")]
    pub reason: String,
}
