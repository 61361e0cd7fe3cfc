//! Org units: company, divisions, departments, teams, and the tree they form from day to day.

use crate::app::new_id;
use crate::caller::{Actor, Caller};
use crate::extract::{Body, PathId, Query};
use crate::problem::Violation;
use crate::refusal::{Refusal, line_fault};
use crate::reply::Reply;
use crate::schema::words;
use actix_web::{HttpResponse, delete, get, patch, post};
use chrono::{DateTime, NaiveDate, Utc};
use domain::change::{Change, Record};
use domain::id::OrgUnitId;
use domain::org::{Height, OrgUnit, OrgUnitKind, Placement, check_line, insert_stretch};
use domain::policy::{Action, Permit};
use domain::time::Period;
use persistence::{After, OrgUnitFilter, Page, Store, UnitUse};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

/// A company, division, department or team, with its place in the tree on one day.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = OrgUnit)]
pub struct OrgUnitView {
    /// Its id.
    pub id: Uuid,
    /// External key, unique in the tenant.
    #[schema(example = "SALES-EU")]
    pub code: String,
    /// Name shown to people.
    #[schema(example = "Sales Europe")]
    pub name: String,
    /// Kind.
    #[schema(schema_with = words::<OrgUnitKind>)]
    pub kind: OrgUnitKind,
    /// The unit above; null for the company, and where the unit has no place yet.
    #[schema(required = true)]
    pub parent_id: Option<Uuid>,
    /// First day of this place; null where the unit has no place yet on the day asked for.
    #[schema(required = true)]
    pub effective_from: Option<NaiveDate>,
    /// Counts changes, from 1.
    #[schema(example = 1)]
    pub version: i32,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// When it was deleted; shown only in lists with `updated_since`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<DateTime<Utc>>,
}

impl From<OrgUnit> for OrgUnitView {
    fn from(unit: OrgUnit) -> Self {
        Self {
            id: unit.id.uuid(),
            code: unit.code,
            name: unit.name,
            kind: unit.kind,
            parent_id: unit.parent_id.map(OrgUnitId::uuid),
            effective_from: unit.effective_from,
            version: unit.version,
            created_at: unit.created_at,
            updated_at: unit.updated_at,
            deleted_at: unit.deleted_at,
        }
    }
}

/// A page of org units.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrgUnitPage {
    /// The units, in the order of creation; with `updated_since`, in the order of change.
    pub items: Vec<OrgUnitView>,
    /// Goes on behind the last item; null on the last page.
    pub next_cursor: Option<String>,
}

/// One stretch of a unit's place in the tree.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Placement)]
pub struct PlacementView {
    /// First day.
    pub effective_from: NaiveDate,
    /// Last day; null until further notice.
    #[schema(required = true)]
    pub effective_to: Option<NaiveDate>,
    /// The unit above; null for the company.
    #[schema(required = true)]
    pub parent_id: Option<Uuid>,
}

impl From<Placement> for PlacementView {
    fn from(placement: Placement) -> Self {
        Self {
            effective_from: placement.period.start,
            effective_to: placement.period.end,
            parent_id: placement.parent_id.map(OrgUnitId::uuid),
        }
    }
}

/// A page of a unit's places.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlacementPage {
    /// The places, oldest first; each ends on the day before the next begins.
    pub items: Vec<PlacementView>,
    /// Goes on behind the last item; null on the last page.
    pub next_cursor: Option<String>,
}

/// A new org unit.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOrgUnit {
    /// External key, unique in the tenant.
    #[schema(min_length = 1, max_length = 64, pattern = r"^\S(.*\S)?$", example = "SALES-EU")]
    pub code: String,
    /// Name shown to people.
    #[schema(min_length = 1, max_length = 200, pattern = r"^\S(.*\S)?$", example = "Sales Europe")]
    pub name: String,
    /// Kind; it does not change.
    #[schema(schema_with = words::<OrgUnitKind>)]
    pub kind: OrgUnitKind,
    /// The unit above; required but for the company, which has none.
    pub parent_id: Option<Uuid>,
    /// First day; today if absent.
    #[schema(nullable = false)]
    pub effective_from: Option<NaiveDate>,
}

/// A merge patch of an org unit: absent is unchanged.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrgUnitPatch {
    /// External key, unique in the tenant.
    #[schema(
        min_length = 1,
        max_length = 64,
        pattern = r"^\S(.*\S)?$",
        nullable = false,
        example = "SALES-EMEA"
    )]
    pub code: Option<String>,
    /// Name shown to people.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^\S(.*\S)?$",
        nullable = false,
        example = "Sales Europe and Africa"
    )]
    pub name: Option<String>,
}

/// Another place in the tree.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMove {
    /// The unit above.
    pub parent_id: Uuid,
    /// First day; today if absent.
    #[schema(nullable = false)]
    pub effective_from: Option<NaiveDate>,
}

/// What a client asks of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct OrgUnitQuery {
    /// Only units directly under this one.
    parent_id: Option<Uuid>,
    /// Only units of this kind.
    #[param(schema_with = words::<OrgUnitKind>)]
    kind: Option<OrgUnitKind>,
    /// Only the unit with this code.
    code: Option<String>,
    /// The day whose tree is asked for; today if absent.
    as_of: Option<NaiveDate>,
    /// Most items on the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Only items changed at or after this instant, deleted ones included as tombstones.
    updated_since: Option<DateTime<Utc>>,
}

/// The day a read is about.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DayQuery {
    /// The day asked for; today if absent.
    pub as_of: Option<NaiveDate>,
}

/// What a client asks of a history.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct HistoryQuery {
    /// Most items on the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// List org units
///
/// The units with their places on a day, in the order of creation. With `updated_since` the order is
/// that of change, and deleted units appear with `deleted_at`: mirror the list by remembering the
/// largest `updated_at` seen.
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
    let rows = caller
        .read(move |store, actor| {
            actor.may(Action::OrgUnitRead)?;
            Ok(store.org_units(&filter, day.unwrap_or(actor.today), &page)?)
        })
        .await?;
    let (rows, next_cursor) = request.cut(&caller.app, rows, |last| match query.updated_since {
        Some(_) => After::Updated(last.updated_at, last.id.uuid()),
        None => After::Id(last.id.uuid()),
    });
    let items = rows.into_iter().map(OrgUnitView::from).collect();
    let page = OrgUnitPage { items, next_cursor: next_cursor.clone() };
    caller.listed(&page, next_cursor.as_deref())
}

/// Create an org unit
///
/// Adds a unit under another one from a day on. The company is the only unit without one above, and
/// there is one company at most.
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
/// One unit with its place on a day.
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
    caller.found(unit.version, &OrgUnitView::from(unit))
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
    let expected = caller.expected_version()?;
    let (id, Body { value, digest }) = (id.0.into(), body);
    caller
        .change(Some(digest), move |store, actor| {
            update_org_unit(store, actor, id, expected, value.clone())
        })
        .await
}

/// Move an org unit
///
/// Puts a unit under another one from a day on, with everything below it. A place planned for a
/// later day is kept; one that begins on the same day is replaced. Refused if on any of those days a
/// unit would be below itself, or the tree too deep.
#[utoipa::path(tag = "org-units", operation_id = "moveOrgUnit",
    params(("id" = Uuid, Path, description = "Id of the org unit")), request_body = NewMove,
    responses((status = 200, description = "The org unit as of today", body = OrgUnitView)),
    security(("bearer" = []), ("api_key" = ["people:write"])))]
#[post("/{id}/moves")]
async fn relocate(
    caller: Caller,
    id: PathId,
    body: Body<NewMove>,
) -> Result<HttpResponse, Refusal> {
    let expected = caller.expected_version()?;
    let (id, Body { value, digest }) = (id.0.into(), body);
    caller
        .change(Some(digest), move |store, actor| move_org_unit(store, actor, id, expected, &value))
        .await
}

/// List the places of an org unit
///
/// Where the unit was, is and will be in the tree, oldest first.
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
    let (rows, next_cursor) = request.cut(&caller.app, rows, |last| After::Day(last.period.start));
    let items = rows.into_iter().map(PlacementView::from).collect();
    let page = PlacementPage { items, next_cursor: next_cursor.clone() };
    caller.listed(&page, next_cursor.as_deref())
}

/// Delete an org unit
///
/// Takes a unit out of the tree. Refused while people work in it, or units sit under it, today or
/// later.
#[utoipa::path(tag = "org-units", operation_id = "deleteOrgUnit",
    params(("id" = Uuid, Path, description = "Id of the org unit")),
    responses((status = 204, description = "The org unit is gone")),
    security(("bearer" = []), ("api_key" = ["people:write"])))]
#[delete("/{id}")]
async fn remove(caller: Caller, id: PathId) -> Result<HttpResponse, Refusal> {
    let expected = caller.expected_version()?;
    let id = id.0.into();
    caller.change(None, move |store, actor| delete_org_unit(store, actor, id, expected)).await
}

/// Routes of the noun.
pub fn routes(config: &mut ServiceConfig) {
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

/// Adds a unit to the tree.
pub fn create_org_unit(
    store: &mut dyn Store,
    actor: &Actor,
    id: OrgUnitId,
    new: NewOrgUnit,
) -> Result<Reply<OrgUnitView>, Refusal> {
    let permit = actor.may(Action::OrgUnitWrite)?;
    let first = new.effective_from.unwrap_or(actor.today);
    let unit = OrgUnit {
        id,
        code: new.code,
        name: new.name,
        kind: new.kind,
        parent_id: new.parent_id.map(OrgUnitId::from),
        effective_from: Some(first),
        version: 1,
        created_at: actor.now,
        updated_at: actor.now,
        deleted_at: None,
    };
    store.lock_lines()?;
    let place = Period { start: first, end: None };
    match (unit.kind, unit.parent_id) {
        (OrgUnitKind::Company, Some(_)) => {
            return Err(Refusal::TreeInvalid(vec![Violation::new("/parent_id", "not_allowed")]));
        }
        (OrgUnitKind::Company, None) if store.has_company()? => {
            return Err(Refusal::TreeInvalid(vec![Violation::new("/kind", "not_allowed")]));
        }
        (OrgUnitKind::Company, None) => {}
        (_, None) => return Err(Refusal::invalid("/parent_id", "required")),
        (_, Some(parent)) => check_place(store, actor, &unit, parent, place, true)?,
    }
    let record = Record::new("org_unit.created", id, permit.rule())
        .field("code", None::<String>, unit.code.clone())
        .field("name", None::<String>, unit.name.clone())
        .field("kind", None::<String>, unit.kind.to_string())
        .field("parent_id", None::<String>, unit.parent_id.map(|id| id.to_string()))
        .field("effective_from", None::<String>, first.to_string());
    store
        .create_org_unit(Change::new(unit.clone(), record))
        .map_err(|error| Refusal::taken(error, "/code", &unit.code))?;
    Ok(Reply::created(unit.into(), 1, format!("/v1/org-units/{id}")))
}

/// Checks that a unit may be under another one on every day of a place. What hangs below the unit
/// is looked at unless it is new.
fn check_place(
    store: &mut dyn Store,
    actor: &Actor,
    unit: &OrgUnit,
    parent: OrgUnitId,
    place: Period,
    is_new: bool,
) -> Result<(), Refusal> {
    let invalid = |code| Err(Refusal::TreeInvalid(vec![Violation::new("/parent_id", code)]));
    if parent == unit.id {
        return invalid("self_reference");
    }
    let sealed = store.org_unit(parent, place.start)?;
    let Ok((above, _)) = actor.open(store, Action::OrgUnitRead, sealed) else {
        return Err(Refusal::Invalid(vec![
            Violation::new("/parent_id", "unknown_reference").with("value", parent),
        ]));
    };
    if above.effective_from.is_none() || !unit.kind.may_sit_under(above.kind) {
        return invalid("not_allowed");
    }
    let line = store.units_above(parent, Some(unit.id), place)?;
    let below = if is_new {
        vec![Height { levels: 1, days: place }]
    } else {
        store.levels_of_units(unit.id, place)?
    };
    check_line(unit.id, &unit.code, &line, &below)
        .map_err(|fault| Refusal::TreeInvalid(vec![line_fault("/parent_id", &fault)]))
}

/// Changes a unit that is still in the version the caller has read.
pub fn update_org_unit(
    store: &mut dyn Store,
    actor: &Actor,
    id: OrgUnitId,
    expected: i32,
    patch: OrgUnitPatch,
) -> Result<Reply<OrgUnitView>, Refusal> {
    let (before, permit) = open_to_write(store, actor, id, expected)?;
    let after = OrgUnit {
        code: patch.code.unwrap_or_else(|| before.code.clone()),
        name: patch.name.unwrap_or_else(|| before.name.clone()),
        ..changed(&before, actor)
    };
    let record = Record::new("org_unit.updated", id, permit.rule())
        .field("code", before.code, after.code.clone())
        .field("name", before.name, after.name.clone());
    store
        .update_org_unit(Change::new(after.clone(), record))
        .map_err(|error| Refusal::taken(error, "/code", &after.code))?;
    Ok(Reply::changed(after.clone().into(), after.version))
}

/// Gives a unit another place from a day on.
pub fn move_org_unit(
    store: &mut dyn Store,
    actor: &Actor,
    id: OrgUnitId,
    expected: i32,
    new: &NewMove,
) -> Result<Reply<OrgUnitView>, Refusal> {
    let (before, permit) = open_to_write(store, actor, id, expected)?;
    let parent = OrgUnitId::from(new.parent_id);
    let first = new.effective_from.unwrap_or(actor.today);
    store.lock_lines()?;
    let history = store.placements(id, &Page::ALL)?;
    let insertion = insert_stretch(history.iter().map(|place| place.period.start), first);
    check_place(store, actor, &before, parent, insertion.period, false)?;
    let was = history.iter().find(|place| place.period.contains(first));
    let record = Record::new("org_unit.moved", id, permit.rule())
        .field("effective_from", None::<String>, first.to_string())
        .field(
            "parent_id",
            was.and_then(|place| place.parent_id).map(|id| id.to_string()),
            parent.to_string(),
        );
    store.place_org_unit(id, Some(parent), &insertion)?;
    let mut after = changed(&before, actor);
    if insertion.period.contains(actor.today) {
        (after.parent_id, after.effective_from) = (Some(parent), Some(first));
    }
    store.update_org_unit(Change::new(after.clone(), record))?;
    Ok(Reply::changed(after.clone().into(), after.version))
}

/// Takes a unit out of the tree, unless people or units are in it.
pub fn delete_org_unit(
    store: &mut dyn Store,
    actor: &Actor,
    id: OrgUnitId,
    expected: i32,
) -> Result<Reply<OrgUnitView>, Refusal> {
    let (before, permit) = open_to_write(store, actor, id, expected)?;
    store.lock_lines()?;
    let UnitUse { people, units } = store.org_unit_use(id, actor.today)?;
    if people || units {
        return Err(Refusal::InUse(vec![Violation::new("", "not_allowed")]));
    }
    let after = OrgUnit { deleted_at: Some(actor.now), ..changed(&before, actor) };
    let record = Record::new("org_unit.deleted", id, permit.rule());
    store.update_org_unit(Change::new(after, record))?;
    Ok(Reply::empty())
}

/// The unit as of today, if the caller may change it and has read its newest version.
fn open_to_write(
    store: &mut dyn Store,
    actor: &Actor,
    id: OrgUnitId,
    expected: i32,
) -> Result<(OrgUnit, Permit), Refusal> {
    let sealed = store.org_unit(id, actor.today)?;
    let (unit, permit) = actor.open(store, Action::OrgUnitWrite, sealed)?;
    if unit.version == expected { Ok((unit, permit)) } else { Err(Refusal::Stale) }
}

fn changed(unit: &OrgUnit, actor: &Actor) -> OrgUnit {
    OrgUnit { version: unit.version + 1, updated_at: actor.now, ..unit.clone() }
}
