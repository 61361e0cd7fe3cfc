//! A transition of everybody at once leaves an audit entry and an event for each person.

use serde_json::{Value, json};
use std::collections::BTreeSet;
use tests::calls::feed;
use tests::cycles::{drive, step};
use tests::reviews::{evaluated, hand_in};
use tests::sessions::session_in;
use tests::world::Persona::{Auditor, DirectManager, Employee, EventReader, Executive, HrAdmin};
use tests::{TestApp, on_each_engine};
use uuid::Uuid;

on_each_engine![
    each_review_and_each_goal_has_its_own_record,
    what_is_settled_again_is_no_step_the_person_sees,
    whoever_no_session_has_compared_is_in_the_record_of_the_confirmation,
];

/// Lin's review in a cycle in which managers have submitted their ratings, and the cycle.
fn rated(app: &TestApp) -> (Uuid, Uuid) {
    let path = evaluated(app, &json!({}));
    hand_in(&app.as_(Employee), &path, "self-review", "3");
    hand_in(&app.as_(DirectManager), &path, "manager-review", "3");
    let shown = app.as_(HrAdmin).get(&path).expect(200);
    let cycle = shown.json()["cycle_id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    (cycle, shown.id())
}

/// The records for which an action is recorded, by audit entries and by events.
fn recorded(app: &TestApp, action: &str) -> [BTreeSet<String>; 2] {
    let ids = |rows: Vec<Value>, name: &str| {
        let rows = rows.iter().filter(|row| row[name] == action);
        rows.filter_map(|row| row["resource_id"].as_str().map(str::to_owned)).collect()
    };
    let entries = app.as_(Auditor).all(&format!("/v1/audit-entries?action={action}&limit=200"));
    [ids(entries, "action"), ids(feed(&app.as_(EventReader)), "type")]
}

fn each_review_and_each_goal_has_its_own_record(app: &TestApp) {
    let (cycle, lins) = rated(app);
    let reviews = app.as_(HrAdmin).all(&format!("/v1/reviews?cycle_id={cycle}&limit=200"));
    let all: BTreeSet<String> =
        reviews.iter().filter_map(|it| it["id"].as_str().map(str::to_owned)).collect();
    for ids in recorded(app, "review.opened") {
        // The reader's own record does not show before the release.
        assert!(all.difference(&ids).count() <= 1 && all.len() > 10, "{all:?} {ids:?}");
    }
    let lin = lins.to_string();
    let rated = |action| recorded(app, action).map(|ids| all.intersection(&ids).count());
    drive(app, &app.world.own, cycle, "calibrating");
    assert_eq!(rated("review.calibrated"), [0, 0]);
    session_in(app, &app.world.own, cycle, "finalised");
    for ids in recorded(app, "review.calibrated") {
        assert!(ids.contains(&lin), "{ids:?}");
    }
    drive(app, &app.world.own, cycle, "confirmed");
    let goals = app.as_(HrAdmin).all(&format!("/v1/goals?cycle_id={cycle}"));
    let goal = goals[0]["id"].as_str().unwrap_or_default().to_owned();
    for ids in recorded(app, "goal.locked") {
        assert!(ids.contains(&goal), "{ids:?}");
    }
    drive(app, &app.world.own, cycle, "published");
    assert_eq!(rated("review.published"), [1, 1], "only Lin is rated");
    let told = app.as_(Auditor).all(&format!("/v1/audit-entries?resource_id={lin}"));
    let entry = told.last().expect("one");
    assert_eq!(entry["action"], "review.published");
    assert_eq!((&entry["from"], &entry["to"]), (&json!("calibrated"), &json!("published")));
}

fn what_is_settled_again_is_no_step_the_person_sees(app: &TestApp) {
    let (cycle, lins) = rated(app);
    let (hr, ella) = (app.as_(HrAdmin), app.as_(Executive));
    drive(app, &app.world.own, cycle, "calibrating");
    let session = session_in(app, &app.world.own, cycle, "finalised");
    let path = format!("/v1/calibration-sessions/{session}");
    let shown = || app.as_(Employee).get(format!("/v1/reviews/{lins}")).expect(200).json();
    let before = shown();
    step(&ella, &path, "reopening", Some(json!({ "reason": "Look again" }))).expect(200);
    step(&hr, &path, "finalisation", Some(json!({ "reason": "As it was" }))).expect(200);
    assert_eq!(shown(), before);
    for action in ["review.grade_reopened", "review.grade_settled"] {
        let [entries, events] = recorded(app, action);
        assert!(entries.contains(&lins.to_string()), "{action}: {entries:?}");
        assert!(events.is_empty(), "programs hear of no results");
    }
}

fn whoever_no_session_has_compared_is_in_the_record_of_the_confirmation(app: &TestApp) {
    let (cycle, lins) = rated(app);
    drive(app, &app.world.own, cycle, "confirmed");
    let entries = app.as_(HrAdmin).all(&format!("/v1/audit-entries?resource_id={cycle}"));
    assert_eq!(entries.last().expect("one")["action"], "cycle.confirmed");
    let of_review = app.as_(Auditor).all(&format!("/v1/audit-entries?resource_id={lins}"));
    let last = of_review.last().expect("one");
    assert_eq!((&last["action"], &last["to"]), (&json!("review.calibrated"), &json!("calibrated")));
}
