//! Drafts of goals for many people at once.

use super::super::among::one_of;
use super::super::engine::Unit;
use super::super::keys::{KEYS, all_saved};
use super::super::{Conn, Db, dialect};
use super::{Found, Row, entity, goals, owners_of_goals};
use crate::column::{At, Key, Word, rows_statement};
use crate::ports::{FormOf, GoalDrafts, Result};
use crate::schema::{cycle, goal, participant, review};
use diesel::prelude::*;
use domain::core::change::Record;
use domain::core::id::{CycleId, EmployeeId, GoalId};
use domain::core::import::Planned;
use domain::goals::goal::Goal;
use domain::policy::{Relations, Visibility};
use domain::state::goal::State;
use std::collections::HashSet;

rows_statement! {
    /// Drafts, new ones or changed ones guarded by their version.
    struct Drafts {
        tenant: Key,
        id: Key,
        cycle_id: Key,
        owner_id: Key,
        level: String,
        state: String,
        revision: i32,
        title: String,
        weight: i64,
        content: String,
        version: i32,
        created_at: At,
        updated_at: At,
    }
    "INSERT INTO goal (tenant_id, id, cycle_id, owner_id, level, state, revision, title, weight, \
     content, version, created_at, updated_at) "
    rows
    " ON CONFLICT (tenant_id, id) DO UPDATE SET level = excluded.level, title = excluded.title, \
     weight = excluded.weight, content = excluded.content, version = excluded.version, \
     updated_at = excluded.updated_at WHERE goal.version = excluded.version - 1"
}

impl Drafts {
    fn push(&mut self, tenant: Key, goal: &Goal) -> Result<()> {
        let row = Row::new(tenant, goal)?;
        self.tenant.push(row.tenant_id);
        self.id.push(row.id);
        self.cycle_id.push(row.cycle_id);
        self.owner_id.push(row.owner_id);
        self.level.push(row.level);
        self.state.push(row.state);
        self.revision.push(row.revision);
        self.title.push(row.title);
        self.weight.push(row.weight);
        self.content.push(row.content);
        self.version.push(row.version);
        self.created_at.push(row.created_at);
        self.updated_at.push(row.updated_at);
        Ok(())
    }
}

impl GoalDrafts for Unit<'_> {
    fn forms_of(
        &mut self,
        cycle: CycleId,
        owners: &[EmployeeId],
        visible: &Visibility,
    ) -> Result<Vec<FormOf>> {
        let mut found = Vec::with_capacity(owners.len());
        for owners in owners.chunks(KEYS) {
            let [direct, under, within] = self.standing("participant.employee_id", visible);
            type Form = (Key, Option<Key>, bool, bool, bool);
            let rows: Vec<Form> = participant::table
                .filter(participant::tenant_id.eq(self.scope()))
                .filter(participant::cycle_id.eq(Key(cycle.uuid())))
                .filter(one_of("participant.employee_id", owners.iter().copied()))
                .select((participant::employee_id, participant::manager_id, direct, under, within))
                .load(self.conn)?;
            found.extend(rows.into_iter().map(
                |(owner, manager, direct_manager, chain_manager, in_units)| {
                    let relations = Relations {
                        direct_manager,
                        chain_manager,
                        in_units,
                        ..Relations::default()
                    };
                    (owner.0.into(), manager.map(|id| id.0.into()), relations)
                },
            ));
        }
        Ok(found)
    }

    fn goals_on_forms(&mut self, cycle: CycleId, owners: &[EmployeeId]) -> Result<Vec<Goal>> {
        let mut found = Vec::new();
        for owners in owners.chunks(KEYS) {
            let rows: Vec<Found> = goals!(self)
                .filter(goal::cycle_id.eq(Key(cycle.uuid())))
                .filter(one_of("goal.owner_id", owners.iter().copied()))
                .filter(goal::state.ne(Word(State::Cancelled)))
                .filter(goal::deleted_at.is_null())
                .order((goal::owner_id, goal::id))
                .select(Found::as_select())
                .load(self.conn)?;
            found.extend(rows);
        }
        found.into_iter().map(entity).collect()
    }

    fn goals_with_others_under(&mut self, goals: &[GoalId]) -> Result<HashSet<GoalId>> {
        let mut found = HashSet::new();
        for goals in goals.chunks(KEYS) {
            let parents: Vec<Option<Key>> = goal::table
                .filter(goal::tenant_id.eq(self.scope()))
                .filter(one_of("goal.parent_id", goals.iter().copied()))
                .filter(goal::deleted_at.is_null())
                .select(goal::parent_id)
                .distinct()
                .load(self.conn)?;
            found.extend(parents.into_iter().flatten().map(|id| GoalId::from(id.0)));
        }
        Ok(found)
    }

    fn save_goal_drafts(&mut self, changes: &[Planned<Goal>], records: Vec<Record>) -> Result<()> {
        let tenant = self.scope();
        for chunk in changes.chunks(dialect::BATCH) {
            let mut rows = Drafts::default();
            for change in chunk {
                rows.push(tenant, &change.after)?;
            }
            all_saved(rows.execute(self.conn), chunk.len())?;
        }
        records.into_iter().for_each(|record| self.record(record));
        Ok(())
    }
}
