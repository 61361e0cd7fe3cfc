//! The review of one person in one cycle (考核表). Implements D.6 Review.

use super::{By, Machine, Row, Seat, to};

/// A self-review may be skipped once it is overdue by this many working days.
const SELF_OVERDUE_WORKDAYS: u32 = 3;

named_enum! {
    /// States of a review.
    pub enum State {
        /// The person is to write the self-review.
        PendingSelf = "pending_self",
        /// Raters are to answer.
        PendingRaters = "pending_raters",
        /// The manager is to rate.
        PendingManager = "pending_manager",
        /// The manager's manager is to confirm the rating.
        SecondReview = "second_review",
        /// The grade is to be calibrated.
        InCalibration = "in_calibration",
        /// The grade is final but not shown yet.
        Calibrated = "calibrated",
        /// The result is shown.
        Published = "published",
        /// The person has acknowledged the result.
        Acknowledged = "acknowledged",
        /// The person disagrees with the result.
        Disagreed = "disagreed",
        /// Nothing can change any more.
        Final = "final",
    }
}

named_enum! {
    /// Events of a review.
    pub enum Event {
        /// The self-review is handed in.
        SubmitSelf = "submit_self",
        /// The overdue self-review is skipped and marked as skipped.
        SkipSelf = "skip_self",
        /// The time for raters to answer ends.
        CloseRaters = "close_raters",
        /// The manager hands in the rating.
        SubmitManager = "submit_manager",
        /// The manager's manager confirms the rating.
        ApproveSecond = "approve_second",
        /// The policy requires no second review, so it is skipped.
        SkipSecond = "skip_second",
        /// The self-review is returned to the person.
        ReturnToSelf = "return_to_self",
        /// The rating is returned to the manager.
        ReturnToManager = "return_to_manager",
        /// HR reopens a rating that was handed in.
        Reopen = "reopen",
        /// The calibration session is finalised and the grade is final.
        Finalise = "finalise",
        /// The cycle is published and the result is shown.
        Publish = "publish",
        /// The person acknowledges the result.
        Acknowledge = "acknowledge",
        /// The person disagrees with the result; the way to appeal is shown.
        Disagree = "disagree",
        /// The result becomes final.
        Conclude = "conclude",
    }
}

named_enum! {
    /// Guards of the transitions of a review.
    pub enum Guard {
        /// The self-review is overdue by 3 working days, or the person no longer works here.
        SelfOverdue = "self_overdue",
        /// The due date of the raters has come, or all have answered.
        RatersDueOrIn = "raters_due_or_in",
        /// Ratings that need evidence have it (D.5).
        EvidencePresent = "evidence_present",
        /// The process records that the policy requires exist.
        ProcessRecords = "process_records",
        /// Missing raters and missing data are settled by the rules (B.9, D.3).
        MissingSettled = "missing_settled",
        /// Nobody rates themselves.
        NotOwnReview = "not_own_review",
        /// The policy has no second review.
        SecondReviewOff = "second_review_off",
        /// A reason is given.
        ReasonGiven = "reason_given",
        /// No session has moved the grade.
        GradeUnmoved = "grade_unmoved",
        /// The calibration session is finalised.
        SessionFinalised = "session_finalised",
        /// The cycle is published.
        CyclePublished = "cycle_published",
        /// The time for appeals is over without an appeal, or the appeal is closed.
        AppealSettled = "appeal_settled",
    }
}

/// The facts that the guards of a review check.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Number of working days since the self-review was due.
    pub self_overdue_workdays: u32,
    /// The person no longer works here.
    pub person_left: bool,
    /// The due date of the raters has come.
    pub raters_due: bool,
    /// Every rater has handed in or declined, or the rater's time is over.
    pub raters_all_in: bool,
    /// Every rating of the part handed in satisfies D.5.
    pub evidence_present: bool,
    /// The process records that the policy requires exist, or the policy only warns.
    pub process_records: bool,
    /// The rules for missing raters and missing data are satisfied.
    pub missing_settled: bool,
    /// The person who acts is not the reviewee.
    pub rated_by_another: bool,
    /// `review.second_review` is off.
    pub second_review_off: bool,
    /// A reason is given.
    pub reason_given: bool,
    /// No session has moved the grade.
    pub grade_unmoved: bool,
    /// The session of the review is finalised.
    pub session_finalised: bool,
    /// The cycle is published.
    pub cycle_published: bool,
    /// The time for appeals is over and no appeal is open.
    pub appeal_settled: bool,
}

impl Machine for State {
    type Event = Event;
    type Guard = Guard;
    type Facts = Facts;

    const NAME: &'static str = "review";

    fn opening() -> Row<Self> {
        Row { to: Self::PendingSelf, by: By::OneOf(&[Seat::System]), guards: &[] }
    }

    fn row(self, event: Event) -> Option<Row<Self>> {
        use {By::*, Event::*, Guard::*, Seat::*, State::*};
        match (self, event) {
            (PendingSelf, SubmitSelf) => {
                to(PendingRaters, OneOf(&[Employee]), &[EvidencePresent, MissingSettled])
            }
            (PendingSelf, SkipSelf) => to(PendingRaters, OneOf(&[Hr, System]), &[SelfOverdue]),
            (PendingRaters, CloseRaters) => to(PendingManager, OneOf(&[System]), &[RatersDueOrIn]),
            (PendingManager, SubmitManager) => to(
                SecondReview,
                OneOf(&[Manager]),
                &[EvidencePresent, ProcessRecords, MissingSettled, NotOwnReview],
            ),
            (PendingManager, ReturnToSelf) => to(PendingSelf, OneOf(&[Manager]), &[ReasonGiven]),
            (SecondReview, ReturnToSelf) => to(PendingSelf, OneOf(&[NextLevel]), &[ReasonGiven]),
            (SecondReview, ReturnToManager) => {
                to(PendingManager, OneOf(&[NextLevel]), &[ReasonGiven])
            }
            (SecondReview, ApproveSecond) => {
                to(InCalibration, OneOf(&[NextLevel]), &[NotOwnReview])
            }
            (SecondReview, SkipSecond) => to(InCalibration, OneOf(&[System]), &[SecondReviewOff]),
            (SecondReview | InCalibration, Reopen) => {
                to(PendingManager, OneOf(&[Hr]), &[ReasonGiven, GradeUnmoved])
            }
            (InCalibration, Finalise) => to(Calibrated, OneOf(&[System]), &[SessionFinalised]),
            (Calibrated, Publish) => to(Published, OneOf(&[System]), &[CyclePublished]),
            (Published, Acknowledge) => to(Acknowledged, OneOf(&[Employee]), &[]),
            (Published, Disagree) => to(Disagreed, OneOf(&[Employee]), &[]),
            // A result must not stay open for ever because the person says nothing, so `published`
            // may end too.
            (Published | Acknowledged | Disagreed, Conclude) => {
                to(Final, OneOf(&[System]), &[AppealSettled])
            }
            (
                PendingSelf | PendingRaters | PendingManager | SecondReview | InCalibration
                | Calibrated | Published | Acknowledged | Disagreed | Final,
                SubmitSelf | SkipSelf | CloseRaters | SubmitManager | ApproveSecond | SkipSecond
                | ReturnToSelf | ReturnToManager | Reopen | Finalise | Publish | Acknowledge
                | Disagree | Conclude,
            ) => None,
        }
    }

    fn holds(guard: Guard, facts: &Facts) -> bool {
        match guard {
            Guard::SelfOverdue => {
                facts.person_left || facts.self_overdue_workdays >= SELF_OVERDUE_WORKDAYS
            }
            Guard::RatersDueOrIn => facts.raters_due || facts.raters_all_in,
            Guard::EvidencePresent => facts.evidence_present,
            Guard::ProcessRecords => facts.process_records,
            Guard::MissingSettled => facts.missing_settled,
            Guard::NotOwnReview => facts.rated_by_another,
            Guard::SecondReviewOff => facts.second_review_off,
            Guard::ReasonGiven => facts.reason_given,
            Guard::GradeUnmoved => facts.grade_unmoved,
            Guard::SessionFinalised => facts.session_finalised,
            Guard::CyclePublished => facts.cycle_published,
            Guard::AppealSettled => facts.appeal_settled,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn self_review_is_skipped_from_the_third_working_day() {
        let overdue = |days| Facts { self_overdue_workdays: days, ..Facts::default() };
        assert!(!State::holds(Guard::SelfOverdue, &overdue(2)));
        assert!(State::holds(Guard::SelfOverdue, &overdue(3)));
        let left = Facts { person_left: true, ..overdue(0) };
        assert!(State::holds(Guard::SelfOverdue, &left));
    }
}
