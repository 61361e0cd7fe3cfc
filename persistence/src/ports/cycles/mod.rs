//! Cycles, policies and participants.

#[expect(clippy::module_inception, reason = "the noun that gives its area the name")]
mod cycles;
mod participants;
mod passages;
mod policies;
mod readiness;
mod weight_adjustments;

pub use cycles::*;
pub use participants::*;
pub use passages::*;
pub use policies::*;
pub use readiness::*;
pub use weight_adjustments::*;
