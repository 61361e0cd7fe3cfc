//! A goal (目标) of one owner in one cycle: an objective with key results, or an indicator.
//!
//! [`crate::state::goal`] says how a goal moves from state to state. This module says what a goal
//! holds and what is wrong with it. Every revision of the content that both sides signed is kept
//! (R25).

mod actions;
mod alignment;
mod checks;
mod content;
#[cfg(test)]
mod examples;
mod progress;
mod so_far;
mod withdrawal;

use crate::core::calendar::Period;
use crate::core::change::Versioned;
use crate::core::id::{
    AccountId, CheckInId, CycleId, EmployeeId, GoalChangeId, GoalId, KeyResultId, MeasurementId,
    PolicyId, ReviewId,
};
use crate::core::number::Exact;
use crate::core::time::Timestamp;
use crate::cycles::dropped_dimension::DroppedDimension;
use crate::cycles::performance_policy::PolicyRules;
use crate::cycles::weight_adjustment::DepartmentWeights;
use crate::policy::{Protected, Target};
use crate::scoring::settings::Settings;
use crate::state::goal::{Event, State};
use crate::state::{self, Moving, cycle, review};
use crate::text_enum;
pub use actions::GoalAction;
pub use alignment::Alignment;
pub use checks::*;
use chrono::NaiveDate;
pub use content::*;
pub use progress::Misreport;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
pub use so_far::{PresentKeyResult, ReportedSoFar};
pub use withdrawal::{Report, ReportAction, Reported, Withdrawal, target_of};

/// A goal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Goal {
    /// Id of the goal.
    pub id: GoalId,
    /// Id of the cycle.
    pub cycle_id: CycleId,
    /// The employee who is to achieve the goal.
    pub owner_id: EmployeeId,
    /// The manager who is responsible for the owner's review in this cycle.
    pub manager_id: Option<EmployeeId>,
    /// Level in the organisation.
    pub level: GoalLevel,
    /// The goal above, of which this goal takes over a part (承接).
    pub parent_id: Option<GoalId>,
    /// State of the goal.
    pub state: State,
    /// Number of the revision that is in force, from 1.
    pub revision: i32,
    /// Content: objective or indicator, title, weight and period.
    pub content: GoalContent,
    /// Progress from 0 to 1, 4 places; `None` until a value is reported.
    pub progress: Option<Decimal>,
    /// Confidence at the last check-in, 1 to 10.
    pub confidence: Option<i32>,
    /// When the last check-in was made.
    pub checked_in_at: Option<Timestamp>,
    /// Score with 2 places; `None` until the goal is scored.
    pub score: Option<Decimal>,
    /// State before scoring; the goal returns to it when the rating is reopened.
    pub scored_from: Option<State>,
    /// Why the manager returned the draft; `None` again once it is handed in.
    pub return_reason: Option<String>,
    /// State of the cycle: it limits when goals can be written and changed.
    pub cycle_state: cycle::State,
    /// State of the owner's review, if there is one; once the result is final, nothing changes any
    /// more.
    pub review_state: Option<review::State>,
    /// The owner's review, if there is one.
    pub review_id: Option<ReviewId>,
    /// The first of two signatures, while the second is missing.
    pub first_signature: Option<FirstSignature>,
    /// Version of the record, from 1: counts its changes.
    pub version: i32,
    /// When the record was created.
    pub created_at: Timestamp,
    /// When the record was last changed.
    pub updated_at: Timestamp,
    /// When the draft was deleted.
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

/// The first of the two signatures that complete or cancel a goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirstSignature {
    /// What is signed: [`Event::Complete`] or [`Event::Cancel`].
    pub event: Event,
    /// The seat from which it was signed.
    pub seat: state::Seat,
    /// Account that signed.
    pub account_id: AccountId,
    /// When it was signed.
    pub at: Timestamp,
}

impl Goal {
    /// Whether the owner's result is final.
    pub fn result_is_final(&self) -> bool {
        self.review_state.is_some_and(review::State::is_finalised)
    }

    /// Gives the goal another content on which both sides agree.
    pub fn revise(&mut self, content: GoalContent) {
        self.content = content;
        self.revision += 1;
        self.first_signature = None;
    }

    /// Whether the goal was cancelled or deleted.
    pub fn is_archived(&self) -> bool {
        self.state == State::Cancelled || self.deleted_at.is_some()
    }
}

/// The rules of a cycle for the goals of one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoalFrame {
    /// State of the cycle.
    pub cycle_state: cycle::State,
    /// The period that is evaluated.
    pub period: Period,
    /// Id of the policy version.
    pub policy_id: PolicyId,
    /// Content of the policy version.
    pub rules: PolicyRules,
    /// Settings of the policy version.
    pub settings: Settings,
    /// Dimensions to be left out of results, proposed or approved.
    pub dropped: Vec<DroppedDimension>,
    /// Weights of departments that are in effect.
    pub department_weights: Vec<DepartmentWeights>,
    /// Whether the person takes part in the cycle.
    pub participates: bool,
    /// The manager who is responsible for the person's review.
    pub manager_id: Option<EmployeeId>,
}

impl GoalFrame {
    /// Whether goals may be created.
    pub fn is_open_to_drafts(&self) -> bool {
        self.cycle_state == cycle::State::GoalSetting
    }

    /// Whether more than half of the period has passed: from then on HR decides on changes.
    pub fn is_past_middle(&self, today: NaiveDate) -> bool {
        self.period.elapsed(today) * 2 > self.period.days()
    }
}

/// The content of a goal that was in force from a day on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoalRevision {
    /// Id of the goal.
    pub goal_id: GoalId,
    /// Number of the revision, from 1.
    pub revision: i32,
    /// Content of this revision.
    pub content: GoalContent,
    /// First day on which this revision counts.
    pub effective_from: NaiveDate,
    /// Account that signed for the manager.
    pub approved_by: AccountId,
    /// When the manager signed.
    pub approved_at: Timestamp,
}

text_enum! {
    /// State of a request to change a goal.
    pub enum GoalChangeState {
        /// Waits for a decision.
        Pending = "pending",
        /// Approved: its content is the next revision.
        Approved = "approved",
        /// Rejected: the goal stays as it is.
        Rejected = "rejected",
        /// Lapsed: the results were confirmed before anybody decided, so the goal stays as it is.
        Lapsed = "lapsed",
    }
}

text_enum! {
    /// What can be done to a request to change a goal.
    pub enum GoalChangeAction {
        /// Approve it: its content becomes the next revision.
        Approval = "approval",
        /// Reject it: the goal stays as it is.
        Rejection = "rejection",
    }
}

/// A request to change an active goal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoalChange {
    /// Id of the request.
    pub id: GoalChangeId,
    /// Id of the goal.
    pub goal_id: GoalId,
    /// State of the request.
    pub state: GoalChangeState,
    /// Requested content of the goal.
    pub content: GoalContent,
    /// Why the change is requested.
    pub reason: String,
    /// Evidence that the change is needed; at least one item.
    pub evidence: Vec<String>,
    /// First day on which the new content is to count.
    pub effective_from: NaiveDate,
    /// Account that made the request.
    pub requested_by: AccountId,
    /// Account that decided; `None` until then.
    pub decided_by: Option<AccountId>,
    /// Why it was decided this way.
    pub decision_reason: Option<String>,
    /// When the request was made.
    pub created_at: Timestamp,
    /// When it was decided.
    pub decided_at: Option<Timestamp>,
    /// The goal, which decides who may see the request.
    pub goal: Goal,
}

impl Versioned for GoalChange {
    /// Only the decision raises it.
    fn version(&self) -> i32 {
        if self.decided_at.is_none() { 1 } else { 2 }
    }
}

impl Moving for GoalChange {
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

    /// Whether the request is pending and the cycle still allows a decision.
    fn lets(&self, action: GoalChangeAction) -> bool {
        self.state == GoalChangeState::Pending
            && self.goal.cycle_state.is_under_way()
            && self.is_in_table(action)
    }
}

impl Protected for GoalChange {
    fn target(&self, today: NaiveDate) -> Target {
        Target { id: self.id.uuid(), ..self.goal.target(today) }
    }
}

/// What a check-in reports about one key result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyResultReport {
    /// Id of the key result.
    pub key_result_id: KeyResultId,
    /// Latest value of a metric, or of a level to maintain.
    pub value: Option<Exact>,
    /// Whether a yes-or-no key result is done.
    pub done: Option<bool>,
    /// Positions of the completed steps of a milestone key result, from 0.
    pub steps_done: Option<Vec<usize>>,
}

/// A report on the progress of a goal (R39).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckIn {
    /// Id of the check-in.
    pub id: CheckInId,
    /// Id of the goal.
    pub goal_id: GoalId,
    /// Account that reports.
    pub author_id: AccountId,
    /// One report per key result.
    pub reports: Vec<KeyResultReport>,
    /// Confidence 1 to 10 (C.5).
    pub confidence: i32,
    /// What blocks progress.
    pub blockers: Option<String>,
    /// Any further remarks.
    pub comment: Option<String>,
    /// Progress of the goal after this check-in, from 0 to 1.
    pub progress: Option<Decimal>,
    /// When the check-in was made.
    pub created_at: Timestamp,
    /// Set if the check-in was withdrawn: it no longer counts.
    pub withdrawal: Option<Withdrawal>,
}

/// An actual value of an indicator for one period (R48). A correction is a new revision with the
/// same period, source and external id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measurement {
    /// Id of the measurement.
    pub id: MeasurementId,
    /// Id of the goal, which is an indicator.
    pub goal_id: GoalId,
    /// First day of the measured period.
    pub period_start: NaiveDate,
    /// Name of the source of the value.
    pub source: String,
    /// Key of the value in that source.
    pub external_id: String,
    /// Number of the revision, from 1; the last revision that was not withdrawn counts.
    pub revision: i32,
    /// The measured value, in the unit of the indicator.
    pub value: Exact,
    /// Id of the account or key that reported it.
    pub author_id: uuid::Uuid,
    /// When it was reported.
    pub created_at: Timestamp,
    /// Set if the measurement was withdrawn: it no longer counts.
    pub withdrawal: Option<Withdrawal>,
}
