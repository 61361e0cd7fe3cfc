//! What can be done to a review, by the names that paths of the API use.

use super::form::Review;
use crate::policy::Stage;
use crate::state::review::{Event, State};
use crate::state::{Moving, Seat, cycle};
use crate::text_enum;

text_enum! {
    /// What can be done to a review.
    pub enum ReviewAction {
        /// Write the self-review.
        SelfReview = "self_review",
        /// Hand the self-review in.
        SelfReviewSubmission = "self_review_submission",
        /// Go on without an overdue self-review.
        Skip = "skip",
        /// End the time in which raters may answer.
        RatersClosure = "raters_closure",
        /// Write the manager's rating.
        ManagerReview = "manager_review",
        /// Hand the rating in.
        ManagerReviewSubmission = "manager_review_submission",
        /// Return the self-review or the rating for another draft.
        Return = "return",
        /// Confirm the rating as the second reviewer.
        Confirmation = "confirmation",
        /// Reopen a rating that was handed in.
        Reopening = "reopening",
        /// Acknowledge the result.
        Acknowledgement = "acknowledgement",
        /// Disagree with the result.
        Disagreement = "disagreement",
    }
}

impl ReviewAction {
    /// Whether the action changes the result, as opposed to answering it.
    pub fn needs_evaluation(self) -> bool {
        !matches!(self, ReviewAction::Acknowledgement | ReviewAction::Disagreement)
    }
}

impl Review {
    /// Whether the cycle is in a state in which reviews are written: from the start of evaluation
    /// to the end of calibration, since some reviews may be late.
    pub fn is_open(&self) -> bool {
        matches!(self.cycle_state, cycle::State::Evaluating | cycle::State::Calibrating)
    }
}

impl Moving for Review {
    type State = State;
    type Verb = ReviewAction;

    fn state(&self) -> State {
        self.state
    }

    fn events(action: ReviewAction) -> &'static [Event] {
        match action {
            ReviewAction::SelfReview | ReviewAction::ManagerReview => &[],
            ReviewAction::SelfReviewSubmission => &[Event::SubmitSelf],
            ReviewAction::Skip => &[Event::SkipSelf],
            ReviewAction::RatersClosure => &[Event::CloseRaters],
            ReviewAction::ManagerReviewSubmission => &[Event::SubmitManager],
            ReviewAction::Return => &[Event::ReturnToSelf, Event::ReturnToManager],
            ReviewAction::Confirmation => &[Event::ApproveSecond],
            ReviewAction::Reopening => &[Event::Reopen],
            ReviewAction::Acknowledgement => &[Event::Acknowledge],
            ReviewAction::Disagreement => &[Event::Disagree],
        }
    }

    fn lets(&self, action: ReviewAction) -> bool {
        let in_state = match action {
            ReviewAction::SelfReview => self.state == State::PendingSelf,
            ReviewAction::ManagerReview => self.rating_stage() == Stage::Draft,
            step => self.is_in_table(step),
        };
        in_state && (!action.needs_evaluation() || self.is_open())
    }

    fn seats(&self, action: ReviewAction) -> Vec<Seat> {
        match action {
            ReviewAction::SelfReview => vec![Seat::Employee],
            ReviewAction::ManagerReview => vec![Seat::Manager],
            // The system closes the window; once its last day is over, HR may close it as well.
            ReviewAction::RatersClosure => vec![Seat::Hr],
            step => self.seats_in_table(step),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::form::tests::review;
    use super::*;
    use crate::core::text::TextEnum;
    use crate::state::Seating;
    use ReviewAction as Do;
    use Seat::{Employee, Hr, Manager, NextLevel};
    use cycle::State as Cycle;

    /// What each seat may do with a review while the cycle is in a state.
    fn possible(state: State, cycle: Cycle) -> Vec<(Seat, Vec<ReviewAction>)> {
        let review = review(state, cycle);
        let all = [Employee, Manager, NextLevel, Hr].map(|seat| {
            let seating = Seating::new(uuid::Uuid::nil(), vec![seat]);
            (seat, review.offered(&seating, |_| false))
        });
        all.into_iter().filter(|(_, actions)| !actions.is_empty()).collect()
    }

    #[test]
    fn each_seat_has_its_turn_while_reviews_are_written() {
        let pending_self = vec![
            (Employee, vec![Do::SelfReview, Do::SelfReviewSubmission]),
            (Manager, vec![Do::ManagerReview]),
            (Hr, vec![Do::Skip]),
        ];
        let pending_raters =
            vec![(Manager, vec![Do::ManagerReview]), (Hr, vec![Do::RatersClosure])];
        let manager = vec![Do::ManagerReview, Do::ManagerReviewSubmission, Do::Return];
        let second =
            vec![(NextLevel, vec![Do::Return, Do::Confirmation]), (Hr, vec![Do::Reopening])];
        for cycle in [Cycle::Evaluating, Cycle::Calibrating] {
            assert_eq!(possible(State::PendingSelf, cycle), pending_self);
            assert_eq!(possible(State::PendingRaters, cycle), pending_raters);
            assert_eq!(possible(State::PendingManager, cycle), [(Manager, manager.clone())]);
            assert_eq!(possible(State::SecondReview, cycle), second);
            assert_eq!(possible(State::InCalibration, cycle), [(Hr, vec![Do::Reopening])]);
        }
    }

    #[test]
    fn once_evaluation_is_over_a_result_can_only_be_answered() {
        let answers = vec![(Employee, vec![Do::Acknowledgement, Do::Disagreement])];
        for cycle in Cycle::ALL {
            let open = matches!(cycle, Cycle::Evaluating | Cycle::Calibrating);
            assert_eq!(possible(State::PendingSelf, *cycle).is_empty(), !open);
            assert_eq!(possible(State::SecondReview, *cycle).is_empty(), !open);
            assert_eq!(possible(State::Published, *cycle), answers);
            assert_eq!(possible(State::Acknowledged, *cycle), []);
            assert_eq!(possible(State::Final, *cycle), []);
        }
    }
}
