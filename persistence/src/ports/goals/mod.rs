//! Goals, their check-ins and measurements.

mod dependencies;
mod drafts;
#[expect(clippy::module_inception, reason = "the noun that gives its area the name")]
mod goals;

pub use dependencies::*;
pub use drafts::*;
pub use goals::*;
