//! What follows from a grade: bonus, salary increase, PIP, promotion and training.

pub mod bonus;
pub mod merit;
pub mod payout;
pub mod pip;
pub mod promotion;
pub mod training;
