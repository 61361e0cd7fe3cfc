//! Until when a person may appeal. Implements the appeal window of D.6 as K2 settles it.

use crate::core::calendar::WorkCalendar;
use crate::core::error::{Code, Result};
use crate::scoring::settings::{AppealSettings, InterviewSettings};
use chrono::NaiveDate;

/// The last day of the appeal window: `appeal.window_workdays` after publication, or
/// `appeal.after_interview_workdays` after an interview that was held in time, whichever is later.
/// An interview is in time up to `interview.due_workdays` after publication.
///
/// # Errors
/// `DATE_INVALID` for an interview before publication, and beyond the year 9999.
pub fn appeal_deadline(
    published: NaiveDate,
    interview: Option<NaiveDate>,
    calendar: &WorkCalendar,
    appeal: &AppealSettings,
    due: &InterviewSettings,
) -> Result<NaiveDate> {
    let window = calendar.add_workdays(published, appeal.window_workdays)?;
    let Some(held) = interview else { return Ok(window) };
    if held < published {
        return Err(Code::DateInvalid.because(format!("an interview on {held} was too early")));
    }
    if held > calendar.add_workdays(published, due.due_workdays)? {
        return Ok(window);
    }
    Ok(window.max(calendar.add_workdays(held, appeal.after_interview_workdays)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deadline(interview: Option<&str>) -> Result<String> {
        let day = |text: &str| text.parse().unwrap();
        let deadline = appeal_deadline(
            day("2025-03-03"),
            interview.map(day),
            &WorkCalendar::default(),
            &AppealSettings::default(),
            &InterviewSettings::default(),
        );
        deadline.map(|day| day.to_string())
    }

    #[test]
    fn an_interview_in_time_may_prolong_the_window() {
        for (interview, last) in [
            (None, "2025-03-12"),
            (Some("2025-03-03"), "2025-03-12"),
            (Some("2025-03-06"), "2025-03-13"),
            (Some("2025-03-17"), "2025-03-24"),
            (Some("2025-03-18"), "2025-03-12"),
        ] {
            assert_eq!(deadline(interview).unwrap(), last, "{interview:?}");
        }
        assert_eq!(deadline(Some("2025-03-02")).unwrap_err().code, Code::DateInvalid);
    }
}
