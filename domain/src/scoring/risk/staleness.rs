//! Missing check-ins and overdue tasks. Implements G.4.

use super::Level;
use crate::core::error::{Code, Result};
use crate::scoring::settings::RiskSettings;
use chrono::NaiveDate;

/// The level of a goal whose last check-in was `days_since` days ago, when a check-in is expected
/// every `cadence` days.
///
/// # Errors
/// `CADENCE_INVALID` when the cadence is 0.
pub fn staleness(days_since: u32, cadence: u32) -> Result<Level> {
    if cadence == 0 {
        return Err(Code::CadenceInvalid.because("check-ins are expected every 0 days"));
    }
    // A part of a cadence counts as a whole one: more than 1 and up to 2 counts as 2.
    Ok(match days_since.div_ceil(cadence) {
        0 | 1 => Level::Green,
        2 => Level::Info,
        3 => Level::Yellow,
        _ => Level::Orange,
    })
}

/// The level of a task, from its due date.
pub fn task_level(due: NaiveDate, today: NaiveDate, done: bool, settings: &RiskSettings) -> Level {
    let days_late = (today - due).num_days();
    if done || days_late < -i64::from(settings.task_upcoming_days) {
        Level::Green
    } else if days_late <= 0 {
        Level::Upcoming
    } else if days_late <= i64::from(settings.task_yellow_days) {
        Level::Yellow
    } else if days_late <= i64::from(settings.task_orange_days) {
        Level::Orange
    } else {
        Level::Red
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Days;

    #[test]
    fn silence_grows_worse_by_cadence() {
        for (days, level) in [
            (0, Level::Green),
            (7, Level::Green),
            (8, Level::Info),
            (14, Level::Info),
            (15, Level::Yellow),
            (21, Level::Yellow),
            (22, Level::Orange),
            (u32::MAX, Level::Orange),
        ] {
            assert_eq!(staleness(days, 7).unwrap(), level, "{days}");
        }
        assert_eq!(staleness(1, 0).unwrap_err().code, Code::CadenceInvalid);
    }

    #[test]
    fn tasks_grow_worse_by_the_day() {
        let due = NaiveDate::from_ymd_opt(2025, 2, 10).unwrap();
        let eve = due - Days::new(4);
        let levels = (0..13)
            .map(|day| task_level(due, eve + Days::new(day), false, &RiskSettings::default()));
        use Level::{Green, Orange, Red, Upcoming, Yellow};
        let expected = [
            Green, Upcoming, Upcoming, Upcoming, Upcoming, Yellow, Yellow, Yellow, Orange, Orange,
            Orange, Orange, Red,
        ];
        assert!(levels.eq(expected));
        assert_eq!(task_level(due, due + Days::new(99), true, &RiskSettings::default()), Green);
    }
}
