//! Decides which parts of a review a caller sees, and which actions they may take.

use crate::platform::caller::Actor;
use crate::platform::refusal::Refusal;
use domain::core::id::GoalChangeId;
use domain::policy::{Action, Mask, Relations, Sealed, Shown, Stage, Target, authorise, decide};
use domain::reviews::action::ReviewAction;
use domain::reviews::form::Review;
use domain::state::review::Event;
use domain::state::{Moving, Seat, Seating};
use persistence::Store;

/// An opened review, with the caller's relation to it.
pub struct Opened {
    /// The review.
    pub review: Review,
    /// The caller's relation to the review.
    pub standing: Standing,
    /// The rule that permitted access.
    pub rule: &'static str,
    /// For a rating that is handed in: the review of the manager who answers for it.
    pub managers: Option<Review>,
}

/// A caller's relation to a review, and related records that the caller may know of.
pub struct Standing {
    /// The caller's relations to the reviewed person.
    pub relations: Relations,
    /// Undecided changes of the person's goals; none if the caller may not read the goals.
    pub open_changes: Option<Vec<GoalChangeId>>,
}

/// What a caller sees of a review, and the seats they hold.
pub(super) struct ReviewAccess {
    /// Whether department and population are shown.
    pub frame: bool,
    /// Whether the self-review is shown.
    pub self_review: bool,
    /// Whether rating, scores and grades are shown.
    pub rating: bool,
    /// The seats the caller holds.
    pub seating: Seating<Event>,
}

impl ReviewAccess {
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
            // Nobody gives the second review of their own rating.
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

    /// Actions that the seats and the state of the review allow.
    pub(super) fn offered(&self, review: &Review) -> Vec<ReviewAction> {
        review.offered(&self.seating, |_| false)
    }
}

/// The permissions that an action needs, each in the stage in which its part is written. In other
/// stages the state refuses the action, not the policy.
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
    Ok(Opened { review, standing, rule: permit.rule(), managers: None })
}

/// Opens a review whose rating is a draft, to preview its score. There is no preview of any other,
/// nor for anybody who could learn another person's result from it.
pub(super) fn preview(
    store: &mut dyn Store,
    actor: &Actor,
    sealed: Option<Sealed<Review>>,
) -> Result<Review, Refusal> {
    let (sealed, target) = related(store, actor, sealed)?;
    let decision = decide(&actor.subject, Action::RatingPreview, &target);
    Ok(sealed.open(&decision.permit.ok_or(Refusal::NotFound)?)?)
}

/// A review with how the caller stands to it, part by part.
fn related(
    store: &mut dyn Store,
    actor: &Actor,
    sealed: Option<Sealed<Review>>,
) -> Result<(Sealed<Review>, Target), Refusal> {
    let sealed = sealed.ok_or(Refusal::NotFound)?;
    let mut target = sealed.target(actor.today);
    // Whoever answers for a review may see and do everything that lines and units open to others,
    // except for the second look, which is never theirs.
    let answers = target.responsible.is_some() && target.responsible == actor.subject.employee_id;
    if !answers || target.about.is_some_and(|person| actor.subject.may_be(person)) {
        target.relations = actor.relations(store, &target, actor.today)?;
    }
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
                let open = store.open_goal_changes(review.cycle_id, &[person], None)?;
                Some(open.into_iter().map(|(_, id)| id).collect())
            }
            false => None,
        };
        Ok(Self { relations: target.relations, open_changes })
    }
}
