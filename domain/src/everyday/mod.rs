//! What a person sees every day: to-dos and jobs.

pub mod job;
pub mod to_do;
