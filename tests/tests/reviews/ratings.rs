//! Exports of ratings: all formats hold the same, and who may read what.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use tests::client::Credentials;
use tests::cycles::{behind, drive, rated};
use tests::sheet;
use tests::world::Persona::{
    self, Anonymous, Auditor, Colleague, DirectManager, Employee, HrAdmin, Hrbp, OtherHrAdmin,
    PeopleReader, SecondHrAdmin,
};
use tests::{Answer, Client, TestApp, on_each_engine};
use uuid::Uuid;

on_each_engine![
    each_format_tells_the_same,
    a_file_shows_what_its_reader_may_see,
    a_draft_is_known_but_not_its_scores,
    a_program_needs_the_scope,
    cells_of_a_file_compute_nothing,
    a_file_is_narrowed_to_a_cycle_and_a_department,
    whoever_takes_a_file_away_is_recorded,
    a_sheet_of_people_has_days_and_text,
];

const NDJSON: &str = "application/x-ndjson";
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

fn export(client: &Client, accept: &str, query: &str) -> Answer {
    let request = client.request("GET", format!("/v1/ratings/export{query}"));
    request.header("Accept", accept).send()
}

/// How many rows the last line of a file announces, and how many were withheld.
fn trailer(file: &Answer) -> (Value, Value) {
    let text = String::from_utf8_lossy(&file.body);
    let last: Value = serde_json::from_str(text.lines().last().unwrap_or("")).expect("JSON");
    (last["rows"].clone(), last["withheld"].clone())
}

/// The records of a CSV file, as values by column.
fn records(file: &Answer) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_reader(file.body.as_slice());
    let header = reader.headers().expect("a header").clone();
    let named = |row: csv::StringRecord| {
        header.iter().zip(row.iter()).map(|(name, cell)| (name.into(), cell.into())).collect()
    };
    reader.records().map(|row| named(row.expect("a row"))).collect()
}

fn numbers(file: &Answer) -> Vec<String> {
    records(file).iter().map(|row| row["employee_number"].clone()).collect()
}

/// The ratings of a cycle that a persona can export.
fn shown(app: &TestApp, persona: Persona, cycle: Uuid) -> Vec<BTreeMap<String, String>> {
    let query = format!("?cycle_id={cycle}");
    records(&export(&app.as_(persona), "text/csv", &query).expect(200))
}

/// Proves R85, R87 through `exportRatings`.
fn each_format_tells_the_same(app: &TestApp) {
    let cycle = rated(app, &app.world.own, "published", &[("LIN", "S"), ("KAI", "D")]);
    let query = format!("?cycle_id={cycle}");
    let hr = app.as_(HrAdmin);
    let file = export(&hr, "text/csv", &query).expect(200);
    let disposition = file.header("Content-Disposition").unwrap_or_default();
    assert!(disposition.starts_with("attachment; filename=\"ratings-"), "{disposition}");
    assert!(disposition.ends_with(".csv\""), "{disposition}");
    let text = String::from_utf8(file.body.clone()).expect("UTF-8");
    assert_eq!(
        text.lines().next(),
        Some(
            "employee_number,name,department_code,manager_employee_number,cycle_code,policy_code,\
             policy_version,population,state,performance,composite,computed_grade,\
             calibrated_grade,final_grade,acknowledged_on"
        )
    );
    let lin = text.lines().find(|line| line.starts_with("LIN,")).unwrap_or_default();
    assert!(lin.starts_with("LIN,lin,SALES,MEI,RATED-"), "{lin}");
    assert!(lin.ends_with(",STANDARD,1,everyone,published,118.00,118.00,S,,S,"), "{lin}");
    let rows = records(&file);
    assert!(rows.is_sorted_by_key(|row| row["employee_number"].clone()));
    assert!(!text.contains(&cycle.to_string()), "no ids, which nobody outside knows");

    let lines = export(&hr, "application/x-ndjson", &query).expect(200);
    let text = String::from_utf8(lines.body).expect("UTF-8");
    let (body, last) = text.trim_end().rsplit_once('\n').expect("more than one line");
    let trailer: Value = serde_json::from_str(last).expect("JSON");
    let hash = Sha256::digest(format!("{body}\n"));
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(trailer, json!({ "rows": rows.len(), "withheld": 0, "sha256": hash }));
    for (line, row) in body.lines().zip(&rows) {
        let line: BTreeMap<String, Value> = serde_json::from_str(line).expect("JSON");
        assert_eq!(line.len(), row.len());
        for (name, cell) in row {
            let value = match &line[name] {
                Value::Null => String::new(),
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            assert_eq!(value, *cell, "{name}");
        }
    }

    let book = export(&hr, XLSX, &query).expect(200);
    let sheet = sheet::rows(&book.body);
    assert_eq!(sheet.len(), rows.len() + 1);
    let names: Vec<_> = sheet[0].iter().map(|cell| cell.text.clone()).collect();
    for (cells, row) in sheet[1..].iter().zip(&rows) {
        for (name, cell) in names.iter().zip(cells) {
            assert_eq!(cell.text, row[name], "{name}");
            let number = ["performance", "composite", "policy_version"].contains(&name.as_str());
            assert!(cell.text.is_empty() || (cell.kind == "inlineStr") != number, "{name}");
        }
    }
    let again = export(&hr, XLSX, &query).expect(200);
    assert!(again.body == book.body, "the same story is the same file");

    let marked = export(&hr, "text/csv", &format!("{query}&bom=true")).expect(200);
    assert_eq!(marked.body, [b"\xef\xbb\xbf", file.body.as_slice()].concat());
    let preferred = format!("text/csv;q=0.5, {XLSX};q=0.9, image/png");
    assert_eq!(export(&hr, &preferred, &query).expect(200).media_type(), XLSX);
    export(&hr, "image/png", &query).refused("not-acceptable");
    app.unchanged(|| {
        hr.get("/v1/ratings/export?cycle_id=x").refused("malformed-request");
        hr.get("/v1/ratings/export?grade=S").refused("malformed-request");
        export(&app.as_(Anonymous), "text/csv", "").refused("unauthenticated");
    });
}

fn a_file_shows_what_its_reader_may_see(app: &TestApp) {
    let cycle = rated(app, &app.world.own, "calibrating", &[("LIN", "A")]);
    let query = format!("?cycle_id={cycle}");
    let numbers = |persona| numbers(&export(&app.as_(persona), "text/csv", &query).expect(200));
    let everyone = numbers(HrAdmin);
    assert!(everyone.contains(&"LIN".into()) && everyone.contains(&"HAO".into()));
    assert!(!everyone.contains(&"HUA".into()), "towards oneself one is no administrator");
    assert!(numbers(SecondHrAdmin).contains(&"HUA".into()));
    assert_eq!(numbers(Hrbp), ["FAN", "LIN", "MEI", "SUN"]);
    for persona in [Employee, Colleague, DirectManager, Persona::Executive] {
        assert!(numbers(persona).is_empty(), "{}", persona.name());
    }
    let masked = shown(app, Auditor, cycle);
    let lin = masked.iter().find(|row| row["employee_number"] == "LIN").expect("Lin");
    assert_eq!(
        (lin["state"].as_str(), lin["manager_employee_number"].as_str()),
        ("in_calibration", "MEI")
    );
    let of_department = format!("{query}&department_id={}", app.id("sales"));
    let refused = export(&app.as_(Auditor), "text/csv", &of_department).refused("forbidden");
    assert_eq!(refused.json()["rule"], "field-masked");
    for name in [
        "performance",
        "composite",
        "computed_grade",
        "calibrated_grade",
        "final_grade",
        "department_code",
        "population",
        "acknowledged_on",
    ] {
        assert!(masked.iter().all(|row| row[name].is_empty()), "an auditor sees no {name}");
    }
    let lines = export(&app.as_(Auditor), "application/x-ndjson", &query).expect(200);
    assert!(!String::from_utf8_lossy(&lines.body).contains("grade"));
    assert!(
        export(&app.as_(OtherHrAdmin), "text/csv", &query)
            .expect(200)
            .body
            .ends_with(b"acknowledged_on\n")
    );

    drive(app, &app.world.own, cycle, "published");
    let own = shown(app, Employee, cycle);
    assert_eq!((own.len(), own[0]["final_grade"].as_str()), (1, "A"));
    assert_eq!(shown(app, Colleague, cycle)[0]["employee_number"], "KAI");
    assert!(numbers(HrAdmin).contains(&"HUA".into()), "the own result, once it is released");
}

fn a_draft_is_known_but_not_its_scores(app: &TestApp) {
    let cycle = rated(app, &app.world.own, "evaluating", &[]);
    let drive_back = |state: &str| behind(app, &format!("UPDATE review SET state = '{state}'"));
    drive_back("pending_manager");
    for persona in [HrAdmin, Hrbp] {
        let rows = shown(app, persona, cycle);
        assert!(rows.iter().any(|row| row["employee_number"] == "LIN"));
        assert!(rows.iter().all(|row| row["composite"].is_empty()), "of a draft, no score");
        assert!(rows.iter().all(|row| row["population"] == "everyone"));
    }
    drive_back("second_review");
    assert!(shown(app, Hrbp, cycle).iter().all(|row| row["computed_grade"] == "B"));
}

fn key(app: &TestApp, unit: Option<Uuid>) -> Client {
    let body = json!({
        "name": "Pay", "scopes": ["ratings:export"], "org_unit_id": unit,
    });
    let key = app.as_(HrAdmin).post("/v1/api-keys", &body).expect(201).json();
    let secret = key["secret"].as_str().unwrap_or_default().to_owned();
    app.as_(Anonymous).with(Credentials::Key(secret))
}

fn a_program_needs_the_scope(app: &TestApp) {
    let cycle = rated(app, &app.world.own, "confirmed", &[("KAI", "C")]);
    let query = format!("?cycle_id={cycle}");
    app.unchanged(|| {
        export(&app.as_(PeopleReader), "text/csv", &query).expect(403).refused("scope-missing");
    });
    let (everybody, labs) = (key(app, None), key(app, Some(app.id("labs"))));
    let rows = |client: &Client| records(&export(client, "text/csv", &query).expect(200));
    assert!(rows(&everybody).is_empty(), "nothing leaves the house before it is released");
    let told = |client: &Client| trailer(&export(client, NDJSON, &query).expect(200));
    let of = |rows: usize, withheld: usize| (json!(rows), json!(withheld));
    assert_eq!((told(&everybody), told(&labs)), (of(0, 14), of(0, 1)));
    assert_eq!(
        told(&app.as_(HrAdmin)),
        of(13, 1),
        "the own one is withheld, and nobody keeps quiet"
    );
    drive(app, &app.world.own, cycle, "published");
    let all = rows(&everybody);
    assert!(all.iter().any(|row| row["employee_number"] == "LIN" && row["final_grade"] == "B"));
    assert!(
        all.iter().any(|row| row["employee_number"] == "HUA"),
        "who answers for the key as well"
    );
    assert_eq!(told(&everybody), of(14, 0));
    assert_eq!(told(&app.as_(HrAdmin)), of(14, 0));
    let limited = rows(&labs);
    assert_eq!(limited.len(), 1);
    assert_eq!(
        (limited[0]["employee_number"].as_str(), limited[0]["final_grade"].as_str()),
        ("KAI", "C")
    );
}

fn cells_of_a_file_compute_nothing(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let lin = hr.get(format!("/v1/employees/{}", app.id("lin"))).expect(200);
    hr.patch(&lin, &json!({ "name": "=HYPERLINK(\"//x\") & <b>'_x0041_" })).expect(200);
    let cycle = rated(app, &app.world.own, "published", &[]);
    let query = format!("?cycle_id={cycle}");
    let name = |file: Answer| {
        let rows = records(&file);
        let lin = rows.iter().find(|row| row["employee_number"] == "LIN").expect("Lin");
        lin["name"].clone()
    };
    let cell = name(export(&hr, "text/csv", &query).expect(200));
    assert_eq!(cell, "'=HYPERLINK(\"//x\") & <b>'_x0041_");
    let rows = sheet::rows(&export(&hr, XLSX, &query).expect(200).body);
    let lin = rows.iter().find(|row| row[0].text == "LIN").expect("Lin");
    // Text that looks like a character code is escaped, so that no program decodes it.
    assert_eq!(lin[1].text, "=HYPERLINK(\"//x\") & <b>'_x005F_x0041_");
    assert_eq!(lin[1].kind, "inlineStr", "text is never computed");
}

fn a_file_is_narrowed_to_a_cycle_and_a_department(app: &TestApp) {
    let first = rated(app, &app.world.own, "published", &[]);
    let second = rated(app, &app.world.own, "published", &[("LIN", "A")]);
    let hr = app.as_(HrAdmin);
    let rows = |query: String| records(&export(&hr, "text/csv", &query).expect(200));
    let (both, one) = (rows(String::new()), rows(format!("?cycle_id={first}")));
    assert_eq!(both.len(), 2 * one.len());
    assert!(
        both.is_sorted_by_key(|row| {
            (row["employee_number"].clone(), row["cycle_code"].clone())
        })
    );
    let labs = rows(format!("?cycle_id={second}&department_id={}", app.id("labs")));
    assert!(labs.iter().all(|row| row["department_code"] == "LABS"));
    assert_eq!(labs.len(), 1);
    assert!(rows(format!("?cycle_id={}", Uuid::nil())).is_empty());
    assert!(rows(format!("?department_id={}", app.world.other.id("labs"))).is_empty());
}

fn whoever_takes_a_file_away_is_recorded(app: &TestApp) {
    let cycle = rated(app, &app.world.own, "published", &[]);
    let file = export(&app.as_(Hrbp), XLSX, &format!("?cycle_id={cycle}")).expect(200);
    let rows = sheet::rows(&file.body).len() - 1;
    app.as_(HrAdmin).get("/v1/employees/export").expect(200);
    let ada = app.as_(Auditor);
    let entries = ada.all("/v1/audit-entries?action=export.made");
    assert_eq!(entries.len(), 2);
    let [ratings, people] = &entries[..] else { return };
    assert_eq!(ratings["actor_id"], json!(app.id("bo.account")));
    assert_eq!(ratings["rule"], "ratings-file-hrbp");
    assert_eq!(
        ratings["details"],
        json!({
            "content": [null, "ratings"], "cycle_id": [null, cycle], "format": [null, "xlsx"],
            "rows": [null, rows],
        })
    );
    assert_eq!(people["details"]["content"], json!([null, "employees"]));
    assert_eq!(people["details"]["rows"], json!([null, 15]));
}

fn a_sheet_of_people_has_days_and_text(app: &TestApp) {
    let request = app.as_(HrAdmin).request("GET", "/v1/employees/export").header("Accept", XLSX);
    let rows = sheet::rows(&request.send().expect(200).body);
    let column = |name: &str| rows[0].iter().position(|cell| cell.text == name).expect("a column");
    let tom = rows.iter().find(|row| row[0].text == "TOM").expect("Tom");
    let last = &tom[column("termination_date")];
    // 2025-06-30 as the number of days since the eve of 1900.
    assert_eq!((last.text.as_str(), last.kind.as_str(), last.format.as_str()), ("45838", "", "2"));
    assert_eq!(tom[column("external_ids.hris")].text, "h-tom");
    assert_eq!(rows.len(), 16);
}
