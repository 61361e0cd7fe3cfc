//! Whole cycles on random schedules, over HTTP: people join, leave and change managers, days pass,
//! and everybody asks for what they may and may not do. Whatever is asked, the [`promises`] hold.
//!
//! A schedule is given by its seed. It runs on its own company, whose clock begins on the same day
//! each time, so that the seed alone replays it, with the same end on both engines.

pub mod promises;
mod steps;

use crate::calls::unique;
use crate::client::{Answer, Client, Request};
use crate::cycles::{self, step};
use crate::world::Persona::{self, Colleague, DirectManager, Employee, FormerManager, HrAdmin};
use crate::world::Persona::{Executive, SecondHrAdmin, SkipLevelManager};
use crate::{Engine, TestApp};
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};
use uuid::Uuid;

/// Number of steps in one schedule.
const STEPS: usize = 32;
/// After this many steps all promises are checked.
const LOOK: usize = 5;
/// The variable that replays one schedule.
const SEED: &str = "EVENHAND_SIMULATION_SEED";
/// When every schedule begins: a Monday morning in the company's time zone.
const BEGINNING: &str = "2031-01-06T01:00:00Z";

/// The personas that act, with their names in the company.
const EVERYBODY: [(Persona, &str); 8] = [
    (Employee, "lin"),
    (DirectManager, "mei"),
    (SkipLevelManager, "sun"),
    (FormerManager, "fan"),
    (Colleague, "kai"),
    (HrAdmin, "hua"),
    (SecondHrAdmin, "hao"),
    (Executive, "ella"),
];

/// The seeds of one run: the one that the variable names, or all of a range.
pub fn seeds(all: std::ops::Range<u64>) -> Vec<u64> {
    match crate::variable(SEED).map(|seed| seed.parse()) {
        Some(seed) => all.filter(|known| seed.as_ref() == Ok(known)).collect(),
        None => all.collect(),
    }
}

/// Plays a schedule and returns the state in which its cycle ends. Compares the answers with those
/// that the other engine gave.
///
/// # Panics
/// If a promise is broken. The steps so far are printed.
pub fn play(engine: Engine, seed: u64) -> String {
    static TOLD: Mutex<BTreeMap<u64, Vec<String>>> = Mutex::new(BTreeMap::new());
    let mut schedule = Schedule::new(engine, seed);
    for number in 1..=STEPS {
        schedule.something_happens();
        if number % LOOK == 0 {
            schedule.look();
        }
    }
    schedule.look();
    promises::chain(&schedule.app);
    let told = std::mem::take(&mut schedule.told);
    println!("{engine} with {SEED}={seed}:\n  {}", told.join("\n  "));
    let mut others = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(other) = others.insert(seed, told.clone()) {
        let differs = other.iter().zip(&told).find(|(other, here)| other != here);
        assert!(differs.is_none(), "{engine} goes another way with {SEED}={seed}: {differs:?}");
        assert_eq!(other.len(), told.len(), "{engine}: one way is longer with {SEED}={seed}");
    }
    schedule.seen["cycle"]["state"].as_str().unwrap_or_default().to_owned()
}

/// A schedule while it is played.
struct Schedule {
    app: TestApp,
    seed: u64,
    random: StdRng,
    cycle: Uuid,
    /// People who were hired during the schedule.
    hired: Vec<Uuid>,
    /// Number of audit entries and events so far.
    traces: (i64, i64),
    /// What the last check read.
    seen: Value,
    /// Every step with its answer. Ids are replaced by numbers in the order in which they first
    /// appear.
    told: Vec<String>,
    numbers: HashMap<Uuid, usize>,
}

impl Schedule {
    /// A new company with a cycle for one department that is not launched yet.
    fn new(engine: Engine, seed: u64) -> Self {
        let app = TestApp::start(engine, &[]);
        let beginning: DateTime<Utc> = BEGINNING.parse().expect("an instant");
        app.clock().advance(beginning - app.clock().now());
        let mut schedule = Self {
            random: StdRng::seed_from_u64(seed),
            cycle: Uuid::nil(),
            hired: Vec::new(),
            traces: (0, 0),
            seen: Value::Null,
            told: Vec::new(),
            numbers: HashMap::new(),
            app,
            seed,
        };
        schedule.cycle = schedule.design();
        schedule.traces = schedule.app.traces();
        schedule
    }

    /// Designs the cycle under a policy that differs from schedule to schedule.
    fn design(&mut self) -> Uuid {
        let hr = self.app.as_(HrAdmin);
        let mut rules = cycles::rules();
        rules["settings"] = json!({
            "review.second_review": self.random.random_ratio(1, 3),
            "dist.mode": self.pick(&["none", "guideline", "cap_top"]),
        });
        let raters = json!({ "manager": "100" });
        let rated = json!([{ "code": "competency", "weight": "100", "raters": raters }]);
        let everyone = rules["populations"][0].take();
        let managers = json!({ "code": "managers", "managers": true, "dimensions": rated });
        rules["populations"] = json!([managers, everyone]);
        let body = json!({ "code": unique("POLICY"), "name": "Policy", "rules": rules });
        let policy = hr.post("/v1/policies", &body).expect(201).id();
        step(&hr, &format!("/v1/policies/{policy}"), "publication", None).expect(200);
        let mut design = cycles::design(&unique("CYCLE"), policy);
        design["org_unit_ids"] = json!([self.app.id("sales")]);
        design["kind"] = "half".into();
        design["period"] = self.period();
        let days = [
            ("goal_setting", -10),
            ("execution", 0),
            ("evaluation", 15),
            ("self_review_due", 18),
            ("rater_due", 20),
            ("manager_review_due", 25),
            ("calibration", 25),
            ("publication", 30),
            ("retention", 70),
        ];
        design["schedule"] = days.iter().map(|(stage, day)| (*stage, self.day(*day))).collect();
        hr.post("/v1/cycles", &design).expect(201).id()
    }

    /// A day, counted from the beginning of the schedule.
    fn day(&self, number: i64) -> Value {
        let beginning: NaiveDate = BEGINNING[..10].parse().expect("a day");
        let far = Days::new(number.unsigned_abs());
        let day = if number < 0 { beginning - far } else { beginning + far };
        day.to_string().into()
    }

    fn period(&self) -> Value {
        json!({ "start": self.day(-130), "end": self.day(60) })
    }

    fn path(&self) -> String {
        format!("/v1/cycles/{}", self.cycle)
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        *of.choose(&mut self.random).expect("something to choose from")
    }

    fn one_in(&mut self, chances: u32) -> bool {
        self.random.random_ratio(1, chances)
    }

    /// Usually the fitting persona, now and then another one.
    fn or_anybody(&mut self, fitting: Persona) -> Persona {
        let (anybody, _) = self.pick(&EVERYBODY);
        if self.one_in(10) { anybody } else { fitting }
    }

    /// The persona of an employee; none for one without an account.
    fn persona(&self, employee: &Value) -> Option<Persona> {
        let is = |name: &str| *employee == json!(self.app.id(name));
        EVERYBODY.iter().find(|(_, name)| is(name)).map(|(persona, _)| *persona)
    }

    fn list(&self, noun: &str) -> Vec<Value> {
        let query = format!("/v1/{noun}?limit=200&cycle_id={}", self.cycle);
        self.app.as_(SecondHrAdmin).all(&query)
    }

    fn days_pass(&mut self, days: i64) {
        self.app.clock().advance(TimeDelta::days(days));
        self.told.push(format!("{days} days pass"));
    }

    /// Creates a record.
    fn create(&mut self, who: Persona, path: &str, body: &Value) -> Answer {
        let request = self.app.as_(who).request("POST", path).json(body);
        self.send(who, request)
    }

    /// Asks for a transition: with the present version, with an old one, twice, or again under the
    /// same key.
    fn ask(&mut self, who: Persona, path: &str, noun: &str, body: Option<Value>) -> Answer {
        let client: Client = self.app.as_(who);
        let read = client.get(path);
        let etag = read.header("ETag").unwrap_or("\"1-0\"").to_owned();
        let method = match noun {
            "self-review" | "manager-review" => "PATCH",
            _ => "POST",
        };
        let asked = client.request(method, format!("{path}/{noun}"));
        let asked = match &body {
            Some(body) => asked.json(body),
            None => asked,
        };
        match self.random.random_range(0..24) {
            0 => {
                let answer = self.send(who, asked.clone().if_match("\"77-0\""));
                assert!(answer.status >= 400, "a version that never was is changed: {answer:?}");
                self.send(who, asked.if_match(&etag))
            }
            1 | 2 => {
                let key = unique("key");
                let asked = asked.if_match(&etag).key(&key);
                let first = self.send(who, asked.clone());
                let traces = self.traces;
                let again = self.send(who, asked);
                assert_eq!(first.status, again.status, "a retry has another answer: {again:?}");
                assert!(self.traces == traces, "a retry leaves traces: {again:?}");
                assert!(first.status >= 300 || first.body == again.body, "{first:?} {again:?}");
                first
            }
            3 => {
                let asked = asked.if_match(&etag);
                let first = self.send(who, asked.clone());
                let again = self.send(who, asked);
                // A computation or a request may be repeated, and so may a request for the state
                // that is there.
                let unmoved = first.header("ETag") == Some(&etag);
                let repeats = first.status == 201 || noun == "results" || unmoved;
                assert!(repeats || again.status >= 300, "it happens twice: {again:?}");
                first
            }
            _ => self.send(who, asked.if_match(&etag)),
        }
    }

    /// Sends a request and checks that a refusal is documented and changes nothing.
    fn send(&mut self, who: Persona, request: Request) -> Answer {
        let answer = request.send();
        let traces = self.app.traces();
        let body = serde_json::from_slice::<Value>(&answer.body).unwrap_or_default();
        let path: Vec<_> = answer.path.split('/').map(|part| self.numbered(part)).collect();
        let came = if answer.status < 400 {
            assert!(traces >= self.traces, "traces are gone: {answer:?}");
            format!("{} {}", body["state"], body["version"])
        } else {
            assert!(answer.problem().is_some(), "no documented problem: {answer:?}");
            assert_eq!(traces, self.traces, "a refusal has changed something: {answer:?}");
            let codes = body["errors"].as_array().into_iter().flatten();
            let codes: Vec<_> = codes.map(|error| error["code"].to_string()).collect();
            format!("{} {}", answer.problem().unwrap_or_default(), codes.join(" "))
        };
        self.traces = traces;
        let (method, path) = (&answer.method, path.join("/"));
        self.told.push(format!("{}: {method} {path} -> {} {came}", who.name(), answer.status));
        answer
    }

    /// A part of a path; an id is replaced by its number.
    fn numbered(&mut self, part: &str) -> String {
        let Ok(id) = part.parse::<Uuid>() else { return part.to_owned() };
        let next = self.numbers.len() + 1;
        format!("#{}", self.numbers.entry(id).or_insert(next))
    }

    /// Reads everything, and checks it against the promises and against the last reading.
    fn look(&mut self) {
        let curious = [Employee, DirectManager, SkipLevelManager, FormerManager];
        let curious = self.pick(&curious);
        let now = promises::look(&self.app, self.cycle, curious);
        let faults = promises::faults(&self.seen, &now);
        assert!(faults.is_empty(), "{}\n{now:#}", faults.join("\n"));
        self.told.push(format!("looked: {}", now["cycle"]["state"]));
        self.seen = now;
        self.traces = self.app.traces();
    }
}

impl Drop for Schedule {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let (engine, seed, told) = (self.app.engine, self.seed, self.told.join("\n  "));
            eprintln!("{engine} broke a promise, again with {SEED}={seed}:\n  {told}");
        }
    }
}
