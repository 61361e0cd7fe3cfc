//! Use cases of moves: proposed by one member, approved by others.

use super::sessions::{conflict, hold_cycle, reviews_of};
use super::views::{MoveEffect, MoveView, NewMove, allowed_actions};
use crate::platform::caller::Actor;
use crate::platform::problem::Violation;
use crate::platform::refusal::Refusal;
use crate::platform::reply::Reply;
use crate::platform::signing::Signing;
use crate::platform::transition::fire;
use crate::reviews::distribution::settings_of;
use domain::account::Role;
use domain::calibration::{Case, Fault, Move, Placed, before_and_after};
use domain::calibration_session::{CalibrationSession, MoveState, SessionMove, SessionSeat};
use domain::change::{Change, Record};
use domain::cycle::Cycle;
use domain::id::{CalibrationSessionId, EmployeeId, MoveId};
use domain::policy::{Action, Permit};
use domain::review::evidence::Evidence;
use domain::review::form::{EvidenceItem, Review};
use domain::signing::Act;
use domain::state::calibration_session::{Event, Facts, Guard, State};
use domain::state::{self, Signature};
use domain::text::TextEnum;
use persistence::{ReviewResults, Store};
use std::collections::BTreeSet;
use uuid::Uuid;

/// The member a caller is, with the signature of the seat.
fn sign(
    actor: &Actor,
    session: &CalibrationSession,
) -> Result<(EmployeeId, [Signature; 1]), Refusal> {
    let me = actor.subject.employee_id.ok_or(Refusal::NotFound)?;
    let seat = match session.seat_of(me) {
        Some(SessionSeat::Member) => state::Actor::Member,
        _ => state::Actor::Hr,
    };
    Ok((me, [Signature { person: me.uuid(), actor: seat }]))
}

/// What a member signs with a proposal, the first signature, or an approval of a move.
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

/// Fires an event of the session, which stays open.
fn fire_in(
    actor: &Actor,
    session: &CalibrationSession,
    event: Event,
    signed: &[Signature],
    facts: &Facts,
) -> Result<State, Refusal> {
    let allowed = allowed_actions(actor, session, false).into_iter().map(TextEnum::as_str);
    fire(session.state, event, signed, facts, &allowed.collect::<Vec<_>>(), |_| None)
}

/// Proposes another grade for a review of a session.
pub(super) fn propose(
    store: &mut dyn Store,
    actor: &Actor,
    session: CalibrationSessionId,
    id: MoveId,
    new: NewMove,
) -> Result<Reply<MoveView>, Refusal> {
    let sealed = store.lock_calibration_session(session)?;
    let (session, permit) = actor.open(store, Action::MovePropose, sealed)?;
    let (me, signed) = sign(actor, &session)?;
    let cycle = hold_cycle(store, actor, session.cycle_id)?;
    let facts = Facts { acts_on_another: true, ..Facts::default() };
    fire_in(actor, &session, Event::ProposeMove, &signed, &facts)?;
    let review = compared_review(store, actor, &session, &new)?;
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
    let evidence: Vec<EvidenceItem> = new.evidence.into_iter().map(EvidenceItem::from).collect();
    let early = evidence.iter().enumerate().filter_map(|(at, item)| {
        Violation::in_future(format!("/evidence/{at}/date"), item.date, actor.today)
    });
    let early: Vec<_> = early.collect();
    if !early.is_empty() {
        return Err(Refusal::Invalid(early));
    }
    let moved = SessionMove {
        id,
        session_id: session.id,
        review_id: review.id,
        employee_id: review.employee_id,
        from,
        to: new.to,
        reasons: new.reasons.into_iter().collect(),
        text: new.text,
        evidence,
        state: MoveState::Pending,
        proposed_by: me,
        approved_by: BTreeSet::new(),
        version: 1,
        created_at: actor.now,
        updated_at: actor.now,
    };
    let settings = settings_of(store, actor, &cycle)?;
    let cited: Vec<_> =
        moved.evidence.iter().map(|item| Evidence { kind: item.kind, date: item.date }).collect();
    let case = Case { computed, evidence: &cited, period: cycle.period, mode: settings.mode };
    let faults = as_recorded(&moved).proposal_faults(&case);
    if !faults.is_empty() {
        return Err(Refusal::GuardFailed(faults.into_iter().map(violation).collect()));
    }
    signing(&session, me, id, true).sign(store, actor)?;
    let record = Record::new("move.proposed", id, permit.rule())
        .field("review_id", None::<String>, review.id.to_string())
        .field("grade", moved.from.as_str(), moved.to.as_str())
        .field("reasons", None::<String>, told(&moved.reasons))
        .field("text", None::<String>, moved.text.clone())
        .field("evidence", None::<String>, told(&moved.evidence));
    store.create_move(Change::new(moved.clone(), record))?;
    let view = view(store, actor, &session, &cycle, &permit, moved)?;
    Ok(Reply::created(view, 1, format!("/v1/moves/{id}")))
}

/// A value as the audit log tells it.
fn told<T: serde::Serialize>(value: &T) -> serde_json::Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// The review a move is about: another person's, and one that the session compares.
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

/// A move as the rules of E.5 look at it.
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

/// What is wrong with a move, at its place in the request.
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

/// A pending move in the version the caller has read, with its session locked.
fn pending(
    store: &mut dyn Store,
    actor: &Actor,
    id: MoveId,
    expected: i32,
) -> Result<(SessionMove, CalibrationSession, Permit), Refusal> {
    let sealed = store.session_move(id)?.ok_or(Refusal::NotFound)?;
    let session = sealed.target(actor.today).session.ok_or(Refusal::NotFound)?;
    let session = store.lock_calibration_session(session)?;
    // What became of it while the session was being locked.
    let sealed = store.session_move(id)?;
    let (moved, permit) = actor.open(store, Action::MoveWrite, sealed)?;
    let (session, _) = actor.open(store, Action::MoveWrite, session)?;
    if moved.version != expected {
        return Err(Refusal::Stale);
    }
    if session.state != State::Opened {
        return Err(conflict(actor, &session));
    }
    if moved.state != MoveState::Pending {
        return Err(Refusal::StateConflict {
            current_state: moved.state.as_str(),
            allowed_actions: Vec::new(),
        });
    }
    Ok((moved, session, permit))
}

/// Approves a move; with the last approval it needs, it takes effect.
pub(super) fn approve(
    store: &mut dyn Store,
    actor: &Actor,
    id: MoveId,
    expected: i32,
) -> Result<Reply<MoveView>, Refusal> {
    let (before, session, permit) = pending(store, actor, id, expected)?;
    let (me, signed) = sign(actor, &session)?;
    let cycle = hold_cycle(store, actor, session.cycle_id)?;
    let mut after = SessionMove { version: before.version + 1, updated_at: actor.now, ..before };
    let approved_by_another = after.may_be_approved_by(me);
    after.approved_by.insert(me);
    let grades_moved = as_recorded(&after).grades_moved();
    let approvers = u32::try_from(after.approved_by.len()).unwrap_or(u32::MAX);
    let facts = Facts {
        acts_on_another: after.employee_id != me,
        approved_by_another,
        grades_moved: Some(grades_moved),
        approvers,
        ..Facts::default()
    };
    let is_complete = match fire_in(actor, &session, Event::ApproveMove, &signed, &facts) {
        Ok(_) => true,
        Err(Refusal::GuardFailed(mut faults)) => {
            // One approval of two is no fault, only not yet enough.
            faults.retain(|fault| fault.code != Guard::EnoughApprovers.as_str());
            if !faults.is_empty() {
                return Err(Refusal::GuardFailed(faults));
            }
            false
        }
        Err(refusal) => return Err(refusal),
    };
    signing(&session, me, id, false).sign(store, actor)?;
    let mut record = Record::new("move.approved", id, permit.rule());
    if !is_complete {
        record = record.field("approved_by", None::<String>, me.to_string());
        store.update_move(Change::new(after.clone(), record))?;
    } else {
        after.state = MoveState::Approved;
        record = record.transition(MoveState::Pending.as_str(), MoveState::Approved.as_str());
        take_effect(store, actor, &after, &permit)?;
        store.update_move(Change::new(after.clone(), record))?;
    }
    let version = after.version;
    Ok(Reply::changed(view(store, actor, &session, &cycle, &permit, after)?, version))
}

/// Sets the calibrated grade of the review, and nothing else of it: neither version nor instant, by
/// which the person would notice.
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

/// Rejects a move.
pub(super) fn reject(
    store: &mut dyn Store,
    actor: &Actor,
    id: MoveId,
    expected: i32,
    reason: &str,
) -> Result<Reply<MoveView>, Refusal> {
    let (before, session, permit) = pending(store, actor, id, expected)?;
    let (me, signed) = sign(actor, &session)?;
    let facts = Facts { acts_on_another: before.employee_id != me, ..Facts::default() };
    fire_in(actor, &session, Event::RejectMove, &signed, &facts)?;
    let state = MoveState::Rejected;
    let after = SessionMove { state, version: before.version + 1, updated_at: actor.now, ..before };
    let record = Record::new("move.rejected", id, permit.rule())
        .transition(MoveState::Pending.as_str(), state.as_str())
        .because(reason);
    store.update_move(Change::new(after.clone(), record))?;
    let version = after.version;
    let view = MoveView::new(after, permit.mask(), Some(me), session.seat_of(me));
    Ok(Reply::changed(view, version))
}

/// A move with what it does to the distribution of its session. The reader's own review and those of
/// who leads the reader are left out.
fn view(
    store: &mut dyn Store,
    actor: &Actor,
    session: &CalibrationSession,
    cycle: &Cycle,
    permit: &Permit,
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
    let mut view = MoveView::new(moved, permit.mask(), me, me.and_then(|me| session.seat_of(me)));
    view.effect = effect
        .map(|(before, after)| MoveEffect { before: (&before).into(), after: (&after).into() });
    Ok(view)
}

/// One move as the caller may see it, and whose grade it is.
pub(super) fn read(
    store: &mut dyn Store,
    actor: &Actor,
    id: MoveId,
) -> Result<(MoveView, EmployeeId), Refusal> {
    let sealed = store.session_move(id)?;
    let (moved, permit) = actor.open(store, Action::MoveRead, sealed)?;
    let sealed = store.calibration_session(moved.session_id)?;
    let (session, _) = actor.open(store, Action::CalibrationSessionRead, sealed)?;
    let me = actor.subject.employee_id;
    let person = moved.employee_id;
    let seat = me.and_then(|me| session.seat_of(me));
    Ok((MoveView::new(moved, permit.mask(), me, seat), person))
}
