//! Which tasks are at risk because a task they depend on is late. Implements the dependency rule of
//! G.4.

use crate::core::error::{Code, Result};
use chrono::NaiveDate;
use core::fmt::Display;
use core::hash::Hash;
use std::collections::{BTreeSet, HashMap};

/// A task on which others may depend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Task<Id> {
    /// Id of the task.
    pub id: Id,
    /// The day on which it is due.
    pub due: NaiveDate,
    /// Whether it is completed.
    pub done: bool,
    /// The day on which its owner expects to complete it, if there is such a forecast.
    pub forecast: Option<NaiveDate>,
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
    /// The day on which the task ends: open work at its forecast, or else at the later of the due
    /// date and today.
    fn end(&self, today: NaiveDate) -> NaiveDate {
        match self.forecast {
            _ if self.done => self.due,
            Some(forecast) => forecast,
            None => self.due.max(today),
        }
    }

    fn is_late(&self, today: NaiveDate) -> bool {
        !self.done && self.end(today) > self.due
    }
}

/// How dependencies stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DependencyRisk<Id> {
    /// For each dependency, in the order of the input: the days from the end of the upstream task to
    /// the day on which it is needed; negative when the delivery is too late.
    pub slack_days: Vec<i64>,
    /// The open tasks downstream, directly or indirectly, of a late task without slack, in ascending
    /// order (`dependency_risk`).
    pub at_risk: BTreeSet<Id>,
}

/// Looks at tasks and their dependencies, in time linear in both. Risk passes through completed tasks
/// but is not told of them.
///
/// # Errors
/// `ALIGN_DUPLICATE` for a task that occurs twice, `NOT_FOUND` for an unknown task, `ALIGN_CYCLE`
/// for dependencies that run in a loop.
pub fn dependency_risk<Id: Copy + Ord + Hash + Display>(
    tasks: &[Task<Id>],
    dependencies: &[Dependency<Id>],
    today: NaiveDate,
) -> Result<DependencyRisk<Id>> {
    let mut by_id: HashMap<Id, &Task<Id>> = HashMap::with_capacity(tasks.len());
    for task in tasks {
        if by_id.insert(task.id, task).is_some() {
            return Err(Code::AlignDuplicate.because(format!("the task {} occurs twice", task.id)));
        }
    }
    let find = |id: Id| {
        let task = by_id.get(&id).copied();
        task.ok_or_else(|| Code::NotFound.because(format!("there is no task {id}")))
    };
    let mut downstream: HashMap<Id, Vec<Id>> = HashMap::new();
    let mut slack_days = Vec::with_capacity(dependencies.len());
    let mut reached = BTreeSet::new();
    let mut open = Vec::new();
    for dependency in dependencies {
        let (task, waiting) = (find(dependency.upstream)?, find(dependency.downstream)?);
        let slack = (dependency.needed - task.end(today)).num_days();
        slack_days.push(slack);
        downstream.entry(task.id).or_default().push(waiting.id);
        if task.is_late(today) && slack < 0 && reached.insert(waiting.id) {
            open.push(waiting.id);
        }
    }
    check_loops(tasks, &downstream)?;
    while let Some(task) = open.pop() {
        let waiting = downstream.get(&task).into_iter().flatten();
        open.extend(waiting.filter(|waiting| reached.insert(**waiting)));
    }
    reached.retain(|id| by_id.get(id).is_some_and(|task| !task.done));
    Ok(DependencyRisk { slack_days, at_risk: reached })
}

/// Refuses loops: visits each task after all tasks upstream of it.
fn check_loops<Id: Copy + Eq + Hash>(
    tasks: &[Task<Id>],
    downstream: &HashMap<Id, Vec<Id>>,
) -> Result<()> {
    let mut waiting: HashMap<Id, usize> = HashMap::new();
    for task in downstream.values().flatten() {
        *waiting.entry(*task).or_default() += 1;
    }
    let mut ready: Vec<Id> =
        tasks.iter().map(|task| task.id).filter(|id| !waiting.contains_key(id)).collect();
    let mut visited = 0;
    while let Some(task) = ready.pop() {
        visited += 1;
        for next in downstream.get(&task).into_iter().flatten() {
            if let Some(left) = waiting.get_mut(next) {
                *left -= 1;
                if *left == 0 {
                    ready.push(*next);
                }
            }
        }
    }
    if visited < tasks.len() {
        return Err(Code::AlignCycle.because("the dependencies run in a loop"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2025, 2, day).unwrap()
    }

    fn task(id: char, due: u32) -> Task<char> {
        Task { id, due: date(due), done: false, forecast: None }
    }

    fn link(upstream: char, downstream: char, needed: u32) -> Dependency<char> {
        Dependency { upstream, downstream, needed: date(needed) }
    }

    /// A is due on the 10th, and B needs it on the day `needed`; C depends on B.
    fn at_risk(today: u32, needed: u32, change: fn(&mut [Task<char>; 3])) -> Vec<char> {
        let mut tasks = [task('A', 10), task('B', 20), task('C', 25)];
        change(&mut tasks);
        let dependencies = [link('A', 'B', needed), link('B', 'C', 22)];
        let found = dependency_risk(&tasks, &dependencies, date(today)).unwrap();
        found.at_risk.into_iter().collect()
    }

    #[test]
    fn a_late_delivery_hits_everything_downstream_that_is_open() {
        assert_eq!(at_risk(13, 12, |_| ()), ['B', 'C']);
        assert_eq!(at_risk(13, 12, |tasks| tasks[1].done = true), ['C']);
    }

    #[test]
    fn with_slack_or_in_time_nothing_is_hit() {
        assert_eq!(at_risk(13, 13, |_| ()), [], "still just in time");
        assert_eq!(at_risk(10, 9, |_| ()), [], "not late yet");
        assert_eq!(at_risk(13, 12, |tasks| tasks[0].done = true), [], "delivered");
    }

    #[test]
    fn a_forecast_says_when_open_work_ends() {
        assert_eq!(at_risk(1, 12, |tasks| tasks[0].forecast = Some(date(13))), ['B', 'C']);
        assert_eq!(at_risk(13, 12, |tasks| tasks[0].forecast = Some(date(10))), []);
        let slack = |done| {
            let tasks = [Task { forecast: Some(date(15)), done, ..task('A', 10) }, task('B', 20)];
            dependency_risk(&tasks, &[link('A', 'B', 12)], date(11)).unwrap().slack_days
        };
        assert_eq!(slack(false), [-3]);
        assert_eq!(slack(true), [2]);
    }

    #[test]
    fn what_cannot_be_followed_is_refused() {
        let tasks = [task('A', 1), task('B', 2), task('A', 3)];
        let code = |tasks: &[Task<char>], links: &[Dependency<char>]| {
            dependency_risk(tasks, links, date(1)).unwrap_err().code
        };
        assert_eq!(code(&tasks, &[]), Code::AlignDuplicate);
        assert_eq!(code(&tasks[..2], &[link('A', 'X', 1)]), Code::NotFound);
        assert_eq!(code(&tasks[..2], &[link('A', 'B', 1), link('B', 'A', 1)]), Code::AlignCycle);
        assert_eq!(code(&tasks[..2], &[link('A', 'A', 1)]), Code::AlignCycle);
    }
}
