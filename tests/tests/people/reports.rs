//! The report of an import as a file: every row, for those who may import such rows, for some time.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::TimeDelta;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use tests::app::{eventually, runtime};
use tests::world::Persona::{self, Auditor, Employee, HrAdmin, PeopleReader, SecondHrAdmin};
use tests::{Answer, TestApp, on_each_engine, sheet};

on_each_engine![
    the_report_has_every_row_in_every_format,
    a_refused_import_has_a_report_of_what_to_mend,
    a_download_goes_on_where_it_stopped,
    a_report_is_for_those_who_may_import,
    reports_are_forgotten_after_a_month,
];

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const ROWS: usize = 2_500;

/// A file whose every fourth row has no name, whose row 1 names a manager who does not exist, and whose
/// row 2 has a key that a spreadsheet would compute.
fn faulty() -> String {
    let mut text = "employee_number,name,hire_date,manager_employee_number\n".to_owned();
    for row in 0..ROWS {
        let key = if row == 2 { "=1+1".to_owned() } else { format!("N{row}") };
        let name = if row % 4 == 0 { String::new() } else { format!("Name {row}") };
        let manager = if row == 1 { "NOBODY" } else { "" };
        let _ = writeln!(text, "{key},{name},2024-01-01,{manager}");
    }
    text
}

/// Imports a file as a job and waits for its end.
fn import(app: &TestApp, query: &str, text: &str) -> Value {
    let path = format!("/v1/employees/bulk?allow_mass_creation=true&{query}");
    let request = app.as_(HrAdmin).request("POST", path).body("text/csv", text);
    let job = request.send().expect(202).header("Location").expect("a job").to_owned();
    let read = || app.as_(HrAdmin).get(&job).expect(200).json();
    eventually("the job ends", || ["succeeded", "failed"].iter().any(|it| read()["state"] == *it));
    read()
}

fn path(job: &Value) -> String {
    job["report"].as_str().expect("the path of the report").to_owned()
}

fn download(app: &TestApp, job: &Value, headers: &[(&str, &str)]) -> Answer {
    let request = app.as_(HrAdmin).request("GET", path(job));
    headers.iter().fold(request, |request, (name, value)| request.header(name, value)).send()
}

fn table(bytes: &[u8]) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(bytes);
    let lines = reader.records().map(|line| line.expect("a line"));
    lines.map(|line| line.iter().map(str::to_owned).collect()).collect()
}

/// Proves R87 through `getJobReport`.
fn the_report_has_every_row_in_every_format(app: &TestApp) {
    let job = import(app, "atomic=false", &faulty());
    let failed = ROWS / 4 + 1;
    assert_eq!((&job["state"], &job["result"]["failed"]), (&json!("succeeded"), &json!(failed)));
    assert_eq!(job["report"], format!("/v1/jobs/{}/report", job["id"].as_str().unwrap()));

    let file = download(app, &job, &[("Accept", "text/csv")]).expect(200);
    assert_eq!(file.header("Content-Type"), Some("text/csv; charset=utf-8; header=present"));
    let lines = table(&file.body);
    assert_eq!(lines[0], ["line", "key", "outcome", "field", "code", "detail", "row", "id"]);
    let keys: std::collections::BTreeSet<_> = lines[1..].iter().map(|line| &line[1]).collect();
    assert_eq!(keys.len(), ROWS, "every row is in the report");
    for (code, field, count) in
        [("required", "name", ROWS / 4), ("unknown_reference", "manager_employee_number", 1)]
    {
        let such = lines.iter().filter(|line| line[4] == code && line[3] == field);
        assert_eq!(such.filter(|line| line[2] == "failed").count(), count, "{code}");
    }
    assert_eq!(lines.iter().filter(|line| line[2] == "created").count(), ROWS - failed);
    let created = app.as_(HrAdmin).all("/v1/employees?employee_number=N3");
    let told = lines.iter().find(|line| line[1] == "N3").expect("row 3");
    assert_eq!((&told[0][..], &told[6][..]), ("5", "3"));
    assert_eq!(created[0]["id"], told[7][..]);
    assert!(lines.iter().any(|line| line[1] == "'=1+1"), "a formula is text");
    let marked = app.as_(HrAdmin).get(format!("{}?bom=true", path(&job))).expect(200);
    assert!(marked.body.starts_with(b"\xef\xbb\xbf"));

    let rows = download(app, &job, &[("Accept", "application/json")]).expect(200).json();
    assert_eq!(rows.as_array().map(Vec::len), Some(lines.len() - 1));
    assert_eq!((&rows[2]["key"], &rows[2]["code"]), (&json!("=1+1"), &json!(null)));
    let spoken = |language| {
        let headers = [("Accept", "application/json"), ("Accept-Language", language)];
        let answer = download(app, &job, &headers).expect(200);
        assert_eq!(answer.header("Content-Language"), Some(language));
        answer.json()[0]["detail"].as_str().unwrap_or_default().to_owned()
    };
    assert!(spoken("en").is_ascii());
    assert!(!spoken("zh-CN").is_ascii());

    let ndjson = download(app, &job, &[("Accept", "application/x-ndjson")]).expect(200);
    let text = String::from_utf8(ndjson.body).expect("text");
    let own: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(own[..own.len() - 1], rows.as_array().unwrap()[..]);
    assert_eq!(own.last().unwrap()["rows"], lines.len() - 1);
    let book = sheet::rows(&download(app, &job, &[("Accept", XLSX)]).expect(200).body);
    assert_eq!((book.len(), &book[3][1].text[..]), (lines.len(), "=1+1"));
    download(app, &job, &[("Accept", "image/png")]).refused("not-acceptable");
}

fn a_refused_import_has_a_report_of_what_to_mend(app: &TestApp) {
    let mut text = "employee_number,name,hire_date,manager_employee_number\n".to_owned();
    for row in 0..ROWS {
        let manager = if row < 1_500 { "NOBODY" } else { "" };
        let _ = writeln!(text, "N{row},Name {row},2024-01-01,{manager}");
    }
    let job = import(app, "", &text);
    assert_eq!((&job["state"], &job["result"]), (&json!("failed"), &json!(null)));
    assert_eq!(job["problem"]["errors"].as_array().map(Vec::len), Some(1_001), "a bounded answer");
    let rows = download(app, &job, &[("Accept", "application/json")]).expect(200).json();
    let rows = rows.as_array().expect("rows");
    assert_eq!(rows.len(), ROWS);
    for (row, told) in rows.iter().enumerate() {
        let (outcome, code) = match row {
            0..1_500 => ("failed", json!("unknown_reference")),
            _ => ("skipped", json!(null)),
        };
        assert_eq!((&told["row"], &told["outcome"]), (&json!(row), &json!(outcome)));
        assert_eq!((&told["code"], &told["id"]), (&code, &json!(null)), "{told}");
    }
    assert!(app.as_(HrAdmin).all("/v1/employees?employee_number=N2000").is_empty());

    // What is refused after all its rows could stand has saved none of them either.
    let mut leaving = "employee_number,name,hire_date,termination_date\n".to_owned();
    for row in 0..ROWS {
        let _ = writeln!(leaving, "L{row},Name {row},2024-01-01,");
    }
    import(app, "", &leaving);
    let leaving = leaving.replace(",2024-01-01,", ",2024-01-01,2025-01-31");
    let job = import(app, "", &leaving);
    assert_eq!(job["problem"]["type"], "/problems/mass-deactivation");
    let rows = download(app, &job, &[("Accept", "application/json")]).expect(200).json();
    let skipped = |told: &Value| told["outcome"] == "skipped" && told["id"].is_string();
    assert!(rows.as_array().expect("rows").iter().all(skipped), "known people keep their ids");
}

fn a_download_goes_on_where_it_stopped(app: &TestApp) {
    let job = import(app, "atomic=false&dry_run=true", &faulty());
    let csv = ("Accept", "text/csv");
    let whole = download(app, &job, &[csv, ("Accept-Encoding", "gzip")]).expect(200);
    assert_eq!(whole.header("Content-Encoding"), None, "the digest is that of the file");
    assert_eq!(whole.header("Content-Length"), Some(&whole.body.len().to_string()[..]));
    assert_eq!(whole.header("Accept-Ranges"), Some("bytes"));
    let digest = format!("sha-256=:{}:", BASE64.encode(Sha256::digest(&whole.body)));
    assert_eq!(whole.header("Repr-Digest"), Some(&digest[..]));
    let tag = whole.etag();

    let rest = download(app, &job, &[csv, ("Range", "bytes=5000-"), ("If-Range", &tag)]);
    let rest = rest.expect(206);
    assert_eq!(rest.body, whole.body[5_000..]);
    let of = format!("bytes 5000-{}/{}", whole.body.len() - 1, whole.body.len());
    assert_eq!(rest.header("Content-Range"), Some(&of[..]));
    assert_eq!((rest.etag(), rest.header("Repr-Digest")), (tag.clone(), Some(&digest[..])));
    let end = download(app, &job, &[csv, ("Range", "bytes=-10")]).expect(206);
    assert_eq!(end.body, whole.body[whole.body.len() - 10..]);
    for others in [
        [("Range", "bytes=5000-"), ("If-Range", "\"2-0000\"")],
        [("Range", "bytes=99999999-"), ("Accept-Language", "en")],
        [("Range", "bytes=0-1,5-6"), ("Accept-Language", "en")],
    ] {
        let answer = download(app, &job, &[csv, others[0], others[1]]).expect(200);
        assert_eq!(answer.body, whole.body, "{others:?}");
    }
    assert_eq!(download(app, &job, &[csv, ("If-None-Match", &tag)]).status, 304);
    let chinese = [csv, ("Accept-Language", "zh-CN"), ("If-None-Match", &tag)];
    assert_ne!(download(app, &job, &chinese).expect(200).etag(), tag, "it has other texts");
}

fn a_report_is_for_those_who_may_import(app: &TestApp) {
    let job = import(app, "atomic=false&dry_run=true", &faulty());
    let (report, job) = (path(&job), format!("/v1/jobs/{}", job["id"].as_str().unwrap()));
    let seen = |persona: Persona| app.as_(persona).get(&job).expect(200).json()["report"].take();
    let ids = |persona: Persona| app.as_(persona).get(&report).status;
    assert_eq!((seen(SecondHrAdmin), ids(SecondHrAdmin)), (json!(report), 200));
    // Auditors see that there was a job, but not what it says of people.
    assert_eq!((seen(Auditor), ids(Auditor)), (json!(null), 404));
    for persona in [Employee, PeopleReader] {
        app.as_(persona).get(&report).refused("not-found");
    }
    // A job that imports nothing has none.
    let none = format!("/v1/jobs/{}/report", uuid::Uuid::nil());
    app.as_(HrAdmin).get(none).refused("not-found");
}

fn reports_are_forgotten_after_a_month(app: &TestApp) {
    let app = TestApp::start(app.engine, &[]);
    let job = import(&app, "atomic=false&dry_run=true", &faulty());
    let id = job["id"].as_str().and_then(|id| id.parse::<uuid::Uuid>().ok()).expect("an id");
    let kept = || app.read(move |store| store.job_report(id.into())).is_some();
    let forget = || {
        let forgetting = api::platform::housekeeping::forget(app.app());
        runtime().block_on(forgetting).expect("housekeeping");
    };
    app.clock().advance(TimeDelta::days(29));
    forget();
    download(&app, &job, &[]).expect(200);
    app.clock().advance(TimeDelta::days(1));
    // Nobody waits for the housekeeping.
    let ended = app.as_(HrAdmin).get(format!("/v1/jobs/{id}")).expect(200).json();
    assert_eq!((&ended["state"], &ended["report"]), (&json!("succeeded"), &json!(null)));
    download(&app, &job, &[]).refused("not-found");
    assert!(kept());
    app.clock().advance(TimeDelta::seconds(1));
    forget();
    assert!(!kept());
}
