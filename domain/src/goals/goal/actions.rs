//! What can be done to a goal, given its state and the state of its cycle.

use super::{Goal, GoalKind};
use crate::state::goal::{Event, State};
use crate::state::{Moving, cycle};
use crate::text_enum;

text_enum! {
    /// What can be done to a goal; paths of the API use these names.
    pub enum GoalAction {
        /// Change the draft.
        Update = "update",
        /// Delete the draft.
        Deletion = "deletion",
        /// Sign as the owner and hand the goal in.
        Submission = "submission",
        /// Return the goal to the owner for another draft.
        Return = "return",
        /// Sign as the manager.
        Approval = "approval",
        /// Request a change of the content that both sides signed.
        Change = "change",
        /// Report progress.
        CheckIn = "check_in",
        /// Report an actual value.
        Measurement = "measurement",
        /// Report that the goal is complete, or confirm it.
        Completion = "completion",
        /// Cancel the goal, or agree to cancel it.
        Cancellation = "cancellation",
    }
}

impl GoalAction {
    /// Whether the action reports data: a check-in or a measurement.
    fn reports(self) -> bool {
        matches!(self, GoalAction::CheckIn | GoalAction::Measurement)
    }

    /// Whether the action is possible while the cycle is in this state. Goals are created and
    /// signed until evaluation opens. Data are reported, and changes requested, until results are
    /// confirmed.
    fn is_open_in(self, cycle: cycle::State) -> bool {
        use cycle::State::{Executing, GoalSetting};
        match self {
            GoalAction::Change | GoalAction::CheckIn | GoalAction::Measurement => {
                cycle.is_under_way()
            }
            _ => matches!(cycle, GoalSetting | Executing),
        }
    }
}

impl Moving for Goal {
    type State = State;
    type Verb = GoalAction;

    fn state(&self) -> State {
        self.state
    }

    fn events(action: GoalAction) -> &'static [Event] {
        match action {
            GoalAction::Submission => &[Event::Submit],
            GoalAction::Return => &[Event::Return],
            GoalAction::Approval => &[Event::Approve],
            GoalAction::Change => &[Event::RequestChange],
            GoalAction::Completion => &[Event::Complete],
            GoalAction::Cancellation => &[Event::Cancel],
            GoalAction::Update
            | GoalAction::Deletion
            | GoalAction::CheckIn
            | GoalAction::Measurement => &[],
        }
    }

    /// Whether the states of goal, cycle and owner's review allow an action. Once a goal has a
    /// score, data are refused until the rating is reopened.
    fn lets(&self, action: GoalAction) -> bool {
        let in_state = match action {
            GoalAction::Update | GoalAction::Deletion => self.state == State::Draft,
            data if data.reports() && self.score.is_some() => false,
            GoalAction::CheckIn => matches!(self.state, State::Active | State::ChangePending),
            GoalAction::Measurement => {
                matches!(self.content.kind, GoalKind::Indicator(_))
                    && matches!(self.state, State::Active | State::ChangePending | State::Completed)
            }
            step => self.is_in_table(step),
        };
        in_state
            && action.is_open_in(self.cycle_state)
            && !self.result_is_final()
            && self.deleted_at.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::super::GoalLevel::Person;
    use super::super::examples::{goal, indicator, objective};
    use super::*;
    use crate::scoring::kpi::Method;
    use crate::state::review;

    #[test]
    fn state_and_cycle_decide_what_can_be_done() {
        use GoalAction::{
            Cancellation, Change, CheckIn, Completion, Deletion, Measurement, Submission, Update,
        };
        use cycle::State::{Calibrating, Evaluating, Executing, GoalSetting};
        let possible = |state, cycle_state, content| -> Vec<GoalAction> {
            let goal = Goal { state, cycle_state, ..goal(1, Person, None, content) };
            goal.possible_actions().collect()
        };
        let measured = || indicator(Method::Rating);
        let active = [Change, CheckIn, Measurement, Completion, Cancellation];
        for cycle in [GoalSetting, Executing] {
            let draft = possible(State::Draft, cycle, measured());
            assert_eq!(draft, [Update, Deletion, Submission]);
            assert_eq!(possible(State::Active, cycle, measured()), active);
        }
        let late = possible(State::Active, Evaluating, measured());
        assert_eq!(late, [Change, CheckIn, Measurement]);
        assert_eq!(possible(State::Active, Evaluating, objective(Vec::new())), [Change, CheckIn]);
        assert_eq!(possible(State::Completed, Evaluating, measured()), [Measurement]);
        assert_eq!(possible(State::Draft, Calibrating, measured()), []);
        assert_eq!(possible(State::Active, Calibrating, measured()), late);
        assert_eq!(possible(State::Scored, Calibrating, measured()), []);
        let settled = Goal {
            state: State::Active,
            cycle_state: Calibrating,
            review_state: Some(review::State::Calibrated),
            ..goal(1, Person, None, measured())
        };
        assert_eq!(settled.possible_actions().count(), 0);
        assert_eq!(possible(State::Locked, Executing, measured()), []);
    }
}
