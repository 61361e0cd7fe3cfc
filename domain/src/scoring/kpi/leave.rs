//! Targets of people who were on leave.

use crate::core::error::{Code, Result};
use crate::core::number::{Exact, Rounding};
use crate::scoring::settings::LeaveSettings;
use rust_decimal::Decimal;

/// A leave of some kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leave {
    /// Kind of the leave, for example `maternity`.
    pub kind: String,
    /// Days of the period on this leave.
    pub days: u32,
}

/// The target of a person for the days that protected leave (`leave.protected`) left, 4 places;
/// `None` when it left none. Other leave changes nothing. Implements the leave rule of K2.
///
/// # Errors
/// `COUNT_INVALID` for a period of 0 days, or for more days of leave than the period has;
/// `NUMBER_OVERFLOW`.
pub fn target_after_leave(
    target: &Exact,
    period_days: u32,
    leave: &[Leave],
    settings: &LeaveSettings,
) -> Result<Option<Decimal>> {
    let period = u64::from(period_days);
    let protected = leave.iter().filter(|it| settings.protected.contains(&it.kind));
    let absent: u64 = protected.map(|it| u64::from(it.days)).sum();
    if period == 0 || absent > period || leave.iter().any(|it| it.days > period_days) {
        let detail = format!("the leave does not fit into {period_days} days");
        return Err(Code::CountInvalid.because(detail));
    }
    let present = Exact::from(period - absent);
    if present.is_zero() {
        return Ok(None);
    }
    let prorated = (target * present).checked_div(&Exact::from(period));
    prorated.map(|target| target.round(4, Rounding::HalfUp)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(period: u32, leave: &[(&str, u32)]) -> Result<Option<String>> {
        let leave: Vec<_> =
            leave.iter().map(|(kind, days)| Leave { kind: (*kind).into(), days: *days }).collect();
        let target = target_after_leave(&Exact::from(900), period, &leave, &Default::default())?;
        Ok(target.map(|target| target.to_string()))
    }

    #[test]
    fn only_protected_leave_prorates() {
        assert_eq!(target(90, &[("sick", 90)]), Ok(Some("900.0000".into())));
        assert_eq!(target(90, &[("maternity", 30), ("sick", 30)]), Ok(Some("600.0000".into())));
        assert_eq!(target(90, &[("maternity", 45), ("maternity", 45)]), Ok(None));
    }

    #[test]
    fn leave_fits_into_the_period() {
        for (period, leave) in [
            (0, &[][..]),
            (90, &[("maternity", 91)]),
            (90, &[("sick", 91)]),
            (1, &[("maternity", 1); 2]),
        ] {
            assert_eq!(target(period, leave).unwrap_err().code, Code::CountInvalid);
        }
    }
}
