//! Performance cycles: design, launch, and the move from stage to stage.

mod cases;
mod drops;
mod guards;
pub mod moves;
pub mod participants;
pub mod policies;
mod readiness;
pub mod views;
pub mod weight_adjustments;
pub mod words;

use crate::platform::app::new_id;
use crate::platform::areas::{Noun, target};
use crate::platform::caller::Caller;
use crate::platform::extract::{Body, PathId, RuledBody};
use crate::platform::jobs::{JobView, Ticket};
use crate::platform::parameters::Query;
use crate::platform::refusal::Refusal;
use actix_web::{HttpResponse, get, patch, post};
pub use cases::create_cycle;
use chrono::{DateTime, Utc};
use domain::core::id::CycleId;
use domain::cycles::cycle::CycleAction;
use domain::policy::Action;
use domain::state::cycle::State;
pub use guards::last_day_of_appeals;
pub use moves::{CycleMoves, CycleTransition};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use views::{CalibrationStart, CyclePage, CyclePatch, CycleReason, CycleView, NewCycle};

/// The nouns of the area, in the order in which documents show them.
pub const NOUNS: &[Noun] = &[policies::NOUN, NOUN, participants::NOUN, weight_adjustments::NOUN];

/// Query parameters of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct CycleQuery {
    /// Maximum number of items on the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
    /// `next_cursor` of the previous page.
    cursor: Option<String>,
    /// Only items changed at or after this instant.
    updated_since: Option<DateTime<Utc>>,
    /// Only cycles in this state.
    #[param(value_type = Option<words::CycleState>)]
    state: Option<State>,
    /// Only cycles that apply this policy version.
    policy_id: Option<Uuid>,
}

/// List cycles
///
/// Lists the cycles the caller may see, in the order of creation; with `updated_since`, in the
/// order of change. Drafts and cancelled cycles are shown only to people who design cycles and to
/// auditors. Cycles are never deleted.
#[utoipa::path(tag = "cycles", operation_id = "listCycles", params(CycleQuery),
    responses((status = 200, description = "A page of cycles", body = CyclePage)),
    security(("bearer" = []), ("api_key" = ["performance:read"])))]
#[get("")]
async fn list(caller: Caller, query: Query<CycleQuery>) -> Result<HttpResponse, Refusal> {
    let Query(CycleQuery { limit, cursor, updated_since, state, policy_id }) = query;
    let request = caller.page(limit, cursor.as_deref(), updated_since)?;
    let page = request.page.clone();
    let rows = caller
        .snapshot(move |store, actor| {
            let filter = cases::visible(actor, state, policy_id.map(Into::into))?;
            let rows = store.cycles(&filter, &page)?.into_iter();
            let rows = rows.map(|sealed| actor.show_row(Action::CycleRead, sealed));
            let rows = rows.collect::<Result<Vec<_>, _>>()?;
            let ids: Vec<CycleId> = rows.iter().map(|cycle| cycle.outline().id).collect();
            let approvals = cases::approvals_of(store, actor, &ids)?;
            let given = |id: &CycleId| approvals.get(id).map(Vec::as_slice).unwrap_or_default();
            let view = |cycle| CycleView::new(actor, cycle, given(&cycle.outline().id), None, None);
            Ok(rows.iter().map(view).collect::<Vec<_>>())
        })
        .await?;
    caller.answer::<CyclePage, _>(
        &request,
        rows,
        |last| request.place(last.id, last.updated_at),
        |view| view,
    )
}

/// Create a cycle
///
/// Creates a cycle in draft. It may still lack what the launch requires, but its period must fit
/// its kind: a month has 4 to 5 weeks, a quarter 12 to 14, a half-year 24 to 28, a year 50 to 54.
#[utoipa::path(tag = "cycles", operation_id = "createCycle", request_body = NewCycle,
    responses((status = 201, description = "The cycle in draft", body = CycleView)),
    security(("bearer" = [])))]
#[post("")]
async fn create(
    caller: Caller,
    RuledBody(body): RuledBody<NewCycle>,
) -> Result<HttpResponse, Refusal> {
    let id = CycleId::from(new_id());
    let Body { value, digest } = body;
    caller
        .change(Some(digest), move |store, actor| create_cycle(store, actor, id, value.clone()))
        .await
}

/// Read a cycle
///
/// Shows one cycle, with its number of participants.
#[utoipa::path(tag = "cycles", operation_id = "getCycle",
    params(("id" = Uuid, Path, description = "Id of the cycle")),
    responses((status = 200, description = "The cycle", body = CycleView)),
    security(("bearer" = []), ("api_key" = ["performance:read"])))]
#[get("/{id}")]
async fn read(caller: Caller, id: PathId) -> Result<HttpResponse, Refusal> {
    let id = id.0.into();
    let view = caller
        .snapshot(move |store, actor| {
            let sealed = store.cycle(id)?;
            let (cycle, _) = actor.show(store, Action::CycleRead, sealed)?;
            cases::view(store, actor, &cycle)
        })
        .await?;
    caller.found(view.version, &view)
}

/// Change the design of a cycle
///
/// Merge patch of name, kind, policy, period, schedule, responsibilities and units, before the
/// launch.
#[utoipa::path(tag = "cycles", operation_id = "updateCycle",
    params(("id" = Uuid, Path, description = "Id of the cycle")),
    request_body(content = CyclePatch, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The cycle as changed", body = CycleView)),
    security(("bearer" = [])))]
#[patch("/{id}")]
async fn update(
    caller: Caller,
    id: PathId,
    RuledBody(body): RuledBody<CyclePatch>,
) -> Result<HttpResponse, Refusal> {
    let seen = caller.seen()?;
    let (id, Body { value, digest }) = (id.0.into(), body);
    caller
        .change(Some(digest), move |store, actor| {
            cases::update_cycle(store, actor, id, &seen, value.clone())
        })
        .await
}

/// Launch a cycle
///
/// Fixes who takes part, each with the unit, department, responsible manager and population of that
/// day, and starts goal setting. The policy must be published; every stage must have one
/// accountable and at least one responsible role; the dates must be in order and the period must
/// fit the kind; at least one person must take part; and each dimension must have enough weight on
/// rater types that are collected. A refusal lists every unmet condition; `warnings` lists what
/// does not prevent the launch.
#[utoipa::path(tag = "cycles", operation_id = "launchCycle",
    params(("id" = Uuid, Path, description = "Id of the cycle")),
    responses((status = 200, description = "The cycle in goal setting", body = CycleView),
        (status = 202, description = "The job that does it for many people", body = JobView)),
    security(("bearer" = [])))]
#[post("/{id}/launch")]
async fn launch(caller: Caller, id: PathId) -> Result<HttpResponse, Refusal> {
    transit(caller, id, CycleAction::Launch, None).await
}

/// Start execution
///
/// Ends goal setting. At least 95 % of the goals must be active; otherwise give a reason.
#[utoipa::path(tag = "cycles", operation_id = "startCycle",
    params(("id" = Uuid, Path, description = "Id of the cycle")),
    request_body = CycleReason,
    responses((status = 200, description = "The cycle in execution", body = CycleView)),
    security(("bearer" = [])))]
#[post("/{id}/start")]
async fn start(
    caller: Caller,
    id: PathId,
    body: Body<CycleReason>,
) -> Result<HttpResponse, Refusal> {
    transit(caller, id, CycleAction::Start, Some(body.into())).await
}

/// Open the evaluation
///
/// Opens a review for every evaluated participant. Possible from the first day of evaluation.
#[utoipa::path(tag = "cycles", operation_id = "openCycleEvaluation",
    params(("id" = Uuid, Path, description = "Id of the cycle")),
    responses((status = 200, description = "The cycle in evaluation", body = CycleView),
        (status = 202, description = "The job that does it for many people", body = JobView)),
    security(("bearer" = [])))]
#[post("/{id}/evaluation")]
async fn evaluation(caller: Caller, id: PathId) -> Result<HttpResponse, Refusal> {
    transit(caller, id, CycleAction::Evaluation, None).await
}

/// Open the calibration
///
/// Moves submitted manager reviews into calibration. Participants without a submitted manager
/// review must be listed as exceptions, with a reason.
#[utoipa::path(tag = "cycles", operation_id = "openCycleCalibration",
    params(("id" = Uuid, Path, description = "Id of the cycle")),
    request_body = CalibrationStart,
    responses((status = 200, description = "The cycle in calibration", body = CycleView),
        (status = 202, description = "The job that does it for many people", body = JobView)),
    security(("bearer" = [])))]
#[post("/{id}/calibration")]
async fn calibration(
    caller: Caller,
    id: PathId,
    body: Body<CalibrationStart>,
) -> Result<HttpResponse, Refusal> {
    transit(caller, id, CycleAction::Calibration, Some(body.into())).await
}

/// Confirm the grades
///
/// Ends calibration: grades are fixed and goals are locked. Every session must be finalised, and
/// every final S or D must have evidence. Reviews that no session compared keep their computed
/// grade.
#[utoipa::path(tag = "cycles", operation_id = "confirmCycle",
    params(("id" = Uuid, Path, description = "Id of the cycle")),
    responses((status = 200, description = "The confirmed cycle", body = CycleView),
        (status = 202, description = "The job that does it for many people", body = JobView)),
    security(("bearer" = [])))]
#[post("/{id}/confirmation")]
async fn confirmation(caller: Caller, id: PathId) -> Result<HttpResponse, Refusal> {
    transit(caller, id, CycleAction::Confirmation, None).await
}

/// Publish the results
///
/// Takes two people, one of HR and one of senior management. The first approval is stored and does
/// not change the state. The second one shows all employees their results and starts the time for
/// appeals.
#[utoipa::path(tag = "cycles", operation_id = "publishCycle",
    params(("id" = Uuid, Path, description = "Id of the cycle")),
    responses((status = 200, description = "The cycle, published or approved once", body = CycleView),
        (status = 202, description = "The job that does it for many people", body = JobView)),
    security(("bearer" = [])))]
#[post("/{id}/publication")]
async fn publication(caller: Caller, id: PathId) -> Result<HttpResponse, Refusal> {
    transit(caller, id, CycleAction::Publication, None).await
}

/// Close a cycle
///
/// Ends the cycle; its results become final. The time for appeals must be over, no appeal may be
/// open, and 95 % of the interviews must be held or a reason given.
#[utoipa::path(tag = "cycles", operation_id = "closeCycle",
    params(("id" = Uuid, Path, description = "Id of the cycle")),
    request_body = CycleReason,
    responses((status = 200, description = "The closed cycle", body = CycleView),
        (status = 202, description = "The job that does it for many people", body = JobView)),
    security(("bearer" = [])))]
#[post("/{id}/closure")]
async fn closure(
    caller: Caller,
    id: PathId,
    body: Body<CycleReason>,
) -> Result<HttpResponse, Refusal> {
    transit(caller, id, CycleAction::Closure, Some(body.into())).await
}

/// Archive a cycle
///
/// Archives a closed cycle, from its retention date on. It then serves only as a record.
#[utoipa::path(tag = "cycles", operation_id = "archiveCycle",
    params(("id" = Uuid, Path, description = "Id of the cycle")),
    responses((status = 200, description = "The archived cycle", body = CycleView)),
    security(("bearer" = [])))]
#[post("/{id}/archival")]
async fn archival(caller: Caller, id: PathId) -> Result<HttpResponse, Refusal> {
    transit(caller, id, CycleAction::Archival, None).await
}

/// Cancel a cycle
///
/// Takes two people, one of HR and one of senior management, each with a reason, before calibration
/// begins. The first approval is stored and does not change the state.
#[utoipa::path(tag = "cycles", operation_id = "cancelCycle",
    params(("id" = Uuid, Path, description = "Id of the cycle")),
    request_body = CycleReason,
    responses((status = 200, description = "The cycle, given up or approved once", body = CycleView)),
    security(("bearer" = [])))]
#[post("/{id}/cancellation")]
async fn cancellation(
    caller: Caller,
    id: PathId,
    body: Body<CycleReason>,
) -> Result<HttpResponse, Refusal> {
    transit(caller, id, CycleAction::Cancellation, Some(body.into())).await
}

/// What the body of a transition request says, with the digest of that body.
struct Said {
    reason: Option<String>,
    exceptions: Vec<Uuid>,
    digest: [u8; 32],
}

impl From<Body<CycleReason>> for Said {
    fn from(Body { value, digest }: Body<CycleReason>) -> Self {
        Self { reason: value.reason, exceptions: Vec::new(), digest }
    }
}

impl From<Body<CalibrationStart>> for Said {
    fn from(Body { value, digest }: Body<CalibrationStart>) -> Self {
        Self { reason: value.reason, exceptions: value.exceptions, digest }
    }
}

async fn transit(
    caller: Caller,
    id: PathId,
    action: CycleAction,
    said: Option<Said>,
) -> Result<HttpResponse, Refusal> {
    let seen = caller.seen()?;
    let digest = said.as_ref().map(|said| said.digest);
    let (reason, exceptions) = said.map(|said| (said.reason, said.exceptions)).unwrap_or_default();
    let exceptions = exceptions.into_iter().map(Into::into).collect();
    let order = CycleTransition { cycle: id.0.into(), seen, action, reason, exceptions };
    let ticket = Ticket::new(&caller);
    let made = ticket.clone();
    let response = caller
        .change_bulk(digest, move |store, actor| moves::transit(store, actor, &order, &made))
        .await?;
    ticket.wake(&response);
    Ok(response)
}

/// The noun.
pub const NOUN: Noun = Noun {
    tags: &[("cycles", "Performance cycles: one policy applied to many people for a period.")],
    records: &[(Action::CycleRead, |store, actor, _, id| target(actor, store.cycle(id.into())?))],
    additions: &["/cycles/{id}/results"],
    ..Noun::of(routes)
};

fn routes(config: &mut ServiceConfig) {
    config.service(
        scope("/cycles")
            .service(list)
            .service(create)
            .service(read)
            .service(update)
            .service(launch)
            .service(start)
            .service(evaluation)
            .service(calibration)
            .service(drops::propose)
            .service(drops::approve)
            .service(confirmation)
            .service(publication)
            .service(closure)
            .service(archival)
            .service(cancellation)
            .service(crate::reviews::results::compute)
            .service(crate::reviews::distribution::read)
            .service(readiness::readiness),
    );
}
