//! Check-ins and measurements of goals, and the progress computed from them.

use serde_json::{Value, json};
use tests::client::Credentials;
use tests::cycles::step;
use tests::goals::{activate, cycle, goal, indicator, objective, path};
use tests::world::Persona::{
    Colleague, DirectManager, Employee, HrAdmin, PeopleWriter, SkipLevelManager,
};
use tests::{Answer, Client, TestApp, on_each_engine};
use uuid::Uuid;

on_each_engine![
    progress_follows_from_check_ins,
    every_misreport_is_named,
    a_fall_of_confidence_raises_an_event,
    a_value_reported_again_changes_nothing,
    a_correction_is_a_revision,
    values_the_method_cannot_score_are_refused,
    a_program_reports_with_its_scope,
    others_report_nothing,
];

/// Reports without what the caller may do to them.
fn alike(mut reports: Vec<Value>) -> Vec<Value> {
    for report in &mut reports {
        report.as_object_mut().expect("a report").remove("allowed_actions");
    }
    reports
}

/// An active goal of Lin's.
fn active(app: &TestApp, settings: &Value, content: &Value) -> (String, Answer) {
    let lin = app.as_(Employee);
    let made = lin.post("/v1/goals", &goal(cycle(app, settings), content));
    let path = path(&made.expect(201));
    let active = activate(&lin, &app.as_(DirectManager), &path);
    (path, active)
}

fn key_results(goal: &Answer) -> Vec<String> {
    let list = goal.json()["content"]["definition"]["key_results"].take();
    let ids = list.as_array().into_iter().flatten();
    ids.map(|key_result| key_result["id"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Proves R14, R39 through `createCheckIn`, `listCheckIns`.
fn progress_follows_from_check_ins(app: &TestApp) {
    let lin = app.as_(Employee);
    let (path, goal) = active(app, &json!({}), &objective("Win the north", "100"));
    let ids = key_results(&goal);
    let check_in = |client: &Client, confidence: i32, reports: Value| {
        let body =
            json!({ "reports": reports, "confidence": confidence, "blockers": "The permit" });
        client.post(format!("{path}/check-ins"), &body).expect(201).json()
    };
    let silent = check_in(&lin, 7, json!([]));
    assert!(silent["progress"].is_null());
    // 40 % of 0.5
    let half = check_in(&lin, 8, json!([{ "key_result_id": ids[0], "value": "5" }]));
    assert_eq!(half["progress"], "0.2000");
    assert_eq!(half["author_id"], json!(app.id("lin.account")));
    // and 30 % of 1, 20 % of 0.75, 10 % of 1
    let more = check_in(
        &app.as_(DirectManager),
        9,
        json!([
            { "key_result_id": ids[1], "done": true },
            { "key_result_id": ids[2], "steps_done": [1] },
            { "key_result_id": ids[3], "value": "99.9" },
        ]),
    );
    assert_eq!(more["progress"], "0.7500");
    // The level was kept in one of two reports, and one branch is closed again.
    let less = check_in(
        &lin,
        9,
        json!([
            { "key_result_id": ids[3], "value": "99.4" }, { "key_result_id": ids[1], "done": false },
        ]),
    );
    assert_eq!(less["progress"], "0.4000");
    let read = lin.get(&path).expect(200).json();
    assert_eq!(read["progress"], "0.4000");
    let present = |at: usize, value: Value, done: Value, steps: Value, progress: &str| {
        json!({
            "key_result_id": ids[at], "value": value, "done": done, "steps_done": steps,
            "progress": progress,
        })
    };
    let none = || json!(null);
    let now = json!([
        present(0, json!("5"), none(), none(), "0.5000"),
        present(1, none(), json!(false), none(), "0.0000"),
        present(2, none(), none(), json!([1]), "0.7500"),
        present(3, json!("99.4"), none(), none(), "0.5000"),
    ]);
    assert_eq!(read["present"]["key_results"], now);
    assert_eq!(read["present"]["actual"], none());
    let cycle = &read["cycle_id"];
    let mine = lin.all(&format!("/v1/goals?cycle_id={}", cycle.as_str().unwrap_or_default()));
    assert_eq!(mine[0]["present"], read["present"], "in lists as well");
    // Without the last check-in the totals are counted anew.
    let last = format!("/v1/check-ins/{}", less["id"].as_str().unwrap_or_default());
    let body = json!({ "reason": "Another goal was meant" });
    step(&lin, &last, "withdrawal", Some(body)).expect(200);
    let read = lin.get(&path).expect(200).json();
    assert_eq!(
        read["present"]["key_results"][1],
        present(1, none(), json!(true), none(), "1.0000")
    );
    assert_eq!(
        read["present"]["key_results"][3],
        present(3, json!("99.9"), none(), none(), "1.0000")
    );
    let less = check_in(
        &lin,
        9,
        json!([
            { "key_result_id": ids[3], "value": "99.4" }, { "key_result_id": ids[1], "done": false },
        ]),
    );
    let read = lin.get(&path).expect(200).json();
    assert_eq!(read["present"]["key_results"], now);
    assert_eq!(read["confidence"], 9);
    assert_eq!(read["checked_in_at"], less["created_at"]);
    let listed = lin.all(&format!("{path}/check-ins?limit=3"));
    let listed = [&listed[..3], &listed[4..]].concat();
    assert_eq!(alike(listed), alike(vec![silent, half, more, less]));

    let latest = json!({ "okr.maintain": "latest_only" });
    let (path, goal) = active(app, &latest, &objective("Win the south", "100"));
    let kept = key_results(&goal)[3].clone();
    for (value, progress) in [("99", "0.0000"), ("99.5", "0.1000")] {
        let body = json!({
            "reports": [{ "key_result_id": kept, "value": value }], "confidence": 5,
        });
        let made = lin.post(format!("{path}/check-ins"), &body).expect(201);
        assert_eq!(made.json()["progress"], progress);
    }
}

fn every_misreport_is_named(app: &TestApp) {
    let lin = app.as_(Employee);
    let (path, goal) = active(app, &json!({}), &objective("Win the north", "100"));
    let ids = key_results(&goal);
    let (indicator, _) = active(app, &json!({}), &indicator("Revenue", "100"));
    app.unchanged(|| {
        let body = json!({ "confidence": 5, "reports": [
            { "key_result_id": ids[0], "done": true },
            { "key_result_id": ids[1], "done": true, "value": "1" },
            { "key_result_id": ids[2], "steps_done": [0, 2] },
            { "key_result_id": Uuid::from_u128(1), "value": "1" },
            { "key_result_id": ids[1], "done": true },
            { "key_result_id": ids[3] },
        ] });
        let refused = lin.post(format!("{path}/check-ins"), &body).refused("validation-failed");
        refused.faults(&[
            ("/reports/0/value", "required"),
            ("/reports/0/done", "not_allowed"),
            ("/reports/1/value", "not_allowed"),
            ("/reports/2/steps_done/1", "out_of_range"),
            ("/reports/3/key_result_id", "unknown_reference"),
            ("/reports/4/key_result_id", "duplicate_in_request"),
            ("/reports/5/value", "required"),
        ]);
        let beyond = json!({ "confidence": 5, "reports": [
            { "key_result_id": ids[2], "steps_done": [0, u64::MAX] },
        ] });
        lin.post(format!("{path}/check-ins"), &beyond)
            .refused("validation-failed")
            .faults(&[("/reports/0/steps_done/1", "too_large")]);
        for confidence in [0, 11] {
            let body = json!({ "confidence": confidence });
            lin.post(format!("{path}/check-ins"), &body).refused("validation-failed");
        }
        let body =
            json!({ "confidence": 5, "reports": [{ "key_result_id": ids[0], "value": "1" }] });
        let refused = lin.post(format!("{indicator}/check-ins"), &body);
        refused
            .refused("validation-failed")
            .faults(&[("/reports/0/key_result_id", "unknown_reference")]);
        let value = json!({
            "period_start": "2026-01-01", "source": "crm", "external_id": "1", "value": "1",
        });
        lin.post(format!("{path}/measurements"), &value).refused("state-conflict");
    });
}

/// Proves R39 through `createCheckIn`.
fn a_fall_of_confidence_raises_an_event(app: &TestApp) {
    let (path, goal) = active(app, &json!({}), &objective("Win the north", "100"));
    let id = goal.json()["id"].clone();
    let raised = || {
        let feed = app.as_(HrAdmin).get("/v1/events?types=goal.confidence_dropped&limit=200");
        let events = feed.expect(200).json()["items"].take();
        events.as_array().into_iter().flatten().filter(|event| event["resource_id"] == id).count()
    };
    for (confidence, events) in [(9, 0), (8, 0), (7, 1), (9, 1), (6, 2)] {
        let body = json!({ "confidence": confidence });
        app.as_(Employee).post(format!("{path}/check-ins"), &body).expect(201);
        assert_eq!(raised(), events, "after {confidence}");
    }
}

fn value(period: &str, id: &str, value: &str) -> Value {
    json!({ "period_start": period, "source": "crm", "external_id": id, "value": value })
}

/// Proves R48 through `createMeasurement`.
fn a_value_reported_again_changes_nothing(app: &TestApp) {
    let lin = app.as_(Employee);
    let (path, _) = active(app, &json!({}), &indicator("Revenue", "100"));
    let report = |body: &Value| lin.post(format!("{path}/measurements"), body);
    let first = report(&value("2026-01-01", "jan", "300")).expect(201);
    assert_eq!(first.json()["revision"], 1);
    assert_eq!(lin.get(&path).json()["progress"], "0.2500");
    for same in ["300", "300.00"] {
        let again = app.unchanged(|| report(&value("2026-01-01", "jan", same)).expect(200));
        assert_eq!(again.json(), first.json());
    }
    // Another period, source or external id makes another value.
    report(&value("2026-02-01", "jan", "300")).expect(201);
    report(&value("2026-01-01", "other", "100")).expect(201);
    let mut erp = value("2026-01-01", "jan", "50");
    erp["source"] = "erp".into();
    report(&erp).expect(201);
    // If two sources report the same month, the indicator's own source counts.
    let read = lin.get(&path).json();
    assert_eq!(read["progress"], "0.5833");
    let present = json!({
        "key_results": [], "actual": "700", "exact_actual": null, "as_of": "2026-02-01",
    });
    assert_eq!(read["present"], present);
    assert_eq!(lin.all(&format!("{path}/measurements?limit=1")).len(), 4);
}

/// Proves R48 through `createMeasurement`, `listMeasurements`.
fn a_correction_is_a_revision(app: &TestApp) {
    let (lin, hr) = (app.as_(Employee), app.as_(HrAdmin));
    let (path, _) = active(app, &json!({}), &indicator("Revenue", "100"));
    let report = |client: &Client, body: &Value| client.post(format!("{path}/measurements"), body);
    report(&lin, &value("2026-01-01", "jan", "300")).expect(201);
    let corrected = report(&hr, &value("2026-01-01", "jan", "600")).expect(201);
    assert_eq!(corrected.json()["revision"], 2);
    assert_eq!(lin.get(&path).json()["progress"], "0.5000");
    let back = report(&lin, &value("2026-01-01", "jan", "300")).expect(201);
    assert_eq!(back.json()["revision"], 3);
    assert_eq!(lin.get(&path).json()["progress"], "0.2500");
    let all = lin.all(&format!("{path}/measurements"));
    let told: Vec<_> =
        all.iter().map(|row| (row["revision"].clone(), row["value"].clone())).collect();
    let expected = [(1, "300"), (2, "600"), (3, "300")];
    assert_eq!(told, expected.map(|(revision, value)| (json!(revision), json!(value))));
    assert_eq!(all[1]["author_id"], json!(app.id("hua.account")));
}

fn values_the_method_cannot_score_are_refused(app: &TestApp) {
    let lin = app.as_(Employee);
    let scored = |scoring: Value| {
        let mut content = indicator("Accidents", "100");
        content["definition"]["scoring"] = scoring;
        active(app, &json!({}), &content).0
    };
    let accidents = scored(json!({ "method": "occurrence", "base": "100", "penalty": "25" }));
    let rated = scored(json!({ "method": "rating" }));
    let report = |path: &str, body: &Value| lin.post(format!("{path}/measurements"), body);
    app.unchanged(|| {
        for (path, period, odd, faults) in [
            (&accidents, "2026-01-01", "1.5", vec![("/value", "COUNT_INVALID")]),
            (
                &accidents,
                "2025-12-31",
                "-1",
                vec![("/value", "COUNT_INVALID"), ("/period_start", "period_invalid")],
            ),
            (&rated, "2026-01-01", "6", vec![("/value", "RATING_OUT_OF_RANGE")]),
        ] {
            let refused = report(path, &value(period, "x", odd)).refused("validation-failed");
            refused.faults(&faults);
        }
        report(&rated, &json!({ "value": 3 })).refused("validation-failed");
    });
    report(&accidents, &value("2026-01-01", "jan", "1")).expect(201);
    assert_eq!(lin.get(&accidents).json()["progress"], "0.7500");
    report(&rated, &value("2026-01-01", "jan", "4")).expect(201);
    assert_eq!(lin.get(&rated).json()["progress"], "1.0000");
}

/// Proves R48 through `createMeasurement`, `createGoal`.
fn a_program_reports_with_its_scope(app: &TestApp) {
    let (path, _) = active(app, &json!({}), &indicator("Revenue", "100"));
    let key = |scope: &str, unit: Option<Uuid>| {
        let body = json!({ "name": scope, "scopes": [scope], "org_unit_id": unit });
        let made = app.as_(HrAdmin).post("/v1/api-keys", &body).expect(201).json();
        let secret = made["secret"].as_str().unwrap_or_default().to_owned();
        app.as_(HrAdmin).with(Credentials::Key(secret))
    };
    let (writer, reader) = (key("performance:write", None), key("performance:read", None));
    let elsewhere = key("performance:write", Some(app.id("labs")));
    let report = |client: &Client, id: &str| {
        client.post(format!("{path}/measurements"), &value("2026-01-01", id, "300"))
    };
    let made = report(&writer, "jan").expect(201).json();
    assert_eq!(made["allowed_actions"], json!(["withdrawal"]));
    assert_eq!(alike(reader.all(&format!("{path}/measurements"))), alike(vec![made]));
    app.unchanged(|| {
        report(&reader, "feb").refused("scope-missing");
        report(&elsewhere, "feb").refused("not-found");
        report(&app.as_(PeopleWriter), "feb").refused("not-found");
        let check_in = json!({ "confidence": 9 });
        writer.post(format!("{path}/check-ins"), &check_in).refused("scope-missing");
        let mut new = goal(app.id("cycle"), &indicator("Mine", "0"));
        let nobodys = writer.post("/v1/goals", &new).refused("validation-failed");
        nobodys.faults(&[("/owner_id", "required")]);
        new["owner_id"] = json!(app.id("lin"));
        elsewhere.post("/v1/goals", &new).refused("scope-missing");
    });
    let mut new = goal(app.id("cycle"), &indicator("Drafted by a program", "0"));
    new["owner_id"] = json!(app.id("lin"));
    let made = writer.post("/v1/goals", &new).expect(201);
    app.unchanged(|| {
        let submission = writer.request("POST", format!("/v1/goals/{}/submission", made.id()));
        submission.if_match(&made.etag()).send().refused("scope-missing");
    });
}

fn others_report_nothing(app: &TestApp) {
    let (path, _) = active(app, &json!({}), &indicator("Revenue", "100"));
    let check_in = json!({ "confidence": 9 });
    let measured = value("2026-01-01", "jan", "300");
    app.unchanged(|| {
        for (persona, slug) in [(SkipLevelManager, "forbidden"), (Colleague, "not-found")] {
            let client = app.as_(persona);
            client.post(format!("{path}/check-ins"), &check_in).refused(slug);
            client.post(format!("{path}/measurements"), &measured).refused(slug);
        }
        let hr = app.as_(HrAdmin);
        hr.post(format!("{path}/check-ins"), &check_in).refused("forbidden");
    });
}
