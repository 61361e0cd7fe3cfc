//! Files of many rows: imports are read, exports are written.

pub mod decode;
pub mod export;
pub mod stretches;
mod text;
pub mod xlsx;
