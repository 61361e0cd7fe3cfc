//! The steps of a schedule.

use super::{EVERYBODY, Schedule, promises};
use crate::calls::unique;
use crate::goals;
use crate::reviews::part;
use crate::sessions::{members, sound};
use crate::world::Persona::{
    self, DirectManager, Employee, Executive, FormerManager, HrAdmin, SecondHrAdmin,
    SkipLevelManager,
};
use rand::Rng;
use serde_json::{Value, json};

type Step = fn(&mut Schedule);

/// Steps that are possible at any time.
const ANY: &[Step] = &[
    Schedule::days_go_by,
    Schedule::somebody_joins,
    Schedule::somebody_leaves,
    Schedule::somebody_moves,
    Schedule::somebody_is_handed_over,
    Schedule::somebody_is_taken_out_or_in,
    Schedule::the_cycle_is_moved_anyhow,
    Schedule::goals_are_agreed,
    Schedule::something_happens_to_a_goal,
    Schedule::a_review_is_written,
    Schedule::a_review_is_given_back,
    Schedule::results_are_computed,
    Schedule::a_session_goes_on,
    Schedule::a_grade_is_moved,
    Schedule::results_are_released,
    Schedule::somebody_answers,
];

/// Steps that people take while a cycle is in a state.
fn work(cycle: &str) -> &'static [Step] {
    match cycle {
        "draft" => &[Schedule::the_cycle_goes_on],
        "goal_setting" => &[
            Schedule::goals_are_agreed,
            Schedule::goals_are_agreed,
            Schedule::something_happens_to_a_goal,
            Schedule::the_cycle_goes_on,
        ],
        "executing" => &[Schedule::something_happens_to_a_goal, Schedule::the_cycle_goes_on],
        "evaluating" => &[
            Schedule::a_review_is_written,
            Schedule::everybody_is_reviewed,
            Schedule::everybody_is_reviewed,
            Schedule::the_cycle_goes_on,
        ],
        "calibrating" => &[
            Schedule::a_session_goes_on,
            Schedule::a_session_goes_on,
            Schedule::a_grade_is_moved,
            Schedule::the_cycle_goes_on,
        ],
        "confirmed" => &[Schedule::results_are_released],
        "published" => {
            &[Schedule::somebody_answers, Schedule::somebody_answers, Schedule::the_cycle_goes_on]
        }
        _ => &[Schedule::the_cycle_goes_on],
    }
}

fn because() -> Option<Value> {
    Some(json!({ "reason": "As things are" }))
}

impl Schedule {
    /// Takes one random step.
    pub(super) fn something_happens(&mut self) {
        let likely = work(&self.state());
        let step = if self.one_in(4) { self.pick(ANY) } else { self.pick(likely) };
        step(self);
    }

    fn state(&self) -> String {
        let cycle = self.app.as_(SecondHrAdmin).get(self.path()).expect(200).json();
        cycle["state"].as_str().unwrap_or_default().to_owned()
    }

    /// One of the records of the cycle, with its path.
    fn one_of(&mut self, noun: &str) -> Option<(Value, String)> {
        let mut rows = self.list(noun);
        let at = self.random.random_range(0..rows.len().max(1));
        let row = (at < rows.len()).then(|| rows.swap_remove(at))?;
        let path = format!("/v1/{noun}/{}", row["id"].as_str().unwrap_or_default());
        Some((row, path))
    }

    fn days_go_by(&mut self) {
        let days = self.random.random_range(1..16);
        self.days_pass(days);
    }

    fn somebody_joins(&mut self) {
        let since = self.random.random_range(-400..30);
        let manager = self.pick(&["mei", "sun", "fan"]);
        let body = json!({
            "employee_number": unique("N"), "name": "New", "hire_date": self.day(since),
            "org_unit_id": self.app.id("east"), "manager_id": self.app.id(manager),
        });
        let who = self.or_anybody(HrAdmin);
        let made = self.create(who, "/v1/employees", &body);
        if made.status == 201 {
            self.hired.push(made.id());
        }
    }

    /// People with an account stay, so that somebody is left to act.
    fn somebody_leaves(&mut self) {
        let Some(leaver) = self.hired.pop() else { return };
        let last = self.random.random_range(0..40);
        let body = json!({ "last_day": self.day(last), "reason": "Moved away" });
        let who = self.or_anybody(HrAdmin);
        self.ask(who, &format!("/v1/employees/{leaver}"), "termination", Some(body));
    }

    /// Somebody gets another manager; a loop or oneself are tried as well.
    fn somebody_moves(&mut self) {
        let (person, manager) =
            (self.pick(&["lin", "fan", "mei"]), self.pick(&["sun", "fan", "mei"]));
        let body = json!({ "effective_from": self.day(-1), "manager_id": self.app.id(manager) });
        let (who, path) = (self.or_anybody(HrAdmin), self.app.id(person));
        self.ask(who, &format!("/v1/employees/{path}"), "assignments", Some(body));
    }

    fn somebody_is_handed_over(&mut self) {
        let Some((_, path)) = self.one_of("participants") else { return };
        let (_, manager) = self.pick(&EVERYBODY);
        let body = json!({ "manager_id": self.app.id(manager), "reason": "On leave" });
        let who = self.or_anybody(HrAdmin);
        self.ask(who, &path, "handover", Some(body));
    }

    fn somebody_is_taken_out_or_in(&mut self) {
        let Some((_, path)) = self.one_of("participants") else { return };
        let (who, noun) = (self.or_anybody(HrAdmin), self.pick(&["exclusion", "inclusion"]));
        self.ask(who, &path, noun, because());
    }

    /// The next stage begins if nothing prevents it; mostly when its time has come.
    fn the_cycle_goes_on(&mut self) {
        let state = self.state();
        if ["executing", "published", "closed"].contains(&state.as_str()) && !self.one_in(4) {
            self.days_pass(20);
        }
        let noun = match state.as_str() {
            "draft" => "launch",
            "goal_setting" => "start",
            "executing" => "evaluation",
            "evaluating" => "calibration",
            "calibrating" => "confirmation",
            "confirmed" => "publication",
            "published" => "closure",
            _ => "archival",
        };
        self.move_cycle(HrAdmin, noun);
    }

    fn the_cycle_is_moved_anyhow(&mut self) {
        let nouns = [
            "launch",
            "start",
            "evaluation",
            "calibration",
            "confirmation",
            "publication",
            "closure",
            "archival",
        ];
        let noun = if self.one_in(12) { "cancellation" } else { self.pick(&nouns) };
        let who = self.pick(&[HrAdmin, SecondHrAdmin, Executive]);
        self.move_cycle(who, noun);
    }

    fn move_cycle(&mut self, who: Persona, noun: &str) {
        let body = match noun {
            "start" | "closure" if self.one_in(4) => Some(json!({})),
            "start" | "closure" | "cancellation" => because(),
            "calibration" if self.one_in(3) => Some(json!({})),
            "calibration" => {
                let people = self.list("participants");
                let ids: Vec<_> = people.iter().map(|it| it["id"].clone()).collect();
                Some(json!({ "exceptions": ids, "reason": "Nobody answers for them" }))
            }
            _ => None,
        };
        let (who, path) = (self.or_anybody(who), self.path());
        self.ask(who, &path, noun, body);
    }

    /// Somebody writes goals, submits them and has them approved.
    fn goals_are_agreed(&mut self) {
        let both = [Employee, FormerManager];
        let owner = both.into_iter().find(|owner| !self.has_goals(*owner));
        let owner = owner.unwrap_or(Employee);
        let weights: &[&str] = match self.random.random_range(0..6) {
            _ if self.has_goals(owner) => &["0"],
            0..3 => &["100"],
            3 => &["60", "40"],
            4 => &["33.33", "66.67"],
            _ => &["50"],
        };
        let mut made = Vec::new();
        for weight in weights {
            let mut content = goals::indicator(&unique("Goal"), weight);
            content["period"] = self.period();
            let answer = self.create(owner, "/v1/goals", &goals::goal(self.cycle, &content));
            if answer.status == 201 {
                made.push(goals::path(&answer));
            }
        }
        for path in made {
            let handed_in = self.ask(owner, &path, "submission", None);
            if handed_in.status == 200 {
                let goals = format!("/v1/goals?cycle_id={}&limit=200", self.cycle);
                let mut own = self.app.as_(owner).all(&goals);
                own.retain(|goal| goal["owner_id"] == handed_in.json()["owner_id"]);
                assert_eq!(promises::form(&own), None);
            }
            let manager = self.manager_of(&handed_in.json());
            self.ask(manager, &path, "approval", None);
            self.measure(owner, &path);
        }
    }

    fn has_goals(&self, owner: Persona) -> bool {
        let goals = self.app.as_(owner).all(&format!("/v1/goals?cycle_id={}", self.cycle));
        goals.iter().any(|goal| self.persona(&goal["owner_id"]) == Some(owner))
    }

    /// The persona that answers for a goal or a review; now and then another one.
    fn manager_of(&mut self, record: &Value) -> Persona {
        let manager = self.persona(&record["manager_id"]).unwrap_or(SkipLevelManager);
        self.or_anybody(manager)
    }

    fn measure(&mut self, who: Persona, goal: &str) {
        let value = self.random.random_range(400..1600).to_string();
        let body = json!({
            "period_start": self.day(-30), "source": "crm", "external_id": unique("m"),
            "value": value,
        });
        self.create(who, &format!("{goal}/measurements"), &body);
    }

    fn something_happens_to_a_goal(&mut self) {
        let Some((goal, path)) = self.one_of("goals") else { return };
        let owner = self.persona(&goal["owner_id"]).unwrap_or(Employee);
        let manager = self.manager_of(&goal);
        match self.random.random_range(0..8) {
            0 => drop(self.ask(owner, &path, "submission", None)),
            1 => drop(self.ask(manager, &path, "approval", None)),
            2 => drop(self.ask(manager, &path, "return", because())),
            3 => {
                let mut firsts = [owner, manager];
                firsts.rotate_left(self.random.random_range(0..2));
                for who in firsts {
                    self.ask(who, &path, "completion", None);
                }
            }
            4 => {
                for who in [manager, HrAdmin] {
                    self.ask(who, &path, "cancellation", because());
                }
            }
            5 => self.create_check_in(owner, &path),
            6 => self.measure(owner, &path),
            _ => self.a_goal_is_changed(owner, manager, &goal, &path),
        }
    }

    fn create_check_in(&mut self, who: Persona, goal: &str) {
        let body = json!({ "confidence": self.random.random_range(0..11) });
        self.create(who, &format!("{goal}/check-ins"), &body);
    }

    /// Requests another target, not another weight, because weights would have to change in two
    /// goals at once.
    fn a_goal_is_changed(&mut self, owner: Persona, manager: Persona, goal: &Value, path: &str) {
        let weight = goal["content"]["weight"].as_str().unwrap_or("100");
        let mut content = goals::indicator(&unique("Goal"), weight);
        content["period"] = self.period();
        let target = self.random.random_range(900..1500).to_string();
        content["definition"]["scoring"]["target"] = json!(target);
        let body = json!({
            "content": content, "reason": "The market has changed",
            "evidence": ["Minutes of January"], "effective_from": self.day(0),
        });
        let asked = self.ask(owner, path, "changes", Some(body));
        if asked.status == 201 {
            let change = format!("/v1/goal-changes/{}", asked.id());
            let decider = self.pick(&[owner, manager, HrAdmin]);
            let reject = self.one_in(3);
            let (noun, body) = if reject { ("rejection", because()) } else { ("approval", None) };
            self.ask(decider, &change, noun, body);
        }
    }

    fn a_review_is_written(&mut self) {
        if let Some((review, path)) = self.one_of("reviews") {
            self.write_review(&review, &path);
        }
    }

    /// Everybody does what is due, twice: first their own review, then those of others.
    fn everybody_is_reviewed(&mut self) {
        for _ in 0..2 {
            for review in self.list("reviews") {
                let path = format!("/v1/reviews/{}", review["id"].as_str().unwrap_or_default());
                self.write_review(&review, &path);
            }
        }
    }

    /// Does what is due with a review in its state.
    fn write_review(&mut self, review: &Value, path: &str) {
        let person = self.persona(&review["employee_id"]);
        let manager = self.manager_of(review);
        match (review["state"].as_str().unwrap_or_default(), person) {
            ("pending_self", Some(person)) => self.hand_in(person, path, "self-review"),
            ("pending_self", None) => drop(self.ask(HrAdmin, path, "skip", None)),
            ("pending_raters", _) => drop(self.ask(HrAdmin, path, "raters-closure", None)),
            ("pending_manager", _) => self.hand_in(manager, path, "manager-review"),
            ("second_review", _) => {
                let above = self.or_anybody(SkipLevelManager);
                self.ask(above, path, "confirmation", None);
            }
            _ => {}
        }
    }

    fn hand_in(&mut self, who: Persona, review: &str, side: &str) {
        let rating = self.pick(&["1", "2.5", "3", "4", "4.5", "5"]);
        let mut written = part(rating);
        // A population rates its own dimensions, and evidence must be inside the period.
        let shown = self.app.as_(SecondHrAdmin).get(review).json();
        let ratings = written["ratings"].as_array_mut().expect("ratings");
        ratings.truncate(if shown["population"] == "managers" { 1 } else { 3 });
        let day = if self.one_in(8) { -300 } else { -20 };
        for rating in ratings {
            rating["evidence"][0]["date"] = self.day(day);
        }
        self.ask(who, review, side, Some(written));
        self.ask(who, review, &format!("{side}/submission"), None);
    }

    fn a_review_is_given_back(&mut self) {
        let Some((review, path)) = self.one_of("reviews") else { return };
        let (who, noun, body) = match self.random.random_range(0..3) {
            0 => (self.or_anybody(HrAdmin), "reopening", because()),
            1 => {
                let body = json!({ "to": "self", "reason": "Say more" });
                (self.manager_of(&review), "return", Some(body))
            }
            _ => {
                let body = json!({ "to": "manager", "reason": "Say more" });
                (self.or_anybody(SkipLevelManager), "return", Some(body))
            }
        };
        self.ask(who, &path, noun, body);
    }

    fn results_are_computed(&mut self) {
        let (who, path) = (self.or_anybody(HrAdmin), self.path());
        self.ask(who, &path, "results", None);
    }

    /// The session of the cycle; creates it if there is none.
    fn session(&mut self) -> Option<(Value, String)> {
        if self.list("calibration-sessions").is_empty() {
            let members = members(&self.app.world.own);
            let body = json!({ "cycle_id": self.cycle, "name": "All", "members": members });
            let who = self.or_anybody(HrAdmin);
            self.create(who, "/v1/calibration-sessions", &body);
        }
        self.one_of("calibration-sessions")
    }

    fn a_session_goes_on(&mut self) {
        let Some((session, path)) = self.session() else { return };
        let here = if self.one_in(6) { &["sun", "hua"][..] } else { &["sun", "mei", "hua"] };
        let present: Vec<_> = here.iter().map(|name| self.app.id(name)).collect();
        let (who, noun, body) = match session["state"].as_str().unwrap_or_default() {
            "draft" => (HrAdmin, "schedule", Some(json!({ "scheduled_on": self.day(26) }))),
            "scheduled" => (HrAdmin, "opening", Some(json!({ "present": present }))),
            "finalised" if self.one_in(3) => (Executive, "reopening", because()),
            "finalised" => return self.the_cycle_goes_on(),
            _ if self.one_in(3) => {
                self.ask(Executive, &path, "override", because());
                (HrAdmin, "finalisation", because())
            }
            _ => (HrAdmin, "finalisation", because()),
        };
        let who = self.or_anybody(who);
        self.ask(who, &path, noun, body);
    }

    /// One member proposes another grade, and somebody decides.
    fn a_grade_is_moved(&mut self) {
        let Some((_, path)) = self.session() else { return };
        let pair =
            self.pick(&[[SkipLevelManager, DirectManager], [DirectManager, SkipLevelManager]]);
        let [proposer, other] = pair;
        let rows = self.app.as_(proposer).get(format!("{path}/reviews?limit=200"));
        let rows = rows.json()["items"].as_array().cloned().unwrap_or_default();
        let graded = rows.iter().find(|row| row["result"]["computed_grade"].is_string());
        let Some(row) = graded else { return };
        let result = &row["result"];
        let from = result["calibrated_grade"].as_str().or(result["computed_grade"].as_str());
        let to = self.pick(&["S", "A", "B", "C", "D"]);
        let body = sound(&row["review_id"], from.unwrap_or_default(), to);
        self.propose(proposer, other, &path, body);
    }

    fn propose(&mut self, proposer: Persona, other: Persona, session: &str, mut body: Value) {
        body["evidence"][0]["date"] = self.day(-5);
        let made = self.create(proposer, &format!("{session}/moves"), &body);
        if made.status != 201 {
            return;
        }
        let path = format!("/v1/moves/{}", made.id());
        let decider = if self.one_in(6) { proposer } else { other };
        let reject = self.one_in(6);
        let (noun, body) = if reject { ("rejection", because()) } else { ("approval", None) };
        let decided = self.ask(decider, &path, noun, body);
        // A move that waits for a second approval prevents the session from ending.
        if decided.status != 200 || decided.json()["state"] == "pending" {
            self.ask(proposer, &path, "rejection", because());
        }
    }

    /// Two people release the results, in either order; a grade may be moved in between.
    fn results_are_released(&mut self) {
        let hands = [[HrAdmin, Executive], [Executive, HrAdmin], [HrAdmin, SecondHrAdmin]];
        let [first, second] = self.pick(&hands);
        self.move_cycle(first, "publication");
        if self.one_in(2) && self.state() == "confirmed" {
            self.a_session_goes_on();
            self.a_grade_is_moved();
            self.a_session_goes_on();
        }
        self.move_cycle(second, "publication");
    }

    fn somebody_answers(&mut self) {
        let Some((review, path)) = self.one_of("reviews") else { return };
        let Some(person) = self.persona(&review["employee_id"]) else { return };
        let person = self.or_anybody(person);
        let disagrees = json!({ "text": "The tender is missing" });
        let (noun, body) = match self.one_in(3) {
            true => ("disagreement", Some(disagrees)),
            false => ("acknowledgement", None),
        };
        self.ask(person, &path, noun, body);
    }
}
