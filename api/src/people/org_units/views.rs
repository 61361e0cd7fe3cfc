//! What clients see and send about org units.

use crate::people::words;
use crate::platform::caller::Actor;
use crate::platform::page::page_of;
use chrono::{DateTime, NaiveDate, Utc};
use domain::core::id::OrgUnitId;
use domain::people::org::{OrgUnit, OrgUnitAction, OrgUnitKind, Placement};
use domain::policy::{Action, Protected};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A company, division, department or team, with its place in the tree on one day.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = OrgUnit)]
pub struct OrgUnitView {
    /// Id of the unit.
    pub id: Uuid,
    /// External key, unique in the tenant.
    #[schema(example = "SALES-EU")]
    pub code: String,
    /// Name of the unit.
    #[schema(example = "Sales Europe")]
    pub name: String,
    /// Kind of the unit.
    #[schema(value_type = words::OrgUnitKind)]
    pub kind: OrgUnitKind,
    /// Parent unit; null for the company, and if the unit has no place on the day shown.
    #[schema(required = true)]
    pub parent_id: Option<Uuid>,
    /// First day of this place; null if the unit has no place on the day shown.
    #[schema(required = true)]
    pub effective_from: Option<NaiveDate>,
    /// Actions that the caller's rights allow now; unmet conditions can still refuse them.
    #[schema(value_type = HashSet<words::OrgUnitAction>)]
    pub allowed_actions: Vec<OrgUnitAction>,
    /// Version of the record: starts at 1 and grows by 1 with each change.
    #[schema(example = 1)]
    pub version: i32,
    /// When the record was created.
    pub created_at: DateTime<Utc>,
    /// When the record was last changed.
    pub updated_at: DateTime<Utc>,
    /// When the unit was deleted; shown only in lists with `updated_since`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<DateTime<Utc>>,
}

impl OrgUnitView {
    /// The unit as a caller is shown it.
    pub fn new(actor: &Actor, unit: OrgUnit) -> Self {
        let target = unit.target(actor.today);
        Self {
            allowed_actions: match unit.deleted_at {
                None => actor.offers(Action::OrgUnitWrite, &target),
                Some(_) => Vec::new(),
            },
            id: unit.id.uuid(),
            code: unit.code,
            name: unit.name,
            kind: unit.kind,
            parent_id: unit.parent_id.map(OrgUnitId::uuid),
            effective_from: unit.effective_from,
            version: unit.version,
            created_at: unit.created_at,
            updated_at: unit.updated_at,
            deleted_at: unit.deleted_at,
        }
    }
}

page_of! {
    /// A page of org units.
    pub struct OrgUnitPage
    /// The units, in the order of creation; with `updated_since`, in the order of change.
    of OrgUnitView, counted, created by Action::OrgUnitWrite
}

/// A period in which a unit has one place in the tree.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Placement)]
pub struct PlacementView {
    /// First day of the place.
    pub effective_from: NaiveDate,
    /// Last day of the place; null if it is open-ended.
    #[schema(required = true)]
    pub effective_to: Option<NaiveDate>,
    /// Parent unit; null for the company.
    #[schema(required = true)]
    pub parent_id: Option<Uuid>,
}

impl From<Placement> for PlacementView {
    fn from(placement: Placement) -> Self {
        Self {
            effective_from: placement.period.start,
            effective_to: placement.period.end,
            parent_id: placement.parent_id.map(OrgUnitId::uuid),
        }
    }
}

page_of! {
    /// A page of a unit's places.
    pub struct PlacementPage
    /// The places, oldest first; each ends on the day before the next begins.
    of PlacementView
}

/// A new org unit.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOrgUnit {
    /// External key, unique in the tenant.
    #[schema(
        min_length = 1,
        max_length = 64,
        pattern = r"^\S(.*\S)?$",
        format = "key",
        example = "SALES-EU"
    )]
    pub code: String,
    /// Name of the unit.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^\S(.*\S)?$",
        format = "name",
        example = "Sales Europe"
    )]
    pub name: String,
    /// Kind of the unit; cannot be changed later.
    #[schema(value_type = words::OrgUnitKind)]
    pub kind: OrgUnitKind,
    /// Parent unit; required, except for the company, which has none.
    pub parent_id: Option<Uuid>,
    /// First day of the place; today if absent.
    #[schema(nullable = false)]
    pub effective_from: Option<NaiveDate>,
}

/// A merge patch of an org unit: an absent property stays as it is.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrgUnitPatch {
    /// External key, unique in the tenant.
    #[schema(
        min_length = 1,
        max_length = 64,
        pattern = r"^\S(.*\S)?$",
        format = "key",
        nullable = false,
        example = "SALES-EMEA"
    )]
    pub code: Option<String>,
    /// Name of the unit.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^\S(.*\S)?$",
        format = "name",
        nullable = false,
        example = "Sales Europe and Africa"
    )]
    pub name: Option<String>,
}

/// Another place in the tree.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOrgUnitMove {
    /// New parent unit.
    pub parent_id: Uuid,
    /// First day of the new place; today if absent.
    #[schema(nullable = false)]
    pub effective_from: Option<NaiveDate>,
}
