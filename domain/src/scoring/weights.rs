//! Weights in percent: equal weights, checks, and weighted means.
//!
//! Implements the weight rules of 0.2 and the department weights of C.8.

use crate::core::error::{Code, Result};
use crate::core::number::Exact;
use core::fmt;
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

/// Whether a weight has at most 2 places. Its value counts, so 33.330 does.
pub fn has_two_places(weight: &Exact) -> bool {
    (weight * Exact::from(100)).to_i128().is_some()
}

/// Checks weights that people enter in percent: at most 2 places each, none negative, and a sum of
/// exactly 100.
///
/// # Errors
/// `NUMBER_INVALID` for a finer weight, `WEIGHTS_NOT_100` for the rest.
pub fn check_sum<'a>(weights: impl IntoIterator<Item = &'a Exact> + Clone) -> Result<()> {
    check_places(weights.clone())?;
    check_shares(weights)
}

/// Checks that each weight has at most 2 places.
///
/// # Errors
/// `NUMBER_INVALID` otherwise.
pub(crate) fn check_places<'a>(weights: impl IntoIterator<Item = &'a Exact>) -> Result<()> {
    match weights.into_iter().find(|weight| !has_two_places(weight)) {
        Some(fine) => {
            Err(Code::NumberInvalid.because(format!("the weight {fine} has more than 2 places")))
        }
        None => Ok(()),
    }
}

/// Checks that shares are not negative and sum to exactly 100. They may be fractions, such as
/// weights that were scaled because some of them do not count.
///
/// # Errors
/// `WEIGHTS_NOT_100` otherwise.
pub fn check_shares<'a>(shares: impl IntoIterator<Item = &'a Exact>) -> Result<()> {
    let sum = sum_of(shares)?;
    if sum != Exact::from(100) {
        return Err(Code::WeightsNot100.because(format!("the weights sum to {sum}, not to 100")));
    }
    Ok(())
}

/// Checks a share of one side against the other, such as `okr.blend_alpha`: from 0 to 1.
///
/// # Errors
/// `NUMBER_INVALID` otherwise.
pub(crate) fn check_fraction(setting: &str, fraction: &Exact) -> Result<()> {
    if fraction.is_negative() || *fraction > Exact::from(1) {
        return Err(Code::NumberInvalid.because(format!("{setting} is within 0 to 1")));
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

/// What is wrong with the weights that a department asks for (C.8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WeightFault {
    /// These dimensions have a weight that is negative or has more than 2 places.
    NumberInvalid(Vec<String>),
    /// The dimensions are not those of the framework.
    DimensionsDiffer,
    /// The weights do not sum to 100.00.
    NotOneHundred,
    /// These dimensions differ from the framework by more points than the policy allows.
    OutOfRange(Vec<String>),
    /// Evaluation is open, so the weights stay as they are.
    EvaluationOpen,
}

impl fmt::Display for WeightFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WeightFault::NumberInvalid(names) => write!(f, "NUMBER_INVALID:{}", names.join(",")),
            WeightFault::DimensionsDiffer => f.write_str("DIMENSIONS_DIFFER"),
            WeightFault::NotOneHundred => f.write_str("WEIGHTS_NOT_100"),
            WeightFault::OutOfRange(names) => write!(f, "OUT_OF_RANGE:{}", names.join(",")),
            WeightFault::EvaluationOpen => f.write_str("EVALUATION_OPEN"),
        }
    }
}

/// Every fault of the weights that a department proposes against those of the framework; none if HR
/// may be asked. Dimensions are named in alphabetical order. Implements the check of C.8.
///
/// A proposed weight is absent where the text is no number. The sum is judged if every weight is
/// one that can be stored, and the distance from the framework for each such weight.
pub fn weight_faults(
    framework: &BTreeMap<String, Exact>,
    proposed: &BTreeMap<String, Option<Exact>>,
    max_pp: &Exact,
    evaluation_open: bool,
) -> Vec<WeightFault> {
    let storable = |weight: &&Exact| !weight.is_negative() && has_two_places(weight);
    let weights: BTreeMap<&String, Option<&Exact>> =
        proposed.iter().map(|(name, weight)| (name, weight.as_ref().filter(storable))).collect();
    let named = |is_wrong: &dyn Fn(&String, Option<&Exact>) -> bool| -> Vec<String> {
        let wrong = weights.iter().filter(|(name, weight)| is_wrong(name, **weight));
        wrong.map(|(name, _)| (*name).clone()).collect()
    };
    let invalid = named(&|_, weight| weight.is_none());
    let outside = named(&|name, weight| {
        let pair = framework.get(name).zip(weight);
        pair.is_some_and(|(given, wanted)| (wanted - given).abs() > *max_pp)
    });
    let sum = weights.values().copied().sum::<Option<Exact>>();
    let faults = [
        (!invalid.is_empty(), WeightFault::NumberInvalid(invalid)),
        (!framework.keys().eq(proposed.keys()), WeightFault::DimensionsDiffer),
        (sum.is_some_and(|sum| sum != Exact::from(100)), WeightFault::NotOneHundred),
        (!outside.is_empty(), WeightFault::OutOfRange(outside)),
        (evaluation_open, WeightFault::EvaluationOpen),
    ];
    faults.into_iter().filter_map(|(found, fault)| found.then_some(fault)).collect()
}

/// The dimensions whose proposed weight differs by more than `max_pp` percentage points from the
/// framework, in alphabetical order. The request may go to HR when the list is empty. Implements
/// the check of C.8 for callers that need only the first fault of [`weight_faults`].
///
/// # Errors
/// In this order: `EMPTY_INPUT` for an empty framework, `NUMBER_INVALID` for a weight that is
/// negative or has more than 2 places, `DIMENSIONS_DIFFER` when the dimensions are not those of the
/// framework, `WEIGHTS_NOT_100` for weights that do not sum to 100.
pub fn outside_framework(
    framework: &BTreeMap<String, Exact>,
    proposed: &BTreeMap<String, Exact>,
    max_pp: &Exact,
) -> Result<Vec<String>> {
    if framework.is_empty() {
        return Err(Code::EmptyInput.because("the framework has no dimensions"));
    }
    let given = |(name, weight): (&String, &Exact)| (name.clone(), Some(weight.clone()));
    let proposed = proposed.iter().map(given).collect();
    match weight_faults(framework, &proposed, max_pp, false).into_iter().next() {
        None | Some(WeightFault::EvaluationOpen) => Ok(Vec::new()),
        Some(WeightFault::OutOfRange(outside)) => Ok(outside),
        Some(WeightFault::NumberInvalid(names)) => {
            Err(Code::NumberInvalid.because(format!("no weights: {}", names.join(", "))))
        }
        Some(WeightFault::DimensionsDiffer) => {
            Err(Code::DimensionsDiffer.because("keep exactly the framework's dimensions"))
        }
        Some(WeightFault::NotOneHundred) => {
            Err(Code::WeightsNot100.because("the proposed weights do not sum to 100"))
        }
    }
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
        assert_eq!(check([70, 20, 20, -10]).unwrap_err().code, Code::NumberInvalid);
        let mut other = weights([60, 20, 10, 5]);
        other.insert("values".into(), Exact::from(1));
        let max = Exact::from(10);
        let error = outside_framework(&weights([60, 20, 10, 10]), &other, &max).unwrap_err();
        assert_eq!(error.code, Code::DimensionsDiffer);
        let none = BTreeMap::new();
        assert_eq!(outside_framework(&none, &none, &max).unwrap_err().code, Code::EmptyInput);
    }

    #[test]
    fn every_fault_of_a_request_is_named_as_far_as_it_can_be_judged() {
        let framework = weights([60, 20, 10, 10]);
        let texts = |proposed: &[(&str, &str)], open| -> Vec<String> {
            let proposed = proposed
                .iter()
                .map(|(name, weight)| ((*name).to_owned(), weight.parse().ok()))
                .collect();
            let faults = weight_faults(&framework, &proposed, &Exact::from(10), open);
            faults.iter().map(WeightFault::to_string).collect()
        };
        let kept = [("behaviour", "10"), ("collaboration", "10"), ("competency", "20")];
        let with = |weight| [&kept[..], &[("performance", weight)]].concat();
        assert!(texts(&with("60.00"), false).is_empty());
        assert_eq!(texts(&with("60"), true), ["EVALUATION_OPEN"]);
        assert_eq!(texts(&with("60.001"), false), ["NUMBER_INVALID:performance"]);
        assert_eq!(texts(&with("x"), false), ["NUMBER_INVALID:performance"]);
        assert_eq!(texts(&with("71"), false), ["WEIGHTS_NOT_100", "OUT_OF_RANGE:performance"]);
        assert_eq!(texts(&kept, false), ["DIMENSIONS_DIFFER", "WEIGHTS_NOT_100"]);
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
