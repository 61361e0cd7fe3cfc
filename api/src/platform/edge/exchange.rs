//! One exchange: what is needed to answer, measure and log a request, even when the request itself
//! was lost to a panic or a deadline.

use super::compression::{self, Coding};
use super::{conditional, cors, rate, security};
use crate::platform::app::{App, new_id};
use crate::platform::problem::{self, Asked, Language, RequestId};
use crate::platform::problem_page;
use crate::platform::refusal::Refusal;
use actix_web::dev::ServiceRequest;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue, IfNoneMatch};
use actix_web::http::{Method, StatusCode};
use actix_web::web::Data;
use actix_web::{HttpMessage, HttpRequest, HttpResponse, ResponseError};
use std::cell::Cell;
use std::error::Error;
use std::rc::Rc;
use std::time::Instant;
use uuid::Uuid;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What is learned about a request while it is served.
#[derive(Default)]
pub struct Notes {
    /// The id of the caller.
    pub principal: Cell<Option<Uuid>>,
    /// The caller's state in the rate limit.
    pub standing: Cell<Option<rate::Standing>>,
    /// Whether the answer has the form that `Accept` prefers.
    pub negotiated: Cell<bool>,
    /// Whether the body is being received, which has its own time limit.
    pub receiving: Cell<bool>,
}

impl Notes {
    /// The notes on a request.
    pub fn of(request: &HttpRequest) -> Rc<Self> {
        request.extensions().get::<Rc<Self>>().cloned().unwrap_or_default()
    }
}

/// A request being answered.
pub struct Exchange {
    app: Data<App>,
    started: Instant,
    method: Method,
    route: Option<String>,
    asked: Asked,
    known: Option<IfNoneMatch>,
    coding: Option<Coding>,
    origin: Option<HeaderValue>,
    notes: Rc<Notes>,
}

impl Exchange {
    /// Gives the request an id and keeps what its answer will need.
    pub fn begin(app: &Data<App>, request: &mut ServiceRequest) -> Self {
        let method = request.method().clone();
        if method == Method::HEAD {
            // HEAD is handled as GET; actix leaves the body out.
            request.head_mut().method = Method::GET;
        }
        let headers = request.headers();
        let request_id = sent_id(headers).unwrap_or_else(|| new_id().to_string());
        let exchange = Self {
            app: app.clone(),
            started: Instant::now(),
            route: request.match_pattern(),
            known: conditional::known(request, &method),
            coding: Coding::wanted(request),
            origin: headers.get(header::ORIGIN).cloned(),
            asked: Asked {
                uri: request.uri().clone(),
                language: Language::asked(request),
                as_page: problem_page::is_wanted(request),
                request_id: request_id.clone(),
            },
            notes: Rc::default(),
            method,
        };
        let mut extensions = request.extensions_mut();
        extensions.insert(RequestId(request_id));
        extensions.insert(Rc::clone(&exchange.notes));
        drop(extensions);
        exchange
    }

    /// The notes on the request.
    pub fn notes(&self) -> &Notes {
        &self.notes
    }

    /// The response, where an error that is not a problem document is replaced by one.
    pub fn checked(&self, response: HttpResponse) -> HttpResponse {
        if let Some(refusal) = response.error().and_then(|error| error.as_error::<Refusal>()) {
            return self.refuse(refusal);
        }
        let status = response.status();
        if !status.is_client_error() && !status.is_server_error() {
            return response;
        }
        self.refuse(&match response.error() {
            Some(error) => unknown(error),
            None => by_status(status, "a response without a problem"),
        })
    }

    /// The problem document of a refusal. Faults of the program are logged with their causes.
    pub fn refuse(&self, refusal: &Refusal) -> HttpResponse {
        let request_id = self.asked.request_id.as_str();
        if refusal.status_code().is_server_error() {
            log::error!(request_id, problem = refusal.slug(); "{}", with_causes(refusal));
        } else {
            log::debug!(request_id, problem = refusal.slug(); "{refusal}");
        }
        problem::render(refusal, &self.asked)
    }

    /// Leaves out what the client has, compresses the answer where that is wanted, adds the headers of
    /// every answer, then measures and logs the exchange.
    pub fn finish(&self, response: HttpResponse) -> HttpResponse {
        let response = conditional::apply(self.known.as_ref(), response);
        let mut response = compression::apply(self.coding, self.asked.uri.path(), response);
        let status = response.status();
        let headers = response.headers_mut();
        if self.notes.negotiated.get() && !status.is_client_error() {
            headers.append(header::VARY, HeaderValue::from_static("Accept"));
        }
        if let Ok(id) = HeaderValue::from_str(&self.asked.request_id) {
            headers.insert(REQUEST_ID, id);
        }
        security::add_headers(self.asked.uri.path(), headers);
        cors::add_headers(&self.app.settings.cors_origins, self.origin.as_ref(), headers);
        if let Some(standing) = self.notes.standing.get() {
            standing.add_headers(headers);
        }
        let elapsed = self.started.elapsed();
        let route = self.route.as_deref();
        let metrics = &self.app.edge.metrics;
        let operation = metrics.operation(&self.method, route);
        metrics.record(operation, status, elapsed);
        log::info!(
            target: "access",
            method = self.method.as_str(),
            route,
            status = status.as_u16(),
            ms = elapsed.as_micros() as f64 / 1000.0,
            request_id = self.asked.request_id.as_str(),
            principal = self.notes.principal.get().map(|id| id.to_string());
            "request"
        );
        response
    }
}

/// The request id that the client sent, if it is safe for logs and headers.
fn sent_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(REQUEST_ID)?.to_str().ok()?;
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    ((8..=128).contains(&id.len()) && id.bytes().all(safe)).then(|| id.to_owned())
}

/// The refusal that corresponds to an error of the framework.
pub fn unknown(error: &actix_web::Error) -> Refusal {
    by_status(error.as_response_error().status_code(), &error.to_string())
}

fn by_status(status: StatusCode, text: &str) -> Refusal {
    match status {
        StatusCode::NOT_FOUND => Refusal::RouteNotFound,
        StatusCode::REQUEST_TIMEOUT => Refusal::RequestTimeout,
        StatusCode::PAYLOAD_TOO_LARGE => Refusal::BodyTooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Refusal::UnsupportedMediaType,
        status if status.is_client_error() => Refusal::Malformed(Vec::new()),
        _ => Refusal::Internal(text.to_owned()),
    }
}

/// The text of an error with all its causes.
fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
