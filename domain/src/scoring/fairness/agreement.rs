//! Whether raters of one type agree with each other.
//!
//! Implements F.7. Only raters of one type are compared: a manager and a peer may rightly
//! disagree.

use super::{Figure, Withheld, at_least};
use crate::core::error::{Code, Result};
use crate::core::number::Exact;
use crate::scoring::statistics::{Moments, columns};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const MIN_RATEES: u32 = 5;
const MIN_RATERS: u32 = 2;

/// The meaning of a coefficient of agreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Reliability {
    /// At least 0.80.
    Reliable,
    /// At least 0.667.
    Tentative,
    /// Below 0.667: the raters do not apply the same standard.
    #[serde(rename = "FLAG")]
    Unreliable,
}

impl Reliability {
    /// The meaning of a coefficient; 1 is perfect agreement.
    pub fn of(coefficient: &Exact) -> Reliability {
        if *coefficient >= Exact::scaled(80, 2) {
            Reliability::Reliable
        } else if *coefficient >= Exact::scaled(667, 3) {
            Reliability::Tentative
        } else {
            Reliability::Unreliable
        }
    }
}

/// Intraclass correlations, numbered as by Shrout and Fleiss: first the model, then whether one
/// rating or the mean of all k raters is meant. `None` where the ratees do not differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Icc {
    /// Model 1: each ratee has other raters; one rating.
    pub icc1_1: Option<Exact>,
    /// Model 2: the raters are a sample of similar raters, and their different levels count as
    /// disagreement; one rating.
    pub icc2_1: Option<Exact>,
    /// Model 2, mean of all raters.
    pub icc2_k: Option<Exact>,
    /// Model 3: only these raters matter, and their different levels do not count; one rating.
    pub icc3_1: Option<Exact>,
    /// Model 3, mean of all raters.
    pub icc3_k: Option<Exact>,
}

/// Intraclass correlations of complete ratings, with one row per ratee and one column per rater.
/// `icc2_1` and `icc2_k` measure absolute agreement of raters of one type.
///
/// Implements F.7.
///
/// # Errors
/// `INSUFFICIENT` for fewer than five ratees or two raters, or when a rating is missing;
/// `NO_VARIANCE` when all ratings are equal.
pub fn icc(ratings: &[Vec<Exact>]) -> Figure<Icc> {
    let by_rater = columns(ratings).ok_or(Withheld::Insufficient)?;
    at_least(MIN_RATEES, ratings.len())?;
    at_least(MIN_RATERS, by_rater.len())?;
    let moments = |values: &[Exact]| Moments::of(values).ok_or(Withheld::Insufficient);
    let spread_of_means = |groups: &[Vec<Exact>]| {
        let means: Figure<Vec<Exact>> =
            groups.iter().map(|group| Ok(moments(group)?.mean)).collect();
        Ok(moments(&means?)?.squares)
    };
    let (n, k) = (Exact::from(ratings.len()), Exact::from(by_rater.len()));
    let (n_less_1, k_less_1) = (Exact::from(ratings.len() - 1), Exact::from(by_rater.len() - 1));
    let all_squares = moments(&ratings.concat())?.squares;
    if all_squares.is_zero() {
        return Err(Withheld::NoVariance);
    }
    let ratee_squares = &k * spread_of_means(ratings)?;
    let rater_squares = &n * spread_of_means(&by_rater)?;
    let over = |squares: &Exact, freedom: &Exact| {
        squares.checked_div(freedom).ok_or(Withheld::Insufficient)
    };
    let within = over(&(&all_squares - &ratee_squares), &(&n * &k_less_1))?;
    let error = over(&(&all_squares - &ratee_squares - &rater_squares), &(&n_less_1 * &k_less_1))?;
    let (ratees, raters) = (over(&ratee_squares, &n_less_1)?, over(&rater_squares, &k_less_1)?);

    let rater_share = over(&(&raters - &error), &n)?;
    let signal = &ratees - &error;
    Ok(Icc {
        icc1_1: (&ratees - &within).checked_div(&(&ratees + &k_less_1 * &within)),
        icc2_1: signal.checked_div(&(&ratees + &k_less_1 * &error + &k * &rater_share)),
        icc2_k: signal.checked_div(&(&ratees + &rater_share)),
        icc3_1: signal.checked_div(&(&ratees + &k_less_1 * &error)),
        icc3_k: signal.checked_div(&ratees),
    })
}

/// How the distance between two ratings is measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Ratings are either equal or not.
    Nominal,
    /// By the number of ratings between the two.
    #[default]
    Ordinal,
    /// By the difference of the two.
    Interval,
}

/// Krippendorff's alpha of ratings that may have gaps, with one row per rater and one column per
/// rated unit; missing columns at the end of a row are gaps. 1 is perfect agreement, 0 is what
/// chance gives.
///
/// Implements F.7.
///
/// # Errors
/// `INSUFFICIENT` when no unit was rated by two raters, `NO_VARIANCE` when all ratings of such
/// units are equal.
pub fn alpha(ratings: &[Vec<Option<Exact>>], metric: Metric) -> Figure<Exact> {
    let units = pairable_units(ratings);
    let mut totals: Counts = BTreeMap::new();
    for (value, count) in units.iter().flatten() {
        *totals.entry(value).or_default() += count;
    }
    let places = places(&totals, metric);
    let pairable: usize = totals.values().sum();
    let others = Exact::from(pairable.checked_sub(1).ok_or(Withheld::Insufficient)?);
    let observed: Exact = units
        .iter()
        .filter_map(|unit| {
            let others_of_unit = unit.values().sum::<usize>().checked_sub(1)?;
            disagreement(unit, &places, metric).checked_div(&Exact::from(others_of_unit))
        })
        .sum();
    let ratio = (others * observed)
        .checked_div(&disagreement(&totals, &places, metric))
        .ok_or(Withheld::NoVariance)?;
    Ok(Exact::from(1) - ratio)
}

/// How often each value was given.
type Counts<'a> = BTreeMap<&'a Exact, usize>;

/// How often each value was given, for each unit that at least two raters rated.
fn pairable_units(ratings: &[Vec<Option<Exact>>]) -> Vec<Counts<'_>> {
    let width = ratings.iter().map(Vec::len).max().unwrap_or(0);
    let counts = |unit: usize| {
        let mut counts = Counts::new();
        for value in ratings.iter().filter_map(|row| row.get(unit)?.as_ref()) {
            *counts.entry(value).or_default() += 1;
        }
        counts
    };
    (0..width).map(counts).filter(|unit| unit.values().sum::<usize>() >= 2).collect()
}

/// Where each value stands: two values are as far apart as their places.
///
/// Values stand at themselves in `interval`. In `ordinal` they stand at their mean ranks among all
/// ratings, so that the distance is the number of ratings between them, their own counted half.
fn places<'a>(totals: &Counts<'a>, metric: Metric) -> BTreeMap<&'a Exact, Exact> {
    let mut below = Exact::default();
    let half = Exact::scaled(5, 1);
    let place = |(value, count): (&&'a Exact, &usize)| {
        let place = match metric {
            Metric::Nominal | Metric::Interval => (*value).clone(),
            Metric::Ordinal => &below + Exact::from(*count) * &half,
        };
        below = &below + Exact::from(*count);
        (*value, place)
    };
    totals.iter().map(place).collect()
}

/// Sum of the squared distances of all pairs of ratings in `counts`, each pair once; linear in the
/// number of different values.
fn disagreement(counts: &Counts, places: &BTreeMap<&Exact, Exact>, metric: Metric) -> Exact {
    let all = Exact::from(counts.values().sum::<usize>());
    if metric == Metric::Nominal {
        // Pairs of different values: all pairs without those of equal ones.
        let equal: Exact =
            counts.values().map(|count| Exact::from(*count) * Exact::from(*count)).sum();
        return (&all * &all - equal) * Exact::scaled(5, 1);
    }
    let (mut sum, mut squares) = (Exact::default(), Exact::default());
    for (value, count) in counts {
        let Some(place) = places.get(*value) else { continue };
        let weighted = Exact::from(*count) * place;
        squares = squares + &weighted * place;
        sum = sum + weighted;
    }
    all * squares - &sum * &sum
}

/// The kind of scale on which ratings were given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RatingScale {
    /// Equal steps: the intraclass correlation compares complete ratings.
    #[default]
    Interval,
    /// An order only: Krippendorff's alpha compares ratings.
    Ordinal,
}

/// How agreement was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgreementMethod {
    /// Intraclass correlation.
    Icc,
    /// Krippendorff's alpha.
    Alpha,
}

/// How far raters of one type agree. Figures are absent where nothing varies or can be paired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// The method.
    pub method: AgreementMethod,
    /// ICC(2,1) or alpha.
    pub value: Option<Exact>,
    /// ICC(2,k), the agreement of the mean of all raters.
    pub average: Option<Exact>,
    /// What the value means.
    pub reliability: Option<Reliability>,
}

/// Measures agreement by the method that the ratings allow, with one row per ratee and one column
/// per rater: the intraclass correlation for complete ratings on an interval scale, else alpha.
/// `INSUFFICIENT` for fewer than five ratees or two raters.
///
/// Implements F.7.
///
/// # Errors
/// `INPUT_INVALID` when the rows have different lengths.
pub fn agreement(
    ratings: &[Vec<Option<Exact>>],
    scale: RatingScale,
    metric: Metric,
) -> Result<Figure<Agreement>> {
    let raters = ratings.first().map_or(0, Vec::len);
    if ratings.iter().any(|row| row.len() != raters) {
        return Err(Code::InputInvalid.because("each ratee has one cell for each rater"));
    }
    let enough = at_least(MIN_RATEES, ratings.len()).and(at_least(MIN_RATERS, raters));
    Ok(enough.map(|()| {
        let complete: Option<Vec<Vec<Exact>>> =
            ratings.iter().map(|row| row.iter().cloned().collect()).collect();
        let (method, value, average) = match complete.filter(|_| scale == RatingScale::Interval) {
            Some(complete) => {
                let found = icc(&complete).ok();
                let (value, average) = found.map(|it| (it.icc2_1, it.icc2_k)).unwrap_or_default();
                (AgreementMethod::Icc, value, average)
            }
            None => (AgreementMethod::Alpha, alpha(&by_rater(ratings, raters), metric).ok(), None),
        };
        Agreement { method, reliability: value.as_ref().map(Reliability::of), value, average }
    }))
}

/// The rows of a table as columns.
fn by_rater(ratings: &[Vec<Option<Exact>>], raters: usize) -> Vec<Vec<Option<Exact>>> {
    let column =
        |rater: usize| ratings.iter().map(|row| row.get(rater).cloned().flatten()).collect();
    (0..raters).map(column).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scoring::fairness::tests::rows;
    use proptest::prelude::*;

    /// Six targets rated by four judges, from Shrout and Fleiss (1979).
    const SHROUT_FLEISS: &str = "9 2 5 8; 6 1 3 2; 8 4 6 8; 7 1 2 6; 10 5 6 9; 6 2 4 7";

    /// Twelve units rated by four observers, with gaps, from Krippendorff.
    const KRIPPENDORFF: [&str; 4] = [
        "1 2 3 3 2 1 4 1 2 . . .",
        "1 2 3 3 2 2 4 1 2 5 . 3",
        ". 3 3 3 2 3 4 2 2 5 1 .",
        "1 2 3 3 2 4 4 1 2 5 1 .",
    ];

    fn with_gaps(rows: &[&str]) -> Vec<Vec<Option<Exact>>> {
        let cell = |text: &str| text.parse().ok();
        rows.iter().map(|row| row.split_whitespace().map(cell).collect()).collect()
    }

    #[test]
    fn published_intraclass_correlations_are_met() {
        let found = icc(&rows(SHROUT_FLEISS)).unwrap();
        for (figure, published) in [
            (found.icc1_1, 0.1657),
            (found.icc2_1, 0.2898),
            (found.icc3_1, 0.7148),
            (found.icc2_k, 0.6201),
            (found.icc3_k, 0.9093),
        ] {
            assert!((figure.unwrap().to_f64() - published).abs() < 5e-5, "{published}");
        }
    }

    #[test]
    fn published_alphas_are_met() {
        let ratings = with_gaps(&KRIPPENDORFF);
        for (metric, published) in
            [(Metric::Nominal, 0.743), (Metric::Ordinal, 0.815), (Metric::Interval, 0.849)]
        {
            let found = alpha(&ratings, metric).unwrap().to_f64();
            assert!((found - published).abs() < 5e-4, "{metric:?}: {found}");
        }
    }

    #[test]
    fn perfect_agreement_is_one() {
        let found = icc(&rows("1 1; 2 2; 3 3; 4 4; 5 5")).unwrap();
        for figure in [found.icc1_1, found.icc2_1, found.icc2_k, found.icc3_1, found.icc3_k] {
            assert_eq!(figure, Some(Exact::from(1)));
        }
        for metric in [Metric::Nominal, Metric::Ordinal, Metric::Interval] {
            assert_eq!(alpha(&with_gaps(&["1 2 . 4", "1 2 3 4"]), metric), Ok(Exact::from(1)));
        }
    }

    #[test]
    fn what_does_not_vary_has_no_figure() {
        assert_eq!(icc(&rows("3 3; 3 3; 3 3; 3 3; 3 3")), Err(Withheld::NoVariance));
        // The raters differ, the ratees do not: only the models that count rater levels give 0.
        let levels = icc(&rows("3 4; 3 4; 3 4; 3 4; 3 4")).unwrap();
        assert_eq!((levels.icc3_1, levels.icc3_k), (None, None));
        assert_eq!(levels.icc2_1, Some(Exact::from(0)));
        assert_eq!(alpha(&with_gaps(&["3 3", "3 3"]), Metric::Ordinal), Err(Withheld::NoVariance));
    }

    #[test]
    fn too_little_to_compare_has_no_figure() {
        for ratings in ["", "1 2; 2 1; 3 3; 4 5", "1; 2; 3; 4; 5", "1 2; 2 1; 3 3; 4 5; 1"] {
            assert_eq!(icc(&rows(ratings)), Err(Withheld::Insufficient), "{ratings}");
        }
        for ratings in [&[][..], &["1 2 ."], &["1 . 3", ". 2"]] {
            let found = alpha(&with_gaps(ratings), Metric::Nominal);
            assert_eq!(found, Err(Withheld::Insufficient), "{ratings:?}");
        }
    }

    #[test]
    fn the_ratings_choose_the_method() {
        let look = |rows: &[&str], scale| {
            let found = agreement(&with_gaps(rows), scale, Metric::Ordinal).unwrap();
            found.map(|it| (it.method, it.reliability))
        };
        let complete = ["1 1", "2 2", "3 3", "4 4", "5 5"];
        let reliable = Some(Reliability::Reliable);
        use AgreementMethod::{Alpha, Icc};
        assert_eq!(look(&complete, RatingScale::Interval), Ok((Icc, reliable)));
        assert_eq!(look(&complete, RatingScale::Ordinal), Ok((Alpha, reliable)));
        let gap = ["1 1", "2 2", "3 3", "4 4", "5 ."];
        assert_eq!(look(&gap, RatingScale::Interval), Ok((Alpha, reliable)));
        assert_eq!(look(&["3 3"; 5], RatingScale::Interval), Ok((Icc, None)));
        assert_eq!(look(&["3 ."; 5], RatingScale::Interval), Ok((Alpha, None)));
        for few in [&complete[..4], &["1"; 5], &[]] {
            assert_eq!(look(few, RatingScale::Interval), Err(Withheld::Insufficient));
        }
        let ragged = agreement(&with_gaps(&["1 1", "2"]), RatingScale::Ordinal, Metric::Ordinal);
        assert_eq!(ragged.unwrap_err().code, Code::InputInvalid);
    }

    #[test]
    fn thousands_of_different_ratings_are_compared_at_once() {
        let row = |shift: i64| (0..1_500).map(|n| Some(Exact::from(n * 7 + shift))).collect();
        for metric in [Metric::Nominal, Metric::Ordinal, Metric::Interval] {
            assert!(alpha(&[row(0), row(1)], metric).is_ok());
        }
    }

    #[test]
    fn thresholds_of_reliability_are_exact() {
        for (coefficient, expected) in [
            ("0.8", Reliability::Reliable),
            ("0.7999", Reliability::Tentative),
            ("0.667", Reliability::Tentative),
            ("0.6669", Reliability::Unreliable),
            ("-0.2", Reliability::Unreliable),
        ] {
            assert_eq!(Reliability::of(&coefficient.parse().unwrap()), expected);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn raters_may_come_in_any_order(
            ratings in prop::collection::vec(prop::collection::vec(prop::option::of(1..6_i64), 5), 0..5),
        ) {
            let exact = |rows: &[Vec<Option<i64>>]| -> Vec<Vec<Option<Exact>>> {
                let row = |row: &Vec<Option<i64>>| row.iter().map(|cell| cell.map(Exact::from)).collect();
                rows.iter().map(row).collect()
            };
            let mut reversed = ratings.clone();
            reversed.reverse();
            for metric in [Metric::Nominal, Metric::Ordinal, Metric::Interval] {
                let found = alpha(&exact(&ratings), metric);
                prop_assert_eq!(&alpha(&exact(&reversed), metric), &found);
                prop_assert!(!found.is_ok_and(|alpha| alpha > Exact::from(1)));
            }
        }

        #[test]
        fn intraclass_correlations_stay_at_or_below_one(
            ratings in prop::collection::vec(prop::collection::vec(1..6_i64, 3), 5..9),
        ) {
            let exact = |row: &Vec<i64>| row.iter().map(|cell| Exact::from(*cell)).collect();
            let rows: Vec<Vec<Exact>> = ratings.iter().map(exact).collect();
            if let Ok(found) = icc(&rows) {
                let figures = [found.icc1_1, found.icc2_1, found.icc3_1, found.icc3_k];
                prop_assert!(figures.iter().flatten().all(|figure| *figure <= Exact::from(1)));
            }
        }
    }
}
