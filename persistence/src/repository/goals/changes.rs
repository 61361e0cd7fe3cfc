//! Requests to change an active goal.

use super::super::among::one_of;
use super::super::engine::Unit;
use super::super::{Conn, Db};
use crate::column::{At, Key, Word, json, statement, to_json, word};
use crate::error::DbError;
use crate::page::Page;
use crate::ports::{GoalChanges, Goals, Result};
use crate::schema::{goal, goal_change, participant};
use chrono::NaiveDate;
use diesel::prelude::*;
use domain::core::change::Change;
use domain::core::id::{CycleId, EmployeeId, GoalChangeId, GoalId};
use domain::goals::goal::{GoalChange, GoalChangeState, RequestedChange};
use domain::policy::{Sealed, Visibility};
use std::collections::HashMap;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = goal_change, treat_none_as_default_value = false)]
struct Row {
    tenant_id: Key,
    id: Key,
    goal_id: Key,
    state: String,
    content: String,
    reason: String,
    evidence: String,
    effective_from: NaiveDate,
    requested_by: Key,
    decided_by: Option<Key>,
    decision_reason: Option<String>,
    created_at: At,
    decided_at: Option<At>,
}

impl TryFrom<Row> for GoalChange {
    type Error = DbError;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: row.id.0.into(),
            goal_id: row.goal_id.0.into(),
            state: word(&row.state)?,
            content: json(&row.content)?,
            reason: row.reason,
            evidence: json(&row.evidence)?,
            effective_from: row.effective_from,
            requested_by: row.requested_by.0.into(),
            decided_by: row.decided_by.map(|id| id.0.into()),
            decision_reason: row.decision_reason,
            created_at: row.created_at.0,
            decided_at: row.decided_at.map(|at| at.0),
        })
    }
}

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
        let row: Option<Row> = goal_change::table
            .find((self.scope(), Key(id.uuid())))
            .select(Row::as_select())
            .get_result(self.conn)
            .optional()?;
        let Some(row) = row else { return Ok(None) };
        let goal = self.goals_above(row.goal_id.0.into())?.into_iter().next();
        goal.map(|goal| Ok(Sealed::new(RequestedChange { goal, change: row.try_into()? })))
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
            .select(Row::as_select())
            .limit(page.limit)
            .into_boxed::<Db>();
        if let Some(id) = page.after_id() {
            query = query.filter(goal_change::id.gt(Key(id)));
        }
        query.load(self.conn)?.into_iter().map(GoalChange::try_from).collect()
    }

    fn create_goal_change(&mut self, change: Change<GoalChange>) -> Result<()> {
        let request = change.entity;
        diesel::insert_into(goal_change::table)
            .values(Row {
                tenant_id: self.scope(),
                id: Key(request.id.uuid()),
                goal_id: Key(request.goal_id.uuid()),
                state: request.state.to_string(),
                content: to_json(&request.content)?,
                reason: request.reason,
                evidence: to_json(&request.evidence)?,
                effective_from: request.effective_from,
                requested_by: Key(request.requested_by.uuid()),
                decided_by: request.decided_by.map(|id| Key(id.uuid())),
                decision_reason: request.decision_reason,
                created_at: At(request.created_at),
                decided_at: request.decided_at.map(At),
            })
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
