//! Stores the records: one source for two engines, SQLite and PostgreSQL.
//!
//! This is the only crate that uses Diesel. Everything under `repository/` and `engine/` is written
//! once and compiled once per engine; the differences are in `sqlite/` and `postgres/`.

#![expect(clippy::duplicate_mod, reason = "shared code is compiled once per engine, on purpose")]

pub mod audit;
mod card;
mod column;
mod database;
mod error;
mod page;
mod ports;
mod postgres;
mod record;
mod schema;
mod sqlite;

pub use audit::AuditEntry;
pub use card::{GOAL, with_cards};
pub use database::{Context, Database, Options};
pub use error::{DbError, Failure};
pub use page::{After, Page};
pub use ports::*;

/// The areas of `repository/`. Each may use the areas before it.
pub const ORDER: &[&str] = &["people", "access", "cycles", "goals", "reviews", "everyday"];
