//! Pages, cursors and mirrors, tested on the simplest noun; all lists work the same way.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tests::world::Persona::{Auditor, Employee, HrAdmin, OtherHrAdmin};
use tests::{Client, TestApp, calls, contract, on_each_engine};

on_each_engine![
    pages_hold_every_row_once,
    a_page_links_to_the_next,
    a_cursor_is_good_for_its_own_list_only,
    a_cursor_tells_no_position,
    limits_are_bounded,
    a_mirror_catches_up_on_changes_and_deletions,
    items_come_with_the_tags_that_changes_name,
    a_list_says_whether_the_caller_may_add_to_it,
];

fn fill(hr: &Client, count: usize) {
    for number in 0..count {
        let body = json!({ "code": format!("LIST-{number:03}"), "title": "Row", "level": 1 });
        hr.post("/v1/positions", &body).expect(201);
    }
}

/// Proves R87 through `listPositions`.
fn pages_hold_every_row_once(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    fill(&hr, 23);
    let whole = hr.all("/v1/positions?limit=200");
    assert!(whole.len() >= 23);
    for limit in [1, 7, 22, 23] {
        assert_eq!(hr.all(&format!("/v1/positions?limit={limit}")), whole, "limit {limit}");
    }
    let entries = app.as_(Auditor).all("/v1/audit-entries?limit=200");
    assert_eq!(app.as_(Auditor).all("/v1/audit-entries?limit=9"), entries);
    assert_eq!(entries.len() as i64, app.traces().0, "the log has no gap");
}

fn a_page_links_to_the_next(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    fill(&hr, 3);
    let first = hr.get("/v1/positions?limit=2").expect(200);
    let link = first.header("Link").expect("a link to the next page").to_owned();
    let next = link.trim_start_matches('<').split('>').next().unwrap_or_default();
    assert!(link.ends_with("; rel=\"next\""));
    assert!(next.contains("limit=2"));
    let cursor = first.json()["next_cursor"].as_str().unwrap_or_default().to_owned();
    let by_cursor = hr.get(format!("/v1/positions?limit=2&cursor={cursor}")).json();
    assert_eq!(hr.get(next).json()["items"], by_cursor["items"]);
    let last = hr.get("/v1/positions?limit=200").expect(200);
    assert!(last.header("Link").is_none());
    assert!(last.json()["next_cursor"].is_null());
}

fn a_cursor_is_good_for_its_own_list_only(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    fill(&hr, 3);
    fill(&app.as_(OtherHrAdmin), 3);
    let first = hr.get("/v1/positions?limit=2").expect(200).json();
    let cursor = first["next_cursor"].as_str().expect("more than one page");
    let tried = |client: &Client, path: &str, cursor: &str| {
        client.get(format!("{path}limit=2&cursor={cursor}")).refused("cursor-invalid");
    };
    tried(&app.as_(OtherHrAdmin), "/v1/positions?", cursor);
    tried(&hr, "/v1/positions?updated_since=2020-01-01T00:00:00Z&", cursor);
    tried(&hr, "/v1/audit-entries?", cursor);
    for at in [0, cursor.len() / 2, cursor.len() - 2] {
        let mut tampered = cursor.as_bytes().to_vec();
        tampered[at] = if tampered[at] == b'A' { b'B' } else { b'A' };
        tried(&hr, "/v1/positions?", &String::from_utf8_lossy(&tampered));
    }
    for nonsense in ["", "x", "0000", "%E4%B8%AD"] {
        tried(&hr, "/v1/positions?", nonsense);
    }
    hr.get("/v1/events?after=-1").refused("cursor-invalid");
    hr.get("/v1/events?after=7").refused("cursor-invalid");
    hr.get("/v1/events?after=x").refused("cursor-invalid");
}

/// A cursor must not show how many rows were passed, because that would number the hidden rows.
fn a_cursor_tells_no_position(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let next = |path: String| -> String {
        let page = hr.get(path).expect(200).json();
        page["next_cursor"].as_str().expect("more than one page").to_owned()
    };
    let entries = |limit: u32| next(format!("/v1/audit-entries?limit={limit}"));
    let events = |limit: u32| next(format!("/v1/events?limit={limit}"));
    for cursor in [&entries, &events] as [&dyn Fn(u32) -> String; 2] {
        let cursors = [1, 2, 9, 10, 50].map(cursor);
        let [first, second, ..] = &cursors;
        assert!(cursors.iter().all(|cursor| cursor.len() == first.len()), "{cursors:?}");
        let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).expect("Base64");
        let (first, second) = (bytes(first), bytes(second));
        assert!(!String::from_utf8_lossy(&first).contains("position"));
        let same = first.iter().zip(&second).skip(33).filter(|(one, other)| one == other).count();
        assert!(same < 20, "two places have nothing in common but the name of the key: {same}");
    }
    assert_eq!(entries(3), entries(3), "the same page is the same answer");
    let all = hr.all("/v1/audit-entries?limit=200");
    assert_eq!(hr.all("/v1/audit-entries?limit=13"), all);
    let fed = hr.get(format!("/v1/events?after={}&limit=5", events(10))).expect(200).json();
    let page = hr.get("/v1/events?limit=15&after=0").expect(200).json();
    assert_eq!(json!(page["items"].as_array().expect("items")[10..]), fed["items"]);
}

fn limits_are_bounded(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    for list in ["/v1/positions", "/v1/audit-entries", "/v1/events"] {
        for (limit, code) in
            [("0", "too_small"), ("-1", "too_small"), ("201", "too_large"), ("many", "wrong_type")]
        {
            hr.get(format!("{list}?limit={limit}"))
                .refused("malformed-request")
                .faults(&[("/query/limit", code)]);
        }
        hr.get(format!("{list}?colour=red&limit=0&limit=1"))
            .refused("malformed-request")
            .faults(&[("/query/colour", "unknown_property"), ("/query/limit", "duplicate_key")]);
    }
}

/// Proves R87 through `listPositions`.
fn a_mirror_catches_up_on_changes_and_deletions(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let mut mirror: BTreeMap<String, Value> = BTreeMap::new();
    let mut newest = String::from("2000-01-01T00:00:00Z");
    let mut catch_up = |mirror: &mut BTreeMap<String, Value>| {
        for item in hr.all(&format!("/v1/positions?limit=2&updated_since={newest}")) {
            newest = item["updated_at"].as_str().unwrap_or_default().to_owned();
            let id = item["id"].as_str().unwrap_or_default().to_owned();
            match item.get("deleted_at") {
                Some(_) => mirror.remove(&id),
                None => mirror.insert(id, item),
            };
        }
    };
    fill(&hr, 5);
    catch_up(&mut mirror);
    let rows = hr.all("/v1/positions");
    for (number, row) in rows.iter().filter(|row| row["title"] == "Row").enumerate() {
        let path = format!("/v1/positions/{}", row["id"].as_str().unwrap_or_default());
        let read = hr.get(&path).expect(200);
        if number % 2 == 0 {
            hr.patch(&read, &json!({ "title": format!("Changed {number}") })).expect(200);
        } else {
            hr.request("DELETE", &path).if_match(&read.etag()).send().expect(204);
        }
    }
    catch_up(&mut mirror);
    let mut mirrored: Vec<Value> = mirror.into_values().collect();
    mirrored.sort_by_key(|row| row["id"].to_string());
    assert_eq!(mirrored, hr.all("/v1/positions"));
}

fn items_come_with_the_tags_that_changes_name(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    fill(&hr, 2);
    let list = hr.get("/v1/positions").expect(200);
    let path = format!("/v1/positions/{}", list.json()["items"][0]["id"].as_str().expect("an id"));
    let change = |title: &str| {
        let body = json!({ "title": title });
        hr.request("PATCH", &path).if_match(&list.tags()[0]).json(&body).send()
    };
    change("Another").expect(200);
    change("A third").refused("version-stale");

    let mut compared = Vec::new();
    for operation in contract::operations().values().filter(|one| one.id.starts_with("list")) {
        let one = format!("{}/{{id}}", operation.path);
        if contract::at("GET", &one).is_none() {
            continue;
        }
        let (reader, list) = calls::shown(app, operation);
        let Some(tag) = list.tags().into_iter().next().filter(|tag| !tag.is_empty()) else {
            continue;
        };
        let item = list.json()["items"][0].clone();
        let path = one.replace("{id}", item["id"].as_str().expect("an id"));
        let shown = reader.get(path).expect(200);
        // Where a list shows less of a record than there is, the tag still tells the version.
        let same = if item == shown.json() {
            tag.trim_end_matches('"')
        } else {
            &tag[..=tag.find('-').expect("a version")]
        };
        assert!(shown.etag().starts_with(same), "{}: {tag} and {shown:?}", operation.id);
        compared.push((operation.id, item == shown.json()));
    }
    let whole = compared.iter().filter(|(_, is_whole)| *is_whole).count();
    assert!(whole > 8, "{compared:?}");
}

fn a_list_says_whether_the_caller_may_add_to_it(app: &TestApp) {
    let actions = |persona, path: &str| {
        app.as_(persona).get(path).expect(200).json()["allowed_actions"].clone()
    };
    assert_eq!(actions(HrAdmin, "/v1/positions"), json!(["create"]));
    assert_eq!(actions(Employee, "/v1/positions"), json!([]));
    assert_eq!(actions(Employee, "/v1/goals"), json!(["create"]), "a goal of one's own");
    assert_eq!(actions(HrAdmin, "/v1/audit-entries"), json!([]));
}
