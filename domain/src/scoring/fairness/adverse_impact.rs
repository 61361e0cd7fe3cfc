//! Whether groups of people get a favourable outcome at very different rates.
//!
//! Implements F.6: the four-fifths rule together with Fisher's exact test. It is a screening rule
//! of the United States (29 CFR 1607.4(D)); elsewhere it only helps to diagnose.

use super::{Figure, Withheld, at_least};
use crate::core::error::{Code, Result};
use crate::core::number::Exact;
use crate::scoring::settings::FairSettings;
use crate::scoring::statistics::fisher_two_sided;
use core::cmp::Ordering;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// p below which a difference is not explained by chance.
const SIGNIFICANT: f64 = 0.05;

/// How many people of a group got the favourable outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Selection {
    selected: u32,
    people: u32,
}

impl Selection {
    /// `selected` people out of `people`.
    ///
    /// # Errors
    /// `COUNT_INVALID` when `selected` exceeds `people`.
    pub fn new(selected: u32, people: u32) -> Result<Selection> {
        if selected > people {
            return Err(Code::CountInvalid.because(format!("{selected} of {people} selected")));
        }
        Ok(Selection { selected, people })
    }

    /// Share of selected people, 0 to 1; `None` without people.
    fn rate(self) -> Option<Exact> {
        Exact::from(self.selected).checked_div(&Exact::from(self.people))
    }

    /// Rate of this group divided by the rate of the other; `None` when that rate is 0.
    fn ratio_to(self, other: Selection) -> Option<Exact> {
        self.rate()?.checked_div(&other.rate()?)
    }

    fn not_selected(self) -> u32 {
        self.people - self.selected
    }
}

/// The meaning of the rates of two groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Impact {
    /// The lower rate is below four fifths of the higher one, and chance does not explain it.
    Adverse,
    /// The lower rate is below four fifths of the higher one, but chance may explain it.
    Watch,
    /// Like `Watch`, and one selection moved to the other group would remove the finding.
    WatchSmallSample,
    /// The lower rate is at least four fifths of the higher one.
    None,
}

/// The comparison of two groups.
#[derive(Clone, Debug, PartialEq)]
pub struct AdverseImpact {
    /// Lower rate divided by higher rate, 0 to 1.
    pub ratio: Exact,
    /// Two-sided p of Fisher's exact test.
    pub p: f64,
    /// The meaning of ratio and p.
    pub impact: Impact,
}

/// Compares two groups; their order does not matter.
///
/// Implements F.6.
///
/// # Errors
/// `INSUFFICIENT` when a group has fewer than `fair.min_n` people, or nobody was selected at all.
pub fn four_fifths(
    first: Selection,
    second: Selection,
    settings: &FairSettings,
) -> Figure<AdverseImpact> {
    at_least(settings.min_n, first.people as usize)?;
    at_least(settings.min_n, second.people as usize)?;
    let (lower, higher) =
        if compare_rates(first, second).is_lt() { (first, second) } else { (second, first) };
    let ratio = lower.ratio_to(higher).ok_or(Withheld::Insufficient)?;
    let p = fisher_two_sided(
        lower.selected,
        lower.not_selected(),
        higher.selected,
        higher.not_selected(),
    );
    let impact = if ratio >= bar() {
        Impact::None
    } else if p < SIGNIFICANT {
        Impact::Adverse
    } else if one_selection_cures(lower, higher) {
        Impact::WatchSmallSample
    } else {
        Impact::Watch
    };
    Ok(AdverseImpact { ratio, p, impact })
}

/// Compares each group with the group that has the highest rate (the first one of several), which
/// is left out of the result. A group too small to compare is never the highest.
///
/// Implements F.6 for more than two groups.
pub fn against_highest<K: Ord + Clone>(
    groups: &BTreeMap<K, Selection>,
    settings: &FairSettings,
) -> BTreeMap<K, Figure<AdverseImpact>> {
    let highest = groups
        .iter()
        .rev()
        .filter(|(_, group)| at_least(settings.min_n, group.people as usize).is_ok())
        .max_by(|(_, left), (_, right)| compare_rates(**left, **right));
    let compare = |(key, group): (&K, &Selection)| match highest {
        Some((best, _)) if best == key => None,
        Some((_, best)) => Some((key.clone(), four_fifths(*group, *best, settings))),
        None => Some((key.clone(), Err(Withheld::Insufficient))),
    };
    groups.iter().filter_map(compare).collect()
}

/// Compares two rates. A group without people has the lowest rate.
fn compare_rates(left: Selection, right: Selection) -> Ordering {
    left.rate().cmp(&right.rate())
}

/// Whether moving one selection from the higher group to the lower one raises the ratio to at least
/// four fifths or reverses the order of the groups.
fn one_selection_cures(lower: Selection, higher: Selection) -> bool {
    let moved = (
        Selection { selected: lower.selected + 1, ..lower },
        Selection { selected: higher.selected - 1, ..higher },
    );
    // Nobody is selected in the higher group any more: the order is reversed.
    moved.0.ratio_to(moved.1).is_none_or(|ratio| ratio >= bar())
}

/// The limit of four fifths.
fn bar() -> Exact {
    Exact::scaled(8, 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn compare(first: (u32, u32), second: (u32, u32)) -> Figure<AdverseImpact> {
        let [first, second] =
            [first, second].map(|(selected, people)| Selection::new(selected, people).unwrap());
        four_fifths(first, second, &FairSettings::default())
    }

    #[test]
    fn four_fifths_and_fisher_together_decide() {
        for (first, second, impact) in [
            ((48, 80), (12, 30), Impact::Watch),
            ((96, 160), (24, 60), Impact::Adverse),
            ((9, 10), (3, 5), Impact::WatchSmallSample),
            ((5, 10), (4, 10), Impact::None),
            ((3, 5), (9, 10), Impact::WatchSmallSample),
            // One selection moved: 4/10 over 5/10 is exactly four fifths.
            ((3, 10), (6, 10), Impact::WatchSmallSample),
        ] {
            assert_eq!(compare(first, second).unwrap().impact, impact, "{first:?} {second:?}");
        }
    }

    #[test]
    fn exactly_four_fifths_is_enough() {
        // In floats 3/5 over 6/8 falls just short of 0.8.
        let found = compare((3, 5), (6, 8)).unwrap();
        assert_eq!((found.ratio, found.impact), (Exact::scaled(8, 1), Impact::None));
        assert_eq!(compare((28, 100), (35, 100)).unwrap().impact, Impact::None);
        assert_eq!(compare((25, 100), (35, 100)).unwrap().impact, Impact::Watch);
    }

    #[test]
    fn a_single_selection_that_empties_the_higher_group_cures() {
        assert_eq!(compare((1, 5), (0, 5)).unwrap().impact, Impact::WatchSmallSample);
    }

    #[test]
    fn small_groups_and_nobody_selected_answer_nothing() {
        assert_eq!(compare((4, 4), (0, 50)), Err(Withheld::Insufficient));
        assert_eq!(compare((0, 50), (0, 50)), Err(Withheld::Insufficient));
        assert_eq!(Selection::new(6, 5).unwrap_err().code, Code::CountInvalid);
    }

    #[test]
    fn many_groups_are_compared_with_the_highest() {
        let groups = [("a", 50, 100), ("b", 30, 100), ("c", 50, 100), ("d", 4, 4)]
            .map(|(name, selected, people)| (name, Selection::new(selected, people).unwrap()));
        let found = against_highest(&groups.into(), &FairSettings::default());
        let impacts: Vec<_> = found
            .into_iter()
            .map(|(name, figure)| (name, figure.map(|figure| figure.impact)))
            .collect();
        assert_eq!(
            impacts,
            [
                ("b", Ok(Impact::Adverse)),
                ("c", Ok(Impact::None)),
                ("d", Err(Withheld::Insufficient)),
            ]
        );
        let small = BTreeMap::from([("d", Selection::new(4, 4).unwrap())]);
        let nothing = against_highest(&small, &FairSettings::default());
        assert_eq!(nothing["d"], Err(Withheld::Insufficient));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_order_of_groups_does_not_matter(
            (first, second) in (0..60_u32, 0..60_u32, 0..60_u32, 0..60_u32)
                .prop_map(|(a, b, c, d)| ((a, a + b), (c, c + d))),
        ) {
            let found = compare(first, second);
            prop_assert_eq!(&compare(second, first), &found);
            if let Ok(found) = found {
                prop_assert!(!found.ratio.is_negative() && found.ratio <= Exact::from(1));
                prop_assert!((0.0..=1.0).contains(&found.p));
                prop_assert_eq!(found.impact == Impact::None, found.ratio >= bar());
            }
        }
    }
}
