//! Cycles, the policies they follow, and who takes part.

pub mod cycle;
pub mod dropped_dimension;
pub mod participant;
pub mod performance_policy;
pub mod readiness;
