//! How many people get which grade: quotas, checks, ranking and statistical tests.
//!
//! Implements E.1-E.4. The target is a policy, not a natural law: this code answers questions and
//! prompts a person to look, and it changes no grade.

pub mod check;
pub mod comparison;
pub mod pool;
pub mod quota;
pub mod rank;

pub use check::{Check, Pooling, check, tolerance};
pub use comparison::{ChiSquare, Comparison, Method, chi_square, compare, exact_p, forbidden};
pub use pool::{Pool, UnitPools, pool_tree, pool_units, pools};
pub use quota::{Exclusion, Standing, quota, target_shares};
pub use rank::{Merits, Placement, rank};

use crate::scoring::scale::{Grade, PerGrade};

/// Number of people by grade.
pub type Counts = PerGrade<u32>;

/// Counts how often each grade was given.
pub fn counted(grades: impl IntoIterator<Item = Grade>) -> Counts {
    grades.into_iter().fold(Counts::default(), |mut counts, grade| {
        let count = counts.get_mut(grade);
        *count = count.saturating_add(1);
        counts
    })
}

/// Number of people in a distribution.
pub fn people(counts: &Counts) -> u64 {
    counts.iter().map(|count| u64::from(*count)).sum()
}
