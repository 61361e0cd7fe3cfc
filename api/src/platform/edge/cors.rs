//! Cross-origin requests: allowed from the configured origins, none by default. There are no
//! cookies, so browsers never send credentials by themselves.

use actix_web::http::header::{self, HeaderMap, HeaderValue};

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");
const REQUEST_HEADERS: HeaderValue = HeaderValue::from_static(
    "Accept-Language, Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, \
     If-Range, Range, X-Api-Key, X-Request-Id",
);
const RESPONSE_HEADERS: HeaderValue = HeaderValue::from_static(
    "Content-Disposition, Content-Range, ETag, Idempotency-Replayed, Link, Location, RateLimit, \
     RateLimit-Policy, Repr-Digest, Retry-After, X-Request-Id",
);
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");

/// Lets a browser on an allowed origin read the answer and send the headers of the contract.
pub fn add_headers(allowed: &[String], origin: Option<&HeaderValue>, headers: &mut HeaderMap) {
    if allowed.is_empty() {
        return;
    }
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    let Some(origin) = origin.filter(|origin| allowed.iter().any(|one| *one == **origin)) else {
        return;
    };
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, RESPONSE_HEADERS);
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
}
