//! Counts over the people of a cycle, and what readers who see only counts have been shown.

use super::among::{Group, Shown};
use super::engine::Unit;
use super::reviews::{Outcome, Person, grade, letter, results};
use super::{Conn, Db, dialect};
use crate::column::{Id, Key, push, rows_statement, statement, word};
use crate::ports::{Aggregates, Alike, Result};
use crate::schema::{calibration_member, participant, review, shown_grade};
use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Bool, Nullable, Text};
use domain::core::id::{CalibrationSessionId, CycleId, EmployeeId};
use domain::policy::{Relations, Stage, Subject, Visibility};
use domain::reviews::aggregate::{GradeRecord, History, ShownGrade};
use domain::reviews::form::Results;
use domain::state::review::State;
use std::collections::HashSet;
use uuid::Uuid;

/// The column of the person, for [`Unit::among`].
const PERSON: &str = "participant.employee_id";
/// The column of the manager who answers for the person, for [`Unit::shown`].
const MANAGER: &str = "participant.manager_id";

statement! {
    /// People who, on `day`, hold a role that reads all others, or are business partner of units in
    /// which they are compared or work themselves.
    struct FindOverseers { tenant: Key, cycle: Key, day: NaiveDate } -> Id;
    "WITH RECURSIVE held (employee_id, role, org_unit_id) AS (
       SELECT a.employee_id, r.role, r.org_unit_id FROM role_assignment r
         JOIN account a ON a.tenant_id = r.tenant_id AND a.id = r.account_id
        WHERE r.tenant_id = " tenant " AND r.deleted_at IS NULL
          AND r.role IN ('hr_admin', 'executive', 'hrbp') AND a.employee_id IS NOT NULL
          AND r.valid_from <= " day " AND (r.valid_to IS NULL OR r.valid_to >= " day ")
     ), up (employee_id, granted, unit) AS (
       SELECT h.employee_id, h.org_unit_id, p.org_unit_id FROM held h
         JOIN participant p ON p.tenant_id = " tenant " AND p.cycle_id = " cycle "
          AND p.employee_id = h.employee_id
        WHERE h.role = 'hrbp' AND p.org_unit_id IS NOT NULL
       UNION
       SELECT h.employee_id, h.org_unit_id, s.org_unit_id FROM held h
         JOIN assignment s ON s.tenant_id = " tenant " AND s.employee_id = h.employee_id
          AND s.effective_from <= " day " AND (s.effective_to IS NULL OR s.effective_to >= " day ")
        WHERE h.role = 'hrbp' AND s.org_unit_id IS NOT NULL
       UNION
       SELECT up.employee_id, up.granted, o.parent_id FROM up
         JOIN org_unit_placement o ON o.tenant_id = " tenant " AND o.org_unit_id = up.unit
          AND o.effective_from <= " day " AND (o.effective_to IS NULL OR o.effective_to >= " day ")
        WHERE o.parent_id IS NOT NULL
     )
     SELECT employee_id FROM held WHERE role <> 'hrbp'
     UNION
     SELECT employee_id FROM up WHERE unit = granted"
}

statement! {
    /// Pairs of people whom a session compares, where one could read the rating of the other as a
    /// manager: by answering for the review, or from anywhere above in the reporting line on `day`.
    struct FindLeaders { tenant: Key, session: Key, day: NaiveDate } -> (Id, Id);
    "WITH RECURSIVE compared (person, manager) AS (
       SELECT p.employee_id, p.manager_id FROM review r
         JOIN participant p ON p.tenant_id = r.tenant_id AND p.id = r.participant_id
        WHERE r.tenant_id = " tenant " AND r.session_id = " session "
     ), up (person, leader) AS (
       SELECT person, manager FROM compared WHERE manager IS NOT NULL
       UNION
       SELECT c.person, s.manager_id FROM compared c
         JOIN assignment s ON s.tenant_id = " tenant " AND s.employee_id = c.person
          AND s.effective_from <= " day " AND (s.effective_to IS NULL OR s.effective_to >= " day ")
        WHERE s.manager_id IS NOT NULL
       UNION
       SELECT up.person, s.manager_id FROM up
         JOIN assignment s ON s.tenant_id = " tenant " AND s.employee_id = up.leader
          AND s.effective_from <= " day " AND (s.effective_to IS NULL OR s.effective_to >= " day ")
        WHERE s.manager_id IS NOT NULL
     )
     SELECT leader, person FROM up WHERE leader IN (SELECT person FROM compared)"
}

/// Counts the people of a cycle, one row for each combination of counted values.
struct CountAlike {
    tenant: Key,
    cycle: Key,
    shown: Shown,
    hidden: Vec<Key>,
    overseers: Vec<Key>,
}

impl QueryId for CountAlike {
    type QueryId = CountAlike;
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Db> for CountAlike {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Db>) -> QueryResult<()> {
        out.push_sql(
            "SELECT participant.department_id, d.name, participant.exclusion IS NULL,
                    participant.counts_for_quota",
        );
        if !self.overseers.is_empty() {
            out.push_sql(" AND NOT (participant.employee_id");
            dialect::push_list(&mut out, &self.overseers)?;
            out.push_sql(")");
        }
        out.push_sql(
            ", r.state, r.computed_grade, r.calibrated_grade, r.final_grade, r.veto_grade, COUNT(*)
               FROM participant
               LEFT JOIN org_unit d ON d.tenant_id = participant.tenant_id
                AND d.id = participant.department_id
               LEFT JOIN review r ON r.tenant_id = participant.tenant_id
                AND r.participant_id = participant.id
              WHERE participant.tenant_id = ",
        );
        push(&mut out, &self.tenant)?;
        out.push_sql(" AND participant.cycle_id = ");
        push(&mut out, &self.cycle)?;
        if !self.hidden.is_empty() {
            out.push_sql(
                " AND (r.state IN ('published', 'acknowledged', 'disagreed', 'final')
                   OR NOT (participant.employee_id",
            );
            dialect::push_list(&mut out, &self.hidden)?;
            out.push_sql("))");
        }
        out.push_sql(" AND ");
        self.shown.walk_ast(out.reborrow())?;
        out.push_sql(" GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9");
        Ok(())
    }
}

impl Query for CountAlike {
    type SqlType = (
        (Nullable<Id>, Nullable<Text>, Bool, Bool, Nullable<Text>),
        (Nullable<Text>, Nullable<Text>, Nullable<Text>, Nullable<Text>),
        BigInt,
    );
}

impl RunQueryDsl<Conn> for CountAlike {}

type Letter = Option<String>;
type AlikeRow = (
    (Option<Key>, Option<String>, bool, bool, Option<String>),
    (Letter, Letter, Letter, Letter),
    i64,
);

rows_statement! {
    /// What readers of counts are shown of records, from a renewal on.
    struct Renewals {
        tenant: Key,
        cycle: Key,
        participant: Key,
        renewal: i32,
        pooled: bool,
        grade: Option<String>,
    }
    "INSERT INTO shown_grade (tenant_id, cycle_id, participant_id, renewal, pooled, grade) "
    rows ""
}

fn alike(
    ((department, name, evaluated, counts_for_quota, state), grades, people): AlikeRow,
) -> Result<Alike> {
    let state: Option<State> = state.as_deref().map(word).transpose()?;
    let (computed, calibrated, last, veto) = grades;
    let written = state.is_some_and(|state| state.rating_stage() != Stage::Draft);
    let results = if written {
        Results {
            computed_grade: grade(computed)?,
            calibrated_grade: grade(calibrated)?,
            final_grade: grade(last)?,
            veto_grade: grade(veto)?,
            ..Results::default()
        }
    } else {
        Results::default()
    };
    let department = department.map(|id| id.0.into()).zip(name);
    Ok(Alike { department, evaluated, counts_for_quota, state, results, people })
}

fn keys<'i>(people: impl IntoIterator<Item = &'i EmployeeId>) -> Vec<Key> {
    dialect::list_of(people.into_iter().map(|id| Key(id.uuid())).collect())
}

impl Aggregates for Unit<'_> {
    fn overseers(&mut self, cycle: CycleId, day: NaiveDate) -> Result<HashSet<EmployeeId>> {
        let find = FindOverseers { tenant: self.scope(), cycle: Key(cycle.uuid()), day };
        let people: Vec<Key> = find.load(self.conn)?;
        Ok(people.into_iter().map(|id| id.0.into()).collect())
    }

    fn leaders(
        &mut self,
        session: CalibrationSessionId,
        day: NaiveDate,
    ) -> Result<HashSet<(EmployeeId, EmployeeId)>> {
        let find = FindLeaders { tenant: self.scope(), session: Key(session.uuid()), day };
        let pairs: Vec<(Key, Key)> = find.load(self.conn)?;
        Ok(pairs.into_iter().map(|(leader, person)| (leader.0.into(), person.0.into())).collect())
    }

    fn alike(
        &mut self,
        cycle: CycleId,
        visible: &Visibility,
        hidden: &[EmployeeId],
        overseers: &HashSet<EmployeeId>,
    ) -> Result<Vec<Alike>> {
        let count = CountAlike {
            tenant: self.scope(),
            cycle: Key(cycle.uuid()),
            shown: self.shown(PERSON, MANAGER, visible).despite_conflicts(),
            hidden: keys(hidden),
            overseers: keys(overseers),
        };
        let rows: Vec<AlikeRow> = count.load(self.conn)?;
        rows.into_iter().map(alike).collect()
    }

    fn grade_records(
        &mut self,
        cycle: CycleId,
        subject: &Subject,
        day: NaiveDate,
        overseers: &HashSet<EmployeeId>,
    ) -> Result<Vec<GradeRecord>> {
        type Related = ((Key, bool), Outcome, Person, bool, bool, bool, Option<bool>);
        let me = subject.employee_id;
        let units = subject.units_of_interest();
        let seats = calibration_member::table
            .filter(calibration_member::tenant_id.eq(self.scope()))
            .filter(calibration_member::employee_id.eq(Key(me.map_or(Uuid::nil(), Uuid::from))))
            .select(calibration_member::session_id.nullable());
        let rows: Vec<Related> = review::table
            .inner_join(
                participant::table.on(participant::tenant_id
                    .eq(review::tenant_id)
                    .and(participant::id.eq(review::participant_id))),
            )
            .filter(review::tenant_id.eq(self.scope()))
            .filter(participant::tenant_id.eq(self.scope()))
            .filter(participant::cycle_id.eq(Key(cycle.uuid())))
            .order(participant::id)
            .select((
                (participant::id, participant::exclusion.is_null()),
                Outcome::as_select(),
                Person::as_select(),
                self.among(PERSON, day, Group::direct(me)),
                self.among(PERSON, day, Group::under(me)),
                self.among(PERSON, day, Group::within(&units)),
                review::session_id.eq_any(seats),
            ))
            .load(self.conn)?;
        rows.into_iter()
            .map(|((participant, evaluated), outcome, person, direct, chain, inside, seat)| {
                let found = results((outcome, person))?;
                Ok(GradeRecord {
                    participant: participant.0.into(),
                    person: found.employee_id,
                    department: found.department_id,
                    manager: found.manager_id,
                    session: found.session_id,
                    evaluated,
                    counts_for_quota: found.counts_for_quota
                        && !overseers.contains(&found.employee_id),
                    state: found.state,
                    results: found.results,
                    relations: Relations {
                        direct_manager: direct,
                        chain_manager: chain,
                        in_units: inside,
                        calibrator: seat.unwrap_or_default(),
                    },
                })
            })
            .collect()
    }

    fn shown_grades(&mut self, cycle: CycleId) -> Result<History> {
        let rows: Vec<(Key, i32, bool, Option<String>)> = shown_grade::table
            .filter(shown_grade::tenant_id.eq(self.scope()))
            .filter(shown_grade::cycle_id.eq(Key(cycle.uuid())))
            .order((shown_grade::participant_id, shown_grade::renewal))
            .select((
                shown_grade::participant_id,
                shown_grade::renewal,
                shown_grade::pooled,
                shown_grade::grade,
            ))
            .load(self.conn)?;
        rows.into_iter()
            .map(|(participant, renewal, pooled, letter)| {
                let participant = participant.0.into();
                Ok(ShownGrade { participant, renewal, pooled, grade: grade(letter)? })
            })
            .collect()
    }

    fn show_grades(&mut self, cycle: CycleId, shown: &[ShownGrade]) -> Result<()> {
        for chunk in shown.chunks(dialect::BATCH) {
            let mut rows = Renewals::default();
            for ShownGrade { participant, renewal, pooled, grade } in chunk {
                rows.tenant.push(self.scope());
                rows.cycle.push(Key(cycle.uuid()));
                rows.participant.push(Key(participant.uuid()));
                rows.renewal.push(*renewal);
                rows.pooled.push(*pooled);
                rows.grade.push(grade.map(letter));
            }
            rows.execute(self.conn)?;
        }
        Ok(())
    }
}
