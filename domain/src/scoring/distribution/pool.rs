//! Pools of groups that are too small for quotas of their own. Implements the pooling of E.1.

use crate::core::error::{Code, Result};
use crate::core::tree::{Forest, MAX_DEPTH};
use core::fmt::Display;
use core::hash::Hash;
use std::collections::BTreeMap;

/// A pool: groups that share one quota.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool<Id> {
    /// The groups, in the order of the input.
    pub members: Vec<Id>,
    /// Whether the pool is too small and no sibling can take it in, so that it joins the parent.
    pub joins_parent: bool,
}

/// Pools the sibling groups of one parent, given as `(group, people)`.
///
/// All small groups form one pool. If this pool is still too small, it takes in the smallest group
/// that is large enough, or the earlier one if several are equally small: callers give siblings in
/// the order of their unit codes. Pools are in the order of their first groups.
///
/// # Errors
/// `EMPTY_INPUT` without groups.
pub fn pools<Id: Clone>(groups: &[(Id, u32)], min_group: u32) -> Result<Vec<Pool<Id>>> {
    if groups.is_empty() {
        return Err(Code::EmptyInput.because("there are no groups to pool"));
    }
    let is_small = |people: u32| people < min_group;
    let small: u64 = groups.iter().map(|(_, n)| *n).filter(|n| is_small(*n)).map(u64::from).sum();
    let too_small = small < u64::from(min_group);
    let host = groups
        .iter()
        .enumerate()
        .filter(|(_, (_, people))| too_small && !is_small(*people))
        .min_by_key(|(_, (_, people))| *people)
        .map(|(place, _)| place);

    let mut pools: Vec<Pool<Id>> = Vec::new();
    let mut shared = None;
    for (place, (id, people)) in groups.iter().enumerate() {
        let pooled = is_small(*people) || host == Some(place);
        match shared.and_then(|at: usize| pools.get_mut(at)) {
            Some(pool) if pooled => pool.members.push(id.clone()),
            _ => {
                if pooled {
                    shared = Some(pools.len());
                }
                let joins_parent = pooled && too_small && host.is_none();
                pools.push(Pool { members: vec![id.clone()], joins_parent });
            }
        }
    }
    Ok(pools)
}

/// Pools the groups of a tree. `units` are units with their parents, in the order in which siblings
/// are pooled; `people` is the number of people directly in each. Siblings are pooled from the
/// bottom up; a pool that is too small joins the parent's own people. A pool at the top that is too
/// small has [`Pool::joins_parent`] set.
///
/// # Errors
/// The errors of [`pools`].
pub fn pool_tree<Id: Copy + Ord>(
    units: &[(Id, Option<Id>)],
    people: &BTreeMap<Id, u32>,
    min_group: u32,
) -> Result<Vec<Pool<Id>>> {
    let parents: BTreeMap<Id, Id> =
        units.iter().filter_map(|(id, parent)| Some((*id, (*parent)?))).collect();
    let depth = |id: &Id| {
        std::iter::successors(parents.get(id), |id| parents.get(id)).take(MAX_DEPTH).count()
    };
    let mut open: BTreeMap<Id, (Vec<Id>, u32)> =
        people.iter().map(|(id, count)| (*id, (vec![*id], *count))).collect();
    let mut settled = Vec::new();
    for level in (1..=parents.keys().map(depth).max().unwrap_or_default()).rev() {
        let mut families = BTreeMap::<Id, Vec<Id>>::new();
        for (id, parent) in units.iter().filter(|(id, _)| open.contains_key(id)) {
            if let Some(parent) = parent.filter(|_| depth(id) == level) {
                families.entry(parent).or_default().push(*id);
            }
        }
        for (parent, siblings) in families {
            let groups: Vec<(Vec<Id>, u32)> =
                siblings.iter().filter_map(|id| open.remove(id)).collect();
            for pool in pools(&groups, min_group)? {
                let members: Vec<Id> = pool.members.concat();
                if !pool.joins_parent {
                    settled.push(Pool { members, joins_parent: false });
                    continue;
                }
                let count = members.iter().filter_map(|id| people.get(id)).sum::<u32>();
                let group = open.entry(parent).or_default();
                group.0.extend(members);
                group.1 = group.1.saturating_add(count);
            }
        }
    }
    settled.extend(
        open.into_values()
            .map(|(members, count)| Pool { members, joins_parent: count < min_group }),
    );
    Ok(settled)
}

/// The pools of an organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitPools<Id> {
    /// The units that share a quota, in ascending order; pools by their first unit.
    pub pools: Vec<Vec<Id>>,
    /// The units that no quota holds for, in ascending order.
    pub without_quota: Vec<Id>,
}

/// Pools units given as `(unit, parent, people directly in it)`. Units without people form no group;
/// siblings are pooled in the order of their codes, and what is left at the top has no quota.
///
/// # Errors
/// `EMPTY_INPUT` without units, and the errors of [`Forest::new`].
pub fn pool_units<Id: Copy + Ord + Hash + Display>(
    units: &[(Id, Option<Id>, u32)],
    min_group: u32,
) -> Result<UnitPools<Id>> {
    if units.is_empty() {
        return Err(Code::EmptyInput.because("there are no units"));
    }
    let mut links: Vec<_> = units.iter().map(|(id, parent, _)| (*id, *parent)).collect();
    Forest::new(&links)?;
    links.sort_unstable();
    let people = units.iter().filter(|(.., people)| *people > 0);
    let people = people.map(|(id, _, people)| (*id, *people)).collect();
    let (left, pooled): (Vec<_>, Vec<_>) =
        pool_tree(&links, &people, min_group)?.into_iter().partition(|pool| pool.joins_parent);
    let mut pools: Vec<Vec<Id>> = pooled.into_iter().map(|pool| sorted(pool.members)).collect();
    pools.sort_unstable();
    let without_quota = sorted(left.into_iter().flat_map(|pool| pool.members).collect());
    Ok(UnitPools { pools, without_quota })
}

fn sorted<Id: Ord>(mut units: Vec<Id>) -> Vec<Id> {
    units.sort_unstable();
    units
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn in_tree(units: &[(u8, Option<u8>)], people: &[(u8, u32)]) -> Vec<(Vec<u8>, bool)> {
        let pools = pool_tree(units, &people.iter().copied().collect(), 10).unwrap();
        pools.into_iter().map(|pool| (pool.members, pool.joins_parent)).collect()
    }

    #[test]
    fn what_is_too_small_climbs_until_it_finds_company() {
        // 1 over 2 and 3; 2 over 4 and 5.
        let tree = [(1, None), (2, Some(1)), (3, Some(1)), (4, Some(2)), (5, Some(2))];
        let alone = in_tree(&tree, &[(3, 12), (4, 10), (5, 11)]);
        assert_eq!(alone, [(vec![4], false), (vec![5], false), (vec![3], false)]);
        let climbed = in_tree(&tree, &[(2, 3), (3, 12), (4, 4), (5, 2)]);
        assert_eq!(climbed, [(vec![2, 4, 5, 3], false)]);
        let top = in_tree(&tree, &[(1, 4), (4, 3), (9, 2)]);
        assert_eq!(top, [(vec![1, 4], true), (vec![9], true)]);
        assert_eq!(in_tree(&tree, &[(1, 6), (4, 4)]), [(vec![1, 4], false)]);
    }

    #[test]
    fn units_are_pooled_in_the_order_of_their_codes() {
        let units = |units: &[(&'static str, Option<&'static str>, u32)]| {
            let UnitPools { pools, without_quota } = pool_units(units, 10).unwrap();
            (pools, without_quota)
        };
        let top = Some("top");
        assert_eq!(
            units(&[("top", None, 9), ("c", top, 3), ("b", top, 10), ("a", top, 10)]),
            (vec![vec!["a", "c"], vec!["b"]], vec!["top"])
        );
        assert_eq!(units(&[("top", None, 0), ("a", top, 0)]), (vec![], vec![]));
        let code = |units: &[(u8, Option<u8>, u32)]| pool_units(units, 10).unwrap_err().code;
        assert_eq!(code(&[]), Code::EmptyInput);
        assert_eq!(code(&[(1, Some(2), 3), (2, Some(1), 3)]), Code::AlignCycle);
    }

    fn pooled(groups: &[(&'static str, u32)]) -> Vec<Vec<&'static str>> {
        let climb = |pool: Pool<&'static str>| {
            let parent = pool.joins_parent.then_some("^");
            parent.into_iter().chain(pool.members).collect()
        };
        pools(groups, 10).unwrap().into_iter().map(climb).collect()
    }

    #[test]
    fn small_siblings_share_a_pool() {
        assert_eq!(pooled(&[("a", 4), ("b", 12), ("c", 6)]), [vec!["a", "c"], vec!["b"]]);
    }

    #[test]
    fn a_small_pool_joins_the_smallest_large_sibling() {
        let groups = [("a", 30), ("b", 4), ("c", 12), ("d", 12)];
        assert_eq!(pooled(&groups), [vec!["a"], vec!["b", "c"], vec!["d"]]);
    }

    #[test]
    fn without_a_large_sibling_it_climbs() {
        assert_eq!(pooled(&[("a", 4), ("b", 3)]), [["^", "a", "b"]]);
        assert_eq!(pooled(&[("a", 0)]), [["^", "a"]]);
    }

    #[test]
    fn large_groups_stand_alone() {
        assert_eq!(pooled(&[("a", 10), ("b", 10)]), [["a"], ["b"]]);
        assert_eq!(pools::<u8>(&[], 10).unwrap_err().code, Code::EmptyInput);
    }

    proptest! {
        #[test]
        fn every_group_is_in_one_pool_and_every_pool_is_large_enough_or_climbs(
            sizes in prop::collection::vec(0..20_u32, 1..8),
        ) {
            let groups: Vec<_> = sizes.iter().copied().enumerate().collect();
            let pools = pools(&groups, 10).unwrap();
            let mut members: Vec<_> = pools.iter().flat_map(|p| p.members.clone()).collect();
            members.sort_unstable();
            prop_assert!(members.into_iter().eq(0..sizes.len()));
            for pool in &pools {
                let people: u32 = pool.members.iter().map(|id| sizes[*id]).sum();
                prop_assert_eq!(people < 10, pool.joins_parent);
            }
        }
    }
}
