//! A database that accepts no writes: the program starts on it, says so, serves reads, and writes
//! again as soon as it can.

use serde_json::json;
use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tests::app::{self, eventually};
use tests::client::{Client, Credentials, Request};
use tests::process::ServerProcess;
use tests::world::Persona::HrAdmin;
use tests::world::World;
use tests::{Engine, sql};

const SAID: &str = "the database takes no writes";

/// The status of the answer; here it may be a failure of the server.
fn status(request: Request) -> u16 {
    request.try_send().expect("an answer").status
}

/// Tries to write a position; returns the status.
fn write(hr: &Client, code: &str) -> u16 {
    let body = json!({ "code": code, "title": "Written or not", "level": 1 });
    status(hr.request("POST", "/v1/positions").key(code).json(&body))
}

fn readiness(client: &Client) -> u16 {
    status(client.with(Credentials::None).request("GET", "/readyz"))
}

fn codes(hr: &Client) -> Vec<String> {
    let positions = hr.all("/v1/positions?limit=200");
    positions.iter().filter_map(|it| it["code"].as_str().map(ToOwned::to_owned)).collect()
}

/// Fails unless the server reads and refuses writes.
#[track_caller]
fn only_reads(server: &ServerProcess, world: &World) -> Client {
    let hr = Client::new(server.address, world.credentials(HrAdmin));
    assert_eq!(readiness(&hr), 503);
    assert_eq!(hr.with(Credentials::None).get("/healthz").status, 200);
    assert!(!codes(&hr).is_empty());
    assert_eq!(write(&hr, "NOT-KEPT"), 503);
    hr
}

/// Fails unless the server writes and the written record can be read.
#[track_caller]
fn writes(hr: &Client) {
    eventually("it is ready", || readiness(hr) == 200);
    assert_eq!(write(hr, "KEPT"), 201);
    // Reads often enough to use every reading connection.
    for _ in 0..20 {
        let codes = codes(hr);
        assert!(codes.iter().any(|code| code == "KEPT"), "{codes:?}");
        assert!(codes.iter().all(|code| code != "NOT-KEPT"), "{codes:?}");
    }
}

#[test]
fn a_full_disk_is_read_until_there_is_room() {
    if !Engine::Sqlite.is_tested() {
        return;
    }
    let (database, world) = app::prepared(Engine::Sqlite);
    let server = ServerProcess::start_without_room(&database.url);
    let hr = only_reads(&server, &world);
    if server.make_room() {
        writes(&hr);
        let said = server.warnings();
        assert!(said.contains(SAID), "{said}");
    } else {
        let _ = writeln!(std::io::stderr(), "NOT TESTED IN THIS RUN: room is made; no `prlimit`");
        let said = server.warnings();
        assert!(said.contains(SAID), "{said}");
        let server = ServerProcess::start(&database.url);
        writes(&Client::new(server.address, world.credentials(HrAdmin)));
    }
}

#[test]
fn a_folder_that_nobody_may_write_is_read() {
    if !Engine::Sqlite.is_tested() {
        return;
    }
    let (database, world) = app::prepared(Engine::Sqlite);
    let file = Path::new(database.url.trim_start_matches("sqlite://"));
    let folder = file.parent().expect("a folder");
    let allow = |path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).expect("ours");
    allow(file, 0o400);
    allow(folder, 0o555);
    if fs::write(folder.join("written"), "").is_ok() {
        let reason = "a folder that nobody may write; root may";
        let _ = writeln!(std::io::stderr(), "NOT TESTED IN THIS RUN: {reason}");
    } else {
        let server = ServerProcess::start_heard(&database.url, &[]);
        only_reads(&server, &world);
        let said = server.warnings();
        assert!(said.contains(SAID), "{said}");
    }
    allow(folder, 0o755);
}

#[test]
fn a_server_that_only_reads_is_read() {
    if !Engine::Postgres.is_tested() {
        return;
    }
    let (database, world) = app::prepared(Engine::Postgres);
    let lines = sql::lines(Engine::Postgres, &database.url, "SELECT current_database() AS line");
    let alter = |what| {
        // The setting applies to this session too, unless it asks for a writing transaction.
        let statement = format!("BEGIN READ WRITE; ALTER DATABASE \"{}\" {what}; COMMIT", lines[0]);
        sql::execute(Engine::Postgres, &database.url, &statement);
    };
    alter("SET default_transaction_read_only = on");
    let server = ServerProcess::start_heard(&database.url, &[]);
    let hr = only_reads(&server, &world);
    alter("RESET default_transaction_read_only");
    writes(&hr);
    let said = server.warnings();
    assert!(said.contains(SAID), "{said}");
}
