//! Goals: drafts, signatures, progress, changes and the tree of aligned goals.

mod alignment;
pub mod bulk;
mod cases;
pub mod changes;
pub mod check_ins;
pub mod dependencies;
pub mod measurement_import;
pub mod measurements;
pub mod moves;
mod present;
mod schemas;
mod views;
mod withdrawals;
pub mod words;

use crate::people::org_units::HistoryQuery;
use crate::platform::app::new_id;
use crate::platform::areas::{Noun, target};
use crate::platform::caller::{Actor, Caller};
use crate::platform::extract::{Body, PathId, RuledBody};
use crate::platform::page::Listed;
use crate::platform::parameters::Query;
use crate::platform::problem::Violation;
use crate::platform::refusal::Refusal;
use crate::platform::reply::Answered;
use actix_web::{delete, get, patch, post};
use cases::{ListedGoal, delete_goal, list_goals, open_in_full, read_goal, update_goal};
pub use cases::{create_goal, titles};
pub use check_ins::create_check_in;
use chrono::{DateTime, Utc};
use domain::core::id::{KeyResultId, ReviewId};
use domain::goals::goal::{Goal, GoalAction, GoalLevel};
use domain::policy::{Action, Target};
use domain::state::goal::State;
pub use measurements::create_measurement;
use moves::GoalTransition;
use persistence::{After, GoalFilter, Page, Store};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use views::{
    GoalPage, GoalPatch, GoalReason, GoalRevisionPage, GoalRevisionView, GoalView, NewGoal,
};

/// Maximum number of key results of one objective.
const KEY_RESULTS: usize = 20;

/// Fresh ids, as many as a request may have key results.
fn fresh_key_results() -> Vec<KeyResultId> {
    (0..KEY_RESULTS).map(|_| new_id().into()).collect()
}

/// The nouns of the area, in the order in which documents show them.
pub const NOUNS: &[Noun] =
    &[NOUN, changes::NOUN, check_ins::NOUN, measurements::NOUN, dependencies::NOUN];

/// Query parameters of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct GoalQuery {
    /// Only goals of this cycle.
    cycle_id: Option<Uuid>,
    /// Only goals owned by this person.
    owner_id: Option<Uuid>,
    /// Only goals in this state.
    #[param(value_type = Option<words::GoalState>)]
    state: Option<State>,
    /// Only goals on this level.
    #[param(value_type = Option<words::GoalLevel>)]
    level: Option<GoalLevel>,
    /// Only goals directly below this one.
    parent_id: Option<Uuid>,
    /// Maximum number of items on the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
    /// `next_cursor` of the previous page.
    cursor: Option<String>,
    /// Only items changed at or after this instant; deleted items are included as tombstones.
    updated_since: Option<DateTime<Utc>>,
    /// Whether to say how many items the whole list has. Only together with `owner_id`.
    count: Option<bool>,
}

/// List goals
///
/// Lists the goals the caller may see: the caller's own; those of people whose reviews the caller
/// answers for, or who report to the caller directly or through others; for HR, those of their
/// units or of everybody. With `updated_since`, goals are sorted by their last change, and deleted
/// drafts appear with `deleted_at`.
#[utoipa::path(tag = "goals", operation_id = "listGoals", params(GoalQuery),
    responses((status = 200, description = "A page of goals", body = GoalPage)),
    security(("bearer" = []), ("api_key" = ["performance:read"])))]
#[get("")]
async fn list(caller: Caller, query: Query<GoalQuery>) -> Answered {
    let Query(query) = query;
    let request = caller.page(query.limit, query.cursor.as_deref(), query.updated_since)?;
    let page = request.page.clone();
    let filter = GoalFilter {
        cycle_id: query.cycle_id.map(Into::into),
        owner_id: query.owner_id.map(Into::into),
        state: query.state,
        level: query.level,
        parent_id: query.parent_id.map(Into::into),
        ids: Vec::new(),
    };
    if query.count == Some(true) && query.owner_id.is_none() {
        let fault = Violation::new("/query/count", "not_allowed");
        return Err(Refusal::Malformed(vec![fault]));
    }
    let is_counted = query.count == Some(true);
    let (rows, total) = caller
        .snapshot(move |store, actor| list_goals(store, actor, &filter, &page, is_counted))
        .await?;
    let place = |last: &ListedGoal| request.place(last.view.id, last.changed);
    let part = request.cut(&caller.app, rows, place);
    let scored = part.rows.iter().filter_map(|row| scored(&row.view, row.review));
    caller.shown("listGoals", scored.collect::<Vec<_>>()).await?;
    caller.answer_counted::<GoalPage, _>(part, total, |row| row.view)
}

/// The review that a goal partly discloses if it is shown with its score, with the owner.
fn scored(view: &GoalView, review: Option<ReviewId>) -> Option<(Uuid, Uuid)> {
    view.score.flatten().and(review).map(|review| (review.uuid(), view.owner_id))
}

/// Create a goal
///
/// The owner or the manager creates a draft while the cycle is in goal setting. The answer lists
/// the SMART criteria the draft fails, and warnings.
#[utoipa::path(tag = "goals", operation_id = "createGoal", request_body = NewGoal,
    responses((status = 201, description = "The new draft", body = GoalView)),
    security(("bearer" = []), ("api_key" = ["performance:write"])))]
#[post("")]
async fn create(caller: Caller, RuledBody(body): RuledBody<NewGoal>) -> Answered {
    let (id, key_results) = (new_id().into(), fresh_key_results());
    let Body { value, digest } = body;
    caller
        .change(Some(digest), move |store, actor| {
            create_goal(store, actor, id, &key_results, value.clone())
        })
        .await
}

/// Read a goal
///
/// Shows one goal with the present values of its key results or of the indicator, and the actions the
/// caller may take on it.
#[utoipa::path(tag = "goals", operation_id = "getGoal",
    params(("id" = Uuid, Path, description = "Id of the goal")),
    responses((status = 200, description = "The goal", body = GoalView)),
    security(("bearer" = []), ("api_key" = ["performance:read"])))]
#[get("/{id}")]
async fn read(caller: Caller, id: PathId) -> Answered {
    let id = id.0.into();
    let (view, review) = caller.snapshot(move |store, actor| read_goal(store, actor, id)).await?;
    caller.shown("getGoal", scored(&view, review)).await?;
    caller.found(view.version, &view)
}

/// Change a draft
///
/// Merge patch of level, parent and content. Once a goal is signed, it changes only by a change
/// request. The answer lists the SMART criteria the draft fails, and warnings.
#[utoipa::path(tag = "goals", operation_id = "updateGoal",
    params(("id" = Uuid, Path, description = "Id of the goal")),
    request_body(content = GoalPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The draft as changed", body = GoalView)),
    security(("bearer" = []), ("api_key" = ["performance:write"])))]
#[patch("/{id}")]
async fn update(caller: Caller, id: PathId, RuledBody(body): RuledBody<GoalPatch>) -> Answered {
    let seen = caller.seen()?;
    let (id, Body { value, digest }) = (id.0.into(), body);
    let key_results = fresh_key_results();
    caller
        .change(Some(digest), move |store, actor| {
            update_goal(store, actor, id, &seen, &key_results, value.clone())
        })
        .await
}

/// Delete a draft
///
/// Deletes a draft that has no goals below it. To give up a signed goal, cancel it instead.
#[utoipa::path(tag = "goals", operation_id = "deleteGoal",
    params(("id" = Uuid, Path, description = "Id of the goal")),
    responses((status = 204, description = "The draft is gone")),
    security(("bearer" = []), ("api_key" = ["performance:write"])))]
#[delete("/{id}")]
async fn remove(caller: Caller, id: PathId) -> Answered {
    let seen = caller.seen()?;
    let id = id.0.into();
    caller.change(None, move |store, actor| delete_goal(store, actor, id, &seen)).await
}

/// Submit a goal
///
/// The owner signs. The weights of all the owner's goals in the cycle must sum to exactly 100.00,
/// and so must the weights of the key results; an indicator must name its source and frequency; and
/// the goal must pass the SMART check if the policy enforces it. The answer lists the SMART
/// criteria that fail, and warnings.
#[utoipa::path(tag = "goals", operation_id = "submitGoal",
    params(("id" = Uuid, Path, description = "Id of the goal")),
    responses((status = 200, description = "The submitted goal", body = GoalView)),
    security(("bearer" = [])))]
#[post("/{id}/submission")]
async fn submission(caller: Caller, id: PathId) -> Answered {
    caller.ask(id, GoalAction::Submission, None, GoalTransition).await
}

/// Approve a goal
///
/// The manager signs: the goal becomes active, and its content becomes the first revision. Nobody
/// may approve their own goal.
#[utoipa::path(tag = "goals", operation_id = "approveGoal",
    params(("id" = Uuid, Path, description = "Id of the goal")),
    responses((status = 200, description = "The active goal", body = GoalView)),
    security(("bearer" = [])))]
#[post("/{id}/approval")]
async fn approval(caller: Caller, id: PathId) -> Answered {
    caller.ask(id, GoalAction::Approval, None, GoalTransition).await
}

/// Return a goal
///
/// The manager sends the goal back to the owner as a draft, with a reason that the owner can read.
#[utoipa::path(tag = "goals", operation_id = "returnGoal",
    params(("id" = Uuid, Path, description = "Id of the goal")), request_body = GoalReason,
    responses((status = 200, description = "The goal, a draft again", body = GoalView)),
    security(("bearer" = [])))]
#[post("/{id}/return")]
async fn return_(caller: Caller, id: PathId, body: Body<GoalReason>) -> Answered {
    caller.ask(id, GoalAction::Return, body.says(|it| it.reason), GoalTransition).await
}

/// Complete a goal
///
/// Takes two people: the owner reports completion, the manager confirms it. The first signature is
/// stored and does not change the state. The goal must have a current value.
#[utoipa::path(tag = "goals", operation_id = "completeGoal",
    params(("id" = Uuid, Path, description = "Id of the goal")),
    responses((status = 200, description = "The goal, completed or signed once", body = GoalView)),
    security(("bearer" = [])))]
#[post("/{id}/completion")]
async fn completion(caller: Caller, id: PathId) -> Answered {
    caller.ask(id, GoalAction::Completion, None, GoalTransition).await
}

/// Cancel a goal
///
/// Takes two people, the manager and HR, each with a reason. The first signature is stored and does
/// not change the state. Before the second one, the weights of the owner's other goals must sum to
/// 100.00 again: adjust them by change requests.
#[utoipa::path(tag = "goals", operation_id = "cancelGoal",
    params(("id" = Uuid, Path, description = "Id of the goal")), request_body = GoalReason,
    responses((status = 200, description = "The goal, given up or signed once", body = GoalView)),
    security(("bearer" = [])))]
#[post("/{id}/cancellation")]
async fn cancellation(caller: Caller, id: PathId, body: Body<GoalReason>) -> Answered {
    caller.ask(id, GoalAction::Cancellation, body.says(|it| it.reason), GoalTransition).await
}

/// Answers with a page of what belongs to a goal, to callers who see all fields of the goal. `rows`
/// reads the page for somebody who stands to the goal as the target says.
async fn history<P: Listed>(
    caller: Caller,
    id: PathId,
    Query(HistoryQuery { limit, cursor }): Query<HistoryQuery>,
    place: impl FnOnce(&P::Item) -> After,
    rows: impl Fn(&mut dyn Store, &Actor, &(Goal, Target), &Page) -> Result<Vec<P::Item>, Refusal>
    + Send
    + 'static,
) -> Answered
where
    P::Item: Send + 'static,
{
    let id = id.0.into();
    let request = caller.page(limit, cursor.as_deref(), None)?;
    let page = request.page.clone();
    let rows = caller
        .snapshot(move |store, actor| {
            let sealed = store.goal(id)?;
            let opened = open_in_full(store, actor, sealed)?;
            rows(store, actor, &opened, &page)
        })
        .await?;
    caller.answer::<P, _>(&request, rows, place, |row| row)
}

/// List the revisions of a goal
///
/// Lists what both sides signed and from which day it applies, oldest first.
#[utoipa::path(tag = "goals", operation_id = "listGoalRevisions",
    params(("id" = Uuid, Path, description = "Id of the goal"), HistoryQuery),
    responses((status = 200, description = "A page of revisions", body = GoalRevisionPage)),
    security(("bearer" = []), ("api_key" = ["performance:read"])))]
#[get("/{id}/revisions")]
async fn revisions(caller: Caller, id: PathId, query: Query<HistoryQuery>) -> Answered {
    let place = |last: &GoalRevisionView| After::Position(last.revision.into());
    history::<GoalRevisionPage>(caller, id, query, place, |store, _, (goal, _), page| {
        let revisions = store.goal_revisions(goal.id, page)?.into_iter();
        Ok(revisions.map(GoalRevisionView::new).collect())
    })
    .await
}

/// The noun.
pub const NOUN: Noun = Noun {
    tags: &[(
        "goals",
        "Goals of one person in one cycle: objectives, indicators, and the tree they form.",
    )],
    records: &[(Action::GoalRead, |store, actor, _, id| target(actor, store.goal(id.into())?))],
    additions: &["/goals/{id}/check-ins", "/goals/{id}/measurements"],
    ..Noun::of(routes)
};

fn routes(config: &mut ServiceConfig) {
    config.service(
        scope("/goals")
            .service(list)
            .service(create)
            .service(bulk::import_goals)
            .service(read)
            .service(update)
            .service(remove)
            .service(submission)
            .service(approval)
            .service(return_)
            .service(completion)
            .service(cancellation)
            .service(revisions)
            .service(alignment::read)
            .service(check_ins::list)
            .service(check_ins::create)
            .service(measurements::list)
            .service(measurements::create)
            .service(changes::list)
            .service(changes::ask),
    );
}
