//! Why a transition does not happen.

use serde::Serialize;
use thiserror::Error;

use super::{By, Named};
use crate::core::error::Code;

/// A transition that is refused. Implements the last line of the introduction of D.6.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// Somebody else moved the record in the meantime: `STATE_CONFLICT`.
    #[error("the {machine} is at version {current}, no longer at {seen}")]
    Stale {
        /// The machine.
        machine: &'static str,
        /// The version the caller has seen.
        seen: u64,
        /// The version of the record.
        current: u64,
    },
    /// The table has no such event in this state: `FORBIDDEN_TRANSITION`.
    #[error("{event} is not possible while the {machine} is {state}")]
    NotInTable {
        /// The machine.
        machine: &'static str,
        /// The present state.
        state: &'static str,
        /// The event asked for.
        event: &'static str,
    },
    /// The signatures do not suffice: `FORBIDDEN_TRANSITION`.
    #[error("{event} of the {machine} is for {needed}")]
    NotEntitled {
        /// The machine.
        machine: &'static str,
        /// The event asked for.
        event: &'static str,
        /// Whose signatures it needs.
        needed: By,
    },
    /// Guards are not satisfied, all of them listed: `GUARD_FAILED`.
    #[error("{event} of the {machine} is not possible yet: {}", names(.violations))]
    Guarded {
        /// The machine.
        machine: &'static str,
        /// The event asked for.
        event: &'static str,
        /// Every violated guard, in the order of the table.
        violations: Vec<Violation>,
    },
}

/// A guard that is not satisfied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// The stable text of the guard.
    pub guard: &'static str,
    /// What it demands, one English sentence.
    pub demand: &'static str,
}

impl Violation {
    pub(super) fn of<G: Named>(guard: G) -> Self {
        Self { guard: guard.as_str(), demand: guard.meaning() }
    }
}

fn names(violations: &[Violation]) -> String {
    violations.iter().map(|violation| violation.guard).collect::<Vec<_>>().join(", ")
}

impl Refusal {
    /// The code of 0.4.
    pub const fn code(&self) -> Code {
        match self {
            Self::Stale { .. } => Code::StateConflict,
            Self::NotInTable { .. } | Self::NotEntitled { .. } => Code::ForbiddenTransition,
            Self::Guarded { .. } => Code::GuardFailed,
        }
    }
}
