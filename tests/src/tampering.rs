//! Somebody with full access to the database changes the past; the verification must find it.

use crate::sql;
use crate::{Engine, TestApp};
use api::access::audit_heads::AuditHeadView;
use api::access::audit_heads::signing::{HeadKey, holds};
use api::platform::key_file::KeyFile;
use persistence::audit::{KeptHead, Signature, Tampering, verify};
use persistence::{AuditEntry, AuditFilter, Database, Page};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fmt::Write;
use uuid::Uuid;

/// The kind of values in a column.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Bytes,
    Id,
    Number,
    Instant,
}

use Kind::{Bytes, Id, Instant, Number, Text};

/// A table of the log.
struct Table {
    name: &'static str,
    /// Its columns after the tenant; the first one numbers the rows.
    columns: &'static [(&'static str, Kind)],
    /// Columns that may be null and are not null in some rows.
    nullable: &'static [&'static str],
    /// Columns that differ from row to row, so that swapping their values is a change.
    swappable: &'static [&'static str],
}

const TABLES: &[Table] = &[
    Table {
        name: "audit_entry",
        columns: &[
            ("position", Number),
            ("id", Id),
            ("at", Instant),
            ("actor_kind", Text),
            ("actor_id", Id),
            ("on_behalf_of", Id),
            ("action", Text),
            ("resource", Text),
            ("resource_id", Id),
            ("from_state", Text),
            ("to_state", Text),
            ("reason", Text),
            ("rule", Text),
            ("request_id", Text),
            ("details_digest", Bytes),
            ("previous_hash", Bytes),
            ("hash", Bytes),
        ],
        nullable: &["actor_id", "from_state", "to_state", "reason"],
        swappable: &["request_id", "details_digest", "previous_hash", "hash"],
    },
    Table {
        name: "audit_detail",
        columns: &[("position", Number), ("salt", Bytes), ("details", Text)],
        nullable: &[],
        swappable: &["salt"],
    },
    Table {
        name: "audit_head",
        columns: &[
            ("number", Number),
            ("id", Id),
            ("at", Instant),
            ("audit_position", Number),
            ("audit_hash", Bytes),
            ("read_position", Number),
            ("read_hash", Bytes),
            ("public_key", Bytes),
            ("signature", Bytes),
        ],
        nullable: &[],
        swappable: &["at", "audit_position", "audit_hash", "signature"],
    },
    Table {
        name: "read_entry",
        columns: &[
            ("position", Number),
            ("id", Id),
            ("at", Instant),
            ("reader_kind", Text),
            ("reader_id", Id),
            ("employee_id", Id),
            ("operation", Text),
            ("request_id", Text),
            ("subjects", Number),
            ("subjects_digest", Bytes),
            ("previous_hash", Bytes),
            ("hash", Bytes),
        ],
        nullable: &["employee_id"],
        swappable: &["request_id", "previous_hash", "hash"],
    },
    Table {
        name: "read_subject",
        columns: &[("position", Number), ("review_id", Id), ("employee_id", Id)],
        nullable: &[],
        swappable: &[],
    },
    Table {
        name: "ledger",
        columns: &[
            ("audit_position", Number),
            ("audit_hash", Bytes),
            ("event_position", Number),
            ("read_position", Number),
            ("read_hash", Bytes),
        ],
        nullable: &[],
        swappable: &[],
    },
];

/// Attacks that take more than one statement.
#[derive(Clone, Copy, Debug)]
pub enum Attack {
    /// Deletes the newest entries and corrects the row of ends.
    Cut,
    /// Changes an entry and recomputes every hash after it.
    Rewrite,
    /// The same, and deletes every head together with the entry that records it.
    RewriteWithoutHeads,
    /// Deletes the details of an entry, and adds an entry that says they were erased.
    Erase,
}

/// Somebody who may do everything in the database but does not have the key file.
pub struct Attacker<'a> {
    app: &'a TestApp,
    tenant: Uuid,
    entries: Vec<AuditEntry>,
    /// Statements that restore everything.
    undo: String,
    /// For each table, the numbers of its rows.
    rows: Vec<Vec<i64>>,
}

impl<'a> Attacker<'a> {
    /// Removes triggers and row-level security from the log, and keeps a copy of each table.
    pub fn new(app: &'a TestApp) -> Self {
        let tenant = app.world.own.tenant;
        let mut undo = String::new();
        for Table { name, .. } in TABLES {
            let wall = match app.engine {
                Engine::Sqlite if *name == "ledger" => String::new(),
                Engine::Sqlite => format!(
                    "DROP TRIGGER IF EXISTS {name}_stays; DROP TRIGGER IF EXISTS {name}_remains; "
                ),
                Engine::Postgres => format!("ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY; "),
            };
            let copy = format!("{wall}CREATE TABLE kept_{name} AS SELECT * FROM {name}");
            sql::execute(app.engine, app.url(), &copy);
            let _ =
                write!(undo, "DELETE FROM {name}; INSERT INTO {name} SELECT * FROM kept_{name}; ");
        }
        let entries = app.read(|store| store.audit_entries(&AuditFilter::default(), &Page::ALL));
        let rows = TABLES.iter().map(|table| numbers(app, tenant, table)).collect();
        Self { app, tenant, entries, undo, rows }
    }

    /// Restores everything.
    pub fn undo(&mut self) {
        self.execute(&self.undo);
    }

    fn execute(&self, statements: &str) {
        let whole = format!("BEGIN; {statements}; COMMIT");
        sql::execute(self.app.engine, self.app.url(), &whole);
    }

    /// Does one random tampering; returns what it did.
    pub fn tamper(&mut self, seed: u64) -> String {
        let mut random = StdRng::seed_from_u64(seed);
        let attack = match random.random_range(0..100) {
            0..4 => Some(Attack::Cut),
            4..8 => Some(Attack::Rewrite),
            8..10 => Some(Attack::RewriteWithoutHeads),
            10..12 => Some(Attack::Erase),
            _ => None,
        };
        if let Some(attack) = attack {
            let at = random.random_range(2..self.entries.len() - 2);
            self.strike(attack, at);
            return format!("{attack:?} at {at}");
        }
        let statements = self.statements(&mut random);
        self.execute(&statements);
        statements
    }

    /// One or more statements that change rows of one table.
    fn statements(&self, random: &mut StdRng) -> String {
        let which = random.random_range(0..TABLES.len());
        let (table, rows) = (&TABLES[which], &self.rows[which]);
        let Table { name, columns, nullable, swappable } = table;
        let key = columns[0].0;
        let mine = format!("tenant_id = {}", self.id(self.tenant));
        let row = |random: &mut StdRng| *rows.choose(random).expect("a row");
        if *name == "ledger" {
            let (column, kind) = columns.choose(random).expect("a column");
            let other = self.other(column, *kind, random);
            return format!("UPDATE {name} SET {column} = {other} WHERE {mine}");
        }
        let (one, two) = (row(random), row(random));
        match random.random_range(0..8) {
            0 if !nullable.is_empty() => {
                let column = nullable.choose(random).expect("a column");
                let which = ["min", "max"].choose(random).expect("one of two");
                format!(
                    "UPDATE {name} SET {column} = NULL WHERE {mine} AND {key} = \
                     (SELECT {which}({key}) FROM kept_{name} WHERE {mine} AND {column} IS NOT NULL)"
                )
            }
            1 if one != two && !swappable.is_empty() => {
                let column = swappable.choose(random).expect("a column");
                let of = |row: i64| {
                    format!("(SELECT {column} FROM kept_{name} WHERE {mine} AND {key} = {row})")
                };
                let (from_two, from_one) = (of(two), of(one));
                format!(
                    "UPDATE {name} SET {column} = {from_two} WHERE {mine} AND {key} = {one}; \
                     UPDATE {name} SET {column} = {from_one} WHERE {mine} AND {key} = {two}"
                )
            }
            2 => format!("DELETE FROM {name} WHERE {mine} AND {key} = {one}"),
            3 => {
                let last = one + random.random_range(0..4);
                format!("DELETE FROM {name} WHERE {mine} AND {key} BETWEEN {one} AND {last}")
            }
            4 => {
                let new = match random.random_range(0..3) {
                    0 => 0,
                    1 => -one,
                    _ => rows[rows.len() - 1] + 1,
                };
                self.copy(table, &mine, one, new, random)
            }
            // Two looks may have shown the same records, so a swap need not be a change.
            5 if one != two && *name != "read_subject" => format!(
                "UPDATE {name} SET {key} = -1 WHERE {mine} AND {key} = {one}; \
                 UPDATE {name} SET {key} = {one} WHERE {mine} AND {key} = {two}; \
                 UPDATE {name} SET {key} = {two} WHERE {mine} AND {key} = -1"
            ),
            6 if columns.len() < 4 => {
                let tenant = self.id(Uuid::from_u128(random.random()));
                format!("UPDATE {name} SET tenant_id = {tenant} WHERE {mine} AND {key} = {one}")
            }
            _ => {
                let (column, kind) = columns[1..].choose(random).expect("a column");
                let other = self.other(column, *kind, random);
                let one_row = match *name {
                    "read_subject" => format!(
                        " AND review_id = (SELECT max(review_id) FROM kept_{name} WHERE {mine} \
                         AND {key} = {one})"
                    ),
                    _ => String::new(),
                };
                let one_row = match self.app.engine {
                    // Older servers have no `max` of UUIDs.
                    Engine::Postgres => {
                        one_row.replace("max(review_id)", "max(review_id::text)::uuid")
                    }
                    Engine::Sqlite => one_row,
                };
                format!(
                    "UPDATE {name} SET {column} = {other} WHERE {mine} AND {key} = {one}{one_row}"
                )
            }
        }
    }

    /// A row that equals another one except for its number.
    fn copy(&self, table: &Table, mine: &str, from: i64, to: i64, random: &mut StdRng) -> String {
        let (name, key) = (table.name, table.columns[0].0);
        let names: Vec<_> = table.columns.iter().map(|(name, _)| *name).collect();
        let values: Vec<_> = names
            .iter()
            .map(|column| match *column {
                column if column == key => to.to_string(),
                "id" => self.id(Uuid::from_u128(random.random())),
                column => column.to_owned(),
            })
            .collect();
        let (names, values) = (names.join(", "), values.join(", "));
        format!(
            "INSERT INTO {name} (tenant_id, {names}) SELECT tenant_id, {values} FROM {name} \
             WHERE {mine} AND {key} = {from}"
        )
    }

    /// Another value for a column.
    fn other(&self, column: &str, kind: Kind, random: &mut StdRng) -> String {
        match (kind, self.app.engine) {
            (Text, _) => format!("coalesce({column}, '') || ' '"),
            (Number, _) => format!("{column} + {}", [-1, 1, 1000][random.random_range(0..3)]),
            (Instant, Engine::Sqlite) => format!("{column} + 1"),
            (Instant, Engine::Postgres) => format!("{column} + interval '1 microsecond'"),
            (Id, _) => self.id(Uuid::from_u128(random.random())),
            (Bytes, _) => self.bytes(&random.random::<[u8; 32]>()),
        }
    }

    fn id(&self, id: Uuid) -> String {
        match self.app.engine {
            Engine::Sqlite => self.bytes(id.as_bytes()),
            Engine::Postgres => format!("'{id}'::uuid"),
        }
    }

    fn bytes(&self, bytes: &[u8]) -> String {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        match self.app.engine {
            Engine::Sqlite => format!("x'{hex}'"),
            Engine::Postgres => format!("decode('{hex}', 'hex')"),
        }
    }

    /// Carries out an attack around the entry at `at`.
    pub fn strike(&mut self, attack: Attack, at: usize) {
        let mine = format!("tenant_id = {}", self.id(self.tenant));
        let mut statements = String::new();
        let mut entries = self.entries.clone();
        match attack {
            Attack::Cut => {
                let cut = entries.len().saturating_sub(at.min(20));
                entries.truncate(cut.max(1));
                let last = entries.len();
                let _ = write!(
                    statements,
                    "DELETE FROM audit_detail WHERE {mine} AND position > {last}; \
                     DELETE FROM audit_entry WHERE {mine} AND position > {last}; "
                );
            }
            Attack::Rewrite => {
                entries[at].rule.push('!');
                rechain(&mut entries);
            }
            Attack::RewriteWithoutHeads => {
                entries[at].rule.push('!');
                for entry in &mut entries {
                    if entry.action == "audit_head.published" {
                        (entry.action, entry.resource) = ("job.created".into(), "job".into());
                    }
                }
                rechain(&mut entries);
                let _ = write!(statements, "DELETE FROM audit_head WHERE {mine}; ");
            }
            Attack::Erase => {
                let (last, victim) = (entries[entries.len() - 1].clone(), entries[at].clone());
                let mut erasure = AuditEntry {
                    position: last.position + 1,
                    id: Uuid::from_u128(at as u128),
                    action: "audit_entry.erased".into(),
                    resource: "audit_entry".into(),
                    resource_id: victim.id,
                    previous_hash: last.hash.clone(),
                    ..last.clone()
                };
                erasure.hash = hash_of(&erasure);
                let values = |column: &&str| match *column {
                    "position" => erasure.position.to_string(),
                    "id" => self.id(erasure.id),
                    "action" => format!("'{}'", erasure.action),
                    "resource" => format!("'{}'", erasure.resource),
                    "resource_id" => self.id(erasure.resource_id),
                    "previous_hash" => self.bytes(&erasure.previous_hash),
                    "hash" => self.bytes(&erasure.hash),
                    column => column.to_owned(),
                };
                let written = ["audit_entry", "audit_detail"];
                for table in TABLES.iter().filter(|table| written.contains(&table.name)) {
                    let Table { name, columns, .. } = table;
                    let names: Vec<_> = columns.iter().map(|(name, _)| *name).collect();
                    let values: Vec<_> = names.iter().map(values).collect();
                    let (names, values) = (names.join(", "), values.join(", "));
                    let _ = write!(
                        statements,
                        "INSERT INTO {name} (tenant_id, {names}) SELECT tenant_id, {values} \
                         FROM {name} WHERE {mine} AND position = {}; ",
                        last.position
                    );
                }
                let _ = write!(
                    statements,
                    "DELETE FROM audit_detail WHERE {mine} AND position = {}; ",
                    victim.position
                );
                entries.push(erasure);
            }
        }
        for (new, old) in entries.iter().zip(&self.entries).filter(|(new, old)| new != old) {
            let _ = write!(
                statements,
                "UPDATE audit_entry SET rule = '{}', action = '{}', resource = '{}', \
                 previous_hash = {}, hash = {} WHERE {mine} AND position = {}; ",
                new.rule,
                new.action,
                new.resource,
                self.bytes(&new.previous_hash),
                self.bytes(&new.hash),
                old.position
            );
        }
        let end = entries.last().expect("an entry");
        let _ = write!(
            statements,
            "UPDATE ledger SET audit_position = {}, audit_hash = {} WHERE {mine}",
            end.position,
            self.bytes(&end.hash)
        );
        self.execute(&statements);
    }
}

/// The numbers of a tenant's rows in a table.
fn numbers(app: &TestApp, tenant: Uuid, table: &Table) -> Vec<i64> {
    let (name, key) = (table.name, table.columns[0].0);
    let tenant = match app.engine {
        Engine::Sqlite => format!("x'{}'", tenant.simple()),
        Engine::Postgres => format!("'{tenant}'"),
    };
    let query = format!(
        "SELECT DISTINCT CAST({key} AS TEXT) AS line FROM {name} WHERE tenant_id = {tenant}"
    );
    let lines = sql::lines(app.engine, app.url(), &query);
    let mut numbers: Vec<i64> = lines.iter().filter_map(|line| line.parse().ok()).collect();
    numbers.sort_unstable();
    numbers
}

/// Recomputes every hash, as somebody who knows how the chain is made could.
fn rechain(entries: &mut [AuditEntry]) {
    let mut previous = vec![0; 32];
    for entry in entries {
        entry.previous_hash = previous;
        entry.hash = hash_of(entry);
        previous = entry.hash.clone();
    }
}

fn hash_of(entry: &AuditEntry) -> Vec<u8> {
    let mut hash = Sha256::new();
    let mut add = |bytes: Option<&[u8]>| match bytes {
        None => hash.update([0]),
        Some(bytes) => {
            hash.update([1]);
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        }
    };
    add(Some(&entry.previous_hash));
    add(Some(&entry.position.to_be_bytes()));
    add(Some(entry.id.as_bytes()));
    add(Some(&entry.at.timestamp_micros().to_be_bytes()));
    add(Some(entry.actor_kind.as_bytes()));
    add(entry.actor_id.as_ref().map(|id| &id.as_bytes()[..]));
    add(entry.on_behalf_of.as_ref().map(|id| &id.as_bytes()[..]));
    add(Some(entry.action.as_bytes()));
    add(Some(entry.resource.as_bytes()));
    add(Some(entry.resource_id.as_bytes()));
    add(entry.from_state.as_deref().map(str::as_bytes));
    add(entry.to_state.as_deref().map(str::as_bytes));
    add(entry.reason.as_deref().map(str::as_bytes));
    add(Some(entry.rule.as_bytes()));
    add(Some(entry.request_id.as_bytes()));
    add(Some(&entry.details_digest));
    hash.finalize().to_vec()
}

/// Heads as somebody keeps them outside the database.
///
/// # Panics
/// If a value is no complete head.
pub fn kept(heads: &[Value]) -> Vec<KeptHead> {
    let head = |head: &Value| {
        let view: AuditHeadView = serde_json::from_value(head.clone()).expect("a head");
        view.kept().expect("a whole head")
    };
    heads.iter().map(head).collect()
}

/// What `evenhand audit verify` finds, given these heads. An error also counts as found.
///
/// # Errors
/// A part of the database cannot be read.
///
/// # Panics
/// If there is no key file.
pub fn verified(app: &TestApp, heads: &[KeptHead]) -> Result<Vec<Tampering>, String> {
    let file = KeyFile::read(&crate::app::settings(app.url(), &[]).key_file()).expect("a key file");
    let ours = HeadKey::of(&file).public();
    let signer = |key: &[u8], message: &[u8], signature: &[u8]| match holds(key, message, signature)
    {
        false => Signature::Broken,
        true if key == ours => Signature::Ours,
        true => Signature::Foreign,
    };
    let tenant = app.world.own.tenant.into();
    let report =
        Database::inspect(app.url(), tenant, |store| verify(store, tenant, heads, &signer));
    report.map(|report| report.found).map_err(|error| error.to_string())
}
