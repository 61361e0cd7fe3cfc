//! The audit chain. The hash of each entry covers its content and the hash of the entry before it,
//! so a changed, deleted, swapped, inserted or rewritten entry is found. The log of reads is
//! chained in the same way. Signed heads protect both chains against somebody who can rewrite all
//! of them.

mod head;
mod read;
mod verify;

pub use head::{AuditHead, End, Ends};
pub use read::{ReadEntry, Subjects};
pub use verify::{KeptHead, Log, Report, Signature, Signer, Tampering, verify};

use crate::column::to_json;
use crate::database::Context;
use crate::error::DbError;
use domain::core::change::Record;
use domain::core::id::TenantId;
use domain::core::time::Timestamp;
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

/// Hash before the first entry of a tenant.
pub const GENESIS: [u8; 32] = [0; 32];

/// Action of the entry that records the erasure of another entry's details. The details are deleted
/// where this entry is chained, and nowhere else.
pub const ERASED: &str = "audit_entry.erased";

/// The fields of an erasure that show who ordered it: the Ed25519 key of the installation, and its
/// signature of [`erasure_message`], both in Base64.
pub const ERASURE_FIELDS: [&str; 2] = ["public_key", "signature"];

/// The message that the installation signs when it erases the details of an entry. Without the
/// signature an erasure does not count, so nobody can erase by adding a row to the database.
pub fn erasure_message(tenant: TenantId, entry: Uuid) -> Vec<u8> {
    Fields::default().add(ERASED).add(tenant.uuid()).add(entry).digest()
}

/// Action of the entry that records the publication of a signed head.
pub const PUBLISHED: &str = "audit_head.published";

/// One stored entry of the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Position in the tenant's chain; starts at 1, without gaps.
    pub position: i64,
    /// Id of the entry.
    pub id: Uuid,
    /// When it happened.
    pub at: Timestamp,
    /// `account`, `api_key` or `system`.
    pub actor_kind: String,
    /// The account or key that acted; none for the system.
    pub actor_id: Option<Uuid>,
    /// The account whose authority the actor used, if not its own.
    pub on_behalf_of: Option<Uuid>,
    /// Noun and participle, such as `employee.created`.
    pub action: String,
    /// The noun of the record that changed, such as `employee`.
    pub resource: String,
    /// Id of that record.
    pub resource_id: Uuid,
    /// State of the record before, if it changed state.
    pub from_state: Option<String>,
    /// State of the record after, if it changed state.
    pub to_state: Option<String>,
    /// The reason that the actor gave.
    pub reason: Option<String>,
    /// The rule of the access policy that allowed it.
    pub rule: String,
    /// Id of the request that caused it.
    pub request_id: String,
    /// Values before and after as JSON. They are stored apart from the chain; none once erased.
    pub details: Option<String>,
    /// Salt of `details_digest`, 16 bytes; none once erased.
    pub salt: Option<Vec<u8>>,
    /// SHA-256 of salt and details; the chain covers this instead of the details.
    pub details_digest: Vec<u8>,
    /// Hash of the entry before, 32 bytes.
    pub previous_hash: Vec<u8>,
    /// Hash of this entry, 32 bytes.
    pub hash: Vec<u8>,
}

impl AuditEntry {
    /// Makes the entry for a record; it follows the entry with the hash `previous`.
    pub fn chained(
        context: &Context,
        record: &Record,
        position: i64,
        previous: &[u8],
        number: u32,
    ) -> Result<Self, DbError> {
        let details = to_json(&record.details)?;
        let salt = derive(context, b"salt", number)[..SALT].to_vec();
        let mut entry = Self {
            position,
            id: id(context, b"audit", number),
            at: context.now,
            actor_kind: context.actor_kind.to_owned(),
            actor_id: context.actor_id,
            on_behalf_of: context.on_behalf_of,
            action: record.action.to_owned(),
            resource: record.resource.to_owned(),
            resource_id: record.resource_id,
            from_state: record.from.map(str::to_owned),
            to_state: record.to.map(str::to_owned),
            reason: record.reason.clone(),
            rule: record.rule.to_owned(),
            request_id: context.request_id.clone(),
            details_digest: digest(&salt, &details),
            details: Some(details),
            salt: Some(salt),
            previous_hash: previous.to_vec(),
            hash: Vec::new(),
        };
        entry.hash = entry.compute_hash();
        Ok(entry)
    }

    /// SHA-256 over the previous hash and every field that cannot be erased, each with its length.
    fn compute_hash(&self) -> Vec<u8> {
        Fields::default()
            .add(&self.previous_hash)
            .add(self.position.to_be_bytes())
            .add(self.id)
            .add(self.at.timestamp_micros().to_be_bytes())
            .add(&self.actor_kind)
            .add_any(self.actor_id)
            .add_any(self.on_behalf_of)
            .add(&self.action)
            .add(&self.resource)
            .add(self.resource_id)
            .add_any(self.from_state.as_ref())
            .add_any(self.to_state.as_ref())
            .add_any(self.reason.as_ref())
            .add(&self.rule)
            .add(&self.request_id)
            .add(&self.details_digest)
            .digest()
    }

    /// Whether salt and details match the digest in the chain; none if both are erased.
    fn details_hold(&self) -> Option<bool> {
        match (&self.salt, &self.details) {
            (None, None) => None,
            (Some(salt), Some(details)) => {
                Some(salt.len() == SALT && digest(salt, details) == self.details_digest)
            }
            _ => Some(false),
        }
    }
}

/// SHA-256 over fields. Each is preceded by its length, so that two lists of fields never give the
/// same bytes.
#[derive(Default)]
struct Fields(Sha256);

impl Fields {
    fn add(mut self, field: impl AsRef<[u8]>) -> Self {
        let bytes = field.as_ref();
        self.0.update([1]);
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
        self
    }

    fn add_any(mut self, field: Option<impl AsRef<[u8]>>) -> Self {
        match field {
            Some(field) => self.add(field),
            None => {
                self.0.update([0]);
                self
            }
        }
    }

    fn digest(self) -> Vec<u8> {
        self.0.finalize().to_vec()
    }
}

/// Bytes of a salt. The length is fixed, so that no byte of the details can pass for a part of the
/// salt.
const SALT: usize = 16;

fn digest(salt: &[u8], details: &str) -> Vec<u8> {
    Sha256::new().chain_update(salt).chain_update(details).finalize().to_vec()
}

fn derive(context: &Context, purpose: &[u8], number: u32) -> [u8; 32] {
    Sha256::new()
        .chain_update(context.seed)
        .chain_update(purpose)
        .chain_update(number.to_be_bytes())
        .finalize()
        .into()
}

/// A time-ordered id, made from the instant and the randomness of the unit of work.
pub(crate) fn id(context: &Context, purpose: &[u8], number: u32) -> Uuid {
    let bytes = derive(context, purpose, number);
    let mut random = [0; 10];
    random.copy_from_slice(&bytes[..10]);
    let millis = u64::try_from(context.now.timestamp_millis()).unwrap_or_default();
    Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}
