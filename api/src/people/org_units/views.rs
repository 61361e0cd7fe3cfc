//! What is shown and taken of org units.

use crate::platform::page::page_of;
use crate::platform::schema::words;
use chrono::{DateTime, NaiveDate, Utc};
use domain::core::id::OrgUnitId;
use domain::people::org::{OrgUnit, OrgUnitKind, Placement};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A company, division, department or team, with its place in the tree on one day.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = OrgUnit)]
pub struct OrgUnitView {
    /// Its id.
    pub id: Uuid,
    /// External key, unique in the tenant.
    #[schema(example = "SALES-EU")]
    pub code: String,
    /// Name shown to people.
    #[schema(example = "Sales Europe")]
    pub name: String,
    /// Kind.
    #[schema(schema_with = words::<OrgUnitKind>)]
    pub kind: OrgUnitKind,
    /// The unit above; null for the company, and where the unit has no place yet.
    #[schema(required = true)]
    pub parent_id: Option<Uuid>,
    /// First day of this place; null where the unit has no place yet on the day asked for.
    #[schema(required = true)]
    pub effective_from: Option<NaiveDate>,
    /// Counts changes, from 1.
    #[schema(example = 1)]
    pub version: i32,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// When it was deleted; shown only in lists with `updated_since`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<DateTime<Utc>>,
}

impl From<OrgUnit> for OrgUnitView {
    fn from(unit: OrgUnit) -> Self {
        Self {
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
    of OrgUnitView
}

/// One stretch of a unit's place in the tree.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Placement)]
pub struct PlacementView {
    /// First day.
    pub effective_from: NaiveDate,
    /// Last day; null until further notice.
    #[schema(required = true)]
    pub effective_to: Option<NaiveDate>,
    /// The unit above; null for the company.
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
    #[schema(min_length = 1, max_length = 64, pattern = r"^\S(.*\S)?$", example = "SALES-EU")]
    pub code: String,
    /// Name shown to people.
    #[schema(min_length = 1, max_length = 200, pattern = r"^\S(.*\S)?$", example = "Sales Europe")]
    pub name: String,
    /// Kind; it does not change.
    #[schema(schema_with = words::<OrgUnitKind>)]
    pub kind: OrgUnitKind,
    /// The unit above; required but for the company, which has none.
    pub parent_id: Option<Uuid>,
    /// First day; today if absent.
    #[schema(nullable = false)]
    pub effective_from: Option<NaiveDate>,
}

/// A merge patch of an org unit: absent is unchanged.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrgUnitPatch {
    /// External key, unique in the tenant.
    #[schema(
        min_length = 1,
        max_length = 64,
        pattern = r"^\S(.*\S)?$",
        nullable = false,
        example = "SALES-EMEA"
    )]
    pub code: Option<String>,
    /// Name shown to people.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^\S(.*\S)?$",
        nullable = false,
        example = "Sales Europe and Africa"
    )]
    pub name: Option<String>,
}

/// Another place in the tree.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOrgUnitMove {
    /// The unit above.
    pub parent_id: Uuid,
    /// First day; today if absent.
    #[schema(nullable = false)]
    pub effective_from: Option<NaiveDate>,
}
