//! Threshold, target and stretch (门槛/目标/挑战) with linear interpolation between them.

use crate::core::error::{Code, Result};
use crate::core::number::Exact;
use crate::scoring::settings::{KpiSettings, ThresholdBelow};
use crate::scoring::trace::{Record, Rule};
use core::cmp::Ordering;
use serde::{Deserialize, Serialize};

/// A value and its score.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// The value, in the indicator's unit.
    pub value: Exact,
    /// Score of the value.
    pub score: Exact,
}

/// Points from worst to best, joined by straight lines. Implements B.4.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Points {
    /// At least two points; values strictly increase or strictly decrease, scores strictly
    /// increase.
    pub points: Vec<Point>,
}

impl Points {
    /// Threshold, target and stretch with the usual scores 60, 100 and 120.
    pub fn at(values: [Exact; 3]) -> Points {
        let scores = [60, 100, 120].map(Exact::from);
        let point = |(value, score)| Point { value, score };
        Points { points: values.into_iter().zip(scores).map(point).collect() }
    }

    /// Checks the order of values and scores.
    ///
    /// # Errors
    /// `EMPTY_INPUT` without points, `KPI_POINTS_INVALID` otherwise.
    pub fn validate(&self) -> Result<()> {
        let (first, last) = self.ends()?;
        let course = last.value.cmp(&first.value);
        let ordered = self.points.is_sorted_by(|worse, better| {
            better.value.cmp(&worse.value) == course && better.score > worse.score
        });
        if course == Ordering::Equal || !ordered {
            return Err(Code::KpiPointsInvalid
                .because("values must strictly rise or fall and scores strictly rise"));
        }
        Ok(())
    }

    pub(super) fn raw(
        &self,
        actual: &Exact,
        kpi: &KpiSettings,
        record: &mut impl Record,
    ) -> Result<Exact> {
        let (first, last) = self.ends()?;
        let falling = last.value < first.value;
        let reaches = |point: &Point| {
            if falling { *actual <= point.value } else { *actual >= point.value }
        };
        if !reaches(first) {
            let score = match kpi.threshold_below {
                ThresholdBelow::Zero => Exact::from(0),
                ThresholdBelow::ThresholdScore => first.score.clone(),
            };
            return Ok(record.step(Rule::BelowThreshold, score));
        }
        let segments = self.points.iter().zip(self.points.iter().skip(1));
        let open = segments.into_iter().find(|(_, to)| !reaches(to));
        let score = match open {
            None => last.score.clone(),
            Some((from, to)) => {
                let climbed = (actual - &from.value) * (&to.score - &from.score);
                let share = climbed.checked_div(&(&to.value - &from.value));
                &from.score + share.unwrap_or_default()
            }
        };
        Ok(record.step(Rule::Interpolated, score))
    }

    fn ends(&self) -> Result<(&Point, &Point)> {
        match self.points.as_slice() {
            [] => Err(Code::EmptyInput.because("there are no points")),
            [_] => Err(Code::KpiPointsInvalid.because("at least two points are needed")),
            [first, .., last] => Ok((first, last)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(values: &[(&str, &str)]) -> Points {
        let point = |&(value, score): &(&str, &str)| Point {
            value: value.parse().unwrap(),
            score: score.parse().unwrap(),
        };
        Points { points: values.iter().map(point).collect() }
    }

    fn score(points: &Points, actual: &str, below: ThresholdBelow) -> String {
        let kpi = KpiSettings { threshold_below: below, ..Default::default() };
        points.raw(&actual.parse().unwrap(), &kpi, &mut ()).unwrap().to_string()
    }

    #[test]
    fn lines_join_the_points_in_either_direction() {
        let rising = Points::at([80.into(), 100.into(), 120.into()]);
        let falling = points(&[("5", "60"), ("3", "100"), ("0", "120")]);
        for (method, actual, expected) in [
            (&rising, "79.99", "0"),
            (&rising, "80", "60"),
            (&rising, "90", "80"),
            (&rising, "100", "100"),
            (&rising, "110", "110"),
            (&rising, "130", "120"),
            (&falling, "5.01", "0"),
            (&falling, "5", "60"),
            (&falling, "4", "80"),
            (&falling, "0", "120"),
            (&falling, "-1", "120"),
        ] {
            assert_eq!(score(method, actual, ThresholdBelow::Zero), expected, "{actual}");
        }
        assert_eq!(score(&rising, "10", ThresholdBelow::ThresholdScore), "60");
    }

    #[test]
    fn order_is_checked() {
        let code = |values: &[(&str, &str)]| points(values).validate().unwrap_err().code;
        assert_eq!(code(&[]), Code::EmptyInput);
        for broken in [
            &[("1", "60")][..],
            &[("1", "60"), ("1", "100")],
            &[("1", "60"), ("3", "80"), ("2", "100")],
            &[("1", "60"), ("2", "60")],
            &[("1", "100"), ("2", "60")],
        ] {
            assert_eq!(code(broken), Code::KpiPointsInvalid);
        }
    }
}
