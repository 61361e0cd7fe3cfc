//! The formulas: from figures and ratings to scores, grades and statistics. They know numbers
//! and settings, and no records (parts A to F).

pub mod apportion;
pub mod distribution;
pub mod fairness;
pub mod kpi;
pub mod nine_box;
pub mod okr;
pub mod review;
pub mod risk;
pub mod scale;
pub mod settings;
pub mod statistics;
pub mod trace;
pub mod weights;
