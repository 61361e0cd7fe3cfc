//! Files of many rows: imports are read, exports are written.

mod csv_lines;
pub mod dates;
pub mod decode;
pub mod download;
mod encodings;
pub mod export;
#[cfg(test)]
mod fixtures;
pub mod format;
mod json_rows;
mod sheet;
pub mod stretches;
pub mod table;
mod text;
pub mod xlsx;
