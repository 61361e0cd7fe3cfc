//! Seats and signatures: who may fire a transition.

use core::fmt;

use uuid::Uuid;

use crate::core::text::TextEnum;

named_enum! {
    /// The seat from which a person acts on a record: a role of 0.1, or a relation to the record
    /// that D.6 names. The access policy decides which person holds which seat.
    pub enum Seat {
        /// Senior management.
        Exec = "EXEC",
        /// HR performance administrator or HR business partner.
        Hr = "HR",
        /// Finance.
        Fin = "FIN",
        /// Head of a department.
        Head = "HEAD",
        /// Line manager of the person whom the record concerns.
        Manager = "MGR",
        /// The person whom the record concerns.
        Employee = "EMP",
        /// Collaboration partner from another department.
        Partner = "PARTNER",
        /// Performance committee.
        Committee = "COMMITTEE",
        /// The software itself: scheduler, data import and calculations.
        System = "SYSTEM",
        /// Owner of the goal, or of the item that depends on another department.
        Owner = "owner",
        /// Manager of the line manager.
        NextLevel = "next_level",
        /// Person asked for a rating.
        Rater = "rater",
        /// Member of a calibration session.
        Member = "member",
        /// Assessor of competencies.
        Assessor = "assessor",
        /// Person to whom a case or ticket is assigned.
        Handler = "handler",
        /// Witness of a refusal to sign.
        Witness = "witness",
    }
}

/// The signature of one person for a transition, given from one seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature {
    /// Id of the person who signs.
    pub person: Uuid,
    /// The seat from which the person signs.
    pub seat: Seat,
}

impl Signature {
    /// The signature of the software itself.
    pub const SYSTEM: Self = Self { person: Uuid::nil(), seat: Seat::System };
}

/// The signatures that a transition needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// One signature, from any of these seats.
    OneOf(&'static [Seat]),
    /// One signature from each of these seats, all by different people.
    Together(&'static [Seat]),
}

impl By {
    /// All seats from which the transition may be signed.
    pub const fn seats(self) -> &'static [Seat] {
        match self {
            Self::OneOf(seats) | Self::Together(seats) => seats,
        }
    }

    pub(super) fn satisfied_by(self, signed: &[Signature]) -> bool {
        match self {
            Self::OneOf(seats) => signed.iter().any(|s| seats.contains(&s.seat)),
            Self::Together(seats) => signed_by_different_people(seats, signed),
        }
    }
}

fn signed_by_different_people(needed: &[Seat], signed: &[Signature]) -> bool {
    let Some((first, rest)) = needed.split_first() else { return true };
    signed.iter().filter(|s| s.seat == *first).any(|chosen| {
        let others: Vec<_> = signed.iter().copied().filter(|s| s.person != chosen.person).collect();
        signed_by_different_people(rest, &others)
    })
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let separator = match self {
            Self::OneOf(_) => " or ",
            Self::Together(_) => " + ",
        };
        let names: Vec<_> = self.seats().iter().map(|seat| seat.as_str()).collect();
        f.write_str(&names.join(separator))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: By = By::Together(&[Seat::Hr, Seat::Exec]);

    fn signed(person: u128, seat: Seat) -> Signature {
        Signature { person: Uuid::from_u128(person), seat }
    }

    #[test]
    fn one_of_takes_any_listed_seat() {
        let by = By::OneOf(&[Seat::Hr, Seat::System]);
        assert!(by.satisfied_by(&[Signature::SYSTEM]));
        assert!(!by.satisfied_by(&[signed(1, Seat::Exec)]));
        assert!(!by.satisfied_by(&[]));
    }

    #[test]
    fn together_needs_every_seat_from_different_people() {
        assert!(BOTH.satisfied_by(&[signed(1, Seat::Hr), signed(2, Seat::Exec)]));
        assert!(!BOTH.satisfied_by(&[signed(1, Seat::Hr)]));
        assert!(!BOTH.satisfied_by(&[signed(1, Seat::Hr), signed(1, Seat::Exec)]));
    }

    #[test]
    fn together_finds_the_pair_that_works() {
        let signatures = [signed(1, Seat::Hr), signed(1, Seat::Exec), signed(2, Seat::Hr)];
        assert!(BOTH.satisfied_by(&signatures));
    }
}
