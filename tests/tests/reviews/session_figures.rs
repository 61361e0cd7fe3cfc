//! What the members of a session see of it before anything is proposed: its distribution, and what
//! moves would do to it.

use serde_json::{Value, json};
use std::collections::BTreeSet;
use tests::calls::id_of;
use tests::cycles::{behind, drive, rated, step};
use tests::sessions::{compared, propose, session_in, sound};
use tests::world::Persona::{
    self, Auditor, Colleague, DirectManager, Employee, Executive, HrAdmin, Hrbp, OtherHrAdmin,
    SecondHrAdmin, SkipLevelManager,
};
use tests::{Answer, TestApp, on_each_engine};
use uuid::Uuid;

on_each_engine![
    moves_are_tried_without_being_proposed,
    a_trial_names_what_a_proposal_would_lack,
    a_trial_tells_nothing_of_other_reviews,
    trials_are_for_those_who_sit_in_the_session,
    members_see_the_distribution_of_their_session,
    a_distribution_of_a_session_is_drawn_too,
    nobody_counts_in_a_distribution_they_may_not_know,
    what_is_rated_anew_tells_nothing_until_it_is_back,
];

fn path(session: Uuid) -> String {
    format!("/v1/calibration-sessions/{session}")
}

fn open(app: &TestApp, grades: &[(&str, &str)]) -> (Uuid, Uuid) {
    let cycle = rated(app, &app.world.own, "calibrating", grades);
    (cycle, session_in(app, &app.world.own, cycle, "open"))
}

fn try_moves(app: &TestApp, persona: Persona, session: Uuid, moves: &Value) -> Answer {
    let body = json!({ "moves": moves });
    app.as_(persona).post(path(session) + "/move-trials", &body)
}

fn review(app: &TestApp, session: Uuid, number: &str) -> Value {
    compared(&app.as_(DirectManager), session, number)["review_id"].take()
}

fn distribution(app: &TestApp, persona: Persona, session: Uuid) -> Answer {
    app.as_(persona).get(path(session) + "/distribution")
}

fn codes(outcome: &Value) -> BTreeSet<(String, String)> {
    let text = |fault: &Value, name: &str| fault[name].as_str().unwrap_or_default().to_owned();
    let faults = outcome["missing"].as_array().into_iter().flatten();
    faults.map(|fault| (text(fault, "pointer"), text(fault, "code"))).collect()
}

fn counts(counts: [u32; 5]) -> Value {
    let [s, a, b, c, d] = counts;
    json!({ "S": s, "A": a, "B": b, "C": c, "D": d })
}

/// Proves R62 through `tryMoves`.
fn moves_are_tried_without_being_proposed(app: &TestApp) {
    let (_, session) = open(app, &[("KAI", "C")]);
    let (lin, kai) = (review(app, session, "LIN"), review(app, session, "KAI"));
    let mut whole = sound(&lin, "B", "A");
    whole.as_object_mut().map(|whole| whole.remove("from"));
    let moves = json!([whole, { "review_id": kai, "to": "S" }]);
    let tried = app.unchanged(|| try_moves(app, DirectManager, session, &moves).expect(200));
    assert_eq!(tried.header("ETag"), None, "nothing was made");
    let shown = tried.json();
    let [first, second] = [&shown["moves"][0], &shown["moves"][1]];
    assert_eq!((&first["review_id"], &first["missing"]), (&lin, &json!([])));
    assert_eq!((&first["grade"], &first["grade_after"]), (&json!("B"), &json!("A")));
    assert_eq!((&first["approvals_needed"], &second["approvals_needed"]), (&json!(1), &json!(2)));
    assert_eq!((&second["grade"], &second["grade_after"]), (&json!("C"), &json!("S")));
    let effect = &shown["effect"];
    assert_eq!(effect["before"]["overall"]["counts"], counts([0, 0, 8, 1, 0]));
    assert_eq!(effect["after"]["overall"]["counts"], counts([1, 1, 7, 0, 0]));

    // As proposing the one of them would show it, and nobody has heard of either.
    let alone = json!([{ "review_id": lin, "to": "A" }]);
    let alone = try_moves(app, DirectManager, session, &alone).expect(200).json();
    assert_eq!(app.as_(SkipLevelManager).all(&(path(session) + "/moves")), Vec::<Value>::new());
    assert_eq!(compared(&app.as_(SkipLevelManager), session, "LIN")["move_pending"], false);
    let made = propose(&app.as_(DirectManager), session, &sound(&lin, "B", "A")).expect(201);
    assert_eq!(alone["effect"], made.json()["effect"]);

    // A confirmed veto holds in a trial as well.
    behind(app, "UPDATE review SET veto_grade = 'C' WHERE session_id IS NOT NULL");
    let capped = json!([{ "review_id": kai, "to": "A" }]);
    let shown = try_moves(app, DirectManager, session, &capped).expect(200).json();
    assert_eq!(shown["moves"][0]["grade_after"], "C");
    assert_eq!(shown["effect"]["after"]["overall"]["counts"], counts([0, 0, 0, 9, 0]));
}

/// Proves R62 through `tryMoves`.
fn a_trial_names_what_a_proposal_would_lack(app: &TestApp) {
    let (_, session) = open(app, &[]);
    let lin = review(app, session, "LIN");
    let of = |moves: Value| {
        let shown = try_moves(app, DirectManager, session, &moves).expect(200).json();
        codes(&shown["moves"][0])
    };
    let faults = |expected: &[(&str, &str)]| {
        let owned = expected.iter().map(|(at, code)| ((*at).to_owned(), (*code).to_owned()));
        owned.collect::<BTreeSet<_>>()
    };
    let bare = json!([{ "review_id": lin, "to": "A" }]);
    assert_eq!(
        of(bare.clone()),
        faults(&[
            ("/moves/0/reasons", "required"),
            ("/moves/0/text", "too_short"),
            ("/moves/0/evidence", "EVIDENCE_REQUIRED"),
            ("/moves/0/sentence", "required"),
        ])
    );
    let mut same = sound(&lin, "B", "B");
    same.as_object_mut().map(|same| same.remove("from"));
    same["evidence"][0]["date"] = json!("2099-01-01");
    let found = of(json!([same]));
    assert!(found.contains(&("/moves/0/to".into(), "nothing_moved".into())), "{found:?}");
    assert!(found.contains(&("/moves/0/evidence/0/date".into(), "in_future".into())), "{found:?}");
    propose(&app.as_(SkipLevelManager), session, &sound(&lin, "B", "A")).expect(201);
    assert!(of(bare).contains(&("/moves/0/review_id".into(), "move_pending".into())));
    let chinese = app.as_(DirectManager).request("POST", path(session) + "/move-trials");
    let body = json!({ "moves": [{ "review_id": lin, "to": "A" }] });
    let chinese = chinese.header("Accept-Language", "zh-CN").json(&body).send().expect(200);
    assert_eq!(chinese.header("Content-Language"), Some("zh-CN"));
    assert!(String::from_utf8_lossy(&chinese.body).contains("此项为必填项"));
}

/// A trial of a review that the caller may not read in the session is refused like one of a review
/// that does not exist.
fn a_trial_tells_nothing_of_other_reviews(app: &TestApp) {
    let (cycle, session) = open(app, &[]);
    let lin = review(app, session, "LIN");
    let other = rated(app, &app.world.own, "calibrating", &[]);
    let other = session_in(app, &app.world.own, other, "open");
    let elsewhere = review(app, other, "LIN");
    let of = |name: &str| json!(id_of(&tests::reviews::of(app, cycle, name)));
    // Mei tries her own review and that of her manager, who sit in the session and are not compared.
    for hidden in [of("mei"), of("sun"), elsewhere, json!(Uuid::nil()), json!(app.id("cycle"))] {
        let moves = json!([{ "review_id": lin, "to": "A" }, { "review_id": hidden, "to": "A" }]);
        let refused = app.unchanged(|| try_moves(app, DirectManager, session, &moves));
        let refused = refused.refused("validation-failed");
        let refused = refused.faults(&[("/moves/1/review_id", "unknown_reference")]).json();
        let detail = refused["errors"][0]["detail"].as_str().unwrap_or_default().to_owned();
        let hidden = hidden.as_str().unwrap_or_default();
        assert_eq!(detail.replace(hidden, "x"), "“x” does not refer to an existing record.");
    }
    let twice = json!([{ "review_id": lin, "to": "A" }, { "review_id": lin, "to": "C" }]);
    try_moves(app, DirectManager, session, &twice)
        .refused("validation-failed")
        .faults(&[("/moves/1/review_id", "duplicate_in_request")]);
    let one = json!({ "review_id": lin, "to": "A" });
    let many = Value::from(vec![one; 51]);
    try_moves(app, DirectManager, session, &many)
        .refused("validation-failed")
        .faults(&[("/moves", "too_many")]);
    try_moves(app, DirectManager, session, &json!([])).refused("validation-failed");
}

fn trials_are_for_those_who_sit_in_the_session(app: &TestApp) {
    let (_, session) = open(app, &[]);
    let moves = json!([{ "review_id": review(app, session, "LIN"), "to": "A" }]);
    for persona in [DirectManager, SkipLevelManager, HrAdmin] {
        try_moves(app, persona, session, &moves).expect(200);
    }
    app.unchanged(|| {
        for persona in [SecondHrAdmin, Executive, Auditor] {
            try_moves(app, persona, session, &moves).refused("forbidden");
        }
        for persona in [Employee, Colleague, Hrbp, OtherHrAdmin] {
            try_moves(app, persona, session, &moves).refused("not-found");
        }
    });
    let body = Some(json!({ "reason": "As it is" }));
    step(&app.as_(HrAdmin), &path(session), "finalisation", body).expect(200);
    let late = try_moves(app, DirectManager, session, &moves).refused("state-conflict").json();
    assert_eq!(late["current_state"], "finalised");
}

/// Proves R61, R62 through `getSessionDistribution`.
fn members_see_the_distribution_of_their_session(app: &TestApp) {
    let (_, session) = open(app, &[("LIN", "A"), ("KAI", "D")]);
    let shown = distribution(app, DirectManager, session).expect(200).json();
    assert_eq!((&shown["session_id"], &shown["min_group"]), (&json!(session), &json!(9)));
    let total = &shown["total"];
    // Members of the session are not compared in it; HR and senior management count in no quota.
    assert_eq!(total["present"]["counts"], counts([0, 1, 7, 0, 1]));
    assert_eq!((&total["computed"], &total["withheld"]), (&counts([0, 1, 7, 0, 1]), &json!(false)));
    assert_eq!((&total["uncounted"], &total["ungraded"]), (&json!(2), &json!(0)));
    assert!(total["present"]["quota"].is_object());
    let sums = shown["departments"].as_array().into_iter().flatten();
    let sums: u64 = sums.filter_map(|row| row["present"]["counts"]["B"].as_u64()).sum();
    assert_eq!(sums, 7);
    // A move shows in it at once.
    let lin = review(app, session, "LIN");
    let made = propose(&app.as_(SkipLevelManager), session, &sound(&lin, "A", "S")).expect(201);
    let as_it_was = distribution(app, SkipLevelManager, session).expect(200).json();
    assert_eq!(as_it_was["total"], *total, "a proposal changes nothing");
    step(&app.as_(DirectManager), &format!("/v1/moves/{}", made.id()), "approval", None)
        .expect(200);
    let moved = distribution(app, SkipLevelManager, session).expect(200).json();
    assert_eq!(moved["total"]["present"]["counts"], counts([1, 0, 7, 0, 1]));
    assert_eq!(moved["total"]["computed"], total["computed"]);
    for persona in [Executive, Auditor] {
        distribution(app, persona, session).refused("forbidden");
    }
    for persona in [Employee, Colleague, Hrbp, OtherHrAdmin] {
        distribution(app, persona, session).refused("not-found");
    }
    let early = session_in(app, &app.world.own, app.id("cycle"), "draft");
    let empty = distribution(app, DirectManager, early).expect(200).json();
    assert_eq!(empty["departments"], json!([]), "it compares nobody yet");
}

fn a_distribution_of_a_session_is_drawn_too(app: &TestApp) {
    let (_, session) = open(app, &[]);
    let request = app.as_(DirectManager).request("GET", path(session) + "/distribution");
    let chart = request.clone().header("Accept", "image/svg+xml").send().expect(200);
    assert_eq!(chart.media_type(), "image/svg+xml");
    let text = String::from_utf8(chart.body).expect("UTF-8");
    let svg = roxmltree::Document::parse(&text).expect("well-formed XML");
    assert_eq!(svg.root_element().tag_name().name(), "svg");
    assert!(text.contains("Total: S 0, A 0, B 9, C 0, D 0 (9 people)."), "{text}");
    request.header("Accept", "text/csv").send().refused("not-acceptable");
}

/// Proves R61 through `getSessionDistribution`.
fn nobody_counts_in_a_distribution_they_may_not_know(app: &TestApp) {
    // Hao is an HR administrator whom the session compares.
    let (cycle, session) = open(app, &[("HAO", "B")]);
    let before = distribution(app, SecondHrAdmin, session).expect(200);
    assert_eq!(before.json()["total"]["uncounted"], 1, "senior management, and not the reader");
    let hao = tests::cycles::literal(app, app.id("hao"));
    behind(
        app,
        &format!(
            "UPDATE review SET calibrated_grade = 'D' WHERE participant_id IN \
             (SELECT id FROM participant WHERE employee_id = {hao})"
        ),
    );
    let after = distribution(app, SecondHrAdmin, session).expect(200);
    assert_eq!(before.body, after.body, "nothing tells the reader of the own grade");
    let hua = distribution(app, HrAdmin, session).expect(200).json();
    assert_eq!(hua["total"]["uncounted"], 2);

    // After the release members may no longer read each single grade, so what they could not look up
    // is withheld; HR still sees all.
    let body = Some(json!({ "reason": "As it is" }));
    step(&app.as_(HrAdmin), &path(session), "finalisation", body).expect(200);
    drive(app, &app.world.own, cycle, "published");
    let shown = distribution(app, DirectManager, session).expect(200).json();
    let rows = shown["departments"].as_array().cloned().unwrap_or_default();
    assert!(rows.iter().all(|row| row["withheld"] == true && row["present"].is_null()), "{shown}");
    assert_eq!(shown["total"]["withheld"], true);
    let hua = distribution(app, HrAdmin, session).expect(200).json();
    assert_eq!(hua["total"]["present"]["counts"]["B"], 9);
}

/// A review that is rated anew while its session is open stays in the session, but its new grade is
/// closed to the members until it is confirmed. Neither ranks nor counts tell of it.
fn what_is_rated_anew_tells_nothing_until_it_is_back(app: &TestApp) {
    let (_, session) = open(app, &[("KAI", "A"), ("LIN", "C")]);
    let fen = review(app, session, "FEN");
    let person = tests::cycles::literal(app, app.id("fen"));
    let rate = |grade: &str| {
        let score = tests::cycles::score_of(grade);
        behind(
            app,
            &format!(
                "UPDATE review SET state = 'second_review', computed_grade = '{grade}', \
                 composite = {score}, performance = {score}, collaboration = {score} \
                 WHERE session_id IS NOT NULL AND participant_id IN \
                 (SELECT id FROM participant WHERE employee_id = {person})"
            ),
        );
    };
    let looks = || {
        let mei = app.as_(DirectManager);
        let rows = mei.all(&(path(session) + "/reviews?limit=200"));
        let row = rows.iter().find(|row| row["review_id"] == fen).expect("it is compared");
        assert!(row.get("result").is_none(), "{row}");
        let shown = distribution(app, DirectManager, session).expect(200).json();
        let kai = json!([{ "review_id": review(app, session, "KAI"), "to": "B" }]);
        let tried = try_moves(app, DirectManager, session, &kai).expect(200).json();
        let closed = json!([{ "review_id": fen, "to": "B" }]);
        let refused = try_moves(app, DirectManager, session, &closed);
        refused.faults(&[("/moves/0/review_id", "unknown_reference")]);
        (rows, shown, tried)
    };
    rate("S");
    let best = looks();
    let withheld = best.1["departments"].as_array().into_iter().flatten();
    let withheld = withheld.filter(|row| row["withheld"] == true).count();
    assert_eq!(withheld, 1, "the department of the one who is rated anew: {}", best.1);
    rate("D");
    assert_eq!(looks(), best, "whatever the new grade is");
    let hua = distribution(app, HrAdmin, session).expect(200).json();
    assert_eq!(hua["total"]["present"]["counts"], counts([0, 1, 6, 1, 1]));
}
