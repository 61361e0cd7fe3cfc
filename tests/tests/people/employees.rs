//! People, with units, job titles and managers that change over time.

use serde_json::{Value, json};
use tests::world::Persona::{
    Colleague, DirectManager, Employee, Executive, FormerManager, HrAdmin, Hrbp, PeopleReader,
    PeopleWriter, SkipLevelManager, UnitReader,
};
use tests::{Answer, TestApp, on_each_engine};
use uuid::Uuid;

on_each_engine![
    a_person_is_hired_changed_and_leaves,
    a_merge_patch_clears_what_is_null,
    the_reporting_line_is_read_as_of_a_day,
    assignments_keep_their_history,
    loops_are_refused_and_named,
    a_loop_years_ahead_is_found,
    the_line_is_at_most_so_long,
    duplicate_keys_are_named,
    references_to_nothing_are_all_named,
    everybody_sees_what_their_relation_opens,
    a_former_manager_sees_the_directory_only,
    lists_narrow_and_sort,
    another_day_is_history,
    a_mirror_of_people_catches_up,
    names_are_kept_as_they_are,
];

fn read(app: &TestApp, name: &str) -> Answer {
    app.as_(HrAdmin).get(format!("/v1/employees/{}", app.id(name))).expect(200)
}

fn hire(app: &TestApp, number: &str, manager: Option<Uuid>) -> Answer {
    let body = json!({
        "employee_number": number, "name": number, "hire_date": "2020-01-01", "manager_id": manager,
    });
    app.as_(HrAdmin).post("/v1/employees", &body)
}

fn assign(app: &TestApp, person: Uuid, body: &Value) -> Answer {
    let hr = app.as_(HrAdmin);
    let read = hr.get(format!("/v1/employees/{person}")).expect(200);
    let assigning = hr.request("POST", format!("{}/assignments", read.path));
    assigning.if_match(&read.etag()).json(body).send()
}

fn manage(app: &TestApp, person: Uuid, manager: Uuid, from: &str) -> Answer {
    assign(app, person, &json!({ "effective_from": from, "manager_id": manager }))
}

/// The employee numbers of the people above somebody.
fn above(app: &TestApp, person: Uuid, day: &str) -> Vec<String> {
    let path = format!("/v1/employees/{person}/reporting-line?as_of={day}");
    let line = app.as_(HrAdmin).get(path).expect(200).json();
    let managers = line["items"].as_array().cloned().unwrap_or_default();
    let levels: Vec<_> = managers.iter().map(|manager| manager["level"].as_u64()).collect();
    assert!(levels.into_iter().eq((1..=managers.len() as u64).map(Some)));
    let number = |manager: &Value| manager["employee_number"].as_str().map(str::to_owned);
    managers.iter().filter_map(number).collect()
}

/// Proves R87 through `createEmployee`, `updateEmployee`, `terminateEmployee`,
/// `reinstateEmployee`.
fn a_person_is_hired_changed_and_leaves(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let made = hire(app, "E-1", Some(app.id("mei"))).expect(201);
    let path = format!("/v1/employees/{}", made.id());
    assert_eq!(made.header("Location"), Some(path.as_str()));
    assert_eq!(made.json()["status"], "active");
    let read = hr.get(&path).expect(200);
    assert_eq!((read.json(), read.etag()), (made.json(), made.etag()));

    let changed = hr.patch(&read, &json!({ "name": "王小明", "email": "wang@acme.example" }));
    let changed = changed.expect(200);
    assert_eq!(
        (&changed.json()["name"], &changed.json()["version"]),
        (&json!("王小明"), &json!(2))
    );

    let step = |name: &str, etag: &str, body: Value| {
        hr.request("POST", format!("{path}/{name}")).if_match(etag).json(&body).send()
    };
    let early = json!({ "last_day": "2019-12-31", "reason": "Never came" });
    step("termination", &changed.etag(), early)
        .refused("validation-failed")
        .faults(&[("/last_day", "period_invalid")]);
    let end = json!({ "last_day": "2024-06-30", "reason": "Resigned" });
    let left = step("termination", &changed.etag(), end.clone()).expect(200);
    assert_eq!(left.json()["status"], "terminated");
    let twice = step("termination", &left.etag(), end).refused("state-conflict").json();
    assert_eq!(twice["current_state"], "terminated");
    assert_eq!(twice["allowed_actions"], left.json()["allowed_actions"]);
    let status = |day: &str| hr.get(format!("{path}?as_of={day}")).json()["status"].clone();
    assert_eq!(
        (status("2024-06-30"), status("2024-07-01")),
        (json!("active"), json!("terminated"))
    );

    let back = json!({ "reason": "Resignation withdrawn" });
    let back = step("reinstatement", &left.etag(), back).expect(200);
    assert_eq!((&back.json()["status"], &back.json()["version"]), (&json!("active"), &json!(4)));
    assert_eq!(back.json()["termination_date"], Value::Null);
}

fn a_merge_patch_clears_what_is_null(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let lin = read(app, "lin");
    assert!(lin.json()["email"].is_string());
    let touched = hr.patch(&lin, &json!({})).expect(200);
    assert_eq!(touched.json()["email"], lin.json()["email"]);
    let cleared = hr.patch(&touched_at(&lin, &touched), &json!({ "email": null })).expect(200);
    assert_eq!(cleared.json()["email"], Value::Null);
    app.unchanged(|| {
        hr.patch(&touched_at(&lin, &cleared), &json!({ "name": null, "hire_date": null }))
            .refused("validation-failed")
            .faults(&[("/name", "wrong_type"), ("/hire_date", "wrong_type")]);
        let fixed = json!({ "manager_id": app.id("sun"), "status": "terminated" });
        hr.patch(&touched_at(&lin, &cleared), &fixed)
            .refused("validation-failed")
            .faults(&[("/manager_id", "unknown_property"), ("/status", "unknown_property")]);
    });
}

/// The answer `read`, with the version that `changed` shows.
fn touched_at(read: &Answer, changed: &Answer) -> Answer {
    Answer { path: read.path.clone(), ..changed.clone() }
}

/// Proves R87 through `getReportingLine`.
fn the_reporting_line_is_read_as_of_a_day(app: &TestApp) {
    let lin = app.id("lin");
    assert_eq!(above(app, lin, "2023-12-31"), ["FAN", "SUN"]);
    assert_eq!(above(app, lin, "2024-01-01"), ["MEI", "SUN"]);
    assert_eq!(above(app, lin, "2014-01-01"), Vec::<String>::new());
    manage(app, lin, app.id("kai"), "2090-01-01").expect(200);
    assert_eq!(above(app, lin, "2089-12-31"), ["MEI", "SUN"]);
    assert_eq!(above(app, lin, "2090-01-01"), ["KAI"]);
}

fn assignments_keep_their_history(app: &TestApp) {
    let lin = app.id("lin");
    let title = |title: Value, from: &str| {
        assign(app, lin, &json!({ "effective_from": from, "job_title": title })).expect(200)
    };
    title(json!("Trainee"), "2016-01-01");
    title(json!("Director"), "2095-01-01");
    title(json!("Expert"), "2024-01-01");
    let rows = app.as_(HrAdmin).all(&format!("/v1/employees/{lin}/assignments?limit=2"));
    let told: Vec<_> = rows
        .iter()
        .map(|row| {
            [&row["effective_from"], &row["effective_to"], &row["job_title"], &row["manager_id"]]
        })
        .collect();
    let (fan, mei) = (json!(app.id("fan")), json!(app.id("mei")));
    let expected = [
        [json!("2015-03-01"), json!("2015-12-31"), json!(null), fan.clone()],
        [json!("2016-01-01"), json!("2023-12-31"), json!("Trainee"), fan],
        [json!("2024-01-01"), json!("2094-12-31"), json!("Expert"), mei.clone()],
        [json!("2095-01-01"), json!(null), json!("Director"), mei],
    ];
    assert_eq!(told, expected.iter().map(|row| row.each_ref()).collect::<Vec<_>>());
    assert_eq!(read(app, "lin").json()["job_title"], "Expert");
}

fn loops_are_refused_and_named(app: &TestApp) {
    let (lin, mei, sun) = (app.id("lin"), app.id("mei"), app.id("sun"));
    app.unchanged(|| {
        let own = manage(app, lin, lin, "2026-01-01").refused("reporting-loop");
        own.faults(&[("/manager_id", "self_reference")]);
        let pair = manage(app, mei, lin, "2026-01-01").refused("reporting-loop");
        let pair = pair.faults(&[("/manager_id", "reporting_loop")]).json();
        let detail = pair["errors"][0]["detail"].as_str().unwrap_or_default().to_owned();
        assert!(detail.contains("MEI") && detail.contains("LIN"), "{detail}");
        let three = manage(app, sun, lin, "2026-01-01").refused("reporting-loop").json();
        let detail = three["errors"][0]["detail"].as_str().unwrap_or_default().to_owned();
        assert!(["SUN", "LIN", "MEI"].iter().all(|name| detail.contains(name)), "{detail}");
    });
}

fn a_loop_years_ahead_is_found(app: &TestApp) {
    let (a, b) = (hire(app, "A", None).expect(201).id(), hire(app, "B", None).expect(201).id());
    manage(app, a, b, "2080-01-01").expect(200);
    manage(app, a, app.id("sun"), "2090-01-01").expect(200);
    app.unchanged(|| {
        manage(app, b, a, "2085-01-01").refused("reporting-loop");
        manage(app, b, a, "2026-01-01").refused("reporting-loop");
    });
    manage(app, b, a, "2090-01-01").expect(200);
    assert_eq!(above(app, b, "2090-01-01"), ["A", "SUN"]);
    assert_eq!(above(app, a, "2085-01-01"), ["B"]);
}

fn the_line_is_at_most_so_long(app: &TestApp) {
    let mut manager = hire(app, "D-1", None).expect(201).id();
    for depth in 2..=32 {
        manager = hire(app, &format!("D-{depth}"), Some(manager)).expect(201).id();
    }
    let answer = app.unchanged(|| hire(app, "D-33", Some(manager)));
    answer.refused("validation-failed").faults(&[("/manager_id", "depth_exceeded")]);
    let top = hire(app, "TOP", None).expect(201).id();
    let first = app.as_(HrAdmin).all("/v1/employees?employee_number=D-1");
    let first: Uuid = first[0]["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    let answer = app.unchanged(|| manage(app, first, top, "2026-01-01"));
    answer.faults(&[("/manager_id", "depth_exceeded")]);
}

fn duplicate_keys_are_named(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    app.unchanged(|| {
        hire(app, "LIN", None).refused("duplicate").faults(&[("/employee_number", "duplicate")]);
        let taken = json!({
            "employee_number": "X", "name": "X", "hire_date": "2020-01-01",
            "external_ids": [{ "system": "hris", "value": "h-lin" }],
        });
        hr.post("/v1/employees", &taken).refused("duplicate");
        let twice = json!({
            "employee_number": "X", "name": "X", "hire_date": "2020-01-01",
            "external_ids": [{ "system": "a", "value": "1" }, { "system": "a", "value": "2" }],
        });
        hr.post("/v1/employees", &twice)
            .refused("validation-failed")
            .faults(&[("/external_ids/1/system", "duplicate_in_request")]);
        hr.patch(&read(app, "lin"), &json!({ "employee_number": "MEI" })).refused("duplicate");
    });
}

fn references_to_nothing_are_all_named(app: &TestApp) {
    let nothing = Uuid::from_u128(1);
    let theirs = app.world.other.id("sun");
    let body = json!({
        "employee_number": "X", "name": "X", "hire_date": "2020-01-01",
        "org_unit_id": nothing, "position_id": app.world.other.id("position"), "manager_id": theirs,
    });
    let answer = app.unchanged(|| app.as_(HrAdmin).post("/v1/employees", &body));
    answer.refused("validation-failed").faults(&[
        ("/org_unit_id", "unknown_reference"),
        ("/position_id", "unknown_reference"),
        ("/manager_id", "unknown_reference"),
    ]);
    app.unchanged(|| manage(app, app.id("lin"), theirs, "2026-01-01"))
        .refused("validation-failed")
        .faults(&[("/manager_id", "unknown_reference")]);
}

fn everybody_sees_what_their_relation_opens(app: &TestApp) {
    let path = format!("/v1/employees/{}", app.id("lin"));
    let sees =
        |persona, field: &str| app.as_(persona).get(&path).expect(200).json().get(field).is_some();
    for full in [Employee, DirectManager, SkipLevelManager, Hrbp, HrAdmin, Executive, PeopleReader]
    {
        assert!(sees(full, "hire_date") && sees(full, "external_ids"), "{}", full.name());
    }
    for narrow in [Colleague, FormerManager] {
        assert!(sees(narrow, "name") && !sees(narrow, "hire_date"), "{}", narrow.name());
    }
    app.as_(UnitReader).get(&path).refused("not-found");
    let acting = app.as_(PeopleWriter).get(&path).expect(200).json();
    assert_eq!(acting["allowed_actions"], read(app, "lin").json()["allowed_actions"]);
    let own = app.as_(Employee).get(&path).expect(200).json();
    assert_eq!(own["allowed_actions"], json!([]), "nobody writes their own record");
}

fn a_former_manager_sees_the_directory_only(app: &TestApp) {
    let path = format!("/v1/employees/{}", app.id("lin"));
    let fan = app.as_(FormerManager);
    fan.get(format!("{path}/assignments")).refused("forbidden");
    fan.get(format!("{path}?as_of=2020-01-01")).refused("forbidden");
    app.as_(DirectManager).get(format!("{path}?as_of=2020-01-01")).expect(200);
    manage(app, app.id("lin"), app.id("fan"), "2025-01-01").expect(200);
    fan.get(format!("{path}/assignments")).expect(200);
    app.as_(DirectManager).get(format!("{path}/assignments")).refused("forbidden");
}

fn numbers(app: &TestApp, persona: tests::world::Persona, query: &str) -> Vec<String> {
    let rows = app.as_(persona).all(&format!("/v1/employees?limit=3&{query}"));
    let number = |row: &Value| row["employee_number"].as_str().map(str::to_owned);
    rows.iter().filter_map(number).collect()
}

fn lists_narrow_and_sort(app: &TestApp) {
    let ask = |query: &str| numbers(app, HrAdmin, query);
    assert_eq!(ask(&format!("manager_id={}", app.id("sun"))), ["MEI", "FAN"]);
    assert_eq!(ask(&format!("org_unit_id={}", app.id("east"))), ["MEI", "LIN"]);
    let within = ask(&format!("within_org_unit_id={}", app.id("sales")));
    assert_eq!(within, ["SUN", "MEI", "FAN", "LIN"]);
    assert_eq!(ask("status=terminated"), ["TOM"]);
    assert_eq!(ask("employee_number=LIN"), ["LIN"]);
    assert_eq!(ask("external_id=hris:h-lin"), ["LIN"]);
    assert_eq!(ask("external_id=hris:nobody"), Vec::<String>::new());
    for order in ["employee_number", "name"] {
        let sorted = ask(&format!("sort={order}"));
        let mut expected = sorted.clone();
        expected.sort();
        assert_eq!(sorted, expected);
        assert_eq!(sorted.len(), ask("").len());
    }
    let everybody = numbers(app, Colleague, "");
    assert!(!everybody.contains(&String::from("TOM")), "the directory shows who works here");
    assert_eq!(numbers(app, UnitReader, ""), ["KAI", "TOM"]);
}

fn another_day_is_history(app: &TestApp) {
    let then = |persona| numbers(app, persona, "as_of=2020-01-01");
    assert_eq!(then(HrAdmin).len(), 15);
    assert_eq!(then(Colleague), ["KAI", "TOM"], "own history and that of one's people");
    assert_eq!(then(DirectManager), ["MEI", "LIN"]);
    let fan = app.id("fan");
    let were = numbers(app, HrAdmin, &format!("manager_id={fan}&as_of=2020-01-01"));
    assert_eq!(were, ["LIN"]);
    assert_eq!(numbers(app, HrAdmin, &format!("manager_id={fan}")), Vec::<String>::new());
}

/// Proves R87 through `listEmployees`.
fn a_mirror_of_people_catches_up(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let all = hr.all("/v1/employees?updated_since=2000-01-01T00:00:00Z&limit=4");
    let newest = all.last().and_then(|row| row["updated_at"].as_str()).unwrap_or_default();
    let lin = read(app, "lin");
    hr.patch(&lin, &json!({ "name": "Lin Lin" })).expect(200);
    let rows = hr.all(&format!("/v1/employees?updated_since={newest}"));
    assert_eq!(rows.last().map(|row| &row["name"]), Some(&json!("Lin Lin")));
    assert!(rows.len() < all.len());
}

fn names_are_kept_as_they_are(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    for name in ["=1+1", "@SUM(A1)", "O'Brien \"Bob\" <b>", "欧阳娜娜", "👩‍🔬 Zoë", "a\u{301}"]
    {
        let number = tests::calls::unique("N");
        let body = json!({ "employee_number": number, "name": name, "hire_date": "2020-01-01" });
        let made = hr.post("/v1/employees", &body).expect(201);
        let read = hr.get(format!("/v1/employees/{}", made.id())).expect(200);
        assert_eq!(read.json()["name"], name);
    }
    for name in ["", " ", " x", "x ", "a\nb", "a\u{0}b"] {
        let body = json!({ "employee_number": "N", "name": name, "hire_date": "2020-01-01" });
        app.unchanged(|| hr.post("/v1/employees", &body).refused("validation-failed"));
    }
}
