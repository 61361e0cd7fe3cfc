//! From an actual value to a score. Implements part B.
//!
//! Each method turns an actual value into a raw score. All methods end alike: the raw score is
//! limited to `kpi.floor`..`kpi.cap` and then rounded to 2 places, unless the policy rounds only
//! totals.

mod banded;
mod baseline;
mod interval;
mod leave;
mod milestones;
mod occurrence;
mod points;
mod ratio;
mod segments;
mod steps;
mod total;

pub use banded::{BandOn, Banded};
pub use baseline::Baseline;
pub use interval::Interval;
pub use leave::{Leave, target_after_leave};
pub use milestones::{Milestone, MilestoneRecord, Milestones, Outcome};
pub use occurrence::Occurrence;
pub use points::{Point, Points};
pub use ratio::Ratio;
pub use segments::{Division, Segment, TargetSegment, target_change, time_weighted};
pub use steps::{StepUnit, Steps};
pub(crate) use total::total_recorded;
pub use total::{
    Adjustments, ClaimedVeto, Extra, FormWarning, Item, Mark, Total, Veto, check_form, final_grade,
    form_warnings, total,
};

use crate::core::error::{Code, DomainError, Result};
use crate::core::number::Exact;
use crate::scoring::settings::{RoundStage, ScoreSettings, Settings};
use crate::scoring::trace::{Record, Rule};
use crate::text_enum;
use serde::{Deserialize, Serialize};

text_enum! {
    /// Whether higher or lower is better.
    #[derive(Default)]
    pub enum Direction {
        /// Higher is better (正向).
        #[default]
        Up = "up",
        /// Lower is better (反向).
        Down = "down",
    }
}

impl Direction {
    /// By how much `actual` is better than `target`; negative when it is worse.
    pub(crate) fn gain(self, actual: &Exact, target: &Exact) -> Exact {
        match self {
            Direction::Up => actual - target,
            Direction::Down => target - actual,
        }
    }
}

/// The method by which an indicator is scored, with all values agreed when the target was set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case")]
pub enum Method {
    /// Achievement relative to the target (B.1, B.2).
    Ratio(Ratio),
    /// Progress from a baseline to a target (B.2).
    Baseline(Baseline),
    /// A penalty for each occurrence (B.2).
    Occurrence(Occurrence),
    /// Values in an interval are best (B.3).
    Interval(Interval),
    /// Linear interpolation between threshold, target and stretch (B.4).
    Points(Points),
    /// A score for each band of values (B.5).
    Banded(Banded),
    /// Points for each step above or below the target (B.6).
    Steps(Box<Steps>),
    /// Credit for milestones (B.7). It holds its own results and needs no actual value.
    Milestones(Milestones),
    /// A rating of 1 to 5, converted by the policy's scale (B.8).
    Rating,
}

impl Method {
    /// Checks everything that can be checked when the target is set, before there is an actual
    /// value.
    ///
    /// # Errors
    /// The code of the method's section, for example `KPI_TARGET_ZERO`.
    pub fn validate(&self, settings: &Settings) -> Result<()> {
        match self {
            Method::Ratio(ratio) => ratio.validate(&settings.kpi),
            Method::Baseline(baseline) => baseline.validate(),
            Method::Occurrence(occurrence) => occurrence.validate(),
            Method::Interval(interval) => interval.validate(),
            Method::Points(points) => points.validate(),
            Method::Banded(banded) => banded.validate(&settings.kpi),
            Method::Steps(steps) => steps.validate(),
            Method::Milestones(milestones) => milestones.validate(),
            Method::Rating => Ok(()),
        }
    }

    /// The score, limited to floor and cap, and rounded unless `score.round_stage` is `total_only`.
    ///
    /// The score of [`Method::Steps`] is in points of its base, that of every other method in
    /// points of 100.
    ///
    /// # Errors
    /// The codes of [`validate`](Method::validate); then `KPI_ACTUAL_MISSING`; then `COUNT_INVALID`
    /// for an impossible count and `RATING_OUT_OF_RANGE` for a rating.
    pub fn score(&self, actual: Option<&Exact>, settings: &Settings) -> Result<Exact> {
        self.score_recorded(actual, settings, &mut ())
    }

    /// Like [`score`](Method::score), but records every step.
    pub(crate) fn score_recorded(
        &self,
        actual: Option<&Exact>,
        settings: &Settings,
        record: &mut impl Record,
    ) -> Result<Exact> {
        self.validate(settings)?;
        let present = || actual.ok_or_else(missing);
        let kpi = &settings.kpi;
        let raw = match self {
            Method::Ratio(ratio) => ratio.raw(present()?, kpi, record)?,
            Method::Baseline(baseline) => baseline.raw(present()?, record)?,
            Method::Occurrence(occurrence) => occurrence.raw(present()?, record)?,
            Method::Interval(interval) => interval.raw(present()?, record)?,
            Method::Points(points) => points.raw(present()?, kpi, record)?,
            Method::Banded(banded) => banded.raw(present()?, kpi, record)?,
            Method::Steps(steps) => steps.raw(present()?, kpi, record)?,
            Method::Milestones(milestones) => milestones.raw(kpi, record)?,
            Method::Rating => {
                record.step(Rule::RatingScore, settings.scale().rating_score(present()?)?)
            }
        };
        let limited = record.step(Rule::Limits, limited(raw, settings));
        Ok(rounded_item(limited, &settings.score, record))
    }
}

/// The value that a method aims at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aim {
    /// The value that earns full marks.
    pub target: Exact,
    /// Whether higher or lower is better; `None` where values on both sides of the target are
    /// worse.
    pub direction: Option<Direction>,
}

impl Method {
    /// The value to reach; `None` for a rating, which has no target.
    pub fn aim(&self) -> Option<Aim> {
        let aim = |target: &Exact, direction| Some(Aim { target: target.clone(), direction });
        let towards = |from: &Exact, to: &Exact| {
            Some(if to < from { Direction::Down } else { Direction::Up })
        };
        match self {
            Method::Ratio(ratio) => aim(&ratio.target, Some(ratio.direction)),
            Method::Baseline(Baseline { baseline, target }) => {
                aim(target, towards(baseline, target))
            }
            Method::Occurrence(_) => aim(&0.into(), Some(Direction::Down)),
            Method::Interval(interval) => aim(&interval.low, None),
            Method::Points(Points { points }) => {
                let (first, last) = (points.first()?, points.last()?);
                let full = points.iter().find(|point| point.score >= 100.into()).unwrap_or(last);
                aim(&full.value, towards(&first.value, &last.value))
            }
            Method::Banded(Banded { on: BandOn::Achievement(ratio), .. }) => {
                aim(&ratio.target, Some(ratio.direction))
            }
            Method::Banded(banded) => banded.aim(),
            Method::Steps(steps) => aim(&steps.target, Some(steps.direction)),
            Method::Milestones(_) => aim(&100.into(), Some(Direction::Up)),
            Method::Rating => None,
        }
    }

    /// The score for meeting the target: the base of [`Method::Steps`], 100 for the other methods.
    pub fn full_marks(&self) -> Exact {
        match self {
            Method::Steps(steps) => steps.base.clone(),
            _ => 100.into(),
        }
    }
}

/// Limits a score to `kpi.floor`..`kpi.cap`.
pub(crate) fn limited(raw: Exact, settings: &Settings) -> Exact {
    raw.max(settings.kpi.floor.clone()).min(settings.kpi.cap.clone())
}

/// Rounds a score to 2 places if the policy rounds items.
pub(crate) fn rounded_item(
    score: Exact,
    settings: &ScoreSettings,
    record: &mut impl Record,
) -> Exact {
    match settings.round_stage {
        RoundStage::ItemAndTotal => record.step(Rule::Rounded, score.rounded(2, settings.rounding)),
        RoundStage::TotalOnly => score,
    }
}

fn missing() -> DomainError {
    Code::KpiActualMissing.because("no actual value was recorded")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scoring::settings::RoundStage;
    use proptest::prelude::*;

    fn exact(text: &str) -> Exact {
        text.parse().unwrap()
    }

    fn ratio(direction: Direction) -> Method {
        Method::Ratio(Ratio { target: 3.into(), direction })
    }

    #[test]
    fn a_missing_actual_comes_after_a_broken_target() {
        let settings = Settings::default();
        let code = |method: Method| method.score(None, &settings).unwrap_err().code;
        assert_eq!(code(ratio(Direction::Up)), Code::KpiActualMissing);
        assert_eq!(code(Method::Rating), Code::KpiActualMissing);
        let zero = Method::Ratio(Ratio { target: 0.into(), direction: Direction::Up });
        assert_eq!(code(zero), Code::KpiTargetZero);
    }

    #[test]
    fn what_a_method_asks_for_is_its_full_score_and_the_way_there() {
        use Direction::{Down, Up};
        let told = |method: Method| method.aim().map(|aim| (aim.target, aim.direction));
        let baseline = |from: i32, to: i32| {
            Method::Baseline(Baseline { baseline: from.into(), target: to.into() })
        };
        assert_eq!(told(baseline(10, 4)), Some((4.into(), Some(Down))));
        assert_eq!(told(baseline(4, 10)), Some((10.into(), Some(Up))));
        assert_eq!(told(baseline(4, 4)), Some((4.into(), Some(Up))));
        let points = |values: [i32; 3]| Method::Points(Points::at(values.map(Exact::from)));
        assert_eq!(told(points([80, 90, 99])), Some((90.into(), Some(Up))));
        assert_eq!(told(points([9, 5, 2])), Some((5.into(), Some(Down))));
        assert_eq!(told(Method::Rating), None);
    }

    #[test]
    fn items_stay_exact_when_only_totals_are_rounded() {
        let mut settings = Settings::default();
        let two = exact("2");
        assert_eq!(ratio(Direction::Up).score(Some(&two), &settings).unwrap(), exact("66.67"));
        settings.score.round_stage = RoundStage::TotalOnly;
        let score = ratio(Direction::Up).score(Some(&two), &settings).unwrap();
        assert_eq!(score.to_string(), "200/3");
    }

    #[test]
    fn a_rating_goes_through_the_scale() {
        let settings = Settings::default();
        assert_eq!(Method::Rating.score(Some(&exact("3.6")), &settings).unwrap(), exact("106"));
        let error = Method::Rating.score(Some(&exact("0")), &settings).unwrap_err();
        assert_eq!(error.code, Code::RatingOutOfRange);
    }

    /// Every method that uses a number, with "higher is better".
    fn rising_methods() -> Vec<Method> {
        vec![
            ratio(Direction::Up),
            Method::Baseline(Baseline { baseline: (-2).into(), target: 5.into() }),
            Method::Points(Points::at([exact("-1"), exact("4"), exact("9")])),
            Method::Banded(Banded {
                bounds: vec![0.into(), 5.into()],
                scores: vec![10.into(), 80.into(), 110.into()],
                on: BandOn::Actual,
            }),
            Method::Steps(Box::new(Steps::of(exact("4"), exact("30"), exact("3")))),
        ]
    }

    proptest! {
        #[test]
        fn scores_are_limited_and_monotone(low in -3000..3000_i64, rise in 0..3000_i64) {
            let settings = Settings::default();
            let score = |method: &Method, actual: i64| {
                method.score(Some(&Exact::scaled(actual, 2)), &settings).unwrap()
            };
            for method in rising_methods() {
                let (lower, higher) = (score(&method, low), score(&method, low + rise));
                prop_assert!(lower <= higher, "{method:?}");
                prop_assert!(lower >= 0.into() && higher <= 120.into(), "{method:?}");
            }
            let down = ratio(Direction::Down);
            prop_assert!(score(&down, low) >= score(&down, low + rise));
        }

        #[test]
        fn meeting_the_target_is_100_in_every_ratio(target in (-10_000..10_000_i64).prop_filter("not 0", |t| *t != 0)) {
            let target = Exact::scaled(target, 2);
            for direction in [Direction::Up, Direction::Down] {
                let method = Method::Ratio(Ratio { target: target.clone(), direction });
                let score = method.score(Some(&target), &Settings::default()).unwrap();
                prop_assert_eq!(score, Exact::from(100));
            }
        }
    }
}
