//! The banded method (区间/阶梯法): a score for each band of values.

use super::{Aim, Direction, Ratio};
use crate::core::error::{Code, DomainError, Result};
use crate::core::number::Exact;
use crate::scoring::settings::KpiSettings;
use crate::scoring::trace::{Record, Rule};
use serde::{Deserialize, Serialize};

/// Which number is compared with the bounds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BandOn {
    /// The actual value.
    #[default]
    Actual,
    /// The achievement rate in percent.
    Achievement(Ratio),
}

/// Bands without gaps or overlaps; a lower bound belongs to the band above it. Implements B.5.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Banded {
    /// Bounds between bands, strictly increasing.
    pub bounds: Vec<Exact>,
    /// Score of each band: one score more than bounds.
    pub scores: Vec<Exact>,
    /// Which number is compared with the bounds.
    #[serde(default)]
    pub on: BandOn,
}

impl Banded {
    /// Checks bounds, scores and, for achievement rates, the target.
    ///
    /// # Errors
    /// `EMPTY_INPUT` without bounds, `KPI_BANDS_INVALID` for bounds that do not increase or do not
    /// fit the scores, or the codes of [`Ratio::validate`].
    pub fn validate(&self, kpi: &KpiSettings) -> Result<()> {
        if self.bounds.is_empty() {
            return Err(Code::EmptyInput.because("there are no bounds"));
        }
        let rising = self.bounds.is_sorted_by(|low, high| low < high);
        if !rising || self.scores.len() != self.bounds.len() + 1 {
            return Err(invalid());
        }
        match &self.on {
            BandOn::Actual => Ok(()),
            BandOn::Achievement(ratio) => ratio.validate(kpi),
        }
    }

    /// The bound of the best band that is nearest to the other bands.
    pub(super) fn aim(&self) -> Option<Aim> {
        let scores = self.scores.iter().enumerate().rev();
        let (best, _) = scores.max_by_key(|(_, score)| *score)?;
        let direction = if best == 0 {
            Some(Direction::Down)
        } else {
            (best == self.bounds.len()).then_some(Direction::Up)
        };
        let target = self.bounds.get(best.saturating_sub(1))?.clone();
        Some(Aim { target, direction })
    }

    pub(super) fn raw(
        &self,
        actual: &Exact,
        kpi: &KpiSettings,
        record: &mut impl Record,
    ) -> Result<Exact> {
        let divided = match &self.on {
            BandOn::Actual => actual.clone(),
            BandOn::Achievement(ratio) => {
                ratio.achievement(actual, kpi, record)?.unwrap_or_else(|| kpi.cap.clone())
            }
        };
        let band = self.bounds.partition_point(|bound| *bound <= divided);
        let score = self.scores.get(band).cloned().ok_or_else(invalid)?;
        Ok(record.step(Rule::Band, score))
    }
}

fn invalid() -> DomainError {
    Code::KpiBandsInvalid.because("bounds must strictly rise, with one score more than bounds")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scoring::kpi::Direction;
    use crate::scoring::settings::ReverseVariant;

    fn banded(bounds: &[i32], scores: &[i32], on: BandOn) -> Banded {
        let exact = |values: &[i32]| values.iter().copied().map(Exact::from).collect();
        Banded { bounds: exact(bounds), scores: exact(scores), on }
    }

    fn score(method: &Banded, actual: &str) -> String {
        let kpi = KpiSettings::default();
        method.raw(&actual.parse().unwrap(), &kpi, &mut ()).unwrap().to_string()
    }

    #[test]
    fn the_aim_is_the_near_end_of_the_best_band() {
        let aim = |scores: &[i32]| banded(&[60, 80, 100], scores, BandOn::Actual).aim().unwrap();
        let told = |scores: &[i32]| (aim(scores).target.to_string(), aim(scores).direction);
        assert_eq!(told(&[0, 60, 80, 100]), ("100".to_owned(), Some(Direction::Up)));
        assert_eq!(told(&[100, 80, 60, 0]), ("60".to_owned(), Some(Direction::Down)));
        assert_eq!(told(&[0, 100, 80, 60]), ("60".to_owned(), None));
        assert_eq!(told(&[0, 60, 100, 80]), ("80".to_owned(), None));
        assert_eq!(banded(&[], &[], BandOn::Actual).aim(), None);
    }

    #[test]
    fn a_lower_bound_belongs_to_its_band() {
        let method = banded(&[60, 80, 100, 110], &[0, 60, 80, 100, 120], BandOn::Actual);
        for (actual, expected) in [
            ("-5", "0"),
            ("59.999", "0"),
            ("60", "60"),
            ("79.999", "60"),
            ("80", "80"),
            ("110", "120"),
        ] {
            assert_eq!(score(&method, actual), expected);
        }
    }

    #[test]
    fn bands_may_divide_the_achievement() {
        let ratio = Ratio { target: 4.into(), direction: Direction::Down };
        let method = banded(&[80, 100], &[0, 70, 100], BandOn::Achievement(ratio));
        assert_eq!(score(&method, "4"), "100");
        assert_eq!(score(&method, "4.8"), "70");
        assert_eq!(score(&method, "4.81"), "0");
    }

    #[test]
    fn an_achievement_beyond_every_number_is_that_of_the_cap() {
        let ratio = Ratio { target: 4.into(), direction: Direction::Down };
        let method = banded(&[80, 120, 121], &[0, 70, 100, 110], BandOn::Achievement(ratio));
        let kpi = KpiSettings { reverse_variant: ReverseVariant::Inverse, ..Default::default() };
        assert_eq!(method.raw(&0.into(), &kpi, &mut ()).unwrap(), Exact::from(100));
    }

    #[test]
    fn shapes_are_checked() {
        let code = |method: Banded| method.validate(&KpiSettings::default()).unwrap_err().code;
        assert_eq!(code(banded(&[], &[100], BandOn::Actual)), Code::EmptyInput);
        for (bounds, scores) in
            [(vec![2, 1], vec![0, 1, 2]), (vec![1, 1], vec![0, 1, 2]), (vec![1, 2], vec![0, 1])]
        {
            assert_eq!(code(banded(&bounds, &scores, BandOn::Actual)), Code::KpiBandsInvalid);
        }
        let zero = BandOn::Achievement(Ratio { target: 0.into(), direction: Direction::Up });
        assert_eq!(code(banded(&[1], &[0, 1], zero)), Code::KpiTargetZero);
    }
}
