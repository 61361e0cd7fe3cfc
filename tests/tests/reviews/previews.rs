//! The preview of a rating: the score that handing it in would give, and all that is missing for it.

use serde_json::{Value, json};
use tests::app::eventually;
use tests::calls::id_of;
use tests::cycles::{behind, step};
use tests::reviews::{evaluated, hand_in, of, open, part, planned, rules, write};
use tests::world::Persona::{
    self, Auditor, Colleague, DirectManager, Employee, Executive, FormerManager, HrAdmin, Hrbp,
    OtherHrAdmin, SecondHrAdmin, SkipLevelManager,
};
use tests::{TestApp, on_each_engine};

on_each_engine![
    a_preview_is_what_handing_in_then_gives,
    everything_that_is_missing_is_named,
    a_preview_grows_with_the_draft,
    the_draft_of_a_self_review_shows_in_no_preview,
    only_who_rates_may_preview,
    a_result_that_is_closed_is_not_previewed,
];

fn preview(app: &TestApp, persona: Persona, review: &str) -> tests::Answer {
    app.as_(persona).get(format!("{review}/preview"))
}

fn missing(shown: &Value) -> Vec<(String, String)> {
    let text = |fault: &Value, name: &str| fault[name].as_str().unwrap_or_default().to_owned();
    let faults = shown["missing"].as_array().into_iter().flatten();
    faults.map(|fault| (text(fault, "pointer"), text(fault, "code"))).collect()
}

/// Proves R53, R57 through `previewReview`.
fn a_preview_is_what_handing_in_then_gives(app: &TestApp) {
    let mei = app.as_(DirectManager);
    let review = evaluated(app, &json!({}));
    hand_in(&app.as_(Employee), &review, "self-review", "3");
    write(&mei, &review, "manager-review", &part("4")).expect(200);
    let tag = mei.get(&review).expect(200).etag();
    let shown = app.unchanged(|| preview(app, DirectManager, &review).expect(200)).json();
    assert_eq!((&shown["is_ready"], &shown["missing"]), (&json!(true), &json!([])));
    assert_eq!(shown["warnings"], json!(["no_process_records"]));
    assert_eq!(mei.get(&review).expect(200).etag(), tag, "nothing of the review has moved");
    let scores: Vec<_> = shown["dimensions"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|it| (it["dimension"].clone(), it["weight"].clone(), it["score"].clone()))
        .collect();
    let expected = [
        ("performance", "60.00", "100.00"),
        ("competency", "20.00", "110.00"),
        ("behaviour", "10.00", "110.00"),
        ("collaboration", "10.00", "110.00"),
    ];
    assert_eq!(
        scores,
        expected.map(|(code, weight, score)| (json!(code), json!(weight), json!(score)))
    );
    let done = step(&mei, &review, "manager-review/submission", None).expect(200).json();
    assert_eq!(shown["composite"], done["results"]["composite"]);
    assert_eq!(shown["computed_grade"], done["results"]["computed_grade"]);
    assert_eq!(shown["composite"], "104.00");
    preview(app, DirectManager, &review).refused("not-found");
}

/// Proves R57, R59 through `previewReview`.
fn everything_that_is_missing_is_named(app: &TestApp) {
    let (lin, mei) = (app.as_(Employee), app.as_(DirectManager));
    let cycle = planned(app, &rules(&json!({ "review.process_records": "block" })));
    open(app, cycle);
    let review = of(app, cycle, "lin");
    let early = preview(app, DirectManager, &review).expect(200).json();
    assert!(missing(&early).contains(&("/self_review".into(), "self_review_missing".into())));
    hand_in(&lin, &review, "self-review", "3");
    let one = json!({ "ratings": [{ "dimension": "competency", "rating": "1" }] });
    write(&mei, &review, "manager-review", &one).expect(200);
    let shown = preview(app, DirectManager, &review).expect(200).json();
    assert_eq!((&shown["composite"], &shown["is_ready"]), (&json!(null), &json!(false)));
    assert_eq!(shown["dimensions"][1]["score"], "60.00", "what is rated is scored");
    assert_eq!(shown["dimensions"][2]["score"], json!(null));
    let refused = step(&mei, &review, "manager-review/submission", None).refused("guard-failed");
    assert_eq!(shown["missing"], refused.json()["errors"], "as handing in would say it");
    assert_eq!(missing(&shown).len(), 4);
    let chinese = mei.request("GET", format!("{review}/preview"));
    let chinese = chinese.header("Accept-Language", "zh-CN").send().expect(200);
    assert_eq!(chinese.header("Content-Language"), Some("zh-CN"));
    assert!(String::from_utf8_lossy(&chinese.body).contains("尚未评分"), "{chinese:?}");

    // Goals are looked at even while ratings are missing: Mei has none.
    let own = of(app, cycle, "mei");
    hand_in(&mei, &own, "self-review", "3");
    let shown = preview(app, SkipLevelManager, &own).expect(200).json();
    assert!(missing(&shown).contains(&("/goals".into(), "EMPTY_INPUT".into())), "{shown}");
}

/// Proves R56 through `previewReview`.
fn a_preview_grows_with_the_draft(app: &TestApp) {
    let mei = app.as_(DirectManager);
    let review = evaluated(app, &json!({}));
    hand_in(&app.as_(Employee), &review, "self-review", "3");
    let grade = |rating: &str, evidenced: bool| {
        let mut body = part(rating);
        if !evidenced {
            for rating in body["ratings"].as_array_mut().into_iter().flatten() {
                rating["evidence"] = json!([]);
            }
        }
        write(&mei, &review, "manager-review", &body).expect(200);
        let shown = preview(app, DirectManager, &review).expect(200).json();
        (shown["composite"].clone(), shown["computed_grade"].clone(), missing(&shown).len())
    };
    assert_eq!(grade("3", true), (json!("100.00"), json!("B"), 0));
    assert_eq!(grade("5", true), (json!("108.00"), json!("A"), 0));
    // The score is known while only the evidence is missing.
    assert_eq!(grade("5", false), (json!("108.00"), json!("A"), 3));
}

/// Proves R53 through `previewReview`.
fn the_draft_of_a_self_review_shows_in_no_preview(app: &TestApp) {
    let (lin, mei) = (app.as_(Employee), app.as_(DirectManager));
    let mut rules = rules(&json!({}));
    rules["populations"][0]["dimensions"][1]["raters"] = json!({ "manager": "60", "self": "40" });
    let cycle = planned(app, &rules);
    open(app, cycle);
    let review = of(app, cycle, "lin");
    write(&mei, &review, "manager-review", &part("3")).expect(200);
    let shown = || {
        let mut shown = preview(app, DirectManager, &review).expect(200).json();
        shown.as_object_mut().map(|shown| shown.remove("request_id"));
        shown
    };
    let before = shown();
    assert_eq!(before["composite"], json!(null), "the own rating counts and is not in");
    for rating in ["1", "5"] {
        write(&lin, &review, "self-review", &part(rating)).expect(200);
        assert_eq!(shown(), before, "whatever the person drafts");
    }
    step(&lin, &review, "self-review/submission", None).expect(200);
    let after = shown();
    assert_ne!(after["dimensions"][1], before["dimensions"][1], "once it is in, it counts");
    assert!(after["composite"].is_string());
    // Returned, it is a draft again.
    let back = json!({ "to": "self", "reason": "Say more" });
    step(&mei, &review, "return", Some(back)).expect(200);
    assert_eq!(shown(), before);
}

fn only_who_rates_may_preview(app: &TestApp) {
    let review = evaluated(app, &json!({}));
    hand_in(&app.as_(Employee), &review, "self-review", "3");
    write(&app.as_(DirectManager), &review, "manager-review", &part("4")).expect(200);
    for persona in [
        Employee,
        Colleague,
        FormerManager,
        SkipLevelManager,
        HrAdmin,
        SecondHrAdmin,
        Hrbp,
        Executive,
        Auditor,
        OtherHrAdmin,
    ] {
        app.unchanged(|| preview(app, persona, &review).refused("not-found"));
    }
    let logged = |operation: &str| {
        let entries = app.read(|store| store.read_entries(0, 10_000));
        let of = |shown: &[(domain::core::id::ReviewId, _)]| {
            shown.iter().any(|(shown, _)| shown.uuid() == id_of(&review))
        };
        entries.iter().filter(|(entry, shown)| entry.operation == operation && of(shown)).count()
    };
    let before = logged("previewReview");
    preview(app, DirectManager, &review).expect(200);
    assert_eq!(logged("previewReview"), before + 1);
}

/// Two managers who rate each other: each result is computed from the other's team, so neither may
/// learn it before the release, not by a preview either.
fn a_result_that_is_closed_is_not_previewed(app: &TestApp) {
    let review = evaluated(app, &json!({}));
    hand_in(&app.as_(Employee), &review, "self-review", "3");
    preview(app, DirectManager, &review).expect(200);
    // Lin answers for Mei in the same cycle.
    let (lin, mei) = (app.id("lin"), app.id("mei"));
    let literal = |id| tests::cycles::literal(app, id);
    let (lin, mei) = (literal(lin), literal(mei));
    behind(app, &format!("UPDATE participant SET manager_id = {lin} WHERE employee_id = {mei}"));
    eventually("the preview is closed", || {
        preview(app, DirectManager, &review).problem() == Some("not-found")
    });
}
