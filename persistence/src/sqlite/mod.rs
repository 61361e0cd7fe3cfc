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
    use domain::core::id::TenantId;
    use std::fs::{self, OpenOptions, Permissions};
    use std::io::ErrorKind;
    use std::num::NonZero;
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    use std::time::SystemTime;

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
            let narrowed = fs::set_permissions(&file, Permissions::from_mode(PRIVATE));
            let Err(error) = narrowed else { continue };
            // A lock holds nothing to read. And on a mount that is read only nobody can narrow a file:
            // whoever may read it there does so with or without this program.
            let is_no_matter = end == LOCK
                || matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ReadOnlyFilesystem);
            if !is_no_matter {
                return Err(DbError::Unavailable(format!(
                    "{file} is open to others and cannot be narrowed to its owner: {error}"
                )));
            }
        }
        Ok(())
    }

    /// Settings of every connection.
    const SETTINGS: &str = "PRAGMA busy_timeout = 5000; PRAGMA trusted_schema = OFF;
         PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY;";

    /// Opens a connection with the settings durability and references depend on.
    pub fn connect(url: &str) -> Result<Conn, DbError> {
        keep_private(path(url))?;
        connect_to_write(path(url))
    }

    fn connect_to_write(path: &str) -> Result<Conn, DbError> {
        let mut conn = establish(path)?;
        conn.batch_execute(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;",
        )?;
        Ok(conn)
    }

    fn establish(name: &str) -> Result<Conn, DbError> {
        let mut conn =
            Conn::establish(name).map_err(|error| DbError::Unavailable(error.to_string()))?;
        conn.batch_execute(SETTINGS)?;
        Ok(conn)
    }

    /// Opens a connection that writes, or else one that writes nothing. On a full disk, on a mount
    /// or in a folder that is read only SQLite cannot make the log and its index beside the file,
    /// and without these it would not even read it.
    pub fn connect_or_look(url: &str) -> Result<(Conn, Option<Still>), DbError> {
        keep_private(path(url))?;
        match connect_to_write(path(url)) {
            // Whoever holds a lock may be changing the file, and what only looks may ask for none.
            Err(DbError::Unavailable(why)) if !why.contains("is locked") => {
                connect_to_look(url).map_err(|_| DbError::Unavailable(why))
            }
            connected => Ok((connected?, None)),
        }
    }

    /// Opens a connection that writes nothing, neither to the file nor, where nobody has it open,
    /// beside it. What is read on it counts only if the file, read as one that cannot change, has
    /// kept still meanwhile.
    pub fn connect_to_look(url: &str) -> Result<(Conn, Option<Still>), DbError> {
        let path = path(url);
        let name = path.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
        let look = |mode: &str| {
            let mut conn = establish(&format!("file:{name}?{mode}"))?;
            // Opening is put off until something is read.
            conn.batch_execute("PRAGMA schema_version")?;
            Ok(conn)
        };
        if log_size(path).is_some() {
            match look("mode=ro") {
                // Its index cannot be made; but nothing is in the log that would be passed over.
                Err(DbError::Unavailable(_)) if log_size(path) == Some(0) => {}
                looking => return Ok((looking?, None)),
            }
        }
        let still = Still::of(path)?;
        Ok((look("mode=ro&immutable=1")?, Some(still)))
    }

    /// Bytes in the log beside a file; none where there is no log.
    fn log_size(path: &str) -> Option<u64> {
        fs::metadata(format!("{path}-wal")).ok().map(|log| log.len())
    }

    /// A file that is read as one that cannot change, without locks, and how it was when it was
    /// opened. Whoever writes begins with the log, and makes the file newer before the log goes.
    pub struct Still {
        path: String,
        size: u64,
        changed: SystemTime,
    }

    impl Still {
        /// Of a file beside which nothing is logged. The log is looked at last, so that none is being
        /// merged into the file when it is opened.
        fn of(path: &str) -> Result<Self, DbError> {
            let unavailable = |error| DbError::Unavailable(format!("{path}: {error}"));
            let file = fs::metadata(path).map_err(unavailable)?;
            let changed = file.modified().map_err(unavailable)?;
            if log_size(path).is_some_and(|size| size > 0) {
                return Err(DbError::Unavailable(format!("{path} is being written")));
            }
            Ok(Self { path: path.to_owned(), size: file.len(), changed })
        }

        /// Whether nobody has written since. The log is looked at first, too: one that has gone has
        /// made the file newer.
        pub fn holds(&self) -> bool {
            log_size(&self.path).unwrap_or_default() == 0
                && Self::of(&self.path)
                    .is_ok_and(|now| (now.size, now.changed) == (self.size, self.changed))
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn what_is_read_as_unchanging_counts_until_somebody_writes() {
        let folder = std::env::temp_dir().join(format!("evenhand-still-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join("it.sqlite").display().to_string();
        let make = "CREATE TABLE it (kept INTEGER); INSERT INTO it VALUES (1)";
        dialect::connect(&file).unwrap().batch_execute(make).unwrap();
        let look = || {
            let (conn, still) = dialect::connect_to_look(&file).unwrap();
            (conn, still.expect("nobody has it open"))
        };

        let (mut looking, still) = look();
        assert!(still.holds());
        let written = looking.batch_execute("INSERT INTO it VALUES (0)");
        assert!(written.is_err(), "it writes nothing");
        let mut writing = dialect::connect(&file).unwrap();
        assert!(still.holds(), "nothing was written yet");
        writing.batch_execute("INSERT INTO it VALUES (2)").unwrap();
        assert!(!still.holds(), "something is logged");
        let (_, beside) = dialect::connect_to_look(&file).unwrap();
        assert!(beside.is_none(), "beside a log the file is read as it is always");
        drop(writing);
        assert!(!fs::exists(format!("{file}-wal")).unwrap());
        assert!(!still.holds(), "the log was merged into the file");

        fs::write(format!("{file}-wal"), "").unwrap();
        assert!(dialect::connect_to_look(&file).is_ok(), "an empty log says nothing");
        drop(looking);
        fs::remove_dir_all(folder).unwrap();
    }
}
