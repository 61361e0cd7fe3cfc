//! What a reviewee may see of the ratings. Implements the disclosure control of D.3.

use super::dimension::{Dimension, DimensionResult, Group, UsedGroup};
use super::rater::check_limit;
use crate::core::error::{Code, Result};
use crate::core::number::{Exact, Rounding};
use crate::scoring::settings::ReviewSettings;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

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
        dimension.is_anonymous(*rater_type)
            && raters.ratings.len() < settings.anonymity_min as usize
    });
    let raters = dimension.raters.values().map(|raters| raters.ratings.len()).sum();
    Ok(Some(Disclosure {
        rating: result.rating,
        means: result.groups.iter().map(mean).collect::<Result<_>>()?,
        raters: (!hides).then_some(raters),
    }))
}

/// How many people of each type have rated, and which types must stay anonymous.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submitted<Type> {
    /// Number of ratings of each type.
    pub ratings: BTreeMap<Type, u32>,
    /// The types whose single ratings nobody may see.
    pub anonymous: BTreeSet<Type>,
    /// Number of ratings from which an anonymous type is shown; at least 3.
    pub minimum: u32,
    /// Whether the time for raters is over.
    pub closed: bool,
}

/// What may be shown of the ratings of several types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown<Type> {
    /// The types that are shown on their own.
    pub types: Vec<Type>,
    /// For each total, whether it is shown.
    pub totals: Vec<bool>,
}

impl<Type: Clone + Ord> Submitted<Type> {
    /// Decides what may be shown: types of their own, and totals over several types. Implements
    /// complementary suppression (D.3).
    ///
    /// A type that is not anonymous is shown from one rating on. Totals are judged in order: one is
    /// hidden when the sum of a group of anonymous raters below the minimum would follow, by linear
    /// algebra, from it and what is shown already. Nothing is shown before the time for raters is
    /// over.
    ///
    /// # Errors
    /// `EMPTY_INPUT` without types or for an empty total, `COUNT_INVALID` for a minimum below 3,
    /// `NOT_FOUND` for a type in a total that was not named.
    pub fn shown(&self, totals: &[Vec<Type>]) -> Result<Shown<Type>> {
        if self.ratings.is_empty() || totals.iter().any(Vec::is_empty) {
            return Err(Code::EmptyInput.because("there is nothing to show"));
        }
        check_limit("review.anonymity_min", self.minimum)?;
        if totals.iter().flatten().any(|named| !self.ratings.contains_key(named)) {
            return Err(Code::NotFound.because("a total names an unknown type"));
        }
        if !self.closed {
            return Ok(Shown { types: Vec::new(), totals: vec![false; totals.len()] });
        }
        let (short, shown): (Vec<&Type>, Vec<&Type>) =
            self.present().partition(|one| self.is_short(one));
        let mut known = Span::default();
        for one in &shown {
            known = known.with(&self.vector([*one]));
        }
        let hidden = self.small_groups(&short);
        let judge = |total: &Vec<Type>| {
            let vector = self.vector(total);
            let next = known.with(&vector);
            let safe = !is_zero(&vector) && !hidden.iter().any(|group| next.contains(group));
            if safe {
                known = next;
            }
            safe
        };
        let totals = totals.iter().map(judge).collect();
        Ok(Shown { types: shown.into_iter().cloned().collect(), totals })
    }

    /// The types that somebody has rated in.
    fn present(&self) -> impl Iterator<Item = &Type> {
        self.ratings.iter().filter(|(_, count)| **count > 0).map(|(one, _)| one)
    }

    fn is_short(&self, one: &Type) -> bool {
        self.anonymous.contains(one) && self.ratings.get(one).is_some_and(|it| *it < self.minimum)
    }

    /// The sum of some types, as coefficients of the sums of all types in which somebody rated.
    fn vector<'a>(&'a self, types: impl IntoIterator<Item = &'a Type>) -> Vec<Exact> {
        let types: BTreeSet<&Type> = types.into_iter().collect();
        self.present().map(|one| Exact::from(u32::from(types.contains(one)))).collect()
    }

    /// The sums of all groups of short types that together have fewer raters than the minimum.
    fn small_groups(&self, short: &[&Type]) -> Vec<Vec<Exact>> {
        let mut groups: Vec<(Vec<&Type>, u32)> = vec![(Vec::new(), 0)];
        for one in short {
            let count = self.ratings.get(*one).copied().unwrap_or_default();
            let larger = groups.iter().filter(|(_, people)| people + count < self.minimum);
            let larger: Vec<_> = larger
                .map(|(types, people)| ([&types[..], &[*one]].concat(), people + count))
                .collect();
            groups.extend(larger);
        }
        groups.iter().skip(1).map(|(types, _)| self.vector(types.iter().copied())).collect()
    }
}

fn is_zero(vector: &[Exact]) -> bool {
    vector.iter().all(Exact::is_zero)
}

/// All sums that follow from known ones by adding, subtracting and scaling: a row space in echelon
/// form.
#[derive(Clone, Debug, Default)]
struct Span(Vec<Vec<Exact>>);

impl Span {
    /// What remains of a sum after all that is known is taken away.
    fn rest(&self, vector: &[Exact]) -> Vec<Exact> {
        self.0.iter().fold(vector.to_vec(), |rest, row| {
            let pivot = row.iter().zip(&rest).find(|(entry, _)| !entry.is_zero());
            let Some(factor) = pivot.and_then(|(entry, rest)| rest.checked_div(entry)) else {
                return rest;
            };
            rest.iter().zip(row).map(|(rest, entry)| rest - &factor * entry).collect()
        })
    }

    fn contains(&self, vector: &[Exact]) -> bool {
        is_zero(&self.rest(vector))
    }

    fn with(&self, vector: &[Exact]) -> Span {
        let rest = self.rest(vector);
        let news = (!is_zero(&rest)).then_some(rest);
        Span(self.0.iter().cloned().chain(news).collect())
    }
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
    fn a_total_is_hidden_when_a_small_group_follows_from_it() {
        let submitted = |ratings: &[(&'static str, u32)]| Submitted {
            ratings: ratings.iter().copied().collect(),
            anonymous: ["peer", "cross", "below"].into(),
            minimum: 3,
            closed: true,
        };
        let totals = |ratings: &[(&'static str, u32)], totals: &[&[&'static str]]| {
            let totals: Vec<Vec<_>> = totals.iter().map(|total| total.to_vec()).collect();
            submitted(ratings).shown(&totals).unwrap().totals
        };
        let pairs = [("peer", 2), ("below", 2), ("cross", 2)];
        assert_eq!(
            totals(&pairs, &[&["peer", "below"], &["below", "cross"], &["peer", "cross"]]),
            [true, true, false]
        );
        assert_eq!(
            totals(&pairs, &[&["peer", "below", "cross"], &["cross", "below"]]),
            [true, false]
        );
        let singles = [("manager", 1), ("peer", 1), ("below", 1), ("cross", 3)];
        assert_eq!(totals(&singles, &[&["manager", "peer", "below"]]), [false], "two people");
        assert_eq!(totals(&singles, &[&["manager", "cross"]]), [true]);
        let refused = |change: fn(&mut Submitted<&'static str>), totals: &[Vec<&'static str>]| {
            let mut submitted = submitted(&[("peer", 3)]);
            change(&mut submitted);
            submitted.shown(totals).unwrap_err().code
        };
        assert_eq!(refused(|it| it.minimum = 2, &[]), Code::CountInvalid);
        assert_eq!(refused(|it| it.ratings.clear(), &[]), Code::EmptyInput);
        assert_eq!(refused(|_| (), &[vec![]]), Code::EmptyInput);
        assert_eq!(refused(|_| (), &[vec!["customer"]]), Code::NotFound);
    }

    #[test]
    fn comments_lose_their_order() {
        let comments = |texts: [&str; 3]| unlinked(texts.map(String::from).to_vec());
        assert_eq!(comments(["b", "c", "a"]), ["a", "b", "c"]);
        assert_eq!(comments(["c", "a", "b"]), ["a", "b", "c"]);
    }
}
