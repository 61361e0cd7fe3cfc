//! Events: the ordered feed of changes, for programs that keep a copy of the data.

use crate::platform::areas::Noun;
use crate::platform::caller::Caller;
use crate::platform::faults::Faults;
use crate::platform::labels::EVENT_TYPES;
use crate::platform::page::{self, DEFAULT_LIMIT};
use crate::platform::parameters::Query;
use crate::platform::problem::Violation;
use crate::platform::refusal::Refusal;
use actix_web::{HttpResponse, get};
use chrono::{DateTime, Utc};
use domain::access::disclosure;
use domain::policy::Action;
use persistence::{After, Event, EventFilter};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

/// One event: ids and names of changed fields, never values.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub struct EventView {
    /// Id of the event; stable.
    pub id: Uuid,
    /// Type of the event, noun and participle; one of `event_types` of `GET /v1/labels`.
    #[serde(rename = "type")]
    #[schema(example = "employee.updated")]
    pub kind: String,
    /// Noun of the changed record.
    #[schema(example = "employee")]
    pub resource: String,
    /// Id of the changed record.
    pub resource_id: Uuid,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// Names of changed fields; ids, if many records changed at once; the head, for
    /// `audit_head.published`.
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
    /// Where to continue: pass it as `after`, at once or when new events are expected. It is opaque
    /// and valid only for this feed.
    #[schema(example = "MDE5N2M5YTg1ZjNlN2E1MQ")]
    pub next_cursor: String,
}

/// Query parameters of the feed.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct EventQuery {
    /// `next_cursor` of the previous page; absent or `0` starts with the first event.
    after: Option<String>,
    /// Only events of these types, separated by commas. Types that do not exist are refused.
    #[param(example = "employee.created,employee.updated")]
    types: Option<String>,
    /// Maximum number of items on the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
}

/// Read the events feed
///
/// The feed is ordered, can be replayed from the start, and has no gaps for a reader. A page may be
/// shorter than `limit` or empty: ask again with `next_cursor`. `event_types` of `GET /v1/labels`
/// lists every type. Events that would disclose a result
/// before its release (`review.result_computed`, `review.grade_moved`, `goal.scored`, drafts and
/// moves) are left out for the person concerned and for every program. Except for moves, that
/// person gets the data by reading the records again after the release.
#[utoipa::path(tag = "events", operation_id = "listEvents", params(EventQuery),
    responses((status = 200, description = "A page of the feed", body = EventPage)),
    security(("bearer" = []), ("api_key" = ["events:read"])))]
#[get("")]
async fn list(caller: Caller, query: Query<EventQuery>) -> Result<HttpResponse, Refusal> {
    let Query(EventQuery { after, types, limit }) = query;
    let limit = limit.unwrap_or(DEFAULT_LIMIT);
    let binding = format!("{}/v1/events", caller.actor.subject.tenant);
    let after = match after.as_deref() {
        None | Some("0") => 0,
        Some(cursor) => match page::open(&caller.app, &binding, cursor)? {
            After::Position(position) => position,
            _ => return Err(Refusal::CursorInvalid),
        },
    };
    let kinds = kinds_in(types.as_deref())?;
    let (events, position) = caller
        .snapshot(move |store, actor| {
            actor.may(Action::EventRead)?;
            let subject = &actor.subject;
            let people: Vec<_> = subject.persons().collect();
            let own = store.own_records(subject.principal.id(), &people)?;
            let withheld = disclosure::withheld(subject, &own);
            let filter = EventFilter { after, kinds: kinds.clone(), withheld };
            let events = store.events(&filter, limit)?;
            let all_read = i64::try_from(events.len()).is_ok_and(|count| count < limit);
            let last = if all_read && !filter.kinds.is_empty() {
                // Of other types too, but only of events that the caller may see: a position that
                // moved with any other event would tell of it.
                store.last_event_of(&EventFilter { kinds: Vec::new(), ..filter })?
            } else {
                events.last().map(|event| event.position)
            };
            Ok((events, last.unwrap_or(after)))
        })
        .await?;
    let next_cursor = page::seal(&caller.app, &binding, &After::Position(position));
    let next_cursor = next_cursor.ok_or_else(|| Refusal::Internal("no key seals".into()))?;
    let page = EventPage { items: events.into_iter().map(EventView::from).collect(), next_cursor };
    caller.listed(&page, None)
}

/// The types in a list separated by commas; none means all.
fn kinds_in(types: Option<&str>) -> Result<Vec<String>, Refusal> {
    let kinds: Vec<&str> =
        types.into_iter().flat_map(|types| types.split(',')).map(str::trim).collect();
    let mut faults = Faults::default();
    for kind in &kinds {
        if !EVENT_TYPES.iter().any(|known| known.value == *kind) {
            faults.push(Violation::new("/query/types", "unknown_event_type").with("value", kind));
        }
    }
    if !faults.is_empty() {
        return Err(Refusal::Malformed(faults.into()));
    }
    Ok(kinds.into_iter().map(str::to_owned).collect())
}

/// The noun.
pub const NOUN: Noun = Noun {
    tags: &[("events", "The ordered feed of what happened, for programs that keep a copy.")],
    ..Noun::of(routes)
};

fn routes(config: &mut ServiceConfig) {
    config.service(scope("/events").service(list));
}
