//! Tenants.

use super::engine::Unit;
use crate::audit::GENESIS;
use crate::column::{At, Key};
use crate::ports::{Result, Tenants};
use crate::schema::{ledger, tenant};
use diesel::prelude::*;
use domain::access::tenant::Tenant;
use domain::core::change::Change;
use domain::core::id::TenantId;
use domain::policy::Sealed;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = tenant, treat_none_as_default_value = false)]
struct Row {
    id: Key,
    slug: String,
    name: String,
    locale: String,
    time_zone: String,
    version: i32,
    created_at: At,
    updated_at: At,
}

impl From<Row> for Tenant {
    fn from(row: Row) -> Self {
        Self {
            id: row.id.0.into(),
            slug: row.slug,
            name: row.name,
            locale: row.locale,
            time_zone: row.time_zone,
            version: row.version,
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
        }
    }
}

impl From<Tenant> for Row {
    fn from(tenant: Tenant) -> Self {
        Self {
            id: Key(tenant.id.uuid()),
            slug: tenant.slug,
            name: tenant.name,
            locale: tenant.locale,
            time_zone: tenant.time_zone,
            version: tenant.version,
            created_at: At(tenant.created_at),
            updated_at: At(tenant.updated_at),
        }
    }
}

impl Tenants for Unit<'_> {
    fn tenant(&mut self) -> Result<Option<Sealed<Tenant>>> {
        let row = tenant::table
            .find(self.scope())
            .select(Row::as_select())
            .get_result(self.conn)
            .optional()?;
        Ok(row.map(|row| Sealed::new(row.into())))
    }

    fn tenant_by_slug(&mut self, slug: &str) -> Result<Option<TenantId>> {
        let id: Option<Key> = tenant::table
            .filter(tenant::slug.eq(slug))
            .select(tenant::id)
            .get_result(self.conn)
            .optional()?;
        Ok(id.map(|id| id.0.into()))
    }

    fn tenants(&mut self) -> Result<Vec<Tenant>> {
        let rows = tenant::table.order(tenant::slug).select(Row::as_select()).load(self.conn)?;
        Ok(rows.into_iter().map(Tenant::from).collect())
    }

    fn create_tenant(&mut self, change: Change<Tenant>) -> Result<()> {
        diesel::insert_into(tenant::table).values(Row::from(change.entity)).execute(self.conn)?;
        diesel::insert_into(ledger::table)
            .values((
                ledger::tenant_id.eq(self.scope()),
                ledger::audit_position.eq(0),
                ledger::audit_hash.eq(&GENESIS[..]),
                ledger::event_position.eq(0),
            ))
            .execute(self.conn)?;
        self.record(change.record);
        Ok(())
    }

    fn update_tenant(&mut self, change: Change<Tenant>) -> Result<()> {
        let Tenant { name, locale, time_zone, version, updated_at, .. } = change.entity;
        let saved = diesel::update(tenant::table.find(self.scope()))
            .filter(tenant::version.eq(version - 1))
            .set((
                tenant::name.eq(name),
                tenant::locale.eq(locale),
                tenant::time_zone.eq(time_zone),
                tenant::version.eq(version),
                tenant::updated_at.eq(At(updated_at)),
            ))
            .execute(self.conn)?;
        self.guard(saved)?;
        self.record(change.record);
        Ok(())
    }
}
