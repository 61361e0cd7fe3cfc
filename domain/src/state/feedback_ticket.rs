//! Questions and suggestions from anybody (反馈). Implements D.6 Feedback ticket.

use super::{By, Machine, Row, Seat, to};

text_enum! {
    /// Where a ticket is.
    pub enum State {
        /// Asked.
        Opened = "open",
        /// With its handler.
        Assigned = "assigned",
        /// Answered.
        Answered = "answered",
        /// The author is content with the answer.
        Accepted = "accepted",
        /// The author is not content with the answer.
        Declined = "declined",
        /// Finished.
        Closed = "closed",
    }
}

text_enum! {
    /// What happens to a ticket.
    pub enum Event {
        /// HR names a handler.
        Assign = "assign",
        /// The overdue ticket goes up one level.
        Escalate = "escalate",
        /// The handler answers.
        Answer = "answer",
        /// The author is content.
        Accept = "accept",
        /// The author is not content.
        Decline = "decline",
        /// The ticket is finished.
        Close = "close",
    }
}

text_enum! {
    /// What a transition of a ticket demands.
    pub enum Guard {
        /// The due date is passed.
        Overdue = "overdue",
    }
}

/// What the guards of a ticket look at.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The due date is passed.
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
