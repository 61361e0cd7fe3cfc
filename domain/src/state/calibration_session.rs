//! The calibration session (校准会). Implements D.6 Calibration session.

use super::{By, Machine, Row, Seat, to};

text_enum! {
    /// Where a session is.
    pub enum State {
        /// Being prepared.
        Draft = "draft",
        /// Date and members are set.
        Scheduled = "scheduled",
        /// In session; moves are proposed and approved.
        Opened = "open",
        /// The grades stand.
        Finalised = "finalised",
    }
}

text_enum! {
    /// What happens to a session.
    pub enum Event {
        /// Date and members are set.
        Schedule = "schedule",
        /// The meeting begins.
        Open = "open",
        /// A member proposes another grade.
        ProposeMove = "propose_move",
        /// The last approval a move needs is given, and the move takes effect.
        ApproveMove = "approve_move",
        /// A member, the proposer also, puts a move aside.
        RejectMove = "reject_move",
        /// The session ends and its grades stand.
        Finalise = "finalise",
        /// The session is taken up again.
        Reopen = "reopen",
    }
}

text_enum! {
    /// What a transition of a session demands.
    pub enum Guard {
        /// At least 2 managers and 1 HR facilitator are present.
        Quorum = "quorum",
        /// Nobody calibrates an own review.
        NotOwnReview = "not_own_review",
        /// The approver is not the proposer.
        SecondMember = "second_member",
        /// A move by more than one grade has two approvers.
        EnoughApprovers = "enough_approvers",
        /// The distribution is accepted, or EXEC overrides with a reason.
        DistributionAccepted = "distribution_accepted",
        /// No move waits for approval.
        NoPendingMove = "no_pending_move",
        /// Where quotas are exact, equals across a grade boundary have been told apart.
        TiesDecided = "ties_decided",
        /// Every final grade S or D has the evidence of D.5.
        GradesFounded = "grades_founded",
        /// The cycle is not published yet.
        BeforePublication = "before_publication",
        /// A reason is given.
        ReasonGiven = "reason_given",
    }
}

/// What the guards of a session look at.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Managers present.
    pub managers_present: u32,
    /// HR facilitators present.
    pub facilitators_present: u32,
    /// The person acting is not the ratee.
    pub acts_on_another: bool,
    /// The person approving did not propose the move.
    pub approved_by_another: bool,
    /// Grades the move crosses; unknown when absent.
    pub grades_moved: Option<u32>,
    /// Approvers of the move, the present one included.
    pub approvers: u32,
    /// The distribution check answers OK.
    pub distribution_ok: bool,
    /// EXEC has overridden the check and written a reason.
    pub exec_override: bool,
    /// Moves without decision; unknown when absent.
    pub pending_moves: Option<u32>,
    /// Groups of equals that the session has to tell apart; unknown when absent.
    pub undecided_ties: Option<u32>,
    /// Final grades S or D without evidence; unknown when absent.
    pub grades_unfounded: Option<u64>,
    /// The cycle is not published yet.
    pub before_publication: bool,
    /// A reason was written.
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

/// How many people besides the proposer must approve a move by so many grades.
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
