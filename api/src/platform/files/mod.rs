//! Files of many rows: read as they are sent, and written as they are asked for.

pub mod decode;
pub mod export;
pub mod stretches;
mod text;
pub mod xlsx;
