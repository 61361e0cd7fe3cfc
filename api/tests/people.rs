//! Units and people at the level of use cases: trees, histories, and what each reader is shown.

use api::people::employees::{
    NewAssignment, NewEmployee, NewReinstatement, NewTermination, assign_employee, create_employee,
    list_employees, reinstate_employee, terminate_employee, update_employee,
};
use api::people::org_units::{
    NewOrgUnit, NewOrgUnitMove, create_org_unit, delete_org_unit, move_org_unit,
};
use api::platform::caller::Actor;
use api::platform::extract::parse;
use api::platform::refusal::Refusal;
use api::platform::reply::Reply;
use api::platform::seen::Seen;
use chrono::{DateTime, NaiveDate, Utc};
use domain::access::tenant::Tenant;
use domain::core::change::{Change, Record};
use domain::core::id::{EmployeeId, OrgUnitId, TenantId};
use domain::core::time::Timestamp;
use domain::people::employment::EmploymentStatus;
use domain::policy::{Grant, Principal, Subject};
use domain::policy::{Role, Scope};
use persistence::{After, Context, Database, EmployeeFilter, EmployeeOrder, Options, Page, Store};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use utoipa::ToSchema;
use uuid::Uuid;

const TENANT: Uuid = Uuid::from_u128(1);

fn now() -> Timestamp {
    DateTime::<Utc>::from_timestamp(1_795_000_000, 0).expect("a valid instant")
}

fn today() -> NaiveDate {
    now().date_naive()
}

/// A company in its own database, and the person acting in it.
struct Company {
    db: Database,
    options: Options,
    folder: std::path::PathBuf,
    steps: AtomicU64,
}

fn person(employee: Option<EmployeeId>, grants: Vec<Grant>) -> Actor {
    actor(Principal::Person(Uuid::from_u128(77).into()), employee, grants)
}

fn hr() -> Actor {
    person(None, vec![Grant { role: Role::HrAdmin, org_unit_id: None }])
}

fn program(unit: OrgUnitId) -> Actor {
    let scopes = vec![Scope::PeopleRead, Scope::PeopleWrite];
    let key = Uuid::from_u128(78).into();
    actor(Principal::Service { key, scopes, unit: Some(unit) }, None, Vec::new())
}

fn actor(principal: Principal, employee_id: Option<EmployeeId>, grants: Vec<Grant>) -> Actor {
    let subject = Subject {
        tenant: TENANT.into(),
        principal,
        employee_id,
        behind: Vec::new(),
        led_by: Vec::new(),
        grants,
    };
    Actor { subject: Arc::new(subject), now: now(), today: today(), zone: chrono_tz::UTC }
}

/// Problem type of a refusal, and pointer, code and loop of each of its faults.
fn told(refusal: &Refusal) -> (&'static str, String) {
    let facts = refusal.facts();
    let texts: Vec<_> = facts
        .violations
        .iter()
        .map(|violation| {
            let round = violation.values.iter().find(|(name, _)| *name == "loop");
            let round = round.map(|(_, value)| format!(" {value}")).unwrap_or_default();
            format!("{} {}{round}", violation.pointer, violation.code)
        })
        .collect();
    (refusal.slug(), texts.join(", "))
}

fn body<T: DeserializeOwned + ToSchema + 'static>(value: Value) -> T {
    parse(value.to_string().as_bytes()).expect("the body fits its schema")
}

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

fn id(view: &Value) -> Uuid {
    view["id"].as_str().and_then(|id| id.parse().ok()).expect("the view has an id")
}

fn version(view: &Value) -> i32 {
    view["version"].as_i64().and_then(|version| version.try_into().ok()).expect("a version")
}

impl Company {
    async fn open(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("evenhand-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder can be made");
        let url = format!("sqlite://{}", folder.join("people.sqlite").display());
        Database::migrate(&url).expect("migrations run");
        let options = Options { url, readers: 2, queue: 64, wait: Duration::from_secs(2) };
        let db = Database::open(&options).expect("the database opens");
        let company = Self { db, options, folder, steps: AtomicU64::new(1) };
        let tenant = Tenant {
            id: TENANT.into(),
            slug: "test".into(),
            name: "Test".into(),
            locale: "en".into(),
            time_zone: "UTC".into(),
            version: 1,
            created_at: now(),
            updated_at: now(),
        };
        let made = company.db.write(company.context(), move |store| {
            let record = Record::new("tenant.created", TENANT, "test");
            store.create_tenant(Change::new(tenant.clone(), record))
        });
        made.await.expect("the tenant is made");
        company
    }

    fn context(&self) -> Context {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&self.steps.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        Context {
            tenant: TenantId::from(TENANT),
            actor_kind: "system",
            actor_id: None,
            on_behalf_of: None,
            request_id: "test".into(),
            now: now(),
            seed,
        }
    }

    async fn change<T, F>(&self, mut work: F) -> Result<Value, Refusal>
    where
        T: Serialize + 'static,
        F: FnMut(&mut dyn Store) -> Result<Reply<T>, Refusal> + Send + 'static,
    {
        let body = self.db.write(self.context(), move |store| Ok(work(store)?.store()?.body)).await;
        body.map(|body: Vec<u8>| serde_json::from_slice(&body).unwrap_or_default())
    }

    fn next_id(&self) -> Uuid {
        Uuid::from_u128(1000 + u128::from(self.steps.fetch_add(1, Ordering::Relaxed)))
    }

    async fn unit(&self, new: Value) -> Result<Value, Refusal> {
        let (id, new) = (self.next_id().into(), body::<NewOrgUnit>(new));
        self.change(move |store| create_org_unit(store, &hr(), id, new.clone())).await
    }

    async fn relocate(&self, unit: &Value, new: Value) -> Result<Value, Refusal> {
        let (id, version, new) = (id(unit).into(), version(unit), body::<NewOrgUnitMove>(new));
        self.change(move |store| move_org_unit(store, &hr(), id, &Seen::version(version), &new))
            .await
    }

    async fn hire_as(&self, actor: Actor, new: Value) -> Result<Value, Refusal> {
        let (id, assignment) = (self.next_id().into(), self.next_id().into());
        let new = body::<NewEmployee>(new);
        self.change(move |store| create_employee(store, &actor, id, assignment, new.clone())).await
    }

    async fn hire(&self, number: &str, more: Value) -> Result<Value, Refusal> {
        let mut new =
            json!({ "employee_number": number, "name": number, "hire_date": "2020-01-01" });
        let more = more.as_object().expect("an object").clone();
        new.as_object_mut().expect("an object").extend(more);
        self.hire_as(hr(), new).await
    }

    async fn assign(&self, employee: &Value, new: Value) -> Result<Value, Refusal> {
        let (id, assignment) = (id(employee).into(), self.next_id().into());
        let (version, new) = (version(employee), body::<NewAssignment>(new));
        self.change(move |store| {
            assign_employee(store, &hr(), id, &Seen::version(version), assignment, new.clone())
        })
        .await
    }

    async fn list(
        &self,
        actor: Actor,
        change: impl Fn(&mut EmployeeFilter),
        page: Page,
    ) -> Result<Vec<Value>, Refusal> {
        let mut filter = EmployeeFilter {
            as_of: today(),
            search: None,
            ids: None,
            org_unit_id: None,
            within_org_unit_id: None,
            manager_id: None,
            position_id: None,
            status: None,
            employee_number: None,
            external_id: None,
            order: EmployeeOrder::EmployeeNumber,
        };
        change(&mut filter);
        let read = self.db.read(TENANT.into(), move |store| {
            list_employees(store, &actor, filter.clone(), &page, false)
        });
        let (views, _) = read.await?;
        Ok(views.iter().map(|(view, _)| serde_json::to_value(view).expect("JSON")).collect())
    }

    async fn numbers(&self, actor: Actor, change: impl Fn(&mut EmployeeFilter)) -> String {
        let views = self.list(actor, change, Page::ALL).await.expect("the list is shown");
        let numbers = views.iter().map(|view| view["employee_number"].as_str().unwrap_or("?"));
        numbers.collect::<Vec<_>>().join(" ")
    }
}

impl Drop for Company {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn units_form_one_tree_on_every_day() {
    let company = Company::open("units").await;
    let refused = |result: Result<Value, Refusal>| told(&result.expect_err("is refused"));

    let orphan = company.unit(json!({ "code": "X", "name": "X", "kind": "team" })).await;
    assert_eq!(refused(orphan), ("validation-failed", "/parent_id required".into()));
    let since = "2020-01-01";
    let unit = |code: &'static str, kind: &'static str, parent: Option<&Value>| {
        let mut new = json!({ "code": code, "name": code, "kind": kind, "effective_from": since });
        if let Some(parent) = parent {
            new["parent_id"] = parent["id"].clone();
        }
        company.unit(new)
    };
    let top = unit("TOP", "company", None).await.expect("the company");
    let second = unit("TOP2", "company", None).await;
    assert_eq!(refused(second), ("tree-invalid", "/kind not_allowed".into()));
    let a = unit("A", "department", Some(&top)).await.expect("A");
    let b = unit("B", "department", Some(&a)).await.expect("B");
    let c = unit("C", "department", Some(&b)).await.expect("C");
    let team = unit("T", "team", Some(&c)).await.expect("T");
    let wrong = unit("D", "department", Some(&team)).await;
    assert_eq!(refused(wrong), ("tree-invalid", "/parent_id not_allowed".into()));
    let twice = unit("A", "department", Some(&top)).await;
    assert_eq!(refused(twice), ("duplicate", "/code duplicate".into()));
    let unknown = company
        .unit(json!({ "code": "E", "name": "E", "kind": "team", "parent_id": TENANT }))
        .await;
    assert_eq!(refused(unknown), ("validation-failed", "/parent_id unknown_reference".into()));

    let looped = company.relocate(&a, json!({ "parent_id": c["id"] })).await;
    assert_eq!(
        refused(looped),
        ("tree-invalid", "/parent_id reporting_loop A -> C -> B -> A".into())
    );
    let moved = company
        .relocate(&c, json!({ "parent_id": top["id"], "effective_from": "2027-06-01" }))
        .await
        .expect("a planned move");
    assert_eq!(moved["parent_id"], b["id"], "not before its day");
    let too_early =
        company.relocate(&b, json!({ "parent_id": c["id"], "effective_from": "2027-05-31" })).await;
    assert_eq!(
        refused(too_early),
        ("tree-invalid", "/parent_id reporting_loop B -> C -> B".into())
    );
    let b = company
        .relocate(&b, json!({ "parent_id": c["id"], "effective_from": "2027-06-01" }))
        .await
        .expect("from that day on it is no loop");
    let unit_id = id(&b).into();
    let history =
        company.db.read(TENANT.into(), move |store| store.placements(unit_id, &Page::ALL));
    let days: Vec<_> = history
        .await
        .expect("history")
        .iter()
        .map(|place| (place.period.start, place.period.end))
        .collect();
    let turn = (day(since), Some(day("2027-05-31")));
    assert_eq!(days, [turn, (day("2027-06-01"), None)]);

    let delete = |unit: &Value| {
        let (id, version) = (id(unit).into(), version(unit));
        company.change(move |store| delete_org_unit(store, &hr(), id, &Seen::version(version)))
    };
    assert_eq!(refused(delete(&moved).await).0, "in-use");
    let worker = company.hire("1", json!({ "org_unit_id": team["id"] })).await.expect("hired");
    assert_eq!(refused(delete(&team).await).0, "in-use");
    company
        .assign(&worker, json!({ "effective_from": "2020-01-01", "org_unit_id": null }))
        .await
        .expect("assigned away");
    delete(&team).await.expect("nobody is left");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reporting_lines_never_run_in_a_loop_on_any_day() {
    let company = Company::open("lines").await;
    let refused = |result: Result<Value, Refusal>| told(&result.expect_err("is refused"));
    let a = company.hire("A", json!({})).await.expect("A");
    let b = company.hire("B", json!({ "manager_id": a["id"] })).await.expect("B");
    let c = company.hire("C", json!({ "manager_id": b["id"] })).await.expect("C");
    let own =
        company.assign(&a, json!({ "effective_from": "2026-01-01", "manager_id": a["id"] })).await;
    assert_eq!(refused(own), ("reporting-loop", "/manager_id self_reference".into()));
    let looped =
        company.assign(&a, json!({ "effective_from": "2021-01-01", "manager_id": c["id"] })).await;
    assert_eq!(
        refused(looped),
        ("reporting-loop", "/manager_id reporting_loop A -> C -> B -> A".into())
    );
    let unknown =
        json!({ "effective_from": "2026-01-01", "manager_id": TENANT, "org_unit_id": TENANT });
    assert_eq!(
        refused(company.assign(&a, unknown).await),
        (
            "validation-failed",
            "/org_unit_id unknown_reference, /manager_id unknown_reference".into()
        )
    );

    // C leaves the line on a future day; only from then on may A report to C.
    let c = company
        .assign(
            &c,
            json!({ "effective_from": "2028-01-01", "manager_id": null, "job_title": "Chief" }),
        )
        .await
        .expect("planned");
    assert_eq!(c["manager_id"], b["id"]);
    let before =
        company.assign(&a, json!({ "effective_from": "2027-12-31", "manager_id": c["id"] })).await;
    assert_eq!(refused(before).0, "reporting-loop");
    company
        .assign(&a, json!({ "effective_from": "2028-01-01", "manager_id": c["id"] }))
        .await
        .expect("no loop any more");
    let back =
        company.assign(&c, json!({ "effective_from": "2029-01-01", "manager_id": b["id"] })).await;
    assert_eq!(
        refused(back),
        ("reporting-loop", "/manager_id reporting_loop C -> B -> A -> C".into())
    );

    // Histories: an assignment is inserted before planned ones, replaces one of the same day, and
    // carries values over.
    let c = company
        .assign(&c, json!({ "effective_from": "2026-02-01", "job_title": "Clerk" }))
        .await
        .expect("inserted");
    assert_eq!((&c["manager_id"], &c["job_title"]), (&b["id"], &json!("Clerk")));
    let c = company
        .assign(&c, json!({ "effective_from": "2026-02-01", "job_title": "Writer" }))
        .await
        .expect("replaced");
    let employee = id(&c).into();
    let history =
        company.db.read(TENANT.into(), move |store| store.assignments(employee, &Page::ALL));
    let history: Vec<_> = history
        .await
        .expect("history")
        .into_iter()
        .map(|a| (a.period.start, a.period.end, a.job_title))
        .collect();
    let expected = [
        (day("2020-01-01"), Some(day("2026-01-31")), None),
        (day("2026-02-01"), Some(day("2027-12-31")), Some("Writer".to_owned())),
        (day("2028-01-01"), None, Some("Chief".to_owned())),
    ];
    assert_eq!(history, expected);

    let mut above = id(&a);
    for level in 2..=32 {
        let next = company.hire(&format!("L{level:02}"), json!({ "manager_id": above })).await;
        if level == 32 {
            // A reports to C from 2028 on, which makes the line one step longer.
            assert_eq!(refused(next), ("validation-failed", "/manager_id depth_exceeded".into()));
        } else {
            above = id(&next.expect("not too deep"));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_two_replicas_close_a_loop_together() {
    let company = Company::open("race").await;
    let other = Database::open(&company.options).expect("a second replica");
    for round in 0..20 {
        let a = company.hire(&format!("A{round}"), json!({})).await.expect("A");
        let b = company.hire(&format!("B{round}"), json!({})).await.expect("B");
        let report = |db: &Database, from: &Value, to: &Value| {
            let (employee, assignment) = (id(from).into(), company.next_id().into());
            let new = json!({ "effective_from": "2026-01-01", "manager_id": to["id"] });
            let (context, new) = (company.context(), body::<NewAssignment>(new));
            let db = db.clone();
            async move {
                let work = move |store: &mut dyn Store| {
                    assign_employee(
                        store,
                        &hr(),
                        employee,
                        &Seen::version(1),
                        assignment,
                        new.clone(),
                    )
                };
                db.write(context, work).await.map(|_| ())
            }
        };
        let (up, down) = tokio::join!(report(&company.db, &a, &b), report(&other, &b, &a));
        let refused = match (up, down) {
            (Ok(()), Err(refused)) | (Err(refused), Ok(())) => refused,
            both => panic!("one of them must be refused: {both:?}"),
        };
        assert_eq!(refused.slug(), "reporting-loop");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everyone_sees_of_everyone_what_the_policy_opens() {
    let company = Company::open("masks").await;
    let top =
        json!({ "code": "TOP", "name": "Top", "kind": "company", "effective_from": "2020-01-01" });
    let top = company.unit(top).await.expect("the company");
    let unit = |code: &'static str| {
        let parent = top["id"].clone();
        let new = json!({ "code": code, "name": code, "kind": "team", "parent_id": parent,
            "effective_from": "2020-01-01" });
        company.unit(new)
    };
    let (red, blue) = (unit("RED").await.expect("RED"), unit("BLUE").await.expect("BLUE"));
    let boss = company.hire("1", json!({ "org_unit_id": red["id"] })).await.expect("1");
    let lead = json!({ "org_unit_id": red["id"], "manager_id": boss["id"] });
    let lead = company.hire("2", lead).await.expect("2");
    let ids = json!([{ "system": "hris", "value": "x" }]);
    let worker =
        json!({ "org_unit_id": blue["id"], "manager_id": lead["id"], "external_ids": ids });
    let worker = company.hire("3", worker).await.expect("3");
    let other = company.hire("4", json!({ "org_unit_id": blue["id"] })).await.expect("4");
    let twice = company.hire("5", json!({ "external_ids": ids })).await.expect_err("refused");
    assert_eq!(told(&twice), ("duplicate", "/external_ids duplicate".into()));
    let twice = company.hire("4", json!({})).await.expect_err("refused");
    assert_eq!(told(&twice), ("duplicate", "/employee_number duplicate".into()));

    let wide = |views: &[Value]| -> String {
        let dates = views.iter().map(|view| match view.get("hire_date") {
            Some(_) => view["employee_number"].as_str().unwrap_or("?"),
            None => "-",
        });
        dates.collect::<Vec<_>>().join(" ")
    };
    let of = |view: &Value| person(Some(id(view).into()), Vec::new());
    let hrbp = |unit: &Value| {
        let grant = Grant { role: Role::Hrbp, org_unit_id: Some(id(unit).into()) };
        person(None, vec![grant])
    };
    let all = |_: &mut EmployeeFilter| {};
    for (who, shown) in [
        (hr(), "1 2 3 4"),
        (of(&boss), "1 2 3 -"),
        (of(&lead), "- 2 3 -"),
        (of(&worker), "- - 3 -"),
        (hrbp(&blue), "- - 3 4"),
        (hrbp(&top), "1 2 3 4"),
        (program(id(&blue).into()), "3 4"),
    ] {
        let views = company.list(who, all, Page::ALL).await.expect("a list");
        assert_eq!(wide(&views), shown);
    }
    let as_hr = company.list(hr(), all, Page::ALL).await.expect("a list");
    assert_eq!(as_hr[2]["external_ids"], ids);
    assert_eq!(as_hr[2]["allowed_actions"], json!(["update", "assignment", "termination"]));

    // History, past or planned, is only for people who may read it.
    let past = |filter: &mut EmployeeFilter| filter.as_of = day("2025-01-01");
    assert_eq!(company.numbers(of(&lead), past).await, "2 3");
    assert_eq!(company.numbers(hr(), past).await, "1 2 3 4");

    // Filters.
    let blue_id = Some(OrgUnitId::from(id(&blue)));
    let top_id = Some(OrgUnitId::from(id(&top)));
    let boss_id = Some(EmployeeId::from(id(&boss)));
    assert_eq!(company.numbers(hr(), |f| f.org_unit_id = blue_id).await, "3 4");
    assert_eq!(company.numbers(hr(), |f| f.org_unit_id = top_id).await, "");
    assert_eq!(company.numbers(hr(), |f| f.within_org_unit_id = top_id).await, "1 2 3 4");
    assert_eq!(company.numbers(of(&other), |f| f.manager_id = boss_id).await, "2");
    let by_external = |f: &mut EmployeeFilter| {
        f.external_id =
            Some(domain::people::org::ExternalId { system: "hris".into(), value: "x".into() });
    };
    assert_eq!(company.numbers(hr(), by_external).await, "3");
    let masked = company.list(of(&other), by_external, Page::ALL).await.expect_err("masked");
    assert_eq!(masked.slug(), "forbidden");

    // Pages, in every order.
    for order in [EmployeeOrder::Id, EmployeeOrder::EmployeeNumber, EmployeeOrder::Name] {
        let mut after = None;
        for expected in ["1", "2", "3", "4"] {
            let page = Page { limit: 1, after, updated_since: None };
            let views = company.list(hr(), |f| f.order = order, page).await.expect("a page");
            assert_eq!(views[0]["employee_number"], expected);
            let id = id(&views[0]);
            after = Some(match order {
                EmployeeOrder::Id => After::Id(id),
                _ => After::Text(expected.to_owned(), id),
            });
        }
    }
    let page = Page {
        limit: 10,
        after: Some(After::Updated(now(), id(&lead))),
        updated_since: Some(now()),
    };
    assert_eq!(company.list(hr(), all, page).await.expect("changes").len(), 2);

    // A key limited to one unit may neither hire into another unit nor move people to it.
    let key = program(id(&blue).into());
    let new = json!({ "employee_number": "9", "name": "9", "hire_date": "2026-01-01",
        "org_unit_id": red["id"] });
    let hired = company.hire_as(key.clone(), new.clone()).await.expect_err("another unit");
    assert_eq!(hired.slug(), "scope-missing");
    let (employee, assignment) = (id(&other).into(), company.next_id().into());
    let away =
        body::<NewAssignment>(json!({ "effective_from": "2026-01-01", "org_unit_id": red["id"] }));
    let by = key.clone();
    let handed = company
        .change(move |store| {
            assign_employee(store, &by, employee, &Seen::version(1), assignment, away.clone())
        })
        .await;
    assert_eq!(handed.expect_err("another unit").slug(), "scope-missing");
    let mut inside = new;
    inside["org_unit_id"] = blue["id"].clone();
    company.hire_as(key, inside).await.expect("the own unit");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_leaves_is_gone_from_the_directory_until_reinstated() {
    let company = Company::open("ends").await;
    let leaver = company.hire("1", json!({})).await.expect("1");
    let other = company.hire("2", json!({})).await.expect("2");
    let colleague = || person(Some(id(&other).into()), Vec::new());
    let all = |_: &mut EmployeeFilter| {};
    let employee: EmployeeId = id(&leaver).into();

    let end = |version: i32, last_day: &str| {
        let end = body::<NewTermination>(json!({ "last_day": last_day, "reason": "Resigned" }));
        company.change(move |store| {
            terminate_employee(store, &hr(), employee, &Seen::version(version), &end)
        })
    };
    let early = end(1, "2019-12-31").await.expect_err("before the first day");
    assert_eq!(told(&early), ("validation-failed", "/last_day period_invalid".into()));
    let planned = end(1, "2027-12-31").await.expect("planned");
    assert_eq!(planned["status"], "active");
    assert_eq!(company.numbers(colleague(), all).await, "1 2");
    assert!(matches!(end(1, "2026-01-01").await, Err(Refusal::Stale)));
    let ended = end(2, "2026-01-01").await.expect("ended");
    assert_eq!((&ended["status"], &ended["version"]), (&json!("terminated"), &json!(3)));
    assert_eq!(
        ended["allowed_actions"],
        json!(["update", "assignment", "reinstatement", "employment"])
    );
    assert_eq!(company.numbers(colleague(), all).await, "2");
    let gone = |f: &mut EmployeeFilter| f.status = Some(EmploymentStatus::Terminated);
    assert_eq!(company.numbers(hr(), gone).await, "1");
    assert!(company.list(colleague(), gone, Page::ALL).await.is_err());
    let again = end(3, "2026-02-01").await.expect_err("ended already");
    assert_eq!(again.slug(), "state-conflict");

    let patch = body(json!({ "hire_date": "2026-03-01" }));
    let late = company
        .change(move |store| {
            update_employee(store, &hr(), employee, &Seen::version(3), Clone::clone(&patch))
        })
        .await;
    assert_eq!(
        told(&late.expect_err("after the last day")),
        ("validation-failed", "/hire_date period_invalid".into())
    );
    let patch = body(json!({
        "email": "one@example.com",
        "external_ids": [{ "system": "b", "value": "1" }, { "system": "a", "value": "2" }],
    }));
    let changed = company
        .change(move |store| {
            update_employee(store, &hr(), employee, &Seen::version(3), Clone::clone(&patch))
        })
        .await
        .expect("changed");
    assert_eq!(changed["external_ids"][0]["system"], "a");
    let patch = body(json!({ "email": null }));
    let changed = company
        .change(move |store| {
            update_employee(store, &hr(), employee, &Seen::version(4), Clone::clone(&patch))
        })
        .await
        .expect("changed");
    assert_eq!(changed["email"], Value::Null);
    assert_eq!(changed["external_ids"].as_array().map(Vec::len), Some(2));

    let back = body::<NewReinstatement>(json!({ "reason": "Stays" }));
    company
        .change(move |store| reinstate_employee(store, &hr(), employee, &Seen::version(5), &back))
        .await
        .expect("reinstated");
    assert_eq!(company.numbers(colleague(), all).await, "1 2");
}
