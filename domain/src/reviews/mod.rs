//! Reviews, their results, and the comparison of results.

pub mod action;
pub mod aggregate;
pub mod appeal_window;
pub mod calibration;
pub mod calibration_session;
pub mod distribution;
pub mod form;
pub mod move_check;
pub mod process_records;
pub mod ranking;
pub mod result;
