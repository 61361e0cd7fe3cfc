//! The schema can be migrated up, down and up again, and only one process changes it at a time.

use persistence::Database;
use serde_json::{Value, json};
use std::sync::Barrier;
use tests::app::{Server, TestDatabase, settings};
use tests::{Engine, process, sql, world};

#[test]
fn up_down_and_up_is_the_same_schema() {
    for engine in Engine::ALL.into_iter().filter(|engine| engine.is_tested()) {
        let database = TestDatabase::empty(engine);
        let empty = schema(&database);
        assert!(!Database::is_migrated(&database.url).expect("look"));
        let ran = Database::migrate(&database.url).expect("up");
        assert!(Database::is_migrated(&database.url).expect("look"));
        assert!(!ran.is_empty());
        assert!(Database::migrate(&database.url).expect("again").is_empty());
        let first = schema(&database);
        assert!(first.len() > empty.len() + 10, "{engine}: {first:?}");

        let mut reverted = Database::revert(&database.url).expect("down");
        reverted.reverse();
        assert_eq!(reverted, ran);
        assert_eq!(schema(&database), empty, "{engine}: nothing stays behind");
        assert_eq!(Database::migrate(&database.url).expect("up again"), ran);
        assert_eq!(schema(&database), first, "{engine}");
    }
}

#[test]
fn of_many_first_starts_one_migrates() {
    for engine in Engine::ALL.into_iter().filter(|engine| engine.is_tested()) {
        let database = TestDatabase::empty(engine);
        let start = Barrier::new(4);
        let ran: Vec<usize> = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| {
                        start.wait();
                        Database::migrate(&database.url).expect("migrate").len()
                    })
                })
                .collect();
            starts.into_iter().map(|start| start.join().expect("no panic")).collect()
        });
        assert_eq!(ran.iter().filter(|count| **count > 0).count(), 1, "{engine}: {ran:?}");
    }
}

/// A company as the version of 29 November 2026 stored it, with everything that has changed since.
#[test]
fn a_database_of_an_earlier_version_is_carried_over() {
    for engine in Engine::ALL.into_iter().filter(|engine| engine.is_tested()) {
        let database = TestDatabase::empty(engine);
        let kept = match engine {
            Engine::Sqlite => include_str!("../../fixtures/2026-11-29/sqlite.sql"),
            Engine::Postgres => include_str!("../../fixtures/2026-11-29/postgres.sql"),
        };
        sql::execute(engine, &database.url, kept);
        sql::execute(engine, &database.url, &strict_policy(engine));
        assert!(!Database::is_migrated(&database.url).expect("look"));
        Database::migrate(&database.url).expect("up");
        let verify = ["audit", "verify", "--database-url", &database.url];
        let (succeeded, said) = process::run(&verify, "");
        assert!(succeeded && said.contains("acme: "), "{said}");

        let server = Server::start(settings(&database.url, &[]));
        let nobody = server.client();
        let hr = nobody.with(world::token(&world::sign_in(&nobody, "acme", "founder").expect(200)));
        let people = hr.all("/v1/employees?sort=employee_number");
        let of = |number: &str| {
            let found = people.iter().find(|person| person["employee_number"] == number);
            found.unwrap_or_else(|| panic!("{number} is lost"))
        };
        let expected = [
            ("BACK", "active", json!([["2017-05-01", null, null]])),
            ("BOSS", "active", json!([["2015-03-01", null, null]])),
            ("COMES", "pending", json!([["2099-01-01", null, null]])),
            ("LEFT", "terminated", json!([["2015-03-01", "2025-06-30", "Moved away"]])),
            ("LISTED", "terminated", json!([["2019-02-01", "2024-03-31", null]])),
            ("STAYS", "active", json!([["2016-01-01", null, null]])),
            ("UNDER", "active", json!([["2018-01-01", null, null]])),
        ];
        assert_eq!(people.len(), expected.len());
        for (number, status, employments) in expected {
            let person = of(number);
            assert_eq!(person["status"], status, "{engine}: {number}");
            let id = person["id"].as_str().unwrap_or_default();
            let kept = hr.all(&format!("/v1/employees/{id}/employments"));
            let kept = kept.iter().map(|it| json!([it["hire_date"], it["last_day"], it["reason"]]));
            assert_eq!(kept.collect::<Value>(), employments, "{engine}: {number}");
        }
        assert_eq!(of("UNDER")["manager_id"], of("LEFT")["id"]);
        assert_eq!(of("STAYS")["email"], "stays@acme.example");
        let policies = hr.all("/v1/policies");
        let settings = json!({ "dist.min_group": 9, "review.process_records": "block" });
        assert_eq!(policies[0]["rules"], json!({ "settings": settings, "populations": [] }));
        let found = hr.all("/v1/employees?q=stays%40acme");
        assert_eq!(found.len(), 1, "{engine}: people of before are found too");
        server.stop();
        let (succeeded, said) = process::run(&verify, "");
        assert!(succeeded, "{said}");
        assert_eq!(
            Database::revert(&database.url).expect("down").len(),
            Database::migrate(&database.url).expect("up again").len()
        );
    }
}

/// Stores a policy as that version did, when what missing records do was no setting.
fn strict_policy(engine: Engine) -> String {
    let (id, now) = match engine {
        Engine::Sqlite => ("randomblob(16)", "0"),
        Engine::Postgres => ("gen_random_uuid()", "now()"),
    };
    let rules = json!({
        "settings": { "dist.min_group": 9 }, "populations": [], "process_records": "block",
    });
    let insert = format!(
        "INSERT INTO policy (tenant_id, id, code, name, number, state, rules, version, created_at, \
         updated_at) SELECT id, {id}, 'STRICT', 'Strict', 1, 'draft', '{rules}', 1, {now}, {now} \
         FROM tenant;"
    );
    match engine {
        Engine::Sqlite => insert,
        Engine::Postgres => format!(
            "ALTER TABLE policy NO FORCE ROW LEVEL SECURITY; {insert} \
             ALTER TABLE policy FORCE ROW LEVEL SECURITY;"
        ),
    }
}

#[test]
fn both_engines_have_the_same_tables() {
    if !Engine::ALL.into_iter().all(Engine::is_tested) {
        return;
    }
    let columns = |engine, query| {
        let database = TestDatabase::empty(engine);
        Database::migrate(&database.url).expect("migrate");
        sql::lines(engine, &database.url, query)
    };
    let sqlite = columns(
        Engine::Sqlite,
        "SELECT m.name || '.' || c.name || CASE WHEN c.\"notnull\" THEN '' ELSE '?' END AS line \
         FROM sqlite_master m JOIN pragma_table_info(m.name) c \
         WHERE m.type = 'table' AND m.name NOT LIKE '\\_\\_%' ESCAPE '\\' \
         AND m.name NOT LIKE 'sqlite\\_stat%' ESCAPE '\\'",
    );
    let postgres = columns(
        Engine::Postgres,
        "SELECT table_name || '.' || column_name || CASE is_nullable WHEN 'NO' THEN '' ELSE '?' END \
         AS line FROM information_schema.columns WHERE table_schema = 'public' \
         AND table_name NOT LIKE '\\_\\_%' AND table_name <> 'migration_lock'",
    );
    assert_eq!(sqlite, postgres);
}

#[test]
fn every_table_of_a_tenant_has_a_second_wall() {
    if !Engine::Postgres.is_tested() {
        return;
    }
    let database = TestDatabase::empty(Engine::Postgres);
    Database::migrate(&database.url).expect("migrate");
    let open = sql::lines(
        Engine::Postgres,
        &database.url,
        "SELECT c.relname::text AS line FROM pg_class c \
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' \
         WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace \
         AND NOT (c.relrowsecurity AND c.relforcerowsecurity)",
    );
    assert!(open.is_empty(), "without row-level security: {open:?}");
}

/// Everything in a schema as text, except the planner's own tables.
fn schema(database: &TestDatabase) -> Vec<String> {
    let query = match database.engine {
        Engine::Sqlite => {
            "SELECT type || ' ' || name || ' ' || coalesce(sql, '') AS line FROM sqlite_master \
             WHERE name NOT LIKE '\\_\\_diesel%' ESCAPE '\\' \
             AND tbl_name NOT LIKE '\\_\\_diesel%' ESCAPE '\\' \
             AND tbl_name NOT LIKE 'sqlite\\_stat%' ESCAPE '\\'"
        }
        Engine::Postgres => {
            "SELECT line FROM (\
             SELECT c.relname || ' ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) \
               || ' ' || a.attnotnull || ' ' || a.attcollation || ' ' || c.relrowsecurity AS line \
               FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid \
               WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v') \
               AND a.attnum > 0 AND NOT a.attisdropped \
             UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' \
             UNION ALL SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) \
               FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conrelid <> 0 \
             UNION ALL SELECT tablename || ' ' || policyname || ' ' || coalesce(qual, '') || ' ' \
               || coalesce(with_check, '') FROM pg_policies WHERE schemaname = 'public' \
             UNION ALL SELECT proname || ' ' || prosrc FROM pg_proc \
               WHERE pronamespace = 'public'::regnamespace \
             ) all_lines WHERE line NOT LIKE '%diesel%' AND line NOT LIKE '%migration_lock%'"
        }
    };
    sql::lines(database.engine, &database.url, query)
}
