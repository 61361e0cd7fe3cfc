//! What goals need from each other.

use super::super::among::one_of;
use super::super::engine::Unit;
use super::super::{Db, dialect};
use crate::column::{Key, Word, json, word};
use crate::page::{Page, keyset};
use crate::ports::{Dependencies, DependencyFilter, GoalEnd, Result};
use crate::record::{creates, finds, updates};
use crate::schema::{DependencyRow, dependency, goal};
use diesel::prelude::*;
use domain::core::change::Change;
use domain::core::id::{CycleId, DependencyId, EmployeeId, GoalId};
use domain::goals::dependency::Dependency;
use domain::goals::goal::GoalContent;
use domain::policy::{Sealed, Visibility};
use domain::state::dependency::State;
use std::collections::HashMap;

/// The column of who waits, for [`Unit::shown`].
const WAITING: &str = "dependency.downstream_owner_id";

finds!(DependencyRow of dependency by DependencyId, Dependency);
creates!(DependencyRow of dependency, Dependency);
updates!(DependencyRow of dependency, Dependency);

impl Dependencies for Unit<'_> {
    fn dependencies(
        &mut self,
        filter: &DependencyFilter,
        visible: &Visibility,
        me: Option<EmployeeId>,
        page: &Page,
    ) -> Result<Vec<Sealed<Dependency>>> {
        let me = Key(me.map(EmployeeId::uuid).unwrap_or_default());
        let shown = self.shown(WAITING, WAITING, visible);
        let mut query = dependency::table
            .filter(dependency::tenant_id.eq(self.scope()))
            .filter(dependency::upstream_owner_id.eq(me).or(shown))
            .select(DependencyRow::as_select())
            .limit(page.limit)
            .into_boxed::<Db>();
        if let Some(cycle) = filter.cycle_id {
            query = query.filter(dependency::cycle_id.eq(Key(cycle.uuid())));
        }
        if let Some(goal) = filter.goal_id {
            let goal = Key(goal.uuid());
            let upstream = dependency::upstream_goal_id.eq(goal);
            query = query.filter(upstream.or(dependency::downstream_goal_id.eq(goal)));
        }
        if let Some(state) = filter.state {
            query = query.filter(dependency::state.eq(Word(state)));
        }
        let rows = keyset!(query, dependency, page).load(self.conn)?;
        rows.into_iter().map(|row: DependencyRow| row.record().map(Sealed::new)).collect()
    }

    fn lock_dependencies(&mut self, cycle: CycleId) -> Result<Vec<Dependency>> {
        let open = dependency::table
            .filter(dependency::tenant_id.eq(self.scope()))
            .filter(dependency::cycle_id.eq(Key(cycle.uuid())))
            .filter(dependency::state.ne(Word(State::Declined)))
            .filter(dependency::state.ne(Word(State::Delivered)))
            .order(dependency::id)
            .select(DependencyRow::as_select());
        let rows: Vec<DependencyRow> = dialect::for_update!(open).load(self.conn)?;
        rows.into_iter().map(DependencyRow::record).collect()
    }

    fn goal_ends(&mut self, goals: &[GoalId]) -> Result<HashMap<GoalId, GoalEnd>> {
        let rows: Vec<(Key, Key, Key, String, String)> = goal::table
            .filter(goal::tenant_id.eq(self.scope()))
            .filter(one_of("goal.id", goals.iter().map(|id| id.uuid())))
            .filter(goal::deleted_at.is_null())
            .select((goal::id, goal::cycle_id, goal::owner_id, goal::state, goal::content))
            .load(self.conn)?;
        let end = |(id, cycle, owner, state, content): (Key, Key, Key, String, String)| {
            let content: GoalContent = json(&content)?;
            let end = GoalEnd {
                cycle_id: cycle.0.into(),
                owner_id: owner.0.into(),
                state: word(&state)?,
                last_day: content.period.end(),
            };
            Ok((id.0.into(), end))
        };
        rows.into_iter().map(end).collect()
    }
}
