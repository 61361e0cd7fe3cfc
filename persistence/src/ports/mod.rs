//! What a use case sees of the records: one object-safe trait per noun, no Diesel types.

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

/// Whether the database takes what is written.
pub trait Pulse {
    /// Writes something that belongs to nobody.
    fn beat(&mut self, at: Timestamp) -> Result<()>;
}

/// What was answered to a request that carried an `Idempotency-Key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredReply {
    /// SHA-256 of method, path and body of the request.
    pub request_digest: Vec<u8>,
    /// Status of the response.
    pub status: i32,
    /// Headers of the response that belong to it, as JSON.
    pub headers: String,
    /// Body of the response.
    pub body: Vec<u8>,
}

/// Replies kept for retries.
pub trait Idempotency {
    /// Takes a key of the principal for this unit of work, or finds the reply kept under it. While
    /// another unit holds the key, also one of another process, this waits for its end: of requests
    /// at once under one key only one does any work.
    fn take_key(&mut self, principal: Uuid, key: &str) -> Result<Option<StoredReply>>;
    /// Keeps a reply under a key taken before, in the same transaction as what it tells of.
    fn store_reply(&mut self, principal: Uuid, key: &str, reply: &StoredReply) -> Result<()>;
    /// Forgets replies kept before an instant; returns how many.
    fn forget_replies(&mut self, before: Timestamp) -> Result<usize>;
}
