//! Goals, their check-ins and measurements.

mod goal_changes;
mod goal_progress;
#[expect(clippy::module_inception, reason = "the noun that gives its area the name")]
mod goals;
mod withdrawals;
