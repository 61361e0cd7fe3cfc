//! Evenhand's REST API: what is said over HTTP, and how it is contracted.
//!
//! A request goes one way: typed extractors, a use case inside one unit of work (load, decide,
//! change, save), a view with its ETag. Rules live in `domain`, SQL in `persistence`.

pub mod access;
pub mod accounts;
pub mod api_keys;
pub mod app;
pub mod audit_entries;
pub mod audit_heads;
pub mod auth;
pub mod bulk;
pub mod calibration;
pub mod caller;
pub mod cli;
pub mod clock;
pub mod config;
pub mod contract;
pub mod cycles;
pub mod dashboards;
pub mod distribution;
pub mod edge;
pub mod employees;
pub mod events;
pub mod extract;
pub mod faults;
pub mod goals;
pub mod housekeeping;
pub mod jobs;
pub mod key_file;
pub mod keys;
pub mod me;
pub mod org_units;
pub mod page;
pub mod participants;
pub mod patch;
pub mod places;
pub mod policies;
pub mod positions;
pub mod problem;
pub mod ratings;
pub mod reads;
pub mod refusal;
pub mod reply;
pub mod reviews;
pub mod role_assignments;
pub mod routes;
pub mod schema;
pub mod server;
pub mod signing;
pub mod tenant;
pub mod to_dos;
pub mod transition;
pub mod xml;
