//! The form of an answer that a client prefers.

use actix_web::HttpMessage;
use actix_web::http::header::{Accept, Header, Quality};

/// What `Accept` says.
pub struct Wanted(Accept);

impl Wanted {
    /// What a request wants. One that says nothing, or nothing that can be read, wants anything.
    pub fn of(request: &impl HttpMessage) -> Self {
        let accept = Accept::parse(request).ok().filter(|accept| !accept.is_empty());
        Self(accept.unwrap_or_else(Accept::star))
    }

    /// The offer whose media type is wanted most, of equals the first one; none if none is wanted.
    pub fn best<T: Copy>(&self, offers: &[(&str, T)]) -> Option<T> {
        let rated = offers.iter().map(|(media, offer)| (self.quality(media), *offer));
        let best = rated.reduce(|best, next| if next.0 > best.0 { next } else { best });
        best.filter(|(quality, _)| *quality > Quality::ZERO).map(|(_, offer)| offer)
    }

    /// How much a media type, in lower case, is wanted: the most specific range that includes it
    /// decides.
    pub fn quality(&self, media: &str) -> Quality {
        let group = media.split('/').next().unwrap_or_default();
        let fit = |range: &str| match range.split_once('/') {
            _ if range == media => Some(2),
            Some((named, "*")) if named == group => Some(1),
            Some(("*", "*")) => Some(0),
            _ => None,
        };
        let fitting =
            self.0.iter().filter_map(|it| Some((fit(it.item.essence_str())?, it.quality)));
        fitting.max().map_or(Quality::ZERO, |(_, quality)| quality)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn the_most_specific_range_decides_in_any_case_of_letters() {
        let offers = [("text/csv", 'c'), ("application/x-ndjson", 'n'), ("application/zip", 'z')];
        for (accept, wanted) in [
            (None, Some('c')),
            (Some(""), Some('c')),
            (Some("nonsense"), Some('c')),
            (Some("*/*"), Some('c')),
            (Some("TEXT/CSV"), Some('c')),
            (Some("text/csv; charset=utf-8"), Some('c')),
            (Some("application/*"), Some('n')),
            (Some("Application/ZIP;Q=0.5, text/*;q=0.4"), Some('z')),
            (Some("text/csv;q=0, */*"), Some('n')),
            (Some("text/csv;q=0, application/x-ndjson;q=0, */*;q=0.1"), Some('z')),
            (Some("text/csv;q=0.2, text/*"), Some('c')),
            (Some("*/*;q=0"), None),
            (Some("image/png"), None),
        ] {
            let mut request = TestRequest::default();
            if let Some(accept) = accept {
                request = request.insert_header(("Accept", accept));
            }
            let best = Wanted::of(&request.to_http_request()).best(&offers);
            assert_eq!(best, wanted, "{accept:?}");
        }
    }
}
