//! Open duties: what waits for somebody to do it, or hangs on their being here. Who leaves hands them
//! over.

use crate::core::id::{CycleId, EmployeeId};
use crate::text_enum;
use chrono::NaiveDate;
use uuid::Uuid;

text_enum! {
    /// What kind of duty.
    pub enum DutyKind {
        /// An API key for which the person answers.
        ApiKey = "api_key",
        /// A seat in a calibration session that is not finalised.
        CalibrationSession = "calibration_session",
        /// A goal, or a change of one, that waits for the person's approval.
        Goal = "goal",
        /// A job of the person that has not ended. It ends by itself.
        Job = "job",
        /// Somebody who reports to the person, today or from a later day on.
        Report = "report",
        /// Somebody for whose review the person answers in a cycle that is not released.
        Review = "review",
    }
}

/// One open duty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenDuty {
    /// What kind.
    pub kind: DutyKind,
    /// The record: key, session, goal, job, employee or participant.
    pub resource_id: Uuid,
    /// The cycle it belongs to.
    pub cycle_id: Option<CycleId>,
    /// Whom it is about, with the name.
    pub about: Option<(EmployeeId, String)>,
    /// What it is called: name of the key or session, kind of the job.
    pub name: Option<String>,
}

/// Somebody who has left, or whose last working day is known, and still has open duties.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaver {
    /// Who, with the name.
    pub person: (EmployeeId, String),
    /// The last working day.
    pub last_day: NaiveDate,
}
