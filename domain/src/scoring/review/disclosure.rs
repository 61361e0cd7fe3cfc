//! What a reviewee may see of the ratings. Implements the disclosure control of D.3.

use super::dimension::{Dimension, DimensionResult, Group, UsedGroup};
use crate::core::error::Result;
use crate::core::number::Rounding;
use crate::scoring::settings::ReviewSettings;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// What is shown of one dimension. Counts by type, highest and lowest ratings, distributions and
/// times are never shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disclosure {
    /// Weighted mean rating of the dimension, 4 places.
    pub rating: Decimal,
    /// Mean of each group that counted, 4 places. A type with too few ratings is not listed and is
    /// not part of `rating` either, so nothing about it can be derived.
    pub means: Vec<(Group, Decimal)>,
    /// Number of people who rated; `None` when the number would reveal the size of a hidden type.
    pub raters: Option<usize>,
}

/// What may be shown of a dimension; `None` until the time for raters is over.
///
/// # Errors
/// `NUMBER_OVERFLOW`, as with every rounding; no mean of ratings is ever that large.
pub fn disclose(
    dimension: &Dimension,
    result: &DimensionResult,
    window_closed: bool,
    settings: &ReviewSettings,
) -> Result<Option<Disclosure>> {
    if !window_closed {
        return Ok(None);
    }
    let mean = |used: &UsedGroup| Ok((used.group, used.mean.round(4, Rounding::HalfUp)?));
    let hides = dimension.raters.iter().any(|(rater_type, raters)| {
        rater_type.is_anonymous(dimension.anonymous_customers)
            && raters.ratings.len() < settings.anonymity_min as usize
    });
    let raters = dimension.raters.values().map(|raters| raters.ratings.len()).sum();
    Ok(Some(Disclosure {
        rating: result.rating,
        means: result.groups.iter().map(mean).collect::<Result<_>>()?,
        raters: (!hides).then_some(raters),
    }))
}

/// Comments in sorted order, which reveals neither author nor time.
pub fn unlinked(mut comments: Vec<String>) -> Vec<String> {
    comments.sort_unstable();
    comments
}

#[cfg(test)]
mod tests {
    use super::super::dimension::tests::dimension;
    use super::super::rater::RaterType::{self, Manager, Peer, Subordinate};
    use super::*;
    use crate::scoring::settings::{Settings, SmallCategory};

    fn shown(raters: &[(RaterType, i32, &[i32])], settings: &Settings) -> Disclosure {
        let dimension = dimension(raters);
        let result = dimension.result(settings).unwrap();
        disclose(&dimension, &result, true, &settings.review).unwrap().unwrap()
    }

    fn names(disclosure: &Disclosure) -> Vec<&str> {
        disclosure.means.iter().map(|(group, _)| group.as_str()).collect()
    }

    #[test]
    fn a_short_type_leaves_no_trace() {
        let settings = Settings::default();
        let of = |few: &[i32]| {
            shown(&[(Manager, 60, &[4]), (Peer, 25, &[5, 4, 3]), (Subordinate, 15, few)], &settings)
        };
        let hidden = of(&[1, 2]);
        assert_eq!(names(&hidden), ["manager", "peer"]);
        assert_eq!(hidden.raters, None);
        for few in [&[][..], &[5]] {
            assert_eq!(of(few), hidden, "not even whether anyone is hidden");
        }
        assert_eq!(of(&[1, 2, 3]).raters, Some(7));
    }

    #[test]
    fn a_pool_is_shown_as_a_whole() {
        let mut settings = Settings::default();
        settings.review.small_category = SmallCategory::MergeOther;
        let raters = [(Manager, 60, &[4][..]), (Peer, 25, &[5, 4]), (Subordinate, 15, &[3])];
        assert_eq!(names(&shown(&raters, &settings)), ["manager", "others"]);
    }

    #[test]
    fn nothing_is_shown_while_people_still_rate() {
        let dimension = dimension(&[(Manager, 100, &[4])]);
        let result = dimension.result(&Settings::default()).unwrap();
        let early = disclose(&dimension, &result, false, &ReviewSettings::default());
        assert_eq!(early.unwrap(), None);
    }

    #[test]
    fn comments_lose_their_order() {
        let comments = |texts: [&str; 3]| unlinked(texts.map(String::from).to_vec());
        assert_eq!(comments(["b", "c", "a"]), ["a", "b", "c"]);
        assert_eq!(comments(["c", "a", "b"]), ["a", "b", "c"]);
    }
}
