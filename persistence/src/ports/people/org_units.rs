//! Org units.

use crate::page::Page;
use crate::ports::Result;
use chrono::NaiveDate;
use domain::core::change::Change;
use domain::core::history::Insertion;
use domain::core::id::OrgUnitId;
use domain::people::org::{OrgUnit, OrgUnitKind, Placement};
use domain::policy::Sealed;

/// Which org units are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrgUnitFilter {
    /// Directly under this unit.
    pub parent_id: Option<OrgUnitId>,
    /// Of this kind.
    pub kind: Option<OrgUnitKind>,
    /// With this code.
    pub code: Option<String>,
}

/// What stands in the way of deleting a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnitUse {
    /// People who have not left work in it, or will.
    pub people: bool,
    /// Units that are not deleted sit directly under it, or will.
    pub units: bool,
}

/// Org units and their places in the tree.
///
/// What holds whenever a unit of work ends: each unit has one placement or more, each ends on the
/// day before the next begins and the last one is open; on no day is there a loop, a chain longer
/// than [`domain::core::tree::MAX_DEPTH`] or a kind under a kind that may not hold it; at most one unit
/// that is not deleted is the company, and it alone has no parent.
pub trait OrgUnits {
    /// One unit that is not deleted, with its place on `day`.
    fn org_unit(&mut self, id: OrgUnitId, day: NaiveDate) -> Result<Option<Sealed<OrgUnit>>>;
    /// A page of units, in the order of ids, or of change with tombstones.
    fn org_units(
        &mut self,
        filter: &OrgUnitFilter,
        day: NaiveDate,
        page: &Page,
    ) -> Result<Vec<OrgUnit>>;
    /// Whether there is a company that is not deleted.
    fn has_company(&mut self) -> Result<bool>;
    /// Adds a unit with its first place, which its `effective_from` and `parent_id` tell.
    fn create_org_unit(&mut self, change: Change<OrgUnit>) -> Result<()>;
    /// Saves a unit but for its place, guarded by its version; deletion is a change like any other.
    fn update_org_unit(&mut self, change: Change<OrgUnit>) -> Result<()>;
    /// Gives a unit another place for some days; the unit itself is saved with
    /// [`OrgUnits::update_org_unit`].
    fn place_org_unit(
        &mut self,
        id: OrgUnitId,
        parent: Option<OrgUnitId>,
        insertion: &Insertion,
    ) -> Result<()>;
    /// A page of a unit's places, in the order of their first days.
    fn placements(&mut self, id: OrgUnitId, page: &Page) -> Result<Vec<Placement>>;
    /// What stands in the way of deleting a unit on `day`.
    fn org_unit_use(&mut self, id: OrgUnitId, day: NaiveDate) -> Result<UnitUse>;
}
