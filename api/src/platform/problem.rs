//! Problem details (RFC 9457): every refusal has a documented type, in the reader's language.

use crate::platform::faults::{MAX_FAULTS, MAX_POINTER, MAX_VALUE, MORE, cut};
use crate::platform::labels;
use crate::platform::problem_page;
use crate::platform::refusal::Refusal;
use crate::platform::words::Told;
use actix_web::http::header::{self, AcceptLanguage, Header, HeaderValue, Quality};
use actix_web::http::{StatusCode, Uri};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, ResponseError};
use chrono::NaiveDate;
use domain::core::import::Fault;
use domain::core::text::TextEnum;
use domain::text_enum;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::LazyLock;

/// Media type of every refusal.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// A problem type, as documented under `/problems/{slug}`.
#[derive(Clone, Debug, Deserialize)]
pub struct Kind {
    /// Last part of the type's URI.
    pub slug: String,
    /// HTTP status of the response.
    pub status: u16,
    /// Title in English.
    pub title_en: String,
    /// Title in Chinese.
    pub title_zh: String,
    /// What the problem means and what to do about it, in English.
    pub explanation_en: String,
    /// What the problem means and what to do about it, in Chinese.
    pub explanation_zh: String,
}

impl Kind {
    /// The title in a language.
    pub fn title(&self, language: Language) -> &str {
        language.of_both(&self.title_en, &self.title_zh)
    }

    /// What the problem means and what to do about it, in a language.
    pub fn explanation(&self, language: Language) -> &str {
        language.of_both(&self.explanation_en, &self.explanation_zh)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ViolationText {
    code: String,
    en: String,
    zh: String,
    /// The text where the allowed values are listed.
    listing_en: Option<String>,
    listing_zh: Option<String>,
}

impl ViolationText {
    fn template(&self, language: Language, lists: bool) -> &str {
        let listing = self.listing_en.as_deref().zip(self.listing_zh.as_deref());
        let (en, zh) = listing.filter(|_| lists).unwrap_or((&self.en, &self.zh));
        language.of_both(en, zh)
    }
}

/// Every problem type, by slug.
pub static KINDS: LazyLock<HashMap<String, Kind>> = LazyLock::new(|| {
    let kinds: Vec<Kind> =
        serde_json::from_str(include_str!("../../problems.json")).expect("problems.json is valid");
    kinds.into_iter().map(|kind| (kind.slug.clone(), kind)).collect()
});

static VIOLATIONS: LazyLock<HashMap<String, ViolationText>> = LazyLock::new(|| {
    let texts: Vec<ViolationText> = serde_json::from_str(include_str!("../../violations.json"))
        .expect("violations.json is valid");
    texts.into_iter().map(|text| (text.code.clone(), text)).collect()
});

/// Every code of faults with its text in a language, in alphabetical order. Placeholders for values
/// are names in braces.
pub fn violations(language: Language) -> impl Iterator<Item = (&'static str, String)> {
    let mut texts: Vec<_> = VIOLATIONS.values().collect();
    texts.sort_by(|a, b| a.code.cmp(&b.code));
    texts.into_iter().map(move |text| {
        let template = text.template(language, false);
        (&text.code[..], filled(template, |name, _| Some(format!("{{{name}}}"))))
    })
}

/// A text with its placeholders filled in: `{value}` by the value of that name, `{value:GoalState}` by
/// the labels of the words in it. Braces that are no placeholders stay.
fn filled(template: &str, value: impl Fn(&str, Option<&str>) -> Option<String>) -> String {
    let (mut text, mut rest) = (String::with_capacity(template.len()), template);
    while let Some((before, behind)) = rest.split_once('{') {
        let Some((place, after)) = behind.split_once('}') else { break };
        let (name, words) = place.split_once(':').map_or((place, None), |(a, b)| (a, Some(b)));
        text.push_str(before);
        text.push_str(&value(name, words).unwrap_or_else(|| format!("{{{place}}}")));
        rest = after;
    }
    text.push_str(rest);
    text
}

text_enum! {
    /// A language in which texts exist; the text form is its BCP 47 tag.
    pub enum Language {
        /// Simplified Chinese.
        Zh = "zh-CN",
        /// English.
        En = "en",
    }
}

impl Language {
    /// The language that a reader of this request wants: English unless Chinese is preferred.
    pub fn asked(request: &impl HttpMessage) -> Self {
        let Ok(wanted) = AcceptLanguage::parse(request) else { return Self::En };
        let quality = |language: &str| {
            let ranges = wanted.iter().filter_map(|it| Some((it.item.item()?, it.quality)));
            let fitting =
                ranges.filter(|(tag, _)| tag.primary_language().eq_ignore_ascii_case(language));
            fitting.map(|(_, quality)| quality).max().unwrap_or(Quality::ZERO)
        };
        if quality("zh") > quality("en") { Self::Zh } else { Self::En }
    }

    /// The text in this language, of one in both.
    pub fn of_both<'t>(self, en: &'t str, zh: &'t str) -> &'t str {
        match self {
            Self::En => en,
            Self::Zh => zh,
        }
    }

    /// An answer with texts in this language, which the client has chosen.
    pub fn spoken(self, mut answer: HttpResponse) -> HttpResponse {
        let headers = answer.headers_mut();
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(self.as_str()));
        headers.append(header::VARY, HeaderValue::from_static("Accept-Language"));
        answer
    }
}

/// Name of the value that lists what is allowed, separated by commas.
const ALLOWED: &str = "allowed";

/// One fault of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// JSON Pointer into the body; otherwise `/query/name`, `/header/name` or `/path/name`.
    pub pointer: String,
    /// Stable code, listed in `violations.json`.
    pub code: &'static str,
    /// Values for the placeholders of the text.
    pub values: Vec<(&'static str, String)>,
    /// The row of a file in which it is.
    pub row: Option<Box<InRow>>,
}

/// A row of a file, as those know it who have the file before them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InRow {
    /// Its line, from 1.
    pub line: Option<usize>,
    /// Its key.
    pub key: Option<String>,
}

impl Violation {
    /// A fault without placeholders. A pointer longer than any in the contract is cut.
    pub fn new(pointer: impl Into<String>, code: &'static str) -> Self {
        Self { pointer: cut(pointer.into(), MAX_POINTER), code, values: Vec::new(), row: None }
    }

    /// The fault that gives the total number of faults if only the first ones are listed.
    pub fn more(total: usize) -> Self {
        Self::new("", MORE).with("total", total)
    }

    /// Adds the value of a placeholder, cut to [`MAX_VALUE`] characters.
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.values.push((name, cut(value.to_string(), MAX_VALUE)));
        self
    }

    /// Names the row of a file in which the fault is.
    pub fn in_row(mut self, line: Option<usize>, key: Option<&str>) -> Self {
        let key = key.map(|key| cut(key.to_owned(), MAX_VALUE));
        self.row = Some(Box::new(InRow { line, key }));
        self
    }

    /// Lists the values that are allowed, unless they are too many to help.
    pub fn allowing(self, values: &[&str]) -> Self {
        let list = values.join(labels::COMMA);
        if list.len() > MAX_VALUE { self } else { self.with(ALLOWED, list) }
    }

    /// Prefixes the pointer with the property or row in which the fault was found.
    pub fn put_within(&mut self, name: &str) {
        let name = cut(name.to_owned(), MAX_VALUE).replace('~', "~0").replace('/', "~1");
        self.pointer = cut(format!("/{name}{}", self.pointer), MAX_POINTER);
    }

    /// A fault of a property of a body.
    pub fn of(Fault { field, code, value, .. }: Fault) -> Self {
        let fault = Self::new(format!("/{field}"), code);
        match value {
            Some((name, value)) => fault.with(name, value),
            None => fault,
        }
    }

    /// The fault of a day in the future.
    pub fn in_future(
        pointer: impl Into<String>,
        date: NaiveDate,
        today: NaiveDate,
    ) -> Option<Self> {
        (date > today).then(|| Self::new(pointer, "in_future").with("value", date))
    }

    /// The fault as a client reads it.
    pub fn view(&self, language: Language) -> ProblemError {
        ProblemError {
            pointer: self.pointer.clone(),
            code: self.code.to_owned(),
            detail: self.text(language),
            line: self.row.as_ref().and_then(|row| row.line),
            key: self.row.as_ref().and_then(|row| row.key.clone()),
        }
    }

    /// The text in a language.
    pub fn text(&self, language: Language) -> String {
        let value = |name: &str| self.values.iter().find(|(given, _)| *given == name);
        told_by(self.code, language, |name| value(name).map(|(_, value)| &value[..]))
    }
}

/// The text of a code in a language, with the values of its placeholders.
fn told_by<'v>(code: &str, language: Language, value: impl Fn(&str) -> Option<&'v str>) -> String {
    let Some(text) = VIOLATIONS.get(code) else { return code.to_owned() };
    let template = text.template(language, value(ALLOWED).is_some());
    filled(template, |name, words| {
        let value = value(name)?;
        Some(words.map_or_else(|| value.to_owned(), |of| labels::list(of, value, language)))
    })
}

/// A fault as it is kept: without its text, which readers get in their own language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptFault {
    /// Where it is, as in [`Violation::pointer`].
    pub pointer: String,
    /// Its code.
    pub code: String,
    /// Values for the placeholders of the text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    values: Vec<(String, String)>,
}

impl KeptFault {
    /// The text in a language.
    pub fn text(&self, language: Language) -> String {
        let value = |name: &str| self.values.iter().find(|(given, _)| given == name);
        told_by(&self.code, language, |name| value(name).map(|(_, value)| &value[..]))
    }

    /// The fault as a client reads it.
    pub fn view(&self, language: Language) -> ProblemError {
        ProblemError {
            pointer: self.pointer.clone(),
            code: self.code.clone(),
            detail: self.text(language),
            line: None,
            key: None,
        }
    }
}

impl From<Violation> for KeptFault {
    fn from(fault: Violation) -> Self {
        let values = fault.values.into_iter().map(|(name, value)| (name.to_owned(), value));
        Self { pointer: fault.pointer, code: fault.code.to_owned(), values: values.collect() }
    }
}

/// A fault of the request.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ProblemError)]
pub struct ProblemError {
    /// JSON Pointer to the faulty value in the body; otherwise `/query/name`, `/header/name` or
    /// `/path/name`.
    #[schema(example = "/title")]
    pub pointer: String,
    /// Stable code of the fault.
    #[schema(example = "too_long")]
    pub code: String,
    /// Explanation of the fault, in the reader's language.
    #[schema(example = "At most 200 characters are allowed.")]
    pub detail: String,
    /// Line of the file in which the fault is, from 1; absent if the body is no file of lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = usize, required = false, example = 19)]
    pub line: Option<usize>,
    /// Key of the row in which the fault is; absent outside rows, and if the key cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, example = "E-0043")]
    pub key: Option<String>,
}

/// A problem document, which answers a refused request (RFC 9457).
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Problem {
    /// URI of the documented problem type; stable.
    #[serde(rename = "type")]
    #[schema(example = "/problems/not-found")]
    pub kind: String,
    /// Short title in the reader's language.
    #[schema(example = "Not found")]
    pub title: String,
    /// HTTP status of the response.
    #[schema(example = 404)]
    pub status: u16,
    /// What the problem means and what to do about it, in the reader's language.
    #[schema(example = "There is nothing here that you may see.")]
    pub detail: String,
    /// Path of the request.
    #[schema(example = "/v1/positions/0197c9a8-5f3e-7a51-9c7d-0d8b1f0f6a11")]
    pub instance: String,
    /// Id of the request, to be given to the operator.
    #[schema(example = "01JZ4Y0V6Q")]
    pub request_id: String,
    /// Every fault of the input. Beyond the first 1,000, one more fault, `more_faults`, gives the
    /// total number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ProblemError>,
    /// Present state of the record; absent unless the state is the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_state: Option<String>,
    /// Actions the caller may take in that state; absent unless the state is the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_actions: Option<Vec<String>>,
    /// Rule of the access policy that refused; absent if no rule did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
}

/// The id under which the request is logged; set by the outermost middleware.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

impl RequestId {
    /// The id of a request.
    pub fn of(request: &HttpRequest) -> String {
        request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default()
    }
}

/// Data of a request for the problem document that answers it.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Address of the request.
    pub uri: Uri,
    /// The language that the reader wants.
    pub language: Language,
    /// Whether the answer is to be a page for people.
    pub as_page: bool,
    /// Id of the request.
    pub request_id: String,
}

impl Problem {
    /// The problem document of a refusal in a language.
    pub fn new(
        refusal: &Refusal,
        language: Language,
        instance: String,
        request_id: String,
    ) -> Self {
        let slug = refusal.slug();
        let kind = &KINDS[slug];
        let facts = refusal.facts();
        let detail = match &facts.current_state {
            Some(state) => {
                let actions = facts.allowed_actions.as_deref().unwrap_or_default();
                format!("{}{}", kind.explanation(language), whereabouts(*state, actions, language))
            }
            None => kind.explanation(language).to_owned(),
        };
        let values = |words: Vec<Told>| words.iter().map(|word| word.value().to_owned()).collect();
        Self {
            kind: format!("/problems/{slug}"),
            title: kind.title(language).to_owned(),
            status: kind.status,
            detail,
            instance,
            request_id,
            errors: told(facts.violations, language),
            current_state: facts.current_state.map(|state| state.value().to_owned()),
            allowed_actions: facts.allowed_actions.map(values),
            rule: facts.rule,
        }
    }
}

/// In which state a record is, and what can be done in it.
fn whereabouts(state: Told, actions: &[Told], language: Language) -> String {
    let list = |words: &[Told]| {
        let words: Vec<_> = words.iter().map(|word| word.text(language)).collect();
        words.join(language.of_both(", ", "、"))
    };
    let state = list(&[state]);
    let mut text = match language {
        Language::En => format!(" Present state: {state}."),
        Language::Zh => format!("当前状态：{state}。"),
    };
    if !actions.is_empty() {
        text += &match language {
            Language::En => format!(" Possible now: {}.", list(actions)),
            Language::Zh => format!("当前可进行：{}。", list(actions)),
        };
    }
    text
}

/// The faults as a client reads them: the first ones, and the total number if there are more.
fn told(faults: &[Violation], language: Language) -> Vec<ProblemError> {
    let (first, rest) = faults.split_at(faults.len().min(MAX_FAULTS));
    let mut errors: Vec<_> = first.iter().map(|fault| fault.view(language)).collect();
    match rest {
        [] => {}
        // The total number is already among the faults.
        [counted] if counted.code == MORE => errors.push(counted.view(language)),
        _ => errors.push(Violation::more(faults.len()).view(language)),
    }
    errors
}

/// The response for a refusal, with the data of its request.
pub fn render(refusal: &Refusal, asked: &Asked) -> HttpResponse {
    let language = asked.language;
    let facts = refusal.facts();
    let instance = asked.uri.path().to_owned();
    let body = Problem::new(refusal, language, instance, asked.request_id.clone());
    let mut response = HttpResponse::build(refusal.status_code());
    response
        .insert_header((header::CONTENT_LANGUAGE, language.as_str()))
        .insert_header((header::VARY, "Accept, Accept-Language"))
        .insert_header((header::CACHE_CONTROL, "no-store"));
    if let Some(seconds) = facts.retry_after {
        response.insert_header((header::RETRY_AFTER, seconds));
    }
    if let Some(allow) = facts.allow {
        response.insert_header((header::ALLOW, allow));
    }
    if refusal.status_code() == StatusCode::UNAUTHORIZED {
        let challenge = match refusal {
            Refusal::TokenExpired => "Bearer error=\"invalid_token\"",
            _ => "Bearer",
        };
        response.insert_header((header::WWW_AUTHENTICATE, challenge));
    }
    match asked.as_page {
        true => response
            .content_type(problem_page::PAGE)
            .body(problem_page::of_problem(&body, language)),
        false => response.content_type(MEDIA_TYPE).json(body),
    }
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        let status = KINDS[self.slug()].status;
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// Only the status matters here: the outermost middleware, which knows the request, renders the
    /// body.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn texts_are_english_unless_chinese_is_wanted_more() {
        for (header, language) in [
            ("", Language::En),
            ("zh-CN", Language::Zh),
            ("zh", Language::Zh),
            ("ZH-hans-CN,en;q=0.5", Language::Zh),
            ("en-GB,en;q=0.9,zh;q=0.8", Language::En),
            ("zh;q=0.3, en;q=0.2", Language::Zh),
            ("fr, zh;q=0.1", Language::Zh),
            ("zh, en", Language::En),
            ("zh;q=0", Language::En),
            ("zhx", Language::En),
            ("zh;q=x;;,", Language::En),
        ] {
            let request = TestRequest::default().insert_header(("Accept-Language", header));
            assert_eq!(Language::asked(&request.to_http_request()), language, "{header}");
        }
        assert_eq!(Language::asked(&TestRequest::default().to_http_request()), Language::En);
    }
}
