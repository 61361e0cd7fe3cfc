//! How records are kept: one source for two engines, SQLite and PostgreSQL.
//!
//! The only crate that knows Diesel. Everything under `repository/` and `engine/` is written once
//! and compiled once per engine; what truly differs is in `sqlite/` and `postgres/`.

pub mod audit;
mod column;
mod database;
mod error;
mod page;
mod ports;
mod postgres;
mod schema;
mod sqlite;

pub use audit::AuditEntry;
pub use database::{Context, Database, Options};
pub use error::{DbError, Failure};
pub use page::{After, Page};
pub use ports::*;
