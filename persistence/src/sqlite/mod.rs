//! SQLite: one file, one writer, many readers.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};

/// The backend against which all shared code is compiled here.
pub type Db = diesel::sqlite::Sqlite;
/// The connection on which all shared code runs here.
pub type Conn = diesel::SqliteConnection;

#[path = "../engine/mod.rs"]
pub mod engine;
#[path = "../repository/mod.rs"]
mod repository;

/// All deliberate differences from PostgreSQL.
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

    /// Permissions of a file that only its owner may read and write.
    const PRIVATE: u32 = 0o600;

    /// Migrations of this engine.
    pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../migrations/sqlite");
    /// Begins a unit of work. Takes the write lock at once, so that no read lock has to be
    /// upgraded.
    pub const BEGIN_WRITE: &str = "BEGIN IMMEDIATE";
    /// Begins a consistent snapshot.
    pub const BEGIN_SNAPSHOT: &str = "BEGIN DEFERRED";
    /// Number of lanes: one file has one writer.
    pub const LANES: usize = 1;
    /// No planner settings per lane; see [`settle_plans`].
    pub const LANE_PLANS: Option<&str> = None;
    /// Bulk units wait in the same lane as all others.
    pub const SEPARATE_BULK_WRITER: bool = false;

    fn path(url: &str) -> &str {
        url.strip_prefix("sqlite://").unwrap_or(url)
    }

    /// Readers that are woken at once: as many as there are processors, since SQLite reads in the
    /// calling thread.
    pub fn brisk_readers(all: usize) -> usize {
        std::thread::available_parallelism().map_or(1, NonZero::get).min(all)
    }

    /// The files that SQLite and this program keep: the database itself and those beside it, by the
    /// ends of their names.
    const BESIDE: [&str; 4] = ["", "-wal", "-shm", LOCK];
    const LOCK: &str = ".lock";

    /// Makes sure that only the owner can read the file and those beside it, because they hold
    /// personal data. SQLite gives the files it creates beside the database the same permissions.
    fn keep_private(path: &str) -> Result<(), DbError> {
        // A database in memory or named by an SQLite URI is left alone.
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
            // A lock file holds nothing to read. On a read-only mount nobody can narrow a file, and
            // those who can read it there can do so without this program.
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

    /// Moves into the file what is only in the log beside it, if nobody else has the file open.
    /// Otherwise two connections that are closed at once may each leave this to the other, and a
    /// copy of the file alone would miss the newest changes.
    pub fn leave(url: &str) -> Result<(), DbError> {
        if log_size(path(url)).is_some() {
            // SQLite does it as the last connection is closed, if that has read or written.
            connect(url)?.batch_execute("PRAGMA schema_version")?;
        }
        Ok(())
    }

    /// Opens a connection that writes or, if that is impossible, one that only reads. On a full
    /// disk and in a read-only mount or folder, SQLite cannot create the log and its index beside
    /// the file, and without these it would not even read.
    pub fn connect_or_look(url: &str) -> Result<(Conn, Option<Still>), DbError> {
        keep_private(path(url))?;
        match connect_to_write(path(url)) {
            // Somebody who holds a lock may be changing the file, and a connection that only reads
            // takes no lock.
            Err(DbError::Unavailable(why)) if !why.contains("is locked") => {
                connect_to_look(url).map_err(|_| DbError::Unavailable(why))
            }
            connected => Ok((connected?, None)),
        }
    }

    /// Opens a connection that writes nothing to the file and, if nobody has it open, nothing
    /// beside it. If the file is read on the assumption that nobody changes it, what was read
    /// counts only if [`Still::holds`] afterwards.
    pub fn connect_to_look(url: &str) -> Result<(Conn, Option<Still>), DbError> {
        let path = path(url);
        let name = path.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
        let look = |mode: &str| {
            let mut conn = establish(&format!("file:{name}?{mode}"))?;
            // SQLite opens the file only when something is read.
            conn.batch_execute("PRAGMA schema_version")?;
            Ok(conn)
        };
        if log_size(path).is_some() {
            match look("mode=ro") {
                // SQLite cannot create the index; but the log is empty, so nothing in it would be
                // missed.
                Err(DbError::Unavailable(_)) if log_size(path) == Some(0) => {}
                looking => return Ok((looking?, None)),
            }
        }
        let still = Still::of(path)?;
        Ok((look("mode=ro&immutable=1")?, Some(still)))
    }

    /// Size of the log beside a file in bytes; none if there is no log.
    fn log_size(path: &str) -> Option<u64> {
        fs::metadata(format!("{path}-wal")).ok().map(|log| log.len())
    }

    /// A file that is read without locks on the assumption that nobody changes it, and its state
    /// when it was opened. A writer first writes to the log, and the file gets a newer time before
    /// the log is removed.
    pub struct Still {
        path: String,
        size: u64,
        changed: SystemTime,
    }

    impl Still {
        /// The state of a file without a log. Looks at the log last, so that no log is being merged
        /// into the file when it is opened.
        fn of(path: &str) -> Result<Self, DbError> {
            let unavailable = |error| DbError::Unavailable(format!("{path}: {error}"));
            let file = fs::metadata(path).map_err(unavailable)?;
            let changed = file.modified().map_err(unavailable)?;
            if log_size(path).is_some_and(|size| size > 0) {
                return Err(DbError::Unavailable(format!("{path} is being written")));
            }
            Ok(Self { path: path.to_owned(), size: file.len(), changed })
        }

        /// Whether nobody has written since. Looks at the log first: if a log has been removed, the
        /// file has become newer.
        pub fn holds(&self) -> bool {
            log_size(&self.path).unwrap_or_default() == 0
                && Self::of(&self.path)
                    .is_ok_and(|now| (now.size, now.changed) == (self.size, self.changed))
        }
    }

    /// SQLite has no row-level security: only the statements themselves limit rows to the tenant.
    pub fn enter_tenant(_conn: &mut Conn, _tenant: TenantId) -> Result<(), DbError> {
        Ok(())
    }

    /// Runs `migrate` while no other process migrates. Locks a file beside the database; the
    /// operating system releases the lock even after a crash.
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

    /// SQLite has no roles.
    pub fn check_role(_conn: &mut Conn) -> Result<(), DbError> {
        Ok(())
    }

    /// SQLite has no roles.
    pub fn grant(_conn: &mut Conn, _role: &str) -> Result<(), DbError> {
        Err(DbError::Engine("SQLite has no roles".to_owned()))
    }

    /// SQLite gathers no statistics in the background.
    pub fn lock_statistics(_conn: &mut Conn) -> Result<(), DbError> {
        Ok(())
    }

    /// Loads a result row by row, not as a whole.
    pub type Streaming = diesel::connection::DefaultLoadingMode;

    /// Plans do not depend on the rows imported; see [`settle_plans`].
    pub fn refresh_statistics(_conn: &mut Conn) -> Result<(), DbError> {
        Ok(())
    }

    /// Gives the planner fixed statistics that suit every large database: a tenant has many rows,
    /// and the longer parts of a key name few. Without them it reads a whole tenant by the primary
    /// key where an index on the key asked for would do.
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

    /// Most rows in one statement. With more than about 250, the planner no longer looks up each
    /// row by its key but walks the whole table.
    pub const BATCH: usize = 100;

    /// Most rows in a small statement.
    pub const FEW: usize = 4;

    /// Passes rows as tuples.
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
            // Kept prepared are statements of a few rows, the usual case, and full ones.
            if columns[0] > super::dialect::FEW && columns[0] != super::dialect::BATCH {
                $out.unsafe_to_cache_prepared();
            }
        };
    }
    pub(crate) use push_rows;

    /// Fills a list of keys up to the next power of two, so that few lengths have to be prepared.
    pub fn list_of(mut keys: Vec<Key>) -> Vec<Key> {
        if let Some(last) = keys.last().copied() {
            keys.resize(keys.len().next_power_of_two(), last);
        }
        keys
    }

    /// Writes ` IN` and the list, one bind per key.
    pub fn push_list<'b>(out: &mut AstPass<'_, 'b, Db>, keys: &'b [Key]) -> QueryResult<()> {
        out.push_sql(" IN (");
        for (number, key) in keys.iter().enumerate() {
            out.push_sql(if number == 0 { "" } else { ", " });
            push(out, key)?;
        }
        out.push_sql(")");
        Ok(())
    }

    /// Locks rows until the end of the unit of work. The single writer needs no lock.
    macro_rules! for_update {
        ($query:expr) => {
            $query
        };
    }
    pub(crate) use for_update;

    /// Keeps rows from changing until the end of the unit of work. The single writer needs no lock.
    macro_rules! for_share {
        ($query:expr) => {
            $query
        };
    }
    pub(crate) use for_share;

    /// Locks the review of a query, found with its participant and its cycle, until the end of the
    /// unit of work. The single writer needs no lock.
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
