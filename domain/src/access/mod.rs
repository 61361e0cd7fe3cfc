//! Who comes in, what they sign and look at, and what of that may be told.

pub mod account;
pub mod disclosure;
pub mod look;
pub mod signing;
pub mod tenant;
