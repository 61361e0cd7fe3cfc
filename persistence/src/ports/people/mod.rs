//! People, org units, reporting lines, open duties and imports.

mod duties;
mod employees;
mod imports;
mod org_units;
mod reporting_lines;

pub use duties::*;
pub use employees::*;
pub use imports::*;
pub use org_units::*;
pub use reporting_lines::*;
