//! The request to one rater to rate one person. Implements D.6 Rater task.

use super::{By, Machine, Row, Seat, to};

text_enum! {
    /// Where a rater task is.
    pub enum State {
        /// Asked for.
        Assigned = "assigned",
        /// Being answered.
        InProgress = "in_progress",
        /// Handed in.
        Submitted = "submitted",
        /// Handed back for another try.
        Returned = "returned",
        /// Refused because of a conflict of interest.
        Declined = "declined",
        /// Not answered in time.
        Expired = "expired",
    }
}

text_enum! {
    /// What happens to a rater task.
    pub enum Event {
        /// The rater begins, or begins again.
        Start = "start",
        /// The rater hands in.
        Submit = "submit",
        /// The answer goes back to the rater.
        Return = "return",
        /// The rater has a conflict of interest.
        Decline = "decline",
        /// The window closes.
        Expire = "expire",
    }
}

text_enum! {
    /// What a transition of a rater task demands.
    pub enum Guard {
        /// A shared goal, a dependency or an approved nomination is recorded.
        CollaborationRecorded = "collaboration_recorded",
        /// Ratings that need evidence have it (D.5).
        EvidencePresent = "evidence_present",
        /// A reason is given.
        ReasonGiven = "reason_given",
        /// The due date is passed.
        DuePassed = "due_passed",
    }
}

/// What the guards of a rater task look at.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The rater is the manager, a subordinate or peer by the reporting lines, the person itself,
    /// or connected through a recorded collaboration or approved nomination.
    pub collaboration_recorded: bool,
    /// Every rating satisfies D.5.
    pub evidence_present: bool,
    /// A reason was written.
    pub reason_given: bool,
    /// The due date is passed.
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
