//! The transitions of large cycles are jobs. Also: results that change at the last moment.

use persistence::{AuditFilter, Page};
use serde_json::{Value, json};
use std::fmt::Write;
use tests::app::eventually;
use tests::calls::{id_of, unique};
use tests::cycles::{behind, design, drive, step};
use tests::world::Persona::{self, Auditor, Executive, HrAdmin};
use tests::{Answer, TestApp, on_each_engine};
use uuid::Uuid;

on_each_engine![
    a_cycle_of_many_goes_its_way_by_jobs,
    a_launch_by_job_survives_a_restart,
    of_two_launches_one_happens,
    a_launch_of_many_is_refused_before_it_is_a_job,
    an_auditor_follows_a_job_but_not_what_came_out,
    grades_no_session_has_compared_are_settled,
    what_was_approved_of_other_results_counts_no_more,
];

/// Number of people in one unit: more than are processed while the caller waits.
const MANY: usize = api::platform::jobs::SYNCHRONOUS_ROWS + 1;

/// Hires these people, and designs a cycle for them. Returns its path.
fn crowd(app: &TestApp) -> String {
    let hr = app.as_(HrAdmin);
    let unit =
        json!({ "code": "CROWD", "name": "Crowd", "kind": "team", "parent_id": app.id("labs") });
    let unit = hr.post("/v1/org-units", &unit).expect(201).id();
    let mut rows =
        String::from("employee_number,name,hire_date,org_unit_code,manager_employee_number\n");
    for row in 0..MANY {
        let _ = writeln!(rows, "N{row},Name {row},2024-01-01,CROWD,KAI");
    }
    let import = hr.request("POST", "/v1/employees/bulk?effective_from=2024-01-01");
    ended(app, &import.body("text/csv", rows).send().expect(202));
    let mut body = design(&unique("C"), app.id("policy"));
    body["org_unit_ids"] = json!([unit]);
    format!("/v1/cycles/{}", hr.post("/v1/cycles", &body).expect(201).id())
}

/// Waits until the job of an answer ends.
fn ended(app: &TestApp, accepted: &Answer) -> Value {
    let path = accepted.header("Location").expect("where to follow it").to_owned();
    let read = || app.as_(HrAdmin).get(&path).expect(200).json();
    let is_over = |job: &Value| job["state"] == "succeeded" || job["state"] == "failed";
    eventually("the job ends", || is_over(&read()));
    read()
}

fn an_auditor_follows_a_job_but_not_what_came_out(app: &TestApp) {
    let path = format!("/v1/jobs/{}", app.id("job"));
    let (ada, hr) = (app.as_(Auditor), app.as_(HrAdmin));
    let (seen, whole) = (ada.get(&path).expect(200).json(), hr.get(&path).expect(200).json());
    assert!(whole["result"].is_object(), "{whole}");
    assert_eq!((&seen["state"], &seen["progress"]), (&json!("succeeded"), &whole["progress"]));
    assert_eq!((&seen["result"], &seen["problem"]), (&Value::Null, &Value::Null));
    assert_eq!(ada.all("/v1/jobs"), [seen]);
}

/// The last audit entry of a record as stored, because no reader sees the values of entries about
/// cycles.
fn last_entry(app: &TestApp, path: &str) -> Value {
    let id = id_of(path);
    let list = format!("/v1/audit-entries?resource_id={id}");
    let mut entry = app.as_(Auditor).all(&list).pop().expect("an entry");
    assert!(entry.get("details").is_none(), "{entry}");
    let kept = app.read(move |store| {
        let filter = AuditFilter { resource_ids: Some(vec![id]), ..AuditFilter::default() };
        store.audit_entries(&filter, &Page::ALL)
    });
    let details = kept.last().and_then(|entry| entry.details.as_deref()).expect("details");
    entry["details"] = serde_json::from_str(details).expect("JSON");
    entry
}

fn state(app: &TestApp, path: &str) -> Value {
    app.as_(HrAdmin).get(path).expect(200).json()["state"].take()
}

/// Proves R87 through `launchCycle`, `publishCycle`, `getJob`.
fn a_cycle_of_many_goes_its_way_by_jobs(app: &TestApp) {
    let (hr, ella) = (app.as_(HrAdmin), app.as_(Executive));
    let path = crowd(app);
    let follow = |answer: Answer| {
        let job = ended(app, &answer.expect(202));
        assert_eq!(
            (&job["kind"], &job["state"]),
            (&json!("cycle_transition"), &json!("succeeded"))
        );
        assert_eq!(job["progress"], json!({ "done": MANY, "total": MANY }));
        assert_eq!(job["result"], json!({ "location": path, "rows": MANY }));
    };
    follow(step(&hr, &path, "launch", None));
    let launched = hr.get(&path).expect(200).json();
    assert_eq!(launched["headcount"], json!({ "participants": MANY, "excluded": 0 }));
    let entry = last_entry(app, &path);
    assert_eq!(
        (&entry["action"], &entry["actor_id"]),
        (&json!("cycle.launched"), &json!(app.id("hua.account")))
    );
    assert_eq!(entry["details"]["participants"], json!([null, MANY]));
    step(&hr, &path, "start", Some(json!({ "reason": "No goals" }))).expect(200);
    follow(step(&hr, &path, "evaluation", None));
    behind(app, "UPDATE review SET state = 'second_review', computed_grade = 'B'");
    follow(step(&hr, &path, "calibration", Some(json!({}))));
    follow(step(&hr, &path, "confirmation", None));
    assert_eq!(last_entry(app, &path)["details"]["reviews"], json!([null, MANY]));
    let once = step(&hr, &path, "publication", None).expect(200).json();
    assert_eq!(once["state"], "confirmed");
    follow(step(&ella, &path, "publication", None));
    assert_eq!(state(app, &path), "published");
    let entry = last_entry(app, &path);
    assert_eq!((&entry["action"], &entry["to"]), (&json!("cycle.published"), &json!("published")));
    assert_eq!(entry["details"]["reviews"], json!([null, MANY]));
}

fn a_launch_by_job_survives_a_restart(app: &TestApp) {
    let mut own = TestApp::start(app.engine, &[]);
    let path = crowd(&own);
    let job = step(&own.as_(HrAdmin), &path, "launch", None).expect(202);
    own.restart(&[]);
    own.clock().advance(chrono::TimeDelta::minutes(2));
    assert_eq!(ended(&own, &job)["state"], "succeeded");
    let shown = own.as_(HrAdmin).get(&path).expect(200).json();
    assert_eq!((&shown["state"], &shown["version"]), (&json!("goal_setting"), &json!(2)));
    assert_eq!(shown["headcount"]["participants"], MANY);
}

fn of_two_launches_one_happens(app: &TestApp) {
    let path = crowd(app);
    let read = app.as_(HrAdmin).get(&path).expect(200);
    let launch = |persona| {
        let request = app.as_(persona).request("POST", format!("{path}/launch"));
        request.if_match(&read.etag()).send()
    };
    let first = launch(HrAdmin).expect(202);
    // The worker may have been faster; then the second job finds the cycle launched.
    let second = launch(Persona::SecondHrAdmin);
    assert_eq!(ended(app, &first)["state"], "succeeded");
    if second.status == 202 {
        let failed = ended(app, &second);
        assert_eq!(failed["state"], "failed");
        assert_eq!(failed["problem"]["type"], "/problems/version-stale");
    } else {
        second.refused("version-stale");
    }
    assert_eq!(app.as_(HrAdmin).get(&path).json()["headcount"]["participants"], MANY);
}

fn a_launch_of_many_is_refused_before_it_is_a_job(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let path = crowd(app);
    let read = hr.get(&path).expect(200);
    hr.patch(&read, &json!({ "raci": [] })).expect(200);
    app.unchanged(|| {
        step(&hr, &path, "launch", None).refused("guard-failed").faults(&[("", "raci_complete")]);
        step(&app.as_(Executive), &path, "launch", None).refused("forbidden");
    });
}

/// A cycle with one person in calibration, whose review has these grades.
fn graded(app: &TestApp, computed: &str, veto: &str) -> String {
    let hr = app.as_(HrAdmin);
    let mut body = design(&unique("C"), app.id("policy"));
    body["org_unit_ids"] = json!([app.id("labs")]);
    let path = format!("/v1/cycles/{}", hr.post("/v1/cycles", &body).expect(201).id());
    drive(app, &app.world.own, id_of(&path), "evaluating");
    behind(
        app,
        &format!(
            "UPDATE review SET state = 'second_review', founded = (1 = 1), \
         computed_grade = {computed}, veto_grade = {veto} WHERE state = 'pending_self'"
        ),
    );
    step(&hr, &path, "calibration", Some(json!({}))).expect(200);
    path
}

fn grades_no_session_has_compared_are_settled(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    for (computed, veto, settled) in [
        ("'A'", "NULL", "A"),
        ("'S'", "'C'", "C"),
        ("'B'", "'C'", "C"),
        ("'D'", "'C'", "D"),
        ("'B'", "'A'", "B"),
        ("'S'", "'S'", "S"),
        ("'A'", "'S'", "A"),
    ] {
        let path = graded(app, computed, veto);
        step(&hr, &path, "confirmation", None).expect(200);
        // Moves the reviews with the expected grade out of the way of the publication, which then
        // counts none.
        behind(
            app,
            &format!(
                "UPDATE review SET state = 'final' WHERE state = 'calibrated' AND final_grade = '{settled}'"
            ),
        );
        step(&app.as_(Executive), &path, "publication", None).expect(200);
        step(&hr, &path, "publication", None).expect(200);
        let published = &last_entry(app, &path)["details"]["reviews"];
        assert_eq!(published, &json!([null, 0]), "{computed} {veto}: not {settled}");
    }
    let path = graded(app, "NULL", "NULL");
    app.unchanged(|| {
        let refused = step(&hr, &path, "confirmation", None).refused("guard-failed");
        refused.faults(&[("", "sessions_finalised")]);
    });
    let waits = hr.get(format!("{path}/readiness")).expect(200).json();
    assert_eq!(waits["items"][0]["missing"], "grade");
}

fn what_was_approved_of_other_results_counts_no_more(app: &TestApp) {
    let (hr, ella) = (app.as_(HrAdmin), app.as_(Executive));
    let path = graded(app, "'B'", "NULL");
    step(&hr, &path, "confirmation", None).expect(200);
    step(&hr, &path, "publication", None).expect(200);
    let session = |state: &str| {
        let cycle = id_of(&path);
        let id = Uuid::from_u128(7);
        let (id, cycle, tenant, now) = match app.engine {
            tests::Engine::Sqlite => {
                let hex = |id: Uuid| format!("x'{}'", id.simple());
                (hex(id), hex(cycle), hex(app.world.own.tenant), "0")
            }
            tests::Engine::Postgres => {
                let text = |id: Uuid| format!("'{id}'");
                (text(id), text(cycle), text(app.world.own.tenant), "now()")
            }
        };
        behind(
            app,
            &format!(
                "INSERT INTO calibration_session (tenant_id, id, cycle_id, name, state, \
             department_ids, version, created_at, updated_at) \
             VALUES ({tenant}, {id}, {cycle}, 'Late', '{state}', '[]', 1, {now}, {now}) \
             ON CONFLICT (tenant_id, id) DO UPDATE SET state = excluded.state"
            ),
        );
    };
    session("open");
    app.unchanged(|| {
        let refused = step(&ella, &path, "publication", None).refused("guard-failed");
        refused.faults(&[("", "sessions_finalised")]);
    });
    session("finalised");
    // A grade is moved after HR has approved the results it saw.
    let soon = match app.engine {
        tests::Engine::Sqlite => "graded_at = graded_at + 3600000000",
        tests::Engine::Postgres => "graded_at = graded_at + interval '1 hour'",
    };
    behind(app, &format!("UPDATE review SET final_grade = 'A', {soon} WHERE state = 'calibrated'"));
    let shown = hr.get(&path).expect(200).json();
    assert_eq!(
        (&shown["approvals"], &shown["allowed_actions"]),
        (&json!([]), &json!(["publication"]))
    );
    app.clock().advance(chrono::TimeDelta::hours(2));
    let once = step(&ella, &path, "publication", None).expect(200).json();
    assert_eq!(
        (&once["state"], &once["approvals"][0]["seat"]),
        (&json!("confirmed"), &json!("EXEC"))
    );
    let twice = step(&hr, &path, "publication", None).expect(200).json();
    assert_eq!(
        (&twice["state"], twice["approvals"].as_array().map(Vec::len)),
        (&json!("published"), Some(2))
    );
}
