//! Many people or units at once: bulk upsert, jobs and exports.

use serde_json::{Value, json};
use std::fmt::Write;
use tests::app::eventually;
use tests::world::Persona::{
    Auditor, Colleague, Employee, HrAdmin, Hrbp, PeopleReader, PeopleWriter, SecondHrAdmin,
    UnitReader,
};
use tests::{Answer, TestApp, golden, on_each_engine};

on_each_engine![
    rows_are_created_updated_and_left_alone,
    managers_may_come_later_and_loops_are_named,
    atomic_is_all_or_nothing,
    row_by_row_keeps_what_can_stand,
    a_dry_run_keeps_nothing,
    a_table_is_read_as_companies_write_it,
    broken_tables_are_refused_whole,
    duplicate_keys_in_a_request_are_named,
    too_many_rows_are_refused,
    lines_read_at_once_keep_their_places,
    a_mass_deactivation_needs_a_word,
    many_rows_become_a_job_that_survives_a_restart,
    an_import_is_replayed_not_repeated,
    an_export_reads_back_unchanged,
    a_file_tells_whether_it_is_whole,
    formula_cells_are_neutralised,
    an_export_shows_what_its_reader_may_see,
    units_grow_into_a_tree,
    positions_are_kept_by_their_codes,
];

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

#[test]
fn a_real_company_goes_in_and_reads_back_alike() {
    let engines = tests::Engine::ALL.into_iter().filter(|engine| engine.is_tested());
    let trees: Vec<_> =
        engines.map(|engine| import_the_demo(&TestApp::start(engine, &[]))).collect();
    assert!(trees.windows(2).all(|pair| pair[0] == pair[1]), "both engines show the same tree");
}

fn import(app: &TestApp, query: &str, rows: &Value) -> Answer {
    app.as_(HrAdmin).post(format!("/v1/employees/bulk?{query}"), rows)
}

fn table(app: &TestApp, kind: &str, query: &str, text: impl Into<Vec<u8>>) -> Answer {
    let request = app.as_(HrAdmin).request("POST", format!("/v1/employees/bulk?{query}"));
    request.body(kind, text).send()
}

/// The counts of created, updated, unchanged and failed rows.
fn counts(answer: &Answer) -> [u64; 4] {
    let body = answer.json();
    ["created", "updated", "unchanged", "failed"].map(|name| body[name].as_u64().unwrap_or(99))
}

fn person(number: &str, more: Value) -> Value {
    let mut row = json!({ "employee_number": number, "name": number, "hire_date": "2024-01-01" });
    let more = more.as_object().cloned().unwrap_or_default();
    row.as_object_mut().expect("an object").extend(more);
    row
}

fn rows_are_created_updated_and_left_alone(app: &TestApp) {
    let rows = json!([
        person("A", json!({ "manager_employee_number": "MEI", "org_unit_code": "EAST" })),
        person("B", json!({ "external_ids": { "hris": "h-b" }, "position_code": "REP" })),
    ]);
    let first = import(app, "", &rows).expect(200);
    assert_eq!(counts(&first), [2, 0, 0, 0]);
    let again = app.unchanged(|| import(app, "", &rows).expect(200));
    assert_eq!(counts(&again), [0, 0, 2, 0]);
    assert_eq!(again.json()["rows"][0]["id"], first.json()["rows"][0]["id"]);

    let mut changed = rows;
    changed[1]["name"] = json!("Bea");
    changed[1]["position_code"] = json!(null);
    assert_eq!(counts(&import(app, "", &changed).expect(200)), [0, 1, 1, 0]);
    let bea = app.as_(HrAdmin).all("/v1/employees?employee_number=B");
    assert_eq!((&bea[0]["name"], &bea[0]["position_id"]), (&json!("Bea"), &json!(null)));
    assert_eq!(bea[0]["external_ids"], json!([{ "system": "hris", "value": "h-b" }]));
}

fn managers_may_come_later_and_loops_are_named(app: &TestApp) {
    let under = |number, manager| person(number, json!({ "manager_employee_number": manager }));
    let forward = json!([under("A", "B"), under("B", "C"), under("C", "SUN")]);
    assert_eq!(counts(&import(app, "", &forward).expect(200)), [3, 0, 0, 0]);
    let round = json!([under("C", "A")]);
    let refused = app.unchanged(|| import(app, "", &round)).refused("validation-failed");
    let refused = refused.faults(&[("/0/manager_employee_number", "reporting_loop")]).json();
    let detail = refused["errors"][0]["detail"].as_str().unwrap_or_default();
    assert!(["A", "B", "C"].iter().all(|name| detail.contains(name)), "{detail}");
    let own = json!([under("D", "D")]);
    app.unchanged(|| import(app, "", &own)).refused("validation-failed");
    let nobody = json!([under("D", "NOBODY")]);
    app.unchanged(|| import(app, "", &nobody))
        .faults(&[("/0/manager_employee_number", "unknown_reference")]);
}

fn mixed() -> Value {
    json!([
        person("GOOD", json!({})),
        person("BAD", json!({ "org_unit_code": "NOWHERE" })),
        person("LOST", json!({ "manager_employee_number": "BAD" })),
        person("UGLY", json!({ "hire_date": "yesterday", "colour": "red" })),
    ])
}

fn atomic_is_all_or_nothing(app: &TestApp) {
    let answer = app.unchanged(|| import(app, "", &mixed())).refused("validation-failed");
    let body = answer.json();
    let pointers: Vec<_> = body["errors"].as_array().into_iter().flatten().collect();
    for expected in ["/1/org_unit_code", "/3/hire_date", "/3/colour"] {
        assert!(pointers.iter().any(|error| error["pointer"] == expected), "{answer:?}");
    }
}

fn row_by_row_keeps_what_can_stand(app: &TestApp) {
    let answer = import(app, "atomic=false", &mixed()).expect(200);
    assert_eq!(counts(&answer), [1, 0, 0, 3]);
    let outcomes: Vec<_> = answer.json()["rows"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|row| row["outcome"].clone())
        .collect();
    assert_eq!(outcomes, ["created", "failed", "failed", "failed"]);
    assert_eq!(app.as_(HrAdmin).all("/v1/employees?employee_number=GOOD").len(), 1);
    assert_eq!(app.as_(HrAdmin).all("/v1/employees?employee_number=LOST").len(), 0);
}

fn a_dry_run_keeps_nothing(app: &TestApp) {
    let rows = json!([person("A", json!({})), person("LIN", json!({ "name": "Lin Lin" }))]);
    let answer = app.unchanged(|| import(app, "dry_run=true", &rows).expect(200));
    assert_eq!(counts(&answer), [1, 1, 0, 0]);
    assert_eq!(answer.json()["dry_run"], true);
    assert!(app.as_(HrAdmin).all("/v1/employees?employee_number=A").is_empty());
}

fn a_table_is_read_as_companies_write_it(app: &TestApp) {
    let text = "\u{feff}工号;name;hire_date;email;gender\r\nA;\"王; 小明\";2024-01-01;;M\r\n\
                B;欧阳娜娜;2024-01-01;na@acme.example;F\r\n";
    let columns = "columns=%E5%B7%A5%E5%8F%B7:employee_number,gender:";
    let answer = table(app, "text/csv; charset=utf-8", columns, text).expect(200);
    assert_eq!(counts(&answer), [2, 0, 0, 0]);
    let wang = app.as_(HrAdmin).all("/v1/employees?employee_number=A");
    assert_eq!((&wang[0]["name"], &wang[0]["email"]), (&json!("王; 小明"), &json!(null)));

    // 王小明 in GB18030.
    let mut bytes = b"employee_number\tname\thire_date\nC\t".to_vec();
    bytes.extend([0xcd, 0xf5, 0xd0, 0xa1, 0xc3, 0xf7]);
    bytes.extend(b"\t2024-01-01\n");
    table(app, "text/csv; charset=gb18030", "", bytes.clone()).expect(200);
    let wang = app.as_(HrAdmin).all("/v1/employees?employee_number=C");
    assert_eq!(wang[0]["name"], "王小明");
    app.unchanged(|| {
        let utf_8 = table(app, "text/csv; charset=utf-8", "", bytes.clone());
        utf_8.refused("encoding-invalid").faults(&[("", "malformed_encoding")]);
        let klingon = table(app, "text/csv; charset=klingon", "", bytes);
        klingon.refused("unsupported-media-type");
    });

    let lines = "{\"employee_number\":\"D\",\"name\":\"D\",\"hire_date\":\"2024-01-01\"}\r\n\n\
                 {\"employee_number\":\"E\",\"name\":\"E\",\"hire_date\":\"2024-01-01\"}";
    let answer = table(app, "application/x-ndjson", "", lines).expect(200);
    assert_eq!(counts(&answer), [2, 0, 0, 0]);
}

fn broken_tables_are_refused_whole(app: &TestApp) {
    let csv = |text: &str| app.unchanged(|| table(app, "text/csv", "", text));
    csv("employee_number,name,hire_date,shoe_size\nA,A,2024-01-01,42\n")
        .refused("validation-failed")
        .faults(&[("", "column_unknown")]);
    csv("name,hire_date\nA,2024-01-01\n")
        .refused("validation-failed")
        .faults(&[("", "columns_missing")]);
    csv("employee_number,name,hire_date,Name \nA,A,2024-01-01,B\n")
        .refused("validation-failed")
        .faults(&[("/columns/name", "duplicate_heading")]);
    csv("employee_number,name,hire_date\nA,A\n")
        .refused("validation-failed")
        .faults(&[("/0/hire_date", "required")]);
    csv("employee_number,name,hire_date\nA,A,2024-01-01,B\n")
        .refused("validation-failed")
        .faults(&[("/0", "cells_beyond_headings")]);
    csv("employee_number,name,hire_date\nA,,2024-01-01\n")
        .refused("validation-failed")
        .faults(&[("/0/name", "required")]);
    // Else the rows behind it would be lost in a column that nobody reads.
    let open = "employee_number,name,hire_date,notes\nA,A,2024-01-01,\"5\" wide\nB,B,2024-01-01,\"\nC,C,2024-01-01,\n";
    app.unchanged(|| table(app, "text/csv", "ignore_unknown_columns=true&atomic=false", open))
        .refused("validation-failed")
        .faults(&[("/1", "quote_unclosed")]);
    let ndjson = |text: &str| app.unchanged(|| table(app, "application/x-ndjson", "", text));
    ndjson("{\"employee_number\":\n")
        .refused("validation-failed")
        .faults(&[("/0", "row_malformed")]);
    let json = |text: String| app.unchanged(|| table(app, "application/json", "", text));
    json("[{]".to_owned()).refused("malformed-request");
    json("{}".to_owned()).refused("malformed-request");
    json("[".repeat(5_000)).refused("json-too-deep");
    app.unchanged(|| table(app, "application/xml", "", "<a/>")).refused("unsupported-media-type");
}

fn duplicate_keys_in_a_request_are_named(app: &TestApp) {
    let twice = json!([person("A", json!({})), person("B", json!({})), person("A", json!({}))]);
    let answer = app.unchanged(|| import(app, "", &twice)).refused("validation-failed");
    let body = answer.json();
    let errors = body["errors"].as_array().cloned().unwrap_or_default();
    assert!(
        !errors.is_empty() && errors.iter().all(|error| error["code"] == "duplicate_in_request")
    );
    let same = json!([
        person("A", json!({ "external_ids": { "hris": "same" } })),
        person("B", json!({ "external_ids": { "hris": "same" } })),
    ]);
    app.unchanged(|| import(app, "", &same)).refused("validation-failed");
    let taken = json!([person("A", json!({ "external_ids": { "hris": "h-lin" } }))]);
    let answer = app.unchanged(|| import(app, "", &taken));
    assert_eq!(answer.json()["errors"][0]["code"], "duplicate", "{answer:?}");
}

fn many(count: usize) -> String {
    let mut text = String::from("employee_number,name,hire_date\n");
    for row in 0..count {
        let _ = writeln!(text, "N{row},Name {row},2024-01-01");
    }
    text
}

fn too_many_rows_are_refused(app: &TestApp) {
    let answer = app.unchanged(|| table(app, "text/csv", "", many(50_001)));
    answer.refused("too-many-rows");
}

fn lines_read_at_once_keep_their_places(app: &TestApp) {
    let mut lines: Vec<_> =
        (0..12_000).map(|row| person(&format!("N{row}"), json!({})).to_string()).collect();
    for row in [4_999, 5_000, 11_999] {
        lines[row].truncate(20);
    }
    let send = |lines: &[String]| table(app, "application/x-ndjson", "", lines.join("\n"));
    app.unchanged(|| send(&lines)).refused("validation-failed").faults(&[
        ("/4999", "row_malformed"),
        ("/5000", "row_malformed"),
        ("/11999", "row_malformed"),
    ]);
    let line = lines[0].clone();
    lines.resize(50_001, line);
    app.unchanged(|| send(&lines)).refused("too-many-rows");
}

fn a_mass_deactivation_needs_a_word(app: &TestApp) {
    let hired: Value = (0..30).map(|row| person(&format!("M{row}"), json!({}))).collect();
    import(app, "", &hired).expect(200);
    let leaving: Value = (0..11)
        .map(|row| person(&format!("M{row}"), json!({ "termination_date": "2025-01-31" })))
        .collect();
    app.unchanged(|| import(app, "", &leaving)).refused("mass-deactivation");
    let dry = app.unchanged(|| import(app, "dry_run=true", &leaving));
    assert_eq!(dry.problem(), Some("mass-deactivation"), "a dry run says it before");
    let few: Value = leaving.as_array().into_iter().flatten().take(10).cloned().collect();
    assert_eq!(counts(&import(app, "", &few).expect(200)), [0, 10, 0, 0]);
    let all = import(app, "allow_mass_deactivation=true", &leaving).expect(200);
    assert_eq!(counts(&all), [0, 1, 10, 0]);
}

/// Proves R87 through `importEmployees`, `getJob`, `listJobs`.
fn many_rows_become_a_job_that_survives_a_restart(app: &TestApp) {
    let mut own = TestApp::start(app.engine, &[]);
    let job = table(&own, "text/csv", "", many(3_000)).expect(202);
    let path = job.header("Location").expect("where to follow it").to_owned();
    own.restart(&[]);
    own.clock().advance(chrono::TimeDelta::minutes(2));
    let read = |persona| own.as_(persona).get(&path);
    eventually("the job ends", || read(HrAdmin).json()["state"] == "succeeded");
    let ended = read(HrAdmin).expect(200).json();
    assert_eq!(ended["result"]["created"], 3_000);
    assert_eq!(ended["progress"], json!({ "done": 3_000, "total": 3_000 }));
    assert_eq!(own.as_(HrAdmin).all("/v1/employees?limit=200").len(), 3_015);
    read(SecondHrAdmin).expect(200);
    read(Auditor).expect(200);
    read(Employee).refused("not-found");
    assert!(own.as_(Employee).all("/v1/jobs").is_empty());
    assert!(own.as_(HrAdmin).all("/v1/jobs").iter().any(|row| row["id"] == ended["id"]));

    // Known people are found, whether their numbers are close together or far apart, and nobody
    // between them is changed.
    let again = |rows: &[usize], name: &str| {
        let row = |row| person(&format!("N{row}"), json!({ "name": format!("{name} {row}") }));
        counts(&import(&own, "", &rows.iter().copied().map(row).collect()).expect(200))
    };
    let near: Vec<_> = (500..1_500).collect();
    assert_eq!(own.unchanged(|| again(&near, "Name")), [0, 0, 1_000, 0]);
    let far = [2_999, 0, 1_500];
    assert_eq!(own.unchanged(|| again(&far, "Name")), [0, 0, 3, 0]);
    assert_eq!(again(&far, "Other"), [0, 3, 0, 0]);

    let bad = many(1_500) + "BAD,,2024-01-01\n";
    let refused = own.unchanged(|| table(&own, "text/csv", "", bad));
    refused.refused("validation-failed").faults(&[("/1500/name", "required")]);
}

fn an_import_is_replayed_not_repeated(app: &TestApp) {
    let rows = json!([person("A", json!({}))]);
    let send = || {
        let request = app.as_(HrAdmin).request("POST", "/v1/employees/bulk").key("once");
        request.json(&rows).send().expect(200)
    };
    let first = send();
    let again = app.unchanged(send);
    assert_eq!(again.header("Idempotency-Replayed"), Some("true"));
    assert_eq!(again.body, first.body);
    let other = app.as_(HrAdmin).request("POST", "/v1/employees/bulk?dry_run=true").key("once");
    other.json(&rows).send().refused("idempotency-key-reused");
}

fn export(app: &TestApp, persona: tests::world::Persona, accept: &str, query: &str) -> Answer {
    let request = app.as_(persona).request("GET", format!("/v1/employees/export{query}"));
    request.header("Accept", accept).send()
}

/// Proves R87 through `exportEmployees`.
fn an_export_reads_back_unchanged(app: &TestApp) {
    for kind in ["text/csv", "application/x-ndjson", XLSX] {
        let file = export(app, HrAdmin, kind, "").expect(200);
        let disposition = file.header("Content-Disposition").unwrap_or_default().to_owned();
        assert!(disposition.starts_with("attachment; filename=\"employees-"));
        let back = app.unchanged(|| table(app, kind, "", file.body.clone()).expect(200));
        assert_eq!(counts(&back), [0, 0, 15, 0], "{kind}: {back:?}");
        assert_eq!(back.json()["warnings"], json!([]), "{kind}");
    }
    let marked = export(app, HrAdmin, "text/csv", "?bom=true").expect(200);
    assert!(marked.body.starts_with(b"\xef\xbb\xbf"));
    app.as_(HrAdmin)
        .request("GET", "/v1/employees/export")
        .header("Accept", "image/png")
        .send()
        .refused("not-acceptable");
    for (accept, kind) in [("TEXT/CSV", "text/csv"), ("text/csv;q=0, */*", "application/x-ndjson")]
    {
        let file = export(app, HrAdmin, accept, "").expect(200);
        assert_eq!(file.media_type(), kind, "{accept}");
        assert!(file.headers.get_all("Vary").iter().any(|names| names == "Accept"), "{accept}");
    }
    let then = export(app, HrAdmin, "text/csv", "?as_of=2020-01-01").expect(200);
    let then = String::from_utf8(then.body).expect("UTF-8");
    let lin = then.lines().find(|line| line.starts_with("LIN,")).unwrap_or_default();
    assert!(lin.contains(",FAN,"), "her manager of that day: {lin}");
}

fn a_file_tells_whether_it_is_whole(app: &TestApp) {
    let file = export(app, HrAdmin, "application/x-ndjson", "").expect(200);
    let text = String::from_utf8(file.body).expect("UTF-8");
    let trailer: Value =
        serde_json::from_str(text.lines().last().unwrap_or_default()).expect("JSON");
    assert_eq!(trailer["rows"], 15);
    let mut lines: Vec<&str> = text.lines().collect();
    lines.remove(3);
    let cut = lines.join("\n") + "\n";
    let refused = app.unchanged(|| table(app, "application/x-ndjson", "", cut));
    refused.refused("validation-failed").faults(&[("/14", "row_malformed")]);
}

fn formula_cells_are_neutralised(app: &TestApp) {
    let names = ["=1+1", "+86 Li", "-x", "@SUM(A1)", "＝1", "'quoted"];
    let rows: Value = names
        .iter()
        .enumerate()
        .map(|(n, name)| person(&format!("F{n}"), json!({ "name": name })))
        .collect();
    import(app, "", &rows).expect(200);
    let file = export(app, HrAdmin, "text/csv", "").expect(200);
    let mut reader = csv::Reader::from_reader(file.body.as_slice());
    for record in reader.records() {
        for cell in record.expect("a row").iter() {
            assert!(!cell.starts_with(['=', '+', '-', '@', '＝']), "{cell} would be computed");
        }
    }
    let back = app.unchanged(|| table(app, "text/csv", "", file.body).expect(200));
    assert_eq!(counts(&back), [0, 0, 21, 0]);
}

fn an_export_shows_what_its_reader_may_see(app: &TestApp) {
    let numbers = |persona| -> Vec<String> {
        let file = export(app, persona, "text/csv", "").expect(200);
        let mut reader = csv::Reader::from_reader(file.body.as_slice());
        reader.records().map(|row| row.expect("a row")[0].to_owned()).collect()
    };
    assert_eq!(numbers(HrAdmin).len(), 15);
    assert!(
        numbers(PeopleReader).contains(&String::from("HUA")),
        "who answers for the key as well"
    );
    assert_eq!(numbers(Hrbp), ["BO", "FAN", "LIN", "MEI", "SUN"]);
    assert_eq!(numbers(UnitReader), ["KAI", "TOM"]);
    assert_eq!(numbers(Employee), ["LIN"], "one's own record is one's own to take away");
    assert_eq!(numbers(Colleague), ["KAI"]);
    export(app, PeopleWriter, "text/csv", "").refused("scope-missing");
}

fn units_grow_into_a_tree(app: &TestApp) {
    let rows = json!([
        { "code": "LEAF", "name": "Leaf", "kind": "team", "parent_code": "BRANCH" },
        { "code": "BRANCH", "name": "Branch", "kind": "department", "parent_code": "COMPANY" },
        { "code": "EAST", "name": "Far East", "kind": "team", "parent_code": "BRANCH" },
    ]);
    let hr = app.as_(HrAdmin);
    let answer = hr.post("/v1/org-units/bulk", &rows).expect(200);
    assert_eq!(counts(&answer), [2, 1, 0, 0]);
    let again = app.unchanged(|| hr.post("/v1/org-units/bulk", &rows).expect(200));
    assert_eq!(counts(&again), [0, 0, 3, 0]);
    let round = json!([
        { "code": "BRANCH", "name": "Branch", "kind": "department", "parent_code": "TWIG" },
        { "code": "TWIG", "name": "Twig", "kind": "department", "parent_code": "BRANCH" },
    ]);
    app.unchanged(|| hr.post("/v1/org-units/bulk", &round))
        .refused("validation-failed")
        .faults(&[("/0/parent_code", "reporting_loop"), ("/1/parent_code", "reporting_loop")]);
}

/// Imports the demo company twice; returns who reports to whom in the end.
fn import_the_demo(app: &TestApp) -> Vec<(String, String)> {
    let hr = app.as_(HrAdmin);
    let file = |name: &str| {
        std::fs::read(golden::root().join("api/demo").join(name)).expect("read the demo company")
    };
    let mut positions = csv::Reader::from_reader(std::io::Cursor::new(file("positions.csv")));
    for row in positions.deserialize::<(String, String, i32)>() {
        let (code, title, level) = row.expect("a position");
        hr.post("/v1/positions", &json!({ "code": code, "title": title, "level": level }));
    }
    let send = |path: &str, body: Vec<u8>| {
        let request = hr.request("POST", format!("{path}/bulk?effective_from=2010-01-01"));
        request.body("text/csv", body).send().expect(200)
    };
    let company = hr.get(format!("/v1/org-units/{}", app.id("company"))).expect(200);
    hr.patch(&company, &json!({ "code": "EW" })).expect(200);
    send("/v1/org-units", file("org_units.csv"));
    let first = send("/v1/employees", file("employees.csv"));
    let [created, _, _, failed] = counts(&first);
    assert!(created > 100 && failed == 0, "{first:?}");
    let again = app.unchanged(|| send("/v1/employees", file("employees.csv")));
    assert_eq!(counts(&again), [0, 0, created, 0]);
    let people = hr.all("/v1/employees?limit=200");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let number_of = |id: &Value| {
        let found = people.iter().find(|person| person["id"] == *id);
        found.map(|person| text(&person["employee_number"])).unwrap_or_default()
    };
    let lines = people.iter();
    let mut lines: Vec<_> = lines
        .map(|person| (text(&person["employee_number"]), number_of(&person["manager_id"])))
        .collect();
    lines.sort_unstable();
    lines
}

/// Proves R87 through `importPositions`.
fn positions_are_kept_by_their_codes(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let send = |query: &str, rows: &Value| hr.post(format!("/v1/positions/bulk?{query}"), rows);
    let row = |code: &str, title: &str, level: i32| json!({ "code": code, "title": title, "level": level });
    let rows = json!([row("DEV", "Developer", 5), row("TEST", "Tester", 4)]);
    let dry = app.unchanged(|| send("dry_run=true", &rows).expect(200));
    assert_eq!(counts(&dry), [2, 0, 0, 0]);
    let traces = app.traces();
    let first = send("", &rows).expect(200);
    assert_eq!(counts(&first), [2, 0, 0, 0]);
    assert_eq!(app.traces(), (traces.0 + 2, traces.1 + 2));
    assert_eq!(counts(&app.unchanged(|| send("", &rows).expect(200))), [0, 0, 2, 0]);
    let changed = json!([{ "code": "DEV", "level": 6 }]);
    assert_eq!(counts(&send("", &changed).expect(200)), [0, 1, 0, 0]);
    let id = first.json()["rows"][0]["id"].as_str().unwrap_or_default().to_owned();
    let dev = hr.get(format!("/v1/positions/{id}")).expect(200).json();
    let expected = (&json!("Developer"), &json!(6), &json!(2));
    assert_eq!((&dev["title"], &dev["level"], &dev["version"]), expected);
    let table = "code,title,level\nOPS,Operator,3\n";
    let table = hr.request("POST", "/v1/positions/bulk").body("text/csv", table).send();
    assert_eq!(counts(&table.expect(200)), [1, 0, 0, 0]);
    // New people may hold positions of an import at once.
    let holder = json!([person("A", json!({ "position_code": "OPS" }))]);
    assert_eq!(counts(&import(app, "", &holder).expect(200)), [1, 0, 0, 0]);
    let bad = json!([
        { "code": "NEW", "title": "New" }, row("HIGH", "High", 31), row("dev", "Other", 1),
        row("SAME", "One", 1), row("same", "Other", 1), row("DEV", "Developer", 6),
    ]);
    app.unchanged(|| send("", &bad)).refused("validation-failed").faults(&[
        ("/0/level", "required"),
        ("/1/level", "too_large"),
        ("/2/code", "duplicate_in_request"),
        ("/3/code", "duplicate_in_request"),
        ("/4/code", "duplicate_in_request"),
    ]);
    for persona in [Employee, Hrbp, PeopleReader] {
        let send = || app.as_(persona).post("/v1/positions/bulk", &rows);
        assert!(matches!(app.unchanged(send).problem(), Some("forbidden" | "scope-missing")));
    }
    let written = json!([row("KEY", "By a program", 2)]);
    app.as_(PeopleWriter).post("/v1/positions/bulk", &written).expect(200);
}
