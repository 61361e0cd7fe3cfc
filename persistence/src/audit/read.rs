//! The log of reads: who was shown whose sensitive records, chained like the audit log.

use super::{Fields, id};
use crate::database::Context;
use domain::access::look::Look;
use domain::core::id::{EmployeeId, ReviewId};
use domain::core::time::Timestamp;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The reviews that were shown, ordered by id, each with the person reviewed.
pub type Subjects = Vec<(ReviewId, EmployeeId)>;

/// One request by which somebody was shown sensitive records of other people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadEntry {
    /// Position in the tenant's chain of reads; starts at 1, without gaps.
    pub position: i64,
    /// Id of the entry.
    pub id: Uuid,
    /// When it happened.
    pub at: Timestamp,
    /// `account` or `api_key`.
    pub reader_kind: String,
    /// The account or key that read.
    pub reader_id: Uuid,
    /// The employee who read; for a program, the employee who answered for it then.
    pub employee_id: Option<EmployeeId>,
    /// Name of the operation in the contract.
    pub operation: String,
    /// Id of the request.
    pub request_id: String,
    /// Number of records shown.
    pub subjects: i64,
    /// SHA-256 of the records and the people they are about, ordered by id of the record.
    pub subjects_digest: Vec<u8>,
    /// Hash of the entry before.
    pub previous_hash: Vec<u8>,
    /// Hash of this entry.
    pub hash: Vec<u8>,
}

impl ReadEntry {
    /// Makes the entry for a look; it follows the entry with the hash `previous`.
    pub(crate) fn chained(
        context: &Context,
        look: &Look,
        position: i64,
        previous: &[u8],
        number: u32,
    ) -> Self {
        let subjects = look.subjects.iter().map(|(review, person)| (*review, *person));
        let mut entry = Self {
            position,
            id: id(context, b"read", number),
            at: context.now,
            reader_kind: context.actor_kind.to_owned(),
            reader_id: context.actor_id.unwrap_or_default(),
            employee_id: look.reader,
            operation: look.operation.to_owned(),
            request_id: context.request_id.clone(),
            subjects: look.subjects.len() as i64,
            subjects_digest: digest(subjects),
            previous_hash: previous.to_vec(),
            hash: Vec::new(),
        };
        entry.hash = entry.compute_hash();
        entry
    }

    /// SHA-256 over the previous hash and every field, each with its length.
    pub(super) fn compute_hash(&self) -> Vec<u8> {
        Fields::default()
            .add(&self.previous_hash)
            .add(self.position.to_be_bytes())
            .add(self.id)
            .add(self.at.timestamp_micros().to_be_bytes())
            .add(&self.reader_kind)
            .add(self.reader_id)
            .add_any(self.employee_id.map(Uuid::from))
            .add(&self.operation)
            .add(&self.request_id)
            .add(self.subjects.to_be_bytes())
            .add(&self.subjects_digest)
            .digest()
    }
}

/// The digest of the records shown, ordered by id; the chain covers this digest.
pub(super) fn digest(subjects: impl Iterator<Item = (ReviewId, EmployeeId)>) -> Vec<u8> {
    let mut hash = Sha256::new();
    for (review, person) in subjects {
        hash.update(review.uuid());
        hash.update(person.uuid());
    }
    hash.finalize().to_vec()
}
