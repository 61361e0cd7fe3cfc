//! What a person sees every day: cards, to-dos and jobs.

pub mod card;
pub mod job;
pub mod to_do;
