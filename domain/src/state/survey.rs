//! Anonymous surveys (满意度调研). Implements D.6 Survey.

use super::{By, Machine, NoGuard, Row, Seat, to};

named_enum! {
    /// States of a survey.
    pub enum State {
        /// Being written.
        Draft = "draft",
        /// People can answer.
        Opened = "open",
        /// People can no longer answer.
        Closed = "closed",
        /// The result is shown to its audience.
        Published = "published",
    }
}

named_enum! {
    /// Events of a survey.
    pub enum Event {
        /// The survey opens for answers.
        Open = "open",
        /// The survey closes for answers.
        Close = "close",
        /// The result is shown, without groups that are too small.
        Publish = "publish",
    }
}

impl Machine for State {
    type Event = Event;
    type Guard = NoGuard;
    type Facts = ();

    const NAME: &'static str = "survey";

    fn opening() -> Row<Self> {
        Row { to: Self::Draft, by: By::OneOf(&[Seat::Hr]), guards: &[] }
    }

    fn row(self, event: Event) -> Option<Row<Self>> {
        use {By::*, Event::*, Seat::*, State::*};
        match (self, event) {
            (Draft, Open) => to(Opened, OneOf(&[Hr]), &[]),
            (Opened, Close) => to(Closed, OneOf(&[Hr, System]), &[]),
            (Closed, Publish) => to(Published, OneOf(&[Hr]), &[]),
            (Draft | Opened | Closed | Published, Open | Close | Publish) => None,
        }
    }

    fn holds(guard: NoGuard, (): &()) -> bool {
        match guard {}
    }
}
