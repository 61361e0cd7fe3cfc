//! Transitions of a cycle from stage to stage: what each requires and what follows from it.

use super::cases::{approvals, view};
use super::guards::{CycleFindings, look, settings};
use super::views::{CycleView, allowed_actions};
use crate::goals::dependencies;
use crate::platform::app::new_id;
use crate::platform::caller::Actor;
use crate::platform::jobs::{BatchResult, JobView, SYNCHRONOUS_ROWS, Ticket, Work};
use crate::platform::refusal::Refusal;
use crate::platform::reply::Reply;
use crate::platform::seen::Seen;
use crate::platform::signing::Signing;
use crate::platform::transition::{Findings, Passage, Transition, carry_out, prepare};
use crate::platform::words::Told;
use crate::reviews::moves::recorded as review_recorded;
use domain::access::signing::Act;
use domain::core::change::Change;
use domain::core::id::{CycleId, ParticipantId};
use domain::core::text::TextEnum;
use domain::cycles::cycle::{Cycle, CycleAction, CycleApproval};
use domain::cycles::participant::Participant;
use domain::cycles::performance_policy::PerformancePolicy;
use domain::everyday::job::JobKind;
use domain::policy::{Action, Role};
use domain::state::cycle::{Event, Facts, State};
use domain::state::review::{Event as ReviewEvent, State as Review};
use domain::state::{Moving, Seat, Seating, Signature};
use persistence::{Settled, Store};
use serde::{Deserialize, Serialize};

/// A requested transition.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CycleTransition {
    /// Id of the cycle.
    pub cycle: CycleId,
    /// What the caller has seen of it (If-Match).
    pub seen: Seen,
    /// The requested action.
    pub action: CycleAction,
    /// Reason, if one was given.
    pub reason: Option<String>,
    /// Participants who may go into calibration without a manager review.
    pub exceptions: Vec<ParticipantId>,
}

impl CycleTransition {
    /// A transition of what there is, without reason or exceptions.
    pub fn plain(cycle: &Cycle, action: CycleAction) -> Self {
        let seen = Seen::version(cycle.version);
        Self { cycle: cycle.id, seen, action, reason: None, exceptions: Vec::new() }
    }
}

/// A transition in progress, with a callback that takes the number of people already processed.
struct RunningTransition<'a> {
    order: &'a CycleTransition,
    progress: &'a dyn Fn(usize),
}

/// A cycle opened for a transition, with its policy.
struct Opened {
    cycle: Cycle,
    policy: PerformancePolicy,
    rule: &'static str,
    /// Approvals given so far that still count.
    approvals: Vec<CycleApproval>,
}

impl Transition for RunningTransition<'_> {
    type State = State;
    type Opened = Opened;
    type Found = Vec<Participant>;
    type Output = Cycle;

    fn open(&self, store: &mut dyn Store, actor: &Actor) -> Result<Opened, Refusal> {
        let sealed = store.lock_cycle(self.order.cycle)?;
        let two = self.order.action.takes_two();
        let action = if two { Action::CycleApprove } else { Action::CycleWrite };
        let (cycle, permit) = actor.open(store, action, sealed)?;
        let approvals = approvals(store, actor, cycle.id)?;
        let sealed = store.find(cycle.policy_id)?;
        let (policy, _) = actor.open(store, Action::PolicyRead, sealed)?;
        Ok(Opened { cycle, policy, rule: permit.rule(), approvals })
    }

    fn check_seen(&self, _: &Actor, opened: &Opened) -> Result<(), Refusal> {
        self.order.seen.check(opened.cycle.version)
    }

    fn state(&self, opened: &Opened) -> State {
        opened.cycle.state
    }

    fn event(&self) -> Option<Event> {
        Cycle::events(self.order.action).first().copied()
    }

    fn offered(&self, actor: &Actor, opened: &Opened) -> Vec<Told> {
        Told::all(allowed_actions(actor, &opened.cycle, &opened.approvals))
    }

    fn seating(&self, actor: &Actor, opened: &Opened) -> Seating<Event> {
        seating(actor, &opened.approvals)
    }

    fn look(
        &self,
        store: &mut dyn Store,
        actor: &Actor,
        opened: &mut Opened,
    ) -> Result<Findings<Self>, Refusal> {
        let CycleFindings { facts, details, people, .. } =
            look(store, actor, self.order, &opened.cycle, &opened.policy)?;
        let mut findings = Findings::new(facts, people);
        findings.details = details;
        Ok(findings)
    }

    fn signing(
        &self,
        opened: &Opened,
        _: &Facts,
        seat: Seat,
        is_first: bool,
    ) -> Option<Signing<'static>> {
        let act = match self.order.action {
            CycleAction::Publication => Act::Publication,
            CycleAction::Cancellation => Act::Cancellation,
            _ => return None,
        };
        Some(Signing { resource: opened.cycle.id.uuid(), act, roles: roles_of(seat), is_first })
    }

    /// Moves the cycle on, or stores the first of two approvals.
    fn follow(
        &self,
        store: &mut dyn Store,
        actor: &Actor,
        passage: Passage<Self>,
    ) -> Result<Cycle, Refusal> {
        let Opened { cycle: before, policy, rule, .. } = &passage.opened;
        let order = self.order;
        let action = if passage.is_complete { recorded(order.action) } else { "cycle.approved" };
        let mut record = passage.record(action, before.id.uuid(), rule);
        record.reason.clone_from(&order.reason);
        let version = before.version + 1;
        let mut after = Cycle { version, updated_at: actor.now, ..before.clone() };
        // A first approval discards earlier ones, which were given before the cycle changed.
        if passage.is_first {
            store.forget_approvals(after.id)?;
        }
        if order.action.takes_two() {
            let Passage { event, seat, .. } = passage;
            let account_id = actor.subject.principal.id().into();
            let given = CycleApproval { event, account_id, seat, at: actor.now };
            store.approve_cycle(after.id, &given)?;
        }
        if passage.is_complete {
            after.state = passage.to;
            let people = &passage.found;
            let rows = follow(store, order, policy, people, &mut after, rule, self.progress)?;
            if order.action == CycleAction::Evaluation {
                dependencies::follow(store, actor, after.id, rule)?;
            }
            for (name, rows) in rows {
                record = record.field(name, None::<usize>, rows);
            }
        } else {
            record = record.field("approved", None::<String>, order.action.as_str());
        }
        store.update_cycle(Change::new(after.clone(), record))?;
        Ok(after)
    }
}

/// Answer to a transition.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// The transition is done; this is the cycle.
    Cycle(Box<CycleView>),
    /// A job carries the transition out.
    Job(Box<JobView>),
}

/// Moves a cycle on: at once, or as a job if it concerns many people.
pub fn transit(
    store: &mut dyn Store,
    actor: &Actor,
    order: &CycleTransition,
    ticket: &Ticket,
) -> Result<Reply<Answer>, Refusal> {
    let step = RunningTransition { order, progress: &|_| () };
    let passage = prepare(store, actor, &step)?;
    let people = people_concerned(store, order, &passage)?;
    if people > SYNCHRONOUS_ROWS {
        let rule = passage.opened.rule;
        let job = ticket.submit::<CycleMoves>(store, actor, rule, people, order)?;
        return Ok(Reply::accepted(Answer::Job(Box::new(job)), 1, ticket.location()));
    }
    let cycle = carry_out(store, actor, &step, passage)?;
    let version = cycle.version;
    Ok(Reply::changed(
        Answer::Cycle(Box::new(view(store, actor, &actor.shown(Action::CycleRead, cycle))?)),
        version,
    ))
}

/// Number of people whose records a transition writes.
fn people_concerned(
    store: &mut dyn Store,
    order: &CycleTransition,
    passage: &Passage<RunningTransition<'_>>,
) -> Result<usize, Refusal> {
    Ok(match order.action {
        CycleAction::Launch => passage.found.len(),
        CycleAction::Evaluation
        | CycleAction::Calibration
        | CycleAction::Confirmation
        | CycleAction::Publication
        | CycleAction::Closure
            if passage.is_complete =>
        {
            usize::try_from(store.headcount(order.cycle)?.participants).unwrap_or_default()
        }
        _ => 0,
    })
}

/// The job that carries out transitions that concern many people.
pub struct CycleMoves;

impl Work for CycleMoves {
    const KIND: JobKind = JobKind::CycleTransition;
    type Input = CycleTransition;
    type Output = BatchResult;

    fn run(
        store: &mut dyn Store,
        actor: &Actor,
        order: &CycleTransition,
        progress: &dyn Fn(usize),
    ) -> Result<BatchResult, Refusal> {
        let step = RunningTransition { order, progress };
        let passage = prepare(store, actor, &step)?;
        let rows = people_concerned(store, order, &passage)?;
        let cycle = carry_out(store, actor, &step, passage)?;
        Ok(BatchResult { location: format!("/v1/cycles/{}", cycle.id), rows })
    }
}

/// Applies the consequences of a transition to participants, reviews and goals. Returns how many of
/// each changed, for the audit log.
fn follow(
    store: &mut dyn Store,
    order: &CycleTransition,
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
            let action = review_recorded(ReviewEvent::Publish);
            vec![("reviews", store.move_reviews(id, &[Calibrated], Published, action, rule)?)]
        }
        CycleAction::Closure => {
            let (shown, action) =
                ([Published, Acknowledged, Disagreed], review_recorded(ReviewEvent::Conclude));
            vec![("reviews", store.move_reviews(id, &shown, Final, action, rule)?)]
        }
        CycleAction::Update
        | CycleAction::DimensionDrop
        | CycleAction::Start
        | CycleAction::Archival
        | CycleAction::Cancellation => Vec::new(),
    })
}

/// The seats that approve for a cycle, each with the roles that may take it.
const SEATS: [(&[Role], Seat); 2] =
    [(&[Role::HrAdmin], Seat::Hr), (&[Role::Executive], Seat::Exec)];

/// The roles that may take a seat.
pub(super) fn roles_of(seat: Seat) -> &'static [Role] {
    SEATS.iter().find(|(_, taken)| *taken == seat).map(|(roles, _)| *roles).unwrap_or_default()
}

/// The seats that the caller holds for a cycle with these approvals.
pub(super) fn seating(actor: &Actor, given: &[CycleApproval]) -> Seating<Event> {
    let holds = |roles: &[Role]| roles.iter().any(|role| actor.subject.holds(*role));
    let signed = |approval: &CycleApproval| {
        let CycleApproval { event, account_id, seat, .. } = *approval;
        (event, Signature { person: account_id.uuid(), seat })
    };
    Seating {
        person: actor.subject.principal.id(),
        seats: SEATS.iter().filter(|(roles, _)| holds(roles)).map(|(_, seat)| *seat).collect(),
        given: given.iter().map(signed).collect(),
    }
}

/// Name of the audit entry for a transition.
fn recorded(action: CycleAction) -> &'static str {
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
