//! Requests to change an active goal.

use super::super::among::one_of;
use super::super::engine::Unit;
use super::{MANAGER, OWNER, owners_of_goals, page_of_goal};
use crate::column::{Key, Word};
use crate::page::Page;
use crate::ports::{GoalChanges, Result};
use crate::record::{creates, finds, updates};
use crate::schema::{GoalChangeRow, goal, goal_change};
use diesel::prelude::*;
use domain::core::change::Change;
use domain::core::id::{CycleId, EmployeeId, GoalChangeId};
use domain::goals::goal::{Goal, GoalChange, GoalChangeState};
use domain::policy::{Sealed, Visibility};

finds!(GoalChangeRow of goal_change by GoalChangeId, GoalChange, with goal_of(goal_id));
creates!(GoalChangeRow of goal_change, GoalChange);
updates!(GoalChangeRow of goal_change, GoalChange);

impl GoalChanges for Unit<'_> {
    fn open_goal_changes(
        &mut self,
        cycle: CycleId,
        owners: &[EmployeeId],
        visible: Option<&Visibility>,
    ) -> Result<Vec<(EmployeeId, GoalChangeId)>> {
        let of_goal = goal_change::tenant_id.eq(goal::tenant_id);
        let mut query = goal::table
            .inner_join(goal_change::table.on(of_goal.and(goal_change::goal_id.eq(goal::id))))
            .left_join(owners_of_goals())
            .filter(goal::tenant_id.eq(self.scope()))
            .filter(goal::cycle_id.eq(Key(cycle.uuid())))
            .filter(one_of("goal.owner_id", owners.iter().copied()))
            .filter(goal_change::state.eq(Word(GoalChangeState::Pending)))
            .order(goal_change::id)
            .select((goal::owner_id, goal_change::id))
            .into_boxed();
        if let Some(visible) = visible {
            query = query.filter(self.shown(OWNER, MANAGER, visible));
        }
        let rows: Vec<(Key, Key)> = query.load(self.conn)?;
        Ok(rows.into_iter().map(|(owner, id)| (owner.0.into(), id.0.into())).collect())
    }

    fn goal_changes(&mut self, goal: &Goal, page: &Page) -> Result<Vec<GoalChange>> {
        let rows = page_of_goal!(self, GoalChangeRow of goal_change, goal.id, page);
        rows.into_iter().map(|row| row.record(goal.clone())).collect()
    }
}
