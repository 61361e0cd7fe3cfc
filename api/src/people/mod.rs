//! Units, positions and people with their employments and assignments, and bulk import and export.

pub mod bulk;
mod card;
pub mod employees;
pub mod org_units;
pub mod positions;

pub use card::PersonCard;
