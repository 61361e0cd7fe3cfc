//! Search of people, lists of ids, and how many a list has.

use domain::people::search::{Named, Search};
use persistence::Database;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tests::world::Persona::{self, Colleague, DirectManager, Employee, HrAdmin, Hrbp, UnitReader};
use tests::{Answer, Engine, TestApp, on_each_engine, sql};
use uuid::Uuid;

on_each_engine![
    names_are_found_as_people_type_them,
    whoever_fits_best_comes_first,
    no_character_is_a_wildcard,
    searches_are_bounded,
    people_are_found_by_their_ids,
    who_has_left_is_found_by_nobody_in_the_directory,
    nobody_is_found_in_another_company,
    a_search_follows_every_change,
    a_search_finds_who_a_look_at_everybody_finds,
    pages_of_a_search_hold_everybody_once,
    a_search_takes_few_statements,
    keys_of_another_version_are_made_again,
    a_list_tells_how_many_it_has,
];

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn hire(app: &TestApp, number: &str, name: &str, email: Option<&str>) -> Answer {
    let body = json!({
        "employee_number": number, "name": name, "email": email, "hire_date": "2020-01-01",
        "org_unit_id": app.id("labs"),
    });
    app.as_(HrAdmin).post("/v1/employees", &body).expect(201)
}

fn numbers_of(rows: &[Value]) -> Vec<String> {
    let number = |row: &Value| row["employee_number"].as_str().map(str::to_owned);
    rows.iter().filter_map(number).collect()
}

/// The numbers of those whom a persona finds, in their order.
fn found(app: &TestApp, persona: Persona, text: &str) -> Vec<String> {
    numbers_of(&app.as_(persona).all(&format!("/v1/employees?q={}", encoded(text))))
}

fn names_are_found_as_people_type_them(app: &TestApp) {
    for (number, name, email) in [
        ("P-1", "王小明", Some("xm.wang@acme.example")),
        ("P-2", "曾国藩", None),
        ("P-3", "单雄信", None),
        ("P-4", "吕布", None),
        ("P-5", "Lucía Ortega-Weiß", Some("ortega_l@acme.example")),
        ("P-6", "Anna 🌸", None),
        ("P-7", "阿卜杜拉·买买提", None),
    ] {
        hire(app, number, name, email);
    }
    let expected: &[(&str, &[&str])] = &[
        ("王", &["P-1"]),
        ("小", &["P-1"]),
        ("明", &["P-1"]),
        ("小明", &["P-1"]),
        ("王明", &[]),
        ("wangxiaoming", &["P-1"]),
        ("Wang Xiao", &["P-1"]),
        ("xiaom", &["P-1"]),
        ("wxm", &["P-1"]),
        ("ＷＸＭ", &["P-1"]),
        ("xm.wang@acme", &["P-1"]),
        ("wang@acme.example", &["P-1"]),
        ("p-1", &["P-1"]),
        ("p1", &["P-1"]),
        ("zeng", &["P-2"]),
        ("ceng", &[]),
        ("shanxiongxin", &["P-3"]),
        ("danxiong", &[]),
        ("lvbu", &["P-4"]),
        ("lubu", &["P-4"]),
        ("lü", &["P-4", "P-5"]),
        ("lucia", &["P-5"]),
        ("LUCÍA OR", &["P-5"]),
        ("weiss", &["P-5"]),
        ("rtega", &[]),
        ("🌸", &["P-6"]),
        ("😀", &[]),
        ("买买提", &["P-7"]),
        ("abdul", &[]),
    ];
    for persona in [HrAdmin, Employee] {
        for (text, numbers) in expected {
            assert_eq!(found(app, persona, text), *numbers, "{text}");
        }
    }
}

/// Numbers, then what begins so, then what has it inside, then addresses.
fn whoever_fits_best_comes_first(app: &TestApp) {
    hire(app, "R-1", "Uwe", Some("zhang.uwe@acme.example"));
    hire(app, "R-2", "李张", None);
    hire(app, "R-3", "张伟", Some("zhang.wei@acme.example"));
    hire(app, "ZHANG-4", "Vera", None);
    hire(app, "R-5", "张", None);
    assert_eq!(found(app, HrAdmin, "zhang"), ["ZHANG-4", "R-5", "R-3", "R-2", "R-1"]);
}

fn no_character_is_a_wildcard(app: &TestApp) {
    hire(app, "W-1", "Xx_yy", Some("a_b@acme.example"));
    hire(app, "W-2", "Xxzyy", Some("azb@acme.example"));
    hire(app, "W-3", "100% Xaver", None);
    assert_eq!(found(app, HrAdmin, "xx_"), ["W-1"]);
    assert_eq!(found(app, HrAdmin, "a_b"), ["W-1"]);
    assert_eq!(found(app, HrAdmin, "_"), ["W-1"]);
    assert_eq!(found(app, HrAdmin, "%"), ["W-3"]);
    assert_eq!(found(app, HrAdmin, "100%"), ["W-3"]);
    for text in ["x%", "__", "*", "?", "\\", "'", "\"", "'; DROP TABLE employee; --", "."] {
        assert_eq!(found(app, HrAdmin, text), Vec::<String>::new(), "{text}");
    }
}

fn searches_are_bounded(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let ask = |query: &str| hr.get(format!("/v1/employees?{query}"));
    let faulty = |query: &str, at: &str, code: &str| {
        ask(query).refused("malformed-request").faults(&[(at, code)]);
    };
    ask(&format!("q={}", "a".repeat(200))).expect(200);
    faulty(&format!("q={}", "a".repeat(201)), "/query/q", "too_long");
    faulty("q=", "/query/q", "pattern");
    faulty("q=%20%E3%80%80", "/query/q", "pattern");
    faulty("q=%E2%80%8B", "/query/q", "pattern");
    faulty("q=a%00", "/query/q", "control_character");
    let long = hr.request("GET", format!("/v1/employees?q={}", "a".repeat(10_000)));
    let refused = long.try_send().expect("an answer").status;
    assert!([400, 414].contains(&refused), "{refused}");
    faulty("q=a&sort=name", "/query/sort", "not_allowed");
    faulty("q=a&updated_since=2020-01-01T00:00:00Z", "/query/updated_since", "not_allowed");
    faulty("ids=nobody-nobody-nobody-nobody-nobody-no", "/query/ids", "not_a_uuid");
    faulty(&format!("ids={},", Uuid::nil()), "/query/ids", "not_a_uuid");
    let ids =
        |count: u128| (0..count).map(|id| Uuid::from_u128(id).to_string()).collect::<Vec<_>>();
    ask(&format!("ids={}", ids(200).join(","))).expect(200);
    faulty(&format!("ids={}", ids(201).join(",")), "/query/ids", "too_many");
}

fn people_are_found_by_their_ids(app: &TestApp) {
    let [lin, kai, tom] = ["lin", "kai", "tom"].map(|name| app.id(name));
    let stranger = app.world.other.id("lin");
    let path = format!("/v1/employees?ids={lin},{tom},{stranger},{kai},{}", Uuid::from_u128(7));
    let of = |persona, more: &str| numbers_of(&app.as_(persona).all(&format!("{path}{more}")));
    assert_eq!(of(HrAdmin, "&limit=1"), ["LIN", "KAI", "TOM"]);
    assert_eq!(of(HrAdmin, "&sort=name"), ["KAI", "LIN", "TOM"]);
    assert_eq!(of(HrAdmin, "&q=l"), ["LIN"]);
    assert_eq!(of(Employee, ""), ["LIN", "KAI"], "whoever has left is not in the directory");
    assert_eq!(of(UnitReader, ""), ["KAI", "TOM"]);
    let counted = app.as_(Employee).get(format!("{path}&count=true&limit=1")).expect(200).json();
    assert_eq!(counted["total"], 2);
}

fn who_has_left_is_found_by_nobody_in_the_directory(app: &TestApp) {
    let body = json!({ "employee_number": "SOON", "name": "Tomorrow", "hire_date": "2099-01-01" });
    app.as_(HrAdmin).post("/v1/employees", &body).expect(201);
    assert_eq!(found(app, HrAdmin, "tom"), ["TOM", "SOON"]);
    let total = |persona| {
        let page = app.as_(persona).get("/v1/employees?q=tom&count=true").expect(200).json();
        page["total"].clone()
    };
    assert_eq!((total(HrAdmin), total(Colleague)), (json!(2), json!(0)));
    for query in ["q=tom", "q=tom@", "q=TOM&position_id=", "q=soon"] {
        let query = query.replace("position_id=", &format!("position_id={}", app.id("position")));
        for persona in [Employee, Colleague, DirectManager] {
            let rows = app.as_(persona).all(&format!("/v1/employees?{query}"));
            assert!(rows.is_empty(), "{query}: {rows:?}");
        }
    }
    app.as_(Colleague).get("/v1/employees?q=tom&status=terminated").refused("forbidden");
    assert_eq!(found(app, UnitReader, "tom"), ["TOM"]);
    assert_eq!(found(app, UnitReader, "lin"), Vec::<String>::new(), "outside of its unit");
}

fn nobody_is_found_in_another_company(app: &TestApp) {
    hire(app, "HERE", "欧阳娜娜", None);
    assert_eq!(found(app, HrAdmin, "ouyang"), ["HERE"]);
    assert_eq!(found(app, Persona::OtherHrAdmin, "ouyang"), Vec::<String>::new());
    let here = found(app, HrAdmin, "lin");
    assert_eq!(here.len(), 1, "the other company has one of that name too");
}

fn a_search_follows_every_change(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let made = hire(app, "C-1", "王小明", Some("first@acme.example"));
    let path = format!("/v1/employees/{}", made.id());
    let finds = |text: &str| found(app, HrAdmin, text).contains(&"C-1".to_owned());
    let change = |body: Value| {
        let read = hr.get(&path).expect(200);
        hr.patch(&read, &body).expect(200)
    };
    change(json!({ "name": "赵敏" }));
    assert!(finds("赵") && finds("zm") && !finds("王") && !finds("wang") && finds("first@"));
    change(json!({ "email": "second@acme.example" }));
    assert!(finds("second@") && !finds("first@") && finds("zhaomin"));
    change(json!({ "email": null, "name": "Zhao Min" }));
    assert!(!finds("second@") && !finds("赵") && finds("min"));
    let rows = json!([
        { "employee_number": "C-1", "name": "钱三强", "hire_date": "2020-01-01" },
        { "employee_number": "C-2", "name": "孙中山", "email": "sun.zs@acme.example", "hire_date": "2020-01-01" },
    ]);
    hr.post("/v1/employees/bulk?", &rows).expect(200);
    assert!(finds("qiansanqiang") && finds("sanq") && !finds("zhao") && !finds("min"));
    assert_eq!(found(app, HrAdmin, "szs"), ["C-2"]);
    assert_eq!(found(app, HrAdmin, "sun.zs"), ["C-2"]);
    hr.post(
        "/v1/employees/bulk?dry_run=true",
        &json!([
            { "employee_number": "C-1", "name": "周恩来", "hire_date": "2020-01-01" },
        ]),
    )
    .expect(200);
    assert!(finds("钱") && !finds("周"));

    let read = hr.get(&path).expect(200);
    let end = json!({ "last_day": "2024-06-30", "reason": "Resigned" });
    let left = hr.request("POST", format!("{path}/termination")).if_match(&read.etag()).json(&end);
    let left = left.send().expect(200);
    let again = json!({ "hire_date": "2025-01-01", "employee_number": "C-3" });
    let back =
        hr.request("POST", format!("{path}/employments")).if_match(&left.etag()).json(&again);
    back.send().expect(200);
    assert_eq!(found(app, HrAdmin, "钱"), ["C-3"]);
    assert_eq!(found(app, HrAdmin, "c-3"), ["C-3"]);
    assert_eq!(found(app, HrAdmin, "c-1"), Vec::<String>::new());
}

/// More people than are all read to search among them.
const MANY: usize = 1060;

/// Adds people under Kai and under Bai, with names that share beginnings.
fn fill(app: &TestApp, count: usize) {
    const SURNAMES: [&str; 7] = ["王", "李", "曾", "单于", "吕", "Li", "张"];
    const GIVEN: [&str; 9] = ["明", "小明", "乐", "伟", "伟明", "na", "丽丽", "朝阳", "立"];
    let row = |number: usize| {
        let name = format!("{}{}", SURNAMES[number % 7], GIVEN[number % 9]);
        json!({
            "employee_number": format!("F{number:04}"), "name": name,
            "email": format!("li{}.zhang{number}@acme.example", number % 5),
            "hire_date": "2020-01-01", "org_unit_code": "LABS",
            "manager_employee_number": if number.is_multiple_of(100) { "BAI" } else { "KAI" },
            "position_code": if number.is_multiple_of(3) { json!("REP") } else { json!(null) },
            "termination_date": if number.is_multiple_of(11) { json!("2024-01-31") } else { json!(null) },
        })
    };
    let rows: Vec<_> = (0..count).map(row).collect();
    for rows in rows.chunks(api::platform::jobs::SYNCHRONOUS_ROWS) {
        let answer = app.as_(HrAdmin).post("/v1/employees/bulk?", &rows.into()).expect(200);
        assert_eq!(answer.json()["created"], rows.len());
    }
}

/// For many searches and filters: the same people in the same order as by looking at everybody.
fn a_search_finds_who_a_look_at_everybody_finds(app: &TestApp) {
    fill(app, MANY);
    let (labs, kai, bai) = (app.id("labs"), app.id("kai"), app.id("bai"));
    let position = app.id("position");
    let filters = [
        String::new(),
        format!("org_unit_id={labs}"),
        format!("within_org_unit_id={}", app.id("company")),
        format!("within_org_unit_id={labs}&manager_id={bai}"),
        format!("manager_id={kai}"),
        format!("position_id={position}"),
        format!("position_id={position}&manager_id={kai}&status=active"),
        "status=terminated".to_owned(),
        "as_of=2024-06-30&status=active".to_owned(),
        "employee_number=F0007".to_owned(),
    ];
    let texts =
        ["l", "li", "wang", "明", "王小", "f", "f00", "m", "zhang", "lz", "lix", "li3zhang63"];
    for persona in [HrAdmin, Hrbp, Colleague, UnitReader] {
        let client = app.as_(persona);
        for filter in &filters {
            // The directory shows only who works here.
            if [Hrbp, Colleague].contains(&persona) && filter == "status=terminated" {
                continue;
            }
            let everybody = client.all(&format!("/v1/employees?limit=200&{filter}"));
            for text in texts {
                let search = Search::of(text).expect("a search");
                let mut expected: Vec<(String, &str, &Value)> = everybody
                    .iter()
                    .filter_map(|row| {
                        let text = |name: &str| row[name].as_str();
                        let (number, name) = (text("employee_number")?, text("name")?);
                        let place = search.place(Named { number, name, email: text("email") })?;
                        Some((place, text("id")?, row))
                    })
                    .collect();
                expected.sort_unstable_by(|one, other| (&one.0, one.1).cmp(&(&other.0, other.1)));
                let expected: Vec<&Value> = expected.into_iter().map(|(.., row)| row).collect();
                let path = format!("/v1/employees?limit=200&q={}&{filter}", encoded(text));
                let rows = client.all(&path);
                let context = format!("{} {text} {filter}", persona.name());
                assert_eq!(rows.iter().collect::<Vec<_>>(), expected, "{context}");
                let first = client.get(format!("{path}&count=true")).expect(200).json();
                assert_eq!(first["total"], expected.len(), "{context}");
            }
        }
    }
}

fn pages_of_a_search_hold_everybody_once(app: &TestApp) {
    fill(app, 90);
    for (persona, query) in [
        (HrAdmin, "q=li".to_owned()),
        (HrAdmin, format!("q=li&manager_id={}", app.id("kai"))),
        (Colleague, "q=l".to_owned()),
        (Colleague, "q=f00".to_owned()),
    ] {
        let client = app.as_(persona);
        let whole = client.all(&format!("/v1/employees?limit=200&{query}"));
        let ids: BTreeSet<_> = whole.iter().map(|row| row["id"].to_string()).collect();
        assert!(whole.len() > 20 && ids.len() == whole.len(), "{query}: {}", whole.len());
        for limit in [1, 3, 7, 50] {
            let pages = client.all(&format!("/v1/employees?limit={limit}&{query}"));
            assert_eq!(numbers_of(&pages), numbers_of(&whole), "{query} by {limit}");
        }
    }
    let hr = app.as_(HrAdmin);
    let cursor = hr.get("/v1/employees?limit=2&q=li").expect(200).json()["next_cursor"].clone();
    let cursor = cursor.as_str().expect("more than one page");
    hr.get(format!("/v1/employees?limit=2&q=lin&cursor={cursor}")).refused("cursor-invalid");
    hr.get(format!("/v1/employees?limit=2&cursor={cursor}")).refused("cursor-invalid");
}

/// At most four more statements than the list without a search, whoever is found.
fn a_search_takes_few_statements(app: &TestApp) {
    let app = TestApp::start(app.engine, &["--readers", "1"]);
    let hr = app.as_(HrAdmin);
    let statements = |query: &str| {
        let count = || {
            hr.get("/v1/me").expect(200);
            let before = app.app().db.statements();
            hr.get(format!("/v1/employees?{query}")).expect(200);
            app.app().db.statements() - before
        };
        (0..5).map(|_| count()).min().unwrap_or_default()
    };
    let plain = statements("limit=50");
    let labs = app.id("labs");
    let queries = ["q=li", "q=f0", "q=nobody", "q=zhang&limit=200"]
        .map(str::to_owned)
        .into_iter()
        .chain([format!("q=li&org_unit_id={labs}"), format!("q=nobody&within_org_unit_id={labs}")]);
    let queries: Vec<String> = queries.collect();
    let check = |when: &str| {
        for query in &queries {
            let taken = statements(query);
            assert!(taken <= plain + 4, "{when}: {query} takes {taken}, the list {plain}");
        }
    };
    check("few people");
    fill(&app, MANY);
    check("many people");
}

fn keys_of_another_version_are_made_again(app: &TestApp) {
    hire(app, "V-1", "王小明", None);
    let before = found(app, HrAdmin, "wxm");
    assert_eq!(before, ["V-1"]);
    // As if the program before had read names in another way.
    for company in [&app.world.own, &app.world.other] {
        let enter = match app.engine {
            Engine::Sqlite => String::new(),
            Engine::Postgres => format!("SET evenhand.tenant = '{}';", company.tenant),
        };
        let stale = "DELETE FROM employee_search; UPDATE employee_search_version SET version = 0;";
        sql::execute(app.engine, app.url(), &(enter + stale));
    }
    assert_eq!(found(app, HrAdmin, "wxm"), Vec::<String>::new());
    Database::migrate(app.url()).expect("migrate");
    assert_eq!(found(app, HrAdmin, "wxm"), before);
    assert_eq!(found(app, Persona::OtherHrAdmin, "lin").len(), 1, "of every company");
    let keys = || {
        let query = "SELECT term AS line FROM employee_search";
        sql::lines_of(app.engine, app.url(), app.world.own.tenant, query)
    };
    let kept = keys();
    Database::migrate(app.url()).expect("nothing to do");
    assert_eq!(keys(), kept);
}

fn a_list_tells_how_many_it_has(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let (cycle, lin, mei) = (app.id("cycle"), app.id("lin"), app.id("mei"));
    let since = "updated_since=2000-01-01T00:00:00Z";
    for (persona, path) in [
        (HrAdmin, "/v1/employees".to_owned()),
        (HrAdmin, format!("/v1/employees?{since}")),
        (HrAdmin, "/v1/employees?status=terminated".to_owned()),
        (HrAdmin, "/v1/employees?q=m".to_owned()),
        (Colleague, "/v1/employees".to_owned()),
        (Hrbp, "/v1/employees?as_of=2020-01-01".to_owned()),
        (UnitReader, "/v1/employees".to_owned()),
        (HrAdmin, "/v1/org-units".to_owned()),
        (HrAdmin, format!("/v1/org-units?{since}")),
        (Colleague, "/v1/org-units?kind=department".to_owned()),
        (HrAdmin, "/v1/positions".to_owned()),
        (HrAdmin, format!("/v1/positions?{since}")),
        (HrAdmin, format!("/v1/participants?cycle_id={cycle}")),
        (DirectManager, format!("/v1/participants?{since}")),
        (Colleague, "/v1/participants".to_owned()),
        (HrAdmin, format!("/v1/goals?owner_id={lin}")),
        (DirectManager, format!("/v1/goals?owner_id={lin}&{since}")),
        (Employee, format!("/v1/goals?owner_id={mei}")),
        (Employee, "/v1/to-dos".to_owned()),
        (DirectManager, "/v1/to-dos".to_owned()),
    ] {
        let client = app.as_(persona);
        let joint = if path.contains('?') { '&' } else { '?' };
        let whole = client.all(&path);
        let page = client.get(format!("{path}{joint}limit=1&count=true")).expect(200).json();
        assert_eq!(page["total"], whole.len(), "{path} of {}", persona.name());
        let page = client.get(format!("{path}{joint}limit=1")).expect(200).json();
        assert_eq!(page.get("total"), None, "{path}");
        let page = client.get(format!("{path}{joint}count=false")).expect(200).json();
        assert_eq!(page.get("total"), None, "{path}");
    }
    // The page after it is the same, counted or not.
    let first = hr.get("/v1/employees?limit=2&count=true").expect(200).json();
    let cursor = first["next_cursor"].as_str().unwrap_or_default();
    let next = hr.get(format!("/v1/employees?limit=2&cursor={cursor}")).expect(200).json();
    let counted = hr.get(format!("/v1/employees?limit=2&cursor={cursor}&count=true")).expect(200);
    assert_eq!(next["items"], counted.json()["items"]);
    assert_eq!(counted.json()["total"], first["total"], "of the whole list, not of the rest");

    hr.get("/v1/goals?count=true")
        .refused("malformed-request")
        .faults(&[("/query/count", "not_allowed")]);
    for list in ["/v1/reviews", "/v1/events", "/v1/audit-entries"] {
        hr.get(format!("{list}?count=true"))
            .refused("malformed-request")
            .faults(&[("/query/count", "unknown_property")]);
    }
}
