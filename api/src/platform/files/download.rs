//! A file that was made before it is sent: its length and digest are known, and a download that broke
//! off goes on where it stopped.

use super::export::Format;
use crate::platform::problem::Language;
use crate::platform::reply;
use actix_web::http::header::{self, ByteRangeSpec, EntityTag, Header, HeaderName, IfRange, Range};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::{Digest, Sha256};
use std::ops::RangeInclusive;

/// A file in memory.
pub struct File {
    /// Its name without its extension.
    pub name: String,
    /// Its format.
    pub format: Format,
    /// The language of its texts.
    pub language: Language,
    /// Version of the record that it is about.
    pub version: i32,
    /// Its content.
    pub bytes: Vec<u8>,
}

impl File {
    /// The answer to a request for the file, or for one stretch of it. Who asks for several stretches at
    /// once, or for one beyond the end, gets the whole file.
    pub fn answer(self, request: &HttpRequest) -> HttpResponse {
        let Self { name, format, language, version, bytes } = self;
        let tag = EntityTag::new_strong(format!("{version}-{}", reply::digest(&bytes)));
        let digest = BASE64.encode(Sha256::digest(&bytes));
        let bytes = Bytes::from(bytes);
        let stretch = stretch(request, &tag, bytes.len());
        let mut response = match stretch {
            Some(_) => HttpResponse::PartialContent(),
            None => HttpResponse::Ok(),
        };
        let disposition = format!("attachment; filename=\"{name}.{}\"", format.extension());
        response
            .content_type(format.media_type())
            .insert_header((header::CONTENT_DISPOSITION, disposition))
            .insert_header((header::CACHE_CONTROL, "private, no-cache"))
            .insert_header((header::VARY, "Accept, Authorization, X-Api-Key"))
            .insert_header((header::ETAG, tag.to_string()))
            .insert_header((HeaderName::from_static(reply::DIGEST), format!("sha-256=:{digest}:")))
            .insert_header((header::ACCEPT_RANGES, "bytes"));
        let Some(stretch) = stretch else { return language.spoken(response.body(bytes)) };
        let of = format!("bytes {}-{}/{}", stretch.start(), stretch.end(), bytes.len());
        response.insert_header((header::CONTENT_RANGE, of));
        language.spoken(response.body(bytes.slice(stretch)))
    }
}

/// The stretch of a file of `length` bytes that is asked for, if it is still the file that the client
/// has the beginning of.
fn stretch(request: &HttpRequest, tag: &EntityTag, length: usize) -> Option<RangeInclusive<usize>> {
    let Range::Bytes(asked) = Range::parse(request).ok()? else { return None };
    let [asked] = &asked[..] else { return None };
    if request.headers().contains_key(header::IF_RANGE) {
        match IfRange::parse(request) {
            Ok(IfRange::EntityTag(known)) if known.strong_eq(tag) => {}
            _ => return None,
        }
    }
    let (first, last) = ByteRangeSpec::to_satisfiable_range(asked, u64::try_from(length).ok()?)?;
    Some(usize::try_from(first).ok()?..=usize::try_from(last).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn only_what_the_file_has_is_a_stretch_of_it() {
        let tag = EntityTag::new_strong("1-ab".to_owned());
        let asked = |range: &str, known: Option<&str>| {
            let mut request = TestRequest::default().insert_header((header::RANGE, range));
            if let Some(known) = known {
                request = request.insert_header((header::IF_RANGE, known));
            }
            stretch(&request.to_http_request(), &tag, 10)
        };
        assert_eq!(asked("bytes=0-3", None), Some(0..=3));
        assert_eq!(asked("bytes=4-", Some("\"1-ab\"")), Some(4..=9));
        assert_eq!(asked("bytes=-2", None), Some(8..=9));
        assert_eq!(asked("bytes=7-99", None), Some(7..=9));
        for (range, known) in [
            ("bytes=10-", None),
            ("bytes=5-4", None),
            ("bytes=0-1,3-4", None),
            ("lines=0-1", None),
            ("bytes=4-", Some("\"1-cd\"")),
            ("bytes=4-", Some("\"1-ab-gzip\"")),
            ("bytes=4-", Some("W/\"1-ab\"")),
            ("bytes=4-", Some("Sat, 29 Oct 1994 19:43:31 GMT")),
        ] {
            assert_eq!(asked(range, known), None, "{range} {known:?}");
        }
    }
}
