//! The occurrence method (减分法, a deduction method): each accident, complaint or defect costs
//! points.

use crate::core::error::{Code, Result};
use crate::core::number::Exact;
use crate::scoring::trace::{Record, Rule};
use serde::{Deserialize, Serialize};

/// A base score minus a penalty for each occurrence. Implements B.2 occurrence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Occurrence {
    /// The score without any occurrence, usually 100.
    pub base: Exact,
    /// Points that each occurrence costs, not negative.
    pub penalty: Exact,
}

impl Occurrence {
    /// Checks that the penalty is not negative.
    ///
    /// # Errors
    /// `KPI_RANGE_INVALID` for a negative penalty.
    pub fn validate(&self) -> Result<()> {
        if self.penalty.is_negative() {
            return Err(Code::KpiRangeInvalid.because("a penalty must not be negative"));
        }
        Ok(())
    }

    pub(super) fn raw(&self, count: &Exact, record: &mut impl Record) -> Result<Exact> {
        if count.is_negative() || *count != count.floor() {
            return Err(Code::CountInvalid.because(format!("the count {count} is not possible")));
        }
        Ok(record.step(Rule::Occurrence, &self.base - count * &self.penalty))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_occurrence_costs() {
        let method = Occurrence { base: 100.into(), penalty: 20.into() };
        for (count, expected) in [("0", "100"), ("2", "60"), ("6", "-20")] {
            let raw = method.raw(&count.parse().unwrap(), &mut ()).unwrap();
            assert_eq!(raw.to_string(), expected);
        }
        for count in ["-1", "1.5"] {
            let error = method.raw(&count.parse().unwrap(), &mut ()).unwrap_err();
            assert_eq!(error.code, Code::CountInvalid);
        }
        let reward = Occurrence { base: 100.into(), penalty: (-1).into() };
        assert_eq!(reward.validate().unwrap_err().code, Code::KpiRangeInvalid);
    }
}
