//! Keys that sign tokens and cursors.

use crate::ports::Result;
use domain::core::time::Timestamp;

/// A key that signs tokens and cursors, shared by all replicas.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// Its name, carried by what it signs.
    pub kid: String,
    /// The secret, 32 random bytes.
    pub secret: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From then on it verifies nothing.
    pub retired_at: Option<Timestamp>,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// Signing keys: the installation's, not a tenant's.
pub trait SigningKeys {
    /// The keys that are not retired, oldest first.
    fn signing_keys(&mut self) -> Result<Vec<SigningKey>>;
    /// The same, for whoever is about to add one: until the unit of work ends nobody else is answered,
    /// and then with what it has added.
    fn hold_signing_keys(&mut self) -> Result<Vec<SigningKey>>;
    /// Adds a key.
    fn create_signing_key(&mut self, key: &SigningKey) -> Result<()>;
    /// Keeps the secret of a key as it is given.
    fn wrap_signing_key(&mut self, key: &SigningKey) -> Result<()>;
    /// Retires a key; whether there was one to retire.
    fn retire_signing_key(&mut self, kid: &str, at: Timestamp) -> Result<bool>;
}
