//! The database as the rest of the program uses it: `read`, `snapshot` and `write`.

use crate::error::{DbError, Failure};
use crate::ports::Store;
use crate::{postgres, sqlite};
use domain::core::id::TenantId;
use domain::core::time::Timestamp;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// Options for opening a database.
#[derive(Clone, Debug)]
pub struct Options {
    /// `sqlite://path` or `postgres://...`.
    pub url: String,
    /// Number of reading connections, which is also the most reads at once.
    pub readers: u32,
    /// Most units of work that may wait in one lane.
    pub queue: usize,
    /// The longest time a request waits for a connection or for a place in a lane.
    pub wait: Duration,
}

/// On whose behalf a unit of work runs; its audit entries state this.
#[derive(Clone, Debug)]
pub struct Context {
    /// The tenant whose records the unit may read and change.
    pub tenant: TenantId,
    /// `account`, `api_key` or `system`.
    pub actor_kind: &'static str,
    /// The account or key that acts; none for the system.
    pub actor_id: Option<Uuid>,
    /// The account whose authority is used, if it is not the actor's own.
    pub on_behalf_of: Option<Uuid>,
    /// Id of the request that caused it.
    pub request_id: String,
    /// The instant given to everything in the unit.
    pub now: Timestamp,
    /// Randomness from which the ids and salts of its records are made.
    pub seed: [u8; 32],
}

/// An open database of either engine.
#[derive(Clone)]
pub enum Database {
    /// SQLite.
    Sqlite(Arc<sqlite::engine::Engine>),
    /// PostgreSQL.
    Postgres(Arc<postgres::engine::Engine>),
}

/// Whether a URL means PostgreSQL.
fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

macro_rules! by_url {
    ($url:expr, $function:ident) => {
        if is_postgres($url) {
            postgres::engine::Engine::$function($url)
        } else {
            sqlite::engine::Engine::$function($url)
        }
    };
}

impl Database {
    /// Opens a database whose schema is up to date.
    pub fn open(options: &Options) -> Result<Self, DbError> {
        if is_postgres(&options.url) {
            Ok(Self::Postgres(Arc::new(postgres::engine::Engine::open(options)?)))
        } else {
            Ok(Self::Sqlite(Arc::new(sqlite::engine::Engine::open(options)?)))
        }
    }

    /// The path of the database file at `url`; none for PostgreSQL.
    pub fn file(url: &str) -> Option<&Path> {
        (!is_postgres(url)).then(|| url.strip_prefix("sqlite://").unwrap_or(url).as_ref())
    }

    /// Brings the schema at `url` up to date while no other process does; returns the names of the
    /// migrations that ran.
    pub fn migrate(url: &str) -> Result<Vec<String>, DbError> {
        by_url!(url, migrate)
    }

    /// Reverts every migration at `url`; returns their names.
    pub fn revert(url: &str) -> Result<Vec<String>, DbError> {
        by_url!(url, revert)
    }

    /// Whether the schema at `url` is up to date.
    pub fn is_migrated(url: &str) -> Result<bool, DbError> {
        by_url!(url, is_migrated)
    }

    /// Grants a database role what the program needs to serve: to read and write all records, to
    /// add to the logs but not to change them, and nothing on the schema.
    ///
    /// # Errors
    /// The engine has no roles, the role does not exist, or its rights cannot be limited: it is the
    /// role of this session, an owner, a superuser, or a member of one of these.
    pub fn grant(url: &str, role: &str) -> Result<(), DbError> {
        if is_postgres(url) {
            postgres::engine::Engine::grant(url, role)
        } else {
            sqlite::engine::Engine::grant(url, role)
        }
    }

    /// Runs `work` at `url` in one snapshot, on a connection that writes nothing. This works with a
    /// role that may only read and with a file that nobody may write.
    ///
    /// # Errors
    /// The database cannot be opened or is not up to date, or `work` fails.
    pub fn inspect<R>(
        url: &str,
        tenant: TenantId,
        mut work: impl FnMut(&mut dyn Store) -> Result<R, DbError>,
    ) -> Result<R, DbError> {
        if is_postgres(url) {
            postgres::engine::Engine::inspect(url, tenant, &mut work)
        } else {
            sqlite::engine::Engine::inspect(url, tenant, &mut work)
        }
    }

    /// `sqlite` or `postgres`.
    pub fn engine(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "sqlite",
            Self::Postgres(_) => "postgres",
        }
    }

    /// Number of units of work that wait in the lanes.
    pub fn queued(&self) -> usize {
        match self {
            Self::Sqlite(engine) => engine.queued(),
            Self::Postgres(engine) => engine.queued(),
        }
    }

    /// Reads that run now, and the most that can run at once.
    pub fn load(&self) -> (usize, usize) {
        match self {
            Self::Sqlite(engine) => engine.load(),
            Self::Postgres(engine) => engine.load(),
        }
    }

    /// Number of statements executed so far, including those that open and close units of work.
    pub fn statements(&self) -> u64 {
        match self {
            Self::Sqlite(engine) => engine.statements(),
            Self::Postgres(engine) => engine.statements(),
        }
    }

    /// Runs `work` as a read in which each statement sees the newest commit.
    pub async fn read<R, E, F>(&self, tenant: TenantId, work: F) -> Result<R, E>
    where
        F: FnMut(&mut dyn Store) -> Result<R, E> + Send + 'static,
        R: Send + 'static,
        E: Failure,
    {
        match self {
            Self::Sqlite(engine) => engine.read(tenant, false, work).await,
            Self::Postgres(engine) => engine.read(tenant, false, work).await,
        }
    }

    /// Runs `work` as a read in which all statements see the same commit.
    pub async fn snapshot<R, E, F>(&self, tenant: TenantId, work: F) -> Result<R, E>
    where
        F: FnMut(&mut dyn Store) -> Result<R, E> + Send + 'static,
        R: Send + 'static,
        E: Failure,
    {
        match self {
            Self::Sqlite(engine) => engine.read(tenant, true, work).await,
            Self::Postgres(engine) => engine.read(tenant, true, work).await,
        }
    }

    /// Runs a unit of work. If this returns `Ok`, everything it did is durable; otherwise nothing
    /// is. The unit may run more than once, so it must not reach outside the store.
    pub async fn write<R, E, F>(&self, context: Context, work: F) -> Result<R, E>
    where
        F: FnMut(&mut dyn Store) -> Result<R, E> + Send + 'static,
        R: Send + 'static,
        E: Failure,
    {
        match self {
            Self::Sqlite(engine) => engine.write(context, false, work).await,
            Self::Postgres(engine) => engine.write(context, false, work).await,
        }
    }

    /// Like [`Database::write`], for a unit that takes long: PostgreSQL runs it beside the other
    /// units, SQLite in the same lane.
    pub async fn write_bulk<R, E, F>(&self, context: Context, work: F) -> Result<R, E>
    where
        F: FnMut(&mut dyn Store) -> Result<R, E> + Send + 'static,
        R: Send + 'static,
        E: Failure,
    {
        match self {
            Self::Sqlite(engine) => engine.write(context, true, work).await,
            Self::Postgres(engine) => engine.write(context, true, work).await,
        }
    }
}
