//! The distribution of the grades that a session compares, for those who compare them.

use super::sessions::{Reader, reviews_of};
use crate::platform::caller::{Actor, Caller};
use crate::platform::extract::PathId;
use crate::platform::refusal::Refusal;
use crate::reviews::distribution::views::Distribution;
use crate::reviews::distribution::{Form, chart, laid_out, settings_of};
use actix_web::{HttpResponse, get};
use domain::core::id::CalibrationSessionId;
use domain::policy::{Action, Stage};
use domain::reviews::aggregate::{CountedRecord, Disclosure};
use domain::reviews::distribution::Tally;
use domain::reviews::form::Results;
use persistence::{ReviewResults, Store};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// The distribution of the grades that a session compares.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SessionDistribution {
    /// Id of the session.
    pub session_id: Uuid,
    /// Distribution of the people of the session.
    #[serde(flatten)]
    pub distribution: Distribution,
}

/// Read the distribution of a session
///
/// Counts computed and present grades of the reviews that the session compares against the quotas of
/// the policy: in total, for each department, and for each group in which quotas apply, always as of
/// now. For whoever has a seat in the session, and for HR administrators; senior management sees
/// counts in `GET /v1/cycles/{id}/distribution`. Only grades that the caller may read one by one are
/// counted: the caller's own review, and those of managers responsible for it, are left out, and a
/// department with any other grade that the caller may not read is withheld and is not part of the
/// total. So nothing follows from the counts that the list of compared reviews does not show. Before
/// the session is opened it compares nobody. With `Accept: image/svg+xml` the answer is a chart of the
/// same figures.
#[utoipa::path(tag = "calibration-sessions", operation_id = "getSessionDistribution",
    params(("id" = Uuid, Path, description = "Id of the session")),
    responses((status = 200, description = "The distribution", content(
        (SessionDistribution = "application/json"),
        (String = "image/svg+xml", example = json!("<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>")),
    ))),
    security(("bearer" = [])))]
#[get("/calibration-sessions/{id}/distribution")]
pub(super) async fn read(caller: Caller, id: PathId) -> Result<HttpResponse, Refusal> {
    let form = Form::wanted(&caller)?;
    let id = id.0.into();
    let (shown, name) =
        caller.snapshot(move |store, actor| distribution_of(store, actor, id)).await?;
    match form {
        Form::Figures => caller.listed(&shown, None),
        Form::Chart => Ok(chart(&caller, &shown.distribution, &name)),
    }
}

/// The distribution of a session as the caller may see it, and the name of the session.
fn distribution_of(
    store: &mut dyn Store,
    actor: &Actor,
    id: CalibrationSessionId,
) -> Result<(SessionDistribution, String), Refusal> {
    let sealed = store.calibration_session(id)?;
    let (session, _) = actor.open(store, Action::CalibrationSessionDistribution, sealed)?;
    let sealed = store.cycle(session.cycle_id)?;
    let (cycle, _) = actor.show(store, Action::CycleRead, sealed)?;
    let cycle = cycle.outline();
    let settings = settings_of(store, actor, cycle)?;
    let reader = Reader::of(store, actor, &session)?;
    let mut reviews = reviews_of(store, actor, &session)?;
    reviews.retain(|review| !actor.subject.closed().any(|person| person == review.employee_id));
    let disclosure = Disclosure::of_open(reviews.iter().map(|review| counted(review, &reader)));
    let distribution = laid_out(store, actor, cycle, &settings, disclosure, None)?;
    Ok((SessionDistribution { session_id: id.uuid(), distribution }, session.name))
}

/// A review as it counts for a reader. That a rating is a draft is no secret.
fn counted(review: &ReviewResults, reader: &Reader<'_>) -> CountedRecord {
    let is_written = review.state.rating_stage() != Stage::Draft;
    let results = if is_written { review.results.clone() } else { Results::default() };
    let mut tally = Tally::default();
    tally.add(&results, review.counts_for_quota, 1);
    let is_open = !is_written || reader.sees(Action::RatingRead, review);
    CountedRecord { department: review.department_id, tally, is_open }
}
