//! Performance interviews (绩效面谈). Implements D.6 Interview.
//!
//! An interview that is not held within `interview.due_workdays` of publication is overdue. This is
//! a flag, not a state.

use super::{By, Machine, Row, Seat, to};

named_enum! {
    /// States of an interview.
    pub enum State {
        /// A date is set.
        Scheduled = "scheduled",
        /// At least one side has filed notes.
        Prepared = "prepared",
        /// The conversation took place.
        Held = "held",
        /// The manager has written the minutes.
        Recorded = "recorded",
        /// The employee agrees with the minutes.
        Confirmed = "confirmed",
        /// The employee disagrees with the minutes.
        Disputed = "disputed",
        /// Finished.
        Closed = "closed",
    }
}

named_enum! {
    /// Events of an interview.
    pub enum Event {
        /// One side files its notes.
        Prepare = "prepare",
        /// The conversation takes place.
        Hold = "hold",
        /// The manager writes the minutes.
        Record = "record",
        /// The employee agrees with the minutes.
        Confirm = "confirm",
        /// The employee disputes the minutes; a follow-up opens and the way to appeal is shown.
        Dispute = "dispute",
        /// The interview is closed.
        Close = "close",
    }
}

named_enum! {
    /// Guards of the transitions of an interview.
    pub enum Guard {
        /// The required fields of the template are filled in.
        FieldsComplete = "fields_complete",
        /// The employee says what is wrong in the minutes.
        TextGiven = "text_given",
    }
}

/// The facts that the guards of an interview check.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Number of required fields that are empty; `None` if unknown.
    pub fields_missing: Option<u32>,
    /// The employee has written a text.
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
