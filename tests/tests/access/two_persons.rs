//! Signatures, credentials and roles: one person cannot act as two, and access ends when its reason
//! ends.

use chrono::TimeDelta;
use serde_json::{Value, json};
use std::sync::Barrier;
use tests::app::eventually;
use tests::calls::unique;
use tests::client::Credentials;
use tests::cycles::{behind, design, drive, literal, rated, step};
use tests::world::Persona::{Auditor, Colleague, Employee, Executive, HrAdmin, SecondHrAdmin};
use tests::world::{PASSWORD, issue, issue_for, sign_in, token};
use tests::{Answer, Client, TestApp, on_each_engine};
use uuid::Uuid;

on_each_engine![
    an_account_of_nobody_decides_and_signs_nothing,
    nobody_sees_their_own_record_through_an_account_they_made,
    nobody_reads_the_result_their_own_is_blended_into,
    nobody_resets_the_password_of_who_decides_about_them,
    whoever_made_the_other_account_is_no_second_person,
    whoever_gave_the_role_is_no_second_person_until_another_gives_it,
    two_puppets_are_one_person,
    a_puppet_of_a_puppet_is_the_same_person,
    two_persons_finish_a_goal,
    a_key_signs_nothing,
    an_approval_ends_with_the_power_it_was_given_by,
    two_of_one_hand_at_once_are_not_two_persons,
    credentials_of_those_who_decide_come_from_the_command_line,
    an_unused_token_ends_when_its_account_is_to_decide,
    an_unused_token_ends_with_the_account_or_the_employment,
    the_first_administrator_is_told_to_bind_an_employee,
    everybody_is_told_who_gave_them_what_they_have,
    a_key_does_what_its_owner_may_do_now,
    a_key_is_taken_over,
    powers_end_with_the_employment,
    a_session_ends_however_much_it_is_used,
    the_last_administrator_stays_on_every_path,
    two_administrators_who_remove_each_other_leave_one,
];

/// Lets the owner of a new account choose the password, and signs them in.
fn enter(hr: &Client, made: &Answer) -> Client {
    let made = made.json();
    let body = json!({ "setup_token": made["setup_token"], "password": PASSWORD });
    hr.with(Credentials::None).post("/v1/auth/password-setup", &body).expect(204);
    let login = made["login"].as_str().unwrap_or_default();
    hr.with(token(&sign_in(hr, "acme", login).expect(200)))
}

/// Hires a person and creates an account for them.
fn hire(hr: &Client, app: &TestApp) -> Answer {
    let number = unique("P");
    let body = json!({
        "employee_number": number, "name": number, "hire_date": "2020-01-01",
        "org_unit_id": app.id("labs"),
    });
    let person = hr.post("/v1/employees", &body).expect(201).id();
    let body = json!({ "login": number.to_lowercase(), "employee_id": person });
    hr.post("/v1/accounts", &body).expect(201)
}

fn give(hr: &Client, account: Uuid, role: &str) -> Answer {
    hr.post("/v1/role-assignments", &json!({ "account_id": account, "role": role }))
}

fn post(client: &Client, path: &str, noun: &str) -> Answer {
    step(client, path, noun, None)
}

fn account(app: &TestApp, name: &str) -> String {
    format!("/v1/accounts/{}", app.id(&format!("{name}.account")))
}

/// The path of a cycle that waits for its publication.
fn confirmed(app: &TestApp) -> String {
    let mut body = design(&unique("C"), app.id("policy"));
    body["org_unit_ids"] = json!([app.id("labs")]);
    let cycle = app.as_(HrAdmin).post("/v1/cycles", &body).expect(201).id();
    drive(app, &app.world.own, cycle, "confirmed");
    format!("/v1/cycles/{cycle}")
}

/// Fails unless the answer says that the two signatures are not of two persons, for this reason.
#[track_caller]
fn not_another(answer: Answer, code: &str) {
    let refused = answer.refused("forbidden");
    assert_eq!(refused.json()["rule"], "separation-of-duties");
    refused.faults(&[("", code)]);
}

fn an_account_of_nobody_decides_and_signs_nothing(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let nobody = hr.post("/v1/accounts", &json!({ "login": unique("nobody") })).expect(201);
    app.unchanged(|| {
        for role in ["hr_admin", "executive", "comp", "finance", "committee"] {
            give(&hr, nobody.id(), role)
                .refused("guard-failed")
                .faults(&[("/account_id", "employee_needed")]);
        }
        let body = json!({
            "account_id": nobody.id(), "role": "hrbp", "org_unit_id": app.id("labs"),
        });
        hr.post("/v1/role-assignments", &body).refused("guard-failed");
    });
    give(&hr, nobody.id(), "auditor").expect(201);
    let founder = hr.with(token(&sign_in(&hr, "acme", "founder").expect(200)));
    let cycle = confirmed(app);
    app.unchanged(|| not_another(post(&founder, &cycle, "publication"), "signer_without_employee"));
}

fn nobody_sees_their_own_record_through_an_account_they_made(app: &TestApp) {
    let cycle = rated(app, &app.world.own, "calibrating", &[("HUA", "D")]);
    let hao = app.as_(SecondHrAdmin);
    let list = hao.all(&format!("/v1/reviews?cycle_id={cycle}&employee_id={}", app.id("hua")));
    let review = format!("/v1/reviews/{}", list[0]["id"].as_str().unwrap_or_default());
    hao.get(&review).expect(200);
    let hua = app.as_(HrAdmin);
    let made = hire(&hua, app);
    let puppet = enter(&hua, &made);
    give(&hua, made.id(), "hr_admin").expect(201);
    eventually("the role is held", || puppet.get("/v1/accounts").status == 200);
    puppet.get(&review).refused("not-found");
    // Nor through an account that the first puppet has created.
    let next = hire(&puppet, app);
    let second = enter(&puppet, &next);
    give(&puppet, next.id(), "hr_admin").expect(201);
    eventually("the role is held", || second.get("/v1/accounts").status == 200);
    second.get(&review).refused("not-found");
    assert!(second.all(&format!("/v1/reviews?cycle_id={cycle}")).len() > 5);
    // After the command line issued the credential anew, the account is its owner's alone.
    let login = made.json()["login"].as_str().unwrap_or_default().to_owned();
    issue(app.url(), "acme", &login, &[]);
    let owner = hua.with(token(&sign_in(&hua, "acme", &login).expect(200)));
    owner.get(&review).expect(200);
}

/// A manager's result contains the totals of the team. From it and their own total a member could
/// compute the rest, so that it stays closed to the team.
fn nobody_reads_the_result_their_own_is_blended_into(app: &TestApp) {
    let cycle = rated(app, &app.world.own, "calibrating", &[("MEI", "A")]);
    give(&app.as_(HrAdmin), app.id("lin.account"), "hr_admin").expect(201);
    let lin = app.as_(Employee);
    eventually("the role is held", || lin.get("/v1/accounts").status == 200);
    let review = |name: &str| {
        let list = lin.all(&format!("/v1/reviews?cycle_id={cycle}&employee_id={}", app.id(name)));
        format!("/v1/reviews/{}", list[0]["id"].as_str().unwrap_or_default())
    };
    let sees = |name: &str| !lin.get(review(name)).expect(200).json()["results"].is_null();
    assert_eq!((sees("mei"), sees("sun"), sees("fan")), (false, true, true));
    let path = review("mei");
    let id = path.trim_start_matches("/v1/reviews/");
    lin.get(format!("/v1/results/{id}/explanation")).refused("not-found");
    let question = json!({ "questions": [{ "action": "rating.read", "resource_id": id }] });
    let told = lin.post("/v1/access/explanation", &question).expect(200).json();
    let told = &told["answers"][0];
    assert_eq!((&told["allowed"], &told["rule"]), (&json!(false), &json!("conflict-of-interest")));
    // Counts, readiness and moves do not show it either.
    let shown = lin.get(format!("/v1/cycles/{cycle}/distribution")).expect(200).json();
    assert_eq!(shown["total"]["computed"]["A"], 0, "Mei's: {shown}");
    let id = literal(app, id.parse().expect("an id"));
    let grade = |grade: &str| {
        let bare = format!("computed_grade = '{grade}', founded = (1 = 0)");
        behind(app, &format!("UPDATE review SET {bare} WHERE id = {id}"));
    };
    grade("S");
    let evidence = |client: &Client| {
        let report = client.get(format!("/v1/cycles/{cycle}/readiness?limit=200")).expect(200);
        let conditions = report.json()["conditions"].as_array().cloned().unwrap_or_default();
        let founded = conditions.iter().find(|it| it["code"] == "grades_founded").cloned();
        let told = |it: &Value| it["missing"] == "evidence";
        let items = report.json()["items"].as_array().cloned().unwrap_or_default();
        (founded.is_some_and(|it| it["is_met"] == true), items.iter().any(told))
    };
    assert_eq!(evidence(&lin), (true, false));
    assert_eq!(evidence(&app.as_(SecondHrAdmin)), (false, true));
    grade("A");
    // Lin's former manager no longer leads her, but the former manager's result is still blended
    // from hers.
    let list = app.as_(HrAdmin).all(&format!("/v1/participants?cycle_id={cycle}&limit=200"));
    let own = list.iter().find(|it| it["employee_id"] == json!(app.id("lin")));
    let own = own.and_then(|it| it["id"].as_str()).expect("Lin's").to_owned();
    let order = json!({ "manager_id": app.id("fan"), "reason": "Moved" });
    step(&app.as_(HrAdmin), &format!("/v1/participants/{own}"), "handover", Some(order))
        .expect(200);
    eventually("Fan leads now", || !sees("fan"));
    assert!(!sees("mei"), "whose result has Lin's in it");
    drive(app, &app.world.own, cycle, "published");
    assert!(sees("mei"));
}

fn nobody_resets_the_password_of_who_decides_about_them(app: &TestApp) {
    // Sun is Mei's manager, Mei is Lin's. Lin becomes an administrator.
    let hua = app.as_(HrAdmin);
    give(&hua, app.id("lin.account"), "hr_admin").expect(201);
    let lin = app.as_(Employee);
    eventually("the role is held", || lin.get("/v1/accounts").status == 200);
    for above in ["mei", "sun"] {
        let reset = app.unchanged(|| post(&lin, &account(app, above), "password-reset"));
        not_another(reset, "decides_about_issuer");
    }
    post(&lin, &account(app, "kai"), "password-reset").expect(200);
    post(&hua, &account(app, "mei"), "password-reset").expect(200);
    // Whoever answers for one's review decides about one too; so does a person whom one's puppet
    // would invite.
    let fresh = hire(&hua, app);
    let manager = fresh.json()["employee_id"].clone();
    let participant = format!("/v1/participants/{}", app.id("lin.participant"));
    let body = json!({ "manager_id": manager, "reason": "Moved" });
    step(&hua, &participant, "handover", Some(body)).expect(200);
    let reset =
        app.unchanged(|| post(&lin, &format!("/v1/accounts/{}", fresh.id()), "password-reset"));
    not_another(reset, "decides_about_issuer");
}

fn whoever_made_the_other_account_is_no_second_person(app: &TestApp) {
    let hua = app.as_(HrAdmin);
    let made = hire(&hua, app);
    let boss = enter(&hua, &made);
    give(&app.as_(SecondHrAdmin), made.id(), "executive").expect(201);
    eventually("the role is held", || boss.get("/v1/me").json()["roles"][0]["role"] == "executive");
    let cycle = confirmed(app);
    post(&hua, &cycle, "publication").expect(200);
    app.unchanged(|| not_another(post(&boss, &cycle, "publication"), "signer_credential"));
    let login = made.json()["login"].as_str().unwrap_or_default().to_owned();
    issue(app.url(), "acme", &login, &[]);
    let boss = hua.with(token(&sign_in(&hua, "acme", &login).expect(200)));
    assert_eq!(post(&boss, &cycle, "publication").expect(200).json()["state"], "published");
}

fn whoever_gave_the_role_is_no_second_person_until_another_gives_it(app: &TestApp) {
    let (hua, hao) = (app.as_(HrAdmin), app.as_(SecondHrAdmin));
    issue(app.url(), "acme", "kai", &[]);
    let kai = hua.with(token(&sign_in(&hua, "acme", "kai").expect(200)));
    give(&hua, app.id("kai.account"), "executive").expect(201);
    eventually("the role is held", || kai.get("/v1/me").json()["roles"][0]["role"] == "executive");
    let cycle = confirmed(app);
    post(&hua, &cycle, "publication").expect(200);
    app.unchanged(|| not_another(post(&kai, &cycle, "publication"), "signer_role"));
    give(&hao, app.id("kai.account"), "executive").expect(201);
    post(&kai, &cycle, "publication").expect(200);
    // Nor may somebody who has changed the e-mail address of the other signer.
    let cycle = confirmed(app);
    let person = hua.get(format!("/v1/employees/{}", app.id("ella"))).expect(200);
    hua.patch(&person, &json!({ "email": "hua2@acme.example" })).expect(200);
    post(&app.as_(Executive), &cycle, "publication").expect(200);
    app.unchanged(|| not_another(post(&hua, &cycle, "publication"), "signer_behind_other"));
    assert_eq!(post(&hao, &cycle, "publication").expect(200).json()["state"], "published");
}

fn two_puppets_are_one_person(app: &TestApp) {
    let hua = app.as_(HrAdmin);
    let puppet = |role: &str| {
        let made = hire(&hua, app);
        let puppet = enter(&hua, &made);
        give(&hua, made.id(), role).expect(201);
        eventually("the role is held", || puppet.get("/v1/me").json()["roles"][0]["role"] == role);
        puppet
    };
    let cycle = confirmed(app);
    let (one, other) = (puppet("hr_admin"), puppet("executive"));
    post(&one, &cycle, "publication").expect(200);
    app.unchanged(|| not_another(post(&other, &cycle, "publication"), "signer_credential"));
    assert_eq!(post(&app.as_(Executive), &cycle, "publication").expect(200).status, 200);
}

fn a_puppet_of_a_puppet_is_the_same_person(app: &TestApp) {
    let hua = app.as_(HrAdmin);
    let first = hire(&hua, app);
    let puppet = enter(&hua, &first);
    give(&hua, first.id(), "hr_admin").expect(201);
    eventually("the role is held", || puppet.get("/v1/accounts").status == 200);
    let second = hire(&puppet, app);
    let boss = enter(&puppet, &second);
    give(&puppet, second.id(), "executive").expect(201);
    eventually("the role is held", || boss.get("/v1/me").json()["roles"][0]["role"] == "executive");
    let cycle = confirmed(app);
    post(&hua, &cycle, "publication").expect(200);
    app.unchanged(|| not_another(post(&boss, &cycle, "publication"), "signer_credential"));
}

fn two_persons_finish_a_goal(app: &TestApp) {
    let hua = app.as_(HrAdmin);
    let goal = format!("/v1/goals/{}", app.id("goal"));
    let renewed = |name: &str| {
        let reset = post(&app.as_(SecondHrAdmin), &account(app, name), "password-reset");
        enter(&hua, &reset.expect(200))
    };
    let (lin, mei) = (renewed("lin"), renewed("mei"));
    let measured = json!({
        "period_start": "2026-01-01", "source": "crm", "external_id": "one", "value": "50",
    });
    lin.post(format!("{goal}/measurements"), &measured).expect(201);
    post(&lin, &goal, "completion").expect(200);
    app.unchanged(|| post(&lin, &goal, "completion").refused("forbidden"));
    // The same administrator has invited both, as is usual.
    assert_eq!(post(&mei, &goal, "completion").expect(200).json()["state"], "completed");
}

fn a_key_signs_nothing(app: &TestApp) {
    let body = json!({ "name": "All", "scopes": ["performance:read", "performance:write"] });
    let made = app.as_(SecondHrAdmin).post("/v1/api-keys", &body).expect(201).json();
    let secret = made["secret"].as_str().unwrap_or_default().to_owned();
    let key = app.as_(HrAdmin).with(Credentials::Key(secret));
    let cycle = confirmed(app);
    post(&app.as_(Executive), &cycle, "publication").expect(200);
    app.unchanged(|| assert!(matches!(post(&key, &cycle, "publication").status, 403 | 404)));
}

fn an_approval_ends_with_the_power_it_was_given_by(app: &TestApp) {
    let cycle = rated(app, &app.world.own, "confirmed", &[]);
    let path = format!("/v1/cycles/{cycle}");
    let (hua, hao, ella) = (app.as_(HrAdmin), app.as_(SecondHrAdmin), app.as_(Executive));
    step(&hao, &path, "publication", None).expect(200);
    // Only what may be done is offered: HR cannot approve again while its approval counts.
    let offered = || {
        let shown = hua.get(&path).expect(200).json();
        let all = hua.all("/v1/cycles");
        assert!(all.iter().any(|it| {
            let parts = ["id", "approvals", "allowed_actions"];
            parts.into_iter().all(|part| it[part] == shown[part])
        }));
        let actions = shown["allowed_actions"].as_array().expect("actions").clone();
        let approvals = shown["approvals"].as_array().expect("approvals").len();
        (actions.contains(&json!("publication")), approvals)
    };
    assert_eq!(offered(), (false, 1));
    let role = format!("/v1/role-assignments/{}", app.id("hao.role"));
    let held = hua.get(&role).expect(200);
    hua.request("DELETE", &role).if_match(&held.etag()).send().expect(204);
    assert_eq!(offered(), (true, 0));
    // The other approval is now the first one.
    let answer = step(&ella, &path, "publication", None).expect(200).json();
    assert_eq!(answer["state"], "confirmed");
    assert_eq!(step(&hua, &path, "publication", None).expect(200).json()["state"], "published");
}

fn two_of_one_hand_at_once_are_not_two_persons(app: &TestApp) {
    let hua = app.as_(HrAdmin);
    let made = hire(&hua, app);
    let boss = enter(&hua, &made);
    give(&hua, made.id(), "executive").expect(201);
    eventually("the role is held", || boss.get("/v1/me").json()["roles"][0]["role"] == "executive");
    for _ in 0..4 {
        let cycle = confirmed(app);
        let start = Barrier::new(2);
        let read = hua.get(&cycle).expect(200);
        std::thread::scope(|scope| {
            for who in [&hua, &boss] {
                let (start, read) = (&start, &read);
                scope.spawn(move || {
                    start.wait();
                    let path = format!("{}/publication", read.path);
                    who.request("POST", path).if_match(&read.etag()).send();
                    let now = who.get(&read.path).expect(200);
                    let path = format!("{}/publication", read.path);
                    who.request("POST", path).if_match(&now.etag()).send()
                });
            }
        });
        assert_eq!(hua.get(&cycle).json()["state"], "confirmed");
    }
}

fn credentials_of_those_who_decide_come_from_the_command_line(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    for name in ["ella", "cai", "fen", "min", "hao", "ada"] {
        let reset = app.unchanged(|| post(&hr, &account(app, name), "password-reset"));
        let refused = reset.refused("forbidden");
        assert_eq!(refused.json()["rule"], "credentials-to-owner");
        refused.faults(&[("", "command_line_issues")]);
    }
    // Nor of people who will get such a role later.
    let body = json!({
        "account_id": app.id("kai.account"), "role": "finance", "valid_from": "2090-01-01",
    });
    hr.post("/v1/role-assignments", &body).expect(201);
    post(&hr, &account(app, "kai"), "password-reset").refused("forbidden");
    let shown = post(&hr, &account(app, "bo"), "password-reset").expect(200).json();
    assert!(shown["setup_token"].is_string());
    assert_eq!(shown["credential_by"], json!(app.id("hua.account")));
}

fn an_unused_token_ends_when_its_account_is_to_decide(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let made = hire(&hr, app);
    give(&hr, made.id(), "executive").expect(201);
    let body = json!({ "setup_token": made.json()["setup_token"], "password": PASSWORD });
    hr.post("/v1/auth/password-setup", &body).refused("unauthenticated");
    let login = made.json()["login"].as_str().unwrap_or_default().to_owned();
    issue(app.url(), "acme", &login, &[]);
    sign_in(&hr, "acme", &login).expect(200);
    let read = hr.get(format!("/v1/accounts/{}", made.id())).expect(200).json();
    assert_eq!(read["credential_by"], Value::Null);
}

fn an_unused_token_ends_with_the_account_or_the_employment(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let refused = |made: &Answer| {
        let body = json!({ "setup_token": made.json()["setup_token"], "password": PASSWORD });
        hr.with(Credentials::None)
            .post("/v1/auth/password-setup", &body)
            .refused("unauthenticated");
    };
    let made = hire(&hr, app);
    let path = format!("/v1/accounts/{}", made.id());
    post(&hr, &path, "deactivation").expect(200);
    post(&hr, &path, "activation").expect(200);
    refused(&made);
    let made = hire(&hr, app);
    let person =
        format!("/v1/employees/{}", made.json()["employee_id"].as_str().unwrap_or_default());
    let last = json!({ "last_day": "2025-06-30", "reason": "Moved away" });
    step(&hr, &person, "termination", Some(last)).expect(200);
    refused(&made);
}

fn the_first_administrator_is_told_to_bind_an_employee(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let founder = hr.with(token(&sign_in(&hr, "acme", "founder").expect(200)));
    let me = founder.get("/v1/me").expect(200).json();
    assert_eq!(me["binding_needed"], true);
    assert_eq!(hr.get("/v1/me").expect(200).json()["binding_needed"], false);
    let own = format!("/v1/accounts/{}", me["id"].as_str().unwrap_or_default());
    let bind = |who: &Client, account: &str, person: Uuid| {
        step(who, account, "employee", Some(json!({ "employee_id": person })))
    };
    app.unchanged(|| {
        let taken = bind(&hr, &own, app.id("lin")).refused("duplicate");
        taken.faults(&[("/employee_id", "duplicate")]);
        bind(&hr, &own, app.world.other.id("sun")).refused("validation-failed");
        bind(&hr, &account(app, "lin"), app.id("sun"))
            .refused("guard-failed")
            .faults(&[("", "account_bound")]);
    });
    // Nobody can bind an account that an administrator created to a person of their choice.
    let stray = hr.post("/v1/accounts", &json!({ "login": unique("stray") })).expect(201);
    let visitor = enter(&hr, &stray);
    let path = format!("/v1/accounts/{}", stray.id());
    app.unchanged(|| bind(&visitor, &path, app.id("lin")).refused("forbidden"));
    // Not even the founder can bind their own account, because the founder may have invented the
    // employee.
    let number = unique("F").to_uppercase();
    let person = json!({
        "employee_number": number, "name": "Founder", "hire_date": "2020-01-01",
        "org_unit_id": app.id("company"),
    });
    let person = hr.post("/v1/employees", &person).expect(201).id();
    app.unchanged(|| bind(&founder, &own, person).refused("forbidden"));
    issue_for(app.url(), "acme", "founder", &number, &[]);
    let founder = hr.with(token(&sign_in(&hr, "acme", "founder").expect(200)));
    let me = founder.get("/v1/me").expect(200).json();
    assert_eq!((&me["employee_id"], &me["binding_needed"]), (&json!(person), &json!(false)));
}

fn everybody_is_told_who_gave_them_what_they_have(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    give(&hr, app.id("lin.account"), "auditor").expect(201);
    let lin = app.as_(Employee);
    eventually("the role is held", || lin.get("/v1/me").json()["roles"][0].is_object());
    let me = lin.get("/v1/me").expect(200).json();
    assert_eq!(me["roles"][0]["given_by"]["name"], "hua");
    assert_eq!(me["credential"]["issued_by"]["name"], "founder");
    assert!(me["credential"]["issued_at"].is_string());
    let me = hr.get("/v1/me").expect(200).json();
    assert_eq!(me["credential"]["issued_by"], Value::Null);
    assert_eq!(me["keys"].as_array().map(Vec::len), Some(4));
    assert_eq!(me["keys"][0]["made_by"]["name"], "hua");
    let hua = app.id("hua.account").into();
    let mut own = app.read(move |store| store.own_access_resources(hua));
    own.sort();
    let names = ["hua.role", "reader.key", "unit-reader.key", "writer.key", "follower.key"];
    let mut expected = names.map(|name| app.id(name));
    expected.sort();
    assert_eq!(own, expected);
}

/// A key of Hao's that may write people.
fn key_of_hao(app: &TestApp) -> (String, Client) {
    let body = json!({ "name": unique("Key"), "scopes": ["people:read", "people:write"] });
    let made = app.as_(SecondHrAdmin).post("/v1/api-keys", &body).expect(201);
    let secret = made.json()["secret"].as_str().unwrap_or_default().to_owned();
    let key = app.as_(HrAdmin).with(Credentials::Key(secret));
    (format!("/v1/api-keys/{}", made.id()), key)
}

fn revoke(hr: &Client, role: Uuid) -> Answer {
    let read = hr.get(format!("/v1/role-assignments/{role}")).expect(200);
    hr.request("DELETE", &read.path).if_match(&read.etag()).send()
}

fn a_key_does_what_its_owner_may_do_now(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let (path, key) = key_of_hao(app);
    let hiring =
        json!([{ "employee_number": unique("K"), "name": "K", "hire_date": "2024-01-01" }]);
    key.post("/v1/employees/bulk?dry_run=true", &hiring).expect(200);
    let shown = hr.get(&path).expect(200).json();
    assert_eq!((&shown["is_working"], &shown["stops_on"]), (&json!(true), &Value::Null));
    revoke(&hr, app.id("hao.role")).expect(204);
    eventually("the key does nothing", || {
        key.post("/v1/employees/bulk?dry_run=true", &hiring).status == 403
    });
    key.get("/v1/employees").refused("scope-missing");
    assert_eq!(key.get("/v1/me").expect(200).json()["scopes"], json!([]));
    assert_eq!(hr.get(&path).expect(200).json()["is_working"], false);
    let list = format!("/v1/api-keys?owner_account_id={}", app.id("hao.account"));
    assert_eq!(hr.all(&list).len(), 1);
    assert_eq!(hr.all("/v1/api-keys").len(), 5);
}

fn a_key_is_taken_over(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let (path, key) = key_of_hao(app);
    app.unchanged(|| {
        let own = post(&app.as_(SecondHrAdmin), &path, "takeover").refused("guard-failed");
        own.faults(&[("", "key_is_own")]);
        post(&app.as_(Auditor), &path, "takeover").refused("forbidden");
    });
    let hao = hr.get(format!("/v1/employees/{}", app.id("hao"))).expect(200);
    let body = json!({ "last_day": "2099-06-30", "reason": "Retires" });
    step(&hr, &hao.path, "termination", Some(body)).expect(200);
    assert_eq!(hr.get(&path).expect(200).json()["stops_on"], "2099-06-30");
    let taken = post(&hr, &path, "takeover").expect(200).json();
    assert_eq!(taken["owner_account_id"], json!(app.id("hua.account")));
    assert_eq!(taken["made_by"], json!(app.id("hao.account")));
    assert_eq!(taken["stops_on"], Value::Null);
    post(&hr, &account(app, "hao"), "deactivation").expect(200);
    eventually("the key goes on", || key.get("/v1/employees").status == 200);
    // The key cannot change the records of its owner or its maker.
    for name in ["hua", "hao"] {
        let person = hr.get(format!("/v1/employees/{}", app.id(name))).expect(200);
        assert!(matches!(key.patch(&person, &json!({ "name": "X" })).status, 403 | 404));
    }
}

fn powers_end_with_the_employment(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    give(&hr, app.id("kai.account"), "auditor").expect(201);
    let kai = app.as_(Colleague);
    eventually("the role is held", || kai.get("/v1/accounts").status == 200);
    let path = format!("/v1/employees/{}", app.id("kai"));
    let roles = || {
        let list = format!("/v1/role-assignments?account_id={}", app.id("kai.account"));
        hr.all(&list)
    };
    let body = json!({ "last_day": "2025-12-31", "reason": "Moves away" });
    step(&hr, &path, "termination", Some(body)).expect(200);
    assert!(roles().is_empty(), "a role that began later is revoked");
    eventually("access ends", || kai.get("/v1/me").status == 401);
    step(&hr, &path, "reinstatement", Some(json!({ "reason": "Stays" }))).expect(200);
    kai.get("/v1/me").refused("unauthenticated");
    let kai = hr.with(token(&sign_in(&hr, "acme", "kai").expect(200)));
    assert_eq!(kai.get("/v1/me").expect(200).json()["roles"], json!([]));

    // The same by an import, with a last day in the future.
    give(&hr, app.id("kai.account"), "auditor").expect(201);
    let row = |last: Value| {
        let body = json!([{
            "employee_number": "KAI", "name": "kai", "hire_date": "2015-03-01",
            "termination_date": last,
        }]);
        hr.post("/v1/employees/bulk", &body).expect(200)
    };
    row(json!("2099-12-31"));
    assert_eq!(roles()[0]["valid_to"], "2099-12-31");
    let told = hr.get("/v1/events?types=role_assignment.ended").expect(200).json();
    assert_eq!(told["items"].as_array().map(Vec::len), Some(1));
    kai.get("/v1/me").expect(200);
    row(Value::Null);
    eventually("the session has ended", || kai.get("/v1/me").status == 401);
    assert_eq!(roles()[0]["valid_to"], "2099-12-31", "it does not come back");
}

fn a_session_ends_however_much_it_is_used(app: &TestApp) {
    let pair = sign_in(&app.as_(HrAdmin), "acme", "kai").expect(200).json();
    let nobody = app.as_(HrAdmin).with(Credentials::None);
    let mut token = pair["refresh_token"].clone();
    let mut days = 0;
    loop {
        app.clock().advance(TimeDelta::days(7));
        let answer = nobody.post("/v1/auth/refresh", &json!({ "refresh_token": token }));
        if answer.status != 200 {
            answer.refused("unauthenticated");
            break;
        }
        days += 7;
        let left = answer.json()["refresh_expires_in"].as_i64().unwrap_or_default();
        assert!(left <= (30 - days) * 86_400, "{left} seconds after {days} days");
        token = answer.json()["refresh_token"].take();
    }
    assert_eq!(days, 28);
}

/// Leaves Hua and Hao as the only administrators.
fn two_administrators(app: &TestApp) -> (Client, Client) {
    let (hua, hao) = (app.as_(HrAdmin), app.as_(SecondHrAdmin));
    for role in hua.all("/v1/role-assignments?role=hr_admin") {
        let id: Uuid = role["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
        if ![app.id("hua.role"), app.id("hao.role")].contains(&id) {
            revoke(&hua, id).expect(204);
        }
    }
    (hua, hao)
}

/// The ways in which one administrator can remove another one.
const WAYS: [&str; 6] =
    ["revocation", "deactivation", "termination", "departure", "postponement", "import"];

fn remove(hr: &Client, app: &TestApp, name: &str, way: &str) -> Answer {
    let person = format!("/v1/employees/{}", app.id(name));
    let leave = |last: &str| {
        step(hr, &person, "termination", Some(json!({ "last_day": last, "reason": "X" })))
    };
    match way {
        "revocation" => revoke(hr, app.id(&format!("{name}.role"))),
        "deactivation" => post(hr, &account(app, name), "deactivation"),
        "termination" => leave("2025-12-31"),
        "departure" => leave("2099-12-31"),
        "postponement" => {
            hr.patch(&hr.get(&person).expect(200), &json!({ "hire_date": "2099-12-31" }))
        }
        _ => {
            let row = json!([{
                "employee_number": name.to_uppercase(), "name": name,
                "hire_date": "2015-03-01", "termination_date": "2099-12-31",
            }]);
            hr.post("/v1/employees/bulk", &row)
        }
    }
}

fn the_last_administrator_stays_on_every_path(app: &TestApp) {
    let (hua, hao) = two_administrators(app);
    // An administrator whose role has an end date does not count.
    let until = json!({
        "account_id": app.id("kai.account"), "role": "hr_admin", "valid_to": "2099-12-31",
    });
    hua.post("/v1/role-assignments", &until).expect(201);
    let kai = app.as_(Colleague);
    eventually("the role is held", || kai.get("/v1/accounts").status == 200);
    revoke(&hua, app.id("hao.role")).expect(204);
    let _ = hao;
    for way in WAYS {
        let refused = app.unchanged(|| remove(&kai, app, "hua", way)).refused("guard-failed");
        refused.faults(&[("", "last_administrator")]);
    }
    let reset = app.unchanged(|| post(&kai, &account(app, "hua"), "password-reset"));
    reset.refused("forbidden");
    hua.get("/v1/accounts").expect(200);
}

fn two_administrators_who_remove_each_other_leave_one(app: &TestApp) {
    for way in WAYS {
        let app = TestApp::start(app.engine, &[]);
        let (hua, hao) = two_administrators(&app);
        let start = Barrier::new(2);
        let done = std::thread::scope(|scope| {
            let ways = [(&hua, "hao"), (&hao, "hua")].map(|(who, other)| {
                let (start, app) = (&start, &app);
                scope.spawn(move || {
                    start.wait();
                    remove(who, app, other, way).status < 300
                })
            });
            ways.map(|thread| thread.join().unwrap_or_default())
        });
        assert_ne!(done, [true, true], "{way}");
        let left = [&hua, &hao].iter().filter(|who| who.get("/v1/accounts").status == 200).count();
        assert!(left >= 1, "{way}");
    }
}
