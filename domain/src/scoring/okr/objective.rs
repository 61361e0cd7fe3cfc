//! Grades objectives and maps them to review scores. Implements C.2.

use super::{clamp_progress, round_progress};
use crate::core::error::{Code, Result};
use crate::core::number::{Exact, Rounding};
use crate::scoring::kpi::limited;
use crate::scoring::settings::Settings;
use crate::scoring::trace::{Record, Rule};
use crate::scoring::weights;
use crate::text_enum;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// Weight and progress of a key result of an objective.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeightedProgress {
    /// Weight in percent; the weights of one objective sum to 100.
    pub weight: Exact,
    /// Progress from 0 to 1; `None` until a value is reported, and then counted as 0.
    pub progress: Option<Exact>,
}

text_enum! {
    /// Whether an objective is a commitment or a stretch.
    pub enum Ambition {
        /// Committed (承诺型): expected to be reached in full.
        Committed = "committed",
        /// Aspirational (挑战型): expected to be reached to about 0.7.
        Aspirational = "aspirational",
    }
}

/// Traffic light of an objective, from its rounded grade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Colour {
    /// 0.7 to 1.0.
    Green,
    /// 0.4 to 0.6.
    Yellow,
    /// 0.0 to 0.3.
    Red,
}

/// A graded objective.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objective {
    /// Weighted progress from 0 to 1, 4 places.
    pub progress: Decimal,
    /// Grade: the progress rounded to 1 place.
    pub grade: Decimal,
    /// Traffic light of the grade.
    pub colour: Colour,
}

/// Grades an objective from its key results; `None` when it has none.
///
/// # Errors
/// `WEIGHTS_NOT_100` when the weights of the key results do not sum to 100.
pub fn objective(key_results: &[WeightedProgress]) -> Result<Option<Objective>> {
    objective_recorded(key_results, &mut ())
}

/// Like [`objective`], but records every step.
pub(crate) fn objective_recorded(
    key_results: &[WeightedProgress],
    record: &mut impl Record,
) -> Result<Option<Objective>> {
    if key_results.is_empty() {
        return Ok(None);
    }
    weights::check_sum(key_results.iter().map(|kr| &kr.weight))?;
    let values: Vec<Exact> = key_results
        .iter()
        .map(|kr| clamp_progress(kr.progress.clone().unwrap_or_default()))
        .collect();
    let weighted = key_results.iter().map(|kr| &kr.weight).zip(&values);
    let mean = record.step(Rule::ObjectiveProgress, weights::weighted_mean(weighted)?);
    let progress = round_progress(&mean)?;
    let stored = record.step(Rule::RoundedProgress, progress.into());
    let grade = stored.round(1, Rounding::HalfUp)?;
    record.step(Rule::ObjectiveGrade, grade.into());
    Ok(Some(Objective { progress, grade, colour: colour(grade) }))
}

fn colour(grade: Decimal) -> Colour {
    if grade >= Decimal::new(7, 1) {
        Colour::Green
    } else if grade >= Decimal::new(4, 1) {
        Colour::Yellow
    } else {
        Colour::Red
    }
}

/// The final grade on which owner and manager agree instead of the computed one.
///
/// # Errors
/// `GUARD_FAILED` without a reason, or when the grade is not one of 0.0, 0.1 .. 1.0.
pub fn override_grade(grade: &Exact, reason: &str) -> Result<Decimal> {
    let tenths = (grade * Exact::from(10)).to_i128();
    if !tenths.is_some_and(|tenths| (0..=10).contains(&tenths)) {
        return Err(Code::GuardFailed.because(format!("{grade} is not one of 0.0, 0.1 .. 1.0")));
    }
    if reason.trim().is_empty() {
        return Err(Code::GuardFailed.because("a grade other than the computed one needs a reason"));
    }
    grade.round(1, Rounding::HalfUp)
}

/// Whether the grade needs a written reason because a committed objective was not fully reached.
pub fn shortfall_needs_reason(ambition: Ambition, grade: Decimal) -> bool {
    ambition == Ambition::Committed && grade < Decimal::ONE
}

/// A warning about the ambition of an owner's aspirational objectives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AmbitionWarning {
    /// Mean progress above 0.9 in two cycles in a row: the targets are too easy.
    Sandbagging,
    /// Mean progress below 0.4: the targets are too hard.
    Overreach,
}

/// Checks the mean progress of an owner's aspirational objectives in this cycle and, if there are
/// any, in the cycle before.
///
/// # Errors
/// `EMPTY_INPUT` without aspirational objectives in this cycle.
pub fn ambition_warning(current: &[Exact], previous: &[Exact]) -> Result<Option<AmbitionWarning>> {
    let now = mean(current)
        .ok_or_else(|| Code::EmptyInput.because("there are no aspirational objectives"))?;
    let too_easy = Exact::scaled(9, 1);
    Ok(if now < Exact::scaled(4, 1) {
        Some(AmbitionWarning::Overreach)
    } else if now > too_easy && mean(previous).is_some_and(|before| before > too_easy) {
        Some(AmbitionWarning::Sandbagging)
    } else {
        None
    })
}

/// The aspirational objectives of an owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Portfolio {
    /// Mean progress of the last cycle, 4 places; `None` without aspirational objectives in it.
    pub mean: Option<Decimal>,
    /// Warnings about the ambition of the objectives.
    pub warnings: Vec<AmbitionWarning>,
}

/// Looks at the progress of an owner's aspirational objectives, cycle by cycle, oldest first.
/// Progress is limited to 0..1; an objective without progress counts 0. Implements the portfolio of
/// C.2.
///
/// # Errors
/// `EMPTY_INPUT` without cycles.
pub fn portfolio(cycles: &[Vec<Option<Exact>>]) -> Result<Portfolio> {
    let counted = |cycle: &Vec<Option<Exact>>| -> Vec<Exact> {
        cycle.iter().map(|it| clamp_progress(it.clone().unwrap_or_default())).collect()
    };
    let mut latest = cycles.iter().rev().map(counted);
    let current = latest.next().ok_or_else(|| Code::EmptyInput.because("there are no cycles"))?;
    let Some(mean) = mean(&current) else {
        return Ok(Portfolio { mean: None, warnings: Vec::new() });
    };
    let warning = ambition_warning(&current, &latest.next().unwrap_or_default())?;
    Ok(Portfolio { mean: Some(round_progress(&mean)?), warnings: warning.into_iter().collect() })
}

fn mean(progress: &[Exact]) -> Option<Exact> {
    progress.iter().sum::<Exact>().checked_div(&Exact::from(progress.len()))
}

/// The review score of an objective under `okr.in_review=mapped`, 2 places, limited to `kpi.floor`,
/// `kpi.cap` and the cap of the scale.
///
/// A committed objective scores 100 times its progress. An aspirational one scores 100 at progress
/// 0.7 and 120 at 1, with linear interpolation.
///
/// # Errors
/// `NUMBER_OVERFLOW`, as with every rounding; no score is ever that large.
pub fn mapped_score(progress: &Exact, ambition: Ambition, settings: &Settings) -> Result<Decimal> {
    mapped_score_recorded(progress, ambition, settings, &mut ())
}

/// Like [`mapped_score`], but records every step.
pub(crate) fn mapped_score_recorded(
    progress: &Exact,
    ambition: Ambition,
    settings: &Settings,
    record: &mut impl Record,
) -> Result<Decimal> {
    let progress = clamp_progress(progress.clone());
    let [nothing, met, stretched] = [0, 100, 120].map(Exact::from);
    let (expected, all) = (Exact::scaled(7, 1), Exact::from(1));
    // Linear interpolation between two points: the mean of their scores, weighted by nearness.
    let raw = match ambition {
        Ambition::Committed => progress * met,
        Ambition::Aspirational if progress <= expected => {
            weights::weighted_mean([(&(expected - &progress), &nothing), (&progress, &met)])?
        }
        Ambition::Aspirational => weights::weighted_mean([
            (&(all - &progress), &met),
            (&(progress - expected), &stretched),
        ])?,
    };
    let raw = record.step(Rule::ObjectiveScore, raw);
    let within = limited(raw, settings).min(settings.scale().cap);
    let score = record.step(Rule::Limits, within).round(2, settings.score.rounding)?;
    record.step(Rule::Rounded, score.into());
    Ok(score)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scoring::scale::Preset;
    use proptest::prelude::*;

    fn exact(text: &str) -> Exact {
        text.parse().unwrap()
    }

    fn graded(key_results: &[(&str, Option<&str>)]) -> Result<Option<(String, String, Colour)>> {
        let key_results: Vec<_> = key_results
            .iter()
            .map(|(weight, progress)| WeightedProgress {
                weight: exact(weight),
                progress: progress.map(exact),
            })
            .collect();
        let result = objective(&key_results)?;
        Ok(result.map(|o| (o.progress.to_string(), o.grade.to_string(), o.colour)))
    }

    #[test]
    fn weighted_progress_is_graded_to_one_place() {
        for (key_results, progress, grade, colour) in [
            (
                vec![("50", Some("0.7")), ("30", Some("0.75")), ("20", Some("0.5"))],
                "0.6750",
                "0.7",
                Colour::Green,
            ),
            (
                vec![("33.34", Some("1")), ("33.33", Some("0.5")), ("33.33", None)],
                "0.5001",
                "0.5",
                Colour::Yellow,
            ),
            (vec![("100", Some("0.35"))], "0.3500", "0.4", Colour::Yellow),
            (vec![("100", Some("0.3499"))], "0.3499", "0.3", Colour::Red),
            (vec![("100", Some("1.8"))], "1.0000", "1.0", Colour::Green),
        ] {
            let expected = Some((progress.into(), grade.into(), colour));
            assert_eq!(graded(&key_results).unwrap(), expected);
        }
    }

    #[test]
    fn no_key_result_is_no_grade_and_weights_must_fit() {
        assert_eq!(graded(&[]).unwrap(), None);
        let error = graded(&[("60", Some("0.5")), ("30", Some("1"))]).unwrap_err();
        assert_eq!(error.code, Code::WeightsNot100);
    }

    #[test]
    fn progress_maps_to_points_by_ambition() {
        let settings = Settings::default();
        let score = |progress, ambition| {
            mapped_score(&exact(progress), ambition, &settings).unwrap().to_string()
        };
        for (progress, points) in [
            ("-1", "0.00"),
            ("0.35", "50.00"),
            ("0.7", "100.00"),
            ("0.85", "110.00"),
            ("2", "120.00"),
        ] {
            assert_eq!(score(progress, Ambition::Aspirational), points);
        }
        assert_eq!(score("0.855", Ambition::Committed), "85.50");

        let mut hundred_point = Settings::default();
        hundred_point.score.preset = Preset::HundredPoint;
        let capped = mapped_score(&exact("1"), Ambition::Aspirational, &hundred_point).unwrap();
        assert_eq!(capped.to_string(), "100.00");
    }

    #[test]
    fn easy_targets_warn_after_two_cycles_and_overload_at_once() {
        let warning = |now: &str, before: &[&str]| {
            let before: Vec<_> = before.iter().map(|text| exact(text)).collect();
            ambition_warning(&[exact(now)], &before).unwrap()
        };
        assert_eq!(warning("0.95", &["0.91"]), Some(AmbitionWarning::Sandbagging));
        assert_eq!(warning("0.95", &["0.9"]), None);
        assert_eq!(warning("0.95", &[]), None);
        assert_eq!(warning("0.39", &["0.95"]), Some(AmbitionWarning::Overreach));
        assert_eq!(warning("0.4", &[]), None);
        assert_eq!(ambition_warning(&[], &[]).unwrap_err().code, Code::EmptyInput);
    }

    #[test]
    fn a_portfolio_looks_at_the_last_two_cycles() {
        let looked = |cycles: &[&[Option<&str>]]| {
            let cycles: Vec<Vec<_>> = cycles
                .iter()
                .map(|cycle| cycle.iter().map(|progress| progress.map(exact)).collect())
                .collect();
            let Portfolio { mean, warnings } = portfolio(&cycles).unwrap();
            (mean.map(|mean| mean.to_string()), warnings)
        };
        let (all, none) = (&[Some("1.5")][..], &[][..]);
        let one = Some("1.0000".to_owned());
        assert_eq!(looked(&[all, all]), (one.clone(), vec![AmbitionWarning::Sandbagging]));
        assert_eq!(looked(&[all, none, all]), (one, vec![]));
        assert_eq!(looked(&[all, none]), (None, vec![]));
        let half = looked(&[&[Some("0.2"), None]]);
        assert_eq!(half, (Some("0.1000".into()), vec![AmbitionWarning::Overreach]));
        assert_eq!(portfolio(&[]).unwrap_err().code, Code::EmptyInput);
    }

    #[test]
    fn departures_from_the_expected_need_words() {
        assert_eq!(override_grade(&exact("0.8"), "late delivery").unwrap().to_string(), "0.8");
        for (grade, reason) in [("0.8", " "), ("0.85", "why"), ("1.1", "why"), ("-0.1", "why")] {
            let error = override_grade(&exact(grade), reason).unwrap_err();
            assert_eq!(error.code, Code::GuardFailed, "{grade}");
        }
        assert!(shortfall_needs_reason(Ambition::Committed, Decimal::new(9, 1)));
        assert!(!shortfall_needs_reason(Ambition::Committed, Decimal::ONE));
        assert!(!shortfall_needs_reason(Ambition::Aspirational, Decimal::new(7, 1)));
    }

    proptest! {
        #[test]
        fn scores_grow_with_progress_and_stay_within_the_cap(low in 0..=1000_i64, step in 0..=1000_i64) {
            let settings = Settings::default();
            for ambition in [Ambition::Committed, Ambition::Aspirational] {
                let score = |p: i64| mapped_score(&Exact::scaled(p, 3), ambition, &settings).unwrap();
                let (lower, higher) = (score(low), score(low + step));
                prop_assert!(Decimal::ZERO <= lower && lower <= higher && higher <= 120.into());
            }
        }
    }
}
