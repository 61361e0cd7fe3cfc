//! Results: computed one by one and for a whole cycle, explained, and recomputed exactly.

use domain::scoring::trace::{Locale, Trace};
use serde_json::{Value, json};
use tests::cycles::{drive, step};
use tests::reviews::{evaluated, hand_in, of, open, part, planned, rules, write};
use tests::world::Persona::{
    Colleague, DirectManager, Employee, HrAdmin, SecondHrAdmin, SkipLevelManager,
};
use tests::{Engine, TestApp, on_each_engine, sql};
use uuid::Uuid;

on_each_engine![
    a_result_is_explained_in_both_languages,
    a_stored_trace_is_computed_again_to_the_digit,
    an_altered_trace_is_no_explanation,
    what_cannot_be_computed_is_named,
    the_results_of_a_cycle_are_computed_at_once,
    who_has_a_team_shares_in_its_totals,
    only_hr_computes_the_results_of_a_cycle,
    the_person_reads_the_standards_before_and_the_formulas_after,
];

fn rated(app: &TestApp) -> String {
    let review = evaluated(app, &json!({}));
    hand_in(&app.as_(Employee), &review, "self-review", "3");
    hand_in(&app.as_(DirectManager), &review, "manager-review", "4");
    review
}

/// Proves R49, R56 through `getResult`, `explainResult`.
fn a_result_is_explained_in_both_languages(app: &TestApp) {
    let mei = app.as_(DirectManager);
    let result = rated(app).replace("reviews", "results");
    let read = mei.get(&result).expect(200).json();
    assert_eq!(read["collaboration"], "110.00");
    assert_eq!(read["provenance"]["revision"], 1);
    assert_eq!(read["provenance"]["digest"].as_str().map(str::len), Some(64));
    let path = format!("{result}/explanation");
    let explain = |language: &str| {
        let answer = mei.request("GET", path.clone()).header("Accept-Language", language).send();
        let answer = answer.expect(200);
        assert_eq!(answer.header("Content-Language"), answer.json()["language"].as_str());
        answer
    };
    let (english, chinese) = (explain("en"), explain("zh-CN"));
    let text = |answer: &Value| answer["text"].as_str().unwrap_or_default().to_owned();
    assert!(text(&english.json()).starts_with("composite score: 104.00 B\n  [60%] performance"));
    assert!(text(&chinese.json()).starts_with("综合得分: 104.00 B\n  [60%] performance 业绩总分"));
    assert_ne!(english.etag(), chinese.etag());
    let known = mei.request("GET", path.clone()).header("If-None-Match", &english.etag());
    known.header("Accept-Language", "en").send().expect(304);

    let whole = &english.json()["whole"];
    assert_eq!(whole["kind"], "composite");
    assert_eq!((&whole["score"], &whole["grade"]), (&json!("104"), &json!("B")));
    let performance = &whole["parts"][0];
    assert_eq!(performance["weight"], "60.00");
    let goal = &performance["parts"][0];
    assert_eq!((&goal["kind"], &goal["name"]), (&json!("indicator"), &json!("Revenue")));
    assert_eq!((&goal["actual"], &goal["score"]), (&json!("1200"), &json!("100")));
    assert_eq!(goal["revision_ids"].as_array().map(Vec::len), Some(2));
    assert_eq!(goal["steps"][0]["section"], "B.1");
    assert_eq!((&goal["exact_actual"], &goal["exact_score"]), (&json!(null), &json!(null)));
    let competency = &whole["parts"][1];
    assert_eq!((&competency["kind"], &competency["score"]), (&json!("dimension"), &json!("110")));
    assert_eq!(competency["steps"][0]["rule"], "mean rating of one type of rater");
    assert_eq!(chinese.json()["whole"]["parts"][1]["steps"][0]["rule"], "同类评价者的平均分");
}

/// The id of a review as an SQL literal.
fn key(app: &TestApp, review: &str) -> String {
    let id: Uuid = review.rsplit('/').next().unwrap_or_default().parse().expect("an id");
    match app.engine {
        Engine::Sqlite => format!("x'{}'", id.simple()),
        Engine::Postgres => format!("'{id}'"),
    }
}

fn stored(app: &TestApp, review: &str) -> String {
    let id = key(app, review);
    let query = format!("SELECT trace AS line FROM result_trace WHERE review_id = {id}");
    sql::lines_of(app.engine, app.url(), app.world.own.tenant, &query).remove(0)
}

/// Proves R49 through `explainResult`.
fn a_stored_trace_is_computed_again_to_the_digit(app: &TestApp) {
    let review = rated(app);
    let text = stored(app, &review);
    let trace: Trace = serde_json::from_str(&text).expect("a trace");
    assert!(trace.replays().expect("its inputs are sound"));
    let again = trace.calculation.clone().explain(&(&trace.settings).into()).expect("sound");
    assert_eq!(again.canonical().expect("JSON"), text);
    let path = format!("{}/explanation", review.replace("reviews", "results"));
    let shown = app.as_(DirectManager).get(path).expect(200).json();
    assert_eq!(shown["text"], again.render(Locale::En));
}

fn an_altered_trace_is_no_explanation(app: &TestApp) {
    let review = rated(app);
    let tenant = app.world.own.tenant;
    let enter = match app.engine {
        Engine::Sqlite => String::new(),
        Engine::Postgres => format!("SET evenhand.tenant = '{tenant}'; "),
    };
    let id = key(app, &review);
    let tamper = format!(
        "{enter}UPDATE result_trace SET trace = replace(trace, '\"104\"', '\"120\"') \
         WHERE review_id = {id}"
    );
    sql::execute(app.engine, app.url(), &tamper);
    assert!(stored(app, &review).contains("\"120\""));
    let path = format!("{}/explanation", review.replace("reviews", "results"));
    let answer = app.as_(DirectManager).request("GET", path).try_send().expect("an answer");
    assert_eq!((answer.status, answer.problem()), (500, Some("internal")));
}

/// Proves R49, R53 through `submitManagerReview`.
fn what_cannot_be_computed_is_named(app: &TestApp) {
    let mei = app.as_(DirectManager);
    let mut rules = rules(&json!({}));
    // Most of the weight belongs to the reviewee, who submits nothing.
    rules["populations"][0]["dimensions"][3]["raters"] = json!({ "manager": "40", "self": "60" });
    let cycle = planned(app, &rules);
    open(app, cycle);
    let review = of(app, cycle, "lin");
    step(&app.as_(HrAdmin), &review, "skip", None).expect(200);
    write(&mei, &review, "manager-review", &part("3")).expect(200);
    app.unchanged(|| {
        let refused = step(&mei, &review, "manager-review/submission", None);
        refused
            .refused("guard-failed")
            .faults(&[("/dimensions/collaboration", "DIMENSION_INSUFFICIENT")]);
    });
    let result = mei.get(review.replace("reviews", "results")).expect(200).json();
    assert_eq!((&result["composite"], &result["provenance"]), (&Value::Null, &Value::Null));
    mei.get(format!("{}/explanation", review.replace("reviews", "results"))).expect(404);
}

fn compute(app: &TestApp, cycle: &str) -> Value {
    let hr = app.as_(HrAdmin);
    hr.request("POST", format!("/v1/cycles/{cycle}/results")).send().expect(200).json()
}

fn cycle_of(app: &TestApp, review: &str) -> String {
    let read = app.as_(HrAdmin).get(review).expect(200).json();
    read["cycle_id"].as_str().unwrap_or_default().to_owned()
}

/// Proves R49, R56 through `computeResults`.
fn the_results_of_a_cycle_are_computed_at_once(app: &TestApp) {
    let (lin, mei) = (app.as_(Employee), app.as_(DirectManager));
    let review = evaluated(app, &json!({}));
    let cycle = cycle_of(app, &review);
    let early = compute(app, &cycle);
    assert_eq!((&early["computed"], &early["waiting"]), (&json!(0), &json!(1)));
    // Only Lin has goals.
    let failed = early["failed"].as_u64().unwrap_or_default();
    assert_eq!(failed, 10, "all others but HR and senior management: {early}");
    assert_eq!(early["failures"].as_array().map(Vec::len), Some(failed as usize));
    // Nobody is told what is missing in their own result.
    let about = |told: &Value, name: &str| {
        let mut failures = told["failures"].as_array().into_iter().flatten();
        failures.any(|failure| failure["employee_id"] == json!(app.id(name)))
    };
    let hao = app.as_(SecondHrAdmin).request("POST", format!("/v1/cycles/{cycle}/results"));
    let told = hao.send().expect(200).json();
    for told in [&early, &told] {
        assert!(!about(told, "hua") && !about(told, "hao") && about(told, "kai"), "{told}");
    }
    let faults = &early["failures"][0]["faults"];
    assert_eq!(*faults, json!([{ "place": "/goals", "code": "EMPTY_INPUT" }]));
    assert_eq!(mei.get(&review).json()["results"]["performance"], "100.00");
    let goals = || lin.all(&format!("/v1/goals?cycle_id={cycle}"));
    assert_eq!(goals()[0]["state"], "active", "data may still come in");

    hand_in(&lin, &review, "self-review", "3");
    hand_in(&mei, &review, "manager-review", "4");
    let before = mei.get(review.replace("reviews", "results")).expect(200);
    let all = compute(app, &cycle);
    assert_eq!((&all["computed"], &all["waiting"]), (&json!(1), &json!(0)));
    let after = mei.get(review.replace("reviews", "results")).expect(200);
    assert_eq!(after.json(), before.json(), "what is known is not computed into a new revision");
}

/// A manager's result is blended with the totals of the team, not with the grades the manager gave.
fn who_has_a_team_shares_in_its_totals(app: &TestApp) {
    let (lin, mei, sun) = (app.as_(Employee), app.as_(DirectManager), app.as_(SkipLevelManager));
    let mut rules = rules(&json!({}));
    // Half of the revenue gives a total of 50. Mei has no goals; only her rating counts.
    let rated = |weight: &str| json!({ "code": "competency", "weight": weight, "raters": { "manager": "100" } });
    let standard = rules["populations"][0].clone();
    rules["populations"] = json!([
        { "code": "managers", "managers": true, "dimensions": [rated("100")] },
        standard,
    ]);
    let cycle = planned(app, &rules);
    open(app, cycle);
    let (review, own) = (of(app, cycle, "lin"), of(app, cycle, "mei"));
    let one = json!({ "ratings": [{ "dimension": "competency", "rating": "3" }] });
    write(&mei, &own, "self-review", &one).expect(200);
    step(&mei, &own, "self-review/submission", None).expect(200);
    write(&sun, &own, "manager-review", &one).expect(200);
    let alone = step(&sun, &own, "manager-review/submission", None).expect(200).json();
    assert_eq!(alone["results"]["composite"], "100.00");
    hand_in(&lin, &review, "self-review", "4");
    hand_in(&mei, &review, "manager-review", "4");
    compute(app, &cycle.to_string());
    // 0.8 * 100 + 0.2 * 50
    let result = sun.get(own.replace("reviews", "results")).expect(200).json();
    assert_eq!((&result["composite"], &result["computed_grade"]), (&json!("90.00"), &json!("B")));
    assert_eq!(result["provenance"]["revision"], 2);
    let path = format!("{}/explanation", own.replace("reviews", "results"));
    let whole = sun.get(path).expect(200).json()["whole"].clone();
    assert_eq!(whole["kind"], "manager");
    assert_eq!(whole["parts"][0]["kind"], "composite");
    assert!(!whole.to_string().contains("\"50\""), "no single total of the team");
}

fn only_hr_computes_the_results_of_a_cycle(app: &TestApp) {
    let review = evaluated(app, &json!({}));
    let path = format!("/v1/cycles/{}/results", cycle_of(app, &review));
    app.unchanged(|| {
        for persona in [Employee, DirectManager, Colleague] {
            app.as_(persona).request("POST", path.clone()).send().refused("forbidden");
        }
    });
}

/// Proves R68 through `getPolicy`, `listGoals`, `explainResult`.
fn the_person_reads_the_standards_before_and_the_formulas_after(app: &TestApp) {
    let lin = app.as_(Employee);
    let cycle = planned(app, &rules(&json!({ "kpi.cap": "110" })));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let read = lin.get(format!("/v1/cycles/{cycle}")).expect(200).json();
    let policy = lin.get(format!("/v1/policies/{}", text(&read["policy_id"]))).expect(200).json();
    assert_eq!(policy["rules"]["settings"]["kpi.cap"], "110");
    let dimensions = &policy["rules"]["populations"][0]["dimensions"];
    let weights = dimensions.as_array().into_iter().flatten().map(|it| text(&it["weight"]));
    assert_eq!(weights.collect::<Vec<_>>(), ["60.00", "20.00", "10.00", "10.00"]);
    let goal = lin.all(&format!("/v1/goals?cycle_id={cycle}")).remove(0);
    assert_eq!(goal["content"]["weight"], "100.00");
    let scoring = &goal["content"]["definition"]["scoring"];
    assert_eq!((&scoring["method"], &scoring["target"]), (&json!("ratio"), &json!("1200")));

    open(app, cycle);
    let review = of(app, cycle, "lin");
    hand_in(&lin, &review, "self-review", "3");
    hand_in(&app.as_(DirectManager), &review, "manager-review", "4");
    let path = format!("{}/explanation", review.replace("reviews", "results"));
    lin.get(&path).expect(404);
    drive(app, &app.world.own, cycle, "published");
    let whole = lin.get(&path).expect(200).json()["whole"].take();
    let weights = whole["parts"].as_array().into_iter().flatten().map(|it| text(&it["weight"]));
    assert_eq!(weights.collect::<Vec<_>>(), ["60.00", "20.00", "10.00", "10.00"]);
    assert_eq!(whole["parts"][0]["parts"][0]["steps"][0]["section"], "B.1");
}
