//! The rate limit: one bucket for each principal, and one for each address that is not signed in.

use super::exchange::Notes;
use super::peer;
use crate::platform::app::App;
use crate::platform::caller::Actor;
use crate::platform::refusal::Refusal;
use actix_web::HttpRequest;
use actix_web::dev::RequestHead;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use uuid::Uuid;

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// Number of requests after which full buckets are removed, so that memory is used only for recent
/// callers.
const REQUESTS_BETWEEN_PRUNINGS: u32 = 4096;
const WINDOW_SECONDS: u32 = 60;

/// Owner of a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// An account or API key.
    Principal(Uuid),
    /// An address; for IPv6, the network of one subscriber.
    Peer(IpAddr),
}

impl From<IpAddr> for Key {
    fn from(address: IpAddr) -> Self {
        Self::Peer(peer::network(address))
    }
}

/// The buckets.
pub struct Limits {
    limiter: RateLimiter<Key, DashMapStateStore<Key>, DefaultClock, StateInformationMiddleware>,
    clock: DefaultClock,
    quota: NonZeroU32,
    taken: AtomicU32,
}

/// State of a caller's bucket after a request.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    quota: u32,
    left: u32,
    /// Seconds until the bucket is full again or, after a refusal, until one request is allowed.
    seconds: u64,
    refused: bool,
}

impl Limits {
    /// Buckets that hold, and refill with, this number of requests per minute.
    pub fn new(quota: NonZeroU32) -> Self {
        let limiter = RateLimiter::dashmap(Quota::per_minute(quota));
        Self {
            limiter: limiter.with_middleware(),
            clock: DefaultClock::default(),
            quota,
            taken: AtomicU32::default(),
        }
    }

    fn take(&self, key: Key) -> Standing {
        let taken = self.taken.fetch_add(1, Ordering::Relaxed);
        if taken.is_multiple_of(REQUESTS_BETWEEN_PRUNINGS) {
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
        let quota = self.quota.get();
        match self.limiter.check_key(&key) {
            Ok(state) => {
                let left = state.remaining_burst_capacity();
                let missing = u64::from(quota - left) * u64::from(WINDOW_SECONDS);
                let seconds = missing.div_ceil(u64::from(quota));
                Standing { quota, left, seconds, refused: false }
            }
            Err(not_until) => {
                let wait = not_until.wait_time_from(self.clock.now());
                let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
                Standing { quota, left: 0, seconds: seconds.max(1), refused: true }
            }
        }
    }
}

impl Standing {
    /// Adds the rate-limit headers.
    pub fn add_headers(self, headers: &mut HeaderMap) {
        let Self { quota, left, seconds, .. } = self;
        let limit = format!("\"default\";r={left};t={seconds}");
        let policy = format!("\"default\";q={quota};w={WINDOW_SECONDS}");
        for (name, value) in [(RATE_LIMIT, limit), (RATE_LIMIT_POLICY, policy)] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
    }
}

fn charge(app: &App, notes: &Notes, key: Key) -> Result<(), Refusal> {
    let standing = app.edge.limits.take(key);
    notes.standing.set(Some(standing));
    if standing.refused { Err(Refusal::RateLimited(standing.seconds)) } else { Ok(()) }
}

fn charge_peer(app: &App, notes: &Notes, head: &RequestHead) -> Result<(), Refusal> {
    let address = peer::address(head, app.settings.proxies);
    address.map_or(Ok(()), |address| charge(app, notes, address.into()))
}

/// Charges the address of a request that has no credentials, or whose credentials are not checked.
pub fn charge_anonymous(app: &App, notes: &Notes, head: &RequestHead) -> Result<(), Refusal> {
    let claims = [header::AUTHORIZATION, HeaderName::from_static("x-api-key")];
    let is_looked_at =
        head.uri.path().starts_with("/v1/") && !head.uri.path().starts_with("/v1/auth/");
    if is_looked_at && claims.iter().any(|name| head.headers.contains_key(name)) {
        return Ok(());
    }
    charge_peer(app, notes, head)
}

/// Charges the caller; if there is no valid caller, the address of the request.
pub fn charge_caller(
    app: &App,
    request: &HttpRequest,
    found: Result<Actor, Refusal>,
) -> Result<Actor, Refusal> {
    let notes = Notes::of(request);
    match &found {
        Ok(actor) => {
            let id = actor.subject.principal.id();
            notes.principal.set(Some(id));
            charge(app, &notes, Key::Principal(id))?;
        }
        Err(_) if notes.standing.get().is_none() => charge_peer(app, &notes, request.head())?,
        Err(_) => {}
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(address: &str) -> Key {
        Key::from(address.parse::<IpAddr>().unwrap())
    }

    #[test]
    fn a_bucket_empties_and_tells_when_to_come_back() {
        let limits = Limits::new(NonZeroU32::new(2).unwrap());
        let left: Vec<_> = (0..2).map(|_| limits.take(key("192.0.2.1")).left).collect();
        assert_eq!(left, [1, 0]);
        let standing = limits.take(key("192.0.2.1"));
        assert!(standing.refused && (29..=30).contains(&standing.seconds));
        assert!(!limits.take(key("192.0.2.2")).refused);
    }

    #[test]
    fn full_buckets_are_thrown_away() {
        let limits = Limits::new(NonZeroU32::new(60_000_000).unwrap());
        for n in 0..3 * REQUESTS_BETWEEN_PRUNINGS {
            limits.take(Key::Peer(std::net::Ipv4Addr::from(n).into()));
        }
        assert!(limits.limiter.len() < 2 * REQUESTS_BETWEEN_PRUNINGS as usize);
    }

    #[test]
    fn a_subscriber_of_ipv6_has_one_bucket() {
        assert_eq!(key("2001:db8::1"), key("2001:db8::ffff:1"));
        assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
        assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
    }
}
