//! The raw drivers: the statements that the product's work comes down to, and nothing else.
//!
//! Both engines run the same text; only binding differs. Placeholders first appear in the order of
//! their numbers, by which SQLite counts them.

mod postgres;
mod sqlite;

use crate::Result;
use crate::people::Person;
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
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
    /// Ids of the employees, in their order.
    fn ids(&mut self) -> Result<Vec<Uuid>>;
    /// Ids of the units, by code.
    fn units(&mut self) -> Result<Vec<Uuid>>;
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
    /// Reads all people as the export shows them; how many bytes of CSV that is.
    fn export(&mut self, day: NaiveDate) -> Result<usize>;
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
const IDS: &str = "SELECT id FROM employee WHERE tenant_id = $1 ORDER BY id";
const UNITS: &str = "SELECT id FROM org_unit WHERE tenant_id = $1 ORDER BY code";
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
const EXTERNAL_IDS: &str = "SELECT system, value FROM employee_external_id \
     WHERE tenant_id = $1 AND employee_id = $2 ORDER BY system";
const RENAME: &str = "UPDATE employee SET name = $1, version = version + 1, updated_at = $2 \
     WHERE tenant_id = $3 AND id = $4 AND version = $5 \
     RETURNING id, employee_number, name, email, hire_date, termination_date, version";
const MOVE_HEADS: &str = "UPDATE ledger SET audit_position = $1, audit_hash = $2, \
     event_position = $3 WHERE tenant_id = $4";
const AUDIT_ENTRY: &str = "INSERT INTO audit_entry (tenant_id, position, id, at, actor_kind, \
     actor_id, action, resource, resource_id, rule, request_id, details, salt, details_digest, \
     previous_hash, hash) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";
const EVENT: &str = "INSERT INTO event (tenant_id, position, id, type, resource, resource_id, at, \
     data) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

/// What the entries and events of the bare side say: as long as the product's, and as random
/// where an index would notice.
struct Entry {
    id: Uuid,
    event_id: Uuid,
    details: String,
    data: String,
    hash: [u8; 32],
}

const ACTOR_KIND: &str = "account";
const ACTION: &str = "employee.updated";
const RESOURCE: &str = "employee";
const RULE: &str = "hr_admin_manages_people";

impl Entry {
    fn new(position: i64, what: &str) -> Self {
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&position.to_be_bytes());
        Self {
            id: crate::people::id(position.unsigned_abs(), 3),
            event_id: crate::people::id(position.unsigned_abs(), 4),
            details: format!(r#"{{"name":{{"from":"{what}","to":"{what}"}}}}"#),
            data: r#"{"changed":["name"]}"#.to_owned(),
            hash,
        }
    }
}

/// The present instant.
#[expect(clippy::disallowed_methods, reason = "the bare server has no clock to take it from")]
fn now() -> DateTime<Utc> {
    Utc::now()
}
