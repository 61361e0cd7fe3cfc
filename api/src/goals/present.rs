//! Present values of goals: of each key result of an objective, or of an indicator.

use crate::platform::refusal::Refusal;
use chrono::NaiveDate;
use domain::core::id::{CycleId, GoalId};
use domain::core::number::{Exact, Legible};
use domain::goals::goal::{
    Goal, GoalKind, Indicator, KeyResult, Measure, PresentKeyResult, ReportedSoFar,
};
use domain::scoring::settings::Settings;
use persistence::Store;
use rust_decimal::Decimal;
use serde::Serialize;
use std::collections::{BTreeSet, HashMap};
use utoipa::ToSchema;
use uuid::Uuid;

/// Present value of a key result, as last reported.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = PresentKeyResult)]
pub struct PresentKeyResultView {
    /// Id of the key result.
    pub key_result_id: Uuid,
    /// Last value, of a key result measured by a metric or by a level to keep; null for others, and
    /// before the first report.
    #[schema(value_type = Option<String>, required = true, example = "7")]
    pub value: Option<Exact>,
    /// Whether it is done, of a key result that is either done or not; null for others, and before
    /// the first report.
    #[schema(required = true, example = json!(null))]
    pub done: Option<bool>,
    /// Indexes of the completed steps, from 0, of a key result with steps; null for others, and before
    /// the first report.
    #[schema(required = true, example = json!(null))]
    pub steps_done: Option<Vec<usize>>,
    /// Progress from 0 to 1; null until a value is reported.
    #[schema(value_type = Option<String>, required = true, example = "0.6000")]
    pub progress: Option<Decimal>,
}

impl From<PresentKeyResult> for PresentKeyResultView {
    fn from(present: PresentKeyResult) -> Self {
        let PresentKeyResult { id, value, done, steps_done, progress } = present;
        Self { key_result_id: id.uuid(), value, done, steps_done, progress }
    }
}

/// Present values of a goal.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct PresentValues {
    /// Each key result of an objective, in the order of its definition; empty for an indicator.
    pub key_results: Vec<PresentKeyResultView>,
    /// Actual value of an indicator so far, in its unit, with up to 6 decimal places; null for an
    /// objective, and until a value is reported.
    #[schema(required = true, example = "95.341667")]
    pub actual: Option<String>,
    /// The exact actual value, as a fraction; null where the decimal is exact.
    #[schema(required = true, example = "11441/120")]
    pub exact_actual: Option<String>,
    /// First day of the last measured period that is part of the actual value; null without one.
    #[schema(required = true, example = "2026-05-01")]
    pub as_of: Option<NaiveDate>,
}

impl PresentValues {
    fn of_indicator(present: Option<(Exact, NaiveDate)>) -> Self {
        let Some((actual, last)) = present else { return Self::default() };
        let Legible { decimal, exact } = actual.legible();
        let key_results = Vec::new();
        Self { key_results, actual: Some(decimal), exact_actual: exact, as_of: Some(last) }
    }
}

/// The present values of goals that the caller may read in full; at most four statements for a page
/// of them.
pub(super) fn present(
    store: &mut dyn Store,
    goals: &[&Goal],
) -> Result<HashMap<GoalId, PresentValues>, Refusal> {
    let indicators: Vec<_> = goals.iter().filter(|goal| indicator(goal).is_some()).collect();
    let ids: Vec<_> = indicators.iter().map(|goal| goal.id).collect();
    let mut measured = if ids.is_empty() { HashMap::new() } else { store.measurements_of(&ids)? };
    let settings = settings_of(store, goals)?;
    let reported = reported(store, goals)?;
    let default = Settings::default();
    let values = |goal: &&Goal| {
        let values = match indicator(goal) {
            Some(indicator) => {
                let measurements = measured.remove(&goal.id).unwrap_or_default();
                PresentValues::of_indicator(indicator.present(&measurements))
            }
            None => {
                let settings = settings.get(&goal.cycle_id).unwrap_or(&default);
                let none = ReportedSoFar::default();
                let so_far = reported.get(&goal.id).unwrap_or(&none);
                let key_results = goal.content.present(so_far, settings).into_iter();
                let key_results = key_results.map(PresentKeyResultView::from).collect();
                PresentValues { key_results, ..PresentValues::default() }
            }
        };
        (goal.id, values)
    };
    Ok(goals.iter().map(values).collect())
}

fn indicator(goal: &Goal) -> Option<&Indicator> {
    match &goal.content.kind {
        GoalKind::Indicator(indicator) => Some(indicator),
        GoalKind::Objective { .. } => None,
    }
}

/// The settings of the cycles of these goals, where progress depends on them: only levels to maintain
/// are judged by a setting.
fn settings_of(
    store: &mut dyn Store,
    goals: &[&Goal],
) -> Result<HashMap<CycleId, Settings>, Refusal> {
    let maintains = |it: &KeyResult| matches!(it.measure, Measure::Maintain { .. });
    let judged = goals.iter().filter(|goal| goal.content.key_results().iter().any(maintains));
    let cycles: BTreeSet<CycleId> = judged.map(|goal| goal.cycle_id).collect();
    let cycles: Vec<_> = cycles.into_iter().collect();
    Ok(if cycles.is_empty() { HashMap::new() } else { store.goal_settings(&cycles)? })
}

/// Everything that was reported of the objectives among these goals. Stored totals are used where they
/// are of the revision in force, and computed again otherwise.
fn reported(
    store: &mut dyn Store,
    goals: &[&Goal],
) -> Result<HashMap<GoalId, ReportedSoFar>, Refusal> {
    let has_reports = |goal: &&&Goal| indicator(goal).is_none() && goal.checked_in_at.is_some();
    let goals: Vec<&Goal> = goals.iter().filter(has_reports).copied().collect();
    let ids = |goals: &[&Goal]| goals.iter().map(|goal| goal.id).collect::<Vec<_>>();
    if goals.is_empty() {
        return Ok(HashMap::new());
    }
    let mut found = store.reported_so_far(&ids(&goals))?;
    let is_void = |goal: &&&Goal| found.get(&goal.id).is_none_or(|it| it.revision != goal.revision);
    let void: Vec<&Goal> = goals.iter().filter(is_void).copied().collect();
    if !void.is_empty() {
        let mut reports = store.reports_on(&ids(&void))?;
        for goal in void {
            let reports = reports.remove(&goal.id).unwrap_or_default();
            let reports = reports.iter().map(Vec::as_slice);
            let so_far = ReportedSoFar::of(&goal.content, goal.revision, reports);
            found.insert(goal.id, so_far);
        }
    }
    Ok(found)
}
