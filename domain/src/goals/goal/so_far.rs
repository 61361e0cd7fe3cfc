//! A summary of all check-ins so far, with what progress depends on.

use super::progress::objective_progress;
use super::{GoalContent, GoalKind, KeyResult, KeyResultReport, Measure};
use crate::core::error::Result;
use crate::core::id::KeyResultId;
use crate::core::number::Exact;
use crate::scoring::okr::progress::{KeyResult as Measured, Milestone, progress};
use crate::scoring::settings::Settings;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the check-ins on an objective have reported so far, by key result. It is stored with every
/// check-in, so that the next one need not read all earlier ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportedSoFar {
    /// The revision of the goal whose levels to maintain were applied; the summary is void for
    /// other revisions.
    pub revision: i32,
    key_results: BTreeMap<KeyResultId, Latest>,
}

/// The latest reported state of a key result.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Latest {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<Exact>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    done: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    steps_done: Option<Vec<usize>>,
    /// Number of reported values that met the level.
    #[serde(default)]
    complied: usize,
    /// Number of reported values that did not meet the level.
    #[serde(default)]
    missed: usize,
}

impl ReportedSoFar {
    /// The summary of some check-ins, oldest first, by the content of one revision.
    pub fn of<'r>(
        content: &GoalContent,
        revision: i32,
        check_ins: impl IntoIterator<Item = &'r [KeyResultReport]>,
    ) -> Self {
        let mut so_far = Self { revision, ..Self::default() };
        check_ins.into_iter().for_each(|reports| so_far.add(content, reports));
        so_far
    }

    /// Adds the reports of one more check-in.
    pub fn add(&mut self, content: &GoalContent, reports: &[KeyResultReport]) {
        for report in reports {
            let id = report.key_result_id;
            let known = content.key_results().iter().find(|key_result| key_result.id == id);
            let Some(key_result) = known else { continue };
            let latest = self.key_results.entry(id).or_default();
            let KeyResultReport { value, done, steps_done, .. } = report.clone();
            if let (Measure::Maintain { level, .. }, Some(value)) = (&key_result.measure, &value) {
                *(if level.complies(value) { &mut latest.complied } else { &mut latest.missed }) +=
                    1;
            }
            latest.value = value.or(latest.value.take());
            latest.done = done.or(latest.done);
            latest.steps_done = steps_done.or(latest.steps_done.take());
        }
    }

    fn of_key_result(&self, key_result: &KeyResult) -> Option<Measured> {
        let Latest { value, done, steps_done, complied, missed } =
            self.key_results.get(&key_result.id)?;
        Some(match &key_result.measure {
            Measure::Metric { start, target, .. } => Measured::Metric {
                start: start.clone(),
                target: target.clone(),
                current: value.clone(),
            },
            Measure::Boolean => Measured::Boolean { done: *done },
            Measure::Milestone { steps } => {
                let is_done = |at| steps_done.as_ref().is_some_and(|done| done.contains(&at));
                let steps = steps.iter().enumerate();
                let milestones = steps
                    .map(|(at, step)| Milestone { weight: step.weight.clone(), done: is_done(at) });
                Measured::Milestone { milestones: milestones.collect() }
            }
            Measure::Maintain { level, .. } => {
                // Before the last value only the numbers of met and missed values matter, not their
                // order.
                let last = value.as_ref().map(|value| level.complies(value));
                let before = |all: &usize, is_last| all.saturating_sub(usize::from(is_last));
                let kept = std::iter::repeat_n(true, before(complied, last == Some(true)));
                let broken = std::iter::repeat_n(false, before(missed, last == Some(false)));
                Measured::Maintain { compliance: kept.chain(broken).chain(last).collect() }
            }
        })
    }
}

/// The present value of a key result, as last reported; all `None` before the first report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresentKeyResult {
    /// Id of the key result.
    pub id: KeyResultId,
    /// The last value, of a metric or of a level to maintain.
    pub value: Option<Exact>,
    /// Whether it is done, of a key result that is either done or not.
    pub done: Option<bool>,
    /// Indexes of the completed steps, from 0, of a key result with steps.
    pub steps_done: Option<Vec<usize>>,
    /// Progress from 0 to 1, 4 places; also `None` where the content does not let it be computed.
    pub progress: Option<Decimal>,
}

impl GoalContent {
    /// The present values of the key results, in their order; none for an indicator.
    pub fn present(&self, so_far: &ReportedSoFar, settings: &Settings) -> Vec<PresentKeyResult> {
        let present = |key_result: &KeyResult| {
            let measured = so_far.of_key_result(key_result);
            let judged =
                |measured: Measured| progress(&measured, settings.okr.maintain).ok().flatten();
            let progress = measured.and_then(judged).map(|progress| progress.value);
            let latest = so_far.key_results.get(&key_result.id).cloned().unwrap_or_default();
            let Latest { value, done, steps_done, .. } = latest;
            PresentKeyResult { id: key_result.id, value, done, steps_done, progress }
        };
        self.key_results().iter().map(present).collect()
    }

    /// Progress of an objective from the summary, from 0 to 1; `None` for an indicator, and until a
    /// value is reported.
    ///
    /// # Errors
    /// The errors of [`GoalContent::progress`].
    pub fn progress_so_far(
        &self,
        so_far: &ReportedSoFar,
        settings: &Settings,
    ) -> Result<Option<Decimal>> {
        let GoalKind::Objective { key_results, .. } = &self.kind else { return Ok(None) };
        let measured = |key_result: &KeyResult| so_far.of_key_result(key_result);
        objective_progress(key_results, measured, settings.okr.maintain)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Step;
    use super::super::examples::{key_result, objective};
    use super::*;
    use crate::scoring::okr::progress::Level;
    use crate::scoring::settings::Maintain;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn content() -> GoalContent {
        let step = |weight: i32| Step { title: "Step".to_owned(), weight: weight.into() };
        let unit = || "x".to_owned();
        objective(vec![
            key_result(1, 40, Measure::Metric { start: 0.into(), target: 10.into(), unit: unit() }),
            key_result(2, 30, Measure::Boolean),
            key_result(3, 20, Measure::Milestone { steps: vec![step(25), step(75)] }),
            key_result(4, 10, Measure::Maintain { level: Level::Above(5.into()), unit: unit() }),
        ])
    }

    fn reports() -> impl Strategy<Value = Vec<KeyResultReport>> {
        let one = (1_u128..6, 0_i32..12, any::<bool>(), 0_usize..3);
        let report = one.prop_map(|(id, value, done, steps)| KeyResultReport {
            key_result_id: Uuid::from_u128(id).into(),
            value: matches!(id, 1 | 4 | 5).then(|| value.into()),
            done: (id == 2).then_some(done),
            steps_done: (id == 3).then(|| (0..steps).collect()),
        });
        prop::collection::vec(report, 0..5)
    }

    proptest! {
        #[test]
        fn what_is_kept_tells_as_much_as_all_check_ins(
            check_ins in prop::collection::vec(reports(), 0..12),
            latest_only in any::<bool>(),
        ) {
            let content = content();
            let mut settings = Settings::default();
            if latest_only {
                settings.okr.maintain = Maintain::LatestOnly;
            }
            let mut so_far = ReportedSoFar::of(&content, 1, []);
            for upto in 0..=check_ins.len() {
                let present = content.present(&so_far, &settings);
                prop_assert_eq!(present.len(), content.key_results().len());
                let last = |id: KeyResultId| {
                    let mut reports = check_ins[..upto].iter().flatten().rev();
                    reports.find(|it| it.key_result_id == id && it.value.is_some())
                };
                for shown in &present[..1] {
                    let last = last(shown.id).and_then(|it| it.value.clone());
                    prop_assert_eq!(&shown.value, &last);
                    prop_assert_eq!(shown.progress.is_some(), last.is_some());
                }
                let whole = content.progress(&check_ins[..upto], &[], &settings).unwrap();
                prop_assert_eq!(content.progress_so_far(&so_far, &settings).unwrap(), whole);
                let kept = serde_json::to_string(&so_far).unwrap();
                prop_assert_eq!(&serde_json::from_str::<ReportedSoFar>(&kept).unwrap(), &so_far);
                if let Some(next) = check_ins.get(upto) {
                    so_far.add(&content, next);
                }
            }
        }
    }
}
