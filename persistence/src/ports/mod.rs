//! What a use case may ask of the database: one object-safe trait per noun, without Diesel types.

mod access;
mod cycles;
mod everyday;
mod goals;
mod people;
mod reviews;

pub use access::*;
pub use cycles::*;
pub use everyday::*;
pub use goals::*;
pub use people::*;
pub use reviews::*;

use crate::error::DbError;
use domain::core::time::Timestamp;
use uuid::Uuid;

/// Result of a port.
pub type Result<T> = std::result::Result<T, DbError>;

/// Everything a use case may reach, within one tenant.
pub trait Store:
    Tenants
    + SigningKeys
    + Pulse
    + Positions
    + ReportingLines
    + Ledger
    + Chains
    + ReadLog
    + Idempotency
    + OrgUnits
    + Employees
    + Accounts
    + Sessions
    + RoleAssignments
    + ApiKeys
    + Signatures
    + Principals
    + Imports
    + Exports
    + Jobs
    + Policies
    + Cycles
    + Participants
    + Passages
    + Readiness
    + ToDos
    + Dashboards
    + Aggregates
    + Goals
    + GoalChanges
    + GoalReports
    + GoalEvaluation
    + Reviews
    + ReviewSets
    + CalibrationSessions
    + Moves
    + Duties
{
}

impl<T> Store for T where
    T: Tenants
        + SigningKeys
        + Pulse
        + Positions
        + ReportingLines
        + Ledger
        + Chains
        + ReadLog
        + Idempotency
        + OrgUnits
        + Employees
        + Accounts
        + Sessions
        + RoleAssignments
        + ApiKeys
        + Signatures
        + Principals
        + Imports
        + Exports
        + Jobs
        + Policies
        + Cycles
        + Participants
        + Passages
        + Readiness
        + ToDos
        + Dashboards
        + Aggregates
        + Goals
        + GoalChanges
        + GoalReports
        + GoalEvaluation
        + Reviews
        + ReviewSets
        + CalibrationSessions
        + Moves
        + Duties
{
}

/// Checks that the database accepts writes.
pub trait Pulse {
    /// Writes one row that belongs to no tenant.
    fn beat(&mut self, at: Timestamp) -> Result<()>;
}

/// The stored answer to a request that carried an `Idempotency-Key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredReply {
    /// SHA-256 of method, path and body of the request.
    pub request_digest: Vec<u8>,
    /// HTTP status of the response.
    pub status: i32,
    /// The response headers that are replayed with it, as JSON.
    pub headers: String,
    /// Body of the response.
    pub body: Vec<u8>,
}

/// Answers stored for retried requests.
pub trait Idempotency {
    /// Locks a key of the principal for this unit of work, or returns the answer stored under it.
    /// If another unit holds the key, even in another process, this waits until that unit ends. So
    /// of several requests at once with one key only one does any work.
    fn take_key(&mut self, principal: Uuid, key: &str) -> Result<Option<StoredReply>>;
    /// Stores the answer under a key locked before, in the same transaction as the change it
    /// reports.
    fn store_reply(&mut self, principal: Uuid, key: &str, reply: &StoredReply) -> Result<()>;
    /// Deletes answers stored before an instant; returns how many.
    fn forget_replies(&mut self, before: Timestamp) -> Result<usize>;
}
