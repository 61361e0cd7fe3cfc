//! Weights in percent: equal weights, checks, and weighted means.
//!
//! Implements the weight rules of 0.2 and the department weights of C.8.

use crate::core::error::{Code, Result};
use crate::core::number::Exact;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// 100.00 percent in hundredths of a percent.
const HUNDRED_PERCENT: u32 = 10_000;

/// Splits 100.00 percent evenly by largest remainder: 33.34, 33.33, 33.33.
///
/// # Errors
/// `EMPTY_INPUT` for 0 items, `COUNT_INVALID` when an item would get less than 0.01.
pub fn equal_weights(items: u32) -> Result<Vec<Decimal>> {
    if items == 0 {
        return Err(Code::EmptyInput.because("there is nothing to weigh"));
    }
    if items > HUNDRED_PERCENT {
        return Err(Code::CountInvalid.because(format!("{items} items cannot each have a weight")));
    }
    let (share, rest) = (HUNDRED_PERCENT / items, HUNDRED_PERCENT % items);
    let weight = |item| Decimal::new(i64::from(share + u32::from(item < rest)), 2);
    Ok((0..items).map(weight).collect())
}

/// Checks that weights are not negative and sum to exactly 100.
///
/// # Errors
/// `WEIGHTS_NOT_100` otherwise.
pub fn check_sum<'a>(weights: impl IntoIterator<Item = &'a Exact>) -> Result<()> {
    let sum = sum_of(weights)?;
    if sum != Exact::from(100) {
        return Err(Code::WeightsNot100.because(format!("the weights sum to {sum}, not to 100")));
    }
    Ok(())
}

/// The exact weighted mean of `(weight, value)` pairs; the weights need not sum to 100.
///
/// # Errors
/// `WEIGHTS_NOT_100` when a weight is negative or all weights are 0.
pub fn weighted_mean<'a>(
    items: impl IntoIterator<Item = (&'a Exact, &'a Exact)> + Clone,
) -> Result<Exact> {
    let weight = sum_of(items.clone().into_iter().map(|(weight, _)| weight))?;
    let total: Exact = items.into_iter().map(|(weight, value)| weight * value).sum();
    total.checked_div(&weight).ok_or_else(|| Code::WeightsNot100.because("the weights sum to 0"))
}

fn sum_of<'a>(weights: impl IntoIterator<Item = &'a Exact>) -> Result<Exact> {
    weights.into_iter().try_fold(Exact::default(), |sum, weight| {
        if weight.is_negative() {
            return Err(Code::WeightsNot100.because(format!("the weight {weight} is negative")));
        }
        Ok(sum + weight)
    })
}

/// The dimensions whose proposed weight differs by more than `max_pp` percentage points from the
/// framework, in alphabetical order. The request may go to HR when the list is empty. Implements
/// the check of C.8.
///
/// # Errors
/// In this order: `EMPTY_INPUT` for an empty framework, `DIMENSIONS_DIFFER` when the dimensions are
/// not those of the framework, `WEIGHTS_NOT_100` for weights that do not sum to 100.
pub fn outside_framework(
    framework: &BTreeMap<String, Exact>,
    proposed: &BTreeMap<String, Exact>,
    max_pp: &Exact,
) -> Result<Vec<String>> {
    if framework.is_empty() {
        return Err(Code::EmptyInput.because("the framework has no dimensions"));
    }
    if !framework.keys().eq(proposed.keys()) {
        return Err(Code::DimensionsDiffer.because("keep exactly the framework's dimensions"));
    }
    check_sum(proposed.values())?;
    let pairs = framework.iter().zip(proposed.values());
    let outside = pairs.filter(|((_, given), wanted)| (*wanted - *given).abs() > *max_pp);
    Ok(outside.map(|((dimension, _), _)| dimension.clone()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn weights(values: [i64; 4]) -> BTreeMap<String, Exact> {
        let names = ["performance", "competency", "behaviour", "collaboration"];
        names.map(String::from).into_iter().zip(values.map(Exact::from)).collect()
    }

    fn check(proposed: [i64; 4]) -> Result<Vec<String>> {
        outside_framework(&weights([60, 20, 10, 10]), &weights(proposed), &Exact::from(10))
    }

    #[test]
    fn thirds_go_to_the_first() {
        let shown = |items| -> Vec<_> {
            equal_weights(items).unwrap().iter().map(Decimal::to_string).collect()
        };
        assert_eq!(shown(3), ["33.34", "33.33", "33.33"]);
        assert_eq!(shown(2), ["50.00", "50.00"]);
        assert_eq!(equal_weights(0).unwrap_err().code, Code::EmptyInput);
        assert!(shown(10_000).iter().all(|weight| weight == "0.01"));
        assert_eq!(equal_weights(10_001).unwrap_err().code, Code::CountInvalid);
    }

    #[test]
    fn a_request_may_move_by_ten_points() {
        assert!(check([50, 30, 10, 10]).unwrap().is_empty());
        assert_eq!(check([45, 35, 10, 10]).unwrap(), ["competency", "performance"]);
    }

    #[test]
    fn a_request_keeps_dimensions_and_sum() {
        assert_eq!(check([50, 30, 10, 9]).unwrap_err().code, Code::WeightsNot100);
        assert_eq!(check([70, 20, 11, -1]).unwrap_err().code, Code::WeightsNot100);
        let mut other = weights([60, 20, 10, 5]);
        other.insert("values".into(), Exact::from(1));
        let max = Exact::from(10);
        let error = outside_framework(&weights([60, 20, 10, 10]), &other, &max).unwrap_err();
        assert_eq!(error.code, Code::DimensionsDiffer);
        let none = BTreeMap::new();
        assert_eq!(outside_framework(&none, &none, &max).unwrap_err().code, Code::EmptyInput);
    }

    #[test]
    fn weights_are_never_negative_and_a_mean_needs_one() {
        let [a, b] = [Exact::from(150), Exact::from(-50)];
        assert_eq!(check_sum([&a, &b]).unwrap_err().code, Code::WeightsNot100);
        assert_eq!(weighted_mean([(&b, &a)]).unwrap_err().code, Code::WeightsNot100);
        let zero = Exact::default();
        assert_eq!(weighted_mean([(&zero, &a)]).unwrap_err().code, Code::WeightsNot100);
        assert_eq!(weighted_mean([]).unwrap_err().code, Code::WeightsNot100);
    }

    proptest! {
        #[test]
        fn equal_weights_sum_to_one_hundred_and_differ_by_a_hundredth(items in 1..=10_000_u32) {
            let weights = equal_weights(items).unwrap();
            prop_assert_eq!(weights.iter().sum::<Decimal>(), Decimal::ONE_HUNDRED);
            let (first, last) = (weights[0], weights[weights.len() - 1]);
            prop_assert!(first - last <= Decimal::new(1, 2) && last > Decimal::ZERO);
        }

        #[test]
        fn a_mean_lies_between_its_values_in_any_order(
            items in proptest::collection::vec((1..100_i64, -500..500_i64), 1..12),
        ) {
            let exact: Vec<_> =
                items.iter().map(|&(w, v)| (Exact::from(w), Exact::from(v))).collect();
            let mean = weighted_mean(exact.iter().map(|(w, v)| (w, v))).unwrap();
            let reversed = weighted_mean(exact.iter().rev().map(|(w, v)| (w, v))).unwrap();
            prop_assert_eq!(&mean, &reversed);
            let values = || exact.iter().map(|(_, v)| v);
            prop_assert!(values().min().unwrap() <= &mean && &mean <= values().max().unwrap());
        }
    }
}
