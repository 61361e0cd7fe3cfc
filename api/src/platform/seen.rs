//! Preconditions: what a client has seen of what it changes.

use crate::platform::problem::Violation;
use crate::platform::refusal::Refusal;
use crate::platform::reply;
use actix_web::HttpRequest;
use actix_web::http::header::{self, Header, IfMatch};
use serde::{Deserialize, Serialize};

/// What a caller has seen of the resource it changes, as its `If-Match` says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Seen {
    /// Whatever there is, as long as there is something.
    Any,
    /// One of what these strong tags stand for.
    OneOf(Vec<String>),
}

impl Seen {
    /// What the sender of a request has seen. A weak tag stands for no version, so it never holds.
    pub fn by(request: &HttpRequest) -> Result<Self, Refusal> {
        if !request.headers().contains_key(header::IF_MATCH) {
            return Err(Refusal::PreconditionRequired);
        }
        match IfMatch::parse(request) {
            Ok(IfMatch::Any) => Ok(Self::Any),
            Ok(IfMatch::Items(tags)) if !tags.is_empty() => {
                let strong = tags.into_iter().filter(|tag| !tag.weak);
                Ok(Self::OneOf(strong.map(|tag| tag.to_string()).collect()))
            }
            _ => Err(Refusal::Malformed(vec![Violation::new("/header/If-Match", "pattern")])),
        }
    }

    /// What somebody has seen who was shown this view of a version.
    pub fn of<T: Serialize>(version: i32, view: &T) -> Result<Self, Refusal> {
        Ok(Self::OneOf(vec![reply::etag_of(version, view)?]))
    }

    /// What somebody has seen who has read this version.
    pub fn version(version: i32) -> Self {
        Self::OneOf(vec![format!("\"{version}\"")])
    }

    /// Refuses when the resource has moved on to another version.
    pub fn check(&self, version: i32) -> Result<(), Refusal> {
        self.holds(|tag| reply::version_of(tag) == Some(version))
    }

    /// Refuses when anything that is shown has changed, be it in the same version.
    pub fn check_all<T: Serialize>(&self, version: i32, view: &T) -> Result<(), Refusal> {
        let present = reply::etag_of(version, view)?;
        self.holds(|tag| reply::of_view(tag) == present)
    }

    fn holds(&self, is_present: impl FnMut(&str) -> bool) -> Result<(), Refusal> {
        let holds = match self {
            Self::Any => true,
            Self::OneOf(tags) => tags.iter().map(String::as_str).any(is_present),
        };
        if holds { Ok(()) } else { Err(Refusal::Stale) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn sent(lines: &[&str]) -> Result<Seen, Refusal> {
        let request = lines.iter().fold(TestRequest::get(), |request, line| {
            request.append_header((header::IF_MATCH, *line))
        });
        Seen::by(&request.to_http_request())
    }

    fn holds(lines: &[&str], version: i32) -> bool {
        sent(lines).unwrap().check(version).is_ok()
    }

    #[test]
    fn one_of_the_tags_must_stand_for_the_present_version() {
        assert!(holds(&["\"7-0123456789abcdef\""], 7) && holds(&["\"7\""], 7));
        assert!(holds(&["\"7-0123456789abcdef-br\""], 7));
        assert!(holds(&["\"5\", \"7\""], 7) && holds(&["\"5\"", "\"7\""], 7) && holds(&["*"], 7));
        for other in ["\"8-0123456789abcdef\"", "\"70\"", "W/\"7-0123456789abcdef\"", "\"x\""] {
            assert!(!holds(&[other], 7), "{other}");
        }
    }

    #[test]
    fn all_that_was_shown_may_count() {
        let seen = Seen::of(7, &"as it was").unwrap();
        assert!(seen.check_all(7, &"as it was").is_ok() && seen.check_all(7, &"changed").is_err());
        let Seen::OneOf(tags) = seen else { panic!("one tag") };
        let compressed = reply::extended(&tags[0], "zstd");
        assert!(sent(&[&compressed]).unwrap().check_all(7, &"as it was").is_ok());
        assert!(Seen::Any.check_all(7, &"changed").is_ok());
    }

    #[test]
    fn a_header_that_is_missing_or_no_list_of_tags_is_refused() {
        assert!(matches!(sent(&[]), Err(Refusal::PreconditionRequired)));
        for malformed in ["7", "\"7", "", ",", "\"7\" \"8\""] {
            assert!(matches!(sent(&[malformed]), Err(Refusal::Malformed(_))), "{malformed}");
        }
    }
}
