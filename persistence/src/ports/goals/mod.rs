//! Goals, their check-ins and measurements.

mod dependencies;
#[expect(clippy::module_inception, reason = "the noun that gives its area the name")]
mod goals;
mod imports;

pub use dependencies::*;
pub use goals::*;
pub use imports::*;
