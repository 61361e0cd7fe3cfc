//! Use cases of org units: creation, changes, moves in the tree and deletion.

use super::views::{NewOrgUnit, NewOrgUnitMove, OrgUnitPatch, OrgUnitView};
use crate::platform::caller::Actor;
use crate::platform::problem::Violation;
use crate::platform::refusal::{Refusal, line_fault};
use crate::platform::reply::Reply;
use crate::platform::seen::Seen;
use domain::core::change::{Change, Record};
use domain::core::history::insert_stretch;
use domain::core::id::OrgUnitId;
use domain::core::time::Period;
use domain::core::tree::{Height, check_line};
use domain::people::org::{OrgUnit, OrgUnitKind};
use domain::policy::{Action, Permit};
use persistence::{Page, Store, UnitUse};

/// Adds a unit to the tree.
pub fn create_org_unit(
    store: &mut dyn Store,
    actor: &Actor,
    id: OrgUnitId,
    new: NewOrgUnit,
) -> Result<Reply<OrgUnitView>, Refusal> {
    let permit = actor.may(Action::OrgUnitWrite)?;
    let first = new.effective_from.unwrap_or(actor.today);
    let unit = OrgUnit {
        id,
        code: new.code,
        name: new.name,
        kind: new.kind,
        parent_id: new.parent_id.map(OrgUnitId::from),
        effective_from: Some(first),
        version: 1,
        created_at: actor.now,
        updated_at: actor.now,
        deleted_at: None,
    };
    store.lock_lines()?;
    let place = Period { start: first, end: None };
    match (unit.kind, unit.parent_id) {
        (OrgUnitKind::Company, Some(_)) => {
            return Err(Refusal::TreeInvalid(vec![Violation::new("/parent_id", "not_allowed")]));
        }
        (OrgUnitKind::Company, None) if store.has_company()? => {
            return Err(Refusal::TreeInvalid(vec![Violation::new("/kind", "not_allowed")]));
        }
        (OrgUnitKind::Company, None) => {}
        (_, None) => return Err(Refusal::invalid("/parent_id", "required")),
        (_, Some(parent)) => check_place(store, actor, &unit, parent, place, true)?,
    }
    let record = Record::new("org_unit.created", id, permit.rule())
        .field("code", None::<String>, unit.code.clone())
        .field("name", None::<String>, unit.name.clone())
        .field("kind", None::<String>, unit.kind.to_string())
        .field("parent_id", None::<String>, unit.parent_id.map(|id| id.to_string()))
        .field("effective_from", None::<String>, first.to_string());
    store
        .create_org_unit(Change::new(unit.clone(), record))
        .map_err(|error| Refusal::taken(error, "/code", &unit.code))?;
    Ok(Reply::created(OrgUnitView::new(actor, unit), 1, format!("/v1/org-units/{id}")))
}

/// Checks that a unit may be placed under another one on every day of a period. Units below it are
/// checked as well, unless the unit is new.
fn check_place(
    store: &mut dyn Store,
    actor: &Actor,
    unit: &OrgUnit,
    parent: OrgUnitId,
    place: Period,
    is_new: bool,
) -> Result<(), Refusal> {
    let invalid = |code| Err(Refusal::TreeInvalid(vec![Violation::new("/parent_id", code)]));
    if parent == unit.id {
        return invalid("self_reference");
    }
    let sealed = store.org_unit(parent, place.start)?;
    let Ok((above, _)) = actor.open(store, Action::OrgUnitRead, sealed) else {
        return Err(Refusal::Invalid(vec![
            Violation::new("/parent_id", "unknown_reference").with("value", parent),
        ]));
    };
    if above.effective_from.is_none() || !unit.kind.may_sit_under(above.kind) {
        return invalid("not_allowed");
    }
    let line = store.units_above(parent, Some(unit.id), place)?;
    let below = if is_new {
        vec![Height { levels: 1, days: place }]
    } else {
        store.levels_of_units(unit.id, place)?
    };
    check_line(unit.id, &unit.code, &line, &below)
        .map_err(|fault| Refusal::TreeInvalid(vec![line_fault("/parent_id", &fault)]))
}

/// Changes a unit if the caller has read its current version.
pub fn update_org_unit(
    store: &mut dyn Store,
    actor: &Actor,
    id: OrgUnitId,
    seen: &Seen,
    patch: OrgUnitPatch,
) -> Result<Reply<OrgUnitView>, Refusal> {
    let (before, permit) = open_to_write(store, actor, id, seen)?;
    let after = OrgUnit {
        code: patch.code.unwrap_or_else(|| before.code.clone()),
        name: patch.name.unwrap_or_else(|| before.name.clone()),
        ..changed(&before, actor)
    };
    let record = Record::new("org_unit.updated", id, permit.rule())
        .field("code", before.code, after.code.clone())
        .field("name", before.name, after.name.clone());
    store
        .update_org_unit(Change::new(after.clone(), record))
        .map_err(|error| Refusal::taken(error, "/code", &after.code))?;
    let version = after.version;
    Ok(Reply::changed(OrgUnitView::new(actor, after), version))
}

/// Moves a unit to another place in the tree from a day on.
pub fn move_org_unit(
    store: &mut dyn Store,
    actor: &Actor,
    id: OrgUnitId,
    seen: &Seen,
    new: &NewOrgUnitMove,
) -> Result<Reply<OrgUnitView>, Refusal> {
    let (before, permit) = open_to_write(store, actor, id, seen)?;
    let parent = OrgUnitId::from(new.parent_id);
    let first = new.effective_from.unwrap_or(actor.today);
    store.lock_lines()?;
    let history = store.placements(id, &Page::ALL)?;
    let insertion = insert_stretch(history.iter().map(|place| place.period.start), first);
    check_place(store, actor, &before, parent, insertion.period, false)?;
    let was = history.iter().find(|place| place.period.contains(first));
    let record = Record::new("org_unit.moved", id, permit.rule())
        .field("effective_from", None::<String>, first.to_string())
        .field(
            "parent_id",
            was.and_then(|place| place.parent_id).map(|id| id.to_string()),
            parent.to_string(),
        );
    store.place_org_unit(id, Some(parent), &insertion)?;
    let mut after = changed(&before, actor);
    if insertion.period.contains(actor.today) {
        (after.parent_id, after.effective_from) = (Some(parent), Some(first));
    }
    store.update_org_unit(Change::new(after.clone(), record))?;
    let version = after.version;
    Ok(Reply::changed(OrgUnitView::new(actor, after), version))
}

/// Deletes a unit, unless people or units belong to it.
pub fn delete_org_unit(
    store: &mut dyn Store,
    actor: &Actor,
    id: OrgUnitId,
    seen: &Seen,
) -> Result<Reply<OrgUnitView>, Refusal> {
    let (before, permit) = open_to_write(store, actor, id, seen)?;
    store.lock_lines()?;
    let UnitUse { people, units } = store.org_unit_use(id, actor.today)?;
    if people || units {
        return Err(Refusal::InUse(vec![Violation::new("", "not_allowed")]));
    }
    let after = OrgUnit { deleted_at: Some(actor.now), ..changed(&before, actor) };
    let record = Record::new("org_unit.deleted", id, permit.rule());
    store.update_org_unit(Change::new(after, record))?;
    Ok(Reply::empty())
}

/// Opens a unit as of today, if the caller may change it and has read its current version.
fn open_to_write(
    store: &mut dyn Store,
    actor: &Actor,
    id: OrgUnitId,
    seen: &Seen,
) -> Result<(OrgUnit, Permit), Refusal> {
    let sealed = store.org_unit(id, actor.today)?;
    actor.open_seen(store, Action::OrgUnitWrite, sealed, seen)
}

fn changed(unit: &OrgUnit, actor: &Actor) -> OrgUnit {
    OrgUnit { version: unit.version + 1, updated_at: actor.now, ..unit.clone() }
}
