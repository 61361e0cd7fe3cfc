//! Rater types, their weights, and the mean of the ratings of one type. Implements D.1 and D.2.

use crate::core::error::{Code, Result};
use crate::core::number::Exact;
use crate::scoring::settings::{ReviewSettings, Trim};
use crate::text_enum;

text_enum! {
    /// Relation of a rater to the reviewee.
    pub enum RaterType {
        /// The reviewee: a self-rating.
        Oneself = "self",
        /// The line manager, whose rating is mandatory.
        Manager = "manager",
        /// A colleague of the same department.
        Peer = "peer",
        /// A colleague of another department.
        CrossDept = "cross_dept",
        /// Someone who reports to the reviewee: an upward review (下级评价).
        Subordinate = "subordinate",
        /// A customer, for service roles.
        Customer = "customer",
    }
}

impl RaterType {
    /// Whether raters of this type can be asked and can hand in a rating. So far this holds only
    /// for the reviewee and the manager.
    pub const fn is_collected(self) -> bool {
        match self {
            RaterType::Oneself | RaterType::Manager => true,
            RaterType::Peer
            | RaterType::CrossDept
            | RaterType::Subordinate
            | RaterType::Customer => false,
        }
    }

    /// Whether single ratings of this type must stay anonymous (D.3). Customers are anonymous only
    /// if the policy says so.
    pub const fn is_anonymous(self, anonymous_customers: bool) -> bool {
        match self {
            RaterType::Peer | RaterType::CrossDept | RaterType::Subordinate => true,
            RaterType::Customer => anonymous_customers,
            RaterType::Oneself | RaterType::Manager => false,
        }
    }
}

/// Least number of raters from which a mean is shown or trimmed, whatever the policy says.
const LEAST_RATERS: u32 = 3;

/// The default dimensions with their weights in percent. Performance is computed from goals and has
/// no raters.
pub const DEFAULT_DIMENSIONS: [(&str, u32); 4] =
    [("performance", 60), ("competency", 20), ("behaviour", 10), ("collaboration", 10)];

/// The rater types of a default dimension with their weights in percent; empty for performance and
/// unknown names. Everybody also rates themselves, with weight 0.
pub const fn default_rater_weights(dimension: &str) -> &'static [(RaterType, u32)] {
    use RaterType::{CrossDept, Manager, Peer, Subordinate};
    match dimension.as_bytes() {
        b"competency" => &[(Manager, 60), (Peer, 25), (Subordinate, 15)],
        b"behaviour" => &[(Manager, 60), (Peer, 40)],
        b"collaboration" => &[(Manager, 20), (CrossDept, 80)],
        _ => &[],
    }
}

/// Checks that every rating is from 1 to 5.
///
/// # Errors
/// `RATING_OUT_OF_RANGE` otherwise.
pub fn check_ratings<'a>(ratings: impl IntoIterator<Item = &'a Exact>) -> Result<()> {
    let scale = Exact::from(1)..=Exact::from(5);
    match ratings.into_iter().find(|rating| !scale.contains(rating)) {
        Some(outside) => {
            Err(Code::RatingOutOfRange.because(format!("{outside} is not within 1 to 5")))
        }
        None => Ok(()),
    }
}

/// Checks a number of raters below which a setting would reveal or distort single ratings.
///
/// # Errors
/// `COUNT_INVALID` below 3.
pub(crate) fn check_limit(setting: &str, raters: u32) -> Result<()> {
    if raters < LEAST_RATERS {
        return Err(Code::CountInvalid.because(format!("{setting} is at least {LEAST_RATERS}")));
    }
    Ok(())
}

/// The mean of the ratings of one type, each from 1 to 5; not rounded.
///
/// From `review.trim_min_n` ratings on, `drop_extremes` drops the highest and the lowest rating
/// (去掉一个最高分和一个最低分). With `median` the median counts, whatever the number of ratings.
///
/// # Errors
/// `EMPTY_INPUT` without ratings, `RATING_OUT_OF_RANGE` for a rating outside 1 to 5,
/// `COUNT_INVALID` for a `review.trim_min_n` below 3.
pub fn mean_rating(ratings: &[Exact], settings: &ReviewSettings) -> Result<Exact> {
    check_ratings(ratings)?;
    check_limit("review.trim_min_n", settings.trim_min_n)?;
    let mut sorted: Vec<&Exact> = ratings.iter().collect();
    sorted.sort_unstable();
    let trimmed = match (settings.trim, &sorted[..]) {
        (Trim::DropExtremes, [_, inner @ .., _])
            if sorted.len() >= settings.trim_min_n as usize =>
        {
            inner
        }
        (Trim::Median, all) => middle(all),
        (Trim::DropExtremes | Trim::None, all) => all,
    };
    let sum: Exact = trimmed.iter().copied().sum();
    sum.checked_div(&Exact::from(trimmed.len()))
        .ok_or_else(|| Code::EmptyInput.because("there are no ratings"))
}

/// The one or two values in the middle; their mean is the median.
fn middle<T>(sorted: &[T]) -> &[T] {
    let half = sorted.len().saturating_sub(1) / 2;
    sorted.get(half..sorted.len() - half).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn mean(ratings: &[i32], trim: Trim, trim_min_n: u32) -> Result<String> {
        let ratings: Vec<Exact> = ratings.iter().copied().map(Exact::from).collect();
        let settings = ReviewSettings { trim, trim_min_n, ..ReviewSettings::default() };
        mean_rating(&ratings, &settings).map(|mean| mean.to_string())
    }

    #[test]
    fn extremes_are_dropped_from_five_ratings_on() {
        let dropped = |ratings| mean(ratings, Trim::DropExtremes, 5).unwrap();
        assert_eq!(dropped(&[5, 4, 4, 3, 1]), "11/3");
        assert_eq!(dropped(&[5, 4, 4, 1]), "3.5");
        assert_eq!(dropped(&[5, 5, 5, 5, 5, 1]), "5");
    }

    #[test]
    fn a_policy_may_keep_all_or_take_the_median() {
        assert_eq!(mean(&[5, 4, 4, 3, 1], Trim::None, 5).unwrap(), "3.4");
        assert_eq!(mean(&[1, 5, 4, 4, 1], Trim::Median, 5).unwrap(), "4");
        assert_eq!(mean(&[1, 2, 5, 3, 1, 5], Trim::Median, 5).unwrap(), "2.5");
        assert_eq!(mean(&[5, 1, 1], Trim::Median, 5).unwrap(), "1");
    }

    #[test]
    fn something_always_remains() {
        for trim in [Trim::DropExtremes, Trim::None, Trim::Median] {
            assert_eq!(mean(&[4], trim, 3).unwrap(), "4");
            assert_eq!(mean(&[4, 5], trim, 3).unwrap(), "4.5");
            assert_eq!(mean(&[], trim, 3).unwrap_err().code, Code::EmptyInput);
            assert_eq!(mean(&[4], trim, 2).unwrap_err().code, Code::CountInvalid);
        }
    }

    #[test]
    fn ratings_run_from_one_to_five() {
        for outside in [0, 6, -3] {
            let error = mean(&[3, outside], Trim::None, 5).unwrap_err();
            assert_eq!(error.code, Code::RatingOutOfRange);
        }
    }

    #[test]
    fn default_weights_sum_to_one_hundred() {
        let sum = |weights: &[(RaterType, u32)]| weights.iter().map(|(_, w)| w).sum::<u32>();
        assert_eq!(DEFAULT_DIMENSIONS.iter().map(|(_, weight)| weight).sum::<u32>(), 100);
        for (dimension, _) in DEFAULT_DIMENSIONS {
            let expected = if dimension == "performance" { 0 } else { 100 };
            assert_eq!(sum(default_rater_weights(dimension)), expected, "{dimension}");
        }
    }

    #[test]
    fn raters_are_named_or_anonymous() {
        assert!(RaterType::Peer.is_anonymous(false) && !RaterType::Manager.is_anonymous(true));
        assert!(!RaterType::Customer.is_anonymous(false) && RaterType::Customer.is_anonymous(true));
    }

    proptest! {
        #[test]
        fn the_mean_stays_within_the_ratings_in_any_order(
            ratings in proptest::collection::vec(1..=5_i32, 1..20),
            trim in prop::sample::select(vec![Trim::DropExtremes, Trim::None, Trim::Median]),
        ) {
            let settings = ReviewSettings { trim, ..ReviewSettings::default() };
            let mut exact: Vec<Exact> = ratings.into_iter().map(Exact::from).collect();
            let forward = mean_rating(&exact, &settings).unwrap();
            exact.reverse();
            prop_assert_eq!(&mean_rating(&exact, &settings).unwrap(), &forward);
            prop_assert!(exact.iter().min().unwrap() <= &forward);
            prop_assert!(&forward <= exact.iter().max().unwrap());
        }
    }
}
