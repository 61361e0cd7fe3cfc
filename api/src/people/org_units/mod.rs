//! Org units: company, divisions, departments and teams, and the tree they form over time.

mod cases;
mod views;

use crate::people::words;
use crate::platform::app::new_id;
use crate::platform::areas::{Noun, target};
use crate::platform::caller::Caller;
use crate::platform::extract::{Body, PathId};
use crate::platform::parameters::Query;
use crate::platform::refusal::Refusal;
use actix_web::{HttpResponse, delete, get, patch, post};
pub use cases::*;
use chrono::{DateTime, NaiveDate, Utc};
use domain::core::id::OrgUnitId;
use domain::people::org::{OrgUnit, OrgUnitKind};
use domain::policy::Action;
use persistence::{After, OrgUnitFilter};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
pub use views::*;

/// Query parameters of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct OrgUnitQuery {
    /// Only units directly under this one.
    parent_id: Option<Uuid>,
    /// Only units of this kind.
    #[param(value_type = Option<words::OrgUnitKind>)]
    kind: Option<OrgUnitKind>,
    /// Only the unit with this code.
    code: Option<String>,
    /// Day for which the tree is shown; today if absent.
    as_of: Option<NaiveDate>,
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

/// Query parameters of a read with a date.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DayQuery {
    /// Day to show; today if absent.
    pub as_of: Option<NaiveDate>,
}

/// Query parameters of a history.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct HistoryQuery {
    /// Maximum number of items on the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<i64>,
    /// `next_cursor` of the previous page.
    pub cursor: Option<String>,
}

/// List org units
///
/// Lists the units with their places on a day, in the order of creation. With `updated_since` they
/// are sorted by change, and deleted units appear with `deleted_at`: to mirror the list, remember
/// the largest `updated_at` seen.
#[utoipa::path(tag = "org-units", operation_id = "listOrgUnits", params(OrgUnitQuery),
    responses((status = 200, description = "A page of org units", body = OrgUnitPage)),
    security(("bearer" = []), ("api_key" = ["people:read"])))]
#[get("")]
async fn list(caller: Caller, query: Query<OrgUnitQuery>) -> Result<HttpResponse, Refusal> {
    let query = query.0;
    let request = caller.page(query.limit, query.cursor.as_deref(), query.updated_since)?;
    let page = request.page.clone();
    let filter = OrgUnitFilter {
        parent_id: query.parent_id.map(OrgUnitId::from),
        kind: query.kind,
        code: query.code,
    };
    let day = query.as_of;
    let (rows, total) = caller
        .list(query.count, move |store, actor, is_counted| {
            actor.may(Action::OrgUnitRead)?;
            let day = day.unwrap_or(actor.today);
            let rows = store.org_units(&filter, day, &page)?;
            let count = || store.count_org_units(&filter, day, page.updated_since);
            Ok((rows, is_counted.then(count).transpose()?))
        })
        .await?;
    let place = |last: &OrgUnit| request.place(last.id.uuid(), last.updated_at);
    let part = request.cut(&caller.app, rows, place);
    caller
        .answer_counted::<OrgUnitPage, _>(part, total, |unit| OrgUnitView::new(&caller.actor, unit))
}

/// Create an org unit
///
/// Adds a unit under another one from a day on. The company is the only unit without a parent, and
/// there is at most one company.
#[utoipa::path(tag = "org-units", operation_id = "createOrgUnit", request_body = NewOrgUnit,
    responses((status = 201, description = "The new org unit", body = OrgUnitView)),
    security(("bearer" = []), ("api_key" = ["people:write"])))]
#[post("")]
async fn create(caller: Caller, body: Body<NewOrgUnit>) -> Result<HttpResponse, Refusal> {
    let id = OrgUnitId::from(new_id());
    let Body { value, digest } = body;
    caller
        .change(Some(digest), move |store, actor| create_org_unit(store, actor, id, value.clone()))
        .await
}

/// Read an org unit
///
/// Shows one unit with its place in the tree on a day.
#[utoipa::path(tag = "org-units", operation_id = "getOrgUnit",
    params(("id" = Uuid, Path, description = "Id of the org unit"), DayQuery),
    responses((status = 200, description = "The org unit", body = OrgUnitView)),
    security(("bearer" = []), ("api_key" = ["people:read"])))]
#[get("/{id}")]
async fn read(caller: Caller, id: PathId, query: Query<DayQuery>) -> Result<HttpResponse, Refusal> {
    let (id, day) = (id.0.into(), query.0.as_of);
    let unit = caller
        .read(move |store, actor| {
            let sealed = store.org_unit(id, day.unwrap_or(actor.today))?;
            Ok(actor.open(store, Action::OrgUnitRead, sealed)?.0)
        })
        .await?;
    caller.found(unit.version, &OrgUnitView::new(&caller.actor, unit))
}

/// Change an org unit
///
/// Merge patch of code and name.
#[utoipa::path(tag = "org-units", operation_id = "updateOrgUnit",
    params(("id" = Uuid, Path, description = "Id of the org unit")),
    request_body(content = OrgUnitPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The org unit as changed", body = OrgUnitView)),
    security(("bearer" = []), ("api_key" = ["people:write"])))]
#[patch("/{id}")]
async fn update(
    caller: Caller,
    id: PathId,
    body: Body<OrgUnitPatch>,
) -> Result<HttpResponse, Refusal> {
    let seen = caller.seen()?;
    let (id, Body { value, digest }) = (id.0.into(), body);
    caller
        .change(Some(digest), move |store, actor| {
            update_org_unit(store, actor, id, &seen, value.clone())
        })
        .await
}

/// Move an org unit
///
/// Moves a unit, with everything below it, under another unit from a day on. A place planned for a
/// later day is kept; one that begins on the same day is replaced. Refused if, on any of those
/// days, a unit would be below itself or the tree too deep.
#[utoipa::path(tag = "org-units", operation_id = "moveOrgUnit",
    params(("id" = Uuid, Path, description = "Id of the org unit")), request_body = NewOrgUnitMove,
    responses((status = 200, description = "The org unit as of today", body = OrgUnitView)),
    security(("bearer" = []), ("api_key" = ["people:write"])))]
#[post("/{id}/moves")]
async fn relocate(
    caller: Caller,
    id: PathId,
    body: Body<NewOrgUnitMove>,
) -> Result<HttpResponse, Refusal> {
    let seen = caller.seen()?;
    let (id, Body { value, digest }) = (id.0.into(), body);
    caller
        .change(Some(digest), move |store, actor| move_org_unit(store, actor, id, &seen, &value))
        .await
}

/// List the places of an org unit
///
/// Lists past, present and planned places of the unit in the tree, oldest first.
#[utoipa::path(tag = "org-units", operation_id = "listPlacements",
    params(("id" = Uuid, Path, description = "Id of the org unit"), HistoryQuery),
    responses((status = 200, description = "A page of places", body = PlacementPage)),
    security(("bearer" = []), ("api_key" = ["people:read"])))]
#[get("/{id}/placements")]
async fn placements(
    caller: Caller,
    id: PathId,
    query: Query<HistoryQuery>,
) -> Result<HttpResponse, Refusal> {
    let (id, query) = (id.0.into(), query.0);
    let request = caller.page(query.limit, query.cursor.as_deref(), None)?;
    let page = request.page.clone();
    let rows = caller
        .snapshot(move |store, actor| {
            let sealed = store.org_unit(id, actor.today)?;
            actor.open(store, Action::OrgUnitRead, sealed)?;
            Ok(store.placements(id, &page)?)
        })
        .await?;
    caller.answer::<PlacementPage, _>(
        &request,
        rows,
        |last| After::Day(last.period.start),
        PlacementView::from,
    )
}

/// Delete an org unit
///
/// Removes a unit from the tree. Refused while, today or later, people work in it or other units
/// are below it.
#[utoipa::path(tag = "org-units", operation_id = "deleteOrgUnit",
    params(("id" = Uuid, Path, description = "Id of the org unit")),
    responses((status = 204, description = "The org unit is gone")),
    security(("bearer" = []), ("api_key" = ["people:write"])))]
#[delete("/{id}")]
async fn remove(caller: Caller, id: PathId) -> Result<HttpResponse, Refusal> {
    let seen = caller.seen()?;
    let id = id.0.into();
    caller.change(None, move |store, actor| delete_org_unit(store, actor, id, &seen)).await
}

/// The noun.
pub const NOUN: Noun = Noun {
    tags: &[("org-units", "Companies, divisions, departments and teams, and the tree they form.")],
    records: &[(Action::OrgUnitRead, |store, actor, _, id| {
        target(actor, store.org_unit(id.into(), actor.today)?)
    })],
    ..Noun::of(routes)
};

fn routes(config: &mut ServiceConfig) {
    config.service(
        scope("/org-units")
            .service(list)
            .service(create)
            .service(read)
            .service(update)
            .service(relocate)
            .service(placements)
            .service(remove),
    );
}
