//! Which judgements need evidence, and which evidence suffices. Implements D.5.

use super::rater::check_ratings;
use crate::core::calendar::Period;
use crate::core::error::{Code, Result};
use crate::core::number::Exact;
use crate::scoring::scale::Grade;
use crate::text_enum;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// Least number of characters of the comment that goes with evidence.
pub(crate) const SHORTEST_COMMENT: usize = 20;

/// A judgement about a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Judgement {
    /// A rating of 1 to 5.
    Rating(Exact),
    /// A final grade.
    FinalGrade(Grade),
    /// A grade given instead of the computed one.
    Move {
        /// The computed grade.
        computed: Grade,
        /// The grade given.
        given: Grade,
    },
}

impl Judgement {
    /// Whether the judgement needs evidence: a rating of 1 or 5, a final grade S or D, or any grade
    /// that differs from the computed one.
    pub fn needs_evidence(&self) -> bool {
        match self {
            Judgement::Rating(rating) => *rating <= Exact::from(1) || *rating >= Exact::from(5),
            Judgement::FinalGrade(grade) => matches!(grade, Grade::S | Grade::D),
            Judgement::Move { computed, given } => computed != given,
        }
    }
}

text_enum! {
    /// The kind of an item of evidence.
    pub enum EvidenceKind {
        /// The result of a project.
        ProjectResult = "project_result",
        /// Feedback from a customer.
        CustomerFeedback = "customer_feedback",
        /// Measured data.
        Data = "data",
        /// Something that somebody observed.
        Observation = "observation",
    }
}

/// One item of evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Kind of the evidence.
    pub kind: EvidenceKind,
    /// The day on which it happened.
    pub date: NaiveDate,
}

/// Number of code points of a comment after blanks and invisible characters are trimmed from its
/// ends.
pub(crate) fn said(comment: &str) -> usize {
    let is_blank = |it: char| {
        it.is_whitespace()
            || it.is_control()
            || matches!(it, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}')
            || matches!(it, '\u{2060}'..='\u{206F}' | '\u{FEFF}')
    };
    comment.trim_matches(is_blank).chars().count()
}

/// What was found about judgements that may need evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// No judgement needs evidence.
    NotNeeded,
    /// There is enough evidence for all that need it.
    Sufficient,
}

/// Looks at several judgements about one person, such as a rating and the final grade, that rest on
/// the same evidence and comment.
///
/// # Errors
/// `RATING_OUT_OF_RANGE` for a rating outside 1 to 5, `EVIDENCE_REQUIRED` as in
/// [`check_evidence`].
pub fn examine(
    judgements: &[Judgement],
    evidence: &[Evidence],
    comment: &str,
    period: Period,
) -> Result<Finding> {
    check_ratings(judgements.iter().filter_map(|judgement| match judgement {
        Judgement::Rating(rating) => Some(rating),
        Judgement::FinalGrade(_) | Judgement::Move { .. } => None,
    }))?;
    for judgement in judgements {
        check_evidence(judgement, evidence, comment, period)?;
    }
    let needed = judgements.iter().any(Judgement::needs_evidence);
    Ok(if needed { Finding::Sufficient } else { Finding::NotNeeded })
}

/// Checks that a judgement which needs evidence has at least one item dated inside the period, and
/// a comment of at least 20 characters.
///
/// # Errors
/// `EVIDENCE_REQUIRED` if either is missing.
pub fn check_evidence(
    judgement: &Judgement,
    evidence: &[Evidence],
    comment: &str,
    period: Period,
) -> Result<()> {
    if !judgement.needs_evidence() {
        return Ok(());
    }
    if !evidence.iter().any(|item| period.contains(item.date)) {
        return Err(Code::EvidenceRequired.because("no evidence is dated inside the period"));
    }
    if said(comment) < SHORTEST_COMMENT {
        let detail = format!("the comment has fewer than {SHORTEST_COMMENT} characters");
        return Err(Code::EvidenceRequired.because(detail));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn check(judgement: Judgement, dates: &[&str], comment: &str) -> bool {
        let evidence: Vec<_> = dates
            .iter()
            .map(|text| Evidence { kind: EvidenceKind::Data, date: date(text) })
            .collect();
        let period = Period::new(date("2025-01-01"), date("2025-12-31")).unwrap();
        match check_evidence(&judgement, &evidence, comment, period) {
            Ok(()) => true,
            Err(error) => {
                assert_eq!(error.code, Code::EvidenceRequired);
                false
            }
        }
    }

    #[test]
    fn extremes_and_moves_need_evidence() {
        let needs = |judgement: Judgement| judgement.needs_evidence();
        let rating = |text: &str| needs(Judgement::Rating(text.parse().unwrap()));
        assert!(rating("1") && rating("5.0") && !rating("4.9") && !rating("1.1"));
        for grade in Grade::ALL {
            let extreme = grade == Grade::S || grade == Grade::D;
            assert_eq!(needs(Judgement::FinalGrade(grade)), extreme);
            let moved = Judgement::Move { computed: Grade::B, given: grade };
            assert_eq!(needs(moved), grade != Grade::B);
        }
    }

    #[test]
    fn judgements_are_examined_together() {
        let period = Period::new(date("2025-01-01"), date("2025-12-31")).unwrap();
        let found = |judgements: &[Judgement]| examine(judgements, &[], "", period);
        let plain = Judgement::Rating(3.into());
        assert_eq!(found(std::slice::from_ref(&plain)), Ok(Finding::NotNeeded));
        assert_eq!(found(&[]), Ok(Finding::NotNeeded));
        let top = Judgement::FinalGrade(Grade::S);
        assert_eq!(found(&[plain, top.clone()]).unwrap_err().code, Code::EvidenceRequired);
        let stray = Judgement::Rating(6.into());
        assert_eq!(found(&[top, stray]).unwrap_err().code, Code::RatingOutOfRange);
    }

    #[test]
    fn evidence_is_recent_and_explained() {
        let top = || Judgement::Rating(Exact::from(5));
        let comment = "签下三个年度大客户并带教两名新人，全年零投诉";
        assert!(check(top(), &["2025-12-31"], comment));
        assert!(!check(top(), &["2024-12-31"], comment));
        assert!(!check(top(), &[], comment));
        assert!(!check(top(), &["2025-06-01"], "                    good"));
        assert!(check(top(), &["2025-06-01"], &"x".repeat(20)));
        assert!(!check(top(), &["2025-06-01"], &"x".repeat(19)));
        assert!(check(Judgement::Rating(Exact::from(3)), &[], ""));
        let invisible = format!("good{}", "\u{200B}".repeat(20));
        assert!(!check(top(), &["2025-06-01"], &invisible));
        assert!(!check(top(), &["2025-06-01"], &format!("  {}  ", "x".repeat(19))));
        assert!(!check(top(), &["2025-06-01"], &format!("\u{200B} {} ", "x".repeat(19))));
        assert!(check(top(), &["2025-06-01"], "a comment of 20 char"));
    }
}
