//! The audit log and the events feed of a tenant, numbered without gaps.

use super::engine::Unit;
use super::{Conn, Db, dialect};
use crate::audit::{self, AuditEntry};
use crate::column::{At, Key, rows_statement, statement, to_json};
use crate::database::Context;
use crate::page::Page;
use crate::ports::{AuditFilter, Event, Ledger, Result};
use crate::schema::{audit_entry, event, ledger};
use diesel::prelude::*;
use domain::change::Record;
use domain::id::TenantId;
use uuid::Uuid;

#[derive(Queryable, Selectable)]
#[diesel(table_name = audit_entry)]
struct AuditRow {
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

#[derive(Queryable, Selectable)]
#[diesel(table_name = event)]
struct EventRow {
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

rows_statement! {
    /// Entries behind the end of the chain.
    struct Entries {
        tenant: Key,
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
    "INSERT INTO audit_entry (tenant_id, position, id, at, actor_kind, actor_id, on_behalf_of, \
     action, resource, resource_id, from_state, to_state, reason, rule, request_id, details, salt, \
     details_digest, previous_hash, hash) "
    rows ""
}

impl Entries {
    fn push(&mut self, tenant: Key, entry: AuditEntry) {
        self.tenant.push(tenant);
        self.position.push(entry.position);
        self.id.push(Key(entry.id));
        self.at.push(At(entry.at));
        self.actor_kind.push(entry.actor_kind);
        self.actor_id.push(entry.actor_id.map(Key));
        self.on_behalf_of.push(entry.on_behalf_of.map(Key));
        self.action.push(entry.action);
        self.resource.push(entry.resource);
        self.resource_id.push(Key(entry.resource_id));
        self.from_state.push(entry.from_state);
        self.to_state.push(entry.to_state);
        self.reason.push(entry.reason);
        self.rule.push(entry.rule);
        self.request_id.push(entry.request_id);
        self.details.push(entry.details);
        self.salt.push(entry.salt);
        self.details_digest.push(entry.details_digest);
        self.previous_hash.push(entry.previous_hash);
        self.hash.push(entry.hash);
    }
}

rows_statement! {
    /// Events behind the end of the feed.
    struct Events {
        tenant: Key,
        position: i64,
        id: Key,
        kind: String,
        resource: String,
        resource_id: Key,
        at: At,
        data: String,
    }
    "INSERT INTO event (tenant_id, position, id, type, resource, resource_id, at, data) "
    rows ""
}

/// The ends of chain and feed, as they are moved on.
struct Pen<'c> {
    conn: &'c mut Conn,
    tenant: Key,
    audit_position: i64,
    hash: Vec<u8>,
    event_position: i64,
    entries: Entries,
    events: Events,
}

impl Pen<'_> {
    fn add(&mut self, context: &Context, record: &Record, number: u32) -> Result<()> {
        self.audit_position += 1;
        self.event_position += 1;
        let position = self.audit_position;
        let entry = AuditEntry::chained(context, record, position, &self.hash, number)?;
        self.hash.clone_from(&entry.hash);
        self.entries.push(self.tenant, entry);
        self.events.tenant.push(self.tenant);
        self.events.position.push(self.event_position);
        self.events.id.push(Key(audit::id(context, b"event", number)));
        self.events.kind.push(record.action.to_owned());
        self.events.resource.push(record.resource.to_owned());
        self.events.resource_id.push(Key(record.resource_id));
        self.events.at.push(At(context.now));
        self.events.data.push(to_json(&record.event)?);
        if self.entries.id.len() == dialect::BATCH {
            self.write()?;
        }
        Ok(())
    }

    /// Writes down what was added.
    fn write(&mut self) -> Result<()> {
        if !self.entries.id.is_empty() {
            std::mem::take(&mut self.entries).execute(self.conn)?;
            std::mem::take(&mut self.events).execute(self.conn)?;
        }
        Ok(())
    }
}

/// Chains an audit entry and numbers an event for each record of these units. The head row is locked
/// from here to the commit, which must follow at once.
pub fn append(conn: &mut Conn, tenant: TenantId, units: Vec<(Context, Vec<Record>)>) -> Result<()> {
    let tenant = Key(tenant.uuid());
    let heads = ledger::table.find(tenant).select((
        ledger::audit_position,
        ledger::audit_hash,
        ledger::event_position,
    ));
    let (audit_position, hash, event_position) = dialect::for_update!(heads).get_result(conn)?;
    let (entries, events) = Default::default();
    let mut pen = Pen { conn, tenant, audit_position, hash, event_position, entries, events };
    for (context, records) in units {
        for (number, record) in (0..).zip(records) {
            pen.add(&context, &record, number)?;
        }
    }
    pen.write()?;
    let Pen { conn, audit_position: audit, hash, event_position: events, .. } = pen;
    MoveHeads { audit, hash, events, tenant }.execute(conn)?;
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
