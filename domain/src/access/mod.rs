//! Who signs in, what they sign, what they look at, and how much of that others may see.

pub mod account;
pub mod disclosure;
pub mod look;
pub mod signing;
pub mod tenant;
