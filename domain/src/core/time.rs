//! Instants and business dates. The domain never reads a clock.

use chrono::{DateTime, DurationRound, NaiveDate, TimeDelta, Utc};

/// An instant in UTC, with microseconds, which is what both database engines store.
pub type Timestamp = DateTime<Utc>;

/// Drops everything below a microsecond, so that either engine returns the instant unchanged.
pub fn to_micros(at: Timestamp) -> Timestamp {
    at.duration_trunc(TimeDelta::microseconds(1)).unwrap_or(at)
}

/// A span of business dates, both ends included; without an `end` it lasts "until further notice".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// First day.
    pub start: NaiveDate,
    /// Last day; `None` while it is open.
    pub end: Option<NaiveDate>,
}

impl Period {
    /// Whether `day` lies in the period.
    pub fn contains(&self, day: NaiveDate) -> bool {
        self.start <= day && self.end.is_none_or(|end| day <= end)
    }

    /// Whether the two periods share at least one day.
    pub fn overlaps(&self, other: &Period) -> bool {
        other.end.is_none_or(|end| self.start <= end)
            && self.end.is_none_or(|end| other.start <= end)
    }
}

impl std::fmt::Display for Period {
    /// Writes an ISO 8601 interval: `2024-03-01/2026-06-30`, or `2024-03-01/..` without an end.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.end {
            Some(end) => write!(f, "{}/{end}", self.start),
            None => write!(f, "{}/..", self.start),
        }
    }
}
