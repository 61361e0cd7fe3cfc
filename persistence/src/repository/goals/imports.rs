//! Imports of many measurements at once.

use super::super::among::one_of;
use super::super::engine::Unit;
use super::super::keys::{KEYS, all_saved};
use super::super::{Conn, Db, dialect};
use super::{MANAGER, OWNER, goals, owners_of_goals};
use crate::column::{At, Key, rows_statement, units};
use crate::error::DbError;
use crate::ports::{GoalPlace, MeasurementImports, Result};
use crate::schema::{cycle, goal, participant, review};
use chrono::NaiveDate;
use diesel::prelude::*;
use domain::core::change::Change;
use domain::core::id::{CycleId, EmployeeId, GoalId};
use domain::core::import::Planned;
use domain::goals::goal::{Goal, Measurement};
use domain::policy::Visibility;
use std::collections::HashMap;

/// From this number of measurements on, an import updates the statistics of its tables.
const LARGE: usize = 1000;

rows_statement! {
    /// New measurements and revisions.
    struct Measurements {
        tenant: Key,
        id: Key,
        goal_id: Key,
        period_start: NaiveDate,
        source: String,
        external_id: String,
        revision: i32,
        value: String,
        author_id: Key,
        created_at: At,
    }
    "INSERT INTO measurement (tenant_id, id, goal_id, period_start, source, external_id, revision, \
     value, author_id, created_at) "
    rows
    ""
}

rows_statement! {
    /// Progress of goals, each guarded by the version before.
    struct Progress {
        tenant: Key,
        id: Key,
        progress: Option<i64>,
        version: i32,
        updated_at: At,
    }
    "WITH measured (tenant_id, id, progress, version, updated_at) AS ("
    rows
    ") UPDATE goal SET progress = measured.progress, version = measured.version, \
     updated_at = measured.updated_at FROM measured WHERE goal.tenant_id = measured.tenant_id \
     AND goal.id = measured.id AND goal.version = measured.version - 1"
}

impl Measurements {
    fn push(&mut self, tenant: Key, measurement: &Measurement) {
        self.tenant.push(tenant);
        self.id.push(Key(measurement.id.uuid()));
        self.goal_id.push(Key(measurement.goal_id.uuid()));
        self.period_start.push(measurement.period_start);
        self.source.push(measurement.source.clone());
        self.external_id.push(measurement.external_id.clone());
        self.revision.push(measurement.revision);
        self.value.push(measurement.value.to_string());
        self.author_id.push(Key(measurement.author_id));
        self.created_at.push(At(measurement.created_at));
    }
}

type Placed = (Key, Key, Key, String);

fn place((id, cycle, owner, title): Placed) -> GoalPlace {
    let (id, cycle_id, owner_id) = (id.0.into(), cycle.0.into(), owner.0.into());
    GoalPlace { id, cycle_id, owner_id, title }
}

/// The places of goals that are not deleted and may be seen.
macro_rules! places {
    ($unit:ident, $visible:expr) => {
        goals!($unit)
            .filter($unit.shown(OWNER, MANAGER, $visible))
            .filter(goal::deleted_at.is_null())
            .select((goal::id, goal::cycle_id, goal::owner_id, goal::title))
    };
}

impl MeasurementImports for Unit<'_> {
    fn cycles_coded(&mut self, codes: &[&str]) -> Result<HashMap<String, CycleId>> {
        let mut found = HashMap::new();
        for codes in codes.chunks(KEYS) {
            let rows: Vec<(String, Key)> = cycle::table
                .filter(cycle::tenant_id.eq(self.scope()))
                .filter(cycle::code.eq_any(codes.to_vec()))
                .select((cycle::code, cycle::id))
                .load(self.conn)?;
            found.extend(rows.into_iter().map(|(code, id)| (code, id.0.into())));
        }
        Ok(found)
    }

    fn goal_places(&mut self, goals: &[GoalId], visible: &Visibility) -> Result<Vec<GoalPlace>> {
        let mut found = Vec::with_capacity(goals.len());
        for goals in goals.chunks(KEYS) {
            let some = one_of("goal.id", goals.iter().copied());
            let rows: Vec<Placed> = places!(self, visible).filter(some).load(self.conn)?;
            found.extend(rows.into_iter().map(place));
        }
        Ok(found)
    }

    fn places_in(
        &mut self,
        cycle: CycleId,
        owners: &[EmployeeId],
        visible: &Visibility,
    ) -> Result<Vec<GoalPlace>> {
        let mut found = Vec::with_capacity(owners.len());
        for owners in owners.chunks(KEYS) {
            let rows: Vec<Placed> = places!(self, visible)
                .filter(goal::cycle_id.eq(Key(cycle.uuid())))
                .filter(one_of("goal.owner_id", owners.iter().copied()))
                .load(self.conn)?;
            found.extend(rows.into_iter().map(place));
        }
        Ok(found)
    }

    fn lock_forms(&mut self, cycle: CycleId, owners: &[EmployeeId]) -> Result<()> {
        let mut owners = owners.to_vec();
        owners.sort_unstable();
        for owners in owners.chunks(KEYS) {
            let forms = participant::table
                .filter(participant::tenant_id.eq(self.scope()))
                .filter(participant::cycle_id.eq(Key(cycle.uuid())))
                .filter(one_of("participant.employee_id", owners.iter().copied()))
                .order(participant::employee_id)
                .select(participant::id);
            dialect::for_update!(forms).load::<Key>(self.conn)?;
        }
        Ok(())
    }

    fn add_measurements(
        &mut self,
        changes: &[Planned<Measurement>],
        progress: &dyn Fn(usize),
    ) -> Result<()> {
        let tenant = self.scope();
        for (number, chunk) in changes.chunks(dialect::BATCH).enumerate() {
            let mut rows = Measurements::default();
            chunk.iter().for_each(|change| rows.push(tenant, &change.after));
            all_saved(rows.execute(self.conn), chunk.len())?;
            progress(number * dialect::BATCH);
        }
        if changes.len() >= LARGE {
            dialect::refresh_statistics(self.conn)?;
        }
        Ok(())
    }

    fn measure_goals(&mut self, changes: Vec<(i32, Change<Goal>)>) -> Result<()> {
        let moved = changes.iter().filter(|(before, change)| *before != change.entity.version);
        let moved: Vec<_> = moved.map(|(_, change)| &change.entity).collect();
        for chunk in moved.chunks(dialect::BATCH) {
            let mut rows = Progress::default();
            for goal in chunk {
                rows.tenant.push(self.scope());
                rows.id.push(Key(goal.id.uuid()));
                rows.progress.push(goal.progress.map(|it| units(it, 4)).transpose()?);
                rows.version.push(goal.version);
                rows.updated_at.push(At(goal.updated_at));
            }
            if rows.execute(self.conn)? != chunk.len() {
                return Err(DbError::Stale);
            }
        }
        changes.into_iter().for_each(|(_, change)| self.record(change.record));
        Ok(())
    }
}
