//! SQL, one file per noun, written once and compiled once per engine.

mod employees;
mod exports;
mod idempotency;
mod imports;
mod jobs;
pub mod ledger;
mod org_units;
mod positions;
mod reporting_lines;
mod signing_keys;
mod tenants;

use super::{Conn, Db, dialect, engine};
