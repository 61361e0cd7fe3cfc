//! The SQL: one file per noun in the folder of its area, written once and compiled once per engine.

pub mod access;
mod among;
mod cycles;
mod everyday;
mod goals;
pub mod idempotency;
mod keys;
pub mod people;
mod plain;
mod pulse;
pub mod reviews;

use super::{Conn, Db, dialect, engine};
