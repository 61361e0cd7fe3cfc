//! What to learn next (培训推荐). Implements H.4.

use crate::core::error::{Code, Result};
use crate::core::number::Exact;
use chrono::{Months, NaiveDate};
use core::cmp::Reverse;

/// Months in which a completed course is not recommended again.
const MONTHS_BETWEEN: Months = Months::new(12);

/// How much a competency matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Importance {
    /// Nice to have.
    Low = 1,
    /// Needed.
    Medium,
    /// Essential.
    High,
}

/// A competency of one person, on the 5-point scale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessment {
    /// The competency.
    pub competency: String,
    /// The level the role asks for, 1 to 5.
    pub required: Exact,
    /// The level assessed, 1 to 5.
    pub assessed: Exact,
    /// How much it matters.
    pub importance: Importance,
}

/// A gap worth closing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap<'a> {
    /// Where the gap is.
    pub assessment: &'a Assessment,
    /// Required less assessed.
    pub size: Exact,
    /// Size times importance.
    pub priority: Exact,
}

/// The `top` gaps of at least `threshold`, by priority, then by name.
///
/// # Errors
/// `EMPTY_INPUT` without assessments, `RATING_OUT_OF_RANGE` for a level outside 1 to 5.
pub fn gaps<'a>(
    assessments: &'a [Assessment],
    threshold: &Exact,
    top: usize,
) -> Result<Vec<Gap<'a>>> {
    if assessments.is_empty() {
        return Err(Code::EmptyInput.because("nothing was assessed"));
    }
    let levels = Exact::from(1)..=Exact::from(5);
    let is_level = |level: &Exact| levels.contains(level);
    if let Some(stray) =
        assessments.iter().find(|a| !is_level(&a.required) || !is_level(&a.assessed))
    {
        let detail = format!("a level of {} is not within 1 to 5", stray.competency);
        return Err(Code::RatingOutOfRange.because(detail));
    }
    let mut gaps: Vec<Gap> = assessments
        .iter()
        .map(|assessment| {
            let size = &assessment.required - &assessment.assessed;
            let priority = &size * Exact::from(assessment.importance as i32);
            Gap { assessment, size, priority }
        })
        .filter(|gap| gap.size >= *threshold)
        .collect();
    gaps.sort_by_cached_key(|gap| (Reverse(gap.priority.clone()), &gap.assessment.competency));
    gaps.truncate(top);
    Ok(gaps)
}

/// A course, and when the person last completed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Course {
    /// The competency it teaches.
    pub competency: String,
    /// The lowest level it is made for.
    pub from_level: Exact,
    /// The level it leads to.
    pub to_level: Exact,
    /// The day the person last completed it.
    pub completed_on: Option<NaiveDate>,
}

impl Course {
    /// Whether the course helps with a gap: same competency, right level, and not completed in
    /// the 12 months before `today`.
    pub fn suits(&self, gap: &Gap<'_>, today: NaiveDate) -> bool {
        let Assessment { competency, assessed, .. } = gap.assessment;
        let recent = |day: NaiveDate| {
            day.checked_add_months(MONTHS_BETWEEN).is_none_or(|repeatable| repeatable > today)
        };
        self.competency == *competency
            && self.from_level <= *assessed
            && *assessed < self.to_level
            && !self.completed_on.is_some_and(recent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assessment(name: &str, required: i64, tenths: i64, importance: Importance) -> Assessment {
        Assessment {
            competency: name.into(),
            required: required.into(),
            assessed: Exact::scaled(tenths, 1),
            importance,
        }
    }

    fn names(assessments: &[Assessment], top: usize) -> Vec<&str> {
        let gaps = gaps(assessments, &Exact::scaled(5, 1), top).unwrap();
        gaps.iter().map(|gap| gap.assessment.competency.as_str()).collect()
    }

    #[test]
    fn gaps_from_one_half_count_by_priority_then_name() {
        let assessments = [
            assessment("small", 3, 26, Importance::High),
            assessment("b", 3, 20, Importance::Low),
            assessment("a", 3, 25, Importance::Medium),
            assessment("first", 5, 40, Importance::Medium),
        ];
        assert_eq!(names(&assessments, 3), ["first", "a", "b"]);
        assert_eq!(names(&assessments, 1), ["first"]);
        assert!(names(&assessments[..1], 3).is_empty());
    }

    #[test]
    fn levels_are_ratings() {
        let code =
            |assessments: &[Assessment]| gaps(assessments, &Exact::default(), 3).unwrap_err().code;
        assert_eq!(code(&[]), Code::EmptyInput);
        assert_eq!(code(&[assessment("a", 6, 20, Importance::Low)]), Code::RatingOutOfRange);
        assert_eq!(code(&[assessment("a", 3, 9, Importance::Low)]), Code::RatingOutOfRange);
    }

    #[test]
    fn courses_fit_the_level_and_are_not_repeated_within_a_year() {
        let assessments = [assessment("a", 4, 20, Importance::Low)];
        let gaps = gaps(&assessments, &Exact::default(), 1).unwrap();
        let today = NaiveDate::from_ymd_opt(2026, 3, 31).unwrap();
        let course = Course {
            competency: "a".into(),
            from_level: 2.into(),
            to_level: 3.into(),
            completed_on: None,
        };
        assert!(course.suits(&gaps[0], today));
        assert!(!Course { competency: "b".into(), ..course.clone() }.suits(&gaps[0], today));
        assert!(!Course { from_level: 3.into(), ..course.clone() }.suits(&gaps[0], today));
        assert!(!Course { to_level: 2.into(), ..course.clone() }.suits(&gaps[0], today));
        let completed = |year, day| Course {
            completed_on: NaiveDate::from_ymd_opt(year, 3, day),
            ..course.clone()
        };
        assert!(completed(2025, 31).suits(&gaps[0], today));
        assert!(!completed(2026, 1).suits(&gaps[0], today));
    }
}
