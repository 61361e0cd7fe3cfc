//! Jobs: long-running work whose progress a client can follow.

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
        /// Creates and changes many positions.
        PositionImport = "position_import",
        /// Reports many measurements.
        MeasurementImport = "measurement_import",
        /// Drafts goals for many people.
        GoalImport = "goal_import",
        /// Moves a cycle to its next state, with all people in it.
        CycleTransition = "cycle_transition",
        /// Computes the results of a cycle.
        ResultComputation = "result_computation",
    }
}

text_enum! {
    /// State of a job.
    pub enum JobState {
        /// Waits for a worker.
        Queued = "queued",
        /// A worker works on it.
        Running = "running",
        /// Done; the outcome holds the result.
        Succeeded = "succeeded",
        /// Failed, and nothing was changed; the outcome says why.
        Failed = "failed",
    }
}

/// How often a job is started before it counts as failed: a job that crashes the process must not
/// do so for ever.
pub const MAX_ATTEMPTS: i32 = 5;

/// A job. Its input is stored beside it and never shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Id of the job.
    pub id: JobId,
    /// What the job does.
    pub kind: JobKind,
    /// State of the job.
    pub state: JobState,
    /// Rows done so far.
    pub done: i64,
    /// Rows in total, once known.
    pub total: Option<i64>,
    /// The result as JSON, once the job is over.
    pub outcome: Option<String>,
    /// Kind of the author: `account` or `api_key`.
    pub author_kind: String,
    /// Id of the account or key that asked for the job; the job runs with its permissions.
    pub author_id: Uuid,
    /// Id of the request that asked for the job.
    pub request_id: String,
    /// How often a worker has started the job. Only the worker that started it last may finish it.
    pub attempts: i32,
    /// Version of the record: counts changes of the state, from 1.
    pub version: i32,
    /// When the job was asked for.
    pub created_at: Timestamp,
    /// When state or progress last changed.
    pub updated_at: Timestamp,
}

impl Protected for Job {
    fn target(&self, _: NaiveDate) -> Target {
        Target { id: self.id.uuid(), author: Some(self.author_id), ..Target::default() }
    }
}
