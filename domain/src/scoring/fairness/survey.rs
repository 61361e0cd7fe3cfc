//! Survey figures, and which groups may be shown.
//!
//! Implements F.8.

use super::{Figure, at_least, share};
use crate::core::error::{Code, Result};
use crate::core::number::Exact;
use crate::scoring::review::rater::check_limit;
use crate::scoring::settings::FairSettings;
use core::ops::RangeInclusive;
use std::collections::{BTreeMap, BTreeSet};

/// The employee net promoter score: percent of answers 9 and 10 minus percent of answers 0 to 6,
/// from -100 to 100. `INSUFFICIENT` for fewer than `fair.min_n` answers.
///
/// Implements F.8.
///
/// # Errors
/// `RATING_OUT_OF_RANGE` for an answer above 10.
pub fn enps(answers: &[u8], settings: &FairSettings) -> Result<Figure<Exact>> {
    let promoters = percent(answers, 9..=10, 0..=10, settings)?;
    let detractors = percent(answers, 0..=6, 0..=10, settings)?;
    Ok(promoters.and_then(|promoters| Ok(promoters - detractors?)))
}

/// Favourable answers (4 and 5 of 1 to 5) in percent. `INSUFFICIENT` for fewer than `fair.min_n`
/// answers.
///
/// Implements F.8.
///
/// # Errors
/// `RATING_OUT_OF_RANGE` for an answer outside 1 to 5.
pub fn favourable(answers: &[u8], settings: &FairSettings) -> Result<Figure<Exact>> {
    percent(answers, 4..=5, 1..=5, settings)
}

fn percent(
    answers: &[u8],
    wanted: RangeInclusive<u8>,
    scale: RangeInclusive<u8>,
    settings: &FairSettings,
) -> Result<Figure<Exact>> {
    if let Some(stray) = answers.iter().find(|answer| !scale.contains(answer)) {
        let detail = format!("{stray} is not within {} to {}", scale.start(), scale.end());
        return Err(Code::RatingOutOfRange.because(detail));
    }
    Ok(at_least(settings.min_n, answers.len())
        .and_then(|()| share(answers, |answer| wanted.contains(answer)))
        .map(|share| share * Exact::from(100)))
}

/// Which groups may be shown together with their total, given the number of people in each.
///
/// Groups of fewer than `least` people are hidden. Subtracting the groups shown from the total
/// gives the figure of all hidden people together. So while these are fewer than `least`, the
/// smallest group shown is hidden too (complementary suppression); of equally small groups, the
/// first one.
///
/// Implements F.8.
pub fn shown(sizes: &[u32], least: u32) -> Vec<bool> {
    let mut shown: Vec<bool> = sizes.iter().map(|size| *size >= least).collect();
    loop {
        let hidden = sizes.iter().zip(&shown).filter(|(_, shown)| !**shown);
        let people: u64 = hidden.map(|(size, _)| u64::from(*size)).sum();
        let derivable = people > 0 && people < u64::from(least);
        let smallest = sizes
            .iter()
            .zip(&mut shown)
            .filter(|(size, shown)| derivable && **size > 0 && **shown)
            .min_by_key(|(size, _)| **size);
        match smallest {
            Some((_, shown)) => *shown = false,
            None => return shown,
        }
    }
}

/// The groups that are hidden while their total is shown, in ascending order; see [`shown`].
///
/// # Errors
/// `COUNT_INVALID` for a minimum below 3.
pub fn suppressed<Group: Clone + Ord>(
    groups: &BTreeMap<Group, u32>,
    minimum: u32,
) -> Result<BTreeSet<Group>> {
    check_limit("the least number of people shown", minimum)?;
    let sizes: Vec<u32> = groups.values().copied().collect();
    let kept = shown(&sizes, minimum);
    Ok(groups.keys().zip(kept).filter(|(_, kept)| !kept).map(|(group, _)| group.clone()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scoring::fairness::Withheld;
    use proptest::prelude::*;

    #[test]
    fn hidden_groups_are_named_by_code_and_never_below_three() {
        let groups = BTreeMap::from([("b", 7), ("a", 7), ("c", 4)]);
        assert_eq!(suppressed(&groups, 5).unwrap(), ["a", "c"].into());
        assert!(suppressed(&groups, 4).unwrap().is_empty());
        assert_eq!(suppressed(&groups, 2).unwrap_err().code, Code::CountInvalid);
    }

    #[test]
    fn promoters_less_detractors() {
        let score = |answers: &[u8]| enps(answers, &FairSettings::default());
        assert_eq!(score(&[10, 9, 9, 8, 7, 6, 3, 10]), Ok(Ok(Exact::from(25))));
        assert_eq!(score(&[0; 5]), Ok(Ok(Exact::from(-100))));
        assert_eq!(score(&[9; 4]), Ok(Err(Withheld::Insufficient)));
        assert_eq!(score(&[11; 9]).unwrap_err().code, Code::RatingOutOfRange);
    }

    #[test]
    fn fours_and_fives_are_favourable() {
        let score = |answers: &[u8]| favourable(answers, &FairSettings::default());
        assert_eq!(score(&[5, 4, 4, 3, 2]), Ok(Ok(Exact::from(60))));
        assert_eq!(score(&[]), Ok(Err(Withheld::Insufficient)));
        for stray in [0, 6] {
            assert_eq!(score(&[4, 4, 4, stray]).unwrap_err().code, Code::RatingOutOfRange);
        }
    }

    #[test]
    fn a_lone_hidden_group_takes_the_smallest_shown_one_with_it() {
        assert_eq!(shown(&[20, 3, 9, 9], 5), [true, false, false, true]);
        assert_eq!(shown(&[20, 1, 3, 9], 5), [true, false, false, false]);
        assert_eq!(shown(&[20, 3, 4, 9], 5), [true, false, false, true]);
        assert_eq!(shown(&[20, 0, 9], 5), [true, false, true]);
        assert_eq!(shown(&[20, 5], 5), [true, true]);
        assert_eq!(shown(&[3], 5), [false]);
        assert_eq!(shown(&[], 5), [] as [bool; 0]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn nothing_hidden_can_be_derived(sizes in prop::collection::vec(0..12_u32, 0..8)) {
            let shown = shown(&sizes, 5);
            let hidden: Vec<u32> = sizes
                .iter()
                .zip(&shown)
                .filter(|(size, shown)| **size > 0 && !**shown)
                .map(|(size, _)| *size)
                .collect();
            let anything_left = sizes.iter().zip(&shown).any(|(size, shown)| *size > 0 && *shown);
            prop_assert!(sizes.iter().zip(&shown).all(|(size, shown)| *size >= 5 || !shown));
            if anything_left && !hidden.is_empty() {
                prop_assert!(hidden.len() > 1 && hidden.iter().sum::<u32>() >= 5);
            }
        }
    }
}
