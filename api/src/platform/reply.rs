//! Answers: views with ETags, pages with links, and replies that can be stored and replayed.
//!
//! A tag has up to four parts: the version, a digest of the view, one of the names beside its ids,
//! and how the answer is compressed.

use crate::platform::refusal::Refusal;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use persistence::StoredReply;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::borrow::Cow;

/// The header with the digest of a whole file, RFC 9530.
pub const DIGEST: &str = "repr-digest";

/// What a handler answers: a response, or why the request is refused.
pub type Answered = Result<HttpResponse, Refusal>;

/// The answer of a use case to a change.
#[derive(Clone, Debug)]
pub struct Reply<T> {
    status: StatusCode,
    body: Option<T>,
    version: Option<i32>,
    location: Option<String>,
    replay: Option<serde_json::Value>,
}

impl<T: Serialize> Reply<T> {
    /// 201: the record was created, at `location`.
    pub fn created(view: T, version: i32, location: String) -> Self {
        Self {
            status: StatusCode::CREATED,
            body: Some(view),
            version: Some(version),
            location: Some(location),
            replay: None,
        }
    }

    /// 200: the record was changed.
    pub fn changed(view: T, version: i32) -> Self {
        Self {
            status: StatusCode::OK,
            body: Some(view),
            version: Some(version),
            location: None,
            replay: None,
        }
    }

    /// 200 without a version, for an answer that is not a record.
    pub fn done(view: T) -> Self {
        Self { version: None, ..Self::changed(view, 0) }
    }

    /// 202: accepted; follow it at `location`.
    pub fn accepted(view: T, version: i32, location: String) -> Self {
        Self { status: StatusCode::ACCEPTED, ..Self::created(view, version, location) }
    }

    /// 204: the record is deleted, or there is nothing to return.
    pub fn empty() -> Self {
        Self {
            status: StatusCode::NO_CONTENT,
            body: None,
            version: None,
            location: None,
            replay: None,
        }
    }

    /// Sets another body for replays, because a secret is shown once and never stored.
    pub fn replayed_as(mut self, body: serde_json::Value) -> Self {
        self.replay = Some(body);
        self
    }

    /// The reply as bytes and headers.
    pub fn store(&self) -> Result<StoredReply, Refusal> {
        let body = match &self.body {
            Some(view) => to_json(view)?,
            None => Vec::new(),
        };
        self.stored(body)
    }

    /// The reply as it is stored for retries.
    pub fn store_for_replay(&self) -> Result<StoredReply, Refusal> {
        match &self.replay {
            Some(body) => self.stored(to_json(body)?),
            None => self.store(),
        }
    }

    fn stored(&self, body: Vec<u8>) -> Result<StoredReply, Refusal> {
        let headers = Headers {
            etag: self.version.map(|version| etag(version, &body)),
            location: self.location.clone(),
        };
        Ok(StoredReply {
            request_digest: Vec::new(),
            status: i32::from(self.status.as_u16()),
            headers: String::from_utf8(to_json(&headers)?).unwrap_or_default(),
            body,
        })
    }
}

#[derive(Serialize, Deserialize)]
struct Headers {
    etag: Option<String>,
    location: Option<String>,
}

/// Sends a reply, new or replayed.
pub fn send(reply: &StoredReply, replayed: bool) -> Result<HttpResponse, Refusal> {
    let status = u16::try_from(reply.status).ok().and_then(|code| StatusCode::from_u16(code).ok());
    let status = status.ok_or_else(|| Refusal::Internal("stored status is not valid".into()))?;
    let headers: Headers = serde_json::from_str(&reply.headers)
        .map_err(|error| Refusal::Internal(format!("stored headers: {error}")))?;
    let mut response = HttpResponse::build(status);
    if let Some(etag) = headers.etag {
        response.insert_header((header::ETAG, etag));
    }
    if let Some(location) = headers.location {
        response.insert_header((header::LOCATION, location));
    }
    if replayed {
        response.insert_header(("Idempotency-Replayed", "true"));
    }
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    if reply.body.is_empty() {
        return Ok(response.finish());
    }
    Ok(response.content_type("application/json").body(reply.body.clone()))
}

/// Answers with a record and its ETag.
pub fn found<T: Serialize>(version: i32, view: &T) -> Result<HttpResponse, Refusal> {
    let body = to_json(view)?;
    Ok(shown(&etag(version, &body)).body(body))
}

/// Answers with figures or a list, its ETag and, if there is more, a link to what follows.
pub fn listed<T: Serialize>(
    request: &HttpRequest,
    page: &T,
    next_cursor: Option<&str>,
) -> Result<HttpResponse, Refusal> {
    Ok(linked(request, to_json(page)?, next_cursor))
}

/// [`listed`] for a page whose items are records: each of them comes with the tag that a change of it
/// has to name.
pub fn page<P: Serialize, T: Serialize>(
    request: &HttpRequest,
    page: &P,
    items: &[T],
    next_cursor: Option<&str>,
) -> Result<HttpResponse, Refusal> {
    let items: Vec<Vec<u8>> = items.iter().map(tagged).collect::<Result<_, _>>()?;
    let page = to_json(page)?;
    let rest = page.strip_prefix(EMPTY_PAGE);
    let rest = rest.ok_or_else(|| Refusal::Internal("a page begins with its items".into()))?;
    let body = [EMPTY_PAGE, &items.join(&b','), b"]", &rest[1..]].concat();
    Ok(linked(request, body, next_cursor))
}

/// How a page without items begins.
const EMPTY_PAGE: &[u8] = br#"{"items":["#;

/// What a record in a list shows of its version.
#[derive(Deserialize)]
struct Versioned {
    version: Option<i32>,
}

/// An item of a list, with its tag if it is a record with a version.
fn tagged<T: Serialize>(item: &T) -> Result<Vec<u8>, Refusal> {
    let mut item = to_json(item)?;
    let shown: Option<Versioned> = serde_json::from_slice(&item).ok();
    let version = shown.and_then(|shown| shown.version);
    if let Some(version) = version.filter(|_| item.ends_with(b"}")) {
        let tag = to_json(&etag(version, &item))?;
        item.pop();
        item.extend([b",\"etag\":", tag.as_slice(), b"}"].concat());
    }
    Ok(item)
}

fn linked(request: &HttpRequest, body: Vec<u8>, next_cursor: Option<&str>) -> HttpResponse {
    let mut response = shown(&etag(0, &body));
    if let Some(cursor) = next_cursor {
        let kept = request.query_string().split('&').filter(|pair| !pair.starts_with("cursor="));
        let query: Vec<&str> = kept.filter(|pair| !pair.is_empty()).collect();
        let lead = if query.is_empty() { String::new() } else { query.join("&") + "&" };
        let link = format!("<{}?{lead}cursor={cursor}>; rel=\"next\"", request.path());
        response.insert_header((header::LINK, link));
    }
    response.body(body)
}

/// The headers that say who asks, as the `Vary` of what depends on that.
pub const READERS: &str = "Authorization, X-Api-Key";

/// An answer in JSON that depends on who asks and is asked for again each time.
fn shown(etag: &str) -> HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response
        .content_type("application/json")
        .insert_header((header::ETAG, etag))
        .insert_header((header::CACHE_CONTROL, "private, no-cache"))
        .insert_header((header::VARY, READERS));
    response
}

/// The tag of something that another part was added to.
pub fn extended(tag: &str, part: &str) -> String {
    format!("{}-{part}\"", tag.trim_end_matches('"'))
}

/// What the tags of compressed answers end on.
const CODINGS: [&str; 3] = ["-zstd\"", "-br\"", "-gzip\""];

/// The tag of an answer before it was compressed.
pub fn as_it_is(tag: &str) -> Cow<'_, str> {
    let bare = CODINGS.iter().find_map(|ending| tag.strip_suffix(ending));
    bare.map_or(tag.into(), |bare| format!("{bare}\"").into())
}

/// The tag of a view alone, without the names beside its ids.
pub fn of_view(tag: &str) -> String {
    let mut parts = tag.trim_matches('"').splitn(3, '-');
    let view: Vec<&str> = parts.by_ref().take(2).collect();
    format!("\"{}\"", view.join("-"))
}

/// The ETag of a view.
pub fn etag_of<T: Serialize>(version: i32, view: &T) -> Result<String, Refusal> {
    Ok(etag(version, &to_json(view)?))
}

/// A strong ETag: the version, which guards changes, and a digest of the view, which also depends
/// on the reader and the day.
fn etag(version: i32, body: &[u8]) -> String {
    format!("\"{version}-{}\"", digest(body))
}

/// What tells bytes from others: 16 hexadecimal digits.
pub fn digest(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let short = u64::from_be_bytes(digest[..8].try_into().unwrap_or_default());
    format!("{short:016x}")
}

/// The version that a strong ETag stands for.
pub fn version_of(tag: &str) -> Option<i32> {
    let tag = tag.strip_prefix('"')?.strip_suffix('"')?;
    tag.split_once('-').map_or(tag, |(version, _)| version).parse().ok()
}

fn to_json<T: Serialize>(value: &T) -> Result<Vec<u8>, Refusal> {
    serde_json::to_vec(value).map_err(|error| Refusal::Internal(format!("JSON: {error}")))
}
