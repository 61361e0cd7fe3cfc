//! Labels: how people read the words of the contract, in both languages. Texts of refusals use them,
//! and clients read them.

mod catalogue;

pub use catalogue::{
    COMMA, DIMENSIONS, EVENT_TYPES, Group, Label, group, groups, list, schemas, told,
};

use crate::platform::areas::Noun;
use crate::platform::caller::Caller;
use crate::platform::parameters::Query;
use crate::platform::problem::{KINDS, Kind, Language, violations};
use crate::platform::refusal::Refusal;
use crate::platform::words;
use actix_web::http::header::{self, ContentType};
use actix_web::{HttpResponse, get};
use domain::core::text::TextEnum;
use domain::scoring::settings::{KindName, Setting, Text, register};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::LazyLock;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;

/// A word of the contract with its label.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LabelledWord)]
pub struct WordView {
    /// The word, as clients send and receive it; stable.
    #[schema(example = "draft")]
    pub value: &'static str,
    /// How people read it.
    #[schema(example = "Draft")]
    pub label: &'static str,
}

/// An enum of the contract with the labels of its values.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LabelledEnum)]
pub struct EnumView {
    /// What the enum tells.
    #[schema(example = "State of a goal")]
    pub label: &'static str,
    /// Its values, in the order of the contract.
    pub values: Vec<WordView>,
}

/// A code of faults with its text.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LabelledCode)]
pub struct CodeView {
    /// The code, as in `errors` of a problem document; stable.
    #[schema(example = "too_long")]
    pub code: &'static str,
    /// Text of the fault. Words in braces stand for values that an answer fills in.
    #[schema(example = "No more than {max} characters are allowed.")]
    pub text: String,
}

/// A problem type with its texts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LabelledProblem)]
pub struct ProblemView {
    /// URI of the problem type; stable.
    #[serde(rename = "type")]
    #[schema(example = "/problems/not-found")]
    pub kind: String,
    /// Title.
    #[schema(example = "Not found")]
    pub title: &'static str,
    /// What the problem means and what to do about it.
    #[schema(example = "There is nothing here that you may see.")]
    pub detail: &'static str,
}

/// A setting of a policy: what it takes, what it is unless a policy says otherwise, and what it means.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LabelledSetting)]
pub struct SettingView {
    /// Name of the setting in a policy.
    #[schema(example = "kpi.cap")]
    pub name: &'static str,
    /// What people call it.
    #[schema(example = "Upper limit of an indicator")]
    pub label: &'static str,
    /// What it does, with its unit.
    #[schema(example = "Highest score of an indicator, in points.")]
    pub meaning: &'static str,
    /// What it takes.
    #[schema(value_type = words::SettingKind)]
    pub kind: KindName,
    /// What it is unless a policy says otherwise.
    #[schema(value_type = Value, example = "120")]
    pub default: Value,
    /// Whether it takes null, which turns it off.
    pub is_optional: bool,
    /// The words it takes; empty unless it takes one of some words.
    pub allowed: Vec<WordView>,
    /// The lowest number it takes; null if it takes no numbers.
    #[schema(required = true, example = "100")]
    pub minimum: Option<String>,
    /// The highest number it takes; null if it takes no numbers.
    #[schema(required = true, example = "200")]
    pub maximum: Option<String>,
}

impl SettingView {
    fn new(setting: &'static Setting, language: Language) -> Self {
        let text = |text: &'static Text| language.of_both(text.en, text.zh);
        let (minimum, maximum) = setting.limits().unzip();
        let allowed = setting.allowed().iter();
        let allowed = allowed.map(|it| WordView { value: it.value, label: text(&it.meaning) });
        Self {
            name: setting.name,
            label: text(&setting.title),
            meaning: text(&setting.meaning),
            kind: setting.kind_name(),
            default: setting.default.clone(),
            is_optional: setting.is_optional(),
            allowed: allowed.collect(),
            minimum,
            maximum,
        }
    }
}

/// The words of the contract and how people read them, in one language.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Labels)]
pub struct LabelsView {
    /// Language of the labels.
    #[schema(value_type = words::Locale)]
    pub locale: Language,
    /// Every enum, by the name of its schema in the contract.
    #[schema(value_type = BTreeMap<String, EnumView>)]
    pub enums: BTreeMap<&'static str, EnumView>,
    /// The dimensions that policies begin with; a policy may name others.
    pub dimensions: Vec<WordView>,
    /// Settings of policies.
    pub settings: Vec<SettingView>,
    /// Codes of faults, in alphabetical order.
    pub codes: Vec<CodeView>,
    /// Problem types, in alphabetical order.
    pub problems: Vec<ProblemView>,
    /// Types of events.
    pub event_types: Vec<WordView>,
    /// Actions of the access policy.
    pub actions: Vec<WordView>,
}

impl LabelsView {
    fn new(language: Language) -> Self {
        let words = |labels: &'static [Label]| labels.iter().map(|it| word(it, language)).collect();
        let enums = groups().iter().map(|group| {
            let (label, values) = (group.text(language), words(&group.values));
            (&group.name[..], EnumView { label, values })
        });
        let code = |(code, text)| CodeView { code, text };
        let mut problems: Vec<_> = KINDS.values().collect();
        problems.sort_by(|a, b| a.slug.cmp(&b.slug));
        let problem = |kind: &'static Kind| ProblemView {
            kind: format!("/problems/{}", kind.slug),
            title: kind.title(language),
            detail: kind.explanation(language),
        };
        Self {
            locale: language,
            enums: enums.collect(),
            dimensions: words(&DIMENSIONS),
            settings: register().iter().map(|it| SettingView::new(it, language)).collect(),
            codes: violations(language).map(code).collect(),
            problems: problems.into_iter().map(problem).collect(),
            event_types: words(&EVENT_TYPES),
            actions: group("Action").map(|group| words(&group.values)).unwrap_or_default(),
        }
    }
}

fn word(label: &'static Label, language: Language) -> WordView {
    WordView { value: &label.value, label: label.text(language) }
}

/// The answer in a language, which only another version of the program changes.
struct Answer {
    body: String,
    etag: String,
}

impl Answer {
    fn new(language: Language) -> Self {
        let body = serde_json::to_string(&LabelsView::new(language)).expect("labels are JSON");
        let digest = Sha256::digest(&body);
        let short = u64::from_be_bytes(digest[..8].try_into().unwrap_or_default());
        Self { body, etag: format!("\"{short:016x}\"") }
    }
}

static ENGLISH: LazyLock<Answer> = LazyLock::new(|| Answer::new(Language::En));
static CHINESE: LazyLock<Answer> = LazyLock::new(|| Answer::new(Language::Zh));

/// Query parameters of the labels.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct LabelsQuery {
    /// Language of the labels; if absent, the one that `Accept-Language` prefers.
    #[param(value_type = Option<words::Locale>)]
    locale: Option<Language>,
}

/// Read the labels
///
/// Shows how people read the words of this contract, in Chinese or English: the values of enums,
/// the dimensions that policies begin with, settings, codes of faults, problem types, types of events and
/// actions. They are the same for every caller and change only with the version of the program, so
/// a client reads them once and then asks with `If-None-Match`.
#[utoipa::path(tag = "labels", operation_id = "getLabels", params(LabelsQuery),
    responses((status = 200, description = "The labels", body = LabelsView)),
    security(("bearer" = []), ("api_key" = [])))]
#[get("")]
async fn read(caller: Caller, query: Query<LabelsQuery>) -> Result<HttpResponse, Refusal> {
    let request = caller.request();
    let language = query.0.locale.unwrap_or_else(|| Language::asked(request));
    let Answer { body, etag } = match language {
        Language::En => &*ENGLISH,
        Language::Zh => &*CHINESE,
    };
    Ok(HttpResponse::Ok()
        .content_type(ContentType::json())
        .insert_header((header::ETAG, etag.as_str()))
        .insert_header((header::CACHE_CONTROL, "private, no-cache"))
        .insert_header((header::CONTENT_LANGUAGE, language.as_str()))
        .insert_header((header::VARY, "Authorization, X-Api-Key, Accept-Language"))
        .body(body.as_str()))
}

/// The noun.
pub const NOUN: Noun =
    Noun { tags: &[("labels", "How people read the words of this contract.")], ..Noun::of(routes) };

fn routes(config: &mut ServiceConfig) {
    config.service(scope("/labels").service(read));
}
