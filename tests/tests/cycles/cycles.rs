//! Cycles: designed, launched and moved from stage to stage.

use serde_json::{Value, json};
use tests::calls::{id_of, unique};
use tests::cycles::{behind, design, drive, end_appeals, exceptions, step};
use tests::world::Persona::{
    self, Auditor, DirectManager, Employee, Executive, HrAdmin, Hrbp, OtherHrAdmin, SecondHrAdmin,
};
use tests::{TestApp, on_each_engine};
use uuid::Uuid;

on_each_engine![
    a_cycle_is_designed_and_changed_before_its_launch,
    a_design_is_checked,
    cycles_in_draft_are_for_those_who_design_them,
    a_launch_names_everything_that_is_missing,
    a_launch_freezes_who_takes_part,
    a_cycle_goes_its_whole_way,
    publication_takes_two_people,
    giving_up_takes_two_people_and_reasons,
    a_cycle_tells_what_it_waits_for,
    stages_wait_for_their_days,
    standards_are_open_to_all_and_plans_are_not,
];

fn designed(app: &TestApp, change: impl FnOnce(&mut Value)) -> String {
    let mut body = design(&unique("C"), app.id("policy"));
    change(&mut body);
    format!("/v1/cycles/{}", app.as_(HrAdmin).post("/v1/cycles", &body).expect(201).id())
}

fn a_cycle_is_designed_and_changed_before_its_launch(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let path = designed(app, |body| body["raci"] = json!([]));
    let read = hr.get(&path).expect(200);
    let shown = read.json();
    assert_eq!(shown["state"], "draft");
    assert_eq!(shown["allowed_actions"], json!(["update", "launch", "cancellation"]));
    assert_eq!(shown["headcount"], json!({ "participants": 0, "excluded": 0 }));
    let labs = app.id("labs");
    let patch =
        json!({ "name": "Year", "org_unit_ids": [labs], "raci": design("X", labs)["raci"] });
    let changed = hr.patch(&read, &patch).expect(200).json();
    assert_eq!((&changed["name"], &changed["org_unit_ids"]), (&json!("Year"), &json!([labs])));
    assert_eq!(changed["raci"][4]["responsible"], json!(["manager"]));
    hr.patch(&read, &patch).refused("version-stale");
    hr.request("POST", format!("{path}/launch")).send().refused("precondition-required");
    step(&hr, &path, "launch", None).expect(200);
    let launched = hr.get(&path).expect(200);
    let refused = app.unchanged(|| hr.patch(&launched, &patch)).refused("state-conflict").json();
    assert_eq!(refused["current_state"], "goal_setting");
    assert_eq!(refused["allowed_actions"], json!(["start", "dimension_drop", "cancellation"]));
}

fn standards_are_open_to_all_and_plans_are_not(app: &TestApp) {
    let labs = app.id("labs");
    let path = designed(app, |body| body["org_unit_ids"] = json!([labs]));
    let missing = |persona: Persona| -> Vec<&str> {
        let shown = app.as_(persona).get(&path).expect(200).json();
        let listed = app.as_(persona).all("/v1/cycles").pop().expect("a cycle");
        let parts = ["schedule", "raci", "org_unit_ids", "headcount", "approvals"];
        let missing = parts.into_iter().filter(|part| shown.get(part).is_none());
        for part in missing.clone() {
            assert!(listed.get(part).is_none(), "the list shows {part}");
        }
        missing.collect()
    };
    let plans = ["org_unit_ids", "headcount", "approvals"];
    assert_eq!(missing(HrAdmin), [""; 0]);
    assert_eq!(missing(Executive), [""; 0]);
    assert_eq!(missing(Auditor), [&["schedule", "raci"], &plans[..]].concat());
    let waits = |persona| app.as_(persona).get(format!("{path}/readiness")).expect(200).json();
    assert!(waits(HrAdmin)["due_on"].is_string() && waits(HrAdmin)["conditions"].is_array());
    assert!(waits(Auditor)["due_on"].is_null() && waits(Auditor).get("conditions").is_none());
    app.as_(Employee).get(&path).refused("not-found");
    step(&app.as_(HrAdmin), &path, "launch", None).expect(200);
    for persona in [Employee, DirectManager, Auditor] {
        assert_eq!(missing(persona), plans, "{}", persona.name());
    }
    for persona in [HrAdmin, Executive, Hrbp] {
        assert_eq!(missing(persona), [""; 0], "{}", persona.name());
    }
}

fn a_design_is_checked(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    app.unchanged(|| {
        let refuse = |change: fn(&mut Value, &TestApp)| {
            let mut body = design("X", app.id("policy"));
            change(&mut body, app);
            hr.post("/v1/cycles", &body)
        };
        refuse(|body, _| body["code"] = json!("RUNNING"))
            .refused("duplicate")
            .faults(&[("/code", "duplicate")]);
        refuse(|body, app| body["policy_id"] = json!(app.world.other.id("policy")))
            .refused("validation-failed")
            .faults(&[("/policy_id", "unknown_reference")]);
        refuse(|body, app| {
            body["org_unit_ids"] = json!([app.id("labs"), app.world.other.id("labs")]);
        })
        .refused("validation-failed")
        .faults(&[("/org_unit_ids/1", "unknown_reference")]);
        refuse(|body, _| body["period"]["end"] = json!("2025-12-31"))
            .refused("validation-failed")
            .faults(&[("/period/end", "period_invalid")]);
        refuse(|body, _| {
            body["kind"] = json!("decade");
            body["schedule"]["publication"] = json!("soon");
            body["raci"][0]["accountable"] = json!("king");
            body["state"] = json!("published");
        })
        .refused("validation-failed")
        .faults(&[
            ("/kind", "not_allowed"),
            ("/schedule/publication", "not_a_date"),
            ("/raci/0/accountable", "not_allowed"),
            ("/state", "unknown_property"),
        ]);
        app.as_(Employee).post("/v1/cycles", &design("X", app.id("policy"))).refused("forbidden");
    });
}

fn cycles_in_draft_are_for_those_who_design_them(app: &TestApp) {
    let lin = app.as_(Employee);
    let running = lin.get(format!("/v1/cycles/{}", app.id("cycle"))).expect(200).json();
    assert_eq!(running["allowed_actions"], json!([]));
    assert!(running.get("approvals").is_none());
    lin.get(format!("/v1/cycles/{}", app.id("draft.cycle"))).refused("not-found");
    assert_eq!(lin.all("/v1/cycles").len(), 1);
    assert!(lin.all("/v1/cycles?state=draft").is_empty());
    let hr = app.as_(HrAdmin);
    assert_eq!(hr.all("/v1/cycles?limit=1").len(), 2);
    assert_eq!(hr.all(&format!("/v1/cycles?policy_id={}", app.id("draft.policy"))).len(), 0);
    let since = running["updated_at"].as_str().unwrap_or_default();
    let changed = hr.all(&format!("/v1/cycles?updated_since={since}"));
    assert_eq!(changed.iter().filter(|it| it["code"] == "RUNNING").count(), 1);
    app.as_(OtherHrAdmin).get(format!("/v1/cycles/{}", app.id("cycle"))).refused("not-found");
}

/// Proves R01, R02 through `launchCycle`.
fn a_launch_names_everything_that_is_missing(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let mut rules = tests::cycles::rules();
    rules["populations"][0]["dimensions"][0]["weight"] = json!("59.99");
    let draft = json!({ "code": "OFF", "name": "Off", "rules": rules });
    let draft = hr.post("/v1/policies", &draft).expect(201).id();
    let empty =
        json!({ "code": "EMPTY", "name": "Nobody", "kind": "team", "parent_id": app.id("labs") });
    let empty = hr.post("/v1/org-units", &empty).expect(201).id();
    let path = designed(app, |body| {
        body["policy_id"] = json!(draft);
        body["org_unit_ids"] = json!([empty]);
        body["raci"].as_array_mut().expect("a list").remove(2);
        body["raci"][0]["accountable"] = Value::Null;
        body["schedule"]["calibration"] = json!("2026-03-30");
    });
    let refused = app.unchanged(|| step(&hr, &path, "launch", None)).refused("guard-failed");
    let refused = refused.faults(&[
        ("", "policy_published"),
        ("", "raci_complete"),
        ("", "weights_sum_to_100"),
        ("", "dates_ordered"),
        ("", "population_not_empty"),
    ]);
    let body = refused.json();
    let detail = |at: usize| body["errors"][at]["detail"].as_str().unwrap_or_default().to_owned();
    let stages = "Goal setting (goal_setting), Evaluation (evaluation)";
    assert!(detail(1).contains(stages), "{}", detail(1));
    assert!(detail(2).contains("99.99"), "{}", detail(2));
    assert!(detail(3).contains("calibration"), "{}", detail(3));
    assert_eq!(hr.get(&path).json()["state"], "draft");
}

fn a_launch_freezes_who_takes_part(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let person = |number: &str, hired: &str| {
        let body = json!({
            "employee_number": number, "name": number, "hire_date": hired,
            "org_unit_id": app.id("east"), "manager_id": app.id("lin"),
        });
        hr.post("/v1/employees", &body).expect(201).id()
    };
    let (new, old) = (person("NEW", "2026-10-02"), person("OLD", "2026-10-01"));
    let later = person("LATER", "2027-01-01");
    let sales = app.id("sales");
    let path = designed(app, |body| body["org_unit_ids"] = json!([sales]));
    step(&hr, &path, "launch", None).expect(200);
    let cycle = id_of(&path);
    let people = hr.all(&format!("/v1/participants?cycle_id={cycle}&limit=2"));
    let of = |person: Uuid| {
        let mut found = people.iter().filter(|it| it["employee_id"] == json!(person));
        found.next().cloned().unwrap_or_default()
    };
    assert_eq!(people.len(), 6, "those of sales and its teams: {people:?}");
    assert!(of(app.id("kai")).is_null() && of(later).is_null());
    let lin = of(app.id("lin"));
    assert_eq!(lin["org_unit_id"], json!(app.id("east")));
    assert_eq!(lin["department_id"], json!(sales));
    assert_eq!(lin["manager_id"], json!(app.id("mei")));
    assert_eq!((&lin["population"], &lin["exclusion"]), (&json!("everyone"), &Value::Null));
    assert_eq!(lin["counts_for_quota"], true);
    let new = of(new);
    assert_eq!((&new["exclusion"], &new["counts_for_quota"]), (&json!("too_new"), &json!(false)));
    assert_eq!((&of(old)["exclusion"], &of(old)["counts_for_quota"]), (&Value::Null, &json!(true)));
    let shown = hr.get(&path).json();
    assert_eq!(shown["headcount"], json!({ "participants": 6, "excluded": 1 }));

    // Later changes of people leave the documents of the cycle as they are.
    let read = hr.get(format!("/v1/employees/{}", app.id("lin"))).expect(200);
    let moving = hr.request("POST", format!("{}/assignments", read.path)).if_match(&read.etag());
    let body = json!({ "effective_from": "2026-01-01", "manager_id": app.id("sun") });
    moving.json(&body).send().expect(200);
    let now = hr.get(format!("/v1/participants/{}", lin["id"].as_str().unwrap_or_default()));
    assert_eq!(now.expect(200).json(), lin);

    let everybody = hr.all(&format!("/v1/participants?cycle_id={}&limit=200", app.id("cycle")));
    let ella = everybody.iter().find(|it| it["employee_id"] == json!(app.id("ella")));
    assert_eq!(ella.map(|it| &it["counts_for_quota"]), Some(&json!(false)), "senior management");
    assert!(!everybody.iter().any(|it| it["employee_id"] == json!(app.id("tom"))), "Tom has left");
}

fn a_cycle_goes_its_whole_way(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let labs = app.id("labs");
    let path = designed(app, |body| body["org_unit_ids"] = json!([labs]));
    let cycle = id_of(&path);
    drive(app, &app.world.own, cycle, "goal_setting");
    step(&hr, &path, "start", Some(json!({})))
        .refused("guard-failed")
        .faults(&[("", "goals_active")]);
    drive(app, &app.world.own, cycle, "evaluating");
    app.unchanged(|| {
        step(&hr, &path, "calibration", Some(json!({})))
            .refused("guard-failed")
            .faults(&[("", "manager_reviews_in")]);
        let mut body = exceptions(&hr, cycle);
        body["reason"].take();
        body.as_object_mut().expect("an object").remove("reason");
        step(&hr, &path, "calibration", Some(body))
            .refused("validation-failed")
            .faults(&[("/reason", "required")]);
        let body = json!({ "exceptions": [app.id("lin.participant")], "reason": "Elsewhere" });
        step(&hr, &path, "calibration", Some(body))
            .refused("validation-failed")
            .faults(&[("/exceptions/0", "unknown_reference")]);
    });
    drive(app, &app.world.own, cycle, "published");
    app.unchanged(|| {
        step(&hr, &path, "closure", Some(json!({})))
            .refused("guard-failed")
            .faults(&[("", "appeal_window_over"), ("", "interviews_held")]);
    });
    end_appeals(app, &app.world.own, cycle);
    drive(app, &app.world.own, cycle, "archived");
    let refused = app.unchanged(|| step(&hr, &path, "archival", None)).refused("state-conflict");
    assert_eq!(refused.json()["allowed_actions"], json!([]));
}

fn publication_takes_two_people(app: &TestApp) {
    let (hr, ella) = (app.as_(HrAdmin), app.as_(Executive));
    let labs = app.id("labs");
    let path = designed(app, |body| body["org_unit_ids"] = json!([labs]));
    drive(app, &app.world.own, id_of(&path), "confirmed");
    app.unchanged(|| step(&app.as_(Hrbp), &path, "publication", None)).refused("forbidden");
    let once = step(&hr, &path, "publication", None).expect(200).json();
    assert_eq!((&once["state"], &once["allowed_actions"]), (&json!("confirmed"), &json!([])));
    assert_eq!(once["approvals"][0]["action"], "publication");
    assert_eq!(once["approvals"][0]["account_id"], json!(app.id("hua.account")));
    assert_eq!(once["approvals"][0]["seat"], "HR");
    for again in [HrAdmin, SecondHrAdmin] {
        let refused = app.unchanged(|| step(&app.as_(again), &path, "publication", None));
        assert_eq!(refused.refused("forbidden").json()["rule"], "separation-of-duties");
    }
    let twice = step(&ella, &path, "publication", None).expect(200).json();
    assert_eq!(twice["state"], "published");
    assert_eq!(twice["approvals"][1]["seat"], "EXEC");
    assert!(twice["published_at"].is_string());
    assert!(app.as_(Employee).get(&path).expect(200).json().get("approvals").is_none());
}

fn giving_up_takes_two_people_and_reasons(app: &TestApp) {
    let (hr, ella) = (app.as_(HrAdmin), app.as_(Executive));
    let path = designed(app, |_| ());
    let why = || Some(json!({ "reason": "Merged with next year" }));
    app.unchanged(|| {
        step(&ella, &path, "cancellation", Some(json!({})))
            .refused("guard-failed")
            .faults(&[("", "reason_given")]);
    });
    step(&ella, &path, "cancellation", why()).expect(200);
    // An approval to cancel counts no more once the cycle has moved on.
    step(&hr, &path, "launch", None).expect(200);
    assert_eq!(hr.get(&path).json()["approvals"], json!([]));
    step(&hr, &path, "cancellation", why()).expect(200);
    let given_up = step(&ella, &path, "cancellation", why()).expect(200).json();
    assert_eq!(
        (&given_up["state"], &given_up["allowed_actions"]),
        (&json!("cancelled"), &json!([]))
    );
    app.as_(Employee).get(&path).refused("not-found");
}

/// Proves R07 through `getCycleReadiness`.
fn a_cycle_tells_what_it_waits_for(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let draft = format!("/v1/cycles/{}/readiness", app.id("draft.cycle"));
    let before = hr.get(&draft).expect(200).json();
    assert_eq!((&before["next"], &before["due_on"]), (&json!("launch"), &json!("2026-01-01")));
    let codes = |report: &Value| -> Vec<Value> {
        let conditions = report["conditions"].as_array().cloned().unwrap_or_default();
        let unmet = conditions.into_iter().filter(|condition| condition["is_met"] == false);
        unmet.map(|mut condition| condition["code"].take()).collect()
    };
    assert_eq!(before["conditions"].as_array().map(Vec::len), Some(8));
    assert!(codes(&before).is_empty());
    app.as_(Employee).get(&draft).refused("not-found");

    let cycle = app.id("cycle");
    let path = format!("/v1/cycles/{cycle}/readiness");
    let report = hr.get(&path).expect(200).json();
    assert_eq!((&report["next"], codes(&report)), (&json!("start"), vec![json!("goals_active")]));
    let of = |items: &[Value], name: &str| {
        let person = json!(app.id(name));
        items.iter().find(|item| item["employee"]["id"] == person).cloned().unwrap_or_default()
    };
    let all = hr.all(&format!("{path}?limit=3"));
    assert_eq!(all.len(), 13, "all but Lin, whose goal is active");
    assert!(of(&all, "lin").is_null());
    let kai = of(&all, "kai");
    assert_eq!((&kai["missing"], &kai["seat"]), (&json!("manager"), &json!("HR")));
    assert_eq!((&kai["acts"], &kai["is_blocking"]), (&Value::Null, &json!(true)));
    assert!(kai["way_out"].as_str().is_some_and(|way| way.contains("handover")), "{kai}");
    let fan = of(&all, "fan");
    assert_eq!((&fan["missing"], &fan["seat"]), (&json!("goals"), &json!("EMP")));
    assert_eq!(fan["acts"], json!({ "id": app.id("fan"), "name": "fan" }));
    assert_eq!((&fan["due_on"], &fan["is_overdue"]), (&json!("2026-01-31"), &json!(true)));
    assert_eq!(of(&all, "mei")["missing"], "goal_submission", "her goal is in draft");

    drive(app, &app.world.own, cycle, "evaluating");
    let report = hr.get(&path).expect(200).json();
    assert_eq!(report["next"], "calibration");
    assert_eq!(codes(&report), [json!("manager_reviews_in")]);
    let detail = report["conditions"][0]["detail"].as_str().unwrap_or_default();
    assert!(detail.contains("14"), "{detail}");
    let lin = of(&hr.all(&path), "lin");
    assert_eq!((&lin["missing"], &lin["due_on"]), (&json!("self_review"), &json!("2026-03-10")));
    assert_eq!(lin["participant_id"], json!(app.id("lin.participant")));
    assert!(lin["review_id"].is_string());

    let mei = app.as_(DirectManager).get(&path).expect(200).json();
    assert!(mei.get("conditions").is_none());
    let people: Vec<_> = mei["items"].as_array().into_iter().flatten().collect();
    assert_eq!(people.len(), 2, "Mei herself and Lin: {people:?}");
    drive(app, &app.world.own, cycle, "archived");
    let over = hr.get(&path).expect(200).json();
    assert_eq!((&over["next"], &over["items"]), (&Value::Null, &json!([])));
}

fn stages_wait_for_their_days(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let path = designed(app, |body| {
        body["org_unit_ids"] = json!([app.id("labs")]);
        for day in [
            "evaluation",
            "self_review_due",
            "rater_due",
            "manager_review_due",
            "calibration",
            "publication",
            "retention",
        ] {
            body["schedule"][day] = json!("2099-01-01");
        }
    });
    drive(app, &app.world.own, id_of(&path), "executing");
    let refuse = |noun: &str, code: &str| {
        let refused = app.unchanged(|| step(&hr, &path, noun, None)).refused("guard-failed");
        let detail = refused.json()["errors"][0]["detail"].as_str().unwrap_or_default().to_owned();
        assert!(detail.contains("2099-01-01"), "{detail}");
        refused.faults(&[("", code)]);
    };
    refuse("evaluation", "date_reached");
    let first_day = "UPDATE cycle SET schedule = replace(schedule, \
                     '\"evaluation\":\"2099', '\"evaluation\":\"2026')";
    behind(app, first_day);
    drive(app, &app.world.own, id_of(&path), "closed");
    refuse("archival", "retention_reached");
}
