//! Changes of signed goals: requested with a reason and evidence, decided by another person.

use super::cases::{
    Opened, allowed_actions as goal_actions, conflict, content_faults, open_to_change,
    refuse_faults, seating, tree_faults,
};
use super::dependencies;
use super::moves::{agreed, me, recorded, whole_faults};
use super::views::{GoalContentView, GoalReason, NewGoalContent};
use crate::people::org_units::HistoryQuery;
use crate::platform::app::new_id;
use crate::platform::areas::{Noun, target};
use crate::platform::caller::{Actor, Caller};
use crate::platform::extract::{Body, PathId, Query};
use crate::platform::page::page_of;
use crate::platform::problem::Violation;
use crate::platform::refusal::Refusal;
use crate::platform::reply::Reply;
use crate::platform::schema::{word_list, words};
use crate::platform::transition::{Findings, Passage, Transition, fault, names};
use actix_web::{HttpResponse, get, post};
use chrono::{DateTime, NaiveDate, Utc};
use domain::core::change::{Change, Record};
use domain::core::id::{GoalChangeId, GoalId, KeyResultId};
use domain::core::text::TextEnum;
use domain::goals::goal::{
    Goal, GoalAction, GoalChange, GoalChangeAction, GoalChangeState, GoalContent, GoalRevision,
    RequestedChange,
};
use domain::policy::{Action, Target, authorise, decide};
use domain::reviews::form::Review;
use domain::state::goal::{Change as Decided, Event, Facts, State};
use domain::state::{Moving, Seat, Seating};
use persistence::{After, Page, Store};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

/// A request to change an active goal.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = GoalChange)]
pub struct GoalChangeView {
    /// Id of the request.
    pub id: Uuid,
    /// Id of the goal.
    pub goal_id: Uuid,
    /// State of the request.
    #[schema(schema_with = words::<GoalChangeState>)]
    pub state: GoalChangeState,
    /// Requested new content of the goal.
    pub content: GoalContentView,
    /// Reason for the change.
    #[schema(example = "The northern branch opens half a year later")]
    pub reason: String,
    /// Evidence that the change is needed, in words.
    #[schema(example = json!(["Minutes of the board of 3 March"]))]
    pub evidence: Vec<String>,
    /// First day on which the new content would apply.
    pub effective_from: NaiveDate,
    /// Account or API key that made the request.
    pub requested_by: Uuid,
    /// Account that decided; null while the request is open.
    pub decided_by: Option<Uuid>,
    /// Reason for a rejection; null otherwise.
    #[schema(example = "The branch opens as planned")]
    pub decision_reason: Option<String>,
    /// Actions the caller may take on the request now. If another role decides, the refusal says
    /// which.
    #[schema(schema_with = word_list::<GoalChangeAction>)]
    pub allowed_actions: Vec<GoalChangeAction>,
    /// Version of the record: 1 while the request is open, 2 once it is decided.
    #[schema(example = 1)]
    pub version: i32,
    /// When the request was made.
    pub created_at: DateTime<Utc>,
    /// When the request was decided; null while it is open.
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

/// Actions the caller may take on a request. Nobody may approve their own request or change a goal
/// below a final result, but anybody who could decide may reject.
fn allowed_actions(
    actor: &Actor,
    request: &RequestedChange,
    target: &Target,
) -> Vec<GoalChangeAction> {
    let barred = request.change.requested_by == me(actor) || request.goal.result_is_final();
    let mut offered = request.offered(&seating(actor, &request.goal, target), |_| false);
    offered.retain(|action| !barred || *action == GoalChangeAction::Rejection);
    offered
}

page_of! {
    /// A page of requests.
    pub struct GoalChangePage
    /// The requests, in the order of creation.
    of GoalChangeView
}

/// A request to change a signed goal.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewGoalChange {
    /// Requested new content. A key result with an id replaces the existing one with that id.
    pub content: NewGoalContent,
    /// Reason for the change.
    #[serde(default)]
    #[schema(max_length = 2000, example = "The northern branch opens half a year later")]
    pub reason: String,
    /// Evidence that the change is needed, in words; at least one item.
    #[serde(default)]
    #[schema(max_items = 20, example = json!(["Minutes of the board of 3 March"]))]
    pub evidence: Vec<String>,
    /// First day on which the new content applies: within its period, not before the last revision.
    pub effective_from: NaiveDate,
}

/// Request a change of a goal
///
/// The owner or the manager asks to replace the content that both sides have signed. A reason and
/// evidence are required. Until the decision, the goal is measured by the signed content.
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
    let Body { value: new, digest } = body;
    let (goal, key_results) = (id.0.into(), super::fresh_key_results());
    let request = Request { goal, expected, id: new_id().into(), key_results, new };
    caller.transit(Some(digest), request).await
}

/// List change requests
///
/// Lists all requests to change the goal, open and decided, in the order of creation.
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
    caller.answer::<GoalChangePage, _>(&request, rows, |last| After::Id(last.id), |row| row)
}

/// Read a change request
///
/// Shows the requested content, the reason and the decision.
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
/// Makes the requested content the next revision of the goal. Nobody may approve their own request.
/// HR decides in the second half of the cycle and whenever a weight changes; otherwise the manager
/// decides. If the owner's review is already rated, its result is recomputed. Once that result is
/// final, the goal can no longer change.
#[utoipa::path(tag = "goal-changes", operation_id = "approveGoalChange",
    params(("id" = Uuid, Path, description = "Id of the request")),
    responses((status = 200, description = "The approved request", body = GoalChangeView)),
    security(("bearer" = [])))]
#[post("/{id}/approval")]
pub(super) async fn approve(caller: Caller, id: PathId) -> Result<HttpResponse, Refusal> {
    let (change, expected) = (id.0.into(), caller.expected_version()?);
    let (action, reason) = (GoalChangeAction::Approval, String::new());
    let decision = Decision { change, expected, action, reason };
    caller.transit(None, decision).await
}

/// Reject a change
///
/// Leaves the goal as it is. A reason is required. The person who may decide on the change may
/// reject it, including a request of their own. Requests still open when the results of the cycle
/// are confirmed lapse.
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
    let (change, expected) = (id.0.into(), caller.expected_version()?);
    let Body { value: GoalReason { reason }, digest } = body;
    let decision = Decision { change, expected, action: GoalChangeAction::Rejection, reason };
    caller.transit(Some(digest), decision).await
}

fn list_changes(
    store: &mut dyn Store,
    actor: &Actor,
    id: GoalId,
    page: &Page,
) -> Result<Vec<GoalChangeView>, Refusal> {
    let sealed = store.goal(id)?;
    let (goal, _, target) = actor.open_related(store, Action::GoalRead, sealed, actor.today)?;
    let view = |change| {
        GoalChangeView::new(actor, RequestedChange { goal: goal.clone(), change }, &target)
    };
    Ok(store.goal_changes(id, page)?.into_iter().map(view).collect())
}

/// Opens a request if the caller may see all fields of its goal, with the caller's relation to the
/// goal.
fn open_request(
    store: &mut dyn Store,
    actor: &Actor,
    id: GoalChangeId,
) -> Result<(RequestedChange, Target), Refusal> {
    let sealed = store.goal_change(id)?;
    let (request, _, target) = actor.open_related(store, Action::GoalRead, sealed, actor.today)?;
    Ok((request, target))
}

/// A change to be requested.
struct Request {
    goal: GoalId,
    expected: i32,
    id: GoalChangeId,
    /// Fresh ids for its key results.
    key_results: Vec<KeyResultId>,
    new: NewGoalChange,
}

impl Transition for Request {
    type State = State;
    type Opened = Opened;
    type Found = GoalContent;
    type Output = Reply<GoalChangeView>;

    fn open(&self, store: &mut dyn Store, actor: &Actor) -> Result<Opened, Refusal> {
        open_to_change(store, actor, Action::GoalWrite, self.goal)
    }

    fn check_seen(&self, _: &Actor, opened: &Opened) -> Result<(), Refusal> {
        opened.check_version(self.expected)
    }

    fn state(&self, opened: &Opened) -> State {
        opened.goal.state
    }

    fn event(&self) -> Option<Event> {
        Some(Event::RequestChange)
    }

    fn is_possible(&self, opened: &Opened) -> bool {
        opened.goal.lets(GoalAction::Change)
    }

    fn offered(&self, actor: &Actor, opened: &Opened) -> Vec<&'static str> {
        names(goal_actions(actor, &opened.goal, &opened.target))
    }

    fn seating(&self, actor: &Actor, opened: &Opened) -> Seating<Event> {
        seating(actor, &opened.goal, &opened.target)
    }

    fn look(
        &self,
        store: &mut dyn Store,
        _: &Actor,
        opened: &mut Opened,
    ) -> Result<Findings<Self>, Refusal> {
        let (before, new) = (&opened.goal, &self.new);
        let mut content =
            new.content.clone().read().map_err(|fault| Refusal::Invalid(vec![fault]))?;
        let own = self.key_results.iter().copied();
        let strangers = content.name_key_results(Some(&before.content), own);
        let mut faults = content_faults(&content, strangers, &opened.frame);
        faults.extend(whole_faults(&content));
        let after = Goal { content: content.clone(), ..before.clone() };
        faults.extend(tree_faults(store, before, &after)?);
        let revisions = store.goal_revisions(self.goal, &Page::ALL)?;
        let is_early = |last: &GoalRevision| new.effective_from < last.effective_from;
        if revisions.last().is_some_and(is_early) || !content.period.contains(new.effective_from) {
            faults.push(Violation::new("/effective_from", "period_invalid"));
        }
        refuse_faults(faults)?;
        let facts = Facts {
            reason_given: !new.reason.trim().is_empty(),
            evidence_attached: new.evidence.iter().any(|item| !item.trim().is_empty()),
            ..Facts::default()
        };
        Ok(Findings::new(facts, content))
    }

    fn follow(
        &self,
        store: &mut dyn Store,
        actor: &Actor,
        passage: Passage<Self>,
    ) -> Result<Reply<GoalChangeView>, Refusal> {
        let Passage { opened, found: content, to, .. } = passage;
        let change = GoalChange {
            id: self.id,
            goal_id: self.goal,
            state: GoalChangeState::Pending,
            content,
            reason: self.new.reason.clone(),
            evidence: self.new.evidence.clone(),
            effective_from: self.new.effective_from,
            requested_by: me(actor),
            decided_by: None,
            decision_reason: None,
            created_at: actor.now,
            decided_at: None,
        };
        let before = &opened.goal;
        let record = Record::new("goal_change.created", self.id, opened.permit.rule())
            .because(change.reason.clone())
            .field("goal_id", None::<String>, self.goal.to_string())
            .field("content", &before.content, &change.content)
            .field("evidence", None::<Vec<String>>, change.evidence.clone());
        store.create_goal_change(Change::new(change.clone(), record))?;
        let after = Goal { state: to, ..before.clone() };
        let goal = moved(store, actor, &opened, Event::RequestChange, after)?;
        let target = Target { id: self.id.uuid(), ..opened.target };
        let view = GoalChangeView::new(actor, RequestedChange { goal, change }, &target);
        Ok(Reply::created(view, 1, format!("/v1/goal-changes/{}", self.id)))
    }
}

/// A decision on a change request.
struct Decision {
    change: GoalChangeId,
    expected: i32,
    action: GoalChangeAction,
    reason: String,
}

/// A request with its locked goal and the review whose result must be recomputed.
struct Deciding {
    request: RequestedChange,
    opened: Opened,
    target: Target,
    review: Option<Review>,
}

impl Transition for Decision {
    type State = State;
    type Opened = Deciding;
    type Found = ();
    type Output = Reply<GoalChangeView>;

    fn open(&self, store: &mut dyn Store, actor: &Actor) -> Result<Deciding, Refusal> {
        let (seen, target) = open_request(store, actor, self.change)?;
        let decides = [Action::GoalApprove, Action::GoalDecide]
            .into_iter()
            .find(|action| decide(&actor.subject, *action, &target).permit.is_some());
        let Some(action) = decides else {
            let denial = authorise(&actor.subject, Action::GoalApprove, &target).err();
            return Err(denial.map_or(Refusal::NotFound, Refusal::from));
        };
        let opened = open_to_change(store, actor, action, seen.goal.id)?;
        let (request, _) = open_request(store, actor, self.change)?;
        Ok(Deciding { request, opened, target, review: None })
    }

    fn check_seen(&self, actor: &Actor, deciding: &Deciding) -> Result<(), Refusal> {
        let Deciding { request, opened, target, .. } = deciding;
        if request.change.version() != self.expected {
            return Err(Refusal::Stale);
        }
        match request.change.state {
            GoalChangeState::Pending if request.is_open() => Ok(()),
            GoalChangeState::Pending => Err(conflict(actor, &opened.goal, &opened.target)),
            decided => Err(Refusal::StateConflict {
                current_state: decided.as_str(),
                allowed_actions: names(allowed_actions(actor, request, target)),
            }),
        }
    }

    fn state(&self, deciding: &Deciding) -> State {
        deciding.request.state()
    }

    fn event(&self) -> Option<Event> {
        RequestedChange::events(self.action).first().copied()
    }

    fn offered(&self, actor: &Actor, deciding: &Deciding) -> Vec<&'static str> {
        names(allowed_actions(actor, &deciding.request, &deciding.target))
    }

    fn seating(&self, actor: &Actor, deciding: &Deciding) -> Seating<Event> {
        seating(actor, &deciding.opened.goal, &deciding.opened.target)
    }

    fn look(
        &self,
        store: &mut dyn Store,
        actor: &Actor,
        deciding: &mut Deciding,
    ) -> Result<Findings<Self>, Refusal> {
        let Deciding { request, opened, review, .. } = deciding;
        *review = store.hold_review(opened.goal.cycle_id, opened.goal.owner_id)?;
        let weight = request.changes_weight();
        let after_mid_cycle = opened.frame.is_past_middle(actor.today);
        // A person who holds both seats decides from the one that this change requires.
        let seats = seating(actor, &opened.goal, &opened.target).seats;
        let decided_by_hr = if after_mid_cycle || weight {
            seats.contains(&Seat::Hr)
        } else {
            !seats.contains(&Seat::Manager)
        };
        let is_final = review.as_ref().is_some_and(|review| review.state.is_finalised());
        let facts = Facts {
            reason_given: !self.reason.trim().is_empty(),
            decided_by_another: request.change.requested_by != me(actor),
            change: Some(Decided { after_mid_cycle, weight, decided_by_hr }),
            result_open: !is_final,
            ..Facts::default()
        };
        Ok(Findings::new(facts, ()))
    }

    fn follow(
        &self,
        store: &mut dyn Store,
        actor: &Actor,
        passage: Passage<Self>,
    ) -> Result<Reply<GoalChangeView>, Refusal> {
        let Passage { opened: Deciding { request, opened, target, review }, event, to, .. } =
            passage;
        let approved = self.action == GoalChangeAction::Approval;
        let change = GoalChange {
            state: if approved { GoalChangeState::Approved } else { GoalChangeState::Rejected },
            decided_by: Some(me(actor)),
            decision_reason: Some(self.reason.clone()).filter(|reason| !reason.is_empty()),
            decided_at: Some(actor.now),
            ..request.change
        };
        let name = if approved { "goal_change.approved" } else { "goal_change.rejected" };
        let mut record = Record::new(name, self.change, opened.permit.rule())
            .transition(GoalChangeState::Pending.as_str(), change.state.as_str());
        record.reason.clone_from(&change.decision_reason);
        store.decide_goal_change(Change::new(change.clone(), record))?;
        let mut after = Goal { state: to, ..opened.goal.clone() };
        if approved {
            after.content = change.content.clone();
            after.revision += 1;
            after.first_signature = None;
            store.revise_goal(&agreed(actor, &after, change.effective_from))?;
            let reports: Vec<_> =
                store.reports(after.id)?.into_iter().map(|(reports, _)| reports).collect();
            let measurements = store.measurements(after.id, &Page::ALL)?;
            let progress = after.content.progress(&reports, &measurements, &opened.frame.settings);
            after.progress =
                progress.map_err(|error| Refusal::GuardFailed(vec![fault("", &error)]))?;
        }
        let goal = moved(store, actor, &opened, event, after)?;
        opened.follow(store, actor, review)?;
        if goal.content.period.end() != opened.goal.content.period.end() {
            dependencies::follow(store, actor, goal.cycle_id, opened.permit.rule())?;
        }
        let version = change.version();
        let view = GoalChangeView::new(actor, RequestedChange { goal, change }, &target);
        Ok(Reply::changed(view, version))
    }
}

/// Saves the goal in the state after an event.
fn moved(
    store: &mut dyn Store,
    actor: &Actor,
    opened: &Opened,
    event: Event,
    after: Goal,
) -> Result<Goal, Refusal> {
    let before = &opened.goal;
    let after = Goal { version: before.version + 1, updated_at: actor.now, ..after };
    let record = Record::new(recorded(event), before.id, opened.permit.rule())
        .transition(before.state.as_str(), after.state.as_str())
        .field("content", &before.content, &after.content);
    store.update_goal(Change::new(after.clone(), record))?;
    Ok(after)
}

/// The noun; its lists are below goals.
pub const NOUN: Noun = Noun {
    tags: &[("goal-changes", "Requests to change what both sides have signed.")],
    records: &[(Action::GoalRead, |store, actor, _, id| {
        target(actor, store.goal_change(id.into())?)
    })],
    ..Noun::of(routes)
};

fn routes(config: &mut ServiceConfig) {
    config.service(scope("/goal-changes").service(read).service(approve).service(reject));
}
