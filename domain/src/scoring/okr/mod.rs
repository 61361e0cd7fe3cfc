//! Objectives and key results: progress, grading, the goal tree and its checks.
//!
//! Implements C.1 to C.7. Progress is a number from 0 to 1 with 4 places; it is always rounded
//! half-up, whatever `score.rounding` says (0.2).

pub mod alignment;
pub mod confidence;
pub mod conflict;
pub mod coverage;
pub mod feasibility;
pub mod objective;
pub mod progress;
pub mod rollup;
pub mod shape;
pub mod smart;

use crate::core::error::Result;
use crate::core::number::{Exact, Rounding};
use rust_decimal::Decimal;

/// Limits progress to 0..1, the form in which it is graded.
pub(crate) fn clamp_progress(progress: Exact) -> Exact {
    progress.max(Exact::default()).min(Exact::from(1))
}

/// Rounds progress to 4 places, the form in which it is stored and shown.
pub(crate) fn round_progress(progress: &Exact) -> Result<Decimal> {
    progress.round(4, Rounding::HalfUp)
}
