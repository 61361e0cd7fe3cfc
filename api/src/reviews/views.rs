//! What clients see and send about reviews.

use super::sight::{ReviewAccess, Standing};
use crate::platform::caller::Actor;
use crate::platform::page::page_of;
use crate::platform::problem::Violation;
use crate::reviews::words;
use chrono::{DateTime, NaiveDate, Utc};
use domain::core::id::{EmployeeId, OrgUnitId};
use domain::policy::Relations;
use domain::reviews::action::ReviewAction;
use domain::reviews::form::{EvidenceItem, Rating, Results, Review, ReviewPart, ReviewWarning};
use domain::scoring::review::evidence::EvidenceKind;
use domain::scoring::scale::Grade;
use domain::state::review::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A piece of evidence for a judgement.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = EvidenceItem)]
#[serde(deny_unknown_fields)]
pub struct EvidenceView {
    /// Kind of evidence.
    #[schema(value_type = words::EvidenceKind)]
    pub kind: EvidenceKind,
    /// Day of the event. The evidence counts only if it lies inside the period of the cycle.
    #[schema(example = "2026-08-14")]
    pub date: NaiveDate,
    /// What the evidence shows.
    #[schema(
        min_length = 1,
        max_length = 2000,
        pattern = r"\S",
        example = "Won the tender of the port authority"
    )]
    pub text: String,
}

impl From<EvidenceItem> for EvidenceView {
    fn from(EvidenceItem { kind, date, text }: EvidenceItem) -> Self {
        Self { kind, date, text }
    }
}

impl From<EvidenceView> for EvidenceItem {
    fn from(EvidenceView { kind, date, text }: EvidenceView) -> Self {
        Self { kind, date, text }
    }
}

/// Faults of evidence at a place that is dated in the future.
pub(super) fn early(place: &str, evidence: &[EvidenceView], today: NaiveDate) -> Vec<Violation> {
    let fault = |(at, item): (usize, &EvidenceView)| {
        Violation::in_future(format!("{place}/evidence/{at}/date"), item.date, today)
    };
    evidence.iter().enumerate().filter_map(fault).collect()
}

/// A rating of one dimension.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Rating)]
#[serde(deny_unknown_fields)]
pub struct RatingView {
    /// Code of the dimension; one that people rate in the person's population.
    #[schema(min_length = 1, max_length = 64, example = "competency")]
    pub dimension: String,
    /// Rating from 1 to 5, with at most 2 decimal places.
    #[schema(pattern = r"^[0-9](\.[0-9]{1,2})?$", example = "4")]
    pub rating: String,
    /// Comment that explains the rating.
    #[serde(default)]
    #[schema(max_length = 4000, example = "Took over the key accounts of a colleague")]
    pub comment: String,
    /// Evidence for the rating. A rating of 1 or 5 needs at least one item, and a comment of at
    /// least 20 characters, when it is submitted.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub evidence: Vec<EvidenceView>,
}

impl From<Rating> for RatingView {
    fn from(Rating { dimension, rating, comment, evidence }: Rating) -> Self {
        let evidence = evidence.into_iter().map(EvidenceView::from).collect();
        Self { dimension, rating: rating.to_string(), comment, evidence }
    }
}

/// The part of a review that one side writes.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ReviewPart)]
pub struct PartView {
    /// Ratings, one per dimension.
    pub ratings: Vec<RatingView>,
    /// Overall comment; null if there is none.
    #[schema(required = true)]
    pub comment: Option<String>,
    /// When it was submitted; null while it is a draft.
    #[schema(required = true)]
    pub submitted_at: Option<DateTime<Utc>>,
    /// True if the part was overdue and was skipped instead of submitted.
    pub skipped: bool,
    /// Reason why it was returned; null if it was not, or once it is submitted again.
    #[schema(required = true)]
    pub returned_because: Option<String>,
    /// Warnings found when it was submitted.
    #[schema(value_type = HashSet<words::ReviewWarning>)]
    pub warnings: Vec<ReviewWarning>,
}

impl From<ReviewPart> for PartView {
    fn from(part: ReviewPart) -> Self {
        Self {
            ratings: part.ratings.into_iter().map(RatingView::from).collect(),
            comment: part.comment,
            submitted_at: part.submitted_at,
            skipped: part.skipped,
            returned_because: part.returned_because,
            warnings: part.warnings,
        }
    }
}

/// Scores and grades of a review, side by side; none overwrites another.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ReviewResults)]
pub struct ResultsView {
    /// Performance score from goals, in points; null until computed.
    #[schema(required = true, example = "103.20")]
    pub performance: Option<String>,
    /// Composite score of all dimensions, in points; null until computed.
    #[schema(required = true, example = "104.12")]
    pub composite: Option<String>,
    /// Grade that follows from the composite; null until computed.
    #[schema(value_type = Option<words::Grade>)]
    pub computed_grade: Option<Grade>,
    /// Grade after calibration; null if no session moved it.
    #[schema(value_type = Option<words::Grade>)]
    pub calibrated_grade: Option<Grade>,
    /// Final grade; null until calibration ends.
    #[schema(value_type = Option<words::Grade>)]
    pub final_grade: Option<Grade>,
}

impl From<&Results> for ResultsView {
    fn from(results: &Results) -> Self {
        Self {
            performance: results.performance.map(|score| score.to_string()),
            composite: results.composite.map(|score| score.to_string()),
            computed_grade: results.computed_grade,
            calibrated_grade: results.calibrated_grade,
            final_grade: results.final_grade,
        }
    }
}

/// The review of one person in one cycle. Parts the caller may not see are absent.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Review)]
pub struct ReviewView {
    /// Id of the review, which is also the id of the result.
    pub id: Uuid,
    /// Id of the cycle.
    pub cycle_id: Uuid,
    /// Id of the participant.
    pub participant_id: Uuid,
    /// Id of the reviewed person.
    pub employee_id: Uuid,
    /// Manager responsible for the review; null if there is none.
    #[schema(required = true)]
    pub manager_id: Option<Uuid>,
    /// Department in which the person's grade is distributed; absent for auditors.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Uuid>)]
    pub department_id: Option<Option<Uuid>>,
    /// Population of the policy, which decides the dimensions; absent for auditors.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "everyone")]
    pub population: Option<String>,
    /// State of the review.
    #[schema(value_type = words::ReviewState)]
    pub state: State,
    /// Actions the caller may take now. Send `self_review` and `manager_review` as PATCH, every
    /// other action as POST to the path of its name.
    #[schema(value_type = HashSet<words::ReviewAction>)]
    pub allowed_actions: Vec<ReviewAction>,
    /// Ids of undecided changes of the person's goals. Approving one recomputes the result until it
    /// is final; when results are confirmed, undecided changes lapse. Absent in lists and for
    /// callers who may not read the goals.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = json!([]))]
    pub open_goal_changes: Option<Vec<Uuid>>,
    /// The self-review; absent in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub self_review: Option<PartView>,
    /// The manager's rating; absent in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub manager_review: Option<PartView>,
    /// Scores and grades; absent in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub results: Option<ResultsView>,
    /// Reason why the person disagrees with the result; absent in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub disagreement: Option<String>,
    /// When the person acknowledged the result or disagreed; absent in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub acknowledged_at: Option<DateTime<Utc>>,
    /// Version of the state: starts at 1 and grows by 1 with each change of state.
    #[schema(example = 1)]
    pub version: i32,
    /// When the record was created.
    pub created_at: DateTime<Utc>,
    /// When the state last changed.
    pub updated_at: DateTime<Utc>,
}

impl ReviewView {
    /// The review as `actor`, who may read it, sees it in a list.
    pub(super) fn listed(actor: &Actor, review: &Review, relations: Relations) -> Self {
        Self::frame(review, &ReviewAccess::new(actor, review, relations))
    }

    /// The review as `actor`, who may read it, sees it.
    pub(super) fn new(actor: &Actor, review: &Review, standing: &Standing) -> Self {
        let sight = ReviewAccess::new(actor, review, standing.relations);
        let open_changes = standing.open_changes.as_ref();
        let mine = actor.subject.employee_id == Some(review.employee_id);
        let rating = sight.rating.then_some(review);
        Self {
            open_goal_changes: open_changes.map(|ids| ids.iter().map(|id| id.uuid()).collect()),
            self_review: sight.self_review.then(|| handed_in(&review.self_review, mine).into()),
            manager_review: rating.map(|review| review.manager_review.clone().into()),
            results: rating.map(|review| (&review.results).into()),
            disagreement: rating.and_then(|review| review.disagreement.clone()),
            acknowledged_at: rating.and_then(|review| review.acknowledged_at),
            ..Self::frame(review, &sight)
        }
    }

    fn frame(review: &Review, sight: &ReviewAccess) -> Self {
        Self {
            id: review.id.uuid(),
            cycle_id: review.cycle_id.uuid(),
            participant_id: review.participant_id.uuid(),
            employee_id: review.employee_id.uuid(),
            manager_id: review.manager_id.map(EmployeeId::uuid),
            department_id: sight.frame.then(|| review.department_id.map(OrgUnitId::uuid)),
            population: sight.frame.then(|| review.population.clone()),
            state: review.state,
            allowed_actions: sight.offered(review),
            open_goal_changes: None,
            self_review: None,
            manager_review: None,
            results: None,
            disagreement: None,
            acknowledged_at: None,
            version: review.version,
            created_at: review.created_at,
            updated_at: review.updated_at,
        }
    }
}

/// A self-review as a reader sees it. A skipped one was never submitted, so its draft is shown only
/// to its author.
fn handed_in(part: &ReviewPart, mine: bool) -> ReviewPart {
    if part.skipped && !mine {
        return ReviewPart { skipped: true, ..ReviewPart::default() };
    }
    part.clone()
}

page_of! {
    /// A page of reviews.
    pub struct ReviewPage
    /// The reviews, in the order of creation; with `updated_since`, in the order of change.
    of ReviewView
}

/// A merge patch of the part that one side writes: an absent property stays as it is.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewPartPatch {
    /// Ratings, one per dimension; replaced as a whole.
    #[schema(max_items = 50, nullable = false)]
    pub ratings: Option<Vec<RatingView>>,
    /// Overall comment; null removes it.
    #[serde(default, deserialize_with = "crate::platform::patch::nullable")]
    #[schema(max_length = 4000, value_type = Option<String>, example = "A year of two halves")]
    pub comment: Option<Option<String>>,
}

/// Who gets the review back, and why.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewReturn {
    /// `self` returns the self-review to the person, `manager` the rating to the manager.
    #[schema(value_type = words::ReturnTarget)]
    pub to: ReturnTo,
    /// Reason; required.
    #[schema(
        min_length = 1,
        max_length = 2000,
        pattern = r"\S",
        example = "The examples are from last year"
    )]
    pub reason: Option<String>,
}

domain::text_enum! {
    /// Who gets the review back.
    pub enum ReturnTo {
        /// The person.
        Person = "self",
        /// The manager.
        Manager = "manager",
    }
}

/// Reason for reopening a submitted rating.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewReopening {
    /// Reason; required.
    #[schema(
        min_length = 1,
        max_length = 2000,
        pattern = r"\S",
        example = "The actual of one indicator was corrected"
    )]
    pub reason: Option<String>,
}

/// Reason why a person disagrees with a result.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewDisagreement {
    /// Reason.
    #[schema(
        min_length = 1,
        max_length = 4000,
        pattern = r"\S",
        example = "The tender of August is not mentioned"
    )]
    pub text: String,
}
