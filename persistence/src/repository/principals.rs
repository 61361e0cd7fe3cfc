//! Who acts: a session with its account and roles, or a key with the account behind it.

use super::api_keys;
use super::engine::Unit;
use super::{Conn, Db};
use crate::column::{At, Id, Instant, Key, statement, word};
use crate::ports::{KeyHolder, Principals, Profile, Result, SignedIn, Standing};
use crate::schema::{account, api_key, employee, tenant};
use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{Date, Integer, Nullable, Text};
use domain::id::{AccountId, SessionId};
use domain::policy::{Grant, Principal};
use domain::time::Period;

statement! {
    /// A session with its account, employee and tenant, once for each role of the account.
    struct FindSignedIn { tenant: Key, session: Key, account: Key }
    -> (Text, Nullable<Id>, Nullable<Date>, Text, Integer, Instant, Nullable<Instant>,
        Nullable<Text>, Nullable<Id>, Nullable<Date>, Nullable<Date>);
    "SELECT a.status, a.employee_id, e.termination_date, t.time_zone, a.session_epoch,
            s.expires_at, s.revoked_at, r.role, r.org_unit_id, r.valid_from, r.valid_to
       FROM session s
       JOIN account a ON a.tenant_id = s.tenant_id AND a.id = s.account_id
       JOIN tenant t ON t.id = s.tenant_id
       LEFT JOIN employee e ON e.tenant_id = a.tenant_id AND e.id = a.employee_id
       LEFT JOIN role_assignment r ON r.tenant_id = a.tenant_id AND r.account_id = a.id
        AND r.deleted_at IS NULL
      WHERE s.tenant_id = " tenant " AND s.id = " session " AND a.id = " account
}

statement! {
    /// What an account, or else a key, is told about itself.
    struct FindProfile { tenant: Key, id: Key }
    -> (Text, Text, Text, Nullable<Text>, Nullable<Text>);
    "SELECT t.slug, t.name, t.time_zone, a.login, e.name
       FROM account a JOIN tenant t ON t.id = a.tenant_id
       LEFT JOIN employee e ON e.tenant_id = a.tenant_id AND e.id = a.employee_id
      WHERE a.tenant_id = " tenant " AND a.id = " id "
     UNION ALL
     SELECT t.slug, t.name, t.time_zone, NULL, k.name
       FROM api_key k JOIN tenant t ON t.id = k.tenant_id
      WHERE k.tenant_id = " tenant " AND k.id = " id
}

#[derive(Queryable)]
struct SignedInRow {
    status: String,
    employee_id: Option<Key>,
    termination_date: Option<NaiveDate>,
    time_zone: String,
    session_epoch: i32,
    expires_at: At,
    revoked_at: Option<At>,
    role: Option<String>,
    org_unit_id: Option<Key>,
    valid_from: Option<NaiveDate>,
    valid_to: Option<NaiveDate>,
}

impl SignedInRow {
    fn grant(&self) -> Result<Option<(Grant, Period)>> {
        let (Some(role), Some(start)) = (&self.role, self.valid_from) else { return Ok(None) };
        let org_unit_id = self.org_unit_id.map(|id| id.0.into());
        let grant = Grant { role: word(role)?, org_unit_id };
        Ok(Some((grant, Period { start, end: self.valid_to })))
    }
}

impl Principals for Unit<'_> {
    fn signed_in(&mut self, account: AccountId, session: SessionId) -> Result<Option<SignedIn>> {
        let find = FindSignedIn {
            tenant: self.scope(),
            session: Key(session.uuid()),
            account: Key(account.uuid()),
        };
        let rows: Vec<SignedInRow> = find.load(self.conn)?;
        let grants: Result<Vec<_>> =
            rows.iter().filter_map(|row| row.grant().transpose()).collect();
        let Some(row) = rows.into_iter().next() else { return Ok(None) };
        Ok(Some(SignedIn {
            standing: Standing {
                status: word(&row.status)?,
                employee_id: row.employee_id.map(|id| id.0.into()),
                termination_date: row.termination_date,
                time_zone: row.time_zone,
            },
            session_epoch: row.session_epoch,
            expires_at: row.expires_at.0,
            revoked_at: row.revoked_at.map(|at| at.0),
            grants: grants?,
        }))
    }

    fn key_holder(&mut self, prefix: &str) -> Result<Option<KeyHolder>> {
        type Found = (api_keys::Row, Vec<u8>, String, Option<Key>, Option<NaiveDate>, String);
        let owner = account::tenant_id
            .eq(api_key::tenant_id)
            .and(account::id.eq(api_key::owner_account_id));
        let person = employee::tenant_id
            .eq(account::tenant_id)
            .and(employee::id.nullable().eq(account::employee_id));
        let found: Option<Found> = api_key::table
            .inner_join(account::table.on(owner))
            .inner_join(tenant::table.on(tenant::id.eq(api_key::tenant_id)))
            .left_join(employee::table.on(person))
            .filter(api_key::tenant_id.eq(self.scope()))
            .filter(api_key::prefix.eq(prefix))
            .filter(api_key::deleted_at.is_null())
            .select((
                api_keys::Row::as_select(),
                api_key::secret_hash,
                account::status,
                account::employee_id,
                employee::termination_date.nullable(),
                tenant::time_zone,
            ))
            .get_result(self.conn)
            .optional()?;
        let Some((key, secret_hash, status, employee_id, termination_date, time_zone)) = found
        else {
            return Ok(None);
        };
        let standing = Standing {
            status: word(&status)?,
            employee_id: employee_id.map(|id| id.0.into()),
            termination_date,
            time_zone,
        };
        Ok(Some(KeyHolder { key: key.try_into()?, secret_hash, standing }))
    }

    fn profile(&mut self, principal: &Principal) -> Result<Option<Profile>> {
        type Found = (String, String, String, Option<String>, Option<String>);
        let find = FindProfile { tenant: self.scope(), id: Key(principal.id()) };
        let found: Option<Found> = find.get_result(self.conn).optional()?;
        Ok(found.map(|(tenant_slug, tenant_name, time_zone, login, name)| Profile {
            tenant_slug,
            tenant_name,
            time_zone,
            login,
            name,
        }))
    }
}
