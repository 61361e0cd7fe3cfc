//! SQL, one file per noun, written once and compiled once per engine.

mod accounts;
mod aggregates;
mod among;
mod api_keys;
mod calibration;
mod chains;
mod cycles;
mod dashboards;
mod employees;
mod exports;
mod goals;
mod idempotency;
mod imports;
mod jobs;
pub mod ledger;
mod moves;
mod org_units;
mod participants;
mod policies;
mod positions;
mod principals;
pub mod read_log;
mod readiness;
mod reporting_lines;
mod review_sets;
mod reviews;
mod role_assignments;
mod sessions;
mod signatures;
mod signing_keys;
mod tenants;
mod to_dos;

use super::{Conn, Db, dialect, engine};
