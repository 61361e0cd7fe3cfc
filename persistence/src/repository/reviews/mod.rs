//! Reviews, results, calibration and counts of grades.

pub mod aggregates;
pub mod calibration;
pub mod moves;
pub mod review_sets;
#[expect(clippy::module_inception, reason = "the noun that gives its area the name")]
pub mod reviews;

use super::{Conn, Db, among, dialect, engine};
