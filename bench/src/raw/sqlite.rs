//! SQLite through rusqlite.

use super::*;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};
use std::borrow::Cow;
use std::io::Write;

/// Most rows in one statement.
const ROWS: usize = 100;

pub struct Sqlite {
    conn: Connection,
    tenant: Uuid,
}

impl Sqlite {
    /// Opens a file with the product's settings.
    pub fn open(path: &str) -> Result<Self> {
        let conn = Connection::open(path)?;
        conn.set_prepared_statement_cache_capacity(64);
        conn.execute_batch(
            "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
             PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA cache_size = -16384;
             PRAGMA temp_store = MEMORY;",
        )?;
        let tenant = conn.query_row(TENANT, [], |row| row.get(0))?;
        Ok(Self { conn, tenant })
    }

    /// Writes an audit entry and an event for each act, and moves both heads.
    fn record(&self, acts: &[Act]) -> Result<()> {
        let mut heads = self.conn.prepare_cached(HEADS)?;
        let heads =
            heads.query_row([self.tenant], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let (tenant, now) = (self.tenant, micros());
        let (entries, (audit, hash, event)) = entries(acts, heads);
        self.upsert(
            (AUDIT_ENTRIES, 14, ""),
            &entries,
            |Entry { act, audit, mark, previous, .. }| {
                vec![
                    Box::new(tenant),
                    Box::new(audit),
                    Box::new(mark.id),
                    Box::new(now),
                    Box::new(ACTOR_KIND),
                    Box::new(tenant),
                    Box::new(act.action),
                    Box::new(act.resource),
                    Box::new(act.id),
                    Box::new(RULE),
                    Box::new(mark.id.to_string()),
                    Box::new(mark.hash),
                    Box::new(previous),
                    Box::new(mark.hash),
                ]
            },
        )?;
        self.upsert((AUDIT_DETAILS, 4, ""), &entries, |Entry { act, audit, mark, .. }| {
            vec![
                Box::new(tenant),
                Box::new(audit),
                Box::new(&mark.hash[..16]),
                Box::new(&act.details),
            ]
        })?;
        self.upsert((EVENTS, 8, ""), &entries, |Entry { act, event, mark, .. }| {
            vec![
                Box::new(tenant),
                Box::new(event),
                Box::new(mark.event_id),
                Box::new(act.action),
                Box::new(act.resource),
                Box::new(act.id),
                Box::new(now),
                Box::new(act.data),
            ]
        })?;
        self.execute(MOVE_HEADS, params![audit, hash, event, tenant])
    }

    /// Runs a statement, prepared once.
    fn execute(&self, sql: &str, values: &[&dyn ToSql]) -> Result<()> {
        self.conn.prepare_cached(sql)?.execute(values)?;
        Ok(())
    }

    fn update(&self, rename: &Rename) -> Result<Option<Renamed>> {
        let Rename { id, version, name, .. } = rename;
        let mut update = self.conn.prepare_cached(RENAME)?;
        let renamed = update.query_row(params![name, micros(), self.tenant, id, version], |row| {
            Ok(Renamed {
                id: row.get(0)?,
                employee_number: row.get(1)?,
                name: row.get(2)?,
                email: row.get(3)?,
                hire_date: row.get(4)?,
                termination_date: row.get(5)?,
                version: row.get(6)?,
            })
        });
        Ok(renamed.optional()?)
    }

    /// Adds what people are found by.
    fn add_keys(&self, keys: &[(&Key, Uuid)]) -> Result<()> {
        let add = ("INSERT INTO employee_search (tenant_id, term, employee_id, shared)", 4, "");
        self.upsert(add, keys, |(key, person)| {
            vec![Box::new(self.tenant), Box::new(&key.text), Box::new(person), Box::new(key.shared)]
        })?;
        Ok(())
    }

    /// Upserts rows, many per statement; returns the number written.
    fn upsert<'a, P>(
        &self,
        (insert, columns, conflict): (&str, usize, &str),
        rows: &'a [P],
        values: impl Fn(&'a P) -> Vec<Box<dyn ToSql + 'a>>,
    ) -> Result<usize> {
        let mut written = 0;
        let row = format!("({})", vec!["?"; columns].join(", "));
        for rows in rows.chunks(ROWS) {
            let places = vec![&row[..]; rows.len()].join(", ");
            let mut statement =
                self.conn.prepare_cached(&format!("{insert} VALUES {places} {conflict}"))?;
            written += statement.execute(params_from_iter(rows.iter().flat_map(&values)))?;
        }
        Ok(written)
    }
}

const AUDIT_ENTRIES: &str = "INSERT INTO audit_entry (tenant_id, position, id, at, actor_kind, \
     actor_id, action, resource, resource_id, rule, request_id, details_digest, previous_hash, hash)";
const AUDIT_DETAILS: &str = "INSERT INTO audit_detail (tenant_id, position, salt, details)";
const EVENTS: &str =
    "INSERT INTO event (tenant_id, position, id, type, resource, resource_id, at, data)";
const HEADS: &str =
    "SELECT audit_position, audit_hash, event_position FROM ledger WHERE tenant_id = $1";

/// SQLite has one writer, so it needs no locks.
const DIALECT: Dialect = Dialect {
    snapshot: "BEGIN DEFERRED",
    hold_reviews: hold_reviews!(""),
    unguard: "DROP TRIGGER audit_entry_remains; DROP TRIGGER audit_detail_remains;",
};

impl FromSql for Cell {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value {
            ValueRef::Null => Ok(Self::Null),
            ValueRef::Integer(number) => Ok(Self::Number(number)),
            ValueRef::Text(_) => FromSql::column_result(value).map(Self::Text),
            ValueRef::Blob(_) => FromSql::column_result(value).map(Self::Id),
            ValueRef::Real(_) => Err(FromSqlError::InvalidType),
        }
    }
}

fn micros() -> i64 {
    now().timestamp_micros()
}

fn at(row: &Row<'_>, column: usize) -> rusqlite::Result<DateTime<Utc>> {
    Ok(DateTime::from_timestamp_micros(row.get(column)?).unwrap_or_default())
}

fn employee(row: &Row<'_>) -> rusqlite::Result<Employee> {
    let assignment = match row.get(9)? {
        Some(id) => Some(Assignment {
            id,
            effective_from: row.get(10)?,
            effective_to: row.get(11)?,
            org_unit_id: row.get(12)?,
            position_id: row.get(13)?,
            job_title: row.get(14)?,
            manager_id: row.get(15)?,
        }),
        None => None,
    };
    Ok(Employee {
        id: row.get(0)?,
        employee_number: row.get(1)?,
        name: row.get(2)?,
        email: row.get(3)?,
        hire_date: row.get(4)?,
        termination_date: row.get(5)?,
        version: row.get(6)?,
        created_at: at(row, 7)?,
        updated_at: at(row, 8)?,
        assignment,
        external_ids: Vec::new(),
        names: None,
    })
}

fn named(row: &Row<'_>) -> rusqlite::Result<Employee> {
    let card = |code, name| Ok::<_, rusqlite::Error>(Card::of((row.get(code)?, row.get(name)?)));
    let names = Names { org_unit: card(16, 17)?, position: card(18, 19)?, manager: card(20, 21)? };
    Ok(Employee { names: Some(names), ..employee(row)? })
}

impl Driver for Sqlite {
    fn version(&mut self) -> Result<String> {
        Ok(format!("SQLite {}", rusqlite::version()))
    }

    fn ids(&mut self, query: &'static str) -> Result<Vec<Uuid>> {
        let mut statement = self.conn.prepare_cached(query)?;
        let ids = statement.query_map([self.tenant], |row| row.get(0))?;
        Ok(ids.collect::<rusqlite::Result<_>>()?)
    }

    fn run(&mut self, statements: &str) -> Result<()> {
        Ok(self.conn.execute_batch(statements)?)
    }

    fn settle(&mut self) -> Result<()> {
        Ok(self.conn.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?)
    }

    fn employee(&mut self, id: Uuid, day: NaiveDate) -> Result<Option<Employee>> {
        let mut statement = self.conn.prepare_cached(EMPLOYEE)?;
        let found = statement.query_row(params![day, self.tenant, id], employee).optional()?;
        let Some(mut found) = found else { return Ok(None) };
        let mut statement = self.conn.prepare_cached(EXTERNAL_IDS)?;
        let ids = statement.query_map([self.tenant, id], |row| Ok((row.get(0)?, row.get(1)?)))?;
        found.external_ids = ids.collect::<rusqlite::Result<_>>()?;
        Ok(Some(found))
    }

    fn employees(
        &mut self,
        after: Uuid,
        limit: i64,
        day: NaiveDate,
        is_named: bool,
    ) -> Result<Vec<Employee>> {
        let (sql, read): (_, fn(&Row<'_>) -> _) =
            if is_named { (EMPLOYEES_NAMED, named) } else { (EMPLOYEES, employee) };
        let mut statement = self.conn.prepare_cached(sql)?;
        let rows = statement.query_map(params![day, self.tenant, after, limit], read)?;
        let mut page: Vec<Employee> = rows.collect::<rusqlite::Result<_>>()?;
        let mut statement = self.conn.prepare_cached(&format!(
            "SELECT employee_id, system, value FROM employee_external_id \
             WHERE tenant_id = ? AND employee_id IN ({}) ORDER BY system",
            vec!["?"; page.len()].join(", ")
        ))?;
        let keys = std::iter::once(self.tenant).chain(page.iter().map(|employee| employee.id));
        let ids = statement.query_map(params_from_iter(keys), |row| {
            Ok((row.get::<_, Uuid>(0)?, (row.get(1)?, row.get(2)?)))
        })?;
        for id in ids {
            let (holder, id) = id?;
            if let Some(employee) = page.iter_mut().find(|employee| employee.id == holder) {
                employee.external_ids.push(id);
            }
        }
        Ok(page)
    }

    fn rename(&mut self, rename: &Rename) -> Result<Option<Renamed>> {
        if !rename.recorded {
            return self.update(rename);
        }
        self.conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let mut named = self.conn.prepare_cached(NAMED)?;
        let (number, name, email): (String, String, Option<String>) = named
            .query_row(params![self.tenant, rename.id], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?;
        let renamed = self.update(rename)?;
        if let Some(renamed) = &renamed {
            let before = Named { number: &number, name: &name, email: email.as_deref() };
            let (lost, new) = keys_changed(before, renamed.named());
            let tenant = self.tenant;
            let lose =
                ("DELETE FROM employee_search WHERE (tenant_id, term, employee_id) IN (", 3, ")");
            self.upsert(lose, &lost, |key| {
                vec![Box::new(tenant), Box::new(&key.text), Box::new(renamed.id)]
            })?;
            let new: Vec<_> = new.iter().map(|key| (key, renamed.id)).collect();
            self.add_keys(&new)?;
            self.record(&[Act::renamed(renamed)])?;
        }
        self.conn.prepare_cached("COMMIT")?.execute([])?;
        Ok(renamed)
    }

    fn ways(&self) -> &'static [Way] {
        &[Way::MultiRow]
    }

    fn import(&mut self, _: Way, recorded: bool, people: &[Person], units: &[Uuid]) -> Result<()> {
        let (tenant, now) = (self.tenant, micros());
        self.conn.execute_batch("BEGIN IMMEDIATE")?;
        let employees = (
            "INSERT INTO employee (tenant_id, id, employee_number, name, email, version, \
             created_at, updated_at)",
            8,
            "ON CONFLICT (tenant_id, employee_number) DO UPDATE SET name = excluded.name, \
             email = excluded.email, version = version + 1, updated_at = excluded.updated_at \
             WHERE (name, email) IS NOT (excluded.name, excluded.email)",
        );
        let written = self.upsert(employees, people, |person| {
            vec![
                Box::new(tenant),
                Box::new(person.id),
                Box::new(&person.number),
                Box::new(&person.name),
                Box::new(&person.email),
                Box::new(1),
                Box::new(now),
                Box::new(now),
            ]
        })?;
        let employments = (
            "INSERT INTO employment (tenant_id, employee_id, hire_date)",
            3,
            "ON CONFLICT (tenant_id, employee_id, hire_date) DO UPDATE SET \
             last_day = excluded.last_day WHERE last_day IS NOT excluded.last_day",
        );
        self.upsert(employments, people, |person| {
            vec![Box::new(tenant), Box::new(person.id), Box::new(person.hire_date)]
        })?;
        let assignments = (
            "INSERT INTO assignment (tenant_id, id, employee_id, effective_from, org_unit_id, \
             job_title, manager_id)",
            7,
            "ON CONFLICT (tenant_id, employee_id, effective_from) DO UPDATE SET \
             org_unit_id = excluded.org_unit_id, job_title = excluded.job_title, \
             manager_id = excluded.manager_id WHERE (org_unit_id, job_title, manager_id) \
             IS NOT (excluded.org_unit_id, excluded.job_title, excluded.manager_id)",
        );
        self.upsert(assignments, people, |person| {
            vec![
                Box::new(tenant),
                Box::new(person.assignment_id),
                Box::new(person.id),
                Box::new(person.hire_date),
                Box::new(units[person.unit]),
                Box::new(person.job_title),
                Box::new(person.manager_id()),
            ]
        })?;
        if written > 0 {
            self.add_keys(&keys_of(people))?;
        }
        if recorded && written > 0 {
            self.record(&hired(people, units))?;
        }
        Ok(self.conn.execute_batch("COMMIT")?)
    }

    fn take(&mut self, query: &str) -> Result<Stock> {
        let mut statement = self.conn.prepare(query)?;
        let columns = statement.column_count();
        let rows =
            statement.query_map([], |row| (0..columns).map(|column| row.get(column)).collect())?;
        Ok(Stock::Values(rows.collect::<rusqlite::Result<_>>()?))
    }

    fn put(&mut self, table: &str, rows: &Stock) -> Result<()> {
        let Stock::Values(rows) = rows else { return Err("rows of another engine".into()) };
        let columns = rows.first().map_or(0, Vec::len);
        let insert = format!("INSERT INTO {table}");
        self.upsert((&insert[..], columns, ""), rows, |row| {
            row.iter().map(|value| Box::new(value) as Box<dyn ToSql>).collect()
        })?;
        Ok(())
    }

    fn export(&mut self, export: Export) -> Result<usize> {
        let (query, binds): (_, Vec<Box<dyn ToSql>>) = match export {
            Export::People(day) => (EXPORT, vec![Box::new(day), Box::new(self.tenant)]),
            Export::Ratings => (RATINGS, vec![Box::new(self.tenant)]),
        };
        let mut statement = self.conn.prepare_cached(query)?;
        let columns = statement.column_count();
        let mut rows = statement.query(params_from_iter(binds))?;
        let (mut line, mut bytes) = (Vec::new(), 0);
        while let Some(row) = rows.next()? {
            line.clear();
            for column in 0..columns {
                match row.get_ref(column)? {
                    ValueRef::Text(text) => line.extend_from_slice(text),
                    ValueRef::Integer(number) => write!(line, "{number}")?,
                    _ => {}
                }
                line.push(b',');
            }
            bytes += line.len();
        }
        Ok(bytes)
    }

    fn team(&mut self, manager: Uuid, cycle: Uuid) -> Result<Vec<Member>> {
        let mut statement = self.conn.prepare_cached(TEAM)?;
        let members = statement.query_map(params![self.tenant, manager, cycle], |row| {
            Ok(Member {
                participant_id: row.get(0)?,
                employee_id: row.get(1)?,
                name: row.get(2)?,
                review_id: row.get(3)?,
                state: row.get(4)?,
                composite: row.get(5)?,
                grade: row.get(6)?,
            })
        })?;
        Ok(members.collect::<rusqlite::Result<_>>()?)
    }

    fn submit(&mut self, submission: &Submission) -> Result<Option<Submitted>> {
        let (tenant, now) = (self.tenant, micros());
        let Submission { review, version, reading, key } = submission;
        self.execute("BEGIN IMMEDIATE", &[])?;
        if *reading {
            self.execute(TAKE, params![tenant, key, [], now])?;
            self.read_for(*review)?;
        }
        let mut submit = self.conn.prepare_cached(SUBMIT)?;
        let submitted = submit.query_row(params![RATING, now, tenant, review, version], |row| {
            Ok(Submitted::new(submission, row.get(0)?, row.get(1)?))
        });
        let submitted = submitted.optional()?;
        if let Some(submitted) = &submitted {
            let digest = [7_u8; 32];
            self.execute(TRACE, params![tenant, review, *COMPUTED, digest, now])?;
            self.execute(SCORE, params![now, tenant, submitted.participant_id])?;
            let body = serde_json::to_vec(submitted)?;
            match *reading {
                true => self.execute(ANSWER, params![digest, body, tenant, key])?,
                false => self.execute(KEEP, params![tenant, key, digest, body, now])?,
            }
            self.record(&Act::submitted(submitted))?;
        }
        self.execute("COMMIT", &[])?;
        Ok(submitted)
    }

    fn look(&mut self, about: &[(Uuid, Uuid)]) -> Result<()> {
        let (tenant, digest) = (self.tenant, [7_u8; 32]);
        self.execute("BEGIN IMMEDIATE", &[])?;
        let mut heads = self.conn.prepare_cached(MOVE_LOOKS)?;
        let position: i64 = heads.query_row(params![digest, tenant], |row| row.get(0))?;
        let id = Mark::new(position).id;
        let (request, subjects) = (id.to_string(), about.len() as i64);
        let entry = params![tenant, position, id, micros(), ACTOR_KIND, request, subjects, digest];
        self.execute(LOOK, entry)?;
        let shown =
            ("INSERT INTO read_subject (tenant_id, position, review_id, employee_id)", 4, "");
        self.upsert(shown, about, |(review, person)| {
            vec![Box::new(tenant), Box::new(position), Box::new(review), Box::new(person)]
        })?;
        self.execute("COMMIT", &[])
    }

    fn tenant(&self) -> Uuid {
        self.tenant
    }

    fn dialect(&self) -> &'static Dialect {
        &DIALECT
    }

    fn rows(
        &mut self,
        sql: &'static str,
        binds: &[&dyn Value],
        list: Option<&[Uuid]>,
    ) -> Result<Rows> {
        let sql = match list {
            Some(list) => {
                let places = vec!["?"; list.len()].join(", ");
                Cow::Owned(sql.replace(LIST, &format!("IN ({places})")))
            }
            None => Cow::Borrowed(sql),
        };
        let mut statement = self.conn.prepare_cached(&sql)?;
        let columns = statement.column_count();
        let binds = binds.iter().map(|&bind| bind as &dyn ToSql);
        let list = list.unwrap_or_default().iter().map(|id| id as &dyn ToSql);
        let rows = statement.query_map(params_from_iter(binds.chain(list)), |row| {
            (0..columns).map(|column| row.get(column)).collect()
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
