//! What can be done to a goal in its state, and in that of its cycle.

use super::{Goal, GoalKind};
use crate::state::goal::{Event, State};
use crate::state::{Moving, cycle};
use crate::text_enum;

text_enum! {
    /// What can be done to a goal, named as it is asked for.
    pub enum GoalAction {
        /// Change the draft.
        Update = "update",
        /// Throw the draft away.
        Deletion = "deletion",
        /// Sign as the owner and hand in.
        Submission = "submission",
        /// Ask for another draft.
        Return = "return",
        /// Sign as the manager.
        Approval = "approval",
        /// Ask for a change of what both signed.
        Change = "change",
        /// Report progress.
        CheckIn = "check_in",
        /// Report an actual value.
        Measurement = "measurement",
        /// Report that it is complete, or confirm that.
        Completion = "completion",
        /// Give it up, or agree to that.
        Cancellation = "cancellation",
    }
}

impl GoalAction {
    /// Whether it brings data.
    fn reports(self) -> bool {
        matches!(self, GoalAction::CheckIn | GoalAction::Measurement)
    }

    /// Whether a cycle in a state lets it be done: goals are begun and signed until evaluation opens;
    /// data may come in, and what was agreed may be changed, until results are confirmed.
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

    /// What its state, that of the cycle and that of the owner's review let be done. What counts
    /// towards a rating that is in has been scored, and waits until that is taken up again.
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
