//! Scores of parts of a period, for changed targets, transfers and late joiners.

use crate::core::error::{Code, Result};
use crate::core::number::Exact;
use crate::scoring::settings::{KpiSettings, TargetChange};
use core::slice;
use serde::{Deserialize, Serialize};

/// Why a period is divided into segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Division {
    /// The target changed; `kpi.target_change` decides which target counts.
    TargetChange,
    /// The person was transferred or joined late: every assignment counts.
    Assignment,
}

impl Division {
    /// The segments that count, in order: all of them, or only the last one where the policy uses
    /// the latest approved target. Implements B.9 target changes and transfers.
    pub fn counted<'a, T>(self, segments: &'a [T], kpi: &KpiSettings) -> &'a [T] {
        match (self, kpi.target_change) {
            (Division::TargetChange, TargetChange::LatestApproved) => {
                segments.last().map_or(&[], slice::from_ref)
            }
            (Division::TargetChange, TargetChange::TimeWeighted) | (Division::Assignment, _) => {
                segments
            }
        }
    }
}

/// A number of days with one score.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Segment {
    /// Number of days, first and last included.
    pub days: u32,
    /// The score of these days.
    pub score: Exact,
}

/// The exact mean of the scores, weighted by days. Implements B.9 time-weighted.
///
/// From the first to the last, a segment of fewer than `min_days` days joins its longer neighbour,
/// or the earlier one if both are equally long: its days then count with the neighbour's score.
///
/// # Errors
/// `EMPTY_INPUT` without segments, `WEIGHTS_NOT_100` when all of them have 0 days.
pub fn time_weighted(segments: &[Segment], min_days: u32) -> Result<Exact> {
    if segments.is_empty() {
        return Err(Code::EmptyInput.because("there are no segments"));
    }
    let merged = merge_short(segments, min_days.into());
    let days: Exact = merged.iter().map(|&(days, _)| Exact::from(days)).sum();
    let weighted: Exact = merged.iter().map(|&(days, score)| Exact::from(days) * score).sum();
    weighted.checked_div(&days).ok_or_else(|| Code::WeightsNot100.because("there are no days"))
}

/// Days under one target, with the score of the actual value against it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetSegment {
    /// Number of days, first and last included.
    pub days: u32,
    /// Score against the target of these days.
    pub score: Exact,
    /// Whether the target was approved.
    pub approved: bool,
}

/// The exact score of an indicator whose target changed, as `kpi.target_change` says; segments are
/// given oldest first. Implements B.9 target changes.
///
/// Days of a target that was not approved count with the target before it, at the beginning with
/// the next.
///
/// # Errors
/// `EMPTY_INPUT` when no target was approved, and the errors of [`time_weighted`].
pub fn target_change(segments: &[TargetSegment], kpi: &KpiSettings) -> Result<Exact> {
    let mut approved: Vec<Segment> = Vec::new();
    let mut unassigned = 0_u32;
    for TargetSegment { days, score, approved: valid } in segments {
        match approved.last_mut() {
            _ if *valid => approved.push(Segment {
                days: days.saturating_add(core::mem::take(&mut unassigned)),
                score: score.clone(),
            }),
            Some(before) => before.days = before.days.saturating_add(*days),
            None => unassigned = unassigned.saturating_add(*days),
        }
    }
    match Division::TargetChange.counted(&approved, kpi) {
        [only] => Ok(only.score.clone()),
        counted => time_weighted(counted, kpi.min_segment_days),
    }
}

fn merge_short(segments: &[Segment], min_days: u64) -> Vec<(u64, &Exact)> {
    let mut merged: Vec<(u64, &Exact)> = Vec::new();
    let mut carried = 0;
    let mut rest = segments.iter().peekable();
    while let Some(Segment { days, score }) = rest.next() {
        let days = u64::from(*days) + core::mem::take(&mut carried);
        let after = rest.peek().map(|next| u64::from(next.days));
        match (merged.last_mut(), after) {
            _ if days >= min_days => merged.push((days, score)),
            (Some((before, _)), after) if after.is_none_or(|after| *before >= after) => {
                *before += days;
            }
            (_, Some(_)) => carried = days,
            (_, None) => merged.push((days, score)),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn mean(segments: &[(u32, i32)]) -> Result<Exact> {
        let segments: Vec<_> =
            segments.iter().map(|&(days, score)| Segment { days, score: score.into() }).collect();
        time_weighted(&segments, 30)
    }

    #[test]
    fn a_target_that_was_not_approved_gives_its_days_to_a_neighbour() {
        let score = |segments: &[(u32, i32, bool)], target_change_setting| {
            let segments: Vec<_> = segments
                .iter()
                .map(|&(days, score, approved)| TargetSegment {
                    days,
                    score: score.into(),
                    approved,
                })
                .collect();
            let kpi = KpiSettings { target_change: target_change_setting, ..Default::default() };
            target_change(&segments, &kpi).map(|score| score.to_string())
        };
        use TargetChange::{LatestApproved, TimeWeighted};
        let middle = [(50, 60, true), (50, 0, false), (100, 90, true)];
        assert_eq!(score(&middle, TimeWeighted).unwrap(), "75");
        assert_eq!(score(&middle, LatestApproved).unwrap(), "90");
        let ends = [(50, 0, false), (50, 60, true), (50, 0, false)];
        assert_eq!(score(&ends, TimeWeighted).unwrap(), "60");
        assert_eq!(score(&[(50, 60, false)], TimeWeighted).unwrap_err().code, Code::EmptyInput);
        assert_eq!(score(&[], LatestApproved).unwrap_err().code, Code::EmptyInput);
        let empty = [(0, 60, true), (0, 70, true)];
        assert_eq!(score(&empty, TimeWeighted).unwrap_err().code, Code::WeightsNot100);
        assert_eq!(score(&empty, LatestApproved).unwrap(), "70");
    }

    #[test]
    fn days_weigh() {
        let mean = mean(&[(181, 80), (184, 105)]).unwrap();
        assert_eq!(mean.round(2, Default::default()).unwrap().to_string(), "92.60");
    }

    #[test]
    fn a_short_segment_joins_its_longer_neighbour() {
        for (segments, same_as) in [
            (&[(29, 10), (100, 80), (100, 100)][..], &[(129, 80), (100, 100)][..]),
            (&[(100, 80), (29, 10), (101, 100)], &[(100, 80), (130, 100)]),
            (&[(100, 80), (29, 10), (100, 100)], &[(129, 80), (100, 100)]),
            (&[(100, 80), (100, 100), (29, 10)], &[(100, 80), (129, 100)]),
            (&[(10, 1), (10, 2), (10, 3), (70, 90)], &[(30, 3), (70, 90)]),
            (&[(29, 10)], &[(1000, 10)]),
            (&[(10, 10), (15, 20)], &[(1000, 20)]),
            (&[(30, 10), (30, 20)], &[(500, 10), (500, 20)]),
        ] {
            assert_eq!(mean(segments).unwrap(), mean(same_as).unwrap(), "{segments:?}");
        }
    }

    #[test]
    fn a_changed_target_counts_as_the_policy_says_and_every_assignment_counts() {
        let kpi = |target_change| KpiSettings { target_change, ..Default::default() };
        for (division, policy, counted) in [
            (Division::TargetChange, TargetChange::LatestApproved, &[3][..]),
            (Division::TargetChange, TargetChange::TimeWeighted, &[1, 2, 3]),
            (Division::Assignment, TargetChange::LatestApproved, &[1, 2, 3]),
            (Division::Assignment, TargetChange::TimeWeighted, &[1, 2, 3]),
        ] {
            assert_eq!(division.counted(&[1, 2, 3], &kpi(policy)), counted);
        }
        let none: [i32; 0] = [];
        assert_eq!(Division::TargetChange.counted(&none, &KpiSettings::default()), none);
    }

    #[test]
    fn nothing_to_weigh() {
        assert_eq!(mean(&[]).unwrap_err().code, Code::EmptyInput);
        assert_eq!(mean(&[(0, 10), (0, 20)]).unwrap_err().code, Code::WeightsNot100);
    }

    proptest! {
        #[test]
        fn merging_loses_no_day_and_the_mean_stays_between(
            segments in proptest::collection::vec((1..90_u32, 0..120_i32), 1..12),
        ) {
            let typed: Vec<_> = segments
                .iter()
                .map(|&(days, score)| Segment { days, score: score.into() })
                .collect();
            let merged = merge_short(&typed, 30);
            let days: u64 = merged.iter().map(|(days, _)| days).sum();
            prop_assert_eq!(days, segments.iter().map(|(days, _)| u64::from(*days)).sum::<u64>());
            prop_assert!(merged.len() == 1 || merged.iter().all(|(days, _)| *days >= 30));
            let scores = segments.iter().map(|(_, score)| Exact::from(*score));
            let mean = mean(&segments).unwrap();
            prop_assert!(scores.clone().min() <= Some(mean.clone()) && Some(mean) <= scores.max());
        }
    }
}
