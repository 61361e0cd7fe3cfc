//! Evenhand's REST API: what is said over HTTP, and how it is contracted.
//!
//! A request goes one way: typed extractors, a use case inside one unit of work (load, decide,
//! change, save), a view with its ETag. Rules live in `domain`, SQL in `persistence`.
//!
//! The `platform` carries requests; the areas beside it hold the nouns, and `areas` lists them.

pub mod access;
pub mod areas;
pub mod cli;
pub mod contract;
pub mod cycles;
#[cfg(test)]
mod edge_tests;
pub mod everyday;
pub mod goals;
pub mod people;
pub mod platform;
pub mod reviews;
