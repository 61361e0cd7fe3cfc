//! Largest remainder (Hamilton): whole units in exact proportion to weights.
//!
//! Implements `lr` of 0.2, which quotas (E.1), bonuses (H.1) and increases (H.2) share.

use crate::core::number::Exact;
use core::cmp::Reverse;

/// Splits a whole number of `units` in proportion to the weights of `claims`, in their order.
/// Each claim first gets the whole part of its exact share. The remaining units go one by one to
/// the largest remainders; among equal remainders, to the smallest tie key. Keys should be
/// distinct: with equal keys the earlier claim wins. `None` when no weight is above 0.
///
/// Weights must not be negative.
pub fn largest_remainder<K: Ord>(units: &Exact, claims: Vec<(Exact, K)>) -> Option<Vec<Exact>> {
    let weight: Exact = claims.iter().map(|(weight, _)| weight).sum();
    let mut parts = claims
        .into_iter()
        .enumerate()
        .map(|(place, (claim, key))| {
            let scaled = units * claim;
            let part = scaled.checked_div(&weight)?.floor();
            let remainder = scaled - &part * &weight;
            Some((Reverse(remainder), key, place, part))
        })
        .collect::<Option<Vec<_>>>()?;
    parts.sort_unstable();
    let mut left = units - parts.iter().map(|(.., part)| part).sum::<Exact>();
    let one = Exact::from(1);
    for (.., part) in &mut parts {
        if !left.is_positive() {
            break;
        }
        *part = &*part + &one;
        left = left - &one;
    }
    parts.sort_unstable_by_key(|(_, _, place, _)| *place);
    Some(parts.into_iter().map(|(.., part)| part).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split(units: u32, weights: &[u32]) -> Option<Vec<i128>> {
        let claims = weights.iter().map(|w| Exact::from(*w)).zip(0..).collect();
        let parts = largest_remainder(&units.into(), claims)?;
        parts.iter().map(Exact::to_i128).collect()
    }

    #[test]
    fn the_largest_remainder_gets_the_unit_left_over() {
        assert_eq!(split(10, &[1, 1, 1]), Some(vec![4, 3, 3]));
        assert_eq!(split(3, &[10, 55, 35]), Some(vec![0, 2, 1]));
    }

    #[test]
    fn equal_remainders_follow_the_key() {
        let claims = vec![(Exact::from(1), 2), (Exact::from(1), 1)];
        let parts = largest_remainder(&Exact::from(1), claims).unwrap();
        assert_eq!(parts, [Exact::from(0), Exact::from(1)]);
    }

    #[test]
    fn nothing_to_weigh_with_is_no_split() {
        assert_eq!(split(5, &[0, 0]), None);
        assert_eq!(split(5, &[]), Some(vec![]));
    }

    proptest! {
        #[test]
        fn parts_sum_to_the_units_and_stay_within_one_of_the_share(
            units in 0..10_000_u32,
            weights in prop::collection::vec(0..1_000_u32, 1..20),
        ) {
            let total: u32 = weights.iter().sum();
            prop_assume!(total > 0);
            let parts = split(units, &weights).unwrap();
            prop_assert_eq!(parts.iter().sum::<i128>(), i128::from(units));
            for (part, weight) in parts.iter().zip(&weights) {
                let below = i128::from(units) * i128::from(*weight) / i128::from(total);
                prop_assert!(*part == below || *part == below + 1);
                prop_assert!(*weight > 0 || *part == 0);
            }
        }
    }
}
