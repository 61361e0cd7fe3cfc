//! The review of one person in one cycle (考核表): what the person and the manager wrote, and the
//! results.
//!
//! [`crate::state::review`] says how a review moves from state to state. Composite score and
//! computed, calibrated and final grade are kept separately; none overwrites another (E.5).

use crate::core::calendar::Period;
use crate::core::error::DomainError;
use crate::core::id::{
    CalibrationSessionId, CycleId, EmployeeId, OrgUnitId, ParticipantId, ReviewId,
};
use crate::core::number::Exact;
use crate::core::time::Timestamp;
use crate::policy::{Protected, Stage, Target};
use crate::scoring::review::evidence::{Evidence, Judgement, check_evidence};
use crate::scoring::scale::Grade;
use crate::state::cycle;
use crate::state::review::State;
use crate::text_enum;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// One item of evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceItem {
    /// Kind of the evidence.
    pub kind: crate::scoring::review::evidence::EvidenceKind,
    /// The day on which it happened.
    pub date: NaiveDate,
    /// Description of the evidence.
    pub text: String,
}

/// Items of evidence in the form that the check of D.5 needs.
pub fn cited(items: &[EvidenceItem]) -> Vec<Evidence> {
    items.iter().map(|item| Evidence { kind: item.kind, date: item.date }).collect()
}

/// A rating in one dimension.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rating {
    /// Code of the dimension.
    pub dimension: String,
    /// The rating, 1 to 5.
    pub rating: Exact,
    /// Why the rating was given.
    pub comment: String,
    /// Evidence for the rating.
    pub evidence: Vec<EvidenceItem>,
}

text_enum! {
    /// What is unusual about a part that was handed in: a warning, never a refusal.
    pub enum ReviewWarning {
        /// In some months of the period nothing about the work was entered (R59).
        NoProcessRecords = "no_process_records",
    }
}

/// What the person or the manager wrote: a draft until it is handed in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReviewPart {
    /// Ratings, one per dimension.
    pub ratings: Vec<Rating>,
    /// Comment on the performance as a whole.
    pub comment: Option<String>,
    /// When it was handed in; `None` while it is a draft.
    pub submitted_at: Option<Timestamp>,
    /// Whether it was skipped because it was overdue, so that nobody handed it in.
    #[serde(default)]
    pub skipped: bool,
    /// Why it was returned; `None` again once it is handed in.
    #[serde(default)]
    pub returned_because: Option<String>,
    /// What was unusual when it was handed in.
    #[serde(default)]
    pub warnings: Vec<ReviewWarning>,
}

impl ReviewPart {
    /// The rating of a dimension.
    pub fn rating(&self, dimension: &str) -> Option<&Rating> {
        self.ratings.iter().find(|rating| rating.dimension == dimension)
    }

    /// This part, handed in at `now`.
    pub fn submitted(self, now: Timestamp, warnings: Vec<ReviewWarning>) -> ReviewPart {
        ReviewPart { submitted_at: Some(now), returned_because: None, warnings, ..self }
    }

    /// This part as a draft again, with the reason why it was returned.
    pub fn returned(self, reason: Option<String>) -> ReviewPart {
        ReviewPart {
            submitted_at: None,
            skipped: false,
            returned_because: reason,
            warnings: Vec::new(),
            ..self
        }
    }

    /// Every rating without the evidence that D.5 requires, by its position in the list.
    pub fn unfounded(&self, period: Period) -> Vec<(usize, DomainError)> {
        let fault = |(at, rating): (usize, &Rating)| {
            let judgement = Judgement::Rating(rating.rating.clone());
            let checked =
                check_evidence(&judgement, &cited(&rating.evidence), &rating.comment, period);
            checked.err().map(|error| (at, error))
        };
        self.ratings.iter().enumerate().filter_map(fault).collect()
    }

    /// Checks that the part has the evidence and comment that D.5 requires for a final grade. Any
    /// evidence and any comment in the part will do.
    ///
    /// # Errors
    /// `EVIDENCE_REQUIRED` if evidence or comment is missing.
    pub fn check_final(&self, grade: Grade, period: Period) -> crate::Result<()> {
        let evidence: Vec<_> =
            self.ratings.iter().flat_map(|rating| cited(&rating.evidence)).collect();
        let judgement = Judgement::FinalGrade(grade);
        let check = |comment: &str| check_evidence(&judgement, &evidence, comment, period);
        let mut comments = self.ratings.iter().map(|rating| &rating.comment).chain(&self.comment);
        if comments.any(|comment| check(comment).is_ok()) { Ok(()) } else { check("") }
    }

    /// Whether the part has the evidence that D.5 requires for a final S or D.
    pub fn bears_extremes(&self, period: Period) -> bool {
        self.check_final(Grade::D, period).is_ok()
    }
}

/// The results of one review, kept separately.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Results {
    /// Performance total, 2 places.
    pub performance: Option<Decimal>,
    /// Composite score, 2 places.
    pub composite: Option<Decimal>,
    /// Collaboration score, which breaks ties (E.3), 2 places.
    pub collaboration: Option<Decimal>,
    /// Computed grade: the grade of the composite score.
    pub computed_grade: Option<Grade>,
    /// Calibrated grade; `None` where no session moved the grade.
    pub calibrated_grade: Option<Grade>,
    /// Final grade; set when calibration ends.
    pub final_grade: Option<Grade>,
    /// The best grade that a confirmed veto allows; `None` without a veto.
    pub veto_grade: Option<Grade>,
}

impl Results {
    /// The present grade: the final grade if there is one, else the calibrated or else the computed
    /// grade, limited by a veto.
    pub fn present_grade(&self) -> Option<Grade> {
        let moved = self.calibrated_grade.or(self.computed_grade);
        let capped = moved.map(|grade| self.veto_grade.map_or(grade, |cap| grade.min(cap)));
        self.final_grade.or(capped)
    }

    /// These results with newly computed scores and computed grade. Decisions of people stay,
    /// except that a calibrated grade is dropped if the computed grade has changed.
    pub fn computed_again(&self, computed: &Results) -> Results {
        Results {
            performance: computed.performance,
            composite: computed.composite,
            collaboration: computed.collaboration,
            computed_grade: computed.computed_grade,
            calibrated_grade: self
                .calibrated_grade
                .filter(|_| computed.computed_grade == self.computed_grade),
            ..self.clone()
        }
    }

    /// Whether the final grade will be an S or D that the manager's review, and not a move, must
    /// support with evidence (D.5).
    pub fn need_evidence(&self) -> bool {
        let is_vetoed = self.veto_grade == Some(Grade::D);
        match (self.computed_grade, self.calibrated_grade) {
            (None, _) => false,
            (Some(_), Some(moved)) => is_vetoed && moved != Grade::D,
            (Some(Grade::D), None) => true,
            (Some(Grade::S), None) => {
                is_vetoed || self.veto_grade.is_none_or(|veto| veto == Grade::S)
            }
            (Some(_), None) => is_vetoed,
        }
    }

    /// What remains when the rating is taken back: results computed from the rating are dropped.
    /// The explanation of how they were computed stays on record.
    pub fn without_rating(&self) -> Results {
        Results { performance: self.performance, veto_grade: self.veto_grade, ..Results::default() }
    }
}

impl State {
    /// Whether the grade is final, so that nothing it depends on may change any more.
    pub fn is_finalised(self) -> bool {
        matches!(
            self,
            State::Calibrated
                | State::Published
                | State::Acknowledged
                | State::Disagreed
                | State::Final
        )
    }

    /// Whether the rating is handed in but the grade is not final: changes of the data then lead to
    /// a new computation.
    pub fn is_rated(self) -> bool {
        matches!(self, State::SecondReview | State::InCalibration)
    }

    /// The access stage of rating and grade in this state.
    pub fn rating_stage(self) -> Stage {
        match self {
            State::PendingSelf | State::PendingRaters | State::PendingManager => Stage::Draft,
            State::SecondReview => Stage::Submitted,
            State::InCalibration | State::Calibrated => Stage::Calibration,
            State::Published | State::Acknowledged | State::Disagreed | State::Final => {
                Stage::Released
            }
        }
    }
}

/// The review of one person in one cycle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// Id of the review.
    pub id: ReviewId,
    /// Id of the participant.
    pub participant_id: ParticipantId,
    /// Id of the cycle.
    pub cycle_id: CycleId,
    /// The reviewee.
    pub employee_id: EmployeeId,
    /// The manager who is responsible for the review.
    pub manager_id: Option<EmployeeId>,
    /// The department in whose distribution the grade counts.
    pub department_id: Option<OrgUnitId>,
    /// Code of the policy's population, which decides the dimensions.
    pub population: String,
    /// Whether the person counts towards the quotas.
    pub counts_for_quota: bool,
    /// State of the review.
    pub state: State,
    /// State of the cycle: it limits when reviews can be written.
    pub cycle_state: cycle::State,
    /// The part that the reviewee wrote.
    pub self_review: ReviewPart,
    /// The part that the manager wrote.
    pub manager_review: ReviewPart,
    /// Whether the manager's rating was handed in with the evidence required for a final S or D
    /// (D.5).
    pub is_founded: bool,
    /// Results so far.
    pub results: Results,
    /// The calibration session that compares the grade.
    pub session_id: Option<CalibrationSessionId>,
    /// Why the person disagrees with the result.
    pub disagreement: Option<String>,
    /// When the person acknowledged the result or disagreed with it.
    pub acknowledged_at: Option<Timestamp>,
    /// Version of the record: counts changes of the state, from 1. Drafts, computations and moves
    /// do not raise it, since not everybody who sees the version may learn of them.
    pub version: i32,
    /// When the record was created.
    pub created_at: Timestamp,
    /// When the state last changed.
    pub updated_at: Timestamp,
}

impl Review {
    /// Whether the review has the evidence that the grade of these results requires.
    pub fn bears(&self, results: &Results) -> bool {
        self.is_founded || !results.need_evidence()
    }

    /// The access stage of the self-review.
    pub fn self_review_stage(&self) -> Stage {
        match self.state {
            State::PendingRaters | State::PendingManager | State::SecondReview => Stage::Submitted,
            _ => self.rating_stage(),
        }
    }

    /// The access stage of rating and grade.
    pub fn rating_stage(&self) -> Stage {
        self.state.rating_stage()
    }

    /// The facts that the access policy needs to decide about one part of the review.
    pub fn part(&self, stage: Stage) -> Target {
        Target {
            id: self.id.uuid(),
            about: Some(self.employee_id),
            responsible: self.manager_id,
            session: self.session_id,
            stage: Some(stage),
            ..Target::default()
        }
    }
}

impl Protected for Review {
    fn target(&self, _: NaiveDate) -> Target {
        self.part(self.rating_stage())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::core::error::Code;
    use uuid::Uuid;

    /// A review of person 2 by manager 3.
    pub fn review(state: State, cycle_state: cycle::State) -> Review {
        Review {
            id: Uuid::from_u128(1).into(),
            participant_id: Uuid::from_u128(4).into(),
            cycle_id: Uuid::from_u128(5).into(),
            employee_id: Uuid::from_u128(2).into(),
            manager_id: Some(Uuid::from_u128(3).into()),
            department_id: None,
            population: "all".to_owned(),
            counts_for_quota: true,
            state,
            cycle_state,
            self_review: ReviewPart::default(),
            manager_review: ReviewPart::default(),
            is_founded: false,
            results: Results::default(),
            session_id: Some(Uuid::from_u128(6).into()),
            disagreement: None,
            acknowledged_at: None,
            version: 1,
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn rating(dimension: &str, rating: i32) -> Rating {
        let (dimension, comment) = (dimension.to_owned(), String::new());
        Rating { dimension, rating: rating.into(), comment, evidence: vec![] }
    }

    #[test]
    fn what_is_given_back_keeps_what_was_written() {
        let now = Timestamp::UNIX_EPOCH;
        let ratings = vec![rating("competency", 3), rating("behaviour", 4)];
        let draft = ReviewPart { ratings, comment: Some("solid".into()), ..Default::default() };
        assert_eq!(draft.rating("behaviour"), draft.ratings.last());
        assert_eq!(draft.rating("collaboration"), None);

        let warnings = vec![ReviewWarning::NoProcessRecords];
        let submitted = draft.clone().submitted(now, warnings.clone());
        let expected = ReviewPart { submitted_at: Some(now), warnings, ..draft.clone() };
        assert_eq!(submitted, expected);

        let reason = Some("numbers are missing".to_owned());
        let returned = ReviewPart { skipped: true, ..submitted }.returned(reason.clone());
        assert_eq!(returned, ReviewPart { returned_because: reason, ..draft.clone() });
        let again = returned.submitted(now, vec![]);
        assert_eq!(again, ReviewPart { submitted_at: Some(now), ..draft });
    }

    #[test]
    fn every_unfounded_rating_is_told_by_its_place() {
        let day = NaiveDate::default();
        let ratings = vec![rating("competency", 3), rating("behaviour", 5), rating("results", 1)];
        let part = ReviewPart { ratings, ..Default::default() };
        let unfounded = part.unfounded(Period::new(day, day).unwrap());
        assert_eq!(unfounded.into_iter().map(|(at, _)| at).collect::<Vec<_>>(), [1, 2]);
    }

    #[test]
    fn a_final_grade_rests_on_any_evidence_and_any_comment_of_the_review() {
        let day = NaiveDate::default();
        let period = Period::new(day, day).unwrap();
        let mut part = ReviewPart { ratings: vec![rating("behaviour", 3)], ..Default::default() };
        let bears = |part: &ReviewPart| part.bears_extremes(period);
        assert!(part.check_final(Grade::B, period).is_ok() && !bears(&part));
        let kind = crate::scoring::review::evidence::EvidenceKind::Data;
        let item = EvidenceItem { kind, date: day, text: "Figures".into() };
        part.ratings[0].evidence.push(item);
        part.ratings[0].comment = "Too short".into();
        assert!(!bears(&part));
        part.comment = Some("Twenty characters or more".into());
        assert!(bears(&part));
        part.ratings[0].evidence[0].date = day.succ_opt().unwrap();
        assert_eq!(part.check_final(Grade::S, period).unwrap_err().code, Code::EvidenceRequired);
    }

    #[test]
    fn computing_again_leaves_what_others_decide() {
        let score = |units| Some(Decimal::new(units, 2));
        let decided = Results {
            performance: score(9_000),
            composite: score(9_100),
            collaboration: score(9_200),
            computed_grade: Some(Grade::B),
            calibrated_grade: Some(Grade::A),
            final_grade: Some(Grade::A),
            veto_grade: Some(Grade::C),
        };
        let computed = Results {
            performance: score(8_000),
            composite: score(8_100),
            collaboration: score(8_200),
            computed_grade: Some(Grade::C),
            ..Results::default()
        };
        let (final_grade, veto_grade) = (decided.final_grade, decided.veto_grade);
        let expected = Results { final_grade, veto_grade, ..computed.clone() };
        assert_eq!(decided.computed_again(&computed), expected, "moved from a B");
        let same = Results { computed_grade: Some(Grade::B), ..computed.clone() };
        assert_eq!(decided.computed_again(&same).calibrated_grade, Some(Grade::A));
        let left = Results { performance: score(9_000), veto_grade, ..Results::default() };
        assert_eq!(decided.without_rating(), left);
    }

    #[test]
    fn the_policy_is_told_how_far_each_part_is() {
        use Stage::{Calibration, Draft, Released, Submitted};
        let stages = [
            (State::PendingSelf, Draft, Draft),
            (State::PendingRaters, Submitted, Draft),
            (State::PendingManager, Submitted, Draft),
            (State::SecondReview, Submitted, Submitted),
            (State::InCalibration, Calibration, Calibration),
            (State::Calibrated, Calibration, Calibration),
            (State::Published, Released, Released),
            (State::Acknowledged, Released, Released),
            (State::Disagreed, Released, Released),
            (State::Final, Released, Released),
        ];
        for (state, own, rating) in stages {
            let review = review(state, cycle::State::Evaluating);
            assert_eq!((review.self_review_stage(), review.rating_stage()), (own, rating));
            let expected = Target {
                id: Uuid::from_u128(1),
                about: Some(Uuid::from_u128(2).into()),
                responsible: Some(Uuid::from_u128(3).into()),
                session: Some(Uuid::from_u128(6).into()),
                stage: Some(rating),
                ..Target::default()
            };
            assert_eq!(review.target(NaiveDate::default()), expected);
        }
    }

    #[test]
    fn the_grade_stands_as_far_as_it_has_come() {
        let mut results = Results::default();
        assert_eq!(results.present_grade(), None);
        results.computed_grade = Some(Grade::B);
        assert_eq!(results.present_grade(), Some(Grade::B));
        results.calibrated_grade = Some(Grade::S);
        assert_eq!(results.present_grade(), Some(Grade::S));
        results.veto_grade = Some(Grade::C);
        assert_eq!(results.present_grade(), Some(Grade::C));
        results.final_grade = Some(Grade::D);
        assert_eq!(results.present_grade(), Some(Grade::D));
    }
}
