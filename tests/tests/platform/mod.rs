//! What holds for every resource.

mod answers;
mod bad_input;
mod bounds;
mod contract;
mod crash;
mod guides;
mod idempotency;
mod labels;
mod lists;
mod migrations;
mod process;
mod races;
mod read_only;
mod two_engines;
