//! The server is killed in the middle of its work. Everything it acknowledged is there, everything
//! else can be sent again, and the audit chain holds.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;
use tests::app::{self, TestDatabase};
use tests::process::{self, ServerProcess};
use tests::world::{Persona, World};
use tests::{Client, Engine, sql};

/// How often the server is killed.
const ROUNDS: u32 = 20;
/// Number of clients that write all the time.
const WRITERS: u32 = 8;

mod killed_while_writing {
    use tests::Engine;

    #[test]
    fn sqlite() {
        super::kill_and_count(Engine::Sqlite);
    }

    #[test]
    fn postgres() {
        super::kill_and_count(Engine::Postgres);
    }
}

/// What the writers have sent.
#[derive(Default)]
struct Journal {
    /// By code; added before the request is sent, true once it is acknowledged.
    intents: Mutex<BTreeMap<String, bool>>,
}

impl Journal {
    fn note(&self, code: &str, acknowledged: bool) {
        self.intents.lock().expect("no writer panicked").insert(code.to_owned(), acknowledged);
    }

    fn unacknowledged(&self) -> Vec<String> {
        let intents = self.intents.lock().expect("no writer panicked");
        intents.iter().filter(|(_, known)| !**known).map(|(code, _)| code.clone()).collect()
    }
}

/// The kinds of writes: a row by itself, and rows that change the goal they belong to.
const KINDS: [&str; 3] = ["position", "check_in", "measurement"];

/// A client that writes.
struct Writer {
    hr: Client,
    owner: Client,
    /// Path of a goal of the writer's employee.
    goal: String,
}

impl Writer {
    fn on(server: &ServerProcess, world: &World) -> Self {
        let as_ = |persona| Client::new(server.address, world.credentials(persona));
        let goal = format!("/v1/goals/{}", world.own.id("goal"));
        Self { hr: as_(Persona::HrAdmin), owner: as_(Persona::Employee), goal }
    }

    /// Sends a write; returns whether it was acknowledged.
    fn write(&self, code: &str) -> bool {
        let request = match code.split('-').next() {
            Some("position") => self.hr.request("POST", "/v1/positions").json(&json!({
                "code": code, "title": "Written under fire", "level": 1,
            })),
            Some("check_in") => self
                .owner
                .request("POST", format!("{}/check-ins", self.goal))
                .json(&json!({ "confidence": 5, "comment": code })),
            _ => self.owner.request("POST", format!("{}/measurements", self.goal)).json(&json!({
                "period_start": "2026-04-01", "source": "crm", "external_id": code, "value": "1",
            })),
        };
        match request.key(code).try_send() {
            Ok(answer) => {
                answer.expect(201);
                true
            }
            Err(_) => false,
        }
    }

    /// How many rows there are for each code.
    fn kept(&self) -> BTreeMap<String, u32> {
        let lists = [
            ("/v1/positions?limit=200".to_owned(), "code"),
            (format!("{}/check-ins?limit=200", self.goal), "comment"),
            (format!("{}/measurements?limit=200", self.goal), "external_id"),
        ];
        let mut kept = BTreeMap::new();
        for (path, field) in lists {
            for row in self.hr.all(&path) {
                let code = row[field].as_str().unwrap_or_default();
                if KINDS.iter().any(|kind| code.starts_with(&format!("{kind}-"))) {
                    *kept.entry(code.to_owned()).or_default() += 1;
                }
            }
        }
        kept
    }
}

fn kill_and_count(engine: Engine) {
    if !engine.is_tested() {
        return;
    }
    let (database, world) = app::prepared(engine);
    let journal = Journal::default();
    let mut random = StdRng::seed_from_u64(20);
    for round in 0..ROUNDS {
        let server = ServerProcess::start(&database.url);
        let writer = Writer::on(&server, &world);
        for code in journal.unacknowledged() {
            assert!(writer.write(&code), "{code} can be sent again");
            journal.note(&code, true);
        }
        std::thread::scope(|scope| {
            for (number, kind) in (0..WRITERS).zip(KINDS.into_iter().cycle()) {
                let (writer, journal) = (&writer, &journal);
                scope.spawn(move || {
                    for intent in 0.. {
                        let code = format!("{kind}-{round}-{number}-{intent}");
                        journal.note(&code, false);
                        if !writer.write(&code) {
                            break;
                        }
                        journal.note(&code, true);
                    }
                });
            }
            std::thread::sleep(Duration::from_millis(random.random_range(30..300)));
            server.kill();
        });
        verify(&database);
    }

    let server = ServerProcess::start(&database.url);
    let writer = Writer::on(&server, &world);
    for code in journal.unacknowledged() {
        assert!(writer.write(&code), "{code} can be sent again");
    }
    let rows = writer.kept();
    server.kill();
    let intents = journal.intents.into_inner().expect("no writer panicked");
    assert!(intents.len() > (ROUNDS * WRITERS) as usize, "the writers were at work");
    assert!(rows.keys().eq(intents.keys()), "each intent is there, and nothing else");
    assert!(rows.values().all(|count| *count == 1), "no retry made a second row");
}

/// Verifies the audit log with the program and, on SQLite, the file.
fn verify(database: &TestDatabase) {
    let arguments = ["audit", "verify", "--database-url", &database.url];
    let (intact, said) = process::run(&arguments, "");
    assert!(intact, "the audit chain holds: {said}");
    if database.engine == Engine::Sqlite {
        let check = "SELECT integrity_check AS line FROM pragma_integrity_check";
        assert_eq!(sql::lines(Engine::Sqlite, &database.url, check), ["ok"]);
    }
}
