//! Trees of people, units or goals, given as links from child to parent: no loops, limited depth.

use crate::core::error::{Code, Result as DomainResult};
use crate::core::time::Period;
use core::fmt::Display;
use std::collections::HashMap;
use std::hash::Hash;

/// The greatest depth of a tree: nodes on a path from the top to a leaf, both included.
pub const MAX_DEPTH: usize = 32;

/// Why a tree is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreeFault<K: core::fmt::Debug> {
    /// A node would be above itself. Lists the nodes of the loop in order, each once.
    #[error("the chain of parents runs in a loop")]
    Loop(Vec<K>),
    /// A chain through this node is longer than [`MAX_DEPTH`].
    #[error("the chain of parents is longer than {MAX_DEPTH}")]
    TooDeep(K),
}

/// Checks all links of a tree in linear time: no loops, depth at most [`MAX_DEPTH`]. `parent_of`
/// maps child to parent; a node without an entry is a top. Reports every fault, and each loop once.
pub fn check_tree<K>(parent_of: &HashMap<K, K>) -> Vec<TreeFault<K>>
where
    K: Copy + Eq + Hash + Ord + core::fmt::Debug,
{
    let mut depth: HashMap<K, usize> = HashMap::with_capacity(parent_of.len() * 2);
    let mut faults = Vec::new();
    let mut nodes: Vec<K> = parent_of.keys().copied().collect();
    nodes.sort_unstable();
    for start in nodes {
        let mut path = Vec::new();
        let mut place = HashMap::new();
        let mut node = start;
        let above = loop {
            if let Some(&known) = depth.get(&node) {
                break known;
            }
            if let Some(&at) = place.get(&node) {
                let members = path.split_off(at);
                depth.extend(members.iter().map(|&member| (member, 0)));
                faults.push(TreeFault::Loop(members));
                break 0;
            }
            place.insert(node, path.len());
            path.push(node);
            match parent_of.get(&node) {
                Some(&parent) => node = parent,
                None => break 0,
            }
        };
        for (steps, &node) in path.iter().rev().enumerate() {
            let own = above + steps + 1;
            depth.insert(node, own);
            if own == MAX_DEPTH + 1 {
                faults.push(TreeFault::TooDeep(node));
            }
        }
    }
    faults
}

/// A node above a starting node, with the days on which it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach<K> {
    /// Number of nodes on the path from the starting node to this one, both included.
    pub steps: usize,
    /// The node.
    pub node: K,
    /// External key of the node.
    pub key: String,
    /// Name of the node.
    pub name: String,
    /// The days on which the node is there.
    pub days: Period,
}

/// The height of a subtree on some days: how many levels it has, its root included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Height {
    /// Number of levels.
    pub levels: usize,
    /// The days on which the subtree has this height.
    pub days: Period,
}

/// Checks a new link from `node`, whose external key is `key`, to a parent: on no day may it close
/// a loop or make a chain longer than [`MAX_DEPTH`]. `above` holds the parent and the nodes above
/// it; it stops at `node` if the way up leads there. `below` holds the heights of the subtree under
/// `node`.
pub fn check_line<K: Copy + Eq>(
    node: K,
    key: &str,
    above: &[Reach<K>],
    below: &[Height],
) -> Result<(), TreeFault<String>> {
    let meeting = above.iter().filter(|reach| reach.node == node).min_by_key(|r| r.days.start);
    if let Some(meeting) = meeting {
        let day = meeting.days.start;
        let mut chain: Vec<_> =
            above.iter().filter(|r| r.steps < meeting.steps && r.days.contains(day)).collect();
        chain.sort_unstable_by_key(|reach| reach.steps);
        let members = std::iter::once(key).chain(chain.into_iter().map(|r| r.key.as_str()));
        return Err(TreeFault::Loop(members.map(str::to_owned).collect()));
    }
    let too_deep = |reach: &&Reach<K>| {
        below.iter().any(|height| {
            reach.steps + height.levels > MAX_DEPTH && reach.days.overlaps(&height.days)
        })
    };
    match above.iter().find(too_deep) {
        Some(_) => Err(TreeFault::TooDeep(key.to_owned())),
        None => Ok(()),
    }
}

/// Nodes with at most one parent each, checked to be trees: units or goals given as a list.
#[derive(Clone, Debug)]
pub struct Forest<Id> {
    ids: Vec<Id>,
    parents: Vec<Option<usize>>,
    positions: HashMap<Id, usize>,
}

impl<Id: Copy + Eq + Hash + Display> Forest<Id> {
    /// Checks nodes with their parents; a node without a parent is a top.
    ///
    /// # Errors
    /// In this order: `ALIGN_DUPLICATE` for an id that occurs twice, `ALIGN_SELF` for a node that is
    /// its own parent, `NOT_FOUND` for an unknown parent, `ALIGN_CYCLE` for a loop.
    pub fn new(nodes: &[(Id, Option<Id>)]) -> DomainResult<Forest<Id>> {
        let mut positions = HashMap::with_capacity(nodes.len());
        for (position, (id, _)) in nodes.iter().enumerate() {
            if positions.insert(*id, position).is_some() {
                return Err(Code::AlignDuplicate.because(format!("{id} occurs twice")));
            }
        }
        if let Some((id, _)) = nodes.iter().find(|(id, parent)| *parent == Some(*id)) {
            return Err(Code::AlignSelf.because(format!("{id} is its own parent")));
        }
        let mut forest =
            Forest { ids: nodes.iter().map(|(id, _)| *id).collect(), parents: vec![], positions };
        let parent =
            |(_, parent): &(Id, Option<Id>)| parent.map(|id| forest.position(id)).transpose();
        forest.parents = nodes.iter().map(parent).collect::<DomainResult<_>>()?;
        forest.check_loops()?;
        Ok(forest)
    }

    fn check_loops(&self) -> DomainResult<()> {
        let mut safe = vec![false; self.ids.len()];
        for start in 0..self.ids.len() {
            let mut path = Vec::new();
            let mut next = Some(start);
            while let Some(node) = next.filter(|node| !safe[*node]) {
                if path.len() > self.ids.len() {
                    return Err(Code::AlignCycle.because("the chain of parents runs in a loop"));
                }
                path.push(node);
                next = self.parents[node];
            }
            path.into_iter().for_each(|node| safe[node] = true);
        }
        Ok(())
    }

    /// The position of a node in the list.
    ///
    /// # Errors
    /// `NOT_FOUND` for an unknown node.
    pub fn position(&self, id: Id) -> DomainResult<usize> {
        let position = self.positions.get(&id).copied();
        position.ok_or_else(|| Code::NotFound.because(format!("there is no {id}")))
    }

    /// The position of each node's parent, in the order of the list.
    pub fn parents(&self) -> &[Option<usize>] {
        &self.parents
    }

    /// A node and those above it, from the bottom up.
    fn line(&self, from: usize) -> impl Iterator<Item = usize> {
        core::iter::successors(Some(from), |node| self.parents[*node])
    }

    /// The lowest node that is above all the given ones, where a node is above itself; `None` if
    /// they have nothing in common or none is given.
    ///
    /// # Errors
    /// `NOT_FOUND` for an unknown node.
    pub fn lowest_common(&self, nodes: impl IntoIterator<Item = Id>) -> DomainResult<Option<Id>> {
        let mut positions = nodes.into_iter().map(|id| self.position(id));
        let Some(first) = positions.next().transpose()? else { return Ok(None) };
        let mut shared: Vec<usize> = self.line(first).collect();
        for position in positions {
            let own: std::collections::HashSet<usize> = self.line(position?).collect();
            shared.retain(|node| own.contains(node));
        }
        Ok(shared.first().map(|node| self.ids[*node]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{Days, NaiveDate};

    #[test]
    fn a_list_is_a_forest_or_says_what_is_wrong_in_order() {
        let code = |nodes: &[(u32, Option<u32>)]| Forest::new(nodes).unwrap_err().code;
        assert_eq!(code(&[(1, Some(1)), (1, None)]), Code::AlignDuplicate);
        assert_eq!(code(&[(1, Some(9)), (2, Some(2))]), Code::AlignSelf);
        assert_eq!(code(&[(1, Some(9)), (2, Some(3)), (3, Some(2))]), Code::NotFound);
        assert_eq!(code(&[(1, None), (4, Some(2)), (2, Some(3)), (3, Some(2))]), Code::AlignCycle);
        assert_eq!(Forest::new(&[(2, Some(1)), (1, None)]).unwrap().parents(), [Some(1), None]);
    }

    #[test]
    fn the_lowest_common_node_may_be_one_of_them() {
        let nodes = [(1, None), (2, Some(1)), (3, Some(2)), (4, Some(2)), (5, Some(1)), (9, None)];
        let forest = Forest::new(&nodes).unwrap();
        let common = |nodes: &[u32]| forest.lowest_common(nodes.iter().copied()).unwrap();
        assert_eq!(common(&[3, 4]), Some(2));
        assert_eq!(common(&[3, 4, 5]), Some(1));
        assert_eq!(common(&[3, 2]), Some(2));
        assert_eq!(common(&[4]), Some(4));
        assert_eq!(common(&[4, 9]), None);
        assert_eq!(common(&[]), None);
        assert_eq!(forest.lowest_common([3, 7]).unwrap_err().code, Code::NotFound);
    }

    fn lines(pairs: &[(u32, u32)]) -> HashMap<u32, u32> {
        pairs.iter().copied().collect()
    }

    #[test]
    fn a_loop_is_named_once_in_order() {
        let faults = check_tree(&lines(&[(1, 2), (2, 3), (3, 1), (4, 1)]));
        assert_eq!(faults, [TreeFault::Loop(vec![1, 2, 3])]);
    }

    #[test]
    fn reporting_to_oneself_is_a_loop_of_one() {
        assert_eq!(check_tree(&lines(&[(7, 7)])), [TreeFault::Loop(vec![7])]);
    }

    #[test]
    fn depth_counts_people_from_the_top() {
        let chain: HashMap<u32, u32> = (1..32).map(|n| (n, n - 1)).collect();
        assert!(check_tree(&chain).is_empty(), "32 people in a line are allowed");
        let chain: HashMap<u32, u32> = (1..33).map(|n| (n, n - 1)).collect();
        assert_eq!(check_tree(&chain), [TreeFault::TooDeep(32)]);
    }

    fn day(number: u64) -> NaiveDate {
        NaiveDate::default() + Days::new(number)
    }

    fn days(start: u64, end: Option<u64>) -> Period {
        Period { start: day(start), end: end.map(day) }
    }

    fn reach(steps: usize, node: u32, days: Period) -> Reach<u32> {
        Reach { steps, node, key: format!("E{node}"), name: String::new(), days }
    }

    #[test]
    fn a_loop_that_only_a_later_day_closes_is_named_as_of_that_day() {
        let above = [
            reach(1, 2, days(0, None)),
            reach(2, 9, days(0, Some(9))),
            reach(2, 3, days(10, None)),
            reach(3, 1, days(10, None)),
        ];
        let own = [Height { levels: 1, days: days(0, None) }];
        assert_eq!(
            check_line(1, "E1", &above, &own),
            Err(TreeFault::Loop(vec!["E1".into(), "E2".into(), "E3".into()]))
        );
        assert_eq!(check_line(1, "E1", &above[..3], &own), Ok(()));
    }

    #[test]
    fn depth_is_counted_on_each_day_for_itself() {
        let above: Vec<_> = (1..=20).map(|n| reach(n, n as u32, days(0, Some(9)))).collect();
        let later = [Height { levels: 13, days: days(10, None) }];
        assert_eq!(check_line(100, "E100", &above, &later), Ok(()));
        let now = [Height { levels: 13, days: days(9, None) }];
        assert_eq!(check_line(100, "E100", &above, &now), Err(TreeFault::TooDeep("E100".into())));
        let fits = [Height { levels: 12, days: days(0, None) }];
        assert_eq!(check_line(100, "E100", &above, &fits), Ok(()));
    }
}
