//! The baseline method: which part of the way from the last period's value to the target was
//! covered.

use crate::core::error::{Code, DomainError, Result};
use crate::core::number::Exact;
use crate::scoring::trace::{Record, Rule};
use serde::{Deserialize, Serialize};

/// Progress from a baseline to a target; works in both directions and across 0. Implements B.2
/// baseline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// Value of the last period; scores 0.
    pub baseline: Exact,
    /// Target value; scores 100.
    pub target: Exact,
}

impl Baseline {
    /// Checks that baseline and target differ.
    ///
    /// # Errors
    /// `KPI_BASELINE_EQ_TARGET` if they are equal.
    pub fn validate(&self) -> Result<()> {
        if self.baseline == self.target { Err(no_way()) } else { Ok(()) }
    }

    pub(super) fn raw(&self, actual: &Exact, record: &mut impl Record) -> Result<Exact> {
        let gone = Exact::from(100) * (actual - &self.baseline);
        let share = gone.checked_div(&(&self.target - &self.baseline)).ok_or_else(no_way)?;
        Ok(record.step(Rule::Baseline, share))
    }
}

fn no_way() -> DomainError {
    Code::KpiBaselineEqTarget.because("baseline and target are equal")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_may_lead_down_to_zero_or_up() {
        for (actual, baseline, target, expected) in
            [(2, 8, 0, "75"), (0, 8, 0, "100"), (10, 8, 0, "-25"), (4, 2, 6, "50")]
        {
            let method = Baseline { baseline: baseline.into(), target: target.into() };
            assert_eq!(method.raw(&actual.into(), &mut ()).unwrap().to_string(), expected);
        }
        let standing = Baseline { baseline: 3.into(), target: 3.into() };
        assert_eq!(standing.validate().unwrap_err().code, Code::KpiBaselineEqTarget);
    }
}
