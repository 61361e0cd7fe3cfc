//! A department's own dimension weights: requested by its head, decided and filed by HR.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use tests::app::eventually;
use tests::calls::id_of;
use tests::cycles::{adjustment, adjustment_in, drive, step, weights};
use tests::goals::{self, activate, goal, indicator, patch};
use tests::reviews::{hand_in, measure, of, open, planned, rules};
use tests::world::Persona::{
    self, Auditor, Colleague, Committee, Comp, DirectManager, Employee, Executive, Finance,
    FormerManager, HrAdmin, Hrbp, OtherHrAdmin, OtherHrbp, SecondHrAdmin, SkipLevelManager,
};
use tests::{Answer, Client, TestApp, on_each_engine};
use uuid::Uuid;

on_each_engine![
    a_department_is_rated_with_its_own_weights,
    weights_taken_back_are_those_of_the_framework_again,
    weights_stay_near_the_framework,
    all_faults_of_a_request_are_named_at_once,
    only_the_head_asks_for_other_weights,
    a_request_names_what_exists,
    a_department_has_one_open_request,
    whoever_asks_does_not_decide,
    a_draft_is_changed_by_the_head_alone,
    whoever_has_handed_the_department_over_asks_no_more,
    nobody_approves_through_an_account_of_their_own_making,
    a_cancelled_cycle_takes_no_request,
    a_request_is_for_those_who_decide_on_it,
    nothing_changes_once_evaluation_is_open,
    a_decision_is_reasoned_and_a_filing_numbered,
    nobody_decides_on_what_they_have_not_seen,
    what_is_offered_is_what_works,
];

/// A new cycle in goal setting.
fn cycle(app: &TestApp) -> Uuid {
    goals::cycle(app, &json!({}))
}

/// The path of a new weight adjustment in a given state.
fn in_state(app: &TestApp, cycle: Uuid, state: &str) -> String {
    format!("/v1/weight-adjustments/{}", adjustment_in(app, &app.world.own, cycle, state))
}

fn reason() -> Option<Value> {
    Some(json!({ "reason": "Sales was split" }))
}

/// What a step sends.
fn body(noun: &str) -> Option<Value> {
    match noun {
        "rejection" | "revocation" => reason(),
        "filing" => Some(json!({ "filing_number": "BA-2026-7" })),
        _ => None,
    }
}

/// Takes a step with the body it needs.
fn act(client: &Client, path: &str, noun: &str) -> Answer {
    match noun {
        "update" => patch(client, path, &json!({ "reason": "Two thirds of the staff is new" })),
        _ => step(client, path, noun, body(noun)),
    }
}

/// Weights by dimension, without zeros after the point.
fn by_dimension(list: &Value) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let weight = |value: &Value| text(value).trim_end_matches(".00").to_owned();
    let rows = list.as_array().into_iter().flatten();
    rows.map(|row| (text(&row["dimension"]), weight(&row["weight"]))).collect()
}

/// A new cycle in goal setting, in which Mei answers for Lin of sales and for Kai of labs. Both
/// have the same goal, half of which is reported.
fn alike(app: &TestApp) -> Uuid {
    let cycle = planned(app, &rules(&json!({})));
    let (hr, kai) = (app.as_(HrAdmin), app.as_(Colleague));
    let query = format!("/v1/participants?cycle_id={cycle}&employee_id={}", app.id("kai"));
    let participant = hr.all(&query)[0]["id"].as_str().unwrap_or_default().to_owned();
    let order = json!({ "manager_id": app.id("mei"), "reason": "Works with East" });
    step(&hr, &format!("/v1/participants/{participant}"), "handover", Some(order)).expect(200);
    let made = kai.post("/v1/goals", &goal(cycle, &indicator("Revenue", "100"))).expect(201);
    activate(&kai, &app.as_(DirectManager), &goals::path(&made));
    measure(&kai, &goals::path(&made), "600");
    cycle
}

/// Opens the evaluation and lets Mei rate both alike. Returns for each the composite score, the
/// weights of which it is made, and the whole explanation.
fn rated(app: &TestApp, cycle: Uuid) -> [(Value, Vec<Value>, String); 2] {
    open(app, cycle);
    let mei = app.as_(DirectManager);
    [("lin", Employee), ("kai", Colleague)].map(|(name, persona)| {
        let review = of(app, cycle, name);
        hand_in(&app.as_(persona), &review, "self-review", "3");
        hand_in(&mei, &review, "manager-review", "4");
        let result = review.replace("reviews", "results");
        let composite = mei.get(&result).expect(200).json()["composite"].take();
        let explanation = mei.get(format!("{result}/explanation")).expect(200).json();
        let parts = explanation["whole"]["parts"].as_array().into_iter().flatten();
        let weights = parts.map(|part| part["weight"].clone()).collect();
        (composite, weights, explanation.to_string())
    })
}

/// The types of the audit entries about a weight adjustment, without that of the bare filing.
fn recorded(app: &TestApp, path: &str) -> Vec<String> {
    let list = format!("/v1/audit-entries?resource_id={}", id_of(path));
    let entries = app.as_(Auditor).all(&list);
    let actions = entries.iter().map(|it| it["action"].as_str().unwrap_or_default().to_owned());
    actions.filter(|action| !action.ends_with(".filed")).collect()
}

fn told(steps: &[&str]) -> Vec<String> {
    steps.iter().map(|step| format!("weight_adjustment.{step}")).collect()
}

/// Proves R63 through `createWeightAdjustment`, `updateWeightAdjustment`, `submitWeightAdjustment`,
/// `approveWeightAdjustment`, `fileWeightAdjustment`, `getWeightAdjustment`, `explainResult`.
fn a_department_is_rated_with_its_own_weights(app: &TestApp) {
    let cycle = alike(app);
    let (sun, hua) = (app.as_(SkipLevelManager), app.as_(HrAdmin));
    let asked = adjustment(&app.world.own, cycle);
    let made = sun.post("/v1/weight-adjustments", &asked).expect(201);
    let path = format!("/v1/weight-adjustments/{}", made.id());
    assert_eq!(made.header("Location"), Some(path.as_str()));
    let shown = made.json();
    for same in ["cycle_id", "department_id", "population", "reason"] {
        assert_eq!(shown[same], asked[same], "{same}");
    }
    assert_eq!((&shown["state"], &shown["version"]), (&json!("draft"), &json!(1)));
    assert_eq!(shown["requested_by"], json!(app.id("sun")));
    for open in ["decided_by", "decision_reason", "filing_number", "effective_at"] {
        assert_eq!(shown[open], Value::Null, "{open}");
    }
    act(&sun, &path, "update").expect(200);
    act(&sun, &path, "submission").expect(200);
    let approved = act(&hua, &path, "approval").expect(200).json();
    assert_eq!(approved["state"], "hr_approved");
    assert_eq!(approved["decided_by"], json!(app.id("hua.account")));
    let filed = act(&hua, &path, "filing").expect(200).json();
    assert_eq!(filed["state"], "effective");
    assert_eq!(filed["filing_number"], "BA-2026-7");
    assert_eq!(filed["reason"], "Two thirds of the staff is new");
    assert!(filed["effective_at"].is_string());
    assert_eq!(by_dimension(&filed["weights"]), by_dimension(&asked["weights"]));
    assert_eq!(hua.get(&path).expect(200).json(), filed);

    let steps = told(&["created", "updated", "submitted", "approved", "effective"]);
    assert_eq!(recorded(app, &path), steps);
    let mut events = app.events_about(made.id());
    events.retain(|kind| !kind.ends_with(".filed"));
    assert_eq!(events, steps);

    // 50 % of 50 and 50 % of 110; in the other department 60 % of 50 and 40 % of 110.
    let [lin, kai] = rated(app, cycle);
    assert_eq!((&lin.0, &kai.0), (&json!("80.00"), &json!("74.00")));
    assert_eq!(lin.1, ["50.00", "30.00", "10.00", "10.00"]);
    assert_eq!(kai.1, ["60.00", "20.00", "10.00", "10.00"]);
    assert!(lin.2.contains("BA-2026-7"), "{}", lin.2);
    assert!(!kai.2.contains("BA-2026-7"), "{}", kai.2);
}

/// Proves R63 through `revokeWeightAdjustment`.
fn weights_taken_back_are_those_of_the_framework_again(app: &TestApp) {
    let cycle = alike(app);
    let path = in_state(app, cycle, "effective");
    let revoked = act(&app.as_(HrAdmin), &path, "revocation").expect(200).json();
    assert_eq!(revoked["state"], "revoked");
    assert_eq!(revoked["decision_reason"], "Sales was split");
    let number = revoked["filing_number"].as_str().unwrap_or_default().to_owned();
    assert!(!number.is_empty(), "the number is kept: {revoked}");
    let steps = told(&["created", "submitted", "approved", "effective", "revoked"]);
    assert_eq!(recorded(app, &path), steps);
    let [lin, kai] = rated(app, cycle);
    assert_eq!((&lin.0, &lin.1), (&kai.0, &kai.1));
    assert_eq!(lin.1, ["60.00", "20.00", "10.00", "10.00"]);
    assert!(!lin.2.contains(&number), "{}", lin.2);
}

/// Proves R63 through `submitWeightAdjustment`.
fn weights_stay_near_the_framework(app: &TestApp) {
    let sun = app.as_(SkipLevelManager);
    let path = in_state(app, app.id("cycle"), "draft");
    let refuse = |weights: Value, codes: &[&str]| {
        patch(&sun, &path, &json!({ "weights": weights })).expect(200);
        let faults: Vec<_> = codes.iter().map(|code| ("/weights", *code)).collect();
        let refused = app.unchanged(|| act(&sun, &path, "submission"));
        let refused = refused.refused("guard-failed").faults(&faults).json();
        assert_eq!(sun.get(&path).expect(200).json()["state"], "draft");
        refused["errors"][0]["detail"].as_str().unwrap_or_default().to_owned()
    };
    refuse(weights(["60", "20", "10", "9.99"]), &["WEIGHTS_NOT_100"]);
    refuse(weights(["60", "20", "10", "10.01"]), &["WEIGHTS_NOT_100"]);
    let far = refuse(weights(["49.99", "30.01", "10", "10"]), &["OUT_OF_RANGE"]);
    assert!(far.contains("performance") && far.contains("competency"), "{far}");
    assert!(!far.contains("behaviour"), "{far}");
    let mut renamed = weights(["60", "20", "10", "10"]);
    renamed[3]["dimension"] = "values".into();
    refuse(renamed, &["DIMENSIONS_DIFFER"]);
    let mut fewer = weights(["60", "20", "20", "0"]);
    fewer.as_array_mut().expect("a list").pop();
    refuse(fewer, &["DIMENSIONS_DIFFER"]);
    // Exactly ten points are allowed.
    patch(&sun, &path, &json!({ "weights": weights(["50", "10", "20", "20"]) })).expect(200);
    assert_eq!(act(&sun, &path, "submission").expect(200).json()["state"], "submitted");
}

fn all_faults_of_a_request_are_named_at_once(app: &TestApp) {
    let sun = app.as_(SkipLevelManager);
    let path = in_state(app, app.id("cycle"), "draft");
    patch(&sun, &path, &json!({ "weights": weights(["45", "35", "10", "9.99"]) })).expect(200);
    let submit = || app.unchanged(|| act(&sun, &path, "submission")).refused("guard-failed");
    submit().faults(&[("/weights", "OUT_OF_RANGE"), ("/weights", "WEIGHTS_NOT_100")]);
    drive(app, &app.world.own, app.id("cycle"), "evaluating");
    submit().faults(&[
        ("", "before_evaluation"),
        ("/weights", "OUT_OF_RANGE"),
        ("/weights", "WEIGHTS_NOT_100"),
    ]);
}

/// Proves R63 through `createWeightAdjustment`.
fn only_the_head_asks_for_other_weights(app: &TestApp) {
    let of = |department: &str| {
        let mut body = adjustment(&app.world.own, app.id("cycle"));
        body["department_id"] = json!(app.id(department));
        body
    };
    // Mei answers for Lin, but Sun of the same department answers for Mei.
    let others = [
        (DirectManager, "sales"),
        (FormerManager, "sales"),
        (Employee, "sales"),
        (HrAdmin, "sales"),
        (Executive, "sales"),
        (Colleague, "sales"),
        // Kai answers for nobody in labs, and Sun belongs to another department.
        (Colleague, "labs"),
        (SkipLevelManager, "labs"),
    ];
    app.unchanged(|| {
        for (persona, department) in others {
            let answer = app.as_(persona).post("/v1/weight-adjustments", &of(department));
            let refused = answer.refused("forbidden").json();
            assert_eq!(refused["rule"], "no-rule-allows", "{} {department}", persona.name());
        }
    });
    app.as_(SkipLevelManager).post("/v1/weight-adjustments", &of("sales")).expect(201);
}

fn a_request_names_what_exists(app: &TestApp) {
    let refuse = |name: &str, value: Value| {
        let mut body = adjustment(&app.world.own, app.id("cycle"));
        body[name] = value;
        let sun = app.as_(SkipLevelManager);
        let refused = app.unchanged(|| sun.post("/v1/weight-adjustments", &body));
        let pointer = format!("/{name}");
        refused.refused("validation-failed").faults(&[(pointer.as_str(), "unknown_reference")]);
    };
    refuse("cycle_id", json!(app.world.other.id("cycle")));
    refuse("cycle_id", json!(Uuid::from_u128(7)));
    refuse("department_id", json!(app.world.other.id("sales")));
    refuse("department_id", json!(Uuid::from_u128(7)));
    refuse("population", json!("nobody"));

    let sun = app.as_(SkipLevelManager);
    let mut body = adjustment(&app.world.own, app.id("cycle"));
    body["department_id"] = json!(Uuid::from_u128(7));
    body["population"] = json!("nobody");
    let mut twice = weights(["60", "20", "10", "10"]);
    twice[1]["dimension"] = twice[0]["dimension"].clone();
    twice[3]["dimension"] = twice[0]["dimension"].clone();
    body["weights"] = twice.clone();
    let again = ["/weights/1/dimension", "/weights/3/dimension"];
    let again = again.map(|pointer| (pointer, "duplicate_in_request"));
    let unknown = ["/department_id", "/population"].map(|it| (it, "unknown_reference"));
    let refused = app.unchanged(|| sun.post("/v1/weight-adjustments", &body));
    let refused = refused.refused("validation-failed");
    let refused = refused.faults(&[unknown[0], unknown[1], again[0], again[1]]);
    assert!(refused.json().to_string().contains("performance"), "what is named again is told");

    let path = in_state(app, app.id("cycle"), "draft");
    let refused = app.unchanged(|| patch(&sun, &path, &json!({ "weights": twice })));
    refused.refused("validation-failed").faults(&again);
}

fn a_department_has_one_open_request(app: &TestApp) {
    let (sun, hua) = (app.as_(SkipLevelManager), app.as_(HrAdmin));
    let cycle = app.id("cycle");
    // A draft, also a forgotten one, hinders nobody.
    let (first, other) = (in_state(app, cycle, "draft"), in_state(app, cycle, "draft"));
    let twice =
        || act(&sun, &other, "submission").refused("duplicate").faults(&[("", "duplicate")]);
    act(&sun, &first, "submission").expect(200);
    app.unchanged(|| drop(twice()));
    let rejected = act(&hua, &first, "rejection").expect(200).json();
    assert_eq!(rejected["state"], "hr_rejected");
    assert_eq!(rejected["decision_reason"], "Sales was split");
    assert_eq!(recorded(app, &first), told(&["created", "submitted", "rejected"]));
    let second = in_state(app, cycle, "effective");
    app.unchanged(|| drop(twice()));
    act(&hua, &second, "revocation").expect(200);
    act(&sun, &other, "submission").expect(200);
    // Every one stays on record.
    let path = format!("/v1/weight-adjustments?cycle_id={cycle}&limit=1");
    assert_eq!(sun.all(&path).len(), 3);
}

/// Proves R63 through `approveWeightAdjustment`, `rejectWeightAdjustment`.
fn whoever_asks_does_not_decide(app: &TestApp) {
    let (sun, hua) = (app.as_(SkipLevelManager), app.as_(HrAdmin));
    let role = json!({ "account_id": app.id("sun.account"), "role": "hr_admin" });
    hua.post("/v1/role-assignments", &role).expect(201);
    eventually("Sun is an administrator", || sun.get("/v1/accounts").status == 200);
    let path = in_state(app, app.id("cycle"), "submitted");
    assert_eq!(sun.get(&path).expect(200).json()["allowed_actions"], json!([]));
    for noun in ["approval", "rejection"] {
        let refused = app.unchanged(|| act(&sun, &path, noun)).refused("forbidden");
        assert_eq!(refused.json()["rule"], "conflict-of-interest", "{noun}");
    }
    app.unchanged(|| {
        for persona in [Hrbp, Executive] {
            act(&app.as_(persona), &path, "approval").refused("forbidden");
        }
    });
    act(&app.as_(SecondHrAdmin), &path, "approval").expect(200);
}

/// The audit log and the events tell of drafts, so whoever reads those reads drafts as well.
fn a_draft_is_changed_by_the_head_alone(app: &TestApp) {
    let path = in_state(app, app.id("cycle"), "draft");
    for persona in [SkipLevelManager, HrAdmin, Hrbp, Executive] {
        let caller = app.as_(persona);
        let read = caller.get(&path).expect(200);
        assert_eq!(caller.all("/v1/weight-adjustments"), [read.json()], "{}", persona.name());
        if persona != SkipLevelManager {
            app.unchanged(|| {
                act(&caller, &path, "update").refused("forbidden");
                act(&caller, &path, "submission").refused("forbidden");
            });
        }
    }
    for persona in [Employee, DirectManager, Colleague, OtherHrAdmin] {
        let caller = app.as_(persona);
        caller.finds_nothing(&path);
        assert!(caller.all("/v1/weight-adjustments").is_empty(), "{}", persona.name());
    }
    let early = app.unchanged(|| act(&app.as_(HrAdmin), &path, "approval"));
    assert_eq!(early.refused("state-conflict").json()["current_state"], "draft");
}

/// Proves R63 through `updateWeightAdjustment`, `submitWeightAdjustment`.
fn whoever_has_handed_the_department_over_asks_no_more(app: &TestApp) {
    let cycle = cycle(app);
    let path = in_state(app, cycle, "draft");
    let (hr, sun) = (app.as_(HrAdmin), app.as_(SkipLevelManager));
    let participant = |name: &str| {
        let query = format!("/v1/participants?cycle_id={cycle}&employee_id={}", app.id(name));
        let id = hr.all(&query)[0]["id"].as_str().unwrap_or_default().to_owned();
        format!("/v1/participants/{id}")
    };
    // Sun now answers to Lin, of the same department.
    let order = |manager: &str| Some(json!({ "manager_id": app.id(manager), "reason": "Moved" }));
    step(&hr, &participant("sun"), "handover", order("lin")).expect(200);
    app.unchanged(|| {
        act(&sun, &path, "update").refused("forbidden");
        act(&sun, &path, "submission").refused("forbidden");
    });
}

/// Proves R63 through `approveWeightAdjustment`.
fn nobody_approves_through_an_account_of_their_own_making(app: &TestApp) {
    let (sun, hua) = (app.as_(SkipLevelManager), app.as_(HrAdmin));
    let path = in_state(app, app.id("cycle"), "draft");
    // Whoever changes an address may have a new credential sent there.
    let person = hua.get(format!("/v1/employees/{}", app.id("sun"))).expect(200);
    hua.patch(&person, &json!({ "email": "hua2@acme.example" })).expect(200);
    act(&sun, &path, "submission").expect(200);
    let refused = app.unchanged(|| act(&hua, &path, "approval")).refused("forbidden");
    assert_eq!(refused.json()["rule"], "separation-of-duties");
    refused.faults(&[("", "signer_behind_other")]);
    act(&app.as_(SecondHrAdmin), &path, "approval").expect(200);
}

/// Proves R63 through `createWeightAdjustment`, `submitWeightAdjustment`.
fn a_cancelled_cycle_takes_no_request(app: &TestApp) {
    let cycle = cycle(app);
    let path = in_state(app, cycle, "draft");
    for persona in [HrAdmin, Executive] {
        let reason = Some(json!({ "reason": "Not needed" }));
        step(&app.as_(persona), &format!("/v1/cycles/{cycle}"), "cancellation", reason).expect(200);
    }
    let sun = app.as_(SkipLevelManager);
    let refused = app.unchanged(|| act(&sun, &path, "submission")).refused("guard-failed");
    refused.faults(&[("", "before_evaluation")]);
    let late = sun.post("/v1/weight-adjustments", &adjustment(&app.world.own, cycle));
    late.refused("validation-failed").faults(&[("/cycle_id", "unknown_reference")]);
}

/// Proves R63 through `listWeightAdjustments`, `getWeightAdjustment`.
fn a_request_is_for_those_who_decide_on_it(app: &TestApp) {
    let cycle = cycle(app);
    let path = in_state(app, cycle, "submitted");
    let shown = app.as_(SkipLevelManager).get(&path).expect(200).json();
    for persona in [SecondHrAdmin, Hrbp, Executive] {
        let seen = app.as_(persona).get(&path).expect(200).json();
        assert_eq!(seen["weights"], shown["weights"], "{}", persona.name());
        assert_eq!(seen["reason"], shown["reason"], "{}", persona.name());
    }
    let ada = app.as_(Auditor);
    let seen = ada.get(&path).expect(200).json();
    assert_eq!((&seen["state"], &seen["cycle_id"]), (&json!("submitted"), &json!(cycle)));
    for hidden in ["weights", "reason", "decision_reason"] {
        assert!(seen.get(hidden).is_none(), "{seen}");
    }
    assert_eq!(ada.all("/v1/weight-adjustments"), [seen]);
    let team = [Employee, DirectManager, FormerManager, Colleague];
    for persona in team.into_iter().chain([OtherHrbp, Comp, Finance, Committee, OtherHrAdmin]) {
        app.as_(persona).finds_nothing(&path);
    }

    in_state(app, app.id("cycle"), "effective");
    let hua = app.as_(HrAdmin);
    let found = |query: &str| hua.all(&format!("/v1/weight-adjustments?limit=1{query}")).len();
    assert_eq!(found(""), 2);
    assert_eq!(found(&format!("&cycle_id={cycle}")), 1);
    assert_eq!(found(&format!("&department_id={}", app.id("sales"))), 2);
    assert_eq!(found(&format!("&department_id={}", app.id("labs"))), 0);
    assert_eq!(found("&state=submitted"), 1);
    assert_eq!(found("&state=effective"), 1);
    let since = shown["updated_at"].as_str().unwrap_or_default();
    assert_eq!(found(&format!("&updated_since={since}")), 2);
}

/// Proves R63 through `createWeightAdjustment`, `submitWeightAdjustment`,
/// `approveWeightAdjustment`, `fileWeightAdjustment`, `revokeWeightAdjustment`.
fn nothing_changes_once_evaluation_is_open(app: &TestApp) {
    let (sun, hua) = (app.as_(SkipLevelManager), app.as_(HrAdmin));
    let cases = [
        ("draft", &sun, "submission"),
        ("submitted", &hua, "approval"),
        ("effective", &hua, "revocation"),
    ];
    for (state, client, noun) in cases {
        let cycle = cycle(app);
        let path = in_state(app, cycle, state);
        drive(app, &app.world.own, cycle, "evaluating");
        let refused = app.unchanged(|| act(client, &path, noun)).refused("guard-failed");
        refused.faults(&[("", "before_evaluation")]);
        assert_eq!(sun.get(&path).expect(200).json()["state"], state);
    }
    // What is filed too late is kept, but does not count.
    let cycle = alike(app);
    let path = in_state(app, cycle, "hr_approved");
    let [lin, kai] = rated(app, cycle);
    let filed = act(&hua, &path, "filing").expect(200).json();
    assert_eq!((&filed["state"], &filed["effective_at"]), (&json!("filed"), &Value::Null));
    assert_eq!(filed["filing_number"], "BA-2026-7");
    step(&hua, &format!("/v1/cycles/{cycle}"), "results", None).expect(200);
    let result = of(app, cycle, "lin").replace("reviews", "results");
    assert_eq!(hua.get(result).expect(200).json()["composite"], lin.0);
    assert_eq!((&lin.0, &lin.1), (&kai.0, &kai.1));
    assert_eq!(act(&hua, &path, "revocation").expect(200).json()["state"], "revoked");
    let late = adjustment(&app.world.own, cycle);
    let late = app.unchanged(|| sun.post("/v1/weight-adjustments", &late)).refused("guard-failed");
    assert_eq!(late.codes(), ["before_evaluation"]);
}

fn a_decision_is_reasoned_and_a_filing_numbered(app: &TestApp) {
    let hua = app.as_(HrAdmin);
    let cycle = app.id("cycle");
    // A step that is refused because something is missing or blank.
    let incomplete = |path: &str, noun: &str, name: &str| {
        for body in [json!({}), json!({ name: "" }), json!({ name: " " })] {
            let refused = app.unchanged(|| step(&hua, path, noun, Some(body))).expect(422);
            let named = refused.json()["errors"].to_string();
            assert!(named.contains(name), "{noun}: {named}");
        }
    };
    let first = in_state(app, cycle, "submitted");
    incomplete(&first, "rejection", "reason");
    act(&hua, &first, "rejection").expect(200);
    let second = in_state(app, cycle, "hr_approved");
    incomplete(&second, "filing", "filing_number");
    incomplete(&second, "revocation", "reason");
    act(&hua, &second, "filing").expect(200);
    incomplete(&second, "revocation", "reason");
}

fn nobody_decides_on_what_they_have_not_seen(app: &TestApp) {
    let (sun, hua) = (app.as_(SkipLevelManager), app.as_(HrAdmin));
    let path = in_state(app, app.id("cycle"), "draft");
    let attempts = |client: &Client, steps: &[&str], etag: &str| {
        for noun in steps {
            let request = |etag: Option<&str>| {
                let request = client.request("POST", format!("{path}/{noun}"));
                let request = body(noun).iter().fold(request, |request, body| request.json(body));
                etag.iter().fold(request, |request, etag| request.if_match(etag)).send()
            };
            request(Some(etag)).refused("version-stale");
            request(None).refused("precondition-required");
        }
    };
    let old = sun.get(&path).expect(200);
    act(&sun, &path, "update").expect(200);
    app.unchanged(|| {
        sun.patch(&old, &json!({ "reason": "Late" })).refused("version-stale");
        let bare = sun.request("PATCH", &path).json(&json!({ "reason": "Late" }));
        bare.send().refused("precondition-required");
        attempts(&sun, &["submission"], &old.etag());
    });
    let old = sun.get(&path).expect(200).etag();
    act(&sun, &path, "submission").expect(200);
    app.unchanged(|| attempts(&hua, &["approval", "rejection"], &old));
    let old = hua.get(&path).expect(200).etag();
    act(&hua, &path, "approval").expect(200);
    app.unchanged(|| attempts(&hua, &["filing", "revocation"], &old));
}

fn what_is_offered_is_what_works(app: &TestApp) {
    let (sun, hua) = (app.as_(SkipLevelManager), app.as_(HrAdmin));
    let path = in_state(app, app.id("cycle"), "draft");
    let none: &[&str] = &[];
    // State, what the head may do, what HR may do, and who takes which step then.
    type Step<'a> = (&'a str, &'a [&'a str], &'a [&'a str], &'a Client, &'a str);
    let way: [Step<'_>; 5] = [
        ("draft", &["update", "submission"], none, &sun, "submission"),
        ("submitted", none, &["approval", "rejection"], &hua, "approval"),
        ("hr_approved", none, &["filing", "revocation"], &hua, "filing"),
        ("effective", none, &["revocation"], &hua, "revocation"),
        ("revoked", none, none, &hua, ""),
    ];
    let steps = ["update", "submission", "approval", "rejection", "filing", "revocation"];
    let readers: [Persona; 6] =
        [SkipLevelManager, HrAdmin, SecondHrAdmin, Hrbp, Executive, Auditor];
    for (state, head, hr, client, noun) in way {
        for persona in readers {
            let caller = app.as_(persona);
            let shown = caller.get(&path).expect(200).json();
            let expected = match persona {
                SkipLevelManager => head,
                HrAdmin | SecondHrAdmin => hr,
                _ => none,
            };
            let who = persona.name();
            assert_eq!(shown["state"], state);
            assert_eq!(shown["allowed_actions"], json!(expected), "{state}: {who}");
            for step in steps.iter().filter(|step| !expected.contains(step)) {
                let answer = app.unchanged(|| act(&caller, &path, step));
                assert!(matches!(answer.status, 403 | 409), "{state}: {who}: {answer:?}");
                if answer.status == 409 {
                    let refused = answer.refused("state-conflict").json();
                    assert_eq!(refused["current_state"], state);
                    assert_eq!(refused["allowed_actions"], json!(expected));
                }
            }
        }
        if !noun.is_empty() {
            act(client, &path, noun).expect(200);
        }
    }
}
