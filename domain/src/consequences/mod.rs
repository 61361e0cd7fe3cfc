//! What follows from a grade: bonus, salary increase, PIP, promotion and training.

pub mod bonus;
pub mod grade;
pub mod merit;
pub mod not_rated;
pub mod payout;
pub mod pip;
pub mod promotion;
pub mod training;
