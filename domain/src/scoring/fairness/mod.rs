//! Fairness and bias analytics: they prompt a person to look and never change a score.
//!
//! Implements part F. Every analysis returns a [`Figure`]: if there are too few observations, or
//! nothing varies, it holds a reason instead of a number.

pub mod adverse_impact;
pub mod agreement;
pub mod central_tendency;
pub mod department;
pub mod halo;
pub mod leniency;
pub mod mismatch;
pub mod recency;
pub mod survey;

use crate::core::number::Exact;
use core::fmt;
use serde::{Deserialize, Serialize};

/// Why there is no figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Withheld {
    /// Too few observations to say anything.
    Insufficient,
    /// All observations are equal.
    NoVariance,
}

impl fmt::Display for Withheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Withheld::Insufficient => "INSUFFICIENT",
            Withheld::NoVariance => "NO_VARIANCE",
        })
    }
}

/// The result of an analysis, or the reason why there is none.
pub type Figure<T> = core::result::Result<T, Withheld>;

/// The share of `items` that satisfy `condition`, 0 to 1; `INSUFFICIENT` for no items.
fn share<T>(items: &[T], condition: impl Fn(&T) -> bool) -> Figure<Exact> {
    let count = items.iter().filter(|item| condition(item)).count();
    Exact::from(count).checked_div(&Exact::from(items.len())).ok_or(Withheld::Insufficient)
}

/// Refuses a group of fewer than `least` observations.
fn at_least(least: u32, count: usize) -> Figure<()> {
    if count < least as usize { Err(Withheld::Insufficient) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers written as `"3 4.5 -1"`.
    pub fn numbers(text: &str) -> Vec<Exact> {
        text.split_whitespace().map(|number| number.parse().unwrap()).collect()
    }

    /// Rows of numbers, written as `"1 2; 3 4"`.
    pub fn rows(text: &str) -> Vec<Vec<Exact>> {
        text.split(';').map(numbers).collect()
    }

    #[test]
    fn a_reason_reads_as_it_is_published() {
        for reason in [Withheld::Insufficient, Withheld::NoVariance] {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.to_string());
        }
    }
}
