//! Cycles, their policies and their participants.

pub mod cycle;
pub mod dropped_dimension;
pub mod participant;
pub mod performance_policy;
pub mod readiness;
pub mod weight_adjustment;
