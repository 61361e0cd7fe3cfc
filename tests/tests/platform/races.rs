//! Many concurrent requests about one record.

use serde_json::json;
use std::sync::Barrier;
use std::sync::atomic::{AtomicI64, Ordering};
use tests::world::Persona::HrAdmin;
use tests::{TestApp, on_each_engine};

on_each_engine![every_success_is_one_version, one_of_many_gets_the_code];

/// Proves R87 through `updatePosition`.
fn every_success_is_one_version(app: &TestApp) {
    const CLIENTS: i64 = 32;
    const ROUNDS: i64 = 4;
    let hr = app.as_(HrAdmin);
    let made = hr.post("/v1/positions", &json!({ "code": "RACE", "title": "0", "level": 1 }));
    let path = format!("/v1/positions/{}", made.expect(201).id());
    let (before, _) = app.traces();
    let (successes, start) = (AtomicI64::new(0), Barrier::new(CLIENTS as usize));
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (hr, path, successes, start) = (&hr, &path, &successes, &start);
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    let read = hr.get(path).expect(200);
                    start.wait();
                    let answer = hr.patch(&read, &json!({ "title": format!("{client} {round}") }));
                    if answer.status == 200 {
                        successes.fetch_add(1, Ordering::Relaxed);
                    } else {
                        answer.refused("version-stale");
                    }
                }
            });
        }
    });
    let successes = successes.into_inner();
    assert!(successes >= ROUNDS, "each round has a winner");
    assert_eq!(hr.get(&path).json()["version"], 1 + successes);
    assert_eq!(app.traces().0 - before, successes, "each success has its audit entry");
}

fn one_of_many_gets_the_code(app: &TestApp) {
    let start = Barrier::new(16);
    let made = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..16)
            .map(|level| {
                let (hr, start) = (app.as_(HrAdmin), &start);
                scope.spawn(move || {
                    start.wait();
                    let body = json!({ "code": "ONE", "title": "One", "level": level + 1 });
                    let answer = hr.post("/v1/positions", &body);
                    answer.status == 201 || {
                        answer.refused("duplicate");
                        false
                    }
                })
            })
            .collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).filter(|made| *made).count()
    });
    assert_eq!(made, 1);
}
