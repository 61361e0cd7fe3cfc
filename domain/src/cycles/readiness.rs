//! What keeps a cycle from its next stage, person by person (R07).

use crate::core::id::{EmployeeId, GoalChangeId, ParticipantId, ReviewId};
use crate::core::text::TextEnum;
use crate::cycles::cycle::Schedule;
use crate::state::{Seat, cycle, review};
use crate::text_enum;
use chrono::NaiveDate;

text_enum! {
    /// What is still missing of somebody.
    pub enum Missing {
        /// Nobody who works here answers for the person: hand over.
        Manager = "manager",
        /// There is no goal at all.
        Goals = "goals",
        /// There are goals, but none that is scored: objectives where the policy gives them no score, or
        /// indicators without weight. Nobody can be rated so.
        ScoredGoals = "scored_goals",
        /// The weights of the goals do not sum to 100. Nobody can be rated so.
        GoalWeights = "goal_weights",
        /// A goal has not been handed in.
        GoalSubmission = "goal_submission",
        /// A goal has not been approved.
        GoalApproval = "goal_approval",
        /// The self-review has not been handed in.
        SelfReview = "self_review",
        /// A dimension is out of reach of the raters who can be asked. Nobody can be rated so.
        Raters = "raters",
        /// Raters have not answered, or their time is not over.
        RaterAnswers = "rater_answers",
        /// An indicator has no actual, without which the policy lets nobody be rated.
        Actual = "actual",
        /// The manager's rating has not been handed in.
        ManagerReview = "manager_review",
        /// The second look has not been given.
        SecondReview = "second_review",
        /// No grade has been computed.
        Grade = "grade",
        /// The grade will be S or D and has no evidence (D.5).
        Evidence = "evidence",
        /// No calibration session compares the grade: it will be confirmed as it was computed.
        Calibration = "calibration",
        /// A change of a goal waits for a decision: it lapses when results are confirmed.
        GoalChange = "goal_change",
    }
}

impl Missing {
    /// The states of reviews that wait for something before they can be calibrated.
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

    /// From which seat somebody is to act.
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

    /// The day by which it is due.
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

    /// The code of a sentence that tells the way out, where the word alone does not.
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

    /// Whether a cycle in a state cannot go on without it.
    const fn is_blocking(self, cycle: cycle::State) -> bool {
        match (self, cycle) {
            // Evaluation begins on its day, whatever is missing.
            (_, cycle::State::Executing) => false,
            (Missing::Calibration | Missing::GoalChange, _) => false,
            (Missing::Evidence, cycle) => matches!(cycle, cycle::State::Calibrating),
            (Missing::Manager, cycle) => matches!(cycle, cycle::State::GoalSetting),
            (Missing::SecondReview, cycle) => !matches!(cycle, cycle::State::Evaluating),
            _ => true,
        }
    }
}

/// Somebody because of whom a cycle is not ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Laggard {
    /// The participant.
    pub participant_id: ParticipantId,
    /// The person, with the name.
    pub person: (EmployeeId, String),
    /// Who answers for the person, with the name.
    pub manager: Option<(EmployeeId, String)>,
    /// The review, once there is one.
    pub review_id: Option<ReviewId>,
    /// What is missing first.
    pub missing: Missing,
    /// Changes of the person's goals that wait for a decision, whatever else is missing.
    pub open_changes: Vec<GoalChangeId>,
    /// Whether the person works here.
    pub person_employed: bool,
    /// Whether there is a manager who works here.
    pub manager_employed: bool,
    /// Whether the results are confirmed without the rating that is missing.
    pub is_excepted: bool,
}

impl Laggard {
    /// Who is to act, where that is the person or the manager, and works here.
    pub fn acts(&self) -> Option<&(EmployeeId, String)> {
        match self.missing.seat() {
            Seat::Employee => Some(&self.person).filter(|_| self.person_employed),
            Seat::Manager => self.manager.as_ref().filter(|_| self.manager_employed),
            _ => None,
        }
    }

    /// Whether its cycle, in a state, cannot go on without what is missing. What was named an exception
    /// when calibration was opened is confirmed without.
    pub const fn is_blocking(&self, cycle: cycle::State) -> bool {
        self.missing.is_blocking(cycle) && !self.is_excepted
    }

    /// Whether nobody can do what is missing before HR has settled who: the person, or the manager,
    /// does not work here.
    pub fn is_stuck(&self) -> bool {
        let seat = self.missing.seat();
        self.missing == Missing::Manager
            || (matches!(seat, Seat::Employee | Seat::Manager) && self.acts().is_none())
    }
}
