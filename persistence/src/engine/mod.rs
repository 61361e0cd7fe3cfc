//! One open database: the readers, and the lanes that commit units of work. Compiled once per
//! engine.

mod lane;
mod readers;
mod records;
mod unit;

use super::repository::people::search;
use super::{Conn, Db, dialect};
use crate::column::statement;
use crate::database::{Context, Options};
use crate::error::{DbError, Failure, by_message};
use crate::ports::Store;
use diesel::connection::{Connection, InstrumentationEvent, SimpleConnection};
use diesel::migration::{Migration, MigrationSource};
use diesel::prelude::*;
use diesel::r2d2::{ManageConnection, Pool};
use diesel_migrations::MigrationHarness;
use domain::core::id::TenantId;
use lane::Lane;
use readers::Readers;
pub use records::Records;
use std::any::Any;
use std::convert::Infallible;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
pub use unit::Unit;

/// A connection and its state between two uses.
pub struct Session {
    conn: Conn,
    tenant: Option<TenantId>,
    broken: bool,
    /// Set if the connection reads a file on the assumption that nobody changes it.
    still: Option<dialect::Still>,
    /// Tells, once it is dropped after the connection, that the connection is closed.
    _open: Sender<Infallible>,
}

impl Session {
    fn enter(&mut self, tenant: TenantId) -> Result<(), DbError> {
        if self.tenant != Some(tenant) {
            dialect::enter_tenant(&mut self.conn, tenant)?;
            self.tenant = Some(tenant);
        }
        Ok(())
    }

    fn command(&mut self, sql: &str) -> Result<(), DbError> {
        self.conn.batch_execute(sql).map_err(|error| self.note(error.into()))
    }

    /// Marks the connection as broken if the error says so.
    fn note(&mut self, error: DbError) -> DbError {
        self.broken |= matches!(error, DbError::Unavailable(_));
        error
    }

    /// Rolls the open transaction back, and forgets the tenant that may have been set in it.
    fn roll_back(&mut self) {
        self.tenant = None;
        if self.conn.batch_execute("ROLLBACK").is_err() {
            self.broken = true;
        }
    }
}

/// Opens connections for the pools.
#[derive(Clone)]
pub struct Manager {
    url: String,
    /// Planner settings for every connection, if this engine needs any.
    plans: Option<&'static str>,
    statements: Arc<AtomicU64>,
    open: Sender<Infallible>,
}

impl ManageConnection for Manager {
    type Connection = Session;
    type Error = DbError;

    fn connect(&self) -> Result<Session, DbError> {
        let (mut conn, still) = dialect::connect_or_look(&self.url)?;
        if let Some(plans) = self.plans {
            conn.batch_execute(plans)?;
        }
        let statements = Arc::clone(&self.statements);
        conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
            if matches!(event, InstrumentationEvent::StartQuery { .. }) {
                statements.fetch_add(1, Ordering::Relaxed);
            }
        });
        Ok(Session { conn, tenant: None, broken: false, still, _open: self.open.clone() })
    }

    fn is_valid(&self, session: &mut Session) -> Result<(), DbError> {
        check_still(session.still.as_ref())
    }

    fn has_broken(&self, session: &mut Session) -> bool {
        session.broken
    }
}

/// An open database.
pub struct Engine {
    readers: Readers,
    /// One lane or more for the tenants; on PostgreSQL one more for bulk units.
    lanes: Vec<Lane>,
    threads: Vec<JoinHandle<()>>,
    statements: Arc<AtomicU64>,
    url: String,
    /// How long to wait for the connections when the database is closed.
    wait: Duration,
    /// Disconnected once every pool and every connection is closed.
    all_closed: Mutex<Receiver<Infallible>>,
}

/// Before the program goes on, finishes what is queued, closes the connections, and leaves the data
/// where a copy of it is whole.
impl Drop for Engine {
    fn drop(&mut self) {
        self.lanes.clear();
        self.readers.close();
        let this_thread = std::thread::current().id();
        for thread in self.threads.drain(..).filter(|thread| thread.thread().id() != this_thread) {
            if thread.join().is_err() {
                log::error!("a thread of the database ended in a panic");
            }
        }
        // A pool may still be opening a connection that it was to keep in reserve.
        let all_closed = self.all_closed.get_mut().unwrap_or_else(PoisonError::into_inner);
        if all_closed.recv_timeout(self.wait) != Err(RecvTimeoutError::Disconnected) {
            log::warn!("a connection to the database is still open");
        }
        if let Err(error) = dialect::leave(&self.url) {
            log::warn!("the database could not be tidied up: {error}");
        }
    }
}

impl Engine {
    /// Opens the pools and starts the lanes.
    pub fn open(options: &Options) -> Result<Self, DbError> {
        let statements = Arc::<AtomicU64>::default();
        let (open, all_closed) = channel();
        let pool = |size: u32, plans: Option<&'static str>| {
            Pool::builder()
                .max_size(size)
                .min_idle(Some(1))
                .connection_timeout(options.wait)
                .build(Manager {
                    url: options.url.clone(),
                    plans,
                    statements: Arc::clone(&statements),
                    open: open.clone(),
                })
                .map_err(|error| DbError::Unavailable(error.to_string()))
        };
        dialect::check_role(&mut dialect::connect_or_look(&options.url)?.0)?;
        let mut pools = vec![pool(dialect::LANES as u32, dialect::LANE_PLANS)?; dialect::LANES];
        if dialect::SEPARATE_BULK_WRITER {
            pools.push(pool(1, None)?);
        }
        let lanes = pools.into_iter().enumerate();
        let (lanes, mut threads): (_, Vec<_>) =
            lanes.map(|(number, sessions)| Lane::start(number, sessions, options)).unzip();
        let (readers, reading) = Readers::start(&pool(options.readers, None)?, options);
        threads.extend(reading);
        Ok(Self {
            readers,
            lanes,
            threads,
            statements,
            url: options.url.clone(),
            wait: options.wait,
            all_closed: Mutex::new(all_closed),
        })
    }

    /// Brings the schema up to date, and what is derived from records by this program; returns the
    /// names of the migrations that ran. If there is nothing to do, this needs no right to change the
    /// schema.
    pub fn migrate(url: &str) -> Result<Vec<String>, DbError> {
        let mut conn = dialect::connect(url)?;
        let mut ran = Vec::new();
        if is_current(&mut conn)? {
            dialect::settle_plans(&mut conn)?;
        } else {
            ran = Self::migrating(url, |conn| {
                let ran = conn.run_pending_migrations(dialect::MIGRATIONS)?;
                let ran = ran.iter().map(ToString::to_string).collect();
                dialect::settle_plans(conn)?;
                Ok(ran)
            })?;
        }
        search::bring_up_to_date(&mut conn)?;
        Ok(ran)
    }

    /// Reverts every migration; returns their names.
    pub fn revert(url: &str) -> Result<Vec<String>, DbError> {
        Self::migrating(url, |conn| {
            let ran = conn.revert_all_migrations(dialect::MIGRATIONS);
            ran.map(|versions| versions.iter().map(ToString::to_string).collect())
        })
    }

    fn migrating<R>(
        url: &str,
        run: impl FnOnce(&mut Conn) -> diesel::migration::Result<R>,
    ) -> Result<R, DbError> {
        dialect::exclusively(url, |conn| run(conn).map_err(|error| by_message(&error.to_string())))
    }

    /// Whether every migration of this program has run. Unlike Diesel, this does not create the
    /// table of migrations, so it also works on a database that can only be read.
    pub fn is_migrated(url: &str) -> Result<bool, DbError> {
        is_current(&mut dialect::connect_or_look(url)?.0)
    }

    /// Grants a database role what the program needs to serve.
    pub fn grant(url: &str, role: &str) -> Result<(), DbError> {
        dialect::grant(&mut dialect::connect(url)?, role)
    }

    /// Runs `work` in one snapshot, on a connection that writes nothing.
    ///
    /// # Errors
    /// The database cannot be opened or is not up to date, or `work` fails.
    pub fn inspect<R>(
        url: &str,
        tenant: TenantId,
        work: &mut dyn FnMut(&mut dyn Store) -> Result<R, DbError>,
    ) -> Result<R, DbError> {
        let (mut conn, still) = dialect::connect_to_look(url)?;
        if !is_current(&mut conn)? {
            return Err(DbError::Engine("the schema is not that of this program".to_owned()));
        }
        dialect::enter_tenant(&mut conn, tenant)?;
        conn.batch_execute(dialect::BEGIN_SNAPSHOT)?;
        let result = work(&mut Unit::reading(&mut conn, tenant));
        conn.batch_execute("COMMIT")?;
        check_still(still.as_ref())?;
        result
    }

    /// Runs `work` on a reading connection.
    pub async fn read<R, E, F>(&self, tenant: TenantId, snapshot: bool, work: F) -> Result<R, E>
    where
        F: FnMut(&mut dyn Store) -> Result<R, E> + Send + 'static,
        R: Send + 'static,
        E: Failure,
    {
        self.readers.run(tenant, snapshot, work).await
    }

    /// Runs `work` as a unit of work in the tenant's lane, or in the bulk lane.
    pub async fn write<R, E, F>(&self, context: Context, bulk: bool, work: F) -> Result<R, E>
    where
        F: FnMut(&mut dyn Store) -> Result<R, E> + Send + 'static,
        R: Send + 'static,
        E: Failure,
    {
        let last = self.lanes.len() - 1;
        let lane = if bulk { last } else { lane_of(context.tenant, dialect::LANES) };
        self.lanes[lane].run(context, work).await
    }

    /// Number of units of work that wait in the lanes.
    pub fn queued(&self) -> usize {
        self.lanes.iter().map(Lane::queued).sum()
    }

    /// Readers in use, and all readers.
    pub fn load(&self) -> (usize, usize) {
        self.readers.load()
    }

    /// Number of statements executed so far, including those that open and close units of work.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }
}

statement! {
    /// The migrations that have run.
    struct Ran {} -> (diesel::sql_types::Text,);
    "SELECT version FROM __diesel_schema_migrations"
}

/// Whether every migration of this program has run; writes nothing.
fn is_current(conn: &mut Conn) -> Result<bool, DbError> {
    let ran: QueryResult<Vec<(String,)>> = Ran {}.load(conn);
    let ran = match ran.map_err(DbError::from) {
        // An empty database has no such table.
        Err(DbError::Engine(_)) => return Ok(false),
        ran => ran?,
    };
    let known: Vec<Box<dyn Migration<Db>>> =
        dialect::MIGRATIONS.migrations().map_err(|error| DbError::Engine(error.to_string()))?;
    let has_run = |version: String| ran.iter().any(|(ran,)| *ran == version);
    Ok(known.iter().all(|migration| has_run(migration.name().version().to_string())))
}

/// Fails if the file may have changed while it was read without locks.
fn check_still(still: Option<&dialect::Still>) -> Result<(), DbError> {
    if still.is_none_or(dialect::Still::holds) {
        return Ok(());
    }
    Err(DbError::Unavailable("the file was written while it was read".to_owned()))
}

/// The message of a panic.
fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or_default().to_owned()
}

/// The number of the lane for a tenant. It is always the same one, so that a tenant's units run one
/// after the other.
fn lane_of(tenant: TenantId, lanes: usize) -> usize {
    let mut hasher = DefaultHasher::new();
    tenant.hash(&mut hasher);
    hasher.finish() as usize % lanes
}
