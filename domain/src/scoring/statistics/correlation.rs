//! Correlations: how closely two figures of the same people are related, from -1 to 1.

use crate::core::number::Exact;
use crate::scoring::statistics::Root;
use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};

/// Pearson's r of paired values; `None` when one side does not vary.
///
/// Implements the correlation between dimensions of F.3.
pub fn pearson(x: &[Exact], y: &[Exact]) -> Option<Root> {
    let count = Exact::from(x.len().min(y.len()));
    let pairs = || x.iter().zip(y);
    let (sum_x, sum_y): (Exact, Exact) =
        (pairs().map(|(x, _)| x).sum(), pairs().map(|(_, y)| y).sum());
    // Each of these is `count` times the sum of products of deviations.
    let product = &count * pairs().map(|(x, y)| x * y).sum::<Exact>() - &sum_x * &sum_y;
    let square_x = &count * pairs().map(|(x, _)| x * x).sum::<Exact>() - &sum_x * &sum_x;
    let square_y = &count * pairs().map(|(_, y)| y * y).sum::<Exact>() - &sum_y * &sum_y;
    Root::ratio(&product, &(square_x * square_y))
}

/// Kendall's rank correlation tau-b of pairs (x, y); `None` when one side does not vary.
///
/// The work grows with the number of distinct values of y, so pass the coarser figure as y.
///
/// Implements the order inside a department of F.5.
pub fn kendall_tau_b(pairs: &[(Exact, Exact)]) -> Option<Root> {
    let mut sorted: Vec<_> = pairs.iter().collect();
    sorted.sort_unstable();
    let all = pairs_among(sorted.len());
    let mut untied_x = all;
    let mut balance = 0;
    let mut seen: BTreeMap<&Exact, usize> = BTreeMap::new();
    for tied in sorted.chunk_by(|left, right| left.0 == right.0) {
        for (_, y) in tied {
            let below: usize = seen.range::<Exact, _>(..y).map(|(_, count)| count).sum();
            let above: usize =
                seen.range::<Exact, _>((Excluded(y), Unbounded)).map(|(_, count)| count).sum();
            balance += below as i128 - above as i128;
        }
        for (_, y) in tied {
            *seen.entry(y).or_default() += 1;
        }
        untied_x -= pairs_among(tied.len());
    }
    let untied_y = all - seen.into_values().map(pairs_among).sum::<i128>();
    Root::ratio(&Exact::from(balance), &(Exact::from(untied_x) * Exact::from(untied_y)))
}

/// How many pairs `count` things can form.
fn pairs_among(count: usize) -> i128 {
    let count = count as i128;
    count * (count - 1) / 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn exact(values: &[i64]) -> Vec<Exact> {
        values.iter().map(|value| Exact::from(*value)).collect()
    }

    fn tau(x: &[i64], y: &[i64]) -> Option<Root> {
        let pairs: Vec<_> = exact(x).into_iter().zip(exact(y)).collect();
        kendall_tau_b(&pairs)
    }

    #[test]
    fn perfect_order_is_one() {
        let one = Some(Root::from(&Exact::from(1)));
        let minus_one = Some(Root::from(&Exact::from(-1)));
        assert_eq!(pearson(&exact(&[1, 2, 4]), &exact(&[3, 5, 9])), one);
        assert_eq!(pearson(&exact(&[1, 2, 4]), &exact(&[9, 7, 3])), minus_one);
        assert_eq!(tau(&[1, 2, 4], &[3, 5, 6]), one);
        assert_eq!(tau(&[4, 1, 2], &[1, 8, 5]), minus_one);
    }

    #[test]
    fn without_variation_there_is_no_correlation() {
        assert_eq!(pearson(&exact(&[1, 2]), &exact(&[3, 3])), None);
        assert_eq!(tau(&[3, 3], &[1, 2]), None);
        assert_eq!(tau(&[1, 2], &[3, 3]), None);
        assert_eq!(pearson(&[], &[]), None);
        assert_eq!(tau(&[], &[]), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn tau_matches_its_definition(pairs in prop::collection::vec((0..6_i64, 0..4_i64), 0..14)) {
            let (x, y): (Vec<i64>, Vec<i64>) = pairs.iter().copied().unzip();
            let (mut balance, mut untied_x, mut untied_y) = (0, 0, 0);
            for (i, left) in pairs.iter().enumerate() {
                for right in &pairs[..i] {
                    let (dx, dy) = ((left.0 - right.0).signum(), (left.1 - right.1).signum());
                    balance += dx * dy;
                    untied_x += dx.abs();
                    untied_y += dy.abs();
                }
            }
            let expected = Root::ratio(&balance.into(), &(untied_x * untied_y).into());
            prop_assert_eq!(tau(&x, &y), expected);
        }

        #[test]
        fn correlations_stay_within_one(pairs in prop::collection::vec((-50..50_i64, -50..50_i64), 2..14)) {
            let (x, y): (Vec<i64>, Vec<i64>) = pairs.into_iter().unzip();
            let one = Exact::from(1);
            for figure in [pearson(&exact(&x), &exact(&y)), tau(&x, &y)].into_iter().flatten() {
                prop_assert!(figure <= Root::from(&one) && figure >= Root::from(&-one.clone()));
            }
        }
    }
}
