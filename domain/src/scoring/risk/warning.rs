//! When a warning is opened, repeated, lowered and closed. Implements G.5.

use super::Level;
use crate::core::error::{Code, Result};
use crate::scoring::settings::RiskSettings;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// One thing that a warning looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Component {
    /// Progress against time.
    Progress,
    /// Use of a figure that should stay low.
    Burn,
    /// Check-ins that stay away.
    Staleness,
    /// A task past its date.
    Task,
    /// A delivery that comes too late.
    Dependency,
    /// A drop of confidence.
    Confidence,
}

/// The level of a goal as a whole: that of its worst component. The components are stored
/// beside it.
///
/// # Errors
/// `EMPTY_INPUT`.
pub fn overall(components: &[(Component, Level)]) -> Result<Level> {
    let worst = components.iter().map(|(_, level)| *level).max();
    worst.ok_or_else(|| Code::EmptyInput.because("nothing was evaluated"))
}

/// What the recipient of a warning answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// Why it came to this.
    pub reason: String,
    /// What is done about it.
    pub action: String,
}

/// The open warning of a goal. There is at most one, so that a level is not announced twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// Level that was announced, or lowered since.
    pub level: Level,
    /// When it was last announced.
    pub sent_on: NaiveDate,
    /// The levels of the latest evaluations in a row that were better.
    pub better: Vec<Level>,
    /// The answer to it; a worse level needs a new one.
    pub acknowledgement: Option<Acknowledgement>,
}

/// What an evaluation asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// Nobody is told anything.
    Nothing,
    /// The [`recipients`](Level::recipients) of the warning's level are told.
    Send,
    /// The warning is over.
    Close,
}

impl Warning {
    fn opened(level: Level, today: NaiveDate) -> Warning {
        Warning { level, sent_on: today, better: Vec::new(), acknowledgement: None }
    }

    /// Records the answer of a recipient.
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

/// The warning of a goal after an evaluation, and what is to be delivered.
///
/// A worse level is announced at once, the same one again after `risk.repeat_days`. A
/// better one lowers the warning only when `risk.better_evaluations` in a row were better,
/// and then to the worst of them; below yellow the warning closes.
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

    /// Evaluates once a day and returns the level of the open warning and the delivery.
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
