//! Signing keys.

use super::engine::Unit;
use super::{Conn, Db};
use crate::column::{At, statement};
use crate::ports::{Result, SigningKey, SigningKeys};
use crate::schema::signing_key;
use diesel::prelude::*;
use domain::core::time::Timestamp;

statement! {
    /// Locks the one row that every database has, since there may be no key yet that could be
    /// locked.
    struct Hold {}
    "UPDATE pulse SET at = at"
}

impl SigningKeys for Unit<'_> {
    fn signing_keys(&mut self) -> Result<Vec<SigningKey>> {
        let rows: Vec<(String, Vec<u8>, At, Option<At>)> = signing_key::table
            .filter(signing_key::retired_at.is_null())
            .order((signing_key::created_at, signing_key::kid))
            .load(self.conn)?;
        Ok(rows
            .into_iter()
            .map(|(kid, secret, created_at, retired_at)| SigningKey {
                kid,
                secret,
                created_at: created_at.0,
                retired_at: retired_at.map(|at| at.0),
            })
            .collect())
    }

    fn hold_signing_keys(&mut self) -> Result<Vec<SigningKey>> {
        Hold {}.execute(self.conn)?;
        self.signing_keys()
    }

    fn create_signing_key(&mut self, key: &SigningKey) -> Result<()> {
        diesel::insert_into(signing_key::table)
            .values((
                signing_key::kid.eq(&key.kid),
                signing_key::secret.eq(&key.secret),
                signing_key::created_at.eq(At(key.created_at)),
                signing_key::retired_at.eq(key.retired_at.map(At)),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    fn wrap_signing_key(&mut self, key: &SigningKey) -> Result<()> {
        diesel::update(signing_key::table.find(&key.kid))
            .set(signing_key::secret.eq(&key.secret))
            .execute(self.conn)?;
        Ok(())
    }

    fn retire_signing_key(&mut self, kid: &str, at: Timestamp) -> Result<bool> {
        let retired = diesel::update(signing_key::table.find(kid))
            .filter(signing_key::retired_at.is_null())
            .set(signing_key::retired_at.eq(At(at)))
            .execute(self.conn)?;
        Ok(retired > 0)
    }
}
