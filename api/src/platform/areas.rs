//! What the areas provide to the platform, which knows nothing else about them.

use crate::platform::jobs::Kind;
use domain::everyday::job::JobKind;
use serde_json::Value;
use utoipa_actix_web::service_config::ServiceConfig;

/// What all areas together provide.
pub struct Areas {
    /// Routes of the areas and of the platform.
    pub routes: fn(&mut ServiceConfig),
    /// The work of each kind of job.
    pub work: fn(JobKind) -> Kind,
    /// The OpenAPI document that describes the routes.
    pub contract: fn() -> &'static Value,
}

/// A contract as text, as it is served and committed.
pub fn text(contract: &Value) -> String {
    format!("{contract:#}\n")
}

/// An operation of a contract.
#[derive(Clone, Copy, Debug)]
pub struct Operation<'d> {
    /// Path template, such as `/v1/positions/{id}`.
    pub path: &'d str,
    /// Method in lower case.
    pub method: &'d str,
    /// The operation object.
    pub object: &'d Value,
}

/// Every operation of a contract.
pub fn operations(contract: &Value) -> impl Iterator<Item = Operation<'_>> {
    let paths = contract["paths"].as_object().into_iter().flatten();
    paths.flat_map(|(path, item)| {
        let methods = item.as_object().into_iter().flatten();
        methods.map(move |(method, object)| Operation { path, method, object })
    })
}
