//! The audit chain: each entry's hash covers its content and the hash before it, so that a
//! flipped, deleted, swapped, inserted or rewritten entry is found. The log of reads is chained the
//! same way, and signed heads hold both against whoever could write all of it anew.

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

/// What happens to an entry whose details are erased. The details go where this is chained, and
/// nowhere else.
pub const ERASED: &str = "audit_entry.erased";

/// The fields of an erasure that show who may have ordered it: the Ed25519 key of the installation,
/// and its signature of [`erasure_message`], both in Base64.
pub const ERASURE_FIELDS: [&str; 2] = ["public_key", "signature"];

/// What is signed by whoever erases the details of an entry: a row that somebody adds to the database
/// erases nothing.
pub fn erasure_message(tenant: TenantId, entry: Uuid) -> Vec<u8> {
    Fields::default().add(ERASED).add(tenant.uuid()).add(entry).digest()
}

/// What happens to a head that is published.
pub const PUBLISHED: &str = "audit_head.published";

/// One line of the audit log as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Place in the tenant's chain, from 1 without gaps.
    pub position: i64,
    /// Its id.
    pub id: Uuid,
    /// When it happened.
    pub at: Timestamp,
    /// `account`, `api_key` or `system`.
    pub actor_kind: String,
    /// Which account or key.
    pub actor_id: Option<Uuid>,
    /// Whose authority was used, when not the actor's own.
    pub on_behalf_of: Option<Uuid>,
    /// Noun and participle, such as `employee.created`.
    pub action: String,
    /// The noun.
    pub resource: String,
    /// Which one.
    pub resource_id: Uuid,
    /// State before.
    pub from_state: Option<String>,
    /// State after.
    pub to_state: Option<String>,
    /// Why, in the actor's words.
    pub reason: Option<String>,
    /// The rule of the access policy that allowed it.
    pub rule: String,
    /// The request that asked for it.
    pub request_id: String,
    /// Values before and after as JSON, kept apart from the chain; none once erased.
    pub details: Option<String>,
    /// Salt of the digest; none once erased.
    pub salt: Option<Vec<u8>>,
    /// SHA-256 of salt and details: what the chain holds in their place.
    pub details_digest: Vec<u8>,
    /// Hash of the entry before.
    pub previous_hash: Vec<u8>,
    /// Hash of this entry.
    pub hash: Vec<u8>,
}

impl AuditEntry {
    /// The entry for a record, linked behind `previous`.
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

    /// SHA-256 over the previous hash and every field but the erasable ones, each with its length.
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

    /// Whether salt and details are those the chain commits to; none if both have been taken away.
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

/// SHA-256 over fields, each with its length, so that none runs into the next.
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

/// Bytes of a salt: no more and no less, so that nothing of the details passes for it.
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

/// A time-ordered id from the unit's own instant and randomness.
pub(crate) fn id(context: &Context, purpose: &[u8], number: u32) -> Uuid {
    let bytes = derive(context, purpose, number);
    let mut random = [0; 10];
    random.copy_from_slice(&bytes[..10]);
    let millis = u64::try_from(context.now.timestamp_millis()).unwrap_or_default();
    Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}
