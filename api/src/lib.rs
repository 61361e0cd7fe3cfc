//! Evenhand's REST API and its contract.
//!
//! A request takes one path: typed extractors, a use case inside one unit of work (load, decide,
//! change, save), a view with its ETag. Rules are in `domain`, SQL is in `persistence`.
//!
//! `platform` handles requests; the areas beside it contain the nouns; `areas` lists the areas.

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
