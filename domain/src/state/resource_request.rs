//! Requests for people, money and material (资源申请). Implements D.6 Resource request.

use super::{By, Machine, Row, Seat, to};

text_enum! {
    /// Where a request is.
    pub enum State {
        /// Being written.
        Draft = "draft",
        /// Waiting for a decision.
        Submitted = "submitted",
        /// Granted.
        Approved = "approved",
        /// Refused.
        Rejected = "rejected",
        /// Handed out.
        Allocated = "allocated",
    }
}

text_enum! {
    /// What happens to a request.
    pub enum Event {
        /// It is handed in.
        Submit = "submit",
        /// EXEC grants it.
        Approve = "approve",
        /// EXEC refuses it.
        Reject = "reject",
        /// HR hands out positions, FIN money.
        Allocate = "allocate",
    }
}

text_enum! {
    /// What a transition of a request demands.
    pub enum Guard {
        /// Nobody approves an own request.
        NotOwnRequest = "not_own_request",
        /// FIN has confirmed the money, or none is asked for.
        FundsConfirmed = "funds_confirmed",
        /// What is approved stays within the declared budget.
        WithinBudget = "within_budget",
    }
}

/// What the guards of a request look at.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The person deciding is not the requester.
    pub decided_by_another: bool,
    /// FIN has confirmed the money, or none is asked for.
    pub funds_confirmed: bool,
    /// All approved requests of the goal and cycle together stay within the budget.
    pub within_budget: bool,
}

impl Machine for State {
    type Event = Event;
    type Guard = Guard;
    type Facts = Facts;

    const NAME: &'static str = "resource request";

    fn opening() -> Row<Self> {
        Row { to: Self::Draft, by: By::OneOf(&[Seat::Manager, Seat::Head]), guards: &[] }
    }

    fn row(self, event: Event) -> Option<Row<Self>> {
        use {By::*, Event::*, Guard::*, Seat::*, State::*};
        match (self, event) {
            (Draft, Submit) => to(Submitted, OneOf(&[Manager, Head]), &[]),
            (Submitted, Approve) => {
                to(Approved, OneOf(&[Exec]), &[NotOwnRequest, FundsConfirmed, WithinBudget])
            }
            (Submitted, Reject) => to(Rejected, OneOf(&[Exec]), &[]),
            (Approved, Allocate) => to(Allocated, OneOf(&[Hr, Fin]), &[]),
            (
                Draft | Submitted | Approved | Rejected | Allocated,
                Submit | Approve | Reject | Allocate,
            ) => None,
        }
    }

    fn holds(guard: Guard, facts: &Facts) -> bool {
        match guard {
            Guard::NotOwnRequest => facts.decided_by_another,
            Guard::FundsConfirmed => facts.funds_confirmed,
            Guard::WithinBudget => facts.within_budget,
        }
    }
}
