//! Whole cycles on random schedules: whatever people ask for, the promises of a cycle hold. A
//! schedule that breaks one prints its steps and the variable that replays it.

use serde_json::{Value, json};
use tests::cycles::rated;
use tests::simulation::{play, promises, seeds};
use tests::world::Persona::Employee;
use tests::{Engine, TestApp, on_each_engine};

on_each_engine![a_broken_promise_is_noticed];

/// Number of schedules on each engine.
const SCHEDULES: u64 = 50;

mod even {
    use tests::Engine;

    #[test]
    fn sqlite() {
        super::the_promises_of_a_cycle_hold(Engine::Sqlite, 0);
    }

    #[test]
    fn postgres() {
        super::the_promises_of_a_cycle_hold(Engine::Postgres, 0);
    }
}

mod odd {
    use tests::Engine;

    #[test]
    fn sqlite() {
        super::the_promises_of_a_cycle_hold(Engine::Sqlite, 1);
    }

    #[test]
    fn postgres() {
        super::the_promises_of_a_cycle_hold(Engine::Postgres, 1);
    }
}

/// Plays every other schedule, from a number on.
///
/// Proves R20, R25, R49, R57, R61, R62, R85, R87.
fn the_promises_of_a_cycle_hold(engine: Engine, first: u64) {
    if !engine.is_tested() {
        return;
    }
    let mut seeds = seeds(0..SCHEDULES);
    seeds.retain(|seed| seed % 2 == first);
    let reached: Vec<_> = seeds.iter().map(|seed| play(engine, *seed)).collect();
    let far = reached.iter().filter(|state| promises::PUBLISHED.contains(&state.as_str())).count();
    let few = far * 4 < seeds.len() && seeds.len() > 1;
    assert!(!few, "only {far} schedules were published: the walk is too timid: {reached:?}");
}

/// Puts one fault after another into what is read, as path, value and the expected message; each
/// must be noticed.
fn a_broken_promise_is_noticed(app: &TestApp) {
    let grades = [("LIN", "S"), ("KAI", "D")];
    let cycle = rated(app, &app.world.own, "published", &grades);
    let seen = promises::look(app, cycle, Employee);
    assert_eq!(promises::faults(&seen, &seen), Vec::<String>::new());
    let file = seen["file"].as_array().expect("lines")[1..].to_vec();
    let one_hand = seen["entries"].as_array().expect("entries").iter().map(|entry| {
        let mut entry = entry.clone();
        entry["actor_id"] = json!(app.id("hua.account"));
        entry
    });
    let broken: [(&str, Value, &str); 14] = [
        ("/cycle/state", json!("confirmed"), "moved from published"),
        ("/cycle/version", json!(1), "moved from published"),
        ("/reviews/0/state", json!("in_calibration"), "moved from published"),
        ("/reviews/0/version", json!(0), "moved from published"),
        ("/reviews", json!([]), "has gone"),
        ("/reviews/0/employee_id", seen["reviews"][1]["employee_id"].clone(), "reviews have the"),
        ("/participants/0/employee_id", json!(app.id("tom")), "does not take part"),
        ("/goals", json!([{ "owner_id": "x", "content": { "weight": "100.01" } }]), "weigh 100.01"),
        ("/reviews/0/results/computed_grade", json!("C"), "not that of the score"),
        ("/reviews/0/results/final_grade", json!("A"), "not the one that stands"),
        ("/reviews/0/results/calibrated_grade", json!("A"), "after it was released"),
        ("/distribution/total/present/counts/S", json!(2), "the distribution is"),
        ("/file", json!(file), "the file differs"),
        ("/entries", one_hand.collect(), "two people have not"),
    ];
    for (place, value, said) in broken {
        let mut now = seen.clone();
        *now.pointer_mut(place).unwrap_or_else(|| panic!("{place} is there")) = value;
        let found = promises::faults(&seen, &now);
        assert!(found.iter().any(|fault| fault.contains(said)), "{place}: {found:?}");
    }
    let mut early = seen.clone();
    early["own"][0] = json!({ "state": "calibrated", "parts": ["results"], "like_missing": true });
    let found = promises::faults(&seen, &early);
    assert!(found.iter().any(|fault| fault.contains("too early")), "{found:?}");
}
