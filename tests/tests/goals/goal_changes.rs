//! Changes of goals that both sides have signed, and the tree that goals form.

use serde_json::{Value, json};
use tests::cycles::{self, step};
use tests::goals::{activate, cycle, goal, indicator, objective, patch, path};
use tests::world::Persona::{
    Colleague, DirectManager, Employee, HrAdmin, SecondHrAdmin, SkipLevelManager,
};
use tests::{Answer, Client, TestApp, on_each_engine};
use uuid::Uuid;

on_each_engine![
    an_approved_change_is_the_next_revision,
    a_request_needs_reason_and_evidence,
    weights_and_late_changes_are_for_hr,
    nobody_decides_on_an_own_request,
    a_rejected_change_leaves_the_goal_as_it_is,
    a_parent_stands_higher_and_lasts_longer,
    the_tree_is_checked_again_at_approval,
    everybody_sees_how_a_goal_contributes,
];

/// An active goal of Lin's.
fn active(app: &TestApp, cycle: Uuid, content: &Value) -> String {
    let lin = app.as_(Employee);
    let path = path(&lin.post("/v1/goals", &goal(cycle, content)).expect(201));
    activate(&lin, &app.as_(DirectManager), &path);
    path
}

fn change(content: &Value) -> Value {
    json!({
        "content": content, "reason": "The branch opens later", "evidence": ["Minutes of 3 March"],
        "effective_from": "2026-07-01",
    })
}

fn asked(client: &Client, path: &str, body: Value) -> String {
    let made = step(client, path, "changes", Some(body)).expect(201);
    let place = format!("/v1/goal-changes/{}", made.id());
    assert_eq!(made.header("Location"), Some(place.as_str()));
    place
}

fn reason(text: &str) -> Option<Value> {
    Some(json!({ "reason": text }))
}

fn with_target(target: &str) -> Value {
    let mut content = indicator("Revenue in the north", "100");
    content["definition"]["scoring"]["target"] = target.into();
    content
}

/// Proves R25 through `requestGoalChange`, `approveGoalChange`, `listGoalRevisions`,
/// `listGoalChanges`, `getGoalChange`.
fn an_approved_change_is_the_next_revision(app: &TestApp) {
    let (lin, mei) = (app.as_(Employee), app.as_(DirectManager));
    let path = active(app, cycle(app, &json!({})), &with_target("1200"));
    let measured = json!({
        "period_start": "2026-01-01", "source": "crm", "external_id": "jan", "value": "300",
    });
    lin.post(format!("{path}/measurements"), &measured).expect(201);
    let request = asked(&lin, &path, change(&with_target("600")));
    let waiting = lin.get(&path).expect(200).json();
    assert_eq!(waiting["state"], "change_pending");
    assert_eq!(waiting["content"]["definition"]["scoring"]["target"], "1200");
    assert_eq!(waiting["allowed_actions"], json!(["check_in", "measurement"]));
    let read = mei.get(&request).expect(200);
    assert_eq!(read.json()["state"], "pending");
    assert_eq!(read.json()["allowed_actions"], json!(["approval", "rejection"]));
    assert_eq!(lin.get(&request).expect(200).json()["allowed_actions"], json!([]));

    let approved = step(&mei, &request, "approval", None).expect(200).json();
    assert_eq!(approved["state"], "approved");
    assert_eq!(approved["version"], 2);
    assert_eq!(approved["decided_by"], json!(app.id("mei.account")));
    let goal = lin.get(&path).expect(200).json();
    assert_eq!((&goal["state"], &goal["revision"]), (&json!("active"), &json!(2)));
    assert_eq!(goal["content"]["definition"]["scoring"]["target"], "600");
    assert_eq!(goal["progress"], "0.5000");
    let revisions = lin.all(&format!("{path}/revisions?limit=1"));
    let told: Vec<_> = revisions
        .iter()
        .map(|it| {
            (
                &it["revision"],
                &it["effective_from"],
                &it["content"]["definition"]["scoring"]["target"],
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (&json!(1), &json!("2026-01-01"), &json!("1200")),
            (&json!(2), &json!("2026-07-01"), &json!("600")),
        ]
    );
    assert_eq!(lin.all(&format!("{path}/changes")), [lin.get(&request).json()]);
    app.unchanged(|| {
        let twice = step(&mei, &request, "approval", None).refused("state-conflict").json();
        assert_eq!(twice["current_state"], "approved");
        let stale = mei.request("POST", format!("{request}/approval")).if_match(&read.etag());
        stale.send().refused("version-stale");
    });
}

/// Proves R25 through `requestGoalChange`.
fn a_request_needs_reason_and_evidence(app: &TestApp) {
    let (lin, hr) = (app.as_(Employee), app.as_(HrAdmin));
    let cycle = cycle(app, &json!({}));
    let path = active(app, cycle, &with_target("1200"));
    let ask = |client: &Client, body: Value| step(client, &path, "changes", Some(body));
    app.unchanged(|| {
        let mut bare = change(&with_target("600"));
        bare["reason"] = " ".into();
        bare["evidence"] = json!([""]);
        ask(&lin, bare)
            .refused("guard-failed")
            .faults(&[("", "evidence_attached"), ("", "reason_given")]);
        let mut odd = with_target("0");
        odd["definition"]["source"] = Value::Null;
        let mut odd = change(&odd);
        odd["effective_from"] = "2025-12-31".into();
        ask(&lin, odd).refused("validation-failed").faults(&[
            ("/content/definition/scoring", "KPI_TARGET_ZERO"),
            ("/content/definition/source", "required"),
            ("/effective_from", "period_invalid"),
        ]);
        let mut lighter = objective("Win the north", "100");
        lighter["definition"]["key_results"].as_array_mut().expect("a list").pop();
        ask(&lin, change(&lighter))
            .refused("validation-failed")
            .faults(&[("/content/definition/key_results", "WEIGHTS_NOT_100")]);
        ask(&app.as_(SkipLevelManager), change(&with_target("600"))).refused("forbidden");
        ask(&hr, change(&with_target("600"))).refused("forbidden");
        let lins = lin.get(&path).expect(200);
        let others = app.as_(Colleague).request("POST", format!("{path}/changes"));
        let others = others.if_match(&lins.etag()).json(&change(&with_target("600")));
        others.send().refused("not-found");
    });
    // The manager can request a change too; a goal has at most one pending request.
    asked(&app.as_(DirectManager), &path, change(&with_target("600")));
    app.unchanged(|| drop(ask(&lin, change(&with_target("500"))).refused("state-conflict")));
    // The manager may reject even a request of their own.
    let request = format!(
        "/v1/goal-changes/{}",
        lin.all(&format!("{path}/changes"))[0]["id"].as_str().unwrap_or("")
    );
    step(&app.as_(DirectManager), &request, "rejection", reason("Not now")).expect(200);
}

/// Proves R25 through `approveGoalChange`.
fn weights_and_late_changes_are_for_hr(app: &TestApp) {
    let (lin, mei, hr) = (app.as_(Employee), app.as_(DirectManager), app.as_(HrAdmin));
    let early = cycle(app, &json!({}));
    let wrong = |client: &Client, request: &str, noun: &str| {
        app.unchanged(|| {
            let refused = step(client, request, noun, reason("No").filter(|_| noun == "rejection"));
            refused.refused("guard-failed").faults(&[("", "right_decider")]);
        });
    };
    // Before the middle of the period, the manager approves.
    let path = active(app, early, &with_target("1200"));
    let request = asked(&lin, &path, change(&with_target("600")));
    wrong(&hr, &request, "approval");
    wrong(&hr, &request, "rejection");
    step(&mei, &request, "approval", None).expect(200);
    // A change of the weight is for HR.
    let mut lighter = with_target("600");
    lighter["weight"] = "90".into();
    let request = asked(&lin, &path, change(&lighter));
    wrong(&mei, &request, "approval");
    step(&hr, &request, "approval", None).expect(200);
    assert_eq!(lin.get(&path).json()["content"]["weight"], "90.00");

    // After the middle of the period, HR approves.
    let late = cycles::design("LATE", app.id("policy"));
    let late = hr.post("/v1/cycles", &late).expect(201).id();
    step(&hr, &format!("/v1/cycles/{late}"), "launch", None).expect(200);
    let id = cycles::literal(app, late);
    cycles::behind(app, &format!("UPDATE cycle SET period_start = '2020-01-01' WHERE id = {id}"));
    let path = active(app, late, &with_target("1200"));
    let request = asked(&lin, &path, change(&with_target("600")));
    wrong(&mei, &request, "approval");
    step(&hr, &request, "approval", None).expect(200);
}

fn nobody_decides_on_an_own_request(app: &TestApp) {
    let (lin, mei) = (app.as_(Employee), app.as_(DirectManager));
    let path = active(app, cycle(app, &json!({})), &with_target("1200"));
    let request = asked(&mei, &path, change(&with_target("600")));
    assert_eq!(mei.get(&request).json()["allowed_actions"], json!(["rejection"]));
    app.unchanged(|| {
        let own = step(&mei, &request, "approval", None).refused("guard-failed");
        own.faults(&[("", "not_own_request")]);
        step(&lin, &request, "approval", None).refused("forbidden");
        step(&app.as_(SkipLevelManager), &request, "approval", None).refused("forbidden");
        app.as_(Colleague).get(&request).refused("not-found");
        let etag = mei.get(&request).etag();
        let others = app.as_(Colleague).request("POST", format!("{request}/approval"));
        others.if_match(&etag).send().refused("not-found");
        for hr in [HrAdmin, SecondHrAdmin] {
            let early = step(&app.as_(hr), &request, "approval", None).refused("guard-failed");
            early.faults(&[("", "right_decider")]);
        }
    });
}

fn a_rejected_change_leaves_the_goal_as_it_is(app: &TestApp) {
    let (lin, mei) = (app.as_(Employee), app.as_(DirectManager));
    let path = active(app, cycle(app, &json!({})), &with_target("1200"));
    let before = lin.get(&path).expect(200).json();
    let request = asked(&lin, &path, change(&with_target("600")));
    app.unchanged(|| {
        let bare = step(&mei, &request, "rejection", reason("")).refused("guard-failed");
        bare.faults(&[("", "reason_given")]);
    });
    let rejected = step(&mei, &request, "rejection", reason("It opens as planned")).expect(200);
    assert_eq!(rejected.json()["state"], "rejected");
    assert_eq!(rejected.json()["decision_reason"], "It opens as planned");
    let after = lin.get(&path).expect(200).json();
    for same in ["state", "content", "revision", "allowed_actions"] {
        assert_eq!(after[same], before[same], "{same}");
    }
    assert_eq!(lin.all(&format!("{path}/revisions")).len(), 1);
    asked(&lin, &path, change(&with_target("700")));
}

/// The body that creates a goal on a level, under another goal.
fn placed(cycle: Uuid, level: &str, parent: Option<&Answer>, weight: &str) -> Value {
    let mut body = goal(cycle, &indicator("Revenue", weight));
    body["level"] = level.into();
    body["parent_id"] = parent.map_or(Value::Null, |parent| parent.json()["id"].clone());
    body
}

/// Proves R12 through `createGoal`, `updateGoal`.
fn a_parent_stands_higher_and_lasts_longer(app: &TestApp) {
    let (lin, mei) = (app.as_(Employee), app.as_(DirectManager));
    let cycle = cycle(app, &json!({}));
    let company = mei.post("/v1/goals", &placed(cycle, "company", None, "50")).expect(201);
    let team = mei.post("/v1/goals", &placed(cycle, "team", Some(&company), "50")).expect(201);
    let person = lin.post("/v1/goals", &placed(cycle, "person", Some(&team), "100")).expect(201);
    app.unchanged(|| {
        let level = lin.post("/v1/goals", &placed(cycle, "team", Some(&team), "0"));
        level.refused("validation-failed").faults(&[("/parent_id", "ALIGN_LEVEL")]);
        let mut long = placed(cycle, "team", Some(&team), "0");
        long["content"]["period"]["end"] = "2027-01-01".into();
        lin.post("/v1/goals", &long)
            .refused("validation-failed")
            .faults(&[("/parent_id", "ALIGN_LEVEL"), ("/parent_id", "GUARD_FAILED")]);
        let own = json!({ "parent_id": company.json()["id"] });
        patch(&mei, &path(&company), &own)
            .refused("validation-failed")
            .faults(&[("/parent_id", "ALIGN_SELF")]);
        let round = json!({ "parent_id": person.json()["id"] });
        patch(&mei, &path(&company), &round)
            .refused("validation-failed")
            .faults(&[("/parent_id", "ALIGN_CYCLE"), ("/parent_id", "ALIGN_LEVEL")]);
        for nothing in [Uuid::from_u128(1), app.world.other.id("goal")] {
            let body = json!({ "parent_id": nothing });
            patch(&lin, &path(&person), &body)
                .refused("validation-failed")
                .faults(&[("/parent_id", "unknown_reference")]);
        }
        // Goals below are checked too.
        let lower = json!({ "level": "person", "content": { "period": {
            "start": "2026-02-01", "end": "2026-12-31",
        } } });
        patch(&mei, &path(&team), &lower)
            .refused("validation-failed")
            .faults(&[("/content/period", "GUARD_FAILED"), ("/level", "ALIGN_LEVEL")]);
    });
    let free = patch(&lin, &path(&person), &json!({ "parent_id": null })).expect(200);
    assert!(free.json()["parent_id"].is_null());
    patch(&mei, &path(&team), &json!({ "level": "person" })).expect(200);
}

fn the_tree_is_checked_again_at_approval(app: &TestApp) {
    let (lin, mei, hr) = (app.as_(Employee), app.as_(DirectManager), app.as_(HrAdmin));
    let strict = cycle(app, &json!({ "goal.align_required": "block" }));
    let alone = lin.post("/v1/goals", &placed(strict, "person", None, "100")).expect(201);
    step(&lin, &path(&alone), "submission", None).expect(200);
    app.unchanged(|| {
        let refused = step(&mei, &path(&alone), "approval", None).refused("guard-failed");
        refused.faults(&[("", "alignment_valid")]);
    });

    let cycle = cycle(app, &json!({}));
    let team = mei.post("/v1/goals", &placed(cycle, "team", None, "100")).expect(201);
    let person = lin.post("/v1/goals", &placed(cycle, "person", Some(&team), "100")).expect(201);
    let sun = app.as_(SkipLevelManager);
    activate(&mei, &sun, &path(&team));
    step(&hr, &path(&team), "cancellation", reason("Merged")).expect(200);
    step(&sun, &path(&team), "cancellation", reason("Merged")).expect(200);
    step(&lin, &path(&person), "submission", None).expect(200);
    app.unchanged(|| {
        let refused = step(&mei, &path(&person), "approval", None).refused("guard-failed");
        refused.faults(&[("", "alignment_valid"), ("/parent_id", "GUARD_FAILED")]);
    });
}

/// Proves R12, R21, R22 through `getGoalAlignment`.
fn everybody_sees_how_a_goal_contributes(app: &TestApp) {
    let (lin, mei, sun) = (app.as_(Employee), app.as_(DirectManager), app.as_(SkipLevelManager));
    let cycle = cycle(app, &json!({ "okr.rollup": "children" }));
    let mut company = placed(cycle, "company", None, "40");
    company["content"]["theme"] = "Lead the market".into();
    company["content"]["title"] = "Revenue of the company".into();
    let company = mei.post("/v1/goals", &company).expect(201);
    let team = mei.post("/v1/goals", &placed(cycle, "team", Some(&company), "60")).expect(201);
    for made in [&company, &team] {
        activate(&mei, &sun, &path(made));
    }
    let mut made = Vec::new();
    for (weight, target) in [("75", "600"), ("25", "540")] {
        let mut body = placed(cycle, "person", Some(&team), weight);
        body["content"]["definition"]["scoring"]["target"] = target.into();
        made.push(lin.post("/v1/goals", &body).expect(201));
    }
    let sight = |client: &Client, of: &Answer| {
        client.get(format!("{}/alignment", path(of))).expect(200).json()
    };
    // A reader from above does not see drafts.
    assert_eq!(sight(&mei, &team)["below"], json!([]));
    assert!(sight(&mei, &team)["coverage"].is_null());
    for made in &made {
        activate(&lin, &mei, &path(made));
    }
    let measured = json!({
        "period_start": "2026-01-01", "source": "crm", "external_id": "jan", "value": "300",
    });
    lin.post(format!("{}/measurements", path(&made[0])), &measured).expect(201);

    let below = sight(&mei, &team);
    let children: Vec<_> = below["below"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|child| (&child["weight"], &child["progress"]))
        .collect();
    assert_eq!(children, [(&json!("75.00"), &json!("0.5000")), (&json!("25.00"), &Value::Null),]);
    assert_eq!(below["rolled_up_progress"], "0.3750");
    assert!(below["alignment_gap"].is_null());
    assert_eq!(below["coverage"], json!({ "percent": "95.00", "short": true }));

    // Lin sees the whole line up to the theme, but not the content of the goals.
    let line = sight(&lin, &made[0]);
    let titles: Vec<_> = line["above"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|above| above["title"].clone())
        .collect();
    assert_eq!(titles, ["Revenue", "Revenue of the company"]);
    assert_eq!(line["theme"], "Lead the market");
    assert_eq!(line["below"], json!([]));
    lin.get(path(&company)).refused("not-found");
    app.as_(Colleague).get(format!("{}/alignment", path(&made[0]))).refused("not-found");
}
