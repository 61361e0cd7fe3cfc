//! What was reported by mistake is withdrawn, with a reason: it stays on record and counts no more.

use super::{CheckIn, Goal, Measurement};
use crate::core::time::Timestamp;
use crate::policy::{Protected, Target};
use crate::state::goal::State;
use chrono::NaiveDate;
use uuid::Uuid;

/// That something reported counts no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withdrawal {
    /// When it was withdrawn.
    pub at: Timestamp,
    /// Who withdrew it: an account or a key.
    pub by: Uuid,
    /// Why.
    pub reason: String,
}

/// A check-in or a measurement.
pub trait Report {
    /// Its id.
    fn id(&self) -> Uuid;
    /// Who reported it: an account or a key.
    fn author(&self) -> Uuid;
    /// That it counts no more.
    fn withdrawal(&self) -> Option<&Withdrawal>;

    /// Counts changes, from 1: nothing but the withdrawal changes it.
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

/// What was reported together with the goal it is about, which settles who may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reported<R> {
    /// The goal.
    pub goal: Goal,
    /// What was reported.
    pub report: R,
}

impl<R: Report> Protected for Reported<R> {
    fn target(&self, today: NaiveDate) -> Target {
        let author = Some(self.report.author());
        Target { id: self.report.id(), author, ..self.goal.target(today) }
    }
}

impl Goal {
    /// Whether what was reported of it may be withdrawn: until it is scored, as data may come in,
    /// and also when it is complete.
    pub fn takes_withdrawals(&self) -> bool {
        matches!(self.state, State::Active | State::ChangePending | State::Completed)
            && self.cycle_state.is_under_way()
            && self.score.is_none()
            && !self.result_is_final()
    }
}
