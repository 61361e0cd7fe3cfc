//! Nobody finds out a grade before its release: attacks on random companies and cycles, and proof
//! that the attacker would find one.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tests::attacker::answers::{ATTACKERS, Attack, secrets};
use tests::attacker::solver::{Knowledge, Unknown};
use tests::attacker::{GRADES, counted, number, records};
use tests::cycles::{behind, rated, step};
use tests::sessions::{compared, propose, session_in, sound};
use tests::world::Persona::{DirectManager, SkipLevelManager};
use tests::{Engine, TestApp, on_each_engine, variable};

on_each_engine![no_grade_follows_from_the_answers_of_a_server];

/// The number of attacks: all of them in `make attack`, a sample in every run of the tests.
fn how_many(name: &str, sample: u64) -> u64 {
    variable(name).and_then(|count| count.parse().ok()).unwrap_or(sample)
}

#[test]
fn no_grade_follows_from_counts() {
    let (mut shown, mut undecided) = (0, 0);
    let cycles = how_many("EVENHAND_ATTACK_RECORDS", 300);
    for seed in 0..cycles {
        let outcome = records::attack(seed);
        shown += outcome.shown;
        undecided += outcome.undecided;
    }
    println!("{cycles} cycles: {shown} counts shown, 0 grades certain, {undecided} undecided");
    assert!(shown > usize::try_from(cycles).unwrap_or_default(), "something is shown");
    assert_eq!(undecided, 0);
}

/// People of a cycle whom a session of everybody compares and who have no seat in it.
const COMPARED: [&str; 9] = ["lin", "fan", "kai", "bo", "bai", "ada", "cai", "fen", "min"];
/// All people who get grades.
const GRADED: [&str; 14] = [
    "sun", "mei", "fan", "lin", "kai", "hua", "hao", "bo", "bai", "ella", "ada", "cai", "fen",
    "min",
];
/// People who count towards no quota.
const APART: [&str; 3] = ["hua", "hao", "ella"];

/// Proves R61 through `getDistribution`, `getExecutiveDashboard`.
fn no_grade_follows_from_the_answers_of_a_server(app: &TestApp) {
    let cycles = how_many("EVENHAND_ATTACK_CYCLES", 2);
    let mut noted = 0;
    for seed in 0..cycles {
        // Now and then a new company, because a company with many cycles is slow.
        let fresh = (seed % 20 == 19).then(|| TestApp::start(app.engine, &[]));
        noted += attack(fresh.as_ref().unwrap_or(app), seed);
    }
    println!("{cycles} cycles on {}: {noted} counts noted, 0 grades certain", app.engine);
}

/// Attacks one random cycle; returns how many counts were shown.
fn attack(app: &TestApp, seed: u64) -> usize {
    let mut rng = StdRng::seed_from_u64(seed);
    let spread = rng.random_range(1..=5);
    let grades: BTreeMap<&str, &str> =
        GRADED.iter().map(|name| (*name, GRADES[..spread][rng.random_range(0..spread)])).collect();
    let numbers: Vec<_> =
        grades.iter().map(|(name, grade)| (name.to_uppercase(), *grade)).collect();
    let numbers: Vec<_> = numbers.iter().map(|(number, grade)| (number.as_str(), *grade)).collect();
    let cycle = rated(app, &app.world.own, "calibrating", &numbers);
    let mut attack = Attack::begin(app, cycle);
    if seed.is_multiple_of(2) {
        attack.sessions.push(session_in(app, &app.world.own, cycle, "open"));
        attack.calibrates = true;
    }
    let now = |grades: &BTreeMap<&str, &str>| {
        grades.iter().map(|(name, grade)| ((*name).to_owned(), (*grade).to_owned())).collect()
    };
    let mut grades = grades;
    attack.grades.push(now(&grades));
    let mut seen: Vec<Vec<_>> = look(&attack, 0);
    if let [session] = attack.sessions[..] {
        // Somebody's grade moves, and nothing shows this to that person.
        for _ in 0..2 {
            let name = *COMPARED.choose(&mut rng).expect("somebody");
            let (persona, _) =
                *ATTACKERS.iter().find(|(_, own)| *own == name).unwrap_or(&ATTACKERS[1]);
            let name = if ATTACKERS.iter().any(|(_, own)| *own == name) { name } else { "hao" };
            let to = if grades[name] == "B" { "A" } else { "B" };
            let before = attack.traces(persona, name);
            move_grade(app, session, name, grades[name], to);
            assert_eq!(attack.traces(persona, name), before, "{name} notices, with seed {seed}");
            grades.insert(name, to);
        }
    }
    for name in COMPARED.choose_multiple(&mut rng, 7) {
        let grade = GRADES[..spread][rng.random_range(0..spread)];
        change(app, cycle, name, grade);
        grades.insert(name, grade);
    }
    attack.grades.push(now(&grades));
    for (seen, counts) in seen.iter_mut().zip(look(&attack, 1)) {
        seen.extend(counts);
    }
    let mut noted = 0;
    for ((persona, own), seen) in ATTACKERS.into_iter().zip(&seen) {
        let leaks = attack.leaks(persona, own);
        assert!(leaks.is_empty(), "{}, with seed {seed}: {leaks:?}", persona.name());
        let found = attack.solve(persona, own, seen);
        assert!(found.is_empty(), "{}, with seed {seed}: {found:?}", persona.name());
        noted += seen.len();
    }
    noted
}

fn look(attack: &Attack<'_>, look: usize) -> Vec<Vec<tests::attacker::answers::Counts>> {
    ATTACKERS.map(|(persona, own)| attack.counts(persona, own, look, &APART)).into()
}

/// Moves a grade: Sun proposes and Mei approves. A move of two grades needs two other people, so
/// that it is made past the program.
fn move_grade(app: &TestApp, session: uuid::Uuid, name: &str, from: &str, to: &str) {
    let (sun, mei) = (app.as_(SkipLevelManager), app.as_(DirectManager));
    let row = compared(&sun, session, &name.to_uppercase());
    if number(from).abs_diff(number(to)) > 1 {
        let id = row["review_id"].as_str().unwrap_or_default().to_owned();
        let id = literal(app.engine, &id);
        behind(app, &format!("UPDATE review SET calibrated_grade = '{to}' WHERE id = {id}"));
        return;
    }
    let made = propose(&sun, session, &sound(&row["review_id"], from, to)).expect(201);
    step(&mei, &format!("/v1/moves/{}", made.id()), "approval", None).expect(200);
}

fn literal(engine: Engine, id: &str) -> String {
    match engine {
        Engine::Sqlite => format!("x'{}'", id.replace('-', "")),
        Engine::Postgres => format!("'{id}'"),
    }
}

/// Gives somebody another grade, past the program.
fn change(app: &TestApp, cycle: uuid::Uuid, name: &str, grade: &str) {
    let cycle = literal(app.engine, &cycle.to_string());
    let number = name.to_uppercase();
    behind(
        app,
        &format!(
            "UPDATE review SET calibrated_grade = '{grade}' WHERE participant_id IN (\
             SELECT p.id FROM participant p JOIN employee e ON e.tenant_id = p.tenant_id \
             AND e.id = p.employee_id WHERE p.cycle_id = {cycle} AND e.employee_number = '{number}')"
        ),
    );
}

/// The unknown grades of people.
fn people(knowledge: &mut Knowledge, grades: &str) -> Vec<Unknown> {
    grades.chars().map(|grade| knowledge.unknown(number(&grade.to_string()))).collect()
}

fn counts(grades: &str) -> [usize; 5] {
    GRADES.map(|grade| grades.matches(grade).count())
}

/// Answers that the program once gave. From these the attacker must find the grades.
#[test]
fn the_attacker_finds_what_once_could_be_found() {
    // A dashboard that counts the reader's own grade, and a distribution that does not.
    let mut hr = Knowledge::new(5);
    let all = people(&mut hr, "CABBD");
    counted(&mut hr, &all, counts("CABBD"));
    counted(&mut hr, &all[1..], counts("ABBD"));
    assert_eq!(hr.certain().certain.get(&all[0]), Some(&number("C")));

    // The quotas of a whole session, and the grades of everybody else in it.
    let mut member = Knowledge::new(5);
    let placed = people(&mut member, "BSAABBBBCD");
    counted(&mut member, &placed, counts("BSAABBBBCD"));
    for (unknown, grade) in placed[1..].iter().zip("SAABBBBCD".chars()) {
        member.is(*unknown, number(&grade.to_string()));
    }
    assert_eq!(member.certain().certain.get(&placed[0]), Some(&number("B")));

    // A department of one person, a department in which all grades are equal, and the rest of the
    // total.
    let mut executive = Knowledge::new(5);
    let (one, alike, rest) = (
        people(&mut executive, "D"),
        people(&mut executive, "AAAAA"),
        people(&mut executive, "BBCCB"),
    );
    let hidden = people(&mut executive, "S");
    counted(&mut executive, &one, counts("D"));
    counted(&mut executive, &alike, counts("AAAAA"));
    counted(&mut executive, &rest, counts("BBCCB"));
    let total: Vec<_> = [&one[..], &alike, &rest, &hidden].concat();
    counted(&mut executive, &total, counts("DAAAAABBCCBS"));
    let found = executive.certain().certain;
    assert!(one.iter().chain(&alike).chain(&hidden).all(|unknown| found.contains_key(unknown)));
    assert!(rest.iter().all(|unknown| !found.contains_key(unknown)));

    // The same table at two times, between which one grade has changed.
    let mut later = Knowledge::new(5);
    let before = people(&mut later, "ABCCB");
    let after = later.unknown(number("S"));
    counted(&mut later, &before, counts("ABCCB"));
    counted(&mut later, &[&before[..4], &[after]].concat(), counts("ABCCS"));
    let found = later.certain().certain;
    assert_eq!((found.get(&after), found.get(&before[4])), (Some(&0), Some(&number("B"))));

    // Grades and scores as they were once answered: the review of a move, the scores of one's own
    // goals, and the audit log of an auditor.
    let of = |answer: Value| secrets(&answer).into_iter().map(|it| it.value).collect::<Vec<_>>();
    assert_eq!(of(json!({ "items": [{ "owner_id": "p", "score": "96.40" }] })), ["96.40"]);
    let entry = json!({ "resource_id": "r", "details": { "calibrated_grade": ["B", "A"] } });
    assert_eq!(of(entry), ["A"]);
    let member =
        json!({ "employee": { "id": "p" }, "review": { "composite": "91", "grade": "B" } });
    assert_eq!(of(member), ["91", "B"]);
    let trial = json!({ "moves": [{ "review_id": "r", "grade": "C", "grade_after": "A" }] });
    assert_eq!(of(trial), ["C"]);
    assert!(of(json!({ "content": { "definition": { "score": "60" } } })).is_empty());
}
