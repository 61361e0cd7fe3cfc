//! Explains why a score is what it is: a calculation, its steps, and its replay.
//!
//! Implements 0.5 steps 1 to 6: a [`Calculation`] holds the inputs of one person's result as a
//! tree, from indicators and ratings up to the composite score. [`Calculation::explain`] computes
//! it with the same functions that all other code uses and keeps every step. The [`Trace`] can be
//! stored, hashed, shown in Chinese and English, and replayed to the same result.

mod outline;
mod render;
mod step;

pub use outline::{Outline, PartKind};
pub use render::Locale;
pub(crate) use step::Record;
pub use step::{Rule, Step};

use crate::core::error::{Code, Result};
use crate::core::number::Exact;
use crate::scoring::kpi::{self, Adjustments, Division, Item, Mark, Method, Segment};
use crate::scoring::okr::objective::{
    Ambition, WeightedProgress, mapped_score_recorded, objective_recorded,
};
use crate::scoring::okr::progress::{KeyResult, progress};
use crate::scoring::review::composite::{
    WeightedScore, composite_recorded, manager_result_recorded,
};
use crate::scoring::review::dimension::Dimension;
use crate::scoring::scale::Grade;
use crate::scoring::settings::{
    KpiSettings, ManagerSettings, OkrInReview, OkrSettings, ReviewSettings, ScoreSettings, Settings,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Must be raised whenever some input could give another result than before.
pub const FORMULA_VERSION: u32 = 1;

/// A calculation with all its inputs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "calculation", rename_all = "snake_case")]
pub enum Calculation {
    /// The score of an indicator (B.1-B.8).
    Indicator {
        /// Method by which the indicator is scored.
        method: Box<Method>,
        /// The actual value, if there is one.
        actual: Option<Exact>,
        /// Ids of the data revisions that the actual value comes from, oldest first.
        revisions: Vec<Uuid>,
    },
    /// The score of an objective, where the policy maps progress to scores (C.2).
    Objective {
        /// Key results of the objective.
        key_results: Vec<WeightedKeyResult>,
        /// Whether the objective is committed or aspirational.
        ambition: Ambition,
    },
    /// One result from several stretches of days with different targets or assignments (B.9).
    TimeWeighted {
        /// Why there are several stretches.
        division: Division,
        /// The stretches, in order.
        stretches: Vec<Stretch>,
    },
    /// The performance total of a form (B.9).
    Performance {
        /// Parts for the goals that count.
        items: Vec<Part>,
        /// Bonus items, deduction items and a veto.
        adjustments: Adjustments,
    },
    /// The score of a dimension that people rate (D.2, D.3).
    Dimension(Dimension),
    /// The composite score of a person (D.4).
    Composite {
        /// The dimensions of the review.
        dimensions: Vec<Part>,
    },
    /// The result of a person who has a team (D.4).
    Manager {
        /// The person's own composite score.
        own: Box<Calculation>,
        /// KPI totals of the members of the team.
        team_kpi: Vec<Exact>,
    },
}

/// A weighted part of a larger calculation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Name shown to people.
    pub name: String,
    /// Weight in percent.
    pub weight: Exact,
    /// Calculation of the part; `None` when HR has left it out.
    pub calculation: Option<Calculation>,
    /// Id of the approval by which it was left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Uuid>,
    /// Number under which the weight is filed, where it is not that of the framework (C.8).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filing: Option<String>,
}

/// A number of days with the calculation for them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stretch {
    /// Number of days, first and last included.
    pub days: u32,
    /// Calculation for these days.
    pub calculation: Calculation,
}

/// A key result of an objective, with weight and reported values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeightedKeyResult {
    /// Weight in percent.
    pub weight: Exact,
    /// How it is measured, with the reported values.
    pub key_result: KeyResult,
    /// Id of the data revision that the values come from.
    pub revision: Option<Uuid>,
}

/// The settings on which a result depends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Applied {
    /// `score.*`
    pub score: ScoreSettings,
    /// `kpi.*`
    pub kpi: KpiSettings,
    /// `okr.*`
    pub okr: OkrSettings,
    /// `review.*`
    pub review: ReviewSettings,
    /// `manager.*`
    pub manager: ManagerSettings,
}

impl From<&Settings> for Applied {
    fn from(settings: &Settings) -> Applied {
        Applied {
            score: settings.score.clone(),
            kpi: settings.kpi.clone(),
            okr: settings.okr.clone(),
            review: settings.review.clone(),
            manager: settings.manager.clone(),
        }
    }
}

impl From<&Applied> for Settings {
    fn from(applied: &Applied) -> Settings {
        let Applied { score, kpi, okr, review, manager } = applied.clone();
        Settings { score, kpi, okr, review, manager, ..Settings::default() }
    }
}

/// The result of a calculation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Score; `None` without data, or where the policy gives none.
    pub score: Option<Exact>,
    /// Grade; only totals and composite scores have one.
    pub grade: Option<Grade>,
}

/// The steps of a calculation and of its parts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// Explanations of the parts, in the order of the calculation.
    pub parts: Vec<Explanation>,
    /// Steps made after the parts were computed.
    pub steps: Vec<Step>,
    /// Result of the steps.
    pub outcome: Outcome,
}

/// A calculation with its result and every step between them: enough to check it years later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// Version of the formulas.
    pub formula_version: u32,
    /// Settings with which it was computed.
    pub settings: Applied,
    /// Calculation with its inputs.
    pub calculation: Calculation,
    /// Steps and result.
    pub explanation: Explanation,
}

impl Trace {
    /// Whether a new computation from the stored inputs and settings gives exactly this trace, with
    /// every step and digit.
    ///
    /// # Errors
    /// The errors of the calculation, if the stored inputs are refused today.
    pub fn replays(&self) -> Result<bool> {
        let again = self.calculation.clone().explain(&Settings::from(&self.settings))?;
        Ok(again == *self)
    }

    /// The trace as one fixed text, over which a hash can be computed.
    ///
    /// # Errors
    /// None for a trace that this crate made.
    pub fn canonical(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }
}

impl Calculation {
    /// Computes the result and keeps every step.
    ///
    /// # Errors
    /// The errors of the formula and of its parts. A missing actual value of an indicator is not an
    /// error here: the outcome has no score, and `kpi.missing_actual` decides what that means for
    /// the total.
    pub fn explain(self, settings: &Settings) -> Result<Trace> {
        let settings = Applied::from(settings);
        let explanation = self.evaluate(&Settings::from(&settings))?;
        Ok(Trace { formula_version: FORMULA_VERSION, settings, calculation: self, explanation })
    }

    fn evaluate(&self, settings: &Settings) -> Result<Explanation> {
        match self {
            Calculation::Indicator { method, actual, .. } => {
                indicator(method, actual.as_ref(), settings)
            }
            Calculation::Objective { key_results, ambition } => {
                mapped_objective(key_results, *ambition, settings)
            }
            Calculation::TimeWeighted { division, stretches } => {
                weighted_by_time(division.counted(stretches, &settings.kpi), settings)
            }
            Calculation::Performance { items, adjustments } => {
                performance(items, adjustments, settings)
            }
            Calculation::Dimension(dimension) => rated(dimension, settings),
            Calculation::Composite { dimensions } => person(dimensions, settings),
            Calculation::Manager { own, team_kpi } => manager(own, team_kpi, settings),
        }
    }

    /// Whether the score is in points of its own base, not in points of 100 (B.6).
    fn is_in_points(&self) -> bool {
        match self {
            Calculation::Indicator { method, .. } => matches!(**method, Method::Steps(_)),
            Calculation::TimeWeighted { stretches, .. } => {
                stretches.iter().any(|stretch| stretch.calculation.is_in_points())
            }
            _ => false,
        }
    }
}

fn indicator(method: &Method, actual: Option<&Exact>, settings: &Settings) -> Result<Explanation> {
    let mut steps = Vec::new();
    let score = match (method, actual) {
        (Method::Milestones(_), _) | (_, Some(_)) => {
            Some(method.score_recorded(actual, settings, &mut steps)?)
        }
        (_, None) => {
            method.validate(settings)?;
            None
        }
    };
    Ok(Explanation { parts: Vec::new(), steps, outcome: Outcome { score, grade: None } })
}

fn mapped_objective(
    key_results: &[WeightedKeyResult],
    ambition: Ambition,
    settings: &Settings,
) -> Result<Explanation> {
    let mut steps = Vec::new();
    let weighted = key_results.iter().map(|WeightedKeyResult { weight, key_result, .. }| {
        let progress = progress(key_result, settings.okr.maintain)?;
        let progress = progress.map(|progress| Exact::from(progress.value));
        let progress = progress.map(|value| steps.step(Rule::KeyResultProgress, value));
        Ok(WeightedProgress { weight: weight.clone(), progress })
    });
    let weighted = weighted.collect::<Result<Vec<_>>>()?;
    let mapped = settings.okr.in_review == OkrInReview::Mapped;
    let score = match objective_recorded(&weighted, &mut steps)? {
        Some(objective) if mapped => {
            let progress = Exact::from(objective.progress);
            Some(mapped_score_recorded(&progress, ambition, settings, &mut steps)?.into())
        }
        _ => None,
    };
    Ok(Explanation { parts: Vec::new(), steps, outcome: Outcome { score, grade: None } })
}

fn weighted_by_time(stretches: &[Stretch], settings: &Settings) -> Result<Explanation> {
    let parts = stretches.iter().map(|stretch| stretch.calculation.evaluate(settings));
    let parts: Vec<Explanation> = parts.collect::<Result<_>>()?;
    let segments = stretches.iter().zip(&parts).map(|(stretch, part)| {
        let score = part.outcome.score.clone()?;
        Some(Segment { days: stretch.days, score })
    });
    let mut steps = Vec::new();
    let score = match segments.collect::<Option<Vec<_>>>() {
        None => None,
        Some(segments) => {
            let mean = kpi::time_weighted(&segments, settings.kpi.min_segment_days)?;
            let mean = steps.step(Rule::TimeWeighted, mean);
            Some(kpi::rounded_item(mean, &settings.score, &mut steps))
        }
    };
    Ok(Explanation { parts, steps, outcome: Outcome { score, grade: None } })
}

fn performance(
    items: &[Part],
    adjustments: &Adjustments,
    settings: &Settings,
) -> Result<Explanation> {
    let parts = evaluate_parts(items, settings)?;
    let marked = items.iter().zip(&parts).map(|(Part { weight, calculation, .. }, part)| {
        let in_points = calculation.as_ref().is_some_and(Calculation::is_in_points);
        let score = part.outcome.score.clone();
        let mark = score.map(if in_points { Mark::Points } else { Mark::Score });
        Item { weight: weight.clone(), mark }
    });
    let marked: Vec<Item> = marked.collect();
    let mut steps = Vec::new();
    let total = kpi::total_recorded(&marked, adjustments, settings, &mut steps)?;
    let outcome = Outcome { score: Some(total.score.into()), grade: Some(total.grade) };
    Ok(Explanation { parts, steps, outcome })
}

fn rated(dimension: &Dimension, settings: &Settings) -> Result<Explanation> {
    let mut steps = Vec::new();
    let score = Some(dimension.result_recorded(settings, &mut steps)?.score);
    Ok(Explanation { parts: Vec::new(), steps, outcome: Outcome { score, grade: None } })
}

fn person(dimensions: &[Part], settings: &Settings) -> Result<Explanation> {
    let parts = evaluate_parts(dimensions, settings)?;
    let weighted =
        dimensions.iter().zip(&parts).map(|(Part { name, weight, calculation, .. }, part)| {
            let score = part.outcome.score.clone();
            if calculation.is_some() && score.is_none() {
                return Err(
                    Code::DimensionInsufficient.because(format!("{name:.40?} has no score"))
                );
            }
            Ok(WeightedScore { weight: weight.clone(), score })
        });
    let mut steps = Vec::new();
    let weighted = weighted.collect::<Result<Vec<_>>>()?;
    let result = composite_recorded(&weighted, settings, &mut steps)?;
    let outcome = Outcome { score: Some(result.score.into()), grade: Some(result.grade) };
    Ok(Explanation { parts, steps, outcome })
}

fn manager(own: &Calculation, team_kpi: &[Exact], settings: &Settings) -> Result<Explanation> {
    let own = own.evaluate(settings)?;
    let no_result = || Code::KpiActualMissing.because("the manager has no result of their own");
    let own_score = own.outcome.score.as_ref().ok_or_else(no_result)?;
    let mut steps = Vec::new();
    let score = manager_result_recorded(own_score, team_kpi, settings, &mut steps)?.into();
    let grade = settings.scale().grade(&score, settings.score.rounding);
    let outcome = Outcome { score: Some(score), grade: Some(grade) };
    Ok(Explanation { parts: vec![own], steps, outcome })
}

fn evaluate_parts(parts: &[Part], settings: &Settings) -> Result<Vec<Explanation>> {
    let evaluate = |part: &Part| match &part.calculation {
        Some(calculation) => calculation.evaluate(settings),
        None => Ok(Explanation::default()),
    };
    parts.iter().map(evaluate).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scoring::kpi::{
        Baseline, Extra, Milestone, Milestones, Outcome as MilestoneOutcome, Ratio, Steps,
    };
    use crate::scoring::review::dimension::Raters;
    use crate::scoring::review::rater::RaterType;
    use crate::scoring::settings::{MissingActual, TargetChange};
    use proptest::prelude::*;

    fn ratio(actual: Option<i32>, target: i32) -> Calculation {
        let method = Method::Ratio(Ratio { target: target.into(), direction: Default::default() });
        indicator_of(method, actual)
    }

    fn indicator_of(method: Method, actual: Option<i32>) -> Calculation {
        let actual = actual.map(Exact::from);
        Calculation::Indicator { method: Box::new(method), actual, revisions: vec![Uuid::nil()] }
    }

    fn part(name: &str, weight: i32, calculation: Calculation) -> Part {
        let calculation = Some(calculation);
        Part { name: name.into(), weight: weight.into(), calculation, approval: None, filing: None }
    }

    fn rated(raters: &[(RaterType, i32, &[i32])]) -> Calculation {
        let raters = raters.iter().map(|&(rater_type, weight, ratings)| {
            let ratings = ratings.iter().copied().map(Exact::from).collect();
            (rater_type, Raters { weight: weight.into(), ratings })
        });
        Calculation::Dimension(Dimension {
            raters: raters.collect(),
            mandatory: vec![RaterType::Manager],
            anonymous_customers: false,
            named: Default::default(),
        })
    }

    /// The worked example of the specification: 108.00, 86.67, 75.00 and 57.00 make 89.90,
    /// with extras 96.90, and with the rated dimensions 100.68.
    pub(super) fn person() -> Calculation {
        let milestone = |weight: i32, outcome| Milestone { weight: weight.into(), outcome };
        let milestones = vec![
            milestone(30, MilestoneOutcome::Done { days_late: 0 }),
            milestone(30, MilestoneOutcome::Done { days_late: 5 }),
            milestone(40, MilestoneOutcome::Open { percent: 0.into() }),
        ];
        let baseline = Method::Baseline(Baseline { baseline: 8.into(), target: 0.into() });
        let extra = |points: i32| Extra {
            points: points.into(),
            evidence: vec![Uuid::nil()],
            approver: Some(Uuid::nil()),
        };
        let performance = Calculation::Performance {
            items: vec![
                part("sales", 40, ratio(Some(1080), 1000)),
                part("collection", 30, ratio(Some(13), 15)),
                part("complaints", 20, indicator_of(baseline, Some(2))),
                part(
                    "launch",
                    10,
                    indicator_of(Method::Milestones(Milestones { milestones }), None),
                ),
            ],
            adjustments: Adjustments {
                bonuses: vec![extra(6), extra(7)],
                deductions: vec![extra(3)],
                ..Default::default()
            },
        };
        let peers: &[i32] = &[5, 4, 4, 3, 1];
        use RaterType::{CrossDept, Manager, Peer, Subordinate};
        Calculation::Composite {
            dimensions: vec![
                part("performance", 60, performance),
                part(
                    "competency",
                    20,
                    rated(&[(Manager, 60, &[4]), (Peer, 25, peers), (Subordinate, 15, &[])]),
                ),
                part("behaviour", 10, rated(&[(Manager, 60, &[3]), (Peer, 40, peers)])),
                part(
                    "collaboration",
                    10,
                    rated(&[(Manager, 20, &[4]), (CrossDept, 80, &[4, 3, 3])]),
                ),
            ],
        }
    }

    fn score(explanation: &Explanation) -> String {
        explanation.outcome.score.as_ref().unwrap().to_string()
    }

    #[test]
    fn the_chain_of_one_person_is_explained_from_actuals_to_grade() {
        let trace = person().explain(&Settings::default()).unwrap();
        let Explanation { parts, outcome, .. } = &trace.explanation;
        assert_eq!(score(&trace.explanation), "100.68");
        assert_eq!(outcome.grade, Some(Grade::B));
        let dimensions: Vec<_> = parts.iter().map(score).collect();
        assert_eq!(dimensions, ["96.9", "109.02", "102.67", "104.67"]);
        let indicators: Vec<_> = parts[0].parts.iter().map(score).collect();
        assert_eq!(indicators, ["108", "86.67", "75", "57"]);
        let rules: Vec<_> = parts[0].parts[1].steps.iter().map(|step| step.rule).collect();
        assert_eq!(rules, [Rule::RatioDeviation, Rule::Limits, Rule::Rounded]);
    }

    #[test]
    fn a_trace_survives_storage_and_replays() {
        let mut settings = Settings::default();
        settings.kpi.over_rate = Exact::scaled(5, 1);
        settings.score.scale = Some(settings.scale());
        let trace = person().explain(&settings).unwrap();
        let text = trace.canonical().unwrap();
        let stored: Trace = serde_json::from_str(&text).unwrap();
        assert_eq!(stored, trace);
        assert_eq!(stored.canonical().unwrap(), text);
        assert!(stored.replays().unwrap());
    }

    #[test]
    fn tampering_does_not_replay() {
        let trace = person().explain(&Settings::default()).unwrap();
        let mut result = trace.clone();
        result.explanation.outcome.score = Some(101.into());
        let mut step = trace.clone();
        step.explanation.parts[0].parts[0].steps[0].value = 109.into();
        let mut settings = trace.clone();
        settings.settings.kpi.bonus_max = 9.into();
        let mut version = trace.clone();
        version.formula_version += 1;
        let mut input = trace;
        if let Calculation::Composite { dimensions } = &mut input.calculation {
            dimensions[0].weight = 61.into();
            dimensions[1].weight = 19.into();
        }
        for tampered in [result, step, settings, version, input] {
            assert!(!tampered.replays().unwrap());
        }
    }

    #[test]
    fn missing_actuals_are_for_the_total_to_judge() {
        let missing = ratio(None, 1000).explain(&Settings::default()).unwrap();
        assert_eq!(missing.explanation.outcome, Outcome::default());
        let form = || Calculation::Performance {
            items: vec![part("a", 50, ratio(Some(5), 5)), part("b", 50, ratio(None, 5))],
            adjustments: Adjustments::default(),
        };
        let mut settings = Settings::default();
        assert_eq!(form().explain(&settings).unwrap_err().code, Code::KpiActualMissing);
        settings.kpi.missing_actual = MissingActual::Zero;
        assert_eq!(score(&form().explain(&settings).unwrap().explanation), "50");
        assert_eq!(ratio(None, 0).explain(&settings).unwrap_err().code, Code::KpiTargetZero);
    }

    #[test]
    fn steps_count_by_points_of_their_base() {
        let steps = Method::Steps(Box::new(Steps::of(1000.into(), 30.into(), 3.into())));
        let form = Calculation::Performance {
            items: vec![
                part("cost", 30, indicator_of(steps, Some(1100))),
                part("sales", 70, ratio(Some(5), 5)),
            ],
            adjustments: Adjustments::default(),
        };
        assert_eq!(score(&form.explain(&Settings::default()).unwrap().explanation), "103");
    }

    #[test]
    fn stretches_with_other_targets_weigh_by_days() {
        let stretch = |days, calculation| Stretch { days, calculation };
        let two = |later| Calculation::TimeWeighted {
            division: Division::Assignment,
            stretches: vec![stretch(181, ratio(Some(80), 100)), stretch(184, later)],
        };
        let settings = Settings::default();
        let trace = two(ratio(Some(84), 80)).explain(&settings).unwrap();
        assert_eq!(score(&trace.explanation), "92.6");
        assert!(trace.replays().unwrap());
        let missing = two(ratio(None, 80)).explain(&settings).unwrap();
        assert_eq!(missing.explanation.outcome.score, None);
        let nothing =
            Calculation::TimeWeighted { division: Division::TargetChange, stretches: vec![] };
        assert_eq!(nothing.explain(&settings).unwrap_err().code, Code::EmptyInput);
    }

    #[test]
    fn of_changed_targets_the_latest_counts_unless_the_policy_weighs_them() {
        let stretch = |days, calculation| Stretch { days, calculation };
        let changed = || Calculation::TimeWeighted {
            division: Division::TargetChange,
            stretches: vec![stretch(181, ratio(Some(80), 100)), stretch(184, ratio(Some(84), 80))],
        };
        let mut settings = Settings::default();
        assert_eq!(score(&changed().explain(&settings).unwrap().explanation), "105");
        settings.kpi.target_change = TargetChange::TimeWeighted;
        let weighed = changed().explain(&settings).unwrap();
        assert_eq!(score(&weighed.explanation), "92.6");
        assert!(weighed.replays().unwrap());
    }

    #[test]
    fn an_objective_scores_only_where_the_policy_maps_it() {
        let key_result =
            KeyResult::Metric { start: 0.into(), target: 20.into(), current: Some(7.into()) };
        let objective = || Calculation::Objective {
            key_results: vec![WeightedKeyResult {
                weight: 100.into(),
                key_result: key_result.clone(),
                revision: None,
            }],
            ambition: Ambition::Aspirational,
        };
        let mut settings = Settings::default();
        let off = objective().explain(&settings).unwrap();
        assert_eq!(off.explanation.outcome.score, None);
        assert_eq!(off.explanation.steps.last().map(|step| step.rule), Some(Rule::ObjectiveGrade));
        let alone = Calculation::Composite { dimensions: vec![part("okr", 100, objective())] };
        let error = alone.explain(&settings).unwrap_err();
        assert_eq!(error.code, Code::DimensionInsufficient);
        settings.okr.in_review = OkrInReview::Mapped;
        assert_eq!(score(&objective().explain(&settings).unwrap().explanation), "50");
    }

    #[test]
    fn a_managers_result_blends_the_team() {
        let managed = |own| Calculation::Manager {
            own: Box::new(own),
            team_kpi: ["95", "88", "82.5"].map(|total| total.parse().unwrap()).to_vec(),
        };
        let trace = managed(ratio(Some(102), 100)).explain(&Settings::default()).unwrap();
        assert_eq!(score(&trace.explanation), "99.3");
        assert_eq!(trace.explanation.outcome.grade, Some(Grade::B));
        assert!(trace.replays().unwrap());
        let error = managed(ratio(None, 100)).explain(&Settings::default()).unwrap_err();
        assert_eq!(error.code, Code::KpiActualMissing);
    }

    proptest! {
        #[test]
        fn an_explained_score_is_the_score(actual in -3000..3000_i64, target in 1..3000_i64) {
            let (actual, target) = (Exact::scaled(actual, 2), Exact::scaled(target, 2));
            let settings = Settings::default();
            for method in [
                Method::Ratio(Ratio { target: target.clone(), direction: Default::default() }),
                Method::Baseline(Baseline { baseline: 0.into(), target: target.clone() }),
                Method::Steps(Box::new(Steps::of(target, 30.into(), 3.into()))),
            ] {
                let plain = method.score(Some(&actual), &settings).unwrap();
                let calculation = Calculation::Indicator {
                    method: Box::new(method),
                    actual: Some(actual.clone()),
                    revisions: Vec::new(),
                };
                let trace = calculation.explain(&settings).unwrap();
                prop_assert!(trace.replays().unwrap());
                prop_assert_eq!(trace.explanation.outcome.score, Some(plain));
            }
        }
    }
}
