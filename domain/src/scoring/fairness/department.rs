//! The fairness table: one row of flags per department.
//!
//! Implements the table of F.8.

use super::leniency::Leniency;
use super::mismatch::{Mismatch, Verdict};
use super::{Figure, at_least};
use crate::core::number::Exact;
use crate::scoring::settings::FairSettings;

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
