//! Dependencies: what one goal needs from the goal of somebody else, and by when (R35).

use crate::goals::words;
use crate::platform::app::new_id;
use crate::platform::areas::{Noun, found};
use crate::platform::caller::{Actor, Caller};
use crate::platform::extract::{Body, PathId};
use crate::platform::page::page_of;
use crate::platform::parameters::Query;
use crate::platform::plain::{Asked, Asking, Held, Looked, Plain, allowed_actions, said, views};
use crate::platform::problem::Violation;
use crate::platform::refusal::Refusal;
use crate::platform::reply::{Answered, Reply};
use crate::platform::transition::by_system;
use actix_web::{get, post};
use chrono::{DateTime, NaiveDate, Utc};
use domain::core::calendar::WorkCalendar;
use domain::core::change::{Change, Record};
use domain::core::id::{CycleId, DependencyId, GoalId};
use domain::core::text::TextEnum;
use domain::goals::dependency::{
    self, Dependency, DependencyAction, Due, closes_a_loop, is_open, slacks,
};
use domain::policy::{Action, Mask, Protected, Shown, Target, visibility};
use domain::reviews::result::is_in_force;
use domain::state::dependency::{Event, State};
use domain::state::{Seat, goal};
use persistence::{DependencyFilter, GoalEnd, Store};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

/// What one goal needs from the goal of somebody else.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Dependency)]
pub struct DependencyView {
    /// Id of the dependency.
    pub id: Uuid,
    /// Id of the cycle of both goals.
    pub cycle_id: Uuid,
    /// Id of the goal that delivers.
    pub upstream_goal_id: Uuid,
    /// Id of the goal that waits.
    pub downstream_goal_id: Uuid,
    /// Id of the partner: the owner of the goal that delivers.
    pub upstream_owner_id: Uuid,
    /// Id of the owner of the goal that waits.
    pub downstream_owner_id: Uuid,
    /// The last day on which the delivery is in time.
    pub need_date: NaiveDate,
    /// What is needed; absent for auditors.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "Price lists of the new product")]
    pub description: Option<String>,
    /// State of the dependency.
    #[schema(value_type = words::DependencyState)]
    pub state: State,
    /// Working days from the expected delivery to the need date, negative if the delivery is expected
    /// too late; null before the partner has promised it, after delivery or rejection, and while the
    /// goal that was to deliver is cancelled.
    #[schema(required = true, example = 5)]
    pub slack: Option<i32>,
    /// Why the partner refused; otherwise null. Absent for auditors.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, required = false, example = "Not before summer")]
    pub decision_reason: Option<Option<String>>,
    /// What the caller may do to it now.
    #[schema(value_type = HashSet<words::DependencyAction>)]
    pub allowed_actions: Vec<DependencyAction>,
    /// Version of the record: starts at 1 and grows by 1 with each change.
    #[schema(example = 1)]
    pub version: i32,
    /// When the record was created.
    pub created_at: DateTime<Utc>,
    /// When the record was last changed.
    pub updated_at: DateTime<Utc>,
}

page_of! {
    /// A page of dependencies.
    pub struct DependencyPage
    /// The dependencies, in the order of creation; with `updated_since`, in the order of change.
    of DependencyView, created by Action::DependencyWrite
}

/// A new dependency.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDependency {
    /// Id of the goal that is to deliver, of another owner in the same cycle.
    pub upstream_goal_id: Uuid,
    /// Id of the goal that waits, of which the caller is the owner.
    pub downstream_goal_id: Uuid,
    /// The last day on which the delivery is in time, in the period of the cycle.
    pub need_date: NaiveDate,
    /// What is needed.
    #[schema(
        min_length = 1,
        max_length = 2000,
        pattern = r"\S",
        example = "Price lists of the new product"
    )]
    pub description: String,
}

/// The reason why a partner refuses.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DependencyReason {
    /// The reason.
    #[schema(min_length = 1, max_length = 2000, pattern = r"\S", example = "Not before summer")]
    pub reason: String,
}

/// Query parameters of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct DependencyQuery {
    /// Only dependencies in this cycle.
    cycle_id: Option<Uuid>,
    /// Only dependencies with this goal on either side.
    goal_id: Option<Uuid>,
    /// Only dependencies in this state.
    #[param(value_type = Option<words::DependencyState>)]
    state: Option<State>,
    /// Maximum number of items on the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
    /// `next_cursor` of the previous page.
    cursor: Option<String>,
    /// Only items changed at or after this instant.
    updated_since: Option<DateTime<Utc>>,
}

/// List dependencies
///
/// Lists what the caller's goals need, what others need from them, and what the goals need of people
/// whom the caller manages, directly or through others; for HR those of their units or of everybody.
/// In the order of creation; with `updated_since` in the order of change. Dependencies are never
/// deleted.
#[utoipa::path(tag = "dependencies", operation_id = "listDependencies", params(DependencyQuery),
    responses((status = 200, description = "A page of dependencies", body = DependencyPage)),
    security(("bearer" = []), ("api_key" = ["performance:read"])))]
#[get("")]
async fn list(caller: Caller, query: Query<DependencyQuery>) -> Answered {
    let Query(query) = query;
    let request = caller.page(query.limit, query.cursor.as_deref(), query.updated_since)?;
    let page = request.page.clone();
    let filter = DependencyFilter {
        cycle_id: query.cycle_id.map(Into::into),
        goal_id: query.goal_id.map(Into::into),
        state: query.state,
    };
    let rows = caller
        .read(move |store, actor| {
            let visible = visibility(&actor.subject, Action::DependencyRead, actor.today)?;
            let me = actor.subject.employee_id;
            let rows = store.dependencies(&filter, &visible, me, &page)?;
            Ok(views::<Depending>(actor, &visible, rows))
        })
        .await?;
    caller.answer::<DependencyPage, _>(
        &request,
        rows,
        |last| request.place(last.id, last.updated_at),
        |view| view,
    )
}

/// Ask for a delivery
///
/// The owner of a goal asks the owner of another one for what the goal needs. Both goals are signed
/// and of one cycle. Refused if the goals would wait for each other, also through others, and while
/// the same is asked already.
#[utoipa::path(tag = "dependencies", operation_id = "createDependency", request_body = NewDependency,
    responses((status = 201, description = "The dependency", body = DependencyView)),
    security(("bearer" = [])))]
#[post("")]
async fn create(caller: Caller, body: Body<NewDependency>) -> Answered {
    let id = DependencyId::from(new_id());
    let Body { value, digest } = body;
    caller
        .change(Some(digest), move |store, actor| {
            create_dependency(store, actor, id, value.clone())
        })
        .await
}

/// Read a dependency
///
/// One dependency with its slack and what the caller may do to it.
#[utoipa::path(tag = "dependencies", operation_id = "getDependency",
    params(("id" = Uuid, Path, description = "Id of the dependency")),
    responses((status = 200, description = "The dependency", body = DependencyView)),
    security(("bearer" = []), ("api_key" = ["performance:read"])))]
#[get("/{id}")]
async fn read(caller: Caller, id: PathId) -> Answered {
    let id = DependencyId::from(id.0);
    let view = caller
        .read(move |store, actor| {
            let sealed = store.find(id)?;
            let (shown, target) = actor.show(store, Action::DependencyRead, sealed)?;
            Ok(Depending::view(actor, &shown, &target))
        })
        .await?;
    caller.found(view.version, &view)
}

/// Accept a dependency
///
/// The partner promises the delivery, as long as both goals are in force. From then on the slack is
/// computed whenever a goal that matters for it moves.
#[utoipa::path(tag = "dependencies", operation_id = "acceptDependency",
    params(("id" = Uuid, Path, description = "Id of the dependency")),
    responses((status = 200, description = "The promised delivery", body = DependencyView)),
    security(("bearer" = [])))]
#[post("/{id}/acceptance")]
async fn acceptance(caller: Caller, id: PathId) -> Answered {
    caller.ask(id, DependencyAction::Acceptance, None, Asking::<Depending>).await
}

/// Reject a dependency
///
/// The partner refuses the delivery, with a reason that the owner reads.
#[utoipa::path(tag = "dependencies", operation_id = "rejectDependency",
    params(("id" = Uuid, Path, description = "Id of the dependency")),
    request_body = DependencyReason,
    responses((status = 200, description = "The declined dependency", body = DependencyView)),
    security(("bearer" = [])))]
#[post("/{id}/rejection")]
async fn rejection(caller: Caller, id: PathId, body: Body<DependencyReason>) -> Answered {
    caller
        .ask(id, DependencyAction::Rejection, body.says(|it| it.reason), Asking::<Depending>)
        .await
}

/// Deliver
///
/// The partner has handed over what was needed, or the owner has taken it over.
#[utoipa::path(tag = "dependencies", operation_id = "deliverDependency",
    params(("id" = Uuid, Path, description = "Id of the dependency")),
    responses((status = 200, description = "The delivered dependency", body = DependencyView)),
    security(("bearer" = [])))]
#[post("/{id}/delivery")]
async fn delivery(caller: Caller, id: PathId) -> Answered {
    caller.ask(id, DependencyAction::Delivery, None, Asking::<Depending>).await
}

/// The noun.
pub const NOUN: Noun = Noun {
    tags: &[("dependencies", "What goals need from each other, and by when.")],
    records: &[(Action::DependencyRead, found::<DependencyId, Dependency>)],
    ..Noun::of(routes)
};

fn routes(config: &mut ServiceConfig) {
    config.service(
        scope("/dependencies")
            .service(list)
            .service(create)
            .service(read)
            .service(acceptance)
            .service(rejection)
            .service(delivery),
    );
}

/// How dependencies move.
struct Depending;

impl Plain for Depending {
    type Id = DependencyId;
    type Record = Dependency;
    /// The other open dependencies of the cycle, of which nobody else changes any.
    type Around = Vec<Dependency>;
    type View = DependencyView;

    const READING: Action = Action::DependencyRead;

    fn actions(verb: DependencyAction) -> &'static [Action] {
        match verb {
            DependencyAction::Delivery => &[Action::DependencyAnswer, Action::DependencyWrite],
            _ => &[Action::DependencyAnswer],
        }
    }

    fn seats(may: &dyn Fn(Action) -> bool) -> Vec<Seat> {
        let seats =
            [(Seat::Partner, Action::DependencyAnswer), (Seat::Owner, Action::DependencyWrite)];
        seats.into_iter().filter(|(_, action)| may(*action)).map(|(seat, _)| seat).collect()
    }

    fn around(
        store: &mut dyn Store,
        _: &Actor,
        record: &Dependency,
    ) -> Result<Vec<Dependency>, Refusal> {
        let mut others = store.lock_dependencies(record.cycle_id)?;
        others.retain(|other| other.id != record.id);
        Ok(others)
    }

    fn look(
        store: &mut dyn Store,
        _: &Actor,
        asked: &Asked<DependencyId, DependencyAction>,
        held: &Held<Self>,
    ) -> Result<Looked<Self>, Refusal> {
        if asked.verb == DependencyAction::Acceptance {
            let goals = [held.record.upstream_goal_id, held.record.downstream_goal_id];
            let ends = store.goal_ends(&goals)?;
            let runs = |goal: &GoalId| ends.get(goal).is_some_and(is_running);
            let over = goals.into_iter().filter(|goal| !runs(goal));
            let told = |goal| Violation::new("", "goal_not_active").with("value", goal);
            let faults: Vec<_> = over.map(told).collect();
            if !faults.is_empty() {
                return Err(Refusal::GuardFailed(faults));
            }
        }
        Ok(((), Vec::new()))
    }

    fn apply(
        store: &mut dyn Store,
        actor: &Actor,
        asked: &Asked<DependencyId, DependencyAction>,
        held: &Held<Self>,
        event: Event,
        to: State,
    ) -> Result<(Dependency, Record), Refusal> {
        let Held { record: before, around: others, rule, .. } = held;
        let after = Dependency { state: to, slack: None, ..before.clone() };
        let (action, reason) = match event {
            Event::Accept => ("dependency.accepted", None),
            Event::Decline => ("dependency.declined", said(&asked.said)),
            _ => ("dependency.delivered", None),
        };
        let all = others.iter().chain([&after]).filter(|it| is_open(it.state)).cloned().collect();
        let mut after = Dependency { decision_reason: reason.clone(), ..after };
        for marked in marked(store, actor, all)? {
            if marked.after.id == after.id {
                after = Dependency { decision_reason: after.decision_reason, ..marked.after };
            } else {
                marked.save(store, actor, rule)?;
            }
        }
        let mut record = Record::new(action, after.id, rule)
            .transition(before.state.as_str(), after.state.as_str())
            .field("slack", before.slack, after.slack);
        record.reason = reason;
        Ok((after, record))
    }

    fn changed(record: Dependency, actor: &Actor) -> Dependency {
        Dependency { version: record.version + 1, updated_at: actor.now, ..record }
    }

    fn view(actor: &Actor, shown: &Shown<Dependency>, target: &Target) -> DependencyView {
        let (record, whole) = (shown.outline(), shown.at(Mask::Full));
        DependencyView {
            id: record.id.uuid(),
            cycle_id: record.cycle_id.uuid(),
            upstream_goal_id: record.upstream_goal_id.uuid(),
            downstream_goal_id: record.downstream_goal_id.uuid(),
            upstream_owner_id: record.upstream_owner_id.uuid(),
            downstream_owner_id: record.downstream_owner_id.uuid(),
            need_date: record.need_date,
            description: whole.map(|it| it.description.clone()),
            state: record.state,
            slack: record.slack,
            decision_reason: whole.map(|it| it.decision_reason.clone()),
            allowed_actions: allowed_actions::<Self>(actor, record, target),
            version: record.version,
            created_at: record.created_at,
            updated_at: record.updated_at,
        }
    }
}

/// An open dependency with the slack and the state of today.
struct Marked {
    before: Dependency,
    after: Dependency,
}

impl Marked {
    /// Saves what has changed, with a notice for whoever waits; without a change nothing happens.
    fn save(self, store: &mut dyn Store, actor: &Actor, rule: &'static str) -> Result<(), Refusal> {
        let Self { before, after } = self;
        if before == after {
            return Ok(());
        }
        let record = Record::new("dependency.slack_changed", after.id, rule)
            .transition(before.state.as_str(), after.state.as_str())
            .field("slack", before.slack, after.slack);
        Ok(store.update(Change::new(Depending::changed(after, actor), record))?)
    }
}

/// All open dependencies of a cycle with the slack and the state of today.
fn marked(
    store: &mut dyn Store,
    actor: &Actor,
    open: Vec<Dependency>,
) -> Result<Vec<Marked>, Refusal> {
    let goals: Vec<GoalId> = open.iter().map(|it| it.upstream_goal_id).collect();
    let ends = store.goal_ends(&goals)?;
    let due = ends.iter().map(|(id, end)| (*id, Due::of(end.state, end.last_day))).collect();
    let slacks = slacks(&open, &due, actor.today, &WorkCalendar::default());
    let mark = |(before, (slack, event)): (Dependency, (Option<i32>, Event))| {
        let state = match dependency::marked(event) {
            Some(state) if state == before.state => state,
            _ => by_system(before.state, event, &())?,
        };
        let after = Dependency { slack, state, ..before.clone() };
        Ok(Marked { before, after })
    };
    open.into_iter().zip(slacks).map(mark).collect()
}

/// Has the dependencies of a cycle follow when a goal has moved or time has passed: everybody who
/// waits, directly or through others, is told once of the new slack.
///
/// # Errors
/// Those of the store.
pub fn follow(
    store: &mut dyn Store,
    actor: &Actor,
    cycle: CycleId,
    rule: &'static str,
) -> Result<(), Refusal> {
    let mut open = store.lock_dependencies(cycle)?;
    open.retain(|it| is_open(it.state));
    if open.is_empty() {
        return Ok(());
    }
    marked(store, actor, open)?.into_iter().try_for_each(|it| it.save(store, actor, rule))
}

/// Whether a goal can be waited for, and can wait.
fn is_running(end: &GoalEnd) -> bool {
    is_in_force(end.state) && end.state != goal::State::Locked
}

/// Asks for a delivery.
fn create_dependency(
    store: &mut dyn Store,
    actor: &Actor,
    id: DependencyId,
    new: NewDependency,
) -> Result<Reply<DependencyView>, Refusal> {
    let upstream = GoalId::from(new.upstream_goal_id);
    let downstream = GoalId::from(new.downstream_goal_id);
    let ends = store.goal_ends(&[upstream, downstream])?;
    let unknown =
        |pointer, id: GoalId| Violation::new(pointer, "unknown_reference").with("value", id);
    let Some(waiting) = ends.get(&downstream) else {
        let mut faults = vec![unknown("/downstream_goal_id", downstream)];
        if !ends.contains_key(&upstream) {
            faults.push(unknown("/upstream_goal_id", upstream));
        }
        return Err(Refusal::Invalid(faults));
    };
    let target = Target { about: Some(waiting.owner_id), ..Target::default() };
    let permit = match actor.may_about(Action::DependencyWrite, &target) {
        Ok(permit) => permit,
        Err(refused) => {
            // Who may not see the goal learns nothing of it, not even that it exists.
            let sealed = store.goal(downstream)?;
            let seen = actor.show(store, Action::GoalRead, sealed).is_ok();
            let hidden = Refusal::Invalid(vec![unknown("/downstream_goal_id", downstream)]);
            return Err(if seen { refused } else { hidden });
        }
    };
    let sealed = store.hold_cycle(waiting.cycle_id)?;
    let others = store.lock_dependencies(waiting.cycle_id)?;
    // A cycle that the owner of a goal does not see any more was cancelled.
    let cycle = match actor.show(store, Action::CycleRead, sealed) {
        Err(Refusal::NotFound) => None,
        shown => Some(shown?.0),
    };
    let delivering = ends.get(&upstream).filter(|it| it.cycle_id == waiting.cycle_id);
    let mut faults = Vec::new();
    match delivering {
        None => faults.push(unknown("/upstream_goal_id", upstream)),
        Some(end) => {
            if !is_running(end) {
                faults.push(Violation::new("/upstream_goal_id", "goal_not_active"));
            }
            if end.owner_id == waiting.owner_id {
                faults.push(Violation::new("/upstream_goal_id", "not_allowed"));
            }
        }
    }
    if !is_running(waiting) || cycle.is_none() {
        faults.push(Violation::new("/downstream_goal_id", "goal_not_active"));
    }
    let edges: Vec<_> =
        others.iter().map(|it| (it.upstream_goal_id, it.downstream_goal_id)).collect();
    if closes_a_loop(&edges, upstream, downstream) {
        faults.push(Violation::new("/upstream_goal_id", "ALIGN_CYCLE"));
    }
    if cycle.is_some_and(|cycle| !cycle.outline().period.contains(new.need_date)) {
        faults.push(Violation::new("/need_date", "DATE_INVALID").with("value", new.need_date));
    }
    let Some(delivering) = delivering.filter(|_| faults.is_empty()) else {
        return Err(Refusal::Invalid(faults));
    };
    let record = Dependency {
        id,
        cycle_id: waiting.cycle_id,
        upstream_goal_id: upstream,
        downstream_goal_id: downstream,
        upstream_owner_id: delivering.owner_id,
        downstream_owner_id: waiting.owner_id,
        need_date: new.need_date,
        description: new.description,
        state: State::Proposed,
        slack: None,
        decision_reason: None,
        version: 1,
        created_at: actor.now,
        updated_at: actor.now,
    };
    let entry = Record::new("dependency.proposed", id, permit.rule()).created(&record);
    store
        .create(Change::new(record.clone(), entry))
        .map_err(|error| Refusal::taken(error, "/upstream_goal_id", &upstream.to_string()))?;
    let target = record.target(actor.today);
    let shown = actor.shown(Action::DependencyRead, record);
    Ok(Reply::created(Depending::view(actor, &shown, &target), 1, format!("/v1/dependencies/{id}")))
}
