//! The line of sight: how a goal contributes to what the company wants (C.3, C.4, R22).

use super::cases::open_in_full;
use crate::platform::caller::{Actor, Caller};
use crate::platform::extract::PathId;
use crate::platform::refusal::Refusal;
use crate::platform::schema::words;
use actix_web::{HttpResponse, get};
use domain::core::id::GoalId;
use domain::goals::goal::{Alignment, Goal, GoalLevel};
use domain::state::goal::State;
use persistence::{DbError, Store};
use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A goal above or below, as far as contribution is concerned.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AlignedGoal)]
pub struct AlignedGoalView {
    /// Its id.
    pub id: Uuid,
    /// The cycle.
    pub cycle_id: Uuid,
    /// Whose goal it is.
    pub owner_id: Uuid,
    /// Height in the organisation.
    #[schema(schema_with = words::<GoalLevel>)]
    pub level: GoalLevel,
    /// Where it is.
    #[schema(schema_with = words::<State>)]
    pub state: State,
    /// What is to be reached.
    #[schema(example = "Win the north")]
    pub title: String,
    /// The strategic theme it serves.
    #[schema(example = "Growth")]
    pub theme: Option<String>,
    /// Weight on its owner's form in percent: what it contributes to the goal above.
    #[schema(value_type = String, example = "40.00")]
    pub weight: Decimal,
    /// Progress 0 to 1; null while no value was reported.
    #[schema(value_type = Option<String>, required = true, example = "0.6750")]
    pub progress: Option<Decimal>,
}

impl From<Goal> for AlignedGoalView {
    fn from(goal: Goal) -> Self {
        Self {
            id: goal.id.uuid(),
            cycle_id: goal.cycle_id.uuid(),
            owner_id: goal.owner_id.uuid(),
            level: goal.level,
            state: goal.state,
            title: goal.content.title,
            theme: goal.content.theme,
            weight: goal.content.weight,
            progress: goal.progress,
        }
    }
}

/// How far the targets of the goals below carry the target of this one.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = TargetCoverage)]
pub struct CoverageView {
    /// Percent of the target.
    #[schema(value_type = String, example = "95.00")]
    pub percent: Decimal,
    /// Whether that is less than the policy asks for; a warning.
    pub short: bool,
}

/// The line of sight of a goal.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = GoalAlignment)]
pub struct AlignmentView {
    /// The goals above, from the nearest up to the top.
    pub above: Vec<AlignedGoalView>,
    /// The strategic theme at the end of the line: that of the highest goal which names one.
    #[schema(example = "Growth")]
    pub theme: Option<String>,
    /// The goals directly below that both sides have signed.
    pub below: Vec<AlignedGoalView>,
    /// Progress with that of the goals below, as the policy rolls it up; null without data.
    #[schema(value_type = Option<String>, required = true, example = "0.6750")]
    pub rolled_up_progress: Option<Decimal>,
    /// Own progress less that of the goals below; null unless both have data.
    #[schema(value_type = Option<String>, required = true, example = "0.1250")]
    pub alignment_gap: Option<Decimal>,
    /// How far the indicators below carry the target; null where there are none in the same unit.
    pub coverage: Option<CoverageView>,
}

/// Read the line of sight of a goal
///
/// The goals above up to the company's and its strategic theme, the goals directly below with
/// their progress and contribution, and how far these carry the target.
#[utoipa::path(tag = "goals", operation_id = "getGoalAlignment",
    params(("id" = Uuid, Path, description = "Id of the goal")),
    responses((status = 200, description = "The line of sight", body = AlignmentView)),
    security(("bearer" = []), ("api_key" = ["performance:read"])))]
#[get("/{id}/alignment")]
pub(super) async fn read(caller: Caller, id: PathId) -> Result<HttpResponse, Refusal> {
    let id = id.0.into();
    let (version, view) =
        caller.snapshot(move |store, actor| line_of_sight(store, actor, id)).await?;
    caller.found(version, &view)
}

fn line_of_sight(
    store: &mut dyn Store,
    actor: &Actor,
    id: GoalId,
) -> Result<(i32, AlignmentView), Refusal> {
    let goal = open_in_full(store, actor, id)?;
    let frame = store.goal_frame(goal.cycle_id, goal.owner_id)?.ok_or(DbError::Missing)?;
    let above: Vec<_> = store.goals_above(id)?.into_iter().skip(1).collect();
    let below: Vec<_> = store.goals_under(id)?.into_iter().filter(Goal::is_agreed).collect();
    let Alignment { theme, rolled_up, coverage } = goal
        .alignment(&above, &below, &frame.settings)
        .map_err(|error| Refusal::Internal(error.to_string()))?;
    let view = AlignmentView {
        above: above.into_iter().map(AlignedGoalView::from).collect(),
        theme,
        below: below.into_iter().map(AlignedGoalView::from).collect(),
        rolled_up_progress: rolled_up.progress,
        alignment_gap: rolled_up.alignment_gap,
        coverage: coverage.map(|it| CoverageView { percent: it.percent, short: it.short }),
    };
    Ok((goal.version, view))
}
