//! Access: why somebody may or may not do something.

use crate::access::audit_entries;
use crate::access::words;
use crate::platform::areas::Noun;
use crate::platform::caller::{Actor, Caller};
use crate::platform::extract::Body;
use crate::platform::problem::Violation;
use crate::platform::refusal::Refusal;
use crate::platform::reply::Reply;
use actix_web::{HttpResponse, post};
use domain::core::id::AccountId;
use domain::core::text::TextEnum;
use domain::policy::Role;
use domain::policy::{
    Action, Decision, NO_RULE, Principal, Relations, Subject, Target, Who, authorise, decide,
};
use persistence::Store;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

/// What is asked.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccessQuestion {
    /// What somebody wants to do.
    #[schema(value_type = words::Action, example = "employee.read")]
    action: Action,
    /// The record it is to be done to; absent for creating or listing. Events are no records of their
    /// own and are asked about as a whole.
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
    /// How far the record is, or the part of it that is asked about: `draft`, `submitted`,
    /// `calibration` or `released`; absent where that makes no difference.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "submitted")]
    pub stage: Option<String>,
}

/// What is asked at once.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccessQuestions {
    /// The questions, each answered by itself.
    #[schema(max_items = 100)]
    questions: Vec<AccessQuestion>,
}

/// What is answered.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccessExplanations {
    /// An answer to each question, in their order.
    pub answers: Vec<AccessExplanation>,
}

/// Explain access
///
/// Why the caller, or another person, may or may not do something: the rule, the relationship by
/// which it applies, how far the record is, and the fields it opens. Up to 100 questions at once; a
/// fault of one is named at its place. A record that the caller may not see is answered like one that
/// does not exist. Goal changes, check-ins and measurements are asked about as goals are, results as
/// reviews are, and dashboards by their cycle.
#[utoipa::path(tag = "access", operation_id = "explainAccess", request_body = AccessQuestions,
    responses((status = 200, description = "The explanations", body = AccessExplanations)),
    security(("bearer" = []), ("api_key" = [])))]
#[post("/explanation")]
async fn explain(caller: Caller, body: Body<AccessQuestions>) -> Result<HttpResponse, Refusal> {
    let (nouns, questions) = (caller.app.areas.nouns, body.value.questions);
    let answers =
        caller.snapshot(move |store, actor| explain_all(nouns, store, actor, &questions)).await?;
    crate::platform::reply::send(&Reply::done(AccessExplanations { answers }).store()?, false)
}

/// The noun.
pub const NOUN: Noun =
    Noun { tags: &[("access", "Why somebody may or may not do something.")], ..Noun::of(routes) };

fn routes(config: &mut ServiceConfig) {
    config.service(scope("/access").service(explain));
}

/// Explains access, telling nothing of what the caller may not see.
pub fn explain_all(
    nouns: &[&[Noun]],
    store: &mut dyn Store,
    actor: &Actor,
    questions: &[AccessQuestion],
) -> Result<Vec<AccessExplanation>, Refusal> {
    let mut known = HashMap::new();
    let (mut answers, mut faults) = (Vec::new(), Vec::new());
    for (number, question) in questions.iter().enumerate() {
        match explain_access(nouns, store, actor, question, &mut known) {
            Ok(answer) => answers.push(answer),
            Err(Refusal::Invalid(found)) => faults.extend(found.into_iter().map(|mut fault| {
                fault.put_within(&number.to_string());
                fault.put_within("questions");
                fault
            })),
            Err(refused) => return Err(refused),
        }
    }
    if faults.is_empty() { Ok(answers) } else { Err(Refusal::Invalid(faults)) }
}

fn explain_access(
    nouns: &[&[Noun]],
    store: &mut dyn Store,
    actor: &Actor,
    question: &AccessQuestion,
    known: &mut HashMap<Uuid, Actor>,
) -> Result<AccessExplanation, Refusal> {
    let asked = match question.account_id {
        Some(id) if id != actor.subject.principal.id() => match known.get(&id) {
            Some(other) => other.clone(),
            None => known.entry(id).or_insert(another(store, actor, id.into())?).clone(),
        },
        _ => actor.clone(),
    };
    let action = question.action;
    let Some(id) = question.resource_id else {
        let decision = decide(&asked.subject, action, &Target::default());
        return Ok(answer(decision, &Target::default()));
    };
    if matches!(action, Action::EventRead | Action::AuditHeadRead | Action::ReadEntryRead) {
        return Err(Refusal::invalid("/resource_id", "not_allowed"));
    }
    if action == Action::AuditEntryRead {
        return explain_entry(store, actor, &asked, id);
    }
    let Some(target) = find(nouns, store, actor, action, id)? else { return Ok(nothing()) };
    let seen = Target { relations: actor.relations(store, &target, actor.today)?, ..target };
    if decide(&actor.subject, sight(action), &seen).permit.is_none() {
        return Ok(nothing());
    }
    // An explanation names every relationship, also where the decision does not depend on it.
    let target = Target { relations: asked.relations(store, &target, asked.today)?, ..target };
    Ok(answer(decide(&asked.subject, action, &target), &target))
}

/// Explains who sees an entry of the audit log: whoever the log shows it to.
fn explain_entry(
    store: &mut dyn Store,
    actor: &Actor,
    asked: &Actor,
    id: Uuid,
) -> Result<AccessExplanation, Refusal> {
    for reader in [actor, asked] {
        match audit_entries::decision(store, reader, id)? {
            Some(decision) if reader.subject == asked.subject => {
                return Ok(answer(decision, &Target::default()));
            }
            Some(_) => {}
            None => break,
        }
    }
    Ok(nothing())
}

/// The actor another account would be, for those who may ask about others.
fn another(store: &mut dyn Store, actor: &Actor, id: AccountId) -> Result<Actor, Refusal> {
    authorise(&actor.subject, Action::AccessExplain, &Target::default())?;
    let sealed = store.account(id)?;
    match actor.open(store, Action::AccountRead, sealed) {
        Err(Refusal::NotFound) => {
            let unknown = Violation::new("/account_id", "unknown_reference");
            return Err(Refusal::Invalid(vec![unknown.with("value", id)]));
        }
        opened => opened?,
    };
    let standing = store.standing(id)?.ok_or(Refusal::NotFound)?;
    let held = standing.grants.iter().filter(|(_, days)| days.contains(actor.today));
    let subject = Subject {
        tenant: actor.subject.tenant,
        principal: Principal::Person(id),
        grants: held.map(|(grant, _)| *grant).collect(),
        employee_id: standing.employee_id,
        behind: standing.behind,
        led_by: standing.led_by,
    };
    Ok(Actor { subject: Arc::new(subject), ..actor.clone() })
}

/// The action that shows the record which `action` is about.
fn sight(action: Action) -> Action {
    match action {
        Action::DashboardOwn | Action::DashboardHr | Action::DashboardExecutive => {
            Action::CycleRead
        }
        Action::AccessExplain => Action::AccountRead,
        action => action.reading(),
    }
}

/// What the policy must know of the record that the action is about.
fn find(
    nouns: &[&[Noun]],
    store: &mut dyn Store,
    actor: &Actor,
    action: Action,
    id: Uuid,
) -> Result<Option<Target>, Refusal> {
    let reading = sight(action);
    let records = nouns.iter().copied().flatten().flat_map(|noun| noun.records);
    for (_, find) in records.filter(|(of, _)| *of == reading) {
        if let Some(target) = find(store, actor, action, id)? {
            return Ok(Some(target));
        }
    }
    Ok(None)
}

fn answer(decision: Decision, target: &Target) -> AccessExplanation {
    let Relations { direct_manager, chain_manager, in_units, calibrator } = target.relations;
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
        stage: target.stage.map(|stage| stage.as_str().to_owned()),
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
        stage: None,
    }
}
