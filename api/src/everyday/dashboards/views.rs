//! What the dashboards show.

use super::figures::{progress, risk};
use crate::everyday::cards::CycleCard;
use crate::everyday::to_dos::{Desk, ToDoView};
use crate::goals::words::{GoalState, RiskLevel};
use crate::people::PersonCard;
use crate::platform::caller::Actor;
use crate::platform::refusal::Refusal;
use crate::reviews::words::ReviewState;
use chrono::{DateTime, NaiveDate, Utc};
use domain::reviews::result::is_in_force;
use domain::scoring::risk::Level;
use domain::scoring::scale::Grade;
use domain::state::{goal, review};
use persistence::{CompanyGoal, OpenCycle, OwnGoal, PlacedUnit, TeamMember};
use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Number of to-dos on a dashboard; `GET /v1/to-dos` lists all of them.
const FIRST: usize = 10;

/// The caller's first to-dos.
#[derive(Debug, Serialize, ToSchema)]
pub struct ToDoList {
    /// Number of all to-dos.
    #[schema(example = 3)]
    pub total: usize,
    /// Number of overdue to-dos.
    #[schema(example = 1)]
    pub overdue: usize,
    /// The first ten to-dos, sorted by due date.
    pub items: Vec<ToDoView>,
}

impl ToDoList {
    /// The first to-dos of a desk.
    pub fn of(desk: &Desk, actor: &Actor) -> Self {
        let to_dos = &desk.to_dos;
        Self {
            total: to_dos.len(),
            overdue: to_dos.iter().filter(|to_do| to_do.is_overdue(actor.today)).count(),
            items: to_dos.iter().take(FIRST).filter_map(|to_do| desk.show(to_do, actor)).collect(),
        }
    }
}

/// The dashboard of an employee.
#[derive(Debug, Serialize, ToSchema)]
pub struct EmployeeDashboard {
    /// Cycles under way that the caller takes part in, sorted by their last day.
    pub cycles: Vec<OwnCycle>,
    /// The caller's first to-dos.
    pub to_dos: ToDoList,
}

/// The caller's part in a cycle.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnCycle {
    /// The cycle.
    pub cycle: CycleCard,
    /// Id of the caller as a participant of the cycle.
    pub participant_id: Uuid,
    /// Manager responsible for the caller's review; null if there is none.
    pub manager: Option<PersonCard>,
    /// Goals owned by the caller.
    pub goals: Vec<OwnGoalView>,
    /// The caller's review; null before evaluation opens.
    pub review: Option<ReviewCard>,
    /// The caller's result in the last cycle of the same kind that ended before this one began; null
    /// if there is none that the caller may see.
    #[schema(required = true)]
    pub last: Option<LastResult>,
}

/// A result of an earlier cycle.
#[derive(Debug, Serialize, ToSchema)]
pub struct LastResult {
    /// The cycle.
    pub cycle: CycleCard,
    /// Composite score, 0 to 120.
    #[schema(value_type = Option<String>, example = "91.20")]
    pub composite: Option<Decimal>,
    /// Grade.
    #[schema(value_type = Option<crate::reviews::words::Grade>)]
    pub grade: Option<Grade>,
}

/// One of the caller's goals.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OwnGoal)]
pub struct OwnGoalView {
    /// Id of the goal.
    pub id: Uuid,
    /// Title: what the owner is to achieve.
    #[schema(example = "Win back lost customers")]
    pub title: String,
    /// Weight in percent.
    #[schema(value_type = String, example = "40.00")]
    pub weight: Decimal,
    /// State of the goal.
    #[schema(value_type = GoalState)]
    pub state: goal::State,
    /// Progress from 0 to 1; null until a value is reported.
    #[schema(value_type = Option<String>, example = "0.5312")]
    pub progress: Option<Decimal>,
    /// Risk level: progress compared with the time elapsed; `grace` until both sides have signed.
    #[schema(value_type = RiskLevel)]
    pub risk: Level,
    /// Confidence at the last check-in, 1 to 10; null before the first.
    #[schema(example = 7)]
    pub confidence: Option<i32>,
    /// Time of the last check-in; null before the first.
    pub checked_in_at: Option<DateTime<Utc>>,
}

impl OwnGoalView {
    /// The goal as of a day of its cycle.
    pub fn new(goal: &OwnGoal, cycle: &OpenCycle, today: NaiveDate) -> Result<Self, Refusal> {
        Ok(Self {
            id: goal.id.uuid(),
            title: goal.content.title.clone(),
            weight: goal.content.weight,
            state: goal.state,
            progress: goal.progress,
            risk: risk(goal.progress, is_in_force(goal.state), cycle, today)?,
            confidence: goal.confidence,
            checked_in_at: goal.checked_in_at,
        })
    }
}

/// A review with its result, as far as the caller may see it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReviewCard {
    /// Id of the review.
    pub id: Uuid,
    /// State of the review.
    #[schema(value_type = ReviewState)]
    pub state: review::State,
    /// Composite score; null until it is released to the caller.
    #[schema(value_type = Option<String>, example = "96.40")]
    pub composite: Option<Decimal>,
    /// Grade; null until it is released to the caller.
    #[schema(value_type = Option<crate::reviews::words::Grade>)]
    pub grade: Option<Grade>,
}

/// The dashboard of a manager.
#[derive(Debug, Serialize, ToSchema)]
pub struct ManagerDashboard {
    /// The cycle.
    pub cycle: CycleCard,
    /// All cycles that the dashboard can show, sorted by their last day.
    pub cycles: Vec<CycleCard>,
    /// Number of the team's reviews in each state.
    pub reviews: Vec<StateCount>,
    /// Number of the team's grades so far, best grade first.
    pub grades: Vec<GradeCount>,
    /// People for whose reviews the caller is responsible, sorted by name.
    pub members: Vec<TeamMemberView>,
    /// Cursor of the next page; null on the last page.
    pub next_cursor: Option<String>,
    /// The caller's first to-dos.
    pub to_dos: ToDoList,
}

/// A person for whose review the caller is responsible.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TeamMember)]
pub struct TeamMemberView {
    /// Id of the participant.
    pub participant_id: Uuid,
    /// The person.
    pub employee: PersonCard,
    /// Sums over the person's goals.
    pub goals: GoalsView,
    /// Time of the last check-in on any of the person's goals; null before the first.
    pub checked_in_at: Option<DateTime<Utc>>,
    /// The person's review; null before evaluation opens.
    pub review: Option<ReviewCard>,
}

impl TeamMemberView {
    /// The member as of a day of the cycle.
    pub fn new(member: TeamMember, cycle: &OpenCycle, actor: &Actor) -> Result<Self, Refusal> {
        let progress = progress(&member.goals);
        let today = actor.today;
        let seen = !actor.subject.may_be(member.employee_id);
        let (composite, grade) = (member.composite.filter(|_| seen), member.grade.filter(|_| seen));
        Ok(Self {
            participant_id: member.participant_id.uuid(),
            employee: (member.employee_id, member.name).into(),
            goals: GoalsView {
                goals: member.goals.goals,
                agreed: member.goals.agreed,
                submitted: member.goals.submitted,
                progress,
                risk: risk(progress, member.goals.agreed > 0, cycle, today)?,
            },
            checked_in_at: member.checked_in_at,
            review: member.review.map(|(id, state)| ReviewCard {
                id: id.uuid(),
                state,
                composite,
                grade,
            }),
        })
    }
}

/// Sums over several goals. Cancelled goals do not count.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GoalFigures)]
pub struct GoalsView {
    /// Number of goals.
    #[schema(example = 4)]
    pub goals: i64,
    /// Number of goals that both sides have signed.
    #[schema(example = 3)]
    pub agreed: i64,
    /// Number of goals that wait for approval.
    #[schema(example = 1)]
    pub submitted: i64,
    /// Weighted progress of the signed goals, 0 to 1; null without any. If the caller may not read all the goals one
    /// by one, it is rounded to tenths, or to hundredths for a hundred or more people.
    #[schema(value_type = Option<String>, example = "0.5312")]
    pub progress: Option<Decimal>,
    /// Risk level: progress compared with the time elapsed; `grace` until both sides have signed.
    #[schema(value_type = RiskLevel)]
    pub risk: Level,
}

/// Number of reviews in one state.
#[derive(Debug, Serialize, ToSchema)]
pub struct StateCount {
    /// State of the reviews.
    #[schema(value_type = ReviewState)]
    pub state: review::State,
    /// Number of people.
    #[schema(example = 12)]
    pub people: i64,
}

/// Number of people with one grade.
#[derive(Debug, Serialize, ToSchema)]
pub struct GradeCount {
    /// The grade.
    #[schema(value_type = crate::reviews::words::Grade)]
    pub grade: Grade,
    /// Number of people.
    #[schema(example = 12)]
    pub people: i64,
}

/// An org unit, in short.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = OrgUnitCard)]
pub struct UnitView {
    /// Id of the unit.
    pub id: Uuid,
    /// Code of the unit.
    #[schema(example = "SALES-NORTH")]
    pub code: String,
    /// Name of the unit.
    #[schema(example = "Sales North")]
    pub name: String,
}

impl From<&PlacedUnit> for UnitView {
    fn from(unit: &PlacedUnit) -> Self {
        Self { id: unit.id.uuid(), code: unit.code.clone(), name: unit.name.clone() }
    }
}

/// A department in a cycle, or all departments together.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DepartmentFigures)]
pub struct DepartmentView {
    /// Id of the department; null for people without one, and for the total.
    pub id: Option<Uuid>,
    /// Name of the department; null where the id is null.
    #[schema(example = "Sales")]
    pub name: Option<String>,
    /// The units above the department today, from the top down; empty for a department at the top or
    /// one that is no longer in use, and for the total.
    pub above: Vec<UnitView>,
    /// Number of people who are evaluated.
    #[schema(example = 48)]
    pub people: i64,
    /// Number of people who are excluded from the evaluation.
    #[schema(example = 2)]
    pub excluded: i64,
    /// Number of reviews in each state, in the order of the review process.
    pub reviews: Vec<StateCount>,
    /// Number of people with each grade, best grade first; null if withheld, because the caller
    /// could infer a single grade that they may not read. Callers who may not read single grades
    /// see the people who count towards the quotas, as of the last renewal.
    #[schema(required = true)]
    pub grades: Option<Vec<GradeCount>>,
    /// Number of people with each grade in `last_cycle`, best grade first; null without such a
    /// cycle, and for departments that had no part in it.
    #[schema(required = true)]
    pub last_grades: Option<Vec<GradeCount>>,
    /// Sums over goals; null if they would disclose the goals of too few people.
    #[schema(required = true)]
    pub goals: Option<GoalsView>,
}

/// The dashboard of HR: a cycle, department by department.
#[derive(Debug, Serialize, ToSchema)]
pub struct HrDashboard {
    /// The cycle.
    pub cycle: CycleCard,
    /// All cycles that the dashboard can show, sorted by their last day.
    pub cycles: Vec<CycleCard>,
    /// The last cycle of the same kind that ended before this one began and whose results are
    /// released; null without one.
    #[schema(required = true)]
    pub last_cycle: Option<CycleCard>,
    /// All people the caller may see.
    pub total: DepartmentView,
    /// One entry per department, sorted by the names of the units above and its own, so that
    /// departments follow the one they belong to.
    pub departments: Vec<DepartmentView>,
    /// The caller's first to-dos.
    pub to_dos: ToDoList,
}

/// The dashboard of senior management: the company in a cycle.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExecutiveDashboard {
    /// The cycle.
    pub cycle: CycleCard,
    /// All cycles that the dashboard can show, sorted by their last day.
    pub cycles: Vec<CycleCard>,
    /// The last cycle of the same kind that ended before this one began and whose results are
    /// released; null without one.
    #[schema(required = true)]
    pub last_cycle: Option<CycleCard>,
    /// Signed goals of the company, highest weight first.
    pub goals: Vec<CompanyGoalView>,
    /// All people together.
    pub total: DepartmentView,
    /// One entry per department, sorted by the names of the units above and its own, so that
    /// departments follow the one they belong to.
    pub departments: Vec<DepartmentView>,
    /// The caller's first to-dos.
    pub to_dos: ToDoList,
}

/// A goal of the company.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CompanyGoal)]
pub struct CompanyGoalView {
    /// Id of the goal.
    pub id: Uuid,
    /// Title: what the owner is to achieve.
    #[schema(example = "Carbon neutral workshops")]
    pub title: String,
    /// Name of the owner.
    #[schema(example = "Sun Lei")]
    pub owner: String,
    /// State of the goal.
    #[schema(value_type = GoalState)]
    pub state: goal::State,
    /// Progress from 0 to 1; null until a value is reported.
    #[schema(value_type = Option<String>, example = "0.5312")]
    pub progress: Option<Decimal>,
    /// Risk level: progress compared with the time elapsed; `grace` until both sides have signed.
    #[schema(value_type = RiskLevel)]
    pub risk: Level,
    /// Confidence at the last check-in, 1 to 10; null before the first.
    #[schema(example = 8)]
    pub confidence: Option<i32>,
}

impl CompanyGoalView {
    /// The goal as of a day of its cycle.
    pub fn new(goal: CompanyGoal, cycle: &OpenCycle, today: NaiveDate) -> Result<Self, Refusal> {
        Ok(Self {
            id: goal.id.uuid(),
            title: goal.title,
            owner: goal.owner,
            state: goal.state,
            progress: goal.progress,
            risk: risk(goal.progress, is_in_force(goal.state), cycle, today)?,
            confidence: goal.confidence,
        })
    }
}
