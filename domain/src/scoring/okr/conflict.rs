//! Conflicts between goals of different owners. Implements the conflict rules of C.7.

use crate::core::calendar::Period;
use crate::core::error::{Code, Result};
use crate::core::number::Exact;
use crate::core::tree::Forest;
use crate::scoring::kpi::Direction;
use chrono::NaiveDate;
use core::fmt::Display;
use core::hash::Hash;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};

/// What the conflict rules need to know about a goal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedGoal<Id> {
    /// Id of the goal.
    pub id: Id,
    /// Id of the unit to which the goal belongs.
    pub unit: Id,
    /// Id of the entry in the indicator library that the goal uses.
    pub indicator: Id,
    /// Whether higher or lower is better.
    pub direction: Direction,
    /// The period in which the owner works on the goal.
    pub period: Period,
    /// Whether the goal is active.
    pub active: bool,
}

impl<Id: Eq> PlannedGoal<Id> {
    /// Whether both goals are active on some day.
    fn meets(&self, other: &PlannedGoal<Id>) -> bool {
        self.active && other.active && self.period.overlaps(&other.period)
    }
}

/// Two indicators that the library declares to be in conflict (`conflicts_with`), such as cost and
/// quality.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TradeOff<Id>(pub Id, pub Id);

/// One goal delivers what another goal needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handover<Id> {
    /// Id of the goal that delivers.
    pub upstream: Id,
    /// Id of the goal that needs the delivery.
    pub downstream: Id,
    /// The day on which the delivery is due.
    pub due: NaiveDate,
    /// The day on which it is needed.
    pub needed: NaiveDate,
}

/// A capacity that several goals use, such as a production line or a team.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capacity<Id> {
    /// How much of it is used, in percent.
    pub used_percent: Exact,
    /// Ids of the goals that use it; at least one.
    pub goals: Vec<Id>,
}

/// All plans of one planning period that are checked against each other.
#[derive(Clone, Debug)]
pub struct Plans<Id> {
    /// All units with their parents.
    pub units: Vec<(Id, Option<Id>)>,
    /// The goals; at least one.
    pub goals: Vec<PlannedGoal<Id>>,
    /// Declared conflicts between indicators.
    pub trade_offs: Vec<TradeOff<Id>>,
    /// Agreed handovers.
    pub handovers: Vec<Handover<Id>>,
    /// Shared capacities.
    pub capacities: Vec<Capacity<Id>>,
}

/// Why goals are in conflict; variants are in the order of C.7.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// (a) Different units pursue both sides of a declared trade-off.
    #[serde(rename = "a")]
    TradeOff,
    /// (b) One goal wants an indicator to rise, another wants it to fall.
    #[serde(rename = "b")]
    OppositeDirections,
    /// (c) A delivery is due after it is needed.
    #[serde(rename = "c")]
    LateHandover,
    /// (d) Goals together use more than 100 % of a capacity.
    #[serde(rename = "d")]
    OverCapacity,
}

/// How serious a conflict is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// A compromise is possible.
    Medium,
    /// The goals cannot all be reached as planned.
    High,
}

impl Rule {
    /// A trade-off allows a compromise; in all other conflicts one side must give way.
    pub const fn severity(self) -> Severity {
        match self {
            Rule::TradeOff => Severity::Medium,
            Rule::OppositeDirections | Rule::LateHandover | Rule::OverCapacity => Severity::High,
        }
    }
}

/// A conflict that people must settle.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Conflict<Id> {
    /// The cause, which also decides the [`severity`](Rule::severity).
    pub rule: Rule,
    /// Ids of the goals concerned, in ascending order; their owners must agree.
    pub goals: BTreeSet<Id>,
    /// Id of the lowest unit to which all these goals belong, whose manager coordinates; `None` when
    /// there is none.
    pub unit: Option<Id>,
}

/// Finds the conflicts between plans, by rule and then by goals: one for each rule and group of
/// goals.
///
/// Takes time linear in the plans, plus the number of pairs of goals with conflicting indicators.
///
/// # Errors
/// The errors of [`Forest::new`] for the units; `EMPTY_INPUT` without goals; `ALIGN_DUPLICATE` for a
/// goal that occurs twice; `NOT_FOUND` for an unknown unit or goal; `EMPTY_INPUT` for a capacity
/// that no goal uses.
pub fn conflicts<Id: Copy + Ord + Hash + Display>(
    plans: &Plans<Id>,
) -> Result<BTreeSet<Conflict<Id>>> {
    let forest = Forest::new(&plans.units)?;
    let units = units_of(&plans.goals, &forest)?;
    let unit = |goal: &Id| {
        let unit = units.get(goal).copied();
        unit.ok_or_else(|| Code::NotFound.because(format!("there is no goal {goal}")))
    };
    let mut found = pairs_at_odds(plans);
    for Handover { upstream, downstream, due, needed } in &plans.handovers {
        let goals = BTreeSet::from([*upstream, *downstream]);
        goals.iter().try_for_each(|goal| unit(goal).map(drop))?;
        if due > needed {
            found.push((Rule::LateHandover, goals));
        }
    }
    for Capacity { used_percent, goals } in &plans.capacities {
        if goals.is_empty() {
            return Err(Code::EmptyInput.because("a capacity is used by no goal"));
        }
        goals.iter().try_for_each(|goal| unit(goal).map(drop))?;
        if *used_percent > Exact::from(100) {
            found.push((Rule::OverCapacity, goals.iter().copied().collect()));
        }
    }
    let settle = |(rule, goals): (Rule, BTreeSet<Id>)| {
        let units = goals.iter().map(unit).collect::<Result<Vec<Id>>>()?;
        Ok(Conflict { rule, unit: forest.lowest_common(units)?, goals })
    };
    found.into_iter().map(settle).collect()
}

/// The unit of each goal.
fn units_of<Id: Copy + Ord + Hash + Display>(
    goals: &[PlannedGoal<Id>],
    forest: &Forest<Id>,
) -> Result<HashMap<Id, Id>> {
    if goals.is_empty() {
        return Err(Code::EmptyInput.because("there are no goals"));
    }
    let mut units = HashMap::with_capacity(goals.len());
    for goal in goals {
        forest.position(goal.unit)?;
        if units.insert(goal.id, goal.unit).is_some() {
            return Err(Code::AlignDuplicate.because(format!("the goal {} occurs twice", goal.id)));
        }
    }
    Ok(units)
}

/// The pairs of goals that rules (a) and (b) name.
fn pairs_at_odds<Id: Copy + Ord + Hash>(plans: &Plans<Id>) -> Vec<(Rule, BTreeSet<Id>)> {
    let mut by_indicator: HashMap<Id, Vec<&PlannedGoal<Id>>> = HashMap::new();
    for goal in &plans.goals {
        by_indicator.entry(goal.indicator).or_default().push(goal);
    }
    let goals_on = |indicator: &Id| by_indicator.get(indicator).map_or(&[][..], Vec::as_slice);
    let sides = plans.trade_offs.iter().flat_map(|TradeOff(indicator, against)| {
        pairs(goals_on(indicator), goals_on(against))
            .filter(|(a, b)| a.unit != b.unit && a.meets(b))
            .map(|(a, b)| (Rule::TradeOff, BTreeSet::from([a.id, b.id])))
    });
    let opposite = by_indicator.values().flat_map(|goals| {
        pairs(goals, goals)
            .filter(|(a, b)| a.direction == Direction::Up && b.direction == Direction::Down)
            .filter(|(a, b)| a.meets(b))
            .map(|(a, b)| (Rule::OppositeDirections, BTreeSet::from([a.id, b.id])))
    });
    sides.chain(opposite).collect()
}

fn pairs<'a, T>(left: &'a [T], right: &'a [T]) -> impl Iterator<Item = (&'a T, &'a T)> {
    left.iter().flat_map(move |a| right.iter().map(move |b| (a, b)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    const FIRST_HALF: [&str; 2] = ["2025-01-01", "2025-06-30"];
    const SECOND_HALF: [&str; 2] = ["2025-07-01", "2025-12-31"];

    fn goal(
        id: &'static str,
        unit: &'static str,
        indicator: &'static str,
        direction: Direction,
        [start, end]: [&str; 2],
    ) -> PlannedGoal<&'static str> {
        let period = Period::new(date(start), date(end)).unwrap();
        PlannedGoal { id, unit, indicator, direction, period, active: true }
    }

    /// A plant that is to save cost and a store that is to raise quality, both of operations.
    fn plans() -> Plans<&'static str> {
        Plans {
            units: vec![
                ("company", None),
                ("operations", Some("company")),
                ("plant", Some("operations")),
                ("store", Some("operations")),
                ("office", None),
            ],
            goals: vec![
                goal("save", "plant", "cost", Direction::Down, FIRST_HALF),
                goal("shine", "store", "quality", Direction::Up, FIRST_HALF),
            ],
            trade_offs: vec![],
            handovers: vec![],
            capacities: vec![],
        }
    }

    fn found(
        change: impl FnOnce(&mut Plans<&'static str>),
    ) -> Result<Vec<(Rule, String, Option<&'static str>)>> {
        let mut plans = plans();
        change(&mut plans);
        let goals = |goals: BTreeSet<&str>| goals.into_iter().collect::<Vec<_>>().join(" ");
        let conflicts = conflicts(&plans)?;
        Ok(conflicts.into_iter().map(|it| (it.rule, goals(it.goals), it.unit)).collect())
    }

    #[test]
    fn a_trade_off_needs_two_units_that_pursue_it_at_the_same_time() {
        let traded = |change: fn(&mut PlannedGoal<&'static str>)| {
            found(|plans| {
                plans.trade_offs = vec![TradeOff("cost", "quality"), TradeOff("quality", "cost")];
                change(&mut plans.goals[1]);
            })
            .unwrap()
        };
        let conflict = (Rule::TradeOff, "save shine".to_owned(), Some("operations"));
        assert_eq!(traded(|_| ()), [conflict]);
        assert_eq!(traded(|goal| goal.unit = "plant"), []);
        assert_eq!(traded(|goal| goal.active = false), []);
        let later = |goal: &mut PlannedGoal<_>| {
            goal.period = Period::new(date(SECOND_HALF[0]), date(SECOND_HALF[1])).unwrap();
        };
        assert_eq!(traded(later), []);
    }

    #[test]
    fn opposite_directions_are_a_conflict_even_inside_a_unit() {
        let conflicts = found(|plans| {
            plans.goals[1].indicator = "cost";
            plans.goals[1].unit = "plant";
        });
        let conflict = (Rule::OppositeDirections, "save shine".to_owned(), Some("plant"));
        assert_eq!(conflicts.unwrap(), [conflict]);
    }

    #[test]
    fn a_delivery_may_be_due_on_the_day_it_is_needed() {
        let late = |due: &str| {
            found(|plans| {
                plans.goals[1].unit = "office";
                plans.handovers = vec![Handover {
                    upstream: "save",
                    downstream: "shine",
                    due: date(due),
                    needed: date("2025-03-01"),
                }];
            })
            .unwrap()
        };
        assert_eq!(late("2025-03-01"), []);
        assert_eq!(late("2025-03-02"), [(Rule::LateHandover, "save shine".to_owned(), None)]);
    }

    #[test]
    fn a_capacity_is_full_at_one_hundred_percent() {
        let used = |hundredths: i64| {
            found(|plans| {
                let used_percent = Exact::scaled(hundredths, 2);
                plans.capacities = vec![Capacity { used_percent, goals: vec!["shine"] }];
            })
            .unwrap()
        };
        assert_eq!(used(10_000), []);
        assert_eq!(used(10_001), [(Rule::OverCapacity, "shine".to_owned(), Some("store"))]);
    }

    #[test]
    fn what_does_not_exist_is_refused() {
        let code = |change: fn(&mut Plans<&'static str>)| found(change).unwrap_err().code;
        assert_eq!(code(|plans| plans.goals[0].unit = "moon"), Code::NotFound);
        assert_eq!(code(|plans| plans.goals[0].id = "shine"), Code::AlignDuplicate);
        assert_eq!(code(|plans| plans.goals.clear()), Code::EmptyInput);
        assert_eq!(code(|plans| plans.units[0].1 = Some("plant")), Code::AlignCycle);
        let unused = |plans: &mut Plans<_>| {
            plans.capacities = vec![Capacity { used_percent: 1.into(), goals: vec![] }];
        };
        assert_eq!(code(unused), Code::EmptyInput);
        let unknown = |plans: &mut Plans<_>| {
            plans.capacities = vec![Capacity { used_percent: 1.into(), goals: vec!["rest"] }];
        };
        assert_eq!(code(unknown), Code::NotFound);
    }

    #[test]
    fn only_a_trade_off_allows_a_compromise() {
        assert_eq!(Rule::TradeOff.severity(), Severity::Medium);
        for rule in [Rule::OppositeDirections, Rule::LateHandover, Rule::OverCapacity] {
            assert_eq!(rule.severity(), Severity::High);
        }
    }
}
