//! Dimensions left out of results that lack enough raters: proposed by HR, approved by another
//! person (D.3).

use super::cases::{approvals, conflict, view};
use super::views::{CycleView, DimensionDropApproval, NewDimensionDrop};
use crate::platform::app::new_id;
use crate::platform::caller::{Actor, Caller};
use crate::platform::extract::{Body, PathId};
use crate::platform::problem::Violation;
use crate::platform::refusal::Refusal;
use crate::platform::reply::Reply;
use crate::platform::seen::Seen;
use crate::platform::signing::{Signing, still_holds};
use crate::platform::words::Told;
use actix_web::{HttpResponse, post};
use domain::access::signing::Act;
use domain::core::change::{Change, Record};
use domain::core::id::{AccountId, CycleId, DroppedDimensionId};
use domain::cycles::cycle::{Cycle, CycleAction};
use domain::cycles::dropped_dimension::{DropFault, DroppedDimension};
use domain::policy::Role;
use domain::policy::{Action, SEPARATION_OF_DUTIES};
use domain::state::Moving;
use persistence::Store;

/// Propose to leave a dimension out
///
/// A person cannot be graded if the weight of those who rated is below `review.min_weight_share`.
/// HR proposes, with a reason, to leave the dimension out of such results in one population;
/// another person approves. People with enough raters are still rated in the dimension, and the
/// manager rates it in any case. A new proposal for the same dimension replaces one that is not
/// approved yet.
#[utoipa::path(tag = "cycles", operation_id = "proposeDimensionDrop",
    params(("id" = Uuid, Path, description = "Id of the cycle")), request_body = NewDimensionDrop,
    responses((status = 200, description = "The cycle with the proposal", body = CycleView)),
    security(("bearer" = [])))]
#[post("/{id}/dimension-drops")]
pub(super) async fn propose(
    caller: Caller,
    id: PathId,
    body: Body<NewDimensionDrop>,
) -> Result<HttpResponse, Refusal> {
    let seen = caller.seen()?;
    let (id, drop) = (id.0.into(), new_id().into());
    let Body { value, digest } = body;
    caller
        .change(Some(digest), move |store, actor| {
            propose_drop(store, actor, id, &seen, drop, value.clone())
        })
        .await
}

/// Approve leaving a dimension out
///
/// By HR or senior management; not by the person who proposed it. Results computed from then on
/// leave the dimension out where too few people rated, and their explanation names the approval.
#[utoipa::path(tag = "cycles", operation_id = "approveDimensionDrop",
    params(("id" = Uuid, Path, description = "Id of the cycle")),
    request_body = DimensionDropApproval,
    responses((status = 200, description = "The cycle with the approval", body = CycleView)),
    security(("bearer" = [])))]
#[post("/{id}/dimension-drops/approval")]
pub(super) async fn approve(
    caller: Caller,
    id: PathId,
    body: Body<DimensionDropApproval>,
) -> Result<HttpResponse, Refusal> {
    let seen = caller.seen()?;
    let Body { value, digest } = body;
    let (id, drop) = (id.0.into(), value.drop_id.into());
    caller
        .change(Some(digest), move |store, actor| approve_drop(store, actor, id, &seen, drop))
        .await
}

fn propose_drop(
    store: &mut dyn Store,
    actor: &Actor,
    id: CycleId,
    seen: &Seen,
    drop: DroppedDimensionId,
    new: NewDimensionDrop,
) -> Result<Reply<CycleView>, Refusal> {
    let (before, rule) = open(store, actor, Action::CycleWrite, id, seen)?;
    let sealed = store.find(before.policy_id)?;
    let (policy, _) = actor.open(store, Action::PolicyRead, sealed)?;
    let proposal = DroppedDimension {
        id: drop,
        population: new.population,
        dimension: new.dimension,
        reason: new.reason,
        proposed_by: me(actor),
        proposed_at: actor.now,
        approved_by: None,
        approved_at: None,
    };
    match proposal.fault(&policy.rules) {
        Some(DropFault::UnknownPopulation) => {
            return Err(fault("/population", "unknown_reference", &proposal.population));
        }
        Some(DropFault::UnknownDimension) => {
            return Err(fault("/dimension", "unknown_reference", &proposal.dimension));
        }
        None => {}
    }
    signing(drop, &[Role::HrAdmin], true).sign(store, actor)?;
    let record = Record::new("cycle.dimension_drop_proposed", id, rule)
        .because(proposal.reason.clone())
        .field("population", None::<String>, proposal.population.clone())
        .field("dimension", None::<String>, proposal.dimension.clone());
    let taken = fault("/dimension", "duplicate", &proposal.dimension);
    let after = before.with_proposal(proposal).ok_or(taken)?;
    save(store, actor, after, record)
}

fn approve_drop(
    store: &mut dyn Store,
    actor: &Actor,
    id: CycleId,
    seen: &Seen,
    drop: DroppedDimensionId,
) -> Result<Reply<CycleView>, Refusal> {
    let (mut cycle, rule) = open(store, actor, Action::CycleApprove, id, seen)?;
    let unknown = || Refusal::unknown("/drop_id", drop.uuid());
    let proposal = cycle.dropped.iter_mut().find(|it| it.id == drop).ok_or_else(unknown)?;
    if proposal.approved_at.is_some() {
        return Err(Refusal::settled(Told::bare("approved")));
    }
    if !still_holds(store, actor, proposal.proposed_by, &[Role::HrAdmin])? {
        return Err(Refusal::Forbidden(SEPARATION_OF_DUTIES));
    }
    signing(drop, &[Role::HrAdmin, Role::Executive], false).sign(store, actor)?;
    proposal.approved_by = Some(me(actor));
    proposal.approved_at = Some(actor.now);
    let record = Record::new("cycle.dimension_dropped", id, rule)
        .because(proposal.reason.clone())
        .field("population", None::<String>, proposal.population.clone())
        .field("dimension", None::<String>, proposal.dimension.clone())
        .field("approval_id", None::<String>, drop.to_string());
    save(store, actor, cycle, record)
}

/// Opens a cycle that may still leave out a dimension, if the caller has read its current version.
fn open(
    store: &mut dyn Store,
    actor: &Actor,
    action: Action,
    id: CycleId,
    seen: &Seen,
) -> Result<(Cycle, &'static str), Refusal> {
    let sealed = store.lock_cycle(id)?;
    let (cycle, permit) = actor.open(store, action, sealed)?;
    seen.check(cycle.version)?;
    if !cycle.possible_actions().any(|action| action == CycleAction::DimensionDrop) {
        let given = approvals(store, actor, id)?;
        return Err(conflict(actor, &cycle, &given));
    }
    Ok((cycle, permit.rule()))
}

fn save(
    store: &mut dyn Store,
    actor: &Actor,
    cycle: Cycle,
    record: Record,
) -> Result<Reply<CycleView>, Refusal> {
    let after = Cycle { version: cycle.version + 1, updated_at: actor.now, ..cycle };
    store.update_cycle(Change::new(after.clone(), record))?;
    let version = after.version;
    Ok(Reply::changed(view(store, actor, &actor.shown(Action::CycleRead, after))?, version))
}

/// What the caller signs: the proposal is the first signature, the approval the second.
fn signing(drop: DroppedDimensionId, roles: &[Role], is_first: bool) -> Signing<'_> {
    Signing { resource: drop.uuid(), act: Act::DimensionDrop, roles, is_first }
}

fn fault(pointer: &str, code: &'static str, value: &str) -> Refusal {
    Refusal::Invalid(vec![Violation::new(pointer, code).with("value", value)])
}

fn me(actor: &Actor) -> AccountId {
    actor.subject.principal.id().into()
}
