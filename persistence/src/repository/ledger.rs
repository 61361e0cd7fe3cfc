//! The audit log and the events feed of a tenant, numbered without gaps.

use super::engine::Unit;
use super::{Conn, Db, dialect};
use crate::audit::{self, AuditEntry};
use crate::column::{At, Key, statement};
use crate::database::Context;
use crate::page::Page;
use crate::ports::{AuditFilter, Event, Ledger, Result};
use crate::schema::{audit_entry, event, ledger};
use diesel::prelude::*;
use domain::change::Record;
use domain::id::TenantId;
use uuid::Uuid;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = audit_entry, treat_none_as_default_value = false)]
struct AuditRow {
    tenant_id: Key,
    position: i64,
    id: Key,
    at: At,
    actor_kind: String,
    actor_id: Option<Key>,
    on_behalf_of: Option<Key>,
    action: String,
    resource: String,
    resource_id: Key,
    from_state: Option<String>,
    to_state: Option<String>,
    reason: Option<String>,
    rule: String,
    request_id: String,
    details: Option<String>,
    salt: Option<Vec<u8>>,
    details_digest: Vec<u8>,
    previous_hash: Vec<u8>,
    hash: Vec<u8>,
}

impl AuditRow {
    fn new(tenant: TenantId, entry: AuditEntry) -> Self {
        Self {
            tenant_id: Key(tenant.uuid()),
            position: entry.position,
            id: Key(entry.id),
            at: At(entry.at),
            actor_kind: entry.actor_kind,
            actor_id: entry.actor_id.map(Key),
            on_behalf_of: entry.on_behalf_of.map(Key),
            action: entry.action,
            resource: entry.resource,
            resource_id: Key(entry.resource_id),
            from_state: entry.from_state,
            to_state: entry.to_state,
            reason: entry.reason,
            rule: entry.rule,
            request_id: entry.request_id,
            details: entry.details,
            salt: entry.salt,
            details_digest: entry.details_digest,
            previous_hash: entry.previous_hash,
            hash: entry.hash,
        }
    }
}

impl From<AuditRow> for AuditEntry {
    fn from(row: AuditRow) -> Self {
        Self {
            position: row.position,
            id: row.id.0,
            at: row.at.0,
            actor_kind: row.actor_kind,
            actor_id: row.actor_id.map(|id| id.0),
            on_behalf_of: row.on_behalf_of.map(|id| id.0),
            action: row.action,
            resource: row.resource,
            resource_id: row.resource_id.0,
            from_state: row.from_state,
            to_state: row.to_state,
            reason: row.reason,
            rule: row.rule,
            request_id: row.request_id,
            details: row.details,
            salt: row.salt,
            details_digest: row.details_digest,
            previous_hash: row.previous_hash,
            hash: row.hash,
        }
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = event, treat_none_as_default_value = false)]
struct EventRow {
    tenant_id: Key,
    position: i64,
    id: Key,
    kind: String,
    resource: String,
    resource_id: Key,
    at: At,
    data: String,
}

impl From<EventRow> for Event {
    fn from(row: EventRow) -> Self {
        Self {
            position: row.position,
            id: row.id.0,
            kind: row.kind,
            resource: row.resource,
            resource_id: row.resource_id.0,
            at: row.at.0,
            data: row.data,
        }
    }
}

statement! {
    /// Moves the heads of chain and feed.
    struct MoveHeads { audit: i64, hash: Vec<u8>, events: i64, tenant: Key }
    "UPDATE ledger SET audit_position = " audit ", audit_hash = " hash ", event_position = " events
    " WHERE tenant_id = " tenant
}

/// Rows of one insert, well below the binds either engine allows.
const ROWS: usize = 500;

/// Chains an audit entry and numbers an event for each record. The head row is locked from here
/// to the commit, which must follow at once.
pub fn append(conn: &mut Conn, tenant: TenantId, records: &[(Context, Record)]) -> Result<()> {
    let heads = ledger::table.find(Key(tenant.uuid())).select((
        ledger::audit_position,
        ledger::audit_hash,
        ledger::event_position,
    ));
    let (mut audit_position, mut hash, mut event_position): (i64, Vec<u8>, i64) =
        dialect::for_update!(heads).get_result(conn)?;
    let (mut entries, mut events) = (Vec::new(), Vec::new());
    for (number, (context, record)) in (0..).zip(records) {
        audit_position += 1;
        event_position += 1;
        let entry = AuditEntry::chained(context, record, audit_position, &hash, number);
        hash.clone_from(&entry.hash);
        entries.push(AuditRow::new(tenant, entry));
        events.push(EventRow {
            tenant_id: Key(tenant.uuid()),
            position: event_position,
            id: Key(audit::id(context, b"event", number)),
            kind: record.action.to_owned(),
            resource: record.resource.to_owned(),
            resource_id: Key(record.resource_id),
            at: At(context.now),
            data: serde_json::Value::Object(record.event.clone()).to_string(),
        });
    }
    for rows in entries.chunks(ROWS) {
        diesel::insert_into(audit_entry::table).values(rows).execute(conn)?;
    }
    for rows in events.chunks(ROWS) {
        diesel::insert_into(event::table).values(rows).execute(conn)?;
    }
    MoveHeads { audit: audit_position, hash, events: event_position, tenant: Key(tenant.uuid()) }
        .execute(conn)?;
    Ok(())
}

impl Ledger for Unit<'_> {
    fn note(&mut self, record: Record) -> Result<()> {
        self.record(record);
        Ok(())
    }

    fn audit_entries(&mut self, filter: &AuditFilter, page: &Page) -> Result<Vec<AuditEntry>> {
        let mut query = audit_entry::table
            .filter(audit_entry::tenant_id.eq(self.scope()))
            .filter(audit_entry::position.gt(page.after_position()))
            .order(audit_entry::position)
            .select(AuditRow::as_select())
            .limit(page.limit)
            .into_boxed::<Db>();
        if let Some(actor) = filter.actor_id {
            query = query.filter(audit_entry::actor_id.eq(Key(actor)));
        }
        if let Some(ids) = &filter.resource_ids {
            let ids: Vec<Key> = ids.iter().copied().map(Key).collect();
            query = query.filter(audit_entry::resource_id.eq_any(ids));
        }
        if let Some(action) = &filter.action {
            query = query.filter(audit_entry::action.eq(action.clone()));
        }
        if let Some(from) = filter.from {
            query = query.filter(audit_entry::at.ge(At(from)));
        }
        if let Some(until) = filter.until {
            query = query.filter(audit_entry::at.lt(At(until)));
        }
        Ok(query.load(self.conn)?.into_iter().map(AuditEntry::from).collect())
    }

    fn audit_entry(&mut self, id: Uuid) -> Result<Option<AuditEntry>> {
        let row = audit_entry::table
            .filter(audit_entry::tenant_id.eq(self.scope()))
            .filter(audit_entry::id.eq(Key(id)))
            .select(AuditRow::as_select())
            .get_result(self.conn)
            .optional()?;
        Ok(row.map(AuditEntry::from))
    }

    fn audit_head(&mut self) -> Result<(i64, Vec<u8>)> {
        Ok(ledger::table
            .find(self.scope())
            .select((ledger::audit_position, ledger::audit_hash))
            .get_result(self.conn)?)
    }

    fn events(&mut self, after: i64, kinds: &[String], limit: i64) -> Result<Vec<Event>> {
        let mut query = event::table
            .filter(event::tenant_id.eq(self.scope()))
            .filter(event::position.gt(after))
            .order(event::position)
            .select(EventRow::as_select())
            .limit(limit)
            .into_boxed::<Db>();
        if !kinds.is_empty() {
            query = query.filter(event::kind.eq_any(kinds.to_vec()));
        }
        Ok(query.load(self.conn)?.into_iter().map(Event::from).collect())
    }
}
