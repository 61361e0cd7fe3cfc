//! One open database: a pool of readers, and the lanes in which units of work are committed.
//! Compiled once per engine.

mod lane;
mod unit;

use super::{Conn, dialect};
use crate::database::{Context, Options};
use crate::error::{DbError, Failure};
use crate::ports::Store;
use diesel::connection::{Connection, InstrumentationEvent, SimpleConnection};
use diesel::r2d2::{ManageConnection, Pool, PooledConnection};
use diesel_migrations::MigrationHarness;
use domain::id::TenantId;
use lane::Lane;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
pub use unit::Unit;

/// A connection, with what must be known of it between two uses.
pub struct Session {
    conn: Conn,
    tenant: Option<TenantId>,
    broken: bool,
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

    /// Remembers that a connection is not worth keeping.
    fn note(&mut self, error: DbError) -> DbError {
        self.broken |= matches!(error, DbError::Unavailable(_));
        error
    }

    /// Gives up the open transaction, and with it the tenant that may have been set inside it.
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
    statements: Arc<AtomicU64>,
}

impl ManageConnection for Manager {
    type Connection = Session;
    type Error = DbError;

    fn connect(&self) -> Result<Session, DbError> {
        let mut conn = dialect::connect(&self.url)?;
        let statements = Arc::clone(&self.statements);
        conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
            if matches!(event, InstrumentationEvent::StartQuery { .. }) {
                statements.fetch_add(1, Ordering::Relaxed);
            }
        });
        Ok(Session { conn, tenant: None, broken: false })
    }

    fn is_valid(&self, _: &mut Session) -> Result<(), DbError> {
        Ok(())
    }

    fn has_broken(&self, session: &mut Session) -> bool {
        session.broken
    }
}

/// An open database.
pub struct Engine {
    readers: Pool<Manager>,
    admission: Arc<Semaphore>,
    /// The lanes of tenants; where long units run aside, one more for those.
    lanes: Vec<Lane>,
    threads: Vec<JoinHandle<()>>,
    wait: Duration,
    statements: Arc<AtomicU64>,
}

/// What was queued is finished, and the connections are closed, before the program goes on.
impl Drop for Engine {
    fn drop(&mut self) {
        self.lanes.clear();
        let this_thread = std::thread::current().id();
        for lane in self.threads.drain(..).filter(|lane| lane.thread().id() != this_thread) {
            if lane.join().is_err() {
                log::error!("a lane ended in a panic");
            }
        }
    }
}

impl Engine {
    /// Opens the pools and starts the lanes.
    pub fn open(options: &Options) -> Result<Self, DbError> {
        let statements = Arc::<AtomicU64>::default();
        let manager = Manager { url: options.url.clone(), statements: Arc::clone(&statements) };
        let pool = |size: u32| {
            Pool::builder()
                .max_size(size)
                .min_idle(Some(1))
                .test_on_check_out(false)
                .connection_timeout(options.wait)
                .build(manager.clone())
                .map_err(|error| DbError::Unavailable(error.to_string()))
        };
        dialect::check_role(&mut dialect::connect(&options.url)?)?;
        let writers = dialect::LANES + usize::from(dialect::SEPARATE_BULK_WRITER);
        let sessions = pool(writers as u32)?;
        let (lanes, threads) =
            (0..writers).map(|number| Lane::start(number, sessions.clone(), options)).unzip();
        Ok(Self {
            readers: pool(options.readers)?,
            admission: Arc::new(Semaphore::new(options.readers as usize)),
            lanes,
            threads,
            wait: options.wait,
            statements,
        })
    }

    /// Brings the schema up to date; returns the names of the migrations that ran.
    pub fn migrate(url: &str) -> Result<Vec<String>, DbError> {
        Self::migrating(url, |conn| {
            let ran = conn.run_pending_migrations(dialect::MIGRATIONS)?;
            let ran = ran.iter().map(ToString::to_string).collect();
            dialect::settle_plans(conn)?;
            Ok(ran)
        })
    }

    /// Takes every migration back.
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
        dialect::exclusively(url, |conn| {
            run(conn).map_err(|error| DbError::Engine(error.to_string()))
        })
    }

    /// Whether every migration this program knows has run.
    pub fn is_migrated(url: &str) -> Result<bool, DbError> {
        dialect::connect(url)?
            .has_pending_migration(dialect::MIGRATIONS)
            .map(|pending| !pending)
            .map_err(|error| DbError::Engine(error.to_string()))
    }

    fn session(&self, deadline: Instant) -> Result<PooledConnection<Manager>, DbError> {
        let left = deadline.saturating_duration_since(Instant::now());
        self.readers.get_timeout(left).map_err(|error| DbError::Unavailable(error.to_string()))
    }

    /// Runs `work` on a reading connection, on a thread that may block.
    #[expect(clippy::disallowed_methods, reason = "this is the admission the lint points to")]
    pub async fn read<R, E, F>(
        self: &Arc<Self>,
        tenant: TenantId,
        snapshot: bool,
        mut work: F,
    ) -> Result<R, E>
    where
        F: FnMut(&mut dyn Store) -> Result<R, E> + Send + 'static,
        R: Send + 'static,
        E: Failure,
    {
        let deadline = Instant::now() + self.wait;
        let permit =
            tokio::time::timeout(self.wait, Arc::clone(&self.admission).acquire_owned()).await;
        let Ok(Ok(permit)) = permit else { return Err(DbError::Busy.into()) };
        let engine = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let first = read_once(&mut *engine.session(deadline)?, tenant, snapshot, &mut work);
            match &first {
                Err(error) if error.database().is_some_and(DbError::is_transient) => {
                    read_once(&mut *engine.session(deadline)?, tenant, snapshot, &mut work)
                }
                _ => first,
            }
        });
        done.await.unwrap_or_else(|error| Err(DbError::Panicked(error.to_string()).into()))
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

    /// Units of work that wait in the lanes.
    pub fn queued(&self) -> usize {
        self.lanes.iter().map(Lane::queued).sum()
    }

    /// Readers in use and readers in all.
    pub fn load(&self) -> (usize, usize) {
        let size = self.readers.max_size() as usize;
        (size - self.admission.available_permits(), size)
    }

    /// Statements executed so far, those that open and close units of work included.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }
}

fn read_once<R, E: Failure>(
    session: &mut Session,
    tenant: TenantId,
    snapshot: bool,
    work: &mut dyn FnMut(&mut dyn Store) -> Result<R, E>,
) -> Result<R, E> {
    session.enter(tenant).map_err(|error| session.note(error))?;
    if snapshot {
        session.command(dialect::BEGIN_SNAPSHOT)?;
    }
    // A panic must not hand a connection with an open transaction to the next reader.
    session.broken = true;
    let result = work(&mut Unit::reading(&mut session.conn, tenant));
    session.broken =
        matches!(result.as_ref().map_err(Failure::database), Err(Some(DbError::Unavailable(_))));
    if snapshot && !session.broken {
        session.command("COMMIT")?;
    }
    result
}

/// The lane of a tenant's units of work, so that they follow each other.
fn lane_of(tenant: TenantId, lanes: usize) -> usize {
    let mut hasher = DefaultHasher::new();
    tenant.hash(&mut hasher);
    hasher.finish() as usize % lanes
}
