//! Histories without gaps: each stretch of days lasts until the next one begins.

use crate::core::time::Period;
use chrono::{Days, NaiveDate};
use std::cmp::Ordering;

/// How a new stretch fits into a history without gaps: which stretch it shortens, whether it
/// replaces one, and how long it lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Insertion {
    /// First day of the earlier stretch that now ends on the day before the new one.
    pub shortened: Option<NaiveDate>,
    /// Whether the new stretch replaces one that begins on the same day.
    pub replaced: bool,
    /// First and last day of the new stretch. It ends before the next later stretch, which stays as
    /// it is.
    pub period: Period,
}

impl Insertion {
    /// Last day of the stretch before: the day before the new one begins.
    pub fn day_before(&self) -> NaiveDate {
        self.period.start.checked_sub_days(Days::new(1)).unwrap_or(NaiveDate::MIN)
    }
}

/// Fits a stretch that begins on `start` into a history. `starts` holds the first days of the
/// existing stretches, in any order. Each stretch lasts until the next begins; the last has no end.
pub fn insert_stretch(starts: impl IntoIterator<Item = NaiveDate>, start: NaiveDate) -> Insertion {
    let (mut before, mut after, mut replaced) = (None, None, false);
    for other in starts {
        match other.cmp(&start) {
            Ordering::Less => before = before.max(Some(other)),
            Ordering::Equal => replaced = true,
            Ordering::Greater => {
                after = Some(after.map_or(other, |known: NaiveDate| known.min(other)));
            }
        }
    }
    let end = after.and_then(|next| next.checked_sub_days(Days::new(1)));
    let shortened = before.filter(|_| !replaced);
    Insertion { shortened, replaced, period: Period { start, end } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    fn day(number: u64) -> NaiveDate {
        NaiveDate::default() + Days::new(number)
    }

    proptest! {
        #[test]
        fn a_history_never_has_gaps_or_overlaps(starts in prop::collection::vec(0_u64..40, 1..30)) {
            let mut history: Vec<(Period, usize)> = Vec::new();
            let mut last_written = HashMap::new();
            for (value, &start) in starts.iter().enumerate() {
                let insertion =
                    insert_stretch(history.iter().map(|(period, _)| period.start), day(start));
                if let Some(shortened) = insertion.shortened {
                    for (period, _) in &mut history {
                        if period.start == shortened {
                            period.end = Some(insertion.day_before());
                        }
                    }
                }
                if insertion.replaced {
                    history.retain(|(period, _)| period.start != day(start));
                }
                history.push((insertion.period, value));
                history.sort_by_key(|(period, _)| period.start);
                last_written.insert(day(start), value);
            }
            for pair in history.windows(2) {
                prop_assert_eq!(pair[0].0.end.map(|end| end + Days::new(1)), Some(pair[1].0.start));
            }
            prop_assert_eq!(history.last().and_then(|(period, _)| period.end), None);
            for (period, value) in history {
                prop_assert_eq!(last_written.get(&period.start), Some(&value));
            }
        }
    }
}
