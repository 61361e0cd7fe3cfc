//! API keys, with which programs sign in.

use crate::access::words;
use crate::platform::app::{new_id, seed};
use crate::platform::areas::{Noun, target};
use crate::platform::auth::secret::{Secret, withheld};
use crate::platform::caller::{Actor, Caller};
use crate::platform::extract::{Body, PathId};
use crate::platform::page::page_of;
use crate::platform::parameters::Query;
use crate::platform::problem::Violation;
use crate::platform::refusal::Refusal;
use crate::platform::reply::Reply;
use crate::platform::seen::Seen;
use actix_web::{HttpResponse, delete, get, post};
use chrono::{DateTime, NaiveDate, Utc};
use domain::access::account::{ApiKey, ApiKeyAction, Owner};
use domain::core::change::{Change, Record};
use domain::core::id::{AccountId, ApiKeyId};
use domain::core::text::TextEnum;
use domain::core::time::to_micros;
use domain::policy::{Action, Principal, Protected, Scope};
use persistence::Store;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

/// A key with which a program signs in.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub struct ApiKeyView {
    /// Id of the key.
    pub id: Uuid,
    /// Purpose of the key.
    #[schema(example = "HRIS sync")]
    pub name: String,
    /// The part of the key that may be shown; distinguishes keys.
    #[schema(example = "5f1c9c1e2f0b")]
    pub prefix: String,
    /// Scopes of the key.
    #[schema(value_type = HashSet<words::Scope>)]
    pub scopes: Vec<Scope>,
    /// Unit whose people, and those of all units below it, the key is limited to; null for no
    /// limit.
    pub org_unit_id: Option<Uuid>,
    /// Account responsible for the key. The key may do at most what this account may do, and stops
    /// working with it.
    pub owner_account_id: Uuid,
    /// Account that created the key and has seen its secret.
    pub made_by: Option<Uuid>,
    /// Whether the key works today: it is not revoked or expired, and its owner is HR
    /// administrator.
    #[schema(example = true)]
    pub is_working: bool,
    /// Last day on which the key works, because a role or the employment of its owner ends; null if
    /// no such day is known, or if the key does not work.
    #[schema(example = "2026-12-31")]
    pub stops_on: Option<NaiveDate>,
    /// Time from which the key is refused; null if it does not expire.
    pub expires_at: Option<DateTime<Utc>>,
    /// Time of the last use, to the minute; null if it was never used.
    pub last_used_at: Option<DateTime<Utc>>,
    /// The whole key. Only in the answer that creates it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "evh_0197c9a85f3e7a519c7d0d8b1f0f6a11_5f1c9c1e2f0b_8d0f")]
    pub secret: Option<String>,
    /// Actions that the caller's rights allow now; unmet conditions can still refuse them.
    #[schema(value_type = HashSet<words::ApiKeyAction>)]
    pub allowed_actions: Vec<ApiKeyAction>,
    /// Version of the record: starts at 1 and grows by 1 with each change.
    #[schema(example = 1)]
    pub version: i32,
    /// When the record was created.
    pub created_at: DateTime<Utc>,
    /// When the record was last changed.
    pub updated_at: DateTime<Utc>,
    /// When the key was revoked; shown only in lists with `updated_since`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<DateTime<Utc>>,
}

impl ApiKeyView {
    fn new(actor: &Actor, key: ApiKey, owner: Option<&Owner>) -> Self {
        let is_open = key.deleted_at.is_none() && key.expires_at.is_none_or(|end| actor.now < end);
        let owner = owner.filter(|owner| is_open && owner.lets_work(actor.today));
        let is_own = actor.subject.principal.id() == key.owner_account_id.uuid();
        let mut allowed_actions = match key.deleted_at {
            None => actor.offers(Action::ApiKeyWrite, &key.target(actor.today)),
            Some(_) => Vec::new(),
        };
        allowed_actions.retain(|action| *action != ApiKeyAction::Takeover || !is_own);
        Self {
            allowed_actions,
            id: key.id.uuid(),
            name: key.name,
            prefix: key.prefix,
            scopes: key.scopes,
            org_unit_id: key.org_unit_id.map(Uuid::from),
            owner_account_id: key.owner_account_id.uuid(),
            made_by: key.made_by.map(Uuid::from),
            is_working: owner.is_some(),
            stops_on: owner.and_then(|owner| owner.stops_on(actor.today)),
            expires_at: key.expires_at,
            last_used_at: key.last_used_at,
            secret: None,
            version: key.version,
            created_at: key.created_at,
            updated_at: key.updated_at,
            deleted_at: key.deleted_at,
        }
    }
}

/// Keys as they are shown, each with the state of its owner.
fn views(
    store: &mut dyn Store,
    actor: &Actor,
    keys: Vec<ApiKey>,
) -> Result<Vec<ApiKeyView>, Refusal> {
    let owners: Vec<_> = keys.iter().map(|key| key.owner_account_id).collect();
    let owners = store.key_owners(&owners)?;
    let view = |key: ApiKey| {
        let owner = owners.get(&key.owner_account_id);
        ApiKeyView::new(actor, key, owner)
    };
    Ok(keys.into_iter().map(view).collect())
}

fn view(store: &mut dyn Store, actor: &Actor, key: ApiKey) -> Result<ApiKeyView, Refusal> {
    views(store, actor, vec![key])?.pop().ok_or(Refusal::NotFound)
}

page_of! {
    /// A page of API keys.
    pub struct ApiKeyPage
    /// The keys, in the order of creation; with `updated_since`, in the order of change.
    of ApiKeyView, created by Action::ApiKeyWrite
}

/// A new API key.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewApiKey {
    /// Purpose of the key.
    #[schema(min_length = 1, max_length = 200, pattern = r"^\S(.*\S)?$", example = "HRIS sync")]
    pub name: String,
    /// Scopes of the key; at least one.
    #[schema(value_type = HashSet<words::Scope>, min_items = 1)]
    pub scopes: Vec<Scope>,
    /// Limits the key to the people of this unit and of all units below it; no limit if absent.
    pub org_unit_id: Option<Uuid>,
    /// Time from which the key is refused; if absent, it does not expire.
    pub expires_at: Option<DateTime<Utc>>,
}

/// Query parameters of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ApiKeyQuery {
    /// Maximum number of items on the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
    /// `next_cursor` of the previous page.
    cursor: Option<String>,
    /// Only items changed at or after this instant; revoked keys are included as tombstones.
    updated_since: Option<DateTime<Utc>>,
    /// Only keys this account is responsible for.
    owner_account_id: Option<Uuid>,
}

/// List API keys
///
/// Lists the keys of the company, without their secrets. With `updated_since` they are sorted by
/// change, and revoked keys appear with `deleted_at`. Each key shows whether it works today and
/// when it will stop, so that somebody else can take it over in time.
#[utoipa::path(tag = "api-keys", operation_id = "listApiKeys", params(ApiKeyQuery),
    responses((status = 200, description = "A page of API keys", body = ApiKeyPage)),
    security(("bearer" = [])))]
#[get("")]
async fn list(caller: Caller, query: Query<ApiKeyQuery>) -> Result<HttpResponse, Refusal> {
    let Query(ApiKeyQuery { limit, cursor, updated_since, owner_account_id }) = query;
    let request = caller.page(limit, cursor.as_deref(), updated_since)?;
    let page = request.page.clone();
    let owner = owner_account_id.map(Into::into);
    let rows = caller
        .read(move |store, actor| {
            actor.may(Action::ApiKeyRead)?;
            let keys = store.api_keys(owner, &page)?;
            views(store, actor, keys)
        })
        .await?;
    caller.answer::<ApiKeyPage, _>(
        &request,
        rows,
        |last| request.place(last.id, last.updated_at),
        |row| row,
    )
}

/// Create an API key
///
/// The caller becomes responsible for it. The answer shows the whole key, only once; a replay shows
/// null instead.
#[utoipa::path(tag = "api-keys", operation_id = "createApiKey", request_body = NewApiKey,
    responses((status = 201, description = "The new API key", body = ApiKeyView)),
    security(("bearer" = [])))]
#[post("")]
async fn create(caller: Caller, body: Body<NewApiKey>) -> Result<HttpResponse, Refusal> {
    let id = ApiKeyId::from(new_id());
    let (secret, prefix) = Secret::api_key(caller.actor.subject.tenant, seed(), seed());
    let Body { value, digest } = body;
    caller
        .change(Some(digest), move |store, actor| {
            create_api_key(store, actor, id, value.clone(), prefix.clone(), &secret)
        })
        .await
}

/// Read an API key
///
/// Shows one key, without its secret.
#[utoipa::path(tag = "api-keys", operation_id = "getApiKey",
    params(("id" = Uuid, Path, description = "Id of the API key")),
    responses((status = 200, description = "The API key", body = ApiKeyView)),
    security(("bearer" = [])))]
#[get("/{id}")]
async fn read(caller: Caller, id: PathId) -> Result<HttpResponse, Refusal> {
    let id = id.0.into();
    let key = caller
        .read(move |store, actor| {
            let sealed = store.api_key(id)?;
            let (key, _) = actor.open(store, Action::ApiKeyRead, sealed)?;
            view(store, actor, key)
        })
        .await?;
    caller.found(key.version, &key)
}

/// Take an API key over
///
/// The caller becomes responsible for the key; its secret stays the same. This keeps a key working
/// when its present owner loses the role or leaves.
#[utoipa::path(tag = "api-keys", operation_id = "takeOverApiKey",
    params(("id" = Uuid, Path, description = "Id of the API key")),
    responses((status = 200, description = "The API key of the new owner", body = ApiKeyView)),
    security(("bearer" = [])))]
#[post("/{id}/takeover")]
async fn take_over(caller: Caller, id: PathId) -> Result<HttpResponse, Refusal> {
    let seen = caller.seen()?;
    let id = id.0.into();
    caller.change(None, move |store, actor| take_over_api_key(store, actor, id, &seen)).await
}

/// Revoke an API key
///
/// From then on, within a second, the key is refused.
#[utoipa::path(tag = "api-keys", operation_id = "deleteApiKey",
    params(("id" = Uuid, Path, description = "Id of the API key")),
    responses((status = 204, description = "The key is revoked")),
    security(("bearer" = [])))]
#[delete("/{id}")]
async fn remove(caller: Caller, id: PathId) -> Result<HttpResponse, Refusal> {
    let seen = caller.seen()?;
    let id = id.0.into();
    caller.change(None, move |store, actor| revoke_api_key(store, actor, id, &seen)).await
}

/// The noun.
pub const NOUN: Noun = Noun {
    tags: &[("api-keys", "Keys with which programs sign in.")],
    records: &[(Action::ApiKeyRead, |store, actor, _, id| {
        target(actor, store.api_key(id.into())?)
    })],
    ..Noun::of(routes)
};

fn routes(config: &mut ServiceConfig) {
    config.service(
        scope("/api-keys")
            .service(list)
            .service(create)
            .service(read)
            .service(take_over)
            .service(remove),
    );
}

/// Creates a key for which the caller is responsible.
pub fn create_api_key(
    store: &mut dyn Store,
    actor: &Actor,
    id: ApiKeyId,
    new: NewApiKey,
    prefix: String,
    secret: &Secret,
) -> Result<Reply<ApiKeyView>, Refusal> {
    let permit = actor.may(Action::ApiKeyWrite)?;
    if new.expires_at.is_some_and(|end| end <= actor.now) {
        return Err(Refusal::invalid("/expires_at", "not_allowed"));
    }
    let key = ApiKey {
        id,
        name: new.name,
        prefix,
        scopes: new.scopes,
        org_unit_id: new.org_unit_id.map(Into::into),
        owner_account_id: owner(actor)?,
        made_by: Some(owner(actor)?),
        expires_at: new.expires_at.map(to_micros),
        last_used_at: None,
        version: 1,
        created_at: actor.now,
        updated_at: actor.now,
        deleted_at: None,
    };
    if let Some(unit) = key.org_unit_id
        && store.org_unit(unit, actor.today)?.is_none()
    {
        return Err(Refusal::unknown("/org_unit_id", unit.uuid()));
    }
    let scopes: Vec<_> = key.scopes.iter().map(|scope| scope.as_str()).collect();
    let record = Record::new("api_key.created", id, permit.rule())
        .field("name", None::<String>, key.name.clone())
        .field("scopes", None::<String>, scopes)
        .field("org_unit_id", None::<String>, new.org_unit_id.map(|unit| unit.to_string()))
        .field("expires_at", None::<String>, key.expires_at.map(|end| end.to_rfc3339()));
    store.create_api_key(Change::new(key.clone(), record), &secret.hash)?;
    let view = ApiKeyView { secret: Some(secret.text.clone()), ..view(store, actor, key)? };
    let kept = withheld(&view, "secret");
    Ok(Reply::created(view, 1, format!("/v1/api-keys/{id}")).replayed_as(kept))
}

/// Makes the caller responsible for somebody else's key.
pub fn take_over_api_key(
    store: &mut dyn Store,
    actor: &Actor,
    id: ApiKeyId,
    seen: &Seen,
) -> Result<Reply<ApiKeyView>, Refusal> {
    let sealed = store.api_key(id)?;
    let (before, permit) = actor.open(store, Action::ApiKeyWrite, sealed)?;
    let owner_account_id = owner(actor)?;
    seen.check(before.version)?;
    if before.owner_account_id == owner_account_id {
        return Err(Refusal::GuardFailed(vec![Violation::new("", "key_is_own")]));
    }
    let record = Record::new("api_key.taken_over", id, permit.rule()).field(
        "owner_account_id",
        before.owner_account_id.to_string(),
        owner_account_id.to_string(),
    );
    let version = before.version + 1;
    let after = ApiKey { owner_account_id, version, updated_at: actor.now, ..before };
    store.update_api_key(Change::new(after.clone(), record))?;
    Ok(Reply::changed(view(store, actor, after)?, version))
}

/// Revokes a key if the caller has read its current version.
pub fn revoke_api_key(
    store: &mut dyn Store,
    actor: &Actor,
    id: ApiKeyId,
    seen: &Seen,
) -> Result<Reply<ApiKeyView>, Refusal> {
    let sealed = store.api_key(id)?;
    let (before, permit) = actor.open_seen(store, Action::ApiKeyWrite, sealed, seen)?;
    let after = ApiKey {
        version: before.version + 1,
        updated_at: actor.now,
        deleted_at: Some(actor.now),
        ..before
    };
    let record = Record::new("api_key.deleted", id, permit.rule());
    store.update_api_key(Change::new(after, record))?;
    Ok(Reply::empty())
}

/// The caller's account, which becomes responsible for a key. A program may not create keys.
fn owner(actor: &Actor) -> Result<AccountId, Refusal> {
    match actor.subject.principal {
        Principal::Person(account) => Ok(account),
        Principal::Service { .. } => Err(Refusal::Forbidden(domain::policy::NO_RULE)),
    }
}
