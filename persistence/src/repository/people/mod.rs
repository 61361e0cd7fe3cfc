//! People, org units, reporting lines, open duties and imports.

pub mod duties;
pub mod employees;
pub mod employments;
pub mod imports;
pub mod org_units;
pub mod reporting_lines;

use super::{Conn, Db, among, dialect, engine, keys};
