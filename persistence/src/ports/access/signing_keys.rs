//! Keys that sign tokens and cursors.

use crate::ports::Result;
use domain::core::time::Timestamp;

/// A key that signs tokens and cursors, shared by all replicas.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// Id of the key; every token and cursor names the key that signed it.
    pub kid: String,
    /// The secret, 32 random bytes.
    pub secret: Vec<u8>,
    /// When the key was created.
    pub created_at: Timestamp,
    /// From this instant on the key verifies nothing.
    pub retired_at: Option<Timestamp>,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// Signing keys. They belong to the installation, not to a tenant.
pub trait SigningKeys {
    /// The keys that are not retired, oldest first.
    fn signing_keys(&mut self) -> Result<Vec<SigningKey>>;
    /// The same, for a caller that is about to add a key. Another caller waits until this unit of
    /// work ends and then sees the added key.
    fn hold_signing_keys(&mut self) -> Result<Vec<SigningKey>>;
    /// Adds a key.
    fn create_signing_key(&mut self, key: &SigningKey) -> Result<()>;
    /// Replaces the stored secret of a key, such as by the same secret encrypted with the key file.
    fn wrap_signing_key(&mut self, key: &SigningKey) -> Result<()>;
    /// Retires a key; returns false if it does not exist or is retired already.
    fn retire_signing_key(&mut self, kid: &str, at: Timestamp) -> Result<bool>;
}
