//! Names beside ids.

use domain::everyday::card::nouns_named_by;
use persistence::with_cards;
use serde_json::{Value, json};
use tests::calls;
use tests::world::Persona::{Colleague, Employee, HrAdmin, UnitReader};
use tests::{Client, TestApp, contract, on_each_engine};

on_each_engine![
    what_an_answer_names_has_its_card,
    a_change_is_answered_with_names_as_well,
    programs_see_the_names_of_whom_they_may_read,
    the_title_of_a_goal_is_for_whoever_may_read_it,
    another_name_makes_another_tag_of_the_same_version,
];

/// Where the cards of a noun are.
fn place(noun: &str) -> String {
    if noun == "policy" { "policies".to_owned() } else { format!("{noun}s") }
}

type Nouns = [Option<&'static str>; 2];

/// The ids in a body, each with what it may be of.
fn named<'v>(body: &'v Value, nouns: Nouns, found: &mut Vec<(Nouns, &'v str)>) {
    match body {
        Value::Object(object) => {
            for (property, value) in object {
                let nouns = nouns_named_by(property).map(|noun| noun.and_then(with_cards));
                named(value, nouns, found);
            }
        }
        Value::Array(list) => list.iter().for_each(|value| named(value, nouns, found)),
        Value::String(id) if nouns != [None; 2] => found.push((nouns, id)),
        _ => {}
    }
}

fn has_card(included: &Value, nouns: Nouns, id: &str) -> bool {
    nouns.into_iter().flatten().any(|noun| included[place(noun)][id].is_object())
}

/// HR may read every record that is named; only an account without a person has no name.
fn what_an_answer_names_has_its_card(app: &TestApp) {
    let mut seen = 0;
    let shown = contract::operations().values().filter(|one| one.has_parameter("If-None-Match"));
    for operation in shown {
        let (_, answer) = calls::shown(app, operation);
        if answer.media_type() != "application/json" {
            continue;
        }
        let (body, included) = (answer.json(), answer.included());
        let mut ids = Vec::new();
        named(&body, [None; 2], &mut ids);
        for (nouns, id) in ids {
            let may_lack_one = nouns.contains(&Some("account")) || nouns == [Some("goal"), None];
            let has = has_card(&included, nouns, id);
            assert!(has || may_lack_one, "{}: {nouns:?} {id}: {included}", operation.id);
            seen += usize::from(has);
        }
    }
    assert!(seen > 100, "{seen}");
}

fn lin(app: &TestApp, client: &Client) -> tests::Answer {
    client.get(format!("/v1/employees/{}", app.id("lin"))).expect(200)
}

fn a_change_is_answered_with_names_as_well(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let body = json!({
        "account_id": app.id("kai.account"), "role": "auditor", "valid_from": "2026-01-01",
    });
    let request = hr.request("POST", "/v1/role-assignments").json(&body).key("names-and-retries");
    let made = request.clone().send().expect(201);
    let account = app.id("kai.account").to_string();
    let card = &made.included()["accounts"][&account];
    assert_eq!(card["employee_id"], app.id("kai").to_string());
    let kai = hr.get(format!("/v1/employees/{}", app.id("kai"))).expect(200).json();
    assert_eq!(card["name"], kai["name"]);
    let again = request.send().expect(201);
    assert_eq!((again.included(), again.etag()), (made.included(), made.etag()));
}

fn programs_see_the_names_of_whom_they_may_read(app: &TestApp) {
    let (hr, program) = (app.as_(HrAdmin), app.as_(UnitReader));
    let path = format!("/v1/employees/{}", app.id("kai"));
    let (kai, mei) = (app.id("kai").to_string(), app.id("mei").to_string());
    let led = json!({ "effective_from": "2026-01-01", "manager_id": mei });
    let read = hr.get(&path).expect(200);
    let assigned = hr.request("POST", format!("{path}/assignments")).if_match(&read.etag());
    assigned.json(&led).send().expect(200);
    let known = app.as_(Colleague).get(&path).expect(200);
    assert!(known.included()["employees"][&mei]["name"].is_string());
    let limited = program.get(&path).expect(200);
    assert_eq!(limited.json()["manager_id"], mei, "the id is a part of the record");
    assert!(limited.included()["employees"].is_null(), "{limited:?}");
    let tom = program.get(format!("/v1/employees/{}", app.id("tom"))).expect(200);
    assert_eq!(tom.json()["manager_id"], kai);
    assert!(tom.included()["employees"][&kai]["name"].is_string());
}

fn the_title_of_a_goal_is_for_whoever_may_read_it(app: &TestApp) {
    let path = format!("/v1/goals/{}", app.id("goal"));
    let above = app.id("goal.above").to_string();
    let shown = app.as_(Employee).get(&path).expect(200);
    assert_eq!(shown.json()["parent_id"], above);
    for persona in [Employee, HrAdmin] {
        let client = app.as_(persona);
        let titled = client.get(&path).expect(200).included()["goals"][&above]["name"].take();
        let parent = client.get(format!("/v1/goals/{above}"));
        let content = (parent.status == 200).then(|| parent.json()["content"]["title"].take());
        assert_eq!(titled, content.unwrap_or_default(), "{persona:?}");
    }
}

fn another_name_makes_another_tag_of_the_same_version(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let before = lin(app, &hr);
    let mei = hr.get(format!("/v1/employees/{}", app.id("mei"))).expect(200);
    hr.patch(&mei, &json!({ "name": "Mei Renamed" })).expect(200);
    let after = lin(app, &hr);
    assert_eq!(before.json(), after.json());
    assert_ne!(before.etag(), after.etag(), "what is shown has changed");
    hr.patch(&before, &json!({ "name": "Lin Renamed" })).expect(200);
}
