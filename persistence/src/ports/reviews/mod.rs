//! Reviews, results, calibration and counts of grades.

mod aggregates;
mod calibration;
#[expect(clippy::module_inception, reason = "the noun that gives its area the name")]
mod reviews;

pub use aggregates::*;
pub use calibration::*;
pub use reviews::*;
