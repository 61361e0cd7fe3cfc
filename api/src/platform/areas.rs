//! What the areas provide to the platform, which knows nothing else about them.

use crate::platform::caller::Actor;
use crate::platform::jobs::Kind;
use crate::platform::refusal::Refusal;
use domain::everyday::job::JobKind;
use domain::policy::{Action, Protected, Sealed, Target};
use persistence::{Finds, Mentioned, Store};
use serde_json::Value;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

/// Everything that a noun of the API provides to the rest of the program.
#[derive(Clone, Copy)]
pub struct Noun {
    /// Its tags in the contract, each with what it means.
    pub tags: &'static [(&'static str, &'static str)],
    /// Its routes.
    pub routes: fn(&mut ServiceConfig),
    /// The action that reads its records, with the way to find one by its id. Several nouns may share
    /// an action; then the first one that knows the id has the record.
    pub records: &'static [(Action, Find)],
    /// Ends of the paths that add something to a record without changing it, so that nobody has to
    /// name the version of the record.
    pub additions: &'static [&'static str],
}

/// Finds what the policy must know of the record with an id before it decides about an action.
pub type Find = fn(&mut dyn Store, &Actor, Action, Uuid) -> Result<Option<Target>, Refusal>;

/// The cards beside an answer, as JSON.
pub type Cards = fn(&mut dyn Store, &Actor, &Mentioned) -> Result<Option<Vec<u8>>, Refusal>;

impl Noun {
    /// A noun with routes and nothing else.
    pub const fn of(routes: fn(&mut ServiceConfig)) -> Self {
        Self { tags: &[], routes, records: &[], additions: &[] }
    }
}

/// The [`Find`] of records that are found by their ids alone.
pub fn found<I: From<Uuid>, T: Protected>(
    store: &mut dyn Store,
    actor: &Actor,
    _: Action,
    id: Uuid,
) -> Result<Option<Target>, Refusal>
where
    for<'s> dyn Store + 's: Finds<I, T>,
{
    let sealed = store.find(I::from(id))?;
    target(actor, sealed)
}

/// What a [`Find`] returns for a record that it has loaded.
pub fn target<T: Protected>(
    actor: &Actor,
    sealed: Option<Sealed<T>>,
) -> Result<Option<Target>, Refusal> {
    Ok(sealed.map(|sealed| sealed.target(actor.today)))
}

/// What all areas together provide.
pub struct Areas {
    /// Every noun, area by area.
    pub nouns: &'static [&'static [Noun]],
    /// Routes of the areas and of the platform.
    pub routes: fn(&mut ServiceConfig),
    /// The work of each kind of job.
    pub work: fn(JobKind) -> Kind,
    /// The cards of what an answer names, as JSON; none if the caller sees none.
    pub cards: Cards,
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
