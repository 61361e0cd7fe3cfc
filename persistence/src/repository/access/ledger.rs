//! The audit log and the events feed of a tenant, numbered without gaps.

use super::among::{OneOf, one_of};
use super::engine::{Records, Unit};
use super::keys::of_key;
use super::{Conn, Db, dialect};
use crate::audit::{self, AuditEntry, ERASED};
use crate::column::{At, Id, Instant, Key, push, rows_statement, statement, to_json, word};
use crate::database::Context;
use crate::error::DbError;
use crate::page::Page;
use crate::ports::{AuditFilter, Event, EventFilter, Ledger, Result};
use crate::schema::{audit_detail, audit_entry, event, ledger};
use diesel::dsl::not;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Bool, Nullable, Text};
use domain::access::disclosure::{Actions, Belonging, OwnRecord, Withheld};
use domain::core::change::Record;
use domain::core::id::{EmployeeId, TenantId};
use domain::core::time::Timestamp;
use domain::cycles::{cycle as cycles, performance_policy as policies};
use domain::policy::{Stage, Target};
use domain::state::{cycle, review};
use std::sync::mpsc;
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
            details: None,
            salt: None,
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
    /// Moves the ends of the chain and of the feed.
    struct MoveHeads { audit: i64, hash: Vec<u8>, events: i64, tenant: Key }
    "UPDATE ledger SET audit_position = " audit ", audit_hash = " hash ", event_position = " events
    " WHERE tenant_id = " tenant
}

statement! {
    /// The instant of the last entry of the chain.
    struct Latest { tenant: Key } -> (Instant,);
    "SELECT at FROM audit_entry WHERE tenant_id = " tenant " ORDER BY position DESC LIMIT 1"
}

/// The instant of the tenant's last change; none if nothing has changed yet.
pub fn latest(conn: &mut Conn, tenant: TenantId) -> Result<Option<Timestamp>> {
    let latest = Latest { tenant: Key(tenant.uuid()) }.get_result(conn).optional()?;
    Ok(latest.map(|(at,): (At,)| at.0))
}

rows_statement! {
    /// New entries at the end of the chain.
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
        details_digest: Vec<u8>,
        previous_hash: Vec<u8>,
        hash: Vec<u8>,
    }
    "INSERT INTO audit_entry (tenant_id, position, id, at, actor_kind, actor_id, on_behalf_of, \
     action, resource, resource_id, from_state, to_state, reason, rule, request_id, \
     details_digest, previous_hash, hash) "
    rows ""
}

rows_statement! {
    /// The part of new entries that can be erased.
    struct Details {
        tenant: Key,
        position: i64,
        salt: Vec<u8>,
        details: String,
    }
    "INSERT INTO audit_detail (tenant_id, position, salt, details) "
    rows ""
}

statement! {
    /// Deletes the details of an entry, after the chain has recorded the erasure.
    struct Erase { tenant: Key, id: Key }
    "DELETE FROM audit_detail WHERE tenant_id = " tenant " AND position = (SELECT e.position \
     FROM audit_entry e WHERE e.id = " id " AND e.tenant_id = " tenant ")"
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
        self.details_digest.push(entry.details_digest);
        self.previous_hash.push(entry.previous_hash);
        self.hash.push(entry.hash);
    }
}

rows_statement! {
    /// New events at the end of the feed.
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

/// Most positions named in one statement.
const LISTED: usize = 1000;

/// Rows that are written together.
#[derive(Default)]
struct Sheet {
    entries: Entries,
    details: Details,
    events: Events,
    /// The entry whose erasure is the last entry of this sheet.
    erased: Option<Uuid>,
}

impl Sheet {
    fn write(self, conn: &mut Conn, tenant: Key) -> Result<()> {
        if self.entries.id.is_empty() {
            return Ok(());
        }
        self.entries.execute(conn)?;
        self.details.execute(conn)?;
        self.events.execute(conn)?;
        // Deletes the details once their erasure is written.
        if let Some(entry) = self.erased {
            Erase { tenant, id: Key(entry) }.execute(conn)?;
        }
        Ok(())
    }
}

/// The ends of the chain and of the feed while entries are added.
struct Pen {
    tenant: Key,
    audit_position: i64,
    hash: Vec<u8>,
    event_position: i64,
    sheet: Sheet,
}

impl Pen {
    /// Chains all records of these units and passes on one full sheet after another.
    fn chain(
        mut self,
        units: Vec<(Context, Records)>,
        hand_over: &mut dyn FnMut(Sheet) -> Result<()>,
    ) -> Result<Self> {
        for (context, records) in units {
            let mut numbers = 0..;
            records.try_for_each(|record| {
                let number = numbers.next().unwrap_or(u32::MAX);
                self.add(&context, record, number)?;
                if self.sheet.entries.id.len() == dialect::BATCH || self.sheet.erased.is_some() {
                    hand_over(std::mem::take(&mut self.sheet))?;
                }
                Ok::<_, DbError>(())
            })?;
        }
        hand_over(std::mem::take(&mut self.sheet))?;
        Ok(self)
    }

    fn add(&mut self, context: &Context, record: &Record, number: u32) -> Result<()> {
        self.audit_position += 1;
        self.event_position += 1;
        let position = self.audit_position;
        let mut entry = AuditEntry::chained(context, record, position, &self.hash, number)?;
        self.hash.clone_from(&entry.hash);
        let Sheet { entries, details, events, erased } = &mut self.sheet;
        if let (Some(salt), Some(text)) = (entry.salt.take(), entry.details.take()) {
            details.tenant.push(self.tenant);
            details.position.push(position);
            details.salt.push(salt);
            details.details.push(text);
        }
        entries.push(self.tenant, entry);
        events.tenant.push(self.tenant);
        events.position.push(self.event_position);
        events.id.push(Key(audit::id(context, b"event", number)));
        events.kind.push(record.action.to_owned());
        events.resource.push(record.resource.to_owned());
        events.resource_id.push(Key(record.resource_id));
        events.at.push(At(context.now));
        events.data.push(to_json(&record.event)?);
        *erased = (record.action == ERASED).then_some(record.resource_id);
        Ok(())
    }
}

/// Sheets that may be chained ahead of the one being written.
const AHEAD: usize = 2;

/// Chains an audit entry and numbers an event for each record of these units. The number of
/// statements is the same for each [`dialect::BATCH`] of records. The head row is locked from here
/// to the commit, which must follow at once. If there are many records, one thread chains the next
/// sheets while another writes the last ones, because hashing and writing take about as long.
pub fn append(conn: &mut Conn, tenant: TenantId, units: Vec<(Context, Records)>) -> Result<()> {
    let tenant = Key(tenant.uuid());
    let heads = ledger::table.find(tenant).select((
        ledger::audit_position,
        ledger::audit_hash,
        ledger::event_position,
    ));
    let (audit_position, hash, event_position) = dialect::for_update!(heads).get_result(conn)?;
    let pen = Pen { tenant, audit_position, hash, event_position, sheet: Sheet::default() };
    let recorded: usize = units.iter().map(|(_, records)| records.len()).sum();
    let pen = if recorded <= dialect::BATCH {
        pen.chain(units, &mut |sheet| sheet.write(conn, tenant))?
    } else {
        std::thread::scope(|scope| {
            let (sheets, written) = mpsc::sync_channel(AHEAD);
            // Once a sheet could not be written, the receiver is gone; the error of that write is
            // the one returned.
            let stopped = |_| DbError::Unavailable("a sheet before was not written".to_owned());
            let chaining = scope
                .spawn(move || pen.chain(units, &mut |sheet| sheets.send(sheet).map_err(stopped)));
            for sheet in written {
                Sheet::write(sheet, conn, tenant)?;
            }
            chaining.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })?
    };
    let Pen { audit_position: audit, hash, event_position: events, .. } = pen;
    MoveHeads { audit, hash, events, tenant }.execute(conn)?;
    Ok(())
}

/// A condition on a table of the ledger.
type Condition<T> = Box<dyn BoxableExpression<T, Db, SqlType = Bool>>;

/// Whether a row of a table of the ledger is withheld from the reader. The column `$action` holds
/// the action.
macro_rules! is_withheld {
    ($table:ident, $action:ident, $withheld:expr) => {{
        let Withheld { ids, actions } = $withheld;
        let on: Condition<$table::table> = match ids {
            None => Box::new(true.into_sql::<Bool>()),
            Some(ids) => {
                let ids: Vec<Key> = ids.iter().copied().map(Key).collect();
                Box::new($table::resource_id.eq_any(ids))
            }
        };
        let told: Condition<$table::table> = match *actions {
            Actions::All => Box::new(true.into_sql::<Bool>()),
            Actions::On(noun) => Box::new($table::resource.eq(noun)),
            Actions::These(actions) => Box::new($table::$action.eq_any(actions)),
            Actions::But(actions) => Box::new($table::$action.ne_all(actions)),
        };
        on.and(told)
    }};
}

/// The events that a filter lets through.
fn events_of(tenant: Key, filter: &EventFilter) -> event::BoxedQuery<'static, Db> {
    let mut query = event::table
        .filter(event::tenant_id.eq(tenant))
        .filter(event::position.gt(filter.after))
        .into_boxed::<Db>();
    if !filter.kinds.is_empty() {
        query = query.filter(event::kind.eq_any(filter.kinds.clone()));
    }
    for withheld in &filter.withheld {
        query = query.filter(not(is_withheld!(event, kind, withheld)));
    }
    query
}

/// The records that belong to an account and to some people: how each belongs to them, its id, and
/// its state.
struct OwnRecords {
    tenant: Key,
    account: Key,
    people: Vec<Key>,
}

impl QueryId for OwnRecords {
    type QueryId = Self;
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Db> for OwnRecords {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Db>) -> QueryResult<()> {
        out.push_sql(
            "WITH mine (tenant_id, id, belonging) AS (SELECT tenant_id, id, CASE id WHEN ",
        );
        push(&mut out, &self.account)?;
        out.push_sql(" THEN 'account' ELSE 'behind' END FROM account WHERE tenant_id = ");
        push(&mut out, &self.tenant)?;
        out.push_sql(" AND (id = ");
        push(&mut out, &self.account)?;
        out.push_sql(" OR employee_id");
        dialect::push_list(&mut out, &self.people)?;
        out.push_sql(
            ")), rated (tenant_id, id, session_id, state) AS (
               SELECT r.tenant_id, r.id, r.session_id, r.state FROM participant p
                 JOIN review r ON r.tenant_id = p.tenant_id AND r.participant_id = p.id
                WHERE p.tenant_id = ",
        );
        push(&mut out, &self.tenant)?;
        out.push_sql(" AND p.employee_id");
        dialect::push_list(&mut out, &self.people)?;
        out.push_sql(
            ")
             SELECT belonging, id, NULL FROM mine
             UNION ALL SELECT belonging, r.id, NULL FROM mine
               JOIN role_assignment r ON r.tenant_id = mine.tenant_id AND r.account_id = mine.id
             UNION ALL SELECT belonging, k.id, NULL FROM mine
               JOIN api_key k ON k.tenant_id = mine.tenant_id AND k.owner_account_id = mine.id
             UNION ALL SELECT belonging, s.id, NULL FROM mine
               JOIN session s ON s.tenant_id = mine.tenant_id AND s.account_id = mine.id
             UNION ALL SELECT 'review', id, state FROM rated
             UNION ALL SELECT 'session', session_id, state FROM rated WHERE session_id IS NOT NULL
             UNION ALL SELECT 'move', m.id, rated.state FROM rated
               JOIN calibration_move m ON m.tenant_id = rated.tenant_id AND m.review_id = rated.id
             UNION ALL SELECT 'goal', g.id, c.state FROM goal g
               JOIN cycle c ON c.tenant_id = g.tenant_id AND c.id = g.cycle_id
              WHERE g.tenant_id = ",
        );
        push(&mut out, &self.tenant)?;
        out.push_sql(" AND g.owner_id");
        dialect::push_list(&mut out, &self.people)
    }
}

impl Query for OwnRecords {
    type SqlType = (Text, Id, Nullable<Text>);
}

impl RunQueryDsl<Conn> for OwnRecords {}

/// Reads one such record from a row.
fn own_record((belonging, id, state): (String, Key, Option<String>)) -> Result<OwnRecord> {
    let belonging = word(&belonging)?;
    let stage = match (belonging, state) {
        (Belonging::Goal, Some(state)) => Some(cycles::stage(word::<cycle::State>(&state)?)),
        (_, Some(state)) => Some(word::<review::State>(&state)?.rating_stage()),
        (_, None) => None,
    };
    Ok(OwnRecord { belonging, id: id.0, released: stage == Some(Stage::Released) })
}

/// What the policy must know about the records of one noun: whom they are about, who answers for
/// them, the session that compares them, and their state.
struct Targets {
    select: &'static str,
    tenant: Key,
    ids: OneOf,
}

impl QueryId for Targets {
    type QueryId = Self;
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Db> for Targets {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Db>) -> QueryResult<()> {
        out.push_sql("SELECT ");
        out.push_sql(self.select);
        out.push_sql(" WHERE x.tenant_id = ");
        push(&mut out, &self.tenant)?;
        out.push_sql(" AND ");
        self.ids.walk_ast(out)
    }
}

impl Query for Targets {
    type SqlType = (Id, Nullable<Id>, Nullable<Id>, Nullable<Id>, Nullable<Text>);
}

impl RunQueryDsl<Conn> for Targets {}

/// Columns and tables of [`Targets`] for records that belong to a goal and so to its owner.
macro_rules! of_goal {
    ($table:literal) => {
        concat!(
            "x.id, g.owner_id, p.manager_id, NULL, NULL FROM ",
            $table,
            " x
               JOIN goal g ON g.tenant_id = x.tenant_id AND g.id = x.goal_id
               LEFT JOIN participant p ON p.tenant_id = g.tenant_id AND p.cycle_id = g.cycle_id
                AND p.employee_id = g.owner_id"
        )
    };
}

/// Columns and tables of [`Targets`]; none where the id alone is all the policy must know.
fn select(noun: &str) -> Option<&'static str> {
    Some(match noun {
        "policy" => "x.id, NULL, NULL, NULL, x.state FROM policy x",
        "cycle" => "x.id, NULL, NULL, NULL, x.state FROM cycle x",
        "participant" => "x.id, x.employee_id, x.manager_id, NULL, NULL FROM participant x",
        "goal" => {
            "x.id, x.owner_id, p.manager_id, NULL, NULL FROM goal x
               LEFT JOIN participant p ON p.tenant_id = x.tenant_id AND p.cycle_id = x.cycle_id
                AND p.employee_id = x.owner_id"
        }
        "goal_change" => of_goal!("goal_change"),
        "check_in" => of_goal!("check_in"),
        "measurement" => of_goal!("measurement"),
        "weight_adjustment" => "x.id, x.requested_by, NULL, NULL, NULL FROM weight_adjustment x",
        "dependency" => "x.id, x.downstream_owner_id, NULL, NULL, NULL FROM dependency x",
        "review" => {
            "x.id, p.employee_id, p.manager_id, x.session_id, x.state FROM review x
               JOIN participant p ON p.tenant_id = x.tenant_id AND p.id = x.participant_id"
        }
        "move" => {
            "x.id, p.employee_id, NULL, x.session_id, NULL FROM calibration_move x
               JOIN review r ON r.tenant_id = x.tenant_id AND r.id = x.review_id
               JOIN participant p ON p.tenant_id = r.tenant_id AND p.id = r.participant_id"
        }
        _ => return None,
    })
}

/// The stage of a record, by its noun and state, for the policy.
fn stage(noun: &str, state: Option<&str>) -> Result<Option<Stage>> {
    Ok(match (noun, state) {
        ("policy", Some(state)) => Some(policies::stage(word(state)?)),
        ("cycle", Some(state)) => Some(cycles::stage(word(state)?)),
        ("review", Some(state)) => Some(word::<review::State>(state)?.rating_stage()),
        ("move" | "calibration_session", _) => Some(Stage::Calibration),
        _ => None,
    })
}

/// Loads the details of entries, which are ordered by position. One statement.
fn attach_details(unit: &mut Unit<'_>, entries: &mut [AuditEntry]) -> Result<()> {
    let (Some(first), Some(last)) = (entries.first(), entries.last()) else { return Ok(()) };
    let whole = last.position - first.position < entries.len() as i64;
    let mut query = audit_detail::table
        .filter(audit_detail::tenant_id.eq(unit.scope()))
        .filter(audit_detail::position.between(first.position, last.position))
        .order(audit_detail::position)
        .select((audit_detail::position, audit_detail::salt, audit_detail::details))
        .into_boxed::<Db>();
    // Without gaps the range is enough, and no position has to be listed.
    if !whole && entries.len() < LISTED {
        let listed: Vec<i64> = entries.iter().map(|entry| entry.position).collect();
        query = query.filter(audit_detail::position.eq_any(listed));
    }
    let kept: Vec<(i64, Vec<u8>, String)> = query.load(unit.conn)?;
    let mut kept = kept.into_iter().peekable();
    for entry in entries {
        let own = of_key(&mut kept, entry.position, |row| row.0).next();
        if let Some((_, salt, details)) = own {
            (entry.salt, entry.details) = (Some(salt), Some(details));
        }
    }
    Ok(())
}

impl Ledger for Unit<'_> {
    fn instant(&self) -> Timestamp {
        self.now()
    }

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
        if let Some(id) = filter.id {
            query = query.filter(audit_entry::id.eq(Key(id)));
        }
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
        for withheld in &filter.withheld {
            query = query.filter(not(is_withheld!(audit_entry, action, withheld)));
        }
        let mut entries: Vec<_> =
            query.load(self.conn)?.into_iter().map(AuditEntry::from).collect();
        attach_details(self, &mut entries)?;
        Ok(entries)
    }

    fn events(&mut self, filter: &EventFilter, limit: i64) -> Result<Vec<Event>> {
        let query = events_of(self.scope(), filter).order(event::position).limit(limit);
        let rows = query.select(EventRow::as_select()).load(self.conn)?;
        Ok(rows.into_iter().map(Event::from).collect())
    }

    fn last_event_of(&mut self, filter: &EventFilter) -> Result<Option<i64>> {
        let query = events_of(self.scope(), filter).order(event::position.desc()).limit(1);
        Ok(query.select(event::position).first(self.conn).optional()?)
    }

    fn own_records(&mut self, account: Uuid, people: &[EmployeeId]) -> Result<Vec<OwnRecord>> {
        let people = dialect::list_of(people.iter().map(|id| Key(id.uuid())).collect());
        let find = OwnRecords { tenant: self.scope(), account: Key(account), people };
        find.load(self.conn)?.into_iter().map(own_record).collect()
    }

    fn targets(&mut self, noun: &str, ids: &[Uuid]) -> Result<Vec<Target>> {
        type Found = (Key, Option<Key>, Option<Key>, Option<Key>, Option<String>);
        let Some(select) = select(noun) else {
            let person = |id: Uuid| (noun == "employee").then(|| id.into());
            let session = |id: Uuid| (noun == "calibration_session").then(|| id.into());
            let stage = stage(noun, None)?;
            let target = |&id: &Uuid| Target {
                id,
                about: person(id),
                session: session(id),
                stage,
                ..Target::default()
            };
            return Ok(ids.iter().map(target).collect());
        };
        let ids = one_of("x.id", ids.iter().copied());
        let found: Vec<Found> = Targets { select, tenant: self.scope(), ids }.load(self.conn)?;
        let target = |(id, about, responsible, session, state): Found| {
            Ok(Target {
                id: id.0,
                about: about.map(|id| id.0.into()),
                responsible: responsible.map(|id| id.0.into()),
                session: session.map(|id| id.0.into()),
                stage: stage(noun, state.as_deref())?,
                ..Target::default()
            })
        };
        found.into_iter().map(target).collect()
    }
}
