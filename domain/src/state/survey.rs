//! Anonymous surveys (满意度调研). Implements D.6 Survey.

use super::{By, Machine, NoGuard, Row, Seat, to};

text_enum! {
    /// Where a survey is.
    pub enum State {
        /// Being written.
        Draft = "draft",
        /// Taking answers.
        Opened = "open",
        /// Taking no more answers.
        Closed = "closed",
        /// Shown to its audience.
        Published = "published",
    }
}

text_enum! {
    /// What happens to a survey.
    pub enum Event {
        /// It takes answers.
        Open = "open",
        /// It takes no more answers.
        Close = "close",
        /// Its result is shown, small groups suppressed.
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
