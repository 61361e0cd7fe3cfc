//! The ratio method (达成率法), for indicators for which either higher or lower is better.

use super::Direction;
use crate::core::error::{Code, DomainError, Result};
use crate::core::number::Exact;
use crate::scoring::settings::{KpiSettings, NegativeTarget, ReverseVariant};
use crate::scoring::trace::{Record, Rule};
use serde::{Deserialize, Serialize};

/// Achievement relative to a target that is not 0. Implements B.1 and the ratios of B.2.
///
/// Over-rate, start point and the setting for negative targets apply in both directions. Under
/// `deviation_half` the part of an improvement that lies below zero counts half, in both
/// directions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ratio {
    /// The target, in the indicator's unit.
    pub target: Exact,
    /// Whether higher or lower is better.
    #[serde(default)]
    pub direction: Direction,
}

impl Ratio {
    /// Checks the target against the policy.
    ///
    /// # Errors
    /// `KPI_TARGET_ZERO` for a target of 0; `KPI_TARGET_NEGATIVE` for a negative target if the
    /// policy refuses it, and always if the score is target divided by actual.
    pub fn validate(&self, kpi: &KpiSettings) -> Result<()> {
        if self.target.is_zero() {
            return Err(target_zero());
        }
        let refused = kpi.negative_target == NegativeTarget::Reject || self.is_inverse(kpi);
        if self.target.is_negative() && refused {
            return Err(Code::KpiTargetNegative.because("this ratio needs a positive target"));
        }
        Ok(())
    }

    pub(super) fn raw(
        &self,
        actual: &Exact,
        kpi: &KpiSettings,
        record: &mut impl Record,
    ) -> Result<Exact> {
        let Some(achieved) = self.achievement(actual, kpi, record)? else {
            return Ok(kpi.cap.clone());
        };
        let hundred = Exact::from(100);
        let weighed = if achieved > hundred {
            let over = &kpi.over_rate * (achieved - &hundred);
            record.step(Rule::OverRate, hundred + over)
        } else {
            achieved
        };
        match &kpi.min_achievement {
            Some(start) if weighed < *start => Ok(record.step(Rule::MinAchievement, 0.into())),
            _ => Ok(weighed),
        }
    }

    /// The achievement in percent, 100 at the target; `None` where the formula has no finite value
    /// and the cap counts.
    pub(super) fn achievement(
        &self,
        actual: &Exact,
        kpi: &KpiSettings,
        record: &mut impl Record,
    ) -> Result<Option<Exact>> {
        if self.is_inverse(kpi) {
            if !actual.is_positive() {
                record.step(Rule::RatioBeyond, kpi.cap.clone());
                return Ok(None);
            }
            let inverse = (Exact::from(100) * &self.target).checked_div(actual);
            return Ok(inverse.map(|score| record.step(Rule::RatioInverse, score)));
        }
        let gain = self.direction.gain(actual, &self.target);
        let halved = self.target.is_negative()
            && kpi.negative_target == NegativeTarget::DeviationHalf
            && !gain.is_negative();
        let (rule, counted) = if halved {
            (Rule::RatioHalved, gain - self.gain_below_zero(actual) * Exact::scaled(5, 1))
        } else {
            (Rule::RatioDeviation, gain)
        };
        let share = (Exact::from(100) * counted).checked_div(&self.target.abs());
        let share = share.ok_or_else(target_zero)?;
        Ok(Some(record.step(rule, Exact::from(100) + share)))
    }

    /// The part of an improvement over a negative target that lies below zero.
    fn gain_below_zero(&self, actual: &Exact) -> Exact {
        self.direction.gain(&actual.clone().min(0.into()), &self.target)
    }

    fn is_inverse(&self, kpi: &KpiSettings) -> bool {
        self.direction == Direction::Down && kpi.reverse_variant == ReverseVariant::Inverse
    }
}

pub(super) fn target_zero() -> DomainError {
    Code::KpiTargetZero.because("a ratio needs a target other than 0")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(
        actual: &str,
        target: &str,
        direction: Direction,
        kpi: &KpiSettings,
    ) -> Result<String> {
        let ratio = Ratio { target: target.parse()?, direction };
        ratio.validate(kpi)?;
        ratio.raw(&actual.parse()?, kpi, &mut ()).map(|raw| raw.to_string())
    }

    #[test]
    fn deviation_is_relative_to_the_size_of_the_target() {
        let kpi = KpiSettings::default();
        for (actual, target, direction, expected) in [
            ("1080", "1000", Direction::Up, "108"),
            ("-50", "1000", Direction::Up, "-5"),
            ("-120", "-100", Direction::Up, "80"),
            ("-90", "-100", Direction::Up, "110"),
            ("5", "4", Direction::Down, "75"),
            ("9", "4", Direction::Down, "-25"),
            ("-120", "-100", Direction::Down, "120"),
        ] {
            assert_eq!(score(actual, target, direction, &kpi).unwrap(), expected);
        }
    }

    #[test]
    fn only_what_exceeds_the_target_is_told_as_more() {
        let rules = |actual: i32| {
            let ratio = Ratio { target: 80.into(), direction: Direction::Up };
            let mut steps = Vec::new();
            ratio.raw(&actual.into(), &KpiSettings::default(), &mut steps).unwrap();
            steps.into_iter().map(|step| step.rule).collect::<Vec<_>>()
        };
        assert_eq!(rules(80), [Rule::RatioDeviation]);
        assert_eq!(rules(81), [Rule::RatioDeviation, Rule::OverRate]);
    }

    #[test]
    fn half_of_a_reduced_loss_counts() {
        let kpi =
            KpiSettings { negative_target: NegativeTarget::DeviationHalf, ..Default::default() };
        for (actual, direction, expected) in [
            ("-120", Direction::Up, "80"),
            ("-100", Direction::Up, "100"),
            ("-80", Direction::Up, "110"),
            ("0", Direction::Up, "150"),
            ("20", Direction::Up, "170"),
            ("-120", Direction::Down, "110"),
            ("-80", Direction::Down, "80"),
        ] {
            assert_eq!(score(actual, "-100", direction, &kpi).unwrap(), expected, "{actual}");
        }
    }

    #[test]
    fn over_rate_and_start_point_hold_in_both_directions() {
        let kpi = KpiSettings {
            over_rate: Exact::scaled(5, 1),
            min_achievement: Some(60.into()),
            ..Default::default()
        };
        for (actual, direction, expected) in [
            ("1080", Direction::Up, "104"),
            ("920", Direction::Down, "104"),
            ("600", Direction::Up, "60"),
            ("599", Direction::Up, "0"),
            ("1400", Direction::Down, "60"),
            ("1401", Direction::Down, "0"),
        ] {
            assert_eq!(score(actual, "1000", direction, &kpi).unwrap(), expected, "{actual}");
        }
    }

    #[test]
    fn inverse_never_reaches_zero_and_gives_the_cap_at_nothing() {
        let kpi = KpiSettings {
            reverse_variant: ReverseVariant::Inverse,
            over_rate: Exact::scaled(5, 1),
            ..Default::default()
        };
        assert_eq!(score("5", "4", Direction::Down, &kpi).unwrap(), "80");
        for actual in ["0", "-1"] {
            assert_eq!(score(actual, "4", Direction::Down, &kpi).unwrap(), "120");
        }
        let error = score("5", "-4", Direction::Down, &kpi).unwrap_err();
        assert_eq!(error.code, Code::KpiTargetNegative);
        assert_eq!(score("-5", "-4", Direction::Up, &kpi).unwrap(), "75");
    }

    #[test]
    fn targets_are_refused_by_policy() {
        let kpi = KpiSettings { negative_target: NegativeTarget::Reject, ..Default::default() };
        for direction in [Direction::Up, Direction::Down] {
            let code = |target| score("5", target, direction, &kpi).unwrap_err().code;
            assert_eq!(code("-1"), Code::KpiTargetNegative);
            assert_eq!(code("0"), Code::KpiTargetZero);
        }
    }
}
