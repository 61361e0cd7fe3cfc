//! The formulas that turn measurements and ratings into scores, grades and statistics (parts A to
//! F). They use numbers and settings only, no records.

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
