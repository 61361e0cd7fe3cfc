//! Weight adjustments: a department's own dimension weights, reviewed and filed by HR (C.8).

use crate::cycles::words;
use crate::platform::app::new_id;
use crate::platform::areas::{Noun, found};
use crate::platform::caller::{Actor, Caller};
use crate::platform::extract::{Body, PathId};
use crate::platform::page::page_of;
use crate::platform::parameters::Query;
use crate::platform::plain::{Asked, Asking, Held, Looked, Plain, allowed_actions, said, views};
use crate::platform::problem::Violation;
use crate::platform::refusal::Refusal;
use crate::platform::reply::Reply;
use crate::platform::seen::Seen;
use crate::platform::signing::Signing;
use crate::platform::transition::by_system;
use crate::platform::words::Told;
use actix_web::{HttpResponse, get, patch, post};
use chrono::{DateTime, Utc};
use domain::access::signing::Act;
use domain::core::change::{Change, Record};
use domain::core::id::{AccountId, CycleId, OrgUnitId, WeightAdjustmentId};
use domain::core::number::{Exact, percent};
use domain::core::text::TextEnum;
use domain::cycles::cycle::Cycle;
use domain::cycles::weight_adjustment::{WeightAdjustment, WeightAdjustmentAction};
use domain::policy::{Action, Mask, Permit, Principal, Protected, Role, Shown, Target, visibility};
use domain::scoring::weights::WeightFault;
use domain::state::weight_adjustment::{Event, Facts, Guard, State};
use domain::state::{Seat, cycle};
use persistence::{Store, WeightAdjustmentFilter};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

/// The weight of one dimension.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DimensionWeight {
    /// Code of the dimension in the policy.
    #[schema(min_length = 1, max_length = 64, example = "performance")]
    pub dimension: String,
    /// Weight in percent, with up to 2 places.
    #[schema(value_type = String, pattern = r"^\d{1,3}(\.\d{1,2})?$", example = "65.00")]
    #[serde(serialize_with = "percent::serialize")]
    pub weight: Exact,
}

/// A department's request for its own dimension weights.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = WeightAdjustment)]
pub struct WeightAdjustmentView {
    /// Id of the request.
    pub id: Uuid,
    /// Id of the cycle.
    pub cycle_id: Uuid,
    /// Id of the department, as frozen at the launch of the cycle.
    pub department_id: Uuid,
    /// Code of the population in the policy.
    #[schema(example = "everyone")]
    pub population: String,
    /// The requested weights, one for each dimension; absent for auditors.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub weights: Option<Vec<DimensionWeight>>,
    /// Why the department needs other weights; absent for auditors.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "The department builds a new product this year")]
    pub reason: Option<String>,
    /// State of the request.
    #[schema(value_type = words::WeightAdjustmentState)]
    pub state: State,
    /// Id of the department head who asks.
    pub requested_by: Uuid,
    /// Account of HR that decided last; null while nobody has.
    #[schema(required = true)]
    pub decided_by: Option<Uuid>,
    /// Why HR rejected or revoked it; otherwise null. Absent for auditors.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, required = false, example = "Performance stays at 60")]
    pub decision_reason: Option<Option<String>>,
    /// Number under which HR has filed it; null until then. Explanations of results name it.
    #[schema(required = true, example = "2026-017")]
    pub filing_number: Option<String>,
    /// When the weights took effect; null until then.
    #[schema(required = true)]
    pub effective_at: Option<DateTime<Utc>>,
    /// What the caller may do to it now. A request may need more; its refusal names everything.
    #[schema(value_type = HashSet<words::WeightAdjustmentAction>)]
    pub allowed_actions: Vec<WeightAdjustmentAction>,
    /// Version of the record: starts at 1 and grows by 1 with each change.
    #[schema(example = 1)]
    pub version: i32,
    /// When the record was created.
    pub created_at: DateTime<Utc>,
    /// When the record was last changed.
    pub updated_at: DateTime<Utc>,
}

page_of! {
    /// A page of weight adjustments.
    pub struct WeightAdjustmentPage
    /// The requests, in the order of creation; with `updated_since`, in the order of change.
    of WeightAdjustmentView, created by Action::WeightAdjustmentWrite
}

/// A new request of a department for its own weights.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWeightAdjustment {
    /// Id of the cycle, in goal setting or execution.
    pub cycle_id: Uuid,
    /// Id of the department that the caller leads.
    pub department_id: Uuid,
    /// Code of the population in the policy.
    #[schema(min_length = 1, max_length = 64, example = "everyone")]
    pub population: String,
    /// The weights, one for each dimension.
    #[schema(max_items = 50)]
    pub weights: Vec<DimensionWeight>,
    /// Why the department needs other weights.
    #[schema(
        min_length = 1,
        max_length = 2000,
        pattern = r"\S",
        example = "The department builds a new product this year"
    )]
    pub reason: String,
}

/// A merge patch of a draft: an absent property stays as it is.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WeightAdjustmentPatch {
    /// The weights; replaced as a whole.
    #[schema(max_items = 50, nullable = false)]
    pub weights: Option<Vec<DimensionWeight>>,
    /// Why the department needs other weights.
    #[schema(
        min_length = 1,
        max_length = 2000,
        pattern = r"\S",
        nullable = false,
        example = "The department builds a new product this year"
    )]
    pub reason: Option<String>,
}

/// The reason for a decision of HR.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WeightAdjustmentReason {
    /// The reason.
    #[schema(
        min_length = 1,
        max_length = 2000,
        pattern = r"\S",
        example = "Performance stays at 60"
    )]
    pub reason: String,
}

/// The number under which a request is filed.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WeightAdjustmentFiling {
    /// The filing number (备案号).
    #[schema(min_length = 1, max_length = 64, pattern = r"^\S(.*\S)?$", example = "2026-017")]
    pub filing_number: String,
}

/// Query parameters of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct WeightAdjustmentQuery {
    /// Only requests in this cycle.
    cycle_id: Option<Uuid>,
    /// Only requests of this department.
    department_id: Option<Uuid>,
    /// Only requests in this state.
    #[param(value_type = Option<words::WeightAdjustmentState>)]
    state: Option<State>,
    /// Maximum number of items on the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
    /// `next_cursor` of the previous page.
    cursor: Option<String>,
    /// Only items changed at or after this instant.
    updated_since: Option<DateTime<Utc>>,
}

/// List weight adjustments
///
/// Lists the caller's own requests; for HR administrators, senior management and auditors those of
/// every department, and for HR business partners those of people in their units, drafts included.
/// In the order of creation; with `updated_since` in the order of change. Requests are never deleted.
#[utoipa::path(tag = "weight-adjustments", operation_id = "listWeightAdjustments",
    params(WeightAdjustmentQuery),
    responses((status = 200, description = "A page of weight adjustments",
        body = WeightAdjustmentPage)),
    security(("bearer" = [])))]
#[get("")]
async fn list(
    caller: Caller,
    query: Query<WeightAdjustmentQuery>,
) -> Result<HttpResponse, Refusal> {
    let Query(query) = query;
    let request = caller.page(query.limit, query.cursor.as_deref(), query.updated_since)?;
    let page = request.page.clone();
    let filter = WeightAdjustmentFilter {
        cycle_id: query.cycle_id.map(Into::into),
        department_id: query.department_id.map(Into::into),
        state: query.state,
    };
    let rows = caller
        .read(move |store, actor| {
            let visible = visibility(&actor.subject, Action::WeightAdjustmentRead, actor.today)?;
            let rows = store.weight_adjustments(&filter, &visible, &page)?;
            Ok(views::<Adjusting>(actor, &visible, rows))
        })
        .await?;
    caller.answer::<WeightAdjustmentPage, _>(
        &request,
        rows,
        |last| request.place(last.id, last.updated_at),
        |view| view,
    )
}

/// Request own weights
///
/// Creates a draft for a department that the caller leads: the caller works in it, is responsible for
/// somebody in it, and has no responsible manager in it. The cycle has been launched, and its
/// evaluation is not open. Of the requests of a department for one population, only one at a time
/// can be submitted and neither rejected nor revoked.
#[utoipa::path(tag = "weight-adjustments", operation_id = "createWeightAdjustment",
    request_body = NewWeightAdjustment,
    responses((status = 201, description = "The draft", body = WeightAdjustmentView)),
    security(("bearer" = [])))]
#[post("")]
async fn create(caller: Caller, body: Body<NewWeightAdjustment>) -> Result<HttpResponse, Refusal> {
    let id = WeightAdjustmentId::from(new_id());
    let Body { value, digest } = body;
    caller
        .change(Some(digest), move |store, actor| {
            create_weight_adjustment(store, actor, id, value.clone())
        })
        .await
}

/// Read a weight adjustment
///
/// One request with what the caller may do to it.
#[utoipa::path(tag = "weight-adjustments", operation_id = "getWeightAdjustment",
    params(("id" = Uuid, Path, description = "Id of the request")),
    responses((status = 200, description = "The request", body = WeightAdjustmentView)),
    security(("bearer" = [])))]
#[get("/{id}")]
async fn read(caller: Caller, id: PathId) -> Result<HttpResponse, Refusal> {
    let id = WeightAdjustmentId::from(id.0);
    let view = caller
        .read(move |store, actor| {
            let sealed = store.find(id)?;
            let (shown, target) = actor.show(store, Action::WeightAdjustmentRead, sealed)?;
            Ok(Adjusting::view(actor, &shown, &target))
        })
        .await?;
    caller.found(view.version, &view)
}

/// Change a request
///
/// Merge patch of weights and reason, as long as the request is a draft.
#[utoipa::path(tag = "weight-adjustments", operation_id = "updateWeightAdjustment",
    params(("id" = Uuid, Path, description = "Id of the request")),
    request_body(content = WeightAdjustmentPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The draft as changed", body = WeightAdjustmentView)),
    security(("bearer" = [])))]
#[patch("/{id}")]
async fn update(
    caller: Caller,
    id: PathId,
    body: Body<WeightAdjustmentPatch>,
) -> Result<HttpResponse, Refusal> {
    let seen = caller.seen()?;
    let (id, Body { value, digest }) = (id.0.into(), body);
    caller
        .change(Some(digest), move |store, actor| {
            update_weight_adjustment(store, actor, id, &seen, value.clone())
        })
        .await
}

/// Submit a request
///
/// The requester signs, as long as they lead the department. The weights name every dimension of the
/// framework, sum to 100.00, and none differs from the framework by more points than `weights.max_pp`
/// allows. Refused while another request of the department for the population is on its way or in
/// effect.
#[utoipa::path(tag = "weight-adjustments", operation_id = "submitWeightAdjustment",
    params(("id" = Uuid, Path, description = "Id of the request")),
    responses((status = 200, description = "The submitted request", body = WeightAdjustmentView)),
    security(("bearer" = [])))]
#[post("/{id}/submission")]
async fn submission(caller: Caller, id: PathId) -> Result<HttpResponse, Refusal> {
    caller.ask(id, WeightAdjustmentAction::Submission, None, Asking::<Adjusting>).await
}

/// Approve a request
///
/// HR agrees, before the evaluation is open. Nobody approves their own request, nor that of somebody
/// through whose account they, or whoever gave them their role, could act.
#[utoipa::path(tag = "weight-adjustments", operation_id = "approveWeightAdjustment",
    params(("id" = Uuid, Path, description = "Id of the request")),
    responses((status = 200, description = "The approved request", body = WeightAdjustmentView)),
    security(("bearer" = [])))]
#[post("/{id}/approval")]
async fn approval(caller: Caller, id: PathId) -> Result<HttpResponse, Refusal> {
    caller.ask(id, WeightAdjustmentAction::Approval, None, Asking::<Adjusting>).await
}

/// Reject a request
///
/// HR refuses, with a reason that the requester reads.
#[utoipa::path(tag = "weight-adjustments", operation_id = "rejectWeightAdjustment",
    params(("id" = Uuid, Path, description = "Id of the request")),
    request_body = WeightAdjustmentReason,
    responses((status = 200, description = "The rejected request", body = WeightAdjustmentView)),
    security(("bearer" = [])))]
#[post("/{id}/rejection")]
async fn rejection(
    caller: Caller,
    id: PathId,
    body: Body<WeightAdjustmentReason>,
) -> Result<HttpResponse, Refusal> {
    let said = body.says(|it| it.reason);
    caller.ask(id, WeightAdjustmentAction::Rejection, said, Asking::<Adjusting>).await
}

/// File a request
///
/// HR enters the filing number. Before the evaluation is open the weights take effect at once: results
/// of the department's people are computed with them, and name the number.
#[utoipa::path(tag = "weight-adjustments", operation_id = "fileWeightAdjustment",
    params(("id" = Uuid, Path, description = "Id of the request")),
    request_body = WeightAdjustmentFiling,
    responses((status = 200, description = "The request in effect", body = WeightAdjustmentView)),
    security(("bearer" = [])))]
#[post("/{id}/filing")]
async fn filing(
    caller: Caller,
    id: PathId,
    body: Body<WeightAdjustmentFiling>,
) -> Result<HttpResponse, Refusal> {
    let said = body.says(|it| it.filing_number);
    caller.ask(id, WeightAdjustmentAction::Filing, said, Asking::<Adjusting>).await
}

/// Revoke a request
///
/// HR takes approved or filed weights back, with a reason; weights in effect only before the
/// evaluation is open. The weights of the framework hold again.
#[utoipa::path(tag = "weight-adjustments", operation_id = "revokeWeightAdjustment",
    params(("id" = Uuid, Path, description = "Id of the request")),
    request_body = WeightAdjustmentReason,
    responses((status = 200, description = "The revoked request", body = WeightAdjustmentView)),
    security(("bearer" = [])))]
#[post("/{id}/revocation")]
async fn revocation(
    caller: Caller,
    id: PathId,
    body: Body<WeightAdjustmentReason>,
) -> Result<HttpResponse, Refusal> {
    let said = body.says(|it| it.reason);
    caller.ask(id, WeightAdjustmentAction::Revocation, said, Asking::<Adjusting>).await
}

/// The noun.
pub const NOUN: Noun = Noun {
    tags: &[(
        "weight-adjustments",
        "Departments' own dimension weights, reviewed and filed by HR.",
    )],
    records: &[(Action::WeightAdjustmentRead, found::<WeightAdjustmentId, WeightAdjustment>)],
    ..Noun::of(routes)
};

fn routes(config: &mut ServiceConfig) {
    config.service(
        scope("/weight-adjustments")
            .service(list)
            .service(create)
            .service(read)
            .service(update)
            .service(submission)
            .service(approval)
            .service(rejection)
            .service(filing)
            .service(revocation),
    );
}

/// How weight adjustments move.
struct Adjusting;

impl Plain for Adjusting {
    type Id = WeightAdjustmentId;
    type Record = WeightAdjustment;
    /// The cycle; none that the requester no longer sees, because it was cancelled.
    type Around = Option<Cycle>;
    type View = WeightAdjustmentView;

    const READING: Action = Action::WeightAdjustmentRead;

    fn actions(verb: WeightAdjustmentAction) -> &'static [Action] {
        match verb {
            WeightAdjustmentAction::Update | WeightAdjustmentAction::Submission => {
                &[Action::WeightAdjustmentWrite]
            }
            _ => &[Action::WeightAdjustmentReview],
        }
    }

    fn seats(may: &dyn Fn(Action) -> bool) -> Vec<Seat> {
        let seats = [
            (Seat::Head, Action::WeightAdjustmentWrite),
            (Seat::Hr, Action::WeightAdjustmentReview),
        ];
        seats.into_iter().filter(|(_, action)| may(*action)).map(|(seat, _)| seat).collect()
    }

    fn signing(verb: WeightAdjustmentAction, id: WeightAdjustmentId) -> Option<Signing<'static>> {
        let (roles, is_first): (&[Role], _) = match verb {
            WeightAdjustmentAction::Submission => (&[], true),
            WeightAdjustmentAction::Approval => (&[Role::HrAdmin], false),
            _ => return None,
        };
        Some(Signing { resource: id.uuid(), act: Act::WeightAdjustment, roles, is_first })
    }

    fn around(
        store: &mut dyn Store,
        actor: &Actor,
        record: &WeightAdjustment,
    ) -> Result<Option<Cycle>, Refusal> {
        locked(store, actor, record.cycle_id)
    }

    fn look(
        store: &mut dyn Store,
        actor: &Actor,
        asked: &Asked<WeightAdjustmentId, WeightAdjustmentAction>,
        held: &Held<Self>,
    ) -> Result<Looked<Self>, Refusal> {
        let (record, cycle) = (&held.record, &held.around);
        let mut faults = Vec::new();
        if asked.verb == WeightAdjustmentAction::Submission {
            as_head(store, actor, record.cycle_id, record.department_id)?;
            if let Some(cycle) = cycle {
                faults = far_off(store, actor, cycle, record)?;
            }
        }
        let facts = Facts {
            within_limits: faults.is_empty(),
            before_evaluation: cycle.as_ref().is_some_and(is_before_evaluation),
            reviewed_by_another: actor.subject.employee_id != Some(held.record.requested_by),
            filing_number: !asked.said.trim().is_empty(),
        };
        Ok((facts, vec![(Guard::WithinLimits, faults)]))
    }

    fn apply(
        store: &mut dyn Store,
        actor: &Actor,
        asked: &Asked<WeightAdjustmentId, WeightAdjustmentAction>,
        held: &Held<Self>,
        event: Event,
        to: State,
    ) -> Result<(WeightAdjustment, Record), Refusal> {
        let Held { record: before, around: cycle, rule, .. } = held;
        let mut after = WeightAdjustment { state: to, ..before.clone() };
        let (mut action, mut reason) = (recorded(event), None);
        match event {
            Event::File => {
                after.filing_number = said(&asked.said);
                if cycle.as_ref().is_some_and(is_before_evaluation) {
                    let facts = Facts { before_evaluation: true, ..Facts::default() };
                    after.state = by_system(to, Event::TakeEffect, &facts)?;
                    after.effective_at = Some(actor.now);
                    action = recorded(Event::TakeEffect);
                }
            }
            Event::Reject | Event::Revoke => {
                after.decision_reason = said(&asked.said);
                reason.clone_from(&after.decision_reason);
            }
            _ => {}
        }
        match &actor.subject.principal {
            Principal::Person(account) if event != Event::Submit => {
                after.decided_by = Some(*account)
            }
            _ => {}
        }
        if let Some(cycle) = cycle
            && before.in_effect() != after.in_effect()
        {
            let mut weights = cycle.department_weights.clone();
            weights.retain(|it| {
                it.department_id != after.department_id || it.population != after.population
            });
            weights.extend(after.in_effect());
            store.set_department_weights(cycle.id, &weights)?;
        }
        let mut record = Record::new(action, after.id, rule)
            .transition(before.state.as_str(), after.state.as_str())
            .field("filing_number", &before.filing_number, &after.filing_number);
        record.reason = reason;
        Ok((after, record))
    }

    fn changed(record: WeightAdjustment, actor: &Actor) -> WeightAdjustment {
        WeightAdjustment { version: record.version + 1, updated_at: actor.now, ..record }
    }

    fn view(
        actor: &Actor,
        shown: &Shown<WeightAdjustment>,
        target: &Target,
    ) -> WeightAdjustmentView {
        let (record, whole) = (shown.outline(), shown.at(Mask::Full));
        let weight = |(dimension, weight): (&String, &Exact)| DimensionWeight {
            dimension: dimension.clone(),
            weight: weight.clone(),
        };
        WeightAdjustmentView {
            id: record.id.uuid(),
            cycle_id: record.cycle_id.uuid(),
            department_id: record.department_id.uuid(),
            population: record.population.clone(),
            weights: whole.map(|it| it.weights.iter().map(weight).collect()),
            reason: whole.map(|it| it.reason.clone()),
            state: record.state,
            requested_by: record.requested_by.uuid(),
            decided_by: record.decided_by.map(AccountId::uuid),
            decision_reason: whole.map(|it| it.decision_reason.clone()),
            filing_number: record.filing_number.clone(),
            effective_at: record.effective_at,
            allowed_actions: allowed_actions::<Self>(actor, record, target),
            version: record.version,
            created_at: record.created_at,
            updated_at: record.updated_at,
        }
    }
}

/// Every fault of the weights against the framework (C.8).
fn far_off(
    store: &mut dyn Store,
    actor: &Actor,
    cycle: &Cycle,
    record: &WeightAdjustment,
) -> Result<Vec<Violation>, Refusal> {
    let sealed = store.find(cycle.policy_id)?;
    let policy = actor.show(store, Action::PolicyRead, sealed)?.0;
    let rules = &policy.outline().rules;
    let settings = rules.settings().map_err(|error| Refusal::Internal(error.to_string()))?;
    let missing = || Refusal::Internal(format!("{} has no population", record.id));
    let population = rules.population(&record.population).ok_or_else(missing)?;
    let violation = |fault| match fault {
        WeightFault::NumberInvalid(_) => Violation::new("/weights", "NUMBER_INVALID"),
        WeightFault::DimensionsDiffer => Violation::new("/weights", "DIMENSIONS_DIFFER"),
        WeightFault::NotOneHundred => Violation::new("/weights", "WEIGHTS_NOT_100"),
        WeightFault::OutOfRange(codes) => {
            Violation::new("/weights", "OUT_OF_RANGE").with("value", codes.join(", "))
        }
        WeightFault::EvaluationOpen => Violation::new("/weights", "before_evaluation"),
    };
    let faults = record.faults(population, &settings.weights.max_pp);
    Ok(faults.into_iter().map(violation).collect())
}

fn is_before_evaluation(cycle: &Cycle) -> bool {
    matches!(cycle.state, cycle::State::GoalSetting | cycle::State::Executing)
}

/// A cycle that stays as it is until the unit of work ends; none that the caller does not see.
fn locked(store: &mut dyn Store, actor: &Actor, id: CycleId) -> Result<Option<Cycle>, Refusal> {
    let sealed = store.lock_cycle(id)?;
    match actor.show(store, Action::CycleRead, sealed) {
        Ok((shown, _)) => Ok(Some(shown.outline().clone())),
        Err(Refusal::NotFound) => Ok(None),
        Err(refusal) => Err(refusal),
    }
}

/// The permit of somebody who leads a department in a cycle; refuses everybody else.
fn as_head(
    store: &mut dyn Store,
    actor: &Actor,
    cycle: CycleId,
    department: OrgUnitId,
) -> Result<Permit, Refusal> {
    let mut head = actor.subject.employee_id;
    if let Some(me) = head
        && !store.leads_department(cycle, department, me)?
    {
        head = None;
    }
    actor.may_about(
        Action::WeightAdjustmentWrite,
        &Target { responsible: head, ..Target::default() },
    )
}

/// Creates a draft for a department that the caller leads.
fn create_weight_adjustment(
    store: &mut dyn Store,
    actor: &Actor,
    id: WeightAdjustmentId,
    new: NewWeightAdjustment,
) -> Result<Reply<WeightAdjustmentView>, Refusal> {
    let (cycle_id, department_id) =
        (CycleId::from(new.cycle_id), OrgUnitId::from(new.department_id));
    let unknown =
        |pointer, value: &str| Violation::new(pointer, "unknown_reference").with("value", value);
    let Some(cycle) = locked(store, actor, cycle_id)? else {
        return Err(Refusal::unknown("/cycle_id", new.cycle_id));
    };
    let (weights, mut faults) = by_dimension(new.weights);
    let mut permit = None;
    if store.cycle_departments(cycle_id)?.contains(&department_id) {
        permit = Some(as_head(store, actor, cycle_id, department_id)?);
    } else {
        faults.push(unknown("/department_id", &new.department_id.to_string()));
    }
    let sealed = store.find(cycle.policy_id)?;
    let policy = actor.show(store, Action::PolicyRead, sealed)?.0;
    if policy.outline().rules.population(&new.population).is_none() {
        faults.push(unknown("/population", &new.population));
    }
    let Some(permit) = permit.filter(|_| faults.is_empty()) else {
        return Err(Refusal::Invalid(faults));
    };
    let me = actor.subject.employee_id.ok_or(Refusal::NotFound)?;
    if !is_before_evaluation(&cycle) {
        let guard = Violation::new("", Guard::BeforeEvaluation.as_str());
        return Err(Refusal::GuardFailed(vec![guard]));
    }
    let record = WeightAdjustment {
        id,
        cycle_id,
        department_id,
        population: new.population,
        weights,
        reason: new.reason,
        state: State::Draft,
        requested_by: me,
        decided_by: None,
        decision_reason: None,
        filing_number: None,
        effective_at: None,
        version: 1,
        created_at: actor.now,
        updated_at: actor.now,
    };
    let entry = Record::new("weight_adjustment.created", id, permit.rule()).created(&record);
    store.create(Change::new(record.clone(), entry))?;
    Ok(Reply::created(shown(actor, record), 1, format!("/v1/weight-adjustments/{id}")))
}

/// The record for its requester.
fn shown(actor: &Actor, record: WeightAdjustment) -> WeightAdjustmentView {
    let target = record.target(actor.today);
    Adjusting::view(actor, &actor.shown(Action::WeightAdjustmentRead, record), &target)
}

/// Changes a draft that is still in the version the caller has read.
fn update_weight_adjustment(
    store: &mut dyn Store,
    actor: &Actor,
    id: WeightAdjustmentId,
    seen: &Seen,
    patch: WeightAdjustmentPatch,
) -> Result<Reply<WeightAdjustmentView>, Refusal> {
    let sealed = store.lock(id)?;
    let action = Action::WeightAdjustmentWrite;
    let (before, permit) = actor.open_seen(store, action, sealed, seen)?;
    if before.state != State::Draft {
        let allowed_actions = shown(actor, before.clone()).allowed_actions;
        return Err(Refusal::StateConflict {
            current_state: Told::new(before.state),
            allowed_actions: Told::all(allowed_actions),
        });
    }
    as_head(store, actor, before.cycle_id, before.department_id)?;
    let (weights, faults) = match patch.weights {
        Some(weights) => by_dimension(weights),
        None => (before.weights.clone(), Vec::new()),
    };
    if !faults.is_empty() {
        return Err(Refusal::Invalid(faults));
    }
    let reason = patch.reason.unwrap_or_else(|| before.reason.clone());
    let after = WeightAdjustment { weights, reason, ..before.clone() };
    let after = Adjusting::changed(after, actor);
    let entry =
        Record::new("weight_adjustment.updated", id, permit.rule()).changed(&before, &after);
    store.update(Change::new(after.clone(), entry))?;
    let version = after.version;
    Ok(Reply::changed(shown(actor, after), version))
}

/// The weights by dimension, with a fault for each that names a dimension again.
fn by_dimension(weights: Vec<DimensionWeight>) -> (BTreeMap<String, Exact>, Vec<Violation>) {
    let (mut by_dimension, mut faults) = (BTreeMap::new(), Vec::new());
    for (at, DimensionWeight { dimension, weight }) in weights.into_iter().enumerate() {
        match by_dimension.entry(dimension) {
            Entry::Vacant(free) => drop(free.insert(weight)),
            Entry::Occupied(taken) => {
                let place = format!("/weights/{at}/dimension");
                let again = Violation::new(place, "duplicate_in_request");
                faults.push(again.with("value", taken.key()));
            }
        }
    }
    (by_dimension, faults)
}

/// Name of the audit entry for an event.
fn recorded(event: Event) -> &'static str {
    match event {
        Event::Submit => "weight_adjustment.submitted",
        Event::Approve => "weight_adjustment.approved",
        Event::Reject => "weight_adjustment.rejected",
        Event::File => "weight_adjustment.filed",
        Event::TakeEffect => "weight_adjustment.effective",
        Event::Revoke => "weight_adjustment.revoked",
    }
}
