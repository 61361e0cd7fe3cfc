//! The multinomial distribution, by complete enumeration.

use super::gamma::ln_factorial;
use crate::core::number::Exact;

/// Outcomes whose log probabilities differ by less than this count as equally probable.
const SLACK: f64 = 1e-9;

/// The exact multinomial p of `observed` counts against target `shares`: the sum of
/// the probabilities of all outcomes that are not more probable than the observed one.
///
/// Only the proportions of the shares matter, so they may be percents or fractions. If a category
/// with share 0 has a count, p is 0. `None` when counts and shares differ in number, a share is
/// negative, or the shares sum to 0.
///
/// The work grows with the number of outcomes: 635,376 for 60 people in five grades. Callers must
/// limit the number of people (E.4 merges grades above 60).
///
/// Implements the exact test of E.4.
pub fn multinomial_exact(observed: &[u32], shares: &[Exact]) -> Option<f64> {
    let people = observed.iter().try_fold(0_u32, |sum, count| sum.checked_add(*count))? as usize;
    let whole: Exact = shares.iter().sum();
    let is_distribution = whole.is_positive() && !shares.iter().any(Exact::is_negative);
    if shares.len() != observed.len() || !is_distribution {
        return None;
    }
    let tables = shares
        .iter()
        .map(|share| Some(log_weights(share.checked_div(&whole)?.to_f64(), people)))
        .collect::<Option<Vec<_>>>()?;
    let log_total = ln_factorial(people);
    let log_observed = observed
        .iter()
        .zip(&tables)
        .try_fold(log_total, |sum, (count, table)| Some(sum + table.get(*count as usize)?))?;
    let limit = log_observed + SLACK;
    Some(tail(&tables, people, log_total, limit).min(1.0))
}

/// `ln(chance^count / count!)` for each count up to `people`.
fn log_weights(chance: f64, people: usize) -> Vec<f64> {
    let log_chance = chance.ln();
    (0..=people)
        .map(|count| match count {
            // A category of share 0 with no people has weight 1: avoid 0 * ln(0).
            0 => 0.0,
            _ => count as f64 * log_chance - ln_factorial(count),
        })
        .collect()
}

/// The probability of all outcomes that place `people` people into the categories of `tables` and
/// have a log probability of at most `limit`. `log_so_far` is the contribution of the earlier
/// categories.
fn tail(tables: &[Vec<f64>], people: usize, log_so_far: f64, limit: f64) -> f64 {
    match tables {
        [] => 0.0,
        // The last category takes everybody who is left.
        [last] => last
            .get(people)
            .map(|weight| log_so_far + weight)
            .filter(|log| *log <= limit)
            .map_or(0.0, f64::exp),
        [first, rest @ ..] => first
            .iter()
            .take(people + 1)
            .enumerate()
            .map(|(count, weight)| tail(rest, people - count, log_so_far + weight, limit))
            .sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn p(observed: &[u32], shares: &[i64]) -> Option<f64> {
        let shares: Vec<Exact> = shares.iter().copied().map(Exact::from).collect();
        multinomial_exact(observed, &shares)
    }

    #[test]
    fn a_fair_coin_can_be_counted_by_hand() {
        // 3 of 4 heads: 0, 1, 3 and 4 heads are not more probable, which is 10 of 16.
        assert!((p(&[3, 1], &[50, 50]).expect("valid") - 10.0 / 16.0).abs() < 1e-14);
        // For the most probable outcome, p includes every outcome.
        assert!((p(&[2, 2], &[50, 50]).expect("valid") - 1.0).abs() < 1e-14);
    }

    #[test]
    fn only_the_proportions_of_the_shares_matter() {
        let percent = p(&[4, 4, 2, 0, 0], &[10, 20, 50, 15, 5]).expect("valid");
        let parts = p(&[4, 4, 2, 0, 0], &[2, 4, 10, 3, 1]).expect("valid");
        assert!((percent - parts).abs() < 1e-12);
        assert!((percent - 0.010_55).abs() < 5e-7);
    }

    #[test]
    fn a_category_of_share_zero_stays_empty() {
        assert_eq!(p(&[1, 9], &[0, 100]), Some(0.0));
        assert_eq!(p(&[0, 9], &[0, 100]), Some(1.0));
    }

    #[test]
    fn nobody_is_no_surprise() {
        assert_eq!(p(&[0, 0], &[50, 50]), Some(1.0));
    }

    #[test]
    fn shares_that_are_no_distribution_answer_nothing() {
        assert_eq!(p(&[1, 2], &[100]), None);
        assert_eq!(p(&[1, 2], &[0, 0]), None);
        assert_eq!(p(&[1, 2], &[150, -50]), None);
        assert_eq!(p(&[], &[]), None);
        assert_eq!(p(&[u32::MAX, 1], &[50, 50]), None);
    }
}
