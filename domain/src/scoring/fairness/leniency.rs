//! Whether a rater is more lenient or more severe than the other raters (宽松/严格).
//!
//! Implements F.1.

use super::{Figure, Withheld};
use crate::core::error::{Code, Result};
use crate::core::number::Exact;
use crate::scoring::settings::{FairBasis, FairSettings};
use crate::scoring::statistics::{Moments, Root};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Least number of raters for a comparison.
const MIN_RATERS: usize = 3;

/// One rating as a score, with the KPI total of the ratee.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RatedScore {
    /// The rating as a score (0.3).
    pub score: Exact,
    /// KPI total of the ratee, if there is one.
    pub kpi_total: Option<Exact>,
}

/// The ratings of each rater.
pub type RatedScores<R> = BTreeMap<R, Vec<RatedScore>>;

/// The figure on which raters are compared: residuals if the policy wants them and enough ratings
/// are of people with a KPI total, else the rating scores.
pub fn basis<R>(groups: &RatedScores<R>, settings: &FairSettings) -> FairBasis {
    let all = groups.values().map(Vec::len).sum::<usize>();
    let measured = groups.values().flatten().filter(|rating| rating.kpi_total.is_some()).count();
    let enough = &settings.basis_share * Exact::from(all);
    match settings.basis {
        FairBasis::KpiResidual if Exact::from(measured) < enough => FairBasis::Raw,
        wanted => wanted,
    }
}

/// The observations of each rater. For residuals, ratees without a KPI total are left out.
pub fn observations<R: Ord + Clone>(
    groups: &RatedScores<R>,
    basis: FairBasis,
) -> BTreeMap<R, Vec<Exact>> {
    let observation = |rating: &RatedScore| match basis {
        FairBasis::Raw => Some(rating.score.clone()),
        FairBasis::KpiResidual => rating.kpi_total.as_ref().map(|total| &rating.score - total),
    };
    let observed = |ratings: &Vec<RatedScore>| ratings.iter().filter_map(observation).collect();
    groups.iter().map(|(rater, ratings)| (rater.clone(), observed(ratings))).collect()
}

/// Raters compared on the figure that the data allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RaterComparison<R> {
    /// The figure.
    pub basis: FairBasis,
    /// How the raters compare on it.
    pub effects: Figure<RaterEffects<R>>,
}

/// Compares raters on residuals or rating scores, as [`basis`] says.
///
/// # Errors
/// `EMPTY_INPUT` without raters.
pub fn compare_raters<R: Ord + Clone>(
    groups: &RatedScores<R>,
    settings: &FairSettings,
) -> Result<RaterComparison<R>> {
    if groups.is_empty() {
        return Err(Code::EmptyInput.because("there are no raters"));
    }
    let basis = basis(groups, settings);
    Ok(RaterComparison { basis, effects: rater_effects(&observations(groups, basis), settings) })
}

/// How a rater compares with the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Leniency {
    /// Clearly above the other raters.
    Lenient,
    /// Clearly below the other raters.
    Severe,
    /// Neither.
    None,
    /// The rater has too few ratings for a flag.
    Insufficient,
}

/// The figures of one rater.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RaterEffect {
    /// Number of ratings.
    pub count: usize,
    /// Mean of the observations.
    pub mean: Exact,
    /// Distance from the grand mean in standard errors.
    pub z: Root,
    /// Distance from the grand mean, shrunk towards 0 by more the fewer ratings there are.
    pub shrunk: Exact,
    /// The shrunk distance divided by the standard deviation within raters.
    pub effect: Root,
    /// The resulting flag.
    pub flag: Leniency,
}

/// The figures of all raters, and of the analysis of variance behind them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RaterEffects<R> {
    /// Grand mean (mu).
    pub mean: Exact,
    /// Mean square within raters (MSW).
    pub within: Exact,
    /// Mean square between raters (MSB).
    pub between: Exact,
    /// Typical number of ratings (n0).
    pub typical_count: Exact,
    /// Variance of the raters' levels (tau squared); not negative.
    pub level_variance: Exact,
    /// Figures of each rater who has observations.
    pub raters: BTreeMap<R, RaterEffect>,
}

/// Compares raters by a one-way analysis of variance with empirical-Bayes shrinkage.
///
/// Implements F.1. Raters without observations are left out.
///
/// # Errors
/// `INSUFFICIENT` for fewer than three raters or when no rater has two observations, `NO_VARIANCE`
/// when every rater gives everybody the same rating.
pub fn rater_effects<R: Ord + Clone>(
    groups: &BTreeMap<R, Vec<Exact>>,
    settings: &FairSettings,
) -> Figure<RaterEffects<R>> {
    let raters: Vec<(&R, Moments)> =
        groups.iter().filter_map(|(rater, values)| Some((rater, Moments::of(values)?))).collect();
    let count: usize = raters.iter().map(|(_, own)| own.count).sum();
    if raters.len() < MIN_RATERS || count == raters.len() {
        return Err(Withheld::Insufficient);
    }
    let over = |sum: Exact, divisor: &Exact| sum.checked_div(divisor).ok_or(Withheld::NoVariance);
    let total = Exact::from(count);
    let freedom_between = Exact::from(raters.len() - 1);
    let freedom_within = Exact::from(count - raters.len());
    let sum_over_raters =
        |term: &dyn Fn(&Moments) -> Exact| raters.iter().map(|(_, own)| term(own)).sum::<Exact>();

    let mean = over(sum_over_raters(&|own| &own.mean * Exact::from(own.count)), &total)?;
    let within = over(sum_over_raters(&|own| own.squares.clone()), &freedom_within)?;
    if within.is_zero() {
        return Err(Withheld::NoVariance);
    }
    let squared_means = sum_over_raters(&|own| &own.mean * &own.mean * Exact::from(own.count));
    let squares_between = squared_means - &mean * &mean * &total;
    let between = over(squares_between, &freedom_between)?;
    let squared_counts = sum_over_raters(&|own| Exact::from(own.count) * Exact::from(own.count));
    let typical_count = over(&total - over(squared_counts, &total)?, &freedom_between)?;
    let level_variance = over(&between - &within, &typical_count)?.max(Exact::default());

    let standing = |own: &Moments| -> Option<RaterEffect> {
        let count = Exact::from(own.count);
        let distance = &own.mean - &mean;
        let error = (&within * (&total - &count)).checked_div(&(&count * &total))?;
        let z = Root::ratio(&distance, &error)?;
        let signal = &count * &level_variance;
        let shrunk = (&signal * &distance).checked_div(&(&signal + &within))?;
        let effect = Root::ratio(&shrunk, &within)?;
        let flag = flag(own.count, &z, &effect, settings);
        Some(RaterEffect { count: own.count, mean: own.mean.clone(), z, shrunk, effect, flag })
    };
    let raters =
        raters.iter().filter_map(|(rater, own)| Some(((*rater).clone(), standing(own)?))).collect();
    Ok(RaterEffects { mean, within, between, typical_count, level_variance, raters })
}

fn flag(count: usize, z: &Root, effect: &Root, settings: &FairSettings) -> Leniency {
    let bars = |sign: i32| {
        [&settings.rater_z, &settings.rater_effect]
            .map(|bar| Root::from(&(bar * Exact::from(sign))))
    };
    let ([high_z, high_effect], [low_z, low_effect]) = (bars(1), bars(-1));
    if count < settings.min_n as usize {
        Leniency::Insufficient
    } else if *z >= high_z && *effect >= high_effect {
        Leniency::Lenient
    } else if *z <= low_z && *effect <= low_effect {
        Leniency::Severe
    } else {
        Leniency::None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scoring::fairness::tests::numbers;
    use proptest::prelude::*;

    fn effects(groups: &[&str]) -> Figure<RaterEffects<usize>> {
        let groups = groups.iter().map(|ratings| numbers(ratings)).enumerate().collect();
        rater_effects(&groups, &FairSettings::default())
    }

    fn flags(groups: &[&str]) -> Vec<Leniency> {
        effects(groups).unwrap().raters.into_values().map(|rater| rater.flag).collect()
    }

    #[test]
    fn extreme_raters_are_flagged_unless_they_rated_few() {
        let five = ["4 4 5 4 5 5", "3 3 4 3 2 3", "3 2 3 4 3", "3 4 3 3 3 4", "2 3 2 2 3"];
        use Leniency::{Insufficient, Lenient, None, Severe};
        assert_eq!(flags(&five), [Lenient, None, None, None, Severe]);
        assert_eq!(flags(&["5 5 5", "3 3 4 3 3", "3 3 2 3 4"]), [Insufficient, None, Severe]);
    }

    #[test]
    fn equal_raters_have_no_effect() {
        let equal = effects(&["3 4 5 2 1", "2 4 3 5 1", "5 4 3 2 1"]).unwrap();
        assert!(equal.level_variance.is_zero());
        assert!(equal.raters.values().all(|rater| rater.effect.to_f64() == 0.0));
    }

    #[test]
    fn both_bars_are_needed_and_exact() {
        let settings = FairSettings::default();
        let look = |count, z: i64, effect: i64| {
            let [z, effect] = [z, effect].map(|value| Root::from(&Exact::scaled(value, 3)));
            flag(count, &z, &effect, &settings)
        };
        assert_eq!(look(5, 2_000, 500), Leniency::Lenient);
        assert_eq!(look(5, -2_000, -500), Leniency::Severe);
        assert_eq!(look(4, 2_000, 500), Leniency::Insufficient);
        for (z, effect) in
            [(1_999, 500), (2_000, 499), (-1_999, -500), (-2_000, -499), (2_000, -500)]
        {
            assert_eq!(look(5, z, effect), Leniency::None, "{z} {effect}");
        }
    }

    #[test]
    fn few_raters_or_no_variance_give_a_reason() {
        assert_eq!(effects(&[]), Err(Withheld::Insufficient));
        assert_eq!(effects(&["1 2 3 4 5", "1 2 3 4 5", ""]), Err(Withheld::Insufficient));
        assert_eq!(effects(&["1", "2", "3"]), Err(Withheld::Insufficient));
        assert_eq!(effects(&["1 1", "2 2", "3 3"]), Err(Withheld::NoVariance));
    }

    fn rating(kpi_total: Option<i64>) -> RatedScore {
        RatedScore { score: Exact::from(110), kpi_total: kpi_total.map(Exact::from) }
    }

    #[test]
    fn residuals_need_four_of_five_ratings_of_people_with_a_total() {
        let mut ratings = vec![rating(Some(100)); 4];
        ratings.push(rating(None));
        let settings = FairSettings::default();
        let of = |ratings: &[RatedScore]| BTreeMap::from([("r", ratings.to_vec())]);
        assert_eq!(basis(&of(&ratings), &settings), FairBasis::KpiResidual);
        let residuals = observations(&of(&ratings), FairBasis::KpiResidual);
        assert_eq!(residuals["r"], numbers("10 10 10 10"));
        let raw = FairSettings { basis: FairBasis::Raw, ..settings.clone() };
        assert_eq!(basis(&of(&ratings), &raw), FairBasis::Raw);

        ratings.push(rating(None));
        assert_eq!(basis(&of(&ratings), &settings), FairBasis::Raw);
        let scores = observations(&of(&ratings), FairBasis::Raw);
        assert_eq!(scores["r"], vec![Exact::from(110); 6]);
        let compared = compare_raters(&of(&ratings), &settings).unwrap();
        assert_eq!(compared.effects, Err(Withheld::Insufficient));
        let nobody = RatedScores::<u8>::new();
        assert_eq!(compare_raters(&nobody, &settings).unwrap_err().code, Code::EmptyInput);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn order_does_not_matter_and_shrinkage_never_overshoots(
            mut groups in prop::collection::vec(prop::collection::vec(1..6_i64, 0..7), 0..6),
        ) {
            let run = |groups: &[Vec<i64>]| {
                let exact = |own: &Vec<i64>| own.iter().map(|value| Exact::from(*value)).collect();
                let groups = groups.iter().map(exact).enumerate().collect();
                rater_effects::<usize>(&groups, &FairSettings::default())
            };
            let before = run(&groups);
            groups.iter_mut().for_each(|own| own.reverse());
            prop_assert_eq!(&run(&groups), &before);
            if let Ok(effects) = before {
                for rater in effects.raters.values() {
                    prop_assert!(rater.shrunk.abs() <= (&rater.mean - &effects.mean).abs());
                    prop_assert!(rater.z.to_f64().is_finite());
                }
            }
        }
    }
}
