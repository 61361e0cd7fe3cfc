//! To-dos, dashboards, exports and background jobs.

pub mod cards;
pub mod dashboards;
pub mod exports;
pub mod jobs;
pub mod to_dos;

use super::{Conn, Db, among, dialect, engine};
