//! Reports made by mistake are withdrawn, and a period that several sources report counts once.

use serde_json::{Value, json};
use tests::calls::unique;
use tests::cycles::step;
use tests::goals::{activate, cycle, goal, indicator, objective, path};
use tests::reviews::{evaluated, hand_in};
use tests::world::Persona::{
    Colleague, DirectManager, Employee, FormerManager, HrAdmin, SkipLevelManager,
};
use tests::{Client, TestApp, on_each_engine};

on_each_engine![
    a_measurement_is_withdrawn_with_a_reason,
    a_check_in_is_withdrawn_with_a_reason,
    what_was_reported_so_far_is_what_still_counts,
    author_manager_and_hr_withdraw_and_nobody_else,
    a_source_counts_once_for_a_period,
    what_counts_towards_a_rating_waits,
];

/// An active goal of Lin's.
fn active(app: &TestApp, content: &Value) -> String {
    let lin = app.as_(Employee);
    let cycle = cycle(app, &json!({}));
    let path = path(&lin.post("/v1/goals", &goal(cycle, content)).expect(201));
    activate(&lin, &app.as_(DirectManager), &path);
    path
}

/// Reports the value of a month from a source; returns the path of the measurement.
fn measure(client: &Client, goal: &str, day: &str, source: &str, value: &str) -> String {
    let body = json!({
        "period_start": day, "source": source, "external_id": unique("m"), "value": value,
    });
    let made = client.post(format!("{goal}/measurements"), &body).expect(201).id();
    format!("/v1/measurements/{made}")
}

fn typo() -> Option<Value> {
    Some(json!({ "reason": "A digit too many" }))
}

fn progress(app: &TestApp, goal: &str) -> Value {
    app.as_(Employee).get(goal).expect(200).json()["progress"].take()
}

/// Proves R48 through `withdrawMeasurement`, `getMeasurement`, `listMeasurements`.
fn a_measurement_is_withdrawn_with_a_reason(app: &TestApp) {
    let lin = app.as_(Employee);
    let goal = active(app, &indicator("Revenue", "100"));
    measure(&lin, &goal, "2026-01-01", "crm", "300");
    let wrong = measure(&lin, &goal, "2026-02-01", "crm", "9000");
    assert_eq!(progress(app, &goal), "1.0000");
    let read = lin.get(&wrong).expect(200);
    assert_eq!((&read.json()["counts"], &read.json()["version"]), (&json!(true), &json!(1)));
    app.unchanged(|| {
        step(&lin, &wrong, "withdrawal", Some(json!({ "reason": " " })))
            .refused("validation-failed");
        step(&lin, &wrong, "withdrawal", Some(json!({}))).refused("validation-failed");
    });
    let gone = step(&lin, &wrong, "withdrawal", typo()).expect(200).json();
    assert_eq!((&gone["counts"], &gone["version"]), (&json!(false), &json!(2)));
    assert_eq!(gone["withdrawal"]["reason"], "A digit too many");
    assert_eq!(gone["withdrawal"]["by"], json!(app.id("lin.account")));
    assert_eq!(progress(app, &goal), "0.2500");
    let listed = lin.all(&format!("{goal}/measurements"));
    assert_eq!(listed[1], lin.get(&wrong).expect(200).json());
    app.unchanged(|| {
        step(&lin, &wrong, "withdrawal", typo()).refused("state-conflict");
        let stale = lin.request("POST", format!("{wrong}/withdrawal")).if_match(&read.etag());
        stale.json(&typo().unwrap_or_default()).send().refused("version-stale");
    });
    let entries = app.as_(HrAdmin).all("/v1/audit-entries?action=measurement.withdrawn");
    assert_eq!(entries.len(), 1);

    // Withdrawing a wrong correction restores the value before; the same value may be reported
    // again.
    let first = lin.all(&format!("{goal}/measurements"))[0].clone();
    let mut again = json!({
        "period_start": "2026-01-01", "source": "crm", "external_id": first["external_id"],
        "value": "600",
    });
    let made = lin.post(format!("{goal}/measurements"), &again).expect(201);
    assert_eq!(progress(app, &goal), "0.5000");
    let corrected = format!("/v1/measurements/{}", made.id());
    // The answer to a report is enough to withdraw it.
    let taken = lin.request("POST", format!("{corrected}/withdrawal")).if_match(&made.etag());
    taken.json(&typo().unwrap_or_default()).send().expect(200);
    assert_eq!(progress(app, &goal), "0.2500");
    again["value"] = "600".into();
    let third = lin.post(format!("{goal}/measurements"), &again).expect(201).json();
    assert_eq!((&third["revision"], &third["counts"]), (&json!(3), &json!(true)));
}

/// Proves R39 through `withdrawCheckIn`, `getCheckIn`.
fn a_check_in_is_withdrawn_with_a_reason(app: &TestApp) {
    let lin = app.as_(Employee);
    let goal = active(app, &objective("Win the north", "100"));
    let shown = lin.get(&goal).expect(200).json();
    let key_result = &shown["content"]["definition"]["key_results"][0]["id"];
    let report = |value: &str, confidence: u32| {
        let reports = json!([{ "key_result_id": key_result, "value": value }]);
        let body = json!({ "confidence": confidence, "reports": reports });
        format!("/v1/check-ins/{}", lin.post(format!("{goal}/check-ins"), &body).expect(201).id())
    };
    report("5", 7);
    let before = lin.get(&goal).expect(200).json();
    let wrong = report("10", 9);
    assert_ne!(lin.get(&goal).expect(200).json()["progress"], before["progress"]);
    let gone = step(&lin, &wrong, "withdrawal", typo()).expect(200).json();
    assert_eq!(
        (&gone["withdrawal"]["reason"], &gone["version"]),
        (&typo().unwrap()["reason"], &json!(2))
    );
    let after = lin.get(&goal).expect(200).json();
    for part in ["progress", "confidence", "checked_in_at"] {
        assert_eq!(after[part], before[part], "{part}");
    }
    step(&lin, &wrong, "withdrawal", typo()).refused("state-conflict");
}

fn author_manager_and_hr_withdraw_and_nobody_else(app: &TestApp) {
    let (hr, lin, mei) = (app.as_(HrAdmin), app.as_(Employee), app.as_(DirectManager));
    let goal = active(app, &indicator("Revenue", "100"));
    let by_mei = measure(&mei, &goal, "2026-01-01", "crm", "300");
    app.unchanged(|| {
        step(&lin, &by_mei, "withdrawal", typo()).refused("forbidden");
        step(&app.as_(SkipLevelManager), &by_mei, "withdrawal", typo()).refused("forbidden");
        for persona in [Colleague, FormerManager] {
            app.as_(persona).get(&by_mei).refused("not-found");
            let request = app.as_(persona).request("POST", format!("{by_mei}/withdrawal"));
            let etag = lin.get(&by_mei).expect(200).etag();
            request.if_match(&etag).json(&typo().unwrap()).send().refused("not-found");
        }
    });
    step(&mei, &by_mei, "withdrawal", typo()).expect(200);
    for client in [&mei, &hr] {
        let by_lin = measure(&lin, &goal, "2026-02-01", "crm", "100");
        step(client, &by_lin, "withdrawal", typo()).expect(200);
    }
    assert_eq!(progress(app, &goal), Value::Null);
}

/// The totals stored with each check-in hold only what counts: no withdrawn check-in, and nothing
/// judged by a level that has changed since. Proves R39.
fn what_was_reported_so_far_is_what_still_counts(app: &TestApp) {
    let (lin, mei) = (app.as_(Employee), app.as_(DirectManager));
    let mut content = objective("Keep the service up", "100");
    let level = json!({ "kind": "maintain", "level": { "above": "99" }, "unit": "%" });
    content["definition"]["key_results"] =
        json!([{ "title": "Uptime", "weight": "100", "measure": level }]);
    let goal = active(app, &content);
    let shown = lin.get(&goal).expect(200).json();
    let key_result = shown["content"]["definition"]["key_results"][0].clone();
    let report = |value: &str| {
        let reports = json!([{ "key_result_id": key_result["id"], "value": value }]);
        let body = json!({ "confidence": 6, "reports": reports });
        let made = lin.post(format!("{goal}/check-ins"), &body).expect(201);
        (format!("/v1/check-ins/{}", made.id()), made.json()["progress"].clone())
    };
    let told = |value: &str| report(value).1;
    let (first, _) = report("99.5");
    let (second, progress) = report("98");
    assert_eq!(progress, "0.5000");
    assert_eq!(told("99.5"), "0.6667");
    step(&lin, &first, "withdrawal", typo()).expect(200);
    // Two of three: the withdrawn check-in counts in none of the later ones.
    assert_eq!(told("99.5"), "0.6667");
    assert_eq!(told("99.5"), "0.7500");
    step(&lin, &second, "withdrawal", typo()).expect(200);
    assert_eq!(told("98"), "0.7500");

    // Under a higher level, only the reports of 100 have kept it.
    let mut higher = shown["content"].clone();
    higher["definition"]["key_results"][0]["measure"]["level"] = json!({ "above": "99.9" });
    let asked = json!({
        "content": higher, "reason": "A new contract", "evidence": ["The contract"],
        "effective_from": app.clock().now().date_naive(),
    });
    let change = step(&lin, &goal, "changes", Some(asked)).expect(201).id();
    step(&mei, &format!("/v1/goal-changes/{change}"), "approval", None).expect(200);
    assert_eq!(told("100"), "0.2000");
    assert_eq!(told("100"), "0.3333");
}

/// Proves R48 through `createMeasurement`.
fn a_source_counts_once_for_a_period(app: &TestApp) {
    let lin = app.as_(Employee);
    let goal = active(app, &indicator("Revenue", "100"));
    let sheet = measure(&lin, &goal, "2026-01-15", "sheet", "400");
    assert_eq!(progress(app, &goal), "0.3333");
    // The indicator's own source is the CRM.
    let crm = measure(&lin, &goal, "2026-01-01", "crm", "300");
    measure(&lin, &goal, "2026-01-31", "crm", "300");
    assert_eq!(progress(app, &goal), "0.5000");
    assert_eq!(lin.get(&sheet).expect(200).json()["counts"], false);
    assert_eq!(lin.get(&crm).expect(200).json()["counts"], true);
    measure(&lin, &goal, "2026-02-01", "erp", "100");
    let late = measure(&lin, &goal, "2026-02-01", "sheet", "500");
    assert_eq!(lin.get(&late).expect(200).json()["counts"], false, "the other one came first");
    assert_eq!(progress(app, &goal), "0.5833");

    let mut content = indicator("Revenue", "100");
    content["definition"]["sources"] = "all".into();
    let all = active(app, &content);
    measure(&lin, &all, "2026-01-01", "crm", "300");
    measure(&lin, &all, "2026-01-01", "erp", "300");
    assert_eq!(progress(app, &all), "0.5000");
    content["definition"]["sources"] = "some".into();
    let body = tests::goals::goal(cycle(app, &json!({})), &content);
    lin.post("/v1/goals", &body).refused("validation-failed");
}

fn what_counts_towards_a_rating_waits(app: &TestApp) {
    let review = evaluated(app, &json!({}));
    let (hr, lin) = (app.as_(HrAdmin), app.as_(Employee));
    let cycle = hr.get(&review).expect(200).json()["cycle_id"].take();
    let cycle = cycle.as_str().unwrap_or_default().to_owned();
    let goals = lin.all(&format!("/v1/goals?cycle_id={cycle}"));
    let goal = format!("/v1/goals/{}", goals[0]["id"].as_str().unwrap_or_default());
    let listed = lin.all(&format!("{goal}/measurements"));
    let one = format!("/v1/measurements/{}", listed[0]["id"].as_str().unwrap_or_default());
    hand_in(&lin, &review, "self-review", "3");
    hand_in(&app.as_(DirectManager), &review, "manager-review", "3");
    let refused = step(&lin, &one, "withdrawal", typo()).refused("state-conflict");
    assert_eq!(refused.json()["current_state"], "scored");
    step(&hr, &review, "reopening", Some(json!({ "reason": "A typo" }))).expect(200);
    step(&lin, &one, "withdrawal", typo()).expect(200);
    hand_in(&app.as_(DirectManager), &review, "manager-review", "3");
    assert_eq!(hr.get(&review).expect(200).json()["results"]["performance"], "50.00");
}
