//! The whole product over HTTP, every test on both engines with a private database.

mod access_matrix;
mod accounts;
mod bad_input;
mod bulk;
mod contract;
mod crash;
mod cycles;
mod dashboards;
mod employees;
mod idempotency;
mod ledger;
mod lists;
mod migrations;
mod org_units;
mod policies;
mod positions;
mod process;
mod races;
mod ratings;
mod requirements;
mod sign_in;
mod traces;
mod two_engines;
