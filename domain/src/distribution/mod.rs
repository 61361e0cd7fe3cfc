//! How many people get which grade: quotas, their enforcement, ranking and its test.
//!
//! Implements E.1-E.4. The target is a policy, not a natural law: everything here answers a
//! question or prompts a person to look, and changes no grade.

pub mod check;
pub mod comparison;
pub mod pool;
pub mod quota;
pub mod rank;

pub use check::{Check, check, tolerance};
pub use comparison::{ChiSquare, Comparison, chi_square, compare, exact_p};
pub use pool::{Pool, pools};
pub use quota::{Exclusion, Standing, quota, target_shares};
pub use rank::{Merits, Placement, rank};

use crate::scale::PerGrade;

/// People per grade.
pub type Counts = PerGrade<u32>;

/// Everybody in a distribution.
fn people(counts: &Counts) -> u64 {
    counts.iter().map(|count| u64::from(*count)).sum()
}
