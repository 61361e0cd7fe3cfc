//! Conflicts between goals of different departments. Implements the conflict rules of C.7.

use crate::core::calendar::Period;
use crate::core::number::Exact;
use crate::scoring::kpi::Direction;
use chrono::NaiveDate;
use core::hash::Hash;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What the conflict rules need to know about an active goal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveGoal<Id> {
    /// Id of the entry in the indicator library that the goal uses.
    pub indicator: Id,
    /// Whether higher or lower is better.
    pub direction: Direction,
    /// Id of the department to which the goal belongs.
    pub department: Id,
    /// Id of the owner of the goal.
    pub owner: Id,
    /// The period in which the owner works on the goal.
    pub period: Period,
}

/// Two indicators that the library declares to be in conflict (`conflicts_with`), such as cost and
/// quality.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TradeOff<Id>(pub Id, pub Id);

/// One person delivers what another person needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handover<Id> {
    /// Id of the person who delivers.
    pub upstream_owner: Id,
    /// The day on which the delivery is due.
    pub due: NaiveDate,
    /// Id of the person who needs the delivery.
    pub downstream_owner: Id,
    /// The day on which it is needed.
    pub needed: NaiveDate,
}

/// A claim on a capacity that several goals share, such as a production line or a team.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim<Id> {
    /// Id of the capacity.
    pub capacity: Id,
    /// Id of the person who claims it.
    pub owner: Id,
    /// Share claimed, in percent.
    pub percent: Exact,
}

/// All plans of one planning period that are checked against each other.
#[derive(Clone, Debug)]
pub struct Plans<Id> {
    /// Active goals.
    pub goals: Vec<ActiveGoal<Id>>,
    /// Declared conflicts between indicators.
    pub trade_offs: Vec<TradeOff<Id>>,
    /// Agreed handovers.
    pub handovers: Vec<Handover<Id>>,
    /// Claims on shared capacities.
    pub claims: Vec<Claim<Id>>,
    /// The manager of each person; a person at the top has no entry.
    pub managers: HashMap<Id, Id>,
}

/// Why plans are in conflict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Cause<Id> {
    /// Different departments pursue both sides of a declared trade-off.
    TradeOff {
        /// Indicator of one side.
        indicator: Id,
        /// Indicator of the other side.
        against: Id,
    },
    /// One goal wants the indicator to rise, another wants it to fall.
    OppositeDirections {
        /// The indicator.
        indicator: Id,
    },
    /// A delivery is due after it is needed.
    LateHandover {
        /// The day on which the delivery is due.
        due: NaiveDate,
        /// The day on which it is needed.
        needed: NaiveDate,
    },
    /// People together claim more than 100 % of a capacity.
    OverCapacity {
        /// The capacity.
        capacity: Id,
    },
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

impl<Id> Cause<Id> {
    /// A trade-off allows a compromise; in all other conflicts one side must give way.
    pub const fn severity(&self) -> Severity {
        match self {
            Cause::TradeOff { .. } => Severity::Medium,
            Cause::OppositeDirections { .. }
            | Cause::LateHandover { .. }
            | Cause::OverCapacity { .. } => Severity::High,
        }
    }
}

/// A conflict that people must settle.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Conflict<Id> {
    /// The cause, which also decides the [`severity`](Cause::severity).
    pub cause: Cause<Id>,
    /// Ids of the owners who must agree, in ascending order.
    pub owners: BTreeSet<Id>,
    /// Id of the lowest manager to whom all owners report; `None` when there is none.
    pub coordinator: Option<Id>,
}

/// Finds the conflicts between plans, in order: one for each cause and group of owners.
///
/// Takes time linear in the plans, plus the number of pairs of goals with conflicting indicators.
pub fn conflicts<Id: Copy + Ord + Hash>(plans: &Plans<Id>) -> BTreeSet<Conflict<Id>> {
    let mut by_indicator: HashMap<Id, Vec<&ActiveGoal<Id>>> = HashMap::new();
    for goal in &plans.goals {
        by_indicator.entry(goal.indicator).or_default().push(goal);
    }
    let goals_on = |indicator: Id| by_indicator.get(&indicator).map_or(&[][..], Vec::as_slice);

    let at_odds = plans.trade_offs.iter().flat_map(|&TradeOff(indicator, against)| {
        pairs(goals_on(indicator), goals_on(against))
            .filter(|(a, b)| a.department != b.department && a.period.overlaps(&b.period))
            .map(move |(a, b)| (Cause::TradeOff { indicator, against }, [a.owner, b.owner].into()))
    });
    let opposite = by_indicator.iter().flat_map(|(&indicator, goals)| {
        pairs(goals, goals)
            .filter(|(a, b)| a.direction == Direction::Up && b.direction == Direction::Down)
            .map(move |(a, b)| (Cause::OppositeDirections { indicator }, [a.owner, b.owner].into()))
    });
    let late = plans.handovers.iter().filter(|handover| handover.due > handover.needed).map(|h| {
        let cause = Cause::LateHandover { due: h.due, needed: h.needed };
        (cause, [h.upstream_owner, h.downstream_owner].into())
    });

    at_odds
        .chain(opposite)
        .chain(late)
        .chain(overloaded(&plans.claims))
        .map(|(cause, owners)| {
            let coordinator = lowest_common_manager(&owners, &plans.managers);
            Conflict { cause, owners, coordinator }
        })
        .collect()
}

fn pairs<'a, T>(left: &'a [T], right: &'a [T]) -> impl Iterator<Item = (&'a T, &'a T)> {
    left.iter().flat_map(move |a| right.iter().map(move |b| (a, b)))
}

/// The capacities claimed to more than 100 %, each with all its claimants.
fn overloaded<Id: Copy + Ord>(
    claims: &[Claim<Id>],
) -> impl Iterator<Item = (Cause<Id>, BTreeSet<Id>)> {
    let mut capacities: BTreeMap<Id, (Exact, BTreeSet<Id>)> = BTreeMap::new();
    for claim in claims {
        let (percent, owners) = capacities.entry(claim.capacity).or_default();
        *percent = &*percent + &claim.percent;
        owners.insert(claim.owner);
    }
    let full = Exact::from(100);
    capacities
        .into_iter()
        .filter(move |(_, (percent, _))| *percent > full)
        .map(|(capacity, (_, owners))| (Cause::OverCapacity { capacity }, owners))
}

/// The lowest person who is above, or is one of, all these people: for one person alone, that
/// person; if one of them leads all others, that one.
fn lowest_common_manager<Id: Copy + Ord + Hash>(
    people: &BTreeSet<Id>,
    managers: &HashMap<Id, Id>,
) -> Option<Id> {
    let mut chains = people.iter().map(|person| chain(*person, managers));
    let first = chains.next()?;
    let others: Vec<BTreeSet<Id>> = chains.map(|chain| chain.into_iter().collect()).collect();
    first.into_iter().find(|manager| others.iter().all(|chain| chain.contains(manager)))
}

/// A person and everybody above, from the bottom up; ends where a reporting line runs in a loop.
fn chain<Id: Copy + Ord + Hash>(person: Id, managers: &HashMap<Id, Id>) -> Vec<Id> {
    let mut seen = BTreeSet::new();
    core::iter::successors(Some(person), |person| managers.get(person).copied())
        .take_while(|person| seen.insert(*person))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    // Two department heads under one chief; a team lead under the first head.
    const CHIEF: &str = "chief";
    const SALES: &str = "head of sales";
    const PLANT: &str = "head of the plant";
    const LEAD: &str = "team lead";

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn quiet() -> Plans<&'static str> {
        Plans {
            goals: vec![],
            trade_offs: vec![TradeOff("cost", "quality")],
            handovers: vec![],
            claims: vec![],
            managers: HashMap::from([(SALES, CHIEF), (PLANT, CHIEF), (LEAD, SALES)]),
        }
    }

    fn goal(
        indicator: &'static str,
        direction: Direction,
        owner: &'static str,
        [start, end]: [&str; 2],
    ) -> ActiveGoal<&'static str> {
        let department = if owner == PLANT { "plant" } else { "sales" };
        let period = Period::new(date(start), date(end)).unwrap();
        ActiveGoal { indicator, direction, department, owner, period }
    }

    const FIRST_HALF: [&str; 2] = ["2025-01-01", "2025-06-30"];
    const SECOND_HALF: [&str; 2] = ["2025-07-01", "2025-12-31"];

    fn found(change: impl FnOnce(&mut Plans<&'static str>)) -> Vec<Conflict<&'static str>> {
        let mut plans = quiet();
        change(&mut plans);
        conflicts(&plans).into_iter().collect()
    }

    fn case<const N: usize>(
        cause: Cause<&'static str>,
        owners: [&'static str; N],
        coordinator: &'static str,
    ) -> Vec<Conflict<&'static str>> {
        vec![Conflict { cause, owners: owners.into(), coordinator: Some(coordinator) }]
    }

    #[test]
    fn declared_trade_offs_collide_across_departments_at_the_same_time() {
        let both = |owner, span| {
            found(|plans| {
                plans.goals = vec![
                    goal("cost", Direction::Down, LEAD, FIRST_HALF),
                    goal("quality", Direction::Up, owner, span),
                ];
            })
        };
        let expected = {
            let cause = Cause::TradeOff { indicator: "cost", against: "quality" };
            case(cause, [LEAD, PLANT], CHIEF)
        };
        assert_eq!(both(PLANT, FIRST_HALF), expected);
        assert_eq!(both(PLANT, SECOND_HALF), []);
        assert_eq!(both(SALES, FIRST_HALF), []);
    }

    #[test]
    fn one_indicator_cannot_rise_and_fall() {
        let stock = |direction| {
            found(|plans| {
                plans.goals = vec![
                    goal("stock", Direction::Up, LEAD, FIRST_HALF),
                    goal("stock", direction, SALES, FIRST_HALF),
                ];
            })
        };
        assert_eq!(
            stock(Direction::Down),
            case(Cause::OppositeDirections { indicator: "stock" }, [LEAD, SALES], SALES)
        );
        assert_eq!(stock(Direction::Up), []);
    }

    #[test]
    fn a_delivery_after_the_need_is_late() {
        let delivery = |due: &str| {
            found(|plans| {
                plans.handovers = vec![Handover {
                    upstream_owner: PLANT,
                    due: date(due),
                    downstream_owner: SALES,
                    needed: date("2025-03-31"),
                }];
            })
        };
        assert_eq!(delivery("2025-03-31"), []);
        let cause = Cause::LateHandover { due: date("2025-04-01"), needed: date("2025-03-31") };
        let expected = case(cause, [PLANT, SALES], CHIEF);
        assert_eq!(delivery("2025-04-01"), expected);
    }

    #[test]
    fn a_capacity_is_used_once() {
        let claims = |percents: [&str; 3]| {
            found(|plans| {
                let claim = |(owner, percent): (&'static str, &str)| Claim {
                    capacity: "line 1",
                    owner,
                    percent: percent.parse().unwrap(),
                };
                plans.claims = [SALES, PLANT, LEAD].into_iter().zip(percents).map(claim).collect();
            })
        };
        assert_eq!(claims(["50", "30", "20"]), []);
        let expected =
            case(Cause::OverCapacity { capacity: "line 1" }, [SALES, PLANT, LEAD], CHIEF);
        assert_eq!(claims(["50", "30", "20.01"]), expected);
    }

    #[test]
    fn without_a_common_manager_nobody_coordinates() {
        let owners = BTreeSet::from([SALES, PLANT]);
        assert_eq!(lowest_common_manager(&owners, &HashMap::new()), None);
        let circle = HashMap::from([(SALES, LEAD), (LEAD, SALES), (PLANT, PLANT)]);
        assert_eq!(lowest_common_manager(&owners, &circle), None);
    }

    #[test]
    fn only_trade_offs_can_be_balanced() {
        assert_eq!(Cause::TradeOff { indicator: 1, against: 2 }.severity(), Severity::Medium);
        assert_eq!(Cause::OverCapacity { capacity: 1 }.severity(), Severity::High);
    }
}
