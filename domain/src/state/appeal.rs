//! Appeals (申诉): two instances; the result never becomes worse for the appellant. Implements D.6
//! Appeal.

use super::{By, Machine, Row, Seat, to};

named_enum! {
    /// States of an appeal.
    pub enum State {
        /// Handed in.
        Submitted = "submitted",
        /// Admitted.
        Accepted = "accepted",
        /// Not admitted.
        RejectedAdmission = "rejected_admission",
        /// A handler investigates.
        Investigating = "investigating",
        /// The result stays as it is.
        DecidedUpheld = "decided_upheld",
        /// The result is to be corrected.
        DecidedChanged = "decided_changed",
        /// The committee decides as second instance (复议).
        SecondInstance = "second_instance",
        /// The committee has decided that the result stays as it is.
        FinalUpheld = "final_upheld",
        /// The committee has decided to correct the result.
        FinalChanged = "final_changed",
        /// The correction is carried out.
        Executed = "executed",
        /// Withdrawn by the appellant.
        Withdrawn = "withdrawn",
    }
}

named_enum! {
    /// Events of an appeal.
    pub enum Event {
        /// HR admits the appeal; due within 2 working days.
        Accept = "accept",
        /// HR does not admit the appeal; due within 2 working days.
        RejectAdmission = "reject_admission",
        /// A handler begins to investigate.
        Investigate = "investigate",
        /// The result stays as it is; the reply is due within `appeal.reply_workdays`.
        Uphold = "uphold",
        /// The result is to be corrected; the reply is due within `appeal.reply_workdays`.
        Change = "change",
        /// The appellant appeals to the committee (second instance).
        AppealAgain = "appeal_again",
        /// The committee leaves the result as it is; due within `appeal.committee_workdays`.
        FinallyUphold = "finally_uphold",
        /// The committee corrects the result; due within `appeal.committee_workdays`.
        FinallyChange = "finally_change",
        /// The result is corrected; distribution and pay are recomputed and the rater is informed.
        Execute = "execute",
        /// The appellant withdraws the appeal.
        Withdraw = "withdraw",
    }
}

named_enum! {
    /// Guards of the transitions of an appeal.
    pub enum Guard {
        /// The appeal comes within `appeal.window_workdays` of publication.
        WithinWindow = "within_window",
        /// The appeal names a ground.
        GroundNamed = "ground_named",
        /// The person who decides is not the appellant.
        NotOwnAppeal = "not_own_appeal",
        /// The handler is neither rater nor reviewee nor direct manager of a rater.
        ImpartialHandler = "impartial_handler",
        /// The committee has confirmed the change.
        CommitteeConfirmed = "committee_confirmed",
        /// The new result is not worse, or `appeal.no_reformatio` is off.
        NotWorse = "not_worse",
        /// The second appeal comes within `appeal.second_window_workdays` of the decision.
        WithinSecondWindow = "within_second_window",
        /// The time for an appeal to the committee is over.
        SecondWindowOver = "second_window_over",
    }
}

named_enum! {
    /// The ground of an appeal.
    pub enum Ground {
        /// A fact is wrong.
        FactError = "fact_error",
        /// A rule was not followed.
        RuleNotFollowed = "rule_not_followed",
        /// The data are wrong.
        DataError = "data_error",
        /// The rating is biased.
        Bias = "bias",
    }
}

/// A time limit, and how much of it has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Working days since the time began.
    pub passed: u32,
    /// Working days allowed, including the last one.
    pub allowed: u32,
}

impl Window {
    const fn is_open(self) -> bool {
        self.passed <= self.allowed
    }
}

/// The facts that the guards of an appeal check.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Time since publication; `None` if unknown.
    pub window: Option<Window>,
    /// The ground of the appeal.
    pub ground: Option<Ground>,
    /// The person who decides is not the reviewee.
    pub decided_by_another: bool,
    /// The handler, if one is assigned.
    pub handler: Option<Handler>,
    /// The committee has confirmed the change.
    pub committee_confirmed: bool,
    /// The result after the decision is at least as good as the result before.
    pub result_not_worse: bool,
    /// The setting `appeal.no_reformatio` is off.
    pub reformatio_allowed: bool,
    /// Time since the first decision; `None` if unknown.
    pub second_window: Option<Window>,
}

/// How the handler of an appeal is related to the appealed result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Handler {
    /// The handler gave one of the ratings.
    pub is_rater: bool,
    /// The handler is the appellant.
    pub is_ratee: bool,
    /// The handler is the direct manager of a rater.
    pub manages_rater: bool,
}

impl Handler {
    const fn is_impartial(self) -> bool {
        !(self.is_rater || self.is_ratee || self.manages_rater)
    }
}

impl Machine for State {
    type Event = Event;
    type Guard = Guard;
    type Facts = Facts;

    const NAME: &'static str = "appeal";

    fn opening() -> Row<Self> {
        Row {
            to: Self::Submitted,
            by: By::OneOf(&[Seat::Employee]),
            guards: &[Guard::WithinWindow, Guard::GroundNamed],
        }
    }

    fn row(self, event: Event) -> Option<Row<Self>> {
        use {By::*, Event::*, Guard::*, Seat::*, State::*};
        match (self, event) {
            (Submitted, Accept) => to(Accepted, OneOf(&[Hr]), &[NotOwnAppeal]),
            (Submitted, RejectAdmission) => to(RejectedAdmission, OneOf(&[Hr]), &[NotOwnAppeal]),
            (Accepted, Investigate) => to(Investigating, OneOf(&[Hr]), &[ImpartialHandler]),
            (Investigating, Uphold) => {
                to(DecidedUpheld, OneOf(&[Hr]), &[NotOwnAppeal, ImpartialHandler])
            }
            (Investigating, Change) => to(
                DecidedChanged,
                OneOf(&[Hr]),
                &[NotOwnAppeal, ImpartialHandler, CommitteeConfirmed, NotWorse],
            ),
            (DecidedUpheld | DecidedChanged, AppealAgain) => {
                to(SecondInstance, OneOf(&[Employee]), &[WithinSecondWindow])
            }
            (SecondInstance, FinallyUphold) => {
                to(FinalUpheld, OneOf(&[Committee]), &[NotOwnAppeal])
            }
            (SecondInstance, FinallyChange) => {
                to(FinalChanged, OneOf(&[Committee]), &[NotOwnAppeal, NotWorse])
            }
            // Correcting earlier would take the second instance away from the appellant.
            (DecidedChanged, Execute) => to(Executed, OneOf(&[System]), &[SecondWindowOver]),
            (FinalChanged, Execute) => to(Executed, OneOf(&[System]), &[]),
            (Submitted | Accepted | Investigating, Withdraw) => {
                to(Withdrawn, OneOf(&[Employee]), &[])
            }
            (
                Submitted | Accepted | RejectedAdmission | Investigating | DecidedUpheld
                | DecidedChanged | SecondInstance | FinalUpheld | FinalChanged | Executed
                | Withdrawn,
                Accept | RejectAdmission | Investigate | Uphold | Change | AppealAgain
                | FinallyUphold | FinallyChange | Execute | Withdraw,
            ) => None,
        }
    }

    fn holds(guard: Guard, facts: &Facts) -> bool {
        match guard {
            Guard::WithinWindow => facts.window.is_some_and(Window::is_open),
            Guard::GroundNamed => facts.ground.is_some(),
            Guard::NotOwnAppeal => facts.decided_by_another,
            Guard::ImpartialHandler => facts.handler.is_some_and(Handler::is_impartial),
            Guard::CommitteeConfirmed => facts.committee_confirmed,
            Guard::NotWorse => facts.result_not_worse || facts.reformatio_allowed,
            Guard::WithinSecondWindow => facts.second_window.is_some_and(Window::is_open),
            Guard::SecondWindowOver => facts.second_window.is_some_and(|window| !window.is_open()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_day_of_the_window_counts() {
        let after = |passed| Facts {
            window: Some(Window { passed, allowed: 7 }),
            second_window: Some(Window { passed, allowed: 5 }),
            ..Facts::default()
        };
        assert!(State::holds(Guard::WithinWindow, &after(7)));
        assert!(!State::holds(Guard::WithinWindow, &after(8)));
        assert!(State::holds(Guard::WithinSecondWindow, &after(5)));
        assert!(!State::holds(Guard::SecondWindowOver, &after(5)));
        assert!(State::holds(Guard::SecondWindowOver, &after(6)));
    }

    #[test]
    fn every_relation_makes_a_handler_partial() {
        let none = Handler::default();
        assert!(none.is_impartial());
        assert!(!Handler { is_rater: true, ..none }.is_impartial());
        assert!(!Handler { is_ratee: true, ..none }.is_impartial());
        assert!(!Handler { manages_rater: true, ..none }.is_impartial());
    }
}
