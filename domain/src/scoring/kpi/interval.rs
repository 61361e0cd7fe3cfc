//! The interval method for optimum indicators (适度指标, 区间型): the best values lie in the middle.

use crate::core::error::{Code, DomainError, Result};
use crate::core::number::Exact;
use crate::scoring::trace::{Record, Rule};
use serde::{Deserialize, Serialize};

/// A score of 100 inside an interval, less with the distance from it. Implements B.3.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    /// Lowest value that scores 100.
    pub low: Exact,
    /// Highest value that scores 100.
    pub high: Exact,
    /// Distance from the interval at which the score is 0; positive.
    pub tolerance: Exact,
}

impl Interval {
    /// Checks the order of the ends and the tolerance.
    ///
    /// # Errors
    /// `KPI_RANGE_INVALID` if `low` is above `high` or the tolerance is not positive.
    pub fn validate(&self) -> Result<()> {
        if self.low > self.high || !self.tolerance.is_positive() {
            return Err(invalid());
        }
        Ok(())
    }

    pub(super) fn raw(&self, actual: &Exact, record: &mut impl Record) -> Result<Exact> {
        let distance = (&self.low - actual).max(actual - &self.high).max(0.into());
        let lost =
            (Exact::from(100) * distance).checked_div(&self.tolerance).ok_or_else(invalid)?;
        Ok(record.step(Rule::Interval, Exact::from(100) - lost))
    }
}

fn invalid() -> DomainError {
    Code::KpiRangeInvalid.because("an interval needs low <= high and a positive tolerance")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(low: i32, high: i32, tolerance: i32) -> Interval {
        Interval { low: low.into(), high: high.into(), tolerance: tolerance.into() }
    }

    #[test]
    fn marks_fall_on_both_sides() {
        for (actual, expected) in
            [(95, "100"), (100, "100"), (105, "100"), (108, "70"), (92, "70"), (120, "-50")]
        {
            let raw = interval(95, 105, 10).raw(&actual.into(), &mut ()).unwrap();
            assert_eq!(raw.to_string(), expected);
        }
    }

    #[test]
    fn ends_and_tolerance_are_checked() {
        interval(5, 5, 1).validate().unwrap();
        for broken in [interval(6, 5, 1), interval(5, 6, 0), interval(5, 6, -1)] {
            assert_eq!(broken.validate().unwrap_err().code, Code::KpiRangeInvalid);
        }
    }
}
