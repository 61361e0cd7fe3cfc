//! Whether an observed distribution differs from the target by more than chance. Implements E.4.

use super::Counts;
use crate::core::error::{Code, Result};
use crate::core::number::Exact;
use crate::scoring::fairness::{Figure, Withheld};
use crate::scoring::scale::{Grade, PerGrade};
use crate::scoring::statistics::{chi_square_upper_tail, multinomial_exact};
use crate::scoring::weights::check_shares;

/// Least expected count of every grade for chi-square to be reliable.
const MIN_EXPECTED: i32 = 5;

/// Largest number of people for which all outcomes are enumerated.
const MAX_ENUMERATED: u32 = 60;

/// Largest number of outcomes that are enumerated: a little more than five grades of 75 people.
const MAX_OUTCOMES: u128 = 1_500_000;

/// Below this p the distribution differs from the target.
const SIGNIFICANT: f64 = 0.05;

/// How a p-value was computed.
#[derive(Clone, Debug, PartialEq)]
pub enum Method {
    /// Chi-square goodness of fit over all grades.
    ChiSquare(ChiSquare),
    /// Chi-square goodness of fit over S+A, B and C+D, for groups too small for all grades but too
    /// large to enumerate all outcomes.
    MergedChiSquare(ChiSquare),
    /// Exact multinomial test: sums all outcomes that are not more probable than the observed one.
    ExactMultinomial,
}

/// Result of a chi-square goodness-of-fit test.
#[derive(Clone, Debug, PartialEq)]
pub struct ChiSquare {
    /// The exact statistic.
    pub statistic: Exact,
    /// Degrees of freedom.
    pub df: u32,
    /// Probability of a statistic at least this large.
    pub p: f64,
}

/// An observed distribution compared with its target: a prompt to look, never a reason by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// How p was computed.
    pub method: Method,
    /// Probability of a distribution at least as unusual.
    pub p: f64,
    /// Grades that were given although their target share is 0, best first; each is a direct
    /// violation.
    pub forbidden: Vec<Grade>,
}

impl Comparison {
    /// Whether the distribution differs from the target (`DIST_DIFFERS`).
    pub fn differs(&self) -> bool {
        self.p < SIGNIFICANT
    }
}

/// Counts with their target shares in percent; shares of 0 are left out.
type Cells = Vec<(u32, Exact)>;

/// Chi-square goodness of fit of counts to shares in percent; categories of share 0 are left out.
///
/// `INSUFFICIENT` when fewer than two categories remain, or one of them expects fewer than 5 people:
/// chi-square is then not reliable.
///
/// # Errors
/// `INPUT_INVALID` when counts and shares do not pair up, `WEIGHTS_NOT_100` for shares that are
/// negative or do not sum to 100.
pub fn chi_square(observed: &[u32], shares: &[Exact]) -> Result<Figure<ChiSquare>> {
    Ok(reliable_fit(&cells(observed, shares)?))
}

/// The exact multinomial p of counts against shares; categories of share 0 are left out.
///
/// `INSUFFICIENT` when fewer than two categories or no people remain.
///
/// # Errors
/// The errors of [`chi_square`], and `COUNT_INVALID` for more outcomes than can be enumerated:
/// merge categories and use [`chi_square`] then.
pub fn exact_p(observed: &[u32], shares: &[Exact]) -> Result<Figure<f64>> {
    let cells = cells(observed, shares)?;
    if outcomes(&cells).is_none_or(|outcomes| outcomes > MAX_OUTCOMES) {
        return Err(Code::CountInvalid
            .because("too many outcomes for the exact test; merge categories and use chi-square"));
    }
    Ok(enumerated(&cells))
}

/// The number of ways to place the people into the categories; `None` if it is beyond counting.
fn outcomes(cells: &Cells) -> Option<u128> {
    let people: u128 = cells.iter().map(|(count, _)| u128::from(*count)).sum();
    let bars = cells.len().saturating_sub(1) as u128;
    (1..=bars).try_fold(1_u128, |ways, bar| {
        let ways = ways.checked_mul(people + bar)? / bar;
        (ways <= MAX_OUTCOMES * MAX_OUTCOMES).then_some(ways)
    })
}

/// Compares a distribution of grades with the target shares, in percent.
///
/// `INSUFFICIENT` when fewer than two grades have a share, nobody has one of these grades, or even
/// the merged grades expect too few people.
///
/// # Errors
/// `WEIGHTS_NOT_100` for shares that are negative or do not sum to 100.
pub fn compare(observed: &Counts, shares: &PerGrade<Exact>) -> Result<Figure<Comparison>> {
    let counts: Vec<u32> = observed.iter().copied().collect();
    let percents: Vec<Exact> = shares.iter().cloned().collect();
    let cells = cells(&counts, &percents)?;
    let tested = || -> Figure<(Method, f64)> {
        let (people, _) = totals(&cells)?;
        if let Ok(fit) = reliable_fit(&cells) {
            let p = fit.p;
            Ok((Method::ChiSquare(fit), p))
        } else if people <= Exact::from(MAX_ENUMERATED) {
            Ok((Method::ExactMultinomial, enumerated(&cells)?))
        } else {
            let fit = reliable_fit(&merged(observed, shares))?;
            let p = fit.p;
            Ok((Method::MergedChiSquare(fit), p))
        }
    };
    let forbidden = forbidden(observed, shares);
    Ok(tested().map(|(method, p)| Comparison { method, p, forbidden }))
}

/// The grades of share 0 that people hold, best first: direct violations, whatever a test says.
pub fn forbidden(observed: &Counts, shares: &PerGrade<Exact>) -> Vec<Grade> {
    let is_forbidden = |grade: &Grade| shares.get(*grade).is_zero() && *observed.get(*grade) > 0;
    Grade::ALL.into_iter().filter(is_forbidden).collect()
}

fn cells(observed: &[u32], shares: &[Exact]) -> Result<Cells> {
    if observed.len() != shares.len() {
        return Err(Code::InputInvalid.because("there must be one share for each count"));
    }
    check_shares(shares)?;
    let pairs = observed.iter().copied().zip(shares.iter().cloned());
    Ok(pairs.filter(|(_, share)| share.is_positive()).collect())
}

/// Counts and shares of S+A, B and C+D.
fn merged(observed: &Counts, shares: &PerGrade<Exact>) -> Cells {
    let ranges = [[Grade::S, Grade::A].as_slice(), &[Grade::B], &[Grade::C, Grade::D]];
    let sum = |grades: &[Grade]| {
        let tested = grades.iter().filter(|grade| shares.get(**grade).is_positive());
        tested.fold((0_u32, Exact::default()), |(count, share), grade| {
            (count.saturating_add(*observed.get(*grade)), share + shares.get(*grade))
        })
    };
    ranges.into_iter().map(sum).filter(|(_, share)| share.is_positive()).collect()
}

/// Number of people and sum of shares, if there is anything to test.
fn totals(cells: &Cells) -> Figure<(Exact, Exact)> {
    let people: Exact = cells.iter().map(|(count, _)| Exact::from(*count)).sum();
    let whole: Exact = cells.iter().map(|(_, share)| share).sum();
    if cells.len() < 2 || people.is_zero() {
        return Err(Withheld::Insufficient);
    }
    Ok((people, whole))
}

/// Chi-square where every category expects enough people for it.
fn reliable_fit(cells: &Cells) -> Figure<ChiSquare> {
    let (people, whole) = totals(cells)?;
    let enough = Exact::from(MIN_EXPECTED) * whole;
    if cells.iter().any(|(_, share)| &people * share < enough) {
        return Err(Withheld::Insufficient);
    }
    goodness_of_fit(cells)
}

fn goodness_of_fit(cells: &Cells) -> Figure<ChiSquare> {
    let (people, whole) = totals(cells)?;
    // With the expected count e = people * share / sum of shares: the sum of (o - e)^2 / e.
    let statistic = cells
        .iter()
        .map(|(count, share)| {
            let expected = (&people * share).checked_div(&whole)?;
            let distance = Exact::from(*count) - &expected;
            (&distance * &distance).checked_div(&expected)
        })
        .sum::<Option<Exact>>()
        .ok_or(Withheld::Insufficient)?;
    let df = u32::try_from(cells.len().saturating_sub(1)).map_err(|_| Withheld::Insufficient)?;
    let p = chi_square_upper_tail(statistic.to_f64(), df);
    Ok(ChiSquare { statistic, df, p })
}

fn enumerated(cells: &Cells) -> Figure<f64> {
    totals(cells)?;
    let (counts, shares): (Vec<u32>, Vec<Exact>) = cells.iter().cloned().unzip();
    multinomial_exact(&counts, &shares).ok_or(Withheld::Insufficient)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn target(percent: [i32; 5]) -> PerGrade<Exact> {
        PerGrade::new(percent.map(Exact::from))
    }

    fn compared(observed: [u32; 5], percent: [i32; 5]) -> Figure<Comparison> {
        compare(&PerGrade::new(observed), &target(percent)).unwrap()
    }

    const DEFAULT: [i32; 5] = [10, 20, 50, 15, 5];

    #[test]
    fn enough_people_are_tested_by_chi_square() {
        let found = compared([18, 30, 40, 10, 2], DEFAULT).unwrap();
        assert!(matches!(&found.method, Method::ChiSquare(fit) if fit.df == 4));
        assert!((found.p - 0.002_052).abs() < 1e-6);
        assert!(found.differs());
    }

    #[test]
    fn few_people_are_enumerated() {
        let found = compared([3, 5, 4, 0, 0], DEFAULT).unwrap();
        assert_eq!(found.method, Method::ExactMultinomial);
        assert!((found.p - 0.071_807).abs() < 1e-6);
        assert!(!found.differs());
        assert_eq!(compared([0, 0, 60, 0, 0], DEFAULT).unwrap().method, Method::ExactMultinomial);
    }

    #[test]
    fn what_is_as_likely_as_the_limit_does_not_differ() {
        let at =
            |p| Comparison { method: Method::ExactMultinomial, p, forbidden: vec![] }.differs();
        assert_eq!([at(SIGNIFICANT), at(SIGNIFICANT.next_down())], [false, true]);
    }

    #[test]
    fn a_share_of_zero_forbids_what_is_given_only() {
        let found = compared([0, 12, 51, 26, 11], [0, 10, 50, 28, 12]).unwrap();
        assert!(found.forbidden.is_empty());
    }

    #[test]
    fn in_between_the_ends_are_merged() {
        let found = compared([6, 12, 31, 9, 3], DEFAULT).unwrap();
        assert!(matches!(&found.method, Method::MergedChiSquare(fit) if fit.df == 2));
        assert!(!found.differs());
    }

    #[test]
    fn a_share_of_zero_is_left_out_and_any_count_there_forbidden() {
        let found = compared([1, 12, 51, 26, 11], [0, 10, 50, 28, 12]).unwrap();
        assert_eq!(found.forbidden, [Grade::S]);
        assert!(matches!(&found.method, Method::ChiSquare(fit) if fit.df == 3));
        assert!(!found.differs());
    }

    #[test]
    fn two_cells_are_enough() {
        let halves = [50, 50].map(Exact::from);
        let fit = chi_square(&[6, 4], &halves).unwrap().unwrap();
        assert_eq!((fit.statistic, fit.df), (Exact::scaled(4, 1), 1));
        assert_eq!(chi_square(&[6, 3], &halves).unwrap(), Err(Withheld::Insufficient));
        let alone = chi_square(&[6, 4], &[100, 0].map(Exact::from)).unwrap();
        assert_eq!(alone, Err(Withheld::Insufficient));
    }

    #[test]
    fn nothing_to_test_is_insufficient() {
        assert_eq!(compared([0; 5], DEFAULT), Err(Withheld::Insufficient));
        assert_eq!(compared([9, 0, 0, 0, 0], [100, 0, 0, 0, 0]), Err(Withheld::Insufficient));
        let crowd = [0, 30, 40, 0, 0];
        assert_eq!(compared(crowd, [1, 1, 96, 1, 1]), Err(Withheld::Insufficient));
    }

    #[test]
    fn too_many_outcomes_are_refused_instead_of_counted() {
        let shares = |count: usize| vec![Exact::from(100 / count as i64); count];
        assert!(exact_p(&[12, 12, 12, 12, 12], &shares(5)).is_ok());
        assert!(exact_p(&[2; 10], &shares(10)).is_err());
        let code = |observed: &[u32]| exact_p(observed, &shares(observed.len())).unwrap_err().code;
        assert_eq!(code(&[u32::MAX; 4]), Code::CountInvalid);
        assert_eq!(code(&[6; 10]), Code::CountInvalid);
    }

    #[test]
    fn shares_that_are_none_are_refused() {
        let negative = target([110, -10, 0, 0, 0]);
        let counts = PerGrade::new([1, 1, 1, 1, 1]);
        let code = |shares: &[Exact]| chi_square(&[1, 1], shares).unwrap_err().code;
        assert_eq!(code(&[Exact::from(110), Exact::from(-10)]), Code::WeightsNot100);
        assert_eq!(code(&[50, 49].map(Exact::from)), Code::WeightsNot100);
        assert_eq!(code(&[Exact::from(1)]), Code::InputInvalid);
        assert_eq!(compare(&counts, &negative).unwrap_err().code, Code::WeightsNot100);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn p_is_a_probability(observed in prop::array::uniform5(0..40_u32)) {
            if let Ok(found) = compared(observed, DEFAULT) {
                prop_assert!((0.0..=1.0).contains(&found.p));
            }
        }
    }
}
