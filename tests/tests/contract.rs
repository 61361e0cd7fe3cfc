//! The contract is what the code says, and the server serves all of it.

use serde_json::{Value, json};
use tests::client::Credentials;
use tests::world::Persona::Anonymous;
use tests::{Client, TestApp, contract, golden, on_each_engine};

on_each_engine![every_operation_is_routed, every_problem_type_is_documented];

#[test]
fn the_committed_file_is_what_the_code_generates() {
    let file = golden::root().join("openapi/openapi.json");
    let committed = std::fs::read_to_string(file).expect("read the contract");
    assert!(committed == api::contract::text(), "run `make openapi` and review what changed");
}

/// What the client holds every answer against must itself notice what is wrong.
#[test]
fn the_checker_finds_planted_faults() {
    let operation = contract::operation("getPosition");
    let good = json!({
        "id": "0197c9a8-5f3e-7a51-9c7d-0d8b1f0f6a11", "code": "C", "title": "T", "level": 1,
        "version": 1, "created_at": "2026-11-20T08:30:00Z", "updated_at": "2026-11-20T08:30:00Z",
    });
    let fault = |status, kind: &str, body: &Value| {
        contract::fault(operation, status, kind, body.to_string().as_bytes())
    };
    assert_eq!(fault(200, "application/json", &good), None);
    assert!(fault(202, "application/json", &good).is_some(), "a status nobody documented");
    assert!(fault(200, "text/plain", &good).is_some(), "another media type");
    assert!(fault(304, "application/json", &good).is_some(), "a body where there is none");
    for (name, planted) in [("level", json!("1")), ("id", json!("x")), ("created_at", json!("now"))]
    {
        let mut bad = good.clone();
        bad[name] = planted;
        assert!(fault(200, "application/json", &bad).is_some(), "{name}");
    }
    let mut bad = good;
    bad.as_object_mut().expect("an object").remove("code");
    assert!(fault(200, "application/json", &bad).is_some(), "a property is missing");
}

/// A path of the contract with ids that exist nowhere.
fn somewhere(path: &str) -> String {
    path.replace("{id}", "0197c9a8-5f3e-7a51-9c7d-0d8b1f0f6a11").replace("{slug}", "not-found")
}

fn every_operation_is_routed(app: &TestApp) {
    let nobody = app.as_(Anonymous);
    for operation in contract::operations().values() {
        let answer = nobody.request(&operation.method, somewhere(operation.path)).send();
        let problem = answer.problem();
        assert!(problem != Some("route-not-found") && problem != Some("method-not-allowed"));
        if operation.is_secured() {
            answer.refused("unauthenticated");
        }
    }
    let served = nobody.get("/openapi.json").expect(200);
    assert!(served.body == api::contract::text().as_bytes(), "the server serves the same document");
}

fn every_problem_type_is_documented(app: &TestApp) {
    let nobody: Client = app.as_(Anonymous).with(Credentials::None);
    for slug in api::problem::KINDS.keys() {
        let page = nobody.get(format!("/problems/{slug}")).expect(200);
        let text = String::from_utf8_lossy(&page.body);
        assert!(text.contains(&api::problem::KINDS[slug].title_en), "{slug}");
    }
    nobody.get("/problems/no-such-thing").expect(404);
}
