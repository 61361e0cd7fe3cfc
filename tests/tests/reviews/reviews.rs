//! Reviews from draft to acknowledgement: what each step requires, who sees which part, and who
//! acts.

use serde_json::{Value, json};
use tests::cycles::{behind, drive, literal, step};
use tests::reviews::{
    evaluated, evidence, hand_in, of, open, part, planned, planned_for, rules, write,
};
use tests::world::Persona::{
    Auditor, Colleague, DirectManager, Employee, Executive, FormerManager, HrAdmin, Hrbp,
    OtherHrbp, SecondHrAdmin, SkipLevelManager,
};
use tests::{Answer, Client, Engine, TestApp, on_each_engine};

on_each_engine![
    a_review_goes_from_draft_to_calibration,
    nobody_learns_of_a_draft_or_a_result_before_its_time,
    a_draft_is_checked_and_not_written_over,
    a_rating_without_evidence_is_refused,
    everything_that_speaks_against_handing_in_is_named_at_once,
    process_records_warn_or_block,
    process_records_are_not_looked_for_where_the_policy_says_so,
    handing_in_twice_and_retrying,
    nobody_rates_an_own_review,
    the_second_look_belongs_to_the_next_level,
    things_are_given_back_with_a_reason,
    hr_takes_a_rating_up_again,
    an_overdue_self_review_is_skipped,
    the_raters_window_closes_when_due,
    the_person_answers_a_released_result,
    nothing_is_written_once_the_cycle_is_given_up,
    lists_show_what_one_may_know_of,
    an_auditor_sees_where_a_review_is_and_not_what_it_is_about,
];

fn keys(answer: &Answer) -> Vec<String> {
    let shown = answer.json();
    let parts = ["self_review", "manager_review", "results", "disagreement", "acknowledged_at"];
    let known = parts.into_iter().filter(|part| shown.get(part).is_some());
    known.map(str::to_owned).collect()
}

fn actions(client: &Client, review: &str) -> Value {
    client.get(review).expect(200).json()["allowed_actions"].clone()
}

fn reason(text: &str) -> Option<Value> {
    Some(json!({ "reason": text }))
}

/// A schedule in which everything is due on `day` or later.
fn dues(day: &str) -> Value {
    json!({
        "goal_setting": "2026-01-01", "execution": "2026-01-31", "evaluation": "2026-03-01",
        "self_review_due": day, "rater_due": day, "manager_review_due": day, "calibration": day,
        "publication": "2099-12-30", "retention": "2099-12-31",
    })
}

/// Proves R53, R56 through `updateSelfReview`, `submitSelfReview`, `updateManagerReview`,
/// `submitManagerReview`, `getReview`.
fn a_review_goes_from_draft_to_calibration(app: &TestApp) {
    let (lin, mei) = (app.as_(Employee), app.as_(DirectManager));
    let review = evaluated(app, &json!({}));
    let read = lin.get(&review).expect(200);
    assert_eq!(read.json()["state"], "pending_self");
    assert_eq!(read.json()["manager_id"], json!(app.id("mei")));
    assert_eq!(actions(&lin, &review), json!(["self_review", "self_review_submission"]));
    assert_eq!(actions(&mei, &review), json!(["manager_review"]));

    let drafted = write(&lin, &review, "self-review", &part("4")).expect(200).json();
    assert_eq!(drafted["self_review"]["ratings"][0]["dimension"], "competency");
    assert_eq!(drafted["self_review"]["ratings"][0]["evidence"], evidence());
    assert_eq!(drafted["self_review"]["submitted_at"], Value::Null);
    let comment = write(&lin, &review, "self-review", &json!({ "comment": "A good year" }));
    assert_eq!(comment.expect(200).json()["self_review"]["ratings"][2]["rating"], "4");
    let submitted = step(&lin, &review, "self-review/submission", None).expect(200).json();
    // Only the reviewee and the manager rate, so the window for other raters closes by itself.
    assert_eq!(submitted["state"], "pending_manager");
    assert_eq!(submitted["allowed_actions"], json!([]));
    assert!(submitted["self_review"]["submitted_at"].is_string());
    assert_eq!(
        actions(&mei, &review),
        json!(["manager_review", "manager_review_submission", "return"])
    );

    let done = hand_in(&mei, &review, "manager-review", "4").json();
    // 60 % of 100 points and 40 % of the 110 points of a rating of 4.
    assert_eq!(done["state"], "in_calibration");
    assert_eq!(done["results"]["performance"], "100.00");
    assert_eq!(done["results"]["composite"], "104.00");
    assert_eq!(done["results"]["computed_grade"], "B");
    assert_eq!(done["results"]["calibrated_grade"], Value::Null);
    assert_eq!(done["results"]["final_grade"], Value::Null);
    assert_eq!(done["manager_review"]["warnings"], json!(["no_process_records"]));
    assert_eq!(done["self_review"]["comment"], "A good year");
    let goals = format!("/v1/goals?cycle_id={}", done["cycle_id"].as_str().unwrap());
    let scored = mei.all(&goals).into_iter().find(|goal| goal["score"] == "100.00");
    assert_eq!(scored.expect("the goal")["state"], "scored");
    let own = lin.all(&goals);
    assert_eq!((&own[0]["state"], own[0].get("score")), (&json!("scored"), None));
}

/// Fields that a reader may not see are absent, and neither version nor ETag shows that they exist.
fn nobody_learns_of_a_draft_or_a_result_before_its_time(app: &TestApp) {
    let (lin, mei, sun) = (app.as_(Employee), app.as_(DirectManager), app.as_(SkipLevelManager));
    let review = evaluated(app, &json!({ "review.second_review": true }));
    let result = review.replace("reviews", "results");
    let seen_by = |persona| keys(&app.as_(persona).get(&review).expect(200));

    let before = mei.get(&review).expect(200).etag();
    write(&lin, &review, "self-review", &part("3")).expect(200);
    assert_eq!(mei.get(&review).expect(200).etag(), before);
    assert_eq!(seen_by(DirectManager), ["manager_review", "results"]);
    assert_eq!(seen_by(Employee), ["self_review"]);
    for persona in [SkipLevelManager, Hrbp, HrAdmin, Executive, Auditor] {
        assert_eq!(seen_by(persona), Vec::<String>::new(), "{persona:?}");
    }
    step(&lin, &review, "self-review/submission", None).expect(200);
    for persona in [SkipLevelManager, Hrbp, HrAdmin] {
        assert_eq!(seen_by(persona), ["self_review"], "{persona:?}");
    }

    let before = [&lin, &sun].map(|client| client.get(&review).expect(200).etag());
    write(&mei, &review, "manager-review", &part("4")).expect(200);
    let after = [&lin, &sun].map(|client| client.get(&review).expect(200).etag());
    assert_eq!(after, before);
    step(&mei, &review, "manager-review/submission", None).expect(200);
    for persona in [SkipLevelManager, Hrbp, HrAdmin, DirectManager] {
        let parts = ["self_review", "manager_review", "results"];
        assert_eq!(seen_by(persona), parts, "{persona:?}");
    }
    for persona in [Employee, Executive, Auditor] {
        assert!(!seen_by(persona).contains(&"results".to_owned()), "{persona:?}");
        let path = app.as_(persona).get(&result).expect(404);
        let missing = app.as_(persona).get("/v1/results/0197c9a8-5f3e-7a51-9c7d-0d8b1f0f6a11");
        let bare = |answer: &Answer| {
            let mut body = answer.json();
            for name in ["instance", "request_id"] {
                body.as_object_mut().unwrap().remove(name);
            }
            body
        };
        assert_eq!(bare(&path), bare(&missing), "{persona:?}");
        app.as_(persona).get(format!("{result}/explanation")).expect(404);
    }
    for persona in [Colleague, FormerManager, OtherHrbp] {
        app.as_(persona).get(&review).refused("not-found");
    }
    let hr = app.as_(HrAdmin);
    let cycle = hr.get(&review).json()["cycle_id"].as_str().unwrap().to_owned();
    let before = lin.get(&review).expect(200).etag();
    hr.request("POST", format!("/v1/cycles/{cycle}/results")).send().expect(200);
    assert_eq!(lin.get(&review).expect(200).etag(), before);
}

fn a_draft_is_checked_and_not_written_over(app: &TestApp) {
    let lin = app.as_(Employee);
    let review = evaluated(app, &json!({}));
    let refuse = |body: Value, faults: &[(&str, &str)]| {
        app.unchanged(|| {
            write(&lin, &review, "self-review", &body).refused("validation-failed").faults(faults);
        });
    };
    let rating =
        |dimension: &str, rating: &str| json!({ "dimension": dimension, "rating": rating });
    refuse(
        json!({ "ratings": [
            rating("performance", "3"), rating("charm", "3"), rating("competency", "0"),
            rating("behaviour", "5.01"), rating("collaboration", "3"), rating("collaboration", "4"),
        ] }),
        &[
            ("/ratings/0/dimension", "unknown_reference"),
            ("/ratings/1/dimension", "unknown_reference"),
            ("/ratings/2/rating", "RATING_OUT_OF_RANGE"),
            ("/ratings/3/rating", "RATING_OUT_OF_RANGE"),
            ("/ratings/5/dimension", "duplicate_in_request"),
        ],
    );
    refuse(
        json!({ "ratings": [{ "dimension": "competency", "rating": 3, "evidence": [{ "kind": "rumour" }] }] }),
        &[
            ("/ratings/0/rating", "wrong_type"),
            ("/ratings/0/evidence/0/kind", "not_allowed"),
            ("/ratings/0/evidence/0/date", "required"),
            ("/ratings/0/evidence/0/text", "required"),
        ],
    );
    refuse(json!({ "state": "final" }), &[("/state", "unknown_property")]);

    // The version is the same but the draft is another: only a draft that the caller has seen can
    // be overwritten or submitted.
    let stale = lin.get(&review).expect(200);
    write(&lin, &review, "self-review", &part("3")).expect(200);
    assert_eq!(lin.get(&review).json()["version"], stale.json()["version"]);
    app.unchanged(|| {
        let patch = lin.request("PATCH", format!("{review}/self-review")).json(&part("5"));
        patch.clone().if_match(&stale.etag()).send().refused("version-stale");
        patch.send().refused("precondition-required");
        let submission = lin.request("POST", format!("{review}/self-review/submission"));
        submission.if_match(&stale.etag()).send().refused("version-stale");
        let return_ = app.as_(DirectManager).request("POST", format!("{review}/return"));
        let body = json!({ "to": "self", "reason": "Please" });
        return_.if_match("\"9-0\"").json(&body).send().refused("version-stale");
    });
}

/// Proves R57 through `submitSelfReview`, `submitManagerReview`.
fn a_rating_without_evidence_is_refused(app: &TestApp) {
    let (lin, mei) = (app.as_(Employee), app.as_(DirectManager));
    let review = evaluated(app, &json!({}));
    let rating = |dimension: &str, rating: &str, date: &str, comment: &str| {
        json!({
            "dimension": dimension, "rating": rating, "comment": comment,
            "evidence": [{ "kind": "data", "date": date, "text": "Figures" }],
        })
    };
    let long = "Twenty characters or more";
    let unfounded = json!({ "ratings": [
        rating("competency", "5", "2025-12-31", long),
        rating("behaviour", "1", "2026-05-01", "Too short"),
        rating("collaboration", "5", "2026-01-01", long),
    ] });
    let refuse = |client: &Client, side: &str, place: &str| {
        write(client, &review, side, &unfounded).expect(200);
        app.unchanged(|| {
            step(client, &review, &format!("{side}/submission"), None)
                .refused("guard-failed")
                .faults(&[
                    (&format!("{place}/ratings/0"), "EVIDENCE_REQUIRED"),
                    (&format!("{place}/ratings/1"), "EVIDENCE_REQUIRED"),
                ]);
        });
    };
    refuse(&lin, "self-review", "/self_review");
    hand_in(&lin, &review, "self-review", "5");
    refuse(&mei, "manager-review", "/manager_review");
    let done = hand_in(&mei, &review, "manager-review", "5").json();
    assert_eq!(done["results"]["composite"], "108.00");
    assert_eq!(done["results"]["computed_grade"], "A");
}

/// Proves R57, R59 through `submitManagerReview`.
fn everything_that_speaks_against_handing_in_is_named_at_once(app: &TestApp) {
    let (lin, mei) = (app.as_(Employee), app.as_(DirectManager));
    let rules = rules(&json!({ "review.process_records": "block" }));
    let cycle = planned(app, &rules);
    open(app, cycle);
    let review = of(app, cycle, "lin");
    app.unchanged(|| {
        let empty = step(&lin, &review, "self-review/submission", None).refused("guard-failed");
        empty.faults(&[("/self_review/ratings", "rating_missing"); 3]);
    });
    hand_in(&lin, &review, "self-review", "3");
    let one = json!({ "ratings": [{ "dimension": "competency", "rating": "1" }] });
    write(&mei, &review, "manager-review", &one).expect(200);
    app.unchanged(|| {
        let refused = step(&mei, &review, "manager-review/submission", None);
        refused.refused("guard-failed").faults(&[
            ("/manager_review/ratings/0", "EVIDENCE_REQUIRED"),
            ("/manager_review/ratings", "rating_missing"),
            ("/manager_review/ratings", "rating_missing"),
            ("", "process_records"),
        ]);
    });
    // Mei has no goal, so her own result lacks performance.
    let (sun, own) = (app.as_(SkipLevelManager), of(app, cycle, "mei"));
    hand_in(&mei, &own, "self-review", "3");
    write(&sun, &own, "manager-review", &part("3")).expect(200);
    app.unchanged(|| {
        let refused = step(&sun, &own, "manager-review/submission", None);
        refused
            .refused("guard-failed")
            .faults(&[("/goals", "EMPTY_INPUT"), ("", "process_records")]);
    });
}

/// Proves R59 through `submitManagerReview`.
fn process_records_warn_or_block(app: &TestApp) {
    let (lin, mei) = (app.as_(Employee), app.as_(DirectManager));
    let cycle = planned(app, &rules(&json!({ "review.process_records": "block" })));
    let id = literal(app, cycle);
    behind(app, &format!("UPDATE cycle SET period_end = '2099-12-31' WHERE id = {id}"));
    let goals = lin.all(&format!("/v1/goals?cycle_id={cycle}"));
    let goal = goals[0]["id"].as_str().unwrap_or_default();
    open(app, cycle);
    let review = of(app, cycle, "lin");
    hand_in(&lin, &review, "self-review", "3");
    write(&mei, &review, "manager-review", &part("3")).expect(200);
    let refused = || {
        let refused = step(&mei, &review, "manager-review/submission", None);
        let refused = refused.refused("guard-failed").faults(&[("", "process_records")]);
        let detail = refused.json()["errors"][0]["detail"].clone();
        assert!(detail.as_str().is_some_and(|it| it.contains("2026-01, 2026-02")), "{detail}");
    };
    app.unchanged(refused);
    // A record made now says nothing of the months before.
    let report = json!({ "confidence": 7, "comment": "On the way" });
    lin.post(format!("/v1/goals/{goal}/check-ins"), &report).expect(201);
    app.unchanged(refused);
    // Who has begun to work here this month needs none from before.
    let this_month = match app.engine {
        Engine::Sqlite => "date('now', 'start of month')",
        Engine::Postgres => "date_trunc('month', now())",
    };
    let lin_id = literal(app, app.id("lin"));
    let hire =
        format!("UPDATE employment SET hire_date = {this_month} WHERE employee_id = {lin_id}");
    behind(app, &hire);
    let done = step(&mei, &review, "manager-review/submission", None).expect(200).json();
    assert_eq!(done["manager_review"]["warnings"], json!([]));
}

/// Proves R59 through `submitManagerReview`.
fn process_records_are_not_looked_for_where_the_policy_says_so(app: &TestApp) {
    let review = evaluated(app, &json!({ "review.process_records": "off" }));
    hand_in(&app.as_(Employee), &review, "self-review", "3");
    let done = hand_in(&app.as_(DirectManager), &review, "manager-review", "3").json();
    assert_eq!(done["manager_review"]["warnings"], json!([]));
}

fn handing_in_twice_and_retrying(app: &TestApp) {
    let (lin, mei) = (app.as_(Employee), app.as_(DirectManager));
    let review = evaluated(app, &json!({}));
    write(&lin, &review, "self-review", &part("3")).expect(200);
    let read = lin.get(&review).expect(200);
    let request = lin
        .request("POST", format!("{review}/self-review/submission"))
        .if_match(&read.etag())
        .key("hand-in");
    let first = request.clone().send().expect(200);
    app.unchanged(|| {
        let again = request.send().expect(200);
        assert_eq!(again.header("Idempotency-Replayed"), Some("true"));
        assert_eq!((again.json(), again.etag()), (first.json(), first.etag()));
        let twice = step(&lin, &review, "self-review/submission", None).refused("state-conflict");
        assert_eq!(twice.json()["current_state"], "pending_manager");
        assert_eq!(twice.json()["allowed_actions"], json!([]));
        let draft = write(&lin, &review, "self-review", &part("4")).refused("state-conflict");
        assert_eq!(draft.json()["allowed_actions"], json!([]));
    });
    hand_in(&mei, &review, "manager-review", "3");
    app.unchanged(|| {
        step(&mei, &review, "manager-review/submission", None).refused("state-conflict");
        write(&mei, &review, "manager-review", &part("4")).refused("state-conflict");
        step(&mei, &review, "confirmation", None).refused("forbidden");
    });
}

fn nobody_rates_an_own_review(app: &TestApp) {
    let (mei, hr) = (app.as_(DirectManager), app.as_(HrAdmin));
    let review = evaluated(app, &json!({}));
    let cycle = hr.get(&review).json()["cycle_id"].as_str().unwrap().parse().unwrap();
    let own = of(app, cycle, "mei");
    app.unchanged(|| {
        write(&mei, &own, "manager-review", &part("5")).refused("forbidden");
        step(&mei, &own, "manager-review/submission", None).refused("forbidden");
        step(&mei, &own, "confirmation", None).refused("forbidden");
        // Not even HR can move their own review.
        let mine = of(app, cycle, "hua");
        let refused = step(&hr, &mine, "skip", None).refused("forbidden");
        assert_eq!(refused.json()["rule"], "conflict-of-interest");
        write(&hr, &review, "manager-review", &part("5")).refused("forbidden");
        write(&mei, &review, "self-review", &part("5")).refused("forbidden");
        let colleague = app.as_(Colleague).request("PATCH", format!("{review}/manager-review"));
        colleague.if_match("\"1-0\"").json(&part("5")).send().refused("not-found");
    });
}

fn the_second_look_belongs_to_the_next_level(app: &TestApp) {
    let (lin, mei, sun) = (app.as_(Employee), app.as_(DirectManager), app.as_(SkipLevelManager));
    let review = evaluated(app, &json!({ "review.second_review": true }));
    hand_in(&lin, &review, "self-review", "3");
    app.unchanged(|| {
        step(&sun, &review, "confirmation", None).refused("state-conflict");
    });
    let submitted = hand_in(&mei, &review, "manager-review", "3").json();
    assert_eq!(submitted["state"], "second_review");
    assert_eq!(submitted["allowed_actions"], json!([]));
    assert_eq!(actions(&sun, &review), json!(["return", "confirmation"]));
    app.unchanged(|| {
        step(&mei, &review, "confirmation", None).refused("forbidden");
        step(&app.as_(HrAdmin), &review, "confirmation", None).refused("forbidden");
    });
    let confirmed = step(&sun, &review, "confirmation", None).expect(200).json();
    assert_eq!(confirmed["state"], "in_calibration");
}

fn things_are_given_back_with_a_reason(app: &TestApp) {
    let (lin, mei, sun) = (app.as_(Employee), app.as_(DirectManager), app.as_(SkipLevelManager));
    let review = evaluated(app, &json!({ "review.second_review": true }));
    let give_back = |client: &Client, to: &str, reason: Option<&str>| {
        step(client, &review, "return", Some(json!({ "to": to, "reason": reason })))
    };
    hand_in(&lin, &review, "self-review", "3");
    app.unchanged(|| {
        give_back(&mei, "self", None).refused("guard-failed").faults(&[("", "reason_given")]);
        give_back(&mei, "manager", Some("Mine")).refused("state-conflict");
        give_back(&lin, "self", Some("Mine")).refused("forbidden");
    });
    let returned = give_back(&mei, "self", Some("Say more")).expect(200).json();
    assert_eq!(returned["state"], "pending_self");
    assert!(returned.get("self_review").is_none(), "a draft again");
    let own = lin.get(&review).json();
    assert_eq!(own["self_review"]["returned_because"], "Say more");
    assert_eq!(own["self_review"]["submitted_at"], Value::Null);
    let again = step(&lin, &review, "self-review/submission", None).expect(200).json();
    assert_eq!(again["self_review"]["returned_because"], Value::Null);

    hand_in(&mei, &review, "manager-review", "4");
    app.unchanged(|| {
        give_back(&sun, "manager", None).refused("guard-failed").faults(&[("", "reason_given")]);
        let refused = give_back(&mei, "manager", Some("Mine")).refused("forbidden");
        assert_eq!(refused.json()["rule"], "separation-of-duties");
    });
    let returned = give_back(&sun, "manager", Some("Too kind")).expect(200).json();
    assert_eq!(returned["state"], "pending_manager");
    let draft = mei.get(&review).json();
    assert_eq!(draft["manager_review"]["returned_because"], "Too kind");
    assert_eq!(draft["results"]["composite"], Value::Null);
    assert_eq!(draft["results"]["performance"], "100.00");
    hand_in(&mei, &review, "manager-review", "3");
    let returned = give_back(&sun, "self", Some("Start again")).expect(200).json();
    assert_eq!(returned["state"], "pending_self");
}

fn hr_takes_a_rating_up_again(app: &TestApp) {
    let (lin, mei, hr) = (app.as_(Employee), app.as_(DirectManager), app.as_(HrAdmin));
    let review = evaluated(app, &json!({}));
    hand_in(&lin, &review, "self-review", "3");
    app.unchanged(|| {
        step(&hr, &review, "reopening", reason("Too early")).refused("state-conflict");
    });
    hand_in(&mei, &review, "manager-review", "4");
    assert_eq!(actions(&hr, &review), json!(["reopening"]));
    app.unchanged(|| {
        let silent = step(&hr, &review, "reopening", Some(json!({}))).refused("guard-failed");
        silent.faults(&[("", "reason_given")]);
        step(&mei, &review, "reopening", reason("Mine")).refused("forbidden");
    });
    let reopened = step(&hr, &review, "reopening", reason("Corrected")).expect(200).json();
    assert_eq!(reopened["state"], "pending_manager");
    let done = hand_in(&mei, &review, "manager-review", "3").json();
    assert_eq!(done["results"]["composite"], "100.00");
    let result = mei.get(review.replace("reviews", "results")).expect(200).json();
    assert_eq!(result["provenance"]["revision"], 2);
}

fn an_overdue_self_review_is_skipped(app: &TestApp) {
    let (lin, mei, hr) = (app.as_(Employee), app.as_(DirectManager), app.as_(HrAdmin));
    let review = evaluated(app, &json!({}));
    write(&lin, &review, "self-review", &part("3")).expect(200);
    app.unchanged(|| {
        step(&mei, &review, "skip", None).refused("forbidden");
    });
    let skipped = step(&hr, &review, "skip", None).expect(200).json();
    assert_eq!(skipped["state"], "pending_manager");
    let seen = mei.get(&review).json();
    assert_eq!(seen["self_review"]["skipped"], true);
    assert_eq!(seen["self_review"]["ratings"], json!([]), "the draft stays with the person");
    assert_eq!(lin.get(&review).json()["self_review"]["ratings"][0]["rating"], "3");
    hand_in(&mei, &review, "manager-review", "3");

    let cycle = planned_for(app, &rules(&json!({})), &dues("2099-01-05"));
    open(app, cycle);
    let review = of(app, cycle, "lin");
    app.unchanged(|| {
        let early = step(&hr, &review, "skip", None).refused("guard-failed");
        early.faults(&[("", "self_overdue")]);
    });
}

fn the_raters_window_closes_when_due(app: &TestApp) {
    let (lin, hr) = (app.as_(Employee), app.as_(HrAdmin));
    let mut rules = rules(&json!({}));
    let raters = json!({ "manager": "60", "peer": "40" });
    rules["populations"][0]["dimensions"][1]["raters"] = raters;
    let early = planned_for(app, &rules, &dues("2099-01-05"));
    open(app, early);
    let review = of(app, early, "lin");
    hand_in(&lin, &review, "self-review", "3");
    app.unchanged(|| {
        let refused = step(&hr, &review, "raters-closure", None).refused("guard-failed");
        refused.faults(&[("", "raters_due_or_in")]);
    });
    let cycle = planned(app, &rules);
    open(app, cycle);
    let review = of(app, cycle, "lin");
    let waiting = hand_in(&lin, &review, "self-review", "3").json();
    assert_eq!(waiting["state"], "pending_raters");
    assert_eq!(actions(&hr, &review), json!(["raters_closure"]));
    app.unchanged(|| {
        step(&lin, &review, "raters-closure", None).refused("forbidden");
    });
    let closed = step(&hr, &review, "raters-closure", None).expect(200).json();
    assert_eq!(closed["state"], "pending_manager");
    app.unchanged(|| {
        step(&hr, &review, "raters-closure", None).refused("state-conflict");
    });
}

fn the_person_answers_a_released_result(app: &TestApp) {
    let (lin, mei) = (app.as_(Employee), app.as_(DirectManager));
    let review = evaluated(app, &json!({}));
    hand_in(&lin, &review, "self-review", "3");
    hand_in(&mei, &review, "manager-review", "4");
    let cycle = lin.get(&review).json()["cycle_id"].as_str().unwrap().parse().unwrap();
    app.unchanged(|| {
        step(&lin, &review, "acknowledgement", None).refused("state-conflict");
        let body = Some(json!({ "text": "No" }));
        step(&lin, &review, "disagreement", body).refused("state-conflict");
    });
    drive(app, &app.world.own, cycle, "published");
    let shown = lin.get(&review).expect(200);
    assert_eq!(shown.json()["state"], "published");
    assert_eq!(shown.json()["results"]["final_grade"], "B");
    assert_eq!(keys(&shown), ["self_review", "manager_review", "results"]);
    assert_eq!(shown.json()["allowed_actions"], json!(["acknowledgement", "disagreement"]));
    let result = lin.get(review.replace("reviews", "results")).expect(200).json();
    assert_eq!(result["composite"], "104.00");
    assert_eq!((&result["computed_grade"], &result["final_grade"]), (&json!("B"), &json!("B")));
    app.unchanged(|| {
        step(&mei, &review, "acknowledgement", None).refused("forbidden");
        let silent = step(&lin, &review, "disagreement", Some(json!({})));
        silent.refused("validation-failed").faults(&[("/text", "required")]);
    });
    let body = Some(json!({ "text": "The tender is missing" }));
    let answered = step(&lin, &review, "disagreement", body).expect(200).json();
    assert_eq!(answered["state"], "disagreed");
    assert_eq!(answered["disagreement"], "The tender is missing");
    assert!(answered["acknowledged_at"].is_string());
    app.unchanged(|| {
        step(&lin, &review, "acknowledgement", None).refused("state-conflict");
    });
    let fan = of(app, cycle, "mei");
    let seen = app.as_(DirectManager).get(&fan).expect(200).json();
    assert_eq!(seen["state"], "pending_self", "an exception goes without a grade");
}

fn nothing_is_written_once_the_cycle_is_given_up(app: &TestApp) {
    let (lin, hr, exec) = (app.as_(Employee), app.as_(HrAdmin), app.as_(Executive));
    let review = evaluated(app, &json!({}));
    let cycle = lin.get(&review).json()["cycle_id"].as_str().unwrap().to_owned();
    let path = format!("/v1/cycles/{cycle}");
    step(&hr, &path, "cancellation", reason("The company is sold")).expect(200);
    step(&exec, &path, "cancellation", reason("The company is sold")).expect(200);
    assert_eq!(actions(&lin, &review), json!([]));
    app.unchanged(|| {
        let refused = write(&lin, &review, "self-review", &part("3")).refused("guard-failed");
        refused.faults(&[("", "evaluation_open")]);
        let refused = step(&lin, &review, "self-review/submission", None).refused("guard-failed");
        refused.faults(&[("", "evaluation_open")]);
        let results = hr.request("POST", format!("{path}/results")).send();
        results.refused("guard-failed").faults(&[("", "evaluation_open")]);
    });
}

fn lists_show_what_one_may_know_of(app: &TestApp) {
    let review = evaluated(app, &json!({}));
    let cycle = app.as_(HrAdmin).get(&review).json()["cycle_id"].as_str().unwrap().to_owned();
    let people = |persona, query: &str| -> Vec<String> {
        let path = format!("/v1/reviews?cycle_id={cycle}{query}");
        let items = app.as_(persona).all(&path);
        let named = |id: &Value| {
            let names = ["lin", "mei", "sun", "fan", "kai", "hua", "bo"];
            names.into_iter().find(|name| json!(app.id(name)) == *id).unwrap_or("other").to_owned()
        };
        assert!(items.iter().all(|item| item.get("self_review").is_none()));
        items.iter().map(|item| named(&item["employee_id"])).collect()
    };
    let sorted = |mut names: Vec<String>| {
        names.sort();
        names
    };
    assert_eq!(people(Employee, ""), ["lin"]);
    assert_eq!(sorted(people(DirectManager, "")), ["lin", "mei"]);
    assert_eq!(sorted(people(SkipLevelManager, "")), ["fan", "lin", "mei", "sun"]);
    assert_eq!(sorted(people(Hrbp, "")), ["bo", "fan", "lin", "mei", "sun"]);
    assert_eq!(people(Colleague, ""), ["kai"]);
    assert!(people(SecondHrAdmin, "").len() > 10);
    let manager = format!("&manager_id={}", app.id("mei"));
    assert_eq!(people(HrAdmin, &manager), ["lin"]);
    let department = format!("&department_id={}", app.id("labs"));
    assert_eq!(people(HrAdmin, &department), ["kai"]);
    assert!(people(HrAdmin, "&state=final").is_empty());
    assert!(people(HrAdmin, "&updated_since=2099-01-01T00:00:00Z").is_empty());
}

fn an_auditor_sees_where_a_review_is_and_not_what_it_is_about(app: &TestApp) {
    let review = evaluated(app, &json!({}));
    let (ada, hr) = (app.as_(Auditor), app.as_(HrAdmin));
    let shown = ada.get(&review).expect(200).json();
    let listed = ada.all(&format!("/v1/reviews?employee_id={}", app.id("lin")));
    assert!(listed.contains(&shown), "{listed:?}");
    assert_eq!((&shown["state"], &shown["version"]), (&json!("pending_self"), &json!(1)));
    for hidden in ["population", "department_id"] {
        assert!(shown.get(hidden).is_none(), "{hidden}");
        assert!(hr.get(&review).expect(200).json()[hidden].is_string(), "{hidden}");
    }
    let refused = ada.get(format!("/v1/reviews?department_id={}", app.id("sales")));
    assert_eq!(refused.refused("forbidden").json()["rule"], "field-masked");
}
