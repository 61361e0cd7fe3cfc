//! Typed extractors: handlers receive only input that was read, bounded and checked.

use crate::platform::accept::Wanted;
use crate::platform::app::App;
use crate::platform::edge::{Notes, peer};
use crate::platform::faults::Faults;
use crate::platform::json;
use crate::platform::problem::Violation;
use crate::platform::refusal::Refusal;
use crate::platform::schema;
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::{Bytes, BytesMut, Data};
use actix_web::{FromRequest, HttpRequest};
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::time::Duration;
use utoipa::ToSchema;
use uuid::Uuid;

/// Maximum number of bytes reserved for a body because of its `Content-Length` alone.
const FIRST_BUFFER: usize = 16 << 10;

/// Size up to which a JSON body is read and checked on the thread of its request. A larger one
/// needs a place and a separate thread.
const SMALL: usize = 64 << 10;

/// A JSON body that was checked against the schema of its type.
pub struct Body<T> {
    /// The body.
    pub value: T,
    /// SHA-256 of its bytes, which distinguishes a retry from another request with the same key.
    pub digest: [u8; 32],
}

impl<T: DeserializeOwned + ToSchema + Send + 'static> FromRequest for Body<T> {
    type Error = Refusal;
    type Future = LocalBoxFuture<'static, Result<Self, Refusal>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        Box::pin(taken(request.clone(), payload.take(), parse::<T>))
    }
}

/// A body with rules that its schema cannot state, such as how the values of several properties go
/// together.
pub trait Ruled: ToSchema {
    /// Names of schemas in the contract whose values the rules check as a whole: the body is only
    /// required to have objects there.
    const WHOLE: &'static [&'static str];

    /// Adds every fault of the body against its rules. The body may not fit its schema.
    fn rules(body: &Value, faults: &mut Faults);
}

/// A JSON body that was checked against the schema of its type and against its rules.
pub struct RuledBody<T>(pub Body<T>);

impl<T: DeserializeOwned + Ruled + Send + 'static> FromRequest for RuledBody<T> {
    type Error = Refusal;
    type Future = LocalBoxFuture<'static, Result<Self, Refusal>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = taken(request.clone(), payload.take(), parse_ruled::<T>);
        Box::pin(async { Ok(Self(body.await?)) })
    }
}

/// Takes a body from a request and reads it, on a thread of its own if it is large.
async fn taken<T: Send + 'static>(
    request: HttpRequest,
    mut payload: Payload,
    parse: fn(&[u8]) -> Result<T, Refusal>,
) -> Result<Body<T>, Refusal> {
    let read =
        move |bytes: &[u8]| Ok(Body { value: parse(bytes)?, digest: Sha256::digest(bytes).into() });
    require_type(&request, &["application/json", "application/merge-patch+json"])?;
    let app = app(&request)?;
    // At sign-in the caller is not known yet.
    let is_open = request.path().starts_with("/v1/auth/");
    let limit = app.settings.body_limit.min(if is_open { SMALL } else { usize::MAX });
    if limit <= SMALL || announced_length(&request).is_some_and(|length| length <= SMALL) {
        return read(&read_body(&request, &mut payload, limit).await?);
    }
    let wait = Duration::from_secs(app.settings.database_wait);
    let source = peer::source(&request, app.settings.proxies);
    let place = app.large_bodies.take(source, 1, wait).await?;
    let bytes = read_body(&request, &mut payload, limit).await?;
    #[expect(clippy::disallowed_methods, reason = "the body's place bounds these threads")]
    let reading = tokio::task::spawn_blocking(move || {
        let _place = place;
        read(&bytes)
    });
    reading.await.unwrap_or_else(|error| Err(Refusal::Internal(error.to_string())))
}

impl<T> Body<T> {
    /// What the body says, in the words of the caller.
    pub fn says(self, words: impl FnOnce(T) -> String) -> Option<Body<String>> {
        Some(Body { value: words(self.value), digest: self.digest })
    }
}

/// Reads JSON and checks it against the schema of its type. A refusal lists every fault.
pub fn parse<T: DeserializeOwned + ToSchema + 'static>(bytes: &[u8]) -> Result<T, Refusal> {
    read(bytes, |value, faults| schema::check(&schema::validator::<T>(), value, faults))
}

/// Reads JSON and checks it against the schema of its type and against its rules. A refusal lists
/// every fault of both.
fn parse_ruled<T: DeserializeOwned + Ruled + 'static>(bytes: &[u8]) -> Result<T, Refusal> {
    read(bytes, |value, faults| {
        schema::check(&schema::validator_but::<T>(T::WHOLE), value, faults);
        T::rules(value, faults);
    })
}

fn read<T: DeserializeOwned>(
    bytes: &[u8],
    check: impl FnOnce(&Value, &mut Faults),
) -> Result<T, Refusal> {
    json::check_depth(bytes)?;
    let mut faults = Faults::default();
    let value = json::read(bytes, &mut faults).map_err(|error| {
        log::debug!("body cannot be read: {error}");
        Refusal::Malformed(vec![Violation::new("", "row_malformed")])
    })?;
    check(&value, &mut faults);
    if !faults.is_empty() {
        return Err(Refusal::Invalid(faults.into()));
    }
    serde_json::from_value(value).map_err(|error| {
        log::debug!("body passes its schema but cannot be read: {error}");
        Refusal::invalid("", "wrong_type")
    })
}

/// The program, from a request.
pub fn app(request: &HttpRequest) -> Result<Data<App>, Refusal> {
    let app = request.app_data::<Data<App>>().cloned();
    app.ok_or_else(|| Refusal::Internal("the application is not attached".into()))
}

/// The offer whose media type the client prefers; the first one if it states nothing. That the answer
/// depends on `Accept` is noted for its `Vary`.
pub fn accepted<T: Copy>(request: &HttpRequest, offers: &[(&str, T)]) -> Result<T, Refusal> {
    Notes::of(request).negotiated.set(true);
    Wanted::of(request).best(offers).ok_or(Refusal::NotAcceptable)
}

/// The media type of the body, without parameters, in lower case.
pub fn media_type(request: &HttpRequest) -> String {
    let header = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = header.unwrap_or_default().split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

fn require_type(request: &HttpRequest, allowed: &[&str]) -> Result<(), Refusal> {
    if allowed.contains(&media_type(request).as_str()) {
        Ok(())
    } else {
        Err(Refusal::UnsupportedMediaType)
    }
}

/// Minimum speed in bytes per second. A slower body counts as dripping, a slower reader as stuck.
pub const MIN_BYTES_PER_SECOND: f64 = 65_536.0;

/// Reads an uncompressed body of at most `limit` bytes, in time. The time limit is `body_seconds`,
/// plus one second for every 64 KiB that have arrived: a steady body is never cut off, a dripping
/// one soon is.
pub async fn read_body(
    request: &HttpRequest,
    payload: &mut Payload,
    limit: usize,
) -> Result<Bytes, Refusal> {
    let notes = Notes::of(request);
    notes.receiving.set(true);
    let body = receive(request, payload, limit).await;
    notes.receiving.set(false);
    body
}

/// The length of the body, if the client announced it.
pub fn announced_length(request: &HttpRequest) -> Option<usize> {
    request.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn receive(
    request: &HttpRequest,
    payload: &mut Payload,
    limit: usize,
) -> Result<Bytes, Refusal> {
    let encoding = request.headers().get(header::CONTENT_ENCODING);
    if encoding.is_some_and(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(Refusal::ContentEncodingRefused);
    }
    let announced = announced_length(request);
    if announced.is_some_and(|length| length > limit) {
        return Err(Refusal::BodyTooLarge);
    }
    let patience = Duration::from_secs(app(request)?.settings.body_seconds);
    let start = tokio::time::Instant::now();
    let mut body = BytesMut::with_capacity(announced.unwrap_or_default().min(FIRST_BUFFER));
    loop {
        let earned = Duration::from_secs_f64(body.len() as f64 / MIN_BYTES_PER_SECOND);
        let next = tokio::time::timeout_at(start + patience + earned, payload.next()).await;
        match next.map_err(|_| Refusal::RequestTimeout)? {
            None => return Ok(body.freeze()),
            Some(Ok(chunk)) if body.len() + chunk.len() <= limit => body.extend_from_slice(&chunk),
            Some(Ok(_)) => return Err(Refusal::BodyTooLarge),
            Some(Err(error)) => {
                log::debug!("body was cut off: {error}");
                return Err(Refusal::Malformed(vec![Violation::new("", "row_malformed")]));
            }
        }
    }
}

/// The `{id}` of a path, which must be a UUID.
pub struct PathId(pub Uuid);

impl FromRequest for PathId {
    type Error = Refusal;
    type Future = std::future::Ready<Result<Self, Refusal>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = request.match_info().get("id").unwrap_or_default();
        std::future::ready(
            Uuid::parse_str(id)
                .map(Self)
                .map_err(|_| Refusal::Malformed(vec![Violation::new("/path/id", "not_a_uuid")])),
        )
    }
}
