//! Signed heads: the ends of a tenant's chains at one instant.

use super::{Fields, GENESIS};
use domain::core::id::TenantId;
use domain::core::time::Timestamp;
use uuid::Uuid;

/// The end of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// Position of the last entry; 0 for an empty chain.
    pub position: i64,
    /// Hash of the last entry; 32 zero bytes for an empty chain.
    pub hash: Vec<u8>,
}

impl Default for End {
    fn default() -> Self {
        Self { position: 0, hash: GENESIS.to_vec() }
    }
}

/// The ends of everything that is numbered for a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ends {
    /// End of the audit log.
    pub audit: End,
    /// End of the log of reads.
    pub reads: End,
    /// Position of the last event; 0 if there is none.
    pub events: i64,
}

/// The ends of both chains at one instant, signed by the installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditHead {
    /// Number of the head; a tenant's heads are numbered from 1 without gaps.
    pub number: i64,
    /// Id of the head.
    pub id: Uuid,
    /// When it was signed.
    pub at: Timestamp,
    /// End of the audit log.
    pub audit: End,
    /// End of the log of reads.
    pub reads: End,
    /// The Ed25519 key that verifies the signature, 32 bytes.
    pub public_key: Vec<u8>,
    /// Ed25519 signature of [`AuditHead::message`], 64 bytes.
    pub signature: Vec<u8>,
}

impl AuditHead {
    /// SHA-256 of both ends. Only this is published, because positions would show how much happens
    /// that a reader may not see.
    pub fn hash(&self) -> Vec<u8> {
        Fields::default()
            .add(self.audit.position.to_be_bytes())
            .add(&self.audit.hash)
            .add(self.reads.position.to_be_bytes())
            .add(&self.reads.hash)
            .digest()
    }

    /// The message that the installation signs.
    pub fn message(&self, tenant: TenantId) -> Vec<u8> {
        message(tenant, self.number, self.id, self.at, &self.hash())
    }
}

/// The message that the installation signs, made from the hash of a head.
pub(super) fn message(
    tenant: TenantId,
    number: i64,
    id: Uuid,
    at: Timestamp,
    hash: &[u8],
) -> Vec<u8> {
    Fields::default()
        .add("evenhand audit head 1")
        .add(tenant.uuid())
        .add(number.to_be_bytes())
        .add(id)
        .add(at.timestamp_micros().to_be_bytes())
        .add(hash)
        .digest()
}
