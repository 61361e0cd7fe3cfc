//! What every other module uses: numbers, dates, ids, texts, trees and changes.

pub mod calendar;
pub mod change;
pub mod error;
pub mod history;
pub mod id;
pub mod import;
pub mod number;
pub mod text;
pub mod time;
pub mod tree;
