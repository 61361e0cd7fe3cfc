//! The performance cycle (绩效周期). Implements D.6 Cycle.

use super::{By, Machine, Row, Seat, Share, to};

text_enum! {
    /// Where a cycle is.
    pub enum State {
        /// Being designed.
        Draft = "draft",
        /// Goals are written and agreed.
        GoalSetting = "goal_setting",
        /// The work is done, progress is followed.
        Executing = "executing",
        /// Self, raters and managers evaluate.
        Evaluating = "evaluating",
        /// Sessions compare the standards.
        Calibrating = "calibrating",
        /// Results stand but are not shown.
        Confirmed = "confirmed",
        /// Results are shown; appeals are possible.
        Published = "published",
        /// Finished.
        Closed = "closed",
        /// Kept for the record.
        Archived = "archived",
        /// Given up.
        Cancelled = "cancelled",
    }
}

text_enum! {
    /// What happens to a cycle.
    pub enum Event {
        /// Goal setting begins.
        Launch = "launch",
        /// Execution begins.
        Start = "start",
        /// Evaluation begins; weight adjustments end.
        OpenEvaluation = "open_evaluation",
        /// Calibration begins.
        OpenCalibration = "open_calibration",
        /// Calibration is finished.
        Confirm = "confirm",
        /// Results are shown; the appeal clock starts.
        Publish = "publish",
        /// The cycle ends.
        Close = "close",
        /// The cycle leaves daily use.
        Archive = "archive",
        /// The cycle is given up.
        Cancel = "cancel",
    }
}

text_enum! {
    /// What a transition of a cycle demands.
    pub enum Guard {
        /// The policy version is published.
        PolicyPublished = "policy_published",
        /// Every stage has one accountable and at least one responsible role.
        RaciComplete = "raci_complete",
        /// Dimension weights sum to 100.00.
        WeightsSumTo100 = "weights_sum_to_100",
        /// The dates of the stages are in order.
        DatesOrdered = "dates_ordered",
        /// Somebody takes part.
        PopulationNotEmpty = "population_not_empty",
        /// The period is as long as the kind of the cycle says.
        KindFits = "kind_fits",
        /// In every dimension enough rater weight can be collected.
        RatersWithinReach = "raters_within_reach",
        /// Nobody would be evaluated by somebody who does not work here.
        ManagersEmployed = "managers_employed",
        /// At least 95 % of the goals are active, or a reason is given.
        GoalsActive = "goals_active",
        /// The first day of evaluation is reached.
        DateReached = "date_reached",
        /// Every manager review is submitted, and not taken up again, or listed as an exception.
        ManagerReviewsIn = "manager_reviews_in",
        /// Every calibration session is finalised.
        SessionsFinalised = "sessions_finalised",
        /// Every final grade S or D has the evidence of D.5.
        GradesFounded = "grades_founded",
        /// The appeal window is over.
        AppealWindowOver = "appeal_window_over",
        /// No appeal is open.
        NoOpenAppeal = "no_open_appeal",
        /// At least 95 % of the interviews are held, or a reason is given.
        InterviewsHeld = "interviews_held",
        /// The retention date is reached.
        RetentionReached = "retention_reached",
        /// A reason is given.
        ReasonGiven = "reason_given",
    }
}

/// What the guards of a cycle look at.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The policy version is published.
    pub policy_published: bool,
    /// Every stage has its roles.
    pub raci_complete: bool,
    /// Dimension weights sum to 100.00.
    pub weights_sum_to_100: bool,
    /// The stages follow each other.
    pub dates_ordered: bool,
    /// The period is as long as the kind says.
    pub kind_fits: bool,
    /// Raters who make up the minimum share can be asked in every dimension.
    pub raters_within_reach: bool,
    /// People in the cycle.
    pub population: u64,
    /// People evaluated whose manager does not work here; unknown when absent.
    pub under_leavers: Option<u64>,
    /// Active goals of all goals.
    pub goals_active: Share,
    /// Today is on or after the first day of evaluation.
    pub evaluation_date_reached: bool,
    /// Manager reviews neither submitted nor listed as exceptions, and once calibration is open those
    /// that are not in it; unknown when absent.
    pub manager_reviews_missing: Option<u64>,
    /// Calibration sessions not finalised; unknown when absent.
    pub sessions_unfinished: Option<u64>,
    /// Final grades S or D without evidence; unknown when absent.
    pub grades_unfounded: Option<u64>,
    /// The appeal window is over.
    pub appeal_window_over: bool,
    /// Appeals without a final answer; unknown when absent.
    pub open_appeals: Option<u64>,
    /// Interviews held of interviews due.
    pub interviews_held: Share,
    /// Today is on or after the retention date.
    pub retention_reached: bool,
    /// A reason was written.
    pub reason_given: bool,
}

impl State {
    /// Whether it has begun and its results are not confirmed yet: what they rest on may still change.
    pub const fn is_under_way(self) -> bool {
        use State::{Calibrating, Evaluating, Executing, GoalSetting};
        matches!(self, GoalSetting | Executing | Evaluating | Calibrating)
    }
}

impl Machine for State {
    type Event = Event;
    type Guard = Guard;
    type Facts = Facts;

    const NAME: &'static str = "cycle";

    fn opening() -> Row<Self> {
        Row { to: Self::Draft, by: By::OneOf(&[Seat::Hr]), guards: &[] }
    }

    fn row(self, event: Event) -> Option<Row<Self>> {
        use {By::*, Event::*, Guard::*, Seat::*, State::*};
        match (self, event) {
            (Draft, Launch) => to(
                GoalSetting,
                OneOf(&[Hr]),
                &[
                    PolicyPublished,
                    RaciComplete,
                    WeightsSumTo100,
                    DatesOrdered,
                    PopulationNotEmpty,
                    KindFits,
                    RatersWithinReach,
                    ManagersEmployed,
                ],
            ),
            (GoalSetting, Start) => to(Executing, OneOf(&[Hr]), &[GoalsActive]),
            (Executing, OpenEvaluation) => to(Evaluating, OneOf(&[Hr, System]), &[DateReached]),
            (Evaluating, OpenCalibration) => to(Calibrating, OneOf(&[Hr]), &[ManagerReviewsIn]),
            (Calibrating, Confirm) => {
                to(Confirmed, OneOf(&[Hr]), &[ManagerReviewsIn, SessionsFinalised, GradesFounded])
            }
            // A session may have been taken up again after the confirmation.
            (Confirmed, Publish) => to(Published, Together(&[Hr, Exec]), &[SessionsFinalised]),
            (Published, Close) => {
                to(Closed, OneOf(&[Hr]), &[AppealWindowOver, NoOpenAppeal, InterviewsHeld])
            }
            (Closed, Archive) => to(Archived, OneOf(&[Hr, System]), &[RetentionReached]),
            (Draft | GoalSetting | Executing | Evaluating, Cancel) => {
                to(Cancelled, Together(&[Hr, Exec]), &[ReasonGiven])
            }
            (
                Draft | GoalSetting | Executing | Evaluating | Calibrating | Confirmed | Published
                | Closed | Archived | Cancelled,
                Launch | Start | OpenEvaluation | OpenCalibration | Confirm | Publish | Close
                | Archive | Cancel,
            ) => None,
        }
    }

    fn holds(guard: Guard, facts: &Facts) -> bool {
        match guard {
            Guard::PolicyPublished => facts.policy_published,
            Guard::RaciComplete => facts.raci_complete,
            Guard::WeightsSumTo100 => facts.weights_sum_to_100,
            Guard::DatesOrdered => facts.dates_ordered,
            Guard::PopulationNotEmpty => facts.population > 0,
            Guard::KindFits => facts.kind_fits,
            Guard::RatersWithinReach => facts.raters_within_reach,
            Guard::ManagersEmployed => facts.under_leavers == Some(0),
            Guard::GoalsActive => facts.goals_active.reaches(95) || facts.reason_given,
            Guard::DateReached => facts.evaluation_date_reached,
            Guard::ManagerReviewsIn => facts.manager_reviews_missing == Some(0),
            Guard::SessionsFinalised => facts.sessions_unfinished == Some(0),
            Guard::GradesFounded => facts.grades_unfounded == Some(0),
            Guard::AppealWindowOver => facts.appeal_window_over,
            Guard::NoOpenAppeal => facts.open_appeals == Some(0),
            Guard::InterviewsHeld => facts.interviews_held.reaches(95) || facts.reason_given,
            Guard::RetentionReached => facts.retention_reached,
            Guard::ReasonGiven => facts.reason_given,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ninety_five_percent_or_a_reason() {
        let with = |part, reason_given| Facts {
            goals_active: Share { part, whole: 100 },
            reason_given,
            ..Facts::default()
        };
        assert!(State::holds(Guard::GoalsActive, &with(95, false)));
        assert!(!State::holds(Guard::GoalsActive, &with(94, false)));
        assert!(State::holds(Guard::GoalsActive, &with(0, true)));
    }
}
