//! Early warnings: is a goal, a budget, a check-in or a task late, and who hears of it.
//!
//! Implements part G.

pub mod burn;
pub mod dependency;
pub mod progress;
pub mod schedule;
pub mod staleness;
pub mod warning;

use serde::{Deserialize, Serialize};

/// How worrying something is; worse levels compare greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Too early to say.
    Grace,
    /// Fine.
    Green,
    /// Due soon.
    Upcoming,
    /// Worth knowing.
    Info,
    /// Slightly late: the first level that warns.
    Yellow,
    /// Late.
    Orange,
    /// Lost, or nearly so.
    Red,
}

impl Level {
    /// Whether people are warned.
    pub fn warns(self) -> bool {
        self >= Level::Yellow
    }

    /// The level after confidence has dropped (C.5): one worse, at least yellow.
    pub const fn after_confidence_drop(self) -> Level {
        match self {
            Level::Grace | Level::Green | Level::Upcoming | Level::Info => Level::Yellow,
            Level::Yellow => Level::Orange,
            Level::Orange | Level::Red => Level::Red,
        }
    }

    /// Who hears of it (G.5).
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

/// Someone who is warned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recipient {
    /// Who answers for the goal.
    Owner,
    /// The owner's manager.
    Manager,
    /// The head of the owner's department.
    DepartmentHead,
    /// The HR partner of that department.
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
    }
}
