//! What clients see and send of goals.

use super::cases::allowed_actions;
use super::schemas::{GoalDefinition, NewGoalDefinition};
use crate::platform::caller::Actor;
use crate::platform::page::page_of;
use crate::platform::patch::nullable;
use crate::platform::period::PeriodView;
use crate::platform::problem::Violation;
use crate::platform::schema::{word_list, words};
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

/// What both sides sign.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = GoalContent)]
pub struct GoalContentView {
    /// What is to be reached.
    #[schema(example = "Win the north")]
    pub title: String,
    /// What it is about.
    #[schema(example = "Ten key accounts north of the river")]
    pub description: Option<String>,
    /// Weight on the owner's form in percent.
    #[schema(value_type = String, example = "40.00")]
    pub weight: Decimal,
    /// The days in which it is pursued.
    pub period: PeriodView,
    /// The strategic theme it serves.
    #[schema(example = "Growth")]
    pub theme: Option<String>,
    /// Tolerant of failure: scored on the aspirational curve.
    #[schema(example = false)]
    pub exploratory: bool,
    /// Objective or indicator.
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

/// What a goal shall say.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewGoalContent {
    /// What is to be reached.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^\S(.*\S)?$",
        example = "Win the north"
    )]
    pub title: String,
    /// What it is about.
    #[schema(min_length = 1, max_length = 4000, pattern = r"\S", example = "Ten key accounts")]
    pub description: Option<String>,
    /// Weight on the owner's form in percent; all of them sum to 100.00 once one is handed in.
    #[schema(
        value_type = String,
        pattern = r"^(100(\.0{1,2})?|\d{1,2}(\.\d{1,2})?)$",
        example = "40"
    )]
    pub weight: Decimal,
    /// The days in which it is pursued.
    pub period: PeriodView,
    /// The strategic theme it serves.
    #[schema(min_length = 1, max_length = 200, pattern = r"^\S(.*\S)?$", example = "Growth")]
    pub theme: Option<String>,
    /// Tolerant of failure: scored on the aspirational curve.
    #[serde(default)]
    #[schema(default = false)]
    pub exploratory: bool,
    /// Objective or indicator.
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

/// A weight with the 2 places it is kept and shown with.
fn hundredths(mut weight: Decimal) -> Decimal {
    weight.rescale(2);
    weight
}

fn read_period(period: PeriodView) -> Result<Period, Violation> {
    Period::new(period.start, period.end)
        .map_err(|_| Violation::new("/content/period/end", "period_invalid"))
}

/// A merge patch of what a draft says: absent is unchanged, null is cleared. Period and definition
/// are replaced as a whole; key results with an id stay what they are.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GoalContentPatch {
    /// What is to be reached.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^\S(.*\S)?$",
        nullable = false,
        example = "Win the north"
    )]
    pub title: Option<String>,
    /// What it is about.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(
        value_type = Option<String>,
        min_length = 1,
        max_length = 4000,
        pattern = r"\S",
        example = "Ten key accounts"
    )]
    pub description: Option<Option<String>>,
    /// Weight on the owner's form in percent.
    #[schema(
        value_type = Option<String>,
        nullable = false,
        pattern = r"^(100(\.0{1,2})?|\d{1,2}(\.\d{1,2})?)$",
        example = "35"
    )]
    pub weight: Option<Decimal>,
    /// The days in which it is pursued.
    #[schema(nullable = false)]
    pub period: Option<PeriodView>,
    /// The strategic theme it serves.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(
        value_type = Option<String>,
        min_length = 1,
        max_length = 200,
        pattern = r"^\S(.*\S)?$",
        example = "Growth"
    )]
    pub theme: Option<Option<String>>,
    /// Tolerant of failure.
    #[schema(nullable = false)]
    pub exploratory: Option<bool>,
    /// Objective or indicator.
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

/// The first of two signatures.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FirstSignature)]
pub struct FirstSignatureView {
    /// What is signed: `completion` or `cancellation`.
    #[schema(schema_with = words::<GoalAction>)]
    pub action: GoalAction,
    /// From which seat: `owner`, `MGR` or `HR`.
    #[schema(value_type = String, example = "owner")]
    pub seat: Seat,
    /// Who signed.
    pub account_id: Uuid,
    /// When.
    pub at: DateTime<Utc>,
}

/// A goal. What it says and how far it is, is absent where the caller may see the metadata only.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Goal)]
pub struct GoalView {
    /// Its id.
    pub id: Uuid,
    /// The cycle.
    pub cycle_id: Uuid,
    /// Whose goal it is.
    pub owner_id: Uuid,
    /// Who answers for the owner's review.
    pub manager_id: Option<Uuid>,
    /// Height in the organisation.
    #[schema(schema_with = words::<GoalLevel>)]
    pub level: GoalLevel,
    /// The goal it takes over a part of.
    pub parent_id: Option<Uuid>,
    /// Where it is.
    #[schema(schema_with = words::<goal::State>)]
    pub state: goal::State,
    /// Number of the content that is in force, from 1.
    #[schema(example = 1)]
    pub revision: i32,
    /// What it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub content: Option<GoalContentView>,
    /// Progress 0 to 1; null while no value was reported.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, required = false, example = "0.6750")]
    pub progress: Option<Option<Decimal>>,
    /// Confidence at the last check-in, 1 to 10.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<i32>, required = false, minimum = 1, maximum = 10, example = 8)]
    pub confidence: Option<Option<i32>>,
    /// When somebody last checked in.
    pub checked_in_at: Option<DateTime<Utc>>,
    /// Score, once scored; left out for those who may not read the rating of its owner, before the
    /// release for the owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, required = false, example = "96.40")]
    pub score: Option<Option<Decimal>>,
    /// Why the manager asked for another draft; null once it is handed in again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, required = false, example = "Which accounts?")]
    pub return_reason: Option<Option<String>>,
    /// A signature that waits for the second one.
    pub first_signature: Option<FirstSignatureView>,
    /// Letters of SMART it fails, with the reason; in the answer to writing and handing in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = word_list::<Failure>)]
    pub smart: Option<Vec<Failure>>,
    /// What is unusual about it; in the answer to writing and handing in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = word_list::<GoalWarning>)]
    pub warnings: Option<Vec<GoalWarning>>,
    /// What the caller may do to it now. More may be needed: a refusal names all of it.
    #[schema(schema_with = word_list::<GoalAction>)]
    pub allowed_actions: Vec<GoalAction>,
    /// Counts changes, from 1.
    #[schema(example = 1)]
    pub version: i32,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
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
    of GoalView
}

/// What a goal said from a day on.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GoalRevision)]
pub struct GoalRevisionView {
    /// Its number, from 1.
    #[schema(example = 1)]
    pub revision: i32,
    /// What it said.
    pub content: GoalContentView,
    /// First day on which it counts.
    pub effective_from: NaiveDate,
    /// Who signed for the manager.
    pub approved_by: Uuid,
    /// When.
    pub approved_at: DateTime<Utc>,
}

impl From<GoalRevision> for GoalRevisionView {
    fn from(revision: GoalRevision) -> Self {
        Self {
            revision: revision.revision,
            content: revision.content.into(),
            effective_from: revision.effective_from,
            approved_by: revision.approved_by.uuid(),
            approved_at: revision.approved_at,
        }
    }
}

page_of! {
    /// A page of revisions.
    pub struct GoalRevisionPage
    /// The revisions, oldest first.
    of GoalRevisionView
}

/// A new goal.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewGoal {
    /// The cycle, in goal setting.
    pub cycle_id: Uuid,
    /// Whose goal it is; the caller's if absent.
    #[schema(nullable = false)]
    pub owner_id: Option<Uuid>,
    /// Height in the organisation.
    #[schema(schema_with = words::<GoalLevel>)]
    pub level: GoalLevel,
    /// The goal it takes over a part of, on a higher level.
    pub parent_id: Option<Uuid>,
    /// What it says.
    pub content: NewGoalContent,
}

/// A merge patch of a draft: absent is unchanged, null is cleared.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GoalPatch {
    /// Height in the organisation.
    #[serde(default)]
    #[schema(schema_with = words::<GoalLevel>)]
    pub level: Option<GoalLevel>,
    /// The goal it takes over a part of.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Uuid>)]
    pub parent_id: Option<Option<Uuid>>,
    /// What it says.
    #[schema(nullable = false)]
    pub content: Option<GoalContentPatch>,
}

/// Why a step is taken.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GoalReason {
    /// Why.
    #[serde(default)]
    #[schema(max_length = 2000, example = "Which accounts?")]
    pub reason: String,
}
