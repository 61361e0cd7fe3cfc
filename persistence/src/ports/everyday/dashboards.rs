//! Figures for the screens of a cycle.

use crate::page::Page;
use crate::ports::Result;
use domain::core::id::{CycleId, EmployeeId, GoalId, OrgUnitId, ParticipantId, ReviewId};
use domain::core::time::Timestamp;
use domain::goals::goal::GoalContent;
use domain::policy::Visibility;
use domain::scoring::scale::Grade;
use domain::state::{goal, review};
use rust_decimal::Decimal;

/// One's own part in an open cycle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Participation {
    /// The cycle.
    pub cycle_id: CycleId,
    /// The participant.
    pub participant_id: ParticipantId,
    /// Who answers for the review, with the name.
    pub manager: Option<(EmployeeId, String)>,
    /// The review with its state, once evaluation is open.
    pub review: Option<(ReviewId, review::State)>,
    /// The composite score, 2 places.
    pub composite: Option<Decimal>,
    /// The final grade.
    pub final_grade: Option<Grade>,
}

/// One's own goal in an open cycle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnGoal {
    /// Its id.
    pub id: GoalId,
    /// The cycle.
    pub cycle_id: CycleId,
    /// Where it is.
    pub state: goal::State,
    /// What it says.
    pub content: GoalContent,
    /// Progress 0..1, 4 places.
    pub progress: Option<Decimal>,
    /// Confidence at the last check-in, 1 to 10.
    pub confidence: Option<i32>,
    /// When somebody last checked in.
    pub checked_in_at: Option<Timestamp>,
}

/// Goals, added up. Cancelled ones do not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GoalFigures {
    /// Goals.
    pub goals: i64,
    /// Goals that both sides have signed.
    pub agreed: i64,
    /// Goals that wait for approval.
    pub submitted: i64,
    /// Sum of their weights, in hundredths.
    pub weight: i64,
    /// Sum of weight times progress, in hundredths times ten-thousandths.
    pub weighted_progress: i64,
}

/// Somebody for whose review a manager answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TeamMember {
    /// The participant.
    pub participant_id: ParticipantId,
    /// The person.
    pub employee_id: EmployeeId,
    /// Name of the person.
    pub name: String,
    /// The review with its state, once evaluation is open.
    pub review: Option<(ReviewId, review::State)>,
    /// The composite score, 2 places.
    pub composite: Option<Decimal>,
    /// The grade that counts so far.
    pub grade: Option<Grade>,
    /// The person's goals.
    pub goals: GoalFigures,
    /// When the person's goals were last checked in on.
    pub checked_in_at: Option<Timestamp>,
}

/// How many reviews of a team are in a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReviewCount {
    /// The state; none while there is no review.
    pub state: Option<review::State>,
    /// The grade that counts so far.
    pub grade: Option<Grade>,
    /// How many.
    pub people: i64,
}

/// The goals of the participants of one department.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DepartmentGoals {
    /// The department.
    pub department_id: Option<OrgUnitId>,
    /// How many people have goals.
    pub people: i64,
    /// Their goals.
    pub goals: GoalFigures,
}

/// A goal of the whole company.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompanyGoal {
    /// Its id.
    pub id: GoalId,
    /// What is to be reached.
    pub title: String,
    /// Name of its owner.
    pub owner: String,
    /// Where it is.
    pub state: goal::State,
    /// Progress 0..1, 4 places.
    pub progress: Option<Decimal>,
    /// Confidence at the last check-in, 1 to 10.
    pub confidence: Option<i32>,
}

/// Reading figures: each in one statement or two, whatever the size of the cycle.
pub trait Dashboards {
    /// A person's part in every open cycle.
    fn participations(&mut self, person: EmployeeId) -> Result<Vec<Participation>>;
    /// A person's goals in open cycles.
    fn own_goals(&mut self, person: EmployeeId) -> Result<Vec<OwnGoal>>;
    /// A page of the people of a cycle for whom a manager answers, by name.
    fn team(&mut self, manager: EmployeeId, cycle: CycleId, page: &Page)
    -> Result<Vec<TeamMember>>;
    /// The reviews for which a manager answers in a cycle, counted without those of `hidden`.
    fn team_reviews(
        &mut self,
        manager: EmployeeId,
        cycle: CycleId,
        hidden: &[EmployeeId],
    ) -> Result<Vec<ReviewCount>>;
    /// The goals of the participants of a cycle whom a list may show, added up by department.
    fn department_goals(
        &mut self,
        cycle: CycleId,
        visible: &Visibility,
    ) -> Result<Vec<DepartmentGoals>>;
    /// The goals of the company in a cycle, at most 50, in the order of weight.
    fn company_goals(&mut self, cycle: CycleId) -> Result<Vec<CompanyGoal>>;
}
