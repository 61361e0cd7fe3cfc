//! Dashboards: the first screen of each role, one request each.

mod figures;
mod views;

use crate::everyday::cards::CycleCard;
use crate::everyday::to_dos::Desk;
use crate::platform::areas::Noun;
use crate::platform::caller::{Actor, Caller};
use crate::platform::page::Part;
use crate::platform::parameters::Query;
use crate::platform::refusal::Refusal;
use crate::reviews::distribution::disclosed::{self, DisclosedGrades, Graded};
use actix_web::{HttpResponse, get};
use chrono::NaiveDate;
use domain::core::id::CycleId;
use domain::policy::{Action, Target, decide, visibility};
use domain::state::{cycle, review};
use figures::Departments;
use persistence::{After, DepartmentGoals, OpenCycle, Page, Store};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use views::{
    CompanyGoalView, EmployeeDashboard, ExecutiveDashboard, HrDashboard, LastResult,
    ManagerDashboard, OwnCycle, OwnGoalView, ReviewCard, TeamMemberView, ToDoList,
};

/// Query parameters of a dashboard.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct CycleQuery {
    /// Id of the cycle. If absent, of the cycles under way the one with the caller's most urgent
    /// to-do; without to-dos the one whose period includes today, otherwise the one whose period
    /// ends last.
    cycle_id: Option<Uuid>,
}

/// Query parameters of the team dashboard.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct TeamQuery {
    /// Id of the cycle. If absent, of the cycles under way the one with the caller's most urgent
    /// to-do; without to-dos the one whose period includes today, otherwise the one whose period
    /// ends last.
    cycle_id: Option<Uuid>,
    /// Maximum number of people on the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
    /// `next_cursor` of the previous page.
    cursor: Option<String>,
}

/// Read the dashboard of an employee
///
/// Shows the cycles the caller takes part in, with goals, progress compared with time, the review
/// and, once released, the result, and the first to-dos.
#[utoipa::path(tag = "dashboards", operation_id = "getEmployeeDashboard",
    responses((status = 200, description = "The caller's own work", body = EmployeeDashboard)),
    security(("bearer" = [])))]
#[get("/employee")]
async fn employee(caller: Caller) -> Result<HttpResponse, Refusal> {
    let view = caller.snapshot(|store, actor| employee_dashboard(store, actor)).await?;
    caller.listed(&view, None)
}

/// Read the dashboard of a manager
///
/// Shows the people for whose reviews the caller is responsible in a cycle, sorted by name: the
/// progress of their goals, the state of their reviews, and the caller's first to-dos.
#[utoipa::path(tag = "dashboards", operation_id = "getManagerDashboard", params(TeamQuery),
    responses((status = 200, description = "The caller's team", body = ManagerDashboard)),
    security(("bearer" = [])))]
#[get("/manager")]
async fn manager(caller: Caller, query: Query<TeamQuery>) -> Result<HttpResponse, Refusal> {
    let Query(TeamQuery { cycle_id, limit, cursor }) = query;
    let request = caller.page(limit, cursor.as_deref(), None)?;
    let page = request.page.clone();
    let mut view = caller
        .snapshot(move |store, actor| manager_dashboard(store, actor, cycle_id, &page))
        .await?;
    let Part { rows: members, next_cursor } = request.cut(&caller.app, view.members, |last| {
        After::Text(last.employee.name.clone(), last.participant_id)
    });
    let reviewed = members.iter().filter_map(|member| Some((member, member.review.as_ref()?)));
    let about = reviewed.map(|(member, review)| (review.id, member.employee.id));
    caller.shown("getManagerDashboard", about).await?;
    view.members = members;
    view.next_cursor = next_cursor.clone();
    caller.listed(&view, next_cursor.as_deref())
}

/// Read the dashboard of HR
///
/// Shows the progress of a cycle, department by department. HR business partners see the people of
/// their own units.
#[utoipa::path(tag = "dashboards", operation_id = "getHrDashboard", params(CycleQuery),
    responses((status = 200, description = "A cycle, department by department",
        body = HrDashboard)),
    security(("bearer" = [])))]
#[get("/hr")]
async fn hr(caller: Caller, query: Query<CycleQuery>) -> Result<HttpResponse, Refusal> {
    let cycle_id = query.0.cycle_id;
    let view = caller.snapshot(move |store, actor| hr_dashboard(store, actor, cycle_id)).await?;
    caller.listed(&view, None)
}

/// Read the dashboard of senior management
///
/// Shows the goals of the company, the progress of the departments and their grades. Before
/// release, grades are shown in the same way as `GET /v1/cycles/{id}/distribution` shows them to
/// senior management.
#[utoipa::path(tag = "dashboards", operation_id = "getExecutiveDashboard", params(CycleQuery),
    responses((status = 200, description = "The company in a cycle", body = ExecutiveDashboard)),
    security(("bearer" = [])))]
#[get("/executive")]
async fn executive(caller: Caller, query: Query<CycleQuery>) -> Result<HttpResponse, Refusal> {
    let cycle_id = query.0.cycle_id;
    let read =
        move |store: &mut dyn Store, actor: &Actor| executive_dashboard(store, actor, cycle_id);
    let (mut view, due) = caller.snapshot(read).await?;
    if let Some(graded) = due {
        disclosed::renew(&caller, graded).await;
        (view, _) = caller.snapshot(read).await?;
    }
    caller.listed(&view, None)
}

/// The noun.
pub const NOUN: Noun = Noun {
    tags: &[("dashboards", "The first screen of each role, one request each.")],
    ..Noun::of(routes)
};

fn routes(config: &mut ServiceConfig) {
    config.service(
        scope("/dashboards").service(employee).service(manager).service(hr).service(executive),
    );
}

fn employee_dashboard(store: &mut dyn Store, actor: &Actor) -> Result<EmployeeDashboard, Refusal> {
    actor.may(Action::DashboardOwn)?;
    let desk = Desk::of(store, actor)?;
    let (mine, last) = match actor.subject.employee_id {
        Some(me) => (store.participations(me)?, store.past_results(me)?),
        None => Default::default(),
    };
    let mut cycles = Vec::new();
    for part in mine {
        let Some(cycle) = desk.cycles.iter().find(|cycle| cycle.id == part.cycle_id) else {
            continue;
        };
        let goals = desk.goals.iter().filter(|goal| goal.cycle_id == cycle.id);
        let review = part.review.map(|(id, state)| {
            let seen = sees_result(actor, state);
            ReviewCard {
                id: id.uuid(),
                state,
                composite: part.composite.filter(|_| seen),
                grade: part.final_grade.filter(|_| seen),
            }
        });
        cycles.push(OwnCycle {
            cycle: cycle.into(),
            participant_id: part.participant_id.uuid(),
            manager: part.manager.map(Into::into),
            goals: goals
                .map(|goal| OwnGoalView::new(goal, cycle, actor.today))
                .collect::<Result<_, _>>()?,
            review,
            last: last
                .iter()
                .find(|result| result.before == cycle.id && sees_result(actor, result.state))
                .map(|result| LastResult {
                    cycle: (&result.cycle).into(),
                    composite: result.composite,
                    grade: result.final_grade,
                }),
        });
    }
    Ok(EmployeeDashboard { cycles, to_dos: ToDoList::of(&desk, actor) })
}

/// Whether the caller may see the result of their own review in this state.
fn sees_result(actor: &Actor, state: review::State) -> bool {
    let own = Target {
        about: actor.subject.employee_id,
        stage: Some(state.rating_stage()),
        ..Target::default()
    };
    decide(&actor.subject, Action::RatingRead, &own).permit.is_some()
}

fn manager_dashboard(
    store: &mut dyn Store,
    actor: &Actor,
    cycle_id: Option<Uuid>,
    page: &Page,
) -> Result<ManagerDashboard, Refusal> {
    actor.may(Action::DashboardOwn)?;
    let me = actor.subject.employee_id.ok_or(Refusal::NotFound)?;
    let desk = Desk::of(store, actor)?;
    let cycle = chosen(&desk, cycle_id, actor.today)?;
    let members = store.team(me, cycle.id, page)?;
    let hidden = &actor.subject.behind;
    let is_whole = page.after.is_none() && (members.len() as i64) < page.limit;
    let reviews = if is_whole && hidden.is_empty() {
        figures::of_whole(&members)
    } else {
        store.team_reviews(me, cycle.id, hidden)?
    };
    Ok(ManagerDashboard {
        cycle: cycle.into(),
        cycles: launched(&desk).map(CycleCard::from).collect(),
        reviews: figures::by_state(reviews.iter().map(|it| (it.state, it.people))),
        grades: figures::by_grade(reviews.iter().map(|it| (it.grade, it.people))),
        members: members
            .into_iter()
            .map(|member| TeamMemberView::new(member, cycle, actor))
            .collect::<Result<_, _>>()?,
        next_cursor: None,
        to_dos: ToDoList::of(&desk, actor),
    })
}

fn hr_dashboard(
    store: &mut dyn Store,
    actor: &Actor,
    cycle_id: Option<Uuid>,
) -> Result<HrDashboard, Refusal> {
    actor.may(Action::DashboardHr)?;
    let desk = Desk::of(store, actor)?;
    let cycle = chosen(&desk, cycle_id, actor.today)?;
    let shown = visibility(&actor.subject, Action::DashboardHr, actor.today)?;
    let people = disclosed::people(store, actor, Action::DashboardHr, cycle.id)?;
    let goals = store.department_goals(cycle.id, &shown)?;
    let departments = Departments::new(people, goals, cycle, actor.today);
    let (departments, last) = surrounded(store, actor, Action::DashboardHr, departments, cycle)?;
    Ok(HrDashboard {
        cycle: cycle.into(),
        cycles: launched(&desk).map(CycleCard::from).collect(),
        last_cycle: last,
        total: departments.total()?,
        departments: departments.rows()?,
        to_dos: ToDoList::of(&desk, actor),
    })
}

/// The dashboard, and the cycle whose disclosed counts must be renewed before it is shown.
fn executive_dashboard(
    store: &mut dyn Store,
    actor: &Actor,
    cycle_id: Option<Uuid>,
) -> Result<(ExecutiveDashboard, Option<Graded>), Refusal> {
    let action = Action::DashboardExecutive;
    actor.may(action)?;
    let desk = Desk::of(store, actor)?;
    let cycle = chosen(&desk, cycle_id, actor.today)?;
    let min_shown = cycle.settings.dist.min_shown;
    let graded = Graded { cycle: cycle.id, state: cycle.state, min_shown };
    let DisclosedGrades { disclosure, in_counts_alone, due } =
        disclosed::grades(store, actor, action, &graded)?;
    let shown = visibility(&actor.subject, action, actor.today)?;
    let people = disclosed::people(store, actor, action, cycle.id)?;
    let sums = store.department_goals(cycle.id, &shown)?;
    let mut departments = Departments::new(people, sums.clone(), cycle, actor.today);
    if in_counts_alone {
        let readable = readable_goals(store, actor, cycle.id)?;
        departments = departments.disclosing(&disclosure, min_shown.into(), &sums, &readable);
    }
    let (departments, last) = surrounded(store, actor, action, departments, cycle)?;
    let goals = store.company_goals(cycle.id)?;
    let view = ExecutiveDashboard {
        cycle: cycle.into(),
        cycles: launched(&desk).map(CycleCard::from).collect(),
        last_cycle: last,
        goals: goals
            .into_iter()
            .map(|goal| CompanyGoalView::new(goal, cycle, actor.today))
            .collect::<Result<_, _>>()?,
        total: departments.total()?,
        departments: departments.rows()?,
        to_dos: ToDoList::of(&desk, actor),
    };
    Ok((view, due.map(|_| graded)))
}

/// The departments with the units above them and their grades in the cycle before, and that cycle.
fn surrounded<'c>(
    store: &mut dyn Store,
    actor: &Actor,
    action: Action,
    departments: Departments<'c>,
    cycle: &OpenCycle,
) -> Result<(Departments<'c>, Option<CycleCard>), Refusal> {
    let placed = store.with_units_above(&departments.ids(), actor.today)?;
    let departments = departments.below(placed);
    let Some(last) = store.cycle_before(cycle.id)? else { return Ok((departments, None)) };
    let min_shown = cycle.settings.dist.min_shown;
    let graded = Graded { cycle: last.id, state: last.state, min_shown };
    let DisclosedGrades { disclosure, .. } = disclosed::grades(store, actor, action, &graded)?;
    Ok((departments.since(&disclosure), Some((&last).into())))
}

/// The goals that the caller may read one by one, added up by department.
fn readable_goals(
    store: &mut dyn Store,
    actor: &Actor,
    cycle: CycleId,
) -> Result<Vec<DepartmentGoals>, Refusal> {
    let Ok(visible) = visibility(&actor.subject, Action::GoalRead, actor.today) else {
        return Ok(Vec::new());
    };
    Ok(store.department_goals(cycle, &visible)?)
}

/// The cycles that a dashboard can show, sorted by their last day.
fn launched(desk: &Desk) -> impl DoubleEndedIterator<Item = &OpenCycle> {
    desk.cycles.iter().filter(|cycle| cycle.state != cycle::State::Draft)
}

/// The requested cycle; by default the one in which the most urgent to-do waits for the caller, else
/// the one whose period includes today, else the one whose period ends last.
fn chosen(desk: &Desk, asked: Option<Uuid>, today: NaiveDate) -> Result<&OpenCycle, Refusal> {
    let find = |id: Uuid| launched(desk).find(|cycle| cycle.id.uuid() == id);
    let found = match asked {
        Some(id) => find(id),
        None => {
            let mut waiting = desk.to_dos.iter().filter_map(|to_do| find(to_do.cycle_id?.uuid()));
            let runs =
                |cycle: &&OpenCycle| (cycle.period_start..=cycle.period_end).contains(&today);
            waiting
                .next()
                .or_else(|| launched(desk).find(runs))
                .or_else(|| launched(desk).next_back())
        }
    };
    found.ok_or(Refusal::NotFound)
}
