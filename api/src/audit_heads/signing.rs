//! Signing heads with Ed25519, and checking signatures.

use crate::key_file::KeyFile;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use domain::id::TenantId;
use persistence::audit::AuditHead;

/// What the key is derived for.
const PURPOSE: &str = "audit heads";

/// The key with which an installation signs its heads.
pub struct HeadKey(Ed25519KeyPair);

impl HeadKey {
    /// The key of an installation.
    pub fn of(key_file: &KeyFile) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(&key_file.derive(PURPOSE));
        Self(pair.expect("any 32 bytes are an Ed25519 seed"))
    }

    /// What verifies its signatures, 32 bytes.
    pub fn public(&self) -> Vec<u8> {
        self.0.public_key().as_ref().to_vec()
    }

    /// Signs a head of a company.
    pub fn sign(&self, tenant: TenantId, head: &mut AuditHead) {
        head.public_key = self.public();
        head.signature = self.0.sign(&head.message(tenant)).as_ref().to_vec();
    }
}

/// Whether a signature of a message is by the key.
pub fn holds(public_key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&ED25519, public_key).verify(message, signature).is_ok()
}
