//! SQLite: one file, one writer, many readers.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};

/// The backend all shared code compiles against here.
pub type Db = diesel::sqlite::Sqlite;
/// The connection all shared code runs on here.
pub type Conn = diesel::SqliteConnection;

#[path = "../engine/mod.rs"]
pub mod engine;
#[path = "../repository/mod.rs"]
mod repository;

/// The whole list of deliberate differences from PostgreSQL.
pub mod dialect {
    use super::*;
    use crate::column::{Key, push};
    use crate::error::DbError;
    use diesel::query_builder::AstPass;
    use domain::id::TenantId;
    use std::fs::{self, OpenOptions, Permissions};
    use std::io::ErrorKind;
    use std::num::NonZero;
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};

    /// Permissions of a file that is its owner's alone.
    const PRIVATE: u32 = 0o600;

    /// Migrations of this engine.
    pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../migrations/sqlite");
    /// Opens a unit of work: takes the write lock at once, so that it never has to be upgraded.
    pub const BEGIN_WRITE: &str = "BEGIN IMMEDIATE";
    /// Opens a consistent snapshot.
    pub const BEGIN_SNAPSHOT: &str = "BEGIN DEFERRED";
    /// The one file has one writer.
    pub const LANES: usize = 1;
    /// Plans are the same for all: see [`settle_plans`].
    pub const LANE_PLANS: Option<&str> = None;
    /// A bulk unit waits in the same line as every other writer.
    pub const SEPARATE_BULK_WRITER: bool = false;

    fn path(url: &str) -> &str {
        url.strip_prefix("sqlite://").unwrap_or(url)
    }

    /// Readers that are woken at once: reading is computing, so as many as there are processors.
    pub fn brisk_readers(all: usize) -> usize {
        std::thread::available_parallelism().map_or(1, NonZero::get).min(all)
    }

    /// What SQLite and this program keep beside the file, by the ends of their names.
    const BESIDE: [&str; 4] = ["", "-wal", "-shm", LOCK];
    const LOCK: &str = ".lock";

    /// Makes sure that the file, and what is kept beside it, are their owner's alone: they hold what
    /// a company knows of its people. SQLite gives what it makes beside the file the same permissions.
    fn keep_private(path: &str) -> Result<(), DbError> {
        // What is in memory, or named by a URI of SQLite's own, is left to whoever wants it.
        if path.starts_with([':', '?']) || path.starts_with("file:") {
            return Ok(());
        }
        let unavailable = |error| DbError::Unavailable(format!("{path}: {error}"));
        match OpenOptions::new().write(true).create_new(true).mode(PRIVATE).open(path) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                return Err(unavailable(error));
            }
            _ => {}
        }
        for end in BESIDE {
            let file = format!("{path}{end}");
            let Ok(metadata) = fs::metadata(&file) else { continue };
            let is_open = metadata.permissions().mode() & 0o077 != 0;
            if !is_open {
                continue;
            }
            match fs::set_permissions(&file, Permissions::from_mode(PRIVATE)) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(DbError::Unavailable(format!(
                        "{file} is open to others and cannot be narrowed to its owner: {error}"
                    )));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Opens a connection with the settings durability and references depend on.
    pub fn connect(url: &str) -> Result<Conn, DbError> {
        keep_private(path(url))?;
        let mut conn =
            Conn::establish(path(url)).map_err(|error| DbError::Unavailable(error.to_string()))?;
        conn.batch_execute(
            "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
             PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA cache_size = -16384;
             PRAGMA temp_store = MEMORY;",
        )?;
        Ok(conn)
    }

    /// Opens a connection that writes nothing, neither to the file nor beside it. Without a log
    /// beside it nobody has the file open: read as one that cannot change, SQLite makes none.
    pub fn connect_to_look(url: &str) -> Result<Conn, DbError> {
        let path = path(url);
        let is_open = std::path::Path::new(&format!("{path}-wal")).exists();
        let mode = if is_open { "mode=ro" } else { "mode=ro&immutable=1" };
        let name = path.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
        let unavailable = |error: ConnectionError| DbError::Unavailable(error.to_string());
        let mut conn = Conn::establish(&format!("file:{name}?{mode}")).map_err(unavailable)?;
        conn.batch_execute("PRAGMA busy_timeout = 5000; PRAGMA trusted_schema = OFF")?;
        Ok(conn)
    }

    /// The file has no second wall: statements are scoped by construction alone.
    pub fn enter_tenant(_conn: &mut Conn, _tenant: TenantId) -> Result<(), DbError> {
        Ok(())
    }

    /// Runs `migrate` with no other process migrating: a file beside the database is locked, and
    /// the operating system lets go of it whatever happens.
    pub fn exclusively<R>(
        url: &str,
        migrate: impl FnOnce(&mut Conn) -> Result<R, DbError>,
    ) -> Result<R, DbError> {
        let unavailable = |error: std::io::Error| DbError::Unavailable(error.to_string());
        let file = format!("{}{LOCK}", path(url));
        let guard = OpenOptions::new().write(true).create(true).mode(PRIVATE).open(file);
        let guard = guard.map_err(unavailable)?;
        guard.lock().map_err(unavailable)?;
        migrate(&mut connect(url)?)
    }

    /// The file knows no roles.
    pub fn check_role(_conn: &mut Conn) -> Result<(), DbError> {
        Ok(())
    }

    /// The file knows no roles.
    pub fn grant(_conn: &mut Conn, _role: &str) -> Result<(), DbError> {
        Err(DbError::Engine("SQLite has no roles".to_owned()))
    }

    /// Nothing gathers statistics in the background here.
    pub fn lock_statistics(_conn: &mut Conn) -> Result<(), DbError> {
        Ok(())
    }

    /// Reads a result row by row, without holding all of it.
    pub type Streaming = diesel::connection::DefaultLoadingMode;

    /// Plans do not depend on what is imported: see [`settle_plans`].
    pub fn refresh_statistics(_conn: &mut Conn) -> Result<(), DbError> {
        Ok(())
    }

    /// Tells the planner what holds in every database that matters: a tenant has many rows, and a
    /// longer part of a key names few. Left to guess, it reads a whole tenant by the primary key
    /// where an index on the key asked for would do.
    pub fn settle_plans(conn: &mut Conn) -> Result<(), DbError> {
        conn.batch_execute(
            "BEGIN IMMEDIATE;
             ANALYZE tenant;
             DELETE FROM sqlite_stat1;
             INSERT INTO sqlite_stat1 (tbl, idx, stat)
             SELECT t.name, i.name, '1000000' || (
                    SELECT group_concat(CASE
                        WHEN i.\"unique\" AND c.seqno = (SELECT count(*) - 1
                            FROM pragma_index_info(i.name)) THEN ' 1'
                        WHEN c.name = 'tenant_id' THEN ' 1000000' ELSE ' 10' END, '')
                      FROM (SELECT * FROM pragma_index_info(i.name) ORDER BY seqno) c)
               FROM pragma_table_list t, pragma_index_list(t.name) i
              WHERE t.schema = 'main' AND t.type = 'table';
             COMMIT;",
        )?;
        Ok(())
    }

    /// Rows of one statement that writes many. From some 250 on, the planner no longer looks each
    /// row up by its key: it walks the whole table and looks for each of its rows in the statement.
    pub const BATCH: usize = 100;

    /// Rows of a small statement.
    pub const FEW: usize = 4;

    /// Rows of one statement are so many tuples of binds.
    pub const ROWS_ARE_ONE_BIND: bool = false;

    /// Hands rows over as tuples.
    macro_rules! push_rows {
        ($out:ident, $rows:ident, $($field:ident : $rust:ty),*) => {
            let columns = [$($rows.$field.len()),*];
            for row in 0..columns[0] {
                let mut lead = if row == 0 { "VALUES (" } else { "), (" };
                $(
                    $out.push_sql(std::mem::replace(&mut lead, ", "));
                    crate::column::push(&mut $out, &$rows.$field[row])?;
                )*
                let _ = lead;
            }
            $out.push_sql(")");
            // Kept prepared are those of a few rows, which most have, and the full ones.
            if columns[0] > super::dialect::FEW && columns[0] != super::dialect::BATCH {
                $out.unsafe_to_cache_prepared();
            }
        };
    }
    pub(crate) use push_rows;

    /// The keys of a list, as many as one of few lengths: each length is prepared once.
    pub fn list_of(mut keys: Vec<Key>) -> Vec<Key> {
        if let Some(last) = keys.last().copied() {
            keys.resize(keys.len().next_power_of_two(), last);
        }
        keys
    }

    /// ` IN` a list, bind by bind.
    pub fn push_list<'b>(out: &mut AstPass<'_, 'b, Db>, keys: &'b [Key]) -> QueryResult<()> {
        out.push_sql(" IN (");
        for (number, key) in keys.iter().enumerate() {
            out.push_sql(if number == 0 { "" } else { ", " });
            push(out, key)?;
        }
        out.push_sql(")");
        Ok(())
    }

    /// Keeps rows locked until the end of the unit of work; the one writer needs none.
    macro_rules! for_update {
        ($query:expr) => {
            $query
        };
    }
    pub(crate) use for_update;

    /// Keeps rows as they are until the end of the unit of work; the one writer needs no lock.
    macro_rules! for_share {
        ($query:expr) => {
            $query
        };
    }
    pub(crate) use for_share;

    /// Locks the review of a query, found with its participant and its cycle, until the end of the
    /// unit of work; the one writer needs no lock.
    macro_rules! hold_review {
        ($query:expr) => {
            $query
        };
    }
    pub(crate) use hold_review;
}
