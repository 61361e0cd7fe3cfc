//! Readers: threads that read. Reads wait for them in one queue, first come, first served.
//!
//! While reads wait, a reader goes from one to the next without sleeping and keeps its connection.
//! To wake a thread and to take a connection for each read would cost more than the read. Where
//! reading keeps the processor busy, no more readers are woken than there are processors, unless
//! some are held up: more readers would only take the processor, and its caches, from each other.

use super::unit::Unit;
use super::{Manager, Session, check_still, dialect, text_of};
use crate::database::Options;
use crate::error::{DbError, Failure};
use crate::ports::Store;
use diesel::r2d2::{Pool, PooledConnection};
use domain::core::id::TenantId;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// A reader that has worked on one read for longer counts as held up; another may be woken.
const HELD_UP: Duration = Duration::from_millis(2);

/// The readers of a database, and the queue in front of them.
pub struct Readers {
    line: Arc<Line>,
    wait: Duration,
}

struct Line {
    state: Mutex<State>,
    /// Wakes each reader.
    bells: Vec<Condvar>,
    /// Most readers that work at once while none is held up.
    brisk: usize,
}

struct State {
    waiting: VecDeque<Box<dyn Work>>,
    /// For each reader, when its present read began; none while it sleeps.
    since: Vec<Option<Instant>>,
    closed: bool,
}

impl State {
    /// Number of readers that work and are not held up.
    fn brisk(&self, now: Instant) -> usize {
        self.since.iter().flatten().filter(|&&since| now < since + HELD_UP).count()
    }
}

impl Line {
    fn new(size: usize) -> Self {
        let state = State { waiting: VecDeque::new(), since: vec![None; size], closed: false };
        Self {
            state: Mutex::new(state),
            bells: (0..size).map(|_| Condvar::new()).collect(),
            brisk: dialect::brisk_readers(size),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn join(&self, work: Box<dyn Work>, now: Instant) {
        let mut state = self.lock();
        state.waiting.push_back(work);
        self.wake_one(state, now);
    }

    /// Wakes a reader if reads wait and too few readers work.
    fn wake_one(&self, mut state: MutexGuard<'_, State>, now: Instant) {
        if state.waiting.is_empty() || state.brisk(now) >= self.brisk {
            return;
        }
        // Always wakes the same sleeping readers first: the data they read last is still in a
        // cache.
        if let Some(sleeper) = state.since.iter().position(Option::is_none) {
            state.since[sleeper] = Some(now);
            drop(state);
            self.bells[sleeper].notify_one();
        }
    }

    /// The next read for a reader; none once the queue is closed and empty. A reader that has to
    /// wait gives its connection back.
    fn next(&self, reader: usize, seat: &mut Seat<'_>) -> Option<Box<dyn Work>> {
        let mut state = self.lock();
        loop {
            let now = Instant::now();
            state.since[reader] = None;
            if state.closed || state.brisk(now) < self.brisk {
                if let Some(work) = state.waiting.pop_front() {
                    state.since[reader] = Some(now);
                    return Some(work);
                }
                if state.closed {
                    return None;
                }
            }
            if seat.session.is_some() {
                state.since[reader] = Some(now);
                drop(state);
                seat.session = None;
                state = self.lock();
                continue;
            }
            while state.since[reader].is_none() && !state.closed {
                state = self.bells[reader].wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }
}

impl Readers {
    /// Starts the readers, on connections of `pool`, and their threads.
    pub fn start(pool: &Pool<Manager>, options: &Options) -> (Self, Vec<JoinHandle<()>>) {
        let line = Arc::new(Line::new(options.readers as usize));
        let threads = (0..options.readers as usize).map(|number| {
            let (line, pool) = (Arc::clone(&line), pool.clone());
            let thread = std::thread::Builder::new().name(format!("reader-{number}"));
            let serve = move || {
                let mut seat = Seat { pool: &pool, session: None };
                while let Some(work) = line.next(number, &mut seat) {
                    work.run(&mut seat);
                }
            };
            thread.spawn(serve).expect("the operating system starts a thread")
        });
        let threads = threads.collect();
        (Self { line, wait: options.wait }, threads)
    }

    /// Lets the readers end once no read waits.
    pub fn close(&self) {
        self.line.lock().closed = true;
        self.line.bells.iter().for_each(Condvar::notify_all);
    }

    /// Readers in use, and all readers.
    pub fn load(&self) -> (usize, usize) {
        let state = self.line.lock();
        (state.since.iter().flatten().count(), state.since.len())
    }

    /// Waits for a reader and runs `work` on it. Fails with [`DbError::Busy`] after the configured
    /// wait.
    pub async fn run<R, E, F>(&self, tenant: TenantId, snapshot: bool, work: F) -> Result<R, E>
    where
        F: FnMut(&mut dyn Store) -> Result<R, E> + Send + 'static,
        R: Send + 'static,
        E: Failure,
    {
        let asked = Instant::now();
        let deadline = asked + self.wait;
        let (answer, mut answered) = oneshot::channel();
        let begun = Arc::<AtomicBool>::default();
        let read = Read { tenant, snapshot, deadline, work, begun: Arc::clone(&begun), answer };
        self.line.join(Box::new(read), asked);
        let mut look = asked + HELD_UP;
        let done = loop {
            match tokio::time::timeout_at(look.min(deadline).into(), &mut answered).await {
                Ok(done) => break done,
                Err(_) if begun.load(Ordering::Acquire) => break answered.await,
                Err(_) if look < deadline => {
                    let now = Instant::now();
                    self.line.wake_one(self.line.lock(), now);
                    look = now + HELD_UP;
                }
                // Reader and caller each try to set `begun`; the first one decides whether the read
                // takes place.
                Err(_) if !begun.swap(true, Ordering::AcqRel) => return Err(DbError::Busy.into()),
                Err(_) => break answered.await,
            }
        };
        done.unwrap_or_else(|_| Err(DbError::Unavailable("the readers have stopped".into()).into()))
    }
}

/// A reader's place in the pool, with its connection while the reader uses one.
struct Seat<'p> {
    pool: &'p Pool<Manager>,
    session: Option<PooledConnection<Manager>>,
}

impl Seat<'_> {
    fn session(&mut self, deadline: Instant) -> Result<&mut Session, DbError> {
        // A broken connection must be back in the pool before another is taken.
        let kept = self.session.take().filter(|session| !session.broken);
        let session = match kept {
            Some(session) => session,
            None => {
                let left = deadline.saturating_duration_since(Instant::now());
                let taken = self.pool.get_timeout(left);
                taken.map_err(|error| DbError::Unavailable(error.to_string()))?
            }
        };
        Ok(self.session.insert(session))
    }
}

/// A waiting read, of any result type.
trait Work: Send {
    /// Runs the read and answers it, unless its caller has given up.
    fn run(self: Box<Self>, seat: &mut Seat<'_>);
}

struct Read<R, E, F> {
    tenant: TenantId,
    snapshot: bool,
    deadline: Instant,
    work: F,
    begun: Arc<AtomicBool>,
    answer: oneshot::Sender<Result<R, E>>,
}

impl<R, E, F> Work for Read<R, E, F>
where
    F: FnMut(&mut dyn Store) -> Result<R, E> + Send,
    R: Send,
    E: Failure,
{
    fn run(self: Box<Self>, seat: &mut Seat<'_>) {
        let Self { tenant, snapshot, deadline, mut work, begun, answer } = *self;
        if answer.is_closed() || begun.swap(true, Ordering::AcqRel) {
            return;
        }
        let mut once = || read_once(seat.session(deadline)?, tenant, snapshot, &mut work);
        let result = catch_unwind(AssertUnwindSafe(|| match once() {
            Err(error) if error.database().is_some_and(DbError::is_transient) => once(),
            first => first,
        }));
        let result =
            result.unwrap_or_else(|panic| Err(DbError::Panicked(text_of(panic.as_ref())).into()));
        // Drops what the work holds before the caller goes on.
        drop(work);
        let _ = answer.send(result);
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
    check_still(session.still.as_ref())?;
    session.broken =
        matches!(result.as_ref().map_err(Failure::database), Err(Some(DbError::Unavailable(_))));
    if snapshot && !session.broken {
        session.command("COMMIT")?;
    }
    result
}
