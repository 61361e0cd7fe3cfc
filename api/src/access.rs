//! Access: why somebody may or may not do something.

use crate::caller::{Actor, Caller};
use crate::extract::Body;
use crate::problem::Violation;
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::schema::words;
use actix_web::{HttpResponse, post};
use chrono::NaiveDate;
use domain::account::Role;
use domain::id::AccountId;
use domain::policy::{
    Action, Decision, Grant, NO_RULE, Principal, Protected, Relations, Sealed, Subject, Target,
    Who, authorise, decide,
};
use domain::text::TextEnum;
use persistence::{Page, RoleFilter, Store};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

/// Most roles of one account that are looked at.
const ROLES: i64 = 200;

/// What is asked.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccessQuestion {
    /// What somebody wants to do.
    #[schema(schema_with = words::<Action>, example = "employee.read")]
    action: Action,
    /// The record it is to be done to; absent for creating or listing.
    #[serde(default)]
    #[schema(example = "0197c9a8-5f3e-7a51-9c7d-0d8b1f0f6a11")]
    resource_id: Option<Uuid>,
    /// Whose access is asked about; absent for the caller's own. HR administrators and auditors may
    /// ask about others.
    #[serde(default)]
    account_id: Option<Uuid>,
}

/// The answer. What the caller may not see is answered like what does not exist.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccessExplanation {
    /// Whether it is allowed.
    #[schema(example = true)]
    pub allowed: bool,
    /// The rule that allows it, or the one that refuses.
    #[schema(example = "chain-manager")]
    pub rule: String,
    /// The relationship by which the rule applies; absent when refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "chain_manager")]
    pub by: Option<String>,
    /// The fields it opens: `directory`, `metadata` or `full`; absent when refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "full")]
    pub fields: Option<String>,
    /// How the person stands to the one the record is about, as of today.
    #[schema(example = json!(["chain_manager"]))]
    pub relationships: Vec<String>,
}

/// Explain access
///
/// Why the caller, or another person, may or may not do something: the rule, the relationship by
/// which it applies, and the fields it opens.
#[utoipa::path(tag = "access", operation_id = "explainAccess", request_body = AccessQuestion,
    responses((status = 200, description = "The explanation", body = AccessExplanation)),
    security(("bearer" = []), ("api_key" = [])))]
#[post("/explanation")]
async fn explain(caller: Caller, body: Body<AccessQuestion>) -> Result<HttpResponse, Refusal> {
    let question = body.value;
    let answer = caller.read(move |store, actor| explain_access(store, actor, &question)).await?;
    crate::reply::send(&Reply::done(answer).store()?, false)
}

/// Routes of the noun.
pub fn routes(config: &mut ServiceConfig) {
    config.service(scope("/access").service(explain));
}

/// Explains access, telling nothing of what the caller may not see.
pub fn explain_access(
    store: &mut dyn Store,
    actor: &Actor,
    question: &AccessQuestion,
) -> Result<AccessExplanation, Refusal> {
    let asked = match question.account_id {
        Some(id) if id != actor.subject.principal.id() => another(store, actor, id.into())?,
        _ => actor.clone(),
    };
    let Some(id) = question.resource_id else {
        let decision = decide(&asked.subject, question.action, &Target::default());
        return Ok(answer(decision, Relations::default()));
    };
    let Some(target) = find(store, actor, question.action, id)? else { return Ok(nothing()) };
    if !may_see(store, actor, question.action, target)? {
        return Ok(nothing());
    }
    let target = related(store, &asked, target)?;
    Ok(answer(decide(&asked.subject, question.action, &target), target.relations))
}

/// The actor another account would be, for those who may ask about others.
fn another(store: &mut dyn Store, actor: &Actor, id: AccountId) -> Result<Actor, Refusal> {
    authorise(&actor.subject, Action::AccessExplain, &Target::default())?;
    let sealed = store.account(id)?;
    let (account, _) = match actor.open(store, Action::AccountRead, sealed) {
        Err(Refusal::NotFound) => {
            let unknown = Violation::new("/account_id", "unknown_reference");
            return Err(Refusal::Invalid(vec![unknown.with("value", id)]));
        }
        opened => opened?,
    };
    let filter = RoleFilter { account_id: Some(id), role: None };
    let page = Page { limit: ROLES, after: None, updated_since: None };
    let held = store.role_assignments(filter, &page)?;
    let held = held.into_iter().filter(|held| held.days().contains(actor.today));
    let subject = Subject {
        tenant: actor.subject.tenant,
        principal: Principal::Person(id),
        employee_id: account.employee_id,
        behind: store.behind(id)?,
        grants: held.map(|held| Grant { role: held.role, org_unit_id: held.org_unit_id }).collect(),
    };
    Ok(Actor { subject: Arc::new(subject), ..actor.clone() })
}

/// What the policy must know of the record the action is about.
fn find(
    store: &mut dyn Store,
    actor: &Actor,
    action: Action,
    id: Uuid,
) -> Result<Option<Target>, Refusal> {
    fn target<T: Protected>(sealed: Option<Sealed<T>>, today: NaiveDate) -> Option<Target> {
        sealed.map(|sealed| sealed.target(today))
    }
    let today = actor.today;
    Ok(match action.reading() {
        Action::TenantRead => target(store.tenant()?, today).filter(|tenant| tenant.id == id),
        Action::OrgUnitRead => target(store.org_unit(id.into(), today)?, today),
        Action::PositionRead => target(store.position(id.into())?, today),
        Action::EmployeeRead => target(store.employee(id.into(), today)?, today),
        Action::AccountRead => target(store.account(id.into())?, today),
        Action::RoleAssignmentRead => target(store.role_assignment(id.into())?, today),
        Action::ApiKeyRead => target(store.api_key(id.into())?, today),
        Action::JobRead => target(store.job(id.into())?, today),
        Action::PolicyRead => target(store.policy(id.into())?, today),
        Action::CycleRead => target(store.cycle(id.into())?, today),
        Action::GoalRead => target(store.goal(id.into())?, today),
        Action::ParticipantRead => target(store.participant(id.into())?, today),
        _ => None,
    })
}

fn may_see(
    store: &mut dyn Store,
    actor: &Actor,
    action: Action,
    target: Target,
) -> Result<bool, Refusal> {
    let target = related(store, actor, target)?;
    Ok(decide(&actor.subject, action.reading(), &target).permit.is_some())
}

/// The target with every relationship of the actor: an explanation names them even where the
/// decision does not depend on them.
fn related(store: &mut dyn Store, actor: &Actor, mut target: Target) -> Result<Target, Refusal> {
    if let Some(about) = target.about {
        let Subject { employee_id, .. } = *actor.subject;
        let units = actor.subject.units_of_interest();
        target.relations = store.relations(employee_id, about, &units, actor.today)?;
    }
    Ok(target)
}

fn answer(decision: Decision, relations: Relations) -> AccessExplanation {
    let Relations { direct_manager, chain_manager, in_units, calibrator } = relations;
    let held = [
        (direct_manager, Who::DirectManager.as_str()),
        (chain_manager, Who::ChainManager.as_str()),
        (in_units, Role::Hrbp.as_str()),
        (calibrator, Who::Calibrator.as_str()),
    ];
    AccessExplanation {
        allowed: decision.permit.is_some(),
        rule: decision.rule.to_owned(),
        by: decision.by.map(|who| who.as_str().to_owned()),
        fields: decision.permit.map(|permit| permit.mask().as_str().to_owned()),
        relationships: held
            .into_iter()
            .filter(|(holds, _)| *holds)
            .map(|(_, name)| name.to_owned())
            .collect(),
    }
}

/// The answer about what is not there, or not to be seen.
fn nothing() -> AccessExplanation {
    AccessExplanation {
        allowed: false,
        rule: NO_RULE.to_owned(),
        by: None,
        fields: None,
        relationships: Vec::new(),
    }
}
