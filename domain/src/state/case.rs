//! Cases: the system flags a goal conflict or an anomaly, and a named person deals with it.
//! Implements D.6 Goal conflict / anomaly case.

use super::{By, Machine, Row, Seat, to};

named_enum! {
    /// States of a case.
    pub enum State {
        /// The system has found it.
        Detected = "detected",
        /// A handler is named.
        Assigned = "assigned",
        /// The handler investigates.
        Investigating = "investigating",
        /// The handler has met the parties.
        MeetingHeld = "meeting_held",
        /// The handler has found a good reason for the finding.
        Explained = "explained",
        /// An action with an owner is planned.
        ActionPlanned = "action_planned",
        /// HR has checked the outcome.
        Verified = "verified",
        /// Finished.
        Closed = "closed",
    }
}

named_enum! {
    /// Events of a case.
    pub enum Event {
        /// HR names a handler.
        Assign = "assign",
        /// The handler begins to investigate.
        Investigate = "investigate",
        /// The handler has met the parties.
        HoldMeeting = "hold_meeting",
        /// The handler gives a good reason for the finding.
        Explain = "explain",
        /// The handler plans an action with an owner.
        PlanAction = "plan_action",
        /// HR checks the outcome.
        Verify = "verify",
        /// HR closes the case.
        Close = "close",
    }
}

named_enum! {
    /// Guards of the transitions of a case.
    pub enum Guard {
        /// The person who verifies neither owns the action nor gave the explanation.
        NotActionOwner = "not_action_owner",
    }
}

/// The facts that the guards of a case check.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The person who verifies neither owns the action nor gave the explanation.
    pub verified_by_another: bool,
}

impl Machine for State {
    type Event = Event;
    type Guard = Guard;
    type Facts = Facts;

    const NAME: &'static str = "case";

    fn opening() -> Row<Self> {
        Row { to: Self::Detected, by: By::OneOf(&[Seat::System]), guards: &[] }
    }

    fn row(self, event: Event) -> Option<Row<Self>> {
        use {By::*, Event::*, Guard::*, Seat::*, State::*};
        match (self, event) {
            (Detected, Assign) => to(Assigned, OneOf(&[Hr]), &[]),
            (Assigned, Investigate) => to(Investigating, OneOf(&[Handler]), &[]),
            (Assigned, HoldMeeting) => to(MeetingHeld, OneOf(&[Handler]), &[]),
            (Investigating | MeetingHeld, Explain) => to(Explained, OneOf(&[Handler]), &[]),
            (Investigating | MeetingHeld, PlanAction) => to(ActionPlanned, OneOf(&[Handler]), &[]),
            (Explained | ActionPlanned, Verify) => to(Verified, OneOf(&[Hr]), &[NotActionOwner]),
            (Verified, Close) => to(Closed, OneOf(&[Hr]), &[]),
            (
                Detected | Assigned | Investigating | MeetingHeld | Explained | ActionPlanned
                | Verified | Closed,
                Assign | Investigate | HoldMeeting | Explain | PlanAction | Verify | Close,
            ) => None,
        }
    }

    fn holds(guard: Guard, facts: &Facts) -> bool {
        match guard {
            Guard::NotActionOwner => facts.verified_by_another,
        }
    }
}
