//! To-dos of the caller, with due dates.

use crate::cycles::last_day_of_appeals;
use crate::everyday::cards::CycleCard;
use crate::everyday::words;
use crate::people::PersonCard;
use crate::platform::areas::Noun;
use crate::platform::caller::{Actor, Caller};
use crate::platform::page::page_of;
use crate::platform::parameters::Query;
use crate::platform::refusal::Refusal;
use actix_web::{HttpResponse, get};
use chrono::NaiveDate;
use domain::everyday::to_do::{ToDo, ToDoKind, ToDoResource, check_in_due, next_step};
use domain::people::duty::Leaver;
use domain::policy::{Action, Target, decide};
use domain::state::{cycle, goal};
use persistence::{After, OpenCycle, OwnGoal, Store, Waiting};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

/// Something that the caller has to do.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ToDo)]
pub struct ToDoView {
    /// Kind of task.
    #[schema(value_type = words::ToDoKind)]
    pub kind: ToDoKind,
    /// Due date; null if there is none.
    pub due_on: Option<NaiveDate>,
    /// Whether the due date has passed.
    pub is_overdue: bool,
    /// Cycle that the task belongs to; null if none.
    pub cycle: Option<CycleCard>,
    /// Noun of the record to act on.
    #[schema(value_type = words::ToDoResource)]
    pub resource: ToDoResource,
    /// Id of the record to act on.
    pub resource_id: Uuid,
    /// Title of the goal that the task is about; null for tasks about no single goal.
    #[schema(required = true, example = "Win the north")]
    pub title: Option<String>,
    /// Person the task is about; null if it is the caller or nobody in particular.
    pub about: Option<PersonCard>,
}

page_of! {
    /// A page of to-dos.
    pub struct ToDoPage
    /// To-dos, sorted by due date; those without a due date come last.
    of ToDoView, counted
}

/// Query parameters of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ToDoQuery {
    /// Maximum number of items on the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
    /// `next_cursor` of the previous page.
    cursor: Option<String>,
    /// Whether to say how many items the whole list has.
    count: Option<bool>,
}

/// List to-dos
///
/// Lists what the caller has to do in all cycles that are not over, sorted by due date: goals to
/// write and to approve, check-ins, reviews, calibration, and results to acknowledge; for people
/// who run a cycle, its next step; for HR administrators, employees who leave and whose duties must
/// be handed over. An item disappears as soon as it is done.
#[utoipa::path(tag = "to-dos", operation_id = "listToDos", params(ToDoQuery),
    responses((status = 200, description = "A page of to-dos", body = ToDoPage)),
    security(("bearer" = [])))]
#[get("")]
async fn list(caller: Caller, query: Query<ToDoQuery>) -> Result<HttpResponse, Refusal> {
    let request = caller.page(query.0.limit, query.0.cursor.as_deref(), None)?;
    let (page, is_counted) = (request.page.clone(), query.0.count == Some(true));
    let (rows, total) = caller
        .snapshot(move |store, actor| {
            actor.may(Action::DashboardOwn)?;
            let desk = Desk::of(store, actor)?;
            let count = || desk.to_dos.iter().filter_map(|it| desk.show(it, actor)).count() as i64;
            let total = is_counted.then(count);
            let behind = |to_do: &ToDo| {
                page.after_text()
                    .is_none_or(|(key, id)| (key, id) < (&key_of(to_do), to_do.resource_id))
            };
            let limit = usize::try_from(page.limit).unwrap_or_default();
            let shown = desk.to_dos.iter().filter(|to_do| behind(to_do)).take(limit);
            let shown = shown.filter_map(|to_do| Some((key_of(to_do), desk.show(to_do, actor)?)));
            Ok((shown.collect::<Vec<_>>(), total))
        })
        .await?;
    let place = |(key, last): &(String, ToDoView)| After::Text(key.clone(), last.resource_id);
    let part = request.cut(&caller.app, rows, place);
    caller.answer_counted::<ToDoPage, _>(part, total, |(_, view)| view)
}

/// The noun.
pub const NOUN: Noun =
    Noun { tags: &[("to-dos", "What waits for the caller, and by when.")], ..Noun::of(routes) };

fn routes(config: &mut ServiceConfig) {
    config.service(scope("/to-dos").service(list));
}

/// The sort key of a to-do as text for a cursor: [`ToDo::order`] without the record.
fn key_of(to_do: &ToDo) -> String {
    // A tilde sorts after every digit, so to-dos without a due date come last.
    let day = to_do.due_on.map_or_else(|| "~".to_owned(), |day| day.to_string());
    format!("{day} {:02}", to_do.kind as u8)
}

/// The caller's desk: cycles, goals and to-dos.
pub struct Desk {
    /// Cycles that are not over, sorted by their last day.
    pub cycles: Vec<OpenCycle>,
    /// The caller's goals in these cycles.
    pub goals: Vec<OwnGoal>,
    /// All to-dos, in the order of the list.
    pub to_dos: Vec<ToDo>,
}

impl Desk {
    /// Reads the caller's desk with at most four statements.
    pub fn of(store: &mut dyn Store, actor: &Actor) -> Result<Self, Refusal> {
        let cycles = store.open_cycles(actor.subject.principal.id())?;
        let (waiting, goals) = match actor.subject.employee_id {
            Some(me) => (store.waiting(me, actor.today)?, store.own_goals(me)?),
            None => (Vec::new(), Vec::new()),
        };
        let mut to_dos: Vec<_> = cycles.iter().filter_map(|cycle| step_of(cycle, actor)).collect();
        for cycle in &cycles {
            let published = cycle.published_at;
            let appeals_end =
                published.and_then(|at| last_day_of_appeals(actor, at, &cycle.settings));
            let of_cycle = |waiting: &&Waiting| waiting.cycle_id == cycle.id;
            let found = waiting.iter().filter(of_cycle);
            to_dos.extend(found.map(|found| to_do(found, cycle, appeals_end)));
            let own = goals.iter().filter(|goal| goal.cycle_id == cycle.id);
            to_dos.extend(own.filter_map(|goal| check_in(goal, cycle, actor.today)));
        }
        to_dos.extend(hand_overs(store, actor)?);
        to_dos.sort_by_key(ToDo::order);
        Ok(Self { cycles, goals, to_dos })
    }

    /// Shows a to-do with the cycle it belongs to; none if that cycle is not on the desk.
    pub fn show(&self, to_do: &ToDo, actor: &Actor) -> Option<ToDoView> {
        let of_cycle = |id| self.cycles.iter().find(|cycle| cycle.id == id);
        let cycle = match to_do.cycle_id {
            Some(id) => Some(of_cycle(id)?),
            None => None,
        };
        Some(ToDoView {
            kind: to_do.kind,
            due_on: to_do.due_on,
            is_overdue: to_do.is_overdue(actor.today),
            cycle: cycle.map(CycleCard::from),
            resource: to_do.kind.resource(),
            resource_id: to_do.resource_id,
            title: to_do.title.clone(),
            about: to_do.about.clone().map(PersonCard::from),
        })
    }
}

/// Maximum number of leavers listed as to-dos at once.
const LEAVERS: i64 = 200;

/// To-dos for leavers whose duties the caller can hand over; the caller is left out.
fn hand_overs(store: &mut dyn Store, actor: &Actor) -> Result<Vec<ToDo>, Refusal> {
    let whole = Target::default();
    if decide(&actor.subject, Action::EmployeeDuties, &whole).permit.is_none() {
        return Ok(Vec::new());
    }
    let leavers = store.leavers_with_duties(actor.today, actor.now, LEAVERS)?.into_iter();
    let others = leavers.filter(|it| Some(it.person.0) != actor.subject.employee_id);
    Ok(others
        .map(|Leaver { person, last_day }| ToDo {
            kind: ToDoKind::HandOver,
            due_on: Some(last_day),
            cycle_id: None,
            resource_id: person.0.uuid(),
            title: None,
            about: Some(person),
        })
        .collect())
}

/// A to-do for the next step of a cycle, if the caller may take it.
fn step_of(cycle: &OpenCycle, actor: &Actor) -> Option<ToDo> {
    let kind = next_step(cycle.state)?;
    let may = |action| {
        let whole = Target::default();
        decide(&actor.subject, action, &whole).permit.is_some()
    };
    let mine = match kind {
        ToDoKind::ReleaseCycle => !cycle.approved && may(Action::CycleApprove),
        _ => may(Action::CycleWrite),
    };
    mine.then(|| ToDo {
        kind,
        due_on: kind.due_by(&cycle.schedule),
        cycle_id: Some(cycle.id),
        resource_id: cycle.id.uuid(),
        title: None,
        about: None,
    })
}

/// A to-do for a record, with its due date. A result is due to be acknowledged by the end of the
/// time for appeals.
fn to_do(found: &Waiting, cycle: &OpenCycle, appeals_end: Option<NaiveDate>) -> ToDo {
    let due_on = match found.kind {
        ToDoKind::AcknowledgeResult => appeals_end,
        kind => found.due_on.or_else(|| kind.due_by(&cycle.schedule)),
    };
    ToDo {
        kind: found.kind,
        due_on,
        cycle_id: Some(cycle.id),
        resource_id: found.resource_id,
        title: found.title.clone(),
        about: found.about.clone(),
    }
}

/// How many days before its due date a check-in appears as a to-do.
const CHECK_IN_NOTICE: i64 = 2;

/// A to-do to check in on an active goal, from a few days before it is due.
fn check_in(goal: &OwnGoal, cycle: &OpenCycle, today: NaiveDate) -> Option<ToDo> {
    if goal.state != goal::State::Active || cycle.state != cycle::State::Executing {
        return None;
    }
    let last = goal.checked_in_at.map_or(cycle.schedule.execution, |at| at.date_naive());
    let cadence = cycle.settings.risk.okr_cadence_days;
    let due = check_in_due(&goal.content, last, cadence)?;
    ((due - today).num_days() <= CHECK_IN_NOTICE).then(|| ToDo {
        kind: ToDoKind::CheckIn,
        due_on: Some(due),
        cycle_id: Some(cycle.id),
        resource_id: goal.id.uuid(),
        title: Some(goal.content.title.clone()),
        about: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_goes_on_in_the_order_of_the_list() {
        let days = [Some("2026-07-10"), None, Some("2026-03-01")];
        let kinds = [ToDoKind::DecideGoalChange, ToDoKind::ApproveGoal];
        let mut all: Vec<_> = days
            .iter()
            .flat_map(|day| kinds.map(|kind| (kind, day.and_then(|day| day.parse().ok()))))
            .map(|(kind, due_on)| ToDo {
                kind,
                due_on,
                cycle_id: None,
                resource_id: Uuid::nil(),
                title: None,
                about: None,
            })
            .collect();
        all.sort_by_key(ToDo::order);
        assert!(all.iter().map(key_of).is_sorted());
    }
}
