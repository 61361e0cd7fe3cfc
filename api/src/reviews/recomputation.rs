//! Keeps results consistent with their input: a change below a submitted rating recomputes the
//! result, and reopening a rating removes the scores of its goals.

use super::computation::{Basis, Computation, Sheet, fault_violations, freed};
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

/// Recomputes the result of a locked review after a change of its input, if its rating is
/// submitted. Also recomputes the result of the manager whose team the person belongs to.
///
/// # Errors
/// 422, and so a refusal of the change, with everything that is missing for the result, or with the
/// evidence that the new grade would need.
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
        department_weights: &frame.department_weights,
    };
    let renewed = renew(store, actor, basis, review, rule)?;
    let results = renewed.map_err(|faults| Refusal::GuardFailed(fault_violations(&faults)))?;
    // A grade the caller may not know must not be disclosed by a refusal; the readiness report
    // lists the missing evidence for others.
    let is_told = !actor.subject.closed().any(|person| person == review.employee_id);
    if is_told && results.computed_grade != review.results.computed_grade && !review.bears(&results)
    {
        return Err(Refusal::GuardFailed(vec![Violation::new("", "final_evidence_missing")]));
    }
    lead(store, actor, basis, review.manager_id, rule)
}

/// Recomputes a leader's result after the total of a team member changed, or a member joined or
/// left. Applies only if the leader's rating is submitted and the policy includes team results.
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
    lead_held(store, actor, basis, held.as_ref(), rule)
}

/// Does the same for the locked review of the leader.
pub(super) fn lead_held<'a>(
    store: &mut dyn Store,
    actor: &Actor,
    basis: impl Into<Basis<'a>>,
    leader: Option<&Review>,
    rule: &'static str,
) -> Result<(), Refusal> {
    let basis = basis.into();
    let blends = basis.settings.manager.team_lambda.is_positive();
    if let Some(leader) = leader.filter(|review| blends && review.state.is_rated()) {
        // Faults in the leader's own result must not prevent a change of another person's.
        renew(store, actor, basis, leader, rule)?.ok();
    }
    Ok(())
}

/// Recomputes the results of leaders whose team gained or lost a member.
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

/// Recomputes one result, or returns what is missing.
fn renew(
    store: &mut dyn Store,
    actor: &Actor,
    basis: Basis<'_>,
    review: &Review,
    rule: &'static str,
) -> Result<Result<Results, Faults>, Refusal> {
    let computation = Computation::of_one(store, basis, review, true)?;
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

/// Removes the goal scores of a review whose rating is reopened, and rejects the pending move of
/// its grade.
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

/// Rejects moves that no longer start from the present grade: a pending move from another grade,
/// and approved moves whose calibrated grade was removed.
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

/// A review about to change state. If it enters calibration while a fitting session is open, it
/// joins that session. A review that already has a session keeps it.
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
