//! Use cases of participants: handover, exclusion and inclusion.

use super::views::{ExclusionOrder, Handover, ParticipantView};
use crate::platform::caller::Actor;
use crate::platform::problem::Violation;
use crate::platform::refusal::Refusal;
use crate::platform::reply::Reply;
use crate::platform::seen::Seen;
use crate::platform::words::Told;
use crate::reviews::recomputation::regroup;
use domain::core::change::{Change, Record};
use domain::core::id::{EmployeeId, ParticipantId, ReviewId};
use domain::core::text::TextEnum;
use domain::cycles::cycle::Cycle;
use domain::cycles::participant::{
    ExclusionReason, Participant, ParticipantAction, counts_for_quota,
};
use domain::people::employment::EmploymentStatus;
use domain::policy::{Action, Permit};
use domain::state::cycle::State;
use persistence::Store;

/// Opens a participant with its cycle, if the caller may change it, has read its current version
/// (where a version is given), and the state of the cycle allows the action.
fn open_for(
    store: &mut dyn Store,
    actor: &Actor,
    id: ParticipantId,
    seen: Option<&Seen>,
    action: ParticipantAction,
) -> Result<(Participant, Cycle, Permit), Refusal> {
    let sealed = store.find(id)?;
    let (participant, permit) = actor.open(store, Action::ParticipantWrite, sealed)?;
    let sealed = store.hold_cycle(participant.cycle_id)?;
    let (cycle, _) = actor.open(store, Action::CycleRead, sealed)?;
    seen.map_or(Ok(()), |seen| seen.check(participant.version))?;
    let possible = participant.possible_actions(cycle.state);
    if !possible.contains(&action) {
        return Err(Refusal::StateConflict {
            current_state: Told::new(cycle.state),
            allowed_actions: Told::all(possible.iter().copied()),
        });
    }
    Ok((participant, cycle, permit))
}

/// Makes another manager responsible for a participant, including the goals and the review.
pub fn hand_over(
    store: &mut dyn Store,
    actor: &Actor,
    id: ParticipantId,
    seen: Option<&Seen>,
    order: Handover,
) -> Result<Reply<ParticipantView>, Refusal> {
    let (before, cycle, permit) = open_for(store, actor, id, seen, ParticipantAction::Handover)?;
    let manager = EmployeeId::from(order.manager_id);
    if manager == before.employee_id {
        return Err(Refusal::invalid("/manager_id", "not_allowed"));
    }
    let sealed = store.employee(manager, actor.today)?;
    if sealed.is_none() {
        return Err(Refusal::unknown("/manager_id", order.manager_id));
    }
    let (person, _) = actor.open(store, Action::EmployeeRead, sealed)?;
    if person.status(actor.today) != EmploymentStatus::Active {
        return Err(Refusal::invalid("/manager_id", "not_allowed"));
    }
    let mutual = store.answers_in(cycle.id, before.employee_id, manager)?;
    if mutual && !order.allow_mutual {
        return Err(Refusal::invalid("/manager_id", "mutual_rating"));
    }
    let record = Record::new("participant.handed_over", id, permit.rule())
        .because(order.reason)
        .field("manager_id", before.manager_id, manager)
        .field("mutual", false, mutual);
    if let Some(leader) = before.manager_id {
        store.remember_leader(before.id, leader)?;
    }
    let leaders = before.manager_id.into_iter().chain([manager]);
    let after = Participant { manager_id: Some(manager), ..before };
    save(store, actor, after, &cycle, leaders, record)
}

/// Excludes a participant from the evaluation.
pub(super) fn exclude(
    store: &mut dyn Store,
    actor: &Actor,
    id: ParticipantId,
    seen: &Seen,
    order: ExclusionOrder,
) -> Result<Reply<ParticipantView>, Refusal> {
    let (before, cycle, permit) =
        open_for(store, actor, id, Some(seen), ParticipantAction::Exclusion)?;
    let exclusion = Some(ExclusionReason::ByHr);
    let record = Record::new("participant.excluded", id, permit.rule())
        .because(order.reason)
        .field("exclusion", None::<String>, ExclusionReason::ByHr.as_str());
    let leader = before.manager_id;
    let after = Participant { exclusion, counts_for_quota: false, ..before };
    save(store, actor, after, &cycle, leader, record)
}

/// Takes an excluded participant back into the evaluation. The person must belong to a population.
/// If reviews are open, a review is opened for the person.
pub(super) fn include(
    store: &mut dyn Store,
    actor: &Actor,
    id: ParticipantId,
    seen: &Seen,
    review: ReviewId,
    order: ExclusionOrder,
) -> Result<Reply<ParticipantView>, Refusal> {
    let (before, cycle, permit) =
        open_for(store, actor, id, Some(seen), ParticipantAction::Inclusion)?;
    if before.population.is_none() {
        return Err(Refusal::GuardFailed(vec![Violation::new("", "no_population")]));
    }
    let sealed = store.employee(before.employee_id, actor.today)?;
    let (person, _) = actor.open(store, Action::EmployeeRead, sealed)?;
    let oversees = store.overseers(cycle.id, actor.today)?.contains(&before.employee_id);
    let employments = &person.employments;
    let employment = employments.shown(cycle.period.end());
    let since = employments.unbroken_since(employment);
    let counts_for_quota = counts_for_quota(since, cycle.period, oversees);
    let record = Record::new("participant.included", id, permit.rule())
        .because(order.reason)
        .field("exclusion", before.exclusion.map(|reason| reason.as_str()), None::<String>);
    if cycle.state == State::Evaluating {
        store.open_review(id, review, permit.rule())?;
    }
    let leader = before.manager_id;
    let after = Participant { exclusion: None, counts_for_quota, ..before };
    save(store, actor, after, &cycle, leader, record)
}

/// Saves a participant and recomputes the results of the managers before and after the change.
fn save(
    store: &mut dyn Store,
    actor: &Actor,
    changed: Participant,
    cycle: &Cycle,
    leaders: impl IntoIterator<Item = EmployeeId>,
    record: Record,
) -> Result<Reply<ParticipantView>, Refusal> {
    let (version, rule) = (changed.version + 1, record.rule);
    let after = Participant { version, updated_at: actor.now, ..changed };
    store.update(Change::new(after.clone(), record))?;
    regroup(store, actor, cycle, leaders, rule)?;
    let shown = actor.shown(Action::ParticipantRead, after);
    Ok(Reply::changed(ParticipantView::new(actor, &shown, Some(cycle.state)), version))
}
