//! How much progress is expected by a day. Implements the expected progress of G.1.

use super::Level;
use crate::core::calendar::Period;
use crate::core::error::{Code, DomainError, Result};
use crate::core::number::Exact;
use crate::scoring::settings::RiskSettings;
use crate::scoring::weights;
use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};

/// A period and one day on which it is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// The period of the work.
    pub period: Period,
    /// The day of the evaluation.
    pub today: NaiveDate,
}

impl Moment {
    /// Number of days of the period that have passed, including `today`; 0 before the start.
    pub(super) fn elapsed(&self) -> Exact {
        self.period.elapsed(self.today).clamp(0, self.period.days()).into()
    }

    /// Number of days of the period after `today`.
    pub(super) fn left(&self) -> Exact {
        self.total() - self.elapsed()
    }

    /// Number of days of the period.
    pub(super) fn total(&self) -> Exact {
        self.period.days().into()
    }

    /// Whether `today` is after the last day.
    pub(super) fn is_past_end(&self) -> bool {
        self.today > self.period.end()
    }

    /// Whether at least `percent` percent of the period have passed.
    pub(super) fn has_gone(&self, percent: &Exact) -> bool {
        self.elapsed() * Exact::from(100) >= percent * self.total()
    }

    /// Progress expected by `today`, 0 to 1: by the plan or, without one, in proportion to time.
    pub(super) fn expected(&self, plan: Option<&Plan>) -> Result<Exact> {
        match plan {
            Some(plan) => plan.share(self),
            // A period has at least one day, so the quotient exists.
            None => Ok(self.elapsed().checked_div(&self.total()).unwrap_or_default()),
        }
    }

    /// Whether it is too early for a level: only few days or a small part of the period have
    /// passed, or no progress is expected yet.
    pub(super) fn in_grace(&self, expected: &Exact, settings: &RiskSettings) -> bool {
        let days = self.period.elapsed(self.today);
        days < i64::from(settings.grace_days)
            || !self.has_gone(&settings.grace_pct)
            || expected.is_zero()
    }
}

/// The level of an SPI, which is actual divided by expected progress.
pub(super) fn spi_level(spi: &Exact, settings: &RiskSettings) -> Level {
    level(spi, [&settings.spi_green, &settings.spi_yellow, &settings.spi_orange])
}

/// Green, yellow or orange from their lower bounds on, else red.
pub(super) fn level(value: &Exact, [green, yellow, orange]: [&Exact; 3]) -> Level {
    if value >= green {
        Level::Green
    } else if value >= yellow {
        Level::Yellow
    } else if value >= orange {
        Level::Orange
    } else {
        Level::Red
    }
}

/// Planned cumulative progress on certain dates, with linear interpolation between them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<(NaiveDate, Exact)>", into = "Vec<(NaiveDate, Exact)>")]
pub struct Plan(Vec<(NaiveDate, Exact)>);

impl Plan {
    /// A plan from `(date, share)` points; shares are from 0 to 1.
    ///
    /// # Errors
    /// `EMPTY_INPUT` without points; `DATE_INVALID` unless dates strictly increase;
    /// `KPI_POINTS_INVALID` for a share that decreases or lies outside 0 to 1.
    pub fn new(points: Vec<(NaiveDate, Exact)>) -> Result<Plan> {
        if points.is_empty() {
            return Err(Code::EmptyInput.because("a plan needs a point"));
        }
        if !points.is_sorted_by(|(date, _), (next, _)| date < next) {
            return Err(Code::DateInvalid.because("the dates of a plan must increase"));
        }
        let within = Exact::default()..=Exact::from(1);
        let rises = points.is_sorted_by(|(_, share), (_, next)| share <= next);
        if !rises || points.iter().any(|(_, share)| !within.contains(share)) {
            return Err(
                Code::KpiPointsInvalid.because("the shares of a plan must rise within 0..1")
            );
        }
        Ok(Plan(points))
    }

    /// Checks that every point lies in the period that the plan is for.
    ///
    /// # Errors
    /// `DATE_INVALID` otherwise, also for a point on the day before the period.
    pub fn check_within(&self, period: Period) -> Result<()> {
        match self.0.iter().find(|(date, _)| !period.contains(*date)) {
            Some((date, _)) => {
                Err(Code::DateInvalid.because(format!("the plan has a point outside: {date}")))
            }
            None => Ok(()),
        }
    }

    /// The planned share at a moment. It is 0 on the day before the period, and stays the same
    /// after the last point.
    fn share(&self, moment: &Moment) -> Result<Exact> {
        let Moment { period, today } = *moment;
        let eve = period.start().checked_sub_days(Days::new(1)).unwrap_or(period.start());
        let nothing = Exact::default();
        let mut last = (eve, &nothing);
        if today <= eve {
            return Ok(nothing);
        }
        for (date, share) in &self.0 {
            if today <= *date {
                let [gone, left] = [today - last.0, *date - today].map(|d| d.num_days().into());
                return weights::weighted_mean([(&left, last.1), (&gone, share)]);
            }
            last = (*date, share);
        }
        Ok(last.1.clone())
    }
}

impl TryFrom<Vec<(NaiveDate, Exact)>> for Plan {
    type Error = DomainError;
    fn try_from(points: Vec<(NaiveDate, Exact)>) -> Result<Plan> {
        Plan::new(points)
    }
}

impl From<Plan> for Vec<(NaiveDate, Exact)> {
    fn from(plan: Plan) -> Vec<(NaiveDate, Exact)> {
        plan.0
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::scoring::risk) fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    /// The first quarter of 2025 (90 days), looked at on the day `today`.
    pub(in crate::scoring::risk) fn quarter(today: &str) -> Moment {
        let period = Period::new(date("2025-01-01"), date("2025-03-31")).unwrap();
        Moment { period, today: date(today) }
    }

    pub(in crate::scoring::risk) fn plan(points: &[(&str, &str)]) -> Result<Plan> {
        let point = |(day, share): &(&str, &str)| (date(day), share.parse().unwrap());
        Plan::new(points.iter().map(point).collect())
    }

    fn expected(today: &str, plan: Option<&Plan>) -> String {
        quarter(today).expected(plan).unwrap().to_string()
    }

    #[test]
    fn time_runs_from_nothing_to_all() {
        for (today, share) in [
            ("2024-12-31", "0"),
            ("2025-01-01", "1/90"),
            ("2025-02-14", "0.5"),
            ("2025-03-31", "1"),
            ("2025-12-31", "1"),
        ] {
            assert_eq!(expected(today, None), share);
        }
    }

    #[test]
    fn a_plan_is_followed_on_straight_lines() {
        let plan = plan(&[
            ("2024-06-01", "0.05"),
            ("2025-01-31", "0.10"),
            ("2025-02-28", "0.30"),
            ("2025-03-15", "0.90"),
        ]);
        let plan = plan.unwrap();
        for (today, share) in [
            ("2024-11-30", "0"),
            ("2024-12-31", "0"),
            ("2025-01-31", "0.1"),
            ("2025-02-14", "0.2"),
            ("2025-03-31", "0.9"),
        ] {
            assert_eq!(expected(today, Some(&plan)), share, "{today}");
        }
    }

    #[test]
    fn a_plan_that_goes_back_is_refused() {
        for (points, code) in [
            (&[][..], Code::EmptyInput),
            (&[("2025-02-01", "0.1"), ("2025-02-01", "0.2")], Code::DateInvalid),
            (&[("2025-02-01", "0.2"), ("2025-03-01", "0.1")], Code::KpiPointsInvalid),
            (&[("2025-02-01", "1.1")], Code::KpiPointsInvalid),
            (&[("2025-02-01", "-0.1")], Code::KpiPointsInvalid),
        ] {
            assert_eq!(plan(points).unwrap_err().code, code);
        }
        assert!(serde_json::from_str::<Plan>("[]").is_err());
    }
}
