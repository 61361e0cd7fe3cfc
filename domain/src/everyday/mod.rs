//! What a person meets every day: to-dos and long work.

pub mod job;
pub mod to_do;
