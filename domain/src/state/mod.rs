//! The state machines. Implements D.6.
//!
//! Each machine is one file of the same form: `State`, `Event` and `Guard` are enums,
//! [`Machine::row`] is one exhaustive `match (state, event)`, and a row says to which state the
//! event leads, who may fire it and which conditions must be met. Only these machines move a record
//! from one state to another. `docs/states.md` shows the tables for human readers.
//!
//! Deadlines of the organisation (for example to answer an appeal within five working days) are not
//! guards: the organisation's delay must never cost the person concerned a right. The meaning of
//! the event names them, and reminders and reports use them.

#[macro_use]
mod named;

pub mod appeal;
pub mod calibration_session;
pub mod case;
pub mod cycle;
pub mod dependency;
pub mod feedback_ticket;
pub mod goal;
pub mod interview;
pub mod pip;
pub mod promotion;
pub mod rater_task;
pub mod resource_request;
pub mod review;
pub mod survey;
pub mod weight_adjustment;

mod moving;
mod refusal;
mod seat;

use crate::core::text::TextEnum;

pub use moving::{EventOf, Moving, Seating};
pub use named::Named;
pub use refusal::{Refusal, Violation};
pub use seat::{By, Seat, Signature};

/// What one event does in one state: one row of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row<S: Machine> {
    /// The state the event leads to.
    pub to: S,
    /// The seats whose signatures the event needs.
    pub by: By,
    /// The conditions that must be met. All of them are checked, so that a refusal lists every
    /// violation at once.
    pub guards: &'static [S::Guard],
}

impl<S: Machine> Row<S> {
    /// Checks signatures, then guards. `event` is used only to name it in the refusal.
    fn enter(
        self,
        event: &'static str,
        signed: &[Signature],
        facts: &S::Facts,
    ) -> Result<S, Refusal> {
        if !self.by.satisfied_by(signed) {
            return Err(Refusal::NotEntitled { machine: S::NAME, event, needed: self.by });
        }
        self.demand(event, facts)
    }

    /// Checks guards. `event` is used only to name it in the refusal.
    fn demand(self, event: &'static str, facts: &S::Facts) -> Result<S, Refusal> {
        let violations: Vec<_> = self
            .guards
            .iter()
            .filter(|guard| !S::holds(**guard, facts))
            .map(|guard| Violation::of(*guard))
            .collect();
        if violations.is_empty() {
            Ok(self.to)
        } else {
            Err(Refusal::Guarded { machine: S::NAME, event, violations })
        }
    }
}

/// Short form for the rows in [`Machine::row`].
const fn to<S: Machine>(state: S, by: By, guards: &'static [S::Guard]) -> Option<Row<S>> {
    Some(Row { to: state, by, guards })
}

/// A state machine; the enum of its states implements it.
pub trait Machine: Named {
    /// The events.
    type Event: Named;
    /// The guards: conditions of transitions.
    type Guard: Named;
    /// The facts that the guards check. With the default value no guard is satisfied.
    type Facts: Default;

    /// Name of the machine in refusals and documents, in lower-case English.
    const NAME: &'static str;

    /// The row by which a record is created: its first state, who may create it, and the guards.
    fn opening() -> Row<Self>;

    /// The row of `event` in this state; `None` if the event is not possible in this state.
    fn row(self, event: Self::Event) -> Option<Row<Self>>;

    /// Whether `guard` is satisfied.
    fn holds(guard: Self::Guard, facts: &Self::Facts) -> bool;

    /// Whether `guard` only says that other people must sign as well. An event refused by such
    /// guards alone is stored until they have signed.
    fn awaits(_: Self::Guard) -> bool {
        false
    }

    /// The state to which `event` leads.
    ///
    /// # Errors
    /// [`Refusal::NotInTable`], [`Refusal::NotEntitled`] or [`Refusal::Guarded`], in this order.
    fn step(
        self,
        event: Self::Event,
        signed: &[Signature],
        facts: &Self::Facts,
    ) -> Result<Self, Refusal> {
        self.must_have(event)?.enter(event.as_str(), signed, facts)
    }

    /// The state to which `event` will lead once everybody needed has signed. Checks everything
    /// except signatures, before the first of several people signs.
    ///
    /// # Errors
    /// [`Refusal::NotInTable`] or [`Refusal::Guarded`], in this order.
    fn foresee(self, event: Self::Event, facts: &Self::Facts) -> Result<Self, Refusal> {
        self.must_have(event)?.demand(event.as_str(), facts)
    }

    /// The row of `event` in this state.
    ///
    /// # Errors
    /// [`Refusal::NotInTable`].
    fn must_have(self, event: Self::Event) -> Result<Row<Self>, Refusal> {
        self.row(event).ok_or(Refusal::NotInTable {
            machine: Self::NAME,
            state: self.as_str(),
            event: event.as_str(),
        })
    }

    /// The events that `seat` may fire or sign in this state; guards are not checked.
    fn allowed_events(self, seat: Seat) -> impl Iterator<Item = Self::Event> {
        Self::Event::ALL
            .iter()
            .copied()
            .filter(move |event| self.row(*event).is_some_and(|row| row.by.seats().contains(&seat)))
    }
}

/// A state with a version number that prevents lost updates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Versioned<S> {
    /// State of the record.
    pub state: S,
    /// Number of transitions, from 1 when the record is created.
    pub version: u64,
}

impl<S: Machine> Versioned<S> {
    /// Creates a record in its first state.
    ///
    /// # Errors
    /// [`Refusal::NotEntitled`] or [`Refusal::Guarded`].
    pub fn open(signed: &[Signature], facts: &S::Facts) -> Result<Self, Refusal> {
        Ok(Self { state: S::opening().enter("create", signed, facts)?, version: 1 })
    }

    /// Fires `event`, if nobody has moved the record since the caller read version `seen`.
    ///
    /// # Errors
    /// [`Refusal::Stale`] first, then the errors of [`Machine::step`].
    pub fn fire(
        self,
        seen: u64,
        event: S::Event,
        signed: &[Signature],
        facts: &S::Facts,
    ) -> Result<Self, Refusal> {
        if seen != self.version {
            return Err(Refusal::Stale { machine: S::NAME, seen, current: self.version });
        }
        let state = self.state.step(event, signed, facts)?;
        Ok(Self { state, version: self.version.saturating_add(1) })
    }
}

/// A share: how many of a number of things meet a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Share {
    /// How many meet the condition.
    pub part: u64,
    /// How many there are.
    pub whole: u64,
}

impl Share {
    /// Whether `part` is at least `percent` of `whole`; always false if `whole` is 0.
    pub fn reaches(self, percent: u8) -> bool {
        self.whole > 0
            && u128::from(self.part) * 100 >= u128::from(self.whole) * u128::from(percent)
    }
}

named_enum! {
    /// The guards of a machine that has none.
    pub enum NoGuard {}
}
