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
use crate::page::Page;
use crate::schema::plain_nouns;
use domain::access::account::RoleAssignment;
use domain::core::change::Change;
use domain::core::id::{
    DependencyId, GoalChangeId, ParticipantId, PolicyId, RoleAssignmentId, WeightAdjustmentId,
};
use domain::core::time::Timestamp;
use domain::cycles::participant::Participant;
use domain::cycles::performance_policy::PerformancePolicy;
use domain::cycles::weight_adjustment::WeightAdjustment;
use domain::goals::dependency::Dependency;
use domain::goals::goal::GoalChange;
use domain::policy::Sealed;
use domain::reviews::calibration_session::SessionMove;
use uuid::Uuid;

/// Result of a port.
pub type Result<T> = std::result::Result<T, DbError>;

/// Declares what a use case may reach: traits of nouns, and records found and saved in the one way.
macro_rules! store {
    (
        $($port:ident)*;
        finds { $($id:ident => $found:ident),* $(,)? }
        creates { $($created:ident),* $(,)? }
        updates { $($updated:ident),* $(,)? }
    ) => {
        /// Everything a use case may reach, within one tenant.
        pub trait Store:
            $($port +)* $(Finds<$id, $found> +)* $(Creates<$created> +)* $(Updates<$updated> +)*
        {
        }

        impl<S> Store for S where
            S: $($port +)* $(Finds<$id, $found> +)* $(Creates<$created> +)* $(Updates<$updated> +)*
        {
        }
    };
}

store! {
    Tenants
    SigningKeys
    Pulse
    PlainNouns
    ReportingLines
    Ledger
    Chains
    ReadLog
    Idempotency
    OrgUnits
    Employees
    Accounts
    Sessions
    RoleAssignments
    ApiKeys
    Signatures
    Principals
    Imports
    Exports
    Jobs
    Policies
    Cycles
    Participants
    Passages
    Readiness
    ToDos
    Cards
    Dashboards
    Aggregates
    Goals
    GoalChanges
    GoalReports
    MeasurementImports
    GoalEvaluation
    GoalDrafts
    Reviews
    ReviewSets
    CalibrationSessions
    Moves
    WeightAdjustments
    Dependencies
    Duties;
    finds {
        PolicyId => PerformancePolicy,
        RoleAssignmentId => RoleAssignment,
        ParticipantId => Participant,
        WeightAdjustmentId => WeightAdjustment,
        DependencyId => Dependency,
        GoalChangeId => GoalChange,
    }
    creates { RoleAssignment, SessionMove, WeightAdjustment, Dependency, GoalChange }
    updates {
        PerformancePolicy, RoleAssignment, Participant, SessionMove, WeightAdjustment, Dependency,
        GoalChange,
    }
}

/// Records of a kind `T` that are found by their ids.
pub trait Finds<I, T> {
    /// One record that is not deleted.
    fn find(&mut self, id: I) -> Result<Option<Sealed<T>>>;
    /// One record that is not deleted, which nobody else changes until the unit of work ends.
    fn lock(&mut self, id: I) -> Result<Option<Sealed<T>>>;
}

/// Records of a kind `T` that are added.
pub trait Creates<T> {
    /// Adds a record.
    fn create(&mut self, change: Change<T>) -> Result<()>;
}

/// Records of a kind `T` that are changed.
pub trait Updates<T> {
    /// Saves a record over the version before it; deletion is a change like any other.
    fn update(&mut self, change: Change<T>) -> Result<()>;
}

/// Records of a kind `T` that are listed.
pub trait Lists<T> {
    /// A page of records, in the order of ids, or of change with tombstones.
    fn list(&mut self, page: &Page) -> Result<Vec<T>>;
    /// How many records the whole list has; with an instant, the list of those changed since.
    fn count(&mut self, updated_since: Option<Timestamp>) -> Result<i64>;
}

/// Records whose ids other records hold.
pub trait Named<I> {
    /// Whether another record holds the id.
    fn is_named(&mut self, id: I) -> Result<bool>;
}

/// A noun of which nothing is asked but what every noun answers.
pub trait Plain<I, T>: Finds<I, T> + Creates<T> + Updates<T> + Lists<T> + Named<I> {}

impl<I, T, S> Plain<I, T> for S where S: Finds<I, T> + Creates<T> + Updates<T> + Lists<T> + Named<I> {}

macro_rules! plain {
    ($($row:ident of $table:ident by $id:ty, $record:ty, named by $($other:ident.$column:ident),+;)*) => {
        /// The plain nouns.
        pub trait PlainNouns: $(Plain<$id, $record> +)* {}

        impl<S> PlainNouns for S where S: $(Plain<$id, $record> +)* {}
    };
}
plain_nouns!(plain);

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
    fn store_reply(&mut self, principal: Uuid, key: &str, reply: StoredReply) -> Result<()>;
    /// Deletes answers stored before an instant; returns how many.
    fn forget_replies(&mut self, before: Timestamp) -> Result<usize>;
}
