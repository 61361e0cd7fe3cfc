//! Results stay consistent with their inputs: changes of goals, corrections, and the calibration of
//! people who are rated again.

use serde_json::{Value, json};
use tests::cycles::{drive, step};
use tests::goals::{self, activate, goal, indicator};
use tests::reviews::{evaluated, hand_in, measure, of, open, planned, rules};
use tests::sessions::{compared, propose, session_in, sound};
use tests::world::Persona::{
    Auditor, Colleague, DirectManager, Employee, HrAdmin, SkipLevelManager,
};
use tests::{TestApp, on_each_engine};
use uuid::Uuid;

on_each_engine![
    a_change_approved_after_the_rating_is_in_the_result,
    a_change_rejected_after_the_rating_leaves_the_result,
    below_a_final_result_nothing_changes,
    a_rating_taken_up_again_sets_its_goals_free,
    a_completed_goal_is_complete_again,
    a_move_that_waits_ends_with_the_grade_it_moves,
    a_review_rated_anew_stays_in_its_session,
    whoever_is_rated_after_the_session_is_named,
    whoever_is_rated_late_comes_into_the_open_session,
    whoever_leads_follows_the_team,
    a_grade_moved_from_another_one_falls,
];

/// The path of Lin's goal in a cycle.
fn goal_in(app: &TestApp, cycle: Uuid) -> String {
    let owner = app.id("lin");
    let goals = app.as_(HrAdmin).all(&format!("/v1/goals?cycle_id={cycle}&owner_id={owner}"));
    format!("/v1/goals/{}", goals[0]["id"].as_str().unwrap_or_default())
}

/// A cycle in evaluation with a goal of Lin's, half of which is reached, and a pending request to
/// halve its target. Returns the cycle and the paths of review, goal and request.
fn with_open_change(app: &TestApp) -> (Uuid, [String; 3]) {
    let cycle = planned(app, &rules(&json!({})));
    let goal = goal_in(app, cycle);
    let mut content = indicator("Revenue", "100");
    content["definition"]["scoring"]["target"] = "600".into();
    let body = json!({
        "content": content, "reason": "The branch opens later", "evidence": ["Minutes of 3 March"],
        "effective_from": "2026-07-01",
    });
    let asked = step(&app.as_(Employee), &goal, "changes", Some(body)).expect(201).id();
    open(app, cycle);
    (cycle, [of(app, cycle, "lin"), goal, format!("/v1/goal-changes/{asked}")])
}

fn rate(app: &TestApp, review: &str) {
    hand_in(&app.as_(Employee), review, "self-review", "3");
    hand_in(&app.as_(DirectManager), review, "manager-review", "3");
}

/// The performance total of a review, as HR reads it.
fn performance(app: &TestApp, review: &str) -> Value {
    app.as_(HrAdmin).get(review).expect(200).json()["results"]["performance"].take()
}

/// What the readiness of a cycle says about Lin.
fn named(app: &TestApp, cycle: Uuid) -> Value {
    let items = app.as_(HrAdmin).all(&format!("/v1/cycles/{cycle}/readiness"));
    let lin = json!(app.id("lin"));
    items.into_iter().find(|item| item["employee"]["id"] == lin).unwrap_or_default()
}

fn reason(text: &str) -> Option<Value> {
    Some(json!({ "reason": text }))
}

/// Proves R25 through `approveGoalChange`, `getCycleReadiness`, `getReview`.
fn a_change_approved_after_the_rating_is_in_the_result(app: &TestApp) {
    let (cycle, [review, goal, change]) = with_open_change(app);
    let (hr, lin) = (app.as_(HrAdmin), app.as_(Employee));
    let ids = json!([change.rsplit('/').next()]);
    for persona in [Employee, DirectManager, HrAdmin] {
        assert_eq!(app.as_(persona).get(&review).expect(200).json()["open_goal_changes"], ids);
    }
    assert!(app.as_(Auditor).get(&review).expect(200).json().get("open_goal_changes").is_none());
    let early = named(app, cycle);
    assert_eq!((&early["missing"], &early["open_goal_changes"]), (&json!("self_review"), &ids));

    rate(app, &review);
    assert_eq!(performance(app, &review), "50.00");
    let waits = named(app, cycle);
    assert_eq!((&waits["missing"], &waits["is_blocking"]), (&json!("goal_change"), &json!(false)));
    assert_eq!(waits["open_goal_changes"], ids);
    lin.post(format!("{goal}/check-ins"), &json!({ "confidence": 8 })).refused("state-conflict");
    let before = lin.get(&review).expect(200).json();

    step(&hr, &change, "approval", None).expect(200);
    assert_eq!(performance(app, &review), "100.00");
    let now = hr.get(&goal).expect(200).json();
    assert_eq!((&now["state"], &now["score"]), (&json!("scored"), &json!("100.00")));
    assert_eq!((&now["revision"], &now["progress"]), (&json!(2), &json!("1.0000")));
    assert!(named(app, cycle).is_null());
    // The reviewee sees no change of the review.
    let mut after = lin.get(&review).expect(200).json();
    assert_eq!(after["open_goal_changes"].take(), json!([]));
    let mut before = before;
    before["open_goal_changes"].take();
    assert_eq!(after, before);

    drive(app, &app.world.own, cycle, "confirmed");
    assert_eq!(hr.get(&goal).expect(200).json()["state"], "locked");
}

fn a_change_rejected_after_the_rating_leaves_the_result(app: &TestApp) {
    let (cycle, [review, goal, change]) = with_open_change(app);
    rate(app, &review);
    step(&app.as_(HrAdmin), &change, "rejection", reason("Too late")).expect(200);
    assert_eq!(performance(app, &review), "50.00");
    let now = app.as_(HrAdmin).get(&goal).expect(200).json();
    assert_eq!((&now["state"], &now["score"]), (&json!("scored"), &json!("50.00")));
    drive(app, &app.world.own, cycle, "confirmed");
    assert_eq!(app.as_(HrAdmin).get(&goal).expect(200).json()["state"], "locked");
}

/// Proves R25 through `approveGoalChange`, `confirmCycle`.
fn below_a_final_result_nothing_changes(app: &TestApp) {
    let (cycle, [review, goal, change]) = with_open_change(app);
    let (hr, lin) = (app.as_(HrAdmin), app.as_(Employee));
    rate(app, &review);
    drive(app, &app.world.own, cycle, "calibrating");
    session_in(app, &app.world.own, cycle, "finalised");
    assert_eq!(hr.get(&change).expect(200).json()["allowed_actions"], json!(["rejection"]));
    app.unchanged(|| {
        step(&hr, &change, "approval", None).refused("guard-failed").faults(&[("", "result_open")]);
    });
    assert_eq!(named(app, cycle)["missing"], "goal_change");
    drive(app, &app.world.own, cycle, "confirmed");
    let lapsed = hr.get(&change).expect(200).json();
    assert_eq!((&lapsed["state"], &lapsed["version"]), (&json!("lapsed"), &json!(2)));
    assert!(lapsed["decided_by"].is_null() && lapsed["decided_at"].is_string());
    let locked = hr.get(&goal).expect(200).json();
    assert_eq!((&locked["state"], &locked["score"]), (&json!("locked"), &json!("50.00")));
    assert_eq!(locked["revision"], 1);
    step(&hr, &change, "approval", None).refused("state-conflict");
    let body = json!({
        "content": indicator("Revenue", "100"), "reason": "Once more", "evidence": ["A note"],
        "effective_from": "2026-07-01",
    });
    step(&lin, &goal, "changes", Some(body)).refused("state-conflict");
    let told = |id: &str| -> Vec<Value> {
        let list = format!("/v1/audit-entries?resource_id={}", id.rsplit('/').next().unwrap_or(""));
        app.as_(Auditor).all(&list).into_iter().map(|mut entry| entry["action"].take()).collect()
    };
    assert_eq!(told(&change).last(), Some(&json!("goal_change.lapsed")));
    let of_goal = told(&goal);
    assert_eq!(of_goal[of_goal.len() - 2..], [json!("goal.change_lapsed"), json!("goal.locked")]);
}

/// Proves R48 through `reopenReview`, `createMeasurement`, `importMeasurements`.
fn a_rating_taken_up_again_sets_its_goals_free(app: &TestApp) {
    let review = evaluated(app, &json!({}));
    let (hr, lin) = (app.as_(HrAdmin), app.as_(Employee));
    rate(app, &review);
    let shown = hr.get(&review).expect(200).json();
    let cycle: Uuid = shown["cycle_id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    let goal = goal_in(app, cycle);
    assert_eq!(performance(app, &review), "100.00");
    let more = json!({
        "period_start": "2026-05-01", "source": "crm", "external_id": "late", "value": "-600",
    });
    let refused = lin.post(format!("{goal}/measurements"), &more).refused("state-conflict");
    assert_eq!(refused.json()["current_state"], "scored");
    let mut row = more.clone();
    row["goal_id"] = goal.rsplit('/').next().into();
    let refused = app.unchanged(|| hr.post("/v1/measurements/bulk", &json!([row])));
    refused.refused("validation-failed").faults(&[("/0/goal_id", "not_measurable")]);
    for state in ["evaluating", "calibrating"] {
        drive(app, &app.world.own, cycle, state);
        step(&hr, &review, "reopening", reason("An actual was wrong")).expect(200);
        let free = hr.get(&goal).expect(200).json();
        assert_eq!((&free["state"], &free["score"]), (&json!("active"), &Value::Null));
        let allowed = lin.get(&goal).expect(200).json()["allowed_actions"].take();
        assert_eq!(allowed, json!(["change", "check_in", "measurement"]));
        if state == "evaluating" {
            lin.post(format!("{goal}/measurements"), &more).expect(201);
        } else {
            measure(&lin, &goal, "300");
        }
        hand_in(&app.as_(DirectManager), &review, "manager-review", "3");
        let expected = if state == "evaluating" { "50.00" } else { "75.00" };
        assert_eq!(performance(app, &review), expected);
        assert_eq!(hr.get(&goal).expect(200).json()["state"], "scored");
    }
    drive(app, &app.world.own, cycle, "confirmed");
    assert_eq!(hr.get(&goal).expect(200).json()["state"], "locked");
}

fn a_completed_goal_is_complete_again(app: &TestApp) {
    let cycle = planned(app, &rules(&json!({})));
    let (hr, lin, mei) = (app.as_(HrAdmin), app.as_(Employee), app.as_(DirectManager));
    let goal = goal_in(app, cycle);
    step(&lin, &goal, "completion", None).expect(200);
    step(&mei, &goal, "completion", None).expect(200);
    open(app, cycle);
    let review = of(app, cycle, "lin");
    rate(app, &review);
    assert_eq!(hr.get(&goal).expect(200).json()["state"], "scored");
    step(&hr, &review, "reopening", reason("An actual was wrong")).expect(200);
    let free = lin.get(&goal).expect(200).json();
    assert_eq!(free["state"], "completed");
    assert_eq!(free["allowed_actions"], json!(["measurement"]));
}

/// A rated review of Lin's in an open session.
fn in_open_session(app: &TestApp) -> (Uuid, Uuid, String) {
    let review = evaluated(app, &json!({}));
    rate(app, &review);
    let shown = app.as_(HrAdmin).get(&review).expect(200).json();
    let cycle = shown["cycle_id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    drive(app, &app.world.own, cycle, "calibrating");
    (cycle, session_in(app, &app.world.own, cycle, "open"), review)
}

/// Proves R62 through `reopenReview`, `finaliseCalibrationSession`.
fn a_move_that_waits_ends_with_the_grade_it_moves(app: &TestApp) {
    let (_, session, review) = in_open_session(app);
    let (hr, sun) = (app.as_(HrAdmin), app.as_(SkipLevelManager));
    let row = compared(&sun, session, "LIN");
    let grade = row["result"]["computed_grade"].as_str().unwrap_or_default().to_owned();
    let moved = propose(&sun, session, &sound(&row["review_id"], &grade, "A")).expect(201).id();
    step(&hr, &review, "reopening", reason("An actual was wrong")).expect(200);
    let path = format!("/v1/moves/{moved}");
    let after = hr.get(&path).expect(200).json();
    assert_eq!((&after["state"], &after["version"]), (&json!("rejected"), &json!(2)));
    step(&app.as_(DirectManager), &path, "approval", None).refused("state-conflict");
    hand_in(&app.as_(DirectManager), &review, "manager-review", "3");
    let again = compared(&sun, session, "LIN");
    assert_eq!(again["move_pending"], false);
    propose(&sun, session, &sound(&row["review_id"], &grade, "A")).expect(201);
}

/// Proves R62 through `reopenReview`, `listComparedReviews`.
fn a_review_rated_anew_stays_in_its_session(app: &TestApp) {
    let (cycle, session, review) = in_open_session(app);
    let (hr, sun) = (app.as_(HrAdmin), app.as_(SkipLevelManager));
    step(&hr, &review, "reopening", reason("An actual was wrong")).expect(200);
    assert_eq!(compared(&sun, session, "LIN")["state"], "pending_manager");
    let waits = named(app, cycle);
    assert_eq!(
        (&waits["missing"], &waits["is_blocking"]),
        (&json!("manager_review"), &json!(true))
    );
    app.unchanged(|| {
        let refused = step(&hr, &format!("/v1/cycles/{cycle}"), "confirmation", None);
        let guards = [("", "manager_reviews_in"), ("", "sessions_finalised")];
        refused.refused("guard-failed").faults(&guards);
    });
    hand_in(&app.as_(DirectManager), &review, "manager-review", "3");
    assert_eq!(compared(&sun, session, "LIN")["state"], "in_calibration");
    assert!(named(app, cycle).is_null());
    let path = format!("/v1/calibration-sessions/{session}");
    step(&hr, &path, "finalisation", reason("As it should be")).expect(200);
    assert_eq!(hr.get(&review).expect(200).json()["state"], "calibrated");
}

/// Proves R62 through `finaliseCalibrationSession`, `getCycleReadiness`.
fn whoever_is_rated_after_the_session_is_named(app: &TestApp) {
    let (cycle, session, review) = in_open_session(app);
    let hr = app.as_(HrAdmin);
    step(&hr, &review, "reopening", reason("An actual was wrong")).expect(200);
    let path = format!("/v1/calibration-sessions/{session}");
    step(&hr, &path, "finalisation", reason("As it should be")).expect(200);
    assert_eq!(named(app, cycle)["missing"], "manager_review");
    hand_in(&app.as_(DirectManager), &review, "manager-review", "3");
    let waits = named(app, cycle);
    assert_eq!((&waits["missing"], &waits["is_blocking"]), (&json!("calibration"), &json!(false)));
    // Another session may compare it.
    let late = session_in(app, &app.world.own, cycle, "open");
    assert!(named(app, cycle).is_null());
    assert_eq!(compared(&app.as_(SkipLevelManager), late, "LIN")["state"], "in_calibration");
    app.as_(Colleague).get(&path).refused("not-found");
}

fn whoever_is_rated_late_comes_into_the_open_session(app: &TestApp) {
    let review = evaluated(app, &json!({}));
    let shown = app.as_(HrAdmin).get(&review).expect(200).json();
    let cycle = shown["cycle_id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    drive(app, &app.world.own, cycle, "calibrating");
    let session = session_in(app, &app.world.own, cycle, "open");
    assert_eq!(named(app, cycle)["missing"], "self_review");
    rate(app, &review);
    let sun = app.as_(SkipLevelManager);
    assert_eq!(compared(&sun, session, "LIN")["state"], "in_calibration");
    assert!(named(app, cycle).is_null());
}

/// Proves R55 through `submitManagerReview`, `reopenReview`, `excludeParticipant`.
fn whoever_leads_follows_the_team(app: &TestApp) {
    let cycle = planned(app, &rules(&json!({})));
    let (hr, mei, sun) = (app.as_(HrAdmin), app.as_(DirectManager), app.as_(SkipLevelManager));
    let made = mei.post("/v1/goals", &goal(cycle, &indicator("Revenue", "100"))).expect(201);
    let own = goals::path(&made);
    activate(&mei, &sun, &own);
    measure(&mei, &own, "1200");
    open(app, cycle);
    let (lead, lin) = (of(app, cycle, "mei"), of(app, cycle, "lin"));
    hand_in(&mei, &lead, "self-review", "3");
    hand_in(&sun, &lead, "manager-review", "3");
    let composite = || sun.get(&lead).expect(200).json()["results"]["composite"].take();
    // Recomputing everything finds nothing that is not up to date.
    let settled = |when: &str| {
        let followed = composite();
        step(&hr, &format!("/v1/cycles/{cycle}"), "results", None).expect(200);
        assert_eq!(composite(), followed, "{when}");
        followed
    };
    let alone = composite();
    rate(app, &lin);
    let blended = settled("after a rating of the team");
    assert_ne!(blended, alone);
    step(&hr, &lin, "reopening", reason("An actual was wrong")).expect(200);
    measure(&app.as_(Employee), &goal_in(app, cycle), "300");
    hand_in(&mei, &lin, "manager-review", "3");
    assert_ne!(settled("after another rating"), blended);
    let list = hr.all(&format!("/v1/participants?cycle_id={cycle}&limit=200"));
    let member = list.iter().find(|it| it["employee_id"] == json!(app.id("lin")));
    let member = member.and_then(|it| it["id"].as_str()).expect("Lin takes part");
    let path = format!("/v1/participants/{member}");
    step(&hr, &path, "exclusion", reason("Long absence")).expect(200);
    assert_eq!(settled("without the team"), alone);
    step(&hr, &path, "handover", Some(json!({ "manager_id": app.id("sun"), "reason": "Moved" })))
        .expect(200);
    assert_eq!(settled("with no team"), alone);
}

/// Proves R62 through `approveGoalChange`, `approveMove`.
fn a_grade_moved_from_another_one_falls(app: &TestApp) {
    let (cycle, [review, _, change]) = with_open_change(app);
    rate(app, &review);
    drive(app, &app.world.own, cycle, "calibrating");
    let session = session_in(app, &app.world.own, cycle, "open");
    let (hr, sun) = (app.as_(HrAdmin), app.as_(SkipLevelManager));
    let row = compared(&sun, session, "LIN");
    let grade = row["result"]["computed_grade"].as_str().unwrap_or_default().to_owned();
    let better = if grade == "D" { "C" } else { "B" };
    let moved = propose(&sun, session, &sound(&row["review_id"], &grade, better)).expect(201).id();
    let moved = format!("/v1/moves/{moved}");
    step(&app.as_(DirectManager), &moved, "approval", None).expect(200);
    assert_eq!(compared(&sun, session, "LIN")["result"]["calibrated_grade"], better);
    step(&hr, &change, "approval", None).expect(200);
    let result = compared(&sun, session, "LIN")["result"].take();
    assert_ne!(result["computed_grade"], grade, "{result}");
    assert_eq!(result["calibrated_grade"], Value::Null);
    assert_eq!(hr.get(&moved).expect(200).json()["state"], "rejected");
}
