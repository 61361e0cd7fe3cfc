//! Whether a goal will be reached in time. Implements G.1 and G.2.

use super::Level;
use super::schedule::{Moment, Plan, level, spi_level};
use crate::core::calendar::days_after;
use crate::core::error::{Code, Result};
use crate::core::number::{Exact, Rounding};
use crate::scoring::settings::RiskSettings;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// The state of a goal on one day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoalState {
    /// Period and day of the evaluation.
    pub moment: Moment,
    /// Progress on that day, 0 to 1.
    pub progress: Exact,
    /// Progress `risk.recent_days` days earlier, if known.
    pub recent: Option<Exact>,
    /// Planned progress; without a plan, expected progress is proportional to time.
    pub plan: Option<Plan>,
}

/// How the progress of a goal compares with time. Figures that cannot be computed yet are `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoalRisk {
    /// Progress expected by that day, 0 to 1, 4 places.
    pub expected: Decimal,
    /// SPI: progress divided by expected progress, 4 places.
    pub spi: Option<Decimal>,
    /// Pace: progress per day, the mean of the overall and the recent pace, 6 places.
    pub pace: Option<Decimal>,
    /// Progress per day needed to reach the goal on the last day, 6 places.
    pub required_pace: Option<Decimal>,
    /// Progress at the end of the period if the pace stays the same, 0 to 1, 4 places.
    pub projected: Option<Decimal>,
    /// Day of completion if the pace stays the same; `None` when the goal is never completed.
    pub projected_date: Option<NaiveDate>,
    /// Days from the end of the period to completion; negative is early.
    pub delay_days: Option<i64>,
    /// The worse of the levels by SPI and by projected progress.
    pub level: Level,
}

/// Computes figures and level of a goal.
///
/// A completed goal is always green; a goal not completed after its end is red. With a plan, pace
/// and projection are reported but only SPI decides the level.
///
/// # Errors
/// `DATE_INVALID` for a point of the plan outside the period; `SETTING_INVALID` when
/// `risk.recent_days` is 0; `NUMBER_OVERFLOW`.
pub fn goal_risk(state: &GoalState, settings: &RiskSettings) -> Result<GoalRisk> {
    let GoalState { moment, progress, plan, .. } = state;
    if let Some(plan) = plan {
        plan.check_within(moment.period)?;
    }
    let expected = moment.expected(plan.as_ref())?;
    let spi = progress.checked_div(&expected);
    let blank = GoalRisk {
        expected: rounded(&expected, 4)?,
        spi: spi.as_ref().map(|spi| rounded(spi, 4)).transpose()?,
        pace: None,
        required_pace: None,
        projected: None,
        projected_date: None,
        delay_days: None,
        level: Level::Green,
    };
    if *progress >= Exact::from(1) {
        return Ok(GoalRisk { projected: Some(rounded(&Exact::from(1), 4)?), ..blank });
    }
    if moment.is_past_end() {
        return Ok(GoalRisk {
            projected: Some(rounded(&progress.clone().max(Exact::default()), 4)?),
            delay_days: Some((moment.today - moment.period.end()).num_days()),
            level: Level::Red,
            ..blank
        });
    }
    let Some(spi) = spi.filter(|_| !moment.in_grace(&expected, settings)) else {
        return Ok(GoalRisk { spi: None, level: Level::Grace, ..blank });
    };
    let scheduled = spi_level(&spi, settings);
    if !moment.has_gone(&settings.pace_after_pct) {
        return Ok(GoalRisk { level: scheduled, ..blank });
    }
    let forecast = Forecast::of(state, settings)?;
    let bounds = [&settings.pf_green, &settings.pf_yellow, &settings.pf_orange];
    let projected = if plan.is_some() { scheduled } else { level(&forecast.projected, bounds) };
    Ok(GoalRisk {
        pace: Some(rounded(&forecast.pace, 6)?),
        required_pace: forecast.required_pace.map(|pace| rounded(&pace, 6)).transpose()?,
        projected: Some(rounded(&forecast.projected, 4)?),
        projected_date: forecast.date,
        delay_days: forecast.date.map(|date| (date - moment.period.end()).num_days()),
        level: scheduled.max(projected),
        ..blank
    })
}

/// What happens to a goal if it keeps its present pace.
struct Forecast {
    pace: Exact,
    /// `None` on the last day, because no day is left.
    required_pace: Option<Exact>,
    projected: Exact,
    /// `None` when the goal is never completed.
    date: Option<NaiveDate>,
}

impl Forecast {
    fn of(state: &GoalState, settings: &RiskSettings) -> Result<Forecast> {
        let GoalState { moment, progress, recent, .. } = state;
        let per_day = |gain: Exact, days: Exact| {
            let pace = gain.checked_div(&days);
            pace.ok_or_else(|| Code::SettingInvalid.because("risk.recent_days must not be 0"))
        };
        let overall = per_day(progress.clone(), moment.elapsed())?;
        let pace = match recent {
            None => overall,
            Some(recent) => {
                let recent = per_day(progress - recent, settings.recent_days.into())?;
                (overall + recent) * Exact::scaled(5, 1)
            }
        };
        let (missing, left) = (Exact::from(1) - progress, moment.left());
        let gain = pace.clone().max(Exact::default()) * &left;
        Ok(Forecast {
            required_pace: missing.checked_div(&left),
            projected: (progress + gain).max(Exact::default()).min(Exact::from(1)),
            date: missing
                .checked_div(&pace)
                .filter(Exact::is_positive)
                .and_then(|days| days_after(moment.today, &days.ceil())),
            pace,
        })
    }
}

fn rounded(value: &Exact, places: u32) -> Result<Decimal> {
    value.round(places, Rounding::HalfUp)
}

#[cfg(test)]
mod tests {
    use super::super::schedule::tests::{date, plan, quarter};
    use super::*;
    use proptest::prelude::*;

    fn exact(text: &str) -> Exact {
        text.parse().unwrap()
    }

    fn state(today: &str, progress: &str, recent: Option<&str>) -> GoalState {
        GoalState {
            moment: quarter(today),
            progress: exact(progress),
            recent: recent.map(exact),
            plan: None,
        }
    }

    fn judged(state: &GoalState) -> GoalRisk {
        goal_risk(state, &RiskSettings::default()).unwrap()
    }

    /// Expected progress, SPI, pace, required pace, projection, date and delay as text; `-` is
    /// `None`.
    fn figures(risk: &GoalRisk) -> String {
        let shown = |value: Option<String>| value.unwrap_or("-".into());
        [
            risk.expected.to_string(),
            shown(risk.spi.map(|v| v.to_string())),
            shown(risk.pace.map(|v| v.to_string())),
            shown(risk.required_pace.map(|v| v.to_string())),
            shown(risk.projected.map(|v| v.to_string())),
            shown(risk.projected_date.map(|v| v.to_string())),
            shown(risk.delay_days.map(|v| v.to_string())),
        ]
        .join(" ")
    }

    #[test]
    fn pace_is_projected_to_the_end() {
        for (state, expected, level) in [
            (
                state("2025-02-14", "0.40", Some("0.34")),
                "0.5000 0.8000 0.006587 0.013333 0.6964 2025-05-17 47",
                Level::Orange,
            ),
            (
                state("2025-02-14", "0.20", Some("0.20")),
                "0.5000 0.4000 0.002222 0.017778 0.3000 2026-02-09 315",
                Level::Red,
            ),
            (
                state("2025-02-14", "0.60", None),
                "0.5000 1.2000 0.013333 0.008889 1.0000 2025-03-16 -15",
                Level::Green,
            ),
        ] {
            let risk = judged(&state);
            assert_eq!((figures(&risk).as_str(), risk.level), (expected, level));
        }
    }

    #[test]
    fn a_goal_that_stands_still_or_shrinks_is_never_reached() {
        let risk = judged(&state("2025-02-14", "0", None));
        assert_eq!(figures(&risk), "0.5000 0.0000 0.000000 0.022222 0.0000 - -");
        let risk = judged(&state("2025-02-14", "0.10", Some("0.40")));
        assert_eq!(figures(&risk), "0.5000 0.2000 -0.009603 0.020000 0.1000 - -");
        let risk = judged(&state("2025-02-14", "0.0000000000001", None));
        assert_eq!(risk.projected_date, None, "beyond the year 9999");
    }

    #[test]
    fn with_a_plan_the_plan_decides() {
        let points = [("2025-01-31", "0.10"), ("2025-02-28", "0.30"), ("2025-03-31", "1.00")];
        let planned = GoalState { plan: plan(&points).ok(), ..state("2025-02-14", "0.18", None) };
        let risk = judged(&planned);
        assert_eq!(figures(&risk), "0.2000 0.9000 0.004000 0.018222 0.3600 2025-09-07 160");
        assert_eq!(risk.level, Level::Green);
    }

    #[test]
    fn early_days_are_not_judged() {
        let risk = judged(&state("2025-01-06", "0.02", None));
        assert_eq!((figures(&risk).as_str(), risk.level), ("0.0667 - - - - - -", Level::Grace));
        // Day 8 is past 7 days, but not past 10 % of 90.
        assert_eq!(judged(&state("2025-01-08", "0", None)).level, Level::Grace);
        assert_eq!(judged(&state("2025-01-09", "0", None)).level, Level::Red);
        assert_eq!(judged(&state("2024-12-01", "0", None)).level, Level::Grace);
        let late_plan = plan(&[("2025-02-28", "0"), ("2025-03-31", "1")]).ok();
        let waiting = GoalState { plan: late_plan, ..state("2025-02-14", "0", None) };
        assert_eq!(judged(&waiting).level, Level::Grace);
    }

    #[test]
    fn pace_counts_from_a_quarter_of_the_period_on() {
        let before = judged(&state("2025-01-22", "0.20", None));
        assert_eq!((before.pace, before.projected, before.level), (None, None, Level::Yellow));
        assert!(judged(&state("2025-01-23", "0.20", None)).pace.is_some());
        // Exactly a quarter counts: day 2 of 8.
        let mut settings = RiskSettings { grace_days: 0, ..RiskSettings::default() };
        settings.grace_pct = exact("0");
        let mut short = state("2025-01-02", "0.20", None);
        short.moment.period =
            crate::core::calendar::Period::new(date("2025-01-01"), date("2025-01-08")).unwrap();
        assert!(goal_risk(&short, &settings).unwrap().pace.is_some());
    }

    #[test]
    fn what_is_done_is_green_and_what_is_overdue_is_red() {
        let done = judged(&state("2025-02-14", "1", None));
        assert_eq!(figures(&done), "0.5000 2.0000 - - 1.0000 - -");
        assert_eq!(done.level, Level::Green);
        assert_eq!(judged(&state("2025-06-30", "1.2", None)).level, Level::Green);
        assert_eq!(judged(&state("2025-01-01", "1", None)).level, Level::Green);

        let overdue = judged(&state("2025-04-03", "0.95", None));
        assert_eq!(figures(&overdue), "1.0000 0.9500 - - 0.9500 - 3");
        assert_eq!(overdue.level, Level::Red);
    }

    #[test]
    fn the_last_day_is_not_yet_too_late() {
        let risk = judged(&state("2025-03-31", "0.96", None));
        assert_eq!(figures(&risk), "1.0000 0.9600 0.010667 - 0.9600 2025-04-04 4");
        assert_eq!(risk.level, Level::Green);
    }

    #[test]
    fn a_recent_past_of_no_days_is_refused() {
        let settings = RiskSettings { recent_days: 0, ..RiskSettings::default() };
        let error = goal_risk(&state("2025-02-14", "0.4", Some("0.3")), &settings).unwrap_err();
        assert_eq!(error.code, Code::SettingInvalid);
    }

    proptest! {
        #[test]
        fn more_progress_is_never_more_worrying(
            day in 0..120_u64, low in 0..=100_i64, more in 0..=100_i64,
        ) {
            let at = |progress: i64| {
                let mut state = state("2025-01-01", "0", None);
                state.moment.today = state.moment.today + chrono::Days::new(day);
                state.progress = Exact::scaled(progress, 2);
                judged(&state)
            };
            let (behind, ahead) = (at(low), at(low + more));
            prop_assert!(ahead.level <= behind.level || behind.level == Level::Grace);
            for risk in [behind, ahead] {
                let projected = risk.projected.unwrap_or_default();
                prop_assert!(Decimal::ZERO <= projected && projected <= Decimal::ONE);
            }
        }
    }
}
