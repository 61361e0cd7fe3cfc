//! Headers that take from a browser what it could do wrong with an answer.

use actix_web::http::header::{self, HeaderMap, HeaderValue};

/// An answer of the API loads nothing and is shown in no frame.
const NOTHING: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
/// The documentation loads its own files and styles itself.
const DOCUMENTATION: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     frame-ancestors 'none'",
);

/// Adds them; an answer that says nothing of caching is not to be stored.
pub fn add_headers(path: &str, headers: &mut HeaderMap) {
    let policy = if path.starts_with("/docs") { DOCUMENTATION } else { NOTHING };
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}
