//! The rules of performance management: formulas, states and permissions.
//!
//! Pure by construction: the crate does no input or output and uses no clock, no randomness, no
//! database and no HTTP. Time, ids and random values come in as arguments.
//!
//! `docs/domain.md` states the formulas and rules; section numbers such as B.1 refer to it.

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

/// The modules in order of dependency: each one may use only those before it.
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
