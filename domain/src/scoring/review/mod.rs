//! From ratings to one result of a person.
//!
//! Implements D.1 to D.5: ratings are aggregated inside each rater type, types are
//! weighted into dimensions, dimensions into the composite and its grade.

pub mod composite;
pub mod dimension;
pub mod disclosure;
pub mod evidence;
pub mod rater;
pub mod self_other;
