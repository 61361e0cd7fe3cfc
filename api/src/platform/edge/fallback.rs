//! Requests that no route takes: unknown paths, unsupported methods, and OPTIONS.

use crate::platform::app::App;
use crate::platform::areas::operations;
use crate::platform::refusal::Refusal;
use actix_web::guard::fn_guard;
use actix_web::http::{Method, header};
use actix_web::web::{Data, ServiceConfig, resource};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;
use std::collections::BTreeSet;

/// Answers with what the contract has at the path.
pub async fn answer(request: HttpRequest) -> Result<HttpResponse, Refusal> {
    let contract = request.app_data::<Data<App>>().map(|app| (app.areas.contract)());
    let allow = contract.and_then(|contract| allowed(contract, request.path()));
    let Some(allow) = allow else { return Err(Refusal::RouteNotFound) };
    if request.method() == Method::OPTIONS {
        return Ok(HttpResponse::NoContent().insert_header((header::ALLOW, allow)).finish());
    }
    Err(Refusal::MethodNotAllowed(allow))
}

/// Keeps what names a path from being taken for the id in another one: `GET /employees/bulk` asks for
/// a method that the import does not have, not for the employee "bulk". To be configured before the
/// routes.
pub fn guard_names(config: &mut ServiceConfig, contract: &'static Value) {
    for path in shadowed(contract) {
        let has = move |method: &Method| {
            operations(contract).any(|operation| {
                operation.path == path && operation.method.eq_ignore_ascii_case(method.as_str())
            })
        };
        let other = fn_guard(move |context| !has(&context.head().method));
        config.service(resource(path).guard(other).to(answer));
    }
}

/// The paths that a template of another path takes as well.
fn shadowed(contract: &Value) -> BTreeSet<&str> {
    let paths = || operations(contract).map(|operation| operation.path);
    let is_shadowed = |path: &&str| paths().any(|other| other != *path && fits(other, path));
    paths().filter(is_shadowed).collect()
}

/// The methods of a path, in the format of the `Allow` header.
fn allowed(contract: &Value, path: &str) -> Option<String> {
    let operations = || operations(contract).filter(|operation| fits(operation.path, path));
    // As a route, `/employees/bulk` has precedence over `/employees/{id}`.
    let best = operations().map(|operation| literal(operation.path)).max()?;
    let best = operations().filter(|operation| literal(operation.path) == best);
    let mut methods: Vec<_> = best.map(|operation| operation.method.to_ascii_uppercase()).collect();
    if methods.iter().any(|method| method == "GET") {
        methods.push("HEAD".into());
    }
    methods.push("OPTIONS".into());
    methods.sort_unstable();
    methods.dedup();
    Some(methods.join(", "))
}

/// Whether a path matches a template.
fn fits(template: &str, path: &str) -> bool {
    let mut parts = path.split('/');
    let every = template.split('/').all(|wanted| match parts.next() {
        Some(part) if wanted.starts_with('{') => !part.is_empty(),
        part => part == Some(wanted),
    });
    every && parts.next().is_none()
}

/// Number of parts of a template that are no parameters.
fn literal(template: &str) -> usize {
    template.split('/').filter(|part| !part.starts_with('{')).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_path_fits_its_template_only() {
        assert!(fits("/v1/positions/{id}", "/v1/positions/7"));
        assert!(!fits("/v1/positions/{id}", "/v1/positions/"));
        assert!(!fits("/v1/positions/{id}", "/v1/positions"));
        assert!(!fits("/v1/positions", "/v1/positions/7"));
    }

    #[test]
    fn a_path_lists_the_methods_of_the_contract() {
        let contract = json!({ "paths": {
            "/v1/positions/{id}": { "delete": {}, "get": {}, "patch": {} },
            "/v1/positions/bulk": { "post": {} },
        } });
        let allow = allowed(&contract, "/v1/positions/7");
        assert_eq!(allow.as_deref(), Some("DELETE, GET, HEAD, OPTIONS, PATCH"));
        let allow = allowed(&contract, "/v1/positions/bulk");
        assert_eq!(allow.as_deref(), Some("OPTIONS, POST"));
        assert_eq!(allowed(&contract, "/v1/nothing"), None);
        assert_eq!(shadowed(&contract), BTreeSet::from(["/v1/positions/bulk"]));
    }
}
