//! Reading other people's records is logged, and they see it after the release.

use serde_json::{Value, json};
use tests::calls::id_of;
use tests::cycles::{drive, rated};
use tests::reviews::{evaluated, hand_in};
use tests::sessions::{compared, session_in};
use tests::world::Persona::{Auditor, Colleague, DirectManager, Employee, HrAdmin};
use tests::{Answer, TestApp, on_each_engine, sql};
use uuid::Uuid;

on_each_engine![
    a_person_sees_who_looked_once_it_is_released,
    every_way_of_looking_is_logged,
    ones_own_records_are_no_look,
    nothing_is_shown_while_nothing_can_be_logged,
];

/// The operations by which other people read a review, in the order of the log.
fn logged(app: &TestApp, review: Uuid) -> Vec<String> {
    let entries = app.read(|store| store.read_entries(0, 10_000));
    let of = entries
        .into_iter()
        .filter(|(_, shown)| shown.iter().any(|(shown, _)| shown.uuid() == review));
    of.map(|(entry, _)| entry.operation).collect()
}

/// Proves R49 through `listReadsOfMe`.
fn a_person_sees_who_looked_once_it_is_released(app: &TestApp) {
    let (lin, mei, hua) = (app.as_(Employee), app.as_(DirectManager), app.as_(HrAdmin));
    let review = evaluated(app, &json!({}));
    let cycle = lin.get(&review).expect(200).json()["cycle_id"].clone();
    hand_in(&lin, &review, "self-review", "3");
    hand_in(&mei, &review, "manager-review", "4");
    let looked = hua.get(&review).expect(200);
    assert_eq!(lin.all("/v1/me/reads"), Vec::<Value>::new(), "not before the release");
    let cycle = cycle.as_str().and_then(|id| id.parse().ok()).expect("an id");
    drive(app, &app.world.own, cycle, "published");
    let seen = lin.all("/v1/me/reads");
    assert_eq!(lin.all("/v1/me/reads?limit=1"), seen, "page by page");
    let by = |account: Uuid, operation: &str| {
        seen.iter()
            .filter(|look| look["reader_id"] == json!(account) && look["operation"] == operation)
            .count()
    };
    assert_eq!(by(app.id("hua.account"), "getReview"), 1, "{seen:?}");
    assert!(by(app.id("mei.account"), "getReview") >= 1, "{seen:?}");
    assert_eq!(by(app.id("lin.account"), "getReview"), 0, "{seen:?}");
    let look = seen.iter().find(|look| look["reader_id"] == json!(app.id("hua.account")));
    let look = look.expect("Hua's");
    assert_eq!(look["review_ids"], json!([id_of(&review)]));
    assert_eq!(look["reader"]["name"], "hua");
    assert_eq!(look["reader_kind"], "account");
    assert!(looked.header("X-Request-Id").is_some());
    assert_eq!(app.as_(Colleague).all("/v1/me/reads"), Vec::<Value>::new());
}

fn every_way_of_looking_is_logged(app: &TestApp) {
    let cycle = rated(app, &app.world.own, "calibrating", &[]);
    let session = session_in(app, &app.world.own, cycle, "open");
    let hua = app.as_(HrAdmin);
    let review = compared(&hua, session, "LIN")["review_id"].clone();
    let id: Uuid = review.as_str().and_then(|id| id.parse().ok()).expect("an id");
    let logs = |operation: &str, look: &dyn Fn() -> Answer| {
        let before = logged(app, id).len();
        look().expect(200);
        let after = logged(app, id);
        assert_eq!(after.len(), before + 1, "{operation}: {after:?}");
        assert_eq!(after[before], operation);
    };
    logs("getReview", &|| hua.get(format!("/v1/reviews/{id}")));
    let tag = hua.get(format!("/v1/reviews/{id}")).expect(200).etag();
    let again = || hua.request("GET", format!("/v1/reviews/{id}")).header("If-None-Match", &tag);
    let before = logged(app, id).len();
    again().send().expect(304);
    assert_eq!(logged(app, id).len(), before + 1, "that it is as before tells it as well");
    logs("listReviews", &|| hua.get(format!("/v1/reviews?cycle_id={cycle}&limit=200")));
    logs("getResult", &|| hua.get(format!("/v1/results/{id}")));
    logs("listComparedReviews", &|| {
        hua.get(format!("/v1/calibration-sessions/{session}/reviews?limit=200"))
    });
    logs("exportRatings", &|| hua.get(format!("/v1/ratings/export?cycle_id={cycle}")));
    logs("getManagerDashboard", &|| {
        app.as_(DirectManager).get(format!("/v1/dashboards/manager?cycle_id={cycle}"))
    });
    logs("getReview", &|| app.as_(Auditor).get(format!("/v1/reviews/{id}")));
    // The score of a goal is a part of the result.
    let id_of_goal = app.as_(Employee).all(&format!("/v1/goals?cycle_id={cycle}"));
    for goal in &id_of_goal {
        let goal = goal["id"].as_str().unwrap_or_default();
        let before = logged(app, id).len();
        let shown = hua.get(format!("/v1/goals/{goal}")).expect(200).json();
        let scored = usize::from(shown["score"].is_string());
        assert_eq!(logged(app, id).len(), before + scored, "{shown}");
    }
    // Neither a refused read nor a list without the review is logged.
    let before = logged(app, id).len();
    app.as_(Colleague).get(format!("/v1/reviews/{id}")).refused("not-found");
    app.as_(Colleague).get("/v1/reviews?limit=200").expect(200);
    assert_eq!(logged(app, id).len(), before);
}

fn ones_own_records_are_no_look(app: &TestApp) {
    let review = evaluated(app, &json!({}));
    let before = logged(app, id_of(&review)).len();
    app.as_(Employee).get(&review).expect(200);
    app.as_(Employee).all("/v1/reviews");
    app.as_(Employee).get("/v1/dashboards/employee").expect(200);
    assert_eq!(logged(app, id_of(&review)).len(), before);
}

fn nothing_is_shown_while_nothing_can_be_logged(app: &TestApp) {
    let review = evaluated(app, &json!({}));
    let hua = app.as_(HrAdmin);
    hua.get(&review).expect(200);
    let (fail, mend) = match app.engine {
        tests::Engine::Sqlite => (
            "CREATE TRIGGER full BEFORE INSERT ON read_entry \
             BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END",
            "DROP TRIGGER full",
        ),
        tests::Engine::Postgres => (
            "ALTER TABLE read_entry ADD CONSTRAINT never CHECK (false) NOT VALID",
            "ALTER TABLE read_entry DROP CONSTRAINT never",
        ),
    };
    sql::execute(app.engine, app.url(), fail);
    for path in [&review, "/v1/reviews", "/v1/ratings/export"] {
        let refused = hua.request("GET", path).try_send().expect("an answer");
        let refused = refused.refused("read-not-logged");
        assert_eq!((refused.status, refused.header("Retry-After")), (503, Some("1")), "{path}");
    }
    app.as_(Employee).get(&review).expect(200);
    sql::execute(app.engine, app.url(), mend);
    hua.get(&review).expect(200);
}
