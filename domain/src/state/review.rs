//! The review of one person in one cycle (考核表). Implements D.6 Review.

use super::{By, Machine, Row, Seat, to};

/// Working days after which a missing self-review may be skipped.
const SELF_OVERDUE_WORKDAYS: u32 = 3;

text_enum! {
    /// Where a review is.
    pub enum State {
        /// The person writes the self-review.
        PendingSelf = "pending_self",
        /// Raters answer.
        PendingRaters = "pending_raters",
        /// The manager rates.
        PendingManager = "pending_manager",
        /// The manager's manager looks at it.
        SecondReview = "second_review",
        /// In a calibration session.
        InCalibration = "in_calibration",
        /// The grade stands but is not shown.
        Calibrated = "calibrated",
        /// The result is shown.
        Published = "published",
        /// The person has taken note.
        Acknowledged = "acknowledged",
        /// The person disagrees.
        Disagreed = "disagreed",
        /// Nothing changes any more.
        Final = "final",
    }
}

text_enum! {
    /// What happens to a review.
    pub enum Event {
        /// The self-review is handed in.
        SubmitSelf = "submit_self",
        /// The overdue self-review is skipped and marked so.
        SkipSelf = "skip_self",
        /// The window of the raters closes.
        CloseRaters = "close_raters",
        /// The manager hands in the rating.
        SubmitManager = "submit_manager",
        /// The second look is given.
        ApproveSecond = "approve_second",
        /// The policy asks for no second look.
        SkipSecond = "skip_second",
        /// The self-review goes back to the person.
        ReturnToSelf = "return_to_self",
        /// The rating goes back to the manager.
        ReturnToManager = "return_to_manager",
        /// HR takes a rating that was handed in up again.
        Reopen = "reopen",
        /// The calibration session is finalised.
        Finalise = "finalise",
        /// The cycle is published.
        Publish = "publish",
        /// The person takes note.
        Acknowledge = "acknowledge",
        /// The person disagrees; the way to appeal is shown.
        Disagree = "disagree",
        /// The result becomes final.
        Conclude = "conclude",
    }
}

text_enum! {
    /// What a transition of a review demands.
    pub enum Guard {
        /// The self-review is overdue by 3 working days, or the person does not work here any more.
        SelfOverdue = "self_overdue",
        /// The due date of the raters is reached, or all have answered.
        RatersDueOrIn = "raters_due_or_in",
        /// Ratings that need evidence have it (D.5).
        EvidencePresent = "evidence_present",
        /// The process records the policy demands exist.
        ProcessRecords = "process_records",
        /// Missing raters and missing data are settled by the rules (B.9, D.3).
        MissingSettled = "missing_settled",
        /// Nobody rates an own review.
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
        /// The appeal window is over without an appeal, or the appeal is closed.
        AppealSettled = "appeal_settled",
    }
}

/// What the guards of a review look at.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Working days since the self-review was due.
    pub self_overdue_workdays: u32,
    /// The person does not work here any more.
    pub person_left: bool,
    /// The due date of the raters is reached.
    pub raters_due: bool,
    /// Every rater has submitted, declined or expired.
    pub raters_all_in: bool,
    /// Every rating of the form satisfies D.5.
    pub evidence_present: bool,
    /// The process records the policy demands exist, or the policy only warns.
    pub process_records: bool,
    /// The rules for missing raters and missing data are satisfied.
    pub missing_settled: bool,
    /// The person acting is not the ratee.
    pub rated_by_another: bool,
    /// `review.second_review` is off.
    pub second_review_off: bool,
    /// A reason was written.
    pub reason_given: bool,
    /// No session has moved the grade.
    pub grade_unmoved: bool,
    /// The session of the review is finalised.
    pub session_finalised: bool,
    /// The cycle is published.
    pub cycle_published: bool,
    /// The appeal window is over and no appeal is open.
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
            // Silence must not keep a result open for ever, so `published` may end as well.
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
