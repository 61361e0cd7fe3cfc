//! The graph of goals, and which edges it may contain. Implements C.4.

use crate::core::calendar::Period;
use crate::core::error::{Code, DomainError};
use core::fmt::Display;
use core::hash::Hash;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};

/// Largest number of goals on one path.
pub const MAX_DEPTH: usize = 10;

/// Level of a goal in the organisation; a smaller number is a higher level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Level(pub u8);

impl Level {
    /// The whole company.
    pub const COMPANY: Level = Level(0);
    /// A division.
    pub const DIVISION: Level = Level(1);
    /// A department.
    pub const DEPARTMENT: Level = Level(2);
    /// A team.
    pub const TEAM: Level = Level(3);
    /// One person.
    pub const PERSON: Level = Level(4);
}

/// The meaning of an edge from a child to a parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EdgeKind {
    /// The child takes over part of the parent and contributes weight (承接/分解).
    Cascade,
    /// The child supports the parent; for information only (对齐).
    Align,
}

/// What the rules need to know about a goal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Goal<Id> {
    /// Level in the organisation.
    pub level: Level,
    /// The period in which the owner works on the goal.
    pub period: Period,
    /// Id of the organisation to which the goal belongs.
    pub organisation: Id,
    /// Whether the goal is archived.
    pub archived: bool,
}

/// Goals and the edges between them.
///
/// Two edges inserted at the same time can together close a loop that neither check sees. So
/// callers must store edges of one cycle one after the other.
#[derive(Clone, Debug)]
pub struct Alignment<Id> {
    positions: HashMap<Id, usize>,
    nodes: Vec<Node<Id>>,
}

#[derive(Clone, Debug)]
struct Node<Id> {
    id: Id,
    goal: Goal<Id>,
    above: Vec<Link>,
    below: Vec<Link>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Link {
    /// Position in [`Alignment::nodes`] of the goal at the other end.
    to: usize,
    kind: EdgeKind,
}

impl<Id: Copy + Eq + Hash + Display> Alignment<Id> {
    /// Goals without edges. If two goals have the same id, edges go to the later one.
    pub fn new(goals: impl IntoIterator<Item = (Id, Goal<Id>)>) -> Self {
        let nodes: Vec<_> = goals
            .into_iter()
            .map(|(id, goal)| Node { id, goal, above: Vec::new(), below: Vec::new() })
            .collect();
        let positions = nodes.iter().enumerate().map(|(at, node)| (node.id, at)).collect();
        Alignment { positions, nodes }
    }

    /// Adds an edge that was checked before, without checking it again.
    ///
    /// # Errors
    /// `NOT_FOUND` for an unknown goal.
    pub fn restore(&mut self, child: Id, parent: Id, kind: EdgeKind) -> crate::Result<()> {
        let (child, parent) = (self.position(child)?, self.position(parent)?);
        self.nodes[child].above.push(Link { to: parent, kind });
        self.nodes[parent].below.push(Link { to: child, kind });
        Ok(())
    }

    /// Adds an edge if the rules allow it.
    ///
    /// # Errors
    /// All [`faults`](Alignment::faults) of the edge.
    pub fn link(
        &mut self,
        child: Id,
        parent: Id,
        kind: EdgeKind,
        max_depth: usize,
    ) -> Result<(), Vec<DomainError>> {
        let faults = self.faults(child, parent, kind, max_depth);
        if !faults.is_empty() {
            return Err(faults);
        }
        self.restore(child, parent, kind).map_err(|error| vec![error])
    }

    /// Everything that is wrong with an edge; empty when it may be added.
    ///
    /// In this order: `NOT_FOUND` or `ALIGN_SELF` alone, then `ALIGN_DUPLICATE`,
    /// `ALIGN_LEVEL`, `GUARD_FAILED` (period, organisation, archived),
    /// `ALIGN_SECOND_PARENT`, and `ALIGN_CYCLE` or else `ALIGN_DEPTH`.
    pub fn faults(
        &self,
        child: Id,
        parent: Id,
        kind: EdgeKind,
        max_depth: usize,
    ) -> Vec<DomainError> {
        let (below, above) = match (self.position(child), self.position(parent)) {
            (Ok(below), Ok(above)) => (below, above),
            (below, above) => return [below, above].into_iter().filter_map(Result::err).collect(),
        };
        if below == above {
            return vec![Code::AlignSelf.because(format!("{child} cannot be its own parent"))];
        }
        let node = &self.nodes[below];
        let mut faults = Vec::new();
        if node.above.iter().any(|link| link.to == above) {
            faults.push(Code::AlignDuplicate.because(format!("{child} already has this edge")));
        }
        faults.extend(pair_faults(node, &self.nodes[above], kind));
        let has_other_parent =
            node.above.iter().any(|link| link.kind == EdgeKind::Cascade && link.to != above);
        if kind == EdgeKind::Cascade && has_other_parent {
            faults.push(second_parent(child));
        }
        if self.reaches_upward(above, below) {
            faults.push(Code::AlignCycle.because(format!("{child} is above {parent}")));
        } else {
            // No path has more goals than the graph, whatever limit the caller gives.
            let limit = max_depth.min(self.nodes.len());
            let depth = self.longest_path(above, limit, |node| &node.above)
                + self.longest_path(below, limit, |node| &node.below);
            if depth > max_depth {
                faults.push(too_deep(child, max_depth));
            }
        }
        faults
    }

    /// Checks the whole graph, in time linear in its goals and edges: finds everything that
    /// [`faults`](Alignment::faults) would have refused, each with the id of the goal concerned.
    pub fn audit(&self, max_depth: usize) -> Vec<(Id, DomainError)> {
        let edges = self.nodes.iter().flat_map(|node| self.node_faults(node));
        edges.chain(self.path_faults(max_depth)).collect()
    }

    fn node_faults(&self, node: &Node<Id>) -> Vec<(Id, DomainError)> {
        let mut seen = HashSet::new();
        let mut parents = HashSet::new();
        let mut faults = Vec::new();
        for link in &node.above {
            if !seen.insert(link.to) {
                faults.push(Code::AlignDuplicate.because(format!("{} has an edge twice", node.id)));
            }
            if link.kind == EdgeKind::Cascade && parents.insert(link.to) && parents.len() > 1 {
                faults.push(second_parent(node.id));
            }
            faults.extend(pair_faults(node, &self.nodes[link.to], link.kind));
        }
        faults.into_iter().map(|fault| (node.id, fault)).collect()
    }

    /// Visits each goal after all goals above it. Goals that remain unvisited are on a loop or
    /// under one.
    fn path_faults(&self, max_depth: usize) -> Vec<(Id, DomainError)> {
        let mut waiting: Vec<usize> = self.nodes.iter().map(|node| node.above.len()).collect();
        let mut depth = vec![1; self.nodes.len()];
        let mut ready: Vec<usize> =
            (0..self.nodes.len()).filter(|&node| waiting[node] == 0).collect();
        while let Some(parent) = ready.pop() {
            for link in &self.nodes[parent].below {
                depth[link.to] = depth[link.to].max(depth[parent] + 1);
                waiting[link.to] -= 1;
                if waiting[link.to] == 0 {
                    ready.push(link.to);
                }
            }
        }
        let judge = |(node, (waiting, depth)): (&Node<Id>, (usize, usize))| {
            let fault = if waiting > 0 {
                Code::AlignCycle.because(format!("{} is on or under a cycle", node.id))
            } else if depth > max_depth {
                too_deep(node.id, max_depth)
            } else {
                return None;
            };
            Some((node.id, fault))
        };
        self.nodes.iter().zip(waiting.into_iter().zip(depth)).filter_map(judge).collect()
    }

    fn position(&self, id: Id) -> crate::Result<usize> {
        let position = self.positions.get(&id).copied();
        position.ok_or_else(|| Code::NotFound.because(format!("there is no goal {id}")))
    }

    /// Whether one goal is above the other.
    fn reaches_upward(&self, from: usize, to: usize) -> bool {
        let mut seen = HashSet::from([from]);
        let mut open = vec![from];
        while let Some(node) = open.pop() {
            if node == to {
                return true;
            }
            open.extend(
                self.nodes[node].above.iter().map(|link| link.to).filter(|&next| seen.insert(next)),
            );
        }
        false
    }

    /// Number of goals on the longest path that starts at a goal, counted up to `limit`.
    ///
    /// Walks layer by layer, so that it ends even if stored edges form a loop.
    fn longest_path(&self, from: usize, limit: usize, next: fn(&Node<Id>) -> &[Link]) -> usize {
        let mut layer = HashSet::from([from]);
        let mut length = 0;
        while !layer.is_empty() && length < limit {
            length += 1;
            layer = layer
                .into_iter()
                .flat_map(|at| next(&self.nodes[at]))
                .map(|link| link.to)
                .collect();
        }
        length
    }
}

/// Everything that is wrong with an edge if only its two goals are considered.
fn pair_faults<Id: Copy + Eq + Display>(
    child: &Node<Id>,
    parent: &Node<Id>,
    kind: EdgeKind,
) -> Vec<DomainError> {
    let (below, above) = (&child.goal, &parent.goal);
    let ids = format!("{} below {}", child.id, parent.id);
    let rules = [
        (
            kind == EdgeKind::Align || above.level < below.level,
            Code::AlignLevel,
            "the parent must be on a strictly higher level",
        ),
        (
            above.period.encloses(&below.period),
            Code::GuardFailed,
            "the parent's period must contain the child's",
        ),
        (
            above.organisation == below.organisation,
            Code::GuardFailed,
            "both must belong to the same organisation",
        ),
        (!above.archived && !below.archived, Code::GuardFailed, "neither may be archived"),
    ];
    let broken = rules.into_iter().filter(|(holds, ..)| !holds);
    broken.map(|(_, code, rule)| code.because(format!("{ids}: {rule}"))).collect()
}

fn second_parent(child: impl Display) -> DomainError {
    Code::AlignSecondParent.because(format!("{child} already has a cascade parent"))
}

fn too_deep(child: impl Display, max_depth: usize) -> DomainError {
    Code::AlignDepth.because(format!("{child} is on a path of more than {max_depth} goals"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use EdgeKind::{Align, Cascade};
    use proptest::prelude::*;

    fn year(first_month: u32) -> Period {
        let start = chrono::NaiveDate::from_ymd_opt(2025, first_month, 1).unwrap();
        Period::new(start, chrono::NaiveDate::from_ymd_opt(2025, 12, 31).unwrap()).unwrap()
    }

    fn goal(level: Level) -> Goal<u32> {
        Goal { level, period: year(1), organisation: 1, archived: false }
    }

    const COMPANY: u32 = 0;
    const DEPARTMENT: u32 = 1;
    const OTHER_DEPARTMENT: u32 = 2;
    const TEAM: u32 = 3;
    const PERSON: u32 = 4;

    /// A company, two departments, a team under the first department, and a person without edges.
    fn company() -> Alignment<u32> {
        let levels =
            [Level::COMPANY, Level::DEPARTMENT, Level::DEPARTMENT, Level::TEAM, Level::PERSON];
        let mut graph = Alignment::new((0..).zip(levels.map(goal)));
        graph.link(DEPARTMENT, COMPANY, Cascade, MAX_DEPTH).unwrap();
        graph.link(TEAM, DEPARTMENT, Cascade, MAX_DEPTH).unwrap();
        graph.link(OTHER_DEPARTMENT, DEPARTMENT, Align, MAX_DEPTH).unwrap();
        graph
    }

    fn codes(faults: Vec<DomainError>) -> Vec<Code> {
        faults.into_iter().map(|fault| fault.code).collect()
    }

    #[test]
    fn each_rule_refuses_in_order() {
        let graph = company();
        let check = |child, parent, kind| codes(graph.faults(child, parent, kind, MAX_DEPTH));
        assert_eq!(check(PERSON, TEAM, Cascade), []);
        assert_eq!(check(DEPARTMENT, DEPARTMENT, Cascade), [Code::AlignSelf]);
        for kind in [Cascade, Align] {
            assert_eq!(check(TEAM, DEPARTMENT, kind), [Code::AlignDuplicate]);
        }
        assert_eq!(check(TEAM, COMPANY, Cascade), [Code::AlignSecondParent]);
        assert_eq!(check(DEPARTMENT, OTHER_DEPARTMENT, Align), [Code::AlignCycle]);
        assert_eq!(
            check(DEPARTMENT, TEAM, Cascade),
            [Code::AlignLevel, Code::AlignSecondParent, Code::AlignCycle]
        );
        assert_eq!(check(8, 9, Align), [Code::NotFound, Code::NotFound]);
    }

    #[test]
    fn one_goal_may_be_in_line_with_many_on_any_level() {
        let mut graph = company();
        for parent in [TEAM, OTHER_DEPARTMENT, COMPANY] {
            graph.link(PERSON, parent, Align, MAX_DEPTH).unwrap();
        }
        graph.link(COMPANY, 5, Align, MAX_DEPTH).unwrap_err();
        assert_eq!(codes(graph.audit(MAX_DEPTH).into_iter().map(|(_, fault)| fault).collect()), []);
    }

    #[test]
    fn both_goals_share_organisation_and_time_and_are_alive() {
        let broken = |change: fn(&mut Goal<u32>)| {
            let mut child = goal(Level::TEAM);
            let mut parent = goal(Level::COMPANY);
            change(&mut parent);
            child.period = year(2);
            let graph = Alignment::new([(1, child), (2, parent)]);
            codes(graph.faults(1, 2, Align, MAX_DEPTH))
        };
        assert_eq!(broken(|_| ()), []);
        assert_eq!(broken(|parent| parent.period = year(3)), [Code::GuardFailed]);
        assert_eq!(broken(|parent| parent.organisation = 2), [Code::GuardFailed]);
        assert_eq!(broken(|parent| parent.archived = true), [Code::GuardFailed]);
    }

    /// Two separate chains of goals: `0 <- 1 <- ..` and `100 <- 101 <- ..`.
    fn two_chains(upper: u32, lower: u32) -> Alignment<u32> {
        let ids = (0..upper).chain(100..100 + lower);
        let mut graph = Alignment::new(ids.map(|id| (id, goal(Level::TEAM))));
        for child in (1..upper).chain(101..100 + lower) {
            graph.link(child, child - 1, Align, MAX_DEPTH).unwrap();
        }
        graph
    }

    #[test]
    fn depth_counts_the_childs_subtree() {
        let depth =
            |upper, lower| codes(two_chains(upper, lower).faults(100, upper - 1, Align, MAX_DEPTH));
        assert_eq!(depth(4, 6), []);
        assert_eq!(depth(5, 6), [Code::AlignDepth]);
        assert_eq!(depth(10, 1), [Code::AlignDepth]);
    }

    #[test]
    fn a_damaged_store_is_reported_and_never_loops() {
        let mut graph = company();
        graph.restore(COMPANY, TEAM, Cascade).unwrap();
        graph.restore(PERSON, TEAM, Align).unwrap();
        graph.restore(PERSON, TEAM, Align).unwrap();
        graph.restore(PERSON, TEAM, Cascade).unwrap();
        graph.restore(PERSON, COMPANY, Cascade).unwrap();
        assert_eq!(graph.restore(PERSON, 9, Align).unwrap_err().code, Code::NotFound);
        let unlimited = graph.faults(PERSON, OTHER_DEPARTMENT, Align, usize::MAX);
        assert_eq!(codes(unlimited), [], "the walk over the cycle ends");

        let found = graph.audit(MAX_DEPTH);
        let of = |goal| {
            let mut codes: Vec<_> =
                found.iter().filter(|(id, _)| *id == goal).map(|(_, fault)| fault.code).collect();
            codes.sort();
            codes
        };
        assert_eq!(of(COMPANY), [Code::AlignCycle, Code::AlignLevel]);
        assert_eq!(of(DEPARTMENT), [Code::AlignCycle]);
        let twice = Code::AlignDuplicate;
        assert_eq!(of(PERSON), [Code::AlignCycle, Code::AlignSecondParent, twice, twice]);
    }

    #[test]
    fn an_audit_finds_paths_that_are_too_deep() {
        let mut graph = two_chains(6, 6);
        graph.restore(100, 5, Align).unwrap();
        let mut deep: Vec<_> = graph.audit(MAX_DEPTH).into_iter().map(|(id, _)| id).collect();
        deep.sort_unstable();
        assert_eq!(deep, [104, 105]);
    }

    #[test]
    fn a_hundred_thousand_goals_are_linked_and_audited() {
        let size = 100_000;
        let level = |id: u32| match id {
            0 => Level::COMPANY,
            1..100 => Level::DEPARTMENT,
            100..5_000 => Level::TEAM,
            _ => Level::PERSON,
        };
        let parent = |id: u32| match id {
            1..100 => 0,
            100..5_000 => 1 + id % 99,
            _ => 100 + id % 4_900,
        };
        let mut graph = Alignment::new((0..size).map(|id| (id, goal(level(id)))));
        for child in 1..size {
            graph.link(child, parent(child), Cascade, MAX_DEPTH).unwrap();
        }
        assert!(graph.audit(MAX_DEPTH).is_empty());
        assert_eq!(codes(graph.faults(0, size - 1, Align, MAX_DEPTH)), [Code::AlignCycle]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn whatever_was_admitted_passes_the_audit(
            edges in proptest::collection::vec((0..24_u32, 0..24_u32, any::<bool>()), 0..120),
        ) {
            let level = |id: u32| Level(u8::try_from(id % 5).unwrap());
            let mut graph = Alignment::new((0..24).map(|id| (id, goal(level(id)))));
            let mut refused = 0;
            for (child, parent, cascade) in &edges {
                let kind = if *cascade { Cascade } else { Align };
                refused += usize::from(graph.link(*child, *parent, kind, 6).is_err());
            }
            prop_assert_eq!(graph.audit(6), vec![]);
            let stored: usize = graph.nodes.iter().map(|node| node.above.len()).sum();
            prop_assert_eq!(stored + refused, edges.len());
        }
    }
}
