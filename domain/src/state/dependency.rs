//! What one goal needs from another department. Implements D.6 Dependency.

use super::{By, Machine, NoGuard, Row, Seat, to};

named_enum! {
    /// Where a dependency is.
    pub enum State {
        /// Asked for.
        Proposed = "proposed",
        /// Promised.
        Accepted = "accepted",
        /// Refused.
        Declined = "declined",
        /// Expected in time.
        OnTrack = "on_track",
        /// In danger of being late.
        AtRisk = "at_risk",
        /// Late.
        Late = "late",
        /// Handed over.
        Delivered = "delivered",
    }
}

named_enum! {
    /// What happens to a dependency.
    pub enum Event {
        /// The partner promises.
        Accept = "accept",
        /// The partner refuses.
        Decline = "decline",
        /// The dates fit.
        MarkOnTrack = "mark_on_track",
        /// The dates are tight.
        MarkAtRisk = "mark_at_risk",
        /// The dates are missed.
        MarkLate = "mark_late",
        /// The partner hands over, or the owner takes over.
        Deliver = "deliver",
    }
}

impl Machine for State {
    type Event = Event;
    type Guard = NoGuard;
    type Facts = ();

    const NAME: &'static str = "dependency";

    fn opening() -> Row<Self> {
        Row { to: Self::Proposed, by: By::OneOf(&[Seat::Owner]), guards: &[] }
    }

    fn row(self, event: Event) -> Option<Row<Self>> {
        use {By::*, Event::*, Seat::*, State::*};
        match (self, event) {
            (Proposed, Accept) => to(Accepted, OneOf(&[Partner]), &[]),
            (Proposed, Decline) => to(Declined, OneOf(&[Partner]), &[]),
            (Accepted | AtRisk | Late, MarkOnTrack) => to(OnTrack, OneOf(&[System]), &[]),
            (Accepted | OnTrack | Late, MarkAtRisk) => to(AtRisk, OneOf(&[System]), &[]),
            (Accepted | OnTrack | AtRisk, MarkLate) => to(Late, OneOf(&[System]), &[]),
            (OnTrack | AtRisk | Late, Deliver) => to(Delivered, OneOf(&[Partner, Owner]), &[]),
            (
                Proposed | Accepted | Declined | OnTrack | AtRisk | Late | Delivered,
                Accept | Decline | MarkOnTrack | MarkAtRisk | MarkLate | Deliver,
            ) => None,
        }
    }

    fn holds(guard: NoGuard, (): &()) -> bool {
        match guard {}
    }
}
