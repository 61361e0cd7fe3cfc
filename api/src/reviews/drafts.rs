//! Use cases of the drafts of self-reviews and ratings.

use super::sight::{Opened, admit};
use super::views::{RatingView, ReviewPartPatch, ReviewView, early};
use crate::platform::caller::Actor;
use crate::platform::problem::Violation;
use crate::platform::refusal::Refusal;
use crate::platform::reply::Reply;
use crate::platform::seen::Seen;
use crate::platform::words::Told;
use chrono::NaiveDate;
use domain::core::change::{Change, Record};
use domain::core::error::Code;
use domain::core::id::ReviewId;
use domain::core::number::Exact;
use domain::cycles::cycle::Cycle;
use domain::cycles::performance_policy::{PerformancePolicy, Population};
use domain::policy::{Action, Sealed};
use domain::reviews::action::ReviewAction;
use domain::reviews::form::{Rating, Review, ReviewPart};
use domain::scoring::settings::Settings;
use persistence::{Framed, Store};

/// The cycle and policy of a review.
pub(super) struct Frame {
    /// The cycle.
    pub cycle: Cycle,
    /// The policy version of the cycle.
    pub policy: PerformancePolicy,
    /// Settings of the policy version.
    pub settings: Settings,
    /// Whether the person may answer for a review of the cycle.
    pub leads: bool,
    /// Whether a calibration session of the cycle may be open.
    pub in_session: bool,
}

impl Frame {
    pub(super) fn of(
        store: &mut dyn Store,
        actor: &Actor,
        review: &Review,
    ) -> Result<Self, Refusal> {
        let found = store.frame_of(review.cycle_id, review.employee_id)?;
        let Framed { cycle, policy, leads, in_session } = found.ok_or(Refusal::NotFound)?;
        let (cycle, _) = actor.show(store, Action::CycleRead, Some(cycle))?;
        let frame = Self::new(store, actor, cycle.outline().clone(), Some(policy))?;
        Ok(Self { leads, in_session, ..frame })
    }

    /// The frame of a known cycle.
    pub(super) fn within(
        store: &mut dyn Store,
        actor: &Actor,
        cycle: Cycle,
    ) -> Result<Self, Refusal> {
        let policy = store.find(cycle.policy_id)?;
        Self::new(store, actor, cycle, policy)
    }

    fn new(
        store: &mut dyn Store,
        actor: &Actor,
        cycle: Cycle,
        policy: Option<Sealed<PerformancePolicy>>,
    ) -> Result<Self, Refusal> {
        let (policy, _) = actor.open(store, Action::PolicyRead, policy)?;
        let settings = policy.rules.settings();
        let settings = settings.map_err(|error| Refusal::Internal(error.to_string()))?;
        Ok(Self { cycle, policy, settings, leads: true, in_session: true })
    }

    /// The population that the review belongs to.
    pub(super) fn population(&self, review: &Review) -> Result<&Population, Refusal> {
        let missing = || Refusal::Internal(format!("review {} has no population", review.id));
        self.policy.rules.population(&review.population).ok_or_else(missing)
    }
}

/// Refuses changes of a review whose cycle is not in evaluation.
pub(super) fn require_open(review: &Review) -> Result<(), Refusal> {
    if review.is_open() {
        return Ok(());
    }
    Err(Refusal::GuardFailed(vec![Violation::new("", "evaluation_open")]))
}

/// Saves a draft of one side, if the caller has read its current content.
pub fn save(
    store: &mut dyn Store,
    actor: &Actor,
    id: ReviewId,
    seen: &Seen,
    action: ReviewAction,
    patch: ReviewPartPatch,
) -> Result<Reply<ReviewView>, Refusal> {
    let sealed = store.lock_review(id)?;
    let Opened { review, standing, rule, .. } = admit(store, actor, sealed, action)?;
    let view = ReviewView::new(actor, &review, &standing);
    seen.check_all(review.version, &view)?;
    require_open(&review)?;
    if !view.allowed_actions.contains(&action) {
        return Err(Refusal::StateConflict {
            current_state: Told::new(review.state),
            allowed_actions: Told::all(view.allowed_actions.iter().copied()),
        });
    }
    let frame = Frame::of(store, actor, &review)?;
    let mut after = review.clone();
    let (part, told) = match action {
        ReviewAction::SelfReview => (&mut after.self_review, "review.self_review_saved"),
        _ => (&mut after.manager_review, "review.rating_saved"),
    };
    write(part, patch, frame.population(&review)?, actor.today)?;
    // The content is only for people who may read the review, so it stays out of the log.
    store.save_drafts(Change::new(after.clone(), Record::new(told, id, rule)))?;
    Ok(Reply::changed(ReviewView::new(actor, &after, &standing), after.version))
}

fn write(
    part: &mut ReviewPart,
    patch: ReviewPartPatch,
    population: &Population,
    today: NaiveDate,
) -> Result<(), Refusal> {
    if let Some(comment) = patch.comment {
        part.comment = comment;
    }
    let Some(ratings) = patch.ratings else { return Ok(()) };
    let mut faults = Vec::new();
    let mut read = Vec::with_capacity(ratings.len());
    for (at, rating) in ratings.into_iter().enumerate() {
        faults.extend(early(&format!("/ratings/{at}"), &rating.evidence, today));
        let twice = read.iter().any(|it: &Rating| it.dimension == rating.dimension);
        match parse(rating, population, twice) {
            Ok(rating) => read.push(rating),
            Err((place, code, value)) => {
                let pointer = format!("/ratings/{at}/{place}");
                faults.push(Violation::new(pointer, code).with("value", value));
            }
        }
    }
    if !faults.is_empty() {
        return Err(Refusal::Invalid(faults));
    }
    part.ratings = read;
    Ok(())
}

/// A valid rating, or the place, code and value of its fault.
fn parse(
    rating: RatingView,
    population: &Population,
    twice: bool,
) -> Result<Rating, (&'static str, &'static str, String)> {
    let RatingView { dimension, rating, comment, evidence } = rating;
    let rated = population.rated().any(|rule| rule.code == dimension);
    let value = rating.parse::<Exact>().unwrap_or_default();
    if !rated {
        Err(("dimension", "unknown_reference", dimension))
    } else if twice {
        Err(("dimension", "duplicate_in_request", dimension))
    } else if value < Exact::from(1) || value > Exact::from(5) {
        Err(("rating", Code::RatingOutOfRange.as_str(), rating))
    } else {
        let evidence = evidence.into_iter().map(Into::into).collect();
        Ok(Rating { dimension, rating: value, comment, evidence })
    }
}
