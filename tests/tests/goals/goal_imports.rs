//! Goals drafted for many people at once, and signed by both sides afterwards.

use serde_json::{Value, json};
use tests::cycles::{self, step};
use tests::goals::{activate, cycle, goal, indicator, objective};
use tests::world::Persona::{
    self, Auditor, Colleague, DirectManager, Employee, HrAdmin, Hrbp, SkipLevelManager,
};
use tests::{Answer, TestApp, on_each_engine};
use uuid::Uuid;

on_each_engine![
    rows_become_drafts_that_both_sides_sign,
    a_table_defines_indicators_and_objectives,
    json_defines_every_kind_of_goal,
    a_file_sent_again_changes_nothing,
    a_manager_drafts_for_those_who_report,
    every_fault_of_a_row_is_named,
    what_has_been_handed_in_stays,
    aligned_goals_keep_their_place,
    an_import_takes_no_more_statements_for_more_rows,
];

/// A new cycle in goal setting, with its code.
fn new_cycle(app: &TestApp) -> (Uuid, String) {
    let id = cycle(app, &json!({}));
    let code = app.as_(HrAdmin).get(format!("/v1/cycles/{id}")).expect(200).json()["code"].take();
    (id, code.as_str().expect("a code").to_owned())
}

fn import(app: &TestApp, persona: Persona, query: &str, rows: &Value) -> Answer {
    app.as_(persona).post(format!("/v1/goals/bulk?{query}"), rows)
}

fn row(number: &str, cycle: &str, title: &str, more: Value) -> Value {
    let mut row = json!({
        "employee_number": number, "cycle": cycle, "title": title, "weight": "50", "unit": "CNY",
        "target": "1200", "aggregation": "sum", "source": "CRM", "frequency": "monthly",
        "baseline": "1000", "theme": "Growth",
    });
    row.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
    row
}

fn counts(answer: &Answer) -> [u64; 4] {
    let body = answer.json();
    ["created", "updated", "unchanged", "failed"].map(|name| body[name].as_u64().unwrap_or(99))
}

fn drafts(app: &TestApp, owner: &str, cycle: Uuid) -> Vec<Value> {
    let owner = app.id(owner);
    app.as_(HrAdmin).all(&format!("/v1/goals?owner_id={owner}&cycle_id={cycle}&limit=200"))
}

fn goal_path(row: &Value) -> String {
    format!("/v1/goals/{}", row["id"].as_str().expect("an id"))
}

/// Proves R15 through `importGoals`.
fn rows_become_drafts_that_both_sides_sign(app: &TestApp) {
    let (id, code) = new_cycle(app);
    let rows = json!([
        row("LIN", &code, "Revenue", json!({ "weight": "60" })),
        row("LIN", &code, "Margin", json!({ "weight": "40" })),
        row("MEI", &code, "Revenue", json!({ "weight": "100" })),
    ]);
    let dry = app.unchanged(|| import(app, HrAdmin, "dry_run=true", &rows).expect(200));
    assert_eq!((counts(&dry), &dry.json()["rows"][0]["id"]), ([3, 0, 0, 0], &json!(null)));
    let made = import(app, HrAdmin, "", &rows).expect(200);
    assert_eq!(counts(&made), [3, 0, 0, 0]);
    assert_eq!(made.json()["rows"][0]["key"], "LIN/Revenue");
    let goals = drafts(app, "lin", id);
    assert_eq!(goals.len(), 2);
    let revenue = goals.iter().find(|goal| goal["content"]["title"] == "Revenue").expect("it");
    assert_eq!(revenue["id"], made.json()["rows"][0]["id"]);
    assert_eq!((&revenue["state"], &revenue["level"]), (&json!("draft"), &json!("person")));
    assert_eq!((&revenue["first_signature"], &revenue["version"]), (&json!(null), &json!(1)));
    assert_eq!(revenue["content"]["weight"], "60.00");
    assert_eq!(revenue["content"]["period"]["end"], "2099-12-31", "that of the cycle");
    let entry = app.recorded("goal.created");
    assert!(entry.iter().any(|entry| entry.rule == "hr-admin-cycle"), "HR has drafted it");

    // Nobody has signed: HR cannot, and each side signs for itself.
    for goal in &goals {
        let path = goal_path(goal);
        step(&app.as_(HrAdmin), &path, "submission", None).refused("forbidden");
        activate(&app.as_(Employee), &app.as_(DirectManager), &path);
    }
}

fn a_table_defines_indicators_and_objectives(app: &TestApp) {
    let (id, code) = new_cycle(app);
    let text = format!(
        "employee_number,cycle,title,weight,kind,unit,target,direction,aggregation,ambition,\
         kr.1_title,kr.1_weight,kr.1_target,kr.1_unit,kr.2_title,kr.2_weight,kr.2_start,kr.2_target,kr.2_unit\n\
         LIN,{code},Complaints,40,indicator,complaints,12,down,sum,,,,,,,,,,\n\
         LIN,{code},Win the north,60,objective,,,,,aspirational,Accounts,70,10,accounts,Share,30,5.5,12,%\n"
    );
    let send = || {
        let request = app.as_(HrAdmin).request("POST", "/v1/goals/bulk");
        request.body("text/csv", text.clone()).send().expect(200)
    };
    assert_eq!(counts(&send()), [2, 0, 0, 0]);
    let goals = drafts(app, "lin", id);
    let definition = |title: &str| {
        let goal = goals.iter().find(|goal| goal["content"]["title"] == title).expect(title);
        goal["content"]["definition"].clone()
    };
    assert_eq!(definition("Complaints")["scoring"]["direction"], "down");
    let objective = definition("Win the north");
    assert_eq!(objective["ambition"], "aspirational");
    assert_eq!(
        objective["key_results"][1]["measure"],
        json!({
            "kind": "metric", "start": "5.5", "target": "12", "unit": "%",
        })
    );
    let again = app.unchanged(send);
    assert_eq!(counts(&again), [0, 0, 2, 0], "key results are known by their titles");
}

fn json_defines_every_kind_of_goal(app: &TestApp) {
    let (id, code) = new_cycle(app);
    let content = objective("Grow", "100");
    let rows = json!([{
        "employee_number": "LIN", "cycle": code, "title": "Grow", "weight": "100",
        "exploratory": true, "level": "team", "description": "All of it",
        "period_start": "2026-02-01", "period_end": "2026-11-30",
        "definition": content["definition"],
    }]);
    assert_eq!(counts(&import(app, HrAdmin, "", &rows).expect(200)), [1, 0, 0, 0]);
    let made = drafts(app, "lin", id).remove(0);
    assert_eq!((&made["level"], &made["content"]["exploratory"]), (&json!("team"), &json!(true)));
    let kinds: Vec<_> = made["content"]["definition"]["key_results"]
        .as_array()
        .expect("some")
        .iter()
        .map(|it| it["measure"]["kind"].clone())
        .collect();
    assert_eq!(kinds, ["metric", "boolean", "milestone", "maintain"]);
    // What a row leaves out stays.
    let brief =
        json!([{ "employee_number": "LIN", "cycle": code, "title": "Grow", "weight": "80" }]);
    assert_eq!(counts(&import(app, HrAdmin, "", &brief).expect(200)), [0, 1, 0, 0]);
    let changed = drafts(app, "lin", id).remove(0);
    assert_eq!((&changed["version"], &changed["content"]["weight"]), (&json!(2), &json!("80.00")));
    assert_eq!(changed["content"]["definition"], made["content"]["definition"]);
    let cleared = json!([{
        "employee_number": "LIN", "cycle": code, "title": "Grow", "description": null,
    }]);
    assert_eq!(counts(&import(app, HrAdmin, "", &cleared).expect(200)), [0, 1, 0, 0]);
    assert_eq!(drafts(app, "lin", id)[0]["content"]["description"], json!(null));
}

fn a_file_sent_again_changes_nothing(app: &TestApp) {
    let (_, code) = new_cycle(app);
    let rows =
        json!([row("LIN", &code, "Revenue", json!({})), row("MEI", &code, "Revenue", json!({}))]);
    import(app, HrAdmin, "", &rows).expect(200);
    let again = app.unchanged(|| import(app, HrAdmin, "", &rows).expect(200));
    assert_eq!(counts(&again), [0, 0, 2, 0]);
    let twice =
        json!([row("LIN", &code, "Twice", json!({})), row("LIN", &code, "Twice", json!({}))]);
    let refused = app.unchanged(|| import(app, HrAdmin, "", &twice)).refused("validation-failed");
    refused.faults(&[("/0/title", "duplicate_in_request"), ("/1/title", "duplicate_in_request")]);
}

fn a_manager_drafts_for_those_who_report(app: &TestApp) {
    let (id, code) = new_cycle(app);
    let rows = json!([row("LIN", &code, "Revenue", json!({}))]);
    assert_eq!(counts(&import(app, DirectManager, "", &rows).expect(200)), [1, 0, 0, 0]);
    assert_eq!(counts(&import(app, Employee, "", &rows).expect(200)), [0, 0, 1, 0], "her own");
    // Whoever may not draft for somebody learns nothing: as with somebody who does not exist.
    let nobody = json!([row("NOBODY", &code, "Revenue", json!({}))]);
    let unlike = |answer: Answer| {
        let errors = answer.refused("validation-failed").json()["errors"].take();
        errors.to_string().replace("NOBODY", "LIN")
    };
    for persona in [Colleague, SkipLevelManager] {
        let hidden = app.unchanged(|| unlike(import(app, persona, "", &rows)));
        assert_eq!(hidden, unlike(import(app, persona, "", &nobody)), "{persona:?}");
        assert!(hidden.contains("unknown_reference"), "{hidden}");
    }
    let partly =
        json!([row("LIN", &code, "Margin", json!({})), row("KAI", &code, "Margin", json!({})),]);
    let answer = import(app, DirectManager, "atomic=false", &partly).expect(200);
    assert_eq!(counts(&answer), [1, 0, 0, 1]);
    assert_eq!(drafts(app, "kai", id).len(), 0);
    for persona in [Auditor, Hrbp] {
        let answer = app.unchanged(|| import(app, persona, "", &rows));
        assert!(matches!(answer.status, 403 | 422), "{persona:?}: {answer:?}");
    }
}

fn every_fault_of_a_row_is_named(app: &TestApp) {
    let (_, code) = new_cycle(app);
    let bare = |more: Value| {
        let mut row = json!({ "employee_number": "LIN", "cycle": code, "title": "Bare" });
        row.as_object_mut()
            .expect("an object")
            .extend(more.as_object().cloned().unwrap_or_default());
        json!([row])
    };
    let faults = |rows: Value, expected: &[(&str, &str)]| {
        let answer = app.unchanged(|| import(app, HrAdmin, "", &rows));
        answer.refused("validation-failed").faults(expected);
    };
    faults(bare(json!({})), &[("/0/kind", "required"), ("/0/weight", "required")]);
    faults(
        bare(json!({ "weight": "5", "unit": "CNY" })),
        &[("/0/aggregation", "required"), ("/0/target", "required")],
    );
    faults(
        bare(json!({ "weight": "5", "kind": "objective" })),
        &[
            ("/0/kr/1_target", "required"),
            ("/0/kr/1_title", "required"),
            ("/0/kr/1_unit", "required"),
            ("/0/kr/1_weight", "required"),
        ],
    );
    faults(
        bare(json!({ "weight": "5", "ambition": "committed", "target": "5", "kind": "objective",
        "kr": { "1_title": "A", "1_weight": "much", "1_target": "1", "1_unit": "x" } })),
        &[("/0/kr/1_weight", "not_allowed"), ("/0/target", "not_allowed")],
    );
    faults(
        bare(json!({ "weight": "5", "kr": {
        "1_title": "A", "1_weight": "100", "1_start": "7", "1_target": "7", "1_unit": "x" } })),
        &[("/0/definition/key_results/0/measure/target", "KR_START_EQ_TARGET")],
    );
    faults(json!([row("LIN", "NO SUCH", "A", json!({}))]), &[("/0/cycle", "unknown_reference")]);
    faults(
        json!([row(
            "LIN",
            &code,
            "A",
            json!({ "period_start": "2099-12-31", "period_end": "2026-01-01" })
        )]),
        &[("/0/period_end", "period_invalid")],
    );
    faults(
        json!([row("LIN", "RUNNING", "A", json!({ "weight": "101" }))]),
        &[("/0/weight", "pattern")],
    );
    faults(
        json!([row("TOM", &code, "A", json!({}))]),
        &[("/0/employee_number", "unknown_reference")],
    );
}

fn what_has_been_handed_in_stays(app: &TestApp) {
    let (id, code) = new_cycle(app);
    let made = json!([row("LIN", &code, "Revenue", json!({ "weight": "100" }))]);
    import(app, HrAdmin, "", &made).expect(200);
    let path = goal_path(&drafts(app, "lin", id)[0]);
    step(&app.as_(Employee), &path, "submission", None).expect(200);
    let same = app.unchanged(|| import(app, HrAdmin, "", &made).expect(200));
    assert_eq!(counts(&same), [0, 0, 1, 0], "what is as it was is no change");
    let other = json!([row("LIN", &code, "Revenue", json!({ "weight": "90" }))]);
    let refused = app.unchanged(|| import(app, HrAdmin, "", &other));
    refused.refused("validation-failed").faults(&[("/0/title", "goal_not_draft")]);
    let literal = cycles::literal(app, id);
    cycles::behind(app, &format!("UPDATE cycle SET state = 'executing' WHERE id = {literal}"));
    let late = json!([row("LIN", &code, "Late", json!({}))]);
    let refused = app.unchanged(|| import(app, HrAdmin, "", &late));
    refused.refused("validation-failed").faults(&[("/0/cycle", "goal_setting_over")]);
}

fn aligned_goals_keep_their_place(app: &TestApp) {
    let (id, code) = new_cycle(app);
    let (mei, lin) = (app.as_(DirectManager), app.as_(Employee));
    let mut above = goal(id, &indicator("Above", "100"));
    above["level"] = json!("team");
    let above = mei.post("/v1/goals", &above).expect(201).id();
    let mut below = goal(id, &indicator("Below", "100"));
    below["parent_id"] = json!(above);
    lin.post("/v1/goals", &below).expect(201);
    let moved = |number: &str, title: &str, more: Value| json!([row(number, &code, title, more)]);
    for (number, title) in [("LIN", "Below"), ("MEI", "Above")] {
        let level = moved(number, title, json!({ "level": "department" }));
        let refused = app.unchanged(|| import(app, HrAdmin, "", &level));
        refused.refused("validation-failed").faults(&[("/0/level", "goal_aligned")]);
        let days = moved(number, title, json!({ "period_end": "2026-06-30" }));
        let refused = app.unchanged(|| import(app, HrAdmin, "", &days));
        refused.refused("validation-failed").faults(&[("/0/period_end", "goal_aligned")]);
        let weight = moved(number, title, json!({ "weight": "70" }));
        assert_eq!(counts(&import(app, HrAdmin, "", &weight).expect(200)), [0, 1, 0, 0]);
    }
    let below = drafts(app, "lin", id).remove(0);
    assert_eq!(below["parent_id"], json!(above));
}

fn an_import_takes_no_more_statements_for_more_rows(app: &TestApp) {
    let app = TestApp::start(app.engine, &["--readers", "1"]);
    let (_, code) = new_cycle(&app);
    let rows = |prefix: &str, count: usize| -> Value {
        let made =
            (0..count).map(|number| row("LIN", &code, &format!("{prefix} {number}"), json!({})));
        made.collect()
    };
    let statements = |prefix: &str, count: usize| {
        let rows = rows(prefix, count);
        (0..5)
            .map(|attempt| {
                app.as_(HrAdmin).get("/v1/me").expect(200);
                let before = app.app().db.statements();
                import(&app, HrAdmin, &format!("dry_run={}", attempt % 2 == 1), &rows).expect(200);
                app.app().db.statements() - before
            })
            .min()
            .expect("some")
    };
    let (few, many) = (statements("Few", 2), statements("Many", 90));
    assert!(many <= few + 4, "{few} statements for 2 rows, {many} for 90");
}
