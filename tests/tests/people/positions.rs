//! The catalogue of positions.

use serde_json::{Value, json};
use tests::world::Persona::{Employee, HrAdmin, OtherHrAdmin, PeopleWriter};
use tests::{Answer, TestApp, on_each_engine};

on_each_engine![
    a_position_lives_from_creation_to_tombstone,
    a_code_is_free_again_once_its_position_is_gone,
    a_position_somebody_holds_stays,
    only_hr_and_programs_change_the_catalogue,
    another_company_sees_nothing_of_it,
];

fn create(app: &TestApp, code: &str) -> Answer {
    let body = json!({ "code": code, "title": "Welder", "level": 3 });
    app.as_(HrAdmin).post("/v1/positions", &body).expect(201)
}

/// Proves R87 through `createPosition`, `getPosition`, `updatePosition`, `deletePosition`,
/// `listPositions`.
fn a_position_lives_from_creation_to_tombstone(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let made = create(app, "WELD-1");
    let path = format!("/v1/positions/{}", made.id());
    assert_eq!(made.header("Location"), Some(path.as_str()));
    assert_eq!(made.json()["version"], 1);

    assert_eq!(made.json()["allowed_actions"], json!(["update", "deletion"]));
    let read = hr.get(&path).expect(200);
    assert_eq!((read.json(), read.etag()), (made.json(), made.etag()));
    let read = app.as_(Employee).get(&path).expect(200);
    assert_eq!(read.json()["allowed_actions"], json!([]));
    let again = app.as_(Employee).request("GET", &path).header("If-None-Match", &read.etag());
    assert!(again.send().expect(304).body.is_empty());

    let changed = hr.patch(&read, &json!({ "level": 4 })).expect(200);
    let mut expected = made.json();
    expected["level"] = 4.into();
    expected["version"] = 2.into();
    expected["updated_at"] = changed.json()["updated_at"].clone();
    assert_eq!(changed.json(), expected);
    hr.patch(&read, &json!({ "level": 5 })).refused("version-stale");

    let since = made.json()["updated_at"].as_str().unwrap_or_default().to_owned();
    let removal = hr.request("DELETE", &path).if_match(&changed.etag());
    assert!(removal.clone().send().expect(204).body.is_empty());
    hr.get(&path).refused("not-found");
    removal.send().refused("not-found");
    let codes = |items: Vec<Value>| -> Vec<Value> {
        items.into_iter().filter(|item| item["code"] == "WELD-1").collect()
    };
    assert!(codes(hr.all("/v1/positions")).is_empty());
    let tombstones = codes(hr.all(&format!("/v1/positions?updated_since={since}")));
    assert_eq!(tombstones.len(), 1);
    assert!(tombstones[0]["deleted_at"].is_string());
    assert_eq!(tombstones[0]["version"], 3);
}

fn a_code_is_free_again_once_its_position_is_gone(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let first = create(app, "SMITH");
    let other = create(app, "FORGE");
    let twin = json!({ "code": "SMITH", "title": "Another", "level": 1 });
    app.unchanged(|| hr.post("/v1/positions", &twin).refused("duplicate"));
    let path = format!("/v1/positions/{}", other.id());
    app.unchanged(|| {
        hr.patch(&hr.get(&path), &json!({ "code": "SMITH" })).refused("duplicate");
    });
    let path = format!("/v1/positions/{}", first.id());
    hr.request("DELETE", &path).if_match(&first.etag()).send().expect(204);
    hr.post("/v1/positions", &twin).expect(201);
}

fn a_position_somebody_holds_stays(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let held = hr.get(format!("/v1/positions/{}", app.id("position"))).expect(200);
    let removal = hr.request("DELETE", &held.path).if_match(&held.etag());
    app.unchanged(|| removal.send().refused("in-use"));
    hr.get(&held.path).expect(200);
}

fn only_hr_and_programs_change_the_catalogue(app: &TestApp) {
    let made = create(app, "GUARD");
    let path = format!("/v1/positions/{}", made.id());
    app.unchanged(|| {
        let lin = app.as_(Employee);
        let body = json!({ "code": "MINE", "title": "Mine", "level": 30 });
        lin.post("/v1/positions", &body).refused("forbidden");
        lin.patch(&lin.get(&path), &json!({ "level": 30 })).refused("forbidden");
        lin.request("DELETE", &path).if_match(&made.etag()).send().refused("forbidden");
    });
    let program = app.as_(PeopleWriter);
    program.patch(&program.get(&path), &json!({ "level": 9 })).expect(200);
}

fn another_company_sees_nothing_of_it(app: &TestApp) {
    let made = create(app, "SECRET");
    let path = format!("/v1/positions/{}", made.id());
    let stranger = app.as_(OtherHrAdmin);
    app.unchanged(|| {
        stranger.get(&path).refused("not-found");
        let change = stranger.request("PATCH", &path).if_match(&made.etag());
        change.json(&json!({ "level": 1 })).send().refused("not-found");
        stranger.request("DELETE", &path).if_match(&made.etag()).send().refused("not-found");
    });
    let theirs = stranger.all("/v1/positions?updated_since=2000-01-01T00:00:00Z");
    assert!(theirs.iter().all(|position| position["code"] != "SECRET"));
    let twin = json!({ "code": "SECRET", "title": "Theirs", "level": 1 });
    stranger.post("/v1/positions", &twin).expect(201);
}
