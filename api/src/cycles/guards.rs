//! Evaluates the guards of a cycle's transitions, with the values that their messages mention.

use super::moves::CycleTransition;
use crate::platform::app::new_id;
use crate::platform::caller::Actor;
use crate::platform::problem::Violation;
use crate::platform::refusal::Refusal;
use crate::reviews::distribution::disclosed::grades_unfounded;
use chrono::NaiveDate;
use domain::core::calendar::WorkCalendar;
use domain::core::id::{EmployeeId, ParticipantId};
use domain::core::text::TextEnum;
use domain::core::time::Timestamp;
use domain::cycles::cycle::{Cycle, CycleAction, unassigned_stages};
use domain::cycles::participant::{Participant, UnitTree, day_of_record, enrol};
use domain::cycles::performance_policy::{OutOfReach, PerformancePolicy, PolicyRules};
use domain::scoring::settings::Settings;
use domain::state::Share;
use domain::state::cycle::{Facts, Guard};
use persistence::Store;
use std::collections::{BTreeMap, BTreeSet};

/// Maximum number of people named in the message of a guard.
const NAMED: usize = 20;

/// Findings about a transition before it is made.
#[derive(Default)]
pub(super) struct CycleFindings {
    /// Facts that the guards are checked against.
    pub facts: Facts,
    /// For guards that fail: the value that the message mentions.
    pub details: Vec<(Guard, String)>,
    /// Warnings that do not stop the transition: code and the value that the message mentions.
    pub warnings: Vec<(&'static str, String)>,
    /// For a launch: the people who would take part.
    pub people: Vec<Participant>,
}

impl CycleFindings {
    fn say(&mut self, guard: Guard, value: impl ToString) {
        self.details.push((guard, value.to_string()));
    }
}

/// Collects the facts that the guards of a transition need.
pub(super) fn look(
    store: &mut dyn Store,
    actor: &Actor,
    order: &CycleTransition,
    cycle: &Cycle,
    policy: &PerformancePolicy,
) -> Result<CycleFindings, Refusal> {
    let Cycle { id, schedule, .. } = cycle;
    let today = actor.today;
    let mut sight = CycleFindings::default();
    match order.action {
        CycleAction::Launch => {
            let people = enrolment(store, actor, cycle, policy)?;
            let evaluated = people.iter().filter(|person| person.exclusion.is_none()).count();
            sight.facts = cycle.launch_facts(policy, u64::try_from(evaluated).unwrap_or(u64::MAX));
            let day = day_of_record(cycle.period, today).max(today);
            look_at_managers(store, &people, day, &mut sight)?;
            sight.people = people;
            let stages = unassigned_stages(&cycle.raci);
            sight.say(Guard::RaciComplete, list(stages.into_iter().map(TextEnum::as_str)));
            sight.say(Guard::DatesOrdered, list(schedule.out_of_order()));
            if let Some(sum) = policy.rules.weights_off_100() {
                sight.say(Guard::WeightsSumTo100, sum);
            }
            sight.say(Guard::KindFits, format!("{}, {}", cycle.kind, cycle.period.days()));
            let short = policy.rules.out_of_reach().unwrap_or_default();
            let told = |it: OutOfReach<'_>| {
                format!("{}/{}: {} / {} %", it.population.code, it.rule.code, it.reach, it.needed)
            };
            sight.say(
                Guard::RatersWithinReach,
                short.into_iter().map(told).collect::<Vec<_>>().join(", "),
            );
        }
        CycleAction::Start => {
            let Share { part, whole } = store.goals_in_force(*id)?;
            sight.facts.goals_active = Share { part, whole };
            sight.say(Guard::GoalsActive, format!("{part} / {whole}"));
        }
        CycleAction::Evaluation => {
            sight.facts.evaluation_date_reached = today >= schedule.evaluation;
            sight.say(Guard::DateReached, schedule.evaluation);
        }
        CycleAction::Calibration => {
            check_exceptions(store, order)?;
            let missing = store.manager_reviews_missing(*id, &order.exceptions)?;
            sight.facts.manager_reviews_missing = Some(missing);
            sight.say(Guard::ManagerReviewsIn, missing);
        }
        CycleAction::Confirmation => {
            let missing = store.reviews_underway(*id)?;
            sight.facts.manager_reviews_missing = Some(missing);
            sight.say(Guard::ManagerReviewsIn, missing);
            let unfinished = store.sessions_unfinished(*id)? + store.reviews_ungraded(*id)?;
            sight.facts.sessions_unfinished = Some(unfinished);
            sight.say(Guard::SessionsFinalised, unfinished);
            let unfounded = grades_unfounded(store, actor, *id, None)?;
            sight.facts.grades_unfounded = Some(unfounded);
            sight.say(Guard::GradesFounded, unfounded);
        }
        CycleAction::Closure => {
            let last = match cycle.published_at {
                Some(at) => last_day_of_appeals(actor, at, &settings(&policy.rules)?),
                None => None,
            };
            if let Some(last) = last {
                sight.facts.appeal_window_over = today > last;
                sight.say(Guard::AppealWindowOver, last);
            }
            sight.facts.open_appeals = Some(0);
        }
        CycleAction::Archival => {
            sight.facts.retention_reached = today >= schedule.retention;
            sight.say(Guard::RetentionReached, schedule.retention);
        }
        CycleAction::Publication => {
            let unfinished = store.sessions_unfinished(*id)?;
            sight.facts.sessions_unfinished = Some(unfinished);
            sight.say(Guard::SessionsFinalised, unfinished);
        }
        CycleAction::Update | CycleAction::DimensionDrop | CycleAction::Cancellation => {}
    }
    sight.facts.reason_given = order.reason.is_some();
    Ok(sight)
}

/// The people who would take part if the cycle were launched now.
fn enrolment(
    store: &mut dyn Store,
    actor: &Actor,
    cycle: &Cycle,
    policy: &PerformancePolicy,
) -> Result<Vec<Participant>, Refusal> {
    let day = day_of_record(cycle.period, actor.today);
    let units = store.org_tree(day)?.units.into_values();
    let tree: UnitTree =
        units.map(|placed| (placed.unit.id, placed.unit.kind, placed.unit.parent_id)).collect();
    let candidates = store.candidates(cycle.period, day)?;
    let overseers = store.overseers(cycle.id, actor.today)?;
    let (now, mut new_participant) = (actor.now, || ParticipantId::from(new_id()));
    Ok(enrol(cycle, &policy.rules, &tree, candidates, &overseers, now, &mut new_participant))
}

/// Finds people whose manager is not employed on a day, and people without a manager.
fn look_at_managers(
    store: &mut dyn Store,
    people: &[Participant],
    day: NaiveDate,
    sight: &mut CycleFindings,
) -> Result<(), Refusal> {
    let managers: BTreeSet<_> = people.iter().filter_map(|person| person.manager_id).collect();
    let left = store.not_employed(&managers.iter().copied().collect::<Vec<_>>(), day)?;
    let evaluated = || people.iter().filter(|person| person.exclusion.is_none());
    let mut under = BTreeMap::<EmployeeId, u64>::new();
    for manager in evaluated().filter_map(|person| person.manager_id) {
        if left.contains(&manager) {
            *under.entry(manager).or_default() += 1;
        }
    }
    let is_below_nobody = |person: &&Participant| person.manager_id.is_none();
    let lone: Vec<_> = evaluated().filter(is_below_nobody).map(|it| it.employee_id).collect();
    sight.facts.under_leavers = Some(under.values().sum());
    if under.is_empty() && lone.is_empty() {
        return Ok(());
    }
    let named: Vec<_> = under.keys().take(NAMED).chain(lone.iter().take(NAMED)).copied().collect();
    let names = store.names(&named)?;
    let name = |id: &EmployeeId| match names.get(id) {
        Some((number, name)) => format!("{name} ({number})"),
        None => id.to_string(),
    };
    let leavers = under.iter().map(|(id, count)| format!("{}: {count}", name(id)));
    sight.say(Guard::ManagersEmployed, shortened(leavers, under.len()));
    let lone_names = shortened(lone.iter().map(name), lone.len());
    sight.warnings.extend((!lone.is_empty()).then_some(("without_manager", lone_names)));
    Ok(())
}

/// The first names of a list, with the total count if it is longer.
fn shortened(names: impl Iterator<Item = String>, count: usize) -> String {
    let mut told: Vec<String> = names.take(NAMED).collect();
    if count > NAMED {
        told.push(format!("… ({count})"));
    }
    told.join(", ")
}

fn check_exceptions(store: &mut dyn Store, order: &CycleTransition) -> Result<(), Refusal> {
    if order.exceptions.is_empty() {
        return Ok(());
    }
    if order.reason.is_none() {
        return Err(Refusal::invalid("/reason", "required"));
    }
    let unknown = store.unknown_participants(order.cycle, &order.exceptions)?;
    let faults: Vec<_> = order
        .exceptions
        .iter()
        .enumerate()
        .filter(|(_, exception)| unknown.contains(exception))
        .map(|(at, exception)| {
            let pointer = format!("/exceptions/{at}");
            Violation::new(pointer, "unknown_reference").with("value", exception)
        })
        .collect();
    if faults.is_empty() { Ok(()) } else { Err(Refusal::Invalid(faults)) }
}

/// The settings of a policy.
pub(super) fn settings(rules: &PolicyRules) -> Result<Settings, Refusal> {
    rules.settings().map_err(|error| Refusal::Internal(error.to_string()))
}

/// Last day for appeals against results published at an instant, in the company's time zone.
pub fn last_day_of_appeals(
    actor: &Actor,
    published: Timestamp,
    settings: &Settings,
) -> Option<NaiveDate> {
    let day = published.with_timezone(&actor.zone).date_naive();
    WorkCalendar::default().add_workdays(day, settings.appeal.window_workdays).ok()
}

fn list(names: impl IntoIterator<Item = &'static str>) -> String {
    names.into_iter().collect::<Vec<_>>().join(", ")
}
