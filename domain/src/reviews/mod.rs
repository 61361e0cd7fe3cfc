//! Reviews, their results, and how results are compared.

pub mod action;
pub mod aggregate;
pub mod calibration;
pub mod calibration_session;
pub mod distribution;
pub mod form;
pub mod result;
