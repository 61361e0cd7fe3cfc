//! The edge: what every request passes on its way in and every answer on its way out.
//!
//! One middleware, [`serve`], handles the concerns in order; each has its own file. It guarantees
//! that every answer is either a success or a problem document with a request id.

pub mod admission;
mod compression;
mod conditional;
mod cors;
pub mod crowd;
pub mod docs;
mod exchange;
pub mod fallback;
pub mod health;
mod held;
mod limits;
pub mod logging;
pub mod metrics;
mod names;
pub mod pace;
pub mod peer;
pub mod rate;
mod security;

use crate::platform::app::App;
use crate::platform::config::Settings;
use crate::platform::refusal::Refusal;
use actix_web::body::BoxBody;
use actix_web::dev::{RequestHead, ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::ConnectionType;
use actix_web::middleware::Next;
use actix_web::web::Data;
use admission::Admission;
use exchange::Exchange;
pub use exchange::Notes;
use futures_util::FutureExt;
use health::Health;
use held::Held;
use metrics::Metrics;
use rate::Limits;
use serde_json::Value;
use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// State of the edge that requests share. Each server has its own.
pub struct Edge {
    /// Bounds the number of requests served at once.
    pub admission: Admission,
    /// Bounds the number of requests per caller.
    pub limits: Limits,
    /// Metrics.
    pub metrics: Metrics,
    /// Results of the health checks.
    pub health: Health,
    /// Whether a wrong number of proxies has been logged.
    doubted: AtomicBool,
}

impl Edge {
    /// A fresh edge.
    pub fn new(settings: &Settings, contract: &'static Value) -> Self {
        Self {
            admission: Admission::new(settings.max_in_flight),
            limits: Limits::new(settings.rate_per_minute),
            metrics: Metrics::new(contract),
            health: Health::default(),
            doubted: AtomicBool::default(),
        }
    }
}

impl Edge {
    /// Logs once if a request shows that the configured number of proxies is wrong.
    fn doubt_proxies(&self, head: &RequestHead, proxies: usize) {
        if !self.doubted.load(Ordering::Relaxed)
            && let Some(doubt) = peer::doubt(head, proxies)
        {
            self.doubted.store(true, Ordering::Relaxed);
            log::warn!("{doubt}");
        }
    }
}

/// Takes a request through the edge: it is identified, bounded, admitted, served in time, answered
/// with a success or a problem, measured and logged.
pub async fn serve(
    mut request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse, actix_web::Error> {
    let app = request.app_data::<Data<App>>().expect("the server attaches the program").clone();
    let exchange = Exchange::begin(&app, &mut request);
    let held = Held::of(&mut request);
    let is_surplus = pace::is_surplus(request.request());
    let _in_flight = app.edge.metrics.enter();
    let outcome = attempt(&app, &exchange, request, next).await;
    let (request, response) = match outcome {
        Ok(served) => {
            let (request, response) = served.into_parts();
            (Some(request), exchange.checked(response))
        }
        Err(refusal) => (None, exchange.refuse(&refusal)),
    };
    let mut response = held.until_sent(exchange.finish(response));
    if is_surplus {
        response.head_mut().set_connection_type(ConnectionType::Close);
    }
    match request {
        Some(request) => Ok(ServiceResponse::new(request, response)),
        None => Err(InternalError::from_response("refused at the edge", response).into()),
    }
}

/// Serves a request, unless the edge itself refuses it.
async fn attempt(
    app: &App,
    exchange: &Exchange,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse, Refusal> {
    limits::check_head(request.head())?;
    let _admitted = if health::is_probe(request.path()) {
        None
    } else {
        app.edge.doubt_proxies(request.head(), app.settings.proxies);
        if pace::is_surplus(request.request()) {
            return Err(Refusal::Overloaded);
        }
        rate::charge_anonymous(app, exchange.notes(), request.head())?;
        Some(app.edge.admission.enter().await?)
    };
    let serving = async {
        let served = next.call(request).await?;
        Ok(names::beside(served).await)
    };
    let serving = AssertUnwindSafe(serving).catch_unwind();
    tokio::pin!(serving);
    let patience = Duration::from_secs(app.settings.answer_seconds);
    let served = loop {
        match tokio::time::timeout(patience, &mut serving).await {
            Err(_) if exchange.notes().receiving.get() => {}
            served => break served,
        }
    };
    match served {
        Ok(Ok(Ok(response))) => Ok(response),
        Ok(Ok(Err(error))) => Err(exchange::unknown(&error)),
        Ok(Err(panic)) => Err(Refusal::Internal(text_of(panic.as_ref()))),
        Err(_) => Err(Refusal::DeadlineExceeded),
    }
}

/// The message of a panic.
fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("the handler panicked: {}", text.unwrap_or("with a message that is not text"))
}
