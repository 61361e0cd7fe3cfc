//! Versions of the performance policy.

use super::Db;
use super::engine::Unit;
use crate::column::Word;
use crate::error::DbError;
use crate::page::{Page, keyset};
use crate::ports::{Policies, PolicyFilter, Result};
use crate::record::{finds, updates};
use crate::schema::{PolicyRow, policy};
use diesel::dsl::max;
use diesel::prelude::*;
use domain::core::change::Change;
use domain::core::id::PolicyId;
use domain::cycles::performance_policy::PerformancePolicy;
use domain::policy::Sealed;

finds!(PolicyRow of policy by PolicyId, PerformancePolicy);
updates!(PolicyRow of policy, PerformancePolicy);

impl Policies for Unit<'_> {
    fn policies(
        &mut self,
        filter: &PolicyFilter,
        page: &Page,
    ) -> Result<Vec<Sealed<PerformancePolicy>>> {
        let states: Vec<_> = filter.states.iter().copied().map(Word).collect();
        let mut query = policy::table
            .filter(policy::tenant_id.eq(self.scope()))
            .filter(policy::state.eq_any(states))
            .select(PolicyRow::as_select())
            .limit(page.limit)
            .into_boxed::<Db>();
        if let Some(code) = &filter.code {
            query = query.filter(policy::code.eq(code.clone()));
        }
        let rows = keyset!(query, policy, page).load(self.conn)?;
        rows.into_iter().map(|row: PolicyRow| row.record().map(Sealed::new)).collect()
    }

    fn next_policy_number(&mut self, code: &str) -> Result<i32> {
        let last: Option<i32> = policy::table
            .filter(policy::tenant_id.eq(self.scope()))
            .filter(policy::code.eq(code))
            .select(max(policy::number))
            .get_result(self.conn)?;
        Ok(last.unwrap_or_default() + 1)
    }

    fn create_policy(&mut self, change: Change<PerformancePolicy>) -> Result<()> {
        let inserted = diesel::insert_into(policy::table)
            .values(PolicyRow::of(self.scope(), change.entity)?)
            .execute(self.conn);
        inserted.map_err(DbError::from).map_err(|error| match error {
            DbError::Duplicate { .. } => DbError::Race("the number was taken since".to_owned()),
            other => other,
        })?;
        self.record(change.record);
        Ok(())
    }
}
