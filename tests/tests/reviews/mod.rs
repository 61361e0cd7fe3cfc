//! Reviews, results and calibration.

mod calibration;
mod distribution;
mod previews;
mod ratings;
mod results;
mod results_follow;
#[expect(clippy::module_inception, reason = "the noun that gives its area the name")]
mod reviews;
mod session_figures;
mod traces;
