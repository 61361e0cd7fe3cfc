//! Which training to recommend (培训推荐). Implements H.4.

use crate::core::error::{Code, Result};
use crate::core::number::Exact;
use chrono::{Months, NaiveDate};
use core::cmp::Reverse;

/// A completed course is not recommended again for this many months.
const MONTHS_BETWEEN: Months = Months::new(12);

/// How much a competency matters; the values 1 to 3 multiply the gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Importance {
    /// Nice to have.
    Low = 1,
    /// Needed.
    Medium,
    /// Essential.
    High,
}

/// The assessment of one competency of a person, on the scale from 1 to 5.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessment {
    /// Name of the competency.
    pub competency: String,
    /// Level that the role requires, 1 to 5.
    pub required: Exact,
    /// Level that was assessed, 1 to 5.
    pub assessed: Exact,
    /// How much the competency matters.
    pub importance: Importance,
}

/// A gap between required and assessed level that is large enough to act on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap<'a> {
    /// The assessment that shows the gap.
    pub assessment: &'a Assessment,
    /// Required level minus assessed level.
    pub size: Exact,
    /// Size of the gap times importance.
    pub priority: Exact,
}

/// The `top` first of the gaps of at least `threshold` levels, sorted by priority, highest first,
/// then by name.
///
/// # Errors
/// `EMPTY_INPUT` for an empty list of assessments, `RATING_OUT_OF_RANGE` for a level outside 1 to
/// 5.
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
    /// Name of the competency that the course teaches.
    pub competency: String,
    /// Lowest assessed level for which the course is made.
    pub from_level: Exact,
    /// Level to which the course leads.
    pub to_level: Exact,
    /// The day on which the person last completed the course; `None` if never.
    pub completed_on: Option<NaiveDate>,
}

impl Course {
    /// Whether the course helps to close a gap on `today`: it teaches the competency, starts at or
    /// below the assessed level, leads above it, and was not completed in the 12 months before.
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
