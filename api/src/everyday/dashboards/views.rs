//! What the dashboards show.

use super::figures::{level, progress};
use crate::everyday::to_dos::{CycleCard, Desk, ToDoView};
use crate::people::PersonCard;
use crate::platform::caller::Actor;
use crate::platform::refusal::Refusal;
use crate::platform::schema::words;
use chrono::{DateTime, NaiveDate, Utc};
use domain::scoring::risk::Level;
use domain::scoring::scale::Grade;
use domain::state::{goal, review};
use persistence::{CompanyGoal, OpenCycle, OwnGoal, TeamMember};
use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// To-dos that a dashboard shows; `GET /v1/to-dos` has them all.
const FIRST: usize = 10;

/// The first things that wait for the caller.
#[derive(Debug, Serialize, ToSchema)]
pub struct ToDoList {
    /// How many wait in all.
    #[schema(example = 3)]
    pub total: usize,
    /// How many of them are overdue.
    #[schema(example = 1)]
    pub overdue: usize,
    /// The first ten, by the day they are due.
    pub items: Vec<ToDoView>,
}

impl ToDoList {
    /// The first things on a desk.
    pub fn of(desk: &Desk, actor: &Actor) -> Self {
        let to_dos = &desk.to_dos;
        Self {
            total: to_dos.len(),
            overdue: to_dos.iter().filter(|to_do| to_do.is_overdue(actor.today)).count(),
            items: to_dos.iter().take(FIRST).filter_map(|to_do| desk.show(to_do, actor)).collect(),
        }
    }
}

/// The caller's own work.
#[derive(Debug, Serialize, ToSchema)]
pub struct EmployeeDashboard {
    /// The cycles the caller takes part in and that are not over, by their last days.
    pub cycles: Vec<OwnCycle>,
    /// What waits.
    pub to_dos: ToDoList,
}

/// The caller's part in a cycle.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnCycle {
    /// The cycle.
    pub cycle: CycleCard,
    /// The caller as a participant of it.
    pub participant_id: Uuid,
    /// Who answers for the caller's review.
    pub manager: Option<PersonCard>,
    /// The caller's goals.
    pub goals: Vec<OwnGoalView>,
    /// The caller's review, once evaluation is open.
    pub review: Option<ReviewCard>,
}

/// One of the caller's goals.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OwnGoal)]
pub struct OwnGoalView {
    /// Its id.
    pub id: Uuid,
    /// What is to be reached.
    #[schema(example = "Win back lost customers")]
    pub title: String,
    /// Weight in percent.
    #[schema(value_type = String, example = "40.00")]
    pub weight: Decimal,
    /// Where it is.
    #[schema(schema_with = words::<goal::State>)]
    pub state: goal::State,
    /// Progress 0..1.
    #[schema(value_type = Option<String>, example = "0.5312")]
    pub progress: Option<Decimal>,
    /// How worrying that is by now.
    #[schema(value_type = String, example = "yellow")]
    pub level: Level,
    /// Confidence at the last check-in, 1 to 10.
    #[schema(example = 7)]
    pub confidence: Option<i32>,
    /// When somebody last checked in.
    pub checked_in_at: Option<DateTime<Utc>>,
}

impl OwnGoalView {
    /// A goal seen on a day of its cycle.
    pub fn new(goal: &OwnGoal, cycle: &OpenCycle, today: NaiveDate) -> Result<Self, Refusal> {
        Ok(Self {
            id: goal.id.uuid(),
            title: goal.content.title.clone(),
            weight: goal.content.weight,
            state: goal.state,
            progress: goal.progress,
            level: level(goal.progress, cycle, today)?,
            confidence: goal.confidence,
            checked_in_at: goal.checked_in_at,
        })
    }
}

/// A review with its result, as far as the caller may see it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReviewCard {
    /// Its id.
    pub id: Uuid,
    /// Where it is.
    #[schema(schema_with = words::<review::State>)]
    pub state: review::State,
    /// The composite score; null while it is not released.
    #[schema(value_type = Option<String>, example = "96.40")]
    pub composite: Option<Decimal>,
    /// The grade; null while it is not released.
    #[schema(value_type = Option<String>, example = "B")]
    pub grade: Option<Grade>,
}

/// The caller's team.
#[derive(Debug, Serialize, ToSchema)]
pub struct ManagerDashboard {
    /// The cycle.
    pub cycle: CycleCard,
    /// The team's reviews by state.
    pub reviews: Vec<StateCount>,
    /// The team's grades so far, best first.
    pub grades: Vec<GradeCount>,
    /// The people for whose reviews the caller answers, by name.
    pub members: Vec<TeamMemberView>,
    /// Goes on behind the last member; null on the last page.
    pub next_cursor: Option<String>,
    /// What waits.
    pub to_dos: ToDoList,
}

/// Somebody for whose review the caller answers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TeamMember)]
pub struct TeamMemberView {
    /// The participant.
    pub participant_id: Uuid,
    /// The person.
    pub employee: PersonCard,
    /// The person's goals together.
    pub goals: GoalsView,
    /// When the person's goals were last checked in on.
    pub checked_in_at: Option<DateTime<Utc>>,
    /// The person's review, once evaluation is open.
    pub review: Option<ReviewCard>,
}

impl TeamMemberView {
    /// A member as the manager sees it on a day of the cycle.
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
                level: level(progress, cycle, today)?,
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

/// Goals together. Cancelled ones do not count.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GoalFigures)]
pub struct GoalsView {
    /// How many there are.
    #[schema(example = 4)]
    pub goals: i64,
    /// How many both sides have signed.
    #[schema(example = 3)]
    pub agreed: i64,
    /// How many wait for approval.
    #[schema(example = 1)]
    pub submitted: i64,
    /// Their weighted progress, 0..1; null without goals. In tenths, or from a hundred people on in
    /// hundredths, where the caller may not read the goals of all of them.
    #[schema(value_type = Option<String>, example = "0.5312")]
    pub progress: Option<Decimal>,
    /// How worrying that is by now.
    #[schema(value_type = String, example = "yellow")]
    pub level: Level,
}

/// How many reviews are in a state.
#[derive(Debug, Serialize, ToSchema)]
pub struct StateCount {
    /// The state.
    #[schema(schema_with = words::<review::State>)]
    pub state: review::State,
    /// How many people.
    #[schema(example = 12)]
    pub people: i64,
}

/// How many people have a grade.
#[derive(Debug, Serialize, ToSchema)]
pub struct GradeCount {
    /// The grade.
    #[schema(value_type = String, example = "B")]
    pub grade: Grade,
    /// How many people.
    #[schema(example = 12)]
    pub people: i64,
}

/// A department in a cycle, or all of them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DepartmentFigures)]
pub struct DepartmentView {
    /// The department; null for people without one, and for all together.
    pub id: Option<Uuid>,
    /// Its name.
    #[schema(example = "Sales")]
    pub name: Option<String>,
    /// How many of its people are evaluated.
    #[schema(example = 48)]
    pub people: i64,
    /// How many are left out.
    #[schema(example = 2)]
    pub excluded: i64,
    /// Reviews by state, in the order in which they go through them.
    pub reviews: Vec<StateCount>,
    /// Grades so far, best first; null where they are withheld, because a single grade would follow
    /// that the caller may not read. Whoever may not read them one by one is shown those who count
    /// towards the quotas, as of the last renewal.
    #[schema(required = true)]
    pub grades: Option<Vec<GradeCount>>,
    /// Goals; null where too few people have any whose goals the caller may not read.
    #[schema(required = true)]
    pub goals: Option<GoalsView>,
}

/// A cycle, department by department.
#[derive(Debug, Serialize, ToSchema)]
pub struct HrDashboard {
    /// The cycle.
    pub cycle: CycleCard,
    /// Everybody the caller may see.
    pub total: DepartmentView,
    /// Department by department, by name.
    pub departments: Vec<DepartmentView>,
    /// What waits for the caller.
    pub to_dos: ToDoList,
}

/// The company in a cycle.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExecutiveDashboard {
    /// The cycle.
    pub cycle: CycleCard,
    /// The goals of the company that are agreed, the weightiest first.
    pub goals: Vec<CompanyGoalView>,
    /// Everybody together.
    pub total: DepartmentView,
    /// Department by department, by name.
    pub departments: Vec<DepartmentView>,
    /// What waits for the caller.
    pub to_dos: ToDoList,
}

/// A goal of the company.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CompanyGoal)]
pub struct CompanyGoalView {
    /// Its id.
    pub id: Uuid,
    /// What is to be reached.
    #[schema(example = "Carbon neutral workshops")]
    pub title: String,
    /// Name of its owner.
    #[schema(example = "Sun Lei")]
    pub owner: String,
    /// Where it is.
    #[schema(schema_with = words::<goal::State>)]
    pub state: goal::State,
    /// Progress 0..1.
    #[schema(value_type = Option<String>, example = "0.5312")]
    pub progress: Option<Decimal>,
    /// How worrying that is by now.
    #[schema(value_type = String, example = "green")]
    pub level: Level,
    /// Confidence at the last check-in, 1 to 10.
    #[schema(example = 8)]
    pub confidence: Option<i32>,
}

impl CompanyGoalView {
    /// A goal seen on a day of its cycle.
    pub fn new(goal: CompanyGoal, cycle: &OpenCycle, today: NaiveDate) -> Result<Self, Refusal> {
        Ok(Self {
            id: goal.id.uuid(),
            title: goal.title,
            owner: goal.owner,
            state: goal.state,
            progress: goal.progress,
            level: level(goal.progress, cycle, today)?,
            confidence: goal.confidence,
        })
    }
}
