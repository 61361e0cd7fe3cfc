//! Open duties: tasks that wait for a person, and records that depend on the person working here. A
//! person who leaves hands them over.

use crate::core::id::{CycleId, EmployeeId};
use crate::text_enum;
use chrono::NaiveDate;
use uuid::Uuid;

text_enum! {
    /// The kind of an open duty.
    pub enum DutyKind {
        /// An API key for which the person is responsible.
        ApiKey = "api_key",
        /// A seat in a calibration session that is not finalised.
        CalibrationSession = "calibration_session",
        /// A goal, or a change of one, that waits for the person's approval.
        Goal = "goal",
        /// A job of the person that is still running. It needs no handover: it ends by itself.
        Job = "job",
        /// Somebody who reports to the person, today or from a later day on.
        Report = "report",
        /// The review of somebody, for which the person is responsible, in a cycle that is not
        /// released.
        Review = "review",
    }
}

/// One open duty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenDuty {
    /// Kind of the duty.
    pub kind: DutyKind,
    /// Id of the key, session, goal, job, employee or participant.
    pub resource_id: Uuid,
    /// The cycle it belongs to.
    pub cycle_id: Option<CycleId>,
    /// Id and name of the employee whom the duty concerns.
    pub about: Option<(EmployeeId, String)>,
    /// Display name: the name of the key or session, or the kind of the job.
    pub name: Option<String>,
}

/// Somebody who has left, or whose last working day is known, and still has open duties.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaver {
    /// Id and name of the employee.
    pub person: (EmployeeId, String),
    /// The last working day.
    pub last_day: NaiveDate,
}
