//! The hash chains of a tenant, their signed heads, and the log of reads.

use crate::audit::{AuditHead, Ends, ReadEntry, Subjects};
use crate::page::Page;
use crate::ports::Result;
use domain::access::look::Look;
use domain::core::id::{EmployeeId, ReviewId};
use uuid::Uuid;

/// Reads what verifies that the logs are complete, and keeps signed heads.
pub trait Chains {
    /// The last numbers and hashes of the tenant's logs; none if the tenant's head row is missing.
    fn ends(&mut self) -> Result<Option<Ends>>;
    /// Position of the last event; 0 if there is none.
    fn last_event(&mut self) -> Result<i64>;
    /// Number of audit entries that have details.
    fn details_kept(&mut self) -> Result<i64>;
    /// Number of subjects over all entries of the log of reads.
    fn subjects_kept(&mut self) -> Result<i64>;
    /// Signed heads with a number greater than `after`, ascending, at most `limit`.
    fn audit_heads(&mut self, after: i64, limit: i64) -> Result<Vec<AuditHead>>;
    /// The newest signed head.
    fn last_audit_head(&mut self) -> Result<Option<AuditHead>>;
    /// Keeps a signed head.
    fn keep_audit_head(&mut self, head: &AuditHead) -> Result<()>;
    /// Entries of the log of reads with a position greater than `after`, ascending, at most
    /// `limit`. Each has its subjects in the order of their reviews.
    fn read_entries(&mut self, after: i64, limit: i64) -> Result<Vec<(ReadEntry, Subjects)>>;
}

/// An entry of the log of reads as shown to a person whose records were read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenEntry {
    /// The entry.
    pub entry: ReadEntry,
    /// Which of the person's reviews were shown.
    pub reviews: Vec<ReviewId>,
}

/// The log of reads; only [`ReadLog::note_look`] writes it.
pub trait ReadLog {
    /// Logs that somebody reads sensitive records of other people.
    fn note_look(&mut self, look: Look) -> Result<()>;
    /// A page of the entries by which others read the released records of a person, ordered by
    /// position. Two statements.
    fn looks_at(&mut self, person: EmployeeId, page: &Page) -> Result<Vec<SeenEntry>>;
    /// For each of these moves: the move, the review whose grade it changes, and the person
    /// reviewed.
    fn reviews_moved(&mut self, moves: &[Uuid]) -> Result<Vec<(Uuid, ReviewId, EmployeeId)>>;
}
