//! Check-ins: progress reports on a goal's key results, with confidence and blockers (R39).

use super::cases::{open_in_full, open_to_change, refuse_faults};
use super::history;
use super::moves::me;
use super::schemas::MAX_STEPS;
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
use chrono::{DateTime, Utc};
use domain::core::change::{Change, Record};
use domain::core::id::{CheckInId, GoalId};
use domain::core::number::Exact;
use domain::goals::goal::{
    CheckIn, Goal, GoalAction, GoalKind, KeyResult, KeyResultReport, Misreport, Report,
    ReportAction, Reported, ReportedSoFar,
};
use domain::policy::{Action, Target};
use domain::scoring::okr::confidence::{Confidence, drop_raises_event};
use persistence::{After, LastCheckIns, Page, Store};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa::openapi::schema::{Array, ArrayBuilder, ObjectBuilder, SchemaType, Type};
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

/// Report on one key result. Send only the property that fits how the key result is measured.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = KeyResultReport)]
#[serde(deny_unknown_fields)]
pub struct KeyResultReportView {
    /// Id of the key result.
    pub key_result_id: Uuid,
    /// Latest value, for a key result measured by a metric or by a level to keep.
    #[schema(
        value_type = Option<String>,
        pattern = r"^-?\d{1,18}(\.\d{1,10})?$",
        required = false,
        example = "7"
    )]
    pub value: Option<Exact>,
    /// Whether it is done, for a key result that is either done or not.
    #[schema(required = false)]
    pub done: Option<bool>,
    /// Indexes of the completed steps, from 0, for a key result with steps.
    #[schema(required = false, schema_with = step_indexes)]
    pub steps_done: Option<Vec<usize>>,
}

/// The schema of a list of steps: no key result has more than fifty.
fn step_indexes() -> Array {
    let index = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(0))
        .maximum(Some(MAX_STEPS - 1));
    ArrayBuilder::new()
        .schema_type(SchemaType::from_iter([Type::Array, Type::Null]))
        .description(Some("Indexes of the completed steps, from 0, for a key result with steps."))
        .items(index)
        .max_items(Some(MAX_STEPS))
        .examples([json!([0, 1])])
        .build()
}

impl From<KeyResultReport> for KeyResultReportView {
    fn from(report: KeyResultReport) -> Self {
        let KeyResultReport { key_result_id, value, done, steps_done } = report;
        Self { key_result_id: key_result_id.uuid(), value, done, steps_done }
    }
}

impl From<KeyResultReportView> for KeyResultReport {
    fn from(report: KeyResultReportView) -> Self {
        let KeyResultReportView { key_result_id, value, done, steps_done } = report;
        Self { key_result_id: key_result_id.into(), value, done, steps_done }
    }
}

/// A check-in: a dated report on the progress of a goal.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = CheckIn)]
pub struct CheckInView {
    /// Id of the check-in.
    pub id: Uuid,
    /// Id of the goal.
    pub goal_id: Uuid,
    /// Account or API key that reported.
    pub author_id: Uuid,
    /// Reports on single key results.
    pub reports: Vec<KeyResultReportView>,
    /// Confidence of reaching the goal: 8 to 10 on track, 4 to 7 has issues, 1 to 3 at risk.
    #[schema(minimum = 1, maximum = 10, example = 8)]
    pub confidence: i32,
    /// What blocks progress; null if nothing does.
    #[schema(example = "The permit is late")]
    pub blockers: Option<String>,
    /// Further remarks.
    #[schema(example = "Two contracts are as good as signed")]
    pub comment: Option<String>,
    /// Progress of the goal after this check-in, from 0 to 1; null until a value is reported.
    #[schema(value_type = Option<String>, required = true, example = "0.6750")]
    pub progress: Option<Decimal>,
    /// When the check-in was made.
    pub created_at: DateTime<Utc>,
    /// When, by whom and why it was withdrawn; null while it counts.
    #[schema(required = true)]
    pub withdrawal: Option<WithdrawalView>,
    /// Actions that the caller's rights allow now; unmet conditions can still refuse them.
    #[schema(value_type = HashSet<words::ReportAction>)]
    pub allowed_actions: Vec<ReportAction>,
    /// Version of the record: 1, and 2 after a withdrawal.
    #[schema(example = 1)]
    pub version: i32,
}

impl CheckInView {
    /// A check-in on a goal that stands to the caller as `target` says.
    fn new(actor: &Actor, goal: &Goal, target: &Target, check_in: CheckIn) -> Self {
        Self {
            allowed_actions: withdrawals::offered(actor, goal, target, &check_in),
            version: check_in.version(),
            id: check_in.id.uuid(),
            goal_id: check_in.goal_id.uuid(),
            author_id: check_in.author_id.uuid(),
            reports: check_in.reports.into_iter().map(KeyResultReportView::from).collect(),
            confidence: check_in.confidence,
            blockers: check_in.blockers,
            comment: check_in.comment,
            progress: check_in.progress,
            created_at: check_in.created_at,
            withdrawal: check_in.withdrawal.map(WithdrawalView::new),
        }
    }
}

page_of! {
    /// A page of check-ins.
    pub struct CheckInPage
    /// The check-ins, oldest first.
    of CheckInView
}

/// A new check-in.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCheckIn {
    /// Reports on key results. Key results left out keep their last report. Must be empty for an
    /// indicator: report its values as measurements.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub reports: Vec<KeyResultReportView>,
    /// Confidence of reaching the goal, 1 to 10.
    #[schema(minimum = 1, maximum = 10, example = 8)]
    pub confidence: i32,
    /// What blocks progress.
    #[schema(min_length = 1, max_length = 2000, pattern = r"\S", example = "The permit is late")]
    pub blockers: Option<String>,
    /// Further remarks.
    #[schema(
        min_length = 1,
        max_length = 2000,
        pattern = r"\S",
        example = "Two are as good as signed"
    )]
    pub comment: Option<String>,
}

/// Check in on a goal
///
/// Reports key results, confidence and blockers. The progress of an objective follows from the last
/// report on each key result. If confidence falls by 3 or more, or twice in a row, the event
/// `goal.confidence_dropped` is raised.
#[utoipa::path(tag = "goals", operation_id = "createCheckIn",
    params(("id" = Uuid, Path, description = "Id of the goal")), request_body = NewCheckIn,
    responses((status = 201, description = "The check-in", body = CheckInView)),
    security(("bearer" = [])))]
#[post("/{id}/check-ins")]
pub(super) async fn create(caller: Caller, id: PathId, body: Body<NewCheckIn>) -> Answered {
    let (goal, check_in) = (id.0.into(), new_id().into());
    let Body { value, digest } = body;
    caller
        .change(Some(digest), move |store, actor| {
            create_check_in(store, actor, goal, check_in, value.clone())
        })
        .await
}

/// List check-ins
///
/// Lists the check-ins of the goal, oldest first.
#[utoipa::path(tag = "goals", operation_id = "listCheckIns",
    params(("id" = Uuid, Path, description = "Id of the goal"), HistoryQuery),
    responses((status = 200, description = "A page of check-ins", body = CheckInPage)),
    security(("bearer" = []), ("api_key" = ["performance:read"])))]
#[get("/{id}/check-ins")]
pub(super) async fn list(caller: Caller, id: PathId, query: Query<HistoryQuery>) -> Answered {
    let place = |last: &CheckInView| After::Id(last.id);
    history::<CheckInPage>(caller, id, query, place, |store, actor, (goal, target), page| {
        let shown = store.check_ins(goal.id, page)?.into_iter();
        Ok(shown.map(|it| CheckInView::new(actor, goal, target, it)).collect())
    })
    .await
}

/// Read a check-in
///
/// Shows one check-in of a goal.
#[utoipa::path(tag = "check-ins", operation_id = "getCheckIn",
    params(("id" = Uuid, Path, description = "Id of the check-in")),
    responses((status = 200, description = "The check-in", body = CheckInView)),
    security(("bearer" = []), ("api_key" = ["performance:read"])))]
#[get("/{id}")]
pub(super) async fn read(caller: Caller, id: PathId) -> Answered {
    let id: CheckInId = id.0.into();
    let view = caller
        .read(move |store, actor| {
            let sealed = store.check_in(id)?;
            let (Reported { goal, report }, target) = open_in_full(store, actor, sealed)?;
            Ok(CheckInView::new(actor, &goal, &target, report))
        })
        .await?;
    caller.found(view.version, &view)
}

/// Withdraw a check-in
///
/// The author, the responsible manager or HR withdraws a check-in, with a reason. It stays on
/// record but no longer counts: progress and confidence of the goal return to what earlier
/// check-ins reported. If it counts towards a rating that has been submitted, that rating must be
/// reopened first.
#[utoipa::path(tag = "check-ins", operation_id = "withdrawCheckIn",
    params(("id" = Uuid, Path, description = "Id of the check-in")),
    request_body = WithdrawalReason,
    responses((status = 200, description = "The check-in", body = CheckInView)),
    security(("bearer" = [])))]
#[post("/{id}/withdrawal")]
pub(super) async fn withdraw(caller: Caller, id: PathId, body: Body<WithdrawalReason>) -> Answered {
    let seen = caller.seen()?;
    let (id, Body { value, digest }) = (CheckInId::from(id.0), body);
    caller
        .change(Some(digest), move |store, actor| {
            withdraw_check_in(store, actor, id, &seen, value.clone())
        })
        .await
}

fn withdraw_check_in(
    store: &mut dyn Store,
    actor: &Actor,
    id: CheckInId,
    seen: &Seen,
    WithdrawalReason { reason }: WithdrawalReason,
) -> Result<Reply<CheckInView>, Refusal> {
    let load = |store: &mut dyn Store| store.check_in(id);
    let (opened, report) = withdrawals::begin(store, actor, load, seen)?;
    let review = opened.rated_review(store, actor)?;
    let record = withdrawals::record("check_in.withdrawn", id, &opened, &reason);
    let report = CheckIn { withdrawal: Some(withdrawals::by(actor, reason)), ..report };
    store.withdraw_check_in(Change::new(report.clone(), record))?;
    store.forget_reported(opened.goal.id, id)?;
    let left = store.check_ins(opened.goal.id, &Page::ALL)?.into_iter();
    let left: Vec<_> = left.filter(|it| it.withdrawal.is_none()).collect();
    let last = left.last().map(|it| (it.confidence, it.created_at));
    let progress = match &opened.goal.content.kind {
        GoalKind::Objective { .. } => {
            let reports: Vec<_> = left.into_iter().map(|it| it.reports).collect();
            opened.progress(&opened.goal.content, &reports, &[])?
        }
        GoalKind::Indicator(_) => opened.goal.progress,
    };
    let (confidence, checked_in_at) = last.unzip();
    let after = Goal { progress, confidence, checked_in_at, ..opened.goal.clone() };
    withdrawals::finish(store, actor, &opened, after, review)?;
    let version = report.version();
    let view = CheckInView::new(actor, &opened.goal, &opened.target, report);
    Ok(Reply::changed(view, version))
}

/// Records a check-in.
pub fn create_check_in(
    store: &mut dyn Store,
    actor: &Actor,
    id: GoalId,
    check_in_id: CheckInId,
    new: NewCheckIn,
) -> Result<Reply<CheckInView>, Refusal> {
    let opened = open_to_change(store, actor, Action::CheckInWrite, id)?;
    opened.expect(actor, GoalAction::CheckIn)?;
    let review = opened.rated_review(store, actor)?;
    let before = &opened.goal;
    let reports: Vec<_> = new.reports.into_iter().map(KeyResultReport::from).collect();
    refuse_faults(report_faults(before.content.key_results(), &reports))?;
    let LastCheckIns { last, mut confidence, so_far } = store.last_check_ins(id)?;
    confidence.push(new.confidence);
    // A concurrent check-in with a smaller id may be stored later; it belongs before the last one.
    let is_next = last.is_none_or(|last| last < check_in_id);
    let known = so_far.filter(|so_far| is_next && so_far.revision == before.revision);
    let mut so_far = match known {
        Some(known) => known,
        None => {
            let earlier = store.reports(id)?;
            let earlier = earlier.iter().map(|(reports, _)| &reports[..]);
            ReportedSoFar::of(&before.content, before.revision, earlier)
        }
    };
    so_far.add(&before.content, &reports);
    if !is_next {
        store.forget_reported(id, check_in_id)?;
    }
    let progress = match &before.content.kind {
        GoalKind::Objective { .. } => before
            .content
            .progress_so_far(&so_far, &opened.frame.settings)
            .map_err(|error| Refusal::Invalid(vec![fault("/reports", &error)]))?,
        GoalKind::Indicator(_) => before.progress,
    };
    let check_in = CheckIn {
        id: check_in_id,
        goal_id: id,
        author_id: me(actor),
        reports,
        confidence: new.confidence,
        blockers: new.blockers,
        comment: new.comment,
        progress,
        created_at: actor.now,
        withdrawal: None,
    };
    let rule = opened.permit.rule();
    let record = Record::new("check_in.created", check_in_id, rule)
        .field("goal_id", None::<String>, id.to_string())
        .field("confidence", None::<i32>, check_in.confidence)
        .field("blockers", None::<String>, check_in.blockers.clone());
    store.create_check_in(Change::new(check_in.clone(), record), is_next.then_some(&so_far))?;
    let name =
        if confidence_drops(&confidence) { "goal.confidence_dropped" } else { "goal.checked_in" };
    let text = |progress: Option<Decimal>| progress.map(|progress| progress.to_string());
    let record = Record::new(name, id, rule)
        .field("progress", text(before.progress), text(progress))
        .field("confidence", before.confidence, check_in.confidence);
    let after = Goal {
        progress,
        confidence: Some(check_in.confidence),
        checked_in_at: Some(actor.now),
        ..before.clone()
    };
    opened.save(store, actor, after, record)?;
    opened.follow(store, actor, review)?;
    let view = CheckInView::new(actor, &opened.goal, &opened.target, check_in);
    Ok(Reply::created(view, 1, format!("/v1/goals/{id}/check-ins")))
}

/// All faults of reports that do not fit the key results they name.
fn report_faults(key_results: &[KeyResult], reports: &[KeyResultReport]) -> Vec<Violation> {
    let mut faults = Vec::new();
    for (at, report) in reports.iter().enumerate() {
        let place = format!("/reports/{at}");
        let about = report.key_result_id;
        let names =
            |code| Violation::new(format!("{place}/key_result_id"), code).with("value", about);
        let Some(key_result) = key_results.iter().find(|known| known.id == about) else {
            faults.push(names("unknown_reference"));
            continue;
        };
        if reports[..at].iter().any(|other| other.key_result_id == about) {
            faults.push(names("duplicate_in_request"));
        }
        faults.extend(key_result.misreported(report).into_iter().map(|fault| {
            match fault {
                Misreport::Missing(name) => Violation::new(format!("{place}/{name}"), "required"),
                Misreport::OutOfPlace(name) => {
                    Violation::new(format!("{place}/{name}"), "not_allowed")
                }
                Misreport::NoSuchStep { at, steps } => {
                    Violation::new(format!("{place}/steps_done/{at}"), "out_of_range")
                        .with("min", 0)
                        .with("max", steps.saturating_sub(1))
                }
            }
        }));
    }
    faults
}

/// Whether the latest of these confidence values, in order of time, raises an event (C.5).
fn confidence_drops(stated: &[i32]) -> bool {
    let stated = stated.iter().filter_map(|&value| u8::try_from(value).ok());
    let history: Vec<_> = stated.filter_map(|value| Confidence::try_from(value).ok()).collect();
    drop_raises_event(&history)
}

/// The noun; its lists are below goals.
pub const NOUN: Noun = Noun {
    tags: &[("check-ins", "What was reported of the progress of a goal.")],
    records: &[(Action::GoalRead, |store, actor, _, id| target(actor, store.check_in(id.into())?))],
    ..Noun::of(routes)
};

fn routes(config: &mut ServiceConfig) {
    config.service(scope("/check-ins").service(read).service(withdraw));
}
