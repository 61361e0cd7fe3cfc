//! Sessions.

use super::engine::Unit;
use super::{Conn, Db, dialect};
use crate::column::{At, Key, statement};
use crate::ports::{Result, Sessions};
use crate::schema::session;
use diesel::prelude::*;
use domain::access::account::Session;
use domain::core::change::{Change, Record};
use domain::core::id::{AccountId, SessionId};
use domain::core::time::Timestamp;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = session, treat_none_as_default_value = false)]
struct Row {
    tenant_id: Key,
    id: Key,
    account_id: Key,
    generation: i32,
    created_at: At,
    rotated_at: At,
    expires_at: At,
    revoked_at: Option<At>,
}

impl From<Row> for Session {
    fn from(row: Row) -> Self {
        Self {
            id: row.id.0.into(),
            account_id: row.account_id.0.into(),
            generation: row.generation,
            created_at: row.created_at.0,
            rotated_at: row.rotated_at.0,
            expires_at: row.expires_at.0,
            revoked_at: row.revoked_at.map(|at| at.0),
        }
    }
}

statement! {
    /// Replaces the refresh token of a session, guarded by the generation before.
    struct Rotate { generation: i32, rotated: At, expires: At, tenant: Key, id: Key, before: i32 }
    "UPDATE session SET generation = " generation ", rotated_at = " rotated
    ", expires_at = " expires " WHERE tenant_id = " tenant " AND id = " id
    " AND generation = " before
}

impl Sessions for Unit<'_> {
    fn session(&mut self, id: SessionId) -> Result<Option<Session>> {
        let query = session::table.find((self.scope(), Key(id.uuid()))).select(Row::as_select());
        let row = dialect::for_update!(query).get_result(self.conn).optional()?;
        Ok(row.map(Session::from))
    }

    fn create_session(&mut self, change: Change<Session>) -> Result<()> {
        let session = change.entity;
        let (tenant, account) = (self.scope(), Key(session.account_id.uuid()));
        diesel::delete(session::table)
            .filter(session::tenant_id.eq(tenant))
            .filter(session::account_id.eq(account))
            .filter(session::expires_at.le(At(session.created_at)))
            .execute(self.conn)?;
        diesel::insert_into(session::table)
            .values(Row {
                tenant_id: tenant,
                id: Key(session.id.uuid()),
                account_id: account,
                generation: session.generation,
                created_at: At(session.created_at),
                rotated_at: At(session.rotated_at),
                expires_at: At(session.expires_at),
                revoked_at: session.revoked_at.map(At),
            })
            .execute(self.conn)?;
        self.record(change.record);
        Ok(())
    }

    fn rotate_session(&mut self, session: &Session) -> Result<()> {
        let rotate = Rotate {
            generation: session.generation,
            rotated: At(session.rotated_at),
            expires: At(session.expires_at),
            tenant: self.scope(),
            id: Key(session.id.uuid()),
            before: session.generation - 1,
        };
        let saved = rotate.execute(self.conn)?;
        self.guard(saved)
    }

    fn revoke_session(&mut self, change: Change<Session>) -> Result<()> {
        let Session { id, revoked_at, .. } = change.entity;
        diesel::update(session::table.find((self.scope(), Key(id.uuid()))))
            .set(session::revoked_at.eq(revoked_at.map(At)))
            .execute(self.conn)?;
        self.record(change.record);
        Ok(())
    }

    fn refuse_session(&mut self, record: Record) -> Result<()> {
        self.record(record);
        Ok(())
    }

    fn revoke_sessions(&mut self, account: AccountId, at: Timestamp) -> Result<()> {
        diesel::update(session::table)
            .filter(session::tenant_id.eq(self.scope()))
            .filter(session::account_id.eq(Key(account.uuid())))
            .filter(session::revoked_at.is_null())
            .set(session::revoked_at.eq(At(at)))
            .execute(self.conn)?;
        Ok(())
    }
}
