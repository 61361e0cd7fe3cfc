//! Who sees which part of a review, and what they may do with it.

use crate::platform::caller::Actor;
use crate::platform::refusal::Refusal;
use domain::core::id::GoalChangeId;
use domain::policy::{Action, Mask, Relations, Sealed, Shown, Stage, Target, authorise, decide};
use domain::reviews::action::ReviewAction;
use domain::reviews::form::Review;
use domain::state::review::Event;
use domain::state::{Moving, Seat, Seating};
use persistence::Store;

/// A review that has been opened, with how the caller stands to it.
pub struct Opened {
    /// The review.
    pub review: Review,
    /// How the caller stands to it.
    pub standing: Standing,
    /// The rule that opened it.
    pub rule: &'static str,
}

/// How a caller stands to a review, and what lies beside it that they may know of.
pub struct Standing {
    /// How the caller stands to the person.
    pub relations: Relations,
    /// The changes of the person's goals that wait for a decision; none for whoever may not read
    /// the goals.
    pub open_changes: Option<Vec<GoalChangeId>>,
}

/// What somebody sees of a review, and how they are seated.
pub(super) struct Sight {
    /// Whether it is shown what is evaluated, and in which group.
    pub frame: bool,
    /// Whether the self-review is shown.
    pub self_review: bool,
    /// Whether rating, scores and grades are shown.
    pub rating: bool,
    /// How somebody is seated.
    pub seating: Seating<Event>,
}

impl Sight {
    /// What `actor` sees of a review and may do with it.
    pub(super) fn new(actor: &Actor, review: &Review, relations: Relations) -> Self {
        let may = |action, stage| {
            let target = Target { relations, ..review.part(stage) };
            decide(&actor.subject, action, &target).permit.is_some()
        };
        let me = actor.subject.employee_id;
        let seats = [
            (Seat::Employee, may(Action::ReviewAnswer, review.rating_stage())),
            (Seat::Manager, may(Action::RatingWrite, Stage::Draft)),
            // Nobody looks a second time at what they have written themselves.
            (
                Seat::NextLevel,
                may(Action::RatingConfirm, Stage::Submitted) && me != review.manager_id,
            ),
            (Seat::Hr, may(Action::ReviewSteer, review.rating_stage())),
        ];
        let seats = seats.into_iter().filter(|(_, held)| *held).map(|(seat, _)| seat);
        let target = Target { relations, ..review.part(review.rating_stage()) };
        let read = decide(&actor.subject, Action::ReviewRead, &target).permit;
        Self {
            frame: read.is_some_and(|permit| permit.mask() == Mask::Full),
            self_review: may(Action::SelfReviewRead, review.self_review_stage()),
            rating: may(Action::RatingRead, review.rating_stage()),
            seating: Seating::new(actor.subject.principal.id(), seats.collect()),
        }
    }

    /// What somebody seated so may do to the review.
    pub(super) fn offered(&self, review: &Review) -> Vec<ReviewAction> {
        review.offered(&self.seating, |_| false)
    }
}

/// What the policy asks for an action, and the stage in which the part it writes is written. In any
/// other stage the state refuses, not the policy.
fn demands(action: ReviewAction) -> &'static [(Action, Stage)] {
    match action {
        ReviewAction::SelfReview | ReviewAction::SelfReviewSubmission => {
            &[(Action::SelfReviewWrite, Stage::Draft)]
        }
        ReviewAction::ManagerReview | ReviewAction::ManagerReviewSubmission => {
            &[(Action::RatingWrite, Stage::Draft)]
        }
        ReviewAction::Return => {
            &[(Action::RatingWrite, Stage::Draft), (Action::RatingConfirm, Stage::Submitted)]
        }
        ReviewAction::Confirmation => &[(Action::RatingConfirm, Stage::Submitted)],
        ReviewAction::Skip | ReviewAction::RatersClosure | ReviewAction::Reopening => {
            &[(Action::ReviewSteer, Stage::Submitted)]
        }
        ReviewAction::Acknowledgement | ReviewAction::Disagreement => {
            &[(Action::ReviewAnswer, Stage::Released)]
        }
    }
}

/// Opens a review for reading.
pub(super) fn find(
    store: &mut dyn Store,
    actor: &Actor,
    sealed: Option<Sealed<Review>>,
) -> Result<(Shown<Review>, Standing), Refusal> {
    let (sealed, target) = related(store, actor, sealed)?;
    let permit = authorise(&actor.subject, Action::ReviewRead, &target)?;
    let review = sealed.show(&permit)?;
    let standing = Standing::new(store, actor, review.outline(), &target)?;
    Ok((review, standing))
}

/// Opens a review for an action.
pub(super) fn admit(
    store: &mut dyn Store,
    actor: &Actor,
    sealed: Option<Sealed<Review>>,
    action: ReviewAction,
) -> Result<Opened, Refusal> {
    let (sealed, target) = related(store, actor, sealed)?;
    let demands = demands(action);
    let granted = demands.iter().find_map(|(action, stage)| {
        let target = Target { stage: Some(*stage), ..target };
        decide(&actor.subject, *action, &target).permit
    });
    let permit = match granted {
        Some(permit) => permit,
        None => authorise(&actor.subject, demands[0].0, &target)?,
    };
    let review = sealed.open(&permit)?;
    let standing = Standing::new(store, actor, &review, &target)?;
    Ok(Opened { review, standing, rule: permit.rule() })
}

/// A review with how the caller stands to it, part by part.
fn related(
    store: &mut dyn Store,
    actor: &Actor,
    sealed: Option<Sealed<Review>>,
) -> Result<(Sealed<Review>, Target), Refusal> {
    let sealed = sealed.ok_or(Refusal::NotFound)?;
    let mut target = sealed.target(actor.today);
    target.relations = actor.relations(store, &target, actor.today)?;
    Ok((sealed, target))
}

impl Standing {
    fn new(
        store: &mut dyn Store,
        actor: &Actor,
        review: &Review,
        target: &Target,
    ) -> Result<Self, Refusal> {
        let goals = decide(&actor.subject, Action::GoalRead, target).permit;
        let open_changes = match goals.is_some_and(|permit| permit.mask() == Mask::Full) {
            true => {
                let person = review.employee_id;
                let mut open = store.open_goal_changes(review.cycle_id, &[person], None)?;
                Some(open.remove(&person).unwrap_or_default())
            }
            false => None,
        };
        Ok(Self { relations: target.relations, open_changes })
    }
}
