//! API keys, the logins of programs.

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
    /// A page of the keys of one owner, or of all, ordered by id, or by last change with
    /// tombstones.
    fn api_keys(&mut self, owner: Option<AccountId>, page: &Page) -> Result<Vec<ApiKey>>;
    /// The state of each account that owns a key.
    fn key_owners(&mut self, ids: &[AccountId]) -> Result<HashMap<AccountId, Owner>>;
    /// Adds a key; of its secret only the hash is stored.
    fn create_api_key(&mut self, change: Change<ApiKey>, secret_hash: &[u8]) -> Result<()>;
    /// Saves the owner and the revocation of a key, guarded by its version.
    fn update_api_key(&mut self, change: Change<ApiKey>) -> Result<()>;
    /// Stores when a key was last used. This is not a change of the key: it is not audited and does
    /// not raise the version.
    fn touch_api_key(&mut self, id: ApiKeyId, at: Timestamp) -> Result<()>;
}
