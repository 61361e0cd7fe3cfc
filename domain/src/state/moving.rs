//! Records that a state machine moves: what can be requested for one, and by whom.

use super::{By, Machine, Seat, Signature};
use crate::core::text::TextEnum;
use uuid::Uuid;

/// The events of the machine that moves a record.
pub type EventOf<R> = <<R as Moving>::State as Machine>::Event;

/// A record that a state machine moves. The list of actions offered to a person and the check of a
/// request use the same methods, so they always agree.
pub trait Moving {
    /// The machine of the record.
    type State: Machine;
    /// What can be requested for the record, by the names used in paths and in `allowed_actions`.
    type Verb: TextEnum + PartialEq;

    /// State of the record.
    fn state(&self) -> Self::State;

    /// The events that a verb may fire; empty for a verb that leaves the state as it is.
    fn events(verb: Self::Verb) -> &'static [EventOf<Self>];

    /// Whether the record allows a verb, whoever asks; this depends on its state and on related
    /// records.
    fn lets(&self, verb: Self::Verb) -> bool;

    /// Whether an event of the verb is possible in the present state.
    fn is_in_table(&self, verb: Self::Verb) -> bool {
        Self::events(verb).iter().any(|event| self.state().row(*event).is_some())
    }

    /// The seats from which a verb is possible in the present state; empty where the machine says
    /// nothing about it.
    fn seats(&self, verb: Self::Verb) -> Vec<Seat> {
        self.seats_in_table(verb)
    }

    /// The seats from which the machine allows a verb in the present state.
    fn seats_in_table(&self, verb: Self::Verb) -> Vec<Seat> {
        let rows = Self::events(verb).iter().filter_map(|event| self.state().row(*event));
        rows.flat_map(|row| row.by.seats()).copied().collect()
    }

    /// The verbs that the record allows, whoever asks.
    fn possible_actions(&self) -> impl Iterator<Item = Self::Verb> {
        Self::Verb::ALL.iter().copied().filter(|verb| self.lets(*verb))
    }

    /// The verbs that the record allows a person. `may` decides on verbs that the machine does not
    /// cover.
    fn offered(
        &self,
        seating: &Seating<EventOf<Self>>,
        may: impl Fn(Self::Verb) -> bool,
    ) -> Vec<Self::Verb> {
        let entitled = |verb: &Self::Verb| match &self.seats(*verb)[..] {
            [] => may(*verb),
            seats => seating.can_sign(Self::events(*verb), seats),
        };
        self.possible_actions().filter(entitled).collect()
    }
}

/// The seats of a person towards a record, and the signatures that the record has so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seating<E> {
    /// Id of the person.
    pub person: Uuid,
    /// The seats that the person holds.
    pub seats: Vec<Seat>,
    /// Signatures that wait for others, each with the event it was given for.
    pub given: Vec<(E, Signature)>,
}

impl<E: Copy + PartialEq> Seating<E> {
    /// A person who holds these seats towards a record that has no signatures yet.
    pub fn new(person: Uuid, seats: Vec<Seat>) -> Self {
        Self { person, seats, given: Vec::new() }
    }

    /// The signatures given for an event.
    pub fn given_for(&self, event: E) -> Vec<Signature> {
        let given = self.given.iter().filter(|(of, _)| *of == event);
        given.map(|(_, signature)| *signature).collect()
    }

    /// The first seat of the person from which nobody has signed yet; `given` holds the signatures.
    pub fn free_seat(&self, by: By, given: &[Signature]) -> Option<Seat> {
        let free = |seat: &&Seat| given.iter().all(|signature| signature.seat != **seat);
        self.seats.iter().filter(free).find(|seat| by.seats().contains(seat)).copied()
    }

    /// Whether the person has signed none of the events yet and holds one of the seats from which
    /// nobody has signed any of them.
    fn can_sign(&self, events: &[E], seats: &[Seat]) -> bool {
        let given = self.given.iter().filter(|(event, _)| events.contains(event));
        let is_mine = |(_, signature): &(E, Signature)| signature.person == self.person;
        if given.clone().any(is_mine) {
            return false;
        }
        let mut held = self.seats.iter().filter(|seat| seats.contains(seat));
        held.any(|seat| given.clone().all(|(_, signature)| signature.seat != *seat))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::cycle::{Event, State};

    named_enum! {
        /// What can be requested.
        pub enum Verb {
            /// Two people must sign.
            Publication = "publication",
            /// The state stays the same.
            Update = "update",
        }
    }

    struct Record(State);

    impl Moving for Record {
        type State = State;
        type Verb = Verb;

        fn state(&self) -> State {
            self.0
        }

        fn events(verb: Verb) -> &'static [Event] {
            match verb {
                Verb::Publication => &[Event::Publish],
                Verb::Update => &[],
            }
        }

        fn lets(&self, verb: Verb) -> bool {
            verb == Verb::Update || self.is_in_table(verb)
        }
    }

    #[test]
    fn whoever_has_signed_is_offered_no_second_signature() {
        let offered = |seats: &[Seat], given: &[(u128, Seat)]| {
            let given = given.iter().map(|(person, seat)| {
                let signature = Signature { person: Uuid::from_u128(*person), seat: *seat };
                (Event::Publish, signature)
            });
            let person = Uuid::from_u128(1);
            let seating = Seating { person, seats: seats.to_vec(), given: given.collect() };
            Record(State::Confirmed).offered(&seating, |_| false)
        };
        assert_eq!(offered(&[Seat::Hr], &[]), [Verb::Publication]);
        assert_eq!(offered(&[Seat::Manager], &[]), []);
        assert_eq!(offered(&[Seat::Hr], &[(2, Seat::Hr)]), []);
        assert_eq!(offered(&[Seat::Exec], &[(2, Seat::Hr)]), [Verb::Publication]);
        assert_eq!(offered(&[Seat::Hr, Seat::Exec], &[(2, Seat::Hr)]), [Verb::Publication]);
        assert_eq!(offered(&[Seat::Hr, Seat::Exec], &[(1, Seat::Hr)]), []);
    }

    #[test]
    fn the_state_goes_before_the_seat() {
        let seating = Seating::new(Uuid::from_u128(1), vec![Seat::Hr]);
        assert_eq!(Record(State::Draft).offered(&seating, |_| true), [Verb::Update]);
    }
}
