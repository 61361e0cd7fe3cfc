//! Moves of a grade in a calibration session, and their effect on the distribution.
//!
//! Implements E.5; [`crate::state::calibration_session`] holds the states of a session.

use crate::core::calendar::Period;
use crate::core::error::{Code, Result};
use crate::core::number::Exact;
use crate::reviews::distribution::{Summary, summarise};
use crate::reviews::form::Results;
use crate::scoring::distribution::{Merits, Placement, counted, quota, rank};
use crate::scoring::review::evidence::{Evidence, Judgement, check_evidence};
use crate::scoring::scale::Grade;
use crate::scoring::settings::{DistributionMode, DistributionSettings};
use crate::state::calibration_session::approvers_needed;
use crate::text_enum;
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Least number of characters in the text of a move.
const MIN_TEXT: usize = 10;

text_enum! {
    /// Why a grade is moved; `distribution` alone is not accepted in `guideline` mode.
    pub enum Reason {
        /// Evidence came up that the rater did not have.
        EvidenceNew = "evidence_new",
        /// The rater applied too low a standard.
        StandardTooLenient = "standard_too_lenient",
        /// The rater applied too high a standard.
        StandardTooStrict = "standard_too_strict",
        /// Comparable work in other teams got another grade.
        CrossTeamConsistency = "cross_team_consistency",
        /// A figure was wrong.
        DataError = "data_error",
        /// The distribution requires it; never sufficient alone in `guideline` mode.
        Distribution = "distribution",
    }
}

/// A move of one grade, as recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    /// Id of the review.
    pub review: Uuid,
    /// Id of the reviewee.
    pub ratee: Uuid,
    /// The grade before.
    pub from: Grade,
    /// The grade after.
    pub to: Grade,
    /// Why, as codes.
    pub reasons: BTreeSet<Reason>,
    /// Why, in words; at least 10 characters.
    pub text: String,
    /// Ids of the evidence.
    pub evidence: BTreeSet<Uuid>,
    /// Who proposed it.
    pub proposer: Uuid,
    /// Who approved it so far.
    pub approvers: BTreeSet<Uuid>,
    /// When it was proposed.
    pub at: DateTime<Utc>,
}

/// The facts against which a move is checked.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The computed grade.
    pub computed: Grade,
    /// The evidence that the move cites.
    pub evidence: &'a [Evidence],
    /// The period that is evaluated.
    pub period: Period,
    /// The mode of the distribution (E.2).
    pub mode: DistributionMode,
}

/// What is wrong with a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// From and to are the same grade.
    NothingMoved,
    /// The proposer or an approver is the reviewee.
    OwnReview,
    /// No reason is given.
    ReasonMissing,
    /// The distribution is the only reason, in `guideline` mode.
    DistributionAlone,
    /// The text is too short.
    TextTooShort,
    /// D.5 requires evidence dated inside the period and a comment of at least 20 characters.
    EvidenceMissing,
    /// Too few people have approved, not counting the proposer.
    ApproversMissing,
}

impl Fault {
    /// The published code of the fault.
    pub const fn code(self) -> Code {
        match self {
            Fault::EvidenceMissing => Code::EvidenceRequired,
            Fault::NothingMoved
            | Fault::OwnReview
            | Fault::ReasonMissing
            | Fault::DistributionAlone
            | Fault::TextTooShort
            | Fault::ApproversMissing => Code::GuardFailed,
        }
    }
}

impl Move {
    /// Every reason why the move cannot be proposed.
    pub fn proposal_faults(&self, case: &Case<'_>) -> Vec<Fault> {
        let distribution_alone = case.mode == DistributionMode::Guideline
            && self.reasons.iter().eq([&Reason::Distribution]);
        let judgements = [
            Judgement::Move { computed: case.computed, given: self.to },
            Judgement::FinalGrade(self.to),
        ];
        let unfounded = judgements.iter().any(|judgement| {
            check_evidence(judgement, case.evidence, &self.text, case.period).is_err()
        });
        listed([
            (Fault::NothingMoved, self.from == self.to),
            (Fault::OwnReview, self.proposer == self.ratee),
            (Fault::ReasonMissing, self.reasons.is_empty()),
            (Fault::DistributionAlone, distribution_alone),
            (Fault::TextTooShort, self.text.trim().chars().count() < MIN_TEXT),
            (Fault::EvidenceMissing, unfounded),
        ])
    }

    /// Every reason why a proposed move cannot take effect.
    pub fn approval_faults(&self) -> Vec<Fault> {
        let others = self.approvers.iter().filter(|person| **person != self.proposer).count();
        let needed = approvers_needed(self.grades_moved());
        listed([
            (Fault::OwnReview, self.approvers.contains(&self.ratee)),
            (Fault::ApproversMissing, others < needed as usize),
        ])
    }

    /// By how many grades the move changes the grade.
    pub fn grades_moved(&self) -> u32 {
        u32::from(self.from.points().abs_diff(self.to.points()))
    }
}

fn listed<const N: usize>(faults: [(Fault, bool); N]) -> Vec<Fault> {
    faults.into_iter().filter_map(|(fault, found)| found.then_some(fault)).collect()
}

/// The score and the three grades of one review; they are kept separately and none overwrites
/// another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Composite score.
    pub raw_score: Decimal,
    /// Computed grade: the grade of the score.
    pub computed: Grade,
    /// Calibrated grade; `None` where no session moved the grade.
    pub calibrated: Option<Grade>,
    /// Final grade.
    pub final_grade: Grade,
}

impl Outcome {
    /// Derives the final grade; no calibration lifts a grade above a veto cap (0.5 steps 6-9).
    pub fn new(
        raw_score: Decimal,
        computed: Grade,
        calibrated: Option<Grade>,
        veto_cap: Option<Grade>,
    ) -> Outcome {
        let grade = calibrated.unwrap_or(computed);
        let final_grade = veto_cap.map_or(grade, |cap| grade.min(cap));
        Outcome { raw_score, computed, calibrated, final_grade }
    }
}

/// A review in a session, with its present grade.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Id of the review.
    pub review: Uuid,
    /// Id of the department.
    pub department: Uuid,
    /// Present grade.
    pub grade: Grade,
    /// The best grade that a confirmed veto allows; `None` without a veto.
    pub veto_cap: Option<Grade>,
}

/// The distributions that a session looks at.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// Distribution of all people of the session.
    pub overall: Summary,
    /// Distribution of each department.
    pub departments: BTreeMap<Uuid, Summary>,
}

/// The present distributions of a session.
///
/// # Errors
/// `EMPTY_INPUT` for an empty list of people, `WEIGHTS_NOT_100` if the shares of the settings do
/// not sum to 100.
pub fn picture(people: &[Placed], settings: &DistributionSettings) -> Result<Picture> {
    if people.is_empty() {
        return Err(Code::EmptyInput.because("there is nobody to calibrate"));
    }
    let mut departments: BTreeMap<Uuid, Vec<Grade>> = BTreeMap::new();
    for person in people {
        departments.entry(person.department).or_default().push(person.grade);
    }
    let summarised = |(department, grades): (Uuid, Vec<Grade>)| {
        Ok((department, summarise(counted(grades), settings)?))
    };
    Ok(Picture {
        overall: summarise(counted(people.iter().map(|person| person.grade)), settings)?,
        departments: departments.into_iter().map(summarised).collect::<Result<_>>()?,
    })
}

/// The distributions before and after a move; the move cannot lift the grade above a veto cap.
///
/// # Errors
/// `NOT_FOUND` for a review outside the session, and the errors of [`picture`].
pub fn before_and_after(
    people: &[Placed],
    review: Uuid,
    to: Grade,
    settings: &DistributionSettings,
) -> Result<(Picture, Picture)> {
    let before = picture(people, settings)?;
    let mut moved = people.to_vec();
    let person = moved
        .iter_mut()
        .find(|person| person.review == review)
        .ok_or_else(|| Code::NotFound.because("the review is not part of the session"))?;
    person.grade = person.veto_cap.map_or(to, |cap| to.min(cap));
    Ok((before, picture(&moved, settings)?))
}

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
    use crate::scoring::distribution::Check;
    use crate::scoring::review::evidence::EvidenceKind;
    use crate::scoring::scale::PerGrade;
    use chrono::NaiveDate;

    fn id(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    fn sound() -> Move {
        Move {
            review: id(1),
            ratee: id(2),
            from: Grade::B,
            to: Grade::A,
            reasons: [Reason::EvidenceNew].into(),
            text: "Customer letter arrived late".into(),
            evidence: [id(3)].into(),
            proposer: id(4),
            approvers: [id(5)].into(),
            at: DateTime::UNIX_EPOCH,
        }
    }

    fn faults(
        computed: Grade,
        mode: DistributionMode,
        cited: bool,
        change: impl FnOnce(&mut Move),
    ) -> Vec<Fault> {
        let mut moved = sound();
        change(&mut moved);
        let day = NaiveDate::default();
        let evidence = [Evidence { kind: EvidenceKind::CustomerFeedback, date: day }];
        let period = Period::new(day, day).unwrap();
        let evidence = if cited { &evidence[..] } else { &[] };
        moved.proposal_faults(&Case { computed, evidence, period, mode })
    }

    fn proposal(change: impl FnOnce(&mut Move)) -> Vec<Fault> {
        faults(Grade::B, DistributionMode::Guideline, true, change)
    }

    #[test]
    fn a_sound_move_has_no_faults() {
        assert!(proposal(|_| ()).is_empty());
        assert!(sound().approval_faults().is_empty());
    }

    #[test]
    fn each_fault_is_found_and_all_are_listed() {
        assert_eq!(proposal(|m| m.from = Grade::A), [Fault::NothingMoved]);
        assert_eq!(proposal(|m| m.proposer = m.ratee), [Fault::OwnReview]);
        assert_eq!(proposal(|m| m.reasons.clear()), [Fault::ReasonMissing]);
        assert_eq!(proposal(|m| m.text = "nineteen characters".into()), [Fault::EvidenceMissing]);
        let everything = faults(Grade::B, DistributionMode::Guideline, false, |m| {
            m.proposer = m.ratee;
            m.reasons = [Reason::Distribution].into();
            m.text.clear();
        });
        assert_eq!(
            everything,
            [
                Fault::OwnReview,
                Fault::DistributionAlone,
                Fault::TextTooShort,
                Fault::EvidenceMissing
            ]
        );
        assert_eq!(Fault::EvidenceMissing.code(), Code::EvidenceRequired);
        assert_eq!(Fault::OwnReview.code(), Code::GuardFailed);
    }

    #[test]
    fn back_to_the_computed_grade_needs_only_a_short_text() {
        let guideline = DistributionMode::Guideline;
        let short = |m: &mut Move| m.text = "ten chars!".into();
        assert!(faults(Grade::A, guideline, false, short).is_empty());
        let extreme = faults(Grade::S, guideline, false, |m| m.to = Grade::S);
        assert_eq!(extreme, [Fault::EvidenceMissing]);
    }

    #[test]
    fn the_distribution_alone_is_no_reason_in_guideline_mode() {
        let alone = |m: &mut Move| m.reasons = [Reason::Distribution].into();
        assert_eq!(proposal(alone), [Fault::DistributionAlone]);
        assert!(faults(Grade::B, DistributionMode::Forced, true, alone).is_empty());
        assert!(
            proposal(|m| m.reasons = [Reason::Distribution, Reason::DataError].into()).is_empty()
        );
    }

    #[test]
    fn approval_needs_enough_others() {
        let proposer_only = Move { approvers: [id(4)].into(), ..sound() };
        assert_eq!(proposer_only.approval_faults(), [Fault::ApproversMissing]);
        let far = Move { to: Grade::S, ..sound() };
        assert_eq!(far.approval_faults(), [Fault::ApproversMissing]);
        let far_approved = Move { approvers: [id(5), id(6)].into(), ..far };
        assert!(far_approved.approval_faults().is_empty());
        let own = Move { approvers: [id(2)].into(), ..sound() };
        assert_eq!(own.approval_faults(), [Fault::OwnReview]);
    }

    #[test]
    fn a_veto_caps_the_final_grade_only() {
        let score = Decimal::from(110);
        let vetoed = Outcome::new(score, Grade::A, Some(Grade::S), Some(Grade::C));
        assert_eq!(vetoed.calibrated, Some(Grade::S));
        assert_eq!(vetoed.final_grade, Grade::C);
        assert_eq!(Outcome::new(score, Grade::A, None, None).final_grade, Grade::A);
        assert_eq!(Outcome::new(score, Grade::D, None, Some(Grade::C)).final_grade, Grade::D);
    }

    #[test]
    fn a_move_shows_in_both_tables_and_nowhere_else() {
        let settings = DistributionSettings::default();
        let mut people: Vec<Placed> = (0..12)
            .map(|number| Placed {
                review: id(number),
                department: id(number % 2),
                grade: Grade::B,
                veto_cap: None,
            })
            .collect();
        let (before, after) = before_and_after(&people, id(1), Grade::S, &settings).unwrap();
        assert_eq!((before.overall.counts.s, after.overall.counts.s), (0, 1));
        assert_eq!(after.departments[&id(1)].counts, PerGrade::new([1, 0, 5, 0, 0]));
        assert_eq!(after.departments[&id(0)], before.departments[&id(0)]);
        assert_eq!(after.departments[&id(0)].check, Check::PoolRequired);

        people[1].veto_cap = Some(Grade::C);
        let (_, capped) = before_and_after(&people, id(1), Grade::S, &settings).unwrap();
        assert_eq!((capped.overall.counts.s, capped.overall.counts.c), (0, 1));

        let code = |people: &[Placed], review| {
            before_and_after(people, review, Grade::A, &settings).unwrap_err().code
        };
        assert_eq!(code(&people, id(99)), Code::NotFound);
        assert_eq!(code(&[], id(1)), Code::EmptyInput);
    }

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
