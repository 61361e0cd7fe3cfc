//! The add/deduct method (加减分法): points for each step above or below the target.

use super::{Direction, ratio::target_zero};
use crate::core::error::{Code, DomainError, Result};
use crate::core::number::Exact;
use crate::scoring::settings::{KpiSettings, StepPartial};
use crate::scoring::trace::{Record, Rule};
use crate::text_enum;
use serde::{Deserialize, Serialize};

text_enum! {
    /// The unit of a step.
    #[derive(Default)]
    pub enum StepUnit {
        /// Percent of the target.
        #[default]
        Percent = "percent",
        /// The indicator's own unit.
        Absolute = "absolute",
    }
}

/// A base of points that increases or decreases step by step. Implements B.6.
///
/// The base is the weight of the item: the total of the form adds the points.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Steps {
    /// The target, in the indicator's unit.
    pub target: Exact,
    /// Whether higher or lower is better.
    #[serde(default)]
    pub direction: Direction,
    /// Points for meeting the target exactly.
    pub base: Exact,
    /// The unit of a step.
    #[serde(default)]
    pub unit: StepUnit,
    /// Size of a step; positive.
    pub step: Exact,
    /// Points added for each step above the target, not negative.
    pub add: Exact,
    /// Points deducted for each step below the target, not negative.
    pub deduct: Exact,
    /// Most points added, not negative.
    pub max_add: Exact,
    /// Most points deducted, not negative.
    pub max_deduct: Exact,
}

impl Steps {
    /// The usual form: one point for each `step` percent, at most 6 points up or down.
    pub fn of(target: Exact, base: Exact, step: Exact) -> Steps {
        Steps {
            target,
            direction: Direction::Up,
            base,
            unit: StepUnit::Percent,
            step,
            add: 1.into(),
            deduct: 1.into(),
            max_add: 6.into(),
            max_deduct: 6.into(),
        }
    }

    /// Checks the target and the sizes of steps and points.
    ///
    /// # Errors
    /// `KPI_TARGET_ZERO` for percent steps of a target of 0, then `KPI_RANGE_INVALID` for a step
    /// that is not positive or points that are negative.
    pub fn validate(&self) -> Result<()> {
        if self.unit == StepUnit::Percent && self.target.is_zero() {
            return Err(target_zero());
        }
        let sizes = [&self.add, &self.deduct, &self.max_add, &self.max_deduct];
        if !self.step.is_positive() || sizes.into_iter().any(Exact::is_negative) {
            return Err(sizes_invalid());
        }
        Ok(())
    }

    pub(super) fn raw(
        &self,
        actual: &Exact,
        kpi: &KpiSettings,
        record: &mut impl Record,
    ) -> Result<Exact> {
        let gain = self.direction.gain(actual, &self.target);
        let gain = match self.unit {
            StepUnit::Absolute => gain,
            StepUnit::Percent => {
                let share = (Exact::from(100) * gain).checked_div(&self.target.abs());
                share.ok_or_else(target_zero)?
            }
        };
        let steps = gain.abs().checked_div(&self.step).ok_or_else(sizes_invalid)?;
        let worse = gain.is_negative();
        let counted = match (kpi.step_partial, worse) {
            (StepPartial::Proportional, _) => steps,
            (StepPartial::CeilDeduct, true) => steps.ceil(),
            (StepPartial::CeilDeduct, false) | (StepPartial::Floor, _) => steps.floor(),
        };
        let counted = record.step(Rule::StepCount, counted);
        let points = if worse {
            &self.base - (counted * &self.deduct).min(self.max_deduct.clone())
        } else {
            &self.base + (counted * &self.add).min(self.max_add.clone())
        };
        Ok(record.step(Rule::StepPoints, points.max(0.into())))
    }
}

fn sizes_invalid() -> DomainError {
    Code::KpiRangeInvalid.because("a step must be positive and its points not negative")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps() -> Steps {
        Steps::of(1000.into(), 30.into(), 3.into())
    }

    fn score(steps: &Steps, actual: &str, partial: StepPartial) -> String {
        let kpi = KpiSettings { step_partial: partial, ..Default::default() };
        let raw = steps.raw(&actual.parse().unwrap(), &kpi, &mut ()).unwrap();
        raw.rounded(2, Default::default()).to_string()
    }

    #[test]
    fn steps_count_as_the_policy_says() {
        for (actual, partial, expected) in [
            ("1100", StepPartial::Floor, "33"),
            ("1029.99", StepPartial::Floor, "30"),
            ("950", StepPartial::Floor, "29"),
            ("950", StepPartial::CeilDeduct, "28"),
            ("1100", StepPartial::CeilDeduct, "33"),
            ("950", StepPartial::Proportional, "28.33"),
            ("1050", StepPartial::Proportional, "31.67"),
            ("2000", StepPartial::Floor, "36"),
            ("0", StepPartial::Floor, "24"),
        ] {
            assert_eq!(score(&steps(), actual, partial), expected, "{actual} {partial:?}");
        }
    }

    #[test]
    fn direction_unit_and_lower_end() {
        let down = Steps { direction: Direction::Down, ..steps() };
        assert_eq!(score(&down, "900", StepPartial::Floor), "33");
        let absolute = Steps { unit: StepUnit::Absolute, target: 0.into(), ..steps() };
        absolute.validate().unwrap();
        assert_eq!(score(&absolute, "7", StepPartial::Floor), "32");
        let small = Steps { base: 2.into(), ..steps() };
        assert_eq!(score(&small, "0", StepPartial::Floor), "0");
    }

    #[test]
    fn sizes_are_checked_after_the_target() {
        let code = |steps: Steps| steps.validate().unwrap_err().code;
        assert_eq!(
            code(Steps { target: 0.into(), step: 0.into(), ..steps() }),
            Code::KpiTargetZero
        );
        assert_eq!(code(Steps { step: 0.into(), ..steps() }), Code::KpiRangeInvalid);
        assert_eq!(code(Steps { step: (-3).into(), ..steps() }), Code::KpiRangeInvalid);
        assert_eq!(code(Steps { max_add: (-1).into(), ..steps() }), Code::KpiRangeInvalid);
    }
}
