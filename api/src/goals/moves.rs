//! Transitions of a goal: submission, approval, return, completion and cancellation, with what each
//! requires and what follows from it.

use super::cases::{Opened, allowed_actions, assessed, open_to_change, parent_faults, seating};
use super::dependencies;
use super::views::GoalView;
use crate::platform::caller::Actor;
use crate::platform::problem::Violation;
use crate::platform::refusal::Refusal;
use crate::platform::reply::Reply;
use crate::platform::signing::Signing;
use crate::platform::transition::{Findings, Passage, Transition, fault, names};
use chrono::NaiveDate;
use domain::access::signing::Act;
use domain::core::change::Change;
use domain::core::id::{AccountId, GoalId};
use domain::core::number::{Exact, fixed};
use domain::core::text::TextEnum;
use domain::goals::goal::{FirstSignature, Goal, GoalAction, GoalContent, GoalRevision};
use domain::policy::{Action, Role};
use domain::scoring::settings::Enforce;
use domain::state::goal::{Event, Facts, Guard, State};
use domain::state::{Moving, Seat, Seating};
use persistence::Store;
use rust_decimal::Decimal;

/// A requested transition.
#[derive(Clone, Debug)]
pub struct GoalTransition {
    /// Id of the goal.
    pub goal: GoalId,
    /// The version the caller has read (If-Match).
    pub expected: i32,
    /// The requested action.
    pub action: GoalAction,
    /// Reason; empty for actions that need none.
    pub reason: String,
}

impl Transition for GoalTransition {
    type State = State;
    type Opened = Opened;
    type Found = ();
    type Output = Reply<GoalView>;

    fn open(&self, store: &mut dyn Store, actor: &Actor) -> Result<Opened, Refusal> {
        let action = policy_action(store, actor, self)?;
        open_to_change(store, actor, action, self.goal)
    }

    fn check_seen(&self, _: &Actor, opened: &Opened) -> Result<(), Refusal> {
        opened.check_version(self.expected)
    }

    fn state(&self, opened: &Opened) -> State {
        opened.goal.state
    }

    fn event(&self) -> Option<Event> {
        Goal::events(self.action).first().copied()
    }

    fn is_possible(&self, opened: &Opened) -> bool {
        opened.goal.lets(self.action)
    }

    fn offered(&self, actor: &Actor, opened: &Opened) -> Vec<&'static str> {
        names(allowed_actions(actor, &opened.goal, &opened.target))
    }

    fn seating(&self, actor: &Actor, opened: &Opened) -> Seating<Event> {
        seating(actor, &opened.goal, &opened.target)
    }

    fn look(
        &self,
        store: &mut dyn Store,
        actor: &Actor,
        opened: &mut Opened,
    ) -> Result<Findings<Self>, Refusal> {
        let Opened { goal, frame, .. } = opened;
        let facts = Facts { reason_given: !self.reason.trim().is_empty(), ..Facts::default() };
        let mut findings = Findings::<Self>::new(facts, ());
        match self.action {
            GoalAction::Submission => {
                let failed = goal.smart_failures(frame);
                let letters: Vec<_> = failed.iter().map(|failure| failure.as_str()).collect();
                findings.facts.smart_checked =
                    failed.is_empty() || frame.settings.smart.enforce == Enforce::Warn;
                findings.details.push((Guard::SmartChecked, letters.join(", ")));
                let form = store.goal_form(goal.cycle_id, goal.owner_id)?;
                let sum: Decimal = form.iter().map(|item| item.weight).sum();
                findings.facts.weights_sum_to_100 = sum == Decimal::ONE_HUNDRED;
                findings.details.push((Guard::WeightsSumTo100, fixed(sum, 2)));
                findings.faults.extend(whole_faults(&goal.content));
            }
            GoalAction::Approval => {
                findings.faults = parent_faults(store, goal, "/parent_id")?;
                findings.facts.alignment_valid =
                    !goal.must_be_aligned(frame) && findings.faults.is_empty();
                findings.facts.decided_by_another =
                    actor.subject.employee_id != Some(goal.owner_id);
            }
            GoalAction::Completion => findings.facts.data_present = goal.progress.is_some(),
            GoalAction::Cancellation => {
                let form = store.goal_form(goal.cycle_id, goal.owner_id)?;
                let rest: Vec<_> = form.iter().filter(|item| item.id != goal.id).collect();
                let sum: Decimal = rest.iter().map(|item| item.weight).sum();
                findings.facts.weights_redistributed =
                    rest.is_empty() || sum == Decimal::ONE_HUNDRED;
            }
            _ => {}
        }
        Ok(findings)
    }

    fn signing(
        &self,
        opened: &Opened,
        _: &Facts,
        seat: Seat,
        is_first: bool,
    ) -> Option<Signing<'static>> {
        let act = match self.action {
            GoalAction::Completion => Act::Completion,
            GoalAction::Cancellation => Act::Cancellation,
            _ => return None,
        };
        let roles: &[Role] = if seat == Seat::Hr { &[Role::HrAdmin] } else { &[] };
        Some(Signing { resource: opened.goal.id.uuid(), act, roles, is_first })
    }

    fn follow(
        &self,
        store: &mut dyn Store,
        actor: &Actor,
        passage: Passage<Self>,
    ) -> Result<Reply<GoalView>, Refusal> {
        let (opened, event) = (&passage.opened, passage.event);
        let before = opened.goal.clone();
        let action = if passage.is_complete { recorded(event) } else { "goal.signed" };
        let mut record = passage.record(action, before.id.uuid(), opened.permit.rule());
        record.reason = Some(self.reason.clone()).filter(|reason| !reason.is_empty());
        if !passage.is_complete {
            let record = record.field("signed", None::<String>, self.action.as_str());
            let seat = passage.seat;
            let first = FirstSignature { event, seat, account_id: me(actor), at: actor.now };
            let after = Goal { first_signature: Some(first), ..before };
            return opened.save(store, actor, after, record);
        }
        let mut after = Goal {
            state: passage.to,
            first_signature: None,
            version: before.version + 1,
            updated_at: actor.now,
            ..before
        };
        match event {
            Event::Submit => after.return_reason = None,
            Event::Return => after.return_reason = Some(self.reason.clone()),
            Event::Approve => {
                store.revise_goal(&agreed(actor, &after, after.content.period.start()))?;
                // Milestones carry their outcomes in the content; nothing else has progress at this
                // point.
                let progress = after.content.progress(&[], &[], &opened.frame.settings);
                after.progress =
                    progress.map_err(|error| Refusal::GuardFailed(vec![fault("", &error)]))?;
            }
            _ => {}
        }
        store.update_goal(Change::new(after.clone(), record))?;
        if matches!(event, Event::Complete | Event::Cancel) {
            dependencies::follow(store, actor, after.cycle_id, opened.permit.rule())?;
        }
        let version = after.version;
        let view = match event {
            Event::Submit => assessed(store, actor, opened, after)?,
            _ => opened.view(actor, after),
        };
        Ok(Reply::changed(view, version))
    }
}

/// The action the policy must permit for a transition. If a transition takes two people, either of
/// their actions will do.
fn policy_action(
    store: &mut dyn Store,
    actor: &Actor,
    order: &GoalTransition,
) -> Result<Action, Refusal> {
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

/// The signed content of a goal as a revision that applies from a day on.
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

/// What is missing before both sides can sign a content.
pub(super) fn whole_faults(content: &GoalContent) -> Vec<Violation> {
    let required = |place| Violation::new(format!("/content{place}"), "required");
    let mut faults: Vec<_> = content.untold().into_iter().map(required).collect();
    if content.key_result_weight() != Exact::from(100) {
        let place = "/content/definition/key_results";
        faults.push(Violation::new(place, "WEIGHTS_NOT_100"));
    }
    faults
}

/// Name of the audit entry for an event.
pub(super) fn recorded(event: Event) -> &'static str {
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
