//! A department's own dimension weights (备案). Implements D.6 Weight adjustment.

use super::{By, Machine, Row, Seat, to};

named_enum! {
    /// Where a weight adjustment is.
    pub enum State {
        /// Being written.
        Draft = "draft",
        /// Waiting for HR.
        Submitted = "submitted",
        /// Approved by HR.
        HrApproved = "hr_approved",
        /// Refused by HR.
        HrRejected = "hr_rejected",
        /// Entered under a filing number.
        Filed = "filed",
        /// In force.
        Effective = "effective",
        /// Taken out of force.
        Revoked = "revoked",
    }
}

named_enum! {
    /// What happens to a weight adjustment.
    pub enum Event {
        /// The department head asks for it.
        Submit = "submit",
        /// HR approves.
        Approve = "approve",
        /// HR refuses.
        Reject = "reject",
        /// HR enters the filing number.
        File = "file",
        /// The weights take effect.
        TakeEffect = "take_effect",
        /// HR takes it back.
        Revoke = "revoke",
    }
}

named_enum! {
    /// What a transition of a weight adjustment demands.
    pub enum Guard {
        /// The weights satisfy C.8.
        WithinLimits = "within_limits",
        /// Evaluation is not open yet.
        BeforeEvaluation = "before_evaluation",
        /// The reviewer is not the requester.
        NotOwnRequest = "not_own_request",
        /// The filing number is given.
        FilingNumber = "filing_number",
    }
}

/// What the guards of a weight adjustment look at.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// C.8 answers OK.
    pub within_limits: bool,
    /// The cycle is not yet in evaluation.
    pub before_evaluation: bool,
    /// The HR reviewer is not the requester.
    pub reviewed_by_another: bool,
    /// A filing number is given.
    pub filing_number: bool,
}

impl Machine for State {
    type Event = Event;
    type Guard = Guard;
    type Facts = Facts;

    const NAME: &'static str = "weight adjustment";

    fn opening() -> Row<Self> {
        Row { to: Self::Draft, by: By::OneOf(&[Seat::Head]), guards: &[] }
    }

    fn row(self, event: Event) -> Option<Row<Self>> {
        use {By::*, Event::*, Guard::*, Seat::*, State::*};
        match (self, event) {
            (Draft, Submit) => to(Submitted, OneOf(&[Head]), &[WithinLimits, BeforeEvaluation]),
            (Submitted, Approve) => {
                to(HrApproved, OneOf(&[Hr]), &[NotOwnRequest, BeforeEvaluation])
            }
            (Submitted, Reject) => to(HrRejected, OneOf(&[Hr]), &[NotOwnRequest]),
            (HrApproved, File) => to(Filed, OneOf(&[Hr]), &[FilingNumber]),
            (Filed, TakeEffect) => to(Effective, OneOf(&[System]), &[BeforeEvaluation]),
            (HrApproved | Filed, Revoke) => to(Revoked, OneOf(&[Hr]), &[]),
            // Taken back later, it would change the weights under those who already evaluate.
            (Effective, Revoke) => to(Revoked, OneOf(&[Hr]), &[BeforeEvaluation]),
            (
                Draft | Submitted | HrApproved | HrRejected | Filed | Effective | Revoked,
                Submit | Approve | Reject | File | TakeEffect | Revoke,
            ) => None,
        }
    }

    fn holds(guard: Guard, facts: &Facts) -> bool {
        match guard {
            Guard::WithinLimits => facts.within_limits,
            Guard::BeforeEvaluation => facts.before_evaluation,
            Guard::NotOwnRequest => facts.reviewed_by_another,
            Guard::FilingNumber => facts.filing_number,
        }
    }
}
