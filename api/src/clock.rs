//! The only clock: everything below takes time as an argument.

use domain::time::{Timestamp, to_micros};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// The system's clock, which tests may set ahead.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    ahead_micros: Arc<AtomicI64>,
}

impl Clock {
    /// The present instant, to the microsecond.
    #[expect(clippy::disallowed_methods, reason = "the only place that asks what time it is")]
    pub fn now(&self) -> Timestamp {
        let ahead = chrono::TimeDelta::microseconds(self.ahead_micros.load(Ordering::Relaxed));
        to_micros(chrono::Utc::now() + ahead)
    }

    /// Sets the clock further ahead.
    pub fn advance(&self, by: chrono::TimeDelta) {
        self.ahead_micros.fetch_add(by.num_microseconds().unwrap_or_default(), Ordering::Relaxed);
    }
}
