//! The chains of a tenant, their signed heads, and the log of reads.

use crate::audit::{AuditHead, Ends, ReadEntry, Subjects};
use crate::page::Page;
use crate::ports::Result;
use domain::access::look::Look;
use domain::core::id::{EmployeeId, ReviewId};
use uuid::Uuid;

/// What holds the logs together.
pub trait Chains {
    /// Where everything that is numbered ends; none if there is no such row any more.
    fn ends(&mut self) -> Result<Option<Ends>>;
    /// Position of the last event, 0 before the first.
    fn last_event(&mut self) -> Result<i64>;
    /// How many entries of the audit log have details.
    fn details_kept(&mut self) -> Result<i64>;
    /// How many subjects all entries of the log of reads have.
    fn subjects_kept(&mut self) -> Result<i64>;
    /// Signed heads behind a number, in order.
    fn audit_heads(&mut self, after: i64, limit: i64) -> Result<Vec<AuditHead>>;
    /// The newest signed head.
    fn last_audit_head(&mut self) -> Result<Option<AuditHead>>;
    /// Keeps a signed head.
    fn keep_audit_head(&mut self, head: &AuditHead) -> Result<()>;
    /// Entries of the log of reads behind a position, in order, each with its subjects in the order
    /// of their reviews.
    fn read_entries(&mut self, after: i64, limit: i64) -> Result<Vec<(ReadEntry, Subjects)>>;
}

/// An entry of the log of reads, as somebody whose records were shown sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenEntry {
    /// The entry.
    pub entry: ReadEntry,
    /// Which of the person's reviews were shown.
    pub reviews: Vec<ReviewId>,
}

/// The log of reads; it is written only through [`ReadLog::note_look`].
pub trait ReadLog {
    /// Logs that somebody is shown sensitive records of others.
    fn note_look(&mut self, look: Look) -> Result<()>;
    /// A page of the entries by which a person's released records were shown to others, in the order
    /// of their positions. Two statements.
    fn looks_at(&mut self, person: EmployeeId, page: &Page) -> Result<Vec<SeenEntry>>;
    /// These moves, each with the review it is of and whose that is.
    fn reviews_moved(&mut self, moves: &[Uuid]) -> Result<Vec<(Uuid, ReviewId, EmployeeId)>>;
}
