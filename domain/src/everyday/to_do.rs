//! To-dos: what a person has to do, and by when (待办).
//!
//! To-dos are not stored. They are derived from the states of cycles, goals, reviews and sessions,
//! so a to-do disappears as soon as its work is done.

use crate::core::id::{CycleId, EmployeeId};
use crate::cycles::cycle::Schedule;
use crate::goals::goal::{Frequency, GoalContent, GoalKind};
use crate::state::cycle::State;
use crate::text_enum;
use chrono::{Days, NaiveDate};
use uuid::Uuid;

text_enum! {
    /// What a person has to do.
    pub enum ToDoKind {
        /// Write one's goals and hand them in.
        SubmitGoals = "submit_goals",
        /// Approve or return a goal.
        ApproveGoal = "approve_goal",
        /// Decide on the change of a goal.
        DecideGoalChange = "decide_goal_change",
        /// Report on a goal.
        CheckIn = "check_in",
        /// Write and hand in one's self-review.
        SubmitSelfReview = "submit_self_review",
        /// Rate somebody and hand the rating in.
        SubmitManagerReview = "submit_manager_review",
        /// Confirm or return a rating as the second reviewer.
        ConfirmRating = "confirm_rating",
        /// Take part in a calibration session.
        Calibrate = "calibrate",
        /// Approve or reject a move of a grade.
        DecideMove = "decide_move",
        /// Acknowledge a result, or disagree with it.
        AcknowledgeResult = "acknowledge_result",
        /// Hand over the duties of somebody who has left or will leave.
        HandOver = "hand_over",
        /// Launch a cycle.
        LaunchCycle = "launch_cycle",
        /// Begin the execution of a cycle.
        StartCycle = "start_cycle",
        /// Open the evaluation of a cycle.
        OpenEvaluation = "open_evaluation",
        /// Open the calibration of a cycle.
        OpenCalibration = "open_calibration",
        /// Confirm the results of a cycle.
        ConfirmCycle = "confirm_cycle",
        /// Approve the publication of the results of a cycle.
        ReleaseCycle = "release_cycle",
    }
}

text_enum! {
    /// The kind of record on which a to-do is done.
    pub enum ToDoResource {
        /// A cycle.
        Cycle = "cycle",
        /// An employee.
        Employee = "employee",
        /// A participant.
        Participant = "participant",
        /// A goal.
        Goal = "goal",
        /// A request to change a goal.
        GoalChange = "goal_change",
        /// A review.
        Review = "review",
        /// A calibration session.
        CalibrationSession = "calibration_session",
        /// A move of a grade.
        Move = "move",
    }
}

impl ToDoKind {
    /// The kind of record on which this kind of to-do is done.
    pub const fn resource(self) -> ToDoResource {
        match self {
            ToDoKind::SubmitGoals => ToDoResource::Participant,
            ToDoKind::ApproveGoal | ToDoKind::CheckIn => ToDoResource::Goal,
            ToDoKind::DecideGoalChange => ToDoResource::GoalChange,
            ToDoKind::SubmitSelfReview
            | ToDoKind::SubmitManagerReview
            | ToDoKind::ConfirmRating
            | ToDoKind::AcknowledgeResult => ToDoResource::Review,
            ToDoKind::Calibrate => ToDoResource::CalibrationSession,
            ToDoKind::DecideMove => ToDoResource::Move,
            ToDoKind::HandOver => ToDoResource::Employee,
            ToDoKind::LaunchCycle
            | ToDoKind::StartCycle
            | ToDoKind::OpenEvaluation
            | ToDoKind::OpenCalibration
            | ToDoKind::ConfirmCycle
            | ToDoKind::ReleaseCycle => ToDoResource::Cycle,
        }
    }

    /// The day of the cycle's schedule by which the to-do is due; `None` where something else sets
    /// the day.
    pub const fn due_by(self, schedule: &Schedule) -> Option<NaiveDate> {
        match self {
            ToDoKind::LaunchCycle => Some(schedule.goal_setting),
            ToDoKind::SubmitGoals | ToDoKind::ApproveGoal | ToDoKind::StartCycle => {
                Some(schedule.execution)
            }
            ToDoKind::OpenEvaluation => Some(schedule.evaluation),
            ToDoKind::SubmitSelfReview => Some(schedule.self_review_due),
            ToDoKind::SubmitManagerReview => Some(schedule.manager_review_due),
            ToDoKind::ConfirmRating | ToDoKind::OpenCalibration => Some(schedule.calibration),
            ToDoKind::Calibrate
            | ToDoKind::DecideMove
            | ToDoKind::ConfirmCycle
            | ToDoKind::ReleaseCycle => Some(schedule.publication),
            ToDoKind::DecideGoalChange
            | ToDoKind::CheckIn
            | ToDoKind::AcknowledgeResult
            | ToDoKind::HandOver => None,
        }
    }
}

/// The to-do for the next step of a cycle; it concerns whoever runs the cycle.
pub const fn next_step(state: State) -> Option<ToDoKind> {
    match state {
        State::Draft => Some(ToDoKind::LaunchCycle),
        State::GoalSetting => Some(ToDoKind::StartCycle),
        State::Executing => Some(ToDoKind::OpenEvaluation),
        State::Evaluating => Some(ToDoKind::OpenCalibration),
        State::Calibrating => Some(ToDoKind::ConfirmCycle),
        State::Confirmed => Some(ToDoKind::ReleaseCycle),
        State::Published | State::Closed | State::Archived | State::Cancelled => None,
    }
}

/// A piece of work that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToDo {
    /// What the person has to do.
    pub kind: ToDoKind,
    /// The day by which it is due; `None` if nothing sets a day.
    pub due_on: Option<NaiveDate>,
    /// The cycle to which it belongs, if any.
    pub cycle_id: Option<CycleId>,
    /// Id of the record on which it is done.
    pub resource_id: Uuid,
    /// Title of the goal that it is about, if it is about one.
    pub title: Option<String>,
    /// Id and name of the employee whom it concerns, if that is somebody else.
    pub about: Option<(EmployeeId, String)>,
}

impl ToDo {
    /// Sort key of lists: by due day, those without a day last, then by kind and record.
    pub fn order(&self) -> (bool, Option<NaiveDate>, ToDoKind, Uuid) {
        (self.due_on.is_none(), self.due_on, self.kind, self.resource_id)
    }

    /// Whether the due day has passed.
    pub fn is_overdue(&self, today: NaiveDate) -> bool {
        self.due_on.is_some_and(|due| due < today)
    }
}

/// The day by which the next check-in on a goal is due (G.4). Objectives have a cadence of their
/// own, the cadence of an indicator follows from how often its data come; `None` for an indicator
/// whose data come once or never.
pub fn check_in_due(
    content: &GoalContent,
    last: NaiveDate,
    okr_cadence_days: u32,
) -> Option<NaiveDate> {
    let days = match &content.kind {
        GoalKind::Objective { .. } => okr_cadence_days,
        GoalKind::Indicator(indicator) => match indicator.frequency? {
            Frequency::Weekly => 7,
            Frequency::Monthly => 31,
            Frequency::Quarterly => 92,
            Frequency::Once => return None,
        },
    };
    last.checked_add_days(Days::new(days.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to_do(kind: ToDoKind, due_on: Option<&str>) -> ToDo {
        ToDo {
            kind,
            due_on: due_on.map(|day| day.parse().unwrap()),
            cycle_id: None,
            resource_id: Uuid::nil(),
            title: None,
            about: None,
        }
    }

    #[test]
    fn what_has_no_day_comes_last() {
        let mut all = [
            to_do(ToDoKind::AcknowledgeResult, None),
            to_do(ToDoKind::SubmitSelfReview, Some("2026-07-10")),
            to_do(ToDoKind::CheckIn, Some("2026-03-01")),
            to_do(ToDoKind::ApproveGoal, Some("2026-07-10")),
        ];
        all.sort_by_key(ToDo::order);
        let kinds = all.map(|to_do| to_do.kind);
        assert_eq!(
            kinds,
            [
                ToDoKind::CheckIn,
                ToDoKind::ApproveGoal,
                ToDoKind::SubmitSelfReview,
                ToDoKind::AcknowledgeResult
            ]
        );
    }

    #[test]
    fn a_to_do_is_overdue_on_the_day_after() {
        let to_do = to_do(ToDoKind::CheckIn, Some("2026-03-01"));
        assert!(!to_do.is_overdue("2026-03-01".parse().unwrap()));
        assert!(to_do.is_overdue("2026-03-02".parse().unwrap()));
    }
}
