//! A goal (目标) of one owner in one cycle: an objective with key results, or an indicator.
//!
//! How it moves is told by [`crate::state::goal`]; here is what it holds and what speaks against
//! it. The content that both sides signed is kept revision by revision (R25).

mod actions;
mod checks;
mod content;
#[cfg(test)]
mod examples;
mod progress;
mod sight;
mod so_far;
mod withdrawal;

use crate::core::calendar::Period;
use crate::core::id::{
    AccountId, CheckInId, CycleId, EmployeeId, GoalChangeId, GoalId, KeyResultId, MeasurementId,
    PolicyId, ReviewId,
};
use crate::core::number::Exact;
use crate::core::time::Timestamp;
use crate::cycles::dropped_dimension::DroppedDimension;
use crate::cycles::performance_policy::PolicyRules;
use crate::policy::{Protected, Target};
use crate::scoring::settings::Settings;
use crate::state::goal::{Event, State};
use crate::state::{self, Moving, cycle, review};
use crate::text_enum;
pub use actions::GoalAction;
pub use checks::*;
use chrono::NaiveDate;
pub use content::*;
pub use progress::Misreport;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
pub use sight::Alignment;
pub use so_far::ReportedSoFar;
pub use withdrawal::{Report, Reported, Withdrawal};

/// A goal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Goal {
    /// Its id.
    pub id: GoalId,
    /// The cycle.
    pub cycle_id: CycleId,
    /// Whose goal it is.
    pub owner_id: EmployeeId,
    /// Who answers for the owner's review: the responsible manager of the participant.
    pub manager_id: Option<EmployeeId>,
    /// Height in the organisation.
    pub level: GoalLevel,
    /// The goal it takes over a part of (承接).
    pub parent_id: Option<GoalId>,
    /// Where it is.
    pub state: State,
    /// Number of the content that is in force, from 1.
    pub revision: i32,
    /// What it says.
    pub content: GoalContent,
    /// Progress 0..1, 4 places; none while no value was recorded.
    pub progress: Option<Decimal>,
    /// Confidence at the last check-in, 1 to 10.
    pub confidence: Option<i32>,
    /// When somebody last checked in.
    pub checked_in_at: Option<Timestamp>,
    /// Score, 2 places, once scored.
    pub score: Option<Decimal>,
    /// Where it was when it was scored, and goes back to when the rating is taken up again.
    pub scored_from: Option<State>,
    /// Why the manager asked for another draft; none once it is handed in again.
    pub return_reason: Option<String>,
    /// Where the cycle is: goals are written and changed in some of its states only.
    pub cycle_state: cycle::State,
    /// Where the review of its owner is, once there is one: with that, nothing is changed any more.
    pub review_state: Option<review::State>,
    /// The review of its owner, once there is one.
    pub review_id: Option<ReviewId>,
    /// A signature that waits for the second one.
    pub first_signature: Option<FirstSignature>,
    /// Counts changes, from 1.
    pub version: i32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When the draft was thrown away.
    pub deleted_at: Option<Timestamp>,
}

impl Protected for Goal {
    fn target(&self, _: NaiveDate) -> Target {
        Target {
            id: self.id.uuid(),
            about: Some(self.owner_id),
            responsible: self.manager_id,
            ..Target::default()
        }
    }
}

/// The first of the two signatures that completing a goal, or giving it up, needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirstSignature {
    /// What is signed: [`Event::Complete`] or [`Event::Cancel`].
    pub event: Event,
    /// From which seat.
    pub seat: state::Seat,
    /// Who signed.
    pub account_id: AccountId,
    /// When.
    pub at: Timestamp,
}

impl Goal {
    /// Whether the result of its owner has been finalised.
    pub fn result_is_final(&self) -> bool {
        self.review_state.is_some_and(review::State::is_finalised)
    }

    /// Whether it was given up or thrown away.
    pub fn is_archived(&self) -> bool {
        self.state == State::Cancelled || self.deleted_at.is_some()
    }
}

/// What a cycle says about the goals of one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoalFrame {
    /// Where the cycle is.
    pub cycle_state: cycle::State,
    /// The days that are evaluated.
    pub period: Period,
    /// The policy version.
    pub policy_id: PolicyId,
    /// What it says.
    pub rules: PolicyRules,
    /// Its settings.
    pub settings: Settings,
    /// The dimensions that are to be left out of results, or are.
    pub dropped: Vec<DroppedDimension>,
    /// Whether the person takes part in the cycle.
    pub participates: bool,
    /// Who answers for the person's review.
    pub manager_id: Option<EmployeeId>,
}

impl GoalFrame {
    /// Whether goals may be begun.
    pub fn is_open_to_drafts(&self) -> bool {
        self.cycle_state == cycle::State::GoalSetting
    }

    /// Whether the middle of the cycle has passed: changes are then for HR to decide.
    pub fn is_past_middle(&self, today: NaiveDate) -> bool {
        self.period.elapsed(today) * 2 > self.period.days()
    }
}

/// The content of a goal as it was in force from a day on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoalRevision {
    /// The goal.
    pub goal_id: GoalId,
    /// Its number, from 1.
    pub revision: i32,
    /// What it said.
    pub content: GoalContent,
    /// First day on which it counts.
    pub effective_from: NaiveDate,
    /// Who signed for the manager.
    pub approved_by: AccountId,
    /// When.
    pub approved_at: Timestamp,
}

text_enum! {
    /// What became of a request for a change.
    pub enum GoalChangeState {
        /// Waits for a decision.
        Pending = "pending",
        /// Is the next revision.
        Approved = "approved",
        /// The goal stays as it is.
        Rejected = "rejected",
        /// The results were confirmed before anybody decided: the goal stays as it is.
        Lapsed = "lapsed",
    }
}

text_enum! {
    /// What can be done to a request for a change.
    pub enum GoalChangeAction {
        /// Make it the next revision.
        Approval = "approval",
        /// Leave the goal as it is.
        Rejection = "rejection",
    }
}

/// A request to change an active goal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoalChange {
    /// Its id.
    pub id: GoalChangeId,
    /// The goal.
    pub goal_id: GoalId,
    /// What became of it.
    pub state: GoalChangeState,
    /// What the goal shall say.
    pub content: GoalContent,
    /// Why.
    pub reason: String,
    /// What shows that it is needed; at least one.
    pub evidence: Vec<String>,
    /// First day on which it shall count.
    pub effective_from: NaiveDate,
    /// Who asked.
    pub requested_by: AccountId,
    /// Who decided.
    pub decided_by: Option<AccountId>,
    /// Why it was decided so.
    pub decision_reason: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it was decided.
    pub decided_at: Option<Timestamp>,
}

impl GoalChange {
    /// Counts changes, from 1: nothing but the decision changes it.
    pub fn version(&self) -> i32 {
        if self.decided_at.is_none() { 1 } else { 2 }
    }
}

/// A request together with the goal it is about, which settles who may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestedChange {
    /// The goal.
    pub goal: Goal,
    /// The request.
    pub change: GoalChange,
}

impl RequestedChange {
    /// Whether the state of the request and that of the cycle let it be decided.
    pub fn is_open(&self) -> bool {
        self.change.state == GoalChangeState::Pending && self.goal.cycle_state.is_under_way()
    }

    /// Whether a weight changes, which is for HR to decide.
    pub fn changes_weight(&self) -> bool {
        self.change.content.weight != self.goal.content.weight
    }
}

impl Moving for RequestedChange {
    type State = State;
    type Verb = GoalChangeAction;

    fn state(&self) -> State {
        self.goal.state
    }

    fn events(action: GoalChangeAction) -> &'static [Event] {
        match action {
            GoalChangeAction::Approval => &[Event::ApproveChange],
            GoalChangeAction::Rejection => &[Event::RejectChange],
        }
    }

    fn lets(&self, action: GoalChangeAction) -> bool {
        self.is_open() && self.is_in_table(action)
    }
}

impl Protected for RequestedChange {
    fn target(&self, today: NaiveDate) -> Target {
        Target { id: self.change.id.uuid(), ..self.goal.target(today) }
    }
}

/// What a check-in reports of one key result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyResultReport {
    /// The key result.
    pub key_result_id: KeyResultId,
    /// Latest value of a metric or a level to keep.
    pub value: Option<Exact>,
    /// Whether something that is done or not is done.
    pub done: Option<bool>,
    /// Numbers of the steps that are completed, from 0.
    pub steps_done: Option<Vec<usize>>,
}

/// A report on the progress of a goal (R39).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckIn {
    /// Its id.
    pub id: CheckInId,
    /// The goal.
    pub goal_id: GoalId,
    /// Who reports.
    pub author_id: AccountId,
    /// What is reported of the key results.
    pub reports: Vec<KeyResultReport>,
    /// Confidence 1 to 10 (C.5).
    pub confidence: i32,
    /// What stands in the way.
    pub blockers: Option<String>,
    /// What else is to be said.
    pub comment: Option<String>,
    /// Progress of the goal after it.
    pub progress: Option<Decimal>,
    /// When.
    pub created_at: Timestamp,
    /// That it counts no more.
    pub withdrawal: Option<Withdrawal>,
}

/// An actual value of an indicator for one period (R48). A correction is a new revision under the
/// same period, source and external id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measurement {
    /// Its id.
    pub id: MeasurementId,
    /// The indicator.
    pub goal_id: GoalId,
    /// First day of the period that was measured.
    pub period_start: NaiveDate,
    /// Where it comes from.
    pub source: String,
    /// Its key there.
    pub external_id: String,
    /// Number of the revision, from 1; the last one counts.
    pub revision: i32,
    /// The value.
    pub value: Exact,
    /// Who reported it: an account or a key.
    pub author_id: uuid::Uuid,
    /// When.
    pub created_at: Timestamp,
    /// That it counts no more.
    pub withdrawal: Option<Withdrawal>,
}
