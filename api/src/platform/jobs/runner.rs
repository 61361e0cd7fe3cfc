//! The worker: one per process. It claims a job for some time, renews the claim while it works, and
//! saves the end of the job in the same transaction as its changes. So neither a crash nor another
//! worker can make a job take effect twice.

use super::report::Report;
use super::{Kept, StoredOutcome, Work, unpack};
use crate::platform::app::{App, seed};
use crate::platform::auth::principal::of_authority;
use crate::platform::caller::{Actor, system_context};
use crate::platform::problem::{Language, Problem};
use crate::platform::refusal::Refusal;
use actix_web::web::Data;
use chrono::TimeDelta;
use domain::core::change::{Change, Record};
use domain::core::id::{JobId, TenantId};
use domain::core::text::TextEnum;
use domain::core::time::Timestamp;
use domain::everyday::job::{Job, JobState, MAX_ATTEMPTS};
use futures_util::future::LocalBoxFuture;
use persistence::{Context, Store};
use serde_json::Value;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use uuid::Uuid;

/// How long a claim is valid without being renewed.
const LEASE: TimeDelta = TimeDelta::seconds(30);
/// Interval at which progress is stored.
const TICK: Duration = Duration::from_millis(500);
/// Number of ticks after which a claim is renewed even without progress.
const QUIET_TICKS: u32 = 10;
/// Interval of looking for jobs of other replicas, including ones that have crashed.
const PATROL: Duration = Duration::from_secs(5);
/// Rule that the audit log records for the end of a job.
const RULE: &str = "job-runner";

/// Runs until the program ends.
pub async fn run(app: Data<App>) {
    loop {
        if let Err(error) = work_off(&app).await {
            log::warn!("jobs could not be run: {error}");
        }
        let _ = tokio::time::timeout(PATROL, app.jobs.waiting.notified()).await;
    }
}

/// Runs every waiting job, tenant by tenant.
pub async fn work_off(app: &Data<App>) -> Result<(), Refusal> {
    let nobody = TenantId::from(Uuid::nil());
    let tenants = app.db.read(nobody, |store| store.tenants()).await?;
    for tenant in tenants {
        while let Some(job) = claim(app, tenant.id).await? {
            run_job(app, tenant.id, job).await?;
        }
    }
    app.jobs.clear();
    Ok(())
}

/// Claims the next job, unless another worker is faster.
async fn claim(app: &App, tenant: TenantId) -> Result<Option<Job>, Refusal> {
    let now = app.clock.now();
    let Some(id) = app.db.read(tenant, move |store| store.next_job(now)).await? else {
        return Ok(None);
    };
    let unit = move |store: &mut dyn Store| store.claim_job(id, now + LEASE);
    Ok(app.db.write(system_context(tenant, now), unit).await?)
}

/// Runs a claimed job to its end.
async fn run_job(app: &Data<App>, tenant: TenantId, job: Job) -> Result<(), Refusal> {
    let done = Arc::new(AtomicI64::new(0));
    app.jobs
        .running
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(job.id, Arc::clone(&done));
    let result = (app.areas.work)(job.kind);
    let result = (result.run)(app, tenant, &job, &done).await;
    app.jobs.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&job.id);
    match result {
        Ok(()) => Ok(()),
        Err(Failed { refusal, .. }) if is_passing(&refusal) && job.attempts < MAX_ATTEMPTS => {
            log::warn!("job {} will be tried again: {refusal}", job.id);
            Ok(())
        }
        Err(failed) => {
            // The content of the rows belongs to the tenant: the job shows it, the log does not.
            log::info!("job {} failed: {}", job.id, failed.refusal.slug());
            give_up(app, tenant, job, failed).await
        }
    }
}

/// Whether another attempt may succeed.
fn is_passing(refusal: &Refusal) -> bool {
    use persistence::DbError::{Busy, Race, Stale, Unavailable};
    matches!(refusal, Refusal::Database(Busy | Race(_) | Stale | Unavailable(_)))
}

/// The end of a job that failed.
pub struct Failed {
    /// The language of the author.
    language: Language,
    /// The reason.
    refusal: Refusal,
    /// What was found out about its rows before.
    report: Option<Report>,
}

/// A function that does the work of a job.
pub type Run = for<'a> fn(
    &'a Data<App>,
    TenantId,
    &'a Job,
    &'a Arc<AtomicI64>,
) -> LocalBoxFuture<'a, Result<(), Failed>>;

/// Does the work of a job of this kind.
pub fn run_work<'a, W: Work>(
    app: &'a Data<App>,
    tenant: TenantId,
    job: &'a Job,
    done: &'a Arc<AtomicI64>,
) -> LocalBoxFuture<'a, Result<(), Failed>> {
    Box::pin(work::<W>(app, tenant, job, done))
}

/// Does the work of a job, while a ticker stores its progress.
async fn work<W: Work>(
    app: &Data<App>,
    tenant: TenantId,
    job: &Job,
    done: &Arc<AtomicI64>,
) -> Result<(), Failed> {
    let early = |refusal: Refusal| Failed { language: Language::En, refusal, report: None };
    if job.attempts > MAX_ATTEMPTS {
        return Err(early(Refusal::Internal("a job was tried too often".into())));
    }
    let (language, input) = match app.jobs.handed::<W>(job.id) {
        Some(handed) => handed,
        None => kept_input::<W>(app, tenant, job.id).await.map_err(early)?,
    };
    let now = app.clock.now();
    let context = Context {
        tenant,
        actor_kind: if job.author_kind == "api_key" { "api_key" } else { "account" },
        actor_id: Some(job.author_id),
        on_behalf_of: None,
        request_id: job.request_id.clone(),
        now,
        seed: seed(),
    };
    let unit = {
        let (job, done, input) = (job.clone(), Arc::clone(done), Arc::clone(&input));
        move |store: &mut dyn Store| {
            let now = store.instant();
            let actor = author(store, tenant, &job, now)?;
            let progress =
                |rows| done.store(i64::try_from(rows).unwrap_or(i64::MAX), Ordering::Relaxed);
            let result = W::run(store, &actor, &input, &progress)?;
            let result = serde_json::to_value(result);
            let result = result.map_err(|e| Refusal::Internal(e.to_string()))?;
            finish(store, &job, now, result, W::report(&input))
        }
    };
    let working = app.db.write_bulk(context, unit);
    tokio::pin!(working);
    let mut ticker = tokio::time::interval(TICK);
    let (mut kept, mut quiet) = (0, 0);
    loop {
        tokio::select! {
            result = &mut working => return result.map_err(|refusal| {
                Failed { language, refusal, report: W::report(&input) }
            }),
            _ = ticker.tick() => {
                let now_done = done.load(Ordering::Relaxed);
                quiet += 1;
                if now_done != kept || quiet >= QUIET_TICKS {
                    (kept, quiet) = (now_done, 0);
                    renew(app, tenant, job, kept).await;
                }
            }
        }
    }
}

/// The stored input of a job.
async fn kept_input<W: Work>(
    app: &App,
    tenant: TenantId,
    id: JobId,
) -> Result<(Language, Arc<W::Input>), Refusal> {
    let kept = app.db.read(tenant, move |store| store.job_input(id)).await?;
    let Kept::<W::Input> { language, input } = unpack(&kept)?;
    Ok((language, Arc::new(input)))
}

/// Stores progress and renews the claim. A failure is only logged: the end of the job checks the
/// claim.
async fn renew(app: &App, tenant: TenantId, job: &Job, done: i64) {
    let (id, attempt, now) = (job.id, job.attempts, app.clock.now());
    let unit = move |store: &mut dyn Store| store.renew_job(id, attempt, done, now + LEASE);
    if let Err(error) = app.db.write(system_context(tenant, now), unit).await {
        log::warn!("progress of job {id} was not stored: {error}");
    }
}

/// The author with the rights of this moment. An author who has lost the right since the request
/// cannot have the job done.
fn author(
    store: &mut dyn Store,
    tenant: TenantId,
    job: &Job,
    now: Timestamp,
) -> Result<Actor, Refusal> {
    let authority = store.job_authority(job)?;
    let gone = Refusal::Unauthenticated("the author is no longer there");
    let principal = of_authority(tenant, &authority.ok_or(gone)?, now)?;
    Ok(Actor { subject: principal.subject, now, today: principal.today, zone: principal.zone })
}

/// Saves the success of a job, in the transaction of its changes.
fn finish(
    store: &mut dyn Store,
    job: &Job,
    now: Timestamp,
    result: Value,
    report: Option<Report>,
) -> Result<(), Refusal> {
    let report = report.map(|report| report.packed()).transpose()?;
    let outcome = StoredOutcome { result: Some(result), problem: None, report: report.is_some() };
    end(store, job, JobState::Succeeded, &outcome, report.as_deref(), now)
}

/// Saves the failure of a job, which has changed nothing.
async fn give_up(app: &App, tenant: TenantId, job: Job, failed: Failed) -> Result<(), Refusal> {
    let instance = format!("/v1/jobs/{}", job.id);
    let Failed { language, refusal, report } = failed;
    let problem = Problem::new(&refusal, language, instance, job.request_id.clone());
    let report = report.map(|report| report.undone().packed()).transpose()?;
    let now = app.clock.now();
    let unit = move |store: &mut dyn Store| {
        let problem = Some(problem.clone());
        let outcome = StoredOutcome { result: None, problem, report: report.is_some() };
        end(store, &job, JobState::Failed, &outcome, report.as_deref(), now)
    };
    match app.db.write(system_context(tenant, now), unit).await {
        // Another worker has claimed the job.
        Err(Refusal::Database(persistence::DbError::Stale)) => Ok(()),
        ended => ended,
    }
}

fn end(
    store: &mut dyn Store,
    job: &Job,
    state: JobState,
    outcome: &StoredOutcome,
    report: Option<&[u8]>,
    now: Timestamp,
) -> Result<(), Refusal> {
    let text = serde_json::to_string(outcome).map_err(|e| Refusal::Internal(e.to_string()))?;
    let done = if state == JobState::Succeeded { job.total.unwrap_or(job.done) } else { 0 };
    let ended = Job {
        state,
        done,
        outcome: Some(text),
        version: job.version + 1,
        updated_at: now,
        ..job.clone()
    };
    let action = if state == JobState::Succeeded { "job.succeeded" } else { "job.failed" };
    let record = Record::new(action, JobId::uuid(job.id), RULE)
        .transition(JobState::Running.as_str(), state.as_str());
    store.finish_job(Change::new(ended, record), report)?;
    Ok(())
}
