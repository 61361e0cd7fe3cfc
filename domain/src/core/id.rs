//! Identifiers: one type per kind of record, so that one id cannot be mistaken for another.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// The id as a plain UUID.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

ids! {
    /// A company on this installation. No record is visible from one tenant to another.
    TenantId,
    /// A company, division, department or team.
    OrgUnitId,
    /// A job in the catalogue of positions.
    PositionId,
    /// A person employed by the tenant.
    EmployeeId,
    /// One stretch of an employee's unit, job and manager.
    AssignmentId,
    /// A login of a person.
    AccountId,
    /// A family of refresh tokens: one sign-in on one device.
    SessionId,
    /// A role given to an account.
    RoleAssignmentId,
    /// A secret with which a program signs in.
    ApiKeyId,
    /// A long-running job whose progress a client can follow.
    JobId,
    /// One entry of the audit log.
    AuditEntryId,
    /// One event of the events feed.
    EventId,
    /// One version of a performance policy.
    PolicyId,
    /// A performance cycle.
    CycleId,
    /// A proposal or approval to leave a dimension out of results.
    DroppedDimensionId,
    /// One person in one cycle.
    ParticipantId,
    /// A department's request for its own dimension weights.
    WeightAdjustmentId,
    /// A goal of one owner in one cycle.
    GoalId,
    /// A key result of an objective.
    KeyResultId,
    /// A request to change an active goal.
    GoalChangeId,
    /// What one goal needs from the goal of somebody else.
    DependencyId,
    /// A report on the progress of a goal.
    CheckInId,
    /// An actual value of an indicator.
    MeasurementId,
    /// The review of one person in one cycle.
    ReviewId,
    /// A meeting that compares grades.
    CalibrationSessionId,
    /// A change of one grade in a calibration session.
    MoveId,
}
