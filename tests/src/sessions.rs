//! Brings calibration sessions into the state a test needs.

use crate::TestApp;
use crate::client::{Answer, Client};
use crate::cycles::step;
use crate::world::{Company, Persona};
use serde_json::{Value, json};
use uuid::Uuid;

/// The members of a session: Sun and Mei, and Hua as facilitator.
pub fn members(company: &Company) -> Value {
    json!([
        { "employee_id": company.id("sun"), "seat": "member" },
        { "employee_id": company.id("mei"), "seat": "member" },
        { "employee_id": company.id("hua"), "seat": "facilitator" },
    ])
}

/// A session of a cycle for all departments, in a given state.
///
/// # Panics
/// If a step is refused.
pub fn session_in(app: &TestApp, company: &Company, cycle: Uuid, state: &str) -> Uuid {
    session_for(app, company, cycle, state, &[])
}

/// Like [`session_in`], for some departments, such as those without senior management and HR.
///
/// # Panics
/// If a step is refused.
pub fn session_for(
    app: &TestApp,
    company: &Company,
    cycle: Uuid,
    state: &str,
    departments: &[&str],
) -> Uuid {
    let hr = app.as_(Persona::HrAdmin).with(company.credentials(Persona::HrAdmin));
    let departments: Vec<Uuid> = departments.iter().map(|name| company.id(name)).collect();
    let body = json!({
        "cycle_id": cycle, "name": "All", "members": members(company),
        "department_ids": departments,
    });
    let session = hr.post("/v1/calibration-sessions", &body).expect(201).id();
    let path = format!("/v1/calibration-sessions/{session}");
    let present = ["sun", "mei", "hua"].map(|name| company.id(name));
    let way = [
        ("scheduled", "schedule", json!({ "scheduled_on": "2026-04-02" })),
        ("open", "opening", json!({ "present": present })),
        ("finalised", "finalisation", json!({ "reason": "As it should be" })),
    ];
    for (reached, noun, body) in way {
        if hr.get(&path).expect(200).json()["state"] == state {
            break;
        }
        let answer = step(&hr, &path, noun, Some(body)).expect(200);
        assert_eq!(answer.json()["state"], reached);
    }
    session
}

/// What a client sees of a review in a session, by employee number.
///
/// # Panics
/// If the session does not show it.
pub fn compared(client: &Client, session: Uuid, number: &str) -> Value {
    let path = format!("/v1/calibration-sessions/{session}/reviews?limit=200");
    let rows = client.all(&path);
    let found = rows.into_iter().find(|row| row["employee_number"] == number);
    found.unwrap_or_else(|| panic!("{number} is not compared"))
}

/// The body of a valid move of a review from one grade to another.
pub fn sound(review: &Value, from: &str, to: &str) -> Value {
    json!({
        "review_id": review, "from": from, "to": to, "reasons": ["evidence_new"],
        "text": "The tender was won after the rating had been written",
        "evidence": [{ "kind": "project_result", "date": "2026-02-14", "text": "The contract" }],
        "sentence": "The tender that you won in February counts",
    })
}

/// Proposes a move.
pub fn propose(client: &Client, session: Uuid, body: &Value) -> Answer {
    client.post(format!("/v1/calibration-sessions/{session}/moves"), body)
}
