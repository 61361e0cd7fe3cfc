//! Accounts, with passwords and setup tokens beside them.

use super::Db;
use super::engine::Unit;
use crate::column::{At, Key, Word, word};
use crate::error::DbError;
use crate::page::{Page, keyset};
use crate::ports::{Accounts, Claim, Credentials, Result};
use crate::schema::{account, setup_token};
use diesel::prelude::*;
use domain::account::{Account, login_key};
use domain::change::Change;
use domain::id::AccountId;
use domain::policy::Sealed;
use domain::time::Timestamp;

#[derive(Queryable, Selectable)]
#[diesel(table_name = account)]
struct Row {
    id: Key,
    login: String,
    employee_id: Option<Key>,
    status: String,
    session_epoch: i32,
    version: i32,
    created_at: At,
    updated_at: At,
}

impl TryFrom<Row> for Account {
    type Error = DbError;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: row.id.0.into(),
            login: row.login,
            employee_id: row.employee_id.map(|id| id.0.into()),
            status: word(&row.status)?,
            session_epoch: row.session_epoch,
            version: row.version,
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
        })
    }
}

impl Accounts for Unit<'_> {
    fn account(&mut self, id: AccountId) -> Result<Option<Sealed<Account>>> {
        let row = account::table
            .find((self.scope(), Key(id.uuid())))
            .select(Row::as_select())
            .get_result(self.conn)
            .optional()?;
        row.map(|row| Account::try_from(row).map(Sealed::new)).transpose()
    }

    fn accounts(&mut self, page: &Page) -> Result<Vec<Account>> {
        let query = account::table
            .filter(account::tenant_id.eq(self.scope()))
            .select(Row::as_select())
            .limit(page.limit)
            .into_boxed::<Db>();
        keyset!(query, account, page).load(self.conn)?.into_iter().map(Account::try_from).collect()
    }

    fn credentials(&mut self, claim: Claim<'_>) -> Result<Option<Credentials>> {
        let query = account::table
            .filter(account::tenant_id.eq(self.scope()))
            .select((Row::as_select(), account::password_hash))
            .into_boxed::<Db>();
        let query = match claim {
            Claim::Login(login) => query.filter(account::login_key.eq(login_key(login))),
            Claim::Account(id) => query.filter(account::id.eq(Key(id.uuid()))),
            Claim::SetupToken(hash, now) => {
                let holder = setup_token::table
                    .filter(setup_token::tenant_id.eq(self.scope()))
                    .filter(setup_token::token_hash.eq(hash.to_vec()))
                    .filter(setup_token::expires_at.gt(At(now)))
                    .select(setup_token::account_id);
                query.filter(account::id.eq_any(holder))
            }
        };
        let found: Option<(Row, Option<String>)> = query.get_result(self.conn).optional()?;
        let Some((row, password_hash)) = found else { return Ok(None) };
        Ok(Some(Credentials { account: row.try_into()?, password_hash }))
    }

    fn create_account(&mut self, change: Change<Account>) -> Result<()> {
        let account = change.entity;
        diesel::insert_into(account::table)
            .values((
                account::tenant_id.eq(self.scope()),
                account::id.eq(Key(account.id.uuid())),
                account::login_key.eq(login_key(&account.login)),
                account::login.eq(account.login),
                account::employee_id.eq(account.employee_id.map(|id| Key(id.uuid()))),
                account::status.eq(Word(account.status)),
                account::session_epoch.eq(account.session_epoch),
                account::version.eq(account.version),
                account::created_at.eq(At(account.created_at)),
                account::updated_at.eq(At(account.updated_at)),
            ))
            .execute(self.conn)?;
        self.record(change.record);
        Ok(())
    }

    fn update_account(&mut self, change: Change<Account>) -> Result<()> {
        let Account { id, status, session_epoch, version, updated_at, .. } = change.entity;
        let saved = diesel::update(account::table.find((self.scope(), Key(id.uuid()))))
            .filter(account::version.eq(version - 1))
            .set((
                account::status.eq(Word(status)),
                account::session_epoch.eq(session_epoch),
                account::version.eq(version),
                account::updated_at.eq(At(updated_at)),
            ))
            .execute(self.conn)?;
        self.guard(saved)?;
        self.record(change.record);
        Ok(())
    }

    fn set_password_hash(&mut self, id: AccountId, hash: Option<&str>) -> Result<()> {
        let (tenant, id) = (self.scope(), Key(id.uuid()));
        diesel::delete(setup_token::table)
            .filter(setup_token::tenant_id.eq(tenant))
            .filter(setup_token::account_id.eq(id))
            .execute(self.conn)?;
        diesel::update(account::table.find((tenant, id)))
            .set(account::password_hash.eq(hash))
            .execute(self.conn)?;
        Ok(())
    }

    fn create_setup_token(&mut self, id: AccountId, hash: &[u8], expires: Timestamp) -> Result<()> {
        diesel::insert_into(setup_token::table)
            .values((
                setup_token::tenant_id.eq(self.scope()),
                setup_token::token_hash.eq(hash),
                setup_token::account_id.eq(Key(id.uuid())),
                setup_token::expires_at.eq(At(expires)),
            ))
            .execute(self.conn)?;
        Ok(())
    }
}
