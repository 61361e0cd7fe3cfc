//! SQL, one file per noun, written once and compiled once per engine.

mod accounts;
mod aggregates;
mod among;
mod api_keys;
mod calibration;
mod cycles;
mod dashboards;
mod duties;
mod employees;
mod employments;
mod exports;
mod goals;
mod idempotency;
mod imports;
mod jobs;
pub mod ledger;
mod moves;
mod org_units;
mod participants;
mod passages;
mod policies;
mod positions;
mod principals;
mod pulse;
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
