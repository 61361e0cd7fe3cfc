//! Reviews brought to where a test needs them.

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

/// What one side writes who gives every dimension the same rating, with all that an extreme one
/// needs.
pub fn part(rating: &str) -> Value {
    let rated = |dimension: &str| {
        json!({
            "dimension": dimension, "rating": rating, "evidence": evidence(),
            "comment": "Shown by the figures of the year",
        })
    };
    json!({ "ratings": [rated("competency"), rated("behaviour"), rated("collaboration")] })
}

/// A cycle under rules, in goal setting, in which Lin has one active goal: revenue of 1200, half of
/// which is there.
///
/// # Panics
/// When a step is refused.
pub fn planned(app: &TestApp, rules: &Value) -> Uuid {
    planned_for(app, rules, &cycles::design("", Uuid::nil())["schedule"])
}

/// [`planned`] with another schedule.
///
/// # Panics
/// When a step is refused.
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

/// Reports an actual.
///
/// # Panics
/// When it is refused.
pub fn measure(client: &Client, goal: &str, value: &str) {
    let body = json!({
        "period_start": "2026-02-01", "source": "crm", "external_id": unique("m"), "value": value,
    });
    client.post(format!("{goal}/measurements"), &body).expect(201);
}

/// Opens the evaluation of a cycle in goal setting.
///
/// # Panics
/// When a step is refused.
pub fn open(app: &TestApp, cycle: Uuid) {
    let (hr, path) = (app.as_(HrAdmin), format!("/v1/cycles/{cycle}"));
    step(&hr, &path, "start", Some(json!({ "reason": "Only for the test" }))).expect(200);
    step(&hr, &path, "evaluation", None).expect(200);
}

/// The rules under which only the manager rates, with settings that differ from their defaults.
pub fn rules(settings: &Value) -> Value {
    let mut rules = cycles::rules();
    rules["settings"] = settings.clone();
    rules
}

/// The path of the review of somebody in a cycle.
///
/// # Panics
/// When there is none.
pub fn of(app: &TestApp, cycle: Uuid, name: &str) -> String {
    let employee = app.id(name);
    let query = format!("/v1/reviews?cycle_id={cycle}&employee_id={employee}");
    let found = app.as_(HrAdmin).all(&query);
    assert_eq!(found.len(), 1, "{found:?}");
    format!("/v1/reviews/{}", found[0]["id"].as_str().unwrap_or_default())
}

/// The path of Lin's review in the evaluation of a new cycle in which 1200 of 1200 is there.
pub fn evaluated(app: &TestApp, settings: &Value) -> String {
    let cycle = planned(app, &rules(settings));
    let goals = app.as_(Employee).all(&format!("/v1/goals?cycle_id={cycle}"));
    let goal = goals[0]["id"].as_str().unwrap_or_default().to_owned();
    measure(&app.as_(Employee), &format!("/v1/goals/{goal}"), "600");
    open(app, cycle);
    of(app, cycle, "lin")
}

/// Writes one side of a review, in what is there.
pub fn write(client: &Client, review: &str, side: &str, body: &Value) -> Answer {
    let read = client.get(review).expect(200);
    client.request("PATCH", format!("{review}/{side}")).if_match(&read.etag()).json(body).send()
}

/// Writes one side of a review and hands it in.
///
/// # Panics
/// When one is refused.
pub fn hand_in(client: &Client, review: &str, side: &str, rating: &str) -> Answer {
    write(client, review, side, &part(rating)).expect(200);
    step(client, review, &format!("{side}/submission"), None).expect(200)
}

/// A review of Lin's in some state, of a new cycle in which a colleague may rate and somebody looks a
/// second time.
///
/// # Panics
/// When a step is refused.
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
