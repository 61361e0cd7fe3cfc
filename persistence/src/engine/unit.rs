//! A unit of work: one tenant, one connection, and the records of its changes.

use super::super::Conn;
use super::super::repository::reviews::review_sets::ComputedTrace;
use super::records::Records;
use crate::column::Key;
use crate::database::Context;
use crate::error::DbError;
use crate::ports::StoredReply;
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
    notes: Notes,
}

/// What a unit leaves to be written at commit, together with the notes of the other units.
#[derive(Default)]
pub struct Notes {
    /// Records for the audit log and the events feed.
    pub records: Records,
    /// Looks for the log of reads.
    pub looks: Vec<Look>,
    /// How results were computed.
    pub traces: Vec<ComputedTrace>,
    /// Replies to keep for retries, each with its principal and key.
    pub replies: Vec<(Uuid, String, StoredReply)>,
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
        Self { conn, tenant, context, notes: Notes::default() }
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
        self.notes.records.push(record);
    }

    /// Keeps the same record for each of these resources; the id in the record is not used.
    pub(in super::super) fn record_each(&mut self, record: Record, ids: Vec<Uuid>) {
        debug_assert!(self.context.is_some(), "a reading unit changed {}", record.action);
        self.notes.records.push_each(record, ids);
    }

    /// Keeps a look for the log of reads; it is written at commit.
    pub(in super::super) fn look(&mut self, look: Look) {
        debug_assert!(self.context.is_some(), "a reading unit logged {}", look.operation);
        self.notes.looks.push(look);
    }

    /// Keeps how a result was computed; it is written at commit.
    pub(in super::super) fn trace(&mut self, trace: ComputedTrace) {
        self.notes.traces.push(trace);
    }

    /// Keeps a reply under a key that the unit has taken; it is written at commit.
    pub(in super::super) fn reply(&mut self, principal: Uuid, key: String, reply: StoredReply) {
        self.notes.replies.push((principal, key, reply));
    }

    /// Turns the row count of a guarded update into a result. The caller has loaded the row in this
    /// unit, so no row means that its version has changed.
    pub(in super::super) fn guard(&self, saved: usize) -> Result<(), DbError> {
        if saved == 0 { Err(DbError::Stale) } else { Ok(()) }
    }

    /// What is to be written at commit.
    pub fn into_notes(self) -> Notes {
        self.notes
    }
}
