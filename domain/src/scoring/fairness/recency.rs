//! Whether a review is based only on the last weeks of the period (recency, 近因).
//!
//! Implements F.4.

use super::{Figure, Withheld, at_least};
use crate::core::calendar::Period;
use crate::core::number::Exact;
use crate::scoring::settings::FairSettings;
use crate::scoring::statistics::binomial_upper_tail;
use chrono::{Datelike, NaiveDate};
use std::collections::BTreeSet;

/// Least number of items of evidence for their dates to mean anything.
const MIN_EVIDENCE: u32 = 8;

/// How much of the evidence comes from the end of the period.
#[derive(Clone, Debug, PartialEq)]
pub struct Recency {
    /// Number of items of evidence in the tail window.
    pub recent: usize,
    /// Share of these items, 0 to 1.
    pub share: Exact,
    /// Probability of at least this many, if evidence were spread evenly over the period.
    pub p: f64,
    /// Whether the share is high and not explained by chance.
    pub flagged: bool,
}

/// Checks when evidence arose. `days_from_end` holds the distance of each item from the last day
/// (0) of a period of `period_days` days. Evidence from before the period is left out.
///
/// Implements F.4.
///
/// # Errors
/// `INSUFFICIENT` for fewer than eight items of evidence.
pub fn recency(
    days_from_end: &[u32],
    period_days: u32,
    settings: &FairSettings,
) -> Figure<Recency> {
    let inside: Vec<Exact> = days_from_end
        .iter()
        .filter(|days| **days < period_days)
        .map(|days| Exact::from(*days))
        .collect();
    at_least(MIN_EVIDENCE, inside.len())?;
    let period = Exact::from(period_days);
    let tail = (&settings.recency_tail * &period).ceil();
    let chance = tail.checked_div(&period).ok_or(Withheld::Insufficient)?;
    let recent = inside.iter().filter(|days| **days < tail).count();
    let share = super::share(&inside, |days| *days < tail)?;
    let p = binomial_upper_tail(recent, inside.len(), chance.to_f64());
    let flagged = share >= settings.recency_share && p < settings.recency_p.to_f64();
    Ok(Recency { recent, share, p, flagged })
}

/// For each item of evidence, the number of days before `end`; evidence outside the period is left
/// out.
pub fn days_from_end(start: NaiveDate, end: NaiveDate, evidence: &[NaiveDate]) -> Vec<u32> {
    evidence
        .iter()
        .filter(|date| (start..=end).contains(date))
        .filter_map(|date| u32::try_from((end - *date).num_days()).ok())
        .collect()
}

/// The months of a period without evidence dated inside the period, each given as its first day.
/// Months that the period touches in part count.
pub fn months_without_evidence(period: Period, evidence: &[NaiveDate]) -> Vec<NaiveDate> {
    let inside = evidence.iter().filter(|date| period.contains(**date));
    let with_evidence: BTreeSet<Option<NaiveDate>> = inside.map(|date| date.with_day(1)).collect();
    let mut months = period.months();
    months.retain(|month| !with_evidence.contains(&Some(*month)));
    months
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn look(days: &[u32], period: u32) -> Figure<Recency> {
        recency(days, period, &FairSettings::default())
    }

    #[test]
    fn evidence_gathered_at_the_end_is_flagged() {
        let gathered = look(&[2, 5, 9, 20, 41, 70, 90, 150, 220, 300], 365).unwrap();
        assert_eq!((gathered.recent, gathered.flagged), (6, true));
        assert!((gathered.p - 0.006_369).abs() < 5e-7);
        assert!(!look(&[2, 5, 70, 90, 150, 220, 300, 330], 365).unwrap().flagged);
    }

    #[test]
    fn the_tail_is_the_last_days_rounded_up() {
        // A fifth of 366 days is 73.2: days 0 to 73 are the last 74.
        assert_eq!(look(&[73; 8], 366).unwrap().recent, 8);
        assert_eq!(look(&[74; 8], 366).unwrap().recent, 0);
    }

    #[test]
    fn little_evidence_or_none_inside_answers_nothing() {
        assert_eq!(look(&[0; 7], 365), Err(Withheld::Insufficient));
        assert_eq!(look(&[365; 9], 365), Err(Withheld::Insufficient));
        assert_eq!(look(&[0; 9], 0), Err(Withheld::Insufficient));
    }

    #[test]
    fn half_of_the_evidence_needs_a_small_p_as_well() {
        let half = look(&[0, 0, 0, 0, 300, 300, 300, 300], 365).unwrap();
        assert_eq!(half.share, Exact::scaled(5, 1));
        assert!(half.p > 0.01 && !half.flagged);

        let short_tail =
            FairSettings { recency_tail: Exact::scaled(5, 2), ..FairSettings::default() };
        let half = recency(&[0, 0, 0, 0, 300, 300, 300, 300], 365, &short_tail).unwrap();
        assert!(half.p < 0.01 && half.flagged);
    }

    #[test]
    fn dates_count_from_the_end_of_the_period() {
        let dates = ["2026-01-01", "2026-06-30", "2026-06-01", "2025-12-31", "2026-07-01"].map(day);
        assert_eq!(days_from_end(day("2026-01-01"), day("2026-06-30"), &dates), [180, 0, 29]);
    }

    #[test]
    fn months_without_evidence_are_named() {
        let period = Period::new(day("2025-11-15"), day("2026-03-01")).unwrap();
        let silent = |dates: &[&str]| {
            months_without_evidence(period, &dates.iter().map(|text| day(text)).collect::<Vec<_>>())
        };
        let rest = ["2025-12-01", "2026-01-01", "2026-03-01"].map(day);
        assert_eq!(silent(&["2025-11-30", "2026-02-14"]), rest);
        assert_eq!(silent(&["2025-11-14", "2026-03-02"]).len(), 5, "outside the period");
    }
}
