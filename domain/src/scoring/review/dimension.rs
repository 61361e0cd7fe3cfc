//! The result of one dimension from the ratings of all rater types. Implements D.3.

use super::rater::{RaterType, check_limit, check_ratings, mean_rating};
use crate::core::error::{Code, Result};
use crate::core::number::{Exact, Rounding};
use crate::core::text::TextEnum;
use crate::scoring::kpi::rounded_item;
use crate::scoring::settings::{ReviewSettings, Settings, SmallCategory};
use crate::scoring::trace::{Record, Rule};
use crate::scoring::weights;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The submitted ratings of one rater type, with its weight.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Raters {
    /// Weight of the type in percent; the weights of one dimension sum to 100. A type with weight 0
    /// is for reference only.
    pub weight: Exact,
    /// Ratings of 1 to 5.
    pub ratings: Vec<Exact>,
}

/// The ratings of one reviewee in one dimension.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dimension {
    /// Weight and ratings by rater type.
    pub raters: BTreeMap<RaterType, Raters>,
    /// Types that must have rated; the manager is always among them unless the policy says
    /// otherwise.
    pub mandatory: Vec<RaterType>,
    /// Whether the policy keeps ratings of customers anonymous.
    pub anonymous_customers: bool,
    /// Types that are anonymous by default but named in this policy, such as partners in other
    /// departments (`review.cross_dept_anonymous=false`): they need no minimum.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub named: BTreeSet<RaterType>,
}

/// A group of raters whose ratings counted in a dimension.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// A pool of anonymous types that have too few ratings each.
    Others,
    /// The raters of one type.
    #[serde(untagged)]
    Type(RaterType),
}

impl Group {
    /// The published name: the name of the type, or `others`.
    pub fn as_str(self) -> &'static str {
        match self {
            Group::Type(rater_type) => rater_type.as_str(),
            Group::Others => "others",
        }
    }
}

/// A group whose ratings counted, with its weight and mean.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsedGroup {
    /// The group.
    pub group: Group,
    /// Weight of the group in percent.
    pub weight: Exact,
    /// Mean rating of the group, not rounded.
    pub mean: Exact,
}

/// The result of a dimension.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DimensionResult {
    /// Weighted mean rating, 1 to 5, with 4 places for display.
    pub rating: Decimal,
    /// Score of the exact rating, rounded to 2 places unless `score.round_stage` is `total_only`.
    pub score: Exact,
    /// The groups that counted, in the order of the types; the pool is last.
    pub groups: Vec<UsedGroup>,
}

impl Dimension {
    /// Computes the weighted mean of the types that count and converts it to a score.
    ///
    /// Types without ratings are left out and the other weights are renormalised. The same holds
    /// for anonymous types with fewer than `review.anonymity_min` ratings, unless
    /// `review.small_category` pools them and the pool is large enough.
    ///
    /// # Errors
    /// In this order: `EMPTY_INPUT` without rater types, `NUMBER_INVALID` for a weight of more than 2
    /// places, `WEIGHTS_NOT_100`, `RATING_OUT_OF_RANGE` for any rating, whether it counts or not,
    /// `COUNT_INVALID` for a number from which ratings are shown or trimmed below 3,
    /// `MANDATORY_RATER_MISSING`, `DIMENSION_INSUFFICIENT` when the weight that
    /// counts is below `review.min_weight_share`.
    pub fn result(&self, settings: &Settings) -> Result<DimensionResult> {
        self.result_recorded(settings, &mut ())
    }

    /// Like [`result`](Dimension::result), but records every step.
    pub(crate) fn result_recorded(
        &self,
        settings: &Settings,
        record: &mut impl Record,
    ) -> Result<DimensionResult> {
        if self.raters.is_empty() {
            return Err(Code::EmptyInput.because("the dimension has no rater types"));
        }
        weights::check_sum(self.raters.values().map(|raters| &raters.weight))?;
        self.raters.values().try_for_each(|raters| check_ratings(&raters.ratings))?;
        check_limit("review.anonymity_min", settings.review.anonymity_min)?;
        check_limit("review.trim_min_n", settings.review.trim_min_n)?;
        self.check_mandatory()?;
        let groups = self.used_groups(&settings.review, record)?;
        let used: Exact = groups.iter().map(|group| &group.weight).sum();
        if used < settings.review.min_weight_share {
            return Err(Code::DimensionInsufficient
                .because(format!("only {used} % of the rater weight has rated")));
        }
        let rating = weights::weighted_mean(groups.iter().map(|used| (&used.weight, &used.mean)))?;
        let rating = record.step(Rule::RaterWeighted, rating);
        let score = record.step(Rule::RatingScore, settings.scale().rating_score(&rating)?);
        let score = rounded_item(score, &settings.score, record);
        Ok(DimensionResult { rating: rating.round(4, Rounding::HalfUp)?, score, groups })
    }

    /// Whether single ratings of this type must stay anonymous here.
    pub fn is_anonymous(&self, rater_type: RaterType) -> bool {
        rater_type.is_anonymous(self.anonymous_customers) && !self.named.contains(&rater_type)
    }

    /// The anonymous types that have rated, but too few to be shown.
    pub fn hidden(&self, settings: &ReviewSettings) -> Vec<RaterType> {
        let few = 1..settings.anonymity_min as usize;
        let short = self.raters.iter().filter(|(rater_type, raters)| {
            self.is_anonymous(**rater_type) && few.contains(&raters.ratings.len())
        });
        short.map(|(rater_type, _)| *rater_type).collect()
    }

    fn check_mandatory(&self) -> Result<()> {
        let has_rated = |rater_type: &RaterType| {
            self.raters.get(rater_type).is_some_and(|raters| !raters.ratings.is_empty())
        };
        match self.mandatory.iter().find(|rater_type| !has_rated(rater_type)) {
            None => Ok(()),
            Some(absent) => Err(Code::MandatoryRaterMissing
                .because(format!("there is no rating of type {}", absent.as_str()))),
        }
    }

    fn used_groups(
        &self,
        settings: &ReviewSettings,
        record: &mut impl Record,
    ) -> Result<Vec<UsedGroup>> {
        let minimum = settings.anonymity_min as usize;
        let mut groups = Vec::new();
        let mut pool = Raters::default();
        let mut take = |group, raters: &Raters| -> Result<()> {
            let mean = record.step(Rule::RaterMean, mean_rating(&raters.ratings, settings)?);
            groups.push(UsedGroup { group, weight: raters.weight.clone(), mean });
            Ok(())
        };
        for (&rater_type, raters) in &self.raters {
            if raters.ratings.is_empty() || raters.weight.is_zero() {
                continue;
            }
            if self.is_anonymous(rater_type) && raters.ratings.len() < minimum {
                pool.weight = pool.weight + &raters.weight;
                pool.ratings.extend_from_slice(&raters.ratings);
            } else {
                take(Group::Type(rater_type), raters)?;
            }
        }
        let pools = settings.small_category == SmallCategory::MergeOther;
        if pools && !pool.ratings.is_empty() && pool.ratings.len() >= minimum {
            take(Group::Others, &pool)?;
        }
        Ok(groups)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::scoring::settings::RoundStage;
    use RaterType::{CrossDept, Manager, Oneself, Peer, Subordinate};
    use proptest::prelude::*;

    pub(in crate::scoring::review) fn dimension(raters: &[(RaterType, i32, &[i32])]) -> Dimension {
        let raters = raters.iter().map(|&(rater_type, weight, ratings)| {
            let ratings = ratings.iter().copied().map(Exact::from).collect();
            (rater_type, Raters { weight: weight.into(), ratings })
        });
        Dimension {
            raters: raters.collect(),
            mandatory: vec![Manager],
            anonymous_customers: false,
            named: BTreeSet::new(),
        }
    }

    fn with(settings: &Settings, raters: &[(RaterType, i32, &[i32])]) -> Result<[String; 3]> {
        let result = dimension(raters).result(settings)?;
        let names: Vec<_> = result.groups.iter().map(|used| used.group.as_str()).collect();
        Ok([result.rating.to_string(), result.score.to_string(), names.join(" ")])
    }

    fn result(raters: &[(RaterType, i32, &[i32])]) -> Result<[String; 3]> {
        with(&Settings::default(), raters)
    }

    fn merging() -> Settings {
        let mut settings = Settings::default();
        settings.review.small_category = SmallCategory::MergeOther;
        settings
    }

    fn owned(texts: [&str; 3]) -> [String; 3] {
        texts.map(String::from)
    }

    const PEERS: &[i32] = &[5, 4, 4, 3, 1];

    #[test]
    fn types_are_weighted_and_converted() {
        let behaviour = result(&[(Manager, 60, &[3]), (Peer, 40, PEERS)]).unwrap();
        assert_eq!(behaviour, owned(["3.2667", "102.67", "manager peer"]));
        let collaboration = result(&[(Manager, 20, &[4]), (CrossDept, 80, &[4, 3, 3])]).unwrap();
        assert_eq!(collaboration, owned(["3.4667", "104.67", "manager cross_dept"]));
    }

    #[test]
    fn absent_and_short_types_drop_out() {
        for few in [&[][..], &[1, 1]] {
            let raters = [(Manager, 60, &[4][..]), (Peer, 25, PEERS), (Subordinate, 15, few)];
            assert_eq!(result(&raters).unwrap(), owned(["3.9020", "109.02", "manager peer"]));
        }
    }

    #[test]
    fn short_types_are_pooled_where_the_policy_wants_it() {
        let two_and_one = [(Manager, 60, &[4][..]), (Peer, 25, &[5, 3]), (Subordinate, 15, &[1])];
        // (60 * 4 + 40 * 3) / 100
        assert_eq!(
            with(&merging(), &two_and_one).unwrap(),
            owned(["3.6000", "106", "manager others"])
        );
        let only_two = [(Manager, 60, &[4][..]), (Peer, 25, &[5, 3]), (Subordinate, 15, &[])];
        assert_eq!(with(&merging(), &only_two).unwrap(), owned(["4.0000", "110", "manager"]));
        // Types without ratings add no weight: (60 * 4 + 25 * 2) / 85
        let with_absent = [
            (Manager, 60, &[4][..]),
            (Peer, 20, &[2, 2]),
            (CrossDept, 5, &[2]),
            (Subordinate, 15, &[]),
        ];
        assert_eq!(with(&merging(), &with_absent).unwrap()[0], "3.4118");
    }

    #[test]
    fn a_named_partner_needs_no_company() {
        let mut partner = dimension(&[(Manager, 20, &[4]), (CrossDept, 80, &[3])]);
        let settings = Settings::default();
        assert_eq!(partner.hidden(&settings.review), [CrossDept]);
        assert_eq!(partner.result(&settings).unwrap_err().code, Code::DimensionInsufficient);
        partner.named.insert(CrossDept);
        assert!(partner.hidden(&settings.review).is_empty());
        assert_eq!(partner.result(&settings).unwrap().rating.to_string(), "3.2000");
        let nobody = Dimension { raters: BTreeMap::new(), ..partner };
        assert_eq!(nobody.result(&settings).unwrap_err().code, Code::EmptyInput);
    }

    #[test]
    fn the_pool_is_trimmed_like_a_type() {
        let mut settings = merging();
        settings.review.anonymity_min = 4;
        let raters = [(Manager, 50, &[3][..]), (Peer, 30, &[5, 4, 4]), (Subordinate, 20, &[1, 3])];
        // The pool 5 4 4 3 1 loses 5 and 1.
        assert_eq!(with(&settings, &raters).unwrap()[0], "3.3333");
    }

    #[test]
    fn a_rating_of_weight_zero_is_for_reference() {
        let raters = [(Oneself, 0, &[5][..]), (Manager, 100, &[3]), (Peer, 0, PEERS)];
        assert_eq!(result(&raters).unwrap(), owned(["3.0000", "100", "manager"]));
    }

    #[test]
    fn refusals_come_in_order() {
        let code = |raters: &[(RaterType, i32, &[i32])]| result(raters).unwrap_err().code;
        assert_eq!(code(&[(Manager, 60, &[]), (Peer, 30, PEERS)]), Code::WeightsNot100);
        assert_eq!(code(&[(Manager, 60, &[6]), (Peer, 40, PEERS)]), Code::RatingOutOfRange);
        assert_eq!(code(&[(Manager, 60, &[]), (Peer, 40, &[9])]), Code::RatingOutOfRange);
        assert_eq!(code(&[(Manager, 100, &[3]), (Peer, 0, &[9])]), Code::RatingOutOfRange);
        assert_eq!(code(&[(Peer, 100, PEERS)]), Code::MandatoryRaterMissing);
        assert_eq!(
            code(&[(Manager, 20, &[4]), (CrossDept, 80, &[4, 4])]),
            Code::DimensionInsufficient
        );
        assert_eq!(result(&[(Manager, 50, &[4]), (Peer, 50, &[4])]).unwrap()[0], "4.0000");
    }

    #[test]
    fn items_stay_exact_when_only_totals_are_rounded() {
        let mut settings = Settings::default();
        settings.score.round_stage = RoundStage::TotalOnly;
        let [_, score, _] = with(&settings, &[(Manager, 60, &[3]), (Peer, 40, PEERS)]).unwrap();
        assert_eq!(score, "308/3");
    }

    #[test]
    fn groups_are_named_as_published() {
        for (group, name) in [(Group::Type(CrossDept), "cross_dept"), (Group::Others, "others")] {
            assert_eq!(serde_json::to_value(group).unwrap(), name);
            assert_eq!(serde_json::from_value::<Group>(name.into()).unwrap(), group);
        }
    }

    proptest! {
        #[test]
        fn the_rating_stays_on_the_scale_and_ignores_hidden_raters(
            manager in 1..=5_i32,
            peers in proptest::collection::vec(1..=5_i32, 0..8),
            hidden in proptest::collection::vec(1..=5_i32, 0..3),
        ) {
            let with_hidden = |hidden: &[i32]| {
                result(&[(Manager, 60, &[manager]), (Peer, 25, &peers), (Subordinate, 15, hidden)])
            };
            let shown = with_hidden(&hidden).unwrap();
            prop_assert_eq!(&shown, &with_hidden(&[]).unwrap());
            let rating: Decimal = shown[0].parse().unwrap();
            prop_assert!(Decimal::ONE <= rating && rating <= 5.into());
        }
    }
}
