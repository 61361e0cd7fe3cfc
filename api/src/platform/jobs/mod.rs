//! Jobs: long work in the background, with progress.
//!
//! A kind of work is a type that implements [`Work`], a value of [`JobKind`], and a line in the
//! list that the areas provide. A use case creates the job with a [`Ticket`], in the unit of work
//! of the request.

pub mod report;
pub mod runner;

use crate::platform::app::{App, new_id};
use crate::platform::areas::{Noun, target};
use crate::platform::caller::{Actor, Caller};
use crate::platform::extract::PathId;
use crate::platform::page::page_of;
use crate::platform::parameters::Query;
use crate::platform::problem::{Language, Problem, RequestId};
use crate::platform::refusal::Refusal;
use crate::platform::words;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use chrono::{DateTime, Utc};
use domain::core::change::{Change, Record};
use domain::core::id::JobId;
use domain::everyday::job::{Job, JobKind, JobState};
use domain::policy::{Action, Mask, Shown, Subject, Target, decide};
use lz4_flex::frame::{FrameDecoder, FrameEncoder};
use persistence::{After, Store};
use report::Report;
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

/// Maximum number of records processed while the client waits; more become a job.
pub const SYNCHRONOUS_ROWS: usize = 1000;

/// A kind of long work.
pub trait Work: 'static {
    /// Kind of the jobs.
    const KIND: JobKind;
    /// Input, stored until the job is over.
    type Input: Serialize + DeserializeOwned + Send + Sync + 'static;
    /// Result, stored with the job.
    type Output: Serialize + DeserializeOwned;

    /// Does the work in one unit of work, with the rights that its author has at that moment.
    /// `progress` receives the number of rows already done. It may run more than once, also in
    /// another process; its changes and the end of the job are saved together or not at all.
    fn run(
        store: &mut dyn Store,
        actor: &Actor,
        input: &Self::Input,
        progress: &dyn Fn(usize),
    ) -> Result<Self::Output, Refusal>;

    /// What came of each row in the last run, whether it succeeded or not; none if that is not told.
    fn report(_input: &Self::Input) -> Option<Report> {
        None
    }

    /// Whether the caller may do such work now.
    fn admits(_actor: &Actor) -> bool {
        true
    }

    /// The result as shown to a caller who may follow the job.
    fn shown_to(output: Self::Output, _subject: &Subject) -> Self::Output {
        output
    }
}

/// The stored input of a job, with the language of its author.
#[derive(Serialize, Deserialize)]
struct Kept<I> {
    language: Language,
    input: I,
}

/// What is stored beside a job, compressed. Thousands of rows repeat the same names, and the
/// compressed form needs less time for the disk.
fn pack<T: Serialize>(kept: &T) -> Result<Vec<u8>, Refusal> {
    let internal = |error: String| Refusal::Internal(format!("what a job keeps: {error}"));
    let mut packed = FrameEncoder::new(Vec::new());
    serde_json::to_writer(&mut packed, kept).map_err(|error| internal(error.to_string()))?;
    packed.finish().map_err(|error| internal(error.to_string()))
}

/// The inverse of [`pack`]; also reads the uncompressed form of an earlier version.
fn unpack<T: DeserializeOwned>(kept: &[u8]) -> Result<T, Refusal> {
    let unpacked = || {
        if kept.starts_with(b"{") {
            return Ok(serde_json::from_slice(kept)?);
        }
        let mut text = Vec::new();
        FrameDecoder::new(kept).read_to_end(&mut text)?;
        Ok::<_, std::io::Error>(serde_json::from_slice(&text)?)
    };
    unpacked().map_err(|error| Refusal::Internal(format!("what a job keeps: {error}")))
}

/// A kind of work without its types, for the worker and for readers of jobs.
#[derive(Clone, Copy)]
pub struct Kind {
    run: runner::Run,
    tell: fn(Value, &Subject) -> Option<Value>,
    admits: fn(&Actor) -> bool,
}

impl Kind {
    /// The kind of a type of work.
    pub const fn of<W: Work>() -> Self {
        Self { run: runner::run_work::<W>, tell: tell::<W>, admits: W::admits }
    }
}

/// The stored result of a job, as shown to a reader.
fn tell<W: Work>(kept: Value, subject: &Subject) -> Option<Value> {
    let output = serde_json::from_value(kept).ok()?;
    serde_json::to_value(W::shown_to(output, subject)).ok()
}

/// Result of work on many records of one resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BatchResult {
    /// Path of the resource.
    #[schema(example = "/v1/cycles/0197c9a8-5f3e-7a51-9c7d-0d8b1f0f6a11")]
    pub location: String,
    /// Number of records that the work covered.
    #[schema(example = 12000)]
    pub rows: usize,
}

/// Progress of a job.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct JobProgress {
    /// Number of rows done.
    #[schema(example = 12000)]
    pub done: i64,
    /// Number of all rows; null if it is not known.
    #[schema(example = 50000)]
    pub total: Option<i64>,
}

/// A job: long work in the background.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Job)]
pub struct JobView {
    /// Id of the job.
    pub id: Uuid,
    /// Kind of work.
    #[schema(value_type = words::JobKind)]
    pub kind: JobKind,
    /// State of the job.
    #[schema(value_type = words::JobState)]
    pub state: JobState,
    /// Progress, with a short delay.
    pub progress: JobProgress,
    /// Result of a job that succeeded; otherwise null, and null for auditors.
    #[schema(schema_with = result_schema)]
    pub result: Option<Value>,
    /// Reason why a job failed and changed nothing; otherwise null, and null for auditors.
    pub problem: Option<Problem>,
    /// Path of the report on each row, for 30 days after the end of an import; otherwise null, and null
    /// for those who may not import such rows.
    #[schema(example = "/v1/jobs/0197c9a8-5f3e-7a51-9c7d-0d8b1f0f6a11/report")]
    pub report: Option<String>,
    /// Version of the record: starts at 1 and grows by 1 with each change of state.
    #[schema(example = 1)]
    pub version: i32,
    /// When the job was requested.
    pub created_at: DateTime<Utc>,
    /// When state or progress last changed.
    pub updated_at: DateTime<Utc>,
}

/// Name of the contract's component for results of jobs.
pub const RESULT: &str = "JobResult";

fn result_schema() -> Schema {
    let of_a_kind = RefBuilder::new()
        .ref_location_from_schema_name(RESULT)
        .description(Some("Result of a job that succeeded; null for auditors."));
    OneOfBuilder::new()
        .item(of_a_kind.build())
        .item(ObjectBuilder::new().schema_type(Type::Null))
        .build()
        .into()
}

/// The stored outcome of a job.
#[derive(Default, Serialize, Deserialize)]
struct StoredOutcome {
    result: Option<Value>,
    problem: Option<Problem>,
    /// Whether there was a report when the job ended.
    #[serde(default)]
    report: bool,
}

impl StoredOutcome {
    /// The outcome of a job, as far as it is shown.
    fn of(shown: &Shown<Job>) -> Self {
        let outcome = shown.at(Mask::Full).and_then(|job| job.outcome.as_deref());
        outcome.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }
}

page_of! {
    /// A page of jobs.
    pub struct JobPage
    /// The jobs, newest first.
    of JobView
}

/// The jobs of this process. Wakes the worker, and knows the progress of a running job before it is
/// stored (the only writer of SQLite is busy with the job itself).
#[derive(Debug, Default)]
pub struct Desk {
    waiting: Notify,
    running: Mutex<HashMap<JobId, Arc<AtomicI64>>>,
    handed: Mutex<Option<(JobId, Handed)>>,
}

/// The input of a job of any kind, with the language of its author.
type Handed = (Language, Arc<dyn Any + Send + Sync>);

impl Desk {
    /// The input of the last job created here, if it is this job's. Input just read from a request
    /// need not be read from the database again.
    fn handed<W: Work>(&self, job: JobId) -> Option<(Language, Arc<W::Input>)> {
        let mut handed = self.handed.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, (language, input)) = handed.take_if(|(id, _)| *id == job)?;
        Some((language, input.downcast().ok()?))
    }

    /// Drops the input of a job that another worker has claimed.
    fn clear(&self) {
        *self.handed.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The job as `actor`, who may follow it, sees it.
    fn view(&self, kind: Kind, actor: &Actor, shown: &Shown<Job>) -> JobView {
        let job = shown.outline();
        let outcome = StoredOutcome::of(shown);
        let report = report::is_there(kind, actor, shown, &outcome);
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let known = running.get(&job.id).map_or(0, |done| done.load(Ordering::Relaxed));
        JobView {
            id: job.id.uuid(),
            kind: job.kind,
            state: job.state,
            progress: JobProgress { done: job.done.max(known), total: job.total },
            result: outcome.result.and_then(|result| (kind.tell)(result, &actor.subject)),
            problem: outcome.problem,
            report: report.then(|| format!("/v1/jobs/{}/report", job.id)),
            version: job.version,
            created_at: job.created_at,
            updated_at: job.updated_at,
        }
    }
}

impl App {
    /// A job as somebody who may follow it sees it.
    fn job_view(&self, actor: &Actor, job: &Shown<Job>) -> JobView {
        self.jobs.view((self.areas.work)(job.outline().kind), actor, job)
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
/// Lists the caller's own jobs, newest first. Administrators see all jobs. Auditors see kind, state
/// and progress of other people's jobs, but not the results.
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
            let rows = store.jobs(author, &page)?.into_iter();
            rows.map(|sealed| actor.show_row(Action::JobRead, sealed))
                .collect::<Result<Vec<_>, _>>()
        })
        .await?;
    caller.answer::<JobPage, _>(
        &request,
        rows,
        |last| After::Id(last.outline().id.uuid()),
        |job| caller.app.job_view(&caller.actor, &job),
    )
}

/// Read a job
///
/// Shows state and progress and, once the job is over, the result.
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
            Ok(actor.show(store, Action::JobRead, sealed)?.0)
        })
        .await?;
    caller.found(job.outline().version, &caller.app.job_view(&caller.actor, &job))
}

/// The noun.
pub const NOUN: Noun = Noun {
    tags: &[("jobs", "Long work, followed by its progress.")],
    records: &[(Action::JobRead, |store, actor, _, id| target(actor, store.job(id.into())?))],
    ..Noun::of(routes)
};

fn routes(config: &mut ServiceConfig) {
    config.service(scope("/jobs").service(list).service(read));
}

/// What a request needs to create a job. It is made before the unit of work of the request, which
/// may run more than once.
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

    /// A ticket for a job that has the id of the record it works on.
    pub fn with_id(caller: &Caller, id: Uuid) -> Self {
        Self {
            app: caller.app.clone(),
            id: id.into(),
            language: Language::asked(caller.request()),
            request_id: RequestId::of(caller.request()),
        }
    }

    /// Creates the job for `total` rows, permitted by `rule`, in the unit of work of the request.
    /// Answer with [`Reply::accepted`](crate::platform::reply::Reply::accepted) at
    /// [`Ticket::location`].
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
        Ok(self.app.job_view(actor, &actor.shown(Action::JobRead, job)))
    }

    /// Path of the job.
    pub fn location(&self) -> String {
        format!("/v1/jobs/{}", self.id)
    }

    /// Wakes the worker of this process, after the unit of work, if the answer is a job.
    pub fn wake(&self, response: &HttpResponse) {
        if response.status() == StatusCode::ACCEPTED {
            self.app.jobs.waiting.notify_one();
        }
    }

    /// Wakes the worker as [`Ticket::wake`] does, and passes the input on.
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
        assert!(unpack::<Kept<Vec<String>>>(b"something else").is_err());
    }
}
