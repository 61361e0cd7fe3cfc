//! Whether records of the process were entered month by month. Implements R59 as K2 settles it.

use crate::core::calendar::Period;
use crate::core::error::{Code, Result};
use crate::scoring::settings::ProcessRecords;
use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What missing records mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RecordVerdict {
    /// There are enough records, or nobody looks for them.
    Ok,
    /// Records are missing: a warning.
    Warn,
    /// Records are missing: the rating is refused.
    Block,
}

/// The verdict and the months, as their first days, that have no record in a pair that falls short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordGaps {
    /// What the gaps mean.
    pub verdict: RecordVerdict,
    /// The months without records.
    pub months: Vec<NaiveDate>,
}

/// Judges records by the days on which they were entered, not by the days written on them. The
/// calendar months of the period are taken in pairs; each pair needs records in `months_needed` of
/// its months, 1 or 2, a single last month in one. Days outside the period do not count.
///
/// # Errors
/// `COUNT_INVALID` for another number of months.
pub fn record_gaps(
    period: Period,
    entered: &[NaiveDate],
    months_needed: u32,
    setting: ProcessRecords,
) -> Result<RecordGaps> {
    if !(1..=2).contains(&months_needed) {
        return Err(Code::CountInvalid.because("review.process_months is 1 or 2"));
    }
    let short = match setting {
        ProcessRecords::Off => {
            return Ok(RecordGaps { verdict: RecordVerdict::Ok, months: Vec::new() });
        }
        ProcessRecords::Warn => RecordVerdict::Warn,
        ProcessRecords::Block => RecordVerdict::Block,
    };
    let inside = entered.iter().filter(|day| period.contains(**day));
    let covered: BTreeSet<NaiveDate> = inside.filter_map(|day| day.with_day(1)).collect();
    let gaps = |pair: &[NaiveDate]| -> Vec<NaiveDate> {
        let missing: Vec<NaiveDate> =
            pair.iter().copied().filter(|month| !covered.contains(month)).collect();
        let allowed = pair.len() - pair.len().min(months_needed as usize);
        if missing.len() > allowed { missing } else { Vec::new() }
    };
    let months: Vec<NaiveDate> = period.months().chunks(2).flat_map(gaps).collect();
    let verdict = if months.is_empty() { RecordVerdict::Ok } else { short };
    Ok(RecordGaps { verdict, months })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn gaps(entered: &[&str], needed: u32) -> Vec<u32> {
        let period = Period::new(day("2025-01-15"), day("2025-05-14")).unwrap();
        let entered: Vec<_> = entered.iter().map(|text| day(text)).collect();
        let found = record_gaps(period, &entered, needed, ProcessRecords::Warn).unwrap();
        assert_eq!(found.verdict == RecordVerdict::Ok, found.months.is_empty());
        found.months.iter().map(Datelike::month).collect()
    }

    #[test]
    fn every_pair_of_months_and_a_last_one_need_records() {
        assert_eq!(gaps(&["2025-02-01", "2025-03-31", "2025-05-14"], 1), [0; 0]);
        assert_eq!(gaps(&["2025-02-01", "2025-03-31"], 1), [5]);
        assert_eq!(gaps(&["2025-02-01", "2025-03-31", "2025-05-01"], 2), [1, 4]);
        assert_eq!(gaps(&["2025-01-14", "2025-05-15"], 1), [1, 2, 3, 4, 5], "outside the period");
    }

    #[test]
    fn the_policy_may_not_look_or_may_refuse() {
        let period = Period::new(day("2025-01-01"), day("2025-01-31")).unwrap();
        let verdict = |setting| record_gaps(period, &[], 1, setting).unwrap().verdict;
        assert_eq!(verdict(ProcessRecords::Off), RecordVerdict::Ok);
        assert_eq!(verdict(ProcessRecords::Block), RecordVerdict::Block);
        for needed in [0, 3] {
            let error = record_gaps(period, &[], needed, ProcessRecords::Off).unwrap_err();
            assert_eq!(error.code, Code::CountInvalid);
        }
    }
}
