//! Reviews, their results, and the comparison of results.

pub mod action;
pub mod aggregate;
pub mod calibration;
pub mod calibration_session;
pub mod distribution;
pub mod form;
pub mod move_check;
pub mod ranking;
pub mod result;
