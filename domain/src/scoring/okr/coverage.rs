//! How far the targets of child goals add up to the target of their parent. Implements the quantity
//! cascade of C.4.

use crate::core::error::{Code, Result};
use crate::core::number::{Exact, Rounding};
use crate::scoring::weights;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// How the targets of child goals are combined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aggregation {
    /// Their sum.
    #[default]
    Sum,
    /// Their mean.
    Avg,
    /// Their mean, weighted.
    WeightedAvg,
    /// The smallest target.
    Min,
    /// The largest target.
    Max,
    /// The last target in order of time.
    Last,
}

/// The target of one child goal, in the unit of the parent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChildTarget {
    /// Target of the child.
    pub target: Exact,
    /// Weight, used by [`Aggregation::WeightedAvg`] only.
    pub weight: Exact,
}

impl Aggregation {
    /// Combines targets, which are given in order of time.
    ///
    /// # Errors
    /// `EMPTY_INPUT` without targets; `WEIGHTS_NOT_100` when the weights of a weighted mean sum to
    /// 0.
    pub fn of(self, children: &[ChildTarget]) -> Result<Exact> {
        let targets = || children.iter().map(|child| &child.target);
        let aggregate = match self {
            Aggregation::Sum => (!children.is_empty()).then(|| targets().sum()),
            Aggregation::Avg => targets().sum::<Exact>().checked_div(&Exact::from(children.len())),
            Aggregation::WeightedAvg if !children.is_empty() => {
                let weighted = children.iter().map(|child| (&child.weight, &child.target));
                Some(weights::weighted_mean(weighted)?)
            }
            Aggregation::WeightedAvg => None,
            Aggregation::Min => targets().min().cloned(),
            Aggregation::Max => targets().max().cloned(),
            Aggregation::Last => children.last().map(|child| child.target.clone()),
        };
        aggregate.ok_or_else(|| Code::EmptyInput.because("there are no children"))
    }
}

/// How far the targets of child goals cover the target of the parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// Combined target in percent of the parent's target, 2 places.
    pub percent: Decimal,
    /// Whether the exact percentage is below `goal.coverage_min`; a warning, not an error.
    pub short: bool,
}

/// The combined target of the children of a goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cascade {
    /// Combined target in the unit of the parent, 4 places.
    pub value: Decimal,
    /// Coverage of the parent's target; only a sum covers, and `None` also when that target is 0.
    pub coverage: Option<Coverage>,
}

/// Combines the targets of child goals, given in order of time, and says how far a sum covers the
/// target of the parent.
///
/// # Errors
/// The errors of [`Aggregation::of`], and `NUMBER_OVERFLOW`.
pub fn cascade(
    parent: &Exact,
    children: &[ChildTarget],
    aggregation: Aggregation,
    minimum_percent: &Exact,
) -> Result<Cascade> {
    let value = aggregation.of(children)?.round(4, Rounding::HalfUp)?;
    let coverage = match aggregation {
        Aggregation::Sum => coverage(parent, children, aggregation, minimum_percent)?,
        Aggregation::Avg
        | Aggregation::WeightedAvg
        | Aggregation::Min
        | Aggregation::Max
        | Aggregation::Last => None,
    };
    Ok(Cascade { value, coverage })
}

/// Coverage of the parent's target; `None` when that target is 0.
///
/// # Errors
/// The errors of [`Aggregation::of`], and `NUMBER_OVERFLOW`.
pub fn coverage(
    parent: &Exact,
    children: &[ChildTarget],
    aggregation: Aggregation,
    minimum_percent: &Exact,
) -> Result<Option<Coverage>> {
    let carried = aggregation.of(children)? * Exact::from(100);
    let Some(percent) = carried.checked_div(parent) else { return Ok(None) };
    let short = percent < *minimum_percent;
    Ok(Some(Coverage { percent: percent.round(2, Rounding::HalfUp)?, short }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn children(targets: &[(i64, i64)]) -> Vec<ChildTarget> {
        targets
            .iter()
            .map(|&(target, weight)| ChildTarget { target: target.into(), weight: weight.into() })
            .collect()
    }

    fn covered(parent: i64, targets: &[(i64, i64)]) -> Option<(String, bool)> {
        let minimum = Exact::from(100);
        coverage(&parent.into(), &children(targets), Aggregation::Sum, &minimum)
            .unwrap()
            .map(|c| (c.percent.to_string(), c.short))
    }

    #[test]
    fn targets_below_the_parents_are_short() {
        let plan = |last| [(4_000_000, 1), (5_000_000, 1), (last, 1)];
        assert_eq!(covered(12_000_000, &plan(3_500_000)), Some(("104.17".into(), false)));
        assert_eq!(covered(12_000_000, &plan(2_400_000)), Some(("95.00".into(), true)));
        assert_eq!(covered(0, &plan(1)), None);
        // 99.999 % is shown as 100.00 but is still short, because limits compare exact values.
        assert_eq!(covered(100_000, &[(99_999, 1)]), Some(("100.00".into(), true)));
    }

    #[test]
    fn each_aggregation_takes_its_figure() {
        let targets = children(&[(10, 1), (40, 3), (20, 0)]);
        for (aggregation, expected) in [
            (Aggregation::Sum, "70"),
            (Aggregation::Avg, "70/3"),
            (Aggregation::WeightedAvg, "32.5"),
            (Aggregation::Min, "10"),
            (Aggregation::Max, "40"),
            (Aggregation::Last, "20"),
        ] {
            assert_eq!(aggregation.of(&targets).unwrap().to_string(), expected);
            assert_eq!(aggregation.of(&[]).unwrap_err().code, Code::EmptyInput);
        }
        let weightless = Aggregation::WeightedAvg.of(&children(&[(10, 0)]));
        assert_eq!(weightless.unwrap_err().code, Code::WeightsNot100);
    }
}
