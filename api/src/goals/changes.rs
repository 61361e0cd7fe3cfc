//! Changes of what both sides have signed: asked for with reason and evidence, decided by another.

use super::cases::{
    Opened, conflict, content_faults, open_to_change, refuse_faults, seats, told, tree_faults,
};
use super::moves::{agreed, me, signatures, told as event_name};
use super::views::{GoalContentView, GoalReason, NewGoalContent};
use crate::people::org_units::HistoryQuery;
use crate::platform::app::new_id;
use crate::platform::caller::{Actor, Caller};
use crate::platform::extract::{Body, PathId, Query};
use crate::platform::problem::Violation;
use crate::platform::refusal::Refusal;
use crate::platform::reply::Reply;
use crate::platform::schema::{word_list, words};
use crate::platform::transition::{fault, fire};
use actix_web::{HttpResponse, get, post};
use chrono::{DateTime, NaiveDate, Utc};
use domain::change::{Change, Record};
use domain::goal::{
    Goal, GoalAction, GoalChange, GoalChangeAction, GoalChangeState, RequestedChange,
};
use domain::id::{GoalChangeId, GoalId, KeyResultId};
use domain::number::Exact;
use domain::policy::{Action, FIELD_MASKED, Mask, Target, authorise, decide};
use domain::state::goal::{Change as Decision, Event, Facts};
use domain::state::{Actor as Seat, goal::State};
use domain::text::TextEnum;
use persistence::{After, Page, Store};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A request to change an active goal.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = GoalChange)]
pub struct GoalChangeView {
    /// Its id.
    pub id: Uuid,
    /// The goal.
    pub goal_id: Uuid,
    /// What became of it.
    #[schema(schema_with = words::<GoalChangeState>)]
    pub state: GoalChangeState,
    /// What the goal shall say.
    pub content: GoalContentView,
    /// Why.
    #[schema(example = "The northern branch opens half a year later")]
    pub reason: String,
    /// What shows that it is needed.
    #[schema(example = json!(["Minutes of the board of 3 March"]))]
    pub evidence: Vec<String>,
    /// First day on which it shall count.
    pub effective_from: NaiveDate,
    /// Who asked.
    pub requested_by: Uuid,
    /// Who decided.
    pub decided_by: Option<Uuid>,
    /// Why it was rejected.
    #[schema(example = "The branch opens as planned")]
    pub decision_reason: Option<String>,
    /// What the caller may do to it now. Whose decision it is, a refusal tells.
    #[schema(schema_with = word_list::<GoalChangeAction>)]
    pub allowed_actions: Vec<GoalChangeAction>,
    /// Counts changes: 1 while pending, 2 once decided.
    #[schema(example = 1)]
    pub version: i32,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it was decided.
    pub decided_at: Option<DateTime<Utc>>,
}

impl GoalChangeView {
    fn new(actor: &Actor, request: RequestedChange, target: &Target) -> Self {
        let allowed_actions = allowed_actions(actor, &request, target);
        let change = request.change;
        Self {
            version: change.version(),
            id: change.id.uuid(),
            goal_id: change.goal_id.uuid(),
            state: change.state,
            content: change.content.into(),
            reason: change.reason,
            evidence: change.evidence,
            effective_from: change.effective_from,
            requested_by: change.requested_by.uuid(),
            decided_by: change.decided_by.map(Uuid::from),
            decision_reason: change.decision_reason,
            allowed_actions,
            created_at: change.created_at,
            decided_at: change.decided_at,
        }
    }
}

/// What the caller may do to a request: nobody decides on an own one.
fn allowed_actions(
    actor: &Actor,
    request: &RequestedChange,
    target: &Target,
) -> Vec<GoalChangeAction> {
    let decides = seats(actor, target).iter().any(|seat| matches!(seat, Seat::Manager | Seat::Hr));
    if !request.is_open() || !decides {
        return Vec::new();
    }
    let barred = request.change.requested_by == me(actor) || request.goal.result_is_final();
    let all = GoalChangeAction::ALL.iter().copied();
    all.filter(|action| !barred || *action == GoalChangeAction::Rejection).collect()
}

/// A page of requests.
#[derive(Debug, Serialize, ToSchema)]
pub struct GoalChangePage {
    /// The requests, in the order of creation.
    pub items: Vec<GoalChangeView>,
    /// Goes on behind the last item; null on the last page.
    pub next_cursor: Option<String>,
}

/// A request for a change.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewGoalChange {
    /// What the goal shall say. Key results with an id stay what they are.
    pub content: NewGoalContent,
    /// Why.
    #[serde(default)]
    #[schema(max_length = 2000, example = "The northern branch opens half a year later")]
    pub reason: String,
    /// What shows that it is needed; at least one.
    #[serde(default)]
    #[schema(max_items = 20, example = json!(["Minutes of the board of 3 March"]))]
    pub evidence: Vec<String>,
    /// First day on which it shall count, within the new period and not before the last revision.
    pub effective_from: NaiveDate,
}

/// Ask for a change of a goal
///
/// Asks to replace what both sides have signed, by the owner or the manager. Needs a reason and
/// evidence. The goal waits for the decision and goes on being measured by what was signed.
#[utoipa::path(tag = "goals", operation_id = "requestGoalChange",
    params(("id" = Uuid, Path, description = "Id of the goal")), request_body = NewGoalChange,
    responses((status = 201, description = "The request", body = GoalChangeView)),
    security(("bearer" = [])))]
#[post("/{id}/changes")]
pub(super) async fn ask(
    caller: Caller,
    id: PathId,
    body: Body<NewGoalChange>,
) -> Result<HttpResponse, Refusal> {
    let expected = caller.expected_version()?;
    let (goal, change) = (id.0.into(), new_id().into());
    let Body { value, digest } = body;
    let key_results = super::fresh_key_results();
    caller
        .change(Some(digest), move |store, actor| {
            request_change(store, actor, goal, expected, change, &key_results, value.clone())
        })
        .await
}

/// List the changes asked for
///
/// Requests to change the goal, decided or not, in the order of creation.
#[utoipa::path(tag = "goals", operation_id = "listGoalChanges",
    params(("id" = Uuid, Path, description = "Id of the goal"), HistoryQuery),
    responses((status = 200, description = "A page of requests", body = GoalChangePage)),
    security(("bearer" = []), ("api_key" = ["performance:read"])))]
#[get("/{id}/changes")]
pub(super) async fn list(
    caller: Caller,
    id: PathId,
    query: Query<HistoryQuery>,
) -> Result<HttpResponse, Refusal> {
    let id = id.0.into();
    let request = caller.page(query.0.limit, query.0.cursor.as_deref(), None)?;
    let page = request.page.clone();
    let rows = caller.snapshot(move |store, actor| list_changes(store, actor, id, &page)).await?;
    let (items, next_cursor) = request.cut(&caller.app, rows, |last| After::Id(last.id));
    let page = GoalChangePage { items, next_cursor: next_cursor.clone() };
    caller.listed(&page, next_cursor.as_deref())
}

/// Read a request for a change
///
/// What a goal shall say, why, and what became of it.
#[utoipa::path(tag = "goal-changes", operation_id = "getGoalChange",
    params(("id" = Uuid, Path, description = "Id of the request")),
    responses((status = 200, description = "The request", body = GoalChangeView)),
    security(("bearer" = []), ("api_key" = ["performance:read"])))]
#[get("/{id}")]
pub(super) async fn read(caller: Caller, id: PathId) -> Result<HttpResponse, Refusal> {
    let id = id.0.into();
    let view = caller
        .read(move |store, actor| {
            let (request, target) = open_request(store, actor, id)?;
            Ok(GoalChangeView::new(actor, request, &target))
        })
        .await?;
    caller.found(view.version, &view)
}

/// Approve a change
///
/// Makes the requested content the next revision of the goal. Never one's own request; HR decides
/// after the middle of the cycle and where a weight changes, otherwise the manager. Where the rating
/// is in, the result is computed anew; nothing is changed below a result that is final.
#[utoipa::path(tag = "goal-changes", operation_id = "approveGoalChange",
    params(("id" = Uuid, Path, description = "Id of the request")),
    responses((status = 200, description = "The approved request", body = GoalChangeView)),
    security(("bearer" = [])))]
#[post("/{id}/approval")]
pub(super) async fn approve(caller: Caller, id: PathId) -> Result<HttpResponse, Refusal> {
    let expected = caller.expected_version()?;
    let id = id.0.into();
    caller
        .change(None, move |store, actor| {
            decide_change(store, actor, id, expected, Event::ApproveChange, "")
        })
        .await
}

/// Reject a change
///
/// Leaves the goal as it is. Needs a reason, and is for whoever else could approve it. A change that
/// nobody has decided on lapses when the results of the cycle are confirmed.
#[utoipa::path(tag = "goal-changes", operation_id = "rejectGoalChange",
    params(("id" = Uuid, Path, description = "Id of the request")), request_body = GoalReason,
    responses((status = 200, description = "The rejected request", body = GoalChangeView)),
    security(("bearer" = [])))]
#[post("/{id}/rejection")]
pub(super) async fn reject(
    caller: Caller,
    id: PathId,
    body: Body<GoalReason>,
) -> Result<HttpResponse, Refusal> {
    let expected = caller.expected_version()?;
    let (id, Body { value, digest }) = (id.0.into(), body);
    caller
        .change(Some(digest), move |store, actor| {
            decide_change(store, actor, id, expected, Event::RejectChange, &value.reason)
        })
        .await
}

fn list_changes(
    store: &mut dyn Store,
    actor: &Actor,
    id: GoalId,
    page: &Page,
) -> Result<Vec<GoalChangeView>, Refusal> {
    let sealed = store.goal(id)?;
    let (goal, permit, target) =
        actor.open_related(store, Action::GoalRead, sealed, actor.today)?;
    if permit.mask() < Mask::Full {
        return Err(Refusal::Forbidden(FIELD_MASKED));
    }
    let view = |change| {
        GoalChangeView::new(actor, RequestedChange { goal: goal.clone(), change }, &target)
    };
    Ok(store.goal_changes(id, page)?.into_iter().map(view).collect())
}

/// A request of which the caller sees everything, and how the caller stands to its goal.
fn open_request(
    store: &mut dyn Store,
    actor: &Actor,
    id: GoalChangeId,
) -> Result<(RequestedChange, Target), Refusal> {
    let sealed = store.goal_change(id)?;
    let (request, permit, target) =
        actor.open_related(store, Action::GoalRead, sealed, actor.today)?;
    if permit.mask() < Mask::Full {
        return Err(Refusal::Forbidden(FIELD_MASKED));
    }
    Ok((request, target))
}

/// Asks for a change of a goal that is still in the version the caller has read.
fn request_change(
    store: &mut dyn Store,
    actor: &Actor,
    id: GoalId,
    expected: i32,
    change_id: GoalChangeId,
    key_results: &[KeyResultId],
    new: NewGoalChange,
) -> Result<Reply<GoalChangeView>, Refusal> {
    let opened = open_to_change(store, actor, Action::GoalWrite, id, Some(expected))?;
    opened.expect(actor, GoalAction::Change)?;
    let before = &opened.goal;
    let mut content = new.content.read().map_err(|fault| Refusal::Invalid(vec![fault]))?;
    let strangers = content.name_key_results(Some(&before.content), key_results.iter().copied());
    let mut faults = content_faults(&content, strangers, &opened.frame);
    let untold = content.untold().into_iter();
    faults.extend(untold.map(|place| Violation::new(format!("/content{place}"), "required")));
    if content.key_result_weight() != Exact::from(100) {
        faults.push(Violation::new("/content/definition/key_results", "WEIGHTS_NOT_100"));
    }
    let after = Goal { content: content.clone(), ..before.clone() };
    faults.extend(tree_faults(store, before, &after)?);
    let revisions = store.goal_revisions(id, &Page::ALL)?;
    let too_early = revisions.last().is_some_and(|last| new.effective_from < last.effective_from);
    if too_early || !content.period.contains(new.effective_from) {
        faults.push(Violation::new("/effective_from", "period_invalid"));
    }
    refuse_faults(faults)?;
    let facts = Facts {
        reason_given: !new.reason.trim().is_empty(),
        evidence_attached: new.evidence.iter().any(|item| !item.trim().is_empty()),
        ..Facts::default()
    };
    let signed = signatures(actor, &opened.target);
    let state = fire(before.state, Event::RequestChange, &signed, &facts, &[], |_| None)?;
    let change = GoalChange {
        id: change_id,
        goal_id: id,
        state: GoalChangeState::Pending,
        content,
        reason: new.reason,
        evidence: new.evidence,
        effective_from: new.effective_from,
        requested_by: me(actor),
        decided_by: None,
        decision_reason: None,
        created_at: actor.now,
        decided_at: None,
    };
    let record = Record::new("goal_change.created", change_id, opened.permit.rule())
        .because(change.reason.clone())
        .field("goal_id", None::<String>, id.to_string())
        .field("content", told(&before.content), told(&change.content))
        .field("evidence", None::<Vec<String>>, change.evidence.clone());
    store.create_goal_change(Change::new(change.clone(), record))?;
    let goal = moved(store, actor, &opened, Event::RequestChange, state, before.clone())?;
    let request = RequestedChange { goal, change };
    let target = Target { id: change_id.uuid(), ..opened.target };
    let view = GoalChangeView::new(actor, request, &target);
    Ok(Reply::created(view, 1, format!("/v1/goal-changes/{change_id}")))
}

/// Decides on a request that is still pending.
fn decide_change(
    store: &mut dyn Store,
    actor: &Actor,
    id: GoalChangeId,
    expected: i32,
    event: Event,
    reason: &str,
) -> Result<Reply<GoalChangeView>, Refusal> {
    let (seen, target) = open_request(store, actor, id)?;
    let goal_id = seen.goal.id;
    let decides = [Action::GoalApprove, Action::GoalDecide]
        .into_iter()
        .find(|action| decide(&actor.subject, *action, &target).permit.is_some());
    let Some(action) = decides else {
        let denial = authorise(&actor.subject, Action::GoalApprove, &target).err();
        return Err(denial.map_or(Refusal::NotFound, Refusal::from));
    };
    let opened = open_to_change(store, actor, action, goal_id, None)?;
    let (request, _) = open_request(store, actor, id)?;
    if request.change.version() != expected {
        return Err(Refusal::Stale);
    }
    if !request.is_open() {
        let allowed = allowed_actions(actor, &request, &target);
        return Err(match request.change.state {
            GoalChangeState::Pending => conflict(actor, &opened.goal, &opened.target),
            decided => Refusal::StateConflict {
                current_state: decided.as_str(),
                allowed_actions: allowed.into_iter().map(TextEnum::as_str).collect(),
            },
        });
    }
    let review = store.hold_review(opened.goal.cycle_id, opened.goal.owner_id)?;
    let weight = request.changes_weight();
    let after_mid_cycle = opened.frame.is_past_middle(actor.today);
    // Who holds both seats decides from the right one.
    let seats = seats(actor, &opened.target);
    let decided_by_hr = if after_mid_cycle || weight {
        seats.contains(&Seat::Hr)
    } else {
        !seats.contains(&Seat::Manager)
    };
    let facts = Facts {
        reason_given: !reason.trim().is_empty(),
        decided_by_another: request.change.requested_by != me(actor),
        change: Some(Decision { after_mid_cycle, weight, decided_by_hr }),
        result_open: !review.as_ref().is_some_and(|review| review.state.is_finalised()),
        ..Facts::default()
    };
    let signed = signatures(actor, &opened.target);
    let state = fire(opened.goal.state, event, &signed, &facts, &[], |_| None)?;
    let approved = event == Event::ApproveChange;
    let change = GoalChange {
        state: if approved { GoalChangeState::Approved } else { GoalChangeState::Rejected },
        decided_by: Some(me(actor)),
        decision_reason: Some(reason.to_owned()).filter(|reason| !reason.is_empty()),
        decided_at: Some(actor.now),
        ..request.change
    };
    let name = if approved { "goal_change.approved" } else { "goal_change.rejected" };
    let mut record = Record::new(name, id, opened.permit.rule())
        .transition(GoalChangeState::Pending.as_str(), change.state.as_str());
    record.reason.clone_from(&change.decision_reason);
    store.decide_goal_change(Change::new(change.clone(), record))?;
    let mut after = opened.goal.clone();
    if approved {
        after.content = change.content.clone();
        after.revision += 1;
        after.first_signature = None;
        store.revise_goal(&agreed(actor, &after, change.effective_from))?;
        let reports: Vec<_> =
            store.reports(goal_id)?.into_iter().map(|(reports, _)| reports).collect();
        let measurements = store.measurements(goal_id, &Page::ALL)?;
        let progress = after.content.progress(&reports, &measurements, &opened.frame.settings);
        after.progress = progress.map_err(|error| Refusal::GuardFailed(vec![fault("", &error)]))?;
    }
    let goal = moved(store, actor, &opened, event, state, after)?;
    opened.follow(store, actor, review)?;
    let version = change.version();
    let view = GoalChangeView::new(actor, RequestedChange { goal, change }, &target);
    Ok(Reply::changed(view, version))
}

/// Saves the goal in the state that an event has led to.
fn moved(
    store: &mut dyn Store,
    actor: &Actor,
    opened: &Opened,
    event: Event,
    state: State,
    after: Goal,
) -> Result<Goal, Refusal> {
    let before = &opened.goal;
    let after = Goal { state, version: before.version + 1, updated_at: actor.now, ..after };
    let record = Record::new(event_name(event), before.id, opened.permit.rule())
        .transition(before.state.as_str(), state.as_str())
        .field("content", told(&before.content), told(&after.content));
    store.update_goal(Change::new(after.clone(), record))?;
    Ok(after)
}
