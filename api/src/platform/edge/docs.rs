//! Self-description of the product: problem types, contract and interactive documentation.

use crate::platform::app::App;
use crate::platform::areas;
use crate::platform::areas::Noun;
use crate::platform::extract::accepted;
use crate::platform::problem::{KINDS, Kind, Language};
use crate::platform::problem_page;
use crate::platform::refusal::Refusal;
use crate::platform::reply;
use actix_web::http::header;
use actix_web::web::{self, Data, Path};
use actix_web::{HttpRequest, HttpResponse, get};
use serde::Serialize;
use std::sync::{Arc, LazyLock, OnceLock};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use utoipa_swagger_ui::Config;

/// A text in both languages.
#[derive(Debug, Serialize, ToSchema)]
pub struct Translated {
    /// In English.
    #[schema(example = "Not found")]
    pub en: &'static str,
    /// In Chinese.
    #[schema(example = "记录不存在")]
    pub zh: &'static str,
}

/// A problem type: a kind of refusal.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemType {
    /// URI of the problem type; stable.
    #[serde(rename = "type")]
    #[schema(example = "/problems/not-found")]
    pub kind: String,
    /// HTTP status of the response.
    #[schema(example = 404)]
    pub status: u16,
    /// Title.
    pub title: Translated,
    /// What the problem means and what to do about it.
    pub explanation: Translated,
}

impl From<&'static Kind> for ProblemType {
    fn from(kind: &'static Kind) -> Self {
        Self {
            kind: format!("/problems/{}", kind.slug),
            status: kind.status,
            title: Translated { en: &kind.title_en, zh: &kind.title_zh },
            explanation: Translated { en: &kind.explanation_en, zh: &kind.explanation_zh },
        }
    }
}

/// All problem types.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemTypes {
    /// Problem types, sorted by status and name.
    pub items: Vec<ProblemType>,
}

/// List problem types
///
/// Lists every kind of refusal of this API, with what to do about it, in both languages.
#[utoipa::path(tag = "meta", operation_id = "listProblemTypes",
    responses((status = 200, description = "The problem types; a page for who wants one", content(
        (ProblemTypes = "application/json"),
        (String = "text/html", example = json!("<!doctype html>..."))))))]
#[get("/problems")]
async fn problems(request: HttpRequest) -> Result<HttpResponse, Refusal> {
    let mut kinds: Vec<_> = KINDS.values().collect();
    kinds.sort_by(|a, b| (a.status, &a.slug).cmp(&(b.status, &b.slug)));
    match form(&request)? {
        Form::Page => Ok(page(&request, |language| problem_page::of_kinds(&kinds, language))),
        Form::Json => {
            let items = kinds.into_iter().map(ProblemType::from).collect();
            Ok(HttpResponse::Ok().json(ProblemTypes { items }))
        }
    }
}

/// Read a problem type
///
/// Shows the problem type that the `type` of a problem document refers to.
#[utoipa::path(tag = "meta", operation_id = "getProblemType",
    params(("slug" = String, Path, description = "Last part of the type", example = "not-found")),
    responses((status = 200, description = "The problem type; a page for who wants one", content(
        (ProblemType = "application/json"),
        (String = "text/html", example = json!("<!doctype html>..."))))))]
#[get("/problems/{slug}")]
async fn problem(request: HttpRequest, slug: Path<String>) -> Result<HttpResponse, Refusal> {
    let kind = KINDS.get(slug.as_str()).ok_or(Refusal::NotFound)?;
    match form(&request)? {
        Form::Page => Ok(page(&request, |language| problem_page::of_kind(kind, language))),
        Form::Json => Ok(HttpResponse::Ok().json(ProblemType::from(kind))),
    }
}

/// A form in which problem types are shown.
#[derive(Clone, Copy)]
enum Form {
    Json,
    Page,
}

fn form(request: &HttpRequest) -> Result<Form, Refusal> {
    accepted(request, &[("application/json", Form::Json), ("text/html", Form::Page)])
}

fn page(request: &HttpRequest, write: impl FnOnce(Language) -> String) -> HttpResponse {
    let language = Language::asked(request);
    language.spoken(HttpResponse::Ok().content_type(problem_page::PAGE).body(write(language)))
}

/// Read the contract
///
/// Returns this OpenAPI document, from which clients can be generated.
#[utoipa::path(tag = "meta", operation_id = "getContract",
    responses((status = 200, description = "The OpenAPI document", body = Object)))]
#[get("/openapi.json")]
async fn contract(app: Data<App>) -> HttpResponse {
    static TEXT: OnceLock<(String, String)> = OnceLock::new();
    let (text, etag) = TEXT.get_or_init(|| {
        let text = areas::text((app.areas.contract)());
        let etag = format!("\"{}\"", reply::digest(text.as_bytes()));
        (text, etag)
    });
    HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((header::ETAG, etag.as_str()))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .body(text.as_str())
}

/// Pages link to each other by relative addresses, so their address must end with a slash.
async fn docs_home() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((header::LOCATION, "/docs/")).finish()
}

async fn docs(file: Path<String>) -> Result<HttpResponse, Refusal> {
    static CONFIG: LazyLock<Arc<Config<'static>>> = LazyLock::new(|| {
        Arc::new(Config::new(["/openapi.json"]).persist_authorization(false).validator_url("none"))
    });
    let file = utoipa_swagger_ui::serve(&file, Arc::clone(&CONFIG))
        .map_err(|error| Refusal::Internal(format!("documentation: {error}")))?
        .ok_or(Refusal::RouteNotFound)?;
    let mut response = HttpResponse::Ok();
    response.insert_header((header::CACHE_CONTROL, "max-age=3600"));
    if file.gzpipped {
        response.insert_header((header::CONTENT_ENCODING, "gzip"));
    }
    Ok(response.content_type(file.content_type).body(file.bytes.into_owned()))
}

/// The noun.
pub const NOUN: Noun = Noun::of(routes);

fn routes(config: &mut ServiceConfig) {
    config
        .service(problems)
        .service(problem)
        .service(contract)
        .route("/docs", web::get().to(docs_home))
        .route("/docs/{file:.*}", web::get().to(docs));
}
