//! Cycles brought to where a test needs them, through the API as far as the calendar allows.

use crate::client::{Answer, Client};
use crate::world::{Company, Persona};
use crate::{Engine, TestApp, sql};
use serde_json::{Value, json};
use uuid::Uuid;

/// The states of a cycle that goes its whole way, with the step that leads to each.
const WAY: [(&str, &str); 8] = [
    ("goal_setting", "launch"),
    ("executing", "start"),
    ("evaluating", "evaluation"),
    ("calibrating", "calibration"),
    ("confirmed", "confirmation"),
    ("published", "publication"),
    ("closed", "closure"),
    ("archived", "archival"),
];

/// Rules under which only the manager rates.
pub fn rules() -> Value {
    let rated = |code: &str, weight: &str| {
        json!({ "code": code, "weight": weight, "raters": { "manager": "100" } })
    };
    json!({ "populations": [{
        "code": "everyone",
        "dimensions": [
            { "code": "performance", "weight": "60", "raters": {} },
            rated("competency", "20"), rated("behaviour", "10"), rated("collaboration", "10"),
        ],
    }] })
}

/// A year for everybody, of which every stage may have begun.
pub fn design(code: &str, policy: Uuid) -> Value {
    let stages = ["goal_setting", "execution", "evaluation", "calibration", "publication"];
    let duties = stages.map(|stage| {
        json!({ "stage": stage, "accountable": "hr", "responsible": ["manager"] })
    });
    json!({
        "code": code, "name": code, "kind": "year", "policy_id": policy,
        "period": { "start": "2026-01-01", "end": "2026-12-31" },
        "schedule": {
            "goal_setting": "2026-01-01", "execution": "2026-01-31", "evaluation": "2026-03-01",
            "self_review_due": "2026-03-10", "rater_due": "2026-03-20",
            "manager_review_due": "2026-03-31", "calibration": "2026-04-01",
            "publication": "2026-04-30", "retention": "2026-05-31",
        },
        "raci": duties,
    })
}

/// Asks for a transition of what `path` shows, in the version it has.
pub fn step(client: &Client, path: &str, noun: &str, body: Option<Value>) -> Answer {
    let read = client.get(path).expect(200);
    let request = client.request("POST", format!("{path}/{noun}")).if_match(&read.etag());
    match body {
        Some(body) => request.json(&body).send(),
        None => request.send(),
    }
}

/// The start of a calibration for which nobody's review is needed.
pub fn exceptions(hr: &Client, cycle: Uuid) -> Value {
    let people = hr.all(&format!("/v1/participants?cycle_id={cycle}&limit=200"));
    let ids: Vec<_> = people.iter().map(|participant| participant["id"].clone()).collect();
    json!({ "exceptions": ids, "reason": "Nobody is to be graded" })
}

/// Lets the time for appeals against the results of a published cycle be over.
pub fn end_appeals(app: &TestApp, company: &Company, cycle: Uuid) {
    let statement = match app.engine {
        Engine::Sqlite => format!(
            "UPDATE cycle SET published_at = 0 WHERE id = x'{}'",
            cycle.simple()
        ),
        Engine::Postgres => format!(
            "SET evenhand.tenant = '{}'; \
             UPDATE cycle SET published_at = '1970-01-01' WHERE id = '{cycle}'",
            company.tenant
        ),
    };
    sql::execute(app.engine, app.url(), &statement);
}

/// Brings a cycle in draft to a state, without any goal, grade or interview.
///
/// # Panics
/// When there is no such state, or a step is refused.
pub fn drive(app: &TestApp, company: &Company, cycle: Uuid, state: &str) {
    let as_ = |persona| app.as_(Persona::HrAdmin).with(company.credentials(persona));
    let (hr, exec) = (as_(Persona::HrAdmin), as_(Persona::Executive));
    let path = format!("/v1/cycles/{cycle}");
    for (reached, noun) in WAY {
        if hr.get(&path).expect(200).json()["state"] == state {
            return;
        }
        let body = match noun {
            "start" | "closure" => Some(json!({ "reason": "Only for the test" })),
            "calibration" => Some(exceptions(&hr, cycle)),
            _ => None,
        };
        match noun {
            "publication" => drop(step(&exec, &path, noun, None).expect(200)),
            "closure" => end_appeals(app, company, cycle),
            _ => {}
        }
        let answer = step(&hr, &path, noun, body).expect(200);
        assert_eq!(answer.json()["state"], reached);
    }
    assert_eq!(hr.get(&path).json()["state"], state, "no such state");
}
