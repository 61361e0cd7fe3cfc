//! Requests for people, money and material (资源申请). Implements D.6 Resource request.

use super::{By, Machine, Row, Seat, to};

named_enum! {
    /// States of a resource request.
    pub enum State {
        /// Being written.
        Draft = "draft",
        /// Waiting for a decision.
        Submitted = "submitted",
        /// Approved by EXEC.
        Approved = "approved",
        /// Rejected by EXEC.
        Rejected = "rejected",
        /// People, money or material have been allocated.
        Allocated = "allocated",
    }
}

named_enum! {
    /// Events of a resource request.
    pub enum Event {
        /// The request is handed in.
        Submit = "submit",
        /// EXEC approves the request.
        Approve = "approve",
        /// EXEC rejects the request.
        Reject = "reject",
        /// HR allocates positions, FIN allocates money.
        Allocate = "allocate",
    }
}

named_enum! {
    /// Guards of the transitions of a resource request.
    pub enum Guard {
        /// Nobody approves their own request.
        NotOwnRequest = "not_own_request",
        /// FIN has confirmed the money, or no money is requested.
        FundsConfirmed = "funds_confirmed",
        /// The approved amount stays within the declared budget.
        WithinBudget = "within_budget",
    }
}

/// The facts that the guards of a resource request check.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The person who decides is not the requester.
    pub decided_by_another: bool,
    /// FIN has confirmed the money, or no money is requested.
    pub funds_confirmed: bool,
    /// All approved requests of the goal and the cycle together stay within the budget.
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
