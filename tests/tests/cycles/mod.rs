//! Cycles, policies and participants.

mod completion;
mod cycle_jobs;
#[expect(clippy::module_inception, reason = "the noun that gives its area the name")]
mod cycles;
mod participants;
mod passages;
mod policies;
mod weight_adjustments;
