//! Jobs: long work, followed by its progress.
//!
//! A kind of work is a type that implements [`Work`], one value of [`JobKind`] and one line among what
//! the areas bring along. A use case makes a job of it with a [`Ticket`], in the unit of work of the request.

pub mod runner;

use crate::platform::app::{App, new_id};
use crate::platform::caller::{Actor, Caller};
use crate::platform::extract::{PathId, Query};
use crate::platform::page::page_of;
use crate::platform::problem::{Language, Problem, RequestId};
use crate::platform::refusal::Refusal;
use crate::platform::schema::words;
use actix_web::http::{StatusCode, header};
use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use chrono::{DateTime, Utc};
use domain::core::change::{Change, Record};
use domain::core::id::JobId;
use domain::everyday::job::{Job, JobKind, JobState};
use domain::policy::{Action, Mask, Protected, Subject, Target, decide};
use lz4_flex::frame::{FrameDecoder, FrameEncoder};
use persistence::{After, Store};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::any::Any;
use std::collections::HashMap;
use std::io::Read;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, RefBuilder, Schema, Type};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

/// Most records that are worked on while the client waits; more become a job.
pub const SYNCHRONOUS_ROWS: usize = 1000;

/// A kind of long work.
pub trait Work: 'static {
    /// What its jobs are called.
    const KIND: JobKind;
    /// What it works on, as it is kept until the job is over.
    type Input: Serialize + DeserializeOwned + Send + Sync + 'static;
    /// What comes of it, as it is kept with the job.
    type Output: Serialize + DeserializeOwned;

    /// Does the work in one unit of work, with the authority its author has at that moment.
    /// `progress` is told how many rows are done. It may run more than once, also in another
    /// process; what it does is kept together with the end of the job, or neither is.
    fn run(
        store: &mut dyn Store,
        actor: &Actor,
        input: &Self::Input,
        progress: &dyn Fn(usize),
    ) -> Result<Self::Output, Refusal>;

    /// What came of it as somebody who may follow the job is told it.
    fn told_to(output: Self::Output, _subject: &Subject) -> Self::Output {
        output
    }
}

/// The input of a job as it is kept, with the language its author reads.
#[derive(Serialize, Deserialize)]
struct Kept<I> {
    language: Language,
    input: I,
}

/// What is kept of a job, packed: rows by the ten thousand say the same names again and again, and
/// what the database need not write and read does not wait for the disk.
fn pack<I: Serialize>(kept: &Kept<I>) -> Result<Vec<u8>, Refusal> {
    let internal = |error: String| Refusal::Internal(format!("input of a job: {error}"));
    let mut packed = FrameEncoder::new(Vec::new());
    serde_json::to_writer(&mut packed, kept).map_err(|error| internal(error.to_string()))?;
    packed.finish().map_err(|error| internal(error.to_string()))
}

/// What [`pack`] has packed, or an earlier version has kept as it was.
fn unpack<I: DeserializeOwned>(kept: &[u8]) -> Result<Kept<I>, Refusal> {
    let unpacked = || {
        if kept.starts_with(b"{") {
            return Ok(serde_json::from_slice(kept)?);
        }
        let mut text = Vec::new();
        FrameDecoder::new(kept).read_to_end(&mut text)?;
        Ok::<_, std::io::Error>(serde_json::from_slice(&text)?)
    };
    unpacked().map_err(|error| Refusal::Internal(format!("input of a job: {error}")))
}

/// A kind of work without its types: what the worker and whoever looks at a job need of it.
#[derive(Clone, Copy)]
pub struct Kind {
    run: runner::Run,
    tell: fn(Value, &Subject) -> Option<Value>,
}

impl Kind {
    /// That of a kind of work.
    pub const fn of<W: Work>() -> Self {
        Self { run: runner::run_work::<W>, tell: tell::<W> }
    }
}

/// What came of work as it is kept, as somebody is told it.
fn tell<W: Work>(kept: Value, subject: &Subject) -> Option<Value> {
    let output = serde_json::from_value(kept).ok()?;
    serde_json::to_value(W::told_to(output, subject)).ok()
}

/// What work on many records of one resource came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BatchResult {
    /// Where the resource is.
    #[schema(example = "/v1/cycles/0197c9a8-5f3e-7a51-9c7d-0d8b1f0f6a11")]
    pub location: String,
    /// How many records the work has been about.
    #[schema(example = 12000)]
    pub rows: usize,
}

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
    /// What came out, of a job that succeeded; null for auditors.
    #[schema(schema_with = result_schema)]
    pub result: Option<Value>,
    /// Why nothing was changed, of a job that failed; null for auditors.
    pub problem: Option<Problem>,
    /// Counts changes of the state, from 1.
    #[schema(example = 1)]
    pub version: i32,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When its state or progress last changed.
    pub updated_at: DateTime<Utc>,
}

/// The name under which the contract has what comes of the kinds of work.
pub const RESULT: &str = "JobResult";

fn result_schema() -> Schema {
    let of_a_kind = RefBuilder::new()
        .ref_location_from_schema_name(RESULT)
        .description(Some("What came out, of a job that succeeded; null for auditors."));
    OneOfBuilder::new()
        .item(of_a_kind.build())
        .item(ObjectBuilder::new().schema_type(Type::Null))
        .build()
        .into()
}

/// What came of a job, as it is kept.
#[derive(Default, Serialize, Deserialize)]
struct Outcome {
    result: Option<Value>,
    problem: Option<Problem>,
}

page_of! {
    /// A page of jobs.
    pub struct JobPage
    /// The jobs, newest first.
    of JobView
}

/// Jobs of this process: wakes the worker, and knows the progress of what it runs before that is
/// kept (the one writer of SQLite cannot keep it while it does the work itself).
#[derive(Debug, Default)]
pub struct Desk {
    waiting: Notify,
    running: Mutex<HashMap<JobId, Arc<AtomicI64>>>,
    handed: Mutex<Option<(JobId, Handed)>>,
}

/// The input of a job, whatever its kind, with the language its author reads.
type Handed = (Language, Arc<dyn Any + Send + Sync>);

impl Desk {
    /// The input of the last job that was made here, if it is this one's: what was just read from a
    /// request need not be read from the database.
    fn handed<W: Work>(&self, job: JobId) -> Option<(Language, Arc<W::Input>)> {
        let mut handed = self.handed.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, (language, input)) = handed.take_if(|(id, _)| *id == job)?;
        Some((language, input.downcast().ok()?))
    }

    /// Keeps no input for a job that somebody else has taken up.
    fn clear(&self) {
        *self.handed.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The job as `actor`, who may follow it, sees it.
    fn view(&self, kind: Kind, actor: &Actor, job: Job) -> JobView {
        let permit = decide(&actor.subject, Action::JobRead, &job.target(actor.today)).permit;
        let whole = permit.is_some_and(|permit| permit.mask() == Mask::Full);
        let outcome = job.outcome.filter(|_| whole);
        let outcome: Outcome =
            outcome.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let known = running.get(&job.id).map_or(0, |done| done.load(Ordering::Relaxed));
        JobView {
            id: job.id.uuid(),
            kind: job.kind,
            state: job.state,
            progress: JobProgress { done: job.done.max(known), total: job.total },
            result: outcome.result.and_then(|result| (kind.tell)(result, &actor.subject)),
            problem: outcome.problem,
            version: job.version,
            created_at: job.created_at,
            updated_at: job.updated_at,
        }
    }
}

impl App {
    /// A job as somebody who may follow it sees it.
    fn job_view(&self, actor: &Actor, job: Job) -> JobView {
        self.jobs.view((self.areas.work)(job.kind), actor, job)
    }
}

/// Query parameters of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct JobQuery {
    /// Maximum number of items on the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
    /// `next_cursor` of the previous page.
    cursor: Option<String>,
}

/// List jobs
///
/// The caller's own jobs, newest first; administrators see everybody's, and auditors of those that
/// they did not ask for themselves how far they are, not what came out.
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
    caller.answer::<JobPage, _>(
        &request,
        rows,
        |last: &Job| After::Id(last.id.uuid()),
        |job| caller.app.job_view(&caller.actor, job),
    )
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
    caller.found(job.version, &caller.app.job_view(&caller.actor, job))
}

/// Routes of the noun.
pub fn routes(config: &mut ServiceConfig) {
    config.service(scope("/jobs").service(list).service(read));
}

/// What a request brings along that makes a job: taken before its unit of work begins, which may
/// run more than once.
#[derive(Clone)]
pub struct Ticket {
    app: Data<App>,
    id: JobId,
    language: Language,
    request_id: String,
}

impl Ticket {
    /// A ticket for a new job.
    pub fn new(caller: &Caller) -> Self {
        Self::with_id(caller, new_id())
    }

    /// A ticket for a job with the id of what it works on.
    pub fn with_id(caller: &Caller, id: Uuid) -> Self {
        Self {
            app: caller.app.clone(),
            id: id.into(),
            language: Language::of(caller.request().headers().get(header::ACCEPT_LANGUAGE)),
            request_id: RequestId::of(caller.request()),
        }
    }

    /// Makes the job of `total` rows, allowed by `rule`, in the unit of work of the request. It is
    /// answered with [`Reply::accepted`](crate::platform::reply::Reply::accepted) at [`Ticket::location`].
    pub fn submit<W: Work>(
        &self,
        store: &mut dyn Store,
        actor: &Actor,
        rule: &'static str,
        total: usize,
        input: &W::Input,
    ) -> Result<JobView, Refusal> {
        let kept = pack(&Kept { language: self.language, input })?;
        let principal = &actor.subject.principal;
        let job = Job {
            id: self.id,
            kind: W::KIND,
            state: JobState::Queued,
            done: 0,
            total: i64::try_from(total).ok(),
            outcome: None,
            author_kind: principal.kind().to_owned(),
            author_id: principal.id(),
            request_id: self.request_id.clone(),
            attempts: 0,
            version: 1,
            created_at: actor.now,
            updated_at: actor.now,
        };
        let record = Record::new("job.created", self.id, rule);
        store.create_job(Change::new(job.clone(), record), &kept)?;
        Ok(self.app.job_view(actor, job))
    }

    /// Where the job is.
    pub fn location(&self) -> String {
        format!("/v1/jobs/{}", self.id)
    }

    /// Tells the worker of this process to look if the unit of work, which is kept by now, was
    /// answered with a job.
    pub fn wake(&self, response: &HttpResponse) {
        if response.status() == StatusCode::ACCEPTED {
            self.app.jobs.waiting.notify_one();
        }
    }

    /// Wakes the worker as [`Ticket::wake`] does, with the input at hand.
    pub fn hand_over<W: Work>(&self, response: &HttpResponse, input: Arc<W::Input>) {
        if response.status() == StatusCode::ACCEPTED {
            let handed: Handed = (self.language, input);
            let mut place = self.app.jobs.handed.lock().unwrap_or_else(PoisonError::into_inner);
            *place = Some((self.id, handed));
        }
        self.wake(response);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_of_a_job_comes_back_as_it_was() {
        let input: Vec<String> = (0..5_000).map(|row| format!("{row}: 王小明")).collect();
        let kept = Kept { language: Language::En, input };
        let packed = pack(&kept).expect("it can be packed");
        let plain = serde_json::to_vec(&kept).expect("it is JSON");
        assert!(packed.len() * 2 < plain.len(), "{} of {} bytes", packed.len(), plain.len());
        for bytes in [packed, plain] {
            let back: Kept<Vec<String>> = unpack(&bytes).expect("it can be unpacked");
            assert_eq!(back.input, kept.input);
        }
        assert!(unpack::<Vec<String>>(b"something else").is_err());
    }
}
