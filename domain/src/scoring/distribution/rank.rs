//! Grades by rank, and ties across grade boundaries. Implements E.3.

use super::{Counts, people, tolerance};
use crate::core::error::{Code, Result};
use crate::core::number::Exact;
use crate::scoring::scale::Grade;
use crate::scoring::settings::{DistributionSettings, DistributionTie};
use core::cmp::Reverse;
use core::fmt;

/// The scores by which people are ranked, in this order; nothing else may decide.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Merits {
    /// Composite score.
    pub composite: Exact,
    /// Score of the performance dimension.
    pub performance: Exact,
    /// Score of the collaboration dimension; `None` ranks below any score.
    pub collaboration: Option<Exact>,
}

/// The grade that follows from a rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// The rank decides the grade.
    Graded(Grade),
    /// A tie across a grade boundary: the session must decide between these grades.
    Tie {
        /// The best grade that is possible.
        best: Grade,
        /// The lowest grade that is possible.
        worst: Grade,
    },
}

impl fmt::Display for Placement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Placement::Graded(grade) => grade.fmt(f),
            Placement::Tie { best, worst } => write!(f, "TIE:{best}{worst}"),
        }
    }
}

/// Fills the quotas from the best rank down. The result is in the order of `candidates`.
///
/// Ties across a boundary are treated as `dist.tie` says: flagged, all given the lower grade, or
/// all given the better grade if it then exceeds its quota by no more than the tolerance (else
/// flagged).
///
/// # Errors
/// `EMPTY_INPUT` without candidates, `QUOTA_INVALID` when the quotas do not sum to the number of
/// people.
pub fn rank(
    candidates: &[Merits],
    quota: &Counts,
    settings: &DistributionSettings,
) -> Result<Vec<Placement>> {
    let Ok(count @ 1..) = u32::try_from(candidates.len()) else {
        return Err(Code::EmptyInput.because("there is nobody to rank"));
    };
    if people(quota) != u64::from(count) {
        return Err(Code::QuotaInvalid.because(format!("the quotas do not sum to {count} people")));
    }
    let allowed = tolerance(count, &settings.tolerance_pp);
    let mut ranked: Vec<(usize, &Merits)> = candidates.iter().enumerate().collect();
    ranked.sort_by_key(|(_, merits)| Reverse(*merits));

    let seats = |grade| core::iter::repeat_n(grade, *quota.get(grade) as usize);
    let mut seats = Grade::ALL.into_iter().flat_map(seats);
    let mut placed = Vec::with_capacity(candidates.len());
    for equals in ranked.chunk_by(|(_, left), (_, right)| left == right) {
        let grades: Vec<Grade> = seats.by_ref().take(equals.len()).collect();
        let Some(placement) = place(&grades, settings.tie, &allowed) else { continue };
        placed.extend(equals.iter().map(|(at, _)| (*at, placement)));
    }
    placed.sort_unstable_by_key(|(at, _)| *at);
    Ok(placed.into_iter().map(|(_, placement)| placement).collect())
}

/// The placement of each person of a tie, whose places would get the grades `seats`, best first.
fn place(seats: &[Grade], tie: DistributionTie, allowed: &Exact) -> Option<Placement> {
    let (best, worst) = (*seats.first()?, *seats.last()?);
    let lifted = seats.iter().filter(|grade| **grade != best).count();
    Some(match tie {
        _ if best == worst => Placement::Graded(best),
        DistributionTie::AllUp if Exact::from(lifted) <= *allowed => Placement::Graded(best),
        DistributionTie::AllDown => Placement::Graded(worst),
        DistributionTie::Flag | DistributionTie::AllUp => Placement::Tie { best, worst },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scoring::scale::PerGrade;
    use proptest::prelude::*;

    fn merits(composite: i32, performance: i32, collaboration: i32) -> Merits {
        Merits {
            composite: composite.into(),
            performance: performance.into(),
            collaboration: Some(collaboration.into()),
        }
    }

    fn placed(people: &[Merits], quota: [u32; 5], tie: DistributionTie) -> Vec<String> {
        let settings = DistributionSettings { tie, ..DistributionSettings::default() };
        let placements = rank(people, &PerGrade::new(quota), &settings).unwrap();
        placements.iter().map(Placement::to_string).collect()
    }

    #[test]
    fn performance_then_collaboration_break_ties() {
        let people = [merits(100, 90, 1), merits(100, 90, 2), merits(100, 91, 0)];
        assert_eq!(placed(&people, [1, 1, 1, 0, 0], DistributionTie::Flag), ["B", "A", "S"]);
    }

    #[test]
    fn a_remaining_tie_is_for_the_session() {
        let people = [merits(100, 90, 1), merits(100, 90, 1), merits(80, 80, 1)];
        assert_eq!(
            placed(&people, [1, 1, 1, 0, 0], DistributionTie::Flag),
            ["TIE:SA", "TIE:SA", "B"]
        );
        assert_eq!(placed(&people, [1, 1, 1, 0, 0], DistributionTie::AllUp), ["S", "S", "B"]);
        assert_eq!(placed(&people, [1, 1, 1, 0, 0], DistributionTie::AllDown), ["A", "A", "B"]);
    }

    #[test]
    fn lifting_stops_at_the_tolerance() {
        let people = vec![merits(100, 90, 1); 3];
        assert_eq!(placed(&people, [1, 2, 0, 0, 0], DistributionTie::AllUp), ["TIE:SA"; 3]);
        assert_eq!(placed(&people, [1, 0, 2, 0, 0], DistributionTie::Flag), ["TIE:SB"; 3]);
    }

    #[test]
    fn a_tie_inside_one_grade_is_none() {
        let people = vec![merits(100, 90, 1); 2];
        assert_eq!(placed(&people, [0, 2, 0, 0, 0], DistributionTie::Flag), ["A", "A"]);
    }

    #[test]
    fn quotas_must_fit_the_people() {
        let settings = DistributionSettings::default();
        let one = [merits(1, 1, 1)];
        let code = |people, quota| rank(people, &PerGrade::new(quota), &settings).unwrap_err().code;
        assert_eq!(code(&one, [1, 1, 0, 0, 0]), Code::QuotaInvalid);
        assert_eq!(code(&one, [u32::MAX; 5]), Code::QuotaInvalid);
        assert_eq!(code(&[], [0; 5]), Code::EmptyInput);
    }

    proptest! {
        #[test]
        fn order_of_input_does_not_matter_and_merit_is_respected(
            scores in prop::collection::vec((0..6_i32, 0..3_i32), 1..30),
            rotation in 0..30_usize,
        ) {
            let people: Vec<_> = scores.iter().map(|(c, p)| merits(*c, *p, 0)).collect();
            let count = u32::try_from(people.len()).unwrap();
            let settings = DistributionSettings::default();
            let quota = super::super::quota(count, &settings.shares, 0).unwrap().unwrap();
            let placements = rank(&people, &quota, &settings).unwrap();

            let by = rotation % people.len();
            let mut rotated = people.clone();
            rotated.rotate_left(by);
            let mut expected = placements.clone();
            expected.rotate_left(by);
            prop_assert_eq!(rank(&rotated, &quota, &settings).unwrap(), expected);

            let worst = |placement: &Placement| match placement {
                Placement::Graded(grade) => *grade,
                Placement::Tie { worst, .. } => *worst,
            };
            for (left, better) in people.iter().zip(&placements) {
                for (right, other) in people.iter().zip(&placements) {
                    prop_assert!(left <= right || worst(better) >= worst(other));
                    prop_assert!(left != right || better == other);
                }
            }
        }
    }
}
