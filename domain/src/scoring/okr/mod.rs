//! Objectives and key results: progress, grading, the goal tree and its checks.
//!
//! Implements C.1 to C.7. Progress runs from 0 to 1 and has 4 places; it is always
//! rounded half-up, whatever `score.rounding` says (0.2).

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

/// Progress limited to 0..1, as it is graded.
pub(crate) fn clamp_progress(progress: Exact) -> Exact {
    progress.max(Exact::default()).min(Exact::from(1))
}

/// Progress as it is stored and shown.
pub(crate) fn round_progress(progress: &Exact) -> Result<Decimal> {
    progress.round(4, Rounding::HalfUp)
}
