//! Preview of a rating: the score it would give now, and everything that is still missing.

use super::computation::Computation;
use super::drafts::Frame;
use super::moves::{Judged, judge};
use super::sight;
use crate::platform::caller::{Actor, Caller};
use crate::platform::extract::PathId;
use crate::platform::problem::{Language, ProblemError, Violation};
use crate::platform::refusal::Refusal;
use crate::reviews::words;
use actix_web::{HttpResponse, get};
use domain::core::id::ReviewId;
use domain::cycles::performance_policy::DimensionRule;
use domain::policy::Stage;
use domain::reviews::form::{Review, ReviewPart, ReviewWarning};
use domain::reviews::result::DimensionScore;
use domain::scoring::review::rater::RaterType;
use domain::scoring::scale::Grade;
use domain::state::review::{Event, State};
use persistence::Store;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// One dimension of a result that is not submitted yet.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DimensionPreview {
    /// Code of the dimension.
    #[schema(example = "competency")]
    pub dimension: String,
    /// Weight in the composite score, in percent.
    #[schema(example = "20")]
    pub weight: String,
    /// Score in points; null while something is missing for it, and where it is left out.
    #[schema(required = true, example = "100.00")]
    pub score: Option<String>,
    /// Whether the dimension is left out with approval, because too few people rate it.
    #[schema(example = false)]
    pub is_left_out: bool,
}

impl From<DimensionScore> for DimensionPreview {
    fn from(DimensionScore { code, weight, score, is_left_out }: DimensionScore) -> Self {
        let (weight, score) = (format!("{weight:.2}"), score.map(|score| score.to_string()));
        Self { dimension: code, weight, score, is_left_out }
    }
}

/// The result that a rating would give if it were submitted now.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RatingPreview {
    /// Id of the review.
    pub review_id: Uuid,
    /// Each dimension by itself, as far as it is scored, in the order of the policy.
    pub dimensions: Vec<DimensionPreview>,
    /// Composite score of all dimensions, in points; null while something is missing that counts. Of
    /// people who lead a team it includes the performance of the team.
    #[schema(required = true, example = "96.40")]
    pub composite: Option<String>,
    /// Grade that follows from the composite; null as long as that is.
    #[schema(value_type = Option<words::Grade>)]
    pub computed_grade: Option<Grade>,
    /// Best grade that a confirmed veto allows in the end; null without a veto.
    #[schema(value_type = Option<words::Grade>)]
    pub veto_grade: Option<Grade>,
    /// Whether the rating could be submitted as it is: nothing is missing.
    #[schema(example = false)]
    pub is_ready: bool,
    /// Everything for which the rating would be refused now, as the refusal would say it.
    pub missing: Vec<ProblemError>,
    /// Warnings that the submitted rating would carry; it is not refused for them.
    #[schema(value_type = HashSet<words::ReviewWarning>)]
    pub warnings: Vec<ReviewWarning>,
}

/// Preview a rating
///
/// Shows what the rating would give if it were submitted now, and everything that is still missing:
/// the same score and the same faults as `POST /v1/reviews/{id}/manager-review/submission`, but
/// nothing is changed. For the manager who is responsible for the review, while the rating is a
/// draft; there is no preview of any other rating. A self-review that is not submitted has no effect
/// on what is shown, and its ratings stay unknown. Nothing is shown to a manager who could learn
/// from it a result that is closed to them. Texts follow `Accept-Language`.
#[utoipa::path(tag = "reviews", operation_id = "previewReview",
    params(("id" = Uuid, Path, description = "Id of the review")),
    responses((status = 200, description = "What the rating would give", body = RatingPreview)),
    security(("bearer" = [])))]
#[get("/{id}/preview")]
pub(super) async fn read(caller: Caller, id: PathId) -> Result<HttpResponse, Refusal> {
    let id = id.0.into();
    let language = Language::asked(caller.request());
    let work = move |store: &mut dyn Store, actor: &Actor| preview(store, actor, id, language);
    let (view, person) = caller.snapshot(work).await?;
    caller.shown("previewReview", [(view.review_id, person)]).await?;
    Ok(language.spoken(caller.listed(&view, None)?))
}

/// The preview of a review, and the person it is about.
fn preview(
    store: &mut dyn Store,
    actor: &Actor,
    id: ReviewId,
    language: Language,
) -> Result<(RatingPreview, Uuid), Refusal> {
    let sealed = store.review(id)?;
    let mut review = sight::preview(store, actor, sealed)?;
    let awaits_self = review.self_review_stage() == Stage::Draft;
    if awaits_self {
        // Its author alone may know of a draft, also by what follows from it.
        review.self_review = ReviewPart::default();
    }
    let frame = Frame::of(store, actor, &review)?;
    let computation = Computation::of_one(store, &frame, &review, frame.leads)?;
    let dimensions = computation.so_far(&review)?;
    let Judged { findings, computed, warnings } =
        judge(store, actor, &review, &frame, &computation)?;
    let counts_self = frame.population(&review)?.rated().any(counts_self);
    let results =
        computed.map(|computed| computed.results).filter(|_| !(awaits_self && counts_self));
    let mut missing = not_yet(&review);
    missing.extend(findings.objections(State::PendingManager, Event::SubmitManager)?);
    let view = RatingPreview {
        review_id: review.id.uuid(),
        dimensions: dimensions.into_iter().map(DimensionPreview::from).collect(),
        composite: results.as_ref().and_then(|it| it.composite).map(|score| score.to_string()),
        computed_grade: results.and_then(|it| it.computed_grade),
        veto_grade: review.results.veto_grade,
        is_ready: missing.is_empty(),
        missing: missing.iter().map(|fault| fault.view(language)).collect(),
        warnings,
    };
    Ok((view, review.employee_id.uuid()))
}

/// Whether the person's own rating has a weight in the dimension.
fn counts_self(rule: &DimensionRule) -> bool {
    rule.raters.get(&RaterType::Oneself).is_some_and(|weight| weight.is_positive())
}

/// Why the turn of the manager has not come, or is over.
fn not_yet(review: &Review) -> Vec<Violation> {
    let awaited = match review.state {
        State::PendingSelf => Some(Violation::new("/self_review", "self_review_missing")),
        State::PendingRaters => Some(Violation::new("", "raters_window_open")),
        _ => None,
    };
    let closed = (!review.is_open()).then(|| Violation::new("", "evaluation_open"));
    closed.into_iter().chain(awaited).collect()
}
