//! Feedback tickets (反馈): questions and suggestions of employees. Implements D.6 Feedback ticket.

use super::{By, Machine, Row, Seat, to};

named_enum! {
    /// States of a feedback ticket.
    pub enum State {
        /// Handed in.
        Opened = "open",
        /// A handler is named.
        Assigned = "assigned",
        /// Answered.
        Answered = "answered",
        /// The author accepts the answer.
        Accepted = "accepted",
        /// The author does not accept the answer.
        Declined = "declined",
        /// Finished.
        Closed = "closed",
    }
}

named_enum! {
    /// Events of a feedback ticket.
    pub enum Event {
        /// HR names a handler.
        Assign = "assign",
        /// The ticket is overdue and goes one level up.
        Escalate = "escalate",
        /// The handler answers.
        Answer = "answer",
        /// The author accepts the answer.
        Accept = "accept",
        /// The author does not accept the answer.
        Decline = "decline",
        /// The ticket is closed.
        Close = "close",
    }
}

named_enum! {
    /// Guards of the transitions of a feedback ticket.
    pub enum Guard {
        /// The due date has passed.
        Overdue = "overdue",
    }
}

/// The facts that the guards of a feedback ticket check.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The due date has passed.
    pub overdue: bool,
}

impl Machine for State {
    type Event = Event;
    type Guard = Guard;
    type Facts = Facts;

    const NAME: &'static str = "feedback ticket";

    fn opening() -> Row<Self> {
        Row { to: Self::Opened, by: By::OneOf(&[Seat::Employee]), guards: &[] }
    }

    fn row(self, event: Event) -> Option<Row<Self>> {
        use {By::*, Event::*, Guard::*, Seat::*, State::*};
        match (self, event) {
            (Opened, Assign) => to(Assigned, OneOf(&[Hr]), &[]),
            (Opened, Escalate) => to(Opened, OneOf(&[System]), &[Overdue]),
            (Assigned, Escalate) => to(Assigned, OneOf(&[System]), &[Overdue]),
            (Assigned, Answer) => to(Answered, OneOf(&[Handler]), &[]),
            (Answered, Accept) => to(Accepted, OneOf(&[Employee]), &[]),
            (Answered, Decline) => to(Declined, OneOf(&[Employee]), &[]),
            (Accepted | Declined, Close) => to(Closed, OneOf(&[Hr, System]), &[]),
            (
                Opened | Assigned | Answered | Accepted | Declined | Closed,
                Assign | Escalate | Answer | Accept | Decline | Close,
            ) => None,
        }
    }

    fn holds(guard: Guard, facts: &Facts) -> bool {
        match guard {
            Guard::Overdue => facts.overdue,
        }
    }
}
