//! Changes of signed goals: requested with a reason and evidence, decided by another person.

use super::cases::{Opened, open_in_full, open_to_change, refuse_faults, seating, tree_faults};
use super::moves::{agreed, me, moved, of_goal, whole_faults};
use super::views::{GoalContentView, GoalReason, NewGoalContent};
use super::{fresh_key_results, history, words};
use crate::people::org_units::HistoryQuery;
use crate::platform::app::new_id;
use crate::platform::areas::{Noun, found};
use crate::platform::caller::{Actor, Caller};
use crate::platform::extract::{Body, PathId};
use crate::platform::page::page_of;
use crate::platform::parameters::Query;
use crate::platform::plain::{Asked, said};
use crate::platform::problem::Violation;
use crate::platform::refusal::Refusal;
use crate::platform::reply::{Answered, Reply};
use crate::platform::resource::view;
use crate::platform::transition::{Checked, Done, Findings, Passage, Transition};
use crate::platform::words::Told;
use actix_web::{get, post};
use chrono::{DateTime, NaiveDate, Utc};
use domain::core::change::{Change, Record, Versioned};
use domain::core::id::{GoalChangeId, GoalId, KeyResultId};
use domain::core::text::TextEnum;
use domain::goals::goal::{Goal, GoalAction, GoalChange, GoalChangeAction, GoalChangeState};
use domain::policy::{Action, Target};
use domain::reviews::form::Review;
use domain::state::goal::{Change as Decided, Event, Facts, State};
use domain::state::{Moving, Seating};
use persistence::{After, Page, Store};
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

view! {
    /// A request to change an active goal.
    pub struct GoalChangeView as GoalChange of (change: GoalChange, actor: &Actor, target: &Target);
    /// A request to change a signed goal.
    pub struct NewGoalChange;
    /// Id of the request.
    id: Uuid;
    /// Id of the goal.
    goal_id: Uuid;
    /// State of the request.
    #[schema(value_type = words::GoalChangeState)]
    state: GoalChangeState;
    /// Requested new content of the goal.
    content: GoalContentView, sent
    /// Requested new content. A key result with an id replaces the existing one with that id.
    as NewGoalContent;
    /// Reason for the change.
    #[schema(example = "The northern branch opens half a year later")]
    reason: String, sent
    /// Reason for the change.
    #[serde(default)]
    #[schema(max_length = 2000, example = "The northern branch opens half a year later")]
    as String;
    /// Evidence that the change is needed, in words.
    #[schema(example = json!(["Minutes of the board of 3 March"]))]
    evidence: Vec<String>, sent
    /// Evidence that the change is needed, in words; at least one item.
    #[serde(default)]
    #[schema(max_items = 20, example = json!(["Minutes of the board of 3 March"]))]
    as Vec<String>;
    /// First day on which the new content would apply.
    effective_from: NaiveDate, sent
    /// First day on which the new content applies: within its period, not before the last revision.
    as NaiveDate;
    /// Account or API key that made the request.
    requested_by: Uuid;
    /// Account that decided; null while the request is open.
    decided_by: Option<Uuid> = change.decided_by.map(Uuid::from);
    /// Reason for a rejection; null otherwise.
    #[schema(example = "The branch opens as planned")]
    decision_reason: Option<String>;
    /// Actions the caller may take on the request now. If another role decides, the refusal says
    /// which.
    #[schema(value_type = HashSet<words::GoalChangeAction>)]
    allowed_actions: Vec<GoalChangeAction> = allowed_actions(actor, &change, target);
    /// Version of the record: 1 while the request is open, 2 once it is decided.
    #[schema(example = 1)]
    version: i32 = change.version();
    /// When the request was made.
    created_at: DateTime<Utc>;
    /// When the request was decided; null while it is open.
    decided_at: Option<DateTime<Utc>>;
}

/// Actions the caller may take on a request. Nobody may approve their own request or change a goal
/// below a final result, but anybody who could decide may reject.
fn allowed_actions(actor: &Actor, change: &GoalChange, target: &Target) -> Vec<GoalChangeAction> {
    let barred = change.requested_by == me(actor) || change.goal.result_is_final();
    let mut offered = change.offered(&seating(actor, &change.goal, target), |_| false);
    offered.retain(|action| !barred || *action == GoalChangeAction::Rejection);
    offered
}

page_of! {
    /// A page of requests.
    pub struct GoalChangePage
    /// The requests, in the order of creation.
    of GoalChangeView
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
pub(super) async fn ask(caller: Caller, id: PathId, body: Body<NewGoalChange>) -> Answered {
    let (new, own) = (body.value.clone(), new_id().into());
    let request = |asked| Request { asked, id: own, key_results: fresh_key_results(), new };
    caller.ask(id, GoalAction::Change, body.says(|new| new.reason), request).await
}

/// List change requests
///
/// Lists all requests to change the goal, open and decided, in the order of creation.
#[utoipa::path(tag = "goals", operation_id = "listGoalChanges",
    params(("id" = Uuid, Path, description = "Id of the goal"), HistoryQuery),
    responses((status = 200, description = "A page of requests", body = GoalChangePage)),
    security(("bearer" = []), ("api_key" = ["performance:read"])))]
#[get("/{id}/changes")]
pub(super) async fn list(caller: Caller, id: PathId, query: Query<HistoryQuery>) -> Answered {
    let place = |last: &GoalChangeView| After::Id(last.id);
    history::<GoalChangePage>(caller, id, query, place, |store, actor, (goal, target), page| {
        let view = |change| GoalChangeView::new(change, actor, target);
        Ok(store.goal_changes(goal, page)?.into_iter().map(view).collect())
    })
    .await
}

/// Read a change request
///
/// Shows the requested content, the reason and the decision.
#[utoipa::path(tag = "goal-changes", operation_id = "getGoalChange",
    params(("id" = Uuid, Path, description = "Id of the request")),
    responses((status = 200, description = "The request", body = GoalChangeView)),
    security(("bearer" = []), ("api_key" = ["performance:read"])))]
#[get("/{id}")]
pub(super) async fn read(caller: Caller, id: PathId) -> Answered {
    let id = GoalChangeId::from(id.0);
    let view = caller
        .read(move |store, actor| {
            let sealed = store.find(id)?;
            let (change, target) = open_in_full(store, actor, sealed)?;
            Ok(GoalChangeView::new(change, actor, &target))
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
pub(super) async fn approve(caller: Caller, id: PathId) -> Answered {
    caller.ask(id, GoalChangeAction::Approval, None, Decision).await
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
pub(super) async fn reject(caller: Caller, id: PathId, body: Body<GoalReason>) -> Answered {
    caller.ask(id, GoalChangeAction::Rejection, body.says(|it| it.reason), Decision).await
}

/// A change to be requested, with fresh ids for the request and for its key results.
struct Request {
    asked: Asked<GoalId, GoalAction>,
    id: GoalChangeId,
    key_results: Vec<KeyResultId>,
    new: NewGoalChange,
}

impl Transition for Request {
    type State = State;
    type Opened = Opened;
    type Found = GoalChange;
    type Output = Reply<GoalChangeView>;

    of_goal!(asked in asked);

    fn open(&self, store: &mut dyn Store, actor: &Actor) -> Result<Opened, Refusal> {
        open_to_change(store, actor, Action::GoalWrite, self.asked.id)
    }

    fn look(&self, store: &mut dyn Store, actor: &Actor, opened: &mut Opened) -> Checked<Self> {
        let (before, new) = (&opened.goal, self.new.clone());
        let (content, mut faults) = opened.rewritten(new.content.read(), &self.key_results)?;
        faults.extend(whole_faults(&content));
        let after = Goal { content, ..before.clone() };
        faults.extend(tree_faults(store, before, &after)?);
        let revisions = store.goal_revisions(before.id, &Page::ALL)?;
        let is_early = Some(new.effective_from) < revisions.last().map(|last| last.effective_from);
        if is_early || !after.content.period.contains(new.effective_from) {
            faults.push(Violation::new("/effective_from", "period_invalid"));
        }
        refuse_faults(faults)?;
        let change = GoalChange {
            id: self.id,
            goal_id: before.id,
            state: GoalChangeState::Pending,
            content: after.content,
            reason: new.reason,
            evidence: new.evidence,
            effective_from: new.effective_from,
            requested_by: me(actor),
            decided_by: None,
            decision_reason: None,
            created_at: actor.now,
            decided_at: None,
            goal: before.clone(),
        };
        let facts = Facts {
            reason_given: said(&change.reason).is_some(),
            evidence_attached: change.evidence.iter().any(|item| said(item).is_some()),
            ..Facts::default()
        };
        Ok(Findings::new(facts, change))
    }

    fn follow(&self, store: &mut dyn Store, actor: &Actor, passage: Passage<Self>) -> Done<Self> {
        let Passage { opened, found: mut change, event, to, .. } = passage;
        let record = Record::new("goal_change.created", change.id, opened.permit.rule())
            .because(change.reason.clone())
            .field("goal_id", None::<String>, change.goal_id.to_string())
            .field("content", &change.goal.content, &change.content)
            .field("evidence", None::<Vec<String>>, &change.evidence);
        store.create(Change::new(change.clone(), record))?;
        change.goal.state = to;
        moved(store, actor, &opened, event, None, change.goal.clone(), None)?;
        let (view, id) = (GoalChangeView::new(change, actor, &opened.target), self.id);
        Ok(Reply::created(view, 1, format!("/v1/goal-changes/{id}")))
    }
}

/// A decision on a change request.
struct Decision(Asked<GoalChangeId, GoalChangeAction>);

impl Transition for Decision {
    type State = State;
    type Opened = (GoalChange, Opened);
    /// The review whose result must be recomputed.
    type Found = Option<Review>;
    type Output = Reply<GoalChangeView>;

    of_goal!(GoalChange asked in 0, (_, opened) => opened);

    fn open(&self, store: &mut dyn Store, actor: &Actor) -> Result<Self::Opened, Refusal> {
        let sealed = store.find(self.0.id)?;
        let (seen, target) = open_in_full(store, actor, sealed)?;
        let action = actor.permitted(&[Action::GoalApprove, Action::GoalDecide], &target);
        let opened = open_to_change(store, actor, action, seen.goal_id)?;
        let sealed = store.find(self.0.id)?;
        Ok((open_in_full(store, actor, sealed)?.0, opened))
    }

    fn check_seen(&self, actor: &Actor, (change, opened): &Self::Opened) -> Result<(), Refusal> {
        self.0.seen.check(change.version())?;
        match change.state {
            _ if change.lets(self.0.verb) => Ok(()),
            GoalChangeState::Pending => Err(opened.conflict(actor)),
            decided => Err(Refusal::settled(Told::new(decided))),
        }
    }

    fn look(&self, store: &mut dyn Store, actor: &Actor, held: &mut Self::Opened) -> Checked<Self> {
        let (change, Opened { goal, target, frame, .. }) = held;
        let review = store.hold_review(goal.cycle_id, goal.owner_id)?;
        let seats = seating(actor, goal, target).seats;
        let after_mid_cycle = frame.is_past_middle(actor.today);
        let weight = change.content.weight != goal.content.weight;
        let facts = Facts {
            reason_given: said(&self.0.said).is_some(),
            decided_by_another: change.requested_by != me(actor),
            change: Some(Decided::decided_from(&seats, after_mid_cycle, weight)),
            result_open: !review.as_ref().is_some_and(|review| review.state.is_finalised()),
            ..Facts::default()
        };
        Ok(Findings::new(facts, review))
    }

    fn follow(&self, store: &mut dyn Store, actor: &Actor, passage: Passage<Self>) -> Done<Self> {
        let Passage { opened: (change, opened), found: review, event, to, .. } = passage;
        let (name, state) = match self.0.verb {
            GoalChangeAction::Approval => ("goal_change.approved", GoalChangeState::Approved),
            GoalChangeAction::Rejection => ("goal_change.rejected", GoalChangeState::Rejected),
        };
        let record = Record::new(name, change.id, opened.permit.rule())
            .transition(change.state.as_str(), state.as_str())
            .because_of(said(&self.0.said));
        let change = GoalChange {
            state,
            decided_by: Some(me(actor)),
            decision_reason: record.reason.clone(),
            decided_at: Some(actor.now),
            ..change
        };
        store.update(Change::new(change.clone(), record))?;
        let mut after = Goal { state: to, ..opened.goal.clone() };
        if state == GoalChangeState::Approved {
            after.revise(change.content.clone());
            after = agreed(store, actor, &opened, after, change.effective_from)?;
        }
        moved(store, actor, &opened, event, None, after, review)?;
        let version = change.version();
        Ok(Reply::changed(GoalChangeView::new(change, actor, &opened.target), version))
    }
}

/// The noun; its lists are below goals.
pub const NOUN: Noun = Noun {
    tags: &[("goal-changes", "Requests to change what both sides have signed.")],
    records: &[(Action::GoalRead, found::<GoalChangeId, GoalChange>)],
    ..Noun::of(routes)
};

fn routes(config: &mut ServiceConfig) {
    config.service(scope("/goal-changes").service(read).service(approve).service(reject));
}
