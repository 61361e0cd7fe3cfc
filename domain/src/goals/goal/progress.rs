//! Progress of a goal, computed from its check-ins and measurements.

use super::{
    Frequency, GoalContent, GoalKind, Indicator, KeyResult, KeyResultReport, Measure, Measurement,
    Sources,
};
use crate::core::error::Result;
use crate::core::id::KeyResultId;
use crate::core::number::Exact;
use crate::scoring::kpi::Method;
use crate::scoring::okr::objective::{WeightedProgress, objective};
use crate::scoring::okr::progress::{self, progress};
use crate::scoring::okr::{clamp_progress, round_progress};
use crate::scoring::settings::{Maintain, Settings};
use chrono::{Datelike, NaiveDate, Weekday};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

impl KeyResult {
    /// The key result with its reported values; `reports` is ordered oldest first.
    pub(crate) fn recorded<'a>(
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

    /// Everything in a report that does not fit the key result: missing properties, and properties
    /// that do not belong there.
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

/// A property of a report that does not fit its key result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misreport {
    /// The key result needs this property.
    Missing(&'static str),
    /// The key result does not use this property.
    OutOfPlace(&'static str),
    /// The list of completed steps names a step that does not exist.
    NoSuchStep {
        /// Position in the list.
        at: usize,
        /// Number of steps of the key result.
        steps: usize,
    },
}

impl GoalContent {
    /// Progress from 0 to 1: of an objective from its check-ins, oldest first; of an indicator from
    /// its measurements. `None` until a value is reported.
    ///
    /// # Errors
    /// The errors of [`progress`], [`objective`] and [`Method::score`].
    pub fn progress(
        &self,
        check_ins: &[Vec<KeyResultReport>],
        measurements: &[Measurement],
        settings: &Settings,
    ) -> Result<Option<Decimal>> {
        match &self.kind {
            GoalKind::Objective { key_results, .. } => {
                let mut reports = BTreeMap::<KeyResultId, Vec<&KeyResultReport>>::new();
                for report in check_ins.iter().flatten() {
                    reports.entry(report.key_result_id).or_default().push(report);
                }
                let measured = |key_result: &KeyResult| {
                    let own = reports.get(&key_result.id)?;
                    Some(key_result.recorded(own.iter().copied()))
                };
                objective_progress(key_results, measured, settings.okr.maintain)
            }
            GoalKind::Indicator(indicator) => {
                indicator.progress(indicator.actual(measurements).as_ref(), settings)
            }
        }
    }
}

/// Progress of an objective from the measured key results; `None` if none is measured.
pub(super) fn objective_progress(
    key_results: &[KeyResult],
    measured: impl Fn(&KeyResult) -> Option<progress::KeyResult>,
    maintain: Maintain,
) -> Result<Option<Decimal>> {
    let weighted = key_results.iter().map(|key_result| {
        let progress = match measured(key_result) {
            None => None,
            Some(measured) => progress(&measured, maintain)?,
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

/// The last revision of each measurement that was not withdrawn, oldest period first.
fn in_force(measurements: &[Measurement]) -> Vec<&Measurement> {
    let mut latest = BTreeMap::new();
    for measurement in measurements.iter().filter(|it| it.withdrawal.is_none()) {
        let Measurement { period_start, source, external_id, revision, .. } = measurement;
        let kept = latest.entry((period_start, source, external_id)).or_insert(measurement);
        if kept.revision < *revision {
            *kept = measurement;
        }
    }
    latest.into_values().collect()
}

impl Frequency {
    /// First day of the week, month or quarter that includes `day`; the same day for all if
    /// measured once.
    fn period_of(self, day: NaiveDate) -> NaiveDate {
        let first_of = |month| NaiveDate::from_ymd_opt(day.year(), month, 1);
        let first = match self {
            Frequency::Weekly => Some(day.week(Weekday::Mon).first_day()),
            Frequency::Monthly => first_of(day.month()),
            Frequency::Quarterly => first_of((day.month() - 1) / 3 * 3 + 1),
            Frequency::Once => Some(NaiveDate::MIN),
        };
        first.unwrap_or(day)
    }
}

impl Indicator {
    /// The measurements that count, oldest period first. Of several revisions the last one counts,
    /// and of several sources of the same period one, unless `sources` says that all count.
    pub fn counted<'m>(&self, measurements: &'m [Measurement]) -> Vec<&'m Measurement> {
        let mut counted = in_force(measurements);
        if self.sources == Sources::All {
            return counted;
        }
        let period = |it: &Measurement| match self.frequency {
            Some(frequency) => frequency.period_of(it.period_start),
            None => it.period_start,
        };
        let named = |it: &Measurement| {
            let named = self.source.as_deref();
            named.is_some_and(|named| named.to_lowercase() == it.source.to_lowercase())
        };
        let mut sources = BTreeMap::new();
        for it in measurements.iter().filter(|it| it.withdrawal.is_none()) {
            // A corrected value is reported later, but from the same source, so the source keeps
            // its rank.
            let rank = (!named(it), it.created_at, it.id);
            let best = sources.entry(period(it)).or_insert((rank, it.source.as_str()));
            if rank < best.0 {
                *best = (rank, it.source.as_str());
            }
        }
        counted.retain(|it| sources.get(&period(it)).is_some_and(|best| best.1 == it.source));
        counted
    }

    /// The actual value of the cycle from measurements in any order; `None` if none counts.
    pub fn actual(&self, measurements: &[Measurement]) -> Option<Exact> {
        self.present(measurements).map(|(actual, _)| actual)
    }

    /// The actual value of the cycle so far, with the first day of the last period that is part of
    /// it; `None` if no measurement counts.
    pub fn present(&self, measurements: &[Measurement]) -> Option<(Exact, NaiveDate)> {
        let counted = self.counted(measurements);
        let last = counted.iter().map(|kept| kept.period_start).max()?;
        let values: Vec<_> = counted.into_iter().map(|kept| kept.value.clone()).collect();
        Some((self.aggregation.actual(&values)?, last))
    }

    /// The score of the actual value as a share of full marks, 0 to 1 with 4 places; `None` without
    /// an actual value. Milestones hold their own results and need no actual value.
    fn progress(&self, actual: Option<&Exact>, settings: &Settings) -> Result<Option<Decimal>> {
        if actual.is_none() && !matches!(self.method, Method::Milestones(_)) {
            return Ok(None);
        }
        let share = self.method.score(actual, settings)?.checked_div(&self.method.full_marks());
        share.map(|share| round_progress(&clamp_progress(share))).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Step;
    use super::super::examples::{indicator, key_result, objective};
    use super::*;
    use crate::scoring::kpi::{Occurrence, Ratio, Steps};
    use crate::scoring::okr::progress::Level;
    use uuid::Uuid;

    fn report(id: u128) -> KeyResultReport {
        let key_result_id = Uuid::from_u128(id).into();
        KeyResultReport { key_result_id, value: None, done: None, steps_done: None }
    }

    fn valued(id: u128, value: i32) -> KeyResultReport {
        KeyResultReport { value: Some(value.into()), ..report(id) }
    }

    fn every_kind() -> GoalContent {
        let step = |weight: i32| Step { title: "Step".to_owned(), weight: weight.into() };
        let unit = || "x".to_owned();
        objective(vec![
            key_result(1, 40, Measure::Metric { start: 0.into(), target: 10.into(), unit: unit() }),
            key_result(2, 30, Measure::Boolean),
            key_result(3, 20, Measure::Milestone { steps: vec![step(25), step(75)] }),
            key_result(4, 10, Measure::Maintain { level: Level::Above(5.into()), unit: unit() }),
        ])
    }

    fn shown(content: &GoalContent, check_ins: &[Vec<KeyResultReport>]) -> Option<String> {
        let progress = content.progress(check_ins, &[], &Settings::default()).unwrap();
        progress.map(|progress| progress.to_string())
    }

    #[test]
    fn the_last_report_of_each_key_result_counts() {
        let content = every_kind();
        let done = |done| KeyResultReport { done: Some(done), ..report(2) };
        let steps = KeyResultReport { steps_done: Some(vec![1]), ..report(3) };
        let mut check_ins = vec![Vec::new()];
        assert_eq!(shown(&content, &check_ins), None);
        check_ins.push(vec![valued(1, 5)]);
        assert_eq!(shown(&content, &check_ins).as_deref(), Some("0.2000"));
        check_ins.push(vec![done(true), steps, valued(4, 6)]);
        assert_eq!(shown(&content, &check_ins).as_deref(), Some("0.7500"));
        check_ins.push(vec![done(false), valued(1, 20), valued(4, 4)]);
        assert_eq!(shown(&content, &check_ins).as_deref(), Some("0.6000"));
        // Reports on a key result that the goal no longer has are ignored.
        check_ins.push(vec![valued(9, 5)]);
        assert_eq!(shown(&content, &check_ins).as_deref(), Some("0.6000"));
    }

    #[test]
    fn a_report_tells_what_is_measured_and_nothing_else() {
        let content = every_kind();
        let faults =
            |at: usize, report: &KeyResultReport| content.key_results()[at].misreported(report);
        assert_eq!(faults(0, &valued(1, 1)), []);
        let both = KeyResultReport { done: Some(true), ..valued(2, 1) };
        assert_eq!(faults(1, &both), [Misreport::OutOfPlace("value")]);
        assert_eq!(faults(3, &report(4)), [Misreport::Missing("value")]);
        let steps = KeyResultReport { steps_done: Some(vec![1, 2]), ..report(3) };
        assert_eq!(faults(2, &steps), [Misreport::NoSuchStep { at: 1, steps: 2 }]);
        assert_eq!(
            faults(0, &steps),
            [Misreport::Missing("value"), Misreport::OutOfPlace("steps_done"),]
        );
    }

    fn measured(month: u32, id: &str, revision: i32, value: i32) -> Measurement {
        Measurement {
            id: Uuid::nil().into(),
            goal_id: Uuid::nil().into(),
            period_start: NaiveDate::from_ymd_opt(2026, month, 1).unwrap(),
            source: "crm".to_owned(),
            external_id: id.to_owned(),
            revision,
            value: value.into(),
            author_id: Uuid::nil(),
            created_at: Default::default(),
            withdrawal: None,
        }
    }

    #[test]
    fn the_last_revision_of_each_value_counts() {
        let ratio = Ratio { target: 100.into(), direction: Default::default() };
        let content = indicator(Method::Ratio(ratio));
        let progress = |all: &[Measurement]| {
            let progress = content.progress(&[], all, &Settings::default()).unwrap();
            progress.map(|progress| progress.to_string())
        };
        assert_eq!(progress(&[]), None);
        let mut all =
            vec![measured(1, "a", 2, 10), measured(1, "a", 1, 90), measured(2, "a", 1, 15)];
        assert_eq!(progress(&all).as_deref(), Some("0.2500"));
        all.push(measured(1, "b", 1, 500));
        assert_eq!(progress(&all).as_deref(), Some("1.0000"));
    }

    #[test]
    fn one_source_of_each_period_counts() {
        let by = |source: &str, id: u128, month, value| Measurement {
            id: Uuid::from_u128(id).into(),
            source: source.to_owned(),
            ..measured(month, "a", 1, value)
        };
        let indicator = |sources| {
            let GoalKind::Indicator(it) = indicator(Method::Rating).kind else { unreachable!() };
            Indicator { sources, ..*it }
        };
        let actual = |sources, all: &[Measurement]| {
            indicator(sources).actual(all).map(|actual| actual.to_string())
        };
        let mut all = vec![by("sheet", 1, 1, 7), by("erp", 2, 1, 5), by("erp", 3, 2, 6)];
        assert_eq!(actual(Sources::One, &all).as_deref(), Some("13"), "who came first");
        assert_eq!(actual(Sources::All, &all).as_deref(), Some("18"));
        // On another day of the same month, from the source that the indicator names.
        let mut late = by("crm", 4, 1, 4);
        late.period_start = NaiveDate::from_ymd_opt(2026, 1, 31).unwrap();
        all.push(late.clone());
        assert_eq!(actual(Sources::One, &all).as_deref(), Some("10"));
        let withdrawal = super::super::Withdrawal {
            at: late.created_at,
            by: Uuid::nil(),
            reason: "typo".into(),
        };
        all[3].withdrawal = Some(withdrawal);
        assert_eq!(actual(Sources::One, &all).as_deref(), Some("13"));
    }

    #[test]
    fn a_withdrawn_revision_leaves_the_one_before() {
        let ratio = Ratio { target: 100.into(), direction: Default::default() };
        let content = indicator(Method::Ratio(ratio));
        let mut all = vec![measured(1, "a", 1, 10), measured(1, "a", 2, 90)];
        let progress = |all: &[Measurement]| {
            let progress = content.progress(&[], all, &Settings::default()).unwrap();
            progress.map(|progress| progress.to_string())
        };
        for left in [Some("0.9000"), Some("0.1000"), None] {
            assert_eq!(progress(&all).as_deref(), left);
            let counted = all.iter_mut().rfind(|it| it.withdrawal.is_none());
            if let Some(it) = counted {
                it.withdrawal = Some(super::super::Withdrawal {
                    at: it.created_at,
                    by: Uuid::nil(),
                    reason: "typo".into(),
                });
            }
        }
    }

    #[test]
    fn progress_is_the_share_of_full_marks() {
        let of = |method: Method, actual: Option<i32>| {
            let content = indicator(method);
            let all: Vec<_> = actual.map(|value| measured(1, "a", 1, value)).into_iter().collect();
            let progress = content.progress(&[], &all, &Settings::default()).unwrap();
            progress.map(|progress| progress.to_string())
        };
        let steps = || Method::Steps(Box::new(Steps::of(100.into(), 30.into(), 10.into())));
        assert_eq!(of(steps(), Some(70)).as_deref(), Some("0.9000"));
        let accidents = Occurrence { base: 100.into(), penalty: 25.into() };
        assert_eq!(of(Method::Occurrence(accidents), Some(1)).as_deref(), Some("0.7500"));
        assert_eq!(of(Method::Rating, Some(2)).as_deref(), Some("0.8000"));
        let milestone = |weight: i32, outcome| crate::scoring::kpi::Milestone {
            weight: weight.into(),
            outcome,
        };
        let milestones = crate::scoring::kpi::Milestones {
            milestones: vec![
                milestone(40, crate::scoring::kpi::Outcome::Done { days_late: 0 }),
                milestone(60, crate::scoring::kpi::Outcome::default()),
            ],
        };
        assert_eq!(of(Method::Milestones(milestones), None).as_deref(), Some("0.4000"));
    }
}
