//! The raw drivers: the statements that the product's work comes down to, and nothing else.
//!
//! Both engines run the same text; only binding differs. Placeholders first appear in the order of
//! their numbers, by which SQLite counts them.

mod postgres;
mod sqlite;

use crate::Result;
use crate::cycle::RATING;
use crate::people::Person;
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use std::sync::LazyLock;
use uuid::Uuid;

/// An employee as the bare server shows one.
#[derive(Serialize)]
pub struct Employee {
    pub id: Uuid,
    pub employee_number: String,
    pub name: String,
    pub email: Option<String>,
    pub hire_date: NaiveDate,
    pub termination_date: Option<NaiveDate>,
    pub version: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub assignment: Option<Assignment>,
    pub external_ids: Vec<(String, String)>,
}

/// Unit, job and manager of an employee.
#[derive(Serialize)]
pub struct Assignment {
    pub id: Uuid,
    pub effective_from: NaiveDate,
    pub effective_to: Option<NaiveDate>,
    pub org_unit_id: Option<Uuid>,
    pub position_id: Option<Uuid>,
    pub job_title: Option<String>,
    pub manager_id: Option<Uuid>,
}

/// What a change of a name answers.
#[derive(Serialize)]
pub struct Renamed {
    pub id: Uuid,
    pub employee_number: String,
    pub name: String,
    pub email: Option<String>,
    pub hire_date: NaiveDate,
    pub termination_date: Option<NaiveDate>,
    pub version: i32,
}

/// A change of a name.
pub struct Rename {
    pub id: Uuid,
    pub version: i32,
    pub name: String,
    /// Whether audit entry, event and the heads of both are kept with it.
    pub recorded: bool,
}

/// Somebody of a team as the bare server shows one.
#[derive(Serialize)]
pub struct Member {
    pub participant_id: Uuid,
    pub employee_id: Uuid,
    pub name: String,
    pub review_id: Option<Uuid>,
    pub state: Option<String>,
    pub composite: Option<i64>,
    pub grade: Option<String>,
}

/// A rating that is handed in.
pub struct Submission {
    pub review: Uuid,
    pub version: i32,
    /// The key under which the answer is kept.
    pub key: String,
}

/// What a submission answers.
#[derive(Serialize)]
pub struct Submitted {
    pub id: Uuid,
    pub participant_id: Uuid,
    pub state: &'static str,
    pub manager_review: &'static str,
    pub version: i32,
}

impl Submitted {
    fn new(submission: &Submission, participant_id: Uuid, version: i32) -> Self {
        let (id, state) = (submission.review, "in_calibration");
        Self { id, participant_id, state, manager_review: RATING, version }
    }
}

/// What is exported.
#[derive(Clone, Copy)]
pub enum Export {
    /// All people, with their assignments on a day.
    People(NaiveDate),
    /// The ratings of the cycle.
    Ratings,
}

/// How rows get in by the hundred thousand.
#[derive(Clone, Copy)]
pub enum Way {
    /// Upserts of many rows each.
    MultiRow,
    /// COPY to a temporary table, then a merge.
    Copy,
    /// One upsert from arrays.
    Unnest,
}

impl std::fmt::Display for Way {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::MultiRow => "upserts of 100 rows",
            Self::Copy => "COPY and a merge",
            Self::Unnest => "UNNEST",
        })
    }
}

/// One connection through an engine's raw driver, inside one tenant.
pub trait Driver: Send {
    /// Version of the engine.
    fn version(&mut self) -> Result<String>;
    /// Ids that one of the statements below finds.
    fn ids(&mut self, query: &'static str) -> Result<Vec<Uuid>>;
    /// Runs statements that return nothing, whoever waits for them.
    fn run(&mut self, statements: &str) -> Result<()>;
    /// Brings the database to rest after much was written.
    fn settle(&mut self) -> Result<()>;
    /// One employee, in two statements.
    fn employee(&mut self, id: Uuid, day: NaiveDate) -> Result<Option<Employee>>;
    /// A page of employees behind an id, in two statements.
    fn employees(&mut self, after: Uuid, limit: i64, day: NaiveDate) -> Result<Vec<Employee>>;
    /// Changes a name, durably; none if the version has moved on.
    fn rename(&mut self, rename: &Rename) -> Result<Option<Renamed>>;
    /// The ways this engine knows, the one to expect most of first.
    fn ways(&self) -> &'static [Way];
    /// Upserts people with their assignments in one transaction.
    fn import(&mut self, way: Way, people: &[Person], units: &[Uuid]) -> Result<()>;
    /// Reads everything as an export shows it; how many bytes of CSV that is.
    fn export(&mut self, export: Export) -> Result<usize>;
    /// The first 50 for whose reviews a manager answers in a cycle, in one statement.
    fn team(&mut self, manager: Uuid, cycle: Uuid) -> Result<Vec<Member>>;
    /// Hands a rating in with everything that follows; none if the version has moved on.
    fn submit(&mut self, submission: &Submission) -> Result<Option<Submitted>>;
}

/// Connects to a database that holds one tenant.
pub fn connect(url: &str) -> Result<Box<dyn Driver>> {
    Ok(match url.strip_prefix("sqlite://") {
        Some(path) => Box::new(sqlite::Sqlite::open(path)?),
        None => Box::new(postgres::Postgres::open(url)?),
    })
}

macro_rules! employee {
    ($rest:literal) => {
        concat!(
            "SELECT e.id, e.employee_number, e.name, e.email, e.hire_date, e.termination_date, \
             e.version, e.created_at, e.updated_at, a.id, a.effective_from, a.effective_to, \
             a.org_unit_id, a.position_id, a.job_title, a.manager_id FROM employee e \
             LEFT JOIN assignment a ON a.tenant_id = e.tenant_id AND a.employee_id = e.id \
             AND a.effective_from <= $1 AND (a.effective_to IS NULL OR a.effective_to >= $1) \
             WHERE e.tenant_id = $2 AND ",
            $rest
        )
    };
}

const TENANT: &str = "SELECT id FROM tenant";
/// The employees, in the order of their ids.
pub const PEOPLE: &str = "SELECT id FROM employee WHERE tenant_id = $1 ORDER BY id";
/// The units, by code.
pub const UNITS: &str = "SELECT id FROM org_unit WHERE tenant_id = $1 ORDER BY code";
/// The first of the company, and one who does not report to them.
pub const MANAGERS: &str = "SELECT id FROM employee WHERE tenant_id = $1 \
     AND employee_number IN ('E000000', 'E000009') ORDER BY employee_number";
/// The reviews whose rating is to be handed in.
pub const PENDING: &str =
    "SELECT id FROM review WHERE tenant_id = $1 AND state = 'pending_manager' ORDER BY id";
const EMPLOYEE: &str = employee!("e.id = $3");
const EMPLOYEES: &str = employee!("e.id > $3 ORDER BY e.id LIMIT $4");
const EXPORT: &str = "SELECT e.employee_number, e.name, e.email, u.code, p.code, a.job_title, \
     m.employee_number, e.hire_date, e.termination_date FROM employee e \
     LEFT JOIN assignment a ON a.tenant_id = e.tenant_id AND a.employee_id = e.id \
     AND a.effective_from <= $1 AND (a.effective_to IS NULL OR a.effective_to >= $1) \
     LEFT JOIN org_unit u ON u.tenant_id = e.tenant_id AND u.id = a.org_unit_id \
     LEFT JOIN position p ON p.tenant_id = e.tenant_id AND p.id = a.position_id \
     LEFT JOIN employee m ON m.tenant_id = e.tenant_id AND m.id = a.manager_id \
     WHERE e.tenant_id = $2 ORDER BY e.employee_number";
const RATINGS: &str = "SELECT e.employee_number, e.name, d.code, m.employee_number, c.code, p.code, \
     p.number, t.population, r.state, r.performance, r.composite, r.computed_grade, \
     r.calibrated_grade, r.final_grade, r.acknowledged_at FROM employee e \
     JOIN participant t ON t.tenant_id = e.tenant_id AND t.employee_id = e.id \
     JOIN review r ON r.tenant_id = t.tenant_id AND r.participant_id = t.id \
     JOIN cycle c ON c.tenant_id = t.tenant_id AND c.id = t.cycle_id \
     JOIN policy p ON p.tenant_id = c.tenant_id AND p.id = c.policy_id \
     LEFT JOIN org_unit d ON d.tenant_id = t.tenant_id AND d.id = t.department_id \
     LEFT JOIN employee m ON m.tenant_id = t.tenant_id AND m.id = t.manager_id \
     WHERE e.tenant_id = $1 ORDER BY e.employee_number";
const TEAM: &str = "SELECT p.id, p.employee_id, e.name, r.id, r.state, r.composite, \
     COALESCE(r.final_grade, r.calibrated_grade, r.computed_grade) FROM participant p \
     JOIN employee e ON e.tenant_id = p.tenant_id AND e.id = p.employee_id \
     LEFT JOIN review r ON r.tenant_id = p.tenant_id AND r.participant_id = p.id \
     WHERE p.tenant_id = $1 AND p.manager_id = $2 AND p.cycle_id = $3 AND p.exclusion IS NULL \
     ORDER BY e.name, p.id LIMIT 50";
const EXTERNAL_IDS: &str = "SELECT system, value FROM employee_external_id \
     WHERE tenant_id = $1 AND employee_id = $2 ORDER BY system";
const RENAME: &str = "UPDATE employee SET name = $1, version = version + 1, updated_at = $2 \
     WHERE tenant_id = $3 AND id = $4 AND version = $5 \
     RETURNING id, employee_number, name, email, hire_date, termination_date, version";
const SUBMIT: &str = "UPDATE review SET state = 'in_calibration', manager_review = $1, \
     performance = 10000, composite = 10000, collaboration = 10000, computed_grade = 'B', \
     version = version + 1, updated_at = $2 \
     WHERE tenant_id = $3 AND id = $4 AND version = $5 RETURNING participant_id, version";
const TRACE: &str = "INSERT INTO result_trace (tenant_id, review_id, revision, formula_version, \
     policy_id, trace, digest, computed_at) \
     SELECT $1, $2, 1, 1, id, $3, $4, $5 FROM policy WHERE tenant_id = $1";
const SCORE: &str = "UPDATE goal SET state = 'scored', score = 10000, version = version + 1, \
     updated_at = $1 WHERE tenant_id = $2 AND id = $3";
const KEEP: &str = "INSERT INTO idempotency (tenant_id, principal_id, key, request_digest, status, \
     headers, body, created_at) VALUES ($1, $1, $2, $3, 200, '{}', $4, $5)";
const MOVE_HEADS: &str = "UPDATE ledger SET audit_position = $1, audit_hash = $2, \
     event_position = $3 WHERE tenant_id = $4";
const AUDIT_ENTRY: &str = "INSERT INTO audit_entry (tenant_id, position, id, at, actor_kind, \
     actor_id, action, resource, resource_id, rule, request_id, details, salt, details_digest, \
     previous_hash, hash) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";
const EVENT: &str = "INSERT INTO event (tenant_id, position, id, type, resource, resource_id, at, \
     data) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

/// What the bare side computes from a rating: as long as the product's trace of one.
static COMPUTED: LazyLock<String> = LazyLock::new(|| "=".repeat(2_000));

/// Something that happened, as audit log and events tell it: as long as the product tells it.
struct Act {
    action: &'static str,
    resource: &'static str,
    id: Uuid,
    details: String,
    data: &'static str,
}

const ACTOR_KIND: &str = "account";
const RULE: &str = "hr_admin_manages_people";

impl Act {
    fn renamed(employee: &Renamed) -> Self {
        let name = &employee.name;
        Self {
            action: "employee.updated",
            resource: "employee",
            id: employee.id,
            details: format!(r#"{{"name":{{"from":"{name}","to":"{name}"}}}}"#),
            data: r#"{"changed":["name"]}"#,
        }
    }

    fn submitted(review: &Submitted) -> [Self; 2] {
        let moved = |action, resource, id| Self {
            action,
            resource,
            id,
            details: "{}".to_owned(),
            data: r#"{"changed":["state"]}"#,
        };
        // A participant's only goal has the participant's id.
        [
            moved("review.rating_submitted", "review", review.id),
            moved("goal.scored", "goal", review.participant_id),
        ]
    }
}

/// What makes an entry and its event different from all others: as random as the product's, where
/// an index would notice.
struct Mark {
    id: Uuid,
    event_id: Uuid,
    hash: [u8; 32],
}

impl Mark {
    fn new(position: i64) -> Self {
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&position.to_be_bytes());
        Self {
            id: crate::people::id(position.unsigned_abs(), 3),
            event_id: crate::people::id(position.unsigned_abs(), 4),
            hash,
        }
    }
}

/// The present instant.
#[expect(clippy::disallowed_methods, reason = "the bare server has no clock to take it from")]
fn now() -> DateTime<Utc> {
    Utc::now()
}
