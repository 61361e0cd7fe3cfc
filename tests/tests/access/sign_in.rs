//! Signing in and out, tokens, sessions and passwords.

use chrono::TimeDelta;
use serde_json::{Value, json};
use tests::client::Credentials;
use tests::world::Persona::{Anonymous, Employee, HrAdmin, PeopleReader, Terminated};
use tests::world::{PASSWORD, sign_in};
use tests::{Answer, Client, TestApp, app::eventually, on_each_engine};

on_each_engine![
    a_person_signs_in_and_out,
    a_wrong_login_and_a_wrong_password_look_alike,
    failed_attempts_wait_but_lock_nobody_out,
    a_refresh_token_is_good_once,
    a_lost_answer_may_be_asked_for_again,
    a_replayed_refresh_token_ends_the_session,
    tokens_that_are_not_ours_are_refused,
    a_token_runs_out,
    a_password_is_changed_by_who_knows_it,
    weak_passwords_are_refused,
    a_setup_token_is_good_once,
    everything_ends_with_the_sessions,
    who_has_left_does_not_come_in,
    a_key_is_rotated_under_way,
];

fn pair(app: &TestApp) -> Value {
    sign_in(&app.as_(Anonymous), "acme", "lin").expect(200).json()
}

fn with(app: &TestApp, access_token: &Value) -> Client {
    let token = access_token.as_str().unwrap_or_default().to_owned();
    app.as_(Anonymous).with(Credentials::Token(token))
}

fn refresh(app: &TestApp, refresh_token: &Value) -> Answer {
    let body = json!({ "refresh_token": refresh_token });
    app.as_(Anonymous).post("/v1/auth/refresh", &body)
}

/// Fails unless access ends within a second.
fn ends(client: &Client) {
    eventually("access ends", || client.get("/v1/me").problem() == Some("unauthenticated"));
}

fn a_person_signs_in_and_out(app: &TestApp) {
    let pair = pair(app);
    assert_eq!(pair["token_type"], "Bearer");
    let lin = with(app, &pair["access_token"]);
    let me = lin.get("/v1/me").expect(200).json();
    assert_eq!(me["login"], "lin");
    assert_eq!(me["employee_id"], json!(app.id("lin")));
    assert_eq!(me["tenant"]["slug"], "acme");
    let body = json!({ "refresh_token": pair["refresh_token"] });
    app.as_(Anonymous).post("/v1/auth/logout", &body).expect(204);
    app.unchanged(|| app.as_(Anonymous).post("/v1/auth/logout", &body).expect(204));
    refresh(app, &pair["refresh_token"]).refused("unauthenticated");
    ends(&lin);
    app.as_(Employee).get("/v1/me").expect(200);
}

fn a_wrong_login_and_a_wrong_password_look_alike(app: &TestApp) {
    let nobody = app.as_(Anonymous);
    let refuse = |tenant: &str, login: &str, password: &str| {
        let body = json!({ "tenant": tenant, "login": login, "password": password });
        let mut body = nobody.post("/v1/auth/token", &body).refused("invalid-credentials").json();
        body["request_id"].take();
        body
    };
    let first = refuse("acme", "lin", "the wrong password");
    assert_eq!(refuse("acme", "nobody", "the wrong password"), first);
    assert_eq!(refuse("nowhere", "lin", PASSWORD), first);
    assert_eq!(refuse("globex", "kai", PASSWORD), first);
    let upper = json!({ "tenant": "acme", "login": "LIN", "password": PASSWORD });
    nobody.post("/v1/auth/token", &upper).expect(200);
}

fn failed_attempts_wait_but_lock_nobody_out(app: &TestApp) {
    let nobody = app.as_(Anonymous);
    let wrong = json!({ "tenant": "acme", "login": "mei", "password": "the wrong password" });
    let mut answers = (0..8).map(|_| nobody.post("/v1/auth/token", &wrong));
    let held = answers.find(|answer| answer.status == 429).expect("attempts are held back");
    let held = held.refused("too-many-sign-in-attempts");
    let seconds: i64 = held.header("Retry-After").and_then(|text| text.parse().ok()).unwrap_or(0);
    assert!((1..=600).contains(&seconds));
    sign_in(&nobody, "acme", "lin").expect(200);
    app.clock().advance(TimeDelta::seconds(seconds + 1));
    sign_in(&nobody, "acme", "mei").expect(200);
}

fn a_refresh_token_is_good_once(app: &TestApp) {
    let first = pair(app);
    let second = refresh(app, &first["refresh_token"]).expect(200).json();
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    with(app, &second["access_token"]).get("/v1/me").expect(200);
    let third = refresh(app, &second["refresh_token"]).expect(200).json();
    with(app, &third["access_token"]).get("/v1/me").expect(200);
    for nonsense in [json!("x"), json!("e30"), third["access_token"].clone()] {
        refresh(app, &nonsense).refused("unauthenticated");
    }
    with(app, &third["refresh_token"]).get("/v1/me").refused("unauthenticated");
}

fn a_lost_answer_may_be_asked_for_again(app: &TestApp) {
    let first = pair(app);
    let once = refresh(app, &first["refresh_token"]).expect(200).json();
    let again = refresh(app, &first["refresh_token"]).expect(200).json();
    let once = refresh(app, &once["refresh_token"]).expect(200).json();
    let again = refresh(app, &again["refresh_token"]).expect(200).json();
    assert_eq!(with(app, &once["access_token"]).get("/v1/me").status, 200);
    assert_eq!(with(app, &again["access_token"]).get("/v1/me").status, 200);
}

fn a_replayed_refresh_token_ends_the_session(app: &TestApp) {
    let first = pair(app);
    let second = refresh(app, &first["refresh_token"]).expect(200).json();
    let thief = with(app, &second["access_token"]);
    thief.get("/v1/me").expect(200);
    app.clock().advance(TimeDelta::seconds(11));
    refresh(app, &first["refresh_token"]).refused("refresh-reused");
    refresh(app, &second["refresh_token"]).refused("unauthenticated");
    ends(&thief);
    app.as_(Employee).get("/v1/me").expect(200);
}

/// A token in which some of the three parts are changed.
fn forged(token: &str, change: impl Fn(&mut Vec<String>)) -> String {
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    change(&mut parts);
    parts.join(".")
}

fn tokens_that_are_not_ours_are_refused(app: &TestApp) {
    let Credentials::Token(token) = app.world.credentials(Employee) else { panic!("a token") };
    let key = app.app().keys.ring()[0].clone();
    let claims = |audience: &str, kind: &str| {
        let claims = forged(&token, |_| ());
        let middle = claims.split('.').nth(1).unwrap_or_default().to_owned();
        let bytes = tests::tokens::decode(&middle);
        let mut claims: Value = serde_json::from_slice(&bytes).expect("claims are JSON");
        claims["aud"] = audience.into();
        claims["typ"] = kind.into();
        claims
    };
    let good = claims("evenhand-api", "access");
    let sign = |header: Value, claims: &Value, secret: &[u8]| {
        tests::tokens::signed(&header, claims, secret)
    };
    let header = |algorithm: &str, kid: &str| json!({ "alg": algorithm, "typ": "JWT", "kid": kid });
    let mine = header("HS256", &key.kid);
    let control = sign(mine.clone(), &good, &key.secret);
    with(app, &control.into()).get("/v1/me").expect(200);

    let mut text_expiry = good.clone();
    text_expiry["exp"] = json!("2099-01-01");
    let mut other_tenant = good.clone();
    other_tenant["tid"] = json!(app.world.other.tenant);
    let mut other_epoch = good.clone();
    other_epoch["epoch"] = json!(99);
    let bad = [
        ("another audience", sign(mine.clone(), &claims("elsewhere", "access"), &key.secret)),
        (
            "a refresh token's type",
            sign(mine.clone(), &claims("evenhand-api", "refresh"), &key.secret),
        ),
        ("another secret", sign(mine.clone(), &good, &[7; 32])),
        ("no algorithm", sign(header("none", &key.kid), &good, &key.secret)),
        ("another algorithm", sign(header("HS512", &key.kid), &good, &key.secret)),
        ("RS256 with our secret", sign(header("RS256", &key.kid), &good, &key.secret)),
        ("an unknown key", sign(header("HS256", "unknown"), &good, &key.secret)),
        ("a path as key", sign(header("HS256", "../../dev/null"), &good, b"")),
        ("no key", sign(json!({ "alg": "HS256", "typ": "JWT" }), &good, &key.secret)),
        ("an expiry that is text", sign(mine.clone(), &text_expiry, &key.secret)),
        ("another tenant", sign(mine.clone(), &other_tenant, &key.secret)),
        ("another epoch", sign(mine, &other_epoch, &key.secret)),
        ("no signature", forged(&token, |parts| parts[2].clear())),
        ("two parts", forged(&token, |parts| parts.truncate(2))),
        ("nothing", String::new()),
        ("another scheme's", "Basic bGluOmxpbg==".to_owned()),
    ];
    for (what, token) in bad {
        let answer = with(app, &token.into()).get("/v1/me");
        assert_eq!(answer.problem(), Some("unauthenticated"), "{what}: {answer:?}");
        assert_eq!(answer.header("WWW-Authenticate"), Some("Bearer"));
    }
}

fn a_token_runs_out(app: &TestApp) {
    let lin = with(app, &pair(app)["access_token"]);
    lin.get("/v1/me").expect(200);
    app.clock().advance(TimeDelta::minutes(1440) + TimeDelta::seconds(10));
    lin.get("/v1/me").refused("token-expired");
}

fn a_password_is_changed_by_who_knows_it(app: &TestApp) {
    let lin = with(app, &pair(app)["access_token"]);
    let change = |current: &str, new: &str| {
        let body = json!({ "current_password": current, "new_password": new });
        lin.post("/v1/me/password-change", &body)
    };
    app.unchanged(|| {
        change("the wrong password", "eight purple otters").refused("invalid-credentials")
    });
    change(PASSWORD, "eight purple otters").expect(204);
    ends(&lin);
    ends(&app.as_(Employee));
    sign_in(&app.as_(Anonymous), "acme", "lin").refused("invalid-credentials");
    let body = json!({ "tenant": "acme", "login": "lin", "password": "eight purple otters" });
    app.as_(Anonymous).post("/v1/auth/token", &body).expect(200);
}

fn weak_passwords_are_refused(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let body = json!({ "login": "zhang.wei@acme.example" });
    let made = hr.post("/v1/accounts", &body).expect(201).json();
    let choose = |password: &str| {
        let body = json!({ "setup_token": made["setup_token"], "password": password });
        app.unchanged(|| hr.post("/v1/auth/password-setup", &body)).refused("validation-failed")
    };
    choose("short").faults(&[("/password", "too_short")]);
    choose(&"long ".repeat(26)).faults(&[("/password", "too_long")]);
    choose("aaaaaaaaaaaaaaaa").faults(&[("/password", "password_weak")]);
    choose("my name is zhang.wei").faults(&[("/password", "password_weak")]);
}

fn a_setup_token_is_good_once(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let made = hr.post("/v1/accounts", &json!({ "login": "new" })).expect(201);
    assert_eq!(made.json()["status"], "invited");
    let set_up = |token: &Value| {
        let body = json!({ "setup_token": token, "password": PASSWORD });
        hr.with(Credentials::None).post("/v1/auth/password-setup", &body)
    };
    sign_in(&hr, "acme", "new").refused("invalid-credentials");
    let token = made.json()["setup_token"].clone();
    set_up(&token).expect(204);
    app.unchanged(|| set_up(&token).refused("unauthenticated"));
    app.unchanged(|| set_up(&json!("evs_nonsense")).refused("unauthenticated"));
    sign_in(&hr, "acme", "new").expect(200);

    let read = hr.get(format!("/v1/accounts/{}", made.id())).expect(200);
    assert!(read.json().get("setup_token").is_none(), "it is shown once");
    let reset = hr.request("POST", format!("{}/password-reset", read.path));
    let reset = reset.if_match(&read.etag()).send().expect(200).json();
    sign_in(&hr, "acme", "new").refused("invalid-credentials");
    app.clock().advance(TimeDelta::days(8));
    set_up(&reset["setup_token"]).refused("unauthenticated");
}

fn everything_ends_with_the_sessions(app: &TestApp) {
    let lin = with(app, &pair(app)["access_token"]);
    let other = app.as_(Employee);
    other.get("/v1/me").expect(200);
    lin.request("POST", "/v1/me/session-revocation").send().expect(204);
    ends(&lin);
    ends(&other);
    sign_in(&lin, "acme", "lin").expect(200);
    let key = app.as_(PeopleReader).request("POST", "/v1/me/session-revocation").send();
    assert_eq!(key.status, 403, "{key:?}");
}

fn who_has_left_does_not_come_in(app: &TestApp) {
    app.as_(Terminated).get("/v1/me").refused("unauthenticated");
    sign_in(&app.as_(Anonymous), "acme", "tom").refused("invalid-credentials");

    let hr = app.as_(HrAdmin);
    let lin = app.as_(Employee);
    lin.get("/v1/me").expect(200);
    let read = hr.get(format!("/v1/employees/{}", app.id("lin"))).expect(200);
    let leaving = hr.request("POST", format!("{}/termination", read.path)).if_match(&read.etag());
    let body = json!({ "last_day": "2025-12-31", "reason": "Resigned" });
    leaving.json(&body).send().expect(200);
    ends(&lin);
}

fn a_key_is_rotated_under_way(app: &TestApp) {
    let before = pair(app);
    let (made, said) = tests::process::run(&["key", "rotate", "--database-url", app.url()], "");
    assert!(made, "{said}");
    app.clock().advance(TimeDelta::seconds(30));
    let mut after = pair(app);
    let kid = |pair: &Value| {
        let header = pair["access_token"].as_str().and_then(|token| token.split('.').next());
        let header = tests::tokens::decode(header.unwrap_or_default());
        let header: Value = serde_json::from_slice(&header).expect("a header is JSON");
        header["kid"].clone()
    };
    eventually("the new key signs", || {
        after = pair(app);
        kid(&after) != kid(&before)
    });
    with(app, &before["access_token"]).get("/v1/me").expect(200);
    with(app, &after["access_token"]).get("/v1/me").expect(200);
    let second = refresh(app, &before["refresh_token"]).expect(200).json();
    with(app, &second["access_token"]).get("/v1/me").expect(200);

    let old = kid(&before);
    let retire = ["key", "retire", old.as_str().unwrap_or_default(), "--database-url", app.url()];
    let (retired, said) = tests::process::run(&retire, "");
    assert!(retired, "{said}");
    ends(&with(app, &before["access_token"]));
    with(app, &after["access_token"]).get("/v1/me").expect(200);
}
