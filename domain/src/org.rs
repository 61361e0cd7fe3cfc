//! People, units, positions and the reporting lines between them.

use crate::id::{AssignmentId, EmployeeId, OrgUnitId, PositionId};
use crate::text_enum;
use crate::time::Timestamp;
use chrono::NaiveDate;
use std::collections::HashMap;
use std::hash::Hash;

/// Longest reporting chain, counted in people from the top to the leaf.
pub const MAX_DEPTH: usize = 32;

text_enum! {
    /// Kind of an org unit, from the whole company down to a team.
    pub enum OrgUnitKind {
        /// The whole company; the only kind without a parent.
        Company = "company",
        /// A division (事业部).
        Division = "division",
        /// A department (部门).
        Department = "department",
        /// A team (小组).
        Team = "team",
    }
}

impl OrgUnitKind {
    /// Whether a unit of this kind may sit directly under `parent` (levels may be skipped;
    /// teams and departments may nest in their own kind).
    pub fn may_sit_under(self, parent: OrgUnitKind) -> bool {
        match self {
            OrgUnitKind::Company => false,
            OrgUnitKind::Division => parent == OrgUnitKind::Company,
            OrgUnitKind::Department | OrgUnitKind::Team => parent <= self,
        }
    }
}

/// A company, division, department or team, as of one business date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrgUnit {
    /// Its id.
    pub id: OrgUnitId,
    /// External key, unique in the tenant.
    pub code: String,
    /// Name shown to people.
    pub name: String,
    /// Kind.
    pub kind: OrgUnitKind,
    /// The unit above, none for the top.
    pub parent_id: Option<OrgUnitId>,
    /// First day on which `parent_id` holds.
    pub effective_from: NaiveDate,
    /// Counts changes, from 1.
    pub version: i32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When it was deleted; such rows are shown only as tombstones.
    pub deleted_at: Option<Timestamp>,
}

/// A job in the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// Its id.
    pub id: PositionId,
    /// External key, unique in the tenant.
    pub code: String,
    /// Name of the job.
    pub title: String,
    /// Job level, 1 (entry) ..= 30 (top).
    pub level: i32,
    /// Counts changes, from 1.
    pub version: i32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When it was deleted; such rows are shown only as tombstones.
    pub deleted_at: Option<Timestamp>,
}

text_enum! {
    /// Whether a person works here as of a date.
    pub enum EmploymentStatus {
        /// Hired and not gone.
        Active = "active",
        /// The last working day has passed.
        Terminated = "terminated",
    }
}

/// A person, with unit, job and manager as of one business date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Employee {
    /// Its id.
    pub id: EmployeeId,
    /// Number given by the company, unique in the tenant; the key of bulk upserts.
    pub employee_number: String,
    /// Name shown to people.
    pub name: String,
    /// Work address.
    pub email: Option<String>,
    /// First working day.
    pub hire_date: NaiveDate,
    /// Last working day, when known.
    pub termination_date: Option<NaiveDate>,
    /// Unit, job and manager as of the date asked for.
    pub assignment: Assignment,
    /// Ids in other systems, by system name.
    pub external_ids: Vec<ExternalId>,
    /// Counts changes, from 1.
    pub version: i32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Employee {
    /// Whether the person works here on `day`.
    pub fn status(&self, day: NaiveDate) -> EmploymentStatus {
        match self.termination_date {
            Some(last) if last < day => EmploymentStatus::Terminated,
            _ => EmploymentStatus::Active,
        }
    }
}

/// One stretch of an employee's unit, job and manager; the next one ends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// Its id.
    pub id: AssignmentId,
    /// Whose it is.
    pub employee_id: EmployeeId,
    /// First day.
    pub effective_from: NaiveDate,
    /// Unit the person works in.
    pub org_unit_id: Option<OrgUnitId>,
    /// Job of the catalogue.
    pub position_id: Option<PositionId>,
    /// Title on the door, free text.
    pub job_title: Option<String>,
    /// Line manager.
    pub manager_id: Option<EmployeeId>,
}

/// An id in another system, such as an HRIS.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ExternalId {
    /// Name of the system: lower-case letters, digits, `_`, `-`; 1..=40.
    pub system: String,
    /// The id there, 1..=200 characters.
    pub value: String,
}

/// Why a tree is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreeFault<K: core::fmt::Debug> {
    /// Someone would, through others, report to themselves; the loop in order, first node once.
    #[error("the line runs in a loop")]
    Loop(Vec<K>),
    /// The chain above this node is longer than [`MAX_DEPTH`].
    #[error("the line is deeper than {MAX_DEPTH}")]
    TooDeep(K),
}

/// Checks a whole set of child-to-parent lines in linear time: no loops, depth at most
/// [`MAX_DEPTH`]. Every fault is reported, each loop once. Nodes without an entry are tops.
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
