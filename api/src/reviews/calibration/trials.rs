//! Trials of moves: what some moves would do to the distribution of a session, without proposing
//! them. Nothing is recorded but that the caller has looked.

use super::effects::{effect_of, readable};
use super::moves::{drafted, violation};
use super::sessions::conflict;
use super::views::{MoveEffect, NewMove};
use crate::platform::caller::{Actor, Caller};
use crate::platform::extract::{Body, PathId};
use crate::platform::problem::{Language, ProblemError, Violation};
use crate::platform::refusal::Refusal;
use crate::platform::reply::{self, Reply};
use crate::reviews::distribution::settings_of;
use crate::reviews::views::{EvidenceView, early};
use crate::reviews::words;
use actix_web::{HttpResponse, post};
use domain::core::id::CalibrationSessionId;
use domain::policy::Action;
use domain::reviews::calibration::Reason;
use domain::scoring::scale::Grade;
use domain::state::calibration_session::{State, approvers_needed};
use persistence::{ReviewResults, Store};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Moves to try at once.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMoveTrial {
    /// The moves, each of another review.
    #[schema(min_items = 1, max_items = 50)]
    pub moves: Vec<TriedMove>,
}

/// A move to try. What is still to be written may be left out; the answer names it.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TriedMove {
    /// Id of the review, one that the session compares and whose grade the caller may read.
    pub review_id: Uuid,
    /// Grade after the move.
    #[schema(value_type = words::Grade)]
    pub to: Grade,
    /// Reason codes.
    #[serde(default)]
    #[schema(value_type = HashSet<words::MoveReason>)]
    pub reasons: Vec<Reason>,
    /// Explanation.
    #[serde(default)]
    #[schema(max_length = 4000, example = "The tender was won after the rating had been written")]
    pub text: String,
    /// Evidence for the move.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub evidence: Vec<EvidenceView>,
    /// What the person will read about the move after release.
    #[serde(default)]
    #[schema(max_length = 1000, example = "The tender that you won in February counts")]
    pub sentence: String,
}

/// What came of a tried move.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MoveTrialOutcome {
    /// Id of the review.
    pub review_id: Uuid,
    /// The present grade, from which a proposal would start: the calibrated one, otherwise the
    /// computed one.
    #[schema(value_type = words::Grade)]
    pub grade: Grade,
    /// Grade that the review would have: that of the move, but none better than a confirmed veto
    /// allows.
    #[schema(value_type = words::Grade)]
    pub grade_after: Grade,
    /// Number of other members who would have to approve the move.
    #[schema(example = 1)]
    pub approvals_needed: u32,
    /// Everything for which a proposal of this move would be refused now.
    pub missing: Vec<ProblemError>,
}

/// What came of a trial. Nothing has been proposed or changed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MoveTrial {
    /// The moves, in the order of the request.
    pub moves: Vec<MoveTrialOutcome>,
    /// Effect of all moves together on the distribution of the session, of the people who count
    /// towards the quotas and whose grades the caller may read. Null if nobody of them counts.
    #[schema(required = true)]
    pub effect: Option<MoveEffect>,
}

/// Try moves
///
/// Shows what one or several moves would do to the distribution of an open session, without
/// proposing them, and what a proposal of each would still lack. For whoever has a seat in the
/// session; nobody else learns of it, and nothing is changed. Only reviews whose grades the caller
/// may read can be tried and are counted, so a trial tells nothing that the list of compared reviews
/// does not; a review of anybody else is answered like one that does not exist. Reasons, text,
/// evidence and sentence may be left out. Texts follow `Accept-Language`.
#[utoipa::path(tag = "moves", operation_id = "tryMoves",
    params(("id" = Uuid, Path, description = "Id of the session")),
    request_body = NewMoveTrial,
    responses((status = 200, description = "What would come of the moves", body = MoveTrial)),
    security(("bearer" = [])))]
#[post("/calibration-sessions/{id}/move-trials")]
pub(super) async fn make(
    caller: Caller,
    id: PathId,
    body: Body<NewMoveTrial>,
) -> Result<HttpResponse, Refusal> {
    let (id, tried) = (id.0.into(), body.value.moves);
    let language = Language::asked(caller.request());
    let (view, about) =
        caller.snapshot(move |store, actor| outcome_of(store, actor, id, &tried, language)).await?;
    caller.shown("tryMoves", about).await?;
    Ok(language.spoken(reply::send(&Reply::done(view).store()?, false)?))
}

/// Tries moves. Returns what would come of them, and the reviews whose grades are shown, each with
/// the person it is about.
fn outcome_of(
    store: &mut dyn Store,
    actor: &Actor,
    id: CalibrationSessionId,
    tried: &[TriedMove],
    language: Language,
) -> Result<(MoveTrial, Vec<(Uuid, Uuid)>), Refusal> {
    let sealed = store.calibration_session(id)?;
    let (session, _) = actor.open(store, Action::MovePropose, sealed)?;
    let me = actor.subject.employee_id.ok_or(Refusal::NotFound)?;
    if session.state != State::Opened {
        return Err(conflict(actor, &session));
    }
    let sealed = store.cycle(session.cycle_id)?;
    let (cycle, _) = actor.show(store, Action::CycleRead, sealed)?;
    let cycle = cycle.outline();
    let settings = settings_of(store, actor, cycle)?;
    let pending = store.pending_moves(session.id)?;
    let reviews = readable(store, actor, &session)?;
    let found = found(tried, &reviews)?;
    let outcomes = found.iter().zip(tried).enumerate().map(|(at, (found, tried))| {
        let Found { review, computed, present } = *found;
        let new = NewMove {
            review_id: tried.review_id,
            from: present,
            to: tried.to,
            reasons: tried.reasons.clone(),
            text: tried.text.clone(),
            evidence: tried.evidence.clone(),
            sentence: tried.sentence.clone(),
        };
        let moved = drafted(actor, session.id, me, Uuid::nil().into(), review, &new);
        let mut missing = early("", &new.evidence, actor.today);
        if pending.contains(&review.id) {
            missing.push(Violation::new("/review_id", "move_pending"));
        }
        let faults = moved.faults(computed, cycle.period, settings.mode);
        missing.extend(faults.into_iter().map(violation));
        MoveTrialOutcome {
            review_id: tried.review_id,
            grade: present,
            grade_after: review.results.veto_grade.map_or(tried.to, |cap| tried.to.min(cap)),
            approvals_needed: approvers_needed(moved.grades_moved()),
            missing: missing.into_iter().map(|fault| placed(at, fault).view(language)).collect(),
        }
    });
    let moves = outcomes.collect();
    let counting = found.iter().zip(tried).filter(|(found, _)| found.review.counts_for_quota);
    let steps: Vec<_> = counting.map(|(found, tried)| (found.review.id, tried.to)).collect();
    let effect = effect_of(&reviews, &steps, &settings);
    let shown = found.iter().map(|it| (it.review.id.uuid(), it.review.employee_id.uuid()));
    Ok((MoveTrial { moves, effect }, shown.collect()))
}

/// A review whose move is tried, with its computed and its present grade.
#[derive(Clone, Copy)]
struct Found<'r> {
    review: &'r ReviewResults,
    computed: Grade,
    present: Grade,
}

/// The review of each move, which must be among `reviews`. A review that the caller may not read is
/// refused like one that does not exist.
fn found<'r>(tried: &[TriedMove], reviews: &'r [ReviewResults]) -> Result<Vec<Found<'r>>, Refusal> {
    let (mut found, mut faults) = (Vec::<Found<'_>>::new(), Vec::new());
    for (at, TriedMove { review_id, .. }) in tried.iter().enumerate() {
        let known = reviews.binary_search_by_key(review_id, |review| review.id.uuid());
        let review = known.ok().map(|place| &reviews[place]);
        let graded = review.and_then(|it| Some((it, it.results.computed_grade?)));
        let fault = |code| Violation::new("/review_id", code).with("value", review_id);
        match graded {
            None => faults.push(placed(at, fault("unknown_reference"))),
            Some((review, _)) if found.iter().any(|it| it.review.id == review.id) => {
                faults.push(placed(at, fault("duplicate_in_request")));
            }
            Some((review, computed)) => {
                let present = review.results.calibrated_grade.unwrap_or(computed);
                found.push(Found { review, computed, present });
            }
        }
    }
    if faults.is_empty() { Ok(found) } else { Err(Refusal::Invalid(faults)) }
}

/// A fault of one move, with its place in the request.
fn placed(at: usize, mut fault: Violation) -> Violation {
    fault.put_within(&at.to_string());
    fault.put_within("moves");
    fault
}
