//! Figures for the screens of a cycle.

use crate::page::Page;
use crate::ports::Result;
use chrono::NaiveDate;
use domain::core::id::{CycleId, EmployeeId, GoalId, OrgUnitId, ParticipantId, ReviewId};
use domain::core::time::Timestamp;
use domain::goals::goal::GoalContent;
use domain::policy::Visibility;
use domain::scoring::scale::Grade;
use domain::state::{cycle, goal, review};
use rust_decimal::Decimal;

/// A person's own part in an open cycle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Participation {
    /// The cycle.
    pub cycle_id: CycleId,
    /// Id of the person as participant.
    pub participant_id: ParticipantId,
    /// The manager who answers for the review, with name.
    pub manager: Option<(EmployeeId, String)>,
    /// The review and its state; none before evaluation opens.
    pub review: Option<(ReviewId, review::State)>,
    /// The composite score, 0 to 120, 2 decimal places.
    pub composite: Option<Decimal>,
    /// The final grade.
    pub final_grade: Option<Grade>,
}

/// A person's own goal in an open cycle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnGoal {
    /// Id of the goal.
    pub id: GoalId,
    /// The cycle.
    pub cycle_id: CycleId,
    /// State of the goal.
    pub state: goal::State,
    /// What the goal says.
    pub content: GoalContent,
    /// Progress from 0 to 1, 4 decimal places.
    pub progress: Option<Decimal>,
    /// Confidence at the last check-in, 1 to 10.
    pub confidence: Option<i32>,
    /// When the last check-in was made.
    pub checked_in_at: Option<Timestamp>,
}

/// Sums over goals that are not cancelled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GoalFigures {
    /// Number of goals.
    pub goals: i64,
    /// Number of goals that both sides have signed.
    pub agreed: i64,
    /// Number of goals that wait for approval.
    pub submitted: i64,
    /// Sum of the weights of the signed goals, in hundredths of a percent.
    pub weight: i64,
    /// Sum of weight times progress of the signed goals; the weight in hundredths, the progress in
    /// ten-thousandths.
    pub weighted_progress: i64,
}

/// A person for whose review a manager answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TeamMember {
    /// Id of the person as participant.
    pub participant_id: ParticipantId,
    /// The person.
    pub employee_id: EmployeeId,
    /// Name of the person.
    pub name: String,
    /// The review and its state; none before evaluation opens.
    pub review: Option<(ReviewId, review::State)>,
    /// The composite score, 0 to 120, 2 decimal places.
    pub composite: Option<Decimal>,
    /// The best known grade: final, else calibrated, else computed.
    pub grade: Option<Grade>,
    /// The person's goals.
    pub goals: GoalFigures,
    /// When the last check-in on any of the person's goals was made.
    pub checked_in_at: Option<Timestamp>,
}

/// How many people of a team have reviews in the same state with the same grade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReviewCount {
    /// The state; none for people without a review.
    pub state: Option<review::State>,
    /// The best known grade: final, else calibrated, else computed.
    pub grade: Option<Grade>,
    /// Number of people.
    pub people: i64,
}

/// The goals of the participants of one department.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DepartmentGoals {
    /// The department; none for people without one.
    pub department_id: Option<OrgUnitId>,
    /// Number of people who have goals.
    pub people: i64,
    /// Number of people who have goals that both sides have signed.
    pub signed: i64,
    /// Their goals.
    pub goals: GoalFigures,
}

/// A goal of the whole company.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompanyGoal {
    /// Id of the goal.
    pub id: GoalId,
    /// Title of the goal.
    pub title: String,
    /// Name of its owner.
    pub owner: String,
    /// State of the goal.
    pub state: goal::State,
    /// Progress from 0 to 1, 4 decimal places.
    pub progress: Option<Decimal>,
    /// Confidence at the last check-in, 1 to 10.
    pub confidence: Option<i32>,
}

/// A cycle whose results were released.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastCycle {
    /// Id of the cycle.
    pub id: CycleId,
    /// Name shown to people.
    pub name: String,
    /// State of the cycle.
    pub state: cycle::State,
    /// First day of the evaluated period.
    pub period_start: NaiveDate,
    /// Last day of the evaluated period.
    pub period_end: NaiveDate,
}

/// A person's own result in the cycle of the same kind before an open one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastResult {
    /// The open cycle.
    pub before: CycleId,
    /// The cycle of the result.
    pub cycle: PastCycle,
    /// State of the review.
    pub state: review::State,
    /// The composite score, 0 to 120, 2 decimal places.
    pub composite: Option<Decimal>,
    /// The final grade.
    pub final_grade: Option<Grade>,
}

/// An org unit and where it is placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedUnit {
    /// Id of the unit.
    pub id: OrgUnitId,
    /// Code of the unit.
    pub code: String,
    /// Name of the unit.
    pub name: String,
    /// The unit above; none at the top.
    pub parent_id: Option<OrgUnitId>,
}

/// The figures of dashboards. Each takes one or two statements, whatever the size of the cycle.
pub trait Dashboards {
    /// The person's part in each open cycle.
    fn participations(&mut self, person: EmployeeId) -> Result<Vec<Participation>>;
    /// The person's results in the last released cycle of the same kind before each open cycle.
    fn past_results(&mut self, person: EmployeeId) -> Result<Vec<PastResult>>;
    /// The last released cycle of the same kind that ended before this one began.
    fn cycle_before(&mut self, cycle: CycleId) -> Result<Option<PastCycle>>;
    /// These units and all units above them on a day.
    fn with_units_above(&mut self, units: &[OrgUnitId], day: NaiveDate) -> Result<Vec<PlacedUnit>>;
    /// The person's goals in open cycles.
    fn own_goals(&mut self, person: EmployeeId) -> Result<Vec<OwnGoal>>;
    /// A page of the people of a cycle for whose review a manager answers, ordered by name.
    fn team(&mut self, manager: EmployeeId, cycle: CycleId, page: &Page)
    -> Result<Vec<TeamMember>>;
    /// Counts the reviews for which a manager answers in a cycle, leaving out the people in
    /// `hidden`.
    fn team_reviews(
        &mut self,
        manager: EmployeeId,
        cycle: CycleId,
        hidden: &[EmployeeId],
    ) -> Result<Vec<ReviewCount>>;
    /// The goals of the visible participants of a cycle, added up by department.
    fn department_goals(
        &mut self,
        cycle: CycleId,
        visible: &Visibility,
    ) -> Result<Vec<DepartmentGoals>>;
    /// The goals of the company in a cycle, at most 50, heaviest weight first.
    fn company_goals(&mut self, cycle: CycleId) -> Result<Vec<CompanyGoal>>;
}
