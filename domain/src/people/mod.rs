//! People, the units they work in, and the lines between them.

pub mod duty;
pub mod employment;
pub mod import;
pub mod org;
