//! Figures of dashboards, added up by the database.

use super::among::{OneOf, Shown, holding, one_of};
use super::engine::Unit;
use super::to_dos::document;
use super::{Conn, Db, dialect};
use crate::column::{At, Id, Instant, Key, Word, push, statement, word};
use crate::page::Page;
use crate::ports::{
    CompanyGoal, Dashboards, DepartmentGoals, GoalFigures, OwnGoal, Participation, PastCycle,
    PastResult, PlacedUnit, Result, ReviewCount, TeamMember,
};
use crate::schema::goal;
use chrono::NaiveDate;
use diesel::dsl::{count_star, sql};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Date, Integer, Nullable, Text};
use domain::core::id::{CycleId, EmployeeId, OrgUnitId};
use domain::core::text::TextEnum;
use domain::core::time::Timestamp;
use domain::policy::Visibility;
use domain::scoring::scale::Grade;
use domain::state::goal::State;
use rust_decimal::Decimal;
use std::collections::HashMap;
use uuid::Uuid;

statement! {
    /// A person's part in each cycle that is not over.
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
    /// A person's results in the released cycles of the same kind before each cycle that is not over.
    struct FindPastResults { tenant: Key, person: Key }
    -> (Id, Id, Text, Text, Date, Date, Text, Nullable<BigInt>, Nullable<Text>);
    "SELECT now.id, c.id, c.name, c.state, c.period_start, c.period_end,
            r.state, r.composite, r.final_grade
       FROM participant mine
       JOIN cycle now ON now.tenant_id = mine.tenant_id AND now.id = mine.cycle_id
       JOIN participant p ON p.tenant_id = mine.tenant_id AND p.employee_id = mine.employee_id
       JOIN cycle c ON c.tenant_id = p.tenant_id AND c.id = p.cycle_id
       JOIN review r ON r.tenant_id = p.tenant_id AND r.participant_id = p.id
      WHERE mine.tenant_id = " tenant " AND mine.employee_id = " person "
        AND now.state NOT IN ('closed', 'archived', 'cancelled')
        AND c.kind = now.kind AND c.period_end < now.period_start
        AND c.state IN ('published', 'closed', 'archived')
      ORDER BY now.id, c.period_end DESC, c.id"
}

statement! {
    /// The released cycles of the same kind before a cycle, the last one first.
    struct FindCycleBefore { tenant: Key, cycle: Key }
    -> (Id, Text, Text, Date, Date);
    "SELECT c.id, c.name, c.state, c.period_start, c.period_end
       FROM cycle now
       JOIN cycle c ON c.tenant_id = now.tenant_id AND c.kind = now.kind
        AND c.period_end < now.period_start
      WHERE now.tenant_id = " tenant " AND now.id = " cycle "
        AND c.state IN ('published', 'closed', 'archived')
      ORDER BY c.period_end DESC, c.id
      LIMIT 1"
}

/// Finds units and the units above them.
struct FindUnitsAbove {
    tenant: Key,
    day: NaiveDate,
    units: OneOf,
}

impl QueryId for FindUnitsAbove {
    type QueryId = FindUnitsAbove;
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Db> for FindUnitsAbove {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Db>) -> QueryResult<()> {
        out.push_sql(
            "WITH RECURSIVE placed (id, parent_id) AS (
                 SELECT p.org_unit_id, p.parent_id FROM org_unit_placement p",
        );
        holding(&mut out, "p", &self.tenant, &self.day)?;
        out.push_sql(" AND ");
        self.units.walk_ast(out.reborrow())?;
        out.push_sql(
            " UNION SELECT p.org_unit_id, p.parent_id FROM placed
                    JOIN org_unit_placement p ON p.org_unit_id = placed.parent_id",
        );
        holding(&mut out, "p", &self.tenant, &self.day)?;
        out.push_sql(
            ") SELECT u.id, u.code, u.name, placed.parent_id FROM placed
                 JOIN org_unit u ON u.id = placed.id WHERE u.tenant_id = ",
        );
        push(&mut out, &self.tenant)
    }
}

impl Query for FindUnitsAbove {
    type SqlType = (Id, Text, Text, Nullable<Id>);
}

impl RunQueryDsl<Conn> for FindUnitsAbove {}

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
    /// The people of a cycle for whose review a manager answers.
    struct FindTeam {
        tenant: Key,
        manager: Key,
        cycle: Key,
        name: Option<String>,
        id: Option<Key>,
        limit: i64,
    }
    -> (Id, Id, Text, Nullable<Id>, Nullable<Text>, Nullable<BigInt>, Nullable<Text>);
    "SELECT p.id, p.employee_id, e.name, r.id, r.state, r.composite,
            COALESCE(r.final_grade, r.calibrated_grade, r.computed_grade)
       FROM participant p
       JOIN employee e ON e.tenant_id = p.tenant_id AND e.id = p.employee_id
       LEFT JOIN review r ON r.tenant_id = p.tenant_id AND r.participant_id = p.id
      WHERE p.tenant_id = " tenant " AND p.manager_id = " manager " AND p.cycle_id = " cycle "
        AND p.exclusion IS NULL
        AND (" name " IS NULL OR e.name > " name " OR (e.name = " name " AND p.id > " id "))
      ORDER BY e.name, p.id
      LIMIT " limit
}

/// Counts the reviews for which a manager answers.
struct CountTeam {
    tenant: Key,
    manager: Key,
    cycle: Key,
    hidden: Vec<Key>,
}

impl QueryId for CountTeam {
    type QueryId = CountTeam;
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Db> for CountTeam {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Db>) -> QueryResult<()> {
        out.push_sql(
            "SELECT r.state, COALESCE(r.final_grade, r.calibrated_grade, r.computed_grade), COUNT(*)
               FROM participant p
               LEFT JOIN review r ON r.tenant_id = p.tenant_id AND r.participant_id = p.id
              WHERE p.tenant_id = ",
        );
        push(&mut out, &self.tenant)?;
        out.push_sql(" AND p.manager_id = ");
        push(&mut out, &self.manager)?;
        out.push_sql(" AND p.cycle_id = ");
        push(&mut out, &self.cycle)?;
        out.push_sql(" AND p.exclusion IS NULL");
        if !self.hidden.is_empty() {
            out.push_sql(" AND NOT (p.employee_id");
            dialect::push_list(&mut out, &self.hidden)?;
            out.push_sql(")");
        }
        out.push_sql(" GROUP BY 1, 2 ORDER BY 1, 2");
        Ok(())
    }
}

impl Query for CountTeam {
    type SqlType = (Nullable<Text>, Nullable<Text>, BigInt);
}

impl RunQueryDsl<Conn> for CountTeam {}

/// Adds up the goals of the participants of a cycle.
struct SumGoals {
    tenant: Key,
    cycle: Key,
    shown: Shown,
}

impl QueryId for SumGoals {
    type QueryId = SumGoals;
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Db> for SumGoals {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Db>) -> QueryResult<()> {
        out.push_sql(
            "SELECT participant.department_id, COUNT(DISTINCT g.owner_id),
                    COUNT(DISTINCT CASE WHEN g.state NOT IN ('draft', 'submitted')
                                        THEN g.owner_id END),
                    COUNT(*),
                    COUNT(CASE WHEN g.state NOT IN ('draft', 'submitted') THEN 1 END),
                    COUNT(CASE WHEN g.state = 'submitted' THEN 1 END),
                    CAST(SUM(CASE WHEN g.state IN ('draft', 'submitted') THEN 0
                                  ELSE g.weight END) AS BIGINT),
                    CAST(SUM(CASE WHEN g.state IN ('draft', 'submitted') THEN 0
                                  ELSE g.weight * COALESCE(g.progress, 0) END) AS BIGINT)
               FROM participant
               JOIN goal g ON g.tenant_id = participant.tenant_id
                AND g.cycle_id = participant.cycle_id AND g.owner_id = participant.employee_id
              WHERE participant.tenant_id = ",
        );
        push(&mut out, &self.tenant)?;
        out.push_sql(" AND participant.cycle_id = ");
        push(&mut out, &self.cycle)?;
        out.push_sql(
            " AND g.state <> 'cancelled' AND g.deleted_at IS NULL
              AND participant.exclusion IS NULL AND ",
        );
        self.shown.walk_ast(out.reborrow())?;
        out.push_sql(" GROUP BY 1");
        Ok(())
    }
}

impl Query for SumGoals {
    type SqlType = (Nullable<Id>, BigInt, BigInt, BigInt, BigInt, BigInt, BigInt, BigInt);
}

impl RunQueryDsl<Conn> for SumGoals {}

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

/// A state as its column stores it; none if the column is null.
fn known<T: TextEnum>(text: Option<String>) -> Result<Option<T>> {
    text.map(|text| word(&text)).transpose()
}

fn grade(text: Option<String>) -> Result<Option<Grade>> {
    text.map(|text| {
        text.parse::<Grade>().map_err(|error| crate::DbError::Corrupt(error.to_string()))
    })
    .transpose()
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
type CycleRow = (Key, String, String, NaiveDate, NaiveDate);
type PastRow =
    (Key, Key, String, String, NaiveDate, NaiveDate, String, Option<i64>, Option<String>);
type GoalRow = (Key, Key, String, String, Option<i64>, Option<i32>, Option<At>);

type SumRow = (Key, i64, i64, i64, i64, i64, Option<At>);
type TeamRow = (Key, Key, String, Option<Key>, Option<String>, Option<i64>, Option<String>);

fn past((id, name, state, period_start, period_end): CycleRow) -> Result<PastCycle> {
    Ok(PastCycle { id: id.0.into(), name, state: word(&state)?, period_start, period_end })
}

/// For each of these people: the sums over their goals in a cycle, and when the last check-in was
/// made.
fn goals_of_each(
    unit: &mut Unit<'_>,
    cycle: CycleId,
    people: impl Iterator<Item = Uuid>,
) -> Result<HashMap<Key, (GoalFigures, Option<Timestamp>)>> {
    let count = |state: &str| sql::<BigInt>(&format!("COUNT(CASE WHEN {state} THEN 1 END)"));
    let sum = |what: &str| {
        let signed = format!("CASE WHEN state IN ('draft', 'submitted') THEN 0 ELSE {what} END");
        sql::<BigInt>(&format!("CAST(SUM({signed}) AS BIGINT)"))
    };
    let rows: Vec<SumRow> = goal::table
        .filter(goal::tenant_id.eq(unit.scope()))
        .filter(goal::cycle_id.eq(Key(cycle.uuid())))
        .filter(one_of("goal.owner_id", people))
        .filter(goal::state.ne(Word(State::Cancelled)))
        .filter(goal::deleted_at.is_null())
        .group_by(goal::owner_id)
        .select((
            goal::owner_id,
            count_star(),
            count("state NOT IN ('draft', 'submitted')"),
            count("state = 'submitted'"),
            sum("weight"),
            sum("weight * COALESCE(progress, 0)"),
            sql::<Nullable<Instant>>("MAX(checked_in_at)"),
        ))
        .load(unit.conn)?;
    let each = |(owner, goals, agreed, submitted, weight, weighted_progress, at): SumRow| {
        let sum = GoalFigures { goals, agreed, submitted, weight, weighted_progress };
        (owner, (sum, at.map(|at| at.0)))
    };
    Ok(rows.into_iter().map(each).collect())
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

    fn past_results(&mut self, person: EmployeeId) -> Result<Vec<PastResult>> {
        let find = FindPastResults { tenant: self.scope(), person: Key(person.uuid()) };
        let mut rows: Vec<PastRow> = find.load(self.conn)?;
        rows.dedup_by_key(|row| row.0);
        rows.into_iter()
            .map(|(before, id, name, state, start, end, review, composite, final_grade)| {
                Ok(PastResult {
                    before: before.0.into(),
                    cycle: past((id, name, state, start, end))?,
                    state: word(&review)?,
                    composite: places(composite, 2),
                    final_grade: grade(final_grade)?,
                })
            })
            .collect()
    }

    fn cycle_before(&mut self, cycle: CycleId) -> Result<Option<PastCycle>> {
        let find = FindCycleBefore { tenant: self.scope(), cycle: Key(cycle.uuid()) };
        let row: Option<CycleRow> = find.get_result(self.conn).optional()?;
        row.map(past).transpose()
    }

    fn with_units_above(&mut self, units: &[OrgUnitId], day: NaiveDate) -> Result<Vec<PlacedUnit>> {
        let units = one_of("p.org_unit_id", units.iter().copied());
        let find = FindUnitsAbove { tenant: self.scope(), day, units };
        let rows: Vec<(Key, String, String, Option<Key>)> = find.load(self.conn)?;
        let placed = |(id, code, name, parent): (Key, String, String, Option<Key>)| PlacedUnit {
            id: id.0.into(),
            code,
            name,
            parent_id: parent.map(|id| id.0.into()),
        };
        Ok(rows.into_iter().map(placed).collect())
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
        let (name, id) = page.after_text().map(|(name, id)| (name.to_owned(), Key(id))).unzip();
        let find = FindTeam {
            tenant: self.scope(),
            manager: Key(manager.uuid()),
            cycle: Key(cycle.uuid()),
            name,
            id,
            limit: page.limit,
        };
        let rows: Vec<TeamRow> = find.load(self.conn)?;
        let mut sums = goals_of_each(self, cycle, rows.iter().map(|row| row.1.0))?;
        rows.into_iter()
            .map(|(participant, employee, name, review, state, composite, graded)| {
                let (goals, checked_in_at) = sums.remove(&employee).unwrap_or_default();
                Ok(TeamMember {
                    participant_id: participant.0.into(),
                    employee_id: employee.0.into(),
                    name,
                    review: review.map(|id| id.0.into()).zip(known(state)?),
                    composite: places(composite, 2),
                    grade: grade(graded)?,
                    goals,
                    checked_in_at,
                })
            })
            .collect()
    }

    fn team_reviews(
        &mut self,
        manager: EmployeeId,
        cycle: CycleId,
        hidden: &[EmployeeId],
    ) -> Result<Vec<ReviewCount>> {
        let find = CountTeam {
            tenant: self.scope(),
            manager: Key(manager.uuid()),
            cycle: Key(cycle.uuid()),
            hidden: dialect::list_of(hidden.iter().map(|id| Key(id.uuid())).collect()),
        };
        let rows: Vec<(Option<String>, Option<String>, i64)> = find.load(self.conn)?;
        rows.into_iter()
            .map(|(state, graded, people)| {
                Ok(ReviewCount { state: known(state)?, grade: grade(graded)?, people })
            })
            .collect()
    }

    fn department_goals(
        &mut self,
        cycle: CycleId,
        visible: &Visibility,
    ) -> Result<Vec<DepartmentGoals>> {
        type Row = (Option<Key>, i64, i64, i64, i64, i64, i64, i64);
        let find = SumGoals {
            tenant: self.scope(),
            cycle: Key(cycle.uuid()),
            shown: self
                .shown("participant.employee_id", "participant.manager_id", visible)
                .despite_conflicts(),
        };
        let rows: Vec<Row> = find.load(self.conn)?;
        let of = |(department, people, signed, goals, agreed, submitted, weight, progress): Row| {
            let weighted_progress = progress;
            DepartmentGoals {
                department_id: department.map(|id| id.0.into()),
                people,
                signed,
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
