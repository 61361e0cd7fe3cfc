//! Employments: the periods in which a person works here. On days outside them a person is not
//! employed and is not counted. Also says from which day tenure counts (E.1, H.5).

use crate::core::time::Period;
use crate::text_enum;
use chrono::{Days, NaiveDate};
use std::borrow::Cow;

text_enum! {
    /// Whether a person works here on a date.
    pub enum EmploymentStatus {
        /// The first working day of the first employment is still to come.
        Pending = "pending",
        /// The day lies in an employment.
        Active = "active",
        /// At least one employment has ended, and none includes the date.
        Terminated = "terminated",
    }
}

/// One employment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Employment {
    /// First and last working day; without an end until the last working day is known.
    pub period: Period,
    /// Why the employment ends, in the words of the person who ended it.
    pub reason: Option<String>,
}

impl Employment {
    /// An employment that begins on `first`, without a known end.
    pub fn since(first: NaiveDate) -> Self {
        Self::lasting(first, None)
    }

    /// An employment from `first` to `last`; without a known end if `last` is `None`.
    pub fn lasting(first: NaiveDate, last: Option<NaiveDate>) -> Self {
        Self { period: Period { start: first, end: last }, reason: None }
    }

    /// First working day.
    pub fn hire_date(&self) -> NaiveDate {
        self.period.start
    }

    /// Last working day, when known.
    pub fn last_day(&self) -> Option<NaiveDate> {
        self.period.end
    }

    /// Whether the employment ended before `day`.
    pub fn is_over(&self, day: NaiveDate) -> bool {
        self.last_day().is_some_and(|last| last < day)
    }
}

/// Why a change of employments is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmploymentFault {
    /// The last working day lies before the first.
    #[error("an employment ends before it begins")]
    Reversed,
    /// A day would lie in two employments; the period is that of the other employment.
    #[error("two employments overlap")]
    Overlap(Period),
    /// The list of employments is empty.
    #[error("the person has no employment")]
    None,
}

/// All employments of a person: at least one, in order of time, without overlaps. Only the last may
/// be without an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Employments(Vec<Employment>);

impl TryFrom<Vec<Employment>> for Employments {
    type Error = EmploymentFault;

    fn try_from(mut employments: Vec<Employment>) -> Result<Self, EmploymentFault> {
        if employments.is_empty() {
            return Err(EmploymentFault::None);
        }
        employments.sort_by_key(Employment::hire_date);
        if employments.iter().any(|it| it.is_over(it.hire_date())) {
            return Err(EmploymentFault::Reversed);
        }
        let pairs = employments.windows(2);
        let mut overlaps = pairs.filter(|pair| pair[0].period.overlaps(&pair[1].period));
        match overlaps.next() {
            Some(pair) => Err(EmploymentFault::Overlap(pair[0].period)),
            None => Ok(Self(employments)),
        }
    }
}

impl Employments {
    /// A single employment that begins on `first`, without a known end.
    pub fn since(first: NaiveDate) -> Self {
        Self(vec![Employment::since(first)])
    }

    /// All employments, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Employment> + ExactSizeIterator {
        self.0.iter()
    }

    /// The employment that includes `day`. This is the only place that decides whether a person
    /// works here.
    pub fn on(&self, day: NaiveDate) -> Option<&Employment> {
        self.0.iter().find(|employment| employment.period.contains(day))
    }

    /// Whether the person works here on `day`.
    pub fn status(&self, day: NaiveDate) -> EmploymentStatus {
        match self.on(day) {
            Some(_) => EmploymentStatus::Active,
            None if day < self.0[0].hire_date() => EmploymentStatus::Pending,
            None => EmploymentStatus::Terminated,
        }
    }

    /// The employment to show for `day`: the latest one that has begun by then, else the first.
    pub fn shown(&self, day: NaiveDate) -> &Employment {
        let begun = self.0.iter().rev().find(|employment| employment.hire_date() <= day);
        begun.unwrap_or(&self.0[0])
    }

    /// The employment that an action on `day` ends, resumes or corrects: the one that includes
    /// `day`, else the next one, else the last one.
    pub fn at_hand(&self, day: NaiveDate) -> &Employment {
        let next = self.0.iter().find(|employment| !employment.is_over(day));
        next.unwrap_or_else(|| self.latest())
    }

    /// The last employment.
    pub fn latest(&self) -> &Employment {
        &self.0[self.0.len() - 1]
    }

    /// Since which day the person had worked here without a break when `employment` began: an
    /// employment that begins on the day after another ended continues it.
    pub fn unbroken_since(&self, employment: &Employment) -> NaiveDate {
        let mut since = employment.hire_date();
        for earlier in self.0.iter().rev() {
            if earlier.last_day().map(|last| last + Days::new(1)) == Some(since) {
                since = earlier.hire_date();
            }
        }
        since
    }

    /// The same employments and one more.
    ///
    /// # Errors
    /// When the new one overlaps another or ends before it begins.
    pub fn with(&self, new: Employment) -> Result<Self, EmploymentFault> {
        let overlapped = self.0.iter().find(|known| known.period.overlaps(&new.period));
        match overlapped {
            Some(known) => Err(EmploymentFault::Overlap(known.period)),
            None => self.0.iter().cloned().chain([new]).collect::<Vec<_>>().try_into(),
        }
    }

    /// The same employments, with `changed` in place of the one that begins on `first`.
    ///
    /// # Errors
    /// When `changed` overlaps another employment or ends before it begins.
    pub fn changed(&self, first: NaiveDate, changed: Employment) -> Result<Self, EmploymentFault> {
        if changed.is_over(changed.hire_date()) {
            return Err(EmploymentFault::Reversed);
        }
        let others: Vec<_> =
            self.0.iter().filter(|known| known.hire_date() != first).cloned().collect();
        if others.is_empty() { vec![changed].try_into() } else { Self(others).with(changed) }
    }

    /// The employments after an import states a first working day and, unless left out, a last one
    /// for a known person. A first day after the end of the last employment adds an employment. The
    /// first day of a known employment corrects that employment. Any other first day moves the
    /// start of the last employment, unless the row also changes its end: the person would then
    /// return before having left, and the row is refused.
    ///
    /// # Errors
    /// When employments would overlap or one would end before it begins.
    pub fn as_told(
        &self,
        hire_date: NaiveDate,
        last_day: Option<Option<NaiveDate>>,
    ) -> Result<Cow<'_, Self>, EmploymentFault> {
        let latest = self.latest();
        if latest.is_over(hire_date) {
            return self.with(Employment::lasting(hire_date, last_day.flatten())).map(Cow::Owned);
        }
        let named = self.0.iter().find(|known| known.hire_date() == hire_date);
        let held = named.unwrap_or(latest);
        let end = last_day.unwrap_or(held.last_day());
        let told = Period { start: hire_date, end };
        if told == held.period {
            return Ok(Cow::Borrowed(self));
        }
        let comes_back = held.hire_date() < hire_date
            && held.last_day().is_some_and(|last| Some(last) != end && hire_date <= last);
        if comes_back {
            return Err(EmploymentFault::Overlap(held.period));
        }
        let reason = held.reason.clone().filter(|_| end == held.last_day());
        self.changed(held.hire_date(), Employment { period: told, reason }).map(Cow::Owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(number: u64) -> NaiveDate {
        NaiveDate::default() + Days::new(number)
    }

    fn employments(periods: &[(u64, Option<u64>)]) -> Result<Employments, EmploymentFault> {
        let employment =
            |&(first, last): &(u64, Option<u64>)| Employment::lasting(day(first), last.map(day));
        periods.iter().map(employment).collect::<Vec<_>>().try_into()
    }

    fn days(employments: &Employments) -> Vec<(NaiveDate, Option<NaiveDate>)> {
        employments.iter().map(|it| (it.hire_date(), it.last_day())).collect()
    }

    #[test]
    fn nobody_is_employed_before_between_and_after() {
        use EmploymentStatus::{Active, Pending, Terminated};
        let known = employments(&[(30, None), (10, Some(20))]).expect("two");
        for (number, status, first) in [
            (9, Pending, 10),
            (10, Active, 10),
            (20, Active, 10),
            (21, Terminated, 10),
            (29, Terminated, 10),
            (30, Active, 30),
            (99, Active, 30),
        ] {
            assert_eq!(known.status(day(number)), status, "{number}");
            assert_eq!(known.shown(day(number)).hire_date(), day(first), "{number}");
        }
        assert_eq!(known.at_hand(day(25)).hire_date(), day(30), "the next to come");
        let left = employments(&[(10, Some(20))]).expect("one");
        assert_eq!(left.at_hand(day(25)).hire_date(), day(10));
    }

    #[test]
    fn employments_are_in_order_and_only_the_last_is_open() {
        use EmploymentFault::{None as Nothing, Overlap, Reversed};
        let period = |first, last: Option<u64>| Period { start: day(first), end: last.map(day) };
        for (periods, fault) in [
            (&[][..], Nothing),
            (&[(10, Some(9))], Reversed),
            (&[(10, Some(20)), (20, None)], Overlap(period(10, Some(20)))),
            (&[(10, None), (20, Some(30))], Overlap(period(10, None))),
        ] {
            assert_eq!(employments(periods), Err(fault), "{periods:?}");
        }
        assert!(employments(&[(10, Some(20)), (21, None)]).is_ok(), "on the morrow");
    }

    #[test]
    fn who_goes_on_the_next_day_has_never_been_away() {
        let known = employments(&[(1, Some(5)), (10, Some(20)), (21, None)]).expect("three");
        assert_eq!(known.unbroken_since(known.latest()), day(10));
        let away = employments(&[(10, Some(20)), (22, None)]).expect("two");
        assert_eq!(away.unbroken_since(away.latest()), day(22));
    }

    #[test]
    fn a_list_hires_again_ends_and_corrects() {
        let known = employments(&[(10, Some(20))]).expect("one");
        let told = |hired, last: Option<Option<u64>>| {
            let told = known.as_told(day(hired), last.map(|last| last.map(day)));
            told.map(|told| days(&told))
        };
        let first = (day(10), Some(day(20)));
        assert_eq!(told(10, None), Ok(vec![first]), "nothing new");
        assert_eq!(told(10, Some(None)), Ok(vec![(day(10), None)]), "reinstated");
        assert_eq!(told(12, None), Ok(vec![(day(12), Some(day(20)))]), "corrected");
        assert_eq!(told(21, None), Ok(vec![first, (day(21), None)]), "back on the morrow");
        assert_eq!(told(30, Some(Some(40))), Ok(vec![first, (day(30), Some(day(40)))]));
        assert_eq!(told(30, Some(Some(29))), Err(EmploymentFault::Reversed));
        let overlap = EmploymentFault::Overlap(known.latest().period);
        assert_eq!(told(20, Some(None)), Err(overlap), "back on the last day");
        let twice = employments(&[(10, Some(20)), (30, None)]).expect("two");
        assert_eq!(
            twice.as_told(day(10), Some(None)),
            Err(EmploymentFault::Overlap(twice.latest().period))
        );
        let earlier = twice.as_told(day(25), None).map(|told| days(&told));
        assert_eq!(earlier, Ok(vec![first, (day(25), None)]), "the last one began sooner");
    }

    proptest! {
        #[test]
        fn however_it_is_told_no_day_lies_in_two(
            told in prop::collection::vec((0_u64..60, prop::option::of(prop::option::of(0_u64..80))), 1..30),
        ) {
            let mut known = employments(&[(20, None)]).expect("one");
            for (hired, last) in told {
                let before = known.clone();
                match before.as_told(day(hired), last.map(|last| last.map(day))) {
                    Ok(next) => known = next.into_owned(),
                    Err(_) => continue,
                }
                for number in 0..90 {
                    let holding = known.iter().filter(|it| it.period.contains(day(number))).count();
                    prop_assert!(holding <= 1);
                    prop_assert_eq!(known.on(day(number)).is_some(), holding == 1);
                }
                prop_assert!(known.iter().any(|it| it.hire_date() == day(hired)));
            }
        }
    }
}
