//! Transitions of a goal: submission, approval, return, completion and cancellation, with what each
//! requires and what follows from it.

use super::cases::{Opened, assessed, open_to_change, parent_faults, seating};
use super::dependencies;
use super::views::GoalView;
use crate::platform::caller::Actor;
use crate::platform::plain::{Asked, said};
use crate::platform::problem::Violation;
use crate::platform::refusal::Refusal;
use crate::platform::reply::Reply;
use crate::platform::signing::Signing;
use crate::platform::transition::{Checked, Done, Findings, Passage, Transition};
use crate::platform::words::Told;
use chrono::NaiveDate;
use domain::access::signing::Act;
use domain::core::change::{Change, Record};
use domain::core::id::{AccountId, GoalId};
use domain::core::number::{Exact, fixed};
use domain::core::text::TextEnum;
use domain::goals::goal::{FirstSignature, Goal, GoalAction, GoalContent, GoalRevision};
use domain::policy::{Action, Role};
use domain::reviews::form::Review;
use domain::scoring::settings::Enforce;
use domain::state::goal::{Event, Facts, Guard, State};
use domain::state::{Moving, Seat, Seating};
use persistence::{Page, Store};
use rust_decimal::Decimal;

/// A requested transition of a goal.
#[derive(Clone, Debug)]
pub struct GoalTransition(pub Asked<GoalId, GoalAction>);

/// What transitions of an opened goal have in common, for the implementation of [`Transition`].
///
/// `GoalChange asked in 0, (_, opened) => opened` says of which record something is asked, in which
/// field of the transition, and where the opened goal is, whose state, seats and offers they are.
/// `asked in 0` is for what is asked of the goal itself, in the version that the caller has read.
macro_rules! of_goal {
    (asked in $asked:tt) => {
        fn check_seen(&self, _: &Actor, opened: &Opened) -> Result<(), Refusal> {
            self.$asked.seen.check(opened.goal.version)
        }

        fn is_possible(&self, opened: &Opened) -> bool {
            opened.goal.lets(self.$asked.verb)
        }

        $crate::goals::moves::of_goal!(Goal asked in $asked, opened => opened);
    };
    ($record:ident asked in $asked:tt, $held:pat => $opened:ident) => {
        fn event(&self) -> Option<Event> {
            $record::events(self.$asked.verb).first().copied()
        }

        fn state(&self, $held: &Self::Opened) -> State {
            $opened.goal.state
        }

        fn offered(&self, actor: &Actor, $held: &Self::Opened) -> Vec<Told> {
            Told::all($crate::goals::cases::allowed_actions(actor, &$opened.goal, &$opened.target))
        }

        fn seating(&self, actor: &Actor, $held: &Self::Opened) -> Seating<Event> {
            seating(actor, &$opened.goal, &$opened.target)
        }
    };
}
pub(super) use of_goal;

impl Transition for GoalTransition {
    type State = State;
    type Opened = Opened;
    type Found = ();
    type Output = Reply<GoalView>;

    of_goal!(asked in 0);

    fn open(&self, store: &mut dyn Store, actor: &Actor) -> Result<Opened, Refusal> {
        let action = policy_action(store, actor, &self.0)?;
        open_to_change(store, actor, action, self.0.id)
    }

    fn look(&self, store: &mut dyn Store, actor: &Actor, opened: &mut Opened) -> Checked<Self> {
        let Opened { goal, frame, .. } = opened;
        let facts = Facts { reason_given: said(&self.0.said).is_some(), ..Facts::default() };
        let mut findings = Findings::<Self>::new(facts, ());
        match self.0.verb {
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
        let act = match self.0.verb {
            GoalAction::Completion => Act::Completion,
            GoalAction::Cancellation => Act::Cancellation,
            _ => return None,
        };
        let roles: &[Role] = if seat == Seat::Hr { &[Role::HrAdmin] } else { &[] };
        Some(Signing { resource: opened.goal.id.uuid(), act, roles, is_first })
    }

    fn follow(&self, store: &mut dyn Store, actor: &Actor, passage: Passage<Self>) -> Done<Self> {
        let (opened, event) = (&passage.opened, passage.event);
        let (before, reason) = (opened.goal.clone(), said(&self.0.said));
        if !passage.is_complete {
            let record = Record::new("goal.signed", before.id, opened.permit.rule())
                .because_of(reason)
                .field("signed", None::<String>, self.0.verb.as_str());
            let seat = passage.seat;
            let first = FirstSignature { event, seat, account_id: me(actor), at: actor.now };
            let after = Goal { first_signature: Some(first), ..before };
            return opened.save(store, actor, after, record);
        }
        let mut after = Goal { state: passage.to, first_signature: None, ..before };
        match event {
            Event::Submit => after.return_reason = None,
            Event::Return => after.return_reason.clone_from(&reason),
            Event::Approve => {
                let start = after.content.period.start();
                after = agreed(store, actor, opened, after, start)?;
            }
            _ => {}
        }
        let after = moved(store, actor, opened, event, reason, after, None)?;
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
    asked: &Asked<GoalId, GoalAction>,
) -> Result<Action, Refusal> {
    let (one, other) = match asked.verb {
        GoalAction::Submission => return Ok(Action::GoalSubmit),
        GoalAction::Completion => (Action::GoalSubmit, Action::GoalApprove),
        GoalAction::Cancellation => (Action::GoalApprove, Action::GoalDecide),
        _ => return Ok(Action::GoalApprove),
    };
    let sealed = store.goal(asked.id)?;
    match actor.open(store, one, sealed) {
        Ok(_) => Ok(one),
        Err(Refusal::Forbidden(_)) => Ok(other),
        Err(refusal) => Err(refusal),
    }
}

/// Saves an opened goal as an event has changed it, and has follow what depends on it: the owner's
/// result, if its `review` is rated, and what waits for the goal.
pub(super) fn moved(
    store: &mut dyn Store,
    actor: &Actor,
    opened: &Opened,
    event: Event,
    reason: Option<String>,
    after: Goal,
    review: Option<Review>,
) -> Result<Goal, Refusal> {
    let (before, rule) = (&opened.goal, opened.permit.rule());
    let after = Goal { version: before.version + 1, updated_at: actor.now, ..after };
    let record = Record::new(recorded(event), before.id, rule)
        .transition(before.state.as_str(), after.state.as_str())
        .because_of(reason)
        .field("content", &before.content, &after.content);
    store.update_goal(Change::new(after.clone(), record))?;
    opened.follow(store, actor, review)?;
    let is_postponed = before.content.period.end() != after.content.period.end();
    if is_postponed || matches!(event, Event::Complete | Event::Cancel) {
        dependencies::follow(store, actor, after.cycle_id, rule)?;
    }
    Ok(after)
}

/// Makes the content of a goal its revision that applies from a day on, with the progress by all that
/// is reported.
pub(super) fn agreed(
    store: &mut dyn Store,
    actor: &Actor,
    opened: &Opened,
    after: Goal,
    effective_from: NaiveDate,
) -> Result<Goal, Refusal> {
    store.revise_goal(&GoalRevision {
        goal_id: after.id,
        revision: after.revision,
        content: after.content.clone(),
        effective_from,
        approved_by: me(actor),
        approved_at: actor.now,
    })?;
    let (mut reports, mut measurements) = (Vec::new(), Vec::new());
    // Before the first revision nothing is reported, but milestones carry their outcomes in the content.
    if after.revision > 1 {
        reports.extend(store.reports(after.id)?.into_iter().map(|(reports, _)| reports));
        measurements = store.measurements(after.id, &Page::ALL)?;
    }
    let progress = opened.progress(&after.content, &reports, &measurements)?;
    Ok(Goal { progress, ..after })
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
fn recorded(event: Event) -> &'static str {
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
