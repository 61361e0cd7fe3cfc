//! Goals, their check-ins and measurements.

mod dependencies;
mod drafts;
#[expect(clippy::module_inception, reason = "the noun that gives its area the name")]
mod goals;
mod imports;

pub use dependencies::*;
pub use drafts::*;
pub use goals::*;
pub use imports::*;
