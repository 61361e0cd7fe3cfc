//! Which training to recommend (培训推荐). Implements H.4.

use crate::core::error::{Code, Result};
use crate::core::number::Exact;
use chrono::{Months, NaiveDate};
use core::cmp::Reverse;
use std::collections::BTreeSet;

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

/// A course of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Course {
    /// Code of the course.
    pub code: String,
    /// Name of the competency that the course teaches.
    pub competency: String,
    /// Lowest assessed level for which the course is made.
    pub from_level: Exact,
    /// Level to which the course leads, above the lowest one.
    pub to_level: Exact,
}

impl Course {
    /// Whether the course helps to close a gap: it teaches the competency, starts at or below the
    /// assessed level, and leads above it.
    pub fn suits(&self, gap: &Gap<'_>) -> bool {
        let Assessment { competency, assessed, .. } = gap.assessment;
        self.competency == *competency && self.from_level <= *assessed && *assessed < self.to_level
    }
}

/// A course that the person completed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// Code of the course.
    pub code: String,
    /// The day of the completion.
    pub on: NaiveDate,
}

impl Completion {
    /// Whether the completion lies within the 12 months before `today`; on the same day a year later
    /// the course may be taken again.
    fn is_recent(&self, today: NaiveDate) -> bool {
        let again = self.on.checked_add_months(MONTHS_BETWEEN);
        self.on <= today && again.is_none_or(|again| again > today)
    }
}

/// The courses for each gap, in the order of the gaps; codes in ascending order. Courses that the
/// person completed in the last 12 months are left out.
///
/// # Errors
/// `KPI_RANGE_INVALID` for a course that does not lead above its lowest level.
pub fn match_courses<'a>(
    gaps: &'a [Gap<'a>],
    courses: &'a [Course],
    completed: &[Completion],
    today: NaiveDate,
) -> Result<Vec<(&'a str, BTreeSet<&'a str>)>> {
    if let Some(flat) = courses.iter().find(|course| course.from_level >= course.to_level) {
        return Err(
            Code::KpiRangeInvalid.because(format!("the course {} leads nowhere", flat.code))
        );
    }
    let taken: BTreeSet<&str> =
        completed.iter().filter(|it| it.is_recent(today)).map(|it| it.code.as_str()).collect();
    let suitable = |gap: &'a Gap<'a>| {
        let codes = courses.iter().filter(|course| course.suits(gap));
        let codes = codes.map(|course| course.code.as_str()).filter(|code| !taken.contains(code));
        (gap.assessment.competency.as_str(), codes.collect())
    };
    Ok(gaps.iter().map(suitable).collect())
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
        let course = |code: &str, competency: &str, [from, to]: [i32; 2]| Course {
            code: code.into(),
            competency: competency.into(),
            from_level: from.into(),
            to_level: to.into(),
        };
        let courses = [
            course("Z", "a", [2, 3]),
            course("A", "a", [1, 5]),
            course("other", "b", [2, 3]),
            course("too high", "a", [3, 4]),
            course("too low", "a", [1, 2]),
        ];
        let matched = |completed: &[(&str, [u32; 3])]| {
            let completed: Vec<_> = completed
                .iter()
                .map(|(code, [year, month, day])| Completion {
                    code: (*code).into(),
                    on: NaiveDate::from_ymd_opt(*year as i32, *month, *day).unwrap(),
                })
                .collect();
            let found = match_courses(&gaps, &courses, &completed, today).unwrap();
            found[0].1.iter().copied().collect::<Vec<_>>().join(" ")
        };
        assert_eq!(matched(&[]), "A Z");
        assert_eq!(matched(&[("A", [2025, 3, 31])]), "A Z", "a year ago to the day");
        assert_eq!(matched(&[("A", [2025, 4, 1])]), "Z");
        assert_eq!(matched(&[("A", [2025, 3, 1]), ("A", [2026, 3, 31])]), "Z");
        assert_eq!(matched(&[("A", [2026, 4, 1])]), "A Z", "not yet");
        let flat = [course("X", "a", [3, 3])];
        let error = match_courses(&gaps, &flat, &[], today).unwrap_err();
        assert_eq!(error.code, Code::KpiRangeInvalid);
    }
}
