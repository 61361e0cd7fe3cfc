//! A lane: one queue, one connection, many units of work per commit.
//!
//! The lane opens a transaction and runs in it every unit that waits in the queue, each in its own
//! savepoint (a single unit needs none). Then it chains the audit entries of all units, numbers
//! their events, and makes everything durable with one commit. Nobody gets an answer before that
//! commit.

use super::super::repository::access::{ledger, read_log};
use super::super::repository::idempotency;
use super::super::repository::reviews::review_sets;
use super::unit::Unit;
use super::{Manager, Session, dialect, text_of};
use crate::database::{Context, Options};
use crate::error::{DbError, Failure};
use crate::ports::Store;
use diesel::r2d2::Pool;
use domain::core::id::TenantId;
use domain::core::time::Timestamp;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Most units in one transaction; this limits how much one commit can delay.
const GROUP: usize = 64;
/// Ends the savepoint of one unit and opens that of the next, in one round trip.
const STEP: &str = "RELEASE SAVEPOINT unit; SAVEPOINT unit";
/// How often a unit runs that lost a race or its connection.
const ATTEMPTS: usize = 3;

/// The sending end of a lane.
pub struct Lane {
    queue: mpsc::Sender<Box<dyn Work>>,
    wait: Duration,
}

impl Lane {
    /// Starts a lane and its thread. The thread ends once the lane is dropped and its queue is
    /// empty.
    pub fn start(number: usize, pool: Pool<Manager>, options: &Options) -> (Self, JoinHandle<()>) {
        let (queue, mut waiting) = mpsc::channel(options.queue);
        let thread = std::thread::Builder::new()
            .name(format!("lane-{number}"))
            .spawn(move || {
                let mut group = Vec::with_capacity(GROUP);
                while waiting.blocking_recv_many(&mut group, GROUP) > 0 {
                    if let Err(unreachable) = run_group(&pool, std::mem::take(&mut group)) {
                        // Units queued meanwhile must not wait for a connection as well.
                        while let Ok(work) = waiting.try_recv() {
                            work.answer(Err(copy(&unreachable)));
                        }
                    }
                }
            })
            .expect("the operating system starts a thread");
        (Self { queue, wait: options.wait }, thread)
    }

    /// Number of units of work that wait.
    pub fn queued(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }

    /// Queues a unit of work and waits until it is durable.
    pub async fn run<R, E, F>(&self, context: Context, work: F) -> Result<R, E>
    where
        F: FnMut(&mut dyn Store) -> Result<R, E> + Send + 'static,
        R: Send + 'static,
        E: Failure,
    {
        let (answer, answered) = oneshot::channel();
        let job = Box::new(Job { context, work, outcome: None, answer });
        match tokio::time::timeout(self.wait, self.queue.reserve()).await {
            Ok(Ok(place)) => place.send(job),
            Ok(Err(_)) => return Err(DbError::Unavailable("the lane has stopped".into()).into()),
            Err(_) => return Err(DbError::Busy.into()),
        }
        answered
            .await
            .unwrap_or_else(|_| Err(DbError::Unavailable("the lane has stopped".into()).into()))
    }
}

/// A queued unit of work, of any result type.
trait Work: Send {
    fn context(&self) -> &Context;
    /// Runs the unit and returns whether its changes stay, with the database error if it failed by
    /// one.
    fn run(&mut self, store: &mut dyn Store) -> Outcome;
    /// Answers the caller: with the result of the unit if `durable`, else with the error.
    fn answer(self: Box<Self>, durable: Result<(), DbError>);
}

enum Outcome {
    Kept,
    Refused,
    Transient(DbError),
    Panicked(String),
}

struct Job<R, E, F> {
    context: Context,
    work: F,
    outcome: Option<Result<R, E>>,
    answer: oneshot::Sender<Result<R, E>>,
}

impl<R, E, F> Work for Job<R, E, F>
where
    F: FnMut(&mut dyn Store) -> Result<R, E> + Send,
    R: Send,
    E: Failure,
{
    fn context(&self) -> &Context {
        &self.context
    }

    fn run(&mut self, store: &mut dyn Store) -> Outcome {
        let result = catch_unwind(AssertUnwindSafe(|| (self.work)(store)));
        match result {
            Ok(result) => {
                let outcome = match result.as_ref().map_err(Failure::database) {
                    Ok(_) => Outcome::Kept,
                    Err(Some(error)) if error.is_transient() => Outcome::Transient(copy(error)),
                    Err(_) => Outcome::Refused,
                };
                self.outcome = Some(result);
                outcome
            }
            Err(panic) => Outcome::Panicked(text_of(panic.as_ref())),
        }
    }

    fn answer(self: Box<Self>, durable: Result<(), DbError>) {
        let result = match (durable, self.outcome) {
            (Err(error), _) => Err(error.into()),
            (Ok(()), Some(result)) => result,
            (Ok(()), None) => Err(DbError::Engine("a unit of work was not run".into()).into()),
        };
        // The caller may have gone away; what was committed stays committed.
        let _ = self.answer.send(result);
    }
}

/// Why a group was not committed.
enum Failed {
    /// No connection was available in time; an immediate retry is no use.
    Unreachable(DbError),
    /// Nothing was kept; every unit may run again.
    Before(DbError),
    /// The commit itself failed. Nobody knows whether it was kept, so nothing runs again.
    Commit(DbError),
}

/// Runs a group and answers every unit; fails if the database could not be reached. If the group
/// fails as a whole, its units run again one by one, so that one failing unit does not fail the
/// others.
fn run_group(pool: &Pool<Manager>, mut group: Vec<Box<dyn Work>>) -> Result<(), DbError> {
    match commit(pool, &mut group) {
        Ok(()) => Ok(()),
        Err(Failed::Before(error)) if error.is_transient() || group.len() > 1 => {
            log::warn!("a group of {} is run again, unit by unit: {error}", group.len());
            let mut units = group.into_iter();
            let alone = units.try_for_each(|work| run_alone(pool, work));
            alone.or_else(|unreachable| answer_all(units, Failed::Unreachable(unreachable)))
        }
        Err(failed) => answer_all(group, failed),
    }
}

fn run_alone(pool: &Pool<Manager>, work: Box<dyn Work>) -> Result<(), DbError> {
    let mut group = vec![work];
    for attempt in 1..=ATTEMPTS {
        match commit(pool, &mut group) {
            Ok(()) => break,
            Err(Failed::Before(error)) if error.is_transient() && attempt < ATTEMPTS => {}
            Err(failed) => return answer_all(group, failed),
        }
    }
    Ok(())
}

fn commit(pool: &Pool<Manager>, group: &mut Vec<Box<dyn Work>>) -> Result<(), Failed> {
    let session = pool.get();
    let mut session =
        session.map_err(|error| Failed::Unreachable(DbError::Unavailable(error.to_string())))?;
    commit_group(&mut session, group)
}

/// Answers every unit with the failure; returns it if the whole database is affected.
fn answer_all(
    group: impl IntoIterator<Item = Box<dyn Work>>,
    failed: Failed,
) -> Result<(), DbError> {
    let (Failed::Unreachable(error) | Failed::Before(error) | Failed::Commit(error)) = &failed;
    for work in group {
        work.answer(Err(copy(error)));
    }
    match failed {
        Failed::Unreachable(error) => Err(error),
        Failed::Before(_) | Failed::Commit(_) => Ok(()),
    }
}

/// Runs a group and commits it. Units that refuse or panic are answered at once and removed; the
/// others are answered once they are durable. On failure, `group` holds the units not yet answered.
fn commit_group(session: &mut Session, group: &mut Vec<Box<dyn Work>>) -> Result<(), Failed> {
    if session.still.is_some() {
        // SQLite would let a unit begin here and refuse only its first write. A new connection in
        // place of this one may be able to write.
        let error = DbError::Unavailable("the file can only be read".to_owned());
        return Err(Failed::Before(session.note(error)));
    }
    session.command(dialect::BEGIN_WRITE).map_err(Failed::Before)?;
    let run = run_units(session, group);
    let (kept, refused) = match run {
        Ok(split) => split,
        Err(error) => {
            session.roll_back();
            return Err(Failed::Before(session.note(error)));
        }
    };
    if let Err(error) = session.command("COMMIT") {
        session.roll_back();
        *group = kept;
        answer_refused(refused);
        return Err(match error {
            DbError::Race(_) => Failed::Before(error),
            other => Failed::Commit(other),
        });
    }
    answer_refused(refused);
    for work in kept {
        work.answer(Ok(()));
    }
    Ok(())
}

type Refused = Vec<(Box<dyn Work>, Result<(), DbError>)>;

fn answer_refused(refused: Refused) {
    for (work, answer) in refused {
        work.answer(answer);
    }
}

/// Runs every unit in its savepoint and chains its records. A single unit needs no savepoint, since
/// rolling it back is rolling back the transaction, and SQLite would store the pages of a large one
/// twice.
fn run_units(
    session: &mut Session,
    group: &mut Vec<Box<dyn Work>>,
) -> Result<(Vec<Box<dyn Work>>, Refused), DbError> {
    let alone = group.len() == 1;
    let (mut records, mut looks) = (Vec::new(), Vec::new());
    let (mut traces, mut replies) = (Vec::new(), Vec::new());
    let mut verdicts = Vec::with_capacity(group.len());
    // The commit releases the last savepoint.
    let mut step = "SAVEPOINT unit";
    let mut latest = BTreeMap::<TenantId, Timestamp>::new();
    for work in group.iter_mut() {
        let mut context = work.context().clone();
        if !alone {
            session.command(std::mem::replace(&mut step, STEP))?;
        }
        session.enter(context.tenant)?;
        // No unit happens before the tenant's last change, whatever the clock says.
        context.now = match latest.entry(context.tenant) {
            Entry::Occupied(known) => context.now.max(*known.get()),
            Entry::Vacant(unknown) => {
                let last = ledger::latest(&mut session.conn, context.tenant)?;
                *unknown.insert(last.map_or(context.now, |last| context.now.max(last)))
            }
        };
        latest.insert(context.tenant, context.now);
        let mut unit = Unit::writing(&mut session.conn, context.clone());
        let outcome = work.run(&mut unit);
        let notes = unit.into_notes();
        let verdict = match outcome {
            Outcome::Kept => {
                if !notes.looks.is_empty() {
                    looks.push((context.clone(), notes.looks));
                }
                if !notes.traces.is_empty() {
                    traces.push((context.clone(), notes.traces));
                }
                if !notes.replies.is_empty() {
                    replies.push((context.clone(), notes.replies));
                }
                if !notes.records.is_empty() {
                    records.push((context, notes.records));
                }
                verdicts.push(None);
                continue;
            }
            Outcome::Transient(error) => return Err(error),
            Outcome::Refused => Ok(()),
            Outcome::Panicked(text) => Err(DbError::Panicked(text)),
        };
        if alone {
            session.command("ROLLBACK")?;
            session.command(dialect::BEGIN_WRITE)?;
        } else {
            session.command("ROLLBACK TO SAVEPOINT unit")?;
        }
        session.tenant = None;
        verdicts.push(Some(verdict));
    }
    for (tenant, units) in by_tenant(records) {
        session.enter(tenant)?;
        ledger::append(&mut session.conn, tenant, units)?;
    }
    for (tenant, units) in by_tenant(looks) {
        session.enter(tenant)?;
        read_log::append(&mut session.conn, tenant, units)?;
    }
    for (tenant, units) in by_tenant(traces) {
        session.enter(tenant)?;
        review_sets::append_traces(&mut session.conn, tenant, units)?;
    }
    for (tenant, units) in by_tenant(replies) {
        session.enter(tenant)?;
        let kept = units.into_iter().flat_map(|(_, replies)| replies).collect();
        idempotency::append(&mut session.conn, tenant, kept)?;
    }
    let (mut kept, mut refused) = (Vec::new(), Vec::new());
    for (work, verdict) in std::mem::take(group).into_iter().zip(verdicts) {
        match verdict {
            None => kept.push(work),
            Some(answer) => refused.push((work, answer)),
        }
    }
    Ok((kept, refused))
}

/// What the units noted, by tenant, in the order in which the units ran.
fn by_tenant<T>(units: Vec<(Context, T)>) -> BTreeMap<TenantId, Vec<(Context, T)>> {
    let mut tenants = BTreeMap::<_, Vec<_>>::new();
    for (context, notes) in units {
        tenants.entry(context.tenant).or_default().push((context, notes));
    }
    tenants
}

/// A copy of the failure, for another unit of the group.
fn copy(error: &DbError) -> DbError {
    match error {
        DbError::Busy => DbError::Busy,
        DbError::Race(text) => DbError::Race(text.clone()),
        other => DbError::Unavailable(other.to_string()),
    }
}
