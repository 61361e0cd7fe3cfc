//! Limits: however much is sent, however often and from wherever, the cost is limited and others
//! are not affected.

use api::areas::AREAS;
use api::platform::app::App;
use api::platform::clock::Clock;
use api::platform::key_file::KeyFile;
use chrono::TimeDelta;
use persistence::{Database, DbError, SigningKey};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use tests::app::{TestDatabase, runtime};
use tests::client::Credentials;
use tests::process::ServerProcess;
use tests::world::Persona::{Anonymous, Employee, HrAdmin};
use tests::world::{PASSWORD, sign_in};
use tests::{Answer, Client, Engine, TestApp, on_each_engine, process, sql};
use uuid::Uuid;

on_each_engine![
    a_fault_repeats_little_of_what_was_sent,
    of_many_faults_the_first_are_told_and_all_are_counted,
    rows_that_cannot_be_read_are_counted_one_by_one,
    a_row_has_an_end,
    health_is_answered_while_bodies_are_read,
    metrics_are_for_whom_the_operator_gave_them_to,
    guesses_hold_back_whoever_makes_them,
    a_known_device_does_not_wait_for_the_guesses_of_others,
    what_could_not_be_served_was_no_guess,
    a_clock_set_back_stops_nobody_and_hides_nothing,
    readiness_tells_whether_writes_are_taken,
    idle_connections_stop_nobody,
];

fn bulk(app: &TestApp, kind: &str, query: &str, body: impl Into<Vec<u8>>) -> Answer {
    let request = app.as_(HrAdmin).request("POST", format!("/v1/employees/bulk?{query}"));
    app.unchanged(|| request.body(kind, body).send())
}

fn errors(answer: &Answer) -> Vec<Value> {
    answer.json()["errors"].as_array().cloned().unwrap_or_default()
}

fn a_fault_repeats_little_of_what_was_sent(app: &TestApp) {
    let long = "\u{4e2d}x".repeat(100_000);
    let header = "employee_number,name,hire_date,".to_owned() + &long[..30_000];
    let pointed = json!([{
        "employee_number": "A", "name": "A", "hire_date": "2024-01-01",
        &long[..20_000]: 1,
        "external_ids": { &long[..30_000]: 1, "a\u{1}b": "a\u{1}b" },
    }]);
    let single = json!({ "code": "X", "title": "T", "level": 1, &long[..400_000]: 1 });
    for answer in [
        bulk(app, "text/csv", "", header),
        bulk(app, "application/json", "", pointed.to_string()),
        app.unchanged(|| app.as_(HrAdmin).post("/v1/positions", &single)),
    ] {
        let answer = answer.refused("validation-failed");
        assert!(answer.body.len() < 16_384, "{} bytes", answer.body.len());
        for error in errors(&answer) {
            for name in ["pointer", "detail"] {
                let text = error[name].as_str().unwrap_or_default();
                assert!(text.chars().count() <= 600, "{name} is too long: {error}");
            }
        }
    }
}

fn of_many_faults_the_first_are_told_and_all_are_counted(app: &TestApp) {
    let row = r#"{"a":1,"b":2,"c":3}"#;
    let lines = format!("{row}\n").repeat(50_000);
    let array = format!("[{}]", vec![row; 50_000].join(","));
    let table = "employee_number,name,hire_date\n".to_owned() + &",,x\n".repeat(50_000);
    // Three unknown properties and a missing one in each row; two missing cells and a wrong one.
    for (kind, body, total) in [
        ("application/x-ndjson", lines, 200_000),
        ("application/json", array, 200_000),
        ("text/csv", table, 150_000),
    ] {
        let answer = bulk(app, kind, "", body).refused("validation-failed");
        let errors = errors(&answer);
        assert_eq!(errors.len(), 1_001, "{kind}");
        assert_eq!(errors[1_000]["code"], "more_faults");
        let detail = errors[1_000]["detail"].as_str().unwrap_or_default();
        assert!(detail.contains(&total.to_string()), "{kind}: {detail}");
    }
    let many: Vec<String> = (0..60_000).map(|number| format!("\"p{number}\":1")).collect();
    let answer = app.unchanged(|| {
        let request = app.as_(HrAdmin).request("POST", "/v1/positions");
        request.body("application/json", format!("{{{}}}", many.join(","))).send()
    });
    let answer = answer.refused("validation-failed");
    assert_eq!(errors(&answer).len(), 1_001);
    assert!(answer.body.len() < 1 << 18);
}

fn rows_that_cannot_be_read_are_counted_one_by_one(app: &TestApp) {
    let wide: Vec<String> = (0..100).map(|number| format!("\"p{number}\":1")).collect();
    let row = format!("{{{}}}\n", wide.join(","));
    let few = bulk(app, "application/x-ndjson", "atomic=false", row.repeat(30)).expect(200).json();
    assert_eq!((&few["failed"], few["rows"].as_array().map(Vec::len)), (&json!(30), Some(30)));
    let first = few["rows"][0]["errors"].as_array().cloned().unwrap_or_default();
    assert_eq!(first.len(), 21, "twenty faults, and how many there are");
    assert_eq!(first[20]["code"], "more_faults");

    let job = app.as_(HrAdmin).request("POST", "/v1/employees/bulk?atomic=false");
    let job = job.body("application/x-ndjson", "{}\n".repeat(20_000)).send().expect(202);
    let path = job.header("Location").expect("where to follow it").to_owned();
    let read = || app.as_(HrAdmin).get(&path).expect(200).json();
    tests::app::eventually("the job ends", || read()["state"] == "succeeded");
    let result = read()["result"].clone();
    assert_eq!(result["failed"], 20_000);
    assert_eq!(result["rows"].as_array().map(Vec::len), Some(1_000));
}

fn a_row_has_an_end(app: &TestApp) {
    let cell = "x".repeat(8 << 20);
    let good = "G,G,2024-01-01\n";
    let csv = |rows: String| {
        bulk(app, "text/csv", "", "employee_number,name,hire_date\n".to_owned() + &rows)
            .refused("validation-failed")
    };
    csv(format!("{good}A,{cell},2024-01-01\n")).faults(&[("/1", "row_too_long")]);
    csv(format!("{good}A,\"{good}{}", good.repeat(10_000))).faults(&[("/1", "row_too_long")]);
    csv("\n".to_owned() + &",".repeat(8 << 20)).faults(&[("/0", "row_too_long")]);
    bulk(app, "text/csv", "", cell.clone())
        .refused("validation-failed")
        .faults(&[("", "row_too_long")]);
    let row = json!({ "employee_number": "A", "name": cell, "hire_date": "2024-01-01" });
    bulk(app, "application/json", "", json!([row]).to_string())
        .refused("validation-failed")
        .faults(&[("/0", "row_too_long")]);
    bulk(app, "application/x-ndjson", "", format!("{{}}x\n{row}\n"))
        .refused("validation-failed")
        .faults(&[("/0", "row_malformed"), ("/1", "row_too_long")]);
}

fn health_is_answered_while_bodies_are_read(app: &TestApp) {
    let body = "x".repeat(40 << 20);
    std::thread::scope(|scope| {
        let uploads: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let request = app.as_(HrAdmin).request("POST", "/v1/employees/bulk");
                    request.body("text/csv", body.clone()).try_send().map(|answer| answer.status)
                })
            })
            .collect();
        while uploads.iter().any(|upload| !upload.is_finished()) {
            let asked = Instant::now();
            app.as_(Anonymous).get("/healthz").expect(200);
            assert!(asked.elapsed() < Duration::from_secs(3), "{:?}", asked.elapsed());
        }
        for upload in uploads {
            let status = upload.join().expect("no panic").expect("an answer");
            assert!([422, 503].contains(&status), "{status}");
        }
    });
}

fn metrics_are_for_whom_the_operator_gave_them_to(app: &TestApp) {
    app.as_(Anonymous).get("/metrics").refused("not-found");
    app.as_(HrAdmin).get("/metrics").refused("not-found");
    let asked = TestApp::start(app.engine, &["--metrics-token", "let-me-count"]);
    asked.as_(Anonymous).get("/metrics").refused("unauthenticated");
    asked.as_(HrAdmin).get("/metrics").refused("unauthenticated");
    let counter = asked.as_(Anonymous).with(Credentials::Token("let-me-count".to_owned()));
    counter.get("/metrics").expect(200);
    let local = TestApp::start(app.engine, &["--metrics-local"]);
    local.as_(Anonymous).get("/metrics").expect(200);
    let behind = TestApp::start(app.engine, &["--metrics-local", "--proxies", "1"]);
    let request = behind.as_(Anonymous).request("GET", "/metrics");
    request.header("X-Forwarded-For", "192.0.2.1").send().refused("not-found");
}

fn wrong(client: &Client, login: &str) -> Answer {
    let body = json!({ "tenant": "acme", "login": login, "password": "the wrong password" });
    client.post("/v1/auth/token", &body)
}

/// Tries wrong passwords until the server makes the client wait.
fn held_back(client: &Client, login: &str) -> Answer {
    let mut guesses = (0..20).map(|_| wrong(client, login));
    let held = guesses.find(|answer| answer.status == 429).expect("guesses are held back");
    held.refused("too-many-sign-in-attempts")
}

fn guesses_hold_back_whoever_makes_them(app: &TestApp) {
    let nobody = app.as_(Anonymous);
    for number in 0..60 {
        wrong(&nobody, &format!("nobody-{number}")).refused("invalid-credentials");
    }
    // Another person at the same address can sign in.
    sign_in(&nobody, "acme", "lin").expect(200);
    let mut waits = Vec::new();
    for _ in 0..3 {
        let held = held_back(&nobody, "mei");
        let seconds = held.header("Retry-After").and_then(|text| text.parse().ok());
        waits.push(seconds.unwrap_or(0));
        app.clock().advance(TimeDelta::seconds(seconds.unwrap_or(0)));
    }
    assert!(waits[0] < waits[1] && waits[1] < waits[2], "{waits:?}");
    sign_in(&nobody, "acme", "mei").expect(200);
}

fn a_known_device_does_not_wait_for_the_guesses_of_others(app: &TestApp) {
    let nobody = app.as_(Anonymous);
    let first = sign_in(&nobody, "acme", "mei").expect(200).json();
    let token = first["device_token"].clone();
    assert!(token.is_string());
    held_back(&nobody, "mei");
    sign_in(&nobody, "acme", "mei").refused("too-many-sign-in-attempts");
    let known = |login: &str, password: &str, token: &Value| {
        let body = json!({
            "tenant": "acme", "login": login, "password": password, "device_token": token,
        });
        nobody.post("/v1/auth/token", &body)
    };
    known("mei", PASSWORD, &token).expect(200);
    known("mei", PASSWORD, &json!("made up")).refused("too-many-sign-in-attempts");
    // The device is known for its own login only, does not replace the password, and is slowed down
    // as well.
    held_back(&nobody, "lin");
    known("lin", PASSWORD, &token).refused("too-many-sign-in-attempts");
    known("mei", "the wrong password", &token).refused("invalid-credentials");
    let mut guesses = (0..9).map(|_| known("mei", "the wrong password", &token).status);
    assert!(guesses.any(|status| status == 429));
}

fn what_could_not_be_served_was_no_guess(app: &TestApp) {
    let nobody = app.as_(Anonymous);
    block_writes(app, true);
    for _ in 0..12 {
        let body = json!({ "tenant": "acme", "login": "mei", "password": PASSWORD });
        let answer = nobody.request("POST", "/v1/auth/token").json(&body).try_send();
        answer.expect("an answer").refused("database-unavailable");
    }
    block_writes(app, false);
    sign_in(&nobody, "acme", "mei").expect(200);
}

/// Makes the database refuse writes as a full one would, or accept them again.
fn block_writes(app: &TestApp, block: bool) {
    let tables = ["session", "pulse"];
    for table in tables {
        let statement = match (app.engine, block) {
            (Engine::Sqlite, true) => format!(
                "CREATE TRIGGER full_{table} BEFORE UPDATE ON {table} BEGIN \
                 SELECT RAISE(ABORT, 'database or disk is full'); END; \
                 CREATE TRIGGER full_{table}_too BEFORE INSERT ON {table} BEGIN \
                 SELECT RAISE(ABORT, 'database or disk is full'); END"
            ),
            (Engine::Sqlite, false) => {
                format!("DROP TRIGGER full_{table}; DROP TRIGGER full_{table}_too")
            }
            (Engine::Postgres, true) => format!(
                "CREATE OR REPLACE FUNCTION full() RETURNS trigger LANGUAGE plpgsql AS \
                 $$ BEGIN RAISE EXCEPTION 'could not extend file'; END $$; \
                 CREATE TRIGGER full_{table} BEFORE INSERT OR UPDATE ON {table} \
                 FOR EACH ROW EXECUTE FUNCTION full()"
            ),
            (Engine::Postgres, false) => format!("DROP TRIGGER full_{table} ON {table}"),
        };
        sql::execute(app.engine, app.url(), &statement);
    }
}

fn readiness_tells_whether_writes_are_taken(app: &TestApp) {
    let ready = || {
        let answer = app.as_(Anonymous).request("GET", "/readyz").try_send();
        answer.expect("an answer")
    };
    ready().expect(200);
    block_writes(app, true);
    app.clock().advance(TimeDelta::seconds(6));
    ready().refused("database-unavailable");
    app.as_(HrAdmin).get("/v1/positions").expect(200);
    app.as_(Anonymous).get("/healthz").expect(200);
    block_writes(app, false);
    ready().expect(200);
    let written =
        || sql::lines(app.engine, app.url(), "SELECT CAST(at AS TEXT) AS line FROM pulse");
    let before = written();
    for _ in 0..20 {
        ready().expect(200);
    }
    assert_eq!(written(), before, "it writes rarely");
}

fn a_clock_set_back_stops_nobody_and_hides_nothing(app: &TestApp) {
    let nobody = app.as_(Anonymous);
    let hr = app.as_(HrAdmin);
    let first = sign_in(&nobody, "acme", "lin").expect(200).json();
    let refresh =
        |token: &Value| nobody.post("/v1/auth/refresh", &json!({ "refresh_token": token }));
    let second = refresh(&first["refresh_token"]).expect(200).json();
    let position = |code: &str| {
        let body = json!({ "code": code, "title": code, "level": 1 });
        hr.post("/v1/positions", &body).expect(201)
    };
    let before = position("BEFORE").json();
    // Uses up the free attempts; the next one has to wait some seconds.
    for _ in 0..5 {
        wrong(&nobody, "mei").refused("invalid-credentials");
    }
    app.clock().advance(TimeDelta::seconds(10));

    app.clock().set_ahead(TimeDelta::hours(-1));
    sign_in(&nobody, "acme", "mei").expect(200);
    sign_in(&nobody, "acme", "lin").expect(200);
    refresh(&first["refresh_token"]).refused("refresh-reused");
    refresh(&second["refresh_token"]).refused("unauthenticated");

    let seen = before["updated_at"].as_str().unwrap_or_default().to_owned();
    let after = position("AFTER").json();
    assert!(after["updated_at"].as_str().unwrap_or_default() >= seen.as_str(), "{after}");
    let since = hr.all(&format!("/v1/positions?updated_since={seen}"));
    assert!(since.iter().any(|row| row["code"] == "AFTER"), "a mirror misses nothing");
}

fn idle_connections_stop_nobody(app: &TestApp) {
    let bounds = ["--max-connections", "64", "--max-connections-per-address", "32"];
    let app = TestApp::start(app.engine, &bounds);
    let address = app.as_(Anonymous).address();
    let idle: Vec<TcpStream> = (0..300)
        .map(|number| {
            let mut stream = TcpStream::connect(address).expect("connect");
            let head =
                if number % 2 == 0 { "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" } else { "GE" };
            // The server may already have closed the connection.
            let _ = stream.write_all(head.as_bytes());
            stream
        })
        .collect();
    let asked = Instant::now();
    app.as_(Anonymous).get("/healthz").expect(200);
    app.as_(Employee).get("/v1/me").expect(200);
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
    let closed = idle.iter().filter(|stream| is_closed(stream)).count();
    assert!(closed >= 300 - 40, "{closed} had to go");
}

/// Whether the other side has closed a connection, whatever it sent before.
fn is_closed(mut stream: &TcpStream) -> bool {
    stream.set_read_timeout(Some(Duration::from_millis(10))).expect("set a timeout");
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) => return error.kind() == std::io::ErrorKind::ConnectionReset,
        }
    }
}

#[test]
fn whoever_starts_it_is_warned() {
    let database = TestDatabase::empty(Engine::Sqlite);
    let server = ServerProcess::start_heard(&database.url, &["--host", "0.0.0.0"]);
    let here = (Ipv4Addr::LOCALHOST, server.address.port()).into();
    let proxied = Client::new(here, Credentials::None).request("GET", "/v1/me");
    proxied.header("X-Forwarded-For", "198.51.100.7").send().expect(401);
    let said = server.warnings();
    for warning in ["there is no company yet", "plain HTTP", "EVENHAND_PROXIES does not count"] {
        assert!(said.contains(warning), "{warning}: {said}");
    }
    let server = ServerProcess::start_heard(&database.url, &[]);
    assert!(!server.warnings().contains("plain HTTP"), "this machine alone listens");
}

#[test]
fn the_file_is_its_owners_alone() {
    if !Engine::Sqlite.is_tested() {
        return;
    }
    let database = TestDatabase::empty(Engine::Sqlite);
    let file = database.url.trim_start_matches("sqlite://").to_owned();
    let open = |ends: &[&str]| {
        let modes = ends.iter().filter_map(|end| std::fs::metadata(format!("{file}{end}")).ok());
        let modes: Vec<u32> = modes.map(|it| it.permissions().mode() & 0o777).collect();
        assert!(!modes.is_empty());
        modes.iter().filter(|mode| **mode & 0o077 != 0).count()
    };
    persistence::Database::migrate(&database.url).expect("migrate");
    let settings = tests::app::settings(&database.url, &[]);
    let server = tests::app::Server::start(settings.clone());
    assert_eq!(open(&["", "-wal", "-shm", ".lock"]), 0);
    server.stop();
    let others = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(&file, others).expect("open it to others");
    let server = tests::app::Server::start(settings);
    assert_eq!(open(&["", "-wal", "-shm"]), 0, "narrowed");
    server.stop();
}

#[test]
fn signing_keys_are_wrapped_by_the_key_file() {
    for engine in Engine::ALL.into_iter().filter(|engine| engine.is_tested()) {
        let mut app = TestApp::start(engine, &[]);
        let kept = |app: &TestApp| {
            let secret =
                if engine == Engine::Sqlite { "hex(secret)" } else { "encode(secret, 'hex')" };
            sql::lines(engine, app.url(), &format!("SELECT {secret} AS line FROM signing_key"))
        };
        let signs = |app: &TestApp| {
            app.as_(HrAdmin).get("/v1/me").expect(200);
            sign_in(&app.as_(Anonymous), "acme", "lin").expect(200);
        };
        let secrets = app.app().keys.ring();
        let bare: Vec<String> =
            secrets.iter().map(|key| api::platform::files::decode::hex(&key.secret)).collect();
        let wrapped = kept(&app);
        assert_eq!((wrapped.len(), bare.len()), (1, 1));
        assert!(!wrapped[0].to_lowercase().contains(&bare[0]), "{engine}: the secret lies open");
        signs(&app);

        // A key that was written past the program signs nothing.
        let planted = match engine {
            Engine::Sqlite => "zeroblob(32), 1",
            Engine::Postgres => "decode(repeat('00', 32), 'hex'), '2020-01-01'",
        };
        let plant = "INSERT INTO signing_key (kid, secret, created_at) VALUES ('mine',";
        sql::execute(engine, app.url(), &format!("{plant} {planted})"));
        let keys = &app.app().keys;
        runtime().block_on(keys.refresh(&app.app().db)).expect("the keys are read");
        assert!(keys.by_kid("mine").is_none() && keys.ring().len() == 1, "{engine}");
        sql::execute(engine, app.url(), "DELETE FROM signing_key WHERE kid = 'mine'");

        // As an earlier version stored it.
        let literal = if engine == Engine::Sqlite {
            format!("X'{}'", bare[0])
        } else {
            format!("decode('{}', 'hex')", bare[0])
        };
        sql::execute(engine, app.url(), &format!("UPDATE signing_key SET secret = {literal}"));
        app.restart(&[]);
        assert_eq!(kept(&app), wrapped, "{engine}: wrapped at the start");
        signs(&app);
    }
}

/// The error of opening a database with a key file.
fn refusal(url: &str, key_file: &Path) -> String {
    let mut settings = tests::app::settings(url, &[]);
    settings.key_file = Some(key_file.to_owned());
    let opened = runtime().block_on(App::open(settings, Clock::default(), &AREAS));
    opened.err().map(|error| error.to_string()).unwrap_or_default()
}

/// A path in a temporary folder.
fn file_in(folder: &TestDatabase, name: &str) -> PathBuf {
    format!("{}.{name}", folder.url.trim_start_matches("sqlite://")).into()
}

#[test]
fn a_database_is_opened_by_its_own_key_file() {
    for engine in Engine::ALL.into_iter().filter(|engine| engine.is_tested()) {
        let mut app = TestApp::start(engine, &[]);
        let kept =
            |app: &TestApp| sql::lines(engine, app.url(), "SELECT kid AS line FROM signing_key");
        let folder = TestDatabase::empty(Engine::Sqlite);
        let (missing, wrong) = (file_in(&folder, "missing"), file_in(&folder, "wrong"));
        KeyFile::open_or_create(&wrong).expect("make a key file");
        let before = kept(&app);

        let said = refusal(app.url(), &missing);
        assert!(said.contains(&missing.display().to_string()), "{said}");
        assert!(said.contains("is the one that the database was made with"), "{said}");
        let said = refusal(app.url(), &wrong);
        assert!(said.contains("the key file is not the one of this database"), "{said}");
        for file in [&missing, &wrong] {
            let rotate = ["key", "rotate", "--database-url", app.url(), "--key-file"];
            let file = file.display().to_string();
            assert!(!process::run(&[&rotate[..], &[file.as_str()]].concat(), "").0, "{file}");
        }
        assert_eq!(kept(&app), before, "{engine}: a key that nobody can read");
        let left = std::fs::read_dir(missing.parent().expect("a folder")).expect("list it");
        assert_eq!(left.count(), 1, "only the file that was there");

        let (rotated, said) = process::run(&["key", "rotate", "--database-url", app.url()], "");
        assert!(rotated && kept(&app).len() == before.len() + 1, "{said}");
        app.restart(&[]);
        app.as_(HrAdmin).get("/v1/me").expect(200);
        sign_in(&app.as_(Anonymous), "acme", "lin").expect(200);
    }
}

/// Another replica with another key file is about to store the first key. A replica that found no
/// key before must wait for it, and then stop without storing anything.
#[test]
fn of_two_first_starts_with_different_key_files_one_is_refused() {
    for engine in Engine::ALL.into_iter().filter(|engine| engine.is_tested()) {
        let database = TestDatabase::empty(engine);
        Database::migrate(&database.url).expect("migrate");
        let settings = tests::app::settings(&database.url, &[]);
        let other = Database::open(&settings.database()).expect("open the database");
        let now = Clock::default().now();
        let context = api::platform::caller::system_context(Uuid::nil().into(), now);
        let theirs = SigningKey {
            kid: "theirs".to_owned(),
            secret: vec![7; 64],
            created_at: now,
            retired_at: None,
        };
        let (hold, held) = mpsc::channel();
        let store_theirs = || {
            let write = other.write(context, move |store| {
                let before = store.hold_signing_keys()?;
                let _ = hold.send(());
                std::thread::sleep(Duration::from_secs(1));
                store.create_signing_key(&theirs)?;
                Ok::<_, DbError>(before.len())
            });
            runtime().block_on(write).expect("store the first key")
        };
        let folder = TestDatabase::empty(Engine::Sqlite);
        let ours = file_in(&folder, "ours");
        let said = std::thread::scope(|scope| {
            let winner = scope.spawn(store_theirs);
            held.recv().expect("it is under way");
            let said = refusal(&database.url, &ours);
            assert_eq!(winner.join().expect("no panic"), 0);
            said
        });
        assert!(said.contains("the key file is not the one of this database"), "{engine}: {said}");
        assert!(!ours.exists(), "{engine}: a file by which nothing is wrapped");
        let kept = sql::lines(engine, &database.url, "SELECT kid AS line FROM signing_key");
        assert_eq!(kept, ["theirs"], "{engine}");
    }
}
