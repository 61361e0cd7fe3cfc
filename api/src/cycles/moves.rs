//! How a cycle moves from stage to stage: what is demanded, and what follows.

use super::cases::{approvals, conflict, view};
use super::views::CycleView;
use crate::app::new_id;
use crate::caller::Actor;
use crate::problem::Violation;
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::transition::fire;
use chrono::NaiveDate;
use domain::account::Role;
use domain::calendar::WorkCalendar;
use domain::change::{Change, Record};
use domain::cycle::{Cycle, CycleAction, CycleApproval, unassigned_stages};
use domain::id::{AccountId, CycleId, ParticipantId};
use domain::participant::{Participant, UnitTree, day_of_record, enrol};
use domain::performance_policy::PerformancePolicy;
use domain::policy::{Action, SEPARATION_OF_DUTIES};
use domain::settings::Settings;
use domain::state::cycle::{Event, Facts, Guard, State};
use domain::state::review::State as Review;
use domain::state::{Actor as Seat, Machine, Share, Signature};
use domain::text::TextEnum;
use persistence::Store;
use std::collections::BTreeMap;
use uuid::Uuid;

/// A transition that somebody has asked for.
#[derive(Clone, Debug)]
pub struct Order {
    /// Of which cycle.
    pub cycle: CycleId,
    /// In which version.
    pub expected: i32,
    /// Which one.
    pub action: CycleAction,
    /// Why.
    pub reason: Option<String>,
    /// Participants whose review may be missing.
    pub exceptions: Vec<ParticipantId>,
}

/// What a transition looks at before it is fired.
#[derive(Default)]
struct Sight {
    facts: Facts,
    /// What the text of a guard that does not hold speaks of.
    details: BTreeMap<&'static str, String>,
    /// Who would take part, of a launch.
    people: Vec<Participant>,
}

impl Sight {
    fn say(&mut self, guard: Guard, value: impl ToString) {
        self.details.insert(guard.as_str(), value.to_string());
    }
}

/// Moves a cycle on, or keeps the first of two approvals. `progress` is told how many people are
/// done.
pub fn transit(
    store: &mut dyn Store,
    actor: &Actor,
    order: &Order,
    progress: &dyn Fn(usize),
) -> Result<Reply<CycleView>, Refusal> {
    let sealed = store.lock_cycle(order.cycle)?;
    let two = order.action.takes_two();
    let action = if two { Action::CycleApprove } else { Action::CycleWrite };
    let (before, permit) = actor.open(store, action, sealed)?;
    if before.version != order.expected {
        return Err(Refusal::Stale);
    }
    let given = approvals(store, before.id)?;
    let Some(event) = order.action.event().filter(|event| before.state.row(*event).is_some())
    else {
        return Err(conflict(actor, &before, &given));
    };
    let sealed = store.policy(before.policy_id)?;
    let (policy, _) = actor.open(store, Action::PolicyRead, sealed)?;
    let sight = look(store, actor, order, &before, &policy)?;
    let detail = |guard: &'static str| sight.details.get(guard).cloned();
    let everyone = all_signatures(before.state, event);
    let state = fire(before.state, event, &everyone, &sight.facts, &[], detail)?;

    let mut record = Record::new(told(event), before.id, permit.rule());
    record.reason.clone_from(&order.reason);
    let mut after = Cycle { version: before.version + 1, updated_at: actor.now, ..before.clone() };
    if two {
        let given: Vec<_> = given.into_iter().filter(|given| given.event == event).collect();
        let approval = sign(actor, event, &given)?;
        store.approve_cycle(before.id, &approval)?;
        let signed: Vec<_> = given.iter().chain([&approval]).map(signature).collect();
        if before.state.step(event, &signed, &sight.facts).is_err() {
            let record = Record { action: "cycle.approved", ..record };
            let record = record.field("approved", None::<String>, order.action.as_str());
            return save(store, actor, after, record);
        }
    } else {
        store.forget_approvals(before.id)?;
    }
    after.state = state;
    let done = follow(store, order, &policy, &sight.people, &mut after, progress)?;
    let record = record.transition(before.state.as_str(), state.as_str());
    let record = done
        .into_iter()
        .fold(record, |record, (name, rows)| record.field(name, None::<usize>, rows));
    save(store, actor, after, record)
}

fn save(
    store: &mut dyn Store,
    actor: &Actor,
    cycle: Cycle,
    record: Record,
) -> Result<Reply<CycleView>, Refusal> {
    store.update_cycle(Change::new(cycle.clone(), record))?;
    let version = cycle.version;
    Ok(Reply::changed(view(store, actor, cycle)?, version))
}

/// What follows from a transition: who takes part, what becomes of reviews and goals; and how many
/// of each, for the audit log.
fn follow(
    store: &mut dyn Store,
    order: &Order,
    policy: &PerformancePolicy,
    people: &[Participant],
    cycle: &mut Cycle,
    progress: &dyn Fn(usize),
) -> Result<Vec<(&'static str, usize)>, Refusal> {
    let id = cycle.id;
    Ok(match order.action {
        CycleAction::Launch => {
            cycle.launched_at = Some(cycle.updated_at);
            store.create_participants(people, progress)?;
            vec![("participants", people.len())]
        }
        CycleAction::Evaluation => {
            let mut new_review = || new_id().into();
            vec![("reviews", store.open_reviews(id, &mut new_review, progress)?)]
        }
        CycleAction::Calibration => {
            if !settings(policy)?.review.second_review {
                store.move_reviews(id, &[Review::SecondReview], Review::InCalibration)?;
            }
            vec![("exceptions", order.exceptions.len())]
        }
        CycleAction::Confirmation => {
            vec![("reviews", store.settle_grades(id, None)?), ("goals", store.lock_goals(id)?)]
        }
        CycleAction::Publication => {
            cycle.published_at = Some(cycle.updated_at);
            vec![("reviews", store.move_reviews(id, &[Review::Calibrated], Review::Published)?)]
        }
        CycleAction::Closure => {
            let shown = [Review::Published, Review::Acknowledged, Review::Disagreed];
            vec![("reviews", store.move_reviews(id, &shown, Review::Final)?)]
        }
        CycleAction::Update
        | CycleAction::Start
        | CycleAction::Archival
        | CycleAction::Cancellation => Vec::new(),
    })
}

/// Looks at what the guards of a transition demand.
fn look(
    store: &mut dyn Store,
    actor: &Actor,
    order: &Order,
    cycle: &Cycle,
    policy: &PerformancePolicy,
) -> Result<Sight, Refusal> {
    let Cycle { id, schedule, .. } = cycle;
    let today = actor.today;
    let mut sight = Sight::default();
    match order.action {
        CycleAction::Launch => {
            let people = enrolment(store, actor, cycle, policy)?;
            let evaluated = people.iter().filter(|person| person.exclusion.is_none()).count();
            sight.facts = cycle.launch_facts(policy, u64::try_from(evaluated).unwrap_or(u64::MAX));
            sight.people = people;
            let stages = unassigned_stages(&cycle.raci);
            sight.say(Guard::RaciComplete, list(stages.into_iter().map(TextEnum::as_str)));
            sight.say(Guard::DatesOrdered, list(schedule.out_of_order()));
            if let Some(sum) = policy.rules.weights_off_100() {
                sight.say(Guard::WeightsSumTo100, sum);
            }
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
        // A session may have been taken up again since the grades were confirmed.
        CycleAction::Confirmation | CycleAction::Publication => {
            let unfinished = store.sessions_unfinished(*id)?;
            sight.facts.sessions_unfinished = Some(unfinished);
            sight.say(Guard::SessionsFinalised, unfinished);
        }
        CycleAction::Closure => {
            if let Some(last) = last_day_of_appeals(store, actor, cycle, policy)? {
                sight.facts.appeal_window_over = today > last;
                sight.say(Guard::AppealWindowOver, last);
            }
            sight.facts.open_appeals = Some(0);
        }
        CycleAction::Archival => {
            sight.facts.retention_reached = today >= schedule.retention;
            sight.say(Guard::RetentionReached, schedule.retention);
        }
        CycleAction::Update | CycleAction::Cancellation => {}
    }
    sight.facts.reason_given = order.reason.is_some();
    Ok(sight)
}

/// Who would take part if the cycle were launched now.
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
    let mut new_participant = || ParticipantId::from(new_id());
    Ok(enrol(cycle, &policy.rules, &tree, candidates, actor.now, &mut new_participant))
}

fn check_exceptions(store: &mut dyn Store, order: &Order) -> Result<(), Refusal> {
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
fn settings(policy: &PerformancePolicy) -> Result<Settings, Refusal> {
    policy.rules.settings().map_err(|error| Refusal::Internal(error.to_string()))
}

/// The last day on which somebody may appeal, in the time zone of the company.
fn last_day_of_appeals(
    store: &mut dyn Store,
    actor: &Actor,
    cycle: &Cycle,
    policy: &PerformancePolicy,
) -> Result<Option<NaiveDate>, Refusal> {
    let Some(published) = cycle.published_at else { return Ok(None) };
    let sealed = store.tenant()?;
    let (tenant, _) = actor.open(store, Action::TenantRead, sealed)?;
    let zone: chrono_tz::Tz = tenant.time_zone.parse().unwrap_or(chrono_tz::UTC);
    let day = published.with_timezone(&zone).date_naive();
    let window = settings(policy)?.appeal.window_workdays;
    Ok(WorkCalendar::default().add_workdays(day, window).ok())
}

/// The approval of the caller, from a seat in which nobody else has signed.
fn sign(actor: &Actor, event: Event, given: &[CycleApproval]) -> Result<CycleApproval, Refusal> {
    let me = AccountId::from(actor.subject.principal.id());
    let seats = [(Role::HrAdmin, Seat::Hr), (Role::Executive, Seat::Exec)];
    let held = seats.into_iter().filter(|(role, _)| actor.subject.holds(*role));
    let free = held.map(|(_, seat)| seat).find(|seat| given.iter().all(|it| it.seat != *seat));
    match free {
        Some(seat) if given.iter().all(|it| it.account_id != me) => {
            Ok(CycleApproval { event, account_id: me, seat, at: actor.now })
        }
        _ => Err(Refusal::Forbidden(SEPARATION_OF_DUTIES)),
    }
}

fn signature(approval: &CycleApproval) -> Signature {
    Signature { person: approval.account_id.uuid(), actor: approval.seat }
}

/// Every signature a transition could need, to see whether anything else keeps it from happening.
fn all_signatures(state: State, event: Event) -> Vec<Signature> {
    let row = state.row(event);
    let seats = row.map(|row| row.by.actors()).unwrap_or_default();
    (1..)
        .zip(seats)
        .map(|(n, seat)| Signature { person: Uuid::from_u128(n), actor: *seat })
        .collect()
}

/// What is recorded of an event.
fn told(event: Event) -> &'static str {
    match event {
        Event::Launch => "cycle.launched",
        Event::Start => "cycle.started",
        Event::OpenEvaluation => "cycle.evaluation_opened",
        Event::OpenCalibration => "cycle.calibration_opened",
        Event::Confirm => "cycle.confirmed",
        Event::Publish => "cycle.published",
        Event::Close => "cycle.closed",
        Event::Archive => "cycle.archived",
        Event::Cancel => "cycle.cancelled",
    }
}

fn list(names: impl IntoIterator<Item = &'static str>) -> String {
    names.into_iter().collect::<Vec<_>>().join(", ")
}
