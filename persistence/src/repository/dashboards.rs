//! Figures for the screens of a cycle, added up by the database.

use super::engine::Unit;
use super::to_dos::document;
use super::{Conn, Db};
use crate::column::{At, Id, Instant, Key, statement, word};
use crate::page::Page;
use crate::ports::{
    CompanyGoal, Dashboards, GoalFigures, OwnGoal, Participation, Result, ReviewCount, TeamMember,
    UnitGoals, UnitReviews,
};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text};
use domain::id::{CycleId, EmployeeId};
use domain::scale::Grade;
use domain::text::TextEnum;
use rust_decimal::Decimal;

statement! {
    /// A person's part in every cycle that is not over.
    struct FindParticipations { tenant: Key, person: Key }
    -> (Id, Id, Nullable<Id>, Nullable<Text>, Nullable<Id>, Nullable<Text>, Nullable<BigInt>,
        Nullable<Text>);
    "SELECT p.cycle_id, p.id, p.manager_id, m.name, r.id, r.state, r.composite, r.final_grade
       FROM participant p
       JOIN cycle c ON c.tenant_id = p.tenant_id AND c.id = p.cycle_id
       LEFT JOIN employee m ON m.tenant_id = p.tenant_id AND m.id = p.manager_id
       LEFT JOIN review r ON r.tenant_id = p.tenant_id AND r.participant_id = p.id
      WHERE p.tenant_id = " tenant " AND p.employee_id = " person " AND p.exclusion IS NULL
        AND c.state NOT IN ('closed', 'archived', 'cancelled')
      ORDER BY c.period_end, c.id"
}

statement! {
    /// A person's goals in cycles that are not over.
    struct FindOwnGoals { tenant: Key, person: Key }
    -> (Id, Id, Text, Text, Nullable<BigInt>, Nullable<Integer>, Nullable<Instant>);
    "SELECT g.id, g.cycle_id, g.state, g.content, g.progress, g.confidence, g.checked_in_at
       FROM goal g
       JOIN cycle c ON c.tenant_id = g.tenant_id AND c.id = g.cycle_id
      WHERE g.tenant_id = " tenant " AND g.owner_id = " person " AND g.state <> 'cancelled'
        AND g.deleted_at IS NULL AND c.state NOT IN ('closed', 'archived', 'cancelled')
      ORDER BY c.period_end, c.id, g.id"
}

statement! {
    /// The people of a cycle for whom a manager answers, with their goals added up.
    struct FindTeam {
        tenant: Key,
        manager: Key,
        cycle: Key,
        name: Option<String>,
        id: Option<Key>,
        limit: i64,
    }
    -> (Id, Id, Text, Nullable<Id>, Nullable<Text>, Nullable<BigInt>, Nullable<Text>,
        BigInt, BigInt, BigInt, BigInt, BigInt, Nullable<Instant>);
    "SELECT p.id, p.employee_id, e.name, r.id, r.state, r.composite,
            COALESCE(r.final_grade, r.calibrated_grade, r.computed_grade),
            COALESCE(g.goals, 0), COALESCE(g.agreed, 0), COALESCE(g.submitted, 0),
            COALESCE(g.weight, 0), COALESCE(g.weighted, 0), g.checked_in_at
       FROM participant p
       JOIN employee e ON e.tenant_id = p.tenant_id AND e.id = p.employee_id
       LEFT JOIN review r ON r.tenant_id = p.tenant_id AND r.participant_id = p.id
       LEFT JOIN (SELECT o.owner_id, COUNT(*) AS goals,
                         COUNT(CASE WHEN o.state NOT IN ('draft', 'submitted') THEN 1 END) AS agreed,
                         COUNT(CASE WHEN o.state = 'submitted' THEN 1 END) AS submitted,
                         CAST(SUM(o.weight) AS BIGINT) AS weight,
                         CAST(SUM(o.weight * COALESCE(o.progress, 0)) AS BIGINT) AS weighted,
                         MAX(o.checked_in_at) AS checked_in_at
                    FROM goal o
                   WHERE o.tenant_id = " tenant " AND o.cycle_id = " cycle "
                     AND o.state <> 'cancelled' AND o.deleted_at IS NULL
                     AND o.owner_id IN (SELECT q.employee_id FROM participant q
                                         WHERE q.tenant_id = " tenant "
                                           AND q.manager_id = " manager "
                                           AND q.cycle_id = " cycle ")
                   GROUP BY o.owner_id) g ON g.owner_id = p.employee_id
      WHERE p.tenant_id = " tenant " AND p.manager_id = " manager " AND p.cycle_id = " cycle "
        AND p.exclusion IS NULL
        AND (" name " IS NULL OR e.name > " name " OR (e.name = " name " AND p.id > " id "))
      ORDER BY e.name, p.id
      LIMIT " limit
}

statement! {
    /// The reviews for which a manager answers, counted.
    struct CountTeam { tenant: Key, manager: Key, cycle: Key }
    -> (Nullable<Text>, Nullable<Text>, BigInt);
    "SELECT r.state, COALESCE(r.final_grade, r.calibrated_grade, r.computed_grade), COUNT(*)
       FROM participant p
       LEFT JOIN review r ON r.tenant_id = p.tenant_id AND r.participant_id = p.id
      WHERE p.tenant_id = " tenant " AND p.manager_id = " manager " AND p.cycle_id = " cycle "
        AND p.exclusion IS NULL
      GROUP BY 1, 2
      ORDER BY 1, 2"
}

statement! {
    /// The participants of a cycle, counted.
    struct CountUnits { tenant: Key, cycle: Key }
    -> (Nullable<Id>, Nullable<Text>, Nullable<Id>, Bool, Nullable<Text>, Nullable<Text>, BigInt);
    "SELECT p.department_id, d.name, p.org_unit_id, p.exclusion IS NOT NULL, r.state,
            COALESCE(r.final_grade, r.calibrated_grade, r.computed_grade), COUNT(*)
       FROM participant p
       LEFT JOIN org_unit d ON d.tenant_id = p.tenant_id AND d.id = p.department_id
       LEFT JOIN review r ON r.tenant_id = p.tenant_id AND r.participant_id = p.id
      WHERE p.tenant_id = " tenant " AND p.cycle_id = " cycle "
      GROUP BY 1, 2, 3, 4, 5, 6"
}

statement! {
    /// The goals of the participants of a cycle, added up.
    struct SumGoals { tenant: Key, cycle: Key }
    -> (Nullable<Id>, Nullable<Id>, BigInt, BigInt, BigInt, BigInt, BigInt);
    "SELECT p.department_id, p.org_unit_id, COUNT(*),
            COUNT(CASE WHEN g.state NOT IN ('draft', 'submitted') THEN 1 END),
            COUNT(CASE WHEN g.state = 'submitted' THEN 1 END),
            CAST(SUM(g.weight) AS BIGINT),
            CAST(SUM(g.weight * COALESCE(g.progress, 0)) AS BIGINT)
       FROM participant p
       JOIN goal g ON g.tenant_id = p.tenant_id AND g.cycle_id = p.cycle_id
        AND g.owner_id = p.employee_id
      WHERE p.tenant_id = " tenant " AND p.cycle_id = " cycle " AND g.state <> 'cancelled'
        AND g.deleted_at IS NULL AND p.exclusion IS NULL
      GROUP BY 1, 2"
}

statement! {
    /// The goals of the company.
    struct FindCompanyGoals { tenant: Key, cycle: Key }
    -> (Id, Text, Text, Text, Nullable<BigInt>, Nullable<Integer>);
    "SELECT g.id, g.title, e.name, g.state, g.progress, g.confidence
       FROM goal g
       JOIN employee e ON e.tenant_id = g.tenant_id AND e.id = g.owner_id
      WHERE g.tenant_id = " tenant " AND g.cycle_id = " cycle " AND g.level = 'company'
        AND g.state NOT IN ('draft', 'submitted', 'cancelled') AND g.deleted_at IS NULL
      ORDER BY g.weight DESC, g.id
      LIMIT 50"
}

/// A state or a grade, as its column keeps it.
fn known<T: TextEnum>(text: Option<String>) -> Result<Option<T>> {
    text.map(|text| word(&text)).transpose()
}

fn grade(text: Option<String>) -> Result<Option<Grade>> {
    text.map(|text| {
        text.parse::<Grade>().map_err(|error| crate::DbError::Corrupt(error.to_string()))
    })
    .transpose()
}

fn count(state: Option<String>, graded: Option<String>, people: i64) -> Result<ReviewCount> {
    Ok(ReviewCount { state: known(state)?, grade: grade(graded)?, people })
}

fn places(digits: Option<i64>, scale: u32) -> Option<Decimal> {
    digits.map(|digits| Decimal::new(digits, scale))
}

type ParticipationRow = (
    Key,
    Key,
    Option<Key>,
    Option<String>,
    Option<Key>,
    Option<String>,
    Option<i64>,
    Option<String>,
);
type GoalRow = (Key, Key, String, String, Option<i64>, Option<i32>, Option<At>);
type UnitRow =
    (Option<Key>, Option<String>, Option<Key>, bool, Option<String>, Option<String>, i64);

#[derive(Queryable)]
struct TeamRow {
    participant: Key,
    employee: Key,
    name: String,
    review: Option<Key>,
    state: Option<String>,
    composite: Option<i64>,
    grade: Option<String>,
    goals: i64,
    agreed: i64,
    submitted: i64,
    weight: i64,
    weighted_progress: i64,
    checked_in_at: Option<At>,
}

impl Dashboards for Unit<'_> {
    fn participations(&mut self, person: EmployeeId) -> Result<Vec<Participation>> {
        let find = FindParticipations { tenant: self.scope(), person: Key(person.uuid()) };
        let rows: Vec<ParticipationRow> = find.load(self.conn)?;
        rows.into_iter()
            .map(|(cycle, participant, manager, name, review, state, composite, final_grade)| {
                Ok(Participation {
                    cycle_id: cycle.0.into(),
                    participant_id: participant.0.into(),
                    manager: manager.map(|id| id.0.into()).zip(name),
                    review: review.map(|id| id.0.into()).zip(known(state)?),
                    composite: places(composite, 2),
                    final_grade: grade(final_grade)?,
                })
            })
            .collect()
    }

    fn own_goals(&mut self, person: EmployeeId) -> Result<Vec<OwnGoal>> {
        let find = FindOwnGoals { tenant: self.scope(), person: Key(person.uuid()) };
        let rows: Vec<GoalRow> = find.load(self.conn)?;
        rows.into_iter()
            .map(|(id, cycle, state, content, progress, confidence, at)| {
                Ok(OwnGoal {
                    id: id.0.into(),
                    cycle_id: cycle.0.into(),
                    state: word(&state)?,
                    content: document(&content)?,
                    progress: places(progress, 4),
                    confidence,
                    checked_in_at: at.map(|at| at.0),
                })
            })
            .collect()
    }

    fn team(
        &mut self,
        manager: EmployeeId,
        cycle: CycleId,
        page: &Page,
    ) -> Result<Vec<TeamMember>> {
        let after = page.after_text();
        let find = FindTeam {
            tenant: self.scope(),
            manager: Key(manager.uuid()),
            cycle: Key(cycle.uuid()),
            name: after.map(|(name, _)| name.to_owned()),
            id: after.map(|(_, id)| Key(id)),
            limit: page.limit,
        };
        let rows: Vec<TeamRow> = find.load(self.conn)?;
        rows.into_iter()
            .map(|row| {
                Ok(TeamMember {
                    participant_id: row.participant.0.into(),
                    employee_id: row.employee.0.into(),
                    name: row.name,
                    review: row.review.map(|id| id.0.into()).zip(known(row.state)?),
                    composite: places(row.composite, 2),
                    grade: grade(row.grade)?,
                    goals: GoalFigures {
                        goals: row.goals,
                        agreed: row.agreed,
                        submitted: row.submitted,
                        weight: row.weight,
                        weighted_progress: row.weighted_progress,
                    },
                    checked_in_at: row.checked_in_at.map(|at| at.0),
                })
            })
            .collect()
    }

    fn team_reviews(&mut self, manager: EmployeeId, cycle: CycleId) -> Result<Vec<ReviewCount>> {
        let find = CountTeam {
            tenant: self.scope(),
            manager: Key(manager.uuid()),
            cycle: Key(cycle.uuid()),
        };
        let rows: Vec<(Option<String>, Option<String>, i64)> = find.load(self.conn)?;
        rows.into_iter().map(|(state, graded, people)| count(state, graded, people)).collect()
    }

    fn unit_reviews(&mut self, cycle: CycleId) -> Result<Vec<UnitReviews>> {
        let find = CountUnits { tenant: self.scope(), cycle: Key(cycle.uuid()) };
        let rows: Vec<UnitRow> = find.load(self.conn)?;
        rows.into_iter()
            .map(|(department, name, unit, excluded, state, graded, people)| {
                Ok(UnitReviews {
                    department: department.map(|id| id.0.into()).zip(name),
                    org_unit_id: unit.map(|id| id.0.into()),
                    excluded,
                    count: count(state, graded, people)?,
                })
            })
            .collect()
    }

    fn unit_goals(&mut self, cycle: CycleId) -> Result<Vec<UnitGoals>> {
        type Row = (Option<Key>, Option<Key>, i64, i64, i64, i64, i64);
        let find = SumGoals { tenant: self.scope(), cycle: Key(cycle.uuid()) };
        let rows: Vec<Row> = find.load(self.conn)?;
        let of = |(department, unit, goals, agreed, submitted, weight, weighted_progress): Row| {
            UnitGoals {
                department_id: department.map(|id| id.0.into()),
                org_unit_id: unit.map(|id| id.0.into()),
                goals: GoalFigures { goals, agreed, submitted, weight, weighted_progress },
            }
        };
        Ok(rows.into_iter().map(of).collect())
    }

    fn company_goals(&mut self, cycle: CycleId) -> Result<Vec<CompanyGoal>> {
        type Row = (Key, String, String, String, Option<i64>, Option<i32>);
        let find = FindCompanyGoals { tenant: self.scope(), cycle: Key(cycle.uuid()) };
        let rows: Vec<Row> = find.load(self.conn)?;
        rows.into_iter()
            .map(|(id, title, owner, state, progress, confidence)| {
                Ok(CompanyGoal {
                    id: id.0.into(),
                    title,
                    owner,
                    state: word(&state)?,
                    progress: places(progress, 4),
                    confidence,
                })
            })
            .collect()
    }
}
