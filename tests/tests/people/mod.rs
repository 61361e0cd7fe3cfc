//! People, org units and positions.

mod bulk;
mod duties;
mod employees;
mod employments;
mod files;
mod org_units;
mod positions;
mod reports;
mod search;
