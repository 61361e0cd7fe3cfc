//! Counts and sums for the dashboards.

use super::views::{DepartmentView, GoalsView, GradeCount, StateCount, UnitView};
use crate::platform::refusal::Refusal;
use chrono::NaiveDate;
use domain::Exact;
use domain::core::calendar::Period;
use domain::core::id::OrgUnitId;
use domain::core::number::Rounding;
use domain::core::text::TextEnum;
use domain::reviews::aggregate::{Disclosure, blurred};
use domain::reviews::distribution::Tally;
use domain::scoring::risk::Level;
use domain::scoring::risk::progress::{GoalState, goal_risk};
use domain::scoring::risk::schedule::Moment;
use domain::scoring::scale::{Grade, PerGrade};
use domain::state::review;
use persistence::{
    Alike, DepartmentGoals, GoalFigures, OpenCycle, PlacedUnit, ReviewCount, TeamMember,
};
use rust_decimal::Decimal;
use std::collections::{BTreeMap, HashMap};

/// Weighted mean progress of several goals, 0 to 1 with 4 decimal places; none without weight.
pub fn progress(goals: &GoalFigures) -> Option<Decimal> {
    // Weights are in hundredths on both sides and cancel out; progress is in ten-thousandths.
    let mean = Exact::from(goals.weighted_progress)
        .checked_div(&(Exact::from(goals.weight) * Exact::from(10_000)))?;
    mean.round(4, Rounding::HalfUp).ok()
}

/// Risk level of a progress on a day of the cycle (part G). As long as both sides have signed nothing,
/// nothing can be late.
pub fn risk(
    progress: Option<Decimal>,
    is_signed: bool,
    cycle: &OpenCycle,
    today: NaiveDate,
) -> Result<Level, Refusal> {
    if !is_signed {
        return Ok(Level::Grace);
    }
    let broken = |error: domain::DomainError| Refusal::Internal(error.to_string());
    let period = Period::new(cycle.period_start, cycle.period_end).map_err(broken)?;
    let state = GoalState {
        moment: Moment { period, today },
        progress: progress.unwrap_or_default().into(),
        recent: None,
        plan: None,
    };
    Ok(goal_risk(&state, &cycle.settings.risk).map_err(broken)?.level)
}

/// One count per member, for a team whose members are all known.
pub fn of_whole(members: &[TeamMember]) -> Vec<ReviewCount> {
    let one = |member: &TeamMember| ReviewCount {
        state: member.review.map(|(_, state)| state),
        grade: member.grade,
        people: 1,
    };
    members.iter().map(one).collect()
}

/// Counts of reviews by state, in the order of the review process.
pub fn by_state(counts: impl Iterator<Item = (Option<review::State>, i64)>) -> Vec<StateCount> {
    let mut people = BTreeMap::<_, i64>::new();
    for (state, count) in counts {
        *people.entry(state).or_default() += count;
    }
    let all = review::State::ALL.iter().filter_map(|&state| {
        let people = people.get(&Some(state)).copied().filter(|people| *people > 0)?;
        Some(StateCount { state, people })
    });
    all.collect()
}

/// Counts of reviews by grade, best grade first; reviews without a grade are left out.
pub fn by_grade(counts: impl Iterator<Item = (Option<Grade>, i64)>) -> Vec<GradeCount> {
    let mut people = PerGrade::<i64>::default();
    for (grade, count) in counts {
        if let Some(grade) = grade {
            *people.get_mut(grade) += count;
        }
    }
    Grade::ALL.iter().map(|&grade| GradeCount { grade, people: *people.get(grade) }).collect()
}

/// Numbers of people by grade.
type Grades = Vec<(Option<Grade>, i64)>;

/// The present grades in a tally.
fn told(tally: &Tally) -> Grades {
    let counts = &tally.present;
    Grade::ALL.iter().map(|&it| (Some(it), i64::from(*counts.get(it)))).collect()
}

/// Figures of one department.
#[derive(Default)]
struct Figures {
    name: Option<String>,
    above: Vec<UnitView>,
    excluded: i64,
    counts: Vec<Alike>,
    /// Grades of the people who are counted; none if they are withheld.
    grades: Option<Grades>,
    /// The grades of an earlier cycle.
    last_grades: Option<Grades>,
    /// Sums over goals; none if they are withheld.
    goals: Option<GoalFigures>,
    /// Number of people whose goals are summed, if the caller may not read all of them one by one;
    /// otherwise 0. Progress is then rounded.
    blurred_over: i64,
}

impl Figures {
    fn people(&self) -> i64 {
        self.counts.iter().map(|alike| alike.people).sum()
    }
}

fn add(sum: &mut GoalFigures, goals: &GoalFigures) {
    sum.goals += goals.goals;
    sum.agreed += goals.agreed;
    sum.submitted += goals.submitted;
    sum.weight += goals.weight;
    sum.weighted_progress += goals.weighted_progress;
}

/// The departments of a cycle, with their figures.
pub struct Departments<'c> {
    figures: BTreeMap<Option<OrgUnitId>, Figures>,
    total_grades: Option<Grades>,
    total_last: Option<Grades>,
    cycle: &'c OpenCycle,
    today: NaiveDate,
}

impl<'c> Departments<'c> {
    /// Sums up people by department, with live counts of their grades.
    pub fn new(
        people: Vec<Alike>,
        goals: Vec<DepartmentGoals>,
        cycle: &'c OpenCycle,
        today: NaiveDate,
    ) -> Self {
        let mut figures = BTreeMap::<_, Figures>::new();
        for alike in people {
            let id = alike.department.as_ref().map(|(id, _)| *id);
            let known = figures.entry(id).or_default();
            known.name = alike.department.as_ref().map(|(_, name)| name.clone());
            known.goals.get_or_insert_default();
            if alike.evaluated {
                let grade = (alike.results.present_grade(), alike.people);
                known.grades.get_or_insert_default().push(grade);
                known.counts.push(alike);
            } else {
                known.excluded += alike.people;
                known.grades.get_or_insert_default();
            }
        }
        for DepartmentGoals { department_id, goals, .. } in goals {
            figures.entry(department_id).or_default().goals = Some(goals);
        }
        let grades = figures.values().filter_map(|known| known.grades.as_ref());
        let total_grades = Some(grades.flatten().copied().collect());
        Self { figures, total_grades, total_last: None, cycle, today }
    }

    /// The ids of the departments.
    pub fn ids(&self) -> Vec<OrgUnitId> {
        self.figures.keys().copied().flatten().collect()
    }

    /// The same figures with the grades of an earlier cycle beside them.
    pub fn since(mut self, last: &Disclosure) -> Self {
        for (id, known) in &mut self.figures {
            known.last_grades = last.departments.get(id).and_then(Option::as_ref).map(told);
        }
        self.total_last = last.total.as_ref().map(told);
        self
    }

    /// The same figures with the units above each department. `placed` are the departments and all
    /// units above them.
    pub fn below(mut self, placed: Vec<PlacedUnit>) -> Self {
        let placed: HashMap<_, _> = placed.into_iter().map(|unit| (unit.id, unit)).collect();
        let parent = |unit: &&PlacedUnit| unit.parent_id.and_then(|above| placed.get(&above));
        for (id, known) in &mut self.figures {
            let own = id.and_then(|id| placed.get(&id));
            let line = std::iter::successors(own.as_ref().and_then(parent), parent);
            known.above = line.map(UnitView::from).collect();
            known.above.reverse();
        }
        self
    }

    /// The same figures for a caller who may not read everything. Grades come from `disclosure`.
    /// The goals of a department are left out if they include goals, or signed goals, of at least one
    /// but fewer than `least` people that the caller may not read; otherwise progress is rounded.
    /// `readable` are the sums over the goals that the caller may read one by one.
    pub fn disclosing(
        mut self,
        disclosure: &Disclosure,
        least: i64,
        goals: &[DepartmentGoals],
        readable: &[DepartmentGoals],
    ) -> Self {
        for (id, known) in &mut self.figures {
            known.grades = disclosure.departments.get(id).and_then(Option::as_ref).map(told);
            let of = |sums: &[DepartmentGoals]| {
                let own = sums.iter().find(|it| it.department_id == *id);
                own.map_or((0, 0), |it| (it.people, it.signed))
            };
            let ((people, signed), (open, open_signed)) = (of(goals), of(readable));
            let (unknown, unknown_signed) = (people - open, signed - open_signed);
            let hides_one = |unknown: i64| unknown > 0 && unknown < least;
            let is_shown = !hides_one(unknown) && !hides_one(unknown_signed);
            known.goals = known.goals.filter(|_| is_shown);
            // Only signed goals have a part in the progress.
            known.blurred_over = if unknown_signed > 0 { signed } else { 0 };
        }
        self.total_grades = disclosure.total.as_ref().map(told);
        self
    }

    /// The figures of all departments together, as far as they are shown.
    pub fn total(&self) -> Result<DepartmentView, Refusal> {
        let mut whole = Figures {
            grades: self.total_grades.clone(),
            last_grades: self.total_last.clone(),
            ..Figures::default()
        };
        for known in self.figures.values() {
            whole.excluded += known.excluded;
            whole.counts.extend(known.counts.iter().cloned());
            if let Some(goals) = &known.goals {
                add(whole.goals.get_or_insert_default(), goals);
                whole.blurred_over += known.blurred_over;
            }
        }
        if self.figures.is_empty() {
            whole.goals = Some(GoalFigures::default());
        }
        self.view(None, &whole)
    }

    /// The figures of each department; departments follow the one they belong to.
    pub fn rows(&self) -> Result<Vec<DepartmentView>, Refusal> {
        let views = self.figures.iter().map(|(id, known)| self.view(*id, known));
        let mut rows: Vec<_> = views.collect::<Result<_, _>>()?;
        let line = |row: &DepartmentView| {
            let above = row.above.iter().map(|unit| (Some(unit.name.clone()), Some(unit.id)));
            above.chain([(row.name.clone(), row.id)]).collect::<Vec<_>>()
        };
        rows.sort_by_cached_key(line);
        Ok(rows)
    }

    fn view(&self, id: Option<OrgUnitId>, known: &Figures) -> Result<DepartmentView, Refusal> {
        let goals = |goals: &GoalFigures| {
            let progress = progress(goals).map(|exact| match known.blurred_over {
                0 => exact,
                people => blurred(exact, people),
            });
            let risk = risk(progress, goals.agreed > 0, self.cycle, self.today)?;
            Ok::<_, Refusal>(GoalsView {
                goals: goals.goals,
                agreed: goals.agreed,
                submitted: goals.submitted,
                progress,
                risk,
            })
        };
        let counted = |grades: &Grades| by_grade(grades.iter().copied());
        Ok(DepartmentView {
            id: id.map(|id| id.uuid()),
            name: known.name.clone(),
            above: known.above.clone(),
            people: known.people(),
            excluded: known.excluded,
            reviews: by_state(known.counts.iter().map(|alike| (alike.state, alike.people))),
            grades: known.grades.as_ref().map(counted),
            last_grades: known.last_grades.as_ref().map(counted),
            goals: known.goals.as_ref().map(goals).transpose()?,
        })
    }
}
