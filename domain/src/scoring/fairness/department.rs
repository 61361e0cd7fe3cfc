//! The fairness table: one row of flags per department.
//!
//! Implements the table of F.8.

use super::leniency::Leniency;
use super::mismatch::{Mismatch, Verdict};
use super::survey::{favourable, suppressed};
use super::{Figure, at_least};
use crate::core::error::{Code, Result};
use crate::core::number::Exact;
use crate::scoring::settings::FairSettings;
use std::collections::BTreeMap;

/// p below which a distribution differs from the target (E.4).
const SIGNIFICANT: f64 = 0.05;

/// Survey result and appeals of a group of people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voice {
    /// Number of people in the group.
    pub people: u32,
    /// Number of appeals they filed.
    pub appeals: u32,
    /// Favourable survey answers in percent; `None` if too few people answered.
    pub favourable: Option<Exact>,
}

/// The figures of a department.
#[derive(Clone, Debug, PartialEq)]
pub struct Department {
    /// Survey result and appeals.
    pub voice: Voice,
    /// p of its grades against the target shares (E.4); `None` if it was not computed.
    pub distribution_p: Option<f64>,
    /// The flag of each of its raters (F.1).
    pub raters: Vec<Leniency>,
    /// How its grades fit its results (F.5).
    pub mismatch: Figure<Mismatch>,
}

/// The flags of one department.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Whether the grades differ from the target shares.
    pub distribution_differs: bool,
    /// Number of lenient raters.
    pub lenient_raters: usize,
    /// Number of severe raters.
    pub severe_raters: usize,
    /// Whether grades fit results, or why this is unknown.
    pub mismatch: Figure<Verdict>,
    /// Whether the survey is much less favourable than in the organisation.
    pub unfavourable: bool,
    /// Whether appeals are much more frequent than in the organisation.
    pub contested: bool,
}

/// One row of the table: a department compared with the whole `organisation`.
///
/// Implements the table of F.8.
///
/// # Errors
/// `INSUFFICIENT` for fewer than `fair.min_n` people; the row is then not shown.
pub fn row(department: &Department, organisation: &Voice, settings: &FairSettings) -> Figure<Row> {
    let Department { voice, distribution_p, raters, mismatch } = department;
    at_least(settings.min_n, voice.people as usize)?;
    let raters_flagged = |flag| raters.iter().filter(|rater| **rater == flag).count();
    Ok(Row {
        distribution_differs: distribution_p.is_some_and(|p| p < SIGNIFICANT),
        lenient_raters: raters_flagged(Leniency::Lenient),
        severe_raters: raters_flagged(Leniency::Severe),
        mismatch: mismatch.as_ref().map(|mismatch| mismatch.verdict).map_err(|reason| *reason),
        unfavourable: is_unfavourable(voice, organisation, settings),
        contested: is_contested(voice, organisation, settings),
    })
}

fn is_unfavourable(department: &Voice, organisation: &Voice, settings: &FairSettings) -> bool {
    match (&department.favourable, &organisation.favourable) {
        (Some(own), Some(all)) => all - own >= settings.survey_pp,
        _ => false,
    }
}

fn is_contested(department: &Voice, organisation: &Voice, settings: &FairSettings) -> bool {
    // Compares rates without dividing: appeals / people >= multiple * all appeals / all people.
    let own = Exact::from(department.appeals) * Exact::from(organisation.people);
    let all = Exact::from(organisation.appeals) * Exact::from(department.people);
    department.appeals >= settings.appeal_min && own >= &settings.appeal_ratio * all
}

/// One figure of a table: percent, and whether it stands out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The figure in percent.
    pub percent: Exact,
    /// Whether it is much worse than that of the organisation.
    pub flagged: bool,
}

/// Figures of departments beside that of the organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The figure of the organisation in percent; `None` for fewer people than the minimum.
    pub total: Option<Exact>,
    /// The figure of each department; `None` where it is hidden.
    pub rows: BTreeMap<String, Option<Cell>>,
}

/// Favourable survey answers of departments, with those far below the organisation flagged. Small
/// departments are hidden, and with them what would reveal them.
///
/// Implements the survey column of F.8.
///
/// # Errors
/// `RATING_OUT_OF_RANGE` for an answer outside 1 to 5, `COUNT_INVALID` for a minimum below 3.
pub fn survey_table(
    answers: &BTreeMap<String, Vec<u8>>,
    minimum: u32,
    settings: &FairSettings,
) -> Result<Table> {
    let settings = FairSettings { min_n: minimum, ..settings.clone() };
    let everyone: Vec<u8> = answers.values().flatten().copied().collect();
    let total = favourable(&everyone, &settings)?.ok();
    let organisation = Voice { people: 0, appeals: 0, favourable: total.clone() };
    let sizes = answers
        .iter()
        .map(|(name, own)| Ok((name.clone(), counted(own.len())?)))
        .collect::<Result<_>>()?;
    let hidden = suppressed(&sizes, minimum)?;
    let row = |(name, own): (&String, &Vec<u8>)| {
        let percent = favourable(own, &settings)?.ok().filter(|_| !hidden.contains(name));
        let cell = percent.map(|percent| {
            let voice = Voice { people: 0, appeals: 0, favourable: Some(percent.clone()) };
            Cell { percent, flagged: is_unfavourable(&voice, &organisation, &settings) }
        });
        Ok((name.clone(), cell))
    };
    Ok(Table { total, rows: answers.iter().map(row).collect::<Result<_>>()? })
}

/// People and appeals of a department.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appeals {
    /// Number of people.
    pub people: u32,
    /// Number of appeals they filed, one for each person at most.
    pub appeals: u32,
}

/// Appeal rates of departments, with those far above the organisation flagged. Small departments are
/// hidden, and with them what would reveal them.
///
/// Implements the appeal column of F.8.
///
/// # Errors
/// `COUNT_INVALID` for more appeals than people, and for a minimum below 3.
pub fn appeal_table(
    departments: &BTreeMap<String, Appeals>,
    minimum: u32,
    settings: &FairSettings,
) -> Result<Table> {
    if departments.values().any(|own| own.appeals > own.people) {
        return Err(Code::CountInvalid.because("there are more appeals than people"));
    }
    let sum = |count: fn(&Appeals) -> u32| {
        counted(departments.values().map(|own| count(own) as usize).sum())
    };
    let all = Appeals { people: sum(|own| own.people)?, appeals: sum(|own| own.appeals)? };
    let sizes = departments.iter().map(|(name, own)| (name.clone(), own.people)).collect();
    let hidden = suppressed(&sizes, minimum)?;
    let voice = |it: &Appeals| Voice { people: it.people, appeals: it.appeals, favourable: None };
    let organisation = voice(&all);
    let row = |(name, own): (&String, &Appeals)| {
        let cell = appeal_rate(own).filter(|_| !hidden.contains(name)).map(|percent| Cell {
            percent,
            flagged: is_contested(&voice(own), &organisation, settings),
        });
        (name.clone(), cell)
    };
    let total = appeal_rate(&all).filter(|_| all.people >= minimum);
    Ok(Table { total, rows: departments.iter().map(row).collect() })
}

/// Appeals in percent of people; `None` without people.
fn appeal_rate(own: &Appeals) -> Option<Exact> {
    (Exact::from(own.appeals) * Exact::from(100)).checked_div(&own.people.into())
}

fn counted(people: usize) -> Result<u32> {
    u32::try_from(people).map_err(|_| Code::CountInvalid.because("there are too many people"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scoring::fairness::Withheld;

    fn voice(people: u32, appeals: u32, favourable: Option<i64>) -> Voice {
        Voice { people, appeals, favourable: favourable.map(Exact::from) }
    }

    fn row_of(voice: Voice) -> Figure<Row> {
        let department = Department {
            voice,
            distribution_p: Some(0.049),
            raters: vec![Leniency::Lenient, Leniency::None, Leniency::Lenient, Leniency::Severe],
            mismatch: Err(Withheld::Insufficient),
        };
        let organisation = Voice { people: 200, appeals: 10, favourable: Some(Exact::from(75)) };
        row(&department, &organisation, &FairSettings::default())
    }

    #[test]
    fn each_figure_has_its_flag() {
        let row = row_of(voice(30, 3, Some(60))).unwrap();
        assert_eq!(
            row,
            Row {
                distribution_differs: true,
                lenient_raters: 2,
                severe_raters: 1,
                mismatch: Err(Withheld::Insufficient),
                unfavourable: true,
                contested: true,
            }
        );
    }

    #[test]
    fn a_table_hides_small_departments_and_flags_the_others() {
        let settings = FairSettings::default();
        let shown = |table: Table| {
            let cell = |cell: Option<Cell>| cell.map(|it| (it.percent.to_string(), it.flagged));
            let rows: Vec<_> = table.rows.into_values().map(cell).collect();
            (table.total.map(|total| total.to_string()), rows)
        };
        let answers = [("a", vec![5; 10]), ("b", vec![1; 2]), ("c", vec![1; 8])]
            .map(|(name, own)| (name.to_owned(), own));
        let some = |text: &str, flagged| Some((text.to_owned(), flagged));
        assert_eq!(
            shown(survey_table(&answers.into(), 5, &settings).unwrap()),
            (Some("50".into()), vec![some("100", false), None, None])
        );
        let appeals = |departments: &[(&str, u32, u32)], minimum| {
            let departments = departments
                .iter()
                .map(|&(name, people, appeals)| (name.to_owned(), Appeals { people, appeals }))
                .collect();
            appeal_table(&departments, minimum, &settings)
        };
        assert_eq!(
            shown(appeals(&[("a", 10, 3), ("b", 50, 3)], 5).unwrap()),
            (Some("10".into()), vec![some("30", true), some("6", false)])
        );
        assert_eq!(shown(appeals(&[("a", 2, 1)], 5).unwrap()), (None, vec![None]));
        assert_eq!(appeals(&[("a", 2, 3)], 5).unwrap_err().code, Code::CountInvalid);
        assert_eq!(appeals(&[("a", 5, 3)], 2).unwrap_err().code, Code::CountInvalid);
    }

    #[test]
    fn bars_are_exact() {
        assert!(!row_of(voice(30, 3, Some(61))).unwrap().unfavourable);
        assert!(!row_of(voice(30, 3, None)).unwrap().unfavourable);
        assert!(!row_of(voice(31, 3, None)).unwrap().contested, "just below twice the rate");
        assert!(!row_of(voice(10, 2, None)).unwrap().contested, "two appeals are no pattern");
    }

    #[test]
    fn a_small_department_has_no_row() {
        assert_eq!(row_of(voice(4, 4, None)), Err(Withheld::Insufficient));
    }
}
