//! The chains of a company against somebody who can change the whole database: erasing, cutting off
//! and rewriting.

use api::access::audit_heads::AuditHeadView;
use api::access::audit_heads::publication::publish_all;
use api::access::audit_heads::signing::HeadKey;
use api::platform::key_file::KeyFile;
use chrono::TimeDelta;
use persistence::Database;
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tests::app::{Server, TestDatabase, runtime};
use tests::calls::feed;
use tests::cycles::{behind, literal};
use tests::postgres::Cluster;
use tests::process::ServerProcess;
use tests::reviews::evaluated;
use tests::tampering::{Attack, Attacker, kept, verified};
use tests::world::Persona::{Auditor, Employee, EventReader, HrAdmin, OtherHrAdmin};
use tests::{Client, Engine, TestApp, on_each_engine, process, sql};

on_each_engine![
    heads_are_signed_and_told,
    a_head_kept_elsewhere_finds_a_cut_and_a_rewriting,
    a_head_by_another_key_counts_for_nothing,
    nobody_erases_details_unrecorded,
    an_erasure_is_an_entry_of_the_chain,
    an_erasure_has_a_reason_and_the_key_of_the_database,
    verifying_writes_nothing,
    a_chain_of_before_still_holds,
    every_tampering_is_found,
];

fn publish(app: &TestApp) {
    runtime().block_on(publish_all(app.app(), TimeDelta::zero()));
}

fn verify(app: &TestApp, more: &[&str]) -> (bool, String) {
    let key_file = tests::app::settings(app.url(), &[]).key_file().display().to_string();
    let usual = ["audit", "verify", "--database-url", app.url(), "--key-file", &key_file];
    process::run(&[&usual[..], more].concat(), "")
}

/// Proves R49 through `listAuditHeads`.
fn heads_are_signed_and_told(app: &TestApp) {
    publish(app);
    app.clock().advance(TimeDelta::minutes(1));
    publish(app);
    // No head is as old as an hour, so nothing is published.
    runtime().block_on(publish_all(app.app(), TimeDelta::hours(1)));
    let auditor = app.as_(Auditor);
    let heads = auditor.all("/v1/audit-heads");
    assert_eq!(heads.len(), 2, "{heads:?}");
    assert_eq!([&heads[0]["number"], &heads[1]["number"]], [1, 2]);
    assert_ne!(heads[0]["hash"], heads[1]["hash"]);
    assert!(
        heads.iter().all(|head| head.get("position").is_none()),
        "how much happens is not told"
    );
    assert_eq!(app.as_(HrAdmin).all("/v1/audit-heads?limit=1"), heads);
    app.as_(Employee).get("/v1/audit-heads").refused("forbidden");
    assert!(!app.as_(OtherHrAdmin).all("/v1/audit-heads").contains(&heads[0]));

    let told = feed(&app.as_(EventReader)).into_iter();
    let told = told.filter(|event| event["type"] == "audit_head.published");
    let told: Vec<_> = told.map(|event| event["data"].clone()).collect();
    assert_eq!(told, heads, "the feed tells the same");
    for head in &heads {
        let (intact, said) = verify(app, &["--head", &head.to_string()]);
        assert!(intact, "{said}");
    }
    let mut forged = heads[0].clone();
    forged["hash"] = "00".repeat(32).into();
    assert!(!verify(app, &["--head", &forged.to_string()]).0, "its signature does not hold");
    assert!(!verify(app, &["--head", "no-such-file"]).0);
}

fn a_head_kept_elsewhere_finds_a_cut_and_a_rewriting(app: &TestApp) {
    publish(app);
    let head = app.as_(Auditor).all("/v1/audit-heads").pop().expect("a head").to_string();
    let found = |what: &str| {
        let (intact, said) = verify(app, &["--head", &head]);
        assert!(!intact, "{what}: {said}");
    };
    let mut attacker = Attacker::new(app);
    for attack in [Attack::Cut, Attack::Rewrite, Attack::RewriteWithoutHeads, Attack::Erase] {
        attacker.strike(attack, 7);
        found(&format!("{attack:?}"));
        attacker.undo();
    }
    let (intact, said) = verify(app, &["--head", &head]);
    assert!(intact, "{said}");
}

/// A path in a temporary folder.
fn file_in(folder: &TestDatabase, name: &str) -> String {
    format!("{}.{name}", folder.url.trim_start_matches("sqlite://"))
}

/// Somebody who can rewrite everything can also sign it again, but not with the installation's key.
fn a_head_by_another_key_counts_for_nothing(app: &TestApp) {
    publish(app);
    let genuine = app.as_(Auditor).all("/v1/audit-heads").pop().expect("a head").to_string();
    let folder = TestDatabase::empty(Engine::Sqlite);
    let other = KeyFile::open_or_create(Path::new(&file_in(&folder, "other")));
    let (other, _) = other.expect("make a key file");
    let tenant = app.world.own.tenant.into();
    let mut head = app.read(|store| store.last_audit_head()).expect("a head");
    HeadKey::of(&other).sign(tenant, &mut head);
    let foreign = json!(AuditHeadView::new(tenant, &head)).to_string();

    let fault = "is not signed by the key of this installation";
    let (intact, said) = verify(app, &["--head", &genuine]);
    assert!(intact && !said.contains("is not checked"), "{said}");
    let (intact, said) = verify(app, &["--head", &foreign]);
    assert!(!intact && said.contains(fault), "{said}");
    let (intact, said) = verify(app, &["--head", &genuine, "--head", &foreign]);
    assert!(!intact && said.contains(fault), "{said}");

    // Without the key file, all heads must be by one key, and the output says that the key itself
    // is not checked.
    let missing = file_in(&folder, "missing");
    let blind = |heads: &[&str]| {
        let usual = ["audit", "verify", "--database-url", app.url(), "--key-file", &missing];
        process::run(&[&usual[..], heads].concat(), "")
    };
    let none: &[&str] = &[];
    for heads in [none, &["--head", &genuine]] {
        let (intact, said) = blind(heads);
        assert!(intact && said.contains("is not checked"), "{said}");
    }
    let (intact, said) = blind(&["--head", &foreign]);
    assert!(!intact && said.contains(fault) && said.contains("is not checked"), "{said}");
    assert!(!blind(&["--head", &genuine, "--head", &foreign]).0, "one of them is somebody else's");
}

fn nobody_erases_details_unrecorded(app: &TestApp) {
    Attacker::new(app);
    // The erased details are not kept in the salt either.
    let (mine, bytes) = (
        literal(app, app.world.own.tenant),
        match app.engine {
            Engine::Sqlite => "hex(salt) || hex(details)",
            Engine::Postgres => "encode(salt || convert_to(details, 'UTF8'), 'hex')",
        },
    );
    let row = format!("tenant_id = {mine} AND position = 6");
    let whole = format!("SELECT {bytes} AS line FROM audit_detail WHERE {row}");
    let whole = sql::lines_of(app.engine, app.url(), app.world.own.tenant, &whole).remove(0);
    let salt = match app.engine {
        Engine::Sqlite => format!("X'{whole}'"),
        Engine::Postgres => format!("decode('{whole}', 'hex')"),
    };
    behind(app, &format!("UPDATE audit_detail SET salt = {salt}, details = '' WHERE {row}"));
    let (intact, said) = verify(app, &[]);
    assert!(!intact && said.contains("audit entry 6"), "{said}");
    behind(app, "DELETE FROM audit_detail WHERE position = 7");
    let (intact, said) = verify(app, &[]);
    assert!(!intact && said.contains("audit entry 7 are gone"), "{said}");
}

fn an_erasure_is_an_entry_of_the_chain(app: &TestApp) {
    let position = app.id("position");
    let list = format!("/v1/audit-entries?resource_id={position}");
    let entry = || app.as_(Auditor).all(&list)[0].clone();
    let id = entry()["id"].as_str().unwrap_or_default().to_owned();
    assert_eq!(entry()["details"]["code"], json!([null, "REP"]));
    let slug = app.world.own.slug;
    let erase = ["audit", "erase", "--tenant", slug, "--entry", &id, "--reason", "Asked for"];
    let erase = [&erase[..], &["--database-url", app.url()]].concat();
    let (erased, said) = process::run(&erase, "");
    assert!(erased, "{said}");
    assert!(entry().get("details").is_none());
    let recorded = app.recorded("audit_entry.erased");
    assert_eq!(recorded[0].resource_id.to_string(), id);
    assert_eq!(
        (recorded[0].reason.as_deref(), &*recorded[0].rule),
        (Some("Asked for"), "operator")
    );
    assert!(!process::run(&erase, "").0, "there is nothing left to erase");
    let (intact, said) = verify(app, &[]);
    assert!(intact, "{said}");
    if app.engine == Engine::Sqlite {
        let (engine, url) = (app.engine, app.url().to_owned());
        let unrecorded = "DELETE FROM audit_detail WHERE position = 1";
        let refused = std::panic::catch_unwind(move || sql::execute(engine, &url, unrecorded));
        assert!(refused.is_err(), "the file itself knows of no other erasure");
    }
}

fn an_erasure_has_a_reason_and_the_key_of_the_database(app: &TestApp) {
    let list = format!("/v1/audit-entries?resource_id={}", app.id("position"));
    let entry = || app.as_(Auditor).all(&list)[0].clone();
    let id = entry()["id"].as_str().unwrap_or_default().to_owned();
    let erase = |reason: &str, more: &[&str]| {
        let slug = app.world.own.slug;
        let asked = ["audit", "erase", "--tenant", slug, "--entry", &id, "--reason", reason];
        process::run(&[&asked[..], &["--database-url", app.url()], more].concat(), "").0
    };
    for reason in ["", "  "] {
        assert!(!erase(reason, &[]), "{reason:?} is no reason");
    }
    let folder = TestDatabase::empty(Engine::Sqlite);
    let (wrong, missing) = (file_in(&folder, "wrong"), file_in(&folder, "missing"));
    KeyFile::open_or_create(Path::new(&wrong)).expect("make a key file");
    assert!(!erase("Asked for", &["--key-file", &wrong]), "nobody could tell who has signed it");
    assert!(!erase("Asked for", &["--key-file", &missing]));
    assert!(!Path::new(&missing).exists());
    assert!(entry().get("details").is_some());
    assert!(app.recorded("audit_entry.erased").is_empty());
    assert!(erase("Asked for", &[]));
    assert!(entry().get("details").is_none());
}

#[test]
fn the_file_of_heads_is_its_owners_alone() {
    if !Engine::Sqlite.is_tested() {
        return;
    }
    let folder = TestDatabase::empty(Engine::Sqlite);
    let file = file_in(&folder, "heads");
    let app = TestApp::start(Engine::Sqlite, &["--audit-head-file", &file]);
    publish(&app);
    let mode = std::fs::metadata(&file).expect("a file of heads").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

/// In a file whose tables were created anew a position can be a text, which SQLite sorts after
/// every number but reads as a number. The verification must report it and must not loop for ever.
#[test]
fn a_position_that_is_no_number_ends_the_verifying() {
    if !Engine::Sqlite.is_tested() {
        return;
    }
    let app = TestApp::start(Engine::Sqlite, &[]);
    evaluated(&app, &json!({}));
    app.as_(HrAdmin).all("/v1/reviews");
    publish(&app);
    for (table, column, fault) in [
        ("read_entry", "position", "read entry"),
        ("audit_entry", "position", "audit entry"),
        ("audit_head", "number", "head 2 is missing"),
    ] {
        let anew = format!(
            "PRAGMA foreign_keys = OFF; CREATE TABLE loose AS SELECT * FROM {table}; \
             DROP TABLE {table}; CREATE TABLE {table} AS SELECT * FROM loose; \
             INSERT INTO {table} SELECT * FROM loose LIMIT 1; \
             UPDATE {table} SET {column} = 'x' WHERE rowid = last_insert_rowid(); DROP TABLE loose"
        );
        sql::execute(app.engine, app.url(), &anew);
        let (intact, said) = verify(&app, &[]);
        assert!(!intact && said.contains(fault), "{table}: {said}");
    }
}

fn verifying_writes_nothing(app: &TestApp) {
    publish(app);
    let database = tests::app::TestDatabase::empty(app.engine);
    assert!(!process::run(&["audit", "verify", "--database-url", &database.url], "").0);
    assert!(!Database::is_migrated(&database.url).expect("look"), "it is as empty as before");
    if app.engine == Engine::Sqlite {
        let source = app.url().trim_start_matches("sqlite://");
        let copy = database.url.trim_start_matches("sqlite://");
        let _ = std::fs::remove_file(copy);
        sql::execute(app.engine, app.url(), &format!("VACUUM INTO '{copy}'"));
        std::fs::copy(format!("{source}.key"), format!("{copy}.key")).expect("copy the key");
        let folder = std::path::Path::new(copy).parent().expect("a folder");
        let look = || {
            let files = std::fs::read_dir(folder).expect("a folder").flatten();
            let mut files: Vec<_> = files
                .map(|file| (file.path(), file.metadata().expect("a file").modified().ok()))
                .collect();
            files.sort();
            files
        };
        let before = look();
        let (intact, said) =
            process::run(&["audit", "verify", "--database-url", &database.url], "");
        assert!(intact, "{said}");
        assert_eq!(look(), before);
    }
}

/// On PostgreSQL, one role migrates. The role that serves may add to the logs but not change them.
/// A third role that may only read can verify.
#[test]
fn the_role_that_serves_cannot_change_the_past() {
    if !Engine::Postgres.is_tested() {
        return;
    }
    let (database, world) = tests::app::prepared(Engine::Postgres);
    let cluster = Cluster::shared();
    for role in ["serving", "reading"] {
        cluster.create_role(role);
    }
    let migrate = ["migrate", "--database-url", &database.url, "--grant-to", "serving"];
    let (granted, said) = process::run(&migrate, "");
    assert!(granted, "{said}");
    let serving = Cluster::url_as(&database.url, "serving");
    let server = Server::start(tests::app::settings(&serving, &[]));
    runtime().block_on(publish_all(&server.app, TimeDelta::zero()));
    let hua = Client::new(server.address, world.credentials(HrAdmin));
    let lin = hua.get(format!("/v1/employees/{}", world.own.id("lin"))).expect(200);
    hua.patch(&lin, &json!({ "name": "Lin Lin" })).expect(200);
    assert_eq!(hua.all("/v1/audit-heads").len(), 1);
    hua.all("/v1/reviews");
    server.stop();

    let tenant = format!("SET evenhand.tenant = '{}'", world.own.tenant);
    let mut refused = vec!["CREATE TABLE mine ()".to_owned(), "DROP TABLE audit_entry".to_owned()];
    for table in ["audit_entry", "audit_detail", "audit_head", "read_entry", "read_subject"] {
        refused.push(format!("{tenant}; UPDATE {table} SET tenant_id = tenant_id"));
        refused.push(format!("{tenant}; DELETE FROM {table}"));
        refused.push(format!("TRUNCATE {table}"));
        refused.push(format!("ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY"));
    }
    for statement in refused {
        let url = serving.clone();
        let asked = statement.clone();
        let done = std::panic::catch_unwind(move || sql::execute(Engine::Postgres, &url, &asked));
        assert!(done.is_err(), "{statement}");
    }

    let read = "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reading";
    sql::execute(Engine::Postgres, &database.url, read);
    let reading = Cluster::url_as(&database.url, "reading");
    let (intact, said) = process::run(&["audit", "verify", "--database-url", &reading], "");
    assert!(intact, "{said}");
}

/// The program refuses to serve with roles whose rights cannot be limited; a role can get a right
/// in many ways.
#[test]
fn a_role_that_may_change_the_past_is_refused_or_warned_of() {
    if !Engine::Postgres.is_tested() {
        return;
    }
    let (database, _) = tests::app::prepared(Engine::Postgres);
    for role in ["joined", "passing", "plain"] {
        Cluster::shared().create_role(role);
    }
    let superuser = Cluster::url_as(&database.url, "postgres");
    let allow = |statement: &str| sql::execute(Engine::Postgres, &superuser, statement);
    allow("GRANT evenhand TO joined; ALTER ROLE passing BYPASSRLS");
    let granted = |role: &str| {
        let migrate = ["migrate", "--database-url", &database.url, "--grant-to", role];
        process::run(&migrate, "").0
    };
    for role in ["evenhand", "postgres", "joined", "passing", "absent"] {
        assert!(!granted(role), "{role}");
    }
    assert!(granted("plain"));

    let serving = Cluster::url_as(&database.url, "plain");
    let is_warned = || {
        let said = ServerProcess::start_heard(&serving, &[]).warnings();
        said.contains("may change or delete what is logged")
    };
    assert!(!is_warned(), "it has what serving needs");
    for (right, back) in [
        ("GRANT UPDATE (rule) ON audit_entry TO plain", "REVOKE UPDATE ON audit_entry FROM plain"),
        ("GRANT DELETE ON read_subject TO PUBLIC", "REVOKE DELETE ON read_subject FROM PUBLIC"),
        ("GRANT TRUNCATE ON audit_head TO plain", "REVOKE TRUNCATE ON audit_head FROM plain"),
        ("GRANT evenhand TO plain", "REVOKE evenhand FROM plain"),
        ("ALTER TABLE read_entry OWNER TO plain", "ALTER TABLE read_entry OWNER TO evenhand"),
    ] {
        allow(right);
        assert!(is_warned(), "{right}");
        allow(back);
    }
}

/// A database from the time when the chain held the details itself is migrated.
fn a_chain_of_before_still_holds(app: &TestApp) {
    let before = app.recorded("position.created");
    for name in ["000043_read_log", "000042_audit_head", "000041_audit_detail"] {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../migrations");
        let down = format!("{folder}/{}/2026-11-30-{name}/down.sql", app.engine);
        let version = format!("20261130{}", &name[..6]);
        sql::execute(app.engine, app.url(), &std::fs::read_to_string(down).expect("a migration"));
        let forget = format!("DELETE FROM __diesel_schema_migrations WHERE version = '{version}'");
        sql::execute(app.engine, app.url(), &forget);
    }
    assert!(!Database::is_migrated(app.url()).expect("look"));
    assert_eq!(Database::migrate(app.url()).expect("migrate").len(), 3);
    assert_eq!(app.recorded("position.created"), before);
    let (intact, said) = verify(app, &[]);
    assert!(intact, "{said}");
}

/// A thousand random tamperings with any column of any table of the log are all found by means of
/// the heads kept elsewhere, and nothing is found where nothing was done.
fn every_tampering_is_found(app: &TestApp) {
    let review = evaluated(app, &json!({}));
    for _ in 0..4 {
        publish(app);
        app.as_(HrAdmin).get(&review).expect(200);
        app.as_(HrAdmin).all("/v1/reviews");
        app.clock().advance(TimeDelta::minutes(1));
    }
    publish(app);
    let heads: Vec<Value> = app.as_(Auditor).all("/v1/audit-heads");
    let heads = kept(&heads[2..]);
    let mut attacker = Attacker::new(app);
    assert_eq!(verified(app, &heads), Ok(Vec::new()), "nothing was done");
    let tamperings = tests::variable("EVENHAND_TAMPERINGS");
    let tamperings = tamperings.and_then(|count| count.parse().ok()).unwrap_or(1000);
    for seed in 0..tamperings {
        let done = attacker.tamper(seed);
        let found = verified(app, &heads);
        assert!(found != Ok(Vec::new()), "{seed}: {done}");
        attacker.undo();
    }
    assert_eq!(verified(app, &heads), Ok(Vec::new()), "everything is as it was");
}
