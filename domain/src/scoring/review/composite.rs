//! The composite score of all dimensions, its grade, and the result of people with a team.
//! Implements D.4.

use crate::core::error::{Code, Result};
use crate::core::number::Exact;
use crate::scoring::kpi::{limited, rounded_item};
use crate::scoring::scale::{Grade, Scale};
use crate::scoring::settings::Settings;
use crate::scoring::trace::{Record, Rule};
use crate::scoring::weights::{self, check_fraction};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Weight and score of a dimension.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeightedScore {
    /// Weight in percent; the weights of one review sum to 100.
    pub weight: Exact,
    /// Score; `None` for a dimension that was left out with approval because it had too few raters.
    /// The other weights are then renormalised.
    pub score: Option<Exact>,
}

/// The computed result of a person, before calibration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Composite {
    /// Composite score, limited to the scale, 2 places.
    pub score: Decimal,
    /// Grade of the rounded score.
    pub grade: Grade,
}

/// Computes the composite score from the dimension scores, and looks up its grade.
///
/// # Errors
/// `EMPTY_INPUT` without dimensions, `WEIGHTS_NOT_100`, and `DIMENSION_INSUFFICIENT` when every
/// dimension was left out.
pub fn composite(dimensions: &[WeightedScore], settings: &Settings) -> Result<Composite> {
    composite_recorded(dimensions, settings, &mut ())
}

/// Like [`composite`], but records every step.
pub(crate) fn composite_recorded(
    dimensions: &[WeightedScore],
    settings: &Settings,
    record: &mut impl Record,
) -> Result<Composite> {
    if dimensions.is_empty() {
        return Err(Code::EmptyInput.because("there are no dimensions"));
    }
    weights::check_sum(dimensions.iter().map(|dimension| &dimension.weight))?;
    let scored = dimensions
        .iter()
        .filter_map(|dimension| dimension.score.as_ref().map(|score| (&dimension.weight, score)));
    if scored.clone().next().is_none() {
        return Err(Code::DimensionInsufficient.because("every dimension was dropped"));
    }
    let mean = record.step(Rule::DimensionWeighted, weights::weighted_mean(scored)?);
    let scale = settings.scale();
    let score = total(mean, &scale, settings, record)?;
    let grade = scale.grade(&score.into(), settings.score.rounding);
    Ok(Composite { score, grade })
}

/// A dimension that is scored item by item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemisedDimension {
    /// Weight of the dimension in percent.
    pub weight: Exact,
    /// Weight in percent and raw score of each item.
    pub items: Vec<(Exact, Exact)>,
}

/// A composite with the scores of its dimensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScoreTotal {
    /// The composite score and its grade.
    pub composite: Composite,
    /// Score of each dimension, 2 places, in the order of the input; with `total_only` these are for
    /// display, and the composite rests on the exact ones.
    pub dimensions: Vec<Decimal>,
}

/// Computes a composite from the raw scores of items: items are limited to the scale first, then
/// items, dimensions and total are rounded as `score.round_stage` says. Implements 0.2 for a whole
/// form.
///
/// # Errors
/// `EMPTY_INPUT` without dimensions or items, `NUMBER_INVALID` for a weight of more than 2 places,
/// `WEIGHTS_NOT_100`.
pub fn score_total(dimensions: &[ItemisedDimension], settings: &Settings) -> Result<ScoreTotal> {
    let scored = dimensions
        .iter()
        .map(|dimension| {
            let score = Some(itemised_score(&dimension.items, settings)?);
            Ok(WeightedScore { weight: dimension.weight.clone(), score })
        })
        .collect::<Result<Vec<_>>>()?;
    let composite = composite(&scored, settings)?;
    let shown = |score: &Exact| score.round(2, settings.score.rounding);
    let dimensions = scored.iter().filter_map(|it| it.score.as_ref()).map(shown);
    Ok(ScoreTotal { composite, dimensions: dimensions.collect::<Result<_>>()? })
}

/// The weighted mean of raw scores, limited and rounded like every item and dimension.
fn itemised_score(items: &[(Exact, Exact)], settings: &Settings) -> Result<Exact> {
    if items.is_empty() {
        return Err(Code::EmptyInput.because("a dimension has no items"));
    }
    weights::check_sum(items.iter().map(|(weight, _)| weight))?;
    let cap = settings.scale().cap;
    let score = |raw: &Exact| {
        let within = limited(raw.clone(), settings).min(cap.clone());
        rounded_item(within, &settings.score, &mut ())
    };
    let scores: Vec<Exact> = items.iter().map(|(_, raw)| score(raw)).collect();
    let mean = weights::weighted_mean(items.iter().map(|(weight, _)| weight).zip(&scores))?;
    Ok(rounded_item(mean, &settings.score, &mut ()))
}

/// The result of a manager: the mean of the own score and the mean KPI total of the team, where the
/// team has the weight `manager.team_lambda`.
///
/// It uses the computed KPI totals of the members and never the grades the manager gave, so that a
/// manager gains nothing by leniency.
///
/// # Errors
/// `EMPTY_INPUT` for an empty team, `NUMBER_INVALID` for a lambda outside 0 to 1.
pub fn manager_result(own: &Exact, team_kpi: &[Exact], settings: &Settings) -> Result<Decimal> {
    manager_result_recorded(own, team_kpi, settings, &mut ())
}

/// Like [`manager_result`], but records every step.
pub(crate) fn manager_result_recorded(
    own: &Exact,
    team_kpi: &[Exact],
    settings: &Settings,
    record: &mut impl Record,
) -> Result<Decimal> {
    let team = team_component(team_kpi)?;
    let lambda = &settings.manager.team_lambda;
    check_fraction("manager.team_lambda", lambda)?;
    let blend = record.step(Rule::TeamBlend, (Exact::from(1) - lambda) * own + lambda * team);
    total(blend, &settings.scale(), settings, record)
}

/// The result of a manager with its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ManagerOutcome {
    /// The result, 2 places.
    pub score: Decimal,
    /// Grade of the result.
    pub grade: Grade,
    /// Team component: the mean KPI total of the members, 2 places.
    pub team: Decimal,
}

/// The result of a manager from the KPI totals of the members; members without one are left out.
///
/// # Errors
/// The errors of [`manager_result`], where a team without any KPI total is empty.
pub fn manager_outcome(
    own: &Exact,
    members: &[Option<Exact>],
    settings: &Settings,
) -> Result<ManagerOutcome> {
    let totals: Vec<Exact> = members.iter().flatten().cloned().collect();
    let score = manager_result(own, &totals, settings)?;
    let rounding = settings.score.rounding;
    let grade = settings.scale().grade(&score.into(), rounding);
    Ok(ManagerOutcome { score, grade, team: team_component(&totals)?.round(2, rounding)? })
}

/// The mean KPI total of a team.
fn team_component(totals: &[Exact]) -> Result<Exact> {
    let mean = totals.iter().sum::<Exact>().checked_div(&Exact::from(totals.len()));
    mean.ok_or_else(|| Code::EmptyInput.because("there is no team"))
}

/// The name of the set that holds for everybody without a set of their own.
pub const DEFAULT_SET: &str = "default";

/// Weights in percent by dimension, for each population.
pub type WeightSets = BTreeMap<String, BTreeMap<String, Exact>>;

/// The name and the weights of the set that holds for a person: that of the first of the person's
/// populations that has a set, else the default. Implements the sets of D.1.
///
/// # Errors
/// `EMPTY_INPUT` without sets or for a set without dimensions, `NUMBER_INVALID` and
/// `WEIGHTS_NOT_100` for the weights of any set, `NOT_FOUND` without a set for the person.
pub fn weights_of<'a>(
    sets: &'a WeightSets,
    populations: &[String],
) -> Result<(&'a String, &'a BTreeMap<String, Exact>)> {
    if sets.is_empty() || sets.values().any(BTreeMap::is_empty) {
        return Err(Code::EmptyInput.because("a population has no weights"));
    }
    sets.values().try_for_each(|set| weights::check_sum(set.values()))?;
    let own = populations.iter().find_map(|name| sets.get_key_value(name));
    own.or_else(|| sets.get_key_value(DEFAULT_SET))
        .ok_or_else(|| Code::NotFound.because("no set of weights holds for the person"))
}

/// Limits a score to policy and scale, then rounds it.
fn total(
    score: Exact,
    scale: &Scale,
    settings: &Settings,
    record: &mut impl Record,
) -> Result<Decimal> {
    let within = record.step(Rule::Limits, limited(score, settings).min(scale.cap.clone()));
    let score = within.round(2, settings.score.rounding)?;
    record.step(Rule::Rounded, score.into());
    Ok(score)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scoring::scale::Preset;
    use proptest::prelude::*;

    fn dimensions(scores: &[(&str, Option<&str>)]) -> Vec<WeightedScore> {
        let exact = |text: &str| text.parse().unwrap();
        scores
            .iter()
            .map(|(weight, score)| WeightedScore { weight: exact(weight), score: score.map(exact) })
            .collect()
    }

    fn graded(scores: &[(&str, Option<&str>)]) -> Result<(String, Grade)> {
        let result = composite(&dimensions(scores), &Settings::default())?;
        Ok((result.score.to_string(), result.grade))
    }

    const PERFORMANCE: (&str, Option<&str>) = ("60", Some("96.90"));
    const COMPETENCY: (&str, Option<&str>) = ("20", Some("109.02"));
    const BEHAVIOUR: (&str, Option<&str>) = ("10", Some("102.67"));

    #[test]
    fn dimensions_make_a_composite_and_a_grade() {
        let all = [PERFORMANCE, COMPETENCY, BEHAVIOUR, ("10", Some("104.67"))];
        assert_eq!(graded(&all).unwrap(), ("100.68".into(), Grade::B));
        let dropped = [PERFORMANCE, COMPETENCY, BEHAVIOUR, ("10", None)];
        assert_eq!(graded(&dropped).unwrap(), ("100.23".into(), Grade::B));
        let top = [("60", Some("120")), ("40", Some("110"))];
        assert_eq!(graded(&top).unwrap(), ("116.00".into(), Grade::S));
    }

    #[test]
    fn the_grade_is_that_of_the_rounded_score() {
        assert_eq!(graded(&[("100", Some("104.995"))]).unwrap(), ("105.00".into(), Grade::A));
        assert_eq!(graded(&[("100", Some("104.9949"))]).unwrap(), ("104.99".into(), Grade::B));
    }

    #[test]
    fn scores_stay_within_the_scale() {
        assert_eq!(graded(&[("100", Some("500"))]).unwrap().0, "120.00");
        assert_eq!(graded(&[("100", Some("-5"))]).unwrap(), ("0.00".into(), Grade::D));
        let mut settings = Settings::default();
        settings.score.preset = Preset::HundredPoint;
        let capped = composite(&dimensions(&[("100", Some("110"))]), &settings).unwrap();
        assert_eq!((capped.score.to_string(), capped.grade), ("100.00".into(), Grade::S));
    }

    #[test]
    fn what_cannot_be_weighed_is_refused() {
        let code = |scores: &[(&str, Option<&str>)]| graded(scores).unwrap_err().code;
        assert_eq!(code(&[]), Code::EmptyInput);
        assert_eq!(code(&[("60", Some("100")), ("30", None)]), Code::WeightsNot100);
        assert_eq!(code(&[("60", None), ("40", None)]), Code::DimensionInsufficient);
        assert_eq!(code(&[("0", Some("100")), ("100", None)]), Code::WeightsNot100);
    }

    #[test]
    fn a_form_is_rounded_at_each_stage_or_only_at_its_end() {
        use crate::scoring::settings::RoundStage;
        let exact = |text: &str| text.parse::<Exact>().unwrap();
        let dimension = |weight: &str, items: &[(&str, &str)]| ItemisedDimension {
            weight: exact(weight),
            items: items.iter().map(|(weight, raw)| (exact(weight), exact(raw))).collect(),
        };
        let halves = [
            dimension("50", &[("100", "89.994")]),
            dimension("50", &[("50", "89.995"), ("50", "89.995")]),
        ];
        let shown = |round_stage| {
            let mut settings = Settings::default();
            settings.score.round_stage = round_stage;
            let result = score_total(&halves, &settings).unwrap();
            let dimensions: Vec<_> = result.dimensions.iter().map(Decimal::to_string).collect();
            (result.composite.score.to_string(), dimensions.join(" "))
        };
        assert_eq!(shown(RoundStage::ItemAndTotal), ("90.00".into(), "89.99 90.00".into()));
        assert_eq!(shown(RoundStage::TotalOnly), ("89.99".into(), "89.99 90.00".into()));
        let code = |items: &[(&str, &str)]| {
            score_total(&[dimension("100", items)], &Settings::default()).unwrap_err().code
        };
        assert_eq!(code(&[]), Code::EmptyInput);
        assert_eq!(code(&[("90", "1")]), Code::WeightsNot100);
    }

    #[test]
    fn the_first_population_with_a_set_decides() {
        let set = |weight: i64| BTreeMap::from([("performance".to_owned(), Exact::from(weight))]);
        let sets: WeightSets =
            [("default", 100), ("sales", 100)].map(|(name, it)| (name.to_owned(), set(it))).into();
        let chosen = |populations: &[&str]| {
            let populations: Vec<String> = populations.iter().map(|it| (*it).to_owned()).collect();
            weights_of(&sets, &populations).unwrap().0.clone()
        };
        assert_eq!(chosen(&["support", "sales"]), "sales");
        assert_eq!(chosen(&["support"]), "default");
        let code = |sets: WeightSets| weights_of(&sets, &[]).unwrap_err().code;
        assert_eq!(code(WeightSets::new()), Code::EmptyInput);
        assert_eq!(code([("sales".to_owned(), set(100))].into()), Code::NotFound);
        assert_eq!(code([("sales".to_owned(), set(99))].into()), Code::WeightsNot100);
    }

    #[test]
    fn a_member_without_a_total_is_no_part_of_the_team() {
        let members = [Some(Exact::from(95)), None, Some(Exact::from(88))];
        let outcome = manager_outcome(&Exact::from(102), &members, &Settings::default()).unwrap();
        assert_eq!((outcome.score.to_string(), outcome.grade), ("99.90".into(), Grade::B));
        assert_eq!(outcome.team.to_string(), "91.50");
        let alone = manager_outcome(&Exact::from(102), &[None], &Settings::default());
        assert_eq!(alone.unwrap_err().code, Code::EmptyInput);
    }

    #[test]
    fn a_managers_result_includes_the_teams() {
        let team = ["95", "88", "82.5"].map(|total| total.parse().unwrap());
        let result = |team: &[Exact], lambda: i64| {
            let mut settings = Settings::default();
            settings.manager.team_lambda = Exact::scaled(lambda, 1);
            manager_result(&Exact::from(102), team, &settings).map(|score| score.to_string())
        };
        assert_eq!(result(&team, 2).unwrap(), "99.30");
        assert_eq!(result(&team, 0).unwrap(), "102.00");
        assert_eq!(result(&team, 10).unwrap(), "88.50");
        assert_eq!(result(&[], 2).unwrap_err().code, Code::EmptyInput);
        for lambda in [-1, 11] {
            assert_eq!(result(&team, lambda).unwrap_err().code, Code::NumberInvalid);
        }
    }

    proptest! {
        #[test]
        fn a_composite_lies_between_its_scores_in_any_order(
            scores in prop::array::uniform4(0..=12_000_i64), dropped in 0..5_usize,
        ) {
            let mut dimensions: Vec<_> = [60, 20, 10, 10]
                .into_iter()
                .zip(scores)
                .enumerate()
                .map(|(at, (weight, score))| WeightedScore {
                    weight: Exact::from(weight),
                    score: (at != dropped).then(|| Exact::scaled(score, 2)),
                })
                .collect();
            let forward = composite(&dimensions, &Settings::default()).unwrap();
            dimensions.reverse();
            prop_assert_eq!(composite(&dimensions, &Settings::default()).unwrap(), forward);
            let counted = || dimensions.iter().filter_map(|dimension| dimension.score.clone());
            let score = Exact::from(forward.score);
            prop_assert!(counted().min().unwrap() <= score && score <= counted().max().unwrap());
        }
    }
}
