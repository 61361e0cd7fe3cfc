//! Use cases of moves: one member proposes, others approve.

use super::sessions::{conflict, hold_cycle, reviews_of, seating};
use super::views::{MoveEffect, MoveView, NewMove, allowed_actions};
use crate::platform::caller::Actor;
use crate::platform::problem::Violation;
use crate::platform::refusal::Refusal;
use crate::platform::reply::Reply;
use crate::platform::signing::Signing;
use crate::platform::transition::{Findings, Passage, Transition, names};
use crate::reviews::distribution::settings_of;
use domain::access::signing::Act;
use domain::core::change::{Change, Record};
use domain::core::id::{CalibrationSessionId, EmployeeId, MoveId};
use domain::core::text::TextEnum;
use domain::cycles::cycle::{Cycle, stage};
use domain::policy::{Action, Permit, Protected, Relations, Role, Sealed, Shown, Stage, Target};
use domain::reviews::calibration::{Case, Fault, Move, Placed, before_and_after};
use domain::reviews::calibration_session::{
    CalibrationSession, MoveState, SessionMove, SessionSeat,
};
use domain::reviews::form::{EvidenceItem, Review};
use domain::scoring::review::evidence::Evidence;
use domain::state::calibration_session::{Event, Facts, State};
use domain::state::{Seat, Seating};
use persistence::{MoveFilter, Page, ReviewResults, Store};
use std::collections::BTreeSet;
use uuid::Uuid;

/// What a member signs: the proposal of a move is the first signature, its approval the second.
fn signing(
    session: &CalibrationSession,
    me: EmployeeId,
    id: MoveId,
    is_first: bool,
) -> Signing<'static> {
    let roles: &[Role] = match session.seat_of(me) {
        Some(SessionSeat::Facilitator) => &[Role::HrAdmin, Role::Hrbp],
        _ => &[],
    };
    Signing { resource: id.uuid(), act: Act::Move, roles, is_first }
}

/// The caller as an employee.
fn person(actor: &Actor) -> Result<EmployeeId, Refusal> {
    actor.subject.employee_id.ok_or(Refusal::NotFound)
}

/// A proposal of another grade for a review of a session.
pub(super) struct Proposal {
    /// Id of the session.
    pub session: CalibrationSessionId,
    /// Id of the new move.
    pub id: MoveId,
    /// The proposed move.
    pub new: NewMove,
}

/// A session opened for a proposal, with its cycle, which cannot change its state meanwhile.
pub(super) struct Open {
    session: CalibrationSession,
    permit: Permit,
    me: EmployeeId,
    cycle: Cycle,
}

impl Transition for Proposal {
    type State = State;
    type Opened = Open;
    type Found = SessionMove;
    type Output = Reply<MoveView>;

    fn open(&self, store: &mut dyn Store, actor: &Actor) -> Result<Open, Refusal> {
        let sealed = store.lock_calibration_session(self.session)?;
        let (session, permit) = actor.open(store, Action::MovePropose, sealed)?;
        let me = person(actor)?;
        let cycle = hold_cycle(store, actor, session.cycle_id)?;
        Ok(Open { session, permit, me, cycle })
    }

    /// No version is checked: the grade that the proposer has seen is compared below.
    fn check_seen(&self, _: &Actor, _: &Open) -> Result<(), Refusal> {
        Ok(())
    }

    fn state(&self, open: &Open) -> State {
        open.session.state
    }

    fn event(&self) -> Option<Event> {
        Some(Event::ProposeMove)
    }

    fn offered(&self, actor: &Actor, open: &Open) -> Vec<&'static str> {
        names(allowed_actions(actor, &open.session, false))
    }

    fn seating(&self, actor: &Actor, open: &Open) -> Seating<Event> {
        seating(actor, &open.session)
    }

    fn look(
        &self,
        store: &mut dyn Store,
        actor: &Actor,
        open: &mut Open,
    ) -> Result<Findings<Self>, Refusal> {
        let Open { session, me, cycle, .. } = open;
        let new = &self.new;
        let review = compared_review(store, actor, session, new)?;
        let Some(computed) = review.results.computed_grade else {
            return Err(Refusal::unknown("/review_id", new.review_id));
        };
        let from = review.results.calibrated_grade.unwrap_or(computed);
        if from != new.from {
            return Err(Refusal::Stale);
        }
        if store.pending_moves(session.id)?.contains(&review.id) {
            return Err(Refusal::InUse(vec![Violation::new("/review_id", "move_pending")]));
        }
        let evidence: Vec<_> = new.evidence.iter().cloned().map(EvidenceItem::from).collect();
        let early = evidence.iter().enumerate().filter_map(|(at, item)| {
            Violation::in_future(format!("/evidence/{at}/date"), item.date, actor.today)
        });
        let early: Vec<_> = early.collect();
        if !early.is_empty() {
            return Err(Refusal::Invalid(early));
        }
        let moved = SessionMove {
            id: self.id,
            session_id: session.id,
            review_id: review.id,
            employee_id: review.employee_id,
            from,
            to: new.to,
            reasons: new.reasons.iter().copied().collect(),
            text: new.text.clone(),
            evidence,
            state: MoveState::Pending,
            proposed_by: *me,
            approved_by: BTreeSet::new(),
            version: 1,
            created_at: actor.now,
            updated_at: actor.now,
        };
        let settings = settings_of(store, actor, cycle)?;
        let cited = moved.evidence.iter();
        let cited: Vec<_> =
            cited.map(|item| Evidence { kind: item.kind, date: item.date }).collect();
        let case = Case { computed, evidence: &cited, period: cycle.period, mode: settings.mode };
        let faults = as_recorded(&moved).proposal_faults(&case);
        let acts_on_another = !actor.subject.may_be(moved.employee_id);
        let facts = Facts { acts_on_another, ..Facts::default() };
        let mut findings = Findings::new(facts, moved);
        findings.faults = faults.into_iter().map(violation).collect();
        Ok(findings)
    }

    fn signing(&self, open: &Open, _: &Facts, _: Seat, is_first: bool) -> Option<Signing<'static>> {
        Some(signing(&open.session, open.me, self.id, is_first))
    }

    fn follow(
        &self,
        store: &mut dyn Store,
        actor: &Actor,
        passage: Passage<Self>,
    ) -> Result<Reply<MoveView>, Refusal> {
        let record = passage.record("move.proposed", self.id.uuid(), passage.opened.permit.rule());
        let Passage { opened: Open { session, cycle, .. }, found: moved, .. } = passage;
        let record = record
            .field("review_id", None::<String>, moved.review_id.to_string())
            .field("grade", moved.from.as_str(), moved.to.as_str())
            .field("reasons", None::<String>, &moved.reasons)
            .field("text", None::<String>, moved.text.clone())
            .field("evidence", None::<String>, &moved.evidence);
        store.create(Change::new(moved.clone(), record))?;
        let view = view(store, actor, &session, &cycle, moved)?;
        Ok(Reply::created(view, 1, format!("/v1/moves/{}", self.id)))
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

/// A move in the form that the rules of E.5 check.
fn as_recorded(moved: &SessionMove) -> Move {
    Move {
        review: moved.review_id.uuid(),
        ratee: moved.employee_id.uuid(),
        from: moved.from,
        to: moved.to,
        reasons: moved.reasons.clone(),
        text: moved.text.clone(),
        evidence: BTreeSet::new(),
        proposer: moved.proposed_by.uuid(),
        approvers: moved.approved_by.iter().map(|id| id.uuid()).collect(),
        at: moved.created_at,
    }
}

/// A fault of a move, with the pointer to its place in the request.
fn violation(fault: Fault) -> Violation {
    match fault {
        Fault::NothingMoved => Violation::new("/to", "nothing_moved"),
        Fault::OwnReview => Violation::new("/review_id", "not_own_review"),
        Fault::ReasonMissing => Violation::new("/reasons", "required"),
        Fault::DistributionAlone => Violation::new("/reasons", "distribution_alone"),
        Fault::TextTooShort => Violation::new("/text", "too_short").with("min", 10),
        Fault::EvidenceMissing => Violation::new("/evidence", "EVIDENCE_REQUIRED"),
        Fault::ApproversMissing => Violation::new("", "enough_approvers"),
    }
}

/// A decision on a move.
pub(super) struct Decision {
    /// Id of the move.
    pub id: MoveId,
    /// The version the caller has read (If-Match).
    pub expected: i32,
    /// The decision.
    pub verdict: Verdict,
}

/// A decision on a move.
pub(super) enum Verdict {
    /// Approval; the last one that is needed makes the move take effect.
    Approval,
    /// Rejection, with the reason.
    Rejection(String),
}

/// A move opened for a decision, with its locked session and its cycle.
pub(super) struct Deciding {
    moved: SessionMove,
    session: CalibrationSession,
    permit: Permit,
    me: EmployeeId,
    cycle: Cycle,
}

impl Transition for Decision {
    type State = State;
    type Opened = Deciding;
    type Found = ();
    type Output = Reply<MoveView>;

    fn open(&self, store: &mut dyn Store, actor: &Actor) -> Result<Deciding, Refusal> {
        let sealed = store.session_move(self.id)?.ok_or(Refusal::NotFound)?;
        let session = sealed.target(actor.today).session.ok_or(Refusal::NotFound)?;
        let session = store.lock_calibration_session(session)?;
        // Read the move again: it may have changed before the session was locked.
        let sealed = store.session_move(self.id)?;
        let (moved, permit) = actor.open(store, Action::MoveWrite, sealed)?;
        let (session, _) = actor.open(store, Action::MoveWrite, session)?;
        let me = person(actor)?;
        let cycle = hold_cycle(store, actor, session.cycle_id)?;
        Ok(Deciding { moved, session, permit, me, cycle })
    }

    fn check_seen(&self, actor: &Actor, deciding: &Deciding) -> Result<(), Refusal> {
        let Deciding { moved, session, .. } = deciding;
        if moved.version != self.expected {
            return Err(Refusal::Stale);
        }
        if session.state != State::Opened {
            return Err(conflict(actor, session));
        }
        match moved.state {
            MoveState::Pending => Ok(()),
            decided => Err(Refusal::StateConflict {
                current_state: decided.as_str(),
                allowed_actions: Vec::new(),
            }),
        }
    }

    fn state(&self, deciding: &Deciding) -> State {
        deciding.session.state
    }

    fn event(&self) -> Option<Event> {
        Some(match self.verdict {
            Verdict::Approval => Event::ApproveMove,
            Verdict::Rejection(_) => Event::RejectMove,
        })
    }

    fn offered(&self, _: &Actor, deciding: &Deciding) -> Vec<&'static str> {
        let seat = deciding.session.seat_of(deciding.me);
        names(deciding.moved.offered(deciding.me, seat))
    }

    fn seating(&self, actor: &Actor, deciding: &Deciding) -> Seating<Event> {
        seating(actor, &deciding.session)
    }

    fn look(
        &self,
        _: &mut dyn Store,
        _: &Actor,
        deciding: &mut Deciding,
    ) -> Result<Findings<Self>, Refusal> {
        let Deciding { moved, me, .. } = deciding;
        let mut facts = Facts { acts_on_another: moved.employee_id != *me, ..Facts::default() };
        if let Verdict::Approval = self.verdict {
            facts.approved_by_another = moved.may_be_approved_by(*me);
            moved.approved_by.insert(*me);
            facts.grades_moved = Some(as_recorded(moved).grades_moved());
            facts.approvers = u32::try_from(moved.approved_by.len()).unwrap_or(u32::MAX);
        }
        Ok(Findings::new(facts, ()))
    }

    fn signing(
        &self,
        deciding: &Deciding,
        _: &Facts,
        _: Seat,
        _: bool,
    ) -> Option<Signing<'static>> {
        let approves = matches!(self.verdict, Verdict::Approval);
        approves.then(|| signing(&deciding.session, deciding.me, self.id, false))
    }

    fn follow(
        &self,
        store: &mut dyn Store,
        actor: &Actor,
        passage: Passage<Self>,
    ) -> Result<Reply<MoveView>, Refusal> {
        let rule = passage.opened.permit.rule();
        let record = |action| passage.record(action, self.id.uuid(), rule);
        let is_complete = passage.is_complete;
        let (record, state) = match &self.verdict {
            Verdict::Rejection(reason) => {
                (record("move.rejected").because(reason), MoveState::Rejected)
            }
            Verdict::Approval if is_complete => (record("move.approved"), MoveState::Approved),
            Verdict::Approval => {
                let me = passage.opened.me.to_string();
                let record = record("move.approved").field("approved_by", None::<String>, me);
                (record, MoveState::Pending)
            }
        };
        let Deciding { moved: before, session, permit, me, cycle } = passage.opened;
        let record = match state {
            MoveState::Pending => record,
            decided => record.transition(before.state.as_str(), decided.as_str()),
        };
        let version = before.version + 1;
        let after = SessionMove { state, version, updated_at: actor.now, ..before };
        if state == MoveState::Approved {
            take_effect(store, actor, &after, &permit)?;
        }
        store.update(Change::new(after.clone(), record))?;
        let view = match state {
            MoveState::Rejected => {
                MoveView::new(&shown(actor, &session, after), Some(me), session.seat_of(me))
            }
            _ => view(store, actor, &session, &cycle, after)?,
        };
        Ok(Reply::changed(view, version))
    }
}

/// Sets the calibrated grade of the review. Version and time of change stay as they are, because
/// the reviewed person could notice a change of these.
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
    let record = Record::new("review.grade_moved", review.id, permit.rule()).field(
        "calibrated_grade",
        moved.from.as_str(),
        moved.to.as_str(),
    );
    Ok(store.save_results(vec![Change::new(after, record)])?)
}

/// A move with its effect on the distribution of its session. The caller's own review and that of
/// the manager responsible for it are not counted.
fn view(
    store: &mut dyn Store,
    actor: &Actor,
    session: &CalibrationSession,
    cycle: &Cycle,
    moved: SessionMove,
) -> Result<MoveView, Refusal> {
    let settings = settings_of(store, actor, cycle)?;
    let me = actor.subject.employee_id;
    let closed: Vec<_> = actor.subject.closed().collect();
    let reviews = reviews_of(store, actor, session)?;
    let people: Vec<Placed> = reviews
        .into_iter()
        .filter(|review| review.counts_for_quota)
        .filter(|review| !closed.contains(&review.employee_id))
        .filter_map(|review| {
            let mut results = review.results;
            if review.id == moved.review_id {
                results.calibrated_grade = Some(moved.from);
            }
            Some(Placed {
                review: review.id.uuid(),
                department: review.department_id.map_or(Uuid::nil(), Uuid::from),
                grade: results.present_grade()?,
                veto_cap: results.veto_grade,
            })
        })
        .collect();
    let effect = before_and_after(&people, moved.review_id.uuid(), moved.to, &settings).ok();
    let seat = me.and_then(|me| session.seat_of(me));
    let mut view = MoveView::new(&shown(actor, session, moved), me, seat);
    view.effect = effect
        .map(|(before, after)| MoveEffect { before: (&before).into(), after: (&after).into() });
    Ok(view)
}

/// A move of a session as the caller sees it, by the seat they have there.
fn shown(actor: &Actor, session: &CalibrationSession, moved: SessionMove) -> Shown<SessionMove> {
    let seat = actor.subject.employee_id.and_then(|me| session.seat_of(me));
    let relations = Relations { calibrator: seat.is_some(), ..Relations::default() };
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
    let me = actor.subject.employee_id;
    let seat = me.and_then(|me| session.outline().seat_of(me));
    Ok((MoveView::new(&moved, me, seat), moved.outline().employee_id))
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
    let session = session.outline();
    let sealed = store.cycle(session.cycle_id)?;
    let (cycle, _) = actor.show(store, Action::CycleRead, sealed)?;
    let hidden = match stage(cycle.outline().state) {
        Stage::Released => actor.subject.persons().collect(),
        _ => actor.subject.closed().collect(),
    };
    let filter = MoveFilter { session_id: id, review_id: review_id.map(Into::into), state, hidden };
    let me = actor.subject.employee_id;
    let seat = me.and_then(|me| session.seat_of(me));
    let view = |sealed: Sealed<SessionMove>| {
        let moved = sealed.show_listed(&permit)?;
        Ok((MoveView::new(&moved, me, seat), moved.outline().employee_id.uuid()))
    };
    store.session_moves(&filter, page)?.into_iter().map(view).collect()
}
