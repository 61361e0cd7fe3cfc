//! Who may do what: every persona calls every operation of the contract, and the answers are
//! compared with a reviewed table.
//!
//! Each tag of the contract is a test of its own. `EVENHAND_TEST_PERSONA` selects one persona; then
//! only the answers are compared, not which fields are hidden from that persona.

use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::sync::{Mutex, PoisonError};
use tests::calls::{self, Calls, Target};
use tests::client::Credentials;
use tests::contract::{self, Operation};
use tests::world::Persona;
use tests::{Answer, Engine, TestApp, golden, on_each_engine};

const PAGE: &str = "docs/access-matrix.md";

/// Tests the operations of each tag on each engine.
macro_rules! tags {
    ($($name:ident),* $(,)?) => {
        const TAGS: &[&str] = &[$(stringify!($name)),*];
        $(fn $name(app: &TestApp) {
            by_tag(app.engine, stringify!($name));
        })*
        on_each_engine![$($name),*];
    };
}

tags! {
    access, accounts, api_keys, audit_entries, audit_heads, auth, calibration_sessions, check_ins,
    cycles, dashboards, dependencies, employees, events, goal_changes, goals, jobs, labels, me,
    measurements, meta, moves, org_units, participants, policies, positions, ratings, results,
    reviews, role_assignments, tenant, to_dos, weight_adjustments,
}

#[test]
fn every_tag_is_tested() {
    let tags: BTreeSet<_> = contract::operations().values().map(tag_of).collect();
    assert_eq!(tags, TAGS.iter().map(|&tag| tag.to_owned()).collect());
}

/// The page around the rows is as expected, and no row belongs to an operation that no longer
/// exists.
#[test]
fn the_page_is_as_it_is_written() {
    change_page(|_| {});
}

/// The name of the test for the operation's tag.
fn tag_of(operation: &Operation) -> String {
    operation.object["tags"][0].as_str().expect("every operation has a tag").replace('-', "_")
}

/// Proves R87 through `listEmployees`.
fn by_tag(engine: Engine, tag: &str) {
    let operations = contract::operations().values();
    let operations = operations.filter(|operation| tag_of(operation) == tag);
    let rows: Vec<_> =
        operations.map(|operation| (operation.id, by_everyone(engine, operation))).collect();
    let asked = asked();
    if tests::variable("UPDATE").is_some() {
        assert!(asked.len() == Persona::ALL.len(), "a row is of all personas");
        change_page(|page| {
            page.rows.extend(rows.into_iter().map(|(id, row)| (id.to_owned(), cells(&row))));
        });
        return;
    }
    let page = Page::committed();
    let mut faults = String::new();
    for (id, row) in rows {
        let committed = page.rows.get(id).map_or(&[][..], Vec::as_slice);
        let committed = committed.iter().zip(Persona::ALL).filter(|(_, who)| asked.contains(who));
        let mut committed: Vec<_> = committed.map(|(cell, _)| cell.clone()).collect();
        let mut found = cells(&row);
        if asked.len() < Persona::ALL.len() {
            for cell in committed.iter_mut().chain(&mut found) {
                *cell = Cell { answer: cell.answer.clone(), ..Cell::default() };
            }
        }
        let none = Cell::default();
        for (number, (persona, found)) in asked.iter().zip(&found).enumerate() {
            let committed = committed.get(number).unwrap_or(&none);
            if committed != found {
                let _ = writeln!(faults, "{id}: {}: {committed:?} is {found:?}", persona.name());
            }
        }
    }
    assert!(faults.is_empty(), "{PAGE} says otherwise (UPDATE=1 rewrites it):\n{faults}");
}

/// The personas to ask: all, or the one that the variable names.
fn asked() -> Vec<Persona> {
    match tests::variable("EVENHAND_TEST_PERSONA") {
        Some(name) => {
            let named = Persona::ALL.into_iter().find(|persona| persona.name() == name);
            vec![named.unwrap_or_else(|| panic!("{PAGE} has no column {name}"))]
        }
        None => Persona::ALL.to_vec(),
    }
}

/// The outcomes of an operation for each persona. Personas whose sessions it would end get a
/// company of their own.
fn by_everyone(engine: Engine, operation: &Operation) -> Vec<Outcome> {
    let shared = TestApp::start(engine, &[]);
    // Nobody may change what belongs to another company, so one record is enough for all personas.
    let foreign = operation.is_on_one() && operation.is_secured();
    let foreign = foreign.then(|| Calls::other(&shared).target(operation));
    let outcome = |persona| {
        if calls::ENDS_SESSIONS.contains(&operation.id) {
            Outcome::of(&TestApp::start(engine, &[]), operation, persona, None)
        } else {
            Outcome::of(&shared, operation, persona, foreign.as_ref())
        }
    };
    asked().into_iter().map(outcome).collect()
}

/// The result of a request.
struct Outcome {
    answer: Answer,
    persona: Persona,
    /// Names of the properties that the record, or any record of the list, shows.
    fields: BTreeSet<String>,
    /// Number of records in the list.
    rows: Option<usize>,
}

impl Outcome {
    fn of(
        app: &TestApp,
        operation: &Operation,
        persona: Persona,
        foreign: Option<&Target>,
    ) -> Self {
        let caller = app.as_(persona);
        let (own, other) = (Calls::own(app), Calls::other(app));
        let target = own.target(operation);
        let answer = own.about(&target, operation, &caller).send();
        if answer.status < 300 && matches!(app.world.credentials(persona), Credentials::Key(_)) {
            assert!(
                !operation.is_secured() || operation.takes_keys(),
                "{}: keys may, but the contract does not say so",
                operation.id
            );
        }
        let about_records = operation.is_secured() && !calls::ENDS_SESSIONS.contains(&operation.id);
        if about_records && persona == Persona::OtherHrAdmin {
            let unknown = || own.missing(&target, operation, &caller).send();
            assert_hides(app, operation, persona, &answer, unknown);
        } else if about_records {
            let made;
            let target = match foreign {
                Some(target) => target,
                None => {
                    made = other.target(operation);
                    &made
                }
            };
            let theirs = other.about(target, operation, &caller).send();
            let unknown = || other.missing(target, operation, &caller).send();
            assert_hides(app, operation, persona, &theirs, unknown);
            if answer.status == 404 {
                assert_same(operation, persona, &answer, &unknown());
            }
        }
        let shown = match answer.media_type() {
            "text/csv" => table(&answer.body),
            _ => serde_json::from_slice(&answer.body).unwrap_or(Value::Null),
        };
        let rows = shown["items"].as_array();
        let records = rows.map_or(vec![&shown], |rows| rows.iter().collect());
        let fields = records.into_iter().filter_map(Value::as_object);
        // Cards stand beside a record, as far as there are any.
        let fields =
            fields.flat_map(Map::keys).filter(|name| *name != "included").cloned().collect();
        Self { rows: rows.map(Vec::len), answer, persona, fields }
    }
}

/// A file of comma-separated values in the form of a list; an empty cell gives no property.
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

/// Fails if an answer about records of another company tells anything. An answer about one record
/// must equal the answer about a record that does not exist, and a list must hold no id of that
/// company.
fn assert_hides(
    app: &TestApp,
    operation: &Operation,
    persona: Persona,
    theirs: &Answer,
    unknown: impl FnOnce() -> Answer,
) {
    if operation.is_on_one() {
        assert!(theirs.status >= 400, "{}: {}: {theirs:?}", operation.id, persona.name());
        assert_same(operation, persona, theirs, &unknown());
    }
    let hidden = if persona == Persona::OtherHrAdmin { &app.world.own } else { &app.world.other };
    let body = String::from_utf8_lossy(&theirs.body);
    // A refusal repeats what the request said, ids included.
    for id in hidden.ids().filter(|_| theirs.status < 300) {
        assert!(!body.contains(&id.to_string()), "{}: {id} shows: {theirs:?}", operation.id);
    }
}

/// Fails unless two answers are equal except for request id, path and date.
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

/// What the table says about an operation and a persona.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Cell {
    /// Status, and the rule or the kind of problem.
    answer: String,
    /// ` some` or ` none` if the list shows fewer records than another persona sees.
    share: String,
    /// Properties that another persona sees and this one does not.
    hidden: String,
}

/// What the table says about an operation.
fn cells(row: &[Outcome]) -> Vec<Cell> {
    // The other company's administrator is left out, since they see other records.
    let own = || row.iter().filter(|outcome| outcome.persona != Persona::OtherHrAdmin);
    let succeeded = || own().filter(|outcome| outcome.answer.status < 300);
    let all: BTreeSet<String> = succeeded().flat_map(|outcome| outcome.fields.clone()).collect();
    let longest = succeeded().filter_map(|outcome| outcome.rows).max();
    let cell = |Outcome { answer, persona, fields, rows }: &Outcome| {
        let mut cell = Cell { answer: answer.status.to_string(), ..Cell::default() };
        if answer.status >= 400 {
            let rule = answer.json()["rule"].as_str().map(str::to_owned);
            let reason = rule.as_deref().or(answer.problem()).unwrap_or_default();
            if !matches!(answer.status, 401 | 404) {
                let _ = write!(cell.answer, " {reason}");
            }
        } else if *persona != Persona::OtherHrAdmin {
            if *rows == Some(0) && longest > Some(0) {
                cell.share = " none".to_owned();
            } else if *rows < longest {
                cell.share = " some".to_owned();
            }
            if *rows != Some(0) {
                let hidden: Vec<_> =
                    all.difference(fields).map(|name| format!("`{name}`")).collect();
                cell.hidden = hidden.join(", ");
            }
        }
        cell
    };
    row.iter().map(cell).collect()
}

/// The table, by operation.
struct Page {
    rows: BTreeMap<String, Vec<Cell>>,
}

/// Compares the committed page with what `change` makes of it, or writes the result; one at a time.
fn change_page(change: impl FnOnce(&mut Page)) {
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut page = Page::committed();
    change(&mut page);
    golden::compare(PAGE, &page.text());
}

impl Page {
    /// The committed page, with the rows of operations that still exist.
    fn committed() -> Self {
        let text = fs::read_to_string(golden::root().join(PAGE)).expect("read the page");
        let lines = || text.lines().skip_while(|line| *line != "## What comes of it");
        let notes = lines().skip_while(|line| *line != "## Notes");
        let notes: BTreeMap<&str, &str> = notes.filter_map(|line| line.split_once(". ")).collect();
        let cell = |cell: &str| {
            let (cell, hidden) = match cell.split_once(" (") {
                Some((cell, note)) => (cell, notes[note.trim_end_matches(')')]),
                None => (cell, ""),
            };
            let share = [" some", " none"].into_iter().find(|share| cell.ends_with(share));
            let share = share.unwrap_or_default();
            Cell {
                answer: cell.trim_end_matches(share).to_owned(),
                share: share.to_owned(),
                hidden: hidden.to_owned(),
            }
        };
        let row = |line: &str| {
            let (id, cells) = line.strip_prefix("| `")?.split_once("` | ")?;
            let cells = cells.trim_end_matches(" |").split(" | ").map(cell).collect();
            contract::operations().contains_key(id).then(|| (id.to_owned(), cells))
        };
        Self { rows: lines().filter_map(row).collect() }
    }

    /// The whole page.
    fn text(&self) -> String {
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
        let mut notes: Vec<&str> = Vec::new();
        for (id, cells) in &self.rows {
            let _ = write!(page, "| `{id}` |");
            for Cell { answer, share, hidden } in cells {
                let _ = write!(page, " {answer}{share}");
                if !hidden.is_empty() {
                    let known = notes.iter().position(|note| note == hidden);
                    let number = known.unwrap_or_else(|| {
                        notes.push(hidden);
                        notes.len() - 1
                    });
                    let _ = write!(page, " ({})", number + 1);
                }
                page += " |";
            }
            page.push('\n');
        }
        page += "\n## Notes\n\nNot shown:\n\n";
        for (number, names) in (1..).zip(notes) {
            let _ = writeln!(page, "{number}. {names}");
        }
        page
    }
}
