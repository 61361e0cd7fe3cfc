//! Employments: who is employed on which day, rehiring, and how open duties are reported.

use serde_json::{Value, json};
use tests::calls::unique;
use tests::cycles::step;
use tests::world::Persona::{Colleague, HrAdmin};
use tests::{Answer, TestApp, on_each_engine};
use uuid::Uuid;

on_each_engine![
    who_comes_back_has_a_second_employment,
    a_second_employment_begins_after_the_first,
    who_comes_back_may_get_another_number,
    a_future_hire_is_pending,
    nobody_is_counted_outside_an_employment,
    an_end_is_planned_moved_and_taken_back,
    nobody_is_moved_when_not_employed,
    nobody_reports_to_a_leaver,
    a_list_hires_again,
    a_list_does_not_move_leavers,
    a_list_names_leavers_who_manage,
    an_import_tells_of_everybody_what_was_and_is,
    tenure_counts_from_the_last_unbroken_employment,
];

fn hire(app: &TestApp, number: &str, hired: &str) -> String {
    let body = json!({ "employee_number": number, "name": number, "hire_date": hired });
    path(app.as_(HrAdmin).post("/v1/employees", &body).expect(201).id())
}

fn path(id: Uuid) -> String {
    format!("/v1/employees/{id}")
}

fn terminate(app: &TestApp, person: &str, last: &str) -> Answer {
    let body = json!({ "last_day": last, "reason": "Moved away" });
    step(&app.as_(HrAdmin), person, "termination", Some(body))
}

fn rehire(app: &TestApp, person: &str, first: &str) -> Answer {
    step(&app.as_(HrAdmin), person, "employments", Some(json!({ "hire_date": first })))
}

fn status(app: &TestApp, person: &str, day: &str) -> String {
    let read = app.as_(HrAdmin).get(format!("{person}?as_of={day}")).expect(200).json();
    read["status"].as_str().unwrap_or_default().to_owned()
}

/// First and last days of a person's employments, in order.
fn employments(app: &TestApp, person: &str) -> Vec<(String, Option<String>)> {
    let rows = app.as_(HrAdmin).all(&format!("{person}/employments?limit=1"));
    let text = |value: &Value| value.as_str().map(str::to_owned);
    rows.iter()
        .map(|row| (text(&row["hire_date"]).unwrap_or_default(), text(&row["last_day"])))
        .collect()
}

fn period(first: &str, last: Option<&str>) -> (String, Option<String>) {
    (first.to_owned(), last.map(str::to_owned))
}

fn import(app: &TestApp, rows: &Value) -> Answer {
    app.as_(HrAdmin).post("/v1/employees/bulk", rows)
}

/// The warnings of an import, as pointer and code.
fn warnings(answer: &Answer) -> Vec<(String, String)> {
    let body = answer.json();
    let rows = body["rows"].as_array().into_iter().flatten();
    let warnings = rows.flat_map(|row| row["warnings"].as_array().cloned().unwrap_or_default());
    let text = |warning: &Value, name: &str| warning[name].as_str().unwrap_or_default().to_owned();
    warnings.map(|it| (text(&it, "pointer"), text(&it, "code"))).collect()
}

fn warned(pointer: &str, code: &str) -> (String, String) {
    (pointer.to_owned(), code.to_owned())
}

/// Proves R87 through `rehireEmployee`, `listEmployments`.
fn who_comes_back_has_a_second_employment(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let person = hire(app, "E-1", "2015-01-01");
    rehire(app, &person, "2020-01-01").refused("state-conflict");
    let left = terminate(app, &person, "2018-06-30").expect(200).json();
    assert_eq!(
        left["allowed_actions"],
        json!(["update", "assignment", "reinstatement", "employment"])
    );
    let back = rehire(app, &person, "2020-01-01").expect(200).json();
    assert_eq!((&back["status"], &back["hire_date"]), (&json!("active"), &json!("2020-01-01")));
    assert_eq!(back["termination_date"], Value::Null);
    let expected = [period("2015-01-01", Some("2018-06-30")), period("2020-01-01", None)];
    assert_eq!(employments(app, &person), expected);
    let days = ["2014-12-31", "2015-01-01", "2018-06-30", "2018-07-01", "2019-12-31", "2020-01-01"];
    let states = days.map(|day| status(app, &person, day));
    assert_eq!(states, ["pending", "active", "active", "terminated", "terminated", "active"]);
    let gap = hr.get(format!("{person}?as_of=2019-01-01")).expect(200).json();
    assert_eq!(
        (&gap["hire_date"], &gap["termination_date"]),
        (&json!("2015-01-01"), &json!("2018-06-30"))
    );
    let reasons = hr.get(format!("{person}/employments")).json();
    assert_eq!(
        (&reasons["items"][0]["reason"], &reasons["items"][1]["reason"]),
        (&json!("Moved away"), &Value::Null)
    );
    step(&hr, &person, "reinstatement", Some(json!({ "reason": "No" }))).refused("state-conflict");
    assert_eq!(app.recorded("employee.rehired").len(), 1);
}

fn a_second_employment_begins_after_the_first(app: &TestApp) {
    let person = hire(app, "E-1", "2015-01-01");
    terminate(app, &person, "2018-06-30").expect(200);
    app.unchanged(|| {
        for day in ["2010-01-01", "2015-01-01", "2018-06-30"] {
            rehire(app, &person, day)
                .refused("validation-failed")
                .faults(&[("/hire_date", "employment_overlap")]);
        }
        let reversed = json!({ "hire_date": "2020-01-01", "last_day": "2019-12-31" });
        step(&app.as_(HrAdmin), &person, "employments", Some(reversed))
            .refused("validation-failed")
            .faults(&[("/last_day", "period_invalid")]);
    });
    rehire(app, &person, "2018-07-01").expect(200);
    assert_eq!(
        employments(app, &person),
        [period("2015-01-01", Some("2018-06-30")), period("2018-07-01", None)]
    );
    let hr = app.as_(HrAdmin);
    let read = hr.get(&person).expect(200);
    app.unchanged(|| {
        hr.patch(&read, &json!({ "hire_date": "2018-06-30" }))
            .refused("validation-failed")
            .faults(&[("/hire_date", "employment_overlap")]);
    });
    hr.patch(&read, &json!({ "hire_date": "2018-08-01" })).expect(200);
    assert_eq!(status(app, &person, "2018-07-15"), "terminated");
}

fn who_comes_back_may_get_another_number(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let person = hire(app, "E-1", "2015-01-01");
    terminate(app, &person, "2018-06-30").expect(200);
    let under = |number: &str| json!({ "hire_date": "2020-01-01", "employee_number": number });
    app.unchanged(|| {
        step(&hr, &person, "employments", Some(under("LIN")))
            .refused("duplicate")
            .faults(&[("/employee_number", "duplicate")]);
    });
    let back = step(&hr, &person, "employments", Some(under("E-2"))).expect(200).json();
    assert_eq!((&back["employee_number"], &back["version"]), (&json!("E-2"), &json!(3)));
    assert_eq!(employments(app, &person).len(), 2);
}

fn a_future_hire_is_pending(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let person = hire(app, "E-1", "2099-01-01");
    assert_eq!(hr.get(&person).json()["status"], "pending");
    assert_eq!(status(app, &person, "2099-01-01"), "active");
    app.as_(Colleague).get(&person).refused("not-found");
    let found = |query: &str| hr.all(&format!("/v1/employees?employee_number=E-1&{query}")).len();
    assert_eq!((found("status=pending"), found("status=active")), (1, 0));
    assert_eq!((found("status=active&as_of=2099-01-01"), found("status=terminated")), (1, 0));
    app.as_(Colleague).get("/v1/employees?status=pending").refused("forbidden");
    let at = |day: &str| {
        let body = json!({ "effective_from": day, "manager_id": app.id("mei") });
        step(&hr, &person, "assignments", Some(body))
    };
    at("2098-12-31").refused("validation-failed").faults(&[("/effective_from", "not_employed")]);
    at("2099-02-01").expect(200);
    let under = json!({
        "employee_number": "E-2", "name": "E-2", "hire_date": "2020-01-01",
        "manager_id": hr.get(&person).id(),
    });
    hr.post("/v1/employees", &under)
        .refused("validation-failed")
        .faults(&[("/manager_id", "manager_not_employed")]);
}

fn nobody_is_counted_outside_an_employment(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let person = hire(app, "E-1", "2015-01-01");
    terminate(app, &person, "2018-06-30").expect(200);
    rehire(app, &person, "2020-01-01").expect(200);
    let found = |status: &str, day: &str| {
        let query = format!("employee_number=E-1&status={status}&as_of={day}");
        hr.all(&format!("/v1/employees?{query}")).len()
    };
    for (day, states) in [
        ("2014-12-31", [1, 0, 0]),
        ("2016-01-01", [0, 1, 0]),
        ("2019-01-01", [0, 0, 1]),
        ("2021-01-01", [0, 1, 0]),
    ] {
        assert_eq!(["pending", "active", "terminated"].map(|it| found(it, day)), states, "{day}");
    }
    let export = |day: &str| {
        let file = app.as_(HrAdmin).request("GET", format!("/v1/employees/export?as_of={day}"));
        let file = file.header("Accept", "text/csv").send().expect(200);
        let text = String::from_utf8_lossy(&file.body).into_owned();
        let lines: Vec<_> =
            text.lines().filter(|it| it.starts_with("E-1,")).map(String::from).collect();
        assert_eq!(lines.len(), 1, "{text}");
        lines[0].clone()
    };
    assert!(export("2019-01-01").contains("2015-01-01,2018-06-30"), "{}", export("2019-01-01"));
    assert!(export("2021-01-01").contains("2020-01-01,"), "{}", export("2021-01-01"));
}

fn an_end_is_planned_moved_and_taken_back(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let person = hire(app, "E-1", "2015-01-01");
    let planned = terminate(app, &person, "2099-12-31").expect(200).json();
    assert_eq!(planned["status"], "active");
    terminate(app, &person, "2098-12-31").expect(200);
    rehire(app, &person, "2099-06-01").expect(200);
    assert_eq!(employments(app, &person).len(), 2);
    app.unchanged(|| {
        terminate(app, &person, "2099-06-01")
            .refused("validation-failed")
            .faults(&[("/last_day", "employment_overlap")]);
    });
    let gone = terminate(app, &person, "2018-06-30").expect(200).json();
    assert_eq!(gone["status"], "terminated");
    let expected = [period("2015-01-01", Some("2018-06-30")), period("2099-06-01", None)];
    assert_eq!(employments(app, &person), expected);
    assert_eq!(hr.get(&person).json()["hire_date"], "2015-01-01", "until the day comes");
}

fn nobody_is_moved_when_not_employed(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let person = hire(app, "E-1", "2015-01-01");
    terminate(app, &person, "2018-06-30").expect(200);
    let at = |day: &str| {
        let body = json!({ "effective_from": day, "job_title": "Head" });
        step(&hr, &person, "assignments", Some(body))
    };
    app.unchanged(|| {
        for day in ["2014-12-31", "2018-07-01", "2026-01-01"] {
            at(day).refused("validation-failed").faults(&[("/effective_from", "not_employed")]);
        }
    });
    at("2016-01-01").expect(200);
    let early = json!({
        "employee_number": "E-2", "name": "E-2", "hire_date": "2020-01-01",
        "effective_from": "2019-01-01",
    });
    hr.post("/v1/employees", &early)
        .refused("validation-failed")
        .faults(&[("/effective_from", "not_employed")]);
}

fn nobody_reports_to_a_leaver(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let tom = app.id("tom");
    let new = json!({
        "employee_number": "E-1", "name": "E-1", "hire_date": "2020-01-01", "manager_id": tom,
    });
    app.unchanged(|| {
        hr.post("/v1/employees", &new)
            .refused("validation-failed")
            .faults(&[("/manager_id", "manager_not_employed")]);
        for day in ["2024-01-01", "2026-11-01", "2099-01-01"] {
            let under = json!({ "effective_from": day, "manager_id": tom });
            step(&hr, &path(app.id("lin")), "assignments", Some(under))
                .refused("validation-failed")
                .faults(&[("/manager_id", "manager_not_employed")]);
        }
    });
    // Lines that begin and end before Tom left are history, so they are allowed.
    let at = |day: &str, manager: Value| {
        let body = json!({ "effective_from": day, "manager_id": manager });
        step(&hr, &path(app.id("lin")), "assignments", Some(body)).expect(200);
    };
    at("2023-06-01", json!(app.id("fan")));
    at("2023-01-01", json!(tom));
}

/// Proves R87 through `importEmployees`.
fn a_list_hires_again(app: &TestApp) {
    let row = |hired: &str, last: Value| {
        json!([{ "employee_number": "E-1", "name": "E-1", "hire_date": hired,
                 "termination_date": last }])
    };
    import(app, &row("2015-01-01", json!("2018-06-30"))).expect(200);
    let person = path(
        app.as_(HrAdmin).all("/v1/employees?employee_number=E-1")[0]["id"]
            .as_str()
            .and_then(|id| id.parse().ok())
            .expect("an id"),
    );
    app.unchanged(|| {
        import(app, &row("2018-06-30", Value::Null))
            .refused("validation-failed")
            .faults(&[("/0/hire_date", "employment_overlap")]);
        import(app, &row("2018-07-01", json!("2018-06-30")))
            .refused("validation-failed")
            .faults(&[("/0/termination_date", "period_invalid")]);
    });
    let told = import(app, &row("2020-01-01", Value::Null)).expect(200).json();
    assert_eq!(told["updated"], 1);
    let expected = [period("2015-01-01", Some("2018-06-30")), period("2020-01-01", None)];
    assert_eq!(employments(app, &person), expected);
    let again = app.unchanged(|| import(app, &row("2020-01-01", Value::Null)).expect(200).json());
    assert_eq!(again["unchanged"], 1);
    import(app, &row("2020-02-01", Value::Null)).expect(200);
    assert_eq!(employments(app, &person)[1], period("2020-02-01", None), "corrected");
    app.unchanged(|| {
        import(app, &row("2015-01-01", Value::Null))
            .refused("validation-failed")
            .faults(&[("/0/hire_date", "employment_overlap")]);
    });
    let next = json!([
        { "employee_number": "E-2", "name": "E-2", "hire_date": "2015-01-01",
          "termination_date": "2018-06-30" },
        { "employee_number": "E-3", "name": "E-3", "hire_date": "2099-01-01" },
    ]);
    import(app, &next).expect(200);
    let morrow = json!([{ "employee_number": "E-2", "name": "E-2", "hire_date": "2018-07-01" }]);
    import(app, &morrow).expect(200);
    let states = ["E-2", "E-3"].map(|number| {
        app.as_(HrAdmin).all(&format!("/v1/employees?employee_number={number}"))[0]["status"]
            .clone()
    });
    assert_eq!(states, [json!("active"), json!("pending")]);
}

fn a_list_does_not_move_leavers(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let assignments = || hr.all(&format!("{}/assignments", path(app.id("tom"))));
    let before = assignments();
    let row = |more: Value| {
        let mut row =
            json!({ "employee_number": "TOM", "name": "Tommy", "hire_date": "2015-03-01" });
        row.as_object_mut()
            .expect("an object")
            .extend(more.as_object().cloned().unwrap_or_default());
        json!([row])
    };
    let moved = row(json!({
        "org_unit_code": "EAST", "manager_employee_number": "MEI", "job_title": "Head",
    }));
    let told = import(app, &moved).expect(200);
    let fields = ["org_unit_code", "manager_employee_number", "job_title"];
    let expected = fields.map(|field| warned(&format!("/0/{field}"), "not_employed"));
    assert_eq!(warnings(&told), expected);
    assert_eq!((&told.json()["updated"], &told.json()["warned"]), (&json!(1), &json!(1)));
    assert_eq!(assignments(), before, "Tom stays where he was");
    assert_eq!(hr.get(path(app.id("tom"))).json()["name"], "Tommy");
    // A rehired person has an assignment from the first day on.
    let back = json!({
        "hire_date": "2026-01-01", "termination_date": null, "org_unit_code": "EAST",
        "manager_employee_number": "MEI",
    });
    let told = import(app, &row(back)).expect(200);
    assert_eq!(warnings(&told), []);
    let last = assignments().pop().expect("an assignment");
    assert_eq!(
        (&last["effective_from"], &last["manager_id"]),
        (&json!("2026-01-01"), &json!(app.id("mei")))
    );
}

fn a_list_names_leavers_who_manage(app: &TestApp) {
    let row = |number: &str, hired: &str, manager: Value| {
        json!({ "employee_number": number, "name": number, "hire_date": hired,
                "manager_employee_number": manager })
    };
    let told = import(app, &json!([row("E-1", "2020-01-01", json!("TOM"))])).expect(200);
    assert_eq!(warnings(&told), [warned("/0/manager_employee_number", "manager_not_employed")]);
    let again = import(app, &json!([row("E-1", "2020-01-01", json!("TOM"))])).expect(200);
    assert_eq!(again.json()["unchanged"], 1);
    assert_eq!(warnings(&again).len(), 1, "as long as it is so");

    let mut leaves = row("SUN", "2015-03-01", Value::Null);
    leaves["termination_date"] = json!("2026-01-31");
    let told =
        app.as_(HrAdmin).post("/v1/employees/bulk?dry_run=true", &json!([leaves])).expect(200);
    assert_eq!(warnings(&told), [warned("/0/termination_date", "still_manages")]);
    let moved = |number: &str| row(number, "2015-03-01", json!("KAI"));
    let told = import(app, &json!([leaves, moved("MEI"), moved("FAN")])).expect(200);
    assert_eq!(warnings(&told), [], "nobody is left behind");
    let mut new = row("E-2", "2020-01-01", json!("E-3"));
    new["name"] = json!("Under somebody who leaves in the same list");
    let mut gone = row("E-3", "2015-01-01", Value::Null);
    gone["termination_date"] = json!("2024-01-31");
    let told = import(app, &json!([new, gone])).expect(200);
    assert_eq!(warnings(&told), [warned("/0/manager_employee_number", "manager_not_employed")]);
}

/// Proves R87 through `importEmployees`, `listEvents`, `listAuditEntries`.
fn an_import_tells_of_everybody_what_was_and_is(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let rows = |title: &str| -> Value {
        let row = |number: usize| {
            json!({ "employee_number": format!("E-{number}"), "name": format!("E-{number}"),
                    "hire_date": "2020-01-01", "job_title": title })
        };
        (0..20).map(row).collect()
    };
    let ids = |answer: &Answer| -> Vec<Value> {
        let body = answer.json();
        body["rows"].as_array().into_iter().flatten().map(|row| row["id"].clone()).collect()
    };
    let mut cursor = String::new();
    let mut events = || {
        let mut new = Vec::new();
        loop {
            let page = hr.get(format!("/v1/events?limit=200{cursor}")).expect(200).json();
            cursor = format!("&after={}", page["next_cursor"].as_str().unwrap_or_default());
            match page["items"].as_array() {
                Some(items) if !items.is_empty() => new.extend(items.clone()),
                _ => return new,
            }
        }
    };
    events();
    let made = import(app, &rows("Clerk")).expect(200);
    let created = events();
    assert!(created.iter().all(|event| event["type"] == "employee.created"), "{created:?}");
    let about = |events: &[Value]| -> Vec<Value> {
        events.iter().map(|event| event["resource_id"].clone()).collect()
    };
    assert_eq!(about(&created), ids(&made));
    import(app, &rows("Head")).expect(200);
    let updated = events();
    assert!(updated.iter().all(|event| event["type"] == "employee.updated"), "{updated:?}");
    assert_eq!(about(&updated), ids(&made));
    let fields = json!(["effective_from", "job_title"]);
    assert!(updated.iter().all(|event| event["data"]["fields"] == fields), "{updated:?}");
    assert!(!updated[0].to_string().contains("Head"), "events carry no values");
    let entries = app.recorded("employee.updated");
    assert_eq!(entries.len(), 20);
    let told: Value =
        serde_json::from_str(entries[0].details.as_deref().unwrap_or_default()).expect("details");
    assert_eq!(told["job_title"], json!(["Clerk", "Head"]));
    assert!(told["import_id"].is_string());
    app.unchanged(|| import(app, &rows("Head")).expect(200));
}

fn tenure_counts_from_the_last_unbroken_employment(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let again = |number: &str, back: &str| {
        let person = hire(app, number, "2015-01-01");
        terminate(app, &person, "2026-10-31").expect(200);
        rehire(app, &person, back).expect(200);
        hr.get(&person).id()
    };
    let (away, never) = (again("E-1", "2026-11-20"), again("E-2", "2026-11-01"));
    let design = tests::cycles::design(&unique("C"), app.id("policy"));
    let cycle = hr.post("/v1/cycles", &design).expect(201).id();
    step(&hr, &format!("/v1/cycles/{cycle}"), "launch", None).expect(200);
    let exclusion = |person: Uuid| {
        let query = format!("/v1/participants?cycle_id={cycle}&employee_id={person}");
        let found = hr.all(&query);
        assert_eq!(found.len(), 1);
        found[0]["exclusion"].clone()
    };
    assert_eq!(exclusion(away), "too_new");
    assert_eq!(exclusion(never), Value::Null, "not a day away");
}
