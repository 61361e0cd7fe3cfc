//! To-dos, and the dashboard of each role.

use serde_json::{Value, json};
use tests::calls::unique;
use tests::cycles::{behind, design, drive, literal, rated, step};
use tests::world::Persona::{
    Anonymous, Auditor, Colleague, DirectManager, Employee, EventReader, Executive, HrAdmin, Hrbp,
    OtherHrbp, SkipLevelManager,
};
use tests::{TestApp, goals, on_each_engine};

on_each_engine![
    what_waits_is_told_by_the_day_it_is_due,
    what_waits_comes_in_pages,
    an_employee_finds_the_own_work,
    a_manager_finds_the_team,
    hr_sees_the_people_of_its_units,
    senior_management_sees_the_company,
    grades_stand_beside_those_of_the_cycle_before,
    a_department_follows_the_units_above_it,
    what_is_not_signed_is_not_late,
    a_to_do_about_a_goal_has_its_title,
    a_dashboard_opens_where_something_waits,
    dashboards_are_for_those_they_are_made_for,
];

fn kinds(list: &Value) -> Vec<(&str, &str)> {
    let items = list["items"].as_array().map(Vec::as_slice).unwrap_or_default();
    items
        .iter()
        .map(|to_do| {
            (to_do["kind"].as_str().unwrap_or_default(), to_do["due_on"].as_str().unwrap_or("-"))
        })
        .collect()
}

/// Proves R86 through `listToDos`.
fn what_waits_is_told_by_the_day_it_is_due(app: &TestApp) {
    let kai = app.as_(Colleague).get("/v1/to-dos").expect(200).json();
    assert_eq!(kinds(&kai), [("submit_goals", "2026-01-31")]);
    let first = &kai["items"][0];
    assert_eq!(first["cycle"]["id"], json!(app.id("cycle")));
    assert_eq!(first["resource"], "participant");
    assert_eq!(first["is_overdue"], app.clock().now().date_naive() > "2026-01-31".parse().unwrap());

    let hr = app.as_(HrAdmin).get("/v1/to-dos").expect(200).json();
    let steps: Vec<_> = kinds(&hr);
    assert!(steps.contains(&("launch_cycle", "2026-01-01")), "{steps:?}");
    assert!(steps.contains(&("start_cycle", "2026-01-31")), "{steps:?}");

    drive(app, &app.world.own, app.id("cycle"), "evaluating");
    let lin = app.as_(Employee).get("/v1/to-dos").expect(200).json();
    assert_eq!(kinds(&lin), [("submit_self_review", "2026-03-10")]);
    assert_eq!(lin["items"][0]["resource"], "review");
    let hr = app.as_(HrAdmin).get("/v1/to-dos").expect(200).json();
    assert!(kinds(&hr).contains(&("open_calibration", "2026-04-01")), "{hr}");
    let ella = app.as_(Executive).get("/v1/to-dos").expect(200).json();
    assert!(!kinds(&ella).iter().any(|(kind, _)| *kind == "release_cycle"), "{ella}");

    drive(app, &app.world.own, app.id("cycle"), "confirmed");
    let ella = app.as_(Executive).get("/v1/to-dos").expect(200).json();
    assert!(kinds(&ella).contains(&("release_cycle", "2026-04-30")), "{ella}");
}

fn what_waits_comes_in_pages(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let whole = hr.get("/v1/to-dos").expect(200).json();
    let pages = hr.all("/v1/to-dos?limit=1");
    assert!(pages.len() > 2, "{whole}");
    assert_eq!(whole["items"], json!(pages));
    hr.get("/v1/to-dos?cursor=nonsense").refused("cursor-invalid");
    hr.get("/v1/to-dos?limit=0").refused("malformed-request");
}

/// Proves R46, R86, R87 through `getEmployeeDashboard`.
fn an_employee_finds_the_own_work(app: &TestApp) {
    let lin = app.as_(Employee);
    let shown = lin.get("/v1/dashboards/employee").expect(200).json();
    let cycle = &shown["cycles"][0];
    assert_eq!(cycle["cycle"]["state"], "goal_setting");
    assert_eq!(cycle["participant_id"], json!(app.id("lin.participant")));
    assert_eq!(cycle["manager"], json!({ "id": app.id("mei"), "name": "mei" }));
    assert_eq!(cycle["goals"][0]["id"], json!(app.id("goal")));
    assert_eq!(cycle["goals"][0]["state"], "active");
    assert_eq!(cycle["review"], json!(null));
    let kai = app.as_(Colleague).get("/v1/dashboards/employee").expect(200).json();
    assert_eq!(kai["cycles"][0]["goals"], json!([]));
    assert_eq!(
        (&kai["to_dos"]["total"], &kai["to_dos"]["items"][0]["kind"]),
        (&json!(1), &json!("submit_goals"))
    );
    drive(app, &app.world.own, app.id("cycle"), "evaluating");
    let review =
        lin.get("/v1/dashboards/employee").expect(200).json()["cycles"][0]["review"].take();
    assert_eq!(review["state"], "pending_self");
    assert_eq!((&review["composite"], &review["grade"]), (&json!(null), &json!(null)));
}

/// Proves R46 through `getManagerDashboard`.
fn a_manager_finds_the_team(app: &TestApp) {
    let mei = app.as_(DirectManager);
    let shown = mei.get("/v1/dashboards/manager").expect(200).json();
    assert_eq!(shown["cycle"]["id"], json!(app.id("cycle")));
    let lin = shown["members"].as_array().and_then(|members| {
        members.iter().find(|member| member["employee"]["id"] == json!(app.id("lin")))
    });
    let lin = lin.unwrap_or_else(|| panic!("{shown}"));
    assert_eq!((&lin["goals"]["goals"], &lin["goals"]["agreed"]), (&json!(1), &json!(1)));
    assert_eq!(lin["goals"]["progress"], "0.0000");
    drive(app, &app.world.own, app.id("cycle"), "evaluating");
    let shown = mei.get("/v1/dashboards/manager?limit=1").expect(200).json();
    let people = shown["reviews"][0]["people"].as_i64().unwrap_or_default();
    assert_eq!(shown["reviews"][0]["state"], "pending_self");
    let mut seen = shown["members"].as_array().map_or(0, Vec::len);
    let mut cursor = shown["next_cursor"].clone();
    while let Some(next) = cursor.as_str() {
        let path = format!("/v1/dashboards/manager?limit=1&cursor={next}");
        let page = mei.get(path).expect(200).json();
        seen += page["members"].as_array().map_or(0, Vec::len);
        cursor = page["next_cursor"].clone();
    }
    assert_eq!(i64::try_from(seen).unwrap_or_default(), people);
    let missing = "0197c9a8-5f3e-7a51-9c7d-0d8b1f0f6a11";
    mei.get(format!("/v1/dashboards/manager?cycle_id={missing}")).refused("not-found");
    let draft = app.id("draft.cycle");
    mei.get(format!("/v1/dashboards/manager?cycle_id={draft}")).refused("not-found");
}

/// Proves R46 through `getHrDashboard`.
fn hr_sees_the_people_of_its_units(app: &TestApp) {
    let path = format!("/v1/dashboards/hr?cycle_id={}", app.id("cycle"));
    let people = |persona| {
        let shown = app.as_(persona).get(&path).expect(200).json();
        let of = |row: &Value| row["people"].as_i64().unwrap_or_default();
        let rows = shown["departments"].as_array().map(Vec::as_slice).unwrap_or_default();
        assert_eq!(rows.iter().map(of).sum::<i64>(), of(&shown["total"]));
        of(&shown["total"])
    };
    let headcount = app.as_(HrAdmin).get(format!("/v1/cycles/{}", app.id("cycle"))).json();
    let headcount = &headcount["headcount"];
    let all = headcount["participants"].as_i64().unwrap_or_default()
        - headcount["excluded"].as_i64().unwrap_or_default();
    // Before the release, no count includes the reader's own result.
    assert_eq!(people(HrAdmin), all - 1);
    let (sales, labs) = (people(Hrbp), people(OtherHrbp));
    assert!(sales > 0 && labs > 0 && sales + labs < all, "{sales} {labs} {all}");
}

/// Proves R46 through `getExecutiveDashboard`.
fn senior_management_sees_the_company(app: &TestApp) {
    let shown = app.as_(Executive).get("/v1/dashboards/executive").expect(200).json();
    assert_eq!(shown["cycle"]["id"], json!(app.id("cycle")));
    assert_eq!(shown["goals"], json!([]));
    assert!(shown["departments"].as_array().is_some_and(|rows| !rows.is_empty()), "{shown}");
    assert_eq!(shown["total"]["goals"]["risk"], "grace", "nothing is signed that Ella may know");
    // A single check-in cannot be derived from how the progress of many changes.
    let exact = app.as_(HrAdmin).get("/v1/dashboards/hr").expect(200).json();
    let progress = |shown: &Value| shown["total"]["goals"]["progress"].as_str().map(str::len);
    assert!(progress(&shown) < progress(&exact), "{shown} {exact}");
}

fn grades_stand_beside_those_of_the_cycle_before(app: &TestApp) {
    let employee = || app.as_(Employee).get("/v1/dashboards/employee").expect(200).json();
    let own = || {
        let shown = employee();
        let all = shown["cycles"].as_array().cloned().unwrap_or_default();
        let now = json!(app.id("cycle"));
        all.into_iter().find(|one| one["cycle"]["id"] == now).unwrap_or_default()["last"].clone()
    };
    let of = |persona, which: &str| {
        let path = format!("/v1/dashboards/{which}?cycle_id={}", app.id("cycle"));
        app.as_(persona).get(path).expect(200).json()
    };
    let number = app.as_(HrAdmin).get(format!("/v1/employees/{}", app.id("lin"))).expect(200);
    let number = number.json()["employee_number"].as_str().expect("a number").to_owned();
    let last = rated(app, &app.world.own, "confirmed", &[(&number, "A")]);
    let id = literal(app, last);
    behind(
        app,
        &format!(
            "UPDATE cycle SET period_start = '2025-01-01', period_end = '2025-12-31' WHERE id = {id}"
        ),
    );
    assert_eq!(own(), json!(null), "a result is not told before its release");
    assert_eq!(of(HrAdmin, "hr")["last_cycle"], json!(null));
    drive(app, &app.world.own, last, "published");
    assert_eq!((&own()["cycle"]["id"], &own()["grade"]), (&json!(last), &json!("A")));
    assert_eq!(own()["composite"], "108.00");
    let counted = |row: &Value| {
        let grades = row["last_grades"].as_array().cloned().unwrap_or_default();
        grades.iter().filter_map(|grade| grade["people"].as_i64()).sum::<i64>()
    };
    for (persona, which) in [(HrAdmin, "hr"), (Executive, "executive")] {
        let shown = of(persona, which);
        assert_eq!(shown["last_cycle"]["id"], json!(last), "{which}");
        let total = &shown["total"]["last_grades"];
        assert_eq!(total[1], json!({ "grade": "A", "people": 1 }), "{which}");
        let rows = shown["departments"].as_array().expect("departments");
        assert_eq!(rows.iter().map(counted).sum::<i64>(), counted(&shown["total"]), "{which}");
    }
    let (all, some) = (of(HrAdmin, "hr"), of(OtherHrbp, "hr"));
    assert!(counted(&some["total"]) < counted(&all["total"]), "only the people of the own units");
}

fn a_department_follows_the_units_above_it(app: &TestApp) {
    let shown = app.as_(HrAdmin).get("/v1/dashboards/hr").expect(200).json();
    let rows = shown["departments"].as_array().expect("departments");
    let names = |row: &Value| {
        let above = row["above"].as_array().cloned().unwrap_or_default();
        let mut names: Vec<_> = above.iter().map(|unit| unit["name"].clone()).collect();
        names.push(row["name"].clone());
        names.iter().map(|name| name.as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    let lines: Vec<_> = rows.iter().map(names).collect();
    assert!(lines.is_sorted(), "{lines:?}");
    for row in rows {
        let unit = format!("/v1/org-units/{}", row["id"].as_str().expect("an id"));
        let parent = app.as_(HrAdmin).get(unit).expect(200).json()["parent_id"].take();
        let above =
            row["above"].as_array().and_then(|above| above.last()).map(|unit| unit["id"].clone());
        assert_eq!(above.unwrap_or_default(), parent, "{row}");
    }
    assert!(lines.iter().any(|line| line.len() > 1), "{lines:?}");
    assert_eq!(shown["total"]["above"], json!([]));
}

/// Proves R46 through `getEmployeeDashboard`, `getManagerDashboard`.
fn what_is_not_signed_is_not_late(app: &TestApp) {
    let (lin, mei) = (app.as_(Employee), app.as_(DirectManager));
    let content = goals::indicator("Only an idea", "0");
    let made = lin.post("/v1/goals", &goals::goal(app.id("cycle"), &content)).expect(201);
    let level = |title: &str| {
        let shown = lin.get("/v1/dashboards/employee").expect(200).json();
        let goals = shown["cycles"][0]["goals"].as_array().cloned().unwrap_or_default();
        let found = goals.iter().find(|goal| goal["title"] == title).cloned();
        found.unwrap_or_else(|| panic!("{shown}"))["risk"].take()
    };
    let team = || {
        let shown = mei.get("/v1/dashboards/manager").expect(200).json();
        let mut members = shown["members"].as_array().cloned().unwrap_or_default().into_iter();
        let found = members.find(|member| member["employee"]["id"] == json!(app.id("lin")));
        found.unwrap_or_else(|| panic!("{shown}"))["goals"].take()
    };
    assert_eq!(
        (level("Only an idea"), level("Revenue in the north")),
        (json!("grace"), json!("red"))
    );
    let sums = team();
    assert_eq!((&sums["goals"], &sums["agreed"]), (&json!(2), &json!(1)));
    step(&lin, &goals::path(&made), "submission", None).expect(200);
    assert_eq!(level("Only an idea"), "grace", "one side alone binds nobody");
    step(&mei, &goals::path(&made), "approval", None).expect(200);
    assert_eq!(level("Only an idea"), "red");
}

/// Proves R86 through `listToDos`.
fn a_to_do_about_a_goal_has_its_title(app: &TestApp) {
    let (lin, mei) = (app.as_(Employee), app.as_(DirectManager));
    let content = goals::indicator("A second branch", "0");
    let made = lin.post("/v1/goals", &goals::goal(app.id("cycle"), &content)).expect(201);
    step(&lin, &goals::path(&made), "submission", None).expect(200);
    let title = |kind: &str| {
        let all = mei.all("/v1/to-dos");
        let found = all.iter().find(|to_do| to_do["kind"] == kind);
        found.map(|to_do| to_do["title"].clone())
    };
    assert_eq!(title("approve_goal"), Some(json!("A second branch")));
    assert_eq!(title("submit_goals"), Some(json!(null)));
    step(&mei, &goals::path(&made), "approval", None).expect(200);
    let change = json!({
        "content": goals::indicator("A third branch", "0"), "reason": "The market has changed",
        "evidence": ["Minutes of 3 March"], "effective_from": "2026-06-01",
    });
    step(&lin, &goals::path(&made), "changes", Some(change)).expect(201);
    assert_eq!(title("decide_goal_change"), Some(json!("A second branch")), "as it is signed");
}

/// Proves R86 through `getManagerDashboard`, `getHrDashboard`.
fn a_dashboard_opens_where_something_waits(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let mut later = design(&unique("LATER"), app.id("policy"));
    later["period"] = json!({ "start": "2027-01-01", "end": "2027-12-31" });
    for (_, day) in later["schedule"].as_object_mut().into_iter().flatten() {
        *day = json!(day.as_str().unwrap_or_default().replace("2026", "2027"));
    }
    let later = hr.post("/v1/cycles", &later).expect(201).id();
    drive(app, &app.world.own, later, "goal_setting");
    let shown = |path: &str| {
        let shown = app.as_(DirectManager).get(path).expect(200).json();
        let cycles = shown["cycles"].as_array().cloned().unwrap_or_default();
        let ids: Vec<_> = cycles.iter().map(|cycle| cycle["id"].clone()).collect();
        (shown["cycle"]["id"].clone(), ids)
    };
    let (first, all) = shown("/v1/dashboards/manager");
    assert_eq!(first, json!(app.id("cycle")), "the older to-do, although the other ends later");
    assert_eq!(all, [json!(app.id("cycle")), json!(later)], "drafts are nothing to look at");
    let (chosen, _) = shown(&format!("/v1/dashboards/manager?cycle_id={later}"));
    assert_eq!(chosen, json!(later));
    // Nothing waits for senior management, so that it sees the cycle that runs.
    let ella = app.as_(Executive).get("/v1/dashboards/executive").expect(200).json();
    assert_eq!(ella["to_dos"]["total"], ella["to_dos"]["items"].as_array().map_or(0, Vec::len));
    assert_eq!(ella["cycle"]["id"], json!(app.id("cycle")));
}

fn dashboards_are_for_those_they_are_made_for(app: &TestApp) {
    for persona in [Employee, Colleague, DirectManager, SkipLevelManager, Auditor] {
        app.as_(persona).get("/v1/dashboards/executive").refused("forbidden");
        app.as_(persona).get("/v1/dashboards/hr").refused("forbidden");
    }
    app.as_(Executive).get("/v1/dashboards/hr").refused("forbidden");
    app.as_(HrAdmin).get("/v1/dashboards/executive").refused("forbidden");
    for path in ["/v1/to-dos", "/v1/dashboards/employee", "/v1/dashboards/manager"] {
        app.as_(EventReader).get(path).refused("scope-missing");
        app.as_(Anonymous).get(path).refused("unauthenticated");
    }
}
