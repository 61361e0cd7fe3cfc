//! Versions of the performance policy.

use super::engine::Unit;
use super::{Conn, Db};
use crate::column::{At, Key, Word, guarded_update, json, to_json, word};
use crate::error::DbError;
use crate::page::{Page, keyset};
use crate::ports::{Policies, PolicyFilter, Result};
use crate::schema::policy;
use diesel::dsl::max;
use diesel::prelude::*;
use domain::core::change::Change;
use domain::core::id::PolicyId;
use domain::cycles::performance_policy::PerformancePolicy;
use domain::policy::Sealed;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = policy, treat_none_as_default_value = false)]
pub struct Row {
    tenant_id: Key,
    id: Key,
    code: String,
    name: String,
    number: i32,
    state: String,
    rules: String,
    published_at: Option<At>,
    version: i32,
    created_at: At,
    updated_at: At,
}

impl TryFrom<Row> for PerformancePolicy {
    type Error = DbError;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: row.id.0.into(),
            code: row.code,
            name: row.name,
            number: row.number,
            state: word(&row.state)?,
            rules: json(&row.rules)?,
            published_at: row.published_at.map(|at| at.0),
            version: row.version,
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
        })
    }
}

impl Row {
    fn of(tenant: Key, policy: PerformancePolicy) -> Result<Self> {
        Ok(Self {
            tenant_id: tenant,
            id: Key(policy.id.uuid()),
            code: policy.code,
            name: policy.name,
            number: policy.number,
            state: policy.state.to_string(),
            rules: to_json(&policy.rules)?,
            published_at: policy.published_at.map(At),
            version: policy.version,
            created_at: At(policy.created_at),
            updated_at: At(policy.updated_at),
        })
    }
}

guarded_update! {
    /// Saves a policy version, guarded by its change counter.
    struct Update of policy { name, state, rules, published_at }
}

impl Policies for Unit<'_> {
    fn policy(&mut self, id: PolicyId) -> Result<Option<Sealed<PerformancePolicy>>> {
        let row = policy::table
            .find((self.scope(), Key(id.uuid())))
            .select(Row::as_select())
            .get_result(self.conn)
            .optional()?;
        row.map(|row| PerformancePolicy::try_from(row).map(Sealed::new)).transpose()
    }

    fn policies(&mut self, filter: &PolicyFilter, page: &Page) -> Result<Vec<PerformancePolicy>> {
        let states: Vec<_> = filter.states.iter().copied().map(Word).collect();
        let mut query = policy::table
            .filter(policy::tenant_id.eq(self.scope()))
            .filter(policy::state.eq_any(states))
            .select(Row::as_select())
            .limit(page.limit)
            .into_boxed::<Db>();
        if let Some(code) = &filter.code {
            query = query.filter(policy::code.eq(code.clone()));
        }
        let rows = keyset!(query, policy, page).load(self.conn)?;
        rows.into_iter().map(PerformancePolicy::try_from).collect()
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
            .values(Row::of(self.scope(), change.entity)?)
            .execute(self.conn);
        inserted.map_err(DbError::from).map_err(|error| match error {
            DbError::Duplicate { .. } => DbError::Race("the number was taken since".to_owned()),
            other => other,
        })?;
        self.record(change.record);
        Ok(())
    }

    fn update_policy(&mut self, change: Change<PerformancePolicy>) -> Result<()> {
        let saved = Update(Row::of(self.scope(), change.entity)?).execute(self.conn)?;
        self.guard(saved)?;
        self.record(change.record);
        Ok(())
    }
}
