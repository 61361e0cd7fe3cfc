//! What prevents a cycle from moving to its next stage, person by person (R07).

use crate::core::id::{EmployeeId, GoalChangeId, ParticipantId, ReviewId};
use crate::core::text::TextEnum;
use crate::cycles::cycle::Schedule;
use crate::state::{Seat, cycle, review};
use crate::text_enum;
use chrono::NaiveDate;

text_enum! {
    /// What is still missing for a person.
    pub enum Missing {
        /// No manager who works here is responsible for the person's review: it must be handed
        /// over.
        Manager = "manager",
        /// The person has no goal at all.
        Goals = "goals",
        /// The person has goals, but none that is scored: only objectives where the policy gives
        /// them no score, or only indicators without weight. Without a scored goal the person
        /// cannot be rated.
        ScoredGoals = "scored_goals",
        /// The weights of the goals do not sum to 100. The person cannot be rated.
        GoalWeights = "goal_weights",
        /// A goal has not been handed in.
        GoalSubmission = "goal_submission",
        /// A goal has not been approved.
        GoalApproval = "goal_approval",
        /// The self-review has not been handed in.
        SelfReview = "self_review",
        /// Too few raters can be asked about a dimension. The person cannot be rated.
        Raters = "raters",
        /// Raters have not answered yet, and their time is not over.
        RaterAnswers = "rater_answers",
        /// An indicator has no actual value, and the policy lets nobody be rated without it.
        Actual = "actual",
        /// The manager's rating has not been handed in.
        ManagerReview = "manager_review",
        /// The second reviewer has not confirmed the rating.
        SecondReview = "second_review",
        /// No grade has been computed.
        Grade = "grade",
        /// The grade will be S or D and has no evidence (D.5).
        Evidence = "evidence",
        /// No calibration session compares the grade: it will be confirmed as computed.
        Calibration = "calibration",
        /// A request to change a goal waits for a decision: it lapses when the results are
        /// confirmed.
        GoalChange = "goal_change",
    }
}

impl Missing {
    /// The states of a review in which something is missing before it can be calibrated.
    pub fn before_calibration() -> impl Iterator<Item = review::State> {
        review::State::ALL.iter().copied().filter(|state| Self::of_review(*state).is_some())
    }

    /// What a review in this state waits for before it can be calibrated.
    pub fn of_review(state: review::State) -> Option<Missing> {
        use review::State;
        match state {
            State::PendingSelf => Some(Missing::SelfReview),
            State::PendingRaters => Some(Missing::RaterAnswers),
            State::PendingManager => Some(Missing::ManagerReview),
            State::SecondReview => Some(Missing::SecondReview),
            State::InCalibration
            | State::Calibrated
            | State::Published
            | State::Acknowledged
            | State::Disagreed
            | State::Final => None,
        }
    }

    /// The seat from which somebody must act.
    pub const fn seat(self) -> Seat {
        match self {
            Missing::Goals
            | Missing::ScoredGoals
            | Missing::GoalWeights
            | Missing::GoalSubmission
            | Missing::SelfReview
            | Missing::Actual => Seat::Employee,
            Missing::GoalApproval | Missing::ManagerReview => Seat::Manager,
            Missing::RaterAnswers => Seat::Rater,
            Missing::SecondReview => Seat::NextLevel,
            Missing::Manager
            | Missing::Raters
            | Missing::Grade
            | Missing::Evidence
            | Missing::Calibration
            | Missing::GoalChange => Seat::Hr,
        }
    }

    /// The day by which the missing thing is due.
    pub const fn due_on(self, schedule: &Schedule) -> NaiveDate {
        match self {
            Missing::Goals
            | Missing::ScoredGoals
            | Missing::GoalWeights
            | Missing::GoalSubmission
            | Missing::GoalApproval => schedule.execution,
            Missing::SelfReview => schedule.self_review_due,
            Missing::Raters | Missing::RaterAnswers => schedule.rater_due,
            Missing::Manager | Missing::Actual | Missing::ManagerReview | Missing::GoalChange => {
                schedule.manager_review_due
            }
            Missing::SecondReview => schedule.calibration,
            Missing::Grade | Missing::Evidence | Missing::Calibration => schedule.publication,
        }
    }

    /// The code of the text that explains what to do, where the name of the value does not say it.
    pub const fn way_out(self) -> Option<&'static str> {
        match self {
            Missing::Goals | Missing::ScoredGoals => Some("scored_goals_missing"),
            Missing::GoalWeights => Some("goal_weights_off"),
            Missing::Manager => Some("manager_missing"),
            Missing::Raters => Some("raters_missing"),
            Missing::Actual => Some("KPI_ACTUAL_MISSING"),
            Missing::Evidence => Some("final_evidence_missing"),
            _ => None,
        }
    }

    /// Whether a cycle in this state cannot go on while this is missing.
    const fn is_blocking(self, cycle: cycle::State) -> bool {
        match (self, cycle) {
            // Evaluation begins on its day, even if something is missing.
            (_, cycle::State::Executing) => false,
            (Missing::Calibration | Missing::GoalChange, _) => false,
            (Missing::Evidence, cycle) => matches!(cycle, cycle::State::Calibrating),
            (Missing::Manager, cycle) => matches!(cycle, cycle::State::GoalSetting),
            (Missing::SecondReview, cycle) => !matches!(cycle, cycle::State::Evaluating),
            _ => true,
        }
    }
}

/// A person because of whom a cycle cannot move on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Laggard {
    /// Id of the participant.
    pub participant_id: ParticipantId,
    /// Id and name of the person.
    pub person: (EmployeeId, String),
    /// Id and name of the manager who is responsible for the person's review.
    pub manager: Option<(EmployeeId, String)>,
    /// Id of the review, once there is one.
    pub review_id: Option<ReviewId>,
    /// The first thing that is missing.
    pub missing: Missing,
    /// Requests to change goals of the person that wait for a decision, whatever else is missing.
    pub open_changes: Vec<GoalChangeId>,
    /// Whether the person works here.
    pub person_employed: bool,
    /// Whether there is a responsible manager who works here.
    pub manager_employed: bool,
    /// Whether the results are confirmed without the missing rating.
    pub is_excepted: bool,
}

impl Laggard {
    /// Id and name of whoever must act, if that is the person or the manager and they work here.
    pub fn acts(&self) -> Option<&(EmployeeId, String)> {
        match self.missing.seat() {
            Seat::Employee => Some(&self.person).filter(|_| self.person_employed),
            Seat::Manager => self.manager.as_ref().filter(|_| self.manager_employed),
            _ => None,
        }
    }

    /// Whether a cycle in this state cannot go on while this is missing. A person named as an
    /// exception when calibration opened does not hold the cycle up.
    pub const fn is_blocking(&self, cycle: cycle::State) -> bool {
        self.missing.is_blocking(cycle) && !self.is_excepted
    }

    /// Whether HR must act first, because the person or the manager who would have to act does not
    /// work here.
    pub fn is_stuck(&self) -> bool {
        let seat = self.missing.seat();
        self.missing == Missing::Manager
            || (matches!(seat, Seat::Employee | Seat::Manager) && self.acts().is_none())
    }
}
