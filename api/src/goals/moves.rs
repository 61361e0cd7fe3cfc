//! How a goal moves: handing in, approval, completion, giving up. What is demanded, and what
//! follows.

use super::cases::{Opened, assessed, open_to_change, parent_faults, seats};
use super::views::GoalView;
use crate::platform::caller::Actor;
use crate::platform::problem::Violation;
use crate::platform::refusal::Refusal;
use crate::platform::reply::Reply;
use crate::platform::signing::Signing;
use crate::platform::transition::{also, fault, fire, foresee};
use chrono::NaiveDate;
use domain::account::Role;
use domain::change::{Change, Record};
use domain::goal::{FirstSignature, Goal, GoalAction, GoalRevision};
use domain::id::{AccountId, GoalId};
use domain::number::{Exact, fixed};
use domain::policy::{Action, SEPARATION_OF_DUTIES, Target};
use domain::settings::Enforce;
use domain::signing::Act;
use domain::state::goal::{Event, Facts, Guard};
use domain::state::{Actor as Seat, Machine, Signature};
use domain::text::TextEnum;
use persistence::Store;
use rust_decimal::Decimal;

/// A transition that somebody has asked for.
#[derive(Clone, Debug)]
pub struct Order {
    /// Of which goal.
    pub goal: GoalId,
    /// In which version.
    pub expected: i32,
    /// Which one.
    pub action: GoalAction,
    /// Why.
    pub reason: String,
}

/// What a transition looks at before it is fired.
#[derive(Default)]
struct Sight {
    facts: Facts,
    /// What the texts of guards that do not hold speak of.
    details: Vec<(Guard, String)>,
    /// What is wrong beside the guards.
    faults: Vec<Violation>,
}

/// Moves a goal on, or keeps the first of two signatures.
pub fn transit(
    store: &mut dyn Store,
    actor: &Actor,
    order: &Order,
) -> Result<Reply<GoalView>, Refusal> {
    let action = policy_action(store, actor, order)?;
    let opened = open_to_change(store, actor, action, order.goal, Some(order.expected))?;
    opened.expect(actor, order.action)?;
    let before = opened.goal.clone();
    let event = order
        .action
        .event()
        .ok_or_else(|| Refusal::Internal(format!("{} is no transition of a goal", order.action)))?;
    let sight = look(store, actor, order, &opened)?;
    let detail = |guard: &'static str| {
        let said = sight.details.iter().find(|(about, _)| about.as_str() == guard);
        said.map(|(_, value)| value.clone())
    };
    let fired = if order.action.takes_two() {
        foresee(before.state, event, &sight.facts, detail)
    } else {
        let signed = signatures(actor, &opened.target);
        fire(before.state, event, &signed, &sight.facts, &[], detail)
    };
    let state = also(fired, sight.faults)?;

    let mut record = Record::new(told(event), before.id, opened.permit.rule());
    record.reason = Some(order.reason.clone()).filter(|reason| !reason.is_empty());
    if let Some(first) = first_signature(store, actor, &opened, order.action, event)? {
        let record = Record { action: "goal.signed", ..record };
        let record = record.field("signed", None::<String>, order.action.as_str());
        let after = Goal { first_signature: Some(first), ..before };
        return opened.save(store, actor, after, record);
    }
    let record = record.transition(before.state.as_str(), state.as_str());
    let mut after = Goal {
        state,
        first_signature: None,
        version: before.version + 1,
        updated_at: actor.now,
        ..before
    };
    match event {
        Event::Submit => after.return_reason = None,
        Event::Return => after.return_reason = Some(order.reason.clone()),
        Event::Approve => {
            store.revise_goal(&agreed(actor, &after, after.content.period.start()))?;
            // Milestones tell their outcomes themselves; nothing else has any progress yet.
            let progress = after.content.progress(&[], &[], &opened.frame.settings);
            after.progress =
                progress.map_err(|error| Refusal::GuardFailed(vec![fault("", &error)]))?;
        }
        _ => {}
    }
    store.update_goal(Change::new(after.clone(), record))?;
    let version = after.version;
    let view = match event {
        Event::Submit => assessed(store, actor, &opened, after)?,
        _ => opened.view(actor, after),
    };
    Ok(Reply::changed(view, version))
}

/// What the policy must allow for a transition: for what takes two, whichever of both the caller
/// may do.
fn policy_action(store: &mut dyn Store, actor: &Actor, order: &Order) -> Result<Action, Refusal> {
    let (one, other) = match order.action {
        GoalAction::Submission => return Ok(Action::GoalSubmit),
        GoalAction::Completion => (Action::GoalSubmit, Action::GoalApprove),
        GoalAction::Cancellation => (Action::GoalApprove, Action::GoalDecide),
        _ => return Ok(Action::GoalApprove),
    };
    let sealed = store.goal(order.goal)?;
    match actor.open(store, one, sealed) {
        Ok(_) => Ok(one),
        Err(Refusal::Forbidden(_)) => Ok(other),
        Err(refusal) => Err(refusal),
    }
}

/// The signature of the caller, where another one must follow; none where the transition needs no
/// other, or has it already.
fn first_signature(
    store: &mut dyn Store,
    actor: &Actor,
    opened: &Opened,
    action: GoalAction,
    event: Event,
) -> Result<Option<FirstSignature>, Refusal> {
    let act = match action {
        GoalAction::Completion => Act::Completion,
        GoalAction::Cancellation => Act::Cancellation,
        _ => return Ok(None),
    };
    let given = opened.goal.first_signature.filter(|first| first.event == event);
    let row = opened.goal.state.row(event);
    let needed = row.map(|row| row.by.actors()).unwrap_or_default();
    let free = |seat: &Seat| needed.contains(seat) && given.is_none_or(|it| it.seat != *seat);
    let seat = seats(actor, &opened.target).into_iter().find(free);
    let seat = seat.ok_or(Refusal::Forbidden(SEPARATION_OF_DUTIES))?;
    let roles: &[Role] = if seat == Seat::Hr { &[Role::HrAdmin] } else { &[] };
    let is_first = given.is_none();
    let signing = Signing { resource: opened.goal.id.uuid(), act, roles, is_first };
    signing.sign(store, actor)?;
    let account_id = me(actor);
    Ok(is_first.then_some(FirstSignature { event, seat, account_id, at: actor.now }))
}

/// The content of a goal as both sides have signed it, counting from a day on.
pub(super) fn agreed(actor: &Actor, goal: &Goal, effective_from: NaiveDate) -> GoalRevision {
    GoalRevision {
        goal_id: goal.id,
        revision: goal.revision,
        content: goal.content.clone(),
        effective_from,
        approved_by: me(actor),
        approved_at: actor.now,
    }
}

/// The account that acts.
pub(super) fn me(actor: &Actor) -> AccountId {
    actor.subject.principal.id().into()
}

/// Looks at what the guards of a transition demand.
fn look(
    store: &mut dyn Store,
    actor: &Actor,
    order: &Order,
    opened: &Opened,
) -> Result<Sight, Refusal> {
    let Opened { goal, frame, .. } = opened;
    let facts = Facts { reason_given: !order.reason.trim().is_empty(), ..Facts::default() };
    let mut sight = Sight { facts, ..Sight::default() };
    match order.action {
        GoalAction::Submission => {
            let failed = goal.smart_failures(frame);
            let letters: Vec<_> = failed.iter().map(|failure| failure.as_str()).collect();
            sight.facts.smart_checked =
                failed.is_empty() || frame.settings.smart.enforce == Enforce::Warn;
            sight.details.push((Guard::SmartChecked, letters.join(", ")));
            let form = store.goal_form(goal.cycle_id, goal.owner_id)?;
            let sum: Decimal = form.iter().map(|item| item.weight).sum();
            sight.facts.weights_sum_to_100 = sum == Decimal::ONE_HUNDRED;
            sight.details.push((Guard::WeightsSumTo100, fixed(sum, 2)));
            let required = |place| Violation::new(format!("/content{place}"), "required");
            sight.faults.extend(goal.content.untold().into_iter().map(required));
            if goal.content.key_result_weight() != Exact::from(100) {
                let place = "/content/definition/key_results";
                sight.faults.push(Violation::new(place, "WEIGHTS_NOT_100"));
            }
        }
        GoalAction::Approval => {
            sight.faults = parent_faults(store, goal, "/parent_id")?;
            sight.facts.alignment_valid = !goal.must_be_aligned(frame) && sight.faults.is_empty();
            sight.facts.decided_by_another = actor.subject.employee_id != Some(goal.owner_id);
        }
        GoalAction::Completion => sight.facts.data_present = goal.progress.is_some(),
        GoalAction::Cancellation => {
            let form = store.goal_form(goal.cycle_id, goal.owner_id)?;
            let rest: Vec<_> = form.iter().filter(|item| item.id != goal.id).collect();
            let sum: Decimal = rest.iter().map(|item| item.weight).sum();
            sight.facts.weights_redistributed = rest.is_empty() || sum == Decimal::ONE_HUNDRED;
        }
        _ => {}
    }
    Ok(sight)
}

/// What is recorded of an event.
pub(super) fn told(event: Event) -> &'static str {
    match event {
        Event::Submit => "goal.submitted",
        Event::Return => "goal.returned",
        Event::Approve => "goal.approved",
        Event::RequestChange => "goal.change_requested",
        Event::ApproveChange => "goal.change_approved",
        Event::RejectChange => "goal.change_rejected",
        Event::Complete => "goal.completed",
        Event::Cancel => "goal.cancelled",
        Event::Score => "goal.scored",
        Event::Reopen | Event::ReopenCompleted => "goal.reopened",
        Event::Lapse => "goal.change_lapsed",
        Event::Lock => "goal.locked",
    }
}

/// The signatures of the caller, from each seat it holds towards a goal.
pub(super) fn signatures(actor: &Actor, target: &Target) -> Vec<Signature> {
    let person = me(actor).uuid();
    seats(actor, target).into_iter().map(|seat| Signature { person, actor: seat }).collect()
}
