//! Progress of one key result. Implements C.1.

use super::{clamp_progress, round_progress};
use crate::core::error::{Code, Result};
use crate::core::number::Exact;
use crate::scoring::settings::Maintain;
use crate::scoring::weights;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// How a key result is measured, with the values reported so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum KeyResult {
    /// A number that is to move from `start` to `target`, up or down.
    Metric {
        /// Value at the start of the period.
        start: Exact,
        /// Value at which the key result is reached.
        target: Exact,
        /// Latest reported value.
        current: Option<Exact>,
    },
    /// Something that is either done or not.
    Boolean {
        /// Latest report.
        done: Option<bool>,
    },
    /// Steps with weights.
    Milestone {
        /// The steps; their weights sum to 100 percent.
        milestones: Vec<Milestone>,
    },
    /// A level to maintain (保持型).
    Maintain {
        /// For each check-in with a value, oldest first: whether the value complied.
        compliance: Vec<bool>,
    },
}

/// A step of a milestone key result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Milestone {
    /// Weight of the step in percent.
    pub weight: Exact,
    /// Whether it is completed.
    pub done: bool,
}

/// The level that a maintain key result must keep. A value equal to a limit complies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// At least this value.
    Above(Exact),
    /// At most this value.
    Below(Exact),
    /// From the first to the second value.
    Between(Exact, Exact),
}

impl Level {
    /// Checks the limits when the key result is set.
    ///
    /// # Errors
    /// `KPI_RANGE_INVALID` when the lower limit is above the upper one.
    pub fn validate(&self) -> Result<()> {
        match self {
            Level::Between(low, high) if low > high => {
                Err(Code::KpiRangeInvalid.because(format!("{low} is above {high}")))
            }
            Level::Above(_) | Level::Below(_) | Level::Between(..) => Ok(()),
        }
    }

    /// Whether each observed check-in complied, oldest first; check-ins without a value are left
    /// out.
    pub fn compliance(&self, check_ins: &[Option<Exact>]) -> Vec<bool> {
        check_ins.iter().flatten().map(|value| self.complies(value)).collect()
    }

    /// Whether a reported value complies with the level.
    pub fn complies(&self, value: &Exact) -> bool {
        match self {
            Level::Above(lowest) => value >= lowest,
            Level::Below(highest) => value <= highest,
            Level::Between(lowest, highest) => (lowest..=highest).contains(&value),
        }
    }
}

/// Progress of a key result, 4 places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Progress limited to 0..1; this is graded.
    pub value: Decimal,
    /// Progress without limits: above 1 is over-achievement, below 0 is regress.
    pub raw: Decimal,
}

/// Progress of a key result; `None` until a value is reported.
///
/// # Errors
/// `KR_START_EQ_TARGET`; `EMPTY_INPUT` without milestones and `WEIGHTS_NOT_100` when their weights
/// do not sum to 100; `NUMBER_OVERFLOW` when the unlimited progress does not fit the stored type.
pub fn progress(key_result: &KeyResult, maintain: Maintain) -> Result<Option<Progress>> {
    let Some(raw) = raw_progress(key_result, maintain)? else { return Ok(None) };
    let rounded = round_progress(&raw)?;
    Ok(Some(Progress { value: round_progress(&clamp_progress(raw))?, raw: rounded }))
}

fn raw_progress(key_result: &KeyResult, maintain: Maintain) -> Result<Option<Exact>> {
    match key_result {
        KeyResult::Metric { start, target, current } => {
            let way = target - start;
            if way.is_zero() {
                return Err(Code::KrStartEqTarget.because(format!("start and target are {start}")));
            }
            Ok(current.as_ref().and_then(|current| (current - start).checked_div(&way)))
        }
        KeyResult::Boolean { done } => Ok(done.map(whole)),
        KeyResult::Milestone { milestones } => {
            if milestones.is_empty() {
                return Err(Code::EmptyInput.because("there are no milestones"));
            }
            weights::check_sum(milestones.iter().map(|step| &step.weight))?;
            let done = milestones.iter().filter(|step| step.done);
            let completed: Exact = done.map(|step| &step.weight).sum();
            Ok(completed.checked_div(&Exact::from(100)))
        }
        KeyResult::Maintain { compliance } => Ok(match maintain {
            Maintain::LatestOnly => compliance.last().copied().map(whole),
            Maintain::ShareOfPeriods => {
                let compliant = compliance.iter().filter(|complied| **complied).count();
                Exact::from(compliant).checked_div(&Exact::from(compliance.len()))
            }
        }),
    }
}

fn whole(done: bool) -> Exact {
    Exact::from(i32::from(done))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn metric(start: &str, target: &str, current: Option<&str>) -> KeyResult {
        let exact = |text: &str| text.parse().unwrap();
        KeyResult::Metric {
            start: exact(start),
            target: exact(target),
            current: current.map(exact),
        }
    }

    fn shown(key_result: &KeyResult) -> Option<(String, String)> {
        let progress = progress(key_result, Maintain::ShareOfPeriods).unwrap();
        progress.map(|p| (p.value.to_string(), p.raw.to_string()))
    }

    fn pair(value: &str, raw: &str) -> Option<(String, String)> {
        Some((value.into(), raw.into()))
    }

    #[test]
    fn a_metric_moves_from_start_to_target_in_either_direction() {
        assert_eq!(shown(&metric("20", "50", Some("41"))), pair("0.7000", "0.7000"));
        assert_eq!(shown(&metric("8", "4", Some("5"))), pair("0.7500", "0.7500"));
        assert_eq!(shown(&metric("-10", "10", Some("0"))), pair("0.5000", "0.5000"));
    }

    #[test]
    fn regress_and_over_achievement_stay_visible_in_the_raw_value() {
        assert_eq!(shown(&metric("20", "50", Some("15"))), pair("0.0000", "-0.1667"));
        assert_eq!(shown(&metric("20", "50", Some("80"))), pair("1.0000", "2.0000"));
    }

    #[test]
    fn a_metric_that_goes_nowhere_is_refused_even_without_a_value() {
        let error = progress(&metric("5", "5.0", None), Maintain::default()).unwrap_err();
        assert_eq!(error.code, Code::KrStartEqTarget);
    }

    #[test]
    fn no_value_is_no_progress_rather_than_zero() {
        assert_eq!(shown(&metric("20", "50", None)), None);
        assert_eq!(shown(&KeyResult::Boolean { done: None }), None);
        assert_eq!(shown(&KeyResult::Maintain { compliance: vec![] }), None);
    }

    #[test]
    fn done_is_one_and_not_done_is_zero() {
        assert_eq!(shown(&KeyResult::Boolean { done: Some(true) }), pair("1.0000", "1.0000"));
        assert_eq!(shown(&KeyResult::Boolean { done: Some(false) }), pair("0.0000", "0.0000"));
    }

    #[test]
    fn milestones_count_their_weight() {
        let steps = |weights: &[(i32, bool)]| KeyResult::Milestone {
            milestones: weights
                .iter()
                .map(|&(weight, done)| Milestone { weight: weight.into(), done })
                .collect(),
        };
        let half = steps(&[(25, true), (25, true), (50, false)]);
        assert_eq!(shown(&half), pair("0.5000", "0.5000"));
        let code = |key_result| progress(&key_result, Maintain::default()).unwrap_err().code;
        assert_eq!(code(steps(&[(25, true), (50, false)])), Code::WeightsNot100);
        assert_eq!(code(steps(&[])), Code::EmptyInput);
    }

    #[test]
    fn a_kept_level_is_judged_by_share_or_by_the_last_check_in() {
        let level = Level::Between(Exact::from(2), Exact::from(4));
        let values = [2, 4, 5, 1, 3].map(Exact::from);
        let compliance: Vec<bool> = values.iter().map(|value| level.complies(value)).collect();
        assert_eq!(compliance, [true, true, false, false, true]);
        let kept = KeyResult::Maintain { compliance };
        assert_eq!(shown(&kept), pair("0.6000", "0.6000"));
        let latest = progress(&kept, Maintain::LatestOnly).unwrap().unwrap();
        assert_eq!(latest.value.to_string(), "1.0000");
        assert!(Level::Above(3.into()).complies(&3.into()));
        assert!(!Level::Below(3.into()).complies(&4.into()));
    }

    #[test]
    fn a_raw_value_that_cannot_be_stored_is_an_error() {
        let absurd = metric("0", "0.0000000000000000000000000001", Some("9999999999999999999999"));
        let error = progress(&absurd, Maintain::default()).unwrap_err();
        assert_eq!(error.code, Code::NumberOverflow);
    }

    proptest! {
        #[test]
        fn progress_stays_within_bounds_and_grows_towards_the_target(
            start in -1000..1000_i64, target in -1000..1000_i64, current in -3000..3000_i64,
        ) {
            prop_assume!(start != target);
            let at = |current: i64| {
                let kr = KeyResult::Metric {
                    start: start.into(), target: target.into(), current: Some(current.into()),
                };
                progress(&kr, Maintain::default()).unwrap().unwrap()
            };
            let here = at(current);
            prop_assert!(Decimal::ZERO <= here.value && here.value <= Decimal::ONE);
            let closer = at(current + (target - start).signum());
            prop_assert!(closer.value >= here.value && closer.raw > here.raw);
        }
    }
}
