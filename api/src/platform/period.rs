//! Periods of days.

use chrono::NaiveDate;
use domain::core::calendar;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A period of days, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Period)]
#[serde(deny_unknown_fields)]
pub struct PeriodView {
    /// First day.
    #[schema(example = "2026-01-01")]
    pub start: NaiveDate,
    /// Last day.
    #[schema(example = "2026-12-31")]
    pub end: NaiveDate,
}

impl From<calendar::Period> for PeriodView {
    fn from(period: calendar::Period) -> Self {
        Self { start: period.start(), end: period.end() }
    }
}
