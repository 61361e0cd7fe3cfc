//! The tenant: the company of the caller.

use crate::access::words;
use crate::platform::areas::{Noun, target};
use crate::platform::caller::{Actor, Caller};
use crate::platform::extract::Body;
use crate::platform::problem::Language;
use crate::platform::refusal::Refusal;
use crate::platform::reply::Reply;
use crate::platform::seen::Seen;
use crate::platform::words::Locale;
use actix_web::{HttpResponse, get, patch};
use chrono::{DateTime, Utc};
use domain::access::tenant::{Tenant, TenantAction};
use domain::core::change::{Change, Record};
use domain::policy::{Action, Protected};
use persistence::Store;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

/// The company.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Tenant)]
pub struct TenantView {
    /// Id of the tenant.
    pub id: Uuid,
    /// The short name people sign in with.
    #[schema(example = "adventure-works")]
    pub slug: String,
    /// Name of the company.
    #[schema(example = "Adventure Works")]
    pub name: String,
    /// Language of texts that are not made for a request.
    #[schema(value_type = Locale)]
    pub locale: String,
    /// IANA time zone that decides business days.
    #[schema(example = "Asia/Shanghai")]
    pub time_zone: String,
    /// Actions that the caller's rights allow now; unmet conditions can still refuse them.
    #[schema(value_type = HashSet<words::TenantAction>)]
    pub allowed_actions: Vec<TenantAction>,
    /// Version of the record: starts at 1 and grows by 1 with each change.
    #[schema(example = 1)]
    pub version: i32,
    /// When the record was created.
    pub created_at: DateTime<Utc>,
    /// When the record was last changed.
    pub updated_at: DateTime<Utc>,
}

impl TenantView {
    fn new(actor: &Actor, tenant: Tenant) -> Self {
        let allowed_actions = actor.offers(Action::TenantUpdate, &tenant.target(actor.today));
        let Tenant { id, slug, name, locale, time_zone, version, created_at, updated_at } = tenant;
        Self {
            id: id.uuid(),
            slug,
            name,
            locale,
            time_zone,
            allowed_actions,
            version,
            created_at,
            updated_at,
        }
    }
}

/// A merge patch of the tenant: an absent property stays as it is.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TenantPatch {
    /// Name of the company.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^\S(.*\S)?$",
        nullable = false,
        example = "Adventure Works Cycles"
    )]
    pub name: Option<String>,
    /// Language of texts that are not made for a request.
    #[schema(value_type = Locale, required = false)]
    pub locale: Option<Language>,
    /// IANA time zone that decides business days.
    #[schema(max_length = 64, nullable = false, example = "Asia/Shanghai")]
    pub time_zone: Option<String>,
}

/// Read the tenant
///
/// Shows the company of the caller.
#[utoipa::path(tag = "tenant", operation_id = "getTenant",
    responses((status = 200, description = "The tenant", body = TenantView)),
    security(("bearer" = []), ("api_key" = ["people:read"])))]
#[get("")]
async fn read(caller: Caller) -> Result<HttpResponse, Refusal> {
    let tenant = caller
        .read(|store, actor| {
            actor.may(Action::TenantRead)?;
            let sealed = store.tenant()?;
            Ok(actor.open(store, Action::TenantRead, sealed)?.0)
        })
        .await?;
    caller.found(tenant.version, &TenantView::new(&caller.actor, tenant))
}

/// Change the tenant
///
/// Merge patch of name, locale and time zone.
#[utoipa::path(tag = "tenant", operation_id = "updateTenant",
    request_body(content = TenantPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The tenant as changed", body = TenantView)),
    security(("bearer" = [])))]
#[patch("")]
async fn update(caller: Caller, body: Body<TenantPatch>) -> Result<HttpResponse, Refusal> {
    let seen = caller.seen()?;
    let Body { value, digest } = body;
    caller
        .change(Some(digest), move |store, actor| update_tenant(store, actor, &seen, value.clone()))
        .await
}

/// The noun.
pub const NOUN: Noun = Noun {
    tags: &[("tenant", "The company.")],
    records: &[(Action::TenantRead, |store, actor, _, id| {
        Ok(target(actor, store.tenant()?)?.filter(|tenant| tenant.id == id))
    })],
    ..Noun::of(routes)
};

fn routes(config: &mut ServiceConfig) {
    config.service(scope("/tenant").service(read).service(update));
}

/// Changes the tenant if the caller has read its current version.
pub fn update_tenant(
    store: &mut dyn Store,
    actor: &Actor,
    seen: &Seen,
    patch: TenantPatch,
) -> Result<Reply<TenantView>, Refusal> {
    actor.may(Action::TenantUpdate)?;
    let sealed = store.tenant()?;
    let (before, permit) = actor.open_seen(store, Action::TenantUpdate, sealed, seen)?;
    if patch.time_zone.as_ref().is_some_and(|zone| zone.parse::<chrono_tz::Tz>().is_err()) {
        return Err(Refusal::invalid("/time_zone", "not_allowed"));
    }
    let after = Tenant {
        name: patch.name.unwrap_or_else(|| before.name.clone()),
        locale: patch.locale.map_or_else(|| before.locale.clone(), |locale| locale.to_string()),
        time_zone: patch.time_zone.unwrap_or_else(|| before.time_zone.clone()),
        version: before.version + 1,
        updated_at: actor.now,
        ..before.clone()
    };
    let record = Record::new("tenant.updated", before.id, permit.rule())
        .field("name", before.name, after.name.clone())
        .field("locale", before.locale, after.locale.clone())
        .field("time_zone", before.time_zone, after.time_zone.clone());
    store.update_tenant(Change::new(after.clone(), record))?;
    let version = after.version;
    Ok(Reply::changed(TenantView::new(actor, after), version))
}
