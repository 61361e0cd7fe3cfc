//! Raw SQL past the program: reads schemas, checks files, tampers with rows.

use crate::Engine;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Nullable<Text>)]
    line: Option<String>,
}

/// Runs statements that return nothing.
pub fn execute(engine: Engine, url: &str, statements: &str) {
    match engine {
        Engine::Sqlite => sqlite(url).batch_execute(statements),
        Engine::Postgres => postgres(url).batch_execute(statements),
    }
    .unwrap_or_else(|error| panic!("{statements}: {error}"));
}

/// Runs a query whose only column is the text `line`. Sorts the result here, because the engines'
/// collations differ.
pub fn lines(engine: Engine, url: &str, query: &str) -> Vec<String> {
    let rows: Vec<Line> = match engine {
        Engine::Sqlite => diesel::sql_query(query).load(&mut sqlite(url)),
        Engine::Postgres => diesel::sql_query(query).load(&mut postgres(url)),
    }
    .unwrap_or_else(|error| panic!("{query}: {error}"));
    let mut lines: Vec<_> = rows.into_iter().map(|row| row.line.unwrap_or_default()).collect();
    lines.sort_unstable();
    lines
}

/// Like [`lines`], for the rows of one tenant, which row-level security hides from everybody else.
pub fn lines_of(engine: Engine, url: &str, tenant: uuid::Uuid, query: &str) -> Vec<String> {
    let rows: Vec<Line> = match engine {
        Engine::Sqlite => return lines(engine, url, query),
        Engine::Postgres => {
            let mut conn = postgres(url);
            conn.batch_execute(&format!("SET evenhand.tenant = '{tenant}'")).expect("enter");
            diesel::sql_query(query).load(&mut conn)
        }
    }
    .unwrap_or_else(|error| panic!("{query}: {error}"));
    rows.into_iter().map(|row| row.line.unwrap_or_default()).collect()
}

fn sqlite(url: &str) -> SqliteConnection {
    let path = url.strip_prefix("sqlite://").unwrap_or(url);
    let mut conn = SqliteConnection::establish(path).expect("open the file");
    conn.batch_execute("PRAGMA busy_timeout = 10000").expect("set a timeout");
    conn
}

fn postgres(url: &str) -> PgConnection {
    PgConnection::establish(url).expect("connect")
}
