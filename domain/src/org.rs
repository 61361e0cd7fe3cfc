//! People, units, positions and the reporting lines between them.

use crate::employment::{EmploymentStatus, Employments};
use crate::id::{AssignmentId, EmployeeId, OrgUnitId, PositionId};
use crate::text_enum;
use crate::time::{Period, Timestamp};
use chrono::{Days, NaiveDate};
use std::cmp::Ordering;
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
    /// First day on which `parent_id` holds; none where the unit has no place in the tree yet.
    pub effective_from: Option<NaiveDate>,
    /// Counts changes, from 1.
    pub version: i32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When it was deleted; such rows are shown only as tombstones.
    pub deleted_at: Option<Timestamp>,
}

/// One stretch of a unit's place in the tree; the next one ends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// Whose place it is.
    pub org_unit_id: OrgUnitId,
    /// First and last day.
    pub period: Period,
    /// The unit above, none for the top.
    pub parent_id: Option<OrgUnitId>,
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
    /// When the person works here.
    pub employments: Employments,
    /// Unit, job and manager as of the date asked for; none before the first.
    pub assignment: Option<Assignment>,
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
        self.employments.status(day)
    }

    /// What can be done to the person in the state of `today`.
    pub fn possible_actions(&self, today: NaiveDate) -> Vec<EmployeeAction> {
        use EmployeeAction::{Assignment, Employment, Reinstatement, Termination, Update};
        let (at_hand, latest) = (self.employments.at_hand(today), self.employments.latest());
        let ends = at_hand.last_day().is_some();
        let possible = [
            (Update, true),
            (Assignment, true),
            (Termination, !at_hand.is_over(today)),
            (Reinstatement, ends && at_hand == latest),
            (Employment, latest.last_day().is_some()),
        ];
        possible.into_iter().filter_map(|(action, is)| is.then_some(action)).collect()
    }
}

text_enum! {
    /// What can be done to an employee, depending on the state.
    pub enum EmployeeAction {
        /// Change name, number, address, hire date or external ids.
        Update = "update",
        /// Give another unit, job or manager from a day on.
        Assignment = "assignment",
        /// Set the last working day.
        Termination = "termination",
        /// Take the last working day back.
        Reinstatement = "reinstatement",
        /// Hire again, once the last working day is known.
        Employment = "employment",
    }
}

/// One stretch of an employee's unit, job and manager; the next one ends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// Its id.
    pub id: AssignmentId,
    /// Whose it is.
    pub employee_id: EmployeeId,
    /// First and last day.
    pub period: Period,
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

/// Where a new stretch goes into a history without gaps: what ends before it, what it replaces,
/// and how long it lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Insertion {
    /// Start of the stretch that now ends on the day before.
    pub shortened: Option<NaiveDate>,
    /// Whether a stretch of the same start is replaced.
    pub replaced: bool,
    /// First and last day of the new stretch: later stretches are kept.
    pub period: Period,
}

impl Insertion {
    /// Last day of what came before.
    pub fn day_before(&self) -> NaiveDate {
        self.period.start.checked_sub_days(Days::new(1)).unwrap_or(NaiveDate::MIN)
    }
}

/// Fits a stretch that begins on `start` into a history, given the days on which its stretches
/// begin, in any order. Each stretch lasts until the next begins; the last is open.
pub fn insert_stretch(starts: impl IntoIterator<Item = NaiveDate>, start: NaiveDate) -> Insertion {
    let (mut before, mut after, mut replaced) = (None, None, false);
    for other in starts {
        match other.cmp(&start) {
            Ordering::Less => before = before.max(Some(other)),
            Ordering::Equal => replaced = true,
            Ordering::Greater => {
                after = Some(after.map_or(other, |known: NaiveDate| known.min(other)));
            }
        }
    }
    let end = after.and_then(|next| next.checked_sub_days(Days::new(1)));
    let shortened = before.filter(|_| !replaced);
    Insertion { shortened, replaced, period: Period { start, end } }
}

/// A node of a tree as seen from another one, on the days on which it is seen there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach<K> {
    /// Nodes from the other one to this one, both counted.
    pub steps: usize,
    /// The node.
    pub node: K,
    /// Its external key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// The days.
    pub days: Period,
}

/// How many levels lie below a node, itself counted, on which days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Height {
    /// Levels.
    pub levels: usize,
    /// The days.
    pub days: Period,
}

/// Checks a new line from the node `node`, whose external key is `key`, to a parent: no loop and
/// no chain longer than [`MAX_DEPTH`] on any day. `above` is what is seen from the parent up, up to
/// `node` where it is met; `below` what hangs on the node.
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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

    proptest! {
        #[test]
        fn a_history_never_has_gaps_or_overlaps(starts in prop::collection::vec(0_u64..40, 1..30)) {
            let mut history: Vec<(Period, usize)> = Vec::new();
            let mut last_written = HashMap::new();
            for (value, &start) in starts.iter().enumerate() {
                let insertion =
                    insert_stretch(history.iter().map(|(period, _)| period.start), day(start));
                if let Some(shortened) = insertion.shortened {
                    for (period, _) in &mut history {
                        if period.start == shortened {
                            period.end = Some(insertion.day_before());
                        }
                    }
                }
                if insertion.replaced {
                    history.retain(|(period, _)| period.start != day(start));
                }
                history.push((insertion.period, value));
                history.sort_by_key(|(period, _)| period.start);
                last_written.insert(day(start), value);
            }
            for pair in history.windows(2) {
                prop_assert_eq!(pair[0].0.end.map(|end| end + Days::new(1)), Some(pair[1].0.start));
            }
            prop_assert_eq!(history.last().and_then(|(period, _)| period.end), None);
            for (period, value) in history {
                prop_assert_eq!(last_written.get(&period.start), Some(&value));
            }
        }
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
