//! Whether one impression determines a rater's ratings in all dimensions (halo, 晕轮).
//!
//! Implements F.3.

use super::{Figure, Withheld, at_least, share};
use crate::core::number::Exact;
use crate::scoring::settings::FairSettings;
use crate::scoring::statistics::{Moments, Root, columns, pearson};

const MIN_RATEES: u32 = 5;
const MIN_DIMENSIONS: u32 = 3;

/// Least number of ratees for a correlation to be quoted.
const MIN_RATEES_TO_QUOTE: usize = 8;

/// Mean correlation from which a text quotes it.
const QUOTED_CORRELATION: f64 = 0.9;

/// How similar a rater's ratings of one person are across dimensions.
#[derive(Clone, Debug, PartialEq)]
pub struct Halo {
    /// Share of ratees with the same rating in every dimension, 0 to 1.
    pub uniform_share: Exact,
    /// Mean over ratees of the sample standard deviation of their ratings.
    pub mean_spread: f64,
    /// Mean of Pearson's r over pairs of dimensions that vary; `None` if there is no such pair.
    pub mean_correlation: Option<f64>,
    /// Whether there are enough ratees to quote the correlation in a text.
    pub quotable: bool,
    /// Whether one of the two limits is passed.
    pub flagged: bool,
}

impl Halo {
    /// The correlation as a text may quote it: only a high one, and only of enough ratees.
    pub fn quote(&self) -> Option<&'static str> {
        let high = self.mean_correlation.is_some_and(|r| r >= QUOTED_CORRELATION);
        (self.quotable && high).then_some("r >= 0.9")
    }
}

/// Checks the ratings (1 to 5) of one rater, with one row per ratee and one column per dimension.
///
/// Implements F.3.
///
/// # Errors
/// `INSUFFICIENT` for fewer than five ratees or three dimensions, or when a rating is missing.
pub fn halo(ratings: &[Vec<Exact>], settings: &FairSettings) -> Figure<Halo> {
    let dimensions = columns(ratings).ok_or(Withheld::Insufficient)?;
    at_least(MIN_RATEES, ratings.len())?;
    at_least(MIN_DIMENSIONS, dimensions.len())?;
    let variances: Vec<Exact> =
        ratings.iter().filter_map(|row| Moments::of(row)?.variance()).collect();
    let uniform_share = share(&variances, Exact::is_zero)?;
    let spreads = variances.into_iter().map(|variance| Root::of(variance).to_f64());
    let mean_spread = mean(spreads).ok_or(Withheld::Insufficient)?;
    let pairs = dimensions.iter().enumerate().flat_map(|(index, left)| {
        dimensions.iter().skip(index + 1).map(move |right| (left, right))
    });
    let mean_correlation =
        mean(pairs.filter_map(|(left, right)| pearson(left, right)).map(|r| r.to_f64()));
    let flagged =
        uniform_share >= settings.halo_share || mean_spread < settings.halo_spread.to_f64();
    let quotable = ratings.len() >= MIN_RATEES_TO_QUOTE;
    Ok(Halo { uniform_share, mean_spread, mean_correlation, quotable, flagged })
}

/// The mean of floats; `None` for an empty sequence.
fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (count, sum) = values.fold((0_u32, 0.0), |(count, sum), value| (count + 1, sum + value));
    (count > 0).then(|| sum / f64::from(count))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scoring::fairness::tests::rows;

    fn look(ratings: &str) -> Figure<Halo> {
        halo(&rows(ratings), &FairSettings::default())
    }

    #[test]
    fn a_text_quotes_a_high_correlation_of_eight_ratees() {
        let rows = ["1 2 3; 2 3 4; 3 4 5; 1 2 3; 2 3 4; 3 4 5; 1 2 3", "; 2 3 4"].concat();
        assert_eq!(look(&rows).unwrap().quote(), Some("r >= 0.9"));
        assert_eq!(look(rows.trim_end_matches("; 2 3 4")).unwrap().quote(), None, "seven ratees");
        let mixed = "1 5 3; 5 1 3; 3 3 1; 4 2 5; 2 4 4; 1 1 5; 5 5 1; 3 2 2";
        assert_eq!(look(mixed).unwrap().quote(), None);
    }

    #[test]
    fn one_rating_for_everything_is_flagged() {
        let found = look("4 4 4 4; 3 3 3 3; 5 5 5 4; 2 2 2 2; 4 4 4 4").unwrap();
        assert_eq!(found.uniform_share, Exact::scaled(8, 1));
        assert!((found.mean_spread - 0.1).abs() < 1e-12);
        assert!((found.mean_correlation.unwrap() - 0.965_8).abs() < 5e-5);
        assert!(found.flagged && !found.quotable);
    }

    #[test]
    fn the_bar_of_the_share_counts_and_that_of_the_spread_does_not() {
        // Three of five uniform.
        assert!(look("4 4 4; 3 3 3; 5 5 5; 1 3 5; 5 3 1").unwrap().flagged);
        // Two of five uniform, and a mean spread of 2 / 5.
        assert!(!look("4 4 4; 3 3 3; 5 4 3; 1 1 2; 5 4 5").unwrap().flagged);
        // None uniform, each spread exactly 0.25.
        assert!(
            !look("4 3.75 3.5; 3 3.25 3.5; 2 2.25 2.5; 1 1.25 1.5; 5 4.75 4.5").unwrap().flagged
        );
        assert!(look("4 3.75 3.5; 3 3.25 3.5; 2 2.25 2.5; 1 1.25 1.5; 5 4.8 4.6").unwrap().flagged);
    }

    #[test]
    fn without_variation_there_is_no_correlation_but_a_halo() {
        let found = look("3 3 3; 3 3 3; 3 3 3; 3 3 3; 3 3 3; 3 3 3; 3 3 3; 3 3 3").unwrap();
        assert_eq!(found.mean_correlation, None);
        assert!(found.flagged && found.quotable);
    }

    #[test]
    fn small_or_incomplete_tables_answer_nothing() {
        for ratings in [
            "",
            "4 4 4; 3 3 3; 1 2 3; 1 2 3",
            "4 4; 3 3; 1 2; 1 2; 5 5",
            "1 2 3; 1 2 3; 1 2 3; 1 2 3; 1 2",
        ] {
            assert_eq!(look(ratings), Err(Withheld::Insufficient), "{ratings}");
        }
    }
}
