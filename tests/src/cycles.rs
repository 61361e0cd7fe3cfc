//! Brings cycles into the state a test needs, through the API as far as the calendar allows.

use crate::client::{Answer, Client};
use crate::world::{Company, Persona};
use crate::{Engine, TestApp, sql};
use serde_json::{Value, json};
use uuid::Uuid;

/// The states of a cycle in order, each with the transition that leads to it.
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

/// Rules under which only the manager rates, with quotas for groups of nine or more: a session of
/// the whole company compares nine people.
pub fn rules() -> Value {
    let rated = |code: &str, weight: &str| json!({ "code": code, "weight": weight, "raters": { "manager": "100.00" } });
    json!({ "settings": { "dist.min_group": 9 }, "populations": [{
        "code": "everyone",
        "dimensions": [
            { "code": "performance", "weight": "60.00", "raters": {} },
            rated("competency", "20.00"), rated("behaviour", "10.00"), rated("collaboration", "10.00"),
        ],
    }] })
}

/// The design of a cycle of a year for everybody; every stage may have begun.
pub fn design(code: &str, policy: Uuid) -> Value {
    let stages = ["goal_setting", "execution", "evaluation", "calibration", "publication"];
    let duties = stages
        .map(|stage| json!({ "stage": stage, "accountable": "hr", "responsible": ["manager"] }));
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

/// Asks for a transition of the resource at `path`, guarded by its present version.
pub fn step(client: &Client, path: &str, noun: &str, body: Option<Value>) -> Answer {
    let read = client.get(path).expect(200);
    let request = client.request("POST", format!("{path}/{noun}")).if_match(&read.etag());
    match body {
        Some(body) => request.json(&body).send(),
        None => request.send(),
    }
}

/// The body that starts calibration with an exception for every participant.
pub fn exceptions(hr: &Client, cycle: Uuid) -> Value {
    let people = hr.all(&format!("/v1/participants?cycle_id={cycle}&limit=200"));
    let ids: Vec<_> = people.iter().map(|participant| participant["id"].clone()).collect();
    json!({ "exceptions": ids, "reason": "Nobody is to be graded" })
}

/// An id as an SQL literal.
pub fn literal(app: &TestApp, id: Uuid) -> String {
    match app.engine {
        Engine::Sqlite => format!("x'{}'", id.simple()),
        Engine::Postgres => format!("'{id}'"),
    }
}

/// Ends the time for appeals against the results of a published cycle.
pub fn end_appeals(app: &TestApp, company: &Company, cycle: Uuid) {
    let long_ago = match app.engine {
        Engine::Sqlite => "0",
        Engine::Postgres => "'1970-01-01'",
    };
    let id = literal(app, cycle);
    let statement = format!("UPDATE cycle SET published_at = {long_ago} WHERE id = {id}");
    behind_of(app, company, &statement);
}

/// Runs an SQL statement past the program, on the own company's records.
pub fn behind(app: &TestApp, statement: &str) {
    behind_of(app, &app.world.own, statement);
}

fn behind_of(app: &TestApp, company: &Company, statement: &str) {
    let scope = match app.engine {
        Engine::Sqlite => String::new(),
        Engine::Postgres => format!("SET evenhand.tenant = '{}'; ", company.tenant),
    };
    sql::execute(app.engine, app.url(), &format!("{scope}{statement}"));
}

/// Weights of the dimensions of [`rules`]: performance, competency, behaviour and collaboration.
pub fn weights(values: [&str; 4]) -> Value {
    let dimensions = ["performance", "competency", "behaviour", "collaboration"];
    let both = dimensions.into_iter().zip(values);
    both.map(|(dimension, weight)| json!({ "dimension": dimension, "weight": weight })).collect()
}

/// The body that asks for other weights in sales, whose head is Sun: ten points fewer for
/// performance, ten more for competency.
pub fn adjustment(company: &Company, cycle: Uuid) -> Value {
    json!({
        "cycle_id": cycle, "department_id": company.id("sales"), "population": "everyone",
        "weights": weights(["50", "30", "10", "10"]), "reason": "Half of the staff is new",
    })
}

/// A weight adjustment of sales in a given state, in a cycle whose evaluation is not open yet.
///
/// # Panics
/// If a step is refused.
pub fn adjustment_in(app: &TestApp, company: &Company, cycle: Uuid, state: &str) -> Uuid {
    let as_ = |persona| app.as_(Persona::HrAdmin).with(company.credentials(persona));
    let (head, hr) = (as_(Persona::SkipLevelManager), as_(Persona::HrAdmin));
    let made = head.post("/v1/weight-adjustments", &adjustment(company, cycle)).expect(201).id();
    let path = format!("/v1/weight-adjustments/{made}");
    let number = json!({ "filing_number": crate::calls::unique("BA") });
    let way = [
        ("submitted", &head, "submission", None),
        ("hr_approved", &hr, "approval", None),
        ("effective", &hr, "filing", Some(number)),
    ];
    for (reached, client, noun, body) in way {
        if head.get(&path).expect(200).json()["state"] == state {
            break;
        }
        let answer = step(client, &path, noun, body).expect(200);
        assert_eq!(answer.json()["state"], reached);
    }
    made
}

/// The composite score, in hundredths, by which [`rated`] gives a grade.
pub fn score_of(grade: &str) -> u32 {
    match grade {
        "S" => 11_800,
        "A" => 10_800,
        "B" => 9_500,
        "C" => 7_500,
        _ => 5_000,
    }
}

/// A new cycle for everybody, in a state from `evaluating` on, in which managers have submitted
/// their ratings. `grades` gives grades by employee number; everybody else gets a B.
pub fn rated(app: &TestApp, company: &Company, state: &str, grades: &[(&str, &str)]) -> Uuid {
    let hr = app.as_(Persona::HrAdmin).with(company.credentials(Persona::HrAdmin));
    let body = design(&crate::calls::unique("RATED"), company.id("policy"));
    let cycle = hr.post("/v1/cycles", &body).expect(201).id();
    drive(app, company, cycle, "evaluating");
    let id = literal(app, cycle);
    let rate = |people: &str, grade: &str| {
        let score = score_of(grade);
        format!(
            "UPDATE review SET state = 'second_review', founded = (1 = 1), performance = {score}, \
             composite = {score}, collaboration = {score}, computed_grade = '{grade}' \
             WHERE participant_id IN (SELECT p.id FROM participant p \
             JOIN employee e ON e.tenant_id = p.tenant_id AND e.id = p.employee_id \
             WHERE p.cycle_id = {id}{people}); "
        )
    };
    let named = |(number, grade): &(&str, &str)| {
        rate(&format!(" AND e.employee_number = '{number}'"), grade)
    };
    let statements = rate("", "B") + &grades.iter().map(named).collect::<String>();
    behind_of(app, company, &statements);
    drive(app, company, cycle, state);
    cycle
}

/// Moves a cycle from its state to a later one, without any goal, grade or interview.
///
/// # Panics
/// If a step is refused.
pub fn drive(app: &TestApp, company: &Company, cycle: Uuid, state: &str) {
    let as_ = |persona| app.as_(Persona::HrAdmin).with(company.credentials(persona));
    let (hr, exec) = (as_(Persona::HrAdmin), as_(Persona::Executive));
    let path = format!("/v1/cycles/{cycle}");
    let now = hr.get(&path).expect(200).json()["state"].take();
    let at = |wanted: &Value| WAY.iter().position(|(reached, _)| wanted == reached);
    let to = at(&state.into()).map_or(0, |at| at + 1);
    for (reached, noun) in &WAY[at(&now).map_or(0, |at| at + 1)..to] {
        let body = match *noun {
            "start" | "closure" => Some(json!({ "reason": "Only for the test" })),
            "calibration" => Some(exceptions(&hr, cycle)),
            _ => None,
        };
        match *noun {
            "publication" => drop(step(&exec, &path, noun, None).expect(200)),
            "closure" => end_appeals(app, company, cycle),
            _ => {}
        }
        let answer = step(&hr, &path, noun, body).expect(200);
        assert_eq!(answer.json()["state"], *reached);
    }
}
