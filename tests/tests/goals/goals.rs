//! Goals from draft to completion: what each step requires, and who may do it.

use serde_json::{Value, json};
use tests::cycles::{self, step};
use tests::goals::{activate, content, cycle, goal, indicator, objective, patch, path};
use tests::world::Persona::{
    self, Auditor, Colleague, DirectManager, Employee, FormerManager, HrAdmin, Hrbp, OtherHrAdmin,
    OtherHrbp, SecondHrAdmin, SkipLevelManager,
};
use tests::{Answer, Client, TestApp, on_each_engine};
use uuid::Uuid;

on_each_engine![
    a_goal_goes_from_draft_to_completion,
    an_objective_keeps_its_key_results,
    every_kind_of_scoring_is_kept_as_it_was_sent,
    every_fault_of_a_draft_is_named,
    what_keeps_a_goal_from_being_handed_in_is_named_at_once,
    weights_sum_to_a_hundred_exactly,
    smart_warns_unless_the_policy_blocks,
    a_manager_asks_for_another_draft,
    nobody_approves_an_own_goal,
    the_state_decides_what_can_be_done,
    a_draft_is_thrown_away,
    goals_are_begun_in_goal_setting,
    versions_and_retries_are_respected,
    giving_up_takes_manager_and_hr,
    everybody_sees_the_goals_they_answer_for,
];

fn draft(app: &TestApp, cycle: Uuid, content: &Value) -> Answer {
    app.as_(Employee).post("/v1/goals", &goal(cycle, content)).expect(201)
}

fn new_cycle(app: &TestApp) -> Uuid {
    cycle(app, &json!({}))
}

fn reason(text: &str) -> Option<Value> {
    Some(json!({ "reason": text }))
}

/// Proves R15, R20 through `createGoal`, `submitGoal`, `approveGoal`, `completeGoal`, `getGoal`,
/// `listGoalRevisions`.
fn a_goal_goes_from_draft_to_completion(app: &TestApp) {
    let (lin, mei) = (app.as_(Employee), app.as_(DirectManager));
    let made = draft(app, new_cycle(app), &indicator("Revenue in the north", "100"));
    let path = path(&made);
    assert_eq!(made.header("Location"), Some(path.as_str()));
    let shown = made.json();
    assert_eq!(shown["state"], "draft");
    assert_eq!(shown["owner_id"], json!(app.id("lin")));
    assert_eq!(shown["manager_id"], json!(app.id("mei")));
    assert_eq!(shown["content"]["weight"], "100.00");
    assert_eq!(shown["smart"], json!([]));
    assert_eq!(shown["warnings"], json!(["goal_count", "goal_weight", "parent_missing"]));
    assert_eq!(shown["allowed_actions"], json!(["update", "deletion", "submission"]));
    let by_mei = || mei.get(&path).expect(200).json()["allowed_actions"].clone();
    assert_eq!(by_mei(), json!(["update", "deletion"]));

    let submitted = step(&lin, &path, "submission", None).expect(200).json();
    assert_eq!(submitted["state"], "submitted");
    assert_eq!(submitted["smart"], json!([]));
    assert_eq!(submitted["allowed_actions"], json!([]));
    assert_eq!(by_mei(), json!(["return", "approval"]));
    assert_eq!(lin.all(&format!("{path}/revisions")), Vec::<Value>::new());

    let active = step(&mei, &path, "approval", None).expect(200).json();
    assert_eq!(active["state"], "active");
    assert_eq!(active["revision"], 1);
    let revisions = lin.all(&format!("{path}/revisions"));
    assert_eq!(revisions.len(), 1);
    assert_eq!(revisions[0]["content"], shown["content"]);
    assert_eq!(revisions[0]["effective_from"], "2026-01-01");
    assert_eq!(revisions[0]["approved_by"], json!(app.id("mei.account")));

    app.unchanged(|| {
        let early = step(&lin, &path, "completion", None).refused("guard-failed");
        early.faults(&[("", "data_present")]);
    });
    let value = json!({
        "period_start": "2026-01-01", "source": "crm", "external_id": "1", "value": "900",
    });
    lin.post(format!("{path}/measurements"), &value).expect(201);
    let read = lin.get(&path).expect(200).json();
    assert_eq!(read["progress"], "0.7500");
    let actions = json!(["change", "check_in", "measurement", "completion"]);
    assert_eq!(read["allowed_actions"], actions);

    let signed = step(&lin, &path, "completion", None).expect(200).json();
    assert_eq!(signed["state"], "active");
    assert_eq!(signed["first_signature"]["action"], "completion");
    assert_eq!(signed["first_signature"]["seat"], "owner");
    assert_eq!(signed["allowed_actions"], json!(["change", "check_in", "measurement"]));
    app.unchanged(|| {
        let twice = step(&lin, &path, "completion", None).refused("forbidden");
        assert_eq!(twice.json()["rule"], "separation-of-duties");
    });
    let done = step(&mei, &path, "completion", None).expect(200).json();
    assert_eq!(done["state"], "completed");
    assert!(done["first_signature"].is_null());
}

/// Proves R14 through `createGoal`, `updateGoal`.
fn an_objective_keeps_its_key_results(app: &TestApp) {
    let lin = app.as_(Employee);
    let made = draft(app, new_cycle(app), &objective("Win the north", "100"));
    let path = path(&made);
    let definition = made.json()["content"]["definition"].clone();
    let ids: Vec<String> = definition["key_results"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|key_result| key_result["id"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(ids.len(), 4);
    assert!(ids.iter().all(|id| id.parse::<Uuid>().is_ok_and(|id| !id.is_nil())));

    let mut fewer = definition.clone();
    fewer["key_results"].as_array_mut().expect("a list").truncate(2);
    fewer["key_results"][1].as_object_mut().expect("an object").remove("id");
    let patched = patch(&lin, &path, &json!({ "content": { "definition": fewer } })).expect(200);
    let key_results = &patched.json()["content"]["definition"]["key_results"];
    assert_eq!(key_results[0]["id"], ids[0].as_str());
    assert_ne!(key_results[1]["id"], ids[1].as_str());
    assert_eq!(patched.json()["content"]["title"], "Win the north");

    let whole = json!({ "content": { "definition": definition } });
    app.unchanged(|| {
        patch(&lin, &path, &whole).refused("validation-failed").faults(&[
            ("/content/definition/key_results/1/id", "unknown_reference"),
            ("/content/definition/key_results/2/id", "unknown_reference"),
            ("/content/definition/key_results/3/id", "unknown_reference"),
        ]);
        let refused = step(&lin, &path, "submission", None).refused("guard-failed");
        refused.faults(&[("/content/definition/key_results", "WEIGHTS_NOT_100")]);
    });
}

fn scored(scoring: Value) -> Value {
    let mut content = indicator("Revenue in the north", "10");
    content["definition"]["scoring"] = scoring;
    content
}

/// Proves R15 through `createGoal`.
fn every_kind_of_scoring_is_kept_as_it_was_sent(app: &TestApp) {
    let cycle = new_cycle(app);
    let ratio = json!({ "target": "99.5", "direction": "down" });
    for scoring in [
        json!({ "method": "ratio", "target": "-0.50", "direction": "up" }),
        json!({ "method": "baseline", "baseline": "3", "target": "0" }),
        json!({ "method": "occurrence", "base": "100", "penalty": "20" }),
        json!({ "method": "interval", "low": "95", "high": "105", "tolerance": "10" }),
        json!({ "method": "points", "points": [
            { "value": "900", "score": "60" }, { "value": "1200", "score": "100" },
        ] }),
        json!({ "method": "banded", "bounds": ["1", "2"], "scores": ["60", "80", "100"],
            "on": "actual" }),
        json!({ "method": "banded", "bounds": ["90"], "scores": ["60", "100"],
            "on": { "achievement": ratio } }),
        json!({ "method": "steps", "target": "100", "direction": "up", "base": "30",
            "unit": "percent", "step": "3", "add": "1", "deduct": "1", "max_add": "6",
            "max_deduct": "6" }),
        json!({ "method": "milestones", "milestones": [
            { "weight": "40", "outcome": { "done": { "days_late": -2 } } },
            { "weight": "60", "outcome": { "open": { "percent": "0" } } },
        ] }),
        json!({ "method": "rating" }),
    ] {
        let mut sent = scoring.clone();
        let shown = draft(app, cycle, &scored(scoring)).json();
        if sent["target"] == "-0.50" {
            sent["target"] = "-0.5".into();
        }
        assert_eq!(shown["content"]["definition"]["scoring"], sent);
    }
    let defaults = draft(app, cycle, &scored(json!({ "method": "ratio", "target": "1" })));
    let scoring = &defaults.json()["content"]["definition"]["scoring"];
    assert_eq!(scoring["direction"], "up");
}

fn every_fault_of_a_draft_is_named(app: &TestApp) {
    let (lin, cycle) = (app.as_(Employee), new_cycle(app));
    let refuse = |content: &Value, faults: &[(&str, &str)]| {
        let made = lin.post("/v1/goals", &goal(cycle, content));
        made.refused("validation-failed").faults(faults);
    };
    let measured = |measures: &[Value]| {
        let key_results: Vec<_> = measures
            .iter()
            .map(|measure| json!({ "title": "KR", "weight": "50", "measure": measure }))
            .collect();
        content(
            "Win the north",
            "10",
            json!({
                "kind": "objective", "ambition": "aspirational", "key_results": key_results,
            }),
        )
    };
    app.unchanged(|| {
        let at = "/content/definition/scoring";
        for (scoring, code) in [
            (json!({ "method": "ratio", "target": "0" }), "KPI_TARGET_ZERO"),
            (
                json!({ "method": "baseline", "baseline": "1", "target": "1.0" }),
                "KPI_BASELINE_EQ_TARGET",
            ),
            (
                json!({ "method": "interval", "low": "2", "high": "1", "tolerance": "1" }),
                "KPI_RANGE_INVALID",
            ),
            (json!({ "method": "points", "points": [] }), "EMPTY_INPUT"),
            (
                json!({ "method": "banded", "bounds": ["2", "1"], "scores": ["1", "2", "3"] }),
                "KPI_BANDS_INVALID",
            ),
            (
                json!({ "method": "milestones", "milestones": [{ "weight": "99.99" }] }),
                "WEIGHTS_NOT_100",
            ),
        ] {
            refuse(&scored(scoring), &[(at, code)]);
        }
        let at = |within: &str| format!("/content/definition{within}");
        for (scoring, within, code) in [
            (json!({ "method": "guess" }), "/scoring/method", "not_allowed"),
            (json!({ "target": "1" }), "/scoring/method", "required"),
            (json!({ "method": "ratio", "target": 1 }), "/scoring/target", "wrong_type"),
            (json!({ "method": "ratio", "target": "1e3" }), "/scoring/target", "pattern"),
            (
                json!({ "method": "ratio", "target": "1", "goal": "1" }),
                "/scoring/goal",
                "unknown_property",
            ),
            (
                json!({ "method": "ratio", "target": "1", "direction": "left" }),
                "/scoring/direction",
                "not_allowed",
            ),
            (json!({ "method": "rating", "target": "1" }), "/scoring/target", "unknown_property"),
        ] {
            refuse(&scored(scoring), &[(&at(within), code)]);
        }
        refuse(&content("Win", "10", json!({ "kind": "wish" })), &[(&at("/kind"), "not_allowed")]);
        refuse(
            &measured(&[
                json!({ "kind": "metric", "start": "5", "target": "5.0", "unit": "x" }),
                json!({ "kind": "milestone", "steps": [{ "title": "Half", "weight": "50" }] }),
                json!({ "kind": "milestone", "steps": [] }),
                json!({ "kind": "maintain", "level": { "between": ["2", "1"] }, "unit": "x" }),
            ]),
            &[
                (&at("/key_results/0/measure/target"), "KR_START_EQ_TARGET"),
                (&at("/key_results/1/measure/steps"), "WEIGHTS_NOT_100"),
                (&at("/key_results/2/measure/steps"), "EMPTY_INPUT"),
                (&at("/key_results/3/measure/level"), "KPI_RANGE_INVALID"),
            ],
        );
        let mut odd = indicator("", "100.01");
        odd["period"]["end"] = "2026-13-01".into();
        odd["owner"] = "x".into();
        refuse(
            &odd,
            &[
                ("/content/owner", "unknown_property"),
                ("/content/period/end", "not_a_date"),
                ("/content/title", "pattern"),
                ("/content/title", "too_short"),
                ("/content/weight", "pattern"),
            ],
        );
        let mut reversed = indicator("Revenue", "10");
        reversed["period"]["end"] = "2025-12-31".into();
        refuse(&reversed, &[("/content/period/end", "period_invalid")]);
    });
}

/// Proves R16, R18 through `submitGoal`.
fn what_keeps_a_goal_from_being_handed_in_is_named_at_once(app: &TestApp) {
    let cycle = cycle(app, &json!({ "smart.enforce": "block" }));
    let mut vague = indicator("提高", "99.99");
    vague["theme"] = Value::Null;
    vague["period"]["end"] = "2100-01-01".into();
    vague["definition"]["source"] = Value::Null;
    vague["definition"]["frequency"] = Value::Null;
    vague["definition"]["scoring"] = json!({ "method": "rating" });
    let made = draft(app, cycle, &vague);
    let letters = json!(["S:VAGUE", "M:NOT_MEASURABLE", "R:NOT_ALIGNED", "T:NOT_TIME_BOUND"]);
    assert_eq!(made.json()["smart"], letters);
    let refused = app.unchanged(|| step(&app.as_(Employee), &path(&made), "submission", None));
    let refused = refused.refused("guard-failed").faults(&[
        ("", "smart_checked"),
        ("", "weights_sum_to_100"),
        ("/content/definition/source", "required"),
        ("/content/definition/frequency", "required"),
    ]);
    let said = refused.json().to_string();
    assert!(said.contains("99.99") && said.contains("(S:VAGUE), Measurable"), "{said}");
}

fn weights_sum_to_a_hundred_exactly(app: &TestApp) {
    let (lin, cycle) = (app.as_(Employee), new_cycle(app));
    let first = path(&draft(app, cycle, &indicator("Revenue", "60")));
    let second = path(&draft(app, cycle, &objective("Win the north", "39.99")));
    app.unchanged(|| {
        for path in [&first, &second] {
            let refused = step(&lin, path, "submission", None).refused("guard-failed");
            refused.faults(&[("", "weights_sum_to_100")]);
        }
    });
    let weight = json!({ "content": { "weight": "40.00" } });
    patch(&lin, &second, &weight).expect(200);
    step(&lin, &first, "submission", None).expect(200);
    step(&lin, &second, "submission", None).expect(200);
    // The goals of another person and of another cycle belong to another form.
    let other = path(&draft(app, new_cycle(app), &indicator("Revenue", "100")));
    step(&lin, &other, "submission", None).expect(200);
}

/// Proves R16, R17 through `submitGoal`.
fn smart_warns_unless_the_policy_blocks(app: &TestApp) {
    let lin = app.as_(Employee);
    let mut easy = indicator("Revenue in the north", "100");
    easy["definition"]["baseline"] = "1200".into();
    let made = draft(app, new_cycle(app), &easy);
    let submitted = step(&lin, &path(&made), "submission", None).expect(200).json();
    assert_eq!(submitted["smart"], json!(["A:NOT_CHALLENGING"]));

    let strict = cycle(app, &json!({ "smart.enforce": "block" }));
    easy["definition"]["baseline"] = "500".into();
    let made = draft(app, strict, &easy);
    assert_eq!(made.json()["smart"], json!(["A:UNREALISTIC"]));
    app.unchanged(|| {
        let refused = step(&lin, &path(&made), "submission", None).refused("guard-failed");
        refused.faults(&[("", "smart_checked")]);
    });
    let definition = indicator("", "0")["definition"].clone();
    let better = patch(&lin, &path(&made), &json!({ "content": { "definition": definition } }));
    assert_eq!(better.expect(200).json()["smart"], json!([]));
    step(&lin, &path(&made), "submission", None).expect(200);
}

/// Proves R20 through `returnGoal`.
fn a_manager_asks_for_another_draft(app: &TestApp) {
    let (lin, mei) = (app.as_(Employee), app.as_(DirectManager));
    let made = draft(app, new_cycle(app), &indicator("Revenue in the north", "100"));
    let path = path(&made);
    step(&lin, &path, "submission", None).expect(200);
    app.unchanged(|| {
        for blank in ["", " \n"] {
            let refused = step(&mei, &path, "return", reason(blank)).refused("guard-failed");
            refused.faults(&[("", "reason_given")]);
        }
        step(&lin, &path, "return", reason("Me")).refused("forbidden");
    });
    let returned = step(&mei, &path, "return", reason("Which accounts?")).expect(200).json();
    assert_eq!(returned["state"], "draft");
    let read = lin.get(&path).expect(200);
    assert_eq!(read.json()["return_reason"], "Which accounts?");
    lin.patch(&read, &json!({ "content": { "description": "Key accounts" } })).expect(200);
    let again = step(&lin, &path, "submission", None).expect(200).json();
    assert!(again["return_reason"].is_null());
    step(&mei, &path, "approval", None).expect(200);
}

/// Proves R20 through `approveGoal`.
fn nobody_approves_an_own_goal(app: &TestApp) {
    let (lin, mei) = (app.as_(Employee), app.as_(DirectManager));
    let cycle = new_cycle(app);
    let lins = path(&draft(app, cycle, &indicator("Revenue in the north", "100")));
    step(&lin, &lins, "submission", None).expect(200);
    let meis = mei.post("/v1/goals", &goal(cycle, &indicator("Revenue of East", "100")));
    let meis = path(&meis.expect(201));
    let sees = |persona: Persona, slug: &str| {
        let etag = lin.get(&lins).etag();
        let request = app.as_(persona).request("POST", format!("{lins}/approval"));
        request.if_match(&etag).send().refused(slug)
    };
    app.unchanged(|| {
        assert_eq!(sees(Employee, "forbidden").json()["rule"], "no-rule-allows");
        for persona in [HrAdmin, SkipLevelManager, Hrbp, Auditor] {
            sees(persona, "forbidden");
        }
        for persona in [Colleague, FormerManager, OtherHrbp, OtherHrAdmin] {
            sees(persona, "not-found");
        }
        // Only the owner signs for the owner.
        step(&mei, &lins, "submission", None).refused("forbidden");
        step(&app.as_(SkipLevelManager), &meis, "submission", None).refused("forbidden");
    });
    step(&mei, &meis, "submission", None).expect(200);
    app.unchanged(|| drop(step(&mei, &meis, "approval", None).refused("forbidden")));
    step(&app.as_(SkipLevelManager), &meis, "approval", None).expect(200);
    step(&mei, &lins, "approval", None).expect(200);
}

fn the_state_decides_what_can_be_done(app: &TestApp) {
    let (lin, mei) = (app.as_(Employee), app.as_(DirectManager));
    let path = path(&draft(app, new_cycle(app), &indicator("Revenue in the north", "100")));
    let title = json!({ "content": { "title": "Revenue" } });
    app.unchanged(|| {
        let early = step(&mei, &path, "approval", None).refused("state-conflict").json();
        assert_eq!(early["current_state"], "draft");
        assert_eq!(early["allowed_actions"], json!(["update", "deletion"]));
        let check_in = json!({ "confidence": 5 });
        lin.post(format!("{path}/check-ins"), &check_in).refused("state-conflict");
    });
    step(&lin, &path, "submission", None).expect(200);
    app.unchanged(|| {
        let read = lin.get(&path).expect(200);
        let late = lin.patch(&read, &title).refused("state-conflict").json();
        assert_eq!(late["current_state"], "submitted");
        assert_eq!(late["allowed_actions"], json!([]));
        let deletion = lin.request("DELETE", &path).if_match(&read.etag());
        deletion.send().refused("state-conflict");
        step(&lin, &path, "submission", None).refused("state-conflict");
        step(&lin, &path, "completion", None).refused("state-conflict");
    });
    step(&mei, &path, "approval", None).expect(200);
    app.unchanged(|| {
        step(&mei, &path, "return", reason("No")).refused("state-conflict");
        step(&mei, &path, "approval", None).refused("state-conflict");
        patch(&lin, &path, &title).refused("state-conflict");
    });
}

fn a_draft_is_thrown_away(app: &TestApp) {
    let (lin, mei, cycle) = (app.as_(Employee), app.as_(DirectManager), new_cycle(app));
    let mut above = goal(cycle, &indicator("Revenue of East", "100"));
    above["level"] = "team".into();
    let above = mei.post("/v1/goals", &above).expect(201);
    let mut below = goal(cycle, &indicator("Revenue in the north", "100"));
    below["parent_id"] = above.json()["id"].clone();
    let below = lin.post("/v1/goals", &below).expect(201);
    let remove = |client: &Client, read: &Answer| {
        client.request("DELETE", path(read)).if_match(&read.etag()).send()
    };
    app.unchanged(|| {
        remove(&mei, &above).refused("in-use");
        remove(&app.as_(Colleague), &below).refused("not-found");
        remove(&app.as_(HrAdmin), &below).refused("forbidden");
    });
    let since = below.json()["updated_at"].as_str().unwrap_or_default().to_owned();
    assert!(remove(&lin, &below).expect(204).body.is_empty());
    lin.get(path(&below)).refused("not-found");
    let id = below.json()["id"].clone();
    assert!(lin.all("/v1/goals").iter().all(|goal| goal["id"] != id));
    let tombstones = lin.all(&format!("/v1/goals?updated_since={since}"));
    let tombstone = tombstones.iter().find(|goal| goal["id"] == id).expect("a tombstone");
    assert!(tombstone["deleted_at"].is_string());
    assert_eq!(tombstone["allowed_actions"], json!([]));
    remove(&mei, &above).expect(204);
    // A deleted goal has no weight, and no goal can be placed under it.
    let mut next = goal(cycle, &indicator("Revenue in the north", "100"));
    next["parent_id"] = above.json()["id"].clone();
    let refused = app.unchanged(|| lin.post("/v1/goals", &next)).refused("validation-failed");
    refused.faults(&[("/parent_id", "unknown_reference")]);
    next["parent_id"] = Value::Null;
    let next = lin.post("/v1/goals", &next).expect(201);
    step(&lin, &path(&next), "submission", None).expect(200);
}

fn goals_are_begun_in_goal_setting(app: &TestApp) {
    let (lin, mei, hr) = (app.as_(Employee), app.as_(DirectManager), app.as_(HrAdmin));
    let content = indicator("Revenue in the north", "100");
    app.unchanged(|| {
        let new = |cycle: Uuid| lin.post("/v1/goals", &goal(cycle, &content));
        for unknown in [app.id("draft.cycle"), app.world.other.id("cycle"), Uuid::from_u128(1)] {
            let refused = new(unknown);
            refused.refused("validation-failed").faults(&[("/cycle_id", "unknown_reference")]);
        }
        for (owner, slug) in [("mei", "forbidden"), ("kai", "forbidden")] {
            let mut body = goal(app.id("cycle"), &content);
            body["owner_id"] = json!(app.id(owner));
            lin.post("/v1/goals", &body).refused(slug);
        }
        let mut body = goal(app.id("cycle"), &content);
        body["owner_id"] = json!(app.id("tom"));
        app.as_(Colleague)
            .post("/v1/goals", &body)
            .refused("validation-failed")
            .faults(&[("/owner_id", "unknown_reference")]);
        body["owner_id"] = json!(app.id("lin"));
        hr.post("/v1/goals", &body).refused("forbidden");
    });

    let running = new_cycle(app);
    let late = path(&draft(app, running, &content));
    cycles::drive(app, &app.world.own, running, "executing");
    let refused = app.unchanged(|| lin.post("/v1/goals", &goal(running, &content)));
    assert_eq!(refused.refused("state-conflict").json()["current_state"], "executing");
    // Work that was begun may be finished.
    patch(&lin, &late, &json!({ "content": { "title": "Revenue" } })).expect(200);
    activate(&lin, &mei, &late);

    cycles::drive(app, &app.world.own, running, "evaluating");
    let allowed = lin.get(&late).expect(200).json()["allowed_actions"].clone();
    assert_eq!(allowed, json!(["change", "check_in", "measurement"]));
    app.unchanged(|| {
        let closed = step(&lin, &late, "completion", None).refused("state-conflict").json();
        assert_eq!(closed["allowed_actions"], json!(["change", "check_in", "measurement"]));
    });
}

fn versions_and_retries_are_respected(app: &TestApp) {
    let (lin, cycle) = (app.as_(Employee), new_cycle(app));
    let body = goal(cycle, &indicator("Revenue in the north", "100"));
    let send = || lin.request("POST", "/v1/goals").key("once").json(&body).send().expect(201);
    let made = send();
    let again = app.unchanged(send);
    assert_eq!(again.json(), made.json());
    assert_eq!(again.header("Idempotency-Replayed"), Some("true"));
    let path = path(&made);

    let changed = patch(&lin, &path, &json!({ "content": { "title": "Revenue" } })).expect(200);
    assert_eq!(changed.json()["version"], 2);
    app.unchanged(|| {
        let stale = lin.request("PATCH", &path).if_match(&made.etag());
        stale.json(&json!({ "level": "team" })).send().refused("version-stale");
        let stale = lin.request("POST", format!("{path}/submission")).if_match(&made.etag());
        stale.send().refused("version-stale");
        let bare = lin.request("POST", format!("{path}/submission"));
        bare.send().refused("precondition-required");
    });
    let submit = || {
        let request = lin.request("POST", format!("{path}/submission")).if_match(&changed.etag());
        request.key("hand in").send().expect(200)
    };
    let first = submit();
    assert_eq!(app.unchanged(submit).json(), first.json());
    let fresh = lin.get(&path).expect(200);
    let known = lin.request("GET", &path).header("If-None-Match", &fresh.etag());
    assert!(known.send().expect(304).body.is_empty());
}

fn giving_up_takes_manager_and_hr(app: &TestApp) {
    let (lin, mei, hr) = (app.as_(Employee), app.as_(DirectManager), app.as_(HrAdmin));
    let cycle = new_cycle(app);
    let kept = path(&draft(app, cycle, &indicator("Revenue", "60")));
    let given_up = path(&draft(app, cycle, &objective("Win the north", "40")));
    for path in [&kept, &given_up] {
        activate(&lin, &mei, path);
    }
    let cancel =
        |client: &Client, text: &str| step(client, &given_up, "cancellation", reason(text));
    app.unchanged(|| {
        cancel(&lin, "No").refused("forbidden");
        cancel(&app.as_(SkipLevelManager), "No").refused("forbidden");
        cancel(&mei, " ")
            .refused("guard-failed")
            .faults(&[("", "reason_given"), ("", "weights_redistributed")]);
        cancel(&hr, "Closed").refused("guard-failed").faults(&[("", "weights_redistributed")]);
    });
    let mut heavier = indicator("Revenue", "100");
    heavier["definition"]["scoring"]["target"] = "1500".into();
    let change = json!({
        "content": heavier, "reason": "The other goal is given up", "evidence": ["Minutes"],
        "effective_from": "2026-06-01",
    });
    let change = step(&lin, &kept, "changes", Some(change)).expect(201);
    let change = format!("/v1/goal-changes/{}", change.id());
    step(&hr, &change, "approval", None).expect(200);

    let once = cancel(&hr, "The branch is closed").expect(200).json();
    assert_eq!(once["state"], "active");
    assert_eq!(once["first_signature"]["seat"], "HR");
    app.unchanged(|| {
        cancel(&hr, "The branch is closed").refused("forbidden");
        cancel(&app.as_(SecondHrAdmin), "The branch is closed").refused("forbidden");
    });
    let gone = cancel(&mei, "The branch is closed").expect(200).json();
    assert_eq!(gone["state"], "cancelled");
    assert_eq!(gone["allowed_actions"], json!([]));
    let entries = app.as_(Auditor).all("/v1/audit-entries?action=goal.cancelled");
    assert_eq!(entries.len(), 1);
    assert!(entries[0].get("reason").is_none(), "of goals an auditor sees metadata");
    let kept = app.recorded("goal.cancelled");
    assert_eq!(kept[0].reason.as_deref(), Some("The branch is closed"));
}

fn everybody_sees_the_goals_they_answer_for(app: &TestApp) {
    let cycle = new_cycle(app);
    let lins = draft(app, cycle, &indicator("Revenue in the north", "100"));
    let meis = goal(cycle, &indicator("Revenue of East", "100"));
    let meis = app.as_(DirectManager).post("/v1/goals", &meis).expect(201);
    let (lins, meis) = (lins.json()["id"].clone(), meis.json()["id"].clone());
    let list = |persona: Persona, more: &str| {
        app.as_(persona).all(&format!("/v1/goals?cycle_id={cycle}{more}"))
    };
    let ids = |rows: &[Value]| rows.iter().map(|row| row["id"].clone()).collect::<Vec<_>>();
    let both = [lins.clone(), meis.clone()];
    assert_eq!(ids(&list(Employee, "")), std::slice::from_ref(&lins));
    for persona in [DirectManager, SkipLevelManager, Hrbp, HrAdmin, Auditor] {
        assert_eq!(ids(&list(persona, "")), both, "{}", persona.name());
    }
    for persona in [Colleague, FormerManager, OtherHrbp] {
        assert_eq!(ids(&list(persona, "")), Vec::<Value>::new(), "{}", persona.name());
    }
    assert_eq!(
        ids(&list(HrAdmin, &format!("&owner_id={}", app.id("mei")))),
        std::slice::from_ref(&meis)
    );
    assert_eq!(ids(&list(HrAdmin, "&state=draft&level=person&limit=1")), both);
    assert!(list(HrAdmin, "&state=active").is_empty());
    assert!(list(HrAdmin, "&level=team").is_empty());
    let under = format!("/v1/goals?parent_id={}", app.id("goal.above"));
    assert_eq!(ids(&app.as_(HrAdmin).all(&under)), [json!(app.id("goal"))]);

    for row in list(HrAdmin, "") {
        let read = app.as_(HrAdmin).get(format!("/v1/goals/{}", row["id"].as_str().unwrap_or("")));
        assert_eq!(read.expect(200).json(), row);
    }
    let mine = &list(Employee, "")[0];
    assert_eq!(mine["allowed_actions"], json!(["update", "deletion", "submission"]));
    assert_eq!(list(DirectManager, "")[0]["allowed_actions"], json!(["update", "deletion"]));
    let metadata = &list(Auditor, "")[0];
    for hidden in ["content", "progress", "confidence", "score", "return_reason"] {
        assert!(metadata.get(hidden).is_none(), "{hidden}");
    }
    assert_eq!(metadata["state"], "draft");
    let auditor = app.as_(Auditor);
    for list in ["revisions", "check-ins", "measurements", "changes", "alignment"] {
        let path = format!("/v1/goals/{}/{list}", lins.as_str().unwrap_or(""));
        assert_eq!(auditor.get(&path).refused("forbidden").json()["rule"], "field-masked");
        app.as_(Colleague).get(&path).refused("not-found");
    }
}
