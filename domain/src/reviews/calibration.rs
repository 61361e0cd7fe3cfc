//! What a move of a grade in a calibration session requires.
//!
//! Implements E.5; [`crate::state::calibration_session`] holds the states of a session.

use crate::core::calendar::Period;
use crate::core::id::EmployeeId;
use crate::reviews::calibration_session::SessionMove;
use crate::reviews::form::cited;
use crate::reviews::move_check::MIN_TEXT;
use crate::scoring::review::evidence::{Judgement, check_evidence, said};
use crate::scoring::scale::Grade;
use crate::scoring::settings::DistributionMode;
use crate::state::calibration_session::Facts;
use crate::text_enum;
use std::collections::BTreeSet;

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
    /// The new grade is better than a confirmed veto allows.
    VetoCap,
    /// The reviewee is told nothing about the move.
    SentenceMissing,
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
            (Fault::VetoCap, self.veto_cap.is_some_and(|cap| self.to > cap)),
            (Fault::SentenceMissing, said(&self.sentence) == 0),
        ];
        faults.into_iter().filter(|(_, found)| *found).map(|(fault, _)| fault).collect()
    }

    /// By how many grades the move changes the grade.
    pub fn grades_moved(&self) -> u32 {
        self.from.points().abs_diff(self.to.points()).into()
    }

    /// Adds the approval of a person, and says what the guards must know of the approvers.
    pub fn approve(&mut self, person: EmployeeId) -> Facts {
        let approved_by_another = self.may_be_approved_by(person);
        self.approvers.insert(person);
        Facts {
            approved_by_another,
            grades_moved: Some(self.grades_moved()),
            approvers: u32::try_from(self.approvers.len()).unwrap_or(u32::MAX),
            ..Facts::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::time::Timestamp;
    use crate::reviews::calibration_session::MoveState;
    use crate::reviews::form::EvidenceItem;
    use crate::scoring::review::evidence::EvidenceKind;
    use crate::state::Machine;
    use crate::state::calibration_session::{Guard, State};
    use chrono::NaiveDate;
    use std::collections::BTreeSet;
    use uuid::Uuid;

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
            sentence: "The letter of your customer counts.".into(),
            veto_cap: None,
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
        assert_eq!(proposal(|m| m.veto_cap = Some(Grade::B)), [Fault::VetoCap]);
        assert_eq!(proposal(|m| m.veto_cap = Some(Grade::A)), []);
        assert_eq!(proposal(|m| m.sentence = " ".into()), [Fault::SentenceMissing]);
        let everything = faults(Grade::B, DistributionMode::Guideline, false, |m| {
            m.proposer = m.employee_id;
            m.reasons = [Reason::Distribution].into();
            m.text.clear();
            m.sentence.clear();
            m.veto_cap = Some(Grade::D);
        });
        assert_eq!(
            everything,
            [
                Fault::OwnReview,
                Fault::DistributionAlone,
                Fault::TextTooShort,
                Fault::EvidenceMissing,
                Fault::VetoCap,
                Fault::SentenceMissing,
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
}
