//! Early warnings for late goals, budgets, check-ins and tasks, and who receives them.
//!
//! Implements part G.

pub mod burn;
pub mod dependency;
pub mod progress;
pub mod schedule;
pub mod staleness;
pub mod warning;

use crate::scoring::okr::confidence::{Confidence, drop_raises_event};
use crate::text_enum;
use serde::{Deserialize, Serialize};

text_enum! {
    /// How serious a finding is; more serious levels compare greater.
    pub enum Level {
        /// Too early for a level.
        Grace = "grace",
        /// As expected.
        Green = "green",
        /// Due soon.
        Upcoming = "upcoming",
        /// Slightly overdue: shown, but nobody is warned.
        Info = "info",
        /// Slightly late: the lowest level that warns people.
        Yellow = "yellow",
        /// Late.
        Orange = "orange",
        /// The goal is lost or nearly so.
        Red = "red",
    }
}

impl Level {
    /// Whether people are warned at this level.
    pub fn warns(self) -> bool {
        self >= Level::Yellow
    }

    /// The level as people are told it: what warns nobody counts as green (G.5).
    pub fn told(self) -> Level {
        if self.warns() { self } else { Level::Green }
    }

    /// The level after the newest of these check-ins, given oldest first: a drop of confidence
    /// makes it worse (C.5).
    pub fn after_check_ins(self, history: &[Confidence]) -> Level {
        if drop_raises_event(history) { self.after_confidence_drop() } else { self }
    }

    /// The level after a drop of confidence (C.5): one level worse, and at least yellow.
    pub const fn after_confidence_drop(self) -> Level {
        match self {
            Level::Grace | Level::Green | Level::Upcoming | Level::Info => Level::Yellow,
            Level::Yellow => Level::Orange,
            Level::Orange | Level::Red => Level::Red,
        }
    }

    /// Who receives a warning of this level (G.5).
    pub const fn recipients(self) -> &'static [Recipient] {
        use Recipient::{DepartmentHead, Hrbp, Manager, Owner};
        match self {
            Level::Grace | Level::Green | Level::Upcoming | Level::Info => &[],
            Level::Yellow => &[Owner],
            Level::Orange => &[Owner, Manager],
            Level::Red => &[Owner, Manager, DepartmentHead, Hrbp],
        }
    }
}

/// A recipient of warnings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recipient {
    /// The owner of the goal.
    Owner,
    /// The owner's manager.
    Manager,
    /// The head of the owner's department.
    DepartmentHead,
    /// The HR business partner of that department.
    Hrbp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worse_levels_reach_more_people() {
        assert!(Level::Grace < Level::Green && Level::Info < Level::Yellow);
        assert!(Level::Yellow < Level::Orange && Level::Orange < Level::Red);
        let reached = [Level::Info, Level::Yellow, Level::Orange, Level::Red]
            .map(|level| level.recipients().len());
        assert_eq!(reached, [0, 1, 2, 4]);
        assert!(!Level::Info.warns() && Level::Yellow.warns());
    }

    #[test]
    fn lost_confidence_is_at_least_yellow() {
        let after = Level::after_confidence_drop;
        assert_eq!(after(Level::Grace), Level::Yellow);
        assert_eq!(after(Level::Info), Level::Yellow);
        assert_eq!(after(Level::Yellow), Level::Orange);
        assert_eq!(after(Level::Red), Level::Red);
        let [high, low] = [9, 6].map(|value| Confidence::try_from(value).unwrap());
        assert_eq!(Level::Grace.after_check_ins(&[high, low]), Level::Yellow);
        assert_eq!(Level::Grace.after_check_ins(&[low, high]), Level::Grace);
    }
}
