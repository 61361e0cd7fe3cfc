//! When a PIP (绩效改进计划) is suggested, and the dates of a PIP.
//!
//! Implements H.5 and the dates of D.6; [`crate::state::pip`] holds the states of a PIP. A
//! suggestion is a question to HR: this code decides nothing, and a low rank is no reason.

use crate::core::error::Result;
use crate::core::number::Exact;
use crate::scoring::scale::Grade;
use crate::scoring::weights::check_fraction;
use chrono::{Days, NaiveDate};
use core::fmt;

const LOW_KPI: i64 = 70;
const MIN_TENURE_MONTHS: u32 = 3;

/// Longest time between two checkpoints, in days.
const CHECKPOINT_DAYS: Days = Days::new(14);

/// An absence of up to so many working days does not move the end of a PIP.
const SHORT_ABSENCE_WORKDAYS: u32 = 5;

/// What is known about the results of a person. Lists are in order of time, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// Final grades, one per cycle.
    pub grades: Vec<Grade>,
    /// KPI totals, one per period.
    pub kpi_totals: Vec<Exact>,
    /// Tenure in full months.
    pub tenure_months: u32,
    /// Share of the period in which the person was present, 0 to 1.
    pub present_share: Exact,
    /// Whether the goals were exploratory.
    pub exploratory: bool,
}

/// Why a PIP is suggested, in the order in which reasons are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trigger {
    /// The last grade is D.
    GradeD,
    /// The last two grades are C.
    TwoC,
    /// The last two KPI totals are below 70.
    KpiBelow70Twice,
}

/// Why a person is exempt, in the order in which exemptions are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exemption {
    /// Tenure under 3 months.
    Tenure,
    /// Present for less than half of the period.
    Absence,
    /// The goals of the form are exploratory.
    Exploratory,
}

impl fmt::Display for Exemption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Exemption::Tenure => "TENURE",
            Exemption::Absence => "ABSENCE",
            Exemption::Exploratory => "EXPLORATORY",
        })
    }
}

/// Whether a PIP is suggested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Suggestion {
    /// There is no reason.
    None,
    /// There is a reason, but the person is exempt.
    Exempt {
        /// Every reason that applies; never empty.
        triggers: Vec<Trigger>,
        /// Every exemption that applies; never empty.
        exemptions: Vec<Exemption>,
    },
    /// Every reason that applies; never empty. HR decides.
    Suggested(Vec<Trigger>),
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Trigger::GradeD => "GRADE_D",
            Trigger::TwoC => "TWO_C",
            Trigger::KpiBelow70Twice => "KPI_BELOW_70_TWICE",
        })
    }
}

impl fmt::Display for Suggestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Suggestion::None => f.write_str("NONE"),
            Suggestion::Exempt { .. } => f.write_str("EXEMPT"),
            Suggestion::Suggested(triggers) => {
                let names: Vec<_> = triggers.iter().map(Trigger::to_string).collect();
                write!(f, "SUGGEST:{}", names.join(","))
            }
        }
    }
}

/// Whether the results of a person suggest a PIP.
///
/// # Errors
/// `NUMBER_INVALID` for a share of presence outside 0 to 1.
pub fn suggest(history: &History) -> Result<Suggestion> {
    check_fraction("the share of the period with presence", &history.present_share)?;
    let History { grades, kpi_totals, .. } = history;
    let low = |total: &Exact| *total < LOW_KPI.into();
    let triggers: Vec<Trigger> = [
        (Trigger::GradeD, grades.last() == Some(&Grade::D)),
        (Trigger::TwoC, grades.ends_with(&[Grade::C, Grade::C])),
        (
            Trigger::KpiBelow70Twice,
            kpi_totals.last_chunk::<2>().is_some_and(|last| last.iter().all(low)),
        ),
    ]
    .into_iter()
    .filter_map(|(trigger, pulled)| pulled.then_some(trigger))
    .collect();
    let exemptions = exemptions(history);
    Ok(if triggers.is_empty() {
        Suggestion::None
    } else if exemptions.is_empty() {
        Suggestion::Suggested(triggers)
    } else {
        Suggestion::Exempt { triggers, exemptions }
    })
}

fn exemptions(history: &History) -> Vec<Exemption> {
    let exemptions = [
        (history.tenure_months < MIN_TENURE_MONTHS, Exemption::Tenure),
        (history.present_share < Exact::scaled(5, 1), Exemption::Absence),
        (history.exploratory, Exemption::Exploratory),
    ];
    exemptions.into_iter().filter_map(|(holds, exemption)| holds.then_some(exemption)).collect()
}

/// The day by which the next checkpoint is due, 14 days after the last; `None` beyond the end of
/// the calendar.
pub fn next_checkpoint(last: NaiveDate) -> Option<NaiveDate> {
    last.checked_add_days(CHECKPOINT_DAYS)
}

/// The end of a PIP after an absence. An absence of more than 5 working days moves the end by the
/// calendar days of the absence, because the length of a PIP is counted in calendar days. `None`
/// beyond the end of the calendar or when the absence ends before it begins.
pub fn end_after_absence(
    end: NaiveDate,
    first_absent: NaiveDate,
    last_absent: NaiveDate,
    absent_workdays: u32,
) -> Option<NaiveDate> {
    let days = u64::try_from((last_absent - first_absent).num_days()).ok()?.checked_add(1)?;
    if absent_workdays > SHORT_ABSENCE_WORKDAYS {
        end.checked_add_days(Days::new(days))
    } else {
        Some(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::error::Code;
    use Grade::{A, B, C, D};

    fn history(grades: &[Grade], kpi: &[i64]) -> History {
        History {
            grades: grades.to_vec(),
            kpi_totals: kpi.iter().copied().map(Exact::from).collect(),
            tenure_months: 3,
            present_share: Exact::scaled(5, 1),
            exploratory: false,
        }
    }

    #[test]
    fn triggers_look_at_the_end_of_the_history() {
        for (grades, kpi, expected) in [
            (&[B, D][..], &[][..], "SUGGEST:GRADE_D"),
            (&[D, B], &[], "NONE"),
            (&[A, C, C], &[], "SUGGEST:TWO_C"),
            (&[C, C, B], &[], "NONE"),
            (&[C], &[], "NONE"),
            (&[B], &[80, 69, 69], "SUGGEST:KPI_BELOW_70_TWICE"),
            (&[B], &[69, 70], "NONE"),
            (&[], &[69], "NONE"),
            (&[C, C], &[60, 60], "SUGGEST:TWO_C,KPI_BELOW_70_TWICE"),
        ] {
            let suggestion = suggest(&history(grades, kpi)).unwrap();
            assert_eq!(suggestion.to_string(), expected, "{grades:?} {kpi:?}");
        }
    }

    #[test]
    fn exemptions_matter_only_when_there_is_a_trigger() {
        let due = history(&[D], &[]);
        let exempt = [
            (History { tenure_months: 2, ..due.clone() }, Exemption::Tenure),
            (History { present_share: Exact::scaled(499, 3), ..due.clone() }, Exemption::Absence),
            (History { exploratory: true, ..due.clone() }, Exemption::Exploratory),
        ];
        for (history, exemption) in exempt {
            let (triggers, exemptions) = (vec![Trigger::GradeD], vec![exemption]);
            assert_eq!(suggest(&history), Ok(Suggestion::Exempt { triggers, exemptions }));
            assert_eq!(suggest(&History { grades: vec![B], ..history }), Ok(Suggestion::None));
        }
        let impossible = History { present_share: Exact::scaled(11, 1), ..due };
        assert_eq!(suggest(&impossible).unwrap_err().code, Code::NumberInvalid);
    }

    #[test]
    fn long_absence_moves_the_end() {
        let day = |day| NaiveDate::from_ymd_opt(2026, 3, day).unwrap();
        assert_eq!(end_after_absence(day(20), day(2), day(6), 5), Some(day(20)));
        assert_eq!(end_after_absence(day(20), day(2), day(9), 6), Some(day(28)));
        assert_eq!(end_after_absence(day(20), day(9), day(2), 6), None);
        assert_eq!(end_after_absence(NaiveDate::MAX, day(2), day(9), 6), None);
    }

    #[test]
    fn checkpoints_are_two_weeks_apart() {
        let start = NaiveDate::from_ymd_opt(2026, 3, 2).unwrap();
        assert_eq!(next_checkpoint(start), NaiveDate::from_ymd_opt(2026, 3, 16));
        assert_eq!(next_checkpoint(NaiveDate::MAX), None);
    }
}
