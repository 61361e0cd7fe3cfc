//! Withdrawals: a report made by mistake is withdrawn with a reason. It stays on record but no
//! longer counts.

use super::{CheckIn, Goal, Measurement};
use crate::core::time::Timestamp;
use crate::policy::{Protected, Target};
use crate::state::goal::State;
use crate::text_enum;
use chrono::NaiveDate;
use uuid::Uuid;

/// The withdrawal of a check-in or measurement, which no longer counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withdrawal {
    /// When it was withdrawn.
    pub at: Timestamp,
    /// Id of the account or key that withdrew it.
    pub by: Uuid,
    /// Why it was withdrawn.
    pub reason: String,
}

text_enum! {
    /// What can be done to a check-in or a measurement.
    pub enum ReportAction {
        /// Withdraw it, with a reason.
        Withdrawal = "withdrawal",
    }
}

/// A report on a goal: a check-in or a measurement.
pub trait Report {
    /// Id of the report.
    fn id(&self) -> Uuid;
    /// Id of the account or key that reported it.
    fn author(&self) -> Uuid;
    /// The withdrawal, if the report was withdrawn.
    fn withdrawal(&self) -> Option<&Withdrawal>;

    /// Version of the record, from 1: only the withdrawal raises it.
    fn version(&self) -> i32 {
        if self.withdrawal().is_none() { 1 } else { 2 }
    }
}

impl Report for CheckIn {
    fn id(&self) -> Uuid {
        self.id.uuid()
    }

    fn author(&self) -> Uuid {
        self.author_id.uuid()
    }

    fn withdrawal(&self) -> Option<&Withdrawal> {
        self.withdrawal.as_ref()
    }
}

impl Report for Measurement {
    fn id(&self) -> Uuid {
        self.id.uuid()
    }

    fn author(&self) -> Uuid {
        self.author_id
    }

    fn withdrawal(&self) -> Option<&Withdrawal> {
        self.withdrawal.as_ref()
    }
}

/// A report with the goal it concerns; the goal decides who may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reported<R> {
    /// The goal on which it reports.
    pub goal: Goal,
    /// The check-in or measurement.
    pub report: R,
}

impl<R: Report> Protected for Reported<R> {
    fn target(&self, today: NaiveDate) -> Target {
        target_of(&self.report, &self.goal.target(today))
    }
}

/// The target of a report on a goal that stands to the caller as `goal` says.
pub fn target_of(report: &impl Report, goal: &Target) -> Target {
    Target { id: report.id(), author: Some(report.author()), ..*goal }
}

impl Goal {
    /// Whether reports on the goal may be withdrawn: while the goal is active or completed, until
    /// it is scored and as long as the cycle is under way.
    pub fn takes_withdrawals(&self) -> bool {
        matches!(self.state, State::Active | State::ChangePending | State::Completed)
            && self.cycle_state.is_under_way()
            && self.score.is_none()
            && !self.result_is_final()
    }
}
