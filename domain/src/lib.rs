//! What is true of performance management: formulas, states, rules and permissions.
//!
//! Pure by construction: no input or output, no clock, no randomness, no database,
//! no HTTP. Time, ids and random values come in as arguments.
//!
//! `docs/domain.md` states the formulas and rules; sections such as B.1 are those of it.

pub mod core;

pub mod access;
pub mod consequences;
pub mod cycles;
pub mod everyday;
pub mod goals;
pub mod people;
pub mod policy;
pub mod reviews;
pub mod scoring;
pub mod state;

pub use crate::core::error::{Code, DomainError, Result};
pub use crate::core::number::{Exact, Rounding};
pub use scoring::scale::Grade;

/// The floor, each part of which may know those before it.
pub const ORDER: &[&str] = &[
    "core",
    "state",
    "scoring",
    "policy",
    "access",
    "people",
    "cycles",
    "goals",
    "reviews",
    "consequences",
    "everyday",
];
