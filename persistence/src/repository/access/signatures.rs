//! Signatures on acts that need two persons, and who stands behind an account that signs.

use super::engine::Unit;
use super::{Conn, Db};
use crate::column::{At, Id, Key, Word, json, statement, to_json, word};
use crate::ports::{Result, Signatures};
use crate::schema::signature;
use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};
use domain::access::signing::{Act, Person, Persons, Signature, Standing};
use domain::core::id::AccountId;
use domain::core::time::Timestamp;
use domain::policy::Role;
use std::collections::BTreeMap;
use uuid::Uuid;

statement! {
    /// The account; the role assignments it holds on a day; and everybody behind its credential,
    /// its e-mail address and each of these assignments.
    struct Behind { tenant: Key, account: Key, day: NaiveDate }
    -> (Text, Id, Nullable<Text>, Nullable<Id>);
    "WITH RECURSIVE held (id, role, given_by) AS (
       SELECT r.id, r.role, r.given_by FROM role_assignment r
        WHERE r.tenant_id = " tenant " AND r.account_id = " account " AND r.deleted_at IS NULL
          AND r.valid_from <= " day " AND (r.valid_to IS NULL OR r.valid_to >= " day ")
     ), way (what, origin, id) AS (
       SELECT 'credential', a.id, a.credential_by FROM account a
        WHERE a.tenant_id = " tenant " AND a.id = " account "
       UNION
       SELECT 'email', a.id, a.email_by FROM account a
        WHERE a.tenant_id = " tenant " AND a.id = " account "
       UNION
       SELECT 'role', held.id, held.given_by FROM held
       UNION
       SELECT way.what, way.origin, a.credential_by FROM way
         JOIN account a ON a.tenant_id = " tenant " AND a.id = way.id
     )
     SELECT 'account', a.id, NULL, a.employee_id FROM account a
      WHERE a.tenant_id = " tenant " AND a.id = " account "
     UNION ALL
     SELECT 'held', held.id, held.role, NULL FROM held
     UNION ALL
     SELECT way.what, way.origin, NULL, COALESCE(i.employee_id, i.id) FROM way
       JOIN account i ON i.tenant_id = " tenant " AND i.id = way.id"
}

statement! {
    /// Keeps a signature.
    struct Keep {
        tenant: Key,
        resource: Key,
        act: &'static str,
        account: Key,
        employee: Key,
        behind: String,
        at: At,
    }
    "INSERT INTO signature (tenant_id, resource_id, act, account_id, employee_id, behind, at) \
     VALUES (" tenant ", " resource ", " act ", " account ", " employee ", " behind ", " at ")"
}

impl Signatures for Unit<'_> {
    fn signer(
        &mut self,
        account: AccountId,
        roles: &[Role],
        day: NaiveDate,
    ) -> Result<Option<Standing>> {
        let find = Behind { tenant: self.scope(), account: Key(account.uuid()), day };
        let rows: Vec<(String, Key, Option<String>, Option<Key>)> = find.load(self.conn)?;
        let mut found = None;
        let (mut credential, mut email) = (Persons::new(), Persons::new());
        // The ids of assignments are in the order of creation.
        let mut held = BTreeMap::<Key, Persons>::new();
        let mut given = Vec::new();
        for (what, origin, role, person) in rows {
            let person = person.map(|person| person.0);
            match what.as_str() {
                "account" => found = Some(person),
                "credential" => credential.extend(person.map(Person)),
                "email" => email.extend(person.map(Person)),
                "held" => {
                    if let Some(role) = role
                        && roles.contains(&word(&role)?)
                    {
                        held.insert(origin, Persons::new());
                    }
                }
                _ => given.extend(person.map(|person| (origin, Person(person)))),
            }
        }
        for (origin, person) in given {
            if let Some(persons) = held.get_mut(&origin) {
                persons.insert(person);
            }
        }
        Ok(found.map(|employee| Standing {
            account,
            employee: employee.map(Into::into),
            credential,
            email,
            roles: held.into_values().rev().collect(),
        }))
    }

    fn signatures(&mut self, resource: Uuid, act: Act) -> Result<Vec<Signature>> {
        let rows: Vec<(Key, Key, String)> = signature::table
            .filter(signature::tenant_id.eq(self.scope()))
            .filter(signature::resource_id.eq(Key(resource)))
            .filter(signature::act.eq(Word(act)))
            .select((signature::account_id, signature::employee_id, signature::behind))
            .load(self.conn)?;
        let kept = |(account, employee, behind): (Key, Key, String)| {
            Ok(Signature {
                account: account.0.into(),
                employee: employee.0.into(),
                behind: json(&behind)?,
            })
        };
        rows.into_iter().map(kept).collect()
    }

    fn keep_signature(
        &mut self,
        resource: Uuid,
        act: Act,
        signature: &Signature,
        at: Timestamp,
    ) -> Result<()> {
        let keep = Keep {
            tenant: self.scope(),
            resource: Key(resource),
            act: domain::core::text::TextEnum::as_str(act),
            account: Key(signature.account.uuid()),
            employee: Key(signature.employee.uuid()),
            behind: to_json(&signature.behind)?,
            at: At(at),
        };
        keep.execute(self.conn)?;
        Ok(())
    }

    fn forget_signatures(&mut self, resource: Uuid) -> Result<()> {
        diesel::delete(signature::table)
            .filter(signature::tenant_id.eq(self.scope()))
            .filter(signature::resource_id.eq(Key(resource)))
            .execute(self.conn)?;
        Ok(())
    }
}
