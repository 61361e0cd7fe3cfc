//! The result of one person: from goals and ratings to the grade. Implements 0.5 steps 1 to 6.

use super::form::{Results, ReviewPart};
use crate::core::error::{Code, DomainError, Result};
use crate::core::id::{DroppedDimensionId, GoalId};
use crate::core::number::Exact;
use crate::cycles::dropped_dimension::{self, DroppedDimension};
use crate::cycles::performance_policy::{DimensionRule, PERFORMANCE, Population};
use crate::cycles::weight_adjustment::DepartmentWeights;
use crate::goals::goal::{
    CheckIn, Goal, GoalKind, GoalRevision, Indicator, KeyResult, Measurement,
};
use crate::scoring::kpi::{Adjustments, Division, Veto};
use crate::scoring::okr::objective::Ambition;
use crate::scoring::review::dimension::{Dimension, Raters};
use crate::scoring::review::rater::RaterType;
use crate::scoring::scale::Grade;
use crate::scoring::settings::{MissingActual, OkrInReview, Settings, TargetChange};
use crate::scoring::trace::{Calculation, Explanation, Part, Stretch, Trace, WeightedKeyResult};
use crate::state::goal::State;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// The dimension whose score breaks ties (E.3).
pub const COLLABORATION: &str = "collaboration";

/// A goal with all data from which its score is computed.
#[derive(Clone, Copy, Debug)]
pub struct GoalRecord<'a> {
    /// The goal.
    pub goal: &'a Goal,
    /// Revisions of the goal, oldest first.
    pub revisions: &'a [GoalRevision],
    /// Measurements of the goal with all their revisions.
    pub measurements: &'a [Measurement],
    /// Check-ins on the goal, oldest first.
    pub check_ins: &'a [CheckIn],
}

/// The data from which the result of one person is computed.
#[derive(Clone, Debug)]
pub struct Case<'a> {
    /// The settings of the policy version.
    pub settings: &'a Settings,
    /// The population to which the person belongs.
    pub population: &'a Population,
    /// The person's goals in the cycle.
    pub goals: Vec<GoalRecord<'a>>,
    /// The self-review; its ratings count where the policy gives them a weight.
    pub self_review: &'a ReviewPart,
    /// The manager's review.
    pub manager_review: &'a ReviewPart,
    /// The best grade that a confirmed veto allows; `None` without a veto.
    pub veto: Option<Grade>,
    /// Dimensions that may be left out of results which have too few raters.
    pub dropped: &'a [DroppedDimension],
    /// The weights of the person's department, where they are filed (C.8).
    pub filed: Option<&'a DepartmentWeights>,
    /// Performance totals of the people for whose reviews the person is responsible, as far as
    /// computed.
    pub team: &'a [Decimal],
}

/// The result of a computation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Computed {
    /// Scores and computed grade; all other results are empty.
    pub results: Results,
    /// The explanation of these results.
    pub trace: Trace,
    /// Scores of the goals that count.
    pub goals: Vec<(GoalId, Decimal)>,
}

/// How far one dimension of a result is scored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DimensionScore {
    /// Code of the dimension.
    pub code: String,
    /// Weight in the composite score, in percent.
    pub weight: Exact,
    /// Score with 2 places; `None` while something is missing for it, and where it is left out.
    pub score: Option<Decimal>,
    /// Whether it is left out with approval, because too few people rate it (D.3).
    pub is_left_out: bool,
}

/// Every reason why a result cannot be computed, each with its place: `/goals/{id}`,
/// `/dimensions/{code}`, `/goals` for all goals together, or empty for the result as a whole.
pub type Faults = Vec<(String, DomainError)>;

/// Whether a goal in this state counts: signed by both sides and not cancelled.
pub fn is_in_force(state: State) -> bool {
    match state {
        State::Active | State::ChangePending | State::Completed | State::Scored | State::Locked => {
            true
        }
        State::Draft | State::Submitted | State::Cancelled => false,
    }
}

impl Case<'_> {
    /// Whether performance is a dimension of the person's population.
    pub fn has_performance(&self) -> bool {
        self.population.dimensions.iter().any(DimensionRule::is_performance)
    }

    /// The performance total from the person's goals alone.
    ///
    /// # Errors
    /// Every fault of a goal or, if no goal has one, the fault of the total. `EMPTY_INPUT` where no
    /// goal counts.
    pub fn performance(&self) -> core::result::Result<Computed, Faults> {
        let (calculation, goals) = self.performance_of_goals();
        let trace = calculation
            .clone()
            .explain(self.settings)
            .map_err(|error| self.faults_of_goals(&calculation, &goals, error))?;
        let results =
            Results { performance: self.shown(Some(&trace.explanation))?, ..Results::default() };
        let goals = self.scores(&goals, &trace.explanation);
        Ok(Computed { results, trace, goals })
    }

    /// The composite score of all dimensions and its grade. For a manager the team's performance
    /// totals are included.
    ///
    /// # Errors
    /// Every fault of a goal or dimension or, if none has one, the fault of the result as a whole.
    pub fn result(&self) -> core::result::Result<Computed, Faults> {
        let (dimensions, goals) = self.dimensions();
        let own = Calculation::Composite { dimensions };
        let blends = !self.team.is_empty() && self.settings.manager.team_lambda.is_positive();
        let whole = if blends {
            let team_kpi = self.team.iter().copied().map(Exact::from).collect();
            Calculation::Manager { own: Box::new(own.clone()), team_kpi }
        } else {
            own.clone()
        };
        let explained = whole.explain(self.settings);
        let trace = explained.map_err(|error| self.faults(&own, &goals, error))?;
        let whole = &trace.explanation;
        let own = if blends { whole.parts.first().unwrap_or(whole) } else { whole };
        let part = |code: &str| {
            let at = self.population.dimensions.iter().position(|rule| rule.code == code)?;
            own.parts.get(at)
        };
        let performance = part(PERFORMANCE);
        let results = Results {
            performance: self.shown(performance)?,
            composite: self.shown(Some(whole))?,
            collaboration: self.shown(part(COLLABORATION))?,
            computed_grade: whole.outcome.grade,
            ..Results::default()
        };
        let goals = performance.map(|it| self.scores(&goals, it)).unwrap_or_default();
        Ok(Computed { results, trace, goals })
    }

    /// How far each dimension is scored, also while something is missing for the result as a whole.
    pub fn so_far(&self) -> Vec<DimensionScore> {
        let scored = |part: Part| {
            let trace = part.calculation.and_then(|it| it.explain(self.settings).ok());
            let score = trace.and_then(|trace| self.shown(Some(&trace.explanation)).ok().flatten());
            let is_left_out = part.approval.is_some();
            DimensionScore { code: part.name, weight: part.weight, score, is_left_out }
        };
        self.dimensions().0.into_iter().map(scored).collect()
    }

    /// The dimensions of the composite score, and the goals of which the performance consists.
    fn dimensions(&self) -> (Vec<Part>, Vec<GoalId>) {
        let (performance, goals) = self.performance_of_goals();
        let part_of = |rule: &DimensionRule| {
            let filed = self.filed.and_then(|filed| Some((filed, filed.weights.get(&rule.code)?)));
            let name = rule.code.clone();
            let weight = filed.map_or(&rule.weight, |(_, weight)| weight).clone();
            let filing = filed.map(|(filed, _)| filed.filing_number.clone());
            let part = |calculation| Part { name, weight, calculation, approval: None, filing };
            if rule.is_performance() {
                return part(Some(performance.clone()));
            }
            let rated = self.dimension(rule);
            match self.approval_to_drop(rule, &rated) {
                Some(id) => Part { approval: Some(id.uuid()), ..part(None) },
                None => part(Some(Calculation::Dimension(rated))),
            }
        };
        (self.population.dimensions.iter().map(part_of).collect(), goals)
    }

    /// The goals that count, with their weights. Objectives count only where the policy maps their
    /// progress to scores; where they are left out, the weights of the other goals are scaled to
    /// sum to 100.
    fn performance_of_goals(&self) -> (Calculation, Vec<GoalId>) {
        let mapped = self.settings.okr.in_review == OkrInReview::Mapped;
        let is_objective =
            |it: &GoalRecord<'_>| matches!(it.goal.content.kind, GoalKind::Objective { .. });
        let in_force = self.goals.iter().filter(|it| is_in_force(it.goal.state));
        let (left_out, counted): (Vec<_>, Vec<_>) =
            in_force.partition(|it| !mapped && is_objective(it));
        let weight = |it: &GoalRecord<'_>| Exact::from(it.goal.content.weight);
        let sum: Exact = counted.iter().map(&weight).sum();
        let share = |it: &GoalRecord<'_>| match left_out.as_slice() {
            [] => weight(it),
            _ => (weight(it) * Exact::from(100)).checked_div(&sum).unwrap_or_default(),
        };
        let items = counted.iter().map(|it| Part {
            name: it.goal.content.title.clone(),
            weight: share(it),
            calculation: Some(it.calculation(self.settings)),
            approval: None,
            filing: None,
        });
        let adjustments =
            Adjustments { veto: self.veto.map(Veto::CapGrade), ..Adjustments::default() };
        let calculation = Calculation::Performance { items: items.collect(), adjustments };
        (calculation, counted.iter().map(|it| it.goal.id).collect())
    }

    /// The id of the approval by which the dimension is left out; `None` if it has enough raters
    /// (D.3).
    fn approval_to_drop(
        &self,
        rule: &DimensionRule,
        rated: &Dimension,
    ) -> Option<DroppedDimensionId> {
        let approval = dropped_dimension::approved(self.dropped, &self.population.code, &rule.code);
        // If the policy sets no least share, ratings with no weight at all are still too few.
        let short = |error: DomainError| {
            matches!(error.code, Code::DimensionInsufficient | Code::WeightsNot100)
        };
        approval.filter(|_| rated.result(self.settings).is_err_and(short)).map(|it| it.id)
    }

    /// The ratings of one dimension. The manager's rating is mandatory, whatever its weight.
    fn dimension(&self, rule: &DimensionRule) -> Dimension {
        let of = |part: &ReviewPart| {
            let rating = part.rating(&rule.code).filter(|_| !part.skipped);
            rating.map(|rating| rating.rating.clone()).into_iter().collect()
        };
        let mut raters: BTreeMap<_, _> = rule
            .raters
            .iter()
            .map(|(rater, weight)| {
                let ratings = match rater {
                    RaterType::Oneself => of(self.self_review),
                    _ => Vec::new(),
                };
                (*rater, Raters { weight: weight.clone(), ratings })
            })
            .collect();
        raters.entry(RaterType::Manager).or_default().ratings = of(self.manager_review);
        let named = !self.settings.review.cross_dept_anonymous;
        Dimension {
            raters,
            mandatory: vec![RaterType::Manager],
            anonymous_customers: false,
            named: named.then_some(RaterType::CrossDept).into_iter().collect(),
        }
    }

    /// The score of a part as stored, with 2 places.
    fn shown(&self, part: Option<&Explanation>) -> core::result::Result<Option<Decimal>, Faults> {
        let score = part.and_then(|part| part.outcome.score.as_ref());
        let rounded = score.map(|score| score.round(2, self.settings.score.rounding));
        rounded.transpose().map_err(|error| vec![(String::new(), error)])
    }

    fn scores(&self, goals: &[GoalId], performance: &Explanation) -> Vec<(GoalId, Decimal)> {
        let scored = goals.iter().zip(&performance.parts).filter_map(|(goal, part)| {
            let score = part.outcome.score.as_ref()?;
            Some((*goal, score.round(2, self.settings.score.rounding).ok()?))
        });
        scored.collect()
    }

    /// Every fault of a single goal or, if no goal has one, the fault of the total.
    fn faults_of_goals(
        &self,
        performance: &Calculation,
        goals: &[GoalId],
        error: DomainError,
    ) -> Faults {
        let Calculation::Performance { items, .. } = performance else { return Vec::new() };
        let blocked = self.settings.kpi.missing_actual == MissingActual::Block;
        let fault = |part: &Part| match part.calculation.clone()?.explain(self.settings) {
            Err(error) => Some(error),
            Ok(trace) if trace.explanation.outcome.score.is_none() && blocked => {
                Some(Code::KpiActualMissing.because(format!("{:.40?} has no actual", part.name)))
            }
            Ok(_) => None,
        };
        let place = |goal: &GoalId| format!("/goals/{goal}");
        let faults: Faults = items
            .iter()
            .zip(goals)
            .filter_map(|(part, goal)| Some((place(goal), fault(part)?)))
            .collect();
        if faults.is_empty() { vec![("/goals".to_owned(), error)] } else { faults }
    }

    /// Every fault of a part or, if none has one, the fault of the result as a whole.
    fn faults(&self, own: &Calculation, goals: &[GoalId], error: DomainError) -> Faults {
        let Calculation::Composite { dimensions } = own else { return Vec::new() };
        let explain = |calculation: &Calculation| -> Result<Trace> {
            calculation.clone().explain(self.settings)
        };
        let parts = dimensions.iter().filter_map(|part| Some((part, part.calculation.as_ref()?)));
        let faults: Faults = parts
            .filter_map(|(part, calculation)| {
                Some((part, calculation, explain(calculation).err()?))
            })
            .flat_map(|(part, calculation, error)| match calculation {
                Calculation::Performance { .. } => self.faults_of_goals(calculation, goals, error),
                _ => vec![(format!("/dimensions/{}", part.name), error)],
            })
            .collect();
        if faults.is_empty() { vec![(String::new(), error)] } else { faults }
    }
}

impl GoalRecord<'_> {
    fn calculation(&self, settings: &Settings) -> Calculation {
        match &self.goal.content.kind {
            GoalKind::Indicator(indicator) => self.indicator(indicator, settings),
            GoalKind::Objective { ambition, key_results } => Calculation::Objective {
                key_results: key_results.iter().map(|it| self.key_result(it)).collect(),
                // Exploratory goals are scored like aspirational ones (R30).
                ambition: if self.goal.content.exploratory {
                    Ambition::Aspirational
                } else {
                    *ambition
                },
            },
        }
    }

    /// The actual value of the whole cycle, scored by the target in force. Where the policy is
    /// `time_weighted`, the value is scored by each target and weighted by days (B.9).
    fn indicator(&self, indicator: &Indicator, settings: &Settings) -> Calculation {
        let scored = |indicator: &Indicator| Calculation::Indicator {
            method: Box::new(indicator.method.clone()),
            actual: indicator.actual(self.measurements),
            revisions: indicator.counted(self.measurements).iter().map(|it| it.id.uuid()).collect(),
        };
        let stretches = match settings.kpi.target_change {
            TargetChange::LatestApproved => Vec::new(),
            TargetChange::TimeWeighted => self.stretches(scored),
        };
        if stretches.len() < 2 {
            return scored(indicator);
        }
        Calculation::TimeWeighted { division: Division::TargetChange, stretches }
    }

    /// The days on which each revision was in force, within the period of the goal.
    fn stretches(&self, scored: impl Fn(&Indicator) -> Calculation) -> Vec<Stretch> {
        let (start, end) = (self.goal.content.period.start(), self.goal.content.period.end());
        let ends = self.revisions.iter().skip(1).map(|next| next.effective_from.pred_opt());
        let ends = ends.chain([None]).map(|last| last.map_or(end, |last| last.min(end)));
        let stretches =
            self.revisions.iter().zip(ends).enumerate().filter_map(|(at, (revision, last))| {
                // The first revision counts from the beginning.
                let first = if at == 0 { start } else { revision.effective_from.max(start) };
                let days =
                    u32::try_from((last - first).num_days() + 1).ok().filter(|days| *days > 0)?;
                let GoalKind::Indicator(indicator) = &revision.content.kind else { return None };
                Some(Stretch { days, calculation: scored(indicator) })
            });
        stretches.collect()
    }

    fn key_result(&self, key_result: &KeyResult) -> WeightedKeyResult {
        let about = |check_in: &CheckIn| {
            check_in.reports.iter().any(|report| report.key_result_id == key_result.id)
        };
        let reports = self.check_ins.iter().flat_map(|check_in| &check_in.reports);
        let last = self.check_ins.iter().rfind(|check_in| about(check_in));
        WeightedKeyResult {
            weight: key_result.weight.clone(),
            key_result: key_result
                .recorded(reports.filter(|report| report.key_result_id == key_result.id)),
            revision: last.map(|check_in| check_in.id.uuid()),
        }
    }
}
