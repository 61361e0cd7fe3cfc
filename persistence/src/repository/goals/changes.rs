//! Requests to change an active goal.

use super::super::among::one_of;
use super::super::engine::Unit;
use super::super::{Conn, Db};
use crate::column::{At, Key, Word, statement};
use crate::page::Page;
use crate::ports::{GoalChanges, Goals, Result};
use crate::schema::{GoalChangeRow, goal, goal_change, participant};
use diesel::prelude::*;
use domain::core::change::Change;
use domain::core::id::{CycleId, EmployeeId, GoalChangeId, GoalId};
use domain::goals::goal::{GoalChange, GoalChangeState, RequestedChange};
use domain::policy::{Sealed, Visibility};
use std::collections::HashMap;

statement! {
    /// Saves the decision on a pending request.
    struct Decide {
        state: String,
        by: Option<Key>,
        reason: Option<String>,
        at: Option<At>,
        tenant: Key,
        id: Key,
    }
    "UPDATE goal_change SET state = " state ", decided_by = " by ", decision_reason = " reason
    ", decided_at = " at
    " WHERE tenant_id = " tenant " AND id = " id " AND state = 'pending'"
}

impl GoalChanges for Unit<'_> {
    fn goal_change(&mut self, id: GoalChangeId) -> Result<Option<Sealed<RequestedChange>>> {
        let row: Option<GoalChangeRow> = goal_change::table
            .find((self.scope(), Key(id.uuid())))
            .select(GoalChangeRow::as_select())
            .get_result(self.conn)
            .optional()?;
        let Some(row) = row else { return Ok(None) };
        let goal = self.goals_above(row.goal_id.0.into())?.into_iter().next();
        goal.map(|goal| Ok(Sealed::new(RequestedChange { goal, change: row.record()? })))
            .transpose()
    }

    fn open_goal_changes(
        &mut self,
        cycle: CycleId,
        owners: &[EmployeeId],
        visible: Option<&Visibility>,
    ) -> Result<HashMap<EmployeeId, Vec<GoalChangeId>>> {
        let mut query = goal::table
            .inner_join(goal_change::table.on(
                goal_change::tenant_id.eq(goal::tenant_id).and(goal_change::goal_id.eq(goal::id)),
            ))
            .left_join(
                participant::table.on(participant::tenant_id
                    .eq(goal::tenant_id)
                    .and(participant::cycle_id.eq(goal::cycle_id))
                    .and(participant::employee_id.eq(goal::owner_id))),
            )
            .filter(goal::tenant_id.eq(self.scope()))
            .filter(goal::cycle_id.eq(Key(cycle.uuid())))
            .filter(one_of("goal.owner_id", owners.iter().copied()))
            .filter(goal_change::state.eq(Word(GoalChangeState::Pending)))
            .order(goal_change::id)
            .select((goal::owner_id, goal_change::id))
            .into_boxed::<Db>();
        if let Some(visible) = visible {
            query = query.filter(self.shown("goal.owner_id", "participant.manager_id", visible));
        }
        let open: Vec<(Key, Key)> = query.load(self.conn)?;
        let mut changes = HashMap::<EmployeeId, Vec<GoalChangeId>>::new();
        for (owner, change) in open {
            changes.entry(owner.0.into()).or_default().push(change.0.into());
        }
        Ok(changes)
    }

    fn goal_changes(&mut self, goal: GoalId, page: &Page) -> Result<Vec<GoalChange>> {
        let mut query = goal_change::table
            .filter(goal_change::tenant_id.eq(self.scope()))
            .filter(goal_change::goal_id.eq(Key(goal.uuid())))
            .order(goal_change::id)
            .select(GoalChangeRow::as_select())
            .limit(page.limit)
            .into_boxed::<Db>();
        if let Some(id) = page.after_id() {
            query = query.filter(goal_change::id.gt(Key(id)));
        }
        query.load(self.conn)?.into_iter().map(GoalChangeRow::record).collect()
    }

    fn create_goal_change(&mut self, change: Change<GoalChange>) -> Result<()> {
        diesel::insert_into(goal_change::table)
            .values(GoalChangeRow::of(self.scope(), change.entity)?)
            .execute(self.conn)?;
        self.record(change.record);
        Ok(())
    }

    fn decide_goal_change(&mut self, change: Change<GoalChange>) -> Result<()> {
        let request = change.entity;
        let decide = Decide {
            state: request.state.to_string(),
            by: request.decided_by.map(|id| Key(id.uuid())),
            reason: request.decision_reason,
            at: request.decided_at.map(At),
            tenant: self.scope(),
            id: Key(request.id.uuid()),
        };
        let saved = decide.execute(self.conn)?;
        self.guard(saved)?;
        self.record(change.record);
        Ok(())
    }
}
