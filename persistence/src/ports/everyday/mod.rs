//! To-dos, dashboards, exports and background jobs.

mod cards;
mod dashboards;
mod exports;
mod jobs;
mod to_dos;

pub use cards::*;
pub use dashboards::*;
pub use exports::*;
pub use jobs::*;
pub use to_dos::*;
