//! Org units.

use crate::page::Page;
use crate::ports::Result;
use chrono::NaiveDate;
use domain::core::change::Change;
use domain::core::history::Insertion;
use domain::core::id::OrgUnitId;
use domain::core::time::Timestamp;
use domain::people::org::{OrgUnit, OrgUnitKind, Placement};
use domain::policy::Sealed;

/// Conditions on org units; all of them must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrgUnitFilter {
    /// Only units directly under this one.
    pub parent_id: Option<OrgUnitId>,
    /// Only units of this kind.
    pub kind: Option<OrgUnitKind>,
    /// Only the unit with this code.
    pub code: Option<String>,
}

/// What prevents the deletion of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnitUse {
    /// Whether people who have not left work in it, now or later.
    pub people: bool,
    /// Whether undeleted units are placed directly under it, now or later.
    pub units: bool,
}

/// Org units and their places in the tree.
///
/// After every unit of work this holds: each unit has at least one placement; each placement ends
/// on the day before the next begins, and the last one has no end; on no day is there a loop, a
/// chain longer than [`domain::core::tree::MAX_DEPTH`], or a unit under a kind that may not contain
/// it. At most one undeleted unit is the company, and only the company has no parent.
pub trait OrgUnits {
    /// One unit that is not deleted, with its placement on `day`.
    fn org_unit(&mut self, id: OrgUnitId, day: NaiveDate) -> Result<Option<Sealed<OrgUnit>>>;
    /// A page of units, ordered by id, or by last change with tombstones.
    fn org_units(
        &mut self,
        filter: &OrgUnitFilter,
        day: NaiveDate,
        page: &Page,
    ) -> Result<Vec<OrgUnit>>;
    /// How many units the whole list has.
    fn count_org_units(
        &mut self,
        filter: &OrgUnitFilter,
        day: NaiveDate,
        updated_since: Option<Timestamp>,
    ) -> Result<i64>;
    /// Whether an undeleted company exists.
    fn has_company(&mut self) -> Result<bool>;
    /// Adds a unit with its first placement, taken from its `effective_from` and `parent_id`.
    fn create_org_unit(&mut self, change: Change<OrgUnit>) -> Result<()>;
    /// Saves a unit without its placement, guarded by its version. Deletion is a change like any
    /// other.
    fn update_org_unit(&mut self, change: Change<OrgUnit>) -> Result<()>;
    /// Inserts a placement into the unit's history; [`OrgUnits::update_org_unit`] saves the unit
    /// itself.
    fn place_org_unit(
        &mut self,
        id: OrgUnitId,
        parent: Option<OrgUnitId>,
        insertion: &Insertion,
    ) -> Result<()>;
    /// A page of a unit's placements, ordered by first day.
    fn placements(&mut self, id: OrgUnitId, page: &Page) -> Result<Vec<Placement>>;
    /// What prevents the deletion of a unit on `day`.
    fn org_unit_use(&mut self, id: OrgUnitId, day: NaiveDate) -> Result<UnitUse>;
}
