//! The content of a goal: an objective with its key results, or an indicator.

use crate::core::calendar::Period;
use crate::core::id::KeyResultId;
use crate::core::number::{Exact, percent};
use crate::scoring::kpi::Method;
use crate::scoring::okr::alignment;
use crate::scoring::okr::objective::Ambition;
use crate::scoring::okr::progress::Level;
use crate::text_enum;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

text_enum! {
    /// Level of a goal in the organisation, from the highest down (C.4).
    pub enum GoalLevel {
        /// The whole company.
        Company = "company",
        /// A division.
        Division = "division",
        /// A department.
        Department = "department",
        /// A team.
        Team = "team",
        /// One person.
        Person = "person",
    }
}

impl From<GoalLevel> for alignment::Level {
    fn from(level: GoalLevel) -> Self {
        match level {
            GoalLevel::Company => Self::COMPANY,
            GoalLevel::Division => Self::DIVISION,
            GoalLevel::Department => Self::DEPARTMENT,
            GoalLevel::Team => Self::TEAM,
            GoalLevel::Person => Self::PERSON,
        }
    }
}

text_enum! {
    /// How often an indicator is measured.
    pub enum Frequency {
        /// Each week.
        Weekly = "weekly",
        /// Each month.
        Monthly = "monthly",
        /// Each quarter.
        Quarterly = "quarterly",
        /// Once in the cycle.
        Once = "once",
    }
}

text_enum! {
    /// How the values of several periods are combined into the actual value of the cycle.
    pub enum Aggregation {
        /// Their sum.
        Sum = "sum",
        /// Their mean.
        Avg = "avg",
        /// The smallest value.
        Min = "min",
        /// The largest value.
        Max = "max",
        /// The latest value.
        Last = "last",
    }
}

text_enum! {
    /// Which sources count when several report on the same period.
    #[derive(Default)]
    pub enum Sources {
        /// One source: the one that the indicator names, else the one that reported first on the
        /// period.
        #[default]
        One = "one",
        /// All sources: each measures a part.
        All = "all",
    }
}

impl Sources {
    fn is_one(&self) -> bool {
        *self == Sources::One
    }
}

impl Aggregation {
    /// The actual value of the cycle from the values of its periods, oldest first; `None` without
    /// values.
    pub fn actual(self, values: &[Exact]) -> Option<Exact> {
        match self {
            Aggregation::Sum => (!values.is_empty()).then(|| values.iter().sum()),
            Aggregation::Avg => {
                values.iter().sum::<Exact>().checked_div(&Exact::from(values.len()))
            }
            Aggregation::Min => values.iter().min().cloned(),
            Aggregation::Max => values.iter().max().cloned(),
            Aggregation::Last => values.last().cloned(),
        }
    }
}

/// How a key result is measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Measure {
    /// A number that is to move from `start` to `target`.
    Metric {
        /// Value at the start of the period.
        start: Exact,
        /// Value at which the key result is reached.
        target: Exact,
        /// Unit of both values.
        unit: String,
    },
    /// Something that is either done or not.
    Boolean,
    /// Weighted steps; their weights sum to 100 percent.
    Milestone {
        /// The steps, in order.
        steps: Vec<Step>,
    },
    /// A level to maintain during the period.
    Maintain {
        /// The level to maintain.
        level: Level,
        /// Unit of the level.
        unit: String,
    },
}

/// A step of a milestone key result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What is done when the step is complete.
    pub title: String,
    /// Weight of the step in percent.
    #[serde(serialize_with = "percent::serialize")]
    pub weight: Exact,
}

fn unnamed() -> KeyResultId {
    uuid::Uuid::nil().into()
}

/// A key result of an objective.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyResult {
    /// Id of the key result, the same in all revisions; nil until it gets one.
    #[serde(default = "unnamed")]
    pub id: KeyResultId,
    /// What is to be reached.
    pub title: String,
    /// Weight in percent; the weights of one objective sum to 100.00.
    #[serde(serialize_with = "percent::serialize")]
    pub weight: Exact,
    /// How it is measured.
    pub measure: Measure,
}

/// How an indicator is measured and scored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Indicator {
    /// Unit of target and actual value.
    pub unit: String,
    /// Source of the actual value; without it the goal cannot become active (R18).
    pub source: Option<String>,
    /// How often it is measured; without it the goal cannot become active (R18).
    pub frequency: Option<Frequency>,
    /// Value at the start, to check how ambitious the target is (C.6).
    pub baseline: Option<Exact>,
    /// How the values of several periods are combined.
    pub aggregation: Aggregation,
    /// Which sources count when several report on the same period.
    #[serde(default, skip_serializing_if = "Sources::is_one")]
    pub sources: Sources,
    /// How the actual value is scored (part B).
    #[serde(rename = "scoring")]
    pub method: Method,
}

/// An objective or an indicator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum GoalKind {
    /// An objective with its key results (part C).
    Objective {
        /// Whether the objective is committed or aspirational.
        ambition: Ambition,
        /// The key results by which success is measured.
        key_results: Vec<KeyResult>,
    },
    /// An indicator (part B).
    Indicator(Box<Indicator>),
}

/// The content of a goal, which both sides sign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoalContent {
    /// What is to be reached.
    pub title: String,
    /// Longer description.
    pub description: Option<String>,
    /// Weight on the owner's form in percent, 2 places.
    pub weight: Decimal,
    /// The period in which the owner works on the goal.
    pub period: Period,
    /// The strategic theme that the goal serves.
    pub theme: Option<String>,
    /// Exploratory: failure is acceptable. It is scored on the aspirational curve and is never a
    /// reason for a PIP (R30).
    pub exploratory: bool,
    /// Objective or indicator.
    #[serde(rename = "definition")]
    pub kind: GoalKind,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_periods_become_one_actual() {
        let values = [3, 1, 2].map(Exact::from);
        let actual = |aggregation: Aggregation| aggregation.actual(&values).map(|v| v.to_string());
        assert_eq!(actual(Aggregation::Sum).as_deref(), Some("6"));
        assert_eq!(actual(Aggregation::Avg).as_deref(), Some("2"));
        assert_eq!(actual(Aggregation::Min).as_deref(), Some("1"));
        assert_eq!(actual(Aggregation::Max).as_deref(), Some("3"));
        assert_eq!(actual(Aggregation::Last).as_deref(), Some("2"));
        for aggregation in [
            Aggregation::Sum,
            Aggregation::Avg,
            Aggregation::Min,
            Aggregation::Max,
            Aggregation::Last,
        ] {
            assert_eq!(aggregation.actual(&[]), None);
        }
    }
}
