//! Whether there are enough people for the work of a plan. Implements the feasibility check of C.7.

use crate::core::error::{Code, Result};
use crate::core::number::{Exact, Rounding};
use crate::scoring::settings::FeasibilitySettings;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// The work of a plan and the people who are to do it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Work in person-days.
    pub effort: Exact,
    /// Number of people; part-time people count as fractions.
    pub people: Exact,
    /// Number of working days of the period.
    pub workdays: Exact,
}

/// How the work of a plan compares with its capacity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Verdict {
    /// There is enough capacity.
    Ok,
    /// The plan uses more than `feasibility.tight_pct` of its capacity.
    Tight,
    /// The plan needs more than 100 % of its capacity.
    Infeasible,
}

/// How much of its capacity a plan uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feasibility {
    /// Utilisation in percent, 1 place.
    pub utilisation: Decimal,
    /// Verdict on the exact utilisation.
    pub verdict: Verdict,
}

/// Compares the effort of a plan with `people * workdays * availability`.
///
/// # Errors
/// `COUNT_INVALID` for a negative number, `CAPACITY_ZERO` when people, workdays or availability are
/// 0.
pub fn feasibility(plan: &Plan, settings: &FeasibilitySettings) -> Result<Feasibility> {
    let numbers = [&plan.effort, &plan.people, &plan.workdays, &settings.availability];
    if let Some(negative) = numbers.into_iter().find(|number| number.is_negative()) {
        return Err(Code::CountInvalid.because(format!("{negative} is negative")));
    }
    let capacity = &plan.people * &plan.workdays * &settings.availability;
    let percent = (&plan.effort * Exact::from(100))
        .checked_div(&capacity)
        .ok_or_else(|| Code::CapacityZero.because("the capacity is 0"))?;
    let verdict = if percent > Exact::from(100) {
        Verdict::Infeasible
    } else if percent > settings.tight_pct {
        Verdict::Tight
    } else {
        Verdict::Ok
    };
    Ok(Feasibility { utilisation: percent.round(1, Rounding::HalfUp)?, verdict })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(effort: &str, people: &str, workdays: &str) -> Result<(String, Verdict)> {
        let exact = |text: &str| text.parse::<Exact>().unwrap();
        let plan = Plan { effort: exact(effort), people: exact(people), workdays: exact(workdays) };
        let result = feasibility(&plan, &FeasibilitySettings::default())?;
        Ok((result.utilisation.to_string(), result.verdict))
    }

    #[test]
    fn limits_belong_to_the_better_verdict() {
        for (effort, utilisation, verdict) in [
            ("400", "757.6", Verdict::Infeasible),
            ("40", "75.8", Verdict::Ok),
            ("44.88", "85.0", Verdict::Ok),
            ("44.89", "85.0", Verdict::Tight),
            ("52.8", "100.0", Verdict::Tight),
            ("52.801", "100.0", Verdict::Infeasible),
            ("0", "0.0", Verdict::Ok),
        ] {
            assert_eq!(check(effort, "3", "22").unwrap(), (utilisation.into(), verdict));
        }
    }

    #[test]
    fn without_capacity_there_is_no_utilisation() {
        assert_eq!(check("1", "0", "22").unwrap_err().code, Code::CapacityZero);
        assert_eq!(check("1", "3", "0").unwrap_err().code, Code::CapacityZero);
        assert_eq!(check("1", "-3", "22").unwrap_err().code, Code::CountInvalid);
        assert_eq!(check("-1", "3", "0").unwrap_err().code, Code::CountInvalid);
    }
}
