//! Accounts, roles and keys: who may sign in, and what they may do then.

use chrono::TimeDelta;
use serde_json::{Value, json};
use tests::app::eventually;
use tests::client::Credentials;
use tests::world::Persona::{
    Auditor, Colleague, Employee, HrAdmin, OtherHrAdmin, PeopleReader, PeopleWriter, SecondHrAdmin,
    UnitReader,
};
use tests::world::sign_in;
use tests::{Answer, Client, TestApp, on_each_engine};
use uuid::Uuid;

on_each_engine![
    an_account_goes_through_its_states,
    a_login_and_a_person_have_one_account,
    everybody_sees_their_own_account_and_roles,
    a_role_is_held_from_day_to_day,
    a_lost_role_has_no_effect_within_a_second,
    roles_that_contradict_themselves_are_refused,
    nobody_gives_roles_to_themselves,
    the_last_administrator_stays,
    a_key_is_shown_once_and_can_be_revoked,
    a_key_expires,
    a_key_has_no_more_than_its_scopes,
    a_key_keeps_to_its_unit,
    a_key_ends_with_its_owner,
];

fn post(client: &Client, read: &Answer, step: &str) -> Answer {
    client.request("POST", format!("{}/{step}", read.path)).if_match(&read.etag()).send()
}

fn role_of(app: &TestApp, name: &str) -> Answer {
    app.as_(HrAdmin).get(format!("/v1/role-assignments/{}", app.id(&format!("{name}.role"))))
}

fn an_account_goes_through_its_states(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let read = || hr.get(format!("/v1/accounts/{}", app.id("kai.account"))).expect(200);
    assert_eq!(read().json()["status"], "active");
    let kai = app.as_(Colleague);
    kai.get("/v1/me").expect(200);
    post(&hr, &read(), "deactivation").expect(200);
    eventually("access ends", || kai.get("/v1/me").status == 401);
    sign_in(&hr, "acme", "kai").refused("invalid-credentials");
    let twice = app.unchanged(|| post(&hr, &read(), "deactivation")).refused("state-conflict");
    assert_eq!(twice.json()["current_state"], "deactivated");
    assert_eq!(twice.json()["allowed_actions"], json!(["activation"]));
    assert_eq!(read().json()["allowed_actions"], json!(["activation"]));
    post(&hr, &read(), "activation").expect(200);
    sign_in(&hr, "acme", "kai").expect(200);
    kai.get("/v1/me").refused("unauthenticated");
}

fn a_login_and_a_person_have_one_account(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    app.unchanged(|| {
        let refuse = |body: Value| hr.post("/v1/accounts", &body);
        refuse(json!({ "login": "LIN" })).refused("duplicate").faults(&[("/login", "duplicate")]);
        refuse(json!({ "login": "lin2", "employee_id": app.id("lin") }))
            .refused("duplicate")
            .faults(&[("/employee_id", "duplicate")]);
        for nobody in [Uuid::from_u128(1), app.world.other.id("sun")] {
            refuse(json!({ "login": "x", "employee_id": nobody }))
                .refused("validation-failed")
                .faults(&[("/employee_id", "unknown_reference")]);
        }
        refuse(json!({ "login": "" })).refused("validation-failed");
    });
}

fn everybody_sees_their_own_account_and_roles(app: &TestApp) {
    let lin = app.as_(Employee);
    let own = format!("/v1/accounts/{}", app.id("lin.account"));
    assert_eq!(lin.get(&own).expect(200).json()["allowed_actions"], json!([]));
    lin.get(format!("/v1/accounts/{}", app.id("mei.account"))).refused("not-found");
    let role = format!("/v1/role-assignments/{}", app.id("ada.role"));
    app.as_(Auditor).get(&role).expect(200);
    lin.get(&role).refused("not-found");
    let me = app.as_(Auditor).get("/v1/me").expect(200).json();
    assert_eq!(me["roles"][0]["role"], "auditor");
}

fn a_role_is_held_from_day_to_day(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let body = json!({
        "account_id": app.id("kai.account"), "role": "auditor", "valid_from": "2020-01-01",
        "valid_to": "2020-12-31",
    });
    hr.post("/v1/role-assignments", &body).expect(201);
    let future = json!({
        "account_id": app.id("kai.account"), "role": "executive", "valid_from": "2090-01-01",
    });
    hr.post("/v1/role-assignments", &future).expect(201);
    assert_eq!(app.as_(Colleague).get("/v1/me").expect(200).json()["roles"], json!([]));
    let now = json!({ "account_id": app.id("kai.account"), "role": "auditor" });
    hr.post("/v1/role-assignments", &now).expect(201);
    eventually("the role is held", || {
        app.as_(Colleague).get("/v1/audit-entries").json()["items"][0]["details"].is_object()
    });
    let held = hr.all(&format!("/v1/role-assignments?account_id={}", app.id("kai.account")));
    assert_eq!(held.len(), 3);
    assert_eq!(hr.all("/v1/role-assignments?role=executive").len(), 2);
}

fn a_lost_role_has_no_effect_within_a_second(app: &TestApp) {
    let ada = app.as_(Auditor);
    let accounts = || ada.get("/v1/accounts");
    accounts().expect(200);
    let read = role_of(app, "ada").expect(200);
    let hr = app.as_(HrAdmin);
    hr.request("DELETE", &read.path).if_match(&read.etag()).send().expect(204);
    let start = std::time::Instant::now();
    eventually("the role is gone", || accounts().status == 403);
    assert!(start.elapsed() < std::time::Duration::from_secs(5), "the bar is a second, with slack");
    role_of(app, "ada").refused("not-found");
    let since = read.json()["created_at"].as_str().unwrap_or_default().to_owned();
    let rows = hr.all(&format!("/v1/role-assignments?updated_since={since}"));
    assert!(rows.iter().any(|row| row["id"] == read.json()["id"] && row["deleted_at"].is_string()));
}

fn roles_that_contradict_themselves_are_refused(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let account = app.id("kai.account");
    app.unchanged(|| {
        let give =
            |body: Value| hr.post("/v1/role-assignments", &body).refused("validation-failed");
        give(json!({ "account_id": account, "role": "hrbp" }))
            .faults(&[("/org_unit_id", "required")]);
        give(json!({ "account_id": account, "role": "auditor", "org_unit_id": app.id("labs") }))
            .faults(&[("/org_unit_id", "not_allowed")]);
        give(json!({
            "account_id": account, "role": "auditor", "valid_from": "2026-02-01",
            "valid_to": "2026-01-31",
        }))
        .faults(&[("/valid_to", "period_invalid")]);
        give(json!({ "account_id": account, "role": "king" })).faults(&[("/role", "not_allowed")]);
        give(json!({ "account_id": app.world.other.id("lin.account"), "role": "auditor" }))
            .faults(&[("/account_id", "unknown_reference")]);
        let theirs = app.world.other.id("labs");
        give(json!({ "account_id": account, "role": "hrbp", "org_unit_id": theirs }))
            .faults(&[("/org_unit_id", "unknown_reference")]);
    });
}

fn nobody_gives_roles_to_themselves(app: &TestApp) {
    let body = json!({ "account_id": app.id("hua.account"), "role": "comp" });
    let own = app.unchanged(|| app.as_(HrAdmin).post("/v1/role-assignments", &body));
    assert_eq!(own.refused("forbidden").json()["rule"], "conflict-of-interest");
    app.as_(SecondHrAdmin).post("/v1/role-assignments", &body).expect(201);
}

fn the_last_administrator_stays(app: &TestApp) {
    let remove = |caller: &Client, role: &Value| {
        let path = format!("/v1/role-assignments/{}", role["id"].as_str().unwrap_or_default());
        let read = caller.get(path).expect(200);
        caller.request("DELETE", &read.path).if_match(&read.etag()).send()
    };
    let stranger = app.as_(OtherHrAdmin);
    let alone = stranger.all("/v1/role-assignments?role=hr_admin");
    assert_eq!(alone.len(), 1);
    let refused = remove(&stranger, &alone[0]);
    assert!(refused.status >= 400, "{refused:?}");
    let hua = app.as_(HrAdmin);
    let own = app.id("hua.role").to_string();
    for role in hua.all("/v1/role-assignments?role=hr_admin") {
        if role["id"] != json!(own) {
            remove(&hua, &role).expect(204);
        }
    }
    assert_eq!(hua.all("/v1/role-assignments?role=hr_admin").len(), 1);
}

fn with_key(app: &TestApp, made: &Answer) -> Client {
    let secret = made.json()["secret"].as_str().unwrap_or_default().to_owned();
    app.as_(HrAdmin).with(Credentials::Key(secret))
}

fn a_key_is_shown_once_and_can_be_revoked(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let body = json!({ "name": "HRIS", "scopes": ["people:read"] });
    let send = || hr.request("POST", "/v1/api-keys").key("once").json(&body).send().expect(201);
    let made = send();
    let program = with_key(app, &made);
    assert_eq!(program.get("/v1/me").expect(200).json()["scopes"], json!(["people:read"]));
    program.get("/v1/employees").expect(200);
    assert!(app.unchanged(send).json()["secret"].is_null(), "a replay shows no secret");
    let read = hr.get(format!("/v1/api-keys/{}", made.id())).expect(200);
    assert!(read.json().get("secret").is_none());
    let secret = made.json()["secret"].as_str().unwrap_or_default().to_owned();
    let bearer = program.with(Credentials::Token(secret.clone()));
    bearer.get("/v1/me").expect(200);
    let other = program.with(Credentials::Key(format!("{secret}x")));
    other.get("/v1/me").refused("unauthenticated");
    hr.request("DELETE", &read.path).if_match(&read.etag()).send().expect(204);
    eventually("the key is dead", || program.get("/v1/me").problem() == Some("unauthenticated"));
}

fn a_key_expires(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let at = |delta: TimeDelta| (app.clock().now() + delta).to_rfc3339();
    let past =
        json!({ "name": "X", "scopes": ["people:read"], "expires_at": at(-TimeDelta::days(1)) });
    app.unchanged(|| hr.post("/v1/api-keys", &past)).faults(&[("/expires_at", "not_allowed")]);
    let soon =
        json!({ "name": "X", "scopes": ["people:read"], "expires_at": at(TimeDelta::hours(1)) });
    let program = with_key(app, &hr.post("/v1/api-keys", &soon).expect(201));
    program.get("/v1/me").expect(200);
    app.clock().advance(TimeDelta::hours(2));
    eventually("the key expires", || program.get("/v1/me").problem() == Some("unauthenticated"));
}

fn a_key_has_no_more_than_its_scopes(app: &TestApp) {
    let reader = app.as_(PeopleReader);
    let lin = format!("/v1/employees/{}", app.id("lin"));
    let read = reader.get(&lin).expect(200);
    app.unchanged(|| {
        let scope = reader.patch(&read, &json!({ "name": "X" }));
        assert!(matches!(scope.problem(), Some("scope-missing" | "forbidden")), "{scope:?}");
        reader.get("/v1/events").refused("scope-missing");
        reader.get("/v1/audit-entries").expect(403);
        let key = json!({ "name": "X", "scopes": ["people:write"] });
        assert_eq!(app.as_(PeopleWriter).post("/v1/api-keys", &key).status, 403);
        let none = json!({ "name": "X", "scopes": [] });
        app.as_(HrAdmin).post("/v1/api-keys", &none).refused("validation-failed");
        let odd = json!({ "name": "X", "scopes": ["people:eat"] });
        app.as_(HrAdmin).post("/v1/api-keys", &odd).refused("validation-failed");
    });
}

fn a_key_keeps_to_its_unit(app: &TestApp) {
    let key = app.as_(UnitReader);
    key.get(format!("/v1/employees/{}", app.id("kai"))).expect(200);
    for hidden in ["lin", "sun", "hua"] {
        key.get(format!("/v1/employees/{}", app.id(hidden))).refused("not-found");
    }
    let body = json!({
        "name": "Writer", "scopes": ["people:write"], "org_unit_id": app.id("labs"),
    });
    let writer = with_key(app, &app.as_(HrAdmin).post("/v1/api-keys", &body).expect(201));
    let hire = |unit: &str| {
        let number = tests::calls::unique("K");
        let body = json!({
            "employee_number": number, "name": "New", "hire_date": "2024-01-01",
            "org_unit_id": app.id(unit),
        });
        writer.post("/v1/employees", &body)
    };
    hire("labs").expect(201);
    assert_eq!(app.unchanged(|| hire("east")).status, 403);
    let position = json!({ "code": "K", "title": "K", "level": 1 });
    assert_eq!(app.unchanged(|| writer.post("/v1/positions", &position)).status, 403);
    let kai = writer.get(format!("/v1/employees/{}", app.id("kai"))).expect(200);
    let away = writer.request("POST", format!("{}/assignments", kai.path)).if_match(&kai.etag());
    let body = json!({ "effective_from": "2026-01-01", "org_unit_id": app.id("east") });
    assert_eq!(app.unchanged(|| away.json(&body).send()).status, 403);
}

fn a_key_ends_with_its_owner(app: &TestApp) {
    let body = json!({ "name": "Mine", "scopes": ["people:read"] });
    let program = with_key(app, &app.as_(SecondHrAdmin).post("/v1/api-keys", &body).expect(201));
    program.get("/v1/me").expect(200);
    let hr = app.as_(HrAdmin);
    let owner = hr.get(format!("/v1/accounts/{}", app.id("hao.account"))).expect(200);
    post(&hr, &owner, "deactivation").expect(200);
    eventually("the key is dead", || program.get("/v1/me").problem() == Some("unauthenticated"));
}
