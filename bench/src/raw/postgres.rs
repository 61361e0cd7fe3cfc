//! PostgreSQL through the `postgres` crate.

use super::*;
use ::postgres::types::{FromSql, ToSql, Type};
use ::postgres::{Client, NoTls, Row, Statement};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{Read, Write as _};

pub struct Postgres {
    client: Client,
    tenant: Uuid,
    prepared: HashMap<&'static str, Statement>,
}

macro_rules! merge_employees {
    ($from:literal) => {
        concat!(
            "INSERT INTO employee AS e (tenant_id, id, employee_number, name, email, version, \
             created_at, updated_at) \
             SELECT $1, id, number, name, email, 1, $2, $2 FROM ",
            $from,
            " ON CONFLICT (tenant_id, employee_number) DO UPDATE SET name = excluded.name, \
             email = excluded.email, version = e.version + 1, updated_at = excluded.updated_at \
             WHERE (e.name, e.email) IS DISTINCT FROM (excluded.name, excluded.email)"
        )
    };
}
macro_rules! merge_employments {
    ($from:literal) => {
        concat!(
            "INSERT INTO employment AS w (tenant_id, employee_id, hire_date) \
             SELECT $1, id, hire_date FROM ",
            $from,
            " ON CONFLICT (tenant_id, employee_id, hire_date) DO UPDATE SET \
             last_day = excluded.last_day WHERE w.last_day IS DISTINCT FROM excluded.last_day"
        )
    };
}
macro_rules! merge_assignments {
    ($from:literal) => {
        concat!(
            "INSERT INTO assignment AS a (tenant_id, id, employee_id, effective_from, \
             org_unit_id, job_title, manager_id) \
             SELECT $1, assignment_id, id, hire_date, unit_id, job_title, manager_id FROM ",
            $from,
            " ON CONFLICT (tenant_id, employee_id, effective_from) DO UPDATE SET \
             org_unit_id = excluded.org_unit_id, job_title = excluded.job_title, \
             manager_id = excluded.manager_id WHERE (a.org_unit_id, a.job_title, a.manager_id) \
             IS DISTINCT FROM (excluded.org_unit_id, excluded.job_title, excluded.manager_id)"
        )
    };
}

type Values<'a> = &'a [&'a (dyn ToSql + Sync)];

/// A column of rows, as an array for `unnest`.
fn column<'a, R, T>(rows: &'a [R], of: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.iter().map(of).collect()
}

impl Postgres {
    /// Connects with the product's settings, including row-level security.
    pub fn open(url: &str) -> Result<Self> {
        // Unlike libpq, this driver would try the host before the socket's folder.
        let mut client = Client::connect(&url.replace("@localhost/", "@/"), NoTls)?;
        client.batch_execute(
            "SET synchronous_commit = on; SET TIME ZONE 'UTC'; SET client_min_messages = warning",
        )?;
        let tenant: Uuid = client.query_one(TENANT, &[])?.get(0);
        client
            .execute("SELECT set_config('evenhand.tenant', $1, false)", &[&tenant.to_string()])?;
        Ok(Self { client, tenant, prepared: HashMap::new() })
    }

    /// A statement, prepared once.
    fn prepared(&mut self, sql: &'static str) -> Result<Statement> {
        if let Some(statement) = self.prepared.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql)?;
        self.prepared.insert(sql, statement.clone());
        Ok(statement)
    }

    fn query(&mut self, sql: &'static str, values: Values<'_>) -> Result<Vec<Row>> {
        let statement = self.prepared(sql)?;
        Ok(self.client.query(&statement, values)?)
    }

    fn execute(&mut self, sql: &'static str, values: Values<'_>) -> Result<u64> {
        let statement = self.prepared(sql)?;
        Ok(self.client.execute(&statement, values)?)
    }

    fn heads(&mut self) -> Result<Heads> {
        let tenant = self.tenant;
        let rows = self.query(HEADS, &[&tenant])?;
        let row = rows.first().ok_or("a tenant without ledger")?;
        Ok((row.get(0), row.get(1), row.get(2)))
    }

    fn update(&mut self, rename: &Rename) -> Result<Option<Renamed>> {
        let tenant = self.tenant;
        let Rename { id, version, name, .. } = rename;
        let rows = self.query(RENAME, &[name, &now(), &tenant, id, version])?;
        Ok(rows.first().map(|row| Renamed {
            id: row.get(0),
            employee_number: row.get(1),
            name: row.get(2),
            email: row.get(3),
            hire_date: row.get(4),
            termination_date: row.get(5),
            version: row.get(6),
        }))
    }

    /// Writes an audit entry and an event for each act, and moves both heads.
    fn record(&mut self, acts: &[Act]) -> Result<()> {
        let (tenant, now) = (self.tenant, now());
        let heads = self.heads()?;
        let (entries, (audit, hash, event)) = entries(acts, heads);
        let positions = column(&entries, |entry| entry.audit);
        let actions = column(&entries, |entry| entry.act.action);
        let resources = column(&entries, |entry| entry.act.resource);
        let ids = column(&entries, |entry| entry.act.id);
        let hashes = column(&entries, |entry| &entry.mark.hash[..]);
        self.execute(
            AUDIT_ENTRIES,
            &[
                &tenant,
                &now,
                &ACTOR_KIND,
                &RULE,
                &positions,
                &column(&entries, |entry| entry.mark.id),
                &actions,
                &resources,
                &ids,
                &column(&entries, |entry| entry.mark.id.to_string()),
                &hashes,
                &column(&entries, |entry| &entry.previous[..]),
            ],
        )?;
        let salts = column(&entries, |entry| &entry.mark.hash[..16]);
        let details = column(&entries, |entry| &entry.act.details[..]);
        self.execute(AUDIT_DETAILS, &[&tenant, &positions, &salts, &details])?;
        self.execute(
            EVENTS,
            &[
                &tenant,
                &now,
                &column(&entries, |entry| entry.event),
                &column(&entries, |entry| entry.mark.event_id),
                &actions,
                &resources,
                &ids,
                &column(&entries, |entry| entry.act.data),
            ],
        )?;
        self.execute(MOVE_HEADS, &[&audit, &hash, &event, &tenant])?;
        Ok(())
    }

    /// Adds what people are found by.
    fn add_keys(&mut self, keys: &[(&Key, Uuid)]) -> Result<()> {
        let tenant = self.tenant;
        let terms = column(keys, |(key, _)| &key.text[..]);
        let people = column(keys, |(_, person)| *person);
        let shared = column(keys, |(key, _)| key.shared);
        self.execute(ADD_KEYS, &[&tenant, &terms, &people, &shared])?;
        Ok(())
    }

    /// Adds what people are found by, by COPY.
    fn copy_keys(&mut self, keys: &[(&Key, Uuid)]) -> Result<()> {
        self.client.batch_execute(INCOMING_KEYS)?;
        let mut copy = self.client.copy_in("COPY incoming_key FROM STDIN")?;
        let mut lines = String::new();
        for (Key { text, shared }, person) in keys {
            writeln!(lines, "{text}\t{person}\t{shared}")?;
            if lines.len() > 64 << 10 {
                copy.write_all(lines.as_bytes())?;
                lines.clear();
            }
        }
        copy.write_all(lines.as_bytes())?;
        copy.finish()?;
        self.client.execute(MERGE_KEYS, &[&self.tenant])?;
        Ok(())
    }

    /// Both ways return the number of employees written.
    fn copy(&mut self, people: &[Person], units: &[Uuid]) -> Result<u64> {
        self.client.batch_execute(INCOMING)?;
        let mut copy = self.client.copy_in("COPY incoming FROM STDIN")?;
        let mut lines = String::new();
        for person in people {
            let Person {
                id, assignment_id, number, name, email, hire_date, job_title, unit, ..
            } = person;
            let unit = units[*unit];
            write!(
                lines,
                "{id}\t{assignment_id}\t{number}\t{name}\t{email}\t{hire_date}\t{job_title}\t{unit}\t"
            )?;
            match person.manager_id() {
                Some(manager) => writeln!(lines, "{manager}")?,
                None => lines.push_str("\\N\n"),
            }
            if lines.len() > 64 << 10 {
                copy.write_all(lines.as_bytes())?;
                lines.clear();
            }
        }
        copy.write_all(lines.as_bytes())?;
        copy.finish()?;
        let (tenant, now) = (self.tenant, now());
        let written = self.client.execute(merge_employees!("incoming"), &[&tenant, &now])?;
        self.client.execute(merge_employments!("incoming"), &[&tenant])?;
        self.client.execute(merge_assignments!("incoming"), &[&tenant])?;
        Ok(written)
    }

    fn unnest(&mut self, people: &[Person], units: &[Uuid]) -> Result<u64> {
        let (tenant, now) = (self.tenant, now());
        let ids = column(people, |person| person.id);
        let hired = column(people, |person| person.hire_date);
        let written = self.execute(
            merge_employees!(
                "unnest($3::uuid[], $4::text[], $5::text[], $6::text[]) \
                 AS i (id, number, name, email)"
            ),
            &[
                &tenant,
                &now,
                &ids,
                &column(people, |person| &person.number[..]),
                &column(people, |person| &person.name[..]),
                &column(people, |person| &person.email[..]),
            ],
        )?;
        self.execute(
            merge_employments!("unnest($2::uuid[], $3::date[]) AS i (id, hire_date)"),
            &[&tenant, &ids, &hired],
        )?;
        self.execute(
            merge_assignments!(
                "unnest($2::uuid[], $3::uuid[], $4::date[], $5::uuid[], $6::text[], $7::uuid[]) \
                 AS i (assignment_id, id, hire_date, unit_id, job_title, manager_id)"
            ),
            &[
                &tenant,
                &column(people, |person| person.assignment_id),
                &ids,
                &hired,
                &column(people, |person| units[person.unit]),
                &column(people, |person| person.job_title),
                &column(people, Person::manager_id),
            ],
        )?;
        Ok(written)
    }
}

const AUDIT_ENTRIES: &str = "INSERT INTO audit_entry (tenant_id, position, id, at, actor_kind, \
     actor_id, action, resource, resource_id, rule, request_id, details_digest, previous_hash, hash) \
     SELECT $1, position, id, $2, $3, $1, action, resource, resource_id, $4, request_id, hash, \
     previous, hash FROM unnest($5::bigint[], $6::uuid[], $7::text[], $8::text[], $9::uuid[], \
     $10::text[], $11::bytea[], $12::bytea[]) \
     AS e (position, id, action, resource, resource_id, request_id, hash, previous)";
const AUDIT_DETAILS: &str = "INSERT INTO audit_detail (tenant_id, position, salt, details) \
     SELECT $1, position, salt, details \
     FROM unnest($2::bigint[], $3::bytea[], $4::text[]) AS d (position, salt, details)";
const EVENTS: &str = "INSERT INTO event (tenant_id, position, id, type, resource, resource_id, at, data) \
     SELECT $1, position, id, type, resource, resource_id, $2, data \
     FROM unnest($3::bigint[], $4::uuid[], $5::text[], $6::text[], $7::uuid[], $8::text[]) \
     AS e (position, id, type, resource, resource_id, data)";
const HEADS: &str = "SELECT audit_position, audit_hash, event_position FROM ledger \
     WHERE tenant_id = $1 FOR UPDATE";
const INCOMING: &str = "CREATE TEMP TABLE incoming (id uuid, assignment_id uuid, number text, \
     name text, email text, hire_date date, job_title text, unit_id uuid, manager_id uuid) \
     ON COMMIT DROP";
const INCOMING_KEYS: &str = "CREATE TEMP TABLE incoming_key (term text COLLATE \"C\", id uuid, \
     shared integer) ON COMMIT DROP";
const MERGE_KEYS: &str = "INSERT INTO employee_search (tenant_id, term, employee_id, shared) \
     SELECT $1, term, id, shared FROM incoming_key";
const ADD_KEYS: &str = "INSERT INTO employee_search (tenant_id, term, employee_id, shared) \
     SELECT $1, term, id, shared \
     FROM unnest($2::text[], $3::uuid[], $4::integer[]) AS k (term, id, shared)";
const LOSE_KEYS: &str = "DELETE FROM employee_search \
     WHERE tenant_id = $1 AND employee_id = $2 AND term = ANY ($3)";
const PAGE_EXTERNAL_IDS: &str = "SELECT employee_id, system, value FROM employee_external_id \
     WHERE tenant_id = $1 AND employee_id = ANY ($2) ORDER BY system";
const SHOWN: &str = "INSERT INTO read_subject (tenant_id, position, review_id, employee_id) \
     SELECT $1, $2, review_id, employee_id \
     FROM unnest($3::uuid[], $4::uuid[]) AS s (review_id, employee_id)";
const DIALECT: Dialect = Dialect {
    snapshot: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    hold_reviews: hold_reviews!(" FOR SHARE OF c, p FOR NO KEY UPDATE OF r"),
    unguard: "",
};

impl<'a> FromSql<'a> for Cell {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self> {
        Ok(match *kind {
            Type::BOOL => Self::Flag(FromSql::from_sql(kind, raw)?),
            Type::INT4 => Self::Number(i32::from_sql(kind, raw)?.into()),
            Type::INT8 => Self::Number(FromSql::from_sql(kind, raw)?),
            Type::UUID => Self::Id(FromSql::from_sql(kind, raw)?),
            Type::DATE => Self::Day(FromSql::from_sql(kind, raw)?),
            Type::TIMESTAMPTZ => Self::At(FromSql::from_sql(kind, raw)?),
            _ => Self::Text(FromSql::from_sql(kind, raw)?),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self> {
        Ok(Self::Null)
    }

    fn accepts(kind: &Type) -> bool {
        use Type as T;
        [T::BOOL, T::INT4, T::INT8, T::UUID, T::DATE, T::TIMESTAMPTZ, T::TEXT].contains(kind)
    }
}

fn employee(row: &Row) -> Employee {
    Employee {
        id: row.get(0),
        employee_number: row.get(1),
        name: row.get(2),
        email: row.get(3),
        hire_date: row.get(4),
        termination_date: row.get(5),
        version: row.get(6),
        created_at: row.get(7),
        updated_at: row.get(8),
        assignment: row.get::<_, Option<Uuid>>(9).map(|id| Assignment {
            id,
            effective_from: row.get(10),
            effective_to: row.get(11),
            org_unit_id: row.get(12),
            position_id: row.get(13),
            job_title: row.get(14),
            manager_id: row.get(15),
        }),
        external_ids: Vec::new(),
        names: None,
    }
}

fn named(row: &Row) -> Employee {
    let card = |code, name| Card::of((row.get(code), row.get(name)));
    let names = Names { org_unit: card(16, 17), position: card(18, 19), manager: card(20, 21) };
    Employee { names: Some(names), ..employee(row) }
}

impl Driver for Postgres {
    fn version(&mut self) -> Result<String> {
        let version: String = self.client.query_one("SHOW server_version", &[])?.get(0);
        Ok(format!("PostgreSQL {version}"))
    }

    fn ids(&mut self, query: &'static str) -> Result<Vec<Uuid>> {
        let tenant = self.tenant;
        Ok(self.query(query, &[&tenant])?.iter().map(|row| row.get(0)).collect())
    }

    fn run(&mut self, statements: &str) -> Result<()> {
        Ok(self.client.batch_execute(statements)?)
    }

    fn settle(&mut self) -> Result<()> {
        self.run("VACUUM (ANALYZE)")
    }

    fn employee(&mut self, id: Uuid, day: NaiveDate) -> Result<Option<Employee>> {
        let tenant = self.tenant;
        let rows = self.query(EMPLOYEE, &[&day, &tenant, &id])?;
        let Some(mut found) = rows.first().map(employee) else { return Ok(None) };
        let ids = self.query(EXTERNAL_IDS, &[&tenant, &id])?;
        found.external_ids = ids.iter().map(|row| (row.get(0), row.get(1))).collect();
        Ok(Some(found))
    }

    fn employees(
        &mut self,
        after: Uuid,
        limit: i64,
        day: NaiveDate,
        is_named: bool,
    ) -> Result<Vec<Employee>> {
        let tenant = self.tenant;
        let (sql, read): (_, fn(&Row) -> _) =
            if is_named { (EMPLOYEES_NAMED, named) } else { (EMPLOYEES, employee) };
        let rows = self.query(sql, &[&day, &tenant, &after, &limit])?;
        let mut page: Vec<Employee> = rows.iter().map(read).collect();
        let keys: Vec<Uuid> = page.iter().map(|employee| employee.id).collect();
        for row in self.query(PAGE_EXTERNAL_IDS, &[&tenant, &keys])? {
            let holder: Uuid = row.get(0);
            if let Some(employee) = page.iter_mut().find(|employee| employee.id == holder) {
                employee.external_ids.push((row.get(1), row.get(2)));
            }
        }
        Ok(page)
    }

    fn rename(&mut self, rename: &Rename) -> Result<Option<Renamed>> {
        if !rename.recorded {
            return self.update(rename);
        }
        self.client.batch_execute("BEGIN")?;
        let tenant = self.tenant;
        let rows = self.query(NAMED, &[&tenant, &rename.id])?;
        let row = rows.first().ok_or("no such employee")?;
        let before = Named { number: row.get(0), name: row.get(1), email: row.get(2) };
        let renamed = self.update(rename)?;
        if let Some(renamed) = &renamed {
            let (lost, new) = keys_changed(before, renamed.named());
            let lost = column(&lost, |key| &key.text[..]);
            self.execute(LOSE_KEYS, &[&tenant, &renamed.id, &lost])?;
            let new: Vec<_> = new.iter().map(|key| (key, renamed.id)).collect();
            self.add_keys(&new)?;
            self.record(&[Act::renamed(renamed)])?;
        }
        self.client.batch_execute("COMMIT")?;
        Ok(renamed)
    }

    fn ways(&self) -> &'static [Way] {
        &[Way::Copy, Way::Unnest]
    }

    fn import(
        &mut self,
        way: Way,
        recorded: bool,
        people: &[Person],
        units: &[Uuid],
    ) -> Result<()> {
        self.client.batch_execute(
            "BEGIN; LOCK TABLE employee, assignment IN SHARE UPDATE EXCLUSIVE MODE",
        )?;
        let written = match way {
            Way::Copy => self.copy(people, units)?,
            Way::Unnest | Way::MultiRow => self.unnest(people, units)?,
        };
        match way {
            _ if written == 0 => {}
            Way::Copy => self.copy_keys(&keys_of(people))?,
            Way::Unnest | Way::MultiRow => self.add_keys(&keys_of(people))?,
        }
        if recorded && written > 0 {
            self.record(&hired(people, units))?;
        }
        Ok(self.client.batch_execute("COMMIT")?)
    }

    fn take(&mut self, query: &str) -> Result<Stock> {
        let mut rows = Vec::new();
        let copy = format!("COPY ({query}) TO STDOUT (FORMAT binary)");
        self.client.copy_out(&copy)?.read_to_end(&mut rows)?;
        Ok(Stock::Copied(rows))
    }

    fn put(&mut self, table: &str, rows: &Stock) -> Result<()> {
        let Stock::Copied(rows) = rows else { return Err("rows of another engine".into()) };
        // Tables with row-level security take no COPY.
        self.client.batch_execute(&format!(
            "CREATE TEMPORARY TABLE stock AS SELECT * FROM {table} WHERE 1 = 0"
        ))?;
        let mut copy = self.client.copy_in("COPY stock FROM STDIN (FORMAT binary)")?;
        copy.write_all(rows)?;
        copy.finish()?;
        let merge = format!("INSERT INTO {table} SELECT * FROM stock; DROP TABLE stock");
        Ok(self.client.batch_execute(&merge)?)
    }

    fn export(&mut self, export: Export) -> Result<usize> {
        // COPY takes no binds.
        let tenant = format!("UUID '{}'", self.tenant);
        let query = match export {
            Export::People(day) => {
                EXPORT.replace("$1", &format!("DATE '{day}'")).replace("$2", &tenant)
            }
            Export::Ratings => RATINGS.replace("$1", &tenant),
        };
        let mut reader = self.client.copy_out(&format!("COPY ({query}) TO STDOUT (FORMAT csv)"))?;
        let (mut buffer, mut bytes) = (vec![0; 64 << 10], 0);
        loop {
            match reader.read(&mut buffer)? {
                0 => return Ok(bytes),
                read => bytes += read,
            }
        }
    }

    fn team(&mut self, manager: Uuid, cycle: Uuid) -> Result<Vec<Member>> {
        let tenant = self.tenant;
        let rows = self.query(TEAM, &[&tenant, &manager, &cycle])?;
        let member = |row: &Row| Member {
            participant_id: row.get(0),
            employee_id: row.get(1),
            name: row.get(2),
            review_id: row.get(3),
            state: row.get(4),
            composite: row.get(5),
            grade: row.get(6),
        };
        Ok(rows.iter().map(member).collect())
    }

    fn submit(&mut self, submission: &Submission) -> Result<Option<Submitted>> {
        let (tenant, now) = (self.tenant, now());
        let Submission { review, version, reading, key } = submission;
        if *reading && !self.prepared.contains_key(CYCLE) {
            // Evenhand's lanes have this setting: the company has few managers, so that a plan for
            // any of them would read all participants to find out whether a person is one.
            self.client.batch_execute("SET enable_seqscan = off")?;
        }
        self.client.batch_execute("BEGIN")?;
        if *reading {
            self.execute(TAKE, &[&tenant, key, &&[0_u8; 0][..], &now])?;
            self.read_for(*review)?;
        }
        let rows = self.query(SUBMIT, &[&RATING, &now, &tenant, review, version])?;
        let submitted = rows.first().map(|row| Submitted::new(submission, row.get(0), row.get(1)));
        if let Some(submitted) = &submitted {
            let digest = &[7_u8; 32][..];
            self.execute(TRACE, &[&tenant, review, &*COMPUTED, &digest, &now])?;
            self.execute(SCORE, &[&now, &tenant, &submitted.participant_id])?;
            let body = serde_json::to_vec(submitted)?;
            match *reading {
                true => self.execute(ANSWER, &[&digest, &body, &tenant, key])?,
                false => self.execute(KEEP, &[&tenant, key, &digest, &body, &now])?,
            };
            self.record(&Act::submitted(submitted))?;
        }
        self.client.batch_execute("COMMIT")?;
        Ok(submitted)
    }

    fn look(&mut self, about: &[(Uuid, Uuid)]) -> Result<()> {
        let (tenant, digest) = (self.tenant, &[7_u8; 32][..]);
        self.client.batch_execute("BEGIN")?;
        let head = self.query(MOVE_LOOKS, &[&digest, &tenant])?;
        let position: i64 = head.first().ok_or("a tenant without ledger")?.get(0);
        let id = Mark::new(position).id;
        let (request, subjects) = (id.to_string(), about.len() as i64);
        let entry: Values<'_> =
            &[&tenant, &position, &id, &now(), &ACTOR_KIND, &request, &subjects, &digest];
        self.execute(LOOK, entry)?;
        let (reviews, people): (Vec<Uuid>, Vec<Uuid>) = about.iter().copied().unzip();
        self.execute(SHOWN, &[&tenant, &position, &reviews, &people])?;
        Ok(self.client.batch_execute("COMMIT")?)
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
        let binds = binds.iter().map(|&bind| bind as &(dyn ToSql + Sync));
        let list = list.iter().map(|list| list as &(dyn ToSql + Sync));
        let values: Vec<_> = binds.chain(list).collect();
        let cells = |row: &Row| (0..row.len()).map(|column| Ok(row.try_get(column)?)).collect();
        self.query(sql, &values)?.iter().map(cells).collect()
    }
}
