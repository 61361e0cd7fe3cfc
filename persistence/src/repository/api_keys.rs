//! API keys.

use super::engine::Unit;
use super::{Conn, Db};
use crate::column::{At, Key, statement, word};
use crate::error::DbError;
use crate::page::{Page, keyset};
use crate::ports::{ApiKeys, Result};
use crate::schema::api_key;
use diesel::prelude::*;
use domain::account::ApiKey;
use domain::change::Change;
use domain::id::ApiKeyId;
use domain::policy::Sealed;
use domain::text::TextEnum;
use domain::time::Timestamp;

/// A key as it is kept, without its secret.
#[derive(Queryable, Selectable)]
#[diesel(table_name = api_key)]
pub struct Row {
    id: Key,
    name: String,
    prefix: String,
    scopes: String,
    org_unit_id: Option<Key>,
    owner_account_id: Key,
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
    /// Notes the last use of a key.
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

    fn api_keys(&mut self, page: &Page) -> Result<Vec<ApiKey>> {
        let mut query = api_key::table
            .filter(api_key::tenant_id.eq(self.scope()))
            .select(Row::as_select())
            .limit(page.limit)
            .into_boxed::<Db>();
        if page.updated_since.is_none() {
            query = query.filter(api_key::deleted_at.is_null());
        }
        keyset!(query, api_key, page).load(self.conn)?.into_iter().map(ApiKey::try_from).collect()
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
        let ApiKey { id, version, updated_at, deleted_at, .. } = change.entity;
        let saved = diesel::update(api_key::table.find((self.scope(), Key(id.uuid()))))
            .filter(api_key::version.eq(version - 1))
            .set((
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
