//! The server that Evenhand is compared with: actix-web, the same statements on the raw driver, and
//! nothing else.

use crate::Result;
use crate::raw::{self, Driver, Rename, Submission};
use actix_web::error::{ErrorInternalServerError, ErrorNotFound};
use actix_web::http::header;
use actix_web::web::{Data, Json, Path, Query};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use chrono::NaiveDate;
use serde::Deserialize;
use std::sync::Mutex;
use uuid::Uuid;

/// Path under which a change is a plain UPDATE.
pub const PLAIN: &str = "/plain";
/// Path under which a change also writes its audit entry and event.
pub const RECORDED: &str = "/recorded";
/// Path under which the server runs all statements of Evenhand, including those that read what a
/// change needs and those that log reads, and shows names beside ids.
pub const SAME: &str = "/same";

/// The options of the bare server.
#[derive(clap::Args)]
pub struct Settings {
    /// The database.
    #[arg(long)]
    pub database_url: String,
    /// Number of reading connections, and of threads that may block.
    #[arg(long)]
    pub readers: usize,
    /// The day for which assignments are read.
    #[arg(long)]
    pub day: NaiveDate,
}

/// As many connections as threads, so that no thread waits for one; on SQLite, which has one
/// writer, one more connection that writes.
struct Pool {
    idle: Mutex<Vec<Box<dyn Driver>>>,
    writer: Option<Mutex<Box<dyn Driver>>>,
    day: NaiveDate,
}

impl Pool {
    fn open(settings: &Settings, size: usize) -> Result<Self> {
        let url = &settings.database_url;
        let connections: Result<_> = (0..size).map(|_| raw::connect(url)).collect();
        let writer = url.starts_with("sqlite").then(|| raw::connect(url).map(Mutex::new));
        let (idle, writer) = (Mutex::new(connections?), writer.transpose()?);
        Ok(Self { idle, writer, day: settings.day })
    }

    fn read<R>(&self, work: impl FnOnce(&mut dyn Driver) -> R) -> R {
        let mut driver = self.idle.lock().expect("no panic").pop().expect("one for every thread");
        let result = work(&mut *driver);
        self.idle.lock().expect("no panic").push(driver);
        result
    }

    fn write<R>(&self, work: impl FnOnce(&mut dyn Driver) -> R) -> R {
        match &self.writer {
            Some(writer) => work(&mut **writer.lock().expect("no panic")),
            None => self.read(work),
        }
    }
}

/// Runs blocking work on a blocking thread.
#[expect(clippy::disallowed_methods, reason = "the bare way, without admission")]
async fn blocking<R: Send + 'static>(
    work: impl FnOnce() -> Result<R> + Send + 'static,
) -> actix_web::Result<R> {
    web::block(work).await?.map_err(|error| ErrorInternalServerError(error.to_string()))
}

async fn employee(pool: Data<Pool>, id: Path<Uuid>) -> actix_web::Result<HttpResponse> {
    let found = blocking(move || pool.read(|driver| driver.employee(*id, pool.day))).await?;
    let found = found.ok_or_else(|| ErrorNotFound("no such employee"))?;
    Ok(HttpResponse::Ok().insert_header((header::ETAG, etag(found.version))).json(found))
}

#[derive(Deserialize)]
struct Page {
    limit: i64,
    #[serde(default)]
    cursor: Uuid,
}

async fn employees(
    pool: Data<Pool>,
    request: HttpRequest,
    page: Query<Page>,
) -> actix_web::Result<HttpResponse> {
    let Page { limit, cursor } = page.into_inner();
    let named = request.path().starts_with(SAME);
    let found =
        blocking(move || pool.read(|driver| driver.employees(cursor, limit, pool.day, named)));
    let found = found.await?;
    let mut response = HttpResponse::Ok();
    if let (true, Some(last)) = (found.len() as i64 == limit, found.last()) {
        let next = format!("<{}?limit={limit}&cursor={}>; rel=\"next\"", request.path(), last.id);
        response.insert_header((header::LINK, next));
    }
    Ok(response.json(found))
}

#[derive(Deserialize)]
struct Change {
    name: String,
}

async fn rename(
    pool: Data<Pool>,
    request: HttpRequest,
    id: Path<Uuid>,
    change: Json<Change>,
) -> actix_web::Result<HttpResponse> {
    let version = seen(&request);
    let recorded = request.path().starts_with(RECORDED);
    let rename = Rename { id: *id, version, name: change.into_inner().name, recorded };
    let renamed = blocking(move || pool.write(|driver| driver.rename(&rename))).await?;
    let renamed = renamed.ok_or_else(|| ErrorNotFound("no such version"))?;
    Ok(HttpResponse::Ok().insert_header((header::ETAG, etag(renamed.version))).json(renamed))
}

/// Answers a read of a review; the load needs only its version.
async fn review(_: Path<Uuid>) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::ETAG, etag(1))).finish()
}

async fn submit(
    pool: Data<Pool>,
    request: HttpRequest,
    id: Path<Uuid>,
) -> actix_web::Result<HttpResponse> {
    let key = request.headers().get("idempotency-key").and_then(|key| key.to_str().ok());
    let key = key.unwrap_or_default().to_owned();
    let reading = request.path().starts_with(SAME);
    let submission = Submission { review: *id, version: seen(&request), reading, key };
    let submitted = blocking(move || pool.write(|driver| driver.submit(&submission))).await?;
    let submitted = submitted.ok_or_else(|| ErrorNotFound("no such version"))?;
    Ok(HttpResponse::Ok().insert_header((header::ETAG, etag(submitted.version))).json(submitted))
}

#[derive(Deserialize)]
struct Team {
    manager_id: Uuid,
    cycle_id: Uuid,
}

async fn team(pool: Data<Pool>, team: Query<Team>) -> actix_web::Result<HttpResponse> {
    let Team { manager_id, cycle_id } = team.into_inner();
    let found = blocking(move || pool.read(|driver| driver.team(manager_id, cycle_id))).await?;
    Ok(HttpResponse::Ok().json(found))
}

async fn dashboard(pool: Data<Pool>, team: Query<Team>) -> actix_web::Result<HttpResponse> {
    let Team { manager_id, cycle_id } = team.into_inner();
    let found = blocking(move || {
        let found = pool.read(|driver| driver.dashboard(manager_id, cycle_id, pool.day))?;
        pool.write(|driver| driver.look(&found.shown()))?;
        Ok(found)
    });
    Ok(HttpResponse::Ok().json(found.await?))
}

async fn reviews(pool: Data<Pool>, team: Query<Team>) -> actix_web::Result<HttpResponse> {
    let Team { manager_id, cycle_id } = team.into_inner();
    let found = blocking(move || {
        let found = pool.read(|driver| driver.reviews(manager_id, cycle_id))?;
        pool.write(|driver| driver.look(&found.shown))?;
        Ok(found)
    });
    Ok(HttpResponse::Ok().json(found.await?))
}

/// The version in the `If-Match` of a request.
fn seen(request: &HttpRequest) -> i32 {
    let tag = request.headers().get(header::IF_MATCH).and_then(|tag| tag.to_str().ok());
    tag.and_then(|tag| tag.trim_matches('"').parse().ok()).unwrap_or_default()
}

fn etag(version: i32) -> String {
    format!("\"{version}\"")
}

/// Serves until the process is stopped.
pub fn serve(settings: &Settings) -> Result<()> {
    let workers = std::thread::available_parallelism()?.get();
    let threads = settings.readers.div_ceil(workers);
    let pool = Data::new(Pool::open(settings, threads * workers)?);
    // The pool must outlive the server's runtime, because the raw drivers must not be dropped
    // inside it.
    let shared = pool.clone();
    let app = move || {
        let mut app = App::new().app_data(shared.clone());
        for base in [PLAIN, RECORDED, SAME] {
            let team = if base == SAME { web::get().to(dashboard) } else { web::get().to(team) };
            app = app.service(
                web::scope(base)
                    .route("/employees", web::get().to(employees))
                    .route("/employees/{id}", web::get().to(employee))
                    .route("/employees/{id}", web::patch().to(rename))
                    .route("/dashboards/manager", team)
                    .route("/reviews", web::get().to(reviews))
                    .route("/reviews/{id}", web::get().to(review))
                    .route("/reviews/{id}/manager-review/submission", web::post().to(submit)),
            );
        }
        app
    };
    actix_web::rt::System::new().block_on(async {
        let server = HttpServer::new(app)
            .workers(workers)
            .worker_max_blocking_threads(threads)
            .bind(("127.0.0.1", 0))?;
        for address in server.addrs() {
            println!("listening on http://{address}");
        }
        Ok(server.run().await?)
    })
}
