//! API keys.

use super::super::people::employments::Row as EmploymentRow;
use super::among::one_of;
use super::engine::Unit;
use super::{Conn, Db};
use crate::column::{At, Key, Word, statement, word};
use crate::error::DbError;
use crate::page::{Page, keyset};
use crate::ports::{ApiKeys, Result};
use crate::schema::{account, api_key, employment, role_assignment};
use chrono::NaiveDate;
use diesel::prelude::*;
use domain::access::account::{ApiKey, Owner};
use domain::core::change::Change;
use domain::core::id::{AccountId, ApiKeyId};
use domain::core::text::TextEnum;
use domain::core::time::{Period, Timestamp};
use domain::people::employment::Employment;
use domain::policy::Role;
use domain::policy::Sealed;
use std::collections::HashMap;

/// A stored key without its secret.
#[derive(Queryable, Selectable)]
#[diesel(table_name = api_key)]
struct Row {
    id: Key,
    name: String,
    prefix: String,
    scopes: String,
    org_unit_id: Option<Key>,
    owner_account_id: Key,
    made_by: Option<Key>,
    expires_at: Option<At>,
    last_used_at: Option<At>,
    version: i32,
    created_at: At,
    updated_at: At,
    deleted_at: Option<At>,
}

impl TryFrom<Row> for ApiKey {
    type Error = DbError;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: row.id.0.into(),
            name: row.name,
            prefix: row.prefix,
            scopes: row.scopes.split_whitespace().map(word).collect::<Result<_>>()?,
            org_unit_id: row.org_unit_id.map(|id| id.0.into()),
            owner_account_id: row.owner_account_id.0.into(),
            made_by: row.made_by.map(|id| id.0.into()),
            expires_at: row.expires_at.map(|at| at.0),
            last_used_at: row.last_used_at.map(|at| at.0),
            version: row.version,
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
            deleted_at: row.deleted_at.map(|at| at.0),
        })
    }
}

statement! {
    /// Stores the last use of a key.
    struct Touch { at: At, tenant: Key, id: Key }
    "UPDATE api_key SET last_used_at = " at " WHERE tenant_id = " tenant " AND id = " id
}

impl ApiKeys for Unit<'_> {
    fn api_key(&mut self, id: ApiKeyId) -> Result<Option<Sealed<ApiKey>>> {
        let row = api_key::table
            .find((self.scope(), Key(id.uuid())))
            .filter(api_key::deleted_at.is_null())
            .select(Row::as_select())
            .get_result(self.conn)
            .optional()?;
        row.map(|row| ApiKey::try_from(row).map(Sealed::new)).transpose()
    }

    fn api_keys(&mut self, owner: Option<AccountId>, page: &Page) -> Result<Vec<ApiKey>> {
        let mut query = api_key::table
            .filter(api_key::tenant_id.eq(self.scope()))
            .select(Row::as_select())
            .limit(page.limit)
            .into_boxed::<Db>();
        if page.updated_since.is_none() {
            query = query.filter(api_key::deleted_at.is_null());
        }
        if let Some(owner) = owner {
            query = query.filter(api_key::owner_account_id.eq(Key(owner.uuid())));
        }
        keyset!(query, api_key, page).load(self.conn)?.into_iter().map(ApiKey::try_from).collect()
    }

    fn key_owners(&mut self, ids: &[AccountId]) -> Result<HashMap<AccountId, Owner>> {
        type Found = (Key, String, Option<Key>, Option<EmploymentRow>, Days);
        type Days = (Option<NaiveDate>, Option<NaiveDate>);
        let person = employment::tenant_id
            .eq(account::tenant_id)
            .and(employment::employee_id.nullable().eq(account::employee_id));
        let power = role_assignment::tenant_id
            .eq(account::tenant_id)
            .and(role_assignment::account_id.eq(account::id))
            .and(role_assignment::role.eq(Word(Role::HrAdmin)))
            .and(role_assignment::deleted_at.is_null());
        let rows: Vec<Found> = account::table
            .left_join(employment::table.on(person))
            .left_join(role_assignment::table.on(power))
            .filter(account::tenant_id.eq(self.scope()))
            .filter(one_of("account.id", ids.iter().map(|id| id.uuid())))
            .select((
                account::id,
                account::status,
                account::employee_id,
                Option::<EmploymentRow>::as_select(),
                (role_assignment::valid_from.nullable(), role_assignment::valid_to.nullable()),
            ))
            .load(self.conn)?;
        let mut owners = HashMap::new();
        for (id, status, person, employment, (start, end)) in rows {
            let status = word(&status)?;
            let owner = owners.entry(id.0.into()).or_insert_with(|| Owner {
                status,
                employments: person.map(|_| Vec::new()),
                powers: Vec::new(),
            });
            let employment = employment.map(|row| Employment::from(row).period);
            if let Some(employments) = &mut owner.employments {
                employments.extend(employment);
            }
            owner.powers.extend(start.map(|start| Period { start, end }));
        }
        Ok(owners)
    }

    fn create_api_key(&mut self, change: Change<ApiKey>, secret_hash: &[u8]) -> Result<()> {
        let key = change.entity;
        let scopes: Vec<_> = key.scopes.iter().map(|scope| scope.as_str()).collect();
        diesel::insert_into(api_key::table)
            .values((
                api_key::tenant_id.eq(self.scope()),
                api_key::id.eq(Key(key.id.uuid())),
                api_key::name.eq(key.name),
                api_key::prefix.eq(key.prefix),
                api_key::secret_hash.eq(secret_hash),
                api_key::scopes.eq(scopes.join(" ")),
                api_key::org_unit_id.eq(key.org_unit_id.map(|id| Key(id.uuid()))),
                api_key::owner_account_id.eq(Key(key.owner_account_id.uuid())),
                api_key::made_by.eq(key.made_by.map(|id| Key(id.uuid()))),
                api_key::expires_at.eq(key.expires_at.map(At)),
                api_key::version.eq(key.version),
                api_key::created_at.eq(At(key.created_at)),
                api_key::updated_at.eq(At(key.updated_at)),
            ))
            .execute(self.conn)?;
        self.record(change.record);
        Ok(())
    }

    fn update_api_key(&mut self, change: Change<ApiKey>) -> Result<()> {
        let ApiKey { id, owner_account_id, version, updated_at, deleted_at, .. } = change.entity;
        let saved = diesel::update(api_key::table.find((self.scope(), Key(id.uuid()))))
            .filter(api_key::version.eq(version - 1))
            .set((
                api_key::owner_account_id.eq(Key(owner_account_id.uuid())),
                api_key::version.eq(version),
                api_key::updated_at.eq(At(updated_at)),
                api_key::deleted_at.eq(deleted_at.map(At)),
            ))
            .execute(self.conn)?;
        self.guard(saved)?;
        self.record(change.record);
        Ok(())
    }

    fn touch_api_key(&mut self, id: ApiKeyId, at: Timestamp) -> Result<()> {
        Touch { at: At(at), tenant: self.scope(), id: Key(id.uuid()) }.execute(self.conn)?;
        Ok(())
    }
}
