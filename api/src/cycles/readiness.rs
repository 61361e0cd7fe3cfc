//! What keeps a cycle from its next stage: conditions of the whole, and person by person.

use super::guards::{look, settings};
use super::moves::Order;
use crate::people::PersonCard;
use crate::platform::caller::{Actor, Caller};
use crate::platform::extract::{PathId, Query};
use crate::platform::page::Part;
use crate::platform::problem::{Language, ProblemError, Violation};
use crate::platform::refusal::Refusal;
use crate::platform::schema::{word_or_null, words};
use actix_web::http::header;
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

/// What the next stage demands of the cycle as a whole.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CycleCondition {
    /// Its stable code, the same as in a refusal.
    #[schema(schema_with = words::<cycle::Guard>)]
    pub code: cycle::Guard,
    /// Whether it holds.
    pub is_met: bool,
    /// What is missing, in the reader's language; null if it holds.
    #[schema(example = "Manager reviews are missing: 3.")]
    pub detail: Option<String>,
}

/// Somebody because of whom the cycle is not ready.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Laggard)]
pub struct LaggardView {
    /// The participant.
    pub participant_id: Uuid,
    /// The person.
    pub employee: PersonCard,
    /// The review, once there is one.
    pub review_id: Option<Uuid>,
    /// What is missing first.
    #[schema(schema_with = words::<Missing>)]
    pub missing: Missing,
    /// From which seat somebody is to act, such as `EMP` or `MGR`.
    #[schema(value_type = String, example = "MGR")]
    pub seat: Seat,
    /// Who is to act; null where it is not one known person who works here.
    pub acts: Option<PersonCard>,
    /// Whether nobody can act before HR hands over or skips: whoever it is up to does not work here.
    #[schema(example = false)]
    pub is_stuck: bool,
    /// By when.
    pub due_on: NaiveDate,
    /// Whether that day has passed.
    pub is_overdue: bool,
    /// Whether the cycle cannot go on without it.
    #[schema(example = true)]
    pub is_blocking: bool,
    /// Changes of the person's goals that wait for a decision, whatever else is missing; they lapse
    /// when results are confirmed. None for those who may not read the goals.
    #[schema(example = json!([]))]
    pub open_goal_changes: Vec<Uuid>,
    /// The way out, in the reader's language, where it is not to do what is missing; else null.
    #[schema(
        required = true,
        example = "HR takes the rating up again, and the manager adds both."
    )]
    pub way_out: Option<String>,
}

/// Whether a cycle is ready for its next stage.
#[derive(Debug, Serialize, ToSchema)]
pub struct CycleReadiness {
    /// The next step; null when there is none.
    #[schema(schema_with = word_or_null::<CycleAction>)]
    pub next: Option<CycleAction>,
    /// The day on which the step is due; of a draft not for auditors.
    pub due_on: Option<NaiveDate>,
    /// What the step demands of the whole; only for those who see everything of everybody in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub conditions: Option<Vec<CycleCondition>>,
    /// What does not keep the step but should be looked at first, and what the cycle will have to live
    /// with under its policy; only where `conditions` are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub warnings: Option<Vec<ProblemError>>,
    /// Because of whom it is not ready, of those the caller may see, in the order of participants.
    pub items: Vec<LaggardView>,
    /// Goes on behind the last item; null on the last page.
    pub next_cursor: Option<String>,
}

/// What a client asks of the report.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ReadinessQuery {
    /// Most items on the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// See what a cycle waits for
///
/// What the next step demands, and person by person what is missing, who is to act and by when; in
/// calibration also whose grade no session compares and will be confirmed as it was computed, and who
/// is still to be rated. Changes of goals that wait for a decision are named from execution on, and
/// while goals are worked on for whom nobody answers who works here. HR
/// sees everybody, a manager the people he or she answers for or manages, everybody themselves.
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
    let language = Language::of(caller.request().headers().get(header::ACCEPT_LANGUAGE));
    let id = id.0.into();
    let mut report =
        caller.snapshot(move |store, actor| report(store, actor, id, &page, language)).await?;
    let Part { rows: items, next_cursor } =
        request.cut(&caller.app, report.items, |last| After::Id(last.participant_id));
    // That evidence is missing tells of the grade.
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
        let mut open = store.open_goal_changes(id, &people, goals.as_ref())?;
        for laggard in &mut laggards {
            laggard.open_changes = open.remove(&laggard.person.0).unwrap_or_default();
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

/// The guards of the next step, each with whether it holds, and what else should be looked at.
fn conditions(
    store: &mut dyn Store,
    actor: &Actor,
    cycle: &Cycle,
    policy: &PerformancePolicy,
    next: CycleAction,
    language: Language,
) -> Result<(Vec<CycleCondition>, Vec<ProblemError>), Refusal> {
    let order = Order::plain(cycle.id, cycle.version, next);
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
    // Whether evidence is missing tells of an S or a D.
    let is_told = |guard: &&cycle::Guard| {
        **guard != cycle::Guard::GradesFounded || reads_every_grade(&actor.subject)
    };
    Ok((
        guards.iter().filter(is_told).map(condition).collect(),
        sight.warnings.iter().map(warning).collect(),
    ))
}

/// What a person needs to be rated at all.
fn demands(actor: &Actor, cycle: &Cycle, policy: &PerformancePolicy) -> Result<Demands, Refusal> {
    let me = match actor.subject.principal {
        Principal::Person(_) => actor.subject.employee_id,
        // Whoever answers for a program manages, and not the program.
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

/// What the cycle will have to live with, as long as people can still do something about it.
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
    let open_goal_changes = laggard.open_changes.iter().map(|id| id.uuid()).collect();
    LaggardView {
        open_goal_changes,
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
