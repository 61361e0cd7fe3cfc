//! Metrics, named after the operations of the contract.

use crate::platform::app::App;
use crate::platform::areas::operations;
use actix_web::http::{Method, StatusCode};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    operation: &'static str,
    status: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Served {
    operation: &'static str,
}

/// Names of operations, by path template and lower-case method.
type Names = HashMap<&'static str, HashMap<&'static str, &'static str>>;

/// The metrics of a server.
pub struct Metrics {
    names: Names,
    registry: Registry,
    requests: Family<Answered, Counter>,
    latency: Family<Served, Histogram, fn() -> Histogram>,
    in_flight: Gauge,
    readers_in_use: Gauge,
    readers: Gauge,
    queued: Gauge,
    statements: Counter,
    resident: Gauge,
}

impl Metrics {
    /// Fresh metrics for the operations of a contract.
    pub fn new(contract: &'static Value) -> Self {
        let from_a_millisecond = || Histogram::new(exponential_buckets(0.001, 2.0, 14));
        let mut metrics = Self {
            names: names_in(contract),
            registry: Registry::with_prefix("evenhand"),
            requests: Family::default(),
            latency: Family::new_with_constructor(from_a_millisecond),
            in_flight: Gauge::default(),
            readers_in_use: Gauge::default(),
            readers: Gauge::default(),
            queued: Gauge::default(),
            statements: Counter::default(),
            resident: Gauge::default(),
        };
        let registry = &mut metrics.registry;
        let (requests, latency) = (metrics.requests.clone(), metrics.latency.clone());
        registry.register("requests", "Requests answered", requests);
        registry.register_with_unit("latency", "Time to answer", Unit::Seconds, latency);
        for (name, help, gauge) in [
            ("requests_in_flight", "Requests being served", &metrics.in_flight),
            ("database_readers_in_use", "Reads being served", &metrics.readers_in_use),
            ("database_readers", "Reads that can be served at once", &metrics.readers),
            ("database_writes_queued", "Units of work waiting to be written", &metrics.queued),
        ] {
            registry.register(name, help, gauge.clone());
        }
        let statements = metrics.statements.clone();
        registry.register("database_statements", "Statements executed", statements);
        let resident = metrics.resident.clone();
        registry.register_with_unit("resident_memory", "Memory in use", Unit::Bytes, resident);
        metrics
    }

    /// The name of the operation in the contract, by method and route.
    pub fn operation(&self, method: &Method, route: Option<&str>) -> &'static str {
        let method = match *method {
            Method::GET | Method::HEAD => "get",
            Method::POST => "post",
            Method::PUT => "put",
            Method::PATCH => "patch",
            Method::DELETE => "delete",
            _ => "",
        };
        let methods = route.and_then(|route| self.names.get(route));
        methods.and_then(|methods| methods.get(method)).copied().unwrap_or("none")
    }
}

/// A request being served, as long as this value lives.
pub struct InFlight(Gauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Metrics {
    /// Counts a request as being served.
    pub fn enter(&self) -> InFlight {
        self.in_flight.inc();
        InFlight(self.in_flight.clone())
    }

    /// Records an answer.
    pub fn record(&self, operation: &'static str, status: StatusCode, elapsed: Duration) {
        let status = match status.as_u16() / 100 {
            1 => "1xx",
            2 => "2xx",
            3 => "3xx",
            4 => "4xx",
            _ => "5xx",
        };
        self.requests.get_or_create(&Answered { operation, status }).inc();
        self.latency.get_or_create(&Served { operation }).observe(elapsed.as_secs_f64());
    }

    /// All metrics in the OpenMetrics text format.
    pub fn text(&self, app: &App) -> Result<String, std::fmt::Error> {
        let (in_use, readers) = app.db.load();
        let gauged = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.readers_in_use.set(gauged(in_use));
        self.readers.set(gauged(readers));
        self.queued.set(gauged(app.db.queued()));
        self.statements.inner().store(app.db.statements(), Ordering::Relaxed);
        self.resident.set(gauged(resident_bytes().unwrap_or_default()));
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// Resident memory of the process, if the operating system reports it.
fn resident_bytes() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<usize>().ok()? << 10)
}

/// The names of a contract's operations, by path template and method.
fn names_in(contract: &'static Value) -> Names {
    let mut names = Names::new();
    for operation in operations(contract) {
        let name = operation.object["operationId"].as_str().unwrap_or_default();
        names.entry(operation.path).or_default().insert(operation.method, name);
    }
    names
}
