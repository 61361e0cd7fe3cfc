//! What failed sign-ins hold back: whoever guesses at a login, from where they guess.
//!
//! Attempts are counted for a login and a source: the network they come from, or the device, if it
//! has signed in as that login before. Each attempt beyond the first few costs twice the wait of
//! the one before. Nobody else has to wait: neither others in the same network, nor the person who
//! is attacked, on a device that is known or in another network.

use crate::platform::refusal::Refusal;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use uuid::Uuid;

/// Attempts that may follow each other at once.
const FREE: u32 = 5;
/// The wait after the last of those.
const FIRST_WAIT: Duration = Duration::from_secs(10);
/// The longest wait for one attempt.
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);
/// How long after the last attempt all of them are forgotten.
const MEMORY: Duration = Duration::from_secs(60 * 60);
/// Most guessers remembered.
const CAPACITY: usize = 100_000;

/// Where a sign-in is tried from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// A network from which nobody has shown to have signed in before.
    Network(IpAddr),
    /// A device that has signed in as the same login.
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
    /// Counts an attempt before it is made, so that attempts at the same time count as well.
    ///
    /// # Errors
    /// [`Refusal::TooManySignIns`] with the seconds to wait, which are not made longer by asking.
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

/// Forgets guessers when there are too many: first those of long ago, then those who have hardly
/// begun, so that a flood of names does not wash away whom it is to hide.
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

/// An attempt that was counted. Unless the password turns out to be right or wrong, it did not
/// happen: who could not be served has not guessed.
pub struct Attempt<'s> {
    sign_ins: &'s SignIns,
    key: (String, Source),
    before: Guesser,
    judged: bool,
}

impl Attempt<'_> {
    /// The password was wrong.
    pub fn failed(mut self) {
        self.judged = true;
    }

    /// It was right: all attempts are forgotten.
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
