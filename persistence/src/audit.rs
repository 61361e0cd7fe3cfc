//! The audit chain: each entry's hash covers its content and the hash before it, so that a
//! flipped, deleted, swapped, inserted or rewritten entry is found.

use crate::column::to_json;
use crate::database::Context;
use crate::error::DbError;
use domain::change::Record;
use domain::time::Timestamp;
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

/// Hash before the first entry of a tenant.
pub const GENESIS: [u8; 32] = [0; 32];

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
    /// Values before and after as JSON; none once erased.
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

/// What `verify` found wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Tampering {
    /// An entry is missing, doubled or out of place.
    #[error("entry {expected} is missing: found {found} in its place")]
    Gap {
        /// The position that should have come.
        expected: i64,
        /// The position that came.
        found: i64,
    },
    /// An entry does not follow from the one before it.
    #[error("entry {0} does not follow from the entry before it")]
    Unlinked(i64),
    /// An entry's content is not what was hashed.
    #[error("entry {0} has been changed")]
    Changed(i64),
    /// The values of an entry are not those that were recorded.
    #[error("the details of entry {0} have been changed")]
    Details(i64),
    /// The chain ends elsewhere than its head says.
    #[error("the chain ends at entry {end}, its head says {head}")]
    Truncated {
        /// Last entry found.
        end: i64,
        /// Last entry by the head.
        head: i64,
    },
    /// The last entry is not the one the head was made from.
    #[error("the last entry is not the one its head was made from")]
    Head,
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
        let salt = derive(context, b"salt", number)[..16].to_vec();
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
        let mut hash = Sha256::new();
        let mut add = |bytes: Option<&[u8]>| match bytes {
            None => hash.update([0]),
            Some(bytes) => {
                hash.update([1]);
                hash.update((bytes.len() as u64).to_be_bytes());
                hash.update(bytes);
            }
        };
        add(Some(&self.previous_hash));
        add(Some(&self.position.to_be_bytes()));
        add(Some(self.id.as_bytes()));
        add(Some(&self.at.timestamp_micros().to_be_bytes()));
        add(Some(self.actor_kind.as_bytes()));
        add(self.actor_id.as_ref().map(|id| &id.as_bytes()[..]));
        add(self.on_behalf_of.as_ref().map(|id| &id.as_bytes()[..]));
        add(Some(self.action.as_bytes()));
        add(Some(self.resource.as_bytes()));
        add(Some(self.resource_id.as_bytes()));
        add(self.from_state.as_deref().map(str::as_bytes));
        add(self.to_state.as_deref().map(str::as_bytes));
        add(self.reason.as_deref().map(str::as_bytes));
        add(Some(self.rule.as_bytes()));
        add(Some(self.request_id.as_bytes()));
        add(Some(&self.details_digest));
        hash.finalize().to_vec()
    }
}

/// Follows a chain, entry by entry, in constant memory.
#[derive(Debug)]
pub struct Verifier {
    position: i64,
    hash: Vec<u8>,
    found: Vec<Tampering>,
}

impl Default for Verifier {
    fn default() -> Self {
        Self { position: 0, hash: GENESIS.to_vec(), found: Vec::new() }
    }
}

impl Verifier {
    /// Checks the next entry.
    pub fn check(&mut self, entry: &AuditEntry) {
        let expected = self.position + 1;
        if entry.position != expected {
            self.found.push(Tampering::Gap { expected, found: entry.position });
        }
        if entry.previous_hash != self.hash {
            self.found.push(Tampering::Unlinked(entry.position));
        }
        if entry.compute_hash() != entry.hash {
            self.found.push(Tampering::Changed(entry.position));
        }
        let details_hold = match (&entry.salt, &entry.details) {
            (Some(salt), Some(details)) => digest(salt, details) == entry.details_digest,
            (None, None) => true,
            _ => false,
        };
        if !details_hold {
            self.found.push(Tampering::Details(entry.position));
        }
        self.position = entry.position;
        self.hash.clone_from(&entry.hash);
    }

    /// Compares the end of the chain with its head; all that was found.
    pub fn finish(mut self, head_position: i64, head_hash: &[u8]) -> Vec<Tampering> {
        if self.position != head_position {
            self.found.push(Tampering::Truncated { end: self.position, head: head_position });
        } else if self.hash != head_hash {
            self.found.push(Tampering::Head);
        }
        self.found
    }
}

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
