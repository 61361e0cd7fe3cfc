//! The distribution of a cycle: live, against quotas and chance, as figures and as a picture.

use roxmltree::Document;
use serde_json::{Value, json};
use tests::cycles::{drive, rated};
use tests::world::Persona::{
    self, Auditor, Employee, HrAdmin, Hrbp, OtherHrAdmin, PeopleReader, SecondHrAdmin,
};
use tests::{Answer, TestApp, on_each_engine};
use uuid::Uuid;

on_each_engine![
    counts_stand_against_quotas,
    whoever_reads_it_is_not_told_their_own_grade,
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
    // HR and senior management are graded outside the quotas, and whoever asks is left out.
    assert_eq!((&total["uncounted"], &total["ungraded"]), (&json!(2), &json!(0)));
    // 1.1, 2.2, 5.5, 1.65 and 0.55 of 11 people.
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
    // All three are too small: Labs and Sales climb to the company.
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
    // Hua reads all others, so that she is in no quota; and nobody counts the own record.
    for persona in [SecondHrAdmin, HrAdmin] {
        let total = of(persona);
        assert_eq!(total["computed"], json!({ "S": 0, "A": 0, "B": 11, "C": 0, "D": 0 }));
        assert_eq!(total["uncounted"], 2);
    }
    drive(app, &app.world.own, cycle, "published");
    assert_eq!(of(HrAdmin)["uncounted"], 3, "once it is released");
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
    assert!(String::from_utf8_lossy(&chinese.body).contains("各部门绩效等级分布"));
    assert_eq!(
        chart("application/json, image/svg+xml;q=0.9", "en").media_type(),
        "application/json"
    );
    chart("text/html", "en").refused("not-acceptable");
}

fn a_cycle_without_grades_has_an_empty_one(app: &TestApp) {
    let shown = distribution(app, HrAdmin, app.id("cycle")).expect(200).json();
    assert_eq!(shown["departments"], json!([]));
    assert_eq!(shown["total"]["present"]["test"], json!(null));
    assert_eq!(shown["total"]["present"]["verdict"], "pool_required");
    distribution(app, HrAdmin, app.id("draft.cycle")).expect(200);
}
