//! The distribution of a cycle: live, against quotas and chance, as figures and as a chart.

use roxmltree::Document;
use serde_json::{Value, json};
use tests::cycles::{drive, rated};
use tests::world::Persona::{
    self, Auditor, Employee, Executive, HrAdmin, Hrbp, OtherHrAdmin, PeopleReader, SecondHrAdmin,
};
use tests::{Answer, TestApp, on_each_engine};
use uuid::Uuid;

on_each_engine![
    counts_stand_against_quotas,
    whoever_reads_it_is_not_told_their_own_grade,
    senior_management_is_told_no_single_grade,
    business_partners_see_their_units,
    a_chart_shows_the_same,
    a_cycle_without_grades_has_an_empty_one,
];

fn distribution(app: &TestApp, persona: Persona, cycle: Uuid) -> Answer {
    app.as_(persona).get(format!("/v1/cycles/{cycle}/distribution"))
}

/// Proves R61 through `getDistribution`.
fn counts_stand_against_quotas(app: &TestApp) {
    let grades = [("LIN", "S"), ("SUN", "A"), ("KAI", "D"), ("MEI", "A")];
    let cycle = rated(app, &app.world.own, "calibrating", &grades);
    let shown = distribution(app, HrAdmin, cycle).expect(200).json();
    assert_eq!((&shown["mode"], &shown["min_group"]), (&json!("guideline"), &json!(9)));
    assert_eq!(shown["shares"], json!({ "S": "10", "A": "20", "B": "50", "C": "15", "D": "5" }));
    let total = &shown["total"];
    let counts = json!({ "S": 1, "A": 2, "B": 7, "C": 0, "D": 1 });
    assert_eq!((&total["computed"], &total["present"]["counts"]), (&counts, &counts));
    // HR and senior management are graded outside the quotas, and the reader is left out.
    assert_eq!((&total["uncounted"], &total["ungraded"]), (&json!(2), &json!(0)));
    // The exact quotas are 1.1, 2.2, 5.5, 1.65 and 0.55 of 11 people.
    let quota = json!({ "S": 1, "A": 2, "B": 5, "C": 2, "D": 1 });
    assert_eq!(total["present"]["quota"], quota);
    assert_eq!(total["present"]["tolerance"], "1");
    assert_eq!(total["present"]["verdict"], "warning");
    assert_eq!(total["present"]["deviating"], json!(["B", "C"]));
    let test = &total["present"]["test"];
    assert_eq!((&test["method"], &test["differs"]), (&json!("exact_multinomial"), &json!(false)));
    let p: f64 = test["p"].as_str().and_then(|p| p.parse().ok()).expect("a probability");
    assert!((0.05..1.0).contains(&p));

    let codes: Vec<_> = list(&shown["departments"]).map(|row| row["code"].clone()).collect();
    assert_eq!(codes, ["COMPANY", "LABS", "SALES"]);
    let sales = list(&shown["departments"]).find(|row| row["code"] == "SALES").expect("Sales");
    assert_eq!(sales["present"]["counts"], json!({ "S": 1, "A": 2, "B": 1, "C": 0, "D": 0 }));
    assert_eq!(sales["present"]["verdict"], "pool_required");
    assert_eq!(sales["present"]["quota"], json!(null));
    // All three departments are too small, so they are pooled with the company.
    let pools: Vec<_> = list(&shown["pools"]).collect();
    assert_eq!(pools.len(), 1);
    assert_eq!(pools[0]["department_ids"].as_array().map(Vec::len), Some(3));
    assert_eq!(pools[0]["present"]["quota"], quota);

    let labs = app.id("labs");
    let path = format!("/v1/cycles/{cycle}/distribution?department_id={labs}");
    let one = app.as_(HrAdmin).get(path).expect(200).json();
    assert_eq!(list(&one["departments"]).count(), 1);
    assert_eq!(one["total"], shown["total"]);
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn whoever_reads_it_is_not_told_their_own_grade(app: &TestApp) {
    let cycle = rated(app, &app.world.own, "confirmed", &[("HUA", "D")]);
    let of = |persona| distribution(app, persona, cycle).expect(200).json()["total"].take();
    // Hua reads all others, so she is in no quota; and nobody sees their own record counted.
    for persona in [SecondHrAdmin, HrAdmin] {
        let total = of(persona);
        assert_eq!(total["computed"], json!({ "S": 0, "A": 0, "B": 11, "C": 0, "D": 0 }));
        assert_eq!(total["uncounted"], 2);
    }
    drive(app, &app.world.own, cycle, "published");
    assert_eq!(of(HrAdmin)["uncounted"], 3, "once it is released");
}

/// Of the people who count, six work in the company itself, four in sales and one in the labs.
fn senior_management_is_told_no_single_grade(app: &TestApp) {
    let row = |shown: &Value, code: &str| {
        let found = list(&shown["departments"]).find(|row| row["code"] == code);
        found.expect("a department").clone()
    };
    let dashboard = |cycle: Uuid| {
        let path = format!("/v1/dashboards/executive?cycle_id={cycle}");
        app.as_(Executive).get(path).expect(200).json()
    };
    let withheld = |row: &Value| {
        row["withheld"] == true
            && ["computed", "present", "uncounted", "ungraded"].iter().all(|it| row[it].is_null())
    };

    let mixed = [("BO", "A"), ("LIN", "S"), ("KAI", "D"), ("ELLA", "C")];
    let cycle = rated(app, &app.world.own, "calibrating", &mixed);
    let shown = distribution(app, Executive, cycle).expect(200).json();
    let counts = json!({ "S": 0, "A": 1, "B": 5, "C": 0, "D": 0 });
    let company = row(&shown, "COMPANY");
    assert_eq!((&company["present"]["counts"], &company["computed"]), (&counts, &json!(null)));
    assert!(withheld(&row(&shown, "SALES")) && withheld(&row(&shown, "LABS")), "{shown}");
    // Sales and labs together are five people, so they are in the total. The reader, with a C, is
    // not.
    let total = json!({ "S": 1, "A": 1, "B": 8, "C": 0, "D": 1 });
    assert_eq!(shown["total"]["present"]["counts"], total);
    let pool = list(&shown["pools"]).next().expect("a pool");
    assert!(withheld(pool), "a pool with a part withheld: {pool}");
    let figures = dashboard(cycle);
    let of = |name: &str| {
        let found = list(&figures["departments"]).find(|row| row["name"] == name);
        found.expect("a department")["grades"].clone()
    };
    assert!(of("sales").is_null() && of("labs").is_null() && of("company").is_array());
    let request = app.as_(Executive).request("GET", format!("/v1/cycles/{cycle}/distribution"));
    let chart = request.header("Accept", "image/svg+xml").send().expect(200);
    let chart = String::from_utf8(chart.body).expect("UTF-8");
    assert_eq!(chart.matches("withheld").count(), 4, "each told and drawn: {chart}");

    // Four grades of the company change: the counts stay as they were. With the fifth they stay
    // too, for otherwise the sixth would be known. When all have changed, the counts are renewed.
    let change = |people: &[&str], grade: &str| {
        let id = match app.engine {
            tests::Engine::Sqlite => format!("x'{}'", cycle.simple()),
            tests::Engine::Postgres => format!("'{cycle}'"),
        };
        for number in people {
            tests::cycles::behind(
                app,
                &format!(
                    "UPDATE review SET calibrated_grade = '{grade}' WHERE participant_id IN (SELECT \
                     p.id FROM participant p JOIN employee e ON e.tenant_id = p.tenant_id AND \
                     e.id = p.employee_id WHERE p.cycle_id = {id} AND e.employee_number = '{number}')"
                ),
            );
        }
    };
    let now = || {
        let shown = distribution(app, Executive, cycle).expect(200).json();
        row(&shown, "COMPANY")["present"]["counts"].clone()
    };
    change(&["BO", "BAI"], "S");
    change(&["ADA", "CAI"], "C");
    assert_eq!(now(), counts);
    change(&["FEN"], "C");
    assert_eq!(now(), counts);
    change(&["MIN"], "D");
    assert_eq!(now(), json!({ "S": 2, "A": 0, "B": 0, "C": 3, "D": 1 }));

    // In a department in which all grades are equal, each would be known.
    let alike = rated(app, &app.world.own, "calibrating", &[("LIN", "S")]);
    let shown = distribution(app, Executive, alike).expect(200).json();
    assert!(withheld(&row(&shown, "COMPANY")), "{shown}");
    drive(app, &app.world.own, alike, "published");
    let shown = distribution(app, Executive, alike).expect(200).json();
    assert_eq!(row(&shown, "COMPANY")["computed"]["B"], 6, "once released");
    assert_eq!(row(&shown, "LABS")["computed"]["B"], 1);
}

fn business_partners_see_their_units(app: &TestApp) {
    let cycle = rated(app, &app.world.own, "calibrating", &[]);
    let shown = distribution(app, Hrbp, cycle).expect(200).json();
    let codes: Vec<_> = list(&shown["departments"]).map(|row| row["code"].clone()).collect();
    assert_eq!((codes, &shown["total"]["computed"]["B"]), (vec![json!("SALES")], &json!(4)));
    app.unchanged(|| {
        for persona in [Employee, Auditor, Persona::Comp] {
            distribution(app, persona, cycle).refused("forbidden");
        }
        for persona in [OtherHrAdmin, PeopleReader] {
            distribution(app, persona, cycle).refused("not-found");
        }
        distribution(app, HrAdmin, Uuid::nil()).refused("not-found");
    });
}

fn a_chart_shows_the_same(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let labs = hr.get(format!("/v1/org-units/{}", app.id("labs"))).expect(200);
    hr.patch(&labs, &json!({ "name": "R&D <script>\"x\"" })).expect(200);
    let cycle = rated(app, &app.world.own, "calibrating", &[("KAI", "S")]);
    let chart = |accept: &str, language: &str| {
        let request = hr.request("GET", format!("/v1/cycles/{cycle}/distribution"));
        request.header("Accept", accept).header("Accept-Language", language).send()
    };
    let answer = chart("image/svg+xml", "en").expect(200);
    let text = String::from_utf8(answer.body).expect("UTF-8");
    let svg = Document::parse(&text).expect("well-formed XML");
    let root = svg.root_element();
    assert_eq!((root.tag_name().name(), root.attribute("role")), ("svg", Some("img")));
    let by_id = |id: &str| {
        let found = svg.descendants().find(|node| node.attribute("id") == Some(id));
        found.and_then(|node| node.text()).unwrap_or_default().to_owned()
    };
    let named = root.attribute("aria-labelledby").unwrap_or_default();
    assert!(named.split(' ').all(|id| !by_id(id).is_empty()), "{named} tell what it shows");
    assert!(by_id("desc").contains("R&D <script>\"x\": S 1, A 0, B 0, C 0, D 0 (1 people)."));
    let elements = svg.descendants().filter(|node| node.is_element());
    let mut names: Vec<_> = elements.map(|node| node.tag_name().name()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names, ["desc", "rect", "svg", "text", "title"], "nothing runs, nothing is loaded");
    assert!(!text.contains("href") && !text.contains("url("));
    let chinese = chart("image/*", "zh-CN").expect(200);
    let vary: Vec<_> = chinese.headers.get_all("Vary").iter().flat_map(|it| it.to_str()).collect();
    for name in ["Accept", "Accept-Language", "Authorization"] {
        assert!(vary.iter().any(|it| it.split(", ").any(|it| it == name)), "{name}: {vary:?}");
    }
    assert!(String::from_utf8_lossy(&chinese.body).contains("各部门绩效等级分布"));
    assert_eq!(
        chart("application/json, image/svg+xml;q=0.9", "en").media_type(),
        "application/json"
    );
    chart("text/csv", "en").refused("not-acceptable");
}

fn a_cycle_without_grades_has_an_empty_one(app: &TestApp) {
    let shown = distribution(app, HrAdmin, app.id("cycle")).expect(200).json();
    assert_eq!(shown["departments"], json!([]));
    assert_eq!(shown["total"]["present"]["test"], json!(null));
    assert_eq!(shown["total"]["present"]["verdict"], "pool_required");
    distribution(app, HrAdmin, app.id("draft.cycle")).expect(200);
}
