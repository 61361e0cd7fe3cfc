//! Reasons why a transition is refused.

use serde::Serialize;
use thiserror::Error;

use super::{By, Named};
use crate::core::error::Code;

/// A refused transition. Implements the last line of the introduction of D.6.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// Somebody else has changed the record in the meantime: `STATE_CONFLICT`.
    #[error("the {machine} is at version {current}, no longer at {seen}")]
    Stale {
        /// Name of the machine.
        machine: &'static str,
        /// The version that the caller had read.
        seen: u64,
        /// The present version of the record.
        current: u64,
    },
    /// The event is not possible in this state: `FORBIDDEN_TRANSITION`.
    #[error("{event} is not possible while the {machine} is {state}")]
    NotInTable {
        /// Name of the machine.
        machine: &'static str,
        /// The present state.
        state: &'static str,
        /// The requested event.
        event: &'static str,
    },
    /// Signatures from the needed seats are missing: `FORBIDDEN_TRANSITION`.
    #[error("{event} of the {machine} is for {needed}")]
    NotEntitled {
        /// Name of the machine.
        machine: &'static str,
        /// The requested event.
        event: &'static str,
        /// The seats whose signatures are needed.
        needed: By,
    },
    /// Guards are violated; all of them are listed: `GUARD_FAILED`.
    #[error("{event} of the {machine} is not possible yet: {}", names(.violations))]
    Guarded {
        /// Name of the machine.
        machine: &'static str,
        /// The requested event.
        event: &'static str,
        /// Every violated guard, in the order of the table.
        violations: Vec<Violation>,
    },
}

/// A guard that is violated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Stable text of the guard.
    pub guard: &'static str,
    /// What the guard requires, as one English sentence.
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
