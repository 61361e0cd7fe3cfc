//! Long work that a client follows by its progress.

use crate::core::id::JobId;
use crate::core::time::Timestamp;
use crate::policy::{Protected, Target};
use crate::text_enum;
use chrono::NaiveDate;
use uuid::Uuid;

text_enum! {
    /// What a job does.
    pub enum JobKind {
        /// Creates and changes many employees.
        EmployeeImport = "employee_import",
        /// Creates and changes many org units.
        OrgUnitImport = "org_unit_import",
        /// Moves a cycle on that many people are in.
        CycleTransition = "cycle_transition",
        /// Computes the results of a cycle.
        ResultComputation = "result_computation",
    }
}

text_enum! {
    /// How far a job is.
    pub enum JobState {
        /// Waits for a worker.
        Queued = "queued",
        /// A worker holds it.
        Running = "running",
        /// Done; the result says what came out.
        Succeeded = "succeeded",
        /// Over, and nothing was changed; the problem says why.
        Failed = "failed",
    }
}

/// How often a job is taken up before it counts as failed: one that takes the process down with it
/// must not do so for ever.
pub const MAX_ATTEMPTS: i32 = 5;

/// A piece of long work. What it works on is kept beside it and never shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// What it does.
    pub kind: JobKind,
    /// How far it is.
    pub state: JobState,
    /// Rows done.
    pub done: i64,
    /// Rows in all, when known.
    pub total: Option<i64>,
    /// What came out, as JSON, once it is over.
    pub outcome: Option<String>,
    /// `account` or `api_key`.
    pub author_kind: String,
    /// Who asked for it, and with whose authority it runs.
    pub author_id: Uuid,
    /// The request that asked for it.
    pub request_id: String,
    /// How often it was taken up. Whoever took it up last may finish it; nobody else can.
    pub attempts: i32,
    /// Counts changes of the state, from 1.
    pub version: i32,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When its state or progress last changed.
    pub updated_at: Timestamp,
}

impl Protected for Job {
    fn target(&self, _: NaiveDate) -> Target {
        Target { id: self.id.uuid(), author: Some(self.author_id), ..Target::default() }
    }
}
