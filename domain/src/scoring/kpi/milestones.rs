//! The milestone method: credit for completed milestones, less for late ones.

use crate::core::error::{Code, Result};
use crate::core::number::Exact;
use crate::scoring::settings::KpiSettings;
use crate::scoring::trace::{Record, Rule};
use crate::scoring::weights;
use serde::{Deserialize, Serialize};

/// The state of a milestone at evaluation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Completed, possibly late.
    Done {
        /// Days after the due date; 0 or negative is in time.
        days_late: i64,
    },
    /// Not completed. The percentage earns credit only if `kpi.milestone_partial` is on.
    Open {
        /// How much is completed, 0 to 100 percent.
        percent: Exact,
    },
}

impl Default for Outcome {
    /// Not begun: 0 percent.
    fn default() -> Self {
        Outcome::Open { percent: Exact::default() }
    }
}

/// One milestone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Milestone {
    /// Weight in percent.
    pub weight: Exact,
    /// State at evaluation; not begun if absent.
    #[serde(default)]
    pub outcome: Outcome,
}

/// What was recorded of one milestone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MilestoneRecord {
    /// Weight in percent.
    pub weight: Exact,
    /// Days after the due date, 0 or negative in time; `None` while it is not done.
    pub days_late: Option<i64>,
    /// How much is completed, 0 to 100 percent, if somebody said so.
    pub percent: Option<Exact>,
}

/// Milestones whose weights sum to 100. Implements B.7.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Milestones {
    /// The milestones; at least one.
    pub milestones: Vec<Milestone>,
}

impl Milestones {
    /// Checks weights, then percentages.
    ///
    /// # Errors
    /// `EMPTY_INPUT` without milestones, `NUMBER_INVALID` for a weight of more than 2 places,
    /// `WEIGHTS_NOT_100`, `NUMBER_INVALID` for a percentage outside 0 to 100.
    pub fn validate(&self) -> Result<()> {
        if self.milestones.is_empty() {
            return Err(Code::EmptyInput.because("there are no milestones"));
        }
        weights::check_sum(self.milestones.iter().map(|milestone| &milestone.weight))?;
        self.milestones.iter().try_for_each(|milestone| match &milestone.outcome {
            Outcome::Done { .. } => Ok(()),
            Outcome::Open { percent } => check_percent(percent),
        })
    }

    /// Milestones from what was recorded of each: the days late where it is done, else the
    /// percentage. A percentage of what is done does not count but must be one.
    ///
    /// # Errors
    /// The errors of [`validate`](Milestones::validate).
    pub fn recorded(records: Vec<MilestoneRecord>) -> Result<Milestones> {
        let percents: Vec<Exact> = records.iter().filter_map(|it| it.percent.clone()).collect();
        let milestone = |MilestoneRecord { weight, days_late, percent }| {
            let outcome = match days_late {
                Some(days_late) => Outcome::Done { days_late },
                None => Outcome::Open { percent: percent.unwrap_or_default() },
            };
            Milestone { weight, outcome }
        };
        let milestones = Milestones { milestones: records.into_iter().map(milestone).collect() };
        milestones.validate()?;
        percents.iter().try_for_each(check_percent)?;
        Ok(milestones)
    }

    pub(super) fn raw(&self, kpi: &KpiSettings, record: &mut impl Record) -> Result<Exact> {
        let earned = self.milestones.iter().map(|Milestone { weight, outcome }| {
            weight * record.step(Rule::MilestoneCredit, credit(outcome, kpi))
        });
        let sum = earned.sum();
        Ok(record.step(Rule::MilestoneSum, sum))
    }
}

fn check_percent(percent: &Exact) -> Result<()> {
    if percent.is_negative() || *percent > 100.into() {
        return Err(Code::NumberInvalid.because("a milestone is 0 to 100 percent done"));
    }
    Ok(())
}

/// The share of its weight that a milestone earns, 0 to 1.
fn credit(outcome: &Outcome, kpi: &KpiSettings) -> Exact {
    match outcome {
        Outcome::Done { days_late } => {
            let lost = &kpi.late_per_day * Exact::from((*days_late).max(0));
            (Exact::from(1) - lost).max(kpi.late_floor.clone().min(1.into()))
        }
        Outcome::Open { percent } if kpi.milestone_partial => percent * Exact::scaled(1, 2),
        Outcome::Open { .. } => 0.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_must_be_one_even_where_it_does_not_count() {
        let recorded = |weight: i32, days_late, percent: i32| {
            let percent = Some(percent.into());
            let records = vec![MilestoneRecord { weight: weight.into(), days_late, percent }];
            Milestones::recorded(records).map(|it| it.milestones[0].outcome.clone())
        };
        assert_eq!(recorded(100, Some(3), 50), Ok(Outcome::Done { days_late: 3 }));
        assert_eq!(recorded(100, None, 50), Ok(Outcome::Open { percent: 50.into() }));
        assert_eq!(recorded(100, Some(3), -1).unwrap_err().code, Code::NumberInvalid);
        assert_eq!(recorded(90, Some(3), 101).unwrap_err().code, Code::WeightsNot100);
    }

    fn done(weight: i32, days_late: i64) -> Milestone {
        Milestone { weight: weight.into(), outcome: Outcome::Done { days_late } }
    }

    fn open(weight: i32, percent: i32) -> Milestone {
        Milestone { weight: weight.into(), outcome: Outcome::Open { percent: percent.into() } }
    }

    fn score(milestones: Vec<Milestone>, kpi: &KpiSettings) -> Result<String> {
        let method = Milestones { milestones };
        method.validate()?;
        method.raw(kpi, &mut ()).map(|raw| raw.to_string())
    }

    #[test]
    fn late_work_keeps_some_credit() {
        let kpi = KpiSettings::default();
        for (milestones, expected) in [
            (vec![done(30, 0), done(30, 5), open(40, 90)], "57"),
            (vec![done(30, -4), done(30, 40), done(40, 3)], "82.6"),
            (vec![done(100, 25)], "50"),
            (vec![done(100, i64::MAX)], "50"),
        ] {
            assert_eq!(score(milestones, &kpi).unwrap(), expected);
        }
    }

    #[test]
    fn unfinished_work_counts_where_allowed() {
        let kpi = KpiSettings { milestone_partial: true, ..Default::default() };
        assert_eq!(score(vec![done(60, 0), open(40, 90)], &kpi).unwrap(), "96");
        assert_eq!(score(vec![done(60, 0), open(40, 100)], &kpi).unwrap(), "100");
    }

    #[test]
    fn weights_come_before_percentages() {
        let code = |milestones| score(milestones, &KpiSettings::default()).unwrap_err().code;
        assert_eq!(code(vec![]), Code::EmptyInput);
        assert_eq!(code(vec![done(30, 0), open(30, 101)]), Code::WeightsNot100);
        assert_eq!(code(vec![done(30, 0), open(70, 101)]), Code::NumberInvalid);
    }
}
