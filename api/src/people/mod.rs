//! Units, positions and people with their employments and assignments, and bulk import and export.

pub mod bulk;
mod card;
pub mod employees;
pub mod org_units;
pub mod positions;
pub mod words;

use crate::platform::areas::Noun;
pub use card::PersonCard;

/// The nouns of the area, in the order in which documents show them.
pub const NOUNS: &[Noun] = &[org_units::NOUN, positions::NOUN, employees::NOUN];
