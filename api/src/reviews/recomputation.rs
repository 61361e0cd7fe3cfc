//! Results and what they rest on stay together: what changes below a rating that is in is computed
//! anew, and a rating that is taken up again sets its goals free.

use super::computation::{Basis, Computation, Sheet, faults_told, freed};
use super::drafts::Frame;
use crate::platform::caller::Actor;
use crate::platform::problem::Violation;
use crate::platform::refusal::Refusal;
use domain::core::change::{Change, Record};
use domain::core::id::EmployeeId;
use domain::core::text::TextEnum;
use domain::cycles::cycle::Cycle;
use domain::goals::goal::GoalFrame;
use domain::reviews::calibration_session::{MoveState, SessionMove};
use domain::reviews::form::{Results, Review};
use domain::reviews::result::Faults;
use domain::state::calibration_session::State as Session;
use domain::state::cycle;
use domain::state::review::State;
use persistence::Store;
use std::collections::BTreeSet;

/// Computes the result of a review that is held anew, where its rating is in, after something it
/// rests on has changed; and that of whoever has the person in a team.
///
/// # Errors
/// 422 with everything the result could not be computed without, or with the evidence that the grade
/// would lack: the change is refused then.
pub fn follow(
    store: &mut dyn Store,
    actor: &Actor,
    frame: &GoalFrame,
    review: &Review,
    rule: &'static str,
) -> Result<(), Refusal> {
    if !review.state.is_rated() {
        return Ok(());
    }
    let basis = Basis {
        cycle: review.cycle_id,
        policy: frame.policy_id,
        rules: &frame.rules,
        settings: &frame.settings,
        dropped: &frame.dropped,
    };
    let renewed = renew(store, actor, basis, review, rule)?;
    let results = renewed.map_err(|faults| Refusal::GuardFailed(faults_told(&faults)))?;
    // Of a grade that the caller may not know, nothing is told: readiness names it to others.
    let is_told = !actor.subject.closed().any(|person| person == review.employee_id);
    if is_told && results.computed_grade != review.results.computed_grade && !review.bears(&results)
    {
        return Err(Refusal::GuardFailed(vec![Violation::new("", "final_evidence_missing")]));
    }
    lead(store, actor, basis, review.manager_id, rule)
}

/// Computes the result of whoever leads a team anew, where the rating is in and results of the team
/// are blended into it, after the total of somebody in it has changed, come or gone.
pub(super) fn lead<'a>(
    store: &mut dyn Store,
    actor: &Actor,
    basis: impl Into<Basis<'a>>,
    leader: Option<EmployeeId>,
    rule: &'static str,
) -> Result<(), Refusal> {
    let basis = basis.into();
    let leader = leader.filter(|_| basis.settings.manager.team_lambda.is_positive());
    let Some(leader) = leader else { return Ok(()) };
    let held = store.hold_review(basis.cycle, leader)?;
    if let Some(leader) = held.filter(|review| review.state.is_rated()) {
        // What is missing of a leader's own result is no reason to refuse a change of another's.
        renew(store, actor, basis, &leader, rule)?.ok();
    }
    Ok(())
}

/// Computes the results of whoever leads a team anew, once somebody has come into it or gone.
pub fn regroup(
    store: &mut dyn Store,
    actor: &Actor,
    cycle: &Cycle,
    leaders: impl IntoIterator<Item = EmployeeId>,
    rule: &'static str,
) -> Result<(), Refusal> {
    if !matches!(cycle.state, cycle::State::Evaluating | cycle::State::Calibrating) {
        return Ok(());
    }
    let frame = Frame::within(store, actor, cycle.clone())?;
    for leader in leaders.into_iter().collect::<BTreeSet<_>>() {
        lead(store, actor, &frame, Some(leader), rule)?;
    }
    Ok(())
}

/// Computes one result anew, or tells what is missing.
fn renew(
    store: &mut dyn Store,
    actor: &Actor,
    basis: Basis<'_>,
    review: &Review,
    rule: &'static str,
) -> Result<Result<Results, Faults>, Refusal> {
    let computation = Computation::of_one(store, basis, review)?;
    let computed = match computation.result(review)? {
        Ok(computed) => computed,
        Err(faults) => return Ok(Err(faults)),
    };
    let results = review.results.computed_again(&computed.results);
    let mut sheet = Sheet::default();
    sheet.add(review, &computation.goals, computed, actor.now, rule)?;
    sheet.save(store, basis.policy)?;
    overtake(store, actor, &Review { results: results.clone(), ..review.clone() }, rule)?;
    Ok(Ok(results))
}

/// Takes the scores off the goals of a review whose rating is taken up again, and the move of its
/// grade that waits for approval.
pub(super) fn set_free(
    store: &mut dyn Store,
    actor: &Actor,
    after: &Review,
    rule: &'static str,
) -> Result<(), Refusal> {
    let goals = store.goals_of(after.cycle_id, &[after.employee_id])?;
    store.score_goals(freed(&goals, actor.now, rule)?)?;
    overtake(store, actor, after, rule)
}

/// Rejects moves whose grade is no more the one they move from: one that waits for approval, and
/// those that were approved of another computed grade, which have fallen with it.
fn overtake(
    store: &mut dyn Store,
    actor: &Actor,
    review: &Review,
    rule: &'static str,
) -> Result<(), Refusal> {
    let Some(session_id) = review.session_id else { return Ok(()) };
    let calibrated = review.results.calibrated_grade;
    let grade = calibrated.or(review.results.computed_grade);
    for moved in store.moves_of(session_id, review.id)? {
        let stands = match moved.state {
            MoveState::Pending => Some(moved.from) == grade,
            MoveState::Approved => calibrated.is_some(),
            MoveState::Rejected => true,
        };
        if stands {
            continue;
        }
        let record = Record::new("move.overtaken", moved.id, rule)
            .transition(moved.state.as_str(), MoveState::Rejected.as_str());
        let after = SessionMove {
            state: MoveState::Rejected,
            version: moved.version + 1,
            updated_at: actor.now,
            ..moved
        };
        store.update(Change::new(after, record))?;
    }
    Ok(())
}

/// A review on its way into a state, with the session that compares it: whoever comes to calibration
/// while a session that fits is open comes into it. One that has been in a session stays there.
pub(super) fn into_session(
    store: &mut dyn Store,
    review: Review,
    to: State,
) -> Result<Review, Refusal> {
    if to != State::InCalibration || review.session_id.is_some() {
        return Ok(review);
    }
    let sessions = store.sessions_of(review.cycle_id)?;
    let mut open = sessions.into_iter().filter(|session| session.state == Session::Opened);
    let (id, unit, person) = (review.participant_id, review.department_id, review.employee_id);
    let session_id = open.find(|it| it.compares(id, unit, person)).map(|it| it.id);
    Ok(Review { session_id, ..review })
}
