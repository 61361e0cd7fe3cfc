//! Periods of days.

use crate::platform::relations::{Kept, unbroken};
use chrono::NaiveDate;
use domain::core::calendar;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// A period of days, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, Validate)]
#[validate(schema(function = "in_order"))]
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

/// The last day is not before the first.
fn in_order(period: &PeriodView) -> Kept {
    let is_broken = calendar::Period::new(period.start, period.end).is_err();
    unbroken("period_invalid", is_broken.then(|| ("/end".to_owned(), None::<String>)))
}

impl From<calendar::Period> for PeriodView {
    fn from(period: calendar::Period) -> Self {
        Self { start: period.start(), end: period.end() }
    }
}
