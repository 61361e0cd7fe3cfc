//! Tenants, accounts, sessions, keys and roles; signatures; and the logs of what was done and read.

mod accounts;
mod api_keys;
mod chains;
mod ledger;
mod principals;
mod role_assignments;
mod sessions;
mod signatures;
mod signing_keys;
mod tenants;

pub use accounts::*;
pub use api_keys::*;
pub use chains::*;
pub use ledger::*;
pub use principals::*;
pub use role_assignments::*;
pub use sessions::*;
pub use signatures::*;
pub use signing_keys::*;
pub use tenants::*;
