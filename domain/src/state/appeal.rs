//! Appeals (申诉): two instances, never worse for the appellant. Implements D.6 Appeal.

use super::{By, Machine, Row, Seat, to};

text_enum! {
    /// Where an appeal is.
    pub enum State {
        /// Handed in.
        Submitted = "submitted",
        /// Admitted.
        Accepted = "accepted",
        /// Not admitted.
        RejectedAdmission = "rejected_admission",
        /// With its handler.
        Investigating = "investigating",
        /// The result stands.
        DecidedUpheld = "decided_upheld",
        /// The result is to be corrected.
        DecidedChanged = "decided_changed",
        /// Before the committee.
        SecondInstance = "second_instance",
        /// The committee lets the result stand.
        FinalUpheld = "final_upheld",
        /// The committee corrects the result.
        FinalChanged = "final_changed",
        /// The correction is carried out.
        Executed = "executed",
        /// Taken back by the appellant.
        Withdrawn = "withdrawn",
    }
}

text_enum! {
    /// What happens to an appeal.
    pub enum Event {
        /// HR admits it, due within 2 working days.
        Accept = "accept",
        /// HR does not admit it, due within 2 working days.
        RejectAdmission = "reject_admission",
        /// A handler begins.
        Investigate = "investigate",
        /// The result stands; the reply is due within `appeal.reply_workdays`.
        Uphold = "uphold",
        /// The result changes; the reply is due within `appeal.reply_workdays`.
        Change = "change",
        /// The appellant goes to the committee.
        AppealAgain = "appeal_again",
        /// The committee lets it stand, due within `appeal.committee_workdays`.
        FinallyUphold = "finally_uphold",
        /// The committee changes it, due within `appeal.committee_workdays`.
        FinallyChange = "finally_change",
        /// New result revision, distribution rechecked, pay recomputed, rater informed.
        Execute = "execute",
        /// The appellant takes the appeal back.
        Withdraw = "withdraw",
    }
}

text_enum! {
    /// What a transition of an appeal demands.
    pub enum Guard {
        /// Within `appeal.window_workdays` of publication.
        WithinWindow = "within_window",
        /// A ground is named.
        GroundNamed = "ground_named",
        /// The person deciding is not the ratee.
        NotOwnAppeal = "not_own_appeal",
        /// The handler is neither rater nor ratee nor the rater's direct manager.
        ImpartialHandler = "impartial_handler",
        /// The committee has confirmed the change.
        CommitteeConfirmed = "committee_confirmed",
        /// The new result is not worse, or `appeal.no_reformatio` is off.
        NotWorse = "not_worse",
        /// Within `appeal.second_window_workdays` of the decision.
        WithinSecondWindow = "within_second_window",
        /// The appellant can no longer go to the committee.
        SecondWindowOver = "second_window_over",
    }
}

text_enum! {
    /// Why somebody appeals.
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

/// A time limit and how much of it has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Working days since the clock started.
    pub passed: u32,
    /// Working days allowed, the last one included.
    pub allowed: u32,
}

impl Window {
    const fn is_open(self) -> bool {
        self.passed <= self.allowed
    }
}

/// What the guards of an appeal look at.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The clock since publication; unknown when absent.
    pub window: Option<Window>,
    /// The ground.
    pub ground: Option<Ground>,
    /// The person deciding is not the ratee.
    pub decided_by_another: bool,
    /// The handler, if one is assigned.
    pub handler: Option<Handler>,
    /// The committee has confirmed the change.
    pub committee_confirmed: bool,
    /// The result after the decision is at least as good as before.
    pub result_not_worse: bool,
    /// `appeal.no_reformatio` is off.
    pub reformatio_allowed: bool,
    /// The clock since the first decision; unknown when absent.
    pub second_window: Option<Window>,
}

/// How the handler of an appeal is related to what is appealed against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Handler {
    /// Gave one of the ratings.
    pub is_rater: bool,
    /// Is the appellant.
    pub is_ratee: bool,
    /// Is the direct manager of a rater.
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
            // Executed too early, the correction would cut off the second instance.
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
