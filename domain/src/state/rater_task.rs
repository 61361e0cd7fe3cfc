//! Rater tasks: the request to one rater to rate one person. Implements D.6 Rater task.

use super::{By, Machine, Row, Seat, to};

named_enum! {
    /// States of a rater task.
    pub enum State {
        /// The rater has been asked.
        Assigned = "assigned",
        /// The rater is answering.
        InProgress = "in_progress",
        /// Handed in.
        Submitted = "submitted",
        /// Returned to the rater for correction.
        Returned = "returned",
        /// Declined because of a conflict of interest.
        Declined = "declined",
        /// Not answered in time.
        Expired = "expired",
    }
}

named_enum! {
    /// Events of a rater task.
    pub enum Event {
        /// The rater begins to answer, for the first time or again.
        Start = "start",
        /// The rater hands the answer in.
        Submit = "submit",
        /// The answer is returned to the rater.
        Return = "return",
        /// The rater declines because of a conflict of interest.
        Decline = "decline",
        /// The time for answers is over.
        Expire = "expire",
    }
}

named_enum! {
    /// Guards of the transitions of a rater task.
    pub enum Guard {
        /// A shared goal, a dependency or an approved nomination is recorded.
        CollaborationRecorded = "collaboration_recorded",
        /// Ratings that need evidence have it (D.5).
        EvidencePresent = "evidence_present",
        /// A reason is given.
        ReasonGiven = "reason_given",
        /// The due date has passed.
        DuePassed = "due_passed",
    }
}

/// The facts that the guards of a rater task check.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The rater is the person, the manager, a subordinate or a peer by the reporting lines, or is
    /// connected through a recorded collaboration or an approved nomination.
    pub collaboration_recorded: bool,
    /// Every rating satisfies D.5.
    pub evidence_present: bool,
    /// A reason is given.
    pub reason_given: bool,
    /// The due date has passed.
    pub due_passed: bool,
}

impl Machine for State {
    type Event = Event;
    type Guard = Guard;
    type Facts = Facts;

    const NAME: &'static str = "rater task";

    fn opening() -> Row<Self> {
        Row {
            to: Self::Assigned,
            by: By::OneOf(&[Seat::Hr, Seat::Manager, Seat::System]),
            guards: &[Guard::CollaborationRecorded],
        }
    }

    fn row(self, event: Event) -> Option<Row<Self>> {
        use {By::*, Event::*, Guard::*, Seat::*, State::*};
        match (self, event) {
            (Assigned | Returned, Start) => to(InProgress, OneOf(&[Rater]), &[]),
            (InProgress, Submit) => to(Submitted, OneOf(&[Rater]), &[EvidencePresent]),
            (Submitted, Return) => to(Returned, OneOf(&[Hr]), &[ReasonGiven]),
            (Assigned | InProgress | Returned, Decline) => {
                to(Declined, OneOf(&[Rater]), &[ReasonGiven])
            }
            (Assigned | InProgress | Returned, Expire) => {
                to(Expired, OneOf(&[System]), &[DuePassed])
            }
            (
                Assigned | InProgress | Submitted | Returned | Declined | Expired,
                Start | Submit | Return | Decline | Expire,
            ) => None,
        }
    }

    fn holds(guard: Guard, facts: &Facts) -> bool {
        match guard {
            Guard::CollaborationRecorded => facts.collaboration_recorded,
            Guard::EvidencePresent => facts.evidence_present,
            Guard::ReasonGiven => facts.reason_given,
            Guard::DuePassed => facts.due_passed,
        }
    }
}
