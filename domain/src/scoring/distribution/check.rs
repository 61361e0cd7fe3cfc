//! Whether a distribution of grades keeps to its quotas. Implements E.2.

use super::{Counts, people, quota};
use crate::core::error::{Code, Result};
use crate::core::number::{Exact, Rounding};
use crate::scoring::scale::Grade;
use crate::scoring::settings::{DistributionMode, DistributionSettings};
use core::fmt;

/// The result of checking a distribution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Check {
    /// The distribution keeps to its quotas, or there are none.
    Ok,
    /// The group is too small for quotas of its own.
    PoolRequired,
    /// These grades deviate from their quota by more than the tolerance, best grade first:
    /// finalising needs a reason.
    Warning(Vec<Grade>),
    /// These grades differ from their exact quota, best grade first: finalising is refused.
    Violation(Vec<Grade>),
    /// There are more top grades than allowed: finalising is refused.
    TopTooLarge,
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letters = |grades: &[Grade]| grades.iter().map(|g| g.as_str()).collect::<String>();
        match self {
            Check::Ok => f.write_str("OK"),
            Check::PoolRequired => f.write_str("POOL_REQUIRED"),
            Check::Warning(grades) => write!(f, "WARN:{}", letters(grades)),
            Check::Violation(grades) => write!(f, "VIOLATION:{}", letters(grades)),
            Check::TopTooLarge => f.write_str("VIOLATION"),
        }
    }
}

/// The facts that decide whether a group too small for quotas must be pooled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pooling {
    /// How quotas limit the distribution.
    pub mode: DistributionMode,
    /// Least number of people for a group to have quotas.
    pub min_group: u32,
    /// Number of people who count towards quotas and could be compared together with the group,
    /// including its own.
    pub people: u32,
}

impl Pooling {
    /// Whether the group must be pooled: quotas are binding, and together with the others there are
    /// enough people for quotas.
    fn is_needed(self) -> bool {
        use DistributionMode::{CapTop, Forced, Guideline, None};
        match self.mode {
            None | Guideline => false,
            CapTop | Forced => self.people >= self.min_group,
        }
    }
}

impl Check {
    /// Whether a session may be finalised with this distribution; `reason` is the written reason
    /// for its deviations. Only EXEC can override a refusal (D.6). A group too small for quotas
    /// passes, unless quotas are binding and `pool` says that there are enough people to pool it
    /// with.
    ///
    /// # Errors
    /// `POOL_REQUIRED` for a group that must be pooled; `GUARD_FAILED` for a warning without a
    /// reason, and for a violation.
    pub fn accepted(&self, reason: &str, pool: Pooling) -> Result<()> {
        match self {
            Check::Ok => Ok(()),
            Check::Warning(_) if !reason.trim().is_empty() => Ok(()),
            Check::PoolRequired if !pool.is_needed() => Ok(()),
            Check::PoolRequired => {
                Err(Code::PoolRequired.because("the group is too small for quotas of its own"))
            }
            Check::Warning(_) | Check::Violation(_) | Check::TopTooLarge => {
                Err(Code::GuardFailed.because(format!("the distribution check gives {self}")))
            }
        }
    }
}

/// By how many people a grade may differ from its quota without a warning: `pp` percent of the
/// group, rounded half-up, at least 1.
pub fn tolerance(people: u32, pp: &Exact) -> Exact {
    let exact = Exact::from(people) * pp * Exact::scaled(1, 2);
    exact.rounded(0, Rounding::HalfUp).max(Exact::from(1))
}

/// Checks a distribution as the mode of the policy says.
///
/// # Errors
/// `WEIGHTS_NOT_100` if the shares do not sum to 100, `COUNT_INVALID` for more people than can be
/// counted.
pub fn check(observed: &Counts, settings: &DistributionSettings) -> Result<Check> {
    match settings.mode {
        DistributionMode::None => Ok(Check::Ok),
        DistributionMode::Guideline => judge(observed, settings, |people, quota| {
            let allowed = tolerance(people, &settings.tolerance_pp);
            named(missing(observed, quota, &allowed), Check::Warning)
        }),
        DistributionMode::CapTop => judge(observed, settings, |_, quota| {
            let top = |counts: &Counts| u64::from(counts.s) + u64::from(counts.a);
            let fits = observed.s <= quota.s && top(observed) <= top(quota);
            if fits { Check::Ok } else { Check::TopTooLarge }
        }),
        DistributionMode::Forced => judge(observed, settings, |_, quota| {
            named(missing(observed, quota, &Exact::default()), Check::Violation)
        }),
    }
}

/// Applies `verdict` to the quotas, if the group is large enough to have quotas.
fn judge(
    observed: &Counts,
    settings: &DistributionSettings,
    verdict: impl FnOnce(u32, &Counts) -> Check,
) -> Result<Check> {
    let people = u32::try_from(people(observed))
        .map_err(|_| Code::CountInvalid.because("there are more people than can be counted"))?;
    let quota = quota(people, &settings.shares, settings.min_group)?;
    Ok(quota.map_or(Check::PoolRequired, |quota| verdict(people, &quota)))
}

/// The grades that differ from their quota by more than `allowed` people.
fn missing(observed: &Counts, quota: &Counts, allowed: &Exact) -> Vec<Grade> {
    let misses =
        |grade: &Grade| Exact::from(observed.get(*grade).abs_diff(*quota.get(*grade))) > *allowed;
    Grade::ALL.into_iter().filter(misses).collect()
}

fn named(grades: Vec<Grade>, answer: fn(Vec<Grade>) -> Check) -> Check {
    if grades.is_empty() { Check::Ok } else { answer(grades) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scoring::scale::PerGrade;
    use proptest::prelude::*;

    fn answer(observed: [u32; 5], mode: DistributionMode) -> String {
        let settings = DistributionSettings { mode, ..DistributionSettings::default() };
        check(&PerGrade::new(observed), &settings).unwrap().to_string()
    }

    #[test]
    fn tolerance_is_rounded_half_up_and_at_least_one() {
        let five = Exact::from(5);
        for (people, allowed) in [(0, 1), (13, 1), (29, 1), (30, 2), (49, 2), (50, 3), (100, 5)] {
            assert_eq!(tolerance(people, &five), Exact::from(allowed), "{people}");
        }
    }

    #[test]
    fn guideline_warns_only_beyond_tolerance() {
        // Quotas of 13: 1, 3, 6, 2, 1.
        assert_eq!(answer([2, 2, 7, 2, 0], DistributionMode::Guideline), "OK");
        assert_eq!(answer([3, 5, 5, 0, 0], DistributionMode::Guideline), "WARN:SAC");
    }

    #[test]
    fn cap_top_lets_nobody_fall() {
        assert_eq!(answer([1, 3, 9, 0, 0], DistributionMode::CapTop), "OK");
        assert_eq!(answer([2, 0, 11, 0, 0], DistributionMode::CapTop), "VIOLATION");
        assert_eq!(answer([0, 5, 8, 0, 0], DistributionMode::CapTop), "VIOLATION");
    }

    #[test]
    fn forced_names_every_grade_that_misses() {
        assert_eq!(answer([1, 3, 6, 2, 1], DistributionMode::Forced), "OK");
        assert_eq!(answer([2, 3, 6, 2, 0], DistributionMode::Forced), "VIOLATION:SD");
    }

    #[test]
    fn small_groups_need_a_pool_unless_nothing_is_steered() {
        assert_eq!(answer([9, 0, 0, 0, 0], DistributionMode::Guideline), "POOL_REQUIRED");
        assert_eq!(answer([9, 0, 0, 0, 0], DistributionMode::None), "OK");
        let crowd = PerGrade::new([u32::MAX; 5]);
        let error = check(&crowd, &DistributionSettings::default()).unwrap_err();
        assert_eq!(error.code, Code::CountInvalid);
    }

    #[test]
    fn a_warning_is_accepted_with_a_reason_and_a_violation_never() {
        let alone = Pooling { mode: DistributionMode::Forced, min_group: 10, people: 10 };
        assert_eq!(Check::Ok.accepted("", alone), Ok(()));
        let warning = Check::Warning(vec![Grade::S]);
        assert_eq!(warning.accepted("two launches succeeded", alone), Ok(()));
        for (check, reason, code) in [
            (warning, " ", Code::GuardFailed),
            (Check::Violation(vec![Grade::D]), "a reason", Code::GuardFailed),
            (Check::TopTooLarge, "a reason", Code::GuardFailed),
            (Check::PoolRequired, "a reason", Code::PoolRequired),
        ] {
            assert_eq!(check.accepted(reason, alone).unwrap_err().code, code);
        }
    }

    #[test]
    fn a_small_group_is_pooled_where_quotas_limit_and_there_are_others() {
        use DistributionMode::{CapTop, Forced, Guideline, None};
        for (mode, people, passes) in [
            (None, 100, true),
            (Guideline, 100, true),
            (CapTop, 9, true),
            (CapTop, 10, false),
            (Forced, 9, true),
            (Forced, 10, false),
        ] {
            let pool = Pooling { mode, min_group: 10, people };
            assert_eq!(Check::PoolRequired.accepted("", pool).is_ok(), passes, "{mode:?} {people}");
        }
    }

    proptest! {
        #[test]
        fn quotas_themselves_pass_in_every_mode(people in 10..1_000_u32) {
            let settings = DistributionSettings::default();
            let quota = quota(people, &settings.shares, settings.min_group).unwrap().unwrap();
            for mode in [
                DistributionMode::None,
                DistributionMode::Guideline,
                DistributionMode::CapTop,
                DistributionMode::Forced,
            ] {
                let settings = DistributionSettings { mode, ..settings.clone() };
                prop_assert_eq!(check(&quota, &settings).unwrap(), Check::Ok);
            }
        }
    }
}
