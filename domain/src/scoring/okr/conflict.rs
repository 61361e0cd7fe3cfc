//! Goals of different departments that work against each other. Implements the conflict
//! rules of C.7.

use crate::core::calendar::Period;
use crate::core::number::Exact;
use crate::scoring::kpi::Direction;
use chrono::NaiveDate;
use core::hash::Hash;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// An active goal as far as conflicts are concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveGoal<Id> {
    /// Entry of the indicator library that it uses.
    pub indicator: Id,
    /// Which way is better.
    pub direction: Direction,
    /// Department that pursues it.
    pub department: Id,
    /// Who answers for it.
    pub owner: Id,
    /// When it is pursued.
    pub period: Period,
}

/// Two indicators that the library declares to be at odds (`conflicts_with`), such as cost
/// and quality.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TradeOff<Id>(pub Id, pub Id);

/// One party delivers what the other waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handover<Id> {
    /// Who delivers.
    pub upstream_owner: Id,
    /// When that is due.
    pub due: NaiveDate,
    /// Who waits.
    pub downstream_owner: Id,
    /// When it is needed.
    pub needed: NaiveDate,
}

/// A claim on a capacity that several goals share, such as a line or a team.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim<Id> {
    /// The capacity.
    pub capacity: Id,
    /// Who claims it.
    pub owner: Id,
    /// Share claimed, in percent.
    pub percent: Exact,
}

/// Everything that is checked against each other in one period of planning.
#[derive(Clone, Debug)]
pub struct Plans<Id> {
    /// Goals being pursued.
    pub goals: Vec<ActiveGoal<Id>>,
    /// Declared trade-offs.
    pub trade_offs: Vec<TradeOff<Id>>,
    /// Agreed handovers.
    pub handovers: Vec<Handover<Id>>,
    /// Claims on shared capacities.
    pub claims: Vec<Claim<Id>>,
    /// The manager of each person; who stands at the top has none.
    pub managers: HashMap<Id, Id>,
}

/// Why plans are in conflict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Cause<Id> {
    /// Both sides of a declared trade-off are pursued in different departments.
    TradeOff {
        /// Indicator of one side.
        indicator: Id,
        /// Indicator of the other.
        against: Id,
    },
    /// One indicator is to rise here and to fall there.
    OppositeDirections {
        /// That indicator.
        indicator: Id,
    },
    /// A delivery is due after it is needed.
    LateHandover {
        /// When it is due.
        due: NaiveDate,
        /// When it is needed.
        needed: NaiveDate,
    },
    /// A capacity is claimed to more than 100 %.
    OverCapacity {
        /// That capacity.
        capacity: Id,
    },
}

/// How urgent a conflict is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Can be balanced.
    Medium,
    /// Not everything can be reached as planned.
    High,
}

impl<Id> Cause<Id> {
    /// A trade-off can be balanced; of the others one side must give way.
    pub const fn severity(&self) -> Severity {
        match self {
            Cause::TradeOff { .. } => Severity::Medium,
            Cause::OppositeDirections { .. }
            | Cause::LateHandover { .. }
            | Cause::OverCapacity { .. } => Severity::High,
        }
    }
}

/// A case for people to settle.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Conflict<Id> {
    /// What is at odds; its [`severity`](Cause::severity) is the case's.
    pub cause: Cause<Id>,
    /// Who has to agree, in order of id.
    pub owners: BTreeSet<Id>,
    /// The lowest manager that all owners report to; `None` when there is none.
    pub coordinator: Option<Id>,
}

/// Finds the conflicts between plans: one case for each cause and group of owners, in order.
///
/// Takes time linear in the plans plus the pairs of goals on indicators that are at odds.
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

/// The capacities claimed to more than 100 %, with everyone who claims them.
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

/// The lowest person whom all others report to, directly or not; of one person alone, and
/// of people one of whom leads the others, that person.
fn lowest_common_manager<Id: Copy + Ord + Hash>(
    people: &BTreeSet<Id>,
    managers: &HashMap<Id, Id>,
) -> Option<Id> {
    let mut chains = people.iter().map(|person| chain(*person, managers));
    let first = chains.next()?;
    let others: Vec<BTreeSet<Id>> = chains.map(|chain| chain.into_iter().collect()).collect();
    first.into_iter().find(|manager| others.iter().all(|chain| chain.contains(manager)))
}

/// A person and everyone above, upward; a reporting line that runs in a circle ends.
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
