//! What failed sign-ins hold back: the source of the attempts, never the person who is attacked.
//!
//! Attempts are counted for a login from one address, and for an address over all logins. The
//! same person signing in from elsewhere is counted elsewhere.

use crate::edge::peer;
use crate::refusal::Refusal;
use actix_web::HttpRequest;
use chrono::TimeDelta;
use domain::time::Timestamp;
use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Mutex, PoisonError};

/// Most sources remembered in one throttle.
const CAPACITY: usize = 100_000;

/// Sign-in attempts by source.
pub struct SignIns {
    by_login: Throttle<(String, IpAddr)>,
    by_address: Throttle<IpAddr>,
}

impl Default for SignIns {
    fn default() -> Self {
        Self {
            by_login: Throttle::new(5, TimeDelta::seconds(30)),
            by_address: Throttle::new(50, TimeDelta::seconds(2)),
        }
    }
}

impl SignIns {
    /// Counts an attempt before it is made, so that attempts at the same time count as well.
    pub fn attempt(&self, login: &str, address: IpAddr, now: Timestamp) -> Result<(), Refusal> {
        let of_login = self.by_login.take((login.to_owned(), address), now);
        of_login.and_then(|()| self.by_address.take(address, now)).map_err(Refusal::TooManySignIns)
    }

    /// Forgets the attempts of somebody who turned out to know the password.
    pub fn succeeded(&self, login: &str, address: IpAddr) {
        self.by_login.forget(&(login.to_owned(), address));
        self.by_address.give_back(&address);
    }
}

/// A number of attempts at once, then one per period, for each source.
struct Throttle<K> {
    burst: i32,
    period: TimeDelta,
    /// When the source will have earned all of its attempts back.
    full_at: Mutex<HashMap<K, Timestamp>>,
}

impl<K: Eq + Hash> Throttle<K> {
    fn new(burst: i32, period: TimeDelta) -> Self {
        Self { burst, period, full_at: Mutex::default() }
    }

    /// Takes an attempt, or says after how many seconds there will be one.
    fn take(&self, source: K, now: Timestamp) -> Result<(), u64> {
        let mut sources = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if sources.len() >= CAPACITY {
            sources.retain(|_, full_at| *full_at > now);
            if sources.len() >= CAPACITY {
                sources.clear();
            }
        }
        let full_at = sources.entry(source).or_insert(now);
        let next = (*full_at).max(now) + self.period;
        let over = next - now - self.period * self.burst;
        if over > TimeDelta::zero() {
            let seconds = (over + TimeDelta::milliseconds(999)).num_seconds();
            return Err(u64::try_from(seconds).unwrap_or(1).max(1));
        }
        *full_at = next;
        Ok(())
    }

    fn give_back(&self, source: &K) {
        let mut sources = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(full_at) = sources.get_mut(source) {
            *full_at -= self.period;
        }
    }

    fn forget(&self, source: &K) {
        self.full_at.lock().unwrap_or_else(PoisonError::into_inner).remove(source);
    }
}

/// The network a request comes from.
pub fn source(request: &HttpRequest, proxies: usize) -> IpAddr {
    let address = peer::address(request.head(), proxies);
    peer::network(address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));

    #[test]
    fn an_attacker_is_held_back_and_the_person_is_not() {
        let (throttle, now) = (SignIns::default(), Timestamp::UNIX_EPOCH);
        for _ in 0..5 {
            throttle.attempt("acme/li.na", HERE, now).unwrap();
        }
        let refused = throttle.attempt("acme/li.na", HERE, now);
        assert!(matches!(refused, Err(Refusal::TooManySignIns(30))), "{refused:?}");
        throttle.attempt("acme/li.na", ELSEWHERE, now).unwrap();
        throttle.attempt("acme/wang.wei", HERE, now).unwrap();
        let later = now + TimeDelta::seconds(30);
        throttle.attempt("acme/li.na", HERE, later).unwrap();
        assert!(throttle.attempt("acme/li.na", HERE, later).is_err());
        throttle.succeeded("acme/li.na", HERE);
        throttle.attempt("acme/li.na", HERE, later).unwrap();
    }

    #[test]
    fn an_address_that_tries_many_logins_is_held_back() {
        let (throttle, now) = (SignIns::default(), Timestamp::UNIX_EPOCH);
        let attempt = |number: usize| throttle.attempt(&format!("acme/{number}"), HERE, now);
        assert!((0..50).all(|number| attempt(number).is_ok()));
        assert!(matches!(attempt(50), Err(Refusal::TooManySignIns(2))));
        for number in 0..10 {
            throttle.succeeded(&format!("acme/{number}"), HERE);
        }
        assert!(attempt(51).is_ok(), "those who know their password give the address credit");
    }
}
