//! Goals and what is reported of them.

pub mod goal;
