//! Results: the four grades side by side, and the explanation of a result.

use super::computation::{ResultsOrder, compute_results};
use super::sight::{ReviewAccess, find};
use crate::platform::areas::Noun;
use crate::platform::caller::{Actor, Caller};
use crate::platform::extract::PathId;
use crate::platform::jobs::{JobView, Ticket};
use crate::platform::problem::Language;
use crate::platform::refusal::Refusal;
use crate::reviews::words;
use actix_web::{HttpResponse, get, post};
use chrono::{DateTime, Utc};
use domain::core::id::{EmployeeId, PolicyId, ReviewId};
use domain::core::number::{Exact, Legible};
use domain::policy::{Shown, Stage, Subject};
use domain::reviews::calibration_session::MoveState;
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

/// Maximum number of people whose faults are listed.
const MAX_FAILURES: usize = 200;

/// The result of one person in one cycle. The four grades are kept side by side; none overwrites
/// another.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Result)]
pub struct ResultView {
    /// Id of the review, which is also the id of the result.
    pub id: Uuid,
    /// Id of the cycle.
    pub cycle_id: Uuid,
    /// Id of the person.
    pub employee_id: Uuid,
    /// State of the review.
    #[schema(value_type = words::ReviewState)]
    pub state: State,
    /// Performance score from goals, in points; null until computed.
    #[schema(required = true, example = "103.20")]
    pub performance: Option<String>,
    /// Composite score of all dimensions, in points; null until computed.
    #[schema(required = true, example = "104.12")]
    pub composite: Option<String>,
    /// Collaboration score, in points, which breaks ties; null until computed.
    #[schema(required = true, example = "100.00")]
    pub collaboration: Option<String>,
    /// Grade that follows from the composite; null until computed.
    #[schema(value_type = Option<words::Grade>)]
    pub computed_grade: Option<Grade>,
    /// Grade after calibration; null if no session moved it.
    #[schema(value_type = Option<words::Grade>)]
    pub calibrated_grade: Option<Grade>,
    /// Final grade; null until calibration ends.
    #[schema(value_type = Option<words::Grade>)]
    pub final_grade: Option<Grade>,
    /// Best grade that a confirmed veto allows; null without a veto.
    #[schema(value_type = Option<words::Grade>)]
    pub veto_grade: Option<Grade>,
    /// Moves by which the grade was calibrated, oldest first, as the person is told of them; absent
    /// before release.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub moves: Option<Vec<ResultMove>>,
    /// Inputs and versions of the computation; null until computed.
    #[schema(required = true)]
    pub provenance: Option<ProvenanceView>,
    /// Version of the review's state: starts at 1 and grows by 1 with each change of state.
    #[schema(example = 3)]
    pub version: i32,
    /// When the state of the review last changed.
    pub updated_at: DateTime<Utc>,
}

/// A move of the grade in calibration, as the person is told of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ResultMove {
    /// Grade before the move.
    #[schema(value_type = words::Grade)]
    pub from: Grade,
    /// Grade after the move.
    #[schema(value_type = words::Grade)]
    pub to: Grade,
    /// What the session tells the person about it; empty for moves made before this was asked for.
    #[schema(example = "The tender that you won in February counts")]
    pub sentence: String,
}

/// Identifies what a result was computed from, so that it can be recomputed to the same digit.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Provenance)]
pub struct ProvenanceView {
    /// Revision of the result, from 1.
    #[schema(example = 1)]
    pub revision: i32,
    /// Version of the formulas.
    #[schema(example = 1)]
    pub formula_version: u32,
    /// Id of the policy version.
    pub policy_id: Uuid,
    /// SHA-256 of inputs, settings, steps and result, in hexadecimal.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    pub digest: String,
    /// When the result was computed.
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
    fn new(review: &Review, kept: Option<&ResultTrace>, moves: Option<Vec<ResultMove>>) -> Self {
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
            moves,
            provenance: kept.filter(|_| results.composite.is_some()).map(ProvenanceView::from),
            version: review.version,
            updated_at: review.updated_at,
        }
    }
}

/// Explanation of a result.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Explanation)]
pub struct ExplanationView {
    /// Id of the review, which is also the id of the result.
    pub id: Uuid,
    /// Identifies what the result was computed from.
    pub provenance: ProvenanceView,
    /// Language of the texts.
    #[schema(value_type = crate::platform::words::Locale)]
    pub language: Language,
    /// The explanation as text, one line per input and step.
    #[schema(example = "composite score: 104.12 B\n  ...")]
    pub text: String,
    /// The same explanation as a tree.
    pub whole: ExplanationPart,
}

/// A part of a result, down to indicators and dimensions. Single ratings are not shown, only their
/// combined score.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ExplanationPart {
    /// Kind of the part; null if it was left out with approval.
    #[schema(value_type = Option<words::ExplanationPartKind>)]
    pub kind: Option<PartKind>,
    /// Id of the approval to leave the part out; otherwise null.
    #[schema(required = true)]
    pub approval_id: Option<Uuid>,
    /// Number under which the department's own weight is filed; null for weights of the policy.
    #[schema(required = true, example = "2026-017")]
    pub filing_number: Option<String>,
    /// Title of a goal or code of a dimension; null for the whole result.
    #[schema(required = true, example = "Collection rate")]
    pub name: Option<String>,
    /// Weight in the part above in percent, with up to 6 decimal places; null for the whole result.
    #[schema(required = true, example = "33.333333")]
    pub weight: Option<String>,
    /// The exact weight, as a fraction; null where the decimal is exact.
    #[schema(required = true, example = "100/3")]
    pub exact_weight: Option<String>,
    /// Number of days of a sub-period with its own target; null if there is none.
    #[schema(required = true)]
    pub days: Option<u32>,
    /// Actual value that an indicator is scored by, with up to 6 decimal places; null for other
    /// parts.
    #[schema(required = true, example = "95.341667")]
    pub actual: Option<String>,
    /// The exact actual value, as a fraction; null where the decimal is exact.
    #[schema(required = true, example = "11441/120")]
    pub exact_actual: Option<String>,
    /// Ids of the measurements and check-ins used.
    pub revision_ids: Vec<Uuid>,
    /// Score in points, with up to 6 decimal places; null without data.
    #[schema(required = true, example = "86.67")]
    pub score: Option<String>,
    /// The exact score, as a fraction; null where the decimal is exact.
    #[schema(required = true, example = json!(null))]
    pub exact_score: Option<String>,
    /// Grade, for a part that is a total; otherwise null.
    #[schema(value_type = Option<words::Grade>)]
    pub grade: Option<Grade>,
    /// Steps that lead from the parts to the score.
    pub steps: Vec<ExplanationStep>,
    /// Parts that this part consists of.
    #[schema(no_recursion, example = json!([]))]
    pub parts: Vec<ExplanationPart>,
}

/// One step of a computation: a rule and the value it gave.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ExplanationStep {
    /// Section of the specification.
    #[schema(example = "B.9")]
    pub section: String,
    /// The rule, in the language of the explanation.
    #[schema(example = "weighted mean of the items that count")]
    pub rule: String,
    /// Value, with up to 6 decimal places.
    #[schema(example = "86.666667")]
    pub value: String,
    /// The exact value, as a fraction; null where the decimal is exact.
    #[schema(required = true, example = "260/3")]
    pub exact_value: Option<String>,
}

impl ExplanationPart {
    fn new(outline: &Outline<'_>, locale: Locale) -> Self {
        let shown = |value: Option<&Exact>| {
            let figure = value.map(Exact::legible);
            figure.map_or((None, None), |Legible { decimal, exact }| (Some(decimal), exact))
        };
        let step = |Step { rule, value }: &Step| {
            let Legible { decimal: value, exact: exact_value } = value.legible();
            let (section, rule) = (rule.section().to_owned(), rule.text(locale).to_owned());
            ExplanationStep { section, rule, value, exact_value }
        };
        let calculation = outline.calculation;
        let outcome = &outline.explanation.outcome;
        let (rounded, exact_weight) = shown(outline.weight);
        let whole = outline.weight.filter(|_| exact_weight.is_none());
        let weight = whole.map(|weight| format!("{weight:.2}")).or(rounded);
        let (actual, exact_actual) = shown(calculation.and_then(Calculation::actual));
        let (score, exact_score) = shown(outcome.score.as_ref());
        Self {
            kind: calculation.map(Calculation::kind),
            approval_id: outline.approval,
            filing_number: outline.filing.map(str::to_owned),
            name: outline.name.map(str::to_owned),
            weight,
            exact_weight,
            days: outline.days,
            actual,
            exact_actual,
            revision_ids: calculation.map(Calculation::revisions).unwrap_or_default(),
            score,
            exact_score,
            grade: outcome.grade,
            steps: outline.explanation.steps.iter().map(step).collect(),
            parts: outline.parts.iter().map(|part| Self::new(part, locale)).collect(),
        }
    }
}

/// Outcome of computing the results of a cycle. The caller's result, and the results of all who may
/// read everybody else's, are computed too but not counted here, because they could be inferred.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ResultsComputation {
    /// Number of computed results.
    #[schema(example = 118)]
    pub computed: usize,
    /// Number of reviews without a submitted rating; only their performance total is computed.
    #[schema(example = 2)]
    pub waiting: usize,
    /// Number of reviews that lack something; they stay as they are. The caller's own is not
    /// counted.
    #[schema(example = 1)]
    pub failed: usize,
    /// Faults of the first 200 of these reviews.
    pub failures: Vec<ResultFailure>,
    /// People whose results are computed but not counted.
    #[serde(skip)]
    apart: HashSet<EmployeeId>,
}

/// A result that could not be computed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ResultFailure {
    /// Id of the review.
    pub review_id: Uuid,
    /// Id of the person.
    pub employee_id: Uuid,
    /// Everything that is missing.
    pub faults: Vec<ResultFault>,
}

/// A fault that prevents a result from being computed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ResultFault {
    /// What is at fault: `/goals/{id}`, `/dimensions/{code}`, `/goals` for all goals together, or
    /// empty for the whole result.
    #[schema(example = "/dimensions/collaboration")]
    pub place: String,
    /// Stable code of the fault.
    #[schema(example = "DIMENSION_INSUFFICIENT")]
    pub code: String,
}

impl ResultsComputation {
    /// Empty figures that leave these people out.
    pub(super) fn without(apart: HashSet<EmployeeId>) -> Self {
        Self { apart, ..Self::default() }
    }

    /// Whether the result of a review is counted.
    pub(super) fn counts_review(&self, review: &Review) -> bool {
        !self.apart.contains(&review.employee_id)
    }

    /// The figures as shown to a reader, without the faults of the reader's own result.
    pub fn shown_to(mut self, subject: &Subject) -> Self {
        let before = self.failures.len();
        self.failures.retain(|failure| !subject.may_be(failure.employee_id.into()));
        let own = before - self.failures.len();
        Self { failed: self.failed.saturating_sub(own), ..self }
    }

    /// Adds the faults of a result.
    pub(super) fn fail(&mut self, review: &Review, faults: &Faults) {
        if !self.counts_review(review) {
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

/// Opens the result of a review. Before its release it does not exist for the person.
fn open(
    store: &mut dyn Store,
    actor: &Actor,
    id: ReviewId,
) -> Result<(Shown<Review>, Option<ResultTrace>), Refusal> {
    let sealed = store.review(id)?;
    let (review, standing) = find(store, actor, sealed)?;
    if !ReviewAccess::new(actor, review.outline(), standing.relations).rating {
        return Err(Refusal::NotFound);
    }
    let kept = store.result_trace(id)?;
    Ok((review, kept))
}

/// Read a result
///
/// Shows the scores and the four grades of one person in one cycle, side by side, with what they
/// were computed from, and after release with what the person is told of each move in calibration.
/// For the person there is no result until it is released.
#[utoipa::path(tag = "results", operation_id = "getResult",
    params(("id" = Uuid, Path, description = "Id of the review")),
    responses((status = 200, description = "The result", body = ResultView)),
    security(("bearer" = []), ("api_key" = ["performance:read"])))]
#[get("/{id}")]
async fn read(caller: Caller, id: PathId) -> Result<HttpResponse, Refusal> {
    let id = id.0.into();
    let work = move |store: &mut dyn Store, actor: &Actor| {
        let (shown, kept) = open(store, actor, id)?;
        let moves = told_of(store, shown.outline())?;
        Ok::<_, Refusal>((shown, kept, moves))
    };
    let (shown, kept, moves) = caller.snapshot(work).await?;
    let review = shown.outline();
    caller.shown("getResult", [(review.id.uuid(), review.employee_id.uuid())]).await?;
    caller.found(review.version, &ResultView::new(review, kept.as_ref(), moves))
}

/// The moves that took effect, of which whoever may read the result is told after its release.
fn told_of(store: &mut dyn Store, review: &Review) -> Result<Option<Vec<ResultMove>>, Refusal> {
    if review.rating_stage() != Stage::Released {
        return Ok(None);
    }
    let Some(session) = review.session_id else { return Ok(Some(Vec::new())) };
    let all = store.moves_of(session, review.id)?.into_iter();
    let effective = all.filter(|it| it.state == MoveState::Approved);
    let told = effective.map(|it| ResultMove { from: it.from, to: it.to, sentence: it.sentence });
    Ok(Some(told.collect()))
}

/// Explain a result
///
/// Shows every step from actual values and ratings to the grade, with the rule of each step, as
/// text and as a tree, in Chinese or English according to `Accept-Language`. Single ratings are
/// never shown.
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
    let language = Language::asked(caller.request());
    let view = explanation(id, &kept, language);
    Ok(language.spoken(caller.found(review.version, &view)?))
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
        language,
        text: trace.render(locale),
        whole: ExplanationPart::new(&trace.outline(), locale),
    }
}

/// Compute the results of a cycle
///
/// Computes the result of every review whose rating is submitted and whose grade no session has
/// moved; for all others, only the performance total. Scores the goals of the computed results.
/// Team leaders come last, because their results use the totals of their team. Faults are listed by
/// person and do not affect the others. For more than 1,000 people, a job does the work.
#[utoipa::path(tag = "results", operation_id = "computeResults",
    params(("id" = Uuid, Path, description = "Id of the cycle")),
    responses((status = 200, description = "The outcome", body = ResultsComputation),
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

/// The noun.
pub const NOUN: Noun = Noun {
    tags: &[("results", "What is computed from goals and ratings, and why.")],
    ..Noun::of(routes)
};

fn routes(config: &mut ServiceConfig) {
    config.service(scope("/results").service(read).service(explain));
}
