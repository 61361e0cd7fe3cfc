//! Audit log and events.

use crate::audit::AuditEntry;
use crate::page::Page;
use crate::ports::Result;
use domain::access::disclosure::{OwnRecord, Withheld};
use domain::core::change::Record;
use domain::core::id::EmployeeId;
use domain::core::time::Timestamp;
use domain::policy::Target;
use uuid::Uuid;

/// One fact of the events feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Place in the tenant's feed, from 1 without gaps.
    pub position: i64,
    /// Its id.
    pub id: Uuid,
    /// Noun and participle, such as `employee.created`.
    pub kind: String,
    /// The noun.
    pub resource: String,
    /// Which one.
    pub resource_id: Uuid,
    /// When it happened.
    pub at: Timestamp,
    /// Ids and names of changed fields, as JSON.
    pub data: String,
}

/// Which audit entries are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// With this id.
    pub id: Option<Uuid>,
    /// Done by this account or key.
    pub actor_id: Option<Uuid>,
    /// Done to one of these resources.
    pub resource_ids: Option<Vec<Uuid>>,
    /// Of this action.
    pub action: Option<String>,
    /// At or after.
    pub from: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
    /// But not these.
    pub withheld: Vec<Withheld>,
}

/// Which events are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Behind this position.
    pub after: i64,
    /// Of these types; empty is all.
    pub kinds: Vec<String>,
    /// But not these.
    pub withheld: Vec<Withheld>,
}

/// The audit log and the events feed; both are written only by saving changes.
pub trait Ledger {
    /// The instant at which everything in this unit of work happens: that of its context or, when
    /// the clock has been set back since, that of the tenant's last change. Whoever mirrors a list by
    /// instants misses nothing.
    fn instant(&self) -> Timestamp;
    /// Records what happened beside the changes of this unit of work, such as that a file was taken
    /// away.
    fn note(&mut self, record: Record) -> Result<()>;
    /// A page of audit entries, in the order of their positions.
    fn audit_entries(&mut self, filter: &AuditFilter, page: &Page) -> Result<Vec<AuditEntry>>;
    /// A page of events, in the order in which they were committed.
    fn events(&mut self, filter: &EventFilter, limit: i64) -> Result<Vec<Event>>;
    /// What belongs to an account and to these people. One statement.
    fn own_records(&mut self, account: Uuid, people: &[EmployeeId]) -> Result<Vec<OwnRecord>>;
    /// What the policy must know of the records of one noun that entries tell of, relations left
    /// empty; of those that are there. One statement at most.
    fn targets(&mut self, noun: &str, ids: &[Uuid]) -> Result<Vec<Target>>;
}
