//! Participants: who takes part in a cycle, and which manager is responsible for whom.

pub mod cases;
pub mod views;

use crate::platform::app::new_id;
use crate::platform::areas::{Noun, found};
use crate::platform::caller::Caller;
use crate::platform::extract::{Body, PathId};
use crate::platform::parameters::Query;
use crate::platform::refusal::Refusal;
use actix_web::{HttpResponse, get, post};
use chrono::{DateTime, Utc};
use domain::core::id::{CycleId, ParticipantId, ReviewId};
use domain::cycles::participant::Participant;
use domain::policy::{Action, FIELD_MASKED, Mask, Shown, visibility};
use persistence::ParticipantFilter;
use serde::Deserialize;
use std::collections::BTreeSet;
use utoipa::IntoParams;
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use views::{ExclusionOrder, Handover, ParticipantPage, ParticipantView};

/// Query parameters of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ParticipantQuery {
    /// Maximum number of items on the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
    /// `next_cursor` of the previous page.
    cursor: Option<String>,
    /// Only items changed at or after this instant.
    updated_since: Option<DateTime<Utc>>,
    /// Only participants of this cycle.
    cycle_id: Option<Uuid>,
    /// Only this person, in any cycle.
    employee_id: Option<Uuid>,
    /// Only participants for whose review this manager is responsible.
    manager_id: Option<Uuid>,
    /// Only participants of this department, as fixed at the launch.
    department_id: Option<Uuid>,
    /// true: only participants who are not evaluated; false: only those who are.
    excluded: Option<bool>,
    /// Whether to say how many items the whole list has.
    count: Option<bool>,
}

/// List participants
///
/// Lists the participants the caller may see: the caller; people whose reviews the caller answers
/// for, or who report to the caller directly or through others; for HR, their units or everybody.
/// Sorted by creation; with `updated_since`, by change. Auditors cannot see manager, department or
/// exclusion, so filters by these return nothing to them. Participants are never deleted.
#[utoipa::path(tag = "participants", operation_id = "listParticipants", params(ParticipantQuery),
    responses((status = 200, description = "A page of participants", body = ParticipantPage)),
    security(("bearer" = []), ("api_key" = ["performance:read"])))]
#[get("")]
async fn list(caller: Caller, query: Query<ParticipantQuery>) -> Result<HttpResponse, Refusal> {
    let Query(query) = query;
    let request = caller.page(query.limit, query.cursor.as_deref(), query.updated_since)?;
    let page = request.page.clone();
    let filter = ParticipantFilter {
        cycle_id: query.cycle_id.map(Into::into),
        employee_id: query.employee_id.map(Into::into),
        manager_id: query.manager_id.map(Into::into),
        department_id: query.department_id.map(Into::into),
        excluded: query.excluded,
    };
    let asks_for_more =
        query.manager_id.is_some() || query.department_id.is_some() || query.excluded.is_some();
    let is_counted = query.count == Some(true);
    let (rows, total) = caller
        .snapshot(move |store, actor| {
            let visible = visibility(&actor.subject, Action::ParticipantRead, actor.today)?;
            if visible.everyone() == Some(Mask::Metadata) && asks_for_more {
                return Err(Refusal::Forbidden(FIELD_MASKED));
            }
            let rows = store.participants(&filter, &visible, &page)?.into_iter().map(|sealed| {
                let target = sealed.target(actor.today);
                visible.show(&actor.subject, Action::ParticipantRead, sealed, &target)
            });
            let rows: Vec<Shown<Participant>> = rows.collect();
            let cycles: BTreeSet<CycleId> = rows.iter().map(|row| row.outline().cycle_id).collect();
            let states = store.cycle_states(&cycles.into_iter().collect::<Vec<_>>())?;
            let view = |row: Shown<Participant>| {
                let state = states.get(&row.outline().cycle_id).copied();
                ParticipantView::new(actor, &row, state)
            };
            let rows = rows.into_iter().map(view).collect::<Vec<_>>();
            let count = || store.count_participants(&filter, &visible, page.updated_since);
            Ok((rows, is_counted.then(count).transpose()?))
        })
        .await?;
    let place = |last: &ParticipantView| request.place(last.id, last.updated_at);
    let part = request.cut(&caller.app, rows, place);
    caller.answer_counted::<ParticipantPage, _>(part, total, |view| view)
}

/// Read a participant
///
/// Shows one person in one cycle, as fixed at the launch of the cycle.
#[utoipa::path(tag = "participants", operation_id = "getParticipant",
    params(("id" = Uuid, Path, description = "Id of the participant")),
    responses((status = 200, description = "The participant", body = ParticipantView)),
    security(("bearer" = []), ("api_key" = ["performance:read"])))]
#[get("/{id}")]
async fn read(caller: Caller, id: PathId) -> Result<HttpResponse, Refusal> {
    let id = ParticipantId::from(id.0);
    let view = caller
        .snapshot(move |store, actor| {
            let sealed = store.find(id)?;
            let (participant, _) = actor.show(store, Action::ParticipantRead, sealed)?;
            let cycle = participant.outline().cycle_id;
            let state = store.cycle_states(&[cycle])?.get(&cycle).copied();
            Ok(ParticipantView::new(actor, &participant, state))
        })
        .await?;
    caller.found(view.version, &view)
}

/// Hand a participant over
///
/// Makes another manager responsible for goals and review, until results are published. A move in
/// the organisation alone does not change who is responsible. Refused if the participant is
/// responsible for the new manager's review, because the two would rate each other, unless
/// `allow_mutual` is set.
#[utoipa::path(tag = "participants", operation_id = "handOverParticipant",
    params(("id" = Uuid, Path, description = "Id of the participant")),
    request_body = Handover,
    responses((status = 200, description = "The participant", body = ParticipantView)),
    security(("bearer" = [])))]
#[post("/{id}/handover")]
async fn hand_over(
    caller: Caller,
    id: PathId,
    body: Body<Handover>,
) -> Result<HttpResponse, Refusal> {
    let seen = caller.seen()?;
    let (id, Body { value, digest }) = (id.0.into(), body);
    caller
        .change(Some(digest), move |store, actor| {
            cases::hand_over(store, actor, id, Some(&seen), value.clone())
        })
        .await
}

/// Exclude a participant
///
/// Takes a person out of the evaluation, before calibration begins. Goals and reviews already
/// written are kept.
#[utoipa::path(tag = "participants", operation_id = "excludeParticipant",
    params(("id" = Uuid, Path, description = "Id of the participant")),
    request_body = ExclusionOrder,
    responses((status = 200, description = "The participant", body = ParticipantView)),
    security(("bearer" = [])))]
#[post("/{id}/exclusion")]
async fn exclude(
    caller: Caller,
    id: PathId,
    body: Body<ExclusionOrder>,
) -> Result<HttpResponse, Refusal> {
    let seen = caller.seen()?;
    let (id, Body { value, digest }) = (id.0.into(), body);
    caller
        .change(Some(digest), move |store, actor| {
            cases::exclude(store, actor, id, &seen, value.clone())
        })
        .await
}

/// Include a participant
///
/// Takes an excluded person back into the evaluation, before calibration begins. People employed
/// for less than three months still do not count towards the quotas.
#[utoipa::path(tag = "participants", operation_id = "includeParticipant",
    params(("id" = Uuid, Path, description = "Id of the participant")),
    request_body = ExclusionOrder,
    responses((status = 200, description = "The participant", body = ParticipantView)),
    security(("bearer" = [])))]
#[post("/{id}/inclusion")]
async fn include(
    caller: Caller,
    id: PathId,
    body: Body<ExclusionOrder>,
) -> Result<HttpResponse, Refusal> {
    let seen = caller.seen()?;
    let review = ReviewId::from(new_id());
    let (id, Body { value, digest }) = (id.0.into(), body);
    caller
        .change(Some(digest), move |store, actor| {
            cases::include(store, actor, id, &seen, review, value.clone())
        })
        .await
}

/// The noun.
pub const NOUN: Noun = Noun {
    tags: &[("participants", "Who takes part in a cycle, and who answers for whom.")],
    records: &[(Action::ParticipantRead, found::<ParticipantId, Participant>)],
    ..Noun::of(routes)
};

fn routes(config: &mut ServiceConfig) {
    config.service(
        scope("/participants")
            .service(list)
            .service(read)
            .service(hand_over)
            .service(exclude)
            .service(include),
    );
}
