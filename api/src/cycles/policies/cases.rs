//! Use cases of performance policies: who sees which version, drafts and publication.

use super::settings::violation;
use super::views::{NewPolicy, PolicyPatch, PolicyView};
use crate::platform::caller::Actor;
use crate::platform::problem::Violation;
use crate::platform::refusal::Refusal;
use crate::platform::reply::Reply;
use crate::platform::seen::Seen;
use crate::platform::transition::fault;
use crate::platform::words::Told;
use domain::core::change::{Change, Record};
use domain::core::id::PolicyId;
use domain::core::text::TextEnum;
use domain::cycles::performance_policy::{
    OutOfReach, PerformancePolicy, PolicyRules, PolicyState, stage,
};
use domain::policy::{Action, Permit, Target};
use persistence::{PolicyFilter, Store};
use serde_json::Value;

/// A filter for the versions in the states that the caller may read.
pub(super) fn visible(
    actor: &Actor,
    code: Option<String>,
    state: Option<PolicyState>,
) -> Result<PolicyFilter, Refusal> {
    actor.may(Action::PolicyRead)?;
    let shown = |state: &PolicyState| {
        let target = Target { stage: Some(stage(*state)), ..Target::default() };
        actor.may_about(Action::PolicyRead, &target).is_ok()
    };
    let states = PolicyState::ALL.iter().copied().filter(shown);
    let states = states.filter(|shown| state.is_none_or(|wanted| wanted == *shown)).collect();
    Ok(PolicyFilter { states, code })
}

/// Creates a draft.
pub fn create_policy(
    store: &mut dyn Store,
    actor: &Actor,
    id: PolicyId,
    new: NewPolicy,
) -> Result<Reply<PolicyView>, Refusal> {
    let permit = actor.may(Action::PolicyWrite)?;
    let policy = PerformancePolicy {
        id,
        number: store.next_policy_number(&new.code)?,
        code: new.code,
        name: new.name,
        state: PolicyState::Draft,
        rules: new.rules.map_or_else(PolicyRules::standard, PolicyRules::from),
        published_at: None,
        version: 1,
        created_at: actor.now,
        updated_at: actor.now,
    };
    let record = Record::new("policy.created", id, permit.rule())
        .field("code", None::<String>, policy.code.clone())
        .field("name", None::<String>, policy.name.clone())
        .field("number", None::<i32>, policy.number)
        .field("rules", Value::Null, &policy.rules);
    store.create_policy(Change::new(policy.clone(), record))?;
    Ok(Reply::created(
        PolicyView::new(actor, &actor.shown(Action::PolicyRead, policy)),
        1,
        format!("/v1/policies/{id}"),
    ))
}

/// Changes a draft if the caller has read its current version.
pub(super) fn update_policy(
    store: &mut dyn Store,
    actor: &Actor,
    id: PolicyId,
    seen: &Seen,
    patch: PolicyPatch,
) -> Result<Reply<PolicyView>, Refusal> {
    let (before, permit) = open_draft(store, actor, id, seen)?;
    let after = PerformancePolicy {
        name: patch.name.unwrap_or_else(|| before.name.clone()),
        rules: patch.rules.map_or_else(|| before.rules.clone(), PolicyRules::from),
        version: before.version + 1,
        updated_at: actor.now,
        ..before.clone()
    };
    let record = Record::new("policy.updated", id, permit.rule())
        .field("name", before.name, after.name.clone())
        .field("rules", &before.rules, &after.rules);
    save(store, actor, after, record)
}

/// Publishes a draft, unless its rules have faults.
pub fn publish_policy(
    store: &mut dyn Store,
    actor: &Actor,
    id: PolicyId,
    seen: &Seen,
) -> Result<Reply<PolicyView>, Refusal> {
    let (before, permit) = open_draft(store, actor, id, seen)?;
    let settings = before.rules.setting_faults().into_iter().map(violation);
    let rules = before.rules.faults();
    let rules = rules.iter().map(|(place, error)| fault(format!("/rules{place}"), error));
    let short = before.rules.out_of_reach().unwrap_or_default();
    let faults: Vec<_> = settings.chain(rules).chain(short.into_iter().map(out_of_reach)).collect();
    if !faults.is_empty() {
        return Err(Refusal::GuardFailed(faults));
    }
    let after = PerformancePolicy {
        state: PolicyState::Published,
        published_at: Some(actor.now),
        version: before.version + 1,
        updated_at: actor.now,
        ..before
    };
    let record = Record::new("policy.published", id, permit.rule())
        .transition(PolicyState::Draft.as_str(), PolicyState::Published.as_str());
    save(store, actor, after, record)
}

/// The fault of a dimension with too little collected rater weight, with the rater types missing.
fn out_of_reach(found: OutOfReach<'_>) -> Violation {
    let asked = found.rule.raters.keys().filter(|rater| !rater.is_collected());
    let missing: Vec<_> = asked.map(|rater| rater.as_str()).collect();
    Violation::new(format!("/rules{}", found.place), "raters_out_of_reach")
        .with("value", found.reach)
        .with("min", found.needed)
        .with("missing", missing.join(", "))
}

/// Opens a draft if the caller may write it and has read its current version.
fn open_draft(
    store: &mut dyn Store,
    actor: &Actor,
    id: PolicyId,
    seen: &Seen,
) -> Result<(PerformancePolicy, Permit), Refusal> {
    let sealed = store.find(id)?;
    let (policy, permit) = actor.open_seen(store, Action::PolicyWrite, sealed, seen)?;
    if policy.state != PolicyState::Draft {
        return Err(Refusal::StateConflict {
            current_state: Told::new(policy.state),
            allowed_actions: Told::all(policy.possible_actions().iter().copied()),
        });
    }
    Ok((policy, permit))
}

fn save(
    store: &mut dyn Store,
    actor: &Actor,
    policy: PerformancePolicy,
    record: Record,
) -> Result<Reply<PolicyView>, Refusal> {
    store.update(Change::new(policy.clone(), record))?;
    let version = policy.version;
    Ok(Reply::changed(PolicyView::new(actor, &actor.shown(Action::PolicyRead, policy)), version))
}
