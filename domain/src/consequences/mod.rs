//! What follows from a grade, by rule.

pub mod bonus;
pub mod merit;
pub mod payout;
pub mod pip;
pub mod promotion;
pub mod training;
