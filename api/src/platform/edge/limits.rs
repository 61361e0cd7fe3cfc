//! Limits on the head of a request. Bodies are limited where they are read.

use crate::platform::refusal::Refusal;
use actix_web::dev::RequestHead;

/// Maximum length of path and query.
const MAX_URI: usize = 8 << 10;
/// Maximum number of bytes in all headers.
const MAX_HEADERS: usize = 16 << 10;
/// Bytes on the wire of a header besides its name and value.
const SEPARATORS: usize = ": \r\n".len();

/// Refuses a head that is larger than a normal client sends.
pub fn check_head(head: &RequestHead) -> Result<(), Refusal> {
    if head.uri.path_and_query().is_some_and(|target| target.as_str().len() > MAX_URI) {
        return Err(Refusal::UriTooLong);
    }
    let headers = head.headers.iter();
    let size = headers.map(|(name, value)| name.as_str().len() + value.len() + SEPARATORS);
    if size.sum::<usize>() > MAX_HEADERS {
        return Err(Refusal::HeaderTooLarge);
    }
    Ok(())
}
