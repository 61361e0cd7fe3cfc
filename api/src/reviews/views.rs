//! What clients see and send of reviews.

use super::sight::{Sight, Standing};
use crate::platform::caller::Actor;
use crate::platform::page::page_of;
use crate::platform::schema::{word_list, word_or_null, words};
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

/// Something that shows what a judgement says.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = EvidenceItem)]
#[serde(deny_unknown_fields)]
pub struct EvidenceView {
    /// What kind it is.
    #[schema(schema_with = words::<EvidenceKind>)]
    pub kind: EvidenceKind,
    /// When it happened; it counts when that lies inside the period of the cycle.
    #[schema(example = "2026-08-14")]
    pub date: NaiveDate,
    /// What it says.
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

/// A rating of one dimension.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Rating)]
#[serde(deny_unknown_fields)]
pub struct RatingView {
    /// The dimension: one of those of the person's population that people rate.
    #[schema(min_length = 1, max_length = 64, example = "competency")]
    pub dimension: String,
    /// 1 to 5, with 2 places at most.
    #[schema(pattern = r"^[0-9](\.[0-9]{1,2})?$", example = "4")]
    pub rating: String,
    /// Why.
    #[serde(default)]
    #[schema(max_length = 4000, example = "Took over the key accounts of a colleague")]
    pub comment: String,
    /// What shows it. A rating of 1 or 5 is handed in with at least one item and a comment of at
    /// least 20 characters.
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

/// What one side wrote.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ReviewPart)]
pub struct PartView {
    /// Ratings by dimension.
    pub ratings: Vec<RatingView>,
    /// Looking at the whole.
    #[schema(required = true)]
    pub comment: Option<String>,
    /// When it was handed in; null while it is a draft.
    #[schema(required = true)]
    pub submitted_at: Option<DateTime<Utc>>,
    /// Handed in by nobody: overdue and skipped.
    pub skipped: bool,
    /// Why it was given back, until it is handed in again.
    #[schema(required = true)]
    pub returned_because: Option<String>,
    /// What was unusual when it was handed in.
    #[schema(schema_with = word_list::<ReviewWarning>)]
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

/// The scores and grades of a review, side by side; none overwrites another.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ReviewResults)]
pub struct ResultsView {
    /// The performance total, from goals; null until computed.
    #[schema(required = true, example = "103.20")]
    pub performance: Option<String>,
    /// The composite of all dimensions; null until computed.
    #[schema(required = true, example = "104.12")]
    pub composite: Option<String>,
    /// The grade of the composite; null until computed.
    #[schema(schema_with = word_or_null::<Grade>)]
    pub computed_grade: Option<Grade>,
    /// The grade a calibration session has moved it to; null if none has.
    #[schema(schema_with = word_or_null::<Grade>)]
    pub calibrated_grade: Option<Grade>,
    /// What counts in the end; null until calibration ends.
    #[schema(schema_with = word_or_null::<Grade>)]
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
    /// Its id, which is that of the result too.
    pub id: Uuid,
    /// The cycle.
    pub cycle_id: Uuid,
    /// The participant it belongs to.
    pub participant_id: Uuid,
    /// Who is reviewed.
    pub employee_id: Uuid,
    /// Who answers for it; null where nobody does.
    #[schema(required = true)]
    pub manager_id: Option<Uuid>,
    /// The department the person's grade is distributed in; absent for auditors.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Uuid>)]
    pub department_id: Option<Option<Uuid>>,
    /// The population of the policy, which settles the dimensions; absent for auditors.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "everyone")]
    pub population: Option<String>,
    /// Where it is.
    #[schema(schema_with = words::<State>)]
    pub state: State,
    /// What the caller may do now. `self_review` and `manager_review` are written with PATCH,
    /// everything else is a POST to the path of its name.
    #[schema(schema_with = word_list::<ReviewAction>)]
    pub allowed_actions: Vec<ReviewAction>,
    /// Changes of the person's goals that wait for a decision. The approval of one computes the
    /// result anew as long as it is not final; once results are confirmed they have lapsed. Absent
    /// for those who may not read the goals, and in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = json!([]))]
    pub open_goal_changes: Option<Vec<Uuid>>,
    /// What the person wrote; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub self_review: Option<PartView>,
    /// What the manager wrote; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub manager_review: Option<PartView>,
    /// What came of it; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub results: Option<ResultsView>,
    /// Why the person disagrees with the result; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub disagreement: Option<String>,
    /// When the person took note of the result or disagreed; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub acknowledged_at: Option<DateTime<Utc>>,
    /// Counts changes of the state, from 1.
    #[schema(example = 1)]
    pub version: i32,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When the state last changed.
    pub updated_at: DateTime<Utc>,
}

impl ReviewView {
    /// The review as `actor`, who may read it, sees it in a list.
    pub(super) fn listed(actor: &Actor, review: &Review, relations: Relations) -> Self {
        Self::frame(review, &Sight::new(actor, review, relations))
    }

    /// The review as `actor`, who may read it, sees it.
    pub(super) fn new(actor: &Actor, review: &Review, standing: &Standing) -> Self {
        let sight = Sight::new(actor, review, standing.relations);
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

    fn frame(review: &Review, sight: &Sight) -> Self {
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

/// A self-review as somebody sees it: what was skipped was not handed in, so that its draft stays
/// with the person who wrote it.
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

/// A merge patch of what one side writes: absent is unchanged.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewPartPatch {
    /// Ratings by dimension; replaced as a whole.
    #[schema(max_items = 50, nullable = false)]
    pub ratings: Option<Vec<RatingView>>,
    /// Looking at the whole; null clears it.
    #[serde(default, deserialize_with = "crate::platform::patch::nullable")]
    #[schema(max_length = 4000, value_type = Option<String>, example = "A year of two halves")]
    pub comment: Option<Option<String>>,
}

/// To whom something is given back, and why.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewReturn {
    /// `self` gives the self-review back to the person, `manager` the rating to the manager.
    #[schema(schema_with = words::<ReturnTo>)]
    pub to: ReturnTo,
    /// Why; needed.
    #[schema(
        min_length = 1,
        max_length = 2000,
        pattern = r"\S",
        example = "The examples are from last year"
    )]
    pub reason: Option<String>,
}

domain::text_enum! {
    /// To whom something is given back.
    pub enum ReturnTo {
        /// The person.
        Person = "self",
        /// The manager.
        Manager = "manager",
    }
}

/// Why a rating that was handed in is taken up again.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewReopening {
    /// Why; needed.
    #[schema(
        min_length = 1,
        max_length = 2000,
        pattern = r"\S",
        example = "The actual of one indicator was corrected"
    )]
    pub reason: Option<String>,
}

/// Why a person disagrees with a result.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewDisagreement {
    /// Why.
    #[schema(
        min_length = 1,
        max_length = 4000,
        pattern = r"\S",
        example = "The tender of August is not mentioned"
    )]
    pub text: String,
}
