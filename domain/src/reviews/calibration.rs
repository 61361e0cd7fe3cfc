//! What a move of a grade in a calibration session requires, and its effect on the distribution.
//!
//! Implements E.5; [`crate::state::calibration_session`] holds the states of a session.

use crate::core::calendar::Period;
use crate::core::error::{Code, Result};
use crate::core::id::EmployeeId;
use crate::reviews::calibration_session::SessionMove;
use crate::reviews::distribution::{Picture, Placed, picture};
use crate::reviews::form::cited;
use crate::reviews::move_check::MIN_TEXT;
use crate::scoring::review::evidence::{Judgement, check_evidence, said};
use crate::scoring::scale::Grade;
use crate::scoring::settings::{DistributionMode, DistributionSettings};
use crate::state::calibration_session::Facts;
use crate::text_enum;
use std::collections::BTreeSet;
use uuid::Uuid;

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

/// Whether the distribution is the only reason in a mode in which it cannot be.
pub(super) fn is_distribution_alone(reasons: &BTreeSet<Reason>, mode: DistributionMode) -> bool {
    mode == DistributionMode::Guideline && reasons.iter().eq([&Reason::Distribution])
}

/// What is wrong with a proposed move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// From and to are the same grade.
    NothingMoved,
    /// The proposer is the reviewee.
    OwnReview,
    /// No reason is given.
    ReasonMissing,
    /// The distribution is the only reason, in `guideline` mode.
    DistributionAlone,
    /// The text is too short.
    TextTooShort,
    /// D.5 requires evidence dated inside the period and a comment of at least 20 characters.
    EvidenceMissing,
}

impl SessionMove {
    /// Every reason why the move cannot be proposed for a review with the grade `computed`, in a
    /// cycle that evaluates `period`.
    pub fn faults(&self, computed: Grade, period: Period, mode: DistributionMode) -> Vec<Fault> {
        let evidence = cited(&self.evidence);
        let is_founded =
            |judgement| check_evidence(&judgement, &evidence, &self.text, period).is_ok();
        let founded = is_founded(Judgement::Move { computed, given: self.to })
            && is_founded(Judgement::FinalGrade(self.to));
        let faults = [
            (Fault::NothingMoved, self.from == self.to),
            (Fault::OwnReview, self.proposer == self.employee_id),
            (Fault::ReasonMissing, self.reasons.is_empty()),
            (Fault::DistributionAlone, is_distribution_alone(&self.reasons, mode)),
            (Fault::TextTooShort, said(&self.text) < MIN_TEXT),
            (Fault::EvidenceMissing, !founded),
        ];
        faults.into_iter().filter(|(_, found)| *found).map(|(fault, _)| fault).collect()
    }

    /// Adds the approval of a person, and says what the guards must know of the approvers.
    pub fn approve(&mut self, person: EmployeeId) -> Facts {
        let approved_by_another = self.may_be_approved_by(person);
        self.approvers.insert(person);
        Facts {
            approved_by_another,
            grades_moved: Some(self.from.points().abs_diff(self.to.points()).into()),
            approvers: u32::try_from(self.approvers.len()).unwrap_or(u32::MAX),
            ..Facts::default()
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::time::Timestamp;
    use crate::reviews::calibration_session::MoveState;
    use crate::reviews::form::EvidenceItem;
    use crate::scoring::distribution::Check;
    use crate::scoring::review::evidence::EvidenceKind;
    use crate::scoring::scale::PerGrade;
    use crate::state::Machine;
    use crate::state::calibration_session::{Guard, State};
    use chrono::NaiveDate;
    use std::collections::BTreeSet;

    fn id(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    fn sound() -> SessionMove {
        let (kind, date) = (EvidenceKind::CustomerFeedback, NaiveDate::default());
        SessionMove {
            id: id(0).into(),
            session_id: id(0).into(),
            review_id: id(1).into(),
            employee_id: id(2).into(),
            from: Grade::B,
            to: Grade::A,
            reasons: [Reason::EvidenceNew].into(),
            text: "Customer letter arrived late".into(),
            evidence: vec![EvidenceItem { kind, date, text: "The letter".into() }],
            state: MoveState::Pending,
            proposer: id(4).into(),
            approvers: BTreeSet::new(),
            version: 1,
            created_at: Timestamp::default(),
            updated_at: Timestamp::default(),
        }
    }

    fn faults(
        computed: Grade,
        mode: DistributionMode,
        cited: bool,
        change: impl FnOnce(&mut SessionMove),
    ) -> Vec<Fault> {
        let mut moved = sound();
        change(&mut moved);
        if !cited {
            moved.evidence.clear();
        }
        let day = NaiveDate::default();
        moved.faults(computed, Period::new(day, day).unwrap(), mode)
    }

    fn proposal(change: impl FnOnce(&mut SessionMove)) -> Vec<Fault> {
        faults(Grade::B, DistributionMode::Guideline, true, change)
    }

    #[test]
    fn a_sound_move_has_no_faults() {
        assert!(proposal(|_| ()).is_empty());
    }

    #[test]
    fn each_fault_is_found_and_all_are_listed() {
        assert_eq!(proposal(|m| m.from = Grade::A), [Fault::NothingMoved]);
        assert_eq!(proposal(|m| m.proposer = m.employee_id), [Fault::OwnReview]);
        assert_eq!(proposal(|m| m.reasons.clear()), [Fault::ReasonMissing]);
        assert_eq!(proposal(|m| m.text = "nineteen characters".into()), [Fault::EvidenceMissing]);
        let everything = faults(Grade::B, DistributionMode::Guideline, false, |m| {
            m.proposer = m.employee_id;
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
    }

    #[test]
    fn back_to_the_computed_grade_needs_only_a_short_text() {
        let guideline = DistributionMode::Guideline;
        let short = |m: &mut SessionMove| m.text = "ten chars!".into();
        assert!(faults(Grade::A, guideline, false, short).is_empty());
        let extreme = faults(Grade::S, guideline, false, |m| m.to = Grade::S);
        assert_eq!(extreme, [Fault::EvidenceMissing]);
    }

    #[test]
    fn the_distribution_alone_is_no_reason_in_guideline_mode() {
        let alone = |m: &mut SessionMove| m.reasons = [Reason::Distribution].into();
        assert_eq!(proposal(alone), [Fault::DistributionAlone]);
        assert!(faults(Grade::B, DistributionMode::Forced, true, alone).is_empty());
        assert!(
            proposal(|m| m.reasons = [Reason::Distribution, Reason::DataError].into()).is_empty()
        );
    }

    #[test]
    fn approval_needs_enough_others() {
        let missing = |to, approvers: &[u128]| {
            let mut moved = SessionMove { to, ..sound() };
            let approve = |_, person: &u128| moved.approve(id(*person).into());
            let facts = approvers.iter().fold(Facts::default(), approve);
            [Guard::SecondMember, Guard::EnoughApprovers]
                .into_iter()
                .filter(|guard| !State::holds(*guard, &facts))
                .collect::<Vec<_>>()
        };
        assert_eq!(missing(Grade::A, &[5]), []);
        assert_eq!(missing(Grade::A, &[4]), [Guard::SecondMember], "by the proposer");
        assert_eq!(missing(Grade::S, &[5]), [Guard::EnoughApprovers]);
        assert_eq!(missing(Grade::S, &[5, 6]), []);
        assert_eq!(
            missing(Grade::S, &[5, 5]),
            [Guard::SecondMember, Guard::EnoughApprovers],
            "twice by one person"
        );
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
}
