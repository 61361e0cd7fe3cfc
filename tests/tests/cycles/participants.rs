//! Who takes part in a cycle, who answers for whom, and who is excluded.

use serde_json::{Value, json};
use tests::cycles::{design, drive, rules, step};
use tests::world::Persona::{
    self, Colleague, DirectManager, Employee, Executive, FormerManager, HrAdmin, Hrbp,
    OtherHrAdmin, OtherHrbp, SkipLevelManager,
};
use tests::{TestApp, on_each_engine};

on_each_engine![
    everybody_sees_whom_they_may,
    participants_are_found_by_what_they_are,
    a_handover_moves_the_documents_of_a_person,
    a_handover_goes_to_somebody_who_works_here,
    an_exclusion_and_its_end_are_reasoned,
    who_takes_part_late_gets_a_review,
    who_is_evaluated_is_settled_before_calibration,
    nobody_but_hr_changes_who_takes_part,
    who_belongs_to_no_population_cannot_be_evaluated,
    an_auditor_sees_that_somebody_takes_part,
];

fn lin(app: &TestApp) -> String {
    format!("/v1/participants/{}", app.id("lin.participant"))
}

fn names(app: &TestApp, rows: &[Value]) -> Vec<String> {
    let known = ["sun", "mei", "fan", "lin", "kai", "hua", "hao", "bo", "bai", "ella", "ada"];
    let name = |row: &Value| {
        let found = known.iter().find(|name| row["employee_id"] == json!(app.id(name)));
        found.unwrap_or(&"other").to_string()
    };
    let mut names: Vec<_> = rows.iter().map(name).collect();
    names.sort_unstable();
    names
}

/// Proves R07 through `listParticipants`, `getParticipant`.
fn everybody_sees_whom_they_may(app: &TestApp) {
    let seen = |persona: Persona| names(app, &app.as_(persona).all("/v1/participants?limit=3"));
    assert_eq!(seen(Employee), ["lin"]);
    assert_eq!(seen(DirectManager), ["lin", "mei"]);
    assert_eq!(seen(SkipLevelManager), ["fan", "lin", "mei", "sun"]);
    assert_eq!(seen(FormerManager), ["fan"]);
    assert_eq!(seen(Hrbp), ["bo", "fan", "lin", "mei", "sun"]);
    assert_eq!(seen(OtherHrbp), ["bai", "kai"]);
    assert_eq!(seen(HrAdmin).len(), 14, "Tom has left");
    assert_eq!(seen(Executive).len(), 14);
    app.as_(DirectManager).get(lin(app)).expect(200);
    app.as_(FormerManager).get(lin(app)).refused("not-found");
    app.as_(Colleague).get(lin(app)).refused("not-found");
    app.as_(OtherHrAdmin).get(lin(app)).refused("not-found");
}

fn an_auditor_sees_that_somebody_takes_part(app: &TestApp) {
    let ada = app.as_(Persona::Auditor);
    let shown = ada.get(lin(app)).expect(200).json();
    let names: Vec<_> = shown.as_object().expect("an object").keys().cloned().collect();
    let told =
        ["allowed_actions", "created_at", "cycle_id", "employee_id", "id", "updated_at", "version"];
    assert_eq!(names, told);
    let rows = ada.all("/v1/participants?limit=4");
    assert!(rows.contains(&shown), "the list shows no more");
    let own = rows.iter().find(|row| row["employee_id"] == json!(app.id("ada"))).expect("Ada");
    assert_eq!(own["population"], "everyone", "of oneself one sees everything");
    for filter in [format!("manager_id={}", app.id("mei")), "excluded=true".to_owned()] {
        let refused = ada.get(format!("/v1/participants?{filter}")).refused("forbidden");
        assert_eq!(refused.json()["rule"], "field-masked");
    }
    ada.get(format!("/v1/participants?employee_id={}", app.id("lin"))).expect(200);
}

fn participants_are_found_by_what_they_are(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let found = |query: String| names(app, &hr.all(&format!("/v1/participants?{query}")));
    assert_eq!(found(format!("employee_id={}", app.id("lin"))), ["lin"]);
    assert_eq!(found(format!("manager_id={}", app.id("sun"))), ["fan", "mei"]);
    let sales = app.id("sales");
    assert_eq!(found(format!("department_id={sales}&limit=1")), ["fan", "lin", "mei", "sun"]);
    assert_eq!(found(format!("cycle_id={}&excluded=false", app.id("cycle"))).len(), 14);
    assert!(found("excluded=true".to_owned()).is_empty());
    assert!(found(format!("cycle_id={}", app.id("draft.cycle"))).is_empty());
    let read = hr.get(lin(app)).expect(200).json();
    let since = read["updated_at"].as_str().unwrap_or_default().to_owned();
    let excluded = step(&hr, &lin(app), "exclusion", Some(json!({ "reason": "Leave" })));
    let later = excluded.expect(200).json()["updated_at"].as_str().unwrap_or_default().to_owned();
    assert_eq!(found(format!("updated_since={since}&limit=5")).len(), 14);
    assert_eq!(found(format!("updated_since={later}")), ["lin"]);
    assert_eq!(found("excluded=true".to_owned()), ["lin"]);
}

fn a_handover_moves_the_documents_of_a_person(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let read = hr.get(lin(app)).expect(200);
    assert_eq!(read.json()["allowed_actions"], json!(["handover", "exclusion"]));
    app.as_(FormerManager).get(lin(app)).refused("not-found");
    let order = json!({ "manager_id": app.id("fan"), "reason": "Mei is on leave" });
    let moved = step(&hr, &lin(app), "handover", Some(order)).expect(200).json();
    assert_eq!((&moved["manager_id"], &moved["version"]), (&json!(app.id("fan")), &json!(2)));
    let fan = app.as_(FormerManager);
    assert_eq!(fan.get(lin(app)).expect(200).json()["allowed_actions"], json!([]));
    assert_eq!(names(app, &fan.all("/v1/participants")), ["fan", "lin"]);
    let entry = app
        .as_(Persona::Auditor)
        .all(&format!("/v1/audit-entries?resource_id={}", app.id("lin.participant")));
    let entry = entry.last().cloned().unwrap_or_default();
    assert_eq!(entry["action"], "participant.handed_over");
    assert!(entry.get("reason").is_none() && entry.get("details").is_none(), "{entry}");
    let kept = &app.recorded("participant.handed_over")[0];
    assert_eq!(kept.reason.as_deref(), Some("Mei is on leave"));
    let told: Value = serde_json::from_str(kept.details.as_deref().unwrap_or("")).expect("JSON");
    assert_eq!(told, json!({ "manager_id": [app.id("mei"), app.id("fan")] }));
    // The reporting line in the organisation stays as it is.
    let person = hr.get(format!("/v1/employees/{}", app.id("lin"))).expect(200).json();
    assert_eq!(person["manager_id"], json!(app.id("mei")));
}

fn a_handover_goes_to_somebody_who_works_here(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    app.unchanged(|| {
        let to = |manager: uuid::Uuid| {
            let order = json!({ "manager_id": manager, "reason": "Moved" });
            step(&hr, &lin(app), "handover", Some(order)).refused("validation-failed")
        };
        to(app.world.other.id("sun")).faults(&[("/manager_id", "unknown_reference")]);
        to(app.id("lin")).faults(&[("/manager_id", "not_allowed")]);
        to(app.id("tom")).faults(&[("/manager_id", "not_allowed")]);
        let order = json!({ "manager_id": app.id("sun"), "reason": "" });
        step(&hr, &lin(app), "handover", Some(order)).refused("validation-failed");
        let request = hr.request("POST", format!("{}/handover", lin(app))).if_match("\"9-0\"");
        let order = json!({ "manager_id": app.id("sun"), "reason": "Moved" });
        request.json(&order).send().refused("version-stale");
    });
}

fn an_exclusion_and_its_end_are_reasoned(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let why = |text: &str| Some(json!({ "reason": text }));
    let out = step(&hr, &lin(app), "exclusion", why("On leave")).expect(200).json();
    assert_eq!((&out["exclusion"], &out["counts_for_quota"]), (&json!("by_hr"), &json!(false)));
    assert_eq!(out["allowed_actions"], json!(["handover", "inclusion"]));
    app.unchanged(|| {
        let twice = step(&hr, &lin(app), "exclusion", why("Again")).refused("state-conflict");
        assert_eq!(twice.json()["allowed_actions"], json!(["handover", "inclusion"]));
    });
    let back = step(&hr, &lin(app), "inclusion", why("Back")).expect(200).json();
    assert_eq!((&back["exclusion"], &back["counts_for_quota"]), (&Value::Null, &json!(true)));
    let ella = format!("/v1/participants/{}", app.id("ella.participant"));
    step(&hr, &ella, "exclusion", why("On leave")).expect(200);
    let ella = step(&hr, &ella, "inclusion", why("Back")).expect(200).json();
    assert_eq!(ella["counts_for_quota"], false, "senior management");
}

fn who_takes_part_late_gets_a_review(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let cycle = app.id("cycle");
    step(&hr, &lin(app), "exclusion", Some(json!({ "reason": "On leave" }))).expect(200);
    drive(app, &app.world.own, cycle, "evaluating");
    let path = format!("/v1/cycles/{cycle}");
    let missing = || {
        let refused = step(&hr, &path, "calibration", Some(json!({}))).refused("guard-failed");
        refused.json()["errors"][0]["detail"].as_str().unwrap_or_default().to_owned()
    };
    assert!(missing().contains("13"), "{}", missing());
    step(&hr, &lin(app), "inclusion", Some(json!({ "reason": "Back" }))).expect(200);
    assert!(missing().contains("14"), "{}", missing());
}

fn who_is_evaluated_is_settled_before_calibration(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    drive(app, &app.world.own, app.id("cycle"), "calibrating");
    assert_eq!(hr.get(lin(app)).expect(200).json()["allowed_actions"], json!(["handover"]));
    app.unchanged(|| {
        let refused = step(&hr, &lin(app), "exclusion", Some(json!({ "reason": "Late" })));
        assert_eq!(refused.refused("state-conflict").json()["current_state"], "calibrating");
    });
    drive(app, &app.world.own, app.id("cycle"), "published");
    app.unchanged(|| {
        let order = json!({ "manager_id": app.id("sun"), "reason": "Late" });
        step(&hr, &lin(app), "handover", Some(order)).refused("state-conflict");
    });
}

fn nobody_but_hr_changes_who_takes_part(app: &TestApp) {
    app.unchanged(|| {
        for persona in [Employee, DirectManager, Hrbp, Executive] {
            let caller = app.as_(persona);
            let why = || Some(json!({ "reason": "Mine" }));
            step(&caller, &lin(app), "exclusion", why()).refused("forbidden");
            let order = json!({ "manager_id": app.id("sun"), "reason": "Mine" });
            step(&caller, &lin(app), "handover", Some(order)).refused("forbidden");
        }
        // Not even HR can decide about themselves.
        let hua = format!("/v1/participants/{}", app.id("hua.participant"));
        let own = step(&app.as_(HrAdmin), &hua, "exclusion", Some(json!({ "reason": "Mine" })));
        assert_eq!(own.refused("forbidden").json()["rule"], "conflict-of-interest");
    });
}

fn who_belongs_to_no_population_cannot_be_evaluated(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let mut rules = rules();
    rules["populations"][0]["managers"] = json!(true);
    let body = json!({ "code": "MANAGERS", "name": "Managers", "rules": rules });
    let policy = hr.post("/v1/policies", &body).expect(201).id();
    step(&hr, &format!("/v1/policies/{policy}"), "publication", None).expect(200);
    let cycle = hr.post("/v1/cycles", &design("MANAGERS", policy)).expect(201).id();
    step(&hr, &format!("/v1/cycles/{cycle}"), "launch", None).expect(200);
    let evaluated = format!("/v1/participants?cycle_id={cycle}&excluded=false");
    assert_eq!(names(app, &hr.all(&evaluated)), ["mei", "sun"], "those with a team of their own");
    let lin = hr.all(&format!("/v1/participants?cycle_id={cycle}&employee_id={}", app.id("lin")));
    assert_eq!(lin[0]["exclusion"], "no_population");
    assert_eq!((&lin[0]["population"], &lin[0]["counts_for_quota"]), (&Value::Null, &json!(false)));
    let path = format!("/v1/participants/{}", lin[0]["id"].as_str().unwrap_or_default());
    app.unchanged(|| {
        step(&hr, &path, "inclusion", Some(json!({ "reason": "She is good" })))
            .refused("guard-failed")
            .faults(&[("", "no_population")]);
    });
}
