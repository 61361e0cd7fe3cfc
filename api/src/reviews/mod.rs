//! Reviews: self-review, rating, their submission, and the result.

pub mod calibration;
pub mod computation;
pub mod distribution;
pub mod drafts;
pub mod moves;
pub mod preview;
pub mod ratings;
pub mod recomputation;
pub mod results;
mod sight;
pub mod views;
pub mod words;

pub use results::ResultsComputation;

use crate::platform::areas::Noun;
use crate::platform::caller::{Actor, Caller};
use crate::platform::extract::{Body, PathId};
use crate::platform::parameters::Query;
use crate::platform::refusal::Refusal;
use actix_web::{HttpResponse, get, patch, post};
use chrono::{DateTime, Utc};
use domain::core::id::ReviewId;
use domain::policy::{Action, FIELD_MASKED, Mask, Target, authorise, visibility};
use domain::reviews::action::ReviewAction;
use domain::state::review::State;
use moves::ReviewTransition;
use persistence::{ReviewFilter, Store};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use views::{
    ReviewDisagreement, ReviewPage, ReviewPartPatch, ReviewReopening, ReviewReturn, ReviewView,
};

/// The nouns of the area, in the order in which documents show them.
pub const NOUNS: &[Noun] = &[NOUN, results::NOUN, calibration::NOUN, ratings::NOUN];

/// Query parameters of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ReviewQuery {
    /// Maximum number of items on the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
    /// `next_cursor` of the previous page.
    cursor: Option<String>,
    /// Only items whose state changed at or after this instant.
    updated_since: Option<DateTime<Utc>>,
    /// Only reviews of this cycle.
    cycle_id: Option<Uuid>,
    /// Only reviews of this person.
    employee_id: Option<Uuid>,
    /// Only reviews for which this manager is responsible.
    manager_id: Option<Uuid>,
    /// Only reviews of people of this department, as fixed at the launch.
    department_id: Option<Uuid>,
    /// Only reviews in this state.
    #[param(value_type = Option<words::ReviewState>)]
    state: Option<State>,
}

/// List reviews
///
/// Lists the reviews the caller may know of: the caller's own; those of people the caller answers
/// for or manages, directly or through others; for HR, those of their units or of everybody. Sorted
/// by creation; with `updated_since`, by change. The list contains neither the written parts nor
/// the results. Auditors cannot see the department, so a filter by department returns nothing to
/// them. Reviews are never deleted.
#[utoipa::path(tag = "reviews", operation_id = "listReviews", params(ReviewQuery),
    responses((status = 200, description = "A page of reviews", body = ReviewPage)),
    security(("bearer" = []), ("api_key" = ["performance:read"])))]
#[get("")]
async fn list(caller: Caller, query: Query<ReviewQuery>) -> Result<HttpResponse, Refusal> {
    let Query(query) = query;
    let request = caller.page(query.limit, query.cursor.as_deref(), query.updated_since)?;
    let page = request.page.clone();
    let filter = ReviewFilter {
        cycle_id: query.cycle_id.map(Into::into),
        employee_id: query.employee_id.map(Into::into),
        manager_id: query.manager_id.map(Into::into),
        department_id: query.department_id.map(Into::into),
        state: query.state,
    };
    let rows = caller
        .read(move |store, actor| {
            let visible = visibility(&actor.subject, Action::ReviewRead, actor.today)?;
            if visible.everyone() == Some(Mask::Metadata) && filter.department_id.is_some() {
                return Err(Refusal::Forbidden(FIELD_MASKED));
            }
            let mut shown = Vec::new();
            for (sealed, relations) in store.reviews(&filter, &visible, &page)? {
                let target = Target { relations, ..sealed.target(actor.today) };
                let permit = authorise(&actor.subject, Action::ReviewRead, &target)?;
                let review = sealed.show(&permit)?;
                shown.push(ReviewView::listed(actor, review.outline(), relations));
            }
            Ok(shown)
        })
        .await?;
    let place = |last: &ReviewView| request.place(last.id, last.updated_at);
    let part = request.cut(&caller.app, rows, place);
    let about = part.rows.iter().map(|review| (review.id, review.employee_id));
    caller.shown("listReviews", about).await?;
    caller.answer_part::<ReviewPage, _>(part, |view| view)
}

/// Read a review
///
/// Shows one review with the parts that the caller may see. A part the caller may not see is
/// absent, and nothing indicates whether it exists: version and ETag do not change with a draft, a
/// computed result or a moved grade that the caller may not see.
#[utoipa::path(tag = "reviews", operation_id = "getReview",
    params(("id" = Uuid, Path, description = "Id of the review")),
    responses((status = 200, description = "The review", body = ReviewView)),
    security(("bearer" = []), ("api_key" = ["performance:read"])))]
#[get("/{id}")]
async fn read(caller: Caller, id: PathId) -> Result<HttpResponse, Refusal> {
    let id = id.0.into();
    let view = caller.snapshot(move |store, actor| find_review(store, actor, id)).await?;
    caller.shown("getReview", [(view.id, view.employee_id)]).await?;
    caller.found(view.version, &view)
}

/// Opens a review for a caller who may read it.
pub fn find_review(
    store: &mut dyn Store,
    actor: &Actor,
    id: ReviewId,
) -> Result<ReviewView, Refusal> {
    let sealed = store.review(id)?;
    let (review, standing) = sight::find(store, actor, sealed)?;
    Ok(ReviewView::new(actor, review.outline(), &standing))
}

/// Write a self-review
///
/// Merge patch of the person's self-review, until it is submitted. `If-Match` must be the full ETag
/// of the review, so that a draft changed elsewhere is not overwritten.
#[utoipa::path(tag = "reviews", operation_id = "updateSelfReview",
    params(("id" = Uuid, Path, description = "Id of the review")),
    request_body(content = ReviewPartPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The review", body = ReviewView)),
    security(("bearer" = [])))]
#[patch("/{id}/self-review")]
async fn write_self(
    caller: Caller,
    id: PathId,
    body: Body<ReviewPartPatch>,
) -> Result<HttpResponse, Refusal> {
    write(caller, id, body, ReviewAction::SelfReview).await
}

/// Write a rating
///
/// Merge patch of the responsible manager's rating, until it is submitted. `If-Match` must be the
/// full ETag of the review, so that a draft changed elsewhere is not overwritten.
#[utoipa::path(tag = "reviews", operation_id = "updateManagerReview",
    params(("id" = Uuid, Path, description = "Id of the review")),
    request_body(content = ReviewPartPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The review", body = ReviewView)),
    security(("bearer" = [])))]
#[patch("/{id}/manager-review")]
async fn write_manager(
    caller: Caller,
    id: PathId,
    body: Body<ReviewPartPatch>,
) -> Result<HttpResponse, Refusal> {
    write(caller, id, body, ReviewAction::ManagerReview).await
}

async fn write(
    caller: Caller,
    id: PathId,
    body: Body<ReviewPartPatch>,
    action: ReviewAction,
) -> Result<HttpResponse, Refusal> {
    let seen = caller.seen()?;
    let (id, Body { value, digest }) = (id.0.into(), body);
    caller
        .change(Some(digest), move |store, actor| {
            drafts::save(store, actor, id, &seen, action, value.clone())
        })
        .await
}

/// Submit a self-review
///
/// Every dimension that people rate must be rated. A rating of 1 or 5 needs evidence dated inside
/// the period and a comment of at least 20 characters. A refusal lists everything that is missing.
/// If nobody else rates, the review goes to the manager at once. `If-Match` must be the full ETag
/// of the review, so that exactly the content the person has read is submitted.
#[utoipa::path(tag = "reviews", operation_id = "submitSelfReview",
    params(("id" = Uuid, Path, description = "Id of the review")),
    responses((status = 200, description = "The review", body = ReviewView)),
    security(("bearer" = [])))]
#[post("/{id}/self-review/submission")]
async fn submit_self(caller: Caller, id: PathId) -> Result<HttpResponse, Refusal> {
    transit(caller, id, ReviewAction::SelfReviewSubmission, Said::default()).await
}

/// Submit a rating
///
/// Computes performance, composite and grade. Every dimension that people rate must be rated; a
/// rating of 1 or 5 needs evidence; the period must have check-ins or feedback on record, if the
/// policy requires it; and nothing needed for the result may be missing. A refusal lists every
/// unmet condition. Nobody may rate their own review. `If-Match` must be the full ETag of the
/// review.
#[utoipa::path(tag = "reviews", operation_id = "submitManagerReview",
    params(("id" = Uuid, Path, description = "Id of the review")),
    responses((status = 200, description = "The review", body = ReviewView)),
    security(("bearer" = [])))]
#[post("/{id}/manager-review/submission")]
async fn submit_manager(caller: Caller, id: PathId) -> Result<HttpResponse, Refusal> {
    transit(caller, id, ReviewAction::ManagerReviewSubmission, Said::default()).await
}

/// Return a review
///
/// The manager returns a self-review to the person. The second reviewer returns a rating to the
/// manager, or a self-review to the person. A reason is required.
#[utoipa::path(tag = "reviews", operation_id = "returnReview",
    params(("id" = Uuid, Path, description = "Id of the review")),
    request_body = ReviewReturn,
    responses((status = 200, description = "The review", body = ReviewView)),
    security(("bearer" = [])))]
#[post("/{id}/return")]
async fn give_back(
    caller: Caller,
    id: PathId,
    body: Body<ReviewReturn>,
) -> Result<HttpResponse, Refusal> {
    let Body { value: ReviewReturn { to, reason }, digest } = body;
    let said = Said { text: reason, to: Some(to), digest: Some(digest) };
    transit(caller, id, ReviewAction::Return, said).await
}

/// Confirm a rating
///
/// The second review, if the policy requires one, by a manager above the line manager. The author
/// of the rating may not confirm it.
#[utoipa::path(tag = "reviews", operation_id = "confirmReview",
    params(("id" = Uuid, Path, description = "Id of the review")),
    responses((status = 200, description = "The review", body = ReviewView)),
    security(("bearer" = [])))]
#[post("/{id}/confirmation")]
async fn confirm(caller: Caller, id: PathId) -> Result<HttpResponse, Refusal> {
    transit(caller, id, ReviewAction::Confirmation, Said::default()).await
}

/// Close the raters' window
///
/// Possible from the due date of the raters. If only the person and the manager rate, the window
/// closes by itself.
#[utoipa::path(tag = "reviews", operation_id = "closeReviewRaters",
    params(("id" = Uuid, Path, description = "Id of the review")),
    responses((status = 200, description = "The review", body = ReviewView)),
    security(("bearer" = [])))]
#[post("/{id}/raters-closure")]
async fn close_raters(caller: Caller, id: PathId) -> Result<HttpResponse, Refusal> {
    transit(caller, id, ReviewAction::RatersClosure, Said::default()).await
}

/// Skip a self-review
///
/// Continues without a self-review that is three working days overdue. The review is marked as
/// skipped; a draft stays visible only to the person.
#[utoipa::path(tag = "reviews", operation_id = "skipSelfReview",
    params(("id" = Uuid, Path, description = "Id of the review")),
    responses((status = 200, description = "The review", body = ReviewView)),
    security(("bearer" = [])))]
#[post("/{id}/skip")]
async fn skip(caller: Caller, id: PathId) -> Result<HttpResponse, Refusal> {
    transit(caller, id, ReviewAction::Skip, Said::default()).await
}

/// Reopen a rating
///
/// Turns a submitted rating back into a draft, with a reason, unless a calibration session has
/// moved the grade. The result computed from it is removed.
#[utoipa::path(tag = "reviews", operation_id = "reopenReview",
    params(("id" = Uuid, Path, description = "Id of the review")),
    request_body = ReviewReopening,
    responses((status = 200, description = "The review", body = ReviewView)),
    security(("bearer" = [])))]
#[post("/{id}/reopening")]
async fn reopen(
    caller: Caller,
    id: PathId,
    body: Body<ReviewReopening>,
) -> Result<HttpResponse, Refusal> {
    let said = Said { text: body.value.reason, to: None, digest: Some(body.digest) };
    transit(caller, id, ReviewAction::Reopening, said).await
}

/// Acknowledge a result
///
/// The person confirms having seen the released result.
#[utoipa::path(tag = "reviews", operation_id = "acknowledgeReview",
    params(("id" = Uuid, Path, description = "Id of the review")),
    responses((status = 200, description = "The review", body = ReviewView)),
    security(("bearer" = [])))]
#[post("/{id}/acknowledgement")]
async fn acknowledge(caller: Caller, id: PathId) -> Result<HttpResponse, Refusal> {
    transit(caller, id, ReviewAction::Acknowledgement, Said::default()).await
}

/// Disagree with a result
///
/// The person confirms having seen the released result, and states why they disagree.
#[utoipa::path(tag = "reviews", operation_id = "disagreeWithReview",
    params(("id" = Uuid, Path, description = "Id of the review")),
    request_body = ReviewDisagreement,
    responses((status = 200, description = "The review", body = ReviewView)),
    security(("bearer" = [])))]
#[post("/{id}/disagreement")]
async fn disagree(
    caller: Caller,
    id: PathId,
    body: Body<ReviewDisagreement>,
) -> Result<HttpResponse, Refusal> {
    let said = Said { text: Some(body.value.text), to: None, digest: Some(body.digest) };
    transit(caller, id, ReviewAction::Disagreement, said).await
}

/// What the body of a transition request says.
#[derive(Default)]
struct Said {
    text: Option<String>,
    to: Option<views::ReturnTo>,
    digest: Option<[u8; 32]>,
}

async fn transit(
    caller: Caller,
    id: PathId,
    action: ReviewAction,
    said: Said,
) -> Result<HttpResponse, Refusal> {
    let Said { text, to, digest } = said;
    let order = ReviewTransition { review: id.0.into(), seen: caller.seen()?, action, text, to };
    caller.transit(digest, order).await
}

/// The noun.
pub const NOUN: Noun = Noun {
    tags: &[("reviews", "What a person and the manager wrote, from draft to release.")],
    records: &[(Action::ReviewRead, part_of_review)],
    ..Noun::of(routes)
};

/// What the policy must know of the part of a review that an action is about, once the caller may
/// know of the review.
fn part_of_review(
    store: &mut dyn Store,
    actor: &Actor,
    action: Action,
    id: Uuid,
) -> Result<Option<Target>, Refusal> {
    let sealed = store.review(id.into())?;
    let review = match actor.show(store, Action::ReviewRead, sealed) {
        Err(Refusal::NotFound) => return Ok(None),
        shown => shown?.0,
    };
    let review = review.outline();
    Ok(Some(review.part(match action {
        Action::SelfReviewRead | Action::SelfReviewWrite => review.self_review_stage(),
        _ => review.rating_stage(),
    })))
}

fn routes(config: &mut ServiceConfig) {
    config.service(
        scope("/reviews")
            .service(list)
            .service(read)
            .service(preview::read)
            .service(write_self)
            .service(write_manager)
            .service(submit_self)
            .service(submit_manager)
            .service(give_back)
            .service(confirm)
            .service(close_raters)
            .service(skip)
            .service(reopen)
            .service(acknowledge)
            .service(disagree),
    );
}
