//! What moves do to the distribution of a session, as far as one reader may know its grades.

use super::sessions::{Reader, reviews_of};
use super::views::MoveEffect;
use crate::platform::caller::Actor;
use crate::platform::refusal::Refusal;
use crate::reviews::distribution::settings_of;
use domain::core::id::ReviewId;
use domain::cycles::cycle::Cycle;
use domain::policy::Action;
use domain::reviews::calibration_session::{CalibrationSession, SessionMove};
use domain::reviews::distribution::{Placed, before_and_after};
use domain::scoring::scale::Grade;
use domain::scoring::settings::DistributionSettings;
use persistence::{ReviewResults, Store};
use uuid::Uuid;

/// The effect of a move on the distribution of its session, for the caller.
pub(super) fn effect(
    store: &mut dyn Store,
    actor: &Actor,
    session: &CalibrationSession,
    cycle: &Cycle,
    moved: &SessionMove,
) -> Result<Option<MoveEffect>, Refusal> {
    let settings = settings_of(store, actor, cycle)?;
    let mut reviews = readable(store, actor, session)?;
    for review in reviews.iter_mut().filter(|review| review.id == moved.review_id) {
        review.results.calibrated_grade = Some(moved.from);
    }
    Ok(effect_of(&reviews, &[(moved.review_id, moved.to)], &settings))
}

/// The reviews of a session whose grades the caller may read one by one, sorted by id. Only these are
/// counted in what the caller is shown, so that no count tells of another one.
pub(super) fn readable(
    store: &mut dyn Store,
    actor: &Actor,
    session: &CalibrationSession,
) -> Result<Vec<ReviewResults>, Refusal> {
    let reader = Reader::of(store, actor, session)?;
    let mut reviews = reviews_of(store, actor, session)?;
    reviews.retain(|review| reader.sees(Action::RatingRead, review));
    Ok(reviews)
}

/// The effect of moves on the distribution of the reviews that count towards the quotas; none if one
/// of the moved reviews does not count, or none counts.
pub(super) fn effect_of(
    reviews: &[ReviewResults],
    moves: &[(ReviewId, Grade)],
    settings: &DistributionSettings,
) -> Option<MoveEffect> {
    let placed = |review: &ReviewResults| {
        Some(Placed {
            review: review.id.uuid(),
            department: review.department_id.map_or(Uuid::nil(), Uuid::from),
            grade: review.results.present_grade()?,
            veto_cap: review.results.veto_grade,
        })
    };
    let counted = reviews.iter().filter(|review| review.counts_for_quota);
    let people: Vec<_> = counted.filter_map(placed).collect();
    let moves: Vec<_> = moves.iter().map(|(review, to)| (review.uuid(), *to)).collect();
    let (before, after) = before_and_after(&people, &moves, settings).ok()?;
    Some(MoveEffect { before: (&before).into(), after: (&after).into() })
}
