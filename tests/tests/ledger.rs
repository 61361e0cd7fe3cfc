//! The audit log, the events feed, and why somebody may do something.

use serde_json::{Value, json};
use tests::world::Persona::{
    Auditor, Colleague, DirectManager, Employee, EventReader, HrAdmin, Hrbp, OtherHrAdmin,
};
use tests::{Answer, TestApp, on_each_engine, process, sql};

on_each_engine![
    an_entry_says_who_did_what_and_why,
    auditors_see_values_others_what_concerns_them,
    entries_are_found_by_what_they_are_about,
    events_follow_each_other_without_gaps,
    events_name_fields_but_no_values,
    access_is_explained,
    an_explanation_confirms_nothing_hidden,
    a_company_reads_and_changes_itself,
];

fn rename(app: &TestApp, name: &str) -> Answer {
    let hr = app.as_(HrAdmin);
    let lin = hr.get(format!("/v1/employees/{}", app.id("lin"))).expect(200);
    hr.patch(&lin, &json!({ "name": name })).expect(200)
}

fn last(app: &TestApp, persona: tests::world::Persona) -> Value {
    let lin = app.id("lin");
    let entries = app.as_(persona).all(&format!("/v1/audit-entries?resource_id={lin}"));
    entries.last().cloned().expect("an entry")
}

fn an_entry_says_who_did_what_and_why(app: &TestApp) {
    let answer = rename(app, "Lin Lin");
    let entry = last(app, Auditor);
    assert_eq!(entry["action"], "employee.updated");
    assert_eq!(
        (&entry["resource"], &entry["resource_id"]),
        (&json!("employee"), &json!(app.id("lin")))
    );
    assert_eq!(entry["actor_id"], json!(app.id("hua.account")));
    assert_eq!((&entry["actor_kind"], &entry["rule"]), (&json!("account"), &json!("hr-admin")));
    assert_eq!(entry["request_id"].as_str(), answer.header("X-Request-Id"));
    assert_eq!(entry["details"], json!({ "name": ["lin", "Lin Lin"] }));
    let path = format!("/v1/audit-entries/{}", entry["id"].as_str().unwrap_or_default());
    assert_eq!(app.as_(Auditor).get(&path).expect(200).json(), entry);
    app.as_(OtherHrAdmin).get(&path).refused("not-found");
    app.as_(Colleague).get(&path).refused("not-found");
}

fn auditors_see_values_others_what_concerns_them(app: &TestApp) {
    rename(app, "Lin Lin");
    assert!(last(app, Auditor).get("details").is_some());
    assert!(last(app, HrAdmin).get("details").is_none());
    assert!(last(app, Employee).get("details").is_none());
    let own = app.as_(Employee).all("/v1/audit-entries");
    let mine = [json!(app.id("lin")), json!(app.id("lin.account"))];
    assert!(own.iter().all(|entry| mine.contains(&entry["resource_id"])), "{own:?}");
    let theirs = app.id("mei");
    assert!(app.as_(Employee).all(&format!("/v1/audit-entries?resource_id={theirs}")).is_empty());
}

fn entries_are_found_by_what_they_are_about(app: &TestApp) {
    let before = last(app, Auditor)["at"].as_str().unwrap_or_default().to_owned();
    rename(app, "Lin Lin");
    let after = last(app, Auditor)["at"].as_str().unwrap_or_default().to_owned();
    let ada = app.as_(Auditor);
    let found = |query: &str| ada.all(&format!("/v1/audit-entries?limit=7&{query}"));
    let whole = found("");
    let select = |name: &str, value: Value| -> Vec<Value> {
        whole.iter().filter(|entry| entry[name] == value).cloned().collect()
    };
    assert_eq!(found("action=employee.created"), select("action", json!("employee.created")));
    let hua = json!(app.id("hua.account"));
    assert_eq!(found(&format!("actor_id={}", app.id("hua.account"))), select("actor_id", hua));
    assert_eq!(found(&format!("from={after}&resource_id={}", app.id("lin"))).len(), 1);
    assert!(found(&format!("from={before}&until={after}")).iter().all(|entry| {
        let at = entry["at"].as_str().unwrap_or_default();
        before.as_str() <= at && at < after.as_str()
    }));
}

fn events_follow_each_other_without_gaps(app: &TestApp) {
    let follower = app.as_(EventReader);
    let read = |after: &str, more: &str| {
        follower.get(format!("/v1/events?limit=10{after}{more}")).expect(200).json()
    };
    let (mut events, mut after) = (Vec::new(), String::new());
    loop {
        let page = read(&after, "");
        let items = page["items"].as_array().cloned().unwrap_or_default();
        after = format!("&after={}", page["next_cursor"].as_str().unwrap_or_default());
        if items.is_empty() {
            break;
        }
        events.extend(items);
    }
    assert_eq!(events.len() as i64, app.traces().1);
    rename(app, "Lin Lin");
    let news = read(&after, "");
    assert_eq!(news["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(news["items"][0]["type"], "employee.updated");
    let only = read("", "&types=employee.assigned,employee.terminated");
    let kinds: Vec<_> =
        only["items"].as_array().into_iter().flatten().map(|event| &event["type"]).collect();
    assert_eq!(kinds, ["employee.assigned", "employee.terminated"]);
    let again = read("", "");
    assert_eq!(again["items"], json!(events[..10]), "the feed can be replayed");
    app.as_(Employee).get("/v1/events").refused("forbidden");
}

fn events_name_fields_but_no_values(app: &TestApp) {
    rename(app, "Values Stay Home");
    let feed = app.as_(EventReader).get("/v1/events?limit=200&types=employee.updated").expect(200);
    assert_eq!(feed.json()["items"][0]["data"], json!({ "fields": ["name"] }));
    assert!(!String::from_utf8_lossy(&feed.body).contains("Values Stay Home"));
}

fn explain(app: &TestApp, persona: tests::world::Persona, question: &Value) -> Value {
    app.as_(persona).post("/v1/access/explanation", question).expect(200).json()
}

fn access_is_explained(app: &TestApp) {
    let about = |action: &str| json!({ "action": action, "resource_id": app.id("lin") });
    let mei = explain(app, DirectManager, &about("employee.read"));
    assert_eq!((&mei["allowed"], &mei["rule"]), (&json!(true), &json!("direct-manager")));
    assert_eq!((&mei["by"], &mei["fields"]), (&json!("direct_manager"), &json!("full")));
    let write = explain(app, DirectManager, &about("employee.write"));
    assert_eq!((&write["allowed"], &write["rule"]), (&json!(false), &json!("no-rule-allows")));
    let own = explain(app, Employee, &about("employee.read"));
    assert_eq!(own["rule"], "own-record");
    let bo = explain(app, Hrbp, &about("employee.history"));
    assert_eq!(bo["rule"], "hrbp-own-units");

    let mut of_mei = about("employee.read");
    of_mei["account_id"] = json!(app.id("mei.account"));
    assert_eq!(explain(app, Auditor, &of_mei)["rule"], "direct-manager");
    app.as_(Colleague).post("/v1/access/explanation", &of_mei).refused("forbidden");
    let conflict = json!({ "action": "employee.write", "resource_id": app.id("hua") });
    assert_eq!(explain(app, HrAdmin, &conflict)["rule"], "conflict-of-interest");
}

fn an_explanation_confirms_nothing_hidden(app: &TestApp) {
    let ask = |persona, action: &str, id: uuid::Uuid| {
        explain(app, persona, &json!({ "action": action, "resource_id": id }))
    };
    let nothing = ask(HrAdmin, "employee.read", uuid::Uuid::from_u128(1));
    assert_eq!(ask(HrAdmin, "employee.read", app.world.other.id("lin")), nothing);
    assert_eq!(ask(Employee, "account.read", app.id("mei.account")), nothing);
    assert_eq!(ask(Employee, "api_key.read", app.id("reader.key")), nothing);
    let theirs = json!({
        "action": "employee.read", "resource_id": app.id("lin"),
        "account_id": app.world.other.id("lin.account"),
    });
    app.as_(HrAdmin)
        .post("/v1/access/explanation", &theirs)
        .refused("validation-failed")
        .faults(&[("/account_id", "unknown_reference")]);
}

fn a_company_reads_and_changes_itself(app: &TestApp) {
    let read = app.as_(Employee).get("/v1/tenant").expect(200);
    assert_eq!(read.json()["slug"], "acme");
    let hr = app.as_(HrAdmin);
    let patch = json!({ "name": "Acme 有限公司", "time_zone": "Europe/Zurich", "locale": "zh-CN" });
    let changed = hr.patch(&read, &patch).expect(200);
    assert_eq!(changed.json()["name"], "Acme 有限公司");
    app.unchanged(|| {
        let now = hr.get("/v1/tenant");
        hr.patch(&now, &json!({ "time_zone": "Mars/Olympus" }))
            .refused("validation-failed")
            .faults(&[("/time_zone", "not_allowed")]);
        hr.patch(&now, &json!({ "slug": "other" }))
            .refused("validation-failed")
            .faults(&[("/slug", "unknown_property")]);
        hr.patch(&read, &json!({ "name": "Late" })).refused("version-stale");
        app.as_(Employee).patch(&now, &json!({ "name": "Mine" })).refused("forbidden");
    });
    assert_ne!(app.as_(OtherHrAdmin).get("/v1/tenant").json()["name"], "Acme 有限公司");
}

/// The command that checks the chain, and what it must not miss.
#[test]
fn tampering_is_found() {
    for engine in tests::Engine::ALL.into_iter().filter(|engine| engine.is_tested()) {
        let app = TestApp::start(engine, &[]);
        let verify = || process::run(&["audit", "verify", "--database-url", app.url()], "");
        let (intact, said) = verify();
        assert!(intact, "{engine}: {said}");
        let behind = |statement: &str| {
            let tenant = match engine {
                tests::Engine::Sqlite => String::new(),
                tests::Engine::Postgres => {
                    format!("SET evenhand.tenant = '{}'; ", app.world.own.tenant)
                }
            };
            sql::execute(engine, app.url(), &format!("{tenant}{statement}"));
        };
        behind("UPDATE audit_entry SET rule = 'forged' WHERE position = 7");
        let (intact, said) = verify();
        assert!(!intact && said.contains('7'), "{engine}: {said}");
    }
}
