//! Cumulative figures that should stay low, such as cost and complaints. Implements G.3.

use super::Level;
use super::schedule::{Moment, spi_level};
use crate::core::error::{Code, Result};
use crate::core::number::{Exact, Rounding};
use crate::scoring::settings::RiskSettings;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// A cumulative figure for which lower is better.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BurnState {
    /// Period and day of the evaluation.
    pub moment: Moment,
    /// The figure so far.
    pub actual: Exact,
    /// The limit of the figure for the whole period.
    pub target: Exact,
}

/// How fast a figure grows towards its limit. Figures that cannot be computed are `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BurnRisk {
    /// Share of the period that has passed, 0 to 1, 4 places.
    pub expected: Decimal,
    /// Share of the target that is used up, 4 places; `None` when the target is 0.
    pub used: Option<Decimal>,
    /// SPI: expected share divided by used share, 4 places; `None` while nothing is used.
    pub spi: Option<Decimal>,
    /// The figure at the end of the period if it goes on at this rate, 2 places.
    pub projected: Option<Decimal>,
    /// Level by SPI; red at once when more than the target is used.
    pub level: Level,
}

/// Computes the level of a cumulative figure.
///
/// With a target of 0 the level is green while nothing is used, and red from then on.
///
/// # Errors
/// `KPI_TARGET_NEGATIVE` for a negative target; `NUMBER_OVERFLOW`.
pub fn burn_risk(state: &BurnState, settings: &RiskSettings) -> Result<BurnRisk> {
    let BurnState { moment, actual, target } = state;
    if target.is_negative() {
        return Err(Code::KpiTargetNegative.because(format!("the target {target} is negative")));
    }
    let expected = moment.expected(None)?;
    let used = actual.checked_div(target);
    let spi = used.as_ref().filter(|used| used.is_positive()).and_then(|u| expected.checked_div(u));
    let level = if actual > target {
        Level::Red
    } else if target.is_zero() {
        Level::Green
    } else if moment.in_grace(&expected, settings) {
        Level::Grace
    } else {
        spi.as_ref().map_or(Level::Green, |spi| spi_level(spi, settings))
    };
    let judged = level != Level::Grace;
    let projected = (actual * moment.total()).checked_div(&moment.elapsed());
    let shown = |value: Option<Exact>, places| {
        value.map(|value| value.round(places, Rounding::HalfUp)).transpose()
    };
    Ok(BurnRisk {
        expected: expected.round(4, Rounding::HalfUp)?,
        used: shown(used, 4)?,
        spi: shown(spi.filter(|_| judged), 4)?,
        projected: shown(projected.filter(|_| judged), 2)?,
        level,
    })
}

#[cfg(test)]
mod tests {
    use super::super::schedule::tests::quarter;
    use super::*;
    use proptest::prelude::*;

    fn judged(today: &str, actual: &str, target: &str) -> (String, Level) {
        let exact = |text: &str| text.parse().unwrap();
        let state =
            BurnState { moment: quarter(today), actual: exact(actual), target: exact(target) };
        let risk = burn_risk(&state, &RiskSettings::default()).unwrap();
        let figures = [Some(risk.expected), risk.used, risk.spi, risk.projected];
        let shown = figures.map(|figure| figure.map_or("-".into(), |value| value.to_string()));
        (shown.join(" "), risk.level)
    }

    #[test]
    fn spending_is_compared_with_time() {
        for (today, actual, figures, level) in [
            ("2025-02-14", "72", "0.5000 0.6000 0.8333 144.00", Level::Yellow),
            ("2025-02-14", "60", "0.5000 0.5000 1.0000 120.00", Level::Green),
            ("2025-02-14", "120", "0.5000 1.0000 0.5000 240.00", Level::Orange),
            ("2025-02-14", "121", "0.5000 1.0083 0.4959 242.00", Level::Red),
            ("2025-04-30", "100", "1.0000 0.8333 1.2000 100.00", Level::Green),
        ] {
            assert_eq!(judged(today, actual, "120"), (figures.into(), level));
        }
    }

    #[test]
    fn nothing_used_or_refunded_is_green() {
        assert_eq!(judged("2025-02-14", "0", "120").0, "0.5000 0.0000 - 0.00");
        assert_eq!(
            judged("2025-02-14", "-6", "120"),
            ("0.5000 -0.0500 - -12.00".into(), Level::Green)
        );
    }

    #[test]
    fn early_days_are_judged_only_when_all_is_used() {
        assert_eq!(judged("2025-01-02", "100", "120"), ("0.0222 0.8333 - -".into(), Level::Grace));
        assert_eq!(judged("2025-01-02", "121", "120").1, Level::Red);
        assert_eq!(
            judged("2024-12-30", "121", "120"),
            ("0.0000 1.0083 0.0000 -".into(), Level::Red)
        );
    }

    #[test]
    fn a_target_of_zero_is_kept_or_broken() {
        assert_eq!(judged("2025-01-02", "0", "0"), ("0.0222 - - 0.00".into(), Level::Green));
        assert_eq!(judged("2025-02-14", "1", "0"), ("0.5000 - - 2.00".into(), Level::Red));
        let negative =
            BurnState { moment: quarter("2025-02-14"), actual: 0.into(), target: (-1).into() };
        let error = burn_risk(&negative, &RiskSettings::default()).unwrap_err();
        assert_eq!(error.code, Code::KpiTargetNegative);
    }

    proptest! {
        #[test]
        fn using_more_is_never_less_worrying(
            day in 0..120_u64, low in 0..20_000_i64, more in 0..20_000_i64,
        ) {
            let level = |actual: i64| {
                let mut moment = quarter("2025-01-01");
                moment.today = moment.today + chrono::Days::new(day);
                let (actual, target) = (Exact::scaled(actual, 2), 120.into());
                let state = BurnState { moment, actual, target };
                burn_risk(&state, &RiskSettings::default()).unwrap().level
            };
            prop_assert!(level(low) <= level(low + more));
        }
    }
}
