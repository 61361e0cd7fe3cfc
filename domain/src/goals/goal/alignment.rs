//! How a goal contributes to the goals above it, and how the goals below contribute to it.

use super::{Aggregation, Goal, GoalKind, Indicator};
use crate::core::error::Result;
use crate::core::number::Exact;
use crate::scoring::okr::coverage::{self, ChildTarget, Coverage, coverage};
use crate::scoring::okr::rollup::{RolledUp, roll_up};
use crate::scoring::settings::Settings;
use crate::state::goal::State;

/// What follows from the position of a goal in the goal tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alignment {
    /// The strategic theme: that of the topmost goal on the path upward that has one.
    pub theme: Option<String>,
    /// Progress combined with the progress of the goals below (C.3).
    pub rolled_up: RolledUp,
    /// How far the targets of the goals below add up to the target of this goal (C.4); `None` where
    /// they cannot be compared.
    pub coverage: Option<Coverage>,
}

impl Goal {
    /// Whether both sides have signed the goal and it is neither cancelled nor deleted.
    pub fn is_agreed(&self) -> bool {
        match self.state {
            State::Draft | State::Submitted | State::Cancelled => false,
            State::Active
            | State::ChangePending
            | State::Completed
            | State::Scored
            | State::Locked => self.deleted_at.is_none(),
        }
    }

    /// Computes what follows from the position of the goal. `above` holds the goals from the parent
    /// up to the top, `below` the goals directly under it.
    ///
    /// # Errors
    /// `NUMBER_OVERFLOW` when the coverage does not fit the stored decimal type.
    pub fn alignment(
        &self,
        above: &[Goal],
        below: &[Goal],
        settings: &Settings,
    ) -> Result<Alignment> {
        let line = above.iter().rev().chain([self]);
        let theme = line.into_iter().find_map(|goal| goal.content.theme.clone());
        let children: Vec<_> = below
            .iter()
            .map(|child| (Exact::from(child.content.weight), child.progress.map(Exact::from)))
            .filter(|(contribution, _)| contribution.is_positive())
            .collect();
        let own = self.progress.map(Exact::from);
        Ok(Alignment {
            theme,
            rolled_up: roll_up(own.as_ref(), &children, &settings.okr)?,
            coverage: self.coverage(below, settings)?,
        })
    }

    /// Coverage by those indicators below that have the same unit.
    fn coverage(&self, below: &[Goal], settings: &Settings) -> Result<Option<Coverage>> {
        let Some((indicator, target)) = self.indicator_target() else { return Ok(None) };
        let targets: Vec<_> = below
            .iter()
            .filter_map(|child| {
                let (own, target) = child.indicator_target()?;
                let weight = child.content.weight.into();
                (own.unit == indicator.unit).then_some(ChildTarget { target, weight })
            })
            .collect();
        if targets.is_empty() {
            return Ok(None);
        }
        let aggregation = match indicator.aggregation {
            Aggregation::Sum => coverage::Aggregation::Sum,
            Aggregation::Avg => coverage::Aggregation::Avg,
            Aggregation::Min => coverage::Aggregation::Min,
            Aggregation::Max => coverage::Aggregation::Max,
            // The latest values of different people are separate amounts, so their targets add up.
            Aggregation::Last => coverage::Aggregation::Sum,
        };
        coverage(&target, &targets, aggregation, &settings.goal.coverage_min)
    }

    fn indicator_target(&self) -> Option<(&Indicator, Exact)> {
        match &self.content.kind {
            GoalKind::Indicator(indicator) => Some((indicator, indicator.method.aim()?.target)),
            GoalKind::Objective { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::GoalLevel::{Company, Person, Team};
    use super::super::examples::{goal, indicator, objective};
    use super::*;
    use crate::scoring::kpi::{Method, Ratio};
    use crate::scoring::settings::Rollup;
    use rust_decimal::Decimal;

    fn aiming(id: u128, target: i32, weight: i64, progress: Option<i64>) -> Goal {
        let ratio = Ratio { target: target.into(), direction: Default::default() };
        let mut goal = goal(id, Person, Some(1), indicator(Method::Ratio(ratio)));
        goal.content.weight = Decimal::from(weight);
        goal.progress = progress.map(|progress| Decimal::new(progress, 2));
        goal
    }

    #[test]
    fn children_carry_target_and_progress() {
        let parent = aiming(1, 1200, 100, Some(60));
        let below = [aiming(2, 600, 75, Some(50)), aiming(3, 540, 25, None), aiming(4, 0, 0, None)];
        let mut settings = Settings::default();
        settings.okr.rollup = Rollup::Children;
        let seen = parent.alignment(&[], &below, &settings).unwrap();
        assert_eq!(seen.rolled_up.progress, Some(Decimal::new(3750, 4)));
        assert_eq!(seen.rolled_up.alignment_gap, Some(Decimal::new(2250, 4)));
        assert_eq!(seen.coverage, Some(Coverage { percent: Decimal::new(9500, 2), short: true }));

        let alone = parent.alignment(&[], &[], &Settings::default()).unwrap();
        assert_eq!(alone.rolled_up.progress, Some(Decimal::new(6000, 4)));
        assert_eq!(alone.coverage, None);
    }

    #[test]
    fn only_indicators_in_the_same_unit_carry_a_target() {
        let parent = aiming(1, 1200, 100, None);
        let mut other = aiming(2, 1200, 50, None);
        if let GoalKind::Indicator(indicator) = &mut other.content.kind {
            indicator.unit = "people".to_owned();
        }
        let below = [other, goal(3, Person, Some(1), objective(Vec::new()))];
        let seen = parent.alignment(&[], &below, &Settings::default()).unwrap();
        assert_eq!(seen.coverage, None);
    }

    #[test]
    fn the_line_ends_at_the_theme_of_the_highest() {
        let themed = |id, level, theme: Option<&str>| {
            let mut goal = goal(id, level, None, objective(Vec::new()));
            goal.content.theme = theme.map(str::to_owned);
            goal
        };
        let own = themed(3, Person, Some("own"));
        let above = [themed(2, Team, Some("team")), themed(1, Company, None)];
        let theme = |above: &[Goal]| {
            own.alignment(above, &[], &Settings::default()).unwrap().theme.unwrap_or_default()
        };
        assert_eq!(theme(&above), "team");
        assert_eq!(theme(&[]), "own");
    }
}
