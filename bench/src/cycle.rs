//! Measures a performance cycle from its launch to the publication of its results.

use crate::engine::Engine;
use crate::people::{Person, people_ndjson};
use crate::product::{EMPLOYEES, File, LOGIN, MOST_ROWS, Product, check_in, create, step};
use crate::report::{self, Comparison};
use crate::{Result, raw, wait};
use serde_json::{Value, json};
use std::time::Instant;
use tests::{cycles, goals};
use uuid::Uuid;

/// Login of the member of senior management who approves the results together with HR.
const SENIOR: &str = "senior@bench.example";
/// Login of the manager who gets a team of 50 by [`gather_team`].
pub const LEAD: &str = "lead@bench.example";
/// Login of the manager who gets all other people by [`write_ratings`].
pub const RATER: &str = "rater@bench.example";

/// The rating that managers give everybody.
pub const RATING: &str = r#"{"ratings":[{"dimension":"competency","rating":"3","comment":"Shown by the figures of the year","evidence":[{"kind":"data","date":"2026-02-02","text":"Figures"}]},{"dimension":"behaviour","rating":"3","comment":"","evidence":[]},{"dimension":"collaboration","rating":"3","comment":"","evidence":[]}],"comment":null,"submitted_at":null}"#;

/// Gives everybody an active goal like the existing one, with a measurement. The goal's id is that
/// of the participant.
const GOALS: &str = "
    INSERT INTO goal (tenant_id, id, cycle_id, owner_id, level, state, revision, title, weight,
                      content, version, created_at, updated_at)
    SELECT p.tenant_id, p.id, p.cycle_id, p.employee_id, 'person', 'active', 1, g.title, g.weight,
           g.content, 1, g.created_at, g.updated_at
      FROM participant p JOIN goal g ON g.tenant_id = p.tenant_id;
    INSERT INTO measurement (tenant_id, id, goal_id, period_start, source, external_id, revision,
                             value, author_id, created_at)
    SELECT tenant_id, id, id, '2026-02-01', 'crm', 'm1', 1, '1200', owner_id, created_at
      FROM goal WHERE state = 'active';";

/// A step that records something for each person and whose rows the engine can write by itself.
struct Recorded {
    /// Name of the step.
    step: &'static str,
    /// Name of the comparison.
    what: &'static str,
    /// The actions of its records, as SQL.
    actions: &'static str,
    /// Undoes the changes of the step.
    before: &'static str,
    /// Makes the changes of the step again.
    change: &'static str,
}

/// The later step first, so that undoing it leaves what the earlier step left.
const RECORDED: [Recorded; 2] = [
    Recorded {
        step: "publication",
        what: "publication, a record for each person",
        actions: "('review.published')",
        before: "UPDATE review SET state = 'calibrated';",
        change: "
            UPDATE review SET state = 'published', version = version + 1, updated_at = graded_at
             WHERE state = 'calibrated';",
    },
    Recorded {
        step: "confirmation",
        what: "confirmation, a record for each person and goal",
        actions: "('review.calibrated', 'goal.locked')",
        before: "
            UPDATE review SET state = 'in_calibration', final_grade = NULL;
            UPDATE goal SET state = 'scored';",
        change: "
            UPDATE review SET state = 'calibrated', version = version + 1, updated_at = graded_at,
                              final_grade = computed_grade
             WHERE state = 'in_calibration';
            UPDATE goal SET state = 'locked', version = version + 1, updated_at = created_at
             WHERE state = 'scored';",
    },
];

impl Recorded {
    /// Copies what the step has written.
    fn lay_aside(&self) -> String {
        let Self { step, actions, .. } = self;
        format!(
            "CREATE TABLE {step}_entries AS SELECT * FROM audit_entry WHERE action IN {actions};
             CREATE TABLE {step}_details AS SELECT * FROM audit_detail
                 WHERE position IN (SELECT position FROM {step}_entries);
             CREATE TABLE {step}_events AS SELECT * FROM event WHERE type IN {actions};"
        )
    }

    /// Deletes what the step has written, as if the step had not run.
    fn undo(&self) -> String {
        let Self { step, actions, before, .. } = self;
        format!(
            "DELETE FROM audit_detail WHERE position IN (SELECT position FROM {step}_entries);
             DELETE FROM audit_entry WHERE action IN {actions};
             DELETE FROM event WHERE type IN {actions};
             {before}"
        )
    }

    /// Writes the copied rows again, in one transaction.
    fn redo(&self) -> String {
        let Self { step, change, .. } = self;
        format!(
            "BEGIN;
             {change}
             INSERT INTO audit_entry SELECT * FROM {step}_entries;
             INSERT INTO audit_detail SELECT * FROM {step}_details;
             INSERT INTO event SELECT * FROM {step}_events;
             COMMIT;"
        )
    }
}

/// The measurements of a cycle.
pub struct Course {
    /// Number of people in the cycle.
    pub people: usize,
    /// Duration of each step in seconds.
    pub steps: Vec<(&'static str, f64)>,
    /// Peak of Evenhand's resident memory, in MiB.
    pub peak: f64,
}

/// A cycle in a database of its own.
pub struct Cycle<'a> {
    engine: &'a Engine,
    /// Name of the database.
    name: &'static str,
    /// Id of the cycle.
    pub id: Uuid,
    /// The measurements so far.
    pub course: Course,
}

fn id(value: &Value) -> Result<Uuid> {
    Ok(value.as_str().ok_or("an answer without id")?.parse()?)
}

impl<'a> Cycle<'a> {
    /// Imports these people into a copy of the database `base`, and brings a cycle to evaluation.
    /// Everybody has one goal, and no review has been written.
    pub fn open(engine: &'a Engine, name: &'static str, company: &[Person]) -> Result<Self> {
        engine.copy("base", name)?;
        let product = wait(Product::serve(&engine.url(name)))?;
        for part in company.chunks(MOST_ROWS) {
            let rows = people_ndjson(part);
            wait(product.import(EMPLOYEES, File::ndjson(&rows), "created", part.len()))?;
        }
        let mut driver = raw::connect(&engine.url(name))?;
        let [lead, rater] = driver.ids(raw::MANAGERS)?[..] else { return Err("no two".into()) };
        let id = wait(prepare(&product, lead, rater))?;
        let course = Course { people: company.len(), steps: Vec::new(), peak: 0.0 };
        let mut cycle = Self { engine, name, id, course };
        driver.settle()?;
        product.server.forget_peak()?;
        let hr = wait(product.seen_by(LOGIN))?;
        let path = cycle.path();
        cycle.timed("launch", || wait(step(&hr, &path, "launch", &Value::Null)))?;
        let goal = goals::goal(id, &goals::indicator("Revenue", "100"));
        wait(create(&wait(product.seen_by(LEAD))?, "/v1/goals", &goal))?;
        driver.run(GOALS)?;
        driver.settle()?;
        wait(step(&hr, &path, "start", &json!({ "reason": "Goals are agreed elsewhere" })))?;
        cycle.timed("opening of the evaluation", || {
            wait(step(&hr, &path, "evaluation", &Value::Null))
        })?;
        cycle.course.peak = product.server.peak()?;
        driver.settle()?;
        Ok(cycle)
    }

    /// Enters all ratings past the server, and goes on until the results are published.
    pub fn finish(&mut self) -> Result<()> {
        let url = self.engine.url(self.name);
        let mut driver = raw::connect(&url)?;
        let rated =
            "UPDATE review SET state = 'second_review', founded = (1 = 1), manager_review =";
        driver.run(&format!("{rated} '{RATING}'"))?;
        driver.settle()?;
        let mut product = wait(Product::serve(&url))?;
        let senior = wait(product.second_person(&url, SENIOR))?;
        let hr = wait(product.seen_by(LOGIN))?;
        product.server.forget_peak()?;
        let path = self.path();
        let none = Value::Null;
        let told = self.timed("all results", || wait(step(&hr, &path, "results", &none)))?;
        let told = told.get("result").unwrap_or(&told);
        if told["computed"] != self.course.people {
            let text: String = told.to_string().chars().take(2_000).collect();
            return Err(format!("not all results were computed: {text}").into());
        }
        let distribution = format!("{path}/distribution");
        self.timed("distribution", || wait(product.read(&distribution)))?;
        wait(step(&hr, &path, "calibration", &json!({})))?;
        self.timed("confirmation", || wait(step(&hr, &path, "confirmation", &none)))?;
        wait(step(&senior, &path, "publication", &none))?;
        self.timed("publication", || wait(step(&hr, &path, "publication", &none)))?;
        self.course.peak = product.server.peak()?.max(self.course.peak);
        Ok(())
    }

    /// Compares the steps that record something for each person with the engine writing the same
    /// rows in bulk, in one transaction.
    pub fn recorded(&self) -> Result<Vec<Comparison>> {
        let name = "recorded";
        self.engine.copy(self.name, name)?;
        let mut driver = raw::connect(&self.engine.url(name))?;
        driver.run(driver.dialect().unguard)?;
        let mut comparisons = Vec::new();
        for recorded in &RECORDED {
            driver.run(&(recorded.lay_aside() + &recorded.undo()))?;
            driver.settle()?;
            let start = Instant::now();
            driver.run(&recorded.redo())?;
            let raw = start.elapsed().as_secs_f64();
            driver.run(&recorded.undo())?;
            let of_step = |(step, _): &&(&str, f64)| *step == recorded.step;
            let (_, own) =
                self.course.steps.iter().find(of_step).ok_or("a step that was not taken")?;
            let rate = |seconds: f64| self.course.people as f64 / seconds;
            comparisons.push(Comparison {
                what: recorded.what,
                unit: "people/s",
                ours: vec![rate(*own)],
                beside: "the same rows copied by the engine".to_owned(),
                theirs: vec![rate(raw)],
                bar: Some(report::RECORDED),
            });
        }
        drop(driver);
        self.engine.remove(name);
        Ok(comparisons)
    }

    fn path(&self) -> String {
        format!("/v1/cycles/{}", self.id)
    }

    fn timed<R>(&mut self, what: &'static str, work: impl FnOnce() -> Result<R>) -> Result<R> {
        let start = Instant::now();
        let done = work()?;
        self.course.steps.push((what, start.elapsed().as_secs_f64()));
        Ok(done)
    }
}

/// Number of earlier check-ins on a goal with a long history.
const HISTORY: usize = 250;
/// Number of check-ins in one measurement.
const CHECK_INS: usize = 40;

/// Measures check-ins one after the other, on goals with many earlier check-ins and on goals with
/// one.
pub fn check_ins(url: &str) -> Result<Comparison> {
    let goals = raw::connect(url)?.ids(raw::GOALS_OF_LEAD)?;
    let product = wait(Product::serve(url))?;
    let lead = wait(product.seen_by(LEAD))?;
    let (mut long, mut short) = (Vec::new(), Vec::new());
    for pair in goals.chunks_exact(2) {
        for ((goal, history), figures) in pair.iter().zip([HISTORY, 1]).zip([&mut long, &mut short])
        {
            wait(check_in(&lead, *goal, history))?;
            let start = Instant::now();
            wait(check_in(&lead, *goal, CHECK_INS))?;
            figures.push(CHECK_INS as f64 / start.elapsed().as_secs_f64());
        }
    }
    Ok(Comparison {
        what: "check in, behind 250 others",
        unit: "check-ins/s",
        ours: long,
        beside: "Evenhand itself, behind one".to_owned(),
        theirs: short,
        bar: Some(report::HISTORY),
    })
}

/// Creates the accounts that are needed, and designs a cycle for everybody. Returns its id.
async fn prepare(product: &Product, lead: Uuid, rater: Uuid) -> Result<Uuid> {
    product.invite(LEAD, lead).await?;
    product.invite(RATER, rater).await?;
    let hr = product.seen_by(LOGIN).await?;
    let policy = json!({ "code": "BENCH", "name": "Bench", "rules": cycles::rules() });
    let policy = id(&create(&hr, "/v1/policies", &policy).await?["id"])?;
    step(&hr, &format!("/v1/policies/{policy}"), "publication", &Value::Null).await?;
    id(&create(&hr, "/v1/cycles", &cycles::design("BENCH", policy)).await?["id"])
}

/// SQL that makes a manager answer for people of an open cycle and sets their reviews.
fn give(manager: &str, people: &str, review: &str) -> String {
    let manager = format!("(SELECT id FROM employee WHERE employee_number = '{manager}')");
    format!(
        "UPDATE participant SET manager_id = {manager} WHERE employee_id IN \
         (SELECT id FROM employee WHERE employee_number {people}); \
         UPDATE review SET {review}, manager_review = '{RATING}' WHERE participant_id IN \
         (SELECT id FROM participant WHERE manager_id = {manager});"
    )
}

/// Gives a manager of an open cycle a team of 50 whose ratings are submitted. Returns the manager.
pub fn gather_team(url: &str) -> Result<Uuid> {
    let mut driver = raw::connect(url)?;
    let rated = "state = 'second_review', performance = 10000, composite = 10000, \
                 collaboration = 10000, computed_grade = 'B'";
    // The rater of all others is not in this team. If the rater's own rating were submitted, each
    // rating the rater submits would be blended into it, with those of the whole company.
    let team = "BETWEEN 'E000001' AND 'E000051' AND employee_number <> 'E000009'";
    driver.run(&give("E000000", team, rated))?;
    driver.settle()?;
    Ok(*driver.ids(raw::MANAGERS)?.first().ok_or("nobody there")?)
}

/// Makes one manager the author of the ratings of everybody outside that team, not yet submitted.
/// Returns the reviews. No engine is told how much this team differs from others.
pub fn write_ratings(url: &str) -> Result<Vec<Uuid>> {
    let mut driver = raw::connect(url)?;
    driver.run(&give("E000009", "> 'E000051'", "state = 'pending_manager'"))?;
    driver.ids(raw::PENDING)
}
