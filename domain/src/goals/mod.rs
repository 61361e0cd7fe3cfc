//! Goals, and the check-ins and measurements reported for them.

pub mod dependency;
pub mod drafts;
pub mod goal;
pub mod import;
