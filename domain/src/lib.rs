//! What is true of performance management: formulas, states, rules and permissions.
//!
//! Pure by construction: no input or output, no clock, no randomness, no database,
//! no HTTP. Time, ids and random values come in as arguments.

pub mod account;
pub mod change;
pub mod id;
pub mod import;
pub mod job;
pub mod org;
pub mod policy;
pub mod tenant;
pub mod text;
pub mod time;
