//! Records that a machine moves: what may be asked of one, and by whom.

use super::{By, Machine, Seat, Signature};
use crate::core::text::TextEnum;
use uuid::Uuid;

/// The events of a record's machine.
pub type EventOf<R> = <<R as Moving>::State as Machine>::Event;

/// A record that a machine moves. What is offered to somebody and what they may do come from here
/// alike.
pub trait Moving {
    /// The machine.
    type State: Machine;
    /// What may be asked for, named as in paths and in `allowed_actions`.
    type Verb: TextEnum + PartialEq;

    /// Where the record is.
    fn state(&self) -> Self::State;

    /// The events that a verb may fire; none for a verb that leaves the record in its state.
    fn events(verb: Self::Verb) -> &'static [EventOf<Self>];

    /// Whether the record lets something be done, whoever asks: its state, and what lies around it.
    fn lets(&self, verb: Self::Verb) -> bool;

    /// Whether the table has an event of the verb in the present state.
    fn is_in_table(&self, verb: Self::Verb) -> bool {
        Self::events(verb).iter().any(|event| self.state().row(*event).is_some())
    }

    /// The seats from which a verb is done in the present state; none where nothing says.
    fn seats(&self, verb: Self::Verb) -> Vec<Seat> {
        self.seats_in_table(verb)
    }

    /// The seats from which the table lets a verb be done in the present state.
    fn seats_in_table(&self, verb: Self::Verb) -> Vec<Seat> {
        let rows = Self::events(verb).iter().filter_map(|event| self.state().row(*event));
        rows.flat_map(|row| row.by.seats()).copied().collect()
    }

    /// What the record lets be done, whoever asks.
    fn possible_actions(&self) -> impl Iterator<Item = Self::Verb> {
        Self::Verb::ALL.iter().copied().filter(|verb| self.lets(*verb))
    }

    /// What the record lets somebody do. `may` answers for verbs of which the machine knows nothing.
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

/// How somebody is seated towards a record, and what has been signed of it so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seating<E> {
    /// Who it is.
    pub person: Uuid,
    /// The seats held.
    pub seats: Vec<Seat>,
    /// Signatures that still wait for others, each with the event it was given for.
    pub given: Vec<(E, Signature)>,
}

impl<E: Copy + PartialEq> Seating<E> {
    /// Somebody who holds these seats towards a record of which nothing has been signed.
    pub fn new(person: Uuid, seats: Vec<Seat>) -> Self {
        Self { person, seats, given: Vec::new() }
    }

    /// The signatures given for an event.
    pub fn given_for(&self, event: E) -> Vec<Signature> {
        let given = self.given.iter().filter(|(of, _)| *of == event);
        given.map(|(_, signature)| *signature).collect()
    }

    /// The first seat held from which an event is still to be signed.
    pub fn free_seat(&self, by: By, given: &[Signature]) -> Option<Seat> {
        let free = |seat: &&Seat| given.iter().all(|signature| signature.seat != **seat);
        self.seats.iter().filter(free).find(|seat| by.seats().contains(seat)).copied()
    }

    /// Whether one of the seats is held, from which nobody has signed one of the events yet, by
    /// somebody who has not signed it either.
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

    text_enum! {
        /// What may be asked for.
        pub enum Verb {
            /// Two persons sign.
            Publication = "publication",
            /// The state stays.
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
