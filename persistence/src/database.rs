//! The database as the rest of the program sees it: read, snapshot, write.

use crate::error::{DbError, Failure};
use crate::ports::Store;
use crate::{postgres, sqlite};
use domain::core::id::TenantId;
use domain::core::time::Timestamp;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// How a database is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// `sqlite://path` or `postgres://...`.
    pub url: String,
    /// Reading connections, and so the most reads at once.
    pub readers: u32,
    /// Units of work that may wait in one lane.
    pub queue: usize,
    /// How long a request waits for a connection or a place in a lane.
    pub wait: Duration,
}

/// On whose behalf a unit of work runs: what its audit entries say.
#[derive(Clone, Debug)]
pub struct Context {
    /// The tenant whose records it may touch.
    pub tenant: TenantId,
    /// `account`, `api_key` or `system`.
    pub actor_kind: &'static str,
    /// Which account or key; none for the system.
    pub actor_id: Option<Uuid>,
    /// The account whose authority is used, when it is not the actor's own.
    pub on_behalf_of: Option<Uuid>,
    /// The request that asked for it.
    pub request_id: String,
    /// The instant at which everything in it happens.
    pub now: Timestamp,
    /// Randomness for the ids and salts of what is recorded.
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

    /// The file of the database at `url`; none where that is a server's.
    pub fn file(url: &str) -> Option<&Path> {
        (!is_postgres(url)).then(|| url.strip_prefix("sqlite://").unwrap_or(url).as_ref())
    }

    /// Brings the schema at `url` up to date, alone; returns the migrations that ran.
    pub fn migrate(url: &str) -> Result<Vec<String>, DbError> {
        by_url!(url, migrate)
    }

    /// Takes every migration at `url` back; returns the migrations that were reverted.
    pub fn revert(url: &str) -> Result<Vec<String>, DbError> {
        by_url!(url, revert)
    }

    /// Whether the schema at `url` is up to date.
    pub fn is_migrated(url: &str) -> Result<bool, DbError> {
        by_url!(url, is_migrated)
    }

    /// Grants a role of the server at `url` what serving needs: all of the records, adding to the
    /// logs alone, and nothing of the schema.
    ///
    /// # Errors
    /// The database has no roles, there is no such role, or it is one from which nothing can be
    /// withheld: that of the session, an owner, a superuser, or a member of one of them.
    pub fn grant(url: &str, role: &str) -> Result<(), DbError> {
        if is_postgres(url) {
            postgres::engine::Engine::grant(url, role)
        } else {
            sqlite::engine::Engine::grant(url, role)
        }
    }

    /// Runs `work` at `url` in one snapshot, on a connection that writes nothing: neither a role
    /// that may only read nor a file that nobody may write stands in its way.
    ///
    /// # Errors
    /// The database cannot be opened, is not up to date, or those of `work`.
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

    /// Units of work that wait to be written.
    pub fn queued(&self) -> usize {
        match self {
            Self::Sqlite(engine) => engine.queued(),
            Self::Postgres(engine) => engine.queued(),
        }
    }

    /// Reads in use and reads at once in all.
    pub fn load(&self) -> (usize, usize) {
        match self {
            Self::Sqlite(engine) => engine.load(),
            Self::Postgres(engine) => engine.load(),
        }
    }

    /// Statements executed so far, those that open and close units of work included.
    pub fn statements(&self) -> u64 {
        match self {
            Self::Sqlite(engine) => engine.statements(),
            Self::Postgres(engine) => engine.statements(),
        }
    }

    /// Reads; each statement sees the newest commit.
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

    /// Reads; all statements see one and the same commit.
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

    /// Runs a unit of work: all of it is durable when this returns `Ok`, nothing of it otherwise.
    /// It may be run more than once until it is kept, so it must not reach outside the store.
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

    /// [`Database::write`] for a unit that takes long, where the engine can run it aside.
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
