//! The platform, which the areas are built on and which knows nothing of them: connections,
//! callers, requests and answers, refusals, files, jobs and transitions.

pub mod app;
pub mod areas;
pub mod auth;
pub mod caller;
pub mod clock;
pub mod config;
pub mod edge;
pub mod extract;
pub mod faults;
pub mod files;
pub mod housekeeping;
pub mod imports;
pub mod jobs;
pub mod json;
pub mod key_file;
pub mod keys;
pub mod labels;
pub mod page;
pub mod parameters;
pub mod patch;
pub mod period;
pub mod places;
pub mod plain;
pub mod problem;
pub mod problem_page;
pub mod refusal;
pub mod reply;
pub mod resource;
pub mod schema;
pub mod seen;
pub mod server;
pub mod signing;
pub mod transition;
pub mod words;
pub mod xml;
