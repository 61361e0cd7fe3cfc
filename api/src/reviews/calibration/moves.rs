//! Use cases of moves: one member proposes, others approve.

use super::effects::effect;
use super::sessions::{conflict, hold_cycle, seating};
use super::views::{MoveView, NewMove, allowed_actions};
use crate::platform::caller::Actor;
use crate::platform::problem::Violation;
use crate::platform::refusal::Refusal;
use crate::platform::reply::Reply;
use crate::platform::seen::Seen;
use crate::platform::signing::Signing;
use crate::platform::transition::{Findings, Passage, Transition};
use crate::platform::words::Told;
use crate::reviews::{distribution::settings_of, views::early};
use domain::access::signing::Act;
use domain::core::change::{Change, Record};
use domain::core::id::{CalibrationSessionId, EmployeeId, MoveId};
use domain::core::text::TextEnum;
use domain::cycles::cycle::{Cycle, stage};
use domain::policy::{Action, Permit, Protected, Relations, Sealed, Shown, Stage, Target};
use domain::reviews::calibration::Fault;
use domain::reviews::calibration_session::{CalibrationSession, MoveState, SessionMove};
use domain::reviews::form::{EvidenceItem, Review};
use domain::scoring::scale::Grade;
use domain::state::calibration_session::{Event, Facts, State};
use domain::state::{Seat, Seating};
use persistence::{MoveFilter, Page, ReviewResults, Store};
use std::collections::BTreeSet;
use uuid::Uuid;

/// A step of a move that a member of its session asks for.
pub(super) struct Step {
    /// Id of the move.
    pub id: MoveId,
    /// What the caller has seen of it (If-Match); none of a move that is only proposed.
    pub seen: Option<Seen>,
    /// What the member does.
    pub verb: Verb,
}

/// What a member does about a move.
pub(super) enum Verb {
    /// Propose another grade for a review of a session.
    Propose(CalibrationSessionId, NewMove),
    /// Approve it; the last approval that is needed makes the move take effect.
    Approve,
    /// Reject it, with the reason.
    Reject(String),
}

/// A session opened for a step of a move, with its cycle, which cannot change its state meanwhile.
pub(super) struct Opened {
    session: CalibrationSession,
    /// The move before it is decided; none of one that is only proposed.
    moved: Option<SessionMove>,
    permit: Permit,
    me: EmployeeId,
    cycle: Cycle,
}

impl Transition for Step {
    type State = State;
    type Opened = Opened;
    /// The move as it is saved, but for its state.
    type Found = SessionMove;
    type Output = Reply<MoveView>;

    fn open(&self, store: &mut dyn Store, actor: &Actor) -> Result<Opened, Refusal> {
        let (action, session) = match &self.verb {
            Verb::Propose(session, _) => (Action::MovePropose, Some(*session)),
            Verb::Approve | Verb::Reject(_) => {
                let sealed = store.session_move(self.id)?;
                (Action::MoveWrite, sealed.and_then(|it| it.target(actor.today).session))
            }
        };
        let session = store.lock_calibration_session(session.ok_or(Refusal::NotFound)?)?;
        let mut moved = None;
        if action == Action::MoveWrite {
            // Read the move again: it may have changed before the session was locked.
            let sealed = store.session_move(self.id)?;
            moved = Some(actor.open(store, action, sealed)?.0);
        }
        let (session, permit) = actor.open(store, action, session)?;
        let me = actor.subject.employee_id.ok_or(Refusal::NotFound)?;
        let cycle = hold_cycle(store, actor, session.cycle_id)?;
        Ok(Opened { session, moved, permit, me, cycle })
    }

    /// A proposal has no version: [`proposed`] compares the grade that its author has seen.
    fn check_seen(&self, actor: &Actor, opened: &Opened) -> Result<(), Refusal> {
        let Some(moved) = &opened.moved else { return Ok(()) };
        self.seen.as_ref().ok_or(Refusal::Stale)?.check(moved.version)?;
        if opened.session.state != State::Opened {
            return Err(conflict(actor, &opened.session));
        }
        match moved.state {
            MoveState::Pending => Ok(()),
            decided => Err(Refusal::StateConflict {
                current_state: Told::new(decided),
                allowed_actions: Vec::new(),
            }),
        }
    }

    fn state(&self, opened: &Opened) -> State {
        opened.session.state
    }

    fn event(&self) -> Option<Event> {
        Some(match self.verb {
            Verb::Propose(..) => Event::ProposeMove,
            Verb::Approve => Event::ApproveMove,
            Verb::Reject(_) => Event::RejectMove,
        })
    }

    fn offered(&self, actor: &Actor, opened: &Opened) -> Vec<Told> {
        Told::all(allowed_actions(actor, &opened.session, false))
    }

    fn seating(&self, actor: &Actor, opened: &Opened) -> Seating<Event> {
        seating(actor, &opened.session)
    }

    fn look(
        &self,
        store: &mut dyn Store,
        actor: &Actor,
        opened: &mut Opened,
    ) -> Result<Findings<Self>, Refusal> {
        let mut moved = match (&self.verb, opened.moved.clone()) {
            (Verb::Propose(_, new), _) => return proposed(store, actor, opened, self.id, new),
            (_, moved) => moved.ok_or(Refusal::NotFound)?,
        };
        let mut facts = match self.verb {
            Verb::Approve => moved.approve(opened.me),
            _ => Facts::default(),
        };
        facts.acts_on_another = moved.employee_id != opened.me;
        let moved = SessionMove { version: moved.version + 1, updated_at: actor.now, ..moved };
        Ok(Findings::new(facts, moved))
    }

    /// The proposal of a move is the first signature, its approval the second. The seat in the
    /// session entitles to both.
    fn signing(&self, _: &Opened, _: &Facts, _: Seat, _: bool) -> Option<Signing<'static>> {
        let is_first = matches!(self.verb, Verb::Propose(..));
        let signing = Signing { resource: self.id.uuid(), act: Act::Move, roles: &[], is_first };
        Some(signing).filter(|_| !matches!(self.verb, Verb::Reject(_)))
    }

    fn follow(
        &self,
        store: &mut dyn Store,
        actor: &Actor,
        passage: Passage<Self>,
    ) -> Result<Reply<MoveView>, Refusal> {
        let Passage { opened, found: moved, is_complete, .. } = passage;
        let Opened { session, permit, me, cycle, .. } = opened;
        let record = |action| Record::new(action, self.id, permit.rule());
        let (record, state) = match &self.verb {
            Verb::Propose(..) => {
                let record = record("move.proposed")
                    .field("review_id", None::<String>, moved.review_id.to_string())
                    .field("grade", moved.from.as_str(), moved.to.as_str())
                    .field("reasons", None::<String>, &moved.reasons)
                    .field("text", None::<String>, moved.text.clone())
                    .field("evidence", None::<String>, &moved.evidence)
                    .field("sentence", None::<String>, moved.sentence.clone())
                    .field("veto_cap", None::<String>, moved.veto_cap.map(Grade::as_str));
                (record, MoveState::Pending)
            }
            Verb::Reject(reason) => (record("move.rejected").because(reason), MoveState::Rejected),
            Verb::Approve if is_complete => (record("move.approved"), MoveState::Approved),
            Verb::Approve => {
                let record = record("move.approved");
                (record.field("approved_by", None::<String>, me.to_string()), MoveState::Pending)
            }
        };
        let record = match state {
            MoveState::Pending => record,
            decided => record.transition(moved.state.as_str(), decided.as_str()),
        };
        let moved = SessionMove { state, ..moved };
        if state == MoveState::Approved {
            take_effect(store, actor, &moved, &permit)?;
        }
        let (version, change) = (moved.version, Change::new(moved.clone(), record));
        match self.verb {
            Verb::Propose(..) => store.create(change)?,
            _ => store.update(change)?,
        }
        let effect = match state {
            MoveState::Rejected => None,
            _ => effect(store, actor, &session, &cycle, &moved)?,
        };
        let view = MoveView::new(&shown(actor, &session, moved), actor, &session, effect);
        Ok(match self.verb {
            Verb::Propose(..) => Reply::created(view, version, format!("/v1/moves/{}", self.id)),
            _ => Reply::changed(view, version),
        })
    }
}

/// The move that is proposed, with everything that is wrong with it.
fn proposed(
    store: &mut dyn Store,
    actor: &Actor,
    opened: &Opened,
    id: MoveId,
    new: &NewMove,
) -> Result<Findings<Step>, Refusal> {
    let Opened { session, me, cycle, .. } = opened;
    let review = compared_review(store, actor, session, new)?;
    let computed = review.results.computed_grade;
    let computed = computed.ok_or_else(|| Refusal::unknown("/review_id", new.review_id))?;
    if review.results.calibrated_grade.unwrap_or(computed) != new.from {
        return Err(Refusal::Stale);
    }
    if store.pending_moves(session.id)?.contains(&review.id) {
        return Err(Refusal::InUse(vec![Violation::new("/review_id", "move_pending")]));
    }
    let early = early("", &new.evidence, actor.today);
    if !early.is_empty() {
        return Err(Refusal::Invalid(early));
    }
    let moved = drafted(actor, session.id, *me, id, &ReviewResults::from(&review), new);
    let faults = moved.faults(computed, cycle.period, settings_of(store, actor, cycle)?.mode);
    let acts_on_another = !actor.subject.may_be(moved.employee_id);
    let mut findings = Findings::new(Facts { acts_on_another, ..Facts::default() }, moved);
    findings.faults = faults.into_iter().map(violation).collect();
    Ok(findings)
}

/// A move as its proposer has drafted it.
pub(super) fn drafted(
    actor: &Actor,
    session_id: CalibrationSessionId,
    proposer: EmployeeId,
    id: MoveId,
    review: &ReviewResults,
    new: &NewMove,
) -> SessionMove {
    SessionMove {
        id,
        session_id,
        review_id: review.id,
        employee_id: review.employee_id,
        from: new.from,
        to: new.to,
        reasons: new.reasons.iter().copied().collect(),
        text: new.text.clone(),
        evidence: new.evidence.iter().cloned().map(EvidenceItem::from).collect(),
        sentence: new.sentence.clone(),
        veto_cap: review.results.veto_grade,
        state: MoveState::Pending,
        proposer,
        approvers: BTreeSet::new(),
        version: 1,
        created_at: actor.now,
        updated_at: actor.now,
    }
}

/// The review a move is about. The session must compare it, and it must not be the caller's own.
fn compared_review(
    store: &mut dyn Store,
    actor: &Actor,
    session: &CalibrationSession,
    new: &NewMove,
) -> Result<Review, Refusal> {
    let unknown = || Refusal::unknown("/review_id", new.review_id);
    let sealed = store.lock_review(new.review_id.into())?.ok_or_else(unknown)?;
    let target = sealed.target(actor.today);
    if target.about.is_some_and(|person| actor.subject.may_be(person)) {
        return Err(Refusal::GuardFailed(vec![violation(Fault::OwnReview)]));
    }
    if target.session != Some(session.id) {
        return Err(unknown());
    }
    Ok(actor.open(store, Action::RatingRead, Some(sealed))?.0)
}

/// A fault of a move, with the pointer to its place in the request.
pub(super) fn violation(fault: Fault) -> Violation {
    match fault {
        Fault::NothingMoved => Violation::new("/to", "nothing_moved"),
        Fault::OwnReview => Violation::new("/review_id", "not_own_review"),
        Fault::ReasonMissing => Violation::new("/reasons", "required"),
        Fault::DistributionAlone => Violation::new("/reasons", "distribution_alone"),
        Fault::TextTooShort => Violation::new("/text", "too_short").with("min", 10),
        Fault::EvidenceMissing => Violation::new("/evidence", "EVIDENCE_REQUIRED"),
        Fault::VetoCap => Violation::new("/to", "veto_cap"),
        Fault::SentenceMissing => Violation::new("/sentence", "required"),
    }
}

/// Sets the calibrated grade. Version and time stay: the person would notice a change of these.
fn take_effect(
    store: &mut dyn Store,
    actor: &Actor,
    moved: &SessionMove,
    permit: &Permit,
) -> Result<(), Refusal> {
    let sealed = store.lock_review(moved.review_id)?;
    let (review, _) = actor.open(store, Action::RatingRead, sealed)?;
    let mut after = ReviewResults::from(&review);
    let results = &mut after.results;
    if results.calibrated_grade.or(results.computed_grade) != Some(moved.from) {
        return Err(Refusal::Stale);
    }
    results.calibrated_grade = Some(moved.to);
    let record = Record::new("review.grade_moved", review.id, permit.rule());
    let record = record.field("calibrated_grade", moved.from.as_str(), moved.to.as_str());
    Ok(store.save_results(vec![Change::new(after, record)])?)
}

/// A move of a session as the caller sees it, by the seat they have there.
fn shown(actor: &Actor, session: &CalibrationSession, moved: SessionMove) -> Shown<SessionMove> {
    let calibrator = actor.subject.employee_id.is_some_and(|me| session.seat_of(me).is_some());
    let relations = Relations { calibrator, ..Relations::default() };
    let target = Target { relations, ..moved.target(actor.today) };
    Shown::to(&actor.subject, Action::MoveRead, moved, &target)
}

/// One move as the caller may see it, and whose grade it is.
pub(super) fn read(
    store: &mut dyn Store,
    actor: &Actor,
    id: MoveId,
) -> Result<(MoveView, EmployeeId), Refusal> {
    let sealed = store.session_move(id)?;
    let (moved, _) = actor.show(store, Action::MoveRead, sealed)?;
    let sealed = store.calibration_session(moved.outline().session_id)?;
    let (session, _) = actor.show(store, Action::CalibrationSessionRead, sealed)?;
    let view = MoveView::new(&moved, actor, session.outline(), None);
    Ok((view, moved.outline().employee_id))
}

/// The moves of a page as the caller may see them, each with the person whose grade it is.
pub(super) fn list(
    store: &mut dyn Store,
    actor: &Actor,
    id: CalibrationSessionId,
    review_id: Option<Uuid>,
    state: Option<MoveState>,
    page: &Page,
) -> Result<Vec<(MoveView, Uuid)>, Refusal> {
    let sealed = store.calibration_session(id)?;
    let (session, target) = actor.show(store, Action::MoveRead, sealed)?;
    let permit = actor.may_about(Action::MoveRead, &target)?;
    let sealed = store.cycle(session.outline().cycle_id)?;
    let (cycle, _) = actor.show(store, Action::CycleRead, sealed)?;
    let hidden = match stage(cycle.outline().state) {
        Stage::Released => actor.subject.persons().collect(),
        _ => actor.subject.closed().collect(),
    };
    let filter = MoveFilter { session_id: id, review_id: review_id.map(Into::into), state, hidden };
    let view = |sealed: Sealed<SessionMove>| {
        let moved = sealed.show_listed(&permit)?;
        let person = moved.outline().employee_id.uuid();
        Ok((MoveView::new(&moved, actor, session.outline(), None), person))
    };
    store.moves(&filter, page)?.into_iter().map(view).collect()
}
