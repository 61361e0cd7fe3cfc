//! The contract: the OpenAPI document, generated from the handlers and their types.
//!
//! Handlers say what is particular to them; what every operation has in common - refusals,
//! headers for retries, concurrency and caching, examples - is added here in one step, for the
//! served, the committed and the linted document alike.

use crate::areas::{JobResult, META, NOUNS, routes};
use crate::everyday::cards::Included;
use crate::platform::areas::{self, Noun, Operation};
use crate::platform::caller::MAX_KEY;
use crate::platform::jobs::RESULT;
use crate::platform::labels;
use crate::platform::problem::{KINDS, MEDIA_TYPE, Problem};
use domain::everyday::card::nouns_named_by;
use persistence::with_cards;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;
use utoipa::{OpenApi, PartialSchema, ToSchema};
use utoipa_actix_web::AppExt;

#[derive(OpenApi)]
#[openapi(info(
    title = "Evenhand",
    description = "Performance management: people, goals, reviews, calibration and what follows \
                   from them.\n\nEvery refusal is a problem document (RFC 9457); its types are \
                   listed under `/problems`. Changes of something existing carry `If-Match`; \
                   requests that create or transition may carry an `Idempotency-Key`. \
                   Texts hold no control characters except tabs and line breaks.",
))]
struct Base;

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| complete(collect()));

/// The document as it is served, committed and linted.
pub fn document() -> &'static Value {
    &DOCUMENT
}

/// The document as text, as it is committed.
pub fn text() -> String {
    areas::text(&DOCUMENT)
}

/// Every operation of the contract.
pub fn operations() -> impl Iterator<Item = Operation<'static>> {
    areas::operations(&DOCUMENT)
}

fn nouns() -> impl Iterator<Item = &'static Noun> {
    NOUNS.iter().copied().flatten().chain(META)
}

fn collect() -> Value {
    let (_, mut document) = actix_web::App::new()
        .into_utoipa_app()
        .openapi(Base::openapi())
        .configure(routes)
        .split_for_parts();
    let results = (RESULT.to_owned(), JobResult::schema());
    let included = (Included::name().into_owned(), Included::schema());
    let mut schemas = vec![(Problem::name().into_owned(), Problem::schema()), results, included];
    JobResult::schemas(&mut schemas);
    Included::schemas(&mut schemas);
    Problem::schemas(&mut schemas);
    document.components.get_or_insert_default().schemas.extend(schemas);
    serde_json::to_value(document).unwrap_or_default()
}

fn complete(mut document: Value) -> Value {
    document["info"]["version"] = env!("CARGO_PKG_VERSION").into();
    document["info"]["license"] = json!({
        "name": "MIT OR Apache-2.0",
        "identifier": "MIT OR Apache-2.0",
    });
    document["info"]["contact"] = json!({
        "name": "Evenhand",
        "url": env!("CARGO_PKG_REPOSITORY"),
    });
    document["servers"] = json!([{ "url": "/", "description": "This server" }]);
    document["tags"] = nouns()
        .flat_map(|noun| noun.tags)
        .map(|(name, description)| json!({ "name": name, "description": description }))
        .collect();
    complete_schemas(&mut document);
    let schemas = document["components"]["schemas"].clone();
    let mut used = BTreeMap::new();
    for (path, item) in document["paths"].as_object_mut().into_iter().flatten() {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            complete_operation(path, method, operation, &schemas);
            for (status, response) in operation["responses"].as_object().into_iter().flatten() {
                if response.get("$ref").is_some() {
                    used.insert(status.clone(), refusal(status));
                }
            }
        }
    }
    include_tags(&mut document);
    include_cards(&mut document);
    document["components"]["responses"] = used
        .into_iter()
        .map(|(status, response)| (response_name(&status), response))
        .collect::<Map<_, _>>()
        .into();
    document["components"]["securitySchemes"] = json!({
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "Access token of a person, from `POST /v1/auth/token`.",
        },
        "api_key": {
            "type": "apiKey",
            "in": "header",
            "name": "X-Api-Key",
            "description": "Key of a program; the scopes it needs are named.",
        },
    });
    document["components"]["headers"] = headers();
    rename_words(&mut document);
    document
}

/// Adds their tag to the records that lists have as items.
fn include_tags(document: &mut Value) {
    let schemas = &document["components"]["schemas"];
    let pages = schemas.as_object().into_iter().flat_map(Map::values);
    let pages = pages.map(|schema| &schema["properties"]);
    let pages = pages.filter(|page| page.get("next_cursor").is_some());
    let items: BTreeSet<String> =
        pages.filter_map(|page| schema_name(&page["items"]["items"]).map(str::to_owned)).collect();
    for item in items {
        let schema = &mut document["components"]["schemas"][item.as_str()];
        let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
        if let Some(properties) = properties.filter(|all| all.contains_key("version")) {
            let tag = json!({
                "type": "string",
                "description": "What a change of the record has to name in `If-Match`; in the items of lists \
                                only, elsewhere the header `ETag` says it.",
                "examples": ["\"3-9f86d081884c7d65\""],
            });
            properties.insert("etag".to_owned(), tag);
        }
    }
}

/// Adds the cards to what is answered with ids that have one.
fn include_cards(document: &mut Value) {
    let schemas = document["components"]["schemas"].clone();
    let mut answers = BTreeSet::new();
    for Operation { object, .. } in areas::operations(document) {
        for response in object["responses"].as_object().into_iter().flat_map(Map::values) {
            let schema = &response["content"]["application/json"]["schema"];
            if let Some(name) = schema_name(schema)
                && has_cards(schema, &schemas, &mut BTreeSet::new())
            {
                answers.insert(name.to_owned());
            }
        }
    }
    for name in answers {
        let schema = &mut document["components"]["schemas"][name.as_str()];
        let cards = json!({
            "$ref": "#/components/schemas/Included",
            "description": "The records that this answer names by their ids; at the top of an answer only.",
        });
        if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
            properties.insert("included".to_owned(), cards);
        } else if let Some(parts) = schema.get_mut("allOf").and_then(Value::as_array_mut) {
            parts.push(json!({ "type": "object", "properties": { "included": cards } }));
        }
    }
}

/// Whether the ids in a property of this name have cards.
fn names_cards(property: &str) -> bool {
    nouns_named_by(property).into_iter().flatten().any(|noun| with_cards(noun).is_some())
}

/// Whether anything in a schema is named by an id that has a card. `known` are the names of the
/// schemas that were looked at before.
fn has_cards<'s>(schema: &'s Value, schemas: &'s Value, known: &mut BTreeSet<&'s str>) -> bool {
    if let Some(name) = schema_name(schema) {
        return known.insert(name) && has_cards(&schemas[name], schemas, known);
    }
    let properties = schema["properties"].as_object().into_iter().flatten();
    let mut inside = ["items", "additionalProperties"].iter().filter_map(|part| schema.get(part));
    let mut choices = ["anyOf", "oneOf", "allOf"]
        .iter()
        .flat_map(|choice| schema[*choice].as_array().into_iter().flatten());
    properties.clone().any(|(name, _)| names_cards(name))
        || properties.map(|(_, property)| property).any(|part| has_cards(part, schemas, known))
        || inside.any(|part| has_cards(part, schemas, known))
        || choices.any(|part| has_cards(part, schemas, known))
}

/// Gives the words of an enumeration other names in generated clients where one of them is a name that
/// every enumeration of Kotlin and Java has already.
fn rename_words(document: &mut Value) {
    let is_taken = |word: &Value| matches!(word.as_str(), Some("name" | "ordinal"));
    let upper = |word: &Value| word.as_str().unwrap_or_default().to_uppercase();
    visit(document, &mut |schema| {
        let words = schema.get("enum").and_then(Value::as_array);
        let words = words.filter(|words| words.iter().any(is_taken));
        if let Some(names) = words.map(|words| words.iter().map(upper).collect::<Vec<_>>()) {
            schema.insert("x-enum-varnames".to_owned(), names.into());
        }
    });
}

/// Adds the enums that parameters and hand-written schemas refer to, and puts the description of
/// what may be null beside the alternatives, where readers look for it.
fn complete_schemas(document: &mut Value) {
    let mut referred = BTreeSet::new();
    visit(document, &mut |schema| {
        let name = schema.get("$ref").and_then(Value::as_str);
        referred.extend(name.and_then(|path| path.rsplit('/').next()).map(str::to_owned));
        let alternatives = schema.get_mut("oneOf").and_then(Value::as_array_mut);
        let of_null = alternatives.filter(|all| all.iter().any(|it| it["type"] == "null"));
        let described = of_null.into_iter().flatten().find_map(|alternative| {
            alternative.get("$ref")?;
            alternative.as_object_mut()?.remove("description")
        });
        if let Some(description) = described {
            schema.entry("description").or_insert(description);
        }
        // A reference in a place where utoipa takes only schemas.
        let parts = schema.get("allOf").and_then(Value::as_array);
        let alone = parts.filter(|parts| parts.len() == 1 && schema.len() == 1);
        if let Some(Value::Object(only)) = alone.map(|parts| parts[0].clone()) {
            *schema = only;
        }
    });
    let known = document["components"]["schemas"].as_object_mut().into_iter();
    known.for_each(|known| {
        for (name, schema) in labels::schemas() {
            if referred.contains(&name) {
                known.entry(name).or_insert(schema);
            }
        }
    });
}

/// Visits every object of a document, from the inside out.
fn visit(value: &mut Value, see: &mut impl FnMut(&mut Map<String, Value>)) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| visit(item, see)),
        Value::Object(properties) => {
            properties.values_mut().for_each(|value| visit(value, see));
            see(properties);
        }
        _ => {}
    }
}

fn complete_operation(path: &str, method: &str, operation: &mut Value, schemas: &Value) {
    let secured = operation["security"].as_array().is_some_and(|list| !list.is_empty());
    if !secured {
        operation["security"] = json!([]);
    }
    let has_body = operation.get("requestBody").is_some();
    let on_one = path.contains("{id}") || path.contains("{slug}");
    let content = &operation["responses"]["200"]["content"];
    let is_shown = method == "get" && secured && content.get("application/json").is_some();
    let is_addition = nouns().flat_map(|noun| noun.additions).any(|end| path.ends_with(end));
    let is_transition = method == "post" && path.contains("{id}/") && !is_addition;
    let guarded = matches!(method, "patch" | "put" | "delete") || is_transition;
    let mut refusals = vec!["400", "429", "500", "503"];
    let mut parameters = Vec::new();
    if secured {
        refusals.extend(["401", "403"]);
    } else if operation["tags"][0] == "auth" {
        refusals.push("401");
    } else if operation["operationId"] == "getMetrics" {
        refusals.extend(["401", "404"]);
    }
    if on_one || is_about_a_cycle(operation) {
        refusals.push("404");
    }
    if is_negotiated(operation) {
        refusals.push("406");
    }
    if has_body {
        refusals.extend(["408", "413", "415", "422"]);
    }
    if guarded {
        refusals.extend(["409", "412", "422", "428"]);
        parameters.push(header_parameter(
            "If-Match",
            true,
            "ETag of the version the change is made from; several where any of them will do, `*` where \
             every version will.",
            "\"1-7d4c0c7a11e0b3f2\"",
            json!({}),
        ));
    }
    // What a move is made from is the grade that its body names.
    if operation["operationId"] == "proposeMove" {
        refusals.push("412");
    }
    if secured && method != "get" {
        refusals.extend(["409", "422"]);
        parameters.push(header_parameter(
            "Idempotency-Key",
            false,
            "Makes a retry safe: within a day the same key with the same request gets the first answer again.",
            "5f1c9c1e-2f0b-4f7d-8f0a-3f1c2b7e9a10",
            json!({ "pattern": "^[!-~]([ -~]*[!-~])?$", "minLength": 1, "maxLength": MAX_KEY }),
        ));
    }
    if is_shown {
        parameters.push(header_parameter(
            "If-None-Match",
            false,
            "ETag the client has; the answer is 304 if it still holds.",
            "\"1-7d4c0c7a11e0b3f2\"",
            json!({}),
        ));
        operation["responses"]["304"] = json!({
            "description": "The client has it already",
            "headers": header_refs(&["ETag", "X-Request-Id"]),
        });
    }
    if !parameters.is_empty() {
        let mut all = operation["parameters"].as_array().cloned().unwrap_or_default();
        all.extend(parameters);
        operation["parameters"] = all.into();
    }
    complete_answers(method, is_shown || guarded, secured, operation, schemas);
    if let Some(content) = operation.pointer_mut("/requestBody/content") {
        add_examples(content, schemas);
    }
    for status in refusals {
        if operation["responses"].get(status).is_none() {
            let name = response_name(status);
            operation["responses"][status] =
                json!({ "$ref": format!("#/components/responses/{name}") });
        }
    }
}

/// Whether the operation is about one cycle that a query parameter may name.
fn is_about_a_cycle(operation: &Value) -> bool {
    let mut parameters = operation["parameters"].as_array().into_iter().flatten();
    operation["tags"][0] == "dashboards" && parameters.any(|named| named["name"] == "cycle_id")
}

/// Whether the client chooses among media types of the answer.
fn is_negotiated(operation: &Value) -> bool {
    let content = operation["responses"]["200"]["content"].as_object();
    content.is_some_and(|types| types.len() > 1)
}

/// Headers and examples of the answers an operation gives when it succeeds.
fn complete_answers(
    method: &str,
    versioned: bool,
    secured: bool,
    operation: &mut Value,
    schemas: &Value,
) {
    for (status, response) in operation["responses"].as_object_mut().into_iter().flatten() {
        if !status.starts_with('2') {
            continue;
        }
        let mut names = vec!["X-Request-Id", "RateLimit", "RateLimit-Policy"];
        if let Some(content) = response.get_mut("content") {
            add_examples(content, schemas);
            let shown = resolve(&content["application/json"]["schema"], schemas);
            if shown["properties"].get("next_cursor").is_some() {
                names.push("Link");
            }
            if versioned || status == "201" {
                names.push("ETag");
            }
        }
        if matches!(status.as_str(), "201" | "202") {
            names.push("Location");
        }
        if secured && method != "get" {
            names.push("Idempotency-Replayed");
        }
        let mut all = header_refs(&names);
        if let (Some(all), Some(own)) = (all.as_object_mut(), response.get("headers")) {
            all.extend(own.as_object().cloned().unwrap_or_default());
        }
        response["headers"] = all;
    }
}

/// A header that is text within limits, which are properties of its schema.
fn header_parameter(
    name: &str,
    required: bool,
    description: &str,
    example: &str,
    limits: Value,
) -> Value {
    let mut schema = limits;
    schema["type"] = "string".into();
    json!({
        "name": name,
        "in": "header",
        "required": required,
        "description": description,
        "schema": schema,
        "example": example,
    })
}

fn header_refs(names: &[&str]) -> Value {
    let refs = names.iter().map(|name| {
        ((*name).to_owned(), json!({ "$ref": format!("#/components/headers/{name}") }))
    });
    Value::Object(refs.collect())
}

fn headers() -> Value {
    let header = |description: &str, example: &str| {
        json!({
            "description": description,
            "schema": { "type": "string" },
            "example": example,
        })
    };
    json!({
        "X-Request-Id": header("Id under which the request is logged.", "0197c9a8-5f3e-7a51-9c7d"),
        "RateLimit": header("Requests left, and seconds until all are.", "\"default\";r=99;t=1"),
        "RateLimit-Policy": header("Requests allowed per window.", "\"default\";q=6000;w=60"),
        "ETag": header("Version and digest of what is shown, and how it is compressed.", "\"1-7d4c0c7a11e0b3f2\""),
        "Location": header("Where the new resource is.", "/v1/positions/0197c9a8-5f3e-7a51-9c7d-0d8b1f0f6a11"),
        "Link": header("The next page, if there is one.", "</v1/positions?cursor=MDE5N2M5>; rel=\"next\""),
        "Idempotency-Replayed": header("`true` on an answer that was given before.", "true"),
        "Retry-After": header("Seconds after which to try again.", "1"),
    })
}

fn response_name(status: &str) -> String {
    let name = match status {
        "400" => "BadRequest",
        "401" => "Unauthorized",
        "403" => "Forbidden",
        "404" => "NotFound",
        "406" => "NotAcceptable",
        "408" => "RequestTimeout",
        "409" => "Conflict",
        "412" => "PreconditionFailed",
        "413" => "ContentTooLarge",
        "415" => "UnsupportedMediaType",
        "422" => "UnprocessableContent",
        "428" => "PreconditionRequired",
        "429" => "TooManyRequests",
        "500" => "InternalServerError",
        "503" => "ServiceUnavailable",
        other => return format!("Status{other}"),
    };
    name.to_owned()
}

/// A documented refusal: one example for each problem type of the status.
fn refusal(status: &str) -> Value {
    let mut kinds: Vec<_> =
        KINDS.values().filter(|kind| kind.status.to_string() == status).collect();
    kinds.sort_by(|a, b| a.slug.cmp(&b.slug));
    let examples: Map<_, _> = kinds
        .iter()
        .map(|kind| {
            let value = json!({
                "type": format!("/problems/{}", kind.slug),
                "title": kind.title_en,
                "status": kind.status,
                "detail": kind.explanation_en,
                "instance": "/v1/positions",
                "request_id": "0197c9a8-5f3e-7a51-9c7d",
            });
            (kind.slug.clone(), json!({ "summary": kind.title_en, "value": value }))
        })
        .collect();
    let titles: Vec<_> = kinds.iter().map(|kind| kind.title_en.as_str()).collect();
    let names: &[&str] = match status {
        "429" | "503" => &["X-Request-Id", "Retry-After"],
        _ => &["X-Request-Id"],
    };
    json!({
        "description": titles.join(" / "),
        "headers": header_refs(names),
        // Browsers get a page. It is not listed: clients would have to reckon with a text everywhere.
        "content": { MEDIA_TYPE: {
            "schema": { "$ref": "#/components/schemas/Problem" },
            "examples": examples,
        } },
    })
}

fn add_examples(content: &mut Value, schemas: &Value) {
    for media in content.as_object_mut().into_iter().flat_map(|map| map.values_mut()) {
        if media.get("example").is_none() && media.get("examples").is_none() {
            let example = example(&media["schema"], schemas);
            media["example"] = example;
        }
    }
}

fn resolve<'s>(schema: &'s Value, schemas: &'s Value) -> &'s Value {
    schema_name(schema).map_or(schema, |name| &schemas[name])
}

/// The name of the schema that is referred to.
fn schema_name(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str().and_then(|path| path.rsplit('/').next())
}

/// An example put together from the examples of a schema's properties.
fn example(schema: &Value, schemas: &Value) -> Value {
    let schema = resolve(schema, schemas);
    if let Some(example) = schema.get("example").or_else(|| schema.get("default")) {
        return example.clone();
    }
    if let Some(first) = schema["examples"].get(0).or_else(|| schema["enum"].get(0)) {
        return first.clone();
    }
    let parts = schema["allOf"].as_array().map(Vec::as_slice).unwrap_or_default();
    if parts.len() > 1 {
        let parts = parts.iter().filter_map(|part| example(part, schemas).as_object().cloned());
        return parts.flatten().collect::<Map<_, _>>().into();
    }
    for key in ["oneOf", "anyOf", "allOf"] {
        let options = schema[key].as_array().into_iter().flatten();
        if let Some(option) = options.into_iter().find(|option| option["type"] != "null") {
            return example(option, schemas);
        }
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().find(|kind| *kind != "null").cloned(),
        kind => Some(kind.clone()),
    };
    match kind.as_ref().and_then(Value::as_str) {
        Some("object") => {
            let properties = schema["properties"].as_object().into_iter().flatten();
            properties.map(|(name, schema)| (name.clone(), example(schema, schemas))).collect()
        }
        Some("array") => json!([example(&schema["items"], schemas)]),
        Some("integer") | Some("number") => schema.get("minimum").cloned().unwrap_or(json!(1)),
        Some("boolean") => json!(true),
        _ => match schema["format"].as_str() {
            Some("uuid") => json!("0197c9a8-5f3e-7a51-9c7d-0d8b1f0f6a11"),
            Some("date-time") => json!("2026-11-20T08:30:00Z"),
            Some("date") => json!("2026-11-20"),
            Some("email") => json!("li.na@example.com"),
            _ => json!("text"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_operation_is_documented_completely() {
        let tags: HashSet<_> = nouns().flat_map(|noun| noun.tags).map(|(name, _)| *name).collect();
        let mut ids = HashSet::new();
        for Operation { path, method, object } in operations() {
            let id = object["operationId"].as_str().unwrap_or_default();
            assert!(ids.insert(id) && !id.is_empty(), "{method} {path}: operationId `{id}`");
            assert!(!object["summary"].as_str().unwrap_or_default().is_empty(), "{id}: summary");
            assert!(
                !object["description"].as_str().unwrap_or_default().is_empty(),
                "{id}: description"
            );
            let own: Vec<_> = object["tags"].as_array().into_iter().flatten().collect();
            assert!(
                matches!(own[..], [tag] if tags.contains(tag.as_str().unwrap_or_default())),
                "{id}: exactly one known tag, not {own:?}"
            );
        }
        assert!(!ids.is_empty());
    }
}
