//! How many people get which grade: quotas, their enforcement, ranking and its test.
//!
//! Implements E.1-E.4. The target is a policy, not a natural law: everything here answers a
//! question or prompts a person to look, and changes no grade.

pub mod check;
pub mod comparison;
pub mod pool;
pub mod quota;
pub mod rank;

pub use check::{Check, Pooling, check, tolerance};
pub use comparison::{ChiSquare, Comparison, chi_square, compare, exact_p};
pub use pool::{Pool, pool_tree, pools};
pub use quota::{Exclusion, Standing, quota, target_shares};
pub use rank::{Merits, Placement, rank};

use crate::scoring::scale::{Grade, PerGrade};

/// People per grade.
pub type Counts = PerGrade<u32>;

/// How often each grade was given.
pub fn counted(grades: impl IntoIterator<Item = Grade>) -> Counts {
    grades.into_iter().fold(Counts::default(), |mut counts, grade| {
        let count = counts.get_mut(grade);
        *count = count.saturating_add(1);
        counts
    })
}

/// Everybody in a distribution.
pub fn people(counts: &Counts) -> u64 {
    counts.iter().map(|count| u64::from(*count)).sum()
}
