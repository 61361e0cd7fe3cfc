//! Events: the ordered feed of what happened, for programs that keep a copy.

use crate::caller::Caller;
use crate::extract::Query;
use crate::page::{DEFAULT_LIMIT, MAX_LIMIT};
use crate::problem::Violation;
use crate::refusal::Refusal;
use actix_web::{HttpResponse, get};
use chrono::{DateTime, Utc};
use domain::policy::Action;
use persistence::Event;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

/// One fact of the feed: ids and names of changed fields, never values.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub struct EventView {
    /// Its id; the same fact always has the same id.
    pub id: Uuid,
    /// Noun and participle.
    #[serde(rename = "type")]
    #[schema(example = "employee.updated")]
    pub kind: String,
    /// The noun.
    #[schema(example = "employee")]
    pub resource: String,
    /// Which one.
    pub resource_id: Uuid,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// Names of changed fields, and ids where many were changed at once.
    #[schema(example = json!({ "fields": ["email"] }))]
    pub data: BTreeMap<String, serde_json::Value>,
}

impl From<Event> for EventView {
    fn from(event: Event) -> Self {
        Self {
            id: event.id,
            kind: event.kind,
            resource: event.resource,
            resource_id: event.resource_id,
            at: event.at,
            data: serde_json::from_str(&event.data).unwrap_or_default(),
        }
    }
}

/// A page of the feed.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventPage {
    /// The events, in the order in which they were committed.
    pub items: Vec<EventView>,
    /// Where to go on: pass it as `after`, now or when new events are expected.
    #[schema(example = "42")]
    pub next_cursor: String,
}

/// What a client asks of the feed.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct EventQuery {
    /// `next_cursor` of the page before; absent starts with the first event.
    after: Option<String>,
    /// Only these types, separated by commas.
    #[param(example = "employee.created,employee.updated")]
    types: Option<String>,
    /// Most items on the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
}

/// Read the events feed
///
/// Ordered, without gaps, replayable from the start. A page may be shorter than `limit` or empty:
/// ask again with `next_cursor`.
#[utoipa::path(tag = "events", operation_id = "listEvents", params(EventQuery),
    responses((status = 200, description = "A page of the feed", body = EventPage)),
    security(("bearer" = []), ("api_key" = ["events:read"])))]
#[get("")]
async fn list(caller: Caller, query: Query<EventQuery>) -> Result<HttpResponse, Refusal> {
    let Query(EventQuery { after, types, limit }) = query;
    let limit = limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(Refusal::Malformed(vec![
            Violation::new("/query/limit", "out_of_range").with("min", 1).with("max", MAX_LIMIT),
        ]));
    }
    let position = match &after {
        None => 0,
        Some(cursor) => {
            cursor.parse::<i64>().ok().filter(|at| *at >= 0).ok_or(Refusal::CursorInvalid)?
        }
    };
    let kinds: Vec<String> =
        types.iter().flat_map(|list| list.split(',')).map(|kind| kind.trim().to_owned()).collect();
    let events = caller
        .read(move |store, actor| {
            actor.may(Action::EventRead)?;
            Ok(store.events(position, &kinds, limit)?)
        })
        .await?;
    let next_cursor = events.last().map_or(position, |event| event.position).to_string();
    let page = EventPage { items: events.into_iter().map(EventView::from).collect(), next_cursor };
    caller.listed(&page, None)
}

/// Routes of the noun.
pub fn routes(config: &mut ServiceConfig) {
    config.service(scope("/events").service(list));
}
