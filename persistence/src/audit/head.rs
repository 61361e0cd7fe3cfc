//! Signed heads: where the chains of a tenant end at one instant.

use super::{Fields, GENESIS};
use domain::core::id::TenantId;
use domain::core::time::Timestamp;
use uuid::Uuid;

/// Where a chain ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// Position of the last entry, 0 before the first.
    pub position: i64,
    /// Its hash.
    pub hash: Vec<u8>,
}

impl Default for End {
    fn default() -> Self {
        Self { position: 0, hash: GENESIS.to_vec() }
    }
}

/// Where everything that is numbered for a tenant ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ends {
    /// The audit log.
    pub audit: End,
    /// The log of reads.
    pub reads: End,
    /// Position of the last event.
    pub events: i64,
}

/// The ends of both chains at one instant, signed by the installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditHead {
    /// Counts the heads of a tenant, from 1 without gaps.
    pub number: i64,
    /// Its id.
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
    /// SHA-256 of both ends: all that is published of them. Positions would tell how much happens
    /// that somebody is not shown.
    pub fn hash(&self) -> Vec<u8> {
        Fields::default()
            .add(self.audit.position.to_be_bytes())
            .add(&self.audit.hash)
            .add(self.reads.position.to_be_bytes())
            .add(&self.reads.hash)
            .digest()
    }

    /// What is signed.
    pub fn message(&self, tenant: TenantId) -> Vec<u8> {
        message(tenant, self.number, self.id, self.at, &self.hash())
    }
}

/// What is signed of a head that is known by its hash only.
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
