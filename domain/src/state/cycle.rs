//! The performance cycle (绩效周期). Implements D.6 Cycle.

use super::{By, Machine, Row, Seat, Share, to};

named_enum! {
    /// States of a cycle.
    pub enum State {
        /// HR designs the cycle.
        Draft = "draft",
        /// Goals are written and agreed.
        GoalSetting = "goal_setting",
        /// People work on their goals and report progress.
        Executing = "executing",
        /// People, raters and managers write reviews.
        Evaluating = "evaluating",
        /// Calibration sessions compare grades across teams.
        Calibrating = "calibrating",
        /// Results are final but not shown yet.
        Confirmed = "confirmed",
        /// Results are shown, and people may appeal.
        Published = "published",
        /// Finished.
        Closed = "closed",
        /// Kept for the record only.
        Archived = "archived",
        /// Cancelled before its results were final.
        Cancelled = "cancelled",
    }
}

named_enum! {
    /// Events of a cycle.
    pub enum Event {
        /// Goal setting begins.
        Launch = "launch",
        /// Execution begins.
        Start = "start",
        /// Evaluation begins; department weights can no longer change.
        OpenEvaluation = "open_evaluation",
        /// Calibration begins.
        OpenCalibration = "open_calibration",
        /// Calibration ends and the results are final.
        Confirm = "confirm",
        /// Results are shown; the time for appeals begins.
        Publish = "publish",
        /// The cycle ends.
        Close = "close",
        /// The cycle is kept for the record only.
        Archive = "archive",
        /// The cycle is cancelled.
        Cancel = "cancel",
    }
}

named_enum! {
    /// Guards of the transitions of a cycle.
    pub enum Guard {
        /// The policy version is published.
        PolicyPublished = "policy_published",
        /// Every stage has one accountable and at least one responsible role.
        RaciComplete = "raci_complete",
        /// The weights of the dimensions sum to 100.00.
        WeightsSumTo100 = "weights_sum_to_100",
        /// The dates of the stages are in the right order.
        DatesOrdered = "dates_ordered",
        /// At least one person takes part.
        PopulationNotEmpty = "population_not_empty",
        /// The length of the period fits the kind of the cycle.
        KindFits = "kind_fits",
        /// In every dimension raters with enough weight can be asked.
        RatersWithinReach = "raters_within_reach",
        /// Every evaluated person has a manager who works here.
        ManagersEmployed = "managers_employed",
        /// At least 95 % of the goals are active, or a reason is given.
        GoalsActive = "goals_active",
        /// The first day of evaluation has come.
        DateReached = "date_reached",
        /// Every manager review is handed in and not reopened, or is listed as an exception.
        ManagerReviewsIn = "manager_reviews_in",
        /// Every calibration session is finalised.
        SessionsFinalised = "sessions_finalised",
        /// Every final S or D has the evidence that D.5 requires.
        GradesFounded = "grades_founded",
        /// The time for appeals is over.
        AppealWindowOver = "appeal_window_over",
        /// No appeal is open.
        NoOpenAppeal = "no_open_appeal",
        /// At least 95 % of the interviews are held, or a reason is given.
        InterviewsHeld = "interviews_held",
        /// The retention date has come.
        RetentionReached = "retention_reached",
        /// A reason is given.
        ReasonGiven = "reason_given",
    }
}

/// The facts that the guards of a cycle check.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The policy version is published.
    pub policy_published: bool,
    /// Every stage has one accountable and at least one responsible role.
    pub raci_complete: bool,
    /// Dimension weights sum to 100.00.
    pub weights_sum_to_100: bool,
    /// The dates of the stages are in the right order.
    pub dates_ordered: bool,
    /// The length of the period fits the kind of the cycle.
    pub kind_fits: bool,
    /// In every dimension the raters who can be asked have the least share of the weight.
    pub raters_within_reach: bool,
    /// Number of people in the cycle.
    pub population: u64,
    /// Number of evaluated people whose manager does not work here; `None` if unknown.
    pub under_leavers: Option<u64>,
    /// Active goals as a share of all goals.
    pub goals_active: Share,
    /// Today is on or after the first day of evaluation.
    pub evaluation_date_reached: bool,
    /// Number of manager reviews that are neither handed in nor listed as exceptions and, once
    /// calibration is open, of reviews that are not in it; `None` if unknown.
    pub manager_reviews_missing: Option<u64>,
    /// Number of calibration sessions that are not finalised; `None` if unknown.
    pub sessions_unfinished: Option<u64>,
    /// Number of final grades S or D without evidence; `None` if unknown.
    pub grades_unfounded: Option<u64>,
    /// The time for appeals is over.
    pub appeal_window_over: bool,
    /// Number of open appeals; `None` if unknown.
    pub open_appeals: Option<u64>,
    /// Interviews held as a share of interviews due.
    pub interviews_held: Share,
    /// Today is on or after the retention date.
    pub retention_reached: bool,
    /// A reason is given.
    pub reason_given: bool,
}

impl State {
    /// Whether the cycle is launched and its results are not yet confirmed, so that data may still
    /// change.
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
            // A session may have been reopened after the confirmation.
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
