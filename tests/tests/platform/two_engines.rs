//! The same history leads to the same state on both engines, and every step to the same answer.

use chrono::{DateTime, Utc};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use std::collections::HashMap;
use tests::world::Persona::{self, Auditor, HrAdmin, Hrbp, PeopleWriter};
use tests::{Client, Engine, TestApp};
use uuid::Uuid;

/// Number of steps in one history.
const STEPS: usize = 150;

#[test]
fn come_to_the_same_state() {
    if !Engine::ALL.into_iter().all(Engine::is_tested) {
        return;
    }
    for seed in [20, 26, 11] {
        let told = Engine::ALL.map(|engine| History::new(engine, seed).tell());
        let lines = told[0].lines().zip(told[1].lines());
        if let Some((sqlite, postgres)) = lines.into_iter().find(|(left, right)| left != right) {
            panic!("seed {seed}: SQLite says\n{sqlite}\nPostgreSQL says\n{postgres}");
        }
        assert_eq!(told[0].len(), told[1].len(), "seed {seed}: one history is longer");
    }
}

/// A history while it is made.
struct History {
    app: TestApp,
    random: StdRng,
    units: Vec<Uuid>,
    positions: Vec<Uuid>,
    people: Vec<Uuid>,
    told: String,
}

impl History {
    fn new(engine: Engine, seed: u64) -> Self {
        let app = TestApp::start(engine, &[]);
        let ids = |names: &[&str]| names.iter().map(|name| app.id(name)).collect();
        Self {
            random: StdRng::seed_from_u64(seed),
            units: ids(&["company", "sales", "east", "labs"]),
            positions: ids(&["position"]),
            people: ids(&["sun", "mei", "fan", "lin", "kai"]),
            told: String::new(),
            app,
        }
    }

    /// Every step with its answer, without ids and times.
    fn tell(mut self) -> String {
        for _ in 0..STEPS {
            self.step();
        }
        let hr = self.app.as_(HrAdmin);
        for noun in ["positions", "org-units", "employees"] {
            self.dump(&hr, &format!("/v1/{noun}?limit=17&updated_since=2000-01-01T00:00:00Z"));
            self.dump(&hr, &format!("/v1/{noun}"));
        }
        for order in ["name", "employee_number"] {
            self.dump(&hr, &format!("/v1/employees?limit=13&sort={order}"));
        }
        for unit in self.units.clone() {
            self.dump(&hr, &format!("/v1/org-units/{unit}/placements"));
            self.dump(&hr, &format!("/v1/employees?within_org_unit_id={unit}&as_of=2030-01-01"));
        }
        for person in self.people.clone() {
            self.dump(&hr, &format!("/v1/employees/{person}/assignments"));
            for day in ["2022-06-30", "2026-01-01", "2031-12-31"] {
                let line = hr.get(format!("/v1/employees/{person}/reporting-line?as_of={day}"));
                self.note(&line.json());
            }
        }
        self.dump(&self.app.as_(Hrbp), "/v1/employees?as_of=2024-01-01");
        self.dump(&self.app.as_(Auditor), "/v1/audit-entries?limit=100");
        canonical(&self.told)
    }

    fn dump(&mut self, client: &Client, path: &str) {
        for mut row in client.all(path) {
            for varying in ["hash", "request_id"] {
                row.as_object_mut().expect("an object").remove(varying);
            }
            self.note(&row);
        }
    }

    fn note(&mut self, value: &Value) {
        self.told += &value.to_string();
        self.told.push('\n');
    }

    fn one(&mut self, of: fn(&Self) -> &Vec<Uuid>) -> Uuid {
        // Now and then a record that does not exist, or of another kind.
        let among = if self.random.random_ratio(1, 20) { &self.positions } else { of(self) };
        *among.clone().choose(&mut self.random).unwrap_or(&Uuid::nil())
    }

    fn day(&mut self) -> String {
        let (year, month) =
            (self.random.random_range(2020..2033), self.random.random_range(1..=12));
        format!("{year}-{month:02}-{:02}", self.random.random_range(1..=28))
    }

    fn word(&mut self) -> String {
        const WORDS: [&str; 8] = ["Zoë", "anna", "Anna", "王", "李", "ärm", "O'Neil", "_x"];
        let word = WORDS.choose(&mut self.random).unwrap_or(&"x");
        format!("{word} {}", self.random.random_range(0..30))
    }

    /// Changes the resource at `path`, guarded by its present version.
    fn change(&mut self, method: &str, path: &str, step: &str, body: Option<Value>) {
        let persona: Persona = if self.random.random_ratio(1, 4) { PeopleWriter } else { HrAdmin };
        let client = self.app.as_(persona);
        let read = client.get(path);
        let etag = read.header("ETag").unwrap_or("\"1-0\"").to_owned();
        let mut request = client.request(method, format!("{path}{step}")).if_match(&etag);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send();
        self.answered(answer);
    }

    fn create(&mut self, path: &str, body: &Value) -> Option<Uuid> {
        let answer = self.app.as_(HrAdmin).post(path, body);
        let made = (answer.status == 201).then(|| answer.id());
        self.answered(answer);
        made
    }

    fn answered(&mut self, answer: tests::Answer) {
        let mut body = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        if let Some(body) = body.as_object_mut() {
            body.remove("request_id");
        }
        self.note(&json!([answer.method, answer.path, answer.status, body]));
    }

    fn step(&mut self) {
        match self.random.random_range(0..12) {
            0 => {
                let level = self.random.random_range(0..32);
                let body = json!({ "code": self.word(), "title": self.word(), "level": level });
                let made = self.create("/v1/positions", &body);
                self.positions.extend(made);
            }
            1 => {
                let path = format!("/v1/positions/{}", self.one(|it| &it.positions));
                let body = json!({ "title": self.word() });
                self.change("PATCH", &path, "", Some(body));
            }
            2 => {
                let path = format!("/v1/positions/{}", self.one(|it| &it.positions));
                self.change("DELETE", &path, "", None);
            }
            3 => {
                let kind = ["division", "department", "team"][self.random.random_range(0..3)];
                let parent = self.one(|it| &it.units);
                let body = json!({
                    "code": self.word(), "name": self.word(), "kind": kind, "parent_id": parent,
                    "effective_from": self.day(),
                });
                let made = self.create("/v1/org-units", &body);
                self.units.extend(made);
            }
            4 => {
                let path = format!("/v1/org-units/{}", self.one(|it| &it.units));
                let body = json!({
                    "parent_id": self.one(|it| &it.units), "effective_from": self.day(),
                });
                self.change("POST", &path, "/moves", Some(body));
            }
            5 => {
                let path = format!("/v1/org-units/{}", self.one(|it| &it.units));
                self.change("DELETE", &path, "", None);
            }
            6 | 7 => {
                let body = json!({
                    "employee_number": self.word(), "name": self.word(), "hire_date": self.day(),
                    "org_unit_id": self.one(|it| &it.units),
                    "position_id": self.one(|it| &it.positions),
                    "manager_id": self.one(|it| &it.people),
                    "external_ids": [{ "system": "s", "value": self.word() }],
                });
                let made = self.create("/v1/employees", &body);
                self.people.extend(made);
            }
            8 => {
                let path = format!("/v1/employees/{}", self.one(|it| &it.people));
                let body = json!({ "name": self.word(), "email": null });
                self.change("PATCH", &path, "", Some(body));
            }
            9 | 10 => {
                let path = format!("/v1/employees/{}", self.one(|it| &it.people));
                let body = json!({
                    "effective_from": self.day(), "manager_id": self.one(|it| &it.people),
                    "org_unit_id": self.one(|it| &it.units),
                });
                self.change("POST", &path, "/assignments", Some(body));
            }
            _ => {
                let path = format!("/v1/employees/{}", self.one(|it| &it.people));
                if self.random.random() {
                    let body = json!({ "last_day": self.day(), "reason": self.word() });
                    self.change("POST", &path, "/termination", Some(body));
                } else {
                    let body = json!({ "reason": self.word() });
                    self.change("POST", &path, "/reinstatement", Some(body));
                }
            }
        }
    }
}

/// The same text, with ids and instants numbered in the order of their first appearance.
fn canonical(text: &str) -> String {
    let part_of_word = |c: char| c.is_ascii_alphanumeric() || "-:.".contains(c);
    let (mut known, mut out, mut word) = (HashMap::new(), String::new(), String::new());
    for c in text.chars() {
        if part_of_word(c) {
            word.push(c);
            continue;
        }
        let varies = word.parse::<Uuid>().is_ok() || word.parse::<DateTime<Utc>>().is_ok();
        if varies {
            let next = known.len();
            let number = known.entry(std::mem::take(&mut word)).or_insert(next);
            out += &format!("#{number}");
        } else {
            out += &std::mem::take(&mut word);
        }
        out.push(c);
    }
    out + &word
}
