//! What one goal needs from the goal of somebody else, and by when. Implements D.6 Dependency and the
//! propagation of delays (G.5, R35).

use crate::core::calendar::{Period, WorkCalendar};
use crate::core::change::versioned;
use crate::core::id::{CycleId, DependencyId, EmployeeId, GoalId};
use crate::core::time::Timestamp;
use crate::policy::{Protected, Target};
use crate::state::dependency::{Event, State};
use crate::state::{Moving, goal};
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
    /// too late; none before the promise, once there is nothing to wait for, and while the goal that
    /// was to deliver is cancelled.
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

/// When a goal delivers, as far as the goal itself tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// On its last day at the latest.
    By(NaiveDate),
    /// It is completed.
    Done,
    /// It was cancelled.
    Never,
}

impl Due {
    /// When a goal in a state delivers, given its last day.
    pub fn of(state: goal::State, last_day: NaiveDate) -> Self {
        match state {
            goal::State::Completed => Due::Done,
            goal::State::Cancelled => Due::Never,
            _ => Due::By(last_day),
        }
    }
}

/// The slack of every open dependency as of `today`, with the event by which its state follows: late
/// once the need date has passed, at risk while the slack is negative, otherwise on track. Where the
/// upstream goal was cancelled there is no slack, and the dependency is at risk.
///
/// A goal is expected on its last day, later by the greatest delay of what it waits for, and not
/// before `today`. A delay is the number of working days by which a delivery misses its need date. A
/// completed goal is expected today and waits for nothing; so is one that `due` does not name. Loops
/// must have been refused before; within one, a delay is passed on once.
pub fn slacks(
    dependencies: &[Dependency],
    due: &HashMap<GoalId, Due>,
    today: NaiveDate,
    calendar: &WorkCalendar,
) -> Vec<(Option<i32>, Event)> {
    let mut awaited = HashMap::<GoalId, Vec<&Dependency>>::new();
    for dependency in dependencies {
        awaited.entry(dependency.downstream_goal_id).or_default().push(dependency);
    }
    let mut forecast = Forecast { awaited, due, today, calendar, expected: HashMap::new() };
    let of = |dependency: &Dependency| {
        let slack = forecast.slack(dependency);
        let event = match slack {
            _ if dependency.need_date < today => Event::MarkLate,
            Some(0..) => Event::MarkOnTrack,
            _ => Event::MarkAtRisk,
        };
        (slack, event)
    };
    dependencies.iter().map(of).collect()
}

/// What is expected of the goals of a cycle.
struct Forecast<'d> {
    /// What each goal waits for.
    awaited: HashMap<GoalId, Vec<&'d Dependency>>,
    due: &'d HashMap<GoalId, Due>,
    today: NaiveDate,
    calendar: &'d WorkCalendar,
    /// Days that are known already.
    expected: HashMap<GoalId, Option<NaiveDate>>,
}

impl Forecast<'_> {
    /// Working days from the expected delivery to the need date; none if none is expected.
    fn slack(&mut self, dependency: &Dependency) -> Option<i32> {
        let expected = self.expected(dependency.upstream_goal_id)?;
        let between = |from: NaiveDate, to: NaiveDate| {
            let days = from.succ_opt().and_then(|first| Period::new(first, to).ok());
            let workdays = |period| i32::try_from(self.calendar.workdays(period));
            days.map_or(0, |period| workdays(period).unwrap_or(i32::MAX))
        };
        Some(between(expected, dependency.need_date) - between(dependency.need_date, expected))
    }

    /// The day on which a goal is expected to deliver; none if it was cancelled.
    fn expected(&mut self, goal: GoalId) -> Option<NaiveDate> {
        if let Some(expected) = self.expected.get(&goal) {
            return *expected;
        }
        let last_day = match self.due.get(&goal) {
            Some(Due::By(last_day)) => *last_day,
            Some(Due::Never) => return None,
            Some(Due::Done) | None => return Some(self.today),
        };
        // What a loop finds.
        self.expected.insert(goal, Some(last_day.max(self.today)));
        let awaited = self.awaited.get(&goal).cloned().unwrap_or_default();
        let slacks = awaited.into_iter().filter_map(|it| self.slack(it));
        let least = slacks.min().unwrap_or(0);
        let delay = u32::try_from(-least).unwrap_or(0);
        let delayed = self.calendar.add_workdays(last_day, delay).unwrap_or(last_day);
        let expected = Some(delayed.max(self.today));
        self.expected.insert(goal, expected);
        expected
    }
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

    fn slacks_on(
        today: u32,
        due: &[(u128, Due)],
        chain: &[Dependency],
    ) -> Vec<(Option<i32>, Event)> {
        let due = due.iter().map(|(number, due)| (goal(*number), *due)).collect();
        slacks(chain, &due, day(today), &WorkCalendar::default())
    }

    fn by(last: u32) -> Due {
        Due::By(day(last))
    }

    #[test]
    fn slack_is_counted_in_working_days() {
        // The 6th of March 2026 is a Friday.
        let on = |due, need| slacks_on(2, &[(1, by(due))], &[needs(1, 2, need)])[0];
        assert_eq!(on(6, 9), (Some(1), Event::MarkOnTrack), "a weekend lies between");
        assert_eq!(on(6, 6), (Some(0), Event::MarkOnTrack), "just in time");
        assert_eq!(on(10, 6), (Some(-2), Event::MarkAtRisk));
        let late = slacks_on(9, &[(1, by(4))], &[needs(1, 2, 6)]);
        assert_eq!(late[0], (Some(-1), Event::MarkLate));
    }

    #[test]
    fn a_delay_is_passed_on_to_whoever_waits() {
        let chain = [needs(1, 2, 6), needs(2, 3, 13), needs(3, 4, 20)];
        let on = |today, first| {
            let slacks = slacks_on(today, &[(1, first), (2, by(11)), (3, by(20))], &chain);
            slacks.into_iter().map(|(slack, _)| slack.expect("expected")).collect::<Vec<_>>()
        };
        assert_eq!(on(2, by(6)), [0, 2, 0]);
        assert_eq!(on(2, by(10)), [-2, 0, 0], "the slack behind takes the delay up");
        assert_eq!(on(2, by(12)), [-4, -2, -2], "what is left of it goes on");
        // A goal that is over anyhow takes the delay up until today.
        assert_eq!(on(12, by(6)), [-4, -2, -2], "three days after the 11th is the 17th");
        assert_eq!(on(12, Due::Done), [-4, -2, -2]);
    }

    #[test]
    fn a_cancelled_goal_delivers_nothing_and_passes_no_delay_on() {
        let chain = [needs(1, 2, 6), needs(2, 3, 13)];
        let on = |today| slacks_on(today, &[(1, Due::Never), (2, by(11))], &chain);
        assert_eq!(on(2), [(None, Event::MarkAtRisk), (Some(2), Event::MarkOnTrack)]);
        assert_eq!(on(9)[0], (None, Event::MarkLate));
    }

    #[test]
    fn a_completed_goal_waits_for_nothing() {
        let chain = [needs(1, 2, 6), needs(2, 3, 13)];
        let slacks = slacks_on(9, &[(1, by(12)), (2, Due::Done)], &chain);
        assert_eq!(slacks[1], (Some(4), Event::MarkOnTrack));
    }

    #[test]
    fn nobody_waits_for_themselves() {
        let edges = [(goal(1), goal(2)), (goal(2), goal(3))];
        assert!(closes_a_loop(&edges, goal(3), goal(1)), "through another one");
        assert!(closes_a_loop(&edges, goal(1), goal(1)));
        assert!(!closes_a_loop(&edges, goal(1), goal(3)), "a second way is no loop");
        let round = [needs(1, 2, 6), needs(2, 1, 6)];
        assert_eq!(slacks_on(2, &[(1, by(10)), (2, by(10))], &round).len(), 2, "a loop ends");
    }
}
