//! Goals for tests, and the steps that bring them into the state a test needs.

use crate::TestApp;
use crate::calls::unique;
use crate::client::{Answer, Client};
use crate::cycles::{self, step};
use crate::world::{Company, Persona};
use serde_json::{Value, json};
use uuid::Uuid;

/// The content of a goal for a year.
pub fn content(title: &str, weight: &str, definition: Value) -> Value {
    json!({
        "title": title, "weight": weight, "theme": "Growth",
        "period": { "start": "2026-01-01", "end": "2026-12-31" },
        "definition": definition,
    })
}

/// A complete indicator: revenue with a target of 1200.
pub fn indicator(title: &str, weight: &str) -> Value {
    let definition = json!({
        "kind": "indicator", "unit": "CNY", "source": "CRM", "frequency": "monthly",
        "baseline": "1000", "aggregation": "sum",
        "scoring": { "method": "ratio", "target": "1200" },
    });
    content(title, weight, definition)
}

/// An objective with one key result of each kind.
pub fn objective(title: &str, weight: &str) -> Value {
    let key_result = |title: &str, weight: &str, measure: Value| json!({ "title": title, "weight": weight, "measure": measure });
    let steps = json!([
        { "title": "Plan", "weight": "25" }, { "title": "Build", "weight": "75" },
    ]);
    let definition = json!({
        "kind": "objective", "ambition": "committed",
        "key_results": [
            key_result("Customers", "40", json!({
                "kind": "metric", "start": "0", "target": "10", "unit": "customers",
            })),
            key_result("Branch", "30", json!({ "kind": "boolean" })),
            key_result("Shop", "20", json!({ "kind": "milestone", "steps": steps })),
            key_result("Uptime", "10", json!({
                "kind": "maintain", "level": { "above": "99.5" }, "unit": "%",
            })),
        ],
    });
    content(title, weight, definition)
}

/// The body that creates a goal of a person with this content.
pub fn goal(cycle: Uuid, content: &Value) -> Value {
    json!({ "cycle_id": cycle, "level": "person", "content": content })
}

/// Path of a created goal.
pub fn path(made: &Answer) -> String {
    format!("/v1/goals/{}", made.id())
}

/// Changes a draft, guarded by its present version.
pub fn patch(client: &Client, path: &str, body: &Value) -> Answer {
    client.patch(&client.get(path).expect(200), body)
}

/// Lets both sides sign a draft.
///
/// # Panics
/// If a signature is refused.
pub fn activate(owner: &Client, manager: &Client, path: &str) -> Answer {
    step(owner, path, "submission", None).expect(200);
    step(manager, path, "approval", None).expect(200)
}

/// The body by which the owner of one goal asks for the result of another one by a day.
pub fn dependency(upstream: Uuid, downstream: Uuid, need_date: &str) -> Value {
    json!({
        "upstream_goal_id": upstream, "downstream_goal_id": downstream, "need_date": need_date,
        "description": "The price list, before the branch opens",
    })
}

/// New active goals of Mei's and of Lin's.
///
/// # Panics
/// If a step is refused.
pub fn pair(app: &TestApp, company: &Company) -> (Uuid, Uuid) {
    let as_ = |persona| app.as_(Persona::HrAdmin).with(company.credentials(persona));
    let (lin, mei) = (as_(Persona::Employee), as_(Persona::DirectManager));
    let active = |owner: &Client, manager: &Client| {
        let body = goal(company.id("cycle"), &indicator(&unique("Goal"), "0"));
        let made = owner.post("/v1/goals", &body).expect(201);
        activate(owner, manager, &path(&made));
        made.id()
    };
    (active(&mei, &as_(Persona::SkipLevelManager)), active(&lin, &mei))
}

/// A dependency of a new goal of Lin's on a new goal of Mei's, which Mei has not answered.
///
/// # Panics
/// If a step is refused.
pub fn proposed(app: &TestApp, company: &Company) -> Uuid {
    let (upstream, downstream) = pair(app, company);
    let lin = app.as_(Persona::Employee).with(company.credentials(Persona::Employee));
    let body = dependency(upstream, downstream, "2026-12-31");
    lin.post("/v1/dependencies", &body).expect(201).id()
}

/// A new cycle for everybody in goal setting, under a policy with these settings. Its period is so
/// long that its middle has not been reached.
///
/// # Panics
/// If a step is refused.
pub fn cycle(app: &TestApp, settings: &Value) -> Uuid {
    let hr = &app.as_(Persona::HrAdmin);
    let mut rules = cycles::rules();
    rules["settings"] = settings.clone();
    let body = json!({ "code": unique("POLICY"), "name": "Policy", "rules": rules });
    let policy = hr.post("/v1/policies", &body).expect(201).id();
    step(hr, &format!("/v1/policies/{policy}"), "publication", None).expect(200);
    let design = cycles::design(&unique("CYCLE"), policy);
    let cycle = hr.post("/v1/cycles", &design).expect(201).id();
    step(hr, &format!("/v1/cycles/{cycle}"), "launch", None).expect(200);
    let id = cycles::literal(app, cycle);
    cycles::behind(app, &format!("UPDATE cycle SET period_end = '2099-12-31' WHERE id = {id}"));
    cycle
}
