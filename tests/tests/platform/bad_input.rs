//! Invalid input is refused with its exact problem type, every fault is named, and nothing changes.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;
use tests::calls::{self, Calls};
use tests::client::Credentials;
use tests::cycles::design;
use tests::world::Persona::HrAdmin;
use tests::{Answer, TestApp, on_each_engine};

on_each_engine![
    what_does_not_go_together_is_told_with_all_other_faults,
    every_fault_of_a_body_is_named_at_once,
    what_is_no_json_is_malformed,
    a_property_that_stands_twice_is_refused,
    a_whole_number_may_be_written_with_a_point,
    a_path_offers_the_methods_of_its_own_route,
    json_too_deep_is_refused_before_it_is_read,
    other_media_types_are_refused,
    compressed_bodies_are_refused_unread,
    oversize_bodies_are_refused,
    a_body_that_drips_is_cut_off,
    ids_that_name_nothing_are_not_found,
    a_change_names_the_version_it_is_made_from,
    what_the_contract_guards_is_refused_without_a_version,
    a_merge_patch_tells_null_from_absent,
    refusals_speak_the_readers_language,
];

fn post(app: &TestApp, media_type: &str, body: impl Into<Vec<u8>>) -> Answer {
    let request = app.as_(HrAdmin).request("POST", "/v1/positions").body(media_type, body);
    app.unchanged(|| request.send())
}

fn post_json(app: &TestApp, body: &Value) -> Answer {
    post(app, "application/json", body.to_string())
}

fn every_fault_of_a_body_is_named_at_once(app: &TestApp) {
    let bad = json!({ "code": "", "title": 5, "level": 31, "colour": "red", "a/b~c": 1 });
    post_json(app, &bad).refused("validation-failed").faults(&[
        ("/code", "pattern"),
        ("/code", "too_short"),
        ("/title", "wrong_type"),
        ("/level", "too_large"),
        ("/colour", "unknown_property"),
        ("/a~1b~0c", "unknown_property"),
    ]);
    post_json(app, &json!({})).refused("validation-failed").faults(&[
        ("/code", "required"),
        ("/title", "required"),
        ("/level", "required"),
    ]);
    let long = json!({ "code": "x".repeat(65), "title": "\u{4e2d}".repeat(201), "level": 0 });
    post_json(app, &long).refused("validation-failed").faults(&[
        ("/code", "too_long"),
        ("/title", "too_long"),
        ("/level", "too_small"),
    ]);
    for level in [json!(1.5), json!("1"), json!(null), json!(9_000_000_000_i64), json!(1e300)] {
        let body = json!({ "code": "X", "title": "X", "level": level });
        post_json(app, &body).refused("validation-failed");
    }
    for body in [json!([]), json!("text"), json!(null), json!(7)] {
        post_json(app, &body).refused("validation-failed").faults(&[("", "wrong_type")]);
    }
}

fn what_is_no_json_is_malformed(app: &TestApp) {
    let broken: [&[u8]; 8] = [
        b"",
        b"{",
        b"{\"code\": \"X\",}",
        b"{\"code\": \"\xff\xfe\", \"title\": \"T\", \"level\": 1}",
        b"{\"code\": \"\xed\xa0\x80\", \"title\": \"T\", \"level\": 1}",
        b"{\"code\": \"X\", \"title\": \"\\ud800\", \"level\": 1}",
        b"{\"code\": \"X\", \"title\": \"T\", \"level\": 1} trailing",
        b"code=X&title=T&level=1",
    ];
    for body in broken {
        let answer = post(app, "application/json", body);
        assert!(
            matches!(answer.problem(), Some("malformed-request" | "encoding-invalid")),
            "{answer:?}"
        );
    }
    let nul = json!({ "code": "A\u{0}B", "title": "T", "level": 1 });
    post_json(app, &nul).refused("validation-failed");
}

fn a_property_that_stands_twice_is_refused(app: &TestApp) {
    let twice = r#"{"code": "X", "title": "T", "level": 1, "code": "Y", "title": "T"}"#;
    post(app, "application/json", twice)
        .refused("validation-failed")
        .faults(&[("/code", "duplicate_key"), ("/title", "duplicate_key")]);

    let row = r#"{"code": "X", "name": "X", "kind": "team", "name": "Y"}"#;
    for (media_type, body) in
        [("application/x-ndjson", row.to_owned()), ("application/json", format!("[{row}]"))]
    {
        let request = app.as_(HrAdmin).request("POST", "/v1/org-units/bulk");
        app.unchanged(|| request.body(media_type, body).send())
            .refused("validation-failed")
            .faults(&[("/0/name", "duplicate_key")]);
    }
}

fn a_whole_number_may_be_written_with_a_point(app: &TestApp) {
    let body = r#"{"code": "POINT", "title": "T", "level": 19.0}"#;
    let request = app.as_(HrAdmin).request("POST", "/v1/positions");
    let made = request.body("application/json", body).send().expect(201).json();
    assert_eq!(made["level"], 19);
    let body = r#"{"code": "POINT", "title": "T", "level": 19.5}"#;
    let refused = post(app, "application/json", body).refused("validation-failed");
    refused.faults(&[("/level", "wrong_type")]);
}

fn a_path_offers_the_methods_of_its_own_route(app: &TestApp) {
    for (path, methods) in [
        ("/v1/employees/bulk", "OPTIONS, POST"),
        ("/v1/employees/019a0000-0000-7000-8000-000000000000", "GET, HEAD, OPTIONS, PATCH"),
    ] {
        let offered = app.as_(HrAdmin).request("OPTIONS", path).send().expect(204);
        assert_eq!(offered.header("Allow"), Some(methods), "{path}");
        let refused = app.as_(HrAdmin).request("PUT", path).json(&json!({})).send();
        assert_eq!(refused.refused("method-not-allowed").header("Allow"), Some(methods), "{path}");
    }
    // They are names, not ids of records, though the contract alone does not tell.
    for (method, path) in [
        ("GET", "/v1/employees/bulk"),
        ("PATCH", "/v1/employees/bulk"),
        ("PATCH", "/v1/employees/export"),
        ("DELETE", "/v1/org-units/bulk"),
    ] {
        let refused = app.as_(HrAdmin).request(method, path).try_send().expect("an answer");
        refused.refused("method-not-allowed");
    }
}

fn json_too_deep_is_refused_before_it_is_read(app: &TestApp) {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let body = format!("{}1{}", open.repeat(5_000), close.repeat(5_000));
        post(app, "application/json", body).refused("json-too-deep");
        post(app, "application/json", open.repeat(5_000)).refused("json-too-deep");
    }
    let brackets = json!({ "code": "[".repeat(60), "title": "{".repeat(200), "level": 1 });
    let answer = app.as_(HrAdmin).post("/v1/positions", &brackets);
    answer.expect(201);
}

fn other_media_types_are_refused(app: &TestApp) {
    let body = json!({ "code": "X", "title": "T", "level": 1 }).to_string();
    for kind in ["text/plain", "application/xml", "application/x-www-form-urlencoded", "nonsense"] {
        post(app, kind, body.clone()).refused("unsupported-media-type");
    }
    let spelled = "Application/JSON; charset=utf-8";
    let request = app.as_(HrAdmin).request("POST", "/v1/positions").body(spelled, body);
    request.send().expect(201);
}

fn compressed_bodies_are_refused_unread(app: &TestApp) {
    // One zstd block that stands for 128 KiB of blanks, a thousand times: 4 KiB for 125 MiB.
    let mut zstd = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38];
    for _ in 0..1000 {
        zstd.extend([0x02, 0x00, 0x10, b' ']);
    }
    let gzip = [0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 3].to_vec();
    for (encoding, body) in
        [("zstd", zstd), ("gzip", gzip.clone()), ("br", gzip), ("nonsense", vec![])]
    {
        let request = app.as_(HrAdmin).request("POST", "/v1/positions");
        let request = request.header("Content-Encoding", encoding).body("application/json", body);
        app.unchanged(|| request.send()).refused("content-encoding-refused");
    }
    let plain = json!({ "code": "X", "title": "T", "level": 1 });
    let request = app.as_(HrAdmin).request("POST", "/v1/positions").json(&plain);
    request.header("Content-Encoding", "identity").send().expect(201);
}

fn oversize_bodies_are_refused(app: &TestApp) {
    let limit = app.app().settings.body_limit;
    let title = "x".repeat(limit);
    let body = json!({ "code": "X", "title": title, "level": 1 });
    post_json(app, &body).refused("body-too-large");
}

fn a_body_that_drips_is_cut_off(app: &TestApp) {
    let app = TestApp::start(app.engine, &["--body-seconds", "1"]);
    let Credentials::Token(token) = app.world.credentials(HrAdmin) else { panic!("a token") };
    let mut stream = TcpStream::connect(app.as_(HrAdmin).address()).expect("connect");
    let head = format!(
        "POST /v1/positions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n{{"
    );
    stream.write_all(head.as_bytes()).expect("send the head");
    let mut dripping = stream.try_clone().expect("a second handle");
    let dripper = std::thread::spawn(move || {
        while dripping.write_all(b" ").is_ok() {
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    let mut answer = String::new();
    app.unchanged(|| BufReader::new(&stream).read_line(&mut answer).expect("an answer"));
    assert_eq!(answer.split(' ').nth(1), Some("408"), "{answer}");
    let _ = stream.shutdown(Shutdown::Both);
    let _ = dripper.join();
}

fn ids_that_name_nothing_are_not_found(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let nowhere = "/v1/positions/0197c9a8-5f3e-7a51-9c7d-0d8b1f0f6a11";
    app.unchanged(|| {
        hr.get(nowhere).refused("not-found");
        let change = hr.request("PATCH", nowhere).if_match("\"1-0\"");
        change.json(&json!({ "level": 2 })).send().refused("not-found");
        hr.request("DELETE", nowhere).if_match("\"1-0\"").send().refused("not-found");
        // The id of another record is no id of a position.
        hr.get(format!("/v1/positions/{}", app.id("lin"))).refused("not-found");
        for nonsense in ["1", "x", "%00", "0197c9a8-5f3e-7a51-9c7d-0d8b1f0f6a1"] {
            hr.get(format!("/v1/positions/{nonsense}"))
                .refused("malformed-request")
                .faults(&[("/path/id", "not_a_uuid")]);
        }
    });
}

fn a_change_names_the_version_it_is_made_from(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let made = hr.post("/v1/positions", &json!({ "code": "V", "title": "V", "level": 1 }));
    let path = format!("/v1/positions/{}", made.expect(201).id());
    app.unchanged(|| {
        let change = hr.request("PATCH", &path).json(&json!({ "level": 2 }));
        change.clone().send().refused("precondition-required");
        hr.request("DELETE", &path).send().refused("precondition-required");
        let overlong = "\"99999999999-0\"";
        for stale in ["\"0-0\"", "\"2-0\"", "\"7\"", "W/\"1-0\"", "\"\"", "\"0\", \"2\"", overlong]
        {
            change.clone().if_match(stale).send().refused("version-stale");
            hr.request("DELETE", &path).if_match(stale).send().refused("version-stale");
        }
        for nonsense in ["1", "\"1", ","] {
            change.clone().if_match(nonsense).send().refused("malformed-request");
        }
    });
    for (level, held) in [(2, "\"7\", \"1\""), (3, "*")] {
        let change = hr.request("PATCH", &path).json(&json!({ "level": level }));
        assert_eq!(change.if_match(held).send().expect(200).json()["level"], level);
    }
}

fn what_the_contract_guards_is_refused_without_a_version(app: &TestApp) {
    let calls = Calls::own(app);
    for operation in calls::changes().filter(|operation| operation.is_guarded()) {
        let sender = app.as_(calls::doer(operation));
        let request = calls.request(operation, &sender).without("If-Match");
        app.unchanged(|| request.send()).refused("precondition-required");
    }
}

fn a_merge_patch_tells_null_from_absent(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let made = hr.post("/v1/positions", &json!({ "code": "N", "title": "N", "level": 1 }));
    let read = hr.get(format!("/v1/positions/{}", made.expect(201).id()));
    app.unchanged(|| {
        hr.patch(&read, &json!({ "title": null }))
            .refused("validation-failed")
            .faults(&[("/title", "wrong_type")]);
        hr.patch(&read, &json!({ "id": read.id() }))
            .refused("validation-failed")
            .faults(&[("/id", "unknown_property")]);
    });
    let changed = hr.patch(&read, &json!({ "title": "M" })).expect(200).json();
    assert_eq!(
        (&changed["code"], &changed["title"], &changed["level"]),
        (&json!("N"), &json!("M"), &json!(1))
    );
}

fn refusals_speak_the_readers_language(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let ask = |wanted: &str| {
        let request = hr.request("POST", "/v1/positions").header("Accept-Language", wanted);
        request.json(&json!({ "code": "", "title": "T", "level": 1 })).send()
    };
    let text = |answer: &Answer, pointer: &str| {
        let body = answer.json();
        body.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let english = ask("en");
    let chinese = ask("zh-CN, en;q=0.5");
    assert_eq!(english.header("Content-Language"), Some("en"));
    assert_eq!(chinese.header("Content-Language"), Some("zh-CN"));
    for pointer in ["/title", "/detail", "/errors/0/detail"] {
        assert!(text(&english, pointer).is_ascii(), "{english:?}");
        assert!(!text(&chinese, pointer).is_ascii(), "{chinese:?}");
    }
    for pointer in ["/type", "/errors/0/code", "/errors/0/pointer"] {
        assert_eq!(text(&english, pointer), text(&chinese, pointer));
    }
    assert_eq!(ask("de, zh;q=0.3, en;q=0.8").header("Content-Language"), Some("en"));
    assert_eq!(ask("").header("Content-Language"), Some("en"));
}

fn what_does_not_go_together_is_told_with_all_other_faults(app: &TestApp) {
    let hr = app.as_(HrAdmin);
    let mut cycle = design("TWISTED", app.id("policy"));
    cycle["name"] = json!("N".repeat(201));
    cycle["period"] = json!({ "start": "2026-12-31", "end": "2026-01-01" });
    hr.post("/v1/cycles", &cycle)
        .refused("validation-failed")
        .faults(&[("/name", "too_long"), ("/period/end", "period_invalid")]);
    let system = |system: &str, value: &str| json!({ "system": system, "value": value });
    let person = json!({
        "employee_number": "TWICE", "name": "N".repeat(201), "hire_date": "2026-01-01",
        "external_ids": [system("hris", "1"), system("sap", "2"), system("hris", "3"), system("sap", "4")],
    });
    hr.post("/v1/employees", &person).refused("validation-failed").faults(&[
        ("/name", "too_long"),
        ("/external_ids/2/system", "duplicate_in_request"),
        ("/external_ids/3/system", "duplicate_in_request"),
    ]);
}
