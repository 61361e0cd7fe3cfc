//! The raw drivers: the statements of the product, and nothing else.
//!
//! Both engines run the same text; only binding differs. Placeholders first appear in ascending
//! order, because SQLite numbers them by their appearance.

mod postgres;
mod records;
mod sqlite;

use crate::Result;
use crate::cycle::RATING;
use crate::people::Person;
use chrono::{DateTime, NaiveDate, Utc};
use domain::people::search::{self, Key, Named};
use records::{ACTOR_KIND, Act, Entry, Heads, Mark, RULE, entries, hired};
use serde::Serialize;
use std::sync::LazyLock;
use uuid::Uuid;

/// A value that can be bound on either engine.
pub trait Value: rusqlite::ToSql + ::postgres::types::ToSql + Sync {}

impl<T: rusqlite::ToSql + ::postgres::types::ToSql + Sync> Value for T {}

/// A value of a row of any statement.
#[derive(Serialize)]
#[serde(untagged)]
pub enum Cell {
    Null,
    Flag(bool),
    Number(i64),
    Id(Uuid),
    Text(String),
    Day(NaiveDate),
    At(DateTime<Utc>),
}

impl Cell {
    /// The instant in a column of instants, which SQLite keeps as microseconds.
    fn instant(self) -> Self {
        match self {
            Self::Number(micros) => {
                DateTime::from_timestamp_micros(micros).map_or(Self::Null, Self::At)
            }
            other => other,
        }
    }
}

/// The rows of a statement.
pub type Rows = Vec<Vec<Cell>>;

/// The ids in a column.
fn ids_in(rows: &Rows, column: usize) -> Vec<Uuid> {
    let id = |row: &Vec<Cell>| match row[column] {
        Cell::Id(id) => Some(id),
        _ => None,
    };
    rows.iter().filter_map(id).collect()
}

/// The ids in two columns, of the rows that have both.
fn pairs_in(rows: &Rows, one: usize, other: usize) -> Vec<(Uuid, Uuid)> {
    let pair = |row: &Vec<Cell>| match (&row[one], &row[other]) {
        (Cell::Id(one), Cell::Id(other)) => Some((*one, *other)),
        _ => None,
    };
    rows.iter().filter_map(pair).collect()
}

/// The id in a column of the first row.
fn id_in(rows: &Rows, column: usize) -> Result<Uuid> {
    Ok(*ids_in(rows, column).first().ok_or("no id where one was expected")?)
}

/// What differs between the engines.
pub struct Dialect {
    /// Begins a consistent snapshot.
    pub snapshot: &'static str,
    /// Reads a review and that of the manager who answers for it, and locks both until the
    /// transaction ends, with their participants and their cycle, which cannot change meanwhile.
    pub hold_reviews: &'static str,
    /// Drops the triggers that protect the logs, if there are any.
    pub unguard: &'static str,
}

/// An employee as the bare server shows it.
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
    #[serde(skip_serializing_if = "Option::is_none")]
    pub names: Option<Names>,
}

/// The names of what an employee's assignment names by ids.
#[derive(Serialize)]
pub struct Names {
    pub org_unit: Option<Card>,
    pub position: Option<Card>,
    pub manager: Option<Card>,
}

/// What is shown of a record beside its id.
#[derive(Serialize)]
pub struct Card {
    pub code: String,
    pub name: String,
}

impl Card {
    fn of((code, name): (Option<String>, Option<String>)) -> Option<Self> {
        Some(Self { code: code?, name: name? })
    }
}

/// Unit, position and manager of an employee.
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

/// The answer to a change of a name.
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

impl Renamed {
    fn named(&self) -> Named<'_> {
        Named { number: &self.employee_number, name: &self.name, email: self.email.as_deref() }
    }
}

/// The keys that a person loses by a change, and those that are new.
fn keys_changed(before: Named<'_>, after: Named<'_>) -> (Vec<Key>, Vec<Key>) {
    let (had, has) = (search::keys(before), search::keys(after));
    let lost = had.iter().filter(|key| !has.contains(key)).cloned().collect();
    (lost, has.into_iter().filter(|key| !had.contains(key)).collect())
}

/// The keys of people, each with its person, in the order of the keys.
fn keys_of(people: &[Person]) -> Vec<(&Key, Uuid)> {
    let mut keys: Vec<(&Key, Uuid)> =
        people.iter().flat_map(|person| person.keys.iter().map(|key| (key, person.id))).collect();
    keys.sort_unstable();
    keys
}

/// A change of a name.
pub struct Rename {
    pub id: Uuid,
    pub version: i32,
    pub name: String,
    /// Whether to write audit entry, event, both heads and what the person is found by too.
    pub recorded: bool,
}

/// A member of a team as the bare server shows it.
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

/// The dashboard of a manager: one field for each statement.
#[derive(Serialize)]
pub struct Dashboard {
    pub cycles: Rows,
    pub waiting: Rows,
    pub own_goals: Rows,
    pub members: Rows,
    pub goal_sums: Rows,
}

impl Dashboard {
    /// The reviews it shows, each with the reviewee.
    pub fn shown(&self) -> Vec<(Uuid, Uuid)> {
        pairs_in(&self.members, 3, 1)
    }
}

/// A review as the bare server lists it, in the order of the columns.
#[derive(Serialize)]
pub struct Listed {
    pub id: Cell,
    pub cycle_id: Cell,
    pub participant_id: Cell,
    pub employee_id: Cell,
    pub manager_id: Cell,
    pub department_id: Cell,
    pub population: Cell,
    pub state: Cell,
    pub version: Cell,
    pub created_at: Cell,
    pub updated_at: Cell,
    pub employee: Beside,
    pub manager: Beside,
    pub department: Beside,
    pub cycle: CycleBeside,
}

/// What is shown of a record beside its id.
#[derive(Serialize)]
pub struct Beside {
    pub code: Cell,
    pub name: Cell,
}

/// What is shown of a cycle beside its id.
#[derive(Serialize)]
pub struct CycleBeside {
    pub name: Cell,
    pub state: Cell,
    pub start: Cell,
    pub end: Cell,
}

impl Listed {
    fn of(row: Vec<Cell>) -> Result<Self> {
        let mut cells = row.into_iter();
        let mut next = || cells.next().ok_or("a review without all of its columns");
        Ok(Self {
            id: next()?,
            cycle_id: next()?,
            participant_id: next()?,
            employee_id: next()?,
            manager_id: next()?,
            department_id: next()?,
            population: next()?,
            state: next()?,
            version: next()?,
            created_at: next()?.instant(),
            updated_at: next()?.instant(),
            employee: Beside { code: next()?, name: next()? },
            manager: Beside { code: next()?, name: next()? },
            department: Beside { code: next()?, name: next()? },
            cycle: CycleBeside { name: next()?, state: next()?, start: next()?, end: next()? },
        })
    }
}

/// The reviews of a team, which fit on one page.
#[derive(Serialize)]
pub struct Reviews {
    pub items: Vec<Listed>,
    pub next_cursor: Option<Uuid>,
    /// The reviews, each with the reviewee.
    #[serde(skip)]
    pub shown: Vec<(Uuid, Uuid)>,
}

/// The submission of a rating.
pub struct Submission {
    pub review: Uuid,
    pub version: i32,
    /// Whether Evenhand's reads are made too.
    pub reading: bool,
    /// The key under which the answer is stored.
    pub key: String,
}

/// The answer to a submission.
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

/// What an export holds.
#[derive(Clone, Copy)]
pub enum Export {
    /// All people, with their assignments on a day.
    People(NaiveDate),
    /// The ratings of the cycle.
    Ratings,
}

/// How the bulk rows are written.
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

/// Rows for a table, ready to be written many at once.
#[derive(PartialEq)]
pub enum Stock {
    /// As COPY writes and reads them.
    Copied(Vec<u8>),
    /// As values.
    Values(Vec<Vec<rusqlite::types::Value>>),
}

/// One connection through an engine's raw driver, limited to one tenant.
pub trait Driver: Send {
    /// Version of the engine.
    fn version(&mut self) -> Result<String>;
    /// The ids that one of the queries below finds.
    fn ids(&mut self, query: &'static str) -> Result<Vec<Uuid>>;
    /// Runs statements that return nothing.
    fn run(&mut self, statements: &str) -> Result<()>;
    /// Lets the database finish its own work after many writes.
    fn settle(&mut self) -> Result<()>;
    /// One employee, in two statements.
    fn employee(&mut self, id: Uuid, day: NaiveDate) -> Result<Option<Employee>>;
    /// A page of employees after an id, in two statements; with names beside ids, if `named`.
    fn employees(
        &mut self,
        after: Uuid,
        limit: i64,
        day: NaiveDate,
        named: bool,
    ) -> Result<Vec<Employee>>;
    /// Changes a name durably; none if the version has changed.
    fn rename(&mut self, rename: &Rename) -> Result<Option<Renamed>>;
    /// The ways of this engine, the fastest one expected first.
    fn ways(&self) -> &'static [Way];
    /// Upserts people with their assignments in one transaction and, if `recorded`, writes an audit
    /// entry and an event for each new person. Either all people are new or all are known.
    fn import(&mut self, way: Way, recorded: bool, people: &[Person], units: &[Uuid])
    -> Result<()>;
    /// Reads rows in the form in which [`Driver::put`] writes them.
    fn take(&mut self, query: &str) -> Result<Stock>;
    /// Writes rows, whose columns are those of a table, by the fastest way of this engine.
    fn put(&mut self, table: &str, rows: &Stock) -> Result<()>;
    /// Reads everything that an export shows; returns its size as CSV in bytes.
    fn export(&mut self, export: Export) -> Result<usize>;
    /// The first 50 people for whose reviews a manager answers in a cycle, in one statement.
    fn team(&mut self, manager: Uuid, cycle: Uuid) -> Result<Vec<Member>>;
    /// Submits a rating with everything that follows; none if the version has changed.
    fn submit(&mut self, submission: &Submission) -> Result<Option<Submitted>>;
    /// Stores durably that somebody read reviews, each given with the reviewee.
    fn look(&mut self, about: &[(Uuid, Uuid)]) -> Result<()>;
    /// The reviews of everybody, each with the reviewee.
    fn reviewed(&mut self) -> Result<Vec<(Uuid, Uuid)>> {
        let tenant = self.tenant();
        Ok(pairs_in(&self.rows(REVIEWED, &[&tenant], None)?, 0, 1))
    }

    /// The positions of the last audit entry and of the last event.
    fn positions(&mut self) -> Result<(i64, i64)> {
        match self.rows(POSITIONS, &[], None)?.first().map(Vec::as_slice) {
            Some([Cell::Number(audit), Cell::Number(event)]) => Ok((*audit, *event)),
            _ => Err("a tenant without ledger".into()),
        }
    }

    /// The one tenant.
    fn tenant(&self) -> Uuid;
    /// What differs on this engine.
    fn dialect(&self) -> &'static Dialect;
    /// The rows of a statement; `list` replaces [`LIST`] in it.
    fn rows(
        &mut self,
        sql: &'static str,
        binds: &[&dyn Value],
        list: Option<&[Uuid]>,
    ) -> Result<Rows>;

    /// The dashboard of a manager, in Evenhand's statements.
    fn dashboard(&mut self, manager: Uuid, cycle: Uuid, day: NaiveDate) -> Result<Dashboard> {
        let tenant = self.tenant();
        let (name, id) = (None::<String>, None::<Uuid>);
        self.run(self.dialect().snapshot)?;
        // The bare database has no accounts, so no account has approved anything.
        let cycles = self.rows(OPEN_CYCLES, &[&manager, &tenant], None)?;
        let waiting = self.rows(WAITING, &[&tenant, &manager, &day], None)?;
        let own_goals = self.rows(OWN_GOALS, &[&tenant, &manager], None)?;
        let page: &[&dyn Value] = &[&tenant, &manager, &cycle, &name, &id, &ONE_MORE];
        let members = self.rows(MEMBERS, page, None)?;
        let people = ids_in(&members, 1);
        let goal_sums = self.rows(GOAL_SUMS, &[&tenant, &cycle], Some(&people))?;
        self.run("COMMIT")?;
        Ok(Dashboard { cycles, waiting, own_goals, members, goal_sums })
    }

    /// The reviews for which a manager answers in a cycle, in one statement.
    fn reviews(&mut self, manager: Uuid, cycle: Uuid) -> Result<Reviews> {
        let tenant = self.tenant();
        let page: &[&dyn Value] = &[&tenant, &manager, &cycle, &ONE_MORE];
        let rows = self.rows(REVIEWS, page, None)?;
        let shown = pairs_in(&rows, 0, 3);
        let items = rows.into_iter().map(Listed::of).collect::<Result<_>>()?;
        Ok(Reviews { items, next_cursor: None, shown })
    }

    /// Reads everything that a submission by the manager who answers for the review is checked
    /// against and computed from, in Evenhand's statements. Every goal has one revision, so there is
    /// no history of goals to read.
    fn read_for(&mut self, review: Uuid) -> Result<()> {
        let tenant = self.tenant();
        // The leader's own rating is not submitted, so nothing follows for the leader.
        let held = self.rows(self.dialect().hold_reviews, &[&tenant, &review], None)?;
        let own = ids_in(&held, 6).iter().position(|id| *id == review).ok_or("no such review")?;
        let own = vec![held.into_iter().nth(own).ok_or("no such review")?];
        let (cycle, person) = (id_in(&own, 18)?, id_in(&own, 19)?);
        self.rows(CYCLE, &[&tenant, &cycle, &person], None)?;
        // The person leads nobody, so there are no totals of a team to read.
        for sql in [GOALS, MEASUREMENTS, CHECK_INS] {
            self.rows(sql, &[&tenant, &cycle], Some(&[person]))?;
        }
        Ok(())
    }
}

/// Connects to a database that holds one tenant.
pub fn connect(url: &str) -> Result<Box<dyn Driver>> {
    Ok(match url.strip_prefix("sqlite://") {
        Some(path) => Box::new(sqlite::Sqlite::open(path)?),
        None => Box::new(postgres::Postgres::open(url)?),
    })
}

/// Employees with their assignments and employments, joined in this order. In the other order
/// SQLite would read the assignments of everybody first.
macro_rules! employee {
    ($which:literal) => {
        employee!("", "", $which)
    };
    ($columns:literal, $joins:literal, $which:literal) => {
        concat!(
            "SELECT e.id, e.employee_number, e.name, e.email, w.hire_date, w.last_day, \
             e.version, e.created_at, e.updated_at, a.id, a.effective_from, a.effective_to, \
             a.org_unit_id, a.position_id, a.job_title, a.manager_id",
            $columns,
            " FROM employee e \
             LEFT JOIN assignment a ON a.tenant_id = e.tenant_id AND a.employee_id = e.id \
             AND a.effective_from <= $1 AND (a.effective_to IS NULL OR a.effective_to >= $1) \
             JOIN employment w ON w.tenant_id = e.tenant_id AND w.employee_id = e.id ",
            $joins,
            " WHERE e.tenant_id = $2 AND ",
            $which
        )
    };
}

macro_rules! team {
    ($rest:literal) => {
        concat!(
            "SELECT p.id, p.employee_id, e.name, r.id, r.state, r.composite, \
             COALESCE(r.final_grade, r.calibrated_grade, r.computed_grade) FROM participant p \
             JOIN employee e ON e.tenant_id = p.tenant_id AND e.id = p.employee_id \
             LEFT JOIN review r ON r.tenant_id = p.tenant_id AND r.participant_id = p.id \
             WHERE p.tenant_id = $1 AND p.manager_id = $2 AND p.cycle_id = $3 \
             AND p.exclusion IS NULL ",
            $rest
        )
    };
}

/// A review and that of the manager who answers for it, with their participants and their cycle.
macro_rules! hold_reviews {
    ($locks:literal) => {
        concat!(
            "SELECT r.participant_id, r.self_review, r.manager_review, r.disagreement, \
             r.acknowledged_at, r.created_at, r.id, r.state, r.performance, r.composite, \
             r.collaboration, r.computed_grade, r.calibrated_grade, r.final_grade, r.veto_grade, \
             r.session_id, r.version, r.updated_at, p.cycle_id, p.employee_id, p.manager_id, \
             p.department_id, p.population, p.counts_for_quota, c.state FROM review r \
             JOIN participant p ON p.tenant_id = r.tenant_id AND p.id = r.participant_id \
             JOIN cycle c ON c.tenant_id = p.tenant_id AND c.id = p.cycle_id \
             WHERE r.tenant_id = $1 AND r.id IN ($2, (\
             SELECT above.id FROM review own \
             JOIN participant q ON q.tenant_id = own.tenant_id AND q.id = own.participant_id \
             JOIN participant m ON m.tenant_id = q.tenant_id AND m.cycle_id = q.cycle_id \
             AND m.employee_id = q.manager_id \
             JOIN review above ON above.tenant_id = m.tenant_id AND above.participant_id = m.id \
             WHERE own.tenant_id = $1 AND own.id = $2)) ORDER BY r.id",
            $locks
        )
    };
}
use hold_reviews;

/// Records that belong to the goals of people in a cycle.
macro_rules! of_goals {
    ($columns:literal, $table:literal, $order:literal) => {
        concat!(
            "SELECT tenant_id, ",
            $columns,
            " FROM ",
            $table,
            " WHERE tenant_id = $1 AND goal_id IN (SELECT g.id FROM goal g \
             WHERE g.tenant_id = $1 AND g.cycle_id = $2 AND g.owner_id = ANY ($3)) \
             ORDER BY goal_id, ",
            $order
        )
    };
}

const TENANT: &str = "SELECT id FROM tenant";
/// The employees, ordered by id.
pub const PEOPLE: &str = "SELECT id FROM employee WHERE tenant_id = $1 ORDER BY id";
/// The units, by code.
pub const UNITS: &str = "SELECT id FROM org_unit WHERE tenant_id = $1 ORDER BY code";
/// The first employee of the company, and one who does not report to them.
pub const MANAGERS: &str = "SELECT id FROM employee WHERE tenant_id = $1 \
     AND employee_number IN ('E000000', 'E000009') ORDER BY employee_number";
/// The goals of that employee's direct reports; each goal has the id of its participant.
pub const GOALS_OF_LEAD: &str = "SELECT p.id FROM participant p \
     JOIN employee e ON e.tenant_id = p.tenant_id AND e.id = p.manager_id \
     WHERE p.tenant_id = $1 AND e.employee_number = 'E000000' ORDER BY p.id";
/// The goals whose figures are reported.
pub const ACTIVE_GOALS: &str =
    "SELECT id FROM goal WHERE tenant_id = $1 AND state = 'active' ORDER BY id";
/// The reviews whose rating can be submitted.
pub const PENDING: &str =
    "SELECT id FROM review WHERE tenant_id = $1 AND state = 'pending_manager' ORDER BY id";
const EMPLOYEE: &str = employee!("e.id = $3");
const EMPLOYEES: &str = employee!("e.id > $3 ORDER BY e.id LIMIT $4");
const EMPLOYEES_NAMED: &str = employee!(
    ", u.code, u.name, p.code, p.title, m.employee_number, m.name",
    "LEFT JOIN org_unit u ON u.tenant_id = e.tenant_id AND u.id = a.org_unit_id \
     LEFT JOIN position p ON p.tenant_id = e.tenant_id AND p.id = a.position_id \
     LEFT JOIN employee m ON m.tenant_id = e.tenant_id AND m.id = a.manager_id",
    "e.id > $3 ORDER BY e.id LIMIT $4"
);
const EXPORT: &str = "SELECT e.employee_number, e.name, e.email, u.code, p.code, a.job_title, \
     m.employee_number, w.hire_date, w.last_day FROM employee e \
     JOIN employment w ON w.tenant_id = e.tenant_id AND w.employee_id = e.id \
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
const TEAM: &str = team!("ORDER BY e.name, p.id LIMIT 50");
/// The team after a name and an id, if given. The cast is for PostgreSQL, which asks for the type
/// of a parameter where it first appears.
const MEMBERS: &str = team!(
    "AND (CAST($4 AS text) IS NULL OR e.name > $4 OR (e.name = $4 AND p.id > $5)) \
     ORDER BY e.name, p.id LIMIT $6"
);
const REVIEWS: &str = "SELECT r.id, p.cycle_id, r.participant_id, p.employee_id, p.manager_id, \
     p.department_id, p.population, r.state, r.version, r.created_at, r.updated_at, \
     e.employee_number, e.name, m.employee_number, m.name, d.code, d.name, c.name, c.state, \
     c.period_start, c.period_end FROM review r \
     JOIN participant p ON p.tenant_id = r.tenant_id AND p.id = r.participant_id \
     JOIN employee e ON e.tenant_id = p.tenant_id AND e.id = p.employee_id \
     JOIN cycle c ON c.tenant_id = p.tenant_id AND c.id = p.cycle_id \
     LEFT JOIN employee m ON m.tenant_id = p.tenant_id AND m.id = p.manager_id \
     LEFT JOIN org_unit d ON d.tenant_id = p.tenant_id AND d.id = p.department_id \
     WHERE r.tenant_id = $1 AND p.manager_id = $2 AND p.cycle_id = $3 ORDER BY r.id LIMIT $4";
/// A page of 50, and one more row that shows whether there is another page.
const ONE_MORE: i64 = 51;
/// Where a list of ids appears: after the tenant and the cycle.
const LIST: &str = "= ANY ($3)";
const OPEN_CYCLES: &str = "
     SELECT c.id, c.name, c.state, c.period_start, c.period_end, c.schedule, p.rules,
            c.published_at, a.account_id IS NOT NULL
       FROM cycle c
       JOIN policy p ON p.tenant_id = c.tenant_id AND p.id = c.policy_id
       LEFT JOIN cycle_approval a ON a.tenant_id = c.tenant_id AND a.cycle_id = c.id
        AND a.event = 'publish' AND a.account_id = $1
      WHERE c.tenant_id = $2
        AND c.state IN ('draft', 'goal_setting', 'executing', 'evaluating', 'calibrating',
                        'confirmed', 'published')
      ORDER BY c.period_end, c.id";
const WAITING: &str = "
     WITH mine AS (
       SELECT p.id, p.cycle_id, c.state FROM participant p
         JOIN cycle c ON c.tenant_id = p.tenant_id AND c.id = p.cycle_id
        WHERE p.tenant_id = $1 AND p.employee_id = $2 AND p.exclusion IS NULL
     ), team AS MATERIALIZED (
       SELECT p.id, p.cycle_id, p.employee_id, c.state FROM cycle c CROSS JOIN participant p
        WHERE c.tenant_id = $1 AND c.state IN ('goal_setting', 'executing', 'evaluating')
          AND p.tenant_id = c.tenant_id AND p.manager_id = $2 AND p.cycle_id = c.id
          AND p.exclusion IS NULL
     )
     SELECT 'submit_goals', m.cycle_id, m.id, CAST(NULL AS uuid), CAST(NULL AS text),
            CAST(NULL AS date)
       FROM mine m
      WHERE m.state = 'goal_setting'
        AND (EXISTS (SELECT 1 FROM goal g
                      WHERE g.tenant_id = $1 AND g.cycle_id = m.cycle_id
                        AND g.owner_id = $2 AND g.state = 'draft'
                        AND g.deleted_at IS NULL)
             OR NOT EXISTS (SELECT 1 FROM goal g
                             WHERE g.tenant_id = $1 AND g.cycle_id = m.cycle_id
                               AND g.owner_id = $2 AND g.state <> 'cancelled'
                               AND g.deleted_at IS NULL))
     UNION ALL
     SELECT 'approve_goal', g.cycle_id, g.id, t.employee_id,
            (SELECT e.name FROM employee e WHERE e.tenant_id = $1 AND e.id = t.employee_id), NULL
       FROM team t CROSS JOIN goal g
      WHERE t.state IN ('goal_setting', 'executing') AND g.tenant_id = $1
        AND g.cycle_id = t.cycle_id AND g.owner_id = t.employee_id AND g.state = 'submitted'
     UNION ALL
     SELECT 'decide_goal_change', g.cycle_id, h.id, t.employee_id,
            (SELECT e.name FROM employee e WHERE e.tenant_id = $1 AND e.id = t.employee_id), NULL
       FROM team t CROSS JOIN goal g CROSS JOIN goal_change h
      WHERE g.tenant_id = $1 AND g.cycle_id = t.cycle_id AND g.owner_id = t.employee_id
        AND g.state = 'change_pending' AND h.tenant_id = g.tenant_id AND h.goal_id = g.id
        AND h.state = 'pending' AND NOT EXISTS (SELECT 1 FROM account a
                         WHERE a.tenant_id = h.tenant_id AND a.id = h.requested_by
                           AND a.employee_id = $2)
     UNION ALL
     SELECT CASE r.state WHEN 'pending_self' THEN 'submit_self_review'
                         ELSE 'acknowledge_result' END,
            m.cycle_id, r.id, NULL, NULL, NULL
       FROM mine m
       JOIN review r ON r.tenant_id = $1 AND r.participant_id = m.id
      WHERE (m.state = 'evaluating' AND r.state = 'pending_self')
         OR (m.state = 'published' AND r.state = 'published')
     UNION ALL
     SELECT 'submit_manager_review', t.cycle_id, r.id, t.employee_id,
            (SELECT e.name FROM employee e WHERE e.tenant_id = $1 AND e.id = t.employee_id), NULL
       FROM team t CROSS JOIN review r
      WHERE t.state = 'evaluating' AND r.tenant_id = $1 AND r.participant_id = t.id
        AND r.state = 'pending_manager'
     UNION ALL
     SELECT 'confirm_rating', p.cycle_id, r.id, p.employee_id,
            (SELECT e.name FROM employee e WHERE e.tenant_id = $1 AND e.id = p.employee_id), NULL
       FROM assignment a
       JOIN participant p ON p.tenant_id = a.tenant_id AND p.manager_id = a.employee_id
       JOIN cycle c ON c.tenant_id = p.tenant_id AND c.id = p.cycle_id
        AND c.state = 'evaluating'
       JOIN review r ON r.tenant_id = p.tenant_id AND r.participant_id = p.id
        AND r.state = 'second_review'
      WHERE a.tenant_id = $1 AND a.manager_id = $2
        AND a.effective_from <= $3
        AND (a.effective_to IS NULL OR a.effective_to >= $3)
        AND p.employee_id <> $2
     UNION ALL
     SELECT 'calibrate', s.cycle_id, s.id, NULL, NULL, s.scheduled_on
       FROM calibration_member m
       JOIN calibration_session s ON s.tenant_id = m.tenant_id AND s.id = m.session_id
      WHERE m.tenant_id = $1 AND m.employee_id = $2
        AND s.state IN ('scheduled', 'open')
     UNION ALL
     SELECT 'decide_move', s.cycle_id, v.id, p.employee_id,
            (SELECT e.name FROM employee e WHERE e.tenant_id = $1 AND e.id = p.employee_id),
            s.scheduled_on
       FROM calibration_member m
       JOIN calibration_session s ON s.tenant_id = m.tenant_id AND s.id = m.session_id
        AND s.state = 'open'
       JOIN calibration_move v ON v.tenant_id = s.tenant_id AND v.session_id = s.id
        AND v.state = 'pending' AND v.proposed_by <> m.employee_id
       JOIN review r ON r.tenant_id = v.tenant_id AND r.id = v.review_id
       JOIN participant p ON p.tenant_id = r.tenant_id AND p.id = r.participant_id
      WHERE m.tenant_id = $1 AND m.employee_id = $2 AND m.seat = 'member'
        AND p.employee_id <> $2";
const OWN_GOALS: &str = "
     SELECT g.id, g.cycle_id, g.state, g.content, g.progress, g.confidence, g.checked_in_at
       FROM goal g
       JOIN cycle c ON c.tenant_id = g.tenant_id AND c.id = g.cycle_id
      WHERE g.tenant_id = $1 AND g.owner_id = $2 AND g.state <> 'cancelled'
        AND g.deleted_at IS NULL AND c.state NOT IN ('closed', 'archived', 'cancelled')
      ORDER BY c.period_end, c.id, g.id";
const GOAL_SUMS: &str = "SELECT owner_id, COUNT(*), \
     COUNT(CASE WHEN state NOT IN ('draft', 'submitted') THEN 1 END), \
     COUNT(CASE WHEN state = 'submitted' THEN 1 END), CAST(SUM(weight) AS BIGINT), \
     CAST(SUM(weight * COALESCE(progress, 0)) AS BIGINT), MAX(checked_in_at) FROM goal \
     WHERE tenant_id = $1 AND cycle_id = $2 AND owner_id = ANY ($3) AND state <> 'cancelled' \
     AND deleted_at IS NULL GROUP BY owner_id";
const CYCLE: &str = "SELECT c.tenant_id, c.id, c.code, c.name, c.kind, c.policy_id, c.state, \
     c.period_start, c.period_end, c.schedule, c.raci, c.org_unit_ids, c.dropped, \
     c.department_weights, c.launched_at, c.published_at, c.version, c.created_at, c.updated_at, \
     p.tenant_id, p.id, p.code, p.name, p.number, p.state, p.rules, p.published_at, p.version, \
     p.created_at, p.updated_at, EXISTS (SELECT 1 FROM participant t WHERE t.tenant_id = $1 \
     AND t.cycle_id = $2 AND t.manager_id = $3 AND t.exclusion IS NULL), \
     EXISTS (SELECT 1 FROM calibration_session s WHERE s.tenant_id = $1 AND s.cycle_id = $2 \
     AND s.state = 'opened') \
     FROM cycle c JOIN policy p ON p.tenant_id = c.tenant_id AND p.id = c.policy_id \
     WHERE c.tenant_id = $1 AND c.id = $2";
const GOALS: &str = "SELECT g.tenant_id, g.id, g.cycle_id, g.owner_id, g.level, g.parent_id, g.state, \
     g.revision, g.title, g.weight, g.content, g.progress, g.confidence, g.checked_in_at, g.score, \
     g.return_reason, g.signed_event, g.signed_seat, g.signed_by, g.signed_at, g.version, \
     g.created_at, g.updated_at, g.deleted_at, c.state, p.manager_id FROM goal g \
     JOIN cycle c ON c.tenant_id = g.tenant_id AND c.id = g.cycle_id \
     LEFT JOIN participant p ON p.tenant_id = g.tenant_id AND p.cycle_id = g.cycle_id \
     AND p.employee_id = g.owner_id \
     WHERE g.tenant_id = $1 AND g.cycle_id = $2 AND g.owner_id = ANY ($3) \
     AND g.deleted_at IS NULL ORDER BY g.owner_id, g.id";
const MEASUREMENTS: &str = of_goals!(
    "id, goal_id, period_start, source, external_id, revision, value, author_id, created_at",
    "measurement",
    "id"
);
const CHECK_INS: &str = of_goals!(
    "id, goal_id, author_id, reports, confidence, blockers, comment, progress, created_at",
    "check_in",
    "id"
);
const NAMED: &str =
    "SELECT employee_number, name, email FROM employee WHERE tenant_id = $1 AND id = $2";
const EXTERNAL_IDS: &str = "SELECT system, value FROM employee_external_id \
     WHERE tenant_id = $1 AND employee_id = $2 ORDER BY system";
const RENAME: &str = "UPDATE employee SET name = $1, version = version + 1, updated_at = $2 \
     WHERE tenant_id = $3 AND id = $4 AND version = $5 \
     RETURNING id, employee_number, name, email, (SELECT w.hire_date FROM employment w \
     WHERE w.tenant_id = employee.tenant_id AND w.employee_id = employee.id), \
     (SELECT w.last_day FROM employment w WHERE w.tenant_id = employee.tenant_id \
     AND w.employee_id = employee.id), version";
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
const TAKE: &str = "INSERT INTO idempotency (tenant_id, principal_id, key, request_digest, status, \
     headers, body, created_at) VALUES ($1, $1, $2, $3, 0, '', $3, $4) \
     ON CONFLICT (tenant_id, principal_id, key) DO NOTHING";
const ANSWER: &str = "UPDATE idempotency SET request_digest = $1, status = 200, headers = '{}', \
     body = $2 WHERE tenant_id = $3 AND principal_id = $3 AND key = $4";
const POSITIONS: &str = "SELECT audit_position, event_position FROM ledger";
const MOVE_HEADS: &str = "UPDATE ledger SET audit_position = $1, audit_hash = $2, \
     event_position = $3 WHERE tenant_id = $4";
/// The reviews of everybody, each with the reviewee.
const REVIEWED: &str = "SELECT r.id, p.employee_id FROM review r \
     JOIN participant p ON p.tenant_id = r.tenant_id AND p.id = r.participant_id \
     WHERE r.tenant_id = $1";
/// Moves the head of the log of reads, locks it until the transaction ends, and returns its
/// position.
const MOVE_LOOKS: &str = "UPDATE ledger SET read_position = read_position + 1, read_hash = $1 \
     WHERE tenant_id = $2 RETURNING read_position";
const LOOK: &str = "INSERT INTO read_entry (tenant_id, position, id, at, reader_kind, reader_id, \
     operation, request_id, subjects, subjects_digest, previous_hash, hash) \
     VALUES ($1, $2, $3, $4, $5, $1, 'getManagerDashboard', $6, $7, $8, $8, $8)";

/// Stands for the result that the bare side computes: as long as the product's trace.
static COMPUTED: LazyLock<String> = LazyLock::new(|| "=".repeat(2_000));

/// The present instant.
#[expect(clippy::disallowed_methods, reason = "the bare server has no clock to take it from")]
fn now() -> DateTime<Utc> {
    Utc::now()
}
