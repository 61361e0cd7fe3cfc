//! People, the units in which they work, and their reporting lines.

pub mod duty;
pub mod employment;
pub mod import;
pub mod org;
pub mod search;
