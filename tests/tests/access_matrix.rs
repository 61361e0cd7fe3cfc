//! Who may do what: every operation of the contract by every persona, against a reviewed table.

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use tests::calls::{self, Calls};
use tests::client::Credentials;
use tests::contract::{self, Operation};
use tests::world::Persona;
use tests::{Answer, Engine, TestApp, golden, on_each_engine};

on_each_engine![every_operation_by_every_persona];

/// Proves R87 through `listEmployees`.
fn every_operation_by_every_persona(app: &TestApp) {
    let operations: Vec<_> = contract::operations().values().collect();
    let (next, rows) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let work = || loop {
        let at = next.fetch_add(1, Ordering::Relaxed);
        let Some(operation) = operations.get(at) else { break };
        let row = by_everyone(app.engine, operation);
        rows.lock().expect("no row has failed").insert(at, row);
    };
    let workers = std::thread::available_parallelism().map_or(1, NonZero::get);
    std::thread::scope(|scope| (0..workers).for_each(|_| drop(scope.spawn(work))));
    let mut table = Table::default();
    for (operation, row) in operations.iter().zip(rows.into_inner().expect("all rows").values()) {
        table.add(operation, row);
    }
    golden::compare("docs/access-matrix.md", &table.page());
}

/// What comes of an operation for each persona, in a company of its own, and in one of each caller's
/// whose sessions would end.
fn by_everyone(engine: Engine, operation: &Operation) -> [Outcome; Persona::ALL.len()] {
    let shared = TestApp::start(engine, &[]);
    Persona::ALL.map(|persona| {
        if calls::ENDS_SESSIONS.contains(&operation.id) {
            Outcome::of(&TestApp::start(engine, &[]), operation, persona)
        } else {
            Outcome::of(&shared, operation, persona)
        }
    })
}

/// What came of a request.
struct Outcome {
    answer: Answer,
    /// Names of the properties shown of the record, or of any record of the list.
    fields: BTreeSet<String>,
    /// How many records the list has.
    rows: Option<usize>,
}

impl Outcome {
    fn of(app: &TestApp, operation: &Operation, persona: Persona) -> Self {
        let caller = app.as_(persona);
        let (own, other) = (Calls::own(app), Calls::other(app));
        let answer = own.request(operation, &caller).send();
        if answer.status < 300 && matches!(app.world.credentials(persona), Credentials::Key(_)) {
            assert!(
                !operation.is_secured() || operation.takes_keys(),
                "{}: keys may, but the contract does not say so",
                operation.id
            );
        }
        let about_records = operation.is_secured() && !calls::ENDS_SESSIONS.contains(&operation.id);
        if about_records && persona == Persona::OtherHrAdmin {
            let unknown = own.missing(operation, &caller).send();
            assert_hides(app, operation, persona, &answer, &unknown);
        } else if about_records {
            let theirs = other.request(operation, &caller).send();
            let unknown = other.missing(operation, &caller).send();
            assert_hides(app, operation, persona, &theirs, &unknown);
            if answer.status == 404 {
                assert_same(operation, persona, &answer, &unknown);
            }
        }
        let shown = match answer.media_type() {
            "text/csv" => table(&answer.body),
            _ => serde_json::from_slice(&answer.body).unwrap_or(Value::Null),
        };
        let rows = shown["items"].as_array();
        let records = rows.map_or(vec![&shown], |rows| rows.iter().collect());
        let fields = records.into_iter().filter_map(Value::as_object);
        let fields = fields.flat_map(|record| record.keys().cloned()).collect();
        Self { rows: rows.map(Vec::len), answer, fields }
    }
}

/// A file of comma-separated values like a list; an empty cell is no property.
fn table(bytes: &[u8]) -> Value {
    let mut reader = csv::Reader::from_reader(bytes);
    let header = reader.headers().expect("a header").clone();
    let rows = reader.records().map(|row| {
        let row = row.expect("a row");
        let cells = header.iter().zip(row.iter()).filter(|(_, cell)| !cell.is_empty());
        cells.map(|(name, cell)| (name.to_owned(), Value::from(cell))).collect::<Value>()
    });
    json!({ "items": rows.collect::<Vec<_>>() })
}

/// Fails if an answer about another company's records tells anything: about one record it is the
/// answer about a record that does not exist, and a list holds no id of theirs.
fn assert_hides(
    app: &TestApp,
    operation: &Operation,
    persona: Persona,
    theirs: &Answer,
    unknown: &Answer,
) {
    if operation.is_on_one() {
        assert!(theirs.status >= 400, "{}: {}: {theirs:?}", operation.id, persona.name());
        assert_same(operation, persona, theirs, unknown);
    }
    let hidden = if persona == Persona::OtherHrAdmin { &app.world.own } else { &app.world.other };
    let body = String::from_utf8_lossy(&theirs.body);
    // A refusal repeats what the request said.
    for id in hidden.ids().filter(|_| theirs.status < 300) {
        assert!(!body.contains(&id.to_string()), "{}: {id} shows: {theirs:?}", operation.id);
    }
}

/// Fails unless two answers are the same but for request id, path and date.
fn assert_same(operation: &Operation, persona: Persona, hidden: &Answer, unknown: &Answer) {
    assert_eq!(canonical(hidden), canonical(unknown), "{}: {}", operation.id, persona.name());
}

fn canonical(answer: &Answer) -> (u16, Vec<(String, String)>, Value) {
    const VARYING: [&str; 5] =
        ["x-request-id", "date", "ratelimit", "content-length", "connection"];
    let headers = answer.headers.iter();
    let headers = headers.map(|(name, value)| (name.to_string(), format!("{value:?}")));
    let headers = headers.filter(|(name, _)| !VARYING.contains(&name.as_str()));
    let mut headers: Vec<_> = headers.collect();
    headers.sort_unstable();
    let mut body: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
    if let Some(body) = body.as_object_mut() {
        body.remove("instance");
        body.remove("request_id");
    }
    (answer.status, headers, body)
}

/// The table, with notes on what is left out for whom.
#[derive(Default)]
struct Table {
    lines: String,
    notes: BTreeMap<String, usize>,
}

impl Table {
    fn add(&mut self, operation: &Operation, row: &[Outcome]) {
        // The last one sees the other company, which is not the measure of this one.
        let own = &row[..row.len() - 1];
        let succeeded = || own.iter().filter(|outcome| outcome.answer.status < 300);
        let all: BTreeSet<String> =
            succeeded().flat_map(|outcome| outcome.fields.clone()).collect();
        let longest = succeeded().filter_map(|outcome| outcome.rows).max();
        let _ = write!(self.lines, "| `{}` |", operation.id);
        for (number, Outcome { answer, fields, rows }) in row.iter().enumerate() {
            let mut cell = answer.status.to_string();
            let (rows, fields) = if number < own.len() { (*rows, fields) } else { (longest, &all) };
            if answer.status >= 400 {
                let rule = answer.json()["rule"].as_str().map(str::to_owned);
                let reason = rule.as_deref().or(answer.problem()).unwrap_or_default();
                if !matches!(answer.status, 401 | 404) {
                    let _ = write!(cell, " {reason}");
                }
            } else {
                if rows == Some(0) && longest > Some(0) {
                    cell += " none";
                } else if rows < longest {
                    cell += " some";
                }
                let hidden: Vec<_> = all.difference(fields).collect();
                if !hidden.is_empty() && rows != Some(0) {
                    let names: Vec<_> = hidden.iter().map(|name| format!("`{name}`")).collect();
                    let next = self.notes.len() + 1;
                    let note = self.notes.entry(names.join(", ")).or_insert(next);
                    let _ = write!(cell, " ({note})");
                }
            }
            let _ = write!(self.lines, " {cell} |");
        }
        self.lines.push('\n');
    }

    fn page(&self) -> String {
        let mut page = String::from(
            "# Who may do what\n\nGenerated by a test that compares it with what it finds; \
             `UPDATE=1 cargo test -p tests access_matrix` writes it again.\n\n\
             ## The policy\n\nActions down, relationships across; in the cells the fields that the \
             rule opens, and the scope a key needs.\n\nTowards a record about oneself every \
             relationship but `self` vanishes; towards a record about whoever issued the credential \
             of one's account, or whoever stands behind that account, every relationship does. A key \
             may do no more than its owner may do today; about its owner it may do what the owner \
             may do in person. What counts may tell, and what takes two persons, is decided in \
             [ADR 8](adr/0008-what-counts-may-tell.md) and \
             [ADR 7](adr/0007-two-signatures-are-two-persons.md).\n\n",
        );
        page += &domain::policy::render_matrix();
        page += "\n## What comes of it\n\nEvery operation of the contract, called by everyone about \
                 Lin and her company. A record of another company, or one that the caller may not \
                 know of, is answered byte by byte like one that does not exist (404). \"some\" and \
                 \"none\" tell of lists that show fewer records than somebody else sees; numbers \
                 refer to the notes.\n\n| operation |";
        for persona in Persona::ALL {
            let _ = write!(page, " {} |", persona.name());
        }
        page += "\n|---|";
        page += &"---|".repeat(Persona::ALL.len());
        page.push('\n');
        page += &self.lines;
        page += "\n## Notes\n\nNot shown:\n\n";
        let mut notes: Vec<_> = self.notes.iter().map(|(names, number)| (number, names)).collect();
        notes.sort_unstable();
        for (number, names) in notes {
            let _ = writeln!(page, "{number}. {names}");
        }
        page
    }
}
