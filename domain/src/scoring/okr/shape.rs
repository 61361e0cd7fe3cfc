//! How many objectives and key results a person has. Implements the counts of C.4, which give
//! warnings and never refuse.

use core::ops::RangeInclusive;
use serde::{Deserialize, Serialize};

/// Recommended number of objectives of one owner.
const OBJECTIVES: RangeInclusive<usize> = 1..=5;

/// Recommended number of key results of one objective.
const KEY_RESULTS: RangeInclusive<usize> = 2..=5;

/// A number outside the recommended range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShapeWarning {
    /// The owner has this number of objectives, not 1 to 5.
    Objectives(usize),
    /// An objective does not have 2 to 5 key results.
    KeyResults {
        /// Position of the objective in the input.
        objective: usize,
        /// Number of its key results.
        count: usize,
    },
}

/// What is unusual about an owner's objectives; the input is the number of key results of each.
pub fn shape_warnings(key_results: &[usize]) -> Vec<ShapeWarning> {
    let objectives = key_results.len();
    let all = (!OBJECTIVES.contains(&objectives)).then_some(ShapeWarning::Objectives(objectives));
    let each = key_results.iter().enumerate().filter(|(_, count)| !KEY_RESULTS.contains(count));
    let each = each.map(|(objective, &count)| ShapeWarning::KeyResults { objective, count });
    all.into_iter().chain(each).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_objectives_with_a_few_key_results_are_usual() {
        assert_eq!(shape_warnings(&[2, 5, 3]), []);
        assert_eq!(shape_warnings(&[]), [ShapeWarning::Objectives(0)]);
        assert_eq!(shape_warnings(&[3; 6]), [ShapeWarning::Objectives(6)]);
        let uneven = shape_warnings(&[1, 2, 6]);
        let expected = [(0, 1), (2, 6)]
            .map(|(objective, count)| ShapeWarning::KeyResults { objective, count });
        assert_eq!(uneven, expected);
    }
}
