//! API keys.

use crate::page::Page;
use crate::ports::Result;
use domain::access::account::{ApiKey, Owner};
use domain::core::change::Change;
use domain::core::id::{AccountId, ApiKeyId};
use domain::core::time::Timestamp;
use domain::policy::Sealed;
use std::collections::HashMap;

/// Keys with which programs sign in.
pub trait ApiKeys {
    /// One key that is not revoked.
    fn api_key(&mut self, id: ApiKeyId) -> Result<Option<Sealed<ApiKey>>>;
    /// A page of keys, of one owner or of all, in the order of ids, or of change with tombstones.
    fn api_keys(&mut self, owner: Option<AccountId>, page: &Page) -> Result<Vec<ApiKey>>;
    /// How the accounts stand that answer for keys.
    fn key_owners(&mut self, ids: &[AccountId]) -> Result<HashMap<AccountId, Owner>>;
    /// Adds a key, its secret as a hash.
    fn create_api_key(&mut self, change: Change<ApiKey>, secret_hash: &[u8]) -> Result<()>;
    /// Saves owner and revocation of a key, guarded by its version.
    fn update_api_key(&mut self, change: Change<ApiKey>) -> Result<()>;
    /// Notes that a key was used: no change of the key, so neither audited nor versioned.
    fn touch_api_key(&mut self, id: ApiKeyId, at: Timestamp) -> Result<()>;
}
