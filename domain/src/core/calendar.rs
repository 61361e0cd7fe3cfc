//! Business dates: periods and working days.
//!
//! Implements the date rules of 0.2. Every date is a date in the organisation's time
//! zone; both ends of a period are included.

use crate::core::error::{Code, DomainError, Result};
use crate::core::number::Exact;
use chrono::{Datelike, Days, Months, NaiveDate, Weekday};
use core::iter::successors;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Dates after this year are treated as never reached (part K).
const LAST_YEAR: i32 = 9999;

/// A span of business dates, both ends included; never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Dates")]
pub struct Period {
    start: NaiveDate,
    end: NaiveDate,
}

/// A period as received, before the order of its dates is checked.
#[derive(Deserialize)]
struct Dates {
    start: NaiveDate,
    end: NaiveDate,
}

impl TryFrom<Dates> for Period {
    type Error = DomainError;
    fn try_from(Dates { start, end }: Dates) -> Result<Period> {
        Period::new(start, end)
    }
}

impl Period {
    /// The period from `start` to `end`.
    ///
    /// # Errors
    /// `DATE_INVALID` when it would end before it starts.
    pub fn new(start: NaiveDate, end: NaiveDate) -> Result<Period> {
        if end < start {
            return Err(Code::DateInvalid.because(format!("{end} is before {start}")));
        }
        Ok(Period { start, end })
    }

    /// First day.
    pub fn start(&self) -> NaiveDate {
        self.start
    }

    /// Last day.
    pub fn end(&self) -> NaiveDate {
        self.end
    }

    /// Number of days, at least 1.
    pub fn days(&self) -> i64 {
        self.elapsed(self.end)
    }

    /// Days from the start up to and including `today`: 1 on the first day, 0 or less
    /// before it, more than [`days`](Period::days) after the end.
    pub fn elapsed(&self, today: NaiveDate) -> i64 {
        (today - self.start).num_days() + 1
    }

    /// The part of the period up to and including `today`; never less than its first day.
    pub fn until(&self, today: NaiveDate) -> Period {
        Period { end: today.clamp(self.start, self.end), ..*self }
    }

    /// The part of the period from `day` on; never less than its last day.
    pub fn since(&self, day: NaiveDate) -> Period {
        Period { start: day.clamp(self.start, self.end), ..*self }
    }

    /// Whether the date lies in the period.
    pub fn contains(&self, date: NaiveDate) -> bool {
        self.start <= date && date <= self.end
    }

    /// The calendar months that the period touches, each given as its first day.
    pub fn months(&self) -> Vec<NaiveDate> {
        let next = |month: &NaiveDate| month.checked_add_months(Months::new(1));
        successors(self.start.with_day(1), next).take_while(|month| *month <= self.end).collect()
    }

    /// Whether the other period lies wholly within this one.
    pub fn encloses(&self, other: &Period) -> bool {
        self.contains(other.start) && self.contains(other.end)
    }

    /// Whether the two periods share at least one day.
    pub fn overlaps(&self, other: &Period) -> bool {
        self.start <= other.end && other.start <= self.end
    }
}

/// Exceptions from the Monday-to-Friday week, loaded per country and year.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WorkCalendar {
    /// Holidays: days on which nobody works.
    pub holidays: BTreeSet<NaiveDate>,
    /// Make-up workdays (调休): days worked in exchange for others. They override weekends and
    /// holidays.
    pub makeup_workdays: BTreeSet<NaiveDate>,
}

impl WorkCalendar {
    /// Whether the date is a working day: a weekday that is not a holiday, or a make-up workday.
    pub fn is_workday(&self, date: NaiveDate) -> bool {
        let weekend = matches!(date.weekday(), Weekday::Sat | Weekday::Sun);
        (!weekend && !self.holidays.contains(&date)) || self.makeup_workdays.contains(&date)
    }

    /// The `count`-th working day after `start`; `start` itself is not counted. A count of 0
    /// returns `start`.
    ///
    /// # Errors
    /// `DATE_INVALID` when the result lies beyond the year 9999.
    pub fn add_workdays(&self, start: NaiveDate, count: u32) -> Result<NaiveDate> {
        let Some(skipped) = count.checked_sub(1) else { return Ok(start) };
        start
            .iter_days()
            .skip(1)
            .take_while(|date| date.year() <= LAST_YEAR)
            .filter(|date| self.is_workday(*date))
            .nth(skipped as usize)
            .ok_or_else(|| {
                Code::DateInvalid.because(format!("{count} working days after {start} is too far"))
            })
    }

    /// Number of working days in the period.
    pub fn workdays(&self, period: Period) -> usize {
        period
            .start
            .iter_days()
            .take_while(|date| *date <= period.end)
            .filter(|date| self.is_workday(*date))
            .count()
    }
}

/// The date `days` days after `start`. `None` when `days` is not a whole number from 0, or when the
/// result lies beyond the year 9999.
pub(crate) fn days_after(start: NaiveDate, days: &Exact) -> Option<NaiveDate> {
    let days = days.to_i128().and_then(|days| u64::try_from(days).ok())?;
    start.checked_add_days(Days::new(days)).filter(|date| date.year() <= LAST_YEAR)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn period(start: &str, end: &str) -> Period {
        Period::new(date(start), date(end)).unwrap()
    }

    #[test]
    fn both_ends_of_a_period_count() {
        let quarter = period("2025-01-01", "2025-03-31");
        assert_eq!(quarter.days(), 90);
        assert_eq!(quarter.elapsed(date("2025-01-01")), 1);
        assert_eq!(quarter.elapsed(date("2024-12-31")), 0);
        assert!(quarter.contains(date("2025-03-31")) && !quarter.contains(date("2025-04-01")));
        assert!(
            quarter.encloses(&quarter) && quarter.encloses(&period("2025-02-01", "2025-02-28"))
        );
        assert!(!quarter.encloses(&period("2025-03-01", "2025-04-01")));
        assert!(quarter.overlaps(&period("2025-03-31", "2025-12-31")));
        assert!(!quarter.overlaps(&period("2025-04-01", "2025-12-31")));
    }

    #[test]
    fn months_touched_in_part_count() {
        let months = period("2025-11-30", "2026-02-01").months();
        assert_eq!(months, ["2025-11-01", "2025-12-01", "2026-01-01", "2026-02-01"].map(date));
        assert_eq!(period("9999-12-31", "9999-12-31").months(), [date("9999-12-01")]);
    }

    #[test]
    fn a_period_cannot_end_before_it_starts() {
        let (late, early) = (date("2025-01-02"), date("2025-01-01"));
        assert_eq!(Period::new(late, early).unwrap_err().code, Code::DateInvalid);
        let json = r#"{"start": "2025-01-02", "end": "2025-01-01"}"#;
        assert!(serde_json::from_str::<Period>(json).is_err());
    }

    #[test]
    fn holidays_and_makeup_days_shift_working_days() {
        let plain = WorkCalendar::default();
        assert_eq!(plain.add_workdays(date("2025-03-03"), 7).unwrap(), date("2025-03-12"));
        assert_eq!(plain.add_workdays(date("2025-03-08"), 0).unwrap(), date("2025-03-08"));

        let spring_festival = WorkCalendar {
            holidays: date("2025-01-28").iter_days().take(8).collect(),
            makeup_workdays: [date("2025-01-26"), date("2025-02-08")].into(),
        };
        let due = spring_festival.add_workdays(date("2025-01-24"), 3).unwrap();
        assert_eq!(due, date("2025-02-05"));
        assert_eq!(spring_festival.workdays(period("2025-01-25", "2025-02-05")), 3);
    }

    #[test]
    fn dates_that_are_never_reached_are_refused() {
        let calendar = WorkCalendar::default();
        for start in ["9999-12-31", "2025-01-01"] {
            let error = calendar.add_workdays(date(start), u32::MAX).unwrap_err();
            assert_eq!(error.code, Code::DateInvalid);
        }
        assert_eq!(days_after(date("2025-01-01"), &Exact::from(31)), Some(date("2025-02-01")));
        assert_eq!(days_after(date("9999-12-31"), &Exact::from(1)), None);
        assert_eq!(days_after(date("2025-01-01"), &Exact::from(i128::MAX)), None);
    }

    proptest! {
        #[test]
        fn counting_forward_is_the_inverse_of_counting_within(
            offset in 0..4000_u64,
            count in 1..60_u32,
            holidays in proptest::collection::btree_set(0..4200_u64, 0..80),
        ) {
            let epoch = date("2020-01-01");
            let calendar = WorkCalendar {
                holidays: holidays.into_iter().map(|day| epoch + Days::new(day)).collect(),
                ..WorkCalendar::default()
            };
            let start = epoch + Days::new(offset);
            let due = calendar.add_workdays(start, count).unwrap();
            prop_assert!(calendar.is_workday(due));
            let after_start = Period::new(start + Days::new(1), due).unwrap();
            prop_assert_eq!(calendar.workdays(after_start), count as usize);
        }
    }
}
