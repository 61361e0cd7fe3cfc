//! The server killed in the middle of its work: what it acknowledged is there, what it did not
//! acknowledge can be sent again, and the audit chain holds.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;
use tests::app::{self, TestDatabase};
use tests::process::{self, ServerProcess};
use tests::world::Persona;
use tests::{Client, Engine, sql};

/// Times the server is killed.
const ROUNDS: u32 = 20;
/// Clients that write all the time.
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

/// What the writers know.
#[derive(Default)]
struct Journal {
    /// By code: written down before it was sent; true once acknowledged.
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

/// Sends an intent; whether it was acknowledged.
fn write(hr: &Client, code: &str) -> bool {
    let body = json!({ "code": code, "title": "Written under fire", "level": 1 });
    let request = hr.request("POST", "/v1/positions").key(code).json(&body);
    match request.try_send() {
        Ok(answer) => {
            answer.expect(201);
            true
        }
        Err(_) => false,
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
        let hr = Client::new(server.address, world.credentials(Persona::HrAdmin));
        for code in journal.unacknowledged() {
            assert!(write(&hr, &code), "{code} can be sent again");
            journal.note(&code, true);
        }
        std::thread::scope(|scope| {
            for writer in 0..WRITERS {
                let (hr, journal) = (hr.clone(), &journal);
                scope.spawn(move || {
                    for number in 0.. {
                        let code = format!("{round}-{writer}-{number}");
                        journal.note(&code, false);
                        if !write(&hr, &code) {
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
    let hr = Client::new(server.address, world.credentials(Persona::HrAdmin));
    for code in journal.unacknowledged() {
        assert!(write(&hr, &code), "{code} can be sent again");
    }
    let mut rows: BTreeMap<String, u32> = BTreeMap::new();
    for row in hr.all("/v1/positions?limit=200") {
        if row["title"] == "Written under fire" {
            *rows.entry(row["code"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
        }
    }
    server.kill();
    let intents = journal.intents.into_inner().expect("no writer panicked");
    assert!(intents.len() > (ROUNDS * WRITERS) as usize, "the writers were at work");
    assert!(rows.keys().eq(intents.keys()), "each intent is there, and nothing else");
    assert!(rows.values().all(|count| *count == 1), "no retry made a second row");
}

/// Lets the program check the audit log, and SQLite its file.
fn verify(database: &TestDatabase) {
    let arguments = ["audit", "verify", "--database-url", &database.url];
    let (intact, said) = process::run(&arguments, "");
    assert!(intact, "the audit chain holds: {said}");
    if database.engine == Engine::Sqlite {
        let check = "SELECT integrity_check AS line FROM pragma_integrity_check";
        assert_eq!(sql::lines(Engine::Sqlite, &database.url, check), ["ok"]);
    }
}
