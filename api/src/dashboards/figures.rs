//! Counting and adding up for the dashboards.

use super::views::{DepartmentView, GoalsView, GradeCount, StateCount};
use crate::refusal::Refusal;
use chrono::NaiveDate;
use domain::Exact;
use domain::calendar::Period;
use domain::id::OrgUnitId;
use domain::number::Rounding;
use domain::risk::Level;
use domain::risk::progress::{GoalState, goal_risk};
use domain::risk::schedule::Moment;
use domain::scale::Grade;
use domain::state::review;
use domain::text::TextEnum;
use persistence::{GoalFigures, OpenCycle, ReviewCount, TeamMember, UnitGoals, UnitReviews};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// Progress of several goals together, weighted, 0..1 with 4 places; none without weight.
pub fn progress(goals: &GoalFigures) -> Option<Decimal> {
    // Hundredths cancel out; the ten-thousandths of progress are the 4 places.
    let mean = Exact::from(goals.weighted_progress)
        .checked_div(&(Exact::from(goals.weight) * Exact::from(10_000)))?;
    mean.round(4, Rounding::HalfUp).ok()
}

/// How worrying a progress is on a day of the cycle (part G).
pub fn level(
    progress: Option<Decimal>,
    cycle: &OpenCycle,
    today: NaiveDate,
) -> Result<Level, Refusal> {
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

/// The reviews of a team of which nobody is missing, one by one.
pub fn of_whole(members: &[TeamMember]) -> Vec<ReviewCount> {
    let one = |member: &TeamMember| ReviewCount {
        state: member.review.map(|(_, state)| state),
        grade: member.grade,
        people: 1,
    };
    members.iter().map(one).collect()
}

/// Reviews by state, in the order in which they go through them.
pub fn by_state(counts: &[ReviewCount]) -> Vec<StateCount> {
    let people = |state| counts.iter().filter(|c| c.state == Some(state)).map(|c| c.people).sum();
    let all = review::State::ALL.iter().map(|&state| StateCount { state, people: people(state) });
    all.filter(|count| count.people > 0).collect()
}

/// Reviews by grade, best first; those without a grade are left out.
pub fn by_grade(counts: &[ReviewCount]) -> Vec<GradeCount> {
    let people = |grade| counts.iter().filter(|c| c.grade == Some(grade)).map(|c| c.people).sum();
    Grade::ALL.iter().map(|&grade| GradeCount { grade, people: people(grade) }).collect()
}

/// What is known of the people of one department.
#[derive(Default)]
struct Tally {
    name: Option<String>,
    excluded: i64,
    counts: Vec<ReviewCount>,
    goals: GoalFigures,
}

impl Tally {
    fn people(&self) -> i64 {
        self.counts.iter().map(|count| count.people).sum()
    }

    fn add(&mut self, goals: &GoalFigures) {
        self.goals.goals += goals.goals;
        self.goals.agreed += goals.agreed;
        self.goals.submitted += goals.submitted;
        self.goals.weight += goals.weight;
        self.goals.weighted_progress += goals.weighted_progress;
    }
}

/// The departments of a cycle.
pub struct Departments<'c> {
    tallies: BTreeMap<Option<OrgUnitId>, Tally>,
    cycle: &'c OpenCycle,
    today: NaiveDate,
}

impl<'c> Departments<'c> {
    /// Adds up what belongs to people in `units`; none is everybody.
    pub fn new(
        reviews: Vec<UnitReviews>,
        goals: Vec<UnitGoals>,
        units: Option<&[OrgUnitId]>,
        cycle: &'c OpenCycle,
        today: NaiveDate,
    ) -> Self {
        let seen = |unit: Option<OrgUnitId>| {
            units.is_none_or(|units| unit.is_some_and(|unit| units.contains(&unit)))
        };
        let mut tallies: BTreeMap<_, Tally> = BTreeMap::new();
        for row in reviews.into_iter().filter(|row| seen(row.org_unit_id)) {
            let (id, name) = row.department.unzip();
            let tally = tallies.entry(id).or_default();
            tally.name = name;
            if row.excluded {
                tally.excluded += row.count.people;
            } else {
                tally.counts.push(row.count);
            }
        }
        for row in goals.iter().filter(|row| seen(row.org_unit_id)) {
            tallies.entry(row.department_id).or_default().add(&row.goals);
        }
        Self { tallies, cycle, today }
    }

    /// Everybody together.
    pub fn total(&self) -> Result<DepartmentView, Refusal> {
        let mut whole = Tally::default();
        for tally in self.tallies.values() {
            whole.excluded += tally.excluded;
            whole.counts.extend(&tally.counts);
            whole.add(&tally.goals);
        }
        self.view(None, &whole)
    }

    /// Department by department, by name.
    pub fn rows(&self) -> Result<Vec<DepartmentView>, Refusal> {
        let views = self.tallies.iter().map(|(id, tally)| self.view(*id, tally));
        let mut rows: Vec<_> = views.collect::<Result<_, _>>()?;
        rows.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
        Ok(rows)
    }

    fn view(&self, id: Option<OrgUnitId>, tally: &Tally) -> Result<DepartmentView, Refusal> {
        let progress = progress(&tally.goals);
        Ok(DepartmentView {
            id: id.map(|id| id.uuid()),
            name: tally.name.clone(),
            people: tally.people(),
            excluded: tally.excluded,
            reviews: by_state(&tally.counts),
            grades: by_grade(&tally.counts),
            goals: GoalsView {
                goals: tally.goals.goals,
                agreed: tally.goals.agreed,
                submitted: tally.goals.submitted,
                progress,
                level: level(progress, self.cycle, self.today)?,
            },
        })
    }
}
