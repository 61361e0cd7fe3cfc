//! Goals as an evaluation reads and scores them, many at once.

use super::super::among::one_of;
use super::super::engine::Unit;
use super::super::keys::KEYS;
use super::super::{Conn, Db, dialect};
use super::reports::{CheckInRow, MeasurementRow};
use super::{Found, RevisionRow, Row, entity, goals, owners_of_goals};
use crate::column::{At, Key, rows_statement};
use crate::error::DbError;
use crate::ports::{GoalEvaluation, GoalFile, Result};
use crate::schema::{check_in, cycle, goal, goal_revision, measurement, participant, review};
use diesel::prelude::*;
use domain::core::change::Change;
use domain::core::id::{CycleId, EmployeeId};
use domain::goals::goal::{Goal, GoalKind};
use std::collections::HashMap;
use uuid::Uuid;

rows_statement! {
    /// Scores of goals, each guarded by the version before. The version moves only with the state.
    struct Scores {
        tenant: Key,
        id: Key,
        state: String,
        score: Option<i64>,
        scored_from: Option<String>,
        version: i32,
        updated_at: At,
    }
    "WITH scored (tenant_id, id, state, score, scored_from, version, updated_at) AS ("
    rows
    ") UPDATE goal SET state = scored.state, score = scored.score, \
     scored_from = scored.scored_from, version = scored.version, \
     updated_at = scored.updated_at FROM scored WHERE goal.tenant_id = scored.tenant_id \
     AND goal.id = scored.id AND goal.version = scored.version \
     - CASE WHEN goal.state = scored.state THEN 0 ELSE 1 END"
}

impl Scores {
    fn push(&mut self, tenant: Key, goal: &Goal) -> Result<()> {
        let row = Row::new(tenant, goal)?;
        self.tenant.push(row.tenant_id);
        self.id.push(row.id);
        self.state.push(row.state);
        self.score.push(row.score);
        self.scored_from.push(row.scored_from);
        self.version.push(row.version);
        self.updated_at.push(row.updated_at);
        Ok(())
    }
}

impl GoalEvaluation for Unit<'_> {
    fn goals_of(&mut self, cycle: CycleId, owners: &[EmployeeId]) -> Result<Vec<GoalFile>> {
        let (tenant, cycle_id) = (self.scope(), Key(cycle.uuid()));
        let found: Vec<Found> = goals!(self)
            .filter(goal::cycle_id.eq(cycle_id))
            .filter(one_of("goal.owner_id", owners.iter().copied()))
            .filter(goal::deleted_at.is_null())
            .order((goal::owner_id, goal::id))
            .select(Found::as_select())
            .load(self.conn)?;
        let goals = found.into_iter().map(entity).collect::<Result<Vec<Goal>>>()?;
        let ids = |of: &dyn Fn(&Goal) -> bool| -> Vec<Uuid> {
            goals.iter().filter(|goal| of(goal)).map(|goal| goal.id.uuid()).collect()
        };
        // A goal with one revision has been agreed once: its content is all that it ever said.
        let mut revisions = Vec::<RevisionRow>::new();
        for ids in ids(&|goal| goal.revision > 1).chunks(KEYS) {
            revisions.extend(
                goal_revision::table
                    .filter(goal_revision::tenant_id.eq(tenant))
                    .filter(one_of("goal_revision.goal_id", ids.iter().copied()))
                    .order((goal_revision::goal_id, goal_revision::revision))
                    .select(RevisionRow::as_select())
                    .load::<RevisionRow>(self.conn)?,
            );
        }
        let is_measured = |goal: &Goal| matches!(goal.content.kind, GoalKind::Indicator(_));
        let mut measurements = Vec::<MeasurementRow>::new();
        for ids in ids(&is_measured).chunks(KEYS) {
            measurements.extend(
                measurement::table
                    .filter(measurement::tenant_id.eq(tenant))
                    .filter(one_of("measurement.goal_id", ids.iter().copied()))
                    .order((measurement::goal_id, measurement::id))
                    .select(MeasurementRow::as_select())
                    .load::<MeasurementRow>(self.conn)?,
            );
        }
        let mut check_ins = Vec::<CheckInRow>::new();
        for ids in ids(&|_| true).chunks(KEYS) {
            check_ins.extend(
                check_in::table
                    .filter(check_in::tenant_id.eq(tenant))
                    .filter(one_of("check_in.goal_id", ids.iter().copied()))
                    .filter(check_in::withdrawn_at.is_null())
                    .order((check_in::goal_id, check_in::id))
                    .select(CheckInRow::as_select())
                    .load::<CheckInRow>(self.conn)?,
            );
        }
        let mut files = Vec::with_capacity(goals.len());
        for goal in goals {
            files.push(GoalFile {
                goal,
                revisions: Vec::new(),
                measurements: Vec::new(),
                check_ins: Vec::new(),
            });
        }
        let places: HashMap<_, _> =
            files.iter().enumerate().map(|(at, file)| (Key(file.goal.id.uuid()), at)).collect();
        for row in revisions {
            if let Some(at) = places.get(&row.goal_id) {
                files[*at].revisions.push(row.try_into()?);
            }
        }
        for row in measurements {
            if let Some(at) = places.get(&row.goal_id) {
                files[*at].measurements.push(row.try_into()?);
            }
        }
        for row in check_ins {
            if let Some(at) = places.get(&row.goal_id) {
                files[*at].check_ins.push(row.try_into()?);
            }
        }
        Ok(files)
    }

    fn score_goals(&mut self, changes: Vec<Change<Goal>>) -> Result<()> {
        for chunk in changes.chunks(dialect::BATCH) {
            let mut scores = Scores::default();
            for change in chunk {
                scores.push(self.scope(), &change.entity)?;
            }
            if scores.execute(self.conn)? != chunk.len() {
                return Err(DbError::Stale);
            }
        }
        for change in changes {
            self.record(change.record);
        }
        Ok(())
    }
}
