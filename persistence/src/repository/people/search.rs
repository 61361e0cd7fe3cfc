//! The keys by which people are found.

use super::engine::Unit;
use super::{Conn, Db, dialect};
use crate::column::{Key, rows_statement, statement};
use crate::ports::Result;
use crate::schema::{employee, tenant};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Integer;
use domain::people::org::Employee;
use domain::people::search::{self, Named, VERSION};

/// Number of people whose keys are written together: in the order of the keys, so that each page of the
/// table is visited once for all of them.
const STRETCH: usize = 10_000;

rows_statement! {
    /// Keys of people.
    struct Added { tenant: Key, term: String, employee_id: Key, shared: i32 }
    "INSERT INTO employee_search (tenant_id, term, employee_id, shared) "
    rows
    " ON CONFLICT (tenant_id, term, employee_id) DO UPDATE SET shared = excluded.shared"
}

rows_statement! {
    /// Keys that people have no longer.
    struct Removed { tenant: Key, term: String, employee_id: Key }
    "DELETE FROM employee_search WHERE (tenant_id, term, employee_id) IN (" rows ")"
}

statement! {
    /// The version of the keys.
    struct Version {} -> (Integer,);
    "SELECT version FROM employee_search_version"
}

statement! {
    /// Notes the version of the keys, unless it is noted already. Whoever else notes it waits until this
    /// transaction ends.
    struct NoteVersion { version: i32 }
    "UPDATE employee_search_version SET version = " version " WHERE version <> " version
}

statement! {
    /// Removes all keys of a tenant.
    struct RemoveAll { tenant: Key }
    "DELETE FROM employee_search WHERE tenant_id = " tenant
}

/// What a person is found by before and after a change, if that differs. A new person has nothing before.
pub type Renamed<'a> = (Key, Option<Named<'a>>, Named<'a>);

/// The change of a person, as far as it is one of what the person is found by.
pub fn renamed<'a>(before: Option<&'a Employee>, after: &'a Employee) -> Option<Renamed<'a>> {
    let (before, now) = (before.map(Named::from), Named::from(after));
    (before != Some(now)).then_some((Key(after.id.uuid()), before, now))
}

impl Unit<'_> {
    /// Replaces the keys of people whose names, numbers or addresses have changed.
    pub fn rename<'a>(&mut self, people: impl Iterator<Item = Renamed<'a>>) -> Result<()> {
        let tenant = self.scope();
        rename(self.conn, tenant, people)
    }
}

fn rename<'a>(
    conn: &mut Conn,
    tenant: Key,
    people: impl Iterator<Item = Renamed<'a>>,
) -> Result<()> {
    let mut people = people.peekable();
    while people.peek().is_some() {
        let (mut removed, mut added) = (Vec::new(), Vec::new());
        for (id, before, after) in people.by_ref().take(STRETCH) {
            let (had, has) = (before.map(search::keys).unwrap_or_default(), search::keys(after));
            let lost = had.iter().filter(|key| !has.contains(key));
            removed.extend(lost.map(|key| (key.text.clone(), id)));
            added.extend(has.into_iter().filter(|key| !had.contains(key)).map(|key| (key, id)));
        }
        added.sort_unstable();
        for chunk in removed.chunks(dialect::BATCH) {
            let mut rows = Removed::default();
            for (term, id) in chunk {
                rows.tenant.push(tenant);
                rows.term.push(term.clone());
                rows.employee_id.push(*id);
            }
            rows.execute(conn)?;
        }
        let mut added = added.into_iter().peekable();
        while added.peek().is_some() {
            let mut rows = Added::default();
            for (key, id) in added.by_ref().take(dialect::BATCH) {
                rows.tenant.push(tenant);
                rows.term.push(key.text);
                rows.employee_id.push(id);
                rows.shared.push(key.shared);
            }
            rows.execute(conn)?;
        }
    }
    Ok(())
}

/// Makes the keys of everybody of every tenant again if they are of another version: all of them, or none
/// if this fails.
pub fn bring_up_to_date(conn: &mut Conn) -> Result<()> {
    let (version,): (i32,) = Version {}.get_result(conn)?;
    if version == VERSION {
        return Ok(());
    }
    conn.batch_execute(dialect::BEGIN_WRITE)?;
    let made = make_all(conn);
    conn.batch_execute(if made.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
    made
}

fn make_all(conn: &mut Conn) -> Result<()> {
    let noted = NoteVersion { version: VERSION }.execute(conn)?;
    if noted == 0 {
        return Ok(());
    }
    let tenants: Vec<Key> = tenant::table.select(tenant::id).load(conn)?;
    for tenant in tenants {
        dialect::enter_tenant(conn, tenant.0.into())?;
        RemoveAll { tenant }.execute(conn)?;
        let mut last: Option<Key> = None;
        loop {
            let mut everybody = employee::table
                .filter(employee::tenant_id.eq(tenant))
                .order(employee::id)
                .limit(STRETCH as i64)
                .select((employee::id, employee::employee_number, employee::name, employee::email))
                .into_boxed::<Db>();
            if let Some(last) = last {
                everybody = everybody.filter(employee::id.gt(last));
            }
            let people: Vec<(Key, String, String, Option<String>)> = everybody.load(conn)?;
            let named = people.iter().map(|(id, number, name, email)| {
                (*id, None, Named { number, name, email: email.as_deref() })
            });
            rename(conn, tenant, named)?;
            last = match people.last() {
                Some((id, ..)) => Some(*id),
                None => break,
            };
        }
    }
    Ok(())
}
