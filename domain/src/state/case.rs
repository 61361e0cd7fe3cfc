//! Goal conflicts and anomalies: a flag becomes a question for a named person.
//! Implements D.6 Goal conflict / anomaly case.

use super::{By, Machine, Row, Seat, to};

text_enum! {
    /// Where a case is.
    pub enum State {
        /// Found by the system.
        Detected = "detected",
        /// With its handler.
        Assigned = "assigned",
        /// Being looked into.
        Investigating = "investigating",
        /// The parties have met.
        MeetingHeld = "meeting_held",
        /// There is a good reason for it.
        Explained = "explained",
        /// Something is to be done about it.
        ActionPlanned = "action_planned",
        /// Somebody else has checked the outcome.
        Verified = "verified",
        /// Finished.
        Closed = "closed",
    }
}

text_enum! {
    /// What happens to a case.
    pub enum Event {
        /// HR names a handler.
        Assign = "assign",
        /// The handler begins.
        Investigate = "investigate",
        /// The handler has met the parties.
        HoldMeeting = "hold_meeting",
        /// The handler explains the finding.
        Explain = "explain",
        /// The handler plans an action with an owner.
        PlanAction = "plan_action",
        /// HR checks the outcome.
        Verify = "verify",
        /// HR closes the case.
        Close = "close",
    }
}

text_enum! {
    /// What a transition of a case demands.
    pub enum Guard {
        /// The verifier is not the owner of the action.
        NotActionOwner = "not_action_owner",
    }
}

/// What the guards of a case look at.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The verifier neither owns the action nor gave the explanation.
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
