//! Instants and business dates. The domain never asks what time it is.

use chrono::{DateTime, DurationRound, NaiveDate, TimeDelta, Utc};

/// An instant in UTC, to the microsecond (what both engines keep).
pub type Timestamp = DateTime<Utc>;

/// Cuts an instant to whole microseconds, so that it reads back from either engine unchanged.
pub fn to_micros(at: Timestamp) -> Timestamp {
    at.duration_trunc(TimeDelta::microseconds(1)).unwrap_or(at)
}

/// A stretch of business dates, both ends included; no `end` means "until further notice".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// First day.
    pub start: NaiveDate,
    /// Last day, or open.
    pub end: Option<NaiveDate>,
}

impl Period {
    /// Whether `day` lies in the period.
    pub fn contains(&self, day: NaiveDate) -> bool {
        self.start <= day && self.end.is_none_or(|end| day <= end)
    }

    /// Whether some day lies in both periods.
    pub fn overlaps(&self, other: &Period) -> bool {
        other.end.is_none_or(|end| self.start <= end)
            && self.end.is_none_or(|end| other.start <= end)
    }
}

impl std::fmt::Display for Period {
    /// As ISO 8601 writes intervals: `2024-03-01/2026-06-30`, and `2024-03-01/..` for an open one.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.end {
            Some(end) => write!(f, "{}/{end}", self.start),
            None => write!(f, "{}/..", self.start),
        }
    }
}
