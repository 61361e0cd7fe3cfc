//! Whether a rater hardly leaves the middle of the scale (central tendency, 趋中).
//!
//! Implements F.2.

use super::{Figure, Withheld, at_least, share};
use crate::core::number::Exact;
use crate::scoring::settings::FairSettings;
use crate::scoring::statistics::{Moments, Root};

/// Least number of ratings for their spread to mean anything.
const MIN_RATINGS: u32 = 8;

/// How close a rater stays to the middle of the scale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CentralTendency {
    /// Share of ratings exactly on the midpoint, 0 to 1.
    pub midpoint_share: Exact,
    /// Sample standard deviation of the ratings.
    pub spread: Root,
    /// That standard deviation divided by the pooled one of all raters.
    pub relative_spread: Root,
    /// Whether both the share and the relative spread pass their limits.
    pub flagged: bool,
}

/// Checks the ratings of one rater on a scale with the given `midpoint`; `pooled_variance` is the
/// mean square within raters (F.1).
///
/// Implements F.2.
///
/// # Errors
/// `INSUFFICIENT` for fewer than eight ratings, `NO_VARIANCE` when the pooled variance is 0.
pub fn central_tendency(
    ratings: &[Exact],
    pooled_variance: &Exact,
    midpoint: &Exact,
    settings: &FairSettings,
) -> Figure<CentralTendency> {
    at_least(MIN_RATINGS, ratings.len())?;
    let variance =
        Moments::of(ratings).and_then(|own| own.variance()).ok_or(Withheld::Insufficient)?;
    let relative = variance.checked_div(pooled_variance).ok_or(Withheld::NoVariance)?;
    let midpoint_share = share(ratings, |rating| rating == midpoint)?;
    let relative_spread = Root::of(relative);
    let flagged = midpoint_share >= settings.central_share
        && relative_spread <= Root::from(&settings.central_spread);
    Ok(CentralTendency { midpoint_share, spread: Root::of(variance), relative_spread, flagged })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scoring::fairness::tests::numbers;

    fn look(ratings: &str, pooled_variance: &str) -> Figure<CentralTendency> {
        let pooled = pooled_variance.parse().unwrap();
        central_tendency(&numbers(ratings), &pooled, &Exact::from(3), &FairSettings::default())
    }

    #[test]
    fn staying_in_the_middle_is_flagged() {
        assert!(look("3 3 3 3 3 3 3 4", "0.7225").unwrap().flagged);
        assert!(!look("3 3 4 3 2 3 5 1", "0.7225").unwrap().flagged);
        assert!(!look("4 4 4 4 4 4 4 4", "0.7225").unwrap().flagged);
    }

    #[test]
    fn bars_that_are_exactly_reached_count() {
        // 6 of 8 on the midpoint; variance 2/7, exactly a quarter of 8/7.
        let found = look("3 3 3 3 3 3 2 4", "1.142857142857142857").unwrap();
        assert_eq!(found.midpoint_share, Exact::scaled(75, 2));
        assert!(!found.flagged, "the written pooled variance is a little below 8/7");
        let pooled = Exact::from(8).checked_div(&Exact::from(7)).unwrap();
        let ratings = numbers("3 3 3 3 3 3 2 4");
        let settings = FairSettings::default();
        assert!(central_tendency(&ratings, &pooled, &Exact::from(3), &settings).unwrap().flagged);
    }

    #[test]
    fn few_ratings_or_no_pooled_variance_give_a_reason() {
        assert_eq!(look("3 3 3 3 3 3 3", "1"), Err(Withheld::Insufficient));
        assert_eq!(look("", "0"), Err(Withheld::Insufficient));
        assert_eq!(look("3 3 3 3 3 3 3 3", "0"), Err(Withheld::NoVariance));
    }
}
