//! Target shares of grades, and quotas in whole people. Implements E.1.

use super::Counts;
use crate::core::error::{Code, Result};
use crate::core::number::Exact;
use crate::scoring::apportion::largest_remainder;
use crate::scoring::scale::{Grade, PerGrade};
use crate::scoring::settings::DistributionSettings;
use crate::scoring::weights::check_fraction;
use serde::{Deserialize, Serialize};

/// With equal remainders a unit goes to the middle first: B, A, C, S, D.
const TIE_RANKS: [u8; 5] = [3, 1, 0, 2, 4];

/// Least tenure in months for a person to count towards the quotas.
const MIN_TENURE_MONTHS: u32 = 3;

/// The quotas of a group in whole people, by largest remainder.
///
/// `None` when the group has fewer than `min_group` people and must be pooled first.
///
/// # Errors
/// `WEIGHTS_NOT_100` when a share is negative or the shares do not sum to 100.
pub fn quota(people: u32, shares: &PerGrade<Exact>, min_group: u32) -> Result<Option<Counts>> {
    let invalid = || Code::WeightsNot100.because("the shares of the grades do not sum to 100");
    let is_distribution = shares.iter().all(|share| !share.is_negative())
        && shares.iter().sum::<Exact>() == Exact::from(100);
    if !is_distribution {
        return Err(invalid());
    }
    if people < min_group {
        return Ok(None);
    }
    let claims = shares.iter().cloned().zip(TIE_RANKS).collect();
    let counts = largest_remainder(&people.into(), claims)
        .and_then(|parts| {
            let whole = |part: &Exact| u32::try_from(part.to_i128()?).ok();
            parts.iter().map(whole).collect::<Option<Vec<_>>>()
        })
        .and_then(|parts| parts.try_into().ok())
        .ok_or_else(invalid)?;
    Ok(Some(PerGrade::new(counts)))
}

/// The target shares of a department in percent: those of the policy or, if `dist.link_dept_grade`
/// is on, those for the grade of the department.
pub fn target_shares(
    settings: &DistributionSettings,
    department: Option<Grade>,
) -> PerGrade<Exact> {
    let linked = department.filter(|_| settings.link_dept_grade).map(linked_shares);
    linked.unwrap_or_else(|| settings.shares.clone())
}

fn linked_shares(department: Grade) -> PerGrade<Exact> {
    let percent = match department {
        Grade::S => [15, 30, 45, 10, 0],
        Grade::A => [12, 25, 50, 10, 3],
        Grade::B => [10, 20, 50, 15, 5],
        Grade::C => [5, 15, 50, 22, 8],
        Grade::D => [0, 10, 50, 28, 12],
    };
    PerGrade::new(percent.map(Exact::from))
}

/// The facts that decide whether a person counts towards the quotas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Tenure in months.
    pub tenure_months: Exact,
    /// Share of the period on leave, 0 to 1.
    pub leave_share: Exact,
    /// Whether the person is a member of senior management.
    pub executive: bool,
}

/// Why a person does not count towards the quotas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Exclusion {
    /// Tenure under 3 months: too new to rate.
    TooNew,
    /// On leave for more than half of the period.
    OnLeave,
    /// Senior management.
    #[serde(rename = "EXEC")]
    Executive,
}

impl Standing {
    /// Every reason why the person does not count towards the quotas; none if the person counts.
    ///
    /// # Errors
    /// `NUMBER_INVALID` for a negative tenure or a share outside 0 to 1.
    pub fn exclusions(&self) -> Result<Vec<Exclusion>> {
        if self.tenure_months.is_negative() {
            return Err(Code::NumberInvalid.because("a tenure is not negative"));
        }
        check_fraction("the share of the period on leave", &self.leave_share)?;
        let reasons = [
            (self.tenure_months < MIN_TENURE_MONTHS.into(), Exclusion::TooNew),
            (self.leave_share > Exact::scaled(5, 1), Exclusion::OnLeave),
            (self.executive, Exclusion::Executive),
        ];
        Ok(reasons.into_iter().filter_map(|(holds, reason)| holds.then_some(reason)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scoring::distribution;
    use proptest::prelude::*;

    fn quotas(people: u32, shares: [i32; 5]) -> Option<Vec<u32>> {
        let shares = PerGrade::new(shares.map(Exact::from));
        quota(people, &shares, 10).unwrap().map(|counts| counts.iter().copied().collect())
    }

    #[test]
    fn ties_go_to_the_middle() {
        // Exact quotas of 2.5 for each of four grades, and of 2.5, 5 and 2.5.
        assert_eq!(quotas(10, [25, 25, 25, 25, 0]), Some(vec![2, 3, 3, 2, 0]));
        assert_eq!(quotas(10, [25, 0, 0, 50, 25]), Some(vec![3, 0, 0, 5, 2]));
    }

    #[test]
    fn a_group_below_the_minimum_has_no_quota() {
        assert_eq!(quotas(9, [10, 20, 50, 15, 5]), None);
        assert!(quotas(10, [10, 20, 50, 15, 5]).is_some());
    }

    #[test]
    fn shares_must_sum_to_100() {
        for shares in [[10, 20, 50, 15, 4], [110, -10, 0, 0, 0], [0; 5]] {
            let shares = PerGrade::new(shares.map(Exact::from));
            assert_eq!(quota(20, &shares, 10).unwrap_err().code, Code::WeightsNot100);
        }
    }

    #[test]
    fn linked_shares_are_distributions_and_b_is_the_default() {
        for grade in Grade::ALL {
            assert_eq!(linked_shares(grade).iter().sum::<Exact>(), Exact::from(100));
        }
        assert_eq!(linked_shares(Grade::B), DistributionSettings::default().shares);
    }

    #[test]
    fn shares_follow_the_departments_grade_only_where_they_are_linked() {
        let mut settings = DistributionSettings::default();
        assert_eq!(target_shares(&settings, Some(Grade::S)), settings.shares);
        settings.link_dept_grade = true;
        assert_eq!(target_shares(&settings, None), settings.shares);
        let s = [15, 30, 45, 10, 0].map(Exact::from);
        assert_eq!(target_shares(&settings, Some(Grade::S)), PerGrade::new(s));
    }

    #[test]
    fn exclusions_begin_exactly_at_their_limits() {
        let excluded = |tenure: i64, leave: i64, executive| {
            let tenure_months = Exact::scaled(tenure, 2);
            let leave_share = Exact::scaled(leave, 2);
            Standing { tenure_months, leave_share, executive }.exclusions()
        };
        use Exclusion::{Executive, OnLeave, TooNew};
        assert_eq!(excluded(300, 50, false).unwrap(), []);
        assert_eq!(excluded(299, 51, true).unwrap(), [TooNew, OnLeave, Executive]);
        for (tenure, leave) in [(-1, 0), (300, 101), (300, -1)] {
            assert_eq!(excluded(tenure, leave, false).unwrap_err().code, Code::NumberInvalid);
        }
    }

    proptest! {
        #[test]
        fn quotas_sum_to_the_people(people in 10..=u32::MAX, mut cuts in prop::array::uniform4(0..=100_i64)) {
            cuts.sort_unstable();
            let [a, b, c, d] = cuts;
            let shares = PerGrade::new([a, b - a, c - b, d - c, 100 - d].map(Exact::from));
            let counts = quota(people, &shares, 10).unwrap().unwrap();
            prop_assert_eq!(distribution::people(&counts), u64::from(people));
        }
    }
}
