//! Conditional requests: what the client has already is not sent again.

use crate::platform::reply;
use actix_web::HttpMessage;
use actix_web::HttpResponse;
use actix_web::http::header::{self, Header, IfNoneMatch};
use actix_web::http::{Method, StatusCode};

/// What the client has; none if it asks for no answer in a read, or in no way that can be read.
pub fn known(request: &impl HttpMessage, method: &Method) -> Option<IfNoneMatch> {
    let is_read = matches!(*method, Method::GET | Method::HEAD);
    let is_asked = is_read && request.headers().contains_key(header::IF_NONE_MATCH);
    is_asked.then(|| IfNoneMatch::parse(request).ok()).flatten()
}

/// 304 in place of an answer that the client has already, under the tag by which it knows it: of the
/// answer as it is or of a compressed one.
pub fn apply(known: Option<&IfNoneMatch>, response: HttpResponse) -> HttpResponse {
    let Some(known) = known.filter(|_| response.status() == StatusCode::OK) else {
        return response;
    };
    let Some(tag) = response.headers().get(header::ETAG) else { return response };
    let has = match known {
        IfNoneMatch::Any => tag.to_str().ok().map(str::to_owned),
        IfNoneMatch::Items(tags) => {
            let mut strong = tags.iter().map(|tag| format!("\"{}\"", tag.tag()));
            strong.find(|known| tag == reply::as_it_is(known).as_ref())
        }
    };
    let Some(has) = has.and_then(|tag| tag.try_into().ok()) else { return response };
    let mut response = response.drop_body().map_into_boxed_body();
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    response.headers_mut().remove(header::CONTENT_TYPE);
    response.headers_mut().insert(header::ETAG, has);
    response
}
