//! Readiness of a cycle for its next stage: conditions of the whole cycle, and missing items by
//! person.

use super::guards::{look, settings};
use super::moves::CycleTransition;
use crate::cycles::words;
use crate::people::PersonCard;
use crate::platform::caller::{Actor, Caller};
use crate::platform::extract::PathId;
use crate::platform::page::Part;
use crate::platform::parameters::Query;
use crate::platform::problem::{Language, ProblemError, Violation};
use crate::platform::refusal::Refusal;
use actix_web::{HttpResponse, get};
use chrono::NaiveDate;
use domain::core::id::CycleId;
use domain::core::text::TextEnum;
use domain::cycles::cycle::{Cycle, CycleAction};
use domain::cycles::performance_policy::{DimensionRule, PerformancePolicy, PolicyWarning};
use domain::cycles::readiness::{Laggard, Missing};
use domain::everyday::to_do::next_step;
use domain::policy::{Action, Mask, Principal, Protected, Stage, visibility};
use domain::reviews::aggregate::reads_every_grade;
use domain::scoring::settings::{MissingActual, OkrInReview};
use domain::state::{Machine, Moving, Seat, cycle};
use persistence::{After, Demands, Page, Store};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// A condition that the next step requires of the cycle as a whole.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CycleCondition {
    /// Stable code, the same as in a refusal.
    #[schema(value_type = words::ConditionCode)]
    pub code: cycle::Guard,
    /// Whether the condition is met.
    pub is_met: bool,
    /// What is missing, in the reader's language; null if the condition is met.
    #[schema(example = "Manager reviews are missing: 3.")]
    pub detail: Option<String>,
}

/// A participant who keeps the cycle from being ready, with what is missing.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Laggard)]
pub struct LaggardView {
    /// Id of the participant.
    pub participant_id: Uuid,
    /// The participant as a person.
    pub employee: PersonCard,
    /// Id of the review; null before it is opened.
    pub review_id: Option<Uuid>,
    /// The first missing item.
    #[schema(value_type = words::MissingPart)]
    pub missing: Missing,
    /// Seat from which somebody must act, such as `EMP` or `MGR`.
    #[schema(value_type = crate::platform::words::Seat)]
    pub seat: Seat,
    /// Person who must act; null unless it is one known person who is employed.
    pub acts: Option<PersonCard>,
    /// True if the person who should act is no longer employed, so HR must hand over or skip first.
    #[schema(example = false)]
    pub is_stuck: bool,
    /// Day on which the missing item is due.
    pub due_on: NaiveDate,
    /// Whether that day has passed.
    pub is_overdue: bool,
    /// Whether the cycle cannot proceed without the missing item.
    #[schema(example = true)]
    pub is_blocking: bool,
    /// Ids of undecided changes of the person's goals; they lapse when results are confirmed. Empty
    /// for callers who may not read the goals.
    #[schema(example = json!([]))]
    pub open_goal_changes: Vec<Uuid>,
    /// What to do instead if the missing item itself can no longer be supplied, in the reader's
    /// language; otherwise null.
    #[schema(
        required = true,
        example = "HR reopens the rating, and the manager adds evidence and a comment."
    )]
    pub way_out: Option<String>,
}

/// Readiness of a cycle for its next stage.
#[derive(Debug, Serialize, ToSchema)]
pub struct CycleReadiness {
    /// The next step; null when there is none.
    #[schema(value_type = Option<words::CycleAction>)]
    pub next: Option<CycleAction>,
    /// Day on which the next step is due; null for auditors while the cycle is a draft.
    pub due_on: Option<NaiveDate>,
    /// Conditions of the cycle as a whole; absent for callers who do not see everybody in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub conditions: Option<Vec<CycleCondition>>,
    /// Warnings that do not prevent the step, and known limits of the policy; absent if
    /// `conditions` is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub warnings: Option<Vec<ProblemError>>,
    /// Participants with something missing, of those the caller may see, in the order of
    /// participants.
    pub items: Vec<LaggardView>,
    /// Cursor of the next page; null on the last page.
    pub next_cursor: Option<String>,
}

/// Query parameters of the report.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ReadinessQuery {
    /// Maximum number of items on the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
    /// `next_cursor` of the previous page.
    cursor: Option<String>,
}

/// Read the readiness of a cycle
///
/// Shows what the next step requires and, for each participant, what is missing, who must act and
/// by when. During calibration it also lists people who are not rated yet, and people whose grade
/// no session compares, which will be confirmed as computed. From execution on it lists undecided
/// goal changes; while goals are being worked on, it also lists people without an employed manager.
/// HR sees everybody, managers see the people they answer for or manage, and all employees see
/// themselves.
#[utoipa::path(tag = "cycles", operation_id = "getCycleReadiness",
    params(("id" = Uuid, Path, description = "Id of the cycle"), ReadinessQuery),
    responses((status = 200, description = "What the cycle waits for", body = CycleReadiness)),
    security(("bearer" = []), ("api_key" = ["performance:read"])))]
#[get("/{id}/readiness")]
pub(super) async fn readiness(
    caller: Caller,
    id: PathId,
    query: Query<ReadinessQuery>,
) -> Result<HttpResponse, Refusal> {
    let request = caller.page(query.0.limit, query.0.cursor.as_deref(), None)?;
    let page = request.page.clone();
    let language = Language::asked(caller.request());
    let id = id.0.into();
    let mut report =
        caller.snapshot(move |store, actor| report(store, actor, id, &page, language)).await?;
    let Part { rows: items, next_cursor } =
        request.cut(&caller.app, report.items, |last| After::Id(last.participant_id));
    // Missing evidence discloses that the grade is S or D.
    let told = items.iter().filter(|item| item.missing == Missing::Evidence);
    let told = told.filter_map(|item| Some((item.review_id?, item.employee.id)));
    caller.shown("getCycleReadiness", told.collect::<Vec<_>>()).await?;
    report.items = items;
    report.next_cursor = next_cursor.clone();
    caller.listed(&report, next_cursor.as_deref())
}

fn report(
    store: &mut dyn Store,
    actor: &Actor,
    id: CycleId,
    page: &Page,
    language: Language,
) -> Result<CycleReadiness, Refusal> {
    let sealed = store.cycle(id)?;
    let (shown, _) = actor.show(store, Action::CycleRead, sealed)?;
    let cycle = shown.outline();
    let planned = cycle.target(actor.today).stage == Some(Stage::Draft);
    let dated = !planned || shown.at(Mask::Full).is_some();
    let visible = visibility(&actor.subject, Action::ParticipantRead, actor.today)?;
    let aside = [CycleAction::Update, CycleAction::DimensionDrop, CycleAction::Cancellation];
    let next = cycle.possible_actions().find(|action| !aside.contains(action));
    let sealed = store.find(cycle.policy_id)?;
    let (policy, _) = actor.show(store, Action::PolicyRead, sealed)?;
    let policy = policy.outline();
    let sees_all = visible.everyone() == Some(Mask::Full);
    let (conditions, mut warned) = match next.filter(|_| sees_all) {
        Some(next) => {
            let (conditions, warned) = conditions(store, actor, cycle, policy, next, language)?;
            (Some(conditions), warned)
        }
        None => (None, Vec::new()),
    };
    let demands = demands(actor, cycle, policy)?;
    let sessions = store.sessions_of(id)?;
    let mut laggards = store.laggards(id, cycle.state, &demands, &sessions, &visible, page)?;
    let goals = visibility(&actor.subject, Action::GoalRead, actor.today).ok();
    let goals = goals.filter(|goals| goals.everyone().is_none_or(|mask| mask == Mask::Full));
    if goals.is_some() {
        let people: Vec<_> = laggards.iter().map(|laggard| laggard.person.0).collect();
        let open = store.open_goal_changes(id, &people, goals.as_ref())?;
        for laggard in &mut laggards {
            let own = open.iter().filter(|(owner, _)| *owner == laggard.person.0);
            laggard.open_changes = own.map(|(_, id)| *id).collect();
        }
    }
    let view = |laggard: Laggard| view(laggard, cycle, actor.today, language);
    Ok(CycleReadiness {
        due_on: match next.filter(|_| dated) {
            None => None,
            Some(CycleAction::Archival) => Some(cycle.schedule.retention),
            Some(_) => next_step(cycle.state).and_then(|step| step.due_by(&cycle.schedule)),
        },
        next,
        conditions,
        warnings: sees_all.then(|| {
            warned.extend(warnings(cycle, policy, language));
            warned
        }),
        items: laggards.into_iter().map(view).collect(),
        next_cursor: None,
    })
}

/// The guards of the next step, each with whether it is met, and the warnings.
fn conditions(
    store: &mut dyn Store,
    actor: &Actor,
    cycle: &Cycle,
    policy: &PerformancePolicy,
    next: CycleAction,
    language: Language,
) -> Result<(Vec<CycleCondition>, Vec<ProblemError>), Refusal> {
    let order = CycleTransition::plain(cycle, next);
    let sight = look(store, actor, &order, cycle, policy)?;
    let row = Cycle::events(next).iter().find_map(|event| cycle.state.row(*event));
    let guards = row.map(|row| row.guards).unwrap_or_default();
    let condition = |guard: &cycle::Guard| {
        let is_met = cycle::State::holds(*guard, &sight.facts);
        let value = sight.details.iter().find(|(about, _)| about == guard);
        let value = value.map(|(_, value)| value.clone()).unwrap_or_default();
        let fault = Violation::new("", guard.as_str()).with("value", value);
        CycleCondition { code: *guard, is_met, detail: (!is_met).then(|| fault.text(language)) }
    };
    let warning = |(code, value): &(&'static str, String)| {
        Violation::new("", code).with("value", value).view(language)
    };
    // Missing evidence discloses that there is an S or D.
    let is_told = |guard: &&cycle::Guard| {
        **guard != cycle::Guard::GradesFounded || reads_every_grade(&actor.subject)
    };
    Ok((
        guards.iter().filter(is_told).map(condition).collect(),
        sight.warnings.iter().map(warning).collect(),
    ))
}

/// What each person needs before they can be rated.
fn demands(actor: &Actor, cycle: &Cycle, policy: &PerformancePolicy) -> Result<Demands, Refusal> {
    let me = match actor.subject.principal {
        Principal::Person(_) => actor.subject.employee_id,
        // An API key manages nobody; the person who answers for it does.
        Principal::Service { .. } => None,
    };
    let me = me.unwrap_or_else(|| Uuid::nil().into());
    let internal = |error: domain::DomainError| Refusal::Internal(error.to_string());
    let settings = settings(&policy.rules)?;
    let populations = policy.rules.populations.iter();
    let scored = populations.filter(|it| it.dimensions.iter().any(DimensionRule::is_performance));
    Ok(Demands {
        scored: scored.map(|population| population.code.clone()).collect(),
        objectives_count: settings.okr.in_review == OkrInReview::Mapped,
        actuals_needed: settings.kpi.missing_actual != MissingActual::Zero,
        stuck: cycle.stuck_populations(&policy.rules).map_err(internal)?,
        unjudged: actor.subject.closed().collect(),
        judged_by: (!reads_every_grade(&actor.subject)).then_some(me),
    })
}

/// Warnings about the policy, while people can still act on them.
fn warnings(cycle: &Cycle, policy: &PerformancePolicy, language: Language) -> Vec<ProblemError> {
    use cycle::State::{Draft, Evaluating, Executing, GoalSetting};
    if !matches!(cycle.state, Draft | GoalSetting | Executing | Evaluating) {
        return Vec::new();
    }
    let found = policy.rules.warnings().unwrap_or_default().into_iter();
    let told = |code: PolicyWarning| Violation::new("", code.as_str()).view(language);
    found.map(told).collect()
}

fn view(laggard: Laggard, cycle: &Cycle, today: NaiveDate, language: Language) -> LaggardView {
    let (way_out, is_blocking) = (laggard.missing.way_out(), laggard.is_blocking(cycle.state));
    let due_on = laggard.missing.due_on(&cycle.schedule);
    LaggardView {
        open_goal_changes: laggard.open_changes.iter().map(|id| id.uuid()).collect(),
        participant_id: laggard.participant_id.uuid(),
        review_id: laggard.review_id.map(Uuid::from),
        missing: laggard.missing,
        seat: laggard.missing.seat(),
        acts: laggard.acts().cloned().map(PersonCard::from),
        is_stuck: laggard.is_stuck(),
        employee: laggard.person.into(),
        due_on,
        is_overdue: due_on < today,
        is_blocking,
        way_out: way_out.map(|code| Violation::new("", code).text(language)),
    }
}
