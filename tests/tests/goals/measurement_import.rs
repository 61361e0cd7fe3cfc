//! Measurements of many goals in one request.

use serde_json::{Value, json};
use std::fmt::Write;
use tests::app::eventually;
use tests::client::Credentials;
use tests::cycles::step;
use tests::goals::{activate, cycle, goal, indicator, objective, path};
use tests::world::Persona::{
    Auditor, Colleague, DirectManager, Employee, HrAdmin, PeopleWriter, SkipLevelManager,
};
use tests::{Answer, Client, TestApp, on_each_engine};
use uuid::Uuid;

on_each_engine![
    many_values_are_reported_as_each_would_be,
    every_format_names_goals_in_both_ways,
    every_fault_is_named_and_nothing_saved,
    row_by_row_keeps_what_can_stand,
    values_are_reported_by_whom_the_policy_lets,
    many_rows_become_a_job_of_few_statements,
    too_many_rows_are_refused,
];

const BULK: &str = "/v1/measurements/bulk";

/// An active indicator of Lin's in a cycle, by its path. The first one carries all the weight.
fn active(app: &TestApp, cycle: Uuid, title: &str) -> String {
    let lin = app.as_(Employee);
    let is_first = lin.all(&format!("/v1/goals?cycle_id={cycle}")).is_empty();
    let content = indicator(title, if is_first { "100" } else { "0" });
    let made = lin.post("/v1/goals", &goal(cycle, &content)).expect(201);
    activate(&lin, &app.as_(DirectManager), &path(&made));
    path(&made)
}

fn id_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

fn row(goal: &str, period: &str, id: &str, value: &str) -> Value {
    json!({
        "goal_id": id_of(goal), "period_start": period, "source": "crm", "external_id": id,
        "value": value,
    })
}

fn counts(answer: &Answer) -> [u64; 4] {
    let body = answer.json();
    ["created", "updated", "unchanged", "failed"].map(|name| body[name].as_u64().unwrap_or(99))
}

fn import(client: &Client, query: &str, rows: &Value) -> Answer {
    client.post(format!("{BULK}?{query}"), rows)
}

/// Proves R48 through `importMeasurements`, `listMeasurements`.
fn many_values_are_reported_as_each_would_be(app: &TestApp) {
    let (hr, lin) = (app.as_(HrAdmin), app.as_(Employee));
    let cycle = cycle(app, &json!({}));
    let [north, south] = ["North", "South"].map(|title| active(app, cycle, title));
    let single = json!({
        "period_start": "2026-01-01", "source": "crm", "external_id": "jan", "value": "300",
    });
    lin.post(format!("{north}/measurements"), &single).expect(201);
    let rows = json!([
        row(&north, "2026-01-01", "jan", "300.00"),
        row(&north, "2026-02-01", "feb", "300"),
        row(&south, "2026-01-01", "jan", "600"),
        row(&south, "2026-01-01", "jan-2", "0"),
    ]);
    let dry = app.unchanged(|| import(&hr, "dry_run=true", &rows).expect(200));
    assert_eq!(counts(&dry), [3, 0, 1, 0]);
    let version = hr.get(&south).json()["version"].clone();
    let traces = app.traces();
    let first = import(&hr, "", &rows).expect(200);
    assert_eq!(counts(&first), [3, 0, 1, 0]);
    // One entry and one event for each goal that changes.
    assert_eq!(app.traces(), (traces.0 + 2, traces.1 + 2));
    let outcomes: Vec<_> = (0..4).map(|at| first.json()["rows"][at]["outcome"].clone()).collect();
    assert_eq!(outcomes, ["unchanged", "created", "created", "created"]);
    assert_eq!(first.json()["rows"][1]["key"], "feb");
    assert_eq!(hr.get(&north).json()["progress"], "0.5000");
    let after = hr.get(&south).json();
    assert_eq!(after["progress"], "0.5000");
    assert_eq!(after["version"].as_i64(), version.as_i64().map(|version| version + 1));
    let id = first.json()["rows"][1]["id"].as_str().unwrap_or_default().to_owned();
    let feb = lin.get(format!("/v1/measurements/{id}")).expect(200).json();
    assert_eq!((&feb["value"], &feb["counts"]), (&json!("300"), &json!(true)));
    assert_eq!(feb["author_id"], json!(app.id("hua.account")));
    let again = app.unchanged(|| import(&hr, "", &rows).expect(200));
    assert_eq!(counts(&again), [0, 0, 4, 0]);

    // A correction is a revision, and a value that was withdrawn is reported again.
    step(&hr, &format!("/v1/measurements/{id}"), "withdrawal", Some(json!({ "reason": "Odd" })))
        .expect(200);
    let more =
        json!([row(&north, "2026-01-01", "jan", "600"), row(&north, "2026-02-01", "feb", "300"),]);
    let corrected = import(&hr, "", &more).expect(200);
    assert_eq!(counts(&corrected), [0, 2, 0, 0]);
    let all = lin.all(&format!("{north}/measurements"));
    let january: Vec<_> = all.iter().filter(|it| it["external_id"] == "jan").collect();
    assert_eq!((&january[1]["revision"], &january[1]["value"]), (&json!(2), &json!("600")));
    let entries = app.recorded("goal.measured");
    let last = entries.last().expect("an entry");
    assert!(last.details.as_deref().is_some_and(|it| it.contains("import_id")), "{last:?}");
}

/// Proves R48 through `importMeasurements`.
fn every_format_names_goals_in_both_ways(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let cycle = cycle(app, &json!({}));
    let code = hr.get(format!("/v1/cycles/{cycle}")).json()["code"].take();
    let code = code.as_str().unwrap_or_default().to_owned();
    let north = active(app, cycle, "北区收入");
    let send = |kind: &str, text: String| hr.request("POST", BULK).body(kind, text).send();
    let csv = format!(
        "employee_number,cycle_code,goal_title,period_start,source,external_id,value\n\
         LIN,{code},北区收入,2026-01-01,crm,csv,100\n"
    );
    assert_eq!(counts(&send("text/csv", csv.clone()).expect(200)), [1, 0, 0, 0]);
    assert_eq!(counts(&app.unchanged(|| send("text/csv", csv).expect(200))), [0, 0, 1, 0]);
    let lines = format!(
        "{}\n{}\n",
        row(&north, "2026-01-01", "a", "1"),
        row(&north, "2026-01-01", "b", "2")
    );
    assert_eq!(counts(&send("application/x-ndjson", lines).expect(200)), [2, 0, 0, 0]);
    let mapping = "mapping=%7B%22columns%22%3A%7B%22Amount%22%3A%22value%22%7D%7D";
    let renamed = format!(
        "goal_id;period_start;source;external_id;Amount\n{};2026-03-01;crm;mapped;7\n",
        id_of(&north)
    );
    let request = hr.request("POST", format!("{BULK}?{mapping}"));
    assert_eq!(counts(&request.body("text/csv", renamed).send().expect(200)), [1, 0, 0, 0]);
    // What is said of people only is no parameter here, and no part of the mapping.
    let odd = hr.request("POST", format!("{BULK}?manager_by=name")).body("text/csv", "x\n");
    odd.send().refused("malformed-request");
    let odd = "mapping=%7B%22manager_by%22%3A%22name%22%7D";
    let odd = hr.request("POST", format!("{BULK}?{odd}")).body("text/csv", "x\n").send();
    odd.refused("malformed-request").faults(&[("/query/mapping/manager_by", "unknown_property")]);
}

/// Proves R48 through `importMeasurements`.
fn every_fault_is_named_and_nothing_saved(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let cycle = cycle(app, &json!({}));
    let code = hr.get(format!("/v1/cycles/{cycle}")).json()["code"].take();
    let north = active(app, cycle, "North");
    let twins = [active(app, cycle, "Twin"), active(app, cycle, "Twin")];
    let lin = app.as_(Employee);
    let draft = path(&lin.post("/v1/goals", &goal(cycle, &indicator("Draft", "0"))).expect(201));
    let made = lin.post("/v1/goals", &goal(cycle, &objective("Objective", "0"))).expect(201);
    activate(&lin, &app.as_(DirectManager), &path(&made));
    let named = |number: &str, cycle: &Value, title: &str| {
        json!({
            "employee_number": number, "cycle_code": cycle, "goal_title": title,
            "period_start": "2026-01-01", "source": "crm", "external_id": title, "value": "1",
        })
    };
    let nobody = Uuid::from_u128(7).to_string();
    let rows = json!([
        row(&north, "2026-01-01", "good", "1"),
        row(&nobody, "2026-01-01", "lost", "1"),
        row(&draft, "2026-01-01", "draft", "1"),
        row(&path(&made), "2026-01-01", "objective", "1"),
        row(&north, "2025-12-31", "early", "1"),
        row(&north, "2026-01-01", "twice", "1"),
        row(&north, "2026-01-01", "twice", "2"),
        row(&north, "2026-01-01", "odd", "one"),
        json!({ "source": "crm", "external_id": "x", "value": "1", "period_start": "2026-01-01" }),
        named("NOBODY", &code, "North"),
        named("LIN", &json!("NEVER"), "North"),
        named("LIN", &code, "West"),
        named("LIN", &code, "Twin"),
        json!({ "goal_id": id_of(&twins[0]), "external_id": "y" }),
    ]);
    let expected = [
        ("/1/goal_id", "unknown_reference"),
        ("/2/goal_id", "not_measurable"),
        ("/3/goal_id", "not_measurable"),
        ("/4/period_start", "period_invalid"),
        ("/5/external_id", "duplicate_in_request"),
        ("/6/external_id", "duplicate_in_request"),
        ("/7/value", "pattern"),
        ("/8/employee_number", "required"),
        ("/8/cycle_code", "required"),
        ("/8/goal_title", "required"),
        ("/9/employee_number", "unknown_reference"),
        ("/10/cycle_code", "unknown_reference"),
        ("/11/goal_title", "unknown_reference"),
        ("/12/goal_title", "ambiguous_reference"),
        ("/13/period_start", "required"),
        ("/13/source", "required"),
        ("/13/value", "required"),
    ];
    app.unchanged(|| {
        let refused = import(&hr, "", &rows).refused("validation-failed").faults(&expected);
        assert_eq!(refused.json()["errors"][0]["key"], "lost");
    });
}

fn row_by_row_keeps_what_can_stand(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let north = active(app, cycle(app, &json!({})), "North");
    let rows = json!([
        row(&north, "2026-01-01", "good", "300"),
        row(&north, "2025-12-31", "early", "1"),
        row(&north, "2026-01-01", "odd", "one"),
    ]);
    let answer = import(&hr, "atomic=false", &rows).expect(200);
    assert_eq!(counts(&answer), [1, 0, 0, 2]);
    assert_eq!(answer.json()["rows"][1]["errors"][0]["code"], "period_invalid");
    assert_eq!(hr.get(&north).json()["progress"], "0.2500");
}

/// Proves R48 through `importMeasurements`.
fn values_are_reported_by_whom_the_policy_lets(app: &TestApp) {
    let north = active(app, cycle(app, &json!({})), "North");
    let rows = |id: &str| json!([row(&north, "2026-01-01", id, "1")]);
    for (persona, id) in [(Employee, "own"), (DirectManager, "managers"), (HrAdmin, "hr")] {
        assert_eq!(counts(&import(&app.as_(persona), "", &rows(id)).expect(200)), [1, 0, 0, 0]);
    }
    let key = |unit: Option<Uuid>| {
        let body =
            json!({ "name": "Reports", "scopes": ["performance:write"], "org_unit_id": unit });
        let made = app.as_(HrAdmin).post("/v1/api-keys", &body).expect(201).json();
        let secret = made["secret"].as_str().unwrap_or_default().to_owned();
        app.as_(HrAdmin).with(Credentials::Key(secret))
    };
    assert_eq!(counts(&import(&key(None), "", &rows("key")).expect(200)), [1, 0, 0, 0]);
    let elsewhere = key(Some(app.id("labs")));
    app.unchanged(|| {
        let fault = |client: &Client, code: &str| {
            let refused = import(client, "", &rows("more")).refused("validation-failed");
            refused.faults(&[("/0/goal_id", code)]);
        };
        fault(&elsewhere, "unknown_reference");
        fault(&app.as_(Colleague), "unknown_reference");
        fault(&app.as_(SkipLevelManager), "not_reportable");
        fault(&app.as_(Auditor), "not_reportable");
        import(&app.as_(PeopleWriter), "", &rows("more")).refused("scope-missing");
    });
}

/// Proves R48 through `importMeasurements`, `getJob`.
fn many_rows_become_a_job_of_few_statements(app: &TestApp) {
    let own = TestApp::start(app.engine, &[]);
    let cycle = cycle(&own, &json!({}));
    let goals: Vec<_> = (0..20).map(|at| active(&own, cycle, &format!("Goal {at}"))).collect();
    let hr = own.as_(HrAdmin);
    let file = |round: &str, rows: usize| {
        let mut text = "goal_id,period_start,source,external_id,value\n".to_owned();
        for at in 0..rows {
            let goal = id_of(&goals[at % goals.len()]);
            writeln!(text, "{goal},2026-01-01,crm,{round}-{at},1").expect("memory");
        }
        hr.request("POST", BULK).body("text/csv", text).send()
    };
    let statements = |round: &str, rows: usize| {
        let before = own.app().db.statements();
        assert_eq!(counts(&file(round, rows).expect(200)), [rows as u64, 0, 0, 0]);
        own.app().db.statements() - before
    };
    statements("warm", 20);
    let (few, many) = (statements("few", 20), statements("many", 1_000));
    // Only batches of rows are more: 9 more of 100 rows, with tables' statistics.
    assert!(many <= few + 20, "{few} statements for 20 rows, {many} for 1,000");

    let job = file("job", 3_000).expect(202);
    let path = job.header("Location").expect("where to follow it").to_owned();
    eventually("the job ends", || hr.get(&path).json()["state"] == "succeeded");
    let ended = hr.get(&path).expect(200).json();
    assert_eq!(
        (&ended["kind"], &ended["result"]["created"]),
        (&json!("measurement_import"), &json!(3_000))
    );
    // 1 + 1 + 50 + 150 of 1,200
    assert_eq!(hr.get(&goals[0]).json()["progress"], "0.1683");
}

fn too_many_rows_are_refused(app: &TestApp) {
    let mut text = "goal_id,period_start,source,external_id,value\n".to_owned();
    for at in 0..=100_000 {
        writeln!(text, "x,2026-01-01,crm,{at},1").expect("memory");
    }
    let send = || app.as_(HrAdmin).request("POST", BULK).body("text/csv", text.clone()).send();
    app.unchanged(send).refused("too-many-rows");
}
