//! Headers that keep browsers from misusing an answer.

use actix_web::http::header::{self, HeaderMap, HeaderValue};

/// For the API: an answer may load nothing and may not be framed.
const NOTHING: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
/// For the documentation: pages may load their own files and style themselves.
const DOCUMENTATION: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     frame-ancestors 'none'",
);

/// Adds these headers. An answer without a caching header must not be stored.
pub fn add_headers(path: &str, headers: &mut HeaderMap) {
    let policy = if path.starts_with("/docs") { DOCUMENTATION } else { NOTHING };
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}
