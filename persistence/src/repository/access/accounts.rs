//! Accounts, with password hashes and setup tokens stored beside them.

use super::among::one_of;
use super::engine::Unit;
use super::keys::KEYS;
use super::{Conn, Db};
use crate::column::{At, Id, Key, Word, statement, word};
use crate::error::DbError;
use crate::page::{Page, keyset};
use crate::ports::{Accounts, Claim, Credentials, Result};
use crate::schema::{account, api_key, employee, session, setup_token};
use diesel::prelude::*;
use domain::access::account::{Account, login_key};
use domain::core::change::Change;
use domain::core::id::{AccountId, EmployeeId};
use domain::core::text::TextEnum;
use domain::core::time::Timestamp;
use domain::policy::Sealed;
use std::collections::HashMap;
use uuid::Uuid;

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
    credential_by: Option<Key>,
    credential_at: At,
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
            credential_by: row.credential_by.map(|id| id.0.into()),
            credential_at: row.credential_at.0,
            version: row.version,
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
        })
    }
}

statement! {
    /// Saves an account, guarded by its version. A newly issued credential clears who changed the
    /// e-mail address before.
    struct Update {
        employee: Option<Key>,
        status: &'static str,
        session_epoch: i32,
        credential_by: Option<Key>,
        credential_at: At,
        version: i32,
        updated_at: At,
        tenant: Key,
        id: Key,
        before: i32,
    }
    "UPDATE account SET employee_id = " employee ", status = " status
    ", session_epoch = " session_epoch ", email_by = CASE WHEN credential_at = " credential_at
    " OR email_by = " credential_by " THEN email_by END, credential_by = " credential_by
    ", credential_at = " credential_at ", version = " version ", updated_at = " updated_at
    " WHERE tenant_id = " tenant " AND id = " id " AND version = " before
}

statement! {
    /// Role assignments of an account and keys it owns.
    struct FindAccesses { tenant: Key, account: Key }
    -> (Id,);
    "SELECT id FROM role_assignment WHERE tenant_id = " tenant " AND account_id = " account
    " UNION ALL SELECT id FROM api_key WHERE tenant_id = " tenant " AND owner_account_id = " account
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
                account::credential_by.eq(account.credential_by.map(|id| Key(id.uuid()))),
                account::credential_at.eq(At(account.credential_at)),
            ))
            .execute(self.conn)?;
        self.record(change.record);
        Ok(())
    }

    fn update_account(&mut self, change: Change<Account>) -> Result<()> {
        let account = change.entity;
        let update = Update {
            employee: account.employee_id.map(|id| Key(id.uuid())),
            status: account.status.as_str(),
            session_epoch: account.session_epoch,
            credential_by: account.credential_by.map(|id| Key(id.uuid())),
            credential_at: At(account.credential_at),
            version: account.version,
            updated_at: At(account.updated_at),
            tenant: self.scope(),
            id: Key(account.id.uuid()),
            before: account.version - 1,
        };
        let saved = update.execute(self.conn)?;
        self.guard(saved)?;
        self.record(change.record);
        Ok(())
    }

    fn set_password_hash(&mut self, id: AccountId, hash: Option<&str>) -> Result<()> {
        diesel::update(account::table.find((self.scope(), Key(id.uuid()))))
            .set(account::password_hash.eq(hash))
            .execute(self.conn)?;
        Ok(())
    }

    fn void_setup_tokens(&mut self, id: AccountId) -> Result<()> {
        diesel::delete(setup_token::table)
            .filter(setup_token::tenant_id.eq(self.scope()))
            .filter(setup_token::account_id.eq(Key(id.uuid())))
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

    fn account_names(&mut self, ids: &[AccountId]) -> Result<HashMap<AccountId, String>> {
        let person = employee::tenant_id
            .eq(account::tenant_id)
            .and(employee::id.nullable().eq(account::employee_id));
        let rows: Vec<(Key, String, Option<String>)> = account::table
            .left_join(employee::table.on(person))
            .filter(account::tenant_id.eq(self.scope()))
            .filter(one_of("account.id", ids.iter().map(|id| id.uuid())))
            .select((account::id, account::login, employee::name.nullable()))
            .load(self.conn)?;
        let named =
            |(id, login, name): (Key, String, Option<String>)| (id.0.into(), name.unwrap_or(login));
        Ok(rows.into_iter().map(named).collect())
    }

    fn own_access_resources(&mut self, id: AccountId) -> Result<Vec<Uuid>> {
        let find = FindAccesses { tenant: self.scope(), account: Key(id.uuid()) };
        let rows: Vec<(Key,)> = find.load(self.conn)?;
        Ok(rows.into_iter().map(|(id,)| id.0).collect())
    }

    fn note_email_change(&mut self, people: &[EmployeeId], by: Uuid) -> Result<()> {
        let owner: Option<Key> = api_key::table
            .find((self.scope(), Key(by)))
            .select(api_key::owner_account_id)
            .get_result(self.conn)
            .optional()?;
        for people in people.chunks(KEYS) {
            diesel::update(account::table)
                .filter(account::tenant_id.eq(self.scope()))
                .filter(one_of("account.employee_id", people.iter().map(|id| id.uuid())))
                .set(account::email_by.eq(owner.unwrap_or(Key(by))))
                .execute(self.conn)?;
        }
        Ok(())
    }

    fn end_sessions_of(&mut self, people: &[EmployeeId], at: Timestamp) -> Result<Vec<AccountId>> {
        let mut ended = Vec::new();
        for people in people.chunks(KEYS) {
            let accounts: Vec<Key> = diesel::update(account::table)
                .filter(account::tenant_id.eq(self.scope()))
                .filter(one_of("account.employee_id", people.iter().map(|id| id.uuid())))
                .set((
                    account::session_epoch.eq(account::session_epoch + 1),
                    account::version.eq(account::version + 1),
                    account::updated_at.eq(At(at)),
                ))
                .returning(account::id)
                .get_results(self.conn)?;
            diesel::update(session::table)
                .filter(session::tenant_id.eq(self.scope()))
                .filter(one_of("session.account_id", accounts.iter().map(|id| id.0)))
                .filter(session::revoked_at.is_null())
                .set(session::revoked_at.eq(At(at)))
                .execute(self.conn)?;
            diesel::delete(setup_token::table)
                .filter(setup_token::tenant_id.eq(self.scope()))
                .filter(one_of("setup_token.account_id", accounts.iter().map(|id| id.0)))
                .execute(self.conn)?;
            ended.extend(accounts.into_iter().map(|id| AccountId::from(id.0)));
        }
        Ok(ended)
    }
}
