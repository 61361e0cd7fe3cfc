//! People, org units, reporting lines, open duties and imports.

pub mod duties;
pub mod employees;
pub mod employments;
pub mod imports;
pub mod listing;
pub mod org_units;
pub mod reporting_lines;
pub mod search;

use super::{Conn, Db, among, dialect, engine, keys};
