//! Brings reviews into the state a test needs.

use crate::calls::unique;
use crate::client::{Answer, Client};
use crate::cycles::{self, step};
use crate::goals::{activate, goal, indicator};
use crate::world::Persona::{DirectManager, Employee, HrAdmin, SkipLevelManager};
use crate::{TestApp, goals};
use serde_json::{Value, json};
use uuid::Uuid;

/// Evidence inside the period of every cycle of the tests.
pub fn evidence() -> Value {
    json!([{ "kind": "project_result", "date": "2026-05-04", "text": "Won the tender" }])
}

/// One side of a review in which every dimension has the same rating, with the evidence and comment
/// that an extreme rating needs.
pub fn part(rating: &str) -> Value {
    let rated = |dimension: &str| {
        json!({
            "dimension": dimension, "rating": rating, "evidence": evidence(),
            "comment": "Shown by the figures of the year",
        })
    };
    json!({ "ratings": [rated("competency"), rated("behaviour"), rated("collaboration")] })
}

/// A new cycle under these rules, in goal setting. Lin has one active goal in it: a revenue of
/// 1200, of which half is reported.
///
/// # Panics
/// If a step is refused.
pub fn planned(app: &TestApp, rules: &Value) -> Uuid {
    planned_for(app, rules, &cycles::design("", Uuid::nil())["schedule"])
}

/// Like [`planned`], with another schedule.
///
/// # Panics
/// If a step is refused.
pub fn planned_for(app: &TestApp, rules: &Value, schedule: &Value) -> Uuid {
    let (hr, lin) = (app.as_(HrAdmin), app.as_(Employee));
    let body = json!({ "code": unique("POLICY"), "name": "Policy", "rules": rules });
    let policy = hr.post("/v1/policies", &body).expect(201).id();
    step(&hr, &format!("/v1/policies/{policy}"), "publication", None).expect(200);
    let mut design = cycles::design(&unique("CYCLE"), policy);
    design["schedule"] = schedule.clone();
    let cycle = hr.post("/v1/cycles", &design).expect(201).id();
    step(&hr, &format!("/v1/cycles/{cycle}"), "launch", None).expect(200);
    let made = lin.post("/v1/goals", &goal(cycle, &indicator("Revenue", "100"))).expect(201);
    let path = goals::path(&made);
    activate(&lin, &app.as_(DirectManager), &path);
    measure(&lin, &path, "600");
    cycle
}

/// Reports an actual value of a goal.
///
/// # Panics
/// If the report is refused.
pub fn measure(client: &Client, goal: &str, value: &str) {
    let body = json!({
        "period_start": "2026-02-01", "source": "crm", "external_id": unique("m"), "value": value,
    });
    client.post(format!("{goal}/measurements"), &body).expect(201);
}

/// Opens the evaluation of a cycle that is in goal setting.
///
/// # Panics
/// If a step is refused.
pub fn open(app: &TestApp, cycle: Uuid) {
    let (hr, path) = (app.as_(HrAdmin), format!("/v1/cycles/{cycle}"));
    step(&hr, &path, "start", Some(json!({ "reason": "Only for the test" }))).expect(200);
    step(&hr, &path, "evaluation", None).expect(200);
}

/// Rules under which only the manager rates, with these settings.
pub fn rules(settings: &Value) -> Value {
    let mut rules = cycles::rules();
    rules["settings"] = settings.clone();
    rules
}

/// The path of somebody's review in a cycle.
///
/// # Panics
/// If there is no such review.
pub fn of(app: &TestApp, cycle: Uuid, name: &str) -> String {
    let employee = app.id(name);
    let query = format!("/v1/reviews?cycle_id={cycle}&employee_id={employee}");
    let found = app.as_(HrAdmin).all(&query);
    assert_eq!(found.len(), 1, "{found:?}");
    format!("/v1/reviews/{}", found[0]["id"].as_str().unwrap_or_default())
}

/// The path of Lin's review in a new cycle in evaluation; the whole revenue of 1200 is reported.
pub fn evaluated(app: &TestApp, settings: &Value) -> String {
    let cycle = planned(app, &rules(settings));
    let goals = app.as_(Employee).all(&format!("/v1/goals?cycle_id={cycle}"));
    let goal = goals[0]["id"].as_str().unwrap_or_default().to_owned();
    measure(&app.as_(Employee), &format!("/v1/goals/{goal}"), "600");
    open(app, cycle);
    of(app, cycle, "lin")
}

/// Writes one side of a review, guarded by its present version.
pub fn write(client: &Client, review: &str, side: &str, body: &Value) -> Answer {
    let read = client.get(review).expect(200);
    client.request("PATCH", format!("{review}/{side}")).if_match(&read.etag()).json(body).send()
}

/// Writes one side of a review and submits it.
///
/// # Panics
/// If a step is refused.
pub fn hand_in(client: &Client, review: &str, side: &str, rating: &str) -> Answer {
    write(client, review, side, &part(rating)).expect(200);
    step(client, review, &format!("{side}/submission"), None).expect(200)
}

/// A review of Lin's in a given state, in a new cycle in which a colleague may rate and a second
/// reviewer is required.
///
/// # Panics
/// If a step is refused.
pub fn in_state(app: &TestApp, state: &str) -> Uuid {
    let mut rules = rules(&json!({ "review.second_review": true }));
    rules["populations"][0]["dimensions"][1]["raters"] = json!({ "manager": "60", "peer": "40" });
    let cycle = planned(app, &rules);
    open(app, cycle);
    let review = of(app, cycle, "lin");
    let (hr, lin, mei) = (app.as_(HrAdmin), app.as_(Employee), app.as_(DirectManager));
    let steps: [(&str, &dyn Fn()); 5] = [
        ("pending_raters", &|| drop(hand_in(&lin, &review, "self-review", "3"))),
        ("pending_manager", &|| drop(step(&hr, &review, "raters-closure", None).expect(200))),
        ("second_review", &|| drop(hand_in(&mei, &review, "manager-review", "3"))),
        ("in_calibration", &|| {
            step(&app.as_(SkipLevelManager), &review, "confirmation", None).expect(200);
        }),
        ("published", &|| cycles::drive(app, &app.world.own, cycle, "published")),
    ];
    let now =
        || hr.get(&review).expect(200).json()["state"].as_str().unwrap_or_default().to_owned();
    for (_, go) in steps {
        if now() == state {
            break;
        }
        go();
    }
    assert_eq!(now(), state);
    review.rsplit('/').next().and_then(|id| id.parse().ok()).expect("an id")
}
