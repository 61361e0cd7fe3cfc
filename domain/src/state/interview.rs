//! The feedback interview (面谈). Implements D.6 Interview.
//!
//! An interview not held within `interview.due_workdays` of publication is overdue; that is a
//! flag, not a state.

use super::{By, Machine, Row, Seat, to};

text_enum! {
    /// Where an interview is.
    pub enum State {
        /// A date is set.
        Scheduled = "scheduled",
        /// Notes are filed.
        Prepared = "prepared",
        /// The talk took place.
        Held = "held",
        /// The minutes are written.
        Recorded = "recorded",
        /// The employee agrees with the minutes.
        Confirmed = "confirmed",
        /// The employee disagrees with the minutes.
        Disputed = "disputed",
        /// Finished.
        Closed = "closed",
    }
}

text_enum! {
    /// What happens to an interview.
    pub enum Event {
        /// Either side has filed its notes.
        Prepare = "prepare",
        /// The talk takes place.
        Hold = "hold",
        /// The manager writes the minutes.
        Record = "record",
        /// The employee agrees.
        Confirm = "confirm",
        /// The employee disagrees; a follow-up opens and the way to appeal is shown.
        Dispute = "dispute",
        /// The interview is finished.
        Close = "close",
    }
}

text_enum! {
    /// What a transition of an interview demands.
    pub enum Guard {
        /// The required fields of the template are filled.
        FieldsComplete = "fields_complete",
        /// The employee says with what.
        TextGiven = "text_given",
    }
}

/// What the guards of an interview look at.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Required fields still empty; unknown when absent.
    pub fields_missing: Option<u32>,
    /// A text was written.
    pub text_given: bool,
}

impl Machine for State {
    type Event = Event;
    type Guard = Guard;
    type Facts = Facts;

    const NAME: &'static str = "interview";

    fn opening() -> Row<Self> {
        Row { to: Self::Scheduled, by: By::OneOf(&[Seat::Manager, Seat::System]), guards: &[] }
    }

    fn row(self, event: Event) -> Option<Row<Self>> {
        use {By::*, Event::*, Guard::*, Seat::*, State::*};
        match (self, event) {
            (Scheduled, Prepare) => to(Prepared, OneOf(&[Manager, Employee]), &[]),
            (Prepared, Hold) => to(Held, OneOf(&[Manager]), &[]),
            (Held, Record) => to(Recorded, OneOf(&[Manager]), &[FieldsComplete]),
            (Recorded, Confirm) => to(Confirmed, OneOf(&[Employee]), &[]),
            (Recorded, Dispute) => to(Disputed, OneOf(&[Employee]), &[TextGiven]),
            (Confirmed | Disputed, Close) => to(Closed, OneOf(&[System, Hr]), &[]),
            (
                Scheduled | Prepared | Held | Recorded | Confirmed | Disputed | Closed,
                Prepare | Hold | Record | Confirm | Dispute | Close,
            ) => None,
        }
    }

    fn holds(guard: Guard, facts: &Facts) -> bool {
        match guard {
            Guard::FieldsComplete => facts.fields_missing == Some(0),
            Guard::TextGiven => facts.text_given,
        }
    }
}
