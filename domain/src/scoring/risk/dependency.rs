//! Which tasks are at risk because a task they depend on is late. Implements the dependency rule of
//! G.4.

use chrono::NaiveDate;
use core::hash::Hash;
use std::collections::{HashMap, HashSet};

/// A task on which others may depend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Task<Id> {
    /// Id of the task.
    pub id: Id,
    /// The day on which it is due.
    pub due: NaiveDate,
    /// Whether it is completed.
    pub done: bool,
}

/// A dependency of one task on another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dependency<Id> {
    /// Id of the task that delivers.
    pub upstream: Id,
    /// Id of the task that waits for the delivery.
    pub downstream: Id,
    /// The day on which the delivery is needed.
    pub needed: NaiveDate,
}

impl<Id> Task<Id> {
    /// Days from the delivery, which cannot be before `today`, to the day on which it is needed;
    /// negative when the delivery is too late.
    fn slack(&self, needed: NaiveDate, today: NaiveDate) -> i64 {
        (needed - self.due.max(today)).num_days()
    }
}

/// The tasks with `dependency_risk`: every task downstream, directly or indirectly, of a late task
/// whose delivery has no slack left.
///
/// Takes time linear in tasks and dependencies; dependencies on unknown tasks are ignored.
pub fn dependency_risk<Id: Copy + Eq + Hash>(
    tasks: &[Task<Id>],
    dependencies: &[Dependency<Id>],
    today: NaiveDate,
) -> HashSet<Id> {
    let by_id: HashMap<Id, &Task<Id>> = tasks.iter().map(|task| (task.id, task)).collect();
    let mut downstream: HashMap<Id, Vec<Id>> = HashMap::new();
    let mut at_risk = HashSet::new();
    let mut open = Vec::new();
    for Dependency { upstream, downstream: waiting, needed } in dependencies {
        downstream.entry(*upstream).or_default().push(*waiting);
        let late = by_id.get(upstream).filter(|task| !task.done && task.due < today);
        if late.is_some_and(|task| task.slack(*needed, today) < 0) && at_risk.insert(*waiting) {
            open.push(*waiting);
        }
    }
    while let Some(task) = open.pop() {
        let waiting = downstream.get(&task).into_iter().flatten();
        open.extend(waiting.filter(|waiting| at_risk.insert(**waiting)));
    }
    at_risk
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2025, 2, day).unwrap()
    }

    /// A is due on the 10th, and B needs it on the day `needed`; C depends on B, and B on C.
    fn at_risk(today: u32, needed: u32, done: bool) -> Vec<char> {
        let tasks = [
            Task { id: 'A', due: date(10), done },
            Task { id: 'B', due: date(20), done: false },
            Task { id: 'C', due: date(25), done: false },
        ];
        let dependencies = [('A', 'B', needed), ('B', 'C', 22), ('C', 'B', 28), ('X', 'A', 1)].map(
            |(upstream, downstream, needed)| Dependency {
                upstream,
                downstream,
                needed: date(needed),
            },
        );
        let mut ids: Vec<_> =
            dependency_risk(&tasks, &dependencies, date(today)).into_iter().collect();
        ids.sort_unstable();
        ids
    }

    #[test]
    fn a_late_delivery_hits_everything_downstream() {
        assert_eq!(at_risk(13, 12, false), ['B', 'C']);
    }

    #[test]
    fn with_slack_or_in_time_nothing_is_hit() {
        assert_eq!(at_risk(13, 13, false), [], "still just in time");
        assert_eq!(at_risk(10, 9, false), [], "not late yet");
        assert_eq!(at_risk(13, 12, true), [], "delivered");
    }
}
