//! People who are not rated (`not_rated`, NR), and their bonus. Implements the rule of K2.

use crate::consequences::payout::not_negative;
use crate::core::error::{Code, Result};
use crate::core::number::{Exact, Rounding};
use crate::cycles::participant::MIN_TENURE_MONTHS;
use crate::scoring::scale::Grade;
use crate::scoring::settings::{BonusNotRated, BonusSettings};
use crate::scoring::weights::check_fraction;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// What is known about a person who may not be rated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presence {
    /// Tenure in months.
    pub tenure_months: Exact,
    /// Share of the period in which the person was present, 0 to 1.
    pub present_share: Exact,
    /// Why HR decided that the person is not rated, if HR did.
    pub hr_reason: Option<String>,
}

/// Why a person is not rated, in the order in which reasons are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum NotRated {
    /// Tenure under 3 months.
    Tenure,
    /// Present for less than half of the period.
    Presence,
    /// HR decided so.
    Hr,
}

impl Presence {
    /// Every reason why the person is not rated; none for who is rated.
    ///
    /// # Errors
    /// `NUMBER_INVALID` for a negative tenure or a share outside 0 to 1.
    pub fn reasons(&self) -> Result<Vec<NotRated>> {
        if self.tenure_months.is_negative() {
            return Err(Code::NumberInvalid.because("a tenure is not negative"));
        }
        check_fraction("the share of the period with presence", &self.present_share)?;
        let decided = self.hr_reason.as_ref().is_some_and(|reason| !reason.trim().is_empty());
        let reasons = [
            (self.tenure_months < MIN_TENURE_MONTHS.into(), NotRated::Tenure),
            (self.present_share < Exact::scaled(5, 1), NotRated::Presence),
            (decided, NotRated::Hr),
        ];
        Ok(reasons.into_iter().filter_map(|(holds, reason)| holds.then_some(reason)).collect())
    }
}

/// The amount before the pool limits it that a person gets who is not rated: by `bonus.not_rated`,
/// that of grade B for the eligible part of the period, or nothing.
///
/// # Errors
/// `AMOUNT_INVALID` for a negative base, factor or share, `NUMBER_OVERFLOW`.
pub fn bonus_not_rated(
    base: &Exact,
    k_org: &Exact,
    proration: &Exact,
    settings: &BonusSettings,
) -> Result<Decimal> {
    not_negative("the base", base)?;
    not_negative("the factor of a department", k_org)?;
    not_negative("the proration", proration)?;
    let amount = match settings.not_rated {
        BonusNotRated::ProratedB => base * settings.k_grade.get(Grade::B) * k_org * proration,
        BonusNotRated::None => Exact::default(),
    };
    amount.round(2, Rounding::HalfUp)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reasons(tenure: i64, present: i64, hr: Option<&str>) -> Result<Vec<NotRated>> {
        let presence = Presence {
            tenure_months: Exact::scaled(tenure, 2),
            present_share: Exact::scaled(present, 2),
            hr_reason: hr.map(str::to_owned),
        };
        presence.reasons()
    }

    #[test]
    fn limits_are_exact_and_hr_gives_a_reason() {
        assert_eq!(reasons(300, 50, None), Ok(vec![]));
        assert_eq!(reasons(300, 50, Some(" ")), Ok(vec![]));
        use NotRated::{Hr, Presence, Tenure};
        assert_eq!(reasons(299, 49, Some("secondment")), Ok(vec![Tenure, Presence, Hr]));
        for (tenure, present) in [(-1, 50), (300, -1), (300, 101)] {
            assert_eq!(reasons(tenure, present, None).unwrap_err().code, Code::NumberInvalid);
        }
    }

    #[test]
    fn who_is_not_rated_gets_a_b_in_part_or_nothing() {
        let bonus = |base: i64, not_rated| {
            let settings = BonusSettings { not_rated, ..BonusSettings::default() };
            let [k_org, half] = [12, 5].map(|tenths| Exact::scaled(tenths, 1));
            bonus_not_rated(&base.into(), &k_org, &half, &settings).map(|paid| paid.to_string())
        };
        assert_eq!(bonus(10_000, BonusNotRated::ProratedB).unwrap(), "6000.00");
        assert_eq!(bonus(10_000, BonusNotRated::None).unwrap(), "0.00");
        let error = bonus(-1, BonusNotRated::None).unwrap_err();
        assert_eq!(error.code, Code::AmountInvalid);
    }
}
