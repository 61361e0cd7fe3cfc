//! Alignment of goals: how a goal contributes to the goals of the company (C.3, C.4, R22).

use super::cases::open_in_full;
use crate::goals::words;
use crate::platform::caller::{Actor, Caller};
use crate::platform::extract::PathId;
use crate::platform::refusal::Refusal;
use crate::platform::reply::Answered;
use actix_web::get;
use domain::core::id::GoalId;
use domain::goals::goal::{Alignment, Goal, GoalLevel};
use domain::state::goal::State;
use persistence::{DbError, Store};
use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A goal above or below another one in the tree of goals.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AlignedGoal)]
pub struct AlignedGoalView {
    /// Id of the goal.
    pub id: Uuid,
    /// Id of the goal's cycle.
    pub cycle_id: Uuid,
    /// Employee who owns the goal.
    pub owner_id: Uuid,
    /// Organisational level of the goal.
    #[schema(value_type = words::GoalLevel)]
    pub level: GoalLevel,
    /// State of the goal.
    #[schema(value_type = words::GoalState)]
    pub state: State,
    /// Title: what the owner is to achieve.
    #[schema(example = "Win the north")]
    pub title: String,
    /// Strategic theme that the goal serves; null if it names none.
    #[schema(example = "Growth")]
    pub theme: Option<String>,
    /// Weight among the owner's goals in percent; also its weight as a contribution to the goal
    /// above.
    #[schema(value_type = String, example = "40.00")]
    pub weight: Decimal,
    /// Progress from 0 to 1; null until a value is reported.
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

/// How much of this goal's target the targets of the goals below add up to.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = TargetCoverage)]
pub struct CoverageView {
    /// Sum of the targets below, in percent of this goal's target.
    #[schema(value_type = String, example = "95.00")]
    pub percent: Decimal,
    /// True if the percentage is below the policy's minimum; a warning only.
    pub short: bool,
}

/// The goals above and below a goal, and how they contribute.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = GoalAlignment)]
pub struct AlignmentView {
    /// Goals above this one, from its parent up to the top.
    pub above: Vec<AlignedGoalView>,
    /// Strategic theme of the highest goal above, or of this goal, that names one; null if none
    /// does.
    #[schema(example = "Growth")]
    pub theme: Option<String>,
    /// Goals directly below this one that both sides have signed.
    pub below: Vec<AlignedGoalView>,
    /// Progress from 0 to 1 that combines the goals below as the policy prescribes; null without
    /// data.
    #[schema(value_type = Option<String>, required = true, example = "0.6750")]
    pub rolled_up_progress: Option<Decimal>,
    /// Own progress minus the combined progress of the goals below; null unless both have data.
    #[schema(value_type = Option<String>, required = true, example = "0.1250")]
    pub alignment_gap: Option<Decimal>,
    /// Coverage of this goal's target by the indicators below; null if none has the same unit.
    pub coverage: Option<CoverageView>,
}

/// Read the alignment of a goal
///
/// Shows the goals above up to the company's goal and its strategic theme, the goals directly below
/// with their progress and contribution, and how much of this goal's target they cover.
#[utoipa::path(tag = "goals", operation_id = "getGoalAlignment",
    params(("id" = Uuid, Path, description = "Id of the goal")),
    responses((status = 200, description = "The line of sight", body = AlignmentView)),
    security(("bearer" = []), ("api_key" = ["performance:read"])))]
#[get("/{id}/alignment")]
pub(super) async fn read(caller: Caller, id: PathId) -> Answered {
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
    let sealed = store.goal(id)?;
    let (goal, _) = open_in_full(store, actor, sealed)?;
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
