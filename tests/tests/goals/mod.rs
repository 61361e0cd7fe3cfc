//! Goals, their check-ins, measurements and dependencies.

mod dependencies;
mod goal_changes;
mod goal_imports;
mod goal_progress;
#[expect(clippy::module_inception, reason = "the noun that gives its area the name")]
mod goals;
mod measurement_import;
mod withdrawals;
