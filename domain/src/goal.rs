//! A goal (目标) of one owner in one cycle: an objective with key results, or an indicator.
//!
//! How it moves is told by [`crate::state::goal`]; here is what it holds. The content that both
//! sides signed is kept revision by revision (R25).

use crate::calendar::Period;
use crate::id::{
    AccountId, CheckInId, CycleId, EmployeeId, GoalChangeId, GoalId, KeyResultId, MeasurementId,
};
use crate::kpi::Method;
use crate::number::Exact;
use crate::okr::alignment;
use crate::okr::objective::Ambition;
use crate::okr::progress::Level;
use crate::policy::{Protected, Target};
use crate::state::goal::State;
use crate::text_enum;
use crate::time::Timestamp;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

text_enum! {
    /// Height of a goal in the organisation, from the highest down (C.4).
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
    /// How often the data of an indicator come in.
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
    /// How the values of several periods become the actual of the cycle.
    pub enum Aggregation {
        /// They are added.
        Sum = "sum",
        /// Their mean counts.
        Avg = "avg",
        /// The smallest counts.
        Min = "min",
        /// The largest counts.
        Max = "max",
        /// The latest counts.
        Last = "last",
    }
}

impl Aggregation {
    /// The actual of the cycle from the values of its periods, oldest first; none without values.
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

/// What a key result measures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Measure {
    /// A figure on its way from `start` to `target`.
    Metric {
        /// Value at the start of the period.
        start: Exact,
        /// Value that means done.
        target: Exact,
        /// Unit of both.
        unit: String,
    },
    /// Something that is done or not.
    Boolean,
    /// Weighted steps; their weights sum to 100.
    Milestone {
        /// The steps, in order.
        steps: Vec<Step>,
    },
    /// A level to keep.
    Maintain {
        /// The level.
        level: Level,
        /// Its unit.
        unit: String,
    },
}

/// A step of a milestone key result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What is done then.
    pub title: String,
    /// Share of the whole in percent.
    pub weight: Exact,
}

/// A key result of an objective.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyResult {
    /// Its id, the same through all revisions.
    pub id: KeyResultId,
    /// What is to be reached.
    pub title: String,
    /// Weight in percent; those of one objective sum to 100.00.
    pub weight: Exact,
    /// What it measures.
    pub measure: Measure,
}

/// How an indicator is read and scored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Indicator {
    /// Unit of target and actual.
    pub unit: String,
    /// Where the actual comes from; without it the goal cannot become active (R18).
    pub source: Option<String>,
    /// How often it comes; without it the goal cannot become active (R18).
    pub frequency: Option<Frequency>,
    /// Value at the outset, for the check of the challenge (C.6).
    pub baseline: Option<Exact>,
    /// How the values of several periods become the actual.
    pub aggregation: Aggregation,
    /// How the actual is scored (part B).
    pub method: Method,
}

/// An objective or an indicator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum GoalKind {
    /// An objective with its key results (part C).
    Objective {
        /// What was promised.
        ambition: Ambition,
        /// What shows that it is reached.
        key_results: Vec<KeyResult>,
    },
    /// An indicator (part B).
    Indicator(Box<Indicator>),
}

/// What both sides sign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoalContent {
    /// What is to be reached.
    pub title: String,
    /// What it is about.
    pub description: Option<String>,
    /// Weight on the owner's form in percent, 2 places.
    pub weight: Decimal,
    /// The days in which it is pursued.
    pub period: Period,
    /// The strategic theme it serves.
    pub theme: Option<String>,
    /// Tolerant of failure: scored on the aspirational curve, never a reason for a PIP (R30).
    pub exploratory: bool,
    /// Objective or indicator.
    pub kind: GoalKind,
}

/// A goal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Goal {
    /// Its id.
    pub id: GoalId,
    /// The cycle.
    pub cycle_id: CycleId,
    /// Whose goal it is.
    pub owner_id: EmployeeId,
    /// Who answers for the owner's review: the responsible manager of the participant.
    pub manager_id: Option<EmployeeId>,
    /// Height in the organisation.
    pub level: GoalLevel,
    /// The goal it takes over a part of (承接).
    pub parent_id: Option<GoalId>,
    /// Where it is.
    pub state: State,
    /// Number of the content that is in force, from 1.
    pub revision: i32,
    /// What it says.
    pub content: GoalContent,
    /// Progress 0..1, 4 places; none while no value was recorded.
    pub progress: Option<Decimal>,
    /// Confidence at the last check-in, 1 to 10.
    pub confidence: Option<i32>,
    /// When somebody last checked in.
    pub checked_in_at: Option<Timestamp>,
    /// Score, 2 places, once scored.
    pub score: Option<Decimal>,
    /// Counts changes, from 1.
    pub version: i32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Protected for Goal {
    fn target(&self, _: NaiveDate) -> Target {
        Target {
            id: self.id.uuid(),
            about: Some(self.owner_id),
            responsible: self.manager_id,
            ..Target::default()
        }
    }
}

/// The content of a goal as it was in force from a day on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoalRevision {
    /// The goal.
    pub goal_id: GoalId,
    /// Its number, from 1.
    pub revision: i32,
    /// What it said.
    pub content: GoalContent,
    /// First day on which it counts.
    pub effective_from: NaiveDate,
    /// Who signed for the manager.
    pub approved_by: AccountId,
    /// When.
    pub approved_at: Timestamp,
}

text_enum! {
    /// What became of a request for a change.
    pub enum GoalChangeState {
        /// Waits for a decision.
        Pending = "pending",
        /// Is the next revision.
        Approved = "approved",
        /// The goal stays as it is.
        Rejected = "rejected",
    }
}

/// A request to change an active goal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoalChange {
    /// Its id.
    pub id: GoalChangeId,
    /// The goal.
    pub goal_id: GoalId,
    /// What became of it.
    pub state: GoalChangeState,
    /// What the goal shall say.
    pub content: GoalContent,
    /// Why.
    pub reason: String,
    /// What shows that it is needed; at least one.
    pub evidence: Vec<String>,
    /// First day on which it shall count.
    pub effective_from: NaiveDate,
    /// Who asked.
    pub requested_by: AccountId,
    /// Who decided.
    pub decided_by: Option<AccountId>,
    /// Why it was decided so.
    pub decision_reason: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it was decided.
    pub decided_at: Option<Timestamp>,
}

/// What a check-in reports of one key result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyResultReport {
    /// The key result.
    pub key_result_id: KeyResultId,
    /// Latest value of a metric or a level to keep.
    pub value: Option<Exact>,
    /// Whether something that is done or not is done.
    pub done: Option<bool>,
    /// Numbers of the steps that are completed, from 0.
    pub steps_done: Option<Vec<usize>>,
}

/// A report on the progress of a goal (R39).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckIn {
    /// Its id.
    pub id: CheckInId,
    /// The goal.
    pub goal_id: GoalId,
    /// Who reports.
    pub author_id: AccountId,
    /// What is reported of the key results.
    pub reports: Vec<KeyResultReport>,
    /// Confidence 1 to 10 (C.5).
    pub confidence: i32,
    /// What stands in the way.
    pub blockers: Option<String>,
    /// What else is to be said.
    pub comment: Option<String>,
    /// Progress of the goal after it.
    pub progress: Option<Decimal>,
    /// When.
    pub created_at: Timestamp,
}

/// An actual value of an indicator for one period (R48). A correction is a new revision under the
/// same period, source and external id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measurement {
    /// Its id.
    pub id: MeasurementId,
    /// The indicator.
    pub goal_id: GoalId,
    /// First day of the period that was measured.
    pub period_start: NaiveDate,
    /// Where it comes from.
    pub source: String,
    /// Its key there.
    pub external_id: String,
    /// Number of the revision, from 1; the last one counts.
    pub revision: i32,
    /// The value.
    pub value: Exact,
    /// Who reported it: an account or a key.
    pub author_id: uuid::Uuid,
    /// When.
    pub created_at: Timestamp,
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
