//! Delays after failed sign-ins, for each login and source.
//!
//! The source is the network of an attempt, or the device if it has signed in with that login
//! before. After the first few attempts, each further one must wait twice as long as the one
//! before. Nobody else has to wait: neither other people in the same network, nor the owner of the
//! login on a known device or in another network.

use crate::platform::refusal::Refusal;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use uuid::Uuid;

/// Number of attempts without a wait.
const FREE: u32 = 5;
/// The wait after the last of these.
const FIRST_WAIT: Duration = Duration::from_secs(10);
/// The longest wait for one attempt.
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);
/// Time after the last attempt when all attempts are forgotten.
const MEMORY: Duration = Duration::from_secs(60 * 60);
/// Maximum number of remembered pairs of login and source.
const CAPACITY: usize = 100_000;

/// Source of a sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// A network, for a device that has not signed in with this login before.
    Network(IpAddr),
    /// A device that has signed in with this login before.
    Device(Uuid),
}

/// Sign-in attempts by login and source. Instants are those of [`Clock::steady`], which no change of
/// the time of day moves.
///
/// [`Clock::steady`]: crate::platform::clock::Clock::steady
#[derive(Default)]
pub struct SignIns {
    guessers: Mutex<HashMap<(String, Source), Guesser>>,
}

#[derive(Clone, Copy, Default)]
struct Guesser {
    attempts: u32,
    last: Duration,
    /// When the next attempt may be made.
    free_at: Duration,
}

impl Guesser {
    fn try_once(&mut self, now: Duration) {
        self.attempts += 1;
        self.last = now;
        if let Some(doublings) = self.attempts.checked_sub(FREE) {
            let wait = FIRST_WAIT.saturating_mul(1 << doublings.min(16)).min(LONGEST_WAIT);
            self.free_at = now + wait;
        }
    }

    fn is_remembered(&self, now: Duration) -> bool {
        now < self.last + MEMORY
    }
}

impl SignIns {
    /// Counts an attempt before it is made, so that simultaneous attempts count as well.
    ///
    /// # Errors
    /// [`Refusal::TooManySignIns`] with the seconds to wait; asking again does not extend the wait.
    pub fn attempt(
        &self,
        login: &str,
        source: Source,
        now: Duration,
    ) -> Result<Attempt<'_>, Refusal> {
        let mut guessers = self.lock();
        make_room(&mut guessers, now);
        let key = (login.to_owned(), source);
        let guesser = guessers.entry(key.clone()).or_default();
        if !guesser.is_remembered(now) {
            *guesser = Guesser::default();
        }
        if let Some(wait) = guesser.free_at.checked_sub(now).filter(|wait| !wait.is_zero()) {
            return Err(Refusal::TooManySignIns(wait.as_secs_f64().ceil() as u64));
        }
        let before = *guesser;
        guesser.try_once(now);
        Ok(Attempt { sign_ins: self, key, before, judged: false })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(String, Source), Guesser>> {
        self.guessers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes room when too many guessers are remembered: forgets old ones first, then those with few
/// attempts. A flood of invented logins therefore does not hide an attack on one login.
fn make_room(guessers: &mut HashMap<(String, Source), Guesser>, now: Duration) {
    if guessers.len() >= CAPACITY {
        guessers.retain(|_, guesser| guesser.is_remembered(now));
    }
    if guessers.len() >= CAPACITY {
        guessers.retain(|_, guesser| guesser.attempts >= FREE);
    }
    if guessers.len() >= CAPACITY {
        guessers.clear();
    }
}

/// A counted attempt. If it is dropped before the password was found right or wrong, it is not
/// counted: for example, when the server was too busy to check it.
pub struct Attempt<'s> {
    sign_ins: &'s SignIns,
    key: (String, Source),
    before: Guesser,
    judged: bool,
}

impl Attempt<'_> {
    /// The password was wrong: the attempt stays counted.
    pub fn failed(mut self) {
        self.judged = true;
    }

    /// The password was right: all attempts of this guesser are forgotten.
    pub fn succeeded(mut self) {
        self.judged = true;
        self.sign_ins.lock().remove(&self.key);
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if self.judged {
            return;
        }
        if let Some(guesser) = self.sign_ins.lock().get_mut(&self.key) {
            guesser.attempts = guesser.attempts.saturating_sub(1);
            guesser.free_at = self.before.free_at;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const HERE: Source = Source::Network(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)));
    const ELSEWHERE: Source = Source::Network(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2)));
    const KNOWN: Source = Source::Device(Uuid::from_u128(7));

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_guesser_is_held_back_and_nobody_else() {
        let throttle = SignIns::default();
        let guess =
            |login: &str, source, now| throttle.attempt(login, source, now).map(Attempt::failed);
        for _ in 0..5 {
            guess("acme/li.na", HERE, seconds(0)).unwrap();
        }
        let refused = guess("acme/li.na", HERE, seconds(0));
        assert!(matches!(refused, Err(Refusal::TooManySignIns(10))), "{refused:?}");
        guess("acme/li.na", ELSEWHERE, seconds(0)).unwrap();
        guess("acme/li.na", KNOWN, seconds(0)).unwrap();
        for number in 0..1000 {
            guess(&format!("acme/{number}"), HERE, seconds(0)).unwrap();
        }
        guess("acme/li.na", HERE, seconds(10)).unwrap();
        let refused = guess("acme/li.na", HERE, seconds(10));
        assert!(matches!(refused, Err(Refusal::TooManySignIns(20))), "it costs more each time");
        throttle.attempt("acme/li.na", HERE, seconds(30)).unwrap().succeeded();
        guess("acme/li.na", HERE, seconds(30)).unwrap();
    }

    #[test]
    fn the_wait_has_an_end() {
        let throttle = SignIns::default();
        let mut now = seconds(0);
        for _ in 0..100 {
            throttle.attempt("acme/li.na", HERE, now).unwrap().failed();
            now += LONGEST_WAIT;
        }
        throttle.attempt("acme/li.na", HERE, now).unwrap().failed();
        let later = now + MEMORY;
        for _ in 0..5 {
            throttle.attempt("acme/li.na", HERE, later).unwrap().failed();
        }
    }

    #[test]
    fn what_was_not_judged_does_not_count() {
        let throttle = SignIns::default();
        for _ in 0..100 {
            drop(throttle.attempt("acme/li.na", HERE, seconds(0)).unwrap());
        }
        let at_once: Vec<_> =
            (0..5).map(|_| throttle.attempt("acme/li.na", HERE, seconds(0)).unwrap()).collect();
        assert!(throttle.attempt("acme/li.na", HERE, seconds(0)).is_err());
        drop(at_once);
        throttle.attempt("acme/li.na", HERE, seconds(0)).unwrap().failed();
    }
}
