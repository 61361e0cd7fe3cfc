//! The ranking of the people of a calibration session by their results, and the ties that it leaves
//! to the session. Implements E.3 for reviews.

use crate::core::error::{Code, Result};
use crate::core::number::Exact;
use crate::reviews::form::Results;
use crate::scoring::distribution::{Merits, Placement, quota, rank};
use crate::scoring::scale::Grade;
use crate::scoring::settings::{DistributionMode, DistributionSettings};
use std::collections::{BTreeMap, BTreeSet};

/// The scores by which a result is ranked; `None` without a composite and a performance score.
pub fn merits_of(results: &Results) -> Option<Merits> {
    Some(Merits {
        composite: results.composite?.into(),
        performance: results.performance?.into(),
        collaboration: results.collaboration.map(Exact::from),
    })
}

/// The grades that ranking and quotas give to people; `None` for a group too small for quotas of
/// its own.
///
/// # Errors
/// The errors of [`quota`] and [`rank`], and `COUNT_INVALID` for more people than can be counted.
pub fn placements(
    merits: &[Merits],
    settings: &DistributionSettings,
) -> Result<Option<Vec<Placement>>> {
    let people = u32::try_from(merits.len())
        .map_err(|_| Code::CountInvalid.because("there are more people than can be counted"))?;
    let quota = quota(people, &settings.shares, settings.min_group)?;
    quota.map(|quota| rank(merits, &quota, settings)).transpose()
}

/// Number of ties across a grade boundary that the session has not decided (E.3). Always 0 unless
/// the mode is `forced`: in the other modes grades follow scores, so equal scores give equal
/// grades.
///
/// # Errors
/// The errors of [`placements`].
pub fn undecided_ties(people: &[&Results], settings: &DistributionSettings) -> Result<usize> {
    if settings.mode != DistributionMode::Forced {
        return Ok(0);
    }
    let ranked: Vec<(Merits, Grade)> = people
        .iter()
        .filter_map(|results| Some((merits_of(results)?, results.present_grade()?)))
        .collect();
    let merits: Vec<Merits> = ranked.iter().map(|(merits, _)| merits.clone()).collect();
    let placed = placements(&merits, settings)?.unwrap_or_default();
    let mut ties = BTreeMap::<&Merits, BTreeSet<Grade>>::new();
    for ((merits, grade), placement) in ranked.iter().zip(&placed) {
        if matches!(placement, Placement::Tie { .. }) {
            ties.entry(merits).or_default().insert(*grade);
        }
    }
    Ok(ties.values().filter(|grades| grades.len() == 1).count())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rust_decimal::Decimal;

    #[test]
    fn exact_quotas_leave_equals_across_a_boundary_to_the_session() {
        let forced = DistributionSettings {
            mode: DistributionMode::Forced,
            ..DistributionSettings::default()
        };
        let result = |score: i64, calibrated| Results {
            composite: Some(Decimal::from(score)),
            performance: Some(Decimal::from(score)),
            computed_grade: Some(Grade::A),
            calibrated_grade: calibrated,
            ..Results::default()
        };
        // Ten people: quotas of 1, 2, 5, 2 (the tie goes to the middle) and 0.
        let mut people: Vec<Results> = (0..8).map(|score| result(score, None)).collect();
        people.extend([result(100, None), result(100, None)]);
        let ties = |people: &[Results], settings: &DistributionSettings| {
            undecided_ties(&people.iter().collect::<Vec<_>>(), settings).unwrap()
        };
        assert_eq!(ties(&people, &forced), 1);
        assert_eq!(ties(&people, &DistributionSettings::default()), 0);
        people[9].calibrated_grade = Some(Grade::S);
        assert_eq!(ties(&people, &forced), 0);
        assert_eq!(ties(&people[..5], &forced), 0, "too few for quotas");
    }
}
