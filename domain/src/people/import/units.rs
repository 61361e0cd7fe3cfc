//! Imports of many units.

use super::draft::{Draft, Look};
use super::{Given, Line, Node, Terms, given, is_absent};
use crate::core::id::OrgUnitId;
use crate::core::import::{Fault, Plan, Planned};
use crate::people::org::{OrgUnit, OrgUnitKind};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use uuid::Uuid;

/// What a row says about an org unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitRow {
    /// Position of the row in the request, from 0.
    pub row: usize,
    /// Code of the unit; the key of the row.
    pub code: String,
    /// Name shown to people; needed for a new unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Kind of the unit; needed for a new unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<OrgUnitKind>,
    /// Code of the unit above, whose row may come later in the request.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub parent_code: Given<String>,
    /// Properties that could not be read. The row fails, but is planned without them, so that
    /// everything else that is wrong with it is found as well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<String>,
}

impl UnitRow {
    /// The key of the row, if it could be read.
    pub fn key(&self) -> Option<&str> {
        Some(self.code.as_str()).filter(|key| !key.is_empty())
    }
}

/// An org unit with the placement on a given day or, failing that, the first one after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// The unit.
    pub unit: OrgUnit,
    /// Last day of the placement; the next one begins on the day after.
    pub until: Option<NaiveDate>,
}

/// The existing records that an import of units must know.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    /// Every unit, by code.
    pub units: HashMap<String, Unit>,
    /// All links from unit to unit above, from the day of the import on.
    pub lines: Vec<Line>,
}

impl Node for Unit {
    const KEY: &'static str = "code";
    const PARENT: &'static str = "parent_code";
    fn id(&self) -> Uuid {
        self.unit.id.uuid()
    }
    fn key(&self) -> &str {
        &self.unit.code
    }
    fn parent(&self) -> Option<Uuid> {
        self.unit.parent_id.map(OrgUnitId::uuid)
    }
    fn since(&self) -> NaiveDate {
        self.unit.effective_from.unwrap_or_default()
    }
}

/// Plans an import of org units. `new_id` makes ids for new units.
pub fn plan_units(
    tree: Tree,
    rows: &[UnitRow],
    terms: &Terms,
    new_id: &mut dyn FnMut() -> Uuid,
) -> Plan<Unit> {
    let Tree { mut units, lines } = tree;
    let mut codes: HashMap<String, OrgUnitId> =
        units.iter().map(|(code, unit)| (code.clone(), unit.unit.id)).collect();
    let mut kinds: HashMap<Uuid, OrgUnitKind> =
        units.values().map(|unit| (unit.id(), unit.unit.kind)).collect();
    for row in rows {
        let Some(key) = row.key() else { continue };
        let id = *codes.entry(key.to_owned()).or_insert_with(|| new_id().into());
        kinds.extend(row.kind.map(|kind| (id.uuid(), kind)));
    }
    let children: Vec<(Uuid, Uuid)> =
        units.values().filter_map(|unit| Some((unit.id(), unit.parent()?))).collect();
    let mut draft = Draft::new(rows.len());
    for row in rows {
        let mut faults = Vec::new();
        let Some(key) = row.key() else {
            let mut look = Look { row: row.row, faults: &mut faults };
            look.up(&row.parent_code, Unit::PARENT, &codes, &mut None);
            draft.add_keyless(faults);
            continue;
        };
        let before = units.remove(key).map(Arc::new);
        let planned = plan_unit(&codes, codes[key], before, row, terms, &mut faults);
        let kind = planned.after.unit.kind;
        // On a past day a unit may have a parent that has been deleted since: its kind is not known
        // then.
        let fits = match planned.after.parent() {
            None => kind == OrgUnitKind::Company,
            Some(parent) => kinds.get(&parent).is_none_or(|&above| kind.may_sit_under(above)),
        };
        let is_whole = row.unread.is_empty();
        if is_whole && faults.is_empty() && !fits {
            faults.push(Fault::new(row.row, Unit::PARENT, "not_allowed"));
        }
        draft.add(planned, is_whole, faults);
    }
    draft.refuse_doubles();
    let names = || codes.iter().map(|(code, id)| (id.uuid(), code.as_str())).collect();
    draft.settle(&lines, terms, &names, &|draft| kind_faults(draft, &children, &kinds));
    draft.finish()
}

fn plan_unit(
    codes: &HashMap<String, OrgUnitId>,
    id: OrgUnitId,
    before: Option<Arc<Unit>>,
    row: &UnitRow,
    terms: &Terms,
    faults: &mut Vec<Fault>,
) -> Planned<Unit> {
    for (property, is_given) in [("name", row.name.is_some()), ("kind", row.kind.is_some())] {
        if before.is_none() && !is_given && is_absent(&row.unread, property) {
            faults.push(Fault::new(row.row, property, "required"));
        }
    }
    let known = before.as_deref().cloned();
    let mut after = known.unwrap_or_else(|| Unit {
        unit: OrgUnit {
            id,
            code: row.code.clone(),
            name: String::new(),
            kind: OrgUnitKind::Team,
            parent_id: None,
            effective_from: Some(terms.from),
            version: 1,
            created_at: terms.now,
            updated_at: terms.now,
            deleted_at: None,
        },
        until: None,
    });
    let unit = &mut after.unit;
    if let Some(name) = &row.name {
        unit.name.clone_from(name);
    }
    unit.kind = row.kind.unwrap_or(unit.kind);
    let mut look = Look { row: row.row, faults };
    look.up(&row.parent_code, Unit::PARENT, codes, &mut unit.parent_id);
    if unit.parent_id == Some(id) {
        faults.push(Fault::new(row.row, Unit::PARENT, "self_reference"));
    }
    let mut fields = Vec::new();
    if let Some(Unit { unit: before, .. }) = before.as_deref() {
        let changed = [
            ("name", before.name != unit.name),
            ("kind", before.kind != unit.kind),
            ("parent_id", before.parent_id != unit.parent_id),
        ];
        fields.extend(changed.into_iter().filter_map(|(name, differs)| differs.then_some(name)));
        if before.parent_id != unit.parent_id {
            unit.effective_from = unit.effective_from.max(Some(terms.from));
        }
        if !fields.is_empty() {
            unit.version += 1;
            unit.updated_at = terms.now;
        }
    }
    Planned { row: row.row, before, after: Arc::new(after), fields }
}

/// Faults of rows that change the kind of a unit so that units without a row no longer fit under
/// it, and of rows that would create a second company.
fn kind_faults(
    draft: &Draft<Unit>,
    children: &[(Uuid, Uuid)],
    kinds: &HashMap<Uuid, OrgUnitKind>,
) -> Vec<(usize, Fault)> {
    let misplaced = children.iter().filter(|(child, parent)| {
        !draft.by_id.contains_key(child)
            && kinds.get(parent).is_some_and(|&above| !kinds[child].may_sit_under(above))
    });
    let parents: BTreeSet<usize> =
        misplaced.filter_map(|(_, parent)| draft.by_id.get(parent).copied()).collect();
    let companies = kinds.values().filter(|&&kind| kind == OrgUnitKind::Company).count();
    let new_company = |row: &Planned<Unit>| {
        let was = row.before.as_ref().map(|before| before.unit.kind);
        row.after.unit.kind == OrgUnitKind::Company && was != Some(OrgUnitKind::Company)
    };
    draft
        .standing()
        .filter(|(index, row)| parents.contains(index) || (companies > 1 && new_company(row)))
        .map(|(index, row)| (index, Fault::new(row.row, "kind", "not_allowed")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{codes, terms};
    use super::*;

    fn unit(place: usize, code: &str, kind: OrgUnitKind, parent: Option<&str>) -> UnitRow {
        UnitRow {
            row: place,
            code: code.to_owned(),
            name: Some(code.to_owned()),
            kind: Some(kind),
            parent_code: Some(parent.map(str::to_owned)),
            unread: Vec::new(),
        }
    }

    #[test]
    fn units_must_sit_where_their_kind_belongs_under_one_company() {
        use OrgUnitKind::{Company, Department, Division, Team};
        let mut number = 0;
        let mut new_id = || {
            number += 1;
            Uuid::from_u128(number)
        };
        let good = [
            unit(0, "T", Team, Some("D")),
            unit(1, "D", Department, Some("CO")),
            unit(2, "CO", Company, None),
        ];
        assert_eq!(codes(&plan_units(Tree::default(), &good, &terms(true), &mut new_id)), []);
        let bad = [
            unit(0, "CO", Company, None),
            unit(1, "C2", Company, None),
            unit(2, "V", Division, Some("CO")),
            unit(3, "W", Division, Some("V")),
            unit(4, "X", Department, None),
        ];
        assert_eq!(
            codes(&plan_units(Tree::default(), &bad, &terms(true), &mut new_id)),
            [(0, "not_allowed"), (1, "not_allowed"), (3, "not_allowed"), (4, "not_allowed")]
        );
    }
}
