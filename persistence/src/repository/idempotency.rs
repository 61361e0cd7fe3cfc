//! Answers stored for retried requests.

use super::engine::Unit;
use super::{Conn, Db, dialect};
use crate::column::{At, Key, rows_statement, statement};
use crate::ports::{Idempotency, Result, StoredReply};
use crate::schema::idempotency;
use diesel::prelude::*;
use domain::core::id::TenantId;
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

rows_statement! {
    /// Stores answers under keys taken before.
    struct Keep {
        tenant: Key,
        principal: Key,
        key: String,
        digest: Vec<u8>,
        status: i32,
        headers: String,
        body: Vec<u8>,
    }
    "WITH kept (tenant_id, principal_id, key, request_digest, status, headers, body) AS ("
    rows
    ") UPDATE idempotency SET request_digest = kept.request_digest, status = kept.status, \
     headers = kept.headers, body = kept.body FROM kept \
     WHERE idempotency.tenant_id = kept.tenant_id \
     AND idempotency.principal_id = kept.principal_id AND idempotency.key = kept.key"
}

/// Stores the replies of the units of a group, each under the key that its unit has taken.
pub fn append(
    conn: &mut Conn,
    tenant: TenantId,
    replies: Vec<(Uuid, String, StoredReply)>,
) -> Result<()> {
    let mut replies = replies.into_iter().peekable();
    while replies.peek().is_some() {
        let mut rows = Keep::default();
        for (principal, key, reply) in replies.by_ref().take(dialect::BATCH) {
            rows.tenant.push(Key(tenant.uuid()));
            rows.principal.push(Key(principal));
            rows.key.push(key);
            rows.digest.push(reply.request_digest);
            rows.status.push(reply.status);
            rows.headers.push(reply.headers);
            rows.body.push(reply.body);
        }
        rows.execute(conn)?;
    }
    Ok(())
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

    fn store_reply(&mut self, principal: Uuid, key: &str, reply: StoredReply) -> Result<()> {
        self.reply(principal, key.to_owned(), reply);
        Ok(())
    }

    fn forget_replies(&mut self, before: Timestamp) -> Result<usize> {
        Ok(diesel::delete(idempotency::table)
            .filter(idempotency::tenant_id.eq(self.scope()))
            .filter(idempotency::created_at.lt(At(before)))
            .execute(self.conn)?)
    }
}
