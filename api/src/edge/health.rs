//! Questions of the machinery around a server: does it run, can it serve, how is it doing.

use crate::app::App;
use crate::refusal::Refusal;
use actix_web::web::{Data, Json};
use actix_web::{HttpResponse, get};
use domain::id::TenantId;
use persistence::{Database, DbError};
use serde::Serialize;
use std::sync::atomic::{AtomicBool, Ordering};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

/// What is known of a server's own condition.
#[derive(Default)]
pub struct Health {
    /// A schema that was found current stays so as long as this program runs.
    migrated: AtomicBool,
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
/// Its database answers, and the schema is the one this program knows. Until then 503.
#[utoipa::path(tag = "meta", operation_id = "getReadiness",
    responses((status = 200, description = "It can serve", body = Readiness)))]
#[get("/readyz")]
async fn readyz(app: Data<App>) -> Result<Json<Readiness>, Refusal> {
    if !app.edge.health.is_migrated(&app).await? {
        return Err(DbError::Unavailable("migrations are pending".into()).into());
    }
    let nobody = TenantId::from(Uuid::nil());
    app.db.read(nobody, |store| store.signing_keys().map(drop)).await.map_err(Refusal::Database)?;
    let (readers_in_use, readers) = app.db.load();
    Ok(Json(Readiness { engine: app.db.engine().into(), readers_in_use, readers }))
}

/// Read the metrics
///
/// Requests and latencies by operation, requests in flight, database readers and memory, in the
/// OpenMetrics text format that Prometheus reads.
#[utoipa::path(tag = "meta", operation_id = "getMetrics",
    responses((status = 200, description = "The metrics", body = String,
        content_type = "application/openmetrics-text")))]
#[get("/metrics")]
async fn metrics(app: Data<App>) -> Result<HttpResponse, Refusal> {
    let text = app.edge.metrics.text(&app);
    let text = text.map_err(|error| Refusal::Internal(format!("metrics: {error}")))?;
    Ok(HttpResponse::Ok()
        .content_type("application/openmetrics-text; version=1.0.0; charset=utf-8")
        .body(text))
}

/// Routes of the probes.
pub fn routes(config: &mut ServiceConfig) {
    config.service(healthz).service(readyz).service(metrics);
}
