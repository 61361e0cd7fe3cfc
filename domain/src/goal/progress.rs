//! How far a goal is, from what was reported of it.

use super::{Indicator, KeyResult, KeyResultReport, Measure, Measurement};
use crate::error::Result;
use crate::id::KeyResultId;
use crate::number::Exact;
use crate::okr::objective::{WeightedProgress, objective};
use crate::okr::progress::{self, Progress, progress};
use crate::okr::{clamp_progress, round_progress};
use crate::settings::{Maintain, Settings};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

impl KeyResult {
    /// Its progress by reports about it, oldest first; none while no value was reported.
    ///
    /// # Errors
    /// Those of [`progress`].
    pub fn progress<'a>(
        &self,
        reports: impl DoubleEndedIterator<Item = &'a KeyResultReport>,
        maintain: Maintain,
    ) -> Result<Option<Progress>> {
        progress(&self.recorded(reports), maintain)
    }

    fn recorded<'a>(
        &self,
        mut reports: impl DoubleEndedIterator<Item = &'a KeyResultReport>,
    ) -> progress::KeyResult {
        match &self.measure {
            Measure::Metric { start, target, .. } => progress::KeyResult::Metric {
                start: start.clone(),
                target: target.clone(),
                current: reports.rev().find_map(|report| report.value.clone()),
            },
            Measure::Boolean => {
                progress::KeyResult::Boolean { done: reports.rev().find_map(|report| report.done) }
            }
            Measure::Milestone { steps } => {
                let done = reports.rfind(|report| report.steps_done.is_some());
                let done = done.and_then(|report| report.steps_done.as_ref());
                let milestones = steps.iter().enumerate().map(|(at, step)| progress::Milestone {
                    weight: step.weight.clone(),
                    done: done.is_some_and(|done| done.contains(&at)),
                });
                progress::KeyResult::Milestone { milestones: milestones.collect() }
            }
            Measure::Maintain { level, .. } => {
                let values = reports.filter_map(|report| report.value.as_ref());
                let compliance = values.map(|value| level.complies(value)).collect();
                progress::KeyResult::Maintain { compliance }
            }
        }
    }

    /// Everything in a report that does not fit what is measured, as names of its properties: what
    /// must be there, and what must not.
    pub fn misreported(&self, report: &KeyResultReport) -> Vec<Misreport> {
        let given = [report.value.is_some(), report.done.is_some(), report.steps_done.is_some()];
        let wanted = match self.measure {
            Measure::Metric { .. } | Measure::Maintain { .. } => 0,
            Measure::Boolean => 1,
            Measure::Milestone { .. } => 2,
        };
        let names = ["value", "done", "steps_done"];
        let mut faults: Vec<_> = (names.into_iter().zip(given).enumerate())
            .filter_map(|(at, (name, given))| match (at == wanted, given) {
                (true, false) => Some(Misreport::Missing(name)),
                (false, true) => Some(Misreport::OutOfPlace(name)),
                (true, true) | (false, false) => None,
            })
            .collect();
        if let (Measure::Milestone { steps }, Some(done)) = (&self.measure, &report.steps_done) {
            let beyond = done.iter().position(|step| *step >= steps.len());
            faults.extend(beyond.map(|at| Misreport::NoSuchStep { at, steps: steps.len() }));
        }
        faults
    }
}

/// Something in a report that does not fit its key result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misreport {
    /// This property is what it measures.
    Missing(&'static str),
    /// It does not measure this property.
    OutOfPlace(&'static str),
    /// The list of completed steps names one that is not there.
    NoSuchStep {
        /// Place in the list.
        at: usize,
        /// How many steps there are.
        steps: usize,
    },
}

/// Progress of an objective by its check-ins, oldest first; none while no value was reported.
///
/// # Errors
/// Those of [`progress`] and [`objective`].
pub fn objective_progress(
    key_results: &[KeyResult],
    check_ins: &[Vec<KeyResultReport>],
    maintain: Maintain,
) -> Result<Option<Decimal>> {
    let mut reports = BTreeMap::<KeyResultId, Vec<&KeyResultReport>>::new();
    for report in check_ins.iter().flatten() {
        reports.entry(report.key_result_id).or_default().push(report);
    }
    let weighted = key_results.iter().map(|key_result| {
        let own = reports.get(&key_result.id).map_or(&[][..], Vec::as_slice);
        let progress = match own {
            [] => None,
            own => key_result.progress(own.iter().copied(), maintain)?,
        };
        let progress = progress.map(|progress| progress.value.into());
        Ok(WeightedProgress { weight: key_result.weight.clone(), progress })
    });
    let weighted = weighted.collect::<Result<Vec<_>>>()?;
    if weighted.iter().all(|key_result| key_result.progress.is_none()) {
        return Ok(None);
    }
    Ok(objective(&weighted)?.map(|graded| graded.progress))
}

impl Indicator {
    /// The actual of the cycle from measurements in any order; none without any. Of several
    /// revisions the last one counts.
    pub fn actual(&self, measurements: &[Measurement]) -> Option<Exact> {
        let mut latest = BTreeMap::new();
        for measurement in measurements {
            let Measurement { period_start, source, external_id, revision, .. } = measurement;
            let kept = latest.entry((period_start, source, external_id)).or_insert(measurement);
            if kept.revision < *revision {
                *kept = measurement;
            }
        }
        let values: Vec<_> = latest.into_values().map(|kept| kept.value.clone()).collect();
        self.aggregation.actual(&values)
    }

    /// The share of full marks that the actual is worth, 0 to 1 with 4 places; none without an
    /// actual. Milestones carry their own outcomes and need none.
    ///
    /// # Errors
    /// Those of [`crate::kpi::Method::score`].
    pub fn progress(&self, actual: Option<&Exact>, settings: &Settings) -> Result<Option<Decimal>> {
        if actual.is_none() {
            return Ok(None);
        }
        let share = self.method.score(actual, settings)?.checked_div(&self.method.full_marks());
        share.map(|share| round_progress(&clamp_progress(share))).transpose()
    }
}
