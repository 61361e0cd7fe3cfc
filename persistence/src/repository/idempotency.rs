//! Answers stored for retried requests.

use super::engine::Unit;
use super::{Conn, Db};
use crate::column::{At, Key, statement};
use crate::ports::{Idempotency, Result, StoredReply};
use crate::schema::idempotency;
use diesel::prelude::*;
use domain::core::time::Timestamp;
use uuid::Uuid;

statement! {
    /// Takes a key unless it is taken; waits for a transaction that is taking it.
    struct Take { tenant: Key, principal: Key, key: String, nothing: Vec<u8>, at: At }
    "INSERT INTO idempotency \
     (tenant_id, principal_id, key, request_digest, status, headers, body, created_at) VALUES ("
    tenant ", " principal ", " key ", " nothing ", 0, '', " nothing ", " at
    ") ON CONFLICT (tenant_id, principal_id, key) DO NOTHING"
}

statement! {
    /// Stores the answer under a key taken before.
    struct Keep {
        digest: Vec<u8>,
        status: i32,
        headers: String,
        body: Vec<u8>,
        tenant: Key,
        principal: Key,
        key: String,
    }
    "UPDATE idempotency SET request_digest = " digest ", status = " status ", headers = " headers
    ", body = " body " WHERE tenant_id = " tenant " AND principal_id = " principal " AND key = " key
}

impl Idempotency for Unit<'_> {
    fn take_key(&mut self, principal: Uuid, key: &str) -> Result<Option<StoredReply>> {
        let take = Take {
            tenant: self.scope(),
            principal: Key(principal),
            key: key.to_owned(),
            nothing: Vec::new(),
            at: At(self.now()),
        };
        if take.execute(self.conn)? > 0 {
            return Ok(None);
        }
        let (request_digest, status, headers, body) = idempotency::table
            .find((self.scope(), Key(principal), key))
            .select((
                idempotency::request_digest,
                idempotency::status,
                idempotency::headers,
                idempotency::body,
            ))
            .get_result(self.conn)?;
        Ok(Some(StoredReply { request_digest, status, headers, body }))
    }

    fn store_reply(&mut self, principal: Uuid, key: &str, reply: &StoredReply) -> Result<()> {
        let keep = Keep {
            digest: reply.request_digest.clone(),
            status: reply.status,
            headers: reply.headers.clone(),
            body: reply.body.clone(),
            tenant: self.scope(),
            principal: Key(principal),
            key: key.to_owned(),
        };
        keep.execute(self.conn)?;
        Ok(())
    }

    fn forget_replies(&mut self, before: Timestamp) -> Result<usize> {
        Ok(diesel::delete(idempotency::table)
            .filter(idempotency::tenant_id.eq(self.scope()))
            .filter(idempotency::created_at.lt(At(before)))
            .execute(self.conn)?)
    }
}
