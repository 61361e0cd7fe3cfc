//! Goals, their check-ins and measurements.

mod dependencies;
#[expect(clippy::module_inception, reason = "the noun that gives its area the name")]
mod goals;

pub use dependencies::*;
pub use goals::*;
