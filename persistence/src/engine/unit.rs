//! A unit of work: one tenant, one connection, and the records of its changes.

use super::super::Conn;
use super::records::Records;
use crate::column::Key;
use crate::database::Context;
use crate::error::DbError;
use domain::access::look::Look;
use domain::core::change::Record;
use domain::core::id::TenantId;
use domain::core::time::Timestamp;
use uuid::Uuid;

/// What repositories work on. It is opened for one tenant and cannot name another.
pub struct Unit<'c> {
    pub(in super::super) conn: &'c mut Conn,
    tenant: TenantId,
    context: Option<Context>,
    records: Records,
    looks: Vec<Look>,
}

impl<'c> Unit<'c> {
    /// A unit that only reads.
    pub fn reading(conn: &'c mut Conn, tenant: TenantId) -> Self {
        Self::of(conn, tenant, None)
    }

    /// A unit that may write, on behalf of `context`.
    pub fn writing(conn: &'c mut Conn, context: Context) -> Self {
        Self::of(conn, context.tenant, Some(context))
    }

    fn of(conn: &'c mut Conn, tenant: TenantId, context: Option<Context>) -> Self {
        Self { conn, tenant, context, records: Records::default(), looks: Vec::new() }
    }

    /// The tenant, as the first part of every key.
    pub(in super::super) fn scope(&self) -> Key {
        Key(self.tenant.uuid())
    }

    /// The instant given to everything in a writing unit.
    pub(in super::super) fn now(&self) -> Timestamp {
        self.context.as_ref().map_or(Timestamp::UNIX_EPOCH, |context| context.now)
    }

    /// Keeps a record for the audit log and the events feed; both are written at commit.
    pub(in super::super) fn record(&mut self, record: Record) {
        debug_assert!(self.context.is_some(), "a reading unit changed {}", record.action);
        self.records.push(record);
    }

    /// Keeps the same record for each of these resources; the id in the record is not used.
    pub(in super::super) fn record_each(&mut self, record: Record, ids: Vec<Uuid>) {
        debug_assert!(self.context.is_some(), "a reading unit changed {}", record.action);
        self.records.push_each(record, ids);
    }

    /// Keeps a look for the log of reads; it is written at commit.
    pub(in super::super) fn look(&mut self, look: Look) {
        debug_assert!(self.context.is_some(), "a reading unit logged {}", look.operation);
        self.looks.push(look);
    }

    /// Turns the row count of a guarded update into a result. The caller has loaded the row in this
    /// unit, so no row means that its version has changed.
    pub(in super::super) fn guard(&self, saved: usize) -> Result<(), DbError> {
        if saved == 0 { Err(DbError::Stale) } else { Ok(()) }
    }

    /// The records and the looks of the unit.
    pub fn into_notes(self) -> (Records, Vec<Look>) {
        (self.records, self.looks)
    }
}
