//! What one goal needs from the goal of somebody else, and by when. Implements D.6 Dependency and the
//! propagation of delays (G.5, R35).

use crate::core::calendar::{Period, WorkCalendar};
use crate::core::change::versioned;
use crate::core::id::{CycleId, DependencyId, EmployeeId, GoalId};
use crate::core::time::Timestamp;
use crate::policy::{Protected, Target};
use crate::state::Moving;
use crate::state::dependency::{Event, State};
use crate::text_enum;
use chrono::NaiveDate;
use serde::Serialize;
use std::collections::HashMap;

/// A dependency of one goal on another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Dependency {
    /// Id of the dependency.
    pub id: DependencyId,
    /// The cycle of both goals.
    pub cycle_id: CycleId,
    /// The goal that delivers.
    pub upstream_goal_id: GoalId,
    /// The goal that waits for the delivery.
    pub downstream_goal_id: GoalId,
    /// Who delivers: the owner of the upstream goal.
    pub upstream_owner_id: EmployeeId,
    /// Who waits: the owner of the downstream goal.
    pub downstream_owner_id: EmployeeId,
    /// The last day on which the delivery is in time.
    pub need_date: NaiveDate,
    /// What is needed.
    pub description: String,
    /// Where the dependency is.
    pub state: State,
    /// Working days between the expected delivery and the need date, negative if the delivery is
    /// too late; none before the promise and once there is nothing to wait for.
    pub slack: Option<i32>,
    /// Why the partner refused.
    pub decision_reason: Option<String>,
    /// Version of the record, from 1: counts its changes.
    pub version: i32,
    /// When the record was created.
    pub created_at: Timestamp,
    /// When the record was last changed.
    pub updated_at: Timestamp,
}

text_enum! {
    /// What can be done to a dependency.
    pub enum DependencyAction {
        /// The partner promises to deliver.
        Acceptance = "acceptance",
        /// The partner refuses.
        Rejection = "rejection",
        /// The partner has handed over, or the owner has taken over.
        Delivery = "delivery",
    }
}

impl Moving for Dependency {
    type State = State;
    type Verb = DependencyAction;

    fn state(&self) -> State {
        self.state
    }

    fn events(action: DependencyAction) -> &'static [Event] {
        match action {
            DependencyAction::Acceptance => &[Event::Accept],
            DependencyAction::Rejection => &[Event::Decline],
            DependencyAction::Delivery => &[Event::Deliver],
        }
    }

    fn lets(&self, action: DependencyAction) -> bool {
        self.is_in_table(action)
    }
}

versioned!(Dependency);

impl Protected for Dependency {
    fn target(&self, _: NaiveDate) -> Target {
        Target {
            id: self.id.uuid(),
            about: Some(self.downstream_owner_id),
            partner: Some(self.upstream_owner_id),
            ..Target::default()
        }
    }
}

/// The state to which an event of the calendar leads; none for other events.
pub fn marked(event: Event) -> Option<State> {
    match event {
        Event::MarkOnTrack => Some(State::OnTrack),
        Event::MarkAtRisk => Some(State::AtRisk),
        Event::MarkLate => Some(State::Late),
        _ => None,
    }
}

/// Whether a promise in this state is still to be kept.
pub fn is_open(state: State) -> bool {
    matches!(state, State::Accepted | State::OnTrack | State::AtRisk | State::Late)
}

/// Whether `upstream` would wait, directly or through others, for `downstream`, given for each
/// dependency first who delivers and then who waits.
pub fn closes_a_loop(edges: &[(GoalId, GoalId)], upstream: GoalId, downstream: GoalId) -> bool {
    let mut delivering = HashMap::<GoalId, Vec<GoalId>>::new();
    for (from, to) in edges {
        delivering.entry(*to).or_default().push(*from);
    }
    let (mut open, mut seen) = (vec![upstream], Vec::new());
    while let Some(goal) = open.pop() {
        if goal == downstream {
            return true;
        }
        if !seen.contains(&goal) {
            seen.push(goal);
            open.extend(delivering.get(&goal).into_iter().flatten());
        }
    }
    false
}

/// The slack of every open dependency as of `today`, with the event by which its state follows: late
/// once the need date has passed, at risk while the slack is negative, otherwise on track.
///
/// A goal is expected on its last day in `due`, later by the greatest delay of what it waits for, and
/// not before `today`. A delay is the number of working days by which a delivery misses its need
/// date. Goals without a last day are expected today. Loops must have been refused before; within
/// one, a delay is passed on once.
pub fn slacks(
    dependencies: &[Dependency],
    due: &HashMap<GoalId, NaiveDate>,
    today: NaiveDate,
    calendar: &WorkCalendar,
) -> Vec<(i32, Event)> {
    let mut delays = HashMap::new();
    let slack = |dependency: &Dependency, delays: &mut HashMap<GoalId, i32>| {
        let goal = dependency.upstream_goal_id;
        let late = delay(goal, dependencies, due, today, calendar, delays, &mut Vec::new());
        own_slack(dependency, due, today, calendar) - late
    };
    let of = |dependency: &Dependency| {
        let slack = slack(dependency, &mut delays);
        let event = if dependency.need_date < today {
            Event::MarkLate
        } else if slack < 0 {
            Event::MarkAtRisk
        } else {
            Event::MarkOnTrack
        };
        (slack, event)
    };
    dependencies.iter().map(of).collect()
}

/// The slack if the upstream goal waited for nothing.
fn own_slack(
    dependency: &Dependency,
    due: &HashMap<GoalId, NaiveDate>,
    today: NaiveDate,
    calendar: &WorkCalendar,
) -> i32 {
    let expected = due.get(&dependency.upstream_goal_id).map_or(today, |day| (*day).max(today));
    let between = |from: NaiveDate, to: NaiveDate| {
        let days = from.succ_opt().and_then(|first| Period::new(first, to).ok());
        days.map_or(0, |period| i32::try_from(calendar.workdays(period)).unwrap_or(i32::MAX))
    };
    between(expected, dependency.need_date) - between(dependency.need_date, expected)
}

/// The greatest number of working days by which something that the goal waits for is late.
fn delay(
    goal: GoalId,
    dependencies: &[Dependency],
    due: &HashMap<GoalId, NaiveDate>,
    today: NaiveDate,
    calendar: &WorkCalendar,
    known: &mut HashMap<GoalId, i32>,
    path: &mut Vec<GoalId>,
) -> i32 {
    if let Some(delay) = known.get(&goal) {
        return *delay;
    }
    if path.contains(&goal) {
        return 0;
    }
    path.push(goal);
    let mut greatest = 0;
    for awaited in dependencies.iter().filter(|it| it.downstream_goal_id == goal) {
        let upstream = awaited.upstream_goal_id;
        let late = delay(upstream, dependencies, due, today, calendar, known, path);
        greatest = greatest.max(late - own_slack(awaited, due, today, calendar));
    }
    path.pop();
    known.insert(goal, greatest);
    greatest
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn goal(number: u128) -> GoalId {
        Uuid::from_u128(number).into()
    }

    fn day(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 3, day).expect("a day")
    }

    /// One goal needs another one by a day of March 2026.
    fn needs(upstream: u128, downstream: u128, need: u32) -> Dependency {
        let owner = |number| Uuid::from_u128(number).into();
        Dependency {
            id: Uuid::from_u128(upstream * 100 + downstream).into(),
            cycle_id: Uuid::from_u128(1).into(),
            upstream_goal_id: goal(upstream),
            downstream_goal_id: goal(downstream),
            upstream_owner_id: owner(upstream),
            downstream_owner_id: owner(downstream),
            need_date: day(need),
            description: String::new(),
            state: State::OnTrack,
            slack: Some(0),
            decision_reason: None,
            version: 1,
            created_at: Timestamp::default(),
            updated_at: Timestamp::default(),
        }
    }

    fn slacks_on(today: u32, due: &[(u128, u32)], chain: &[Dependency]) -> Vec<(i32, Event)> {
        let due = due.iter().map(|(number, last)| (goal(*number), day(*last))).collect();
        slacks(chain, &due, day(today), &WorkCalendar::default())
    }

    #[test]
    fn slack_is_counted_in_working_days() {
        // The 6th of March 2026 is a Friday.
        let on = |due, need| slacks_on(2, &[(1, due)], &[needs(1, 2, need)])[0];
        assert_eq!(on(6, 9), (1, Event::MarkOnTrack), "a weekend lies between");
        assert_eq!(on(6, 6), (0, Event::MarkOnTrack), "just in time");
        assert_eq!(on(10, 6), (-2, Event::MarkAtRisk));
        assert_eq!(slacks_on(9, &[(1, 4)], &[needs(1, 2, 6)])[0], (-1, Event::MarkLate));
    }

    #[test]
    fn a_delay_is_passed_on_to_whoever_waits() {
        let chain = [needs(1, 2, 6), needs(2, 3, 13), needs(3, 4, 20)];
        let on = |due| slacks_on(2, &[(1, due), (2, 11), (3, 20)], &chain).map_slack();
        assert_eq!(on(6), [0, 2, 0]);
        assert_eq!(on(10), [-2, 0, 0], "the slack behind takes the delay up");
        assert_eq!(on(12), [-4, -2, -2], "what is left of it goes on");
    }

    trait MapSlack {
        fn map_slack(self) -> Vec<i32>;
    }

    impl MapSlack for Vec<(i32, Event)> {
        fn map_slack(self) -> Vec<i32> {
            self.into_iter().map(|(slack, _)| slack).collect()
        }
    }

    #[test]
    fn nobody_waits_for_themselves() {
        let edges = [(goal(1), goal(2)), (goal(2), goal(3))];
        assert!(closes_a_loop(&edges, goal(3), goal(1)), "through another one");
        assert!(closes_a_loop(&edges, goal(1), goal(1)));
        assert!(!closes_a_loop(&edges, goal(1), goal(3)), "a second way is no loop");
        let round = [needs(1, 2, 6), needs(2, 1, 6)];
        assert_eq!(slacks_on(2, &[(1, 10), (2, 10)], &round).len(), 2, "a loop ends");
    }
}
