//! The calibration session (校准会). Implements D.6 Calibration session.

use super::{By, Machine, Row, Seat, to};

named_enum! {
    /// States of a calibration session.
    pub enum State {
        /// Being prepared.
        Draft = "draft",
        /// Date and members are set.
        Scheduled = "scheduled",
        /// The meeting takes place; moves are proposed and approved.
        Opened = "open",
        /// The meeting is over and its grades are final.
        Finalised = "finalised",
    }
}

named_enum! {
    /// Events of a calibration session.
    pub enum Event {
        /// Date and members are set.
        Schedule = "schedule",
        /// The meeting begins.
        Open = "open",
        /// A member proposes another grade.
        ProposeMove = "propose_move",
        /// A move gets the last approval it needs and takes effect.
        ApproveMove = "approve_move",
        /// A member, who may be the proposer, rejects a move.
        RejectMove = "reject_move",
        /// The meeting ends and its grades are final.
        Finalise = "finalise",
        /// The session is reopened.
        Reopen = "reopen",
    }
}

named_enum! {
    /// Guards of the transitions of a calibration session.
    pub enum Guard {
        /// At least 2 managers and 1 HR facilitator are present.
        Quorum = "quorum",
        /// Nobody acts on their own review.
        NotOwnReview = "not_own_review",
        /// The approver is not the proposer.
        SecondMember = "second_member",
        /// A move by more than one grade has two approvers; any other move has one.
        EnoughApprovers = "enough_approvers",
        /// The distribution check passes, or EXEC overrides it with a reason.
        DistributionAccepted = "distribution_accepted",
        /// No move waits for approval.
        NoPendingMove = "no_pending_move",
        /// With exact quotas, every tie across a grade boundary has been decided.
        TiesDecided = "ties_decided",
        /// Every final S or D has the evidence that D.5 requires.
        GradesFounded = "grades_founded",
        /// The cycle is not published yet.
        BeforePublication = "before_publication",
        /// A reason is given.
        ReasonGiven = "reason_given",
    }
}

/// The facts that the guards of a calibration session check.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Number of managers present.
    pub managers_present: u32,
    /// Number of HR facilitators present.
    pub facilitators_present: u32,
    /// The person who acts is not the reviewee.
    pub acts_on_another: bool,
    /// The person who approves did not propose the move.
    pub approved_by_another: bool,
    /// By how many grades the move changes the grade; `None` if unknown.
    pub grades_moved: Option<u32>,
    /// Number of approvers of the move, including the present one.
    pub approvers: u32,
    /// The distribution check passes.
    pub distribution_ok: bool,
    /// EXEC has overridden the check and given a reason.
    pub exec_override: bool,
    /// Number of undecided moves; `None` if unknown.
    pub pending_moves: Option<u32>,
    /// Number of ties that the session must decide; `None` if unknown.
    pub undecided_ties: Option<u32>,
    /// Number of final grades S or D without evidence; `None` if unknown.
    pub grades_unfounded: Option<u64>,
    /// The cycle is not published yet.
    pub before_publication: bool,
    /// A reason is given.
    pub reason_given: bool,
}

impl Machine for State {
    type Event = Event;
    type Guard = Guard;
    type Facts = Facts;

    const NAME: &'static str = "calibration session";

    fn opening() -> Row<Self> {
        Row { to: Self::Draft, by: By::OneOf(&[Seat::Hr]), guards: &[] }
    }

    fn row(self, event: Event) -> Option<Row<Self>> {
        use {By::*, Event::*, Guard::*, Seat::*, State::*};
        match (self, event) {
            (Draft, Schedule) => to(Scheduled, OneOf(&[Hr]), &[]),
            (Scheduled, Open) => to(Opened, OneOf(&[Hr]), &[Quorum]),
            (Opened, ProposeMove) => to(Opened, OneOf(&[Member]), &[NotOwnReview]),
            (Opened, ApproveMove) => {
                to(Opened, OneOf(&[Member]), &[NotOwnReview, SecondMember, EnoughApprovers])
            }
            (Opened, RejectMove) => to(Opened, OneOf(&[Member]), &[NotOwnReview]),
            (Opened, Finalise) => to(
                Finalised,
                OneOf(&[Hr]),
                &[DistributionAccepted, NoPendingMove, TiesDecided, GradesFounded],
            ),
            (Finalised, Reopen) => to(Opened, OneOf(&[Exec]), &[BeforePublication, ReasonGiven]),
            (
                Draft | Scheduled | Opened | Finalised,
                Schedule | Open | ProposeMove | ApproveMove | RejectMove | Finalise | Reopen,
            ) => None,
        }
    }

    fn awaits(guard: Guard) -> bool {
        guard == Guard::EnoughApprovers
    }

    fn holds(guard: Guard, facts: &Facts) -> bool {
        match guard {
            Guard::Quorum => facts.managers_present >= 2 && facts.facilitators_present >= 1,
            Guard::NotOwnReview => facts.acts_on_another,
            Guard::SecondMember => facts.approved_by_another,
            Guard::EnoughApprovers => {
                facts.grades_moved.is_some_and(|grades| facts.approvers >= approvers_needed(grades))
            }
            Guard::DistributionAccepted => facts.distribution_ok || facts.exec_override,
            Guard::NoPendingMove => facts.pending_moves == Some(0),
            Guard::TiesDecided => facts.undecided_ties == Some(0),
            Guard::GradesFounded => facts.grades_unfounded == Some(0),
            Guard::BeforePublication => facts.before_publication,
            Guard::ReasonGiven => facts.reason_given,
        }
    }
}

/// How many people besides the proposer must approve a move by this many grades.
pub const fn approvers_needed(grades_moved: u32) -> u32 {
    if grades_moved > 1 { 2 } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quorum_is_two_managers_and_a_facilitator() {
        let present = |managers_present, facilitators_present| Facts {
            managers_present,
            facilitators_present,
            ..Facts::default()
        };
        assert!(State::holds(Guard::Quorum, &present(2, 1)));
        assert!(!State::holds(Guard::Quorum, &present(1, 1)));
        assert!(!State::holds(Guard::Quorum, &present(3, 0)));
    }

    #[test]
    fn a_long_move_needs_two_approvers() {
        let moved =
            |grades, approvers| Facts { grades_moved: Some(grades), approvers, ..Facts::default() };
        assert!(State::holds(Guard::EnoughApprovers, &moved(1, 1)));
        assert!(!State::holds(Guard::EnoughApprovers, &moved(2, 1)));
        assert!(State::holds(Guard::EnoughApprovers, &moved(2, 2)));
    }
}
