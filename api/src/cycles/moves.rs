//! How a cycle moves from stage to stage: what is demanded, and what follows.

use super::cases::{approvals, conflict, view};
use super::guards::{Sight, look, settings};
use super::views::CycleView;
use crate::platform::app::new_id;
use crate::platform::caller::Actor;
use crate::platform::jobs::{BatchResult, JobView, SYNCHRONOUS_ROWS, Ticket, Work};
use crate::platform::refusal::Refusal;
use crate::platform::reply::Reply;
use crate::platform::signing::{Signing, still_holds};
use crate::platform::transition::{fire, foresee};
use crate::reviews::moves::told as step_told;
use domain::account::Role;
use domain::change::{Change, Record};
use domain::cycle::{Cycle, CycleAction, CycleApproval};
use domain::id::{CycleId, ParticipantId};
use domain::job::JobKind;
use domain::participant::Participant;
use domain::performance_policy::PerformancePolicy;
use domain::policy::{Action, SEPARATION_OF_DUTIES};
use domain::signing::{Act, Signature};
use domain::state::cycle::{Event, State};
use domain::state::review::{Event as Step, State as Review};
use domain::state::{self, Actor as Seat, Machine};
use domain::text::TextEnum;
use persistence::{Settled, Store};
use serde::{Deserialize, Serialize};

/// A transition that somebody has asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
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

impl Order {
    /// A transition without reason or exceptions.
    pub fn plain(cycle: CycleId, expected: i32, action: CycleAction) -> Self {
        Self { cycle, expected, action, reason: None, exceptions: Vec::new() }
    }
}

/// A transition that nothing stands in the way of.
struct Move {
    before: Cycle,
    policy: PerformancePolicy,
    rule: &'static str,
    sight: Sight,
    state: State,
    /// The caller's approval, of what takes two people.
    approval: Option<Approval>,
    /// Whether nobody else has to approve.
    is_complete: bool,
}

/// An approval that is that of another person than those before.
struct Approval {
    given: CycleApproval,
    signing: Signing<'static>,
    signature: Signature,
}

/// Checks everything a transition demands.
fn prepare(store: &mut dyn Store, actor: &Actor, order: &Order) -> Result<Move, Refusal> {
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
    let detail = |guard| sight.detail(guard);
    let (state, approval, is_complete) = if two {
        let state = foresee(before.state, event, &sight.facts, detail)?;
        let given = still_given(store, actor, given, event)?;
        let approval = sign(store, actor, before.id, event, &given)?;
        let signed: Vec<_> = given.iter().chain([&approval.given]).map(seat_of).collect();
        let is_complete = before.state.step(event, &signed, &sight.facts).is_ok();
        (state, Some(approval), is_complete)
    } else {
        let person = actor.subject.principal.id();
        let held = SEATS.into_iter().filter(|(roles, _)| holds_any(actor, roles));
        let signed = held.map(|(_, seat)| state::Signature { person, actor: seat });
        let signed: Vec<_> = signed.collect();
        (fire(before.state, event, &signed, &sight.facts, &[], detail)?, None, true)
    };
    Ok(Move { before, policy, rule: permit.rule(), sight, state, approval, is_complete })
}

/// Moves a cycle on, or keeps the first of two approvals. `progress` is told how many people are
/// done.
fn carry_out(
    store: &mut dyn Store,
    actor: &Actor,
    order: &Order,
    found: Move,
    progress: &dyn Fn(usize),
) -> Result<Cycle, Refusal> {
    let Move { before, policy, rule, sight, state, approval, is_complete } = found;
    let action = if is_complete { told(order.action) } else { "cycle.approved" };
    let mut record = Record::new(action, before.id, rule);
    record.reason.clone_from(&order.reason);
    let mut after = Cycle { version: before.version + 1, updated_at: actor.now, ..before };
    // What was approved of a cycle that has changed since is forgotten.
    if approval.as_ref().is_none_or(|approval| approval.signing.is_first) {
        store.forget_approvals(after.id)?;
    }
    if let Some(Approval { given, signing, signature }) = &approval {
        store.approve_cycle(after.id, given)?;
        signing.keep(store, actor, signature)?;
    }
    if is_complete {
        after.state = state;
        record = record.transition(before.state.as_str(), state.as_str());
        for (name, rows) in
            follow(store, order, &policy, &sight.people, &mut after, rule, progress)?
        {
            record = record.field(name, None::<usize>, rows);
        }
    } else {
        record = record.field("approved", None::<String>, order.action.as_str());
    }
    store.update_cycle(Change::new(after.clone(), record))?;
    Ok(after)
}

/// What a transition is answered with.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// It is done.
    Cycle(Box<CycleView>),
    /// A job does it.
    Job(Box<JobView>),
}

/// Moves a cycle on, at once or, where it concerns many people, as a job.
pub fn transit(
    store: &mut dyn Store,
    actor: &Actor,
    order: &Order,
    ticket: &Ticket,
) -> Result<Reply<Answer>, Refusal> {
    let found = prepare(store, actor, order)?;
    let people = people_concerned(store, order, &found)?;
    if people > SYNCHRONOUS_ROWS {
        let job = ticket.submit::<CycleMoves>(store, actor, found.rule, people, order)?;
        return Ok(Reply::accepted(Answer::Job(Box::new(job)), 1, ticket.location()));
    }
    let cycle = carry_out(store, actor, order, found, &|_| ())?;
    let version = cycle.version;
    Ok(Reply::changed(Answer::Cycle(Box::new(view(store, actor, cycle)?)), version))
}

/// How many people a transition writes something for.
fn people_concerned(store: &mut dyn Store, order: &Order, found: &Move) -> Result<usize, Refusal> {
    Ok(match order.action {
        CycleAction::Launch => found.sight.people.len(),
        CycleAction::Evaluation
        | CycleAction::Calibration
        | CycleAction::Confirmation
        | CycleAction::Publication
        | CycleAction::Closure
            if found.is_complete =>
        {
            usize::try_from(store.headcount(order.cycle)?.participants).unwrap_or_default()
        }
        _ => 0,
    })
}

/// Transitions that concern many people.
pub struct CycleMoves;

impl Work for CycleMoves {
    const KIND: JobKind = JobKind::CycleTransition;
    type Input = Order;
    type Output = BatchResult;

    fn run(
        store: &mut dyn Store,
        actor: &Actor,
        order: &Order,
        progress: &dyn Fn(usize),
    ) -> Result<BatchResult, Refusal> {
        let found = prepare(store, actor, order)?;
        let rows = people_concerned(store, order, &found)?;
        let cycle = carry_out(store, actor, order, found, progress)?;
        Ok(BatchResult { location: format!("/v1/cycles/{}", cycle.id), rows })
    }
}

/// What follows from a transition: who takes part, what becomes of reviews and goals; and how many
/// of each, for the audit log.
fn follow(
    store: &mut dyn Store,
    order: &Order,
    policy: &PerformancePolicy,
    people: &[Participant],
    cycle: &mut Cycle,
    rule: &'static str,
    progress: &dyn Fn(usize),
) -> Result<Vec<(&'static str, usize)>, Refusal> {
    use Review::{
        Acknowledged, Calibrated, Disagreed, Final, InCalibration, Published, SecondReview,
    };
    let id = cycle.id;
    Ok(match order.action {
        CycleAction::Launch => {
            cycle.launched_at = Some(cycle.updated_at);
            store.create_participants(people, progress)?;
            vec![("participants", people.len())]
        }
        CycleAction::Evaluation => {
            let mut new_review = || new_id().into();
            vec![("reviews", store.open_reviews(id, &mut new_review, rule, progress)?)]
        }
        CycleAction::Calibration => {
            if !settings(&policy.rules)?.review.second_review {
                let action = "review.second_look_waived";
                store.move_reviews(id, &[SecondReview], InCalibration, action, rule)?;
            }
            store.except_reviews(&order.exceptions)?;
            vec![("exceptions", order.exceptions.len())]
        }
        CycleAction::Confirmation => {
            let Settled { reviews, uncompared } = store.settle_grades(id, None, rule)?;
            let lapsed = store.lapse_goal_changes(id, rule)?;
            vec![
                ("reviews", reviews),
                ("uncalibrated", uncompared),
                ("lapsed_goal_changes", lapsed),
                ("goals", store.lock_goals(id, rule)?),
            ]
        }
        CycleAction::Publication => {
            cycle.published_at = Some(cycle.updated_at);
            let action = step_told(Step::Publish);
            vec![("reviews", store.move_reviews(id, &[Calibrated], Published, action, rule)?)]
        }
        CycleAction::Closure => {
            let (shown, action) = ([Published, Acknowledged, Disagreed], step_told(Step::Conclude));
            vec![("reviews", store.move_reviews(id, &shown, Final, action, rule)?)]
        }
        CycleAction::Update
        | CycleAction::DimensionDrop
        | CycleAction::Start
        | CycleAction::Archival
        | CycleAction::Cancellation => Vec::new(),
    })
}

/// The seats that approve, each with the role that takes it.
const SEATS: [(&[Role], Seat); 2] =
    [(&[Role::HrAdmin], Seat::Hr), (&[Role::Executive], Seat::Exec)];

fn holds_any(actor: &Actor, roles: &[Role]) -> bool {
    roles.iter().any(|role| actor.subject.holds(*role))
}

/// The approvals of an event whose givers could still give them.
fn still_given(
    store: &mut dyn Store,
    actor: &Actor,
    given: Vec<CycleApproval>,
    event: Event,
) -> Result<Vec<CycleApproval>, Refusal> {
    let mut kept = Vec::new();
    for approval in given.into_iter().filter(|given| given.event == event) {
        let taken = SEATS.into_iter().find(|(_, seat)| *seat == approval.seat);
        let roles = taken.map(|(roles, _)| roles).unwrap_or_default();
        if still_holds(store, actor, approval.account_id, roles)? {
            kept.push(approval);
        }
    }
    Ok(kept)
}

/// The approval of the caller, from a seat in which nobody else has signed.
fn sign(
    store: &mut dyn Store,
    actor: &Actor,
    cycle: CycleId,
    event: Event,
    given: &[CycleApproval],
) -> Result<Approval, Refusal> {
    let free = |seat: Seat| given.iter().all(|approval| approval.seat != seat);
    let seat = SEATS.into_iter().find(|(roles, seat)| holds_any(actor, roles) && free(*seat));
    let (roles, seat) = seat.ok_or(Refusal::Forbidden(SEPARATION_OF_DUTIES))?;
    let act = if event == Event::Publish { Act::Publication } else { Act::Cancellation };
    let signing = Signing { resource: cycle.uuid(), act, roles, is_first: given.is_empty() };
    let signature = signing.check(store, actor)?;
    let given = CycleApproval { event, account_id: signature.account, seat, at: actor.now };
    Ok(Approval { given, signing, signature })
}

fn seat_of(approval: &CycleApproval) -> state::Signature {
    state::Signature { person: approval.account_id.uuid(), actor: approval.seat }
}

/// What is recorded of a transition.
fn told(action: CycleAction) -> &'static str {
    match action {
        CycleAction::Update => "cycle.updated",
        CycleAction::DimensionDrop => "cycle.dimension_dropped",
        CycleAction::Launch => "cycle.launched",
        CycleAction::Start => "cycle.started",
        CycleAction::Evaluation => "cycle.evaluation_opened",
        CycleAction::Calibration => "cycle.calibration_opened",
        CycleAction::Confirmation => "cycle.confirmed",
        CycleAction::Publication => "cycle.published",
        CycleAction::Closure => "cycle.closed",
        CycleAction::Archival => "cycle.archived",
        CycleAction::Cancellation => "cycle.cancelled",
    }
}
