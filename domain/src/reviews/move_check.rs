//! Whether a move of a grade, with its approvals and its sentence for the person concerned, may take
//! effect. Implements the rules of E.5 for a move as a whole.

use crate::core::text::TextEnum;
use crate::reviews::calibration::{Reason, is_distribution_alone};
use crate::scoring::review::evidence::{SHORTEST_COMMENT, said};
use crate::scoring::scale::Grade;
use crate::scoring::settings::DistributionMode;
use crate::state::calibration_session::approvers_needed;
use core::fmt;
use std::collections::BTreeSet;

/// Least number of characters in the text of a move that gives back the computed grade.
pub(super) const MIN_TEXT: usize = 10;

/// A move with everything that decides whether it may take effect. People are given by any id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoveCheck<'a> {
    /// Whose grade is moved.
    pub ratee: &'a str,
    /// The computed grade.
    pub computed: Grade,
    /// The grade before.
    pub from: Grade,
    /// The grade after.
    pub to: Grade,
    /// Codes of the reasons, as given.
    pub reasons: Vec<&'a str>,
    /// Why, in words.
    pub text: &'a str,
    /// Number of items of evidence.
    pub evidence: u32,
    /// Who proposes it, if that is known.
    pub proposer: Option<&'a str>,
    /// Who has approved it.
    pub approvers: Vec<&'a str>,
    /// The mode of the distribution (E.2).
    pub mode: DistributionMode,
    /// The best grade that a veto allows, if there is one.
    pub veto_cap: Option<Grade>,
    /// What the person concerned will read after release.
    pub sentence: &'a str,
}

/// What is wrong with a move; variants are in the order in which faults are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MoveFault {
    /// From and to are the same grade.
    NoChange,
    /// No reason is given, or one that does not exist.
    ReasonUnknown,
    /// The distribution is the only reason, in `guideline` mode.
    DistributionAlone,
    /// The text has fewer than 10 characters, or fewer than 20 where the new grade differs from the
    /// computed one.
    TextTooShort,
    /// The new grade differs from the computed one, and there is no evidence.
    EvidenceRequired,
    /// The proposer or an approver is the person concerned.
    Itself,
    /// Nobody but the proposer has approved.
    SecondPersonRequired,
    /// A move by more than one grade needs two approvers.
    TwoApproversRequired,
    /// The new grade is better than a veto allows.
    VetoCap,
    /// The sentence for the person concerned is missing.
    SentenceMissing,
}

impl fmt::Display for MoveFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            MoveFault::NoChange => "NO_CHANGE",
            MoveFault::ReasonUnknown => "REASON_UNKNOWN",
            MoveFault::DistributionAlone => "DISTRIBUTION_ALONE",
            MoveFault::TextTooShort => "TEXT_TOO_SHORT",
            MoveFault::EvidenceRequired => "EVIDENCE_REQUIRED",
            MoveFault::Itself => "SELF",
            MoveFault::SecondPersonRequired => "SECOND_PERSON_REQUIRED",
            MoveFault::TwoApproversRequired => "TWO_APPROVERS_REQUIRED",
            MoveFault::VetoCap => "VETO_CAP",
            MoveFault::SentenceMissing => "SENTENCE_MISSING",
        })
    }
}

impl MoveCheck<'_> {
    /// Every fault of the move; none if it may take effect. A move back to the computed grade needs
    /// neither evidence nor the longer text.
    pub fn faults(&self) -> Vec<MoveFault> {
        let departs = self.to != self.computed;
        let shortest = if departs { SHORTEST_COMMENT } else { MIN_TEXT };
        let faults = [
            (self.from == self.to).then_some(MoveFault::NoChange),
            self.reason_fault(),
            (said(self.text) < shortest).then_some(MoveFault::TextTooShort),
            (departs && self.evidence == 0).then_some(MoveFault::EvidenceRequired),
            self.is_of_oneself().then_some(MoveFault::Itself),
            self.approval_fault(),
            self.veto_cap.is_some_and(|cap| self.to > cap).then_some(MoveFault::VetoCap),
            (said(self.sentence) == 0).then_some(MoveFault::SentenceMissing),
        ];
        faults.into_iter().flatten().collect()
    }

    fn reason_fault(&self) -> Option<MoveFault> {
        let known =
            |code: &&str| Reason::ALL.iter().copied().find(|reason| reason.as_str() == *code);
        let reasons: Option<BTreeSet<Reason>> = self.reasons.iter().map(known).collect();
        match reasons {
            Some(reasons) if is_distribution_alone(&reasons, self.mode) => {
                Some(MoveFault::DistributionAlone)
            }
            Some(reasons) if !reasons.is_empty() => None,
            Some(_) | None => Some(MoveFault::ReasonUnknown),
        }
    }

    fn is_of_oneself(&self) -> bool {
        self.proposer == Some(self.ratee) || self.approvers.contains(&self.ratee)
    }

    /// Approvers are neither the proposer nor the person concerned, and count once.
    fn approval_fault(&self) -> Option<MoveFault> {
        let approvers: BTreeSet<&str> = self.approvers.iter().copied().collect();
        let others =
            approvers.iter().filter(|one| **one != self.ratee && Some(**one) != self.proposer);
        let needed = approvers_needed(u32::from(self.from.points().abs_diff(self.to.points())));
        let fault = if needed > 1 {
            MoveFault::TwoApproversRequired
        } else {
            MoveFault::SecondPersonRequired
        };
        (others.count() < needed as usize).then_some(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(change: impl FnOnce(&mut MoveCheck<'static>)) -> Vec<MoveFault> {
        let mut sound = MoveCheck {
            ratee: "ratee",
            computed: Grade::B,
            from: Grade::B,
            to: Grade::A,
            reasons: vec!["evidence_new"],
            text: "Customer letter arrived late",
            evidence: 1,
            proposer: Some("manager"),
            approvers: vec!["head"],
            mode: DistributionMode::Guideline,
            veto_cap: None,
            sentence: "The letter of your customer counts.",
        };
        change(&mut sound);
        sound.faults()
    }

    #[test]
    fn a_sound_move_has_no_fault_and_a_hopeless_one_has_all() {
        assert_eq!(faults(|_| ()), []);
        let hopeless = faults(|check| {
            check.to = Grade::S;
            check.reasons = vec!["mood"];
            check.text = "nineteen characters";
            check.evidence = 0;
            check.approvers = vec!["manager", "ratee"];
            check.veto_cap = Some(Grade::A);
            check.sentence = " ";
        });
        use MoveFault::{
            EvidenceRequired, Itself, ReasonUnknown, SentenceMissing, TextTooShort,
            TwoApproversRequired, VetoCap,
        };
        assert_eq!(
            hopeless,
            [
                ReasonUnknown,
                TextTooShort,
                EvidenceRequired,
                Itself,
                TwoApproversRequired,
                VetoCap,
                SentenceMissing,
            ]
        );
        assert!(hopeless.is_sorted());
    }

    #[test]
    fn a_move_back_to_the_computed_grade_needs_less() {
        let back = |text: &'static str| {
            faults(|check| {
                (check.from, check.to, check.evidence) = (Grade::A, Grade::B, 0);
                check.text = text;
            })
        };
        assert_eq!(back("ten letter"), []);
        assert_eq!(back(" nine let "), [MoveFault::TextTooShort]);
    }

    #[test]
    fn the_distribution_is_a_reason_where_it_is_forced_or_beside_another() {
        let alone = |mode| {
            faults(|check| {
                check.reasons = vec!["distribution"];
                check.mode = mode;
            })
        };
        assert_eq!(alone(DistributionMode::Guideline), [MoveFault::DistributionAlone]);
        assert_eq!(alone(DistributionMode::Forced), []);
        assert_eq!(faults(|check| check.reasons = vec!["distribution", "data_error"]), []);
        assert_eq!(faults(|check| check.reasons.clear()), [MoveFault::ReasonUnknown]);
    }

    #[test]
    fn approvers_are_others_and_count_once() {
        let two = |approvers: &[&'static str]| {
            faults(|check| {
                check.to = Grade::S;
                check.approvers = approvers.to_vec();
            })
        };
        assert_eq!(two(&["head", "head"]), [MoveFault::TwoApproversRequired]);
        assert_eq!(two(&["head", "manager"]), [MoveFault::TwoApproversRequired]);
        assert_eq!(two(&["head", "chief"]), []);
        assert_eq!(faults(|check| check.approvers.clear()), [MoveFault::SecondPersonRequired]);
        assert_eq!(faults(|check| check.proposer = None), []);
    }
}
