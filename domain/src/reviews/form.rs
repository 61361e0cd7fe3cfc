//! The review of one person in one cycle (考核表): what self and manager wrote, and the results.
//!
//! How it moves is told by [`crate::state::review`]. Composite, computed, calibrated and final grade
//! are kept apart; none overwrites another (E.5).

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

/// One item of evidence with what it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceItem {
    /// What kind it is.
    pub kind: crate::scoring::review::evidence::EvidenceKind,
    /// When it happened.
    pub date: NaiveDate,
    /// What it says.
    pub text: String,
}

/// A rating of one dimension.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rating {
    /// The dimension.
    pub dimension: String,
    /// 1 to 5.
    pub rating: Exact,
    /// Why.
    pub comment: String,
    /// What shows it.
    pub evidence: Vec<EvidenceItem>,
}

impl Rating {
    /// Its evidence, as D.5 looks at it.
    fn cited(&self) -> Vec<Evidence> {
        let item = |item: &EvidenceItem| Evidence { kind: item.kind, date: item.date };
        self.evidence.iter().map(item).collect()
    }
}

text_enum! {
    /// What is unusual about something handed in: a hint, never a refusal.
    pub enum ReviewWarning {
        /// Nothing was on record for the period: no check-in, no conversation (R59).
        NoProcessRecords = "no_process_records",
    }
}

/// What one side wrote: a draft until it is submitted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReviewPart {
    /// Ratings by dimension.
    pub ratings: Vec<Rating>,
    /// Looking at the whole.
    pub comment: Option<String>,
    /// When it was handed in; none while it is a draft.
    pub submitted_at: Option<Timestamp>,
    /// Handed in by nobody: overdue and skipped.
    #[serde(default)]
    pub skipped: bool,
    /// Why it was given back, until it is handed in again.
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

    /// The same, handed in.
    pub fn submitted(self, now: Timestamp, warnings: Vec<ReviewWarning>) -> ReviewPart {
        ReviewPart { submitted_at: Some(now), returned_because: None, warnings, ..self }
    }

    /// The same as a draft again, and why.
    pub fn returned(self, reason: Option<String>) -> ReviewPart {
        ReviewPart {
            submitted_at: None,
            skipped: false,
            returned_because: reason,
            warnings: Vec::new(),
            ..self
        }
    }

    /// Every rating without the evidence that D.5 asks for, by its place in the list.
    pub fn unfounded(&self, period: Period) -> Vec<(usize, DomainError)> {
        let fault = |(at, rating): (usize, &Rating)| {
            let judgement = Judgement::Rating(rating.rating.clone());
            let checked = check_evidence(&judgement, &rating.cited(), &rating.comment, period);
            checked.err().map(|error| (at, error))
        };
        self.ratings.iter().enumerate().filter_map(fault).collect()
    }

    /// Checks that what is written bears a final grade: any evidence and any comment of it do.
    ///
    /// # Errors
    /// `EVIDENCE_REQUIRED`.
    pub fn check_final(&self, grade: Grade, period: Period) -> crate::Result<()> {
        let evidence: Vec<_> = self.ratings.iter().flat_map(Rating::cited).collect();
        let judgement = Judgement::FinalGrade(grade);
        let check = |comment: &str| check_evidence(&judgement, &evidence, comment, period);
        let mut comments = self.ratings.iter().map(|rating| &rating.comment).chain(&self.comment);
        if comments.any(|comment| check(comment).is_ok()) { Ok(()) } else { check("") }
    }

    /// Whether what is written would bear the best and the worst of grades.
    pub fn bears_extremes(&self, period: Period) -> bool {
        self.check_final(Grade::D, period).is_ok()
    }
}

/// The results of one review, side by side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Results {
    /// The performance total, 2 places.
    pub performance: Option<Decimal>,
    /// The composite score, 2 places.
    pub composite: Option<Decimal>,
    /// The collaboration score, which breaks ties (E.3).
    pub collaboration: Option<Decimal>,
    /// The grade of the composite.
    pub computed_grade: Option<Grade>,
    /// The grade after calibration, where a session moved it.
    pub calibrated_grade: Option<Grade>,
    /// What counts in the end; set when calibration ends.
    pub final_grade: Option<Grade>,
    /// The best grade a confirmed veto leaves.
    pub veto_grade: Option<Grade>,
}

impl Results {
    /// The grade as it stands: the final one once there is one, until then the calibrated or the
    /// computed one, no better than a veto leaves it.
    pub fn present_grade(&self) -> Option<Grade> {
        let moved = self.calibrated_grade.or(self.computed_grade);
        let capped = moved.map(|grade| self.veto_grade.map_or(grade, |cap| grade.min(cap)));
        self.final_grade.or(capped)
    }

    /// The same with scores and computed grade as they are computed now. What others decide stays,
    /// but for a calibrated grade that was moved from another one.
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

    /// Whether the grade that these come to is an S or D that no calibration has founded (D.5).
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

    /// What is left when the rating is taken back: what was computed from it is not a result any
    /// more. How it was computed stays on record.
    pub fn without_rating(&self) -> Results {
        Results { performance: self.performance, veto_grade: self.veto_grade, ..Results::default() }
    }
}

impl State {
    /// Whether the grade stands: nothing that it rests on changes any more.
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

    /// Whether the rating is in and nothing has been finalised yet: what was computed of it follows
    /// whatever changes below it.
    pub fn is_rated(self) -> bool {
        matches!(self, State::SecondReview | State::InCalibration)
    }

    /// How far rating and grade are in this state, for the policy.
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
    /// Its id.
    pub id: ReviewId,
    /// The participant it belongs to.
    pub participant_id: ParticipantId,
    /// The cycle.
    pub cycle_id: CycleId,
    /// Who is reviewed.
    pub employee_id: EmployeeId,
    /// Who answers for it: the responsible manager of the participant.
    pub manager_id: Option<EmployeeId>,
    /// The group in which grades are distributed.
    pub department_id: Option<OrgUnitId>,
    /// The population of the policy, which settles the dimensions.
    pub population: String,
    /// Whether the person counts towards the quotas.
    pub counts_for_quota: bool,
    /// Where it is.
    pub state: State,
    /// Where the cycle is: reviews are written in some of its states only.
    pub cycle_state: cycle::State,
    /// What the person wrote.
    pub self_review: ReviewPart,
    /// What the manager wrote.
    pub manager_review: ReviewPart,
    /// Whether the manager's rating was handed in with evidence that bears a final S or D (D.5).
    pub is_founded: bool,
    /// What came of it.
    pub results: Results,
    /// The session that compares its grade.
    pub session_id: Option<CalibrationSessionId>,
    /// Why the person disagrees.
    pub disagreement: Option<String>,
    /// When the person took note or disagreed.
    pub acknowledged_at: Option<Timestamp>,
    /// Counts changes of the state, from 1. What is drafted, computed or moved meanwhile leaves it
    /// as it is, since not everybody who sees it may learn of that.
    pub version: i32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When the state last changed.
    pub updated_at: Timestamp,
}

impl Review {
    /// Whether what is written bears the grade that such results come to.
    pub fn bears(&self, results: &Results) -> bool {
        self.is_founded || !results.need_evidence()
    }

    /// How far the person's own part is, for the policy.
    pub fn self_review_stage(&self) -> Stage {
        match self.state {
            State::PendingRaters | State::PendingManager | State::SecondReview => Stage::Submitted,
            _ => self.rating_stage(),
        }
    }

    /// How far rating and grade are, for the policy.
    pub fn rating_stage(&self) -> Stage {
        self.state.rating_stage()
    }

    /// What the policy must know to decide about one part of the review.
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
