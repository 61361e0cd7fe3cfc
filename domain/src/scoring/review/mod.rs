//! From ratings to the result of one person.
//!
//! Implements D.1 to D.5: ratings are combined within each rater type, rater types into dimensions,
//! dimensions into the composite score, which has a grade.

pub mod composite;
pub mod dimension;
pub mod disclosure;
pub mod evidence;
pub mod rater;
pub mod self_other;
