//! Tests of the edge over real connections, byte for byte. The file stands above the areas because
//! it serves their routes.

use crate::platform::app::App;
use crate::platform::areas::Areas;
use crate::platform::clock::Clock;
use crate::platform::config::Settings;
use crate::platform::extract;
use crate::platform::problem::Problem;
use crate::platform::refusal::Refusal;
use crate::platform::server;
use actix_web::web::{self, Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use clap::Parser;
use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use utoipa_actix_web::service_config::ServiceConfig;

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    settings: Settings,
}

/// A server with routes that misbehave, on a thread and a database of its own.
struct Server {
    address: SocketAddr,
    app: Data<App>,
    handle: actix_web::dev::ServerHandle,
    file: std::path::PathBuf,
}

impl Server {
    fn start(flags: &[&str]) -> Self {
        let file =
            std::env::temp_dir().join(format!("edge-{}.sqlite", crate::platform::app::new_id()));
        let url = format!("sqlite://{}", file.display());
        let base = ["test", "--port", "0", "--workers", "1", "--database-url", &url];
        let Flags { settings } = Flags::parse_from(base.iter().chain(flags));
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async {
                persistence::Database::migrate(&settings.database_url).unwrap();
                let app = Data::new(App::open(settings, Clock::default(), &AREAS).await.unwrap());
                let (server, addresses) = server::start(app.clone()).unwrap();
                tell.send((addresses[0], app, server.handle())).unwrap();
                server.await.unwrap();
            });
        });
        let (address, app, handle) = told.recv().unwrap();
        Self { address, app, handle, file }
    }

    fn connect(&self) -> Connection {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        Connection { reader: BufReader::new(stream.try_clone().unwrap()), stream }
    }

    /// Sends a request and returns when it is being served; it is answered when the gate is opened.
    fn hold(&self, connection: &mut Connection) -> Gate {
        static NUMBERS: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        let (arrived, arrival) = mpsc::channel();
        let (open, opened) = oneshot::channel();
        GATES.lock().unwrap().insert(number, (arrived, opened));
        connection.send(&format!("GET /test/held/{number} HTTP/1.1\r\nHost: x\r\n\r\n"));
        arrival.recv().unwrap();
        Gate(open)
    }

    fn ask(&self, head: &str) -> Answer {
        let mut connection = self.connect();
        connection.send(&format!("{head}\r\nHost: x\r\n\r\n"));
        connection.answer(head.starts_with("HEAD"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
        for suffix in ["", "-wal", "-shm", ".lock"] {
            let _ = std::fs::remove_file(format!("{}{suffix}", self.file.display()));
        }
    }
}

struct Connection {
    stream: TcpStream,
    reader: BufReader<TcpStream>,
}

#[derive(Debug)]
struct Answer {
    status: u16,
    headers: HashMap<String, String>,
    body: String,
}

impl Connection {
    fn send(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).unwrap();
    }

    fn answer(&mut self, bodiless: bool) -> Answer {
        let mut line = || {
            let mut line = String::new();
            self.reader.read_line(&mut line).unwrap();
            line.trim_end().to_owned()
        };
        let status = line().split(' ').nth(1).expect("a status line").parse().unwrap();
        let mut headers = HashMap::new();
        loop {
            let line = line();
            let Some((name, value)) = line.split_once(": ") else { break };
            let values = headers.entry(name.to_ascii_lowercase()).or_insert_with(String::new);
            *values += if values.is_empty() { "" } else { ", " };
            *values += value;
        }
        let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; if bodiless { 0 } else { length }];
        self.reader.read_exact(&mut body).unwrap();
        Answer { status, headers, body: String::from_utf8_lossy(&body).into_owned() }
    }

    /// Whether the server closes the connection.
    fn is_closed(&mut self) -> bool {
        matches!(self.reader.read(&mut [0]), Ok(0))
    }
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    #[track_caller]
    fn is_problem(&self, slug: &str) -> Problem {
        let problem: Problem =
            serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{self:?}"));
        assert_eq!(problem.kind, format!("/problems/{slug}"));
        assert_eq!(problem.status, self.status);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.header("x-request-id"), problem.request_id);
        assert!(self.header("vary").starts_with("Accept, Accept-Language"));
        assert!(!self.header("content-language").is_empty());
        problem
    }
}

static AREAS: Areas = Areas { routes, ..crate::areas::AREAS };

fn routes(config: &mut ServiceConfig) {
    crate::areas::routes(config);
    config
        .route("/test/panic", web::get().to(panicking))
        .route("/test/slow", web::get().to(slow))
        .route("/test/held/{number}", web::get().to(held))
        .route("/test/stream", web::get().to(stream))
        .route("/test/framework", web::get().to(framework))
        .route("/test/bare", web::get().to(bare))
        .route("/test/body", web::post().to(body));
}

async fn panicking() -> HttpResponse {
    panic!("the secret of the inside")
}

async fn slow(seconds: web::Query<HashMap<String, f64>>) -> HttpResponse {
    actix_web::rt::time::sleep(Duration::from_secs_f64(seconds["seconds"])).await;
    HttpResponse::Ok().body("slept")
}

/// The gates that are closed, by the number in the path of the request that waits at them.
static GATES: Mutex<BTreeMap<usize, AtTheGate>> = Mutex::new(BTreeMap::new());

/// Tells that a request is being served, and waits until it may be answered.
type AtTheGate = (mpsc::Sender<()>, oneshot::Receiver<()>);

/// Keeps one request from being answered until the test opens it.
struct Gate(oneshot::Sender<()>);

impl Gate {
    fn open(self) {
        self.0.send(()).unwrap();
    }
}

async fn held(number: web::Path<usize>) -> HttpResponse {
    let (arrived, opened) = GATES.lock().unwrap().remove(&number).unwrap();
    arrived.send(()).unwrap();
    opened.await.unwrap();
    HttpResponse::Ok().body("held")
}

async fn stream(seconds: web::Query<HashMap<String, f64>>) -> HttpResponse {
    let late = async move {
        actix_web::rt::time::sleep(Duration::from_secs_f64(seconds["seconds"])).await;
        Ok::<_, std::convert::Infallible>(web::Bytes::from_static(b"late"))
    };
    HttpResponse::Ok().streaming(futures_util::stream::once(late))
}

async fn framework(_: web::Query<HashMap<String, u8>>, _: web::Path<u8>) -> HttpResponse {
    HttpResponse::Ok().finish()
}

async fn bare() -> HttpResponse {
    HttpResponse::UnsupportedMediaType().body("as some library answers")
}

async fn body(request: HttpRequest, payload: Payload) -> Result<HttpResponse, Refusal> {
    let limit = extract::app(&request)?.settings.body_limit;
    let bytes = extract::read_body(&request, &mut payload.into_inner(), limit).await?;
    Ok(HttpResponse::Ok().body(bytes))
}

#[test]
fn every_way_to_ask_wrongly_is_answered_by_a_problem() {
    let server = Server::start(&[]);
    let problem = server.ask("GET /v1/nothing?x=1 HTTP/1.1").is_problem("route-not-found");
    assert_eq!(problem.instance, "/v1/nothing");
    server.ask("GET /v1/positions HTTP/1.1").is_problem("unauthenticated");
    server.ask("GET /test/framework?x=300 HTTP/1.1").is_problem("malformed-request");
    server.ask("GET /test/bare HTTP/1.1").is_problem("unsupported-media-type");
    server.ask("GET /problems/nothing HTTP/1.1").is_problem("not-found");
    server.ask("GET /docs/nothing.js HTTP/1.1").is_problem("route-not-found");
    let long = "x".repeat(9 << 10);
    server.ask(&format!("GET /{long} HTTP/1.1")).is_problem("uri-too-long");
    let headers = format!("GET /healthz HTTP/1.1\r\nA: {long}\r\nB: {long}");
    server.ask(&headers).is_problem("header-too-large");
}

#[test]
fn a_wrong_method_is_told_the_right_ones() {
    let server = Server::start(&[]);
    let answer = server.ask("PUT /v1/positions/7 HTTP/1.1");
    answer.is_problem("method-not-allowed");
    assert_eq!(answer.header("allow"), "DELETE, GET, HEAD, OPTIONS, PATCH");
    let answer = server.ask("OPTIONS /v1/positions HTTP/1.1");
    assert_eq!((answer.status, answer.header("allow")), (204, "GET, HEAD, OPTIONS, POST"));
    server.ask("OPTIONS /v1/nothing HTTP/1.1").is_problem("route-not-found");
}

#[test]
fn texts_are_in_the_language_of_the_reader() {
    let server = Server::start(&[]);
    let answer = server.ask("GET /v1/nothing HTTP/1.1\r\nAccept-Language: zh-CN,en;q=0.5");
    assert_eq!(answer.is_problem("route-not-found").title, "地址不存在");
    assert_eq!(answer.header("content-language"), "zh-CN");
}

#[test]
fn a_request_keeps_the_id_it_came_with_if_that_is_safe() {
    let server = Server::start(&[]);
    let echoed = |id: &str| {
        let answer = server.ask(&format!("GET /healthz HTTP/1.1\r\nX-Request-Id: {id}"));
        answer.header("x-request-id").to_owned()
    };
    assert_eq!(echoed("client-1.2_3"), "client-1.2_3");
    for unfit in ["short", "has spaces in it", "quote\"quote", &"x".repeat(129)] {
        assert_eq!(echoed(unfit).len(), 36, "{unfit}");
    }
}

#[test]
fn a_head_request_gets_the_head_of_the_answer() {
    let server = Server::start(&[]);
    let mut connection = server.connect();
    connection.send("HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    let head = connection.answer(true);
    assert_eq!(head.status, 200);
    connection.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    let answer = connection.answer(false);
    assert_eq!(head.header("content-length"), answer.body.len().to_string());
}

#[test]
fn a_panic_is_an_internal_problem_and_the_connection_goes_on() {
    let server = Server::start(&[]);
    let mut connection = server.connect();
    for _ in 0..2 {
        connection.send("GET /test/panic HTTP/1.1\r\nHost: x\r\n\r\n");
        let answer = connection.answer(false);
        answer.is_problem("internal");
        assert!(!answer.body.contains("secret"));
    }
}

#[test]
fn an_answer_that_takes_too_long_is_given_up() {
    let server = Server::start(&["--answer-seconds", "1"]);
    let answer = server.ask("GET /test/slow?seconds=60 HTTP/1.1");
    answer.is_problem("deadline-exceeded");
    assert_eq!(answer.header("retry-after"), "1");
}

#[test]
fn requests_over_the_bound_are_refused_until_a_place_is_free() {
    let server = Server::start(&["--max-in-flight", "1"]);
    let mut first = server.connect();
    let gate = server.hold(&mut first);
    let refused = server.ask("GET /problems HTTP/1.1");
    refused.is_problem("overloaded");
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(server.ask("GET /healthz HTTP/1.1").status, 200);
    gate.open();
    assert_eq!(first.answer(false).status, 200);
    assert_eq!(server.ask("GET /problems HTTP/1.1").status, 200);
}

#[test]
fn who_comes_at_shutdown_is_told_so() {
    let server = Server::start(&["--max-in-flight", "1"]);
    let mut first = server.connect();
    let gate = server.hold(&mut first);
    let [mut idle, mut second] = [(); 2].map(|()| {
        let mut connection = server.connect();
        connection.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_eq!(connection.answer(false).status, 200);
        connection
    });
    server.app.edge.admission.close();
    second.send("GET /problems HTTP/1.1\r\nHost: x\r\n\r\n");
    second.answer(false).is_problem("shutting-down");
    let stopped = server.handle.stop(true);
    assert!(idle.is_closed());
    gate.open();
    let answer = first.answer(false);
    assert_eq!((answer.status, answer.header("connection")), (200, "close"));
    drop(stopped);
    assert!(TcpStream::connect(server.address).is_err());
}

#[test]
fn callers_over_the_rate_are_told_when_to_come_back() {
    let server = Server::start(&["--rate-per-minute", "3", "--proxies", "1"]);
    let ask = |client: &str| {
        server.ask(&format!("GET /problems/internal HTTP/1.1\r\nX-Forwarded-For: {client}"))
    };
    for left in (0..3).rev() {
        let answer = ask("192.0.2.1");
        assert_eq!(answer.status, 200);
        let limit = answer.header("ratelimit");
        assert!(limit.starts_with(&format!("\"default\";r={left};t=")), "{limit}");
        assert_eq!(answer.header("ratelimit-policy"), "\"default\";q=3;w=60");
    }
    let answer = ask("192.0.2.1");
    answer.is_problem("rate-limited");
    let seconds: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=20).contains(&seconds));
    assert_eq!(ask("192.0.2.2").status, 200);
    let forged = "GET /v1/positions HTTP/1.1\r\nX-Forwarded-For: 192.0.2.3\r\nX-Api-Key: forged";
    for _ in 0..3 {
        server.ask(forged).is_problem("unauthenticated");
    }
    server.ask(forged).is_problem("rate-limited");
}

#[test]
fn bodies_that_are_too_large_or_compressed_are_refused_unread() {
    let server = Server::start(&["--body-limit", "1000"]);
    let post = |rest: &str| {
        let mut connection = server.connect();
        connection.send(&format!("POST /test/body HTTP/1.1\r\nHost: x\r\n{rest}"));
        connection.answer(false)
    };
    assert_eq!(post("Content-Length: 3\r\n\r\nabc").body, "abc");
    assert_eq!(post("Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n").body, "abc");
    post("Content-Length: 1001\r\n\r\n").is_problem("body-too-large");
    let chunk = format!("3e9\r\n{}\r\n", "x".repeat(1001));
    post(&format!("Transfer-Encoding: chunked\r\n\r\n{chunk}")).is_problem("body-too-large");
    for encoding in ["gzip", "br", "zstd", "gzip, gzip"] {
        let answer = post(&format!("Content-Encoding: {encoding}\r\nContent-Length: 9\r\n\r\n"));
        answer.is_problem("content-encoding-refused");
    }
}

#[test]
fn a_head_that_does_not_come_is_not_waited_for() {
    let server = Server::start(&["--head-seconds", "1"]);
    let mut connection = server.connect();
    connection.send("GET /healthz HTTP/1.1\r\nHo");
    assert_eq!(connection.answer(false).status, 408);
    assert!(connection.is_closed());
}

#[test]
fn a_kept_connection_is_not_held_by_half_a_head() {
    let server = Server::start(&["--head-seconds", "1", "--keep-alive-seconds", "3"]);
    let mut connection = server.connect();
    // Longer than the time limit, but never idle.
    connection.send("GET /test/stream?seconds=5 HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(connection.answer(true).header("transfer-encoding"), "chunked");
    let mut body = [0; "4\r\nlate\r\n0\r\n\r\n".len()];
    connection.reader.read_exact(&mut body).unwrap();
    connection.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /heal");
    assert_eq!(connection.answer(false).status, 200);
    assert!(connection.is_closed());
}

#[test]
fn a_dripping_body_is_cut_off() {
    let server = Server::start(&["--body-seconds", "1"]);
    for framing in ["Content-Length: 500", "Transfer-Encoding: chunked"] {
        let mut connection = server.connect();
        connection.send(&format!("POST /test/body HTTP/1.1\r\nHost: x\r\n{framing}\r\n\r\n"));
        let mut dripping = connection.stream.try_clone().unwrap();
        let drips = std::thread::spawn(move || {
            let started = Instant::now();
            while dripping.write_all(b"1\r\nx\r\n").is_ok() {
                assert!(started.elapsed() < Duration::from_secs(8), "the drips are still taken");
                std::thread::sleep(Duration::from_millis(50));
            }
        });
        connection.answer(false).is_problem("request-timeout");
        drips.join().expect(framing);
    }
}

#[test]
fn a_refusal_before_the_body_was_read_reaches_the_client() {
    let server = Server::start(&[]);
    for framing in ["Content-Length: 500000", "Transfer-Encoding: chunked"] {
        let mut connection = server.connect();
        connection.send(&format!("POST /v1/positions HTTP/1.1\r\nHost: x\r\n{framing}\r\n\r\n"));
        let answer = connection.answer(false);
        answer.is_problem("unauthenticated");
        assert_eq!(answer.header("connection"), "close");
        assert!(connection.is_closed());
    }
}

#[test]
fn browsers_may_read_answers_on_the_origins_allowed_only() {
    let server = Server::start(&["--cors-origins", "https://hr.example.com"]);
    let preflight = |origin: &str| {
        server.ask(&format!(
            "OPTIONS /v1/positions HTTP/1.1\r\nOrigin: {origin}\r\n\
             Access-Control-Request-Method: POST"
        ))
    };
    let answer = preflight("https://hr.example.com");
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-origin"), "https://hr.example.com");
    assert!(answer.header("access-control-allow-headers").contains("If-Match"));
    assert_eq!(preflight("https://evil.example.com").header("access-control-allow-origin"), "");
    let refused = server.ask("GET /v1/x HTTP/1.1\r\nOrigin: https://hr.example.com");
    assert!(refused.header("access-control-expose-headers").contains("X-Request-Id"));
    let closed = Server::start(&[]);
    let answer = closed.ask("GET /healthz HTTP/1.1\r\nOrigin: https://hr.example.com");
    assert_eq!(answer.header("access-control-allow-origin"), "");
}

#[test]
fn the_machinery_gets_its_answers() {
    let server = Server::start(&["--metrics-local"]);
    assert_eq!(server.ask("GET /healthz HTTP/1.1").status, 200);
    let ready = server.ask("GET /readyz HTTP/1.1");
    assert!(ready.body.contains("\"engine\":\"sqlite\""), "{ready:?}");
    server.ask("GET /v1/positions HTTP/1.1");
    let metrics = server.ask("GET /metrics HTTP/1.1").body;
    for line in [
        "evenhand_requests_total{operation=\"listPositions\",status=\"4xx\"} 1",
        "evenhand_requests_in_flight 1",
        "evenhand_database_readers 8",
        "evenhand_database_writes_queued 0",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line} is not in\n{metrics}");
    }
}

#[test]
fn the_product_describes_itself() {
    let server = Server::start(&[]);
    let kind = server.ask("GET /problems/not-found HTTP/1.1");
    assert!(kind.body.contains("\"type\":\"/problems/not-found\"") && kind.body.contains("记录"));
    let contract = server.ask("GET /openapi.json HTTP/1.1");
    assert_eq!(contract.body, crate::contract::text());
    let etag = contract.header("etag");
    let known = server.ask(&format!("GET /openapi.json HTTP/1.1\r\nIf-None-Match: {etag}"));
    assert_eq!((known.status, known.header("etag")), (304, etag));
    let docs = server.ask("GET /docs HTTP/1.1");
    assert_eq!((docs.status, docs.header("location")), (308, "/docs/"));
    assert!(server.ask("GET /docs/ HTTP/1.1").body.contains("swagger-ui"));
    let script = server.ask("GET /docs/swagger-initializer.js HTTP/1.1");
    assert!(script.body.contains("/openapi.json"));
    assert!(script.header("content-security-policy").contains("'self'"));
}
