//! The state machines. Implements D.6.
//!
//! Each machine is one file with the same shape: `State`, `Event` and `Guard` are enums,
//! [`Machine::row`] is one exhaustive `match (state, event)`, and a row says where the event
//! leads, who may fire it and what must be true. Nothing else moves a record from one state to
//! another. The tables rendered for people are in `docs/states.md`.
//!
//! Time limits that bind the organisation (answer an appeal within five working days, say) are
//! no guards: being late must never take a right from the person concerned. They are named in
//! the meaning of the event and belong to reminders and reports.

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

/// What one event does in one state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row<S: Machine> {
    /// The state the event leads to.
    pub to: S,
    /// Who may fire it.
    pub by: By,
    /// What must be true; all of it is checked, so that a refusal names every fault at once.
    pub guards: &'static [S::Guard],
}

impl<S: Machine> Row<S> {
    /// Checks signatures, then guards. `event` is only named in the refusal.
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

    /// Checks guards. `event` is only named in the refusal.
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

/// Shorthand for the arms of [`Machine::row`].
const fn to<S: Machine>(state: S, by: By, guards: &'static [S::Guard]) -> Option<Row<S>> {
    Some(Row { to: state, by, guards })
}

/// A state machine; implemented by its state enum.
pub trait Machine: Named {
    /// What can happen.
    type Event: Named;
    /// What can be demanded.
    type Guard: Named;
    /// What the guards look at. The default knows nothing and satisfies no guard.
    type Facts: Default;

    /// The name of the machine in refusals and documents, lower case English.
    const NAME: &'static str;

    /// How a record comes to exist: its first state, who may create it and under which guards.
    fn opening() -> Row<Self>;

    /// The table: what `event` does in this state, or nothing when it is not in the table.
    fn row(self, event: Self::Event) -> Option<Row<Self>>;

    /// Whether `guard` is satisfied.
    fn holds(guard: Self::Guard, facts: &Self::Facts) -> bool;

    /// Whether `guard` only says that others must sign as well: an event that nothing else speaks
    /// against is then kept until they have.
    fn awaits(_: Self::Guard) -> bool {
        false
    }

    /// Where `event` leads.
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

    /// Where `event` will lead once everybody it takes has signed: what speaks against it whoever
    /// signs, before the first of several signatures is given.
    ///
    /// # Errors
    /// [`Refusal::NotInTable`] or [`Refusal::Guarded`], in this order.
    fn foresee(self, event: Self::Event, facts: &Self::Facts) -> Result<Self, Refusal> {
        self.must_have(event)?.demand(event.as_str(), facts)
    }

    /// The row of `event`.
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

    /// The events `seat` takes part in while the record is in this state, guards not considered.
    fn allowed_events(self, seat: Seat) -> impl Iterator<Item = Self::Event> {
        Self::Event::ALL
            .iter()
            .copied()
            .filter(move |event| self.row(*event).is_some_and(|row| row.by.seats().contains(&seat)))
    }
}

/// A state together with the version that guards it against lost updates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Versioned<S> {
    /// Where the record is.
    pub state: S,
    /// Counts the transitions; 1 when the record is created.
    pub version: u64,
}

impl<S: Machine> Versioned<S> {
    /// Creates a record.
    ///
    /// # Errors
    /// [`Refusal::NotEntitled`] or [`Refusal::Guarded`].
    pub fn open(signed: &[Signature], facts: &S::Facts) -> Result<Self, Refusal> {
        Ok(Self { state: S::opening().enter("create", signed, facts)?, version: 1 })
    }

    /// Fires `event`, provided nobody moved the record since the caller saw version `seen`.
    ///
    /// # Errors
    /// [`Refusal::Stale`] first, then those of [`Machine::step`].
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

/// So many out of so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Share {
    /// How many fulfil the condition.
    pub part: u64,
    /// How many there are.
    pub whole: u64,
}

impl Share {
    /// Whether the part reaches `percent` of the whole; never true of nothing.
    pub fn reaches(self, percent: u8) -> bool {
        self.whole > 0
            && u128::from(self.part) * 100 >= u128::from(self.whole) * u128::from(percent)
    }
}

text_enum! {
    /// The guard of a machine without guards.
    pub enum NoGuard {}
}
