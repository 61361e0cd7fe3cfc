//! Jobs: long work, followed by its progress.

pub mod runner;

use crate::bulk::ImportResult;
use crate::bulk::import::{Import, Noun, RowOf};
use crate::caller::Caller;
use crate::extract::{PathId, Query};
use crate::problem::{Problem, RequestId};
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::schema::words;
use actix_web::{HttpResponse, get};
use chrono::{DateTime, Utc};
use domain::change::{Change, Record};
use domain::id::JobId;
use domain::job::{Job, JobKind, JobState};
use domain::policy::{Action, Target, decide};
use persistence::After;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

/// How far a job is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct JobProgress {
    /// Rows done.
    #[schema(example = 12000)]
    pub done: i64,
    /// Rows in all, when known.
    #[schema(example = 50000)]
    pub total: Option<i64>,
}

/// Long work.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Job)]
pub struct JobView {
    /// Its id.
    pub id: Uuid,
    /// What it does.
    #[schema(schema_with = words::<JobKind>)]
    pub kind: JobKind,
    /// How far it is.
    #[schema(schema_with = words::<JobState>)]
    pub state: JobState,
    /// Progress, which may be a moment behind.
    pub progress: JobProgress,
    /// What came out, of a job that succeeded.
    pub result: Option<ImportResult>,
    /// Why nothing was changed, of a job that failed.
    pub problem: Option<Problem>,
    /// Counts changes of the state, from 1.
    #[schema(example = 1)]
    pub version: i32,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When its state or progress last changed.
    pub updated_at: DateTime<Utc>,
}

/// What came of a job, as it is kept.
#[derive(Default, Serialize, Deserialize)]
struct Outcome {
    result: Option<ImportResult>,
    problem: Option<Problem>,
}

/// A page of jobs.
#[derive(Debug, Serialize, ToSchema)]
pub struct JobPage {
    /// The jobs, newest first.
    pub items: Vec<JobView>,
    /// Goes on behind the last item; null on the last page.
    pub next_cursor: Option<String>,
}

/// Jobs of this process: wakes the worker, and knows the progress of what it runs before that is
/// kept (the one writer of SQLite cannot keep it while it writes the import itself).
#[derive(Debug, Default)]
pub struct Desk {
    waiting: Notify,
    running: Mutex<HashMap<JobId, Arc<AtomicI64>>>,
}

impl Desk {
    fn view(&self, job: Job) -> JobView {
        let outcome: Outcome =
            job.outcome.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let known = running.get(&job.id).map_or(0, |done| done.load(Ordering::Relaxed));
        JobView {
            id: job.id.uuid(),
            kind: job.kind,
            state: job.state,
            progress: JobProgress { done: job.done.max(known), total: job.total },
            result: outcome.result,
            problem: outcome.problem,
            version: job.version,
            created_at: job.created_at,
            updated_at: job.updated_at,
        }
    }
}

/// What a client asks of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct JobQuery {
    /// Most items on the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List jobs
///
/// The caller's own jobs, newest first; administrators and auditors see everybody's.
#[utoipa::path(tag = "jobs", operation_id = "listJobs", params(JobQuery),
    responses((status = 200, description = "A page of jobs", body = JobPage)),
    security(("bearer" = []), ("api_key" = [])))]
#[get("")]
async fn list(caller: Caller, query: Query<JobQuery>) -> Result<HttpResponse, Refusal> {
    let request = caller.page(query.0.limit, query.0.cursor.as_deref(), None)?;
    let page = request.page.clone();
    let rows = caller
        .read(move |store, actor| {
            let everybodys = decide(&actor.subject, Action::JobRead, &Target::default()).permit;
            let author = everybodys.is_none().then(|| actor.subject.principal.id());
            Ok(store.jobs(author, &page)?)
        })
        .await?;
    let (rows, next_cursor) =
        request.cut(&caller.app, rows, |last: &Job| After::Id(last.id.uuid()));
    let items = rows.into_iter().map(|job| caller.app.jobs.view(job)).collect();
    let page = JobPage { items, next_cursor: next_cursor.clone() };
    caller.listed(&page, next_cursor.as_deref())
}

/// Read a job
///
/// State, progress and, once it is over, what came out.
#[utoipa::path(tag = "jobs", operation_id = "getJob",
    params(("id" = Uuid, Path, description = "Id of the job")),
    responses((status = 200, description = "The job", body = JobView)),
    security(("bearer" = []), ("api_key" = [])))]
#[get("/{id}")]
async fn read(caller: Caller, id: PathId) -> Result<HttpResponse, Refusal> {
    let id = id.0.into();
    let job = caller
        .read(move |store, actor| {
            let sealed = store.job(id)?;
            Ok(actor.open(store, Action::JobRead, sealed)?.0)
        })
        .await?;
    caller.found(job.version, &caller.app.jobs.view(job))
}

/// Routes of the noun.
pub fn routes(config: &mut ServiceConfig) {
    config.service(scope("/jobs").service(list).service(read));
}

/// Makes a job of an import and answers with it.
pub async fn submit<N: Noun>(
    caller: Caller,
    digest: [u8; 32],
    import: &Import<RowOf<N>>,
) -> Result<HttpResponse, Refusal> {
    let input = serde_json::to_vec(import).map_err(|e| Refusal::Internal(e.to_string()))?;
    let rule = caller.actor.may(N::ACTION)?.rule();
    let principal = &caller.actor.subject.principal;
    let id = JobId::from(import.id);
    let job = Job {
        id,
        kind: N::JOB,
        state: JobState::Queued,
        done: 0,
        total: i64::try_from(import.total).ok(),
        outcome: None,
        author_kind: principal.kind().to_owned(),
        author_id: principal.id(),
        request_id: RequestId::of(caller.request()),
        attempts: 0,
        version: 1,
        created_at: caller.actor.now,
        updated_at: caller.actor.now,
    };
    let app = caller.app.clone();
    let desk = app.clone();
    let response = caller
        .change(Some(digest), move |store, _| {
            let record = Record::new("job.created", id, rule);
            store.create_job(Change::new(job.clone(), record), &input)?;
            let view = desk.jobs.view(job.clone());
            Ok(Reply::accepted(view, 1, format!("/v1/jobs/{id}")))
        })
        .await?;
    app.jobs.waiting.notify_one();
    Ok(response)
}
