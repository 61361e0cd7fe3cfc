//! Cycles, policies and participants.

#[expect(clippy::module_inception, reason = "the noun that gives its area the name")]
pub mod cycles;
pub mod participants;
pub mod passages;
pub mod policies;
pub mod readiness;
pub mod weight_adjustments;

use super::{Conn, Db, dialect, engine};
