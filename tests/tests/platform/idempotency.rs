//! Retries under an `Idempotency-Key`.

use serde_json::{Value, json};
use std::sync::Barrier;
use tests::world::Persona::{HrAdmin, SecondHrAdmin};
use tests::{Answer, TestApp, on_each_engine};

on_each_engine![
    a_retry_gets_the_first_answer_again,
    a_key_is_for_one_request,
    a_key_belongs_to_its_caller,
    a_refused_request_leaves_its_key_free,
    sixteen_at_once_make_one_row,
];

fn welder() -> Value {
    json!({ "code": "WELD", "title": "Welder", "level": 3 })
}

fn create(app: &TestApp, key: &str, body: &Value) -> Answer {
    app.as_(HrAdmin).request("POST", "/v1/positions").key(key).json(body).send()
}

/// Proves R87 through `createPosition`, `deletePosition`.
fn a_retry_gets_the_first_answer_again(app: &TestApp) {
    let first = create(app, "k-1", &welder()).expect(201);
    assert_eq!(first.header("Idempotency-Replayed"), None);
    let retry = app.unchanged(|| create(app, "k-1", &welder()).expect(201));
    assert_eq!(retry.header("Idempotency-Replayed"), Some("true"));
    assert_eq!(retry.body, first.body);
    for name in ["ETag", "Location", "Content-Type"] {
        assert_eq!(retry.header(name), first.header(name), "{name}");
    }
}

fn a_key_is_for_one_request(app: &TestApp) {
    create(app, "k-1", &welder()).expect(201);
    let mut other = welder();
    other["level"] = 4.into();
    app.unchanged(|| {
        create(app, "k-1", &other).refused("idempotency-key-reused");
        let header = "/header/Idempotency-Key";
        let long = "k".repeat(256);
        let keys = [("", "required"), (&long, "too_long"), ("é", "pattern"), ("a\tb", "pattern")];
        for (key, code) in keys {
            create(app, key, &welder()).refused("malformed-request").faults(&[(header, code)]);
        }
    });
}

fn a_key_belongs_to_its_caller(app: &TestApp) {
    create(app, "k-1", &welder()).expect(201);
    let theirs = app.as_(SecondHrAdmin).request("POST", "/v1/positions").key("k-1");
    let body = json!({ "code": "OTHER", "title": "Another", "level": 1 });
    let answer = theirs.json(&body).send().expect(201);
    assert_eq!(answer.header("Idempotency-Replayed"), None);
}

fn a_refused_request_leaves_its_key_free(app: &TestApp) {
    create(app, "k-1", &json!({ "code": "WELD", "title": "", "level": 3 }))
        .refused("validation-failed");
    create(app, "k-2", &welder()).expect(201);
    create(app, "k-3", &welder()).refused("duplicate");
    let spare = json!({ "code": "SPARE", "title": "Spare", "level": 3 });
    create(app, "k-1", &spare).expect(201);
    create(app, "k-3", &spare).refused("duplicate");
}

fn sixteen_at_once_make_one_row(app: &TestApp) {
    let start = Barrier::new(16);
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..16)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    create(app, "k-1", &welder())
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("an answer")).collect()
    });
    let made: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
    let first: Vec<_> =
        made.iter().filter(|answer| answer.header("Idempotency-Replayed").is_none()).collect();
    assert_eq!(first.len(), 1, "{answers:?}");
    assert!(made.iter().all(|answer| answer.body == first[0].body));
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        answer.clone().refused("idempotency-in-flight");
        assert!(answer.header("Retry-After").is_some());
    }
    let rows = app.as_(HrAdmin).all("/v1/positions");
    assert_eq!(rows.iter().filter(|row| row["code"] == "WELD").count(), 1);
}
