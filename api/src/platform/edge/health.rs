//! Probes for monitoring: whether the server runs, whether it can serve, and its metrics.

use super::peer;
use crate::platform::app::App;
use crate::platform::areas::Noun;
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

/// Time limit of a probe's query to the database; monitoring does not wait long.
const PATIENCE: Duration = Duration::from_secs(1);
/// Interval between test writes.
const RARELY: Duration = Duration::from_secs(5);

/// The state of the server's own health checks.
#[derive(Default)]
pub struct Health {
    /// Whether the schema was found to be current; it then stays so while this program runs.
    migrated: AtomicBool,
    writes: Mutex<Writes>,
}

/// Whether the database accepts writes.
#[derive(Default)]
struct Writes {
    /// When to try next, by [`Clock::steady`](crate::platform::clock::Clock::steady).
    due: Duration,
    /// Reason why the last try failed.
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

    /// Whether a test write is due, which the caller must then do. After a failure one is always
    /// due.
    fn is_due(&self, now: Duration) -> bool {
        let mut writes = self.writes();
        let due = now >= writes.due || writes.failed.is_some();
        if due {
            writes.due = now + RARELY;
        }
        due
    }
}

/// Checks that the schema is current and that the database answers.
async fn check_reading(app: &App) -> Result<(), Refusal> {
    if !app.edge.health.is_migrated(app).await? {
        return Err(DbError::Unavailable("migrations are pending".into()).into());
    }
    let nobody = TenantId::from(Uuid::nil());
    let read = app.db.read(nobody, |store| store.signing_keys().map(drop));
    read.await.map_err(Refusal::Database)
}

/// Checks from time to time that the database accepts writes. A test write that waits for a long
/// one does not count as failed.
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

/// Whether a path is a probe, which is answered however busy the server is.
pub fn is_probe(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz" | "/metrics")
}

/// Answer of a running server.
#[derive(Debug, Serialize, ToSchema)]
pub struct Liveness {
    /// Version of the program.
    #[schema(example = "0.1.0")]
    pub version: String,
}

/// Answer of a server that can serve.
#[derive(Debug, Serialize, ToSchema)]
pub struct Readiness {
    /// Database engine: `sqlite` or `postgres`.
    #[schema(example = "sqlite")]
    pub engine: String,
    /// Number of reads being served.
    #[schema(example = 1)]
    pub readers_in_use: usize,
    /// Number of reads that can be served at once.
    #[schema(example = 8)]
    pub readers: usize,
}

/// Check whether the server runs
///
/// Answers as long as the process runs, whatever the state of its database.
#[utoipa::path(tag = "meta", operation_id = "getLiveness",
    responses((status = 200, description = "The server runs", body = Liveness)))]
#[get("/healthz")]
async fn healthz() -> Json<Liveness> {
    Json(Liveness { version: env!("CARGO_PKG_VERSION").into() })
}

/// Check whether the server can serve
///
/// Returns 200 if the database answers in time and accepts writes, and the schema is the one this
/// program expects; otherwise 503.
#[utoipa::path(tag = "meta", operation_id = "getReadiness",
    responses((status = 200, description = "The server can serve", body = Readiness)))]
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
/// OpenMetrics text format that Prometheus reads. The operator must enable them: for clients with
/// the configured token, or for the machine the server runs on.
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

/// Refuses the metrics unless the operator allows them for this client.
fn may_measure(settings: &Settings, request: &HttpRequest) -> Result<(), Refusal> {
    // A client that bypasses the proxies could forge an address in a header.
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

/// The noun.
pub const NOUN: Noun = Noun {
    tags: &[("meta", "Health, metrics, problem types and this document.")],
    ..Noun::of(routes)
};

fn routes(config: &mut ServiceConfig) {
    config.service(healthz).service(readyz).service(metrics);
}
