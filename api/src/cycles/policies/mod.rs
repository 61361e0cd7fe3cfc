//! Performance policies and their versions.

mod cases;
mod settings;
pub mod views;

pub use cases::{create_policy, publish_policy};

use crate::cycles::words;
use crate::platform::app::new_id;
use crate::platform::areas::{Noun, found};
use crate::platform::caller::Caller;
use crate::platform::extract::{Body, PathId, RuledBody};
use crate::platform::parameters::Query;
use crate::platform::refusal::Refusal;
use actix_web::{HttpResponse, get, patch, post};
use chrono::{DateTime, Utc};
use domain::core::id::PolicyId;
use domain::cycles::performance_policy::PerformancePolicy;
use domain::cycles::performance_policy::PolicyState;
use domain::policy::Action;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;
use views::{NewPolicy, PolicyPage, PolicyPatch, PolicyView};

/// Query parameters of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PolicyQuery {
    /// Maximum number of items on the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
    /// `next_cursor` of the previous page.
    cursor: Option<String>,
    /// Only items changed at or after this instant.
    updated_since: Option<DateTime<Utc>>,
    /// Only versions with this code.
    #[param(min_length = 1, max_length = 64)]
    code: Option<String>,
    /// Only versions in this state.
    #[param(value_type = Option<words::PolicyState>)]
    state: Option<PolicyState>,
}

/// List policies
///
/// Lists every version of every policy that the caller may see, in the order of creation; with
/// `updated_since`, in the order of change. Drafts are shown only to people who write policies.
/// Versions are never deleted.
#[utoipa::path(tag = "policies", operation_id = "listPolicies", params(PolicyQuery),
    responses((status = 200, description = "A page of versions", body = PolicyPage)),
    security(("bearer" = []), ("api_key" = ["performance:read"])))]
#[get("")]
async fn list(caller: Caller, query: Query<PolicyQuery>) -> Result<HttpResponse, Refusal> {
    let Query(PolicyQuery { limit, cursor, updated_since, code, state }) = query;
    let request = caller.page(limit, cursor.as_deref(), updated_since)?;
    let page = request.page.clone();
    let rows = caller
        .read(move |store, actor| {
            let filter = cases::visible(actor, code.clone(), state)?;
            let rows = store.policies(&filter, &page)?.into_iter();
            let rows = rows.map(|sealed| actor.show_row(Action::PolicyRead, sealed));
            rows.map(|row| Ok(PolicyView::new(actor, &row?))).collect::<Result<Vec<_>, _>>()
        })
        .await?;
    caller.answer::<PolicyPage, _>(
        &request,
        rows,
        |last| request.place(last.id, last.updated_at),
        |view| view,
    )
}

/// Draft a policy
///
/// Creates a draft: the first version if the code is new, the next version if it is known.
/// Published versions and the cycles that use them do not change. A refusal lists every fault of the
/// settings, those that contradict each other included, each under its name.
#[utoipa::path(tag = "policies", operation_id = "createPolicy", request_body = NewPolicy,
    responses((status = 201, description = "The draft", body = PolicyView)),
    security(("bearer" = [])))]
#[post("")]
async fn create(caller: Caller, body: RuledBody<NewPolicy>) -> Result<HttpResponse, Refusal> {
    let id = PolicyId::from(new_id());
    let RuledBody(Body { value, digest }) = body;
    caller
        .change(Some(digest), move |store, actor| create_policy(store, actor, id, value.clone()))
        .await
}

/// Read a policy
///
/// Shows one version of a policy.
#[utoipa::path(tag = "policies", operation_id = "getPolicy",
    params(("id" = Uuid, Path, description = "Id of the version")),
    responses((status = 200, description = "The version", body = PolicyView)),
    security(("bearer" = []), ("api_key" = ["performance:read"])))]
#[get("/{id}")]
async fn read(caller: Caller, id: PathId) -> Result<HttpResponse, Refusal> {
    let id = id.0.into();
    let view = caller
        .read(move |store, actor| {
            let sealed = store.find(id)?;
            Ok(PolicyView::new(actor, &actor.show(store, Action::PolicyRead, sealed)?.0))
        })
        .await?;
    caller.found(view.version, &view)
}

/// Change a draft
///
/// Merge patch of name and rules. A published version never changes. A refusal lists every fault of
/// the settings, as when a draft is created.
#[utoipa::path(tag = "policies", operation_id = "updatePolicy",
    params(("id" = Uuid, Path, description = "Id of the version")),
    request_body(content = PolicyPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The draft as changed", body = PolicyView)),
    security(("bearer" = [])))]
#[patch("/{id}")]
async fn update(
    caller: Caller,
    id: PathId,
    body: RuledBody<PolicyPatch>,
) -> Result<HttpResponse, Refusal> {
    let seen = caller.seen()?;
    let (id, RuledBody(Body { value, digest })) = (id.0.into(), body);
    caller
        .change(Some(digest), move |store, actor| {
            cases::update_policy(store, actor, id, &seen, value.clone())
        })
        .await
}

/// Publish a policy
///
/// Publishes a draft, so that cycles can use it. A refusal lists every fault of the rules with its
/// place. A dimension is a fault if the rater types that are collected today (the person and the
/// manager) have less than `review.min_weight_share` of its weight, because nobody could be rated
/// in it.
#[utoipa::path(tag = "policies", operation_id = "publishPolicy",
    params(("id" = Uuid, Path, description = "Id of the version")),
    responses((status = 200, description = "The published version", body = PolicyView)),
    security(("bearer" = [])))]
#[post("/{id}/publication")]
async fn publish(caller: Caller, id: PathId) -> Result<HttpResponse, Refusal> {
    let seen = caller.seen()?;
    let id = id.0.into();
    caller.change(None, move |store, actor| publish_policy(store, actor, id, &seen)).await
}

/// The noun.
pub const NOUN: Noun = Noun {
    tags: &[("policies", "What is evaluated, by whom and with which weight, version by version.")],
    records: &[(Action::PolicyRead, found::<PolicyId, PerformancePolicy>)],
    ..Noun::of(routes)
};

fn routes(config: &mut ServiceConfig) {
    config.service(
        scope("/policies")
            .service(list)
            .service(create)
            .service(read)
            .service(update)
            .service(publish),
    );
}
