//! Calibration: sessions that compare grades, and the moves of grades made in them.

mod distribution;
mod effects;
mod moves;
mod sessions;
mod trials;
pub mod views;

use crate::platform::app::new_id;
use crate::platform::areas::{Noun, target};
use crate::platform::caller::{Actor, Caller};
use crate::platform::extract::{Body, PathId};
use crate::platform::parameters::Query;
use crate::platform::refusal::Refusal;
use crate::reviews::words;
use actix_web::{HttpResponse, get, patch, post};
use chrono::{DateTime, Utc};
use domain::core::id::{CalibrationSessionId, EmployeeId};
use domain::policy::{Action, Sealed, Target};
use domain::reviews::calibration_session::{CalibrationSession, MoveState};
use domain::state::calibration_session::State;
use moves::{Step, Verb};
use persistence::{After, SessionFilter, Store};
use serde::Deserialize;
use sessions::{SessionStep, SessionTransition};
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use views::{
    CalibrationSessionPage, CalibrationSessionPatch, CalibrationSessionView, ComparedReviewPage,
    MovePage, MoveView, NewCalibrationSession, NewMove, SessionFinalisation, SessionOpening,
    SessionReason, SessionSchedule,
};

/// Query parameters of the list of sessions.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SessionQuery {
    /// Maximum number of items on the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
    /// `next_cursor` of the previous page.
    cursor: Option<String>,
    /// Only items changed at or after this instant.
    updated_since: Option<DateTime<Utc>>,
    /// Only sessions of this cycle.
    cycle_id: Option<Uuid>,
    /// Only sessions in this state.
    #[param(value_type = Option<words::CalibrationSessionState>)]
    state: Option<State>,
}

/// Query parameters of the list of reviews in a session.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ComparedQuery {
    /// Maximum number of items on the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
    /// `next_cursor` of the previous page.
    cursor: Option<String>,
}

/// Query parameters of the list of moves.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct MoveQuery {
    /// Maximum number of items on the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
    /// `next_cursor` of the previous page.
    cursor: Option<String>,
    /// Only items changed at or after this instant.
    updated_since: Option<DateTime<Utc>>,
    /// Only moves of this review.
    review_id: Option<Uuid>,
    /// Only moves in this state.
    #[param(value_type = Option<words::MoveState>)]
    state: Option<MoveState>,
}

/// List calibration sessions
///
/// HR and senior management see all sessions, everybody else those in which they have a seat.
/// Sorted by creation; with `updated_since`, by change.
#[utoipa::path(tag = "calibration-sessions", operation_id = "listCalibrationSessions",
    params(SessionQuery),
    responses((status = 200, description = "A page of sessions", body = CalibrationSessionPage)),
    security(("bearer" = [])))]
#[get("/calibration-sessions")]
async fn list(caller: Caller, query: Query<SessionQuery>) -> Result<HttpResponse, Refusal> {
    let Query(SessionQuery { limit, cursor, updated_since, cycle_id, state }) = query;
    let request = caller.page(limit, cursor.as_deref(), updated_since)?;
    let page = request.page.clone();
    let rows = caller
        .snapshot(move |store, actor| {
            let (member, permit) = sessions::visible(actor)?;
            let filter = SessionFilter { cycle_id: cycle_id.map(Into::into), state, member };
            let rows = store.calibration_sessions(&filter, &page)?;
            let myself: Vec<EmployeeId> = actor.subject.persons().collect();
            let about_me = store.sessions_about(&myself)?;
            let view = |sealed: Sealed<CalibrationSession>| {
                let session = sealed.show_listed(&permit)?;
                let compared = about_me.contains(&session.outline().id);
                Ok(CalibrationSessionView::new(actor, &session, compared))
            };
            rows.into_iter().map(view).collect::<Result<Vec<_>, Refusal>>()
        })
        .await?;
    caller.answer::<CalibrationSessionPage, _>(
        &request,
        rows,
        |last| request.place(last.id, last.updated_at),
        |view| view,
    )
}

/// Create a calibration session
///
/// In a session, managers of the cycle compare the grades of some departments and participants, led
/// by a facilitator from HR. A session never compares its own members. The readiness report lists
/// the people whose grade no session compares.
#[utoipa::path(tag = "calibration-sessions", operation_id = "createCalibrationSession",
    request_body = NewCalibrationSession,
    responses((status = 201, description = "The session in draft", body = CalibrationSessionView)),
    security(("bearer" = [])))]
#[post("/calibration-sessions")]
async fn create(
    caller: Caller,
    body: Body<NewCalibrationSession>,
) -> Result<HttpResponse, Refusal> {
    let id = CalibrationSessionId::from(new_id());
    let Body { value, digest } = body;
    caller
        .change(Some(digest), move |store, actor| {
            sessions::create_session(store, actor, id, value.clone())
        })
        .await
}

/// Read a calibration session
///
/// Shows one session with its members.
#[utoipa::path(tag = "calibration-sessions", operation_id = "getCalibrationSession",
    params(("id" = Uuid, Path, description = "Id of the session")),
    responses((status = 200, description = "The session", body = CalibrationSessionView)),
    security(("bearer" = [])))]
#[get("/calibration-sessions/{id}")]
async fn read(caller: Caller, id: PathId) -> Result<HttpResponse, Refusal> {
    let id = id.0.into();
    let view = caller
        .snapshot(move |store, actor| {
            let sealed = store.calibration_session(id)?;
            let action = Action::CalibrationSessionRead;
            let (session, _) = actor.show(store, action, sealed)?;
            let compared = sessions::is_compared(store, actor, id)?;
            Ok(CalibrationSessionView::new(actor, &session, compared))
        })
        .await?;
    caller.found(view.version, &view)
}

/// Change a calibration session
///
/// Merge patch of name, departments, participants and members, until the session is opened.
#[utoipa::path(tag = "calibration-sessions", operation_id = "updateCalibrationSession",
    params(("id" = Uuid, Path, description = "Id of the session")),
    request_body(content = CalibrationSessionPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The session as changed", body = CalibrationSessionView)),
    security(("bearer" = [])))]
#[patch("/calibration-sessions/{id}")]
async fn update(
    caller: Caller,
    id: PathId,
    body: Body<CalibrationSessionPatch>,
) -> Result<HttpResponse, Refusal> {
    let seen = caller.seen()?;
    let (id, Body { value, digest }) = (id.0.into(), body);
    caller
        .change(Some(digest), move |store, actor| {
            sessions::update_session(store, actor, id, &seen, value.clone())
        })
        .await
}

/// Schedule a calibration session
///
/// Sets the day of the meeting.
#[utoipa::path(tag = "calibration-sessions", operation_id = "scheduleCalibrationSession",
    params(("id" = Uuid, Path, description = "Id of the session")),
    request_body = SessionSchedule,
    responses((status = 200, description = "The scheduled session", body = CalibrationSessionView)),
    security(("bearer" = [])))]
#[post("/calibration-sessions/{id}/schedule")]
async fn schedule(
    caller: Caller,
    id: PathId,
    body: Body<SessionSchedule>,
) -> Result<HttpResponse, Refusal> {
    transit(caller, id, body.digest, SessionStep::Schedule(body.value.scheduled_on)).await
}

/// Open a calibration session
///
/// Starts the meeting, while the cycle is in calibration. At least two managers and one HR
/// facilitator must be present. From then on the session compares the graded reviews of its
/// departments and participants, except those of its own members and those that another session
/// compares.
#[utoipa::path(tag = "calibration-sessions", operation_id = "openCalibrationSession",
    params(("id" = Uuid, Path, description = "Id of the session")),
    request_body = SessionOpening,
    responses((status = 200, description = "The open session", body = CalibrationSessionView)),
    security(("bearer" = [])))]
#[post("/calibration-sessions/{id}/opening")]
async fn open(
    caller: Caller,
    id: PathId,
    body: Body<SessionOpening>,
) -> Result<HttpResponse, Refusal> {
    let present = body.value.present.into_iter().map(Into::into).collect();
    transit(caller, id, body.digest, SessionStep::Open(present)).await
}

/// Finalise a calibration session
///
/// Fixes the grades: the final grade of each review is the calibrated one, otherwise the computed
/// one, limited by a confirmed veto. Conditions: the distribution passes the check (with a reason
/// if the check only warns), or senior management has accepted it; no move is pending; every final
/// S or D has evidence; and, where quotas are exact, ties across a grade boundary are decided. A
/// group too small for quotas passes if quotas are a guideline; in the other modes it passes only
/// if there is nobody else to pool it with. A person whose own review the session compares cannot
/// finalise it.
#[utoipa::path(tag = "calibration-sessions", operation_id = "finaliseCalibrationSession",
    params(("id" = Uuid, Path, description = "Id of the session")),
    request_body = SessionFinalisation,
    responses((status = 200, description = "The finalised session", body = CalibrationSessionView)),
    security(("bearer" = [])))]
#[post("/calibration-sessions/{id}/finalisation")]
async fn finalise(
    caller: Caller,
    id: PathId,
    body: Body<SessionFinalisation>,
) -> Result<HttpResponse, Refusal> {
    transit(caller, id, body.digest, SessionStep::Finalise(body.value.reason)).await
}

/// Accept a distribution
///
/// Senior management accepts the grades of an open session as they are, whatever the check says. A
/// move that takes effect afterwards cancels the acceptance.
#[utoipa::path(tag = "calibration-sessions", operation_id = "overrideCalibrationSession",
    params(("id" = Uuid, Path, description = "Id of the session")),
    request_body = SessionReason,
    responses((status = 200, description = "The session", body = CalibrationSessionView)),
    security(("bearer" = [])))]
#[post("/calibration-sessions/{id}/override")]
async fn accept(
    caller: Caller,
    id: PathId,
    body: Body<SessionReason>,
) -> Result<HttpResponse, Refusal> {
    let (id, seen) = (id.0.into(), caller.seen()?);
    let Body { value: SessionReason { reason }, digest } = body;
    caller
        .change(Some(digest), move |store, actor| {
            sessions::accept(store, actor, id, &seen, &reason)
        })
        .await
}

/// Reopen a calibration session
///
/// Senior management reopens a finalised session before the results are released. Its reviews have
/// no final grade until it is finalised again.
#[utoipa::path(tag = "calibration-sessions", operation_id = "reopenCalibrationSession",
    params(("id" = Uuid, Path, description = "Id of the session")),
    request_body = SessionReason,
    responses((status = 200, description = "The open session", body = CalibrationSessionView)),
    security(("bearer" = [])))]
#[post("/calibration-sessions/{id}/reopening")]
async fn reopen(
    caller: Caller,
    id: PathId,
    body: Body<SessionReason>,
) -> Result<HttpResponse, Refusal> {
    transit(caller, id, body.digest, SessionStep::Reopen(body.value.reason)).await
}

async fn transit(
    caller: Caller,
    id: PathId,
    digest: [u8; 32],
    step: SessionStep,
) -> Result<HttpResponse, Refusal> {
    let (session, seen) = (id.0.into(), caller.seen()?);
    caller.transit(Some(digest), SessionTransition { session, seen, step }).await
}

/// List the reviews of a session
///
/// Lists the reviews that the session compares, in the order of creation: the person, the computed,
/// calibrated and final grade side by side, the scores that rank them, and ties. The caller's own
/// review is left out, and so are results that the caller may not see yet; neither has an effect on
/// the ranking shown.
#[utoipa::path(tag = "calibration-sessions", operation_id = "listComparedReviews",
    params(("id" = Uuid, Path, description = "Id of the session"), ComparedQuery),
    responses((status = 200, description = "A page of reviews", body = ComparedReviewPage)),
    security(("bearer" = [])))]
#[get("/calibration-sessions/{id}/reviews")]
async fn reviews(
    caller: Caller,
    id: PathId,
    query: Query<ComparedQuery>,
) -> Result<HttpResponse, Refusal> {
    let Query(ComparedQuery { limit, cursor }) = query;
    let request = caller.page(limit, cursor.as_deref(), None)?;
    let (page, id) = (request.page.clone(), id.0.into());
    let rows = caller
        .snapshot(move |store, actor| {
            let sealed = store.calibration_session(id)?;
            let action = Action::CalibrationSessionRead;
            let (session, _) = actor.show(store, action, sealed)?;
            let limit = usize::try_from(page.limit).unwrap_or_default();
            sessions::compared(store, actor, session.outline(), page.after_id(), limit)
        })
        .await?;
    let part = request.cut(&caller.app, rows, |last| After::Id(last.review_id));
    let about = part.rows.iter().map(|row| (row.review_id, row.employee_id));
    caller.shown("listComparedReviews", about).await?;
    caller.answer_part::<ComparedReviewPage, _>(part, |row| row)
}

/// List the moves of a session
///
/// Sorted by creation; with `updated_since`, by change. Moves about the caller are left out, and
/// before release also those about the caller's own manager.
#[utoipa::path(tag = "moves", operation_id = "listMoves",
    params(("id" = Uuid, Path, description = "Id of the session"), MoveQuery),
    responses((status = 200, description = "A page of moves", body = MovePage)),
    security(("bearer" = [])))]
#[get("/calibration-sessions/{id}/moves")]
async fn list_moves(
    caller: Caller,
    id: PathId,
    query: Query<MoveQuery>,
) -> Result<HttpResponse, Refusal> {
    let Query(MoveQuery { limit, cursor, updated_since, review_id, state }) = query;
    let request = caller.page(limit, cursor.as_deref(), updated_since)?;
    let (page, id) = (request.page.clone(), id.0.into());
    let rows = caller
        .snapshot(move |store, actor| moves::list(store, actor, id, review_id, state, &page))
        .await?;
    let place = |(last, _): &(MoveView, _)| request.place(last.id, last.updated_at);
    let part = request.cut(&caller.app, rows, place);
    let about = part.rows.iter().map(|(row, person)| (row.review_id, *person));
    caller.shown("listMoves", about).await?;
    caller.answer_part::<MovePage, _>(part, |(row, _)| row)
}

/// Propose a move
///
/// A member proposes another grade for somebody else's review, none above a confirmed veto, with
/// reason codes, an explanation, evidence, and a sentence that the person reads after release.
/// Nothing changes until others approve the move. A review can have only one pending move. The
/// answer shows the effect on the distribution of the session.
#[utoipa::path(tag = "moves", operation_id = "proposeMove",
    params(("id" = Uuid, Path, description = "Id of the session")),
    request_body = NewMove,
    responses((status = 201, description = "The move, which waits for approval", body = MoveView)),
    security(("bearer" = [])))]
#[post("/calibration-sessions/{id}/moves")]
async fn propose_move(
    caller: Caller,
    id: PathId,
    body: Body<NewMove>,
) -> Result<HttpResponse, Refusal> {
    let Body { value: new, digest } = body;
    let verb = Verb::Propose(id.0.into(), new);
    caller.transit(Some(digest), Step { id: new_id().into(), seen: None, verb }).await
}

/// Read a move
///
/// Shows one move of a session.
#[utoipa::path(tag = "moves", operation_id = "getMove",
    params(("id" = Uuid, Path, description = "Id of the move")),
    responses((status = 200, description = "The move", body = MoveView)),
    security(("bearer" = [])))]
#[get("/moves/{id}")]
async fn read_move(caller: Caller, id: PathId) -> Result<HttpResponse, Refusal> {
    let id = id.0.into();
    let (view, person) = caller.snapshot(move |store, actor| moves::read(store, actor, id)).await?;
    caller.shown("getMove", [(view.review_id, person.uuid())]).await?;
    caller.found(view.version, &view)
}

/// Approve a move
///
/// A member other than the proposer approves; a move by more than one grade needs two approvers.
/// The last approval sets the calibrated grade of the review and changes nothing else. The answer
/// shows the distribution before and after.
#[utoipa::path(tag = "moves", operation_id = "approveMove",
    params(("id" = Uuid, Path, description = "Id of the move")),
    responses((status = 200, description = "The move", body = MoveView)),
    security(("bearer" = [])))]
#[post("/moves/{id}/approval")]
async fn approve_move(caller: Caller, id: PathId) -> Result<HttpResponse, Refusal> {
    let seen = Some(caller.seen()?);
    caller.transit(None, Step { id: id.0.into(), seen, verb: Verb::Approve }).await
}

/// Reject a move
///
/// Any member may reject a move, with a reason. The proposer withdraws a move in the same way.
#[utoipa::path(tag = "moves", operation_id = "rejectMove",
    params(("id" = Uuid, Path, description = "Id of the move")),
    request_body = SessionReason,
    responses((status = 200, description = "The rejected move", body = MoveView)),
    security(("bearer" = [])))]
#[post("/moves/{id}/rejection")]
async fn reject_move(
    caller: Caller,
    id: PathId,
    body: Body<SessionReason>,
) -> Result<HttpResponse, Refusal> {
    let seen = Some(caller.seen()?);
    let Body { value: SessionReason { reason }, digest } = body;
    let verb = Verb::Reject(reason);
    caller.transit(Some(digest), Step { id: id.0.into(), seen, verb }).await
}

/// The noun.
pub const NOUN: Noun = Noun {
    tags: &[
        ("calibration-sessions", "Meetings that compare grades, led by HR."),
        ("moves", "Changes of one grade in a session, each approved by others."),
    ],
    records: &[
        (Action::CalibrationSessionRead, session),
        (Action::MoveRead, |store, actor, _, id| target(actor, store.session_move(id.into())?)),
        // Whether somebody may move grades is asked about a move or about the session.
        (Action::MoveRead, session),
    ],
    additions: &["/calibration-sessions/{id}/moves", "/calibration-sessions/{id}/move-trials"],
    ..Noun::of(routes)
};

fn session(
    store: &mut dyn Store,
    actor: &Actor,
    _: Action,
    id: Uuid,
) -> Result<Option<Target>, Refusal> {
    target(actor, store.calibration_session(id.into())?)
}

fn routes(config: &mut ServiceConfig) {
    config
        .service(list)
        .service(create)
        .service(read)
        .service(update)
        .service(schedule)
        .service(open)
        .service(finalise)
        .service(accept)
        .service(reopen)
        .service(reviews)
        .service(distribution::read)
        .service(list_moves)
        .service(propose_move)
        .service(trials::make)
        .service(read_move)
        .service(approve_move)
        .service(reject_move);
}
