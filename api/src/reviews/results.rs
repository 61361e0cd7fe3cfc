//! Results: the four grades side by side, and why they are what they are.

use super::computation::{ResultsOrder, compute_results};
use super::sight::{Sight, find};
use crate::platform::caller::{Actor, Caller};
use crate::platform::extract::PathId;
use crate::platform::jobs::{JobView, Ticket};
use crate::platform::problem::Language;
use crate::platform::refusal::Refusal;
use crate::platform::schema::{word_or_null, words};
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, get, post};
use chrono::{DateTime, Utc};
use domain::core::id::{EmployeeId, PolicyId, ReviewId};
use domain::core::number::Exact;
use domain::policy::{Shown, Subject};
use domain::reviews::form::Review;
use domain::reviews::result::Faults;
use domain::scoring::scale::Grade;
use domain::scoring::trace::{Calculation, Locale, Outline, PartKind, Step, Trace};
use domain::state::review::State;
use persistence::{ResultTrace, Store};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::fmt::Write as _;
use utoipa::ToSchema;
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

/// Most people whose faults are told one by one.
const MAX_FAILURES: usize = 200;

/// The result of one person in one cycle: four grades side by side, none of which overwrites
/// another.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Result)]
pub struct ResultView {
    /// Id of the review, which is that of the result.
    pub id: Uuid,
    /// The cycle.
    pub cycle_id: Uuid,
    /// Whose result it is.
    pub employee_id: Uuid,
    /// Where the review is.
    #[schema(schema_with = words::<State>)]
    pub state: State,
    /// The performance total, from goals; null until computed.
    #[schema(required = true, example = "103.20")]
    pub performance: Option<String>,
    /// The composite of all dimensions; null until computed.
    #[schema(required = true, example = "104.12")]
    pub composite: Option<String>,
    /// The score in collaboration, by which ties are broken; null until computed.
    #[schema(required = true, example = "100.00")]
    pub collaboration: Option<String>,
    /// The grade of the composite; null until computed.
    #[schema(schema_with = word_or_null::<Grade>)]
    pub computed_grade: Option<Grade>,
    /// The grade a calibration session has moved it to; null if none has.
    #[schema(schema_with = word_or_null::<Grade>)]
    pub calibrated_grade: Option<Grade>,
    /// What counts in the end; null until calibration ends.
    #[schema(schema_with = word_or_null::<Grade>)]
    pub final_grade: Option<Grade>,
    /// The best grade a confirmed veto leaves; null without one.
    #[schema(schema_with = word_or_null::<Grade>)]
    pub veto_grade: Option<Grade>,
    /// How it was computed; null until computed.
    #[schema(required = true)]
    pub provenance: Option<ProvenanceView>,
    /// Counts changes of the review's state, from 1.
    #[schema(example = 3)]
    pub version: i32,
    /// When the state of the review last changed.
    pub updated_at: DateTime<Utc>,
}

/// By what a result was computed: with it, it can be computed again to the same digit.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Provenance)]
pub struct ProvenanceView {
    /// Number of the revision, from 1.
    #[schema(example = 1)]
    pub revision: i32,
    /// Version of the formulas.
    #[schema(example = 1)]
    pub formula_version: u32,
    /// The policy version.
    pub policy_id: Uuid,
    /// SHA-256 of inputs, settings, steps and result, in hex.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    pub digest: String,
    /// When.
    pub computed_at: DateTime<Utc>,
}

impl From<&ResultTrace> for ProvenanceView {
    fn from(kept: &ResultTrace) -> Self {
        let digest = kept.digest.iter().fold(String::new(), |mut hex, byte| {
            // Writing to a string cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        Self {
            revision: kept.revision,
            formula_version: kept.trace.formula_version,
            policy_id: PolicyId::uuid(kept.policy_id),
            digest,
            computed_at: kept.computed_at,
        }
    }
}

impl ResultView {
    fn new(review: &Review, kept: Option<&ResultTrace>) -> Self {
        let results = &review.results;
        Self {
            id: review.id.uuid(),
            cycle_id: review.cycle_id.uuid(),
            employee_id: review.employee_id.uuid(),
            state: review.state,
            performance: results.performance.map(|score| score.to_string()),
            composite: results.composite.map(|score| score.to_string()),
            collaboration: results.collaboration.map(|score| score.to_string()),
            computed_grade: results.computed_grade,
            calibrated_grade: results.calibrated_grade,
            final_grade: results.final_grade,
            veto_grade: results.veto_grade,
            provenance: kept.filter(|_| results.composite.is_some()).map(ProvenanceView::from),
            version: review.version,
            updated_at: review.updated_at,
        }
    }
}

/// Why a result is what it is.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Explanation)]
pub struct ExplanationView {
    /// Id of the review, which is that of the result.
    pub id: Uuid,
    /// By what it was computed.
    pub provenance: ProvenanceView,
    /// Language of the texts.
    #[schema(example = "en")]
    pub language: String,
    /// The whole as text, a line for each input and step.
    #[schema(example = "composite score: 104.12 B\n  ...")]
    pub text: String,
    /// The same as a tree.
    pub whole: ExplanationPart,
}

/// A part of a result, down to indicators and dimensions. Of ratings only what became of them
/// together is shown.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ExplanationPart {
    /// What it is; null where it was left out with approval.
    #[schema(schema_with = word_or_null::<PartKind>)]
    pub kind: Option<PartKind>,
    /// The approval by which it was left out; else null.
    #[schema(required = true)]
    pub approval_id: Option<Uuid>,
    /// Title of a goal or code of a dimension; null for the whole.
    #[schema(required = true, example = "Collection rate")]
    pub name: Option<String>,
    /// Weight in the part above in percent, as a decimal or, where there is none, a fraction.
    #[schema(required = true, example = "30")]
    pub weight: Option<String>,
    /// Length of a stretch of days with a target of its own.
    #[schema(required = true)]
    pub days: Option<u32>,
    /// The actual an indicator is scored by.
    #[schema(required = true, example = "13")]
    pub actual: Option<String>,
    /// The measurements and check-ins it was read from.
    pub revision_ids: Vec<Uuid>,
    /// The score, exact; null without data.
    #[schema(required = true, example = "86.67")]
    pub score: Option<String>,
    /// The grade of a total.
    #[schema(schema_with = word_or_null::<Grade>)]
    pub grade: Option<Grade>,
    /// The steps that led to the score, after the parts were known.
    pub steps: Vec<ExplanationStep>,
    /// The parts it is made of.
    #[schema(no_recursion, example = json!([]))]
    pub parts: Vec<ExplanationPart>,
}

/// A value and the rule that gave it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ExplanationStep {
    /// Section of the specification.
    #[schema(example = "B.9")]
    pub section: String,
    /// The rule, in the language of the explanation.
    #[schema(example = "weighted mean of the items that count")]
    pub rule: String,
    /// What it gave, exact: a decimal or, where there is none, a fraction.
    #[schema(example = "260/3")]
    pub value: String,
}

impl ExplanationPart {
    fn new(outline: &Outline<'_>, locale: Locale) -> Self {
        let shown = |value: Option<&Exact>| value.map(Exact::to_string);
        let step = |Step { rule, value }: &Step| ExplanationStep {
            section: rule.section().to_owned(),
            rule: rule.text(locale).to_owned(),
            value: value.to_string(),
        };
        let calculation = outline.calculation;
        let outcome = &outline.explanation.outcome;
        Self {
            kind: calculation.map(Calculation::kind),
            approval_id: outline.approval,
            name: outline.name.map(str::to_owned),
            weight: shown(outline.weight),
            days: outline.days,
            actual: shown(calculation.and_then(Calculation::actual)),
            revision_ids: calculation.map(Calculation::revisions).unwrap_or_default(),
            score: shown(outcome.score.as_ref()),
            grade: outcome.grade,
            steps: outline.explanation.steps.iter().map(step).collect(),
            parts: outline.parts.iter().map(|part| Self::new(part, locale)).collect(),
        }
    }
}

/// What computing the results of a cycle came to. The results of whoever asks, and of all who may read
/// those of everybody else, are computed as well but in none of the figures: the own one could be told
/// from them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ResultsComputation {
    /// Results that are computed.
    #[schema(example = 118)]
    pub computed: usize,
    /// Reviews whose rating is still to come; their performance total is computed.
    #[schema(example = 2)]
    pub waiting: usize,
    /// Reviews of which something is missing; they stay as they are. The reader's own is not told.
    #[schema(example = 1)]
    pub failed: usize,
    /// What is missing, of the first 200 of them.
    pub failures: Vec<ResultFailure>,
    /// Whose results are computed but in none of these figures.
    #[serde(skip)]
    apart: HashSet<EmployeeId>,
}

/// A result that could not be computed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ResultFailure {
    /// The review.
    pub review_id: Uuid,
    /// Whose result it is.
    pub employee_id: Uuid,
    /// Everything that is missing.
    pub faults: Vec<ResultFault>,
}

/// Something a result cannot be computed without.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ResultFault {
    /// What it is about: `/goals/{id}`, `/dimensions/{code}`, `/goals` together, or the whole.
    #[schema(example = "/dimensions/collaboration")]
    pub place: String,
    /// Stable code of the fault.
    #[schema(example = "DIMENSION_INSUFFICIENT")]
    pub code: String,
}

impl ResultsComputation {
    /// Figures to which these people do not add.
    pub(super) fn without(apart: HashSet<EmployeeId>) -> Self {
        Self { apart, ..Self::default() }
    }

    /// Whether the result of a review is in the figures.
    pub(super) fn tells_of(&self, review: &Review) -> bool {
        !self.apart.contains(&review.employee_id)
    }

    /// The same as somebody is told it: not what is missing of a result of their own.
    pub fn told_to(mut self, subject: &Subject) -> Self {
        let before = self.failures.len();
        self.failures.retain(|failure| !subject.may_be(failure.employee_id.into()));
        let own = before - self.failures.len();
        Self { failed: self.failed.saturating_sub(own), ..self }
    }

    /// Notes what is missing of a result.
    pub(super) fn fail(&mut self, review: &Review, faults: &Faults) {
        if !self.tells_of(review) {
            return;
        }
        self.failed += 1;
        if self.failures.len() < MAX_FAILURES {
            let faults = faults.iter().map(|(place, error)| ResultFault {
                place: place.clone(),
                code: error.code.to_string(),
            });
            self.failures.push(ResultFailure {
                review_id: review.id.uuid(),
                employee_id: review.employee_id.uuid(),
                faults: faults.collect(),
            });
        }
    }
}

/// Opens the result of a review. Before it is released it does not exist for the person.
fn open(
    store: &mut dyn Store,
    actor: &Actor,
    id: ReviewId,
) -> Result<(Shown<Review>, Option<ResultTrace>), Refusal> {
    let sealed = store.review(id)?;
    let (review, standing) = find(store, actor, sealed)?;
    if !Sight::new(actor, review.outline(), standing.relations).rating {
        return Err(Refusal::NotFound);
    }
    let kept = store.result_trace(id)?;
    Ok((review, kept))
}

/// Read a result
///
/// Scores and the four grades of one person in one cycle, side by side, with what they were computed
/// by. For the person there is no result until it is released.
#[utoipa::path(tag = "results", operation_id = "getResult",
    params(("id" = Uuid, Path, description = "Id of the review")),
    responses((status = 200, description = "The result", body = ResultView)),
    security(("bearer" = []), ("api_key" = ["performance:read"])))]
#[get("/{id}")]
async fn read(caller: Caller, id: PathId) -> Result<HttpResponse, Refusal> {
    let id = id.0.into();
    let (shown, kept) = caller.snapshot(move |store, actor| open(store, actor, id)).await?;
    let review = shown.outline();
    caller.shown("getResult", [(review.id.uuid(), review.employee_id.uuid())]).await?;
    caller.found(review.version, &ResultView::new(review, kept.as_ref()))
}

/// Explain a result
///
/// Every step from actuals and ratings to the grade, with the rule each one follows, as text and as a
/// tree; in Chinese or English by `Accept-Language`. Single ratings are never shown.
#[utoipa::path(tag = "results", operation_id = "explainResult",
    params(("id" = Uuid, Path, description = "Id of the review")),
    responses((status = 200, description = "The explanation", body = ExplanationView)),
    security(("bearer" = []), ("api_key" = ["performance:read"])))]
#[get("/{id}/explanation")]
async fn explain(caller: Caller, id: PathId) -> Result<HttpResponse, Refusal> {
    let id: ReviewId = id.0.into();
    let (shown, kept) = caller.snapshot(move |store, actor| open(store, actor, id)).await?;
    let review = shown.outline();
    let kept = kept.filter(|_| review.results.composite.is_some()).ok_or(Refusal::NotFound)?;
    caller.shown("explainResult", [(review.id.uuid(), review.employee_id.uuid())]).await?;
    let language = Language::of(caller.request().headers().get(header::ACCEPT_LANGUAGE));
    let view = explanation(id, &kept, language);
    let mut response = caller.found(review.version, &view)?;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
    headers.append(header::VARY, HeaderValue::from_static("Accept-Language"));
    Ok(response)
}

fn explanation(id: ReviewId, kept: &ResultTrace, language: Language) -> ExplanationView {
    let locale = match language {
        Language::En => Locale::En,
        Language::Zh => Locale::Zh,
    };
    let trace: &Trace = &kept.trace;
    ExplanationView {
        id: id.uuid(),
        provenance: kept.into(),
        language: language.tag().to_owned(),
        text: trace.render(locale),
        whole: ExplanationPart::new(&trace.outline(), locale),
    }
}

/// Compute the results of a cycle
///
/// Computes every result of which the rating has been handed in and no session has moved the grade,
/// and of all others the performance total; scores the goals of those that are computed. Whoever has a
/// team comes last, since the totals of its members count. What is missing is told person by person
/// and leaves the rest alone. Above 1,000 people a job does it.
#[utoipa::path(tag = "results", operation_id = "computeResults",
    params(("id" = Uuid, Path, description = "Id of the cycle")),
    responses((status = 200, description = "What it came to", body = ResultsComputation),
        (status = 202, description = "The job that does it for many people", body = JobView)),
    security(("bearer" = [])))]
#[post("/{id}/results")]
pub async fn compute(caller: Caller, id: PathId) -> Result<HttpResponse, Refusal> {
    let order = ResultsOrder { cycle: id.0.into() };
    let ticket = Ticket::new(&caller);
    let made = ticket.clone();
    let response = caller
        .change_bulk(None, move |store, actor| compute_results(store, actor, &order, &made))
        .await?;
    ticket.wake(&response);
    Ok(response)
}

/// Routes of the noun.
pub fn routes(config: &mut ServiceConfig) {
    config.service(scope("/results").service(read).service(explain));
}
