//! The composite score of all dimensions, its grade, and the result of people with a team.
//! Implements D.4.

use crate::core::error::{Code, Result};
use crate::core::number::Exact;
use crate::scoring::kpi::limited;
use crate::scoring::scale::{Grade, Scale};
use crate::scoring::settings::Settings;
use crate::scoring::trace::{Record, Rule};
use crate::scoring::weights::{self, check_fraction};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

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
    let team = team_kpi
        .iter()
        .sum::<Exact>()
        .checked_div(&Exact::from(team_kpi.len()))
        .ok_or_else(|| Code::EmptyInput.because("there is no team"))?;
    let lambda = &settings.manager.team_lambda;
    check_fraction("manager.team_lambda", lambda)?;
    let blend = record.step(Rule::TeamBlend, (Exact::from(1) - lambda) * own + lambda * team);
    total(blend, &settings.scale(), settings, record)
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
