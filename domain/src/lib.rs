//! What is true of performance management: formulas, states, rules and permissions.
//!
//! Pure by construction: no input or output, no clock, no randomness, no database,
//! no HTTP. Time, ids and random values come in as arguments.
//!
//! `docs/domain.md` states the formulas and rules; sections such as B.1 are those of it.

pub mod account;
pub mod aggregate;
pub mod apportion;
pub mod bonus;
pub mod calendar;
pub mod calibration;
pub mod calibration_session;
pub mod change;
pub mod cycle;
pub mod disclosure;
pub mod distribution;
pub mod dropped_dimension;
pub mod duty;
pub mod employment;
pub mod error;
pub mod fairness;
pub mod goal;
pub mod id;
pub mod import;
pub mod job;
pub mod kpi;
pub mod look;
pub mod merit;
pub mod nine_box;
pub mod number;
pub mod okr;
pub mod org;
pub mod participant;
pub mod payout;
pub mod performance_policy;
pub mod pip;
pub mod policy;
pub mod promotion;
pub mod readiness;
pub mod review;
pub mod risk;
pub mod scale;
pub mod settings;
pub mod signing;
pub mod state;
pub mod statistics;
pub mod tenant;
pub mod text;
pub mod time;
pub mod to_do;
pub mod trace;
pub mod training;
pub mod weights;

pub use error::{Code, DomainError, Result};
pub use number::{Exact, Rounding};
pub use scale::Grade;
