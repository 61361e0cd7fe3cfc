//! Results and what they rest on stay together: what changes below a rating that is in is computed
//! anew, and a rating that is taken up again sets its goals free.

use super::computation::{Basis, Computation, Sheet, faults_told, freed};
use crate::caller::Actor;
use crate::refusal::Refusal;
use domain::calibration_session::{MoveState, SessionMove};
use domain::change::{Change, Record};
use domain::goal::GoalFrame;
use domain::id::{CycleId, EmployeeId};
use domain::review::form::Review;
use domain::review::result::Faults;
use domain::state::calibration_session::State as Session;
use domain::state::review::State;
use domain::text::TextEnum;
use persistence::{MoveFilter, Page, Store};

/// The review of somebody in a cycle, in which nobody else does anything until the unit of work
/// ends; none before evaluation.
pub fn hold(
    store: &mut dyn Store,
    cycle: CycleId,
    person: EmployeeId,
) -> Result<Option<Review>, Refusal> {
    let Some(seen) = store.reviews_about(cycle, &[person])?.pop() else { return Ok(None) };
    store.lock_review(seen.id)?;
    Ok(store.reviews_about(cycle, &[person])?.pop())
}

/// Computes the result of a review that was [held](hold) anew, where its rating is in, after
/// something it rests on has changed; and that of whoever has the person in a team.
///
/// # Errors
/// 422 with everything the result could not be computed without: the change is refused then.
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
    renewed.map_err(|faults| Refusal::GuardFailed(faults_told(&faults)))?;
    let leader = review.manager_id.filter(|_| frame.settings.manager.team_lambda.is_positive());
    let Some(leader) = leader else { return Ok(()) };
    if let Some(leader) = hold(store, review.cycle_id, leader)?.filter(|it| it.state.is_rated()) {
        // What is missing of a leader's own result is no reason to refuse a change of another's.
        renew(store, actor, basis, &leader, rule)?.ok();
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
) -> Result<Result<(), Faults>, Refusal> {
    let computation = Computation::of_one(store, basis, review)?;
    let computed = match computation.result(review)? {
        Ok(computed) => computed,
        Err(faults) => return Ok(Err(faults)),
    };
    let results = review.results.computed_again(&computed.results);
    let mut sheet = Sheet::default();
    sheet.add(review, &computation.goals, computed, actor.now, rule)?;
    sheet.save(store, basis.policy)?;
    overtake(store, actor, &Review { results, ..review.clone() }, rule)?;
    Ok(Ok(()))
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

/// Rejects a move that waits for approval where the grade is no more the one it moves from.
fn overtake(
    store: &mut dyn Store,
    actor: &Actor,
    review: &Review,
    rule: &'static str,
) -> Result<(), Refusal> {
    let Some(session_id) = review.session_id else { return Ok(()) };
    let pending = MoveFilter {
        session_id,
        review_id: Some(review.id),
        state: Some(MoveState::Pending),
        hidden: Vec::new(),
    };
    let grade = review.results.calibrated_grade.or(review.results.computed_grade);
    for moved in store.session_moves(&pending, &Page::ALL)? {
        if Some(moved.from) == grade {
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
        store.update_move(Change::new(after, record))?;
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
