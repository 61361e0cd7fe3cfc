//! Calibration sessions and moves: how they proceed, and every way in which they are refused.

use serde_json::{Value, json};
use std::sync::Barrier;
use tests::calls::unique;
use tests::cycles::{behind, drive, rated, rules, step};
use tests::sessions::{compared, members, propose, session_for, session_in, sound};
use tests::world::Persona::{
    self, Auditor, Colleague, DirectManager, Employee, Executive, FormerManager, HrAdmin, Hrbp,
    OtherHrAdmin, SecondHrAdmin, SkipLevelManager,
};
use tests::{Answer, Client, TestApp, on_each_engine};
use uuid::Uuid;

on_each_engine![
    a_session_goes_its_whole_way,
    a_session_is_checked_when_it_is_prepared,
    a_meeting_needs_its_quorum,
    a_session_compares_the_departments_it_is_for,
    a_distribution_must_be_accepted,
    equals_across_a_boundary_must_be_told_apart,
    a_move_changes_one_grade_and_nothing_else,
    who_leads_all_others_counts_in_no_quota,
    a_move_is_checked_when_it_is_proposed,
    a_move_needs_others_to_approve_it,
    a_move_by_two_grades_takes_two_approvals,
    nobody_moves_or_sees_their_own_grade,
    a_veto_holds_against_every_move,
    an_override_ends_with_the_next_move,
    an_override_ends_with_the_role_it_was_given_by,
    a_session_is_taken_up_again_before_the_release,
    of_two_who_calibrate_at_once_one_is_refused,
    of_two_who_approve_at_once_one_is_refused,
    sessions_are_for_those_who_sit_in_them,
];

fn path(session: Uuid) -> String {
    format!("/v1/calibration-sessions/{session}")
}

fn open(app: &TestApp, grades: &[(&str, &str)]) -> (Uuid, Uuid) {
    let cycle = rated(app, &app.world.own, "calibrating", grades);
    (cycle, session_in(app, &app.world.own, cycle, "open"))
}

/// Asks for a transition of a move, guarded by its present version.
fn decide(client: &Client, made: &Answer, noun: &str) -> Answer {
    let body = (noun == "rejection").then(|| json!({ "reason": "Not convincing" }));
    step(client, &format!("/v1/moves/{}", made.id()), noun, body)
}

fn lin(app: &TestApp, session: Uuid) -> Value {
    compared(&app.as_(DirectManager), session, "LIN")
}

fn grades(app: &TestApp, session: Uuid) -> [Value; 3] {
    let result = lin(app, session)["result"].take();
    ["computed_grade", "calibrated_grade", "final_grade"].map(|name| result[name].clone())
}

/// Makes Fan answer for somebody's review, so that she may be a member as well.
fn promote_fan(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let kai = hr.get(format!("/v1/employees/{}", app.id("kai"))).expect(200);
    let body = json!({ "effective_from": "2024-01-01", "manager_id": app.id("fan") });
    step(&hr, &kai.path, "assignments", Some(body)).expect(200);
}

/// An open session in which Fan has a seat too.
fn open_with_fan(app: &TestApp, grades: &[(&str, &str)]) -> Uuid {
    promote_fan(app);
    let cycle = rated(app, &app.world.own, "calibrating", grades);
    let session = session_in(app, &app.world.own, cycle, "scheduled");
    let hr = app.as_(HrAdmin);
    let mut seats = members(&app.world.own);
    let fan = json!({ "employee_id": app.id("fan"), "seat": "member" });
    seats.as_array_mut().expect("a list").push(fan);
    hr.patch(&hr.get(path(session)).expect(200), &json!({ "members": seats })).expect(200);
    let present = ["sun", "mei", "fan", "hua"].map(|name| app.id(name));
    step(&hr, &path(session), "opening", Some(json!({ "present": present }))).expect(200);
    session
}

/// Proves R62 through `createCalibrationSession`, `scheduleCalibrationSession`,
/// `openCalibrationSession`, `proposeMove`, `approveMove`, `finaliseCalibrationSession`.
fn a_session_goes_its_whole_way(app: &TestApp) {
    let cycle = rated(app, &app.world.own, "calibrating", &[("LIN", "B")]);
    let hr = app.as_(HrAdmin);
    let body = json!({ "cycle_id": cycle, "name": "All", "members": members(&app.world.own) });
    let made = hr.post("/v1/calibration-sessions", &body).expect(201);
    let session = made.id();
    let shown = made.json();
    assert_eq!((&shown["state"], &shown["version"]), (&json!("draft"), &json!(1)));
    assert_eq!(shown["allowed_actions"], json!(["update", "schedule"]));
    let day = json!({ "scheduled_on": "2026-04-02" });
    let scheduled = step(&hr, &path(session), "schedule", Some(day)).expect(200).json();
    assert_eq!(scheduled["allowed_actions"], json!(["update", "opening"]));
    let present = ["sun", "mei", "hua"].map(|name| app.id(name));
    let opening = Some(json!({ "present": present }));
    let opened = step(&hr, &path(session), "opening", opening).expect(200).json();
    assert_eq!(opened["allowed_actions"], json!(["finalisation"]));
    let all_there = opened["members"].as_array().into_iter().flatten();
    assert!(all_there.into_iter().all(|member| member["present"] == true));

    let (sun, mei) = (app.as_(SkipLevelManager), app.as_(DirectManager));
    let body = sound(&lin(app, session)["review_id"], "B", "A");
    let moved = propose(&sun, session, &body).expect(201);
    let waits = step(&hr, &path(session), "finalisation", Some(json!({ "reason": "x" })));
    waits.refused("guard-failed").faults(&[("", "no_pending_move")]);
    decide(&mei, &moved, "approval").expect(200);
    let finalised = step(&hr, &path(session), "finalisation", Some(json!({ "reason": "x" })));
    assert_eq!(finalised.expect(200).json()["state"], "finalised");
    assert_eq!(grades(app, session), [json!("B"), json!("A"), json!("A")]);
    assert_eq!(lin(app, session)["state"], "calibrated");
    let result = tests::reviews::of(app, cycle, "lin").replace("reviews", "results");
    assert_eq!(mei.get(result).expect(200).json().get("moves"), None, "not before the release");
    drive(app, &app.world.own, cycle, "published");
    let file = hr.get(format!("/v1/ratings/export?cycle_id={cycle}")).expect(200);
    let text = String::from_utf8(file.body).expect("UTF-8");
    let row = text.lines().find(|row| row.starts_with("LIN,")).unwrap_or_default();
    assert!(row.ends_with(",published,95.00,95.00,B,A,A,"), "{row}");
    // After the release the person reads the sentence that was written for them.
    let of_lin = tests::reviews::of(app, cycle, "lin").replace("reviews", "results");
    let told = app.as_(Employee).get(of_lin).expect(200).json()["moves"].take();
    assert_eq!(told, json!([{ "from": "B", "to": "A", "sentence": body["sentence"] }]));
    let actions: Vec<_> = app
        .as_(Auditor)
        .all(&format!("/v1/audit-entries?resource_id={session}"))
        .iter()
        .map(|entry| entry["action"].as_str().unwrap_or_default().to_owned())
        .collect();
    let told = ["created", "scheduled", "opened", "finalised"];
    assert_eq!(actions, told.map(|it| format!("calibration_session.{it}")));
}

fn a_session_is_checked_when_it_is_prepared(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let cycle = rated(app, &app.world.own, "calibrating", &[]);
    let post = |body: Value| app.unchanged(|| hr.post("/v1/calibration-sessions", &body));
    let with = |more: Value| {
        let mut body = json!({ "cycle_id": cycle, "name": "X" });
        body.as_object_mut()
            .expect("an object")
            .extend(more.as_object().cloned().unwrap_or_default());
        body
    };
    let seat = |name: &str, seat: &str| json!({ "employee_id": app.id(name), "seat": seat });
    // Kai answers for nobody, Mei has no role of HR, and a person of another company is unknown.
    let stranger = json!({ "employee_id": app.world.other.id("sun"), "seat": "member" });
    let seats = json!([
        seat("kai", "member"),
        seat("mei", "facilitator"),
        stranger,
        seat("sun", "member"),
        seat("sun", "member")
    ]);
    post(with(json!({ "members": seats, "department_ids": [app.id("sales"), app.id("east")] })))
        .refused("validation-failed")
        .faults(&[
            ("/department_ids/1", "unknown_reference"),
            ("/members/0", "seat_unfit"),
            ("/members/1", "seat_unfit"),
            ("/members/2", "seat_unfit"),
            ("/members/4/employee_id", "duplicate_in_request"),
        ]);
    post(with(json!({ "cycle_id": app.world.other.id("cycle") })))
        .refused("validation-failed")
        .faults(&[("/cycle_id", "unknown_reference")]);
    post(with(json!({ "cycle_id": app.id("draft.cycle") }))).refused("state-conflict");
    post(with(json!({ "state": "open" }))).refused("validation-failed");
    app.unchanged(|| {
        let mei = app.as_(DirectManager);
        mei.post("/v1/calibration-sessions", &with(json!({}))).refused("forbidden");
    });
    let session = session_in(app, &app.world.own, cycle, "open");
    let read = hr.get(path(session)).expect(200);
    let late = app.unchanged(|| hr.patch(&read, &json!({ "name": "Y" }))).refused("state-conflict");
    assert_eq!(late.json()["current_state"], "open");
    assert_eq!(late.json()["allowed_actions"], json!(["finalisation"]));
    let draft = session_in(app, &app.world.own, cycle, "draft");
    let read = hr.get(path(draft)).expect(200);
    let changed = hr.patch(&read, &json!({ "name": "Y", "department_ids": [app.id("labs")] }));
    assert_eq!(changed.expect(200).json()["department_ids"], json!([app.id("labs")]));
    app.unchanged(|| hr.patch(&read, &json!({ "name": "Z" }))).refused("version-stale");
    app.unchanged(|| {
        hr.request("POST", path(draft) + "/schedule")
            .json(&json!({ "scheduled_on": "2026-04-02" }))
            .send()
    })
    .refused("precondition-required");
}

/// Proves R62 through `openCalibrationSession`.
fn a_meeting_needs_its_quorum(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let cycle = rated(app, &app.world.own, "evaluating", &[]);
    let session = session_in(app, &app.world.own, cycle, "scheduled");
    let opening = |names: &[&str]| {
        let present: Vec<Uuid> = names.iter().map(|name| app.id(name)).collect();
        step(&hr, &path(session), "opening", Some(json!({ "present": present })))
    };
    app.unchanged(|| {
        let enough = ["sun", "mei", "hua"];
        for missing in 0..3 {
            let mut names = enough.to_vec();
            names.remove(missing);
            opening(&names).refused("guard-failed").faults(&[("", "quorum")]);
        }
        opening(&["sun", "fan", "hua"]).refused("guard-failed").faults(&[("", "quorum")]);
        let early = opening(&enough).refused("state-conflict").json();
        assert_eq!(early["current_state"], "evaluating", "the cycle is not in calibration yet");
    });
    drive(app, &app.world.own, cycle, "calibrating");
    opening(&["sun", "mei", "hua"]).expect(200);
    let again = app.unchanged(|| opening(&["sun", "mei", "hua"])).refused("state-conflict").json();
    assert_eq!(again["current_state"], "open");
}

fn a_session_compares_the_departments_it_is_for(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let cycle = rated(app, &app.world.own, "calibrating", &[]);
    let sales = session_in(app, &app.world.own, cycle, "scheduled");
    let read = hr.get(path(sales)).expect(200);
    hr.patch(&read, &json!({ "department_ids": [app.id("sales")] })).expect(200);
    let present = ["sun", "mei", "hua"].map(|name| app.id(name));
    let present = json!({ "present": present });
    step(&hr, &path(sales), "opening", Some(present)).expect(200);
    let of = |session: Uuid| {
        let rows = app.as_(SecondHrAdmin).all(&(path(session) + "/reviews?limit=3"));
        let mut numbers: Vec<_> = rows
            .iter()
            .filter_map(|row| row["employee_number"].as_str().map(str::to_owned))
            .collect();
        numbers.sort_unstable();
        numbers
    };
    // Sun and Mei have seats in this session, Hua in the other one.
    assert_eq!(of(sales), ["FAN", "LIN"]);
    let rest = session_in(app, &app.world.own, cycle, "open");
    assert_eq!(of(rest), ["ADA", "BAI", "BO", "CAI", "ELLA", "FEN", "KAI", "MIN"]);
    // A group that is too small for quotas cannot deviate from them.
    step(&hr, &path(sales), "finalisation", Some(json!({}))).expect(200);
    let unfinished = step(&hr, &format!("/v1/cycles/{cycle}"), "confirmation", None);
    unfinished.refused("guard-failed").faults(&[("", "sessions_finalised")]);
}

/// Proves R61, R62 through `finaliseCalibrationSession`, `overrideCalibrationSession`.
fn a_distribution_must_be_accepted(app: &TestApp) {
    let (_, session) = open(app, &[]);
    let (hr, ella) = (app.as_(HrAdmin), app.as_(Executive));
    let finalise = |body: Value| step(&hr, &path(session), "finalisation", Some(body));
    app.unchanged(|| {
        let warned = finalise(json!({})).refused("guard-failed");
        let warned = warned.faults(&[("", "distribution_accepted")]).json();
        let detail = warned["errors"][0]["detail"].as_str().unwrap_or_default().to_owned();
        assert!(detail.contains("(warning), A, B"), "{detail}");
        let accept = Some(json!({ "reason": "A strong year" }));
        step(&hr, &path(session), "override", accept.clone()).refused("forbidden");
        step(&app.as_(DirectManager), &path(session), "override", accept).refused("forbidden");
    });
    let body = Some(json!({ "reason": "A strong year" }));
    let accepted = step(&ella, &path(session), "override", body.clone()).expect(200).json();
    assert_eq!(accepted["override_reason"], "A strong year");
    assert_eq!(accepted["overridden_by"], json!(app.id("ella.account")));
    finalise(json!({})).expect(200);
    let late = app.unchanged(|| step(&ella, &path(session), "override", body));
    assert_eq!(late.refused("state-conflict").json()["allowed_actions"], json!(["reopening"]));
}

/// A cycle in calibration under exact quotas.
fn forced(app: &TestApp, grades: &[(&str, &str)]) -> Uuid {
    let hr = app.as_(HrAdmin);
    let mut rules = rules();
    rules["settings"]["dist.mode"] = json!("forced");
    let body = json!({ "code": unique("FORCED"), "name": "Forced", "rules": rules });
    let policy = hr.post("/v1/policies", &body).expect(201).id();
    step(&hr, &format!("/v1/policies/{policy}"), "publication", None).expect(200);
    let cycle = rated(app, &app.world.own, "evaluating", grades);
    let id = match app.engine {
        tests::Engine::Sqlite => {
            (format!("x'{}'", policy.simple()), format!("x'{}'", cycle.simple()))
        }
        tests::Engine::Postgres => (format!("'{policy}'"), format!("'{cycle}'")),
    };
    behind(app, &format!("UPDATE cycle SET policy_id = {} WHERE id = {}", id.0, id.1));
    drive(app, &app.world.own, cycle, "calibrating");
    cycle
}

fn equals_across_a_boundary_must_be_told_apart(app: &TestApp) {
    let cycle = forced(app, &[]);
    let session = session_in(app, &app.world.own, cycle, "open");
    assert_eq!(lin(app, session)["result"]["placement"], "TIE:SC", "all are equal");
    let hr = app.as_(HrAdmin);
    let finalise = || step(&hr, &path(session), "finalisation", Some(json!({ "reason": "x" })));
    app.unchanged(finalise)
        .refused("guard-failed")
        .faults(&[("", "distribution_accepted"), ("", "ties_decided")]);
    let body = Some(json!({ "reason": "All are alike" }));
    step(&app.as_(Executive), &path(session), "override", body.clone()).expect(200);
    app.unchanged(finalise).refused("guard-failed").faults(&[("", "ties_decided")]);
    let mut moved = sound(&lin(app, session)["review_id"], "B", "A");
    moved["reasons"] = json!(["distribution"]);
    let made = propose(&app.as_(SkipLevelManager), session, &moved).expect(201);
    decide(&app.as_(DirectManager), &made, "approval").expect(200);
    step(&app.as_(Executive), &path(session), "override", body).expect(200);
    finalise().expect(200);
}

/// Proves R62 through `proposeMove`, `approveMove`, `listComparedReviews`.
fn a_move_changes_one_grade_and_nothing_else(app: &TestApp) {
    let (_, session) = open(app, &[]);
    let (sun, mei) = (app.as_(SkipLevelManager), app.as_(DirectManager));
    let before = lin(app, session);
    let review = format!(
        "/v1/calibration-sessions/{session}/moves?review_id={}",
        before["review_id"].as_str().unwrap_or_default()
    );
    let made = propose(&sun, session, &sound(&before["review_id"], "B", "A")).expect(201);
    let shown = made.json();
    assert_eq!(shown["state"], "pending");
    assert_eq!(shown["allowed_actions"], json!(["rejection"]), "not one's own approval");
    assert_eq!(shown["effect"]["before"]["overall"]["counts"]["A"], 0);
    assert_eq!(shown["effect"]["after"]["overall"]["counts"]["A"], 1);
    assert_eq!(grades(app, session), [json!("B"), json!(null), json!(null)]);
    assert_eq!(lin(app, session)["move_pending"], true);
    let approved = decide(&mei, &made, "approval").expect(200).json();
    assert_eq!(
        (&approved["state"], &approved["approved_by"]),
        (&json!("approved"), &json!([app.id("mei")]))
    );
    // Nine people: members, HR and senior management are not compared against the quotas.
    assert_eq!(
        approved["effect"]["before"]["overall"]["counts"],
        json!({ "S": 0, "A": 0, "B": 9, "C": 0, "D": 0 })
    );
    assert_eq!(
        approved["effect"]["after"]["overall"]["counts"],
        json!({ "S": 0, "A": 1, "B": 8, "C": 0, "D": 0 })
    );
    let departments = approved["effect"]["after"]["departments"].as_array().map(Vec::len);
    assert_eq!(departments, Some(3));
    let after = lin(app, session);
    let mut expected = before;
    expected["result"]["calibrated_grade"] = json!("A");
    assert_eq!(after, expected);
    assert_eq!(sun.all(&review).len(), 1);
    let twice = app.unchanged(|| decide(&mei, &made, "approval")).refused("state-conflict").json();
    assert_eq!(twice["current_state"], "approved");
    app.unchanged(|| decide(&mei, &made, "rejection")).refused("state-conflict");
    // Back again; the first move stays on record.
    let mut back = sound(&after["review_id"], "A", "B");
    back["evidence"] = json!([]);
    back["text"] = json!("Ten chars!");
    let back = propose(&mei, session, &back).expect(201);
    decide(&sun, &back, "rejection").expect(200);
    assert_eq!(grades(app, session)[1], "A");
    let states: Vec<_> = sun.all(&review).iter().map(|it| it["state"].clone()).collect();
    assert_eq!(states, ["approved", "rejected"]);
    assert_eq!(sun.all(&format!("{review}&state=rejected")).len(), 1);
}

/// Proves R62 through `proposeMove`.
fn a_move_is_checked_when_it_is_proposed(app: &TestApp) {
    let (cycle, session) = open(app, &[]);
    let sun = app.as_(SkipLevelManager);
    let review = lin(app, session)["review_id"].clone();
    let refuse = |change: &dyn Fn(&mut Value)| {
        let mut body = sound(&review, "B", "A");
        change(&mut body);
        app.unchanged(|| propose(&sun, session, &body))
    };
    let guard = |change: &dyn Fn(&mut Value), faults: &[(&str, &str)]| {
        refuse(change).refused("guard-failed").faults(faults);
    };
    guard(&|body| body["to"] = json!("B"), &[("/to", "nothing_moved")]);
    guard(&|body| body["reasons"] = json!([]), &[("/reasons", "required")]);
    guard(&|body| body["reasons"] = json!(["distribution"]), &[("/reasons", "distribution_alone")]);
    guard(
        &|body| body["text"] = json!("nineteen characters"),
        &[("/evidence", "EVIDENCE_REQUIRED")],
    );
    guard(&|body| body["evidence"] = json!([]), &[("/evidence", "EVIDENCE_REQUIRED")]);
    guard(
        &|body| body["evidence"][0]["date"] = json!("2025-12-31"),
        &[("/evidence", "EVIDENCE_REQUIRED")],
    );
    guard(
        &|body| {
            body["text"] = json!("  short  ");
            body["reasons"] = json!(["distribution"]);
        },
        &[
            ("/reasons", "distribution_alone"),
            ("/text", "too_short"),
            ("/evidence", "EVIDENCE_REQUIRED"),
        ],
    );
    for sentence in ["", " "] {
        let refused = refuse(&|body| body["sentence"] = json!(sentence));
        assert_eq!(
            refused.refused("validation-failed").json()["errors"][0]["pointer"],
            "/sentence"
        );
    }
    refuse(&|body| body["from"] = json!("C")).refused("version-stale");
    refuse(&|body| body["to"] = json!("E"))
        .refused("validation-failed")
        .faults(&[("/to", "not_allowed")]);
    for stranger in [json!(Uuid::nil()), json!(app.id("cycle"))] {
        refuse(&|body| body["review_id"] = stranger.clone())
            .refused("validation-failed")
            .faults(&[("/review_id", "unknown_reference")]);
    }
    // A review that another session compares, or no session.
    let other = rated(app, &app.world.own, "calibrating", &[]);
    let other = session_in(app, &app.world.own, other, "open");
    let elsewhere = lin(app, other)["review_id"].clone();
    refuse(&|body| body["review_id"] = elsewhere.clone())
        .refused("validation-failed")
        .faults(&[("/review_id", "unknown_reference")]);
    let hua = app.unchanged(|| propose(&app.as_(HrAdmin), session, &sound(&review, "B", "A")));
    hua.refused("forbidden");
    let hao = app.as_(SecondHrAdmin);
    app.unchanged(|| propose(&hao, session, &sound(&review, "B", "A"))).refused("forbidden");
    app.unchanged(|| propose(&app.as_(Colleague), session, &sound(&review, "B", "A")))
        .refused("not-found");
    let finalised = Some(json!({ "reason": "x" }));
    step(&app.as_(HrAdmin), &path(session), "finalisation", finalised).expect(200);
    let late = refuse(&|_| ()).refused("state-conflict").json();
    assert_eq!(late["current_state"], "finalised");
    drive(app, &app.world.own, cycle, "published");
}

fn a_move_needs_others_to_approve_it(app: &TestApp) {
    let (_, session) = open(app, &[]);
    let (sun, mei) = (app.as_(SkipLevelManager), app.as_(DirectManager));
    let made =
        propose(&sun, session, &sound(&lin(app, session)["review_id"], "B", "A")).expect(201);
    app.unchanged(|| {
        decide(&sun, &made, "approval").refused("guard-failed").faults(&[("", "second_member")]);
        decide(&app.as_(HrAdmin), &made, "approval").refused("forbidden");
        decide(&app.as_(SecondHrAdmin), &made, "approval").refused("forbidden");
        let request = mei.request("POST", format!("/v1/moves/{}/approval", made.id()));
        request.clone().send().refused("precondition-required");
        request.if_match("\"7-0\"").send().refused("version-stale");
        app.as_(Colleague)
            .request("POST", format!("/v1/moves/{}/approval", made.id()))
            .if_match("\"1-0\"")
            .send()
            .refused("not-found");
    });
    decide(&sun, &made, "rejection").expect(200);
    assert_eq!(grades(app, session), [json!("B"), json!(null), json!(null)], "taken back");
}

fn a_move_by_two_grades_takes_two_approvals(app: &TestApp) {
    let session = open_with_fan(app, &[]);
    let (sun, mei, fan) =
        (app.as_(SkipLevelManager), app.as_(DirectManager), app.as_(FormerManager));
    let made =
        propose(&sun, session, &sound(&lin(app, session)["review_id"], "B", "S")).expect(201);
    let first = decide(&mei, &made, "approval").expect(200).json();
    assert_eq!((&first["state"], &first["version"]), (&json!("pending"), &json!(2)));
    assert_eq!(grades(app, session)[1], json!(null));
    app.unchanged(|| {
        decide(&mei, &made, "approval").refused("guard-failed").faults(&[("", "second_member")]);
    });
    let second = decide(&fan, &made, "approval").expect(200).json();
    assert_eq!((&second["state"], &second["version"]), (&json!("approved"), &json!(3)));
    assert_eq!(grades(app, session)[1], "S");
}

/// Proves R62 through `proposeMove`, `listMoves`, `listComparedReviews`.
fn nobody_moves_or_sees_their_own_grade(app: &TestApp) {
    let cycle = rated(app, &app.world.own, "calibrating", &[]);
    let session = session_in(app, &app.world.own, cycle, "open");
    let mei = app.as_(DirectManager);
    let review = tests::reviews::of(app, cycle, "mei");
    let own = json!(review.rsplit('/').next());
    let rows = app.as_(SecondHrAdmin).all(&(path(session) + "/reviews?limit=200"));
    assert!(rows.iter().all(|row| row["review_id"] != own), "who has a seat is not compared");
    app.unchanged(|| {
        propose(&mei, session, &sound(&own, "B", "A"))
            .refused("guard-failed")
            .faults(&[("/review_id", "not_own_review")]);
        propose(&app.as_(SkipLevelManager), session, &sound(&own, "B", "A"))
            .refused("validation-failed")
            .faults(&[("/review_id", "unknown_reference")]);
    });
    // In another session other people compare her.
    promote_fan(app);
    let hr = app.as_(HrAdmin);
    let seats = json!([
        { "employee_id": app.id("sun"), "seat": "member" },
        { "employee_id": app.id("fan"), "seat": "member" },
        { "employee_id": app.id("hua"), "seat": "facilitator" },
    ]);
    let cycle = rated(app, &app.world.own, "evaluating", &[]);
    drive(app, &app.world.own, cycle, "calibrating");
    let participant = hr
        .all(&format!("/v1/participants?cycle_id={cycle}&employee_id={}", app.id("mei")))
        .remove(0);
    let body = json!({
        "cycle_id": cycle, "name": "One by name", "members": seats,
        "participant_ids": [participant["id"]], "department_ids": [app.id("labs")],
    });
    let session = hr.post("/v1/calibration-sessions", &body).expect(201).id();
    let day = json!({ "scheduled_on": "2026-04-02" });
    step(&hr, &path(session), "schedule", Some(day)).expect(200);
    let present = ["sun", "fan", "hua"].map(|name| app.id(name));
    step(&hr, &path(session), "opening", Some(json!({ "present": present }))).expect(200);
    let (sun, fan) = (app.as_(SkipLevelManager), app.as_(FormerManager));
    let compared = compared(&sun, session, "MEI");
    let made = propose(&sun, session, &sound(&compared["review_id"], "B", "A")).expect(201);
    mei.get(format!("/v1/moves/{}", made.id())).refused("not-found");
    let request = mei.request("POST", format!("/v1/moves/{}/approval", made.id()));
    app.unchanged(|| request.if_match("\"1-0\"").send().refused("not-found"));
    decide(&fan, &made, "approval").expect(200);
    mei.get(path(session)).refused("not-found");
    app.as_(Employee).get(path(session)).refused("not-found");
}

fn who_leads_all_others_counts_in_no_quota(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    for number in ["NEW1", "NEW2"] {
        let person = json!({
            "employee_number": number, "name": number, "hire_date": "2020-01-01",
            "org_unit_id": app.id("labs"), "manager_id": app.id("kai"),
        });
        hr.post("/v1/employees", &person).expect(201);
    }
    let cycle = rated(app, &app.world.own, "calibrating", &[]);
    let session = session_for(app, &app.world.own, cycle, "open", &["labs"]);
    let (sun, mei) = (app.as_(SkipLevelManager), app.as_(DirectManager));
    let review = compared(&mei, session, "NEW1")["review_id"].take();
    let made = propose(&sun, session, &sound(&review, "B", "A")).expect(201);
    let approved = decide(&mei, &made, "approval").expect(200).json();
    let counts = json!({ "S": 0, "A": 1, "B": 1, "C": 0, "D": 0 });
    assert_eq!(approved["effect"]["after"]["overall"]["counts"], counts, "without Kai");
}

fn a_veto_holds_against_every_move(app: &TestApp) {
    let (_, session) = open(app, &[]);
    let (sun, mei) = (app.as_(SkipLevelManager), app.as_(DirectManager));
    let review = lin(app, session)["review_id"].clone();
    let made = propose(&sun, session, &sound(&review, "B", "A")).expect(201);
    assert_eq!(made.json()["content"]["veto_cap"], json!(null));
    behind(app, "UPDATE review SET veto_grade = 'C' WHERE session_id IS NOT NULL");
    let approved = decide(&mei, &made, "approval").expect(200).json();
    assert_eq!(approved["effect"]["after"]["overall"]["counts"]["C"], 9);
    // From then on no better grade than the veto allows can be proposed.
    app.unchanged(|| propose(&sun, session, &sound(&review, "A", "S")))
        .refused("guard-failed")
        .faults(&[("/to", "veto_cap")]);
    let lower = propose(&sun, session, &sound(&review, "A", "C")).expect(201);
    assert_eq!(lower.json()["content"]["veto_cap"], "C");
    decide(&sun, &lower, "rejection").expect(200);
    let body = json!({ "reason": "All of them were warned" });
    step(&app.as_(Executive), &path(session), "override", Some(body)).expect(200);
    step(&app.as_(HrAdmin), &path(session), "finalisation", Some(json!({}))).expect(200);
    assert_eq!(grades(app, session), [json!("B"), json!("A"), json!("C")]);
}

fn an_override_ends_with_the_next_move(app: &TestApp) {
    let (_, session) = open(app, &[]);
    let (sun, mei) = (app.as_(SkipLevelManager), app.as_(DirectManager));
    let made =
        propose(&sun, session, &sound(&lin(app, session)["review_id"], "B", "A")).expect(201);
    let body = json!({ "reason": "As it is now" });
    step(&app.as_(Executive), &path(session), "override", Some(body)).expect(200);
    decide(&mei, &made, "approval").expect(200);
    let hr = app.as_(HrAdmin);
    let shown = hr.get(path(session)).json();
    assert_eq!(shown["override_reason"], "As it is now", "nothing of the session tells of a move");
    app.unchanged(|| step(&hr, &path(session), "finalisation", Some(json!({}))))
        .refused("guard-failed");
}

fn an_override_ends_with_the_role_it_was_given_by(app: &TestApp) {
    let (_, session) = open(app, &[]);
    let body = json!({ "reason": "As it is now" });
    step(&app.as_(Executive), &path(session), "override", Some(body)).expect(200);
    let hr = app.as_(HrAdmin);
    let role = hr.get(format!("/v1/role-assignments/{}", app.id("ella.role"))).expect(200);
    hr.request("DELETE", &role.path).if_match(&role.etag()).send().expect(204);
    app.unchanged(|| step(&hr, &path(session), "finalisation", Some(json!({}))))
        .refused("guard-failed");
}

fn a_session_is_taken_up_again_before_the_release(app: &TestApp) {
    let cycle = rated(app, &app.world.own, "calibrating", &[]);
    let hr = app.as_(HrAdmin);
    let ella = app.as_(Executive);
    // A person who may reopen a session is not compared in it.
    let session = session_for(app, &app.world.own, cycle, "finalised", &["sales", "labs"]);
    let whole = session_in(app, &app.world.own, cycle, "finalised");
    drive(app, &app.world.own, cycle, "confirmed");
    let body = || Some(json!({ "reason": "A figure was wrong" }));
    app.unchanged(|| step(&ella, &path(whole), "reopening", body())).refused("forbidden");
    app.unchanged(|| step(&hr, &path(session), "reopening", body())).refused("forbidden");
    step(&ella, &path(session), "reopening", body()).expect(200);
    assert_eq!(grades(app, session)[2], json!(null), "no grade is final while it is compared");
    let way = format!("/v1/cycles/{cycle}");
    app.unchanged(|| step(&hr, &way, "publication", None)).refused("guard-failed");
    let (sun, mei) = (app.as_(SkipLevelManager), app.as_(DirectManager));
    let made =
        propose(&sun, session, &sound(&lin(app, session)["review_id"], "B", "A")).expect(201);
    decide(&mei, &made, "approval").expect(200);
    step(&hr, &path(session), "finalisation", body()).expect(200);
    assert_eq!(grades(app, session), [json!("B"), json!("A"), json!("A")]);
    drive(app, &app.world.own, cycle, "published");
    let late = app.unchanged(|| step(&ella, &path(session), "reopening", body()));
    late.refused("guard-failed").faults(&[("", "before_publication")]);
}

/// Sends two requests at once. Returns how many succeeded, and the refused answers.
fn at_once(requests: [&(dyn Fn() -> Answer + Sync); 2]) -> (usize, Vec<Answer>) {
    let start = Barrier::new(2);
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let threads = requests.map(|request| {
            let start = &start;
            scope.spawn(move || {
                start.wait();
                request()
            })
        });
        threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
    });
    let (done, refused): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|answer| answer.status < 300);
    (done.len(), refused)
}

/// Proves R62 through `proposeMove`.
fn of_two_who_calibrate_at_once_one_is_refused(app: &TestApp) {
    let (_, session) = open(app, &[]);
    let review = lin(app, session)["review_id"].clone();
    let (sun, mei) = (app.as_(SkipLevelManager), app.as_(DirectManager));
    let (up, down) = (sound(&review, "B", "A"), sound(&review, "B", "C"));
    let (done, refused) =
        at_once([&|| propose(&sun, session, &up), &|| propose(&mei, session, &down)]);
    assert_eq!(done, 1);
    let [late] = &refused[..] else { panic!("one is refused: {refused:?}") };
    late.clone().refused("in-use").faults(&[("/review_id", "move_pending")]);
    let moves = sun.all(&(path(session) + "/moves"));
    assert_eq!(moves.len(), 1, "never two moves of one grade");
    assert_eq!(grades(app, session)[1], json!(null));
}

/// Proves R62 through `approveMove`.
fn of_two_who_approve_at_once_one_is_refused(app: &TestApp) {
    let session = open_with_fan(app, &[]);
    let review = lin(app, session)["review_id"].clone();
    let (sun, mei, fan) =
        (app.as_(SkipLevelManager), app.as_(DirectManager), app.as_(FormerManager));
    for (from, to) in [("B", "A"), ("A", "B"), ("B", "C")] {
        let made = propose(&sun, session, &sound(&review, from, to)).expect(201);
        let (path, tag) = (format!("/v1/moves/{}/approval", made.id()), made.etag());
        let approve = |client: &Client| client.request("POST", &*path).if_match(&tag).send();
        let (before, _) = app.traces();
        let (done, refused) = at_once([&|| approve(&mei), &|| approve(&fan)]);
        assert_eq!(done, 1);
        refused.into_iter().for_each(|late| drop(late.refused("version-stale")));
        assert_eq!(grades(app, session)[1], to);
        assert_eq!(app.traces().0 - before, 2, "one approval, one grade");
    }
}

fn sessions_are_for_those_who_sit_in_them(app: &TestApp) {
    let (_, session) = open(app, &[]);
    let sun = app.as_(SkipLevelManager);
    let made =
        propose(&sun, session, &sound(&lin(app, session)["review_id"], "B", "A")).expect(201);
    let list = |persona: Persona| app.as_(persona).all("/v1/calibration-sessions").len();
    for (persona, count) in
        [(HrAdmin, 1), (Executive, 1), (Auditor, 1), (DirectManager, 1), (Employee, 0), (Hrbp, 0)]
    {
        assert_eq!(list(persona), count, "{}", persona.name());
    }
    for persona in [Employee, Colleague, Hrbp, OtherHrAdmin] {
        app.as_(persona).get(path(session)).refused("not-found");
        app.as_(persona).get(path(session) + "/moves").refused("not-found");
        app.as_(persona).get(path(session) + "/reviews").refused("not-found");
        app.as_(persona).get(format!("/v1/moves/{}", made.id())).refused("not-found");
    }
    let ada = app.as_(Auditor);
    let noted = ada.get(format!("/v1/moves/{}", made.id())).expect(200).json();
    assert!(noted.get("content").is_none(), "an auditor sees that, not what");
    assert!(compared(&ada, session, "LIN").get("result").is_none());
    let ella = app.as_(Executive);
    assert!(compared(&ella, session, "LIN").get("result").is_none(), "not before the release");
    assert!(compared(&ella, session, "LIN").get("move_pending").is_none());
    ella.get(format!("/v1/moves/{}", made.id())).refused("not-found");
    ella.get(path(session) + "/moves").refused("not-found");
    assert_eq!(
        app.as_(HrAdmin)
            .all(&format!("/v1/calibration-sessions?state=draft&cycle_id={}", Uuid::nil()))
            .len(),
        0
    );
}
