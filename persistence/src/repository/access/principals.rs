//! Who makes a request: a session with its account and roles, or a key with the account that owns
//! it.

use super::engine::Unit;
use super::{Conn, Db};
use crate::column::{At, Id, Instant, Key, statement, word};
use crate::ports::{KeyHolder, Principals, Profile, Result, SignedIn, Standing, StandingToOthers};
use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{Binary, Bool, Date, Integer, Nullable, Text};
use domain::core::id::{AccountId, EmployeeId, SessionId};
use domain::core::time::Period;
use domain::policy::{Grant, Principal};

/// An account with employee and tenant; one of its roles; one person behind it, or one leader.
type AccountColumns = (
    Text,
    Nullable<Id>,
    Nullable<Date>,
    Nullable<Date>,
    Text,
    Nullable<Text>,
    Nullable<Id>,
    Nullable<Date>,
    Nullable<Date>,
    Nullable<Id>,
    Nullable<Id>,
);

statement! {
    /// An account with one of its sessions: one row for each combination of an employment, a role,
    /// and a person behind the account or a leader. Behind it are whoever issued its credential,
    /// whoever issued the credential of that person, and so on, and whoever made a key for it.
    /// Leaders are those who answer, or answered before, for one of these people in a cycle that is
    /// not published.
    struct FindAccount { tenant: Key, session: Option<Key>, account: Key, maker: Option<Key> }
    -> (AccountColumns, Integer, Nullable<Instant>, Nullable<Instant>);
    "WITH RECURSIVE issuer (id) AS (
       SELECT credential_by FROM account WHERE tenant_id = " tenant " AND id = " account "
       UNION
       SELECT id FROM account WHERE tenant_id = " tenant " AND id = " maker "
       UNION
       SELECT a.credential_by FROM issuer
         JOIN account a ON a.tenant_id = " tenant " AND a.id = issuer.id
     ), beside (behind, leader) AS (
       SELECT i.employee_id, NULL FROM issuer
         JOIN account i ON i.tenant_id = " tenant " AND i.id = issuer.id
       UNION
       SELECT NULL, p.manager_id FROM account i
         JOIN participant p ON p.tenant_id = " tenant " AND p.employee_id = i.employee_id
         JOIN cycle c ON c.tenant_id = " tenant " AND c.id = p.cycle_id
        WHERE i.tenant_id = " tenant " AND i.id IN (SELECT id FROM issuer UNION ALL SELECT " account ")
          AND c.state NOT IN ('published', 'closed', 'archived', 'cancelled')
       UNION
       SELECT NULL, f.employee_id FROM account i
         JOIN participant p ON p.tenant_id = " tenant " AND p.employee_id = i.employee_id
         JOIN former_leader f ON f.tenant_id = " tenant " AND f.participant_id = p.id
         JOIN cycle c ON c.tenant_id = " tenant " AND c.id = p.cycle_id
        WHERE i.tenant_id = " tenant " AND i.id IN (SELECT id FROM issuer UNION ALL SELECT " account ")
          AND c.state NOT IN ('published', 'closed', 'archived', 'cancelled')
     )
     SELECT a.status, a.employee_id, w.hire_date, w.last_day, t.time_zone,
            r.role, r.org_unit_id, r.valid_from, r.valid_to, b.behind, b.leader,
            a.session_epoch, s.expires_at, s.revoked_at
       FROM account a
       JOIN tenant t ON t.id = a.tenant_id
       LEFT JOIN session s ON s.tenant_id = a.tenant_id AND s.account_id = a.id
        AND s.id = " session "
       LEFT JOIN employment w ON w.tenant_id = a.tenant_id AND w.employee_id = a.employee_id
       LEFT JOIN role_assignment r ON r.tenant_id = a.tenant_id AND r.account_id = a.id
        AND r.deleted_at IS NULL
       LEFT JOIN beside b ON b.behind IS NOT NULL OR b.leader IS NOT NULL
      WHERE a.tenant_id = " tenant " AND a.id = " account
}

statement! {
    /// A key with the account that owns it: one row for each combination of a role, and a person
    /// behind the account or the key or a leader of one of them.
    struct FindKeyHolder { tenant: Key, prefix: String }
    -> (AccountColumns, Id, Text, Nullable<Id>, Nullable<Instant>, Nullable<Instant>, Binary);
    "WITH RECURSIVE held (owner, maker) AS (
       SELECT owner_account_id, made_by FROM api_key
        WHERE tenant_id = " tenant " AND prefix = " prefix " AND deleted_at IS NULL
     ), issuer (id) AS (
       SELECT maker FROM held
       UNION
       SELECT a.credential_by FROM held
         JOIN account a ON a.tenant_id = " tenant " AND a.id = held.owner
       UNION
       SELECT a.credential_by FROM issuer
         JOIN account a ON a.tenant_id = " tenant " AND a.id = issuer.id
     ), beside (behind, leader) AS (
       SELECT i.employee_id, NULL FROM issuer
         JOIN account i ON i.tenant_id = " tenant " AND i.id = issuer.id
       UNION
       SELECT NULL, p.manager_id FROM account i
         JOIN participant p ON p.tenant_id = " tenant " AND p.employee_id = i.employee_id
         JOIN cycle c ON c.tenant_id = " tenant " AND c.id = p.cycle_id
        WHERE i.tenant_id = " tenant " AND i.id IN (SELECT id FROM issuer UNION ALL SELECT owner FROM held)
          AND c.state NOT IN ('published', 'closed', 'archived', 'cancelled')
       UNION
       SELECT NULL, f.employee_id FROM account i
         JOIN participant p ON p.tenant_id = " tenant " AND p.employee_id = i.employee_id
         JOIN former_leader f ON f.tenant_id = " tenant " AND f.participant_id = p.id
         JOIN cycle c ON c.tenant_id = " tenant " AND c.id = p.cycle_id
        WHERE i.tenant_id = " tenant " AND i.id IN (SELECT id FROM issuer UNION ALL SELECT owner FROM held)
          AND c.state NOT IN ('published', 'closed', 'archived', 'cancelled')
     )
     SELECT a.status, a.employee_id, w.hire_date, w.last_day, t.time_zone,
            r.role, r.org_unit_id, r.valid_from, r.valid_to, b.behind, b.leader,
            k.id, k.scopes, k.org_unit_id, k.expires_at, k.last_used_at, k.secret_hash
       FROM api_key k
       JOIN account a ON a.tenant_id = k.tenant_id AND a.id = k.owner_account_id
       JOIN tenant t ON t.id = a.tenant_id
       LEFT JOIN employment w ON w.tenant_id = a.tenant_id AND w.employee_id = a.employee_id
       LEFT JOIN role_assignment r ON r.tenant_id = a.tenant_id AND r.account_id = a.id
        AND r.deleted_at IS NULL
       LEFT JOIN beside b ON b.behind IS NOT NULL OR b.leader IS NOT NULL
      WHERE k.tenant_id = " tenant " AND k.prefix = " prefix " AND k.deleted_at IS NULL"
}

statement! {
    /// What an account, or else a key, reads about itself.
    struct FindProfile { tenant: Key, id: Key }
    -> (Text, Text, Text, Text, Nullable<Text>, Nullable<Text>, Nullable<Instant>, Nullable<Id>);
    "SELECT t.slug, t.name, t.locale, t.time_zone, a.login, e.name, a.credential_at, a.credential_by
       FROM account a JOIN tenant t ON t.id = a.tenant_id
       LEFT JOIN employee e ON e.tenant_id = a.tenant_id AND e.id = a.employee_id
      WHERE a.tenant_id = " tenant " AND a.id = " id "
     UNION ALL
     SELECT t.slug, t.name, t.locale, t.time_zone, NULL, k.name, NULL, NULL
       FROM api_key k JOIN tenant t ON t.id = k.tenant_id
      WHERE k.tenant_id = " tenant " AND k.id = " id
}

statement! {
    /// Whether a person leads, rates, takes part and calibrates.
    struct FindStandingToOthers { tenant: Key, me: Key, day: NaiveDate }
    -> (Bool, Bool, Bool, Bool, Bool);
    "SELECT EXISTS (
            SELECT 1 FROM assignment a
             WHERE a.tenant_id = " tenant " AND a.manager_id = " me "
               AND a.effective_from <= " day "
               AND (a.effective_to IS NULL OR a.effective_to >= " day ")),
            EXISTS (
            SELECT 1 FROM assignment a
              JOIN assignment b ON b.tenant_id = a.tenant_id AND b.manager_id = a.employee_id
             WHERE a.tenant_id = " tenant " AND a.manager_id = " me "
               AND a.effective_from <= " day "
               AND (a.effective_to IS NULL OR a.effective_to >= " day ")
               AND b.effective_from <= " day "
               AND (b.effective_to IS NULL OR b.effective_to >= " day ")),
            EXISTS (
            SELECT 1 FROM participant p
              JOIN cycle c ON c.tenant_id = p.tenant_id AND c.id = p.cycle_id
             WHERE p.tenant_id = " tenant " AND p.manager_id = " me " AND p.exclusion IS NULL
               AND c.state NOT IN ('closed', 'archived', 'cancelled')),
            EXISTS (
            SELECT 1 FROM participant p
              JOIN cycle c ON c.tenant_id = p.tenant_id AND c.id = p.cycle_id
             WHERE p.tenant_id = " tenant " AND p.employee_id = " me " AND p.exclusion IS NULL
               AND c.state NOT IN ('closed', 'archived', 'cancelled')),
            EXISTS (
            SELECT 1 FROM calibration_member m
              JOIN calibration_session s ON s.tenant_id = m.tenant_id AND s.id = m.session_id
             WHERE m.tenant_id = " tenant " AND m.employee_id = " me " AND s.state <> 'finalised')"
}

#[derive(Queryable)]
struct AccountRow {
    status: String,
    employee_id: Option<Key>,
    hire_date: Option<NaiveDate>,
    last_day: Option<NaiveDate>,
    time_zone: String,
    role: Option<String>,
    org_unit_id: Option<Key>,
    valid_from: Option<NaiveDate>,
    valid_to: Option<NaiveDate>,
    behind: Option<Key>,
    leader: Option<Key>,
}

impl AccountRow {
    fn grant(&self) -> Result<Option<(Grant, Period)>> {
        let (Some(role), Some(start)) = (&self.role, self.valid_from) else { return Ok(None) };
        let org_unit_id = self.org_unit_id.map(|id| id.0.into());
        let grant = Grant { role: word(role)?, org_unit_id };
        Ok(Some((grant, Period { start, end: self.valid_to })))
    }
}

/// Builds the standing of one account from its rows, each with another employment, role, person or
/// leader.
fn standing<'r>(rows: impl Iterator<Item = &'r AccountRow>) -> Result<Option<Standing>> {
    let mut standing: Option<Standing> = None;
    for row in rows {
        let standing = match &mut standing {
            Some(standing) => standing,
            none => none.insert(Standing {
                status: word(&row.status)?,
                employee_id: row.employee_id.map(|id| id.0.into()),
                employments: Vec::new(),
                time_zone: row.time_zone.clone(),
                grants: Vec::new(),
                behind: Vec::new(),
                led_by: Vec::new(),
            }),
        };
        let employment = row.hire_date.map(|start| Period { start, end: row.last_day });
        standing.employments.extend(employment.filter(|it| !standing.employments.contains(it)));
        let grant = row.grant()?;
        standing.grants.extend(grant.filter(|grant| !standing.grants.contains(grant)));
        let person = row.behind.filter(|person| Some(*person) != row.employee_id);
        let person = person.map(|person| person.0.into());
        standing.behind.extend(person.filter(|person| !standing.behind.contains(person)));
        let leader = row.leader.map(|leader| leader.0.into());
        standing.led_by.extend(leader.filter(|leader| !standing.led_by.contains(leader)));
    }
    Ok(standing)
}

impl Unit<'_> {
    /// The standing of an account, either for itself or as the owner of a key made by `maker`.
    pub fn standing_of(&mut self, account: Key, maker: Option<Key>) -> Result<Option<Standing>> {
        let find = FindAccount { tenant: self.scope(), session: None, account, maker };
        let rows: Vec<(AccountRow, i32, Option<At>, Option<At>)> = find.load(self.conn)?;
        standing(rows.iter().map(|(account, ..)| account))
    }
}

impl Principals for Unit<'_> {
    fn signed_in(&mut self, account: AccountId, session: SessionId) -> Result<Option<SignedIn>> {
        let find = FindAccount {
            tenant: self.scope(),
            session: Some(Key(session.uuid())),
            account: Key(account.uuid()),
            maker: None,
        };
        let rows: Vec<(AccountRow, i32, Option<At>, Option<At>)> = find.load(self.conn)?;
        let standing = standing(rows.iter().map(|(account, ..)| account))?;
        let (Some(standing), Some((_, session_epoch, Some(expires_at), revoked_at))) =
            (standing, rows.first())
        else {
            return Ok(None);
        };
        Ok(Some(SignedIn {
            standing,
            session_epoch: *session_epoch,
            expires_at: expires_at.0,
            revoked_at: revoked_at.map(|at| at.0),
        }))
    }

    fn key_holder(&mut self, prefix: &str) -> Result<Option<KeyHolder>> {
        type Found = (AccountRow, Key, String, Option<Key>, Option<At>, Option<At>, Vec<u8>);
        let find = FindKeyHolder { tenant: self.scope(), prefix: prefix.to_owned() };
        let rows: Vec<Found> = find.load(self.conn)?;
        let standing = standing(rows.iter().map(|(account, ..)| account))?;
        let (Some(standing), Some(key)) = (standing, rows.into_iter().next()) else {
            return Ok(None);
        };
        let (_, id, scopes, unit, expires_at, last_used_at, secret_hash) = key;
        Ok(Some(KeyHolder {
            id: id.0.into(),
            scopes: scopes.split_whitespace().map(word).collect::<Result<_>>()?,
            unit: unit.map(|unit| unit.0.into()),
            expires_at: expires_at.map(|at| at.0),
            last_used_at: last_used_at.map(|at| at.0),
            secret_hash,
            standing,
        }))
    }

    fn standing(&mut self, account: AccountId) -> Result<Option<Standing>> {
        self.standing_of(Key(account.uuid()), None)
    }

    fn profile(&mut self, principal: &Principal) -> Result<Option<Profile>> {
        type Found = (
            String,
            String,
            String,
            String,
            Option<String>,
            Option<String>,
            Option<At>,
            Option<Key>,
        );
        let find = FindProfile { tenant: self.scope(), id: Key(principal.id()) };
        let found: Option<Found> = find.get_result(self.conn).optional()?;
        Ok(found.map(|(tenant_slug, tenant_name, locale, time_zone, login, name, at, by)| {
            Profile {
                tenant_slug,
                tenant_name,
                locale,
                time_zone,
                login,
                name,
                credential_at: at.map(|at| at.0),
                credential_by: by.map(|by| by.0.into()),
            }
        }))
    }

    fn standing_to_others(&mut self, me: EmployeeId, day: NaiveDate) -> Result<StandingToOthers> {
        let find = FindStandingToOthers { tenant: self.scope(), me: Key(me.uuid()), day };
        let (has_team, leads_managers, reviews_team, takes_part, calibrates) =
            find.get_result(self.conn)?;
        Ok(StandingToOthers { has_team, leads_managers, reviews_team, takes_part, calibrates })
    }
}
