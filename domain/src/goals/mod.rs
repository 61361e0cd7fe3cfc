//! Goals, and the check-ins and measurements reported for them.

pub mod goal;
