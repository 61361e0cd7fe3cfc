//! Tenants, accounts, sessions, keys and roles; signatures; and the logs of what was done and read.

pub mod accounts;
pub mod api_keys;
pub mod chains;
pub mod ledger;
pub mod principals;
pub mod read_log;
pub mod role_assignments;
pub mod sessions;
pub mod signatures;
pub mod signing_keys;
pub mod tenants;

use super::{Conn, Db, among, dialect, engine, keys};
