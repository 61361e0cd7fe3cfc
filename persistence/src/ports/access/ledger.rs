//! The audit log and the events feed.

use crate::audit::AuditEntry;
use crate::page::Page;
use crate::ports::Result;
use domain::access::disclosure::{OwnRecord, Withheld};
use domain::core::change::Record;
use domain::core::id::EmployeeId;
use domain::core::time::Timestamp;
use domain::policy::Target;
use uuid::Uuid;

/// One event of the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Position in the tenant's feed; starts at 1, without gaps.
    pub position: i64,
    /// Id of the event.
    pub id: Uuid,
    /// Noun and participle, such as `employee.created`.
    pub kind: String,
    /// The noun of the record that changed, such as `employee`.
    pub resource: String,
    /// Id of that record.
    pub resource_id: Uuid,
    /// When it happened.
    pub at: Timestamp,
    /// Ids and names of the changed fields as JSON; never their values.
    pub data: String,
}

/// Conditions on audit entries; all of them must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only the entry with this id.
    pub id: Option<Uuid>,
    /// Only what this account or key did.
    pub actor_id: Option<Uuid>,
    /// Only what was done to one of these records.
    pub resource_ids: Option<Vec<Uuid>>,
    /// Only this action.
    pub action: Option<String>,
    /// Only at or after this instant.
    pub from: Option<Timestamp>,
    /// Only before this instant.
    pub until: Option<Timestamp>,
    /// Leave out the entries that the reader may not see.
    pub withheld: Vec<Withheld>,
}

/// Conditions on events; all of them must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Only events with a greater position.
    pub after: i64,
    /// Only these types of event; empty means all.
    pub kinds: Vec<String>,
    /// Leave out the events that the reader may not see.
    pub withheld: Vec<Withheld>,
}

/// The audit log and the events feed. Saving a change writes both; [`Ledger::note`] records what else
/// happens.
pub trait Ledger {
    /// The instant given to everything this unit of work does. Normally the instant of its context;
    /// if the clock was set back, the later instant of the tenant's last change. Instants therefore
    /// never decrease, and a client that reads lists by `updated_since` misses nothing.
    fn instant(&self) -> Timestamp;
    /// Records something other than the change of a row, such as the download of a file.
    fn note(&mut self, record: Record) -> Result<()>;
    /// A page of audit entries, in the order of their positions.
    fn audit_entries(&mut self, filter: &AuditFilter, page: &Page) -> Result<Vec<AuditEntry>>;
    /// A page of events, in the order in which they were committed.
    fn events(&mut self, filter: &EventFilter, limit: i64) -> Result<Vec<Event>>;
    /// The position of the last of these events; none if there are none.
    fn last_event_of(&mut self, filter: &EventFilter) -> Result<Option<i64>>;
    /// The records that belong to an account and to these people. One statement.
    fn own_records(&mut self, account: Uuid, people: &[EmployeeId]) -> Result<Vec<OwnRecord>>;
    /// What the policy must know about these records of one noun before it shows entries about
    /// them, without relations. Records that no longer exist are left out. One statement at most.
    fn targets(&mut self, noun: &str, ids: &[Uuid]) -> Result<Vec<Target>>;
}
