//! Replies kept for retries.

use super::engine::Unit;
use super::{Conn, Db};
use crate::column::{At, Key, statement};
use crate::ports::{Idempotency, Result, StoredReply};
use crate::schema::idempotency;
use diesel::prelude::*;
use domain::time::Timestamp;
use uuid::Uuid;

statement! {
    /// Keeps a reply.
    struct Insert {
        tenant: Key,
        principal: Key,
        key: String,
        digest: Vec<u8>,
        status: i32,
        headers: String,
        body: Vec<u8>,
        at: At,
    }
    "INSERT INTO idempotency \
     (tenant_id, principal_id, key, request_digest, status, headers, body, created_at) VALUES ("
    tenant ", " principal ", " key ", " digest ", " status ", " headers ", " body ", " at ")"
}

impl Idempotency for Unit<'_> {
    fn stored_reply(&mut self, principal: Uuid, key: &str) -> Result<Option<StoredReply>> {
        let row = idempotency::table
            .find((self.scope(), Key(principal), key))
            .select((
                idempotency::request_digest,
                idempotency::status,
                idempotency::headers,
                idempotency::body,
            ))
            .get_result::<(Vec<u8>, i32, String, Vec<u8>)>(self.conn)
            .optional()?;
        Ok(row.map(|(request_digest, status, headers, body)| StoredReply {
            request_digest,
            status,
            headers,
            body,
        }))
    }

    fn store_reply(&mut self, principal: Uuid, key: &str, reply: &StoredReply) -> Result<()> {
        let at = At(self.now());
        let insert = Insert {
            tenant: self.scope(),
            principal: Key(principal),
            key: key.to_owned(),
            digest: reply.request_digest.clone(),
            status: reply.status,
            headers: reply.headers.clone(),
            body: reply.body.clone(),
            at,
        };
        insert.execute(self.conn)?;
        Ok(())
    }

    fn forget_replies(&mut self, before: Timestamp) -> Result<usize> {
        Ok(diesel::delete(idempotency::table)
            .filter(idempotency::tenant_id.eq(self.scope()))
            .filter(idempotency::created_at.lt(At(before)))
            .execute(self.conn)?)
    }
}
