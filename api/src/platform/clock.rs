//! The only clock. Code below this layer receives the time as an argument.

use chrono::TimeDelta;
use domain::core::time::{Timestamp, to_micros};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

/// The clock of the system; tests can set it.
#[derive(Clone, Debug)]
pub struct Clock {
    started: Instant,
    ahead_micros: Arc<AtomicI64>,
    passed_micros: Arc<AtomicI64>,
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            ahead_micros: Arc::default(),
            passed_micros: Arc::default(),
        }
    }
}

impl Clock {
    /// The present instant, to the microsecond. It jumps when the clock of the system is set, so
    /// use [`Clock::steady`] to measure time within the process.
    #[expect(clippy::disallowed_methods, reason = "the only place that asks what time it is")]
    pub fn now(&self) -> Timestamp {
        let ahead = TimeDelta::microseconds(self.ahead_micros.load(Ordering::Relaxed));
        to_micros(chrono::Utc::now() + ahead)
    }

    /// How long the program has run; setting the clock of the system does not change it.
    pub fn steady(&self) -> Duration {
        let passed = u64::try_from(self.passed_micros.load(Ordering::Relaxed)).unwrap_or_default();
        self.started.elapsed() + Duration::from_micros(passed)
    }

    /// Lets time pass.
    pub fn advance(&self, by: TimeDelta) {
        self.set_ahead(by);
        self.passed_micros.fetch_add(by.num_microseconds().unwrap_or_default(), Ordering::Relaxed);
    }

    /// Sets the clock forward or back, without any time passing.
    pub fn set_ahead(&self, by: TimeDelta) {
        self.ahead_micros.fetch_add(by.num_microseconds().unwrap_or_default(), Ordering::Relaxed);
    }
}
