//! Org units, and the tree they form over time.

use serde_json::{Value, json};
use tests::world::Persona::HrAdmin;
use tests::{Answer, TestApp, on_each_engine};
use uuid::Uuid;

on_each_engine![
    a_unit_moves_from_a_day_on,
    an_earlier_day_is_filled_in_between,
    the_tree_refuses_loops_and_kinds_that_do_not_fit,
    the_tree_is_at_most_so_deep,
    a_unit_that_is_used_stays,
    a_deleted_unit_shows_as_a_tombstone,
    lists_narrow_by_parent_kind_and_code,
    references_to_nothing_are_named,
];

fn create(app: &TestApp, code: &str, kind: &str, parent: Uuid) -> Answer {
    let body = json!({
        "code": code, "name": code, "kind": kind, "parent_id": parent,
        "effective_from": "2020-01-01",
    });
    app.as_(HrAdmin).post("/v1/org-units", &body).expect(201)
}

fn path(unit: &Answer) -> String {
    format!("/v1/org-units/{}", unit.id())
}

fn move_to(app: &TestApp, unit: &Answer, parent: Uuid, from: &str) -> Answer {
    let hr = app.as_(HrAdmin);
    let read = hr.get(path(unit)).expect(200);
    let moving = hr.request("POST", format!("{}/moves", path(unit))).if_match(&read.etag());
    moving.json(&json!({ "parent_id": parent, "effective_from": from })).send()
}

/// The rows of a page of a dated history: first day, last day, and a property.
fn stretches(app: &TestApp, path: &str, property: &str) -> Vec<(Value, Value, Value)> {
    let rows = app.as_(HrAdmin).all(path).into_iter();
    rows.map(|mut row| {
        let mut take = |name: &str| row[name].take();
        (take("effective_from"), take("effective_to"), take(property))
    })
    .collect()
}

fn a_unit_moves_from_a_day_on(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let (sales, labs) = (app.id("sales"), app.id("labs"));
    let team = create(app, "NOMADS", "team", sales);
    let moved = move_to(app, &team, labs, "2099-01-01").expect(200);
    assert_eq!(moved.json()["parent_id"], json!(sales), "today it is still where it was");
    assert_eq!(moved.json()["version"], 2);

    let as_of = |day: &str| hr.get(format!("{}?as_of={day}", path(&team))).expect(200).json();
    assert_eq!(as_of("2098-12-31")["parent_id"], json!(sales));
    assert_eq!(as_of("2099-01-01")["parent_id"], json!(labs));
    assert_eq!(as_of("2019-12-31")["parent_id"], Value::Null, "it had no place yet");
    let under = |parent: Uuid, day: &str| {
        let rows = hr.all(&format!("/v1/org-units?parent_id={parent}&as_of={day}"));
        rows.iter().any(|row| row["code"] == "NOMADS")
    };
    assert!(under(sales, "2098-12-31") && !under(labs, "2098-12-31"));
    assert!(under(labs, "2099-01-01") && !under(sales, "2099-01-01"));
}

fn an_earlier_day_is_filled_in_between(app: &TestApp) {
    let (company, sales, labs) = (app.id("company"), app.id("sales"), app.id("labs"));
    let team = create(app, "NOMADS", "team", sales);
    move_to(app, &team, labs, "2099-01-01").expect(200);
    move_to(app, &team, company, "2050-01-01").expect(200);
    let places = format!("{}/placements", path(&team));
    let expected = vec![
        (json!("2020-01-01"), json!("2049-12-31"), json!(sales)),
        (json!("2050-01-01"), json!("2098-12-31"), json!(company)),
        (json!("2099-01-01"), json!(null), json!(labs)),
    ];
    assert_eq!(stretches(app, &places, "parent_id"), expected);
    assert_eq!(stretches(app, &format!("{places}?limit=1"), "parent_id"), expected);
    move_to(app, &team, sales, "2050-01-01").expect(200);
    assert_eq!(stretches(app, &places, "parent_id")[1].2, json!(sales), "the day is replaced");
}

fn the_tree_refuses_loops_and_kinds_that_do_not_fit(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let upper = create(app, "UPPER", "department", app.id("company"));
    let lower = create(app, "LOWER", "department", upper.id());
    let team = create(app, "TEAM", "team", lower.id());
    app.unchanged(|| {
        let loops = move_to(app, &upper, lower.id(), "2030-01-01").refused("tree-invalid");
        loops.faults(&[("/parent_id", "reporting_loop")]);
        let own = move_to(app, &upper, upper.id(), "2030-01-01").refused("tree-invalid");
        own.faults(&[("/parent_id", "self_reference")]);
        let below = move_to(app, &upper, team.id(), "2030-01-01");
        assert_eq!(below.problem(), Some("tree-invalid"));
        let second = json!({ "code": "TWO", "name": "Two", "kind": "company" });
        hr.post("/v1/org-units", &second).refused("tree-invalid");
        let orphan = json!({ "code": "TWO", "name": "Two", "kind": "team" });
        hr.post("/v1/org-units", &orphan)
            .refused("validation-failed")
            .faults(&[("/parent_id", "required")]);
        let upside_down = json!({
            "code": "TWO", "name": "Two", "kind": "division", "parent_id": team.id(),
        });
        hr.post("/v1/org-units", &upside_down).refused("tree-invalid");
    });
    let named = move_to(app, &upper, lower.id(), "2030-01-01").json();
    let detail = named["errors"][0]["detail"].as_str().unwrap_or_default().to_owned();
    assert!(detail.contains("UPPER") && detail.contains("LOWER"), "the loop is named: {detail}");
}

fn the_tree_is_at_most_so_deep(app: &TestApp) {
    let mut parent = app.id("company");
    for level in 2..=32 {
        parent = create(app, &format!("LEVEL-{level}"), "team", parent).id();
    }
    let body = json!({ "code": "ABYSS", "name": "Abyss", "kind": "team", "parent_id": parent });
    let answer = app.unchanged(|| app.as_(HrAdmin).post("/v1/org-units", &body));
    answer.faults(&[("/parent_id", "depth_exceeded")]);
}

fn a_unit_that_is_used_stays(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    for used in ["east", "sales"] {
        let read = hr.get(format!("/v1/org-units/{}", app.id(used))).expect(200);
        let removal = hr.request("DELETE", &read.path).if_match(&read.etag());
        app.unchanged(|| removal.send().refused("in-use"));
    }
}

fn a_deleted_unit_shows_as_a_tombstone(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let team = create(app, "SHORT", "team", app.id("labs"));
    let since = team.json()["created_at"].as_str().unwrap_or_default().to_owned();
    hr.request("DELETE", path(&team)).if_match(&team.etag()).send().expect(204);
    hr.get(path(&team)).refused("not-found");
    let gone = hr.all(&format!("/v1/org-units?updated_since={since}"));
    assert!(gone.iter().any(|row| row["code"] == "SHORT" && row["deleted_at"].is_string()));
    assert!(hr.all("/v1/org-units").iter().all(|row| row["code"] != "SHORT"));
    create(app, "SHORT", "team", app.id("labs"));
}

fn lists_narrow_by_parent_kind_and_code(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let codes = |query: &str| -> Vec<Value> {
        let rows = hr.all(&format!("/v1/org-units?{query}"));
        rows.into_iter().map(|mut row| row["code"].take()).collect()
    };
    assert_eq!(codes(&format!("parent_id={}", app.id("sales"))), ["EAST"]);
    assert_eq!(codes("kind=department"), ["SALES", "LABS"]);
    assert_eq!(codes("code=EAST"), ["EAST"]);
    assert_eq!(codes("code=east"), Vec::<Value>::new(), "codes are compared as they are");
    hr.get("/v1/org-units?kind=village").refused("malformed-request");
}

fn references_to_nothing_are_named(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let theirs = app.world.other.id("sales");
    for parent in [Uuid::from_u128(1), theirs, app.id("lin")] {
        let body = json!({ "code": "X", "name": "X", "kind": "team", "parent_id": parent });
        let answer = app.unchanged(|| hr.post("/v1/org-units", &body));
        answer.refused("validation-failed").faults(&[("/parent_id", "unknown_reference")]);
    }
    let twin = json!({ "code": "EAST", "name": "X", "kind": "team", "parent_id": app.id("labs") });
    app.unchanged(|| hr.post("/v1/org-units", &twin))
        .refused("duplicate")
        .faults(&[("/code", "duplicate")]);
}
