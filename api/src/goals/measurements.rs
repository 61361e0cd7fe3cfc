//! Measurements: actual values of indicators, reported once or a hundred times (R48).

use super::cases::{open_in_full, open_to_change, refuse_faults};
use crate::app::new_id;
use crate::caller::{Actor, Caller};
use crate::extract::{Body, PathId, Query};
use crate::org_units::HistoryQuery;
use crate::problem::Violation;
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::transition::fault;
use actix_web::{HttpResponse, get, post};
use chrono::{DateTime, NaiveDate, Utc};
use domain::change::{Change, Record};
use domain::goal::{Goal, GoalAction, GoalKind, Measurement};
use domain::id::{GoalId, MeasurementId};
use domain::number::Exact;
use domain::policy::Action;
use domain::settings::Settings;
use persistence::{After, Page, Store};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// An actual value of an indicator for one period, in one revision.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Measurement)]
pub struct MeasurementView {
    /// Its id; each revision has its own.
    pub id: Uuid,
    /// The indicator.
    pub goal_id: Uuid,
    /// First day of the period that was measured.
    pub period_start: NaiveDate,
    /// Where it comes from.
    #[schema(example = "crm")]
    pub source: String,
    /// Its key there.
    #[schema(example = "revenue-2026-03")]
    pub external_id: String,
    /// Number of the revision, from 1; the last one counts.
    #[schema(example = 1)]
    pub revision: i32,
    /// The value.
    #[schema(value_type = String, example = "98500.50")]
    pub value: Exact,
    /// Who reported it: an account or a key.
    pub author_id: Uuid,
    /// When.
    pub created_at: DateTime<Utc>,
}

impl From<Measurement> for MeasurementView {
    fn from(measurement: Measurement) -> Self {
        Self {
            id: measurement.id.uuid(),
            goal_id: measurement.goal_id.uuid(),
            period_start: measurement.period_start,
            source: measurement.source,
            external_id: measurement.external_id,
            revision: measurement.revision,
            value: measurement.value,
            author_id: measurement.author_id,
            created_at: measurement.created_at,
        }
    }
}

/// A page of measurements.
#[derive(Debug, Serialize, ToSchema)]
pub struct MeasurementPage {
    /// The measurements with all their revisions, in the order in which they came.
    pub items: Vec<MeasurementView>,
    /// Goes on behind the last item; null on the last page.
    pub next_cursor: Option<String>,
}

/// A value that was measured. Period, source and external id are its key.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMeasurement {
    /// First day of the period that was measured, within the goal's.
    pub period_start: NaiveDate,
    /// Where it comes from.
    #[schema(min_length = 1, max_length = 64, pattern = r"^\S(.*\S)?$", example = "crm")]
    pub source: String,
    /// Its key there.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^\S(.*\S)?$",
        example = "revenue-2026-03"
    )]
    pub external_id: String,
    /// The value, in the indicator's unit.
    #[schema(value_type = String, pattern = r"^-?\d{1,18}(\.\d{1,10})?$", example = "98500.50")]
    pub value: Exact,
}

/// Report a measurement
///
/// An actual value of an indicator. The same value again changes nothing and is answered with 200;
/// another value under the same period, source and external id is a new revision, and counts from
/// then on. The progress of the goal follows.
#[utoipa::path(tag = "goals", operation_id = "createMeasurement",
    params(("id" = Uuid, Path, description = "Id of the goal")), request_body = NewMeasurement,
    responses(
        (status = 201, description = "The measurement, or its new revision", body = MeasurementView),
        (status = 200, description = "The measurement, known already", body = MeasurementView)),
    security(("bearer" = []), ("api_key" = ["performance:write"])))]
#[post("/{id}/measurements")]
pub(super) async fn create(
    caller: Caller,
    id: PathId,
    body: Body<NewMeasurement>,
) -> Result<HttpResponse, Refusal> {
    let (goal, measurement) = (id.0.into(), new_id().into());
    let Body { value, digest } = body;
    caller
        .change(Some(digest), move |store, actor| {
            create_measurement(store, actor, goal, measurement, value.clone())
        })
        .await
}

/// List measurements
///
/// Actual values of the indicator with all their revisions, in the order in which they came.
#[utoipa::path(tag = "goals", operation_id = "listMeasurements",
    params(("id" = Uuid, Path, description = "Id of the goal"), HistoryQuery),
    responses((status = 200, description = "A page of measurements", body = MeasurementPage)),
    security(("bearer" = []), ("api_key" = ["performance:read"])))]
#[get("/{id}/measurements")]
pub(super) async fn list(
    caller: Caller,
    id: PathId,
    query: Query<HistoryQuery>,
) -> Result<HttpResponse, Refusal> {
    let id = id.0.into();
    let request = caller.page(query.0.limit, query.0.cursor.as_deref(), None)?;
    let page = request.page.clone();
    let rows = caller
        .snapshot(move |store, actor| {
            open_in_full(store, actor, id)?;
            Ok(store.measurements(id, &page)?)
        })
        .await?;
    let (items, next_cursor) = request.cut(&caller.app, rows, |last| After::Id(last.id));
    let page = MeasurementPage { items, next_cursor: next_cursor.clone() };
    caller.listed(&page, next_cursor.as_deref())
}

/// Takes an actual value down: new, known already, or a new revision.
pub fn create_measurement(
    store: &mut dyn Store,
    actor: &Actor,
    id: GoalId,
    measurement_id: MeasurementId,
    new: NewMeasurement,
) -> Result<Reply<MeasurementView>, Refusal> {
    let opened = open_to_change(store, actor, Action::MeasurementWrite, id, None)?;
    opened.expect(actor, GoalAction::Measurement)?;
    let review = opened.rated_review(store, actor)?;
    let before = &opened.goal;
    refuse_faults(faults(before, &new, &opened.frame.settings))?;
    let mut all = store.measurements(id, &Page::ALL)?;
    let is_same = |known: &&Measurement| {
        (known.period_start, &known.source, &known.external_id)
            == (new.period_start, &new.source, &new.external_id)
    };
    let last = all.iter().filter(is_same).max_by_key(|known| known.revision);
    if let Some(last) = last.filter(|last| last.value == new.value) {
        return Ok(Reply::changed(last.clone().into(), last.revision));
    }
    let measurement = Measurement {
        id: measurement_id,
        goal_id: id,
        period_start: new.period_start,
        revision: last.map_or(1, |last| last.revision + 1),
        source: new.source,
        external_id: new.external_id,
        value: new.value,
        author_id: actor.subject.principal.id(),
        created_at: actor.now,
    };
    let value = |known: &Measurement| known.value.to_string();
    let rule = opened.permit.rule();
    let name = if last.is_some() { "measurement.corrected" } else { "measurement.created" };
    let record = Record::new(name, measurement_id, rule)
        .field("goal_id", None::<String>, id.to_string())
        .field("value", last.map(value), value(&measurement));
    all.push(measurement.clone());
    let progress = before
        .content
        .progress(&[], &all, &opened.frame.settings)
        .map_err(|error| Refusal::Invalid(vec![fault("/value", &error)]))?;
    store.create_measurement(Change::new(measurement.clone(), record))?;
    if progress != before.progress {
        let text = |progress: Option<Decimal>| progress.map(|progress| progress.to_string());
        let record = Record::new("goal.measured", id, rule).field(
            "progress",
            text(before.progress),
            text(progress),
        );
        let after = Goal { progress, ..before.clone() };
        opened.save(store, actor, after, record)?;
    }
    opened.follow(store, actor, review)?;
    let revision = measurement.revision;
    let place = format!("/v1/goals/{id}/measurements");
    Ok(Reply::created(measurement.into(), revision, place))
}

/// What is wrong with a value that was measured: outside the goal's period, or nothing the method
/// could score.
fn faults(goal: &Goal, new: &NewMeasurement, settings: &Settings) -> Vec<Violation> {
    let outside = !goal.content.period.contains(new.period_start);
    let outside = outside.then(|| Violation::new("/period_start", "period_invalid"));
    let unscorable = match &goal.content.kind {
        GoalKind::Indicator(indicator) => indicator.method.score(Some(&new.value), settings).err(),
        GoalKind::Objective { .. } => None,
    };
    outside.into_iter().chain(unscorable.map(|error| fault("/value", &error))).collect()
}
