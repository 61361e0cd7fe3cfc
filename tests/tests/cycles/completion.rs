//! Whatever is begun can be completed. What could not be completed is refused when it is made,
//! warned of at the launch, or named in readiness together with the way out.

use serde_json::{Value, json};
use tests::calls::unique;
use tests::cycles::{self, behind, design, drive, literal, rated, step};
use tests::goals::{self, activate, goal, indicator, objective};
use tests::reviews::{evaluated, hand_in, measure, of, open, part, planned, rules, write};
use tests::sessions::{compared, propose, session_for, session_in, sound};
use tests::world::Persona::{
    DirectManager, Employee, Executive, HrAdmin, SecondHrAdmin, SkipLevelManager,
};
use tests::{Answer, Client, TestApp, on_each_engine};
use uuid::Uuid;

on_each_engine![
    the_suggested_policy_leads_to_a_result,
    a_policy_in_which_nobody_could_be_rated_is_not_published,
    a_cycle_under_such_a_policy_is_not_launched,
    who_is_stuck_is_named_and_the_dimension_dropped,
    a_dimension_is_dropped_by_two_persons,
    objectives_alone_are_warned_of_and_named,
    weights_out_of_balance_are_named_and_mended,
    an_actual_that_is_missing_is_named,
    a_final_s_or_d_needs_evidence_when_it_is_handed_in,
    a_final_s_or_d_needs_evidence_when_it_is_settled,
    what_has_not_come_yet_is_refused,
    a_cycle_is_as_long_as_its_kind_says,
    a_small_group_passes_where_nobody_is_left_to_pool_it_with,
];

fn item(app: &TestApp, cycle: Uuid, name: &str) -> Value {
    let rows = app.as_(HrAdmin).all(&format!("/v1/cycles/{cycle}/readiness?limit=200"));
    let person = json!(app.id(name));
    rows.into_iter().find(|row| row["employee"]["id"] == person).unwrap_or_default()
}

fn codes(list: &Value) -> Vec<Value> {
    list.as_array().into_iter().flatten().map(|it| it["code"].clone()).collect()
}

fn published(hr: &Client, body: &Value) -> Uuid {
    let policy = hr.post("/v1/policies", body).expect(201).id();
    step(hr, &format!("/v1/policies/{policy}"), "publication", None).expect(200);
    policy
}

fn cycle_of(client: &Client, review: &str) -> Uuid {
    let read = client.get(review).expect(200).json();
    read["cycle_id"].as_str().and_then(|id| id.parse().ok()).expect("an id")
}

/// Proves R53 through `createPolicy`, `publishPolicy`, `launchCycle`, `submitManagerReview`.
fn the_suggested_policy_leads_to_a_result(app: &TestApp) {
    let (hr, lin, mei) = (app.as_(HrAdmin), app.as_(Employee), app.as_(DirectManager));
    let policy = published(&hr, &json!({ "code": unique("S"), "name": "S" }));
    let cycle = hr.post("/v1/cycles", &design(&unique("C"), policy)).expect(201).id();
    let launched = step(&hr, &format!("/v1/cycles/{cycle}"), "launch", None).expect(200).json();
    assert_eq!(launched["warnings"], json!(["objectives_not_scored"]));
    let made = lin.post("/v1/goals", &goal(cycle, &indicator("Revenue", "100"))).expect(201);
    activate(&lin, &mei, &goals::path(&made));
    measure(&lin, &goals::path(&made), "1200");
    open(app, cycle);
    let review = of(app, cycle, "lin");
    hand_in(&lin, &review, "self-review", "3");
    let done = hand_in(&mei, &review, "manager-review", "4").json();
    assert_eq!(
        (&done["state"], &done["results"]["composite"]),
        (&json!("in_calibration"), &json!("104.00"))
    );
}

/// Rules in which most of the weight of a dimension belongs to raters whom nobody can ask.
fn beyond_reach() -> Value {
    let mut rules = cycles::rules();
    rules["populations"][0]["dimensions"][3]["raters"] =
        json!({ "manager": "20", "cross_dept": "80" });
    rules["populations"][0]["dimensions"][2]["raters"] = json!({ "manager": "50", "peer": "50" });
    rules
}

/// Proves R02, R53 through `publishPolicy`.
fn a_policy_in_which_nobody_could_be_rated_is_not_published(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let body = json!({ "code": unique("P"), "name": "Partners", "rules": beyond_reach() });
    let path = format!("/v1/policies/{}", hr.post("/v1/policies", &body).expect(201).id());
    let refused = app.unchanged(|| step(&hr, &path, "publication", None)).refused("guard-failed");
    let refused =
        refused.faults(&[("/rules/populations/0/dimensions/3/raters", "raters_out_of_reach")]);
    let detail = refused.json()["errors"][0]["detail"].as_str().unwrap_or_default().to_owned();
    for told in ["20 %", "50 %", "cross_dept"] {
        assert!(detail.contains(told), "{detail}");
    }
    // Nor if no share is demanded and nobody at all would rate.
    let mut rules = beyond_reach();
    rules["settings"] = json!({ "review.min_weight_share": "0" });
    rules["populations"][0]["dimensions"][3]["raters"] = json!({ "peer": "100" });
    hr.patch(&hr.get(&path).expect(200), &json!({ "rules": rules })).expect(200);
    let refused = app.unchanged(|| step(&hr, &path, "publication", None)).refused("guard-failed");
    refused.faults(&[("/rules/populations/0/dimensions/3/raters", "raters_out_of_reach")]);
    // Rules that leave enough weight are published, with a warning at the launch.
    let mut rules = beyond_reach();
    rules["settings"] = json!({ "review.min_weight_share": "20", "okr.in_review": "mapped" });
    hr.patch(&hr.get(&path).expect(200), &json!({ "rules": rules })).expect(200);
    let read = step(&hr, &path, "publication", None).expect(200);
    let cycle = hr.post("/v1/cycles", &design(&unique("C"), read.id())).expect(201).id();
    let report = hr.get(format!("/v1/cycles/{cycle}/readiness")).expect(200).json();
    assert_eq!(codes(&report["warnings"]), ["without_manager", "raters_not_collected"]);
    assert!(
        app.as_(Employee)
            .get(format!("/v1/cycles/{}/readiness", app.id("cycle")))
            .expect(200)
            .json()
            .get("warnings")
            .is_none()
    );
}

/// Stores rules as if they had been published before the program checked who can be asked.
fn as_published_before(app: &TestApp, policy: Uuid, rules: &Value) {
    let mut rules = rules.clone();
    rules["populations"][0]["managers"] = Value::Null;
    rules["populations"][0]["position_codes"] = json!([]);
    let id = literal(app, policy);
    behind(app, &format!("UPDATE policy SET rules = '{rules}' WHERE id = {id}"));
}

/// Proves R02 through `launchCycle`, `updateCycle`.
fn a_cycle_under_such_a_policy_is_not_launched(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let old = json!({ "code": unique("OLD"), "name": "Old", "rules": cycles::rules() });
    let old = published(&hr, &old);
    as_published_before(app, old, &beyond_reach());
    let made = hr.post("/v1/cycles", &design(&unique("C"), old)).expect(201);
    let path = format!("/v1/cycles/{}", made.id());
    let refused = app.unchanged(|| step(&hr, &path, "launch", None)).refused("guard-failed");
    let refused = refused.faults(&[("", "raters_within_reach")]).json();
    let detail = refused["errors"][0]["detail"].as_str().unwrap_or_default();
    assert!(detail.contains("everyone/collaboration: 20 / 50 %"), "{detail}");
    let read = hr.get(&path).expect(200);
    let changed = hr.patch(&read, &json!({ "policy_id": app.id("policy") })).expect(200).json();
    assert_eq!(changed["policy_id"], json!(app.id("policy")));
    step(&hr, &path, "launch", None).expect(200);
}

/// Hua proposes that a dimension is left out, and somebody else approves.
fn drop_dimension(app: &TestApp, cycle: Uuid, dimension: &str) -> Value {
    let path = format!("/v1/cycles/{cycle}");
    let shown = step(&app.as_(HrAdmin), &path, "dimension-drops", Some(proposal(dimension)));
    let id = shown.expect(200).json()["dropped_dimensions"][0]["id"].take();
    let body = Some(json!({ "drop_id": id }));
    step(&app.as_(Executive), &path, "dimension-drops/approval", body).expect(200);
    id
}

fn proposal(dimension: &str) -> Value {
    json!({
        "population": "everyone", "dimension": dimension, "reason": "Nobody asks partners this year",
    })
}

/// Proves R53, R07 through `getCycleReadiness`, `proposeDimensionDrop`, `approveDimensionDrop`,
/// `explainResult`.
fn who_is_stuck_is_named_and_the_dimension_dropped(app: &TestApp) {
    let (hr, lin, mei) = (app.as_(HrAdmin), app.as_(Employee), app.as_(DirectManager));
    let cycle = planned(app, &rules(&json!({})));
    let policy = hr.get(format!("/v1/cycles/{cycle}")).expect(200).json()["policy_id"].take();
    let policy = policy.as_str().and_then(|id| id.parse().ok()).expect("an id");
    as_published_before(app, policy, &beyond_reach());
    open(app, cycle);
    let stuck = item(app, cycle, "lin");
    assert_eq!((&stuck["missing"], &stuck["seat"]), (&json!("raters"), &json!("HR")));
    let way_out = stuck["way_out"].as_str().unwrap_or_default();
    assert!(way_out.contains("dimension-drops"), "{way_out}");

    let review = of(app, cycle, "lin");
    hand_in(&lin, &review, "self-review", "3");
    step(&hr, &review, "raters-closure", None).expect(200);
    write(&mei, &review, "manager-review", &part("4")).expect(200);
    app.unchanged(|| {
        let refused = step(&mei, &review, "manager-review/submission", None);
        refused
            .refused("guard-failed")
            .faults(&[("/dimensions/collaboration", "DIMENSION_INSUFFICIENT")]);
    });
    let id = drop_dimension(app, cycle, "collaboration");
    assert_eq!(item(app, cycle, "lin")["missing"], "manager_review");
    let done = step(&mei, &review, "manager-review/submission", None).expect(200).json();
    // 60 % of 50 and 30 % of 110, divided by 90 %.
    assert_eq!(done["results"]["composite"], "70.00");
    let path = format!("{}/explanation", review.replace("reviews", "results"));
    let told = mei.request("GET", path).header("Accept-Language", "en").send().expect(200).json();
    let left = &told["whole"]["parts"][3];
    assert_eq!((&left["name"], &left["kind"]), (&json!("collaboration"), &Value::Null));
    assert_eq!(left["approval_id"], id);
    let text = told["text"].as_str().unwrap_or_default();
    let line = format!("collaboration: left out with approval {}", id.as_str().unwrap_or_default());
    assert!(text.contains(&line), "{text}");
}

/// Proves R53 through `proposeDimensionDrop`, `approveDimensionDrop`.
fn a_dimension_is_dropped_by_two_persons(app: &TestApp) {
    let (hr, ella) = (app.as_(HrAdmin), app.as_(Executive));
    let cycle = planned(app, &rules(&json!({})));
    let path = format!("/v1/cycles/{cycle}");
    let suggest = |client: &Client, body: Value| step(client, &path, "dimension-drops", Some(body));
    app.unchanged(|| {
        let mut body = proposal("collaboration");
        body["population"] = json!("nobody");
        let refused = suggest(&hr, body).refused("validation-failed");
        refused.faults(&[("/population", "unknown_reference")]);
        for dimension in ["performance", "charm"] {
            let refused = suggest(&hr, proposal(dimension)).refused("validation-failed");
            refused.faults(&[("/dimension", "unknown_reference")]);
        }
        let mut body = proposal("collaboration");
        body.as_object_mut().expect("an object").remove("reason");
        suggest(&hr, body).refused("validation-failed").faults(&[("/reason", "required")]);
        for client in [&ella, &app.as_(DirectManager)] {
            suggest(client, proposal("collaboration")).refused("forbidden");
        }
    });
    let first = suggest(&hr, proposal("collaboration")).expect(200).json();
    // A new proposal about the same dimension replaces the old one.
    let shown = suggest(&hr, proposal("collaboration")).expect(200).json();
    let drops = shown["dropped_dimensions"].as_array().cloned().unwrap_or_default();
    assert_eq!((drops.len(), &drops[0]["approved_at"]), (1, &Value::Null));
    assert_ne!(drops[0]["id"], first["dropped_dimensions"][0]["id"]);
    let seen = app.as_(Employee).get(&path).expect(200).json();
    assert_eq!(seen["dropped_dimensions"], json!([]), "what is proposed is for those who decide");
    let approve = |client: &Client, id: &Value| {
        let body = Some(json!({ "drop_id": id }));
        step(client, &path, "dimension-drops/approval", body)
    };
    app.unchanged(|| {
        let own = approve(&hr, &drops[0]["id"]).refused("forbidden").json();
        assert_eq!(own["rule"], "separation-of-duties");
        approve(&app.as_(DirectManager), &drops[0]["id"]).refused("forbidden");
        approve(&ella, &first["dropped_dimensions"][0]["id"])
            .refused("validation-failed")
            .faults(&[("/drop_id", "unknown_reference")]);
        let stale = ella.request("POST", format!("{path}/dimension-drops/approval"));
        let body = json!({ "drop_id": drops[0]["id"] });
        stale.if_match("\"1-0\"").json(&body).send().refused("version-stale");
    });
    // A proposal lapses when its proposer loses the role.
    let set = |status: &str| {
        let id = literal(app, app.id("hua.account"));
        behind(app, &format!("UPDATE account SET status = '{status}' WHERE id = {id}"));
    };
    set("deactivated");
    let refused = app.unchanged(|| approve(&ella, &drops[0]["id"])).refused("forbidden").json();
    assert_eq!(refused["rule"], "separation-of-duties");
    set("active");
    let approved = approve(&app.as_(SecondHrAdmin), &drops[0]["id"]).expect(200).json();
    assert!(approved["dropped_dimensions"][0]["approved_at"].is_string());
    let seen = app.as_(Employee).get(&path).expect(200).json()["dropped_dimensions"][0].take();
    assert_eq!(seen["dimension"], "collaboration");
    assert!(seen.get("approved_by").is_none() && seen.get("proposed_by").is_none(), "{seen}");
    app.unchanged(|| {
        approve(&ella, &drops[0]["id"]).refused("state-conflict");
        suggest(&hr, proposal("collaboration"))
            .refused("validation-failed")
            .faults(&[("/dimension", "duplicate")]);
    });
    // Where enough raters have rated, the dimension counts as before.
    open(app, cycle);
    let review = of(app, cycle, "lin");
    hand_in(&app.as_(Employee), &review, "self-review", "3");
    let done = hand_in(&app.as_(DirectManager), &review, "manager-review", "4").json();
    assert_eq!(done["results"]["composite"], "74.00", "60 % of 50 and 40 % of 110");
    drive(app, &app.world.own, cycle, "confirmed");
    let late = app.unchanged(|| suggest(&hr, proposal("behaviour"))).refused("state-conflict");
    assert_eq!(late.json()["current_state"], "confirmed");
}

/// Proves R07 through `launchCycle`, `getCycleReadiness`.
fn objectives_alone_are_warned_of_and_named(app: &TestApp) {
    let (hr, lin, mei) = (app.as_(HrAdmin), app.as_(Employee), app.as_(DirectManager));
    let cycle = hr.post("/v1/cycles", &design(&unique("C"), app.id("policy"))).expect(201).id();
    let path = format!("/v1/cycles/{cycle}");
    let report = || hr.get(format!("{path}/readiness")).expect(200).json();
    assert_eq!(codes(&report()["warnings"]), ["without_manager", "objectives_not_scored"]);
    let launched = step(&hr, &path, "launch", None).expect(200).json();
    assert_eq!(launched["warnings"], json!(["objectives_not_scored"]));
    assert_eq!(item(app, cycle, "lin")["missing"], "goals");
    let made = lin.post("/v1/goals", &goal(cycle, &objective("Win the north", "100"))).expect(201);
    let named = |stage: &str| {
        let row = item(app, cycle, "lin");
        assert_eq!(row["missing"], "scored_goals", "{stage}: {row}");
        let way_out = row["way_out"].as_str().unwrap_or_default().to_owned();
        assert!(way_out.contains("okr.in_review"), "{way_out}");
    };
    named("draft");
    activate(&lin, &mei, &goals::path(&made));
    named("goal setting");
    let own = lin.get(format!("{path}/readiness")).expect(200).json();
    assert_eq!(own["items"][0]["missing"], "scored_goals", "and the person learns of it");
    step(&hr, &path, "start", Some(json!({ "reason": "Go" }))).expect(200);
    named("execution");
    step(&hr, &path, "evaluation", None).expect(200);
    named("evaluation");

    // The same with an indicator without weight; not if the policy scores objectives.
    let weightless = planned(app, &rules(&json!({})));
    let id = literal(app, weightless);
    behind(app, &format!("UPDATE goal SET weight = 0 WHERE cycle_id = {id}"));
    assert_eq!(item(app, weightless, "lin")["missing"], "scored_goals");
    let mapped = published(
        &hr,
        &json!({ "code": unique("M"), "name": "M",
            "rules": rules(&json!({ "okr.in_review": "mapped" })) }),
    );
    let cycle = hr.post("/v1/cycles", &design(&unique("C"), mapped)).expect(201).id();
    step(&hr, &format!("/v1/cycles/{cycle}"), "launch", None).expect(200);
    let made = lin.post("/v1/goals", &goal(cycle, &objective("Win the north", "100"))).expect(201);
    activate(&lin, &mei, &goals::path(&made));
    assert_eq!(item(app, cycle, "lin"), Value::Null, "nothing is missing");
}

/// Proves R07 through `getCycleReadiness`.
/// Proves R25, R53 through `requestGoalChange`, `getCycleReadiness`.
fn weights_out_of_balance_are_named_and_mended(app: &TestApp) {
    let cycle = planned(app, &rules(&json!({})));
    let (hr, lin) = (app.as_(HrAdmin), app.as_(Employee));
    let goal = lin.all(&format!("/v1/goals?cycle_id={cycle}"))[0]["id"].clone();
    let goal = format!("/v1/goals/{}", goal.as_str().unwrap_or_default());
    let weigh = |weight: &str| {
        let body = json!({
            "content": indicator("Revenue", weight), "reason": "Other duties",
            "evidence": ["Minutes of 3 March"], "effective_from": "2026-07-01",
        });
        let asked = step(&lin, &goal, "changes", Some(body)).expect(201).id();
        step(&hr, &format!("/v1/goal-changes/{asked}"), "approval", None).expect(200);
    };
    drive(app, &app.world.own, cycle, "executing");
    weigh("60");
    let named = |blocking: bool| {
        let item = item(app, cycle, "lin");
        let told = (&item["missing"], &item["is_blocking"]);
        assert_eq!(told, (&json!("goal_weights"), &json!(blocking)));
        let way = item["way_out"].as_str().unwrap_or_default();
        assert!(way.contains("/changes"), "{way}");
    };
    named(false);
    drive(app, &app.world.own, cycle, "evaluating");
    named(true);
    let review = of(app, cycle, "lin");
    hand_in(&lin, &review, "self-review", "3");
    write(&app.as_(DirectManager), &review, "manager-review", &part("3")).expect(200);
    let submit = || step(&app.as_(DirectManager), &review, "manager-review/submission", None);
    app.unchanged(submit).refused("guard-failed").faults(&[("/goals", "WEIGHTS_NOT_100")]);
    weigh("100");
    assert_eq!(item(app, cycle, "lin")["missing"], "manager_review");
    submit().expect(200);
}

fn an_actual_that_is_missing_is_named(app: &TestApp) {
    let (lin, mei) = (app.as_(Employee), app.as_(DirectManager));
    let cycle = planned(app, &rules(&json!({})));
    let mut more = indicator("Tenders", "0");
    more["title"] = json!("Tenders");
    let made = lin.post("/v1/goals", &goal(cycle, &more)).expect(201);
    activate(&lin, &mei, &goals::path(&made));
    open(app, cycle);
    let review = of(app, cycle, "lin");
    assert_eq!(item(app, cycle, "lin")["missing"], "self_review");
    hand_in(&lin, &review, "self-review", "3");
    let row = item(app, cycle, "lin");
    assert_eq!((&row["missing"], &row["seat"]), (&json!("actual"), &json!("EMP")));
    measure(&lin, &goals::path(&made), "1200");
    assert_eq!(item(app, cycle, "lin")["missing"], "manager_review");
}

fn bare(rating: &str) -> Value {
    let rated = |dimension: &str| json!({ "dimension": dimension, "rating": rating });
    json!({ "ratings": [rated("competency"), rated("behaviour"), rated("collaboration")] })
}

/// Proves R57 through `submitManagerReview`.
fn a_final_s_or_d_needs_evidence_when_it_is_handed_in(app: &TestApp) {
    let (lin, mei) = (app.as_(Employee), app.as_(DirectManager));
    // Half of the revenue is reached: 60 % of 50 and 40 % of 80 give a D.
    let cycle = planned(app, &rules(&json!({})));
    open(app, cycle);
    let review = of(app, cycle, "lin");
    hand_in(&lin, &review, "self-review", "3");
    let submit = || step(&mei, &review, "manager-review/submission", None);
    let refuse = |body: &Value| {
        write(&mei, &review, "manager-review", body).expect(200);
        app.unchanged(|| {
            submit().refused("guard-failed").faults(&[("/manager_review", "EVIDENCE_REQUIRED")]);
        });
    };
    refuse(&bare("2"));
    let mut body = part("2");
    for rating in body["ratings"].as_array_mut().expect("a list") {
        rating["comment"] = json!("Too short");
    }
    refuse(&body);
    body["comment"] = json!("  \u{200b} Half is missing \u{200b}        ");
    refuse(&body);
    let mut old = body.clone();
    old["comment"] = json!("Half of the revenue is missing");
    for rating in old["ratings"].as_array_mut().expect("a list") {
        rating["evidence"][0]["date"] = json!("2025-12-31");
    }
    refuse(&old);
    body["comment"] = json!("Half of the revenue is missing");
    write(&mei, &review, "manager-review", &body).expect(200);
    let done = submit().expect(200).json();
    assert_eq!(done["results"]["computed_grade"], "D");

    // A grade that is neither S nor D needs no evidence.
    let review = evaluated(app, &json!({}));
    hand_in(&lin, &review, "self-review", "3");
    write(&mei, &review, "manager-review", &bare("3")).expect(200);
    let done = step(&mei, &review, "manager-review/submission", None).expect(200).json();
    assert_eq!(done["results"]["computed_grade"], "B");
}

/// Proves R57, R62 through `finaliseCalibrationSession`, `confirmCycle`, `getCycleReadiness`.
fn a_final_s_or_d_needs_evidence_when_it_is_settled(app: &TestApp) {
    let (hr, lin, mei) = (app.as_(HrAdmin), app.as_(Employee), app.as_(DirectManager));
    let review = evaluated(app, &json!({}));
    let cycle = cycle_of(&hr, &review);
    hand_in(&lin, &review, "self-review", "3");
    write(&mei, &review, "manager-review", &bare("3")).expect(200);
    step(&mei, &review, "manager-review/submission", None).expect(200);
    // The data has changed since, and the B has become a D.
    let id = literal(app, review.rsplit('/').next().and_then(|id| id.parse().ok()).expect("an id"));
    let grade = |change: &str| behind(app, &format!("UPDATE review SET {change} WHERE id = {id}"));
    grade("computed_grade = 'D'");
    let named = || {
        let row = item(app, cycle, "lin");
        assert_eq!((&row["missing"], &row["seat"]), (&json!("evidence"), &json!("HR")), "{row}");
        assert!(row["way_out"].is_string());
    };
    named();
    drive(app, &app.world.own, cycle, "calibrating");
    named();
    // The missing evidence shows that the grade is an S or a D. So neither the person nor senior
    // management can see it before the release.
    for persona in [Employee, Executive] {
        let report = app.as_(persona).get(format!("/v1/cycles/{cycle}/readiness?limit=200"));
        let report = report.expect(200).json();
        assert!(!report.to_string().contains("evidence"), "{report}");
        let conditions = codes(&report["conditions"]);
        assert!(!conditions.contains(&json!("grades_founded")), "{conditions:?}");
    }
    let confirm = || step(&hr, &format!("/v1/cycles/{cycle}"), "confirmation", None);
    let refused = |answer: Answer| {
        let refused = answer.refused("guard-failed").faults(&[("", "grades_founded")]).json();
        let detail = refused["errors"][0]["detail"].as_str().unwrap_or_default().to_owned();
        assert!(detail.contains(": 1"), "{detail}");
    };
    refused(app.unchanged(confirm));
    // A veto gives a D as well, whatever was computed.
    grade("computed_grade = 'B', veto_grade = 'D'");
    refused(app.unchanged(confirm));
    grade("computed_grade = 'S', veto_grade = 'C'");
    assert_eq!(item(app, cycle, "lin")["missing"], "calibration", "a C by veto is no S");
    grade("computed_grade = 'S', veto_grade = NULL");
    let session = session_in(app, &app.world.own, cycle, "open");
    let path = format!("/v1/calibration-sessions/{session}");
    let finalise = || step(&hr, &path, "finalisation", Some(json!({ "reason": "As it is" })));
    refused(app.unchanged(finalise));
    // The way out: HR reopens the review, and the manager adds the evidence.
    let why = Some(json!({ "reason": "Evidence is missing" }));
    step(&hr, &review, "reopening", why).expect(200);
    let done = hand_in(&mei, &review, "manager-review", "3").json();
    assert_eq!(done["state"], "in_calibration");
    grade("computed_grade = 'S'");
    finalise().expect(200);
    assert!(app.as_(SkipLevelManager).get(&review).expect(200).json()["results"].is_object());
}

/// Proves R48, R57 through `createMeasurement`, `updateSelfReview`, `proposeMove`.
fn what_has_not_come_yet_is_refused(app: &TestApp) {
    let (lin, mei) = (app.as_(Employee), app.as_(DirectManager));
    let cycle = planned(app, &rules(&json!({})));
    let goal = lin.all(&format!("/v1/goals?cycle_id={cycle}")).remove(0);
    let goal = format!("/v1/goals/{}", goal["id"].as_str().unwrap_or_default());
    // As if the year had just begun.
    let today = app.clock().now() + chrono::TimeDelta::hours(8);
    let tomorrow = today.date_naive().succ_opt().expect("a day");
    let id = literal(app, cycle);
    behind(app, &format!("UPDATE cycle SET period_end = '2099-12-31' WHERE id = {id}"));
    let content = "replace(content, '2026-12-31', '2099-12-31')";
    behind(app, &format!("UPDATE goal SET content = {content} WHERE cycle_id = {id}"));
    let report = |day: &str| {
        let body = json!({
            "period_start": day, "source": "crm", "external_id": unique("m"), "value": "1",
        });
        lin.post(format!("{goal}/measurements"), &body)
    };
    app.unchanged(|| {
        report(&tomorrow.to_string())
            .refused("validation-failed")
            .faults(&[("/period_start", "in_future")]);
    });
    report(&today.date_naive().to_string()).expect(201);
    open(app, cycle);
    let review = of(app, cycle, "lin");
    let mut body = part("5");
    body["ratings"][1]["evidence"][0]["date"] = json!(tomorrow);
    let place = "/ratings/1/evidence/0/date";
    app.unchanged(|| {
        write(&lin, &review, "self-review", &body)
            .refused("validation-failed")
            .faults(&[(place, "in_future")]);
        write(&mei, &review, "manager-review", &body)
            .refused("validation-failed")
            .faults(&[(place, "in_future")]);
    });
    let cycle = rated(app, &app.world.own, "calibrating", &[]);
    let session = session_in(app, &app.world.own, cycle, "open");
    let row = compared(&mei, session, "LIN");
    let mut body = sound(&row["review_id"], "B", "A");
    body["evidence"][0]["date"] = json!(tomorrow);
    app.unchanged(|| {
        propose(&mei, session, &body)
            .refused("validation-failed")
            .faults(&[("/evidence/0/date", "in_future")]);
    });
}

/// Proves R02 through `createCycle`, `updateCycle`, `launchCycle`.
fn a_cycle_is_as_long_as_its_kind_says(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let design = |kind: &str, start: &str, end: &str| {
        let mut body = design(&unique("K"), app.id("policy"));
        body["kind"] = json!(kind);
        body["period"] = json!({ "start": start, "end": end });
        body
    };
    let year = ("2026-01-01", "2026-12-31");
    app.unchanged(|| {
        for (kind, (start, end)) in [
            ("month", year),
            ("quarter", year),
            ("half", year),
            ("year", ("2026-01-01", "2026-06-30")),
            ("quarter", ("2026-01-01", "2026-06-30")),
            ("month", ("2026-01-01", "2026-01-07")),
            ("year", ("2026-01-01", "2027-12-31")),
        ] {
            let refused = hr.post("/v1/cycles", &design(kind, start, end));
            let refused = refused.refused("validation-failed").faults(&[("/kind", "kind_unfit")]);
            let detail = refused.json()["errors"][0]["detail"].as_str().unwrap_or_default().len();
            assert!(detail > 20);
        }
    });
    let made = hr.post("/v1/cycles", &design("quarter", "2026-02-01", "2026-04-30")).expect(201);
    let path = format!("/v1/cycles/{}", made.id());
    app.unchanged(|| {
        let body = json!({ "period": { "start": "2026-01-01", "end": "2026-12-31" } });
        hr.patch(&shown(&hr, &path), &body)
            .refused("validation-failed")
            .faults(&[("/kind", "kind_unfit")]);
    });
    // A draft from before this rule is refused at the launch, and can be corrected.
    let id = literal(app, made.id());
    behind(app, &format!("UPDATE cycle SET period_end = '2026-12-31' WHERE id = {id}"));
    let refused = app.unchanged(|| step(&hr, &path, "launch", None)).refused("guard-failed");
    let refused = refused.faults(&[("", "kind_fits")]).json();
    let detail = refused["errors"][0]["detail"].as_str().unwrap_or_default();
    assert!(detail.contains("Quarter (quarter), 334"), "{detail}");
    let body = json!({ "kind": "year", "period": { "start": "2026-01-01", "end": "2026-12-31" } });
    let changed = hr.patch(&shown(&hr, &path), &body).expect(200).json();
    assert_eq!(
        (&changed["kind"], &changed["period"]["start"]),
        (&json!("year"), &json!("2026-01-01"))
    );
    step(&hr, &path, "launch", None).expect(200);
}

fn shown(hr: &Client, path: &str) -> Answer {
    hr.get(path).expect(200)
}

/// A cycle with an open session, under a policy with this mode and quotas for groups of this size.
fn session_under(
    app: &TestApp,
    mode: &str,
    min_group: u32,
    departments: &[&str],
) -> (Uuid, String) {
    let hr = app.as_(HrAdmin);
    let mut rules = cycles::rules();
    rules["settings"] = json!({ "dist.mode": mode, "dist.min_group": min_group });
    let policy = published(&hr, &json!({ "code": unique("D"), "name": "D", "rules": rules }));
    let cycle = rated(app, &app.world.own, "evaluating", &[]);
    let (policy, id) = (literal(app, policy), literal(app, cycle));
    behind(app, &format!("UPDATE cycle SET policy_id = {policy} WHERE id = {id}"));
    drive(app, &app.world.own, cycle, "calibrating");
    let session = session_for(app, &app.world.own, cycle, "open", departments);
    (cycle, format!("/v1/calibration-sessions/{session}"))
}

/// Proves R61, R62 through `finaliseCalibrationSession`.
fn a_small_group_passes_where_nobody_is_left_to_pool_it_with(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let finalise = |path: &str| step(&hr, path, "finalisation", Some(json!({})));
    for mode in ["guideline", "cap_top", "forced", "none"] {
        // Everybody except the members and those who read all grades: nine people, too few for
        // quotas.
        let (cycle, all) = session_under(app, mode, 10, &[]);
        finalise(&all).expect(200);
        drive(app, &app.world.own, cycle, "confirmed");
    }
    for (mode, passes) in [("guideline", true), ("cap_top", false), ("forced", false)] {
        // A department of two that could be pooled with all others.
        let (_, sales) = session_under(app, mode, 9, &["sales"]);
        if passes {
            finalise(&sales).expect(200);
            continue;
        }
        let refused = app.unchanged(|| finalise(&sales)).refused("guard-failed");
        let refused = refused.faults(&[("", "distribution_accepted")]).json();
        let detail = refused["errors"][0]["detail"].as_str().unwrap_or_default();
        assert!(detail.contains("(pool_required)"), "{detail}");
    }
}
