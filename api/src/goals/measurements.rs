//! Measurements: actual values of indicators. Repeating the same report changes nothing (R48).

use super::cases::{open_in_full, open_to_change, refuse_faults};
use super::history;
use super::measurement_import::import_measurements;
use super::withdrawals::{self, WithdrawalReason, WithdrawalView};
use crate::goals::words;
use crate::people::org_units::HistoryQuery;
use crate::platform::app::new_id;
use crate::platform::areas::{Noun, target};
use crate::platform::caller::{Actor, Caller};
use crate::platform::extract::{Body, PathId};
use crate::platform::page::page_of;
use crate::platform::parameters::Query;
use crate::platform::problem::Violation;
use crate::platform::refusal::Refusal;
use crate::platform::reply::{Answered, Reply};
use crate::platform::seen::Seen;
use crate::platform::transition::fault;
use actix_web::{get, post};
use chrono::{DateTime, NaiveDate, Utc};
use domain::core::change::{Change, Record};
use domain::core::id::{GoalId, MeasurementId};
use domain::core::number::Exact;
use domain::goals::goal::{
    Goal, GoalAction, GoalKind, Measurement, Report, ReportAction, Reported,
};
use domain::policy::{Action, Target};
use persistence::{After, Page, Store};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use utoipa::ToSchema;
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

/// One revision of the actual value of an indicator for one period.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Measurement)]
pub struct MeasurementView {
    /// Id of the measurement; each revision has its own.
    pub id: Uuid,
    /// Id of the indicator.
    pub goal_id: Uuid,
    /// First day of the measured period.
    pub period_start: NaiveDate,
    /// System or person that the value comes from.
    #[schema(example = "crm")]
    pub source: String,
    /// Key of the value in its source.
    #[schema(example = "revenue-2026-03")]
    pub external_id: String,
    /// Revision number, from 1; the latest revision counts.
    #[schema(example = 1)]
    pub revision: i32,
    /// The value, in the indicator's unit.
    #[schema(value_type = String, example = "98500.50")]
    pub value: Exact,
    /// Account or API key that reported it.
    pub author_id: Uuid,
    /// When this revision was reported.
    pub created_at: DateTime<Utc>,
    /// Whether the value is part of the indicator's actual: the latest revision that was not
    /// withdrawn, from a source that counts for its period.
    #[schema(example = true)]
    pub counts: bool,
    /// When, by whom and why it was withdrawn; null while it is valid.
    #[schema(required = true)]
    pub withdrawal: Option<WithdrawalView>,
    /// Actions that the caller's rights allow now; unmet conditions can still refuse them.
    #[schema(value_type = HashSet<words::ReportAction>)]
    pub allowed_actions: Vec<ReportAction>,
    /// Version of the record: 1, and 2 after a withdrawal.
    #[schema(example = 1)]
    pub version: i32,
}

impl MeasurementView {
    /// A measurement of a goal that stands to the caller as `target` says; `counted` are the ids of the
    /// measurements that count.
    fn new(
        actor: &Actor,
        (goal, target): (&Goal, &Target),
        measurement: Measurement,
        counted: &HashSet<MeasurementId>,
    ) -> Self {
        Self {
            allowed_actions: withdrawals::offered(actor, goal, target, &measurement),
            counts: counted.contains(&measurement.id),
            version: measurement.version(),
            id: measurement.id.uuid(),
            goal_id: measurement.goal_id.uuid(),
            period_start: measurement.period_start,
            source: measurement.source,
            external_id: measurement.external_id,
            revision: measurement.revision,
            value: measurement.value,
            author_id: measurement.author_id,
            created_at: measurement.created_at,
            withdrawal: measurement.withdrawal.map(WithdrawalView::new),
        }
    }
}

/// The measurements of a goal that count towards its actual.
fn counted(goal: &Goal, all: &[Measurement]) -> HashSet<MeasurementId> {
    match &goal.content.kind {
        GoalKind::Indicator(indicator) => indicator.counted(all).iter().map(|it| it.id).collect(),
        GoalKind::Objective { .. } => HashSet::new(),
    }
}

page_of! {
    /// A page of measurements.
    pub struct MeasurementPage
    /// The measurements with all their revisions, in the order they were reported.
    of MeasurementView
}

/// A measured value. Period, source and external id identify it.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMeasurement {
    /// First day of the measured period. It lies within the goal's period and is not in the future.
    /// While the measured period is running, the value is provisional: correct it when the period
    /// is over.
    pub period_start: NaiveDate,
    /// System or person that the value comes from.
    #[schema(min_length = 1, max_length = 64, pattern = r"^\S(.*\S)?$", example = "crm")]
    pub source: String,
    /// Key of the value in its source.
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
/// Reports an actual value of an indicator. Sending the same value again changes nothing and
/// returns 200. A different value with the same period, source and external id becomes a new
/// revision, which counts from then on. If several sources report the same period, one of them
/// counts, unless the indicator says otherwise. The progress of the goal is updated.
#[utoipa::path(tag = "goals", operation_id = "createMeasurement",
    params(("id" = Uuid, Path, description = "Id of the goal")), request_body = NewMeasurement,
    responses(
        (status = 201, description = "The measurement, or its new revision", body = MeasurementView),
        (status = 200, description = "The measurement, known already", body = MeasurementView)),
    security(("bearer" = []), ("api_key" = ["performance:write"])))]
#[post("/{id}/measurements")]
pub(super) async fn create(caller: Caller, id: PathId, body: Body<NewMeasurement>) -> Answered {
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
/// Lists actual values of the indicator with all their revisions, in the order they were reported.
#[utoipa::path(tag = "goals", operation_id = "listMeasurements",
    params(("id" = Uuid, Path, description = "Id of the goal"), HistoryQuery),
    responses((status = 200, description = "A page of measurements", body = MeasurementPage)),
    security(("bearer" = []), ("api_key" = ["performance:read"])))]
#[get("/{id}/measurements")]
pub(super) async fn list(caller: Caller, id: PathId, query: Query<HistoryQuery>) -> Answered {
    let place = |last: &MeasurementView| After::Id(last.id);
    history::<MeasurementPage>(caller, id, query, place, |store, actor, (goal, target), page| {
        let counted = counted(goal, &store.measurements(goal.id, &Page::ALL)?);
        let shown = store.measurements(goal.id, page)?.into_iter();
        Ok(shown.map(|it| MeasurementView::new(actor, (goal, target), it, &counted)).collect())
    })
    .await
}

/// Read a measurement
///
/// Shows one revision of an actual value, and whether it counts.
#[utoipa::path(tag = "measurements", operation_id = "getMeasurement",
    params(("id" = Uuid, Path, description = "Id of the measurement")),
    responses((status = 200, description = "The measurement", body = MeasurementView)),
    security(("bearer" = []), ("api_key" = ["performance:read"])))]
#[get("/{id}")]
pub(super) async fn read(caller: Caller, id: PathId) -> Answered {
    let id: MeasurementId = id.0.into();
    let view = caller
        .snapshot(move |store, actor| {
            let sealed = store.measurement(id)?;
            let (Reported { goal, report }, target) = open_in_full(store, actor, sealed)?;
            let counted = counted(&goal, &store.measurements(goal.id, &Page::ALL)?);
            Ok(MeasurementView::new(actor, (&goal, &target), report, &counted))
        })
        .await?;
    caller.found(view.version, &view)
}

/// Withdraw a measurement
///
/// The author, the responsible manager or HR withdraws a measurement, with a reason. It stays on
/// record but no longer counts: the previous revision counts again, and the progress of the goal is
/// updated. If it counts towards a rating that has been submitted, that rating must be reopened
/// first.
#[utoipa::path(tag = "measurements", operation_id = "withdrawMeasurement",
    params(("id" = Uuid, Path, description = "Id of the measurement")),
    request_body = WithdrawalReason,
    responses((status = 200, description = "The measurement", body = MeasurementView)),
    security(("bearer" = []), ("api_key" = ["performance:write"])))]
#[post("/{id}/withdrawal")]
pub(super) async fn withdraw(caller: Caller, id: PathId, body: Body<WithdrawalReason>) -> Answered {
    let seen = caller.seen()?;
    let (id, Body { value, digest }) = (MeasurementId::from(id.0), body);
    caller
        .change(Some(digest), move |store, actor| {
            withdraw_measurement(store, actor, id, &seen, value.clone())
        })
        .await
}

fn withdraw_measurement(
    store: &mut dyn Store,
    actor: &Actor,
    id: MeasurementId,
    seen: &Seen,
    WithdrawalReason { reason }: WithdrawalReason,
) -> Result<Reply<MeasurementView>, Refusal> {
    let load = |store: &mut dyn Store| store.measurement(id);
    let (opened, report) = withdrawals::begin(store, actor, load, seen)?;
    let review = opened.rated_review(store, actor)?;
    let record = withdrawals::record("measurement.withdrawn", id, &opened, &reason).field(
        "value",
        report.value.to_string(),
        None::<String>,
    );
    let report = Measurement { withdrawal: Some(withdrawals::by(actor, reason)), ..report };
    store.withdraw_measurement(Change::new(report.clone(), record))?;
    let all = store.measurements(opened.goal.id, &Page::ALL)?;
    let progress = opened.progress(&opened.goal.content, &[], &all)?;
    let after = Goal { progress, ..opened.goal.clone() };
    withdrawals::finish(store, actor, &opened, after, review)?;
    let version = report.version();
    let counted = counted(&opened.goal, &all);
    let view = MeasurementView::new(actor, (&opened.goal, &opened.target), report, &counted);
    Ok(Reply::changed(view, version))
}

/// Records an actual value: a new one, a repeated one, or a new revision.
pub fn create_measurement(
    store: &mut dyn Store,
    actor: &Actor,
    id: GoalId,
    measurement_id: MeasurementId,
    new: NewMeasurement,
) -> Result<Reply<MeasurementView>, Refusal> {
    let opened = open_to_change(store, actor, Action::MeasurementWrite, id)?;
    opened.expect(actor, GoalAction::Measurement)?;
    let review = opened.rated_review(store, actor)?;
    let before = &opened.goal;
    let given = (Some(new.period_start), Some(&new.value));
    let misfits = before.misfits(0, given, &opened.frame.settings, actor.today);
    refuse_faults(misfits.into_iter().map(Violation::of).collect())?;
    let mut all = store.measurements(id, &Page::ALL)?;
    let is_same = |known: &&Measurement| {
        (known.period_start, &known.source, &known.external_id)
            == (new.period_start, &new.source, &new.external_id)
    };
    let last = all.iter().filter(is_same).max_by_key(|known| known.revision);
    let in_force = last.filter(|last| last.withdrawal.is_none());
    if let Some(last) = in_force.filter(|last| last.value == new.value) {
        let counted = counted(before, &all);
        let view = MeasurementView::new(actor, (before, &opened.target), last.clone(), &counted);
        return Ok(Reply::changed(view, last.version()));
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
        withdrawal: None,
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
    let version = measurement.version();
    let place = format!("/v1/goals/{id}/measurements");
    let counted = counted(&opened.goal, &all);
    let view = MeasurementView::new(actor, (&opened.goal, &opened.target), measurement, &counted);
    Ok(Reply::created(view, version, place))
}

/// The noun; its lists are below goals.
pub const NOUN: Noun = Noun {
    tags: &[("measurements", "Actual values of indicators, with all their revisions.")],
    records: &[(Action::GoalRead, |store, actor, _, id| {
        target(actor, store.measurement(id.into())?)
    })],
    ..Noun::of(routes)
};

fn routes(config: &mut ServiceConfig) {
    config.service(
        scope("/measurements").service(import_measurements).service(read).service(withdraw),
    );
}
