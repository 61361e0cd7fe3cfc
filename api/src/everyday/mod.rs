//! Everyday work: to-dos, dashboards and handover.

pub mod dashboards;
pub mod handover;
pub mod to_dos;
