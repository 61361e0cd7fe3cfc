//! Positions: the catalogue of jobs.

use crate::people::words;
use crate::platform::app::new_id;
use crate::platform::areas::{Noun, found};
use crate::platform::caller::{Actor, Caller};
use crate::platform::extract::{Body, PathId};
use crate::platform::page::page_of;
use crate::platform::parameters::Query;
use crate::platform::problem::Violation;
use crate::platform::refusal::Refusal;
use crate::platform::reply::Reply;
use crate::platform::resource::resource;
use crate::platform::seen::Seen;
use actix_web::{HttpResponse, delete, get, patch, post};
use chrono::{DateTime, Utc};
use domain::core::change::{Change, Record};
use domain::core::id::PositionId;
use domain::people::org::{Position, PositionAction};
use domain::policy::Action;
use persistence::{Lists, Store};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;

resource! {
    /// A position: a job in the catalogue.
    pub struct PositionView as Position of Position;
    /// A new position.
    pub struct NewPosition;
    /// A merge patch of a position: an absent property stays as it is.
    pub struct PositionPatch;
    /// Id of the position.
    id;
    /// When the position was deleted; shown only in lists with `updated_since`.
    deleted_at;
    allowed_actions: words::PositionAction by Action::PositionWrite;
    /// External key, unique in the tenant.
    [min_length = 1, max_length = 64, pattern = r"^\S(.*\S)?$", format = "key"]
    "SALES-REP" => "SALES-REP", code: String;
    /// Name of the job.
    [min_length = 1, max_length = 200, pattern = r"^\S(.*\S)?$", format = "name"]
    "Sales Representative" => "Senior Sales Representative", title: String;
    /// Job level, 1 (entry) to 30 (top).
    [minimum = 1, maximum = 30] 4 => 5, level: i32;
}

page_of! {
    /// A page of positions.
    pub struct PositionPage
    /// The positions, in the order of creation; with `updated_since`, in the order of change.
    of PositionView, counted, created by Action::PositionWrite
}

/// Query parameters of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PositionQuery {
    /// Maximum number of items on the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
    /// `next_cursor` of the previous page.
    cursor: Option<String>,
    /// Only items changed at or after this instant; deleted items are included as tombstones.
    updated_since: Option<DateTime<Utc>>,
    /// Whether to say how many items the whole list has.
    count: Option<bool>,
}

/// List positions
///
/// Lists the catalogue of jobs, in the order of creation. With `updated_since` they are sorted by
/// change, and deleted positions appear with `deleted_at`: to mirror the list, remember the largest
/// `updated_at` seen.
#[utoipa::path(tag = "positions", operation_id = "listPositions", params(PositionQuery),
    responses((status = 200, description = "A page of positions", body = PositionPage)),
    security(("bearer" = []), ("api_key" = ["people:read"])))]
#[get("")]
async fn list(caller: Caller, query: Query<PositionQuery>) -> Result<HttpResponse, Refusal> {
    let Query(PositionQuery { limit, cursor, updated_since, count }) = query;
    let request = caller.page(limit, cursor.as_deref(), updated_since)?;
    let page = request.page.clone();
    let (rows, total) = caller
        .list(count, move |store, actor, is_counted| {
            actor.may(Action::PositionRead)?;
            let rows: Vec<Position> = store.list(&page)?;
            let count = || Lists::<Position>::count(store, updated_since);
            Ok((rows, is_counted.then(count).transpose()?))
        })
        .await?;
    let place = |last: &Position| request.place(last.id.uuid(), last.updated_at);
    let part = request.cut(&caller.app, rows, place);
    caller.answer_counted::<PositionPage, _>(part, total, |position| {
        PositionView::new(&caller.actor, position)
    })
}

/// Create a position
///
/// Adds a job to the catalogue.
#[utoipa::path(tag = "positions", operation_id = "createPosition", request_body = NewPosition,
    responses((status = 201, description = "The new position", body = PositionView)),
    security(("bearer" = []), ("api_key" = ["people:write"])))]
#[post("")]
async fn create(caller: Caller, body: Body<NewPosition>) -> Result<HttpResponse, Refusal> {
    let id = PositionId::from(new_id());
    let Body { value, digest } = body;
    caller
        .change(Some(digest), move |store, actor| create_position(store, actor, id, value.clone()))
        .await
}

/// Read a position
///
/// Shows one job of the catalogue.
#[utoipa::path(tag = "positions", operation_id = "getPosition",
    params(("id" = Uuid, Path, description = "Id of the position")),
    responses((status = 200, description = "The position", body = PositionView)),
    security(("bearer" = []), ("api_key" = ["people:read"])))]
#[get("/{id}")]
async fn read(caller: Caller, id: PathId) -> Result<HttpResponse, Refusal> {
    let id = PositionId::from(id.0);
    let position = caller
        .read(move |store, actor| {
            let sealed = store.find(id)?;
            Ok(actor.open(store, Action::PositionRead, sealed)?.0)
        })
        .await?;
    caller.found(position.version, &PositionView::new(&caller.actor, position))
}

/// Change a position
///
/// Merge patch of code, title and level.
#[utoipa::path(tag = "positions", operation_id = "updatePosition",
    params(("id" = Uuid, Path, description = "Id of the position")),
    request_body(content = PositionPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The position as changed", body = PositionView)),
    security(("bearer" = []), ("api_key" = ["people:write"])))]
#[patch("/{id}")]
async fn update(
    caller: Caller,
    id: PathId,
    body: Body<PositionPatch>,
) -> Result<HttpResponse, Refusal> {
    let seen = caller.seen()?;
    let (id, Body { value, digest }) = (id.0.into(), body);
    caller
        .change(Some(digest), move |store, actor| {
            update_position(store, actor, id, &seen, value.clone())
        })
        .await
}

/// Delete a position
///
/// Removes a job from the catalogue. Refused while an assignment uses it.
#[utoipa::path(tag = "positions", operation_id = "deletePosition",
    params(("id" = Uuid, Path, description = "Id of the position")),
    responses((status = 204, description = "The position is gone")),
    security(("bearer" = []), ("api_key" = ["people:write"])))]
#[delete("/{id}")]
async fn remove(caller: Caller, id: PathId) -> Result<HttpResponse, Refusal> {
    let seen = caller.seen()?;
    let id = id.0.into();
    caller.change(None, move |store, actor| delete_position(store, actor, id, &seen)).await
}

/// The noun.
pub const NOUN: Noun = Noun {
    tags: &[("positions", "The catalogue of jobs.")],
    records: &[(Action::PositionRead, found::<PositionId, Position>)],
    ..Noun::of(routes)
};

fn routes(config: &mut ServiceConfig) {
    config.service(
        scope("/positions")
            .service(list)
            .service(create)
            .service(read)
            .service(update)
            .service(remove),
    );
}

/// Adds a position.
pub fn create_position(
    store: &mut dyn Store,
    actor: &Actor,
    id: PositionId,
    new: NewPosition,
) -> Result<Reply<PositionView>, Refusal> {
    let permit = actor.may(Action::PositionWrite)?;
    let position = new.record(id.uuid(), actor.now);
    let record = Record::new("position.created", id, permit.rule()).created(&position);
    store.create(Change::new(position.clone(), record))?;
    Ok(Reply::created(PositionView::new(actor, position), 1, format!("/v1/positions/{id}")))
}

/// Changes a position if the caller has read its current version.
pub fn update_position(
    store: &mut dyn Store,
    actor: &Actor,
    id: PositionId,
    seen: &Seen,
    patch: PositionPatch,
) -> Result<Reply<PositionView>, Refusal> {
    let sealed = store.find(id)?;
    let (before, permit) = actor.open_seen(store, Action::PositionWrite, sealed, seen)?;
    let after = patch.applied(&before, actor.now);
    let record = Record::new("position.updated", id, permit.rule()).changed(&before, &after);
    store.update(Change::new(after.clone(), record))?;
    let version = after.version;
    Ok(Reply::changed(PositionView::new(actor, after), version))
}

/// Removes a position from the catalogue, unless an assignment uses it.
pub fn delete_position(
    store: &mut dyn Store,
    actor: &Actor,
    id: PositionId,
    seen: &Seen,
) -> Result<Reply<PositionView>, Refusal> {
    let sealed = store.find(id)?;
    let (before, permit) = actor.open_seen(store, Action::PositionWrite, sealed, seen)?;
    store.lock_lines()?;
    if store.is_named(id)? {
        return Err(Refusal::InUse(vec![Violation::new("", "not_allowed")]));
    }
    let after = Position {
        version: before.version + 1,
        updated_at: actor.now,
        deleted_at: Some(actor.now),
        ..before
    };
    store.update(Change::new(after, Record::new("position.deleted", id, permit.rule())))?;
    Ok(Reply::empty())
}
