//! Promotions (晋升): performance check, competency assessment, nomination, committee. Implements D.6
//! Promotion; H.3 defines the checks.

use super::{By, Machine, Row, Seat, to};

named_enum! {
    /// States of a promotion.
    pub enum State {
        /// Proposed.
        Opened = "opened",
        /// The performance check is passed.
        PerformancePassed = "performance_passed",
        /// The performance check is not passed.
        Ineligible = "ineligible",
        /// The competency assessment is passed.
        CompetencyPassed = "competency_passed",
        /// The competency assessment is not passed.
        CompetencyFailed = "competency_failed",
        /// Nominated by the manager.
        Nominated = "nominated",
        /// Approved by the committee.
        Approved = "approved",
        /// Rejected by the committee.
        Rejected = "rejected",
        /// Deferred to a later round.
        Deferred = "deferred",
        /// The new level is in effect.
        Effective = "effective",
        /// Withdrawn before a decision.
        Withdrawn = "withdrawn",
    }
}

named_enum! {
    /// Events of a promotion.
    pub enum Event {
        /// The performance check passes.
        PassPerformance = "pass_performance",
        /// The performance check fails.
        FailPerformance = "fail_performance",
        /// The assessment passes.
        PassCompetency = "pass_competency",
        /// The assessment fails.
        FailCompetency = "fail_competency",
        /// The manager nominates the candidate.
        Nominate = "nominate",
        /// The committee approves the promotion.
        Approve = "approve",
        /// The committee rejects the promotion.
        Reject = "reject",
        /// The committee defers the promotion to a later round.
        Defer = "defer",
        /// The new level takes effect.
        Apply = "apply",
        /// The promotion is withdrawn before it is approved.
        Withdraw = "withdraw",
    }
}

named_enum! {
    /// Guards of the transitions of a promotion.
    pub enum Guard {
        /// The performance check of H.3 passes.
        PerformanceGatePassed = "performance_gate_passed",
        /// The performance check of H.3 fails.
        PerformanceGateFailed = "performance_gate_failed",
        /// The competency check of H.3 passes.
        CompetencyGatePassed = "competency_gate_passed",
        /// The competency check of H.3 fails.
        CompetencyGateFailed = "competency_gate_failed",
        /// The team component of a manager is at least 90, or the person manages nobody.
        TeamComponent = "team_component",
        /// Nobody decides on their own promotion.
        NotOwnPromotion = "not_own_promotion",
        /// At least 3 committee members take part.
        Quorum = "quorum",
        /// The effective date has come.
        EffectiveDateReached = "effective_date_reached",
    }
}

/// The facts that the guards of a promotion check.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Result of the performance check; `None` before the check.
    pub performance_gate: Option<bool>,
    /// Result of the competency check; `None` before the check.
    pub competency_gate: Option<bool>,
    /// The team component is at least 90, or the person manages nobody.
    pub team_component_reached: bool,
    /// The person who acts is not the candidate.
    pub decided_by_another: bool,
    /// Number of committee members who take part.
    pub committee_present: u32,
    /// Today is on or after the effective date.
    pub effective_date_reached: bool,
}

impl Machine for State {
    type Event = Event;
    type Guard = Guard;
    type Facts = Facts;

    const NAME: &'static str = "promotion";

    fn opening() -> Row<Self> {
        Row {
            to: Self::Opened,
            by: By::OneOf(&[Seat::Manager, Seat::Hr]),
            guards: &[Guard::NotOwnPromotion],
        }
    }

    fn row(self, event: Event) -> Option<Row<Self>> {
        use {By::*, Event::*, Guard::*, Seat::*, State::*};
        match (self, event) {
            (Opened, PassPerformance) => {
                to(PerformancePassed, OneOf(&[System]), &[PerformanceGatePassed])
            }
            (Opened, FailPerformance) => to(Ineligible, OneOf(&[System]), &[PerformanceGateFailed]),
            (PerformancePassed, PassCompetency) => {
                to(CompetencyPassed, OneOf(&[Assessor]), &[CompetencyGatePassed, NotOwnPromotion])
            }
            (PerformancePassed, FailCompetency) => {
                to(CompetencyFailed, OneOf(&[Assessor]), &[CompetencyGateFailed, NotOwnPromotion])
            }
            (CompetencyPassed, Nominate) => {
                to(Nominated, OneOf(&[Manager]), &[TeamComponent, NotOwnPromotion])
            }
            (Nominated, Approve) => to(Approved, OneOf(&[Committee]), &[Quorum, NotOwnPromotion]),
            (Nominated, Reject) => to(Rejected, OneOf(&[Committee]), &[Quorum, NotOwnPromotion]),
            (Nominated, Defer) => to(Deferred, OneOf(&[Committee]), &[Quorum, NotOwnPromotion]),
            (Approved, Apply) => {
                to(Effective, OneOf(&[Hr]), &[EffectiveDateReached, NotOwnPromotion])
            }
            (Opened | PerformancePassed | CompetencyPassed | Nominated | Deferred, Withdraw) => {
                to(Withdrawn, OneOf(&[Employee, Manager, Hr]), &[])
            }
            (
                Opened | PerformancePassed | Ineligible | CompetencyPassed | CompetencyFailed
                | Nominated | Approved | Rejected | Deferred | Effective | Withdrawn,
                PassPerformance | FailPerformance | PassCompetency | FailCompetency | Nominate
                | Approve | Reject | Defer | Apply | Withdraw,
            ) => None,
        }
    }

    fn holds(guard: Guard, facts: &Facts) -> bool {
        match guard {
            Guard::PerformanceGatePassed => facts.performance_gate == Some(true),
            Guard::PerformanceGateFailed => facts.performance_gate == Some(false),
            Guard::CompetencyGatePassed => facts.competency_gate == Some(true),
            Guard::CompetencyGateFailed => facts.competency_gate == Some(false),
            Guard::TeamComponent => facts.team_component_reached,
            Guard::NotOwnPromotion => facts.decided_by_another,
            Guard::Quorum => facts.committee_present >= 3,
            Guard::EffectiveDateReached => facts.effective_date_reached,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committee_needs_three() {
        let present = |committee_present| Facts { committee_present, ..Facts::default() };
        assert!(!State::holds(Guard::Quorum, &present(2)));
        assert!(State::holds(Guard::Quorum, &present(3)));
    }
}
