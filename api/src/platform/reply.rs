//! Answers: views with ETags, pages with links, and replies that can be stored and replayed.

use crate::platform::refusal::Refusal;
use actix_web::body::MessageBody;
use actix_web::http::header::HeaderName;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse};
use persistence::StoredReply;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::borrow::Cow;

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

/// Answers with a record and its ETag, or with 304 if the client already has it.
pub fn found<T: Serialize>(
    request: &HttpRequest,
    version: i32,
    view: &T,
) -> Result<HttpResponse, Refusal> {
    let body = to_json(view)?;
    let etag = etag(version, &body);
    Ok(unless_known(request, &etag, &[PRIVATE, PER_CALLER], body))
}

/// For one caller, and asked for again each time.
pub const PRIVATE: (HeaderName, &str) = (header::CACHE_CONTROL, "private, no-cache");

/// Who asks decides what is answered.
const PER_CALLER: (HeaderName, &str) = (header::VARY, "Authorization, X-Api-Key");

/// An answer in JSON with its ETag, or 304 if the client already has it.
pub fn unless_known(
    request: &HttpRequest,
    etag: &str,
    headers: &[(HeaderName, &str)],
    body: impl MessageBody + 'static,
) -> HttpResponse {
    let known = known_tag(request, etag);
    let mut response = if known.is_some() { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    for header in headers {
        response.append_header(header.clone());
    }
    match known {
        Some(tag) => response.insert_header((header::ETAG, tag)).finish(),
        None => {
            response.insert_header((header::ETAG, etag));
            response.content_type("application/json").body(body)
        }
    }
}

/// The tag under which the client already has `etag`, as its `If-None-Match` says: the tag of the
/// answer as it is or of a compressed one.
fn known_tag(request: &HttpRequest, etag: &str) -> Option<String> {
    let known = request.headers().get(header::IF_NONE_MATCH)?.to_str().ok()?;
    let mut tags = known.split(',').map(|tag| tag.trim().trim_start_matches("W/"));
    tags.find_map(|tag| match tag {
        "*" => Some(etag.to_owned()),
        tag => (as_it_is(tag) == etag).then(|| tag.to_owned()),
    })
}

/// What the tags of compressed answers end on.
const CODINGS: [&str; 3] = ["-zstd\"", "-br\"", "-gzip\""];

/// The tag of an answer that is compressed: another one, because a strong tag stands for the bytes.
pub fn tag_in(tag: &str, coding: &str) -> String {
    format!("{}-{coding}\"", tag.trim_end_matches('"'))
}

/// The tag of the answer before it was compressed.
pub fn as_it_is(tag: &str) -> Cow<'_, str> {
    let bare = CODINGS.iter().find_map(|ending| tag.strip_suffix(ending));
    bare.map_or(tag.into(), |bare| format!("{bare}\"").into())
}

/// Answers with a page of a list, its ETag and, if there are more items, a link to the next page; or
/// with 304 if the client already has the page.
pub fn listed<T: Serialize>(
    request: &HttpRequest,
    page: &T,
    next_cursor: Option<&str>,
) -> Result<HttpResponse, Refusal> {
    let body = to_json(page)?;
    let mut headers = vec![PRIVATE, PER_CALLER];
    let link;
    if let Some(cursor) = next_cursor {
        let kept = request.query_string().split('&').filter(|pair| !pair.starts_with("cursor="));
        let query: Vec<&str> = kept.filter(|pair| !pair.is_empty()).collect();
        let lead = if query.is_empty() { String::new() } else { query.join("&") + "&" };
        link = format!("<{}?{lead}cursor={cursor}>; rel=\"next\"", request.path());
        headers.push((header::LINK, &link));
    }
    Ok(unless_known(request, &etag(0, &body), &headers, body))
}

/// The ETag of a view.
pub fn etag_of<T: Serialize>(version: i32, view: &T) -> Result<String, Refusal> {
    Ok(etag(version, &to_json(view)?))
}

/// A strong ETag: the version, which guards changes, and a digest of the view, which also depends
/// on the reader and the day.
fn etag(version: i32, body: &[u8]) -> String {
    let digest = Sha256::digest(body);
    let short = u64::from_be_bytes(digest[..8].try_into().unwrap_or_default());
    format!("\"{version}-{short:016x}\"")
}

/// The version that a strong ETag stands for.
pub fn version_of(tag: &str) -> Option<i32> {
    let tag = tag.strip_prefix('"')?.strip_suffix('"')?;
    tag.split_once('-').map_or(tag, |(version, _)| version).parse().ok()
}

fn to_json<T: Serialize>(value: &T) -> Result<Vec<u8>, Refusal> {
    serde_json::to_vec(value).map_err(|error| Refusal::Internal(format!("JSON: {error}")))
}
