//! When a warning is sent, repeated, lowered and closed. Implements G.5.

use super::{Level, Recipient};
use crate::core::error::{Code, Result};
use crate::scoring::settings::RiskSettings;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

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

/// The open warning of a goal. A goal has at most one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// The level of the goal as people know it.
    pub level: Level,
    /// The day on which each level was last sent.
    pub sent_on: BTreeMap<Level, NaiveDate>,
    /// The levels of the latest evaluations, oldest first.
    pub recent: VecDeque<Level>,
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
    fn opened(level: Level) -> Warning {
        Warning { level, sent_on: BTreeMap::new(), recent: VecDeque::new(), acknowledgement: None }
    }

    /// Moves to the level of an evaluation: up at once, down to the worst of the latest evaluations
    /// as soon as all of them are better.
    fn follow(&mut self, level: Level, settings: &RiskSettings) {
        let looked_at = settings.better_evaluations.max(1) as usize;
        self.recent.push_back(level);
        if self.recent.len() > looked_at {
            self.recent.pop_front();
        }
        let worst = self.recent.iter().copied().max().unwrap_or(level);
        if level > self.level {
            self.level = level;
            self.acknowledgement = None;
        } else if worst < self.level && self.recent.len() == looked_at {
            self.level = worst;
        }
    }

    /// Whether the present level must be sent today; then it is noted as sent.
    fn is_due(&mut self, today: NaiveDate, settings: &RiskSettings) -> bool {
        let again = |sent: &NaiveDate| (today - *sent).num_days() >= settings.repeat_days.into();
        let due = self.sent_on.get(&self.level).is_none_or(again);
        if due {
            self.sent_on.insert(self.level, today);
        }
        due
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
/// A worse level holds at once. A better one holds only after `risk.better_evaluations` better
/// evaluations in a row, and then the worst of the latest ones counts. A level is sent when the goal
/// reaches it, and again after `risk.repeat_days` days. Below yellow the warning is closed, and what
/// was sent is forgotten.
pub fn evaluate(
    open: Option<Warning>,
    level: Level,
    today: NaiveDate,
    settings: &RiskSettings,
) -> (Option<Warning>, Delivery) {
    let was_open = open.is_some();
    let mut warning = open.unwrap_or_else(|| Warning::opened(level));
    warning.follow(level, settings);
    if !warning.level.warns() {
        return (None, if was_open { Delivery::Close } else { Delivery::Nothing });
    }
    let delivery = if warning.is_due(today, settings) { Delivery::Send } else { Delivery::Nothing };
    (Some(warning), delivery)
}

/// One evaluation of a goal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evaluation {
    /// The day.
    pub on: NaiveDate,
    /// The levels of the components; at least one.
    pub components: Vec<Level>,
    /// Whether a check-in raised an event of confidence (C.5).
    pub confidence_event: bool,
}

/// What people are told after an evaluation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The level of the goal; green where nobody is warned.
    pub level: Level,
    /// Who receives a warning; nobody where the level was told before.
    pub recipients: &'static [Recipient],
}

/// Follows one goal through its evaluations, oldest first.
///
/// # Errors
/// `EMPTY_INPUT` without evaluations or components, `DATE_INVALID` for evaluations that are not in
/// order.
pub fn follow(evaluations: &[Evaluation], settings: &RiskSettings) -> Result<Vec<Told>> {
    if evaluations.is_empty() || evaluations.iter().any(|it| it.components.is_empty()) {
        return Err(Code::EmptyInput.because("there is nothing to evaluate"));
    }
    if !evaluations.is_sorted_by_key(|it| it.on) {
        return Err(Code::DateInvalid.because("the evaluations are not in order"));
    }
    let mut open = None;
    let tell = |Evaluation { on, components, confidence_event }: &Evaluation| {
        let worst = components.iter().copied().max().unwrap_or(Level::Green).told();
        let level = if *confidence_event { worst.after_confidence_drop() } else { worst };
        let (warning, delivery) = evaluate(open.take(), level, *on, settings);
        let level = warning.as_ref().map_or(Level::Green, |warning| warning.level);
        open = warning;
        let sent = delivery == Delivery::Send;
        Told { level, recipients: if sent { level.recipients() } else { &[] } }
    };
    Ok(evaluations.iter().map(tell).collect())
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
    fn it_falls_to_the_worse_of_the_last_two_if_both_are_better() {
        assert_eq!(
            daily(&[Red, Yellow, Red, Yellow, Green, Green, Grace]),
            [
                (Some(Red), Send),
                (Some(Red), Nothing),
                (Some(Red), Nothing),
                (Some(Red), Nothing),
                (Some(Yellow), Send),
                (None, Close),
                (None, Nothing),
            ]
        );
    }

    #[test]
    fn each_level_has_a_week_of_its_own_and_green_forgets() {
        let told = |levels: &[(u32, Level)]| -> Vec<(Level, usize)> {
            let evaluations: Vec<_> = levels
                .iter()
                .map(|(day, level)| Evaluation {
                    on: NaiveDate::from_ymd_opt(2025, 1, *day).unwrap(),
                    components: vec![Grace, *level],
                    confidence_event: false,
                })
                .collect();
            let told = follow(&evaluations, &RiskSettings::default()).unwrap();
            told.into_iter().map(|it| (it.level, it.recipients.len())).collect()
        };
        assert_eq!(
            told(&[(1, Yellow), (2, Orange), (3, Yellow), (4, Yellow), (8, Yellow)]),
            [(Yellow, 1), (Orange, 2), (Orange, 0), (Yellow, 0), (Yellow, 1)]
        );
        assert_eq!(
            told(&[(1, Yellow), (2, Info), (3, Info), (4, Yellow)]),
            [(Yellow, 1), (Yellow, 0), (Green, 0), (Yellow, 1)]
        );
    }

    #[test]
    fn evaluations_come_in_order_and_have_components() {
        let on = |day| NaiveDate::from_ymd_opt(2025, 1, day).unwrap();
        let at = |day, components: &[Level]| Evaluation {
            on: on(day),
            components: components.to_vec(),
            confidence_event: true,
        };
        let code = |evaluations: &[Evaluation]| {
            follow(evaluations, &RiskSettings::default()).unwrap_err().code
        };
        assert_eq!(code(&[]), Code::EmptyInput);
        assert_eq!(code(&[at(1, &[])]), Code::EmptyInput);
        assert_eq!(code(&[at(2, &[Green]), at(1, &[Green])]), Code::DateInvalid);
        let told = follow(&[at(1, &[Green])], &RiskSettings::default()).unwrap();
        assert_eq!(told[0].level, Yellow);
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
            Warning::opened(Yellow).acknowledge(Acknowledgement { reason, action })
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
