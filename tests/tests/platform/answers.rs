//! What every answer has: an ETag by which it is not sent twice, and compression.

use serde_json::json;
use tests::calls;
use tests::contract;
use tests::world::Persona::HrAdmin;
use tests::{Answer, Client, TestApp, on_each_engine};

on_each_engine![
    what_is_shown_is_not_sent_twice,
    another_page_has_another_tag,
    answers_are_compressed_as_the_client_accepts,
    a_tag_of_a_compressed_answer_is_good_for_changes,
    long_files_are_compressed_while_they_are_sent,
];

/// Every operation whose answer is JSON says so in its contract.
fn what_is_shown_is_not_sent_twice(app: &TestApp) {
    let shown = |id: &str| contract::operation(id).has_parameter("If-None-Match");
    for id in ["listPositions", "listEvents", "getMe", "listToDos", "getManagerDashboard"] {
        assert!(shown(id), "{id}");
    }
    for operation in contract::operations().values().filter(|one| shown(one.id)) {
        // The first look at a review is an entry of the log of reads.
        let (reader, first) = calls::shown(app, operation);
        let first = reader.get(&first.path).expect(200);
        let again = reader.request("GET", &first.path);
        let again = again.header("If-None-Match", &first.etag()).send();
        assert!(again.status == 304 && again.body.is_empty(), "{}: {again:?}", operation.id);
        assert_eq!(again.etag(), first.etag(), "{}", operation.id);
    }
}

fn another_page_has_another_tag(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let page = hr.get("/v1/positions?limit=1").expect(200);
    let again = || hr.request("GET", "/v1/positions?limit=1").header("If-None-Match", &page.etag());
    assert_eq!(again().send().expect(304).header("Link"), page.header("Link"));
    let path = format!("/v1/positions/{}", page.json()["items"][0]["id"].as_str().expect("an id"));
    hr.patch(&hr.get(path), &json!({ "title": "Another" })).expect(200);
    assert_ne!(again().send().expect(200).etag(), page.etag());
}

/// Enough positions for a page that is worth compressing.
fn fill(hr: &Client) {
    for number in 0..60 {
        let body = json!({ "code": format!("ROW-{number:03}"), "title": "Welder", "level": 1 });
        hr.post("/v1/positions", &body).expect(201);
    }
}

const LIST: &str = "/v1/positions?limit=60";

fn accepting(client: &Client, path: &str, coding: &str) -> Answer {
    client.request("GET", path).header("Accept-Encoding", coding).send().expect(200)
}

fn answers_are_compressed_as_the_client_accepts(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    fill(&hr);
    let plain = hr.get(LIST).expect(200);
    assert_eq!(plain.header("Content-Encoding"), None);
    for (accepted, coding) in [
        ("gzip", "gzip"),
        ("br", "br"),
        ("zstd", "zstd"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip;q=1, br;q=0.9, zstd;q=0", "gzip"),
        ("*", "zstd"),
    ] {
        let answer = accepting(&hr, LIST, accepted);
        assert_eq!(answer.header("Content-Encoding"), Some(coding), "{accepted}");
        assert_eq!(answer.body, plain.body, "{accepted}");
        assert!(answer.sent_bytes * 5 < plain.sent_bytes, "{accepted}: {}", answer.sent_bytes);
        let tag = format!("{}-{coding}\"", plain.etag().trim_end_matches('"'));
        assert_eq!(answer.etag(), tag, "the bytes are others, so the strong tag is");
        let again = hr.request("GET", LIST).header("Accept-Encoding", accepted);
        let known = again.clone().header("If-None-Match", &tag).send().expect(304);
        assert_eq!(known.etag(), tag);
        again.header("If-None-Match", &plain.etag()).send().expect(304);
    }
    for accepted in ["", "identity", "gzip;q=0", "*;q=0", "gzip;q=0.5, identity", "x", "gzip;q=x"] {
        let answer = accepting(&hr, LIST, accepted);
        assert_eq!(answer.header("Content-Encoding"), None, "{accepted}");
        assert_eq!((answer.etag(), answer.body), (plain.etag(), plain.body.clone()));
    }
    let vary = plain.headers.get_all("Vary").iter().any(|names| names == "Accept-Encoding");
    assert!(vary, "{:?}", plain.headers);
    let short = accepting(&hr, "/v1/positions?limit=1", "gzip");
    assert_eq!(short.header("Content-Encoding"), None, "it fits into a packet");
    let contract = accepting(&hr, "/openapi.json", "br");
    assert_eq!(contract.body, api::contract::text().as_bytes());
    assert!(contract.sent_bytes * 5 < contract.body.len());
}

fn a_tag_of_a_compressed_answer_is_good_for_changes(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let body = json!({ "code": "LONG", "title": "长".repeat(100), "level": 1 });
    let path = format!("/v1/positions/{}", hr.post("/v1/positions", &body).expect(201).id());
    let plain = hr.get(&path).expect(200);
    for coding in ["gzip", "br", "zstd"] {
        let tag = format!("{}-{coding}\"", plain.etag().trim_end_matches('"'));
        hr.request("GET", &path).header("If-None-Match", &tag).send().expect(304);
    }
    let tag = format!("{}-br\"", plain.etag().trim_end_matches('"'));
    let change = hr.request("PATCH", &path).if_match(&tag).json(&json!({ "level": 2 }));
    change.clone().send().expect(200);
    change.send().refused("version-stale");
}

fn long_files_are_compressed_while_they_are_sent(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let export = |accepted: &str| {
        let request = hr.request("GET", "/v1/employees/export").header("Accept", "text/csv");
        request.header("Accept-Encoding", accepted).send().expect(200)
    };
    let plain = export("identity");
    for coding in ["gzip", "br", "zstd"] {
        let answer = export(coding);
        assert_eq!(answer.header("Content-Encoding"), Some(coding));
        assert_eq!(answer.header("Content-Length"), None);
        assert_eq!(answer.body, plain.body, "{coding}");
    }
    let request = hr.request("GET", "/v1/employees/export");
    let workbook = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    let zip = request.header("Accept", workbook).header("Accept-Encoding", "br").send().expect(200);
    assert_eq!(zip.header("Content-Encoding"), None, "a workbook is compressed already");
}
