//! Open duties: which ones a person has, who leaves with some, and how they are handed over.

use serde_json::{Value, json};
use tests::calls::unique;
use tests::cycles::{behind, design, drive, literal, step};
use tests::goals::{goal, indicator};
use tests::reviews;
use tests::world::Persona::{
    Auditor, DirectManager, Employee, HrAdmin, Hrbp, PeopleWriter, SecondHrAdmin, SkipLevelManager,
};
use tests::{Answer, TestApp, on_each_engine};
use uuid::Uuid;

on_each_engine![
    open_duties_are_listed_and_counted,
    one_call_hands_everything_over,
    whoever_takes_over_is_led_by_somebody_else,
    nobody_takes_over_what_begins_when_they_are_gone,
    a_handover_into_a_loop_changes_nothing,
    two_people_rate_each_other_only_by_intent,
    a_handover_leaves_what_is_about_the_caller,
    nobody_takes_over_who_does_not_work_here,
    a_leaver_waits_on_the_desk_of_hr,
    nobody_is_frozen_under_a_leaver,
    what_waits_for_a_leaver_is_said_and_skipped,
];

fn path(app: &TestApp, name: &str) -> String {
    format!("/v1/employees/{}", app.id(name))
}

/// A person's open duties, by kind and record.
fn duties(app: &TestApp, person: &str) -> Vec<(String, Value)> {
    let found = app.as_(HrAdmin).all(&format!("{person}/open-duties?limit=2"));
    let kind = |duty: &Value| duty["kind"].as_str().unwrap_or_default().to_owned();
    found.iter().map(|duty| (kind(duty), duty["resource_id"].clone())).collect()
}

fn kinds(app: &TestApp, person: &str) -> Vec<String> {
    duties(app, person).into_iter().map(|(kind, _)| kind).collect()
}

fn hand_over(app: &TestApp, from: &str, to: Uuid) -> Answer {
    let order = json!({ "manager_id": to, "reason": "Moves away" });
    step(&app.as_(HrAdmin), &path(app, from), "handover", Some(order))
}

fn leave(app: &TestApp, name: &str, last: &str) -> Value {
    let end = json!({ "last_day": last, "reason": "Moves away" });
    step(&app.as_(SecondHrAdmin), &path(app, name), "termination", Some(end)).expect(200).json()
}

fn manager_of(app: &TestApp, name: &str) -> Value {
    app.as_(HrAdmin).get(path(app, name)).expect(200).json()["manager_id"].clone()
}

fn leader_of(app: &TestApp, name: &str) -> Value {
    let participant = format!("/v1/participants/{}", app.id(&format!("{name}.participant")));
    app.as_(SecondHrAdmin).get(participant).expect(200).json()["manager_id"].clone()
}

fn open_duties_are_listed_and_counted(app: &TestApp) {
    let (hr, lin) = (app.as_(HrAdmin), app.as_(Employee));
    let cycle = app.id("cycle");
    let waits = lin.post("/v1/goals", &goal(cycle, &indicator("Waits", "50"))).expect(201);
    step(&lin, &tests::goals::path(&waits), "signature", None);
    let mei = path(app, "mei");
    let found = duties(app, &mei);
    let count = |kind: &str| found.iter().filter(|(found, _)| found == kind).count();
    assert_eq!((count("report"), count("review")), (1, 1), "{found:?}");
    assert!(found.contains(&("report".to_owned(), json!(app.id("lin")))));
    assert!(found.contains(&("review".to_owned(), json!(app.id("lin.participant")))));
    for persona in [Employee, DirectManager, SkipLevelManager, Hrbp, Auditor] {
        app.as_(persona).get(format!("{mei}/open-duties")).refused("forbidden");
    }
    hr.get(format!("/v1/employees/{}/open-duties", app.world.other.id("mei"))).refused("not-found");
    let told = leave(app, "mei", "2099-12-31");
    assert_eq!(
        (&told["open_duties"]["reports"], &told["open_duties"]["reviews"]),
        (&json!(1), &json!(1))
    );
    assert!(hr.get(&mei).json().get("open_duties").is_none());
    let kai = leave(app, "kai", "2099-12-31");
    assert!(kai.get("open_duties").is_none(), "nothing hangs on Kai: {kai}");
    // A key that may end employments does not see duties about reviews, seats and keys.
    let end = json!({ "last_day": "2099-12-31", "reason": "Moves away" });
    let told = step(&app.as_(PeopleWriter), &path(app, "sun"), "termination", Some(end));
    assert!(told.expect(200).json().get("open_duties").is_none());
    // An expired key and a seat in a cancelled cycle are no duties.
    let session = json!({
        "cycle_id": cycle, "name": "Sales", "members": [
            { "employee_id": app.id("sun"), "seat": "member" },
            { "employee_id": app.id("hao"), "seat": "facilitator" },
        ],
    });
    hr.post("/v1/calibration-sessions", &session).expect(201);
    let sun = path(app, "sun");
    assert!(kinds(app, &sun).contains(&"calibration_session".to_owned()));
    let here = literal(app, cycle);
    behind(app, &format!("UPDATE cycle SET state = 'cancelled' WHERE id = {here}"));
    assert_eq!(kinds(app, &sun), ["report"; 2]);
    let hao = app.as_(SecondHrAdmin);
    let keys = || {
        let found = hao.all(&format!("{}/open-duties", path(app, "hua")));
        found.iter().filter(|duty| duty["kind"] == "api_key").count()
    };
    let all = keys();
    let past = match app.engine {
        tests::Engine::Sqlite => "1",
        tests::Engine::Postgres => "'2020-01-01'",
    };
    behind(app, &format!("UPDATE api_key SET expires_at = {past}"));
    assert!(all > 0 && keys() == 0, "of {all}");
}

fn one_call_hands_everything_over(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let cycle = app.id("cycle");
    let session = json!({
        "cycle_id": cycle, "name": "Sales", "members": [
            { "employee_id": app.id("sun"), "seat": "member" },
            { "employee_id": app.id("hao"), "seat": "facilitator" },
        ],
    });
    let session = hr.post("/v1/calibration-sessions", &session).expect(201);
    let sun = path(app, "sun");
    assert_eq!(kinds(app, &sun), ["calibration_session", "report", "report", "review", "review"]);
    leave(app, "sun", "2026-01-31");
    let done = hand_over(app, "sun", app.id("kai")).expect(200).json();
    let gone = json!({ "reports": 2, "reviews": 2, "goals": 0, "calibration_sessions": 1,
                       "api_keys": 0, "jobs": 0 });
    assert_eq!(done["handed_over"], gone, "{done}");
    assert_eq!(kinds(app, &sun), [""; 0]);
    let kai = json!(app.id("kai"));
    for name in ["mei", "fan"] {
        assert_eq!((manager_of(app, name), leader_of(app, name)), (kai.clone(), kai.clone()));
    }
    let seated = hr.get(format!("/v1/calibration-sessions/{}", session.id())).expect(200).json();
    assert!(seated["members"].to_string().contains(&app.id("kai").to_string()), "{seated}");
    let history = hr.all(&format!("{}/assignments", path(app, "mei")));
    assert_eq!(history.len(), 2, "Sun is in the history");
    assert_eq!(history[0]["manager_id"], json!(app.id("sun")));
    let entries = app.recorded("employee.duties_handed_over");
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].reason.as_deref(), Some("Moves away"));
    assert_eq!(app.recorded("participant.handed_over").len(), 2);
    // The administrator who asks takes over the keys.
    let hao = app.as_(SecondHrAdmin);
    let keys = hao.all(&format!("{}/open-duties", path(app, "hua")));
    let mine = keys.iter().filter(|duty| duty["kind"] == "api_key").count();
    assert!(mine > 0, "{keys:?}");
    hr.get(format!("{}/open-duties", path(app, "hua"))).refused("forbidden");
    let order = json!({ "manager_id": app.id("hao"), "reason": "Moves away" });
    let done = step(&hao, &path(app, "hua"), "handover", Some(order)).expect(200).json();
    assert_eq!(done["handed_over"]["api_keys"], json!(mine));
    let keys = hao.all("/v1/api-keys");
    assert!(keys.iter().all(|key| key["owner_account_id"] == json!(app.id("hao.account"))));
}

fn whoever_takes_over_is_led_by_somebody_else(app: &TestApp) {
    let done = hand_over(app, "sun", app.id("mei")).expect(200).json();
    assert_eq!(done["handed_over"]["reports"], json!(2), "{done}");
    assert_eq!(manager_of(app, "mei"), Value::Null, "nobody is above Sun");
    assert_eq!(manager_of(app, "fan"), json!(app.id("mei")));
    assert_eq!(leader_of(app, "fan"), json!(app.id("mei")));
    assert_eq!(done["remaining"]["reviews"], json!(1), "nobody is there to rate Mei: {done}");
    let done = hand_over(app, "mei", app.id("lin")).expect(200).json();
    assert_eq!(
        (manager_of(app, "fan"), manager_of(app, "lin")),
        (json!(app.id("lin")), Value::Null)
    );
    assert_eq!(done["handed_over"]["reports"], json!(2), "{done}");
    assert_eq!(leader_of(app, "lin"), json!(app.id("sun")), "who answers for Mei answers for Lin");
}

fn nobody_takes_over_what_begins_when_they_are_gone(app: &TestApp) {
    // Lin reports to Mei again from 2050 on, when Kai will have left.
    let hr = app.as_(HrAdmin);
    let lin = hr.get(path(app, "lin")).expect(200);
    let later = json!({ "effective_from": "2050-01-01", "job_title": "Senior" });
    let assigning = hr.request("POST", format!("{}/assignments", lin.path));
    assigning.if_match(&lin.etag()).json(&later).send().expect(200);
    leave(app, "kai", "2049-12-31");
    app.unchanged(|| hand_over(app, "mei", app.id("kai")))
        .refused("validation-failed")
        .faults(&[("/manager_id", "manager_not_employed")]);
}

fn a_handover_into_a_loop_changes_nothing(app: &TestApp) {
    app.unchanged(|| {
        let refused = hand_over(app, "sun", app.id("lin")).refused("reporting-loop");
        let refused = refused.faults(&[("/manager_id", "reporting_loop")]).json();
        let detail = refused["errors"][0]["detail"].as_str().unwrap_or_default();
        assert!(detail.contains("MEI") && detail.contains("LIN"), "{detail}");
    });
}

fn two_people_rate_each_other_only_by_intent(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let participant = format!("/v1/participants/{}", app.id("mei.participant"));
    let order = |mutual: Option<bool>| {
        let mut order = json!({ "manager_id": app.id("lin"), "reason": "Sun is away" });
        if let Some(mutual) = mutual {
            order["allow_mutual"] = json!(mutual);
        }
        step(&hr, &participant, "handover", Some(order))
    };
    app.unchanged(|| {
        for mutual in [None, Some(false)] {
            order(mutual).refused("validation-failed").faults(&[("/manager_id", "mutual_rating")]);
        }
    });
    let silent = json!({ "manager_id": app.id("lin"), "allow_mutual": true });
    step(&hr, &participant, "handover", Some(silent)).faults(&[("/reason", "required")]);
    let moved = order(Some(true)).expect(200).json();
    assert_eq!(moved["manager_id"], json!(app.id("lin")));
}

fn a_handover_leaves_what_is_about_the_caller(app: &TestApp) {
    let (hr, hao) = (app.as_(HrAdmin), app.as_(SecondHrAdmin));
    let under = json!({ "effective_from": "2026-01-01", "manager_id": app.id("kai") });
    step(&hao, &path(app, "hua"), "assignments", Some(under)).expect(200);
    let answers = json!({ "manager_id": app.id("kai"), "reason": "Kai leads Hua" });
    let participant = format!("/v1/participants/{}", app.id("hua.participant"));
    step(&hao, &participant, "handover", Some(answers)).expect(200);
    let done = hand_over(app, "kai", app.id("sun")).expect(200).json();
    assert_eq!(
        (&done["remaining"]["reports"], &done["remaining"]["reviews"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(leader_of(app, "hua"), json!(app.id("kai")));
    let order = json!({ "manager_id": app.id("sun"), "reason": "Moves away" });
    step(&hao, &path(app, "kai"), "handover", Some(order.clone())).expect(200);
    assert_eq!(leader_of(app, "hua"), json!(app.id("sun")));
    step(&hr, &path(app, "hua"), "handover", Some(order)).refused("forbidden");
}

fn nobody_takes_over_who_does_not_work_here(app: &TestApp) {
    app.unchanged(|| {
        let refuse = |to: Uuid| hand_over(app, "sun", to).refused("validation-failed");
        refuse(app.id("tom")).faults(&[("/manager_id", "manager_not_employed")]);
        refuse(app.id("sun")).faults(&[("/manager_id", "not_allowed")]);
        refuse(app.world.other.id("kai")).faults(&[("/manager_id", "unknown_reference")]);
        let order = json!({ "manager_id": app.id("kai"), "reason": "Moves away" });
        let sun = path(app, "sun");
        step(&app.as_(DirectManager), &sun, "handover", Some(order.clone())).refused("forbidden");
        let stale = app.as_(HrAdmin).request("POST", format!("{sun}/handover"));
        stale.if_match("\"9-0\"").json(&order).send().refused("version-stale");
    });
}

fn a_leaver_waits_on_the_desk_of_hr(app: &TestApp) {
    let waiting = |persona| -> Vec<Value> {
        let all = app.as_(persona).all("/v1/to-dos");
        all.into_iter().filter(|to_do| to_do["kind"] == "hand_over").collect()
    };
    assert_eq!(waiting(HrAdmin), [Value::Null; 0]);
    leave(app, "sun", "2026-01-31");
    let found = waiting(HrAdmin);
    assert_eq!(found.len(), 1);
    assert_eq!(
        (&found[0]["resource_id"], &found[0]["about"]["name"], &found[0]["due_on"]),
        (&json!(app.id("sun")), &json!("sun"), &json!("2026-01-31"))
    );
    assert_eq!((&found[0]["resource"], &found[0]["cycle"]), (&json!("employee"), &Value::Null));
    assert_eq!(found[0]["is_overdue"], json!(true));
    for persona in [DirectManager, Hrbp, Auditor] {
        assert_eq!(waiting(persona), [Value::Null; 0], "{}", persona.name());
    }
    hand_over(app, "sun", app.id("kai")).expect(200);
    assert_eq!(waiting(HrAdmin), [Value::Null; 0], "nothing is left");
    // A person whose employment has not begun cannot answer for anybody, and is listed too.
    let kai = app.as_(HrAdmin).get(path(app, "kai")).expect(200);
    app.as_(HrAdmin).patch(&kai, &json!({ "hire_date": "2099-01-01" })).expect(200);
    let found = waiting(HrAdmin);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["about"]["name"], "kai");
}

fn nobody_is_frozen_under_a_leaver(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    leave(app, "sun", "2026-01-31");
    let made = hr.post("/v1/cycles", &design(&unique("C"), app.id("policy"))).expect(201);
    let cycle = format!("/v1/cycles/{}", made.id());
    let condition = || -> Value {
        let report = hr.get(format!("{cycle}/readiness")).expect(200).json();
        let all = report["conditions"].as_array().cloned().unwrap_or_default();
        all.into_iter().find(|it| it["code"] == "managers_employed").expect("the condition")
    };
    let told = condition();
    assert_eq!(told["is_met"], json!(false));
    let detail = told["detail"].as_str().unwrap_or_default();
    assert!(detail.contains("sun (SUN): 2"), "{detail}");
    let report = hr.get(format!("{cycle}/readiness")).expect(200).json();
    assert_eq!(report["warnings"][0]["code"], "without_manager", "{report}");
    app.unchanged(|| {
        let refused = step(&hr, &cycle, "launch", None).refused("guard-failed").json();
        let faults = refused["errors"].as_array().cloned().unwrap_or_default();
        assert!(faults.iter().any(|fault| fault["code"] == "managers_employed"), "{refused}");
    });
    hand_over(app, "sun", app.id("kai")).expect(200);
    assert_eq!(condition()["is_met"], json!(true));
    step(&hr, &cycle, "launch", None).expect(200);
}

fn what_waits_for_a_leaver_is_said_and_skipped(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let cycle = reviews::planned(app, &reviews::rules(&json!({})));
    let (here, mei) = (literal(app, cycle), literal(app, app.id("mei")));
    // Mei has a goal like Lin's, with a measurement.
    let like = "p.tenant_id, p.id, p.cycle_id, p.employee_id, g.level, g.state, g.revision, g.title, \
                g.weight, g.content, g.progress, g.version, g.created_at, g.updated_at";
    behind(
        app,
        &format!(
            "INSERT INTO goal (tenant_id, id, cycle_id, owner_id, level, state, revision, title, weight, \
             content, progress, version, created_at, updated_at) SELECT {like} FROM participant p \
             JOIN goal g ON g.tenant_id = p.tenant_id AND g.cycle_id = p.cycle_id \
             WHERE p.cycle_id = {here} AND p.employee_id = {mei}"
        ),
    );
    drive(app, &app.world.own, cycle, "executing");
    let mine = |name: &str| -> Option<Value> {
        let path = format!("/v1/cycles/{cycle}/readiness?limit=200");
        let report = hr.get(path).expect(200).json();
        let items = report["items"].as_array().cloned().unwrap_or_default();
        items.into_iter().find(|item| item["employee"]["id"] == json!(app.id(name)))
    };
    assert_eq!(mine("lin"), None);
    leave(app, "mei", "2026-01-31");
    let lin = mine("lin").expect("nobody answers for Lin");
    assert_eq!(
        (&lin["missing"], &lin["seat"], &lin["acts"], &lin["is_stuck"]),
        (&json!("manager"), &json!("HR"), &Value::Null, &json!(true))
    );
    drive(app, &app.world.own, cycle, "evaluating");
    let own = mine("mei").expect("Mei has not written");
    assert_eq!(
        (&own["missing"], &own["acts"], &own["is_stuck"]),
        (&json!("self_review"), &Value::Null, &json!(true))
    );
    let review = reviews::of(app, cycle, "mei");
    step(&hr, &review, "skip", None).expect(200);
    assert_eq!(mine("mei").expect("the rating is missing")["missing"], "manager_review");
    hand_over(app, "mei", app.id("sun")).expect(200);
    let review = reviews::of(app, cycle, "lin");
    step(&hr, &review, "skip", None);
    let lin = mine("lin").expect("Lin's rating is missing");
    assert!(lin["is_stuck"] == json!(false), "{lin}");
}
