//! Use cases of cycles: who sees which cycle, and their design before the launch.

use super::moves::roles_of;
use super::views::{CyclePatch, CycleView, NewCycle, allowed_actions};
use crate::platform::caller::Actor;
use crate::platform::period::PeriodView;
use crate::platform::problem::Violation;
use crate::platform::refusal::Refusal;
use crate::platform::reply::Reply;
use crate::platform::seen::Seen;
use crate::platform::signing::still_holds;
use crate::platform::words::Told;
use domain::core::calendar::Period;
use domain::core::change::{Change, Record};
use domain::core::id::{CycleId, OrgUnitId, PolicyId};
use domain::core::text::TextEnum;
use domain::cycles::cycle::{Cycle, CycleApproval, CycleKind, StageDuties, stage};
use domain::policy::{Action, Mask, Shown, Target};
use domain::state::cycle::State;
use persistence::{CycleFilter, Store};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// A filter for the cycles in the states that the caller may read.
pub(super) fn visible(
    actor: &Actor,
    state: Option<State>,
    policy_id: Option<PolicyId>,
) -> Result<CycleFilter, Refusal> {
    actor.may(Action::CycleRead)?;
    let shown = |state: &State| {
        let target = Target { stage: Some(stage(*state)), ..Target::default() };
        actor.may_about(Action::CycleRead, &target).is_ok()
    };
    let states = State::ALL.iter().copied().filter(shown);
    let states = states.filter(|shown| state.is_none_or(|wanted| wanted == *shown)).collect();
    Ok(CycleFilter { states, policy_id })
}

/// Approvals given so far, by cycle. Approvals by people who could no longer give them are left
/// out: they are neither shown nor counted.
pub(super) fn approvals_of(
    store: &mut dyn Store,
    actor: &Actor,
    ids: &[CycleId],
) -> Result<HashMap<CycleId, Vec<CycleApproval>>, Refusal> {
    let mut stands = HashMap::new();
    let mut approvals = store.cycle_approvals(ids)?;
    for given in approvals.values().flatten() {
        if let Entry::Vacant(unknown) = stands.entry((given.account_id, given.seat)) {
            unknown.insert(still_holds(store, actor, given.account_id, roles_of(given.seat))?);
        }
    }
    for given in approvals.values_mut() {
        given.retain(|given| stands.get(&(given.account_id, given.seat)) == Some(&true));
    }
    Ok(approvals)
}

/// The approvals of one cycle.
pub(super) fn approvals(
    store: &mut dyn Store,
    actor: &Actor,
    id: CycleId,
) -> Result<Vec<CycleApproval>, Refusal> {
    Ok(approvals_of(store, actor, &[id])?.remove(&id).unwrap_or_default())
}

/// One cycle with everything a single read shows.
pub(super) fn view(
    store: &mut dyn Store,
    actor: &Actor,
    shown: &Shown<Cycle>,
) -> Result<CycleView, Refusal> {
    let cycle = shown.outline();
    let approvals = approvals(store, actor, cycle.id)?;
    let headcount = store.headcount(cycle.id)?;
    let sealed = store.find(cycle.policy_id)?;
    let (policy, _) = actor.show(store, Action::PolicyRead, sealed)?;
    let warnings = policy.at(Mask::Full).and_then(|policy| policy.rules.warnings().ok());
    Ok(CycleView::new(actor, shown, &approvals, Some(headcount), warnings))
}

/// Creates a cycle in draft.
pub fn create_cycle(
    store: &mut dyn Store,
    actor: &Actor,
    id: CycleId,
    new: NewCycle,
) -> Result<Reply<CycleView>, Refusal> {
    let permit = actor.may(Action::CycleWrite)?;
    let period = period_of(new.kind, new.period)?;
    let cycle = Cycle {
        id,
        code: new.code,
        name: new.name,
        kind: new.kind,
        policy_id: new.policy_id.into(),
        state: State::Draft,
        period,
        schedule: new.schedule.into(),
        raci: new.raci.into_iter().map(StageDuties::from).collect(),
        org_unit_ids: new.org_unit_ids.into_iter().map(OrgUnitId::from).collect(),
        dropped: Vec::new(),
        department_weights: Vec::new(),
        launched_at: None,
        published_at: None,
        version: 1,
        created_at: actor.now,
        updated_at: actor.now,
    };
    check_policy(store, cycle.policy_id)?;
    check_units(store, &cycle.org_unit_ids)?;
    let record = Record::new("cycle.created", id, permit.rule())
        .field("code", None::<String>, cycle.code.clone())
        .field("name", None::<String>, cycle.name.clone())
        .field("policy_id", None::<String>, cycle.policy_id.to_string());
    store
        .create_cycle(Change::new(cycle.clone(), record))
        .map_err(|error| Refusal::taken(error, "/code", &cycle.code))?;
    Ok(Reply::created(
        view(store, actor, &actor.shown(Action::CycleRead, cycle))?,
        1,
        format!("/v1/cycles/{id}"),
    ))
}

/// Changes the design of a cycle before its launch, if the caller has read its current version.
pub(super) fn update_cycle(
    store: &mut dyn Store,
    actor: &Actor,
    id: CycleId,
    seen: &Seen,
    patch: CyclePatch,
) -> Result<Reply<CycleView>, Refusal> {
    let sealed = store.cycle(id)?;
    let (before, permit) = actor.open_seen(store, Action::CycleWrite, sealed, seen)?;
    if before.state != State::Draft {
        let given = approvals(store, actor, id)?;
        return Err(conflict(actor, &before, &given));
    }
    let mut after = Cycle {
        name: patch.name.unwrap_or_else(|| before.name.clone()),
        version: before.version + 1,
        updated_at: actor.now,
        ..before.clone()
    };
    if patch.kind.is_some() || patch.period.is_some() {
        after.kind = patch.kind.unwrap_or(before.kind);
        after.period = period_of(after.kind, patch.period.unwrap_or(before.period.into()))?;
    }
    if let Some(policy) = patch.policy_id {
        after.policy_id = policy.into();
        check_policy(store, after.policy_id)?;
    }
    if let Some(schedule) = patch.schedule {
        after.schedule = schedule.into();
    }
    if let Some(raci) = patch.raci {
        after.raci = raci.into_iter().map(StageDuties::from).collect();
    }
    if let Some(units) = patch.org_unit_ids {
        after.org_unit_ids = units.into_iter().map(OrgUnitId::from).collect();
        check_units(store, &after.org_unit_ids)?;
    }
    let record = Record::new("cycle.updated", id, permit.rule())
        .field("name", before.name, after.name.clone())
        .field("kind", before.kind.as_str(), after.kind.as_str())
        .field("policy_id", before.policy_id.to_string(), after.policy_id.to_string())
        .field("period", before.period, after.period)
        .field("schedule", &before.schedule, &after.schedule)
        .field("raci", &before.raci, &after.raci)
        .field("org_unit_ids", &before.org_unit_ids, &after.org_unit_ids);
    store.update_cycle(Change::new(after.clone(), record))?;
    let version = after.version;
    Ok(Reply::changed(view(store, actor, &actor.shown(Action::CycleRead, after))?, version))
}

/// The refusal when the state of the cycle does not allow an action.
pub(super) fn conflict(actor: &Actor, cycle: &Cycle, given: &[CycleApproval]) -> Refusal {
    let allowed = allowed_actions(actor, cycle, given);
    Refusal::StateConflict {
        current_state: Told::new(cycle.state),
        allowed_actions: Told::all(allowed.iter().copied()),
    }
}

/// The period, if it is as long as this kind of cycle requires.
fn period_of(kind: CycleKind, period: PeriodView) -> Result<Period, Refusal> {
    let period = Period::new(period.start, period.end)
        .map_err(|_| Refusal::invalid("/period/end", "period_invalid"))?;
    if kind.fits(period) {
        return Ok(period);
    }
    let (days, fitting) = (period.days(), kind.days());
    let unfit = Violation::new("/kind", "kind_unfit").with("value", days);
    Err(Refusal::Invalid(vec![unfit.with("min", fitting.start()).with("max", fitting.end())]))
}

fn check_policy(store: &mut dyn Store, policy: PolicyId) -> Result<(), Refusal> {
    match store.find(policy)? {
        Some(_) => Ok(()),
        None => Err(Refusal::unknown("/policy_id", policy.uuid())),
    }
}

fn check_units(store: &mut dyn Store, units: &[OrgUnitId]) -> Result<(), Refusal> {
    let unknown = store.unknown_org_units(units)?;
    let faults: Vec<_> = units
        .iter()
        .enumerate()
        .filter(|(_, unit)| unknown.contains(unit))
        .map(|(at, unit)| {
            Violation::new(format!("/org_unit_ids/{at}"), "unknown_reference").with("value", unit)
        })
        .collect();
    if faults.is_empty() { Ok(()) } else { Err(Refusal::Invalid(faults)) }
}
