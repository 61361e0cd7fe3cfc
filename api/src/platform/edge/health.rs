//! Questions of the machinery around a server: does it run, can it serve, how is it doing.

use super::peer;
use crate::platform::app::App;
use crate::platform::caller::system_context;
use crate::platform::config::Settings;
use crate::platform::refusal::Refusal;
use actix_web::http::header;
use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, HttpResponse, get};
use aws_lc_rs::constant_time;
use domain::core::id::TenantId;
use persistence::{Database, DbError};
use serde::Serialize;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

/// How long a question to the database may take: whoever asks has little patience.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often something is written to see that it can be.
const RARELY: Duration = Duration::from_secs(5);

/// What is known of a server's own condition.
#[derive(Default)]
pub struct Health {
    /// A schema that was found current stays so as long as this program runs.
    migrated: AtomicBool,
    writes: Mutex<Writes>,
}

/// Whether the database takes what is written.
#[derive(Default)]
struct Writes {
    /// When to try next, by [`Clock::steady`](crate::platform::clock::Clock::steady).
    due: Duration,
    /// Why the last try failed.
    failed: Option<String>,
}

impl Health {
    async fn is_migrated(&self, app: &App) -> Result<bool, Refusal> {
        if self.migrated.load(Ordering::Relaxed) {
            return Ok(true);
        }
        let url = app.settings.database_url.clone();
        #[expect(clippy::disallowed_methods, reason = "happens until it succeeds once")]
        let found = tokio::task::spawn_blocking(move || Database::is_migrated(&url)).await;
        let found = found.map_err(|error| Refusal::Internal(error.to_string()))??;
        self.migrated.store(found, Ordering::Relaxed);
        Ok(found)
    }

    fn writes(&self) -> MutexGuard<'_, Writes> {
        self.writes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a write is due, which the caller then has to try. What fails is tried each time.
    fn is_due(&self, now: Duration) -> bool {
        let mut writes = self.writes();
        let due = now >= writes.due || writes.failed.is_some();
        if due {
            writes.due = now + RARELY;
        }
        due
    }
}

/// Sees that the schema is current, and that the database answers.
async fn check_reading(app: &App) -> Result<(), Refusal> {
    if !app.edge.health.is_migrated(app).await? {
        return Err(DbError::Unavailable("migrations are pending".into()).into());
    }
    let nobody = TenantId::from(Uuid::nil());
    let read = app.db.read(nobody, |store| store.signing_keys().map(drop));
    read.await.map_err(Refusal::Database)
}

/// Sees that the database takes what is written, from time to time. A write that has to wait for
/// a long one has not failed.
async fn check_writing(app: &Data<App>) -> Result<(), Refusal> {
    if app.edge.health.is_due(app.clock.steady()) {
        let beating = app.clone();
        let beat = actix_web::rt::spawn(async move {
            let now = beating.clock.now();
            let context = system_context(TenantId::from(Uuid::nil()), now);
            let beat = beating.db.write(context, move |store| store.beat(now)).await;
            beating.edge.health.writes().failed =
                beat.err().map(|error: DbError| error.to_string());
        });
        let _ = tokio::time::timeout(PATIENCE, beat).await;
    }
    match &app.edge.health.writes().failed {
        None => Ok(()),
        Some(error) => Err(DbError::Unavailable(error.clone()).into()),
    }
}

/// Whether a path is asked by the machinery, which must get an answer however busy the server is.
pub fn is_probe(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz" | "/metrics")
}

/// A running server.
#[derive(Debug, Serialize, ToSchema)]
pub struct Liveness {
    /// Version of the program.
    #[schema(example = "0.1.0")]
    pub version: String,
}

/// A server that can serve.
#[derive(Debug, Serialize, ToSchema)]
pub struct Readiness {
    /// Engine behind it: `sqlite` or `postgres`.
    #[schema(example = "sqlite")]
    pub engine: String,
    /// Reads being served.
    #[schema(example = 1)]
    pub readers_in_use: usize,
    /// Reads that can be served at once.
    #[schema(example = 8)]
    pub readers: usize,
}

/// Ask whether the server runs
///
/// Answers as long as the process does, whatever the state of its database.
#[utoipa::path(tag = "meta", operation_id = "getLiveness",
    responses((status = 200, description = "It runs", body = Liveness)))]
#[get("/healthz")]
async fn healthz() -> Json<Liveness> {
    Json(Liveness { version: env!("CARGO_PKG_VERSION").into() })
}

/// Ask whether the server can serve
///
/// Its database answers in time and takes what is written, and the schema is the one this program
/// knows. Until then 503.
#[utoipa::path(tag = "meta", operation_id = "getReadiness",
    responses((status = 200, description = "It can serve", body = Readiness)))]
#[get("/readyz")]
async fn readyz(app: Data<App>) -> Result<Json<Readiness>, Refusal> {
    let read = tokio::time::timeout(PATIENCE, check_reading(&app)).await;
    read.map_err(|_| DbError::Unavailable("no answer in time".into()))??;
    check_writing(&app).await?;
    let (readers_in_use, readers) = app.db.load();
    Ok(Json(Readiness { engine: app.db.engine().into(), readers_in_use, readers }))
}

/// Read the metrics
///
/// Requests and latencies by operation, requests in flight, database readers and memory, in the
/// OpenMetrics text format that Prometheus reads. They are there where the operator has asked for
/// them: for whoever shows the token of the settings, or for the machine the server runs on.
#[utoipa::path(tag = "meta", operation_id = "getMetrics",
    responses((status = 200, description = "The metrics", body = String,
        content_type = "application/openmetrics-text")))]
#[get("/metrics")]
async fn metrics(app: Data<App>, request: HttpRequest) -> Result<HttpResponse, Refusal> {
    may_measure(&app.settings, &request)?;
    let text = app.edge.metrics.text(&app);
    let text = text.map_err(|error| Refusal::Internal(format!("metrics: {error}")))?;
    Ok(HttpResponse::Ok()
        .content_type("application/openmetrics-text; version=1.0.0; charset=utf-8")
        .body(text))
}

/// Refuses the metrics to whom the operator has not given them.
fn may_measure(settings: &Settings, request: &HttpRequest) -> Result<(), Refusal> {
    // What a header says of the address may be forged by whoever passes the proxies by.
    let is_near = |address: IpAddr| address.to_canonical().is_loopback();
    let is_local = request.head().peer_addr.is_some_and(|peer| is_near(peer.ip()))
        && peer::address(request.head(), settings.proxies).is_some_and(is_near);
    if settings.metrics_local && is_local {
        return Ok(());
    }
    let token = settings.metrics_token.as_ref().ok_or(Refusal::NotFound)?;
    let shown = request.headers().get(header::AUTHORIZATION);
    let shown = shown.and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    let is_right = |shown| constant_time::verify_slices_are_equal(shown, token.as_bytes()).is_ok();
    if shown.is_some_and(is_right) {
        Ok(())
    } else {
        Err(Refusal::Unauthenticated("no token for the metrics"))
    }
}

/// Routes of the probes.
pub fn routes(config: &mut ServiceConfig) {
    config.service(healthz).service(readyz).service(metrics);
}
