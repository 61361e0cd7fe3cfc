//! When a warning is sent, repeated, lowered and closed. Implements G.5.

use super::Level;
use crate::core::error::{Code, Result};
use crate::scoring::settings::RiskSettings;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// One component of the level of a goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Component {
    /// Progress compared with time.
    Progress,
    /// A figure that should stay low.
    Burn,
    /// Missing check-ins.
    Staleness,
    /// An overdue task.
    Task,
    /// A late delivery that the goal depends on.
    Dependency,
    /// A drop of confidence.
    Confidence,
}

/// The level of a goal as a whole: that of its worst component. Callers store the components as
/// well.
///
/// # Errors
/// `EMPTY_INPUT` without components.
pub fn overall(components: &[(Component, Level)]) -> Result<Level> {
    let worst = components.iter().map(|(_, level)| *level).max();
    worst.ok_or_else(|| Code::EmptyInput.because("there are no components"))
}

/// The answer of a recipient to a warning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// The reason for the situation.
    pub reason: String,
    /// The action that will be taken.
    pub action: String,
}

/// The open warning of a goal. A goal has at most one, so that no level is sent twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// The level that was sent, or to which the warning was lowered since.
    pub level: Level,
    /// The day on which it was last sent.
    pub sent_on: NaiveDate,
    /// The levels of the latest evaluations, as long as all of them were better.
    pub better: Vec<Level>,
    /// The answer to the warning; a warning of a worse level needs a new answer.
    pub acknowledgement: Option<Acknowledgement>,
}

/// What must be done after an evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// Nothing is sent.
    Nothing,
    /// The warning is sent to the [`recipients`](Level::recipients) of its level.
    Send,
    /// The warning is closed.
    Close,
}

impl Warning {
    fn opened(level: Level, today: NaiveDate) -> Warning {
        Warning { level, sent_on: today, better: Vec::new(), acknowledgement: None }
    }

    /// Stores the answer of a recipient.
    ///
    /// # Errors
    /// `GUARD_FAILED` when reason or action is blank.
    pub fn acknowledge(self, acknowledgement: Acknowledgement) -> Result<Warning> {
        let Acknowledgement { reason, action } = &acknowledgement;
        if reason.trim().is_empty() || action.trim().is_empty() {
            return Err(Code::GuardFailed.because("an acknowledgement names reason and action"));
        }
        Ok(Warning { acknowledgement: Some(acknowledgement), ..self })
    }
}

/// The warning of a goal after an evaluation, and what must be done.
///
/// A worse level is sent at once, the same level again after `risk.repeat_days` days. A better
/// level lowers the warning only after `risk.better_evaluations` better evaluations in a row, and
/// then to the worst of them. Below yellow the warning is closed.
pub fn evaluate(
    open: Option<Warning>,
    level: Level,
    today: NaiveDate,
    settings: &RiskSettings,
) -> (Option<Warning>, Delivery) {
    let Some(mut warning) = open.filter(|warning| warning.level >= level) else {
        return if level.warns() {
            (Some(Warning::opened(level, today)), Delivery::Send)
        } else {
            (None, Delivery::Nothing)
        };
    };
    if level == warning.level {
        warning.better.clear();
    } else {
        warning.better.push(level);
    }
    if warning.better.len() >= settings.better_evaluations.max(1) as usize {
        let better = core::mem::take(&mut warning.better);
        warning.level = better.into_iter().max().unwrap_or(level);
        if !warning.level.warns() {
            return (None, Delivery::Close);
        }
    }
    if (today - warning.sent_on).num_days() < i64::from(settings.repeat_days) {
        return (Some(warning), Delivery::Nothing);
    }
    warning.sent_on = today;
    (Some(warning), Delivery::Send)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Delivery::{Close, Nothing, Send};
    use Level::{Grace, Green, Info, Orange, Red, Yellow};
    use chrono::Days;
    use proptest::prelude::*;

    const LEVELS: [Level; 7] = [Grace, Green, Level::Upcoming, Info, Yellow, Orange, Red];

    /// Evaluates once a day; returns the level of the open warning and the delivery of each day.
    fn daily(levels: &[Level]) -> Vec<(Option<Level>, Delivery)> {
        let first = NaiveDate::from_ymd_opt(2025, 1, 1).unwrap();
        let mut open = None;
        let evaluated = levels.iter().zip(0..).map(|(&level, day)| {
            let (warning, delivery) =
                evaluate(open.take(), level, first + Days::new(day), &RiskSettings::default());
            open = warning;
            (open.as_ref().map(|warning| warning.level), delivery)
        });
        evaluated.collect()
    }

    #[test]
    fn a_warning_rises_at_once() {
        assert_eq!(
            daily(&[Green, Info, Yellow, Yellow, Red]),
            [
                (None, Nothing),
                (None, Nothing),
                (Some(Yellow), Send),
                (Some(Yellow), Nothing),
                (Some(Red), Send),
            ]
        );
    }

    #[test]
    fn it_falls_after_two_better_evaluations_to_the_worse_of_them() {
        assert_eq!(
            daily(&[Red, Yellow, Red, Yellow, Green, Green, Grace]),
            [
                (Some(Red), Send),
                (Some(Red), Nothing),
                (Some(Red), Nothing),
                (Some(Red), Nothing),
                (Some(Yellow), Nothing),
                (Some(Yellow), Nothing),
                (None, Close),
            ]
        );
    }

    #[test]
    fn it_is_repeated_weekly() {
        let deliveries: Vec<_> = daily(&[Orange; 16]).into_iter().map(|(_, d)| d).collect();
        let sent: Vec<_> = (0..16).filter(|&day| deliveries[day] == Send).collect();
        assert_eq!(sent, [0, 7, 14]);
    }

    #[test]
    fn an_answer_names_reason_and_action_and_falls_with_a_worse_level() {
        let today = NaiveDate::from_ymd_opt(2025, 1, 1).unwrap();
        let answer = |reason: &str, action: &str| {
            let (reason, action) = (reason.into(), action.into());
            Warning::opened(Yellow, today).acknowledge(Acknowledgement { reason, action })
        };
        assert_eq!(answer("supplier late", " ").unwrap_err().code, Code::GuardFailed);
        assert_eq!(answer("", "second source").unwrap_err().code, Code::GuardFailed);
        let answered = answer("supplier late", "second source").unwrap();
        let after = |level| {
            let (warning, _) =
                evaluate(Some(answered.clone()), level, today, &RiskSettings::default());
            warning.unwrap().acknowledgement
        };
        assert!(after(Yellow).is_some() && after(Red).is_none());
    }

    #[test]
    fn the_worst_component_counts() {
        let components = [
            (Component::Progress, Grace),
            (Component::Staleness, Orange),
            (Component::Task, Yellow),
        ];
        assert_eq!(overall(&components).unwrap(), Orange);
        assert_eq!(overall(&[]).unwrap_err().code, Code::EmptyInput);
    }

    proptest! {
        #[test]
        fn an_open_warning_is_never_milder_than_the_evaluation(
            levels in proptest::collection::vec(prop::sample::select(LEVELS.to_vec()), 1..40),
        ) {
            for (level, (open, _)) in levels.iter().zip(daily(&levels)) {
                let shown = open.unwrap_or(Info);
                prop_assert!(shown >= *level && (open.is_none() || shown.warns()));
            }
        }
    }
}
