//! What people meet every day: to-dos, dashboards, exports, long work.

pub mod dashboards;
pub mod exports;
pub mod jobs;
pub mod to_dos;

use super::{Conn, Db, among, dialect, engine};
